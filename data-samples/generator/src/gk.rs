//! Gauss-Kruger projection of CGCS2000 in 3-degree zones.
//!
//! The Krüger n-series to the sixth order as given by C. F. F. Karney, "Transverse Mercator with an
//! accuracy of a few nanometers", J. Geodesy 85 (2011), eq. 35 and 36. The library PROJ is not used
//! here on purpose: the sample files must be the same bytes whatever its version.

use crate::geom::{Pt, pt};

/// Semi-major axis of CGCS2000 in metres.
const A: f64 = 6_378_137.0;
/// Flattening of CGCS2000.
const F: f64 = 1.0 / 298.257_222_101;
/// Easting of the central meridian in metres.
const FALSE_EASTING: f64 = 500_000.0;

/// A 3-degree Gauss-Kruger zone.
#[derive(Clone, Debug)]
pub struct GaussKruger {
    central_meridian: f64,
    radius: f64,
    alpha: [f64; 6],
    beta: [f64; 6],
    e: f64,
}

impl GaussKruger {
    /// Makes the zone around a central meridian in degrees.
    pub fn new(central_meridian: f64) -> Self {
        let n = F / (2.0 - F);
        let n2 = n * n;
        let (n3, n4, n5, n6) = (n2 * n, n2 * n2, n2 * n2 * n, n2 * n2 * n2);
        let alpha = [
            n / 2.0 - 2.0 / 3.0 * n2 + 5.0 / 16.0 * n3 + 41.0 / 180.0 * n4 - 127.0 / 288.0 * n5
                + 7891.0 / 37800.0 * n6,
            13.0 / 48.0 * n2 - 3.0 / 5.0 * n3 + 557.0 / 1440.0 * n4 + 281.0 / 630.0 * n5
                - 1_983_433.0 / 1_935_360.0 * n6,
            61.0 / 240.0 * n3 - 103.0 / 140.0 * n4
                + 15061.0 / 26880.0 * n5
                + 167_603.0 / 181_440.0 * n6,
            49561.0 / 161_280.0 * n4 - 179.0 / 168.0 * n5 + 6_601_661.0 / 7_257_600.0 * n6,
            34729.0 / 80640.0 * n5 - 3_418_889.0 / 1_995_840.0 * n6,
            212_378_941.0 / 319_334_400.0 * n6,
        ];
        let beta = [
            n / 2.0 - 2.0 / 3.0 * n2 + 37.0 / 96.0 * n3 - 1.0 / 360.0 * n4 - 81.0 / 512.0 * n5
                + 96199.0 / 604_800.0 * n6,
            1.0 / 48.0 * n2 + 1.0 / 15.0 * n3 - 437.0 / 1440.0 * n4 + 46.0 / 105.0 * n5
                - 1_118_711.0 / 3_870_720.0 * n6,
            17.0 / 480.0 * n3 - 37.0 / 840.0 * n4 - 209.0 / 4480.0 * n5 + 5569.0 / 90720.0 * n6,
            4397.0 / 161_280.0 * n4 - 11.0 / 504.0 * n5 - 830_251.0 / 7_257_600.0 * n6,
            4583.0 / 161_280.0 * n5 - 108_847.0 / 3_991_680.0 * n6,
            20_648_693.0 / 638_668_800.0 * n6,
        ];
        let radius = A / (1.0 + n) * (1.0 + n2 / 4.0 + n4 / 64.0 + n6 / 256.0);
        Self { central_meridian, radius, alpha, beta, e: (F * (2.0 - F)).sqrt() }
    }

    /// Converts longitude and latitude in degrees to `x` = easting (with 500 km, without a zone
    /// prefix) and `y` = northing in metres.
    pub fn forward(&self, lon: f64, lat: f64) -> Pt {
        let lambda = (lon - self.central_meridian).to_radians();
        let tau = libm::tan(lat.to_radians());
        let tau_c = self.conformal(tau);
        let xi0 = libm::atan2(tau_c, libm::cos(lambda));
        let eta0 = libm::asinh(libm::sin(lambda) / libm::hypot(tau_c, libm::cos(lambda)));
        let (mut xi, mut eta) = (xi0, eta0);
        for (k, a) in self.alpha.iter().enumerate() {
            let m = 2.0 * (k + 1) as f64;
            xi += a * libm::sin(m * xi0) * libm::cosh(m * eta0);
            eta += a * libm::cos(m * xi0) * libm::sinh(m * eta0);
        }
        pt(self.radius * eta + FALSE_EASTING, self.radius * xi)
    }

    /// Converts easting and northing in metres to `x` = longitude and `y` = latitude in degrees.
    pub fn inverse(&self, easting: f64, northing: f64) -> Pt {
        let (xi, eta) = (northing / self.radius, (easting - FALSE_EASTING) / self.radius);
        let (mut xi0, mut eta0) = (xi, eta);
        for (k, b) in self.beta.iter().enumerate() {
            let m = 2.0 * (k + 1) as f64;
            xi0 -= b * libm::sin(m * xi) * libm::cosh(m * eta);
            eta0 -= b * libm::cos(m * xi) * libm::sinh(m * eta);
        }
        let s = libm::sinh(eta0);
        let tau_c = libm::sin(xi0) / libm::hypot(s, libm::cos(xi0));
        let lambda = libm::atan2(s, libm::cos(xi0));
        // Newton's method for the geographic latitude (Karney eq. 19 to 21); three rounds suffice.
        let mut tau = tau_c;
        let e2 = self.e * self.e;
        for _ in 0..4 {
            let t = self.conformal(tau);
            tau += (tau_c - t) / (1.0 + t * t).sqrt() * (1.0 + (1.0 - e2) * tau * tau)
                / ((1.0 - e2) * (1.0 + tau * tau).sqrt());
        }
        pt(lambda.to_degrees() + self.central_meridian, libm::atan(tau).to_degrees())
    }

    /// The tangent of the conformal latitude (Karney eq. 7 to 9).
    fn conformal(&self, tau: f64) -> f64 {
        let root = (1.0 + tau * tau).sqrt();
        let sigma = libm::sinh(self.e * libm::atanh(self.e * tau / root));
        tau * (1.0 + sigma * sigma).sqrt() - sigma * root
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Central meridian, longitude, latitude, easting, northing, as `cs2cs -f %.7f EPSG:4490 EPSG:4548`
    /// (or 4549) of PROJ 9.1.1 prints them.
    const JUDGED: [(f64, f64, f64, f64, f64); 10] = [
        (117.0, 118.28, 33.96, 618_311.655_476_8, 3_759_962.873_204_0),
        (117.0, 118.2, 33.9, 610_994.574_849_3, 3_753_217.635_874_5),
        (117.0, 118.35, 34.02, 624_694.574_798_8, 3_766_701.877_029_6),
        (117.0, 117.5, 31.0, 547_752.417_931_1, 3_431_081.638_044_6),
        (117.0, 118.9, 50.0, 636_217.620_816_5, 5_542_577.500_274_5),
        (120.0, 118.28, 33.96, 341_014.675_216_4, 3_760_557.845_771_3),
        (120.0, 118.2, 33.9, 333_502.341_947_5, 3_754_028.274_362_1),
        (120.0, 118.35, 34.02, 347_592.894_165_8, 3_767_107.883_262_4),
        (120.0, 117.5, 31.0, 261_203.506_224_7, 3_433_658.596_036_9),
        (120.0, 118.9, 50.0, 421_135.507_022_2, 5_541_427.004_190_4),
    ];

    #[test]
    fn both_directions_agree_with_proj() {
        for (meridian, lon, lat, easting, northing) in JUDGED {
            let zone = GaussKruger::new(meridian);
            let p = zone.forward(lon, lat);
            assert!((p.x - easting).abs() < 1e-5 && (p.y - northing).abs() < 1e-5, "{p:?}");
            let q = zone.inverse(easting, northing);
            assert!((q.x - lon).abs() < 1e-9 && (q.y - lat).abs() < 1e-9, "{q:?}");
        }
    }
}
