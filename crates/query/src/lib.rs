//! Questions about features: what is at a place, and one feature in full.
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

mod distance;
mod geojson;

pub use distance::{degrees_around, distance_m};
pub use geojson::{feature, geometry};
