//! Entities as they stand in the file: a kind and its groups, not yet understood.

use std::io::BufRead;

use onemap_bounded::Result;

use super::affine::Point;
use super::pairs::{Pair, Pairs, Value};
use crate::limits::MAX_DXF_PAIRS;

/// One entity, with the vertices or attributes that follow it.
#[derive(Debug, Clone, Default)]
pub(super) struct Raw {
    pub(super) kind: String,
    pub(super) pairs: Vec<Pair>,
    /// Extended data of applications: codes from 1000 on.
    pub(super) xdata: Vec<Pair>,
    pub(super) children: Vec<Raw>,
    /// Why it can not be kept, when that shows already.
    pub(super) wrong: Option<String>,
}

impl Raw {
    /// Reads the entity whose kind (code 0) was read last, up to the next code 0 that is not of its children.
    pub(super) fn read<R: BufRead>(kind: &Pair, pairs: &mut Pairs<R>) -> Result<Self> {
        let mut raw = Self::read_alone(kind, pairs)?;
        let child = match raw.kind.as_str() {
            "POLYLINE" => "VERTEX",
            "INSERT" => "ATTRIB",
            _ => return Ok(raw),
        };
        let mut size = raw.pairs.len();
        while let Some(pair) = pairs.next()? {
            if pair.is(0, child) {
                let read = Self::read_alone(&pair, pairs)?;
                size += read.pairs.len() + 4;
                if size > MAX_DXF_PAIRS {
                    raw.wrong.get_or_insert_with(too_large);
                    continue;
                }
                if let Some(wrong) = &read.wrong {
                    raw.wrong.get_or_insert_with(|| wrong.clone());
                }
                raw.children.push(read);
            } else if pair.is(0, "SEQEND") {
                Self::read_alone(&pair, pairs)?;
                break;
            } else {
                pairs.put_back(pair);
                break;
            }
        }
        Ok(raw)
    }

    fn read_alone<R: BufRead>(kind: &Pair, pairs: &mut Pairs<R>) -> Result<Self> {
        let kind = String::from_utf8_lossy(kind.value.text()).trim().to_ascii_uppercase();
        let mut raw = Self { kind, ..Self::default() };
        // Groups of handles between `102 {...` and `102 }`.
        let mut in_group = false;
        while let Some(pair) = pairs.next()? {
            match pair.code {
                0 => {
                    pairs.put_back(pair);
                    break;
                }
                102 => in_group = pair.value.text().trim_ascii_start().starts_with(b"{"),
                _ if in_group => {}
                100 | 330 | 360 => {}
                _ if raw.pairs.len() + raw.xdata.len() >= MAX_DXF_PAIRS => {
                    raw.wrong.get_or_insert_with(too_large);
                }
                1000.. => raw.xdata.push(pair),
                code if pair.value == Value::Bad => {
                    raw.wrong.get_or_insert_with(|| format!("group {code} holds no number"));
                }
                _ if pair.value == Value::Skipped => {}
                _ => raw.pairs.push(pair),
            }
        }
        Ok(raw)
    }

    /// Returns how many groups it has, those of its children included: what it takes of memory.
    pub(super) fn size(&self) -> usize {
        let own = 4 + self.pairs.len() + self.xdata.len();
        own + self.children.iter().map(Self::size).sum::<usize>()
    }

    fn value(&self, code: i16) -> Option<&Value> {
        self.pairs.iter().find(|pair| pair.code == code).map(|pair| &pair.value)
    }

    pub(super) fn real(&self, code: i16) -> Option<f64> {
        self.value(code)?.real()
    }

    pub(super) fn int(&self, code: i16) -> Option<i64> {
        self.value(code)?.int()
    }

    /// Returns the bits of a field of flags.
    pub(super) fn flags(&self, code: i16) -> i64 {
        self.int(code).unwrap_or_default()
    }

    pub(super) fn text(&self, code: i16) -> &[u8] {
        self.value(code).map_or(&[], Value::text)
    }

    /// Returns the point whose x has this code, y ten more and z twenty more.
    pub(super) fn point(&self, code: i16) -> Option<Point> {
        let (x, y) = (self.real(code)?, self.real(code + 10)?);
        Some([x, y, self.real(code + 20).unwrap_or_default()])
    }

    /// Returns all points whose x has this code.
    pub(super) fn points(&self, code: i16) -> Vec<Point> {
        let mut points: Vec<Point> = Vec::new();
        for pair in &self.pairs {
            let Some(value) = pair.value.real() else { continue };
            match (pair.code - code, points.last_mut()) {
                (0, _) => points.push([value, 0.0, 0.0]),
                (10, Some([_, y, _])) => *y = value,
                (20, Some([_, _, z])) => *z = value,
                _ => {}
            }
        }
        points
    }

    /// Returns all numbers with this code.
    pub(super) fn reals(&self, code: i16) -> Vec<f64> {
        self.pairs
            .iter()
            .filter(|pair| pair.code == code)
            .filter_map(|pair| pair.value.real())
            .collect()
    }

    /// Returns the direction that the object faces.
    pub(super) fn normal(&self) -> Point {
        self.point(210).unwrap_or([0.0, 0.0, 1.0])
    }
}

fn too_large() -> String {
    format!("it has more than {MAX_DXF_PAIRS} groups; split it")
}
