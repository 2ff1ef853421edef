//! What a worker does with a chunk of records: transform, repair, date, all without the store.

use std::sync::Arc;

use onemap_model::{Feature, FeatureId, Record, Value};
use onemap_store::{EncodedBatch, StoreError};

use crate::comparison::{Compared, Facing};
use crate::models;
use crate::place::Place;
use crate::repair::repair;
use crate::report::NamedReject;
use crate::rules::Rules;

/// Records on their way from the reader to a worker.
pub(crate) struct Chunk {
    pub(crate) slot: usize,
    /// Place in the order of all chunks.
    pub(crate) sequence: u64,
    pub(crate) records: Vec<(FeatureId, Record)>,
    /// Records of this stretch that the reader could not keep.
    pub(crate) rejects: Vec<NamedReject>,
    pub(crate) way: Arc<Way>,
    /// The field of the shapes in 3D.
    pub(crate) model_at: Option<usize>,
    /// `None` when the source's fields are the layer's.
    pub(crate) fields: Option<FieldMap>,
    pub(crate) names: Names,
    /// The stored layer to compare with.
    pub(crate) facing: Option<Arc<Facing>>,
}

/// Names of a chunk's source and of the layer within it.
pub(crate) type Names = Arc<(String, String)>;

/// What a layer's records go through.
pub(crate) struct Way {
    pub(crate) place: Place,
    pub(crate) rules: Rules,
}

/// Where the source's fields stand among those of a layer that was there before.
pub(crate) type FieldMap = Arc<[usize]>;

/// A chunk, ready for the store.
pub(crate) struct Ready {
    pub(crate) slot: usize,
    pub(crate) sequence: u64,
    pub(crate) batch: Result<EncodedBatch, StoreError>,
    /// Repairs of each feature.
    pub(crate) repairs: Vec<Vec<&'static str>>,
    /// Rejected records, by number.
    pub(crate) rejects: Vec<NamedReject>,
    pub(crate) names: Names,
    /// How the features differ from what is stored.
    pub(crate) compared: Option<Compared>,
}

/// Does the work.
pub(crate) fn prepare(mut chunk: Chunk) -> Ready {
    let mut features = Vec::with_capacity(chunk.records.len());
    let mut all_repairs = Vec::with_capacity(chunk.records.len());
    let mut compared = chunk.facing.is_some().then(Compared::default);
    let mut failed = None;
    let mut rejects = std::mem::take(&mut chunk.rejects);
    for (id, mut record) in std::mem::take(&mut chunk.records) {
        let mut repairs = std::mem::take(&mut record.repairs);
        match feature(id, &mut record, &chunk, &mut repairs) {
            Ok(mut feature) => {
                if let Some(fields) = &chunk.fields {
                    feature.values = moved(feature.values, fields);
                }
                if let Some((facing, compared)) = chunk.facing.as_ref().zip(compared.as_mut()) {
                    match facing.compare(&mut feature, record.id.as_ref(), compared) {
                        Ok(differs) if differs || !facing.against.is_update => {
                            features.push(feature);
                        }
                        // What is the same need not be stored again.
                        Ok(_) => {}
                        Err(error) => failed = Some(error),
                    }
                } else {
                    features.push(feature);
                }
                all_repairs.push(repairs);
            }
            Err(reason) => rejects.push(NamedReject {
                record: record.number,
                id: record.id.map(|id| id.to_string()),
                reason,
            }),
        }
    }
    rejects.sort_by_key(|reject| reject.record);
    Ready {
        slot: chunk.slot,
        sequence: chunk.sequence,
        batch: failed.map_or_else(|| EncodedBatch::encode(&features), Err),
        repairs: all_repairs,
        rejects,
        names: chunk.names,
        compared,
    }
}

/// Puts values where the layer has their fields.
fn moved(values: Vec<Value>, fields: &[usize]) -> Vec<Value> {
    let width = fields.iter().max().map_or(0, |last| last + 1);
    let mut out = vec![Value::Null; width];
    for (value, &at) in values.into_iter().zip(fields) {
        out[at] = value;
    }
    out
}

fn feature(
    id: FeatureId,
    record: &mut Record,
    chunk: &Chunk,
    repairs: &mut Vec<&'static str>,
) -> Result<Feature, String> {
    let way = &*chunk.way;
    let mut geometry = record.geometry.take().filter(|shape| !shape.is_empty());
    if let Some(shape) = &mut geometry {
        if !shape.is_well_formed() {
            return Err("the parts of the geometry do not fit together".to_owned());
        }
        way.place.transform(shape).map_err(|error| error.to_string())?;
        if !shape_is_finite(shape) {
            return Err("a height or measure is not a number".to_owned());
        }
        repair(shape, repairs).map_err(|hopeless| hopeless.0.to_owned())?;
    }
    let (valid, state) = way.rules.apply(&record.values)?;
    let mut values = std::mem::take(&mut record.values);
    if let Some((model, at)) = record.model.take().zip(chunk.model_at) {
        let placed = models::placed(*model, &way.place)?;
        if geometry.is_none() {
            geometry = models::footprint(&placed);
            if let Some(shape) = &mut geometry {
                repair(shape, repairs).map_err(|hopeless| hopeless.0.to_owned())?;
            }
        }
        if values.len() <= at {
            values.resize(at + 1, Value::Null);
        }
        values[at] = Value::Bytes(placed.anchored.to_bytes());
    }
    let feature = Feature { id, geometry, values, valid, state };
    onemap_store::storable(&feature)?;
    Ok(feature)
}

/// Infinite heights can not be drawn; NaN measures are "no measure" and stay.
fn shape_is_finite(shape: &onemap_model::Geometry) -> bool {
    shape.z.iter().all(|z| z.is_finite()) && shape.members.iter().all(shape_is_finite)
}
