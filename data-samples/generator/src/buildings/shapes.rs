//! Footprints drawn around the origin, width along x, counter-clockwise.

use crate::geom::{Ring, pt};

/// A rectangle.
pub(super) fn block(w: f64, d: f64) -> Ring {
    crate::geom::rect(pt(0.0, 0.0), w, d, 0.0)
}

/// An L: wings `t` deep along the south and the west (or east when `mirror`).
pub(super) fn ell(w: f64, d: f64, t: f64, mirror: bool) -> Ring {
    let (x, y) = (w / 2.0, d / 2.0);
    let ring =
        vec![pt(-x, -y), pt(x, -y), pt(x, -y + t), pt(-x + t, -y + t), pt(-x + t, y), pt(-x, y)];
    if mirror { flip(ring) } else { ring }
}

/// A U open to the south: wings `t` deep.
pub(super) fn horseshoe(w: f64, d: f64, t: f64) -> Ring {
    let (x, y) = (w / 2.0, d / 2.0);
    vec![
        pt(-x, -y),
        pt(-x + t, -y),
        pt(-x + t, y - t),
        pt(x - t, y - t),
        pt(x - t, -y),
        pt(x, -y),
        pt(x, y),
        pt(-x, y),
    ]
}

/// An E or comb: a spine along the north and three wings.
pub(super) fn comb(w: f64, d: f64, t: f64) -> Ring {
    let (x, y) = (w / 2.0, d / 2.0);
    let h = t / 2.0;
    vec![
        pt(-x, -y),
        pt(-x + t, -y),
        pt(-x + t, y - t),
        pt(-h, y - t),
        pt(-h, -y),
        pt(h, -y),
        pt(h, y - t),
        pt(x - t, y - t),
        pt(x - t, -y),
        pt(x, -y),
        pt(x, y),
        pt(-x, y),
    ]
}

/// A closed square around a courtyard: outline and court.
pub(super) fn court(w: f64, d: f64, t: f64) -> (Ring, Ring) {
    let mut hole = block(w - 2.0 * t, d - 2.0 * t);
    hole.reverse();
    (block(w, d), hole)
}

/// A slab whose stairwells are set back on the north side, one to each `unit` metres.
pub(super) fn stepped(w: f64, d: f64, unit: f64) -> Ring {
    let (x, y) = (w / 2.0, d / 2.0);
    let n = (w / unit).round().max(2.0) as usize;
    let mut ring = vec![pt(-x, -y), pt(x, -y), pt(x, y)];
    for k in (1..n).rev() {
        let c = -x + w * k as f64 / n as f64;
        ring.extend([pt(c + 1.6, y), pt(c + 1.6, y - 1.4), pt(c - 1.6, y - 1.4), pt(c - 1.6, y)]);
    }
    ring.push(pt(-x, y));
    ring
}

/// A tower block with two wings and a core that stands back: the common high-rise plan.
pub(super) fn butterfly(w: f64, d: f64) -> Ring {
    let (x, y) = (w / 2.0, d / 2.0);
    let (n, s) = (w * 0.14, w * 0.1);
    vec![
        pt(-x, -y),
        pt(-s, -y),
        pt(-s, -y + 2.2),
        pt(s, -y + 2.2),
        pt(s, -y),
        pt(x, -y),
        pt(x, y - 3.0),
        pt(n, y - 3.0),
        pt(n, y),
        pt(-n, y),
        pt(-n, y - 3.0),
        pt(-x, y - 3.0),
    ]
}

/// A square with its corners cut.
pub(super) fn chamfer(w: f64, d: f64, c: f64) -> Ring {
    let (x, y) = (w / 2.0, d / 2.0);
    vec![
        pt(-x + c, -y),
        pt(x - c, -y),
        pt(x, -y + c),
        pt(x, y - c),
        pt(x - c, y),
        pt(-x + c, y),
        pt(-x, y - c),
        pt(-x, -y + c),
    ]
}

/// An ellipse of `n` corners.
pub(super) fn oval(w: f64, d: f64, n: usize) -> Ring {
    (0..n)
        .map(|k| {
            let t = std::f64::consts::TAU * k as f64 / n as f64;
            pt(w / 2.0 * libm::cos(t), d / 2.0 * libm::sin(t))
        })
        .collect()
}

/// Mirrors a footprint left to right.
pub(super) fn flip(ring: Ring) -> Ring {
    ring.into_iter().rev().map(|p| pt(-p.x, p.y)).collect()
}
