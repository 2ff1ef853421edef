//! The network itself: nodes, links, and what is known of them, in columns.

use std::ops::Range;

use onemap_model::{Element, FeatureId, PipeClass};
use serde::{Deserialize, Serialize};

use crate::index::Index;
use crate::text::{Symbol, Texts};

/// No node, link or half-edge.
pub(crate) const NONE: u32 = u32::MAX;
/// Id of a node that no feature stands for.
pub(crate) const MADE: u64 = u64::MAX;
/// Id in a slot that is free.
pub(crate) const DEAD: u64 = u64::MAX - 1;

/// Position of a node in its network; holds until the node is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeIx(pub u32);

/// Position of a link in its network; holds until the link is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkIx(pub u32);

/// Shape of a section.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Shape {
    /// Not known.
    #[default]
    Unknown,
    /// A circle.
    Round,
    /// A rectangle, and any other closed shape in its box: duct banks, culverts.
    Rectangle,
    /// An egg or arch in its box.
    Egg,
    /// A trapezoid or open channel in its box.
    Open,
}

/// Section of a link, metres. An unknown size is 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// Shape.
    pub shape: Shape,
    /// Inner width; the inner diameter of a round one.
    pub width: f32,
    /// Inner height; the inner diameter of a round one.
    pub height: f32,
    /// Allowance for the wall, on each side ([`crate::wall_allowance`]).
    pub wall: f32,
}

impl Section {
    /// Returns the outer width and height, metres.
    pub fn outer(&self) -> [f64; 2] {
        [self.width, self.height].map(|inner| f64::from(inner) + 2.0 * f64::from(self.wall))
    }

    /// Returns the inner area, square metres.
    pub fn area(&self) -> f64 {
        let (width, height) = (f64::from(self.width), f64::from(self.height));
        match self.shape {
            Shape::Round | Shape::Egg => std::f64::consts::FRAC_PI_4 * width * height,
            Shape::Unknown | Shape::Rectangle | Shape::Open => width * height,
        }
    }
}

/// What the surveyed heights of a link are those of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Level {
    /// Not stated.
    #[default]
    Unknown,
    /// The outer top.
    Top,
    /// The inner bottom.
    Invert,
    /// The centre line.
    Centre,
}

/// Which way it flows in a link, from its first end to its last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Direction {
    /// Not known: nothing is given, and the ends are level or without heights. Never guessed from the drawing order.
    #[default]
    Ambiguous,
    /// From the first end to the last.
    Forward,
    /// From the last end to the first.
    Backward,
    /// Stated to be both ways, or neither.
    Both,
}

/// What the direction of a link is known from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum DirectionBy {
    /// It is not known.
    #[default]
    Nothing,
    /// The source states it.
    Given,
    /// The heights of its ends: a gravity link falls.
    Inverts,
    /// The kind of element: pumps and check valves of a model go from their first node to their last.
    Element,
    /// Computed hydraulics of the source.
    Computed,
}

/// Bits of a link.
pub(crate) mod link_bit {
    pub(crate) const CLOSED: u8 = 1;
    pub(crate) const ONE_WAY: u8 = 2;
    /// It is a valve by itself.
    pub(crate) const VALVE: u8 = 4;
    pub(crate) const INOPERABLE: u8 = 8;
    pub(crate) const HIDDEN: u8 = 16;
    /// A valve position cuts its first, its last end.
    pub(crate) const CUT: [u8; 2] = [32, 64];
}

/// Bits of a node.
pub(crate) mod node_bit {
    pub(crate) const CLOSED: u8 = 1;
    pub(crate) const VALVE: u8 = 4;
    pub(crate) const INOPERABLE: u8 = 8;
    pub(crate) const HIDDEN: u8 = 16;
}

/// What traces do not look at.
#[derive(Debug, Clone, Default)]
pub(crate) struct LinkFacts {
    pub code: Range<u32>,
    /// Corners in [`Lines`].
    pub line: Range<u32>,
    pub subclass: Symbol,
    pub section_text: Symbol,
    pub material: Symbol,
    pub laying: Symbol,
    pub pressure: Symbol,
    pub owner: Symbol,
    pub road: Symbol,
    /// Year of building, 0: not known.
    pub built: i16,
    pub holes: u16,
    pub ground: [f32; 2],
    pub section: Section,
    /// Outer diameter of the casing, metres; 0: none.
    pub casing: f32,
    pub level: Level,
    pub class: Option<PipeClass>,
    pub element: Option<Element>,
    pub by: DirectionBy,
}

/// Columns of links, by [`LinkIx`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Links {
    pub id: Vec<u64>,
    pub ends: Vec<[u32; 2]>,
    /// Next half-edge around each end: `link * 2 + end`.
    pub next: Vec<[u32; 2]>,
    /// What its ends are found by ([`crate::keys`]).
    pub key: Vec<[u64; 2]>,
    /// Key of its own code, 0: none.
    pub code_key: Vec<u64>,
    pub bits: Vec<u8>,
    pub direction: Vec<Direction>,
    /// Metres.
    pub length: Vec<f32>,
    pub facts: Vec<LinkFacts>,
    pub free: Vec<u32>,
}

/// Columns of nodes, by [`NodeIx`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Nodes {
    pub id: Vec<u64>,
    pub at: Vec<[f64; 2]>,
    /// First half-edge.
    pub first: Vec<u32>,
    /// Keys by which links find it: of its code and of its place, 0: none.
    pub key: Vec<[u64; 2]>,
    pub bits: Vec<u8>,
    pub element: Vec<Element>,
    pub facts: Vec<NodeFacts>,
    pub free: Vec<u32>,
}

/// What traces do not look at.
#[derive(Debug, Clone)]
pub(crate) struct NodeFacts {
    pub code: Range<u32>,
    pub z: f32,
    pub ground: f32,
    pub bottom: f32,
    pub owner: Symbol,
    pub feature: Symbol,
    pub appurtenance: Symbol,
}

/// Corners of all links.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lines {
    pub xy: Vec<[f64; 2]>,
    /// Heights of the centre line, NaN: not known.
    pub z: Vec<f32>,
}

/// A pipe network as a graph.
///
/// A node is a point of the layer, or was made up where links meet without one ([`Node::is_made_up`]). A link is a line of
/// the layer. Built by [`crate::NetworkBuilder`], kept up to date by [`Network::apply`]. Questions take `&self` and may be
/// asked by many threads at once; each borrows marks of some 16 bytes for each node and link, which are kept for the next.
#[derive(Debug, Default)]
pub struct Network {
    pub(crate) nodes: Nodes,
    pub(crate) links: Links,
    pub(crate) valves: crate::valves::Positions,
    pub(crate) lines: Lines,
    pub(crate) texts: Texts,
    /// Features by id: links as `index * 4`, nodes as `index * 4 + 1`, valve positions as `index * 4 + 2`.
    pub(crate) by_id: Index,
    /// Nodes by the keys of links' ends.
    pub(crate) by_key: Index,
    /// Links by the keys of their codes.
    pub(crate) by_link_code: Index,
    pub(crate) columns: crate::columns::Columns,
    pub(crate) options: crate::build::Options,
    pub(crate) zones: std::sync::OnceLock<crate::zones::Zones>,
    pub(crate) scratch: crate::scratch::Pool,
}

/// A node of a network.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    network: &'a Network,
    at: usize,
}

/// A link of a network.
#[derive(Debug, Clone, Copy)]
pub struct Link<'a> {
    network: &'a Network,
    at: usize,
}

impl Network {
    /// Returns all links, in a fixed order; those that the view hides are left out.
    pub fn links(&self) -> impl Iterator<Item = LinkIx> + '_ {
        let ids = self.links.id.iter().zip(&self.links.bits).enumerate();
        ids.filter(|(_, (id, bits))| **id < DEAD && **bits & link_bit::HIDDEN == 0)
            .map(|(at, _)| LinkIx(at as u32))
    }

    /// Returns all nodes, made-up ones included, in a fixed order; those that the view hides are left out.
    pub fn nodes(&self) -> impl Iterator<Item = NodeIx> + '_ {
        let ids = self.nodes.id.iter().zip(&self.nodes.bits).enumerate();
        ids.filter(|(_, (id, bits))| **id != DEAD && **bits & node_bit::HIDDEN == 0)
            .map(|(at, _)| NodeIx(at as u32))
    }

    /// Returns one more than the greatest position of a link; some below may be free.
    pub fn link_slots(&self) -> usize {
        self.links.id.len()
    }

    /// Returns one more than the greatest position of a node; some below may be free.
    pub fn node_slots(&self) -> usize {
        self.nodes.id.len()
    }

    /// Looks at a link.
    ///
    /// # Panics
    /// Panics at a position that this network never gave out.
    pub fn link(&self, link: LinkIx) -> Link<'_> {
        let at = link.0 as usize;
        assert!(at < self.links.id.len(), "no link at {at}");
        Link { network: self, at }
    }

    /// Looks at a node.
    ///
    /// # Panics
    /// Panics at a position that this network never gave out.
    pub fn node(&self, node: NodeIx) -> Node<'_> {
        let at = node.0 as usize;
        assert!(at < self.nodes.id.len(), "no node at {at}");
        Node { network: self, at }
    }

    /// Finds the link of a feature, unless the view hides it.
    pub fn link_of(&self, id: FeatureId) -> Option<LinkIx> {
        let at = self.by_id.get(id.get()).find(|at| at % 4 == 0)? / 4;
        let hidden = self.links.bits[at as usize] & link_bit::HIDDEN != 0;
        (!hidden).then_some(LinkIx(at))
    }

    /// Finds the node of a feature, unless the view hides it.
    pub fn node_of(&self, id: FeatureId) -> Option<NodeIx> {
        let at = self.by_id.get(id.get()).find(|at| at % 4 == 1)? / 4;
        let hidden = self.nodes.bits[at as usize] & node_bit::HIDDEN != 0;
        (!hidden).then_some(NodeIx(at))
    }

    /// Returns the links at a node with the end (0 or 1) that lies there, by feature id; hidden ones are left out. A link
    /// that begins and ends here comes twice.
    pub fn links_at(&self, node: NodeIx) -> impl Iterator<Item = (LinkIx, usize)> + '_ {
        self.half_edges(node.0)
            .filter(|(link, _)| self.links.bits[*link as usize] & link_bit::HIDDEN == 0)
            .map(|(link, end)| (LinkIx(link), end))
    }

    /// Returns the links at a node with their ends, hidden ones included.
    pub(crate) fn half_edges(&self, node: u32) -> impl Iterator<Item = (u32, usize)> + '_ {
        let mut half = self.nodes.first[node as usize];
        std::iter::from_fn(move || {
            if half == NONE {
                return None;
            }
            let (link, end) = (half / 2, (half % 2) as usize);
            half = self.links.next[link as usize][end];
            Some((link, end))
        })
    }
}

impl<'a> Link<'a> {
    fn facts(&self) -> &'a LinkFacts {
        &self.network.links.facts[self.at]
    }

    fn symbol(&self, symbol: Symbol) -> Option<&'a str> {
        self.network.texts.symbol(symbol)
    }

    fn is(&self, bit: u8) -> bool {
        self.network.links.bits[self.at] & bit != 0
    }

    /// Returns the id of the feature; `None` for one that was removed or that the view hides.
    pub fn id(&self) -> Option<FeatureId> {
        let id = self.network.links.id[self.at];
        if self.is(link_bit::HIDDEN) { None } else { FeatureId::new(id).ok() }
    }

    /// Tells whether the view hides it: then only its owner may be told.
    pub fn is_hidden(&self) -> bool {
        self.is(link_bit::HIDDEN)
    }

    /// Returns what the source calls it; empty where it does not.
    pub fn code(&self) -> &'a str {
        self.network.texts.long(&self.facts().code)
    }

    /// Returns its nodes: at the first corner, at the last.
    pub fn ends(&self) -> [NodeIx; 2] {
        self.network.links.ends[self.at].map(NodeIx)
    }

    /// Returns what it is.
    pub fn element(&self) -> Element {
        self.facts().element.unwrap_or(Element::Pipe)
    }

    /// Returns its class.
    pub fn class(&self) -> PipeClass {
        self.facts().class.unwrap_or(PipeClass::Other)
    }

    /// Returns the code of its subclass.
    pub fn subclass(&self) -> Option<&'a str> {
        self.symbol(self.facts().subclass)
    }

    /// Returns the corners of its centre line, `[lon, lat]`; empty where the source has no shape.
    pub fn line(&self) -> &'a [[f64; 2]] {
        let line = &self.facts().line;
        &self.network.lines.xy[line.start as usize..line.end as usize]
    }

    /// Returns the heights of its centre line, one for each corner, metres; NaN where not known.
    pub fn heights(&self) -> &'a [f32] {
        let line = &self.facts().line;
        &self.network.lines.z[line.start as usize..line.end as usize]
    }

    /// Returns its length, metres: as the source states it, else along its centre line.
    pub fn length(&self) -> f64 {
        f64::from(self.network.links.length[self.at])
    }

    /// Returns its section.
    pub fn section(&self) -> Section {
        self.facts().section
    }

    /// Returns the outer diameter of the casing around it, metres; 0 where there is none.
    pub fn casing(&self) -> f64 {
        f64::from(self.facts().casing)
    }

    /// Returns the outer width and height of all of it, metres: of the casing where there is one. Free distances and
    /// cover count from there, as the standards have it: from the outer edge of what protects a pipe (GB 50187-2012, notes
    /// to table 8.2.10), of gas pipes from the casing where there is one (GB 50028-2006, table 6.3.3-2).
    pub fn outer(&self) -> [f64; 2] {
        if self.facts().casing > 0.0 { [self.casing(); 2] } else { self.section().outer() }
    }

    /// Returns the size as delivered, such as `DN300`.
    pub fn section_text(&self) -> Option<&'a str> {
        self.symbol(self.facts().section_text)
    }

    /// Returns the number of holes of a duct bank; 0 where not known.
    pub fn holes(&self) -> u16 {
        self.facts().holes
    }

    /// Returns its material.
    pub fn material(&self) -> Option<&'a str> {
        self.symbol(self.facts().material)
    }

    /// Returns how it is laid, by the code of CJJ 61-2017 such as `ZM`, else as delivered.
    pub fn laying(&self) -> Option<&'a str> {
        self.symbol(self.facts().laying)
    }

    /// Returns its pressure or voltage, as delivered.
    pub fn pressure(&self) -> Option<&'a str> {
        self.symbol(self.facts().pressure)
    }

    /// Returns who owns it: told of hidden links, too.
    pub fn owner(&self) -> Option<&'a str> {
        self.symbol(self.facts().owner)
    }

    /// Returns the road it lies in.
    pub fn road(&self) -> Option<&'a str> {
        self.symbol(self.facts().road)
    }

    /// Returns the year of building.
    pub fn built(&self) -> Option<i16> {
        Some(self.facts().built).filter(|year| *year != 0)
    }

    /// Returns the surveyed heights of the ground at its ends, metres.
    pub fn ground(&self) -> [Option<f64>; 2] {
        self.facts().ground.map(|z| Some(f64::from(z)).filter(|z| z.is_finite()))
    }

    /// Returns what its surveyed heights are those of.
    pub fn level(&self) -> Level {
        self.facts().level
    }

    /// Returns which way it flows.
    pub fn direction(&self) -> Direction {
        self.network.links.direction[self.at]
    }

    /// Returns what that is known from.
    pub fn direction_by(&self) -> DirectionBy {
        self.facts().by
    }

    /// Tells whether it is shut.
    pub fn is_closed(&self) -> bool {
        self.is(link_bit::CLOSED)
    }

    /// Tells whether nothing can pass against its direction.
    pub fn is_one_way(&self) -> bool {
        self.is(link_bit::ONE_WAY)
    }

    /// Tells whether it is a valve by itself.
    pub fn is_valve(&self) -> bool {
        self.is(link_bit::VALVE)
    }
}

impl<'a> Node<'a> {
    fn facts(&self) -> &'a NodeFacts {
        &self.network.nodes.facts[self.at]
    }

    fn is(&self, bit: u8) -> bool {
        self.network.nodes.bits[self.at] & bit != 0
    }

    /// Returns the id of the feature; `None` for a made-up node, and for one that the view hides.
    pub fn id(&self) -> Option<FeatureId> {
        let id = self.network.nodes.id[self.at];
        if self.is(node_bit::HIDDEN) { None } else { FeatureId::new(id).ok() }
    }

    /// Tells whether no feature stands for it.
    pub fn is_made_up(&self) -> bool {
        self.network.nodes.id[self.at] == MADE
    }

    /// Tells whether the view hides it: then only its owner may be told.
    pub fn is_hidden(&self) -> bool {
        self.is(node_bit::HIDDEN)
    }

    /// Returns what the source calls it; empty where it does not.
    pub fn code(&self) -> &'a str {
        self.network.texts.long(&self.facts().code)
    }

    /// Returns what it is.
    pub fn element(&self) -> Element {
        self.network.nodes.element[self.at]
    }

    /// Returns where it is, `[lon, lat]`.
    pub fn at(&self) -> Option<[f64; 2]> {
        Some(self.network.nodes.at[self.at]).filter(|at| at[0].is_finite() && at[1].is_finite())
    }

    fn height(z: f32) -> Option<f64> {
        Some(f64::from(z)).filter(|z| z.is_finite())
    }

    /// Returns its own height: of the pipes that meet there, metres.
    pub fn z(&self) -> Option<f64> {
        Self::height(self.facts().z)
    }

    /// Returns the height of the ground, metres.
    pub fn ground(&self) -> Option<f64> {
        Self::height(self.facts().ground)
    }

    /// Returns the height of its bottom, metres.
    pub fn bottom(&self) -> Option<f64> {
        Self::height(self.facts().bottom)
    }

    /// Returns who owns it: told of hidden nodes, too.
    pub fn owner(&self) -> Option<&'a str> {
        self.network.texts.symbol(self.facts().owner)
    }

    /// Returns what the surveyor called the point: 三通, 弯头.
    pub fn feature(&self) -> Option<&'a str> {
        self.network.texts.symbol(self.facts().feature)
    }

    /// Returns the appurtenance at the point: 阀门, 消防栓.
    pub fn appurtenance(&self) -> Option<&'a str> {
        self.network.texts.symbol(self.facts().appurtenance)
    }

    /// Tells whether it is a valve by itself.
    pub fn is_valve(&self) -> bool {
        self.is(node_bit::VALVE)
    }
}
