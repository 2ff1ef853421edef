//! Questions to a network. Each is a plain struct that goes in and a plain struct that comes out.

mod age;
mod alternatives;
mod isolate;
mod outline;
mod path;
mod segments;
mod statistics;
mod trace;

pub use age::{AgeLevel, AgeReport, AgeRow, AgeRules};
pub use alternatives::{Alternative, Overlap};
pub use isolate::{IsolateQuery, Isolation, Part};
pub use path::{Connection, Path, PathLink, PathQuery};
pub use segments::Segment;
pub use statistics::{Group, GroupBy, LengthBy};
pub use trace::{Ambiguous, Trace, TraceDirection, TraceEnd, TraceQuery};

use onemap_model::FeatureId;
use thiserror::Error;

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// The feature is not in the network, or not in the view.
    #[error("feature {0} is not a node, link or valve of this network, as the view shows it")]
    Unknown(FeatureId),
    /// The question names no feature.
    #[error("no feature is named; name at least one pipe or node")]
    Nothing,
    /// A table of rules can not be read.
    #[error("line {line} of the table of service lives is not understood: {why}")]
    Table {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
}
