//! What is to be read, and how.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use onemap_model::PipeClass;
use onemap_source::Origin;

use crate::{Format, Limits, Mapping};

/// One network to read: a file, or tables that belong together.
#[derive(Debug, Clone)]
pub struct Source {
    /// What it is.
    pub format: Format,
    /// The file to read; for tables the first of their files.
    pub path: PathBuf,
    /// Name for messages: what the user typed, and the entry within a folder or zip.
    pub name: String,
    /// Layer name: the file's stem, or what the stems of several files share.
    pub stem: String,
    /// The file is gzipped.
    pub gzipped: bool,
    /// The files of a network of tables.
    pub tables: Vec<onemap_vector::Source>,
    /// Keeps the unpacked copy alive while it is read.
    pub(crate) _unpacked: Option<Arc<tempfile::TempDir>>,
}

/// What the user told about a source.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// CRS of the coordinates, in place of what the source says.
    pub crs: Option<String>,
    /// Encoding of text, such as `GBK`; detected when not told.
    pub encoding: Option<String>,
    /// Only these tables or sheets of the source, by name; all when empty.
    pub layers: Vec<String>,
    /// What the headers and codes of the tables mean, where the usual names do not tell.
    pub map: Option<Mapping>,
    /// Class of all pipelines, where the source does not say.
    pub class: Option<PipeClass>,
    /// Lines without named ends are joined where their ends are at most this far apart, metres; 0.1 when not told.
    pub snap: Option<f64>,
    /// Divide lines without named ends where another line ends on them.
    pub split: bool,
    /// Limits of the checks.
    pub limits: Limits,
}

impl Options {
    /// Tells whether the user wants the table with this name.
    pub(crate) fn wants(&self, table: &str) -> bool {
        self.layers.is_empty() || self.layers.iter().any(|wanted| wanted == table)
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
