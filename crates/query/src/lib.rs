//! Questions about features: what is at a place, one feature in full; and features that clients send.
//!
//! Features in, answers out; no store and no HTTP here.
//!
//! ```
//! use onemap_model::Geometry;
//!
//! let street = Geometry::line(vec![[118.28, 33.96], [118.29, 33.96]]);
//! let metres = onemap_query::distance_m(&street, [118.285, 33.9601]);
//! assert!((metres - 11.1).abs() < 0.1);
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod distance;
mod draft;
mod geojson;

pub use distance::{degrees_around, distance_m};
pub use draft::{
    Deletion, Document, Draft, Fitted, Transaction, Unfit, read_document, read_draft,
    read_transaction,
};
pub use geojson::{feature, geometry};
