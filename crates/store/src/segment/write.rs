//! Writing a segment and its sidecar.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use onemap_generalise::{DropPlan, hilbert_of};
use onemap_model::{Bounds, Geometry, Layer};
use rayon::prelude::*;
use tempfile::NamedTempFile;
use uuid::Uuid;

use super::columns::Columns;
use super::encode::Traits;
use super::item::Item;
use super::sidecar::{self, Contents};
use super::{decode, header, plan, segment_path, sidecar_path, tree};
use crate::change::SegmentRef;
use crate::error::{Doing, StoreError};
use crate::map::{BlockSums, CheckedMap, Map};
use crate::{Result, files};

/// What a segment is made of.
pub(crate) struct Draft<'a> {
    /// The layer; of its figures none is needed yet.
    pub(crate) layer: &'a Layer,
    pub(crate) columns: &'a Columns,
    pub(crate) traits: &'a Traits,
    /// Bytes of the features, in any order.
    pub(crate) bytes: &'a [u8],
    /// The features; offsets count from the begin of `bytes`. Versions are unique.
    pub(crate) items: Vec<Item>,
    /// The plan that the items' first zooms follow; `None` makes one and decides them.
    pub(crate) plan: Option<DropPlan>,
}

/// A segment that is on the disk, but not yet under its name: dropping it removes it.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) name: SegmentRef,
    pub(crate) minzoom: u8,
    pub(crate) maxzoom: u8,
    segment: NamedTempFile,
    sidecar: NamedTempFile,
}

impl Written {
    /// Gives segment and sidecar their names, durably; returns whether they are new.
    pub(crate) fn put_in_place(self, dir: &Path, layer: Uuid) -> Result<bool> {
        let path = segment_path(dir, layer, &self.name);
        path.parent().map_or(Ok(()), files::create_dir)?;
        let new = !path.exists();
        files::put_in_place(self.sidecar, &sidecar_path(&path))?;
        files::put_in_place(self.segment, &path)?;
        Ok(new)
    }
}

/// Writes a segment and its sidecar to temporary files: sorted on the Hilbert curve, indexed, synced.
pub(crate) fn write(tmp: &Path, mut draft: Draft<'_>) -> Result<Written> {
    let (layer, columns, traits) = (draft.layer, draft.columns, draft.traits);
    let bounds = traits.bounds.unwrap_or(Bounds::WORLD);
    let frozen = draft.plan.is_some();
    let mut plan = draft
        .plan
        .unwrap_or_else(|| plan::begin(&layer.display, &layer.schema, traits.class, bounds));
    let (mut items, hilberts) = sort(&draft.items, &plan.bounds);
    draft.items = Vec::new();
    let names: Vec<String> = layer.schema.fields.iter().map(|f| f.name.clone()).collect();
    let source = plan::Source { bytes: draft.bytes, columns, names: &names };
    let drop_items = plan::drop_items(&items, &hilberts, &plan, &source);
    if !frozen {
        plan::decide(&mut items, &drop_items, &mut plan, &layer.display, &source);
    }
    let head = header::encode(layer, columns, traits, &plan);
    let count = items.len() as u64;
    let index =
        tree::size(count).ok_or(StoreError::TooLarge("too many features for one segment"))?;
    let features_at = head.len() as u64 + index;
    let offsets = offsets(&items, features_at);

    let mut out = Out::new(tmp)?;
    out.put(&head)?;
    tree::write(count, |i| leaf(&items, &offsets, features_at, i), &mut |bytes| out.put(bytes))?;
    for item in &items {
        let from = item.offset as usize;
        let bytes = draft.bytes.get(from..from + item.len as usize);
        out.put(bytes.ok_or(StoreError::TooLarge("a spooled feature is missing"))?)?;
    }
    let done = out.finish()?;
    let name =
        SegmentRef { hash: done.hash.to_hex().to_string(), bytes: done.len, features: count };
    let contents = Contents {
        name: &name,
        items: &items,
        drop_items: &drop_items,
        offsets: &offsets,
        plan: &plan,
        times: &sorted_times(traits),
        states: traits.states,
        segment_sums: &done.sums,
    };
    let sidecar = sidecar::write(tmp, &contents)?;
    for file in [&done.file, &sidecar] {
        file.as_file().sync_all().doing("sync", file.path())?;
    }
    let shown = items.iter().any(Item::has_box);
    let maxzoom = plan.thresholds.len() as u8;
    Ok(Written {
        name,
        minzoom: if shown { 0 } else { maxzoom },
        maxzoom,
        segment: done.file,
        sidecar,
    })
}

/// Makes a lost or damaged sidecar again, once the segment has proved to be what its name says. The first zooms
/// follow from the plan that the segment carries; only points and joined lines that were edited since the
/// import may show at another zoom than before.
pub(super) fn rebuild_sidecar(map: &Map, name: &SegmentRef, to: &Path, tmp: &Path) -> Result<()> {
    check_name(map.bytes(), name, map.path())?;
    let mut sums = BlockSums::default();
    sums.update(map.bytes());
    let sums = sums.finish();
    let path = map.path();
    let data = CheckedMap::new(Map::open(path)?, 0, map.bytes().len(), sums.clone())
        .ok_or_else(|| StoreError::damaged(path, 0, "it changed while it was read"))?;
    let head = header::read(&data)?;
    let (mut items, mut offsets) = (Vec::new(), Vec::new());
    let (mut geometry, mut values) = (Geometry::default(), Vec::new());
    let mut traits = Traits::default();
    let mut at = head.features_at;
    while at < name.bytes {
        let damaged = |what| StoreError::damaged(path, at, what);
        let prefix = data.get(at, 4)?.try_into().map_or(0, u32::from_le_bytes);
        let bytes = data.get(at, prefix as usize + 4)?;
        let found =
            decode::values(bytes, &head.columns, &|_| true, &mut values).map_err(damaged)?;
        let shape = decode::geometry(bytes, &mut geometry).map_err(damaged)?.then_some(&geometry);
        let len = bytes.len() as u32;
        let named = (found.id.get(), found.valid);
        items.push(Item::new(named, shape, values.iter().copied(), at, len));
        traits.note_life(found.valid, found.state);
        offsets.push(at);
        at += u64::from(len);
    }
    let plan = &head.plan;
    let hilberts: Vec<u32> = items.iter().map(|i| hilbert_of(i.center(), &plan.bounds)).collect();
    let source = plan::Source { bytes: map.bytes(), columns: &head.columns, names: &head.names };
    let drop_items = plan::drop_items(&items, &hilberts, plan, &source);
    let Ok(zooms) = onemap_generalise::first_zooms(&drop_items.as_slice(), plan);
    for (item, zoom) in items.iter_mut().zip(zooms) {
        item.minzoom = zoom;
    }
    let contents = Contents {
        name,
        items: &items,
        drop_items: &drop_items,
        offsets: &offsets,
        plan,
        times: &sorted_times(&traits),
        states: traits.states,
        segment_sums: &sums,
    };
    files::put_in_place(sidecar::write(tmp, &contents)?, to)
}

fn sorted_times(traits: &Traits) -> Vec<i64> {
    let mut times: Vec<i64> = traits.times.iter().copied().collect();
    times.par_sort_unstable();
    times
}

/// Compares a segment with its name.
pub(super) fn check_name(bytes: &[u8], name: &SegmentRef, path: &Path) -> Result<()> {
    if blake3::hash(bytes).to_hex().as_str() == name.hash {
        Ok(())
    } else {
        Err(StoreError::damaged(path, 0, "its content is not what its name says"))
    }
}

/// Sorts along the Hilbert curve of the layer, features without a shape last; on equal places by id and begin.
fn sort(items: &[Item], bounds: &Bounds) -> (Vec<Item>, Vec<u32>) {
    let key = |(i, item): (usize, &Item)| {
        (!item.has_box(), hilbert_of(item.center(), bounds), item.id, item.from, i as u32)
    };
    let mut keys: Vec<_> = items.par_iter().enumerate().map(key).collect();
    keys.par_sort_unstable();
    let sorted = keys.par_iter().filter_map(|&(.., i)| items.get(i as usize).copied()).collect();
    (sorted, keys.into_iter().map(|(_, hilbert, ..)| hilbert).collect())
}

fn offsets(items: &[Item], first: u64) -> Vec<u64> {
    let mut at = first;
    let next = |item: &Item| {
        let here = at;
        at += u64::from(item.len);
        here
    };
    items.iter().map(next).collect()
}

fn leaf(items: &[Item], offsets: &[u64], features_at: u64, i: u64) -> ([f64; 4], u64) {
    let i = i as usize;
    let bbox = items.get(i).map_or(tree::EMPTY, |item| item.bbox);
    (bbox, offsets.get(i).map_or(0, |offset| offset - features_at))
}

/// A file that is hashed while it is written.
struct Out {
    file: BufWriter<NamedTempFile>,
    hasher: blake3::Hasher,
    sums: BlockSums,
    len: u64,
}

struct Done {
    file: NamedTempFile,
    hash: blake3::Hash,
    sums: Vec<u32>,
    len: u64,
}

impl Out {
    fn new(tmp: &Path) -> Result<Self> {
        let file = NamedTempFile::new_in(tmp).doing("create a file in", tmp)?;
        let file = BufWriter::with_capacity(1 << 20, file);
        Ok(Self { file, hasher: blake3::Hasher::new(), sums: BlockSums::default(), len: 0 })
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.hasher.update(bytes);
        self.sums.update(bytes);
        self.len += bytes.len() as u64;
        let Err(error) = self.file.write_all(bytes) else { return Ok(()) };
        Err(error).doing("write", self.file.get_ref().path())
    }

    fn finish(self) -> Result<Done> {
        let path = self.file.get_ref().path().to_owned();
        let file = self.file.into_inner().map_err(std::io::IntoInnerError::into_error);
        Ok(Done {
            file: file.doing("write", &path)?,
            hash: self.hasher.finalize(),
            sums: self.sums.finish(),
            len: self.len,
        })
    }
}

/// Appends encoded features to an unnamed file and maps it in the end.
#[derive(Debug)]
pub(crate) struct Spool {
    file: File,
    len: u64,
    dir: std::path::PathBuf,
}

impl Spool {
    pub(crate) fn new(tmp: &Path) -> Result<Self> {
        let file = tempfile::tempfile_in(tmp).doing("create a file in", tmp)?;
        Ok(Self { file, len: 0, dir: tmp.to_owned() })
    }

    /// Appends bytes and returns where they begin.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<u64> {
        let at = self.len;
        self.file.write_all(bytes).doing("write a temporary file in", &self.dir)?;
        self.len += bytes.len() as u64;
        Ok(at)
    }

    pub(crate) fn map(&self) -> Result<Map> {
        Map::of_file(&self.file, &self.dir)
    }
}
