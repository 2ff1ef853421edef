//! What the tree knows of a feature.

use onemap_model::{Bounds, FeatureId, GeoCell, Interval, Timestamp, morton};

use crate::error_metres::first_level;

/// A feature, as far as the tree is concerned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Item {
    /// Its id.
    pub id: FeatureId,
    /// When it holds: several versions of one feature may be in a tree.
    pub valid: Interval,
    /// The middle of its footprint's box, `[lon, lat]` degrees, by which it belongs to a tile.
    pub middle: [f64; 2],
    /// Box on the ground of all that is shown of it, degrees.
    pub bounds: Bounds,
    /// Least and greatest ellipsoidal height, metres.
    pub heights: [f64; 2],
    /// Area of what it covers on the ground, square metres.
    pub area: f64,
    /// Bytes that it takes in a tile in full detail, roughly.
    pub bytes: u32,
    /// Whether it is to be seen from any distance.
    pub landmark: bool,
    /// Size that decides from where it is seen by itself, metres; that of its box when there is none. Long thin things are
    /// chosen by how thick they are.
    pub size: Option<f64>,
}

/// An item, packed: 72 bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Entry {
    /// Where its middle is on the Morton curve.
    pub(crate) code: u64,
    pub(crate) id: FeatureId,
    /// Begin of its valid time, microseconds.
    pub(crate) from: i64,
    /// South-west and north-east corner, by [`GeoCell::place`], rounded outward.
    pub(crate) low: [u32; 2],
    pub(crate) high: [u32; 2],
    /// Rounded outward.
    pub(crate) heights: [f32; 2],
    pub(crate) area: f32,
    pub(crate) bytes: u32,
    /// First level at which it shows by itself.
    pub(crate) level: u8,
}

/// Metres to a degree of latitude, on a sphere of the ellipsoid's mean radius.
pub(crate) const METRES_PER_DEGREE: f64 = 111_194.93;

impl Item {
    pub(crate) fn pack(&self) -> Entry {
        let Bounds { west, south, east, north } = self.bounds;
        let across = (east - west) * METRES_PER_DEGREE * libm::cos(self.middle[1].to_radians());
        let along = (north - south) * METRES_PER_DEGREE;
        let [low, high] = self.heights;
        let size = self.size.unwrap_or_else(|| across.hypot(along).max(high - low));
        let up = |t: u32| t.saturating_add(1);
        Entry {
            code: morton(GeoCell::place(self.middle)),
            id: self.id,
            from: self.valid.from.map_or(i64::MIN, Timestamp::as_micros),
            low: GeoCell::place([west, south]),
            high: GeoCell::place([east, north]).map(up),
            heights: [(low as f32).next_down(), (high as f32).next_up()],
            area: self.area as f32,
            bytes: self.bytes,
            level: if self.landmark { 0 } else { first_level(size) },
        }
    }
}

impl Entry {
    /// What entries are sorted by.
    pub(crate) fn key(&self) -> (u64, u64, i64) {
        (self.code, self.id.get(), self.from)
    }
}

/// Returns the box of two places, degrees.
pub(crate) fn degrees(low: [u32; 2], high: [u32; 2]) -> Bounds {
    let lon = |t: u32| f64::from(t) / 4_294_967_296.0 * 360.0 - 180.0;
    let lat = |t: u32| f64::from(t) / 4_294_967_296.0 * 180.0 - 90.0;
    Bounds { west: lon(low[0]), south: lat(low[1]), east: lon(high[0]), north: lat(high[1]) }
}
