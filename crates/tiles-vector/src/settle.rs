//! Which vertices of the layer stay, so that borders stay shared and do not cross.

use onemap_generalise::{Simplifier, SimplifyRule, farthest_vertex};

use crate::arena::{Arena, Role};
use crate::bends::Bends;
use crate::changed::Changed;
use crate::clip::ClipBox;
use crate::crossing::CrossingTest;
use crate::sharing::{Sharing, edges_of};
use crate::snap::{Cell, doubled_area};

/// A simplified ring's area may differ from the original by this share before it is given more vertices.
const AREA_SHARE: f64 = 1.0 / 32.0;

/// Simplifies all paths of a layer.
#[derive(Debug, Default)]
pub(crate) struct Settler {
    simplifier: Simplifier,
    pub(crate) crossing: CrossingTest,
    /// For each cell of the arena whether it stays.
    pub(crate) keep: Vec<bool>,
    pub(crate) unsorted: Vec<(Cell, Cell, u32)>,
    pub(crate) edges: Vec<(Cell, Cell)>,
    pub(crate) owners: Vec<u32>,
    pub(crate) ring: Vec<Cell>,
    pub(crate) bends: Bends,
    /// Paths that were simplified again the last time.
    pub(crate) again: Vec<u32>,
    pub(crate) changed: Changed,
}

/// What [`Settler::settle`] decided.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decided<'a> {
    /// For each cell of the arena whether it stays.
    pub keep: &'a [bool],
    /// Where edges of shared rings make way for a vertex.
    pub bends: &'a Bends,
}

/// The grid on which shapes are simplified.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grid {
    pub area: ClipBox,
    pub extent: i32,
    pub tolerance: f64,
}

impl Grid {
    /// Tells whether the buffer is wide enough to hold what is too small to show.
    pub(crate) fn is_wide(&self) -> bool {
        -self.area.low >= 2.0 * self.tolerance
    }

    /// Tells whether the cell lies on the window's border.
    pub(crate) fn has_on_border(&self, cell: Cell) -> bool {
        let (low, high) = (self.area.low as i32, self.area.high as i32);
        cell.iter().any(|&v| v == low || v == high)
    }

    /// Tells whether the cell lies on the prolongation of one of the tile's edges.
    #[inline]
    fn has_on_edge(&self, [x, y]: Cell) -> bool {
        x == 0 || y == 0 || x == self.extent || y == self.extent
    }
}

impl Settler {
    /// Chooses the vertices that stay.
    pub(crate) fn settle(
        &mut self,
        arena: &Arena,
        sharing: &mut Sharing,
        grid: &Grid,
    ) -> Decided<'_> {
        self.bends.clear();
        self.keep.clear();
        self.keep.resize(arena.cells.len(), false);
        for path in 0..arena.paths.len() {
            self.mark(path, arena, sharing, grid);
        }
        if sharing.any() {
            self.keep_areas(arena, sharing, grid);
            self.part_crossings(arena, sharing, grid);
        }
        Decided { keep: &self.keep, bends: &self.bends }
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
                if is_shared_ring(arena, sharing, path) && self.loses_area(arena, path) {
                    any |= self.refine(arena, sharing, path, false, |_, _| true);
                }
            }
            if !any {
                return;
            }
            self.mark_again(arena, sharing, grid);
        }
    }

    /// Visits the simplified path's edges as places in the arena; the closing one last.
    pub(crate) fn for_each_kept(
        &self,
        arena: &Arena,
        path: usize,
        mut visit: impl FnMut(usize, usize),
    ) {
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
    pub(crate) fn refine(
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
    pub(crate) fn mark_again(&mut self, arena: &Arena, sharing: &mut Sharing, grid: &Grid) {
        self.again.clear();
        for path in 0..arena.paths.len() {
            if sharing.is_shared(path) && arena.cells_of(path).any(|at| sharing.is_fresh(at)) {
                self.again.push(path as u32);
                self.mark(path, arena, sharing, grid);
            }
        }
        sharing.settle();
    }
}

pub(crate) fn is_shared_ring(arena: &Arena, sharing: &Sharing, path: usize) -> bool {
    matches!(arena.paths[path].role, Role::Outer | Role::Hole) && sharing.is_shared(path)
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
