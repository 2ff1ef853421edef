//! Real files, judged by GDAL, and databases made for the purpose.

use std::path::{Path, PathBuf};

use onemap_model::{FieldType, SourceId, Value};
use rusqlite::Connection;

use crate::Format;
use crate::judge;
use crate::testing::data;

#[test]
fn every_real_geopackage_is_read_as_gdal_reads_it() {
    if !judge::has_gdal() {
        return;
    }
    let mut wrong = Vec::new();
    for path in judge::files(&["vector", "mess"], &["gpkg"]) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let sink = match judge::read(Format::GeoPackage, &path) {
            Ok(sink) => sink,
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        let gdal = judge::gdal_counts(&path);
        wrong.extend(sink.layers.iter().flat_map(|l| &l.rejects).map(|r| format!("{name}: {r:?}")));
        judge::print_row(&path, &sink, &gdal);
        let counts: Vec<_> = sink
            .layers
            .iter()
            .map(|l| (l.layer.name.clone(), (l.records.len() + l.rejects.len()) as u64))
            .collect();
        if counts != gdal {
            wrong.push(format!("{name}: {counts:?}, GDAL {gdal:?}"));
        }
        for layer in &sink.layers {
            let differences = judge::differences(&path, layer);
            wrong.extend(differences.into_iter().map(|d| format!("{name}: {d}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_truncation_of_a_real_geopackage_ends_in_time() {
    for path in judge::files(&["vector", "mess"], &["gpkg"]) {
        judge::survives_truncation(Format::GeoPackage, &path, "gpkg");
    }
}

#[test]
fn arcs_are_made_straight_and_that_is_said() {
    let Some(path) = data("vector/qgis_world_map_subset/curved_polys.gpkg") else {
        return;
    };
    let sink = judge::read(Format::GeoPackage, &path).unwrap();
    let records = &sink.layers[0].records;
    assert!(records.iter().any(|r| r.repairs.contains(&crate::wkb_sink::LINEARISED)));
    assert_eq!(sink.layers[0].layer.crs.as_deref(), Some("EPSG:4326"));
}

/// Makes a database from statements.
fn database(statements: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made ? #1%.gpkg");
    Connection::open(&path).unwrap().execute_batch(statements).unwrap();
    (folder, path)
}

const CATALOGUE: &str = "
    CREATE TABLE gpkg_contents (table_name TEXT, data_type TEXT, identifier TEXT, srs_id INTEGER);
    CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT, geometry_type_name TEXT, srs_id INTEGER);
    CREATE TABLE gpkg_spatial_ref_sys (srs_id INTEGER, organization TEXT, organization_coordsys_id INTEGER, definition TEXT);
    INSERT INTO gpkg_spatial_ref_sys VALUES (4490, 'epsg', 4490, ''), (100, 'NONE', 100, 'LOCAL_CS[\"city\"]');
    INSERT INTO gpkg_contents VALUES ('建筑', 'features', '建筑物', 4490), ('note', 'attributes', 'note', NULL);
    INSERT INTO gpkg_geometry_columns VALUES ('建筑', 'geom', 'POINT', 4490);
    CREATE TABLE note (k TEXT, v);
    INSERT INTO note VALUES ('a', 1), ('b', 'x');
    CREATE TABLE 建筑 (fid INTEGER PRIMARY KEY, geom POINT, floors INTEGER, built DATE, seen DATETIME, used BOOLEAN, \"a\"\"b\" REAL);
";

/// A point at 118 34 with a header without envelope.
const POINT: &str = "x'47500001 8A110000 0101000000 0000000000805D40 0000000000004140'";

#[test]
fn tables_of_features_and_of_attributes_are_read_with_their_types() {
    let point = POINT.replace(' ', "");
    let (_folder, path) = database(&format!(
        "{CATALOGUE} INSERT INTO 建筑 VALUES
         (7, {point}, 3, '2020-02-29', '2020-02-29T12:00:00.000Z', 1, 0.5),
         (8, NULL, 'many', '', NULL, 0, 2),
         (9, x'4750002101000000', 1, NULL, NULL, NULL, NULL),
         (10, x'4750000100000000FF', 1, NULL, NULL, NULL, NULL)"
    ));
    let sink = judge::read(Format::GeoPackage, &path).unwrap();
    assert_eq!(sink.names(), ["建筑", "note"]);
    let layer = sink.layer_named("建筑");
    assert_eq!(layer.layer.title.as_deref(), Some("建筑物"));
    assert_eq!(layer.layer.crs.as_deref(), Some("EPSG:4490"));
    assert_eq!(layer.records[0].id, Some(SourceId::Int(7)));
    assert_eq!(layer.records[0].geometry.as_ref().unwrap().xy, [[118.0, 34.0]]);
    assert_eq!(layer.records[1].geometry, None);
    assert_eq!(layer.value(0, "floors"), Value::Int(3));
    assert_eq!(layer.value(1, "floors"), Value::Text("many".into()));
    assert_eq!(layer.layer.fields[0].kind, FieldType::Text);
    assert_eq!(layer.value(0, "used"), Value::Bool(true));
    assert_eq!(layer.value(0, "a\"b"), Value::Float(0.5));
    assert_eq!(layer.value(0, "built").as_ref().to_string(), "2020-02-29");
    assert_eq!(layer.value(0, "seen").as_ref().to_string(), "2020-02-29T12:00:00Z");
    // An extended geometry and one cut off.
    assert_eq!(layer.rejects.len(), 2);
    assert_eq!(layer.rejects[0].id.as_deref(), Some("9"));
    let note = sink.layer_named("note");
    assert_eq!((note.records.len(), note.value(1, "v")), (2, Value::Text("x".into())));
}

#[test]
fn what_stands_only_in_the_write_ahead_log_is_read_and_nothing_is_written() {
    let (folder, path) = database(CATALOGUE);
    let writer = Connection::open(&path).unwrap();
    writer
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; INSERT INTO note VALUES ('c', 3);")
        .unwrap();
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        if !entry.file_name().to_string_lossy().ends_with("-shm") {
            std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
    }
    let listing = |folder: &Path| std::fs::read_dir(folder).unwrap().count();
    let before = listing(copy.path());
    let path = copy.path().join(path.file_name().unwrap());
    let sink = judge::read(Format::GeoPackage, &path).unwrap();
    assert_eq!(sink.layer_named("note").records.len(), 3);
    assert_eq!(listing(copy.path()), before);
}

#[test]
fn other_databases_are_refused_by_name() {
    for (statements, expected) in [
        ("CREATE TABLE t (a)", "without the tables of a GeoPackage"),
        ("CREATE TABLE tiles (a); CREATE TABLE metadata (a)", "MBTiles"),
        ("CREATE TABLE geometry_columns (a); CREATE TABLE spatial_ref_sys (a)", "SpatiaLite"),
    ] {
        let (_folder, path) = database(statements);
        let error = judge::read(Format::GeoPackage, &path).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.gpkg");
    std::fs::write(&path, "no database").unwrap();
    assert!(judge::read(Format::GeoPackage, &path).unwrap_err().to_string().contains("SQLite"));
}

#[test]
fn a_view_that_never_ends_is_ended() {
    let (_folder, path) = database(&format!(
        "{CATALOGUE} CREATE VIEW endless AS
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0;
         INSERT INTO gpkg_contents VALUES ('endless', 'attributes', 'endless', NULL)"
    ));
    let started = std::time::Instant::now();
    let error = judge::read(Format::GeoPackage, &path).unwrap_err().to_string();
    assert!(error.contains("too long") && error.contains("endless"), "{error}");
    assert!(started.elapsed().as_secs() < 30);
}
