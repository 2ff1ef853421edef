//! How much may be wrong in a tile, by its level.

use onemap_model::GeoCell;

/// Length of a quarter of a meridian's circle times two, metres: the height of the world.
const WORLD_HEIGHT: f64 = 20_003_931.5;
/// Cells of so many levels below a tile's are the squares in which small features are summed: 64 by 64 in a tile.
pub(crate) const SQUARES_BELOW: u8 = 6;
/// A tile's height is so many times its error, which is thereby the diagonal of a square at the equator. At the distance at
/// which an error is 16 pixels high, as clients have it, the tile is 450 pixels high. (Measured on Tokyo's buildings: with
/// squares a quarter of the size, tiles of full quarters have 2 MB instead of 0.6 MB.)
const PARTS: f64 = 28.0;

/// Returns the geometric error of interior tiles of a level, metres (3D Tiles 1.1, clause 7.3): half that of the level above.
///
/// It is a promise, which [`crate::far`] keeps: no point of what is shown is farther from what it stands for.
pub fn geometric_error(level: u8) -> f64 {
    WORLD_HEIGHT / PARTS / f64::from(1_u32 << level.min(GeoCell::MAX_LEVEL))
}

/// Returns the geometric error of a tileset whose root is of a level: when it is not shown at all, what is missing is as large
/// as the root's cell.
pub fn error_of_nothing(level: u8) -> f64 {
    PARTS * geometric_error(level)
}

/// Returns the first level whose tiles show a thing of this size by itself; one more than the deepest where none does.
pub fn first_level(size: f64) -> u8 {
    (0..=GeoCell::MAX_LEVEL)
        .find(|&level| geometric_error(level) <= size)
        .unwrap_or(GeoCell::MAX_LEVEL + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_halve_and_sizes_find_their_level() {
        for level in 0..GeoCell::MAX_LEVEL {
            let error = geometric_error(level);
            assert!((error / geometric_error(level + 1) - 2.0).abs() < 1e-12);
            assert_eq!(first_level(error), level);
            assert_eq!(first_level(error * 0.999), level + 1);
        }
        assert_eq!(first_level(0.0), GeoCell::MAX_LEVEL + 1);
    }
}
