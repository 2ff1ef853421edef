//! Closed shapes of planar faces, each with its kind of surface, its skin and the skin's coordinates.

use super::skin::{Fit, Skin};
use crate::geom::Pt;

/// A place in metres: x to the right of the front, y behind it, z up from the ground.
pub type Place = [f64; 3];

/// What a face is in the words of CityJSON 2.0 (clause 3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Surface {
    /// Where it stands on the ground, or on another part.
    Ground,
    /// Outer wall.
    Wall,
    /// Roof.
    Roof,
    /// Window.
    Window,
    /// Door.
    Door,
    /// Floor under the sky: decks, stands.
    Floor,
    /// Ceiling seen from outside: eaves, vaults.
    Ceiling,
}

impl Surface {
    /// Returns the name that CityJSON has for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ground => "GroundSurface",
            Self::Wall => "WallSurface",
            Self::Roof => "RoofSurface",
            Self::Window => "Window",
            Self::Door => "Door",
            Self::Floor => "OuterFloorSurface",
            Self::Ceiling => "OuterCeilingSurface",
        }
    }
}

/// A planar face: an outer ring, counter-clockwise seen from outside, and holes, clockwise; each corner with the
/// place in the skin's picture, u to the right and v up, one for each repeat.
#[derive(Clone, Debug)]
pub struct Face {
    /// Rings of corners, not closed.
    pub rings: Vec<Vec<(Place, [f64; 2])>>,
    /// What it is.
    pub surface: Surface,
    /// What it looks like.
    pub skin: Skin,
}

/// A closed shape: its faces share all their edges.
#[derive(Clone, Debug, Default)]
pub struct Solid {
    /// Its faces.
    pub faces: Vec<Face>,
}

/// What the faces between two rings of a [`Solid::loft`] are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Band {
    pub(super) surface: Surface,
    pub(super) skin: Skin,
    /// Wraps pictures around the whole ring instead of face by face, for round shapes.
    pub(super) round: bool,
    /// What upright faces of a roof are: gables.
    pub(super) gable: Option<Skin>,
    pub(super) openings: Option<Openings>,
}

/// Windows and doors in the upright faces of a band.
#[derive(Clone, Copy, Debug)]
pub(super) struct Openings {
    /// Windows in each face.
    pub(super) across: usize,
    /// Share of the width and of the height that they take.
    pub(super) share: [f64; 2],
    /// Share of the height below them.
    pub(super) sill: f64,
    pub(super) skin: Skin,
    /// Takes only every nth face from a first one on: `(first, step)`.
    pub(super) every: (usize, usize),
    /// Faces in whose middle there is a door.
    pub(super) doors: [usize; 2],
}

/// How far windows and doors lie behind the wall, metres.
const RECESS: f64 = 0.2;
/// Doors are no higher than this, metres.
const DOOR: f64 = 4.0;
/// Corners nearer than this to a plane lie in it, metres.
const PLANAR: f64 = 0.002;

impl Band {
    pub(super) fn new(surface: Surface, skin: Skin) -> Self {
        Self { surface, skin, round: false, gable: None, openings: None }
    }

    pub(super) fn round(surface: Surface, skin: Skin) -> Self {
        Self { round: true, ..Self::new(surface, skin) }
    }
}

fn minus(a: Place, b: Place) -> Place {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn plus(a: Place, b: Place, k: f64) -> Place {
    [a[0] + k * b[0], a[1] + k * b[1], a[2] + k * b[2]]
}

fn dot(a: Place, b: Place) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: Place, b: Place) -> Place {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn length(a: Place) -> f64 {
    dot(a, a).sqrt()
}

fn unit(a: Place) -> Place {
    let l = length(a);
    if l > 0.0 { [a[0] / l, a[1] / l, a[2] / l] } else { a }
}

/// Returns the unit normal of a ring (Newell's method).
fn normal(ring: &[Place]) -> Place {
    let sum = (0..ring.len()).fold([0.0; 3], |sum, i| {
        plus(sum, cross(minus(ring[i], ring[0]), minus(ring[(i + 1) % ring.len()], ring[0])), 1.0)
    });
    unit(sum)
}

/// Returns the directions of a face's picture: to the right, and up the slope.
fn axes(n: Place) -> (Place, Place) {
    if n[2].abs() > 0.999 {
        return ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]);
    }
    let right = unit(cross([0.0, 0.0, 1.0], n));
    (right, cross(n, right))
}

/// Whole repeats over a length.
fn whole(length: f64, tile: f64) -> f64 {
    (length / tile).round().max(1.0)
}

/// Leaves out corners that repeat the one before them.
fn distinct(corners: &[(Place, [f64; 2])]) -> Vec<(Place, [f64; 2])> {
    let near = |a: Place, b: Place| length(minus(a, b)) < 1e-6;
    let mut out: Vec<(Place, [f64; 2])> = Vec::with_capacity(corners.len());
    for c in corners {
        if !out.last().is_some_and(|last| near(last.0, c.0)) {
            out.push(*c);
        }
    }
    while out.len() > 1 && near(out[0].0, out[out.len() - 1].0) {
        out.pop();
    }
    out
}

impl Solid {
    /// Adds a face with its own coordinates: its picture begins at its first corner, or fills it a whole number of times.
    pub(super) fn face(&mut self, rings: &[Vec<Place>], surface: Surface, skin: Skin) {
        let outer = &rings[0];
        let (right, up) = axes(normal(outer));
        let flat = |p: Place| [dot(minus(p, outer[0]), right), dot(minus(p, outer[0]), up)];
        let (mut low, mut high) = ([f64::MAX; 2], [f64::MIN; 2]);
        for p in outer {
            for (i, x) in flat(*p).into_iter().enumerate() {
                (low[i], high[i]) = (low[i].min(x), high[i].max(x));
            }
        }
        let look = skin.look();
        let scale = [0, 1].map(|i| {
            let extent = high[i] - low[i];
            match look.fit {
                Fit::Whole if extent > 0.0 => whole(extent, look.tile[i]) / extent,
                _ => 1.0 / look.tile[i],
            }
        });
        let place = |p: &Place| {
            let q = flat(*p);
            (*p, [(q[0] - low[0]) * scale[0], (q[1] - low[1]) * scale[1]])
        };
        let rings = rings.iter().map(|ring| ring.iter().map(place).collect()).collect();
        self.faces.push(Face { rings, surface, skin });
    }

    /// Adds the faces between rings of equally many corners, counter-clockwise seen from above, each band from one
    /// ring to the next: upwards on the outside. Corners may fall together. Does not close the ends.
    pub(super) fn loft(&mut self, rings: &[Vec<Place>], bands: &[Band]) {
        let mut risen = 0.0;
        for (k, band) in bands.iter().enumerate() {
            let (a, b) = (&rings[k], &rings[k + 1]);
            let n = a.len();
            let rise = (0..n).map(|i| length(minus(b[i], a[i]))).sum::<f64>() / n as f64;
            let look = band.skin.look();
            // The longer of two rings says how far it is around.
            let around = |ring: &[Place]| -> Vec<f64> {
                let mut sum = 0.0;
                let mut out = vec![0.0];
                for i in 0..n {
                    sum += length(minus(ring[(i + 1) % n], ring[i]));
                    out.push(sum);
                }
                out
            };
            let (ra, rb) = (around(a), around(b));
            let (wide, far) = if ra[n] >= rb[n] { (a, ra) } else { (b, rb) };
            let turns = whole(far[n], look.tile[0]) / far[n];
            let v = match look.fit {
                Fit::Whole => [0.0, whole(rise, look.tile[1])],
                Fit::Run => [risen / look.tile[1], (risen + rise) / look.tile[1]],
            };
            for i in 0..n {
                let j = (i + 1) % n;
                let quad = [a[i], a[j], b[j], b[i]];
                let side = far[i + 1] - far[i];
                let along = unit(minus(wide[j], wide[i]));
                let along = unit([along[0], along[1], 0.0]);
                let u = |corner: usize| match (band.round, look.fit) {
                    (true, _) => turns * if matches!(corner, 1 | 2) { far[i + 1] } else { far[i] },
                    (false, Fit::Run) => dot(quad[corner], along) / look.tile[0],
                    (false, Fit::Whole) if matches!(corner, 1 | 2) => whole(side, look.tile[0]),
                    (false, Fit::Whole) => 0.0,
                };
                let corners: Vec<(Place, [f64; 2])> =
                    (0..4).map(|c| (quad[c], [u(c), v[usize::from(c > 1)]])).collect();
                match band.openings {
                    Some(openings) if i % openings.every.1 == openings.every.0 => {
                        self.opened(quad, i, band, &openings);
                    }
                    _ => self.quad(&corners, band),
                }
            }
            risen += rise;
        }
    }

    /// Adds a face of four corners, or two of three where they do not lie in a plane.
    fn quad(&mut self, corners: &[(Place, [f64; 2])], band: &Band) {
        let corners = distinct(corners);
        if corners.len() < 3 {
            return;
        }
        let places: Vec<Place> = corners.iter().map(|c| c.0).collect();
        let n = normal(&places);
        let planar = places.iter().all(|p| dot(minus(*p, places[0]), n).abs() < PLANAR);
        let parts = if planar {
            vec![corners]
        } else {
            vec![vec![corners[0], corners[1], corners[2]], vec![corners[0], corners[2], corners[3]]]
        };
        for part in parts {
            let (surface, skin) = match band.gable {
                Some(gable) if n[2].abs() < 0.05 => (Surface::Wall, gable),
                _ => (band.surface, band.skin),
            };
            if skin == band.skin {
                self.faces.push(Face { rings: vec![part], surface, skin });
            } else {
                self.face(&[part.iter().map(|c| c.0).collect()], surface, skin);
            }
        }
    }

    /// Adds an upright wall with windows, and perhaps a door in their midst, set back into it.
    fn opened(&mut self, quad: [Place; 4], index: usize, band: &Band, openings: &Openings) {
        let inward = normal(&quad);
        let at = |s: f64, t: f64| -> Place {
            let low = plus(quad[0], minus(quad[1], quad[0]), s);
            let high = plus(quad[3], minus(quad[2], quad[3]), s);
            plus(low, minus(high, low), t)
        };
        let has_door = openings.doors.contains(&index);
        let high = length(minus(quad[3], quad[0]));
        let mut rings = vec![quad.to_vec()];
        let mut holes = Vec::new();
        for k in 0..openings.across {
            let door = has_door && k == openings.across / 2;
            let (sill, top) = match openings.sill + openings.share[1] {
                top if door => (0.02, top.min(DOOR / high)),
                top => (openings.sill, top),
            };
            let middle = (k as f64 + 0.5) / openings.across as f64;
            let half = openings.share[0] / openings.across as f64 / 2.0;
            let (left, right) = (middle - half, middle + half);
            let front = [at(left, sill), at(right, sill), at(right, top), at(left, top)];
            rings.push(front.iter().rev().copied().collect());
            holes.push((front, door));
        }
        self.face(&rings, band.surface, band.skin);
        for (front, door) in holes {
            let back = front.map(|p| plus(p, inward, -RECESS));
            for i in 0..4 {
                let j = (i + 1) % 4;
                let reveal = vec![front[i], front[j], back[j], back[i]];
                self.face(&[reveal], Surface::Wall, openings.skin.frame());
            }
            let (surface, skin) = match openings.skin {
                Skin::Lattice if door => (Surface::Door, Skin::Gate),
                skin if door => (Surface::Door, skin),
                skin => (Surface::Window, skin),
            };
            self.face(&[back.to_vec()], surface, skin);
        }
    }

    /// Closes the lower end of a loft.
    pub(super) fn bottom(&mut self, ring: &[Place]) {
        let ring = ring.iter().rev().copied().collect();
        self.face(&[ring], Surface::Ground, Skin::Concrete);
    }

    /// Adds what a profile sweeps from `y0` back to `y1`: corners `[x, z]`, counter-clockwise seen from the front. The
    /// ends are walls of a skin; what each edge makes is told, `None` leaves it open.
    pub(super) fn sweep(
        &mut self,
        profile: &[[f64; 2]],
        [y0, y1]: [f64; 2],
        ends: Skin,
        edge: impl Fn([f64; 2], [f64; 2]) -> Option<(Surface, Skin)>,
    ) {
        let at = |y: f64| move |p: &[f64; 2]| [p[0], y, p[1]];
        self.face(&[profile.iter().map(at(y0)).collect()], Surface::Wall, ends);
        self.face(&[profile.iter().rev().map(at(y1)).collect()], Surface::Wall, ends);
        for (i, p) in profile.iter().enumerate() {
            let q = profile[(i + 1) % profile.len()];
            if let Some((surface, skin)) = edge(*p, q) {
                let [f, b] = [y0, y1];
                let quad = vec![[q[0], f, q[1]], [p[0], f, p[1]], [p[0], b, p[1]], [q[0], b, q[1]]];
                self.face(&[quad], surface, skin);
            }
        }
    }

    /// Makes a block over a ring from `z0` to `z1`.
    pub(super) fn block(ring: &[Pt], [z0, z1]: [f64; 2], wall: Skin, roof: Skin) -> Self {
        Self::prism(ring, z0, &|_| z1, Band::new(Surface::Wall, wall), roof)
    }

    /// Makes a block with a roof that is a plane: `top` says how high it is at a place.
    pub(super) fn prism(
        ring: &[Pt],
        z0: f64,
        top: &dyn Fn(Pt) -> f64,
        wall: Band,
        roof: Skin,
    ) -> Self {
        let low: Vec<Place> = ring.iter().map(|p| [p.x, p.y, z0]).collect();
        let high: Vec<Place> = ring.iter().map(|p| [p.x, p.y, top(*p)]).collect();
        let mut solid = Self::default();
        solid.bottom(&low);
        solid.loft(&[low, high.clone()], &[wall]);
        solid.face(&[high], Surface::Roof, roof);
        solid
    }

    /// Returns its lowest and highest place.
    pub fn heights(&self) -> (f64, f64) {
        let corners = self.faces.iter().flat_map(|f| f.rings.iter().flatten());
        corners.fold((f64::MAX, f64::MIN), |(low, high), c| (low.min(c.0[2]), high.max(c.0[2])))
    }
}
