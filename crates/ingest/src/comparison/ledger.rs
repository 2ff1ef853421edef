//! What all chunks of a layer brought, and what the package lacks.

use onemap_model::{FeatureId, Interval, Timestamp};
use onemap_store::{BulkLayer, EncodedBatch, StoreError};
use rustc_hash::{FxHashMap, FxHashSet};

use super::against::{Against, Compared, Found};
use super::cover::Cover;
use super::{Change, ChangeKind, Comparison, MOST, MOST_VERTICES, Remove};

/// Features that are ended together.
const CHUNK: usize = 512;

/// Collects what chunks bring, in the package's order.
#[derive(Default)]
pub(crate) struct Ledger {
    comparison: Comparison,
    pub(crate) cover: Cover,
    /// What new features may have been called before, by their place in the list, with the stored ids.
    twins: FxHashMap<usize, Vec<Change>>,
    vertices: usize,
}

impl Ledger {
    pub(crate) fn add(&mut self, compared: Compared) {
        self.comparison.same += compared.same;
        self.cover.union(compared.cover);
        for Found { change, twins } in compared.found {
            match change.change {
                ChangeKind::Added => self.comparison.added += 1,
                _ => self.comparison.changed += 1,
            }
            self.comparison.moved += u64::from(has_moved(&change));
            if self.list(change) && !twins.is_empty() {
                self.twins.insert(self.comparison.list.len() - 1, twins);
            }
        }
    }

    fn list(&mut self, mut change: Change) -> bool {
        if self.comparison.list.len() >= MOST {
            return false;
        }
        let vertices = change.shape.as_ref().map_or(0, onemap_model::Geometry::vertex_count);
        if self.vertices + vertices > MOST_VERTICES {
            change.shape = None;
        } else {
            self.vertices += vertices;
        }
        self.comparison.list.push(change);
        true
    }

    /// Finds old numbers and what the package lacks; `named` are the ids that the package names, also of records that
    /// could not be kept. Returns the comparison, and the ids of what publishing ends.
    pub(crate) fn finish(
        mut self,
        against: &Against,
        named: &FxHashSet<u64>,
        remove: Remove,
    ) -> Result<(Comparison, Vec<FeatureId>), StoreError> {
        let ends = |least: bool| match remove {
            _ if !against.is_update => true,
            Remove::Nothing => false,
            Remove::Renumbered => least,
            Remove::Absent => true,
        };
        let old_numbers = self.renumber(named, ends(true));
        let ends_absent = ends(false);
        let mut absent: Vec<(String, Change)> = Vec::new();
        let mut ended: Vec<FeatureId> = Vec::new();
        let mut seen: FxHashSet<u64> = FxHashSet::default();
        let area = self.cover.area();
        let bounds = area.bounds();
        let mut count = 0;
        let mut visit = |feature: onemap_model::FeatureRef<'_>| {
            let id = feature.id.get();
            let is_named = named.contains(&id) || old_numbers.contains(&id);
            let is_spoken_of = || {
                !against.is_update
                    || area.speaks_of(feature.state, against.class(feature.values))
                        && feature.geometry.is_some_and(|shape| area.holds(shape))
            };
            if is_named || !is_spoken_of() || !seen.insert(id) {
                return;
            }
            count += 1;
            if ends_absent {
                ended.push(feature.id);
            }
            if absent.len() < MOST {
                let mut change = against.change(ChangeKind::Absent, &feature);
                change.removed = ends_absent;
                absent.push((change.name.clone(), change));
            }
        };
        if !against.is_update {
            against.for_each(None, &mut visit)?;
        } else if bounds.is_some() {
            against.for_each(bounds, &mut visit)?;
        }
        absent.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.id.cmp(&b.1.id)));
        self.comparison.absent = count;
        for (_, change) in absent {
            self.list(change);
        }
        if ends(true) {
            ended.extend(old_numbers.iter().filter_map(|id| FeatureId::new(*id).ok()));
        }
        ended.sort_by_key(|id| id.get());
        let mut comparison = self.comparison;
        comparison.removed = ended.len() as u64;
        comparison.revision = against.revision;
        comparison.scope = if against.is_update { "extent" } else { "layer" };
        comparison.list.sort_by_key(|change| change.change);
        Ok((comparison, ended))
    }

    /// Tells which of the new features are stored under a number that the package lacks; returns the old ids.
    fn renumber(&mut self, named: &FxHashSet<u64>, ends: bool) -> FxHashSet<u64> {
        let mut claimed = FxHashSet::default();
        let comparison = &mut self.comparison;
        for (at, change) in comparison.list.iter_mut().enumerate() {
            let Some(twins) = self.twins.remove(&at) else { continue };
            let free = |twin: &Change| twin.was_id.filter(|id| !named.contains(id));
            let Some((twin, was)) = twins.into_iter().find_map(|twin| {
                free(&twin).filter(|id| !claimed.contains(id)).map(|id| (twin, id))
            }) else {
                continue;
            };
            claimed.insert(was);
            comparison.added -= 1;
            comparison.renumbered += 1;
            comparison.moved += u64::from(has_moved(&twin));
            *change = Change { removed: ends, shape: change.shape.take(), ..twin };
        }
        claimed
    }
}

fn has_moved(change: &Change) -> bool {
    change.moved_m.is_some() || change.raised_m.is_some() || change.reshaped
}

/// Ends stored features when the update begins: they were there until then.
pub(crate) fn end(
    bulk: &mut BulkLayer,
    against: &Against,
    ids: &[FeatureId],
) -> Result<(), StoreError> {
    for ids in ids.chunks(CHUNK) {
        let mut features = Vec::with_capacity(ids.len());
        for id in ids {
            let Some(mut feature) = against.last(*id)? else { continue };
            let Interval { from, .. } = feature.valid;
            // What began in this very second ends after it began.
            let least = from.map(|from| Timestamp::from_micros(from.as_micros().saturating_add(1)));
            feature.valid.to = Some(least.map_or(against.begun, |least| least.max(against.begun)));
            features.push(feature);
        }
        bulk.push(&EncodedBatch::encode(&features)?)?;
    }
    Ok(())
}
