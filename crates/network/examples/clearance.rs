//! How long questions about the underground take in a city of a million pipes: `clearance [PIPES]`.
#![allow(missing_docs, clippy::unwrap_used)]

use std::time::Instant;

use onemap_model::{
    FeatureId, FeatureRef, Field, FieldType, Geometry, Interval, PipeClass, Schema, State, ValueRef,
};
use onemap_network::{
    ClearanceOptions, Layer, Limits, Network, NetworkBuilder, NetworkIndex, PitBottom, PlannedPipe,
    Section, Shape, Subject, SurveyGround, clearance, cover_report, cross_section, excavation,
};

const CLASSES: [&str; 6] = ["JS", "PS", "RQ", "RL", "DL", "TX"];

/// Streets 250 m apart in both directions, six pipes in each, in pieces of 25 m: as dense as the middle of a city.
fn city(pipes: usize) -> Network {
    let field = |name: &str, kind| Field::new(name, kind);
    let schema = Schema {
        fields: vec![
            field("class", FieldType::Text),
            field("diameter", FieldType::Float),
            field("ground_from", FieldType::Float),
            field("ground_to", FieldType::Float),
        ],
    };
    let mut builder = NetworkBuilder::new(&schema);
    let streets = ((pipes / 12) as f64 / 10.0).sqrt().ceil().max(1.0) as usize;
    let pieces = streets * 10;
    let mut id = 0;
    let metres = |x: f64, y: f64| [118.0 + x / 92_400.0, 33.5 + y / 110_920.0];
    'all: for along in 0..2 {
        for street in 0..streets {
            for (at, class) in CLASSES.iter().enumerate() {
                let across = street as f64 * 250.0 + at as f64 * 2.5;
                for piece in 0..pieces {
                    if id == pipes as u64 {
                        break 'all;
                    }
                    id += 1;
                    let [a, b] = [piece, piece + 1].map(|piece| piece as f64 * 25.0);
                    let z = 18.0 - at as f64 * 0.6 - f64::from(along) * 0.25;
                    let ends = if along == 0 {
                        [[a, across], [b, across]]
                    } else {
                        [[across, a], [across, b]]
                    };
                    let mut shape = Geometry::line(ends.map(|[x, y]| metres(x, y)).to_vec());
                    shape.z = vec![z, z - 0.05];
                    builder.push(&FeatureRef {
                        id: FeatureId::new(id).unwrap(),
                        geometry: Some(&shape),
                        values: &[
                            ValueRef::Text(class),
                            ValueRef::Float(200.0 + at as f64 * 100.0),
                            ValueRef::Float(20.0),
                            ValueRef::Float(20.1),
                        ],
                        valid: Interval::ALWAYS,
                        state: State::Existing,
                    });
                }
            }
        }
    }
    builder.finish()
}

fn resident_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) / 1024.0
}

/// Prints the middle and the 99th of a hundred times, milliseconds.
fn timed(what: &str, mut run: impl FnMut(usize) -> usize) {
    let mut found = 0;
    let mut times: Vec<f64> = (0..100)
        .map(|at| {
            let start = Instant::now();
            found = found.max(run(at));
            start.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("{what}: p50 {:.2} ms, p99 {:.2} ms, up to {found} found", times[50], times[98]);
}

fn main() {
    let pipes = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    let network = city(pipes);
    let before = resident_mb();
    let start = Instant::now();
    let index = NetworkIndex::new(&network);
    println!(
        "{} pipes indexed in {:.2} s, {:.0} MB more",
        network.links().count(),
        start.elapsed().as_secs_f64(),
        resident_mb() - before
    );
    let layers = [Layer { id: "city", network: &network, index: &index }];
    let ground = SurveyGround::new(&layers);
    let limits = Limits::default();
    let width = ((pipes / 120) as f64).sqrt() * 250.0;
    let corner = |at: usize| {
        let part = (at as f64 * 0.618_034).fract();
        [
            118.0 + part * (width - 2000.0).max(0.0) / 92_400.0,
            33.5 + (at as f64 * 0.754_877).fract() * (width - 2000.0).max(0.0) / 110_920.0,
        ]
    };
    let section = Section { shape: Shape::Round, width: 0.5, height: 0.5, wall: 0.02 };
    for (what, step) in [("across the blocks", [707.1, 707.1]), ("along a street", [1000.0, 0.0])] {
        timed(&format!("clearance of 1 km {what}"), |at| {
            let [lon, mut lat] = corner(at);
            if step[1] == 0.0 {
                // In the street itself, between its pipes.
                let street = ((lat - 33.5) * 110_920.0 / 250.0).round();
                lat = 33.5 + (street * 250.0 + 4.0) / 110_920.0;
            }
            let line = (0..=40).map(|i| {
                let t = f64::from(i) / 40.0;
                [lon + step[0] * t / 92_400.0, lat + step[1] * t / 110_920.0, 16.8]
            });
            let planned = PlannedPipe {
                line: line.collect(),
                section,
                class: PipeClass::Water,
                subclass: None,
                pressure: None,
                laying: Some("ZM".to_owned()),
                joins: Vec::new(),
            };
            let options = ClearanceOptions::default();
            clearance(Subject::Planned(&planned), &layers, &limits, options)
                .unwrap()
                .neighbours
                .len()
        });
    }
    timed("cross-section of 1 km", |at| {
        let [lon, lat] = corner(at);
        let line = [[lon, lat], [lon + 707.1 / 92_400.0, lat + 707.1 / 110_920.0]];
        cross_section(&line, &layers, &ground).unwrap().cuts.len()
    });
    timed("excavation of 60 m by 40 m", |at| {
        let [lon, lat] = corner(at);
        let [x, y] = [60.0 / 92_400.0, 40.0 / 110_920.0];
        let ring = [[lon, lat], [lon + x, lat], [lon + x, lat + y], [lon, lat + y]];
        excavation(&ring, PitBottom::Depth(4.0), &layers, &ground).unwrap().pipes.len()
    });
    let start = Instant::now();
    let report = cover_report(&layers[0], &ground, &|_| None, &limits, 100);
    println!(
        "cover of {} pipes: {:.1} s, {} fail",
        report.looked_at,
        start.elapsed().as_secs_f64(),
        report.failed
    );
}
