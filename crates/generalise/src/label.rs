//! Where the label of an area goes.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use onemap_model::{Geometry, GeometryKind};

use crate::measure::ring_area_m2;

/// Rings are thinned to about so many vertices before the search.
const MOST_VERTICES: usize = 2000;

/// The answer may be so much less deep inside than the best one, as a share of the polygon's width.
const PRECISION: f64 = 0.01;

/// Squares looked at before the best one so far is taken.
const MOST_SQUARES: usize = 2000;

/// Of so many holes, the largest, the label keeps clear; it lies in none at all.
const MOST_HOLES: usize = 200;

type Point = [f64; 2];

/// Returns a point (lon, lat) deep inside the largest polygon of a shape: its *pole of inaccessibility*, the
/// point farthest from the outline (Garcia-Castellanos and Lombardo, Scottish Geographical Journal
/// 123(3), 2007), to a hundredth of the polygon's width. `None` for shapes without area.
///
/// Squares that might hold a better point than the best so far are divided in four, most promising first,
/// the search that "polylabel" made known. Distances are those of a plane that is true to scale at the
/// polygon's middle latitude. The same shape has the same point on any machine.
pub fn label_point(geometry: &Geometry) -> Option<[f64; 2]> {
    let mut best = None;
    find_largest(geometry, &mut best);
    let (_, rings) = best?;
    let outer = *rings.first()?;
    let [low, high] = corners(outer)?;
    let stretch = libm::cos(f64::midpoint(low[1], high[1]).to_radians()).max(0.01);
    let flat = |p: &Point| [(p[0] - low[0]) * stretch, p[1] - low[1]];
    let thinned = thinned(&rings);
    let plane: Vec<Vec<Point>> =
        thinned.iter().map(|ring| ring.iter().map(flat).collect()).collect();
    let [x, y] = pole(&plane)?;
    let found = [x / stretch + low[0], y + low[1]];
    if is_inside(&rings, found) {
        return Some(found);
    }
    // Thinning has moved the outline over the point: the widest place beside it, or elsewhere.
    let shares = [0.5, 0.25, 0.75, 0.375, 0.625, 0.125, 0.875];
    let heights = shares.map(|share| low[1] + share * (high[1] - low[1]));
    let beside = std::iter::once(found[1]).chain(heights);
    beside.filter_map(|lat| widest_at(&rings, lat)).find(|&p| is_inside(&rings, p))
}

type Largest<'a> = Option<(f64, Vec<&'a [Point]>)>;

/// Finds the polygon whose outer ring covers most, with its holes.
fn find_largest<'a>(geometry: &'a Geometry, best: &mut Largest<'a>) {
    for member in &geometry.members {
        find_largest(member, best);
    }
    if !matches!(geometry.kind, GeometryKind::Polygon | GeometryKind::MultiPolygon) {
        return;
    }
    for range in geometry.polygon_ranges() {
        let rings: Vec<&[Point]> = range.map(|i| geometry.line_at(i)).collect();
        let Some(outer) = rings.first() else { continue };
        let area = ring_area_m2(outer).abs();
        if area > best.as_ref().map_or(0.0, |b| b.0) {
            *best = Some((area, rings));
        }
    }
}

fn corners(ring: &[Point]) -> Option<[Point; 2]> {
    let &first = ring.first()?;
    let box_of = ring.iter().fold([first, first], |[low, high], p| {
        [[low[0].min(p[0]), low[1].min(p[1])], [high[0].max(p[0]), high[1].max(p[1])]]
    });
    box_of.iter().flatten().all(|v| v.is_finite()).then_some(box_of)
}

/// Returns the outer ring and the largest holes with about [`MOST_VERTICES`] vertices in all.
fn thinned(rings: &[&[Point]]) -> Vec<Vec<Point>> {
    let mut order: Vec<&[Point]> = rings.get(1..).unwrap_or(&[]).to_vec();
    if order.len() > MOST_HOLES {
        order.sort_by(|a, b| ring_area_m2(b).abs().total_cmp(&ring_area_m2(a).abs()));
        order.truncate(MOST_HOLES);
    }
    order.splice(0..0, rings.first().copied());
    let total: usize = order.iter().map(|ring| ring.len()).sum();
    let step = total.div_ceil(MOST_VERTICES).max(1);
    let thin = |ring: &&[Point]| {
        let step = step.min(ring.len() / 8).max(1);
        let mut thin: Vec<Point> = ring.iter().step_by(step).copied().collect();
        if let (Some(&first), Some(&last)) = (thin.first(), thin.last())
            && first != last
        {
            thin.push(first);
        }
        thin
    };
    order.iter().map(thin).collect()
}

/// A square of the search, by how deep inside its best point could be.
struct Square {
    could_be: f64,
    depth: f64,
    center: Point,
    half: f64,
}

impl Square {
    fn new(center: Point, half: f64, rings: &[Vec<Point>]) -> Self {
        let depth = depth(rings, center);
        Self { could_be: depth + half * std::f64::consts::SQRT_2, depth, center, half }
    }
}

impl PartialEq for Square {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Square {}

impl PartialOrd for Square {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Square {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_depth = self.could_be.total_cmp(&other.could_be);
        let by_x = self.center[0].total_cmp(&other.center[0]);
        by_depth.then(by_x).then(self.center[1].total_cmp(&other.center[1]))
    }
}

/// Searches the point farthest from the rings among those inside.
fn pole(rings: &[Vec<Point>]) -> Option<Point> {
    let outer = rings.first()?;
    let [low, high] = corners(outer)?;
    let (width, height) = (high[0] - low[0], high[1] - low[1]);
    let side = width.min(height).max(width.max(height) / 64.0);
    if side <= 0.0 {
        return None;
    }
    let precision = PRECISION * side;
    let mut heap = BinaryHeap::new();
    for i in 0..(width / side).ceil().max(1.0) as usize {
        for j in 0..(height / side).ceil().max(1.0) as usize {
            let center = [low[0] + (i as f64 + 0.5) * side, low[1] + (j as f64 + 0.5) * side];
            heap.push(Square::new(center, side / 2.0, rings));
        }
    }
    let middle = [f64::midpoint(low[0], high[0]), f64::midpoint(low[1], high[1])];
    let mut best = Square::new(middle, 0.0, rings);
    let mut left = MOST_SQUARES;
    while let Some(square) = heap.pop() {
        if square.could_be - best.depth <= precision || left < 4 {
            break;
        }
        left -= 4;
        let half = square.half / 2.0;
        for (dx, dy) in [(-half, -half), (half, -half), (-half, half), (half, half)] {
            heap.push(Square::new([square.center[0] + dx, square.center[1] + dy], half, rings));
        }
        if square.depth > best.depth {
            best = square;
        }
    }
    Some(best.center)
}

/// Returns the distance from the rings, negative outside.
fn depth(rings: &[Vec<Point>], p: Point) -> f64 {
    let mut inside = false;
    let mut least = f64::INFINITY;
    for pair in rings.iter().flat_map(|ring| ring.windows(2)) {
        let &[a, b] = pair else { continue };
        if (a[1] > p[1]) != (b[1] > p[1])
            && p[0] < (b[0] - a[0]) * (p[1] - a[1]) / (b[1] - a[1]) + a[0]
        {
            inside = !inside;
        }
        let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
        let (px, py) = (p[0] - a[0], p[1] - a[1]);
        let length2 = dx * dx + dy * dy;
        let t = if length2 > 0.0 { ((px * dx + py * dy) / length2).clamp(0.0, 1.0) } else { 0.0 };
        let (ex, ey) = (px - t * dx, py - t * dy);
        least = least.min(ex * ex + ey * ey);
    }
    if inside { least.sqrt() } else { -least.sqrt() }
}

/// Returns where, from west to east, the rings cross a parallel.
fn crossings(rings: &[&[Point]], lat: f64) -> Vec<f64> {
    let pairs = rings.iter().flat_map(|ring| ring.windows(2));
    let mut all: Vec<f64> = pairs
        .filter(|s| (s[0][1] > lat) != (s[1][1] > lat))
        .map(|s| (s[1][0] - s[0][0]) * (lat - s[0][1]) / (s[1][1] - s[0][1]) + s[0][0])
        .collect();
    all.sort_by(f64::total_cmp);
    all
}

fn is_inside(rings: &[&[Point]], [lon, lat]: Point) -> bool {
    let all = crossings(rings, lat);
    all.iter().filter(|&&x| x > lon).count() % 2 == 1 && !all.contains(&lon)
}

/// Returns the middle of the widest stretch of the polygon along a parallel.
fn widest_at(rings: &[&[Point]], lat: f64) -> Option<Point> {
    let all = crossings(rings, lat);
    let stretches = all.chunks_exact(2).map(|s| (s[1] - s[0], f64::midpoint(s[0], s[1])));
    stretches.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, lon)| [lon, lat])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ring(points: &[[f64; 2]]) -> Vec<Point> {
        let mut ring = points.to_vec();
        ring.push(points[0]);
        ring
    }

    fn polygon(rings: &[Vec<Point>]) -> Geometry {
        let mut g = Geometry::empty(GeometryKind::Polygon);
        for ring in rings {
            g.xy.extend(ring);
            g.end_line();
        }
        g.end_polygon();
        g
    }

    #[test]
    fn the_label_of_a_square_is_its_middle_and_that_of_an_l_in_its_thick_part() {
        let square = polygon(&[ring(&[[10.0, 10.0], [12.0, 10.0], [12.0, 12.0], [10.0, 12.0]])]);
        let [x, y] = label_point(&square).unwrap();
        assert!((x - 11.0).abs() < 0.05 && (y - 11.0).abs() < 0.05, "{x} {y}");
        let l = ring(&[[0.0, 0.0], [9.0, 0.0], [9.0, 1.0], [4.0, 1.0], [4.0, 5.0], [0.0, 5.0]]);
        let [x, y] = label_point(&polygon(&[l])).unwrap();
        assert!((1.5..2.5).contains(&x) && (1.5..3.5).contains(&y), "{x} {y}");
    }

    #[test]
    fn a_label_avoids_holes_and_goes_to_the_largest_part() {
        let outer = ring(&[[0.0, 0.0], [8.0, 0.0], [8.0, 8.0], [0.0, 8.0]]);
        let hole = ring(&[[1.0, 1.0], [1.0, 6.0], [6.0, 6.0], [6.0, 1.0]]);
        let mut g = polygon(&[outer, hole]);
        g.kind = GeometryKind::MultiPolygon;
        g.xy.extend(ring(&[[20.0, 0.0], [21.0, 0.0], [21.0, 1.0]]));
        g.end_line();
        g.end_polygon();
        let [x, y] = label_point(&g).unwrap();
        assert!(x > 6.0 && x < 8.0 && y > 6.0 && y < 8.0, "{x} {y}");
        let nested = Geometry::collection(vec![Geometry::point([1.0, 1.0]), g]);
        assert_eq!(label_point(&nested), Some([x, y]));
    }

    #[test]
    fn what_has_no_area_has_no_label() {
        for g in [
            Geometry::point([1.0, 1.0]),
            Geometry::line(vec![[0.0, 0.0], [1.0, 1.0]]),
            Geometry::empty(GeometryKind::Polygon),
            polygon(&[ring(&[[0.0, 0.0], [1.0, 1.0]])]),
            polygon(&[ring(&[[0.0, 0.0], [f64::NAN, 1.0], [1.0, 0.0]])]),
        ] {
            assert_eq!(label_point(&g), None, "{g:?}");
        }
    }

    #[test]
    fn a_coast_of_a_million_vertices_is_labelled_at_once() {
        let n = 1_000_000;
        let coast = (0..=n).map(|i| {
            let angle = std::f64::consts::TAU * f64::from(i % n) / f64::from(n);
            let r = 1.0 + 0.3 * (5.0 * angle).sin() + 0.01 * (90_000.0 * angle).sin();
            [100.0 + r * angle.cos(), 30.0 + r * angle.sin()]
        });
        let g = Geometry::polygon(coast.collect());
        let begin = std::time::Instant::now();
        let at = label_point(&g).unwrap();
        assert!(begin.elapsed().as_secs_f64() < 1.0);
        assert!(is_inside(&[g.line_at(0)], at));
    }

    proptest! {
        #[test]
        fn a_label_lies_inside_and_is_the_same_from_any_start(
            radii in prop::collection::vec(0.05_f64..1.0, 3..60),
            turn in 0_usize..60,
        ) {
            let n = radii.len();
            let spoke = |i: usize| {
                let angle = std::f64::consts::TAU * i as f64 / n as f64;
                [118.0 + radii[i] * angle.cos(), 34.0 + radii[i] * angle.sin()]
            };
            let mut points: Vec<Point> = (0..n).map(spoke).collect();
            let g = polygon(&[ring(&points)]);
            let at = label_point(&g);
            if let Some(at) = at {
                prop_assert!(is_inside(&[g.line_at(0)], at));
            }
            points.rotate_left(turn % n);
            points.reverse();
            prop_assert_eq!(at, label_point(&polygon(&[ring(&points)])));
        }
    }
}
