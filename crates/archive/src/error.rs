//! What can go wrong with an archive.

use std::io;
use std::path::{Path, PathBuf};

use onemap_model::TileCoord;

/// The result of reading or writing an archive.
pub type Result<T> = std::result::Result<T, Error>;

/// Why an archive was not read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was being done, such as `write`.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// SQLite refused.
    #[error("cannot {doing} {}: {source}; if it is damaged, get a whole copy of it", path.display())]
    Sqlite {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// The file is of another kind.
    #[error("{} is no archive of tiles: {what}", path.display())]
    NotAnArchive {
        /// File.
        path: PathBuf,
        /// What it is instead.
        what: String,
    },
    /// The format is known, this variant of it is not read.
    #[error("{} is not supported: {what}", path.display())]
    Unsupported {
        /// File.
        path: PathBuf,
        /// What is not supported, and the remedy.
        what: String,
    },
    /// The bytes are not what the format says.
    #[error("{} is damaged: {what}; get a whole copy of it", path.display())]
    Damaged {
        /// File.
        path: PathBuf,
        /// What is wrong, and where.
        what: String,
    },
    /// A tile can not be decoded.
    #[error("tile {tile} of {} is broken: {why}; make the archive again from its source", path.display())]
    Tile {
        /// File.
        path: PathBuf,
        /// Address.
        tile: TileCoord,
        /// What is wrong.
        why: String,
    },
    /// More than this program takes.
    #[error("{} has {what}, which is more than the limit of {limit}", path.display())]
    TooLarge {
        /// File.
        path: PathBuf,
        /// What is too large.
        what: String,
        /// The limit.
        limit: u64,
    },
    /// Another process writes the same file.
    #[error("{} is being written by another process", .0.display())]
    Busy(PathBuf),
    /// There is nothing to put into an archive.
    #[error("there is not one tile to write to {}", .0.display())]
    Empty(PathBuf),
}

impl Error {
    pub(crate) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), what: what.into() }
    }

    pub(crate) fn unsupported(path: &Path, what: impl Into<String>) -> Self {
        Self::Unsupported { path: path.to_owned(), what: what.into() }
    }

    pub(crate) fn tile(path: &Path, tile: TileCoord, why: impl Into<String>) -> Self {
        Self::Tile { path: path.to_owned(), tile, why: why.into() }
    }
}

/// Says what was being done to which file when an error occurred.
pub(crate) trait Doing<T> {
    fn doing(self, doing: &'static str, path: &Path) -> Result<T>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, doing: &'static str, path: &Path) -> Result<T> {
        self.map_err(|source| Error::Io { doing, path: path.to_owned(), source })
    }
}

impl<T> Doing<T> for rusqlite::Result<T> {
    fn doing(self, doing: &'static str, path: &Path) -> Result<T> {
        self.map_err(|source| Error::Sqlite { doing, path: path.to_owned(), source })
    }
}
