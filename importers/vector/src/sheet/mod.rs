//! Tables with rows and columns, whatever file they come from: finds the header, the types of the columns,
//! and where a row's place stands.
//!
//! A table is read twice. The first time [`Survey`] looks at every row, so that a column's type and the
//! range of its coordinates are known; the second time [`Table`] emits records.

mod angle;
mod emit;
mod infer;
mod place;
mod roles;
mod shape;
mod survey;

use onemap_model::Timestamp;

pub(crate) use emit::Table;
pub(crate) use infer::parse as parse_text;
pub(crate) use shape::looks_like_shape;
pub(crate) use survey::{Survey, Surveyed};

/// A cell as its file has it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Cell {
    /// Nothing.
    #[default]
    Empty,
    /// Text, which may read as a number or date.
    Text(String),
    /// A number; spreadsheets know no whole ones.
    Number(f64),
    /// A truth value.
    Bool(bool),
    /// A day.
    Date(Timestamp),
    /// An instant.
    DateTime(Timestamp),
}

impl Cell {
    /// Makes a cell of text.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() { Self::Empty } else { Self::Text(text) }
    }

    fn is_blank(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Text(text) => text.trim().is_empty(),
            _ => false,
        }
    }
}
