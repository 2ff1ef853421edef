//! Built-up mass: polygons too small or too many to show one by one, summed on a grid.
//!
//! At each zoom below the last, the polygons that do not show yet are added up in square cells of the world's
//! grid. A cell is drawn as one square of the summed area, with the properties of its best-ranked
//! member: so a town stays visible as mass, and the drawn area is the true one at every zoom. (Tippecanoe's
//! accumulation of tiny polygons has the same purpose; it walks the features of a tile in order, so that its
//! squares depend on the tile. A grid gives the same squares to neighbouring tiles and lets an edit change
//! one cell.)
//!
//! Sums are whole numbers, so that adding and taking away in any order gives the same square.

use onemap_model::{GeometryClass, TileCoord};
use rayon::prelude::*;

use crate::DropItem;
use crate::rank::rank_key;
use crate::scale::world32;

/// Bits of a tile unit: 4096 units across a tile.
const EXTENT_BITS: u8 = 12;
/// Finest cell: 4 units, half a pixel of an ordinary screen.
pub(crate) const MIN_MASS_BITS: u8 = 2;
/// Coarsest cell: 256 units.
pub(crate) const MAX_MASS_BITS: u8 = 8;
/// Steps of a position within its cell.
const FRACTION_BITS: u32 = 16;

/// The side of a mass cell at one zoom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MassGrid {
    /// Zoom.
    pub zoom: u8,
    /// Binary logarithm of the side in tile units.
    pub bits: u8,
}

impl MassGrid {
    /// Bits of a world position (32 bits an axis) that lie within a cell.
    fn shift(self) -> u32 {
        u32::from((32 + self.bits).saturating_sub(self.zoom + EXTENT_BITS)).min(31)
    }

    /// Returns the cell that holds a world position, as a Morton code.
    pub fn cell_of(self, [x, y]: [u32; 2]) -> u64 {
        morton(x >> self.shift(), y >> self.shift())
    }

    /// Returns by how many bits a code of the next zoom's cells is longer.
    pub fn children_bits(self, lower: MassGrid) -> u32 {
        2 * self.shift().saturating_sub(lower.shift())
    }

    /// Returns the codes of the cells in a tile of this zoom: a contiguous range.
    pub fn cells_of_tile(self, tile: TileCoord) -> std::ops::Range<u64> {
        let bits = 2 * u32::from(EXTENT_BITS.saturating_sub(self.bits));
        let first = morton(tile.x(), tile.y()) << bits;
        first..first + (1 << bits)
    }

    /// Returns the world positions of a cell: its corner in the north-west, and its side.
    pub fn corner(self, cell: u64) -> ([u32; 2], u32) {
        let shift = self.shift();
        ([compact(cell) << shift, compact(cell >> 1) << shift], 1 << shift)
    }
}

/// A polygon as its cell sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MassItem {
    /// Center in Web Mercator, scaled to 32 bits.
    pub at: [u32; 2],
    /// Area on the ground, square decimetres.
    pub area_dm2: u64,
    /// Rank ([`rank_key`]).
    pub rank: u64,
}

impl MassItem {
    /// Measures a feature; `None` for what is not a polygon.
    pub fn new(item: &DropItem) -> Option<Self> {
        Self::has_mass(item).then(|| Self {
            at: world32(item.center),
            area_dm2: area_dm2(item),
            rank: rank_key(item),
        })
    }

    /// Tells whether a feature is a polygon with an area.
    pub(crate) fn has_mass(item: &DropItem) -> bool {
        let polygon = matches!(item.class, GeometryClass::Polygon | GeometryClass::Mixed);
        polygon && area_dm2(item) > 0
    }
}

fn area_dm2(item: &DropItem) -> u64 {
    (f64::from(item.size) * 100.0).round() as u64
}

/// What a cell holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MassSum {
    /// Area on the ground, square decimetres.
    pub area_dm2: u64,
    /// Sums of area times position within the cell, in 65536ths of its side.
    pub moments: [u64; 2],
    /// Number of polygons.
    pub count: u64,
}

impl MassSum {
    /// Adds a polygon whose center lies in the cell.
    pub fn add(&mut self, grid: MassGrid, item: &MassItem) {
        let moments = moments(grid, item);
        self.area_dm2 = self.area_dm2.wrapping_add(item.area_dm2);
        for (sum, moment) in self.moments.iter_mut().zip(moments) {
            *sum = sum.wrapping_add(moment);
        }
        self.count = self.count.wrapping_add(1);
    }

    /// Takes away a polygon that was added.
    pub fn remove(&mut self, grid: MassGrid, item: &MassItem) {
        let moments = moments(grid, item);
        self.area_dm2 = self.area_dm2.wrapping_sub(item.area_dm2);
        for (sum, moment) in self.moments.iter_mut().zip(moments) {
            *sum = sum.wrapping_sub(moment);
        }
        self.count = self.count.wrapping_sub(1);
    }

    /// Returns the center of the area, as a world position.
    pub fn center(&self, grid: MassGrid, cell: u64) -> [u32; 2] {
        let (corner, _) = grid.corner(cell);
        let mut center = corner;
        for (at, moment) in center.iter_mut().zip(self.moments) {
            let fraction = (moment / self.area_dm2.max(1)).min((1 << FRACTION_BITS) - 1);
            *at = at.saturating_add(((fraction << grid.shift()) >> FRACTION_BITS) as u32);
        }
        center
    }
}

fn moments(grid: MassGrid, item: &MassItem) -> [u64; 2] {
    let shift = grid.shift();
    item.at.map(|at| {
        let within = u64::from(at) & ((1 << shift) - 1);
        item.area_dm2.wrapping_mul((within << FRACTION_BITS) >> shift)
    })
}

/// A cell with something in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MassCell {
    /// Morton code of the cell.
    pub cell: u64,
    /// What it holds.
    pub sum: MassSum,
    /// Name of its best-ranked member; of equal ones the least.
    pub best: u64,
}

/// A polygon on its way into the cells of the zooms at which it does not show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MassEntry {
    /// Morton code of its center.
    pub code: u64,
    /// Its name, unique.
    pub name: u64,
    /// Area on the ground, square decimetres.
    pub area_dm2: u64,
    /// Rank ([`rank_key`]).
    pub rank: u64,
    /// The first zoom at which it shows.
    pub first: u8,
}

impl MassEntry {
    /// Makes the entry of a feature that shows from zoom `first` on; `None` for what is no polygon or shows
    /// always.
    pub fn new(item: &DropItem, name: u64, first: u8) -> Option<Self> {
        let MassItem { at, area_dm2, rank } = MassItem::new(item).filter(|_| first > 0)?;
        Some(Self { code: morton(at[0], at[1]), name, area_dm2, rank, first })
    }

    fn item(&self) -> MassItem {
        let at = [compact(self.code), compact(self.code >> 1)];
        MassItem { at, area_dm2: self.area_dm2, rank: self.rank }
    }
}

/// Sums what does not show, all zooms at once, from entries in ascending order. Holds one open cell for each
/// zoom.
#[derive(Debug)]
pub struct MassFold {
    zooms: Vec<ZoomFold>,
}

#[derive(Debug)]
struct ZoomFold {
    /// `None` where the zoom has no cells.
    grid: Option<MassGrid>,
    open: Option<MassCell>,
    /// Rank of the open cell's best member.
    best_rank: u64,
    done: Vec<MassCell>,
}

impl MassFold {
    /// Begins; `bits` names the cell's side for each zoom, 0 for none ([`crate::DropOrder::mass_bits`]).
    pub fn new(bits: &[u8]) -> Self {
        let zoom = |(zoom, &bits): (u8, &u8)| ZoomFold {
            grid: (bits > 0).then_some(MassGrid { zoom, bits }),
            open: None,
            best_rank: u64::MAX,
            done: Vec::new(),
        };
        Self { zooms: (0_u8..).zip(bits).map(zoom).collect() }
    }

    /// Adds entries, which come after all that were added before.
    pub fn add(&mut self, entries: &[MassEntry]) {
        self.zooms.par_iter_mut().for_each(|zoom| entries.iter().for_each(|entry| zoom.add(entry)));
    }

    /// Ends the last cells.
    pub fn finish(&mut self) {
        for zoom in &mut self.zooms {
            zoom.done.extend(zoom.open.take());
        }
    }

    /// Takes the cells that are complete: for each zoom, in ascending order.
    pub fn take(&mut self) -> impl Iterator<Item = Vec<MassCell>> {
        self.zooms.iter_mut().map(|zoom| std::mem::take(&mut zoom.done))
    }
}

impl ZoomFold {
    fn add(&mut self, entry: &MassEntry) {
        let Some(grid) = self.grid.filter(|grid| entry.first > grid.zoom) else { return };
        let item = entry.item();
        let cell = grid.cell_of(item.at);
        if self.open.is_none_or(|open| open.cell != cell) {
            let begun = MassCell { cell, sum: MassSum::default(), best: entry.name };
            self.done.extend(self.open.replace(begun));
            self.best_rank = item.rank;
        }
        let Some(open) = &mut self.open else { return };
        open.sum.add(grid, &item);
        if (item.rank, entry.name) < (self.best_rank, open.best) {
            self.best_rank = item.rank;
            open.best = entry.name;
        }
    }
}

/// Tells how many cells a tile of the zoom would have at most, for each side from [`MIN_MASS_BITS`] to
/// [`MAX_MASS_BITS`]. `codes` are the Morton codes of the polygons that do not show, ascending.
pub(crate) fn fullest_tile(zoom: u8, codes: impl Iterator<Item = u64>) -> [u32; SIDES] {
    let mut most = [0; SIDES];
    let mut count = [0_u32; SIDES];
    let mut last = [u64::MAX; SIDES];
    let mut tile = u64::MAX;
    let tile_shift = 64 - 2 * u32::from(zoom.min(31));
    for code in codes {
        let here = code.checked_shr(tile_shift).unwrap_or(0);
        if here != tile {
            tile = here;
            count = [0; SIDES];
        }
        for side in 0..SIDES {
            let grid = MassGrid { zoom, bits: MIN_MASS_BITS + side as u8 };
            let cell = code >> (2 * grid.shift());
            if cell != last[side] {
                last[side] = cell;
                count[side] += 1;
                most[side] = most[side].max(count[side]);
            }
        }
    }
    most
}

/// Number of sides a cell may have.
pub(crate) const SIDES: usize = (MAX_MASS_BITS - MIN_MASS_BITS + 1) as usize;

/// Interleaves two numbers of 32 bits, the first in the even places (Morton order).
pub fn morton(x: u32, y: u32) -> u64 {
    spread(x) | spread(y) << 1
}

pub(crate) fn spread(x: u32) -> u64 {
    let mut x = u64::from(x);
    x = (x | x << 16) & 0x0000_ffff_0000_ffff;
    x = (x | x << 8) & 0x00ff_00ff_00ff_00ff;
    x = (x | x << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    x = (x | x << 2) & 0x3333_3333_3333_3333;
    (x | x << 1) & 0x5555_5555_5555_5555
}

/// Inverse of [`spread`]: the bits in the even places.
fn compact(code: u64) -> u32 {
    let mut x = code & 0x5555_5555_5555_5555;
    x = (x | x >> 1) & 0x3333_3333_3333_3333;
    x = (x | x >> 2) & 0x0f0f_0f0f_0f0f_0f0f;
    x = (x | x >> 4) & 0x00ff_00ff_00ff_00ff;
    x = (x | x >> 8) & 0x0000_ffff_0000_ffff;
    (x | x >> 16) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> MassGrid {
        MassGrid { zoom: 9, bits: 4 }
    }

    fn item(x: u32, y: u32, area: u64) -> MassItem {
        MassItem { at: [x, y], area_dm2: area, rank: 0 }
    }

    #[test]
    fn what_is_added_and_taken_away_again_leaves_no_trace() {
        let grid = grid();
        let mut sum = MassSum::default();
        let items: Vec<_> =
            (0..50).map(|i| item(i * 77_777, i * 1_234, 9_999 + u64::from(i))).collect();
        for i in &items {
            sum.add(grid, i);
        }
        let before = sum;
        sum.add(grid, &item(5, 6, 7_000));
        sum.remove(grid, &item(5, 6, 7_000));
        assert_eq!(sum, before);
        for i in items.iter().rev() {
            sum.remove(grid, i);
        }
        assert_eq!(sum, MassSum::default());
    }

    #[test]
    fn the_center_of_one_polygon_is_its_own() {
        let grid = grid();
        let one = item(3_000_123_456, 1_234_567_890, 55_555);
        let mut sum = MassSum::default();
        sum.add(grid, &one);
        let center = sum.center(grid, grid.cell_of(one.at));
        for (found, at) in center.iter().zip(one.at) {
            assert!(found.abs_diff(at) <= 1 << (grid.shift() - 15));
        }
    }

    #[test]
    fn a_tile_holds_just_its_own_cells() {
        let tile = TileCoord::new(9, 421, 205).unwrap();
        let grid = grid();
        let cells = grid.cells_of_tile(tile);
        let (corner, side) = grid.corner(cells.start);
        assert_eq!(corner, [421 << 23, 205 << 23]);
        assert_eq!(u64::from(side) * 256, 1 << 23);
        assert_eq!(grid.cell_of(corner), cells.start);
        let last = [(422 << 23) - 1, (206 << 23) - 1];
        assert_eq!(grid.cell_of(last), cells.end - 1);
        assert!(!cells.contains(&grid.cell_of([422 << 23, 205 << 23])));
    }

    #[test]
    fn cells_of_a_deeper_zoom_nest_when_their_bits_grow_by_one_at_most() {
        let at = [2_987_654_321, 1_111_111_111];
        let upper = MassGrid { zoom: 9, bits: 4 };
        for bits in 3..=5 {
            let lower = MassGrid { zoom: 10, bits };
            let up = 2 * (upper.shift() - lower.shift());
            assert_eq!(lower.cell_of(at) >> up, upper.cell_of(at));
        }
    }
}
