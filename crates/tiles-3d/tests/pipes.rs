//! Networks in 3D: where tubes and shafts are, how wide, and whose.

#![allow(clippy::unwrap_used, reason = "a test that can not set up has failed")]

mod support;

use onemap_model::{
    Feature, FieldType, GeoCell, Geometry, GeometryClass, GeometryKind, PipeClass, Schema, Solid,
    Value,
};
use onemap_tile_tree::{Far, Limits, TileTree};
use onemap_tiles_3d::{
    Ellipsoid, Encoding, PipeRule, PipeSection, SolidRule, TileContent, draw_cut, draw_far,
    draw_leaf, item, with_ref,
};
use support::{
    Glb, Shape, assert_valid, feature, frame, lonlat, no_image, open_edges, schema, volume,
};

fn network() -> Schema {
    schema(&[
        ("code", FieldType::Text),
        ("element", FieldType::Text),
        ("class", FieldType::Text),
        ("shape", FieldType::Text),
        ("diameter", FieldType::Float),
        ("width", FieldType::Float),
        ("height", FieldType::Float),
        ("casing", FieldType::Float),
        ("material", FieldType::Text),
        ("level", FieldType::Text),
        ("elevation_from", FieldType::Float),
        ("depth_from", FieldType::Float),
        ("depth_to", FieldType::Float),
        ("ground_from", FieldType::Float),
        ("ground", FieldType::Float),
        ("bottom", FieldType::Float),
    ])
}

fn values(told: &[(&str, Value)]) -> Vec<Value> {
    let schema = network();
    let mut values = vec![Value::Null; schema.fields.len()];
    for (name, value) in told {
        values[schema.position(name).unwrap()] = value.clone();
    }
    values
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

/// A line through places east, north and up of the anchor, metres.
fn line(places: &[[f64; 3]], with_z: bool) -> Geometry {
    let mut geometry = Geometry::empty(GeometryKind::LineString);
    for &place in places {
        let at = frame().to_lonlat(place);
        if with_z { geometry.push_z(at) } else { geometry.push([at[0], at[1]]) }
    }
    geometry.end_line();
    geometry
}

fn tenth(_: PipeClass, material: &str, section: &PipeSection) -> f64 {
    if material == "砼" { section.width / 10.0 } else { 0.0 }
}

fn rule() -> SolidRule {
    let (solid, schema) = (Solid::default(), network());
    let pipes = PipeRule::bind(&solid, &schema).with_walls(tenth);
    SolidRule::bind(&solid, &schema, GeometryClass::Mixed).with_pipes(pipes)
}

/// Draws features as one leaf would.
fn drawn(features: &[Feature], encoding: Encoding) -> Vec<u8> {
    let (rule, schema) = (rule(), network());
    let mut content = TileContent::new(frame(), &schema, &vec![true; schema.fields.len()]);
    for feature in features {
        with_ref(feature, |feature| {
            let pipes = rule.pipes().unwrap();
            if let Some(params) = pipes.link(feature, &Ellipsoid) {
                content.add_pipe(feature, &params);
            }
            for params in pipes.devices(feature, &Ellipsoid) {
                content.add_device(feature, &params);
            }
        });
    }
    content.finish(&mut no_image, encoding)
}

fn shape(features: &[Feature]) -> Shape {
    Glb::read(&drawn(features, Encoding::Compact)).shapes(0).remove(0)
}

/// A generator of chance (xorshift64*).
struct Chance(u64);

impl Chance {
    fn next(&mut self, low: f64, high: f64) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let whole = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11;
        low + (high - low) * whole as f64 / (1_u64 << 53) as f64
    }
}

fn sub(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|i| a[i] - b[i])
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// Where a plane across a line at `t` cuts the edges of a shape's triangles.
fn cut(shape: &Shape, at: [f64; 3], along: [f64; 3], reach: f64) -> Vec<[f64; 3]> {
    let side = |i: usize| dot(sub(shape.positions[i], at), along);
    let mut found = Vec::new();
    for triangle in &shape.triangles {
        for k in 0..3 {
            let (i, j) = (triangle[k], triangle[(k + 1) % 3]);
            let (a, b) = (side(i), side(j));
            if (a < 0.0) == (b < 0.0) {
                continue;
            }
            let (p, q) = (shape.positions[i], shape.positions[j]);
            let place: [f64; 3] = std::array::from_fn(|n| p[n] + (q[n] - p[n]) * a / (a - b));
            let off = sub(place, at);
            if dot(off, off) < reach * reach {
                found.push(place);
            }
        }
    }
    found
}

#[test]
fn tubes_have_the_radius_depth_and_ends_of_their_source_to_a_millimetre_at_1000_stations() {
    let mut chance = Chance(77);
    let (mut stations, mut worst) = (0, 0.0_f64);
    while stations < 1000 {
        let mut places =
            vec![[chance.next(-400.0, 400.0), chance.next(-400.0, 400.0), chance.next(-8.0, 60.0)]];
        let mut heading = chance.next(0.0, std::f64::consts::TAU);
        for _ in 0..6 {
            let (step, slope) = (chance.next(15.0, 60.0), chance.next(-0.2, 0.2));
            let [x, y, z] = *places.last().unwrap();
            places.push([x + step * heading.cos(), y + step * heading.sin(), z + step * slope]);
            heading += chance.next(-1.2, 1.2);
        }
        let diameter = [100.0, 200.0, 300.0, 600.0, 1000.0, 1800.0][stations % 6];
        let told = [("diameter", Value::Float(diameter)), ("material", text("砼"))];
        let shape = shape(&[feature(1, line(&places, true), values(&told))]);
        let outer = diameter / 1000.0 * 0.6;
        assert_eq!(open_edges(&shape), 0);
        // Ends lie in planes across the line, around its first and last point.
        for (end, next) in [(places[0], places[1]), (places[6], places[5])] {
            let ring: Vec<_> = shape
                .positions
                .iter()
                .filter(|p| dot(sub(**p, end), sub(**p, end)).sqrt() < outer + 0.01)
                .collect();
            assert!(ring.len() >= 8);
            let way = sub(next, end);
            for place in ring {
                let off = sub(*place, end);
                worst = worst.max((dot(off, off).sqrt() - outer).abs());
                worst = worst.max((dot(off, way) / dot(way, way).sqrt()).abs());
            }
        }
        for _ in 0..40 {
            let segment = chance.next(0.0, 5.999) as usize;
            let (a, b) = (places[segment], places[segment + 1]);
            let way = sub(b, a);
            let length = dot(way, way).sqrt();
            let along = way.map(|x| x / length);
            let t = chance.next(2.0, length - 2.0);
            let at: [f64; 3] = std::array::from_fn(|i| a[i] + along[i] * t);
            let ring = cut(&shape, at, along, outer * 1.5);
            // Edges along the tube are cut at its radius, diagonals of sides nearer in.
            let radii: Vec<f64> =
                ring.iter().map(|p| dot(sub(*p, at), sub(*p, at)).sqrt()).collect();
            let (least, most) =
                radii.iter().fold((f64::INFINITY, 0.0_f64), |(l, m), r| (l.min(*r), m.max(*r)));
            assert!(least > outer * (std::f64::consts::PI / 8.0).cos() - 0.001, "{least} {outer}");
            worst = worst.max((most - outer).abs());
            // The heights of the corners are even around the centre line.
            let corners: Vec<_> = ring
                .iter()
                .zip(&radii)
                .filter(|(_, r)| (**r - outer).abs() < 1e-3)
                .map(|(p, _)| p[2] - at[2])
                .collect();
            let (low, high) = corners
                .iter()
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), z| (l.min(*z), h.max(*z)));
            worst = worst.max((low + high).abs() / 2.0);
            stations += 1;
        }
    }
    println!("{stations} stations, worst {worst:.6} m");
    assert!(worst < 0.001, "{worst}");
}

#[test]
fn depths_count_from_the_ground_to_the_level_that_was_surveyed() {
    let places = [[0.0, 0.0, 0.0], [40.0, 0.0, 0.0]];
    for (level, centre) in [("top", -2.6), ("invert", -1.5), ("centre", -2.0)] {
        let told = [
            ("diameter", Value::Float(1000.0)),
            ("material", text("砼")),
            ("level", text(level)),
            ("depth_from", Value::Float(2.0)),
            ("depth_to", Value::Float(2.0)),
        ];
        let glb = Glb::read(&drawn(
            &[feature(1, line(&places, false), values(&told))],
            Encoding::Compact,
        ));
        let shape = &glb.shapes(0)[0];
        let heights = shape.positions.iter().map(|p| p[2]);
        let (low, high) =
            heights.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), z| (l.min(z), h.max(z)));
        assert!((f64::midpoint(low, high) - centre).abs() < 0.001, "{level} {low} {high}");
        // The ground is not known: taken to be 0, and said.
        assert!(!glb.class()["height_assumed"].is_null());
    }
    let told = [
        ("elevation_from", Value::Float(31.0)),
        ("depth_to", Value::Float(1.0)),
        ("diameter", Value::Float(200.0)),
    ];
    let half = feature(2, line(&places, false), values(&told));
    with_ref(&half, |half| {
        let pipes = PipeRule::bind(&Solid::default(), &network());
        let params = pipes.link(half, &Ellipsoid).unwrap();
        assert!(params.is_assumed);
        assert!((params.lines[0][0][2] - 31.0).abs() < 1e-9);
        assert!((params.lines[0][1][2] + 1.0).abs() < 1e-9);
    });
}

#[test]
fn sections_of_every_shape_are_closed_and_as_large_as_their_source() {
    let places = [[0.0, 0.0, -3.0], [30.0, 0.0, -3.0], [50.0, 20.0, -3.0], [50.0, 60.0, -3.0]];
    let length = 70.0 + 800.0_f64.sqrt();
    // Width 2, height 1.5; the area of each outline.
    let expected = [
        ("rectangle", 3.0),
        ("egg", 2.29),
        ("arch", 2.54),
        ("open", 0.1518),
        ("trapezoid", 0.1368),
    ];
    for (word, area) in expected {
        let told = [
            ("shape", text(word)),
            ("width", Value::Float(2000.0)),
            ("height", Value::Float(1500.0)),
        ];
        let shape = shape(&[feature(1, line(&places, true), values(&told))]);
        assert_eq!(open_edges(&shape), 0, "{word}");
        let is = volume(&shape) / length;
        assert!((is / area - 1.0).abs() < 0.015, "{word}: {is} is not {area}");
        // The first end: upright, and as wide and high as told.
        let end = shape.positions.iter().filter(|p| p[0].abs() < 0.001);
        let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for p in end {
            for (k, x) in [p[1], p[2] + 3.0].into_iter().enumerate() {
                low[k] = low[k].min(x);
                high[k] = high[k].max(x);
            }
        }
        let thick = if area < 1.0 { 0.03 } else { 0.0 };
        assert!((high[0] - low[0] - 2.0 - 2.0 * thick).abs() < 0.001, "{word} {low:?} {high:?}");
        assert!((high[1] - 0.75).abs() < 0.001 && (low[1] + 0.75 + thick).abs() < 0.001, "{word}");
    }
}

#[test]
fn turns_of_every_kind_stay_closed_and_finite() {
    let odd: [&[[f64; 3]]; 7] = [
        &[[0.0, 0.0, 0.0], [10.0, 0.0, 0.0], [0.0, 0.1, 0.0]],
        &[[0.0, 0.0, 0.0], [10.0, 0.0, 0.0], [0.0, 0.0, 0.0]],
        &[[0.0, 0.0, 0.0], [0.0, 0.0, -5.0], [5.0, 0.0, -5.0], [5.0, 0.0, 0.0]],
        &[[0.0, 0.0, 0.0], [0.01, 0.0, 0.0], [0.01, 0.01, 0.0], [9.0, 9.0, 0.0]],
        &[[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]],
        &[[0.0, 0.0, 0.0]],
        &[],
    ];
    for places in odd {
        for told in [
            vec![("diameter", Value::Float(1000.0))],
            vec![("width", Value::Float(800.0)), ("height", Value::Float(400.0))],
            vec![("diameter", Value::Float(f64::NAN)), ("width", Value::Float(1e30))],
        ] {
            let broken = feature(1, line(places, true), values(&told));
            with_ref(&broken, |broken| item(&rule(), broken));
            for shape in Glb::read(&drawn(&[broken], Encoding::Compact)).shapes(0) {
                assert!(shape.positions.iter().flatten().all(|x| x.is_finite()));
                assert_eq!(open_edges(&shape), 0, "{places:?}");
            }
        }
    }
    for z in [f64::NAN, f64::INFINITY, 1e300] {
        let mut shape = line(&[[0.0; 3], [9.0, 0.0, 0.0]], true);
        shape.z = vec![z, z];
        let mut point = Geometry::point(lonlat([0.0, 0.0]));
        point.z = vec![z];
        let told = [("ground", Value::Float(z)), ("bottom", Value::Float(z))];
        for broken in [feature(1, shape, vec![]), feature(2, point, values(&told))] {
            let glb = Glb::read(&drawn(&[broken], Encoding::Compact));
            assert!(glb.shapes(0)[0].positions.iter().flatten().all(|x| x.is_finite()));
        }
    }
}

/// Nodes of every element and links of every shape.
fn town() -> Vec<Feature> {
    let mut features = Vec::new();
    for (i, (element, x)) in DEVICES.into_iter().zip((0..).map(|i| f64::from(i) * 12.0)).enumerate()
    {
        let mut at = Geometry::empty(GeometryKind::Point);
        at.push_z(frame().to_lonlat([x, 5.0, -2.0]));
        let class = PipeClass::ALL[i % 8].code();
        let told = [
            ("code", text(&format!("井{i}"))),
            ("element", text(element)),
            ("class", text(class)),
            ("ground", Value::Float(0.5)),
            ("bottom", Value::Float(-3.0)),
        ];
        features.push(feature(100 + i as u64, at, values(&told)));
    }
    for (i, word) in ["round", "rectangle", "egg", "arch", "open"].into_iter().enumerate() {
        let y = i as f64 * 3.0;
        let told = [
            ("class", text(PipeClass::ALL[i].code())),
            ("shape", text(word)),
            ("width", Value::Float(600.0)),
            ("height", Value::Float(900.0)),
        ];
        let places = [[0.0, y, -2.0], [80.0, y, -2.5], [120.0, y + 30.0, -3.0]];
        features.push(feature(1 + i as u64, line(&places, i % 2 == 0), values(&told)));
    }
    features
}

fn ids(glb: &Glb) -> Vec<u32> {
    let values = glb.view(&glb.table()["properties"]["id"]["values"]);
    values.chunks_exact(4).map(|b| u32::from_le_bytes(b.try_into().unwrap())).collect()
}

#[test]
fn a_network_is_valid_near_far_and_cut_and_its_rows_are_its_features() {
    let (rule, schema, town) = (rule(), network(), town());
    let items: Vec<_> =
        town.iter().filter_map(|feature| with_ref(feature, |f| item(&rule, f))).collect();
    assert_eq!(items.len(), town.len());
    let tree = TileTree::new(items, Limits::default());
    let root = tree.root().unwrap();
    let begin = || TileContent::new(frame(), &schema, &vec![true; schema.fields.len()]);
    let files = [Encoding::Compact, Encoding::Plain].map(|encoding| {
        let mut near = begin();
        draw_leaf(&mut near, &rule, root, &mut town.clone());
        let mut far = begin();
        draw_far(&mut far, &rule, root, &Far::default(), &mut town.clone());
        let mut cut = begin();
        let cell = GeoCell::containing(lonlat([60.0, 5.0]), 19);
        let whole = onemap_tile_tree::Cut { is_leaf: true, ..Default::default() };
        draw_cut(&mut cut, &rule, cell, &whole, &mut town.clone());
        let mut cut_far = begin();
        draw_cut(&mut cut_far, &rule, cell, &onemap_tile_tree::Cut::default(), &mut town.clone());
        [near, far, cut, cut_far].map(|content| content.finish(&mut no_image, encoding))
    });
    let near = Glb::read(&files[0][0]);
    let mut found = ids(&near);
    found.sort_unstable();
    let mut expected: Vec<u32> = town.iter().map(|f| f.id.get() as u32).collect();
    expected.sort_unstable();
    assert_eq!(found, expected);
    let used: std::collections::BTreeSet<u16> =
        near.shapes(0).iter().flat_map(|shape| shape.features.clone()).collect();
    assert_eq!(used.len(), town.len());
    let far = Glb::read(&files[0][1]);
    let modes: Vec<_> = far.json["meshes"][0]["primitives"].as_array().unwrap().iter().collect();
    assert!(modes.iter().any(|primitive| primitive["mode"] == 1));
    // Order of the features makes no difference.
    let mut turned = town.clone();
    turned.reverse();
    let mut again = begin();
    draw_leaf(&mut again, &rule, root, &mut turned);
    assert!(again.finish(&mut no_image, Encoding::Compact) == files[0][0]);
    let names = ["near", "far", "cut", "cut-far"];
    let named: Vec<(String, &[u8])> = files
        .iter()
        .zip(["compact", "plain"])
        .flat_map(|(files, how)| {
            files
                .iter()
                .zip(names)
                .map(move |(file, name)| (format!("{name}-{how}.glb"), &file[..]))
        })
        .collect();
    let named: Vec<(&str, &[u8])> =
        named.iter().map(|(name, file)| (name.as_str(), *file)).collect();
    assert_valid("pipes", &named);
}

#[test]
fn wide_pipes_are_seen_from_farther_than_narrow_ones() {
    let size = |diameter| {
        let told = [("diameter", Value::Float(diameter))];
        let pipe = feature(1, line(&[[0.0; 3], [90.0, 0.0, 0.0]], true), values(&told));
        with_ref(&pipe, |pipe| item(&rule(), pipe)).unwrap().size.unwrap()
    };
    assert!((size(1000.0) - 300.0).abs() < 1e-9 && (size(100.0) - 30.0).abs() < 1e-9);
}

#[test]
fn a_manhole_reaches_from_its_bottom_to_the_ground() {
    let mut at = Geometry::empty(GeometryKind::Point);
    at.push_z(frame().to_lonlat([3.0, 4.0, 28.0]));
    let told = [
        ("element", text("manhole")),
        ("class", text("PS")),
        ("ground", Value::Float(31.25)),
        ("bottom", Value::Float(27.5)),
    ];
    let shape = shape(&[feature(9, at, values(&told))]);
    let heights = shape.positions.iter().map(|p| p[2]);
    let (low, high) =
        heights.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), z| (l.min(z), h.max(z)));
    assert!((low - 27.5).abs() < 0.001 && (high - 31.25).abs() < 0.001, "{low} {high}");
    for p in &shape.positions {
        assert!((p[0] - 3.0).hypot(p[1] - 4.0) < 0.51);
    }
}

#[test]
fn ten_thousand_pipes_are_drawn_in_a_moment_and_take_what_the_tree_reckons() {
    let mut chance = Chance(5);
    let diameters = [100.0, 200.0, 300.0, 600.0, 1000.0];
    let features: Vec<Feature> = (0..10_000)
        .map(|id| {
            let [x, y] = [chance.next(-900.0, 900.0), chance.next(-900.0, 900.0)];
            let places = [[x, y, -2.0], [x + 30.0, y + 4.0, -2.1], [x + 40.0, y + 20.0, -2.2]];
            let told = [
                ("class", text(PipeClass::ALL[id % 8].code())),
                ("diameter", Value::Float(diameters[id % 5])),
            ];
            feature(id as u64, line(&places, true), values(&told))
        })
        .collect();
    let reckoned: u32 =
        features.iter().map(|f| with_ref(f, |f| item(&rule(), f)).unwrap().bytes).sum();
    let begun = std::time::Instant::now();
    let file = drawn(&features, Encoding::Compact);
    println!("{} bytes, {reckoned} reckoned, {:?}", file.len(), begun.elapsed());
    let share = file.len() as f64 / f64::from(reckoned);
    assert!((0.5..2.0).contains(&share), "{share}");
    assert!(begun.elapsed().as_secs() < 10);
}

/// Triangles of a file's instances as they stand, with their features, and how many meshes they share.
fn stood(glb: &Glb) -> (usize, Vec<Shape>) {
    let (mut meshes, mut stood) = (0, Vec::new());
    for node in glb.json["nodes"].as_array().unwrap() {
        let extensions = &node["extensions"];
        let attributes = &extensions["EXT_mesh_gpu_instancing"]["attributes"];
        if attributes.is_null() {
            continue;
        }
        meshes += 1;
        assert_eq!(extensions["EXT_instance_features"]["featureIds"][0]["attribute"], 0);
        let places = glb.instance_places(node);
        let ids = glb.numbers(&attributes["_FEATURE_ID_0"]);
        let scale = &attributes["SCALE"];
        let scales =
            if scale.is_null() { vec![vec![1.0; 3]; places.len()] } else { glb.numbers(scale) };
        assert!(attributes["ROTATION"].is_null() && ids.len() == places.len());
        for ((at, scale), id) in places.iter().zip(&scales).zip(&ids) {
            for mut shape in glb.shapes(node["mesh"].as_u64().unwrap() as usize) {
                for p in &mut shape.positions {
                    // From y up, as it is written, to z up.
                    let [sx, sy, sz] = [scale[0], scale[2], scale[1]];
                    *p = [p[0] * sx + at[0], p[1] * sy - at[2], p[2] * sz + at[1]];
                }
                shape.features = vec![id[0] as u16; shape.positions.len()];
                stood.push(shape);
            }
        }
    }
    (meshes, stood)
}

/// Lowest and highest place of a feature.
fn box_of<'s>(shapes: impl Iterator<Item = &'s Shape>, feature: u16) -> [[f64; 3]; 2] {
    let mut found = [[f64::INFINITY; 3], [f64::NEG_INFINITY; 3]];
    for shape in shapes {
        for (p, _) in shape.positions.iter().zip(&shape.features).filter(|(_, f)| **f == feature) {
            for k in 0..3 {
                found[0][k] = found[0][k].min(p[k]);
                found[1][k] = found[1][k].max(p[k]);
            }
        }
    }
    found
}

/// Ten nodes of an element, each of another depth.
fn row(element: &str, first: u64) -> Vec<Feature> {
    let mut chance = Chance(first * 77 + 1);
    let node = |id| {
        let mut at = Geometry::empty(GeometryKind::Point);
        let bottom = chance.next(-9.0, -1.0);
        let place = [chance.next(-90.0, 90.0), chance.next(-90.0, 90.0), bottom + 0.3];
        at.push_z(frame().to_lonlat(place));
        let told = [
            ("element", text(element)),
            ("class", text("PS")),
            ("ground", Value::Float(chance.next(-0.5, 0.5))),
            ("bottom", Value::Float(bottom)),
        ];
        feature(id, at, values(&told))
    };
    (first..first + 10).map(node).collect()
}

const DEVICES: [&str; 13] = [
    "manhole",
    "handhole",
    "inlet",
    "outfall",
    "reservoir",
    "tank",
    "source",
    "hydrant",
    "customer",
    "valve",
    "pump",
    "device",
    "junction",
];

#[test]
fn things_of_a_kind_share_a_mesh_and_stand_where_each_would_alone() {
    let (mut worst, mut files) = (0.0_f64, Vec::new());
    for (element, first) in DEVICES.into_iter().zip((1..).step_by(10)) {
        let features = row(element, first);
        let whole = drawn(&features, Encoding::Compact);
        let glb = Glb::read(&whole);
        let (meshes, shapes) = stood(&glb);
        assert!((1..=2).contains(&meshes), "{element}: {meshes}");
        for (number, feature) in features.iter().enumerate() {
            let alone = Glb::read(&drawn(std::slice::from_ref(feature), Encoding::Compact));
            let (a, b) = (box_of(alone.shapes(0).iter(), 0), box_of(shapes.iter(), number as u16));
            for (a, b) in a.as_flattened().iter().zip(b.as_flattened()) {
                worst = worst.max((a - b).abs());
            }
        }
        files.push((format!("{element}.glb"), whole));
        files.push((format!("{element}-plain.glb"), drawn(&features, Encoding::Plain)));
    }
    println!("worst {:.3} mm", worst * 1e3);
    // Both are rounded to a millimetre.
    assert!(worst < 1.6e-3, "{worst}");
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(name, file)| (name.as_str(), &file[..])).collect();
    assert_valid("devices", &files);
}

#[test]
fn a_thing_at_the_border_of_cells_is_whole_once_or_cut_between_them() {
    let (rule, schema) = (rule(), network());
    let cell = GeoCell::containing(lonlat([60.0, 5.0]), 20);
    let bounds = cell.bounds();
    // A row of hydrants across the eastern border, 10 cm apart.
    let [x, y] = [bounds.east, f64::midpoint(bounds.south, bounds.north)];
    let features: Vec<Feature> = (0..20_u32)
        .map(|i| {
            let mut at = Geometry::empty(GeometryKind::Point);
            at.push_z([x + (f64::from(i) - 9.5) * 1.08e-6, y, -1.0]);
            let told = [("element", text("hydrant")), ("ground", Value::Float(0.0))];
            feature(u64::from(i) + 1, at, values(&told))
        })
        .collect();
    let east = GeoCell::containing([x + 1e-6, y], 20);
    let [mut whole, mut area] = [0; 2].map(|n| [n; 20]);
    let mut squares = [0.0; 20];
    for cell in [cell, east] {
        let mut content = TileContent::new(frame(), &schema, &vec![true; schema.fields.len()]);
        let cut = onemap_tile_tree::Cut { is_leaf: true, ..Default::default() };
        draw_cut(&mut content, &rule, cell, &cut, &mut features.clone());
        let glb = Glb::read(&content.finish(&mut no_image, Encoding::Compact));
        let ids = ids(&glb);
        let (_, shapes) = stood(&glb);
        for shape in &shapes {
            whole[ids[usize::from(shape.features[0])] as usize - 1] += 1;
        }
        for shape in shapes.iter().chain(&glb.shapes(0)) {
            for triangle in &shape.triangles {
                let id = ids[usize::from(shape.features[triangle[0]])] as usize - 1;
                let [a, b, c] = triangle.map(|i| shape.positions[i]);
                let (u, v) = (sub(b, a), sub(c, a));
                let n = [
                    u[1] * v[2] - u[2] * v[1],
                    u[2] * v[0] - u[0] * v[2],
                    u[0] * v[1] - u[1] * v[0],
                ];
                squares[id] += dot(n, n).sqrt() / 2.0;
                area[id] += 1;
            }
        }
    }
    // Nothing is there twice, and nothing is lost.
    let one = squares[0];
    assert!(squares.iter().all(|is| (is / one - 1.0).abs() < 0.02), "{squares:?}");
    assert!(whole.iter().all(|n| *n <= 1) && whole.contains(&1) && whole.contains(&0), "{whole:?}");
    assert!(area.iter().all(|n| *n > 0));
}

#[test]
fn a_casing_is_a_translucent_tube_around_its_pipe_with_open_ends() {
    let places = [[0.0, 0.0, -3.0], [30.0, 0.0, -3.0], [50.0, 20.0, -3.0]];
    let length = 30.0 + 800.0_f64.sqrt();
    let told = |diameter: f64, casing: f64| {
        let told = [
            ("class", text("RQ")),
            ("diameter", Value::Float(diameter)),
            ("casing", Value::Float(casing)),
        ];
        feature(1, line(&places, true), values(&told))
    };
    let file = drawn(&[told(300.0, 600.0)], Encoding::Compact);
    let glb = Glb::read(&file);
    let shapes = glb.shapes(0);
    let [pipe, casing] = shapes.as_slice() else { panic!("{} shapes", shapes.len()) };
    assert_eq!(casing.material["alphaMode"], "BLEND");
    assert!(pipe.material["alphaMode"].is_null());
    assert!(casing.features.iter().chain(&pipe.features).all(|f| *f == 0));
    for (shape, radii) in [(pipe, vec![0.15]), (casing, vec![0.3, 0.28])] {
        assert_eq!(open_edges(shape), 0);
        // The first end: nothing but its rings, and for the casing nothing within the inner one.
        let end = shape.positions.iter().filter(|p| p[0].abs() < 0.001);
        for p in end {
            let r = p[1].hypot(p[2] + 3.0);
            assert!(radii.iter().any(|radius| (r - radius).abs() < 0.001), "{r}");
        }
    }
    let sides = 12.0;
    let share = sides / 2.0 * (std::f64::consts::TAU / sides).sin();
    let expected = (0.3 * 0.3 - 0.28 * 0.28) * share * length;
    assert!((volume(casing) / expected - 1.0).abs() < 0.02, "{} {expected}", volume(casing));
    // What a pipe does not fit into is no casing.
    for casing in [300.0, 200.0, -5.0, f64::NAN, 1e9] {
        assert_eq!(Glb::read(&drawn(&[told(300.0, casing)], Encoding::Compact)).shapes(0).len(), 1);
    }
    with_ref(&told(300.0, 600.0), |pipe| {
        let reach = item(&rule(), pipe).unwrap().heights;
        assert!(reach[0] <= -3.3 && reach[1] >= -2.7, "{reach:?}");
    });
    assert_valid("casing", &[("casing.glb", &file)]);
}
