//! The arcs, and lines made of them.

use std::io::Read;

use onemap_bounded::limits as guards;
use onemap_model::{Geometry, GeometryKind};

use crate::geojson::close_rings;
use crate::json::{Lexer, Number, Result};
use crate::{limits, wkb_sink};

/// How quantised coordinates become real ones (clause 2.1.2).
#[derive(Debug, Clone, Copy)]
pub(super) struct Transform {
    pub(super) scale: [f64; 2],
    pub(super) translate: [f64; 2],
}

impl Default for Transform {
    fn default() -> Self {
        Self { scale: [1.0, 1.0], translate: [0.0, 0.0] }
    }
}

impl Transform {
    /// Turns a position on the quantised grid into a real one.
    pub(super) fn apply(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [x * self.scale[0] + self.translate[0], y * self.scale[1] + self.translate[1]]
    }
}

/// All arcs, one after the other.
#[derive(Debug, Default)]
pub(super) struct Arcs {
    xy: Vec<[f64; 2]>,
    ends: Vec<u32>,
    /// Arcs with something that is no position.
    broken: Vec<usize>,
    /// Vertices given out so far: shared arcs may make a small file a large map, but not without end.
    given: usize,
}

impl Arcs {
    /// Reads the list of arcs, still quantised where they are.
    pub(super) fn read<R: Read>(text: &mut Lexer<R>) -> Result<Self> {
        let mut own = Self::default();
        let mut more = text.begin(b'[', b']')?;
        while more {
            if text.peek()? == Some(b'[') {
                own.arc(text)?;
            } else {
                text.skip_value()?;
                own.break_last();
            }
            own.ends.push(own.xy.len() as u32);
            if own.xy.len() > limits::MAX_ARC_COORDINATES {
                let limit = limits::MAX_ARC_COORDINATES;
                return Err(text.fault(format!(
                    "the arcs have more than {limit} coordinates; convert the file to GeoPackage or GeoJSON"
                )));
            }
            more = text.another(b']')?;
        }
        Ok(own)
    }

    fn arc<R: Read>(&mut self, text: &mut Lexer<R>) -> Result<()> {
        let mut more = text.begin(b'[', b']')?;
        while more {
            match position(text)? {
                Some(at) => self.xy.push(at),
                None => self.break_last(),
            }
            more = text.another(b']')?;
        }
        Ok(())
    }

    fn break_last(&mut self) {
        if self.broken.last() != Some(&self.ends.len()) {
            self.broken.push(self.ends.len());
        }
    }

    /// Adds up the steps of quantised arcs and makes them real coordinates.
    pub(super) fn decode(&mut self, transform: Transform) {
        let mut start = 0;
        for &end in &self.ends {
            let mut at = [0.0, 0.0];
            for xy in self.xy.get_mut(start..end as usize).unwrap_or_default() {
                at = [at[0] + xy[0], at[1] + xy[1]];
                *xy = transform.apply(at);
            }
            start = end as usize;
        }
    }

    fn get(&self, i: usize) -> Option<&[[f64; 2]]> {
        let end = *self.ends.get(i)? as usize;
        let start = i.checked_sub(1).and_then(|j| self.ends.get(j)).copied().unwrap_or(0) as usize;
        if self.broken.binary_search(&i).is_ok() {
            return None;
        }
        self.xy.get(start..end)
    }

    /// Makes the geometry of this kind from arc numbers. Tells also whether open rings were closed.
    pub(super) fn resolve(
        &mut self,
        kind: GeometryKind,
        numbers: &Numbers,
    ) -> std::result::Result<(Geometry, bool), String> {
        if let Some(problem) = numbers.problem {
            return Err(problem.into());
        }
        let expected = match kind {
            GeometryKind::LineString => 1,
            GeometryKind::MultiLineString | GeometryKind::Polygon => 2,
            _ => 3,
        };
        if numbers.depth != 0 && numbers.depth != expected {
            return Err(format!(
                "its arcs lie in {} brackets, a {kind:?} needs {expected}",
                numbers.depth
            ));
        }
        let mut geometry = Geometry::empty(kind);
        let mut line = 0;
        let mut polygons = numbers.polygon_ends.iter().peekable();
        for &line_end in &numbers.line_ends {
            for &number in numbers.all.get(line..line_end).unwrap_or_default() {
                self.append(number, &mut geometry)?;
            }
            line = line_end;
            wkb_sink::end_line(&mut geometry);
            while polygons.next_if(|end| **end == line_end).is_some() {
                wkb_sink::end_polygon(&mut geometry);
            }
        }
        if kind == GeometryKind::Polygon {
            wkb_sink::end_polygon(&mut geometry);
        }
        self.given += geometry.xy.len();
        if matches!(kind, GeometryKind::Polygon | GeometryKind::MultiPolygon) {
            return Ok(close_rings(geometry));
        }
        geometry.parts.clear();
        Ok((geometry, false))
    }

    /// Appends an arc to the current line: a negative number means the arc backwards (clause 2.1.4). The
    /// first point repeats the last one of the arc before.
    fn append(&self, number: i64, geometry: &mut Geometry) -> std::result::Result<(), String> {
        let backwards = number < 0;
        let i = if backwards { !number } else { number };
        let arc = usize::try_from(i).ok().and_then(|i| self.get(i));
        let Some(arc) = arc else {
            return Err(format!("its arc {number} is missing or broken"));
        };
        let start = geometry.ends.last().map_or(0, |end| *end as usize);
        let joined = usize::from(geometry.xy.len() > start);
        if geometry.xy.len() + arc.len() > guards::MAX_VERTICES {
            return Err(format!("it has more than {} vertices", guards::MAX_VERTICES));
        }
        if backwards {
            geometry.xy.extend(arc.iter().rev().skip(joined));
        } else {
            geometry.xy.extend(arc.iter().skip(joined));
        }
        Ok(())
    }

    /// Tells whether more vertices were given out than sharing explains: every arc 100 times.
    pub(super) fn is_exhausted(&self) -> bool {
        self.given > 1_000_000 + self.xy.len().saturating_mul(100)
    }
}

fn position<R: Read>(text: &mut Lexer<R>) -> Result<Option<[f64; 2]>> {
    if text.peek()? != Some(b'[') {
        text.skip_value()?;
        return Ok(None);
    }
    let mut numbers = [None; 2];
    let mut count = 0;
    let mut more = text.begin(b'[', b']')?;
    while more {
        let number = text.coordinate()?;
        if let Some(slot) = numbers.get_mut(count) {
            *slot = number;
        }
        count += 1;
        more = text.another(b']')?;
    }
    let [x, y] = numbers;
    Ok(x.zip(y).map(|(x, y)| [x, y]))
}

/// Arc numbers of a geometry whose `type` may not be known yet.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    all: Vec<i64>,
    line_ends: Vec<usize>,
    polygon_ends: Vec<usize>,
    /// Brackets around a number: 1 for a line, 3 for a multipolygon; 0 when there is none.
    depth: usize,
    problem: Option<&'static str>,
}

impl Numbers {
    /// Reads the value of an `arcs` member.
    pub(super) fn read<R: Read>(text: &mut Lexer<R>) -> Result<Self> {
        let mut own = Self::default();
        if text.peek()? == Some(b'[') {
            own.list(text, 1)?;
        } else {
            text.skip_value()?;
            own.problem = Some("its arcs are no list");
        }
        Ok(own)
    }

    fn list<R: Read>(&mut self, text: &mut Lexer<R>, level: usize) -> Result<()> {
        let mut more = text.begin(b'[', b']')?;
        while more {
            match text.peek()? {
                Some(b'[') if level < 3 => self.list(text, level + 1)?,
                Some(b'-' | b'0'..=b'9') => {
                    match text.number()? {
                        Number::Int(number) => self.all.push(number),
                        _ => self.problem = Some("an arc number is no whole number"),
                    }
                    if self.depth != 0 && self.depth != level {
                        self.problem = Some("its arcs are nested unevenly");
                    }
                    self.depth = level;
                }
                _ => {
                    text.skip_value()?;
                    self.problem = Some("its arcs hold something that is no number");
                }
            }
            if self.all.len() > guards::MAX_VERTICES {
                return Err(text.fault("a shape has too many arcs"));
            }
            more = text.another(b']')?;
        }
        if level == self.depth {
            self.line_ends.push(self.all.len());
        } else if self.depth == 3 && level == 2 {
            self.polygon_ends.push(self.all.len());
        }
        Ok(())
    }
}
