//! Whether rings on the integer grid touch or cross themselves or each other.

use crate::snap::{Cell, cross};

/// Rings of one or more polygons, one after another, without closing points.
#[derive(Debug, Default)]
pub(crate) struct Rings {
    pub points: Vec<Cell>,
    pub rings: Vec<Ring>,
}

/// A ring in [`Rings`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ring {
    /// Exclusive end of its points.
    pub end: usize,
    /// Whether it begins a polygon; if not it is a hole in the polygon before.
    pub outer: bool,
}

impl Rings {
    pub(crate) fn clear(&mut self) {
        self.points.clear();
        self.rings.clear();
    }

    /// Adds a ring.
    pub(crate) fn push(&mut self, points: &[Cell], outer: bool) {
        self.points.extend_from_slice(points);
        self.rings.push(Ring { end: self.points.len(), outer });
    }

    /// Adds all rings of another set.
    pub(crate) fn append(&mut self, other: &Self) {
        for (points, outer) in other.iter() {
            self.push(points, outer);
        }
    }

    /// Returns each ring's points and whether it begins a polygon.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[Cell], bool)> {
        let mut start = 0;
        self.rings.iter().map(move |ring| {
            let points = self.points.get(start..ring.end).unwrap_or(&[]);
            start = ring.end;
            (points, ring.outer)
        })
    }
}

/// Up to so many edges all pairs are compared.
const FEW: usize = 24;

/// Finds crossings, keeping its memory between calls.
#[derive(Debug, Default)]
pub(crate) struct CrossingTest {
    edges: Vec<Edge>,
    /// Stripe and least x of an edge packed into one number, and the edge.
    sorted: Vec<(u64, u32)>,
}

#[derive(Debug, Clone, Copy)]
struct Edge {
    a: Cell,
    b: Cell,
    low: Cell,
    high: Cell,
    /// The edge that begins where this one ends.
    next: u32,
}

impl Edge {
    fn new(a: Cell, b: Cell, next: u32) -> Self {
        let low = [a[0].min(b[0]), a[1].min(b[1])];
        let high = [a[0].max(b[0]), a[1].max(b[1])];
        Self { a, b, low, high, next }
    }

    #[inline]
    #[expect(clippy::needless_bitwise_bool, reason = "four comparisons are faster than a branch")]
    fn is_apart(&self, other: &Self) -> bool {
        (self.high[0] < other.low[0])
            | (other.high[0] < self.low[0])
            | (self.high[1] < other.low[1])
            | (other.high[1] < self.low[1])
    }

    /// Tells whether two edges whose boxes meet share a point.
    fn meets(&self, other: &Self) -> bool {
        let side = |d: i64| d.signum();
        side(cross(self.a, self.b, other.a)) * side(cross(self.a, self.b, other.b)) <= 0
            && side(cross(other.a, other.b, self.a)) * side(cross(other.a, other.b, self.b)) <= 0
    }
}

impl CrossingTest {
    /// Tells whether any two edges share a point, other than two consecutive edges of a ring the one
    /// between them. Rings that pass return from no point to where they were: they are simple
    /// (OGC 06-103r4, clause 6.1.11) and apart. Exact; consecutive edges must not lie on one line.
    ///
    /// Edges are put into horizontal stripes and compared within each along x: for outlines, whose
    /// edges are short, the time is that of the sorting.
    pub(crate) fn any(&mut self, rings: &Rings) -> bool {
        if rings.rings.len() == 1 && is_triangle_or_convex_quadrangle(&rings.points) {
            return false;
        }
        self.collect_edges(rings);
        if self.edges.len() <= FEW {
            return self.any_among_few();
        }
        self.sort_into_stripes();
        self.any_within_stripes()
    }

    /// Tells of each ring whether it shares a point with another one, or with itself as in
    /// [`CrossingTest::any`].
    pub(crate) fn of_each(&mut self, rings: &Rings) -> Vec<bool> {
        self.collect_edges(rings);
        let mut meets = vec![false; rings.rings.len()];
        if self.edges.is_empty() {
            return meets;
        }
        self.sort_into_stripes();
        // A ring has as many edges as points.
        let ring_of = |edge: u32| rings.rings.partition_point(|ring| ring.end <= edge as usize);
        self.visit_close(|i, j| {
            if self.meet(i, j) {
                for edge in [i, j] {
                    if let Some(meets) = meets.get_mut(ring_of(edge)) {
                        *meets = true;
                    }
                }
            }
            false
        });
        meets
    }

    /// Finds pairs of the given edges, each given once, that share a point other than an end of both.
    /// Stops after `most` pairs.
    pub(crate) fn pairs(&mut self, edges: &[(Cell, Cell)], most: usize) -> Vec<(u32, u32)> {
        self.edges.clear();
        self.edges.extend(edges.iter().map(|&(a, b)| Edge::new(a, b, u32::MAX)));
        let mut found = Vec::new();
        if self.edges.is_empty() {
            return found;
        }
        self.sort_into_stripes();
        self.visit_close(|i, j| {
            if self.meet_apart(i, j) {
                found.push((i, j));
            }
            found.len() >= most
        });
        found
    }

    fn meet_apart(&self, i: u32, j: u32) -> bool {
        let (Some(e), Some(f)) = (self.edges.get(i as usize), self.edges.get(j as usize)) else {
            return false;
        };
        e.a != f.a && e.a != f.b && e.b != f.a && e.b != f.b && self.meet(i, j)
    }

    fn collect_edges(&mut self, rings: &Rings) {
        self.edges.clear();
        for (points, _) in rings.iter() {
            let Some((&first, &last)) = points.first().zip(points.last()) else {
                continue;
            };
            let begin = self.edges.len() as u32;
            let inner = points.windows(2).zip(begin + 1..);
            self.edges.extend(inner.map(|(pair, next)| Edge::new(pair[0], pair[1], next)));
            self.edges.push(Edge::new(last, first, begin));
        }
    }

    fn any_among_few(&self) -> bool {
        let mut after = self.edges.as_slice();
        let mut i = 0;
        while let [edge, rest @ ..] = after {
            for (other, j) in rest.iter().zip(i + 1..) {
                if !edge.is_apart(other) && edge.next != j && other.next != i && edge.meets(other) {
                    return true;
                }
            }
            after = rest;
            i += 1;
        }
        false
    }

    fn sort_into_stripes(&mut self) {
        let mut low = [i32::MAX; 2];
        let mut high = i32::MIN;
        let mut rise = 0_i64;
        for edge in &self.edges {
            low = [low[0].min(edge.a[0]), low[1].min(edge.a[1])];
            high = high.max(edge.a[1]);
            rise += i64::from((edge.a[1] - edge.b[1]).abs());
        }
        let count = self.edges.len() as i64;
        // Twice as high as the usual edge, so that few lie in more than two; no more than √n of them.
        let most = (count as f64).sqrt() as i64 + 1;
        let height = (i64::from(high - low[1]) / most).max(2 * rise / count).max(1);
        self.sorted.clear();
        for (edge, index) in self.edges.iter().zip(0_u32..) {
            let top = i64::from(edge.a[1].min(edge.b[1]) - low[1]) / height;
            let bottom = i64::from(edge.a[1].max(edge.b[1]) - low[1]) / height;
            let x = u64::from((edge.a[0].min(edge.b[0]) - low[0]) as u32);
            for stripe in top..=bottom {
                self.sorted.push(((stripe as u64) << 32 | x, index));
            }
        }
        self.sorted.sort_unstable();
    }

    fn any_within_stripes(&self) -> bool {
        self.visit_close(|i, j| self.meet(i, j))
    }

    /// Visits pairs whose boxes may overlap until the visitor returns `true`; tells whether it did.
    fn visit_close(&self, mut visit: impl FnMut(u32, u32) -> bool) -> bool {
        self.sorted.iter().enumerate().any(|(at, &(key, i))| {
            let width =
                self.edges.get(i as usize).map_or(0, |edge| (edge.a[0] - edge.b[0]).unsigned_abs());
            let last = key + u64::from(width);
            let after = self.sorted.get(at + 1..).unwrap_or(&[]);
            after.iter().take_while(|&&(other, _)| other <= last).any(|&(_, j)| visit(i, j))
        })
    }

    /// Tells whether two edges share a point that they should not.
    #[inline]
    fn meet(&self, i: u32, j: u32) -> bool {
        let (Some(e), Some(f)) = (self.edges.get(i as usize), self.edges.get(j as usize)) else {
            return false;
        };
        !e.is_apart(f) && i != j && e.next != j && f.next != i && e.meets(f)
    }
}

/// Tells of a ring whether it is too simple to cross itself, as most buildings are. (With five corners
/// turning the same way it could be a star.)
fn is_triangle_or_convex_quadrangle(ring: &[Cell]) -> bool {
    match *ring {
        [_, _, _] => true,
        [a, b, c, d] => {
            let turns = [cross(a, b, c), cross(b, c, d), cross(c, d, a), cross(d, a, b)];
            turns.iter().all(|&t| t > 0) || turns.iter().all(|&t| t < 0)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rings(all: &[&[Cell]]) -> Rings {
        let mut out = Rings::default();
        for ring in all {
            out.points.extend_from_slice(ring);
            out.rings.push(Ring { end: out.points.len(), outer: out.rings.is_empty() });
        }
        out
    }

    fn crosses(all: &[&[Cell]]) -> bool {
        CrossingTest::default().any(&rings(all))
    }

    #[test]
    fn a_bow_tie_crosses_and_a_house_does_not() {
        assert!(crosses(&[&[[0, 0], [4, 4], [4, 0], [0, 4]]]));
        assert!(!crosses(&[&[[0, 0], [4, 0], [4, 4], [0, 4]]]));
        assert!(!crosses(&[&[[0, 0], [4, 0], [4, 4]]]));
    }

    #[test]
    fn a_ring_that_touches_itself_in_a_corner_or_an_edge_is_found() {
        assert!(crosses(&[&[[0, 0], [4, 0], [4, 4], [2, 0], [0, 4]]]));
        assert!(crosses(&[&[[0, 0], [9, 0], [9, 9], [5, 5], [1, 9], [5, 5]]]));
    }

    #[test]
    fn a_hole_may_lie_inside_but_not_touch() {
        let outer: &[Cell] = &[[0, 0], [9, 0], [9, 9], [0, 9]];
        assert!(!crosses(&[outer, &[[2, 2], [2, 4], [4, 4]]]));
        assert!(crosses(&[outer, &[[2, 2], [2, 9], [4, 4]]]));
        assert!(crosses(&[outer, &[[2, 2], [2, 12], [4, 4]]]));
    }

    #[test]
    fn a_hundred_thousand_edges_take_no_quadratic_time() {
        // A spiral's arms are close together and never meet.
        let n = 50_000;
        let arm = |i: u32, off: f64| {
            let (t, r) = (f64::from(i) * 0.002, 50.0 + f64::from(i) / 12.0);
            [(t.cos() * (r + off)) as i32, (t.sin() * (r + off)) as i32]
        };
        let mut ring: Vec<Cell> = (0..n).map(|i| arm(i, 0.0)).collect();
        ring.extend((0..n).rev().map(|i| arm(i, 100.0)));
        ring.dedup();
        let begin = std::time::Instant::now();
        let _ = crosses(&[&ring]);
        assert!(begin.elapsed().as_secs_f64() < 1.0);
    }

    proptest! {
        #[test]
        fn stripes_find_what_comparing_all_pairs_finds(
            ring in prop::collection::vec((0_i32..400, 0_i32..400), 30..60),
            crossing in any::<bool>(),
        ) {
            let mut ring: Vec<Cell> = ring.into_iter().map(|(x, y)| [x, y]).collect();
            if !crossing {
                // By angle around the middle: rarely crosses.
                ring.sort_by(|a, b| {
                    let angle = |p: &Cell| f64::from(p[1] - 200).atan2(f64::from(p[0] - 200));
                    angle(a).total_cmp(&angle(b))
                });
            }
            let mut test = CrossingTest::default();
            let striped = test.any(&rings(&[&ring]));
            prop_assert_eq!(striped, test.any_among_few());
        }
    }
}
