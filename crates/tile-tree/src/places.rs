//! Where features are, by their ids: what an edit needs to find the leaves that it changes.

use std::sync::Arc;

use onemap_model::FeatureId;
use rayon::slice::ParallelSliceMut;

use crate::item::Entry;

/// Features in one shelf, when shelves are made.
const SHELF: usize = 256;
/// Shelves that have grown to so many times that are made anew.
const MOST_GROWTH: usize = 4;

/// The places of features on the Morton curve, on shelves by id. A copy shares all shelves with the original; a change
/// copies the ones that it touches.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    /// Ids and places, sorted.
    shelves: Vec<Arc<Vec<(u64, u64)>>>,
    len: usize,
}

impl Places {
    pub(crate) fn of<'e>(entries: impl Iterator<Item = &'e Entry>) -> Self {
        Self::from_pairs(entries.map(|entry| (entry.id.get(), entry.code)).collect())
    }

    fn from_pairs(mut pairs: Vec<(u64, u64)>) -> Self {
        let count = (pairs.len() / SHELF).next_power_of_two();
        pairs.par_sort_unstable_by_key(|&(id, code)| (shelf(id, count), id, code));
        let on = pairs.chunk_by(|a, b| shelf(a.0, count) == shelf(b.0, count));
        let mut shelves = vec![Arc::default(); count];
        for pairs in on {
            let first = pairs.first().map_or(0, |pair| pair.0);
            if let Some(place) = shelves.get_mut(shelf(first, count)) {
                *place = Arc::new(pairs.to_vec());
            }
        }
        Self { shelves, len: pairs.len() }
    }

    /// Takes a feature out; returns its places: one for each of its versions.
    pub(crate) fn take(&mut self, id: FeatureId) -> Vec<u64> {
        let id = id.get();
        let at = shelf(id, self.shelves.len());
        let Some(shelf) = self.shelves.get_mut(at) else { return Vec::new() };
        let begin = shelf.partition_point(|pair| pair.0 < id);
        let end = shelf.partition_point(|pair| pair.0 <= id);
        if begin == end {
            return Vec::new();
        }
        self.len -= end - begin;
        Arc::make_mut(shelf).drain(begin..end).map(|(_, code)| code).collect()
    }

    /// Puts a version of a feature in.
    pub(crate) fn put(&mut self, entry: &Entry) {
        let pair = (entry.id.get(), entry.code);
        if self.len >= self.shelves.len() * SHELF * MOST_GROWTH {
            let mut pairs: Vec<(u64, u64)> =
                self.shelves.iter().flat_map(|s| s.iter().copied()).collect();
            pairs.push(pair);
            *self = Self::from_pairs(pairs);
            return;
        }
        let at = shelf(pair.0, self.shelves.len());
        if let Some(shelf) = self.shelves.get_mut(at) {
            let before = shelf.partition_point(|other| *other < pair);
            Arc::make_mut(shelf).insert(before, pair);
            self.len += 1;
        }
    }

    /// Returns the memory that they take, bytes.
    pub(crate) fn memory(&self) -> usize {
        let shelf = size_of::<Arc<Vec<(u64, u64)>>>() + size_of::<Vec<(u64, u64)>>() + 16;
        self.len * size_of::<(u64, u64)>() + self.shelves.capacity() * shelf
    }
}

/// Returns the shelf of an id; their number is a power of two. Ids often follow each other, and so do those of one edit.
fn shelf(id: u64, count: usize) -> usize {
    let spread = id.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    spread as usize & count.wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Item;
    use onemap_model::{Bounds, Interval};

    fn entry(id: u64, lon: f64) -> Entry {
        let item = Item {
            id: FeatureId::new(id).unwrap(),
            valid: Interval::ALWAYS,
            middle: [lon, 0.0],
            bounds: Bounds::of_point([lon, 0.0]).unwrap(),
            heights: [0.0; 2],
            area: 1.0,
            bytes: 1,
            landmark: false,
            size: None,
        };
        item.pack()
    }

    #[test]
    fn what_was_put_is_taken_once_however_many_there_are() {
        let mut places = Places::of([].iter());
        let all: Vec<Entry> = (1..=5_000).map(|id| entry(id, id as f64 / 100.0)).collect();
        for entry in &all {
            places.put(entry);
        }
        places.put(&entry(7, 90.0));
        assert!(places.shelves.len() > 2 && places.len == 5_001);
        let before = places.clone();
        let mut of_seven = places.take(FeatureId::new(7).unwrap());
        of_seven.sort_unstable();
        assert_eq!(of_seven, [entry(7, 0.07).code, entry(7, 90.0).code]);
        assert!(places.take(FeatureId::new(7).unwrap()).is_empty());
        assert!(places.take(FeatureId::new(9_999).unwrap()).is_empty());
        assert_eq!((before.len, places.len), (5_001, 4_999));
        assert_eq!(Places::of(all.iter()).take(all[70].id), [all[70].code]);
    }
}
