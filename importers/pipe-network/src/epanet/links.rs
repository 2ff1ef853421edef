//! Pipes, pumps, valves, and what is said of links elsewhere.

use onemap_model::{Element, Value};

use super::{Read, Reader, set};
use crate::draft::{End, Link, Origin, Section};
use crate::input::{self, Line, needed, short};
use crate::limits;

/// Fields of links that networks have not in common.
pub(super) const FIELDS: &[&str] = &[
    "roughness",
    "minor_loss",
    "valve_type",
    "setting",
    "curve",
    "power",
    "speed",
    "pattern",
    "tag",
    "description",
];

/// Kinds of valves. Pressure reducing and sustaining ones let nothing pass against their direction.
const VALVES: [(&str, bool); 7] = [
    ("PRV", true),
    ("PSV", true),
    ("PBV", false),
    ("FCV", false),
    ("TCV", false),
    ("GPV", false),
    ("PCV", false),
];

impl Reader<'_> {
    /// Reads a pipe: id, two nodes, length, diameter, roughness, loss coefficient, status.
    pub(super) fn pipe(&mut self, origin: Origin, line: &Line<'_>) -> Read {
        let mut link = self.begin(origin, line, Element::Pipe)?;
        let mut sizes = [None; 3];
        for (size, at) in sizes.iter_mut().zip(3..) {
            *size = positive(line, at)?;
        }
        let [length, diameter, roughness] = sizes;
        let mut loss = None;
        let status = match (line.word(6), line.word(7)) {
            (Some(word), None) if status_of(word).is_none() => {
                loss = Some(needed(word)?);
                None
            }
            (word, None) => word.and_then(status_of),
            (_, Some(word)) => {
                loss = line.optional(6)?;
                let status = status_of(word);
                let unknown = || format!("'{}' is none of OPEN, CLOSED and CV", short(word));
                Some(status.ok_or_else(unknown)?)
            }
        };
        if let Some(loss) = loss.filter(|loss| *loss < 0.0) {
            return Err(format!("the loss coefficient {loss} is less than nothing"));
        }
        link.length = length.map(|length| length * self.units.length());
        link.section = diameter.map(|diameter| self.round(diameter));
        link.closed = Some(status == Some(Status::Closed));
        if status == Some(Status::Check) {
            make_one_way(&mut link);
        }
        let values =
            [("roughness", roughness.map(Value::Float)), ("minor_loss", loss.map(Value::Float))];
        self.add_link(link, values, line);
        Ok(())
    }

    /// Reads a pump: id, two nodes, then words with their values; or, as files of EPANET 1 have it, points of its curve.
    pub(super) fn pump(&mut self, origin: Origin, line: &Line<'_>) -> Read {
        let mut link = self.begin(origin, line, Element::Pump)?;
        make_one_way(&mut link);
        link.closed = Some(false);
        let is_old = line.word(3).is_some_and(|word| input::number(word).is_some());
        let mut at = if is_old { line.words.len() } else { 3 };
        while let (Some(word), Some(value)) = (line.word(at), line.word(at + 1)) {
            let is = |keyword| input::begins(word, keyword);
            let (field, value) = if is("HEAD") {
                ("curve", self.curve(value)?)
            } else if is("PATTERN") {
                ("pattern", self.pattern(value)?)
            } else if is("POWER") || is("SPEED") {
                let number = needed(value)?;
                if number < 0.0 {
                    return Err(format!("'{number}' is less than nothing"));
                }
                (if is("POWER") { "power" } else { "speed" }, Value::Float(number))
            } else {
                return Err(format!("'{}' is no property of a pump", short(word)));
            };
            set(&mut link.extra, FIELDS, field, value);
            at += 2;
        }
        self.add_link(link, [], line);
        Ok(())
    }

    /// Reads a valve: id, two nodes, diameter, kind, setting, loss coefficient, curve.
    pub(super) fn valve(&mut self, origin: Origin, line: &Line<'_>) -> Read {
        let mut link = self.begin(origin, line, Element::Valve)?;
        let diameter = positive(line, 3)?;
        let word = line.word(4).unwrap_or("TCV");
        let (kind, is_one_way) = VALVES
            .into_iter()
            .find(|(kind, _)| input::begins(word, kind))
            .ok_or_else(|| format!("'{}' is no kind of valve", short(word)))?;
        if matches!(kind, "PRV" | "PSV" | "FCV") {
            let ends = [&link.from.node, &link.to.node];
            if let Some(tank) = ends.into_iter().find(|code| self.is_tank(code)) {
                return Err(format!("a {kind} can not end at the tank or reservoir '{tank}'"));
            }
        }
        let mut curve = Value::Null;
        let mut setting = None;
        if kind == "GPV" {
            curve = line.word(5).map(|word| self.curve(word)).transpose()?.unwrap_or_default();
        } else {
            setting = line.optional(5)?;
        }
        let loss = line.optional(6)?;
        if kind == "PCV" {
            curve = line.word(7).map(|word| self.curve(word)).transpose()?.unwrap_or_default();
        }
        if is_one_way {
            make_one_way(&mut link);
        }
        link.closed = Some(false);
        link.section = diameter.map(|diameter| self.round(diameter));
        let values = [
            ("valve_type", Some(Value::Text(kind.to_owned()))),
            ("setting", setting.map(Value::Float)),
            ("minor_loss", loss.map(Value::Float)),
            ("curve", Some(curve)),
        ];
        self.add_link(link, values, line);
        Ok(())
    }

    /// Reads the id and the two nodes of a link.
    fn begin(&self, origin: Origin, line: &Line<'_>, element: Element) -> Result<Link, String> {
        let code = self.id(line, true)?;
        let (Some(from), Some(to)) = (line.word(1), line.word(2)) else {
            return Err("a link needs two nodes".into());
        };
        let ends = [self.node_of(from)?, self.node_of(to)?];
        if ends[0] == ends[1] {
            return Err(format!("the link begins and ends at the node '{from}'"));
        }
        let end = |node: &str| End { node: node.to_owned(), ..End::default() };
        let (from, to, element) = (end(from), end(to), Some(element));
        Ok(Link { origin, code, element, from, to, ..Link::default() })
    }

    fn add_link<const N: usize>(
        &mut self,
        mut link: Link,
        values: [(&str, Option<Value>); N],
        line: &Line<'_>,
    ) {
        let description = (!line.comment.is_empty()).then(|| Value::Text(line.comment.to_owned()));
        for (name, value) in values.into_iter().chain([("description", description)]) {
            set(&mut link.extra, FIELDS, name, value.unwrap_or_default());
        }
        self.links.insert(link.code.clone(), self.draft.links.len());
        self.draft.links.push(link);
    }

    fn round(&self, diameter: f64) -> Section {
        Section::Round { diameter: diameter * self.units.diameter() }
    }

    fn is_tank(&self, code: &str) -> bool {
        let node = self.nodes.get(code).and_then(|i| self.draft.nodes.get(*i));
        node.and_then(|node| node.element).is_some_and(Element::is_source)
    }

    /// Reads a status: a link, or the first and last of a range, then OPEN, CLOSED or a setting.
    pub(super) fn status(&mut self, line: &Line<'_>) -> Read {
        let (Some(first), Some(last), Some(word)) =
            (line.word(0), line.word(1), line.words.last().copied())
        else {
            return Err("a status needs a link and OPEN, CLOSED or a setting".into());
        };
        let state = match status_of(word) {
            Some(Status::Open) => State::Open,
            Some(Status::Closed) => State::Closed,
            _ => State::Setting(needed(word)?),
        };
        if let State::Setting(setting) = state
            && setting < 0.0
        {
            return Err(format!("the setting {setting} is less than nothing"));
        }
        if line.words.len() == 2 {
            let i = self.link_of(first)?;
            let Some(link) = self.draft.links.get_mut(i) else { return Ok(()) };
            let is_check = link.element == Some(Element::Pipe) && link.one_way == Some(true);
            if is_check || (is_general(link) && matches!(state, State::Setting(_))) {
                return Err(format!("the check valve or GPV '{}' can not be set", link.code));
            }
            change(link, state);
            return Ok(());
        }
        self.range_work += self.draft.links.len();
        if self.range_work > limits::MAX_RANGE_WORK {
            return Err("there are too many ranges of links; name the links one by one".into());
        }
        // Numbers count as numbers, other ids by their letters.
        let numbers = leading_integer(first).zip(leading_integer(last));
        let numbers = numbers.filter(|(first, last)| *first > 0 && *last > 0);
        for link in &mut self.draft.links {
            let is_within = match numbers {
                Some((first, last)) => {
                    (first..=last).contains(&leading_integer(&link.code).unwrap_or(0))
                }
                None => (first..=last).contains(&link.code.as_str()),
            };
            if is_within {
                change(link, state);
            }
        }
        Ok(())
    }

    /// Reads a corner of a link: id, x, y. EPANET passes over what it can not read here.
    pub(super) fn vertex(&mut self, line: &Line<'_>) {
        let link = line.word(0).and_then(|id| self.links.get(id).copied());
        let (Some(i), Some(at)) = (link, super::nodes::place(line)) else {
            self.lost_places += 1;
            return;
        };
        if let Some(link) = self.draft.links.get_mut(i) {
            link.corners.push((at, None));
            self.vertices += 1;
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Status {
    Open,
    Closed,
    /// A check valve.
    Check,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Open,
    Closed,
    Setting(f64),
}

fn status_of(word: &str) -> Option<Status> {
    [("CV", Status::Check), ("CLOSED", Status::Closed), ("OPEN", Status::Open)]
        .into_iter()
        .find(|(keyword, _)| input::begins(word, keyword))
        .map(|(_, status)| status)
}

/// Sets the state with which a simulation begins. A number closes nothing but a pump: to a pipe it means nothing, to a
/// valve it is a pressure, a flow or a loss.
fn change(link: &mut Link, state: State) {
    match (link.element, state) {
        (_, State::Open) => link.closed = Some(false),
        (_, State::Closed) => link.closed = Some(true),
        (Some(Element::Pump), State::Setting(speed)) => {
            link.closed = Some(speed == 0.0);
            set(&mut link.extra, FIELDS, "speed", Value::Float(speed));
        }
        (Some(Element::Valve), State::Setting(setting)) if !is_general(link) => {
            set(&mut link.extra, FIELDS, "setting", Value::Float(setting));
        }
        _ => {}
    }
}

fn is_general(link: &Link) -> bool {
    let at = FIELDS.iter().position(|field| *field == "valve_type");
    link.extra.iter().any(|(field, value)| {
        Some(*field as usize) == at && matches!(value, Value::Text(kind) if kind == "GPV")
    })
}

fn make_one_way(link: &mut Link) {
    link.one_way = Some(true);
    link.flow = Some((1, "element"));
}

/// Reads a number that has to be more than nothing, where it is there.
fn positive(line: &Line<'_>, at: usize) -> Result<Option<f64>, String> {
    let value = line.optional(at)?;
    match value {
        Some(value) if value <= 0.0 => Err(format!("'{value}' has to be more than nothing")),
        _ => Ok(value),
    }
}

/// Reads the integer with which an id begins.
fn leading_integer(text: &str) -> Option<i64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    text.get(..digits)?.parse().ok()
}
