//! Archives that others made, whole, cut and damaged.

#![allow(clippy::unwrap_used, reason = "a test that can not set up has failed")]

use std::path::{Path, PathBuf};

use onemap_archive::{Archive, Format, MbTiles, PmTiles, TileType, to_pmtiles};

/// Returns the folder of real archives, or says loudly that the test is skipped.
fn folder(test: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("ONEMAP_TEST_DATA") else {
        eprintln!(
            "\n******** SKIPPED: {test}: ONEMAP_TEST_DATA is not set: no real files ********\n"
        );
        return None;
    };
    Some(PathBuf::from(folder).join("tiles"))
}

#[test]
fn vector_archives_of_others_survive_a_survey_tile_by_tile() {
    let Some(folder) = folder("vector_archives_of_others") else { return };
    let scratch = tempfile::tempdir().unwrap();
    for (name, tiles, zooms, layer) in [
        ("derna_buildings.pmtiles", 26, 4..=13, "zcta"),
        ("firenze_vector.pmtiles", 108, 0..=14, "buildings"),
        ("vector_mbtiles/bostonbuildings.mbtiles", 3, 13..=13, "building"),
        ("vector_mbtiles/datatypes.mbtiles", 1, 0..=0, "datatypes"),
        ("vector_mbtiles/jakartabuildings.mbtiles", 1, 13..=13, "building"),
        ("vector_mbtiles/point_polygon.mbtiles", 5, 0..=1, "point"),
    ] {
        let path = folder.join(name);
        let archive = match Archive::open(&path).unwrap() {
            Archive::PmTiles(archive) => archive,
            Archive::MbTiles(archive) => {
                let converted = scratch.path().join("converted.pmtiles");
                to_pmtiles(&archive, &converted, &mut |_, _| {}).unwrap();
                PmTiles::open(&converted).unwrap()
            }
        };
        let survey = archive.survey(&|_, _| {}).unwrap();
        assert_eq!(survey.tiles, tiles, "{name}");
        assert_eq!(survey.minzoom()..=survey.maxzoom(), zooms, "{name}");
        assert!(survey.layer_names().any(|found| found == layer), "{name}");
        let listed = survey.complete(&archive.about().metadata);
        let listed = listed["vector_layers"].as_array().unwrap().clone();
        assert!(listed.iter().any(|l| l["id"] == layer), "{name}");
    }
}

#[test]
fn pictures_are_told_by_their_kind() {
    let Some(folder) = folder("pictures_are_told") else { return };
    for (name, kind) in [
        ("raster_pmtiles/stamen_toner(raster)CC-BY+ODbL_z3.pmtiles", TileType::Png),
        ("raster_pmtiles/usgs-mt-whitney-8-15-webp-512.pmtiles", TileType::Webp),
        ("raster_pmtiles/webp2.pmtiles", TileType::Webp),
    ] {
        let archive = Archive::open(&folder.join(name)).unwrap();
        assert_eq!(
            (archive.format(), archive.about().tile_type),
            (Format::PmTiles, kind),
            "{name}"
        );
    }
}

/// Reads everything that can be read of an archive, and returns whether all of it was good.
fn read_all(path: &Path, scratch: &Path) -> bool {
    let archive = match Archive::open(path) {
        Ok(Archive::PmTiles(archive)) => archive,
        Ok(Archive::MbTiles(archive)) => {
            if to_pmtiles(&archive, scratch, &mut |_, _| {}).is_err() {
                return false;
            }
            PmTiles::open(scratch).unwrap()
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return false;
        }
    };
    archive.survey(&|_, _| {}).is_ok()
}

#[test]
fn files_that_are_cut_or_changed_anywhere_are_read_or_refused() {
    let Some(folder) = folder("files_that_are_cut_or_changed") else { return };
    let scratch = tempfile::tempdir().unwrap();
    let [damaged, converted] = ["damaged", "converted"].map(|name| scratch.path().join(name));
    for name in ["firenze_vector.pmtiles", "vector_mbtiles/point_polygon.mbtiles"] {
        let whole = std::fs::read(folder.join(name)).unwrap();
        let (mut good, mut refused) = (0, 0);
        let mut random = 7_u64;
        let mut next = move |below: usize| {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) as usize % below
        };
        for round in 0..150 {
            let mut bytes = whole.clone();
            if round % 5 == 0 {
                bytes.truncate(next(whole.len()));
                assert!(bytes.len() < whole.len());
            } else {
                // Most of the damage to the head, where the numbers are.
                let reach = if round % 2 == 0 { whole.len().min(1_200) } else { whole.len() };
                for _ in 0..=next(4) {
                    bytes[next(reach)] = next(256) as u8;
                }
            }
            std::fs::write(&damaged, &bytes).unwrap();
            if read_all(&damaged, &converted) { good += 1 } else { refused += 1 }
        }
        println!("{name}: {good} damaged files were good enough, {refused} were refused");
        assert!(refused > 40, "{name}: only {refused} refused");
    }
}

#[test]
fn a_geopackage_is_no_archive() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("x.gpkg");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .execute_batch("CREATE TABLE gpkg_contents (a); CREATE TABLE metadata (name, value)")
        .unwrap();
    drop(connection);
    assert_eq!(Archive::detect(&path).unwrap(), None);
    let error = MbTiles::open(&path).unwrap_err().to_string();
    assert!(error.contains("without a table 'tiles'"), "{error}");
}

#[test]
fn a_view_that_never_ends_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("x.mbtiles");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE metadata (name, value);
             CREATE VIEW tiles AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
             SELECT i AS zoom_level, 0 AS tile_column, 0 AS tile_row, x'00' AS tile_data FROM n WHERE i < 0;",
        )
        .unwrap();
    drop(connection);
    let began = std::time::Instant::now();
    assert!(!read_all(&path, &scratch.path().join("converted")));
    assert!(began.elapsed().as_secs() < 5);
}
