//! Fewer vertices, on the grid of one zoom.

/// A piece with more vertices than this is cut at chosen ones: bounds the work.
const LONGEST_PIECE: usize = 1024;

/// In a piece too long roughly one vertex in so many is chosen by its coordinates: a power of two.
const CHOSEN_EVERY: u64 = 256;

/// The sides of a corner that is kept for its shape, in tolerances.
const CORNER_SIDE: f64 = 4.0;

/// A ring or piece this many tolerances wide is simplified with the full tolerance, smaller ones with
/// one in proportion.
const FULL_FROM: f64 = 6.0;

/// The least share of the tolerance that small shapes are simplified with.
const LEAST_SHARE: f64 = 0.25;

/// A vertex on the integer grid of a zoom, within 2^29 units of its origin.
pub type GridPoint = [i32; 2];

/// Simplifies lines and rings whose vertices lie on an integer grid (Douglas and Peucker, The Canadian
/// Cartographer 10(2), 1973), keeping its memory between calls.
///
/// The caller names *anchors*, vertices that stay whatever happens: where borders of several shapes
/// meet or part. Sharp corners between two long sides are anchors too. Each *piece* between two
/// anchors is simplified by itself, and the answer depends on nothing but its vertices: two rings that
/// run along a shared border, in either direction and from wherever they begin, keep the same ones.
///
/// ```
/// use onemap_generalise::{Simplifier, SimplifyRule};
///
/// let line = [[0, 0], [50, 1], [100, 0], [100, 100]];
/// let mut keep = vec![false; line.len()]; // no anchors
/// let rule = SimplifyRule { tolerance: 4.0, closed: false, by_piece: false };
/// Simplifier::default().mark(&line, &rule, &mut keep);
/// assert_eq!(keep, [true, false, true, true]);
/// ```
#[derive(Debug, Default)]
pub struct Simplifier {
    turned: Vec<GridPoint>,
    kept: Vec<bool>,
    work: Vec<(usize, usize)>,
}

/// How a line or ring is simplified.
#[derive(Debug, Clone, Copy)]
pub struct SimplifyRule {
    /// How far the result may stray, in grid units.
    pub tolerance: f64,
    /// Whether the last vertex is joined to the first, which is not repeated.
    pub closed: bool,
    /// Whether small pieces are given a smaller tolerance: right for borders that others share, since
    /// the other shape sees the same piece. If not, it goes by the size of a ring as a whole.
    pub by_piece: bool,
}

impl Simplifier {
    /// Marks the vertices that stay. On input `keep`, as long as `points`, marks the anchors. Ends of
    /// lines stay; a ring keeps two vertices at least, and no more than two if it is but a stroke.
    pub fn mark(&mut self, points: &[GridPoint], rule: &SimplifyRule, keep: &mut [bool]) {
        let n = points.len();
        if n < 3 + usize::from(rule.closed) || keep.len() != n {
            keep.fill(true);
            return;
        }
        mark_corners(points, rule, keep);
        if !rule.closed {
            keep[0] = true;
            keep[n - 1] = true;
            let tolerance = rule.tolerance;
            let mut kept = std::mem::take(&mut self.kept);
            kept.clear();
            kept.extend_from_slice(keep);
            self.mark_pieces(points, tolerance, rule.by_piece, &mut kept);
            keep.copy_from_slice(&kept);
            self.kept = kept;
            return;
        }
        let tolerance =
            if rule.by_piece { rule.tolerance } else { tolerance_of_ring(points, rule.tolerance) };
        mark_ring_ends(points, keep);
        let Some(start) = keep.iter().position(|&k| k) else { return };
        // A ring from an anchor around to the same anchor.
        let mut turned = std::mem::take(&mut self.turned);
        let mut kept = std::mem::take(&mut self.kept);
        turned.clear();
        turned.extend_from_slice(&points[start..]);
        turned.extend_from_slice(&points[..=start]);
        kept.clear();
        kept.extend_from_slice(&keep[start..]);
        kept.extend_from_slice(&keep[..=start]);
        self.mark_pieces(&turned, tolerance, rule.by_piece, &mut kept);
        for (i, &k) in kept.iter().take(n).enumerate() {
            keep[(start + i) % n] = k;
        }
        self.turned = turned;
        self.kept = kept;
    }

    /// Simplifies between each kept vertex and the next.
    fn mark_pieces(
        &mut self,
        points: &[GridPoint],
        tolerance: f64,
        by_piece: bool,
        keep: &mut [bool],
    ) {
        let mut start = 0;
        for end in 1..points.len() {
            if !keep[end] {
                continue;
            }
            if end > start + 1 {
                let piece = &points[start..=end];
                let tolerance =
                    if by_piece { tolerance_of_piece(piece, tolerance) } else { tolerance };
                self.mark_piece(piece, tolerance, &mut keep[start..=end]);
            }
            start = end;
        }
    }

    /// Simplifies one piece; its ends stay.
    fn mark_piece(&mut self, piece: &[GridPoint], tolerance: f64, keep: &mut [bool]) {
        let limit = tolerance * tolerance;
        let last = piece.len() - 1;
        let way = Way::of(piece);
        let mut start = 0;
        if last > LONGEST_PIECE {
            for end in 1..last {
                if is_chosen(way.at(end)) || end - start >= LONGEST_PIECE {
                    keep[way.index(end)] = true;
                    self.work.push((start, end));
                    start = end;
                }
            }
        }
        self.work.push((start, last));
        while let Some((a, b)) = self.work.pop() {
            if let Some(middle) = way.farthest_from_chord(a, b, limit) {
                keep[way.index(middle)] = true;
                self.work.push((a, middle));
                self.work.push((middle, b));
            }
        }
    }
}

/// Returns the vertex strictly between the ends of a piece that lies farthest from the line between
/// them, the same one for the reversed piece; `None` when there is nothing between.
pub fn farthest_vertex(piece: &[GridPoint]) -> Option<usize> {
    let last = piece.len().checked_sub(1)?;
    let way = Way::of(piece);
    way.farthest_from_chord(0, last, -1.0).map(|i| way.index(i))
}

/// A piece in the one of its two directions that depends only on its vertices.
struct Way<'a> {
    piece: &'a [GridPoint],
    reversed: bool,
}

impl<'a> Way<'a> {
    fn of(piece: &'a [GridPoint]) -> Self {
        let both = piece.iter().zip(piece.iter().rev());
        let reversed = both.take(piece.len() / 2).find(|(a, b)| a != b).is_some_and(|(a, b)| a > b);
        Self { piece, reversed }
    }

    #[inline]
    fn index(&self, i: usize) -> usize {
        if self.reversed { self.piece.len() - 1 - i } else { i }
    }

    #[inline]
    fn at(&self, i: usize) -> GridPoint {
        self.piece[self.index(i)]
    }

    /// Finds the vertex strictly between `a` and `b` that lies farthest from the chord, if it lies
    /// beyond the limit (squared).
    fn farthest_from_chord(&self, a: usize, b: usize, limit: f64) -> Option<usize> {
        let (from, to) = (self.at(a), self.at(b));
        let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
        let (dx, dy) = (f64::from(dx), f64::from(dy));
        let length2 = dx * dx + dy * dy;
        let (mut best, mut most) = (None, limit);
        for i in a + 1..b {
            let p = self.at(i);
            let (px, py) = (f64::from(p[0] - from[0]), f64::from(p[1] - from[1]));
            let along = px * dx + py * dy;
            let d = if along <= 0.0 {
                px * px + py * py
            } else if along >= length2 {
                let (qx, qy) = (px - dx, py - dy);
                qx * qx + qy * qy
            } else {
                let cross = px * dy - py * dx;
                cross * cross / length2
            };
            if d > most {
                (best, most) = (Some(i), d);
            }
        }
        best
    }
}

/// Marks sharp corners.
fn mark_corners(points: &[GridPoint], rule: &SimplifyRule, keep: &mut [bool]) {
    let side = rule.tolerance * CORNER_SIDE;
    for (keep, three) in keep.iter_mut().skip(1).zip(points.windows(3)) {
        *keep = *keep || is_corner(three[0], three[1], three[2], side);
    }
    if rule.closed
        && let (&[a, b, ..], &[.., y, z], [first, .., last]) = (points, points, keep)
    {
        *first = *first || is_corner(z, a, b, side);
        *last = *last || is_corner(y, z, a, side);
    }
}

/// Marks vertices until there are two: places that do not depend on where the ring begins, the least
/// vertex and the one farthest away.
fn mark_ring_ends(points: &[GridPoint], keep: &mut [bool]) {
    let mut kept = keep.iter().enumerate().filter(|&(_, &k)| k).map(|(i, _)| i);
    let first = match (kept.next(), kept.next()) {
        (Some(_), Some(_)) => return,
        (Some(only), None) => only,
        _ => (0..points.len()).min_by_key(|&i| points[i]).unwrap_or(0),
    };
    let from = points[first];
    let distance2 = |p: GridPoint| {
        let d = |axis: usize| i64::from(p[axis]) - i64::from(from[axis]);
        d(0) * d(0) + d(1) * d(1)
    };
    let farthest = (0..points.len()).max_by_key(|&i| (distance2(points[i]), points[i]));
    keep[first] = true;
    if let Some(farthest) = farthest {
        keep[farthest] = true;
    }
}

fn extent(points: &[GridPoint]) -> [f64; 2] {
    let (mut low, mut high) = ([i32::MAX; 2], [i32::MIN; 2]);
    for p in points {
        low = [low[0].min(p[0]), low[1].min(p[1])];
        high = [high[0].max(p[0]), high[1].max(p[1])];
    }
    [f64::from(high[0] - low[0]), f64::from(high[1] - low[1])]
}

/// Returns a smaller tolerance for a ring so narrow that the full one would leave nothing of its shape.
fn tolerance_of_ring(ring: &[GridPoint], tolerance: f64) -> f64 {
    let [width, height] = extent(ring);
    (width.min(height) / FULL_FROM).clamp(tolerance * LEAST_SHARE, tolerance)
}

/// The same for a piece between two anchors.
fn tolerance_of_piece(piece: &[GridPoint], tolerance: f64) -> f64 {
    let [width, height] = extent(piece);
    (width.max(height) / FULL_FROM).clamp(tolerance * LEAST_SHARE, tolerance)
}

/// Tells whether the place is one of the chosen (content-defined chunking).
fn is_chosen(p: GridPoint) -> bool {
    let (x, y) = (i64::from(p[0]) as u64, i64::from(p[1]) as u64);
    // Multiplicative hashing with the finisher of MurmurHash3.
    let mut h = x.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ y.wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
    h ^= h >> 33;
    h = h.wrapping_mul(0xff51_afd7_ed55_8ccd);
    h ^= h >> 33;
    h.is_multiple_of(CHOSEN_EVERY)
}

/// Tells whether the line turns by more than 60 degrees between two sides at least `side` long.
#[inline]
fn is_corner(a: GridPoint, b: GridPoint, c: GridPoint, side: f64) -> bool {
    let d = |p: i32, q: i32| f64::from(p - q);
    let (ux, uy) = (d(b[0], a[0]), d(b[1], a[1]));
    let (vx, vy) = (d(c[0], b[0]), d(c[1], b[1]));
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

    const LINE: SimplifyRule = SimplifyRule { tolerance: 4.0, closed: false, by_piece: false };
    const RING: SimplifyRule = SimplifyRule { closed: true, ..LINE };

    fn coast(n: usize) -> Vec<GridPoint> {
        let mut y = 0_i32;
        let mut seed = 1_u32;
        (0..n)
            .map(|x| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                y += (seed >> 30) as i32 - 1;
                [x as i32, y]
            })
            .collect()
    }

    fn simplified(
        points: &[GridPoint],
        rule: &SimplifyRule,
        anchor: impl Fn(GridPoint) -> bool,
    ) -> Vec<GridPoint> {
        let mut keep: Vec<bool> = points.iter().map(|&p| anchor(p)).collect();
        Simplifier::default().mark(points, rule, &mut keep);
        points.iter().zip(keep).filter(|(_, k)| *k).map(|(p, _)| *p).collect()
    }

    fn distance_to(line: &[GridPoint], p: GridPoint) -> f64 {
        let float = |p: GridPoint| p.map(f64::from);
        let p = float(p);
        line.windows(2)
            .map(|s| {
                let (a, b) = (float(s[0]), float(s[1]));
                let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
                let t = ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / (dx * dx + dy * dy);
                let t = t.clamp(0.0, 1.0);
                (p[0] - a[0] - t * dx).hypot(p[1] - a[1] - t * dy)
            })
            .fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn a_line_keeps_its_ends_and_stays_within_the_tolerance() {
        let before = coast(5000);
        let after = simplified(&before, &LINE, |_| false);
        assert!(after.len() < 1000, "{}", after.len());
        assert_eq!((after[0], after.last()), (before[0], before.last()));
        for p in before {
            assert!(distance_to(&after, p) <= 4.0 + 1e-9);
        }
    }

    #[test]
    fn a_shared_border_is_simplified_alike_in_both_directions_and_from_any_start() {
        // Two halves of a strip, divided by a coast from south to north; its ends are nodes.
        let shared: Vec<GridPoint> = coast(4000).into_iter().map(|[x, y]| [y, x]).collect();
        let ends = [shared[0], shared[3999]];
        let mut east = shared.clone();
        east.extend([[3000, 3999], [3000, 0]]);
        let mut west: Vec<GridPoint> = shared.iter().rev().copied().collect();
        west.extend([[-3000, 0], [-3000, 3999]]);
        west.rotate_left(1234);
        let on_border = |ring: &[GridPoint]| {
            let mut kept: Vec<GridPoint> =
                simplified(ring, &SimplifyRule { by_piece: true, ..RING }, |p| ends.contains(&p));
            kept.retain(|p| p[0].abs() < 3000);
            kept.sort_by_key(|p| p[1]);
            kept
        };
        let (east, west) = (on_border(&east), on_border(&west));
        assert!(east.len() > 100 && east.len() < 1500, "{}", east.len());
        assert_eq!(east, west);
    }

    #[test]
    fn eight_hundred_thousand_vertices_take_no_quadratic_time() {
        // A comb is the worst case of Douglas and Peucker: every split takes off one tooth.
        let mut ring: Vec<GridPoint> = (0..800_000).map(|i| [i, (i % 2) * (10 + i / 8)]).collect();
        ring.push([800_000, -10]);
        ring.push([0, -10]);
        let begin = std::time::Instant::now();
        let _ = simplified(&ring, &RING, |_| false);
        let seconds = begin.elapsed().as_secs_f64();
        assert!(seconds < 5.0, "{seconds}");
    }

    #[test]
    fn a_house_keeps_its_corners() {
        let house = [[0, 0], [9, 0], [9, 6], [0, 6]];
        assert_eq!(simplified(&house, &RING, |_| false), house);
    }

    #[test]
    fn the_farthest_vertex_is_the_same_from_both_ends() {
        let piece = [[0, 0], [3, 5], [6, 5], [9, 0]];
        let back: Vec<GridPoint> = piece.iter().rev().copied().collect();
        assert_eq!(piece[farthest_vertex(&piece).unwrap()], back[farthest_vertex(&back).unwrap()]);
        assert_eq!(farthest_vertex(&piece[..2]), None);
        assert_eq!(farthest_vertex(&[]), None);
    }

    proptest! {
        #[test]
        fn any_ring_is_simplified_alike_from_any_start_and_in_both_directions(
            ring in prop::collection::hash_set((-50_i32..50, -50_i32..50), 0..40),
            turn in 0_usize..40,
            by_piece in any::<bool>(),
        ) {
            let ring: Vec<GridPoint> = ring.iter().map(|&(x, y)| [x, y]).collect();
            let rule = SimplifyRule { by_piece, ..RING };
            let anchor = |p: GridPoint| p[0] % 17 == 0;
            let mut once = simplified(&ring, &rule, anchor);
            let mut turned = ring.clone();
            turned.reverse();
            if !turned.is_empty() {
                let n = turned.len();
                turned.rotate_left(turn % n);
            }
            let mut again = simplified(&turned, &rule, anchor);
            once.sort_unstable();
            again.sort_unstable();
            prop_assert_eq!(once, again);
        }
    }
}
