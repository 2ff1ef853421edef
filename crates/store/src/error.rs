//! Everything that can go wrong in the store.

use std::io;
use std::path::{Path, PathBuf};

use onemap_model::{FeatureId, LayerId, Revision};

use crate::kv::KvError;

/// A result of the store.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The operating system refused.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was being done, such as `write`.
        doing: &'static str,
        /// To which file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The folder holds something else.
    #[error("{} is not a onemap store: it has no readable STORE file; name another folder with --data", .0.display())]
    NotAStore(PathBuf),
    /// The store was written by a later program.
    #[error("the store {} has format {found}, this program reads up to {known}: use a newer onemap", path.display())]
    NewerFormat {
        /// Folder of the store.
        path: PathBuf,
        /// Format found there.
        found: u32,
        /// Greatest format that this program reads.
        known: u32,
    },
    /// Another process has the store open for writing.
    #[error("the store {} is in use by another onemap process: stop that one, or send the change to its server", .0.display())]
    Locked(PathBuf),
    /// A change was asked of a store that was opened for reading.
    #[error("the store was opened for reading only")]
    ReadOnly,
    /// The disk failed while a change was being written; what was acknowledged before is safe.
    #[error(
        "the store takes no more changes since the disk failed while one was written: free space or replace the disk, then restart"
    )]
    Poisoned,
    /// A revision was asked for that has not been made.
    #[error("there is no revision {asked} yet: the last one is {last}")]
    NoRevision {
        /// Revision asked for.
        asked: Revision,
        /// The last revision.
        last: Revision,
    },
    /// A revision was asked for whose content was deleted for good.
    #[error("revision {0} can no longer be read: its content was forgotten to save space")]
    ForgottenRevision(Revision),
    /// The filter of a view does not fit a layer.
    #[error("the filter does not fit layer '{layer}': {source}")]
    Filter {
        /// Layer.
        layer: LayerId,
        /// Why not.
        #[source]
        source: onemap_filter::FilterError,
    },
    /// There is no such layer.
    #[error("layer '{0}' does not exist")]
    NoLayer(LayerId),
    /// A layer was to be created whose name is taken.
    #[error("layer '{0}' exists already: choose another id, or the mode append, replace or upsert")]
    LayerExists(LayerId),
    /// Two imports or compactions of one layer at the same time.
    #[error("layer '{0}' is being changed by another import: try again when that one has ended")]
    Busy(LayerId),
    /// There is no such feature.
    #[error("feature {id} of layer '{layer}' does not exist")]
    NoFeature {
        /// Layer.
        layer: LayerId,
        /// Feature asked for.
        id: FeatureId,
    },
    /// A feature was to be created whose id is taken.
    #[error("feature {id} of layer '{layer}' exists already")]
    FeatureExists {
        /// Layer.
        layer: LayerId,
        /// Feature that exists.
        id: FeatureId,
    },
    /// Somebody else changed the feature since the editor read it.
    #[error(
        "feature {id} of layer '{layer}' was changed in revision {found}, after the revision {expected} that the edit is based on: read it again"
    )]
    Conflict {
        /// Layer.
        layer: LayerId,
        /// Feature.
        id: FeatureId,
        /// Revision that the editor had read.
        expected: Revision,
        /// Revision in which the feature was last changed.
        found: Revision,
    },
    /// An import gave the same id to several features.
    #[error(
        "{count} features of layer '{layer}' share an id with another one, the first is {first}"
    )]
    DuplicateIds {
        /// Layer.
        layer: LayerId,
        /// Number of features beyond the first of each id.
        count: usize,
        /// Least id that occurs twice.
        first: u64,
    },
    /// Fields or values that do not fit the layer.
    #[error("layer '{layer}': {reason}")]
    Schema {
        /// Layer.
        layer: LayerId,
        /// What does not fit.
        reason: String,
    },
    /// A feature that cannot be stored.
    #[error("feature {id} cannot be stored: {reason}")]
    BadFeature {
        /// Feature.
        id: FeatureId,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// More than one file or record can hold.
    #[error("{0}")]
    TooLarge(&'static str),
    /// Bytes on disk are not what was written.
    #[error("{} is damaged at byte {at}: {what}; run `onemap check`, and restore the file from a backup", path.display())]
    Damaged {
        /// File.
        path: PathBuf,
        /// Where in the file.
        at: u64,
        /// What is wrong there.
        what: String,
    },
    /// The catalogue's cache failed; it is rebuilt from the log when the store is next opened.
    #[error("the catalogue cache failed")]
    Cache(#[from] KvError),
}

impl StoreError {
    pub(crate) fn damaged(path: &Path, at: u64, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), at, what: what.into() }
    }
}

/// Says what was being done to which path when an I/O error occurred.
pub(crate) trait Doing<T> {
    fn doing(self, doing: &'static str, path: &Path) -> Result<T>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, doing: &'static str, path: &Path) -> Result<T> {
        self.map_err(|source| StoreError::Io { doing, path: path.to_owned(), source })
    }
}
