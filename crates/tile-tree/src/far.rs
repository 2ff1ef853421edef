//! What an interior node shows.

use onemap_model::{FeatureId, GeoCell};

use crate::error_metres::SQUARES_BELOW;
use crate::item::{Entry, METRES_PER_DEGREE, degrees};
use crate::node::Node;

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
/// in squares whose diagonal is less than the error: a prism has the area of what it stands for, as a rectangle within
/// their common box around their centre of gravity, and their mean height, weighed by area. So neither its top nor its
/// walls are farther than the error from theirs.
///
/// Four well-filled squares in one would be within the error, too, and a tileset 7 % smaller; but from a few kilometres
/// the streets between them then form one grid over the city, whichever way its own streets run.
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
    let mut found = Vec::new();
    let mut sum = Sum::default();
    let mut square = None;
    for entry in entries {
        let of_entry = entry.code >> shift;
        if square != Some(of_entry) {
            found.extend(std::mem::take(&mut sum).prism());
            square = Some(of_entry);
        }
        sum.add(entry);
    }
    found.extend(sum.prism());
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
}

impl Sum {
    fn add(&mut self, entry: &Entry) {
        let bounds = degrees(entry.low, entry.high);
        let [x, y] = bounds.center();
        // What has no area, such as a mast, still has a middle.
        let area = f64::from(entry.area).max(1e-3);
        if self.count == 0 {
            self.low = [bounds.west, bounds.south];
            self.high = [bounds.east, bounds.north];
        }
        self.low = [self.low[0].min(bounds.west), self.low[1].min(bounds.south)];
        self.high = [self.high[0].max(bounds.east), self.high[1].max(bounds.north)];
        self.count += 1;
        self.area += area;
        self.east += area * x;
        self.north += area * y;
        self.bottom += area * f64::from(entry.heights[0]);
        self.top += area * f64::from(entry.heights[1]);
    }

    fn prism(self) -> Option<Prism> {
        if self.count == 0 {
            return None;
        }
        let middle = [self.east / self.area, self.north / self.area];
        let to_east = METRES_PER_DEGREE * libm::cos(middle[1].to_radians());
        let width = (self.high[0] - self.low[0]) * to_east;
        let depth = (self.high[1] - self.low[1]) * METRES_PER_DEGREE;
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
