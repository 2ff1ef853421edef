//! Reads and writes archives of map tiles: PMTiles v3 and MBTiles.
//!
//! An archive is one file with the tiles of many addresses. [`Archive::open`] tells by content which format a
//! file has; [`PmTiles`] is also how the server answers from an archive: it is `Send` and `Sync`, reads at
//! positions without a lock, and holds only the directories that were used last. [`Spool`] is how both formats
//! are written: tiles are appended, the work survives a kill, and the finished file appears at once.
//! [`PmTiles::survey`] decodes every tile before an archive is trusted, and [`to_pmtiles`] brings an MBTiles
//! into the form in which the store keeps archives.
//!
//! ```
//! use onemap_archive::{About, Archive, Format, Spool, TileType, gzip};
//! use onemap_model::TileCoord;
//!
//! # let folder = tempfile::tempdir()?;
//! let path = folder.path().join("city.pmtiles");
//! let (mut spool, _start) = Spool::open(&path, "what the tiles are made of")?;
//! let tile = TileCoord::new(14, 13575, 6547)?;
//! spool.push(tile, &gzip(b"\x1a\x00")?)?;
//! spool.finish(Format::PmTiles, &About::of(TileType::Mvt))?;
//!
//! let archive = Archive::open(&path)?;
//! assert_eq!(archive.about().maxzoom, 14);
//! assert!(archive.tile(tile)?.is_some());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What this crate is not: it makes no tiles and knows no layers of ours. Decisions:
//! * PMTiles is read and written by our own code. The `pmtiles` crate (0.26 was read) has an asynchronous
//!   reader only, unpacks directories and metadata to any size, lists all entries breadth first in memory, and
//!   its writer can not go on after a kill; what would be left of it is the Hilbert curve.
//! * A finished PMTiles has its sections in the order of the specification, and no gaps: header, root,
//!   metadata, leaves, tiles. The tiles are therefore copied once, when their directory is known.
//! * MBTiles has a plain `tiles` table with a unique index, not views over `map` and `images`: it is what
//!   every reader knows, and what is repeated in vector tiles is small.
//! * Contents up to 8 KiB are stored once (BLAKE3, 128 bits); what repeats is the inside of a large area, and
//!   that is small. So the memory for remembering contents does not grow with large tiles.
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod about;
mod archive;
mod convert;
mod error;
pub mod limits;
mod mbtiles;
mod mvt;
mod packing;
mod pmtiles;
mod source;
mod spool;
mod tile_id;
mod varint;

pub use about::{About, Compression, Format, StoredTile, TileType, ZoomStats};
pub use archive::Archive;
pub use convert::{Converted, to_pmtiles};
pub use error::{Error, Result};
pub use mbtiles::MbTiles;
pub use packing::gzip;
pub use pmtiles::{PmTiles, Survey};
pub use spool::{Spool, Start, Written, discard_part};
pub use tile_id::TileId;
