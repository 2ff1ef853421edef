//! Flat geometry: one array of coordinates, one of ring ends, one of polygon ends.

use geo_types as gt;
use serde::{Deserialize, Serialize};

use crate::Bounds;

/// The simple feature types (OGC 06-103r4, clause 6.1) that the store keeps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GeometryKind {
    /// One point.
    #[default]
    Point,
    /// Several points.
    MultiPoint,
    /// One line.
    LineString,
    /// Several lines.
    MultiLineString,
    /// One polygon: an outer ring, then its holes.
    Polygon,
    /// Several polygons.
    MultiPolygon,
    /// Shapes of several kinds.
    Collection,
}

/// What a layer's shapes are, roughly: decides style and generalisation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GeometryClass {
    /// No feature has a shape.
    #[default]
    None,
    /// Only points.
    Point,
    /// Only lines.
    Line,
    /// Only polygons.
    Polygon,
    /// Several of these.
    Mixed,
}

impl GeometryClass {
    /// Returns the class of shapes of both classes.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        match (self, other) {
            (Self::None, other) => other,
            (this, Self::None) => this,
            (a, b) if a == b => a,
            _ => Self::Mixed,
        }
    }
}

/// A shape. Coordinates are `[x, y]` (lon, lat in degrees once in the store).
///
/// Layout, the same as a FlatGeobuf geometry table:
/// * `ends`: for lines and polygons, the exclusive end of every line or ring in `xy`; one entry for a
///   single line. Empty for points.
/// * `parts`: for polygons, the exclusive end of every polygon in `ends`; one entry for a single
///   polygon. Empty otherwise.
/// * `z`, `m`: empty, or as long as `xy`. Heights are metres.
/// * `members`: only for [`GeometryKind::Collection`], which has no coordinates of its own.
///
/// Rings are closed (last coordinate equals the first). In the store, outer rings run
/// counter-clockwise and holes clockwise (RFC 7946, clause 3.1.6); importers need not care.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Geometry {
    /// The kind.
    pub kind: GeometryKind,
    /// All coordinates.
    pub xy: Vec<[f64; 2]>,
    /// Heights, metres.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub z: Vec<f64>,
    /// Measures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub m: Vec<f64>,
    /// Ends of lines or rings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ends: Vec<u32>,
    /// Ends of polygons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<u32>,
    /// Members of a collection.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Geometry>,
}

impl Geometry {
    /// Makes an empty geometry of a kind, to be filled with `push*` and `end_*`.
    pub fn empty(kind: GeometryKind) -> Self {
        Self { kind, ..Self::default() }
    }

    /// Makes a point.
    pub fn point(at: [f64; 2]) -> Self {
        Self { kind: GeometryKind::Point, xy: vec![at], ..Self::default() }
    }

    /// Makes a line.
    pub fn line(xy: Vec<[f64; 2]>) -> Self {
        let ends = vec![xy.len() as u32];
        Self { kind: GeometryKind::LineString, xy, ends, ..Self::default() }
    }

    /// Makes a polygon without holes from a closed ring.
    pub fn polygon(ring: Vec<[f64; 2]>) -> Self {
        let ends = vec![ring.len() as u32];
        Self { kind: GeometryKind::Polygon, xy: ring, ends, parts: vec![1], ..Self::default() }
    }

    /// Makes a collection.
    pub fn collection(members: Vec<Geometry>) -> Self {
        Self { kind: GeometryKind::Collection, members, ..Self::default() }
    }

    /// Empties the geometry for reuse, keeping its memory.
    pub fn clear(&mut self, kind: GeometryKind) {
        self.kind = kind;
        self.xy.clear();
        self.z.clear();
        self.m.clear();
        self.ends.clear();
        self.parts.clear();
        self.members.clear();
    }

    /// Appends a coordinate.
    pub fn push(&mut self, at: [f64; 2]) {
        self.xy.push(at);
    }

    /// Appends a coordinate with a height in metres.
    pub fn push_z(&mut self, [x, y, z]: [f64; 3]) {
        self.xy.push([x, y]);
        self.z.push(z);
    }

    /// Ends the current line or ring.
    pub fn end_line(&mut self) {
        self.ends.push(self.xy.len() as u32);
    }

    /// Ends the current polygon.
    pub fn end_polygon(&mut self) {
        self.parts.push(self.ends.len() as u32);
    }

    /// Tells whether there is no coordinate at all.
    pub fn is_empty(&self) -> bool {
        self.xy.is_empty() && self.members.iter().all(Self::is_empty)
    }

    /// Returns the number of coordinates, members included.
    pub fn vertex_count(&self) -> usize {
        self.xy.len() + self.members.iter().map(Self::vertex_count).sum::<usize>()
    }

    /// Tells whether it has heights.
    pub fn has_z(&self) -> bool {
        !self.z.is_empty() || self.members.iter().any(Self::has_z)
    }

    /// Returns the class.
    pub fn class(&self) -> GeometryClass {
        match self.kind {
            GeometryKind::Point | GeometryKind::MultiPoint => GeometryClass::Point,
            GeometryKind::LineString | GeometryKind::MultiLineString => GeometryClass::Line,
            GeometryKind::Polygon | GeometryKind::MultiPolygon => GeometryClass::Polygon,
            GeometryKind::Collection => {
                self.members.iter().fold(GeometryClass::None, |c, g| c.union(g.class()))
            }
        }
    }

    /// Returns the box; `None` when empty or not finite.
    pub fn bounds(&self) -> Option<Bounds> {
        let own = Bounds::of_points(&self.xy);
        self.members.iter().filter_map(Self::bounds).chain(own).reduce(Bounds::union)
    }

    /// Returns the least and greatest height in metres.
    pub fn height_range(&self) -> Option<(f64, f64)> {
        let own = self.z.iter().map(|&z| (z, z));
        let members = self.members.iter().filter_map(Self::height_range);
        own.chain(members).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// Returns the lines (or rings) as slices of `xy`.
    pub fn lines(&self) -> impl Iterator<Item = &[[f64; 2]]> {
        ranges(&self.ends).filter_map(|range| self.xy.get(range))
    }

    /// Returns the polygons, each as the range of its rings in `ends`.
    pub fn polygon_ranges(&self) -> impl Iterator<Item = std::ops::Range<usize>> {
        ranges(&self.parts)
    }

    /// Returns line or ring number `i`.
    pub fn line_at(&self, i: usize) -> &[[f64; 2]] {
        let start = i.checked_sub(1).and_then(|j| self.ends.get(j)).copied().unwrap_or(0) as usize;
        let end = self.ends.get(i).copied().unwrap_or(0) as usize;
        self.xy.get(start..end).unwrap_or(&[])
    }

    /// Visits the geometry itself, or every simple member of a collection, however nested.
    pub fn for_each_simple(&self, visit: &mut dyn FnMut(&Geometry)) {
        if self.kind == GeometryKind::Collection {
            for member in &self.members {
                member.for_each_simple(visit);
            }
        } else {
            visit(self);
        }
    }

    /// Visits all coordinate arrays for change in place, members included.
    pub fn for_each_array_mut<F>(&mut self, visit: &mut F)
    where
        F: FnMut(&mut [[f64; 2]], &mut [f64]) + ?Sized,
    {
        if !self.xy.is_empty() {
            visit(&mut self.xy, &mut self.z);
        }
        for member in &mut self.members {
            member.for_each_array_mut(visit);
        }
    }

    /// Tells whether the layout's rules hold: ends ascend and cover, arrays have equal lengths.
    pub fn is_well_formed(&self) -> bool {
        let ascends = |ends: &[u32], total: usize| {
            ends.is_sorted() && ends.last().map_or(0, |&e| e as usize) == total
        };
        let n = self.xy.len();
        let arrays =
            (self.z.is_empty() || self.z.len() == n) && (self.m.is_empty() || self.m.len() == n);
        let shape = match self.kind {
            GeometryKind::Point => n <= 1 && self.ends.is_empty() && self.parts.is_empty(),
            GeometryKind::MultiPoint => self.ends.is_empty() && self.parts.is_empty(),
            GeometryKind::LineString => {
                self.ends.len() <= 1 && ascends(&self.ends, n) && self.parts.is_empty()
            }
            GeometryKind::MultiLineString => ascends(&self.ends, n) && self.parts.is_empty(),
            GeometryKind::Polygon => {
                self.parts.len() <= 1
                    && ascends(&self.ends, n)
                    && ascends(&self.parts, self.ends.len())
            }
            GeometryKind::MultiPolygon => {
                ascends(&self.ends, n) && ascends(&self.parts, self.ends.len())
            }
            GeometryKind::Collection => n == 0 && self.members.iter().all(Self::is_well_formed),
        };
        arrays && shape && (self.kind == GeometryKind::Collection || self.members.is_empty())
    }

    /// Copies into a `geo` geometry; heights and measures are left behind.
    pub fn to_geo(&self) -> gt::Geometry<f64> {
        let line = |i: usize| gt::LineString::from(self.line_at(i).to_vec());
        let polygon = |rings: std::ops::Range<usize>| {
            let mut rings = rings.map(line);
            let outer = rings.next().unwrap_or_else(|| gt::LineString::new(vec![]));
            gt::Polygon::new(outer, rings.collect())
        };
        match self.kind {
            GeometryKind::Point if self.xy.len() == 1 => gt::Point::from(self.xy[0]).into(),
            GeometryKind::Point | GeometryKind::MultiPoint => {
                gt::MultiPoint::from(self.xy.clone()).into()
            }
            GeometryKind::LineString => line(0).into(),
            GeometryKind::MultiLineString => {
                gt::MultiLineString::new((0..self.ends.len()).map(line).collect()).into()
            }
            GeometryKind::Polygon => polygon(self.polygon_ranges().next().unwrap_or(0..0)).into(),
            GeometryKind::MultiPolygon => {
                gt::MultiPolygon::new(self.polygon_ranges().map(polygon).collect()).into()
            }
            GeometryKind::Collection => {
                gt::Geometry::GeometryCollection(gt::GeometryCollection::from(
                    self.members.iter().map(Self::to_geo).collect::<Vec<_>>(),
                ))
            }
        }
    }

    /// Copies from polygons of `geo`: one polygon stays a `Polygon`.
    pub fn from_geo_polygons(polygons: &gt::MultiPolygon<f64>) -> Self {
        let kind =
            if polygons.0.len() == 1 { GeometryKind::Polygon } else { GeometryKind::MultiPolygon };
        let mut out = Self::empty(kind);
        for polygon in polygons {
            for ring in std::iter::once(polygon.exterior()).chain(polygon.interiors()) {
                out.xy.extend(ring.0.iter().map(|c| [c.x, c.y]));
                out.end_line();
            }
            out.end_polygon();
        }
        out
    }
}

/// Turns ascending ends into ranges; an end that goes back gives an empty range.
fn ranges(ends: &[u32]) -> impl Iterator<Item = std::ops::Range<usize>> {
    let mut start = 0;
    ends.iter().map(move |&end| {
        let range = start..end as usize;
        start = end as usize;
        range
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_polygons() -> Geometry {
        let mut g = Geometry::empty(GeometryKind::MultiPolygon);
        for (at, rings) in [(0.0, 2), (10.0, 1)] {
            for ring in 0..rings {
                let d = f64::from(ring) * 0.1;
                for [x, y] in [[d, d], [4.0 - d, d], [4.0 - d, 4.0 - d], [d, d]] {
                    g.push([at + x, y]);
                }
                g.end_line();
            }
            g.end_polygon();
        }
        g
    }

    #[test]
    fn a_multipolygon_survives_the_way_to_geo_and_back() {
        let g = two_polygons();
        assert!(g.is_well_formed());
        let gt::Geometry::MultiPolygon(polygons) = g.to_geo() else { panic!("not polygons") };
        assert_eq!(polygons.0[0].interiors().len(), 1);
        assert_eq!(Geometry::from_geo_polygons(&polygons), g);
        assert_eq!(g.bounds().unwrap().to_array(), [0.0, 0.0, 14.0, 4.0]);
        assert_eq!(g.lines().count(), 3);
    }

    #[test]
    fn broken_layouts_are_noticed() {
        let mut g = two_polygons();
        g.ends[0] = 99;
        assert!(!g.is_well_formed());
        let mut g = two_polygons();
        g.z.push(1.0);
        assert!(!g.is_well_formed());
        assert!(Geometry::point([1.0, 2.0]).is_well_formed());
        assert_eq!(two_polygons().line_at(99), &[] as &[[f64; 2]]);
    }

    #[test]
    fn a_collection_has_the_box_and_class_of_its_members() {
        let g = Geometry::collection(vec![Geometry::point([1.0, 2.0]), two_polygons()]);
        assert_eq!(g.class(), GeometryClass::Mixed);
        assert_eq!(g.bounds().unwrap().to_array(), [0.0, 0.0, 14.0, 4.0]);
        let mut seen = 0;
        g.for_each_simple(&mut |_| seen += 1);
        assert_eq!(seen, 2);
    }
}
