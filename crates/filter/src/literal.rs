//! Dates, boxes and shapes as they stand in filters, checked.

use onemap_bounded::{Error, GeometrySink, Shape as WktShape, read_wkt};
use onemap_model::{Bounds, Geometry, GeometryKind, Operand, Shape, Timestamp};

/// Reads a full date.
pub(crate) fn date(text: &str) -> Option<Timestamp> {
    is_date(text).then(|| text.parse().ok())?
}

/// Reads a date with a time of day; without an offset it is UTC.
pub(crate) fn instant(text: &str) -> Option<Timestamp> {
    let has_time = text.get(..10).is_some_and(is_date) && text.len() > 11;
    // The last day of the calendar has no instant in UTC; it stands for "for ever".
    has_time.then(|| text.parse().or_else(|_| text.trim_end_matches('Z').parse()).ok())?
}

/// Reads a date or a date with a time of day.
pub(crate) fn day_or_instant(text: &str) -> Option<Operand> {
    let day = date(text).map(Operand::Date);
    day.or_else(|| instant(text).map(Operand::Instant))
}

fn is_date(text: &str) -> bool {
    let digit = |(i, b): (usize, u8)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() };
    text.len() == 10 && text.bytes().enumerate().all(digit)
}

/// What the numbers of a box should have been.
pub(crate) const BOX: &str = "four numbers west, south, east, north in degrees (or six, with heights), \
                              south not above north";

/// Makes a box of `[west, south, east, north]` or `[west, south, low, east, north, high]`. One whose west
/// lies east of its east goes over the antimeridian.
pub(crate) fn bbox(numbers: &[f64]) -> Option<Shape> {
    let ([west, south, east, north] | [west, south, _, east, north, _]) = *numbers else {
        return None;
    };
    if ![[west, south], [east, north]].iter().all(is_place) || south > north {
        return None;
    }
    if west <= east {
        return Bounds::new(west, south, east, north).map(Shape::Box);
    }
    let mut both = Geometry::empty(GeometryKind::MultiPolygon);
    for (west, east) in [(west, 180.0), (-180.0, east)] {
        for at in ring(west, south, east, north) {
            both.push(at);
        }
        both.end_line();
        both.end_polygon();
    }
    Some(Shape::Literal(both))
}

/// Returns the closed ring around a box.
pub(crate) fn ring(west: f64, south: f64, east: f64, north: f64) -> [[f64; 2]; 5] {
    [[west, south], [east, south], [east, north], [west, north], [west, south]]
}

fn is_place(&[lon, lat]: &[f64; 2]) -> bool {
    (-180.0..=180.0).contains(&lon) && (-90.0..=90.0).contains(&lat)
}

/// Says what is wrong with a shape: places beyond the world, lines of one vertex, open rings.
pub(crate) fn fault(geometry: &Geometry) -> Option<&'static str> {
    if !geometry.xy.iter().all(is_place) {
        return Some("longitudes from -180 to 180 and latitudes from -90 to 90");
    }
    let lines_of =
        |least: usize| geometry.lines().all(|line| line.is_empty() || line.len() >= least);
    match geometry.kind {
        GeometryKind::LineString | GeometryKind::MultiLineString if !lines_of(2) => {
            Some("lines of two or more vertices")
        }
        GeometryKind::Polygon | GeometryKind::MultiPolygon
            if !lines_of(4) || !geometry.lines().all(|ring| ring.first() == ring.last()) =>
        {
            Some("rings of four or more vertices, the last equal to the first")
        }
        _ => geometry.members.iter().find_map(fault),
    }
}

/// Reads well-known text; an error is where, in bytes, and what was expected.
pub(crate) fn wkt(text: &str) -> Result<Geometry, (usize, String)> {
    let mut builder = Builder::default();
    read_wkt(text, &mut builder).map_err(|error| match error {
        Error::Malformed { offset, detail, .. } => {
            let place = usize::try_from(offset).unwrap_or(0);
            let expected = detail.split(", near").next().unwrap_or(&detail);
            let expected = expected.trim_end_matches(", but the text ends");
            let expected = expected.trim_start_matches("expected ");
            (place, expected.to_owned())
        }
        other => (0, format!("a smaller shape ({other})")),
    })?;
    let geometry = builder.done.unwrap_or_default();
    fault(&geometry).map_or(Ok(geometry), |expected| Err((0, expected.to_owned())))
}

/// Builds a flat geometry from the calls of the WKT reader; heights and measures are left behind.
#[derive(Default)]
struct Builder {
    open: Vec<Geometry>,
    in_ring: bool,
    done: Option<Geometry>,
}

impl Builder {
    fn end_ring(&mut self) {
        if std::mem::take(&mut self.in_ring)
            && let Some(geometry) = self.open.last_mut()
        {
            geometry.end_line();
        }
    }
}

impl GeometrySink for Builder {
    fn begin(&mut self, shape: WktShape, _: usize) {
        self.open.push(Geometry::empty(match shape {
            WktShape::Point => GeometryKind::Point,
            WktShape::LineString => GeometryKind::LineString,
            WktShape::Polygon => GeometryKind::Polygon,
            WktShape::MultiPoint => GeometryKind::MultiPoint,
            WktShape::MultiLineString => GeometryKind::MultiLineString,
            WktShape::MultiPolygon => GeometryKind::MultiPolygon,
            WktShape::GeometryCollection => GeometryKind::Collection,
        }));
    }

    fn ring(&mut self, _: usize) {
        self.end_ring();
        self.in_ring = true;
    }

    fn coord(&mut self, x: f64, y: f64, _: Option<f64>, _: Option<f64>) {
        if let Some(geometry) = self.open.last_mut() {
            geometry.push([x, y]);
        }
    }

    fn end(&mut self, _: WktShape) {
        self.end_ring();
        let Some(mut own) = self.open.pop() else { return };
        // An empty line, ring or polygon adds nothing: it has no point to compare.
        if !own.xy.is_empty() {
            if own.kind == GeometryKind::LineString {
                own.end_line();
            } else if own.kind == GeometryKind::Polygon {
                own.end_polygon();
            }
        }
        match self.open.last_mut() {
            Some(parent) => add(parent, own),
            None => self.done = Some(own),
        }
    }
}

/// Adds a part to a multi-geometry or collection.
pub(crate) fn add(parent: &mut Geometry, part: Geometry) {
    if parent.kind == GeometryKind::Collection {
        parent.members.push(part);
        return;
    }
    let (coordinates, lines) = (parent.xy.len() as u32, parent.ends.len() as u32);
    parent.xy.extend(part.xy);
    parent.ends.extend(part.ends.iter().map(|end| end + coordinates));
    parent.parts.extend(part.parts.iter().map(|end| end + lines));
}
