//! One real thing.

use serde::{Deserialize, Serialize};

use crate::{FeatureId, Geometry, Interval, State, Value, ValueRef};

/// One version of one real thing: its id, shape, values, and when and how it holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Feature {
    /// Id within the layer.
    pub id: FeatureId,
    /// Shape in lon/lat; `None` for a thing known only by its attributes.
    pub geometry: Option<Geometry>,
    /// Values in the order of the layer's schema; missing ones at the end are null.
    pub values: Vec<Value>,
    /// When the fact holds in the city.
    pub valid: Interval,
    /// Lifecycle state.
    pub state: State,
}

/// A feature as the store shows it, borrowed from a mapped segment or a recent edit.
#[derive(Debug, Clone, Copy)]
pub struct FeatureRef<'a> {
    /// Id within the layer.
    pub id: FeatureId,
    /// Shape in lon/lat.
    pub geometry: Option<&'a Geometry>,
    /// Values in the order of the layer's schema, exactly as many as it has fields; those that the
    /// view hides or did not ask for are null.
    pub values: &'a [ValueRef<'a>],
    /// When the fact holds in the city.
    pub valid: Interval,
    /// Lifecycle state.
    pub state: State,
}

impl FeatureRef<'_> {
    /// Copies the feature out of the store.
    pub fn to_feature(&self) -> Feature {
        Feature {
            id: self.id,
            geometry: self.geometry.cloned(),
            values: self.values.iter().map(ValueRef::to_value).collect(),
            valid: self.valid,
            state: self.state,
        }
    }
}
