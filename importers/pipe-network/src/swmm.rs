//! Reads SWMM's input file, version 5.
//!
//! Like SWMM, the reader goes over the file several times, as a line may name what stands below it: first the units, then
//! the nodes and the forms of sections, then the links, then all that is said of them. What SWMM refuses in nodes, links
//! and their sections is refused, with the line and the reason. What it refuses elsewhere (rain, options of its solver,
//! controls) does not keep the network from being shown: it is noted or passed over, and so are unknown sections.
//!
//! Ids are compared without case, as SWMM does. Lengths are brought to metres; coordinates stay as they are, in a CRS that
//! the file does not tell.

mod areas;
mod links;
mod nodes;
mod profiles;
#[cfg(test)]
mod tests;
mod units;

use std::collections::BTreeSet;

use onemap_model::{Note, PipeClass, Value};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::draft::{Draft, Origin};
use crate::input::{self, Line, Problem, Read, short};
use crate::{Error, Options, Source, limits, model};
use profiles::Profiles;
use units::Units;

/// Lines with errors that are told; SWMM gives up after as many.
const MAX_PROBLEMS: usize = 100;

/// Lines with errors whose text stands in the message.
const MAX_TOLD: usize = 10;

/// Unknown sections that are named in the report.
const MAX_UNKNOWN: usize = 20;

/// The sections that are read: name, the reading in which they are. A heading is known by its beginning, so that
/// `[JUNCTION]` is one too.
const SECTIONS: [(&str, u8); 22] = [
    ("TITLE", 0),
    ("OPTIONS", 0),
    ("CONTROLS", 0),
    ("JUNCTIONS", 1),
    ("OUTFALLS", 1),
    ("STORAGE", 1),
    ("DIVIDERS", 1),
    ("TRANSECTS", 1),
    ("CURVES", 1),
    ("STREETS", 1),
    ("CONDUITS", 2),
    ("PUMPS", 2),
    ("ORIFICES", 2),
    ("WEIRS", 2),
    ("OUTLETS", 2),
    ("SUBCATCHMENTS", 2),
    ("XSECTIONS", 3),
    ("LOSSES", 3),
    ("INLET_USAGE", 3),
    ("COORDINATES", 3),
    ("VERTICES", 3),
    ("POLYGONS", 3),
];

/// The table of tags, read last; it stands apart as `Origin` never points there.
const TAGS: &str = "TAGS";

/// How often the file is gone over.
const READINGS: u8 = 4;

/// Beginnings of the headings of SWMM's other sections.
const OTHERS: [&str; 42] = [
    "FILE",
    "RAINGAGE",
    "TEMPERATURE",
    "EVAP",
    "SUBAREA",
    "INFIL",
    "AQUIFER",
    "GROUNDWATER",
    "SNOWPACK",
    "POLLUT",
    "LANDUSE",
    "BUILDUP",
    "WASHOFF",
    "COVERAGE",
    "INFLOW",
    "DWF",
    "PATTERN",
    "RDII",
    "HYDROGRAPH",
    "LOADING",
    "TREATMENT",
    "TIMESERIES",
    "REPORT",
    "LABEL",
    "SYMBOL",
    "BACKDROP",
    "PROFILE",
    "MAP",
    "LID_CONTROL",
    "LID_USAGE",
    "GW_FLOW",
    "GWF",
    "ADJUST",
    "EVENT",
    "INLETS",
    "USERFLAGS",
    "EXTENTS",
    "DIMENSION",
    "VIRTUAL",
    "PUBLISH",
    "LID",
    "END",
];

/// Reads a file.
pub(crate) fn read(source: &Source, options: &Options) -> Result<Draft, Error> {
    let text = input::read(source, options)?;
    let mut reader = Reader::new(source, options);
    for reading in 0..READINGS {
        let mut section = None;
        for line in input::lines(&text) {
            let first = line.word(0).unwrap_or_default();
            if let Some(heading) = first.strip_prefix('[') {
                section = section_of(heading);
                if section.is_none() && reading == 0 {
                    reader.heading(heading);
                }
            } else if let Some((table, of)) = section
                && of == reading
            {
                reader.line(table, &line);
            }
            if reader.problems.len() >= MAX_PROBLEMS || reader.is_too_large {
                return reader.finish();
            }
        }
        // What depends on a line that is wrong would be told as wrong, too.
        if !reader.problems.is_empty() {
            break;
        }
    }
    reader.finish()
}

/// Returns the position of a section, and the reading in which it is read.
fn section_of(heading: &str) -> Option<(usize, u8)> {
    if input::begins(heading, "TAG") {
        return Some((SECTIONS.len(), READINGS - 1));
    }
    SECTIONS.iter().enumerate().find_map(|(at, (name, reading))| {
        // `[OUTLETS]` and `[OUTFALLS]`, `[INLETS]` and `[INLET_USAGE]` are alike for four letters.
        let singular = name.strip_suffix('S').unwrap_or(name);
        let short = match *name {
            "JUNCTIONS" => "JUNC",
            "XSECTIONS" => "XSECT",
            "VERTICES" => "VERT",
            "COORDINATES" => "COORD",
            _ => singular,
        };
        input::begins(heading, short).then_some((at, *reading))
    })
}

struct Reader<'a> {
    source: &'a Source,
    draft: Draft,
    units: Units,
    profiles: Profiles,
    /// Positions by id, in capitals.
    nodes: FxHashMap<String, usize>,
    links: FxHashMap<String, usize>,
    areas: FxHashMap<String, usize>,
    /// Nodes that have a place.
    placed: FxHashSet<usize>,
    corners: usize,
    /// Lines of places, vertices and outlines that were left out.
    lost_places: u64,
    /// Offsets below the bottom of a node, which are passed over.
    below_bottom: u64,
    unknown: BTreeSet<String>,
    problems: Vec<Problem>,
    is_too_large: bool,
}

impl<'a> Reader<'a> {
    fn new(source: &'a Source, options: &Options) -> Self {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let draft = Draft {
            name: source.stem.clone(),
            format: source.format.name(),
            class: Some(options.class.unwrap_or(PipeClass::Drainage)),
            tables: SECTIONS.iter().map(|(name, _)| (*name).to_owned()).collect(),
            node_fields: names(&nodes::FIELDS),
            link_fields: names(&links::FIELDS),
            ..Draft::default()
        };
        Self {
            source,
            draft,
            units: Units::default(),
            profiles: Profiles::default(),
            nodes: FxHashMap::default(),
            links: FxHashMap::default(),
            areas: FxHashMap::default(),
            placed: FxHashSet::default(),
            corners: 0,
            lost_places: 0,
            below_bottom: 0,
            unknown: BTreeSet::new(),
            problems: Vec::new(),
            is_too_large: false,
        }
    }

    /// Notes a section that is none of SWMM's.
    fn heading(&mut self, heading: &str) {
        let is_known = OTHERS.iter().any(|name| input::begins(heading, name));
        if !is_known && self.unknown.len() < MAX_UNKNOWN {
            self.unknown.insert(format!("[{}", short(heading)));
        }
    }

    fn line(&mut self, table: usize, line: &Line<'_>) {
        let section = SECTIONS.get(table).map_or(TAGS, |(name, _)| name);
        let origin = Origin { table: table as u32, record: line.number };
        let read = match section {
            "TITLE" | "CONTROLS" => {
                model::keep_text(&mut self.draft, section, line.whole);
                Ok(())
            }
            "OPTIONS" => self.units.option(line),
            "JUNCTIONS" => self.junction(origin, line),
            "OUTFALLS" => self.outfall(origin, line),
            "STORAGE" => self.storage(origin, line),
            "DIVIDERS" => self.divider(origin, line),
            "TRANSECTS" => self.profiles.transect(line, &self.units),
            "CURVES" => self.profiles.curve(line),
            "STREETS" => self.profiles.street(line, &self.units),
            "CONDUITS" => self.conduit(origin, line),
            "PUMPS" => self.pump(origin, line),
            "ORIFICES" | "WEIRS" => self.opening(origin, line, section == "WEIRS"),
            "OUTLETS" => self.outlet(origin, line),
            "SUBCATCHMENTS" => self.subcatchment(origin, line),
            "XSECTIONS" => self.cross_section(line),
            "LOSSES" => self.losses(line),
            "INLET_USAGE" => self.inlet(line),
            "COORDINATES" => {
                self.coordinates(line);
                Ok(())
            }
            "VERTICES" => {
                self.vertex(line);
                Ok(())
            }
            "POLYGONS" => {
                self.outline(line);
                Ok(())
            }
            _ => {
                self.tag(line);
                Ok(())
            }
        };
        if let Err(reason) = read {
            self.problems.push(Problem { line: line.number, section, reason });
        }
        let elements = self.draft.nodes.len()
            + self.draft.links.len()
            + self.draft.areas.len()
            + self.profiles.len();
        self.is_too_large |=
            elements > limits::MAX_MODEL_ELEMENTS || self.corners > limits::MAX_MODEL_CORNERS;
    }

    fn node_of(&self, id: &str) -> Result<usize, String> {
        self.nodes
            .get(&key(id))
            .copied()
            .ok_or_else(|| format!("the node '{}' is not defined", short(id)))
    }

    fn link_of(&self, id: &str) -> Result<usize, String> {
        self.links
            .get(&key(id))
            .copied()
            .ok_or_else(|| format!("the link '{}' is not defined", short(id)))
    }

    /// Reads a line of tags: what it is for, its id, the tag. SWMM does not look at them.
    fn tag(&mut self, line: &Line<'_>) {
        let (Some(kind), Some(id), Some(tag)) = (line.word(0), line.word(1), line.word(2)) else {
            return;
        };
        let tag = Value::Text(tag.to_owned());
        if input::begins(kind, "NODE")
            && let Some(node) = self.node_of(id).ok().and_then(|at| self.draft.nodes.get_mut(at))
        {
            model::put(&mut node.extra, nodes::TAG, tag);
        } else if input::begins(kind, "LINK")
            && let Some(link) = self.link_of(id).ok().and_then(|at| self.draft.links.get_mut(at))
        {
            model::put(&mut link.extra, links::TAG, tag);
        } else if input::begins(kind, "SUBCATCH")
            && let Some(area) =
                self.areas.get(&key(id)).and_then(|&at| self.draft.areas.get_mut(at))
        {
            model::put(&mut area.extra, nodes::TAG, tag);
        }
    }

    fn finish(mut self) -> Result<Draft, Error> {
        if self.is_too_large {
            let elements = "nodes, links, subcatchments and curves";
            return Err(model::too_large(self.source, elements));
        }
        if let Some(error) = self.refusal() {
            return Err(error);
        }
        if self.draft.nodes.is_empty() {
            let text = "the file has no nodes: there is nothing to show";
            self.draft.notes.push(Note::warning(text));
        } else if self.placed.is_empty() {
            return Err(model::without_places(self.source));
        }
        self.set_flow();
        model::refuse_unplaced(&mut self.draft, &self.placed, "section [COORDINATES]");
        self.drop_areas_without_outline();
        self.note();
        Ok(self.draft)
    }

    /// Returns the error of a file that SWMM refuses.
    fn refusal(&mut self) -> Option<Error> {
        self.problems.sort_by_key(|problem| problem.line);
        let first = self.problems.first()?;
        let mut told = vec![format!("{} in section [{}]", first.reason, first.section)];
        told.extend(self.problems.iter().take(MAX_TOLD).skip(1).map(|problem| {
            let Problem { line, section, reason } = problem;
            format!("line {line}: {reason} in section [{section}]")
        }));
        if let Some(more) = self.problems.len().checked_sub(MAX_TOLD).filter(|more| *more > 0) {
            told.push(format!("and {more} lines more"));
        }
        let reason = told.join("; ");
        let at = Some(format!("line {}", first.line));
        let remedy = "correct the lines: SWMM refuses the file, too";
        Some(Error::broken(self.source, at, reason, remedy))
    }

    fn note(&mut self) {
        let notes = &mut self.draft.notes;
        notes.push(Note::assumed(self.units.note()));
        if self.lost_places > 0 {
            notes.push(Note::warning(format!(
                "{} lines of coordinates, vertices, polygons and inlets name nothing that is there, or hold no \
                 numbers, and were left out",
                self.lost_places
            )));
        }
        if self.below_bottom > 0 {
            notes.push(Note::warning(format!(
                "{} ends of links lie below the bottom of their node and were raised to it, as SWMM does",
                self.below_bottom
            )));
        }
        if !self.unknown.is_empty() {
            let names: Vec<&str> = self.unknown.iter().map(String::as_str).collect();
            notes.push(Note::warning(format!(
                "sections that are none of SWMM's were passed over: {}",
                names.join(", ")
            )));
        }
    }
}

/// Makes an id comparable.
fn key(id: &str) -> String {
    id.to_ascii_uppercase()
}

/// Makes sure that a line has as many words as SWMM wants.
fn at_least(line: &Line<'_>, count: usize) -> Read {
    if line.words.len() < count {
        return Err(format!("the line has {} items, not {count}", line.words.len()));
    }
    Ok(())
}
