//! Places on and above the ellipsoid, earth-centred and in local frames.
//!
//! Formulas: EPSG Guidance Note 7-2, methods 9602 (geographic and geocentric) and 9837 (geographic and topocentric), on
//! the WGS 84 ellipsoid, from which that of CGCS2000 differs by a tenth of a millimetre.

/// Semi-major axis, metres.
const A: f64 = 6_378_137.0;
/// Flattening.
const F: f64 = 1.0 / 298.257_223_563;
/// First eccentricity squared.
const E2: f64 = F * (2.0 - F);

/// Brings longitude and latitude in degrees and an ellipsoidal height to earth-centred metres (EPSG:4978).
pub fn to_geocentric([lon, lat, height]: [f64; 3]) -> [f64; 3] {
    let ((sin_lon, cos_lon), (sin, cos)) = (lon.to_radians().sin_cos(), lat.to_radians().sin_cos());
    let n = A / (1.0 - E2 * sin * sin).sqrt();
    let across = (n + height) * cos;
    [across * cos_lon, across * sin_lon, (n * (1.0 - E2) + height) * sin]
}

/// Brings earth-centred metres to longitude and latitude in degrees and ellipsoidal height, to far better than a
/// millimetre up to 10,000 km from the ground (Bowring's formula, two rounds; angles are kept as their sine and cosine).
pub fn from_geocentric([x, y, z]: [f64; 3]) -> [f64; 3] {
    let b = A * (1.0 - F);
    let across = (x * x + y * y).sqrt();
    let (mut up, mut out) = (z, across);
    let (mut sin, mut cos) = direction(z * A, across * b);
    for _ in 0..2 {
        up = z + E2 / (1.0 - E2) * b * (sin * sin * sin);
        out = across - E2 * A * (cos * cos * cos);
        (sin, cos) = direction((1.0 - F) * up, out);
    }
    let (sin, cos) = direction(up, out);
    // Without a division that fails at the poles.
    let height = across * cos + z * sin - A * (1.0 - E2 * sin * sin).sqrt();
    [y.atan2(x).to_degrees(), up.atan2(out).to_degrees(), height]
}

/// Returns the sine and the cosine of the angle whose tangent is `y / x`.
fn direction(y: f64, x: f64) -> (f64, f64) {
    let length = (x * x + y * y).sqrt();
    if length > 0.0 { (y / length, x / length) } else { (0.0, 1.0) }
}

/// A frame of metres east, north and up of an anchor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LocalFrame {
    /// The anchor, earth-centred.
    pub origin: [f64; 3],
    /// The directions east, north and up, earth-centred unit vectors.
    pub axes: [[f64; 3]; 3],
}

impl LocalFrame {
    /// Makes the frame of an anchor: longitude and latitude in degrees, ellipsoidal height.
    pub fn at(anchor: [f64; 3]) -> Self {
        let [lon, lat, _] = anchor;
        let ((sin_lon, cos_lon), (sin, cos)) =
            (lon.to_radians().sin_cos(), lat.to_radians().sin_cos());
        let east = [-sin_lon, cos_lon, 0.0];
        let north = [-sin * cos_lon, -sin * sin_lon, cos];
        let up = [cos * cos_lon, cos * sin_lon, sin];
        Self { origin: to_geocentric(anchor), axes: [east, north, up] }
    }

    /// Brings an earth-centred place into the frame.
    pub fn from_geocentric(&self, at: [f64; 3]) -> [f64; 3] {
        let d = [at[0] - self.origin[0], at[1] - self.origin[1], at[2] - self.origin[2]];
        self.axes.map(|axis| axis[0] * d[0] + axis[1] * d[1] + axis[2] * d[2])
    }

    /// Brings a place of the frame to earth-centred metres.
    pub fn to_geocentric(&self, local: [f64; 3]) -> [f64; 3] {
        std::array::from_fn(|i| {
            let sum: f64 = self.axes.iter().zip(local).map(|(axis, x)| axis[i] * x).sum();
            self.origin[i] + sum
        })
    }

    /// Brings longitude, latitude and height into the frame.
    pub fn from_lonlat(&self, at: [f64; 3]) -> [f64; 3] {
        self.from_geocentric(to_geocentric(at))
    }

    /// Brings a place of the frame to longitude, latitude and height.
    pub fn to_lonlat(&self, local: [f64; 3]) -> [f64; 3] {
        from_geocentric(self.to_geocentric(local))
    }

    /// Returns the 4 × 4 matrix, column by column, that brings places of the frame to earth-centred metres: the
    /// `transform` of a tile (3D Tiles 1.1, clause 7.4.1).
    pub fn matrix(&self) -> [f64; 16] {
        let ([e, n, u], o) = (self.axes, self.origin);
        [e[0], e[1], e[2], 0.0, n[0], n[1], n[2], 0.0, u[0], u[1], u[2], 0.0, o[0], o[1], o[2], 1.0]
    }

    /// Returns the rotation and translation, column by column as [`LocalFrame::matrix`], that brings places of another
    /// frame into this one.
    pub fn matrix_from(&self, other: &Self) -> [f64; 16] {
        let o = self.from_geocentric(other.origin);
        let turned = other.axes.map(|axis| {
            self.axes.map(|own| own[0] * axis[0] + own[1] * axis[1] + own[2] * axis[2])
        });
        let [e, n, u] = turned;
        [e[0], e[1], e[2], 0.0, n[0], n[1], n[2], 0.0, u[0], u[1], u[2], 0.0, o[0], o[1], o[2], 1.0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Crs, Transformer};

    const PLACES: [[f64; 3]; 6] = [
        [118.3, 33.96, 12.5],
        [-71.0, -33.4, 6961.0],
        [0.0, 0.0, 0.0],
        [180.0, 89.999_999, -50.0],
        [139.7, 35.6, 1_000_000.0],
        [10.0, -90.0, 3.0],
    ];

    #[test]
    fn there_and_back_is_the_same_place() {
        for place in PLACES {
            let back = from_geocentric(to_geocentric(place));
            let apart = (0..3).map(|i| to_geocentric(place)[i] - to_geocentric(back)[i]);
            assert!(apart.map(f64::abs).fold(0.0, f64::max) < 1e-7, "{place:?} {back:?}");
            assert!((back[2] - place[2]).abs() < 1e-7, "{place:?} {back:?}");
        }
    }

    #[test]
    fn the_published_example_is_met() {
        // EPSG Guidance Note 7-2, example of method 9602.
        let [x, y, z] = to_geocentric([
            2.0 + 7.0 / 60.0 + 46.380 / 3600.0,
            53.0 + 48.0 / 60.0 + 33.820 / 3600.0,
            73.0,
        ]);
        assert!((x - 3_771_793.968).abs() < 1e-3, "{x}");
        assert!((y - 140_253.342).abs() < 1e-3, "{y}");
        assert!((z - 5_124_304.349).abs() < 1e-3, "{z}");
    }

    #[test]
    fn a_frame_measures_metres_and_its_matrices_agree() {
        let frame = LocalFrame::at(PLACES[0]);
        let [e, n, u] = frame.from_lonlat([118.3, 33.96, 112.5]);
        assert!(e.abs() < 1e-9 && n.abs() < 1e-9 && (u - 100.0).abs() < 1e-9);
        let local = [123.4, -56.7, 8.9];
        let m = frame.matrix();
        let at = frame.to_geocentric(local);
        for i in 0..3 {
            let by_matrix = m[i] * local[0] + m[4 + i] * local[1] + m[8 + i] * local[2] + m[12 + i];
            assert!((by_matrix - at[i]).abs() < 1e-8);
        }
        let other = LocalFrame::at([118.31, 33.97, 40.0]);
        let m = other.matrix_from(&frame);
        let there = other.from_geocentric(at);
        for i in 0..3 {
            let by_matrix = m[i] * local[0] + m[4 + i] * local[1] + m[8 + i] * local[2] + m[12 + i];
            assert!((by_matrix - there[i]).abs() < 1e-8);
        }
        let back = frame.to_lonlat(local);
        let again = frame.from_lonlat(back);
        assert!((0..3).all(|i| (again[i] - local[i]).abs() < 1e-8));
    }

    #[test]
    fn proj_agrees_on_the_plane() {
        // A kilometre east in the frame is a kilometre east on the map, but for the projection's scale.
        let crs = Crs::parse("EPSG:4548").unwrap();
        let to_map = Transformer::new(&crs, crate::AxisPolicy::EastingFirst).unwrap();
        let frame = LocalFrame::at([117.0, 34.0, 0.0]);
        let mut points = [[-500.0, 0.0, 0.0], [500.0, 0.0, 0.0]].map(|p| {
            let [lon, lat, _] = frame.to_lonlat(p);
            [lon, lat]
        });
        to_map.from_lonlat(&mut points).unwrap();
        assert!((points[1][0] - points[0][0] - 1000.0).abs() < 1e-5, "{points:?}");
    }
}
