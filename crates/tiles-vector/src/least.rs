//! What stands for a shape that is smaller than the grid.

use crate::clip::ClipBox;
use crate::snap::{Cell, doubled_area};

/// Returns a coordinate farther on by `width`, inside the window.
pub(crate) fn beside(at: i32, width: i32, area: ClipBox) -> i32 {
    if f64::from(at + width) <= area.high { at + width } else { at - width }
}

/// Returns a polygon of this width along a stroke.
pub(crate) fn thin_polygon([a, b]: [Cell; 2], width: i32, area: ClipBox) -> [Cell; 4] {
    let (dx, dy) = ((b[0] - a[0]).abs(), (b[1] - a[1]).abs());
    let mut ring = if dx.max(dy) < width {
        let (x, y) = (beside(a[0], width, area), beside(a[1], width, area));
        [a, [x, a[1]], [x, y], [a[0], y]]
    } else {
        // The same step at both ends, or it would be no parallelogram.
        let across = usize::from(dx >= dy);
        let edge = a[across].max(b[across]);
        let step = beside(edge, width, area) - edge;
        let (mut c, mut d) = (b, a);
        c[across] += step;
        d[across] += step;
        [a, b, c, d]
    };
    if doubled_area(&ring) < 0 {
        ring.reverse();
    }
    ring
}

/// The largest outer ring that was lost.
#[derive(Debug, Default)]
pub(crate) struct Vanished {
    size: i32,
    /// The stroke along its longer side, and its area in square units.
    stroke: Option<([Cell; 2], f64)>,
}

impl Vanished {
    /// Remembers the ring, if it is larger than the one before.
    pub(crate) fn note(&mut self, ring: impl Iterator<Item = Cell> + Clone, area: f64) {
        let (Some((west, east)), Some((north, south))) =
            (ends_along(ring.clone(), 0), ends_along(ring, 1))
        else {
            return;
        };
        let (width, height) = (east[0] - west[0], south[1] - north[1]);
        let size = width + height;
        if self.stroke.is_some() && size <= self.size {
            return;
        }
        self.size = size;
        let stroke = if width >= height { [west, east] } else { [north, south] };
        self.stroke = Some((stroke, area));
    }

    /// Returns a polygon at least a unit and at most `width` wide that covers the area if it can; one
    /// shorter than `width` is a square.
    pub(crate) fn polygon(&self, width: i32, area: ClipBox) -> Option<[Cell; 4]> {
        let (stroke, covers) = self.stroke?;
        let [dx, dy] = [0, 1].map(|axis| (stroke[0][axis] - stroke[1][axis]).abs());
        let length = dx.max(dy);
        let wide = if length < width {
            width
        } else {
            ((covers / f64::from(length)).round() as i32).clamp(1, width)
        };
        Some(thin_polygon(stroke, wide, area))
    }
}

/// Returns the cells with the least and the greatest coordinate on an axis.
fn ends_along(mut ring: impl Iterator<Item = Cell>, axis: usize) -> Option<(Cell, Cell)> {
    let first = ring.next()?;
    Some(ring.fold((first, first), |(low, high), p| {
        (if p[axis] < low[axis] { p } else { low }, if p[axis] > high[axis] { p } else { high })
    }))
}
