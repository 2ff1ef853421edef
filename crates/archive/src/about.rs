//! What an archive says of its tiles.

use onemap_model::{Bounds, TileCoord};
use serde_json::{Map, Value};

use crate::limits;
use crate::packing::unpack;

/// The file formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// PMTiles, version 3.
    PmTiles,
    /// MBTiles 1.3: a SQLite database.
    MbTiles,
}

impl Format {
    /// Returns the name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::PmTiles => "PMTiles",
            Self::MbTiles => "MBTiles",
        }
    }
}

/// What a tile is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TileType {
    /// Not said, or not known to us.
    Unknown,
    /// Mapbox Vector Tile.
    Mvt,
    /// PNG picture.
    Png,
    /// JPEG picture.
    Jpeg,
    /// WebP picture.
    Webp,
    /// AVIF picture.
    Avif,
    /// MapLibre Tile.
    Mlt,
}

impl TileType {
    /// Returns the name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "tiles of an unknown type",
            Self::Mvt => "vector tiles (MVT)",
            Self::Png => "pictures (PNG)",
            Self::Jpeg => "pictures (JPEG)",
            Self::Webp => "pictures (WebP)",
            Self::Avif => "pictures (AVIF)",
            Self::Mlt => "vector tiles (MLT)",
        }
    }

    pub(crate) fn from_code(code: u8) -> Self {
        match code {
            1 => Self::Mvt,
            2 => Self::Png,
            3 => Self::Jpeg,
            4 => Self::Webp,
            5 => Self::Avif,
            6 => Self::Mlt,
            _ => Self::Unknown,
        }
    }

    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::Mvt => 1,
            Self::Png => 2,
            Self::Jpeg => 3,
            Self::Webp => 4,
            Self::Avif => 5,
            Self::Mlt => 6,
        }
    }

    /// Tells what a tile looks like; only pictures can be told.
    pub(crate) fn sniff(bytes: &[u8]) -> Self {
        match bytes {
            [0x89, b'P', b'N', b'G', ..] => Self::Png,
            [0xff, 0xd8, 0xff, ..] => Self::Jpeg,
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Self::Webp,
            [_, _, _, _, b'f', b't', b'y', b'p', b'a', b'v', b'i', b'f', ..] => Self::Avif,
            _ => Self::Unknown,
        }
    }
}

/// How bytes are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not said, or not known to us.
    Unknown,
    /// Not at all.
    None,
    /// Gzip.
    Gzip,
    /// Brotli.
    Brotli,
    /// Zstandard.
    Zstd,
}

impl Compression {
    /// Returns the name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown compression",
            Self::None => "no compression",
            Self::Gzip => "gzip",
            Self::Brotli => "brotli",
            Self::Zstd => "zstd",
        }
    }

    pub(crate) fn from_code(code: u8) -> Self {
        match code {
            1 => Self::None,
            2 => Self::Gzip,
            3 => Self::Brotli,
            4 => Self::Zstd,
            _ => Self::Unknown,
        }
    }

    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::None => 1,
            Self::Gzip => 2,
            Self::Brotli => 3,
            Self::Zstd => 4,
        }
    }

    /// Tells gzip from what is not packed, by the first bytes.
    pub(crate) fn sniff(bytes: &[u8]) -> Self {
        if bytes.starts_with(&[0x1f, 0x8b]) { Self::Gzip } else { Self::None }
    }
}

/// A tile as it stands in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTile {
    /// Its bytes, never none.
    pub bytes: Vec<u8>,
    /// How they are packed: as the archive says, or, where it does not, as they look.
    pub compression: Compression,
}

impl StoredTile {
    /// Returns the tile, not packed; says in words what is wrong.
    pub fn unpack(&self) -> Result<Vec<u8>, String> {
        unpack("the tile", &self.bytes, self.compression, limits::MAX_TILE_BYTES)
    }
}

/// What an archive says of itself, whether true or not.
#[derive(Debug, Clone, PartialEq)]
pub struct About {
    /// What the tiles are.
    pub tile_type: TileType,
    /// How they are packed.
    pub compression: Compression,
    /// Box of the tiles, degrees.
    pub bounds: Option<Bounds>,
    /// Where a map should open: longitude, latitude, zoom.
    pub center: Option<(f64, f64, u8)>,
    /// First zoom.
    pub minzoom: u8,
    /// Last zoom.
    pub maxzoom: u8,
    /// Everything else: `name`, `attribution`, `vector_layers` and what the maker put there.
    pub metadata: Map<String, Value>,
}

impl About {
    /// Begins the description of gzipped tiles; zooms are found out from the tiles when they are written.
    pub fn of(tile_type: TileType) -> Self {
        Self {
            tile_type,
            compression: Compression::Gzip,
            bounds: None,
            center: None,
            minzoom: 0,
            maxzoom: 0,
            metadata: Map::new(),
        }
    }
}

/// The tiles of one zoom.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ZoomStats {
    /// Tiles.
    pub tiles: u64,
    /// Bytes of these tiles as stored, those of shared contents once for each tile.
    pub bytes: u64,
    /// The largest tile, the first of several.
    pub largest: Option<(TileCoord, u32)>,
}

impl ZoomStats {
    /// Counts `tiles` tiles of one content, of which `first` is the first.
    pub fn add(&mut self, first: TileCoord, tiles: u64, bytes: u32) {
        self.tiles += tiles;
        self.bytes += tiles * u64::from(bytes);
        if self.largest.is_none_or(|(_, most)| bytes > most) {
            self.largest = Some((first, bytes));
        }
    }
}
