//! Which ids of a layer are taken.

use onemap_model::{FeatureId, Timestamp};
use rustc_hash::{FxHashMap, FxHashSet};

/// A set of versions: an id, and when it begins to hold. Numbers that lie close together take hardly any memory,
/// hashes 10 to 20 bytes each.
#[derive(Default)]
pub(crate) struct Taken {
    /// Numbers without a begin, 64 in a row: a bit for each.
    blocks: FxHashMap<u64, u64>,
    /// Hashed ids without a begin.
    hashed: FxHashSet<u64>,
    dated: FxHashSet<(u64, Timestamp)>,
}

impl Taken {
    /// Takes a version; `false` when it was taken before.
    pub(crate) fn insert(&mut self, id: FeatureId, from: Option<Timestamp>) -> bool {
        let id = id.get();
        if let Some(from) = from {
            return self.dated.insert((id, from));
        }
        if id >= FeatureId::HASHED {
            return self.hashed.insert(id);
        }
        let block = self.blocks.entry(id / 64).or_default();
        let bit = 1 << (id % 64);
        let is_free = *block & bit == 0;
        *block |= bit;
        is_free
    }

    /// Returns the ids, in no order; one with several begins comes several times.
    pub(crate) fn ids(&self) -> impl Iterator<Item = u64> {
        let in_block = |(block, bits): (&u64, &u64)| {
            let (first, bits) = (block * 64, *bits);
            (0..64).filter(move |at| bits & (1 << at) != 0).map(move |at| first + at)
        };
        let numbers = self.blocks.iter().flat_map(in_block);
        numbers.chain(self.hashed.iter().copied()).chain(self.dated.iter().map(|(id, _)| *id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_free_once_for_each_begin() {
        let mut taken = Taken::default();
        let begin = Some("2001".parse::<Timestamp>().unwrap());
        for id in [0, 1, 63, 64, 65, 1 << 40, FeatureId::HASHED, FeatureId::LIMIT - 1] {
            let id = FeatureId::new(id).unwrap();
            for from in [None, begin] {
                assert!(taken.insert(id, from));
                assert!(!taken.insert(id, from));
            }
        }
    }
}
