//! What all importers share: what a name turned out to hold, how a file is read with its progress, and why it can not be.
//!
//! An importer has a source type of its own, an [`Origin`], and finds out by content which files are such sources. What
//! every importer does alike on the way stands here, so that a folder, a gzipped file or a zip means the same to all of
//! them, and so that one [`Error`] says why something can not be read. Nothing here knows a format.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod error;
mod head;
mod input;
pub mod limits;
mod name;
mod outline;
mod survey;
mod unpack;

pub use error::{Error, Origin};
pub use head::Head;
pub use input::{Input, Progress, read_all};
pub use name::{is_hidden, stem_and_extension};
pub use outline::Outline;
pub use survey::{FolderEntry, Skipped, Survey, folder_entries};
pub use unpack::{temporary_folder, unpack_entry};
