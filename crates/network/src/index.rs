//! A compact map from keys of 64 bits to any number of positions: sorted arrays, and what was edited since.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

/// See the module's text. Twelve bytes for each entry.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    keys: Vec<u64>,
    values: Vec<u32>,
    added: FxHashMap<u64, Vec<u32>>,
    gone: FxHashSet<(u64, u32)>,
    edits: usize,
}

impl Index {
    /// Sorts the entries.
    pub(crate) fn new(mut entries: Vec<(u64, u32)>) -> Self {
        entries.par_sort_unstable();
        let keys = entries.iter().map(|(key, _)| *key).collect();
        let values = entries.iter().map(|(_, value)| *value).collect();
        Self { keys, values, ..Self::default() }
    }

    /// Returns the entries by key and value, as long as nothing was edited.
    pub(crate) fn entries(&self) -> (&[u64], &[u32]) {
        (&self.keys, &self.values)
    }

    /// Returns the positions under a key.
    pub(crate) fn get(&self, key: u64) -> impl Iterator<Item = u32> + '_ {
        let start = self.keys.partition_point(|k| *k < key);
        let run = self.keys[start..].iter().take_while(move |k| **k == key).count();
        let base = self.values[start..start + run].iter().copied();
        let pristine = self.gone.is_empty();
        base.filter(move |value| pristine || !self.gone.contains(&(key, *value)))
            .chain(self.added.get(&key).into_iter().flatten().copied())
    }

    /// Adds an entry.
    pub(crate) fn insert(&mut self, key: u64, value: u32) {
        if !self.gone.remove(&(key, value)) {
            self.added.entry(key).or_default().push(value);
        }
        self.edited();
    }

    /// Takes an entry away.
    pub(crate) fn remove(&mut self, key: u64, value: u32) {
        if let Some(added) = self.added.get_mut(&key)
            && let Some(at) = added.iter().position(|v| *v == value)
        {
            added.swap_remove(at);
            if added.is_empty() {
                self.added.remove(&key);
            }
        } else {
            self.gone.insert((key, value));
        }
        self.edited();
    }

    /// Sorts the edits in when there are many.
    fn edited(&mut self) {
        self.edits += 1;
        if self.edits < 4096 + self.keys.len() / 4 {
            return;
        }
        let base = self.keys.iter().copied().zip(self.values.iter().copied());
        let mut entries: Vec<_> = base.filter(|entry| !self.gone.contains(entry)).collect();
        for (key, values) in &self.added {
            entries.extend(values.iter().map(|value| (*key, *value)));
        }
        *self = Self::new(entries);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edited_index_holds_what_a_set_would() {
        let mut index = Index::new((0..50).map(|n| (n % 7, n as u32)).collect());
        let mut set: std::collections::BTreeSet<_> =
            (0..50_u64).map(|n| (n % 7, n as u32)).collect();
        let mut state = 1_u64;
        for _ in 0..20_000 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1);
            let entry = ((state >> 33) % 7, (state >> 40) as u32 % 60);
            if set.remove(&entry) {
                index.remove(entry.0, entry.1);
            } else {
                set.insert(entry);
                index.insert(entry.0, entry.1);
            }
        }
        for key in 0..7 {
            let mut found: Vec<_> = index.get(key).collect();
            found.sort_unstable();
            let expected: Vec<_> = set.range((key, 0)..(key + 1, 0)).map(|e| e.1).collect();
            assert_eq!(found, expected);
        }
    }
}
