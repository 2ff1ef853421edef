//! Compares what the readers emit with what GDAL makes of the same file.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use onemap_model::{Geometry, Value};

use crate::testing::{CollectSink, Collected};
use crate::{Error, Format, Options, Source};

/// Makes the source of one file.
pub(crate) fn source(format: Format, path: &Path) -> Source {
    Source {
        format,
        path: path.to_owned(),
        name: path.display().to_string(),
        stem: path.file_stem().unwrap().to_string_lossy().into_owned(),
        gzipped: false,
        url: None,
        _unpacked: None,
    }
}

/// Reads one file.
pub(crate) fn read(format: Format, path: &Path) -> Result<CollectSink, Error> {
    let mut sink = CollectSink::default();
    crate::read(&source(format, path), &Options::default(), &mut sink)?;
    Ok(sink)
}

/// Returns the files of the test data below `folders` with one of the extensions; says loudly when there
/// is no test data.
pub(crate) fn files(folders: &[&str], extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in folders {
        let Some(folder) = crate::testing::data(folder) else {
            continue;
        };
        let mut open = vec![folder];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else if path
                    .extension()
                    .is_some_and(|e| extensions.iter().any(|x| e.eq_ignore_ascii_case(x)))
                {
                    found.push(path);
                }
            }
        }
    }
    found.sort();
    found
}

/// Tells whether GDAL is there; says loudly when it is not.
pub(crate) fn has_gdal() -> bool {
    let found = Command::new("ogrinfo").arg("--version").output().is_ok();
    if !found {
        eprintln!("SKIPPED: ogrinfo is not installed");
    }
    found
}

/// Asks `ogrinfo` for the layers of a file with their feature counts.
pub(crate) fn gdal_counts(path: &Path) -> Vec<(String, u64)> {
    let output = Command::new("ogrinfo").args(["-ro", "-so", "-al"]).arg(path).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let mut layers = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("Layer name: ") {
            layers.push((name.to_owned(), 0));
        } else if let (Some(count), Some(layer)) =
            (line.strip_prefix("Feature Count: "), layers.last_mut())
        {
            layer.1 = count.trim().parse().unwrap();
        }
    }
    layers
}

/// Compares geometry and values of a layer, record by record, with what `ogr2ogr` writes as CSV.
/// Returns what differs.
pub(crate) fn differences(path: &Path, layer: &Collected) -> Vec<String> {
    let output = Command::new("ogr2ogr")
        .args(["-f", "CSV", "/vsistdout/"])
        .args(["-lco", "GEOMETRY=AS_WKT", "-lco", "STRING_QUOTING=IF_NEEDED"])
        .args(["-unsetFieldWidth", "-skipfailures"])
        .arg(path)
        .arg(&layer.layer.name)
        .output()
        .unwrap();
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(output.stdout.as_slice());
    let headers = reader.headers().unwrap().clone();
    let mut found = Vec::new();
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    if rows.len() != layer.records.len() + layer.rejects.len() {
        found.push(format!(
            "{} rows, we have {} records and {} rejects",
            rows.len(),
            layer.records.len(),
            layer.rejects.len()
        ));
        return found;
    }
    if !layer.rejects.is_empty() {
        return found;
    }
    for (i, (row, record)) in rows.iter().zip(&layer.records).enumerate() {
        for (header, theirs) in headers.iter().zip(row) {
            if header == "WKT" {
                if let Some(what) = differs(theirs, record.geometry.as_ref()) {
                    found.push(format!("record {i}: {what}"));
                }
                continue;
            }
            if layer.layer.fields.iter().all(|f| f.name != header) {
                if i == 0 {
                    found.push(format!("field {header} is missing"));
                }
                continue;
            }
            let ours = layer.value(i, header);
            if !same_value(&ours, theirs) {
                found.push(format!("record {i}, {header}: {ours:?}, GDAL {theirs:?}"));
            }
        }
        if found.len() > 12 {
            break;
        }
    }
    found
}

fn same_value(ours: &Value, theirs: &str) -> bool {
    let text = ours.as_ref().to_string();
    if text == theirs || text.trim() == theirs.trim() {
        return true;
    }
    if let (Ok(a), Ok(b)) = (text.parse::<f64>(), theirs.parse::<f64>()) {
        return (a - b).abs() <= 1e-6 * a.abs().max(1.0);
    }
    match ours {
        Value::Bool(b) => theirs == if *b { "1" } else { "0" },
        Value::Null => theirs.eq_ignore_ascii_case("nan"),
        Value::Date(_) | Value::DateTime(_) => {
            let digits = |s: &str| s.chars().filter(char::is_ascii_digit).collect::<String>();
            digits(theirs).starts_with(&digits(&text)) || digits(&text).starts_with(&digits(theirs))
        }
        Value::Bytes(_) => text.eq_ignore_ascii_case(theirs),
        Value::Json(ours) => {
            let parse = |s: &str| serde_json::from_str::<serde_json::Value>(s).ok();
            parse(ours) == parse(theirs) || theirs.starts_with('(')
        }
        _ => false,
    }
}

/// Compares the number of polygons and rings, and all coordinates whatever their order.
fn differs(theirs: &str, ours: Option<&Geometry>) -> Option<String> {
    let ours = ours.filter(|g| !g.is_empty());
    if theirs.is_empty() || theirs.ends_with("EMPTY") {
        return ours.map(|g| format!("{:?}, GDAL none", g.kind));
    }
    let Ok(theirs) = crate::wkb_sink::from_wkt(theirs) else {
        return Some(format!("GDAL's WKT can not be read: {theirs:.100}"));
    };
    let Some(ours) = ours else {
        return Some("no geometry, but GDAL has one".into());
    };
    let (a, b) = (Summary::of(ours), Summary::of(&theirs.geometry));
    if (a.class, a.polygons, a.lines, a.coords.len())
        != (b.class, b.polygons, b.lines, b.coords.len())
    {
        return Some(format!(
            "{:?} {} polygons {} lines {} vertices, GDAL {:?} {} {} {}",
            a.class,
            a.polygons,
            a.lines,
            a.coords.len(),
            b.class,
            b.polygons,
            b.lines,
            b.coords.len()
        ));
    }
    let near =
        |a: f64, b: f64| (a - b).abs() <= 2e-7 + 1e-12 * a.abs() || (a.is_nan() && b.is_nan());
    let far = a
        .coords
        .iter()
        .zip(&b.coords)
        .find(|(a, b)| !a.iter().zip(b.iter()).all(|(a, b)| near(*a, *b)));
    far.map(|(a, b)| format!("{a:?}, GDAL {b:?}"))
}

struct Summary {
    class: onemap_model::GeometryClass,
    polygons: usize,
    lines: usize,
    coords: Vec<[f64; 3]>,
}

impl Summary {
    fn of(geometry: &Geometry) -> Self {
        let mut summary =
            Self { class: geometry.class(), polygons: 0, lines: 0, coords: Vec::new() };
        geometry.for_each_simple(&mut |g| {
            summary.polygons += g.parts.len();
            summary.lines += g.ends.len();
            for (i, [x, y]) in g.xy.iter().enumerate() {
                let round = |v: f64| (v * 1e7).round() / 1e7;
                let z = g.z.get(i).copied().unwrap_or(0.0);
                summary.coords.push([round(*x), round(*y), round(z)]);
            }
        });
        summary.coords.sort_by(|a, b| {
            let order = a.iter().zip(b).map(|(a, b)| a.total_cmp(b));
            order.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
        });
        summary
    }
}

/// Reads copies of a file that are cut off at 1, 10, 50 and 99 %, whatever belongs to it beside it. Each
/// has to end in time, in an error or in records and rejects. `cut` names the extension of the file to cut.
pub(crate) fn survives_truncation(format: Format, path: &Path, cut: &str) {
    let folder = tempfile::tempdir().unwrap();
    let stem = path.file_stem().unwrap();
    for entry in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        let beside = entry.unwrap().path();
        if beside.file_stem() == Some(stem) && beside.is_file() {
            let to = folder.path().join(beside.file_name().unwrap());
            std::fs::copy(&beside, to).unwrap();
        }
    }
    let copy = folder.path().join(path.file_name().unwrap());
    let victim = copy.with_extension(cut);
    if !victim.exists() {
        return;
    }
    let whole = std::fs::read(&victim).unwrap();
    for percent in [99, 50, 10, 1] {
        let kept = whole.len() * percent / 100;
        std::fs::write(&victim, &whole[..kept]).unwrap();
        let started = Instant::now();
        let result = read(format, &copy);
        let elapsed = started.elapsed();
        assert!(elapsed < Duration::from_secs(10), "{}: {elapsed:?}", path.display());
        if let Err(error) = result {
            let message = error.to_string();
            assert!(message.len() > 20 && !message.contains("panicked"), "{message}");
        }
    }
}

/// Prints a line of the table of files.
pub(crate) fn print_row(path: &Path, sink: &CollectSink, gdal: &[(String, u64)]) {
    let name = path.file_name().unwrap().to_string_lossy();
    for layer in &sink.layers {
        let theirs = gdal.iter().find(|(name, _)| *name == layer.layer.name);
        let theirs = theirs.map_or("-".to_owned(), |(_, count)| count.to_string());
        eprintln!(
            "| {name} | {} | {} | {} | {theirs} |",
            layer.layer.name,
            layer.records.len(),
            layer.rejects.len()
        );
    }
}
