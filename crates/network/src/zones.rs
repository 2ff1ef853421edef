//! Zones: what stays together when every valve is shut, found by union-find over nodes, links and the joints between them.
//!
//! A joint, where an end of a link meets its node, is cut by a valve that is the node, a valve that is the link, or a valve
//! position there; further by a link that is closed, lets pass one way only, or is hidden. What no cut separates is one
//! zone. Valve segments are zones joined across the one-way cuts that no valve shares.

use onemap_model::Element;
use serde::{Deserialize, Serialize};

use crate::network::{DEAD, Direction, NONE, Network, link_bit, node_bit};
use crate::supply::Supply;

/// What a part of the network amounts to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    /// Links.
    pub links: u64,
    /// Nodes that a feature stands for.
    pub nodes: u64,
    /// Length of its links, metres.
    pub length: f64,
    /// Water in its links, cubic metres: inner section times length.
    pub volume: f64,
    /// Customers.
    pub customers: u64,
    /// Fire hydrants.
    pub hydrants: u64,
}

impl Sums {
    /// Adds another part.
    pub fn add(&mut self, other: &Self) {
        self.links += other.links;
        self.nodes += other.nodes;
        self.length += other.length;
        self.volume += other.volume;
        self.customers += other.customers;
        self.hydrants += other.hydrants;
    }

    /// Takes away a part of it.
    pub(crate) fn minus(&self, other: &Self) -> Self {
        Self {
            links: self.links.saturating_sub(other.links),
            nodes: self.nodes.saturating_sub(other.nodes),
            length: (self.length - other.length).max(0.0),
            volume: (self.volume - other.volume).max(0.0),
            customers: self.customers.saturating_sub(other.customers),
            hydrants: self.hydrants.saturating_sub(other.hydrants),
        }
    }
}

/// A cut, seen from one of its zones.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut {
    /// The half-edge, and in the highest bits whether water passes in, and out.
    packed: u32,
    /// The zone beyond.
    pub other: u32,
}

impl Cut {
    const INTO: u32 = 1 << 31;
    const OUT: u32 = 1 << 30;

    pub(crate) fn half(self) -> u32 {
        self.packed & !(Self::INTO | Self::OUT)
    }

    /// Tells whether water passes into the zone that it is seen from, as valves stand.
    pub(crate) fn flows_in(self) -> bool {
        self.packed & Self::INTO != 0
    }

    /// Tells whether water passes out of it, as valves stand.
    pub(crate) fn flows_out(self) -> bool {
        self.packed & Self::OUT != 0
    }
}

/// The partition, its sums and how its parts are supplied.
#[derive(Debug)]
pub(crate) struct Zones {
    pub node: Vec<u32>,
    pub link: Vec<u32>,
    member_ends: Vec<u32>,
    members: Vec<u32>,
    cut_ends: Vec<u32>,
    cuts: Vec<Cut>,
    pub sums: Vec<Sums>,
    pub supply: Supply,
}

/// A node or a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Member {
    Node(u32),
    Link(u32),
}

impl Zones {
    pub(crate) fn len(&self) -> usize {
        self.sums.len()
    }

    fn slice<'a, T>(ends: &[u32], all: &'a [T], zone: u32) -> &'a [T] {
        let zone = zone as usize;
        let start = if zone == 0 { 0 } else { ends[zone - 1] };
        &all[start as usize..ends[zone] as usize]
    }

    /// Returns the nodes and links of a zone.
    pub(crate) fn members(&self, zone: u32) -> impl Iterator<Item = Member> + '_ {
        let nodes = self.node.len() as u32;
        Self::slice(&self.member_ends, &self.members, zone).iter().map(move |member| {
            if *member < nodes { Member::Node(*member) } else { Member::Link(member - nodes) }
        })
    }

    /// Returns the cuts around a zone.
    pub(crate) fn cuts(&self, zone: u32) -> &[Cut] {
        Self::slice(&self.cut_ends, &self.cuts, zone)
    }

    fn new(network: &Network) -> Self {
        let (nodes, links) = (network.nodes.id.len(), network.links.id.len());
        let mut sets = Sets((0..(nodes + links) as u32).collect());
        for (link, ends) in network.links.ends.iter().enumerate() {
            if network.links.id[link] == DEAD {
                continue;
            }
            for (end, node) in ends.iter().enumerate() {
                if !network.is_cut(link as u32, end) {
                    sets.unite(*node, (nodes + link) as u32);
                }
            }
        }
        let (zone, count) = sets.labels(|at| {
            let id = if at < nodes { network.nodes.id[at] } else { network.links.id[at - nodes] };
            id != DEAD
        });
        let (node, link) = (zone[..nodes].to_vec(), zone[nodes..].to_vec());
        let (member_ends, members) =
            grouped(count, zone.iter().enumerate().map(|(at, zone)| (*zone, at as u32)));
        let mut sums = vec![Sums::default(); count];
        let mut sources = Vec::new();
        for (at, zone) in node.iter().enumerate().filter(|(_, zone)| **zone != NONE) {
            let (sum, hidden) =
                (&mut sums[*zone as usize], network.nodes.bits[at] & node_bit::HIDDEN);
            let element = network.nodes.element[at];
            if element.is_source() || hidden != 0 {
                sources.push(*zone);
            }
            if hidden == 0 {
                sum.nodes += u64::from(network.nodes.id[at] < DEAD);
                sum.customers += u64::from(element == Element::Customer);
                sum.hydrants += u64::from(element == Element::Hydrant);
            }
        }
        for (at, zone) in link.iter().enumerate().filter(|(_, zone)| **zone != NONE) {
            let sum = &mut sums[*zone as usize];
            if network.links.bits[at] & link_bit::HIDDEN != 0 {
                sources.push(*zone);
                continue;
            }
            let length = f64::from(network.links.length[at]);
            sum.links += 1;
            sum.length += length;
            sum.volume += length * network.links.facts[at].section.area();
        }
        let halves = || {
            let ends = network.links.ends.iter().enumerate();
            ends.flat_map(|(at, ends)| [(at, 0, ends[0]), (at, 1, ends[1])])
                .filter(|(at, _, end)| *end != NONE && link[*at] != node[*end as usize])
        };
        let (cut_ends, cuts) = grouped(
            count,
            halves().flat_map(|(at, end, place)| {
                let half = at as u32 * 2 + end as u32;
                let (this, other) = (link[at], node[place as usize]);
                let [into, out] = network.passes(half);
                let cut = |other, into, out| {
                    let flags = if into { Cut::INTO } else { 0 } | if out { Cut::OUT } else { 0 };
                    Cut { packed: half | flags, other }
                };
                [(this, cut(other, into, out)), (other, cut(this, out, into))]
            }),
        );
        let mut zones = Self {
            node,
            link,
            member_ends,
            members,
            cut_ends,
            cuts,
            sums,
            supply: Supply::default(),
        };
        zones.supply = Supply::new(&zones, sources);
        zones
    }
}

/// Groups values by small numbers; those of [`NONE`] are left out. Keeps the order within a group.
fn grouped<T: Copy>(
    count: usize,
    values: impl Iterator<Item = (u32, T)> + Clone,
) -> (Vec<u32>, Vec<T>) {
    let mut ends = vec![0_u32; count];
    let mut some = None;
    for (group, value) in values.clone().filter(|(group, _)| *group != NONE) {
        ends[group as usize] += 1;
        some = Some(value);
    }
    let Some(some) = some else { return (ends, Vec::new()) };
    let mut total = 0;
    for end in &mut ends {
        // The start for now; each value moves it on.
        let start = total;
        total += *end;
        *end = start;
    }
    let mut all = vec![some; total as usize];
    for (group, value) in values.filter(|(group, _)| *group != NONE) {
        let place = &mut ends[group as usize];
        all[*place as usize] = value;
        *place += 1;
    }
    (ends, all)
}

/// Union-find with path halving; the root of a set is its least member.
struct Sets(Vec<u32>);

impl Sets {
    fn root(&mut self, mut at: u32) -> u32 {
        while self.0[at as usize] != at {
            let above = self.0[self.0[at as usize] as usize];
            self.0[at as usize] = above;
            at = above;
        }
        at
    }

    fn unite(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b) as usize] = a.min(b);
    }

    /// Numbers the sets of those that are alive.
    fn labels(mut self, alive: impl Fn(usize) -> bool) -> (Vec<u32>, usize) {
        let (mut label, mut count) = (vec![NONE; self.0.len()], 0);
        for at in (0..self.0.len()).filter(|at| alive(*at)) {
            let root = self.root(at as u32) as usize;
            if label[root] == NONE {
                label[root] = count;
                count += 1;
            }
            label[at] = label[root];
        }
        (label, count as usize)
    }
}

impl Network {
    /// Returns the zones, made anew when the network changed.
    pub(crate) fn zones(&self) -> &Zones {
        self.zones.get_or_init(|| Zones::new(self))
    }

    /// Makes what shut-offs need, the valve segments and who supplies whom, unless it is there. Done by the first question
    /// that asks for it, so that a server does it beforehand: at a million pipes it takes some tenths of a second.
    pub fn prepare(&self) {
        self.zones();
    }

    /// Tells whether the node is a valve that separates: one that can be turned, or is shut for good.
    pub(crate) fn node_cuts(&self, node: u32) -> bool {
        let bits = self.nodes.bits[node as usize];
        bits & node_bit::HIDDEN != 0
            || bits & node_bit::VALVE != 0
                && (bits & node_bit::INOPERABLE == 0 || bits & node_bit::CLOSED != 0)
    }

    /// Tells whether something separates an end of a link from its node.
    pub(crate) fn is_cut(&self, link: u32, end: usize) -> bool {
        let bits = self.links.bits[link as usize];
        let whole = link_bit::CLOSED | link_bit::ONE_WAY | link_bit::HIDDEN | link_bit::CUT[end];
        bits & whole != 0
            || bits & link_bit::VALVE != 0 && bits & link_bit::INOPERABLE == 0
            || self.node_cuts(self.links.ends[link as usize][end])
    }

    /// Tells whether water passes at a half-edge from its node into its link, and back, as valves stand.
    pub(crate) fn passes(&self, half: u32) -> [bool; 2] {
        let (link, end) = (half as usize / 2, half as usize % 2);
        let (bits, node) = (self.links.bits[link], self.links.ends[link][end]);
        let node_bits = self.nodes.bits[node as usize];
        let shut_valve = node_bit::VALVE | node_bit::CLOSED;
        let shut = bits & link_bit::CLOSED != 0
            || node_bits & shut_valve == shut_valve
            || bits & link_bit::CUT[end] != 0
                && self.valves_cutting(half).any(|at| self.valves.rows[at as usize].closed);
        if shut {
            return [false; 2];
        }
        if bits & link_bit::ONE_WAY == 0 {
            return [true; 2];
        }
        match self.links.direction[link] {
            Direction::Forward => [end == 0, end == 1],
            Direction::Backward => [end == 1, end == 0],
            Direction::Ambiguous | Direction::Both => [true; 2],
        }
    }
}
