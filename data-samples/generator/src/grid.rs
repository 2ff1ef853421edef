//! The main streets, drawn by hand in grid coordinates (see [`crate::plan`]): the grid, the ring with its
//! rounded corners, and the streets along the water.

use crate::geom::{Pt, along, length, pt, simplify};
use crate::graph::{Class, Kind, Line};
use crate::names::{CANALSIDE, EAST_WEST, NORTH_SOUTH, Name, RING as RING_NAMES, RIVERSIDE};
use crate::plan::{self, RING, Stream, U, V, Zone};
use crate::rng::Rng;
use crate::streets::{CANAL_BELT, RIVER_BELT, Street};

/// Radius of the ring's corners in metres.
const CORNER: f64 = 430.0;
const RIVERSIDE_STREET: usize = 27;
const CANALSIDE_STREET: usize = 29;
/// Streets from this number on are the minor ones, in the order they were drawn.
pub(crate) const FIRST_MINOR: usize = 31;

/// The named main streets, in the order of their numbers.
pub(crate) fn main_streets() -> Vec<Street> {
    let street = |n: (&str, &str, bool), river: bool| Street {
        name: Name::new(n.0, n.1),
        split_by_river: n.2 && river,
        split_by_axis: n.2 && !river,
        year: 0,
    };
    let mut out: Vec<Street> = NORTH_SOUTH.iter().map(|n| street(*n, true)).collect();
    out.extend(EAST_WEST.iter().map(|n| street(*n, false)));
    out.extend(
        RING_NAMES
            .iter()
            .chain(&RIVERSIDE)
            .chain(&CANALSIDE)
            .map(|n| street((n.0, n.1, false), false)),
    );
    out
}

/// The node of the main grid where two lines meet, in grid coordinates: a little off its place,
/// but for the ring, whose corners are rounded.
fn grid_node(seed: u64, i: usize, j: usize) -> Pt {
    let (columns, rows) = RING;
    let corner = |list: [usize; 2], k: usize| {
        list.iter().position(|c| *c == k).map(|p| if p == 0 { -1.0 } else { 1.0 })
    };
    let (su, sv) = (corner(columns, i), corner(rows, j));
    let in_ring = (columns[0]..=columns[1]).contains(&i) && (rows[0]..=rows[1]).contains(&j);
    if let (Some(su), Some(sv)) = (su, sv) {
        let pull = CORNER * (1.0 - std::f64::consts::FRAC_1_SQRT_2);
        return pt(U[i] - su * pull, V[j] - sv * pull);
    }
    let mut rng = Rng::stream(seed, "grid", (i * 100 + j) as u64);
    let (mut du, mut dv) = (rng.range(-38.0, 38.0), rng.range(-38.0, 38.0));
    if (su.is_some() && in_ring) || i == 6 {
        du = 0.0;
    }
    if sv.is_some() && in_ring {
        dv = 0.0;
    }
    pt(U[i] + du, V[j] + dv)
}

fn base_class(north_south: bool, k: usize) -> Class {
    let primary = if north_south { [1, 4, 6, 8].as_slice() } else { [3, 6, 9].as_slice() };
    if primary.contains(&k) { Class::Primary } else { Class::Secondary }
}

pub(crate) fn main_lines(seed: u64, river: &Stream) -> Vec<Line> {
    let mut out = Vec::new();
    let (columns, rows) = RING;
    for north_south in [true, false] {
        let (lines, steps) = if north_south { (U.len(), V.len()) } else { (V.len(), U.len()) };
        for k in 0..lines {
            // One piece before the first and after the last line leads out of the district.
            for step in 0..=steps {
                let node = |s: usize| -> Pt {
                    let (inner, outside) = match s {
                        0 => (0, -900.0),
                        s if s > steps => (steps - 1, 900.0),
                        s => (s - 1, 0.0),
                    };
                    let p = if north_south {
                        grid_node(seed, k, inner)
                    } else {
                        grid_node(seed, inner, k)
                    };
                    if north_south { p + pt(0.0, outside) } else { p + pt(outside, 0.0) }
                };
                let s = step as i64 - 1;
                let (one, two) = if north_south {
                    (Zone::of_cell(k as i64 - 1, s), Zone::of_cell(k as i64, s))
                } else {
                    (Zone::of_cell(s, k as i64 - 1), Zone::of_cell(s, k as i64))
                };
                let (across, along_ring) =
                    if north_south { (columns, rows) } else { (rows, columns) };
                let ring_side = across
                    .iter()
                    .position(|c| *c == k)
                    .filter(|_| s >= along_ring[0] as i64 && s < along_ring[1] as i64);
                if ring_side.is_none() && one == two && one.closed() {
                    continue;
                }
                let base = base_class(north_south, k);
                let class = if ring_side.is_some() {
                    Class::Expressway
                } else if one.rural() && two.rural() {
                    if base == Class::Primary { Class::Secondary } else { Class::Country }
                } else {
                    base
                };
                let street = match ring_side {
                    Some(side) => 23 + side + if north_south { 0 } else { 2 },
                    None if north_south => k,
                    None => 12 + k,
                };
                let (a, b) = (node(step), node(step + 1));
                let mut path = vec![a];
                if ring_side.is_some() {
                    path.extend(corner_arc(a, s == along_ring[0] as i64, north_south, k));
                }
                let mut tail = vec![b];
                if ring_side.is_some() {
                    tail.extend(corner_arc(b, s == along_ring[1] as i64 - 1, north_south, k));
                }
                tail.reverse();
                path.extend(tail);
                let dense: Vec<Pt> = densify(&path, 12.0).into_iter().map(plan::to_local).collect();
                for piece in at_river(&dense, river, north_south) {
                    let pts: Vec<Pt> = simplify(&piece, 0.5).into_iter().map(Pt::cm).collect();
                    out.push(Line { pts, kind: Kind::Road(class), street });
                }
            }
        }
    }
    // Wider streets first: where two lines share a piece, the first keeps it.
    out.sort_by_key(|l| l.kind);
    out
}

/// The quarter-of-a-quarter arc from the middle of a ring corner to where the straight side begins.
fn corner_arc(corner: Pt, here: bool, north_south: bool, k: usize) -> Vec<Pt> {
    if !here {
        return Vec::new();
    }
    let (columns, rows) = RING;
    let su = if corner.x < 0.0 { -1.0 } else { 1.0 };
    let sv = if corner.y < 0.0 { -1.0 } else { 1.0 };
    let i = if north_south { k } else { columns[usize::from(su > 0.0)] };
    let j = if north_south { rows[usize::from(sv > 0.0)] } else { k };
    let center = pt(U[i] - su * CORNER, V[j] - sv * CORNER);
    (1..=5)
        .map(|n| {
            let quarter = std::f64::consts::FRAC_PI_4;
            let t = if north_south {
                quarter * (1.0 - f64::from(n) / 5.0)
            } else {
                quarter * (1.0 + f64::from(n) / 5.0)
            };
            center + pt(su * CORNER * libm::cos(t), sv * CORNER * libm::sin(t))
        })
        .collect()
}

fn densify(path: &[Pt], step: f64) -> Vec<Pt> {
    let total = length(path);
    let n = (total / step).ceil().max(1.0) as usize;
    (0..=n).map(|k| along(path, total * k as f64 / n as f64).0).collect()
}

/// Cuts a street where it nears the river: it crosses on a bridge when it meets the river squarely,
/// otherwise it ends at the street along the bank. Where a junction of the main grid would lie in the
/// river, the street that runs north-south has the bridge.
fn at_river(dense: &[Pt], river: &Stream, north_south: bool) -> Vec<Vec<Pt>> {
    let near: Vec<(f64, f64, Pt)> = dense.iter().map(|p| river.measure(*p)).collect();
    let reach = |k: usize| near[k].1 + RIVER_BELT;
    let mut out = Vec::new();
    let mut piece: Vec<Pt> = Vec::new();
    let mut k = 0;
    while k < dense.len() {
        if near[k].0.abs() > reach(k) + 60.0 {
            piece.push(dense[k]);
            k += 1;
            continue;
        }
        let start = k;
        while k < dense.len() && near[k].0.abs() <= reach(k) + 60.0 {
            k += 1;
        }
        let (first, last) = (near[start], near[k - 1]);
        let run = length(&dense[start..k]);
        let width = 2.0 * (reach(start) + 60.0);
        let crosses = (first.0 > 0.0) != (last.0 > 0.0);
        let cut_short = start == 0 || k == dense.len();
        let bridge = run < 1.3 * width && if cut_short { north_south } else { crosses };
        if bridge {
            piece.extend(&dense[start..k]);
            continue;
        }
        let meet = |n: (f64, f64, Pt), p: Pt| n.2 + (p - n.2).unit() * (n.1 + RIVER_BELT - 2.0);
        if start > 0 {
            piece.push(meet(first, dense[start]));
            out.push(std::mem::take(&mut piece));
        }
        piece.clear();
        if k < dense.len() {
            piece.push(meet(last, dense[k - 1]));
        }
    }
    if piece.len() > 1 {
        out.push(piece);
    }
    out.retain(|p| p.len() > 1 && length(p) > 5.0);
    out
}

/// The streets along both banks, in pieces of one class.
pub(crate) fn riverside(river: &Stream) -> Vec<Line> {
    let mut out = Vec::new();
    for (k, side) in [1.0, -1.0].into_iter().enumerate() {
        let pts = river.beside(side, RIVER_BELT);
        let class = |p: Pt| {
            if Zone::at(p + (p - river.measure(p).2).unit() * 120.0).rural() {
                Class::Country
            } else {
                Class::Secondary
            }
        };
        let mut start = 0;
        while start + 1 < pts.len() {
            let c = class(pts[start]);
            let mut end = start + 1;
            while end + 1 < pts.len() && class(pts[end]) == c {
                end += 1;
            }
            let line = simplify(&pts[start..=end], 0.6);
            out.push(Line { pts: line, kind: Kind::Road(c), street: RIVERSIDE_STREET + k });
            start = end;
        }
    }
    out
}

/// The streets along both sides of the canal.
pub(crate) fn canalside(canal: &Stream) -> Vec<Line> {
    let mut out = Vec::new();
    for (k, side) in [1.0, -1.0].into_iter().enumerate() {
        let pts = canal.beside(side, CANAL_BELT);
        let rural = |p: Pt| Zone::at(p).rural();
        let mut start = 0;
        while start + 1 < pts.len() {
            let kind = rural(pts[start]);
            let mut end = start + 1;
            while end + 1 < pts.len() && rural(pts[end]) == kind {
                end += 1;
            }
            let class = if kind { Class::Track } else { Class::Tertiary };
            let line = simplify(&pts[start..=end], 0.6);
            out.push(Line { pts: line, kind: Kind::Road(class), street: CANALSIDE_STREET + k });
            start = end;
        }
    }
    out
}
