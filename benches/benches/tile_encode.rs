//! One vector tile of 10,000 buildings with five attributes each, and what a large outline costs.
//!
//! The peers (`fast-mvt`, `mvt`) are given integer tile coordinates that were made before the clock
//! starts; ours begins with lon/lat and also clips, checks and mends. `mvt` leaves rings wound as they
//! come.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fast_mvt::{MvtCoord, MvtGeomType, MvtLayerBuilder, MvtValueRef};
use onemap_model::{
    FeatureId, FeatureRef, Field, FieldType, Geometry, Interval, Schema, State, TileCoord, ValueRef,
};
use onemap_tiles_vector::{TileEncoder, TileOptions};

const USES: [&str; 6] = ["住宅", "商业", "办公", "学校", "医院", "工业"];

struct Building {
    shape: Geometry,
    cells: Vec<[i32; 2]>,
    usage: &'static str,
    height: f64,
    floors: i64,
    year: i64,
    address: String,
}

fn random(seed: &mut u64) -> f64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 11) as f64 / (1_u64 << 53) as f64
}

fn tile() -> TileCoord {
    TileCoord::containing([118.28, 33.96], 14)
}

/// Rectangles and L-shapes on a grid of 100 by 100 in the tile, every other one wound the other way.
fn buildings() -> Vec<Building> {
    let bounds = tile().bounds(0.0);
    let mut seed = 1;
    (0..10_000_i32)
        .map(|i| {
            let (cx, cy) = (f64::from(i % 100) * 40.0 + 5.0, f64::from(i / 100) * 40.0 + 5.0);
            let (w, h) = (10.0 + 20.0 * random(&mut seed), 10.0 + 20.0 * random(&mut seed));
            let mut corners = vec![[0.0, 0.0], [w, 0.0], [w, h], [0.0, h]];
            if i % 3 == 0 {
                corners.splice(2..3, [[w, h / 2.0], [w / 2.0, h / 2.0], [w / 2.0, h]]);
            }
            if i % 2 == 0 {
                corners.reverse();
            }
            let mut ring: Vec<[f64; 2]> = corners
                .iter()
                .map(|[x, y]| {
                    let u = (cx + x) / 4096.0;
                    let v = (cy + y) / 4096.0;
                    [
                        bounds.west + u * (bounds.east - bounds.west),
                        bounds.north - v * (bounds.north - bounds.south),
                    ]
                })
                .collect();
            ring.push(ring[0]);
            let floors = 1 + (random(&mut seed) * 33.0) as i64;
            Building {
                cells: ring
                    .iter()
                    .map(|&p| tile().project(p).map(|v| (v * 4096.0).round() as i32))
                    .collect(),
                shape: Geometry::polygon(ring),
                usage: USES[(random(&mut seed) * 6.0) as usize],
                height: floors as f64 * 3.0 + (random(&mut seed) * 10.0).floor() / 10.0,
                floors,
                year: 1980 + (random(&mut seed) * 45.0) as i64,
                address: format!("洪泽湖路{}号", i % 4000),
            }
        })
        .collect()
}

fn schema() -> Schema {
    let field = |name, kind| Field::new(name, kind);
    Schema {
        fields: vec![
            field("usage", FieldType::Text),
            field("height", FieldType::Float),
            field("floors", FieldType::Int),
            field("year", FieldType::Int),
            field("address", FieldType::Text),
        ],
    }
}

fn ours(all: &[Building], schema: &Schema, maxzoom: u8) -> Vec<u8> {
    let mut encoder = TileEncoder::new(tile(), &TileOptions::default());
    let mut layer = encoder.layer("buildings", schema, maxzoom);
    for (b, id) in all.iter().zip(1..) {
        layer.add(&FeatureRef {
            id: FeatureId::new(id).unwrap(),
            geometry: Some(&b.shape),
            values: &[
                ValueRef::Text(b.usage),
                ValueRef::Float(b.height),
                ValueRef::Int(b.floors),
                ValueRef::Int(b.year),
                ValueRef::Text(&b.address),
            ],
            valid: Interval::ALWAYS,
            state: State::Existing,
        });
    }
    layer.finish();
    encoder.finish()
}

fn fast_mvt(all: &[Building]) -> Vec<u8> {
    let mut layer = MvtLayerBuilder::new("buildings").unwrap();
    for (b, id) in all.iter().zip(1..) {
        let mut feature = layer.feature_of(MvtGeomType::Polygon);
        feature.id(Some(id));
        let open = &b.cells[..b.cells.len() - 1];
        let ring = open.iter().map(|&[x, y]| MvtCoord { x, y });
        feature.ring(ring, true).unwrap();
        let tags = [
            ("usage", MvtValueRef::String(b.usage)),
            ("height", MvtValueRef::Double(b.height)),
            ("floors", MvtValueRef::UInt(b.floors as u64)),
            ("year", MvtValueRef::UInt(b.year as u64)),
            ("address", MvtValueRef::String(&b.address)),
        ];
        for (key, value) in tags {
            feature.tag_ref(key, value).unwrap();
        }
        layer = feature.end();
    }
    layer.encode()
}

fn mvt(all: &[Building]) -> Vec<u8> {
    let mut tile = mvt::Tile::new(4096);
    let mut layer = tile.create_layer("buildings");
    for (b, id) in all.iter().zip(1..) {
        let mut shape = mvt::GeomEncoder::<f64>::new(mvt::GeomType::Polygon);
        for &[x, y] in &b.cells[..b.cells.len() - 1] {
            shape = shape.point(f64::from(x), f64::from(y)).unwrap();
        }
        let mut feature = layer.into_feature(shape.encode().unwrap());
        feature.set_id(id);
        feature.add_tag_string("usage", b.usage);
        feature.add_tag_double("height", b.height);
        feature.add_tag_uint("floors", b.floors as u64);
        feature.add_tag_uint("year", b.year as u64);
        feature.add_tag_string("address", &b.address);
        layer = feature.into_layer();
    }
    tile.add_layer(layer).unwrap();
    tile.to_bytes().unwrap()
}

/// A coast of half a million vertices around the middle of the tile, three tiles wide.
fn coast() -> Geometry {
    let n = 500_000;
    let bounds = tile().bounds(0.0);
    let (center, wide) = (bounds.center(), bounds.east - bounds.west);
    let mut seed = 3;
    let mut ring: Vec<[f64; 2]> = (0..n)
        .map(|i| {
            let angle = std::f64::consts::TAU * f64::from(i) / f64::from(n);
            let wave = 0.2 * (angle * 40.0).sin() + 0.1 * (angle * 900.0).sin();
            let r = wide * (1.2 + wave + 0.00001 * random(&mut seed));
            [center[0] + r * angle.cos(), center[1] + 0.8 * r * angle.sin()]
        })
        .collect();
    ring.push(ring[0]);
    Geometry::polygon(ring)
}

fn encode_coast(shape: &Geometry, maxzoom: u8) -> Vec<u8> {
    let schema = Schema::default();
    let mut encoder = TileEncoder::new(tile(), &TileOptions::default());
    let mut layer = encoder.layer("coast", &schema, maxzoom);
    layer.add(&FeatureRef {
        id: FeatureId::new(1).unwrap(),
        geometry: Some(shape),
        values: &[],
        valid: Interval::ALWAYS,
        state: State::Existing,
    });
    layer.finish();
    encoder.finish()
}

fn benches(c: &mut Criterion) {
    let (all, schema) = (buildings(), schema());
    let bytes = [ours(&all, &schema, 14), fast_mvt(&all), mvt(&all)].map(|tile| tile.len());
    eprintln!("bytes a tile: onemap {}, fast-mvt {}, mvt {}", bytes[0], bytes[1], bytes[2]);
    let mut group = c.benchmark_group("encode 10000 buildings");
    group.throughput(Throughput::Elements(all.len() as u64));
    group.bench_function("onemap from lon/lat", |b| {
        b.iter(|| ours(black_box(&all), &schema, 14));
    });
    group.bench_function("onemap from lon/lat, simplified", |b| {
        b.iter(|| ours(black_box(&all), &schema, 16));
    });
    group.bench_function("fast-mvt from integers", |b| b.iter(|| fast_mvt(black_box(&all))));
    group.bench_function("mvt from integers", |b| b.iter(|| mvt(black_box(&all))));
    group.finish();

    let shape = coast();
    let mut group = c.benchmark_group("encode a coast of 500000 vertices");
    group.sample_size(20);
    group.bench_function("in full", |b| b.iter(|| encode_coast(black_box(&shape), 14)));
    group.bench_function("simplified", |b| b.iter(|| encode_coast(black_box(&shape), 16)));
    group.finish();
}

criterion_group!(tile_encode, benches);
criterion_main!(tile_encode);
