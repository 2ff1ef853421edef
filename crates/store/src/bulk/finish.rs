//! From spooled features to a segment.

use onemap_model::{
    Feature, FeatureId, FeatureRef, FieldType, Geometry, Layer, Revision, Schema, Value, ValueRef,
};
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use uuid::Uuid;

use super::{Batch, BulkLayer, FinishedLayer, ImportCounts, ImportMode, LayerMeta};
use crate::Result;
use crate::error::StoreError;
use crate::segment::{Columns, Draft, EncodedBatch, Item, ReadAt, Spool, decode_spooled};
use crate::spill::{Records, Sorter};
use crate::state::{Everything, LayerEntry};
use crate::timeline::upsert;

/// Features that are encoded together.
const CHUNK: usize = 2048;
/// Chunks that are encoded side by side before they are written.
const CHUNKS: usize = 16;
/// Spooled features that are encoded anew together.
const PIECE: usize = 256;
/// The most imports that a layer remembers.
const MAX_LINEAGE: usize = 100;

/// The versions of a feature after an upsert.
struct Merged {
    versions: Vec<Feature>,
    /// Number of versions before.
    before: u64,
    /// Number of records that changed something.
    changed: u64,
}

impl BulkLayer {
    /// Writes the segment: existing features are folded in, values get their final types, everything is sorted
    /// and indexed. Takes most of an import's time after reading; uses all cores.
    pub fn finish(mut self, meta: LayerMeta) -> Result<FinishedLayer> {
        self.check_schema(&meta.schema)?;
        let pushed = self.items.len() as u64;
        let (folded, counts) = self.fold(&meta.schema, pushed)?;
        self.check_unique()?;
        self.settle(&meta.schema)?;
        let new_lineage = meta.lineage.len();
        let mut layer = self.describe(meta);
        let written = if self.items.is_empty() {
            None
        } else {
            let columns = Columns::finished(&layer.schema, self.traits.given);
            let tmp = &self.store.paths.tmp;
            let items = std::mem::replace(&mut self.items, Records::new(tmp));
            let draft = Draft {
                layer: &layer,
                columns: &columns,
                traits: &self.traits,
                spool: &self.spool,
                items,
                plan: self.frozen.take(),
            };
            Some(crate::segment::write(tmp, draft)?)
        };
        if let Some(written) = &written {
            layer.minzoom = layer.display.minzoom.unwrap_or(0).max(written.minzoom);
            layer.maxzoom = written.maxzoom;
        }
        if let Some(archive) = &layer.archive {
            layer.bounds = Some(archive.bounds);
            layer.minzoom = archive.minzoom;
            layer.maxzoom = archive.maxzoom;
        }
        if let Some(tileset) = &layer.tileset {
            layer.bounds = tileset.bounds;
        }
        Ok(FinishedLayer {
            plan: self.plan,
            busy: self.busy,
            layer,
            new_lineage,
            written,
            folded,
            counts,
        })
    }

    fn check_schema(&self, schema: &Schema) -> Result<()> {
        let wrong =
            |reason: String| Err(StoreError::Schema { layer: self.plan.id.clone(), reason });
        if schema.fields.len() > Schema::MAX_FIELDS {
            let (n, max) = (schema.fields.len(), Schema::MAX_FIELDS);
            return wrong(format!("{n} fields are more than the {max} that a layer may have"));
        }
        let mut names = FxHashSet::default();
        if let Some(twice) = schema.fields.iter().find(|f| !names.insert(&f.name)) {
            return wrong(format!("two fields are named '{}'", twice.name));
        }
        let most = self.batches.iter().map(|b| b.kinds.len()).max().unwrap_or(0);
        if most > schema.fields.len() {
            let n = schema.fields.len();
            return wrong(format!("features have {most} values, but there are {n} fields"));
        }
        if let (Some(entry), true) = (&self.existing, self.keeps_features()) {
            for (i, field) in entry.layer.schema.fields.iter().enumerate() {
                if schema.fields.get(i).is_none_or(|f| f.name != field.name) {
                    return wrong(format!(
                        "field '{}' of the existing layer is missing",
                        field.name
                    ));
                }
            }
        }
        Ok(())
    }

    fn keeps_features(&self) -> bool {
        matches!(self.plan.mode, ImportMode::Append | ImportMode::Upsert)
    }

    /// Adds the features of the existing layer that stay. Returns the revision up to which edits are now
    /// included, and what became of the features.
    fn fold(&mut self, schema: &Schema, pushed: u64) -> Result<(Option<Revision>, ImportCounts)> {
        let mut counts = ImportCounts { added: pushed, ..ImportCounts::default() };
        if !self.keeps_features() {
            return Ok((None, counts));
        }
        // The layer as it is now: edits may have come while the source was read.
        let state = self.store.state();
        let Some(entry) = state.layers.get(&self.plan.id).cloned() else {
            return Ok((None, counts));
        };
        let at = state.revision;
        let mut coming: FxHashSet<u64> = FxHashSet::default();
        if self.plan.mode == ImportMode::Upsert {
            self.items.for_each_run(&mut |run| {
                coming.extend(run.iter().map(|item| item.id));
                Ok(())
            })?;
            self.upsert(&entry, at, schema, &mut counts)?;
        }
        counts.kept += self.fold_features(&entry, at, |id| !coming.contains(&id.get()))?;
        Ok((Some(at), counts))
    }

    /// Puts what comes for features that are there among their versions: one that is as it was is no new version,
    /// one that changed closes the version before.
    fn upsert(
        &mut self,
        entry: &LayerEntry,
        at: Revision,
        schema: &Schema,
        counts: &mut ImportCounts,
    ) -> Result<()> {
        let fields = schema.fields.len();
        let columns: Vec<(usize, Columns)> =
            self.batches.iter().map(|b| (b.items.end, Columns::spooled(&b.kinds))).collect();
        let mut by_id: Vec<(u64, i64, usize)> = Vec::with_capacity(self.items.len());
        self.items.for_each_run(&mut |run| {
            let first = by_id.len();
            by_id.extend((first..).zip(run).map(|(i, item)| (item.id, item.from, i)));
            Ok(())
        })?;
        by_id.par_sort_unstable();
        let (items, spool, now) = (&self.items, &self.spool, self.now);
        // The features that are there already, in the order of the source: their merged versions.
        let groups: Vec<&[(u64, i64, usize)]> = by_id.chunk_by(|a, b| a.0 == b.0).collect();
        let merged: Vec<Result<Option<Merged>>> = groups
            .par_iter()
            .map(|group| {
                let Some(id) = group.first().and_then(|g| FeatureId::new(g.0).ok()) else {
                    return Ok(None);
                };
                let old = entry.content.versions(id, at, fields)?;
                if old.is_empty() {
                    return Ok(None);
                }
                let mut versions: Vec<Feature> =
                    old.into_iter().map(|(feature, _)| coerced(feature, schema)).collect();
                let before = versions.len();
                let mut changed = 0;
                let (mut item, mut bytes) = (Vec::new(), Vec::new());
                for &(_, _, i) in *group {
                    items.read(i..i + 1, &mut item)?;
                    let Some(item) = item.first() else { continue };
                    let batch = columns.partition_point(|(end, _)| *end <= i);
                    let Some((_, columns)) = columns.get(batch) else { continue };
                    bytes.resize(item.len as usize, 0);
                    spool.read_at(item.offset, &mut bytes)?;
                    let coming = spooled_feature(&bytes, columns)?;
                    changed += u64::from(upsert(&mut versions, coerced(coming, schema), now));
                }
                Ok(Some(Merged { versions, before: before as u64, changed }))
            })
            .collect();
        let mut dropped = vec![false; self.items.len()];
        let mut kept: Vec<Feature> = Vec::new();
        for (group, merged) in groups.iter().zip(merged) {
            let Some(merged) = merged? else { continue };
            for &(_, _, i) in *group {
                if let Some(slot) = dropped.get_mut(i) {
                    *slot = true;
                }
            }
            counts.added -= group.len() as u64;
            counts.replaced += merged.changed;
            counts.kept += merged.before.saturating_sub(merged.changed.min(1));
            kept.extend(merged.versions);
        }
        self.drop_items(&dropped)?;
        self.push_features(&kept, &|_| Ok(None))
    }

    /// Takes out items that were pushed; their bytes stay in the spool.
    fn drop_items(&mut self, dropped: &[bool]) -> Result<()> {
        if !dropped.contains(&true) {
            return Ok(());
        }
        let mut left = Records::new(&self.store.paths.tmp);
        let mut flags = dropped.iter();
        let mut with_geometry = 0;
        self.items.for_each_run(&mut |run| {
            let stay = run.iter().zip(&mut flags).filter(|(_, dropped)| !**dropped);
            left.extend(stay.map(|(item, _)| {
                with_geometry += u64::from(item.has_box());
                *item
            }))
        })?;
        let mut first = 0;
        for batch in &mut self.batches {
            let flags = dropped.get(batch.items.clone()).unwrap_or(&[]);
            let end = first + flags.iter().filter(|dropped| !**dropped).count();
            batch.items = first..end;
            first = end;
        }
        self.items = left;
        self.traits.features = self.items.len() as u64;
        self.traits.with_geometry = with_geometry;
        Ok(())
    }

    /// Pushes the features of a layer that `keep` wants, and returns their number. In a compaction they keep
    /// their first zooms.
    fn fold_features(
        &mut self,
        entry: &LayerEntry,
        at: Revision,
        mut keep: impl FnMut(FeatureId) -> bool,
    ) -> Result<u64> {
        let fields = entry.layer.schema.fields.len();
        let mut waiting: Vec<Feature> = Vec::with_capacity(CHUNK * CHUNKS);
        let mut kept = 0;
        let mut failed = Ok(());
        let mut push = |feature: FeatureRef<'_>| {
            if keep(feature.id) {
                kept += 1;
                waiting.push(feature.to_feature());
            }
            if waiting.len() == CHUNK * CHUNKS {
                failed = self.push_kept(&waiting, entry, at);
                waiting.clear();
            }
            match failed {
                Ok(()) => std::ops::ControlFlow::Continue(()),
                Err(_) => std::ops::ControlFlow::Break(()),
            }
        };
        let _flow = entry.content.for_each(at, fields, None, &Everything, &mut push)?;
        failed?;
        self.push_kept(&waiting, entry, at)?;
        Ok(kept)
    }

    fn push_kept(&mut self, features: &[Feature], entry: &LayerEntry, at: Revision) -> Result<()> {
        if self.frozen.is_none() {
            return self.push_features(features, &|_| Ok(None));
        }
        self.push_features(features, &|feature| {
            entry.content.zoom_of(feature.id, feature.valid, at).map(Some)
        })
    }

    /// Pushes features, which show from the zoom on that `zoom_of` knows.
    fn push_features(
        &mut self,
        features: &[Feature],
        zoom_of: &(dyn Fn(&Feature) -> Result<Option<u8>> + Sync),
    ) -> Result<()> {
        let encode = |features: &[Feature]| {
            let mut batch = EncodedBatch::encode(features)?;
            for (item, feature) in batch.items.iter_mut().zip(features) {
                item.minzoom = zoom_of(feature)?.unwrap_or(item.minzoom);
            }
            Ok(batch)
        };
        let encoded: Vec<Result<EncodedBatch>> = features.par_chunks(CHUNK).map(encode).collect();
        encoded.into_iter().try_for_each(|batch| self.push(&batch?))
    }

    fn check_unique(&self) -> Result<()> {
        let mut versions = Sorter::new(&self.store.paths.tmp);
        self.items.for_each_run(&mut |run| {
            versions.extend(run.iter().map(|item| (item.id, item.from)))
        })?;
        let (mut last, mut first, mut count) = (None, None, 0);
        versions.for_each_run(&mut |run| {
            for &version in run {
                if last.replace(version) == Some(version) {
                    first.get_or_insert(version.0);
                    count += 1;
                }
            }
            Ok(())
        })?;
        let Some(first) = first else { return Ok(()) };
        Err(StoreError::DuplicateIds { layer: self.plan.id.clone(), count, first })
    }

    /// Gives all spooled features the columns of the finished segment. Most have them already.
    fn settle(&mut self, schema: &Schema) -> Result<()> {
        let kinds: Vec<Option<FieldType>> = schema.fields.iter().map(|f| Some(f.kind)).collect();
        let settled = |batch: &Batch| {
            let same = batch.kinds.iter().zip(&kinds).all(|(a, b)| a.is_none() || a == b);
            same && !batch.has_extras
        };
        if self.batches.iter().all(settled) {
            return Ok(());
        }
        let columns = Columns::finished(schema, self.traits.given);
        let tmp = &self.store.paths.tmp;
        let (mut spool, mut all) = (Spool::new(tmp)?, Records::new(tmp));
        let (mut items, mut bytes) = (Vec::new(), Vec::new());
        for batch in &self.batches {
            let spooled = Columns::spooled(&batch.kinds);
            for start in batch.items.clone().step_by(CHUNK) {
                self.items.read(start..(start + CHUNK).min(batch.items.end), &mut items)?;
                let first = items.first().map_or(0, |item| item.offset);
                // With the bytes of features that were dropped between them.
                let end = items.last().map_or(0, |item| item.offset + u64::from(item.len));
                bytes.resize((end - first) as usize, 0);
                self.spool.read_at(first, &mut bytes)?;
                for item in &mut items {
                    item.offset -= first;
                }
                if settled(batch) {
                    let at = spool.append(&bytes)?;
                    all.extend(items.iter().map(|item| item.moved(at)))?;
                    continue;
                }
                let recoded: Vec<Result<EncodedBatch>> = items
                    .par_chunks(PIECE)
                    .map(|items| recode(items, &bytes, &spooled, &columns))
                    .collect();
                for (recoded, items) in recoded.into_iter().zip(items.chunks(PIECE)) {
                    let recoded = recoded?;
                    let at = spool.append(&recoded.bytes)?;
                    let new = recoded.items.iter().zip(items);
                    all.extend(new.map(|(new, item)| new.moved(at).shown_from(item.minzoom)))?;
                }
            }
        }
        (self.spool, self.items) = (spool, all);
        Ok(())
    }

    fn describe(&self, meta: LayerMeta) -> Layer {
        let existing = self.existing.as_ref().map(|entry| &entry.layer);
        let mut lineage = existing.map(|layer| layer.lineage.clone()).unwrap_or_default();
        lineage.extend(meta.lineage);
        let excess = lineage.len().saturating_sub(MAX_LINEAGE);
        lineage.drain(..excess);
        Layer {
            id: self.plan.id.clone(),
            uuid: existing.map_or_else(Uuid::new_v4, |layer| layer.uuid),
            title: meta.title,
            title_en: meta.title_en,
            department: meta.department,
            group: meta.group,
            kind: meta.kind,
            schema: meta.schema,
            source_crs: meta.source_crs,
            heights: meta.heights,
            bounds: self.traits.bounds,
            count: self.traits.features,
            geometry: self.traits.class,
            minzoom: 0,
            maxzoom: 0,
            time: self.traits.time,
            style: meta.style,
            display: meta.display,
            solid: meta.solid,
            archive: meta.archive,
            tileset: meta.tileset,
            states: meta.states,
            id_field: meta.id_field,
            revision: onemap_model::Revision(0),
            lineage,
        }
    }
}

/// Decodes spooled features and encodes them with other columns.
fn recode(items: &[Item], spool: &[u8], from: &Columns, to: &Columns) -> Result<EncodedBatch> {
    let features: Result<Vec<Feature>> = items
        .iter()
        .map(|item| {
            let begin = item.offset as usize;
            let bytes = spool.get(begin..begin + item.len as usize).unwrap_or(&[]);
            spooled_feature(bytes, from)
        })
        .collect();
    EncodedBatch::encode_as(&features?, to)
}

fn spooled_feature(bytes: &[u8], columns: &Columns) -> Result<Feature> {
    let (mut values, mut geometry) = (Vec::new(), Geometry::default());
    let found = decode_spooled(bytes, columns, &mut values, &mut geometry)?;
    Ok(Feature {
        id: found.id,
        geometry: found.has_geometry.then_some(geometry),
        values: values.iter().map(ValueRef::to_value).collect(),
        valid: found.valid,
        state: found.state,
    })
}

/// Returns a feature with one value of the right type for each field.
fn coerced(mut feature: Feature, schema: &Schema) -> Feature {
    feature.values.resize(schema.fields.len(), Value::Null);
    for (value, field) in feature.values.iter_mut().zip(&schema.fields) {
        *value = std::mem::take(value).coerce(field.kind);
    }
    feature
}
