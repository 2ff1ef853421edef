//! Tiles as a decoder that we did not write reads them.
#![allow(clippy::unwrap_used)]

use geo::{Area, BoundingRect, Validation};
use geo_types::{Geometry as Decoded, LineString, Polygon};
use mvt_reader::Reader;
use mvt_reader::feature::{Feature as DecodedFeature, Value as DecodedValue};
use onemap_model::{
    FeatureId, FeatureRef, Field, FieldType, Geometry, GeometryKind, Interval, Schema, State,
    TileCoord, ValueRef,
};
use onemap_tiles_vector::{TileEncoder, TileOptions, concat};
use proptest::prelude::*;

const TILE: (u64, u64, u64) = (14, 13_575, 6_547);

fn tile() -> TileCoord {
    TileCoord::new(TILE.0, TILE.1, TILE.2).unwrap()
}

/// Places a point given in tile units on the earth.
fn at(tile: TileCoord, [x, y]: [f64; 2]) -> [f64; 2] {
    let bounds = tile.bounds(0.0);
    let lon = bounds.west + (bounds.east - bounds.west) * x / 4096.0;
    // By bisection, so that this is not the projection under test.
    let (mut south, mut north) = (-85.06_f64, 85.06_f64);
    for _ in 0..80 {
        let middle = f64::midpoint(south, north);
        if tile.project([lon, middle])[1] * 4096.0 < y {
            north = middle;
        } else {
            south = middle;
        }
    }
    [lon, south]
}

fn ring(tile: TileCoord, units: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let mut ring: Vec<[f64; 2]> = units.iter().map(|&p| at(tile, p)).collect();
    ring.push(ring[0]);
    ring
}

fn polygon(tile: TileCoord, rings: &[&[[f64; 2]]]) -> Geometry {
    let mut g = Geometry::empty(GeometryKind::Polygon);
    for units in rings {
        g.xy.extend(ring(tile, units));
        g.end_line();
    }
    g.end_polygon();
    g
}

fn feature<'a>(id: u64, geometry: &'a Geometry, values: &'a [ValueRef<'a>]) -> FeatureRef<'a> {
    FeatureRef {
        id: FeatureId::new(id).unwrap(),
        geometry: Some(geometry),
        values,
        valid: Interval::ALWAYS,
        state: State::Existing,
    }
}

fn encode(tile: TileCoord, geometry: &Geometry, maxzoom: u8) -> Vec<u8> {
    let schema = Schema::default();
    let mut encoder = TileEncoder::new(tile, &TileOptions::default());
    let mut layer = encoder.layer("layer", &schema, maxzoom);
    layer.add(&feature(1, geometry, &[]));
    let length = layer.encoded_len();
    layer.finish();
    if tile.z() >= maxzoom {
        assert_eq!(encoder.encoded_len(), length);
    }
    encoder.finish()
}

fn decode(bytes: &[u8]) -> Vec<DecodedFeature<f32>> {
    if bytes.is_empty() {
        return vec![];
    }
    Reader::new(bytes.to_vec()).unwrap().get_features(0).unwrap()
}

fn decode_one(bytes: &[u8]) -> Decoded<f64> {
    let mut all = Reader::new(bytes.to_vec()).unwrap().get_features_as::<f64>(0).unwrap();
    assert_eq!(all.len(), 1);
    all.pop().unwrap().geometry
}

fn polygons(geometry: Decoded<f64>) -> Vec<Polygon<f64>> {
    match geometry {
        Decoded::Polygon(p) => vec![p],
        Decoded::MultiPolygon(all) => all.0,
        other => panic!("not polygons: {other:?}"),
    }
}

/// The surveyor's formula of MVT 4.3.3.3, positive for exterior rings.
fn surveyor(ring: &LineString<f64>) -> f64 {
    ring.lines().map(|l| l.start.x * l.end.y - l.end.x * l.start.y).sum::<f64>() / 2.0
}

fn check_polygons(bytes: &[u8]) -> Vec<Polygon<f64>> {
    let all = polygons(decode_one(bytes));
    for polygon in &all {
        assert!(polygon.exterior().is_closed());
        assert!(surveyor(polygon.exterior()) > 0.0, "{polygon:?}");
        for hole in polygon.interiors() {
            assert!(hole.is_closed() && surveyor(hole) < 0.0, "{polygon:?}");
        }
        polygon.check_validation().unwrap_or_else(|e| panic!("{e}: {polygon:?}"));
        let bounds = polygon.bounding_rect().unwrap();
        assert!(bounds.min().x >= -128.0 && bounds.min().y >= -128.0, "{bounds:?}");
        assert!(bounds.max().x <= 4224.0 && bounds.max().y <= 4224.0, "{bounds:?}");
    }
    all
}

fn area(all: &[Polygon<f64>]) -> f64 {
    all.iter().map(Area::unsigned_area).sum()
}

#[test]
fn a_house_with_a_courtyard_comes_back_as_it_was() {
    let house = polygon(
        tile(),
        &[
            &[[100.0, 100.0], [100.0, 200.0], [200.0, 200.0], [200.0, 100.0]],
            &[[140.0, 140.0], [160.0, 140.0], [160.0, 160.0], [140.0, 160.0]],
        ],
    );
    for maxzoom in [14, 16] {
        let all = check_polygons(&encode(tile(), &house, maxzoom));
        assert_eq!(area(&all), 10_000.0 - 400.0);
        assert_eq!((all.len(), all[0].interiors().len()), (1, 1));
        assert_eq!(all[0].exterior().0.len(), 5);
    }
}

#[test]
fn winding_is_right_whichever_way_the_source_runs() {
    let mut units = [[100.0, 100.0], [100.0, 200.0], [200.0, 200.0]];
    for _ in 0..2 {
        let bytes = encode(tile(), &polygon(tile(), &[&units]), 14);
        assert_eq!(area(&check_polygons(&bytes)), 5000.0);
        units.reverse();
    }
}

#[test]
fn a_u_shape_whose_base_lies_outside_becomes_two_polygons() {
    let u = polygon(
        tile(),
        &[&[
            [1000.0, 1000.0],
            [1500.0, 1000.0],
            [1500.0, 5000.0],
            [2000.0, 5000.0],
            [2000.0, 1000.0],
            [2500.0, 1000.0],
            [2500.0, 6000.0],
            [1000.0, 6000.0],
        ]],
    );
    let all = check_polygons(&encode(tile(), &u, 14));
    assert_eq!(all.len(), 2);
    assert_eq!(area(&all), 2.0 * 500.0 * 3224.0);
}

#[test]
fn a_country_around_the_tile_is_the_buffered_square_and_a_hole_around_it_nothing() {
    let far = 1e6;
    let corners = [[-far, -far], [-far, far], [far, far], [far, -far]];
    let near = corners.map(|p| p.map(|v| v / 10.0));
    let all = check_polygons(&encode(tile(), &polygon(tile(), &[&corners]), 14));
    assert_eq!(area(&all), 4352.0 * 4352.0);
    let bytes = encode(tile(), &polygon(tile(), &[&corners, &near]), 14);
    assert!(bytes.is_empty());
}

#[test]
fn a_polygon_smaller_than_the_grid_is_kept_one_unit_wide() {
    let shed = [[100.1, 100.1], [100.1, 100.3], [100.3, 100.3], [100.3, 100.1]];
    let wall = [[100.1, 100.1], [150.1, 120.1], [150.2, 120.2], [100.2, 100.2]];
    assert_eq!(area(&check_polygons(&encode(tile(), &polygon(tile(), &[&shed]), 14))), 1.0);
    assert_eq!(area(&check_polygons(&encode(tile(), &polygon(tile(), &[&wall]), 14))), 50.0);
    // Seen from space there is one dot, half a pixel wide.
    let world = TileCoord::new(0, 0, 0).unwrap();
    assert_eq!(area(&check_polygons(&encode(world, &polygon(tile(), &[&shed]), 14))), 16.0);
    let corner = shed.map(|p| p.map(|v| v + 4123.8));
    assert_eq!(area(&check_polygons(&encode(tile(), &polygon(tile(), &[&corner]), 14))), 1.0);
}

#[test]
fn a_country_whose_box_alone_touches_the_tile_leaves_no_strip_along_its_border() {
    let beside: &[[f64; 2]] = &[
        [9000.0, -9000.0],
        [9000.0, 9000.0],
        [-9000.0, 9000.0],
        [-9000.0, 4300.0],
        [4300.0, 4300.0],
        [4300.0, -9000.0],
    ];
    for maxzoom in [14, 16] {
        assert!(encode(tile(), &polygon(tile(), &[beside]), maxzoom).is_empty());
        let line = Geometry::line(ring(tile(), beside));
        assert!(encode(tile(), &line, maxzoom).is_empty());
    }
    // A wall through the whole tile stays, though no corner of it lies inside.
    let wall = [[-900.0, 100.1], [9000.0, 100.1], [9000.0, 100.4], [-900.0, 100.4]];
    assert!(!encode(tile(), &polygon(tile(), &[&wall]), 14).is_empty());
}

#[test]
fn a_line_smaller_than_the_grid_is_kept_one_unit_long() {
    let line = Geometry::line(vec![at(tile(), [9.1, 9.1]), at(tile(), [9.2, 9.3])]);
    let Decoded::LineString(line) = decode_one(&encode(tile(), &line, 14)) else {
        panic!("no line")
    };
    assert_eq!(line.0.len(), 2);
}

#[test]
fn a_line_that_leaves_and_returns_is_several_lines() {
    let units = [[10.0, 10.0], [5000.0, 10.0], [5000.0, 20.0], [10.0, 20.0], [10.0, 30.0]];
    let line = Geometry::line(units.iter().map(|&p| at(tile(), p)).collect());
    let Decoded::MultiLineString(lines) = decode_one(&encode(tile(), &line, 14)) else {
        panic!("not several")
    };
    assert_eq!(lines.0.len(), 2);
    assert_eq!(lines.0[1].0.len(), 3);
}

#[test]
fn only_points_in_the_buffered_tile_are_kept() {
    let mut points = Geometry::empty(GeometryKind::MultiPoint);
    for p in [[0.0, 0.0], [-129.0, 0.0], [-128.0, 4224.0], [4096.0, 9999.0]] {
        points.push(at(tile(), p));
    }
    let Decoded::MultiPoint(points) = decode_one(&encode(tile(), &points, 14)) else {
        panic!("no points")
    };
    assert_eq!(points.0.len(), 2);
    let pole = Geometry::point([0.0, 90.0]);
    assert!(encode(TileCoord::new(0, 0, 0).unwrap(), &pole, 14).is_empty());
}

#[test]
fn a_collection_becomes_features_with_one_id_and_the_same_values() {
    let all = Geometry::collection(vec![
        Geometry::point(at(tile(), [5.0, 5.0])),
        Geometry::collection(vec![Geometry::line(vec![
            at(tile(), [5.0, 5.0]),
            at(tile(), [50.0, 5.0]),
        ])]),
        Geometry::point([0.0, 0.0]),
    ]);
    let schema = Schema { fields: vec![Field::new("n", FieldType::Int)] };
    let mut encoder = TileEncoder::new(tile(), &TileOptions::default());
    let mut layer = encoder.layer("a", &schema, 14);
    layer.add(&feature(9, &all, &[ValueRef::Int(3)]));
    assert_eq!(layer.len(), 2);
    layer.finish();
    for feature in decode(&encoder.finish()) {
        assert_eq!(feature.id, Some(9));
        assert_eq!(feature.properties.unwrap()["n"], DecodedValue::UInt(3));
    }
}

#[test]
fn values_keep_their_types_and_nulls_are_left_out() {
    let fields = [
        ("b", FieldType::Bool),
        ("i", FieldType::Int),
        ("neg", FieldType::Int),
        ("f", FieldType::Float),
        ("层数", FieldType::Text),
        ("d", FieldType::Date),
        ("j", FieldType::Json),
        ("null", FieldType::Text),
        ("raw", FieldType::Bytes),
        ("nan", FieldType::Float),
    ];
    let schema = Schema { fields: fields.map(|(n, t)| Field::new(n, t)).to_vec() };
    let shape = Geometry::point(at(tile(), [7.0, 7.0]));
    let day = "2026-05-01".parse().unwrap();
    let values = [
        ValueRef::Bool(true),
        ValueRef::Int(i64::MAX),
        ValueRef::Int(-5),
        ValueRef::Float(0.1),
        ValueRef::Text("十八"),
        ValueRef::Date(day),
        ValueRef::Json("[1]"),
        ValueRef::Null,
        ValueRef::Bytes(b"x"),
        ValueRef::Float(f64::NAN),
    ];
    let mut encoder = TileEncoder::new(tile(), &TileOptions::default());
    let mut layer = encoder.layer("a", &schema, 14);
    let mut planned = feature((1 << 53) - 1, &shape, &values);
    planned.state = State::Planned;
    planned.valid.from = Some(day);
    layer.add(&planned);
    layer.finish();
    let bytes = encoder.finish();
    let features = decode(&bytes);
    assert_eq!(features[0].id, Some((1 << 53) - 1));
    let properties = features[0].properties.clone().unwrap();
    let text = |s: &str| DecodedValue::String(s.to_owned());
    let expected = [
        ("b", DecodedValue::Bool(true)),
        ("i", DecodedValue::UInt(i64::MAX as u64)),
        ("neg", DecodedValue::SInt(-5)),
        ("f", DecodedValue::Double(0.1)),
        ("层数", text("十八")),
        ("d", text("2026-05-01")),
        ("j", text("[1]")),
        ("_state", text("planned")),
        ("_from", text("2026-05-01")),
    ];
    assert_eq!(properties.len(), expected.len(), "{properties:?}");
    for (name, value) in expected {
        assert_eq!(properties[name], value, "{name}");
    }
}

#[test]
fn a_field_called_like_one_of_our_own_properties_wins() {
    let schema = Schema { fields: vec![Field::new("_state", FieldType::Text)] };
    let shape = Geometry::point(at(tile(), [7.0, 7.0]));
    let mut encoder = TileEncoder::new(tile(), &TileOptions::default());
    let mut layer = encoder.layer("a", &schema, 14);
    let values = [ValueRef::Text("江苏")];
    let mut retired = feature(1, &shape, &values);
    retired.state = State::Retired;
    layer.add(&retired);
    layer.finish();
    let properties = decode(&encoder.finish())[0].properties.clone().unwrap();
    assert_eq!(properties["_state"], DecodedValue::String("江苏".to_owned()));
    assert_eq!(properties.len(), 1);
}

#[test]
fn what_lies_outside_leaves_no_trace_in_the_layer() {
    let schema = Schema { fields: vec![Field::new("secret", FieldType::Text)] };
    let mut encoder = TileEncoder::new(tile(), &TileOptions::default());
    let mut layer = encoder.layer("a", &schema, 14);
    layer.add(&feature(1, &Geometry::point([0.0, 0.0]), &[ValueRef::Text("x")]));
    let nan = Geometry::line(vec![[f64::NAN, 1.0], [118.0, 33.0]]);
    layer.add(&feature(1, &nan, &[ValueRef::Text("x")]));
    assert!(layer.is_empty());
    assert_eq!(layer.encoded_len(), 0);
    layer.finish();
    assert!(encoder.finish().is_empty());
}

fn one_layer(name: &str, id: u64, key: &str, value: &str) -> Vec<u8> {
    let schema = Schema { fields: vec![Field::new(key, FieldType::Text)] };
    let shape = Geometry::point(at(tile(), [7.0, 7.0]));
    let mut encoder = TileEncoder::new(tile(), &TileOptions::default());
    let mut layer = encoder.layer(name, &schema, 14);
    layer.add(&feature(id, &shape, &[ValueRef::Text(value)]));
    layer.finish();
    encoder.finish()
}

#[test]
fn composites_have_each_layer_once() {
    let roads = one_layer("roads", 1, "name", "西湖路");
    let pipes = one_layer("pipes", 2, "name", "DN300");
    let both = concat(&[&roads, &pipes, &roads]).unwrap();
    assert_eq!(both, [roads.clone(), pipes].concat());
    assert!(concat(&[] as &[Vec<u8>]).unwrap().is_empty());
    assert_eq!(
        concat(&[&roads[..9]]).unwrap_err().to_string(),
        "cannot join tiles: tile 0 of the list is not a vector tile; build it again"
    );
}

#[test]
fn layers_of_one_name_are_merged_with_their_keys_and_values() {
    let a = one_layer("roads", 1, "name", "西湖路");
    let b = one_layer("roads", 2, "class", "西湖路");
    let c = one_layer("roads", 3, "name", "洪泽湖路");
    let merged = concat(&[a, b, c]).unwrap();
    let reader = Reader::new(merged).unwrap();
    assert_eq!(reader.get_layer_names().unwrap(), ["roads"]);
    let features = reader.get_features(0).unwrap();
    let text = |s: &str| DecodedValue::String(s.to_owned());
    let of = |i: usize| features[i].properties.clone().unwrap();
    assert_eq!(of(0)["name"], text("西湖路"));
    assert_eq!(of(1)["class"], text("西湖路"));
    assert_eq!(of(2)["name"], text("洪泽湖路"));
    assert_eq!(features.iter().filter_map(|f| f.id).sum::<u64>(), 6);
}

/// A star: simple before it is snapped.
fn star(radii: &[f64], turn: f64, scale: f64, middle: [f64; 2]) -> Vec<[f64; 2]> {
    let n = radii.len() as f64;
    let spoke = |(i, r): (usize, &f64)| {
        let angle = turn + std::f64::consts::TAU * i as f64 / n;
        [middle[0] + angle.cos() * r * scale, middle[1] + angle.sin() * r * scale]
    };
    radii.iter().enumerate().map(spoke).collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn any_polygon_is_closed_wound_and_valid_in_any_tile(
        radii in prop::collection::vec(0.15_f64..1.0, 3..60),
        hole in prop::collection::vec(0.02_f64..0.14, 0..12),
        turn in 0.0_f64..6.3,
        scale in prop::sample::select(vec![0.4, 3.0, 20.0, 300.0, 5000.0]),
        middle in (-1000.0_f64..5000.0, -1000.0_f64..5000.0),
        maxzoom in 14_u8..16,
    ) {
        let middle = [middle.0, middle.1];
        let outer = star(&radii, turn, scale, middle);
        let hole = star(&hole, turn, scale, middle);
        let mut rings: Vec<&[[f64; 2]]> = vec![&outer];
        if hole.len() > 2 {
            rings.push(&hole);
        }
        let bytes = encode(tile(), &polygon(tile(), &rings), maxzoom);
        if !bytes.is_empty() {
            check_polygons(&bytes);
        }
    }

    #[test]
    fn any_scribble_becomes_valid_polygons(
        ring in prop::collection::vec((-200.0_f64..4300.0, -200.0_f64..4300.0), 3..40),
        small in any::<bool>(),
        maxzoom in 14_u8..16,
    ) {
        let shrink = if small { 0.004 } else { 1.0 };
        let ring: Vec<[f64; 2]> = ring.into_iter().map(|(x, y)| [x * shrink, y * shrink]).collect();
        let bytes = encode(tile(), &polygon(tile(), &[&ring]), maxzoom);
        if !bytes.is_empty() {
            check_polygons(&bytes);
        }
    }

    #[test]
    fn neighbouring_tiles_agree_where_an_outline_crosses_their_edge(
        radii in prop::collection::vec(0.5_f64..1.0, 3..40),
        turn in 0.0_f64..6.3,
        y in 1000.0_f64..3000.0,
        maxzoom in 14_u8..16,
    ) {
        let west = tile();
        let east = TileCoord::new(TILE.0, TILE.1 + 1, TILE.2).unwrap();
        let shape = polygon(west, &[&star(&radii, turn, 900.0, [4096.0, y])]);
        let a = crossings(&check_polygons(&encode(west, &shape, maxzoom)), 4096.0);
        let b = crossings(&check_polygons(&encode(east, &shape, maxzoom)), 0.0);
        prop_assert_eq!(a.len(), b.len(), "{:?} {:?}", a, b);
        // Each tile rounds its ends of an edge by half a unit each way.
        for (&(a, slope), (b, _)) in a.iter().zip(&b) {
            prop_assert!((a - b).abs() <= 1.0 + slope, "{a} {b} {slope}");
        }
    }

    #[test]
    fn nothing_panics_on_any_coordinates(
        xy in prop::collection::vec(
            prop_oneof![any::<(f64, f64)>(), (-200.0_f64..200.0, -100.0_f64..100.0)], 0..30),
        kind in 0_usize..6,
        z in 0_u64..=30,
        ends in prop::collection::vec(0_u32..40, 0..4),
    ) {
        let mut g = Geometry::empty([
            GeometryKind::Point, GeometryKind::MultiPoint, GeometryKind::LineString,
            GeometryKind::MultiLineString, GeometryKind::Polygon, GeometryKind::MultiPolygon,
        ][kind]);
        g.xy = xy.into_iter().map(|(x, y)| [x, y]).collect();
        // Whatever a damaged file might say.
        g.parts = ends.clone();
        g.ends = ends;
        let tile = TileCoord::new(z, (1 << z) / 2, (1 << z) / 3).unwrap();
        for maxzoom in [0, 30] {
            let _ = decode(&encode(tile, &g, maxzoom));
        }
    }
}

/// Where outlines cross a vertical line, from north to south, and how steeply.
fn crossings(polygons: &[Polygon<f64>], x: f64) -> Vec<(f64, f64)> {
    let mut all: Vec<(f64, f64)> = polygons
        .iter()
        .flat_map(|p| p.exterior().lines())
        .filter(|l| (l.start.x < x) != (l.end.x < x))
        .map(|l| {
            let slope = l.dy() / l.dx();
            (l.start.y + (x - l.start.x) * slope, slope.abs())
        })
        .collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all
}
