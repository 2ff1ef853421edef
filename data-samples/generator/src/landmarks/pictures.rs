//! The landmarks' pictures: small, drawn by rule, seamless.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder, ImageError};

use crate::rng::Rng;

/// Width and height, pixels.
const SIZE: usize = 128;

type Color = [f64; 3];

/// Names of all pictures.
pub const NAMES: [&str; 9] =
    ["brick", "stone", "tiles_grey", "tiles_gold", "glass", "facade", "lattice", "metal", "seats"];

/// Draws a picture as PNG.
///
/// # Errors
///
/// Only if the encoder refuses, which would be a fault of the generator.
pub fn png(name: &str) -> Result<Vec<u8>, ImageError> {
    let mut pixels = Vec::with_capacity(SIZE * SIZE * 3);
    for y in 0..SIZE {
        for x in 0..SIZE {
            pixels.extend(pixel(name, x, y).map(|c| c.round().clamp(0.0, 255.0) as u8));
        }
    }
    let mut out = Vec::new();
    let size = SIZE as u32;
    PngEncoder::new_with_quality(&mut out, CompressionType::Fast, FilterType::Up).write_image(
        &pixels,
        size,
        size,
        ExtendedColorType::Rgb8,
    )?;
    Ok(out)
}

/// A random number from 0 to 1 for a piece of a picture.
fn chance(name: &str, column: usize, row: usize) -> f64 {
    Rng::stream(17, name, (row * 1000 + column) as u64).unit()
}

fn shade(color: Color, light: f64) -> Color {
    color.map(|c| c * light)
}

fn blend(a: Color, b: Color, t: f64) -> Color {
    [0, 1, 2].map(|i| a[i] + (b[i] - a[i]) * t)
}

/// Returns the colour at `x` from the left and `y` from the top.
fn pixel(name: &str, x: usize, y: usize) -> Color {
    match name {
        "brick" => courses(name, [x, y], [16, 8], [122.0, 126.0, 127.0], [168.0, 168.0, 162.0]),
        "stone" => courses(name, [x, y], [32, 16], [216.0, 208.0, 192.0], [176.0, 168.0, 154.0]),
        "tiles_grey" => tiles([x, y], [98.0, 105.0, 110.0]),
        "tiles_gold" => tiles([x, y], [206.0, 154.0, 52.0]),
        "glass" => glass(x, y),
        "facade" => facade(x, y),
        "lattice" => lattice(x, y),
        "metal" => match x % 32 {
            0 => [176.0, 180.0, 184.0],
            1 => [242.0, 243.0, 244.0],
            _ => [222.0, 225.0, 227.0],
        },
        _ => seats(x, y),
    }
}

/// Courses of bricks or slabs, each second one moved by half.
fn courses(name: &str, [x, y]: [usize; 2], [w, h]: [usize; 2], body: Color, joint: Color) -> Color {
    let row = y / h;
    let x = (x + if row % 2 == 0 { 0 } else { w / 2 }) % SIZE;
    if y % h == h - 1 || x % w == w - 1 {
        return joint;
    }
    shade(body, 0.92 + 0.16 * chance(name, x / w, row))
}

/// Rows of half-round tiles that run down the slope, the lower end of each in shadow.
fn tiles([x, y]: [usize; 2], body: Color) -> Color {
    let across = (x % 16) as f64 / 15.0 * 2.0 - 1.0;
    let round = 1.12 - 0.55 * across * across;
    let lower = if y % 16 == 15 {
        0.72
    } else if y % 16 == 0 {
        1.1
    } else {
        1.0
    };
    shade(body, round * lower * (0.95 + 0.1 * chance("tiles", x / 16, y / 16)))
}

/// A curtain wall: two floors of four panes, a band below each.
fn glass(x: usize, y: usize) -> Color {
    let (column, floor, down) = (x / 32, y / 64, y % 64);
    if x % 32 < 2 || down < 2 || (46..48).contains(&down) {
        return [74.0, 84.0, 92.0];
    }
    let tone = 0.94 + 0.12 * chance("glass", column, floor);
    if down >= 48 {
        return shade([70.0, 96.0, 114.0], tone);
    }
    let sky = blend([150.0, 186.0, 206.0], [98.0, 138.0, 164.0], (down / 4) as f64 / 12.0);
    shade(sky, tone)
}

/// A bay of a wall with its window.
fn facade(x: usize, y: usize) -> Color {
    let wall = [212.0, 202.0, 186.0];
    let inside =
        |x0: usize, x1: usize, y0: usize, y1: usize| (x0..x1).contains(&x) && (y0..y1).contains(&y);
    if inside(32, 96, 26, 92) {
        if inside(36, 92, 30, 88) && !(62..66).contains(&x) && !(44..47).contains(&y) {
            return blend([126.0, 158.0, 180.0], [70.0, 96.0, 118.0], (y / 4) as f64 / 22.0);
        }
        return [236.0, 234.0, 228.0];
    }
    if inside(28, 100, 92, 97) {
        return [184.0, 174.0, 158.0];
    }
    if y >= 122 { shade(wall, 0.9) } else { wall }
}

/// A bay of a hall: columns, a painted beam, four leaves with lattice above and panels below.
fn lattice(x: usize, y: usize) -> Color {
    let (red, dark) = ([150.0, 44.0, 34.0], [92.0, 26.0, 22.0]);
    if !(10..118).contains(&x) {
        let from_edge = x.min(127 - x) as f64;
        return shade(red, 1.15 - from_edge * 0.04);
    }
    if y < 18 {
        let blue = (x / 9).is_multiple_of(2);
        return match y {
            0 | 1 | 16 | 17 => [196.0, 160.0, 70.0],
            _ if blue => [48.0, 92.0, 132.0],
            _ => [58.0, 126.0, 104.0],
        };
    }
    if y < 24 {
        return dark;
    }
    let leaf = (x - 10) % 27;
    if !(2..=24).contains(&leaf) || y > 122 {
        return dark;
    }
    if y >= 86 {
        let panel = (5..22).contains(&leaf) && (92..116).contains(&y);
        return if panel { shade(red, 1.12) } else { red };
    }
    let grid = (leaf - 2).is_multiple_of(5) || (y - 24).is_multiple_of(6);
    if grid { shade(red, 0.85) } else { [214.0, 188.0, 138.0] }
}

/// Rows of seats with their steps.
fn seats(x: usize, y: usize) -> Color {
    if y % 32 >= 20 || x % 16 < 2 {
        return [188.0, 188.0, 184.0];
    }
    let white = chance("seats", x / 16, y / 32) > 0.8;
    if white { [232.0, 234.0, 236.0] } else { [52.0, 102.0, 168.0] }
}
