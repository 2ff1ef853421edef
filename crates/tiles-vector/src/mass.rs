//! Many shapes too small to show, drawn as one square of their area.

use std::f64::consts::PI;

use onemap_generalise::{EXTENT, metres_per_unit};
use onemap_model::TileCoord;

use crate::clip::ClipBox;
use crate::snap::Cell;

/// Polygons of one neighbourhood that are too small to show each by itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mass {
    /// Their centre in Web Mercator (EPSG:3857), both axes scaled to 32 bits, `[0, 0]` in the
    /// north-west.
    pub at: [u32; 2],
    /// What they cover on the ground, square metres.
    pub area_m2: f64,
    /// How many they are.
    pub count: u32,
}

/// Returns the rectangle that stands for a mass, as far as it lies in the window; `None` when nothing of
/// it does.
///
/// Its sides are whole units, so its area is not quite the mass's: a side is rounded up or down by
/// chance, such that the area is right on average. The chance comes from the place, and every tile
/// draws the same rectangle.
pub(crate) fn rectangle(
    mass: &Mass,
    tile: TileCoord,
    extent: u32,
    area: ClipBox,
) -> Option<[Cell; 4]> {
    let world = u64::from(extent) << tile.z();
    let units = mass.area_m2 / square_of_unit(mass.at[1], tile.z(), extent);
    let [width, height] = sides(units, chance(mass.at, tile.z()), extent)?;
    let corner = [tile.x(), tile.y()].map(|c| i64::from(c) * i64::from(extent));
    let clip = |v: i64| v.clamp(area.low as i64, area.high as i64) as i32;
    let side = |axis: usize, length: i64| {
        let center = (u128::from(mass.at[axis]) * u128::from(world)) >> 32;
        let from = center as i64 - length / 2 - corner[axis];
        [clip(from), clip(from + length)]
    };
    let ([west, east], [north, south]) = (side(0, width), side(1, height));
    let is_seen = west < east && north < south;
    is_seen.then_some([[west, north], [east, north], [east, south], [west, south]])
}

/// Returns the square metres on the ground that a square unit covers at this height of the map.
fn square_of_unit(v: u32, zoom: u8, extent: u32) -> f64 {
    let v = (f64::from(v) + 0.5) / 4_294_967_296.0;
    let lat = libm::atan(libm::sinh(PI * (1.0 - 2.0 * v))).to_degrees();
    let side = metres_per_unit(lat, zoom) * EXTENT / f64::from(extent);
    side * side
}

/// Returns whole sides whose product is the area on average over the chance, from 0 to 1.
fn sides(area: f64, chance: f64, extent: u32) -> Option<[i64; 2]> {
    if area.is_nan() || area <= 0.0 {
        return None;
    }
    let area = area.min(f64::from(extent) * f64::from(extent));
    let width = area.sqrt().round().max(1.0);
    let height = (area / width + chance).floor();
    (height >= 1.0).then_some([width as i64, height as i64])
}

/// Returns a number from 0 to 1, below 1, that the place and the zoom decide.
fn chance([x, y]: [u32; 2], zoom: u8) -> f64 {
    let mut h = u64::from(x) << 32 | u64::from(y);
    h ^= u64::from(zoom).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    // SplitMix64's finisher (Steele, Lea and Flood, OOPSLA 2014).
    h = (h ^ h >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    h = (h ^ h >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    h ^= h >> 31;
    (h >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_is_right_on_average() {
        for area in [0.05, 0.7, 1.3, 3.9, 17.2, 250.4] {
            let n = 40_000;
            let sum: i64 = (0..n)
                .filter_map(|i| sides(area, chance([i * 7919, i * 104_729], 9), 4096))
                .map(|[w, h]| w * h)
                .sum();
            let mean = sum as f64 / f64::from(n);
            assert!((mean / area - 1.0).abs() < 0.08, "{area} {mean}");
        }
    }

    #[test]
    fn nonsense_is_not_drawn() {
        for area in [0.0, -1.0, f64::NAN] {
            assert_eq!(sides(area, 0.5, 4096), None);
        }
        assert!(sides(f64::INFINITY, 0.5, 4096).is_some());
    }
}
