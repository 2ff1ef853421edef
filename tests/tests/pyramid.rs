//! The whole pyramid of tiles, as `tests/judges/every_tile.py` sees it: budget, decoders, validity, shared edges, nothing
//! lost, drawn area.

#![allow(clippy::unwrap_used, reason = "a test that can not set up has failed")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use onemap_tests::{Onemap, Server, root, test_data};
use serde_json::Value;

/// Judges all tiles of a layer down to a zoom; prints the judge's table and returns its summary.
/// `Err` is what the judge complains of.
fn judge(
    server: &Server,
    layer: &str,
    source: &Path,
    args: &[&str],
    last_zoom: u32,
) -> Result<Value, String> {
    let python = std::env::var("ONEMAP_JUDGE_PYTHON").unwrap_or_else(|_| "python3".into());
    let output = Command::new(python)
        .arg(root().join("tests/judges/every_tile.py"))
        .args([&server.url, layer, "--maxzoom", &last_zoom.to_string()])
        .arg("--source")
        .arg(source)
        .args(args)
        .env("CPL_LOG", "/dev/null")
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let table = String::from_utf8_lossy(&output.stderr);
    println!("{layer}\n{table}");
    if output.status.success() {
        Ok(serde_json::from_slice(&output.stdout).unwrap())
    } else {
        Err(format!("{layer} fails:\n{table}"))
    }
}

/// Asserts that the judge has seen the layer at its last zoom, where all features were counted.
fn assert_complete(summary: &Value) {
    let (layer, last) = (&summary["layer"], summary["last_zoom"].as_u64().unwrap());
    let zooms = summary["zooms"].as_array().unwrap();
    let row =
        zooms.iter().find(|row| row["z"] == last).unwrap_or_else(|| panic!("{layer}: no z{last}"));
    assert_eq!(row["ids"], summary["source_features"], "{layer} at z{last}");
    assert!(summary["sampled_from_zoom"].is_null(), "{layer}: not all tiles were judged");
}

fn city(name: &str) -> PathBuf {
    root().join("data-samples/city").join(name)
}

#[test]
fn every_tile_of_the_sample_city_is_small_valid_complete_and_meets_its_neighbours() {
    let onemap = Onemap::new();
    let server = Server::start_with(&onemap, &["demo", "--listen", "127.0.0.1:0"]);
    let standing = "state = '现状' and year_built <= 2026 and (year_demolished is null or year_demolished > 2026)";
    let buildings = ["--query", "datetime=2026-07-01", "--where", standing, "--id-field", "id"];
    let layers: [(&str, &str, &[&str], u32); 13] = [
        ("water", "water.geojson", &["--id-field", "id"], 16),
        ("green", "green.geojson", &["--id-field", "id"], 15),
        ("subdistricts", "districts.gpkg", &["--table", "subdistricts", "--id-field", "code"], 14),
        ("communities", "districts.gpkg", &["--table", "communities", "--id-field", "code"], 14),
        ("landuse_plan", "landuse_plan.shp", &["--encoding", "GBK", "--id-field", "地块编号"], 15),
        (
            "landuse_current",
            "landuse_current.shp",
            &["--encoding", "GBK", "--id-field", "地块编号"],
            15,
        ),
        (
            "roads",
            "roads.gpkg",
            &["--table", "roads", "--where", "state = '现状'", "--id-field", "road_id"],
            14,
        ),
        ("buildings", "buildings.fgb", &buildings, 16),
        ("components", "components.csv", &["--encoding", "GBK", "--id-field", "部件编码"], 14),
        ("cameras", "cameras.csv", &["--id-field", "编号"], 14),
        ("pois", "pois.csv", &["--id-field", "编号"], 14),
        ("schools", "schools.xlsx", &["--id-field", "学校编号"], 14),
        ("hospitals", "hospitals.xlsx", &["--id-field", "机构编号"], 14),
    ];
    let mut complaints = Vec::new();
    for (layer, file, args, last_zoom) in layers {
        match judge(&server, layer, &city(file), args, last_zoom) {
            Ok(summary) => assert_complete(&summary),
            Err(complaint) => complaints.push(complaint),
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn every_tile_of_a_province_is_small_valid_complete_and_meets_its_neighbours() {
    let Some(data) =
        test_data("every_tile_of_a_province_is_small_valid_complete_and_meets_its_neighbours")
    else {
        return;
    };
    let onemap = Onemap::new();
    let source = data.join("vector/liaoning_districts_gbk");
    let _ = onemap.import(&source, &["--layer", "liaoning"]).expect_code(0);
    let server = Server::start(&onemap);
    let summary = judge(&server, "liaoning", &source, &["--id-field", "adcode"], 10);
    assert_complete(&summary.unwrap_or_else(|complaint| panic!("{complaint}")));
}
