//! The drop order of a million houses in a city of a hundred kilometres.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use onemap_generalise::{DropItem, DropOptions, drop_order, hilbert_of};
use onemap_model::{Bounds, GeometryClass};

fn random(seed: &mut u64) -> f64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 11) as f64 / (1_u64 << 53) as f64
}

fn items(class: GeometryClass, count: usize) -> Vec<DropItem> {
    let city = Bounds::new(118.0, 33.0, 119.0, 34.0).unwrap();
    let mut seed = 7;
    (0..count)
        .map(|_| {
            let center = [118.0 + random(&mut seed), 33.0 + random(&mut seed)];
            let size = match class {
                GeometryClass::Point => 0.0,
                _ => 50.0 + 1500.0 * random(&mut seed).powi(3),
            };
            DropItem {
                hilbert: hilbert_of(center, &city),
                class,
                size: size as f32,
                ranked_size: size as f32,
                bytes: 70,
                vertices: 6,
                center,
                importance: 0.0,
            }
        })
        .collect()
}

fn benches(c: &mut Criterion) {
    let mut group = c.benchmark_group("drop order of 1000000");
    group.sample_size(10).throughput(Throughput::Elements(1_000_000));
    for (name, class) in [("houses", GeometryClass::Polygon), ("points", GeometryClass::Point)] {
        let items = items(class, 1_000_000);
        group.bench_function(name, |b| {
            b.iter(|| drop_order(black_box(&items), &DropOptions::default()));
        });
    }
    group.finish();
}

criterion_group!(ranking, benches);
criterion_main!(ranking);
