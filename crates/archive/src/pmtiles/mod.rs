//! PMTiles, version 3 (the specification's own numbering of clauses).
//!
//! ```text
//! byte 0     header, 127 bytes                       clause 3
//!            root directory, ends before byte 16384  clause 4
//!            metadata, JSON                          clause 5
//!            leaf directories
//!            contents of tiles
//! ```

mod cache;
mod directory;
mod header;
#[cfg(test)]
mod hostile;
mod reader;
mod survey;
mod writer;

pub use reader::PmTiles;
pub use survey::Survey;

pub(crate) use directory::Entry;
pub(crate) use header::version;
pub(crate) use writer::{Draft, write};
