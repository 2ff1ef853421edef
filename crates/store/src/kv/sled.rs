//! sled 0.34, kept at arm's length (see `decisions/0001-sled-is-a-cache.md`).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use super::{Batch, Kv, KvError, Pairs};

/// Memory that sled may use for its page cache, bytes.
const CACHE_BYTES: u64 = 16 << 20;
/// How often sled writes what it buffers, milliseconds. A killed process loses at most this much of
/// the cache, which is then read again from the log.
const FLUSH_MS: u64 = 500;

/// A sled database in a folder.
#[derive(Debug)]
pub struct SledKv {
    db: sled::Db,
}

impl SledKv {
    /// Opens or creates the database. Damaged files are an error, also where sled would panic.
    pub fn open(path: &Path) -> Result<Self, KvError> {
        let config = sled::Config::new()
            .path(path)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(Some(FLUSH_MS))
            .mode(sled::Mode::LowSpace);
        guarded(|| config.open()).map(|db| Self { db })
    }
}

impl Kv for SledKv {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, KvError> {
        guarded(|| self.db.get(key)).map(|value| value.map(|v| v.to_vec()))
    }

    fn scan(&self, prefix: &[u8]) -> Result<Pairs, KvError> {
        guarded(|| {
            let found = self.db.scan_prefix(prefix);
            found.map(|pair| pair.map(|(k, v)| (k.to_vec(), v.to_vec()))).collect()
        })
    }

    fn apply(&self, batch: &Batch) -> Result<(), KvError> {
        batch.check()?;
        let mut changes = sled::Batch::default();
        for (key, value) in &batch.changes {
            match value {
                Some(value) => changes.insert(key.as_slice(), value.as_slice()),
                None => changes.remove(key.as_slice()),
            }
        }
        guarded(|| self.db.apply_batch(changes))
    }

    fn flush(&self) -> Result<(), KvError> {
        guarded(|| self.db.flush()).map(|_| ())
    }
}

/// Turns sled's errors and panics into errors: it panics on some damaged files.
fn guarded<T>(work: impl FnOnce() -> sled::Result<T>) -> Result<T, KvError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(KvError::Engine(error.to_string())),
        Err(_) => Err(KvError::Engine("panicked: its files are damaged".to_owned())),
    }
}
