//! What stood where the town has grown since: villages and lanes that made way for it.

use super::site::Site;
use super::{Building, HouseNumbers, housing, roofs, wall_point};
use crate::plan::THIS_YEAR;
use crate::rng::Rng;
use crate::streets::Network;
use crate::zoning::{Kind, Parcel, State, Style};

/// The first year in which anything was pulled down.
const FIRST: u16 = 2002;
/// Most houses that made way for one parcel.
const MOST: usize = 45;

/// Builds what was pulled down since 2001 to make room for what stands now. Their numbers in the
/// register follow those of the `standing` buildings.
pub fn build(network: &Network, parcels: &[Parcel], standing: usize, seed: u64) -> Vec<Building> {
    let mut out = Vec::new();
    let numbers = HouseNumbers::new(network);
    for (k, p) in parcels.iter().enumerate() {
        let mut rng = Rng::stream(seed, "gone", k as u64);
        let village = match p.kind {
            Kind::Compound(Style::High | Style::Slab) => true,
            Kind::Towers | Kind::Office | Kind::Mall | Kind::Square | Kind::Culture => false,
            _ => continue,
        };
        let pulled_down = p.year.saturating_sub(rng.int(2, 3) as u16);
        if p.zone.rural() || !(FIRST..THIS_YEAR).contains(&pulled_down) || !rng.chance(0.09) {
            continue;
        }
        let mut site = Site::new(&p.ring, &p.ponds, &p.sides, rng);
        if village {
            housing::village(&mut site);
        } else {
            housing::lanes(&mut site, 1978);
        }
        for mut d in std::mem::take(&mut site.drafts).into_iter().take(MOST) {
            d.ring = d.ring.iter().map(|q| q.cm()).collect();
            d.holes = d.holes.iter().map(|h| h.iter().map(|q| q.cm()).collect()).collect();
            d.year = d.year.clamp(1975, pulled_down - 3);
            d.name.clear();
            roofs::finish(&mut d, &mut Rng::stream(seed, "old roofs", out.len() as u64));
            let (address, _) = numbers.address(network, p, &d);
            out.push(Building {
                id: format!("B{:05}", standing + out.len() + 1),
                state: State::Existing,
                pulled_down: Some(pulled_down),
                parcel: k,
                address,
                name: String::new(),
                at: wall_point(&d),
                draft: d,
            });
        }
    }
    out
}
