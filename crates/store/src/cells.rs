//! Cell versions: which revision last touched which tile.

use std::sync::{PoisonError, RwLock};

use onemap_model::{Bounds, GeoCell, Revision, TileCoord};
use rustc_hash::FxHashMap;

/// The most of its width by which a tile may reach over its edge and still be sure of its version.
pub const MAX_TILE_BUFFER: f64 = 0.25;

/// Deeper tiles share the version of their ancestor at this zoom.
const MAX_CELL_ZOOM: u8 = 14;

/// Deeper cells of features' middles share the version of their ancestor at this level.
const MAX_OWNER_LEVEL: u8 = 18;

/// A box that touches more cells than this at a zoom marks them with all that is below instead of going on.
const MAX_CELLS: u64 = 16;

/// The cells of a layer that edits have touched since its segments were made.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    marks: RwLock<Marks>,
}

#[derive(Debug, Default)]
struct Marks {
    /// Last revision that touched the cell itself.
    cells: FxHashMap<TileCoord, Revision>,
    /// Last revision that may have touched anything below the cell.
    trees: FxHashMap<TileCoord, Revision>,
    /// Last revision that touched a feature whose middle lies in the cell.
    owners: FxHashMap<GeoCell, Revision>,
}

impl Cells {
    /// Marks all cells that a feature in this box may show in.
    pub(crate) fn touch(&self, bounds: &Bounds, revision: Revision) {
        let mut marks = self.marks.write().unwrap_or_else(PoisonError::into_inner);
        let mut owner = Some(GeoCell::containing(bounds.center(), MAX_OWNER_LEVEL));
        while let Some(cell) = owner {
            marks.owners.insert(cell, revision);
            owner = cell.parent();
        }
        for z in 0..=MAX_CELL_ZOOM {
            let (min, max) = covered(bounds, z);
            let wide = u64::from(max.0 - min.0) + 1;
            let high = u64::from(max.1 - min.1) + 1;
            let last = z == MAX_CELL_ZOOM || wide.saturating_mul(high) > MAX_CELLS;
            for x in min.0..=max.0 {
                for y in min.1..=max.1 {
                    let Ok(cell) = TileCoord::new(z.into(), x.into(), y.into()) else { continue };
                    marks.cells.insert(cell, revision);
                    if last {
                        marks.trees.insert(cell, revision);
                    }
                }
            }
            if last {
                return;
            }
        }
    }

    /// Returns the last revision that touched a feature whose middle lies in the cell; 0 when none did.
    pub(crate) fn owner_version(&self, cell: GeoCell) -> Revision {
        let marks = self.marks.read().unwrap_or_else(PoisonError::into_inner);
        marks.owners.get(&cell.ancestor(MAX_OWNER_LEVEL)).copied().unwrap_or_default()
    }

    /// Returns the last revision that touched the tile; 0 when none did.
    pub(crate) fn version(&self, tile: TileCoord) -> Revision {
        let marks = self.marks.read().unwrap_or_else(PoisonError::into_inner);
        if marks.cells.is_empty() {
            return Revision(0);
        }
        let cell = tile.ancestor(MAX_CELL_ZOOM);
        let own = marks.cells.get(&cell).copied().unwrap_or_default();
        let above = (0..=cell.z()).filter_map(|z| marks.trees.get(&cell.ancestor(z)).copied());
        above.fold(own, Revision::max)
    }
}

/// Returns the least and greatest column and row of the cells whose buffered box meets the bounds.
fn covered(bounds: &Bounds, z: u8) -> ((u32, u32), (u32, u32)) {
    let n = f64::from(1_u32 << z);
    let north_west = TileCoord::containing([bounds.west, bounds.north], z);
    let south_east = TileCoord::containing([bounds.east, bounds.south], z);
    let [u0, v0] = north_west.project([bounds.west, bounds.north]);
    let [u1, v1] = south_east.project([bounds.east, bounds.south]);
    let cell = |at: f64| at.floor().clamp(0.0, n - 1.0) as u32;
    let at = |tile: u32, part: f64, by: f64| cell(f64::from(tile) + part + by);
    (
        (at(north_west.x(), u0, -MAX_TILE_BUFFER), at(north_west.y(), v0, -MAX_TILE_BUFFER)),
        (at(south_east.x(), u1, MAX_TILE_BUFFER), at(south_east.y(), v1, MAX_TILE_BUFFER)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tile(z: u64, x: u64, y: u64) -> TileCoord {
        TileCoord::new(z, x, y).unwrap()
    }

    #[test]
    fn a_point_touches_its_own_cells_and_no_others() {
        let cells = Cells::default();
        let at = [118.28, 33.96];
        cells.touch(&Bounds::of_point(at).unwrap(), Revision(7));
        for z in 0..=22 {
            assert_eq!(cells.version(TileCoord::containing(at, z)), Revision(7), "{z}");
        }
        let far = TileCoord::containing([118.5, 33.96], 14);
        assert_eq!(cells.version(far), Revision(0));
        assert_eq!(cells.version(tile(1, 0, 0)), Revision(0));
    }

    #[test]
    fn a_tile_whose_buffer_reaches_the_feature_is_touched_too() {
        let cells = Cells::default();
        let here = tile(12, 3393, 1639);
        let bounds = here.bounds(0.0);
        let near_edge = [bounds.west + (bounds.east - bounds.west) * 0.1, bounds.center()[1]];
        cells.touch(&Bounds::of_point(near_edge).unwrap(), Revision(3));
        assert_eq!(cells.version(tile(12, 3392, 1639)), Revision(3));
        assert_eq!(cells.version(tile(12, 3394, 1639)), Revision(0));
    }

    #[test]
    fn a_province_marks_few_cells_and_still_touches_every_tile_inside() {
        let cells = Cells::default();
        let province = Bounds::new(116.0, 30.0, 122.0, 35.0).unwrap();
        cells.touch(&province, Revision(9));
        assert_eq!(cells.version(TileCoord::containing([119.0, 33.0], 18)), Revision(9));
        assert_eq!(cells.version(TileCoord::containing([100.0, 33.0], 18)), Revision(0));
        let marks = cells.marks.read().unwrap();
        assert!(marks.cells.len() < 400, "{}", marks.cells.len());
    }
}
