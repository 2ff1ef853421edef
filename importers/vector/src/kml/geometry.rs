//! The shapes of a placemark, and the coordinates that they are written with.

use std::io::Read;

use onemap_bounded::limits::MAX_GEOMETRY_DEPTH;
use onemap_model::{Geometry, GeometryKind};

use super::{Document, Next};
use crate::Error;
use crate::gather::gather;
use crate::limits::MAX_XML_VERTICES;

/// What the altitudes count from (clause 9.20).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum AltitudeMode {
    /// Nothing: they are to be ignored.
    #[default]
    ClampToGround,
    /// The ground or the sea floor.
    RelativeToGround,
    /// The sea.
    Absolute,
}

/// What was read of a shape.
#[derive(Debug, Default)]
pub(super) struct Shape {
    pub(super) geometry: Option<Geometry>,
    pub(super) mode: AltitudeMode,
    /// Why it can not be kept.
    pub(super) wrong: Option<String>,
    pub(super) repairs: Vec<&'static str>,
    /// First and last `when` of a track.
    pub(super) track_times: Option<(String, String)>,
}

impl Shape {
    fn wrong(reason: impl Into<String>) -> Self {
        Self { wrong: Some(reason.into()), ..Self::default() }
    }

    /// Makes one shape of several: a multi-geometry where they are of one kind, else a collection.
    pub(super) fn all(shapes: Vec<Self>) -> Self {
        let mut all = Self::default();
        let mut parts = Vec::new();
        for shape in shapes {
            all.mode = all.mode.max(shape.mode);
            all.wrong = all.wrong.or(shape.wrong);
            all.track_times = all.track_times.or(shape.track_times);
            for repair in shape.repairs {
                if !all.repairs.contains(&repair) {
                    all.repairs.push(repair);
                }
            }
            match shape.geometry {
                Some(g) if g.kind == GeometryKind::Collection => parts.extend(g.members),
                Some(g) => parts.push(g),
                None => {}
            }
        }
        all.geometry = gather(parts);
        all
    }
}

/// What a shape takes of memory besides its vertices, in vertices.
const SHAPE_VERTICES: usize = 8;

/// Longitude and latitude in degrees, altitude in metres.
type Coordinate = [f64; 3];

impl<R: Read> Document<'_, R> {
    /// Reads the shape whose element began last, to its end. What is wrong with it is told in the result;
    /// an error means that the document can not be read on.
    pub(super) fn shape(&mut self, name: &str, depth: usize) -> Result<Shape, Error> {
        if depth > MAX_GEOMETRY_DEPTH {
            self.skip()?;
            return Ok(Shape::wrong(format!(
                "its shapes are nested more than {MAX_GEOMETRY_DEPTH} deep"
            )));
        }
        self.vertices = self.vertices.saturating_add(SHAPE_VERTICES);
        match name {
            "MultiGeometry" | "MultiTrack" => self.multi(depth),
            "Polygon" => self.polygon(),
            "Track" => self.track(),
            "Model" => self.model(),
            _ => self.simple(name),
        }
    }

    fn multi(&mut self, depth: usize) -> Result<Shape, Error> {
        let outside = self.xml.depth().saturating_sub(1);
        let mut shapes = Vec::new();
        while self.xml.depth() > outside {
            let Next::Start(tag) = self.next()? else { continue };
            match tag.name.as_str() {
                "Point" | "LineString" | "LinearRing" | "Polygon" | "MultiGeometry" | "Track"
                | "MultiTrack" | "Model" => shapes.push(self.shape(&tag.name, depth + 1)?),
                // A MultiTrack states the mode once for all its tracks.
                "altitudeMode" => {
                    let mode = self.altitude_mode()?;
                    shapes.push(Shape { mode, ..Shape::default() });
                }
                _ => self.skip()?,
            }
        }
        Ok(Shape::all(shapes))
    }

    /// Reads a point, line or ring.
    fn simple(&mut self, name: &str) -> Result<Shape, Error> {
        let outside = self.xml.depth().saturating_sub(1);
        let mut shape = Shape::default();
        let mut coordinates = Vec::new();
        while self.xml.depth() > outside {
            let Next::Start(tag) = self.next()? else { continue };
            match tag.name.as_str() {
                "coordinates" => match self.coordinates()? {
                    Ok(parsed) => coordinates = parsed,
                    Err(reason) => shape.wrong = Some(reason),
                },
                "altitudeMode" => shape.mode = self.altitude_mode()?,
                _ => self.skip()?,
            }
        }
        shape.geometry = match (name, coordinates.as_slice()) {
            (_, []) => None,
            ("Point", [first, rest @ ..]) => {
                if !rest.is_empty() {
                    shape.wrong = Some("a point with more than one coordinate".to_owned());
                }
                Some(point(*first))
            }
            (_, all) => Some(line(all)),
        };
        Ok(shape)
    }

    fn polygon(&mut self) -> Result<Shape, Error> {
        let outside = self.xml.depth().saturating_sub(1);
        let mut shape = Shape::default();
        let mut outer: Option<Vec<Coordinate>> = None;
        let mut holes = Vec::new();
        let mut in_hole = false;
        while self.xml.depth() > outside {
            let Next::Start(tag) = self.next()? else { continue };
            match tag.name.as_str() {
                "outerBoundaryIs" => in_hole = false,
                "innerBoundaryIs" => in_hole = true,
                "LinearRing" => {}
                "altitudeMode" => shape.mode = self.altitude_mode()?,
                "coordinates" => {
                    let mut ring = match self.coordinates()? {
                        Ok(ring) => ring,
                        Err(reason) => {
                            shape.wrong = Some(reason);
                            continue;
                        }
                    };
                    if let (Some(first), Some(last)) = (ring.first().copied(), ring.last())
                        && first[..2] != last[..2]
                    {
                        ring.push(first);
                        shape.repairs = vec!["an open ring was closed"];
                    }
                    if ring.is_empty() {
                        continue;
                    }
                    if in_hole {
                        holes.push(ring);
                    } else if outer.replace(ring).is_some() {
                        shape.wrong =
                            Some("a polygon with more than one outer boundary".to_owned());
                    }
                }
                _ => self.skip()?,
            }
        }
        shape.geometry = match outer {
            Some(outer) => {
                let mut polygon = Geometry::empty(GeometryKind::Polygon);
                for ring in std::iter::once(&outer).chain(&holes) {
                    for coordinate in ring {
                        polygon.push_z(*coordinate);
                    }
                    polygon.end_line();
                }
                polygon.end_polygon();
                Some(polygon)
            }
            None if !holes.is_empty() => {
                shape.wrong =
                    Some("a polygon with holes, but without an outer boundary".to_owned());
                None
            }
            None => None,
        };
        Ok(shape)
    }

    /// Reads a `gx:Track`: a line along `gx:coord`, with times.
    fn track(&mut self) -> Result<Shape, Error> {
        let outside = self.xml.depth().saturating_sub(1);
        let mut shape = Shape::default();
        let mut coordinates = Vec::new();
        while self.xml.depth() > outside {
            let Next::Start(tag) = self.next()? else { continue };
            match tag.name.as_str() {
                "coord" => {
                    let text = self.text()?;
                    // An empty one stands for "not known at this time".
                    if text.is_empty() {
                        continue;
                    }
                    match tuple(text.split_ascii_whitespace()) {
                        Some(c) if self.vertices < MAX_XML_VERTICES => {
                            self.vertices += 1;
                            coordinates.push(c);
                        }
                        Some(_) => shape.wrong = Some(too_many()),
                        None => shape.wrong = Some(format!("{} is no coordinate", shorten(&text))),
                    }
                }
                "when" => {
                    let text = self.text()?;
                    match &mut shape.track_times {
                        Some((_, last)) => *last = text,
                        None => shape.track_times = Some((text.clone(), text)),
                    }
                }
                "altitudeMode" => shape.mode = self.altitude_mode()?,
                _ => self.skip()?,
            }
        }
        shape.geometry = match coordinates.as_slice() {
            [] => None,
            [only] => Some(point(*only)),
            all => Some(line(all)),
        };
        Ok(shape)
    }

    /// Reads where a `Model` stands; the model itself is another file.
    fn model(&mut self) -> Result<Shape, Error> {
        let outside = self.xml.depth().saturating_sub(1);
        let mut shape = Shape::default();
        let mut at = [None, None, Some(0.0)];
        while self.xml.depth() > outside {
            let Next::Start(tag) = self.next()? else { continue };
            let axis = match tag.name.as_str() {
                "Location" => continue,
                "longitude" => 0,
                "latitude" => 1,
                "altitude" => 2,
                "altitudeMode" => {
                    shape.mode = self.altitude_mode()?;
                    continue;
                }
                _ => {
                    self.skip()?;
                    continue;
                }
            };
            let text = self.text()?;
            if let Some(place) = at.get_mut(axis) {
                *place = number(&text);
            }
        }
        match at {
            [Some(x), Some(y), Some(z)] => shape.geometry = Some(point([x, y, z])),
            _ => shape.wrong = Some("a model without a location".to_owned()),
        }
        Ok(shape)
    }

    /// Reads a `coordinates`; the inner error says what is wrong with it.
    fn coordinates(&mut self) -> Result<Result<Vec<Coordinate>, String>, Error> {
        let text = self.text()?;
        let parsed = parse_coordinates(&text, MAX_XML_VERTICES.saturating_sub(self.vertices));
        self.vertices = self.vertices.saturating_add(parsed.as_ref().map_or(0, Vec::len));
        Ok(parsed)
    }

    fn altitude_mode(&mut self) -> Result<AltitudeMode, Error> {
        Ok(match self.text()?.as_str() {
            "absolute" => AltitudeMode::Absolute,
            "relativeToGround" | "relativeToSeaFloor" => AltitudeMode::RelativeToGround,
            _ => AltitudeMode::ClampToGround,
        })
    }
}

fn point([x, y, z]: Coordinate) -> Geometry {
    let mut point = Geometry::point([x, y]);
    point.z.push(z);
    point
}

fn line(coordinates: &[Coordinate]) -> Geometry {
    let mut line = Geometry::empty(GeometryKind::LineString);
    for coordinate in coordinates {
        line.push_z(*coordinate);
    }
    line.end_line();
    line
}

/// Reads `lon,lat[,alt]` tuples separated by white space. White space around the commas, against the
/// standard but often met, is passed over, as is a comma after the last number of a tuple at a line's end.
fn parse_coordinates(text: &str, limit: usize) -> Result<Vec<Coordinate>, String> {
    let mut coordinates = Vec::new();
    let mut tuple: Vec<&str> = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c == ',' || c.is_whitespace()).unwrap_or(rest.len());
        let (token, after) = rest.split_at(end);
        tuple.push(token);
        let after = after.trim_start();
        if let Some(after) = after.strip_prefix(',') {
            rest = after.trim_start();
            // `1,2,` at the very end of the text.
            if !rest.is_empty() {
                continue;
            }
        } else {
            rest = after;
        }
        let parsed = self::tuple(tuple.iter().copied());
        match parsed {
            Some(c) if coordinates.len() < limit => coordinates.push(c),
            Some(_) => return Err(too_many()),
            None => {
                let text = shorten(&tuple.join(","));
                return Err(format!(
                    "{text} is no coordinate: it must be longitude,latitude or longitude,latitude,altitude with white space after it"
                ));
            }
        }
        tuple.clear();
    }
    Ok(coordinates)
}

/// Makes a coordinate of two or three numbers.
fn tuple<'a>(mut numbers: impl Iterator<Item = &'a str>) -> Option<Coordinate> {
    let x = number(numbers.next()?)?;
    let y = number(numbers.next()?)?;
    let z = match numbers.next() {
        Some(text) if !text.is_empty() => number(text)?,
        _ => 0.0,
    };
    numbers.next().is_none().then_some([x, y, z])
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|x: &f64| x.is_finite())
}

fn too_many() -> String {
    format!("it has more than {MAX_XML_VERTICES} coordinates; split it")
}

fn shorten(text: &str) -> String {
    let short: String = text.chars().take(40).collect();
    if short.len() < text.len() { format!("'{short}...'") } else { format!("'{short}'") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_read_with_sloppy_white_space() {
        let two = vec![[1.5, 2.0, 0.0], [3.0, 4.0, 5.0]];
        for text in [
            "1.5,2 3,4,5",
            "\n 1.5,2,0\n\t3,4,5\n",
            "1.5, 2 3 ,4 , 5",
            "1.5,2\u{3000}3,4,5",
            "1.5,2 3,4,5,",
        ] {
            assert_eq!(parse_coordinates(text, 9), Ok(two.clone()), "{text:?}");
        }
        assert_eq!(parse_coordinates("1.5,2,", 9), Ok(vec![[1.5, 2.0, 0.0]]));
        assert_eq!(parse_coordinates("  ", 9), Ok(vec![]));
    }

    #[test]
    fn what_is_no_coordinate_is_named() {
        assert!(parse_coordinates("1,2 3,4 5,6", 2).unwrap_err().contains("split it"));
        for bad in ["1", "1,x", "1,2,3,4", "nan,2", "1,inf", "1 2", ",", "1,,2"] {
            let reason = parse_coordinates(bad, 9).unwrap_err();
            assert!(reason.contains("is no coordinate"), "{bad}: {reason}");
        }
    }
}
