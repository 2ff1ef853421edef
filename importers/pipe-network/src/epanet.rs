//! Reads EPANET's input file, versions 2.0 to 2.3.
//!
//! The file is read once, from top to bottom, as EPANET reads it: what a line names has to stand above it, and what
//! EPANET refuses is refused, with the line and the reason. EPANET is more lenient only with places: lines of
//! coordinates that can not be read are left out, so that nodes may be without a place. Those are refused one by one, and
//! a file where all are is refused as a whole.
//!
//! What concerns water alone (quality, energy, reactions, times) is passed over. Controls, rules, curves and patterns are
//! kept as text.

mod links;
mod nodes;
#[cfg(test)]
mod tests;
mod units;

use onemap_model::{Note, PipeClass, Value};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::draft::{Draft, Origin};
use crate::input::{self, Line, Problem, Read, short};
use crate::{Error, Options, Source, limits, model};
use units::Units;

/// Lines with errors after which EPANET gives up.
const MAX_PROBLEMS: usize = 10;

/// Longest id, characters.
const MAX_ID: usize = 31;

/// The sections. A heading is known by its beginning.
const SECTIONS: [&str; 28] = [
    "TITLE",
    "JUNCTIONS",
    "RESERVOIRS",
    "TANKS",
    "PIPES",
    "PUMPS",
    "VALVES",
    "CONTROLS",
    "RULES",
    "DEMANDS",
    "SOURCES",
    "EMITTERS",
    "PATTERNS",
    "CURVES",
    "QUALITY",
    "STATUS",
    "ROUGHNESS",
    "ENERGY",
    "REACTIONS",
    "MIXING",
    "REPORT",
    "TIMES",
    "OPTIONS",
    "COORDINATES",
    "VERTICES",
    "LABELS",
    "BACKDROP",
    "TAGS",
];

/// Sections kept as text.
const TEXTS: [&str; 7] = ["TITLE", "CONTROLS", "RULES", "PATTERNS", "CURVES", "LABELS", "BACKDROP"];

/// Reads a file.
pub(crate) fn read(source: &Source, options: &Options) -> Result<Draft, Error> {
    let text = input::read(source, options)?;
    let mut reader = Reader::new(source, options, &text);
    let mut section = None;
    for line in input::lines(&text) {
        let first = line.word(0).unwrap_or_default();
        if let Some(heading) = first.strip_prefix('[') {
            if input::begins(heading, "END") {
                break;
            }
            section = section_of(heading);
            if section.is_none() {
                reader.problem("", line.number, format!("the section {first} is none of EPANET's"));
            }
        } else if let Some(at) = section {
            reader.line(at, &line);
        }
        if reader.problems.len() >= MAX_PROBLEMS || reader.is_too_large {
            break;
        }
    }
    reader.finish()
}

fn section_of(heading: &str) -> Option<usize> {
    SECTIONS.iter().position(|name| input::begins(heading, name))
}

struct Reader<'a> {
    source: &'a Source,
    draft: Draft,
    units: Units,
    /// Names of patterns and curves; they may stand below what uses them.
    patterns: FxHashSet<&'a str>,
    curves: FxHashSet<&'a str>,
    nodes: FxHashMap<String, usize>,
    links: FxHashMap<String, usize>,
    /// Nodes that have a place.
    placed: FxHashSet<usize>,
    /// Demands of the section of that name, which take the place of those of the junctions.
    demands: FxHashMap<usize, nodes::Demand>,
    vertices: usize,
    range_work: usize,
    /// Lines of places that were left out.
    lost_places: u64,
    problems: Vec<Problem>,
    is_too_large: bool,
}

impl<'a> Reader<'a> {
    fn new(source: &'a Source, options: &Options, text: &'a str) -> Self {
        let draft = Draft {
            name: source.stem.clone(),
            format: source.format.name(),
            class: Some(options.class.unwrap_or(PipeClass::Water)),
            tables: SECTIONS.iter().map(|name| (*name).to_owned()).collect(),
            node_fields: nodes::FIELDS.iter().map(|name| (*name).to_owned()).collect(),
            link_fields: links::FIELDS.iter().map(|name| (*name).to_owned()).collect(),
            ..Draft::default()
        };
        let mut reader = Self {
            source,
            draft,
            units: Units::default(),
            patterns: FxHashSet::default(),
            curves: FxHashSet::default(),
            nodes: FxHashMap::default(),
            links: FxHashMap::default(),
            placed: FxHashSet::default(),
            demands: FxHashMap::default(),
            vertices: 0,
            range_work: 0,
            lost_places: 0,
            problems: Vec::new(),
            is_too_large: false,
        };
        reader.look_ahead(text);
        reader
    }

    /// Finds what lines above may need: names of patterns and curves, and the units.
    fn look_ahead(&mut self, text: &'a str) {
        let mut section = "";
        for line in input::lines(text) {
            let Some(first) = line.word(0) else { continue };
            if let Some(heading) = first.strip_prefix('[') {
                if input::begins(heading, "END") {
                    break;
                }
                section =
                    section_of(heading).and_then(|at| SECTIONS.get(at)).copied().unwrap_or("");
                continue;
            }
            match section {
                "PATTERNS" => drop(self.patterns.insert(first)),
                "CURVES" => drop(self.curves.insert(first)),
                "OPTIONS" if input::begins(first, "UNITS") => {
                    if let Some(units) = line.word(1).and_then(Units::find) {
                        self.units = units;
                    }
                }
                _ => {}
            }
            if self.patterns.len() + self.curves.len() > limits::MAX_MODEL_ELEMENTS {
                self.is_too_large = true;
                return;
            }
        }
    }

    fn problem(&mut self, section: &'static str, line: u64, reason: String) {
        self.problems.push(Problem { line, section, reason });
    }

    fn line(&mut self, at: usize, line: &Line<'_>) {
        let Some(&section) = SECTIONS.get(at) else { return };
        let origin = Origin { table: at as u32, record: line.number };
        if TEXTS.contains(&section) {
            model::keep_text(&mut self.draft, section, line.whole);
        }
        let read = match section {
            "JUNCTIONS" => self.junction(origin, line),
            "RESERVOIRS" | "TANKS" => self.tank(origin, line),
            "DEMANDS" => self.demand(line),
            "EMITTERS" => self.emitter(line),
            "PIPES" => self.pipe(origin, line),
            "PUMPS" => self.pump(origin, line),
            "VALVES" => self.valve(origin, line),
            "STATUS" => self.status(line),
            "TAGS" => self.tag(line),
            "OPTIONS" => option(line),
            "COORDINATES" => {
                self.coordinates(line);
                Ok(())
            }
            "VERTICES" => {
                self.vertex(line);
                Ok(())
            }
            _ => Ok(()),
        };
        if let Err(reason) = read {
            self.problem(section, line.number, reason);
        }
        let elements = self.draft.nodes.len() + self.draft.links.len();
        self.is_too_large |=
            elements > limits::MAX_MODEL_ELEMENTS || self.vertices > limits::MAX_MODEL_CORNERS;
    }

    /// Takes the id of a new thing.
    fn id(&self, line: &Line<'_>, is_link: bool) -> Result<String, String> {
        let id = line.word(0).unwrap_or_default();
        if id.is_empty() || id.chars().count() > MAX_ID {
            return Err(format!(
                "'{}' is no id: it has to have 1 to {MAX_ID} characters",
                short(id)
            ));
        }
        let known = if is_link { &self.links } else { &self.nodes };
        if let Some(first) = known.get(id) {
            let origin = if is_link {
                self.draft.links.get(*first).map(|link| link.origin)
            } else {
                self.draft.nodes.get(*first).map(|node| node.origin)
            };
            let first = origin.unwrap_or_default().record;
            let what = if is_link { "link" } else { "node" };
            return Err(format!("the id '{id}' is that of the {what} in line {first} too"));
        }
        Ok(id.to_owned())
    }

    fn node_of(&self, id: &str) -> Result<usize, String> {
        self.nodes
            .get(id)
            .copied()
            .ok_or_else(|| format!("the node '{}' is not defined above", short(id)))
    }

    fn link_of(&self, id: &str) -> Result<usize, String> {
        self.links
            .get(id)
            .copied()
            .ok_or_else(|| format!("the link '{}' is not defined above", short(id)))
    }

    fn pattern(&self, word: &str) -> Result<Value, String> {
        if self.patterns.contains(word) {
            return Ok(Value::Text(word.to_owned()));
        }
        // The pattern that is always there.
        if word == "1" {
            return Ok(Value::Null);
        }
        Err(format!("the pattern '{}' is not defined", short(word)))
    }

    fn curve(&self, word: &str) -> Result<Value, String> {
        let known = self.curves.contains(word);
        known
            .then(|| Value::Text(word.to_owned()))
            .ok_or_else(|| format!("the curve '{}' is not defined", short(word)))
    }

    /// Reads a line of tags: what it is for, its id, the tag.
    fn tag(&mut self, line: &Line<'_>) -> Read {
        let (Some(kind), Some(id), Some(tag)) = (line.word(0), line.word(1), line.word(2)) else {
            return Err("a tag needs NODE or LINK, an id and the tag".into());
        };
        let tag = Value::Text(tag.to_owned());
        if input::begins(kind, "NODE") {
            let i = self.node_of(id)?;
            if let Some(node) = self.draft.nodes.get_mut(i) {
                set(&mut node.extra, nodes::FIELDS, "tag", tag);
            }
        } else if input::begins(kind, "LINK") {
            let i = self.link_of(id)?;
            if let Some(link) = self.draft.links.get_mut(i) {
                set(&mut link.extra, links::FIELDS, "tag", tag);
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Draft, Error> {
        if self.is_too_large {
            return Err(model::too_large(self.source, "nodes, links, patterns and curves"));
        }
        if let Some(error) = self.refusal() {
            return Err(error);
        }
        if self.draft.nodes.is_empty() {
            return Err(Error::unsupported(self.source, "it has no nodes", "add junctions"));
        }
        if self.placed.is_empty() {
            return Err(model::without_places(self.source));
        }
        self.set_demands();
        model::forget_flat_heights(&mut self.draft);
        let place = "section [COORDINATES]";
        model::refuse_unplaced(&mut self.draft, &self.placed, place);
        if self.lost_places > 0 {
            self.draft.notes.push(Note::warning(format!(
                "{} lines of coordinates and vertices name nothing that is there, or hold no numbers, and were left out",
                self.lost_places
            )));
        }
        self.draft.notes.push(Note::assumed(self.units.note()));
        Ok(self.draft)
    }

    /// Returns the error of a file that EPANET refuses.
    fn refusal(&self) -> Option<Error> {
        let first = self.problems.first()?;
        let place = |problem: &Problem| match problem.section {
            "" => String::new(),
            section => format!(" in section [{section}]"),
        };
        let reason = format!("{}{}", first.reason, place(first));
        let mut remedy = vec!["correct the line".to_owned()];
        remedy.extend(
            self.problems.iter().skip(1).map(|problem| {
                format!("line {}: {}{}", problem.line, problem.reason, place(problem))
            }),
        );
        if self.problems.len() >= MAX_PROBLEMS {
            remedy.push("the lines below were not read".to_owned());
        }
        remedy.push("EPANET refuses the file, too".to_owned());
        let at = Some(format!("line {}", first.line));
        Some(Error::broken(self.source, at, reason, remedy.join("; ")))
    }
}

/// Sets a value of a thing by the name of its field.
fn set(extra: &mut Vec<(u32, Value)>, fields: &[&str], name: &str, value: Value) {
    let Some(at) = fields.iter().position(|field| *field == name) else { return };
    if value != Value::Null {
        model::put(extra, at as u32, value);
    }
}

/// Reads the units; other options are not looked at.
fn option(line: &Line<'_>) -> Read {
    match (line.word(0), line.word(1)) {
        (Some(name), Some(units)) if input::begins(name, "UNITS") => Units::find(units)
            .map(drop)
            .ok_or_else(|| format!("'{}' is none of EPANET's units", short(units))),
        _ => Ok(()),
    }
}
