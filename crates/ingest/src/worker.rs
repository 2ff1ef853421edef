//! What a worker does with a chunk of records: transform, repair, date, all without the store.

use std::sync::Arc;

use onemap_model::{Feature, FeatureId, Record};

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
}

/// What a layer's records go through.
pub(crate) struct Way {
    pub(crate) place: Place,
    pub(crate) rules: Rules,
}

/// A chunk, ready for the store.
pub(crate) struct Ready {
    pub(crate) slot: usize,
    pub(crate) sequence: u64,
    pub(crate) features: Vec<Feature>,
    /// Repairs of each feature.
    pub(crate) repairs: Vec<Vec<&'static str>>,
    /// Rejected records, by number.
    pub(crate) rejects: Vec<NamedReject>,
}

/// Does the work.
pub(crate) fn prepare(chunk: Chunk) -> Ready {
    let mut features = Vec::with_capacity(chunk.records.len());
    let mut all_repairs = Vec::with_capacity(chunk.records.len());
    let mut rejects = chunk.rejects;
    for (id, mut record) in chunk.records {
        let mut repairs = std::mem::take(&mut record.repairs);
        match feature(id, &mut record, &chunk.way, &mut repairs) {
            Ok(feature) => {
                features.push(feature);
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
        features,
        repairs: all_repairs,
        rejects,
    }
}

fn feature(
    id: FeatureId,
    record: &mut Record,
    way: &Way,
    repairs: &mut Vec<&'static str>,
) -> Result<Feature, String> {
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
    Ok(Feature { id, geometry, values: std::mem::take(&mut record.values), valid, state })
}

/// Infinite heights can not be drawn; NaN measures are "no measure" and stay.
fn shape_is_finite(shape: &onemap_model::Geometry) -> bool {
    shape.z.iter().all(|z| z.is_finite()) && shape.members.iter().all(shape_is_finite)
}
