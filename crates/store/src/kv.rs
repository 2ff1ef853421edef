//! The small key-value store that caches the catalogue: one trait, sled and an in-memory twin.
//!
//! What is in it can be rebuilt from the log, so nothing here has to survive a power cut; a batch
//! has to be applied as a whole or not at all, also when the process is killed.

mod memory;
mod sled;

pub use memory::MemoryKv;
pub use sled::SledKv;

/// The most bytes of one value; sled writes greater ones to files that it does not sync.
pub const MAX_VALUE: usize = 16 * 1024;

/// Pairs of key and value, in the order of the keys.
pub type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// Why a key-value store failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KvError {
    /// A value is longer than [`MAX_VALUE`].
    #[error("a value of {0} bytes is longer than the 16384 that the catalogue cache takes")]
    TooLarge(usize),
    /// The engine failed, or its files are damaged.
    #[error("sled: {0}")]
    Engine(String),
}

/// Puts and deletions that are applied together; the last one for a key wins.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Keys with their new value; `None` deletes the key.
    pub changes: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl Batch {
    /// Sets a key.
    pub fn put(&mut self, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.changes.push((key.into(), Some(value.into())));
    }

    /// Deletes a key; one that is not there is no error.
    pub fn delete(&mut self, key: impl Into<Vec<u8>>) {
        self.changes.push((key.into(), None));
    }

    /// Refuses values that are too long, before anything is applied.
    fn check(&self) -> Result<(), KvError> {
        let too_large =
            self.changes.iter().filter_map(|(_, v)| v.as_ref()).find(|v| v.len() > MAX_VALUE);
        too_large.map_or(Ok(()), |v| Err(KvError::TooLarge(v.len())))
    }
}

/// A key-value store with ordered keys.
pub trait Kv: Send + Sync {
    /// Returns the value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, KvError>;

    /// Returns all pairs whose key starts with `prefix`.
    fn scan(&self, prefix: &[u8]) -> Result<Pairs, KvError>;

    /// Applies a batch, all or nothing.
    fn apply(&self, batch: &Batch) -> Result<(), KvError>;

    /// Hands everything applied so far to the operating system.
    fn flush(&self) -> Result<(), KvError>;
}

#[cfg(test)]
mod conformance {
    //! The suite that every implementation passes.
    use super::*;

    fn put(kv: &dyn Kv, pairs: &[(&str, &str)]) {
        let mut batch = Batch::default();
        for (k, v) in pairs {
            batch.put(*k, *v);
        }
        kv.apply(&batch).unwrap();
    }

    fn suite(kv: &dyn Kv) {
        assert_eq!(kv.get(b"a").unwrap(), None);
        put(kv, &[("b/2", "two"), ("a", "x"), ("b/1", "one"), ("c", "")]);
        assert_eq!(kv.get(b"a").unwrap().unwrap(), b"x");
        assert_eq!(kv.get(b"c").unwrap().unwrap(), b"");
        let found = kv.scan(b"b/").unwrap();
        let keys: Vec<&[u8]> = found.iter().map(|(k, _)| k.as_slice()).collect();
        assert_eq!(keys, [b"b/1", b"b/2"], "a scan is in the order of the keys");
        assert_eq!(kv.scan(b"").unwrap().len(), 4);
        assert_eq!(kv.scan(b"z").unwrap(), vec![]);

        let mut batch = Batch::default();
        batch.delete("a");
        batch.delete("never was there");
        batch.put("b/1", "first");
        batch.put("b/1", "second");
        batch.put("d", "x");
        batch.delete("d");
        kv.apply(&batch).unwrap();
        assert_eq!(kv.get(b"a").unwrap(), None);
        assert_eq!(kv.get(b"d").unwrap(), None, "the last change of a key wins");
        assert_eq!(kv.get(b"b/1").unwrap().unwrap(), b"second");

        let mut batch = Batch::default();
        batch.put("small", "x");
        batch.put("large", vec![7; MAX_VALUE + 1]);
        assert!(matches!(kv.apply(&batch), Err(KvError::TooLarge(_))));
        assert_eq!(kv.get(b"small").unwrap(), None, "a refused batch changes nothing");
        put(kv, &[("large", &"x".repeat(MAX_VALUE))]);
        assert_eq!(kv.get(b"large").unwrap().unwrap().len(), MAX_VALUE);
        kv.flush().unwrap();
    }

    #[test]
    fn the_memory_twin_passes_the_suite() {
        suite(&MemoryKv::default());
    }

    #[test]
    fn sled_passes_the_suite_and_keeps_it_over_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let kv = SledKv::open(dir.path()).unwrap();
        suite(&kv);
        let before = kv.scan(b"").unwrap();
        drop(kv);
        assert_eq!(SledKv::open(dir.path()).unwrap().scan(b"").unwrap(), before);
    }
}
