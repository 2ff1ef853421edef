//! Polygons of one use become one where they have a border in common.

use rustc_hash::FxHashMap;

use crate::arena::{Arena, Role};
use crate::chain::groups_of;
use crate::crossing::Rings;
use crate::repair::dissolve;
use crate::settle::cells_of_edges;
use crate::shape::GeomType;
use crate::snap::Cell;

/// Unites the polygons of each group that have an edge in common. Returns `false` when there were none.
pub(crate) fn dissolve_polygons(arena: &mut Arena, spare: &mut Arena) -> bool {
    let Some(groups) = groups_of(arena, GeomType::Polygon) else { return false };
    // Each feature's set by its least member; a set of one stands for itself.
    let mut sets = Sets((0..arena.features.len()).collect());
    let mut members: Vec<&Vec<usize>> = groups.values().filter(|m| m.len() > 1).collect();
    members.sort_unstable();
    for group in members {
        unite_neighbours(arena, group, &mut sets);
    }
    let mut united: FxHashMap<usize, Vec<usize>> = FxHashMap::default();
    for feature in 0..arena.features.len() {
        united.entry(sets.least(feature)).or_default().push(feature);
    }
    if united.len() == arena.features.len() {
        return false;
    }
    spare.clear();
    let mut rings = Rings::default();
    for feature in 0..arena.features.len() {
        match united.get(&feature) {
            Some(members) if members.len() > 1 => {
                rings.clear();
                for path in members.iter().flat_map(|&m| arena.paths_of(m)) {
                    let outer = arena.paths[path].role == Role::Outer;
                    rings.push(&arena.cells[arena.cells_of(path)], outer);
                }
                dissolve(&mut rings);
                for (ring, outer) in rings.iter() {
                    spare.cells.extend_from_slice(ring);
                    spare.end_path(if outer { Role::Outer } else { Role::Hole }, 0.0);
                }
                spare.end_joined(arena, members);
            }
            Some(_) => spare.copy_feature(arena, feature),
            None => {}
        }
    }
    std::mem::swap(arena, spare);
    true
}

fn unite_neighbours(arena: &Arena, group: &[usize], sets: &mut Sets) {
    let mut edges: FxHashMap<(Cell, Cell), usize> = FxHashMap::default();
    for &feature in group {
        for path in arena.paths_of(feature) {
            for edge in cells_of_edges(arena, path) {
                let other = *edges.entry(edge).or_insert(feature);
                sets.unite(feature, other);
            }
        }
    }
}

/// Disjoint sets of numbers, each known by its least member.
struct Sets(Vec<usize>);

impl Sets {
    fn least(&mut self, mut at: usize) -> usize {
        while self.0[at] != at {
            self.0[at] = self.0[self.0[at]];
            at = self.0[at];
        }
        at
    }

    fn unite(&mut self, a: usize, b: usize) {
        let (a, b) = (self.least(a), self.least(b));
        self.0[a.max(b)] = a.min(b);
    }
}
