//! From features to rows: what a point or line of the layer says, before it is joined to anything.

use onemap_model::{Element, FeatureRef, Geometry, GeometryClass, PipeClass, PipeSystem, ValueRef};

use crate::columns::Columns;
use crate::keys;
use crate::metric;
use crate::network::{
    DEAD, Direction, DirectionBy, Level, Lines, LinkFacts, Links, NONE, Network, NodeFacts, Nodes,
    Section, Shape, link_bit, node_bit,
};
use crate::text::Texts;
use crate::valves::Position;
use crate::wall::wall_allowance;

/// Flatter than this, metres, says nothing about the flow.
const LEAST_FALL_M: f64 = 0.001;

/// Longer, metres, is no link: the value or the shape is broken.
const LONGEST_M: f64 = 1e7;

/// Where a feature went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Row {
    Link(u32),
    Node(u32),
    Valve(u32),
}

impl Row {
    /// Packs the row for [`Network::by_id`].
    pub(crate) fn packed(self) -> u32 {
        match self {
            Self::Link(at) => at * 4,
            Self::Node(at) => at * 4 + 1,
            Self::Valve(at) => at * 4 + 2,
        }
    }

    /// Inverse of [`Row::packed`].
    pub(crate) fn unpacked(packed: u32) -> Self {
        match packed % 4 {
            0 => Self::Link(packed / 4),
            1 => Self::Node(packed / 4),
            _ => Self::Valve(packed / 4),
        }
    }
}

/// The most rows of one kind; positions are packed with their kind into 32 bits.
pub(crate) const MOST_ROWS: usize = 1 << 29;

impl Network {
    /// Appends a feature without joining it to anything. Areas, and shapes without a place among nodes and links, are
    /// left out.
    pub(crate) fn add_row(&mut self, feature: &FeatureRef<'_>, hidden: bool) -> Option<Row> {
        let values = feature.values;
        let class = feature.geometry.map_or(GeometryClass::None, Geometry::class);
        let is_link = match class {
            GeometryClass::Line => true,
            GeometryClass::Point => false,
            GeometryClass::None => {
                !self.columns.from.text(values).is_empty()
                    || !self.columns.to.text(values).is_empty()
            }
            GeometryClass::Polygon | GeometryClass::Mixed => return None,
        };
        let full = self.links.id.len().max(self.nodes.id.len()).max(self.valves.rows.len());
        if full >= MOST_ROWS {
            return None;
        }
        let element = match self.columns.element.text(values) {
            name if name.is_empty() => None,
            name => Element::from_name(&name),
        };
        if is_link {
            Some(Row::Link(self.add_link(feature, element, hidden)))
        } else if element == Some(Element::Valve) && !self.columns.on_link.text(values).is_empty() {
            // A hidden valve on a visible link: nobody may know, so nothing can be shut there.
            (!hidden).then(|| Row::Valve(self.add_valve(feature)))
        } else {
            Some(Row::Node(self.add_node(feature, element, hidden)))
        }
    }

    fn add_link(
        &mut self,
        feature: &FeatureRef<'_>,
        element: Option<Element>,
        hidden: bool,
    ) -> u32 {
        let Self { columns, texts, lines, options, .. } = self;
        let values = feature.values;
        let id = feature.id.get();
        let no_shape = Geometry::default();
        let shape = feature.geometry.unwrap_or(&no_shape);
        let codes = [columns.from.text(values), columns.to.text(values)];
        let corners = [shape.xy.first(), shape.xy.last()];
        let key = [0, 1].map(|end: usize| {
            let by_code = keys::of_code(&codes[end]);
            let by_place = || corners[end].map_or(0, |at| keys::of_place(*at));
            let found = if by_code == 0 { by_place() } else { by_code };
            if found == 0 { keys::of_nothing(id, end) } else { found }
        });
        let owner = texts.intern(&columns.owner.text(values));
        if hidden {
            // Nothing else of it is kept, so nothing else can be told.
            let facts = LinkFacts { owner, ground: [f32::NAN; 2], ..LinkFacts::default() };
            return self.links.push(LinkRow {
                id,
                key,
                code_key: 0,
                bits: link_bit::HIDDEN,
                direction: Direction::Ambiguous,
                length: 0.0,
                facts,
            });
        }
        let line = push_line(lines, shape);
        let xy = &lines.xy[line.start as usize..line.end as usize];
        let z = &lines.z[line.start as usize..line.end as usize];
        let believable = |length: &f64| (0.0..LONGEST_M).contains(length);
        let stated = columns.length.number(values).filter(|length| *length > 0.0);
        let measured = || Some(metric::length(xy, z)).filter(believable);
        let length = stated.filter(believable).or_else(measured).unwrap_or(0.0) as f32;

        let material_text = columns.material.text(values);
        let class = class_of(columns, values);
        let mut section = section_of(columns, values);
        section.wall = wall_allowance(class.unwrap_or(PipeClass::Other), &material_text, &section);
        let level = match &*columns.level.text(values) {
            "top" => Level::Top,
            "invert" => Level::Invert,
            "centre" => Level::Centre,
            _ => Level::Unknown,
        };
        let truth = |column: crate::columns::Column| column.truth(values);
        let one_way = options.one_way && truth(columns.one_way) == Some(true);
        let ends_coded = codes.iter().all(|code| !code.is_empty());
        let gravity = class.is_some_and(PipeClass::is_gravity);
        let forward_by_element = ends_coded && (one_way || matches!(element, Some(Element::Pump)));
        let (direction, by) =
            direction_of(columns, values, gravity.then_some((level, z)), forward_by_element);
        let known = matches!(direction, Direction::Forward | Direction::Backward);
        let mut bits = 0;
        for (bit, set) in [
            (link_bit::CLOSED, truth(columns.closed) == Some(true)),
            // Nothing is one-way as long as nobody knows which.
            (link_bit::ONE_WAY, one_way && known),
            (link_bit::VALVE, options.valve_links && element == Some(Element::Valve)),
            (link_bit::INOPERABLE, truth(columns.operable) == Some(false)),
        ] {
            bits |= if set { bit } else { 0 };
        }
        let code = columns.code.text(values);
        let facts = LinkFacts {
            code: texts.keep(&code),
            line,
            subclass: texts.intern(&columns.subclass.text(values)),
            section_text: texts.intern(&columns.section.text(values)),
            material: texts.intern(&material_text),
            laying: texts.intern(&columns.laying.text(values)),
            pressure: texts.intern(&columns.pressure.text(values)),
            owner,
            road: texts.intern(&columns.road.text(values)),
            built: columns.built.year(values).unwrap_or(0),
            holes: columns.holes.number(values).map_or(0, |holes| holes as u16),
            ground: [columns.ground_from.height(values), columns.ground_to.height(values)],
            section,
            casing: casing_of(columns, values, &section),
            level,
            class,
            element,
            by,
        };
        let code_key = keys::of_code(&code);
        self.links.push(LinkRow { id, key, code_key, bits, direction, length, facts })
    }

    fn add_node(
        &mut self,
        feature: &FeatureRef<'_>,
        element: Option<Element>,
        hidden: bool,
    ) -> u32 {
        let Self { columns, texts, .. } = self;
        let values = feature.values;
        let at = place(feature);
        let code = columns.code.text(values);
        let key = [keys::of_code(&code), keys::of_place(at)];
        let owner = texts.intern(&columns.owner.text(values));
        let id = feature.id.get();
        if hidden {
            let facts = NodeFacts { owner, ..NodeFacts::default() };
            let (bits, element) = (node_bit::HIDDEN, Element::Junction);
            return self.nodes.push(NodeRow { id, at, key, bits, element, facts });
        }
        let element = element.unwrap_or(Element::Junction);
        let mut bits = 0;
        for (bit, set) in [
            (node_bit::VALVE, element == Element::Valve),
            (node_bit::CLOSED, columns.closed.truth(values) == Some(true)),
            (node_bit::INOPERABLE, columns.operable.truth(values) == Some(false)),
        ] {
            bits |= if set { bit } else { 0 };
        }
        let z = feature.geometry.and_then(|shape| shape.z.first());
        let facts = NodeFacts {
            code: texts.keep(&code),
            z: z.map_or(f32::NAN, |z| *z as f32),
            ground: columns.ground.height(values),
            bottom: columns.bottom.height(values),
            owner,
            feature: texts.intern(&columns.feature.text(values)),
            appurtenance: texts.intern(&columns.appurtenance.text(values)),
        };
        self.nodes.push(NodeRow { id, at, key, bits, element, facts })
    }

    fn add_valve(&mut self, feature: &FeatureRef<'_>) -> u32 {
        let Self { columns, texts, .. } = self;
        let values = feature.values;
        let code = columns.code.text(values);
        let position = Position {
            id: feature.id.get(),
            at: place(feature),
            link_key: keys::of_code(&columns.on_link.text(values)),
            node_key: keys::of_code(&columns.at_node.text(values)),
            half: None,
            closed: columns.closed.truth(values) == Some(true),
            operable: columns.operable.truth(values) != Some(false),
            code: texts.keep(&code),
        };
        self.valves.stuck += usize::from(!position.operable);
        if let Some(at) = self.valves.free.pop() {
            self.valves.rows[at as usize] = position;
            return at;
        }
        self.valves.rows.push(position);
        self.valves.rows.len() as u32 - 1
    }
}

fn place(feature: &FeatureRef<'_>) -> [f64; 2] {
    let first = feature.geometry.and_then(|shape| shape.xy.first());
    first.copied().unwrap_or([f64::NAN; 2])
}

fn push_line(lines: &mut Lines, shape: &Geometry) -> std::ops::Range<u32> {
    let (start, end) = (lines.xy.len(), lines.xy.len() + shape.xy.len());
    let (Ok(first), Ok(last)) = (u32::try_from(start), u32::try_from(end)) else {
        return 0..0;
    };
    lines.xy.extend_from_slice(&shape.xy);
    if shape.z.len() == shape.xy.len() {
        lines.z.extend(shape.z.iter().map(|z| *z as f32));
    } else {
        lines.z.resize(end, f32::NAN);
    }
    first..last
}

fn class_of(columns: &Columns, values: &[ValueRef<'_>]) -> Option<PipeClass> {
    let class = columns.class.text(values);
    if let Some(class) = PipeClass::from_code(&class) {
        return Some(class);
    }
    let by_name = |text: &str| PipeSystem::find(text).map(|system| system.class);
    let subclass = columns.subclass.text(values);
    let known = |text: &str| if text.is_empty() { None } else { by_name(text) };
    known(&class).or_else(|| known(&subclass))
}

fn section_of(columns: &Columns, values: &[ValueRef<'_>]) -> Section {
    let metres = |column: crate::columns::Column| {
        let millimetres = column.number(values).filter(|size| (0.0..1e6).contains(size));
        millimetres.map_or(0.0, |size| (size / 1000.0) as f32)
    };
    let diameter = metres(columns.diameter);
    if diameter > 0.0 {
        return Section { shape: Shape::Round, width: diameter, height: diameter, wall: 0.0 };
    }
    let (width, height) = (metres(columns.width), metres(columns.height));
    let shape = match &*columns.shape.text(values) {
        "round" => Shape::Round,
        "egg" | "arch" => Shape::Egg,
        "open" | "trapezoid" => Shape::Open,
        _ if width > 0.0 || height > 0.0 => Shape::Rectangle,
        _ => Shape::Unknown,
    };
    Section { shape, width, height, wall: 0.0 }
}

/// Returns the outer diameter of the casing, metres; 0 where there is none, or one that the pipe does not fit into.
fn casing_of(columns: &Columns, values: &[ValueRef<'_>], section: &Section) -> f32 {
    let [width, height] = section.outer();
    let across = if section.shape == Shape::Round { width } else { width.hypot(height) };
    let millimetres = columns.casing.number(values).filter(|size| (0.0..30_000.0).contains(size));
    let casing = millimetres.map_or(0.0, |size| size / 1000.0);
    if casing > across { casing as f32 } else { 0.0 }
}

/// Finds which way it flows: as given, else down the inverts, else as the element says; else it is not known.
fn direction_of(
    columns: &Columns,
    values: &[ValueRef<'_>],
    gravity: Option<(Level, &[f32])>,
    forward_by_element: bool,
) -> (Direction, DirectionBy) {
    if let Some(flow) = columns.flow.number(values) {
        let by = match &*columns.flow_by.text(values) {
            "inverts" => DirectionBy::Inverts,
            "element" => DirectionBy::Element,
            "computed" => DirectionBy::Computed,
            _ => DirectionBy::Given,
        };
        let direction = match flow {
            flow if flow > 0.0 => Direction::Forward,
            flow if flow < 0.0 => Direction::Backward,
            _ => Direction::Both,
        };
        return (direction, by);
    }
    if let Some((level, z)) = gravity {
        let ends = [columns.elevation_from.number(values), columns.elevation_to.number(values)];
        let inverts = match (level, ends) {
            (Level::Invert, [Some(from), Some(to)]) => Some((from, to)),
            // One section all along: the centre line falls as the invert does.
            _ => z.first().zip(z.last()).map(|(from, to)| (f64::from(*from), f64::from(*to))),
        };
        match inverts.map(|(from, to)| from - to) {
            Some(fall) if fall >= LEAST_FALL_M => {
                return (Direction::Forward, DirectionBy::Inverts);
            }
            Some(fall) if fall <= -LEAST_FALL_M => {
                return (Direction::Backward, DirectionBy::Inverts);
            }
            _ => {}
        }
    }
    if forward_by_element {
        return (Direction::Forward, DirectionBy::Element);
    }
    (Direction::Ambiguous, DirectionBy::Nothing)
}

/// A link's values for all columns.
pub(crate) struct LinkRow {
    pub id: u64,
    pub key: [u64; 2],
    pub code_key: u64,
    pub bits: u8,
    pub direction: Direction,
    pub length: f32,
    pub facts: LinkFacts,
}

/// A node's values for all columns.
pub(crate) struct NodeRow {
    pub id: u64,
    pub at: [f64; 2],
    pub key: [u64; 2],
    pub bits: u8,
    pub element: Element,
    pub facts: NodeFacts,
}

impl Links {
    fn push(&mut self, row: LinkRow) -> u32 {
        let LinkRow { id, key, code_key, bits, direction, length, facts } = row;
        if let Some(at) = self.free.pop() {
            let slot = at as usize;
            self.id[slot] = id;
            self.ends[slot] = [NONE; 2];
            self.next[slot] = [NONE; 2];
            self.key[slot] = key;
            self.code_key[slot] = code_key;
            self.bits[slot] = bits;
            self.direction[slot] = direction;
            self.length[slot] = length;
            self.facts[slot] = facts;
            return at;
        }
        self.id.push(id);
        self.ends.push([NONE; 2]);
        self.next.push([NONE; 2]);
        self.key.push(key);
        self.code_key.push(code_key);
        self.bits.push(bits);
        self.direction.push(direction);
        self.length.push(length);
        self.facts.push(facts);
        self.id.len() as u32 - 1
    }

    /// Gives a slot back.
    pub(crate) fn free(&mut self, at: u32) {
        let slot = at as usize;
        self.id[slot] = DEAD;
        self.bits[slot] = 0;
        self.code_key[slot] = 0;
        self.length[slot] = 0.0;
        self.facts[slot] = LinkFacts::default();
        self.free.push(at);
    }
}

impl Nodes {
    pub(crate) fn push(&mut self, row: NodeRow) -> u32 {
        let NodeRow { id, at: place, key, bits, element, facts } = row;
        if let Some(at) = self.free.pop() {
            let slot = at as usize;
            self.id[slot] = id;
            self.at[slot] = place;
            self.first[slot] = NONE;
            self.key[slot] = key;
            self.bits[slot] = bits;
            self.element[slot] = element;
            self.facts[slot] = facts;
            return at;
        }
        self.id.push(id);
        self.at.push(place);
        self.first.push(NONE);
        self.key.push(key);
        self.bits.push(bits);
        self.element.push(element);
        self.facts.push(facts);
        self.id.len() as u32 - 1
    }

    /// Gives a slot back.
    pub(crate) fn free(&mut self, at: u32) {
        let slot = at as usize;
        self.id[slot] = DEAD;
        self.first[slot] = NONE;
        self.key[slot] = [0; 2];
        self.bits[slot] = 0;
        self.element[slot] = Element::Junction;
        self.facts[slot] = NodeFacts::default();
        self.free.push(at);
    }
}

impl Default for NodeFacts {
    fn default() -> Self {
        let (z, ground, bottom) = (f32::NAN, f32::NAN, f32::NAN);
        let none = crate::text::Symbol::default();
        Self { code: 0..0, z, ground, bottom, owner: none, feature: none, appurtenance: none }
    }
}

/// Gives back the memory that growing left over, but for some that edits will need: an array that is full would be copied
/// whole by the next of them.
pub(crate) fn shrink(network: &mut Network) {
    fn fit<T>(column: &mut Vec<T>) {
        column.shrink_to(column.len() + column.len() / 64 + 256);
    }
    let Network { nodes, links, lines, texts, valves, .. } = network;
    fit(&mut links.id);
    fit(&mut links.ends);
    fit(&mut links.next);
    fit(&mut links.key);
    fit(&mut links.code_key);
    fit(&mut links.bits);
    fit(&mut links.direction);
    fit(&mut links.length);
    fit(&mut links.facts);
    fit(&mut nodes.id);
    fit(&mut nodes.at);
    fit(&mut nodes.first);
    fit(&mut nodes.key);
    fit(&mut nodes.bits);
    fit(&mut nodes.element);
    fit(&mut nodes.facts);
    fit(&mut lines.xy);
    fit(&mut lines.z);
    fit(&mut valves.rows);
    Texts::shrink(texts);
}
