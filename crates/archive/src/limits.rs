//! How much an archive may ask for. Limits are data: change them here, with the reason.

/// One directory of a PMTiles, bytes as stored. Writers make root directories of 16 KiB and leaves of some
/// 100 KiB; the leaves of an archive of the planet reach 1 MiB.
pub const MAX_DIRECTORY_PACKED: u64 = 8 << 20;

/// One directory, bytes unpacked.
pub const MAX_DIRECTORY_BYTES: u64 = 32 << 20;

/// Entries of one directory: 24 MiB of memory.
pub const MAX_DIRECTORY_ENTRIES: u64 = 1 << 20;

/// Directories below each other. Writers make 2; the specification's own reader stops at 4.
pub const MAX_DEPTH: u32 = 4;

/// Entries of directories that are held in memory for one archive: 24 MiB.
pub const MAX_CACHED_ENTRIES: usize = 1 << 20;

/// Metadata, bytes unpacked. Tippecanoe's statistics of values reach 2 MiB.
pub const MAX_METADATA_BYTES: u64 = 32 << 20;

/// One tile, bytes as stored.
pub const MAX_TILE_PACKED: u64 = 32 << 20;

/// One tile, bytes unpacked. Tiles over 5 MiB stall a browser; the largest met so far has 3 MiB.
pub const MAX_TILE_BYTES: u64 = 64 << 20;

/// Entries of one archive that is surveyed or converted: 1.6 GiB of memory.
pub const MAX_ENTRIES: usize = 1 << 26;

/// Layers, and fields of one layer, that a survey lists.
pub const MAX_LISTED_NAMES: usize = 1_000;

/// Contents up to this length, bytes, are stored once.
pub const MAX_SHARED_BYTES: usize = 8 << 10;

/// Largest value in an MBTiles, bytes.
pub const MAX_SQLITE_VALUE: i32 = 64 << 20;

/// Instructions of SQLite's machine between two looks at the work done.
pub const SQLITE_STEP: i32 = 100_000;

/// Looks without a row after which a query is ended: some 10 seconds. A table gives a row every few
/// instructions; only a view can need more.
pub const SQLITE_MAX_STEPS: u64 = 5_000;
