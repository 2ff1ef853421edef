//! Which vertices and edges several shapes of a layer have in common, and where borders begin and end.

use rustc_hash::FxHashMap;

use crate::arena::{Arena, Role};
use crate::snap::Cell;

/// The path of a vertex that belongs to none.
const NO_PATH: u32 = u32::MAX;

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
    by_cell: FxHashMap<u64, u32>,
    vertices: Vec<Vertex>,
    edges: FxHashMap<u64, Uses>,
}

#[derive(Debug, Clone, Copy)]
struct Uses {
    /// Sum of the numbers of the paths.
    sum: u32,
    last: u32,
}

#[derive(Debug, Clone, Copy)]
struct Vertex {
    uses: Uses,
    node: bool,
    junction: bool,
    fresh: bool,
}

impl Uses {
    fn add(&mut self, path: u32) {
        if self.last != path {
            self.last = path;
            self.sum = self.sum.wrapping_add(number_of(path));
        }
    }
}

/// Returns a random number that stands for a path.
#[inline]
fn number_of(path: u32) -> u32 {
    // Finisher of MurmurHash3.
    let mut h = path.wrapping_add(1).wrapping_mul(0x9e37_79b1);
    h ^= h >> 16;
    h = h.wrapping_mul(0x85eb_ca6b);
    h ^= h >> 13;
    h | 1
}

fn packed([x, y]: Cell) -> u64 {
    u64::from(x as u32) << 32 | u64::from(y as u32)
}

fn edge_key(a: u32, b: u32) -> u64 {
    u64::from(a.min(b)) << 32 | u64::from(a.max(b))
}

impl Sharing {
    /// Looks at all paths.
    pub(crate) fn find(&mut self, arena: &Arena) {
        self.find_shared(arena);
        self.by_cell.clear();
        self.vertices.clear();
        self.edges.clear();
        if !self.shared.contains(&true) {
            return;
        }
        self.ids.clear();
        self.ids.resize(arena.cells.len(), 0);
        self.number_vertices(arena);
        self.count_edges(arena);
        self.find_nodes(arena);
    }

    /// Tells whether a path may have a vertex in common with another one.
    pub(crate) fn is_shared(&self, path: usize) -> bool {
        self.shared.get(path).copied().unwrap_or(false)
    }

    pub(crate) fn any(&self) -> bool {
        !self.vertices.is_empty()
    }

    #[inline]
    pub(crate) fn is_node(&self, at: usize) -> bool {
        self.vertices[self.ids[at] as usize].node
    }

    /// Makes a vertex a node from now on. Returns whether it was none.
    pub(crate) fn force(&mut self, at: usize) -> bool {
        let vertex = &mut self.vertices[self.ids[at] as usize];
        let new = !vertex.node;
        vertex.fresh |= new;
        vertex.node = true;
        new
    }

    /// Tells whether the vertex was made a node since [`Sharing::settle`].
    pub(crate) fn is_fresh(&self, at: usize) -> bool {
        self.vertices[self.ids[at] as usize].fresh
    }

    pub(crate) fn settle(&mut self) {
        self.vertices.iter_mut().for_each(|v| v.fresh = false);
    }

    /// Returns the nodes from which a border leads away that two shapes have in common.
    pub(crate) fn junctions(&self) -> impl Iterator<Item = (Cell, u32)> {
        let all = self.by_cell.iter().filter(|(_, id)| self.vertices[**id as usize].junction);
        all.map(|(&key, &id)| ([(key >> 32) as i32, key as i32], id))
    }

    /// Tells whether no other path runs along the edge between two places of a shared path.
    pub(crate) fn is_single(&self, path: usize, a: usize, b: usize) -> bool {
        self.sum_of_edge(path as u32, self.ids[a], self.ids[b]) == number_of(path as u32)
    }

    fn find_shared(&mut self, arena: &Arena) {
        // Sixteen bits a vertex: one in sixteen single paths' vertices looks shared and is not.
        let words = (arena.cells.len() / 4).next_power_of_two().max(16);
        for bits in [&mut self.seen, &mut self.twice] {
            bits.clear();
            bits.resize(words, 0);
        }
        let shift = 64 - (words * 64).trailing_zeros();
        let slot = |cell: Cell| {
            let h = packed(cell).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> shift;
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
            if !self.shared[path] {
                continue;
            }
            for at in arena.cells_of(path) {
                let fresh = self.vertices.len() as u32;
                let id = *self.by_cell.entry(packed(arena.cells[at])).or_insert(fresh);
                if id == fresh {
                    let uses = Uses { sum: 0, last: NO_PATH };
                    self.vertices.push(Vertex { uses, node: false, junction: false, fresh: false });
                }
                self.vertices[id as usize].uses.add(path as u32);
                self.ids[at] = id;
            }
        }
    }

    fn count_edges(&mut self, arena: &Arena) {
        for path in 0..arena.paths.len() {
            if !self.shared[path] {
                continue;
            }
            let number = number_of(path as u32);
            for (a, b) in edges_of(arena, path) {
                let (a, b) = (self.ids[a], self.ids[b]);
                let single = |id: u32| self.vertices[id as usize].uses.sum == number;
                if !single(a) && !single(b) {
                    let uses =
                        self.edges.entry(edge_key(a, b)).or_insert(Uses { sum: 0, last: NO_PATH });
                    uses.add(path as u32);
                }
            }
        }
    }

    fn sum_of_edge(&self, path: u32, a: u32, b: u32) -> u32 {
        let number = number_of(path);
        let single = |id: u32| self.vertices[id as usize].uses.sum == number;
        if single(a) || single(b) {
            return number;
        }
        self.edges.get(&edge_key(a, b)).map_or(number, |uses| uses.sum)
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
                let sum = self.sum_of_edge(path as u32, a, b);
                for id in [a, b] {
                    let vertex = &mut self.vertices[id as usize];
                    any |= vertex.uses.sum != number;
                    vertex.node |= vertex.uses.sum != sum;
                    vertex.junction |= sum != number;
                }
            }
            self.shared[path] = any;
            let cells = arena.cells_of(path);
            if arena.paths[path].role == Role::Open && !cells.is_empty() {
                for end in [cells.start, cells.end - 1] {
                    self.vertices[self.ids[end] as usize].node = true;
                }
            }
        }
        for vertex in &mut self.vertices {
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
