//! Compaction: edits are folded into a new segment; and forgetting what is only history.

use std::fs;
use std::sync::PoisonError;

use onemap_model::{Display, Layer, LayerId};
use uuid::Uuid;

use crate::bulk::{ImportMode, LayerMeta, LayerPlan, commit_finished};
use crate::change::{Change, SegmentRef};
use crate::segment::{segment_path, sidecar_path};
use crate::store::{Committed, Store};
use crate::{Result, StoreError};

/// What [`Store::forget`] deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Segments.
    pub segments: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Store {
    /// Folds the edits of a layer into a new segment. Readers and editors go on meanwhile. The segment before
    /// it stays on the disk for reading old revisions, until [`Store::forget`]. `None` when there are no edits
    /// to fold.
    pub fn compact(&self, layer: &LayerId, actor: &str) -> Result<Option<Committed>> {
        let edits = self.inner.state().layer(layer)?.content.overlay.len();
        if edits == 0 {
            return Ok(None);
        }
        let tx = self.import(actor)?;
        let plan = LayerPlan { id: layer.clone(), mode: ImportMode::Append };
        let mut bulk = tx.layer(plan)?;
        let Some(before) = bulk.existing().cloned() else {
            return Err(StoreError::NoLayer(layer.clone()));
        };
        // Every tile has the same bytes afterwards.
        bulk.keep_plan();
        let finished = bulk.finish(meta(before))?;
        let mut writer = self.inner.writer()?;
        let done = commit_finished(&self.inner, &mut writer, vec![finished], actor, |contents| {
            match <[_; 1]>::try_from(contents) {
                Ok([layer]) => Change::Compacted { layer },
                Err(layers) => Change::Imported { layers },
            }
        })?;
        Ok(Some(done))
    }

    /// Draws a layer in another way at small scales: decides anew at which zoom each feature shows, and folds the
    /// edits meanwhile.
    pub fn redraw(&self, layer: &LayerId, display: Display, actor: &str) -> Result<Committed> {
        let tx = self.import(actor)?;
        let bulk = tx.layer(LayerPlan { id: layer.clone(), mode: ImportMode::Append })?;
        let Some(before) = bulk.existing().cloned() else {
            return Err(StoreError::NoLayer(layer.clone()));
        };
        let finished = bulk.finish(meta(Layer { display, ..before }))?;
        tx.commit(vec![finished])
    }

    /// Returns the layers whose edits are many enough to be folded: more than 10,000, or more than 1,000 and a
    /// tenth of the layer.
    pub fn wants_compaction(&self) -> Vec<LayerId> {
        let state = self.inner.state();
        let wants = state.layers.iter().filter(|(_, entry)| {
            let edits = entry.content.overlay.len() as u64;
            edits > 10_000 || (edits > 1_000 && edits > entry.layer.count / 10)
        });
        wants.map(|(id, _)| id.clone()).collect()
    }

    /// Deletes the segments that show no more: revisions before the last import or compaction of a layer
    /// can no longer be read.
    pub fn forget(&self, actor: &str) -> Result<Forgotten> {
        let mut writer = self.inner.writer()?;
        let old: Vec<(Uuid, SegmentRef)> = writer.book.old.iter().cloned().collect();
        if old.is_empty() {
            return Ok(Forgotten::default());
        }
        let change = Change::Forgotten { segments: old.clone() };
        let entry = self.inner.commit(&mut writer, change, actor)?;
        let state = self.inner.state();
        self.inner.publish(state.with(entry.revision, []));
        self.inner.past.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let mut forgotten = Forgotten::default();
        for (layer, name) in old {
            let path = segment_path(&self.inner.paths.segments, layer, &name);
            for path in [sidecar_path(&path), path] {
                match fs::remove_file(&path) {
                    Ok(()) => {}
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                    Err(source) => return Err(StoreError::Io { doing: "remove", path, source }),
                }
            }
            forgotten.segments += 1;
            forgotten.bytes += name.bytes;
        }
        Ok(forgotten)
    }
}

fn meta(layer: Layer) -> LayerMeta {
    LayerMeta {
        title: layer.title,
        title_en: layer.title_en,
        department: layer.department,
        group: layer.group,
        kind: layer.kind,
        schema: layer.schema,
        source_crs: layer.source_crs,
        heights: layer.heights,
        style: layer.style,
        display: layer.display,
        solid: layer.solid,
        archive: layer.archive,
        tileset: layer.tileset,
        states: layer.states,
        id_field: layer.id_field,
        lineage: vec![],
    }
}
