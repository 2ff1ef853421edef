//! Roofs as planes: the roof's height at a place is the least of its planes there.

use crate::rule::{RoofShape, SolidParams};

type Point = [f64; 2];

/// Height above the eaves at `[x, y]`: `a x + b y + c`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Plane {
    pub(crate) a: f64,
    pub(crate) b: f64,
    pub(crate) c: f64,
}

impl Plane {
    pub(crate) fn at(&self, [x, y]: Point) -> f64 {
        self.a * x + self.b * y + self.c
    }

    fn level(height: f64) -> Self {
        Self { a: 0.0, b: 0.0, c: height }
    }

    /// Rises with the distance from a line, by `slope`; `inward` is a unit vector across it.
    fn from_line(at: Point, inward: Point, slope: f64, height: f64) -> Self {
        let [a, b] = inward.map(|x| x * slope);
        Self { a, b, c: height - a * at[0] - b * at[1] }
    }
}

/// A roof, whose eaves are `rise` below its top.
#[derive(Debug, Clone)]
pub(crate) struct Roof {
    pub(crate) planes: Vec<Plane>,
    pub(crate) rise: f64,
}

/// A rectangle around a footprint, along its longest edge.
#[derive(Debug, Clone, Copy)]
struct Around {
    middle: Point,
    /// Unit vector along the longer side.
    along: Point,
    half_length: f64,
    half_width: f64,
}

/// Strips of a half cylinder, and rings and sectors of a half sphere.
const STRIPS: usize = 8;
const RINGS: usize = 3;
const SECTORS: usize = 12;
/// Slope of roofs whose height is not known: 30 degrees.
const SLOPE: f64 = 0.577;

impl Roof {
    /// Makes the roof of a footprint: its outer ring without the closing point, in metres east and north.
    pub(crate) fn of(outer: &[Point], params: &SolidParams) -> Self {
        let flat = Self { planes: vec![Plane::level(0.0)], rise: 0.0 };
        let around = match params.roof {
            RoofShape::Flat => return flat,
            _ => around(outer),
        };
        let Some(around) = around.filter(|around| around.suits(outer, params.roof)) else {
            return flat;
        };
        let usual = match params.roof {
            RoofShape::Dome | RoofShape::Onion | RoofShape::Round => around.half_width,
            RoofShape::Skillion => 2.0 * around.half_width * SLOPE / 2.0,
            _ => around.half_width * SLOPE,
        };
        let most = params.height - params.min_height;
        let rise = params.roof_height.unwrap_or(usual.min(most / 2.0)).min(most * 0.9);
        if rise < 0.05 {
            return flat;
        }
        let planes = match params.roof {
            RoofShape::Flat => return flat,
            RoofShape::Gabled => around.sides(rise, false),
            RoofShape::Hipped => around.sides(rise, true),
            RoofShape::Pyramidal => around.pyramid(rise),
            RoofShape::Skillion => vec![around.slope(outer, rise, params.roof_direction)],
            RoofShape::Round => around.cylinder(rise),
            RoofShape::Dome | RoofShape::Onion => around.dome(rise),
        };
        Self { planes, rise }
    }

    /// Returns the height above the eaves at a place.
    pub(crate) fn at(&self, place: Point) -> f64 {
        // What reaches beyond the rectangle that the planes were made for does not sink below the eaves.
        self.least(place).clamp(0.0, self.rise)
    }

    fn least(&self, place: Point) -> f64 {
        self.planes.iter().map(|plane| plane.at(place)).fold(f64::INFINITY, f64::min)
    }

    /// Returns where along a segment the roof's slope changes: parts of its length between 0 and 1, rising.
    pub(crate) fn breaks(&self, from: Point, to: Point) -> Vec<f64> {
        let mut breaks = Vec::new();
        for (i, p) in self.planes.iter().enumerate() {
            for q in self.planes.iter().skip(i + 1) {
                let (d0, d1) = (p.at(from) - q.at(from), p.at(to) - q.at(to));
                if d0 * d1 >= 0.0 {
                    continue;
                }
                let t = d0 / (d0 - d1);
                let place = [from[0] + t * (to[0] - from[0]), from[1] + t * (to[1] - from[1])];
                if (p.at(place) - self.least(place)).abs() < 1e-9 {
                    breaks.push(t);
                }
            }
        }
        breaks.sort_by(f64::total_cmp);
        breaks.dedup_by(|a, b| (*a - *b).abs() < 1e-9);
        breaks
    }

    /// Returns the part of a ring over which a plane is the roof.
    pub(crate) fn part(&self, ring: &[Point], plane: usize) -> Vec<Point> {
        let mut part = ring.to_vec();
        let Some(own) = self.planes.get(plane) else { return part };
        for (i, other) in self.planes.iter().enumerate() {
            if i != plane && !part.is_empty() {
                part = clipped(&part, |p| other.at(p) - own.at(p), i < plane);
            }
        }
        part
    }
}

/// Cuts a ring where a function is negative (Sutherland and Hodgman); where it is zero all along, only if told.
fn clipped(ring: &[Point], side: impl Fn(Point) -> f64, strict: bool) -> Vec<Point> {
    let mut out = Vec::with_capacity(ring.len() + 2);
    if strict && ring.iter().all(|&p| side(p).abs() < 1e-12) {
        return out;
    }
    for (i, &b) in ring.iter().enumerate() {
        let a = ring[(i + ring.len() - 1) % ring.len()];
        let (da, db) = (side(a), side(b));
        if (da < 0.0) != (db < 0.0) {
            let t = da / (da - db);
            out.push([a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])]);
        }
        if db >= 0.0 {
            out.push(b);
        }
    }
    out
}

fn around(outer: &[Point]) -> Option<Around> {
    let mut longest = (0.0, [1.0, 0.0]);
    for (i, a) in outer.iter().enumerate() {
        let b = outer[(i + 1) % outer.len()];
        let d = [b[0] - a[0], b[1] - a[1]];
        let length = d[0].hypot(d[1]);
        if length > longest.0 * 1.000_001 {
            longest = (length, [d[0] / length, d[1] / length]);
        }
    }
    let (length, along) = longest;
    if length < 0.5 {
        return None;
    }
    let across = [-along[1], along[0]];
    let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    for p in outer {
        for (i, axis) in [along, across].iter().enumerate() {
            let t = p[0] * axis[0] + p[1] * axis[1];
            low[i] = low[i].min(t);
            high[i] = high[i].max(t);
        }
    }
    let [u, v] = [f64::midpoint(low[0], high[0]), f64::midpoint(low[1], high[1])];
    let middle = [u * along[0] + v * across[0], u * along[1] + v * across[1]];
    let (length, width) = ((high[0] - low[0]) / 2.0, (high[1] - low[1]) / 2.0);
    let whole = Around { middle, along, half_length: length, half_width: width };
    Some(if width > length {
        Around { along: across, half_length: width, half_width: length, ..whole }
    } else {
        whole
    })
}

impl Around {
    /// Tells whether a footprint fills the rectangle as a roof of this shape needs it: one with wings would get slopes
    /// that its walls cut through. A circle fills 0.785 of it, a hexagon 0.75.
    fn suits(&self, outer: &[Point], roof: RoofShape) -> bool {
        let next = outer.iter().cycle().skip(1);
        let doubled: f64 = outer.iter().zip(next).map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum();
        let share = doubled.abs() / 2.0 / (4.0 * self.half_length * self.half_width).max(1e-9);
        match roof {
            RoofShape::Gabled | RoofShape::Hipped | RoofShape::Round => share > 0.85,
            RoofShape::Pyramidal | RoofShape::Dome | RoofShape::Onion => share > 0.7,
            RoofShape::Skillion | RoofShape::Flat => true,
        }
    }

    fn across(&self) -> Point {
        [-self.along[1], self.along[0]]
    }

    fn offset(&self, direction: Point, by: f64) -> Point {
        [self.middle[0] + direction[0] * by, self.middle[1] + direction[1] * by]
    }

    /// Slopes from the long sides to a ridge; with hips from the short ones, too.
    fn sides(&self, rise: f64, hips: bool) -> Vec<Plane> {
        let slope = rise / self.half_width;
        let mut planes = Vec::with_capacity(4);
        let mut add = |direction: Point, half: f64| {
            let inward = direction.map(|x| -x);
            planes.push(Plane::from_line(self.offset(direction, half), inward, slope, 0.0));
        };
        let across = self.across();
        add(across, self.half_width);
        add(across.map(|x| -x), self.half_width);
        if hips {
            add(self.along, self.half_length);
            add(self.along.map(|x| -x), self.half_length);
        }
        planes
    }

    fn pyramid(&self, rise: f64) -> Vec<Plane> {
        let sides = [(self.across(), self.half_width), (self.along, self.half_length)];
        let mut planes = Vec::with_capacity(4);
        for (direction, half) in sides {
            for direction in [direction, direction.map(|x| -x)] {
                let inward = direction.map(|x| -x);
                planes.push(Plane::from_line(
                    self.offset(direction, half),
                    inward,
                    rise / half,
                    0.0,
                ));
            }
        }
        planes
    }

    /// One slope, down across the rectangle or the way told.
    fn slope(&self, outer: &[Point], rise: f64, direction: Option<f64>) -> Plane {
        let down = match direction {
            Some(degrees) => {
                let angle = degrees.to_radians();
                [libm::sin(angle), libm::cos(angle)]
            }
            None => self.across(),
        };
        let along = |p: &Point| p[0] * down[0] + p[1] * down[1];
        let low = outer.iter().map(along).fold(f64::NEG_INFINITY, f64::max);
        let high = outer.iter().map(along).fold(f64::INFINITY, f64::min);
        let slope = rise / (low - high).max(1e-6);
        Plane { a: -down[0] * slope, b: -down[1] * slope, c: low * slope }
    }

    /// Planes that touch a half cylinder.
    fn cylinder(&self, rise: f64) -> Vec<Plane> {
        let across = self.across();
        let touch = |i: usize| {
            // Between two of the strips' edges.
            let t = ((i as f64 + 0.5) / STRIPS as f64) * 2.0 - 1.0;
            let (height, slope) = ellipse(t);
            let at = self.offset(across, t * self.half_width);
            Plane::from_line(at, across, slope * rise / self.half_width, height * rise)
        };
        (0..STRIPS).map(touch).collect()
    }

    /// Planes that touch a half ellipsoid.
    fn dome(&self, rise: f64) -> Vec<Plane> {
        let mut planes = vec![Plane::level(rise * 0.97)];
        for ring in 0..RINGS {
            let t = (ring as f64 + 0.9) / (RINGS as f64 + 0.2);
            let (height, slope) = ellipse(t);
            for sector in 0..SECTORS {
                let angle = sector as f64 / SECTORS as f64 * std::f64::consts::TAU;
                let (sin, cos) = (libm::sin(angle), libm::cos(angle));
                // On the unit circle, then stretched over the rectangle.
                let across = self.across();
                let (l, w) = (self.half_length, self.half_width);
                let at = [0, 1]
                    .map(|i| self.middle[i] + t * (cos * l * self.along[i] + sin * w * across[i]));
                let [a, b] =
                    [0, 1].map(|i| rise * slope * (cos / l * self.along[i] + sin / w * across[i]));
                planes.push(Plane { a, b, c: height * rise - a * at[0] - b * at[1] });
            }
        }
        planes
    }
}

/// Returns the height of a unit circle at `t` from its middle, and its slope.
fn ellipse(t: f64) -> (f64, f64) {
    let height = libm::sqrt((1.0 - t * t).max(1e-4));
    (height, -t / height)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(roof: RoofShape) -> SolidParams {
        SolidParams {
            base: 0.0,
            height: 10.0,
            min_height: 0.0,
            roof,
            roof_height: Some(3.0),
            roof_direction: None,
            wall: [255; 4],
            roof_color: [255; 4],
            landmark: false,
        }
    }

    const HOUSE: [Point; 4] = [[0.0, 0.0], [12.0, 0.0], [12.0, 8.0], [0.0, 8.0]];

    fn volume(roof: &Roof) -> f64 {
        let parts = (0..roof.planes.len()).map(|plane| {
            let ring = roof.part(&HOUSE, plane);
            let mut sum = 0.0;
            for i in 1..ring.len().saturating_sub(1) {
                let (a, b, c) = (ring[0], ring[i], ring[i + 1]);
                let area = ((b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])) / 2.0;
                sum += area * (roof.at(a) + roof.at(b) + roof.at(c)) / 3.0;
            }
            sum
        });
        parts.sum()
    }

    #[test]
    fn volumes_are_those_of_the_textbook() {
        let of = |roof| volume(&Roof::of(&HOUSE, &params(roof)));
        assert!((of(RoofShape::Gabled) - 12.0 * 8.0 * 3.0 / 2.0).abs() < 1e-9);
        // A prism of 4 m and two half pyramids.
        let hipped = 4.0 * 8.0 * 3.0 / 2.0 + 8.0 * 8.0 * 3.0 / 3.0;
        assert!((of(RoofShape::Hipped) - hipped).abs() < 1e-9);
        assert!((of(RoofShape::Pyramidal) - 12.0 * 8.0 * 3.0 / 3.0).abs() < 1e-9);
        assert!((of(RoofShape::Skillion) - 12.0 * 8.0 * 3.0 / 2.0).abs() < 1e-9);
        let half_cylinder = 12.0 * 8.0 * 3.0 * std::f64::consts::FRAC_PI_4;
        assert!((of(RoofShape::Round) / half_cylinder - 1.0).abs() < 0.05);
    }

    #[test]
    fn walls_break_where_the_slope_does() {
        let roof = Roof::of(&HOUSE, &params(RoofShape::Gabled));
        assert_eq!(roof.breaks([12.0, 0.0], [12.0, 8.0]), [0.5]);
        assert!(roof.breaks([0.0, 0.0], [12.0, 0.0]).is_empty());
        assert!((roof.at([12.0, 4.0]) - 3.0).abs() < 1e-12 && roof.at([0.0, 0.0]).abs() < 1e-12);
    }
}
