//! Layers as one file of tiles, judged by readers that we did not write, and such files as layers.

#![allow(clippy::unwrap_used, reason = "a test that can not set up has failed")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use onemap_tests::{Gdal, Onemap, Server, ogr_counts, root, test_data};
use serde_json::{Value, json};

/// A store with the buildings of the sample city.
fn city() -> Onemap {
    let onemap = Onemap::new();
    let source = root().join("data-samples/city/buildings.fgb");
    let _ = onemap.import(&source, &["--layer", "buildings"]).expect_code(0);
    onemap
}

/// Exports and returns the report.
fn export(onemap: &Onemap, layers: &str, output: &Path, more: &[&str]) -> Value {
    let output = output.to_str().unwrap();
    let args = [&["--json", "export", layers, "-o", output][..], more].concat();
    onemap.run(&args).expect_code(0).json()
}

type Tiles = BTreeMap<(u8, u32, u32), Vec<u8>>;

/// Reads a PMTiles with the reader of its makers: every tile, unpacked, and header and metadata.
fn unpacked(archive: &Path) -> (Tiles, Value) {
    let folder = tempfile::tempdir().unwrap();
    let python = std::env::var("ONEMAP_JUDGE_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = root().join("tests/judges/unpack_archive.py");
    let output = Command::new(python).arg(script).arg(archive).arg(folder.path()).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the judge complains: {complaint}");
    let mut tiles = Tiles::new();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let numbers: Vec<u32> = name.split('-').map(|n| n.parse().unwrap()).collect();
        let [z, x, y] = numbers[..] else { panic!("{name}") };
        tiles.insert((z as u8, x, y), std::fs::read(&path).unwrap());
    }
    (tiles, serde_json::from_slice(&output.stdout).unwrap())
}

fn sqlite(file: &Path, query: &str) -> String {
    let output = Command::new("sqlite3").arg(file).arg(query).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn an_archive_holds_the_tiles_of_the_server_and_no_other() {
    let onemap = city();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.pmtiles");
    let report = export(&onemap, "buildings", &path, &["--threads", "1"]);
    let (tiles, said) = unpacked(&path);
    assert_eq!(report["tiles"], tiles.len());
    assert_eq!(report["bytes"], path.metadata().unwrap().len());
    assert_eq!(said["metadata"]["vector_layers"][0]["id"], "buildings");
    let header = &said["header"];
    for (name, value) in [("tile_type", "MVT"), ("tile_compression", "GZIP")] {
        assert_eq!(header[name], value);
    }
    assert_eq!(header["clustered"], true);

    let server = Server::start(&onemap);
    for ((z, x, y), bytes) in &tiles {
        let answer = server.get(&format!("/tiles/buildings/{z}/{x}/{y}"));
        assert_eq!(answer.status, 200, "{z}/{x}/{y}");
        assert!(answer.body == *bytes, "{z}/{x}/{y} differs from the server's");
    }
    // Around the tiles there, also beyond their edge, is no tile that the archive leaves out.
    let maxzoom =
        report["zooms"].as_array().unwrap().last().unwrap()["zoom"].as_u64().unwrap() as u8;
    let mut empty = 0;
    for z in [maxzoom - 2, maxzoom] {
        let at = tiles.keys().filter(|(zoom, ..)| *zoom == z);
        let xs = at.clone().map(|(_, x, _)| *x);
        let ys = at.map(|(.., y)| *y);
        for x in xs.clone().min().unwrap() - 1..=xs.max().unwrap() + 1 {
            for y in ys.clone().min().unwrap() - 1..=ys.clone().max().unwrap() + 1 {
                if !tiles.contains_key(&(z, x, y)) {
                    let status = server.get(&format!("/tiles/buildings/{z}/{x}/{y}")).status;
                    assert_eq!(status, 204, "{z}/{x}/{y} is missing");
                    empty += 1;
                }
            }
        }
    }
    println!("{} tiles are the server's, {empty} others are empty", tiles.len());

    let threads = folder.path().join("threads.pmtiles");
    export(&onemap, "buildings", &threads, &["--threads", "7"]);
    assert!(std::fs::read(&threads).unwrap() == std::fs::read(&path).unwrap());
}

#[test]
fn an_mbtiles_is_sound_for_sqlite_and_gdal_and_comes_back_as_the_same_tiles() {
    let onemap = city();
    let folder = tempfile::tempdir().unwrap();
    let [mb, pm, again] =
        ["city.mbtiles", "city.pmtiles", "again.pmtiles"].map(|name| folder.path().join(name));
    let more = ["--maxzoom", "15", "--bbox", "118.25,33.93,118.3,33.97"];
    let report = export(&onemap, "buildings", &mb, &more);
    export(&onemap, "buildings", &pm, &more);
    assert_eq!(sqlite(&mb, "PRAGMA integrity_check").trim(), "ok");
    assert_eq!(sqlite(&mb, "SELECT count(*) FROM tiles").trim(), report["tiles"].to_string());
    assert!(Gdal::run("ogrinfo", &["-ro", mb.to_str().unwrap()]).unwrap().contains("MBTiles"));
    let counts = ogr_counts(&mb).unwrap();
    assert!(counts["buildings"] > 1_000, "{counts:?}");

    let _ = onemap.import(&mb, &["--layer", "back"]).expect_code(0);
    export(&onemap, "back", &again, &[]);
    let (expected, found) = (unpacked(&pm).0, unpacked(&again).0);
    assert!(!expected.is_empty() && expected == found);
}

#[test]
fn a_filter_and_a_choice_of_fields_reach_the_tiles() {
    let onemap = city();
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("tall.mbtiles");
    let more = ["--filter", "height > 30", "--properties", "height,name"];
    export(&onemap, "buildings", &output, &more);
    let count = |condition: &str| -> u64 {
        let args = ["-ro", "-al", "-so", "-where", condition, output.to_str().unwrap()];
        let text = Gdal::run("ogrinfo", &args).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("Feature Count: "));
        line.unwrap().trim().parse().unwrap()
    };
    assert!(count("height > 30") > 100);
    assert_eq!(count("height <= 30"), 0);
    let fields = sqlite(&output, "SELECT value FROM metadata WHERE name = 'json'");
    let fields: Value = serde_json::from_str(&fields).unwrap();
    let fields = &fields["vector_layers"][0]["fields"];
    assert_eq!(*fields, json!({ "name": "String", "height": "Number" }));
    for (more, why) in [
        (["--filter", "height >"], "height >"),
        (["--filter", "storeys > 3"], "storeys"),
        (["--properties", "storeys"], "no layer has the field 'storeys'"),
    ] {
        let output = folder.path().join("x.pmtiles");
        let args = [&["export", "buildings", "-o", output.to_str().unwrap()], &more[..]].concat();
        let outcome = onemap.run(&args);
        assert!(outcome.code != Some(0) && outcome.stderr.contains(why), "{}", outcome.stderr);
    }
}

#[test]
fn an_exported_archive_comes_back_as_a_layer_with_the_same_tiles() {
    let onemap = city();
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["first.pmtiles", "second.pmtiles"].map(|name| folder.path().join(name));
    export(&onemap, "buildings", &first, &[]);
    let tried = onemap.import(&first, &["--layer", "back", "--dry-run"]).expect_code(0).json();
    assert_eq!(tried["revision"], Value::Null);
    assert_eq!(onemap.run(&["show", "back"]).code, Some(1));
    let report = onemap.import(&first, &["--layer", "back"]).expect_code(0).json();
    assert_eq!(report["layers"][0]["format"], "PMTiles");
    assert_eq!(report["layers"][0]["vector_layers"], json!(["buildings"]));
    export(&onemap, "back", &second, &[]);
    assert!(unpacked(&first).0 == unpacked(&second).0);
    let refused = onemap.import(&first, &["--layer", "back", "--mode", "append"]);
    assert!(refused.expect_code(1).stderr.contains("can not be added to"));
}

#[test]
fn a_killed_export_goes_on_and_ends_in_the_same_bytes() {
    let onemap = city();
    let folder = tempfile::tempdir().unwrap();
    for extension in ["pmtiles", "mbtiles"] {
        let [whole, killed] =
            ["whole", "killed"].map(|name| folder.path().join(name).with_extension(extension));
        let more = ["--maxzoom", "17"];
        let took = {
            let began = std::time::Instant::now();
            export(&onemap, "buildings", &whole, &more);
            began.elapsed()
        };
        let mut kills = 0;
        while !killed.exists() {
            let mut child = onemap
                .command()
                .args(["--json", "export", "buildings", "-o", killed.to_str().unwrap()])
                .args(more)
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            // Later each time, so that it comes through in the end.
            std::thread::sleep(took / 4 + Duration::from_millis(53) * kills);
            let _ = child.kill();
            let _ = child.wait();
            kills += 1;
        }
        assert!(kills > 1, "no export was killed: the kills come too late");
        println!("{extension}: {kills} runs");
        assert!(std::fs::read(&whole).unwrap() == std::fs::read(&killed).unwrap());
        let mut left: Vec<PathBuf> =
            std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().path()).collect();
        left.retain(|path| path.to_string_lossy().contains(".part"));
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn an_interrupted_export_says_how_to_go_on_and_others_begin_anew() {
    let onemap = city();
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("city.pmtiles");
    let begin = |more: &[&str]| {
        let mut child = onemap
            .command()
            .args(["export", "buildings", "-o", output.to_str().unwrap(), "--threads", "1"])
            .args(more)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Until the first tiles are surely kept.
        let index = folder.path().join("city.pmtiles.part.index");
        for _ in 0..3_000 {
            if index.metadata().is_ok_and(|file| file.len() > 48) {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        let mut said = String::new();
        std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut said).unwrap();
        (child.wait().unwrap().code(), said)
    };
    let long = ["--maxzoom", "20"];
    let (code, said) = begin(&long);
    assert!(code == Some(1) && said.contains("the same command goes on"), "{code:?} {said}");
    assert!(folder.path().join("city.pmtiles.part").exists() && !output.exists());
    let report = export(&onemap, "buildings", &output, &long);
    assert!(report["resumed"].as_u64().unwrap() > 0, "{report}");

    std::fs::remove_file(&output).unwrap();
    let (code, _) = begin(&long);
    assert_eq!(code, Some(1));
    let report = export(&onemap, "buildings", &output, &["--maxzoom", "9"]);
    assert_eq!(report["resumed"], 0);
    assert!(report["notes"][0].as_str().unwrap().contains("made anew"), "{report}");
    let refused = onemap.run(&["export", "buildings", "-o", output.to_str().unwrap()]);
    assert!(refused.expect_code(1).stderr.contains("--overwrite"));
    let refused = onemap.run(&["export", "buildings", "-o", "city.gpkg"]);
    assert!(refused.expect_code(1).stderr.contains("use .pmtiles, .mbtiles or .3dtiles"));
}

#[test]
fn archives_of_others_become_layers_or_are_refused_in_words() {
    let Some(data) = test_data("archives_of_others_become_layers") else { return };
    let onemap = Onemap::new();
    let import = |name: &str, more: &[&str]| onemap.import(&data.join("tiles").join(name), more);
    for (name, tiles, zooms) in [
        ("derna_buildings.pmtiles", 26, 4..=13),
        ("firenze_vector.pmtiles", 108, 0..=14),
        ("vector_mbtiles/bostonbuildings.mbtiles", 3, 13..=13),
        ("vector_mbtiles/datatypes.mbtiles", 1, 0..=0),
        ("vector_mbtiles/jakartabuildings.mbtiles", 1, 13..=13),
        ("vector_mbtiles/point_polygon.mbtiles", 5, 0..=1),
    ] {
        let report = import(name, &[]).expect_code(0).json();
        let layer = &report["layers"][0];
        assert_eq!(layer["tiles"], tiles, "{name}");
        let shown =
            onemap.run(&["--json", "show", layer["layer"].as_str().unwrap()]).expect_code(0).json();
        assert_eq!(shown["minzoom"], *zooms.start(), "{name}: {shown}");
        assert_eq!(shown["maxzoom"], *zooms.end(), "{name}");
    }
    for (name, why) in [
        ("raster_pmtiles/stamen_toner(raster)CC-BY+ODbL_z3.pmtiles", "pictures (PNG)"),
        ("raster_pmtiles/usgs-mt-whitney-8-15-webp-512.pmtiles", "pictures (WebP)"),
        ("raster_pmtiles/webp2.pmtiles", "pictures (WebP)"),
    ] {
        let said = import(name, &[]).expect_code(1).stderr;
        assert!(said.contains(why), "{name}: {said}");
    }
    let said = import("derna_buildings.pmtiles", &["--layer", "x", "--crs", "EPSG:4527"]);
    assert!(said.expect_code(1).stderr.contains("--crs says nothing"));

    // A tile that is broken is named.
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.pmtiles");
    let mut bytes = std::fs::read(data.join("tiles/firenze_vector.pmtiles")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 64].fill(0xff);
    std::fs::write(&broken, bytes).unwrap();
    let said = onemap.import(&broken, &[]).expect_code(1).stderr;
    assert!(said.contains("tile 14/") && said.contains("is broken"), "{said}");
    let _ = onemap.run(&["check"]).expect_code(0);
}
