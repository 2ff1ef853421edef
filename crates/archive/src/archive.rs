//! One face for both formats.

use std::path::Path;

use onemap_model::TileCoord;

use crate::error::Result;
use crate::source::Source;
use crate::{About, Error, Format, MbTiles, PmTiles, StoredTile, mbtiles, pmtiles};

/// An open archive of either format.
#[derive(Debug)]
pub enum Archive {
    /// PMTiles.
    PmTiles(PmTiles),
    /// MBTiles.
    MbTiles(MbTiles),
}

impl Archive {
    /// Tells by content whether a file is an archive, of whatever version; `None` for other files, also for
    /// SQLite databases that are no MBTiles.
    pub fn detect(path: &Path) -> Result<Option<Format>> {
        let source = Source::open(path)?;
        let head = source.read("the header", 0, source.len.min(16))?;
        if pmtiles::version(&head).is_some() {
            return Ok(Some(Format::PmTiles));
        }
        if head == mbtiles::MAGIC {
            return match MbTiles::open(path) {
                Ok(_) => Ok(Some(Format::MbTiles)),
                Err(Error::NotAnArchive { .. } | Error::Sqlite { .. }) => Ok(None),
                Err(error) => Err(error),
            };
        }
        Ok(None)
    }

    /// Opens an archive, by content.
    pub fn open(path: &Path) -> Result<Self> {
        match Self::detect(path)? {
            Some(Format::PmTiles) => PmTiles::open(path).map(Self::PmTiles),
            Some(Format::MbTiles) => MbTiles::open(path).map(Self::MbTiles),
            None => {
                let what = "it is neither a PMTiles nor an MBTiles".to_owned();
                Err(Error::NotAnArchive { path: path.to_owned(), what })
            }
        }
    }

    /// Returns the format.
    pub fn format(&self) -> Format {
        match self {
            Self::PmTiles(_) => Format::PmTiles,
            Self::MbTiles(_) => Format::MbTiles,
        }
    }

    /// Returns what the archive says of itself.
    pub fn about(&self) -> &About {
        match self {
            Self::PmTiles(archive) => archive.about(),
            Self::MbTiles(archive) => archive.about(),
        }
    }

    /// Returns a tile as it is stored; `None` when the archive does not have it.
    pub fn tile(&self, tile: TileCoord) -> Result<Option<StoredTile>> {
        match self {
            Self::PmTiles(archive) => archive.tile(tile),
            Self::MbTiles(archive) => archive.tile(tile),
        }
    }
}
