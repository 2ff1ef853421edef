//! What a shut-off must be, on small networks made at random: no water comes to what is shut off, no valve is closed for
//! nothing, and exactly what has no water is called dry.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod support;

use std::collections::BTreeSet;

use onemap_model::{FeatureId, Value};
use onemap_network::{IsolateQuery, Isolation};

use support::{Layer, Random, text};

/// A network as the test sees it, apart from the crate.
struct City {
    layer: Layer,
    nodes: Vec<Thing>,
    links: Vec<Thing>,
    ends: Vec<[usize; 2]>,
    /// 1 from the first end to the last only, -1 the other way only, 0 both.
    one_way: Vec<i64>,
    /// Valve positions: link, end.
    positions: Vec<(usize, usize, Thing)>,
}

#[derive(Clone, Copy)]
struct Thing {
    id: FeatureId,
    valve: bool,
    closed: bool,
    operable: bool,
    source: bool,
}

impl City {
    fn make(seed: u64) -> Self {
        let mut random = Random(seed);
        let mut layer = Layer::default();
        let count = 4 + random.below(9) as usize;
        let state = |random: &mut Random, valve: bool| {
            let (closed, operable) = (random.below(8) == 0, random.below(6) != 0);
            let values = vec![("closed", Value::Bool(closed)), ("operable", Value::Bool(operable))];
            (closed && valve, operable, values)
        };
        let mut nodes = Vec::new();
        for n in 0..count {
            let (valve, source) = match random.below(6) {
                0 => (true, false),
                1 => (false, true),
                _ => (false, false),
            };
            let (closed, operable, mut values) = state(&mut random, valve);
            let element = if valve {
                "valve"
            } else if source {
                "reservoir"
            } else {
                "junction"
            };
            values.push(("element", text(element)));
            let id = layer.node(&format!("N{n}"), [118.0 + n as f64 * 1e-3, 33.0], &values);
            nodes.push(Thing { id, valve, closed, operable, source });
        }
        let (mut links, mut ends, mut one_way) = (Vec::new(), Vec::new(), Vec::new());
        for n in 0..count - 1 + random.below(count as u64) as usize {
            // A tree and some more, so that there are bridges and loops.
            let a = if n + 1 < count { n + 1 } else { random.below(count as u64) as usize };
            let b =
                if n + 1 < count { random.below(n as u64 + 1) } else { random.below(count as u64) }
                    as usize;
            let valve = random.below(6) == 0;
            let (closed, operable, mut values) = state(&mut random, valve);
            if !valve {
                values.retain(|(name, _)| *name == "operable");
            }
            values.push(("element", text(if valve { "valve" } else { "pipe" })));
            let way = if random.below(5) == 0 { [1, -1][random.below(2) as usize] } else { 0 };
            if way != 0 {
                values.extend([("one_way", Value::Bool(true)), ("flow", Value::Int(way))]);
            }
            values.push(("length", Value::Float(1.0 + random.below(9) as f64)));
            let names = [format!("N{a}"), format!("N{b}")];
            let id = layer.link(&format!("L{n}"), [&names[0], &names[1]], &values);
            links.push(Thing { id, valve, closed, operable, source: false });
            ends.push([a, b]);
            one_way.push(way);
        }
        let mut positions = Vec::new();
        for n in 0..random.below(links.len() as u64 * 2) {
            let (link, end) = (random.below(links.len() as u64) as usize, random.below(2) as usize);
            // At a loop's two ends the node alone does not say which.
            let end = if ends[link][0] == ends[link][1] { 0 } else { end };
            let (closed, operable, values) = state(&mut random, true);
            let names = (format!("V{n}"), format!("L{link}"), format!("N{}", ends[link][end]));
            let id = layer.valve(&names.0, &names.1, &names.2, &values);
            positions.push((link, end, Thing { id, valve: true, closed, operable, source: false }));
        }
        Self { layer, nodes, links, ends, one_way, positions }
    }

    fn valves_at(&self, link: usize, end: usize) -> Vec<Thing> {
        let positions = self.positions.iter().filter(|(l, e, _)| (*l, *e) == (link, end));
        let mut valves: Vec<Thing> = positions.map(|(_, _, valve)| *valve).collect();
        valves.extend(
            [self.links[link], self.nodes[self.ends[link][end]]].iter().filter(|t| t.valve),
        );
        valves
    }

    /// Returns what water from all sources reaches, but from those named, when valves are shut besides.
    fn wet(&self, shut: &BTreeSet<FeatureId>, dead: &BTreeSet<FeatureId>) -> BTreeSet<FeatureId> {
        let mut wet: BTreeSet<FeatureId> =
            self.nodes.iter().filter(|n| n.source && !dead.contains(&n.id)).map(|n| n.id).collect();
        loop {
            let before = wet.len();
            for (at, link) in self.links.iter().enumerate() {
                for end in 0..2 {
                    let node = &self.nodes[self.ends[at][end]];
                    let stops = |valve: &Thing| valve.closed || shut.contains(&valve.id);
                    if self.valves_at(at, end).iter().any(stops) {
                        continue;
                    }
                    let way = self.one_way[at];
                    let into = way == 0 || (way == 1) == (end == 0);
                    let out = way == 0 || (way == 1) == (end == 1);
                    if into && wet.contains(&node.id) && !dead.contains(&link.id) {
                        wet.insert(link.id);
                    }
                    if out && wet.contains(&link.id) && !dead.contains(&node.id) {
                        wet.insert(node.id);
                    }
                }
            }
            if wet.len() == before {
                return wet;
            }
        }
    }
}

fn ids(valves: &[onemap_network::Valve]) -> BTreeSet<FeatureId> {
    valves.iter().map(|valve| valve.id).collect()
}

fn features(plan: &Isolation) -> [BTreeSet<FeatureId>; 2] {
    [&plan.shut, &plan.behind].map(|part| part.links.iter().chain(&part.nodes).copied().collect())
}

fn check(city: &City, query: &IsolateQuery, seed: u64) -> Isolation {
    let network = city.layer.build();
    let plan = network.isolate(query).unwrap();
    let [shut, behind] = features(&plan);
    let nothing = BTreeSet::new();
    let other: BTreeSet<FeatureId> = query.closed.iter().copied().collect();
    let closed: BTreeSet<FeatureId> = ids(&plan.must_close).union(&other).copied().collect();
    assert!(
        query
            .bursts
            .iter()
            .all(|id| shut.contains(id) || city.positions.iter().any(|p| p.2.id == *id))
    );
    // Sources within are off: their water is what the shut-off is about.
    let inside: BTreeSet<FeatureId> =
        city.nodes.iter().filter(|n| n.source && shut.contains(&n.id)).map(|n| n.id).collect();
    let reached = |closed: &BTreeSet<FeatureId>| -> bool {
        // Only sources are off here; everything else may get wet.
        let mut layer_sources_off = City { nodes: city.nodes.clone(), ..city.shallow() };
        for node in &mut layer_sources_off.nodes {
            node.source &= !inside.contains(&node.id);
        }
        layer_sources_off.wet(closed, &nothing).intersection(&shut).next().is_some()
    };
    let has_source = city.nodes.iter().any(|node| node.source);
    assert_eq!(plan.supply_known, has_source);
    if !has_source {
        return plan;
    }
    assert!(!reached(&closed), "water comes to what is shut off: seed {seed}");
    for valve in ids(&plan.must_close) {
        let mut without = closed.clone();
        without.remove(&valve);
        assert!(reached(&without), "valve {valve} is closed for nothing: seed {seed}");
    }
    let wet = city.wet(&closed, &shut);
    let wet_before = city.wet(&other, &nothing);
    let standing = city.wet(&nothing, &nothing);
    for thing in city.nodes.iter().chain(&city.links) {
        // A valve that is closed by the plan is neither.
        if shut.contains(&thing.id) || thing.valve && (closed.contains(&thing.id) || thing.closed) {
            continue;
        }
        let dry = !wet.contains(&thing.id) && standing.contains(&thing.id);
        assert_eq!(
            behind.contains(&thing.id),
            dry,
            "{} is dry: seed {seed}, wet before: {}",
            city.layer.code(thing.id),
            wet_before.contains(&thing.id)
        );
    }
    plan
}

impl City {
    fn shallow(&self) -> Self {
        Self {
            layer: Layer::default(),
            nodes: Vec::new(),
            links: self.links.clone(),
            ends: self.ends.clone(),
            one_way: self.one_way.clone(),
            positions: self.positions.clone(),
        }
    }
}

#[test]
fn a_shut_off_keeps_water_out_with_no_valve_too_many_and_names_exactly_what_is_dry() {
    for seed in 0..3000 {
        let city = City::make(seed);
        let link = city.links[seed as usize % city.links.len()];
        check(&city, &IsolateQuery::burst(link.id), seed);
        let node = city.nodes[seed as usize % city.nodes.len()];
        check(&city, &IsolateQuery::burst(node.id), seed);
    }
}

#[test]
fn several_bursts_with_failed_valves_and_other_works_are_shut_off_as_well() {
    for seed in 0..3000 {
        let city = City::make(seed);
        let mut random = Random(seed);
        let bursts: Vec<FeatureId> =
            (0..3).map(|_| city.links[random.below(city.links.len() as u64) as usize].id).collect();
        let valves: Vec<FeatureId> = city.positions.iter().map(|(_, _, valve)| valve.id).collect();
        let pick = |random: &mut Random| match valves.len() as u64 {
            0 => Vec::new(),
            n => vec![valves[random.below(n) as usize]],
        };
        let failed = pick(&mut random);
        let mut closed = pick(&mut random);
        // What failed can not be kept shut, nor what burst; and what can not be turned is not shut by others.
        closed.retain(|id| {
            let operable = city.positions.iter().any(|p| p.2.id == *id && p.2.operable);
            !failed.contains(id) && operable
        });
        let query = IsolateQuery { bursts, failed, closed, ..IsolateQuery::default() };
        let plan = check(&city, &query, seed);
        assert!(query.failed.iter().all(|id| !ids(&plan.must_close).contains(id)), "seed {seed}");
    }
}

#[test]
fn when_a_valve_fails_its_alternative_is_the_plan_with_it_failed() {
    let mut planned = 0;
    for seed in 0..500 {
        let city = City::make(seed);
        let network = city.layer.build();
        let burst = city.links[seed as usize % city.links.len()].id;
        let query = IsolateQuery { alternatives: true, ..IsolateQuery::burst(burst) };
        let plan = network.isolate(&query).unwrap();
        assert_eq!(plan.alternatives.len(), plan.must_close.len());
        for alternative in &plan.alternatives {
            let failed = vec![alternative.failed.id];
            let other = check(&city, &IsolateQuery { failed, ..IsolateQuery::burst(burst) }, seed);
            let more: BTreeSet<_> =
                ids(&other.must_close).difference(&ids(&plan.must_close)).copied().collect();
            assert_eq!(ids(&alternative.close_instead), more);
            planned += 1;
        }
    }
    assert!(planned > 300, "{planned}");
}
