//! Figures, printed: `cargo test --release -p onemap-store --test it -- --ignored --nocapture speed`.

use std::ops::ControlFlow;
use std::time::Instant;

use onemap_model::{
    Feature, Field, FieldType, Geometry, Interval, Schema, State, TileCoord, Value,
};
use onemap_store::{EncodedBatch, ImportMode, LayerMeta, LayerPlan, Query};
use rayon::prelude::*;

use crate::support::*;

/// A building of ten corners with six attributes, on a grid that is dense as a city.
fn building(n: u64) -> Feature {
    let (column, row) = (n % 2000, n / 2000);
    let (x, y) = (118.0 + column as f64 * 0.0003, 33.0 + row as f64 * 0.0003);
    let corner = |i: u32| {
        let angle = f64::from(i % 10) / 10.0 * std::f64::consts::TAU;
        [x + 0.0001 * angle.cos(), y + 0.0001 * angle.sin()]
    };
    Feature {
        id: id(n),
        geometry: Some(Geometry::polygon((0..=10).map(corner).collect())),
        values: vec![
            Value::Text(format!("{}号楼", n % 500)),
            Value::Int((n % 33) as i64),
            Value::Float(n as f64 * 0.1),
            Value::Text("住宅".into()),
            Value::Int(1980 + (n % 45) as i64),
            Value::Text(format!("宿豫区人民路{n}号")),
        ],
        valid: Interval::ALWAYS,
        state: State::Existing,
    }
}

fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

#[test]
#[ignore = "prints figures"]
fn speed() {
    let count: u64 = std::env::var("FEATURES").map_or(210_000, |n| n.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let source: Vec<Feature> = (0..count.min(210_000)).into_par_iter().map(building).collect();
    let (wall, cpu) = (Instant::now(), cpu_seconds());
    let tx = store.import("speed").unwrap();
    let mut bulk = tx.layer(LayerPlan { id: layer_id("b"), mode: ImportMode::Create }).unwrap();
    if count <= 210_000 {
        for group in source.chunks(16_384) {
            let encoded: Vec<_> = group.par_chunks(2048).map(EncodedBatch::encode).collect();
            for batch in encoded {
                bulk.push(&batch.unwrap()).unwrap();
            }
        }
    } else {
        for first in (0..count).step_by(16_384) {
            let group: Vec<u64> = (first..(first + 16_384).min(count)).collect();
            let encode = |ids: &[u64]| {
                EncodedBatch::encode(&ids.iter().map(|n| building(*n)).collect::<Vec<_>>())
            };
            let encoded: Vec<_> = group.par_chunks(2048).map(encode).collect();
            for batch in encoded {
                bulk.push(&batch.unwrap()).unwrap();
            }
        }
    }
    println!("encode and spool {:?} wall, {:.2} s CPU", wall.elapsed(), cpu_seconds() - cpu);
    let names = ["name", "floors", "height", "use", "year", "address"];
    let fields = names.iter().zip(&source[0].values);
    let fields = fields.map(|(name, v)| Field::new(*name, v.kind().unwrap_or(FieldType::Text)));
    let schema = Schema { fields: fields.collect() };
    let finished = bulk.finish(LayerMeta { schema, ..meta() }).unwrap();
    println!("... and finish {:?} wall, {:.2} s CPU", wall.elapsed(), cpu_seconds() - cpu);
    tx.commit(vec![finished]).unwrap();
    println!("import of {count}: {:?} wall, {:.2} s CPU", wall.elapsed(), cpu_seconds() - cpu);
    println!("{:?}", store.stats());
    drop(store);
    let wall = Instant::now();
    let store = open(dir.path());
    println!("open: {:?}", wall.elapsed());

    let view = store.view(everything());
    let layer = view.layer(&layer_id("b")).unwrap();
    println!("zooms {}..{}", layer.layer().minzoom, layer.layer().maxzoom);
    for zoom in [0, 6, 10, 12, 13, 14, 15, 16] {
        let tile = TileCoord::containing([118.15, 33.015], zoom);
        let query = Query::tile(tile, 1.0 / 64.0);
        let (mut features, mut vertices) = (0_u64, 0_u64);
        let mut best = f64::MAX;
        for _ in 0..20 {
            (features, vertices) = (0, 0);
            let begin = Instant::now();
            layer
                .for_each(&query, &mut |f| {
                    features += 1;
                    vertices += f.geometry.map_or(0, |g| g.xy.len() as u64);
                    ControlFlow::Continue(())
                })
                .unwrap();
            best = best.min(begin.elapsed().as_secs_f64());
        }
        let each = best / features.max(1) as f64 * 1e9;
        println!(
            "tile {tile}: {features} features, {vertices} vertices in {:.3} ms, {each:.0} ns each",
            best * 1e3
        );
    }
    let begin = Instant::now();
    for n in 0..100 {
        let edit = onemap_store::Edit::Update { feature: building(n), expected: None };
        store.edit(&layer_id("b"), vec![edit], "me").unwrap();
    }
    println!("100 edits: {:?}", begin.elapsed());
    let begin = Instant::now();
    let report = store.check();
    println!("check: {:?}\n{report}", begin.elapsed());
}
