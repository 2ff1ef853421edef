//! The stored side: each feature of a package meets the one with its id, or others at its place.

use std::ops::ControlFlow;
use std::sync::Arc;

use onemap_model::{
    Bounds, Feature, FeatureId, FeatureRef, Field, Geometry, Interval, LayerId, Schema, SourceId,
    StateSet, Timestamp, Value, ValueRef, ViewSpec, When, network_field,
};
use onemap_store::{LayerView, Query, Store, StoreError, View};

use super::cover::{Cover, metres_per_degree};
use super::differ::{coincide, place, reversed, same, shift, shown};
use super::{Change, ChangeKind, FieldChange, differ};
use crate::intake::SOURCE_ID_FIELD;

/// Features at the same place that are looked at for an old number.
const MOST_TWINS: usize = 8;
/// Two features are at one place when their corners are at most so far apart, metres, unless the user says otherwise.
const SNAP_M: f64 = 0.1;

/// A layer as it is stored while a package is compared with it.
pub(crate) struct Against {
    layer: LayerId,
    /// What holds now and later.
    now: View,
    /// All versions.
    ever: View,
    pub(crate) revision: u64,
    pub(crate) is_network: bool,
    /// Whether what the package lacks stays, as in an update.
    pub(crate) is_update: bool,
    fields: Vec<Field>,
    /// Field whose values are the package's ids.
    id_field: Option<String>,
    name_at: Option<usize>,
    class_at: Option<usize>,
    element_at: Option<usize>,
    snap_m: f64,
    pub(crate) begun: Timestamp,
}

/// How a layer is to be compared.
pub(crate) struct Terms {
    pub(crate) is_network: bool,
    pub(crate) is_update: bool,
    pub(crate) id_field: Option<String>,
    /// Metres.
    pub(crate) snap: Option<f64>,
}

impl Against {
    /// Looks at a layer; `None` where there is none.
    pub(crate) fn new(store: &Store, id: &LayerId, terms: Terms) -> Option<Self> {
        let snapshot = store.snapshot();
        let view = |when| ViewSpec { when, states: Some(StateSet::ALL), ..ViewSpec::default() };
        let now = View::new(snapshot.clone(), view(When::Now));
        let ever = View::new(snapshot, view(When::Within(Interval::ALWAYS)));
        let layer = now.layer(id)?.layer().clone();
        let at = |name: &str| layer.schema.position(name);
        let in_network = |name: &str| at(name).filter(|_| terms.is_network);
        let begun = Timestamp::now().as_micros();
        Some(Self {
            revision: layer.revision.0,
            name_at: layer.id_field.as_deref().and_then(at).or_else(|| at(SOURCE_ID_FIELD)),
            class_at: in_network(network_field::CLASS),
            element_at: in_network(network_field::ELEMENT),
            layer: layer.id.clone(),
            fields: layer.schema.fields,
            id_field: terms.id_field,
            is_network: terms.is_network,
            is_update: terms.is_update,
            snap_m: terms.snap.filter(|snap| snap.is_finite() && *snap >= 0.0).unwrap_or(SNAP_M),
            begun: Timestamp::from_micros(begun - begun.rem_euclid(1_000_000)),
            now,
            ever,
        })
    }

    fn layer<'v>(&self, view: &'v View) -> Result<LayerView<'v>, StoreError> {
        view.layer(&self.layer).ok_or_else(|| StoreError::NoLayer(self.layer.clone()))
    }

    /// Returns the last version of a feature.
    pub(crate) fn last(&self, id: FeatureId) -> Result<Option<Feature>, StoreError> {
        Ok(self.layer(&self.ever)?.history(id)?.pop())
    }

    /// Visits what is stored and has not ended.
    pub(crate) fn for_each(
        &self,
        bounds: Option<Bounds>,
        visit: &mut dyn FnMut(FeatureRef<'_>),
    ) -> Result<(), StoreError> {
        let query = Query { bounds, ..Query::default() };
        self.layer(&self.now)?.for_each(&query, &mut |feature| {
            visit(feature);
            ControlFlow::Continue(())
        })
    }

    /// Returns the class of pipelines of a stored feature.
    pub(crate) fn class<'a>(&self, values: &[ValueRef<'a>]) -> &'a str {
        text(self.class_at, values)
    }

    /// Returns how a stored feature is listed.
    pub(crate) fn change(&self, change: ChangeKind, feature: &FeatureRef<'_>) -> Change {
        let named = self.name_at.and_then(|at| feature.values.get(at)).map(ToString::to_string);
        let element = text(self.element_at, feature.values);
        Change {
            change,
            id: feature.id.get(),
            name: named
                .filter(|name| !name.is_empty())
                .unwrap_or_else(|| feature.id.get().to_string()),
            element: (!element.is_empty()).then(|| element.to_owned()),
            was: None,
            was_id: None,
            removed: false,
            moved_m: None,
            raised_m: None,
            reshaped: false,
            fields: Vec::new(),
            lonlat: feature.geometry.and_then(place),
            from: None,
            shape: feature.geometry.cloned(),
        }
    }
}

/// What comparing a chunk of records brought.
#[derive(Default)]
pub(crate) struct Compared {
    pub(crate) same: u64,
    pub(crate) found: Vec<Found>,
    pub(crate) cover: Cover,
}

/// A difference, and, of what is new, what it may have been called before.
pub(crate) struct Found {
    pub(crate) change: Change,
    pub(crate) twins: Vec<Change>,
}

/// A stored layer, and where its fields stand among those of a package.
pub(crate) struct Facing {
    pub(crate) against: Arc<Against>,
    /// The package's fields, with their positions among the stored ones.
    fields: Vec<(Field, Option<usize>)>,
    /// Positions of stored fields that the package does not have.
    only_stored: Vec<usize>,
    name_at: Option<usize>,
    class_at: Option<usize>,
    element_at: Option<usize>,
}

impl Facing {
    pub(crate) fn new(against: Arc<Against>, schema: &Schema) -> Self {
        let stored = |name: &str| against.fields.iter().position(|field| field.name == name);
        let fields: Vec<_> =
            schema.fields.iter().map(|field| (field.clone(), stored(&field.name))).collect();
        let has = |field: &Field| schema.position(&field.name).is_some();
        let only_stored = against.fields.iter().enumerate().filter(|(_, field)| !has(field));
        let in_network = |name| schema.position(name).filter(|_| against.is_network);
        Self {
            only_stored: only_stored.map(|(at, _)| at).collect(),
            name_at: against.id_field.as_deref().and_then(|name| schema.position(name)),
            class_at: in_network(network_field::CLASS),
            element_at: in_network(network_field::ELEMENT),
            fields,
            against,
        }
    }

    /// Tells whether it was made for so many fields.
    pub(crate) fn fits(&self, schema: &Schema) -> bool {
        self.fields.len() == schema.fields.len()
    }

    /// Compares a feature with what is stored. Returns whether an update has to store it.
    pub(crate) fn compare(
        &self,
        feature: &mut Feature,
        name: Option<&SourceId>,
        compared: &mut Compared,
    ) -> Result<bool, StoreError> {
        let against = &*self.against;
        let class = text_of(self.class_at, feature).to_owned();
        compared.cover.add(feature.geometry.as_ref(), feature.state, &class);
        let last = against.last(feature.id)?;
        let is_over = |last: &Feature| last.valid.to.is_some_and(|to| to <= against.begun);
        if let Some(last) = last.filter(|last| !(against.is_network && is_over(last))) {
            let change = self.between(&last, feature, ChangeKind::Changed, name);
            if let Some(change) = change {
                compared.found.push(Found { change, twins: Vec::new() });
                return Ok(true);
            }
            compared.same += 1;
            return Ok(feature.valid.from.is_some());
        }
        if against.is_network && feature.valid == Interval::ALWAYS {
            // What had ended is there again.
            let is_back = against.last(feature.id)?.is_some();
            feature.valid.from = is_back.then_some(against.begun);
        }
        let twins = self.twins(feature, &class, name)?;
        let change = self.describe(feature, ChangeKind::Added, name);
        compared.found.push(Found { change, twins });
        Ok(true)
    }

    /// Returns what a stored feature would be as this one; `None` when they are the same.
    fn between(
        &self,
        old: &Feature,
        new: &Feature,
        kind: ChangeKind,
        name: Option<&SourceId>,
    ) -> Option<Change> {
        let mut shift = shift(old.geometry.as_ref(), new.geometry.as_ref());
        if let (ChangeKind::Renumbered, Some(shape)) = (kind, &old.geometry) {
            // A line that is drawn from its other end is where it was.
            let back = differ::shift(Some(&reversed(shape)), new.geometry.as_ref());
            if back.moved_m.unwrap_or(0.0) < shift.moved_m.unwrap_or(0.0) {
                shift = back;
            }
        }
        let fields = self.fields_between(old, new);
        if shift.is_none() && fields.is_empty() && kind == ChangeKind::Changed {
            return None;
        }
        let mut change = self.describe(new, kind, name);
        change.moved_m = shift.moved_m;
        change.raised_m = shift.raised_m;
        change.reshaped = shift.reshaped;
        change.fields = fields;
        if let Some([at, was]) = shift.corner {
            (change.lonlat, change.from) = (Some(at), Some(was));
        }
        Some(change)
    }

    fn fields_between(&self, old: &Feature, new: &Feature) -> Vec<FieldChange> {
        let null = Value::Null;
        let get = |values: &'_ [Value], at: Option<usize>| -> Value {
            at.and_then(|at| values.get(at)).unwrap_or(&null).clone()
        };
        let mut changes = Vec::new();
        let mut put = |field: &Field, old: &Value, new: &Value| {
            changes.push(FieldChange {
                field: field.name.clone(),
                title: field.title.clone(),
                old: shown(old),
                new: shown(new),
            });
        };
        for (at, (field, stored)) in self.fields.iter().enumerate() {
            let a = stored.and_then(|at| old.values.get(at)).unwrap_or(&null);
            let b = new.values.get(at).unwrap_or(&null);
            if !same(a.as_ref(), b.as_ref()) {
                put(field, a, b);
            }
        }
        for &at in &self.only_stored {
            let before = get(&old.values, Some(at));
            if let Some(field) = self.against.fields.get(at).filter(|_| !before.is_null()) {
                put(field, &before, &null);
            }
        }
        let mut put_word = |name: &str, old: String, new: String| {
            if changes.iter().all(|change| change.field != name) {
                let (old, new) = (old.into(), new.into());
                changes.push(FieldChange { field: name.to_owned(), title: None, old, new });
            }
        };
        if old.state != new.state {
            put_word("state", old.state.to_string(), new.state.to_string());
        }
        if new.valid.to.is_some() && new.valid.to != old.valid.to {
            let time = |time: Option<Timestamp>| time.map(|t| t.to_string()).unwrap_or_default();
            put_word("valid_to", time(old.valid.to), time(new.valid.to));
        }
        changes
    }

    /// Returns what is stored with other ids at the place of a feature, as its old numbers.
    fn twins(
        &self,
        feature: &Feature,
        class: &str,
        name: Option<&SourceId>,
    ) -> Result<Vec<Change>, StoreError> {
        let against = &*self.against;
        let first = feature.geometry.as_ref().and_then(|shape| shape.xy.first().copied());
        let (Some(first), Some(shape)) = (first, &feature.geometry) else { return Ok(Vec::new()) };
        let Some(bounds) = Bounds::of_point(first) else { return Ok(Vec::new()) };
        let [x, y] = metres_per_degree(first[1]);
        let element = text_of(self.element_at, feature);
        let mut found: Vec<Feature> = Vec::new();
        against.for_each(Some(bounds.grown(against.snap_m / x.min(y))), &mut |other| {
            let is_same_thing = other.id != feature.id
                && against.class(other.values) == class
                && text(against.element_at, other.values) == element
                && other.geometry.is_some_and(|at| coincide(at, shape, against.snap_m));
            if is_same_thing && found.len() < MOST_TWINS {
                found.push(other.to_feature());
            }
        })?;
        found.sort_by_key(|other| other.id.get());
        let changes = found.iter().filter_map(|old| {
            let values: Vec<ValueRef<'_>> = old.values.iter().map(Value::as_ref).collect();
            let (geometry, valid) = (old.geometry.as_ref(), old.valid);
            let known =
                FeatureRef { id: old.id, geometry, values: &values, valid, state: old.state };
            let known = against.change(ChangeKind::Absent, &known);
            let mut change = self.between(old, feature, ChangeKind::Renumbered, name)?;
            // Its number is what changed; that its fields say so, too, is no news.
            let own = against.id_field.as_deref().unwrap_or(SOURCE_ID_FIELD);
            let numbers = [SOURCE_ID_FIELD, network_field::CODE, own];
            change.fields.retain(|field| !numbers.contains(&field.field.as_str()));
            (change.was, change.was_id) = (Some(known.name), Some(known.id));
            Some(change)
        });
        Ok(changes.collect())
    }

    fn describe(&self, feature: &Feature, kind: ChangeKind, name: Option<&SourceId>) -> Change {
        let element = text_of(self.element_at, feature);
        let shape: Option<&Geometry> = feature.geometry.as_ref();
        let field = self.name_at.and_then(|at| feature.values.get(at));
        let name = match field.filter(|value| !value.is_null()) {
            Some(value) => value.as_ref().to_string(),
            None => name.map_or_else(|| feature.id.get().to_string(), ToString::to_string),
        };
        Change {
            change: kind,
            id: feature.id.get(),
            name,
            element: (!element.is_empty()).then(|| element.to_owned()),
            was: None,
            was_id: None,
            removed: false,
            moved_m: None,
            raised_m: None,
            reshaped: false,
            fields: Vec::new(),
            lonlat: shape.and_then(place),
            from: None,
            shape: shape.cloned(),
        }
    }
}

/// Returns a text of a feature; empty where it has none.
fn text_of(at: Option<usize>, feature: &Feature) -> &str {
    match at.and_then(|at| feature.values.get(at)) {
        Some(Value::Text(text)) => text,
        _ => "",
    }
}

fn text<'a>(at: Option<usize>, values: &[ValueRef<'a>]) -> &'a str {
    match at.and_then(|at| values.get(at)) {
        Some(ValueRef::Text(text)) => text,
        _ => "",
    }
}
