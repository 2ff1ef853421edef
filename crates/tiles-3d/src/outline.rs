//! Outlines of sections, outside: points around the middle, x to the right and y up, counter-clockwise.

use std::f64::consts::{PI, TAU};

use crate::pipe::{PipeSection, PipeShape};

/// Least thickness of a channel's sides, metres: they would not be seen.
const THINNEST: f64 = 0.03;
/// Thickest wall of a casing, metres, and the part of the room around the pipe that it takes at most. Surveys do not tell.
const CASING_WALL: f64 = 0.02;
const CASING_PART: f64 = 0.5;
/// Part of its upper width that the bottom of a trapezoid has.
const TRAPEZOID_BOTTOM: f64 = 0.5;

/// An outline of which sides and ends are made.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outline {
    /// Points, and which way is out there.
    pub(crate) points: Vec<([f64; 2], [f64; 2])>,
    /// Pairs of points with a side between them.
    pub(crate) sides: Vec<[u32; 2]>,
    /// Triangles of the end, over the points.
    pub(crate) end: Vec<[u32; 3]>,
}

impl Outline {
    /// Makes the outline of a section.
    pub(crate) fn of(section: &PipeSection) -> Self {
        let [width, height] = section.outer();
        match section.shape {
            PipeShape::Round => Self::smooth(&ellipse(width / 2.0, width / 2.0, sides_for(width))),
            PipeShape::Rectangle => Self::edged(&rectangle(width, height)),
            PipeShape::Egg => Self::smooth(&egg(width, height)),
            PipeShape::Arch => Self::edged(&arch(width, height)),
            PipeShape::Open => Self::channel(section, section.width),
            PipeShape::Trapezoid => Self::channel(section, section.width * TRAPEZOID_BOTTOM),
        }
    }

    /// Takes a convex ring as round.
    fn smooth(ring: &[[f64; 2]]) -> Self {
        let n = ring.len();
        let points = (0..n).map(|i| {
            let (a, b) = (ring[(i + n - 1) % n], ring[(i + 1) % n]);
            (ring[i], out_of(a, b))
        });
        let side = |i: usize| [i as u32, ((i + 1) % n) as u32];
        Self {
            points: points.collect(),
            sides: (0..n).map(side).collect(),
            end: (2..n as u32).map(|i| [0, i - 1, i]).collect(),
        }
    }

    /// Takes a convex ring as flat sides.
    fn edged(ring: &[[f64; 2]]) -> Self {
        let mut outline = Self::default();
        outline.add_edges(ring);
        outline.end = (2..ring.len() as u32).map(|i| [0, 2 * (i - 1), 2 * i]).collect();
        outline
    }

    fn add_edges(&mut self, ring: &[[f64; 2]]) {
        for (i, &a) in ring.iter().enumerate() {
            let b = ring[(i + 1) % ring.len()];
            let (at, out) = (self.points.len() as u32, out_of(a, b));
            self.points.extend([(a, out), (b, out)]);
            self.sides.push([at, at + 1]);
        }
    }

    /// Makes the outline of a casing around a pipe of another radius: it is open at its ends, where its wall is seen.
    pub(crate) fn casing(radius: f64, pipe: f64) -> Self {
        let room = radius - pipe;
        let inner = radius - CASING_WALL.min(room * CASING_PART).max(0.0);
        let n = sides_for(2.0 * radius);
        let outside = ellipse(radius, radius, n);
        let mut outline = Self::smooth(&outside);
        let within = ellipse(inner, inner, n).into_iter().zip(&outside);
        outline.points.extend(within.map(|(at, [x, y])| (at, [-x / radius, -y / radius])));
        let n = n as u32;
        let pairs = (0..n).map(|i| (i, (i + 1) % n));
        outline.sides.extend(pairs.clone().map(|(a, b)| [n + b, n + a]));
        outline.end = pairs.flat_map(|(a, b)| [[n + a, a, b], [n + a, b, n + b]]).collect();
        outline
    }

    /// Makes a channel, open above: a bottom and two sides around the inner section.
    fn channel(section: &PipeSection, bottom: f64) -> Self {
        let thick = section.wall.max(THINNEST);
        let (x, y, foot) = (section.width / 2.0, section.height / 2.0, bottom / 2.0);
        let ring = [
            [-foot - thick, -y - thick],
            [foot + thick, -y - thick],
            [x + thick, y],
            [x, y],
            [foot, -y],
            [-foot, -y],
            [-x, y],
            [-x - thick, y],
        ];
        let mut outline = Self::default();
        outline.add_edges(&ring);
        let quads = [[0, 1, 4, 5], [1, 2, 3, 4], [0, 5, 6, 7]];
        let corner = |i: u32| 2 * i;
        outline.end = quads
            .into_iter()
            .flat_map(|[a, b, c, d]| [[a, b, c], [a, c, d]])
            .map(|triangle| triangle.map(corner))
            .collect();
        outline
    }
}

/// Returns how many sides stand for a circle of a diameter, metres.
fn sides_for(diameter: f64) -> usize {
    match diameter {
        d if d < 0.15 => 8,
        d if d < 0.4 => 10,
        d if d < 0.8 => 12,
        _ => 16,
    }
}

fn ellipse(rx: f64, ry: f64, n: usize) -> Vec<[f64; 2]> {
    let at = |i: usize| i as f64 / n as f64 * TAU;
    (0..n).map(|i| [rx * libm::cos(at(i)), ry * libm::sin(at(i))]).collect()
}

fn rectangle(width: f64, height: f64) -> Vec<[f64; 2]> {
    let (x, y) = (width / 2.0, height / 2.0);
    vec![[-x, -y], [x, -y], [x, y], [-x, y]]
}

/// An egg in its box, widest at two thirds of its height.
fn egg(width: f64, height: f64) -> Vec<[f64; 2]> {
    let (r, wide) = (width / 2.0, height / 6.0);
    ellipse(1.0, 1.0, 16)
        .into_iter()
        .map(|[x, y]| {
            [x * r, wide + y * if y > 0.0 { height / 2.0 - wide } else { height / 2.0 + wide }]
        })
        .collect()
}

/// A half ellipse over a rectangle, in its box.
fn arch(width: f64, height: f64) -> Vec<[f64; 2]> {
    let (r, top) = (width / 2.0, height / 2.0);
    let rise = r.min(height);
    let mut ring = vec![[-r, -top], [r, -top]];
    let over = (0..=8).map(|i| {
        let angle = f64::from(i) / 8.0 * PI;
        [r * libm::cos(angle), top - rise + rise * libm::sin(angle)]
    });
    ring.extend(over);
    ring
}

/// Returns which way is out of an edge of a counter-clockwise ring.
fn out_of(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    let (x, y) = (b[1] - a[1], a[0] - b[0]);
    let length = libm::hypot(x, y).max(1e-12);
    [x / length, y / length]
}
