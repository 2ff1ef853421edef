//! Edits: single features created, changed and deleted.

use onemap_generalise::join_lines;
use onemap_model::{
    Bounds, Feature, FeatureId, FieldType, Geometry, Interval, Layer, LayerId, Revision, State,
    Timestamp, Value,
};
use rustc_hash::FxHashMap;

use crate::change::{Change, EditRecord, count_edits};
use crate::error::StoreError;
use crate::segment::{feature_join, slot_of, storable};
use crate::state::{Generation, LayerEntry};
use crate::store::{Committed, Store};
use crate::timeline::follow;
use crate::{ChangeEvent, Result};

/// A feature that gets its id from the store.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NewFeature {
    /// Id to take; `None` takes the next free one.
    pub id: Option<FeatureId>,
    /// Shape in lon/lat.
    pub geometry: Option<Geometry>,
    /// Values in the order of the layer's fields.
    pub values: Vec<Value>,
    /// When it holds.
    pub valid: Interval,
    /// Lifecycle state.
    pub state: State,
}

/// One change of one feature.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Creates a feature; fails when its id is taken.
    Create(NewFeature),
    /// Replaces a feature; fails when it does not exist. Of a feature with several versions in valid time, the one
    /// that begins when the new one does, else the last one.
    Update {
        /// The feature as it shall be.
        feature: Feature,
        /// The revision at which the editor read it: fails when it was changed since.
        expected: Option<Revision>,
    },
    /// Adds a version to a feature that holds from its begin on: the one before ends then. Fails when the feature
    /// does not exist, or the version has no begin.
    Supersede {
        /// The version, with the begin of its valid time.
        feature: Feature,
        /// The revision at which the editor read the feature: fails when it was changed since.
        expected: Option<Revision>,
    },
    /// Deletes a feature with all its versions; fails when it does not exist.
    Delete {
        /// Its id.
        id: FeatureId,
        /// The revision at which the editor read it: fails when it was changed since.
        expected: Option<Revision>,
    },
}

impl Store {
    /// Makes a group of edits of one layer: all of them, as one revision, or none. No edits make no revision. Later edits of the
    /// group see the earlier ones.
    pub fn edit(&self, layer: &LayerId, edits: Vec<Edit>, actor: &str) -> Result<Committed> {
        let mut writer = self.inner.writer()?;
        let state = self.inner.state();
        let before = state.layer(layer)?.clone();
        let mut group = Group::new(&before, state.revision)?;
        for edit in edits {
            group.add(edit)?;
        }
        let (ids, edits) = group.finish()?;
        if edits.is_empty() {
            let (revision, layers) = (state.revision, vec![before.layer.clone()]);
            return Ok(Committed { revision, at: Timestamp::now(), layers, ids });
        }
        let change = Change::Edited { layer: before.layer.uuid, edits };
        let entry = self.inner.commit(&mut writer, change, actor)?;
        let Change::Edited { edits, .. } = &entry.change else { return Err(StoreError::Poisoned) };
        before.content.apply(edits, entry.revision);
        let mut next = LayerEntry::clone(&before);
        count_edits(&mut next.layer, edits, entry.revision);
        let changed = next.layer.clone();
        self.inner.publish(state.with(entry.revision, [(layer.clone(), Some(next))]));
        let event = ChangeEvent {
            layer: layer.clone(),
            revision: entry.revision,
            bounds: bounds_of(edits),
            ids: ids.clone(),
        };
        self.inner.send(&event);
        Ok(Committed { revision: entry.revision, at: entry.at, layers: vec![changed], ids })
    }
}

fn bounds_of(edits: &[EditRecord]) -> Option<Bounds> {
    let features = edits.iter().flat_map(|e| [&e.before, &e.after]).flatten();
    features.filter_map(|f| f.geometry.as_ref()?.bounds()).reduce(Bounds::union)
}

/// Edits that are being checked.
struct Group<'a> {
    entry: &'a LayerEntry,
    at: Revision,
    next_id: u64,
    /// The versions that the group has looked at, in the order of the first look.
    touched: Vec<Touched>,
    /// Where in `touched` the versions of a feature are.
    by_id: FxHashMap<FeatureId, Vec<usize>>,
    ids: Vec<FeatureId>,
}

/// A version of a feature: before the group, and as it is by now.
struct Touched {
    id: FeatureId,
    slot: i64,
    before: Option<Feature>,
    after: Option<Feature>,
}

impl<'a> Group<'a> {
    fn new(entry: &'a LayerEntry, at: Revision) -> Result<Self> {
        Ok(Self {
            entry,
            at,
            next_id: entry.content.next_id()?,
            touched: Vec::new(),
            by_id: FxHashMap::default(),
            ids: Vec::new(),
        })
    }

    fn add(&mut self, edit: Edit) -> Result<()> {
        let id = match edit {
            Edit::Create(new) => self.create(new)?,
            Edit::Update { feature, expected } => self.update(feature, expected)?,
            Edit::Supersede { feature, expected } => self.supersede(feature, expected)?,
            Edit::Delete { id, expected } => {
                self.existing(id, expected)?;
                for at in self.by_id.get(&id).into_iter().flatten() {
                    if let Some(touched) = self.touched.get_mut(*at) {
                        touched.after = None;
                    }
                }
                id
            }
        };
        if id.get() < FeatureId::HASHED {
            self.next_id = self.next_id.max(id.get() + 1);
        }
        self.ids.push(id);
        Ok(())
    }

    fn create(&mut self, new: NewFeature) -> Result<FeatureId> {
        let layer = &self.entry.layer;
        let id = match new.id {
            Some(id) => id,
            None => FeatureId::new(self.next_id)
                .map_err(|_| StoreError::TooLarge("the layer has no free feature ids left"))?,
        };
        if !self.current(id)?.is_empty() {
            return Err(StoreError::FeatureExists { layer: layer.id.clone(), id });
        }
        let NewFeature { geometry, values, valid, state, .. } = new;
        self.put(fitting(layer, Feature { id, geometry, values, valid, state })?);
        Ok(id)
    }

    fn update(&mut self, feature: Feature, expected: Option<Revision>) -> Result<FeatureId> {
        let id = feature.id;
        let current = self.existing(id, expected)?;
        let slot = slot_of(feature.valid);
        let same = |at: &&usize| self.touched.get(**at).is_some_and(|t| t.slot == slot);
        let replaced = current.iter().find(same).or(current.last()).copied();
        let feature = fitting(&self.entry.layer, feature)?;
        if let Some(touched) = replaced.and_then(|at| self.touched.get_mut(at)) {
            touched.after = None;
        }
        self.put(feature);
        Ok(id)
    }

    fn supersede(&mut self, feature: Feature, expected: Option<Revision>) -> Result<FeatureId> {
        let id = feature.id;
        let current = self.existing(id, expected)?;
        let Some(begin) = feature.valid.from else {
            let reason = "a version that follows another needs the begin of its valid time";
            return Err(StoreError::BadFeature { id, reason });
        };
        let mut feature = fitting(&self.entry.layer, feature)?;
        let versions = current.iter().filter_map(|at| self.touched.get(*at)?.after.clone());
        let mut versions: Vec<Feature> = versions.collect();
        for changed in follow(&mut versions, &mut feature, begin) {
            self.put(changed);
        }
        self.put(feature);
        Ok(id)
    }

    /// Makes a feature the current version of its slot.
    fn put(&mut self, feature: Feature) {
        let (id, slot) = (feature.id, slot_of(feature.valid));
        let list = self.by_id.entry(id).or_default();
        let known = list.iter().find(|at| self.touched.get(**at).is_some_and(|t| t.slot == slot));
        if let Some(touched) = known.and_then(|at| self.touched.get_mut(*at)) {
            touched.after = Some(feature);
            return;
        }
        list.push(self.touched.len());
        self.touched.push(Touched { id, slot, before: None, after: Some(feature) });
    }

    /// Returns where in `touched` the versions of a feature are that exist by now, oldest first.
    fn current(&mut self, id: FeatureId) -> Result<Vec<usize>> {
        if !self.by_id.contains_key(&id) {
            let fields = self.entry.layer.schema.fields.len();
            let mut list = Vec::new();
            for (feature, _) in self.entry.content.versions(id, self.at, fields)? {
                list.push(self.touched.len());
                let (slot, before) = (slot_of(feature.valid), Some(feature.clone()));
                self.touched.push(Touched { id, slot, before, after: Some(feature) });
            }
            self.by_id.insert(id, list);
        }
        let slot = |at: usize| self.touched.get(at).map_or(i64::MIN, |touched| touched.slot);
        let there = |at: &usize| self.touched.get(*at).is_some_and(|t| t.after.is_some());
        let list = self.by_id.get(&id).into_iter().flatten();
        let mut current: Vec<usize> = list.copied().filter(there).collect();
        current.sort_by_key(|at| slot(*at));
        Ok(current)
    }

    fn existing(&mut self, id: FeatureId, expected: Option<Revision>) -> Result<Vec<usize>> {
        let known = self.by_id.contains_key(&id);
        let current = self.current(id)?;
        let layer = || self.entry.layer.id.clone();
        if current.is_empty() {
            return Err(StoreError::NoFeature { layer: layer(), id });
        }
        if let Some(expected) = expected.filter(|_| !known) {
            let found = self.entry.content.feature_revision(id, self.at)?.unwrap_or_default();
            if found > expected {
                return Err(StoreError::Conflict { layer: layer(), id, expected, found });
            }
        }
        Ok(current)
    }

    /// Returns the ids in the order of the edits, and what to write to the log.
    fn finish(self) -> Result<(Vec<FeatureId>, Vec<EditRecord>)> {
        let changed = |t: &Touched| t.before.is_some() || t.after.is_some();
        let mut records = Vec::with_capacity(self.touched.len());
        for touched in self.touched.into_iter().filter(changed) {
            if touched.before == touched.after {
                // Looked at, and left as it was.
                continue;
            }
            let Touched { id, before, after, .. } = touched;
            records.push(EditRecord { id, before, after, minzoom: 0 });
        }
        let zooms = first_zooms(&self.entry.content, self.at, &records)?;
        for (record, zoom) in records.iter_mut().zip(zooms) {
            record.minzoom = zoom;
        }
        Ok((self.ids, records))
    }
}

/// Returns the first zoom of each feature after its edit: by itself, but a line that continues others of its
/// kind shows with them.
fn first_zooms(content: &Generation, at: Revision, records: &[EditRecord]) -> Result<Vec<u8>> {
    let ruler = &content.ruler;
    let mut zooms = Vec::with_capacity(records.len());
    let (mut lines, mut owners) = (Vec::new(), Vec::new());
    for (i, record) in records.iter().enumerate() {
        let Some(feature) = &record.after else {
            zooms.push(0);
            continue;
        };
        let item = ruler.measure(feature);
        zooms.push(ruler.first_zoom(&item));
        if let Some(line) = feature_join(feature, ruler.merge(), item.size) {
            lines.push(line);
            owners.push((i, item));
        }
    }
    for ((owner, mut item), (line, (_, length))) in
        owners.into_iter().zip(lines.iter().zip(join_lines(&lines)))
    {
        item.ranked_size = length;
        let mut zoom = ruler.first_zoom(&item);
        for end in line.ends {
            zoom = zoom.min(content.zoom_of_joined(at, line.key, end)?.unwrap_or(zoom));
        }
        if let Some(slot) = zooms.get_mut(owner) {
            *slot = (*slot).min(zoom);
        }
    }
    Ok(zooms)
}

/// Makes a feature's values fit the layer's fields, or says why they do not.
fn fitting(layer: &Layer, mut feature: Feature) -> Result<Feature> {
    let id = feature.id;
    storable(&feature).map_err(|reason| StoreError::BadFeature { id, reason })?;
    let fields = &layer.schema.fields;
    let wrong = |reason: String| StoreError::Schema { layer: layer.id.clone(), reason };
    if feature.values.len() > fields.len() {
        let (given, there) = (feature.values.len(), fields.len());
        return Err(wrong(format!("{given} values were given for {there} fields")));
    }
    for (value, field) in feature.values.iter_mut().zip(fields) {
        let Some(kind) = value.kind() else { continue };
        let lossless = kind == field.kind
            || matches!(
                (kind, field.kind),
                (_, FieldType::Text)
                    | (FieldType::Int, FieldType::Float)
                    | (FieldType::Date, FieldType::DateTime)
                    | (FieldType::Bytes, FieldType::Model)
            );
        if !lossless {
            let (name, wanted, given) = (&field.name, field.kind.name(), kind.name());
            return Err(wrong(format!("field '{name}' takes {wanted}, not {given}")));
        }
        *value = std::mem::take(value).coerce(field.kind);
    }
    feature.values.resize(fields.len(), Value::Null);
    Ok(feature)
}
