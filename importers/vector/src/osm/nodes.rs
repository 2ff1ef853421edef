//! Where the nodes are: only those that some kept way needs, in two sorted arrays (16 bytes a node).

use super::element::At;
use crate::limits::MAX_OSM_NODES;

/// Stands for a node that was not met.
const UNKNOWN: At = [i32::MAX, i32::MAX];

/// The coordinates of the wanted nodes. First [`want`](Self::want), then [`seal`](Self::seal), then
/// [`set`](Self::set), then [`get`](Self::get).
#[derive(Debug, Default)]
pub(super) struct NodeStore {
    ids: Vec<i64>,
    at: Vec<At>,
    /// Length at which duplicates are thrown out again.
    compact_at: usize,
    /// Where the last node was found: files are sorted, so the next is close.
    last: usize,
}

/// There are more nodes than the memory that an import may use takes.
#[derive(Debug)]
pub(super) struct TooMany;

impl NodeStore {
    /// Asks for the coordinates of these nodes.
    pub(super) fn want(&mut self, ids: &[i64]) -> Result<(), TooMany> {
        self.ids.extend_from_slice(ids);
        if self.ids.len() >= self.compact_at.max(1 << 20) {
            self.compact()?;
        }
        Ok(())
    }

    fn compact(&mut self) -> Result<(), TooMany> {
        self.ids.sort_unstable();
        self.ids.dedup();
        if self.ids.len() > MAX_OSM_NODES {
            return Err(TooMany);
        }
        self.compact_at = self.ids.len() + (self.ids.len() / 2).max(1 << 20);
        Ok(())
    }

    /// Ends the asking.
    pub(super) fn seal(&mut self) -> Result<(), TooMany> {
        self.compact()?;
        self.ids.shrink_to_fit();
        self.at = vec![UNKNOWN; self.ids.len()];
        Ok(())
    }

    /// Keeps the coordinates of a node, if they are wanted.
    pub(super) fn set(&mut self, id: i64, at: At) {
        if let Some(i) = self.find_near(id)
            && let Some(place) = self.at.get_mut(i)
        {
            *place = at;
            self.last = i;
        }
    }

    /// Returns the coordinates of a node; `None` when it is not in the file.
    pub(super) fn get(&self, id: i64) -> Option<At> {
        let i = self.ids.binary_search(&id).ok()?;
        self.at.get(i).copied().filter(|at| *at != UNKNOWN)
    }

    fn find_near(&mut self, id: i64) -> Option<usize> {
        for i in self.last..self.last.saturating_add(8) {
            match self.ids.get(i)?.cmp(&id) {
                std::cmp::Ordering::Less => self.last = i,
                std::cmp::Ordering::Equal => return Some(i),
                std::cmp::Ordering::Greater if i > self.last || i == 0 => return None,
                std::cmp::Ordering::Greater => break,
            }
        }
        self.ids.binary_search(&id).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_found_in_any_order_and_others_are_not() {
        let mut nodes = NodeStore::default();
        let wanted: Vec<i64> = (0..1000).map(|i| i * 3 - 500).collect();
        nodes.want(&wanted).unwrap();
        nodes.want(&wanted).unwrap();
        nodes.seal().unwrap();
        let mut ids: Vec<i64> = (-600..3000).collect();
        nodes.set(2497, [5, 5]);
        ids.reverse();
        for id in (-600..2000).chain(ids) {
            nodes.set(id, [id as i32, 7]);
        }
        for id in -600..3000 {
            let expected = wanted.contains(&id).then_some([id as i32, 7]);
            assert_eq!(nodes.get(id), expected, "{id}");
        }
    }
}
