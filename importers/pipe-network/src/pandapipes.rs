//! Reads networks of pandapipes (0.2 to 0.16), saved as JSON.
//!
//! The index of a table is what other tables name. A thing's code is its name, where no other thing has it, else the
//! table and the index (`pipe-7`). The fluid decides the class: gas, or water, which with heat exchangers is heat. What is
//! not in service is taken for closed.
//!
//! Until version 0.12 valves are links between two junctions; later ones may also sit at the end of a pipe, at a junction.

mod frame;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use onemap_model::{Element, Note, PipeClass, Value};
use onemap_source::read_all;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::draft::{Draft, End, Link, Node, Origin, Section};
use crate::{Error, Options, Source, limits, model};
use frame::{File, Frame, Part, Row};

/// Tables of links: what they are, and whether nothing passes against their direction.
const LINKS: [(&str, Element, bool); 10] = [
    ("pipe", Element::Pipe, false),
    ("valve", Element::Valve, false),
    ("pump", Element::Pump, true),
    ("circ_pump_pressure", Element::Pump, true),
    ("circ_pump_mass", Element::Pump, true),
    ("compressor", Element::Pump, true),
    ("press_control", Element::Valve, false),
    ("flow_control", Element::Valve, false),
    ("heat_exchanger", Element::Device, false),
    ("heat_consumer", Element::Customer, false),
];

/// Tables of things at junctions, the most telling last.
const AT_NODES: [(&str, Element); 4] = [
    ("sink", Element::Customer),
    ("mass_storage", Element::Tank),
    ("source", Element::Source),
    ("ext_grid", Element::Source),
];

/// Columns that are read; all others are kept as they are.
const READ: [&str; 18] = [
    "name",
    "from_junction",
    "to_junction",
    "return_junction",
    "flow_junction",
    "junction",
    "element",
    "et",
    "height_m",
    "length_km",
    "diameter_m",
    "inner_diameter_mm",
    "opened",
    "type",
    "x",
    "y",
    "coords",
    "geometry",
];

/// Reads a file.
pub(crate) fn read(source: &Source, options: &Options) -> Result<Draft, Error> {
    let bytes = read_all(source, limits::MAX_PANDAPIPES_BYTES)?;
    let text = String::from_utf8_lossy(&bytes);
    let file: File = serde_json::from_str(&frame::without_nan(&text))
        .map_err(|error| broken(source, "", &error))?;
    drop(text);
    Reader::new(source, options).network(&file.parts)
}

/// Makes the error of JSON that can not be read, in the file or in the text of a table.
fn broken(source: &Source, table: &str, error: &serde_json::Error) -> Error {
    let place = format!("line {}, column {}", error.line(), error.column());
    let at = if table.is_empty() { place } else { format!("{place} of the table '{table}'") };
    Error::broken(source, Some(at), error.to_string(), "save the network with pandapipes again")
}

struct Reader<'a> {
    source: &'a Source,
    draft: Draft,
    /// Positions of nodes by index, and codes of pipes.
    nodes: FxHashMap<i64, usize>,
    pipes: FxHashMap<i64, usize>,
    placed: FxHashSet<usize>,
    node_codes: FxHashSet<String>,
}

impl<'a> Reader<'a> {
    fn new(source: &'a Source, options: &Options) -> Self {
        let draft = Draft {
            name: source.stem.clone(),
            format: source.format.name(),
            class: options.class,
            ..Draft::default()
        };
        Self {
            source,
            draft,
            nodes: FxHashMap::default(),
            pipes: FxHashMap::default(),
            placed: FxHashSet::default(),
            node_codes: FxHashSet::default(),
        }
    }

    fn network(mut self, parts: &BTreeMap<String, Part>) -> Result<Draft, Error> {
        let junctions = self.table(parts, "junction")?;
        if junctions.len() == 0 {
            return Err(Error::unsupported(self.source, "it has no junctions", "add junctions"));
        }
        let places = self.table(parts, "junction_geodata")?;
        self.junctions(&junctions, &places);
        if self.placed.is_empty() {
            let remedy = "set junction_geodata with the place of every junction";
            return Err(Error::unsupported(self.source, "it has no coordinates", remedy));
        }
        for (name, element) in AT_NODES {
            let table = self.table(parts, name)?;
            self.at_nodes(&table, element);
        }
        let corners = self.table(parts, "pipe_geodata")?;
        let mut has_heat = false;
        for (name, element, is_one_way) in LINKS {
            let table = self.table(parts, name)?;
            has_heat |= table.len() > 0 && (name.starts_with("heat") || name.starts_with("circ"));
            self.links(&table, name, (element, is_one_way), &corners);
        }
        let fluid =
            parts.get("fluid").and_then(|fluid| fluid.object.as_deref()).unwrap_or_default();
        if self.draft.class.is_none() {
            let class = class_of(fluid, has_heat);
            self.draft.class = Some(class);
            let note = format!("the class is {}, by the fluid and the elements", class.code());
            self.draft.notes.push(Note::assumed(note));
        }
        self.draft.crs = ["junction_geodata", "junction", "crs"]
            .into_iter()
            .filter_map(|name| parts.get(name))
            .find_map(|part| part.crs.clone())
            .or_else(|| parts.get("crs")?.object.clone());
        model::forget_flat_heights(&mut self.draft);
        model::refuse_unplaced(&mut self.draft, &self.placed, "the table junction_geodata");
        Ok(self.draft)
    }

    /// Reads a table; an empty one where there is none.
    fn table(&mut self, parts: &BTreeMap<String, Part>, name: &str) -> Result<Frame, Error> {
        self.draft.tables.push(name.to_owned());
        let text = parts.get(name).and_then(|part| part.object.as_deref());
        let Some(text) = text else { return Ok(Frame::default()) };
        let frame = Frame::read(text).map_err(|error| broken(self.source, name, &error))?;
        let elements = self.draft.nodes.len() + self.draft.links.len() + frame.len();
        if elements > limits::MAX_MODEL_ELEMENTS {
            return Err(Error::unsupported(
                self.source,
                format!("it has more than {} nodes and links", limits::MAX_MODEL_ELEMENTS),
                "divide the network into several files",
            ));
        }
        Ok(frame)
    }

    /// Returns where a row of the table read last stands.
    fn origin(&self, row: Row<'_>) -> Origin {
        let table = self.draft.tables.len().saturating_sub(1) as u32;
        Origin { table, record: row.position as u64 + 1 }
    }

    fn junctions(&mut self, table: &Frame, places: &Frame) {
        let places = places.by_index();
        let codes = codes(table, "junction", &mut self.node_codes);
        let fields = own_fields(table, &mut self.draft.node_fields);
        for (row, code) in table.rows().zip(codes) {
            let (at, i) = (places.get(&row.index), self.draft.nodes.len());
            let at = at.and_then(|at| Some([at.number("x")?, at.number("y")?]));
            if at.is_some() {
                self.placed.insert(i);
            }
            self.nodes.entry(row.index).or_insert(i);
            self.draft.nodes.push(Node {
                origin: Origin { table: 0, record: row.position as u64 + 1 },
                code,
                element: Some(Element::Junction),
                at: at.unwrap_or_default(),
                z: row.number("height_m"),
                extra: extra(row, &fields),
                ..Node::default()
            });
        }
    }

    fn at_nodes(&mut self, table: &Frame, element: Element) {
        let fields = own_fields(table, &mut self.draft.node_fields);
        for row in table.rows().filter(|row| row.bool("in_service") != Some(false)) {
            let node = row.link("junction").and_then(|index| self.nodes.get(&index));
            let Some(node) = node.and_then(|i| self.draft.nodes.get_mut(*i)) else { continue };
            node.element = Some(element);
            for (field, value) in extra(row, &fields) {
                match node.extra.iter_mut().find(|(known, _)| *known == field) {
                    // Several sinks of one junction are one.
                    Some((_, Value::Float(sum))) if is_flow(table, &fields, field) => {
                        if let Value::Float(more) = value {
                            *sum += more;
                        }
                    }
                    Some(_) => {}
                    None => node.extra.push((field, value)),
                }
            }
        }
    }

    fn links(
        &mut self,
        table: &Frame,
        name: &str,
        (element, is_one_way): (Element, bool),
        corners: &Frame,
    ) {
        let corners = corners.by_index();
        let mut taken = self.draft.links.iter().map(|link| link.code.clone()).collect();
        let codes = codes(table, name, &mut taken);
        let fields = own_fields(table, &mut self.draft.link_fields);
        let mut valves: Option<Vec<(String, u32)>> = None;
        for (row, code) in table.rows().zip(codes) {
            let origin = self.origin(row);
            let is_off = row.bool("in_service") == Some(false);
            let is_closed = is_off || row.bool("opened") == Some(false);
            if row.text("et") == Some("pi") {
                let fields =
                    valves.get_or_insert_with(|| own_fields(table, &mut self.draft.node_fields));
                let extra = extra(row, fields);
                let valve =
                    Node { origin, code, closed: Some(is_closed), extra, ..Node::default() };
                self.valve_on_pipe(row, valve);
                continue;
            }
            let ends = [
                ["from_junction", "return_junction", "junction"],
                ["to_junction", "flow_junction", "element"],
            ];
            let [from, to] = ends.map(|columns| {
                let index = columns.into_iter().find_map(|column| row.link(column));
                let node = index.and_then(|index| self.nodes.get(&index));
                let node = node.and_then(|i| self.draft.nodes.get(*i));
                let code = match (node, index) {
                    (Some(node), _) => node.code.clone(),
                    (None, Some(index)) => format!("junction-{index}"),
                    (None, None) => String::new(),
                };
                End { node: code, ..End::default() }
            });
            let diameter = row
                .number("diameter_m")
                .or_else(|| row.number("inner_diameter_mm").map(|size| size / 1000.0));
            if element == Element::Pipe && name == "pipe" {
                self.pipes.entry(row.index).or_insert(self.draft.links.len());
            }
            let corners = corners.get(&row.index).filter(|_| name == "pipe");
            let mut corners = corners.map(|row| row.corners("coords")).unwrap_or_default();
            // The first and last are the junctions.
            corners.pop();
            corners.drain(..corners.len().min(1));
            self.draft.links.push(Link {
                origin,
                code,
                element: Some(element),
                from,
                to,
                corners: corners.into_iter().map(|at| (at, None)).collect(),
                section: diameter
                    .filter(|diameter| *diameter > 0.0)
                    .map(|diameter| Section::Round { diameter }),
                closed: Some(is_closed),
                one_way: is_one_way.then_some(true),
                flow: is_one_way.then_some((1, "element")),
                length: row.number("length_km").map(|length| length * 1000.0),
                extra: extra(row, &fields),
                ..Link::default()
            });
        }
    }

    /// Adds a valve at the end of a pipe.
    fn valve_on_pipe(&mut self, row: Row<'_>, valve: Node) {
        let node = row.link("junction").and_then(|index| self.nodes.get(&index)).copied();
        let pipe = row.link("element").and_then(|index| self.pipes.get(&index));
        let pipe = pipe.and_then(|i| self.draft.links.get(*i));
        let place = node.and_then(|i| self.draft.nodes.get(i));
        let (Some(pipe), Some(place), Some(i)) = (pipe, place, node) else {
            let reason = "its junction or pipe is not there; correct the table 'valve'".to_owned();
            let (origin, code) = (valve.origin, Some(valve.code));
            self.draft.refused.push(crate::draft::Refused { origin, code, reason });
            return;
        };
        let mut code = valve.code;
        if self.node_codes.contains(&code) {
            code.insert_str(0, "valve/");
        }
        while !self.node_codes.insert(code.clone()) {
            code.push('\'');
        }
        let valve = Node {
            code,
            element: Some(Element::Valve),
            at: place.at,
            z: place.z,
            on_link: Some((pipe.code.clone(), place.code.clone())),
            ..valve
        };
        if self.placed.contains(&i) {
            self.placed.insert(self.draft.nodes.len());
        }
        self.draft.nodes.push(valve);
    }
}

/// Returns the codes of a table's rows: names that only one of them has, else the table and the index.
fn codes(table: &Frame, name: &str, taken: &mut FxHashSet<String>) -> Vec<String> {
    let mut counts: FxHashMap<&str, usize> = FxHashMap::default();
    for name in table.rows().filter_map(|row| row.text("name")) {
        *counts.entry(name).or_default() += 1;
    }
    let code = |row: Row<'_>| {
        let own = row.text("name").filter(|name| counts.get(name) == Some(&1));
        let mut code = own.map_or_else(|| format!("{name}-{}", row.index), str::to_owned);
        if taken.contains(&code) {
            code = format!("{name}-{}-{}", row.index, row.position);
        }
        while taken.contains(&code) {
            code.push('\'');
        }
        taken.insert(code.clone());
        code
    };
    table.rows().map(code).collect()
}

/// Returns the columns that are kept as they are, with the position of their fields.
fn own_fields(table: &Frame, names: &mut Vec<String>) -> Vec<(String, u32)> {
    let own = table.columns.iter().filter(|column| !READ.contains(&column.as_str()));
    own.take(limits::MAX_MODEL_FIELDS)
        .map(|column| {
            let known = names.iter().position(|name| name == column);
            let at = known.unwrap_or_else(|| {
                names.push(column.clone());
                names.len() - 1
            });
            (column.clone(), at as u32)
        })
        .collect()
}

fn extra(row: Row<'_>, fields: &[(String, u32)]) -> Vec<(u32, Value)> {
    let values = fields.iter().map(|(column, field)| (*field, row.value(column)));
    values.filter(|(_, value)| *value != Value::Null).collect()
}

/// Tells whether a field is one of those that add up.
fn is_flow(table: &Frame, fields: &[(String, u32)], field: u32) -> bool {
    table.columns.iter().any(|column| column == "mdot_kg_per_s")
        && fields.iter().any(|(column, at)| *at == field && column == "mdot_kg_per_s")
}

/// Returns the class by the fluid's text.
fn class_of(fluid: &str, has_heat: bool) -> PipeClass {
    #[derive(serde::Deserialize)]
    struct Fluid {
        #[serde(default)]
        is_gas: bool,
        #[serde(default)]
        fluid_type: String,
    }
    let fluid = serde_json::from_str::<Fluid>(&frame::without_nan(fluid));
    match fluid {
        Ok(fluid) if fluid.is_gas || fluid.fluid_type == "gas" => PipeClass::Gas,
        _ if has_heat => PipeClass::Heat,
        _ => PipeClass::Water,
    }
}
