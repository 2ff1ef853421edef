//! Why a source can not be read.

use std::path::Path;

use onemap_model::Stopped;

/// Where content comes from, as messages and readers have to know it.
pub trait Origin {
    /// Returns what the user typed, and the entry within a folder or zip.
    fn name(&self) -> &str;
    /// Returns the name of the format that it is read as.
    fn format_name(&self) -> &'static str;
    /// Returns the file to read.
    fn path(&self) -> &Path;
    /// Tells whether the file is gzipped.
    fn is_gzipped(&self) -> bool;
}

/// A source that can not be read as a whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file could not be opened or read.
    #[error("can not read '{source_name}': {source}")]
    Io {
        /// What the user named.
        source_name: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The content is of no known format.
    #[error("'{source_name}' is of no known format: {reason}; {remedy}")]
    Unknown {
        /// What the user named.
        source_name: String,
        /// What was seen.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// The format is known, the content is broken.
    #[error("'{source_name}' is a broken {format} file: {reason}{}{}; {remedy}", at.as_deref().map(|_| " at ").unwrap_or_default(), at.as_deref().unwrap_or_default())]
    Broken {
        /// What the user named.
        source_name: String,
        /// The format it was read as.
        format: &'static str,
        /// Where: a line, record or byte.
        at: Option<String>,
        /// What is wrong.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// The content is of a known format, but of a variant that is not read, or lacks what is needed.
    #[error("'{source_name}' can not be imported: {reason}; {remedy}")]
    Unsupported {
        /// What the user named.
        source_name: String,
        /// What is missing or not supported.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// The sink wants no more.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl Error {
    /// Makes the error of a file that could not be read, before it is known what it is.
    pub fn unread(name: &str, error: std::io::Error) -> Self {
        Self::Io { source_name: name.to_owned(), source: error }
    }

    /// Makes the error of what is of no known format.
    pub fn unknown(name: &str, reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Unknown { source_name: name.to_owned(), reason: reason.into(), remedy: remedy.into() }
    }

    /// Makes an I/O error.
    pub fn io(source: &dyn Origin, error: std::io::Error) -> Self {
        Self::unread(source.name(), error)
    }

    /// Makes an error of broken content.
    pub fn broken(
        source: &dyn Origin,
        at: Option<String>,
        reason: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::Broken {
            source_name: source.name().to_owned(),
            format: source.format_name(),
            at,
            reason: reason.into(),
            remedy: remedy.into(),
        }
    }

    /// Makes an error of content that is not supported or lacks something.
    pub fn unsupported(
        source: &dyn Origin,
        reason: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::Unsupported {
            source_name: source.name().to_owned(),
            reason: reason.into(),
            remedy: remedy.into(),
        }
    }

    /// Makes the error of a stream that could not be read on: damaged content where the error says so.
    pub fn read_failed(source: &dyn Origin, at: Option<String>, error: std::io::Error) -> Self {
        use std::io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
        if matches!(error.get_ref(), Some(inner) if inner.is::<onemap_bounded::Error>()) {
            return Self::bounded(source, at, error.into());
        }
        match error.kind() {
            InvalidData | InvalidInput | UnexpectedEof => {
                let what = if source.is_gzipped() {
                    "the gzip stream is cut off or damaged"
                } else {
                    "the data is cut off"
                };
                Self::broken(source, at, format!("{what} ({error})"), "get the file again")
            }
            _ => Self::io(source, error),
        }
    }

    /// Makes the error of content that a guard refused.
    pub fn bounded(source: &dyn Origin, at: Option<String>, error: onemap_bounded::Error) -> Self {
        match error {
            onemap_bounded::Error::Io(inner) => Self::read_failed(source, at, inner),
            onemap_bounded::Error::Unsupported { what, detail } => {
                Self::unsupported(source, format!("{what} is not supported"), detail)
            }
            other => Self::broken(source, at, other.to_string(), "get the file again or repair it"),
        }
    }
}
