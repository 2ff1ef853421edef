//! What the store holds at one revision, in memory: cheap to share, never changed once published.

use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use onemap_model::{
    Bounds, Feature, FeatureId, FeatureRef, GeoCell, Geometry, Interval, Layer, LayerId, Revision,
    StateSet, TileCoord, ValueRef,
};

use uuid::Uuid;

use crate::Result;
use crate::cells::Cells;
use crate::change::SegmentRef;
use crate::error::{Doing, StoreError};
use crate::overlay::{Overlay, Version};
use crate::ruler::Ruler;
use crate::segment::{self, Segment};

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
    pub(crate) ruler: Ruler,
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
    /// Tells whether the feature is shown, as far as time and state tell.
    fn shows(&self, valid: onemap_model::Interval, state: onemap_model::State) -> bool;
    /// Tells whether the filter shows a feature, given with the fields and the shape that it needs.
    fn matches(&self, _: &FeatureRef<'_>) -> bool {
        true
    }
    /// Tells whether field number `i` is shown.
    fn shows_field(&self, i: usize) -> bool;
    /// Tells whether there is a filter.
    fn filters(&self) -> bool {
        false
    }
    /// Tells whether the filter looks at field number `i`.
    fn filters_by(&self, _: usize) -> bool {
        false
    }
    /// Tells whether field number `i` is shown or looked at by the filter.
    fn needs_field(&self, i: usize) -> bool {
        self.shows_field(i) || self.filters_by(i)
    }
    /// Tells whether the filter may look at fields that are not shown.
    fn hides_fields(&self) -> bool {
        false
    }
    /// Tells whether shapes are wanted; without, `geometry` is `None` for all.
    fn wants_geometry(&self) -> bool {
        true
    }
    /// Tells whether the filter looks at shapes.
    fn filters_by_place(&self) -> bool {
        false
    }
    /// Tells whether shapes are wanted or looked at by the filter.
    fn needs_geometry(&self) -> bool {
        self.wants_geometry() || self.filters_by_place()
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
        let segments: Vec<Slot> =
            segments.iter().map(|name| Slot::open(dir, tmp, layer, name)).collect();
        let ruler = segments.first().and_then(|slot| slot.with(|s| Ok(Ruler::of(s))).ok());
        Self { segments, folded, ruler: ruler.unwrap_or_default(), ..Self::default() }
    }

    /// Lays edits over the segments and marks the cells that they touch.
    pub(crate) fn apply(&self, edits: &[crate::change::EditRecord], revision: Revision) {
        self.overlay.apply(edits, revision, &self.ruler);
        for edit in edits {
            for feature in [&edit.before, &edit.after].into_iter().flatten() {
                if let Some(bounds) = feature.geometry.as_ref().and_then(Geometry::bounds) {
                    self.cells.touch(&bounds, revision);
                }
            }
        }
    }

    /// Visits the features that were there at a revision and whose box meets `bounds`, if given: those of the
    /// segments, then the edited ones.
    pub(crate) fn for_each(
        &self,
        at: Revision,
        fields: usize,
        bounds: Option<&Bounds>,
        lens: &dyn Lens,
        visit: &mut Visit<'_>,
    ) -> Result<ControlFlow<()>> {
        let mut geometry = Geometry::default();
        for slot in &self.segments {
            let flow = slot.with(|segment| {
                let mut values: Vec<ValueRef<'_>> = Vec::with_capacity(fields);
                segment.find(bounds, &mut |offset| {
                    let look = Look { overlay: &self.overlay, at, fields, lens };
                    look.visit(segment, offset, &mut values, &mut geometry, visit)
                })
            })?;
            if flow.is_break() {
                return Ok(flow);
            }
        }
        for version in self.overlay.visible(at, bounds) {
            if visit_version(&version, fields, lens, visit).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Visits the features that show at a zoom, in an order that depends on the features alone: those that
    /// first show at 0, then at 1 and so on, each along the Hilbert curve, on equal places by id.
    pub(crate) fn for_each_shown(
        &self,
        at: Revision,
        fields: usize,
        (zoom, bounds): (u8, Option<&Bounds>),
        lens: &dyn Lens,
        visit: &mut Visit<'_>,
    ) -> Result<ControlFlow<()>> {
        let mut edited: VecDeque<Arc<Version>> = self.overlay.visible(at, bounds).into();
        edited.retain(|version| version.bounds_known() && version.minzoom <= zoom);
        let curve = self.ruler.plan().bounds;
        let mut geometry = Geometry::default();
        for first in 0..=zoom {
            for slot in &self.segments {
                let flow = slot.with(|segment| {
                    let mut values: Vec<ValueRef<'_>> = Vec::with_capacity(fields);
                    segment.find_at(first, bounds, &mut |leaf| {
                        let look = Look { overlay: &self.overlay, at, fields, lens };
                        // Edited features that come before this one.
                        while edited.front().is_some_and(|version| version.minzoom <= first) {
                            let hilbert = onemap_generalise::hilbert_of(leaf.center(), &curve);
                            let id = segment.values(leaf.offset, &|_| false, &mut values)?;
                            let here = (first, hilbert, id.id, segment::slot_of(id.valid));
                            let before =
                                |v: &mut Arc<Version>| (v.minzoom, v.hilbert, v.id, v.slot) < here;
                            let Some(version) = edited.pop_front_if(before) else { break };
                            if visit_version(&version, fields, lens, visit).is_break() {
                                return Ok(ControlFlow::Break(()));
                            }
                        }
                        look.visit(segment, leaf.offset, &mut values, &mut geometry, visit)
                    })
                })?;
                if flow.is_break() {
                    return Ok(flow);
                }
            }
            while let Some(version) = edited.pop_front_if(|version| version.minzoom <= first) {
                if visit_version(&version, fields, lens, visit).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Returns the versions of a feature that were there at a revision, in the order of their begins, with the
    /// first zoom at which each shows.
    pub(crate) fn versions(
        &self,
        id: FeatureId,
        at: Revision,
        fields: usize,
    ) -> Result<Vec<(Feature, u8)>> {
        let mut found = Vec::new();
        for slot in &self.segments {
            slot.with(|segment| {
                for (offset, minzoom) in segment.locate(id)? {
                    let feature = segment.feature(offset, fields)?;
                    if !self.overlay.hides(id, segment::slot_of(feature.valid), at) {
                        found.push((feature, minzoom));
                    }
                }
                Ok(())
            })?;
        }
        for version in self.overlay.versions(id, at) {
            if let Some(feature) = &version.feature {
                let mut feature = feature.clone();
                feature.values.resize(fields, onemap_model::Value::Null);
                found.push((feature, version.minzoom));
            }
        }
        found.sort_by_key(|(feature, _)| segment::slot_of(feature.valid));
        Ok(found)
    }

    /// Tells whether a feature was there at a revision.
    pub(crate) fn contains(&self, id: FeatureId, at: Revision) -> Result<bool> {
        if self.overlay.versions(id, at).iter().any(|version| version.feature.is_some()) {
            return Ok(true);
        }
        for slot in &self.segments {
            let there = slot.with(|segment| {
                let places = segment.locate(id)?;
                if places.is_empty() || self.overlay.len() == 0 {
                    return Ok(!places.is_empty());
                }
                let mut values = Vec::new();
                for (offset, _) in places {
                    let found = segment.values(offset, &|_| false, &mut values)?;
                    if !self.overlay.hides(id, segment::slot_of(found.valid), at) {
                        return Ok(true);
                    }
                }
                Ok(false)
            })?;
            if there {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns the first zoom at which a version of a feature shows.
    pub(crate) fn zoom_of(&self, id: FeatureId, valid: Interval, at: Revision) -> Result<u8> {
        let slot = segment::slot_of(valid);
        let edited = self.overlay.versions(id, at);
        if let Some(version) = edited.iter().find(|version| version.slot == slot) {
            return Ok(version.minzoom);
        }
        for slot_file in &self.segments {
            let zoom = slot_file.with(|segment| {
                let places = segment.locate(id)?;
                if let [(_, zoom)] = places[..] {
                    return Ok(Some(zoom));
                }
                let mut values = Vec::new();
                for (offset, zoom) in places {
                    let found = segment.values(offset, &|_| false, &mut values)?;
                    if segment::slot_of(found.valid) == slot {
                        return Ok(Some(zoom));
                    }
                }
                Ok(None)
            })?;
            if let Some(zoom) = zoom {
                return Ok(zoom);
            }
        }
        Ok(self.ruler.last_zoom())
    }

    /// Returns the revision after which a feature was not changed; of one in the segments it is known only
    /// that this was not after they were made.
    pub(crate) fn feature_revision(&self, id: FeatureId, at: Revision) -> Result<Option<Revision>> {
        let there = self.contains(id, at)?;
        Ok(there.then(|| self.overlay.last_edit(id, at).unwrap_or(self.folded)))
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

    /// Returns the first zoom of the lines with a key that end at a place, if there are any.
    pub(crate) fn zoom_of_joined(
        &self,
        at: Revision,
        key: u64,
        end: [f64; 2],
    ) -> Result<Option<u8>> {
        let Some(place) = Bounds::of_point(end) else { return Ok(None) };
        let merge = self.ruler.merge();
        let mut least = None;
        let mut offer = |feature: &Feature, zoom: u8| {
            let line = segment::feature_join(feature, merge, 0.0);
            if line.is_some_and(|line| line.key == key && line.ends.contains(&end)) {
                least = Some(least.map_or(zoom, |least: u8| least.min(zoom)));
            }
        };
        for slot in &self.segments {
            slot.with(|segment| {
                for zoom in 0..=self.ruler.last_zoom() {
                    let _flow = segment.find_at(zoom, Some(&place), &mut |leaf| {
                        let feature = segment.feature(leaf.offset, segment.names().len())?;
                        if !self.overlay.hides(feature.id, segment::slot_of(feature.valid), at) {
                            offer(&feature, zoom);
                        }
                        Ok(ControlFlow::Continue(()))
                    })?;
                }
                Ok(())
            })?;
        }
        for version in self.overlay.visible(at, Some(&place)) {
            if let Some(feature) = &version.feature {
                offer(feature, version.minzoom);
            }
        }
        Ok(least)
    }

    /// Tells whether some feature states a time.
    pub(crate) fn has_times(&self) -> Result<bool> {
        let mut any = self.overlay.has_times();
        for slot in &self.segments {
            any |= slot.with(|segment| Ok(segment.has_times()))?;
        }
        Ok(any)
    }

    /// Returns the last instant up to `time` at which some feature begins or ends, microseconds.
    pub(crate) fn change_before(&self, time: i64) -> Result<Option<i64>> {
        let mut last = self.overlay.change_before(time);
        for slot in &self.segments {
            last = last.max(slot.with(|segment| segment.change_before(time))?);
        }
        Ok(last)
    }

    /// Returns the first instant after `time` at which some feature begins or ends, microseconds.
    pub(crate) fn change_after(&self, time: i64) -> Result<Option<i64>> {
        let mut next = self.overlay.change_after(time);
        for slot in &self.segments {
            let found = slot.with(|segment| segment.change_after(time))?;
            next = [next, found].into_iter().flatten().min();
        }
        Ok(next)
    }

    /// Returns the states that features have.
    pub(crate) fn states(&self) -> Result<StateSet> {
        let mut states = self.overlay.states();
        for slot in &self.segments {
            states = states.union(slot.with(|segment| Ok(segment.states()))?);
        }
        Ok(states)
    }
}

/// How features of a segment are looked at.
#[derive(Clone, Copy)]
pub(crate) struct Look<'l> {
    pub(crate) overlay: &'l Overlay,
    pub(crate) at: Revision,
    pub(crate) fields: usize,
    pub(crate) lens: &'l dyn Lens,
}

impl Look<'_> {
    /// Visits the feature at an offset, unless an edit or the lens hides it.
    pub(crate) fn visit<'s>(
        &self,
        segment: &'s Segment,
        offset: u64,
        values: &mut Vec<ValueRef<'s>>,
        geometry: &mut Geometry,
        visit: &mut Visit<'_>,
    ) -> Result<ControlFlow<()>> {
        let lens = self.lens;
        let found = segment.values(offset, &|i| lens.needs_field(i), values)?;
        let shows = lens.shows(found.valid, found.state)
            && !self.overlay.hides(found.id, segment::slot_of(found.valid), self.at);
        if !shows {
            return Ok(ControlFlow::Continue(()));
        }
        let shape =
            found.has_geometry && lens.needs_geometry() && segment.geometry(offset, geometry)?;
        values.resize(self.fields, ValueRef::Null);
        let mut feature = FeatureRef {
            id: found.id,
            geometry: shape.then_some(&*geometry),
            values,
            valid: found.valid,
            state: found.state,
        };
        if !lens.matches(&feature) {
            return Ok(ControlFlow::Continue(()));
        }
        if !lens.wants_geometry() {
            feature.geometry = None;
        }
        if lens.hides_fields() {
            let mut shown = values.clone();
            for (i, value) in shown.iter_mut().enumerate() {
                if !lens.shows_field(i) {
                    *value = ValueRef::Null;
                }
            }
            return Ok(visit(FeatureRef { values: &shown, ..feature }));
        }
        Ok(visit(feature))
    }
}

impl LayerEntry {
    /// As [`LayerEntry::tile_version`], for what has its middle in a cell.
    pub(crate) fn owner_version(&self, cell: GeoCell, at: Revision) -> Revision {
        self.base.max(self.content.cells.owner_version(cell)).min(at)
    }

    /// Returns the last revision up to `at` that may have changed a tile.
    pub(crate) fn tile_version(&self, tile: TileCoord, at: Revision) -> Revision {
        // A cell may have been touched after `at`. Then `at` itself is right: it names the content that
        // the tile has at `at`, only not by the least number.
        self.base.max(self.content.cells.version(tile)).min(at)
    }
}

/// Visits an edited feature, unless the lens hides it.
pub(crate) fn visit_version(
    version: &Version,
    fields: usize,
    lens: &dyn Lens,
    visit: &mut Visit<'_>,
) -> ControlFlow<()> {
    let Some(feature) = &version.feature else { return ControlFlow::Continue(()) };
    if !lens.shows(feature.valid, feature.state) {
        return ControlFlow::Continue(());
    }
    let mut values = vec![ValueRef::Null; fields];
    for (slot, value) in values.iter_mut().zip(&feature.values) {
        *slot = value.as_ref();
    }
    let whole = FeatureRef {
        id: feature.id,
        geometry: feature.geometry.as_ref(),
        values: &values,
        valid: feature.valid,
        state: feature.state,
    };
    if !lens.matches(&whole) {
        return ControlFlow::Continue(());
    }
    for (i, value) in values.iter_mut().enumerate() {
        if !lens.shows_field(i) {
            *value = ValueRef::Null;
        }
    }
    let geometry = feature.geometry.as_ref().filter(|_| lens.wants_geometry());
    visit(FeatureRef {
        id: feature.id,
        geometry,
        values: &values,
        valid: feature.valid,
        state: feature.state,
    })
}
