//! How much may be wrong in a tile, by its level.

use onemap_model::GeoCell;

/// Length of a quarter of a meridian's circle times two, metres: the height of the world.
const WORLD_HEIGHT: f64 = 20_003_931.5;
/// A tile's height is so many times its error: at the distance at which an error is 16 pixels high, as clients have it, the
/// tile is 512 pixels high, and has a few thousand blocks at most. (Measured on the sample city: with 64, tiles of full
/// quarters have 1.5 MB; with 32, 0.4 MB.)
const PARTS: f64 = 32.0;

/// Returns the geometric error of interior tiles of a level, metres (3D Tiles 1.1, clause 7.3): half that of the level above.
///
/// It is a promise, which [`crate::far`] keeps: no point of what is shown is farther from what it stands for.
pub fn geometric_error(level: u8) -> f64 {
    WORLD_HEIGHT / PARTS / f64::from(1_u32 << level.min(GeoCell::MAX_LEVEL))
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
