//! Points, rings and the plane geometry the generator needs. Everything is in local metres,
//! x to the east, y to the north.

use std::ops::{Add, Mul, Sub};

/// A point or vector in local metres (x east, y north).
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Pt {
    /// Metres east of the city's origin.
    pub x: f64,
    /// Metres north of the city's origin.
    pub y: f64,
}

/// A ring of points, not closed (the first point is not repeated); outer rings run counter-clockwise.
pub type Ring = Vec<Pt>;

/// Makes a point.
pub const fn pt(x: f64, y: f64) -> Pt {
    Pt { x, y }
}

impl Add for Pt {
    type Output = Pt;
    fn add(self, o: Pt) -> Pt {
        pt(self.x + o.x, self.y + o.y)
    }
}
impl Sub for Pt {
    type Output = Pt;
    fn sub(self, o: Pt) -> Pt {
        pt(self.x - o.x, self.y - o.y)
    }
}
impl Mul<f64> for Pt {
    type Output = Pt;
    fn mul(self, k: f64) -> Pt {
        pt(self.x * k, self.y * k)
    }
}

impl Pt {
    /// Returns the scalar product.
    pub fn dot(self, o: Pt) -> f64 {
        self.x * o.x + self.y * o.y
    }
    /// Returns the z part of the vector product: positive when `o` lies to the left.
    pub fn cross(self, o: Pt) -> f64 {
        self.x * o.y - self.y * o.x
    }
    /// Returns the length.
    pub fn len(self) -> f64 {
        self.dot(self).sqrt()
    }
    /// Returns the vector of length one, or zero for a zero vector.
    #[must_use]
    pub fn unit(self) -> Pt {
        let l = self.len();
        if l > 0.0 { self * (1.0 / l) } else { self }
    }
    /// Returns the vector turned left by a quarter.
    #[must_use]
    pub fn left(self) -> Pt {
        pt(-self.y, self.x)
    }
    /// Returns the vector turned counter-clockwise by an angle in radians.
    #[must_use]
    pub fn turn(self, angle: f64) -> Pt {
        let (s, c) = (libm::sin(angle), libm::cos(angle));
        pt(self.x * c - self.y * s, self.x * s + self.y * c)
    }
    /// Rounds to whole centimetres, the resolution of every stored vertex.
    #[must_use]
    pub fn cm(self) -> Pt {
        pt((self.x * 100.0).round() / 100.0, (self.y * 100.0).round() / 100.0)
    }
}

/// Returns the signed area of a ring in square metres, positive when counter-clockwise.
pub fn area(ring: &[Pt]) -> f64 {
    edges(ring).map(|(a, b)| a.cross(b)).sum::<f64>() / 2.0
}

/// Iterates over the edges of a ring, the closing edge last.
pub fn edges(ring: &[Pt]) -> impl Iterator<Item = (Pt, Pt)> + '_ {
    (0..ring.len()).map(|i| (ring[i], ring[(i + 1) % ring.len()]))
}

/// Returns the centre of gravity of a ring.
pub fn centroid(ring: &[Pt]) -> Pt {
    let origin = ring[0];
    let (mut sum, mut double) = (pt(0.0, 0.0), 0.0);
    for (a, b) in edges(ring) {
        let (a, b) = (a - origin, b - origin);
        let c = a.cross(b);
        sum = sum + (a + b) * c;
        double += c;
    }
    if double.abs() < 1e-9 { origin } else { origin + sum * (1.0 / (3.0 * double)) }
}

/// Tells whether a point lies inside a ring (even-odd rule).
pub fn contains(ring: &[Pt], p: Pt) -> bool {
    let mut inside = false;
    for (a, b) in edges(ring) {
        if (a.y > p.y) != (b.y > p.y) && p.x < a.x + (p.y - a.y) / (b.y - a.y) * (b.x - a.x) {
            inside = !inside;
        }
    }
    inside
}

/// Returns the nearest point of a segment and its position along it in `[0, 1]`.
pub fn nearest_on(p: Pt, a: Pt, b: Pt) -> (Pt, f64) {
    let d = b - a;
    let l = d.dot(d);
    let t = if l > 0.0 { ((p - a).dot(d) / l).clamp(0.0, 1.0) } else { 0.0 };
    (a + d * t, t)
}

/// Returns the distance from a point to a segment.
pub fn dist_seg(p: Pt, a: Pt, b: Pt) -> f64 {
    (p - nearest_on(p, a, b).0).len()
}

/// Returns the distance from a point to the outline of a ring.
pub fn dist_ring(p: Pt, ring: &[Pt]) -> f64 {
    edges(ring).map(|(a, b)| dist_seg(p, a, b)).fold(f64::MAX, f64::min)
}

/// Returns where segments `ab` and `cd` cross: the positions along each, both in `[0, 1]`.
pub fn crossing(a: Pt, b: Pt, c: Pt, d: Pt) -> Option<(f64, f64)> {
    let (r, s) = (b - a, d - c);
    let denom = r.cross(s);
    if denom.abs() < 1e-12 {
        return None;
    }
    let t = (c - a).cross(s) / denom;
    let u = (c - a).cross(r) / denom;
    ((0.0..=1.0).contains(&t) && (0.0..=1.0).contains(&u)).then_some((t, u))
}

/// A box that grows: `(min, max)` of the points.
pub fn bounds(points: &[Pt]) -> (Pt, Pt) {
    points.iter().fold((pt(f64::MAX, f64::MAX), pt(f64::MIN, f64::MIN)), |(lo, hi), p| {
        (pt(lo.x.min(p.x), lo.y.min(p.y)), pt(hi.x.max(p.x), hi.y.max(p.y)))
    })
}

/// Tells whether a ring crosses or touches itself.
pub fn is_simple(ring: &[Pt]) -> bool {
    let n = ring.len();
    if n < 3 {
        return false;
    }
    let e: Vec<(Pt, Pt)> = edges(ring).collect();
    for i in 0..n {
        let (alo, ahi) = bounds(&[e[i].0, e[i].1]);
        for j in i + 1..n {
            let next = j == i + 1 || (i == 0 && j == n - 1);
            let (blo, bhi) = bounds(&[e[j].0, e[j].1]);
            if alo.x > bhi.x || blo.x > ahi.x || alo.y > bhi.y || blo.y > ahi.y {
                continue;
            }
            if next {
                // Neighbours may share their corner only: no fold-back.
                let (p, q, r) =
                    if j == i + 1 { (e[i].0, e[i].1, e[j].1) } else { (e[j].0, e[j].1, e[i].1) };
                if (q - p).cross(r - q).abs() < 1e-9 && (q - p).dot(r - q) < 0.0 {
                    return false;
                }
            } else if crossing(e[i].0, e[i].1, e[j].0, e[j].1).is_some() {
                return false;
            }
        }
    }
    true
}

/// Returns a point inside a ring, near its middle.
pub fn inner_point(ring: &[Pt]) -> Pt {
    let c = centroid(ring);
    if contains(ring, c) {
        return c;
    }
    let (lo, hi) = bounds(ring);
    let mut best = (0.0, c);
    for k in 1..16 {
        let y = lo.y + (hi.y - lo.y) * f64::from(k) / 16.0 + 0.000_37;
        let mut xs: Vec<f64> = edges(ring)
            .filter(|(a, b)| (a.y > y) != (b.y > y))
            .map(|(a, b)| a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x))
            .collect();
        xs.sort_by(f64::total_cmp);
        for pair in xs.chunks_exact(2) {
            if pair[1] - pair[0] > best.0 {
                best = (pair[1] - pair[0], pt(pair[0].midpoint(pair[1]), y));
            }
        }
    }
    best.1
}

/// Drops the points of a line that lie within `tolerance` of the simplified line
/// (Douglas and Peucker 1973); the ends stay.
pub fn simplify(line: &[Pt], tolerance: f64) -> Vec<Pt> {
    if line.len() < 3 {
        return line.to_vec();
    }
    let (first, last) = (line[0], line[line.len() - 1]);
    let (mut far, mut index) = (0.0, 0);
    for (i, p) in line.iter().enumerate().take(line.len() - 1).skip(1) {
        let d = dist_seg(*p, first, last);
        if d > far {
            (far, index) = (d, i);
        }
    }
    if far <= tolerance {
        return vec![first, last];
    }
    let mut out = simplify(&line[..=index], tolerance);
    out.pop();
    out.extend(simplify(&line[index..], tolerance));
    out
}

/// Draws a smooth curve through control points (centripetal is not needed: the points are even),
/// one point about every `step` metres. Catmull and Rom 1974.
pub fn smooth(control: &[Pt], step: f64) -> Vec<Pt> {
    let n = control.len();
    let mut out = Vec::new();
    for i in 0..n - 1 {
        let p0 = if i == 0 { control[0] * 2.0 - control[1] } else { control[i - 1] };
        let (p1, p2) = (control[i], control[i + 1]);
        let p3 = if i + 2 < n { control[i + 2] } else { p2 * 2.0 - p1 };
        let count = ((p2 - p1).len() / step).ceil().max(1.0) as usize;
        for k in 0..count {
            let t = k as f64 / count as f64;
            let (t2, t3) = (t * t, t * t * t);
            out.push(
                (p1 * 2.0
                    + (p2 - p0) * t
                    + (p0 * 2.0 - p1 * 5.0 + p2 * 4.0 - p3) * t2
                    + (p1 * 3.0 - p0 - p2 * 3.0 + p3) * t3)
                    * 0.5,
            );
        }
    }
    out.push(control[n - 1]);
    out
}

/// Returns the length of a line.
pub fn length(line: &[Pt]) -> f64 {
    line.windows(2).map(|w| (w[1] - w[0]).len()).sum()
}

/// Returns the point at a distance along a line, and the direction there.
pub fn along(line: &[Pt], mut distance: f64) -> (Pt, Pt) {
    for w in line.windows(2) {
        let d = w[1] - w[0];
        let l = d.len();
        if distance <= l && l > 0.0 {
            return (w[0] + d * (distance / l), d.unit());
        }
        distance -= l;
    }
    let n = line.len();
    (line[n - 1], (line[n - 1] - line[n - 2]).unit())
}

/// Makes a rectangle around a centre: `width` along the direction at `angle`, `depth` across it.
pub fn rect(center: Pt, width: f64, depth: f64, angle: f64) -> Ring {
    let (w, d) = (width / 2.0, depth / 2.0);
    place(&[pt(-w, -d), pt(w, -d), pt(w, d), pt(-w, d)], center, angle)
}

/// Moves a shape that is drawn around the origin to its place.
pub fn place(shape: &[Pt], center: Pt, angle: f64) -> Ring {
    let (s, c) = (libm::sin(angle), libm::cos(angle));
    shape.iter().map(|p| pt(p.x * c - p.y * s, p.x * s + p.y * c) + center).collect()
}
