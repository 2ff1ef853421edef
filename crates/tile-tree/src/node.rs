//! Tiles of the tree.

use std::slice;
use std::sync::Arc;

use onemap_crs::LocalFrame;
use onemap_model::{Bounds, GeoCell};

use crate::error_metres::geometric_error;
use crate::item::{Entry, degrees};
use crate::tree::frame;

/// The geometric error of a tile is so many times what rounding may take: far less than anybody sees.
const TOLERANCES: f64 = 256.0;

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
    pub(crate) inside: Inside,
}

/// What a node is made of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Inside {
    /// Features of a leaf, along the Morton curve.
    Features(Vec<Entry>),
    /// Two to four nodes below, along the Morton curve.
    Nodes(Vec<Arc<Node>>),
}

impl Node {
    /// Makes a leaf of features along the Morton curve.
    pub(crate) fn leaf(cell: GeoCell, features: Vec<Entry>) -> Self {
        let (mut low, mut high) = ([u32::MAX; 2], [0; 2]);
        let (mut bottom, mut top) = (f32::MAX, f32::MIN);
        let mut bytes = 0;
        for entry in &features {
            for axis in 0..2 {
                low[axis] = low[axis].min(entry.low[axis]);
                high[axis] = high[axis].max(entry.high[axis]);
            }
            bottom = bottom.min(entry.heights[0]);
            top = top.max(entry.heights[1]);
            bytes += u64::from(entry.bytes);
        }
        Self {
            cell,
            bounds: degrees(low, high),
            heights: [f64::from(bottom), f64::from(top)],
            count: features.len(),
            bytes,
            inside: Inside::Features(features),
        }
    }

    /// Makes a node of nodes along the Morton curve.
    pub(crate) fn above(cell: GeoCell, nodes: Vec<Arc<Self>>) -> Self {
        let (least, most) = (f64::INFINITY, f64::NEG_INFINITY);
        let mut node = Self {
            cell,
            bounds: Bounds { west: least, south: least, east: most, north: most },
            heights: [least, most],
            count: 0,
            bytes: 0,
            inside: Inside::Nodes(Vec::new()),
        };
        for below in &nodes {
            node.bounds = node.bounds.union(below.bounds);
            let [low, high] = below.heights;
            node.heights = [node.heights[0].min(low), node.heights[1].max(high)];
            node.count += below.count;
            node.bytes += below.bytes;
        }
        node.inside = Inside::Nodes(nodes);
        node
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
        matches!(self.inside, Inside::Features(_))
    }

    /// Returns the nodes below; none for a leaf.
    pub(crate) fn below(&self) -> &[Arc<Self>] {
        match &self.inside {
            Inside::Features(_) => &[],
            Inside::Nodes(nodes) => nodes,
        }
    }

    /// Returns the features of a leaf; none for a node above others.
    pub(crate) fn own(&self) -> &[Entry] {
        match &self.inside {
            Inside::Features(features) => features,
            Inside::Nodes(_) => &[],
        }
    }

    /// Returns all its features, along the Morton curve, on equal places by id.
    pub(crate) fn entries(&self) -> Entries<'_> {
        Entries { waiting: vec![self], here: [].iter() }
    }

    /// Returns the memory that it takes with all that is below, bytes.
    pub(crate) fn memory(&self) -> usize {
        let inside = match &self.inside {
            Inside::Features(features) => features.capacity() * size_of::<Entry>(),
            Inside::Nodes(nodes) => {
                let below: usize = nodes.iter().map(|node| node.memory()).sum();
                below + nodes.capacity() * size_of::<Arc<Self>>()
            }
        };
        size_of::<Self>() + 2 * size_of::<usize>() + inside
    }
}

/// The features of a node.
#[derive(Debug, Clone)]
pub(crate) struct Entries<'n> {
    /// Nodes to come, the next one last.
    waiting: Vec<&'n Node>,
    here: slice::Iter<'n, Entry>,
}

impl<'n> Iterator for Entries<'n> {
    type Item = &'n Entry;

    fn next(&mut self) -> Option<&'n Entry> {
        loop {
            if let Some(entry) = self.here.next() {
                return Some(entry);
            }
            let node = self.waiting.pop()?;
            self.here = node.own().iter();
            self.waiting.extend(node.below().iter().rev().map(|node| &**node));
        }
    }
}
