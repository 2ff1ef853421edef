//! What the store holds at one revision, in memory: cheap to share, never changed once published.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use onemap_model::{
    Bounds, Feature, FeatureId, FeatureRef, Geometry, Layer, LayerId, Revision, TileCoord, ValueRef,
};

use uuid::Uuid;

use crate::Result;
use crate::cells::Cells;
use crate::change::SegmentRef;
use crate::error::{Doing, StoreError};
use crate::overlay::{Overlay, Version};
use crate::segment::{self, Find, Segment};

/// All layers at one revision.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) revision: Revision,
    pub(crate) layers: BTreeMap<LayerId, Arc<LayerEntry>>,
}

impl State {
    pub(crate) fn layer(&self, id: &LayerId) -> Result<&Arc<LayerEntry>> {
        self.layers.get(id).ok_or_else(|| StoreError::NoLayer(id.clone()))
    }

    /// Returns the next state, in which one layer is another or, with `None`, gone.
    pub(crate) fn with(
        &self,
        revision: Revision,
        changes: impl IntoIterator<Item = (LayerId, Option<LayerEntry>)>,
    ) -> Self {
        let mut layers = self.layers.clone();
        for (id, entry) in changes {
            match entry {
                Some(entry) => layers.insert(id, Arc::new(entry)),
                None => layers.remove(&id),
            };
        }
        Self { revision, layers }
    }
}

/// A layer at one revision.
#[derive(Debug, Clone)]
pub(crate) struct LayerEntry {
    pub(crate) layer: Layer,
    /// The last revision that may have changed every tile.
    pub(crate) base: Revision,
    pub(crate) content: Arc<Generation>,
}

/// The segments of a layer with the edits over them, until an import or compaction makes new ones.
#[derive(Debug, Default)]
pub(crate) struct Generation {
    pub(crate) segments: Vec<Slot>,
    pub(crate) overlay: Overlay,
    pub(crate) cells: Cells,
    /// No feature in the segments was changed after this revision.
    pub(crate) folded: Revision,
}

/// A segment, or why it could not be opened: one broken file does not take the others away.
#[derive(Debug)]
pub(crate) struct Slot {
    dir: PathBuf,
    tmp: PathBuf,
    layer: Uuid,
    name: SegmentRef,
    segment: RwLock<std::result::Result<Arc<Segment>, String>>,
}

impl Slot {
    pub(crate) fn open(dir: &Path, tmp: &Path, layer: Uuid, name: &SegmentRef) -> Self {
        let segment = Segment::open(dir, tmp, layer, name).map_err(|error| {
            tracing::error!(%error, "a segment cannot be opened");
            error.to_string()
        });
        let (dir, tmp) = (dir.to_owned(), tmp.to_owned());
        Self { dir, tmp, layer, name: name.clone(), segment: RwLock::new(segment.map(Arc::new)) }
    }

    /// Runs on the segment. When its index proves to be damaged, the index is made again, so that the next
    /// reader finds it sound.
    pub(crate) fn with<T>(&self, read: impl FnOnce(&Segment) -> Result<T>) -> Result<T> {
        let segment = self.segment.read().unwrap_or_else(PoisonError::into_inner).clone();
        let segment = segment.map_err(|why| {
            let path = segment::segment_path(&self.dir, self.layer, &self.name);
            StoreError::damaged(&path, 0, format!("it could not be opened ({why})"))
        })?;
        let done = read(&segment);
        if let Err(StoreError::Damaged { path, .. }) = &done
            && *path == segment::sidecar_path(segment.path())
        {
            self.mend(path);
        }
        done
    }

    fn mend(&self, sidecar: &Path) {
        let mut segment = self.segment.write().unwrap_or_else(PoisonError::into_inner);
        // Another reader may have mended it meanwhile; doing it twice does no harm.
        let removed = match std::fs::remove_file(sidecar) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            other => other.doing("remove", sidecar),
        };
        match removed.and_then(|()| Segment::open(&self.dir, &self.tmp, self.layer, &self.name)) {
            Ok(mended) => *segment = Ok(Arc::new(mended)),
            Err(error) => tracing::error!(%error, "the index of a segment cannot be made again"),
        }
    }

    pub(crate) fn name(&self) -> &SegmentRef {
        &self.name
    }

    /// Why the segment could not be opened.
    pub(crate) fn broken(&self) -> Option<String> {
        self.segment.read().unwrap_or_else(PoisonError::into_inner).as_ref().err().cloned()
    }
}

/// Decides what of a feature a reader sees.
pub(crate) trait Lens {
    /// Tells whether the feature is shown.
    fn shows(&self, valid: onemap_model::Interval, state: onemap_model::State) -> bool;
    /// Tells whether field number `i` is shown.
    fn shows_field(&self, i: usize) -> bool;
    /// Tells whether shapes are wanted; without, `geometry` is `None` for all.
    fn wants_geometry(&self) -> bool {
        true
    }
}

/// Shows everything: for compaction, checks and edits.
pub(crate) struct Everything;

impl Lens for Everything {
    fn shows(&self, _: onemap_model::Interval, _: onemap_model::State) -> bool {
        true
    }

    fn shows_field(&self, _: usize) -> bool {
        true
    }
}

/// What a reader does with each feature.
pub(crate) type Visit<'v> = dyn FnMut(FeatureRef<'_>) -> ControlFlow<()> + 'v;

impl Generation {
    pub(crate) fn open(
        dir: &Path,
        tmp: &Path,
        layer: Uuid,
        segments: &[SegmentRef],
        folded: Revision,
    ) -> Self {
        let segments = segments.iter().map(|name| Slot::open(dir, tmp, layer, name)).collect();
        Self { segments, folded, ..Self::default() }
    }

    /// Lays edits over the segments and marks the cells that they touch.
    pub(crate) fn apply(&self, edits: &[crate::change::EditRecord], revision: Revision) {
        self.overlay.apply(edits, revision);
        for edit in edits {
            for feature in [&edit.before, &edit.after].into_iter().flatten() {
                if let Some(bounds) = feature.geometry.as_ref().and_then(Geometry::bounds) {
                    self.cells.touch(&bounds, revision);
                }
            }
        }
    }

    /// Visits the features that were there at a revision: those of the segments, then the edited ones.
    pub(crate) fn for_each(
        &self,
        at: Revision,
        fields: usize,
        find: Find,
        lens: &dyn Lens,
        visit: &mut Visit<'_>,
    ) -> Result<ControlFlow<()>> {
        let mut geometry = Geometry::default();
        for slot in &self.segments {
            let flow = slot.with(|segment| {
                let mut values: Vec<ValueRef<'_>> = Vec::with_capacity(fields);
                segment.find(find, &mut |offset| {
                    let found = segment.values(offset, &|i| lens.shows_field(i), &mut values)?;
                    let shows = lens.shows(found.valid, found.state);
                    if !shows || self.overlay.hides(found.id, at) {
                        return Ok(ControlFlow::Continue(()));
                    }
                    let shape = found.has_geometry
                        && lens.wants_geometry()
                        && segment.geometry(offset, &mut geometry)?;
                    values.resize(fields, ValueRef::Null);
                    Ok(visit(FeatureRef {
                        id: found.id,
                        geometry: shape.then_some(&geometry),
                        values: &values,
                        valid: found.valid,
                        state: found.state,
                    }))
                })
            })?;
            if flow.is_break() {
                return Ok(flow);
            }
        }
        for version in self.overlay.visible(at, find.bounds.as_ref(), find.zoom) {
            let Some(feature) = &version.feature else { continue };
            if lens.shows(feature.valid, feature.state)
                && visit_feature(feature, fields, lens, visit).is_break()
            {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Finds a feature as it was at a revision, with the first zoom at which it shows.
    pub(crate) fn feature(
        &self,
        id: FeatureId,
        at: Revision,
        fields: usize,
    ) -> Result<Option<(Feature, u8)>> {
        if let Some(version) = self.overlay.get(id, at) {
            return Ok(version.feature.clone().map(|feature| (feature, version.minzoom)));
        }
        for slot in &self.segments {
            let found = slot.with(|segment| {
                let Some((offset, minzoom)) = segment.locate(id)? else { return Ok(None) };
                Ok(Some((segment.feature(offset, fields)?, minzoom)))
            })?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Tells whether a feature was there at a revision.
    pub(crate) fn contains(&self, id: FeatureId, at: Revision) -> Result<bool> {
        if let Some(version) = self.overlay.get(id, at) {
            return Ok(version.feature.is_some());
        }
        for slot in &self.segments {
            if slot.with(|segment| segment.locate(id))?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns the revision after which a feature was not changed; of one in the segments it is known only
    /// that this was not after they were made.
    pub(crate) fn feature_revision(&self, id: FeatureId, at: Revision) -> Result<Option<Revision>> {
        let version = self.overlay.get(id, at);
        let there = self.contains(id, at)?;
        Ok(there.then(|| version.map_or(self.folded, |v: Arc<Version>| v.from)))
    }

    /// Returns the least id that neither a segment nor an edit has used, hashed ids apart.
    pub(crate) fn next_id(&self) -> Result<u64> {
        let mut next = self.overlay.greatest_plain_id().map_or(0, |id| id.get() + 1);
        for slot in &self.segments {
            let greatest = slot.with(|segment| Ok(segment.greatest_plain_id()))?;
            next = next.max(greatest.map_or(0, |id| id.get() + 1));
        }
        Ok(next)
    }

    /// Returns the first zoom at which an edited feature shows.
    pub(crate) fn first_zoom(&self, feature: &Feature, layer: Option<Bounds>) -> Result<u8> {
        let Some(slot) = self.segments.first() else { return Ok(0) };
        let item = segment::drop_item(feature, &layer.unwrap_or(Bounds::WORLD));
        slot.with(|segment| Ok(onemap_generalise::first_zoom(&item, segment.thresholds())))
    }
}

impl LayerEntry {
    /// Returns the last revision up to `at` that may have changed a tile.
    pub(crate) fn tile_version(&self, tile: TileCoord, at: Revision) -> Revision {
        // A cell may have been touched after `at`. Then `at` itself is right: it names the content that
        // the tile has at `at`, only not by the least number.
        self.base.max(self.content.cells.version(tile)).min(at)
    }
}

fn visit_feature(
    feature: &Feature,
    fields: usize,
    lens: &dyn Lens,
    visit: &mut Visit<'_>,
) -> ControlFlow<()> {
    let mut values = vec![ValueRef::Null; fields];
    for (i, (slot, value)) in values.iter_mut().zip(&feature.values).enumerate() {
        if lens.shows_field(i) {
            *slot = value.as_ref();
        }
    }
    visit(FeatureRef {
        id: feature.id,
        geometry: feature.geometry.as_ref().filter(|_| lens.wants_geometry()),
        values: &values,
        valid: feature.valid,
        state: feature.state,
    })
}
