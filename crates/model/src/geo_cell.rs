//! Addresses in the quadtree of longitude and latitude, on which 3D tiles are laid.

use std::fmt;

use crate::{Bounds, ModelError};

/// A cell of the quadtree: at level `z` the world is `2^z` columns from the west by `2^z` rows from the south, each
/// 360/2^z by 180/2^z degrees. The order of rows is that of implicit tiling (3D Tiles 1.1, clause 8.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GeoCell {
    z: u8,
    x: u32,
    y: u32,
}

impl GeoCell {
    /// The deepest level: a cell is 60 cm wide at the equator.
    pub const MAX_LEVEL: u8 = 26;
    /// The whole world.
    pub const ROOT: Self = Self { z: 0, x: 0, y: 0 };

    /// Checks an address.
    pub fn new(z: u64, x: u64, y: u64) -> Result<Self, ModelError> {
        if z <= u64::from(Self::MAX_LEVEL) && x < 1 << z && y < 1 << z {
            Ok(Self { z: z as u8, x: x as u32, y: y as u32 })
        } else {
            Err(ModelError::Tile { z, x, y })
        }
    }

    /// Returns the cell at a level (at most [`GeoCell::MAX_LEVEL`]) of a place given by [`GeoCell::place`].
    pub fn of_place([u, v]: [u32; 2], z: u8) -> Self {
        let z = z.min(Self::MAX_LEVEL);
        let cell = |t: u32| (u64::from(t) >> (32 - u32::from(z))) as u32;
        Self { z, x: cell(u), y: cell(v) }
    }

    /// Returns the cell at a level that holds a point, `[lon, lat]` degrees.
    pub fn containing(point: [f64; 2], z: u8) -> Self {
        Self::of_place(Self::place(point), z)
    }

    /// Returns a point, `[lon, lat]` degrees, in 2^32ths of the world from the west and the south: 9 mm at the equator, and
    /// less.
    pub fn place([lon, lat]: [f64; 2]) -> [u32; 2] {
        // A cast saturates.
        let unit = |t: f64| (t * 4_294_967_296.0).floor() as u32;
        [unit((lon + 180.0) / 360.0), unit((lat + 90.0) / 180.0)]
    }

    /// Level.
    pub fn z(self) -> u8 {
        self.z
    }

    /// Column, from the west.
    pub fn x(self) -> u32 {
        self.x
    }

    /// Row, from the south.
    pub fn y(self) -> u32 {
        self.y
    }

    /// Returns the cell above that holds this one; `None` at level 0.
    pub fn parent(self) -> Option<Self> {
        let z = self.z.checked_sub(1)?;
        Some(Self { z, x: self.x >> 1, y: self.y >> 1 })
    }

    /// Returns the cell at a lesser level that holds this one, or itself.
    #[must_use]
    pub fn ancestor(self, z: u8) -> Self {
        let up = self.z.saturating_sub(z);
        Self { z: self.z - up, x: self.x >> up, y: self.y >> up }
    }

    /// Returns the four cells that this one is made of, in Morton order; `None` at the deepest level.
    pub fn children(self) -> Option<[Self; 4]> {
        let z = (self.z < Self::MAX_LEVEL).then_some(self.z + 1)?;
        let (x, y) = (self.x << 1, self.y << 1);
        Some([[0, 0], [1, 0], [0, 1], [1, 1]].map(|[dx, dy]| Self { z, x: x + dx, y: y + dy }))
    }

    /// Returns the box, degrees.
    pub fn bounds(self) -> Bounds {
        let n = f64::from(1_u32 << self.z);
        let (w, h) = (360.0 / n, 180.0 / n);
        Bounds {
            west: f64::from(self.x) * w - 180.0,
            south: f64::from(self.y) * h - 90.0,
            east: f64::from(self.x + 1) * w - 180.0,
            north: f64::from(self.y + 1) * h - 90.0,
        }
    }

    /// Returns the begin of the cell on the Morton curve over places ([`morton`]), and its length (0 for 2^64).
    pub fn code_range(self) -> (u64, u64) {
        let shift = 32 - u32::from(self.z);
        let up = |t: u32| (u64::from(t) << shift) as u32;
        (morton([up(self.x), up(self.y)]), 1_u64.checked_shl(2 * shift).unwrap_or(0))
    }
}

/// Returns a place's position on the Morton curve: the bits of its column and row in turn.
pub fn morton([u, v]: [u32; 2]) -> u64 {
    let spread = |t: u32| {
        let mut t = u64::from(t);
        t = (t | t << 16) & 0x0000_ffff_0000_ffff;
        t = (t | t << 8) & 0x00ff_00ff_00ff_00ff;
        t = (t | t << 4) & 0x0f0f_0f0f_0f0f_0f0f;
        t = (t | t << 2) & 0x3333_3333_3333_3333;
        (t | t << 1) & 0x5555_5555_5555_5555
    };
    spread(u) | spread(v) << 1
}

impl fmt::Display for GeoCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.z, self.x, self.y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_holds_the_point_it_was_found_by_and_lies_in_its_ancestors() {
        for point in [[118.28, 33.96], [-179.999, -89.9], [0.0, 0.0], [179.999_999, 89.999_999]] {
            for z in 0..=GeoCell::MAX_LEVEL {
                let cell = GeoCell::containing(point, z);
                assert!(cell.bounds().contains(&Bounds::of_point(point).unwrap()), "{cell}");
                let code = morton(GeoCell::place(point));
                let (begin, length) = cell.code_range();
                assert!(code >= begin && (length == 0 || code - begin < length), "{cell}");
                assert_eq!(cell.parent(), (z > 0).then(|| GeoCell::containing(point, z - 1)));
            }
        }
    }

    #[test]
    fn children_follow_each_other_on_the_curve() {
        let cell = GeoCell::containing([118.28, 33.96], 14);
        let (mut at, length) = cell.code_range();
        for child in cell.children().unwrap() {
            assert_eq!(child.parent(), Some(cell));
            assert_eq!(child.code_range(), (at, length / 4));
            at += length / 4;
        }
        assert!(GeoCell::new(3, 8, 0).is_err() && GeoCell::new(27, 0, 0).is_err());
    }
}
