//! Makes curves straight: one segment for every 4 degrees of an arc, at least 8 for every span of a spline.

use std::f64::consts::TAU;

use super::affine::{Point, cross, unit};

/// Degrees of an arc that one segment stands for; GDAL's default too.
const STEP_DEGREES: f64 = 4.0;

/// The most segments of one span of a spline.
const SPLINE_STEPS: usize = 12;

/// The most points that one spline becomes.
const MAX_SPLINE_POINTS: usize = 1_000_000;

/// Returns points on an ellipse from parameter `begin` to `end` (radians, counter-clockwise, at most a full
/// turn), both included. `major` and `minor` are the half axes.
pub(super) fn ellipse(
    centre: Point,
    major: Point,
    minor: Point,
    begin: f64,
    end: f64,
) -> Vec<Point> {
    let mut sweep = (end - begin) % TAU;
    if sweep <= 1e-12 {
        sweep += TAU;
    }
    let steps = ((sweep.to_degrees() / STEP_DEGREES).ceil() as usize).clamp(2, 90);
    let is_full = (sweep - TAU).abs() < 1e-12;
    let mut points: Vec<Point> = (0..=steps)
        .map(|i| {
            let (sin, cos) = libm::sincos(begin + sweep * i as f64 / steps as f64);
            let mut point = centre;
            for ((p, a), b) in point.iter_mut().zip(major).zip(minor) {
                *p += a * cos + b * sin;
            }
            point
        })
        .collect();
    if is_full && let (Some(first), Some(last)) = (points.first().copied(), points.last_mut()) {
        *last = first;
    }
    points
}

/// Returns points on a circular arc in the xy plane; angles in degrees, counter-clockwise.
pub(super) fn arc(centre: Point, radius: f64, begin: f64, end: f64) -> Vec<Point> {
    ellipse(centre, [radius, 0.0, 0.0], [0.0, radius, 0.0], begin.to_radians(), end.to_radians())
}

/// Returns the half minor axis of an ellipse.
pub(super) fn minor_axis(major: Point, ratio: f64, normal: Point) -> Point {
    let normal = unit(normal).unwrap_or([0.0, 0.0, 1.0]);
    cross(normal, major).map(|c| c * ratio)
}

/// Appends the segment of a polyline from `from` to `to`, without `from`. The bulge is the tangent of a
/// quarter of the arc's angle, positive counter-clockwise.
pub(super) fn bulge(from: Point, to: Point, bulge: f64, points: &mut Vec<Point>) {
    let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
    let chord = libm::hypot(dx, dy);
    let angle = 4.0 * libm::atan(bulge);
    let steps = ((angle.abs().to_degrees() / STEP_DEGREES).ceil() as usize).min(90);
    if steps >= 2 && chord > 0.0 {
        // The centre lies on the perpendicular through the chord's middle.
        let offset = (1.0 - bulge * bulge) / (4.0 * bulge);
        let centre = [from[0] + dx / 2.0 - dy * offset, from[1] + dy / 2.0 + dx * offset];
        let (rx, ry) = (from[0] - centre[0], from[1] - centre[1]);
        for i in 1..steps {
            let share = i as f64 / steps as f64;
            let (sin, cos) = libm::sincos(angle * share);
            let z = from[2] + (to[2] - from[2]) * share;
            points.push([centre[0] + rx * cos - ry * sin, centre[1] + rx * sin + ry * cos, z]);
        }
    }
    points.push(to);
}

/// A B-spline as it stands in a drawing.
#[derive(Debug, Default)]
pub(super) struct Spline {
    pub(super) degree: usize,
    pub(super) knots: Vec<f64>,
    pub(super) controls: Vec<Point>,
    /// Empty when the spline is not rational.
    pub(super) weights: Vec<f64>,
}

impl Spline {
    /// Returns points on the spline; `None` when degree, knots and control points do not fit together.
    pub(super) fn points(&self) -> Option<Vec<Point>> {
        let (degree, count) = (self.degree, self.controls.len());
        let ascends = self.knots.is_sorted() && self.knots.iter().all(|k| k.is_finite());
        let fits = (1..=25).contains(&degree)
            && count > degree
            && self.knots.len() == count + degree + 1
            && ascends
            && (self.weights.is_empty() || self.weights.len() == count);
        if !fits {
            return None;
        }
        let per_span = SPLINE_STEPS.min(MAX_SPLINE_POINTS / count).max(1);
        let mut points = Vec::new();
        for span in degree..count {
            let (low, high) = (*self.knots.get(span)?, *self.knots.get(span + 1)?);
            if high <= low {
                continue;
            }
            if points.is_empty() {
                points.push(self.at(span, low)?);
            }
            for i in 1..=per_span {
                let share = i as f64 / per_span as f64;
                points.push(self.at(span, low + (high - low) * share)?);
            }
        }
        (points.len() >= 2).then_some(points)
    }

    /// Evaluates by de Boor's algorithm, in homogeneous coordinates.
    fn at(&self, span: usize, u: f64) -> Option<Point> {
        let degree = self.degree;
        let mut d: Vec<[f64; 4]> = (0..=degree)
            .map(|j| {
                let i = span - degree + j;
                let w = if self.weights.is_empty() { 1.0 } else { *self.weights.get(i)? };
                let [x, y, z] = *self.controls.get(i)?;
                Some([x * w, y * w, z * w, w])
            })
            .collect::<Option<_>>()?;
        for r in 1..=degree {
            for j in (r..=degree).rev() {
                let i = span - degree + j;
                let (low, high) = (*self.knots.get(i)?, *self.knots.get(i + degree + 1 - r)?);
                let share = if high > low { (u - low) / (high - low) } else { 0.0 };
                let before = *d.get(j - 1)?;
                for (value, before) in d.get_mut(j)?.iter_mut().zip(before) {
                    *value = before + (*value - before) * share;
                }
            }
        }
        let [x, y, z, w] = *d.get(degree)?;
        let point = [x / w, y / w, z / w];
        point.iter().all(|c| c.is_finite()).then_some(point)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bulge_of_one_is_a_half_circle() {
        let mut points = vec![[1.0, 0.0, 0.0]];
        bulge([1.0, 0.0, 0.0], [-1.0, 0.0, 0.0], 1.0, &mut points);
        assert_eq!(points.len(), 46);
        assert!(
            points.iter().all(|p| (libm::hypot(p[0], p[1]) - 1.0).abs() < 1e-12 && p[1] >= -1e-12)
        );
        points.clear();
        bulge([0.0; 3], [1.0, 0.0, 0.0], 0.0, &mut points);
        assert_eq!(points, [[1.0, 0.0, 0.0]]);
    }

    #[test]
    fn a_circle_ends_where_it_begins() {
        let points = arc([1.0, 1.0, 5.0], 2.0, 0.0, 360.0);
        assert_eq!(points.len(), 91);
        assert_eq!(points.first(), points.last());
    }

    #[test]
    fn a_bezier_curve_goes_through_its_ends_and_a_quarter_circle_is_round() {
        let spline = Spline {
            degree: 2,
            knots: vec![0.0, 0.0, 0.0, 1.0, 1.0, 1.0],
            controls: vec![[1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 0.0]],
            weights: vec![1.0, std::f64::consts::FRAC_1_SQRT_2, 1.0],
        };
        let points = spline.points().unwrap();
        assert_eq!((points[0], points[12]), ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]));
        assert!(points.iter().all(|p| (libm::hypot(p[0], p[1]) - 1.0).abs() < 1e-12));
        assert!(Spline { degree: 3, ..spline }.points().is_none());
    }
}
