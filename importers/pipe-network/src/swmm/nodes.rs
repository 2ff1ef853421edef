//! Junctions, outfalls, storage units and dividers, and their places.

use onemap_model::{Element, Value};

use super::{Read, Reader, at_least, key};
use crate::draft::{Node, Origin};
use crate::input::{self, Line, short};
use crate::model::put;

/// The file's own fields of nodes and subcatchments.
pub(super) const FIELDS: [&str; 14] = [
    "tag",
    "max_depth_m",
    "initial_depth_m",
    "surcharge_depth_m",
    "outfall_type",
    "stage",
    "storage_shape",
    "storage_curve",
    "diverted_to",
    "divider_type",
    "raingage",
    "outlet",
    "area_ha",
    "impervious_percent",
];

pub(super) const TAG: u32 = 0;
const MAX_DEPTH: u32 = 1;
const INITIAL_DEPTH: u32 = 2;
const SURCHARGE_DEPTH: u32 = 3;
const OUTFALL_TYPE: u32 = 4;
const STAGE: u32 = 5;
const STORAGE_SHAPE: u32 = 6;
const STORAGE_CURVE: u32 = 7;
const DIVERTED_TO: u32 = 8;
const DIVIDER_TYPE: u32 = 9;
pub(super) const RAINGAGE: u32 = 10;
pub(super) const OUTLET: u32 = 11;
pub(super) const AREA: u32 = 12;
pub(super) const IMPERVIOUS: u32 = 13;

impl Reader<'_> {
    /// Makes a node with its bottom.
    fn new_node(&self, origin: Origin, line: &Line<'_>, element: Element) -> Result<Node, String> {
        let id = line.word(0).unwrap_or_default();
        if id.is_empty() {
            return Err("the node has no id".into());
        }
        if let Some(first) = self.nodes.get(&key(id)).and_then(|&at| self.draft.nodes.get(at)) {
            let first = first.origin.record;
            return Err(format!("the id '{}' is that of the node in line {first} too", short(id)));
        }
        let bottom = self.units.metres(line.number(1)?);
        Ok(Node {
            origin,
            code: id.to_owned(),
            element: Some(element),
            bottom: Some(bottom),
            z: Some(bottom),
            ..Node::default()
        })
    }

    fn add_node(&mut self, node: Node) {
        self.nodes.insert(key(&node.code), self.draft.nodes.len());
        self.draft.nodes.push(node);
    }

    /// Reads a depth above the bottom.
    fn depth(&self, node: &mut Node, line: &Line<'_>, at: usize, field: u32) -> Read {
        if let Some(depth) = line.optional(at)? {
            let depth = self.units.metres(depth);
            put(&mut node.extra, field, Value::Float(depth));
            // Nodes without a depth end at the top of their highest pipe, and the ground is not known.
            if field == MAX_DEPTH && depth > 0.0 {
                node.ground = node.bottom.map(|bottom| bottom + depth);
            }
        }
        Ok(())
    }

    /// Reads a junction: id, bottom, greatest depth, depth at the start, depth when surcharged, ponded area.
    pub(super) fn junction(&mut self, origin: Origin, line: &Line<'_>) -> Read {
        at_least(line, 2)?;
        let mut node = self.new_node(origin, line, Element::Junction)?;
        self.depth(&mut node, line, 2, MAX_DEPTH)?;
        self.depth(&mut node, line, 3, INITIAL_DEPTH)?;
        self.depth(&mut node, line, 4, SURCHARGE_DEPTH)?;
        self.add_node(node);
        Ok(())
    }

    /// Reads an outfall: id, bottom, type, its level or curve.
    pub(super) fn outfall(&mut self, origin: Origin, line: &Line<'_>) -> Read {
        at_least(line, 3)?;
        let mut node = self.new_node(origin, line, Element::Outfall)?;
        let kind = line.word(2).unwrap_or_default().to_ascii_uppercase();
        if matches!(kind.as_str(), "FIXED" | "TIDAL" | "TIMESERIES")
            && let Some(stage) = line.word(3)
        {
            put(&mut node.extra, STAGE, Value::Text(stage.to_owned()));
        }
        put(&mut node.extra, OUTFALL_TYPE, Value::Text(kind));
        self.add_node(node);
        Ok(())
    }

    /// Reads a storage unit: id, bottom, greatest depth, depth at the start, shape, curve or numbers of the shape.
    pub(super) fn storage(&mut self, origin: Origin, line: &Line<'_>) -> Read {
        at_least(line, 6)?;
        let mut node = self.new_node(origin, line, Element::Tank)?;
        self.depth(&mut node, line, 2, MAX_DEPTH)?;
        self.depth(&mut node, line, 3, INITIAL_DEPTH)?;
        let shape = line.word(4).unwrap_or_default().to_ascii_uppercase();
        if shape == "TABULAR"
            && let Some(curve) = line.word(5)
        {
            put(&mut node.extra, STORAGE_CURVE, Value::Text(curve.to_owned()));
        }
        put(&mut node.extra, STORAGE_SHAPE, Value::Text(shape));
        self.add_node(node);
        Ok(())
    }

    /// Reads a flow divider: id, bottom, the link that takes what is diverted, type and its numbers, then depths.
    pub(super) fn divider(&mut self, origin: Origin, line: &Line<'_>) -> Read {
        at_least(line, 4)?;
        let mut node = self.new_node(origin, line, Element::Junction)?;
        node.feature = Some("divider".into());
        let kind = line.word(3).unwrap_or_default().to_ascii_uppercase();
        let depth_at = match kind.as_str() {
            "CUTOFF" | "TABULAR" => 5,
            "WEIR" => 7,
            _ => 4,
        };
        self.depth(&mut node, line, depth_at, MAX_DEPTH)?;
        self.depth(&mut node, line, depth_at + 1, INITIAL_DEPTH)?;
        let link = line.word(2).unwrap_or_default().to_owned();
        put(&mut node.extra, DIVERTED_TO, Value::Text(link));
        put(&mut node.extra, DIVIDER_TYPE, Value::Text(kind));
        self.add_node(node);
        Ok(())
    }

    /// Reads the place of a node. SWMM itself does not look at places.
    pub(super) fn coordinates(&mut self, line: &Line<'_>) {
        let place = place(line);
        let at = line.word(0).and_then(|id| self.node_of(id).ok());
        if let (Some(place), Some(at)) = (place, at)
            && let Some(node) = self.draft.nodes.get_mut(at)
        {
            node.at = place;
            self.placed.insert(at);
        } else {
            self.lost_places += 1;
        }
    }
}

/// Reads the two numbers behind an id.
pub(super) fn place(line: &Line<'_>) -> Option<[f64; 2]> {
    Some([input::number(line.word(1)?)?, input::number(line.word(2)?)?])
}
