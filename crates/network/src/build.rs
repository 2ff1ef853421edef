//! From the features of a layer to a network.

use onemap_model::{FeatureRef, Schema};
use rayon::prelude::*;

use crate::columns::Columns;
use crate::index::Index;
use crate::network::{MADE, NONE, Network, link_bit};
use crate::rows::{self, NodeRow, Row};

/// What counts as a valve, and what as one-way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Whether links that are valves (EPANET's, or short lines of a GIS) can be shut.
    pub valve_links: bool,
    /// Whether water passes check valves and pumps one way only.
    pub one_way: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { valve_links: true, one_way: true }
    }
}

/// Builds a [`Network`] from features: those of one view of a layer, in any order.
///
/// ```
/// use onemap_model::{Field, FieldType, FeatureId, FeatureRef, Geometry, Interval, Schema, State, ValueRef};
/// use onemap_network::NetworkBuilder;
///
/// let field = |name: &str| Field::new(name, FieldType::Text);
/// let schema = Schema { fields: vec![field("code"), field("from_node"), field("to_node")] };
/// let mut builder = NetworkBuilder::new(&schema);
/// let shape = Geometry::line(vec![[118.0, 33.0], [118.001, 33.0]]);
/// builder.push(&FeatureRef {
///     id: FeatureId::new(7)?,
///     geometry: Some(&shape),
///     values: &[ValueRef::Text("P1"), ValueRef::Text("A"), ValueRef::Text("B")],
///     valid: Interval::ALWAYS,
///     state: State::Existing,
/// });
/// let network = builder.finish();
/// assert_eq!(network.links().count(), 1);
/// assert!(network.nodes().all(|node| network.node(node).is_made_up()));
/// # Ok::<(), onemap_model::ModelError>(())
/// ```
#[derive(Debug)]
pub struct NetworkBuilder {
    network: Network,
    ids: Vec<(u64, u32)>,
}

impl NetworkBuilder {
    /// Begins a network of a layer's fields.
    pub fn new(schema: &Schema) -> Self {
        Self::with_options(schema, Options::default())
    }

    /// Begins a network with options.
    pub fn with_options(schema: &Schema, options: Options) -> Self {
        let network = Network { columns: Columns::new(schema), options, ..Network::default() };
        Self { network, ids: Vec::new() }
    }

    /// Adds a feature that the view shows.
    pub fn push(&mut self, feature: &FeatureRef<'_>) {
        self.put(feature, false);
    }

    /// Adds a feature that the view hides: it joins the network, so that a trace knows where it goes on, but of its values
    /// only the owner is kept, and no answer names or passes it.
    pub fn push_hidden(&mut self, feature: &FeatureRef<'_>) {
        self.put(feature, true);
    }

    fn put(&mut self, feature: &FeatureRef<'_>, hidden: bool) {
        if let Some(row) = self.network.add_row(feature, hidden) {
            self.ids.push((feature.id.get(), row.packed()));
        }
    }

    /// Joins everything.
    pub fn finish(self) -> Network {
        let Self { mut network, ids } = self;
        network.by_id = Index::new(ids);
        let coded = network.links.code_key.iter().enumerate().filter(|(_, key)| **key != 0);
        network.by_link_code = Index::new(coded.map(|(at, key)| (*key, at as u32)).collect());
        join(&mut network);
        rows::shrink(&mut network);
        bind_valves(&mut network);
        network
    }
}

impl Network {
    /// Builds a network from the features that a view of a layer shows.
    pub fn build<'a>(schema: &Schema, features: impl IntoIterator<Item = FeatureRef<'a>>) -> Self {
        let mut builder = NetworkBuilder::new(schema);
        for feature in features {
            builder.push(&feature);
        }
        builder.finish()
    }
}

/// Gives every end of every link its node: the one of the least id that has the end's key, else a made-up one.
fn join(network: &mut Network) {
    let mut nodes: Vec<(u64, u64, u32)> = Vec::with_capacity(network.nodes.id.len() * 2);
    for (at, keys) in network.nodes.key.iter().enumerate() {
        let id = network.nodes.id[at];
        nodes.extend(keys.iter().filter(|key| **key != 0).map(|key| (*key, id, at as u32)));
    }
    nodes.par_sort_unstable();
    let mut ends: Vec<(u64, u32)> = Vec::with_capacity(network.links.id.len() * 2);
    for (at, keys) in network.links.key.iter().enumerate() {
        ends.extend([(keys[0], at as u32 * 2), (keys[1], at as u32 * 2 + 1)]);
    }
    ends.par_sort_unstable();

    let (mut at, mut made) = (0, Vec::new());
    for run in ends.chunk_by(|a, b| a.0 == b.0) {
        let key = run[0].0;
        while nodes.get(at).is_some_and(|node| node.0 < key) {
            at += 1;
        }
        let node = match nodes.get(at) {
            Some((found, _, node)) if *found == key => *node,
            _ => {
                let node = network.push_made(key);
                made.push((key, node));
                node
            }
        };
        for (_, half) in run {
            network.links.ends[*half as usize / 2][*half as usize % 2] = node;
        }
    }
    drop(ends);
    let mut by_key: Vec<(u64, u32)> = nodes.into_iter().map(|(key, _, at)| (key, at)).collect();
    by_key.extend_from_slice(&made);
    network.by_key = Index::new(by_key);

    // From the greatest id to the least, each before the others: around a node, links stand by id.
    let (_, packed) = network.by_id.entries();
    for packed in packed.iter().rev() {
        let Row::Link(link) = Row::unpacked(*packed) else { continue };
        for end in [1, 0] {
            let node = network.links.ends[link as usize][end] as usize;
            network.links.next[link as usize][end] = network.nodes.first[node];
            network.nodes.first[node] = link * 2 + end as u32;
        }
    }
    for (_, node) in made {
        network.place_made(node);
    }
}

/// Finds the links that valve positions are on.
fn bind_valves(network: &mut Network) {
    let found: Vec<Option<u32>> =
        network.valves.rows.par_iter().map(|valve| network.find_half(valve)).collect();
    let (mut by_half, mut by_link) = (Vec::new(), Vec::new());
    for (at, (valve, half)) in network.valves.rows.iter_mut().zip(found).enumerate() {
        valve.half = half;
        by_link.push((valve.link_key, at as u32));
        by_half.extend(half.map(|half| (u64::from(half), at as u32)));
        if let Some(half) = half.filter(|_| valve.cuts()) {
            network.links.bits[half as usize / 2] |= link_bit::CUT[half as usize % 2];
        }
    }
    network.valves.by_half = Index::new(by_half);
    network.valves.by_link_key = Index::new(by_link);
}

impl Network {
    /// Makes a node up for links' ends with a key.
    pub(crate) fn push_made(&mut self, key: u64) -> u32 {
        self.nodes.push(NodeRow {
            id: MADE,
            at: [f64::NAN; 2],
            key: [key, 0],
            bits: 0,
            element: onemap_model::Element::Junction,
            facts: crate::network::NodeFacts::default(),
        })
    }

    /// Puts a made-up node where its links end: the one of the least id that has a shape, and no other.
    pub(crate) fn place_made(&mut self, node: u32) {
        let half = self.half_edges(node).find(|(link, _)| {
            let line = &self.links.facts[*link as usize].line;
            line.start < line.end
        });
        let (mut at, mut z, mut ground) = ([f64::NAN; 2], f32::NAN, f32::NAN);
        if let Some((link, end)) = half {
            let facts = &self.links.facts[link as usize];
            let corner = if end == 0 { facts.line.start } else { facts.line.end - 1 };
            at = self.lines.xy[corner as usize];
            z = self.lines.z[corner as usize];
            ground = facts.ground[end];
        }
        self.nodes.at[node as usize] = at;
        self.nodes.facts[node as usize].z = z;
        self.nodes.facts[node as usize].ground = ground;
    }

    /// Returns the node that links' ends with a key belong to.
    pub(crate) fn holder(&self, key: u64) -> Option<u32> {
        let nodes = self.by_key.get(key);
        nodes.min_by_key(|node| (self.nodes.id[*node as usize], *node))
    }

    /// Takes a half-edge out of the list around its node.
    pub(crate) fn unhook(&mut self, half: u32) {
        let (link, end) = (half as usize / 2, half as usize % 2);
        let node = self.links.ends[link][end] as usize;
        let after = self.links.next[link][end];
        let mut at = self.nodes.first[node];
        if at == half {
            self.nodes.first[node] = after;
        }
        while at != NONE && at != half {
            let next = &mut self.links.next[at as usize / 2][at as usize % 2];
            if *next == half {
                *next = after;
                break;
            }
            at = *next;
        }
        self.links.next[link][end] = NONE;
        self.links.ends[link][end] = NONE;
    }

    /// Puts a half-edge into the list around a node, by the link's id.
    pub(crate) fn hook(&mut self, half: u32, node: u32) {
        let (link, end) = (half as usize / 2, half as usize % 2);
        let place = |half: u32| (self.links.id[half as usize / 2], half % 2);
        let (mut before, mut after) = (NONE, self.nodes.first[node as usize]);
        while after != NONE && place(after) < place(half) {
            before = after;
            after = self.links.next[after as usize / 2][after as usize % 2];
        }
        self.links.ends[link][end] = node;
        self.links.next[link][end] = after;
        match before {
            NONE => self.nodes.first[node as usize] = half,
            before => self.links.next[before as usize / 2][before as usize % 2] = half,
        }
    }
}
