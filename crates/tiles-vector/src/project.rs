//! From degrees to the units of a tile.

use std::f64::consts::PI;

use onemap_model::TileCoord;

/// Latitude of the grid's upper edge, degrees: `atan(sinh(pi))`.
pub(crate) const MAX_LAT: f64 = 85.051_128_779_806_6;

/// Longitudes beyond this are no coordinates but mistakes, degrees.
const MAX_LON: f64 = 10_000.0;

/// Latitudes are projected by one polynomial for each band of this many to the degree.
const BANDS_PER_DEGREE: f64 = 8.0;

/// Projects lon/lat to a tile's units, `[0, 0]` in its upper left corner.
///
/// Web Mercator's `ln tan(π/4 + φ/2)` costs two transcendental functions a vertex. Here each band of an
/// eighth of a degree has its Taylor polynomial of degree 7 around the middle, made when a vertex first
/// falls into it: the rest term is below 1e-16 of the world's width up to the edge of the grid, less
/// than the rounding of the function itself. The bands depend on the latitude alone, so every
/// tile and zoom sees the same world.
#[derive(Debug)]
pub(crate) struct Projector {
    /// Units across the world, and to the degree of longitude.
    world: f64,
    per_degree: f64,
    /// The tile's corner on the world's grid, units.
    origin: [f64; 2],
    band: f64,
    middle: f64,
    taylor: [f64; 8],
}

impl Projector {
    pub(crate) fn new(tile: TileCoord, extent: u32) -> Self {
        let extent = f64::from(extent);
        let world = extent * (1_u64 << tile.z()) as f64;
        Self {
            world,
            per_degree: world / 360.0,
            origin: [f64::from(tile.x()) * extent, f64::from(tile.y()) * extent],
            band: f64::NAN,
            middle: 0.0,
            taylor: [0.0; 8],
        }
    }

    /// Returns the tile's corner on the world's grid, units.
    pub(crate) fn corner(&self) -> [f64; 2] {
        self.origin
    }

    /// Projects a point; latitudes beyond the grid are put on its edge.
    #[inline]
    pub(crate) fn project(&mut self, [lon, lat]: [f64; 2]) -> [f64; 2] {
        let lat = lat.clamp(-MAX_LAT, MAX_LAT);
        // Truncation towards zero makes one band twice as wide around the equator, where the polynomial
        // converges fastest.
        let band = (lat * BANDS_PER_DEGREE) as i32;
        if f64::from(band) != self.band {
            self.enter_band(band, lat);
        }
        let d = (lat - self.middle) * (PI / 180.0);
        // In pairs (Estrin), so that the processor need not wait for one product after another.
        let [c0, c1, c2, c3, c4, c5, c6, c7] = self.taylor;
        let d2 = d * d;
        let low = (c0 + c1 * d) + (c2 + c3 * d) * d2;
        let high = (c4 + c5 * d) + (c6 + c7 * d) * d2;
        let v = low + high * (d2 * d2);
        [(lon + 180.0) * self.per_degree - self.origin[0], v * self.world - self.origin[1]]
    }

    #[cold]
    fn enter_band(&mut self, band: i32, lat: f64) {
        self.band = f64::from(band);
        let half = if lat < 0.0 { -0.5 } else { 0.5 };
        self.middle = if band == 0 { 0.0 } else { (self.band + half) / BANDS_PER_DEGREE };
        let phi = self.middle * (PI / 180.0);
        let sin = libm::sin(phi);
        let sec = 1.0 / libm::cos(phi);
        let t = sin * sec;
        let t2 = t * t;
        // The derivatives of the inverse Gudermannian function, by the chain rule on sec and tan.
        let derivatives = [
            libm::log((1.0 + sin) / (1.0 - sin)) / 2.0,
            sec,
            sec * t,
            sec * (2.0 * t2 + 1.0),
            sec * t * (6.0 * t2 + 5.0),
            sec * ((24.0 * t2 + 28.0) * t2 + 5.0),
            sec * t * ((120.0 * t2 + 180.0) * t2 + 61.0),
            sec * (((720.0 * t2 + 1320.0) * t2 + 662.0) * t2 + 61.0),
        ];
        let mut factorial = 1.0;
        for (i, derivative) in derivatives.into_iter().enumerate() {
            factorial *= i.max(1) as f64;
            self.taylor[i] = derivative / factorial / (-2.0 * PI);
        }
        self.taylor[0] += 0.5;
    }

    /// Returns the box of all points as least and greatest corner in tile units; `None` when there are
    /// none, or one of them is not a place on earth.
    pub(crate) fn bounds(&mut self, points: &[[f64; 2]]) -> Option<[[f64; 2]; 2]> {
        let &first = points.first()?;
        let (mut low, mut high, mut zero) = (first, first, 0.0);
        for &[x, y] in points {
            low = [if x < low[0] { x } else { low[0] }, if y < low[1] { y } else { low[1] }];
            high = [if x > high[0] { x } else { high[0] }, if y > high[1] { y } else { high[1] }];
            // Not zero as soon as one is infinite or NaN.
            zero += (x + y) * 0.0;
        }
        if zero != 0.0 || low[0] < -MAX_LON || high[0] > MAX_LON {
            return None;
        }
        let [west, north] = self.project([low[0], high[1]]);
        let [east, south] = self.project([high[0], low[1]]);
        Some([[west, north], [east, south]])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_polynomial_is_the_projection() {
        let tile = TileCoord::new(0, 0, 0).unwrap();
        let mut projector = Projector::new(tile, 4096);
        for i in -85_050..=85_050 {
            let lat = f64::from(i) / 1000.0;
            let [x, y] = projector.project([12.5, lat]);
            let [u, v] = tile.project([12.5, lat]);
            assert!((x / 4096.0 - u).abs() < 2e-16, "{lat}");
            // The other formula loses digits near the poles; this is a tenth of a micrometre.
            assert!((y / 4096.0 - v).abs() < 4e-15, "{lat} {}", y / 4096.0 - v);
        }
    }

    #[test]
    fn the_same_place_is_the_same_number_in_two_tiles() {
        let left = TileCoord::new(14, 13_575, 6_554).unwrap();
        let right = TileCoord::new(14, 13_576, 6_554).unwrap();
        let point = [118.3, 33.96];
        let a = Projector::new(left, 4096).project(point);
        let mut far = Projector::new(right, 4096);
        far.project([0.0, -80.0]);
        let b = far.project(point);
        assert_eq!([a[0] - 4096.0, a[1]], b);
    }

    #[test]
    fn nonsense_has_no_box() {
        let mut projector = Projector::new(TileCoord::new(3, 1, 2).unwrap(), 4096);
        for bad in [[f64::NAN, 0.0], [0.0, f64::NAN], [f64::INFINITY, 0.0], [1e300, 0.0]] {
            assert_eq!(projector.bounds(&[[1.0, 2.0], bad, [2.0, 2.0]]), None);
        }
        assert_eq!(projector.bounds(&[]), None);
        assert!(projector.bounds(&[[0.0, 1e300], [0.0, -1e300]]).is_some());
    }
}
