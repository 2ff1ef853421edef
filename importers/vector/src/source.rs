//! What is to be read, and how.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use onemap_source::Origin;

use crate::Format;

/// One thing to read: a file, or a set of files that belong together.
#[derive(Debug, Clone)]
pub struct Source {
    /// What it is.
    pub format: Format,
    /// The file to read (for a Shapefile its `.shp`, or the `.dbf` alone). Files that belong to it stand
    /// beside it. For PostGIS empty.
    pub path: PathBuf,
    /// Name for messages: what the user typed, and the entry within a zip.
    pub name: String,
    /// Layer name when the format itself has none: the file's stem.
    pub stem: String,
    /// The file is gzipped. Only formats that are read as a stream come so; others were unpacked.
    pub gzipped: bool,
    /// `postgres://...` for PostGIS; may name a table or carry a query.
    pub url: Option<String>,
    /// Keeps the unpacked copy alive while it is read.
    pub(crate) _unpacked: Option<Arc<tempfile::TempDir>>,
}

/// What the user told about a source.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// CRS of the coordinates; needed to read tables with x/y columns.
    pub crs: Option<String>,
    /// Encoding of text, such as `GBK`; detected when not told.
    pub encoding: Option<String>,
    /// Only these layers of the source, by name; all when empty.
    pub layers: Vec<String>,
    /// Columns that hold x and y, in this order, when their names say nothing.
    pub xy_fields: Option<(String, String)>,
    /// Emit separated text and workbooks as they stand: every column is text, none makes a point.
    pub raw_tables: bool,
}

impl Options {
    /// Tells whether the user wants the layer with this name.
    pub(crate) fn wants(&self, layer: &str) -> bool {
        self.layers.is_empty() || self.layers.iter().any(|wanted| wanted == layer)
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
