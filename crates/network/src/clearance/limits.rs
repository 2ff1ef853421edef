//! The table of limits: least distances between pipes, least covers, each with where it is from.
//!
//! A text of columns parted by tabs, that a city can replace; `data/clearance.tsv` explains itself. A row says when it
//! holds; of the rows that may hold, the strictest counts, and what had to be assumed is told.

use onemap_model::{PipeClass, PipeSystem};
use serde::Serialize;

use super::terms::{ANY_SURFACE, LAYINGS, OVERHEAD, PRESSURES, SURFACES, Surface, Terms, Words};
use crate::section::UndergroundError;

/// The most rows of a table.
const MOST_ROWS: usize = 10_000;

/// What a limit is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LimitKind {
    /// Free distance in plan.
    Horizontal,
    /// Free height where pipes cross.
    Vertical,
    /// From the ground to the top of a pipe.
    Cover,
}

/// A limit that was looked up.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Limit {
    /// At least so many metres.
    pub least_m: f64,
    /// Standard and clause.
    pub standard: String,
    /// Where the number was found.
    pub source: String,
    /// How sure it is: A to C and M, see the table.
    pub confidence: String,
    /// Line of the table.
    pub line: usize,
    /// Conditions of the row that the data neither confirm nor rule out; empty: it holds for certain.
    pub assumed: Vec<String>,
}

/// The table of limits.
#[derive(Debug, Clone)]
pub struct Limits {
    rows: Vec<Row>,
}

#[derive(Debug, Clone)]
struct Row {
    line: usize,
    kind: LimitKind,
    parties: [Party; 2],
    conditions: Vec<Condition>,
    least_m: f64,
    standard: String,
    source: String,
    confidence: String,
}

/// Classes and subclasses, by code.
#[derive(Debug, Clone)]
struct Party(Vec<&'static PipeSystem>);

#[derive(Debug, Clone)]
struct Condition {
    text: String,
    /// 0 the first party, 1 the second.
    side: usize,
    test: Test,
}

#[derive(Debug, Clone, Copy)]
enum Test {
    /// Least (not included) and most diameter, millimetres.
    Diameter(f64, f64),
    Pressure(u16),
    Laying(u16),
    Surface(u16),
}

/// Whether something holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Truth {
    No,
    Maybe,
    Yes,
}

impl Truth {
    fn of_set(known: u16, wanted: u16) -> Self {
        match known & wanted {
            0 => Self::No,
            both if both == known => Self::Yes,
            _ => Self::Maybe,
        }
    }
}

impl Party {
    fn holds(&self, terms: &Terms<'_>) -> Truth {
        let mut truth = Truth::No;
        for system in &self.0 {
            if system.class != terms.class {
                continue;
            }
            if system.is_class() {
                return Truth::Yes;
            }
            match terms.subclass {
                Some(code) if code.eq_ignore_ascii_case(system.code) => return Truth::Yes,
                Some(_) => {}
                None => truth = Truth::Maybe,
            }
        }
        truth
    }
}

impl Default for Limits {
    /// Returns the table that comes with the program.
    fn default() -> Self {
        // The table is part of the program, and a test reads it.
        Self::parse(include_str!("../../data/clearance.tsv")).unwrap_or(Self { rows: Vec::new() })
    }
}

impl Limits {
    /// Reads a table; `data/clearance.tsv` shows how one looks.
    pub fn parse(text: &str) -> Result<Self, UndergroundError> {
        let mut rows = Vec::new();
        let mut header = false;
        for (at, text) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let line = at + 1;
            let wrong = |reason: String| UndergroundError::Limits { line, reason };
            if text.trim().is_empty() || text.starts_with('#') {
                continue;
            }
            let cells: Vec<&str> = text.split('\t').map(str::trim).collect();
            if !header {
                if cells != HEADER {
                    let wanted = HEADER.join(", ");
                    return Err(wrong(format!(
                        "the first line must name the columns {wanted}, parted by tabs"
                    )));
                }
                header = true;
                continue;
            }
            if rows.len() >= MOST_ROWS {
                return Err(wrong(format!("there are more than {MOST_ROWS} rows")));
            }
            rows.push(Row::parse(line, &cells).map_err(wrong)?);
        }
        Ok(Self { rows })
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Tells whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns the greatest horizontal distance that any row asks for, metres.
    pub fn most_horizontal_m(&self) -> f64 {
        let rows = self.rows.iter().filter(|row| row.kind == LimitKind::Horizontal);
        rows.map(|row| row.least_m).fold(0.0, f64::max)
    }

    /// Looks up the distance of two pipes.
    pub(crate) fn between(&self, kind: LimitKind, a: &Terms<'_>, b: &Terms<'_>) -> Option<Limit> {
        if (a.laying | b.laying) & OVERHEAD != 0 {
            return None;
        }
        let rows = self.rows.iter().filter(|row| row.kind == kind);
        strictest(rows.filter_map(|row| {
            let ways = [row.holds([a, b], ANY_SURFACE), row.holds([b, a], ANY_SURFACE)];
            // Held for certain in either order, it needs no assumption.
            let best = ways.into_iter().flatten().min_by_key(Vec::len)?;
            Some((row, best))
        }))
    }

    /// Looks up the cover of a pipe.
    pub(crate) fn cover(&self, pipe: &Terms<'_>, surface: Option<Surface>) -> Option<Limit> {
        if pipe.laying & OVERHEAD != 0 {
            return None;
        }
        let surface = surface.map_or(ANY_SURFACE, Surface::bit);
        let rows = self.rows.iter().filter(|row| row.kind == LimitKind::Cover);
        strictest(rows.filter_map(|row| Some((row, row.holds([pipe, pipe], surface)?))))
    }
}

fn strictest<'a>(rows: impl Iterator<Item = (&'a Row, Vec<String>)>) -> Option<Limit> {
    let (row, assumed) = rows.max_by(|(a, a_assumed), (b, b_assumed)| {
        let least = a.least_m.total_cmp(&b.least_m);
        least.then(b_assumed.len().cmp(&a_assumed.len())).then(b.line.cmp(&a.line))
    })?;
    Some(Limit {
        least_m: row.least_m,
        standard: row.standard.clone(),
        source: row.source.clone(),
        confidence: row.confidence.clone(),
        line: row.line,
        assumed,
    })
}

const HEADER: [&str; 8] =
    ["kind", "a", "b", "condition", "value_m", "standard", "source", "confidence"];

impl Row {
    fn parse(line: usize, cells: &[&str]) -> Result<Self, String> {
        let &[kind, a, b, condition, value, standard, source, confidence] = cells else {
            return Err(format!("it has {} columns, not {}", cells.len(), HEADER.len()));
        };
        let kind = match kind {
            "H" => LimitKind::Horizontal,
            "V" => LimitKind::Vertical,
            "C" => LimitKind::Cover,
            other => return Err(format!("the kind is '{other}', not H, V or C")),
        };
        let b = if kind == LimitKind::Cover { a } else { b };
        let least_m = value.parse::<f64>().ok().filter(|x| (0.0..=1000.0).contains(x));
        let conditions = condition.split(';').map(str::trim).filter(|text| !text.is_empty());
        Ok(Self {
            line,
            kind,
            parties: [party(a)?, party(b)?],
            conditions: conditions.map(Condition::parse).collect::<Result<_, _>>()?,
            least_m: least_m.ok_or(format!("value_m is '{value}', not metres from 0 to 1000"))?,
            standard: standard.to_owned(),
            source: source.to_owned(),
            confidence: confidence.to_owned(),
        })
    }

    /// Tells what has to be assumed for the row to hold; `None`: it does not.
    fn holds(&self, pipes: [&Terms<'_>; 2], surface: u16) -> Option<Vec<String>> {
        let mut assumed = Vec::new();
        for (party, terms) in self.parties.iter().zip(pipes) {
            match party.holds(terms) {
                Truth::No => return None,
                Truth::Maybe => {
                    let codes: Vec<&str> = party.0.iter().map(|system| system.code).collect();
                    assumed.push(format!("subclass {}", codes.join("/")));
                }
                Truth::Yes => {}
            }
        }
        for condition in &self.conditions {
            let terms = pipes[condition.side];
            let truth = match condition.test {
                Test::Diameter(least, most) => match terms.diameter_mm {
                    None => Truth::Maybe,
                    Some(diameter) if diameter > least && diameter <= most => Truth::Yes,
                    Some(_) => Truth::No,
                },
                Test::Pressure(wanted) => Truth::of_set(terms.pressure, wanted),
                Test::Laying(wanted) => Truth::of_set(terms.laying, wanted),
                Test::Surface(wanted) => Truth::of_set(surface, wanted),
            };
            match truth {
                Truth::No => return None,
                Truth::Maybe => assumed.push(condition.text.clone()),
                Truth::Yes => {}
            }
        }
        Some(assumed)
    }
}

fn party(cell: &str) -> Result<Party, String> {
    if cell == "*" {
        let classes = PipeClass::ALL.iter().filter_map(|class| PipeSystem::find(class.code()));
        return Ok(Party(classes.collect()));
    }
    let systems = cell.split(',').map(|code| {
        PipeSystem::find(code).ok_or_else(|| format!("'{code}' is no class or subclass of CJJ 61"))
    });
    Ok(Party(systems.collect::<Result<_, _>>()?))
}

impl Condition {
    fn parse(text: &str) -> Result<Self, String> {
        let shape = || {
            format!(
                "the condition '{text}' is not like 'a.diameter<=200' or 'b.pressure=low,medium'"
            )
        };
        let (side, test) = match text.split_once('.') {
            Some(("a", test)) => (0, test),
            Some(("b", test)) => (1, test),
            _ => (0, text),
        };
        let test = if let Some(most) = test.strip_prefix("diameter<=") {
            Test::Diameter(f64::MIN, most.parse().map_err(|_| shape())?)
        } else if let Some(least) = test.strip_prefix("diameter>") {
            Test::Diameter(least.parse().map_err(|_| shape())?, f64::MAX)
        } else {
            let (key, words) = test.split_once('=').ok_or_else(shape)?;
            match key {
                "pressure" => Test::Pressure(set(words, PRESSURES)?),
                "laying" => Test::Laying(set(words, LAYINGS)?),
                "surface" => Test::Surface(set(words, SURFACES)?),
                _ => return Err(shape()),
            }
        };
        Ok(Self { text: text.to_owned(), side, test })
    }
}

fn set(words: &str, known: Words) -> Result<u16, String> {
    let mut bits = 0;
    for word in words.split(',') {
        let found = known.iter().find(|(name, _)| *name == word.trim());
        let names = || known.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        bits |= found.ok_or_else(|| format!("'{word}' is not one of {}", names()))?.1;
    }
    Ok(bits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clearance::terms::{ANY_LAYING, ANY_PRESSURE};

    fn terms(class: PipeClass) -> Terms<'static> {
        Terms {
            class,
            subclass: None,
            diameter_mm: None,
            pressure: ANY_PRESSURE,
            laying: ANY_LAYING,
        }
    }

    #[test]
    fn the_table_that_comes_with_the_program_is_read_whole() {
        let text = include_str!("../../data/clearance.tsv");
        let limits = Limits::parse(text).unwrap();
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        assert_eq!(limits.len(), lines.count() - 1);
        assert_eq!(Limits::default().len(), limits.len());
        assert!(limits.most_horizontal_m() >= 2.0);
    }

    #[test]
    fn water_and_sewer_are_looked_up_by_the_size_of_the_water_pipe() {
        let limits = Limits::default();
        let (mut water, sewer) = (terms(PipeClass::Water), terms(PipeClass::Drainage));
        water.diameter_mm = Some(200.0);
        let limit = limits.between(LimitKind::Horizontal, &water, &sewer).unwrap();
        assert_eq!((limit.least_m, limit.confidence.as_str()), (1.0, "A"));
        assert!(limit.assumed.is_empty());
        water.diameter_mm = Some(300.0);
        let limit = limits.between(LimitKind::Horizontal, &sewer, &water).unwrap();
        assert_eq!(limit.least_m, 1.5);
        water.diameter_mm = None;
        let limit = limits.between(LimitKind::Horizontal, &sewer, &water).unwrap();
        assert_eq!((limit.least_m, limit.assumed.len()), (1.5, 1), "the strictest, and told so");
    }

    #[test]
    fn gas_is_looked_up_by_pressure_and_what_is_not_stated_is_assumed() {
        let limits = Limits::default();
        let (mut gas, sewer) = (terms(PipeClass::Gas), terms(PipeClass::Drainage));
        for (pressure, least) in [(1, 1.0), (2, 1.2), (4, 1.2), (8, 1.5), (16, 2.0)] {
            gas.pressure = pressure;
            let limit = limits.between(LimitKind::Horizontal, &gas, &sewer).unwrap();
            assert_eq!((limit.least_m, limit.assumed.len()), (least, 0));
        }
        gas.pressure = ANY_PRESSURE;
        let limit = limits.between(LimitKind::Horizontal, &gas, &sewer).unwrap();
        assert_eq!((limit.least_m, limit.assumed.len()), (2.0, 1));
        gas.pressure = 32;
        assert_eq!(limits.between(LimitKind::Horizontal, &gas, &sewer), None, "no limit known");
        gas.laying = OVERHEAD;
        gas.pressure = 1;
        assert_eq!(limits.between(LimitKind::Horizontal, &gas, &sewer), None);
    }

    #[test]
    fn covers_are_looked_up_by_what_is_above() {
        let limits = Limits::default();
        let gas = terms(PipeClass::Gas);
        let least = |surface| limits.cover(&gas, surface).unwrap().least_m;
        assert_eq!(least(Some(Surface::Carriageway)), 0.9);
        assert_eq!(least(Some(Surface::Footway)), 0.6);
        assert_eq!(least(None), 0.9);
        assert_eq!(limits.cover(&terms(PipeClass::Telecom), None), None);
    }

    #[test]
    fn a_wrong_table_is_refused_with_line_and_reason() {
        let table = |row: &str| Limits::parse(&format!("{}\n{row}", HEADER.join("\t")));
        for (row, reason) in [
            ("X\tJS\tPS\t\t1\ts\ts\tA", "the kind is 'X'"),
            ("H\tJS\tNO\t\t1\ts\ts\tA", "'NO' is no class"),
            ("H\tJS\tPS\ta.diameter\t1\ts\ts\tA", "not like"),
            ("H\tJS\tPS\ta.pressure=huge\t1\ts\ts\tA", "'huge' is not one of low"),
            ("H\tJS\tPS\t\t-1\ts\ts\tA", "value_m is '-1'"),
            ("H\tJS", "it has 2 columns"),
        ] {
            let error = table(row).unwrap_err().to_string();
            assert!(error.starts_with("line 2") && error.contains(reason), "{error}");
        }
        assert!(Limits::parse("a\tb").unwrap_err().to_string().contains("name the columns"));
    }
}
