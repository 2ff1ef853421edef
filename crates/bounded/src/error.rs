//! What can be wrong with outside bytes.

use std::io;

/// The result of reading outside bytes.
pub type Result<T> = std::result::Result<T, Error>;

/// Why outside bytes were refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The data ends before the value that was announced.
    #[error(
        "{what} ends too early: {need} bytes needed at byte {offset}, {left} left; the file is cut off or damaged"
    )]
    Truncated {
        /// What was read.
        what: &'static str,
        /// Where the value would begin, in bytes from the start.
        offset: u64,
        /// How many bytes the value takes.
        need: u64,
        /// How many bytes are left.
        left: u64,
    },
    /// A count field announces more items than can stand in the bytes that are left.
    #[error(
        "{what} announces {count} items at byte {offset}, but only {left} bytes are left; the file is damaged or hostile"
    )]
    Count {
        /// What was read.
        what: &'static str,
        /// How many items were announced.
        count: u64,
        /// Where, in bytes from the start.
        offset: u64,
        /// How many bytes are left.
        left: u64,
    },
    /// A limit of [`crate::limits`] is passed.
    #[error(
        "{what} is larger than the limit of {limit} {unit}; split the file or check whether it is damaged"
    )]
    Limit {
        /// What is too large.
        what: &'static str,
        /// The limit.
        limit: u64,
        /// The limit's unit, in words.
        unit: &'static str,
    },
    /// The bytes are not what the format says.
    #[error("{what} is malformed at byte {offset}: {detail}")]
    Malformed {
        /// What was read.
        what: &'static str,
        /// Where, in bytes from the start.
        offset: u64,
        /// What is wrong.
        detail: String,
    },
    /// The format is known, this part of it is not read.
    #[error("{what} is not supported: {detail}")]
    Unsupported {
        /// What was read.
        what: &'static str,
        /// What is not supported, and the remedy.
        detail: String,
    },
    /// A zip archive that could harm the reader.
    #[error("zip entry {entry:?} is refused: {reason}")]
    Archive {
        /// The entry's name as decoded.
        entry: String,
        /// Why it is refused, and the remedy.
        reason: String,
    },
    /// The underlying reader failed.
    #[error("reading failed: {0}")]
    Io(#[source] io::Error),
}

impl Error {
    pub(crate) fn malformed(what: &'static str, offset: u64, detail: impl Into<String>) -> Self {
        Self::Malformed { what, offset, detail: detail.into() }
    }
}

impl From<io::Error> for Error {
    /// Takes back an error of ours that travelled through [`std::io::Read`].
    fn from(error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(own) => own,
            Err(other) => Self::Io(other),
        }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Io(inner) => inner,
            other => Self::new(io::ErrorKind::InvalidData, other),
        }
    }
}
