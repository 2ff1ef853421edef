//! Random questions, answered by networkx as well (`ONEMAP_JUDGE_PYTHON` with networkx).

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod support;

use std::fs;
use std::process::Command;

use onemap_model::{FeatureId, Value};
use onemap_network::{IsolateQuery, Options, PathQuery, TraceDirection, TraceQuery};
use serde_json::{Value as Json, json};

use support::{Layer, Random, csv, data, epanet, text};

/// Asks networkx, unless there is none.
fn judge(city: &Json) {
    let python = std::env::var("ONEMAP_JUDGE_PYTHON").unwrap_or_else(|_| "python3".into());
    let there = Command::new(&python).args(["-c", "import networkx"]).output();
    if !there.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: {python} has no networkx");
        return;
    }
    let name =
        format!("onemap-networkx-{}-{}.json", std::process::id(), city["name"].as_str().unwrap());
    let file = std::env::temp_dir().join(name);
    fs::write(&file, city.to_string()).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/judge_networkx.py");
    let output = Command::new(&python).arg(script).arg(&file).output().unwrap();
    fs::remove_file(&file).unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    eprint!("{said}");
}

fn get<'a>(feature: &'a onemap_model::Feature, name: &str) -> &'a Value {
    &feature.values[support::FIELDS.iter().position(|(field, _)| *field == name).unwrap()]
}

fn name(value: &Value) -> String {
    value.as_ref().to_string()
}

/// Writes down a layer whose links all have codes, and our answers to random questions.
fn questions(title: &str, layer: &Layer, options: Options, limit_s: usize, seed: u64) -> Json {
    let network = layer.build_with(options);
    let (mut nodes, mut links, mut valves, mut sources) = (vec![], vec![], vec![], vec![]);
    let (mut link_ids, mut node_ids) = (vec![], vec![]);
    for feature in &layer.features {
        let code = name(get(feature, "code"));
        if *get(feature, "on_link") != Value::Null {
            let (link, node) = (name(get(feature, "on_link")), name(get(feature, "at_node")));
            let called = format!("{link} at {node}");
            valves.push(json!({ "code": code, "name": called, "link": link, "node": node }));
        } else if *get(feature, "from_node") != Value::Null {
            let flow = match get(feature, "flow") {
                Value::Int(flow) => *flow,
                // A pump goes from its first node to its last.
                _ => i64::from(*get(feature, "element") == text("pump")),
            };
            let link = network.link(network.link_of(feature.id).unwrap());
            let ends = [name(get(feature, "from_node")), name(get(feature, "to_node"))];
            links
                .push(json!({ "code": code, "ends": ends, "flow": flow, "length": link.length() }));
            if options.valve_links && *get(feature, "element") == text("valve") {
                // It parts both its ends.
                let at = |node: &String| json!({ "code": code, "name": code, "link": code, "node": node });
                valves.extend(ends.iter().map(at));
            } else {
                link_ids.push(feature.id);
            }
        } else {
            if ["reservoir", "tank", "source"].map(text).contains(get(feature, "element")) {
                sources.push(code.clone());
            }
            nodes.push(code);
            node_ids.push(feature.id);
        }
    }
    let mut random = Random(seed);
    let mut one_of = |ids: &[FeatureId]| ids[random.below(ids.len() as u64) as usize];
    let mut isolations = Vec::new();
    for n in 0..200 {
        // Single bursts, several, and with valves that fail.
        let bursts: Vec<FeatureId> =
            (0..=usize::from(n % 4 == 3)).map(|_| one_of(&link_ids)).collect();
        let mut query = IsolateQuery { bursts, limit: limit_s, ..IsolateQuery::default() };
        if n % 3 == 2 {
            let plan = network.isolate(&query).unwrap();
            query.failed = plan.must_close.iter().take(2).map(|valve| valve.id).collect();
        }
        let plan = network.isolate(&query).unwrap();
        assert!(plan.complete);
        let place = |id: FeatureId| {
            let valve = &layer.features[id.get() as usize - 1];
            match get(valve, "on_link") {
                Value::Null => name(get(valve, "code")),
                link => format!("{} at {}", name(link), name(get(valve, "at_node"))),
            }
        };
        let mut must: Vec<String> = plan.must_close.iter().map(|valve| place(valve.id)).collect();
        must.dedup();
        isolations.push(json!({
            "bursts": layer.codes(&query.bursts),
            "failed": layer.codes(&query.failed),
            "must": must,
            "shut_links": layer.codes(&plan.shut.links),
            "shut_nodes": layer.codes(&plan.shut.nodes),
            "behind_links": layer.codes(&plan.behind.links),
            "behind_nodes": layer.codes(&plan.behind.nodes),
        }));
    }
    let (mut traces, mut paths) = (Vec::new(), Vec::new());
    for n in 0..100 {
        let (direction, word) = match n % 2 {
            0 => (TraceDirection::Upstream, "upstream"),
            _ => (TraceDirection::Downstream, "downstream"),
        };
        let from = one_of(&node_ids);
        let query = TraceQuery { limit: usize::MAX, ..TraceQuery::new(from, direction) };
        let trace = network.trace(&query).unwrap();
        traces.push(json!({ "from": layer.code(from), "direction": word, "nodes": layer.codes(&trace.nodes) }));
        let to = one_of(&node_ids);
        let query = PathQuery { from, to, with_flow: false, through_closed: true };
        let length = network.connect(&query).unwrap().path.map(|path| path.length);
        paths.push(json!({ "from": layer.code(from), "to": layer.code(to), "length": length }));
    }
    json!({
        "name": title, "nodes": nodes, "links": links, "valves": valves, "sources": sources,
        "isolations": isolations, "traces": traces, "paths": paths,
    })
}

#[test]
fn two_hundred_bursts_of_ky4_are_shut_off_as_networkx_does() {
    let Some(data) = data() else { return };
    let golden = data.join("network/golden/ky4/valve_layer.csv");
    let mut layer = epanet(&fs::read_to_string(data.join("network/epanet/ky4.inp")).unwrap());
    for row in csv(&fs::read_to_string(golden).unwrap()) {
        layer.valve(&format!("V{}", row[0]), &row[1], &row[2], &[]);
    }
    let options = Options { valve_links: false, one_way: false };
    judge(&questions("ky4", &layer, options, usize::MAX, 4));
}

#[test]
fn two_hundred_bursts_of_the_sample_city_are_shut_off_as_networkx_does() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data-samples/city/water.inp");
    let layer = epanet(&fs::read_to_string(file).unwrap());
    let options = Options { valve_links: true, one_way: false };
    judge(&questions("sample city", &layer, options, usize::MAX, 11));
}

#[test]
fn two_hundred_bursts_of_a_generated_network_are_shut_off_as_networkx_does() {
    for seed in 0..3 {
        let mut random = Random(seed);
        let mut layer = Layer::default();
        let side = 25;
        let mut pipes = Vec::new();
        for y in 0..side {
            for x in 0..side {
                let element =
                    if random.below(300) == 0 || (x, y) == (3, 3) { "tank" } else { "junction" };
                let at = [118.0 + f64::from(x) * 1e-3, 33.0 + f64::from(y) * 1e-3];
                layer.node(&format!("N{x}-{y}"), at, &[("element", text(element))]);
                for (dx, dy) in [(1, 0), (0, 1)] {
                    // A third of the streets have no pipe: trees, loops and bridges.
                    if x + dx < side && y + dy < side && random.below(3) != 0 {
                        pipes.push([format!("N{x}-{y}"), format!("N{}-{}", x + dx, y + dy)]);
                    }
                }
            }
        }
        for (n, ends) in pipes.iter().enumerate() {
            let flow = [0, 1, 1, -1][random.below(4) as usize];
            let more = [
                ("element", text("pipe")),
                ("flow", Value::Int(flow)),
                ("length", Value::Float(10.0 + random.below(200) as f64)),
            ];
            layer.link(&format!("L{n}"), [&ends[0], &ends[1]], &more);
            for node in ends {
                if random.below(3) == 0 {
                    layer.valve(&format!("V{n}{node}"), &format!("L{n}"), node, &[]);
                }
            }
        }
        judge(&questions("generated", &layer, Options::default(), usize::MAX, seed));
    }
}
