//! Makes a network of a million pipes and measures how it loads, answers and follows edits.
//!
//! `cargo run --release -p onemap-network --example million -- [pipes]`
//!
//! The water network is a grid of streets with pumping stations, valves at a third of the ends of its pipes, hydrants and
//! customers on dead ends. The sewers are the trees of a drainage basin: each pipe falls to the next.

#![allow(clippy::unwrap_used)]

use std::time::Instant;

use onemap_model::{
    FeatureId, FeatureRef, Field, FieldType, Geometry, Interval, Schema, State, ValueRef,
};
use onemap_network::{
    Ambiguous, Change, IsolateQuery, Network, NetworkBuilder, PathQuery, TraceDirection, TraceQuery,
};

const FIELDS: [(&str, FieldType); 16] = [
    ("code", FieldType::Text),
    ("element", FieldType::Text),
    ("class", FieldType::Text),
    ("from_node", FieldType::Text),
    ("to_node", FieldType::Text),
    ("diameter", FieldType::Float),
    ("section", FieldType::Text),
    ("material", FieldType::Text),
    ("on_link", FieldType::Text),
    ("at_node", FieldType::Text),
    ("built", FieldType::Int),
    ("owner", FieldType::Text),
    ("road", FieldType::Text),
    ("ground_from", FieldType::Float),
    ("ground_to", FieldType::Float),
    ("level", FieldType::Text),
];

struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

/// Makes features and hands each to a sink, as a store would: nothing is kept.
struct Source<'a> {
    next: u64,
    sink: &'a mut dyn FnMut(&FeatureRef<'_>),
}

impl Source<'_> {
    fn put(&mut self, shape: &Geometry, values: &[ValueRef<'_>]) -> u64 {
        self.next += 1;
        (self.sink)(&FeatureRef {
            id: FeatureId::new(self.next).unwrap(),
            geometry: Some(shape),
            values,
            valid: Interval::ALWAYS,
            state: State::Existing,
        });
        self.next
    }
}

fn node<'a>(code: &'a str, element: &'a str, class: &'a str) -> [ValueRef<'a>; 16] {
    let mut values = [ValueRef::Null; 16];
    values[0] = ValueRef::Text(code);
    values[1] = ValueRef::Text(element);
    values[2] = ValueRef::Text(class);
    values
}

const MATERIALS: [&str; 4] = ["球墨铸铁", "PE", "钢", "灰口铸铁"];
const SIZES: [(&str, f64); 5] =
    [("DN100", 100.0), ("DN150", 150.0), ("DN200", 200.0), ("DN300", 300.0), ("DN600", 600.0)];

fn pipe<'a>(
    code: &'a str,
    class: &'a str,
    ends: [&'a str; 2],
    road: &'a str,
    random: &mut Random,
) -> [ValueRef<'a>; 16] {
    let mut values = node(code, "pipe", class);
    let size = SIZES[random.below(5) as usize];
    values[3] = ValueRef::Text(ends[0]);
    values[4] = ValueRef::Text(ends[1]);
    values[5] = ValueRef::Float(size.1);
    values[6] = ValueRef::Text(size.0);
    values[7] = ValueRef::Text(MATERIALS[random.below(4) as usize]);
    values[10] = ValueRef::Int(1960 + random.below(60) as i64);
    values[11] = ValueRef::Text("市自来水公司");
    values[12] = ValueRef::Text(road);
    values[13] = ValueRef::Float(20.0);
    values[14] = ValueRef::Float(20.0);
    values[15] = ValueRef::Text("centre");
    values
}

/// Water: a grid of streets. Returns the ids of its pipes.
fn water(pipes: usize, source: &mut Source<'_>, valves_in: u64) -> Vec<u64> {
    let side = ((pipes / 2) as f64).sqrt() as usize;
    let place = |x: usize, y: usize| [118.0 + x as f64 * 4e-4, 33.0 + y as f64 * 3e-4];
    let mut random = Random(1);
    let mut links = Vec::new();
    let point = |at: [f64; 2]| {
        let mut point = Geometry::empty(onemap_model::GeometryKind::Point);
        point.push_z([at[0], at[1], 18.5]);
        point
    };
    let mut far = String::new();
    for y in 0..side {
        let road = format!("第{y}大街");
        for x in 0..side {
            let code = format!("J{x}-{y}");
            let station = x % (side / 3).max(1) == 5 && y % (side / 3).max(1) == 5;
            let element = match random.below(12) {
                _ if station => "source",
                0 => "hydrant",
                1..4 => "customer",
                _ => "junction",
            };
            source.put(&point(place(x, y)), &node(&code, element, "JS"));
            for (dx, dy) in [(1, 0), (0, 1)] {
                if x + dx >= side || y + dy >= side || random.below(50) == 0 {
                    continue;
                }
                far.clear();
                std::fmt::Write::write_fmt(&mut far, format_args!("J{}-{}", x + dx, y + dy))
                    .unwrap();
                let name = format!("P{x}-{y}-{dx}");
                let mut line = Geometry::empty(onemap_model::GeometryKind::LineString);
                let (a, b) = (place(x, y), place(x + dx, y + dy));
                line.push_z([a[0], a[1], 18.5]);
                if random.below(2) == 0 {
                    line.push_z([
                        f64::midpoint(a[0], b[0]) + 1e-5,
                        f64::midpoint(a[1], b[1]) + 1e-5,
                        18.6,
                    ]);
                }
                line.push_z([b[0], b[1], 18.5]);
                line.end_line();
                let values = pipe(&name, "JS", [&code, &far], &road, &mut random);
                links.push(source.put(&line, &values));
                for end in [&code, &far] {
                    if random.below(100) < valves_in {
                        let valve = format!("V{}", source.next);
                        let mut values = node(&valve, "valve", "JS");
                        values[8] = ValueRef::Text(&name);
                        values[9] = ValueRef::Text(end);
                        source.put(&point(a), &values);
                    }
                }
            }
        }
    }
    links
}

/// Sewers: each manhole drains to one nearer to the outfall. Returns the ids of the pipes.
fn sewers(pipes: usize, source: &mut Source<'_>) -> Vec<u64> {
    let side = (pipes as f64).sqrt() as usize;
    let mut random = Random(2);
    let mut links = Vec::new();
    for y in 0..side {
        let road = format!("第{y}大街");
        for x in 0..side {
            let at = |x: usize, y: usize| {
                let fall = (x + y) as f64 * 0.05;
                [119.0 + x as f64 * 4e-4, 33.0 + y as f64 * 3e-4, 5.0 + fall]
            };
            let mut point = Geometry::empty(onemap_model::GeometryKind::Point);
            point.push_z(at(x, y));
            let code = format!("W{x}-{y}");
            let element = if (x, y) == (0, 0) { "outfall" } else { "manhole" };
            source.put(&point, &node(&code, element, "PS"));
            let (dx, dy) = match (x, y) {
                (0, 0) => continue,
                (0, _) => (0, 1),
                (_, 0) => (1, 0),
                _ if random.below(2) == 0 => (1, 0),
                _ => (0, 1),
            };
            let far = format!("W{}-{}", x - dx, y - dy);
            let name = format!("S{x}-{y}");
            let mut line = Geometry::empty(onemap_model::GeometryKind::LineString);
            // Drawn at random with or against the fall.
            let drawn = random.below(2) == 0;
            let ends = if drawn { [&code[..], &far] } else { [&far[..], &code] };
            let (a, b) =
                if drawn { (at(x, y), at(x - dx, y - dy)) } else { (at(x - dx, y - dy), at(x, y)) };
            line.push_z(a);
            line.push_z(b);
            line.end_line();
            links.push(source.put(&line, &pipe(&name, "PS", ends, &road, &mut random)));
        }
    }
    links
}

fn schema() -> Schema {
    Schema { fields: FIELDS.iter().map(|(name, kind)| Field::new(*name, *kind)).collect() }
}

fn resident_mb(key: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(key)).unwrap_or("0");
    let digits: String = line.chars().filter(char::is_ascii_digit).collect();
    digits.parse::<u64>().unwrap_or(0) / 1024
}

/// Forgets the greatest size so far, so that `VmHWM` is of what follows.
fn forget_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

fn load(name: &str, feed: &mut dyn FnMut(&mut Source<'_>) -> Vec<u64>) -> (Network, Vec<u64>) {
    // What making the features alone takes, to be taken off.
    let start = Instant::now();
    let mut count = 0_u64;
    feed(&mut Source { next: 0, sink: &mut |_| count += 1 });
    let making = start.elapsed();
    let before = resident_mb("VmRSS");
    forget_peak();
    let start = Instant::now();
    let mut builder = NetworkBuilder::new(&schema());
    let links = feed(&mut Source { next: 0, sink: &mut |feature| builder.push(feature) });
    let pushed = start.elapsed();
    let network = builder.finish();
    let loaded = start.elapsed().saturating_sub(making);
    network.prepare();
    let prepared = start.elapsed().saturating_sub(making);
    println!(
        "{name}: {} pipes, {count} features: loaded in {:.2} s (pushing {:.2} s), with segments and supply {:.2} s; \
         {} MB, at most {} MB",
        links.len(),
        loaded.as_secs_f64(),
        pushed.saturating_sub(making).as_secs_f64(),
        prepared.as_secs_f64(),
        resident_mb("VmRSS") - before,
        resident_mb("VmHWM").saturating_sub(before),
    );
    (network, links)
}

fn measure(what: &str, links: &[u64], times: usize, mut ask: impl FnMut(FeatureId) -> usize) {
    let mut random = Random(7);
    let mut took: Vec<(f64, usize)> = (0..times)
        .map(|_| {
            let id = FeatureId::new(links[random.below(links.len() as u64) as usize]).unwrap();
            let start = Instant::now();
            let size = ask(id);
            (start.elapsed().as_secs_f64() * 1e3, size)
        })
        .collect();
    took.sort_by(|a, b| a.0.total_cmp(&b.0));
    let at = |part: f64| took[((took.len() - 1) as f64 * part) as usize];
    let largest = took.iter().map(|(_, size)| *size).max().unwrap_or(0);
    println!(
        "  {what}: p50 {:.3} ms, p99 {:.3} ms, max {:.3} ms ({times} questions, up to {largest} links)",
        at(0.5).0,
        at(0.99).0,
        at(1.0).0
    );
}

fn main() {
    let pipes = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    for valves_in in [33, 2] {
        let (mut network, links) =
            load(&format!("water, valves at {valves_in} % of ends"), &mut |s| {
                water(pipes, s, valves_in)
            });
        measure("isolate", &links, 5000, |id| {
            let plan = network.isolate(&IsolateQuery::burst(id)).unwrap();
            (plan.shut.sums.links + plan.behind.sums.links) as usize
        });
        measure("isolate with outline", &links, 1000, |id| {
            let query = IsolateQuery { outline: true, ..IsolateQuery::burst(id) };
            network.isolate(&query).unwrap().outline.len()
        });
        measure("isolate with alternatives", &links, 1000, |id| {
            let query = IsolateQuery { alternatives: true, ..IsolateQuery::burst(id) };
            network.isolate(&query).unwrap().alternatives.len()
        });
        let others = links.clone();
        let mut random = Random(3);
        measure("isolate three bursts", &links, 1000, |id| {
            let mut other =
                || FeatureId::new(others[random.below(others.len() as u64) as usize]).unwrap();
            let bursts = vec![id, other(), other()];
            let plan =
                network.isolate(&IsolateQuery { bursts, ..IsolateQuery::default() }).unwrap();
            (plan.shut.sums.links + plan.behind.sums.links) as usize
        });
        measure("upstream, all ambiguous, at most 10,000", &links, 500, |id| {
            network.trace(&TraceQuery::new(id, TraceDirection::Upstream)).unwrap().links.len()
        });
        let mut random = Random(9);
        measure("connect two anywhere", &links, 20, |id| {
            let to = FeatureId::new(links[random.below(links.len() as u64) as usize]).unwrap();
            let query = PathQuery { from: id, to, with_flow: false, through_closed: false };
            network.connect(&query).unwrap().path.map_or(0, |path| path.links.len())
        });
        // Edits: the same pipe with another material, then with other ends.
        let schema = schema();
        let at = |name: &str| schema.position(name).unwrap();
        for (what, from) in [("another material", None), ("another end", Some("J0-0"))] {
            let mut random = Random(4);
            measure(&format!("edit: {what}"), &links, 1000, |id| {
                let link = network.link(network.link_of(id).unwrap());
                let shape = Geometry::line(link.line().to_vec());
                let (code, [a, b]) = (link.code().to_owned(), link.ends());
                let (a, b) = (network.node(a).code().to_owned(), network.node(b).code().to_owned());
                let mut values = pipe(&code, "JS", [&a, &b], "路", &mut random);
                if let Some(from) = from {
                    values[at("from_node")] = ValueRef::Text(from);
                }
                let (valid, state) = (Interval::ALWAYS, State::Existing);
                let feature =
                    FeatureRef { id, geometry: Some(&shape), values: &values, valid, state };
                network.apply(&[Change::Put(feature)]);
                0
            });
        }
        let start = Instant::now();
        network.prepare();
        println!("  segments and supply anew after edits: {:.3} s", start.elapsed().as_secs_f64());
    }

    let (network, links) = load("sewers", &mut |s| sewers(pipes, s));
    for (name, direction) in
        [("upstream", TraceDirection::Upstream), ("downstream", TraceDirection::Downstream)]
    {
        measure(&format!("{name}, at most 10,000 links"), &links, 5000, |id| {
            network.trace(&TraceQuery::new(id, direction)).unwrap().links.len()
        });
    }
    let outfall = links[0];
    for limit in [10_000, usize::MAX] {
        let query = TraceQuery {
            from: FeatureId::new(outfall).unwrap(),
            direction: TraceDirection::Upstream,
            ambiguous: Ambiguous::Stop,
            limit,
        };
        let start = Instant::now();
        let trace = network.trace(&query).unwrap();
        println!(
            "  upstream of the outfall, limit {limit}: {} links in {:.1} ms, complete: {}",
            trace.links.len(),
            start.elapsed().as_secs_f64() * 1e3,
            trace.complete
        );
    }
    let start = Instant::now();
    let groups = network
        .statistics(&[onemap_network::GroupBy::Size, onemap_network::GroupBy::Material], None);
    println!(
        "  statistics of all: {} groups in {:.0} ms",
        groups.len(),
        start.elapsed().as_secs_f64() * 1e3
    );
    let start = Instant::now();
    let ages = network.ages(&onemap_network::AgeRules::built_in(), 2026);
    println!(
        "  ages of all: {} warnings in {:.0} ms",
        ages.rows.len(),
        start.elapsed().as_secs_f64() * 1e3
    );
}
