//! What a package speaks of: where it is, and what it holds.

use onemap_model::{Bounds, Geometry, State, StateSet};
use rustc_hash::FxHashSet;

/// How far beyond the hull of its features a package speaks, metres.
const MARGIN_M: f64 = 20.0;
/// Points kept before they are reduced to their hull.
const MOST_POINTS: usize = 4096;
/// Classes remembered; a field with more values is no class.
const MOST_CLASSES: usize = 1000;

/// The convex hull, states and classes of features.
#[derive(Debug, Default)]
pub(crate) struct Cover {
    points: Vec<[f64; 2]>,
    states: Option<StateSet>,
    classes: FxHashSet<String>,
    has_heights: bool,
}

impl Cover {
    pub(crate) fn add(&mut self, shape: Option<&Geometry>, state: State, class: &str) {
        if let Some(shape) = shape {
            shape.for_each_simple(&mut |part| {
                self.points.extend(&part.xy);
                self.has_heights |= !part.z.is_empty();
            });
        }
        if self.points.len() > MOST_POINTS {
            self.points = hull(std::mem::take(&mut self.points));
        }
        self.states = Some(self.states.unwrap_or(StateSet::NONE).with(state));
        if self.classes.len() <= MOST_CLASSES && !self.classes.contains(class) {
            self.classes.insert(class.to_owned());
        }
    }

    pub(crate) fn union(&mut self, other: Self) {
        self.points.extend(other.points);
        if self.points.len() > MOST_POINTS {
            self.points = hull(std::mem::take(&mut self.points));
        }
        self.states = match (self.states, other.states) {
            (Some(a), Some(b)) => Some(a.union(b)),
            (a, b) => a.or(b),
        };
        self.classes.extend(other.classes);
        self.has_heights |= other.has_heights;
    }

    /// Returns the box of the features.
    pub(crate) fn bounds(&self) -> Option<Bounds> {
        Bounds::of_points(&self.points)
    }

    /// Tells whether some feature has heights.
    pub(crate) fn has_heights(&self) -> bool {
        self.has_heights
    }

    /// Ends the collecting: the area of it all.
    pub(crate) fn area(&self) -> Area<'_> {
        let corners = hull(self.points.clone());
        let bounds = Bounds::of_points(&corners);
        let lat = bounds.map_or(0.0, |bounds| bounds.center()[1]);
        Area { corners, bounds, scale: metres_per_degree(lat), of: self }
    }
}

/// Where and of what a package speaks.
pub(crate) struct Area<'c> {
    /// Counter-clockwise.
    corners: Vec<[f64; 2]>,
    bounds: Option<Bounds>,
    scale: [f64; 2],
    of: &'c Cover,
}

impl Area<'_> {
    /// Returns the box of the area; `None` when it is nowhere.
    pub(crate) fn bounds(&self) -> Option<Bounds> {
        self.bounds.map(|bounds| bounds.grown(MARGIN_M / self.scale[0].min(self.scale[1])))
    }

    /// Tells whether the package could hold such a feature.
    pub(crate) fn speaks_of(&self, state: State, class: &str) -> bool {
        let is_class = self.of.classes.len() > MOST_CLASSES || self.of.classes.contains(class);
        is_class && self.of.states.is_some_and(|states| states.contains(state))
    }

    /// Tells whether a shape lies wholly in the area.
    pub(crate) fn holds(&self, shape: &Geometry) -> bool {
        let mut holds = true;
        shape.for_each_simple(&mut |part| holds = holds && part.xy.iter().all(|at| self.has(*at)));
        holds && !self.corners.is_empty()
    }

    fn has(&self, at: [f64; 2]) -> bool {
        let metres = |p: [f64; 2]| [(p[0] - at[0]) * self.scale[0], (p[1] - at[1]) * self.scale[1]];
        let edges = self.corners.iter().zip(self.corners.iter().cycle().skip(1));
        let mut inside = self.corners.len() > 2;
        for (a, b) in edges {
            let (a, b) = (metres(*a), metres(*b));
            inside = inside && a[0] * b[1] - a[1] * b[0] >= 0.0;
            if distance_to(a, b) <= MARGIN_M {
                return true;
            }
        }
        inside
    }
}

/// Returns the distance of the origin from a segment.
fn distance_to(a: [f64; 2], b: [f64; 2]) -> f64 {
    let along = [b[0] - a[0], b[1] - a[1]];
    let length = along[0] * along[0] + along[1] * along[1];
    let t = if length > 0.0 { -(a[0] * along[0] + a[1] * along[1]) / length } else { 0.0 };
    let t = t.clamp(0.0, 1.0);
    libm::hypot(a[0] + t * along[0], a[1] + t * along[1])
}

/// Returns the metres of a degree of longitude and of latitude, on the ellipsoid of WGS 84 to a decimetre
/// (the usual series, NIMA TR8350.2).
pub(crate) fn metres_per_degree(lat: f64) -> [f64; 2] {
    let lat = lat.clamp(-89.9, 89.9).to_radians();
    let cos = |times: f64| libm::cos(times * lat);
    [
        111_412.84 * cos(1.0) - 93.5 * cos(3.0) + 0.118 * cos(5.0),
        111_132.954 - 559.822 * cos(2.0) + 1.175 * cos(4.0),
    ]
}

/// Returns the convex hull of points, counter-clockwise (Andrew's monotone chain).
fn hull(mut points: Vec<[f64; 2]>) -> Vec<[f64; 2]> {
    points.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    points.dedup();
    if points.len() < 3 {
        return points;
    }
    let mut lower = chain(points.iter());
    let mut upper = chain(points.iter().rev());
    lower.pop();
    upper.pop();
    lower.append(&mut upper);
    lower
}

fn chain<'p>(points: impl Iterator<Item = &'p [f64; 2]>) -> Vec<[f64; 2]> {
    let mut chain: Vec<[f64; 2]> = Vec::new();
    for &point in points {
        while let [.., a, b] = chain.as_slice()
            && (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0]) <= 0.0
        {
            chain.pop();
        }
        chain.push(point);
    }
    chain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_speaks_of_its_hull_and_a_little_more() {
        let mut cover = Cover::default();
        let corners = [[118.0, 34.0], [118.01, 34.0], [118.01, 34.01], [118.0, 34.01]];
        for (i, at) in corners.iter().cycle().take(10_000).enumerate() {
            let inside = [at[0] * 0.5 + 59.0025, at[1] * 0.5 + 17.0025];
            let point = Geometry::point(if i % 5 == 4 { inside } else { *at });
            cover.add(Some(&point), State::Existing, "JS");
        }
        let area = cover.area();
        assert_eq!(area.corners.len(), 4);
        let holds = |x: f64, y: f64| area.holds(&Geometry::point([x, y]));
        assert!(holds(118.005, 34.005) && holds(118.0101, 34.005) && !holds(118.0104, 34.005));
        assert!(!area.holds(&Geometry::line(vec![[118.005, 34.005], [118.02, 34.005]])));
        assert!(area.speaks_of(State::Existing, "JS"));
        assert!(!area.speaks_of(State::Planned, "JS") && !area.speaks_of(State::Existing, "YS"));
        assert!(!Cover::default().area().holds(&Geometry::point([0.0, 0.0])));
    }
}
