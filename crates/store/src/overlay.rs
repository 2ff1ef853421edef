//! Recent edits, laid over the segments: versions of features, each visible in a range of revisions.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use onemap_generalise::MassItem;
use onemap_model::{Bounds, Feature, FeatureId, Interval, Revision, StateSet, Timestamp};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};
use rustc_hash::FxHashMap;

use crate::change::EditRecord;
use crate::ruler::Ruler;
use crate::segment::slot_of;

/// What an edit made of a version of a feature.
#[derive(Debug)]
pub(crate) struct Version {
    pub(crate) id: FeatureId,
    /// Which of the feature's versions in valid time: [`slot_of`].
    pub(crate) slot: i64,
    /// `None`: it was deleted.
    pub(crate) feature: Option<Feature>,
    pub(crate) minzoom: u8,
    /// Position on the layer's Hilbert curve.
    pub(crate) hilbert: u32,
    /// What it adds to the mass where it does not show.
    pub(crate) mass: Option<MassItem>,
    /// The revision that made it.
    pub(crate) from: Revision,
    /// The revision that replaced it; `u64::MAX` while it is current.
    to: AtomicU64,
}

impl Version {
    fn is_visible(&self, at: Revision) -> bool {
        self.from <= at && at.0 < self.to.load(Ordering::Acquire)
    }

    fn bounds(&self) -> Option<Bounds> {
        self.feature.as_ref()?.geometry.as_ref()?.bounds()
    }

    /// Tells whether it has a place on the map.
    pub(crate) fn bounds_known(&self) -> bool {
        self.bounds().is_some()
    }

    /// Returns the same version over segments with another plan.
    fn measured(&self, ruler: &Ruler) -> Self {
        let item = self.feature.as_ref().map(|feature| ruler.measure(feature));
        Self {
            id: self.id,
            slot: self.slot,
            feature: self.feature.clone(),
            minzoom: self.minzoom.min(ruler.last_zoom()),
            hilbert: item.map_or(0, |item| item.hilbert),
            mass: item.as_ref().and_then(MassItem::new),
            from: self.from,
            to: AtomicU64::new(self.to.load(Ordering::Acquire)),
        }
    }
}

type Entry = GeomWithData<Rectangle<[f64; 2]>, Arc<Version>>;

/// A polygon of the segments that an edit hides, as far as the mass is concerned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hidden {
    pub(crate) item: MassItem,
    pub(crate) minzoom: u8,
    since: Revision,
}

/// The edits of a layer since its segments were made. Readers hold the lock only to pick versions out.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    versions: RwLock<Versions>,
    count: AtomicUsize,
}

#[derive(Debug, Default)]
struct Versions {
    /// Versions of each feature, oldest first.
    by_id: FxHashMap<FeatureId, Vec<Arc<Version>>>,
    by_place: RTree<Entry>,
    /// Versions of the segments that were edited; with what they had of mass.
    hidden: FxHashMap<(FeatureId, i64), Option<Hidden>>,
    hidden_by_place: RTree<GeomWithData<[f64; 2], Hidden>>,
    /// The greatest id that is not a hash.
    greatest: Option<FeatureId>,
    /// Every begin and end that a version states.
    times: BTreeSet<i64>,
    states: StateSetOrNone,
    /// Which features were edited, in the order of revisions.
    edited: Vec<(Revision, FeatureId)>,
}

/// The states of the versions; none at first.
#[derive(Debug, Clone, Copy)]
struct StateSetOrNone(StateSet);

impl Default for StateSetOrNone {
    fn default() -> Self {
        Self(StateSet::NONE)
    }
}

impl Versions {
    fn push(&mut self, version: Arc<Version>) {
        if let Some(b) = version.bounds() {
            let place = Rectangle::from_corners([b.west, b.south], [b.east, b.north]);
            self.by_place.insert(GeomWithData::new(place, version.clone()));
        }
        if let Some(feature) = &version.feature {
            let Interval { from, to } = feature.valid;
            self.times.extend([from, to].into_iter().flatten().map(Timestamp::as_micros));
            self.states.0 = self.states.0.with(feature.state);
        }
        if version.id.get() < FeatureId::HASHED {
            self.greatest = self.greatest.max(Some(version.id));
        }
        self.by_id.entry(version.id).or_default().push(version);
    }

    /// Ends the version that is current in a slot.
    fn end(&self, id: FeatureId, slot: i64, revision: Revision) {
        let list = self.by_id.get(&id).into_iter().flatten();
        if let Some(last) = list.rev().find(|version| version.slot == slot) {
            last.to.store(revision.0, Ordering::Release);
        }
    }

    /// Notes what the segments have in a slot, when it is edited for the first time.
    fn hide(&mut self, id: FeatureId, slot: i64, hidden: Option<Hidden>) {
        self.hidden.insert((id, slot), hidden);
        if let Some(hidden) = hidden {
            let place = hidden.item.at.map(f64::from);
            self.hidden_by_place.insert(GeomWithData::new(place, hidden));
        }
    }
}

impl Overlay {
    /// Lays a group of edits over what is there. Readers of older revisions do not see them.
    pub(crate) fn apply(&self, edits: &[EditRecord], revision: Revision, ruler: &Ruler) {
        let mut versions = self.versions.write().unwrap_or_else(PoisonError::into_inner);
        for edit in edits {
            versions.edited.push((revision, edit.id));
            let slots = [&edit.before, &edit.after].map(|f| f.as_ref().map(|f| slot_of(f.valid)));
            if let Some(slot) = slots[0] {
                let touched = versions.by_id.get(&edit.id);
                if touched.is_none_or(|list| list.iter().all(|version| version.slot != slot)) {
                    let hidden = edit.before.as_ref().and_then(|before| {
                        let item = ruler.measure(before);
                        let minzoom = ruler.first_zoom(&item);
                        Some(Hidden { item: MassItem::new(&item)?, minzoom, since: revision })
                    });
                    versions.hide(edit.id, slot, hidden);
                }
                versions.end(edit.id, slot, revision);
                if slots[1] != Some(slot) {
                    versions.push(Arc::new(Version {
                        id: edit.id,
                        slot,
                        feature: None,
                        minzoom: 0,
                        hilbert: 0,
                        mass: None,
                        from: revision,
                        to: AtomicU64::new(u64::MAX),
                    }));
                }
            }
            let (Some(slot), Some(after)) = (slots[1], &edit.after) else { continue };
            if slots[0] != Some(slot) {
                versions.end(edit.id, slot, revision);
            }
            let item = ruler.measure(after);
            versions.push(Arc::new(Version {
                id: edit.id,
                slot,
                feature: Some(after.clone()),
                minzoom: edit.minzoom.min(ruler.last_zoom()),
                hilbert: item.hilbert,
                mass: MassItem::new(&item),
                from: revision,
                to: AtomicU64::new(u64::MAX),
            }));
        }
        self.count.fetch_add(edits.len(), Ordering::Release);
    }

    /// Returns an overlay of the versions made after a revision, over segments that hold all before it.
    pub(crate) fn after(&self, revision: Revision, ruler: &Ruler) -> Self {
        let old = self.read();
        let kept = old.by_id.values().flatten().filter(|v| v.from > revision);
        let mut kept: Vec<_> = kept.cloned().collect();
        kept.sort_by_key(|v| (v.from, v.id, v.slot));
        let count = AtomicUsize::new(kept.len());
        let mut versions = Versions::default();
        for version in kept {
            let (id, slot) = (version.id, version.slot);
            if !versions.hidden.contains_key(&(id, slot)) {
                let list = old.by_id.get(&id).into_iter().flatten();
                let folded = list.rev().find(|v| v.slot == slot && v.from <= revision);
                let hidden = match folded {
                    Some(folded) => folded.mass.map(|item| {
                        let minzoom = folded.minzoom;
                        Hidden { item, minzoom, since: version.from }
                    }),
                    None => old.hidden.get(&(id, slot)).copied().flatten(),
                };
                let hidden = hidden.map(|hidden| Hidden { since: version.from, ..hidden });
                versions.hide(id, slot, hidden);
            }
            versions.edited.push((version.from, id));
            versions.push(Arc::new(version.measured(ruler)));
        }
        Self { versions: RwLock::new(versions), count }
    }

    /// Returns the features that were edited after one revision and up to another, by id.
    pub(crate) fn edited(&self, after: Revision, until: Revision) -> Vec<FeatureId> {
        let versions = self.read();
        let edited = &versions.edited;
        let begin = edited.partition_point(|&(revision, _)| revision <= after);
        let since = edited.get(begin..).unwrap_or(&[]).iter();
        let mut ids: Vec<FeatureId> =
            since.take_while(|&&(revision, _)| revision <= until).map(|&(_, id)| id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Number of versions.
    pub(crate) fn len(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// Returns the versions of a feature that were current at a revision, deleted ones included.
    pub(crate) fn versions(&self, id: FeatureId, at: Revision) -> Vec<Arc<Version>> {
        if self.len() == 0 {
            return Vec::new();
        }
        let versions = self.read();
        let list = versions.by_id.get(&id).into_iter().flatten();
        list.filter(|version| version.is_visible(at)).cloned().collect()
    }

    /// Tells whether an edit up to a revision hides the version of a feature that is in the segments.
    pub(crate) fn hides(&self, id: FeatureId, slot: i64, at: Revision) -> bool {
        if self.len() == 0 {
            return false;
        }
        let versions = self.read();
        let mut list = versions.by_id.get(&id).into_iter().flatten();
        list.any(|version| version.slot == slot && version.from <= at)
    }

    /// Returns the last revision up to `at` that edited a feature.
    pub(crate) fn last_edit(&self, id: FeatureId, at: Revision) -> Option<Revision> {
        let versions = self.read();
        let list = versions.by_id.get(&id).into_iter().flatten();
        list.map(|version| version.from).filter(|from| *from <= at).max()
    }

    /// Returns the features that were there at a revision, in the order of their first zooms, then along the
    /// Hilbert curve, then by id and begin; only those whose box meets `bounds`, if given.
    pub(crate) fn visible(&self, at: Revision, bounds: Option<&Bounds>) -> Vec<Arc<Version>> {
        if self.len() == 0 {
            return Vec::new();
        }
        let wanted = |v: &&Arc<Version>| v.feature.is_some() && v.is_visible(at);
        let versions = self.read();
        let mut found: Vec<Arc<Version>> = match bounds {
            Some(b) => {
                let place = AABB::from_corners([b.west, b.south], [b.east, b.north]);
                let near = versions.by_place.locate_in_envelope_intersecting(&place);
                near.map(|entry| &entry.data).filter(wanted).cloned().collect()
            }
            None => versions.by_id.values().flatten().filter(wanted).cloned().collect(),
        };
        drop(versions);
        found.sort_by_key(|v| (v.minzoom, v.hilbert, v.id, v.slot));
        found
    }

    /// Returns the polygons of the segments that edits up to a revision hide and whose centers lie in a box
    /// of world positions, ends included.
    pub(crate) fn hidden_mass(&self, at: Revision, low: [f64; 2], high: [f64; 2]) -> Vec<Hidden> {
        if self.len() == 0 {
            return Vec::new();
        }
        let versions = self.read();
        let area = AABB::from_corners(low, high);
        let near = versions.hidden_by_place.locate_in_envelope(&area);
        near.map(|entry| entry.data).filter(|hidden| hidden.since <= at).collect()
    }

    /// The greatest id that is not a hash among the features ever edited.
    pub(crate) fn greatest_plain_id(&self) -> Option<FeatureId> {
        self.read().greatest
    }

    /// Tells whether some version states a time.
    pub(crate) fn has_times(&self) -> bool {
        self.len() > 0 && !self.read().times.is_empty()
    }

    /// Returns the last instant up to `time` at which some version begins or ends, microseconds.
    pub(crate) fn change_before(&self, time: i64) -> Option<i64> {
        if self.len() == 0 {
            return None;
        }
        self.read().times.range(..=time).next_back().copied()
    }

    /// Returns the first instant after `time` at which some version begins or ends, microseconds.
    pub(crate) fn change_after(&self, time: i64) -> Option<i64> {
        if self.len() == 0 {
            return None;
        }
        self.read().times.range(time.saturating_add(1)..).next().copied()
    }

    /// The states of all versions.
    pub(crate) fn states(&self) -> StateSet {
        if self.len() == 0 { StateSet::NONE } else { self.read().states.0 }
    }

    fn read(&self) -> RwLockReadGuard<'_, Versions> {
        self.versions.read().unwrap_or_else(PoisonError::into_inner)
    }
}
