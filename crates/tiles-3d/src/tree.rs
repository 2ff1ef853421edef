//! Trees: a trunk and a crown, one metre high, in some varieties.

use crate::batch::{Batch, Vertex};
use crate::color::linear;

/// Different trees.
pub(crate) const VARIETIES: usize = 3;

const TRUNK: [u8; 4] = [112, 86, 62, 255];
const CROWNS: [[u8; 4]; VARIETIES] = [[96, 138, 74, 255], [116, 152, 82, 255], [80, 122, 78, 255]];
/// Lowest, widest and highest place of the crown, and how wide it is there.
const SHAPES: [[f64; 4]; VARIETIES] =
    [[0.26, 0.6, 1.0, 0.34], [0.3, 0.72, 1.0, 0.38], [0.16, 0.38, 1.0, 0.24]];
const SECTORS: usize = 7;
const RINGS: usize = 5;

/// Makes a variety: x east, y north, z up, its foot in the origin.
pub(crate) fn prototype(variety: usize) -> Batch {
    let variety = variety % VARIETIES;
    let mut batch = Batch::default();
    let [low, wide, high, radius] = SHAPES[variety];
    let around = |i: usize, n: usize| {
        let angle = i as f64 / n as f64 * std::f64::consts::TAU;
        [libm::cos(angle), libm::sin(angle)]
    };
    let trunk = (0..6).flat_map(|i| {
        let [x, y] = around(i, 5);
        [0.0, low + 0.1].map(|z| vertex([x * 0.035, y * 0.035, z], [x, y, 0.0], TRUNK))
    });
    let sides =
        (0..5_u32).flat_map(|i| [[2 * i, 2 * i + 2, 2 * i + 3], [2 * i, 2 * i + 3, 2 * i + 1]]);
    batch.add(trunk, sides);
    // Rings from the bottom to the top, the first and last of them points.
    let mut crown = Vec::new();
    for ring in 0..=RINGS {
        let t = ring as f64 / RINGS as f64 * std::f64::consts::PI;
        let (across, along) = (libm::sin(t), -libm::cos(t));
        let z =
            if along < 0.0 { wide + along * (wide - low) } else { wide + along * (high - wide) };
        for sector in 0..=SECTORS {
            let [x, y] = around(sector, SECTORS);
            let at = [x * radius * across, y * radius * across, z];
            crown.push(vertex(at, [x * across, y * across, along * 0.7], CROWNS[variety]));
        }
    }
    let row = SECTORS as u32 + 1;
    let faces = (0..RINGS as u32).flat_map(|ring| {
        (0..SECTORS as u32).flat_map(move |sector| {
            let a = ring * row + sector;
            let lower = (ring > 0).then_some([a, a + 1, a + row + 1]);
            let upper = (ring + 1 < RINGS as u32).then_some([a, a + row + 1, a + row]);
            lower.into_iter().chain(upper)
        })
    });
    batch.add(crown, faces.collect::<Vec<_>>());
    batch
}

fn vertex(position: [f64; 3], normal: [f64; 3], color: [u8; 4]) -> Vertex {
    let length = normal.iter().map(|x| x * x).sum::<f64>().sqrt();
    let normal = normal.map(|x| (x / length) as f32);
    Vertex { position, normal, color: linear(color), uv: [0.0; 2], feature: 0 }
}
