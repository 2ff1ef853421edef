//! Shapes on the integer grid of a tile.

/// A point in tile units.
pub(crate) type Cell = [i32; 2];

/// Rounds to the nearest integer, halves to the even one. Unlike rounding away from zero it is the same
/// in every tile, whose corner lies on an even number.
#[inline]
pub(crate) fn round(x: f64) -> f64 {
    /// Adding it leaves no bits for a fraction, for |x| < 2^51.
    const NO_FRACTION: f64 = 6_755_399_441_055_744.0;
    (x + NO_FRACTION) - NO_FRACTION
}

#[inline]
pub(crate) fn snap([x, y]: [f64; 2]) -> Cell {
    [round(x) as i32, round(y) as i32]
}

/// Appends the ring to `out` without repeated points, points on a straight line, and spikes. Returns twice its signed area in square units; `None` when nothing is left, and then nothing is
/// appended. (The area of a ring that crosses itself may be 0.)
pub(crate) fn add_ring(ring: impl Iterator<Item = Cell>, out: &mut Vec<Cell>) -> Option<i64> {
    let start = out.len();
    for cell in ring {
        push_straightened(out, start, cell);
    }
    straighten_begin(out, start);
    let ring = out.get(start..).unwrap_or(&[]);
    let doubled = doubled_area(ring);
    if ring.len() < 3 || (ring.len() == 3 && doubled == 0) {
        out.truncate(start);
        return None;
    }
    Some(doubled)
}

/// Removes points on a straight line, and spikes, from a ring.
pub(crate) fn straighten(ring: &mut Vec<Cell>) {
    let mut kept = 0;
    for i in 0..ring.len() {
        let point = ring[i];
        while kept >= 2 && is_straight(ring[kept - 2], ring[kept - 1], point) {
            kept -= 1;
        }
        ring[kept] = point;
        kept += 1;
    }
    ring.truncate(kept);
    straighten_begin(ring, 0);
}

/// The same around the place where the ring, from `start` on, begins.
fn straighten_begin(out: &mut Vec<Cell>, start: usize) {
    let mut from = start;
    while let &[first, second, .., before, last] = out.get(from..).unwrap_or(&[]) {
        if is_straight(before, last, first) {
            out.pop();
        } else if is_straight(last, first, second) {
            from += 1;
        } else {
            break;
        }
    }
    out.drain(start..from);
}

fn push_straightened(out: &mut Vec<Cell>, start: usize, point: Cell) {
    loop {
        match out.get(start..).unwrap_or(&[]) {
            [.., last] if *last == point => return,
            [.., before, last] if is_straight(*before, *last, point) => {
                out.pop();
            }
            _ => break,
        }
    }
    out.push(point);
}

/// Tells whether three points lie on one line, in whatever order.
fn is_straight(a: Cell, b: Cell, c: Cell) -> bool {
    cross(a, b, c) == 0
}

/// Returns twice the signed area of the triangle.
pub(crate) fn cross(a: Cell, b: Cell, c: Cell) -> i64 {
    let d = |p: i32, q: i32| i64::from(p) - i64::from(q);
    d(b[0], a[0]) * d(c[1], a[1]) - d(b[1], a[1]) * d(c[0], a[0])
}

/// Returns twice the area by the surveyor's formula, positive for exterior rings (MVT 4.3.3.3).
pub(crate) fn doubled_area(ring: &[Cell]) -> i64 {
    let Some(&origin) = ring.first() else {
        return 0;
    };
    ring.windows(2).map(|pair| cross(origin, pair[0], pair[1])).sum()
}

/// Appends a piece of a line without repeated points and points in the middle of a straight
/// run. Returns the number of points appended: 0 or at least 2.
pub(crate) fn add_line(line: impl Iterator<Item = Cell>, out: &mut Vec<Cell>) -> usize {
    let start = out.len();
    for point in line {
        match out.get(start..).unwrap_or(&[]) {
            [.., last] if *last == point => continue,
            [.., before, last] if runs_on(*before, *last, point) => {
                out.pop();
            }
            _ => {}
        }
        out.push(point);
    }
    if out.len() - start < 2 {
        out.truncate(start);
    }
    out.len() - start
}

/// Tells whether `b` lies between `a` and `c` on one line, so that it says nothing.
fn runs_on(a: Cell, b: Cell, c: Cell) -> bool {
    let d = |p: i32, q: i32| i64::from(p) - i64::from(q);
    let dot = d(b[0], a[0]) * d(c[0], b[0]) + d(b[1], a[1]) * d(c[1], b[1]);
    dot > 0 && is_straight(a, b, c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snap_ring(ring: &[[f64; 2]], out: &mut Vec<Cell>) -> Option<i64> {
        add_ring(ring.iter().map(|&p| snap(p)), out)
    }

    fn snap_line(line: &[[f64; 2]], out: &mut Vec<Cell>) -> usize {
        add_line(line.iter().map(|&p| snap(p)), out)
    }

    #[test]
    fn rounding_is_the_same_in_neighbouring_tiles() {
        for x in [0.5, 1.5, -0.5, 4095.5, 4096.5, -7.25, 0.499_999] {
            assert_eq!(round(x) - 4096.0, round(x - 4096.0), "{x}");
        }
    }

    #[test]
    fn spikes_and_straight_points_go() {
        let ring = [
            [0.0, 0.0],
            [5.0, 0.0],
            [9.0, 0.0],
            [9.2, 0.1],
            [9.0, 9.0],
            [9.0, 20.0],
            [9.0, 9.0],
            [0.0, 9.0],
        ];
        let mut out = vec![];
        assert_eq!(snap_ring(&ring, &mut out), Some(2 * 81));
        assert_eq!(out, [[0, 0], [9, 0], [9, 9], [0, 9]]);
    }

    #[test]
    fn a_ring_that_begins_in_a_spike_is_cleaned_there_too() {
        let ring = [[20.0, 0.0], [9.0, 0.0], [9.0, 9.0], [0.0, 9.0], [0.0, 0.0], [5.0, 0.0]];
        let mut out = vec![[77, 77]];
        assert_eq!(snap_ring(&ring, &mut out), Some(2 * 81));
        assert_eq!(out.len(), 5);
    }

    #[test]
    fn a_ring_without_area_is_nothing() {
        let mut out = vec![];
        assert_eq!(snap_ring(&[[0.1, 0.1], [0.2, 0.1], [0.2, 0.3]], &mut out), None);
        assert_eq!(snap_ring(&[[0.0, 0.1], [50.0, 0.1], [90.0, 0.3]], &mut out), None);
        assert_eq!(snap_ring(&[], &mut out), None);
        assert!(out.is_empty());
    }

    #[test]
    fn a_line_keeps_its_turning_points() {
        let mut out = vec![];
        let line = [[0.0, 0.0], [0.1, 0.0], [5.0, 0.0], [9.0, 0.0], [5.0, 0.0], [5.0, 5.0]];
        assert_eq!(snap_line(&line, &mut out), 4);
        assert_eq!(out, [[0, 0], [9, 0], [5, 0], [5, 5]]);
        assert_eq!(snap_line(&[[0.0, 0.0], [0.1, 0.0]], &mut out), 0);
    }
}
