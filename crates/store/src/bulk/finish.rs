//! From spooled features to a segment.

use onemap_model::{Feature, FeatureId, FieldType, Geometry, Layer, Schema, ValueRef};
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use uuid::Uuid;

use super::{Batch, BulkLayer, FinishedLayer, ImportCounts, ImportMode, LayerMeta};
use crate::Result;
use crate::error::StoreError;
use crate::segment::{Columns, Draft, EncodedBatch, Find, Item, Spool, decode_spooled};
use crate::state::Everything;

/// Features that are encoded together.
const CHUNK: usize = 2048;
/// Chunks that are encoded side by side before they are written.
const CHUNKS: usize = 16;
/// The most imports that a layer remembers.
const MAX_LINEAGE: usize = 100;

impl BulkLayer {
    /// Writes the segment: existing features are folded in, values get their final types, everything is sorted
    /// and indexed. Takes most of an import's time after reading; uses all cores.
    pub fn finish(mut self, meta: LayerMeta) -> Result<FinishedLayer> {
        self.check_schema(&meta.schema)?;
        let pushed = self.items.len() as u64;
        let (folded, replaced, kept) = self.fold()?;
        self.check_unique()?;
        self.settle(&meta.schema)?;
        let new_lineage = meta.lineage.len();
        let mut layer = self.describe(meta);
        let written = if self.items.is_empty() {
            None
        } else {
            let columns = Columns::finished(&layer.schema, self.traits.given);
            let map = self.spool.map()?;
            let items = std::mem::take(&mut self.items);
            let draft = Draft {
                layer: &layer,
                columns: &columns,
                traits: &self.traits,
                bytes: map.bytes(),
                items,
            };
            Some(crate::segment::write(&self.store.paths.tmp, draft)?)
        };
        if let Some(written) = &written {
            layer.minzoom = written.minzoom;
            layer.maxzoom = written.maxzoom;
        }
        if let Some(archive) = &layer.archive {
            layer.bounds = Some(archive.bounds);
            layer.minzoom = archive.minzoom;
            layer.maxzoom = archive.maxzoom;
        }
        let counts = ImportCounts { added: pushed - replaced, replaced, kept };
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
    /// included, and the number of features replaced and kept.
    fn fold(&mut self) -> Result<(Option<onemap_model::Revision>, u64, u64)> {
        if !self.keeps_features() {
            return Ok((None, 0, 0));
        }
        // The layer as it is now: edits may have come while the source was read.
        let state = self.store.state();
        let Some(entry) = state.layers.get(&self.plan.id).cloned() else { return Ok((None, 0, 0)) };
        let mut replaced = 0;
        let coming: FxHashSet<u64> = match self.plan.mode {
            ImportMode::Upsert => self.items.iter().map(|item| item.id).collect(),
            _ => FxHashSet::default(),
        };
        let kept = self.fold_features(&entry, state.revision, |id| {
            let comes = coming.contains(&id.get());
            replaced += u64::from(comes);
            !comes
        })?;
        Ok((Some(state.revision), replaced, kept))
    }

    /// Pushes the features of a layer that `keep` wants, and returns their number.
    pub(crate) fn fold_features(
        &mut self,
        entry: &crate::state::LayerEntry,
        at: onemap_model::Revision,
        mut keep: impl FnMut(FeatureId) -> bool,
    ) -> Result<u64> {
        let fields = entry.layer.schema.fields.len();
        let mut waiting: Vec<Feature> = Vec::with_capacity(CHUNK * CHUNKS);
        let mut kept = 0;
        let mut failed = Ok(());
        let find = Find::default();
        let _flow = entry.content.for_each(at, fields, find, &Everything, &mut |feature| {
            if keep(feature.id) {
                kept += 1;
                waiting.push(feature.to_feature());
            }
            if waiting.len() == CHUNK * CHUNKS {
                failed = self.push_features(&waiting);
                waiting.clear();
            }
            match failed {
                Ok(()) => std::ops::ControlFlow::Continue(()),
                Err(_) => std::ops::ControlFlow::Break(()),
            }
        })?;
        failed?;
        self.push_features(&waiting)?;
        Ok(kept)
    }

    fn push_features(&mut self, features: &[Feature]) -> Result<()> {
        let encoded: Vec<_> = features.par_chunks(CHUNK).map(EncodedBatch::encode).collect();
        encoded.into_iter().try_for_each(|batch| self.push(&batch?))
    }

    fn check_unique(&self) -> Result<()> {
        let mut ids: Vec<u64> = self.items.iter().map(|item| item.id).collect();
        ids.par_sort_unstable();
        let mut twice = ids.windows(2).filter(|pair| pair.first() == pair.last());
        let Some(first) = twice.next().and_then(|pair| pair.first().copied()) else {
            return Ok(());
        };
        let layer = self.plan.id.clone();
        Err(StoreError::DuplicateIds { layer, count: 1 + twice.count(), first })
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
        let map = self.spool.map()?;
        let mut spool = Spool::new(&self.store.paths.tmp)?;
        for batch in &self.batches {
            let range = batch.items.clone();
            let Some(items) = self.items.get_mut(range) else { continue };
            if settled(batch) {
                let first = items.first().map_or(0, |item| item.offset);
                let len: u64 = items.iter().map(|item| u64::from(item.len)).sum();
                let bytes = map.bytes().get(first as usize..(first + len) as usize);
                let at = spool.append(bytes.unwrap_or(&[]))?;
                for item in items {
                    item.offset = item.offset - first + at;
                }
                continue;
            }
            let spooled = Columns::spooled(&batch.kinds);
            let recoded: Vec<Result<EncodedBatch>> = items
                .par_chunks(CHUNK)
                .map(|items| recode(items, map.bytes(), &spooled, &columns))
                .collect();
            let mut new_items = Vec::with_capacity(items.len());
            for recoded in recoded {
                let recoded = recoded?;
                let at = spool.append(&recoded.bytes)?;
                new_items.extend(recoded.items.iter().map(|item| item.moved(at)));
            }
            items.copy_from_slice(&new_items);
        }
        self.spool = spool;
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
            archive: meta.archive,
            states: meta.states,
            id_field: meta.id_field,
            revision: onemap_model::Revision(0),
            lineage,
        }
    }
}

/// Decodes spooled features and encodes them with other columns.
fn recode(items: &[Item], spool: &[u8], from: &Columns, to: &Columns) -> Result<EncodedBatch> {
    let mut features = Vec::with_capacity(items.len());
    let mut values: Vec<ValueRef<'_>> = Vec::new();
    for item in items {
        let begin = item.offset as usize;
        let mut geometry = Geometry::default();
        let bytes = spool.get(begin..begin + item.len as usize).unwrap_or(&[]);
        let found = decode_spooled(bytes, from, &mut values, &mut geometry)?;
        features.push(Feature {
            id: found.id,
            geometry: found.has_geometry.then_some(geometry),
            values: values.iter().map(ValueRef::to_value).collect(),
            valid: found.valid,
            state: found.state,
        });
    }
    EncodedBatch::encode_as(&features, to)
}
