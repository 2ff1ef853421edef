//! Conduits, pumps, orifices, weirs and outlets, and what is said of them.

use onemap_model::{Element, Value};

use super::nodes::place;
use super::{Read, Reader, at_least, key};
use crate::draft::{End, Level, Link, Origin};
use crate::input::{self, Line, short};
use crate::model::put;

/// The file's own fields of links.
pub(super) const FIELDS: [&str; 13] = [
    "tag",
    "roughness",
    "crest_m",
    "type",
    "coefficient",
    "curve",
    "status",
    "flap_gate",
    "barrels",
    "culvert_code",
    "inlet",
    "inlet_count",
    "inlet_node",
];

pub(super) const TAG: u32 = 0;
const ROUGHNESS: u32 = 1;
const CREST: u32 = 2;
const TYPE: u32 = 3;
const COEFFICIENT: u32 = 4;
const CURVE: u32 = 5;
const STATUS: u32 = 6;
const FLAP_GATE: u32 = 7;
const BARRELS: u32 = 8;
const CULVERT_CODE: u32 = 9;
const INLET: u32 = 10;
const INLET_COUNT: u32 = 11;
const INLET_NODE: u32 = 12;

/// Heights nearer than this do not tell a direction, metres.
const FLAT_M: f64 = 0.0005;

impl Reader<'_> {
    /// Makes a link between its nodes.
    fn new_link(&self, origin: Origin, line: &Line<'_>, element: Element) -> Result<Link, String> {
        let id = line.word(0).unwrap_or_default();
        if id.is_empty() {
            return Err("the link has no id".into());
        }
        if let Some(first) = self.links.get(&key(id)).and_then(|&at| self.draft.links.get(at)) {
            let first = first.origin.record;
            return Err(format!("the id '{}' is that of the link in line {first} too", short(id)));
        }
        Ok(Link {
            origin,
            code: id.to_owned(),
            element: Some(element),
            from: self.end(line.word(1).unwrap_or_default())?,
            to: self.end(line.word(2).unwrap_or_default())?,
            ..Link::default()
        })
    }

    fn end(&self, id: &str) -> Result<End, String> {
        let at = self.node_of(id)?;
        let node = self.draft.nodes.get(at).ok_or("the node is not there")?;
        Ok(End { node: node.code.clone(), ground: node.ground, ..End::default() })
    }

    fn add_link(&mut self, link: Link) {
        self.links.insert(key(&link.code), self.draft.links.len());
        self.draft.links.push(link);
    }

    /// Reads the height of an end of a link: an offset from the bottom of its node, or a height. A star, where heights are
    /// given, is the bottom.
    fn height(&mut self, line: &Line<'_>, at: usize, node: &str) -> Result<Option<f64>, String> {
        let bottom = self.node_of(node).ok().and_then(|at| self.draft.nodes.get(at)?.bottom);
        let is_star = line.word(at) == Some("*") && self.units.offsets_are_heights;
        if line.word(at).is_none() || is_star {
            return Ok(bottom);
        }
        let offset = self.units.metres(line.number(at)?);
        let Some(bottom) = bottom else { return Ok(None) };
        let height = if self.units.offsets_are_heights { offset } else { bottom + offset };
        if height < bottom {
            self.below_bottom += 1;
            return Ok(Some(bottom));
        }
        Ok(Some(height))
    }

    /// Reads a conduit: id, nodes, length, roughness, offsets.
    pub(super) fn conduit(&mut self, origin: Origin, line: &Line<'_>) -> Read {
        at_least(line, 6)?;
        let mut link = self.new_link(origin, line, Element::Pipe)?;
        link.length = Some(self.units.metres(line.number(3)?));
        put(&mut link.extra, ROUGHNESS, Value::Float(line.number(4)?));
        link.from.elevation = self.height(line, 5, &link.from.node)?;
        link.to.elevation = self.height(line, 6, &link.to.node)?;
        link.level = Some(Level::Invert);
        self.add_link(link);
        Ok(())
    }

    /// Reads a pump: id, nodes, curve, status at the start.
    pub(super) fn pump(&mut self, origin: Origin, line: &Line<'_>) -> Read {
        at_least(line, 3)?;
        let mut link = self.new_link(origin, line, Element::Pump)?;
        if let Some(curve) = line.word(3).filter(|curve| *curve != "*") {
            put(&mut link.extra, CURVE, Value::Text(curve.to_owned()));
        }
        if let Some(status) = line.word(4) {
            put(&mut link.extra, STATUS, Value::Text(status.to_ascii_uppercase()));
        }
        link.flow = Some((1, "element"));
        link.one_way = Some(true);
        self.add_link(link);
        Ok(())
    }

    /// Reads an orifice or a weir: id, nodes, type, crest, coefficient, flap gate.
    pub(super) fn opening(&mut self, origin: Origin, line: &Line<'_>, is_weir: bool) -> Read {
        at_least(line, 6)?;
        let element = if is_weir { Element::Weir } else { Element::Orifice };
        let mut link = self.new_link(origin, line, element)?;
        self.crest(&mut link, line, 4)?;
        let kind = line.word(3).unwrap_or_default().to_ascii_uppercase();
        put(&mut link.extra, TYPE, Value::Text(kind));
        put(&mut link.extra, COEFFICIENT, Value::Float(line.number(5)?));
        link.flow = Some((1, "element"));
        set_gate(&mut link, line.word(6));
        self.add_link(link);
        Ok(())
    }

    /// Reads an outlet: id, nodes, crest, type, curve or coefficient and exponent, flap gate.
    pub(super) fn outlet(&mut self, origin: Origin, line: &Line<'_>) -> Read {
        at_least(line, 6)?;
        let mut link = self.new_link(origin, line, Element::Outlet)?;
        self.crest(&mut link, line, 3)?;
        let kind = line.word(4).unwrap_or_default().to_ascii_uppercase();
        let is_table = input::begins(&kind, "TABULAR");
        if is_table {
            let curve = line.word(5).unwrap_or_default().to_owned();
            put(&mut link.extra, CURVE, Value::Text(curve));
        } else {
            put(&mut link.extra, COEFFICIENT, Value::Float(line.number(5)?));
        }
        put(&mut link.extra, TYPE, Value::Text(kind));
        link.flow = Some((1, "element"));
        set_gate(&mut link, line.word(if is_table { 6 } else { 7 }));
        self.add_link(link);
        Ok(())
    }

    fn crest(&mut self, link: &mut Link, line: &Line<'_>, at: usize) -> Read {
        if let Some(crest) = self.height(line, at, &link.from.node)? {
            put(&mut link.extra, CREST, Value::Float(crest));
        }
        Ok(())
    }

    /// Reads a cross section: link, shape, up to four sizes, barrels, culvert code.
    pub(super) fn cross_section(&mut self, line: &Line<'_>) -> Read {
        at_least(line, 3)?;
        let at = self.link_of(line.word(0).unwrap_or_default())?;
        let (section, text) = self.profiles.section(line, &self.units)?;
        let barrels = line.optional(6)?;
        let culvert = line.word(7);
        if let Some(link) = self.draft.links.get_mut(at) {
            link.section = section;
            link.section_text = Some(text);
            if let Some(barrels) = barrels.filter(|barrels| *barrels > 1.0) {
                put(&mut link.extra, BARRELS, Value::Int(barrels as i64));
            }
            if let Some(culvert) = culvert.filter(|culvert| *culvert != "0") {
                put(&mut link.extra, CULVERT_CODE, Value::Text(culvert.to_owned()));
            }
        }
        Ok(())
    }

    /// Reads the losses of a conduit, of which only the flap gate is one of the network: link, three losses, gate.
    pub(super) fn losses(&mut self, line: &Line<'_>) -> Read {
        let at = self.link_of(line.word(0).unwrap_or_default())?;
        if let Some(link) = self.draft.links.get_mut(at) {
            set_gate(link, line.word(4));
        }
        Ok(())
    }

    /// Reads where street inlets are: conduit, inlet, node that takes what they catch, how many.
    pub(super) fn inlet(&mut self, line: &Line<'_>) -> Read {
        at_least(line, 3)?;
        let at = self.link_of(line.word(0).unwrap_or_default())?;
        let node = self.node_of(line.word(2).unwrap_or_default())?;
        let node = self.draft.nodes.get(node).map(|node| node.code.clone()).unwrap_or_default();
        let count = line.optional(3)?;
        if let Some(link) = self.draft.links.get_mut(at) {
            let inlet = line.word(1).unwrap_or_default().to_owned();
            put(&mut link.extra, INLET, Value::Text(inlet));
            put(&mut link.extra, INLET_NODE, Value::Text(node));
            put(&mut link.extra, INLET_COUNT, Value::Int(count.map_or(1, |count| count as i64)));
        }
        Ok(())
    }

    /// Reads a corner of a link. SWMM itself does not look at them.
    pub(super) fn vertex(&mut self, line: &Line<'_>) {
        let at = line.word(0).and_then(|id| self.link_of(id).ok());
        if let (Some(place), Some(at)) = (place(line), at)
            && let Some(link) = self.draft.links.get_mut(at)
        {
            link.corners.push((place, None));
            self.corners += 1;
        } else {
            self.lost_places += 1;
        }
    }

    /// Sets the flow of conduits: SWMM lets them flow to their lower end, however they are drawn.
    pub(super) fn set_flow(&mut self) {
        for link in self.draft.links.iter_mut().filter(|link| link.flow.is_none()) {
            link.flow = match link.from.elevation.zip(link.to.elevation) {
                Some((from, to)) if from - to > FLAT_M => Some((1, "inverts")),
                Some((from, to)) if to - from > FLAT_M => Some((-1, "inverts")),
                // Flat ones flow as they are drawn where a gate holds them from flowing back.
                _ => link.one_way.map(|_| (1, "element")),
            };
        }
    }
}

/// Sets a gate that lets nothing flow back.
fn set_gate(link: &mut Link, word: Option<&str>) {
    if word.is_some_and(|word| word.eq_ignore_ascii_case("YES")) {
        link.one_way = Some(true);
        put(&mut link.extra, FLAP_GATE, Value::Bool(true));
    }
}
