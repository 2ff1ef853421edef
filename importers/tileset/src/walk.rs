//! Going through tilesets, tile by tile.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use onemap_bounded::read_to_vec_bounded;
use onemap_model::Bounds;
use serde_json::Value;

use crate::error::Error;
use crate::uri::{Target, resolve};
use crate::volume::{Extent, IDENTITY, Matrix, extent, numbers, product};

/// Largest tileset file; some real ones, all in one file, have 30 MB.
const MOST_BYTES: u64 = 512 << 20;
/// Tiles may be nested so deep.
const MOST_DEEP: usize = 512;
/// Missing files that are named.
const NAMED: usize = 5;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) version: String,
    pub(crate) bounds: Option<Bounds>,
    pub(crate) heights: Option<[f64; 2]>,
    pub(crate) error: f64,
    pub(crate) tiles: u64,
    pub(crate) contents: u64,
    pub(crate) notes: Vec<String>,
}

/// Tells whether a file begins like a tileset.
pub(crate) fn looks_like_one(file: &Path) -> bool {
    read(file).is_ok_and(|value| value["asset"]["version"].is_string() && value["root"].is_object())
}

fn read(file: &Path) -> Result<Value, Error> {
    let opened = std::fs::File::open(file).map_err(|error| Error::read(file, error))?;
    let length = opened.metadata().map_err(|error| Error::read(file, error))?.len();
    if length > MOST_BYTES {
        return Err(Error::wrong(file, "it has more than 512 MB: split it into external tilesets"));
    }
    let bytes = read_to_vec_bounded("a tileset", opened, MOST_BYTES)
        .map_err(|error| Error::wrong(file, error.to_string()))?;
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    serde_json::from_slice(text)
        .map_err(|error| Error::wrong(file, format!("it is not JSON: {error}")))
}

/// The walk.
pub(crate) struct Walk<'f> {
    folder: &'f Path,
    files: HashSet<&'f str>,
    seen: HashSet<String>,
    /// Tilesets still to be read, and the transform of the tile that names them.
    waiting: Vec<(String, Matrix)>,
    missing: Vec<String>,
    found: Found,
}

impl<'f> Walk<'f> {
    pub(crate) fn new(folder: &'f Path, files: &'f [(String, PathBuf)]) -> Self {
        Self {
            folder,
            files: files.iter().map(|(path, _)| path.as_str()).collect(),
            seen: HashSet::new(),
            waiting: Vec::new(),
            missing: Vec::new(),
            found: Found::default(),
        }
    }

    /// Walks the tileset of a root file and all below.
    pub(crate) fn tileset(&mut self, root: &str) -> Result<(), Error> {
        self.seen.insert(root.to_owned());
        self.waiting.push((root.to_owned(), IDENTITY));
        let mut first = true;
        while let Some((name, transform)) = self.waiting.pop() {
            let path = self.folder.join(&name);
            let value = match read(&path) {
                Ok(value) => value,
                Err(error) if first => return Err(error),
                Err(error) => {
                    self.found.notes.push(error.to_string());
                    continue;
                }
            };
            let asset = value["asset"]["version"].as_str().unwrap_or_default();
            let known = matches!(asset, "0.0" | "1.0" | "1.1");
            let Some(tile) = value.get("root").filter(|tile| tile.is_object() && known) else {
                let what = format!(
                    "its asset version is '{asset}', or it has no root: 3D Tiles 1.0 and 1.1 are served"
                );
                if first {
                    return Err(Error::wrong(&path, what));
                }
                self.found.notes.push(Error::wrong(&path, what).to_string());
                continue;
            };
            if first {
                asset.clone_into(&mut self.found.version);
                self.found.error =
                    value["geometricError"].as_f64().filter(|e| *e >= 0.0).unwrap_or(0.0);
                let own = numbers(&tile["transform"]).unwrap_or(IDENTITY);
                self.cover(extent(&tile["boundingVolume"], &own));
            }
            self.tiles(tile, &name, transform)?;
            first = false;
        }
        Ok(())
    }

    fn cover(&mut self, extent: Option<Extent>) {
        let Some((bounds, heights)) = extent else {
            self.found.notes.push("where it is can not be told from its volume".to_owned());
            return;
        };
        self.found.bounds = Some(bounds);
        self.found.heights = Some(heights);
    }

    /// Walks the tiles of one file.
    fn tiles(&mut self, root: &Value, file: &str, above: Matrix) -> Result<(), Error> {
        let mut stack = vec![(root, above, 0_usize)];
        while let Some((tile, above, deep)) = stack.pop() {
            if deep > MOST_DEEP {
                return Err(Error::wrong(&self.folder.join(file), "its tiles are nested too deep"));
            }
            self.found.tiles += 1;
            let own = numbers(&tile["transform"]).unwrap_or(IDENTITY);
            let transform = product(&above, &own);
            let several = tile["contents"].as_array().map(Vec::as_slice).unwrap_or_default();
            let implicit = tile
                .get("implicitTiling")
                .or_else(|| tile["extensions"].get("3DTILES_implicit_tiling"));
            for content in std::iter::once(&tile["content"]).chain(several) {
                let uri = content["uri"].as_str().or_else(|| content["url"].as_str());
                if let Some(uri) = uri {
                    self.content(uri, file, &transform, implicit.is_some())?;
                }
            }
            if let Some(uri) = implicit.and_then(|implicit| implicit["subtrees"]["uri"].as_str()) {
                self.content(uri, file, &transform, true)?;
            }
            let children = tile["children"].as_array().map(Vec::as_slice).unwrap_or_default();
            stack.extend(children.iter().map(|child| (child, transform, deep + 1)));
        }
        Ok(())
    }

    fn content(
        &mut self,
        uri: &str,
        file: &str,
        transform: &Matrix,
        is_template: bool,
    ) -> Result<(), Error> {
        self.found.contents += 1;
        let target = match resolve(file, uri) {
            Target::File(target) => target,
            Target::Inline => return Ok(()),
            Target::Outside(why) => {
                let shown: String = uri.chars().take(200).collect();
                let what = format!("it names '{shown}', which can not be served: {why}");
                return Err(Error::wrong(&self.folder.join(file), what));
            }
        };
        if is_template && target.contains('{') {
            // Which of them exist, the subtrees tell.
            return Ok(());
        }
        if !self.files.contains(target.as_str()) {
            if self.seen.insert(target.clone()) {
                self.missing.push(target);
            }
            return Ok(());
        }
        let is_json =
            Path::new(&target).extension().is_some_and(|e| e.eq_ignore_ascii_case("json"));
        if is_json && self.seen.insert(target.clone()) {
            self.waiting.push((target, *transform));
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Found {
        if !self.missing.is_empty() {
            self.missing.sort();
            let named: Vec<&str> = self.missing.iter().take(NAMED).map(String::as_str).collect();
            let more = self.missing.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            self.found.notes.push(format!(
                "{} files that it names are missing ({}{more}): clients show the tiles above them",
                self.missing.len(),
                named.join(", ")
            ));
        }
        self.found
    }
}
