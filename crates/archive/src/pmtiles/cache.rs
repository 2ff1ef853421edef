//! The leaf directories that were used last.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::directory::Directory;
use crate::limits::MAX_CACHED_ENTRIES;

/// Leaves by their offset, at most [`MAX_CACHED_ENTRIES`] entries together. Looking one up walks a list: leaves
/// of writers have thousands of entries, so that the list has some hundred.
#[derive(Debug, Default)]
pub(crate) struct LeafCache(Mutex<Leaves>);

#[derive(Debug, Default)]
struct Leaves {
    /// Used last: at the front.
    leaves: VecDeque<(u64, Arc<Directory>)>,
    entries: usize,
}

/// Leaves held at most, however small they are.
const MAX_LEAVES: usize = 256;

impl LeafCache {
    /// Returns a leaf that is held.
    pub(crate) fn get(&self, offset: u64) -> Option<Arc<Directory>> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = held.leaves.iter().position(|(leaf, _)| *leaf == offset)?;
        let found = held.leaves.remove(at)?;
        let leaf = found.1.clone();
        held.leaves.push_front(found);
        Some(leaf)
    }

    /// Holds a leaf, and lets go of those not used for longest.
    pub(crate) fn put(&self, offset: u64, leaf: Arc<Directory>) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.leaves.iter().any(|(other, _)| *other == offset) {
            return;
        }
        held.entries += leaf.entries().len();
        held.leaves.push_front((offset, leaf));
        while held.entries > MAX_CACHED_ENTRIES || held.leaves.len() > MAX_LEAVES {
            let Some((_, old)) = held.leaves.pop_back() else { break };
            held.entries -= old.entries().len();
        }
    }
}
