//! Packed Hilbert R-trees, as FlatGeobuf has them: nodes of 40 bytes, the root first, every level
//! from left to right, the leaves last.
//!
//! A node is `min x, min y, max x, max y` (f64) and an offset (u64): of the feature for a leaf, else the
//! number of the first child.

use std::ops::{ControlFlow, Range};

use onemap_model::Bounds;

use crate::Result;
use crate::error::StoreError;
use crate::map::CheckedMap;

/// Children of a node.
pub(super) const FANOUT: u64 = 16;
/// Bytes of a node.
pub(super) const NODE: usize = 40;

/// The box of nothing, which meets no box.
pub(crate) const EMPTY: [f64; 4] =
    [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];

/// Grows a box `[min x, min y, max x, max y]` by another one.
pub(super) fn grow(a: &mut [f64; 4], b: &[f64; 4]) {
    *a = [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])];
}

/// Returns the node numbers of each level, leaves first; `None` for more leaves than a file can hold.
fn levels(leaves: u64) -> Option<Vec<Range<u64>>> {
    let mut sizes = vec![leaves];
    let mut n = leaves;
    while n > 1 {
        n = n.div_ceil(FANOUT);
        sizes.push(n);
    }
    if leaves == 1 {
        // FlatGeobuf puts a root over a single leaf too.
        sizes.push(1);
    }
    let mut end = sizes.iter().try_fold(0_u64, |sum, &n| sum.checked_add(n))?;
    let mut levels = Vec::with_capacity(sizes.len());
    for size in sizes {
        levels.push(end - size..end);
        end -= size;
    }
    Some(levels)
}

/// Bytes that a tree over so many leaves takes.
pub(super) fn size(leaves: u64) -> Option<u64> {
    if leaves == 0 {
        return Some(0);
    }
    levels(leaves)?.first().and_then(|leaf| leaf.end.checked_mul(NODE as u64))
}

/// Takes a leaf: its box and offset.
pub(super) type PutLeaf<'v> = dyn FnMut([f64; 4], u64) -> Result<()> + 'v;

/// Writes a tree over leaves, which `for_each` gives from left to right; it is called twice.
pub(super) fn write(
    leaves: u64,
    for_each: &dyn Fn(&mut PutLeaf<'_>) -> Result<()>,
    out: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let levels = levels(leaves).ok_or(StoreError::TooLarge("too many features for one segment"))?;
    if leaves == 0 {
        return Ok(());
    }
    // Boxes of all levels but the leaves', from the level above the leaves up.
    let (mut lowest, mut number) = (Vec::new(), 0);
    for_each(&mut |bbox, _| {
        add_child(&mut lowest, number, &bbox);
        number += 1;
        Ok(())
    })?;
    let mut boxes: Vec<Vec<[f64; 4]>> = vec![lowest];
    for _ in 2..levels.len() {
        let mut above = Vec::new();
        for (number, bbox) in (0..).zip(boxes.last().into_iter().flatten()) {
            add_child(&mut above, number, bbox);
        }
        boxes.push(above);
    }
    let mut buffer = Vec::with_capacity(NODE * 1024);
    let mut node = |bounds: &[f64; 4], offset: u64| {
        for x in bounds {
            buffer.extend_from_slice(&x.to_le_bytes());
        }
        buffer.extend_from_slice(&offset.to_le_bytes());
        if buffer.len() >= NODE * 1000 {
            out(&buffer)?;
            buffer.clear();
        }
        Ok::<(), StoreError>(())
    };
    for (level, level_boxes) in boxes.iter().enumerate().rev() {
        let first_child = levels.get(level).map_or(0, |r| r.start);
        for (i, bounds) in level_boxes.iter().enumerate() {
            node(bounds, first_child + i as u64 * FANOUT)?;
        }
    }
    for_each(&mut |bounds, offset| node(&bounds, offset))?;
    out(&buffer)
}

/// Adds the box of a child to those of its parents.
fn add_child(parents: &mut Vec<[f64; 4]>, number: u64, bbox: &[f64; 4]) {
    if number.is_multiple_of(FANOUT) {
        parents.push(EMPTY);
    }
    if let Some(parent) = parents.last_mut() {
        grow(parent, bbox);
    }
}

/// A leaf of a tree.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Leaf {
    /// Box.
    pub(crate) bbox: [f64; 4],
    /// Offset of the feature.
    pub(crate) offset: u64,
    /// Its place among the leaves.
    pub(crate) number: u64,
}

impl Leaf {
    pub(crate) fn center(&self) -> [f64; 2] {
        let [w, s, e, n] = self.bbox;
        [f64::midpoint(w, e), f64::midpoint(s, n)]
    }
}

/// What is done with each leaf.
pub(crate) type VisitLeaf<'v> = dyn FnMut(Leaf) -> Result<ControlFlow<()>> + 'v;

/// A tree in a mapped file.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    at: u64,
    levels: Vec<Range<u64>>,
}

impl Tree {
    /// A tree over `leaves` (at least one) features at a byte of the file.
    pub(super) fn new(at: u64, leaves: u64) -> Option<Self> {
        (leaves > 0).then(|| levels(leaves)).flatten().map(|levels| Self { at, levels })
    }

    /// Visits all leaves whose box meets `bounds` (`None`: all with a box), from left to right.
    pub(super) fn find(
        &self,
        data: &CheckedMap,
        bounds: Option<&Bounds>,
        visit: &mut VisitLeaf<'_>,
    ) -> Result<ControlFlow<()>> {
        let wanted = match bounds {
            Some(b) => b.to_array(),
            None => [f64::MIN, f64::MIN, f64::MAX, f64::MAX],
        };
        self.descend(data, &wanted, self.levels.len() - 1, 0, visit)
    }

    fn descend(
        &self,
        data: &CheckedMap,
        wanted: &[f64; 4],
        level: usize,
        first: u64,
        visit: &mut VisitLeaf<'_>,
    ) -> Result<ControlFlow<()>> {
        let here = |what| StoreError::damaged(data.path(), self.at, what);
        let range = self.levels.get(level).ok_or_else(|| here("a tree has too few levels"))?;
        if !range.contains(&first) {
            return Err(here("a tree's node points outside of its level"));
        }
        let count = (range.end - first).min(FANOUT) as usize;
        let nodes = data.get(self.at + first * NODE as u64, count * NODE)?;
        for (number, node) in (first - range.start..).zip(nodes.chunks_exact(NODE)) {
            let mut fields =
                node.chunks_exact(8).map(|b| b.try_into().map_or(0, u64::from_le_bytes));
            let mut next = || fields.next().unwrap_or_default();
            let [w, s, e, n] = [next(), next(), next(), next()].map(f64::from_bits);
            let meets = w <= wanted[2] && wanted[0] <= e && s <= wanted[3] && wanted[1] <= n;
            if !meets {
                continue;
            }
            let offset = next();
            let flow = if level == 0 {
                visit(Leaf { bbox: [w, s, e, n], offset, number })?
            } else {
                self.descend(data, wanted, level - 1, offset, visit)?
            };
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_those_of_flatgeobuf() {
        for n in [1_usize, 2, 15, 16, 17, 256, 257, 100_000] {
            let expected = flatgeobuf::packed_r_tree::PackedRTree::index_size(n, 16);
            assert_eq!(size(n as u64), Some(expected as u64), "{n}");
        }
        assert_eq!(size(0), Some(0));
    }

    #[test]
    fn a_tree_has_the_bytes_that_flatgeobuf_writes() {
        use flatgeobuf::packed_r_tree::{NodeItem, PackedRTree, calc_extent};
        for n in [1_u64, 2, 17, 300] {
            let leaf = |i: u64| {
                let x = i as f64;
                ([x, -x, x + 0.5, 1.0 - x], i * 100)
            };
            let nodes: Vec<NodeItem> = (0..n)
                .map(|i| {
                    let ([min_x, min_y, max_x, max_y], offset) = leaf(i);
                    NodeItem { min_x, min_y, max_x, max_y, offset }
                })
                .collect();
            let tree = PackedRTree::build(&nodes, &calc_extent(&nodes), 16).unwrap();
            let mut theirs = Vec::new();
            tree.stream_write(&mut theirs).unwrap();
            let mut ours = Vec::new();
            let for_each = |put: &mut PutLeaf<'_>| {
                (0..n).map(leaf).try_for_each(|(bbox, offset)| put(bbox, offset))
            };
            write(n, &for_each, &mut |bytes| {
                ours.extend_from_slice(bytes);
                Ok(())
            })
            .unwrap();
            assert_eq!(ours, theirs, "{n}");
        }
    }
}
