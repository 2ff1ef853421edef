//! The catalogue as the log tells it, and its copy in the key-value cache.

use std::collections::{BTreeMap, BTreeSet};

use onemap_model::{Layer, Revision};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::change::{Change, Content, Entry, SegmentRef, count_edits, draw_alike};
use crate::kv::{Batch, Kv, KvError};
use crate::log::{LogPos, Tip};

/// Values are cut into pieces of so many bytes.
const PIECE: usize = 12 * 1024;

const META: &[u8] = b"meta";
const LAYER: &[u8] = b"layer/";
const EDIT: &[u8] = b"edit/";
const OLD: &[u8] = b"old/";

/// Where the log stood when the cache was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Meta {
    pub(crate) format: u32,
    pub(crate) store: Uuid,
    pub(crate) tip: Tip,
    /// Where the last frame begins.
    pub(crate) last: LogPos,
}

/// Layout of the cache; another number makes it anew.
pub(crate) const CACHE_FORMAT: u32 = 1;

/// A layer of the catalogue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) layer: Layer,
    pub(crate) segments: Vec<SegmentRef>,
    /// The last revision that may have changed every tile.
    pub(crate) base: Revision,
    /// Edits up to this revision are in the segments or replaced by them.
    pub(crate) folded: Revision,
    /// Edits that lie over the segments: their revisions, and where the log has them.
    #[serde(skip)]
    pub(crate) pending: BTreeMap<Revision, LogPos>,
}

/// The catalogue: the sum of all entries of the log.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Book {
    pub(crate) layers: BTreeMap<Uuid, Record>,
    /// Segments that show no more, with their layers; kept for reading old revisions.
    pub(crate) old: BTreeSet<(Uuid, SegmentRef)>,
}

impl Book {
    /// Adds an entry of the log and returns what changes in the cache.
    pub(crate) fn apply(&mut self, entry: &Entry, at: LogPos) -> Batch {
        let mut batch = Batch::default();
        let revision = entry.revision;
        match &entry.change {
            Change::Imported { layers } => {
                for content in layers {
                    self.set_content(content, revision, &mut batch);
                }
            }
            Change::Compacted { layer } => self.set_content(layer, revision, &mut batch),
            Change::Edited { layer, edits } => {
                if let Some(record) = self.layers.get_mut(layer) {
                    count_edits(&mut record.layer, edits, revision);
                    record.pending.insert(revision, at);
                    put(&mut batch, &edit_key(*layer, revision), &at);
                    put(&mut batch, &key(LAYER, *layer), record);
                }
            }
            Change::Described { layer } => {
                if let Some(record) = self.layers.get_mut(&layer.uuid) {
                    if !draw_alike(&record.layer, layer) {
                        record.base = revision;
                    }
                    record.layer = layer.clone();
                    put(&mut batch, &key(LAYER, layer.uuid), record);
                }
            }
            Change::Removed { layer } => {
                if let Some(record) = self.layers.remove(layer) {
                    batch.delete(piece_key(&key(LAYER, *layer), 0));
                    self.retire(*layer, &record.segments, &mut batch);
                    delete_edits(*layer, record.pending.keys(), &mut batch);
                }
            }
            Change::Forgotten { segments } => {
                for (layer, name) in segments {
                    self.old.remove(&(*layer, name.clone()));
                    batch.delete(piece_key(&old_key(*layer, name), 0));
                }
            }
        }
        batch
    }

    fn set_content(&mut self, content: &Content, revision: Revision, batch: &mut Batch) {
        let uuid = content.layer.uuid;
        let before = self.layers.remove(&uuid);
        let same = before.as_ref().is_some_and(|b| {
            b.segments == content.segments
                && draw_alike(&b.layer, &content.layer)
                && b.pending.is_empty()
        });
        let mut pending = BTreeMap::new();
        if let Some(before) = &before {
            pending = before.pending.clone();
            let kept = pending.split_off(&content.folded.next());
            delete_edits(uuid, pending.keys(), batch);
            pending = kept;
        }
        for name in &content.segments {
            self.old.remove(&(uuid, name.clone()));
            batch.delete(piece_key(&old_key(uuid, name), 0));
        }
        let gone: Vec<_> =
            content.replaced.iter().filter(|n| !content.segments.contains(n)).cloned().collect();
        self.retire(uuid, &gone, batch);
        let base = before.filter(|_| same).map_or(revision, |b| b.base);
        let record = Record {
            layer: content.layer.clone(),
            segments: content.segments.clone(),
            base,
            folded: content.folded,
            pending,
        };
        put(batch, &key(LAYER, uuid), &record);
        self.layers.insert(uuid, record);
    }

    fn retire(&mut self, layer: Uuid, segments: &[SegmentRef], batch: &mut Batch) {
        for name in segments {
            self.old.insert((layer, name.clone()));
            put(batch, &old_key(layer, name), &(layer, name));
        }
    }

    /// Reads the cache; `None` when it is empty, of another store or another format.
    pub(crate) fn load(kv: &dyn Kv, store: Uuid) -> Result<Option<(Self, Meta)>, KvError> {
        let Some(meta) = read_meta(kv, store)? else { return Ok(None) };
        let mut book = Self::default();
        for bytes in join(kv.scan(LAYER)?, LAYER.len() + 16) {
            let record: Record = decode(&bytes)?;
            book.layers.insert(record.layer.uuid, record);
        }
        for bytes in join(kv.scan(OLD)?, OLD.len() + 32) {
            book.old.insert(decode(&bytes)?);
        }
        for (key, bytes) in kv.scan(EDIT)? {
            let ids = key.get(EDIT.len()..).filter(|ids| ids.len() >= 24);
            let (uuid, revision) = ids.map(|ids| ids.split_at(16)).ok_or_else(corrupt)?;
            let uuid = Uuid::from_slice(uuid).map_err(|_| corrupt())?;
            let revision = revision.first_chunk().copied().map(u64::from_be_bytes);
            let record = book.layers.get_mut(&uuid).ok_or_else(corrupt)?;
            record.pending.insert(Revision(revision.ok_or_else(corrupt)?), decode(&bytes)?);
        }
        Ok(Some((book, meta)))
    }
}

/// Notes in a batch where the log stands after it.
pub(crate) fn put_meta(batch: &mut Batch, meta: &Meta) {
    put(batch, META, meta);
}

fn read_meta(kv: &dyn Kv, store: Uuid) -> Result<Option<Meta>, KvError> {
    let Some(bytes) = kv.get(&piece_key(META, 0))? else { return Ok(None) };
    // Another format is no error: the cache is made anew.
    let meta = rmp_serde::from_slice::<Meta>(&bytes).ok();
    Ok(meta.filter(|meta| meta.format == CACHE_FORMAT && meta.store == store))
}

fn corrupt() -> KvError {
    KvError::Engine("a record of the catalogue cache cannot be read".to_owned())
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, KvError> {
    rmp_serde::from_slice(bytes).map_err(|_| corrupt())
}

fn key(prefix: &[u8], layer: Uuid) -> Vec<u8> {
    [prefix, layer.as_bytes()].concat()
}

fn edit_key(layer: Uuid, revision: Revision) -> Vec<u8> {
    [EDIT, layer.as_bytes(), &revision.0.to_be_bytes()].concat()
}

fn old_key(layer: Uuid, name: &SegmentRef) -> Vec<u8> {
    let hash = name.hash.as_bytes();
    [OLD, layer.as_bytes(), hash.get(..16).unwrap_or(hash)].concat()
}

fn piece_key(key: &[u8], piece: u16) -> Vec<u8> {
    [key, &piece.to_be_bytes()].concat()
}

fn delete_edits<'a>(layer: Uuid, edits: impl Iterator<Item = &'a Revision>, batch: &mut Batch) {
    for revision in edits {
        batch.delete(piece_key(&edit_key(layer, *revision), 0));
    }
}

/// Puts a value in pieces, and ends them with a gap, so that pieces of an older, longer value are not
/// taken for its end.
fn put(batch: &mut Batch, key: &[u8], value: &impl Serialize) {
    let bytes = rmp_serde::to_vec_named(value).unwrap_or_default();
    let mut number = 0;
    for piece in bytes.chunks(PIECE) {
        batch.put(piece_key(key, number), piece);
        number += 1;
    }
    batch.delete(piece_key(key, number));
}

/// Joins pieces: pairs whose key is alike in its first `len` bytes and whose numbers follow each other.
fn join(pairs: Vec<(Vec<u8>, Vec<u8>)>, len: usize) -> Vec<Vec<u8>> {
    let mut joined: Vec<(Vec<u8>, u16, Vec<u8>)> = Vec::new();
    for (key, value) in pairs {
        let Some((stem, number)) = key.split_at_checked(len) else { continue };
        let number = number.first_chunk().copied().map_or(0, u16::from_be_bytes);
        match joined.last_mut() {
            Some((last, next, bytes)) if *last == stem && *next == number => {
                bytes.extend_from_slice(&value);
                *next += 1;
            }
            Some((last, ..)) if *last == stem => {}
            _ if number == 0 => joined.push((stem.to_vec(), 1, value)),
            _ => {}
        }
    }
    joined.into_iter().map(|(_, _, bytes)| bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kv::MemoryKv;

    #[test]
    fn a_long_value_that_becomes_short_leaves_no_tail() {
        let kv = MemoryKv::default();
        let layer = Uuid::from_u128(7);
        for len in [40_000_usize, 100, 30_000] {
            let text = "x".repeat(len);
            let mut batch = Batch::default();
            put(&mut batch, &key(LAYER, layer), &text);
            kv.apply(&batch).unwrap();
            let found = join(kv.scan(LAYER).unwrap(), LAYER.len() + 16);
            assert_eq!(found.len(), 1);
            assert_eq!(decode::<String>(&found[0]).unwrap(), text);
        }
    }
}
