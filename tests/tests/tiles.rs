//! Tiles, judged by decoders and a spatial filter that we did not write.

#![allow(clippy::unwrap_used, reason = "a test that can not set up has failed")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use onemap_tests::{Gdal, Onemap, Server, decode, features, root, tile_at};
use serde_json::Value;

/// Tiles compared for each layer, where it has so many; three layers make 200 and more.
const TILES: usize = 100;
/// Width of the band along a tile's edge in which rounding decides, as a fraction of the tile: one unit of 4096.
const EDGE: f64 = 1.0 / 4096.0;

/// Layers of the sample city with their id fields: points, lines and polygons.
const LAYERS: [(&str, &str, Option<&str>, &str); 3] = [
    ("buildings", "buildings.fgb", None, "id"),
    ("roads", "roads.gpkg", Some("roads"), "road_id"),
    ("water", "water.geojson", None, "id"),
];

fn sample(name: &str) -> PathBuf {
    root().join("data-samples/city").join(name)
}

/// Pseudo-random numbers in [0, 1): the same tiles in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Box of a tile in degrees, grown (or, negative, shrunk) by a fraction of its width.
fn bounds(z: u32, x: u32, y: u32, by: f64) -> [f64; 4] {
    let n = f64::from(1 << z);
    let lon = |u: f64| (u / n - 0.5) * 360.0;
    let lat = |v: f64| ((0.5 - v / n) * std::f64::consts::TAU).sinh().atan().to_degrees();
    let (x, y) = (f64::from(x), f64::from(y));
    [lon(x - by), lat(y + 1.0 + by), lon(x + 1.0 + by), lat(y - by)]
}

/// The ids of the features that GDAL finds to meet a box: an exact test with the shapes themselves.
fn gdal_ids(
    file: &Path,
    table: Option<&str>,
    field: &str,
    [w, s, e, n]: [f64; 4],
) -> BTreeSet<String> {
    let numbers = [w, s, e, n].map(|v| format!("{v:.12}"));
    let mut args = vec!["-f", "CSV", "/vsistdout/", file.to_str().unwrap()];
    args.extend(table);
    args.extend(["-select", field, "-spat"]);
    args.extend(numbers.iter().map(String::as_str));
    args.extend(["-spat_srs", "EPSG:4326", "-lco", "GEOMETRY=NONE"]);
    let text = Gdal::run("ogr2ogr", &args).expect("GDAL reads the sample city");
    text.lines()
        .skip(1)
        .map(|line| line.trim_matches('"').to_owned())
        .filter(|l| !l.is_empty())
        .collect()
}

#[test]
fn tiles_decode_cleanly_and_hold_the_features_that_gdal_finds_there() {
    let onemap = Onemap::new();
    for (layer, file, table, field) in LAYERS {
        let only = table.map(|table| vec!["--only", table]).unwrap_or_default();
        let args = [&["--layer", layer, "--id-field", field][..], &only].concat();
        let _ = onemap.import(&sample(file), &args).expect_code(0);
    }
    let server = Server::start(&onemap);
    let folder = tempfile::tempdir().unwrap();
    let mut random = Random(7);
    let (mut exact, mut compared, mut found) = (0, 0, 0);
    for (layer, file, table, field) in LAYERS {
        let about = server.get(&format!("/api/layers/{layer}")).json();
        let z = about["maxzoom"].as_u64().unwrap() as u32;
        let edge = |i: usize| about["bounds"][i].as_f64().unwrap();
        let mut tiles = BTreeSet::new();
        for _ in 0..100_000 {
            let lon = edge(0) + (edge(2) - edge(0)) * random.next();
            let lat = edge(1) + (edge(3) - edge(1)) * random.next();
            tiles.insert(tile_at(lon, lat, z));
            if tiles.len() == TILES {
                break;
            }
        }
        let mut files = Vec::new();
        let mut addresses = Vec::new();
        for (x, y) in tiles {
            let answer = server.get(&format!("/tiles/{layer}/{z}/{x}/{y}?buffer=0"));
            assert!(matches!(answer.status, 200 | 204), "{layer}/{z}/{x}/{y}: {}", answer.status);
            let path = folder.path().join(format!("{layer}-{z}-{x}-{y}.mvt"));
            std::fs::write(&path, &answer.body).unwrap();
            files.push(path);
            addresses.push((x, y));
        }
        let decoded = decode("decode_tile.mjs", &files);
        let again = decode("decode_tile.py", &files);
        assert_eq!(decoded.len(), addresses.len());
        for ((tile, other), (x, y)) in decoded.iter().zip(&again).zip(addresses) {
            let ids = |tile: &Value| -> BTreeSet<String> {
                let of = |feature: &Value| {
                    feature["properties"][field].to_string().trim_matches('"').to_owned()
                };
                features(tile).iter().map(of).collect()
            };
            let (ours, theirs) = (ids(tile), ids(other));
            assert_eq!(ours, theirs, "the two decoders differ in {layer}/{z}/{x}/{y}");
            let at_least = gdal_ids(&sample(file), table, field, bounds(z, x, y, -EDGE));
            let at_most = gdal_ids(&sample(file), table, field, bounds(z, x, y, EDGE));
            let missing: Vec<_> = at_least.difference(&ours).collect();
            let extra: Vec<_> = ours.difference(&at_most).collect();
            assert!(
                missing.is_empty() && extra.is_empty(),
                "{layer}/{z}/{x}/{y}: {missing:?} missing, {extra:?} extra"
            );
            compared += 1;
            found += ours.len();
            exact +=
                usize::from(gdal_ids(&sample(file), table, field, bounds(z, x, y, 0.0)) == ours);
        }
    }
    println!(
        "{compared} tiles with {found} features; in {exact} of them the ids are exactly GDAL's"
    );
    assert!(compared >= 200, "only {compared} tiles, {found} features");
}

#[test]
fn every_low_zoom_tile_of_the_sample_is_full_small_and_clean() {
    let onemap = Onemap::new();
    for (layer, file, table, field) in LAYERS {
        let only = table.map(|table| vec!["--only", table]).unwrap_or_default();
        let args = [&["--layer", layer, "--id-field", field][..], &only].concat();
        let _ = onemap.import(&sample(file), &args).expect_code(0);
    }
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for (layer, ..) in LAYERS {
        for z in 0..=14 {
            let (x, y) = tile_at(118.28, 33.96, z);
            let path = folder.path().join(format!("{layer}-{z}.mvt"));
            let address = format!("{layer}/{z}/{x}/{y}");
            let _ = onemap.run(&["tile", &address, "-o", path.to_str().unwrap()]).expect_code(0);
            let size = std::fs::metadata(&path).unwrap().len();
            assert!((1..500_000).contains(&size), "{address}: {size} bytes");
            files.push(path);
        }
    }
    for judge in ["decode_tile.mjs", "decode_tile.py"] {
        assert_eq!(decode(judge, &files).len(), files.len());
    }
}
