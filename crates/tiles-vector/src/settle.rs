//! Which vertices of the layer stay, so that borders stay shared and do not cross.

use onemap_generalise::{Simplifier, SimplifyRule, farthest_vertex};
use rustc_hash::FxHashSet;

use crate::arena::{Arena, Role};
use crate::clip::ClipBox;
use crate::crossing::CrossingTest;
use crate::sharing::{Sharing, edges_of};
use crate::snap::{Cell, doubled_area};

/// After so many rounds whatever still crosses is left to the mending of single polygons.
const ROUNDS: usize = 8;

/// A simplified ring's area may differ from the original by this share before it is given more vertices.
const AREA_SHARE: f64 = 1.0 / 32.0;

/// Simplifies all paths of a layer.
#[derive(Debug, Default)]
pub(crate) struct Settler {
    simplifier: Simplifier,
    crossing: CrossingTest,
    /// For each cell of the arena whether it stays.
    keep: Vec<bool>,
    edges: Vec<(Cell, Cell)>,
    ring: Vec<Cell>,
}

/// The grid on which shapes are simplified.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grid {
    pub area: ClipBox,
    pub extent: i32,
    pub tolerance: f64,
}

impl Grid {
    /// Tells whether the cell lies on the prolongation of one of the tile's edges.
    #[inline]
    fn has_on_edge(&self, [x, y]: Cell) -> bool {
        x == 0 || y == 0 || x == self.extent || y == self.extent
    }
}

impl Settler {
    /// Returns for each cell of the arena whether it stays.
    pub(crate) fn settle(
        &mut self,
        arena: &Arena,
        sharing: &mut Sharing,
        grid: &Grid,
    ) -> &[bool] {
        self.keep.clear();
        self.keep.resize(arena.cells.len(), false);
        for path in 0..arena.paths.len() {
            self.mark(path, arena, sharing, grid);
        }
        if sharing.any() {
            self.keep_areas(arena, sharing, grid);
            self.part_crossings(arena, sharing, grid);
        }
        &self.keep
    }

    /// Simplifies one path.
    fn mark(&mut self, path: usize, arena: &Arena, sharing: &Sharing, grid: &Grid) {
        let role = arena.paths[path].role;
        let range = arena.cells_of(path);
        let cells = &arena.cells[range.clone()];
        let keep = &mut self.keep[range.clone()];
        if role == Role::Points {
            keep.fill(true);
            return;
        }
        let is_shared = sharing.is_shared(path);
        for ((keep, &cell), at) in keep.iter_mut().zip(cells).zip(range.clone()) {
            *keep = grid.has_on_edge(cell) || (is_shared && sharing.is_node(at));
        }
        let mut rule = SimplifyRule {
            tolerance: grid.tolerance,
            closed: role != Role::Open,
            by_piece: is_shared,
        };
        self.simplifier.mark(cells, &rule, keep);
        if role == Role::Open || is_shared || cells.len() < 4 {
            return;
        }
        if self.loses_area(arena, path) {
            rule.tolerance /= 4.0;
            rule.by_piece = true;
            self.simplifier.mark(cells, &rule, &mut self.keep[range]);
        }
    }

    fn loses_area(&mut self, arena: &Arena, path: usize) -> bool {
        let range = arena.cells_of(path);
        let cells = &arena.cells[range.clone()];
        self.ring.clear();
        let kept = cells.iter().zip(&self.keep[range]).filter(|(_, k)| **k);
        self.ring.extend(kept.map(|(cell, _)| *cell));
        if self.ring.len() == cells.len() {
            return false;
        }
        let (before, after) = (doubled_area(cells) as f64, doubled_area(&self.ring) as f64);
        (after - before).abs() > before.abs() * AREA_SHARE
    }

    /// Gives shared rings whose area changed too much more vertices; their neighbours get the same.
    fn keep_areas(&mut self, arena: &Arena, sharing: &mut Sharing, grid: &Grid) {
        for _ in 0..2 {
            let mut any = false;
            for path in 0..arena.paths.len() {
                let is_ring = matches!(arena.paths[path].role, Role::Outer | Role::Hole);
                if is_ring && sharing.is_shared(path) && self.loses_area(arena, path) {
                    any |= self.refine(arena, sharing, path, false, |_, _| true);
                }
            }
            if !any {
                return;
            }
            self.mark_again(arena, sharing, grid);
        }
    }

    /// Gives borders that cross after simplification, and did not before, more vertices.
    fn part_crossings(&mut self, arena: &Arena, sharing: &mut Sharing, grid: &Grid) {
        for round in 0..ROUNDS {
            let crossing = self.crossing_edges(arena, sharing, grid);
            if crossing.is_empty() {
                return;
            }
            let mut any = false;
            for path in 0..arena.paths.len() {
                let is_ring = matches!(arena.paths[path].role, Role::Outer | Role::Hole);
                if is_ring && sharing.is_shared(path) {
                    let crosses = |a: Cell, b: Cell| crossing.contains(&(a.min(b), a.max(b)));
                    any |= self.refine(arena, sharing, path, round > 2, crosses);
                }
            }
            if !any {
                return;
            }
            self.mark_again(arena, sharing, grid);
        }
    }

    /// Finds the edges of shared rings that meet another one other than in a common end.
    fn crossing_edges(
        &mut self,
        arena: &Arena,
        sharing: &Sharing,
        grid: &Grid,
    ) -> FxHashSet<(Cell, Cell)> {
        let mut edges = std::mem::take(&mut self.edges);
        edges.clear();
        for path in 0..arena.paths.len() {
            let is_ring = matches!(arena.paths[path].role, Role::Outer | Role::Hole);
            if is_ring && sharing.is_shared(path) {
                self.for_each_kept(arena, path, |i, j| {
                    let (a, b) = (arena.cells[i], arena.cells[j]);
                    if a != b && !grid.area.has_on_border(a, b) {
                        edges.push((a.min(b), a.max(b)));
                    }
                });
            }
        }
        edges.sort_unstable();
        edges.dedup();
        let pairs = self.crossing.pairs(&edges, edges.len() * 4);
        let found = pairs.iter().flat_map(|&(i, j)| [edges[i as usize], edges[j as usize]]);
        let found = found.collect();
        self.edges = edges;
        found
    }

    /// Visits the simplified path's edges as places in the arena; the closing one last.
    fn for_each_kept(&self, arena: &Arena, path: usize, mut visit: impl FnMut(usize, usize)) {
        let mut kept = arena.cells_of(path).filter(|&at| self.keep[at]);
        let Some(first) = kept.next() else { return };
        let mut last = first;
        for at in kept {
            visit(last, at);
            last = at;
        }
        if last != first {
            visit(last, first);
        }
    }

    /// Makes nodes of the vertices that were farthest from the chosen edges of a simplified ring, or of
    /// all that they left out. Returns whether there were any.
    fn refine(
        &self,
        arena: &Arena,
        sharing: &mut Sharing,
        path: usize,
        all: bool,
        chosen: impl Fn(Cell, Cell) -> bool,
    ) -> bool {
        let range = arena.cells_of(path);
        let mut any = false;
        let mut piece: Vec<Cell> = Vec::new();
        self.for_each_kept(arena, path, |i, j| {
            let gap = if j > i { j - i } else { range.end - i + j - range.start };
            if gap < 2 || !chosen(arena.cells[i], arena.cells[j]) {
                return;
            }
            let place = |k: usize| {
                let at = i + k;
                if at >= range.end { at - range.len() } else { at }
            };
            if all {
                for k in 1..gap {
                    any |= sharing.force(place(k));
                }
                return;
            }
            piece.clear();
            piece.extend((0..=gap).map(|k| arena.cells[place(k)]));
            if let Some(farthest) = farthest_vertex(&piece) {
                any |= sharing.force(place(farthest));
            }
        });
        any
    }

    /// Simplifies again the paths with new nodes.
    fn mark_again(&mut self, arena: &Arena, sharing: &mut Sharing, grid: &Grid) {
        for path in 0..arena.paths.len() {
            if sharing.is_shared(path) && arena.cells_of(path).any(|at| sharing.is_fresh(at)) {
                self.mark(path, arena, sharing, grid);
            }
        }
        sharing.settle();
    }
}

/// Tells whether any ring of the layer may share its border.
pub(crate) fn has_rings(arena: &Arena) -> bool {
    arena.paths.iter().any(|path| matches!(path.role, Role::Outer | Role::Hole))
}

/// Returns the undirected edges of a path.
pub(crate) fn cells_of_edges(
    arena: &Arena,
    path: usize,
) -> impl Iterator<Item = (Cell, Cell)> + '_ {
    edges_of(arena, path).map(|(i, j)| {
        let (a, b) = (arena.cells[i], arena.cells[j]);
        (a.min(b), a.max(b))
    })
}
