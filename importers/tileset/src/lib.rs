//! Reads existing 3D Tiles (1.0 and 1.1), which are kept and served as they are, and checks that they are complete.
//!
//! [`survey`] walks a tileset and those that it names. Every address of a content has to lead to a file below the tileset's
//! own folder: one that leads elsewhere, or to another machine, makes the tileset unfit; one without a file is
//! noted, since clients show the rest. Contents are not opened.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod error;
mod uri;
mod volume;
mod walk;

use std::path::{Path, PathBuf};

use onemap_model::Bounds;

pub use error::Error;
use walk::Walk;

/// Most files of a tileset.
const MOST_FILES: usize = 4_000_000;
/// Folders may be nested so deep.
const MOST_FOLDERS_DEEP: usize = 64;

/// A tileset on disk.
#[derive(Debug)]
pub struct Tileset {
    /// Name of its root file within its folder.
    pub root: String,
    /// All files below its folder: path with `/` between its parts, and where it is; sorted.
    pub files: Vec<(String, PathBuf)>,
    /// What its asset says: `1.0` or `1.1`.
    pub version: String,
    /// Box on the ground, degrees, if it can be told.
    pub bounds: Option<Bounds>,
    /// Least and greatest ellipsoidal height, metres.
    pub heights: Option<[f64; 2]>,
    /// The geometric error that the whole tileset states.
    pub error: f64,
    /// Tiles that were looked at.
    pub tiles: u64,
    /// Contents that they name.
    pub contents: u64,
    /// What is wrong but can be lived with.
    pub notes: Vec<String>,
}

/// Returns the root file of the tileset that a path names: a folder with a `tileset.json`, or such a file under any name;
/// `None` for what is no tileset.
pub fn detect(path: &Path) -> Option<PathBuf> {
    let file = if path.is_dir() { path.join("tileset.json") } else { path.to_owned() };
    let is_json = file.extension().is_some_and(|e| e.eq_ignore_ascii_case("json"));
    (is_json && file.is_file() && walk::looks_like_one(&file)).then_some(file)
}

/// Looks through a tileset, given by its root file.
///
/// # Errors
/// When a tileset file can not be read or understood, or names something outside of its folder.
pub fn survey(root: &Path) -> Result<Tileset, Error> {
    let folder = root.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = root.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.ok_or_else(|| Error::wrong(root, "it has no name"))?;
    let mut files = Vec::new();
    collect(folder, "", 0, &mut files)?;
    files.sort();
    let mut walk = Walk::new(folder, &files);
    walk.tileset(&name)?;
    let found = walk.finish();
    Ok(Tileset {
        root: name,
        version: found.version,
        bounds: found.bounds,
        heights: found.heights,
        error: found.error,
        tiles: found.tiles,
        contents: found.contents,
        notes: found.notes,
        files,
    })
}

/// Lists the files below a folder, without hidden ones and without following links.
fn collect(
    folder: &Path,
    prefix: &str,
    deep: usize,
    files: &mut Vec<(String, PathBuf)>,
) -> Result<(), Error> {
    if deep > MOST_FOLDERS_DEEP {
        return Err(Error::wrong(folder, "its folders are nested too deep"));
    }
    let entries = std::fs::read_dir(folder).map_err(|error| Error::read(folder, error))?;
    for entry in entries {
        let entry = entry.map_err(|error| Error::read(folder, error))?;
        let Ok(name) = entry.file_name().into_string() else {
            return Err(Error::wrong(&entry.path(), "its name is not UTF-8"));
        };
        if name.starts_with('.') {
            continue;
        }
        let kind = entry.file_type().map_err(|error| Error::read(&entry.path(), error))?;
        let path = format!("{prefix}{name}");
        if kind.is_dir() {
            collect(&entry.path(), &format!("{path}/"), deep + 1, files)?;
        } else if kind.is_file() {
            files.push((path, entry.path()));
        }
        if files.len() > MOST_FILES {
            return Err(Error::wrong(folder, "it holds more than 4 million files"));
        }
    }
    Ok(())
}
