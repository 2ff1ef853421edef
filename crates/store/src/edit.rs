//! Edits: single features created, changed and deleted.

use onemap_model::{
    Bounds, Feature, FeatureId, FieldType, Geometry, Interval, Layer, LayerId, Revision, State,
    Timestamp, Value,
};
use rustc_hash::FxHashMap;

use crate::change::{Change, EditRecord, count_edits};
use crate::error::StoreError;
use crate::segment::storable;
use crate::state::LayerEntry;
use crate::store::{Committed, Store};
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
    /// Replaces a feature; fails when it does not exist.
    Update {
        /// The feature as it shall be.
        feature: Feature,
        /// The revision at which the editor read it: fails when it was changed since.
        expected: Option<Revision>,
    },
    /// Deletes a feature; fails when it does not exist.
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
        let (ids, edits) = (group.ids, group.records);
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
    /// Where in `records` a feature is that the group itself has changed.
    made: FxHashMap<FeatureId, usize>,
    ids: Vec<FeatureId>,
    records: Vec<EditRecord>,
}

impl<'a> Group<'a> {
    fn new(entry: &'a LayerEntry, at: Revision) -> Result<Self> {
        Ok(Self {
            entry,
            at,
            next_id: entry.content.next_id()?,
            made: FxHashMap::default(),
            ids: Vec::new(),
            records: Vec::new(),
        })
    }

    fn add(&mut self, edit: Edit) -> Result<()> {
        let layer = &self.entry.layer;
        let (id, before, after) = match edit {
            Edit::Create(new) => {
                let id = match new.id {
                    Some(id) => id,
                    None => FeatureId::new(self.next_id).map_err(|_| {
                        StoreError::TooLarge("the layer has no free feature ids left")
                    })?,
                };
                if self.current(id)?.is_some() {
                    return Err(StoreError::FeatureExists { layer: layer.id.clone(), id });
                }
                let NewFeature { geometry, values, valid, state, .. } = new;
                (id, None, Some(Feature { id, geometry, values, valid, state }))
            }
            Edit::Update { feature, expected } => {
                let before = self.existing(feature.id, expected)?;
                (feature.id, Some(before), Some(feature))
            }
            Edit::Delete { id, expected } => (id, Some(self.existing(id, expected)?), None),
        };
        let after = after.map(|feature| fitting(layer, feature)).transpose()?;
        let minzoom = match &after {
            Some(feature) => self.entry.content.first_zoom(feature, layer.bounds)?,
            None => 0,
        };
        if id.get() < FeatureId::HASHED {
            self.next_id = self.next_id.max(id.get() + 1);
        }
        self.ids.push(id);
        // A feature has one version in a revision.
        if let Some(record) = self.made.get(&id).and_then(|&i| self.records.get_mut(i)) {
            record.after = after;
            record.minzoom = minzoom;
        } else {
            self.made.insert(id, self.records.len());
            self.records.push(EditRecord { id, before, after, minzoom });
        }
        Ok(())
    }

    fn current(&self, id: FeatureId) -> Result<Option<Feature>> {
        if let Some(made) = self.made.get(&id).and_then(|&i| self.records.get(i)) {
            return Ok(made.after.clone());
        }
        let fields = self.entry.layer.schema.fields.len();
        Ok(self.entry.content.feature(id, self.at, fields)?.map(|(feature, _)| feature))
    }

    fn existing(&self, id: FeatureId, expected: Option<Revision>) -> Result<Feature> {
        let layer = || self.entry.layer.id.clone();
        let feature =
            self.current(id)?.ok_or_else(|| StoreError::NoFeature { layer: layer(), id })?;
        if let Some(expected) = expected.filter(|_| !self.made.contains_key(&id)) {
            let found = self.entry.content.feature_revision(id, self.at)?.unwrap_or_default();
            if found > expected {
                return Err(StoreError::Conflict { layer: layer(), id, expected, found });
            }
        }
        Ok(feature)
    }
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
