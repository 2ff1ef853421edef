//! Real files: each imports or is refused with a reason, and the counts and coordinates are GDAL's.

#![allow(clippy::unwrap_used, reason = "a test that can not set up has failed")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use onemap_tests::{Onemap, coordinates, files_under, ogr_counts, root, test_data};
use rayon::prelude::*;
use serde_json::Value;

/// Files that belong to another one and are not sources of their own.
const SIDE_FILES: [&str; 8] = ["shx", "dbf", "prj", "cpg", "qix", "sbn", "sbx", "gfs"];

/// Files that GDAL reads and we count differently, with the reason.
const COUNTED_DIFFERENTLY: &[(&str, &str)] = &[
    ("osm.pbf", "our layers are by theme, GDAL's by geometry"),
    (".osm", "our layers are by theme, GDAL's by geometry"),
    ("layers.gpx", "GDAL also makes a point of each track point"),
    ("Graz_10km_3m.dxf", "GDAL leaves out the frames of pictures"),
    ("wkt_data.csv", "GDAL takes the first row of a table without header for one"),
    ("topojson1.topojson", "made to be invalid: we list what GDAL leaves out in silence"),
];

/// Files in a projected CRS that no file states; a person has to.
const NEEDS_CRS: &[(&str, &str)] = &[
    ("dxf/4_world.dxf", "EPSG:4326"),
    ("dxf/bin_dxf_r2000.dxf", "EPSG:3857"),
    ("dxf/dxf_unicode.dxf", "EPSG:3857"),
    ("dxf/hatches_2.dxf", "EPSG:3857"),
    ("dxf/small_r13.dxf", "EPSG:3857"),
    ("points_lines_3d.dxf", "EPSG:3857"),
];

/// Compares coordinates only of layers up to this many features.
const COMPARED_UP_TO: u64 = 50_000;
/// Degrees by which coordinates may differ from GDAL's.
const TOLERANCE: f64 = 1e-9;

struct Row {
    file: String,
    format: String,
    read: u64,
    kept: u64,
    rejected: u64,
    repaired: u64,
    crs: String,
    seconds: f64,
    judged: String,
}

#[test]
fn every_real_vector_file_imports_or_is_refused_with_a_reason() {
    let Some(data) = test_data("every_real_vector_file_imports_or_is_refused_with_a_reason") else {
        return;
    };
    let mut files: Vec<PathBuf> = ["vector", "big"]
        .iter()
        .flat_map(|folder| files_under(&data.join(folder)))
        .filter(|path| !is_side_file(path))
        .collect();
    files.sort();
    assert!(files.len() > 100, "only {} files: is this the right folder?", files.len());
    let failures = Mutex::new(Vec::new());
    let mut rows: Vec<Row> = files
        .par_iter()
        .flat_map_iter(|path| {
            let mut wrong = Vec::new();
            let rows = judge(path, &data, &mut wrong);
            failures.lock().unwrap().extend(wrong);
            rows
        })
        .collect();
    rows.sort_by(|a, b| a.file.cmp(&b.file));
    let table = table(&rows);
    println!("{table}");
    let results = root().join("target/corpus.md");
    let _ = std::fs::create_dir_all(root().join("target"));
    std::fs::write(results, table).unwrap();
    let compared = rows.iter().filter(|row| row.judged.contains("coordinates within")).count();
    println!("coordinates of {compared} layers were compared");
    assert!(compared >= 80, "coordinates of only {compared} layers were compared");
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

fn is_side_file(path: &Path) -> bool {
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    SIDE_FILES.contains(&ending) && (ending != "dbf" || path.with_extension("shp").exists())
}

fn judge(path: &Path, data: &Path, wrong: &mut Vec<String>) -> Vec<Row> {
    let file = path.strip_prefix(data).unwrap_or(path).display().to_string();
    let onemap = Onemap::new();
    let crs = NEEDS_CRS.iter().find(|(name, _)| file.ends_with(name)).map(|(_, crs)| *crs);
    let more: Vec<&str> = crs.map(|crs| vec!["--crs", crs]).unwrap_or_default();
    let outcome = onemap.import(path, &more);
    if outcome.code == Some(1) {
        let reason = outcome.stderr.trim().to_owned();
        if !reason.starts_with("error: ") || reason.len() < 30 || reason.contains("panicked") {
            wrong.push(format!("{file}: refused without a good reason: {reason}"));
        }
        let judged = format!("refused: {}", reason.replace('\n', " "));
        return vec![Row {
            file,
            format: String::new(),
            read: 0,
            kept: 0,
            rejected: 0,
            repaired: 0,
            crs: String::new(),
            seconds: outcome.took.as_secs_f64(),
            judged,
        }];
    }
    if !matches!(outcome.code, Some(0 | 3)) {
        wrong.push(format!("{file}: exit {:?}: {}", outcome.code, outcome.stderr));
        return Vec::new();
    }
    let report = outcome.json();
    let layers = report["layers"].as_array().cloned().unwrap_or_default();
    let ours = |layer: &Value| layer["read"].as_u64().unwrap_or(0);
    for layer in &layers {
        let (kept, rejected) = (layer["kept"].as_u64(), layer["rejected"].as_u64());
        if Some(ours(layer)) != kept.zip(rejected).map(|(a, b)| a + b) {
            wrong.push(format!("{file}: read is not kept + rejected: {layer}"));
        }
    }
    let total: u64 = layers.iter().map(ours).sum();
    let unpacked = tempfile::tempdir().unwrap();
    let path = &unpack(path, unpacked.path());
    let unlike = COUNTED_DIFFERENTLY.iter().find(|(name, _)| file.contains(name));
    let mut judged = match (ogr_counts(path), unlike) {
        (None, _) => "GDAL does not read it".to_owned(),
        (Some(_), Some((_, why))) => (*why).to_owned(),
        (Some(counts), None) => {
            let theirs: u64 = counts.values().sum();
            if theirs != total {
                wrong.push(format!("{file}: {total} records, GDAL counts {theirs} {counts:?}"));
            }
            "count".to_owned()
        }
    };
    if judged == "count" && crs.is_none() {
        judged.push_str(&compare_coordinates(path, &file, &onemap, &layers, wrong));
    }
    layers
        .iter()
        .map(|layer| Row {
            file: match layers.len() {
                1 => file.clone(),
                _ => format!("{file} · {}", layer["source_layer"].as_str().unwrap_or_default()),
            },
            format: layer["format"].as_str().unwrap_or_default().to_owned(),
            read: ours(layer),
            kept: layer["kept"].as_u64().unwrap_or(0),
            rejected: layer["rejected"].as_u64().unwrap_or(0),
            repaired: layer["repaired"].as_u64().unwrap_or(0),
            crs: layer["crs"].as_str().unwrap_or_default().chars().take(40).collect(),
            seconds: outcome.took.as_secs_f64(),
            judged: judged.clone(),
        })
        .collect()
}

/// Returns the file itself, or an unpacked copy of a gzipped one: GDAL reads few formats gzipped.
fn unpack(path: &Path, folder: &Path) -> PathBuf {
    if path.extension().is_none_or(|ending| ending != "gz") {
        return path.to_owned();
    }
    let copy = folder.join(path.file_stem().unwrap());
    let output = std::process::Command::new("gzip").arg("-dc").arg(path).output().unwrap();
    assert!(output.status.success(), "{} can not be unpacked", path.display());
    std::fs::write(&copy, output.stdout).unwrap();
    copy
}

/// Compares all coordinates of layers in which nothing was changed: the store's own segments, read by
/// GDAL, against the source, transformed by GDAL.
fn compare_coordinates(
    path: &Path,
    file: &str,
    onemap: &Onemap,
    layers: &[Value],
    wrong: &mut Vec<String>,
) -> String {
    let untouched = |layer: &Value| layer["repaired"] == 0 && layer["rejected"] == 0;
    let total: u64 = layers.iter().filter_map(|layer| layer["read"].as_u64()).sum();
    if total == 0 || total > COMPARED_UP_TO || !layers.iter().all(untouched) {
        return ", coordinates not compared: none, large, repaired or rejected".to_owned();
    }
    let mut ours = [Vec::new(), Vec::new()];
    for segment in files_under(&onemap.data().join("segments")) {
        if segment.extension().is_some_and(|e| e == "fgb") {
            let Some(found) = coordinates(&segment, None, &[]) else {
                wrong.push(format!("{file}: GDAL does not read the segment"));
                return String::new();
            };
            for (all, new) in ours.iter_mut().zip(found) {
                all.extend(new);
            }
        }
    }
    let Some(mut theirs) = all_layers(path) else {
        return ", coordinates not compared: GDAL can not transform them".to_owned();
    };
    if theirs[0].is_empty() {
        return ", GDAL sees no shapes".to_owned();
    }
    for axis in ours.iter_mut().chain(&mut theirs) {
        axis.sort_by(f64::total_cmp);
    }
    if ours[0].len() != theirs[0].len() {
        wrong.push(format!("{file}: {} coordinates, GDAL has {}", ours[0].len(), theirs[0].len()));
        return String::new();
    }
    let worst = |axis: usize| {
        let pairs = ours[axis].iter().zip(&theirs[axis]);
        pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    let worst = worst(0).max(worst(1));
    if worst > TOLERANCE {
        wrong.push(format!("{file}: coordinates differ from GDAL's by {worst:e} degrees"));
    }
    format!(", {} coordinates within {worst:.0e}°", ours[0].len())
}

fn all_layers(path: &Path) -> Option<[Vec<f64>; 2]> {
    let mut all = [Vec::new(), Vec::new()];
    for layer in ogr_counts(path)?.keys() {
        let found = coordinates(path, Some(layer), &[])?;
        for (all, new) in all.iter_mut().zip(found) {
            all.extend(new);
        }
    }
    Some(all)
}

fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| file | format | read | kept | rejected | repaired | CRS | seconds | judged by |\n|---|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let Row { file, format, read, kept, rejected, repaired, crs, seconds, judged } = row;
        let _ = writeln!(
            text,
            "| {file} | {format} | {read} | {kept} | {rejected} | {repaired} | {crs} | {seconds:.2} | {judged} |"
        );
    }
    text
}
