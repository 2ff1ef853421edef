//! What stands at the nodes of a network: simple shapes that are told from each other.
//!
//! There are thousands of each in a tile, and they differ in place, size and depth only. So they are made of few meshes
//! that are written once, each with its places and sizes (EXT_mesh_gpu_instancing).

use std::f64::consts::TAU;

use onemap_model::Element;

use crate::batch::{Batch, Vertex};
use crate::color::linear;

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

/// A mesh that many things share: x east, y north and z up of its origin, metres.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Form {
    /// A cylinder on its foot, one metre high, its radius half a metre.
    Shaft,
    /// The top of a manhole: from the shaft's width to the cover, [`NECK`] high.
    Neck,
    /// A block on its foot, one metre long, wide and high.
    Block,
    /// Bars on a block.
    Grating,
    Hydrant,
    Valve,
    Tank,
    Pump,
    Outfall,
    /// A small ball where pipes meet.
    Joint,
}

/// A part of a thing: a form, and where and how large it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Piece {
    pub(crate) form: Form,
    /// Light, not sRGB.
    pub(crate) color: [u8; 4],
    pub(crate) at: [f64; 3],
    pub(crate) scale: [f64; 3],
}

/// Height of [`Form::Neck`], metres.
const NECK: f64 = 0.6;

/// Returns what an element is made of. `own` is the colour of its network, light.
pub(crate) fn pieces(element: Element, stand: &Stand, own: [u8; 4]) -> Vec<Piece> {
    let Stand { at: [x, y, z], ground, bottom } = *stand;
    let [iron, red, concrete] = [IRON, RED, CONCRETE].map(linear);
    // A chamber has at least some depth.
    let foot = bottom.min(ground - 0.3);
    let whole = |form, color, height| Piece { form, color, at: [x, y, height], scale: [1.0; 3] };
    let block = |[length, width]: [f64; 2], [low, high]: [f64; 2], color| Piece {
        form: Form::Block,
        color,
        at: [x, y, low],
        scale: [length, width, high - low],
    };
    match element {
        Element::Manhole => {
            let neck = (ground - NECK).max(foot + (ground - foot) / 2.0);
            let upright = |form, low, height| Piece {
                form,
                color: own,
                at: [x, y, low],
                scale: [1.0, 1.0, height],
            };
            vec![
                upright(Form::Shaft, foot, neck - foot),
                upright(Form::Neck, neck, (ground - neck) / NECK),
            ]
        }
        Element::Handhole => vec![
            block([0.8, 0.6], [foot, ground - COVER], own),
            block([0.88, 0.68], [ground - COVER, ground], iron),
        ],
        Element::Inlet => vec![
            block([0.76, 0.5], [foot, ground - COVER], own),
            whole(Form::Grating, iron, ground - COVER),
        ],
        Element::Hydrant => vec![whole(Form::Hydrant, red, ground)],
        Element::Valve => vec![whole(Form::Valve, own, z)],
        Element::Tank | Element::Reservoir => vec![whole(Form::Tank, own, z.max(bottom))],
        Element::Source => vec![
            block([4.0, 4.0], [ground, ground + 2.6], concrete),
            block([4.2, 4.2], [ground + 2.6, ground + 3.0], own),
        ],
        Element::Pump => vec![whole(Form::Pump, own, z)],
        Element::Customer => vec![block([0.4, 0.3], [z, z + 0.3], own)],
        Element::Device => vec![
            block([0.9, 0.5], [ground, ground + 0.1], concrete),
            block([0.8, 0.4], [ground + 0.1, ground + 1.3], own),
        ],
        Element::Outfall => vec![whole(Form::Outfall, concrete, z)],
        _ => vec![whole(Form::Joint, own, z)],
    }
}

/// Makes the mesh of a form in a colour, light.
pub(crate) fn prototype(form: Form, color: [u8; 4]) -> Batch {
    let mut batch = Batch::default();
    let mut shape = Maker { batch: &mut batch };
    let iron = linear(IRON);
    match form {
        Form::Shaft => shape.lathe(&[(0.0, 0.0), (0.5, 0.0), (0.5, 1.0)], color),
        Form::Neck => {
            shape.lathe(&[(0.5, 0.0), (0.38, NECK - COVER)], color);
            shape.lathe(&[(0.42, NECK - COVER), (0.42, NECK), (0.0, NECK)], iron);
        }
        Form::Block => shape.block([0.0; 2], [0.5, 0.5], [0.0, 1.0], color),
        Form::Grating => {
            for i in 0..4 {
                shape.block([f64::from(i) * 0.2 - 0.3, 0.0], [0.06, 0.25], [0.0, COVER], color);
            }
        }
        Form::Hydrant => {
            shape.lathe(&[(0.2, 0.0), (0.2, 0.06), (0.13, 0.06), (0.13, 0.7)], color);
            shape.lathe(&[(0.17, 0.7), (0.17, 0.76), (0.1, 0.88), (0.0, 0.92)], color);
            shape.block([0.0; 2], [0.22, 0.06], [0.48, 0.6], color);
        }
        Form::Valve => {
            // Two cones tip to tip, a stem and a wheel.
            let cones = [(0.0, -0.28), (0.22, -0.28), (0.03, 0.0), (0.22, 0.28), (0.0, 0.28)];
            shape.lathe(&cones, color);
            shape.lathe(&[(0.03, 0.28), (0.03, 0.5)], iron);
            shape.lathe(&[(0.0, 0.48), (0.18, 0.48), (0.18, 0.53), (0.0, 0.53)], iron);
        }
        Form::Tank => shape.lathe(&[(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 5.0)], color),
        Form::Pump => {
            shape.lathe(&[(0.0, -0.4), (0.4, -0.4), (0.4, 0.2), (0.0, 0.2)], color);
            shape.lathe(&[(0.25, 0.2), (0.25, 0.9), (0.0, 0.95)], iron);
        }
        Form::Outfall => {
            shape.lathe(&[(0.0, -0.45), (0.6, -0.45), (0.35, 0.45), (0.0, 0.45)], color);
        }
        Form::Joint => {
            let r = 0.085;
            shape.lathe(&[(0.0, -0.12), (r, -r), (0.12, 0.0), (r, r), (0.0, 0.12)], color);
        }
    }
    batch
}

struct Maker<'m> {
    batch: &'m mut Batch,
}

impl Maker<'_> {
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
                vertices.push(vertex([cos * r, sin * r, low], normal, color));
                vertices.push(vertex([cos * q, sin * q, high], normal, color));
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

    /// Adds a block around a place: half its length and width, heights of its bottom and top.
    fn block(&mut self, middle: [f64; 2], half: [f64; 2], heights: [f64; 2], color: [u8; 4]) {
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
                    vertex([across(0), across(1), heights[which[2]]], normal, color)
                });
                let faces = if side == 1 { [[0, 1, 2], [0, 2, 3]] } else { [[0, 2, 1], [0, 3, 2]] };
                self.batch.add(corners, faces);
            }
        }
    }
}

fn vertex(position: [f64; 3], normal: [f64; 3], color: [u8; 4]) -> Vertex {
    let normal = normal.map(|x| x as f32);
    Vertex { position, normal, color, uv: [0.0; 2], feature: 0 }
}
