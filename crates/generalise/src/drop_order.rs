//! The first zoom at which each feature of a layer shows.

use onemap_model::{Bounds, Geometry, GeometryClass, ValueRef};
use rayon::prelude::*;

use crate::hilbert::hilbert_of;
use crate::load::{Limits, Weight, fitting_prefix};
use crate::measure::{estimated_bytes, size};
use crate::rank::{rank_key, share_of_world, visible_from};
use crate::scale::{MAX_ZOOM_FULL, MIN_ZOOM_FULL, metres_per_unit, world32};
use crate::thin::thin_points;

/// What the drop order needs to know of a feature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DropItem {
    /// Hilbert position of the center on a 2^16 grid over the layer's bounds ([`hilbert_of`]).
    pub hilbert: u32,
    /// Class of its shape; `None` when it has no shape, `Mixed` is treated as a polygon.
    pub class: GeometryClass,
    /// Square metres for polygons, metres for lines, 0 for points.
    pub size: f32,
    /// Estimated bytes in a tile in full detail, attributes included ([`estimated_bytes`]).
    pub bytes: u32,
    /// Vertices in full detail.
    pub vertices: u32,
    /// Center, lon/lat in degrees.
    pub center: [f64; 2],
    /// Greater comes first; 0 unless the layer has a field for it.
    pub importance: f32,
}

impl DropItem {
    /// Measures a feature of a layer with these bounds. Importance is 0.
    pub fn new<'a>(
        geometry: &Geometry,
        values: impl IntoIterator<Item = ValueRef<'a>>,
        layer: &Bounds,
    ) -> Self {
        let vertices = geometry.vertex_count();
        let (class, size) = size(geometry);
        let bounds = geometry.bounds();
        let center = bounds.map_or([0.0, 0.0], |b| b.center());
        Self {
            hilbert: hilbert_of(center, layer),
            class: if bounds.is_some() { class } else { GeometryClass::None },
            size: size as f32,
            bytes: estimated_bytes(vertices, values),
            vertices: u32::try_from(vertices).unwrap_or(u32::MAX),
            center,
            importance: 0.0,
        }
    }
}

/// What a tile below the layer's last zoom may hold, and which zoom that is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DropOptions {
    /// The most bytes a tile should have, not compressed.
    pub budget_bytes: u32,
    /// The part of the budget that estimates may fill: what they get wrong must fit in the rest.
    pub margin: f32,
    /// The most features a tile should have.
    pub max_features: u32,
    /// The zoom at which everything shows; `None` chooses it from sizes, detail and density.
    pub maxzoom: Option<u8>,
}

impl Default for DropOptions {
    fn default() -> Self {
        Self { budget_bytes: 500_000, margin: 0.9, max_features: 25_000, maxzoom: None }
    }
}

/// When each feature shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropOrder {
    /// For each item the first zoom at which it shows, at most `layer_maxzoom`.
    pub minzoom: Vec<u8>,
    /// The first zoom with content; 0 unless the layer has no shapes.
    pub layer_minzoom: u8,
    /// The zoom at which every feature shows and nothing is simplified.
    pub layer_maxzoom: u8,
    /// For each zoom below `layer_maxzoom` the rank ([`rank_key`]) at which it ends: keep it with the
    /// layer and ask [`first_zoom`] for features that come later.
    pub thresholds: Vec<u64>,
}

/// So many of the best-ranked features show at every zoom, even where they are too small to see: a
/// small layer is then found on the map of the world.
const ALWAYS_SHOWN: usize = 32;

/// Computes the order in which a layer's features appear as the map is enlarged.
///
/// At each zoom the features shown are those that are large enough to see and stand before one
/// threshold in the ranking ([`rank_key`]): the longest prefix with which no tile is over the budget
/// by estimate. The threshold is the same for all tiles of the zoom and never goes back at a deeper
/// zoom. Points that would be drawn on the same two pixels wait until they part. At the last zoom
/// everything shows, whatever its size.
///
/// The result depends only on the items and their order (equal ranks appear in it). Takes about
/// 60 bytes of memory for each item while it runs.
pub fn drop_order(items: &[DropItem], options: &DropOptions) -> DropOrder {
    let mut ranking: Vec<(u64, u32)> = items
        .par_iter()
        .enumerate()
        .filter(|(_, item)| item.class != GeometryClass::None)
        .map(|(i, item)| (rank_key(item), i as u32))
        .collect();
    ranking.par_sort_unstable();
    let mut ranked: Vec<Weight> =
        ranking.par_iter().filter_map(|&(_, i)| items.get(i as usize)).map(weigh).collect();

    let mut limits = Limits {
        bytes: (f64::from(options.budget_bytes) * f64::from(options.margin.clamp(0.0, 1.0))) as u32,
        features: options.max_features,
        full_zoom: 0,
    };
    let full = match options.maxzoom {
        Some(zoom) => zoom.min(onemap_model::MAX_ZOOM),
        None => full_zoom(items, &ranking, &ranked, limits),
    };
    limits.full_zoom = full;
    set_point_zooms(items, &ranking, &mut ranked, full);

    let always = always_shown(&ranked, limits);
    let mut prefixes: Vec<usize> = (0..full)
        .into_par_iter()
        .map(|zoom| fitting_prefix(&ranked, zoom, always, limits).max(always.min(1)))
        .collect();
    // More detail may take more bytes than the smaller area saves: what shows must stay.
    for i in (1..prefixes.len()).rev() {
        prefixes[i - 1] = prefixes[i - 1].min(prefixes[i]);
    }
    let always = always.min(prefixes.first().copied().unwrap_or(always));

    let mut minzoom = vec![full; items.len()];
    for (rank, (&(_, item), weight)) in ranking.iter().zip(&ranked).enumerate() {
        let by_budget = prefixes.partition_point(|&end| end <= rank) as u8;
        let first = if rank < always { 0 } else { by_budget.max(weight.visible).min(full) };
        if let Some(slot) = minzoom.get_mut(item as usize) {
            *slot = first;
        }
    }
    let thresholds =
        prefixes.iter().map(|&end| ranking.get(end).map_or(u64::MAX, |&(key, _)| key)).collect();
    DropOrder {
        minzoom,
        layer_minzoom: if ranking.is_empty() { full } else { 0 },
        layer_maxzoom: full,
        thresholds,
    }
}

/// Returns the first zoom at which a feature that came after the import shows, by the layer's
/// `thresholds` ([`DropOrder::thresholds`]); their number is the layer's last zoom.
pub fn first_zoom(item: &DropItem, thresholds: &[u64]) -> u8 {
    let full = u8::try_from(thresholds.len()).unwrap_or(u8::MAX);
    if item.class == GeometryClass::None {
        return full;
    }
    let key = rank_key(item);
    let by_budget = thresholds.partition_point(|&end| end <= key);
    u8::try_from(by_budget).unwrap_or(full).max(visible_from(item)).min(full)
}

fn weigh(item: &DropItem) -> Weight {
    let mut weight = Weight::new(world32(item.center), item.class, item.bytes, item.vertices);
    weight.share = share_of_world(item).min(1.0) as f32;
    weight.visible = visible_from(item);
    weight
}

/// Returns how many of the first features fit together into one tile at zoom 0; at least one.
fn always_shown(ranked: &[Weight], limits: Limits) -> usize {
    let first = ranked.get(..ALWAYS_SHOWN).unwrap_or(ranked);
    fitting_prefix(first, 0, first.len(), limits).max(usize::from(!first.is_empty()))
}

fn set_point_zooms(items: &[DropItem], ranking: &[(u64, u32)], ranked: &mut [Weight], full: u8) {
    let points: Vec<([u32; 2], u32)> = ranking
        .iter()
        .zip(0_u32..)
        .zip(ranked.iter())
        .filter(|((entry, _), _)| {
            let item = items.get(entry.1 as usize);
            item.is_some_and(|i| i.class == GeometryClass::Point)
        })
        .map(|((_, rank), weight)| (weight.at, rank))
        .collect();
    thin_points(&points, full, |rank, zoom| {
        if let Some(weight) = ranked.get_mut(rank as usize) {
            weight.visible = zoom;
        }
    });
}

/// Chooses the zoom at which everything shows: where the median shape is 24 pixels wide, or a tile unit
/// is finer than a quarter of the usual distance between vertices; points from 14 on. Deeper while
/// the fullest tile is over the budget.
fn full_zoom(items: &[DropItem], ranking: &[(u64, u32)], ranked: &[Weight], limits: Limits) -> u8 {
    /// Of very many features every so-manyth stands for the others.
    const SAMPLE: usize = 100_000;
    let step = ranking.len().div_ceil(SAMPLE).max(1);
    let mut wanted: Vec<u8> = ranking
        .iter()
        .step_by(step)
        .filter_map(|&(_, i)| items.get(i as usize))
        .map(wanted_zoom)
        .collect();
    wanted.sort_unstable();
    let median = wanted.get(wanted.len() / 2).copied().unwrap_or(0);
    let mut zoom = median.clamp(MIN_ZOOM_FULL, MAX_ZOOM_FULL);
    while zoom < MAX_ZOOM_FULL {
        // As at the last zoom: all features, in full detail.
        let limits = Limits { full_zoom: 0, ..limits };
        if fitting_prefix(ranked, zoom, ranked.len(), limits) == ranked.len() {
            break;
        }
        zoom += 1;
    }
    zoom
}

/// Returns the zoom at which one feature is drawn well enough to be enlarged further by the client.
fn wanted_zoom(item: &DropItem) -> u8 {
    /// Units across a shape of 24 pixels.
    const WIDE_UNITS: f64 = 24.0 * 8.0;
    let size = f64::from(item.size).max(0.0);
    let vertices = f64::from(item.vertices).max(1.0);
    let (side, spacing) = match item.class {
        GeometryClass::Point => return 14,
        GeometryClass::Line => (size, size / vertices),
        // The outline of a natural area is about six times its width.
        _ => (size.sqrt(), 6.0 * size.sqrt() / vertices),
    };
    let fine_enough = |zoom: &u8| {
        let unit = metres_per_unit(item.center[1], *zoom);
        side >= WIDE_UNITS * unit && spacing >= 4.0 * unit
    };
    (0..MAX_ZOOM_FULL).find(fine_enough).unwrap_or(MAX_ZOOM_FULL)
}
