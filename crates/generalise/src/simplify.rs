//! Fewer vertices, on the grid of one zoom.

/// Roughly one vertex in so many is kept because of its coordinates: a power of two.
const ANCHOR_EVERY: u64 = 64;

/// A piece between anchors is cut after so many vertices, whatever their coordinates: bounds the work.
const LONGEST_PIECE: usize = 2048;

/// The sides of a corner that is kept for its shape, in tolerances.
const CORNER_SIDE: f64 = 4.0;

/// Simplifies lines and rings whose vertices lie on an integer grid (Douglas and Peucker, The Canadian
/// Cartographer 10(2), 1973), keeping its memory between calls.
///
/// A line is first cut into pieces at *anchors*, and each piece is simplified by itself. Anchors are
/// chosen by what stands at the place, not by where the line begins: a vertex whose position on the
/// world's grid hashes to one in 64, or which is a sharp corner between two long sides. Two rings that
/// share a border therefore have the same anchors on it and keep the same vertices between them,
/// in either direction; only around the ends of a shared border may they differ, by no more than the
/// tolerance. Cutting also bounds the work, which is otherwise quadratic on some shapes.
///
/// ```
/// use onemap_generalise::{Simplifier, SimplifyGrid};
///
/// let mut line = vec![[0.0, 0.0], [50.0, 1.0], [100.0, 0.0], [100.0, 100.0]];
/// let grid = SimplifyGrid { origin: [0, 0], tolerance: 4.0, window: None };
/// Simplifier::default().line(&mut line, &grid);
/// assert_eq!(line, [[0.0, 0.0], [100.0, 0.0], [100.0, 100.0]]);
/// ```
#[derive(Debug, Default)]
pub struct Simplifier {
    keep: Vec<bool>,
    work: Vec<(usize, usize)>,
}

/// Where on the world's grid the points lie, and how much may be taken away.
#[derive(Debug, Clone, Copy)]
pub struct SimplifyGrid {
    /// Where `[0, 0]` of the points lies on the world's grid, so that neighbouring tiles agree.
    pub origin: [i64; 2],
    /// How far the result may stray, in grid units.
    pub tolerance: f64,
    /// Least and greatest corner of what will be seen. Pieces that lie wholly beyond one of its sides
    /// become straight, which saves time and changes nothing within.
    pub window: Option<[[f64; 2]; 2]>,
}

type Point = [f64; 2];

impl Simplifier {
    /// Simplifies a line in place: every vertex removed lies within the tolerance of the result.
    pub fn line(&mut self, points: &mut Vec<Point>, grid: &SimplifyGrid) {
        points.dedup();
        if points.len() < 3 {
            return;
        }
        self.mark_anchors(points, grid);
        if let Some(first) = self.keep.first_mut() {
            *first = true;
        }
        if let Some(last) = self.keep.last_mut() {
            *last = true;
        }
        self.simplify_pieces(points, grid);
        self.retain_kept(points);
    }

    /// Simplifies a ring in place, given and returned without its closing point. A ring that is no
    /// more than a dot or a stroke at this tolerance comes back with fewer than three points.
    pub fn ring(&mut self, points: &mut Vec<Point>, grid: &SimplifyGrid) {
        points.dedup();
        while points.len() > 1 && points.first() == points.last() {
            points.pop();
        }
        if points.len() < 4 {
            return;
        }
        let grid = &SimplifyGrid { tolerance: tolerance_for(points, grid.tolerance), ..*grid };
        self.mark_ring_anchors(points, grid);
        let Some(start) = self.keep.iter().position(|&k| k) else {
            return;
        };
        points.rotate_left(start);
        self.keep.rotate_left(start);
        if let Some(&first) = points.first() {
            points.push(first);
            self.keep.push(true);
        }
        self.simplify_pieces(points, grid);
        self.retain_kept(points);
        points.pop();
    }

    fn retain_kept(&self, points: &mut Vec<Point>) {
        let mut keep = self.keep.iter();
        points.retain(|_| keep.next().copied().unwrap_or(true));
    }

    /// Marks the inner vertices that are anchors by themselves.
    fn mark_anchors(&mut self, points: &[Point], grid: &SimplifyGrid) {
        self.keep.clear();
        self.keep.resize(points.len(), false);
        for (keep, three) in self.keep.iter_mut().skip(1).zip(points.windows(3)) {
            if let &[a, b, c] = three {
                *keep = is_anchor(a, b, c, grid);
            }
        }
    }

    /// Marks the anchors of an open ring, at least two of them.
    fn mark_ring_anchors(&mut self, points: &[Point], grid: &SimplifyGrid) {
        self.mark_anchors(points, grid);
        let n = points.len();
        if let (&[a, b, ..], &[.., y, z]) = (points, points) {
            self.keep[0] = is_anchor(z, a, b, grid);
            self.keep[n - 1] = is_anchor(y, z, a, grid);
        }
        let anchors = self.keep.iter().filter(|&&k| k).count();
        if anchors > 1 {
            return;
        }
        // Places that do not depend on where the ring begins: the least point, and the one farthest away.
        let first = match self.keep.iter().position(|&k| k) {
            Some(only) => only,
            None => index_of_best(points, less),
        };
        let from = points[first];
        let farthest = index_of_best(points, |p, best| {
            let (d, least) = (distance2(p, from), distance2(best, from));
            d > least || (d == least && less(p, best))
        });
        self.keep[first] = true;
        self.keep[farthest] = true;
    }

    /// Simplifies between each kept vertex and the next.
    fn simplify_pieces(&mut self, points: &[Point], grid: &SimplifyGrid) {
        let limit = grid.tolerance * grid.tolerance;
        let mut start = 0;
        for end in 1..points.len() {
            let anchor = self.keep.get(end).copied().unwrap_or(true);
            if !anchor && end - start < LONGEST_PIECE {
                continue;
            }
            self.keep[end] = true;
            let piece = points.get(start..=end).unwrap_or(&[]);
            if !grid.window.is_some_and(|window| is_beyond(piece, window)) {
                self.work.push((start, end));
            }
            start = end;
            while let Some((a, b)) = self.work.pop() {
                if let Some(middle) = farthest_from_chord(points, a, b, limit) {
                    self.keep[middle] = true;
                    self.work.push((a, middle));
                    self.work.push((middle, b));
                }
            }
        }
    }
}

/// Tells whether all points lie beyond the same side of the window.
fn is_beyond(piece: &[Point], [low, high]: [[f64; 2]; 2]) -> bool {
    (0..2).any(|axis| {
        piece.iter().all(|p| p[axis] < low[axis]) || piece.iter().all(|p| p[axis] > high[axis])
    })
}

fn is_anchor(a: Point, b: Point, c: Point, grid: &SimplifyGrid) -> bool {
    is_chosen(b, grid.origin) || is_corner(a, b, c, grid.tolerance * CORNER_SIDE)
}

/// Returns a smaller tolerance for a ring so small that the full one would leave nothing of its shape.
fn tolerance_for(ring: &[Point], tolerance: f64) -> f64 {
    let mut low = [f64::INFINITY; 2];
    let mut high = [f64::NEG_INFINITY; 2];
    for p in ring {
        for axis in 0..2 {
            low[axis] = low[axis].min(p[axis]);
            high[axis] = high[axis].max(p[axis]);
        }
    }
    let narrow = (high[0] - low[0]).min(high[1] - low[1]);
    if narrow < 4.0 * tolerance { tolerance / 4.0 } else { tolerance }
}

/// Finds the vertex strictly between `a` and `b` that lies farthest from the chord, if it lies beyond the
/// limit (squared). The answer is the same for the reversed line.
fn farthest_from_chord(points: &[Point], a: usize, b: usize, limit: f64) -> Option<usize> {
    let (from, to) = (*points.get(a)?, *points.get(b)?);
    let (from, to) = if less(to, from) { (to, from) } else { (from, to) };
    let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
    let length2 = dx * dx + dy * dy;
    let mut best: Option<(usize, f64, Point)> = None;
    for (i, &p) in points.get(a + 1..b)?.iter().enumerate() {
        let (px, py) = (p[0] - from[0], p[1] - from[1]);
        let along = px * dx + py * dy;
        let d = if along <= 0.0 {
            px * px + py * py
        } else if along >= length2 {
            distance2(p, to)
        } else {
            let cross = px * dy - py * dx;
            cross * cross / length2
        };
        let better = match best {
            None => d > limit,
            Some((_, least, at)) => d > least || (d == least && less(p, at)),
        };
        if better {
            best = Some((a + 1 + i, d, p));
        }
    }
    best.map(|(i, _, _)| i)
}

fn distance2(a: Point, b: Point) -> f64 {
    let (dx, dy) = (a[0] - b[0], a[1] - b[1]);
    dx * dx + dy * dy
}

fn less(a: Point, b: Point) -> bool {
    a[0] < b[0] || (a[0] == b[0] && a[1] < b[1])
}

fn index_of_best(points: &[Point], better: impl Fn(Point, Point) -> bool) -> usize {
    let mut best = 0;
    for (i, &p) in points.iter().enumerate().skip(1) {
        if better(p, points[best]) {
            best = i;
        }
    }
    best
}

/// Tells whether the place on the world's grid is one of the chosen (content-defined chunking).
fn is_chosen(p: Point, origin: [i64; 2]) -> bool {
    let x = (p[0] as i64).wrapping_add(origin[0]) as u64;
    let y = (p[1] as i64).wrapping_add(origin[1]) as u64;
    // Multiplicative hashing with the finisher of MurmurHash3.
    let mut h = x.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ y.wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
    h ^= h >> 33;
    h = h.wrapping_mul(0xff51_afd7_ed55_8ccd);
    h ^= h >> 33;
    h.is_multiple_of(ANCHOR_EVERY)
}

/// Tells whether the line turns by more than 60 degrees between two sides at least `side` long.
fn is_corner(a: Point, b: Point, c: Point, side: f64) -> bool {
    let (ux, uy) = (b[0] - a[0], b[1] - a[1]);
    let (vx, vy) = (c[0] - b[0], c[1] - b[1]);
    let (u2, v2) = (ux * ux + uy * uy, vx * vx + vy * vy);
    if u2 < side * side || v2 < side * side {
        return false;
    }
    // cos < 1/2, without a root.
    let dot = ux * vx + uy * vy;
    dot <= 0.0 || 4.0 * dot * dot < u2 * v2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn coast(n: usize) -> Vec<Point> {
        let mut y = 0_i32;
        let mut seed = 1_u32;
        (0..n)
            .map(|x| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                y += (seed >> 30) as i32 - 1;
                [x as f64, f64::from(y)]
            })
            .collect()
    }

    fn grid(x: i64, y: i64) -> SimplifyGrid {
        SimplifyGrid { origin: [x, y], tolerance: 4.0, window: None }
    }

    fn distance_to(line: &[Point], p: Point) -> f64 {
        line.windows(2)
            .map(|s| {
                let two = [s[0], p, s[1]];
                // Beyond no limit at all the middle point is always found.
                let d = |q: Point| distance2(p, q).sqrt();
                let (dx, dy) = (s[1][0] - s[0][0], s[1][1] - s[0][1]);
                let length2 = dx * dx + dy * dy;
                let t = ((p[0] - s[0][0]) * dx + (p[1] - s[0][1]) * dy) / length2;
                if length2 == 0.0 || t <= 0.0 {
                    d(two[0])
                } else if t >= 1.0 {
                    d(two[2])
                } else {
                    d([s[0][0] + t * dx, s[0][1] + t * dy])
                }
            })
            .fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn a_line_keeps_its_ends_and_stays_within_the_tolerance() {
        let before = coast(5000);
        let mut after = before.clone();
        Simplifier::default().line(&mut after, &grid(0, 0));
        assert!(after.len() < 1200, "{}", after.len());
        assert_eq!((after[0], after.last()), (before[0], before.last()));
        for p in before {
            assert!(distance_to(&after, p) <= 4.0 + 1e-9);
        }
    }

    #[test]
    fn a_shared_border_is_simplified_alike_in_both_directions_and_from_any_start() {
        // Two halves of a strip, divided by a coast from south to north.
        let shared: Vec<Point> = coast(4000).into_iter().map(|[x, y]| [y, x]).collect();
        let mut east = shared.clone();
        east.extend([[3000.0, 3999.0], [3000.0, 0.0]]);
        let mut west: Vec<Point> = shared.iter().rev().copied().collect();
        west.extend([[-3000.0, 0.0], [-3000.0, 3999.0]]);
        west.rotate_left(1234);
        let mut simplifier = Simplifier::default();
        simplifier.ring(&mut east, &grid(7, 9));
        simplifier.ring(&mut west, &grid(7, 9));
        let on_border = |ring: &[Point]| {
            let mut kept: Vec<Point> =
                ring.iter().copied().filter(|p| p[0].abs() < 3000.0).collect();
            kept.sort_by(|a, b| a[1].total_cmp(&b[1]));
            kept
        };
        let (east, west) = (on_border(&east), on_border(&west));
        assert!(east.len() > 100 && east.len() < 1500, "{}", east.len());
        assert_eq!(east, west);
    }

    #[test]
    fn the_same_ring_seen_from_another_tile_keeps_the_same_vertices() {
        let mut here = coast(900);
        here.extend([[900.0, 4000.0], [0.0, 4000.0]]);
        let mut there: Vec<Point> = here.iter().map(|p| [p[0] - 4096.0, p[1] + 8192.0]).collect();
        let mut simplifier = Simplifier::default();
        simplifier.ring(&mut here, &grid(0, 0));
        simplifier.ring(&mut there, &grid(4096, -8192));
        let back: Vec<Point> = there.iter().map(|p| [p[0] + 4096.0, p[1] - 8192.0]).collect();
        assert_eq!(here, back);
    }

    #[test]
    fn eight_hundred_thousand_vertices_take_no_quadratic_time() {
        // A comb is the worst case of Douglas and Peucker: every split takes off one tooth.
        let mut ring: Vec<Point> = (0..800_000_u32)
            .map(|i| [f64::from(i), f64::from(i % 2) * (10.0 + f64::from(i) / 8.0)])
            .collect();
        ring.push([800_000.0, -10.0]);
        ring.push([0.0, -10.0]);
        let begin = std::time::Instant::now();
        Simplifier::default().ring(&mut ring, &grid(0, 0));
        let seconds = begin.elapsed().as_secs_f64();
        assert!(seconds < 5.0, "{seconds}");
    }

    #[test]
    fn what_lies_beyond_the_window_changes_nothing_within() {
        let all = coast(4000);
        let mut whole = all.clone();
        Simplifier::default().line(&mut whole, &grid(0, 0));
        let mut seen = all;
        let window = Some([[1000.0, -1e6], [2000.0, 1e6]]);
        Simplifier::default().line(&mut seen, &SimplifyGrid { window, ..grid(0, 0) });
        assert!(seen.len() < whole.len() / 2);
        let within = |line: &[Point]| -> Vec<Point> {
            line.iter().copied().filter(|p| (1000.0..=2000.0).contains(&p[0])).collect()
        };
        assert_eq!(within(&seen), within(&whole));
    }

    #[test]
    fn a_house_keeps_its_corners() {
        let house = vec![[0.0, 0.0], [9.0, 0.0], [9.0, 6.0], [0.0, 6.0]];
        let mut ring = house.clone();
        Simplifier::default().ring(&mut ring, &grid(0, 0));
        assert_eq!(ring.len(), 4);
    }

    proptest! {
        #[test]
        fn any_ring_comes_back_shorter_from_its_own_vertices(
            ring in prop::collection::vec((-50_i32..50, -50_i32..50), 0..40),
            turn in 0_usize..40,
        ) {
            let ring: Vec<Point> = ring.iter().map(|&(x, y)| [f64::from(x), f64::from(y)]).collect();
            let mut simplifier = Simplifier::default();
            let mut once = ring.clone();
            simplifier.ring(&mut once, &grid(5, 5));
            prop_assert!(once.len() <= ring.len());
            prop_assert!(once.iter().all(|p| ring.contains(p)));
            let mut turned = ring.clone();
            if !turned.is_empty() {
                let n = turned.len();
                turned.rotate_left(turn % n);
            }
            simplifier.ring(&mut turned, &grid(5, 5));
            prop_assert!(turned.iter().all(|p| ring.contains(p)));
        }
    }
}
