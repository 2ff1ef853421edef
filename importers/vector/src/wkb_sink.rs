//! Puts what the WKB and WKT readers see into a geometry.

use onemap_bounded::{GeometryInfo, GeometrySink, Shape};
use onemap_model::{Geometry, GeometryKind};

/// Told of a geometry whose arcs were replaced by segments.
pub(crate) const LINEARISED: &str = "curve made into line segments";
/// Told of a geometry with rings whose last coordinate was not the first.
pub(crate) const CLOSED_RING: &str = "open ring closed";

/// A geometry read from WKB or WKT, and what was said about it.
#[derive(Debug, Clone)]
pub(crate) struct ReadGeometry {
    /// The geometry.
    pub(crate) geometry: Geometry,
    /// Its spatial reference id, when it carries one (EWKB, EWKT).
    pub(crate) srid: Option<i32>,
    /// What had to be changed, for [`onemap_model::Record::repairs`].
    pub(crate) repairs: Vec<&'static str>,
}

/// Reads WKB: OGC, ISO or EWKB.
pub(crate) fn from_wkb(bytes: &[u8]) -> onemap_bounded::Result<ReadGeometry> {
    let mut builder = GeometryBuilder::default();
    let info = onemap_bounded::read_wkb(bytes, &mut builder)?;
    Ok(builder.finish(&info))
}

/// Reads WKT or EWKT.
pub(crate) fn from_wkt(text: &str) -> onemap_bounded::Result<ReadGeometry> {
    let mut builder = GeometryBuilder::default();
    let info = onemap_bounded::read_wkt(text, &mut builder)?;
    Ok(builder.finish(&info))
}

/// Builds a flat geometry from the calls of a reader.
#[derive(Debug, Default)]
pub(crate) struct GeometryBuilder {
    /// Collections that are open, and the geometry being filled on top.
    open: Vec<Geometry>,
    done: Option<Geometry>,
    in_ring: bool,
    closed_ring: bool,
}

impl GeometryBuilder {
    /// Returns the finished geometry.
    pub(crate) fn finish(self, info: &GeometryInfo) -> ReadGeometry {
        let mut repairs = Vec::new();
        if info.linearised {
            repairs.push(LINEARISED);
        }
        if self.closed_ring {
            repairs.push(CLOSED_RING);
        }
        ReadGeometry { geometry: self.done.unwrap_or_default(), srid: info.srid, repairs }
    }

    fn end_ring(&mut self) {
        if std::mem::take(&mut self.in_ring)
            && let Some(top) = self.open.last_mut()
        {
            self.closed_ring |= end_ring(top);
        }
    }
}

impl GeometrySink for GeometryBuilder {
    fn begin(&mut self, shape: Shape, hint: usize) {
        let is_part = self.open.last().is_some_and(|top| top.kind != GeometryKind::Collection);
        if !is_part {
            self.open.push(Geometry::empty(kind_of(shape)));
        }
        if matches!(shape, Shape::LineString | Shape::MultiPoint)
            && let Some(top) = self.open.last_mut()
        {
            top.xy.reserve(hint);
        }
    }

    fn ring(&mut self, hint: usize) {
        self.end_ring();
        self.in_ring = true;
        if let Some(top) = self.open.last_mut() {
            top.xy.reserve(hint);
        }
    }

    fn coord(&mut self, x: f64, y: f64, z: Option<f64>, m: Option<f64>) {
        let Some(top) = self.open.last_mut() else {
            return;
        };
        let is_point = matches!(top.kind, GeometryKind::Point | GeometryKind::MultiPoint);
        // WKB has no other way to write an empty point.
        if is_point && x.is_nan() && y.is_nan() {
            return;
        }
        push(top, x, y, z, m);
    }

    fn coords_xy(&mut self, coords: &[[f64; 2]]) {
        if let Some(top) = self.open.last_mut()
            && top.z.is_empty()
            && top.m.is_empty()
        {
            top.xy.extend_from_slice(coords);
            return;
        }
        for [x, y] in coords {
            self.coord(*x, *y, None, None);
        }
    }

    fn end(&mut self, shape: Shape) {
        self.end_ring();
        let Some(top) = self.open.last_mut() else {
            return;
        };
        match shape {
            Shape::LineString => end_line(top),
            Shape::Polygon => end_polygon(top),
            _ => {}
        }
        if top.kind != kind_of(shape) {
            return;
        }
        let Some(whole) = self.open.pop() else { return };
        match self.open.last_mut() {
            Some(collection) => collection.members.push(whole),
            None => self.done = Some(whole),
        }
    }
}

/// Appends a coordinate. Heights and measures that only some coordinates have are 0 for the others.
pub(crate) fn push(geometry: &mut Geometry, x: f64, y: f64, z: Option<f64>, m: Option<f64>) {
    let before = geometry.xy.len();
    geometry.xy.push([x, y]);
    for (values, value) in [(&mut geometry.z, z), (&mut geometry.m, m)] {
        match value {
            Some(value) => {
                values.resize(before, 0.0);
                values.push(value);
            }
            None if values.is_empty() => {}
            None => values.push(0.0),
        }
    }
}

/// Ends a line; one without coordinates leaves no trace.
pub(crate) fn end_line(geometry: &mut Geometry) {
    let start = geometry.ends.last().map_or(0, |&end| end as usize);
    if geometry.xy.len() > start {
        geometry.end_line();
    }
}

/// Ends a ring and closes it; one without coordinates leaves no trace. Tells whether it was open.
pub(crate) fn end_ring(geometry: &mut Geometry) -> bool {
    let start = geometry.ends.last().map_or(0, |&end| end as usize);
    let Some((&first, &last)) = geometry.xy.get(start).zip(geometry.xy.last()) else {
        return false;
    };
    let was_open = first != last;
    if was_open {
        let z = geometry.z.get(start).copied();
        let m = geometry.m.get(start).copied();
        push(geometry, first[0], first[1], z, m);
    }
    geometry.end_line();
    was_open
}

/// Ends a polygon; one without rings leaves no trace.
pub(crate) fn end_polygon(geometry: &mut Geometry) {
    let start = geometry.parts.last().map_or(0, |&end| end as usize);
    if geometry.ends.len() > start {
        geometry.end_polygon();
    }
}

fn kind_of(shape: Shape) -> GeometryKind {
    match shape {
        Shape::Point => GeometryKind::Point,
        Shape::LineString => GeometryKind::LineString,
        Shape::Polygon => GeometryKind::Polygon,
        Shape::MultiPoint => GeometryKind::MultiPoint,
        Shape::MultiLineString => GeometryKind::MultiLineString,
        Shape::MultiPolygon => GeometryKind::MultiPolygon,
        Shape::GeometryCollection => GeometryKind::Collection,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_wkt_becomes_a_well_formed_geometry() {
        for (text, kind, vertices, lines, polygons) in [
            ("POINT(1 2)", GeometryKind::Point, 1, 0, 0),
            ("POINT EMPTY", GeometryKind::Point, 0, 0, 0),
            ("LINESTRING Z(1 2 3,4 5 6)", GeometryKind::LineString, 2, 1, 0),
            ("POLYGON((0 0,1 0,1 1,0 0),(2 2,3 2,3 3,2 2))", GeometryKind::Polygon, 8, 2, 1),
            ("MULTIPOINT((1 2),EMPTY,(3 4))", GeometryKind::MultiPoint, 2, 0, 0),
            ("MULTILINESTRING((0 0,1 1),EMPTY,(2 2,3 3))", GeometryKind::MultiLineString, 4, 2, 0),
            (
                "MULTIPOLYGON(((0 0,1 0,1 1,0 0)),EMPTY,((5 5,6 5,6 6,5 5),(7 7,8 7,8 8,7 7)))",
                GeometryKind::MultiPolygon,
                12,
                3,
                2,
            ),
            (
                "GEOMETRYCOLLECTION(POINT(1 2),GEOMETRYCOLLECTION(LINESTRING(0 0,1 1)),MULTIPOINT(1 1,2 2))",
                GeometryKind::Collection,
                5,
                0,
                0,
            ),
        ] {
            let read = from_wkt(text).unwrap();
            let g = &read.geometry;
            assert!(g.is_well_formed(), "{text}: {g:?}");
            assert_eq!(
                (g.kind, g.vertex_count(), g.ends.len(), g.parts.len()),
                (kind, vertices, lines, polygons),
                "{text}"
            );
            assert!(read.repairs.is_empty());
        }
    }

    #[test]
    fn an_open_ring_is_closed_and_that_is_said() {
        let read = from_wkt("POLYGON Z((0 0 7,1 0 8,1 1 9))").unwrap();
        assert_eq!(read.geometry.xy.len(), 4);
        assert_eq!(read.geometry.z, [7.0, 8.0, 9.0, 7.0]);
        assert_eq!(read.repairs, [CLOSED_RING]);
    }

    #[test]
    fn a_wkb_point_of_nan_is_empty() {
        let mut wkb = vec![1, 1, 0, 0, 0];
        wkb.extend(f64::NAN.to_le_bytes());
        wkb.extend(f64::NAN.to_le_bytes());
        assert!(from_wkb(&wkb).unwrap().geometry.is_empty());
    }

    #[test]
    fn a_height_on_some_coordinates_is_zero_on_the_others() {
        let mut g = Geometry::empty(GeometryKind::LineString);
        push(&mut g, 1.0, 2.0, None, None);
        push(&mut g, 1.0, 2.0, Some(5.0), None);
        push(&mut g, 1.0, 2.0, None, None);
        assert_eq!(g.z, [0.0, 5.0, 0.0]);
    }
}
