//! What is to be read, and how.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use onemap_source::Origin;

use crate::{Format, Placement};

/// One thing to read: a file, with the images and other files that it refers to.
#[derive(Debug, Clone)]
pub struct Source {
    /// What it is.
    pub format: Format,
    /// The file to read.
    pub path: PathBuf,
    /// Name for messages: what the user typed, and the entry within a zip.
    pub name: String,
    /// Layer name when the format itself has none: the file's stem.
    pub stem: String,
    /// The file is gzipped.
    pub gzipped: bool,
    /// The folder that the user named, that of the file, or the unpacked archive: files that the source refers to are
    /// looked for in it and nowhere else.
    pub root: PathBuf,
    /// Keeps the unpacked copy alive while it is read.
    pub(crate) _unpacked: Option<Arc<tempfile::TempDir>>,
}

/// What the user told about a source.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// CRS of the coordinates, in place of what the source says. For OBJ: take x as east, y as north, z as up in it.
    pub crs: Option<String>,
    /// Encoding of text, such as `GBK`; detected when not told.
    pub encoding: Option<String>,
    /// Only these layers of the source, by name; all when empty.
    pub layers: Vec<String>,
    /// Where a model without a place (OBJ, glTF) stands.
    pub place: Option<Placement>,
    /// Only these levels of detail, as the source calls them (`1`, `2.2`); all when empty. `2` also takes `2.0` to `2.9`.
    pub lods: Vec<String>,
    /// Theme of the appearance to use; the first that the source states when not told.
    pub theme: Option<String>,
}

impl Options {
    /// Tells whether the user wants the layer with this name.
    pub(crate) fn wants(&self, layer: &str) -> bool {
        self.layers.is_empty() || self.layers.iter().any(|wanted| wanted == layer)
    }

    /// Tells whether the user wants this level of detail.
    pub(crate) fn wants_lod(&self, level: &str) -> bool {
        let is_refined = |wanted: &str| {
            !wanted.contains('.')
                && level.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('.'))
        };
        self.lods.is_empty() || self.lods.iter().any(|wanted| wanted == level || is_refined(wanted))
    }
}

impl Origin for Source {
    fn name(&self) -> &str {
        &self.name
    }

    fn format_name(&self) -> &'static str {
        self.format.name()
    }

    fn path(&self) -> &Path {
        &self.path
    }

    fn is_gzipped(&self) -> bool {
        self.gzipped
    }
}
