//! Features that belong together are one, below a layer's last zoom.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{Random, at, check_valid, decode, feature};
use geo::Area;
use geo_types::Geometry as Decoded;
use mvt_reader::Reader;
use mvt_reader::feature::Value;
use onemap_model::{Field, FieldType, Geometry, Schema, TileCoord, ValueRef};
use onemap_tiles_vector::{TileEncoder, TileOptions};
use proptest::prelude::*;

type Row<'a> = (u64, Geometry, [ValueRef<'a>; 3]);

fn tile() -> TileCoord {
    TileCoord::new(12, 3393, 1636).unwrap()
}

fn encode(tile: TileCoord, rows: &[Row<'_>], maxzoom: u8, merge: &[usize]) -> Vec<u8> {
    let fields = ["name", "class", "width"].map(|name| Field::new(name, FieldType::Text));
    let schema = Schema { fields: fields.to_vec() };
    let mut encoder = TileEncoder::new(tile, &TileOptions::default());
    let mut layer = encoder.layer("layer", &schema, maxzoom);
    layer.merge_by(merge);
    for (id, shape, values) in rows {
        layer.add(&feature(*id, shape, values));
    }
    layer.finish();
    encoder.finish()
}

fn line(units: &[[f64; 2]]) -> Geometry {
    Geometry::line(units.iter().map(|&p| at(tile(), p)).collect())
}

fn block(x: f64, y: f64, width: f64, height: f64) -> Geometry {
    let ring = [[x, y], [x + width, y], [x + width, y + height], [x, y + height], [x, y]];
    Geometry::polygon(ring.iter().map(|&p| at(tile(), p)).collect())
}

const NULL: ValueRef<'static> = ValueRef::Null;

fn text(s: &str) -> ValueRef<'_> {
    ValueRef::Text(s)
}

/// A road in five pieces, two of them the other way round, a lane off it, and a road without a name.
fn roads<'a>() -> Vec<Row<'a>> {
    let main = |id, from: [f64; 2], to: [f64; 2], width| {
        (id, line(&[from, to]), [text("洪泽湖路"), text("primary"), width])
    };
    vec![
        main(12, [100.0, 100.0], [300.0, 102.0], text("20")),
        main(7, [500.0, 98.0], [300.0, 102.0], text("20")),
        (3, line(&[[500.0, 98.0], [510.0, 700.0]]), [text("黄河路"), text("lane"), NULL]),
        main(9, [500.0, 98.0], [900.0, 102.0], text("24")),
        main(30, [2000.0, 500.0], [2100.0, 500.0], text("20")),
        (31, line(&[[100.0, 100.0], [90.0, 900.0]]), [NULL, NULL, text("3")]),
        (32, line(&[[90.0, 900.0], [90.0, 1900.0]]), [NULL, NULL, text("3")]),
    ]
}

#[test]
fn pieces_of_a_road_are_one_feature_with_what_they_have_in_common() {
    let bytes = encode(tile(), &roads(), 16, &[0, 1]);
    let reader = Reader::new(bytes.clone()).unwrap();
    let all = reader.get_features_as::<f64>(0).unwrap();
    let ids: Vec<u64> = all.iter().map(|f| f.id.unwrap()).collect();
    assert_eq!(ids, [7, 3, 31, 32]);
    let Decoded::MultiLineString(lines) = &all[0].geometry else { panic!("{:?}", all[0]) };
    // Within the tolerance the road is straight, but where the lane leaves it.
    assert_eq!(lines.0.iter().map(|l| l.0.len()).collect::<Vec<_>>(), [3, 2]);
    let properties = all[0].properties.clone().unwrap();
    assert_eq!(properties.len(), 2);
    assert_eq!(properties["name"], Value::String("洪泽湖路".into()));
    assert_eq!(all[2].properties.clone().unwrap().len(), 1);
    let holds = |what: &str| bytes.windows(what.len()).any(|w| w == what.as_bytes());
    assert!(holds("width") && !holds("20") && !holds("24"));
}

#[test]
fn nothing_is_joined_at_the_last_zoom_or_without_being_asked() {
    for (maxzoom, merge) in [(12, vec![0, 1]), (16, vec![])] {
        let bytes = encode(tile(), &roads(), maxzoom, &merge);
        assert_eq!(Reader::new(bytes).unwrap().get_features(0).unwrap().len(), 7);
    }
}

/// What each feature is drawn as, whatever its place in the tile.
fn drawn(bytes: Vec<u8>) -> Vec<String> {
    let all = Reader::new(bytes).unwrap().get_features_as::<f64>(0).unwrap();
    let mut all: Vec<String> = all.iter().map(|f| format!("{:?} {:?}", f.id, f.geometry)).collect();
    all.sort();
    all
}

#[test]
fn a_street_grid_is_joined_alike_whatever_the_order_of_its_pieces() {
    let mut rows: Vec<Row<'_>> = Vec::new();
    let names = ["甲", "乙", "丙"];
    let mut random = Random(4);
    let place =
        |i: u32, j: u32| [f64::from(i) * 200.0 + f64::from(j * 7 % 5), f64::from(j) * 150.0];
    for i in 0..15 {
        for j in 0..15 {
            for (to_i, to_j) in [(i + 1, j), (i, j + 1)] {
                let name = names[(random.next() * 3.0) as usize];
                let mut ends = [place(i, j), place(to_i, to_j)];
                if random.next() < 0.5 {
                    ends.reverse();
                }
                let id = rows.len() as u64;
                rows.push((id, line(&ends), [text(name), NULL, NULL]));
            }
        }
    }
    let once = encode(tile(), &rows, 16, &[0]);
    let single = encode(tile(), &rows, 16, &[]);
    assert!(once.len() * 2 < single.len(), "{} {}", once.len(), single.len());
    for seed in 0..5 {
        let mut random = Random(seed);
        for i in (1..rows.len()).rev() {
            rows.swap(i, (random.next() * (i + 1) as f64) as usize);
        }
        assert_eq!(drawn(encode(tile(), &rows, 16, &[0])), drawn(once.clone()));
    }
}

#[test]
fn blocks_of_one_use_are_one_where_they_touch() {
    let rows: Vec<Row<'_>> = vec![
        (5, block(100.0, 100.0, 50.0, 50.0), [text("宅"), text("a"), NULL]),
        (4, block(150.0, 100.0, 50.0, 50.0), [text("商"), NULL, NULL]),
        (3, block(100.0, 150.0, 50.0, 50.0), [text("宅"), text("b"), NULL]),
        (2, block(150.0, 150.0, 50.0, 50.0), [text("宅"), text("a"), NULL]),
        (1, block(400.0, 150.0, 50.0, 50.0), [text("宅"), text("a"), NULL]),
        // Touches one of them in the middle of its edge.
        (9, block(200.0, 160.0, 30.0, 20.0), [text("商"), NULL, NULL]),
    ];
    let bytes = encode(tile(), &rows, 16, &[0]);
    let tile = decode(&bytes);
    check_valid(&tile);
    let ids: Vec<u64> = tile.features.iter().map(|f| f.0).collect();
    assert_eq!(ids, [2, 4, 1, 9]);
    let l = &tile.features[0].1;
    assert_eq!((l.len(), l[0].unsigned_area(), l[0].exterior().0.len()), (1, 7500.0, 7));
}

#[test]
fn a_ring_of_blocks_around_a_court_is_one_polygon_with_a_hole() {
    let mut rows: Vec<Row<'_>> = Vec::new();
    for (i, j) in [(0, 0), (1, 0), (2, 0), (0, 1), (2, 1), (0, 2), (1, 2), (2, 2)] {
        let shape = block(f64::from(i) * 40.0, f64::from(j) * 40.0, 40.0, 40.0);
        rows.push((rows.len() as u64 + 50, shape, [text("宅"), NULL, NULL]));
    }
    let tile = decode(&encode(tile(), &rows, 16, &[0]));
    check_valid(&tile);
    assert_eq!(tile.features.len(), 1);
    let (id, polygons) = &tile.features[0];
    assert_eq!((*id, polygons.len(), polygons[0].interiors().len()), (50, 1, 1));
    assert_eq!(polygons[0].unsigned_area(), 8.0 * 1600.0);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn any_mess_of_shapes_is_drawn_as_valid_features_joined_or_not(
        shapes in prop::collection::vec(
            (0_usize..3, any::<bool>(), prop::collection::vec((-3_i32..23, -3_i32..23), 1..9)), 1..12),
        wide in prop::sample::select(vec![1.0, 7.0, 230.0]),
        merge in any::<bool>(),
    ) {
        // On a coarse grid, so that vertices and edges coincide.
        let rows: Vec<Row<'_>> = shapes.iter().zip(0..).map(|((name, is_line, units), id)| {
            let units: Vec<[f64; 2]> =
                units.iter().map(|&(x, y)| [f64::from(x) * wide, f64::from(y) * wide]).collect();
            let shape = if *is_line {
                line(&units)
            } else {
                let mut ring: Vec<[f64; 2]> = units.iter().map(|&p| at(tile(), p)).collect();
                ring.push(ring[0]);
                Geometry::polygon(ring)
            };
            (id, shape, [[NULL, text("甲"), text("乙")][*name], NULL, NULL])
        }).collect();
        for maxzoom in [12, 16] {
            let bytes = encode(tile(), &rows, maxzoom, if merge { &[0] } else { &[] });
            if bytes.is_empty() {
                continue;
            }
            let all = Reader::new(bytes).unwrap().get_features_as::<f64>(0).unwrap();
            let polygons = all.into_iter().filter_map(|f| match f.geometry {
                Decoded::Polygon(p) => Some((f.id.unwrap(), vec![p])),
                Decoded::MultiPolygon(all) => Some((f.id.unwrap(), all.0)),
                _ => None,
            });
            check_valid(&common::Tile { features: polygons.collect() });
        }
    }
}
