//! Borders that cross are parted.

use rustc_hash::FxHashSet;

use crate::arena::Arena;
use crate::bends::Bends;
use crate::settle::{Grid, Settler, is_shared_ring};
use crate::sharing::Sharing;
use crate::snap::Cell;

/// After so many rounds whatever still crosses is left to the mending of single polygons.
const ROUNDS: usize = 8;

impl Settler {
    /// Gives borders that cross after simplification, and did not before, more vertices. Those that
    /// snapping has made cross are bent.
    pub(crate) fn part_crossings(&mut self, arena: &Arena, sharing: &mut Sharing, grid: &Grid) {
        let mut pairs = Vec::new();
        self.changed.reset(grid.area, true);
        for round in 0..ROUNDS {
            self.collect_edges(arena, sharing, grid);
            pairs = self.crossing.pairs(&self.edges, self.edges.len() * 4);
            let at = |i: u32| self.edges[i as usize];
            let meeting = pairs.iter().flat_map(|&(i, j)| [i, j]);
            let mut paths: Vec<u32> = meeting.clone().map(|i| self.owners[i as usize]).collect();
            paths.sort_unstable();
            paths.dedup();
            let crossing: FxHashSet<(Cell, Cell)> = meeting.map(at).collect();
            let mut any = false;
            for path in paths {
                let crosses = |a: Cell, b: Cell| crossing.contains(&(a.min(b), a.max(b)));
                any |= self.refine(arena, sharing, path as usize, round > 0, crosses);
            }
            if !any {
                break;
            }
            self.mark_again(arena, sharing, grid);
            self.changed.reset(grid.area, false);
            self.note_pairs(&pairs);
            for path in std::mem::take(&mut self.again) {
                let mut changed = std::mem::take(&mut self.changed);
                self.for_each_kept(arena, path as usize, |i, j| {
                    changed.note(arena.cells[i], arena.cells[j]);
                });
                self.changed = changed;
            }
        }
        let mut bent = self.bends.bend(&self.edges, &pairs);
        // Such vertices may be anywhere.
        self.changed.reset(grid.area, true);
        self.collect_edges(arena, sharing, grid);
        bent |= self.bend_to_ears(arena, sharing);
        for _ in 0..ROUNDS {
            if !bent {
                return;
            }
            self.changed.reset(grid.area, false);
            self.bends.for_each(|a, b| self.changed.note(a, b));
            self.collect_edges(arena, sharing, grid);
            pairs = self.crossing.pairs(&self.edges, self.edges.len() * 4);
            bent = self.bends.bend(&self.edges, &pairs);
            bent |= self.bend_to_ears(arena, sharing);
        }
    }

    fn note_pairs(&mut self, pairs: &[(u32, u32)]) {
        for &(i, j) in pairs {
            for edge in [i, j] {
                let (a, b) = self.edges[edge as usize];
                self.changed.note(a, b);
            }
        }
    }

    /// Bends edges to a vertex close by that another ring visits on the way between the same ends.
    /// Returns `false` when there were none.
    fn bend_to_ears(&mut self, arena: &Arena, sharing: &Sharing) -> bool {
        let mut any = false;
        let mut bends = std::mem::take(&mut self.bends);
        for path in 0..arena.paths.len() {
            if !is_shared_ring(arena, sharing, path) {
                continue;
            }
            self.ring.clear();
            let kept = arena.cells_of(path).filter(|&at| self.keep[at]);
            self.ring.extend(kept.map(|at| arena.cells[at]));
            if self.ring.len() < 4 {
                continue;
            }
            let ring = &self.ring;
            let (after, later) = (ring.iter().cycle().skip(1), ring.iter().cycle().skip(2));
            for ((&a, &ear), &b) in ring.iter().zip(after).zip(later) {
                let edge = (a.min(b), a.max(b));
                if Bends::is_near(edge, ear) && self.edges.binary_search(&edge).is_ok() {
                    any |= bends.add(edge, ear);
                }
            }
        }
        self.bends = bends;
        any
    }

    /// Collects the edges of shared rings as they are now, each once, with one ring that has it.
    fn collect_edges(&mut self, arena: &Arena, sharing: &Sharing, grid: &Grid) {
        let mut all = std::mem::take(&mut self.unsorted);
        all.clear();
        for path in 0..arena.paths.len() {
            if is_shared_ring(arena, sharing, path) {
                self.for_each_kept(arena, path, |i, j| {
                    let mut from = arena.cells[i];
                    self.bends.for_each_on(from, arena.cells[j], &mut |to| {
                        let counts = from != to && !grid.area.has_on_border(from, to);
                        if counts && self.changed.is_near(from, to) {
                            all.push((from.min(to), from.max(to), path as u32));
                        }
                        from = to;
                    });
                });
            }
        }
        all.sort_unstable();
        all.dedup_by_key(|edge| (edge.0, edge.1));
        self.edges.clear();
        self.edges.extend(all.iter().map(|edge| (edge.0, edge.1)));
        self.owners.clear();
        self.owners.extend(all.iter().map(|edge| edge.2));
        self.unsorted = all;
    }
}
