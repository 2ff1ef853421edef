//! Addresses in the WebMercatorQuad grid (OGC 17-083r4, Annex D.1), y growing southward.

use std::f64::consts::PI;
use std::fmt;

use crate::{Bounds, ModelError};

/// The deepest zoom: a column number still fits 30 bits and a tile is 4 cm wide.
pub const MAX_ZOOM: u8 = 30;

/// Latitude of the grid's upper edge, degrees: `atan(sinh(pi))`.
const MAX_LAT: f64 = 85.051_128_779_806_6;

/// The address of a tile: `x` columns from the west, `y` rows from the north, both below `2^z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TileCoord {
    z: u8,
    x: u32,
    y: u32,
}

impl TileCoord {
    /// Checks an address.
    pub fn new(z: u64, x: u64, y: u64) -> Result<Self, ModelError> {
        let inside = z <= u64::from(MAX_ZOOM) && x < 1 << z && y < 1 << z;
        if inside {
            Ok(Self { z: z as u8, x: x as u32, y: y as u32 })
        } else {
            Err(ModelError::Tile { z, x, y })
        }
    }

    /// Returns the tile at zoom `z` (at most [`MAX_ZOOM`]) that holds the point; points beyond the
    /// grid count as on its edge.
    pub fn containing([lon, lat]: [f64; 2], z: u8) -> Self {
        let z = z.min(MAX_ZOOM);
        let n = f64::from(1_u32 << z);
        let [u, v] = to_unit([lon, lat]);
        let cell = |t: f64| (t * n).floor().clamp(0.0, n - 1.0) as u32;
        Self { z, x: cell(u), y: cell(v) }
    }

    /// Zoom.
    pub fn z(self) -> u8 {
        self.z
    }

    /// Column, from the west.
    pub fn x(self) -> u32 {
        self.x
    }

    /// Row, from the north.
    pub fn y(self) -> u32 {
        self.y
    }

    /// Returns the tile above that holds this one; `None` at zoom 0.
    pub fn parent(self) -> Option<Self> {
        let z = self.z.checked_sub(1)?;
        Some(Self { z, x: self.x >> 1, y: self.y >> 1 })
    }

    /// Returns the tile at a lower zoom that holds this one, or itself at an equal or higher zoom.
    #[must_use]
    pub fn ancestor(self, z: u8) -> Self {
        let up = self.z.saturating_sub(z);
        Self { z: self.z - up, x: self.x >> up, y: self.y >> up }
    }

    /// Returns the tile's box in lon/lat, grown by `buffer` (a fraction of the tile's width) on all sides.
    pub fn bounds(self, buffer: f64) -> Bounds {
        let n = f64::from(1_u32 << self.z);
        let [west, north] =
            from_unit([(f64::from(self.x) - buffer) / n, (f64::from(self.y) - buffer) / n]);
        let [east, south] = from_unit([
            (f64::from(self.x) + 1.0 + buffer) / n,
            (f64::from(self.y) + 1.0 + buffer) / n,
        ]);
        Bounds { west, south, east, north }
    }

    /// Projects lon/lat (degrees) to this tile: `[0, 0]` is its upper left, `[1, 1]` its lower right corner.
    pub fn project(self, point: [f64; 2]) -> [f64; 2] {
        let n = f64::from(1_u32 << self.z);
        let [u, v] = to_unit(point);
        [u * n - f64::from(self.x), v * n - f64::from(self.y)]
    }
}

impl fmt::Display for TileCoord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.z, self.x, self.y)
    }
}

/// Projects lon/lat (degrees) to the unit square of Web Mercator (EPSG:3857), `[0, 0]` in the north-west.
/// Latitudes beyond the square are put on its edge.
fn to_unit([lon, lat]: [f64; 2]) -> [f64; 2] {
    let lat = lat.clamp(-MAX_LAT, MAX_LAT).to_radians();
    let v = 0.5 - lat.tan().asinh() / (2.0 * PI);
    [lon / 360.0 + 0.5, v]
}

/// Inverse of [`to_unit`].
fn from_unit([u, v]: [f64; 2]) -> [f64; 2] {
    [(u - 0.5) * 360.0, ((0.5 - v) * 2.0 * PI).sinh().atan().to_degrees()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_inside_the_grid_exist() {
        for z in 0..=6_u64 {
            let n = 1 << z;
            assert!(TileCoord::new(z, n - 1, n - 1).is_ok());
            assert!(TileCoord::new(z, n, 0).is_err() && TileCoord::new(z, 0, n).is_err());
        }
        assert!(TileCoord::new(30, (1 << 30) - 1, 0).is_ok());
        for z in 31..300 {
            assert!(TileCoord::new(z, 0, 0).is_err());
        }
        assert!(TileCoord::new(u64::MAX, u64::MAX, u64::MAX).is_err());
    }

    #[test]
    fn a_tile_holds_the_point_it_was_found_by() {
        let point = [118.28, 33.96];
        for z in 0..=MAX_ZOOM {
            let tile = TileCoord::containing(point, z);
            let bounds = tile.bounds(0.0);
            assert!(bounds.grown(1e-12).contains(&Bounds::of_point(point).unwrap()), "{tile}");
            let [u, v] = tile.project(point);
            assert!((-1e-4..=1.0001).contains(&u) && (-1e-4..=1.0001).contains(&v));
        }
        assert_eq!(TileCoord::containing([118.28, 33.96], 10).to_string(), "10/848/409");
    }

    #[test]
    fn ancestors_halve_the_address() {
        let tile = TileCoord::new(5, 21, 13).unwrap();
        assert_eq!(tile.parent().unwrap(), TileCoord::new(4, 10, 6).unwrap());
        assert_eq!(tile.ancestor(2), TileCoord::new(2, 2, 1).unwrap());
        assert_eq!(tile.ancestor(9), tile);
    }
}
