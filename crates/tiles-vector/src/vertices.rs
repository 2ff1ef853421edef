//! The vertices and edges of the shared paths of a layer, each once.

use rustc_hash::FxHashMap;

use crate::snap::Cell;

/// Stands for no path and no vertex.
const NONE: u32 = u32::MAX;

/// Vertices by their place, and with each the edges to vertices of greater number. Nearly all of them have
/// one or two such edges, which stand with the vertex; more are kept elsewhere.
#[derive(Debug, Default)]
pub(crate) struct Vertices {
    pub all: Vec<Vertex>,
    /// Numbers of vertices, at the place that the hash says or one of the next.
    slots: Vec<u32>,
    shift: u32,
    more: FxHashMap<(u32, u32), Uses>,
}

/// The set of paths through a vertex or along an edge, as the sum of their numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Uses {
    pub sum: u32,
    last: u32,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Vertex {
    pub cell: Cell,
    pub uses: Uses,
    edges: [(u32, Uses); 2],
    pub node: bool,
    pub junction: bool,
}

impl Uses {
    const NO: Self = Self { sum: 0, last: NONE };

    /// Adds a path, whose visits come one after another.
    #[inline]
    fn add(&mut self, path: u32) {
        if self.last != path {
            self.last = path;
            self.sum = self.sum.wrapping_add(number_of(path));
        }
    }
}

/// Returns a random number that stands for a path.
#[inline]
pub(crate) fn number_of(path: u32) -> u32 {
    // Finisher of MurmurHash3.
    let mut h = path.wrapping_add(1).wrapping_mul(0x9e37_79b1);
    h ^= h >> 16;
    h = h.wrapping_mul(0x85eb_ca6b);
    h ^= h >> 13;
    h | 1
}

/// Returns a hash whose upper bits are well mixed.
#[inline]
pub(crate) fn hash_of([x, y]: Cell) -> u64 {
    let packed = u64::from(x as u32) << 32 | u64::from(y as u32);
    (packed ^ packed >> 29).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl Vertices {
    /// Forgets all, and makes room for so many vertices; more must not come.
    pub(crate) fn clear(&mut self, most: usize) {
        let slots = (most * 2).next_power_of_two().max(16);
        self.all.clear();
        self.more.clear();
        self.slots.clear();
        self.slots.resize(slots, NONE);
        self.shift = 64 - slots.trailing_zeros();
    }

    /// Returns the number of the vertex at a place, through which the path runs.
    #[inline]
    pub(crate) fn visit(&mut self, cell: Cell, path: u32) -> u32 {
        let mask = self.slots.len() - 1;
        let mut slot = (hash_of(cell) >> self.shift) as usize;
        loop {
            let id = self.slots[slot];
            if id == NONE {
                break;
            }
            let vertex = &mut self.all[id as usize];
            if vertex.cell == cell {
                vertex.uses.add(path);
                return id;
            }
            slot = (slot + 1) & mask;
        }
        let id = self.all.len() as u32;
        self.slots[slot] = id;
        let mut uses = Uses::NO;
        uses.add(path);
        let edges = [(NONE, Uses::NO); 2];
        self.all.push(Vertex { cell, uses, edges, node: false, junction: false });
        id
    }

    /// Notes that the path runs along an edge. Edges with an end that is the path's own are not looked at:
    /// nobody else runs along them.
    pub(crate) fn visit_edge(&mut self, a: u32, b: u32, path: u32) {
        let number = number_of(path);
        if self.is_own(a, number) || self.is_own(b, number) {
            return;
        }
        let (a, b) = (a.min(b), a.max(b));
        for edge in &mut self.all[a as usize].edges {
            if edge.0 == NONE {
                edge.0 = b;
            }
            if edge.0 == b {
                edge.1.add(path);
                return;
            }
        }
        self.more.entry((a, b)).or_insert(Uses::NO).add(path);
    }

    /// Returns the sum of the numbers of the paths along an edge, of which `number` is one.
    #[inline]
    pub(crate) fn sum_of_edge(&self, a: u32, b: u32, number: u32) -> u32 {
        if self.is_own(a, number) || self.is_own(b, number) {
            return number;
        }
        let (a, b) = (a.min(b), a.max(b));
        let edges = &self.all[a as usize].edges;
        let near = edges.iter().find(|edge| edge.0 == b).map(|edge| edge.1);
        near.or_else(|| self.more.get(&(a, b)).copied()).map_or(number, |uses| uses.sum)
    }

    /// Tells whether only the path with this number runs through a vertex.
    #[inline]
    fn is_own(&self, id: u32, number: u32) -> bool {
        self.all[id as usize].uses.sum == number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_is_found_again_however_many_leave_its_vertex() {
        let mut vertices = Vertices::default();
        vertices.clear(20);
        let mut center = 0;
        for path in 0..2 {
            center = vertices.visit([0, 0], path);
            for i in 1..9 {
                vertices.visit([i, -i], path);
            }
        }
        for path in 0..2 {
            for id in 1..9 {
                if path == 0 || id % 2 == 0 {
                    vertices.visit_edge(center, id, path);
                    vertices.visit_edge(id, center, path);
                }
            }
        }
        let both = number_of(0).wrapping_add(number_of(1));
        for id in 1..9 {
            let expected = if id % 2 == 0 { both } else { number_of(0) };
            assert_eq!(vertices.sum_of_edge(id, center, number_of(0)), expected);
        }
    }

    #[test]
    fn a_path_that_comes_back_counts_once() {
        let mut vertices = Vertices::default();
        vertices.clear(4);
        let first = vertices.visit([5, 5], 7);
        vertices.visit([6, 5], 7);
        assert_eq!(vertices.visit([5, 5], 7), first);
        assert_eq!(vertices.all[0].uses.sum, number_of(7));
    }
}
