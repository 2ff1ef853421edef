//! Memory that searches borrow: marks that carry the number of their search, so that nothing is ever cleared.

use std::sync::{Mutex, PoisonError};

/// Marks on things by their positions, with a value each.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    epoch: u32,
    stamp: Vec<u32>,
    value: Vec<u32>,
}

impl Marks {
    /// Takes all marks away and makes room for `len` things.
    pub(crate) fn begin(&mut self, len: usize) {
        if self.epoch == u32::MAX {
            self.stamp.fill(0);
            self.epoch = 0;
        }
        self.epoch += 1;
        if self.stamp.len() < len {
            self.stamp.resize(len, 0);
            self.value.resize(len, 0);
        }
    }

    /// Returns the value of a marked thing.
    pub(crate) fn get(&self, at: u32) -> Option<u32> {
        let at = at as usize;
        (self.stamp[at] == self.epoch).then(|| self.value[at])
    }

    /// Tells whether the thing is marked.
    pub(crate) fn has(&self, at: u32) -> bool {
        self.stamp[at as usize] == self.epoch
    }

    /// Marks a thing, or changes its mark; tells whether it was not marked before.
    pub(crate) fn set(&mut self, at: u32, value: u32) -> bool {
        let at = at as usize;
        let new = self.stamp[at] != self.epoch;
        self.stamp[at] = self.epoch;
        self.value[at] = value;
        new
    }
}

/// What one search needs.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub nodes: Marks,
    pub links: Marks,
    pub zones: Marks,
    pub queue: Vec<u32>,
}

/// Scratches that are not in use.
#[derive(Debug, Default)]
pub(crate) struct Pool(Mutex<Vec<Scratch>>);

impl Pool {
    /// Lends a scratch to a search.
    pub(crate) fn with<T>(&self, search: impl FnOnce(&mut Scratch) -> T) -> T {
        let lent = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut scratch = lent.unwrap_or_default();
        scratch.queue.clear();
        let answer = search(&mut scratch);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
        answer
    }
}
