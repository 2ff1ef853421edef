//! Sections swept along centre lines.
//!
//! At a corner both pieces end in the plane that halves the angle, so that each keeps its section up to there; with
//! it, the section of one goes over into the other's by the least turn, as in a rotation-minimising frame (Wang et al. 2008,
//! "Computation of rotation minimizing frames"). Sections that are not round stay upright.

use crate::batch::{Batch, Vertex};
use crate::outline::Outline;

/// Corners nearer to each other than this are one, metres.
const SAME: f64 = 1e-4;
/// Cosine of half the sharpest turn that is mitred: 120°. Sharper ones get two ends.
const SHARPEST: f64 = 0.5;
/// Cosine of the turn from which an edge is seen: 30°.
const EDGE: f64 = 0.87;

type Point = [f64; 3];

/// A straight piece: its direction, right and up, and how long it is.
#[derive(Debug, Clone, Copy)]
struct Piece {
    along: Point,
    right: Point,
    up: Point,
    length: f64,
}

/// How a tube looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Skin {
    /// Light, not sRGB.
    pub(crate) color: [u8; 4],
    pub(crate) feature: u16,
}

/// Sweeps an outline along a line in the tile's frame, with closed ends. `upright` keeps its up above.
pub(crate) fn sweep(
    batch: &mut Batch,
    outline: &Outline,
    line: &[Point],
    upright: bool,
    skin: Skin,
) {
    let mut corners: Vec<Point> = Vec::with_capacity(line.len());
    for &at in line {
        let is_new = corners.last().is_none_or(|last| length(sub(at, *last)) > SAME);
        if is_new && at.iter().all(|x| x.is_finite()) {
            corners.push(at);
        }
    }
    let pieces = pieces(&corners, upright);
    let Some(first) = pieces.first() else { return };
    let mut sweep = Sweep { batch, outline, skin };
    let mut ring = sweep.cross(corners[0], first);
    sweep.end(corners[0], first, false);
    for (i, piece) in pieces.iter().enumerate() {
        let at = corners[i + 1];
        let Some(next) = pieces.get(i + 1) else {
            let last = sweep.cross(at, piece);
            sweep.sides(ring, last);
            sweep.end(at, piece, true);
            break;
        };
        let turn = dot(piece.along, next.along);
        // The cosine of half the turn.
        if f64::midpoint(1.0, turn).max(0.0).sqrt() < SHARPEST {
            let last = sweep.cross(at, piece);
            sweep.sides(ring, last);
            sweep.end(at, piece, true);
            sweep.end(at, next, false);
            ring = sweep.cross(at, next);
        } else {
            let places = mitre(outline, at, piece, next);
            if turn < EDGE {
                let last = sweep.ring(&places, [piece, piece]);
                sweep.sides(ring, last);
                ring = sweep.ring(&places, [next, next]);
            } else {
                let both = sweep.ring(&places, [piece, next]);
                sweep.sides(ring, both);
                ring = both;
            }
        }
    }
}

fn pieces(corners: &[Point], upright: bool) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::with_capacity(corners.len());
    for pair in corners.windows(2) {
        let step = sub(pair[1], pair[0]);
        let along = unit(step).unwrap_or([1.0, 0.0, 0.0]);
        let level = unit(cross(along, [0.0, 0.0, 1.0])).filter(|_| along[2].abs() < 0.999);
        let right = match pieces.last() {
            Some(before) if !upright || level.is_none() => turned(before, along),
            _ => level
                .unwrap_or_else(|| unit(cross(along, [0.0, 1.0, 0.0])).unwrap_or([1.0, 0.0, 0.0])),
        };
        pieces.push(Piece { along, right, up: cross(right, along), length: length(step) });
    }
    pieces
}

/// Returns the right of a piece after the least turn into another direction.
fn turned(before: &Piece, along: Point) -> Point {
    let half = unit(add(before.along, along));
    let right = match half {
        // Along the first piece into the halving plane, and back along the second.
        Some(half) => {
            let shift = -dot(before.right, half) / dot(before.along, half).max(1e-6);
            add(before.right, scale(before.along, shift))
        }
        None => before.right,
    };
    let across = sub(right, scale(along, dot(right, along)));
    unit(across).unwrap_or(before.right)
}

/// Returns the outline in the plane that halves the angle of two pieces.
fn mitre(outline: &Outline, at: Point, a: &Piece, b: &Piece) -> Vec<Point> {
    let half = unit(add(a.along, b.along)).unwrap_or(a.along);
    let most = a.length.min(b.length) / 2.0;
    let slid = |piece: &Piece, [x, y]: [f64; 2]| {
        let off = add(scale(piece.right, x), scale(piece.up, y));
        let shift = -dot(off, half) / dot(piece.along, half).max(SHARPEST);
        add(off, scale(piece.along, shift.clamp(-most, most)))
    };
    outline
        .points
        .iter()
        .map(|&(point, _)| add(at, scale(add(slid(a, point), slid(b, point)), 0.5)))
        .collect()
}

struct Sweep<'s> {
    batch: &'s mut Batch,
    outline: &'s Outline,
    skin: Skin,
}

impl Sweep<'_> {
    fn push(&mut self, position: Point, normal: Point) {
        let normal = normal.map(|x| x as f32);
        let Skin { color, feature } = self.skin;
        self.batch.vertices.push(Vertex { position, normal, color, uv: [0.0; 2], feature });
    }

    /// Adds the outline across a piece; returns its first vertex.
    fn cross(&mut self, at: Point, piece: &Piece) -> u32 {
        let places: Vec<Point> = self
            .outline
            .points
            .iter()
            .map(|&([x, y], _)| add(at, add(scale(piece.right, x), scale(piece.up, y))))
            .collect();
        self.ring(&places, [piece, piece])
    }

    /// Adds vertices whose normals are between those of two pieces.
    fn ring(&mut self, places: &[Point], pieces: [&Piece; 2]) -> u32 {
        let first = self.batch.vertices.len() as u32;
        let outline = self.outline;
        for (&place, &(_, [x, y])) in places.iter().zip(&outline.points) {
            let [a, b] = pieces.map(|p| add(scale(p.right, x), scale(p.up, y)));
            self.push(place, unit(add(a, b)).unwrap_or(a));
        }
        first
    }

    fn sides(&mut self, from: u32, to: u32) {
        let sides = self.outline.sides.iter();
        self.batch.triangles.extend(
            sides.flat_map(|&[a, b]| [[from + a, to + a, to + b], [from + a, to + b, from + b]]),
        );
    }

    /// Closes an end.
    fn end(&mut self, at: Point, piece: &Piece, is_last: bool) {
        let out = if is_last { piece.along } else { scale(piece.along, -1.0) };
        let first = self.batch.vertices.len() as u32;
        let outline = self.outline;
        for &([x, y], _) in &outline.points {
            self.push(add(at, add(scale(piece.right, x), scale(piece.up, y))), out);
        }
        let turn = |[a, b, c]: [u32; 3]| if is_last { [a, c, b] } else { [a, b, c] };
        self.batch
            .triangles
            .extend(outline.end.iter().map(|&triangle| turn(triangle).map(|i| first + i)));
    }
}

fn add(a: Point, b: Point) -> Point {
    std::array::from_fn(|i| a[i] + b[i])
}

fn sub(a: Point, b: Point) -> Point {
    std::array::from_fn(|i| a[i] - b[i])
}

fn scale(a: Point, by: f64) -> Point {
    a.map(|x| x * by)
}

fn dot(a: Point, b: Point) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: Point, b: Point) -> Point {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn length(a: Point) -> f64 {
    dot(a, a).sqrt()
}

fn unit(a: Point) -> Option<Point> {
    let length = length(a);
    (length > 1e-9).then(|| scale(a, 1.0 / length))
}
