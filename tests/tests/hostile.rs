//! Broken files: a clear error or a reject report; no panic, no hang, no memory without bound.

#![allow(clippy::unwrap_used, reason = "a test that can not set up has failed")]

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use onemap_tests::{Onemap, files_under, test_data};
use rayon::prelude::*;

/// Longest that a broken file may take.
const LIMIT: Duration = Duration::from_secs(10);
/// Most memory that a broken file may cost, bytes.
const MEMORY: u64 = 1 << 30;
/// Imports and tells what is wrong with the way it ended, if anything.
fn complaint(path: &Path) -> Option<String> {
    let onemap = Onemap::new();
    let name = path.display().to_string();
    let outcome = onemap.run_within(&["--json", "import", &name, "--crs", "EPSG:4326"], LIMIT);
    let fault = match outcome.code {
        None => format!("killed after {:?} (hang, or a signal)", outcome.took),
        Some(0 | 3) if outcome.stderr.contains("panicked") => "panicked".to_owned(),
        Some(0 | 3) => return memory(&outcome),
        Some(1)
            if !outcome.stderr.starts_with("error: ") || outcome.stderr.contains("panicked") =>
        {
            format!("no clear error: {}", outcome.stderr)
        }
        Some(1) => return memory(&outcome),
        Some(code) => format!("exit code {code}: {}", outcome.stderr),
    };
    Some(fault)
}

fn memory(outcome: &onemap_tests::Outcome) -> Option<String> {
    (outcome.peak_memory > MEMORY).then(|| format!("{} MB of memory", outcome.peak_memory >> 20))
}

fn judge_all(files: &[(PathBuf, String)]) {
    let faults = Mutex::new(Vec::new());
    files.par_iter().for_each(|(path, name)| {
        if let Some(fault) = complaint(path) {
            faults.lock().unwrap().push(format!("{name}: {fault}"));
        }
    });
    let faults = faults.into_inner().unwrap();
    assert!(faults.is_empty(), "{} of {} files:\n{}", faults.len(), files.len(), faults.join("\n"));
}

#[test]
fn messy_files_end_in_a_report_or_a_clear_error() {
    let Some(data) = test_data("messy_files_end_in_a_report_or_a_clear_error") else { return };
    let files: Vec<_> = files_under(&data.join("mess"))
        .into_iter()
        .map(|path| (path.clone(), path.display().to_string()))
        .collect();
    assert!(files.len() > 200, "only {} files", files.len());
    judge_all(&files);
}

#[test]
fn truncated_files_end_in_a_report_or_a_clear_error() {
    let Some(data) = test_data("truncated_files_end_in_a_report_or_a_clear_error") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut cut = Vec::new();
    let good = ["vector", "big"].map(|part| files_under(&data.join(part))).concat();
    for path in good {
        let bytes = std::fs::read(&path).unwrap();
        for percent in [1, 10, 50, 99] {
            let here = folder.path().join(format!("{}-{percent}", cut.len()));
            std::fs::create_dir(&here).unwrap();
            let target = here.join(path.file_name().unwrap());
            copy_side_files(&path, &here);
            std::fs::write(&target, &bytes[..bytes.len() * percent / 100]).unwrap();
            cut.push((target, format!("{} cut at {percent} %", path.display())));
        }
    }
    assert!(cut.len() > 400, "only {} cases", cut.len());
    judge_all(&cut);
}

/// A cut shapefile keeps its other files whole, and a cut side file its shapefile.
fn copy_side_files(path: &Path, to: &Path) {
    for ending in ["shp", "shx", "dbf", "prj", "cpg"] {
        let beside = path.with_extension(ending);
        if beside.exists()
            && path
                .extension()
                .is_some_and(|e| ["shp", "shx", "dbf", "prj", "cpg"].iter().any(|s| e == *s))
        {
            std::fs::copy(&beside, to.join(beside.file_name().unwrap())).unwrap();
        }
    }
}
