//! Deciding when the features of a segment show: once, when a layer is imported.

use std::hash::{Hash, Hasher};

use onemap_generalise::{
    BYTES_PER_VERTEX, DropItem, DropOptions, DropPlan, JoinLine, drop_order, importance_of,
    join_lines, usual_importance, usual_merge,
};
use onemap_model::{Bounds, Display, Feature, Geometry, GeometryClass, Schema, ValueRef};
use rayon::prelude::*;
use rustc_hash::{FxHashSet, FxHasher};

use super::columns::Columns;
use super::decode;
use super::item::Item;

/// What is known of the features besides their items.
pub(super) struct Source<'a> {
    /// Bytes in which the items' offsets point.
    pub(super) bytes: &'a [u8],
    pub(super) columns: &'a Columns,
    /// Names of the fields.
    pub(super) names: &'a [String],
}

impl<'a> Source<'a> {
    /// Decodes the values of a feature; none when it cannot be read.
    fn values<'v>(&self, item: &Item, into: &'v mut Vec<ValueRef<'a>>) -> &'v [ValueRef<'a>] {
        let bytes = self.bytes.get(item.offset as usize..).unwrap_or(&[]);
        let bytes = bytes.get(..item.len as usize).unwrap_or(&[]);
        if decode::values(bytes, self.columns, &|_| true, into).is_err() {
            into.clear();
        }
        into
    }
}

/// What ranks and joins the features of a layer: as it says, or as its fields suggest.
pub(super) fn resolve(
    display: &Display,
    schema: &Schema,
    class: GeometryClass,
) -> (Option<onemap_model::Importance>, Vec<String>) {
    let importance = display.importance.clone().or_else(|| usual_importance(schema, class));
    let merge = display.merge.clone().unwrap_or_else(|| usual_merge(schema, class));
    (importance, merge)
}

/// Returns what the drop order needs to know of the features of a segment, given in their order along the
/// Hilbert curve.
pub(super) fn drop_items(
    items: &[Item],
    hilberts: &[u32],
    plan: &DropPlan,
    source: &Source<'_>,
) -> Vec<DropItem> {
    let mut drops: Vec<DropItem> =
        items.par_iter().zip(hilberts).map(|(item, &hilbert)| item.drop_item(hilbert)).collect();
    let shares = sample(items, source);
    // Begin, end and state are written like values that many have in common.
    let life = 3.0 * f64::from(source.columns.life_columns());
    drops.par_iter_mut().zip(items).for_each_init(Vec::new, |values, (drop, item)| {
        let values_bytes = shares.bytes_of(source.values(item, values));
        let shape = f64::from(drop.vertices.saturating_mul(BYTES_PER_VERTEX));
        drop.bytes = (shape + HEAD + life + values_bytes) as u32;
    });
    let position = |name: &String| source.names.iter().position(|known| known == name);
    let importance = plan.importance.as_ref().and_then(|i| Some((i, position(&i.field)?)));
    let merge: Vec<usize> = plan.merge.iter().filter_map(position).collect();
    let has_lines = items.par_iter().any(Item::is_line);
    if importance.is_none() && (merge.is_empty() || !has_lines) {
        return drops;
    }
    let noted: Vec<(f32, Option<JoinLine>)> = items
        .par_iter()
        .map_init(
            || (Vec::new(), Geometry::default()),
            |(values, geometry), item| {
                let bytes = source.bytes.get(item.offset as usize..).unwrap_or(&[]);
                let bytes = bytes.get(..item.len as usize).unwrap_or(&[]);
                let wanted =
                    |i: usize| merge.contains(&i) || importance.is_some_and(|(_, at)| at == i);
                if decode::values(bytes, source.columns, &wanted, values).is_err() {
                    return (0.0, None);
                }
                let value = |at: usize| values.get(at).copied().unwrap_or_default();
                let weight = importance.map_or(0.0, |(i, at)| importance_of(i, value(at)));
                let key = join_key(merge.iter().map(|&at| value(at)));
                let line = key.filter(|_| item.is_line()).and_then(|key| {
                    decode::geometry(bytes, geometry).ok()?;
                    join_line(geometry, key, item.drop_item(0).size)
                });
                (weight, line)
            },
        )
        .collect();
    let mut lines = Vec::new();
    let mut owners: Vec<u32> = Vec::new();
    for ((i, drop), (weight, line)) in (0_u32..).zip(&mut drops).zip(noted) {
        drop.importance = weight;
        if let Some(line) = line {
            lines.push(line);
            owners.push(i);
        }
    }
    for (&owner, (whole, length)) in owners.iter().zip(join_lines(&lines)) {
        let leader = owners.get(whole as usize).copied().unwrap_or(owner) as usize;
        let hilbert = hilberts.get(leader).copied().unwrap_or(0);
        if let Some(drop) = drops.get_mut(owner as usize) {
            drop.ranked_size = length;
            // All lines of a whole rank equal, and so show together.
            drop.hilbert = hilbert;
        }
    }
    drops
}

/// Features that are looked at together: about as many as a full tile has.
const RUN: usize = 4096;
/// Places in the layer at which that many are looked at.
const RUNS: usize = 4;
/// Bytes of an id, the type, the first position and the heads of a feature's messages.
const HEAD: f64 = 24.0;

/// What neighbours have in common: a tile holds equal values once, and how many are equal only the neighbours tell.
struct Shares {
    /// For each field, how many of its values are not those of a neighbour, from 0 to 1.
    new: Vec<f64>,
}

impl Shares {
    /// Estimates the bytes that a feature's values take in a tile.
    fn bytes_of(&self, values: &[ValueRef<'_>]) -> f64 {
        let cost = |(value, new): (&ValueRef<'_>, &f64)| match written_bytes(*value) {
            // Two numbers say which value, and the first time it is written.
            Some(size) => 3.0 + new * size as f64,
            None => 0.0,
        };
        values.iter().zip(&self.new).map(cost).sum()
    }

    /// Positions of the fields with few different values, which cost a tile little.
    fn common(&self) -> impl Iterator<Item = usize> {
        self.new.iter().enumerate().filter(|(_, new)| **new <= COMMON).map(|(i, _)| i)
    }
}

/// In a field that counts as common, so many values are new or fewer.
const COMMON: f64 = 1.0 / 16.0;

/// Returns the bytes of a value where it is written; `None` for what a tile does not hold.
fn written_bytes(value: ValueRef<'_>) -> Option<usize> {
    Some(match value {
        ValueRef::Null | ValueRef::Bytes(_) => return None,
        ValueRef::Bool(_) => 4,
        ValueRef::Int(n) => 4 + (64 - n.unsigned_abs().leading_zeros() as usize) / 7,
        ValueRef::Float(_) => 11,
        ValueRef::Text(text) | ValueRef::Json(text) => text.len() + 4,
        ValueRef::Date(_) | ValueRef::DateTime(_) => 24,
    })
}

/// Looks at runs of neighbours in several places of the layer.
fn sample(items: &[Item], source: &Source<'_>) -> Shares {
    let starts = (0..RUNS).map(|i| items.len().saturating_sub(RUN) * i / (RUNS - 1).max(1));
    let fields = source.columns.len();
    let (mut given, mut new) = (vec![0_usize; fields], vec![0_usize; fields]);
    let mut values = Vec::new();
    for start in starts {
        let run = items.get(start..(start + RUN).min(items.len())).unwrap_or(&[]);
        let mut known: FxHashSet<u64> = FxHashSet::default();
        for item in run {
            let values = source.values(item, &mut values);
            for (value, (given, new)) in values.iter().zip(given.iter_mut().zip(&mut new)) {
                if written_bytes(*value).is_none() {
                    continue;
                }
                let mut hasher = FxHasher::default();
                std::mem::discriminant(value).hash(&mut hasher);
                hash_value(*value, &mut hasher);
                *given += 1;
                *new += usize::from(known.insert(hasher.finish()));
            }
        }
    }
    let share =
        |(given, new): (usize, usize)| if given > 0 { new as f64 / given as f64 } else { 1.0 };
    Shares { new: given.into_iter().zip(new).map(share).collect() }
}

fn hash_value(value: ValueRef<'_>, hasher: &mut FxHasher) {
    match value {
        ValueRef::Text(text) | ValueRef::Json(text) => text.hash(hasher),
        ValueRef::Int(n) => n.hash(hasher),
        ValueRef::Float(x) => x.to_bits().hash(hasher),
        ValueRef::Bool(b) => b.hash(hasher),
        ValueRef::Date(t) | ValueRef::DateTime(t) => t.as_micros().hash(hasher),
        ValueRef::Bytes(bytes) => bytes.hash(hasher),
        ValueRef::Null => {}
    }
}

/// Bytes of a square of mass without properties, and of each common property.
const MASS_BYTES: (f32, f32) = (34.0, 3.0);

/// Makes the plan of a layer and decides the first zoom of each feature.
pub(super) fn decide(
    items: &mut [Item],
    drops: &[DropItem],
    plan: &mut DropPlan,
    display: &Display,
    source: &Source<'_>,
) {
    let common: Vec<usize> = sample(items, source).common().collect();
    let mass_bytes = MASS_BYTES.0 + MASS_BYTES.1 * common.len() as f32;
    let options = DropOptions { maxzoom: display.maxzoom, mass_bytes, ..DropOptions::default() };
    plan.mass_fields = common.iter().filter_map(|&i| source.names.get(i).cloned()).collect();
    let order = drop_order(drops, &options);
    for (item, minzoom) in items.iter_mut().zip(&order.minzoom) {
        item.minzoom = *minzoom;
    }
    plan.always = order.always;
    plan.thresholds = order.thresholds;
    plan.mass_bits = order.mass_bits;
    plan.exact = order.exact;
    plan.count = items.len() as u64;
}

/// A plan that ranks and joins as a layer says, and decides nothing yet.
pub(super) fn begin(
    display: &Display,
    schema: &Schema,
    class: GeometryClass,
    bounds: Bounds,
) -> DropPlan {
    let (importance, merge) = resolve(display, schema, class);
    DropPlan { bounds, importance, merge, ..DropPlan::empty() }
}

/// Returns the hash of the values that join features; `None` when all are null.
fn join_key<'v>(values: impl Iterator<Item = ValueRef<'v>>) -> Option<u64> {
    let mut hasher = FxHasher::default();
    let mut any = false;
    for value in values {
        any |= value != ValueRef::Null;
        std::mem::discriminant(&value).hash(&mut hasher);
        hash_value(value, &mut hasher);
    }
    any.then(|| hasher.finish())
}

/// Returns a line as one that may be joined.
fn join_line(geometry: &Geometry, key: u64, length: f32) -> Option<JoinLine> {
    Some(JoinLine { key, ends: [*geometry.xy.first()?, *geometry.xy.last()?], length })
}

/// Returns the key and ends of an edited feature, if it is a line that may be joined.
pub(crate) fn feature_join(feature: &Feature, merge: &[usize], length: f32) -> Option<JoinLine> {
    let geometry = feature.geometry.as_ref()?;
    if geometry.class() != GeometryClass::Line || merge.is_empty() {
        return None;
    }
    let value = |&at: &usize| feature.values.get(at).map_or(ValueRef::Null, |v| v.as_ref());
    join_line(geometry, join_key(merge.iter().map(value))?, length)
}
