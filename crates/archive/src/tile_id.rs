//! Tile addresses as positions along one curve, as PMTiles orders them.

use onemap_model::{MAX_ZOOM, TileCoord};

/// The position of a tile: all of zoom 0, then all of zoom 1 and so on, and within a zoom along the Hilbert
/// curve (PMTiles 3, clause 4.1). The four tiles below a tile follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TileId(u64);

/// Returns the number of tiles above a zoom, at most 31.
pub(crate) const fn tiles_above(zoom: u8) -> u64 {
    ((1 << (2 * zoom as u32)) - 1) / 3
}

/// The first position that no tile of ours has.
pub(crate) const END: u64 = tiles_above(MAX_ZOOM + 1);

impl TileId {
    /// The one tile of zoom 0.
    pub const ROOT: Self = Self(0);

    /// Returns the position of an address.
    pub fn of(tile: TileCoord) -> Self {
        let (mut x, mut y) = (u64::from(tile.x()), u64::from(tile.y()));
        let mut position = 0;
        let mut side = (1_u64 << tile.z()) >> 1;
        while side > 0 {
            let (right, lower) = (u64::from(x & side > 0), u64::from(y & side > 0));
            position += side * side * ((3 * right) ^ lower);
            (x, y) = turned(x & (side - 1), y & (side - 1), side, right, lower);
            side >>= 1;
        }
        Self(tiles_above(tile.z()) + position)
    }

    /// Checks a position; `None` for those of zooms beyond [`MAX_ZOOM`].
    pub fn new(id: u64) -> Option<Self> {
        (id < END).then_some(Self(id))
    }

    /// Returns the number.
    pub fn get(self) -> u64 {
        self.0
    }

    /// Returns the zoom.
    pub fn zoom(self) -> u8 {
        (1..=MAX_ZOOM).take_while(|&zoom| tiles_above(zoom) <= self.0).last().unwrap_or(0)
    }

    /// Returns the address.
    pub fn coord(self) -> TileCoord {
        let zoom = self.zoom();
        let mut position = self.0 - tiles_above(zoom);
        let (mut x, mut y) = (0, 0);
        let mut side = 1;
        while side < 1_u64 << zoom {
            let right = 1 & (position >> 1);
            let lower = 1 & (position ^ right);
            (x, y) = turned(x, y, side, right, lower);
            x += side * right;
            y += side * lower;
            position >>= 2;
            side <<= 1;
        }
        // A position below `END` has an address inside the grid.
        TileCoord::new(zoom.into(), x, y).unwrap_or(TileCoord::containing([0.0, 0.0], 0))
    }

    /// Returns the four tiles below, in their order; `None` at [`MAX_ZOOM`].
    pub fn children(self) -> Option<[Self; 4]> {
        let zoom = self.zoom();
        if zoom == MAX_ZOOM {
            return None;
        }
        let first = tiles_above(zoom + 1) + 4 * (self.0 - tiles_above(zoom));
        Some([0, 1, 2, 3].map(|i| Self(first + i)))
    }
}

/// Turns a quadrant of the curve.
fn turned(x: u64, y: u64, side: u64, right: u64, lower: u64) -> (u64, u64) {
    match (right, lower) {
        (_, 1) => (x, y),
        (1, _) => (side - 1 - y, side - 1 - x),
        _ => (y, x),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(z: u64, x: u64, y: u64) -> u64 {
        TileId::of(TileCoord::new(z, x, y).unwrap()).get()
    }

    #[test]
    fn positions_are_those_of_the_specification() {
        assert_eq!(id(0, 0, 0), 0);
        assert_eq!([id(1, 0, 0), id(1, 0, 1), id(1, 1, 1), id(1, 1, 0)], [1, 2, 3, 4]);
        assert_eq!(id(2, 0, 0), 5);
        assert_eq!(id(12, 3423, 1763), 19_078_479);
    }

    #[test]
    fn every_position_comes_back_and_its_children_follow_each_other() {
        for i in 0..tiles_above(8) {
            let tile = TileId::new(i).unwrap();
            assert_eq!(TileId::of(tile.coord()), tile);
            for child in tile.children().unwrap() {
                assert_eq!(child.coord().parent(), Some(tile.coord()));
            }
        }
        let last = TileId::new(END - 1).unwrap();
        assert_eq!((last.zoom(), TileId::of(last.coord())), (MAX_ZOOM, last));
        assert!(TileId::new(END).is_none() && last.children().is_none());
    }
}
