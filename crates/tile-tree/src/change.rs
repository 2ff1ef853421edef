//! From a tree to the next one: an edit makes new the leaves that it touches and the nodes above them, and shares the rest.

use std::sync::Arc;

use onemap_model::{FeatureId, GeoCell};
use rustc_hash::FxHashSet;

use crate::item::{Entry, Item};
use crate::node::Node;
use crate::tree::{Limits, TileTree};

/// What is taken out of a part of the tree, and what is put in.
#[derive(Clone, Copy)]
struct Edits<'e> {
    /// Where features are taken out, along the Morton curve.
    gone: &'e [u64],
    /// Along the Morton curve.
    new: &'e [Entry],
    ids: &'e FxHashSet<FeatureId>,
}

impl<'e> Edits<'e> {
    fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.new.is_empty()
    }

    /// Returns those within a cell.
    fn within(&self, cell: GeoCell) -> Self {
        let [gone_from, gone_to] = part(self.gone, cell, |code| *code);
        let [new_from, new_to] = part(self.new, cell, |entry| entry.code);
        let gone = self.gone.get(gone_from..gone_to).unwrap_or(&[]);
        Self { gone, new: self.new.get(new_from..new_to).unwrap_or(&[]), ids: self.ids }
    }

    /// Returns what is put in outside a cell.
    fn new_outside(&self, cell: GeoCell) -> impl Iterator<Item = Entry> + 'e {
        let [from, to] = part(self.new, cell, |entry| entry.code);
        let (before, after) = (self.new.get(..from), self.new.get(to..));
        before.into_iter().chain(after).flatten().copied()
    }

    /// Returns the features of a leaf, changed.
    fn applied(&self, features: &[Entry]) -> Vec<Entry> {
        let mut all = Vec::with_capacity(features.len() + self.new.len());
        let mut new = self.new.iter().copied().peekable();
        for entry in features.iter().filter(|entry| !self.ids.contains(&entry.id)) {
            while let Some(earlier) = new.next_if(|earlier| earlier.key() < entry.key()) {
                all.push(earlier);
            }
            all.push(*entry);
        }
        all.extend(new);
        all
    }
}

/// Returns where those within a cell begin and end.
fn part<T>(sorted: &[T], cell: GeoCell, code: impl Fn(&T) -> u64) -> [usize; 2] {
    let (first, length) = cell.code_range();
    let last = first.saturating_add(length.wrapping_sub(1));
    [
        sorted.partition_point(|one| code(one) < first),
        sorted.partition_point(|one| code(one) <= last),
    ]
}

impl TileTree {
    /// Returns the tree in which some features are others: those with the given ids are taken out, and the items put in.
    /// The same as a new tree of what results, with all that did not change shared.
    #[must_use]
    pub fn changed(&self, ids: &[FeatureId], items: impl IntoIterator<Item = Item>) -> Self {
        let mut new: Vec<Entry> = items.into_iter().map(|item| item.pack()).collect();
        new.sort_unstable_by_key(Entry::key);
        let ids: FxHashSet<FeatureId> = ids.iter().copied().collect();
        let mut places = self.places.clone();
        let mut gone: Vec<u64> = ids.iter().flat_map(|&id| places.take(id)).collect();
        gone.sort_unstable();
        for entry in &new {
            places.put(entry);
        }
        let edits = Edits { gone: &gone, new: &new, ids: &ids };
        let root = match &self.root {
            Some(root) => self.limits.edited(GeoCell::ROOT, root, edits),
            None => self.limits.grown(GeoCell::ROOT, &new).map(Arc::new),
        };
        Self { root, places, limits: self.limits }
    }
}

impl Limits {
    /// Returns the node of what is in a cell, which was another; `None` when nothing is left.
    fn edited(&self, cell: GeoCell, old: &Arc<Node>, edits: Edits<'_>) -> Option<Arc<Node>> {
        if edits.is_empty() {
            return Some(Arc::clone(old));
        }
        if old.is_leaf() {
            return self.grown(cell, &edits.applied(old.own())).map(Arc::new);
        }
        let mut parts = Vec::new();
        let mut below = old.below().iter().peekable();
        for quarter in old.cell.children().into_iter().flatten() {
            let edits = edits.within(quarter);
            let old = below.next_if(|node| node.cell.ancestor(quarter.z()) == quarter);
            parts.extend(match old {
                Some(old) => self.edited(quarter, old, edits),
                None => self.grown(quarter, edits.new).map(Arc::new),
            });
        }
        for entry in edits.new_outside(old.cell) {
            let alone = GeoCell::of_place(place(entry.code), self.last_level);
            parts.push(Arc::new(Node::leaf(alone, vec![entry])));
        }
        parts.sort_by_key(|node| node.cell.code_range().0);
        self.joined(cell, parts)
    }

    /// Returns the node of a cell in which these nodes are all there is. They come along the Morton curve, each as it would be
    /// in some cell that holds nothing else.
    fn joined(&self, mut cell: GeoCell, mut parts: Vec<Arc<Node>>) -> Option<Arc<Node>> {
        let (mut count, mut bytes) = (0, 0);
        for part in &parts {
            count += part.count;
            bytes += part.bytes;
        }
        loop {
            if let [only] = parts.as_slice()
                && (only.cell == cell || !only.is_leaf())
            {
                return parts.pop();
            }
            if parts.is_empty() {
                return None;
            }
            if self.fits(cell, count, bytes) {
                let mut features: Vec<Entry> =
                    parts.iter().flat_map(|part| part.entries().copied()).collect();
                features.sort_unstable_by_key(Entry::key);
                return Some(Arc::new(Node::leaf(cell, features)));
            }
            let quarters: Vec<(GeoCell, Vec<Arc<Node>>)> = cell
                .children()
                .into_iter()
                .flatten()
                .map(|quarter| {
                    let is_in = |node: &&Arc<Node>| node.cell.ancestor(quarter.z()) == quarter;
                    (quarter, parts.iter().filter(is_in).cloned().collect::<Vec<_>>())
                })
                .filter(|(_, parts)| !parts.is_empty())
                .collect();
            if let [(only, _)] = quarters.as_slice() {
                cell = *only;
                continue;
            }
            let below = quarters.into_iter();
            let below = below.filter_map(|(cell, parts)| self.joined(cell, parts));
            return Some(Arc::new(Node::above(cell, below.collect())));
        }
    }
}

/// Returns the place at a position of the Morton curve.
fn place(code: u64) -> [u32; 2] {
    let gather = |code: u64| {
        let mut t = code & 0x5555_5555_5555_5555;
        t = (t | t >> 1) & 0x3333_3333_3333_3333;
        t = (t | t >> 2) & 0x0f0f_0f0f_0f0f_0f0f;
        t = (t | t >> 4) & 0x00ff_00ff_00ff_00ff;
        t = (t | t >> 8) & 0x0000_ffff_0000_ffff;
        (t | t >> 16) as u32
    };
    [gather(code), gather(code >> 1)]
}

#[cfg(test)]
mod tests {
    use onemap_model::{Bounds, Interval, morton};

    use super::*;

    #[test]
    fn an_edit_shares_all_but_one_leaf_and_what_is_above_it() {
        let item = |id: u64, height: f64| {
            let middle = [118.0 + (id % 100) as f64 / 1e3, 33.9 + (id / 100) as f64 / 1e3];
            Item {
                id: FeatureId::new(id).unwrap(),
                valid: Interval::ALWAYS,
                middle,
                bounds: Bounds::of_point(middle).unwrap(),
                heights: [0.0, height],
                area: 100.0,
                bytes: 4_000,
                landmark: false,
                size: None,
            }
        };
        let before = TileTree::new((1..10_000).map(|id| item(id, 9.0)), Limits::default());
        let id = FeatureId::new(4_711).unwrap();
        let after = before.changed(&[id], [item(4_711, 99.0)]);
        let (old, new) = (before.nodes(), after.nodes());
        let others: Vec<&Node> = old
            .iter()
            .zip(&new)
            .filter(|(old, new)| !std::ptr::eq(**old, **new))
            .map(|(_, new)| *new)
            .collect();
        assert!(old.len() == new.len() && new.len() > 100, "{} {}", old.len(), new.len());
        assert!(others.len() < 8 && others.iter().filter(|node| node.is_leaf()).count() == 1);
        assert!(others.iter().all(|node| after.ids(node).any(|other| other == id)));
    }

    #[test]
    fn a_place_is_found_again_from_the_curve() {
        for at in [[0, 0], [u32::MAX, 0], [0, u32::MAX], [123_456_789, 4_000_000_001]] {
            assert_eq!(place(morton(at)), at);
        }
    }
}
