//! Makes shapes keep the store's rules, where that can be done in one way only.
//!
//! What is done and reported: rings are closed, points, parts and holes without extent are left out,
//! polygons whose rings cross are redrawn by the even-odd rule, polygons of one shape that overlap
//! are united. Winding is set in silence: files differ in it by convention.

use geo::BooleanOps;
use geo_types as gt;
use i_overlay::core::fill_rule::FillRule;
use i_overlay::float::simplify::SimplifyShape;
use onemap_model::{Geometry, GeometryKind};

use crate::simple::{Crossing, find_crossing};

/// What was changed in a shape.
pub(crate) const CLOSED: &str = "ring closed";
pub(crate) const DROPPED_PART: &str = "part without extent left out";
pub(crate) const REDRAWN: &str = "self-crossing polygon redrawn";
pub(crate) const UNITED: &str = "overlapping parts united";
pub(crate) const HEIGHTS_LOST: &str = "heights lost in redrawing";

/// Why a shape can not be kept.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Hopeless(pub(crate) &'static str);

/// Puts a shape in order, in place, as an import does. Returns what was changed, or why the shape can not be
/// kept.
pub fn mend(shape: &mut Geometry) -> Result<Vec<&'static str>, &'static str> {
    let mut repairs = Vec::new();
    repair(shape, &mut repairs).map_err(|Hopeless(reason)| reason)?;
    Ok(repairs)
}

/// Puts a shape in order, in place; pushes what was changed to `repairs`.
pub(crate) fn repair(
    shape: &mut Geometry,
    repairs: &mut Vec<&'static str>,
) -> Result<(), Hopeless> {
    if !shape.is_well_formed() {
        return Err(Hopeless("the parts of the geometry do not fit together"));
    }
    match shape.kind {
        GeometryKind::Point | GeometryKind::MultiPoint => Ok(()),
        GeometryKind::LineString | GeometryKind::MultiLineString => lines(shape, repairs),
        GeometryKind::Polygon | GeometryKind::MultiPolygon => polygons(shape, repairs),
        GeometryKind::Collection => collection(shape, repairs),
    }
}

fn collection(shape: &mut Geometry, repairs: &mut Vec<&'static str>) -> Result<(), Hopeless> {
    let before = shape.members.len();
    shape.members.retain_mut(|member| repair(member, repairs).is_ok());
    if shape.members.is_empty() && before > 0 {
        return Err(Hopeless("no member of the collection has any extent"));
    }
    if shape.members.len() < before {
        note(repairs, DROPPED_PART);
    }
    Ok(())
}

fn lines(shape: &mut Geometry, repairs: &mut Vec<&'static str>) -> Result<(), Hopeless> {
    let good = |line: &[[f64; 2]]| line.first().is_some_and(|a| line.iter().any(|b| a != b));
    if shape.lines().all(good) {
        return Ok(());
    }
    // A vertical line has extent in height only.
    if shape.has_z() && shape.lines().all(|line| line.len() > 1) {
        return Ok(());
    }
    let mut kept = Geometry::empty(shape.kind);
    for i in 0..shape.ends.len() {
        if good(shape.line_at(i)) {
            copy_line(shape, i, &mut kept);
        }
    }
    if kept.ends.is_empty() {
        return Err(Hopeless("the line has no length: fewer than two different points"));
    }
    *shape = kept;
    note(repairs, DROPPED_PART);
    Ok(())
}

fn polygons(shape: &mut Geometry, repairs: &mut Vec<&'static str>) -> Result<(), Hopeless> {
    if shape.lines().any(|ring| ring.len() > 1 && ring.first() != ring.last()) {
        close_rings(shape);
        note(repairs, CLOSED);
    }
    if shape.has_z() && shape.lines().all(|ring| ring.len() >= 4) {
        // A wall has no area on the map and crosses itself there; it is right in space.
        return Ok(());
    }
    let flat = |ring: &[[f64; 2]]| ring.len() < 4 || signed_area(ring) == 0.0;
    if shape.lines().any(flat) && !balanced_bow_tie(shape) {
        drop_flat_rings(shape, &flat);
        if shape.parts.is_empty() {
            return Err(Hopeless(
                "the polygon has no area: fewer than three different points, or all on one line",
            ));
        }
        note(repairs, DROPPED_PART);
    }
    if let crossing @ (Crossing::Within | Crossing::Between) = find_crossing(shape) {
        redraw(shape, crossing, repairs)?;
    }
    orient(shape);
    Ok(())
}

/// Tells whether a ring without signed area still encloses something: an even bow-tie.
fn balanced_bow_tie(shape: &Geometry) -> bool {
    shape.ends.len() == 1 && shape.xy.len() >= 5 && find_crossing(shape) == Crossing::Within && {
        let [a, b] = [shape.xy.first(), shape.xy.get(1)].map(|p| p.copied().unwrap_or_default());
        let off_line =
            |p: &[f64; 2]| (b[0] - a[0]) * (p[1] - a[1]) != (b[1] - a[1]) * (p[0] - a[0]);
        shape.xy.iter().any(off_line)
    }
}

fn redraw(
    shape: &mut Geometry,
    crossing: Crossing,
    repairs: &mut Vec<&'static str>,
) -> Result<(), Hopeless> {
    let had_heights = shape.has_z();
    let gt::MultiPolygon(parts) = match shape.to_geo() {
        gt::Geometry::Polygon(polygon) => gt::MultiPolygon(vec![polygon]),
        gt::Geometry::MultiPolygon(polygons) => polygons,
        _ => return Ok(()),
    };
    let mut whole: Option<gt::MultiPolygon<f64>> = None;
    for part in parts {
        let redrawn = if crossing == Crossing::Within { even_odd(&part) } else { part.into() };
        whole = Some(match whole {
            None => redrawn,
            Some(before) => before.union(&redrawn),
        });
    }
    let redrawn = Geometry::from_geo_polygons(&whole.unwrap_or_else(|| gt::MultiPolygon(vec![])));
    if redrawn.is_empty() {
        return Err(Hopeless("the polygon crosses itself and encloses no area"));
    }
    *shape = redrawn;
    note(repairs, if crossing == Crossing::Within { REDRAWN } else { UNITED });
    if had_heights {
        note(repairs, HEIGHTS_LOST);
    }
    Ok(())
}

/// Redraws a polygon so that a point is inside when a ray from it meets an odd number of edges.
fn even_odd(polygon: &gt::Polygon<f64>) -> gt::MultiPolygon<f64> {
    let ring = |line: &gt::LineString<f64>| {
        let mut points: Vec<[f64; 2]> = line.0.iter().map(|c| [c.x, c.y]).collect();
        points.pop();
        points
    };
    let rings: Vec<_> =
        std::iter::once(polygon.exterior()).chain(polygon.interiors()).map(ring).collect();
    let closed = |points: Vec<[f64; 2]>| gt::LineString::from(points); // Polygon::new closes it
    let shapes = rings.simplify_shape(FillRule::EvenOdd);
    let polygons = shapes.into_iter().filter_map(|shape| {
        let mut rings = shape.into_iter().map(closed);
        Some(gt::Polygon::new(rings.next()?, rings.collect()))
    });
    gt::MultiPolygon(polygons.collect())
}

fn close_rings(shape: &mut Geometry) {
    let mut closed = Geometry::empty(shape.kind);
    for polygon in shape.polygon_ranges() {
        for ring in polygon {
            copy_line(shape, ring, &mut closed);
            let line = shape.line_at(ring);
            if line.len() > 1 && line.first() != line.last() {
                closed.ends.pop();
                let first = closed.ends.last().copied().unwrap_or(0) as usize;
                closed.xy.push(closed.xy[first]);
                for values in [&mut closed.z, &mut closed.m] {
                    if let Some(&value) = values.get(first) {
                        values.push(value);
                    }
                }
                closed.end_line();
            }
        }
        closed.end_polygon();
    }
    *shape = closed;
}

/// Leaves out rings without area; a polygon goes with its outer ring.
fn drop_flat_rings(shape: &mut Geometry, flat: &dyn Fn(&[[f64; 2]]) -> bool) {
    let mut kept = Geometry::empty(shape.kind);
    for mut polygon in shape.polygon_ranges() {
        let Some(outer) = polygon.next() else { continue };
        if flat(shape.line_at(outer)) {
            continue;
        }
        copy_line(shape, outer, &mut kept);
        for hole in polygon.filter(|&hole| !flat(shape.line_at(hole))) {
            copy_line(shape, hole, &mut kept);
        }
        kept.end_polygon();
    }
    *shape = kept;
}

/// Turns outer rings counter-clockwise and holes clockwise.
fn orient(shape: &mut Geometry) {
    let mut turn = Vec::new();
    for polygon in shape.polygon_ranges() {
        for (i, ring) in polygon.enumerate() {
            let counter_clockwise = signed_area(shape.line_at(ring)) > 0.0;
            if counter_clockwise != (i == 0) {
                turn.push(ring);
            }
        }
    }
    for ring in turn {
        let start = ring.checked_sub(1).map_or(0, |before| shape.ends[before] as usize);
        let end = shape.ends[ring] as usize;
        shape.xy[start..end].reverse();
        for values in [&mut shape.z, &mut shape.m] {
            if let Some(values) = values.get_mut(start..end) {
                values.reverse();
            }
        }
    }
}

fn copy_line(from: &Geometry, line: usize, to: &mut Geometry) {
    let start = line.checked_sub(1).map_or(0, |before| from.ends[before] as usize);
    let end = from.ends[line] as usize;
    to.xy.extend_from_slice(&from.xy[start..end]);
    to.z.extend_from_slice(from.z.get(start..end).unwrap_or(&[]));
    to.m.extend_from_slice(from.m.get(start..end).unwrap_or(&[]));
    to.end_line();
}

/// Twice the area, positive for counter-clockwise, by the shoelace formula around the first point.
fn signed_area(ring: &[[f64; 2]]) -> f64 {
    let Some(&[x0, y0]) = ring.first() else { return 0.0 };
    let cross = |pair: &[[f64; 2]]| match *pair {
        [[ax, ay], [bx, by]] => (ax - x0) * (by - y0) - (bx - x0) * (ay - y0),
        _ => 0.0,
    };
    ring.windows(2).map(cross).sum()
}

fn note(repairs: &mut Vec<&'static str>, what: &'static str) {
    if !repairs.contains(&what) {
        repairs.push(what);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repaired(shape: &Geometry) -> (Result<(), Hopeless>, Geometry, Vec<&'static str>) {
        let mut shape = shape.clone();
        let mut repairs = Vec::new();
        let result = repair(&mut shape, &mut repairs);
        (result, shape, repairs)
    }

    fn area(shape: &Geometry) -> f64 {
        shape.lines().map(|ring| signed_area(ring) / 2.0).sum()
    }

    #[test]
    fn a_valid_polygon_is_not_touched_but_turned() {
        let clockwise = Geometry::polygon(vec![[0., 0.], [0., 1.], [1., 1.], [1., 0.], [0., 0.]]);
        let (result, shape, repairs) = repaired(&clockwise);
        assert_eq!((result, repairs.len()), (Ok(()), 0));
        assert_eq!(shape.xy, clockwise.xy.iter().rev().copied().collect::<Vec<_>>());
    }

    #[test]
    fn a_bow_tie_becomes_two_triangles() {
        let tie = Geometry::polygon(vec![[0., 0.], [2., 2.], [2., 0.], [0., 2.], [0., 0.]]);
        let (result, shape, repairs) = repaired(&tie);
        assert_eq!((result, repairs), (Ok(()), vec![REDRAWN]));
        assert_eq!(shape.parts.len(), 2);
        assert!((area(&shape) - 2.0).abs() < 1e-6);
        assert!(shape.lines().all(|ring| ring.first() == ring.last()));
    }

    #[test]
    fn an_open_ring_is_closed_with_its_heights() {
        let mut open = Geometry::empty(GeometryKind::Polygon);
        for at in [[0., 0., 5.], [1., 0., 6.], [1., 1., 7.]] {
            open.push_z(at);
        }
        open.end_line();
        open.end_polygon();
        let (result, shape, repairs) = repaired(&open);
        assert_eq!((result, repairs), (Ok(()), vec![CLOSED]));
        assert_eq!(shape.z, [5., 6., 7., 5.]);
        assert!(shape.is_well_formed());
    }

    #[test]
    fn shapes_without_extent_are_refused_with_a_reason() {
        for shape in [
            Geometry::line(vec![[1., 1.]]),
            Geometry::line(vec![[1., 1.], [1., 1.]]),
            Geometry::polygon(vec![[0., 0.], [1., 1.], [0., 0.]]),
            Geometry::polygon(vec![[0., 0.], [1., 1.], [2., 2.], [0., 0.]]),
            Geometry::polygon(vec![]),
        ] {
            assert!(repaired(&shape).0.is_err(), "{shape:?}");
        }
    }

    #[test]
    fn overlapping_parts_are_united() {
        let mut two = Geometry::polygon(vec![[0., 0.], [2., 0.], [2., 2.], [0., 2.], [0., 0.]]);
        two.kind = GeometryKind::MultiPolygon;
        for at in [[1., 1.], [3., 1.], [3., 3.], [1., 3.], [1., 1.]] {
            two.push(at);
        }
        two.end_line();
        two.end_polygon();
        let (result, shape, repairs) = repaired(&two);
        assert_eq!((result, repairs), (Ok(()), vec![UNITED]));
        assert!((area(&shape) - 7.0).abs() < 1e-6);
    }

    #[test]
    fn a_wall_in_space_is_kept_as_it_is() {
        let mut wall = Geometry::empty(GeometryKind::Polygon);
        for at in [[0., 0., 0.], [1., 0., 0.], [1., 0., 3.], [0., 0., 3.], [0., 0., 0.]] {
            wall.push_z(at);
        }
        wall.end_line();
        wall.end_polygon();
        let (result, shape, repairs) = repaired(&wall);
        assert_eq!((result, repairs.len()), (Ok(()), 0));
        assert_eq!(shape, wall);
    }
}
