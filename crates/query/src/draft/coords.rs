//! Geometries as clients send them.

use std::fmt;

use onemap_model::{Geometry, GeometryKind};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{Result, Unfit, join};

/// Deepest nesting of geometry collections.
const DEEPEST: usize = 8;

#[derive(Debug, Clone, Deserialize)]
pub(super) struct DraftGeometry {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    coordinates: Option<Coords>,
    #[serde(default)]
    geometries: Option<Vec<DraftGeometry>>,
}

/// Coordinates, in a quarter of the memory that JSON values would take.
#[derive(Debug, Clone)]
enum Coords {
    Number(f64),
    Position { at: [f64; 3], len: u8 },
    List(Vec<Coords>),
}

impl<'de> Deserialize<'de> for Coords {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(CoordsVisitor)
    }
}

struct CoordsVisitor;

impl<'de> Visitor<'de> for CoordsVisitor {
    type Value = Coords;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("numbers and lists of them")
    }

    fn visit_f64<E: Error>(self, number: f64) -> std::result::Result<Coords, E> {
        Ok(Coords::Number(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> std::result::Result<Coords, E> {
        Ok(Coords::Number(number as f64))
    }

    fn visit_u64<E: Error>(self, number: u64) -> std::result::Result<Coords, E> {
        Ok(Coords::Number(number as f64))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> std::result::Result<Coords, A::Error> {
        let Some(first) = list.next_element::<Coords>()? else {
            return Ok(Coords::List(Vec::new()));
        };
        let Coords::Number(x) = first else {
            let mut items = vec![first];
            while let Some(item) = list.next_element()? {
                items.push(item);
            }
            return Ok(Coords::List(items));
        };
        let (mut at, mut len) = ([x, 0.0, 0.0], 1_u8);
        while let Some(number) = list.next_element::<f64>()? {
            // RFC 7946, clause 3.1.1: more than three elements should not be there; they mean nothing.
            if let Some(slot) = at.get_mut(usize::from(len)) {
                *slot = number;
                len += 1;
            }
        }
        Ok(Coords::Position { at, len })
    }
}

impl DraftGeometry {
    /// Makes the geometry; what is not said is as `before`.
    pub(super) fn read(&self, before: Option<&Geometry>, at: &str) -> Result<Geometry> {
        let known = before.map(|geometry| kind_name(geometry.kind));
        self.read_nested(known, at, 0)
    }

    fn read_nested(&self, known: Option<&str>, at: &str, depth: usize) -> Result<Geometry> {
        if depth > DEEPEST {
            return Err(Unfit::new(at, format!("collections nest deeper than {DEEPEST}")));
        }
        let Some(kind) = self.kind.as_deref().or(known) else {
            return Err(Unfit::new(join(at, "type"), "is missing"));
        };
        if kind == "GeometryCollection" {
            let at = join(at, "geometries");
            let Some(members) = &self.geometries else { return Err(Unfit::new(at, "is missing")) };
            let members = members.iter().enumerate();
            let members: Result<Vec<Geometry>> =
                members.map(|(i, m)| m.read_nested(None, &item(&at, i), depth + 1)).collect();
            return Ok(Geometry::collection(members?));
        }
        let kind = match kind {
            "Point" => GeometryKind::Point,
            "MultiPoint" => GeometryKind::MultiPoint,
            "LineString" => GeometryKind::LineString,
            "MultiLineString" => GeometryKind::MultiLineString,
            "Polygon" => GeometryKind::Polygon,
            "MultiPolygon" => GeometryKind::MultiPolygon,
            _ => return Err(Unfit::new(join(at, "type"), "is no type of GeoJSON geometries")),
        };
        let at = join(at, "coordinates");
        let Some(coordinates) = &self.coordinates else { return Err(Unfit::new(at, "is missing")) };
        let mut shape = Shape { geometry: Geometry::empty(kind), heights: None };
        shape.read(coordinates, &at)?;
        Ok(shape.geometry)
    }
}

fn kind_name(kind: GeometryKind) -> &'static str {
    match kind {
        GeometryKind::Point => "Point",
        GeometryKind::MultiPoint => "MultiPoint",
        GeometryKind::LineString => "LineString",
        GeometryKind::MultiLineString => "MultiLineString",
        GeometryKind::Polygon => "Polygon",
        GeometryKind::MultiPolygon => "MultiPolygon",
        GeometryKind::Collection => "GeometryCollection",
    }
}

struct Shape {
    geometry: Geometry,
    /// Whether positions have heights; not known before the first.
    heights: Option<bool>,
}

impl Shape {
    fn read(&mut self, coordinates: &Coords, at: &str) -> Result<()> {
        match self.geometry.kind {
            GeometryKind::Point => self.position(coordinates, at),
            GeometryKind::MultiPoint => each(coordinates, at, |c, at| self.position(c, at)),
            GeometryKind::LineString => self.line(coordinates, at),
            GeometryKind::MultiLineString => each(coordinates, at, |c, at| self.line(c, at)),
            GeometryKind::Polygon => self.polygon(coordinates, at),
            GeometryKind::MultiPolygon => each(coordinates, at, |c, at| self.polygon(c, at)),
            GeometryKind::Collection => Ok(()),
        }
    }

    fn position(&mut self, position: &Coords, at: &str) -> Result<()> {
        let Coords::Position { at: [x, y, z], len: 2.. } = *position else {
            return Err(Unfit::new(at, "has to be a position: [longitude, latitude]"));
        };
        if !(-180.0..=180.0).contains(&x) || !(-90.0..=90.0).contains(&y) {
            let reason = format!("[{x}, {y}] is no longitude and latitude in degrees");
            return Err(Unfit::new(at, reason));
        }
        let has_height = matches!(position, Coords::Position { len: 3, .. });
        if *self.heights.get_or_insert(has_height) != has_height {
            let reason = "some positions of the geometry have a height and others not";
            return Err(Unfit::new(at, reason));
        }
        if has_height {
            self.geometry.push_z([x, y, z]);
        } else {
            self.geometry.push([x, y]);
        }
        Ok(())
    }

    fn positions(&mut self, positions: &Coords, at: &str) -> Result<usize> {
        let before = self.geometry.xy.len();
        each(positions, at, |c, at| self.position(c, at))?;
        self.geometry.end_line();
        Ok(self.geometry.xy.len() - before)
    }

    fn line(&mut self, positions: &Coords, at: &str) -> Result<()> {
        match self.positions(positions, at)? {
            0 | 1 => Err(Unfit::new(at, "a line has two positions or more")),
            _ => Ok(()),
        }
    }

    fn polygon(&mut self, rings: &Coords, at: &str) -> Result<()> {
        each(rings, at, |ring, at| {
            let count = self.positions(ring, at)?;
            let start = self.geometry.xy.len() - count;
            let closed = self.geometry.xy.get(start) == self.geometry.xy.last();
            // A ring that is not closed is closed by the repair.
            if count < if closed { 4 } else { 3 } {
                return Err(Unfit::new(
                    at,
                    "a ring has four positions or more, the last equal to the first",
                ));
            }
            Ok(())
        })?;
        self.geometry.end_polygon();
        Ok(())
    }
}

fn item(at: &str, i: usize) -> String {
    format!("{at}[{i}]")
}

fn each(list: &Coords, at: &str, mut read: impl FnMut(&Coords, &str) -> Result<()>) -> Result<()> {
    let Coords::List(items) = list else { return Err(Unfit::new(at, "has to be a list of lists")) };
    if items.is_empty() {
        return Err(Unfit::new(at, "is empty"));
    }
    for (i, element) in items.iter().enumerate() {
        // The path is written only when it is needed: there may be a million positions.
        read(element, "").map_err(|unfit| {
            let inner = unfit.member;
            Unfit { member: format!("{}{inner}", item(at, i)), reason: unfit.reason }
        })?;
    }
    Ok(())
}
