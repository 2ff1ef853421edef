//! Shrinking, splitting and measuring polygons.

use crate::geom::{Pt, Ring, area, bounds, crossing, dist_seg, edges, is_simple};

/// Moves every edge of a ring inward by its own distance and returns one new point for each old
/// one, so that strips between the rings can be formed. Edges that vanish share a point.
/// Returns `None` when nothing sensible is left.
pub fn inset(ring: &[Pt], distance: &[f64]) -> Option<Ring> {
    let n = ring.len();
    let dir: Vec<Pt> = edges(ring).map(|(a, b)| (b - a).unit()).collect();
    let meet = |i: usize, j: usize, corner: Pt| -> Pt {
        let (n1, n2) = (dir[i].left(), dir[j].left());
        let (c1, c2) = (n1.dot(ring[i]) + distance[i], n2.dot(ring[j]) + distance[j]);
        let det = n1.cross(n2);
        if det.abs() < 0.06 {
            let normal = (n1 + n2).unit();
            return corner + normal * distance[i].max(distance[j]);
        }
        Pt { x: (c1 * n2.y - c2 * n1.y) / det, y: (n1.x * c2 - n2.x * c1) / det }
    };
    let mut active: Vec<usize> = (0..n).collect();
    loop {
        let m = active.len();
        if m < 3 {
            return None;
        }
        // The point between active edges k-1 and k.
        let corner: Vec<Pt> =
            (0..m).map(|k| meet(active[(k + m - 1) % m], active[k], ring[active[k]])).collect();
        let flipped = (0..m)
            .map(|k| ((corner[(k + 1) % m] - corner[k]).dot(dir[active[k]]), k))
            .filter(|(along, _)| *along < 0.01)
            .min_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((_, k)) = flipped {
            active.remove(k);
            continue;
        }
        // Vertex v starts edge v; a dropped edge's vertex goes to the next active edge's corner.
        let mut out = vec![Pt::default(); n];
        for k in 0..m {
            let previous = active[(k + m - 1) % m];
            let mut v = (previous + 1) % n;
            loop {
                out[v] = corner[k].cm();
                if v == active[k] {
                    break;
                }
                v = (v + 1) % n;
            }
        }
        let unique = dedupe(&out);
        let shrunk = area(&unique);
        return (shrunk > 20.0 && shrunk <= area(ring) + 1.0 && is_simple(&unique)).then_some(out);
    }
}

/// Removes repeated neighbouring points.
pub fn dedupe(ring: &[Pt]) -> Ring {
    let mut out: Ring = Vec::with_capacity(ring.len());
    for p in ring {
        if out.last() != Some(p) {
            out.push(*p);
        }
    }
    while out.len() > 1 && out.first() == out.last() {
        out.pop();
    }
    out
}

/// The box of least area around a ring: centre, unit vector of its long side, length and width.
pub fn oriented_box(ring: &[Pt]) -> (Pt, Pt, f64, f64) {
    let mut best = (f64::MAX, ring[0], Pt { x: 1.0, y: 0.0 }, 0.0, 0.0);
    for (a, b) in edges(ring) {
        if (b - a).len() < 5.0 {
            continue;
        }
        let d = (b - a).unit();
        let along: Vec<Pt> = ring.iter().map(|p| Pt { x: p.dot(d), y: p.dot(d.left()) }).collect();
        let (lo, hi) = bounds(&along);
        let (w, h) = (hi.x - lo.x, hi.y - lo.y);
        if w * h < best.0 - 0.5 {
            let mid = (lo + hi) * 0.5;
            let center = d * mid.x + d.left() * mid.y;
            best = if w >= h { (w * h, center, d, w, h) } else { (w * h, center, d.left(), h, w) };
        }
    }
    (best.1, best.2, best.3, best.4)
}

/// Where a straight line through `p` along `dir` leaves a ring on either side of `p`:
/// `(edge index, point)` backward and forward.
pub fn chord(ring: &[Pt], p: Pt, dir: Pt) -> Option<[(usize, Pt); 2]> {
    let far = 1.0e5;
    let (from, to) = (p - dir * far, p + dir * far);
    let (mut back, mut fore) = (None, None);
    let (mut nearest_back, mut nearest_fore) = (f64::MAX, f64::MAX);
    for (i, (a, b)) in edges(ring).enumerate() {
        if let Some((t, _)) = crossing(from, to, a, b) {
            let q = from + (to - from) * t;
            let s = (q - p).dot(dir);
            if s < 0.0 && -s < nearest_back {
                (nearest_back, back) = (-s, Some((i, q)));
            } else if s >= 0.0 && s < nearest_fore {
                (nearest_fore, fore) = (s, Some((i, q)));
            }
        }
    }
    Some([back?, fore?])
}

/// Cuts a ring in two with the chord through `p` along `dir`.
pub fn split(ring: &[Pt], p: Pt, dir: Pt) -> Option<(Ring, Ring)> {
    let [(i, a), (j, b)] = chord(ring, p, dir)?;
    if i == j {
        return None;
    }
    let (a, b) = (a.cm(), b.cm());
    let n = ring.len();
    let walk = |from: usize, start: Pt, to: usize, end: Pt| -> Ring {
        let mut out = vec![start];
        let mut k = (from + 1) % n;
        loop {
            out.push(ring[k]);
            if k == to {
                break;
            }
            k = (k + 1) % n;
        }
        out.push(end);
        dedupe(&out)
    };
    let (one, two) = (walk(i, a, j, b), walk(j, b, i, a));
    let fine = |r: &Ring| r.len() >= 3 && area(r) > 1.0 && is_simple(r);
    (fine(&one) && fine(&two)).then_some((one, two))
}

/// Tells whether two rings are at least `gap` apart (neither touches nor holds the other).
pub fn apart(a: &[Pt], b: &[Pt], gap: f64) -> bool {
    let ((alo, ahi), (blo, bhi)) = (bounds(a), bounds(b));
    if alo.x - gap > bhi.x || blo.x - gap > ahi.x || alo.y - gap > bhi.y || blo.y - gap > ahi.y {
        return true;
    }
    if crate::geom::contains(a, b[0]) || crate::geom::contains(b, a[0]) {
        return false;
    }
    clear_of_edges(a, b, gap)
}

/// Tells whether the outlines of two rings stay at least `gap` apart.
pub fn clear_of_edges(a: &[Pt], b: &[Pt], gap: f64) -> bool {
    let (blo, bhi) = bounds(b);
    for (p, q) in edges(a) {
        let (lo, hi) = bounds(&[p, q]);
        if lo.x - gap > bhi.x || blo.x - gap > hi.x || lo.y - gap > bhi.y || blo.y - gap > hi.y {
            continue;
        }
        for (r, s) in edges(b) {
            if crossing(p, q, r, s).is_some() {
                return false;
            }
            if gap > 0.0
                && (dist_seg(p, r, s) < gap
                    || dist_seg(q, r, s) < gap
                    || dist_seg(r, p, q) < gap
                    || dist_seg(s, p, q) < gap)
            {
                return false;
            }
        }
    }
    true
}

/// How compact a ring is: 1 for a circle, towards 0 for a sliver (4 pi area / perimeter squared).
pub fn compactness(ring: &[Pt]) -> f64 {
    let perimeter: f64 = edges(ring).map(|(a, b)| (b - a).len()).sum();
    4.0 * std::f64::consts::PI * area(ring) / (perimeter * perimeter)
}
