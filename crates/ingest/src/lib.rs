//! From an importer's records to a revision of the store.
//!
//! Readers push records into a [`Sink`](onemap_model::Sink); here they get their coordinates transformed,
//! their shapes put in order, their ids, times and states, and go to the store in batches. Everything
//! that was assumed, repaired or refused is in the [`Report`].
//!
//! ```text
//! reader ──chunks──▶ workers (transform, repair, encode) ──in order──▶ store
//! ```
//!
//! Decisions:
//! * An import is one revision, with all layers of all its sources, or nothing.
//! * The reader runs on the caller's thread, one chunk of records is in the hands of each worker, and
//!   the channels between hold a few: memory does not grow with the file.
//! * Chunks come back in the order they were read in, so the same file gives the same bytes at any
//!   number of threads.

mod comparison;
mod error;
mod findings;
mod ids;
mod import;
mod inspect;
mod intake;
mod models;
mod options;
mod outline;
mod place;
mod rejects;
mod repair;
mod report;
mod rules;
mod simple;
mod taken;
mod worker;

pub use comparison::{
    Change, ChangeKind, Comparison, FieldChange, Remove, changes_text, write_changes,
};
pub use error::{BoxError, IngestError};
pub use findings::{Findings, PlacedFinding, SUFFIX as FINDINGS, findings_text, write_findings};
pub use import::{Input, Position, Progress, ReadFn, import};
pub use inspect::{Inspected, inspect};
pub use options::{FieldTitle, Mode, Options, StateRule, TimeRule};
pub use repair::mend as repair;
pub use report::{LayerReport, NamedReject, Report};
