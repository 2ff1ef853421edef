//! Which valves to close when pipes burst, and what runs dry.
//!
//! The shut part is what water from the burst reaches, or comes from, without passing a valve that can be turned: zones
//! joined across valves that failed, and upstream across one-way links. Valves around it are candidates; behind each is
//! either water, then it must be closed, or nothing but what ran dry together with the shut part, then it need not be.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use onemap_model::{Element, FeatureId};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use super::outline::outline;
use super::{Alternative, NetworkError};
use crate::device::{Device, Stub, Valve};
use crate::network::{LinkIx, NONE, Network, NodeIx, link_bit, node_bit};
use crate::rows::Row;
use crate::supply::Dry;
use crate::zones::{Cut, Member, Sums, Zones};

/// The most nodes that are walked to put valves in order; those beyond come by the straight distance.
const MOST_WALKED: usize = 2000;

/// A shut-off to plan.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct IsolateQuery {
    /// Links, nodes or valves that burst, at the same time.
    pub bursts: Vec<FeatureId>,
    /// Valves that can not be closed: broken, buried, not reached.
    #[serde(default)]
    pub failed: Vec<FeatureId>,
    /// Valves that other works keep shut at the same time.
    #[serde(default)]
    pub closed: Vec<FeatureId>,
    /// The most links, and the most nodes, that are listed of each part; sums are of all. 0 stands for 5,000.
    #[serde(default)]
    pub limit: usize,
    /// Whether to draw the outline of what is dry.
    #[serde(default)]
    pub outline: bool,
    /// Whether to plan for each valve that must be closed what to do when it can not be.
    #[serde(default)]
    pub alternatives: bool,
}

impl IsolateQuery {
    /// Asks for one burst.
    pub fn burst(id: FeatureId) -> Self {
        Self { bursts: vec![id], ..Self::default() }
    }

    pub(crate) fn most_listed(&self) -> usize {
        if self.limit == 0 { 5000 } else { self.limit }
    }
}

/// Part of a network. Features are sorted by id, unless there are more than are listed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Its links.
    pub links: Vec<FeatureId>,
    /// Its nodes that features stand for.
    pub nodes: Vec<FeatureId>,
    /// What it amounts to, listed or not.
    pub sums: Sums,
}

/// The plan of a shut-off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Isolation {
    /// Valves to close, those nearer to the burst along the pipes first.
    pub must_close: Vec<Valve>,
    /// Valves around the shut part that need not be closed: no water comes from behind them.
    pub optional: Vec<Valve>,
    /// Valves and links around the shut part that are shut already.
    pub already_closed: Vec<Valve>,
    /// Valves within the shut part that can not be turned, named in the question or by their state.
    pub inoperable: Vec<Valve>,
    /// One-way links that keep water from flowing back into the shut part.
    pub check_valves: Vec<FeatureId>,
    /// Where the shut part goes on in what the view hides: its owner must be asked to shut.
    pub stubs: Vec<Stub>,
    /// What is shut off by the valves.
    pub shut: Part,
    /// What is dry besides, since it is supplied through the shut part only.
    pub behind: Part,
    /// Customers without water, as far as listed.
    pub customers: Vec<FeatureId>,
    /// Hydrants without water, as far as listed.
    pub hydrants: Vec<FeatureId>,
    /// False when there is more than is listed.
    pub complete: bool,
    /// False when the network has no source, so that nothing can be said of what is dry behind.
    pub supply_known: bool,
    /// Whether water came to the burst at all, as valves stand.
    pub supplied_before: bool,
    /// Outline of all that is dry: polygons of rings, `[lon, lat]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outline: Vec<Vec<Vec<[f64; 2]>>>,
    /// For each valve that must be closed, what to do when it can not be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<Alternative>,
}

impl Network {
    /// Plans a shut-off.
    pub fn isolate(&self, query: &IsolateQuery) -> Result<Isolation, NetworkError> {
        let plan = Plan::new(self, query)?;
        Ok(plan.describe(query))
    }
}

/// A plan in positions.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    pub network: &'a Network,
    pub zones: &'a Zones,
    bursts: Vec<Row>,
    pub failed: FxHashSet<Device>,
    pub shut: FxHashSet<Device>,
    /// Zones that are shut off, in the order found.
    pub region: Vec<u32>,
    inside: FxHashSet<u32>,
    pub must: Vec<Device>,
    optional: Vec<Device>,
    already: Vec<Device>,
    checks: Vec<u32>,
    stubs: Vec<u32>,
    pub dry: Dry,
}

impl<'a> Plan<'a> {
    pub(crate) fn new(network: &'a Network, query: &IsolateQuery) -> Result<Self, NetworkError> {
        if query.bursts.is_empty() {
            return Err(NetworkError::Nothing);
        }
        let row = |id: &FeatureId| network.row_of(*id).ok_or(NetworkError::Unknown(*id));
        let device = |id: &FeatureId| network.device_of(*id).ok_or(NetworkError::Unknown(*id));
        let bursts = query.bursts.iter().map(row).collect::<Result<Vec<_>, _>>()?;
        let mut failed = query.failed.iter().map(device).collect::<Result<FxHashSet<_>, _>>()?;
        let shut = query.closed.iter().map(device).collect::<Result<FxHashSet<_>, _>>()?;
        for id in &query.bursts {
            // What burst does not close.
            failed.insert(device(id)?);
        }
        Ok(Self::of(network, bursts, failed, shut))
    }

    pub(crate) fn of(
        network: &'a Network,
        bursts: Vec<Row>,
        failed: FxHashSet<Device>,
        shut: FxHashSet<Device>,
    ) -> Self {
        let (region, inside, dry) = (Vec::new(), FxHashSet::default(), Dry::Zones(Vec::new()));
        let (must, optional, already) = (Vec::new(), Vec::new(), Vec::new());
        let (checks, stubs, zones) = (Vec::new(), Vec::new(), network.zones());
        let mut plan = Self {
            network,
            zones,
            bursts,
            failed,
            shut,
            region,
            inside,
            must,
            optional,
            already,
            checks,
            stubs,
            dry,
        };
        let candidates = plan.grow();
        plan.choose(&candidates);
        plan
    }

    /// Plans the same with one more valve that can not be closed.
    pub(crate) fn without(&self, device: Device) -> Self {
        let mut failed = self.failed.clone();
        failed.insert(device);
        Plan::of(self.network, self.bursts.clone(), failed, self.shut.clone())
    }

    fn enter(&mut self, zone: u32) {
        if zone != NONE && self.inside.insert(zone) {
            self.region.push(zone);
        }
    }

    /// Finds the shut part, and the cuts around it with the valves that could be closed there.
    fn grow(&mut self) -> Vec<(Cut, Vec<Device>)> {
        let (network, zones) = (self.network, self.zones);
        for burst in self.bursts.clone() {
            match burst {
                Row::Node(node) => self.enter(zones.node[node as usize]),
                Row::Link(link) => self.enter(zones.link[link as usize]),
                Row::Valve(at) => {
                    if let Some(half) = network.valves.rows[at as usize].half {
                        self.enter(zones.link[half as usize / 2]);
                        let ends = network.links.ends[half as usize / 2];
                        self.enter(zones.node[ends[half as usize % 2] as usize]);
                    }
                }
            }
        }
        let (mut around, mut shut, mut checks) = (Vec::new(), Vec::new(), Vec::new());
        let mut at = 0;
        while let Some(zone) = self.region.get(at).copied() {
            at += 1;
            for cut in zones.cuts(zone) {
                if self.inside.contains(&cut.other) {
                    continue;
                }
                let half = cut.half();
                let (link, end) = (half as usize / 2, half as usize % 2);
                let node = network.links.ends[link][end] as usize;
                if network.links.bits[link] & link_bit::HIDDEN != 0
                    || network.nodes.bits[node] & node_bit::HIDDEN != 0
                {
                    self.stubs.push(half);
                    continue;
                }
                if !cut.flows_in() && !cut.flows_out() {
                    shut.extend(network.shut_by(half).into_iter().map(|by| (cut.other, by)));
                    continue;
                }
                let mut devices = network.devices(half);
                if let Some(device) = devices.iter().find(|device| self.shut.contains(device)) {
                    shut.push((cut.other, *device));
                    continue;
                }
                devices.retain(|device| !self.failed.contains(device));
                if !devices.is_empty() {
                    around.push((*cut, devices));
                } else if cut.flows_in() {
                    self.enter(cut.other);
                } else {
                    checks.push((cut.other, link as u32));
                }
            }
        }
        // What was met first as an end may have been entered another way since.
        around.retain(|(cut, _)| !self.inside.contains(&cut.other));
        shut.retain(|(other, _)| !self.inside.contains(other));
        checks.retain(|(other, _)| !self.inside.contains(other));
        self.already.extend(shut.into_iter().map(|(_, device)| device));
        self.checks.extend(checks.into_iter().map(|(_, link)| link));
        // Cuts without a choice first: what they need may serve the others.
        around.sort_by_key(|(_, devices)| devices.len());
        around
    }

    /// Tells apart the valves that must be closed and those that need not be.
    fn choose(&mut self, around: &[(Cut, Vec<Device>)]) {
        let (network, zones) = (self.network, self.zones);
        // One valve for each cut: one that serves another cut already, else the one that serves the fewest. So a node that
        // is chosen is chosen at all its cuts.
        let mut chosen: Vec<(Device, Vec<Cut>)> = Vec::new();
        let mut place: FxHashMap<Device, usize> = FxHashMap::default();
        for (cut, devices) in around.iter().filter(|(cut, _)| cut.flows_in()) {
            let known = devices.iter().find(|device| place.contains_key(device));
            let device = *known.unwrap_or(&devices[0]);
            let at = *place.entry(device).or_insert_with(|| {
                chosen.push((device, Vec::new()));
                chosen.len() - 1
            });
            chosen[at].1.push(*cut);
        }
        // Where nothing can flow in, the one-way link is enough.
        for (_, devices) in around.iter().filter(|(cut, _)| !cut.flows_in()) {
            if !devices.iter().any(|device| place.contains_key(device)) {
                self.optional.push(devices[0]);
            }
        }
        // A shut valve with three ways or more parts what lies behind it, too.
        let mut out = self.region.clone();
        for (device, cuts) in &chosen {
            for cut in cuts {
                let own = self.own_zone(*device) == Some(cut.other);
                if own && zones.cuts(cut.other).len() > 2 && !out.contains(&cut.other) {
                    out.push(cut.other);
                }
            }
        }
        let mut halves: FxHashSet<u32> = FxHashSet::default();
        let mut ends = Vec::new();
        for device in &self.shut {
            for half in network.halves_of(*device) {
                halves.insert(half);
                let (link, end) = (half as usize / 2, half as usize % 2);
                ends.push(zones.link[link]);
                ends.push(zones.node[network.links.ends[link][end] as usize]);
            }
        }
        ends.sort_unstable();
        ends.dedup();
        let is_shut = |half: u32| halves.contains(&half);
        let supply = &zones.supply;
        self.dry =
            network.scratch.with(|scratch| supply.dry(zones, &out, &ends, &is_shut, scratch));
        let gone: FxHashSet<u32> = out.iter().copied().collect();
        let wet = |zone: u32| {
            supply.sources == 0
                || supply.reaches(zone) && !gone.contains(&zone) && !supply.has(&self.dry, zone)
        };
        let (mut must, mut left_open) = (Vec::new(), Vec::new());
        for (device, cuts) in &chosen {
            let own = self.own_zone(*device);
            let needed = cuts.iter().any(|cut| {
                if own != Some(cut.other) {
                    return wet(cut.other);
                }
                let beyond = zones.cuts(cut.other).iter();
                beyond
                    .filter(|beyond| !self.inside.contains(&beyond.other))
                    .any(|beyond| beyond.flows_in() && !is_shut(beyond.half()) && wet(beyond.other))
            });
            if needed {
                must.push((*device, cuts.iter().map(|cut| cut.half()).collect::<Vec<_>>()));
            } else {
                self.optional.push(*device);
                let parted = own.filter(|own| gone.contains(own) && supply.reaches(*own));
                left_open.extend(parted);
            }
        }
        // Valves that stay open between dry parts are dry with them.
        if let Dry::Zones(dry) = &mut self.dry {
            dry.extend(left_open);
            dry.sort_unstable();
        }
        self.must = self.in_order(must);
        let by_id = |device: &Device| network.device_id(*device);
        self.optional.sort_by_key(by_id);
        self.optional.dedup();
        self.already.sort_by_key(by_id);
        self.already.dedup();
        self.checks.sort_by_key(|link| network.links.id[*link as usize]);
        self.checks.dedup();
    }

    /// Returns the zone that is nothing but the valve.
    fn own_zone(&self, device: Device) -> Option<u32> {
        match device {
            Device::Position(_) => None,
            Device::Link(link) => Some(self.zones.link[link as usize]),
            Device::Node(node) => Some(self.zones.node[node as usize]),
        }
    }

    /// Sorts valves by the way from the bursts along the shut pipes.
    fn in_order(&self, mut valves: Vec<(Device, Vec<u32>)>) -> Vec<Device> {
        let network = self.network;
        let mut far: FxHashMap<u32, f64> = FxHashMap::default();
        let mut heap = BinaryHeap::new();
        // Lengths are not negative, so their bits sort as they do.
        let mut start = |node: u32, way: f64| heap.push(Reverse((way.to_bits(), node)));
        for burst in &self.bursts {
            let (nodes, link) = network.place_of(*burst);
            let half = link
                .map_or(0.0, |link| f64::from(network.links.length[link as usize]).max(0.0) / 2.0);
            for node in nodes {
                start(node, half);
            }
        }
        while let Some(Reverse((way, node))) = heap.pop() {
            if far.len() >= MOST_WALKED {
                break;
            }
            if far.contains_key(&node) {
                continue;
            }
            let way = f64::from_bits(way);
            far.insert(node, way);
            if !self.inside.contains(&self.zones.node[node as usize]) {
                continue;
            }
            for (link, end) in network.half_edges(node) {
                if self.inside.contains(&self.zones.link[link as usize]) {
                    let beyond = network.links.ends[link as usize][1 - end];
                    let length = f64::from(network.links.length[link as usize]).max(0.0);
                    heap.push(Reverse(((way + length).to_bits(), beyond)));
                }
            }
        }
        let key = |(device, halves): &(Device, Vec<u32>)| {
            let node = |half: &u32| network.links.ends[*half as usize / 2][*half as usize % 2];
            let ways = halves.iter().filter_map(|half| far.get(&node(half)));
            let way = ways.copied().fold(f64::INFINITY, f64::min);
            (way.to_bits(), network.device_id(*device))
        };
        valves.sort_by_cached_key(key);
        valves.into_iter().map(|(device, _)| device).collect()
    }

    /// Returns what is shut off.
    pub(crate) fn shut_sums(&self) -> Sums {
        let mut sums = Sums::default();
        for zone in &self.region {
            sums.add(&self.zones.sums[*zone as usize]);
        }
        sums
    }

    /// Returns what is dry behind it.
    pub(crate) fn behind_sums(&self) -> Sums {
        self.zones.supply.sums(self.zones, &self.dry)
    }

    /// Returns all zones without water.
    pub(crate) fn dry_zones(&self) -> FxHashSet<u32> {
        let behind = self.zones.supply.zones(&self.dry).iter();
        self.region.iter().chain(behind).copied().collect()
    }

    fn describe(&self, query: &IsolateQuery) -> Isolation {
        let (network, zones) = (self.network, self.zones);
        let behind = zones.supply.zones(&self.dry);
        let mut listing = Listing { network, limit: query.most_listed(), ..Listing::new(network) };
        let shut = listing.part(zones, &self.region, self.shut_sums(), Some(&self.failed));
        let behind = listing.part(zones, behind, self.behind_sums(), None);
        let list = |devices: &[Device]| -> Vec<Valve> {
            devices.iter().filter_map(|device| network.valve(*device)).collect()
        };
        let supply = &zones.supply;
        Isolation {
            must_close: list(&self.must),
            optional: list(&self.optional),
            already_closed: list(&self.already),
            inoperable: list(&listing.inoperable()),
            check_valves: self
                .checks
                .iter()
                .filter_map(|link| network.link(LinkIx(*link)).id())
                .collect(),
            stubs: self.stubs.iter().map(|half| network.stub(*half)).collect(),
            shut,
            behind,
            complete: listing.complete,
            supply_known: supply.sources > 0,
            supplied_before: self.region.iter().any(|zone| supply.reaches(*zone)),
            outline: if query.outline { outline(network, &listing.links) } else { Vec::new() },
            alternatives: if query.alternatives { self.alternatives() } else { Vec::new() },
            customers: sorted(listing.customers),
            hydrants: sorted(listing.hydrants),
        }
    }
}

fn sorted(mut ids: Vec<FeatureId>) -> Vec<FeatureId> {
    ids.sort_unstable();
    ids
}

/// Collects the features of parts, up to a limit.
pub(crate) struct Listing<'a> {
    network: &'a Network,
    limit: usize,
    pub links: Vec<u32>,
    customers: Vec<FeatureId>,
    hydrants: Vec<FeatureId>,
    inoperable: Vec<Device>,
    pub complete: bool,
}

impl<'a> Listing<'a> {
    pub(crate) fn new(network: &'a Network) -> Self {
        let (customers, hydrants, inoperable) = (Vec::new(), Vec::new(), Vec::new());
        let (links, limit, complete) = (Vec::new(), 5000, true);
        Self { network, limit, links, customers, hydrants, inoperable, complete }
    }

    /// Lists a part of zones; looks for valves in it that can not be turned where some are named to be so.
    pub(crate) fn part(
        &mut self,
        zones: &Zones,
        of: &[u32],
        sums: Sums,
        failed: Option<&FxHashSet<Device>>,
    ) -> Part {
        let network = self.network;
        let mut part = Part { sums, ..Part::default() };
        'all: for zone in of {
            for member in zones.members(*zone) {
                if part.links.len() >= self.limit || part.nodes.len() >= self.limit {
                    self.complete = false;
                    break 'all;
                }
                match member {
                    Member::Node(node) => {
                        let view = network.node(NodeIx(node));
                        let Some(id) = view.id() else { continue };
                        part.nodes.push(id);
                        match view.element() {
                            Element::Customer => self.customers.push(id),
                            Element::Hydrant => self.hydrants.push(id),
                            _ => {}
                        }
                        let bits = network.nodes.bits[node as usize];
                        let stuck = bits & node_bit::VALVE != 0 && bits & node_bit::INOPERABLE != 0;
                        self.note(Device::Node(node), stuck, failed);
                    }
                    Member::Link(link) => {
                        part.links.extend(network.link(LinkIx(link)).id());
                        self.links.push(link);
                        let bits = network.links.bits[link as usize];
                        let stuck = bits & link_bit::VALVE != 0 && bits & link_bit::INOPERABLE != 0;
                        self.note(Device::Link(link), stuck, failed);
                        if network.valves.stuck > 0
                            || failed.is_some_and(|failed| !failed.is_empty())
                        {
                            for half in [link * 2, link * 2 + 1] {
                                for at in network.valves.by_half.get(u64::from(half)) {
                                    let stuck = !network.valves.rows[at as usize].operable;
                                    self.note(Device::Position(at), stuck, failed);
                                }
                            }
                        }
                    }
                }
            }
        }
        part.links.sort_unstable();
        part.nodes.sort_unstable();
        part
    }

    fn note(&mut self, device: Device, stuck: bool, failed: Option<&FxHashSet<Device>>) {
        let Some(failed) = failed else { return };
        let is_valve = match device {
            Device::Position(_) => true,
            Device::Link(link) => self.network.links.bits[link as usize] & link_bit::VALVE != 0,
            Device::Node(node) => self.network.nodes.bits[node as usize] & node_bit::VALVE != 0,
        };
        if is_valve && (stuck || failed.contains(&device)) {
            self.inoperable.push(device);
        }
    }

    fn inoperable(&self) -> Vec<Device> {
        let mut devices = self.inoperable.clone();
        devices.sort_by_key(|device| self.network.device_id(*device));
        devices.dedup();
        devices
    }
}
