//! The tree over the features of one view of a layer.

use std::borrow::Cow;
use std::sync::Arc;

use onemap_crs::LocalFrame;
use onemap_model::{FeatureId, GeoCell};
use rayon::slice::ParallelSliceMut;

use crate::item::{Entry, Item};
use crate::node::Node;
use crate::places::Places;

/// How large tiles may grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of features in full detail that one tile holds.
    pub leaf_bytes: u64,
    /// Features that one tile holds.
    pub leaf_features: usize,
    /// The least level at which features are shown in full detail: tiles above are too wide for it.
    pub least_leaf_level: u8,
    /// The deepest level.
    pub last_level: u8,
}

impl Default for Limits {
    fn default() -> Self {
        Self { leaf_bytes: 430_000, leaf_features: 20_000, least_leaf_level: 13, last_level: 22 }
    }
}

impl Limits {
    /// Tells whether features of a cell fit into one tile. What fits into a cell fits into those below, too.
    pub(crate) fn fits(&self, cell: GeoCell, count: usize, bytes: u64) -> bool {
        // A lone feature is as large in any cell; but far from its frame's middle 32 bits are too few for its places.
        let small = count <= 1 || count <= self.leaf_features && bytes <= self.leaf_bytes;
        cell.z() >= self.last_level || cell.z() >= self.least_leaf_level && small
    }

    /// Returns the node of what is in a cell, given along the Morton curve; `None` when there is nothing.
    pub(crate) fn grown(&self, mut cell: GeoCell, features: &[Entry]) -> Option<Node> {
        if features.is_empty() {
            return None;
        }
        let bytes = features.iter().map(|entry| u64::from(entry.bytes)).sum();
        while !self.fits(cell, features.len(), bytes) {
            let parts = split(cell, features);
            if let [(only, _)] = parts.as_slice() {
                cell = *only;
                continue;
            }
            let below = parts.into_iter().filter_map(|(cell, part)| self.grown(cell, part));
            return Some(Node::above(cell, below.map(Arc::new).collect()));
        }
        Some(Node::leaf(cell, features.to_vec()))
    }
}

/// Returns the parts of a cell that have features.
fn split(cell: GeoCell, features: &[Entry]) -> Vec<(GeoCell, &[Entry])> {
    let mut parts = Vec::with_capacity(4);
    let mut rest = features;
    for quarter in cell.children().into_iter().flatten() {
        let (first, length) = quarter.code_range();
        let last = first + (length - 1);
        let (here, beyond) = rest.split_at(rest.partition_point(|entry| entry.code <= last));
        if !here.is_empty() {
            parts.push((quarter, here));
        }
        rest = beyond;
    }
    parts
}

/// The features of one view of a layer, and the tiles that they make.
///
/// A feature belongs to the one leaf whose cell holds the middle of its box. A leaf is the greatest cell whose features fit
/// into one tile; interior nodes have at least two children, so that a node's cell may be several levels below its
/// parent's. Trees share the nodes that they have in common: a copy costs nothing, and an edit as much as its depth.
#[derive(Debug, Clone, Default)]
pub struct TileTree {
    pub(crate) root: Option<Arc<Node>>,
    pub(crate) places: Places,
    pub(crate) limits: Limits,
}

/// What a tree has in a cell.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Within<'t> {
    Nothing,
    /// A node with all that is in it.
    Node(&'t Node),
    /// Some features of a leaf.
    Part(&'t [Entry]),
}

/// Returns the frame of the middle of a cell, on the ellipsoid.
pub fn frame(cell: GeoCell) -> LocalFrame {
    let [lon, lat] = cell.bounds().center();
    LocalFrame::at([lon, lat, 0.0])
}

/// Tells whether a cell lies in another, or is it.
fn lies_in(cell: GeoCell, other: GeoCell) -> bool {
    cell.z() >= other.z() && cell.ancestor(other.z()) == other
}

/// Collects the features of a tree that is to be.
#[derive(Debug, Default)]
pub struct TreeBuilder(Vec<Entry>);

impl TreeBuilder {
    /// Adds a feature.
    pub fn add(&mut self, item: &Item) {
        self.0.push(item.pack());
    }

    /// Makes the tree; the order in which items came does not matter.
    pub fn finish(self, limits: Limits) -> TileTree {
        let mut entries = self.0;
        entries.par_sort_unstable_by_key(Entry::key);
        let root = limits.grown(GeoCell::ROOT, &entries).map(Arc::new);
        TileTree { root, places: Places::of(entries.iter()), limits }
    }
}

impl TileTree {
    /// Makes a tree; the order of the items does not matter.
    pub fn new(items: impl IntoIterator<Item = Item>, limits: Limits) -> Self {
        TreeBuilder(items.into_iter().map(|item| item.pack()).collect()).finish(limits)
    }

    /// Returns what is in a cell.
    pub(crate) fn within(&self, cell: GeoCell) -> Within<'_> {
        let Some(mut node) = self.root() else { return Within::Nothing };
        loop {
            if lies_in(node.cell, cell) {
                return Within::Node(node);
            }
            if !lies_in(cell, node.cell) {
                return Within::Nothing;
            }
            if node.is_leaf() {
                let (first, length) = cell.code_range();
                let features = node.own();
                let begin = features.partition_point(|entry| entry.code < first);
                let last = first.saturating_add(length.wrapping_sub(1));
                let end = features.partition_point(|entry| entry.code <= last);
                let part = features.get(begin..end).unwrap_or(&[]);
                return if part.is_empty() { Within::Nothing } else { Within::Part(part) };
            }
            let meets = |below: &&Arc<Node>| lies_in(below.cell, cell) || lies_in(cell, below.cell);
            match node.below().iter().find(meets) {
                Some(below) => node = below,
                None => return Within::Nothing,
            }
        }
    }

    /// Tells whether a cell's features are too many for one tile.
    pub(crate) fn is_split(&self, cell: GeoCell) -> bool {
        match self.within(cell) {
            Within::Node(node) => !self.limits.fits(cell, node.count, node.bytes),
            Within::Nothing | Within::Part(_) => false,
        }
    }

    /// Returns the root; `None` when there are no features.
    pub fn root(&self) -> Option<&Node> {
        self.root.as_deref()
    }

    /// Returns the node of a cell.
    pub fn node(&self, cell: GeoCell) -> Option<&Node> {
        match self.within(cell) {
            Within::Node(node) if node.cell == cell => Some(node),
            _ => None,
        }
    }

    /// Returns the node of a cell, or what would be its node if the tree had one there; `None` when the cell has no
    /// features. It depends on the features whose middle lies in the cell and on nothing else.
    pub fn tile(&self, cell: GeoCell) -> Option<Cow<'_, Node>> {
        match self.within(cell) {
            Within::Nothing => None,
            Within::Node(node) if node.cell == cell => Some(Cow::Borrowed(node)),
            Within::Node(node) => Some(Cow::Owned(Node { cell, ..node.clone() })),
            Within::Part(features) => Some(Cow::Owned(Node::leaf(cell, features.to_vec()))),
        }
    }

    /// Returns the children of a node.
    pub fn children<'t>(&'t self, node: &'t Node) -> impl Iterator<Item = &'t Node> {
        node.below().iter().map(|below| &**below)
    }

    /// Returns the node that a cell's node is a child of.
    pub fn parent(&self, cell: GeoCell) -> Option<&Node> {
        let mut node = self.root().filter(|root| root.cell != cell && lies_in(cell, root.cell))?;
        while let Some(below) =
            node.below().iter().find(|below| below.cell != cell && lies_in(cell, below.cell))
        {
            node = below;
        }
        Some(node)
    }

    /// Returns all nodes, parents before their children.
    pub fn nodes(&self) -> Vec<&Node> {
        let mut nodes = Vec::new();
        let mut waiting: Vec<&Node> = self.root().into_iter().collect();
        while let Some(node) = waiting.pop() {
            nodes.push(node);
            waiting.extend(node.below().iter().rev().map(|below| &**below));
        }
        nodes
    }

    /// Returns the number of features.
    pub fn len(&self) -> usize {
        self.root().map_or(0, |root| root.count)
    }

    /// Tells whether there are no features.
    pub fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// Returns the features of a node, by their place on the Morton curve, and by id.
    pub fn ids(&self, node: &Node) -> impl Iterator<Item = FeatureId> {
        node.entries().map(|entry| entry.id)
    }

    /// Returns the memory that the tree takes, bytes.
    pub fn memory(&self) -> usize {
        self.root().map_or(0, Node::memory) + self.places.memory()
    }
}
