//! Upstream and downstream.

use onemap_model::FeatureId;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::NetworkError;
use super::path::Along;
use super::statistics::LengthBy;
use crate::device::{Stub, Valve};
use crate::network::{LinkIx, NONE, Network, NodeIx, link_bit, node_bit};
use crate::rows::Row;
use crate::scratch::Scratch;

/// The most loops, ends and barriers that an answer lists, of each.
const MOST_LISTED: usize = 1000;

/// Which way to trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TraceDirection {
    /// Against the flow: where it comes from.
    Upstream,
    /// With the flow: where it goes.
    Downstream,
    /// Whichever way it flows: all that it is connected with. One-way links are passed, and no direction is ambiguous.
    Both,
}

/// What to do at a link whose direction is not known, or goes both ways.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ambiguous {
    /// Pass it, and say so.
    #[default]
    Pass,
    /// Stop before it, and say so.
    Stop,
}

/// What to trace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TraceQuery {
    /// Node, link or valve that the trace begins at; a link is part of the answer.
    pub from: FeatureId,
    /// Which way.
    pub direction: TraceDirection,
    /// What to do where the direction is not known.
    #[serde(default)]
    pub ambiguous: Ambiguous,
    /// The most links that are visited. Time grows with it: 10,000 links take some milliseconds.
    #[serde(default = "TraceQuery::usual_limit")]
    pub limit: usize,
}

impl TraceQuery {
    fn usual_limit() -> usize {
        10_000
    }

    /// Asks for a trace with the usual limits.
    pub fn new(from: FeatureId, direction: TraceDirection) -> Self {
        Self { from, direction, ambiguous: Ambiguous::Pass, limit: Self::usual_limit() }
    }
}

/// A node where a trace ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TraceEnd {
    /// Its feature; `None` for a made-up node.
    pub id: Option<FeatureId>,
    /// What the source calls it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub code: String,
    /// Name of its element: `outfall`, `reservoir`, `junction` for a dead end.
    pub element: String,
    /// Where it is, `[lon, lat]`.
    pub at: Option<[f64; 2]>,
}

/// What lies upstream or downstream. Features are listed in the order they were met: the nearer first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// The links.
    pub links: Vec<FeatureId>,
    /// The nodes that features stand for.
    pub nodes: Vec<FeatureId>,
    /// Length of the links, metres.
    pub length: f64,
    /// Length by size and material, the longest first.
    pub lengths: Vec<LengthBy>,
    /// Where it ends: outfalls, sources, dead ends.
    pub ends: Vec<TraceEnd>,
    /// Links among them whose direction is not known: passed or, by the question, stopped at.
    pub ambiguous: Vec<FeatureId>,
    /// Loops: links that flow in a circle, by their known directions.
    pub loops: Vec<Vec<FeatureId>>,
    /// Shut valves that it stopped at.
    pub barriers: Vec<Valve>,
    /// Where it goes on in what the view hides.
    pub stubs: Vec<Stub>,
    /// False when the limit was met: there is more, and sums are of what is listed.
    pub complete: bool,
}

impl Network {
    /// Traces upstream or downstream. Closed links and shut valves stop it, check valves and pumps are followed as they
    /// point.
    pub fn trace(&self, query: &TraceQuery) -> Result<Trace, NetworkError> {
        let row = self.row_of(query.from).ok_or(NetworkError::Unknown(query.from))?;
        Ok(self.scratch.with(|scratch| Tracer::new(self, query, scratch).run(row)))
    }
}

struct Tracer<'a> {
    network: &'a Network,
    query: &'a TraceQuery,
    scratch: &'a mut Scratch,
    links: Vec<u32>,
    nodes: Vec<u32>,
    ambiguous: Vec<u32>,
    barriers: Vec<u32>,
    stubs: Vec<u32>,
    ends: Vec<u32>,
}

impl<'a> Tracer<'a> {
    fn new(network: &'a Network, query: &'a TraceQuery, scratch: &'a mut Scratch) -> Self {
        scratch.nodes.begin(network.nodes.id.len());
        scratch.links.begin(network.links.id.len());
        let (links, nodes, ambiguous) = (Vec::new(), Vec::new(), Vec::new());
        let (barriers, stubs, ends) = (Vec::new(), Vec::new(), Vec::new());
        Self { network, query, scratch, links, nodes, ambiguous, barriers, stubs, ends }
    }

    /// Tells how a step along a link, beginning at an end, lies to the way of the trace.
    fn along(&self, link: u32, end: usize) -> Along {
        match (self.network.along(link, end), self.query.direction) {
            (_, TraceDirection::Both) => Along::Either,
            (along, TraceDirection::Downstream) => along,
            (Along::With, TraceDirection::Upstream) => Along::Against,
            (Along::Against, TraceDirection::Upstream) => Along::With,
            (Along::Either, TraceDirection::Upstream) => Along::Either,
        }
    }

    fn run(mut self, row: Row) -> Trace {
        let network = self.network;
        let (places, first) = network.place_of(row);
        match first {
            None => {
                for node in places {
                    self.reach(node);
                }
            }
            Some(link) => {
                self.take(link);
                for end in 0..2 {
                    let along = self.along(link, end);
                    let passes = along == Along::With || along == Along::Either;
                    if passes && self.open(link, 1 - end) {
                        self.reach(network.links.ends[link as usize][1 - end]);
                    }
                }
            }
        }
        let mut at = 0;
        let mut complete = true;
        while at < self.nodes.len() && complete {
            complete = self.leave(self.nodes[at]);
            at += 1;
        }
        self.answer(complete)
    }

    fn take(&mut self, link: u32) {
        if self.scratch.links.set(link, 0) {
            self.links.push(link);
        }
    }

    fn reach(&mut self, node: u32) {
        if !self.scratch.nodes.has(node) {
            self.scratch.nodes.set(node, self.nodes.len() as u32);
            self.nodes.push(node);
        }
    }

    /// Tells whether an end of a visible link opens to its node; notes why not.
    fn open(&mut self, link: u32, end: usize) -> bool {
        let half = link * 2 + end as u32;
        let node = self.network.links.ends[link as usize][end];
        if self.network.nodes.bits[node as usize] & node_bit::HIDDEN != 0 {
            self.stubs.push(half);
            return false;
        }
        let shut_valve = node_bit::VALVE | node_bit::CLOSED;
        let shut = self.network.nodes.bits[node as usize] & shut_valve == shut_valve
            || self.position_shuts(link, end);
        if shut {
            self.barriers.push(half);
        }
        !shut
    }

    fn position_shuts(&self, link: u32, end: usize) -> bool {
        let network = self.network;
        network.links.bits[link as usize] & link_bit::CUT[end] != 0
            && network
                .valves_cutting(link * 2 + end as u32)
                .any(|at| network.valves.rows[at as usize].closed)
    }

    /// Follows all links from a node; false when the limit is met.
    fn leave(&mut self, node: u32) -> bool {
        let network = self.network;
        let mut goes_on = false;
        for (link, end) in network.half_edges(node) {
            let bits = network.links.bits[link as usize];
            if bits & link_bit::HIDDEN != 0 {
                self.stubs.push(link * 2 + end as u32);
                goes_on = true;
                continue;
            }
            let along = self.along(link, end);
            if along == Along::Against {
                continue;
            }
            if self.scratch.links.has(link) {
                // A loop goes on even where all of it was met before.
                goes_on |= along == Along::With && self.links.first() != Some(&link);
                continue;
            }
            goes_on = true;
            if along == Along::Either && self.query.direction != TraceDirection::Both {
                self.ambiguous.push(link);
                if self.query.ambiguous == Ambiguous::Stop {
                    self.scratch.links.set(link, 1);
                    continue;
                }
            }
            if bits & link_bit::CLOSED != 0 || self.position_shuts(link, end) {
                self.barriers.push(link * 2 + end as u32);
                continue;
            }
            if self.links.len() >= self.query.limit {
                return false;
            }
            self.take(link);
            if self.open(link, 1 - end) {
                self.reach(network.links.ends[link as usize][1 - end]);
            }
        }
        if !goes_on {
            self.ends.push(node);
        }
        true
    }

    fn answer(mut self, complete: bool) -> Trace {
        let network = self.network;
        let is_flow = self.query.direction != TraceDirection::Both;
        let loops = if is_flow { self.loops() } else { Vec::new() };
        let mut length = 0.0;
        let mut by: FxHashMap<_, (u64, f64)> = FxHashMap::default();
        for link in &self.links {
            let metres = f64::from(network.links.length[*link as usize]);
            let facts = &network.links.facts[*link as usize];
            let sum = by.entry((facts.section_text, facts.material)).or_default();
            *sum = (sum.0 + 1, sum.1 + metres);
            length += metres;
        }
        let lengths = LengthBy::list(network, by);
        let id_of = |link: &u32| network.link(LinkIx(*link)).id();
        let mut barriers: Vec<_> =
            self.barriers.iter().flat_map(|half| network.shut_by(*half)).collect();
        barriers.sort_by_key(|device| network.device_id(*device));
        barriers.dedup();
        barriers.truncate(MOST_LISTED);
        self.stubs.truncate(MOST_LISTED);
        let mut ambiguous: Vec<FeatureId> = self.ambiguous.iter().filter_map(id_of).collect();
        let mut seen = rustc_hash::FxHashSet::default();
        ambiguous.retain(|id| seen.insert(*id));
        Trace {
            links: self.links.iter().filter_map(id_of).collect(),
            nodes: self.nodes.iter().filter_map(|node| network.node(NodeIx(*node)).id()).collect(),
            length,
            lengths,
            ends: self.ends.iter().take(MOST_LISTED).map(|node| end_at(network, *node)).collect(),
            ambiguous,
            loops: loops.iter().map(|circle| circle.iter().filter_map(id_of).collect()).collect(),
            barriers: barriers.into_iter().filter_map(|device| network.valve(device)).collect(),
            stubs: self.stubs.iter().map(|half| network.stub(*half)).collect(),
            complete,
        }
    }

    /// Finds the strongly connected parts with a link in them, by Tarjan's algorithm without recursion; only links whose
    /// direction is known count.
    fn loops(&mut self) -> Vec<Vec<u32>> {
        let network = self.network;
        let count = self.nodes.len();
        let (mut order, mut low) = (vec![NONE; count], vec![0_u32; count]);
        let mut on_stack = vec![false; count];
        let (mut stack, mut calls): (Vec<u32>, Vec<(u32, u32)>) = (Vec::new(), Vec::new());
        let mut part = vec![NONE; count];
        let (mut next, mut parts) = (0, 0);
        let marks = &self.scratch.nodes;
        for root in 0..count as u32 {
            if order[root as usize] != NONE {
                continue;
            }
            calls.push((root, network.nodes.first[self.nodes[root as usize] as usize]));
            while let Some((at, half)) = calls.pop() {
                let here = at as usize;
                if order[here] == NONE {
                    (order[here], low[here]) = (next, next);
                    next += 1;
                    stack.push(at);
                    on_stack[here] = true;
                }
                let mut half = half;
                let mut down = None;
                while half != NONE {
                    let (link, end) = (half / 2, (half % 2) as usize);
                    half = network.links.next[link as usize][end];
                    let taken = self.scratch.links.get(link) == Some(0);
                    if !taken || self.network.along(link, end) != Along::With {
                        continue;
                    }
                    let beyond = network.links.ends[link as usize][1 - end];
                    let Some(there) = marks.get(beyond) else { continue };
                    if order[there as usize] == NONE {
                        down = Some(there);
                        break;
                    }
                    if on_stack[there as usize] {
                        low[here] = low[here].min(order[there as usize]);
                    }
                }
                if let Some(there) = down {
                    calls.push((at, half));
                    calls.push((there, network.nodes.first[self.nodes[there as usize] as usize]));
                    continue;
                }
                if low[here] == order[here] {
                    while let Some(member) = stack.pop() {
                        on_stack[member as usize] = false;
                        part[member as usize] = parts;
                        if member == at {
                            break;
                        }
                    }
                    parts += 1;
                }
                if let Some((above, _)) = calls.last() {
                    low[*above as usize] = low[*above as usize].min(low[here]);
                }
            }
        }
        let mut circles: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
        for link in &self.links {
            let known = network.along(*link, 0) != Along::Either;
            let [a, b] = network.links.ends[*link as usize].map(|node| marks.get(node));
            if let (true, Some(a), Some(b)) = (known, a, b)
                && part[a as usize] == part[b as usize]
            {
                circles.entry(part[a as usize]).or_default().push(*link);
            }
        }
        let mut circles: Vec<_> = circles.into_values().collect();
        for circle in &mut circles {
            circle.sort_by_key(|link| network.links.id[*link as usize]);
        }
        circles.sort_by_key(|circle| network.links.id[circle[0] as usize]);
        circles.truncate(MOST_LISTED);
        circles
    }
}

fn end_at(network: &Network, node: u32) -> TraceEnd {
    let view = network.node(NodeIx(node));
    TraceEnd {
        id: view.id(),
        code: view.code().to_owned(),
        element: view.element().name().to_owned(),
        at: view.at(),
    }
}
