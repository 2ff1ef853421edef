//! Judges the readers of GeoJSON, TopoJSON and CSV by GDAL, over all files of the test data.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::testing::CollectSink;
use crate::{Format, Options, Source, judge};

/// Files in which GDAL sees other records, and why.
const KNOWN: &[(&str, &str)] = &[
    (
        "topojson1.topojson",
        "36 of its 55 objects are broken and rejected; GDAL drops or empties them",
    ),
    ("topojson3.topojson", "GDAL puts the single object into a layer of another name"),
    ("topojson2.topojson", "GDAL puts the single object into a layer of another name"),
    ("ogr_geojson_14.geojson", "its geometries are broken in one way each; GDAL empties them"),
    ("geom_data.csv", "2 rows hold broken WKT on purpose"),
    ("wkt_data.csv", "it has no header; GDAL takes the first row for one"),
];

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    for folder in ["vector", "big", "mess"] {
        let Some(folder) = crate::testing::data(folder) else { continue };
        found.extend(crate::open(folder.to_str().unwrap()).unwrap());
    }
    let mine = [Format::GeoJson, Format::GeoJsonSeq, Format::TopoJson, Format::Csv];
    found.retain(|source| mine.contains(&source.format));
    found
}

/// Options for files whose coordinates are of a made-up plane.
fn options() -> Options {
    Options { crs: Some("EPSG:4326".into()), ..Options::default() }
}

/// Unpacks a gzipped file, so that GDAL writes nothing beside the original.
fn plain(source: &Source, folder: &Path) -> PathBuf {
    if !source.gzipped {
        return source.path.clone();
    }
    let name = source.path.file_stem().unwrap();
    let to = folder.join(name);
    let mut packed = onemap_bounded::Gunzip::new(std::fs::File::open(&source.path).unwrap());
    std::io::copy(&mut packed, &mut std::fs::File::create(&to).unwrap()).unwrap();
    to
}

#[test]
fn the_records_are_those_that_gdal_finds() {
    if !judge::has_gdal() {
        return;
    }
    let mut wrong = Vec::new();
    for source in sources() {
        let folder = tempfile::tempdir().unwrap();
        let path = plain(&source, folder.path());
        let mut sink = CollectSink::default();
        let started = Instant::now();
        let result = crate::read(&source, &options(), &mut sink);
        let seconds = started.elapsed().as_secs_f64();
        let counts = judge::gdal_counts(&path);
        let theirs: u64 = counts.iter().map(|(_, count)| count).sum();
        let name = source.path.file_name().unwrap().to_string_lossy().into_owned();
        eprintln!(
            "| {name} | {} | {} | {} | {theirs} | {seconds:.2} s | {}",
            source.format.name(),
            sink.kept,
            sink.rejected,
            result.as_ref().err().map(ToString::to_string).unwrap_or_default()
        );
        if KNOWN.iter().any(|(known, _)| *known == name) {
            continue;
        }
        if sink.kept != theirs || sink.rejected > 0 {
            wrong.push(format!(
                "{name}: {} kept, {} rejected, GDAL {theirs}",
                sink.kept, sink.rejected
            ));
        }
        if sink.kept < 20_000 && sink.layers.len() == 1 && counts.len() == 1 {
            let mut layer = sink.layers.remove(0);
            layer.layer.name.clone_from(&counts[0].0);
            // GDAL makes dates of some texts and an attribute of the id, so only shapes are compared.
            let differences = judge::differences(&path, &layer);
            let is_shape = |text: &&String| {
                let place = text.split(": ").next().unwrap_or_default();
                place.starts_with("record ") && !place.contains(',')
            };
            for difference in differences.iter().filter(is_shape).take(3) {
                wrong.push(format!("{name}: {difference}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_that_are_cut_off_end_in_an_error_or_in_fewer_records() {
    for source in sources() {
        let whole = std::fs::read(&source.path).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(source.path.file_name().unwrap());
        let mut all = CollectSink { count_only: true, ..CollectSink::default() };
        let _ = crate::read(&source, &options(), &mut all);
        for percent in [1, 10, 50, 99] {
            std::fs::write(&path, &whole[..whole.len() * percent / 100]).unwrap();
            let started = Instant::now();
            let mut sink = CollectSink { count_only: true, ..CollectSink::default() };
            let result = crate::open(path.to_str().unwrap()).and_then(|sources| {
                sources.iter().try_for_each(|source| crate::read(source, &options(), &mut sink))
            });
            let took = started.elapsed();
            assert!(took < Duration::from_secs(10), "{} at {percent} % took {took:?}", source.name);
            match result {
                Err(error) => assert!(error.to_string().len() > 20, "{error}"),
                // A table or sequence may end with any row; a JSON object may not.
                Ok(()) => assert!(
                    sink.kept <= all.kept
                        && matches!(source.format, Format::Csv | Format::GeoJsonSeq)
                        || percent == 99 && sink.kept == all.kept,
                    "{} at {percent} % was read without a word",
                    source.name
                ),
            }
        }
    }
}

#[test]
fn no_wrong_byte_brings_a_reader_down() {
    for (path, name) in [
        ("vector/gdal_topojson/topojson1.topojson", "a.topojson"),
        ("vector/gdal_geojson/ogr_geojson_14.geojson", "a.geojson"),
        ("vector/gdal_geojson/srs_name.geojson", "a.geojson"),
        ("vector/geoparquet_spec/test_data/data-multipolygon-wkt.csv", "a.csv"),
    ] {
        let Some(path) = crate::testing::data(path) else { continue };
        let good = std::fs::read(path).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        for at in 0..good.len() {
            let wrong = [b'[', b']', b'{', b'"', b',', b'\\', b'-', b'9', 0, 0xff];
            let mut bytes = good.clone();
            bytes[at] = wrong[at % wrong.len()];
            std::fs::write(&path, &bytes).unwrap();
            let mut sink = CollectSink::default();
            let _ = crate::open(path.to_str().unwrap()).and_then(|sources| {
                sources.iter().try_for_each(|source| crate::read(source, &options(), &mut sink))
            });
        }
    }
}
