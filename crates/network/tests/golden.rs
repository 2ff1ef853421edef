//! Valve segments and shut-offs, against WNTR's partitions and cases made with networkx.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use onemap_network::{IsolateQuery, Options};
use serde_json::Value as Json;

use support::{Layer, csv, data, epanet};

/// EPANET's own valves are links like any other to WNTR, and nothing is one-way.
const AS_WNTR: Options = Options { valve_links: false, one_way: false };

fn with_valves(name: &str) -> Option<(Layer, std::path::PathBuf)> {
    let data = data()?;
    let golden = data.join("network/golden").join(name);
    let mut layer =
        epanet(&fs::read_to_string(data.join(format!("network/epanet/{name}.inp"))).unwrap());
    for row in csv(&fs::read_to_string(golden.join("valve_layer.csv")).unwrap()) {
        layer.valve(&format!("V{}", row[0]), &row[1], &row[2], &[]);
    }
    Some((layer, golden))
}

fn partition(golden: &std::path::Path, file: &str) -> BTreeSet<BTreeSet<String>> {
    let mut groups: BTreeMap<String, BTreeSet<String>> = BTreeMap::default();
    for row in csv(&fs::read_to_string(golden.join(file)).unwrap()) {
        groups.entry(row[1].clone()).or_default().insert(row[0].clone());
    }
    groups.into_values().collect()
}

#[test]
fn valve_segments_are_the_golden_partitions() {
    for name in ["Net3", "ky4", "Net6"] {
        let Some((layer, golden)) = with_valves(name) else { return };
        let network = layer.build_with(AS_WNTR);
        assert_eq!(network.unbound_valves().count(), 0);
        let segments = network.segments();
        let parts = |of: &dyn Fn(&onemap_network::Segment) -> Vec<onemap_model::FeatureId>| {
            let codes =
                |segment| layer.codes(&of(segment)).into_iter().map(str::to_owned).collect();
            let parts: BTreeSet<BTreeSet<String>> = segments.iter().map(codes).collect();
            parts.into_iter().filter(|part| !part.is_empty()).collect::<BTreeSet<_>>()
        };
        assert_eq!(parts(&|s| s.links.clone()), partition(&golden, "link_segments.csv"), "{name}");
        assert_eq!(parts(&|s| s.nodes.clone()), partition(&golden, "node_segments.csv"), "{name}");
        // Together: a node and a link are in one segment exactly when the files say so.
        let mut together: BTreeMap<String, [BTreeSet<String>; 2]> = BTreeMap::default();
        for (kind, file) in ["node_segments.csv", "link_segments.csv"].into_iter().enumerate() {
            for row in csv(&fs::read_to_string(golden.join(file)).unwrap()) {
                together.entry(row[1].clone()).or_default()[kind].insert(row[0].clone());
            }
        }
        let ours: BTreeSet<[BTreeSet<String>; 2]> = segments
            .iter()
            .map(|segment| {
                [&segment.nodes, &segment.links]
                    .map(|ids| layer.codes(ids).into_iter().map(str::to_owned).collect())
            })
            .collect();
        assert_eq!(ours, together.into_values().collect(), "{name}");
        eprintln!("{name}: {} segments", segments.len());
    }
}

#[test]
fn shut_offs_of_net3_are_the_golden_cases() {
    let Some((layer, golden)) = with_valves("Net3") else { return };
    let network = layer.build_with(AS_WNTR);
    let cases: Vec<Json> =
        serde_json::from_str(&fs::read_to_string(golden.join("isolation_cases.json")).unwrap())
            .unwrap();
    let names = |case: &Json, key: &str| -> Vec<String> {
        let mut names: Vec<String> = case[key]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().map_or_else(|| format!("V{name}"), str::to_owned))
            .collect();
        names.sort();
        names
    };
    for case in &cases {
        let pipe = layer.id_of(case["pipe"].as_str().unwrap(), "pipe");
        let plan = network.isolate(&IsolateQuery::burst(pipe)).unwrap();
        let closable = [plan.must_close, plan.optional].concat();
        let valves: Vec<_> = closable.iter().map(|valve| valve.id).collect();
        // The cases list every valve around the segment, those within it that separate nothing, too.
        let around = names(case, "valves");
        let ours = layer.codes(&valves);
        assert!(ours.iter().all(|valve| around.iter().any(|name| name == valve)), "{case}");
        for missing in around.iter().filter(|name| !ours.contains(&name.as_str())) {
            assert!(valve_within(&layer, missing, case), "valve {missing} of {}", case["pipe"]);
        }
        assert_eq!(layer.codes(&plan.shut.nodes), names(case, "segment_nodes"));
        assert_eq!(layer.codes(&plan.shut.links), names(case, "segment_links"));
        assert_eq!(
            layer.codes(&plan.behind.nodes),
            names(case, "secondary_unsupplied"),
            "{}",
            case["pipe"]
        );
    }
}

/// Tells whether both sides of a valve are in the segment of a case.
fn valve_within(layer: &Layer, valve: &str, case: &Json) -> bool {
    let feature = layer.features.iter().find(|f| f.values[0] == support::text(valve)).unwrap();
    let has = |key: &str, name: &onemap_model::Value| {
        case[key]
            .as_array()
            .unwrap()
            .iter()
            .any(|n| Some(&support::text(n.as_str().unwrap())) == Some(name))
    };
    has("segment_links", &feature.values[12]) && has("segment_nodes", &feature.values[13])
}
