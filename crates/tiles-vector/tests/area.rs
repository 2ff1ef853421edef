//! The map is as full as the ground.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{Random, at, check_valid, decode, encode_all, feature, surveyor};
use onemap_model::{Field, FieldType, Geometry, Schema, TileCoord, ValueRef};
use onemap_tiles_vector::{Mass, TileEncoder, TileOptions};

/// Houses on a grid of 60 units, turned at random: rectangles and L shapes from 4 to 40 units wide, small
/// ones more often. Returns them with their areas in square units.
fn houses(tile: TileCoord, seed: u64) -> Vec<(Geometry, f64)> {
    let mut random = Random(seed);
    let mut all = Vec::new();
    for i in 0..66_u32 {
        for j in 0..66_u32 {
            let width = 4.0 * 10_f64.powf(random.next());
            let height = width * (1.0 + 0.5 * random.next()).min(40.0 / width);
            let mut corners = vec![[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]];
            let mut area = width * height;
            if random.next() < 0.4 && width > 8.0 {
                let (x, y) = (width * 0.5, height * 0.6);
                corners.splice(2..3, [[width, y], [x, y], [x, height]]);
                area -= (width - x) * (height - y);
            }
            let middle =
                [30.0 + f64::from(i) * 60.0, 30.0 + f64::from(j) * 60.0].map(|v| v + random.next());
            let (sin, cos) = (random.next() * std::f64::consts::TAU).sin_cos();
            let place = |p: &[f64; 2]| {
                let (x, y) = (p[0] - width / 2.0, p[1] - height / 2.0);
                at(tile, [middle[0] + x * cos - y * sin, middle[1] + x * sin + y * cos])
            };
            let mut ring: Vec<[f64; 2]> = corners.iter().map(place).collect();
            ring.push(ring[0]);
            all.push((Geometry::polygon(ring), area));
        }
    }
    all
}

fn drawn_area(bytes: &[u8]) -> Vec<(u64, f64)> {
    let tile = decode(bytes);
    check_valid(&tile);
    let area = |polygons: &Vec<geo_types::Polygon<f64>>| -> f64 {
        let rings =
            polygons.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()));
        rings.map(surveyor).sum()
    };
    tile.features.iter().map(|(id, polygons)| (*id, area(polygons))).collect()
}

#[test]
fn small_houses_cover_what_they_cover_on_the_ground() {
    let tile = TileCoord::new(13, 6787, 3273).unwrap();
    let all = houses(tile, 5);
    let shapes: Vec<Geometry> = all.iter().map(|(shape, _)| shape.clone()).collect();
    for maxzoom in [13, 16] {
        let drawn = drawn_area(&encode_all(tile, &shapes, maxzoom));
        assert_eq!(drawn.len(), shapes.len());
        for (low, high) in [(0.0, 36.0), (36.0, 100.0), (100.0, 400.0), (400.0, 9999.0)] {
            let (mut truth, mut sum, mut n) = (0.0, 0.0, 0);
            for (id, area) in &drawn {
                let exact = all[*id as usize].1;
                if (low..high).contains(&exact) {
                    truth += exact;
                    sum += area;
                    n += 1;
                }
            }
            let share = sum / truth;
            println!("maxzoom {maxzoom}: {n} houses of {low} to {high}: {share:.4}");
            assert!((share - 1.0).abs() < 0.03, "{n} houses of {low} to {high}: {share}");
        }
    }
}

fn masses(tile: TileCoord, maxzoom: u8) -> Vec<u8> {
    let schema = Schema { fields: vec![Field::new("use", FieldType::Text)] };
    let mut encoder = TileEncoder::new(tile, &TileOptions::default());
    let mut layer = encoder.layer("layer", &schema, maxzoom);
    let nowhere = Geometry::point([0.0, 0.0]);
    let mut random = Random(3);
    for id in 0..4000 {
        let share = [random.next(), random.next()];
        let at = [0, 1].map(|axis| {
            let corner = [tile.x(), tile.y()][axis];
            ((f64::from(corner) + share[axis] * 1.4 - 0.2) * f64::from(1_u32 << (32 - tile.z())))
                as u32
        });
        let mass = Mass { at, area_m2: 4000.0 * random.next(), count: id as u32 % 5 };
        layer.add_mass(&feature(id, &nowhere, &[ValueRef::Text("宅")]), &mass);
    }
    layer.finish();
    encoder.finish()
}

#[test]
fn masses_are_rectangles_that_two_tiles_draw_alike() {
    let tile = TileCoord::new(13, 6787, 3273).unwrap();
    for maxzoom in [13, 16] {
        let bytes = masses(tile, maxzoom);
        let drawn = decode(&bytes);
        check_valid(&drawn);
        assert!(drawn.polygons().all(|p| p.exterior().0.len() == 5));
        let features = mvt_reader::Reader::new(bytes).unwrap().get_features(0).unwrap();
        for feature in features {
            let count = feature.id.unwrap() % 5;
            let written = feature.properties.unwrap().get("_count").cloned();
            let expected = (count > 1).then_some(mvt_reader::feature::Value::UInt(count));
            assert_eq!(written, expected);
        }
    }
}

#[test]
fn a_mass_covers_its_area_on_average() {
    let tile = TileCoord::new(11, 1696, 818).unwrap();
    let schema = Schema::default();
    let unit = {
        let bounds = tile.bounds(0.0);
        onemap_generalise::metres_per_unit(bounds.center()[1], tile.z())
    };
    let mut encoder = TileEncoder::new(tile, &TileOptions::default());
    let mut layer = encoder.layer("layer", &schema, 16);
    let nowhere = Geometry::point([0.0, 0.0]);
    let (mut random, mut truth) = (Random(3), 0.0);
    for id in 0..20_000 {
        let at = [tile.x(), tile.y()].map(|corner| {
            ((f64::from(corner) + 0.1 + 0.8 * random.next()) * f64::from(1_u32 << (32 - tile.z())))
                as u32
        });
        let area_m2 = unit * unit * 12.0 * random.next() * random.next();
        truth += area_m2;
        layer.add_mass(&feature(id, &nowhere, &[]), &Mass { at, area_m2, count: 1 });
    }
    layer.finish();
    let sum: f64 = drawn_area(&encoder.finish()).iter().map(|(_, area)| area).sum();
    let share = sum * unit * unit / truth;
    println!("masses: {share:.4}");
    assert!((share - 1.0).abs() < 0.02, "{share}");
}

#[test]
fn a_mass_on_the_edge_is_the_same_rectangle_in_both_tiles() {
    let [west, east] = [6787, 6788].map(|x| TileCoord::new(13, x, 3273).unwrap());
    let schema = Schema::default();
    let nowhere = Geometry::point([0.0, 0.0]);
    let at = [6788 << 19, (3273 << 19) + 90_000];
    let drawn = [west, east].map(|tile| {
        let mut encoder = TileEncoder::new(tile, &TileOptions::default());
        let mut layer = encoder.layer("layer", &schema, 16);
        layer.add_mass(&feature(1, &nowhere, &[]), &Mass { at, area_m2: 9000.0, count: 2 });
        layer.finish();
        let polygon = decode(&encoder.finish()).features.pop().unwrap().1.pop().unwrap();
        let shift = f64::from(tile.x() - west.x()) * 4096.0;
        polygon.exterior().0.iter().map(|c| [c.x + shift, c.y]).collect::<Vec<_>>()
    });
    assert_eq!(drawn[0], drawn[1]);
}
