//! A network that follows edits answers as one that is built anew.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use onemap_model::{Feature, FeatureId, FeatureRef, Geometry, Value, ValueRef};
use onemap_network::{
    Ambiguous, Change, GroupBy, IsolateQuery, Network, NetworkBuilder, PathQuery, TraceDirection,
    TraceQuery,
};

use support::{Random, feature, id, lend, schema, text};

/// Places are few, so that lines without codes meet.
fn place(random: &mut Random) -> [f64; 2] {
    [118.0 + random.below(4) as f64 * 1e-3, 33.0 + random.below(3) as f64 * 1e-3]
}

/// A feature of any kind, with codes that others may have, or nobody.
fn any_feature(n: u64, random: &mut Random) -> Feature {
    let closed = ("closed", Value::Bool(random.below(6) == 0));
    let operable = ("operable", Value::Bool(random.below(6) != 0));
    let owner = ("owner", text(["A", "B"][random.below(2) as usize]));
    let code =
        |random: &mut Random, kind: &str, n: u64| text(&format!("{kind}{}", random.below(n)));
    match random.below(7) {
        0..2 => {
            let element = ["junction", "valve", "reservoir", "customer"][random.below(4) as usize];
            let values = [
                ("code", code(random, "N", 8)),
                ("element", text(element)),
                closed,
                operable,
                owner,
            ];
            feature(n, Some(Geometry::point(place(random))), &values)
        }
        2..6 => {
            let element = ["pipe", "pipe", "pipe", "valve", "pump"][random.below(5) as usize];
            let mut values = vec![("element", text(element)), closed, operable, owner];
            values.push(("code", code(random, "L", 8)));
            if random.below(3) != 0 {
                values.extend([
                    ("from_node", code(random, "N", 9)),
                    ("to_node", code(random, "N", 9)),
                ]);
            }
            match random.below(5) {
                0 => values.extend([("flow", Value::Int(1)), ("one_way", Value::Bool(true))]),
                1 => values.push(("flow", Value::Int(-1))),
                2 => values.push(("flow", Value::Int(1))),
                _ => {}
            }
            values.push(("material", text(["PE", "钢"][random.below(2) as usize])));
            let shape = Geometry::line(vec![place(random), place(random)]);
            feature(n, (random.below(9) != 0).then_some(shape), &values)
        }
        _ => {
            let values = [
                ("code", text(&format!("V{n}"))),
                ("element", text("valve")),
                ("on_link", code(random, "L", 8)),
                ("at_node", if random.below(4) == 0 { Value::Null } else { code(random, "N", 9) }),
                closed,
                operable,
            ];
            feature(n, Some(Geometry::point(place(random))), &values)
        }
    }
}

fn built(features: &BTreeMap<u64, (Feature, bool)>, backwards: bool) -> Network {
    let mut builder = NetworkBuilder::new(&schema());
    let mut all: Vec<_> = features.values().collect();
    if backwards {
        all.reverse();
    }
    for (feature, hidden) in all {
        lend(
            feature,
            |feature| {
                if *hidden { builder.push_hidden(&feature) } else { builder.push(&feature) }
            },
        );
    }
    builder.finish()
}

fn assert_same(a: &Network, b: &Network, ids: &[FeatureId], why: &str) {
    assert_eq!(a.segments(), b.segments(), "{why}");
    let unbound = |network: &Network| network.unbound_valves().collect::<BTreeSet<_>>();
    assert_eq!(unbound(a), unbound(b), "{why}");
    let by = [GroupBy::Material, GroupBy::Owner];
    assert_eq!(a.statistics(&by, None), b.statistics(&by, None), "{why}");
    let nodes = |network: &Network| {
        let places = network.nodes().map(|node| {
            let node = network.node(node);
            (node.id(), node.at().map(|at| at.map(f64::to_bits)))
        });
        let mut places: Vec<_> = places.collect();
        places.sort_unstable();
        places
    };
    assert_eq!(nodes(a), nodes(b), "{why}");
    for id in ids {
        for direction in [TraceDirection::Upstream, TraceDirection::Downstream] {
            for ambiguous in [Ambiguous::Pass, Ambiguous::Stop] {
                let query = TraceQuery { ambiguous, ..TraceQuery::new(*id, direction) };
                assert_eq!(a.trace(&query), b.trace(&query), "{why}, {query:?}");
            }
        }
        let query = IsolateQuery { alternatives: true, outline: true, ..IsolateQuery::burst(*id) };
        let plans = [a, b].map(|network| {
            network.isolate(&query).map(|mut plan| {
                // In the order of the search.
                plan.stubs.sort_by_key(|stub| format!("{stub:?}"));
                plan.check_valves.sort_unstable();
                plan
            })
        });
        let [plan_a, plan_b] = plans;
        assert_eq!(plan_a, plan_b, "{why}, {query:?}");
        let query = PathQuery { from: ids[0], to: *id, with_flow: false, through_closed: false };
        let length = |network: &Network| {
            network.connect(&query).map(|way| way.path.map(|path| path.length.round()))
        };
        assert_eq!(length(a), length(b), "{why}, {query:?}");
    }
}

#[test]
fn a_network_that_followed_edits_answers_as_one_built_anew() {
    for seed in 0..400 {
        let mut random = Random(seed);
        let mut features: BTreeMap<u64, (Feature, bool)> = BTreeMap::new();
        for n in 0..12 {
            features.insert(n, (any_feature(n, &mut random), random.below(12) == 0));
        }
        let mut network = built(&features, false);
        for step in 0..30 {
            // Now and then questions are asked in between, so that what they keep is there to go stale.
            if random.below(2) == 0 {
                network.prepare();
            }
            for _ in 0..=random.below(3) {
                let n = random.below(18);
                if random.below(4) == 0 {
                    features.remove(&n);
                    network.apply(&[Change::Remove(id(n))]);
                    continue;
                }
                let mut feature = any_feature(n, &mut random);
                let hidden = random.below(12) == 0;
                // Often the same thing with one value changed.
                if let Some((old, _)) = features.get(&n)
                    && random.below(2) == 0
                {
                    let field = random.below(feature.values.len() as u64) as usize;
                    let value = feature.values[field].clone();
                    feature = old.clone();
                    feature.values[field] = value;
                }
                let values: Vec<ValueRef<'_>> = feature.values.iter().map(Value::as_ref).collect();
                let lent = FeatureRef {
                    id: feature.id,
                    geometry: feature.geometry.as_ref(),
                    values: &values,
                    valid: feature.valid,
                    state: feature.state,
                };
                network.apply(&[if hidden { Change::Hide(lent) } else { Change::Put(lent) }]);
                features.insert(n, (feature, hidden));
            }
            if step % 5 == 4 {
                let anew = built(&features, step % 2 == 0);
                let ids: Vec<FeatureId> = (0..18).map(id).collect();
                assert_same(&network, &anew, &ids, &format!("seed {seed}, step {step}"));
            }
        }
    }
}

#[test]
fn the_order_of_features_does_not_matter() {
    for seed in 0..200 {
        let mut random = Random(seed);
        let features: BTreeMap<u64, (Feature, bool)> =
            (0..20).map(|n| (n, (any_feature(n, &mut random), random.below(9) == 0))).collect();
        let ids: Vec<FeatureId> = (0..20).map(id).collect();
        assert_same(
            &built(&features, false),
            &built(&features, true),
            &ids,
            &format!("seed {seed}"),
        );
    }
}
