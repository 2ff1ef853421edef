//! From MBTiles to PMTiles.

use std::path::Path;

use crate::error::{Doing, Error, Result};
use crate::{About, Compression, Format, MbTiles, Spool, TileType, Written, discard_part, gzip};

/// What came of a conversion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Converted {
    /// The new archive.
    pub written: Written,
    /// Rows without bytes, which were left out.
    pub empty: u64,
    /// Tiles that were not packed and now are.
    pub packed: u64,
}

/// Writes the tiles of an MBTiles to a PMTiles: vector tiles all gzipped, pictures as they are. `progress` is
/// told the rows done and the rows in all.
pub fn to_pmtiles(
    archive: &MbTiles,
    output: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Converted> {
    let vector = matches!(archive.about().tile_type, TileType::Mvt | TileType::Mlt);
    discard_part(output)?;
    let (mut spool, _) = Spool::open(output, "")?;
    let (mut empty, mut packed, mut done) = (0, 0, 0);
    let rows = archive.rows()?;
    let copied = archive.for_each_tile(&mut |tile, bytes| {
        done += 1;
        progress(done, rows);
        if bytes.is_empty() {
            empty += 1;
            return Ok(());
        }
        if vector && Compression::sniff(bytes) == Compression::None {
            packed += 1;
            let bytes = gzip(bytes).doing("pack a tile of", archive.path())?;
            return spool.push(tile, &bytes);
        }
        spool.push(tile, bytes)
    });
    let compression = if vector { Compression::Gzip } else { Compression::None };
    let about = About { compression, ..archive.about().clone() };
    match copied.and_then(|()| spool.finish(Format::PmTiles, &about)) {
        Ok(written) => Ok(Converted { written, empty, packed }),
        Err(error) => {
            discard_part(output)?;
            Err(match error {
                Error::Empty(_) => Error::damaged(archive.path(), "it holds not one tile"),
                Error::Tile { tile, why, .. } => Error::tile(archive.path(), tile, why),
                other => other,
            })
        }
    }
}
