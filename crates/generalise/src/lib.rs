//! What to leave out at small scales: drop order, simplification, tolerances, sizes.
//!
//! Pure functions on the model's types. The drop order is computed once at import and says from
//! which zoom on each feature shows; the simplifier works on the grid of one zoom and is called by
//! the tile encoder. Neither cuts a tile off: a low zoom is small because its features were ranked
//! and its lines have fewer corners, and it is the same decision in every tile of a zoom, so no
//! seam shows.
//!
//! ```
//! use onemap_generalise::{DropItem, DropOptions, drop_order};
//! use onemap_model::{Bounds, Geometry, ValueRef};
//!
//! let layer = Bounds::new(118.0, 33.0, 119.0, 34.0).unwrap();
//! let items: Vec<DropItem> = (0..100)
//!     .map(|i| {
//!         let at = [118.0 + f64::from(i % 10) / 10.0, 33.0 + f64::from(i / 10) / 10.0];
//!         DropItem::new(&Geometry::point(at), [ValueRef::Text("井盖")], &layer)
//!     })
//!     .collect();
//! let order = drop_order(&items, &DropOptions::default());
//! assert_eq!(order.minzoom.iter().min(), Some(&0)); // something shows at zoom 0
//! assert!(order.minzoom.iter().all(|&z| z <= order.layer_maxzoom)); // and all of it in the end
//! ```
//!
//! Decisions:
//! * Rank is a 64-bit key of the feature alone ([`rank_key`]), and one threshold a zoom cuts the
//!   ranking. An edited feature finds its place without looking at the others ([`first_zoom`]).
//! * The budget is kept by estimate: bytes are counted in every tile of a zoom while the ranking is
//!   walked, nothing is encoded and tried again.
//! * Simplification is cut into pieces at anchors that the caller knows (where borders meet), and what
//!   is kept of a piece depends on its vertices alone, so two polygons that share a border simplify it
//!   alike, whichever way and from wherever each ring runs.
//! * Transcendental functions come from `libm`: the same input gives the same bytes on any machine.

mod drop_order;
mod hilbert;
mod importance;
mod joined;
mod label;
mod load;
mod mass;
mod measure;
mod rank;
mod ranking;
mod scale;
mod simplify;
mod thin;

pub use drop_order::{
    DropItem, DropItems, DropOptions, DropOrder, DropPlan, drop_order, drop_order_of, first_zoom,
    first_zooms,
};
pub use hilbert::{hilbert_index, hilbert_of};
pub use importance::{importance_of, usual_importance, usual_merge};
pub use joined::{JoinLine, join_lines};
pub use label::label_point;
pub use mass::{MassCell, MassEntry, MassFold, MassGrid, MassItem, MassSum, morton};
pub use measure::{
    BYTES_PER_VERTEX, EARTH_RADIUS_M, estimated_bytes, line_length_m, ring_area_m2, size,
};
pub use rank::rank_key;
pub use scale::{
    EXTENT, MAX_ZOOM_FULL, MIN_ZOOM_FULL, TOLERANCE_UNITS, metres_per_unit, visible_zoom, world32,
};
pub use simplify::{GridPoint, Simplifier, SimplifyRule, farthest_vertex};
