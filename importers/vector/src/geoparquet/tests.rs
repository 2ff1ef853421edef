//! Real files, compared with the text beside them, and files made broken in known ways.

use std::path::Path;

use onemap_model::{GeometryKind, Value};

use crate::Format;
use crate::judge;
use crate::testing::{CollectSink, data};

fn read(path: &Path) -> CollectSink {
    judge::read(Format::GeoParquet, path).unwrap()
}

#[test]
fn every_example_of_the_specification_is_what_the_csv_beside_it_says() {
    for path in judge::files(&["vector/geoparquet_spec/test_data"], &["parquet"]) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let kind = name.split('-').nth(1).unwrap();
        let sink = read(&path);
        let layer = &sink.layers[0];
        judge::print_row(&path, &sink, &[]);
        let text = path.with_file_name(format!("data-{kind}-wkt.csv"));
        let mut reader = csv::Reader::from_path(text).unwrap();
        let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!(layer.records.len(), rows.len(), "{name}");
        for (record, row) in layer.records.iter().zip(&rows) {
            let expected =
                (!row[1].is_empty()).then(|| crate::wkb_sink::from_wkt(&row[1]).unwrap());
            let expected = expected.map(|read| read.geometry).filter(|g| !g.is_empty());
            assert_eq!(record.geometry, expected, "{name}");
            assert_eq!(record.values[0], Value::Int(row[0].parse().unwrap()));
        }
        assert_eq!(layer.layer.default_crs, Some("OGC:CRS84"));
    }
}

#[test]
fn the_same_footprints_come_from_parquet_and_from_geopackage() {
    let (Some(parquet), Some(gpkg)) = (
        data("vector/mago_footprint/footprint.parquet"),
        data("vector/mago_footprint/footprint.gpkg"),
    ) else {
        return;
    };
    let (parquet, gpkg) = (read(&parquet), judge::read(Format::GeoPackage, &gpkg).unwrap());
    let (a, b) = (&parquet.layers[0], &gpkg.layers[0]);
    assert_eq!((a.records.len(), b.records.len()), (177, 177));
    for (i, (a, b)) in a.records.iter().zip(&b.records).enumerate() {
        // The rings of the one run the other way round.
        let (a, b) = (a.geometry.as_ref().unwrap(), b.geometry.as_ref().unwrap());
        assert_eq!((a.kind, b.kind), (GeometryKind::MultiPolygon, GeometryKind::MultiPolygon));
        assert_eq!((a.bounds(), &a.ends, &a.parts), (b.bounds(), &b.ends, &b.parts), "{i}");
        assert_eq!(a.height_range(), b.height_range(), "{i}");
    }
}

#[test]
fn two_hundred_thousand_buildings_are_read_fast() {
    let Some(path) = data("big/tokyo_central_buildings_210k.parquet") else {
        return;
    };
    let started = std::time::Instant::now();
    let mut sink = CollectSink { count_only: true, ..CollectSink::default() };
    crate::read(&judge::source(Format::GeoParquet, &path), &crate::Options::default(), &mut sink)
        .unwrap();
    eprintln!("210,000 buildings in {:?}", started.elapsed());
    assert_eq!((sink.kept, sink.rejected), (210_000, 0));
    assert!(sink.layers[0].layer.crs.is_some());
    assert!(sink.layers[0].fields().contains_key("建物ID"));
}

#[test]
fn every_truncation_of_a_real_parquet_file_is_refused_in_time() {
    for path in judge::files(&["vector", "big"], &["parquet"]) {
        judge::survives_truncation(Format::GeoParquet, &path, "parquet");
    }
}

#[test]
fn bytes_changed_at_random_places_do_no_harm() {
    let Some(path) = data("vector/geoparquet_spec/examples/example.parquet") else {
        return;
    };
    let whole = std::fs::read(path).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("example.parquet");
    let mut state = 7u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % below
    };
    for round in 0..600 {
        let mut bytes = whole.clone();
        for _ in 0..=random(6) {
            // Half of the changes in the metadata, at the end of the file.
            let near_end = bytes.len() - random(6_000.min(bytes.len())) - 1;
            let at = if round % 2 == 0 { near_end } else { random(bytes.len()) };
            bytes[at] = random(256) as u8;
        }
        std::fs::write(&copy, bytes).unwrap();
        let _ = judge::read(Format::GeoParquet, &copy);
    }
}
