//! A building site: a parcel that remembers what has been placed on it, so that nothing overlaps.

use crate::blocks::Side;
use crate::geom::{Pt, Ring, bounds, contains, edges, pt};
use crate::graph::Class;
use crate::rng::Rng;
use crate::shape::{apart, clear_of_edges};

/// What a building is, before it has an address.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Outline, counter-clockwise.
    pub ring: Ring,
    /// Courtyards, clockwise.
    pub holes: Vec<Ring>,
    /// Use, as the housing register writes it.
    pub usage: &'static str,
    /// Floors above ground.
    pub floors: u16,
    /// Height in metres.
    pub height: f64,
    /// Load-bearing structure.
    pub structure: &'static str,
    /// Roof shape, in the words of OpenStreetMap's Simple 3D Buildings.
    pub roof: &'static str,
    /// Height of the roof alone in metres, part of the height; 0 for flat ones.
    pub roof_height: f64,
    /// Height in metres at which it begins: 0 but for canopies.
    pub min_height: f64,
    /// Whether it marks the skyline.
    pub landmark: bool,
    /// Year of completion.
    pub year: u16,
    /// Own name, or a number within the compound.
    pub name: String,
}

/// A parcel under construction.
#[derive(Debug)]
pub struct Site<'a> {
    /// Outline.
    pub ring: &'a [Pt],
    /// Water in it.
    pub ponds: &'a [Ring],
    /// The street along each edge.
    pub sides: &'a [Option<Side>],
    /// Its own random stream.
    pub rng: Rng,
    /// Direction that slabs run along, in radians from east.
    pub angle: f64,
    /// What stands.
    pub drafts: Vec<Draft>,
    keep_free: Vec<Ring>,
}

impl<'a> Site<'a> {
    /// Opens a site.
    pub fn new(ring: &'a [Pt], ponds: &'a [Ring], sides: &'a [Option<Side>], rng: Rng) -> Self {
        let angle = facing(ring);
        Self { ring, ponds, sides, rng, angle, drafts: Vec::new(), keep_free: Vec::new() }
    }

    /// Tells whether a shape fits: `edge` metres from the parcel's border and `gap` from all that stands.
    pub fn fits(&self, shape: &[Pt], edge: f64, gap: f64) -> bool {
        shape.iter().all(|p| contains(self.ring, *p))
            && clear_of_edges(shape, self.ring, edge)
            && self.ponds.iter().all(|w| apart(shape, w, gap.max(5.0)))
            && self.keep_free.iter().all(|k| apart(shape, k, 1.0))
            && self.drafts.iter().all(|d| apart(shape, &d.ring, gap))
    }

    /// Keeps an area free of buildings.
    pub fn reserve(&mut self, ring: Ring) {
        self.keep_free.push(ring);
    }

    /// Returns the parcel's box in the frame of `angle`: low and high corner.
    pub fn frame(&self, angle: f64) -> (Pt, Pt) {
        let turned: Vec<Pt> = self.ring.iter().map(|p| p.turn(-angle)).collect();
        bounds(&turned)
    }

    /// Places slabs in rows from south to north. A name that begins with 号 gets its number.
    pub fn rows(&mut self, rows: &Rows, draft: &mut dyn FnMut(&mut Rng, f64, f64) -> Draft) {
        let angle = self.angle;
        let (lo, hi) = self.frame(angle);
        let mut number = 0;
        let mut y = lo.y + rows.edge + rows.depth / 2.0 + self.rng.range(0.0, 3.0);
        while y < hi.y - rows.edge {
            let mut x =
                lo.x + rows.edge + if rows.stagger { self.rng.range(0.0, 14.0) } else { 0.0 };
            while x < hi.x - rows.edge {
                let long = self.rng.range(rows.long.0, rows.long.1).round();
                let mut d = draft(&mut self.rng, long, rows.depth);
                let center =
                    pt(x + long / 2.0, y + self.rng.range(-rows.jitter, rows.jitter)).turn(angle);
                d.ring = crate::geom::place(&d.ring, center, angle);
                d.holes = d.holes.iter().map(|h| crate::geom::place(h, center, angle)).collect();
                if self.rng.chance(rows.fill) && self.fits(&d.ring, rows.edge, rows.gap) {
                    if d.name.starts_with('号') {
                        number += 1;
                        d.name = format!("{number}{}", d.name);
                    }
                    self.drafts.push(d);
                    x += long + rows.gap + self.rng.range(0.0, rows.loose);
                } else {
                    x += rows.step;
                }
            }
            y += rows.pitch + self.rng.range(0.0, rows.jitter);
        }
    }

    /// Lines the streets of at least a class with buildings.
    pub fn frontage(&mut self, front: &Frontage, draft: &mut dyn FnMut(&mut Rng) -> Draft) {
        for (i, (a, b)) in edges(self.ring).enumerate().collect::<Vec<_>>() {
            let Some(side) = self.sides[i] else { continue };
            if side.class > front.class || side.class == Class::Expressway {
                continue;
            }
            let (dir, long) = ((b - a).unit(), (b - a).len());
            let angle = libm::atan2(dir.y, dir.x);
            let mut s = front.corner;
            while s + front.long.0 < long - front.corner {
                let w = self.rng.range(front.long.0, front.long.1).min(long - front.corner - s);
                let depth = self.rng.range(front.depth.0, front.depth.1);
                let center = a + dir * (s + w / 2.0) + dir.left() * (front.setback + depth / 2.0);
                let ring = crate::geom::rect(center, w, depth, angle);
                if self.rng.chance(front.fill)
                    && self.fits(&ring, front.setback - 0.4, front.gap - 0.05)
                {
                    let mut d = draft(&mut self.rng);
                    d.ring = ring;
                    self.drafts.push(d);
                    s += w + front.gap;
                } else {
                    s += w * 0.5 + 3.0;
                }
            }
        }
    }

    /// Places one building if it fits.
    pub fn put(&mut self, mut draft: Draft, center: Pt, angle: f64, edge: f64, gap: f64) -> bool {
        draft.ring = crate::geom::place(&draft.ring, center, angle);
        draft.holes = draft.holes.iter().map(|h| crate::geom::place(h, center, angle)).collect();
        let fine = self.fits(&draft.ring, edge, gap);
        if fine {
            self.drafts.push(draft);
        }
        fine
    }
}

/// How rows of slabs are laid out, in metres.
#[derive(Clone, Copy, Debug)]
pub struct Rows {
    /// Shortest and longest slab.
    pub long: (f64, f64),
    /// Depth of a slab.
    pub depth: f64,
    /// From row to row.
    pub pitch: f64,
    /// Between slabs of a row.
    pub gap: f64,
    /// From the parcel's border.
    pub edge: f64,
    /// How far slabs stand off their row.
    pub jitter: f64,
    /// Further gap at random.
    pub loose: f64,
    /// How far to move on where a slab does not fit.
    pub step: f64,
    /// Share of the places that is built on.
    pub fill: f64,
    /// Whether rows begin at different places.
    pub stagger: bool,
}

/// How a street is lined, in metres.
#[derive(Clone, Copy, Debug)]
pub struct Frontage {
    /// The least street that is lined.
    pub class: Class,
    /// Shortest and longest building.
    pub long: (f64, f64),
    /// Least and greatest depth.
    pub depth: (f64, f64),
    /// From the building line.
    pub setback: f64,
    /// Between buildings.
    pub gap: f64,
    /// From the corner of the parcel.
    pub corner: f64,
    /// Share that is built on.
    pub fill: f64,
}

/// The direction nearest to east-west that a parcel's borders suggest, so that slabs face south.
pub fn facing(ring: &[Pt]) -> f64 {
    let (mut sum, mut weight) = (0.0, 0.0);
    for (a, b) in edges(ring) {
        let d = if b.x >= a.x { b - a } else { a - b };
        let t = libm::atan2(d.y, d.x);
        if t.abs() < 0.42 {
            sum += t * d.len();
            weight += d.len();
        }
    }
    if weight > 0.0 { (sum / weight).clamp(-0.26, 0.26) } else { crate::plan::TURN }
}
