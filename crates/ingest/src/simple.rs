//! Tells whether the rings of a shape cross themselves or each other, in about linear time.
//!
//! `geo`'s `is_valid` is quadratic (32,000 vertices: 5 s), so that a province's border would take
//! minutes. Here the segments go into a grid of about as many cells as there are segments and only
//! those of one cell are compared; where that would still be many pairs (very uneven density), an
//! R-tree takes the grid's place.

use geo::Kernel;
use geo::Orientation;
use geo::kernels::RobustKernel;
use geo_types::Coord;
use onemap_model::Geometry;
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crossing {
    /// Nothing crosses.
    None,
    /// Rings of one polygon cross, or one runs back over itself.
    Within,
    /// Rings of different polygons cross; each may be valid by itself.
    Between,
}

/// Compares every pair below this many segments: faster than any index.
const BRUTE_FORCE: usize = 48;
/// A segment over more cells than this counts as long.
const LONG_CELLS: usize = 64;
/// Pairs allowed for each segment before the R-tree takes over.
const PAIRS_PER_SEGMENT: usize = 64;

#[derive(Clone, Copy)]
struct Segment {
    a: [f64; 2],
    b: [f64; 2],
    /// Number of the ring over all polygons.
    ring: u32,
    /// Number of the polygon.
    polygon: u32,
    /// Position within the ring, and whether it is the ring's last.
    at: u32,
    last: bool,
}

impl Segment {
    fn min(&self) -> [f64; 2] {
        [self.a[0].min(self.b[0]), self.a[1].min(self.b[1])]
    }

    fn max(&self) -> [f64; 2] {
        [self.a[0].max(self.b[0]), self.a[1].max(self.b[1])]
    }

    fn boxes_meet(&self, other: &Self) -> bool {
        let (a, b, c, d) = (self.min(), self.max(), other.min(), other.max());
        a[0] <= d[0] && c[0] <= b[0] && a[1] <= d[1] && c[1] <= b[1]
    }

    /// Tells whether the two follow each other in one ring.
    fn adjacent(&self, other: &Self) -> bool {
        self.ring == other.ring
            && (self.at.abs_diff(other.at) == 1
                || (self.at == 0 && other.last)
                || (other.at == 0 && self.last))
    }
}

/// Looks for the first crossing in a polygon or multipolygon with closed rings.
pub(crate) fn find_crossing(shape: &Geometry) -> Crossing {
    let segments = segments_of(shape);
    let mut worst = Crossing::None;
    let mut visit = |a: &Segment, b: &Segment| {
        if worst != Crossing::Within && a.boxes_meet(b) {
            match crosses(a, b) {
                true if a.polygon == b.polygon => worst = Crossing::Within,
                true => worst = Crossing::Between,
                false => {}
            }
        }
        worst == Crossing::Within
    };
    if segments.len() <= BRUTE_FORCE {
        each_pair(&segments, &mut visit);
    } else if !Grid::new(&segments).each_pair(&segments, &mut visit) {
        tree_pairs(&segments, &mut visit);
    }
    worst
}

fn segments_of(shape: &Geometry) -> Vec<Segment> {
    let mut segments = Vec::with_capacity(shape.xy.len());
    for (polygon, rings) in shape.polygon_ranges().enumerate() {
        for ring in rings {
            let line = shape.line_at(ring);
            let first = segments.len();
            for pair in line.windows(2) {
                if let [a, b] = *pair
                    && a != b
                {
                    segments.push(Segment {
                        a,
                        b,
                        ring: ring as u32,
                        polygon: polygon as u32,
                        at: (segments.len() - first) as u32,
                        last: false,
                    });
                }
            }
            if segments.len() > first
                && let Some(last) = segments.last_mut()
            {
                last.last = true;
            }
        }
    }
    segments
}

/// Visits every pair; stops when `visit` says so.
fn each_pair(segments: &[Segment], visit: &mut dyn FnMut(&Segment, &Segment) -> bool) {
    for (i, a) in segments.iter().enumerate() {
        for b in segments.iter().skip(i + 1) {
            if visit(a, b) {
                return;
            }
        }
    }
}

/// Segments by cell, as a counting sort: cell `c` holds `items[starts[c]..starts[c + 1]]`.
struct Grid {
    origin: [f64; 2],
    per_unit: [f64; 2],
    size: [usize; 2],
    starts: Vec<u32>,
    items: Vec<u32>,
    long: Vec<u32>,
}

impl Grid {
    fn new(segments: &[Segment]) -> Self {
        let mut min = [f64::INFINITY; 2];
        let mut max = [f64::NEG_INFINITY; 2];
        for segment in segments {
            let (a, b) = (segment.min(), segment.max());
            min = [min[0].min(a[0]), min[1].min(a[1])];
            max = [max[0].max(b[0]), max[1].max(b[1])];
        }
        let side = ((segments.len() as f64).sqrt().ceil() as usize).clamp(1, 4096);
        let span = |d: usize| (max[d] - min[d]).max(f64::MIN_POSITIVE);
        let mut grid = Self {
            origin: min,
            per_unit: [side as f64 / span(0), side as f64 / span(1)],
            size: [side, side],
            starts: vec![0; side * side + 1],
            items: Vec::new(),
            long: Vec::new(),
        };
        let mut counts = vec![0_u32; side * side + 1];
        for (i, segment) in segments.iter().enumerate() {
            if !grid.cells(segment, &mut |cell| counts[cell] += 1) {
                grid.long.push(i as u32);
            }
        }
        let mut total = 0;
        for (start, count) in grid.starts.iter_mut().zip(&mut counts) {
            *start = total;
            total += *count;
            *count = *start;
        }
        let mut items = vec![0; total as usize];
        for (i, segment) in segments.iter().enumerate() {
            grid.cells(segment, &mut |cell| {
                items[counts[cell] as usize] = i as u32;
                counts[cell] += 1;
            });
        }
        grid.items = items;
        grid
    }

    fn cell(&self, at: f64, d: usize) -> usize {
        (((at - self.origin[d]) * self.per_unit[d]) as usize).min(self.size[d] - 1)
    }

    /// Visits the cells under the segment's box; false, and visits none, when they are too many.
    fn cells(&self, segment: &Segment, visit: &mut dyn FnMut(usize)) -> bool {
        let (min, max) = (segment.min(), segment.max());
        let (x0, x1) = (self.cell(min[0], 0), self.cell(max[0], 0));
        let (y0, y1) = (self.cell(min[1], 1), self.cell(max[1], 1));
        if (x1 - x0 + 1) * (y1 - y0 + 1) > LONG_CELLS {
            return false;
        }
        for y in y0..=y1 {
            for x in x0..=x1 {
                visit(y * self.size[0] + x);
            }
        }
        true
    }

    /// Visits the pairs that share a cell; false, and visits none, when they would be too many.
    fn each_pair(
        &self,
        segments: &[Segment],
        visit: &mut dyn FnMut(&Segment, &Segment) -> bool,
    ) -> bool {
        let in_cells = |range: &[u32]| match *range {
            [from, to] => (to - from) as usize * (to - from) as usize,
            _ => 0,
        };
        let pairs =
            self.starts.windows(2).map(in_cells).sum::<usize>() + self.long.len() * segments.len();
        if pairs > PAIRS_PER_SEGMENT * segments.len() {
            return false;
        }
        for &i in &self.long {
            for b in segments {
                let a = &segments[i as usize];
                if !std::ptr::eq(a, b) && visit(a, b) {
                    return true;
                }
            }
        }
        for range in self.starts.windows(2) {
            let cell = &self.items[range[0] as usize..range[1] as usize];
            for (i, &a) in cell.iter().enumerate() {
                for &b in &cell[i + 1..] {
                    if visit(&segments[a as usize], &segments[b as usize]) {
                        return true;
                    }
                }
            }
        }
        true
    }
}

fn tree_pairs(segments: &[Segment], visit: &mut dyn FnMut(&Segment, &Segment) -> bool) {
    let boxed =
        |(i, s): (usize, &Segment)| GeomWithData::new(Rectangle::from_corners(s.min(), s.max()), i);
    let tree = RTree::bulk_load(segments.iter().enumerate().map(boxed).collect());
    for (i, a) in segments.iter().enumerate() {
        let near = AABB::from_corners(a.min(), a.max());
        for found in tree.locate_in_envelope_intersecting(&near) {
            if found.data > i && visit(a, &segments[found.data]) {
                return;
            }
        }
    }
}

/// Tells whether two segments cross at inner points, or run over each other within one polygon.
/// Rings may touch at points, and polygons along edges.
fn crosses(a: &Segment, b: &Segment) -> bool {
    let side = |p: [f64; 2], q: [f64; 2], r: [f64; 2]| {
        RobustKernel::orient2d(Coord::from(p), Coord::from(q), Coord::from(r))
    };
    let (a1, a2) = (side(a.a, a.b, b.a), side(a.a, a.b, b.b));
    if a1 == Orientation::Collinear && a2 == Orientation::Collinear {
        return a.polygon == b.polygon && overlap(a, b);
    }
    if a1 == a2 || a1 == Orientation::Collinear || a2 == Orientation::Collinear || a.adjacent(b) {
        return false;
    }
    let (b1, b2) = (side(b.a, b.b, a.a), side(b.a, b.b, a.b));
    b1 != b2 && b1 != Orientation::Collinear && b2 != Orientation::Collinear
}

/// Tells whether two collinear segments share more than a point.
fn overlap(a: &Segment, b: &Segment) -> bool {
    let (a0, a1, b0, b1) = (a.min(), a.max(), b.min(), b.max());
    let d = usize::from(a1[0] - a0[0] < a1[1] - a0[1]);
    a0[d].max(b0[d]) < a1[d].min(b1[d])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring_of(points: &[[f64; 2]]) -> Geometry {
        let mut ring = points.to_vec();
        ring.push(points[0]);
        Geometry::polygon(ring)
    }

    fn star(n: usize, step: usize) -> Geometry {
        let at = |i: usize| {
            let angle = (i * step) as f64 / n as f64 * std::f64::consts::TAU;
            [angle.cos(), angle.sin()]
        };
        ring_of(&(0..n).map(at).collect::<Vec<_>>())
    }

    #[test]
    fn a_circle_is_simple_and_a_star_is_not_at_any_size() {
        for n in [5, 49, 1001, 20001] {
            assert_eq!(find_crossing(&star(n, 1)), Crossing::None, "{n}");
            assert_eq!(find_crossing(&star(n, 2)), Crossing::Within, "{n}");
        }
    }

    #[test]
    fn a_spike_is_found_and_a_touch_is_not() {
        let spike =
            ring_of(&[[0., 0.], [2., 0.], [2., 2.], [1., 2.], [1., 3.], [1., 2.], [0., 2.]]);
        assert_eq!(find_crossing(&spike), Crossing::Within);
        let touch = ring_of(&[[0., 0.], [2., 2.], [4., 0.], [4., 4.], [2., 2.], [0., 4.]]);
        assert_eq!(find_crossing(&touch), Crossing::None);
    }

    #[test]
    fn overlapping_parts_are_told_from_crossing_rings() {
        let mut two = ring_of(&[[0., 0.], [2., 0.], [2., 2.], [0., 2.]]);
        two.kind = onemap_model::GeometryKind::MultiPolygon;
        for at in [[1., 1.], [3., 1.], [3., 3.], [1., 3.], [1., 1.]] {
            two.push(at);
        }
        two.end_line();
        two.end_polygon();
        assert_eq!(find_crossing(&two), Crossing::Between);
    }

    #[test]
    fn a_comb_of_long_teeth_stays_fast() {
        let mut points = Vec::new();
        for i in 0..20_000 {
            let x = f64::from(i);
            points.extend([[x, 0.0], [x + 0.4, 1000.0]]);
        }
        points.extend([[20_000.0, -1.0], [0.0, -1.0]]);
        let started = std::time::Instant::now();
        assert_eq!(find_crossing(&ring_of(&points)), Crossing::None);
        assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    }
}
