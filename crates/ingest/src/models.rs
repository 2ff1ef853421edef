//! Shapes in 3D on their way into the store: placed on the earth, and given a footprint for the map.

use geo::{Area, ConvexHull};
use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::float::scale::FixedScaleFloatOverlay;
use onemap_crs::LocalFrame;
use onemap_model::{
    AnchoredModel, Bounds, Field, FieldType, Geometry, MAX_MODEL_REACH, Mesh, Model, Record,
    Schema, Surface,
};

use crate::outline;
use crate::place::Place;

/// Name of the field that holds the shapes.
const FIELD: &str = "model";
/// Triangles whose footprint is smaller than this, square degrees (a square centimetre), are walls.
const LEAST_AREA: f64 = 1e-14;
/// What looks up and what looks down are equal when they differ by no more than this part.
const SAME_AREA: f64 = 1e-6;
/// Footprints of more triangles are made of their outline's box.
const MOST_TRIANGLES: usize = 200_000;

/// Layers of triangles over each other in the mean, up to which they are put together: each crosses all others.
const MOST_LAYERS: f64 = 50.0;
/// The grid on which triangles are put together, metres. A rocking chair of 2,800 triangles takes 0.01 s on one of a centimetre,
/// 0.4 s on one of a millimetre, and minutes where the crossings of its slivers are kept exactly.
const FINE_GRID: f64 = 0.001;
/// The grid for more than [`MOST_FINE`] triangles, metres.
const COARSE_GRID: f64 = 0.01;
/// Triangles that are put together on the fine grid.
const MOST_FINE: usize = 500;
/// Metres of a degree of latitude, roughly.
const METRES_PER_DEGREE: f64 = 111_195.0;

/// Returns the field of the shapes, by a name that the source does not use.
pub(crate) fn field(schema: &Schema) -> Field {
    let mut name = FIELD.to_owned();
    while schema.position(&name).is_some() {
        name.push('_');
    }
    Field::new(name, FieldType::Model)
}

/// Returns the box of a record's shapes, in the source's coordinates.
pub(crate) fn extent(record: &Record) -> Option<Bounds> {
    let flat = record.geometry.as_ref().and_then(Geometry::bounds);
    let meshes = record.model.iter().flat_map(|model| &model.lods);
    let points = meshes
        .flat_map(|lod| &lod.mesh.positions)
        .filter_map(|&[x, y, _]| Bounds::of_point([x, y]));
    flat.into_iter().chain(points).reduce(Bounds::union)
}

/// A model on the earth.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    /// Its anchor is the middle of its box, at its lowest point.
    pub(crate) anchored: AnchoredModel,
    /// Longitude and latitude of the positions of its coarsest level, degrees.
    flat: Vec<[f64; 2]>,
}

/// Brings a model to the earth.
pub(crate) fn placed(mut model: Model, place: &Place) -> Result<Placed, String> {
    if !model.is_well_formed() {
        return Err("the parts of the 3D shape do not fit together".to_owned());
    }
    let mut placed = Vec::with_capacity(model.lods.len());
    let (mut low, mut high) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    for lod in &model.lods {
        let positions =
            place.transform_positions(&lod.mesh.positions).map_err(|error| error.to_string())?;
        for position in &positions {
            for (i, &x) in position.iter().enumerate() {
                low[i] = low[i].min(x);
                high[i] = high[i].max(x);
            }
        }
        placed.push(positions);
    }
    if !low.iter().chain(&high).all(|x| x.is_finite()) {
        return Err("a coordinate of the 3D shape is not a number".to_owned());
    }
    let anchor = [f64::midpoint(low[0], high[0]), f64::midpoint(low[1], high[1]), low[2]];
    let frame = LocalFrame::at(anchor);
    let flat = placed.first().into_iter().flatten().map(|&[lon, lat, _]| [lon, lat]).collect();
    for (lod, positions) in model.lods.iter_mut().zip(placed) {
        for (to, from) in lod.mesh.positions.iter_mut().zip(positions) {
            *to = frame.from_lonlat(from);
            if to.iter().any(|x| x.abs() > MAX_MODEL_REACH) {
                return Err("the 3D shape is more than 100 km across".to_owned());
            }
        }
    }
    Ok(Placed { anchored: AnchoredModel { anchor, model }, flat })
}

/// Returns what a model covers on the ground: the union of its ground surfaces, where there are none of all its
/// triangles, in its coarsest level; with the height of its lowest point. A model without any area gives a line.
pub(crate) fn footprint(placed: &Placed) -> Option<Geometry> {
    let Placed { anchored, flat } = placed;
    let mesh = &anchored.model.lods.first()?.mesh;
    let mut triangles = triangles(mesh, flat, |surface| surface == Surface::Ground);
    if triangles.is_empty() {
        triangles = self::triangles(mesh, flat, |_| true);
    }
    let mut shape = if triangles.is_empty() || triangles.len() > MOST_TRIANGLES {
        hull(flat)?
    } else if let Some(ring) = outline::of_disc(&triangles, flat) {
        Geometry::polygon(ring)
    } else {
        match union(&triangles, flat) {
            Some(union) => Geometry::from_geo_polygons(&union),
            None => hull(flat)?,
        }
    };
    let base = anchored.anchor[2];
    shape.z = vec![base; shape.xy.len()];
    Some(shape)
}

/// Returns the triangles of some surfaces, counter-clockwise on the ground, without those that stand upright. Of what is closed,
/// and so covers the same ground from above as from below, those that look up.
fn triangles(mesh: &Mesh, flat: &[[f64; 2]], wanted: impl Fn(Surface) -> bool) -> Vec<[u32; 3]> {
    let (mut found, mut downward) = (Vec::new(), Vec::new());
    let mut areas = [0.0_f64; 2];
    for (_, triangles) in mesh.patches().filter(|(patch, _)| wanted(patch.surface)) {
        for &triangle in triangles {
            let [a, b, c] = corners(triangle, flat);
            let doubled = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]);
            if doubled > 2.0 * LEAST_AREA {
                areas[0] += doubled;
                found.push(triangle);
            } else if doubled < -2.0 * LEAST_AREA {
                areas[1] -= doubled;
                let [a, b, c] = triangle;
                downward.push([a, c, b]);
            }
        }
    }
    let [up, down] = areas;
    if (up - down).abs() > SAME_AREA * up {
        found.extend(downward);
    }
    found
}

fn corners(triangle: [u32; 3], flat: &[[f64; 2]]) -> [[f64; 2]; 3] {
    triangle.map(|i| flat.get(i as usize).copied().unwrap_or_default())
}

/// Puts triangles together on a grid, so that slivers that cross each other at long take no long time; `None` where there are too
/// many layers of them for it.
fn union(triangles: &[[u32; 3]], flat: &[[f64; 2]]) -> Option<geo_types::MultiPolygon<f64>> {
    let places: Vec<[f64; 2]> = triangles.iter().flat_map(|&t| corners(t, flat)).collect();
    let bounds = Bounds::of_points(&places)?;
    let [lon, lat] = bounds.center();
    let metres = [METRES_PER_DEGREE * libm::cos(lat.to_radians()).max(1e-3), METRES_PER_DEGREE];
    let contours: Vec<Vec<[f64; 2]>> = places
        .as_chunks::<3>()
        .0
        .iter()
        .map(|t| t.map(|[x, y]| [(x - lon) * metres[0], (y - lat) * metres[1]]).to_vec())
        .collect();
    let area =
        |[a, b, c]: [[f64; 2]; 3]| (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]);
    let covered: f64 = places.as_chunks::<3>().0.iter().map(|&t| area(t).abs() / 2.0).sum();
    if covered > MOST_LAYERS * (bounds.east - bounds.west) * (bounds.north - bounds.south) {
        return None;
    }
    let grid = if triangles.len() > MOST_FINE { COARSE_GRID } else { FINE_GRID };
    let nothing: [Vec<[f64; 2]>; 0] = [];
    let shapes = contours
        .overlay_with_fixed_scale(&nothing, OverlayRule::Subject, FillRule::NonZero, 1.0 / grid)
        .ok()?;
    let ring = |ring: &Vec<[f64; 2]>| {
        let degrees = |[x, y]: [f64; 2]| [lon + x / metres[0], lat + y / metres[1]];
        let closed = ring.iter().chain(ring.first()).map(|&at| degrees(at));
        geo_types::LineString::from(closed.collect::<Vec<_>>())
    };
    let polygons = shapes.iter().filter_map(|shape| {
        let (outer, holes) = shape.split_first()?;
        Some(geo_types::Polygon::new(ring(outer), holes.iter().map(ring).collect()))
    });
    let union: geo_types::MultiPolygon<f64> = polygons.collect();
    (!union.0.is_empty()).then_some(union)
}

/// Returns the convex hull of points, or the line between the farthest ends of their box where they lie on one.
fn hull(flat: &[[f64; 2]]) -> Option<Geometry> {
    let points: geo_types::MultiPoint<f64> =
        flat.iter().copied().map(geo_types::Point::from).collect();
    let hull = points.convex_hull();
    let ring: Vec<[f64; 2]> = hull.exterior().coords().map(|c| [c.x, c.y]).collect();
    if ring.len() > 3 && hull.unsigned_area() > LEAST_AREA {
        return Some(Geometry::polygon(ring));
    }
    let bounds = Bounds::of_points(flat)?;
    let (low, high) = ([bounds.west, bounds.south], [bounds.east, bounds.north]);
    let rises = flat.iter().any(|&p| p == low || p == high);
    let line = if rises { vec![low, high] } else { vec![[low[0], high[1]], [high[0], low[1]]] };
    Some(if low == high { Geometry::point(low) } else { Geometry::line(line) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use onemap_model::{GeometryKind, Lod};

    fn house() -> Placed {
        // A wall, a ground of two triangles, and a roof that is wider than it.
        let mut mesh = Mesh::default();
        let square = |r: f64, z: f64| [[-r, -r, z], [r, -r, z], [r, r, z], [-r, r, z]];
        mesh.push(Surface::Ground, None, &square(5.0, 0.0), &[[0, 2, 1], [0, 3, 2]]);
        mesh.push(Surface::Roof, None, &square(6.0, 8.0), &[[0, 1, 2], [0, 2, 3]]);
        let wall = [[-5.0, -5.0, 0.0], [5.0, -5.0, 0.0], [5.0, -5.0, 8.0]];
        mesh.push(Surface::Wall, None, &wall, &[[0, 1, 2]]);
        let model = Model { materials: vec![], lods: vec![Lod { level: "2".to_owned(), mesh }] };
        on_earth(model)
    }

    fn on_earth(model: Model) -> Placed {
        let anchor = [118.3, 33.96, 20.0];
        let frame = LocalFrame::at(anchor);
        let flat = model.lods[0].mesh.positions.iter().map(|&at| {
            let [lon, lat, _] = frame.to_lonlat(at);
            [lon, lat]
        });
        Placed { flat: flat.collect(), anchored: AnchoredModel { anchor, model } }
    }

    fn metres(shape: &Geometry) -> [f64; 2] {
        let b = shape.bounds().unwrap();
        let frame = LocalFrame::at([118.3, 33.96, 20.0]);
        let (low, high) = (
            frame.from_lonlat([b.west, b.south, 20.0]),
            frame.from_lonlat([b.east, b.north, 20.0]),
        );
        [high[0] - low[0], high[1] - low[1]]
    }

    #[test]
    fn the_footprint_is_the_ground_and_without_one_all_that_is_above() {
        let shape = footprint(&house()).unwrap();
        assert_eq!((shape.kind, shape.xy.len(), shape.z[0]), (GeometryKind::Polygon, 5, 20.0));
        assert!(
            metres(&shape).iter().all(|side| (side - 10.0).abs() < 1e-3),
            "{:?}",
            metres(&shape)
        );
        let mut roof_only = house();
        roof_only.anchored.model.lods[0].mesh.patches[0].surface = Surface::Unknown;
        let shape = footprint(&roof_only).unwrap();
        assert!(metres(&shape).iter().all(|side| (side - 12.0).abs() < 1e-3));
    }

    #[test]
    fn a_lone_wall_is_a_line() {
        let mut mesh = Mesh::default();
        let corners = [[-5.0, 0.0, 0.0], [5.0, 0.0, 0.0], [5.0, 0.0, 8.0]];
        mesh.push(Surface::Wall, None, &corners, &[[0, 1, 2]]);
        let model = Model { materials: vec![], lods: vec![Lod { level: "2".to_owned(), mesh }] };
        let wall = on_earth(model);
        assert_eq!(footprint(&wall).unwrap().kind, GeometryKind::LineString);
    }
}
