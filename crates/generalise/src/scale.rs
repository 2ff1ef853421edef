//! How big things are at a zoom of the Web Mercator grid.
//!
//! The unit is that of a vector tile: 1/4096 of the tile's width. MapLibre draws a tile 512 pixels
//! wide, so 8 units are one pixel on an ordinary screen and 4 units one on a dense screen.

use std::f64::consts::PI;

/// Units across a tile.
pub const EXTENT: f64 = 4096.0;

/// How far a simplified line may stray, and how wide a shape must be to show: half a pixel.
pub const TOLERANCE_UNITS: f64 = 4.0;

/// The least zoom at which a layer may claim to be shown in full.
pub const MIN_ZOOM_FULL: u8 = 10;

/// The greatest zoom for which tiles are generalised; from here on everything is shown.
pub const MAX_ZOOM_FULL: u8 = 16;

/// Circumference of the sphere of Web Mercator (EPSG:3857), metres.
const CIRCUMFERENCE_M: f64 = 2.0 * PI * 6_378_137.0;

/// Returns the width of a tile unit in metres on the ground at this latitude (degrees) and zoom.
pub fn metres_per_unit(lat: f64, zoom: u8) -> f64 {
    metres_of_world(lat) / EXTENT / f64::from(1_u32 << zoom.min(31))
}

/// Returns the first zoom at which a shape `side_m` metres wide or long is [`TOLERANCE_UNITS`] wide
/// on the map; 31 for anything too small ever to show.
pub fn visible_zoom(side_m: f64, lat: f64) -> u8 {
    visible_zoom_of_share(side_m / metres_of_world(lat))
}

/// As [`visible_zoom`], for a width given as a share of the world's.
pub(crate) fn visible_zoom_of_share(share: f64) -> u8 {
    let mut zoom = 0;
    let mut least = TOLERANCE_UNITS / EXTENT;
    // The negated comparison counts NaN as too small.
    while zoom < 31 && !matches!(share.partial_cmp(&least), Some(o) if o.is_ge()) {
        least /= 2.0;
        zoom += 1;
    }
    zoom
}

/// Returns the length of the parallel at this latitude, metres; never zero.
pub(crate) fn metres_of_world(lat: f64) -> f64 {
    CIRCUMFERENCE_M * libm::cos(lat.clamp(-85.0, 85.0).to_radians())
}

/// Projects lon/lat (degrees) to Web Mercator, both axes scaled to 32 bits, `[0, 0]` in the
/// north-west. What lies outside the square is put on its edge; NaN on the west or north edge.
pub fn world32([lon, lat]: [f64; 2]) -> [u32; 2] {
    let sin = libm::sin(lat.clamp(-85.06, 85.06).to_radians());
    let v = 0.5 - libm::log((1.0 + sin) / (1.0 - sin)) / (4.0 * PI);
    let scale = |t: f64| (t * 4_294_967_296.0) as u32;
    [scale(lon / 360.0 + 0.5), scale(v)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_at_zoom_14_is_half_a_metre() {
        let unit = metres_per_unit(34.0, 14);
        assert!((0.49..0.50).contains(&unit), "{unit}");
    }

    #[test]
    fn a_house_shows_two_zooms_after_a_block() {
        let house = visible_zoom(12.0, 34.0);
        assert_eq!(house, visible_zoom(48.0, 34.0) + 2);
        assert_eq!(visible_zoom(0.0, 0.0), 31);
        assert_eq!(visible_zoom(f64::NAN, 0.0), 31);
        assert_eq!(visible_zoom(4.0e7, 0.0), 0);
    }

    #[test]
    fn the_projection_is_that_of_the_tile_grid() {
        for point in [[118.28, 33.96], [-180.0, 0.0], [179.99, -84.0], [0.0, 90.0]] {
            let [x, y] = world32(point);
            let tile = onemap_model::TileCoord::containing(point, 16);
            assert_eq!([x >> 16, y >> 16], [tile.x(), tile.y()], "{point:?}");
        }
        assert_eq!(world32([f64::NAN, f64::NAN]), [0, 0]);
        assert_eq!(world32([1e300, -1e300]), [u32::MAX, u32::MAX]);
    }
}
