//! Helpers of the behaviour tests, which drive the built `onemap` binary and judge its results with
//! tools that we did not write (GDAL, PROJ, foreign tile decoders, a browser).

#![allow(clippy::unwrap_used, reason = "a test that can not set up has failed")]

mod gdal;
mod http;
mod judge;
mod run;

use std::path::{Path, PathBuf};

pub use gdal::{Gdal, coordinates, ogr_counts};
pub use http::{Answer, Server, get, send};
pub use judge::{decode, features, tile_at};
pub use run::{Onemap, Outcome};

/// Returns the project's root folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Returns the folder of real files (`ONEMAP_TEST_DATA`), or says loudly that the test is skipped.
pub fn test_data(test: &str) -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("ONEMAP_TEST_DATA") {
        let folder = PathBuf::from(folder);
        assert!(folder.is_dir(), "ONEMAP_TEST_DATA={} is no folder", folder.display());
        return Some(folder);
    }
    eprintln!("\n******** SKIPPED: {test}: ONEMAP_TEST_DATA is not set: no real files ********\n");
    None
}

/// Returns all files under a folder, sorted.
pub fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}
