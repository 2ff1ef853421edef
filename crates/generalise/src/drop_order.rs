//! The first zoom at which each feature of a layer shows.

use std::convert::Infallible;

use onemap_model::{Bounds, Geometry, GeometryClass, Importance, ValueRef};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::hilbert::hilbert_of;
use crate::load::{Extent, Limits, fitting_prefix};
use crate::mass::{MassGrid, morton};
use crate::measure::{estimated_bytes, size};
use crate::rank::{rank_key, visible_from};
use crate::ranking::{Areas, Ranking};
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
    /// The size that ranks it: of all lines that it is joined with, else its own.
    pub ranked_size: f32,
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
            ranked_size: size as f32,
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
    /// The part of the budget that estimates may fill: what they get wrong must fit in the rest, and what reaches
    /// into the tile from beyond its edges, an eighth of its own content.
    pub margin: f32,
    /// The most features a tile should have.
    pub max_features: u32,
    /// The zoom at which everything shows; `None` chooses it from sizes, detail and density.
    pub maxzoom: Option<u8>,
    /// Bytes of a square that stands for polygons, its properties included.
    pub mass_bytes: f32,
}

impl Default for DropOptions {
    fn default() -> Self {
        Self {
            budget_bytes: 500_000,
            margin: 0.82,
            max_features: 25_000,
            maxzoom: None,
            mass_bytes: 50.0,
        }
    }
}

/// When each feature shows.
#[derive(Debug, Clone, PartialEq)]
pub struct DropOrder {
    /// For each item the first zoom at which it shows, at most `layer_maxzoom`.
    pub minzoom: Vec<u8>,
    /// The first zoom with content; 0 unless the layer has no shapes.
    pub layer_minzoom: u8,
    /// The zoom at which every feature shows and nothing is simplified.
    pub layer_maxzoom: u8,
    /// Ranks at which the zooms end, to be kept with the layer: see [`DropPlan`].
    pub always: u64,
    /// For each zoom below `layer_maxzoom` the rank ([`rank_key`]) at which it ends.
    pub thresholds: Vec<u64>,
    /// The first zoom from which on what shows does so with all its vertices: simplifying would save a tile little.
    pub exact: u8,
    /// For each zoom below `layer_maxzoom` the side of the cells in which polygons that do not show are
    /// summed ([`crate::MassGrid::bits`]); 0 for none.
    pub mass_bits: Vec<u8>,
}

/// What is decided once for a layer, so that a feature's first zoom depends on the feature alone: edits and
/// compactions leave it as it is, imports make it anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DropPlan {
    /// The box over which Hilbert positions are laid.
    pub bounds: Bounds,
    /// Features with a lesser rank show at every zoom.
    pub always: u64,
    /// As [`DropOrder::thresholds`]; their number is the layer's last zoom.
    pub thresholds: Vec<u64>,
    /// As [`DropOrder::mass_bits`].
    pub mass_bits: Vec<u8>,
    /// As [`DropOrder::exact`].
    pub exact: u8,
    /// Features that the plan was made for.
    pub count: u64,
    /// What ranks before size.
    pub importance: Option<Importance>,
    /// Fields whose equal values join features.
    pub merge: Vec<String>,
    /// Fields that a square of mass has from its best-ranked member: those with few different values.
    pub mass_fields: Vec<String>,
}

impl DropPlan {
    /// A plan for a layer without features: everything shows everywhere.
    pub fn empty() -> Self {
        Self {
            bounds: Bounds::WORLD,
            always: 0,
            thresholds: Vec::new(),
            mass_bits: Vec::new(),
            exact: 0,
            count: 0,
            importance: None,
            merge: Vec::new(),
            mass_fields: Vec::new(),
        }
    }

    /// Returns the cells of a zoom in which polygons that do not show are summed.
    pub fn mass_grid(&self, zoom: u8) -> Option<MassGrid> {
        let bits = self.mass_bits.get(usize::from(zoom)).copied().filter(|bits| *bits > 0)?;
        Some(MassGrid { zoom, bits })
    }
}

/// So many of the best-ranked lines or points show at every zoom, even where they are too small to see: a
/// small layer is then found on the map of the world.
const ALWAYS_SHOWN: usize = 32;
/// Of polygons, whose mass shows anyway, only one: a tile must not show more area than there is.
const ALWAYS_SHOWN_POLYGONS: usize = 1;

/// Features as the drop order sees them, which can be walked more than once: in memory, or wherever a writer keeps
/// them.
pub trait DropItems {
    /// Why they could not be read.
    type Error;

    /// Returns their number.
    fn count(&self) -> usize;

    /// Visits all of them in their order, in runs of any length.
    fn for_each_run(&self, visit: &mut dyn FnMut(&[DropItem])) -> Result<(), Self::Error>;
}

impl DropItems for &[DropItem] {
    type Error = Infallible;

    fn count(&self) -> usize {
        self.len()
    }

    fn for_each_run(&self, visit: &mut dyn FnMut(&[DropItem])) -> Result<(), Infallible> {
        visit(self);
        Ok(())
    }
}

/// Computes the order in which a layer's features appear as the map is enlarged.
///
/// At each zoom the features shown are those that are large enough to see and stand before one
/// threshold in the ranking ([`rank_key`](crate::rank_key)): the longest prefix with which no tile is over the budget
/// by estimate. The threshold is the same for all tiles of the zoom and never goes back at a deeper
/// zoom. Points that would be drawn on the same two pixels wait until they part; polygons that do not show are
/// summed in cells ([`crate::MassFold`]), for which a part of the budget is kept. At the last zoom
/// everything shows, whatever its size.
///
/// The result depends only on the items and their order (equal ranks appear together).
pub fn drop_order(items: &[DropItem], options: &DropOptions) -> DropOrder {
    match drop_order_of(&items, options) {
        Ok(order) => order,
        Err(never) => match never {},
    }
}

/// As [`drop_order`], of features that need not be in memory. Takes about 55 bytes of memory for each while it
/// runs, and walks the items twice.
pub fn drop_order_of<I: DropItems>(
    items: &I,
    options: &DropOptions,
) -> Result<DropOrder, I::Error> {
    let mut ranking = Ranking::of(items)?;
    let mut limits = Limits {
        bytes: (f64::from(options.budget_bytes) * f64::from(options.margin.clamp(0.0, 1.0))) as u32,
        features: options.max_features,
        full_zoom: 0,
    };
    let full = match options.maxzoom {
        Some(zoom) => zoom.min(onemap_model::MAX_ZOOM),
        None => full_zoom(items, &ranking, limits)?,
    };
    limits.full_zoom = full;
    ranking.set_point_zooms(full);

    let areas = Areas::new(&ranking, options.mass_bytes);
    let most = if areas.is_empty() { ALWAYS_SHOWN } else { ALWAYS_SHOWN_POLYGONS };
    let always = ranking.before_equals(always_shown(&ranking, limits, most));
    let plans: Vec<(usize, u8)> = (0..full)
        .into_par_iter()
        .map(|zoom| plan_zoom(&ranking, &areas, zoom, always, limits))
        .collect();
    drop(areas);
    let mut prefixes: Vec<usize> =
        plans.iter().map(|&(end, _)| ranking.before_equals(end).max(always)).collect();
    // More detail may take more bytes than the smaller area saves: what shows must stay.
    for i in (1..prefixes.len()).rev() {
        prefixes[i - 1] = prefixes[i - 1].min(prefixes[i]);
    }
    let always = always.min(prefixes.first().copied().unwrap_or(always));
    let mut mass_bits: Vec<u8> = plans.iter().map(|&(_, bits)| bits).collect();
    // A cell lies within one cell of the zoom above.
    for i in (1..mass_bits.len()).rev() {
        mass_bits[i - 1] = mass_bits[i - 1].max(mass_bits[i].saturating_sub(1));
    }

    let exact = exact_zoom(&ranking, &prefixes, limits);
    let mut minzoom = vec![full; items.count()];
    for (rank, entry) in ranking.entries.iter().enumerate() {
        let by_budget = prefixes.partition_point(|&end| end <= rank) as u8;
        let first = if rank < always { 0 } else { by_budget.max(entry.weight.visible).min(full) };
        if let Some(slot) = minzoom.get_mut(entry.item as usize) {
            *slot = first;
        }
    }
    Ok(DropOrder {
        minzoom,
        layer_minzoom: if ranking.entries.is_empty() { full } else { 0 },
        layer_maxzoom: full,
        always: ranking.key_at(always),
        thresholds: prefixes.iter().map(|&end| ranking.key_at(end)).collect(),
        exact,
        mass_bits,
    })
}

/// Returns the first zoom from which on the features that show fit in full detail, and would have hardly fewer vertices
/// if they were simplified.
fn exact_zoom(ranking: &Ranking, prefixes: &[usize], limits: Limits) -> u8 {
    /// So much more may the vertices in full detail take.
    const HARDLY: f64 = 1.05;
    let mut exact = limits.full_zoom;
    let in_full = Limits { full_zoom: 0, ..limits };
    let weights = || ranking.entries.iter().map(|entry| &entry.weight);
    let all: f64 = weights().map(|weight| f64::from(weight.vertex_bytes(0, 0))).sum();
    for (zoom, &end) in prefixes.iter().enumerate().rev() {
        let zoom = zoom as u8;
        let simplified = weights().map(|w| f64::from(w.vertex_bytes(zoom, limits.full_zoom)));
        let as_good = all <= HARDLY * simplified.sum::<f64>()
            && ranking.fitting_prefix(zoom, end, in_full) >= end;
        if !as_good {
            break;
        }
        exact = zoom;
    }
    exact
}

/// Returns the first zoom at which a feature that came after the import shows, by the layer's plan. Points
/// are taken as apart from all others.
pub fn first_zoom(item: &DropItem, plan: &DropPlan) -> u8 {
    let full = u8::try_from(plan.thresholds.len()).unwrap_or(u8::MAX);
    if item.class == GeometryClass::None {
        return full;
    }
    let key = rank_key(item);
    if key < plan.always {
        return 0;
    }
    let by_budget = plan.thresholds.partition_point(|&end| end <= key);
    u8::try_from(by_budget).unwrap_or(full).max(visible_from(item)).min(full)
}

/// Returns the first zooms of all features of a layer by its plan, as [`drop_order`] would decide them.
pub fn first_zooms<I: DropItems>(items: &I, plan: &DropPlan) -> Result<Vec<u8>, I::Error> {
    let full = u8::try_from(plan.thresholds.len()).unwrap_or(u8::MAX);
    let mut zooms: Vec<u8> = Vec::with_capacity(items.count());
    let mut ranked: Vec<(u64, u32, [u32; 2])> = Vec::new();
    items.for_each_run(&mut |run| {
        let points = (zooms.len() as u32..)
            .zip(run)
            .filter(|(_, item)| item.class == GeometryClass::Point)
            .map(|(i, item)| (rank_key(item), i, world32(item.center)));
        ranked.extend(points);
        zooms.par_extend(run.par_iter().map(|item| first_zoom(item, plan)));
    })?;
    ranked.par_sort_unstable();
    let points: Vec<(u64, u32)> =
        ranked.iter().zip(0_u32..).map(|(&(.., [x, y]), rank)| (morton(x, y), rank)).collect();
    thin_points(points, full, |rank, zoom| {
        let slot = ranked
            .get(rank as usize)
            .and_then(|&(key, i, _)| zooms.get_mut(i as usize).filter(|_| key >= plan.always));
        if let Some(slot) = slot {
            *slot = zoom.max(*slot).min(full);
        }
    });
    Ok(zooms)
}

/// Returns how much of the ranking shows at a zoom, and the side of the mass cells for the rest.
fn plan_zoom(
    ranking: &Ranking,
    areas: &Areas,
    zoom: u8,
    always: usize,
    limits: Limits,
) -> (usize, u8) {
    let end = ranking.fitting_prefix(zoom, always, limits).max(always.min(1));
    if areas.is_empty() {
        return (end, 0);
    }
    // Room for the squares lets fewer features show, which adds to the squares: count some more at once.
    let surely = if end == ranking.entries.len() { end } else { end / 4 * 3 };
    let (bits, bytes, squares) = areas.cells(zoom, surely, limits);
    if squares == 0 {
        return (end, bits);
    }
    let rest = Limits {
        bytes: limits.bytes.saturating_sub(bytes),
        features: limits.features.saturating_sub(squares),
        ..limits
    };
    (ranking.fitting_prefix(zoom, always, rest).max(always.min(1)), bits)
}

/// Returns how many of the first features fit together into one tile at zoom 0; at least one.
fn always_shown(ranking: &Ranking, limits: Limits, most: usize) -> usize {
    let first = ranking.entries.get(..most).unwrap_or(&ranking.entries);
    let tile = Extent { low: [0; 2], high: [0; 2] };
    let fits = fitting_prefix(first, tile, 0, first.len(), limits);
    fits.max(usize::from(!first.is_empty()))
}

/// Chooses the zoom at which everything shows: where the median shape is 24 pixels wide, or a tile unit
/// is finer than a quarter of the usual distance between vertices; points from 14 on. Deeper while
/// the fullest tile is over the budget.
fn full_zoom<I: DropItems>(items: &I, ranking: &Ranking, limits: Limits) -> Result<u8, I::Error> {
    /// Of very many features every so-manyth stands for the others.
    const SAMPLE: usize = 100_000;
    let step = ranking.entries.len().div_ceil(SAMPLE).max(1);
    let mut sampled: Vec<u32> = ranking.entries.iter().step_by(step).map(|e| e.item).collect();
    sampled.sort_unstable();
    let mut wanted: Vec<u8> = Vec::with_capacity(sampled.len());
    let mut first = 0_usize;
    items.for_each_run(&mut |run| {
        let from = wanted.len();
        let here = sampled.get(from..).unwrap_or(&[]);
        let end = here.partition_point(|&i| (i as usize) < first + run.len());
        let here = here.get(..end).unwrap_or(&[]).par_iter();
        wanted.par_extend(
            here.map(|&i| run.get(i as usize - first).map_or(MAX_ZOOM_FULL, wanted_zoom)),
        );
        first += run.len();
    })?;
    wanted.sort_unstable();
    let median = wanted.get(wanted.len() / 2).copied().unwrap_or(0);
    let mut zoom = median.clamp(MIN_ZOOM_FULL, MAX_ZOOM_FULL);
    while zoom < MAX_ZOOM_FULL {
        // As at the last zoom: all features, in full detail.
        let limits = Limits { full_zoom: 0, ..limits };
        let all = ranking.entries.len();
        if ranking.fitting_prefix(zoom, all, limits) == all {
            break;
        }
        zoom += 1;
    }
    Ok(zoom)
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
