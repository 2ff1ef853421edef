//! Trees along the streets of the centre, in its parks and by its water.

use std::collections::BTreeMap;

use crate::city::City;
use crate::geom::{Pt, Ring, along, area, bounds, contains, dist_ring, dist_seg, pt};
use crate::graph::Class;
use crate::landmarks::Landmark;
use crate::plan::THIS_YEAR;
use crate::rng::{Rng, noise};
use crate::roads::carriageway;
use crate::zoning::{Kind, State};

/// A tree.
#[derive(Clone, Debug)]
pub struct Tree {
    /// Number.
    pub id: String,
    /// Species.
    pub species: &'static str,
    /// Height in metres.
    pub height: f64,
    /// Width of the crown in metres.
    pub crown: f64,
    /// Year of planting.
    pub planted: u16,
    /// Where it stands.
    pub at: Pt,
}

/// A species: name, height when grown, crown for each metre of height.
type Species = (&'static str, f64, f64);

const PLANE: Species = ("悬铃木", 20.0, 0.62);
const CAMPHOR: Species = ("香樟", 14.0, 0.75);
const GINKGO: Species = ("银杏", 17.0, 0.42);
const PRIVET: Species = ("女贞", 9.5, 0.62);
const PAGODA: Species = ("国槐", 14.0, 0.68);
const RAIN: Species = ("栾树", 13.0, 0.62);
const REDWOOD: Species = ("水杉", 24.0, 0.24);
const WILLOW: Species = ("垂柳", 12.0, 0.75);
const CEDAR: Species = ("雪松", 17.0, 0.5);
const CHERRY: Species = ("樱花", 6.0, 0.9);
const OSMANTHUS: Species = ("桂花", 5.0, 0.8);

/// Species along streets, and how often.
const AVENUES: [(Species, f64); 6] =
    [(PLANE, 0.26), (CAMPHOR, 0.24), (GINKGO, 0.16), (PRIVET, 0.12), (PAGODA, 0.12), (RAIN, 0.1)];
/// Species in parks, and how often.
const PARKS: [(Species, f64); 8] = [
    (CAMPHOR, 0.22),
    (GINKGO, 0.14),
    (REDWOOD, 0.14),
    (CEDAR, 0.12),
    (CHERRY, 0.12),
    (OSMANTHUS, 0.1),
    (WILLOW, 0.08),
    (RAIN, 0.08),
];

/// Trees are counted around this place, metres.
const MIDDLE: Pt = pt(250.0, 1050.0);
/// Streets are counted within this distance of it, metres.
const STREETS_WITHIN: f64 = 780.0;
/// Parks and banks are counted within this distance of it, metres.
const PARKS_WITHIN: f64 = 1300.0;
/// Between a trunk and a wall, metres.
const FROM_WALLS: f64 = 2.2;
/// Between a trunk and the edge of a carriageway, metres.
const FROM_TRAFFIC: f64 = 0.8;
/// Between a trunk and the water, metres.
const FROM_WATER: f64 = 1.5;

const CELL: f64 = 50.0;

/// What is in the way of trees, by cells.
struct Obstacles<'a> {
    city: &'a City,
    /// Outlines of buildings and landmarks.
    walls: Vec<Ring>,
    walls_at: BTreeMap<(i64, i64), Vec<usize>>,
    /// Pieces of carriageway: ends and half of the width.
    traffic: Vec<(Pt, Pt, f64)>,
    traffic_at: BTreeMap<(i64, i64), Vec<usize>>,
    trees_at: BTreeMap<(i64, i64), Vec<Pt>>,
}

fn cell(p: Pt) -> (i64, i64) {
    ((p.x / CELL).floor() as i64, (p.y / CELL).floor() as i64)
}

fn cells(points: &[Pt], reach: f64) -> impl Iterator<Item = (i64, i64)> + use<> {
    let (low, high) = bounds(points);
    let (from, to) = (cell(low - pt(reach, reach)), cell(high + pt(reach, reach)));
    (from.0..=to.0).flat_map(move |i| (from.1..=to.1).map(move |j| (i, j)))
}

impl<'a> Obstacles<'a> {
    fn new(city: &'a City) -> Self {
        let buildings = city.buildings.iter().map(|b| b.draft.ring.clone());
        let walls: Vec<Ring> =
            buildings.chain(city.landmarks.iter().map(Landmark::footprint)).collect();
        let mut walls_at: BTreeMap<(i64, i64), Vec<usize>> = BTreeMap::new();
        for (k, ring) in walls.iter().enumerate() {
            for at in cells(ring, FROM_WALLS) {
                walls_at.entry(at).or_default().push(k);
            }
        }
        let (mut traffic, mut traffic_at) = (Vec::new(), BTreeMap::<_, Vec<usize>>::new());
        for road in &city.roads {
            let half = carriageway(road.class) / 2.0;
            for w in road.line.windows(2) {
                for at in cells(w, half + FROM_TRAFFIC) {
                    traffic_at.entry(at).or_default().push(traffic.len());
                }
                traffic.push((w[0], w[1], half));
            }
        }
        Self { city, walls, walls_at, traffic, traffic_at, trees_at: BTreeMap::new() }
    }

    fn clear(&self, p: Pt) -> bool {
        let wall =
            |k: &usize| contains(&self.walls[*k], p) || dist_ring(p, &self.walls[*k]) < FROM_WALLS;
        let traffic = |k: &usize| {
            let (a, b, half) = self.traffic[*k];
            dist_seg(p, a, b) < half + FROM_TRAFFIC
        };
        let stream = |stream: &crate::plan::Stream| {
            let (across, half, _) = stream.measure(p);
            across.abs() < half + FROM_WATER
        };
        !self.walls_at.get(&cell(p)).into_iter().flatten().any(wall)
            && !self.traffic_at.get(&cell(p)).into_iter().flatten().any(traffic)
            && !stream(&self.city.network.river)
            && !stream(&self.city.network.canal)
    }

    /// Takes a place for a tree if nothing, and no tree within `apart`, is in its way.
    fn take(&mut self, p: Pt, apart: f64) -> bool {
        let near = |at: (i64, i64)| self.trees_at.get(&at).into_iter().flatten();
        let free = cells(&[p], apart).all(|at| near(at).all(|q| (*q - p).len() >= apart));
        let takes = free && self.clear(p);
        if takes {
            self.trees_at.entry(cell(p)).or_default().push(p);
        }
        takes
    }
}

/// Plants the trees.
pub fn trees(city: &City) -> Vec<Tree> {
    let mut obstacles = Obstacles::new(city);
    let mut out = Vec::new();
    streets(city, &mut obstacles, &mut out);
    parks(city, &mut obstacles, &mut out);
    banks(city, &mut obstacles, &mut out);
    out
}

fn plant(out: &mut Vec<Tree>, species: Species, planted: u16, at: Pt, rng: &mut Rng) {
    let (name, grown, spread) = species;
    let age = f64::from(THIS_YEAR.saturating_sub(planted)) + 6.0;
    let height = grown * (1.0 - libm::exp(-age / 17.0)) * rng.range(0.86, 1.14);
    let crown = height * spread * rng.range(0.88, 1.12);
    out.push(Tree {
        id: format!("T{:05}", out.len() + 1),
        species: name,
        height: (height * 10.0).round() / 10.0,
        crown: (crown * 10.0).round() / 10.0,
        planted,
        at: at.cm(),
    });
}

/// A year from `since` on: most trees are as old as their street, some came later.
fn year(since: u16, rng: &mut Rng) -> u16 {
    let since = i64::from(since.clamp(1976, THIS_YEAR - 2));
    let latest = i64::from(THIS_YEAR - 1);
    let year = if rng.chance(0.78) { since + rng.int(0, 2) } else { rng.int(since, latest) };
    year.min(latest) as u16
}

/// Rows of one species on both sides of each street.
fn streets(city: &City, obstacles: &mut Obstacles<'_>, out: &mut Vec<Tree>) {
    for (k, road) in city.roads.iter().enumerate() {
        let every = match road.class {
            Class::Primary => 10.0,
            Class::Secondary => 9.0,
            Class::Tertiary | Class::Residential => 8.0,
            _ => continue,
        };
        if road.bridge || road.state != State::Existing {
            continue;
        }
        let species = Rng::stream(city.seed, "avenues", road.street as u64).weighted(&AVENUES);
        let mut rng = Rng::stream(city.seed, "street trees", k as u64);
        let off = carriageway(road.class) / 2.0
            + if road.class == Class::Residential { 1.1 } else { 1.6 };
        let mut s = 8.0;
        while s < road.length - 8.0 {
            let (p, dir) = along(&road.line, s);
            for side in [-1.0, 1.0] {
                let at = p + dir.left() * (side * off);
                let counted = (at - MIDDLE).len() < STREETS_WITHIN;
                // Here and there one is missing.
                if counted && !rng.chance(0.06) && obstacles.take(at, 4.0) {
                    let planted = year(road.year, &mut rng);
                    plant(out, species, planted, at, &mut rng);
                }
            }
            s += every + rng.range(-0.4, 0.4);
        }
    }
}

/// Groves with lawns between them; on squares single trees.
fn parks(city: &City, obstacles: &mut Obstacles<'_>, out: &mut Vec<Tree>) {
    for (k, parcel) in city.parcels.iter().enumerate() {
        let square = match parcel.kind {
            Kind::Park => false,
            Kind::Square => true,
            _ => continue,
        };
        let (low, high) = bounds(&parcel.ring);
        if ((low + high) * 0.5 - MIDDLE).len() > PARKS_WITHIN || parcel.year > THIS_YEAR {
            continue;
        }
        let mut rng = Rng::stream(city.seed, "park trees", k as u64);
        let tries = area(&parcel.ring) / if square { 260.0 } else { 60.0 };
        for _ in 0..tries as usize {
            let at = pt(rng.range(low.x, high.x), rng.range(low.y, high.y));
            let grove = noise(61, at.x / 42.0, at.y / 42.0) > if square { 0.25 } else { -0.1 };
            let inside = contains(&parcel.ring, at) && dist_ring(at, &parcel.ring) > 2.5;
            let dry =
                parcel.ponds.iter().all(|w| !contains(w, at) && dist_ring(at, w) > FROM_WATER);
            if grove && inside && dry && obstacles.take(at, if square { 8.0 } else { 5.0 }) {
                let shore = parcel.ponds.iter().any(|w| dist_ring(at, w) < 9.0);
                let species = match () {
                    () if shore && rng.chance(0.7) => WILLOW,
                    () if square => GINKGO,
                    () => rng.weighted(&PARKS),
                };
                let planted = year(parcel.year, &mut rng);
                plant(out, species, planted, at, &mut rng);
            }
        }
    }
}

/// Willows and redwoods along the river and the canal.
fn banks(city: &City, obstacles: &mut Obstacles<'_>, out: &mut Vec<Tree>) {
    for (k, stream) in [&city.network.river, &city.network.canal].into_iter().enumerate() {
        let mut rng = Rng::stream(city.seed, "bank trees", k as u64);
        for (side, beyond, species) in
            [(1.0, 7.0, WILLOW), (-1.0, 7.0, WILLOW), (1.0, 17.0, REDWOOD), (-1.0, 17.0, REDWOOD)]
        {
            let line = stream.beside(side, beyond);
            let long = crate::geom::length(&line);
            let mut s = 5.0;
            while s < long {
                let (at, _) = along(&line, s);
                let at = at + pt(rng.range(-1.5, 1.5), rng.range(-1.5, 1.5));
                let counted = (at - MIDDLE).len() < PARKS_WITHIN;
                if counted && !rng.chance(0.12) && obstacles.take(at, 5.0) {
                    let planted = year(1996, &mut rng);
                    plant(out, species, planted, at, &mut rng);
                }
                s += rng.range(10.0, 14.0);
            }
        }
    }
}
