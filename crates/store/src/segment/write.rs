//! Writing a segment and its sidecar.

use std::io::{BufWriter, Write};
use std::path::Path;

use onemap_generalise::{DropPlan, hilbert_of};
use onemap_model::{Bounds, Geometry, Layer};
use rayon::prelude::*;
use tempfile::NamedTempFile;
use uuid::Uuid;

use super::columns::Columns;
use super::encode::Traits;
use super::gather::{Spool, for_each_batch};
use super::item::{Item, Placed};
use super::sidecar::{self, Contents};
use super::{decode, header, plan, segment_path, sidecar_path, tree};
use crate::change::SegmentRef;
use crate::error::{Doing, StoreError};
use crate::map::{BlockSums, CheckedMap, Map};
use crate::spill::{Records, Sorter};
use crate::{Result, files};

/// What a segment is made of.
pub(crate) struct Draft<'a> {
    /// The layer; of its figures none is needed yet.
    pub(crate) layer: &'a Layer,
    pub(crate) columns: &'a Columns,
    pub(crate) traits: &'a Traits,
    /// Bytes of the features, in any order.
    pub(crate) spool: &'a Spool,
    /// The features; offsets are those in the spool. Versions are unique.
    pub(crate) items: Records<Item>,
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
pub(crate) fn write(tmp: &Path, draft: Draft<'_>) -> Result<Written> {
    let (layer, columns, traits) = (draft.layer, draft.columns, draft.traits);
    let bounds = traits.bounds.unwrap_or(Bounds::WORLD);
    let is_frozen = draft.plan.is_some();
    let mut plan = draft
        .plan
        .unwrap_or_else(|| plan::begin(&layer.display, &layer.schema, traits.class, bounds));
    let items = sort(draft.items, &plan.bounds, tmp)?;
    let names: Vec<String> = layer.schema.fields.iter().map(|f| f.name.clone()).collect();
    let source = plan::Source { bytes: draft.spool, columns, names: &names };
    let shares = plan::sample(&items, &source)?;
    let drops = plan::drop_items(&items, &plan, &source, &shares, tmp)?;
    let minzooms = if is_frozen {
        let mut kept = Vec::with_capacity(items.len());
        items.for_each_run(&mut |run| {
            kept.extend(run.iter().map(|placed| placed.item.minzoom));
            Ok(())
        })?;
        kept
    } else {
        plan::decide(&drops, &mut plan, &layer.display, &names, &shares)?
    };
    let head = header::encode(layer, columns, traits, &plan);
    let count = items.len() as u64;
    let index =
        tree::size(count).ok_or(StoreError::TooLarge("too many features for one segment"))?;

    let mut out = Out::new(tmp)?;
    out.put(&head)?;
    tree::write(count, &|put| for_each_leaf(&items, put), &mut |bytes| out.put(bytes))?;
    for_each_batch(&items, 0..items.len(), draft.spool, &mut |batch| out.put(&batch.bytes))?;
    let done = out.finish()?;
    let name =
        SegmentRef { hash: done.hash.to_hex().to_string(), bytes: done.len, features: count };
    let contents = Contents {
        name: &name,
        items: &items,
        drops: &drops,
        minzooms: &minzooms,
        features_at: head.len() as u64 + index,
        plan: &plan,
        times: &sorted_times(traits),
        states: traits.states,
        segment_sums: &done.sums,
    };
    let sidecar = sidecar::write(tmp, &contents)?;
    for file in [&done.file, &sidecar] {
        file.as_file().sync_all().doing("sync", file.path())?;
    }
    let mut first = Vec::new();
    // Those with a box come first.
    items.read(0..1, &mut first)?;
    let is_shown = first.first().is_some_and(|placed| placed.item.has_box());
    let maxzoom = plan.thresholds.len() as u8;
    Ok(Written {
        name,
        minzoom: if is_shown { 0 } else { maxzoom },
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
    let plan = &head.plan;
    let mut items = Records::new(tmp);
    let (mut geometry, mut values) = (Geometry::default(), Vec::new());
    let mut traits = Traits::default();
    let mut at = head.features_at;
    while at < name.bytes {
        let damaged = |what| StoreError::damaged(path, at, what);
        let prefix = data.get(at, 4)?.try_into().map_or(0, u32::from_le_bytes);
        let bytes = data.get(at, prefix as usize + 4)?;
        let found =
            decode::values(bytes, &head.columns, &|_| false, &mut values).map_err(damaged)?;
        let shape = decode::geometry(bytes, &mut geometry).map_err(damaged)?.then_some(&geometry);
        let len = bytes.len() as u32;
        let item = Item::new((found.id.get(), found.valid), shape, at, len);
        items.push(Placed { hilbert: hilbert_of(item.center(), &plan.bounds), item })?;
        traits.note_life(found.valid, found.state);
        at += u64::from(len);
    }
    let source = plan::Source { bytes: map, columns: &head.columns, names: &head.names };
    let shares = plan::sample(&items, &source)?;
    let drops = plan::drop_items(&items, plan, &source, &shares, tmp)?;
    let contents = Contents {
        name,
        items: &items,
        drops: &drops,
        minzooms: &onemap_generalise::first_zooms(&drops, plan)?,
        features_at: head.features_at,
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

/// Sorts along the Hilbert curve of the layer.
fn sort(items: Records<Item>, bounds: &Bounds, tmp: &Path) -> Result<Records<Placed>> {
    let mut sorter = Sorter::new(tmp);
    let place = |&item: &Item| Placed { hilbert: hilbert_of(item.center(), bounds), item };
    items.for_each_run(&mut |run| sorter.extend(run.par_iter().map(place).collect::<Vec<_>>()))?;
    drop(items);
    let mut sorted = Records::new(tmp);
    sorter.for_each_run(&mut |run| sorted.extend(run.iter().copied()))?;
    Ok(sorted)
}

/// Gives the leaves of the tree over all features: offsets count from the first one.
fn for_each_leaf(items: &Records<Placed>, put: &mut tree::PutLeaf<'_>) -> Result<()> {
    let mut at = 0;
    items.for_each_run(&mut |run| {
        run.iter().try_for_each(|Placed { item, .. }| {
            let here = at;
            at += u64::from(item.len);
            put(item.bbox, here)
        })
    })
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
