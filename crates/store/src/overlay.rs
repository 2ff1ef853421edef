//! Recent edits, laid over the segments: versions of features, each visible in a range of revisions.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use onemap_model::{Bounds, Feature, FeatureId, Revision};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};
use rustc_hash::FxHashMap;

use crate::change::EditRecord;

/// What an edit made of a feature.
#[derive(Debug)]
pub(crate) struct Version {
    pub(crate) id: FeatureId,
    /// `None`: the feature was deleted.
    pub(crate) feature: Option<Feature>,
    pub(crate) minzoom: u8,
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
}

type Entry = GeomWithData<Rectangle<[f64; 2]>, Arc<Version>>;

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
    /// The greatest id that is not a hash.
    greatest: Option<FeatureId>,
}

impl Versions {
    fn push(&mut self, version: Arc<Version>) {
        if let Some(b) = version.bounds() {
            let place = Rectangle::from_corners([b.west, b.south], [b.east, b.north]);
            self.by_place.insert(GeomWithData::new(place, version.clone()));
        }
        if version.id.get() < FeatureId::HASHED {
            self.greatest = self.greatest.max(Some(version.id));
        }
        self.by_id.entry(version.id).or_default().push(version);
    }
}

impl Overlay {
    /// Lays a group of edits over what is there. Readers of older revisions do not see them.
    pub(crate) fn apply(&self, edits: &[EditRecord], revision: Revision) {
        let mut versions = self.versions.write().unwrap_or_else(PoisonError::into_inner);
        for edit in edits {
            if let Some(last) = versions.by_id.get(&edit.id).and_then(|list| list.last()) {
                last.to.store(revision.0, Ordering::Release);
            }
            versions.push(Arc::new(Version {
                id: edit.id,
                feature: edit.after.clone(),
                minzoom: edit.minzoom,
                from: revision,
                to: AtomicU64::new(u64::MAX),
            }));
        }
        self.count.fetch_add(edits.len(), Ordering::Release);
    }

    /// Returns an overlay of the versions made after a revision.
    pub(crate) fn after(&self, revision: Revision) -> Self {
        let versions = self.read();
        let kept = versions.by_id.values().flatten().filter(|v| v.from > revision);
        let mut kept: Vec<_> = kept.cloned().collect();
        kept.sort_by_key(|v| (v.from, v.id));
        let count = AtomicUsize::new(kept.len());
        let mut versions = Versions::default();
        for version in kept {
            versions.push(version);
        }
        Self { versions: RwLock::new(versions), count }
    }

    /// Number of versions.
    pub(crate) fn len(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// Returns the version that was current at a revision; `None` when no edit had touched the feature.
    pub(crate) fn get(&self, id: FeatureId, at: Revision) -> Option<Arc<Version>> {
        if self.len() == 0 {
            return None;
        }
        self.read().by_id.get(&id)?.iter().rev().find(|v| v.from <= at).cloned()
    }

    /// Tells whether an edit up to a revision hides the feature that is in the segments.
    pub(crate) fn hides(&self, id: FeatureId, at: Revision) -> bool {
        self.len() > 0
            && self
                .read()
                .by_id
                .get(&id)
                .and_then(|list| list.first())
                .is_some_and(|v| v.from <= at)
    }

    /// Returns the features that were there at a revision, in the order of their ids; only those whose
    /// box meets `bounds` and that show at `zoom`, where these are given.
    pub(crate) fn visible(
        &self,
        at: Revision,
        bounds: Option<&Bounds>,
        zoom: Option<u8>,
    ) -> Vec<Arc<Version>> {
        if self.len() == 0 {
            return Vec::new();
        }
        let wanted = |v: &&Arc<Version>| {
            v.feature.is_some() && v.is_visible(at) && zoom.is_none_or(|z| v.minzoom <= z)
        };
        let versions = self.read();
        let mut found: Vec<Arc<Version>> = match (bounds, zoom) {
            (Some(b), _) => {
                let place = AABB::from_corners([b.west, b.south], [b.east, b.north]);
                let near = versions.by_place.locate_in_envelope_intersecting(&place);
                near.map(|entry| &entry.data).filter(wanted).cloned().collect()
            }
            (None, Some(_)) => {
                versions.by_place.iter().map(|e| &e.data).filter(wanted).cloned().collect()
            }
            (None, None) => versions.by_id.values().flatten().filter(wanted).cloned().collect(),
        };
        drop(versions);
        found.sort_by_key(|v| v.id);
        found
    }

    /// The greatest id that is not a hash among the features ever edited.
    pub(crate) fn greatest_plain_id(&self) -> Option<FeatureId> {
        self.read().greatest
    }

    fn read(&self) -> RwLockReadGuard<'_, Versions> {
        self.versions.read().unwrap_or_else(PoisonError::into_inner)
    }
}
