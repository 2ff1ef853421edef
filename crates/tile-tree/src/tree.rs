//! The tree over the features of one view of a layer.

use std::ops::Range;

use onemap_crs::LocalFrame;
use onemap_model::{Bounds, FeatureId, GeoCell};
use rayon::slice::ParallelSliceMut;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::error_metres::geometric_error;
use crate::item::{Entry, Item, degrees};

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
        Self { leaf_bytes: 400_000, leaf_features: 20_000, least_leaf_level: 13, last_level: 22 }
    }
}

/// The geometric error of a tile is so many times what rounding may take: far less than anybody sees.
const TOLERANCES: f64 = 256.0;

/// The features of one view of a layer, and the tiles that they make.
///
/// A feature belongs to the one leaf whose cell holds the middle of its box. A leaf is the greatest cell whose features fit
/// into one tile; interior nodes have at least two children, so that a node's cell may be several levels below its
/// parent's.
#[derive(Debug, Clone, Default)]
pub struct TileTree {
    pub(crate) entries: Vec<Entry>,
    nodes: Vec<Node>,
    by_cell: FxHashMap<GeoCell, u32>,
    limits: Limits,
}

/// A tile of the tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Its cell, by which it is addressed.
    pub cell: GeoCell,
    /// Box of all its features, degrees; it may reach beyond the cell.
    pub bounds: Bounds,
    /// Least and greatest ellipsoidal height of its features, metres.
    pub heights: [f64; 2],
    /// Number of its features.
    pub count: usize,
    /// Bytes that its features take in full detail, roughly.
    pub bytes: u64,
    /// Where its features are among the entries.
    pub(crate) range: Range<usize>,
    children: Vec<u32>,
}

impl Node {
    fn empty(cell: GeoCell, range: Range<usize>) -> Self {
        let (least, most) = (f64::INFINITY, f64::NEG_INFINITY);
        Self {
            cell,
            bounds: Bounds { west: least, south: least, east: most, north: most },
            heights: [least, most],
            count: 0,
            bytes: 0,
            range,
            children: Vec::new(),
        }
    }

    /// Returns the node with what a child has besides.
    fn with(mut self, child: &Self) -> Self {
        self.bounds = self.bounds.union(child.bounds);
        self.heights =
            [self.heights[0].min(child.heights[0]), self.heights[1].max(child.heights[1])];
        self.count += child.count;
        self.bytes += child.bytes;
        self
    }

    /// Returns the frame in which its content is: that of the middle of its cell, on the ellipsoid. It depends on
    /// nothing but the address, so that content fits whatever tileset named it.
    pub fn frame(&self) -> LocalFrame {
        frame(self.cell)
    }

    /// Returns its geometric error, metres.
    pub fn geometric_error(&self) -> f64 {
        if self.is_leaf() { 0.0 } else { geometric_error(self.cell.z()) }
    }

    /// Returns how far the places of its content may be off for being rounded, metres; its volume is larger by this.
    pub fn tolerance(&self) -> f64 {
        self.geometric_error() / TOLERANCES
    }

    /// Returns the box of what it shows, degrees, and its heights, metres: that of its features with room for rounding.
    pub fn volume(&self) -> (Bounds, [f64; 2]) {
        // No degree is shorter, along a meridian.
        let degrees = self.tolerance() / 110_500.0;
        let wide = degrees / libm::cos(self.bounds.center()[1].to_radians()).max(1e-3);
        let Bounds { west, south, east, north } = self.bounds;
        let bounds = Bounds {
            west: west - wide,
            south: south - degrees,
            east: east + wide,
            north: north + degrees,
        };
        let [low, high] = self.heights;
        (bounds, [low - self.tolerance(), high + self.tolerance()])
    }

    /// Tells whether it shows its features in full detail.
    pub fn is_leaf(&self) -> bool {
        self.children.is_empty()
    }
}

/// Returns the frame of the middle of a cell, on the ellipsoid.
pub fn frame(cell: GeoCell) -> LocalFrame {
    let [lon, lat] = cell.bounds().center();
    LocalFrame::at([lon, lat, 0.0])
}

impl TileTree {
    /// Makes a tree; the order of the items does not matter.
    pub fn new(items: impl IntoIterator<Item = Item>, limits: Limits) -> Self {
        let mut entries: Vec<Entry> = items.into_iter().map(|item| item.pack()).collect();
        entries.par_sort_unstable_by_key(Entry::key);
        Self::of(entries, limits)
    }

    /// Returns the tree in which some features are others: those with the given ids are taken out, and the items put in.
    /// The same as a new tree of what results.
    #[must_use]
    pub fn changed(&self, ids: &[FeatureId], items: impl IntoIterator<Item = Item>) -> Self {
        let gone: FxHashSet<FeatureId> = ids.iter().copied().collect();
        let mut new: Vec<Entry> = items.into_iter().map(|item| item.pack()).collect();
        new.sort_unstable_by_key(Entry::key);
        let mut entries = Vec::with_capacity(self.entries.len() + new.len());
        let mut new = new.into_iter().peekable();
        for entry in self.entries.iter().filter(|entry| !gone.contains(&entry.id)) {
            while let Some(earlier) = new.next_if(|earlier| earlier.key() < entry.key()) {
                entries.push(earlier);
            }
            entries.push(*entry);
        }
        entries.extend(new);
        Self::of(entries, self.limits)
    }

    fn of(entries: Vec<Entry>, limits: Limits) -> Self {
        let mut tree = Self { entries, limits, ..Self::default() };
        if !tree.entries.is_empty() {
            tree.add(GeoCell::ROOT, 0..tree.entries.len());
        }
        tree
    }

    /// Adds the node of a cell and all below; parents come before their children.
    fn add(&mut self, cell: GeoCell, range: Range<usize>) -> u32 {
        let (mut cell, mut parts) = (cell, Vec::new());
        while !self.fits(cell, range.clone()) {
            parts = self.split(cell, range.clone());
            match parts.as_slice() {
                [(only, _)] => cell = *only,
                _ => break,
            }
        }
        if self.fits(cell, range.clone()) {
            parts.clear();
        }
        let number = self.nodes.len();
        self.by_cell.insert(cell, number as u32);
        self.nodes.push(Node::empty(cell, range.clone()));
        let children: Vec<u32> =
            parts.into_iter().map(|(cell, range)| self.add(cell, range)).collect();
        let mut node = if children.is_empty() {
            self.describe(cell, range)
        } else {
            let parts = children.iter().filter_map(|&child| self.nodes.get(child as usize));
            parts.fold(Node::empty(cell, range), Node::with)
        };
        node.children = children;
        self.nodes[number] = node;
        number as u32
    }

    /// Returns where the features of any cell are among the entries.
    pub(crate) fn range(&self, cell: GeoCell) -> Range<usize> {
        let (first, length) = cell.code_range();
        let last = first.saturating_add(length.wrapping_sub(1));
        let begin = self.entries.partition_point(|entry| entry.code < first);
        let end = self.entries.partition_point(|entry| entry.code <= last);
        begin..end
    }

    /// Tells whether a cell's features are too many for one tile.
    pub(crate) fn is_split(&self, cell: GeoCell) -> bool {
        let range = self.range(cell);
        !range.is_empty() && !self.fits(cell, range)
    }

    fn fits(&self, cell: GeoCell, range: Range<usize>) -> bool {
        let Limits { leaf_bytes, leaf_features, least_leaf_level, last_level } = self.limits;
        if cell.z() >= last_level {
            return true;
        }
        if cell.z() < least_leaf_level || range.len() > leaf_features {
            // A lone feature is as large in any cell.
            return range.len() == 1;
        }
        let mut bytes = 0;
        range.len() == 1
            || self.entries[range].iter().all(|entry| {
                bytes += u64::from(entry.bytes);
                bytes <= leaf_bytes
            })
    }

    /// Returns the parts of a cell that have features.
    fn split(&self, cell: GeoCell, range: Range<usize>) -> Vec<(GeoCell, Range<usize>)> {
        let mut parts = Vec::with_capacity(4);
        let mut begin = range.start;
        for child in cell.children().into_iter().flatten() {
            let (first, length) = child.code_range();
            let last = first + (length - 1);
            let rest = &self.entries[begin..range.end];
            let end = begin + rest.partition_point(|entry| entry.code <= last);
            if end > begin {
                parts.push((child, begin..end));
            }
            begin = end;
        }
        parts
    }

    fn describe(&self, cell: GeoCell, range: Range<usize>) -> Node {
        let (mut low, mut high) = ([u32::MAX; 2], [0; 2]);
        let (mut bottom, mut top) = (f32::MAX, f32::MIN);
        let mut bytes = 0;
        for entry in &self.entries[range.clone()] {
            for axis in 0..2 {
                low[axis] = low[axis].min(entry.low[axis]);
                high[axis] = high[axis].max(entry.high[axis]);
            }
            bottom = bottom.min(entry.heights[0]);
            top = top.max(entry.heights[1]);
            bytes += u64::from(entry.bytes);
        }
        let (bounds, heights) = (degrees(low, high), [f64::from(bottom), f64::from(top)]);
        Node { bounds, heights, count: range.len(), bytes, ..Node::empty(cell, range) }
    }

    /// Returns the root; `None` when there are no features.
    pub fn root(&self) -> Option<&Node> {
        self.nodes.first()
    }

    /// Returns the node of a cell.
    pub fn node(&self, cell: GeoCell) -> Option<&Node> {
        self.nodes.get(*self.by_cell.get(&cell)? as usize)
    }

    /// Returns the children of a node.
    pub fn children<'t>(&'t self, node: &'t Node) -> impl Iterator<Item = &'t Node> {
        node.children.iter().filter_map(|&child| self.nodes.get(child as usize))
    }

    /// Returns the node that a cell's node is a child of.
    pub fn parent(&self, cell: GeoCell) -> Option<&Node> {
        let mut above = cell.parent();
        while let Some(cell) = above {
            if let Some(node) = self.node(cell) {
                return Some(node);
            }
            above = cell.parent();
        }
        None
    }

    /// Returns all nodes, parents before their children.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Returns the number of features.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Tells whether there are no features.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the features of a node, by their place on the Morton curve, and by id.
    pub fn ids(&self, node: &Node) -> impl Iterator<Item = FeatureId> {
        self.entries.get(node.range.clone()).unwrap_or(&[]).iter().map(|entry| entry.id)
    }

    /// Returns the memory that the tree takes, bytes.
    pub fn memory(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>()
            + self.nodes.capacity() * (size_of::<Node>() + 4 * size_of::<u32>())
            + self.by_cell.capacity() * (size_of::<(GeoCell, u32)>() + 1)
    }
}
