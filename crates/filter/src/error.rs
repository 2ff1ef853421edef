//! Why a filter was refused.

/// A filter that can not be read, or not be asked of a layer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// The text is not CQL2.
    #[error("filter is malformed at character {at}: expected {expected}, found {found}")]
    Text {
        /// Where, counted in characters from 1.
        at: usize,
        /// What could stand there.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// The JSON is not CQL2.
    #[error("filter is malformed at {path}: expected {expected}, found {found}")]
    Json {
        /// Where, as a JSON pointer; `/` is the whole.
        path: String,
        /// What could stand there.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// A limit of this crate is passed.
    #[error("filter is too large: {what} must not pass {limit}; ask for less at once")]
    Limit {
        /// What is too large.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The layer has no such field.
    #[error("filter names a field '{name}' that the layer does not have; it has: {known}")]
    Unknown {
        /// The name as given.
        name: String,
        /// What could be named.
        known: String,
    },
    /// Values of different kinds meet, or an operator meets a kind that it is not made for.
    #[error("filter can not be answered: {0}")]
    Kind(String),
}

/// Shortens what a user wrote for an error's text.
pub(crate) fn shown(text: &str) -> String {
    const MOST: usize = 40;
    let mut chars = text.chars();
    let mut out: String = chars.by_ref().take(MOST).collect();
    if chars.next().is_some() {
        out.push('…');
    }
    out
}
