//! Cutting shapes at a box.

use crate::snap::Cell;

type Point = [f64; 2];

/// The tile and its buffer, in tile units: the same on both axes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClipBox {
    pub low: f64,
    pub high: f64,
}

impl ClipBox {
    pub(crate) fn contains(&self, [x, y]: Point) -> bool {
        self.low <= x && x <= self.high && self.low <= y && y <= self.high
    }

    /// As [`ClipBox::contains`], without the border.
    pub(crate) fn has_within(&self, [x, y]: Point) -> bool {
        self.low < x && x < self.high && self.low < y && y < self.high
    }

    pub(crate) fn contains_all(&self, [least, greatest]: [Point; 2]) -> bool {
        self.contains(least) && self.contains(greatest)
    }

    pub(crate) fn misses(&self, [least, greatest]: [Point; 2]) -> bool {
        (0..2).any(|axis| greatest[axis] < self.low || least[axis] > self.high)
    }

    /// Tells whether both points lie on the same side of the border.
    pub(crate) fn has_on_border(&self, a: Cell, b: Cell) -> bool {
        let on = |v: i32| f64::from(v) == self.low || f64::from(v) == self.high;
        (0..2).any(|axis| a[axis] == b[axis] && on(a[axis]))
    }
}

/// Cuts a ring (without closing point) to the box in place, side by side (Sutherland and Hodgman,
/// Comm. ACM 17(1), 1974). Where the box divides it, the parts stay joined by edges along the box.
pub(crate) fn clip_ring(ring: &mut Vec<Point>, spare: &mut Vec<Point>, area: ClipBox) {
    for axis in 0..2 {
        clip_side(ring, spare, axis, area.low, |at, limit| at >= limit);
        clip_side(ring, spare, axis, area.high, |at, limit| at <= limit);
    }
}

fn clip_side(
    ring: &mut Vec<Point>,
    spare: &mut Vec<Point>,
    axis: usize,
    limit: f64,
    inside: impl Fn(f64, f64) -> bool,
) {
    if ring.iter().all(|p| inside(p[axis], limit)) {
        return;
    }
    let Some(&last) = ring.last() else { return };
    spare.clear();
    let mut before = last;
    let mut was_inside = inside(before[axis], limit);
    for &point in ring.iter() {
        let is_inside = inside(point[axis], limit);
        // Always from the inner to the outer point, so that a shared edge is cut at the same place
        // whichever way it runs.
        if is_inside && !was_inside {
            spare.push(cut(point, before, axis, limit));
        } else if was_inside && !is_inside {
            spare.push(cut(before, point, axis, limit));
        }
        if is_inside {
            spare.push(point);
        }
        before = point;
        was_inside = is_inside;
    }
    std::mem::swap(ring, spare);
}

fn cut(inner: Point, outer: Point, axis: usize, limit: f64) -> Point {
    let t = (limit - inner[axis]) / (outer[axis] - inner[axis]);
    let other = 1 - axis;
    let mut at = inner;
    at[other] += t * (outer[other] - inner[other]);
    at[axis] = limit;
    at
}

/// Cuts a line to the box: the pieces inside are appended to `out`, the end of each to `ends` (Liang and
/// Barsky, ACM Trans. Graphics 3(1), 1984).
pub(crate) fn clip_line(
    line: &[Point],
    area: ClipBox,
    out: &mut Vec<Point>,
    ends: &mut Vec<usize>,
) {
    let mut open = false;
    for pair in line.windows(2) {
        let &[a, b] = pair else { continue };
        let Some((from, to)) = visible_part(a, b, area) else {
            if std::mem::take(&mut open) {
                ends.push(out.len());
            }
            continue;
        };
        let along = |t: f64| [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])];
        if open && from > 0.0 {
            ends.push(out.len());
            open = false;
        }
        if !open {
            out.push(if from > 0.0 { along(from) } else { a });
        }
        out.push(if to < 1.0 { along(to) } else { b });
        open = to >= 1.0;
        if !open {
            ends.push(out.len());
        }
    }
    if open {
        ends.push(out.len());
    }
}

/// Returns where along the segment the box begins and ends, from 0 to 1.
fn visible_part(a: Point, b: Point, area: ClipBox) -> Option<(f64, f64)> {
    let (mut from, mut to) = (0.0_f64, 1.0_f64);
    for axis in 0..2 {
        let d = b[axis] - a[axis];
        let (low, high) = (area.low - a[axis], area.high - a[axis]);
        if d == 0.0 {
            if low > 0.0 || high < 0.0 {
                return None;
            }
            continue;
        }
        let (enter, leave) = if d > 0.0 { (low / d, high / d) } else { (high / d, low / d) };
        from = from.max(enter);
        to = to.min(leave);
    }
    (from <= to).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: ClipBox = ClipBox { low: 0.0, high: 10.0 };

    fn pieces(line: &[Point]) -> Vec<Vec<Point>> {
        let (mut out, mut ends) = (vec![], vec![]);
        clip_line(line, AREA, &mut out, &mut ends);
        let mut start = 0;
        ends.into_iter().map(|end| out[std::mem::replace(&mut start, end)..end].to_vec()).collect()
    }

    #[test]
    fn a_line_that_leaves_and_returns_is_two_pieces() {
        let line = [[5.0, 5.0], [15.0, 5.0], [15.0, 7.0], [5.0, 7.0], [5.0, 8.0]];
        assert_eq!(
            pieces(&line),
            [vec![[5.0, 5.0], [10.0, 5.0]], vec![[10.0, 7.0], [5.0, 7.0], [5.0, 8.0]]]
        );
    }

    #[test]
    fn a_line_through_the_box_is_one_piece_and_one_beside_it_none() {
        assert_eq!(pieces(&[[-5.0, 5.0], [15.0, 5.0]]), [vec![[0.0, 5.0], [10.0, 5.0]]]);
        assert_eq!(pieces(&[[-5.0, 9.0], [5.0, 19.0]]).len(), 0);
        assert_eq!(pieces(&[[-5.0, 50.0], [5.0, 50.0]]).len(), 0);
        assert_eq!(pieces(&[[3.0, 3.0]]).len(), 0);
    }

    #[test]
    fn a_ring_around_the_box_becomes_the_box() {
        let mut ring = vec![[-5.0, -5.0], [15.0, -5.0], [15.0, 15.0], [-5.0, 15.0]];
        clip_ring(&mut ring, &mut vec![], AREA);
        assert_eq!(ring.len(), 4);
        assert!(ring.iter().flatten().all(|&v| v == 0.0 || v == 10.0));
    }

    #[test]
    fn a_ring_outside_vanishes() {
        let mut ring = vec![[-5.0, -5.0], [-1.0, -5.0], [-1.0, 15.0]];
        clip_ring(&mut ring, &mut vec![], AREA);
        assert!(ring.is_empty());
        clip_ring(&mut ring, &mut vec![], AREA);
        assert!(ring.is_empty());
    }

    #[test]
    fn a_shared_edge_is_cut_at_the_same_place_from_both_sides() {
        let (a, b) = ([3.1, 2.7], [17.9, 8.3]);
        let mut left = vec![a, b, [3.0, 30.0]];
        let mut right = vec![b, a, [3.0, -30.0]];
        clip_ring(&mut left, &mut vec![], AREA);
        clip_ring(&mut right, &mut vec![], AREA);
        let at_border = |ring: &[Point]| -> Vec<f64> {
            ring.iter().filter(|p| p[0] == 10.0).map(|p| p[1]).collect()
        };
        assert!(at_border(&left).iter().any(|y| at_border(&right).contains(y)));
    }
}
