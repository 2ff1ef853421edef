//! Replaces circular arcs by straight segments.

use std::f64::consts::{PI, TAU};

/// A coordinate with x, y, z and m.
pub(crate) type Vertex = [f64; 4];

/// The largest angle that one segment spans: 4 degrees, as GDAL's default `OGR_ARC_STEPSIZE`.
const STEP: f64 = PI / 45.0;

/// Makes a circular string straight: points 0-1-2, 2-3-4, ... are arcs through their middle point.
///
/// The given points stay in the result. A last point without partner is joined by a straight segment.
pub(crate) fn linearise(points: &[Vertex], out: &mut Vec<Vertex>) {
    let Some(first) = points.first() else { return };
    push_joined(out, *first);
    for arc in points.windows(3).step_by(2) {
        if let [from, through, to] = arc {
            push_arc(*from, *through, *to, out);
        }
    }
    if points.len().is_multiple_of(2)
        && let Some(last) = points.last()
    {
        out.push(*last);
    }
}

/// Appends a vertex unless it repeats the last one, as where two parts of a compound curve meet.
pub(crate) fn push_joined(out: &mut Vec<Vertex>, vertex: Vertex) {
    if out.last().is_none_or(|last| last[..2] != vertex[..2]) {
        out.push(vertex);
    }
}

/// Appends everything of the arc after its first point.
fn push_arc(from: Vertex, through: Vertex, to: Vertex, out: &mut Vec<Vertex>) {
    let Some((cx, cy)) = centre(from, through, to) else {
        out.extend([through, to]);
        return;
    };
    let angle = |p: Vertex| libm::atan2(p[1] - cy, p[0] - cx);
    let radius = libm::hypot(from[0] - cx, from[1] - cy);
    let start = angle(from);
    let full_circle = from[..2] == to[..2];
    // The sweep is counter-clockwise when the middle point comes before the end on that way round.
    let to_middle = (angle(through) - start).rem_euclid(TAU);
    let to_end = if full_circle { TAU } else { (angle(to) - start).rem_euclid(TAU) };
    let clockwise = to_middle > to_end;
    let (half, whole) =
        if clockwise { (to_middle - TAU, to_end - TAU) } else { (to_middle, to_end) };
    for (begin, end, a, b) in [(0.0_f64, half, from, through), (half, whole, through, to)] {
        let steps = ((end - begin).abs() / STEP).ceil().clamp(1.0, 90.0) as u32;
        for step in 1..steps {
            let t = f64::from(step) / f64::from(steps);
            let at = start + begin + (end - begin) * t;
            out.push([
                cx + radius * libm::cos(at),
                cy + radius * libm::sin(at),
                a[2] + (b[2] - a[2]) * t,
                a[3] + (b[3] - a[3]) * t,
            ]);
        }
        out.push(b);
    }
}

/// Returns the centre of the circle through three points, `None` when they stand on one line.
fn centre(a: Vertex, b: Vertex, c: Vertex) -> Option<(f64, f64)> {
    if a[..2] == c[..2] {
        return (a[..2] != b[..2]).then(|| (f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1])));
    }
    // Relative to a, so that large projected coordinates keep their digits.
    let (bx, by) = (b[0] - a[0], b[1] - a[1]);
    let (cx, cy) = (c[0] - a[0], c[1] - a[1]);
    let cross = 2.0 * (bx * cy - by * cx);
    let (b2, c2) = (bx * bx + by * by, cx * cx + cy * cy);
    if cross.abs() <= 1e-12 * (b2 + c2) {
        return None;
    }
    let ux = (cy * b2 - by * c2) / cross;
    let uy = (bx * c2 - cx * b2) / cross;
    (ux.is_finite() && uy.is_finite()).then_some((a[0] + ux, a[1] + uy))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn xy(x: f64, y: f64) -> Vertex {
        [x, y, 0.0, 0.0]
    }

    #[test]
    fn a_half_circle_stays_on_its_circle_and_keeps_its_points() {
        let mut out = Vec::new();
        linearise(&[xy(-1.0, 0.0), xy(0.0, 1.0), xy(1.0, 0.0)], &mut out);
        assert_eq!(out.len(), 47);
        assert_eq!(out[0], xy(-1.0, 0.0));
        assert!(out.contains(&xy(0.0, 1.0)));
        assert_eq!(out[46], xy(1.0, 0.0));
        assert!(out.iter().all(|p| (p[0].hypot(p[1]) - 1.0).abs() < 1e-12));
        assert!(out.iter().all(|p| p[1] >= 0.0));
    }

    #[test]
    fn a_full_circle_is_given_by_its_start_and_the_opposite_point() {
        let mut out = Vec::new();
        linearise(&[xy(0.0, 0.0), xy(2.0, 0.0), xy(0.0, 0.0)], &mut out);
        assert_eq!(out.len(), 91);
        let area: f64 = out.windows(2).map(|w| w[0][0] * w[1][1] - w[1][0] * w[0][1]).sum();
        assert!((area / 2.0 - PI).abs() < 0.01, "{area}");
    }

    #[test]
    fn points_on_a_line_stay_a_line() {
        let mut out = Vec::new();
        linearise(&[xy(0.0, 0.0), xy(1.0, 1.0), xy(2.0, 2.0)], &mut out);
        assert_eq!(out, [xy(0.0, 0.0), xy(1.0, 1.0), xy(2.0, 2.0)]);
    }
}
