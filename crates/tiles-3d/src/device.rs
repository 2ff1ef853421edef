//! What stands at the nodes of a network: simple shapes that are told from each other.

use std::f64::consts::TAU;

use onemap_model::Element;

use crate::batch::{Batch, Vertex};
use crate::color::linear;
use crate::tube::Skin;

/// Covers and gratings, and hydrants, sRGB.
const IRON: [u8; 4] = [72, 74, 78, 255];
const RED: [u8; 4] = [214, 36, 32, 255];
const CONCRETE: [u8; 4] = [176, 174, 168, 255];
/// Thickness of a cover, metres.
const COVER: f64 = 0.08;
const SECTORS: usize = 12;

/// Returns how far a thing reaches to the sides, below its point, and above it or the ground, metres.
pub(crate) fn reach(element: Element) -> [f64; 3] {
    match element {
        Element::Tank | Element::Reservoir => [4.0, 0.0, 5.0],
        Element::Source | Element::Pump => [2.9, 0.6, 3.0],
        _ => [0.8, 0.6, 1.6],
    }
}

/// Where a node stands, in the tile's frame: metres.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stand {
    /// Where the pipes meet.
    pub(crate) at: [f64; 3],
    /// Heights of the ground and of the bottom, up from the frame's plane.
    pub(crate) ground: f64,
    pub(crate) bottom: f64,
}

/// Adds the shape of an element.
pub(crate) fn add(batch: &mut Batch, element: Element, stand: &Stand, skin: Skin) {
    let Stand { at: [x, y, z], ground, bottom } = *stand;
    let mut shape = Maker { batch, middle: [x, y], feature: skin.feature };
    let own = skin.color;
    let [iron, red, concrete] = [IRON, RED, CONCRETE].map(linear);
    // A chamber has at least some depth.
    let foot = bottom.min(ground - 0.3);
    match element {
        Element::Manhole => {
            let neck = (ground - 0.6).max(foot + (ground - foot) / 2.0);
            shape.lathe(&[(0.0, foot), (0.5, foot), (0.5, neck), (0.38, ground - COVER)], own);
            shape.lathe(&[(0.42, ground - COVER), (0.42, ground), (0.0, ground)], iron);
        }
        Element::Handhole => {
            shape.block([0.4, 0.3], [foot, ground - COVER], own);
            shape.block([0.44, 0.34], [ground - COVER, ground], iron);
        }
        Element::Inlet => {
            shape.block([0.38, 0.25], [foot, ground - COVER], own);
            for i in 0..4 {
                let off = f64::from(i) * 0.2 - 0.3;
                shape.block_at([off, 0.0], [0.06, 0.25], [ground - COVER, ground], iron);
            }
        }
        Element::Hydrant => {
            let base = ground;
            shape.lathe(
                &[(0.2, base), (0.2, base + 0.06), (0.13, base + 0.06), (0.13, base + 0.7)],
                red,
            );
            shape.lathe(
                &[(0.17, base + 0.7), (0.17, base + 0.76), (0.1, base + 0.88), (0.0, base + 0.92)],
                red,
            );
            shape.block_at([0.0, 0.0], [0.22, 0.06], [base + 0.48, base + 0.6], red);
        }
        Element::Valve => {
            // Two cones tip to tip, a stem and a wheel.
            shape.lathe(
                &[(0.0, z - 0.28), (0.22, z - 0.28), (0.03, z), (0.22, z + 0.28), (0.0, z + 0.28)],
                own,
            );
            shape.lathe(&[(0.03, z + 0.28), (0.03, z + 0.5)], iron);
            shape.lathe(
                &[(0.0, z + 0.48), (0.18, z + 0.48), (0.18, z + 0.53), (0.0, z + 0.53)],
                iron,
            );
        }
        Element::Tank | Element::Reservoir => {
            let base = z.max(bottom);
            shape.lathe(&[(0.0, base), (4.0, base), (4.0, base + 4.0), (0.0, base + 5.0)], own);
        }
        Element::Source => {
            shape.block([2.0, 2.0], [ground, ground + 2.6], concrete);
            shape.block([2.1, 2.1], [ground + 2.6, ground + 3.0], own);
        }
        Element::Pump => {
            shape.lathe(&[(0.0, z - 0.4), (0.4, z - 0.4), (0.4, z + 0.2), (0.0, z + 0.2)], own);
            shape.lathe(&[(0.25, z + 0.2), (0.25, z + 0.9), (0.0, z + 0.95)], iron);
        }
        Element::Customer => shape.block([0.2, 0.15], [z, z + 0.3], own),
        Element::Device => {
            shape.block([0.45, 0.25], [ground, ground + 0.1], concrete);
            shape.block([0.4, 0.2], [ground + 0.1, ground + 1.3], own);
        }
        Element::Outfall => {
            shape.lathe(
                &[(0.0, z - 0.45), (0.6, z - 0.45), (0.35, z + 0.45), (0.0, z + 0.45)],
                concrete,
            );
        }
        _ => shape.lathe(
            &[(0.0, z - 0.12), (0.085, z - 0.085), (0.12, z), (0.085, z + 0.085), (0.0, z + 0.12)],
            own,
        ),
    }
}

struct Maker<'m> {
    batch: &'m mut Batch,
    middle: [f64; 2],
    feature: u16,
}

impl Maker<'_> {
    fn vertex(&self, [x, y, z]: [f64; 3], normal: [f64; 3], color: [u8; 4]) -> Vertex {
        Vertex {
            position: [self.middle[0] + x, self.middle[1] + y, z],
            normal: normal.map(|x| x as f32),
            color,
            uv: [0.0; 2],
            feature: self.feature,
        }
    }

    /// Turns a profile of radii and heights, from below to above, around the way up.
    fn lathe(&mut self, profile: &[(f64, f64)], color: [u8; 4]) {
        for pair in profile.windows(2) {
            let ((r, low), (q, high)) = (pair[0], pair[1]);
            let (out, up) = (high - low, r - q);
            let length = libm::hypot(out, up);
            if length < 1e-6 {
                continue;
            }
            let (out, up) = (out / length, up / length);
            let mut vertices = Vec::with_capacity(2 * SECTORS + 2);
            for i in 0..=SECTORS {
                let angle = i as f64 / SECTORS as f64 * TAU;
                let (sin, cos) = (libm::sin(angle), libm::cos(angle));
                let normal = [cos * out, sin * out, up];
                vertices.push(self.vertex([cos * r, sin * r, low], normal, color));
                vertices.push(self.vertex([cos * q, sin * q, high], normal, color));
            }
            let faces = (0..SECTORS as u32).flat_map(|i| {
                let a = 2 * i;
                let lower = (r > 0.0).then_some([a, a + 2, a + 3]);
                let upper = (q > 0.0).then_some([a, a + 3, a + 1]);
                lower.into_iter().chain(upper)
            });
            self.batch.add(vertices, faces.collect::<Vec<_>>());
        }
    }

    fn block(&mut self, half: [f64; 2], heights: [f64; 2], color: [u8; 4]) {
        self.block_at([0.0; 2], half, heights, color);
    }

    fn block_at(&mut self, middle: [f64; 2], half: [f64; 2], heights: [f64; 2], color: [u8; 4]) {
        for axis in 0..3 {
            for (side, sign) in [(0, -1.0), (1, 1.0)] {
                let mut normal = [0.0; 3];
                normal[axis] = sign;
                let (b, c) = ((axis + 1) % 3, (axis + 2) % 3);
                let corners = [[0, 0], [1, 0], [1, 1], [0, 1]].map(|[i, j]| {
                    let mut which = [0; 3];
                    (which[axis], which[b], which[c]) = (side, i, j);
                    let across =
                        |k: usize| middle[k] + half[k] * if which[k] == 0 { -1.0 } else { 1.0 };
                    self.vertex([across(0), across(1), heights[which[2]]], normal, color)
                });
                let faces = if side == 1 { [[0, 1, 2], [0, 2, 3]] } else { [[0, 2, 1], [0, 3, 2]] };
                self.batch.add(corners, faces);
            }
        }
    }
}
