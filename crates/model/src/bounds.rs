//! Boxes in longitude and latitude.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ModelError;

/// A box `[west, south, east, north]` in degrees, edges included; always finite and ordered.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "[f64; 4]", into = "[f64; 4]")]
pub struct Bounds {
    /// Least longitude, degrees.
    pub west: f64,
    /// Least latitude, degrees.
    pub south: f64,
    /// Greatest longitude, degrees.
    pub east: f64,
    /// Greatest latitude, degrees.
    pub north: f64,
}

impl Bounds {
    /// The whole world.
    pub const WORLD: Self = Self { west: -180.0, south: -90.0, east: 180.0, north: 90.0 };

    /// Makes a box; `None` unless all are finite, `west <= east` and `south <= north`.
    pub fn new(west: f64, south: f64, east: f64, north: f64) -> Option<Self> {
        let finite = [west, south, east, north].iter().all(|v| v.is_finite());
        (finite && west <= east && south <= north).then_some(Self { west, south, east, north })
    }

    /// Makes the box of one point.
    pub fn of_point([x, y]: [f64; 2]) -> Option<Self> {
        Self::new(x, y, x, y)
    }

    /// Returns the smallest box of all points; `None` when there are none, or one is not finite.
    pub fn of_points<'a>(points: impl IntoIterator<Item = &'a [f64; 2]>) -> Option<Self> {
        let (mut w, mut s, mut e, mut n) =
            (f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY);
        for &[x, y] in points {
            if !x.is_finite() || !y.is_finite() {
                return None;
            }
            w = w.min(x);
            s = s.min(y);
            e = e.max(x);
            n = n.max(y);
        }
        Self::new(w, s, e, n)
    }

    /// Returns the smallest box that holds both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self {
            west: self.west.min(other.west),
            south: self.south.min(other.south),
            east: self.east.max(other.east),
            north: self.north.max(other.north),
        }
    }

    /// Tells whether the boxes share at least one point.
    pub fn intersects(&self, other: &Self) -> bool {
        self.west <= other.east
            && other.west <= self.east
            && self.south <= other.north
            && other.south <= self.north
    }

    /// Tells whether `other` lies wholly inside, edges included.
    pub fn contains(&self, other: &Self) -> bool {
        self.west <= other.west
            && other.east <= self.east
            && self.south <= other.south
            && other.north <= self.north
    }

    /// Returns the box grown by `by` degrees on every side.
    #[must_use]
    pub fn grown(self, by: f64) -> Self {
        Self {
            west: self.west - by,
            south: self.south - by,
            east: self.east + by,
            north: self.north + by,
        }
    }

    /// Returns the middle `[lon, lat]`.
    pub fn center(&self) -> [f64; 2] {
        [f64::midpoint(self.west, self.east), f64::midpoint(self.south, self.north)]
    }

    /// Returns `[west, south, east, north]`.
    pub fn to_array(self) -> [f64; 4] {
        [self.west, self.south, self.east, self.north]
    }
}

impl TryFrom<[f64; 4]> for Bounds {
    type Error = ModelError;

    fn try_from([w, s, e, n]: [f64; 4]) -> Result<Self, ModelError> {
        Self::new(w, s, e, n).ok_or_else(|| ModelError::Bounds(format!("{w},{s},{e},{n}")))
    }
}

impl From<Bounds> for [f64; 4] {
    fn from(b: Bounds) -> Self {
        b.to_array()
    }
}

impl FromStr for Bounds {
    type Err = ModelError;

    fn from_str(s: &str) -> Result<Self, ModelError> {
        let bad = || ModelError::Bounds(s.chars().take(80).collect());
        let mut numbers = [0.0; 4];
        let mut parts = s.split(',');
        for number in &mut numbers {
            *number = parts.next().and_then(|p| p.trim().parse().ok()).ok_or_else(bad)?;
        }
        if parts.next().is_some() {
            return Err(bad());
        }
        Self::try_from(numbers).map_err(|_| bad())
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{},{},{}", self.west, self.south, self.east, self.north)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_must_be_ordered_and_finite() {
        assert!("1,2,3,4".parse::<Bounds>().is_ok());
        for bad in ["", "1,2,3", "3,2,1,4", "1,2,NaN,4", "1,2,inf,4", "1,2,3,4,5", "a,b,c,d"] {
            assert!(bad.parse::<Bounds>().is_err(), "{bad}");
        }
    }

    #[test]
    fn boxes_that_touch_intersect() {
        let a = Bounds::new(0.0, 0.0, 1.0, 1.0).unwrap();
        assert!(a.intersects(&Bounds::new(1.0, 1.0, 2.0, 2.0).unwrap()));
        assert!(!a.intersects(&Bounds::new(1.1, 0.0, 2.0, 2.0).unwrap()));
    }
}
