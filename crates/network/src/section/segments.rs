//! A spatial index over the segments of links and the nodes: a packed Hilbert tree, built at once and never changed.
//!
//! After the packed Hilbert R-tree of Kamel and Faloutsos (1993): boxes sorted along a curve, sixteen to a
//! parent, no pointers. 24 bytes for each segment and node, a sixteenth more for the levels above.

use rayon::prelude::*;

use crate::network::{LinkIx, Network, NodeIx};

const FAN: usize = 16;

/// A spatial index of a network, of the state in which the network was when it was built.
#[derive(Debug, Default)]
pub struct NetworkIndex {
    segments: Tree,
    nodes: Tree,
    most_half_width_m: f64,
}

impl NetworkIndex {
    /// Indexes the links and nodes of a network that the view shows.
    pub fn new(network: &Network) -> Self {
        let links: Vec<LinkIx> = network.links().collect();
        let segments: Vec<_> = links
            .par_iter()
            .flat_map_iter(|&ix| {
                let pairs = network.link(ix).line().windows(2).enumerate();
                pairs.map(move |(at, pair)| (box_of(pair[0], pair[1]), [ix.0, at as u32]))
            })
            .filter(|(bounds, _)| bounds.iter().all(|x| x.is_finite()))
            .collect();
        let nodes: Vec<NodeIx> = network.nodes().collect();
        let nodes: Vec<_> = nodes
            .par_iter()
            .filter_map(|ix| Some((network.node(*ix).at()?, ix)))
            .map(|(at, ix)| (box_of(at, at), [ix.0, 0]))
            .collect();
        let half_width = |ix: &LinkIx| network.link(*ix).outer()[0] / 2.0;
        let most_half_width_m = links.par_iter().map(half_width).reduce(|| 0.0, f64::max);
        Self { segments: Tree::new(&segments), nodes: Tree::new(&nodes), most_half_width_m }
    }

    /// Returns the memory that the index takes, bytes.
    pub fn memory(&self) -> usize {
        self.segments.memory() + self.nodes.memory()
    }

    /// Visits the segments whose box meets a box in degrees (west, south, east, north): a link, and which of its segments.
    pub(crate) fn segments(&self, bounds: [f64; 4], mut visit: impl FnMut(LinkIx, usize)) {
        self.segments.query(bounds, |[link, at]| visit(LinkIx(link), at as usize));
    }

    /// Visits the nodes in a box in degrees.
    pub(crate) fn nodes(&self, bounds: [f64; 4], mut visit: impl FnMut(NodeIx)) {
        self.nodes.query(bounds, |[node, _]| visit(NodeIx(node)));
    }

    /// Returns half the width of the widest link, metres.
    pub(crate) fn most_half_width_m(&self) -> f64 {
        self.most_half_width_m
    }
}

fn box_of(a: [f64; 2], b: [f64; 2]) -> [f64; 4] {
    // NaN stays NaN, so that the filter sees it.
    let least = |a: f64, b: f64| if a.is_nan() || b.is_nan() { f64::NAN } else { a.min(b) };
    [least(a[0], b[0]), least(a[1], b[1]), a[0].max(b[0]), a[1].max(b[1])]
}

/// The tree: boxes of the items, then of their parents and so on up to one.
#[derive(Debug, Default)]
struct Tree {
    /// What the boxes count from, degrees.
    origin: [f64; 2],
    /// Degrees from the origin, rounded outwards.
    boxes: Vec<[f32; 4]>,
    /// Where each level begins in `boxes`, the items first, and at last the end.
    starts: Vec<usize>,
    items: Vec<[u32; 2]>,
}

impl Tree {
    fn memory(&self) -> usize {
        self.boxes.capacity() * size_of::<[f32; 4]>()
            + self.items.capacity() * size_of::<[u32; 2]>()
    }

    fn new(entries: &[([f64; 4], [u32; 2])]) -> Self {
        if entries.is_empty() {
            return Self::default();
        }
        let empty = || [f64::MAX, f64::MAX, f64::MIN, f64::MIN];
        let whole = entries.par_iter().map(|(bounds, _)| *bounds).reduce(empty, union);
        let origin = [whole[0], whole[1]];
        let side = (whole[2] - whole[0]).max(whole[3] - whole[1]).max(1e-12);
        let mut order: Vec<(u32, u32)> = entries
            .par_iter()
            .enumerate()
            .map(|(at, (bounds, _))| {
                let cell = |low: usize| {
                    let middle = f64::midpoint(bounds[low], bounds[low + 2]) - origin[low];
                    (middle / side * 65_535.0) as u32
                };
                (hilbert(cell(0), cell(1)), at as u32)
            })
            .collect();
        order.par_sort_unstable();
        let mut boxes: Vec<[f32; 4]> = Vec::with_capacity(entries.len() + entries.len() / 15 + 2);
        let mut items = Vec::with_capacity(entries.len());
        for (_, at) in order {
            let (bounds, item) = entries[at as usize];
            boxes.push(packed(bounds, origin));
            items.push(item);
        }
        let mut starts = vec![0];
        let mut start = 0;
        while boxes.len() - start > 1 {
            let end = boxes.len();
            starts.push(end);
            for first in (start..end).step_by(FAN) {
                let parent = (first..end.min(first + FAN)).map(|at| boxes[at]).reduce(union);
                boxes.extend(parent);
            }
            start = end;
        }
        starts.push(boxes.len());
        Self { origin, boxes, starts, items }
    }

    fn query(&self, bounds: [f64; 4], mut visit: impl FnMut([u32; 2])) {
        let Some(top) = self.starts.len().checked_sub(2) else { return };
        if bounds.iter().any(|x| x.is_nan()) {
            return;
        }
        let wanted = packed(bounds, self.origin);
        let mut open = vec![(top, 0_usize)];
        while let Some((level, at)) = open.pop() {
            let here = &self.boxes[self.starts[level] + at];
            let apart = here[0] > wanted[2]
                || here[2] < wanted[0]
                || here[1] > wanted[3]
                || here[3] < wanted[1];
            if apart {
                continue;
            }
            if level == 0 {
                visit(self.items[at]);
                continue;
            }
            let count = self.starts[level] - self.starts[level - 1];
            open.extend(
                (at * FAN..count.min((at + 1) * FAN)).rev().map(|child| (level - 1, child)),
            );
        }
    }
}

fn union<T: PartialOrd + Copy>(a: [T; 4], b: [T; 4]) -> [T; 4] {
    let least = |a: T, b: T| if b < a { b } else { a };
    let most = |a: T, b: T| if b > a { b } else { a };
    [least(a[0], b[0]), least(a[1], b[1]), most(a[2], b[2]), most(a[3], b[3])]
}

fn packed(bounds: [f64; 4], origin: [f64; 2]) -> [f32; 4] {
    [
        ((bounds[0] - origin[0]) as f32).next_down(),
        ((bounds[1] - origin[1]) as f32).next_down(),
        ((bounds[2] - origin[0]) as f32).next_up(),
        ((bounds[3] - origin[1]) as f32).next_up(),
    ]
}

/// Returns how far along Hilbert's curve a cell of 65536 × 65536 lies.
fn hilbert(mut x: u32, mut y: u32) -> u32 {
    let mut along = 0;
    let mut side = 1 << 15;
    while side > 0 {
        let (right, upper) = (u32::from(x & side > 0), u32::from(y & side > 0));
        along += side * side * ((3 * right) ^ upper);
        if upper == 0 {
            if right == 1 {
                x = 65_535 - x;
                y = 65_535 - y;
            }
            std::mem::swap(&mut x, &mut y);
        }
        side >>= 1;
    }
    along
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_finds_what_looking_at_every_box_finds() {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as f64 / f64::from(1_u32 << 31)
        };
        for count in [0_usize, 1, 15, 16, 17, 300, 5000] {
            let entries: Vec<([f64; 4], [u32; 2])> = (0..count)
                .map(|at| {
                    let [x, y, w, h] =
                        [118.0 + next(), 34.0 + next(), next() / 50.0, next() / 50.0];
                    ([x, y, x + w, y + h], [at as u32, 7])
                })
                .collect();
            let tree = Tree::new(&entries);
            for _ in 0..50 {
                let [x, y, side] = [118.0 + next(), 34.0 + next(), next() / 10.0];
                let wanted = [x, y, x + side, y + side];
                let mut found = Vec::new();
                tree.query(wanted, |[item, _]| found.push(item));
                found.sort_unstable();
                let meets = |b: &[f64; 4]| {
                    b[0] <= wanted[2] && b[2] >= wanted[0] && b[1] <= wanted[3] && b[3] >= wanted[1]
                };
                let all = entries.iter().filter(|(b, _)| meets(b));
                assert_eq!(found, all.map(|(_, item)| item[0]).collect::<Vec<_>>());
            }
        }
    }
}
