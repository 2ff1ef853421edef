//! Buildings: what stands on each parcel, with its address.

pub mod gone;
mod housing;
mod public;
mod roofs;
mod shapes;
pub mod site;
mod work;

use std::collections::BTreeMap;

use crate::geom::{Pt, Ring, bounds, centroid, dist_seg, edges, length, pt};
use crate::graph::{Class, Kind as LineKind};
use crate::plan::{THIS_YEAR, Zone, to_grid};
use crate::rng::Rng;
use crate::streets::Network;
use crate::zoning::{Kind, Parcel, State, main_side};
use site::{Draft, Frontage, Site};

/// A building.
#[derive(Clone, Debug)]
pub struct Building {
    /// Its number in the register.
    pub id: String,
    /// What was designed.
    pub draft: Draft,
    /// The parcel it stands on.
    pub parcel: usize,
    /// Its state; for what was pulled down, that of the time when it stood.
    pub state: State,
    /// The year in which it was pulled down.
    pub pulled_down: Option<u16>,
    /// Street and number, or village and number.
    pub address: String,
    /// Its name with that of its compound, or empty.
    pub name: String,
    /// A place inside its outline (not in a courtyard).
    pub at: Pt,
}

/// Starts a design: floors of `storey` metres and `extra` metres for the roof.
fn draft(ring: Ring, usage: &'static str, floors: u16, storey: f64, extra: f64) -> Draft {
    let height = f64::from(floors) * storey + extra;
    Draft {
        ring,
        holes: Vec::new(),
        usage,
        floors,
        height: (height * 10.0).round() / 10.0,
        structure: "砖混",
        roof: "flat",
        roof_height: 0.0,
        min_height: 0.0,
        landmark: false,
        year: 0,
        name: String::new(),
    }
}

/// Lines the streets with low shops.
fn shops(site: &mut Site, front: &Frontage, floors: (i64, i64), year: u16) {
    site.frontage(front, &mut |rng| {
        let mut d = draft(Vec::new(), "商业", rng.int(floors.0, floors.1) as u16, 3.8, 0.8);
        (d.structure, d.year) = ("框架", year + rng.int(0, 3) as u16);
        d
    });
}

/// Builds on every parcel. Returns the buildings and the sports grounds, each with its parcel.
pub fn build(
    network: &Network,
    parcels: &[Parcel],
    seed: u64,
) -> (Vec<Building>, Vec<(usize, Ring)>) {
    let (mut out, mut grounds) = (Vec::new(), Vec::new());
    let numbers = HouseNumbers::new(network);
    for (k, p) in parcels.iter().enumerate() {
        let mut site =
            Site::new(&p.ring, &p.ponds, &p.sides, Rng::stream(seed, "buildings", k as u64));
        grounds.extend(design(&mut site, p, seed, k).into_iter().map(|g| (k, g)));
        let drafts = std::mem::take(&mut site.drafts);
        for d in drafts {
            let mut d = d;
            d.ring = d.ring.iter().map(|q| q.cm()).collect();
            d.holes = d.holes.iter().map(|h| h.iter().map(|q| q.cm()).collect()).collect();
            // What began in the past is finished; what is planned may still be on its way.
            d.year = d.year.clamp(1975, 2030);
            if p.year <= THIS_YEAR {
                d.year = d.year.min(THIS_YEAR + 1);
            }
            roofs::finish(&mut d, &mut Rng::stream(seed, "roofs", out.len() as u64));
            let (address, named) = numbers.address(network, p, &d);
            out.push(Building {
                id: format!("B{:05}", out.len() + 1),
                state: State::of_year(d.year),
                pulled_down: None,
                parcel: k,
                address,
                name: named,
                at: wall_point(&d),
                draft: d,
            });
        }
    }
    (out, grounds)
}

fn design(site: &mut Site, p: &Parcel, seed: u64, k: usize) -> Vec<Ring> {
    let y = p.year;
    let urban = !p.zone.rural();
    // Some planned parcels have no design yet.
    if p.zone == Zone::Growth
        && y > THIS_YEAR + 2
        && Rng::stream(seed, "undecided", k as u64).chance(0.55)
    {
        return Vec::new();
    }
    match p.kind {
        Kind::Compound(style) => housing::compound(site, style, y, urban),
        Kind::Lanes => housing::lanes(site, y),
        Kind::Village => housing::village(site),
        Kind::Towers => {
            let c = to_grid(centroid(&p.ring)) - pt(180.0, 700.0);
            work::towers(site, y, (1.0 - c.len() / 1100.0).clamp(0.0, 1.0));
        }
        Kind::Office => work::offices(site, y),
        Kind::Perimeter => work::perimeter(site, y),
        Kind::Mall => work::mall(site, y),
        Kind::Market => work::market(site, y),
        Kind::Primary | Kind::Secondary => {
            return public::school(site, y, p.kind == Kind::Secondary).into_iter().collect();
        }
        Kind::Campus => return public::campus(site, y),
        Kind::Hospital => public::hospital(site, y),
        Kind::Government => public::government(site, y, p.zone == Zone::Civic),
        Kind::Culture => public::culture(site, y),
        Kind::Stadium => return public::stadium(site, y).into_iter().collect(),
        Kind::Park | Kind::Forest => public::park(site, y),
        Kind::Square => {}
        Kind::Factory => work::factory(site, y, false),
        Kind::Warehouse => work::factory(site, y, true),
        Kind::Lab => work::labs(site, y),
        Kind::Utility => work::utility(site, y),
        Kind::Station => public::station(site, y),
        Kind::Greenhouse => work::greenhouses(site),
        Kind::Field | Kind::Orchard => work::field(site),
    }
    Vec::new()
}

/// A place within the walls: the centroid, or the middle of a wing.
fn wall_point(d: &Draft) -> Pt {
    let c = centroid(&d.ring);
    if crate::geom::contains(&d.ring, c) && !d.holes.iter().any(|h| crate::geom::contains(h, c)) {
        return c;
    }
    match d.holes.first() {
        Some(hole) => {
            let a = (d.ring[0] + d.ring[1]) * 0.5;
            let b = hole
                .iter()
                .copied()
                .min_by(|p, q| (*p - a).len().total_cmp(&(*q - a).len()))
                .unwrap_or(a);
            (a + b) * 0.5
        }
        None => crate::geom::inner_point(&d.ring),
    }
}

/// House numbers: they grow along a street from its southern or western end, odd on one side.
struct HouseNumbers {
    start: BTreeMap<usize, (Pt, Pt)>,
}

impl HouseNumbers {
    fn new(network: &Network) -> Self {
        let mut points: BTreeMap<usize, Vec<Pt>> = BTreeMap::new();
        for line in &network.lines {
            if matches!(line.kind, LineKind::Road(_)) && length(&line.pts) > 1.0 {
                points.entry(line.street).or_default().extend(&line.pts);
            }
        }
        let start = points
            .into_iter()
            .map(|(street, pts)| {
                let (lo, hi) = bounds(&pts);
                let dir = if hi.x - lo.x > hi.y - lo.y { pt(1.0, 0.0) } else { pt(0.0, 1.0) };
                (street, (lo, dir))
            })
            .collect();
        Self { start }
    }

    fn address(&self, network: &Network, p: &Parcel, d: &Draft) -> (String, String) {
        let c = centroid(&d.ring);
        if p.kind == Kind::Village {
            return (format!("{}{}", p.name, d.name), String::new());
        }
        // Within a compound everyone has the compound's number; along the street each house its own.
        let own =
            matches!(p.kind, Kind::Lanes | Kind::Perimeter | Kind::Market) || d.name.is_empty();
        let nearest = edges(&p.ring)
            .enumerate()
            .filter_map(|(i, (a, b))| p.sides[i].map(|s| (dist_seg(c, a, b), s)))
            .filter(|(_, s)| {
                s.class != Class::Track
                    && s.class != Class::Expressway
                    && !network.name_at(s.street, c).zh.is_empty()
            })
            .min_by(|x, y| x.0.total_cmp(&y.0))
            .map(|x| x.1);
        let (side, at) = if own {
            (nearest, c)
        } else {
            (
                main_side(p).filter(|s| !network.name_at(s.street, c).zh.is_empty()).or(nearest),
                centroid(&p.ring),
            )
        };
        let Some(side) = side else {
            return (String::new(), join(p, d));
        };
        let (origin, dir) = self.start.get(&side.street).copied().unwrap_or((at, pt(1.0, 0.0)));
        let step = if own { 14.0 } else { 24.0 };
        let count = ((at - origin).dot(dir) / step).max(0.0) as i64;
        let odd = (at - origin).cross(dir) > 0.0;
        let number = 2 * count + if odd { 1 } else { 2 };
        (format!("{}{number}号", network.name_at(side.street, at).zh), join(p, d))
    }
}

fn join(p: &Parcel, d: &Draft) -> String {
    match (p.name.is_empty(), d.name.is_empty()) {
        (false, false) => format!("{}{}", p.name, d.name),
        (true, _) => d.name.clone(),
        (false, true) => match p.kind {
            Kind::Office | Kind::Mall => p.name.clone(),
            _ => String::new(),
        },
    }
}
