//! Sorts the rings of one shape into polygons.
//!
//! The format (ESRI Shapefile Technical Description, July 1998, page 8) has outer rings clockwise and
//! holes counter-clockwise, in any order. A hole belongs to the smallest outer ring around it. Where that
//! leaves a hole without outer ring, the writer did not know the rule, and all rings are sorted by which
//! one contains which.

use rstar::{AABB, RTree, RTreeObject};

/// Vertices that may be looked at in tests of which ring contains which, for one shape: about a third of a
/// second. A shape made to waste time is left with holes in the next best ring.
const WORK: usize = 300_000_000;

/// How many vertices of a ring are tried when the first ones lie on the other ring.
const TRIES: usize = 64;

type Ring<'a> = &'a [[f64; 2]];

/// Rings sorted into polygons.
#[derive(Debug, PartialEq)]
pub(super) struct Sorted {
    /// For each polygon its rings by number, the outer first.
    pub(super) polygons: Vec<Vec<usize>>,
    /// The windings contradicted what contains what.
    pub(super) rewound: bool,
}

/// Sorts rings into polygons.
pub(super) fn sort(rings: &[Ring]) -> Sorted {
    let each_alone = || (0..rings.len()).map(|i| vec![i]).collect();
    let finite = rings.iter().all(|r| r.iter().flatten().all(|v| v.is_finite()));
    if rings.len() < 2 || !finite {
        return Sorted { polygons: each_alone(), rewound: false };
    }
    let areas: Vec<f64> = rings.iter().map(|ring| signed_area(ring)).collect();
    let is_outer = |i: usize| areas.get(i).is_some_and(|area| *area <= 0.0);
    let outers: Vec<usize> = (0..rings.len()).filter(|i| is_outer(*i)).collect();
    if outers.len() == rings.len() {
        return Sorted { polygons: each_alone(), rewound: false };
    }
    let mut nest = Nest::new(rings, &areas);
    if !outers.is_empty() {
        let tree = nest.tree(&outers);
        let holes = (0..rings.len()).filter(|i| !is_outer(*i));
        let owners: Option<Vec<(usize, usize)>> = holes
            .map(|hole| nest.smallest_around(hole, &tree, true).map(|outer| (hole, outer)))
            .collect();
        if let Some(owners) = owners {
            return Sorted { polygons: gather(rings.len(), &outers, &owners), rewound: false };
        }
    }
    // By containment alone: rings at even depth are outer rings.
    let all: Vec<usize> = (0..rings.len()).collect();
    let tree = nest.tree(&all);
    let mut by_size = all.clone();
    by_size.sort_by(|a, b| nest.size(*b).total_cmp(&nest.size(*a)).then(a.cmp(b)));
    let mut depth = vec![0usize; rings.len()];
    let mut owners = Vec::new();
    for ring in by_size {
        let Some(parent) = nest.smallest_around(ring, &tree, false) else {
            continue;
        };
        let inside = depth.get(parent).map_or(0, |d| d + 1);
        if let Some(slot) = depth.get_mut(ring) {
            *slot = inside;
        }
        if inside % 2 == 1 {
            owners.push((ring, parent));
        }
    }
    let outers: Vec<usize> =
        all.into_iter().filter(|i| depth.get(*i).is_some_and(|d| d % 2 == 0)).collect();
    Sorted { polygons: gather(rings.len(), &outers, &owners), rewound: true }
}

/// Makes polygons in the order of their outer rings, holes in their own order.
fn gather(count: usize, outers: &[usize], owners: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut place = vec![usize::MAX; count];
    let mut polygons: Vec<Vec<usize>> = Vec::with_capacity(outers.len());
    for &outer in outers {
        if let Some(slot) = place.get_mut(outer) {
            *slot = polygons.len();
        }
        polygons.push(vec![outer]);
    }
    let mut owners = owners.to_vec();
    owners.sort_unstable();
    for (hole, outer) in owners {
        let polygon = place.get(outer).and_then(|at| polygons.get_mut(*at));
        if let Some(polygon) = polygon {
            polygon.push(hole);
        }
    }
    polygons
}

/// A ring's box in the tree.
struct Boxed {
    ring: usize,
    envelope: AABB<[f64; 2]>,
}

impl RTreeObject for Boxed {
    type Envelope = AABB<[f64; 2]>;

    fn envelope(&self) -> Self::Envelope {
        self.envelope
    }
}

struct Nest<'a> {
    rings: &'a [Ring<'a>],
    areas: &'a [f64],
    boxes: Vec<AABB<[f64; 2]>>,
    work: usize,
}

impl<'a> Nest<'a> {
    fn new(rings: &'a [Ring<'a>], areas: &'a [f64]) -> Self {
        let boxes = rings.iter().map(|ring| AABB::from_points(*ring)).collect();
        Self { rings, areas, boxes, work: WORK }
    }

    fn tree(&self, rings: &[usize]) -> RTree<Boxed> {
        let boxed = rings.iter().filter_map(|&ring| {
            let envelope = *self.boxes.get(ring)?;
            let empty = self.rings.get(ring)?.is_empty();
            (!empty).then_some(Boxed { ring, envelope })
        });
        RTree::bulk_load(boxed.collect())
    }

    /// Returns the ring's area without sign.
    fn size(&self, ring: usize) -> f64 {
        self.areas.get(ring).map_or(0.0, |area| area.abs())
    }

    /// Returns the smallest ring of the tree that is larger and contains this one. When there `must` be
    /// one, the last candidate is taken without test: what is left of a hole that is inside of none.
    fn smallest_around(&mut self, ring: usize, tree: &RTree<Boxed>, must: bool) -> Option<usize> {
        let own = *self.boxes.get(ring)?;
        let size = self.size(ring);
        let mut around: Vec<usize> = tree
            .locate_in_envelope_intersecting(&own)
            .filter(|other| other.ring != ring && contains_box(&other.envelope, &own))
            .map(|other| other.ring)
            .filter(|other| self.size(*other) >= size)
            .collect();
        self.work = self.work.saturating_sub(around.len());
        around.sort_by(|a, b| self.size(*a).total_cmp(&self.size(*b)).then(a.cmp(b)));
        if must {
            let last = around.pop()?;
            let inside = around.into_iter().find(|other| self.contains(*other, ring));
            return Some(inside.unwrap_or(last));
        }
        around.into_iter().find(|other| {
            // Of two rings of equal size only the first may contain the other.
            (self.size(*other) > size || *other < ring) && self.contains(*other, ring)
        })
    }

    /// Tells whether one ring contains the other, whose box it contains.
    fn contains(&mut self, outer: usize, inner: usize) -> bool {
        let (Some(outer), Some(inner)) = (self.rings.get(outer), self.rings.get(inner)) else {
            return false;
        };
        let middle = |pair: &[[f64; 2]]| match pair {
            [a, b] => [f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1])],
            _ => [f64::NAN; 2],
        };
        let vertices = inner.iter().copied().take(TRIES);
        let middles = inner.windows(2).map(middle).take(TRIES);
        for point in vertices.chain(middles) {
            if self.work == 0 {
                return true;
            }
            self.work = self.work.saturating_sub(outer.len());
            match side(outer, point) {
                Side::Inside => return true,
                Side::Outside => return false,
                Side::On => {}
            }
        }
        true
    }
}

fn contains_box(outer: &AABB<[f64; 2]>, inner: &AABB<[f64; 2]>) -> bool {
    let ([w, s], [e, n]) = (outer.lower(), outer.upper());
    let ([iw, is], [ie, north]) = (inner.lower(), inner.upper());
    w <= iw && s <= is && ie <= e && north <= n
}

enum Side {
    Inside,
    Outside,
    On,
}

/// Tells on which side of a ring a point lies (crossings of a ray to the east).
fn side(ring: Ring, [x, y]: [f64; 2]) -> Side {
    let mut inside = false;
    let closing = ring.last().zip(ring.first());
    let edges = ring.windows(2).filter_map(|edge| edge.first().zip(edge.last()));
    for (a, b) in edges.chain(closing) {
        let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
        let cross = dx * (y - a[1]) - dy * (x - a[0]);
        let within_x = x >= a[0].min(b[0]) && x <= a[0].max(b[0]);
        let within_y = y >= a[1].min(b[1]) && y <= a[1].max(b[1]);
        if cross == 0.0 && within_x && within_y {
            return Side::On;
        }
        if (a[1] > y) != (b[1] > y) && (cross > 0.0) == (dy > 0.0) {
            inside = !inside;
        }
    }
    if inside { Side::Inside } else { Side::Outside }
}

/// Returns the area, positive when the ring runs counter-clockwise; relative to the first vertex, so that
/// large projected coordinates keep their digits.
pub(super) fn signed_area(ring: Ring) -> f64 {
    let Some(&[ox, oy]) = ring.first() else {
        return 0.0;
    };
    let twice: f64 = ring
        .windows(2)
        .map(|edge| match edge {
            [a, b] => (a[0] - ox) * (b[1] - oy) - (b[0] - ox) * (a[1] - oy),
            _ => 0.0,
        })
        .sum();
    twice / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clockwise square; reversed when it is a hole.
    fn square(x: f64, y: f64, size: f64, hole: bool) -> Vec<[f64; 2]> {
        let mut ring = vec![[x, y], [x, y + size], [x + size, y + size], [x + size, y], [x, y]];
        if hole {
            ring.reverse();
        }
        ring
    }

    fn sorted(rings: &[Vec<[f64; 2]>]) -> Sorted {
        sort(&rings.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    #[test]
    fn a_hole_goes_to_the_smallest_outer_ring_around_it() {
        let rings = [
            square(4.0, 4.0, 1.0, true),
            square(0.0, 0.0, 10.0, false),
            square(1.0, 1.0, 8.0, true),
            square(3.0, 3.0, 4.0, false),
        ];
        let result = sorted(&rings);
        assert_eq!(result.polygons, [vec![1, 2], vec![3, 0]]);
        assert!(!result.rewound);
    }

    #[test]
    fn rings_wound_the_wrong_way_round_are_sorted_by_what_contains_what() {
        let all_holes = [
            square(0.0, 0.0, 10.0, true),
            square(1.0, 1.0, 2.0, true),
            square(20.0, 0.0, 1.0, true),
        ];
        let result = sorted(&all_holes);
        assert_eq!(result.polygons, [vec![0, 1], vec![2]]);
        assert!(result.rewound);
        let swapped = [square(1.0, 1.0, 2.0, false), square(0.0, 0.0, 10.0, true)];
        assert_eq!(sorted(&swapped).polygons, [vec![1, 0]]);
    }

    #[test]
    fn a_hole_that_touches_its_outer_ring_is_still_inside() {
        let hole = vec![[0.0, 0.0], [2.0, 1.0], [1.0, 2.0], [0.0, 0.0]];
        let result = sorted(&[square(0.0, 0.0, 10.0, false), hole]);
        assert_eq!(result.polygons, [vec![0, 1]]);
    }

    #[test]
    fn ten_thousand_holes_are_sorted_in_a_moment() {
        let mut rings = vec![square(0.0, 0.0, 1000.0, false)];
        for i in 0..10_000u32 {
            let at = |v: u32| 1.0 + f64::from(v) * 9.0;
            rings.push(square(at(i % 100), at(i / 100), 3.0, true));
        }
        for i in 0..10_000u32 {
            let (x, y) = (2000.0 + f64::from(i % 100), f64::from(i / 100));
            rings.push(square(x, y, 0.5, false));
        }
        let started = std::time::Instant::now();
        let result = sorted(&rings);
        assert_eq!(result.polygons.len(), 10_001);
        assert_eq!(result.polygons[0].len(), 10_001);
        assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
    }

    #[test]
    fn concentric_rings_and_numbers_that_are_none_do_no_harm() {
        let rings: Vec<_> = (0..2_000)
            .map(|i| square(f64::from(i), f64::from(i), 10_000.0 - 2.0 * f64::from(i), i % 2 == 1))
            .collect();
        assert_eq!(sorted(&rings).polygons.len(), 1_000);
        let broken = [vec![[f64::NAN, 0.0]; 4], square(0.0, 0.0, 1.0, true), Vec::new()];
        assert_eq!(sorted(&broken).polygons.len(), 3);
    }
}
