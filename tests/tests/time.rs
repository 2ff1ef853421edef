//! The city at any date, and the store as it was known at any revision.

#![allow(clippy::unwrap_used, reason = "a test that can not set up has failed")]

use std::collections::BTreeSet;
use std::path::PathBuf;

use onemap_tests::{Gdal, Onemap, Server, decode, features, root, tile_at};
use serde_json::{Value, json};

/// Dates at which tiles are compared with the source.
const DATES: u64 = 50;
/// Zoom at which every building of the test's layer shows.
const ZOOM: u32 = 13;
const STATES: &str = "state=planned,building,existing,retired";

fn buildings() -> PathBuf {
    root().join("data-samples/city/buildings.fgb")
}

fn import(onemap: &Onemap) {
    let args = ["--layer", "buildings", "--id-field", "id", "--state", "state"];
    let times = ["--valid-from", "year_built", "--valid-to", "year_demolished"];
    let _ = onemap.import(&buildings(), &[&args[..], &times].concat()).expect_code(0);
    let zoom = format!("maxzoom={ZOOM}");
    let _ = onemap.run(&["set", "buildings", &zoom]).expect_code(0);
}

/// A building of the source table: its id, and from when to when it stands (years).
struct Row {
    id: String,
    from: i32,
    to: i32,
}

/// Reads the source with GDAL, not with our reader.
fn rows() -> Vec<Row> {
    let file = buildings().display().to_string();
    let select = "id,year_built,year_demolished";
    let args = ["-f", "CSV", "/vsistdout/", &file, "-select", select, "-lco", "GEOMETRY=NONE"];
    let text = Gdal::run("ogr2ogr", &args).expect("GDAL reads the sample city");
    let row = |line: &str| {
        let mut cells = line.split(',').map(|cell| cell.trim_matches('"'));
        let id = cells.next()?.to_owned();
        let mut year = |open: i32| Some(cells.next()?.parse().unwrap_or(open));
        Some(Row { id, from: year(i32::MIN)?, to: year(i32::MAX)? })
    };
    text.lines().skip(1).filter_map(row).collect()
}

/// The tiles of the layer at [`ZOOM`].
fn tiles(server: &Server) -> Vec<(u32, u32)> {
    let about = server.get("/api/layers/buildings").json();
    let edge = |i: usize| about["bounds"][i].as_f64().unwrap();
    let (west, north) = tile_at(edge(0), edge(3), ZOOM);
    let (east, south) = tile_at(edge(2), edge(1), ZOOM);
    (west..=east).flat_map(|x| (north..=south).map(move |y| (x, y))).collect()
}

#[test]
fn at_fifty_dates_the_tiles_hold_just_the_buildings_that_stand() {
    let onemap = Onemap::new();
    import(&onemap);
    let rows = rows();
    assert!(rows.len() > 1000 && rows.iter().any(|row| row.to < 2030), "the sample has a history");
    let server = Server::start(&onemap);
    let tiles = tiles(&server);
    let folder = tempfile::tempdir().unwrap();
    let (mut files, mut dates) = (Vec::new(), Vec::new());
    let mut seed = 20_261_121_u64;
    for n in 0..DATES {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // From before the first building to after the last plan.
        let (year, month, day) =
            (1975 + (seed >> 33) % 58, 1 + (seed >> 20) % 12, 1 + (seed >> 40) % 28);
        let date = format!("{year}-{month:02}-{day:02}");
        for (x, y) in &tiles {
            let address = format!("/tiles/buildings/{ZOOM}/{x}/{y}?datetime={date}&{STATES}");
            let answer = server.get(&address);
            assert!(matches!(answer.status, 200 | 204), "{address}: {}", answer.status);
            let path = folder.path().join(format!("{n}-{x}-{y}.mvt"));
            std::fs::write(&path, &answer.body).unwrap();
            files.push(path);
        }
        dates.push((date, year as i32));
    }
    let decoded = decode("decode_tile.mjs", &files);
    let mut sizes = BTreeSet::new();
    for ((date, year), tiles) in dates.iter().zip(decoded.chunks(tiles.len())) {
        let shown: BTreeSet<String> = tiles
            .iter()
            .flat_map(features)
            .map(|feature| feature["properties"]["id"].as_str().unwrap().to_owned())
            .collect();
        let stands = |row: &&Row| row.from <= *year && *year < row.to;
        let expected: BTreeSet<String> =
            rows.iter().filter(stands).map(|row| row.id.clone()).collect();
        assert_eq!(shown.len(), expected.len(), "{date}");
        assert_eq!(shown, expected, "{date}");
        sizes.insert(shown.len());
    }
    println!("{DATES} dates, {} different numbers of buildings: {sizes:?}", sizes.len());
    assert!(sizes.len() > 10, "the dates show different cities: {sizes:?}");
}

#[test]
fn an_old_revision_answers_with_the_same_bytes_after_edits_and_compaction() {
    let onemap = Onemap::new();
    import(&onemap);
    let read = |server: &Server, revision: u64| -> Vec<Vec<u8>> {
        let all = (10..=14).flat_map(|z| {
            let (x, y) = tile_at(118.28, 33.96, z);
            (x - 1..=x + 1).map(move |x| format!("/tiles/buildings/{z}/{x}/{y}?{STATES}"))
        });
        let get = |path: String| {
            let answer = server.get(&format!("{path}&revision={revision}"));
            assert!(matches!(answer.status, 200 | 204), "{path}: {}", answer.status);
            answer.body
        };
        all.map(get).collect()
    };
    let revision = |server: &Server| server.get("/api/layers").json()["revision"].as_u64().unwrap();
    let server = Server::start(&onemap);
    let first = revision(&server);
    let mut known = vec![(first, read(&server, first))];
    let here = server.get("/identify?lon=118.28&lat=33.96&radius=2000&layers=buildings").json();
    let found = here["features"].as_array().unwrap();
    assert!(found.len() > 10);
    for (i, feature) in found.iter().take(10).enumerate() {
        let address = format!("/features/buildings/{}", feature["id"]);
        let answer = if i % 3 == 0 {
            server.send("DELETE", &address, &[], &Value::Null)
        } else {
            let change = json!({ "properties": { "name": format!("changed {i}") } });
            let headers = [("content-type", "application/merge-patch+json")];
            server.send("PATCH", &address, &headers, &change)
        };
        assert!(matches!(answer.status, 200 | 204), "{}", String::from_utf8_lossy(&answer.body));
        let now = revision(&server);
        known.push((now, read(&server, now)));
    }
    assert!(known.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 != pair[1].1));
    let check = |server: &Server| {
        for (revision, tiles) in &known {
            assert!(read(server, *revision) == *tiles, "revision {revision}");
        }
    };
    check(&server);
    drop(server);
    let _ = onemap.run(&["compact"]).expect_code(0);
    let server = Server::start(&onemap);
    check(&server);
    let later = server.get("/tiles/buildings/10/0/0?revision=999999");
    assert_eq!(later.status, 404, "{}", String::from_utf8_lossy(&later.body));
}
