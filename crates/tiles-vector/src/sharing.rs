//! Which vertices and edges several shapes of a layer have in common, and where borders begin and end.

use crate::arena::{Arena, Role};
use crate::snap::Cell;
use crate::vertices::{Vertices, hash_of, number_of};

/// Finds the *nodes* of a layer: places where the set of shapes that run along changes. Every shape
/// must keep its vertex there, and between two nodes all that run along see the same vertices.
///
/// A vertex is a node when the paths through it are not the same as those along each of its edges. Sets
/// of paths are compared by the sum of a random number for each. A path that comes back to where it was
/// makes no node: at low zooms coasts do that all the time.
#[derive(Debug, Default)]
pub(crate) struct Sharing {
    /// Bits by hash of the vertex: it is there; it is there twice.
    seen: Vec<u64>,
    twice: Vec<u64>,
    shared: Vec<bool>,
    /// For each cell of the arena that is part of a shared path, the vertex.
    ids: Vec<u32>,
    vertices: Vertices,
    /// For each vertex whether it was made a node.
    fresh: Vec<bool>,
}

impl Sharing {
    /// Looks at all paths.
    pub(crate) fn find(&mut self, arena: &Arena) {
        self.find_shared(arena);
        self.vertices.clear(0);
        let cells = |path: usize| if self.shared[path] { arena.cells_of(path).len() } else { 0 };
        let most: usize = (0..arena.paths.len()).map(cells).sum();
        if most == 0 {
            return;
        }
        self.vertices.clear(most);
        self.ids.clear();
        self.ids.resize(arena.cells.len(), 0);
        self.number_vertices(arena);
        self.count_edges(arena);
        self.find_nodes(arena);
        self.fresh.clear();
        self.fresh.resize(self.vertices.all.len(), false);
    }

    /// Tells whether a path may have a vertex in common with another one.
    pub(crate) fn is_shared(&self, path: usize) -> bool {
        self.shared.get(path).copied().unwrap_or(false)
    }

    /// Tells whether any path may.
    pub(crate) fn any(&self) -> bool {
        self.shared.contains(&true)
    }

    /// Tells whether there is a node at a place in the arena, which is part of a shared path.
    #[inline]
    pub(crate) fn is_node(&self, at: usize) -> bool {
        self.vertices.all[self.ids[at] as usize].node
    }

    /// Makes a vertex a node from now on. Returns whether it was none.
    pub(crate) fn force(&mut self, at: usize) -> bool {
        let vertex = &mut self.vertices.all[self.ids[at] as usize];
        let new = !vertex.node;
        vertex.node = true;
        self.fresh[self.ids[at] as usize] |= new;
        new
    }

    /// Tells whether the vertex was made a node since [`Sharing::settle`].
    pub(crate) fn is_fresh(&self, at: usize) -> bool {
        self.fresh[self.ids[at] as usize]
    }

    pub(crate) fn settle(&mut self) {
        self.fresh.fill(false);
    }

    /// Returns the nodes from which a border leads away that two shapes have in common.
    pub(crate) fn junctions(&self) -> impl Iterator<Item = Cell> {
        self.vertices.all.iter().filter(|v| v.junction).map(|v| v.cell)
    }

    /// Tells whether no other path runs along the edge between two places of a shared path.
    pub(crate) fn is_single(&self, path: usize, a: usize, b: usize) -> bool {
        let number = number_of(path as u32);
        self.vertices.sum_of_edge(self.ids[a], self.ids[b], number) == number
    }

    fn find_shared(&mut self, arena: &Arena) {
        // 32 bits a vertex: one in 32 vertices looks shared and is not.
        let words = (arena.cells.len() / 2).next_power_of_two().max(16);
        for bits in [&mut self.seen, &mut self.twice] {
            bits.clear();
            bits.resize(words, 0);
        }
        let shift = 64 - (words * 64).trailing_zeros();
        let slot = |cell: Cell| {
            let h = hash_of(cell) >> shift;
            ((h >> 6) as usize, 1_u64 << (h & 63))
        };
        for &cell in &arena.cells {
            let (word, bit) = slot(cell);
            self.twice[word] |= self.seen[word] & bit;
            self.seen[word] |= bit;
        }
        self.shared.clear();
        let mut start = 0;
        for path in &arena.paths {
            let cells = &arena.cells[start..path.end as usize];
            start = path.end as usize;
            let is_shared = |&cell: &Cell| {
                let (word, bit) = slot(cell);
                self.twice[word] & bit != 0
            };
            self.shared.push(path.role != Role::Points && cells.iter().any(is_shared));
        }
    }

    fn number_vertices(&mut self, arena: &Arena) {
        for path in 0..arena.paths.len() {
            if self.shared[path] {
                for at in arena.cells_of(path) {
                    self.ids[at] = self.vertices.visit(arena.cells[at], path as u32);
                }
            }
        }
    }

    fn count_edges(&mut self, arena: &Arena) {
        for path in 0..arena.paths.len() {
            if self.shared[path] {
                for (a, b) in edges_of(arena, path) {
                    self.vertices.visit_edge(self.ids[a], self.ids[b], path as u32);
                }
            }
        }
    }

    fn find_nodes(&mut self, arena: &Arena) {
        for path in 0..arena.paths.len() {
            if !self.shared[path] {
                continue;
            }
            let number = number_of(path as u32);
            let mut any = false;
            for (a, b) in edges_of(arena, path) {
                let (a, b) = (self.ids[a], self.ids[b]);
                let sum = self.vertices.sum_of_edge(a, b, number);
                for id in [a, b] {
                    let vertex = &mut self.vertices.all[id as usize];
                    any |= vertex.uses.sum != number;
                    vertex.node |= vertex.uses.sum != sum;
                    vertex.junction |= sum != number;
                }
            }
            self.shared[path] = any;
            let cells = arena.cells_of(path);
            if arena.paths[path].role == Role::Open && !cells.is_empty() {
                for end in [cells.start, cells.end - 1] {
                    self.vertices.all[self.ids[end] as usize].node = true;
                }
            }
        }
        for vertex in &mut self.vertices.all {
            vertex.junction &= vertex.node;
        }
    }
}

/// Returns the edges of a path as places of their ends in the arena.
pub(crate) fn edges_of(arena: &Arena, path: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
    let cells = arena.cells_of(path);
    let closing = (arena.paths[path].role != Role::Open && cells.len() > 2)
        .then(|| (cells.end - 1, cells.start));
    (cells.start..cells.end.saturating_sub(1)).map(|at| (at, at + 1)).chain(closing)
}
