//! Halls in tiers under curved roofs, pagodas, and the gates they stand on.

use super::skin::Skin;
use super::solid::{Band, Openings, Place, Solid, Surface};

/// The outline of a hall.
#[derive(Clone, Copy, Debug)]
pub(super) enum Plan {
    /// A rectangle: width, depth, and the bays of each.
    Rect { size: [f64; 2], bays: [usize; 2] },
    /// A regular polygon: corners, distance of the sides from the middle, bays of a side.
    Even { sides: usize, reach: f64, bays: usize },
}

/// A storey: its walls and the roof around its top.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tier {
    /// Height of the walls.
    pub(super) wall: f64,
    /// How far the eaves reach out.
    pub(super) eaves: f64,
    /// Height of the roof.
    pub(super) rise: f64,
    /// How far the next storey stands back.
    pub(super) back: f64,
}

/// The uppermost roof.
#[derive(Clone, Copy, Debug)]
pub(super) enum Crown {
    /// Hips below, a gable above (歇山): height.
    Gable(f64),
    /// All slopes meet below a finial (攒尖): height of the roof, and of the finial.
    Point(f64, f64),
}

/// A hall.
#[derive(Clone, Debug)]
pub(super) struct Hall {
    pub(super) plan: Plan,
    pub(super) z: f64,
    pub(super) tiers: Vec<Tier>,
    pub(super) crown: Crown,
    pub(super) tiles: Skin,
    pub(super) walls: Skin,
}

/// Thickness of the eaves.
const EDGE: f64 = 0.35;

impl Plan {
    /// Draws the outline moved outward; its corners are lifted.
    fn ring(self, out: f64, z: f64, lift: f64) -> Vec<Place> {
        let (corners, bays): (Vec<[f64; 2]>, [usize; 2]) = match self {
            Plan::Rect { size: [w, d], bays } => {
                let (x, y) = (w / 2.0 + out, d / 2.0 + out);
                (vec![[-x, -y], [x, -y], [x, y], [-x, y]], bays)
            }
            Plan::Even { sides, reach, bays } => {
                let part = std::f64::consts::PI / sides as f64;
                let r = (reach + out) / libm::cos(part);
                let corner = |k: usize| {
                    let t = part * (2 * k) as f64 - std::f64::consts::FRAC_PI_2 - part;
                    [r * libm::cos(t), r * libm::sin(t)]
                };
                ((0..sides).map(corner).collect(), [bays; 2])
            }
        };
        let mut ring = Vec::new();
        for (k, a) in corners.iter().enumerate() {
            let b = corners[(k + 1) % corners.len()];
            let n = bays[k % 2];
            for i in 0..n {
                let t = i as f64 / n as f64;
                let edge = (2.0 * t - 1.0).abs();
                let rise = lift * edge * edge * edge;
                ring.push([a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]), z + rise]);
            }
        }
        ring
    }

    fn smaller(self, back: f64) -> Self {
        match self {
            Plan::Rect { size: [w, d], bays } => {
                Plan::Rect { size: [w - 2.0 * back, d - 2.0 * back], bays }
            }
            Plan::Even { sides, reach, bays } => Plan::Even { sides, reach: reach - back, bays },
        }
    }

    /// Half of the smaller width.
    fn half(self) -> f64 {
        match self {
            Plan::Rect { size: [w, d], .. } => w.min(d) / 2.0,
            Plan::Even { reach, .. } => reach,
        }
    }
}

impl Hall {
    /// Builds it, with windows and doors cut into the walls if wanted.
    pub(super) fn build(&self, openings: Option<Openings>) -> Solid {
        let (mut rings, mut bands) = (Vec::new(), Vec::new());
        let tiles = Band { gable: Some(Skin::Red), ..Band::new(Surface::Roof, self.tiles) };
        let mut plan = self.plan;
        let mut z = self.z;
        for (k, tier) in self.tiers.iter().enumerate() {
            let lift = 0.28 * tier.eaves;
            rings.push(plan.ring(0.0, z, 0.0));
            let skin = if openings.is_some() { Skin::Red } else { self.walls };
            let skin =
                if openings.is_some() && self.walls == Skin::Brick { Skin::Plaster } else { skin };
            bands.push(Band { openings, ..Band::new(Surface::Wall, skin) });
            z += tier.wall;
            rings.push(plan.ring(0.0, z, 0.0));
            bands.push(Band::new(Surface::Ceiling, Skin::Red));
            z -= 0.12 * tier.eaves;
            rings.push(plan.ring(tier.eaves, z, lift));
            bands.push(Band::new(Surface::Roof, Skin::Slate));
            z += EDGE;
            rings.push(plan.ring(tier.eaves, z, lift));
            if k + 1 == self.tiers.len() {
                break;
            }
            // A roof around the storey: steeper towards its top.
            let across = tier.eaves + tier.back;
            bands.push(tiles);
            rings.push(plan.ring(tier.eaves - 0.5 * across, z + 0.36 * tier.rise, 0.2 * lift));
            bands.push(tiles);
            z += tier.rise;
            plan = plan.smaller(tier.back);
        }
        let out = self.tiers.last().map_or(0.0, |tier| tier.eaves);
        let (mut solid, lift) = (Solid::default(), 0.28 * out);
        let half = plan.half() + out;
        match (self.crown, plan) {
            (Crown::Gable(rise), Plan::Rect { size: [w, d], bays }) => {
                let inset = 0.42 * half;
                for (part, height) in [(0.5, 0.14), (1.0, 0.36)] {
                    bands.push(tiles);
                    let lift = if part < 1.0 { 0.25 * lift } else { 0.0 };
                    rings.push(plan.ring(out - part * inset, z + height * rise, lift));
                }
                bands.push(tiles);
                // The ridge: what is north and south of it falls together, the ends to points.
                let (x, y) = (w / 2.0 + out - inset, d / 2.0 + out - inset);
                let ridge = Plan::Rect { size: [2.0 * x, 2.0 * y], bays };
                let top = ridge.ring(0.0, z + rise, 0.0);
                rings.push(top.iter().map(|p| [p[0], 0.0, p[2]]).collect());
            }
            (Crown::Gable(rise) | Crown::Point(rise, _), _) => {
                let finial = if let Crown::Point(_, finial) = self.crown { finial } else { 1.0 };
                for (left, height, lift) in
                    [(0.62, 0.2, 0.2 * lift), (0.3, 0.52, 0.0), (0.06, 1.0, 0.0)]
                {
                    bands.push(tiles);
                    rings.push(plan.ring(left * half - plan.half(), z + height * rise, lift));
                }
                z += rise;
                let gold = Band::new(Surface::Roof, Skin::Gold);
                let foot = 0.06 * half;
                for (radius, height) in
                    [(1.5, 0.1), (1.6, 0.22), (0.8, 0.34), (1.25, 0.46), (0.6, 0.6), (0.8, 0.7)]
                {
                    bands.push(gold);
                    rings.push(plan.ring(radius * foot - plan.half(), z + height * finial, 0.0));
                }
                bands.push(gold);
                rings.push(plan.ring(-plan.half(), z + finial, 0.0));
            }
        }
        solid.bottom(&rings[0]);
        solid.loft(&rings, &bands);
        solid
    }
}

/// A bastion with vaulted passages from front to back: width, depth, height of the deck.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bastion {
    pub(super) size: [f64; 3],
    /// Passages: middle, half width, height where the vault begins.
    pub(super) passages: &'static [[f64; 3]],
    /// Height and thickness of the parapet.
    pub(super) parapet: [f64; 2],
}

impl Bastion {
    pub(super) fn build(&self) -> Solid {
        let [w, d, h] = self.size;
        let [x, y] = [w / 2.0, d / 2.0];
        let top = h + self.parapet[0];
        let mut profile = vec![[-x, 0.0]];
        for [middle, half, spring] in self.passages {
            profile.push([middle - half, 0.0]);
            for k in 0..=12 {
                let t = std::f64::consts::PI * (1.0 - f64::from(k) / 12.0);
                profile.push([middle + half * libm::cos(t), spring + half * libm::sin(t)]);
            }
            profile.push([middle + half, 0.0]);
        }
        profile.extend([[x, 0.0], [x, top], [-x, top]]);
        let on_ground = |p: [f64; 2], q: [f64; 2]| p[1] == 0.0 && q[1] == 0.0;
        let mut solid = Solid::default();
        solid.sweep(&profile, [-y, y], Skin::Brick, |p, q| match () {
            () if on_ground(p, q) => Some((Surface::Ground, Skin::Concrete)),
            () if p[1] == top && q[1] == top => None,
            () if (p[0] - q[0]).abs() < 1e-9 => Some((Surface::Wall, Skin::Brick)),
            () => Some((Surface::Ceiling, Skin::Brick)),
        });
        let ring = |x: f64, y: f64, z: f64| vec![[-x, -y, z], [x, -y, z], [x, y, z], [-x, y, z]];
        let thick = self.parapet[1];
        let inner = ring(x - thick, y - thick, top);
        let deck = ring(x - thick, y - thick, h);
        let hole = inner.iter().rev().copied().collect();
        solid.face(&[ring(x, y, top), hole], Surface::Roof, Skin::Stone);
        solid.loft(&[inner, deck.clone()], &[Band::new(Surface::Wall, Skin::Brick)]);
        solid.face(&[deck], Surface::Floor, Skin::Stone);
        solid
    }
}
