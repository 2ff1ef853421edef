//! What an update package changes in what is stored.

use onemap_model::{
    BlobRef, Field, Finding, Geometry, LayerSlot, Note, Record, Reject, Sink, SourceLayer, Stopped,
    Value,
};
use rustc_hash::FxHashMap;

use crate::{Error, Options, Source};

/// A feature of a network as it is stored, or as it was read: its code, its shape, and its fields by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stored {
    /// Source id of the feature: its code, with `link/` or `area/` where a node has the same.
    pub id: String,
    /// Its shape, in any CRS; both sides of a comparison have to be in the same.
    pub geometry: Option<Geometry>,
    /// Its values by the names of their fields; null ones may be left out.
    pub values: Vec<(String, Value)>,
}

/// A feature that differs.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Change {
    /// Source id.
    pub id: String,
    /// The one that is stored with another id at the same place and of the same kind: it was given a new number.
    pub renamed_from: Option<String>,
    /// How far it moved, in units of the coordinates; 0 where only its heights or values changed.
    pub moved: f64,
    /// Fields that differ, with the stored value and the new one.
    pub values: Vec<(String, Value, Value)>,
}

/// What an update package changes.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct Difference {
    /// Ids of features that are not stored yet.
    pub added: Vec<String>,
    /// Features that are stored otherwise.
    pub changed: Vec<Change>,
    /// Ids of stored features that the package does not hold.
    pub removed: Vec<String>,
    /// How many are the same.
    pub same: usize,
}

/// Coordinates nearer than this are the same, metres: a way through degrees and back keeps a tenth of it.
const SAME_M: f64 = 0.001;

/// Numbers nearer than this are the same.
const SAME_VALUE: f64 = 1e-6;

/// Compares what is stored with what a package holds, by id, then by place: a node or link that vanished from one
/// place where another of the same geometry appeared has a new number. `tolerance` is that of coordinates, in their unit
/// (0.001 for metres, 1e-8 for degrees). Both lists may come in any order; the answer is sorted by id.
pub fn compare(
    stored: impl IntoIterator<Item = Stored>,
    package: impl IntoIterator<Item = Stored>,
    tolerance: f64,
) -> Difference {
    let mut stored: FxHashMap<String, Stored> =
        stored.into_iter().map(|feature| (feature.id.clone(), feature)).collect();
    let mut difference = Difference::default();
    let mut new = Vec::new();
    for feature in package {
        let Some(known) = stored.remove(&feature.id) else {
            new.push(feature);
            continue;
        };
        let change = change(&known, &feature, tolerance);
        if change.moved == 0.0 && change.values.is_empty() {
            difference.same += 1;
        } else {
            difference.changed.push(change);
        }
    }
    let mut by_place: FxHashMap<Vec<[i64; 2]>, Vec<String>> = FxHashMap::default();
    let mut left: Vec<&Stored> = stored.values().collect();
    left.sort_by(|a, b| a.id.cmp(&b.id));
    for feature in left {
        by_place.entry(place(feature, tolerance)).or_default().push(feature.id.clone());
    }
    for feature in new {
        let key = place(&feature, tolerance);
        let twin = by_place.get_mut(&key).filter(|_| !key.is_empty());
        let known = twin.and_then(Vec::pop).and_then(|id| stored.remove(&id));
        match known {
            Some(known) => {
                let mut change = change(&known, &feature, tolerance);
                change.renamed_from = Some(known.id);
                difference.changed.push(change);
            }
            None => difference.added.push(feature.id),
        }
    }
    difference.removed = stored.into_keys().collect();
    difference.added.sort();
    difference.removed.sort();
    difference.changed.sort_by(|a, b| a.id.cmp(&b.id));
    difference
}

/// Reads a source as features to compare, without keeping anything of it. Coordinates are in the CRS of the source.
///
/// # Errors
/// As [`crate::read`].
pub fn features(source: &Source, options: &Options) -> Result<Vec<Stored>, Error> {
    let mut sink = Collect::default();
    crate::read(source, options, &mut sink)?;
    Ok(sink.features)
}

fn place(feature: &Stored, tolerance: f64) -> Vec<[i64; 2]> {
    let size = if tolerance > 0.0 { tolerance * 10.0 } else { SAME_M };
    let xy = feature.geometry.as_ref().map(|geometry| geometry.xy.as_slice()).unwrap_or_default();
    xy.iter().map(|at| at.map(|c| (c / size).round() as i64)).collect()
}

fn change(known: &Stored, new: &Stored, tolerance: f64) -> Change {
    let moved = match (&known.geometry, &new.geometry) {
        (Some(a), Some(b)) => moved(a, b, tolerance),
        (None, None) => 0.0,
        _ => f64::INFINITY,
    };
    let before: FxHashMap<&str, &Value> =
        known.values.iter().map(|(name, value)| (name.as_str(), value)).collect();
    let after: FxHashMap<&str, &Value> =
        new.values.iter().map(|(name, value)| (name.as_str(), value)).collect();
    let mut names: Vec<&str> = before.keys().chain(after.keys()).copied().collect();
    names.sort_unstable();
    names.dedup();
    let null = Value::Null;
    let values = names
        .into_iter()
        .filter_map(|name| {
            let (a, b) = (
                before.get(name).copied().unwrap_or(&null),
                after.get(name).copied().unwrap_or(&null),
            );
            (!same(a, b)).then(|| (name.to_owned(), a.clone(), b.clone()))
        })
        .collect();
    Change { id: new.id.clone(), renamed_from: None, moved, values }
}

/// Returns how far the corner that moved most did; 0 within the tolerance, the tolerance where only heights differ.
fn moved(a: &Geometry, b: &Geometry, tolerance: f64) -> f64 {
    if a.kind != b.kind || a.xy.len() != b.xy.len() || a.z.len() != b.z.len() {
        return f64::INFINITY;
    }
    let far =
        a.xy.iter()
            .zip(&b.xy)
            .map(|(a, b)| libm::hypot(a[0] - b[0], a[1] - b[1]))
            .fold(0.0, f64::max);
    let heights = a.z.iter().zip(&b.z).any(|(a, b)| (a - b).abs() > SAME_M);
    if far > tolerance {
        far
    } else if heights {
        tolerance.max(f64::MIN_POSITIVE)
    } else {
        0.0
    }
}

/// Tells whether two values are the same, in whatever type.
fn same(a: &Value, b: &Value) -> bool {
    let number = |value: &Value| match value {
        Value::Int(n) => Some(*n as f64),
        Value::Float(n) => Some(*n),
        _ => None,
    };
    match (number(a), number(b)) {
        (Some(a), Some(b)) => (a - b).abs() <= SAME_VALUE,
        _ => a == b || a.as_ref().to_string() == b.as_ref().to_string(),
    }
}

/// Keeps the features of a network.
#[derive(Default)]
struct Collect {
    fields: Vec<String>,
    features: Vec<Stored>,
}

impl Sink for Collect {
    fn layer(&mut self, layer: SourceLayer) -> Result<LayerSlot, Stopped> {
        self.fields = layer.fields.into_iter().map(|field| field.name).collect();
        Ok(LayerSlot(0))
    }

    fn field(&mut self, _: LayerSlot, field: Field) -> Result<usize, Stopped> {
        self.fields.push(field.name);
        Ok(self.fields.len() - 1)
    }

    fn record(&mut self, _: LayerSlot, record: Record) -> Result<(), Stopped> {
        let Some(id) = record.id else { return Ok(()) };
        let values = self
            .fields
            .iter()
            .cloned()
            .zip(record.values)
            .filter(|(_, value)| !value.is_null())
            .collect();
        self.features.push(Stored { id: id.to_string(), geometry: record.geometry, values });
        Ok(())
    }

    fn reject(&mut self, _: LayerSlot, _: Reject) -> Result<(), Stopped> {
        Ok(())
    }

    fn note(&mut self, _: Option<LayerSlot>, _: Note) {}

    fn finding(&mut self, _: LayerSlot, _: Finding) -> Result<(), Stopped> {
        Ok(())
    }

    fn blob(&mut self, _: &[u8]) -> Result<BlobRef, Stopped> {
        Err(Stopped)
    }

    fn progress(&mut self, _: u64, _: u64) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(id: &str, x: f64, ground: f64) -> Stored {
        Stored {
            id: id.to_owned(),
            geometry: Some(Geometry::point([x, 0.0])),
            values: vec![("ground".to_owned(), Value::Float(ground))],
        }
    }

    #[test]
    fn a_package_is_compared_by_number_and_then_by_place() {
        let stored = vec![
            node("A", 0.0, 1.0),
            node("B", 10.0, 1.0),
            node("C", 20.0, 1.0),
            node("D", 30.0, 1.0),
        ];
        let package = vec![
            node("A", 0.0, 1.0),
            node("B", 10.5, 1.0),
            node("C2", 20.0, 1.2),
            node("E", 50.0, 1.0),
        ];
        let difference = compare(stored, package, 0.001);
        assert_eq!(
            (difference.added.as_slice(), difference.removed.as_slice()),
            (&["E".to_owned()][..], &["D".to_owned()][..])
        );
        assert_eq!(difference.same, 1);
        let [moved, renamed] = difference.changed.as_slice() else { panic!("{difference:?}") };
        assert_eq!((moved.id.as_str(), moved.moved), ("B", 0.5));
        assert_eq!(renamed.renamed_from.as_deref(), Some("C"));
        assert_eq!(renamed.values, [("ground".to_owned(), Value::Float(1.0), Value::Float(1.2))]);
    }
}
