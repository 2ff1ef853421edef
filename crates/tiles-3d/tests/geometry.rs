//! Where things are, and how large.

#![allow(clippy::unwrap_used, reason = "a test that can not set up has failed")]

mod support;

use onemap_crs::to_geocentric;
use onemap_model::{Feature, FieldType, GeometryKind, Value};
use onemap_tiles_3d::{Encoding, RoofShape};
use proptest::prelude::*;
use support::{Glb, feature, frame, open_edges, polygon, raised, rectangle, schema, volume};

/// A number that looks like chance and is the same everywhere.
struct Chance(u64);

impl Chance {
    fn next(&mut self, low: f64, high: f64) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        low + (self.0 >> 11) as f64 / (1_u64 << 53) as f64 * (high - low)
    }
}

/// A ring around a place, star-shaped, counter-clockwise.
fn star(
    chance: &mut Chance,
    [x, y]: [f64; 2],
    corners: usize,
    [least, most]: [f64; 2],
) -> Vec<[f64; 2]> {
    let around = (0..corners).map(|i| {
        let angle = i as f64 / corners as f64 * std::f64::consts::TAU;
        let radius = chance.next(least, most);
        [x + radius * angle.cos(), y + radius * angle.sin()]
    });
    around.collect()
}

fn area(ring: &[[f64; 2]]) -> f64 {
    let next = ring.iter().cycle().skip(1);
    ring.iter().zip(next).map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum::<f64>() / 2.0
}

#[test]
fn a_thousand_corners_come_back_to_the_millimetre() {
    let schema = schema(&[("height", FieldType::Float), ("base", FieldType::Float)]);
    let mut chance = Chance(7);
    let features: Vec<Feature> = (0..125)
        .map(|id| {
            let middle = [chance.next(-1400.0, 1400.0), chance.next(-1400.0, 1400.0)];
            let ring = star(&mut chance, middle, 8, [4.0, 25.0]);
            let values = [chance.next(3.0, 300.0), chance.next(-20.0, 3000.0)].map(Value::Float);
            feature(id, polygon(&[&ring]), values.into())
        })
        .collect();
    for encoding in [Encoding::Compact, Encoding::Plain] {
        let glb = Glb::read(&raised(&schema, &features, encoding, |_| {}));
        let mut worst = 0.0_f64;
        let mut seen = 0;
        for shape in glb.shapes(0) {
            // Every corner of the source, bottom and top, is a vertex of its feature, and every vertex one of them.
            let mut hit = vec![[false; 16]; features.len()];
            for (&at, &number) in shape.positions.iter().zip(&shape.features) {
                let number = usize::from(number);
                let Feature { geometry, values, .. } = &features[number];
                let [Value::Float(height), Value::Float(base)] = values[..] else { panic!() };
                let ring = &geometry.as_ref().unwrap().xy[..8];
                let places = ring
                    .iter()
                    .flat_map(|&[lon, lat]| [[lon, lat, base], [lon, lat, base + height]]);
                let found = frame().to_geocentric(at);
                let (apart, nearest) = places
                    .zip(0..)
                    .map(|(place, i)| {
                        let there = to_geocentric(place);
                        let apart =
                            (0..3).map(|k| (there[k] - found[k]).powi(2)).sum::<f64>().sqrt();
                        (apart, i)
                    })
                    .min_by(|a, b| a.0.total_cmp(&b.0))
                    .unwrap();
                worst = worst.max(apart);
                hit[number][nearest] = true;
                seen += 1;
            }
            assert!(hit.iter().flatten().all(|hit| *hit), "{encoding:?}: a corner is missing");
        }
        println!("{encoding:?}: {seen} vertices, at most {:.3} mm off", worst * 1000.0);
        assert!(worst < 1e-3, "{encoding:?}: {worst} m");
    }
}

#[test]
fn courtyards_are_open_and_what_hangs_in_the_air_is_closed_below() {
    let schema = schema(&[("height", FieldType::Float), ("min_height", FieldType::Float)]);
    let outer = [[0.0, 0.0], [40.0, 0.0], [40.0, 30.0], [0.0, 30.0]];
    let yard = [[10.0, 10.0], [10.0, 20.0], [25.0, 20.0], [25.0, 10.0]];
    let values = vec![Value::Float(18.0), Value::Float(6.0)];
    let bytes =
        raised(&schema, &[feature(1, polygon(&[&outer, &yard]), values)], Encoding::Plain, |_| {});
    let shape = &Glb::read(&bytes).shapes(0)[0];
    let expected = (40.0 * 30.0 - 10.0 * 15.0) * 12.0;
    assert!((volume(shape) / expected - 1.0).abs() < 1e-4, "{} {expected}", volume(shape));
    assert_eq!(open_edges(shape), 0);
    let lowest = shape.positions.iter().map(|p| p[2]).fold(f64::INFINITY, f64::min);
    assert!((lowest - 6.0).abs() < 2e-3, "{lowest}");
}

#[test]
fn every_roof_closes_its_house_and_is_as_high_as_it_says() {
    let schema = schema(&[("height", FieldType::Float)]);
    let turned: Vec<[f64; 2]> = [[0.0, 0.0], [14.0, 0.0], [14.0, 9.0], [0.0, 9.0]]
        .map(|[x, y]: [f64; 2]| [x * 0.8 - y * 0.6 + 100.0, x * 0.6 + y * 0.8 - 50.0])
        .into();
    let house = feature(1, polygon(&[&turned]), vec![Value::Float(10.0)]);
    let (walls, base) = (14.0 * 9.0 * 5.0, 14.0 * 9.0);
    let full = |share: f64| walls + base * 4.0 * share;
    for (roof, expected) in [
        (RoofShape::Flat, base * 9.0),
        (RoofShape::Gabled, full(0.5)),
        (RoofShape::Hipped, walls + (5.0 * 9.0 / 2.0 + 9.0 * 9.0 / 3.0) * 4.0),
        (RoofShape::Pyramidal, full(1.0 / 3.0)),
        (RoofShape::Skillion, full(0.5)),
        (RoofShape::Round, full(std::f64::consts::FRAC_PI_4)),
        (RoofShape::Dome, full(0.52)),
        (RoofShape::Onion, full(0.52)),
    ] {
        let bytes = raised(&schema, std::slice::from_ref(&house), Encoding::Plain, |params| {
            params.min_height = 1.0;
            params.roof = roof;
            params.roof_height = Some(4.0);
        });
        let shape = &Glb::read(&bytes).shapes(0)[0];
        let (is, off) = (volume(shape), if expected == full(0.52) { 0.1 } else { 0.03 });
        assert!((is / expected - 1.0).abs() < off, "{roof:?}: {is} m³, not {expected}");
        let top = shape.positions.iter().map(|p| p[2]).fold(f64::NEG_INFINITY, f64::max);
        assert!((9.5..10.01).contains(&top), "{roof:?}: {top}");
        assert_eq!(open_edges(shape), 0, "{roof:?}");
    }
}

#[test]
fn shapes_that_no_simple_roof_suits_are_flat() {
    let schema = schema(&[("height", FieldType::Float)]);
    let corner = [[0.0, 0.0], [20.0, 0.0], [20.0, 6.0], [6.0, 6.0], [6.0, 20.0], [0.0, 20.0]];
    let house = feature(1, polygon(&[&corner]), vec![Value::Float(10.0)]);
    for roof in [RoofShape::Gabled, RoofShape::Hipped, RoofShape::Round, RoofShape::Dome] {
        let bytes = raised(&schema, std::slice::from_ref(&house), Encoding::Plain, |params| {
            params.roof = roof;
            params.roof_height = Some(4.0);
        });
        let shape = &Glb::read(&bytes).shapes(0)[0];
        let heights = shape.positions.iter().map(|p| p[2]);
        assert!(heights.clone().all(|z| z.abs() < 0.01 || (z - 10.0).abs() < 0.01), "{roof:?}");
    }
}

#[test]
fn parts_of_one_feature_share_its_number_and_more_vertices_than_16_bits_number_are_divided() {
    let schema = schema(&[("height", FieldType::Float)]);
    let mut chance = Chance(3);
    let mut expected = 0.0;
    let features: Vec<Feature> = (0..900)
        .map(|id| {
            let mut both = onemap_model::Geometry::empty(GeometryKind::MultiPolygon);
            for part in 0..2 {
                let middle =
                    [id as f64 % 30.0 * 40.0, (id / 30) as f64 * 40.0 + f64::from(part) * 20.0];
                let ring = star(&mut chance, middle, 12, [3.0, 9.0]);
                expected += area(&ring) * 10.0;
                for &at in ring.iter().chain(ring.first()) {
                    both.push(support::lonlat(at));
                }
                both.end_line();
                both.end_polygon();
            }
            feature(id, both, vec![Value::Float(12.0)])
        })
        .collect();
    let bytes = raised(&schema, &features, Encoding::Compact, |params| params.min_height = 2.0);
    let shapes = Glb::read(&bytes).shapes(0);
    assert!(shapes.len() > 1);
    assert!(shapes.iter().all(|shape| shape.positions.len() <= 65_535));
    let vertices: usize = shapes.iter().map(|shape| shape.positions.len()).sum();
    assert!(vertices > 65_535, "{vertices}");
    let is: f64 = shapes.iter().map(volume).sum();
    assert!((is / expected - 1.0).abs() < 1e-3, "{is} {expected}");
    let highest = shapes.iter().flat_map(|shape| &shape.features).max();
    assert_eq!(highest, Some(&899));
}

#[test]
fn a_footprint_of_very_many_corners_does_not_take_long() {
    let schema = schema(&[("height", FieldType::Float)]);
    let corners = 20_000;
    let ring: Vec<[f64; 2]> = (0..corners)
        .map(|i| {
            let angle = i as f64 / f64::from(corners) * std::f64::consts::TAU;
            [500.0 * angle.cos(), 500.0 * angle.sin()]
        })
        .collect();
    let lake = feature(1, polygon(&[&ring]), vec![Value::Float(1.0)]);
    let begun = std::time::Instant::now();
    let rule = onemap_tiles_3d::SolidRule::bind(
        &onemap_model::Solid::default(),
        &schema,
        onemap_model::GeometryClass::Polygon,
    );
    let mut content = onemap_tiles_3d::TileContent::new(frame(), &schema, &[true]);
    onemap_tiles_3d::with_ref(&lake, |lake| {
        let params = rule.params(lake);
        content.add_solid(lake, &params, onemap_tiles_3d::Detail::Full);
        content.add_solid(lake, &params, onemap_tiles_3d::Detail::Block { tolerance: 0.5 });
    });
    println!("{:?}", begun.elapsed());
    // Quadratic, it was minutes.
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
}

#[test]
fn broken_footprints_harm_nobody() {
    let schema = schema(&[("height", FieldType::Float)]);
    let odd: [&[[f64; 2]]; 5] = [
        &[[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]],
        &[[0.0, 0.0], [10.0, 0.0]],
        &[[0.0, 0.0], [10.0, 0.0], [20.0, 0.0], [5.0, 0.0]],
        &[[0.0, 0.0], [10.0, 10.0], [10.0, 0.0], [0.0, 10.0]],
        &[[0.0, 0.0], [1e-9, 0.0], [1e-9, 1e-9]],
    ];
    for (i, ring) in odd.iter().enumerate() {
        for roof in [RoofShape::Flat, RoofShape::Hipped, RoofShape::Dome, RoofShape::Skillion] {
            for height in [f64::NAN, -3.0, 0.0, 1e300, 9.0] {
                let broken = feature(i as u64, polygon(&[ring]), vec![Value::Float(height)]);
                let bytes =
                    raised(&schema, &[broken], Encoding::Compact, |params| params.roof = roof);
                for shape in Glb::read(&bytes).shapes(0) {
                    assert!(shape.positions.iter().flatten().all(|x| x.is_finite()));
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_prism_has_the_volume_of_its_footprint_times_its_height(
        seed in 1_u64..1 << 40, corners in 3_usize..40, height in 2.5_f64..200.0, hole in any::<bool>(),
    ) {
        let mut chance = Chance(seed);
        let middle = [chance.next(-900.0, 900.0), chance.next(-900.0, 900.0)];
        let outer = star(&mut chance, middle, corners, [12.0, 30.0]);
        let mut yard = star(&mut chance, middle, 5, [1.0, 3.0]);
        yard.reverse();
        let rings: Vec<&[[f64; 2]]> = if hole { vec![&outer, &yard] } else { vec![&outer] };
        let expected = rings.iter().map(|ring| area(ring)).sum::<f64>() * (height - 2.0);
        let schema = schema(&[("height", FieldType::Float)]);
        let house = feature(5, polygon(&rings), vec![Value::Float(height)]);
        let bytes = raised(&schema, &[house], Encoding::Compact, |params| params.min_height = 2.0);
        let shape = &Glb::read(&bytes).shapes(0)[0];
        prop_assert!((volume(shape) / expected - 1.0).abs() < 1e-3, "{} {expected}", volume(shape));
        prop_assert_eq!(open_edges(shape), 0);
    }
}

#[test]
fn a_house_is_not_seen_from_inside() {
    let schema = schema(&[("height", FieldType::Float)]);
    let house = feature(1, rectangle([0.0, 0.0], [10.0, 8.0]), vec![Value::Float(6.0)]);
    let glb = Glb::read(&raised(&schema, &[house], Encoding::Compact, |_| {}));
    let shape = &glb.shapes(0)[0];
    assert!(shape.material.get("doubleSided").is_none());
    for triangle in &shape.triangles {
        let [a, b, c] = triangle.map(|i| shape.positions[i]);
        let (u, v) =
            ([b[0] - a[0], b[1] - a[1], b[2] - a[2]], [c[0] - a[0], c[1] - a[1], c[2] - a[2]]);
        let n = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
        let out = [a[0] - 5.0, a[1] - 4.0, a[2] - 3.0];
        assert!(n[0] * out[0] + n[1] * out[1] + n[2] * out[2] > 0.0);
    }
}
