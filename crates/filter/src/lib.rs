//! Which features a reader asks for: OGC CQL2 (21-065r2) read, bound to a layer and answered.
//!
//! The expressions themselves are [`onemap_model::Filter`]; here they are read from text and JSON, written
//! as JSON, and asked of features. No store and no HTTP here.
//!
//! ```
//! use onemap_filter::{Bound, parse_text};
//! use onemap_model::{Feature, FeatureRef, Field, FieldType, Interval, Schema, State, Value};
//!
//! let filter = parse_text("层数 >= 10 AND CASEI(name) LIKE '%tower'")?;
//! let schema = Schema {
//!     fields: vec![Field::new("name", FieldType::Text), Field::new("层数", FieldType::Int)],
//! };
//! let bound = Bound::new(&filter, &schema)?;
//! let values = [Value::Text("Pearl TOWER".into()), Value::Int(14)];
//! let values = values.each_ref().map(Value::as_ref);
//! let tower = FeatureRef {
//!     id: 1.try_into()?,
//!     geometry: None,
//!     values: &values,
//!     valid: Interval::ALWAYS,
//!     state: State::Existing,
//! };
//! assert!(bound.matches(&tower));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Decisions:
//! * What is not known is neither true nor false (SQL's three values): a feature is shown only when the
//!   filter is true of it, so neither `floors > 3` nor `NOT floors > 3` shows one without floors.
//! * Names are looked up among the layer's fields first; then `id`, `state`, `_from` and `_to` (also `_id`,
//!   `_state`) mean the feature's own, and `geometry`, `geom`, `_geometry` or nothing its shape.
//! * Whatever can be found wrong without looking at a feature is an error of [`Bound::new`].
//! * Texts compare by Unicode code points, whole and floating-point numbers exactly, shapes in the plane of
//!   longitude and latitude.

mod bind;
mod bounds;
mod datum;
mod error;
mod eval;
mod fold;
mod json;
mod json_write;
mod lexer;
mod like;
mod limits;
mod literal;
mod spatial;
mod temporal;
mod text;

pub use bind::Bound;
pub use error::FilterError;
pub use json::parse_json;
pub use json_write::to_json;
pub use limits::{MAX_BYTES, MAX_LIST, MAX_NESTING};
pub use text::parse_text;
