//! Puts models that know no place on the earth.

use onemap_crs::LocalFrame;
use onemap_model::{MAX_MODEL_REACH, Model};

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
    fn on_earth(&self) -> impl Fn([f64; 3]) -> [f64; 3] {
        let frame = LocalFrame::at([self.lon, self.lat, self.height]);
        let (sin, cos) = self.heading_degrees.to_radians().sin_cos();
        move |[east, north, up]| {
            frame.to_lonlat([east * cos + north * sin, north * cos - east * sin, up])
        }
    }

    /// Turns a direction east, north and up of the model to one of the earth.
    fn turned(&self, [east, north, up]: [f32; 3]) -> [f32; 3] {
        let (sin, cos) = self.heading_degrees.to_radians().sin_cos();
        let (sin, cos) = (sin as f32, cos as f32);
        [east * cos + north * sin, north * cos - east * sin, up]
    }

    /// Puts a model in metres on the earth.
    ///
    /// # Errors
    /// When it reaches farther from its origin than a model may.
    pub(crate) fn put(&self, model: &mut Model) -> Result<(), &'static str> {
        let on_earth = self.on_earth();
        for lod in &mut model.lods {
            for at in &mut lod.mesh.positions {
                if at.iter().any(|x| x.abs() > MAX_MODEL_REACH) {
                    return Err(
                        "it reaches more than 100 km from its origin: its coordinates are already those of a map or \
                         of the earth",
                    );
                }
                *at = on_earth(*at);
            }
            for normal in &mut lod.mesh.normals {
                *normal = self.turned(*normal);
            }
        }
        Ok(())
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
