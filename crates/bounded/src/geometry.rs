//! How a geometry is handed over: as a sequence of calls, so that this crate needs no geometry type.

/// The shape of a geometry, after curves are made straight and surfaces are made polygons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// One coordinate, or none when it is empty.
    Point,
    /// Coordinates; also a circular string or compound curve made straight.
    LineString,
    /// Rings, the outer first; also a triangle or curve polygon.
    Polygon,
    /// Points.
    MultiPoint,
    /// Line strings; also a multi-curve.
    MultiLineString,
    /// Polygons; also a multi-surface, polyhedral surface or TIN.
    MultiPolygon,
    /// Anything, also collections.
    GeometryCollection,
}

/// Receives a geometry as it is read.
///
/// The calls nest: `begin`, then coordinates (point, line string), `ring`s each followed by its coordinates
/// (polygon) or whole geometries (the rest), then `end` with the same shape. A ring ends where the next
/// `ring` or the `end` comes. An empty geometry is `begin` and `end` alone. After an error the sink holds a
/// part of a geometry: throw that away.
///
/// A `hint` says how many coordinates, rings or parts follow as far as the source says so; it is checked
/// against the bytes that are left, so allocating for it is safe, and 0 where the source does not say.
///
/// Coordinates come as they stand in the source: axis order and units are the source's, and NaN or infinity
/// are passed on.
pub trait GeometrySink {
    /// Begins a geometry.
    fn begin(&mut self, shape: Shape, hint: usize);

    /// Begins a ring of the current polygon.
    fn ring(&mut self, hint: usize);

    /// Adds a coordinate.
    fn coord(&mut self, x: f64, y: f64, z: Option<f64>, m: Option<f64>);

    /// Adds coordinates without height or measure; the fast path of large files.
    fn coords_xy(&mut self, coords: &[[f64; 2]]) {
        for [x, y] in coords {
            self.coord(*x, *y, None, None);
        }
    }

    /// Adds coordinates with height and without measure.
    fn coords_xyz(&mut self, coords: &[[f64; 3]]) {
        for [x, y, z] in coords {
            self.coord(*x, *y, Some(*z), None);
        }
    }

    /// Ends the geometry begun last.
    fn end(&mut self, shape: Shape);
}

/// What a geometry said about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GeometryInfo {
    /// Its outermost shape.
    pub shape: Shape,
    /// Its spatial reference id, when it carries one (EWKB, EWKT).
    pub srid: Option<i32>,
    /// Whether any coordinate has a height.
    pub has_z: bool,
    /// Whether any coordinate has a measure.
    pub has_m: bool,
    /// Whether arcs were replaced by straight segments.
    pub linearised: bool,
    /// How many vertices were handed over.
    pub vertices: usize,
}

impl GeometryInfo {
    pub(crate) fn unread() -> Self {
        Self {
            shape: Shape::GeometryCollection,
            srid: None,
            has_z: false,
            has_m: false,
            linearised: false,
            vertices: 0,
        }
    }

    /// Counts vertices against the limit.
    pub(crate) fn count(&mut self, what: &'static str, vertices: usize) -> crate::Result<()> {
        self.vertices = self.vertices.saturating_add(vertices);
        if self.vertices > crate::limits::MAX_VERTICES {
            let limit = crate::limits::MAX_VERTICES as u64;
            return Err(crate::Error::Limit { what, limit, unit: "vertices" });
        }
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::fmt::Write;

    use super::{GeometrySink, Shape};

    /// Writes what it receives, compactly: `Polygon{[0 0,1 1]}`.
    #[derive(Default)]
    pub(crate) struct Notes(pub(crate) String, bool);

    impl Notes {
        fn close_ring(&mut self) {
            if std::mem::take(&mut self.1) {
                self.0.push(']');
            }
        }
    }

    impl GeometrySink for Notes {
        fn begin(&mut self, shape: Shape, _: usize) {
            write!(self.0, "{shape:?}{{").unwrap();
        }
        fn ring(&mut self, _: usize) {
            self.close_ring();
            self.0.push('[');
            self.1 = true;
        }
        fn coord(&mut self, x: f64, y: f64, z: Option<f64>, m: Option<f64>) {
            if !self.0.ends_with(['{', '[']) {
                self.0.push(',');
            }
            write!(self.0, "{x} {y}").unwrap();
            if let Some(z) = z {
                write!(self.0, " z{z}").unwrap();
            }
            if let Some(m) = m {
                write!(self.0, " m{m}").unwrap();
            }
        }
        fn end(&mut self, _: Shape) {
            self.close_ring();
            self.0.push('}');
        }
    }

    /// Counts coordinates and nothing else.
    #[derive(Default)]
    pub(crate) struct Count(pub(crate) usize);

    impl GeometrySink for Count {
        fn begin(&mut self, _: Shape, _: usize) {}
        fn ring(&mut self, _: usize) {}
        fn coord(&mut self, _: f64, _: f64, _: Option<f64>, _: Option<f64>) {
            self.0 += 1;
        }
        fn end(&mut self, _: Shape) {}
    }
}
