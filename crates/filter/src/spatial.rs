//! Relations of shapes in the plane of longitude and latitude.

use geo::coordinate_position::CoordPos;
use geo::line_intersection::{LineIntersection, line_intersection};
use geo::{BooleanOps, Coord, CoordinatePosition, Intersects, Line, MultiPolygon, Relate};
use onemap_model::{Bounds, Geometry, GeometryKind, Shape, SpatialOp};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use crate::literal::ring;

/// A shape of a filter, prepared to be compared with many.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    geometry: geo::Geometry<f64>,
    /// Its box; `None` when it is empty.
    bounds: Option<Bounds>,
    /// Whether it is just its box.
    is_box: bool,
    /// The boxes of its edges, when it consists of polygons.
    edges: Option<RTree<Edge>>,
}

/// An edge: its box and its ends.
type Edge = GeomWithData<Rectangle<[f64; 2]>, Line<f64>>;

/// How a shape lies to the polygons of a filter, when that is easily seen.
enum Easy {
    Outside,
    Inside,
}

impl Prepared {
    pub(crate) fn new(shape: &Shape) -> Self {
        let geometry = drawn(shape);
        let polygonal = matches!(geometry.kind, GeometryKind::Polygon | GeometryKind::MultiPolygon);
        let mut prepared = Self {
            bounds: geometry.bounds(),
            is_box: matches!(shape, Shape::Box(_)) && polygonal,
            geometry: geometry.to_geo(),
            edges: polygonal.then(|| RTree::bulk_load(edges_of(&geometry))),
        };
        if prepared.edges.as_ref().is_some_and(crosses_itself) {
            prepared.redraw();
        }
        prepared
    }

    /// Draws polygons whose edges cross again by the even-odd rule, as people see what they drew.
    fn redraw(&mut self) {
        let none = MultiPolygon::new(vec![]);
        let redrawn = match &self.geometry {
            geo::Geometry::Polygon(polygon) => polygon.union(&none),
            geo::Geometry::MultiPolygon(polygons) => polygons.union(&none),
            _ => return,
        };
        let flat = Geometry::from_geo_polygons(&redrawn);
        self.bounds = flat.bounds();
        self.edges = Some(RTree::bulk_load(edges_of(&flat)));
        self.geometry = redrawn.into();
    }

    /// Returns its box; `None` when it is empty.
    pub(crate) fn bounds(&self) -> Option<Bounds> {
        self.bounds
    }

    /// Tells whether `shape op self` holds; `None` when a coordinate is not a number.
    pub(crate) fn relates(&self, op: SpatialOp, shape: &Geometry) -> Option<bool> {
        let empty = Some(op == SpatialOp::Disjoint);
        let Some(own) = self.bounds else { return empty };
        let Some(other) = shape.bounds() else {
            return if shape.is_empty() { empty } else { None };
        };
        if !own.intersects(&other) {
            return Some(op == SpatialOp::Disjoint);
        }
        let too_large = match op {
            SpatialOp::Within => !own.contains(&other),
            SpatialOp::Contains => !other.contains(&own),
            SpatialOp::Equals => own != other,
            _ => false,
        };
        if too_large {
            return Some(false);
        }
        match self.easily(shape, &other) {
            Some(Easy::Outside) => return Some(op == SpatialOp::Disjoint),
            Some(Easy::Inside) => {
                return Some(matches!(op, SpatialOp::Intersects | SpatialOp::Within));
            }
            None => {}
        }
        if shape.kind == GeometryKind::Collection && op == SpatialOp::Within {
            let mut members = shape.members.iter().filter(|member| !member.is_empty());
            return members.try_fold(true, |all, member| Some(all && self.relates(op, member)?));
        }
        let sets = shape.kind != GeometryKind::Collection && !self.is_collection();
        if !sets && !is_for_collections(op) {
            return None;
        }
        let shape = shape.to_geo();
        let meets = || self.geometry.intersects(&shape);
        let matrix = || shape.relate(&self.geometry);
        Some(match op {
            SpatialOp::Intersects => meets(),
            SpatialOp::Disjoint => !meets(),
            SpatialOp::Equals => matrix().is_equal_topo(),
            SpatialOp::Touches => matrix().is_touches(),
            SpatialOp::Within => matrix().is_within(),
            SpatialOp::Contains => matrix().is_contains(),
            SpatialOp::Overlaps => matrix().is_overlaps(),
            SpatialOp::Crosses => matrix().is_crosses(),
        })
    }

    /// Tells whether it is a collection, which not every relation is defined for.
    pub(crate) fn is_collection(&self) -> bool {
        matches!(self.geometry, geo::Geometry::GeometryCollection(_))
    }

    /// Decides without the exact maths: a shape whose box touches no edge of the polygons lies in them or
    /// out of them as a whole.
    fn easily(&self, shape: &Geometry, bounds: &Bounds) -> Option<Easy> {
        if self.is_box {
            let own = self.bounds?;
            let strictly = own.west < bounds.west
                && bounds.east < own.east
                && own.south < bounds.south
                && bounds.north < own.north;
            return strictly.then_some(Easy::Inside);
        }
        let around = AABB::from_corners([bounds.west, bounds.south], [bounds.east, bounds.north]);
        if self.edges.as_ref()?.locate_in_envelope_intersecting(&around).next().is_some() {
            return None;
        }
        let place = any_vertex(shape)?;
        match self.geometry.coordinate_position(&place.into()) {
            CoordPos::Inside => Some(Easy::Inside),
            CoordPos::Outside => Some(Easy::Outside),
            CoordPos::OnBoundary => None,
        }
    }
}

/// Tells whether `shape op shape` holds.
pub(crate) fn with_itself(op: SpatialOp, shape: &Geometry) -> bool {
    let same = matches!(
        op,
        SpatialOp::Intersects | SpatialOp::Equals | SpatialOp::Within | SpatialOp::Contains
    );
    if shape.is_empty() { op == SpatialOp::Disjoint } else { same }
}

/// Tells whether the relation is defined for collections (OGC 06-103r4, clause 6.1.15.3 leaves the others out).
pub(crate) fn is_for_collections(op: SpatialOp) -> bool {
    matches!(op, SpatialOp::Intersects | SpatialOp::Disjoint)
}

/// Returns the relation with its sides exchanged.
pub(crate) fn turned(op: SpatialOp) -> SpatialOp {
    match op {
        SpatialOp::Within => SpatialOp::Contains,
        SpatialOp::Contains => SpatialOp::Within,
        other => other,
    }
}

/// Returns the shape itself; a property is empty.
pub(crate) fn drawn(shape: &Shape) -> Geometry {
    match shape {
        Shape::Property(_) => Geometry::default(),
        Shape::Literal(geometry) => geometry.clone(),
        Shape::Box(bounds) => box_geometry(bounds),
    }
}

/// Makes a polygon of a box, or a line or point of one without area.
fn box_geometry(bounds: &Bounds) -> Geometry {
    let [west, south, east, north] = bounds.to_array();
    match (west < east, south < north) {
        (true, true) => Geometry::polygon(ring(west, south, east, north).to_vec()),
        (false, false) => Geometry::point([west, south]),
        _ => Geometry::line(vec![[west, south], [east, north]]),
    }
}

fn edges_of(polygons: &Geometry) -> Vec<Edge> {
    let edges = polygons.lines().flat_map(|ring| ring.windows(2));
    let edge = |ends: &[[f64; 2]]| match ends {
        [a, b] if a != b => Some(Edge::new(
            Rectangle::from_corners(*a, *b),
            Line::new(Coord::from(*a), Coord::from(*b)),
        )),
        _ => None,
    };
    edges.filter_map(edge).collect()
}

/// Tells whether edges cross, or lie on each other; that they meet in a vertex is allowed.
fn crosses_itself(edges: &RTree<Edge>) -> bool {
    edges.intersection_candidates_with_other_tree(edges).any(|(a, b)| {
        if std::ptr::eq(a, b) {
            return false;
        }
        match line_intersection(a.data, b.data) {
            Some(LineIntersection::SinglePoint { is_proper, .. }) => is_proper,
            Some(LineIntersection::Collinear { intersection }) => {
                intersection.start != intersection.end
            }
            None => false,
        }
    })
}

fn any_vertex(shape: &Geometry) -> Option<[f64; 2]> {
    shape.xy.first().copied().or_else(|| shape.members.iter().find_map(any_vertex))
}
