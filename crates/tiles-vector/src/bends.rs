//! Edges that make way for a vertex that snapping has brought to their wrong side.

use rustc_hash::FxHashMap;

use crate::snap::{Cell, cross};

/// How far a vertex may be from an edge that is bent to it, less than this, units.
const REACH: f64 = 1.5;

/// Bends may be bent again; not more often than this.
const DEPTH: u32 = 6;

/// Edges, each with the vertex that it runs through instead of straight on. All shapes that run along
/// an edge take the same way, and the sliver between the edge and the vertex vanishes.
#[derive(Debug, Default)]
pub(crate) struct Bends {
    through: FxHashMap<(Cell, Cell), Cell>,
}

impl Bends {
    pub(crate) fn clear(&mut self) {
        self.through.clear();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.through.is_empty()
    }

    /// Bends one edge of each pair that crosses to an end of the other one. Returns `false` when no pair
    /// can be mended so.
    pub(crate) fn bend(&mut self, edges: &[(Cell, Cell)], pairs: &[(u32, u32)]) -> bool {
        let mut any = false;
        for &(i, j) in pairs {
            let (e, f) = (edges[i as usize], edges[j as usize]);
            let candidates = [(e, f.0), (e, f.1), (f, e.0), (f, e.1)];
            let near = candidates.iter().filter_map(|&(edge, vertex)| {
                let distance = distance2(edge, vertex)?;
                (distance < REACH * REACH).then_some((distance, edge, vertex))
            });
            let nearest =
                near.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
            if let Some((_, edge, vertex)) = nearest {
                any |= self.add(edge, vertex);
            }
        }
        any
    }

    /// Bends an edge to a vertex, unless it is bent already.
    pub(crate) fn add(&mut self, edge: (Cell, Cell), vertex: Cell) -> bool {
        let is_new = !self.through.contains_key(&edge);
        if is_new {
            self.through.insert(edge, vertex);
        }
        is_new
    }

    /// Tells whether an edge can be bent to a vertex.
    pub(crate) fn is_near(edge: (Cell, Cell), vertex: Cell) -> bool {
        distance2(edge, vertex).is_some_and(|d| d < REACH * REACH)
    }

    /// Visits the edges that are bent.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(Cell, Cell)) {
        for (&(a, b), &through) in &self.through {
            visit(a, b);
            visit(a, through);
            visit(through, b);
        }
    }

    /// Visits the vertices on the way from one to another, the last one included.
    pub(crate) fn for_each_on(&self, from: Cell, to: Cell, visit: &mut impl FnMut(Cell)) {
        self.visit(from, to, DEPTH, visit);
    }

    fn visit(&self, from: Cell, to: Cell, depth: u32, visit: &mut impl FnMut(Cell)) {
        let through = self.through.get(&(from.min(to), from.max(to))).filter(|_| depth > 0);
        match through {
            Some(&middle) => {
                self.visit(from, middle, depth - 1, visit);
                self.visit(middle, to, depth - 1, visit);
            }
            None => visit(to),
        }
    }
}

/// Returns the squared distance of a vertex from an edge that it lies beside, not beyond an end.
fn distance2((a, b): (Cell, Cell), p: Cell) -> Option<f64> {
    let d = |u: i32, v: i32| i64::from(u) - i64::from(v);
    let along = |q: Cell| d(q[0], a[0]) * d(b[0], a[0]) + d(q[1], a[1]) * d(b[1], a[1]);
    let (t, length2) = (along(p), along(b));
    let off = cross(a, b, p) as f64;
    (t > 0 && t < length2).then(|| off * off / length2 as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(bends: &Bends, from: Cell, to: Cell) -> Vec<Cell> {
        let mut way = vec![from];
        bends.for_each_on(from, to, &mut |cell| way.push(cell));
        way
    }

    #[test]
    fn an_edge_is_bent_to_the_nearest_end_of_the_other_in_both_directions() {
        let edges = [([0, 0], [40, 10]), ([19, 4], [20, 30])];
        let mut bends = Bends::default();
        assert!(bends.bend(&edges, &[(0, 1)]));
        assert_eq!(way(&bends, [0, 0], [40, 10]), [[0, 0], [19, 4], [40, 10]]);
        assert_eq!(way(&bends, [40, 10], [0, 0]), [[40, 10], [19, 4], [0, 0]]);
        assert_eq!(way(&bends, [19, 4], [20, 30]).len(), 2);
        assert!(!bends.bend(&edges, &[(0, 1)]));
    }

    #[test]
    fn edges_that_cross_far_from_their_ends_are_left() {
        let edges = [([0, 0], [40, 40]), ([0, 40], [40, 0])];
        assert!(!Bends::default().bend(&edges, &[(0, 1)]));
    }
}
