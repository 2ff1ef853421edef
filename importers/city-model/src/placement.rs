//! Puts models that know no place on the earth.

use onemap_crs::LocalFrame;

/// Where a model that knows no place stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placement {
    /// Longitude of the model's origin, degrees.
    pub lon: f64,
    /// Latitude of the model's origin, degrees.
    pub lat: f64,
    /// Ellipsoidal height of the model's origin, metres.
    pub height: f64,
    /// Where the model's north (-z in glTF, +y in OBJ) points, degrees clockwise from true north.
    pub heading_degrees: f64,
}

impl Placement {
    /// Tells whether it is a place on the earth.
    pub fn is_valid(&self) -> bool {
        self.lon.abs() <= 360.0
            && self.lat.abs() <= 90.0
            && self.height.abs() < 1e7
            && self.heading_degrees.is_finite()
    }

    /// Returns what brings metres east, north and up of the model to longitude, latitude and ellipsoidal height.
    pub(crate) fn on_earth(&self) -> impl Fn([f64; 3]) -> [f64; 3] {
        let frame = LocalFrame::at([self.lon, self.lat, self.height]);
        let (sin, cos) = self.heading_degrees.to_radians().sin_cos();
        move |[east, north, up]| {
            frame.to_lonlat([east * cos + north * sin, north * cos - east * sin, up])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heading_turns_clockwise() {
        let place = Placement { lon: 118.0, lat: 34.0, height: 10.0, heading_degrees: 90.0 };
        let frame = LocalFrame::at([118.0, 34.0, 10.0]);
        let [east, north, up] = frame.from_lonlat(place.on_earth()([0.0, 100.0, 5.0]));
        assert!((east - 100.0).abs() < 1e-6 && north.abs() < 1e-6 && (up - 5.0).abs() < 1e-6);
    }
}
