//! Relations of shapes in the plane of longitude and latitude.

use geo::coordinate_position::CoordPos;
use geo::{CoordinatePosition, Intersects, Relate};
use onemap_model::{Bounds, Geometry, GeometryKind, Shape, SpatialOp};
use rstar::primitives::Rectangle;
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
    edges: Option<RTree<Rectangle<[f64; 2]>>>,
}

/// How a shape lies to the polygons of a filter, when that is easily seen.
enum Easy {
    Outside,
    Inside,
}

impl Prepared {
    pub(crate) fn new(shape: &Shape) -> Self {
        let geometry = match shape {
            Shape::Property(_) => Geometry::default(),
            Shape::Literal(geometry) => geometry.clone(),
            Shape::Box(bounds) => box_geometry(bounds),
        };
        let polygonal = matches!(geometry.kind, GeometryKind::Polygon | GeometryKind::MultiPolygon);
        let edges = polygonal.then(|| {
            let edges = geometry.lines().flat_map(|ring| ring.windows(2));
            let boxes = edges.filter_map(|edge| match edge {
                [a, b] => Some(Rectangle::from_corners(*a, *b)),
                _ => None,
            });
            RTree::bulk_load(boxes.collect())
        });
        Self {
            bounds: geometry.bounds(),
            is_box: matches!(shape, Shape::Box(_)) && polygonal,
            geometry: geometry.to_geo(),
            edges,
        }
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

/// Tells whether `left op right` holds between two shapes of the filter itself.
pub(crate) fn between(op: SpatialOp, left: &Shape, right: &Shape) -> Option<bool> {
    let left = match left {
        Shape::Literal(geometry) => geometry.clone(),
        Shape::Box(bounds) => box_geometry(bounds),
        Shape::Property(_) => return None,
    };
    Prepared::new(right).relates(op, &left)
}

/// Tells whether `shape op shape` holds.
pub(crate) fn with_itself(op: SpatialOp, shape: &Geometry) -> bool {
    let same = matches!(
        op,
        SpatialOp::Intersects | SpatialOp::Equals | SpatialOp::Within | SpatialOp::Contains
    );
    if shape.is_empty() { op == SpatialOp::Disjoint } else { same }
}

/// Returns the relation with its sides exchanged.
pub(crate) fn turned(op: SpatialOp) -> SpatialOp {
    match op {
        SpatialOp::Within => SpatialOp::Contains,
        SpatialOp::Contains => SpatialOp::Within,
        other => other,
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

fn any_vertex(shape: &Geometry) -> Option<[f64; 2]> {
    shape.xy.first().copied().or_else(|| shape.members.iter().find_map(any_vertex))
}
