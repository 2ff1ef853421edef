//! All features of a layer by rank, packed: what the drop order keeps in memory.

use onemap_model::GeometryClass;
use rayon::prelude::*;

use crate::drop_order::{DropItem, DropItems};
use crate::load::{Extent, Limits, Weight, fitting_prefix};
use crate::mass::{MIN_MASS_BITS, MassItem, SIDES, fullest_tile, morton};
use crate::rank::{rank_key, share_of_world, visible_from};
use crate::scale::world32;
use crate::thin::thin_points;

/// Features that are ranked side by side.
const RUN: usize = 1 << 16;

/// A feature with its place in the ranking: 36 bytes.
pub(crate) struct Ranked {
    /// Upper and lower half of the rank ([`rank_key`]): halves pack more tightly than one number.
    key: [u32; 2],
    /// Its number among the items.
    pub(crate) item: u32,
    pub(crate) weight: Weight,
}

impl Ranked {
    fn of(item: &DropItem, number: u32) -> Self {
        let mut weight = Weight::new(world32(item.center), item.class, item.bytes, item.vertices);
        weight.share = share_of_world(item).min(1.0) as f32;
        weight.visible = visible_from(item);
        weight.area = MassItem::has_mass(item);
        weight.point = item.class == GeometryClass::Point;
        let key = rank_key(item);
        Self { key: [(key >> 32) as u32, key as u32], item: number, weight }
    }

    fn key(&self) -> u64 {
        u64::from(self.key[0]) << 32 | u64::from(self.key[1])
    }
}

/// The features that have a shape, best first.
pub(crate) struct Ranking {
    pub(crate) entries: Vec<Ranked>,
    extent: Extent,
}

impl Ranking {
    pub(crate) fn of<I: DropItems>(items: &I) -> Result<Self, I::Error> {
        let mut entries: Vec<Ranked> = Vec::new();
        entries.reserve_exact(items.count());
        let mut first = 0_usize;
        items.for_each_run(&mut |run| {
            for run in run.chunks(RUN) {
                let ranked: Vec<Ranked> = run
                    .par_iter()
                    .enumerate()
                    .filter(|(_, item)| item.class != GeometryClass::None)
                    .map(|(i, item)| Ranked::of(item, (first + i) as u32))
                    .collect();
                entries.extend(ranked);
                first += run.len();
            }
        })?;
        entries.par_sort_unstable_by_key(|entry| (entry.key, entry.item));
        let mut extent = Extent { low: [u32::MAX; 2], high: [0; 2] };
        for entry in &entries {
            extent.grow(entry.weight.at);
        }
        Ok(Self { entries, extent })
    }

    /// Returns the rank at a place, and the greatest one behind the end.
    pub(crate) fn key_at(&self, place: usize) -> u64 {
        self.entries.get(place).map_or(u64::MAX, Ranked::key)
    }

    /// As [`fitting_prefix`], of the whole ranking.
    pub(crate) fn fitting_prefix(&self, zoom: u8, always: usize, limits: Limits) -> usize {
        fitting_prefix(&self.entries, self.extent, zoom, always, limits)
    }

    /// Moves the end of a prefix before all entries that rank equal to the first one after it: equal ranks show
    /// together, so that a rank alone tells.
    pub(crate) fn before_equals(&self, end: usize) -> usize {
        let Some(entry) = self.entries.get(end) else { return end };
        self.entries.partition_point(|other| other.key < entry.key)
    }

    /// Lets points wait until they are apart.
    pub(crate) fn set_point_zooms(&mut self, full: u8) {
        let places = self.entries.iter().zip(0_u32..);
        let points: Vec<(u64, u32)> = places
            .filter(|(entry, _)| entry.weight.point)
            .map(|(entry, rank)| (morton(entry.weight.at[0], entry.weight.at[1]), rank))
            .collect();
        thin_points(points, full, |rank, zoom| {
            if let Some(entry) = self.entries.get_mut(rank as usize) {
                entry.weight.visible = zoom;
            }
        });
    }
}

/// The part of the budget that mass may take.
const MASS_SHARE: f64 = 0.6;

/// The polygons of a ranking along the Morton curve.
pub(crate) struct Areas {
    /// Morton code, place in the ranking, first zoom at which it may show.
    by_place: Vec<(u64, u32, u8)>,
    /// Bytes of a square that stands for some of them.
    square_bytes: f64,
}

impl Areas {
    pub(crate) fn new(ranking: &Ranking, mass_bytes: f32) -> Self {
        let count = ranking.entries.par_iter().filter(|entry| entry.weight.area).count();
        let mut by_place = Vec::new();
        by_place.reserve_exact(count);
        let areas = ranking.entries.iter().zip(0_u32..).filter(|(entry, _)| entry.weight.area);
        by_place.extend(areas.map(|(Ranked { weight, .. }, rank)| {
            (morton(weight.at[0], weight.at[1]), rank, weight.visible)
        }));
        by_place.par_sort_unstable();
        Self { by_place, square_bytes: f64::from(mass_bytes) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_place.is_empty()
    }

    /// Chooses the finest cells for what does not show at a zoom when the ranking ends at `end`; returns their
    /// side and the bytes and squares of the fullest tile.
    pub(crate) fn cells(&self, zoom: u8, end: usize, limits: Limits) -> (u8, u32, u32) {
        let hidden = self
            .by_place
            .iter()
            .filter(|&&(_, rank, visible)| rank as usize >= end || visible > zoom);
        let most = fullest_tile(zoom, hidden.map(|&(code, ..)| code));
        let fits = |squares: u32| {
            f64::from(squares) * self.square_bytes <= MASS_SHARE * f64::from(limits.bytes)
                && f64::from(squares) <= MASS_SHARE * f64::from(limits.features)
        };
        let side = most.iter().position(|&squares| fits(squares)).unwrap_or(SIDES - 1);
        let bytes = f64::from(most[side]) * self.square_bytes;
        (MIN_MASS_BITS + side as u8, bytes as u32, most[side])
    }
}
