//! The last step of an import: everything becomes visible at once.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use onemap_model::{Layer, LayerId, Revision};

use super::{FinishedLayer, ImportTx};
use crate::Result;
use crate::change::{Change, Content, SegmentRef, count_edits};
use crate::error::StoreError;
use crate::log;
use crate::segment::{segment_path, sidecar_path};
use crate::state::{Generation, LayerEntry, State};
use crate::store::{Committed, Inner, Writer};

impl ImportTx {
    /// Commits the layers: all in one revision, or none. What is acknowledged is on the disk.
    pub fn commit(self, layers: Vec<FinishedLayer>) -> Result<Committed> {
        let mut writer = self.store.writer()?;
        commit(&self.store, &mut writer, layers, &self.actor, |layers| Change::Imported { layers })
    }
}

/// Commits finished layers as the change that `change` makes of them.
pub(crate) fn commit(
    store: &Inner,
    writer: &mut Writer,
    layers: Vec<FinishedLayer>,
    actor: &str,
    change: impl FnOnce(Vec<Content>) -> Change,
) -> Result<Committed> {
    let state = store.state();
    let revision = writer.next_revision();
    let mut contents = Vec::with_capacity(layers.len());
    let mut new_files = NewFiles::default();
    let mut all_busy = Vec::with_capacity(layers.len());
    for finished in layers {
        let FinishedLayer { plan, busy, mut layer, new_lineage, written, folded, .. } = finished;
        all_busy.push(busy);
        let before = same_layer(&state, &plan.id, &layer)?;
        let folded = folded.unwrap_or(state.revision);
        count_later_edits(store, writer, &mut layer, folded)?;
        layer.revision = revision;
        for lineage in layer.lineage.iter_mut().rev().take(new_lineage) {
            lineage.revision = revision;
        }
        let mut segments = Vec::new();
        if let Some(written) = written {
            let name = written.name.clone();
            let new = written.put_in_place(&store.paths.segments, layer.uuid)?;
            if new {
                new_files.0.push(segment_path(&store.paths.segments, layer.uuid, &name));
            }
            segments.push(name);
        }
        let replaced: Vec<SegmentRef> = before
            .map(|entry| entry.content.segments.iter().map(|slot| slot.name().clone()).collect())
            .unwrap_or_default();
        contents.push(Content { layer, segments, replaced, folded });
    }
    let entry = store.commit(writer, change(contents), actor)?;
    new_files.0.clear();
    let contents = match &entry.change {
        Change::Imported { layers } => layers.as_slice(),
        Change::Compacted { layer } => std::slice::from_ref(layer),
        _ => &[],
    };
    let changes = contents.iter().map(|content| {
        let next = next_entry(store, writer, &state, content, entry.revision);
        (content.layer.id.clone(), Some(next))
    });
    store.publish(state.with(entry.revision, changes.collect::<Vec<_>>()));
    let layers: Vec<Layer> = contents.iter().map(|content| content.layer.clone()).collect();
    for layer in &layers {
        store.send_whole(layer, entry.revision);
    }
    drop(all_busy);
    Ok(Committed { revision: entry.revision, at: entry.at, layers, ids: vec![] })
}

/// Returns the layer that is replaced; an error when the name now belongs to another one.
fn same_layer<'s>(
    state: &'s State,
    id: &LayerId,
    layer: &Layer,
) -> Result<Option<&'s Arc<LayerEntry>>> {
    match state.layers.get(id) {
        Some(entry) if entry.layer.uuid != layer.uuid => Err(StoreError::LayerExists(id.clone())),
        other => Ok(other),
    }
}

/// Counts the edits that were made while the segment was written and that go on to lie over it.
fn count_later_edits(
    store: &Inner,
    writer: &Writer,
    layer: &mut Layer,
    folded: Revision,
) -> Result<()> {
    let Some(record) = writer.book.layers.get(&layer.uuid) else { return Ok(()) };
    for (revision, at) in record.pending.range(folded.next()..) {
        if let Change::Edited { edits, .. } = log::read_at(&store.paths.log, *at)?.change {
            count_edits(layer, &edits, *revision);
        }
    }
    Ok(())
}

fn next_entry(
    store: &Inner,
    writer: &Writer,
    state: &State,
    content: &Content,
    revision: Revision,
) -> LayerEntry {
    let layer = &content.layer;
    let paths = &store.paths;
    let mut generation = Generation::open(
        &paths.segments,
        &paths.tmp,
        layer.uuid,
        &content.segments,
        content.folded,
    );
    if let Some(before) = state.layers.get(&layer.id) {
        generation.overlay = before.content.overlay.after(content.folded, &generation.ruler);
    }
    // The base covers every cell that an edit before this revision has touched.
    let base = writer.book.layers.get(&layer.uuid).map_or(revision, |record| record.base);
    LayerEntry { layer: layer.clone(), base, content: Arc::new(generation) }
}

/// Segments that no log entry names yet; removed when the commit fails.
#[derive(Default)]
struct NewFiles(Vec<PathBuf>);

impl Drop for NewFiles {
    fn drop(&mut self) {
        for path in &self.0 {
            for path in [path.clone(), sidecar_path(path)] {
                if let Err(error) = fs::remove_file(&path) {
                    tracing::warn!(%error, path = %path.display(), "a segment without use stays");
                }
            }
        }
    }
}
