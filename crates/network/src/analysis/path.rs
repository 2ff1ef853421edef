//! Who is connected to whom, and the shortest way along the pipes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use onemap_model::FeatureId;
use serde::{Deserialize, Serialize};

use super::NetworkError;
use crate::device::{Stub, Valve};
use crate::network::{Direction, LinkIx, NONE, Network, NodeIx, link_bit, node_bit};
use crate::rows::Row;

/// The most shut valves and stubs that an answer lists.
const MOST_BARRIERS: usize = 100;

/// A way to look for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PathQuery {
    /// Node, link or valve that it begins at.
    pub from: FeatureId,
    /// Node, link or valve that it ends at.
    pub to: FeatureId,
    /// Whether to follow the flow: links of known direction are passed that way only.
    #[serde(default)]
    pub with_flow: bool,
    /// Whether shut valves and links are passed.
    #[serde(default)]
    pub through_closed: bool,
}

/// One link of a way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PathLink {
    /// Its feature.
    pub id: FeatureId,
    /// Whether it is passed from its first end to its last.
    pub forward: bool,
    /// Its length, metres.
    pub length: f64,
}

/// A way along links. A link that the way begins or ends at is part of it, whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Path {
    /// The links, in order.
    pub links: Vec<PathLink>,
    /// The nodes passed, in order; without those that no feature stands for.
    pub nodes: Vec<FeatureId>,
    /// Length along the links, metres.
    pub length: f64,
    /// The valves met, in order.
    pub valves: Vec<Valve>,
    /// The corners of the way, `[lon, lat]`.
    pub line: Vec<[f64; 2]>,
}

impl Path {
    /// Returns the positions of the links and whether each is passed forward.
    pub fn steps(&self, network: &Network) -> Vec<(LinkIx, bool)> {
        let steps = self.links.iter();
        steps.filter_map(|step| Some((network.link_of(step.id)?, step.forward))).collect()
    }
}

/// Whether two things are connected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Connection {
    /// Whether there is a way.
    pub connected: bool,
    /// The shortest one.
    pub path: Option<Path>,
    /// Without a way: the shut valves around the part that the search began in, some of them.
    pub barriers: Vec<Valve>,
    /// Without a way: where that part goes on in what the view hides.
    pub stubs: Vec<Stub>,
}

impl Network {
    /// Finds the shortest way between two things.
    ///
    /// Time grows with the links that are nearer to the start than the end is.
    pub fn connect(&self, query: &PathQuery) -> Result<Connection, NetworkError> {
        let from = self.row_of(query.from).ok_or(NetworkError::Unknown(query.from))?;
        let to = self.row_of(query.to).ok_or(NetworkError::Unknown(query.to))?;
        Ok(Search { network: self, query, barriers: Vec::new(), stubs: Vec::new() }.run(from, to))
    }

    /// Returns the nodes and link that a search begins or ends at.
    pub(crate) fn place_of(&self, row: Row) -> (Vec<u32>, Option<u32>) {
        let on_link = |link: u32| (self.links.ends[link as usize].to_vec(), Some(link));
        match row {
            Row::Node(node) => (vec![node], None),
            Row::Link(link) => on_link(link),
            Row::Valve(at) => match self.valves.rows[at as usize].half {
                Some(half) => on_link(half / 2),
                None => (Vec::new(), None),
            },
        }
    }

    /// Tells whether a link can be passed beginning at an end.
    pub(crate) fn along(&self, link: u32, end: usize) -> Along {
        match self.links.direction[link as usize] {
            Direction::Forward if end == 0 => Along::With,
            Direction::Backward if end == 1 => Along::With,
            Direction::Forward | Direction::Backward => Along::Against,
            Direction::Ambiguous | Direction::Both => Along::Either,
        }
    }
}

/// How a step along a link lies to its flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Along {
    With,
    Against,
    Either,
}

struct Search<'a> {
    network: &'a Network,
    query: &'a PathQuery,
    barriers: Vec<crate::device::Device>,
    stubs: Vec<u32>,
}

/// Lengths in millimetres sort as integers, and their sums do not depend on the order.
fn millimetres(length: f32) -> u64 {
    (f64::from(length.max(0.0)) * 1000.0).round() as u64
}

impl Search<'_> {
    fn run(mut self, from: Row, to: Row) -> Connection {
        let network = self.network;
        let (starts, first) = network.place_of(from);
        let (goals, last) = network.place_of(to);
        if first.is_some() && first == last {
            return self.answer(Some(self.path(&[], None, first, None)));
        }
        let came = network.scratch.with(|scratch| {
            let marks = &mut scratch.nodes;
            marks.begin(network.nodes.id.len());
            let mut far: Vec<u64> = Vec::new();
            let mut halves: Vec<u32> = Vec::new();
            let mut before: Vec<u32> = Vec::new();
            let mut heap = BinaryHeap::new();
            let mut reached = |heap: &mut BinaryHeap<_>,
                               far: &mut Vec<u64>,
                               node: u32,
                               way: u64,
                               half: u32,
                               from: u32| {
                let at = marks.get(node);
                match at {
                    Some(at) if far[at as usize] <= way => {}
                    Some(at) => {
                        far[at as usize] = way;
                        halves[at as usize] = half;
                        before[at as usize] = from;
                        heap.push(Reverse((way, node)));
                    }
                    None => {
                        marks.set(node, far.len() as u32);
                        far.push(way);
                        halves.push(half);
                        before.push(from);
                        heap.push(Reverse((way, node)));
                    }
                }
                marks.get(node).unwrap_or(NONE)
            };
            for node in &starts {
                if first.is_none_or(|link| self.leaves(link, *node)) {
                    reached(&mut heap, &mut far, *node, 0, NONE, NONE);
                }
            }
            let mut found = None;
            while let Some(Reverse((way, node))) = heap.pop() {
                let at = reached(&mut heap, &mut far, node, u64::MAX, NONE, NONE);
                if far[at as usize] < way {
                    continue;
                }
                let enters = |link| self.enters(link, node);
                if goals.contains(&node) && last.is_none_or(enters) {
                    found = Some(node);
                    break;
                }
                if way > 0 && self.is_wall(node) || self.is_hidden(node) {
                    continue;
                }
                for (link, end) in network.half_edges(node) {
                    if Some(link) == first || !self.may_pass(link, end) {
                        continue;
                    }
                    let beyond = network.links.ends[link as usize][1 - end];
                    let way = way.saturating_add(millimetres(network.links.length[link as usize]));
                    let half = link * 2 + end as u32;
                    reached(&mut heap, &mut far, beyond, way, half, node);
                }
            }
            let mut came = Vec::new();
            let mut node = found?;
            loop {
                let at = marks.get(node)? as usize;
                if halves[at] == NONE {
                    break;
                }
                came.push(halves[at]);
                node = before[at];
            }
            came.reverse();
            Some((came, node))
        });
        match came {
            Some((came, start)) => {
                let path = self.path(&came, Some(start), first, last);
                self.answer(Some(path))
            }
            None => self.answer(None),
        }
    }

    /// Tells whether the search gets out of its first link to a node.
    fn leaves(&self, link: u32, node: u32) -> bool {
        let ends = self.network.links.ends[link as usize];
        (0..2).any(|end| {
            ends[end] == node
                && (self.query.through_closed || self.network.passes(link * 2 + end as u32)[1])
                && !(self.query.with_flow && self.network.along(link, end) == Along::With)
        })
    }

    /// Tells whether the search gets into its last link from a node.
    fn enters(&self, link: u32, node: u32) -> bool {
        let ends = self.network.links.ends[link as usize];
        (0..2).any(|end| {
            ends[end] == node
                && (self.query.through_closed || !self.is_shut(link * 2 + end as u32))
                && !(self.query.with_flow && self.network.along(link, end) == Along::Against)
        })
    }

    fn is_shut(&self, half: u32) -> bool {
        self.network.passes(half) == [false; 2]
    }

    fn is_wall(&self, node: u32) -> bool {
        let shut = node_bit::VALVE | node_bit::CLOSED;
        !self.query.through_closed && self.network.nodes.bits[node as usize] & shut == shut
    }

    fn is_hidden(&self, node: u32) -> bool {
        self.network.nodes.bits[node as usize] & node_bit::HIDDEN != 0
    }

    fn may_pass(&mut self, link: u32, end: usize) -> bool {
        let network = self.network;
        let bits = network.links.bits[link as usize];
        let beyond = network.links.ends[link as usize][1 - end];
        if bits & link_bit::HIDDEN != 0 {
            if self.stubs.len() < MOST_BARRIERS {
                self.stubs.push(link * 2 + end as u32);
            }
            return false;
        }
        if self.is_hidden(beyond) {
            if self.stubs.len() < MOST_BARRIERS {
                self.stubs.push(link * 2 + 1 - end as u32);
            }
            return false;
        }
        if self.query.with_flow && network.along(link, end) == Along::Against {
            return false;
        }
        if self.query.through_closed {
            return true;
        }
        // A shut valve at the far node is reached, but not passed.
        let cut = bits & (link_bit::CUT[0] | link_bit::CUT[1] | link_bit::CLOSED) != 0;
        let positions = |half: u32| {
            let mut cutting = network.valves_cutting(half);
            cutting.any(|at| network.valves.rows[at as usize].closed)
        };
        let shut =
            bits & link_bit::CLOSED != 0 || cut && (positions(link * 2) || positions(link * 2 + 1));
        if (shut || self.is_wall(beyond)) && self.barriers.len() < MOST_BARRIERS {
            self.barriers.extend(network.shut_by(link * 2));
            self.barriers.extend(network.shut_by(link * 2 + 1));
        }
        !shut
    }

    fn path(
        &self,
        came: &[u32],
        start: Option<u32>,
        first: Option<u32>,
        last: Option<u32>,
    ) -> Path {
        let network = self.network;
        let mut steps: Vec<(u32, bool)> = Vec::new();
        let mut nodes: Vec<u32> = start.into_iter().collect();
        if let Some(link) = first {
            steps.push((
                link,
                start.is_none_or(|node| network.links.ends[link as usize][1] == node),
            ));
        }
        for half in came {
            let (link, end) = (half / 2, (half % 2) as usize);
            steps.push((link, end == 0));
            nodes.push(network.links.ends[link as usize][1 - end]);
        }
        if let Some(link) = last.filter(|last| first != Some(*last)) {
            let from = nodes.last();
            steps.push((
                link,
                from.is_none_or(|node| network.links.ends[link as usize][0] == *node),
            ));
        }
        let mut path = Path::default();
        let mut valves = Vec::new();
        for (at, (link, forward)) in steps.iter().enumerate() {
            let view = network.link(LinkIx(*link));
            let length = view.length();
            path.length += length;
            path.links.extend(view.id().map(|id| PathLink { id, forward: *forward, length }));
            let mut corners = view.line().to_vec();
            if !forward {
                corners.reverse();
            }
            path.line.extend(corners);
            let (enter, leave) = if *forward { (0, 1) } else { (1, 0) };
            let mut met = |half: u32| {
                let mut here = network.devices(half);
                here.extend(network.shut_by(half));
                valves.extend(here);
            };
            if at > 0 || nodes.first() == Some(&network.links.ends[*link as usize][enter as usize])
            {
                met(link * 2 + enter);
            }
            if at + 1 < steps.len()
                || nodes.last() == Some(&network.links.ends[*link as usize][leave as usize])
            {
                met(link * 2 + leave);
            }
        }
        // Lines that meet may differ by less than a millimetre.
        path.line.dedup_by(|a, b| (a[0] - b[0]).abs().max((a[1] - b[1]).abs()) < 1e-8);
        let mut seen = rustc_hash::FxHashSet::default();
        valves.retain(|device| seen.insert(*device));
        path.valves = valves.into_iter().filter_map(|device| network.valve(device)).collect();
        path.nodes = nodes.iter().filter_map(|node| network.node(NodeIx(*node)).id()).collect();
        path
    }

    fn answer(&self, path: Option<Path>) -> Connection {
        let (mut barriers, mut stubs) = (Vec::new(), Vec::new());
        if path.is_none() {
            let mut seen = self.barriers.clone();
            seen.sort_by_key(|device| self.network.device_id(*device));
            seen.dedup();
            barriers.extend(seen.iter().filter_map(|device| self.network.valve(*device)));
            stubs.extend(self.stubs.iter().map(|half| self.network.stub(*half)));
        }
        Connection { connected: path.is_some(), path, barriers, stubs }
    }
}
