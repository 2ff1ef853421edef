//! The JSON of a pandapipes network: a map of tables, each a text that is JSON again, with columns, index and rows.

use std::collections::BTreeMap;
use std::fmt;

use onemap_model::Value;
use rustc_hash::FxHashMap;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::{input, limits};

/// A network: its parts by name.
#[derive(Debug, Deserialize)]
pub(super) struct File {
    #[serde(rename = "_object")]
    pub(super) parts: BTreeMap<String, Part>,
}

/// A part of a network: a table, the fluid, a number.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// What it holds, as text.
    pub(super) object: Option<String>,
    /// CRS of a table with geometry.
    pub(super) crs: Option<String>,
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PartVisitor)
    }
}

/// Reads parts; what is no map, list or text is passed over.
struct PartVisitor;

impl<'de> Visitor<'de> for PartVisitor {
    type Value = Part;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a part of a network")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Part, A::Error> {
        let mut part = Part::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "_object" => part.object = map.next_value::<Text>()?.0,
                "crs" => part.crs = map.next_value::<Text>()?.0,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(part)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Part, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Part::default())
    }

    fn visit_str<E>(self, text: &str) -> Result<Part, E> {
        Ok(Part { object: Some(text.to_owned()), crs: None })
    }

    fn visit_bool<E>(self, _: bool) -> Result<Part, E> {
        Ok(Part::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Part, E> {
        Ok(Part::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Part, E> {
        Ok(Part::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Part, E> {
        Ok(Part::default())
    }

    fn visit_unit<E>(self) -> Result<Part, E> {
        Ok(Part::default())
    }
}

/// A text; `None` for anything else.
struct Text(Option<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Part::deserialize(deserializer)?.object))
    }
}

/// A value in a table.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Cell {
    Null(()),
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    /// Corners of a pipe.
    Corners(Vec<Vec<f64>>),
    Other(IgnoredAny),
}

/// A table.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Frame {
    pub(super) columns: Vec<String>,
    index: Vec<Cell>,
    data: Vec<Vec<Cell>>,
}

/// A row of a table, with its number in the index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    frame: &'a Frame,
    /// Position, from 0.
    pub(super) position: usize,
    pub(super) index: i64,
}

impl Frame {
    /// Reads a table from its text.
    pub(super) fn read(text: &str) -> Result<Self, serde_json::Error> {
        let mut frame: Self = serde_json::from_str(&without_nan(text))?;
        // Columns are looked for by name in every row.
        frame.columns.truncate(limits::MAX_MODEL_FIELDS);
        Ok(frame)
    }

    pub(super) fn len(&self) -> usize {
        self.data.len()
    }

    /// Returns the rows; those without a number in the index are numbered by position.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.data.len()).map(|position| {
            let index = match self.index.get(position) {
                Some(Cell::Int(index)) => *index,
                _ => position as i64,
            };
            Row { frame: self, position, index }
        })
    }

    /// Returns the positions of the rows by index.
    pub(super) fn by_index(&self) -> FxHashMap<i64, Row<'_>> {
        self.rows().map(|row| (row.index, row)).collect()
    }
}

impl<'a> Row<'a> {
    fn cell(&self, column: &str) -> Option<&'a Cell> {
        let at = self.frame.columns.iter().position(|name| name == column)?;
        self.frame.data.get(self.position)?.get(at)
    }

    /// Returns a number within reason.
    pub(super) fn number(&self, column: &str) -> Option<f64> {
        match self.cell(column)? {
            Cell::Int(value) => input::sensible(*value as f64),
            Cell::Float(value) => input::sensible(*value),
            _ => None,
        }
    }

    /// Returns an index of another table.
    pub(super) fn link(&self, column: &str) -> Option<i64> {
        match self.cell(column)? {
            Cell::Int(value) => Some(*value),
            Cell::Float(value) if value.fract() == 0.0 && value.abs() < 1e15 => Some(*value as i64),
            _ => None,
        }
    }

    pub(super) fn bool(&self, column: &str) -> Option<bool> {
        match self.cell(column)? {
            Cell::Bool(value) => Some(*value),
            _ => None,
        }
    }

    pub(super) fn text(&self, column: &str) -> Option<&'a str> {
        match self.cell(column)? {
            Cell::Text(value) if !value.trim().is_empty() => Some(value.trim()),
            _ => None,
        }
    }

    /// Returns corners of a line.
    pub(super) fn corners(&self, column: &str) -> Vec<[f64; 2]> {
        let Some(Cell::Corners(corners)) = self.cell(column) else { return Vec::new() };
        let number = |corner: &Vec<f64>, at| input::sensible(*corner.get(at)?);
        corners.iter().filter_map(|corner| Some([number(corner, 0)?, number(corner, 1)?])).collect()
    }

    /// Returns a value as it is, for a field of the source's own.
    pub(super) fn value(&self, column: &str) -> Value {
        match self.cell(column) {
            Some(Cell::Bool(value)) => Value::Bool(*value),
            Some(Cell::Int(value)) => Value::Int(*value),
            Some(Cell::Float(value)) if value.is_finite() => Value::Float(*value),
            Some(Cell::Text(value)) => Value::Text(value.clone()),
            _ => Value::Null,
        }
    }
}

/// Replaces the words `NaN`, `Infinity` and `-Infinity`, which Python writes and JSON does not know, by `null`.
pub(super) fn without_nan(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.contains("NaN") && !text.contains("Infinity") {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['"', 'N', 'I', '-']) {
        out.push_str(rest.get(..at).unwrap_or_default());
        rest = rest.get(at..).unwrap_or_default();
        let word = ["NaN", "Infinity", "-Infinity"].into_iter().find(|word| rest.starts_with(word));
        let length = match word {
            Some(word) => {
                out.push_str("null");
                rest = rest.get(word.len()..).unwrap_or_default();
                continue;
            }
            None if rest.starts_with('"') => end_of_text(rest),
            None => 1,
        };
        out.push_str(rest.get(..length).unwrap_or_default());
        rest = rest.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    out.into()
}

/// Returns the length of a JSON text with its quotation marks.
fn end_of_text(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}
