//! What else: when a valve does not close, and when two shut-offs meet.

use serde::{Deserialize, Serialize};

use super::NetworkError;
use super::isolate::{IsolateQuery, Listing, Part, Plan};
use crate::device::{Device, Valve};
use crate::network::Network;
use crate::zones::Sums;

/// The most valves that are planned for.
const MOST_PLANNED: usize = 100;

/// What to do when one valve of a plan can not be closed: the shut part is merged with its neighbour.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alternative {
    /// The valve that fails.
    pub failed: Valve,
    /// The valves to close that the plan does not have.
    pub close_instead: Vec<Valve>,
    /// How much more is dry than by the plan.
    pub more: Sums,
    /// Whether the part can be shut off at all; not when it then reaches a source without a valve between.
    pub possible: bool,
}

/// How two shut-offs at the same time meet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Overlap {
    /// Valves that both must close.
    pub valves: Vec<Valve>,
    /// What is dry by each of them alone.
    pub shared: Part,
    /// What is dry only since both are in force.
    pub only_together: Part,
    /// False when there is more than is listed.
    pub complete: bool,
}

impl Plan<'_> {
    pub(super) fn alternatives(&self) -> Vec<Alternative> {
        let mut base = self.shut_sums();
        base.add(&self.behind_sums());
        let known: rustc_hash::FxHashSet<Device> = self.must.iter().copied().collect();
        let planned = self.must.iter().take(MOST_PLANNED).filter_map(|device| {
            let plan = self.without(*device);
            let mut sums = plan.shut_sums();
            sums.add(&plan.behind_sums());
            let instead = plan.must.iter().filter(|device| !known.contains(device));
            Some(Alternative {
                failed: self.network.valve(*device)?,
                close_instead: instead.filter_map(|device| self.network.valve(*device)).collect(),
                more: sums.minus(&base),
                possible: self.has_source() || !plan.has_source(),
            })
        });
        planned.collect()
    }

    fn has_source(&self) -> bool {
        self.region.iter().any(|zone| self.zones.supply.is_fed(*zone))
    }
}

impl Network {
    /// Compares two shut-offs that are in force at the same time.
    pub fn overlap(&self, a: &IsolateQuery, b: &IsolateQuery) -> Result<Overlap, NetworkError> {
        let both = IsolateQuery {
            bursts: [&a.bursts[..], &b.bursts[..]].concat(),
            failed: [&a.failed[..], &b.failed[..]].concat(),
            closed: [&a.closed[..], &b.closed[..]].concat(),
            limit: a.limit.max(b.limit),
            ..IsolateQuery::default()
        };
        let plans = [Plan::new(self, a)?, Plan::new(self, b)?];
        let together = Plan::new(self, &both)?;
        let [dry_a, dry_b] = [plans[0].dry_zones(), plans[1].dry_zones()];
        let sorted = |zones: Vec<u32>| {
            let mut zones = zones;
            zones.sort_unstable();
            zones
        };
        let shared = sorted(dry_a.intersection(&dry_b).copied().collect());
        let dry = together.dry_zones();
        let alone = |zone: &u32| dry_a.contains(zone) || dry_b.contains(zone);
        let only_together = sorted(dry.into_iter().filter(|zone| !alone(zone)).collect());
        let zones = self.zones();
        let mut listing = Listing::new(self);
        let mut part = |of: &[u32]| {
            let mut sums = Sums::default();
            for zone in of {
                sums.add(&zones.sums[*zone as usize]);
            }
            listing.part(zones, of, sums, None)
        };
        let (shared, only_together) = (part(&shared), part(&only_together));
        let valves = plans[0].must.iter().filter(|device| plans[1].must.contains(device));
        Ok(Overlap {
            valves: valves.filter_map(|device| self.valve(*device)).collect(),
            shared,
            only_together,
            complete: listing.complete,
        })
    }
}
