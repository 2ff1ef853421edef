//! Times the valve segments and shut-offs of an EPANET file with a table of valves, for `benches/compare/network.py`.
//!
//! `segments FILE.inp VALVES.csv [TIMES]`, where each line of the table is `number,link,node` below a header. Prints JSON.

#![allow(clippy::unwrap_used)]

use std::time::Instant;

use onemap_model::{FeatureId, FeatureRef, Field, FieldType, Interval, Schema, State, ValueRef};
use onemap_network::{IsolateQuery, Network, NetworkBuilder, Options};

const FIELDS: [&str; 6] = ["code", "element", "from_node", "to_node", "on_link", "at_node"];

fn features(inp: &str, valves: &str) -> Vec<[String; 6]> {
    let (mut rows, mut section) = (Vec::new(), String::new());
    for line in inp.lines() {
        let line = line.split(';').next().unwrap_or_default().trim();
        if line.starts_with('[') {
            section = line.to_uppercase();
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let element = match (section.as_str(), words.len()) {
            ("[JUNCTIONS]", 1..) => "junction",
            ("[RESERVOIRS]", 1..) => "reservoir",
            ("[TANKS]", 1..) => "tank",
            ("[PIPES]" | "[PUMPS]" | "[VALVES]", 3..) => "pipe",
            _ => continue,
        };
        let end = |at: usize| if element == "pipe" { words[at].to_owned() } else { String::new() };
        rows.push([words[0].into(), element.into(), end(1), end(2), String::new(), String::new()]);
    }
    for line in valves.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        if let [number, link, node, ..] = cells[..] {
            let (code, none) = (format!("valve {number}"), String::new());
            rows.push([code, "valve".into(), none.clone(), none, link.into(), node.into()]);
        }
    }
    rows
}

fn build(rows: &[[String; 6]]) -> Network {
    let schema = Schema { fields: FIELDS.map(|name| Field::new(name, FieldType::Text)).to_vec() };
    // To WNTR, EPANET's own valves are links, and nothing is one-way.
    let options = Options { valve_links: false, one_way: false };
    let mut builder = NetworkBuilder::with_options(&schema, options);
    for (at, row) in rows.iter().enumerate() {
        let values = [0, 1, 2, 3, 4, 5].map(|field: usize| match row[field].as_str() {
            "" => ValueRef::Null,
            text => ValueRef::Text(text),
        });
        let (valid, state) = (Interval::ALWAYS, State::Existing);
        let id = FeatureId::new(at as u64).unwrap();
        builder.push(&FeatureRef { id, geometry: None, values: &values, valid, state });
    }
    builder.finish()
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let read = |at: usize| std::fs::read_to_string(&args[at]).unwrap();
    let times = args.get(2).and_then(|n| n.parse().ok()).unwrap_or(5);
    let rows = features(&read(0), &read(1));
    let (mut load, mut prepare) = (f64::MAX, f64::MAX);
    for _ in 0..times {
        let start = Instant::now();
        let network = build(&rows);
        let loaded = start.elapsed();
        network.prepare();
        load = load.min(loaded.as_secs_f64());
        prepare = prepare.min(start.elapsed().saturating_sub(loaded).as_secs_f64());
    }
    let network = build(&rows);
    let segments = network.segments().len();
    let pipes: Vec<FeatureId> =
        network.links().filter_map(|link| network.link(link).id()).step_by(7).collect();
    let start = Instant::now();
    for id in &pipes {
        network.isolate(&IsolateQuery::burst(*id)).unwrap();
    }
    let isolate = start.elapsed().as_secs_f64() / pipes.len() as f64;
    println!(
        "{{\"segments\": {segments}, \"load_s\": {load}, \"segments_s\": {prepare}, \"isolate_s\": {isolate}}}"
    );
}
