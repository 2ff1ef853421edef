//! Batches of features, encoded for a segment.

use onemap_model::{
    Bounds, Feature, FieldType, Geometry, GeometryClass, Interval, State, StateSet,
};
use rustc_hash::FxHashSet;

use super::columns::{Columns, Extras, Given};
use super::item::Item;
use super::table::{kind_number, write_feature};
use crate::Result;
use crate::change::{stated, union_time};
use crate::error::StoreError;

/// A flatbuffer's offsets are 32 bits, signed in places.
const MAX_FEATURE_BYTES: usize = 1 << 30;

/// What holds of all features of a batch or segment together.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Traits {
    pub(crate) features: u64,
    pub(crate) with_geometry: u64,
    /// Shapes that have heights throughout.
    pub(crate) with_z: u64,
    /// Shapes that have measures throughout.
    pub(crate) with_m: u64,
    /// One bit for each kind of shape, by its number in FlatGeobuf.
    pub(crate) kinds: u8,
    pub(crate) class: GeometryClass,
    pub(crate) bounds: Option<Bounds>,
    pub(crate) time: Option<Interval>,
    /// Every begin and end that a feature states, microseconds.
    pub(crate) times: FxHashSet<i64>,
    pub(crate) states: StateSet,
    pub(crate) given: Given,
}

impl Default for Traits {
    fn default() -> Self {
        Self {
            features: 0,
            with_geometry: 0,
            with_z: 0,
            with_m: 0,
            kinds: 0,
            class: GeometryClass::default(),
            bounds: None,
            time: None,
            times: FxHashSet::default(),
            states: StateSet::NONE,
            given: Given::default(),
        }
    }
}

impl Traits {
    fn add(&mut self, feature: &Feature) {
        self.features += 1;
        self.time = union_time(self.time, stated(feature.valid));
        self.note_life(feature.valid, feature.state);
        self.given = self.given.union(Given {
            from: feature.valid.from.is_some(),
            to: feature.valid.to.is_some(),
            state: feature.state != State::Existing,
        });
        let Some(geometry) = &feature.geometry else { return };
        self.with_geometry += 1;
        self.with_z += u64::from(throughout(geometry, &|g| !g.z.is_empty()));
        self.with_m += u64::from(throughout(geometry, &|g| !g.m.is_empty()));
        self.kinds |= 1 << kind_number(geometry.kind);
        self.class = self.class.union(geometry.class());
        self.grow(geometry.bounds());
    }

    /// Notes when and in which state a feature holds.
    pub(crate) fn note_life(&mut self, valid: Interval, state: State) {
        let ends = [valid.from, valid.to].into_iter().flatten();
        self.times.extend(ends.map(onemap_model::Timestamp::as_micros));
        self.states = self.states.with(state);
    }

    fn grow(&mut self, bounds: Option<Bounds>) {
        self.bounds = match (self.bounds, bounds) {
            (Some(a), Some(b)) => Some(a.union(b)),
            (a, b) => a.or(b),
        };
    }

    pub(crate) fn union(&mut self, other: &Self) {
        self.features += other.features;
        self.with_geometry += other.with_geometry;
        self.with_z += other.with_z;
        self.with_m += other.with_m;
        self.kinds |= other.kinds;
        self.class = self.class.union(other.class);
        self.time = union_time(self.time, other.time);
        self.times.extend(&other.times);
        self.states = self.states.union(other.states);
        self.given = self.given.union(other.given);
        self.grow(other.bounds);
    }
}

/// Tells whether something holds of a simple shape, or of all members of a collection.
fn throughout(geometry: &Geometry, holds: &dyn Fn(&Geometry) -> bool) -> bool {
    let mut all = true;
    geometry.for_each_simple(&mut |simple| all &= holds(simple));
    all
}

/// Features encoded for a segment: made by any number of threads, then pushed in the order of the source.
#[derive(Debug, Clone, Default)]
pub struct EncodedBatch {
    pub(crate) bytes: Vec<u8>,
    /// Offsets count from the begin of `bytes`.
    pub(crate) items: Vec<Item>,
    /// Type of each field's values in this batch; `None` where all are null.
    pub(crate) kinds: Vec<Option<FieldType>>,
    pub(crate) traits: Traits,
}

impl EncodedBatch {
    /// Encodes features. Where the values of a field have several types in this batch, they are
    /// promoted ([`FieldType::promote`]).
    ///
    /// Fails when a feature cannot be stored; [`storable`] tells beforehand.
    pub fn encode(features: &[Feature]) -> Result<Self> {
        let mut batch = Self { kinds: kinds_of(features), ..Self::default() };
        for feature in features {
            batch.push(feature, super::columns::SPOOLED)?;
        }
        Ok(batch)
    }

    /// Encodes features with the columns of a finished segment; values are changed to their type.
    pub(crate) fn encode_as(features: &[Feature], columns: &Columns) -> Result<Self> {
        let mut batch = Self { kinds: columns.fields.clone(), ..Self::default() };
        for feature in features {
            batch.push(feature, columns.extras)?;
        }
        Ok(batch)
    }

    /// Returns the number of features.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Tells whether there are no features.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Returns the type of each field's values in this batch; `None` where all are null.
    pub fn kinds(&self) -> &[Option<FieldType>] {
        &self.kinds
    }

    fn push(&mut self, feature: &Feature, extras: Extras) -> Result<()> {
        let id = feature.id;
        storable(feature).map_err(|reason| StoreError::BadFeature { id, reason })?;
        let begin = self.bytes.len();
        write_feature(&mut self.bytes, feature, &self.kinds, extras);
        let len = self.bytes.len() - begin;
        if len > MAX_FEATURE_BYTES {
            self.bytes.truncate(begin);
            return Err(StoreError::BadFeature { id, reason: "it is larger than 1 GiB" });
        }
        let named = (id.get(), feature.valid);
        self.items.push(Item::new(named, feature.geometry.as_ref(), begin as u64, len as u32));
        self.traits.add(feature);
        Ok(())
    }
}

/// Says why a feature could not be stored: an ill-formed shape or coordinates that are not finite.
pub fn storable(feature: &Feature) -> std::result::Result<(), &'static str> {
    let Some(geometry) = &feature.geometry else { return Ok(()) };
    if !geometry.is_well_formed() {
        return Err("its rings do not cover its coordinates");
    }
    if depth(geometry) > super::decode::MAX_DEPTH {
        return Err("its collections are nested too deep");
    }
    if !all_finite(geometry) {
        return Err("a coordinate is not a finite number");
    }
    Ok(())
}

fn depth(geometry: &Geometry) -> usize {
    geometry.members.iter().map(|g| 1 + depth(g)).max().unwrap_or(0)
}

fn all_finite(geometry: &Geometry) -> bool {
    geometry.xy.iter().all(|[x, y]| x.is_finite() && y.is_finite())
        && geometry.members.iter().all(all_finite)
}

fn kinds_of(features: &[Feature]) -> Vec<Option<FieldType>> {
    let fields = features.iter().map(|f| f.values.len()).max().unwrap_or(0);
    let mut kinds: Vec<Option<FieldType>> = vec![None; fields];
    for feature in features {
        for (kind, value) in kinds.iter_mut().zip(&feature.values) {
            *kind = match (*kind, value.kind()) {
                (Some(a), Some(b)) => Some(a.promote(b)),
                (a, b) => a.or(b),
            };
        }
    }
    kinds
}
