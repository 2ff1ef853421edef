//! Tiles that others made, good and broken: read by us, joined by us, and read by a decoder not ours.
//!
//! Needs the test data: `ONEMAP_TEST_DATA=/path/to/data cargo nextest run -p onemap-tiles-vector`.

#![allow(clippy::unwrap_used, reason = "a test that can not set up has failed")]

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::path::{Path, PathBuf};

use geo_types::Geometry;
use mvt_reader::Reader;
use mvt_reader::feature::Value as TheirValue;
use onemap_tiles_vector::{
    ReadFeature, ReadGeometry, ReadLayer, ReadTile, ReadValue, Rule, TileError, concat, read,
};
use serde_json::Value;

/// The folder of tiles, or `None` (said aloud) without test data.
fn data() -> Option<PathBuf> {
    let Some(root) = std::env::var_os("ONEMAP_TEST_DATA") else {
        println!("SKIPPED: set ONEMAP_TEST_DATA to the folder of test data");
        return None;
    };
    let tiles = Path::new(&root).join("tiles");
    assert!(tiles.is_dir(), "{} is no folder", tiles.display());
    Some(tiles)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all
}

struct Fixture {
    name: String,
    tile: Vec<u8>,
    json: Value,
    /// Valid by version 2 of the specification.
    valid: bool,
    /// A decoder may go on.
    recoverable: bool,
}

fn fixtures(data: &Path) -> Vec<Fixture> {
    let json =
        |path: PathBuf| -> Value { serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap() };
    let load = |folder: PathBuf| {
        let info = json(folder.join("info.json"));
        let validity = &info["validity"];
        Fixture {
            name: folder.file_name().unwrap().to_str().unwrap().to_owned(),
            tile: std::fs::read(folder.join("tile.mvt")).unwrap(),
            json: json(folder.join("tile.json")),
            valid: validity["v2"].as_bool().unwrap(),
            recoverable: validity["error"] == "recoverable",
        }
    };
    let folders = files(&data.join("mvt_fixtures")).into_iter().filter(|path| path.is_dir());
    let all: Vec<Fixture> = folders.map(load).collect();
    assert!(all.len() >= 74, "only {} fixtures", all.len());
    all
}

/// Real tiles, unpacked, with their names.
fn real_tiles(data: &Path) -> Vec<(String, Vec<u8>)> {
    let folders = [
        "mvt_real_bangkok",
        "mvt_real_chicago",
        "mvt_real_compressed",
        "mvt_real_sanfrancisco",
        "qgis_vector_tile",
    ];
    let mut all = Vec::new();
    for path in folders.iter().flat_map(|folder| files(&data.join(folder))) {
        let bytes = std::fs::read(&path).unwrap();
        let mut tile = Vec::new();
        if bytes.starts_with(&[0x1f, 0x8b]) {
            flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut tile).unwrap();
        } else {
            tile = bytes;
        }
        all.push((path.strip_prefix(data).unwrap().display().to_string(), tile));
    }
    assert!(all.len() >= 88, "only {} real tiles", all.len());
    all
}

/// The rule that each broken fixture breaks.
const BROKEN: [(&str, Rule); 29] = [
    ("003", Rule::FeatureType),
    ("004", Rule::FeatureGeometry),
    ("005", Rule::TagsPaired),
    ("006", Rule::FeatureType),
    ("007", Rule::FieldType),
    ("008", Rule::FieldType),
    ("010", Rule::FieldType),
    ("011", Rule::ValueKind),
    ("012", Rule::LayerVersion),
    ("013", Rule::FieldType),
    ("014", Rule::LayerName),
    ("015", Rule::LayerNameUnique),
    ("023", Rule::LayerName),
    ("024", Rule::LayerVersion),
    ("026", Rule::ValueKind),
    ("030", Rule::FeatureGeometry),
    ("040", Rule::TagKey),
    ("041", Rule::TagKey),
    ("042", Rule::TagValue),
    ("044", Rule::CommandOrder),
    ("045", Rule::Parameters),
    ("046", Rule::LineToMoves),
    ("047", Rule::CommandCount),
    ("048", Rule::CommandCount),
    ("051", Rule::Parameters),
    ("052", Rule::Parameters),
    ("058", Rule::Parameters),
    // Its layer has no version either, and that is seen last.
    ("061", Rule::LayerVersion),
    // Said to be valid, yet it announces 536,870,911 points and has one.
    ("057", Rule::Parameters),
];

/// Valid by its notes, yet the same bytes as 003, whose type is missing and should be noted.
const UNTYPED: &str = "016";

fn broken_rule(fixture: &Fixture) -> Option<Rule> {
    BROKEN.iter().find(|(name, _)| *name == fixture.name).map(|(_, rule)| *rule)
}

#[test]
fn every_fixture_is_read_or_refused_as_its_notes_say() {
    let Some(data) = data() else { return };
    let mut counts = [0; 3];
    for fixture in fixtures(&data) {
        let name = &fixture.name;
        let expected = broken_rule(&fixture);
        let mislabelled = name == "057";
        assert_eq!(expected.is_none(), fixture.valid && !mislabelled, "fixture {name}");
        match (read(&fixture.tile), expected) {
            (Ok(tile), None) => {
                let rules: Vec<Rule> = tile.warnings.iter().map(|fault| fault.rule).collect();
                let untyped = [Rule::FeatureType];
                assert_eq!(rules, &untyped[..usize::from(name == UNTYPED)], "fixture {name}");
                assert_eq!(tile_to_json(&tile), normal(&fixture.json), "fixture {name}");
                counts[0] += 1;
            }
            (Ok(tile), Some(rule)) => {
                assert!(fixture.recoverable, "fixture {name} is broken beyond reading");
                let rules: Vec<Rule> = tile.warnings.iter().map(|fault| fault.rule).collect();
                assert_eq!(rules, [rule], "fixture {name}");
                counts[1] += 1;
            }
            (Err(error), Some(rule)) => {
                assert!(!fixture.recoverable, "fixture {name} could be read: {error}");
                assert_eq!(error.0.rule, rule, "fixture {name}: {error}");
                counts[2] += 1;
            }
            (Err(error), None) => panic!("fixture {name} is good, but {error}"),
        }
    }
    let [good, noted, refused] = counts;
    println!("{good} fixtures read as they should be, {noted} noted, {refused} refused");
    assert_eq!(noted + refused, BROKEN.len());
}

/// Writes a tile as the fixtures' `tile.json` has it: geometry as commands.
fn tile_to_json(tile: &ReadTile<'_>) -> Value {
    let feature = |feature: &ReadFeature| {
        let tags: Vec<u32> = feature.tags.iter().flat_map(|&(key, value)| [key, value]).collect();
        let kind = match &feature.geometry {
            ReadGeometry::Unknown(_) => 0,
            ReadGeometry::Points(_) => 1,
            ReadGeometry::Lines(_) => 2,
            ReadGeometry::Polygons(_) => 3,
        };
        serde_json::json!({
            "id": feature.id, "tags": tags, "type": kind, "geometry": commands(&feature.geometry),
        })
    };
    let value = |value: &ReadValue<'_>| match *value {
        ReadValue::Text(v) => serde_json::json!({ "string_value": v }),
        ReadValue::Float(v) => serde_json::json!({ "float_value": v }),
        ReadValue::Double(v) => serde_json::json!({ "double_value": v }),
        ReadValue::Int(v) => serde_json::json!({ "int_value": v }),
        ReadValue::Uint(v) => serde_json::json!({ "uint_value": v }),
        ReadValue::Sint(v) => serde_json::json!({ "sint_value": v }),
        ReadValue::Bool(v) => serde_json::json!({ "bool_value": v }),
    };
    let layer = |layer: &ReadLayer<'_>| {
        serde_json::json!({
            "version": layer.version,
            "name": layer.name,
            "extent": layer.extent,
            "keys": layer.keys,
            "values": layer.values.iter().map(value).collect::<Vec<_>>(),
            "features": layer.features.iter().map(feature).collect::<Vec<_>>(),
        })
    };
    Value::Array(tile.layers.iter().map(layer).collect())
}

/// Writes the layers of a `tile.json` with all members, floats as 32-bit ones.
fn normal(json: &Value) -> Value {
    let mut layers = json["layers"].as_array().cloned().unwrap_or_default();
    for layer in &mut layers {
        if layer["extent"].is_null() {
            layer["extent"] = 4096.into();
        }
        for feature in layer["features"].as_array_mut().unwrap() {
            for member in ["id", "tags"] {
                if feature.get(member).is_none() {
                    feature[member] =
                        if member == "id" { Value::Null } else { Value::Array(vec![]) };
                }
            }
        }
        for value in layer["values"].as_array_mut().unwrap() {
            if let Some(float) = value.get("float_value").and_then(Value::as_f64) {
                value["float_value"] = serde_json::json!(float as f32);
            }
            // Fixture 076 was made from a number where a text belongs; its bytes have the text.
            if let Some(Value::Number(number)) = value.get("string_value") {
                value["string_value"] = number.to_string().into();
            }
        }
    }
    Value::Array(layers)
}

/// Writes geometry as commands again.
fn commands(geometry: &ReadGeometry) -> Vec<u32> {
    let mut out = Vec::new();
    let mut at = [0, 0];
    let mut steps = |id: u32, to: &[[i64; 2]], out: &mut Vec<u32>| {
        out.push(id | (to.len() as u32) << 3);
        for place in to {
            for axis in [0, 1] {
                let delta = (place[axis] - at[axis]) as i32;
                out.push(((delta << 1) ^ (delta >> 31)) as u32);
            }
            at = *place;
        }
    };
    match geometry {
        ReadGeometry::Unknown(raw) => out.clone_from(raw),
        ReadGeometry::Points(points) => steps(1, points, &mut out),
        ReadGeometry::Lines(lines) => {
            for line in lines {
                steps(1, &line[..1], &mut out);
                steps(2, &line[1..], &mut out);
            }
        }
        ReadGeometry::Polygons(polygons) => {
            for ring in polygons.iter().flatten() {
                steps(1, &ring[..1], &mut out);
                steps(2, &ring[1..ring.len() - 1], &mut out);
                out.push(15);
            }
        }
    }
    out
}

/// A feature with all that it says, without the order of lists.
type Told = (String, Option<u64>, BTreeMap<String, String>, Vec<u32>);

fn told(tile: &ReadTile<'_>) -> Vec<Told> {
    let mut all = Vec::new();
    for layer in &tile.layers {
        for feature in &layer.features {
            let properties = layer
                .properties(feature)
                .map(|(key, value)| (key.to_owned(), format!("{value:?}")))
                .collect();
            all.push((layer.name.to_owned(), feature.id, properties, commands(&feature.geometry)));
        }
    }
    all.sort();
    all
}

/// Joins two good tiles and checks that nothing is lost. Returns whether they could be joined.
fn join_and_check(what: &str, first: &[u8], second: &[u8]) -> bool {
    let joined = match concat(&[first, second]) {
        Ok(joined) => joined,
        Err(TileError::Extents { .. }) => return false,
        Err(error) => panic!("{what}: {error}"),
    };
    let tile = read(&joined).unwrap_or_else(|error| panic!("{what}: {error}"));
    let (first, second) = (read(first).unwrap(), read(second).unwrap());
    assert!(
        tile.warnings.len() <= first.warnings.len() + second.warnings.len(),
        "{what}: {:?}",
        tile.warnings
    );
    let mut expected = told(&first);
    // An equal layer is not repeated.
    let others: Vec<_> =
        second.layers.iter().filter(|layer| !first.layers.contains(layer)).cloned().collect();
    expected.extend(told(&ReadTile { layers: others, warnings: vec![] }));
    expected.sort();
    assert_eq!(told(&tile), expected, "{what}");
    true
}

#[test]
fn any_two_fixtures_are_joined_without_loss_or_panic() {
    let Some(data) = data() else { return };
    let all = fixtures(&data);
    let good = |fixture: &Fixture| broken_rule(fixture).is_none();
    let (mut joined, mut apart) = (0, 0);
    for first in &all {
        for second in &all {
            if good(first) && good(second) {
                let what = format!("fixtures {} and {}", first.name, second.name);
                if join_and_check(&what, &first.tile, &second.tile) {
                    joined += 1;
                } else {
                    apart += 1;
                }
            } else if let Ok(tile) = concat(&[&first.tile, &second.tile]) {
                // What was broken may stay so, and is seen.
                let _ = read(&tile);
            }
        }
    }
    println!("{joined} pairs joined, {apart} of different extents");
    assert!(joined > 1_500, "{joined}");
}

#[test]
fn real_tiles_are_read_as_another_decoder_reads_them() {
    let Some(data) = data() else { return };
    let (mut features, mut differ) = (0, 0);
    let mut noted: HashMap<String, usize> = HashMap::new();
    for (name, bytes) in real_tiles(&data) {
        let ours = read(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        for fault in &ours.warnings {
            *noted.entry(fault.rule.to_string()).or_default() += 1;
        }
        let theirs = Reader::new(bytes.clone()).unwrap();
        let names: Vec<_> = ours.layers.iter().map(|layer| layer.name.to_owned()).collect();
        assert_eq!(theirs.get_layer_names().unwrap(), names, "{name}");
        for (i, layer) in ours.layers.iter().enumerate() {
            let others = theirs.get_features_as::<i32>(i).unwrap();
            assert_eq!(others.len(), layer.features.len(), "{name} {}", layer.name);
            for (k, (feature, other)) in layer.features.iter().zip(&others).enumerate() {
                let what = format!("{name} {} {k}", layer.name);
                features += 1;
                assert_eq!(feature.id, other.id, "{what}");
                let values: BTreeMap<String, String> = layer
                    .properties(feature)
                    .map(|(key, value)| (key.to_owned(), value_text(value)))
                    .collect();
                let other_values: BTreeMap<String, String> = other
                    .properties
                    .iter()
                    .flatten()
                    .map(|(key, value)| (key.clone(), their_text(value)))
                    .collect();
                assert_eq!(values, other_values, "{what}");
                let faulty =
                    ours.warnings.iter().any(|fault| (fault.layer, fault.feature) == (i, Some(k)));
                if places(&feature.geometry) != their_places(&other.geometry) {
                    assert!(faulty, "{what}: {:?} {:?}", feature.geometry, other.geometry);
                    differ += 1;
                }
            }
        }
    }
    println!("{features} features are alike in both decoders, but for {differ} that break a rule");
    println!("rules broken: {noted:#?}");
    assert!(features > 10_000, "{features}");
}

fn value_text(value: ReadValue<'_>) -> String {
    match value {
        ReadValue::Text(v) => format!("{v:?}"),
        ReadValue::Float(v) => format!("float {v:?}"),
        ReadValue::Double(v) => format!("double {v:?}"),
        ReadValue::Int(v) => format!("int {v}"),
        ReadValue::Uint(v) => format!("uint {v}"),
        ReadValue::Sint(v) => format!("sint {v}"),
        ReadValue::Bool(v) => format!("{v}"),
    }
}

fn their_text(value: &TheirValue) -> String {
    match value {
        TheirValue::String(v) => format!("{v:?}"),
        TheirValue::Float(v) => format!("float {v:?}"),
        TheirValue::Double(v) => format!("double {v:?}"),
        TheirValue::Int(v) => format!("int {v}"),
        TheirValue::UInt(v) => format!("uint {v}"),
        TheirValue::SInt(v) => format!("sint {v}"),
        TheirValue::Bool(v) => format!("{v}"),
        TheirValue::Null => "null".to_owned(),
    }
}

/// The vertices of each point, line or ring, and for polygons where each begins.
fn places(geometry: &ReadGeometry) -> Vec<Vec<[i64; 2]>> {
    match geometry {
        ReadGeometry::Unknown(_) => vec![],
        ReadGeometry::Points(points) => points.iter().map(|&point| vec![point]).collect(),
        ReadGeometry::Lines(lines) => lines.clone(),
        ReadGeometry::Polygons(polygons) => {
            polygons.iter().flat_map(|rings| [vec![]].into_iter().chain(rings.clone())).collect()
        }
    }
}

fn their_places(geometry: &Geometry<i32>) -> Vec<Vec<[i64; 2]>> {
    let line = |line: &geo_types::LineString<i32>| {
        line.0.iter().map(|c| [i64::from(c.x), i64::from(c.y)]).collect::<Vec<_>>()
    };
    let polygon = |polygon: &geo_types::Polygon<i32>| {
        let mut rings = vec![vec![], line(polygon.exterior())];
        rings.extend(polygon.interiors().iter().map(line));
        rings
    };
    match geometry {
        Geometry::Point(p) => vec![vec![[i64::from(p.x()), i64::from(p.y())]]],
        Geometry::MultiPoint(points) => {
            points.iter().map(|p| vec![[i64::from(p.x()), i64::from(p.y())]]).collect()
        }
        Geometry::LineString(one) => vec![line(one)],
        Geometry::MultiLineString(lines) => lines.iter().map(line).collect(),
        Geometry::Polygon(one) => polygon(one),
        Geometry::MultiPolygon(polygons) => polygons.iter().flat_map(polygon).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn real_tiles_are_joined_without_loss() {
    let Some(data) = data() else { return };
    let tiles = real_tiles(&data);
    let mut joined = 0;
    for (i, (name, first)) in tiles.iter().enumerate() {
        for step in [0, 1, 7, 40] {
            let (other, second) = &tiles[(i + step) % tiles.len()];
            joined += usize::from(join_and_check(&format!("{name} + {other}"), first, second));
        }
    }
    println!("{joined} pairs of real tiles joined");
    assert!(joined > 200, "{joined}");
}

/// Pseudo-random numbers that are the same everywhere (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

#[test]
fn damaged_tiles_are_read_and_joined_without_a_panic() {
    let Some(data) = data() else { return };
    let mut tiles: Vec<Vec<u8>> = real_tiles(&data).into_iter().map(|(_, tile)| tile).collect();
    tiles.extend(fixtures(&data).into_iter().map(|fixture| fixture.tile));
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let (mut good, mut bad) = (0, 0);
    for round in 0..20_000 {
        let mut tile = tiles[chance.below(tiles.len())].clone();
        if tile.is_empty() {
            continue;
        }
        if round % 2 == 0 {
            tile.truncate(1 + chance.below(tile.len()));
        }
        for _ in 0..round % 7 {
            let at = chance.below(tile.len());
            match chance.below(3) {
                0 => tile[at] ^= 1 << chance.below(8),
                1 => tile[at] = chance.below(256) as u8,
                _ => tile[at] = 0xff,
            }
        }
        match read(&tile) {
            Ok(_) => good += 1,
            Err(_) => bad += 1,
        }
        let _ = concat(&[&tile, &tiles[chance.below(tiles.len())]]);
        let _ = concat(&[&tile, &tile[..tile.len() / 2].to_vec()]);
    }
    println!("{good} damaged tiles still read, {bad} refused");
    assert!(bad > 1_000 && good > 100, "{good} {bad}");
}
