//! From the edges of an area to its polygons.

use std::cmp::Ordering;

use rustc_hash::FxHashMap;

use crate::crossing::{Ring, Rings};
use crate::snap::{Cell, cross, doubled_area, straighten};

/// Makes valid polygons (OGC 06-103r4, clause 6.1.11) of the boundary of an area and appends them to
/// `out`. The boundary is given as edges in any order, which meet only in their ends and have the area on
/// their positive side (to the left where y points up).
///
/// Each connected piece of the area is walked around, turning as far towards it as possible at every
/// corner; a walk that comes back to a corner is cut there. That gives simple rings: positive ones
/// are outer rings, negative ones holes in the piece that was walked around.
pub(crate) fn trace(edges: Vec<(Cell, Cell)>, out: &mut Rings) {
    let edges = Edges::new(edges);
    let mut polygons: Vec<Vec<Vec<Cell>>> = Vec::new();
    let mut loose_holes: Vec<Vec<Cell>> = Vec::new();
    let mut used = vec![false; edges.sorted.len()];
    let mut walk = Walk::default();
    for start in 0..used.len() {
        if used[start] {
            continue;
        }
        walk.clear();
        let mut edge = start;
        loop {
            used[edge] = true;
            walk.visit(edges.sorted[edge].0);
            match edges.next(edge) {
                Some(next) if !used[next] => edge = next,
                // Back at the start.
                _ => break,
            }
        }
        walk.close();
        if walk.outers.len() == 1 {
            let mut polygon = std::mem::take(&mut walk.outers);
            polygon.append(&mut walk.holes);
            polygons.push(polygon);
        } else {
            polygons.extend(walk.outers.drain(..).map(|outer| vec![outer]));
            loose_holes.append(&mut walk.holes);
        }
    }
    for hole in loose_holes {
        if let Some(polygon) = polygon_around(&mut polygons, &hole) {
            polygon.push(hole);
        }
    }
    for polygon in polygons {
        for (i, ring) in polygon.into_iter().enumerate() {
            out.points.extend(ring);
            out.rings.push(Ring { end: out.points.len(), outer: i == 0 });
        }
    }
}

/// Directed edges, sorted by where they begin.
struct Edges {
    sorted: Vec<(Cell, Cell)>,
}

impl Edges {
    fn new(mut edges: Vec<(Cell, Cell)>) -> Self {
        edges.sort_unstable();
        Self { sorted: edges }
    }

    /// Returns the edge on which the walk goes on: the first one clockwise from the way back.
    fn next(&self, edge: usize) -> Option<usize> {
        let &(from, at) = self.sorted.get(edge)?;
        let first = self.sorted.partition_point(|e| e.0 < at);
        let leaving = self.sorted.iter().enumerate().skip(first);
        leaving
            .take_while(|(_, e)| e.0 == at)
            .min_by(|(_, e), (_, f)| clockwise(at, from, e.1, f.1))
            .map(|(i, _)| i)
    }
}

/// Compares two directions around `at` by their angle clockwise from the one to `back`.
fn clockwise(at: Cell, back: Cell, a: Cell, b: Cell) -> Ordering {
    let half = |p: Cell| match cross(at, back, p).cmp(&0) {
        Ordering::Less => 0,
        Ordering::Equal if is_opposite(at, back, p) => 1,
        Ordering::Greater => 2,
        Ordering::Equal => 3,
    };
    half(a).cmp(&half(b)).then_with(|| cross(at, a, b).cmp(&0))
}

/// Tells of two points on one line through `at` whether they lie on different sides of it.
fn is_opposite(at: Cell, a: Cell, b: Cell) -> bool {
    (0..2).any(|axis| (a[axis] < at[axis]) != (b[axis] < at[axis]) && a[axis] != at[axis])
}

/// A walk around a piece of the area, cut into simple rings.
#[derive(Default)]
struct Walk {
    path: Vec<Cell>,
    places: FxHashMap<Cell, usize>,
    outers: Vec<Vec<Cell>>,
    holes: Vec<Vec<Cell>>,
}

impl Walk {
    fn clear(&mut self) {
        self.path.clear();
        self.places.clear();
    }

    fn visit(&mut self, at: Cell) {
        if let Some(&place) = self.places.get(&at) {
            self.cut_off(place);
        }
        self.places.insert(at, self.path.len());
        self.path.push(at);
    }

    fn close(&mut self) {
        self.cut_off(0);
    }

    /// Makes a ring of the path from `place` on.
    fn cut_off(&mut self, place: usize) {
        let mut ring = self.path.split_off(place);
        for cell in &ring {
            self.places.remove(cell);
        }
        straighten(&mut ring);
        match doubled_area(&ring).cmp(&0) {
            Ordering::Greater => self.outers.push(ring),
            Ordering::Less => self.holes.push(ring),
            Ordering::Equal => {}
        }
    }
}

/// Finds the smallest polygon whose outer ring surrounds the hole.
fn polygon_around<'a>(
    polygons: &'a mut [Vec<Vec<Cell>>],
    hole: &[Cell],
) -> Option<&'a mut Vec<Vec<Cell>>> {
    if polygons.len() == 1 {
        return polygons.first_mut();
    }
    let least = -doubled_area(hole);
    let around = polygons.iter_mut().filter_map(|polygon| {
        let outer = polygon.first()?;
        let area = doubled_area(outer);
        (area > least && surrounds(outer, hole)).then_some((area, polygon))
    });
    around.min_by_key(|(area, _)| *area).map(|(_, polygon)| polygon)
}

/// Tells whether the outer ring surrounds the hole, which does not cross it but may touch it.
fn surrounds(outer: &[Cell], hole: &[Cell]) -> bool {
    for &corner in hole {
        match side_of(outer, corner) {
            Ordering::Greater => return true,
            Ordering::Less => return false,
            Ordering::Equal => {}
        }
    }
    true
}

/// Returns `Greater` for a point inside the ring, `Less` outside, `Equal` on it.
fn side_of(ring: &[Cell], p: Cell) -> Ordering {
    let mut inside = false;
    let ends = ring.iter().skip(1).chain(ring.first());
    for (&a, &b) in ring.iter().zip(ends) {
        let turn = cross(a, b, p);
        let between =
            |axis: usize| a[axis].min(b[axis]) <= p[axis] && p[axis] <= a[axis].max(b[axis]);
        if turn == 0 && between(0) && between(1) {
            return Ordering::Equal;
        }
        if (a[1] <= p[1]) != (b[1] <= p[1]) && (turn > 0) == (b[1] > a[1]) {
            inside = !inside;
        }
    }
    if inside { Ordering::Greater } else { Ordering::Less }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traced(contours: &[&[Cell]]) -> Vec<(bool, i64)> {
        let edges = contours.iter().flat_map(|contour| {
            let ends = contour.iter().skip(1).chain(contour.first());
            contour.iter().copied().zip(ends.copied())
        });
        let mut rings = Rings::default();
        trace(edges.collect(), &mut rings);
        rings.iter().map(|(ring, outer)| (outer, doubled_area(ring))).collect()
    }

    const SQUARE: &[Cell] = &[[0, 0], [10, 0], [10, 10], [0, 10]];

    #[test]
    fn a_contour_that_touches_itself_is_an_outer_ring_and_a_hole() {
        let pinched: &[Cell] =
            &[[0, 0], [10, 0], [10, 10], [2, 10], [8, 8], [8, 2], [2, 2], [2, 10], [0, 10]];
        assert_eq!(traced(&[pinched]), [(true, 200), (false, -84)]);
    }

    #[test]
    fn holes_that_touch_and_divide_the_area_give_two_polygons() {
        // Two diamonds between the left and the right side.
        let one: &[Cell] = &[[0, 5], [3, 8], [5, 5], [3, 2]];
        let two: &[Cell] = &[[5, 5], [7, 8], [10, 5], [7, 2]];
        let outer: &[Cell] = &[[0, 0], [10, 0], [10, 5], [10, 10], [0, 10], [0, 5]];
        let mut polygons = traced(&[outer, one, two]);
        polygons.sort_unstable();
        assert_eq!(polygons.len(), 2);
        assert!(polygons.iter().all(|p| p.0));
    }

    #[test]
    fn a_loose_hole_goes_to_the_polygon_around_it() {
        let hole: &[Cell] = &[[2, 2], [2, 8], [8, 8], [8, 2]];
        let island: &[Cell] = &[[4, 4], [6, 4], [6, 6], [4, 6]];
        let pond: &[Cell] = &[[5, 5], [5, 6], [6, 5]];
        let far: &[Cell] = &[[20, 0], [30, 0], [30, 10]];
        let polygons = traced(&[far, island, pond, hole, SQUARE]);
        let at = polygons.iter().position(|p| *p == (true, 200)).unwrap();
        assert_eq!(polygons[at + 1], (false, -72));
        let at = polygons.iter().position(|p| *p == (true, 8)).unwrap();
        assert_eq!(polygons[at + 1], (false, -1));
    }

    #[test]
    fn an_island_that_touches_its_lake_twice_stays_apart() {
        let lake: &[Cell] = &[[3, 3], [5, 7], [8, 6], [7, 3]];
        let island: &[Cell] = &[[3, 3], [7, 4], [8, 6]];
        let expected = [(true, 200), (false, -26), (true, 7)];
        for contours in [[lake, island, SQUARE], [island, lake, SQUARE]] {
            let mut rings = traced(&contours);
            rings.sort_unstable_by_key(|r| (r.1.abs() != 200, r.1));
            assert_eq!(rings, expected);
        }
    }

    #[test]
    fn polygons_that_touch_in_a_corner_stay_two() {
        let next: &[Cell] = &[[10, 10], [20, 10], [20, 20], [10, 20]];
        assert_eq!(traced(&[SQUARE, next]), [(true, 200), (true, 200)]);
    }
}
