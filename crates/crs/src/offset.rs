//! The offset systems of Chinese web maps: GCJ-02 (Amap, Tencent) and BD-09 (Baidu).
//!
//! GCJ-02 moves WGS 84 by 50 to 700 m, differently from place to place, inside a box around China, and not at
//! all outside it. BD-09 is GCJ-02 moved once more, everywhere. No official text states the formulas; these
//! are the ones that are published and agree with the maps to centimetres. There is no official inverse:
//! here it is solved by iteration until the forward formula meets the point to 1e-11 degrees (1 µm), far
//! below the formulas' own truth.
//!
//! All coordinates are `[longitude, latitude]` in degrees.

use std::f64::consts::PI;

/// Semi-major axis of the Krasovsky ellipsoid, metres.
const AXIS: f64 = 6_378_245.0;

/// Its first eccentricity squared.
const ECCENTRICITY_2: f64 = 0.006_693_421_622_965_943;

/// West, south, east and north of the box in which GCJ-02 differs from WGS 84, degrees.
const BOX: [f64; 4] = [72.004, 0.8293, 137.8347, 55.8271];

/// The angular factor of BD-09.
const BD_PI: f64 = PI * 3000.0 / 180.0;

/// Adds GCJ-02's offset.
pub fn wgs84_to_gcj02([lon, lat]: [f64; 2]) -> [f64; 2] {
    if !in_box(lon, lat) {
        return [lon, lat];
    }
    let (x, y) = (lon - 105.0, lat - 35.0);
    let (north_m, east_m) = (north_metres(x, y), east_metres(x, y));
    let phi = lat.to_radians();
    let sin = libm::sin(phi);
    let curvature = 1.0 - ECCENTRICITY_2 * sin * sin;
    let root = libm::sqrt(curvature);
    let metres_per_radian_north = AXIS * (1.0 - ECCENTRICITY_2) / (curvature * root);
    let metres_per_radian_east = AXIS / root * libm::cos(phi);
    [
        lon + (east_m / metres_per_radian_east).to_degrees(),
        lat + (north_m / metres_per_radian_north).to_degrees(),
    ]
}

/// Removes GCJ-02's offset.
pub fn gcj02_to_wgs84(gcj02: [f64; 2]) -> [f64; 2] {
    solve(gcj02, wgs84_to_gcj02)
}

/// Adds what BD-09 adds to GCJ-02.
pub fn gcj02_to_bd09([lon, lat]: [f64; 2]) -> [f64; 2] {
    let radius = libm::hypot(lon, lat) + 0.00002 * libm::sin(lat * BD_PI);
    let angle = libm::atan2(lat, lon) + 0.000003 * libm::cos(lon * BD_PI);
    [radius * libm::cos(angle) + 0.0065, radius * libm::sin(angle) + 0.006]
}

/// Removes what BD-09 adds to GCJ-02.
pub fn bd09_to_gcj02(bd09: [f64; 2]) -> [f64; 2] {
    solve(bd09, gcj02_to_bd09)
}

/// Adds both offsets of BD-09.
pub fn wgs84_to_bd09(wgs84: [f64; 2]) -> [f64; 2] {
    gcj02_to_bd09(wgs84_to_gcj02(wgs84))
}

/// Removes both offsets of BD-09.
pub fn bd09_to_wgs84(bd09: [f64; 2]) -> [f64; 2] {
    gcj02_to_wgs84(bd09_to_gcj02(bd09))
}

fn in_box(lon: f64, lat: f64) -> bool {
    let [west, south, east, north] = BOX;
    (west..=east).contains(&lon) && (south..=north).contains(&lat)
}

fn north_metres(x: f64, y: f64) -> f64 {
    let polynomial =
        -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * libm::sqrt(x.abs());
    polynomial
        + ripple(x)
        + (20.0 * libm::sin(y * PI) + 40.0 * libm::sin(y / 3.0 * PI)) * 2.0 / 3.0
        + (160.0 * libm::sin(y / 12.0 * PI) + 320.0 * libm::sin(y * PI / 30.0)) * 2.0 / 3.0
}

fn east_metres(x: f64, y: f64) -> f64 {
    let polynomial = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * libm::sqrt(x.abs());
    polynomial
        + ripple(x)
        + (20.0 * libm::sin(x * PI) + 40.0 * libm::sin(x / 3.0 * PI)) * 2.0 / 3.0
        + (150.0 * libm::sin(x / 12.0 * PI) + 300.0 * libm::sin(x / 30.0 * PI)) * 2.0 / 3.0
}

fn ripple(x: f64) -> f64 {
    (20.0 * libm::sin(6.0 * x * PI) + 20.0 * libm::sin(2.0 * x * PI)) * 2.0 / 3.0
}

/// Finds the point that `forward` moves to `target`. Where the box's edge leaves none, `target` stays.
fn solve(target: [f64; 2], forward: fn([f64; 2]) -> [f64; 2]) -> [f64; 2] {
    let mut guess = target;
    for _ in 0..20 {
        let [x, y] = forward(guess);
        let (dx, dy) = (target[0] - x, target[1] - y);
        guess = [guess[0] + dx, guess[1] + dy];
        if dx.abs() < 1e-11 && dy.abs() < 1e-11 {
            return guess;
        }
    }
    target
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn near(a: [f64; 2], b: [f64; 2], tolerance: f64) -> bool {
        (a[0] - b[0]).abs() <= tolerance && (a[1] - b[1]).abs() <= tolerance
    }

    #[test]
    fn published_points_are_met() {
        // From the test data of the public `eviltransform` project, to their digits.
        for (wgs84, gcj02) in [
            ([121.527_210_6, 31.177_427_6], [121.531_541_859_215, 31.175_303_983_646]),
            ([113.912_316, 22.543_847], [113.917_176_480_836, 22.540_796_131_695]),
            ([116.377_817, 39.911_954], [116.384_047_224_557, 39.913_345_455_361]),
        ] {
            assert!(near(wgs84_to_gcj02(wgs84), gcj02, 1e-9), "{:?}", wgs84_to_gcj02(wgs84));
        }
        let bd09 = gcj02_to_bd09([116.404, 39.915]);
        assert!(near(bd09, [116.410_369_493_710, 39.921_336_993_510], 1e-9), "{bd09:?}");
    }

    #[test]
    fn outside_china_gcj02_is_wgs84() {
        for point in [[-0.127, 51.507], [139.69, 35.69], [103.8, -1.0]] {
            assert_eq!(wgs84_to_gcj02(point), point);
            assert_eq!(gcj02_to_wgs84(point), point);
        }
    }

    proptest! {
        #[test]
        fn removing_an_offset_undoes_adding_it(lon in 73.0..137.0, lat in 1.5..55.0) {
            let point = [lon, lat];
            prop_assert!(near(gcj02_to_wgs84(wgs84_to_gcj02(point)), point, 1e-9));
            prop_assert!(near(bd09_to_wgs84(wgs84_to_bd09(point)), point, 1e-9));
            prop_assert!(near(bd09_to_gcj02(gcj02_to_bd09(point)), point, 1e-9));
            let moved = wgs84_to_gcj02(point);
            prop_assert!(!near(moved, point, 1e-5) && near(moved, point, 0.02));
        }

        #[test]
        fn any_point_has_a_finite_answer(lon in -180.0..180.0, lat in -90.0..90.0) {
            for convert in [wgs84_to_gcj02, gcj02_to_wgs84, wgs84_to_bd09, bd09_to_wgs84] {
                let [x, y] = convert([lon, lat]);
                prop_assert!(x.is_finite() && y.is_finite());
            }
        }
    }
}
