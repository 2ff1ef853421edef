//! What an interior node shows.

use onemap_model::{FeatureId, GeoCell};

use crate::error_metres::{SQUARES_BELOW, geometric_error};
use crate::item::{Entry, METRES_PER_DEGREE, degrees};
use crate::node::Node;

/// Neighbouring squares are one when what is in them covers at least this part of their box: houses that stand apart stay so.
const LEAST_FILLED: f64 = 0.3;

/// What an interior node shows instead of its features in full detail.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Far {
    /// Features that are shown by themselves, as blocks: those as large as the node's error, and landmarks. By their place
    /// on the Morton curve, and by id.
    pub blocks: Vec<FeatureId>,
    /// What stands for the others.
    pub prisms: Vec<Prism>,
}

/// A block that stands for features that are too small to be seen one by one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prism {
    /// Its middle, degrees.
    pub middle: [f64; 2],
    /// Half its width and depth, metres.
    pub half: [f64; 2],
    /// Its bottom, ellipsoidal metres: the mean of theirs, weighed by area.
    pub bottom: f64,
    /// Its top: the mean of theirs.
    pub top: f64,
    /// Number of features that it stands for.
    pub count: u32,
}

/// Returns what an interior node shows. Features that are smaller than its error (in width, depth and height) are summed
/// in squares whose diagonal is less than the error, and up to four that are well filled in one: a prism has the area
/// of what it stands for, as a rectangle within their common box around their centre of gravity, and their mean height,
/// weighed by area. So neither its top nor its walls are farther than the error from theirs.
pub fn far(node: &Node) -> Far {
    let level = node.cell.z();
    let shows = |entry: &&Entry| entry.level <= level;
    let blocks = node.entries().filter(shows).map(|entry| entry.id).collect();
    Far { blocks, prisms: prisms(node.entries().filter(|entry| !shows(entry)), level) }
}

/// Sums features of a cell of a level in squares; they come in the order of the Morton curve.
pub(crate) fn prisms<'e>(entries: impl Iterator<Item = &'e Entry>, level: u8) -> Vec<Prism> {
    let squares = (level + SQUARES_BELOW).min(GeoCell::MAX_LEVEL);
    let shift = 64 - 2 * u32::from(squares);
    let mut sums: Vec<(u64, Sum)> = Vec::new();
    for entry in entries {
        let square = entry.code >> shift;
        match sums.last_mut() {
            Some((last, sum)) if *last == square => sum.add(entry),
            _ => {
                let mut sum = Sum::default();
                sum.add(entry);
                sums.push((square, sum));
            }
        }
    }
    let error = geometric_error(level);
    let mut found = Vec::with_capacity(sums.len());
    for four in sums.chunk_by(|(a, _), (b, _)| a >> 2 == b >> 2) {
        let whole = four.iter().map(|&(_, sum)| sum).reduce(Sum::with);
        match whole {
            Some(whole) if four.len() > 1 && whole.is_within(error) => found.extend(whole.prism()),
            _ => found.extend(four.iter().filter_map(|&(_, sum)| sum.prism())),
        }
    }
    found
}

/// Features of one square.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    count: u32,
    area: f64,
    /// Each times the area.
    east: f64,
    north: f64,
    bottom: f64,
    top: f64,
    /// Common box, degrees.
    low: [f64; 2],
    high: [f64; 2],
    /// Least and greatest height of a bottom, and of a top.
    bottoms: [f64; 2],
    tops: [f64; 2],
}

impl Sum {
    fn add(&mut self, entry: &Entry) {
        let bounds = degrees(entry.low, entry.high);
        let [x, y] = bounds.center();
        // What has no area, such as a mast, still has a middle.
        let area = f64::from(entry.area).max(1e-3);
        let [bottom, top] = entry.heights.map(f64::from);
        let one = Self {
            count: 1,
            area,
            east: area * x,
            north: area * y,
            bottom: area * bottom,
            top: area * top,
            low: [bounds.west, bounds.south],
            high: [bounds.east, bounds.north],
            bottoms: [bottom; 2],
            tops: [top; 2],
        };
        *self = if self.count == 0 { one } else { self.with(one) };
    }

    /// Returns the sum of both.
    fn with(self, other: Self) -> Self {
        let wider = |a: [f64; 2], b: [f64; 2]| [a[0].min(b[0]), a[1].max(b[1])];
        Self {
            count: self.count + other.count,
            area: self.area + other.area,
            east: self.east + other.east,
            north: self.north + other.north,
            bottom: self.bottom + other.bottom,
            top: self.top + other.top,
            low: std::array::from_fn(|i| self.low[i].min(other.low[i])),
            high: std::array::from_fn(|i| self.high[i].max(other.high[i])),
            bottoms: wider(self.bottoms, other.bottoms),
            tops: wider(self.tops, other.tops),
        }
    }

    /// Returns the width and depth of the box, metres.
    fn sides(&self) -> [f64; 2] {
        let to_east =
            METRES_PER_DEGREE * libm::cos(f64::midpoint(self.low[1], self.high[1]).to_radians());
        [(self.high[0] - self.low[0]) * to_east, (self.high[1] - self.low[1]) * METRES_PER_DEGREE]
    }

    /// Tells whether the prism fills most of the box, and is nowhere farther than an error, metres, from what it stands for.
    fn is_within(&self, error: f64) -> bool {
        let Some(prism) = self.prism() else { return false };
        let [width, depth] = self.sides();
        if self.area < LEAST_FILLED * width * depth {
            return false;
        }
        let to_east = METRES_PER_DEGREE * libm::cos(prism.middle[1].to_radians());
        let gap = |i: usize, metres: f64| {
            let (low, high) = (prism.middle[i] - self.low[i], self.high[i] - prism.middle[i]);
            low.max(high) * metres - prism.half[i]
        };
        let off = |range: [f64; 2], at: f64| (at - range[0]).max(range[1] - at);
        libm::hypot(gap(0, to_east), gap(1, METRES_PER_DEGREE)) <= error
            && off(self.bottoms, prism.bottom) <= error
            && off(self.tops, prism.top) <= error
    }

    fn prism(self) -> Option<Prism> {
        if self.count == 0 {
            return None;
        }
        let middle = [self.east / self.area, self.north / self.area];
        let [width, depth] = self.sides();
        // As the box, but with their area.
        let scale = (self.area / (width * depth).max(1e-6)).sqrt().min(1.0);
        // It stays within their box, however far out their centre of gravity is.
        let middle = std::array::from_fn(|i| {
            let half = (self.high[i] - self.low[i]) * scale / 2.0;
            middle[i].clamp(self.low[i] + half, (self.high[i] - half).max(self.low[i] + half))
        });
        Some(Prism {
            middle,
            half: [width * scale / 2.0, depth * scale / 2.0],
            bottom: self.bottom / self.area,
            top: self.top / self.area,
            count: self.count,
        })
    }
}
