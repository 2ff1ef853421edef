//! Deciding when the features of a segment show: once, when a layer is imported.

use std::hash::{Hash, Hasher};
use std::path::Path;

use onemap_generalise::{
    BYTES_PER_VERTEX, DropItem, DropOptions, DropPlan, JoinLine, drop_order_of, importance_of,
    join_lines, usual_importance, usual_merge,
};
use onemap_model::{Bounds, Display, Feature, Geometry, GeometryClass, Schema, ValueRef};
use rayon::prelude::*;
use rustc_hash::{FxHashSet, FxHasher};

use super::columns::Columns;
use super::decode;
use super::gather::{Batch, ReadAt, for_each_batch};
use super::item::Placed;
use crate::Result;
use crate::spill::Records;

/// What is known of the features besides their items.
pub(super) struct Source<'a> {
    /// Bytes in which the items' offsets point.
    pub(super) bytes: &'a dyn ReadAt,
    pub(super) columns: &'a Columns,
    /// Names of the fields.
    pub(super) names: &'a [String],
}

impl Source<'_> {
    /// Decodes the values of a feature; none when it cannot be read.
    fn values<'b, 'v>(
        &self,
        bytes: &'b [u8],
        into: &'v mut Vec<ValueRef<'b>>,
    ) -> &'v [ValueRef<'b>] {
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
/// Hilbert curve. Takes memory only for lines that may be joined: 170 bytes for each.
pub(super) fn drop_items(
    items: &Records<Placed>,
    plan: &DropPlan,
    source: &Source<'_>,
    shares: &Shares,
    tmp: &Path,
) -> Result<Records<DropItem>> {
    // Begin, end and state are written like values that many have in common.
    let life = 3.0 * f64::from(source.columns.life_columns());
    let position = |name: &String| source.names.iter().position(|known| known == name);
    let importance = plan.importance.as_ref().and_then(|i| Some((i, position(&i.field)?)));
    let merge: Vec<usize> = plan.merge.iter().filter_map(position).collect();
    let measure = |batch: &Batch, i: usize, placed: &Placed, geometry: &mut Geometry| {
        let bytes = batch.bytes_of(i);
        let mut values = Vec::with_capacity(source.columns.len());
        let values = source.values(bytes, &mut values);
        let mut drop = placed.item.drop_item(placed.hilbert);
        let shape = f64::from(drop.vertices.saturating_mul(BYTES_PER_VERTEX));
        drop.bytes = (shape + HEAD + life + shares.bytes_of(values)) as u32;
        if values.is_empty() {
            return (drop, None);
        }
        let value = |at: usize| values.get(at).copied().unwrap_or_default();
        drop.importance = importance.map_or(0.0, |(i, at)| importance_of(i, value(at)));
        if merge.is_empty() || !placed.item.is_line() {
            return (drop, None);
        }
        let line = join_key(merge.iter().map(|&at| value(at))).and_then(|key| {
            decode::geometry(bytes, geometry).ok()?;
            join_line(geometry, key, drop.size)
        });
        (drop, line)
    };
    let mut drops = Records::new(tmp);
    let mut lines = Vec::new();
    // The number and Hilbert position of each line's feature.
    let mut owners: Vec<(u32, u32)> = Vec::new();
    for_each_batch(items, 0..items.len(), source.bytes, &mut |batch| {
        let measured: Vec<(DropItem, Option<JoinLine>)> = batch
            .items
            .par_iter()
            .enumerate()
            .map_init(Geometry::default, |geometry, (i, placed)| {
                measure(batch, i, placed, geometry)
            })
            .collect();
        for ((i, placed), (drop, line)) in (batch.first as u32..).zip(&batch.items).zip(measured) {
            drops.push(drop)?;
            if let Some(line) = line {
                lines.push(line);
                owners.push((i, placed.hilbert));
            }
        }
        Ok(())
    })?;
    if lines.is_empty() {
        return Ok(drops);
    }
    let wholes = join_lines(&lines);
    let mut joined = owners.iter().zip(wholes).peekable();
    let mut ranked = Records::new(tmp);
    let mut numbers = 0_u32..;
    drops.for_each_run(&mut |run| {
        for (drop, number) in run.iter().zip(&mut numbers) {
            let mut drop = *drop;
            if let Some((owner, (whole, length))) = joined.next_if(|((i, _), _)| *i == number) {
                drop.ranked_size = length;
                // All lines of a whole rank equal, and so show together.
                drop.hilbert = owners.get(whole as usize).unwrap_or(owner).1;
            }
            ranked.push(drop)?;
        }
        Ok(())
    })?;
    Ok(ranked)
}

/// Features that are looked at together: about as many as a full tile has.
const RUN: usize = 4096;
/// Places in the layer at which that many are looked at.
const RUNS: usize = 4;
/// Bytes of an id, the type, the first position and the heads of a feature's messages.
const HEAD: f64 = 24.0;

/// What neighbours have in common: a tile holds equal values once, and how many are equal only the neighbours tell.
pub(super) struct Shares {
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
pub(super) fn sample(items: &Records<Placed>, source: &Source<'_>) -> Result<Shares> {
    let starts = (0..RUNS).map(|i| items.len().saturating_sub(RUN) * i / (RUNS - 1).max(1));
    let fields = source.columns.len();
    let (mut given, mut new) = (vec![0_usize; fields], vec![0_usize; fields]);
    for start in starts {
        let mut known: FxHashSet<u64> = FxHashSet::default();
        let run = start..(start + RUN).min(items.len());
        for_each_batch(items, run, source.bytes, &mut |batch| {
            let mut values = Vec::new();
            for i in 0..batch.items.len() {
                let values = source.values(batch.bytes_of(i), &mut values);
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
            Ok(())
        })?;
    }
    let share =
        |(given, new): (usize, usize)| if given > 0 { new as f64 / given as f64 } else { 1.0 };
    Ok(Shares { new: given.into_iter().zip(new).map(share).collect() })
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
    drops: &Records<DropItem>,
    plan: &mut DropPlan,
    display: &Display,
    names: &[String],
    shares: &Shares,
) -> Result<Vec<u8>> {
    let common: Vec<usize> = shares.common().collect();
    let mass_bytes = MASS_BYTES.0 + MASS_BYTES.1 * common.len() as f32;
    let options = DropOptions { maxzoom: display.maxzoom, mass_bytes, ..DropOptions::default() };
    plan.mass_fields = common.iter().filter_map(|&i| names.get(i).cloned()).collect();
    let order = drop_order_of(drops, &options)?;
    plan.always = order.always;
    plan.thresholds = order.thresholds;
    plan.mass_bits = order.mass_bits;
    plan.exact = order.exact;
    plan.count = drops.len() as u64;
    Ok(order.minzoom)
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
