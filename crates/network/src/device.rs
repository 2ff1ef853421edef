//! Valves of all three kinds as one.

use onemap_model::FeatureId;
use serde::{Deserialize, Serialize};

use crate::network::{DEAD, LinkIx, Network, NodeIx, link_bit, node_bit};
use crate::rows::Row;

/// A valve: a position on a link, a link, or a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Device {
    Position(u32),
    Link(u32),
    Node(u32),
}

/// A valve, as answers name it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Valve {
    /// Its feature.
    pub id: FeatureId,
    /// What the source calls it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub code: String,
    /// Where it is, `[lon, lat]`.
    pub at: Option<[f64; 2]>,
    /// Whether it is shut.
    pub closed: bool,
    /// False where it can not be turned.
    pub operable: bool,
}

/// Where a network goes on in what the view hides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stub {
    /// Who owns what is there.
    pub owner: Option<String>,
    /// The last place that the view shows, `[lon, lat]`.
    pub at: Option<[f64; 2]>,
}

impl Network {
    /// Returns all valves at a half-edge that can be turned, those that serve it alone first.
    pub(crate) fn devices(&self, half: u32) -> Vec<Device> {
        let (link, end) = (half as usize / 2, half as usize % 2);
        let (bits, node) = (self.links.bits[link], self.links.ends[link][end]);
        let mut found = Vec::new();
        if bits & link_bit::CUT[end] != 0 {
            let positions = self.valves_cutting(half);
            let operable = positions.filter(|at| self.valves.rows[*at as usize].operable);
            found.extend(operable.map(Device::Position));
            found.sort_by_key(|device| self.device_id(*device));
        }
        if bits & (link_bit::VALVE | link_bit::INOPERABLE) == link_bit::VALVE {
            found.push(Device::Link(link as u32));
        }
        let node_bits = self.nodes.bits[node as usize];
        if node_bits & (node_bit::VALVE | node_bit::INOPERABLE) == node_bit::VALVE {
            found.push(Device::Node(node));
        }
        found
    }

    /// Returns the valves and closed links that keep a half-edge shut.
    pub(crate) fn shut_by(&self, half: u32) -> Vec<Device> {
        let (link, end) = (half as usize / 2, half as usize % 2);
        let (bits, node) = (self.links.bits[link], self.links.ends[link][end]);
        let mut found = Vec::new();
        if bits & link_bit::CUT[end] != 0 {
            let positions = self.valves_cutting(half);
            found.extend(
                positions.filter(|at| self.valves.rows[*at as usize].closed).map(Device::Position),
            );
        }
        if bits & link_bit::CLOSED != 0 {
            found.push(Device::Link(link as u32));
        }
        let shut_valve = node_bit::VALVE | node_bit::CLOSED;
        if self.nodes.bits[node as usize] & shut_valve == shut_valve {
            found.push(Device::Node(node));
        }
        found
    }

    /// Returns the half-edges that a valve cuts.
    pub(crate) fn halves_of(&self, device: Device) -> Vec<u32> {
        match device {
            Device::Position(at) => self.valves.rows[at as usize].half.into_iter().collect(),
            Device::Link(link) => vec![link * 2, link * 2 + 1],
            Device::Node(node) => {
                self.half_edges(node).map(|(link, end)| link * 2 + end as u32).collect()
            }
        }
    }

    pub(crate) fn device_id(&self, device: Device) -> u64 {
        match device {
            Device::Position(at) => self.valves.rows[at as usize].id,
            Device::Link(link) => self.links.id[link as usize],
            Device::Node(node) => self.nodes.id[node as usize],
        }
    }

    /// Finds the valve of a feature.
    pub(crate) fn device_of(&self, id: FeatureId) -> Option<Device> {
        Some(match self.row_of(id)? {
            Row::Link(link) => Device::Link(link),
            Row::Node(node) => Device::Node(node),
            Row::Valve(at) => Device::Position(at),
        })
    }

    /// Finds what a feature is, unless the view hides it.
    pub(crate) fn row_of(&self, id: FeatureId) -> Option<Row> {
        let row = Row::unpacked(self.by_id.get(id.get()).next()?);
        let hidden = match row {
            Row::Link(link) => self.links.bits[link as usize] & link_bit::HIDDEN != 0,
            Row::Node(node) => self.nodes.bits[node as usize] & node_bit::HIDDEN != 0,
            Row::Valve(_) => false,
        };
        (!hidden).then_some(row)
    }

    /// Describes a valve.
    pub(crate) fn valve(&self, device: Device) -> Option<Valve> {
        let (id, code, at, closed, operable) = match device {
            Device::Position(at) => {
                let valve = &self.valves.rows[at as usize];
                let code = self.texts.long(&valve.code);
                (valve.id, code, valve.at, valve.closed, valve.operable)
            }
            Device::Link(at) => {
                let link = self.link(LinkIx(at));
                let bits = self.links.bits[at as usize];
                let middle = middle_of(link.line());
                let operable = bits & link_bit::INOPERABLE == 0;
                (self.links.id[at as usize], link.code(), middle, link.is_closed(), operable)
            }
            Device::Node(at) => {
                let node = self.node(NodeIx(at));
                let bits = self.nodes.bits[at as usize];
                let closed = bits & node_bit::CLOSED != 0;
                let place = self.nodes.at[at as usize];
                let operable = bits & node_bit::INOPERABLE == 0;
                (self.nodes.id[at as usize], node.code(), place, closed, operable)
            }
        };
        let id = FeatureId::new(id).ok()?;
        let at = Some(at).filter(|at| at[0].is_finite() && at[1].is_finite());
        Some(Valve { id, code: code.to_owned(), at, closed, operable })
    }

    /// Describes what is hidden beyond a half-edge.
    pub(crate) fn stub(&self, half: u32) -> Stub {
        let (link, end) = (half as usize / 2, half as usize % 2);
        let node = self.links.ends[link][end];
        let link_hidden = self.links.bits[link] & link_bit::HIDDEN != 0;
        let node_hidden = self.nodes.bits[node as usize] & node_bit::HIDDEN != 0;
        let owner = if link_hidden {
            self.links.facts[link].owner
        } else {
            self.nodes.facts[node as usize].owner
        };
        let at = if node_hidden {
            // The hidden node's own place is not told; the visible link's end is.
            let line = self.link(LinkIx(link as u32)).line();
            if end == 0 { line.first().copied() } else { line.last().copied() }
        } else {
            self.node(NodeIx(node)).at()
        };
        Stub { owner: self.texts.symbol(owner).map(str::to_owned), at }
    }

    /// Returns the valve positions whose link or node is not in the network: they cut nothing.
    pub fn unbound_valves(&self) -> impl Iterator<Item = FeatureId> + '_ {
        let unbound = self.valves.rows.iter().filter(|valve| valve.id != DEAD);
        unbound
            .filter(|valve| valve.half.is_none())
            .filter_map(|valve| FeatureId::new(valve.id).ok())
    }
}

fn middle_of(line: &[[f64; 2]]) -> [f64; 2] {
    match line {
        [] => [f64::NAN; 2],
        [a, b] => [f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1])],
        line => line[line.len() / 2],
    }
}
