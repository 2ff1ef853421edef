//! Buildings of our time: towers of glass and concrete, shells, wedges, domes, rings.

use std::f64::consts::{FRAC_PI_2, TAU};

use super::skin::Skin;
use super::solid::{Band, Openings, Place, Solid, Surface};
use crate::geom::{Pt, Ring, pt};

/// Draws an ellipse.
pub(super) fn oval(a: f64, b: f64, n: usize) -> Ring {
    (0..n)
        .map(|k| {
            let t = TAU * k as f64 / n as f64 - FRAC_PI_2;
            pt(a * libm::cos(t), b * libm::sin(t))
        })
        .collect()
}

fn lift(ring: &[Pt], z: f64) -> Vec<Place> {
    ring.iter().map(|p| [p.x, p.y, z]).collect()
}

/// A profile turned about its axis: each `[radius, z]` with what leads to the next.
fn turned(profile: &[(f64, f64, Band)], n: usize) -> Solid {
    let rings: Vec<Vec<Place>> =
        profile.iter().map(|(r, z, _)| lift(&oval(*r, *r, n), *z)).collect();
    let bands: Vec<Band> = profile[..profile.len() - 1].iter().map(|p| p.2).collect();
    let mut solid = Solid::default();
    solid.bottom(&rings[0]);
    solid.loft(&rings, &bands);
    solid
}

/// The television tower: a shaft, two pods, a mast.
pub(super) fn television_tower() -> Solid {
    let concrete = Band::round(Surface::Wall, Skin::Concrete);
    let (glass, metal) =
        (Band::round(Surface::Wall, Skin::Glass), Band::round(Surface::Roof, Skin::Metal));
    let under = Band::round(Surface::Ceiling, Skin::Metal);
    let red = Band::round(Surface::Wall, Skin::Red);
    let mut profile = Vec::new();
    for k in 0..=8 {
        let t = f64::from(k) / 8.0;
        profile.push((4.2 + 9.3 * (1.0 - t) * (1.0 - t) * (1.0 - t), 118.0 * t, concrete));
    }
    let last = profile.len() - 1;
    profile[last].2 = under;
    profile.extend([
        (10.5, 124.0, under),
        (14.5, 129.0, glass),
        (15.6, 134.0, glass),
        (14.5, 139.0, metal),
        (10.0, 143.5, metal),
        (3.6, 146.0, concrete),
        (2.9, 182.0, under),
        (6.6, 186.0, glass),
        (6.6, 192.0, metal),
        (2.0, 196.0, concrete),
        (1.6, 214.0, red),
        (1.2, 226.0, Band::round(Surface::Wall, Skin::Plaster)),
        (0.9, 238.0, red),
        (0.6, 252.0, Band::round(Surface::Wall, Skin::Plaster)),
        (0.35, 262.0, red),
        (0.0, 268.0, red),
    ]);
    turned(&profile, 24)
}

/// A sphere of metal and glass that rests in a ring of glass: the science museum.
pub(super) fn dome() -> Solid {
    let (glass, metal) =
        (Band::round(Surface::Wall, Skin::Glass), Band::round(Surface::Roof, Skin::Metal));
    let mut profile = vec![
        (24.0, 0.0, Band::round(Surface::Wall, Skin::Facade)),
        (24.0, 8.0, Band::round(Surface::Roof, Skin::Stone)),
    ];
    let radius = 18.0;
    for k in 0..=8 {
        let t = -0.25 + (FRAC_PI_2 + 0.25) * f64::from(k) / 8.0;
        let (r, z) = (radius * libm::cos(t), 12.5 + radius * libm::sin(t));
        profile.push((if k == 8 { 0.0 } else { r }, z, if k < 3 { glass } else { metal }));
    }
    turned(&profile, 32)
}

/// A tower whose square plan with cut corners turns as it rises.
pub(super) fn twisted(side: f64, [z0, z1]: [f64; 2], turn: f64) -> Solid {
    let levels = 16;
    let c = side * 0.12;
    let half = side / 2.0;
    let plan = [
        pt(-half + c, -half),
        pt(half - c, -half),
        pt(half, -half + c),
        pt(half, half - c),
        pt(half - c, half),
        pt(-half + c, half),
        pt(-half, half - c),
        pt(-half, -half + c),
    ];
    let rings: Vec<Vec<Place>> = (0..=levels)
        .map(|k| {
            let t = f64::from(k) / f64::from(levels);
            let slim = 1.0 - 0.22 * t * t;
            let ring: Ring = plan.iter().map(|p| (*p * slim).turn(turn * t)).collect();
            lift(&ring, z0 + (z1 - z0) * t)
        })
        .collect();
    let mut solid = Solid::default();
    solid.bottom(&rings[0]);
    solid.loft(&rings, &vec![Band::round(Surface::Wall, Skin::Glass); rings.len() - 1]);
    solid.face(&[rings[rings.len() - 1].clone()], Surface::Roof, Skin::Slate);
    solid
}

/// The arena: stands under a roof that leaves the field open.
pub(super) fn arena() -> Solid {
    let [a, b] = [50.0, 42.0];
    let metal = Band::round(Surface::Roof, Skin::Metal);
    let profile = [
        (0.0, 0.0, Band::round(Surface::Wall, Skin::Glass)),
        (2.0, 7.0, Band::round(Surface::Wall, Skin::Metal)),
        (3.5, 15.0, metal),
        (0.0, 19.0, metal),
        (-9.0, 20.0, metal),
        (-18.0, 17.5, Band::round(Surface::Ceiling, Skin::Metal)),
        (-18.0, 17.1, Band::round(Surface::Ceiling, Skin::Plaster)),
        (-4.0, 15.0, Band::round(Surface::Floor, Skin::Seats)),
        (-13.0, 8.0, Band::round(Surface::Floor, Skin::Stone)),
        (-14.0, 8.0, Band::round(Surface::Floor, Skin::Seats)),
        (-23.0, 2.0, Band::round(Surface::Wall, Skin::Plaster)),
        (-23.0, 0.0, Band::round(Surface::Ground, Skin::Concrete)),
        (0.0, 0.0, metal),
    ];
    let rings: Vec<Vec<Place>> =
        profile.iter().map(|(out, z, _)| lift(&oval(a + out, b + out, 48), *z)).collect();
    let bands: Vec<Band> = profile[..profile.len() - 1].iter().map(|p| p.2).collect();
    let mut solid = Solid::default();
    solid.loft(&rings, &bands);
    solid
}

/// A ring-shaped block: the arena from afar.
pub(super) fn ring_block(outer: [f64; 2], inner: [f64; 2], z: f64) -> Solid {
    let ring = |[a, b]: [f64; 2], z: f64| lift(&oval(a, b, 24), z);
    let rings =
        [ring(outer, 0.0), ring(outer, z), ring(inner, z), ring(inner, 0.0), ring(outer, 0.0)];
    let mut solid = Solid::default();
    let bands = [
        Band::round(Surface::Wall, Skin::Concrete),
        Band::round(Surface::Roof, Skin::Plaster),
        Band::round(Surface::Wall, Skin::Concrete),
        Band::round(Surface::Ground, Skin::Concrete),
    ];
    solid.loft(&rings, &bands);
    solid
}

/// A shell of the opera house: half of its width, height and length. It opens to the front and leans over it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shell {
    pub(super) half: f64,
    pub(super) height: f64,
    pub(super) length: f64,
    /// Where its mouth stands: x, y, z, and whether it opens to the back.
    pub(super) at: [f64; 3],
    pub(super) back: bool,
}

impl Shell {
    pub(super) fn build(&self) -> Solid {
        let (steps, points) = (8, 7);
        let section = |k: usize| -> Vec<Place> {
            let t = k as f64 / steps as f64;
            let w = self.half * libm::pow(libm::sin(t * FRAC_PI_2), 0.8);
            let h = self.height * libm::pow(t, 1.15);
            let y = self.length * (1.0 - t);
            (0..=2 * points)
                .map(|j| {
                    let side = if j < points { -1.0 } else { 1.0 };
                    let u = 1.0 - (j as f64 / points as f64 - 1.0).abs();
                    let rise = libm::sin(u * 0.75 * FRAC_PI_2) / libm::sin(0.75 * FRAC_PI_2);
                    let (x, z) = (side * w * libm::cos(u * FRAC_PI_2), h * rise);
                    self.place([if j == points { 0.0 } else { x }, y - 0.42 * t * z, z])
                })
                .collect()
        };
        let sections: Vec<Vec<Place>> = (0..=steps).map(section).collect();
        let mut solid = Solid::default();
        // The band runs across the ridge, so that seams run up to it.
        for pair in sections.windows(2) {
            for j in 0..2 * points {
                let corners = [pair[0][j], pair[1][j], pair[1][j + 1], pair[0][j + 1]];
                for triangle in [[0, 1, 2], [0, 2, 3]] {
                    let [a, b, c] = triangle.map(|i| corners[i]);
                    if a != b && b != c && c != a {
                        solid.face(&[vec![a, b, c]], Surface::Roof, Skin::Plaster);
                    }
                }
            }
        }
        let mouth = &sections[steps];
        solid.face(&[mouth.iter().rev().copied().collect()], Surface::Wall, Skin::Glass);
        let left = sections[1..].iter().rev().map(|s| s[0]);
        let right = sections[1..].iter().map(|s| s[2 * points]);
        let ground: Vec<Place> = left.chain([sections[0][0]]).chain(right).collect();
        solid.face(&[ground], Surface::Ground, Skin::Concrete);
        solid
    }

    fn place(&self, [x, y, z]: Place) -> Place {
        let [ax, ay, az] = self.at;
        if self.back { [ax - x, ay - y, az + z] } else { [ax + x, ay + y, az + z] }
    }
}

/// A wall of windows: so many to each face, which take a share of its width; doors in some.
pub(super) fn windows(across: usize, share: f64, doors: [usize; 2]) -> Openings {
    Openings { across, share: [share, 0.6], sill: 0.18, skin: Skin::Pane, every: (0, 1), doors }
}

/// A block of the museum: its plan, and a roof that slopes towards `fall` from `high` by `slope`.
pub(super) fn wedge(
    plan: &[Pt],
    high: f64,
    fall: Pt,
    slope: f64,
    openings: Option<Openings>,
) -> Solid {
    let fall = fall.unit();
    let first = plan.iter().map(|p| p.dot(fall)).fold(f64::MAX, f64::min);
    let wall = Band { openings, ..Band::new(Surface::Wall, Skin::Stone) };
    Solid::prism(plan, 0.0, &|p| high - slope * (p.dot(fall) - first), wall, Skin::Slate)
}

/// The exhibition hall: a saw-tooth roof whose upright sides are of glass.
pub(super) fn sawtooth(width: f64, depth: f64, teeth: usize) -> Solid {
    let (x, step) = (width / 2.0, width / teeth as f64);
    let mut profile = vec![[-x, 0.0], [x, 0.0]];
    for k in (0..teeth).rev() {
        let left = -x + step * k as f64;
        profile.extend([[left + step, 10.0], [left, 15.5]]);
    }
    let mut solid = Solid::default();
    solid.sweep(&profile, [-depth / 2.0, depth / 2.0], Skin::Facade, |p, q| {
        let upright = (p[0] - q[0]).abs() < 1e-9;
        Some(match () {
            () if p[1] == 0.0 && q[1] == 0.0 => (Surface::Ground, Skin::Concrete),
            () if upright && p[1].max(q[1]) > 12.0 && p[1].min(q[1]) > 0.0 => {
                (Surface::Window, Skin::Glass)
            }
            () if upright => (Surface::Wall, Skin::Facade),
            () => (Surface::Roof, Skin::Metal),
        })
    });
    solid
}

/// A box of the library: its middle, size, turn, and heights.
pub(super) fn storey_box(
    at: Pt,
    size: [f64; 2],
    turn: f64,
    [z0, z1]: [f64; 2],
    openings: Option<Openings>,
) -> Solid {
    let ring = crate::geom::rect(at, size[0], size[1], turn);
    let skin = if openings.is_some() { Skin::Stone } else { Skin::Facade };
    let wall = Band { openings, ..Band::new(Surface::Wall, skin) };
    Solid::prism(&ring, z0, &|_| z1, wall, Skin::Stone)
}
