//! What the tests of whole layers have in common.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::io::Read;
use std::path::PathBuf;

use geo::Validation;
use geo_types::{Geometry as Decoded, LineString, Polygon};
use mvt_reader::Reader;
use onemap_model::{
    FeatureId, FeatureRef, Geometry, GeometryKind, Interval, Schema, State, TileCoord, ValueRef,
};
use onemap_tiles_vector::{TileEncoder, TileOptions};

/// Knuth's linear congruential generator (MMIX).
pub struct Random(pub u64);

impl Random {
    /// Returns a number from 0 to 1.
    pub fn next(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Places a point given in tile units on the earth.
pub fn at(tile: TileCoord, [x, y]: [f64; 2]) -> [f64; 2] {
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

pub fn feature<'a>(id: u64, shape: &'a Geometry, values: &'a [ValueRef<'a>]) -> FeatureRef<'a> {
    FeatureRef {
        id: FeatureId::new(id).unwrap(),
        geometry: Some(shape),
        values,
        valid: Interval::ALWAYS,
        state: State::Existing,
    }
}

/// Encodes shapes, numbered from 0, as one layer.
pub fn encode_all(tile: TileCoord, all: &[Geometry], maxzoom: u8) -> Vec<u8> {
    let schema = Schema::default();
    let mut encoder = TileEncoder::new(tile, &TileOptions::default());
    let mut layer = encoder.layer("layer", &schema, maxzoom);
    for (shape, id) in all.iter().zip(0..) {
        layer.add(&feature(id, shape, &[]));
    }
    layer.finish();
    encoder.finish()
}

/// The polygons of a tile's first layer.
pub struct Tile {
    pub features: Vec<(u64, Vec<Polygon<f64>>)>,
}

impl Tile {
    pub fn polygons(&self) -> impl Iterator<Item = &Polygon<f64>> {
        self.features.iter().flat_map(|(_, polygons)| polygons)
    }
}

pub fn decode(bytes: &[u8]) -> Tile {
    if bytes.is_empty() {
        return Tile { features: vec![] };
    }
    let all = Reader::new(bytes.to_vec()).unwrap().get_features_as::<f64>(0).unwrap();
    let features = all.into_iter().map(|f| {
        let polygons = match f.geometry {
            Decoded::Polygon(p) => vec![p],
            Decoded::MultiPolygon(all) => all.0,
            other => panic!("not polygons: {other:?}"),
        };
        (f.id.unwrap(), polygons)
    });
    Tile { features: features.collect() }
}

/// The surveyor's formula of MVT 4.3.3.3, positive for exterior rings.
pub fn surveyor(ring: &LineString<f64>) -> f64 {
    ring.lines().map(|l| l.start.x * l.end.y - l.end.x * l.start.y).sum::<f64>() / 2.0
}

pub fn check_valid(tile: &Tile) {
    for polygon in tile.polygons() {
        assert!(polygon.exterior().is_closed() && surveyor(polygon.exterior()) > 0.0);
        for hole in polygon.interiors() {
            assert!(hole.is_closed() && surveyor(hole) < 0.0, "{polygon:?}");
        }
        polygon.check_validation().unwrap_or_else(|e| panic!("{e}: {polygon:?}"));
    }
}

/// Reads the shapes of a GeoJSON file of the test data, which may be compressed.
pub fn test_data(file: &str) -> Option<Vec<Geometry>> {
    let Some(folder) = std::env::var_os("ONEMAP_TEST_DATA") else {
        println!("SKIPPED: set ONEMAP_TEST_DATA to the folder with {file}");
        return None;
    };
    let bytes = std::fs::read(PathBuf::from(folder).join(file)).unwrap();
    let mut text = Vec::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        flate2::read::MultiGzDecoder::new(&*bytes).read_to_end(&mut text).unwrap();
    } else {
        text = bytes;
    }
    let document: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let features = document["features"].as_array().unwrap().iter();
    Some(features.filter_map(|f| polygons(&f["geometry"])).collect())
}

fn polygons(json: &serde_json::Value) -> Option<Geometry> {
    let parts = match json["type"].as_str()? {
        "Polygon" => vec![json["coordinates"].clone()],
        "MultiPolygon" => json["coordinates"].as_array()?.clone(),
        _ => return None,
    };
    let mut out = Geometry::empty(GeometryKind::MultiPolygon);
    for part in &parts {
        for ring in part.as_array()? {
            for p in ring.as_array()? {
                out.push([p[0].as_f64()?, p[1].as_f64()?]);
            }
            out.end_line();
        }
        out.end_polygon();
    }
    Some(out)
}
