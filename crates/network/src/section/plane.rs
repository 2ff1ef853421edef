//! A flat frame of metres around a place, and the plane geometry that sections and clearances need.

use crate::metric::metres_per_degree;

/// Pieces of a drawn line are cut to this length, metres, each with a frame of its own.
pub(crate) const LONGEST_PIECE_M: f64 = 500.0;

/// Metres east and north of an origin.
///
/// Lengths within 500 m of the origin are true to 6e-5 of themselves at latitude 35 (the meridians converge), so that a gap
/// of 5 m is right to 0.3 mm.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plane {
    origin: [f64; 2],
    scale: [f64; 2],
}

impl Plane {
    /// Makes the frame around a place in degrees.
    pub(crate) fn at(origin: [f64; 2]) -> Self {
        Self { origin, scale: metres_per_degree(origin[1].clamp(-89.9, 89.9)) }
    }

    /// Makes the frame around the middle of two places.
    pub(crate) fn between(a: [f64; 2], b: [f64; 2]) -> Self {
        Self::at(lerp2(a, b, 0.5))
    }

    /// Brings degrees to metres.
    pub(crate) fn place(&self, at: [f64; 2]) -> [f64; 2] {
        [(at[0] - self.origin[0]) * self.scale[0], (at[1] - self.origin[1]) * self.scale[1]]
    }

    /// Brings metres to degrees.
    pub(crate) fn degrees(&self, at: [f64; 2]) -> [f64; 2] {
        [at[0] / self.scale[0] + self.origin[0], at[1] / self.scale[1] + self.origin[1]]
    }

    /// Returns the box in degrees around places in degrees: west, south, east, north, grown by metres.
    pub(crate) fn grown(&self, places: &[[f64; 2]], by_m: f64) -> [f64; 4] {
        let mut found = [f64::MAX, f64::MAX, f64::MIN, f64::MIN];
        for at in places {
            found = [
                found[0].min(at[0]),
                found[1].min(at[1]),
                found[2].max(at[0]),
                found[3].max(at[1]),
            ];
        }
        let [x, y] = [by_m / self.scale[0], by_m / self.scale[1]];
        [found[0] - x, found[1] - y, found[2] + x, found[3] + y]
    }
}

pub(crate) fn sub2(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    [a[0] - b[0], a[1] - b[1]]
}

pub(crate) fn dot2(a: [f64; 2], b: [f64; 2]) -> f64 {
    a[0] * b[0] + a[1] * b[1]
}

pub(crate) fn cross2(a: [f64; 2], b: [f64; 2]) -> f64 {
    a[0] * b[1] - a[1] * b[0]
}

pub(crate) fn length2(a: [f64; 2]) -> f64 {
    a[0].hypot(a[1])
}

pub(crate) fn lerp(a: f64, b: f64, t: f64) -> f64 {
    a + (b - a) * t
}

pub(crate) fn lerp2(a: [f64; 2], b: [f64; 2], t: f64) -> [f64; 2] {
    [lerp(a[0], b[0], t), lerp(a[1], b[1], t)]
}

/// Rounds to a tenth of a millimetre, as answers give metres.
pub(crate) fn rounded(metres: f64) -> f64 {
    (metres * 1e4).round() / 1e4 + 0.0
}

/// Returns the angle between two directions as lines, degrees from 0 to 90.
pub(crate) fn angle_degrees(a: [f64; 2], b: [f64; 2]) -> f64 {
    cross2(a, b).abs().atan2(dot2(a, b).abs()).to_degrees()
}

/// Returns the part (0 to 1) of `a b` that is nearest to a place.
pub(crate) fn foot(at: [f64; 2], a: [f64; 2], b: [f64; 2]) -> f64 {
    let along = sub2(b, a);
    let square = dot2(along, along);
    if square <= 0.0 { 0.0 } else { (dot2(sub2(at, a), along) / square).clamp(0.0, 1.0) }
}

/// Returns where two segments cross, as parts of each; touching within a micrometre counts, parallel ones never cross.
pub(crate) fn crossing(a: [[f64; 2]; 2], b: [[f64; 2]; 2]) -> Option<(f64, f64)> {
    let (r, s) = (sub2(a[1], a[0]), sub2(b[1], b[0]));
    let (along, across) = (length2(r), length2(s));
    let turn = cross2(r, s);
    if turn.abs() <= 1e-12 * along * across || along <= 0.0 || across <= 0.0 {
        return None;
    }
    let between = sub2(b[0], a[0]);
    let (t, u) = (cross2(between, s) / turn, cross2(between, r) / turn);
    let (slack_t, slack_u) = (1e-6 / along, 1e-6 / across);
    let inside = |x: f64, slack: f64| x >= -slack && x <= 1.0 + slack;
    (inside(t, slack_t) && inside(u, slack_u)).then_some((t.clamp(0.0, 1.0), u.clamp(0.0, 1.0)))
}

/// Returns the distance of two segments and the parts of each where they are nearest; 0 where they cross.
pub(crate) fn nearest(a: [[f64; 2]; 2], b: [[f64; 2]; 2]) -> (f64, f64, f64) {
    if let Some((t, u)) = crossing(a, b) {
        return (0.0, t, u);
    }
    let gap = |t: f64, u: f64| (length2(sub2(lerp2(a[0], a[1], t), lerp2(b[0], b[1], u))), t, u);
    let ends = [
        gap(0.0, foot(a[0], b[0], b[1])),
        gap(1.0, foot(a[1], b[0], b[1])),
        gap(foot(b[0], a[0], a[1]), 0.0),
        gap(foot(b[1], a[0], a[1]), 1.0),
    ];
    ends.into_iter().min_by(|x, y| x.0.total_cmp(&y.0)).unwrap_or((f64::MAX, 0.0, 0.0))
}

/// A straight piece of a drawn line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    /// Frame in which it is flat.
    pub plane: Plane,
    /// Its ends in degrees.
    pub ends: [[f64; 2]; 2],
    /// Its ends in metres.
    pub local: [[f64; 2]; 2],
    /// Where it begins along the line, metres.
    pub start_m: f64,
    /// Its length, metres.
    pub length_m: f64,
    /// The stretch between two corners that it is part of, and its part of it.
    pub corner: usize,
    /// See `corner`.
    pub part: [f64; 2],
}

/// Cuts a line into straight pieces; pieces without length are left out.
pub(crate) fn pieces(line: &[[f64; 2]]) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut start_m = 0.0;
    for (corner, pair) in line.windows(2).enumerate() {
        let whole = Plane::between(pair[0], pair[1]);
        let length = length2(sub2(whole.place(pair[1]), whole.place(pair[0])));
        let count = (length / LONGEST_PIECE_M).ceil().max(1.0);
        for at in 0..count as usize {
            let part = [at as f64 / count, (at as f64 + 1.0) / count];
            let ends = part.map(|t| lerp2(pair[0], pair[1], t));
            let plane = Plane::between(ends[0], ends[1]);
            let local = ends.map(|end| plane.place(end));
            let length_m = length2(sub2(local[1], local[0]));
            if length_m > 1e-9 {
                found.push(Piece { plane, ends, local, start_m, length_m, corner, part });
                start_m += length_m;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crossing_segments_meet_where_they_should() {
        let found = crossing([[0.0, 0.0], [10.0, 0.0]], [[4.0, -1.0], [4.0, 3.0]]).unwrap();
        assert!((found.0 - 0.4).abs() < 1e-12 && (found.1 - 0.25).abs() < 1e-12);
        assert_eq!(crossing([[0.0, 0.0], [10.0, 0.0]], [[0.0, 1.0], [10.0, 1.0]]), None);
        let (gap, t, u) = nearest([[0.0, 0.0], [10.0, 0.0]], [[12.0, 0.0], [12.0, 5.0]]);
        assert_eq!((gap, t, u), (2.0, 1.0, 0.0));
    }

    #[test]
    fn a_long_line_is_cut_and_keeps_its_length() {
        let plane = Plane::at([118.0, 34.0]);
        let line = [[118.0, 34.0], plane.degrees([1200.0, 0.0])];
        let found = pieces(&line);
        assert_eq!(found.len(), 3);
        let length: f64 = found.iter().map(|piece| piece.length_m).sum();
        assert!((length - 1200.0).abs() < 1e-3, "{length}");
    }
}
