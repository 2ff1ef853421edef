//! The ground: heights above the 1985 datum as a function of the place.

use crate::geom::{Pt, Ring, bounds, centroid, contains, dist_ring, pt};
use crate::plan::Stream;
use crate::rng::noise;
use crate::zoning::{Kind, Parcel};

/// The shape of the ground: a plain, a wooded hill, levees along the river, beds under the water.
#[derive(Clone, Debug)]
pub struct Terrain {
    river: Stream,
    canal: Stream,
    lakes: Vec<Ring>,
    hill: (Pt, f64, f64),
}

/// Height of the water in the river where it enters the district, in metres.
pub const RIVER_LEVEL: f64 = 15.2;

impl Terrain {
    /// Shapes the ground for a city's water and parks.
    pub fn new(river: &Stream, canal: &Stream, parcels: &[Parcel]) -> Self {
        let lakes = parcels.iter().flat_map(|p| p.ponds.iter().cloned()).collect();
        let hill =
            parcels.iter().find(|p| p.kind == Kind::Forest).map_or((pt(0.0, 0.0), 0.0, 1.0), |p| {
                let (lo, hi) = bounds(&p.ring);
                (centroid(&p.ring) + pt(-110.0, 140.0), 62.0, ((hi.x - lo.x) + (hi.y - lo.y)) / 6.5)
            });
        Self { river: river.clone(), canal: canal.clone(), lakes, hill }
    }

    /// Returns the height of the ground (below water: of the bed) in metres.
    pub fn z(&self, p: Pt) -> f64 {
        let mut z = 19.4 - p.x * 0.000_28
            + 0.9 * noise(91, p.x / 1500.0, p.y / 1500.0)
            + 0.25 * noise(92, p.x / 260.0, p.y / 260.0);
        let (middle, height, reach) = self.hill;
        let d = (p - middle).len() / reach;
        let rough = 1.0 + 0.35 * noise(93, p.x / 320.0, p.y / 320.0);
        z += height * libm::exp(-d * d * 1.8) * rough;
        for (stream, depth, levee) in [(&self.river, 5.5, 2.6), (&self.canal, 3.2, 0.8)] {
            let (d, half, _) = stream.measure(p);
            let beyond = d.abs() - half;
            if beyond < 0.0 {
                // A bed like a flat bowl: deepest in the middle.
                let across = d.abs() / half;
                let level = self.water_level(p);
                return level - depth * (1.0 - across * across * across) - 0.3;
            }
            if beyond < 60.0 {
                let crest = libm::exp(-(beyond - 22.0) * (beyond - 22.0) / 180.0);
                let shore = (1.0 - beyond / 14.0).clamp(0.0, 1.0);
                z = (z + levee * crest) * (1.0 - shore) + (self.water_level(p) + 0.4) * shore;
            }
        }
        for lake in &self.lakes {
            let (lo, hi) = bounds(lake);
            if p.x > lo.x && p.x < hi.x && p.y > lo.y && p.y < hi.y && contains(lake, p) {
                let deep = (dist_ring(p, lake) / 12.0).min(1.0) * 2.6;
                return z - 1.2 - deep;
            }
        }
        z
    }

    /// Returns the height of the water's surface near a place, as the river would have it there.
    pub fn water_level(&self, p: Pt) -> f64 {
        RIVER_LEVEL - (p.x + 5000.0) * 0.000_06
    }
}
