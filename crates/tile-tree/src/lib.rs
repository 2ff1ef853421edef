//! The quadtree of 3D tiles: which feature is in which tile, and what shows from afar.
//!
//! Cells are those of a fixed quadtree over longitude and latitude ([`GeoCell`](onemap_model::GeoCell)): an edit elsewhere
//! moves no tile. A feature belongs to the leaf that holds the middle of its box; a leaf is the greatest cell whose features
//! fit into one tile. Interior nodes show all their features, too, more coarsely: [`far`].
//!
//! A tree belongs to one view of a layer (time, states, filter) and is made from [`Item`]s in one pass; after an
//! edit [`TileTree::changed`] makes the next one without reading the features again: new are the leaves that it touched and
//! the nodes above them, all others are shared with the tree before.
//!
//! Decisions:
//! * A tile's volume is the true box of its features, which may reach beyond the cell: no feature is cut, and none has to
//!   stay in a coarse tile because it lies on a border.
//! * The geometric error of interior tiles depends on their level alone and halves with each; what a tile shows is chosen
//!   so that the error holds. Leaves have none.
//! * Everything is a function of the features: not of their order, nor of edits before, nor of threads.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod change;
mod error_metres;
mod far;
mod implicit;
mod item;
mod node;
mod places;
mod tileset;
mod tree;

pub use error_metres::{error_of_nothing, first_level, geometric_error};
pub use far::{Far, Prism, far};
pub use implicit::{Cut, Templates};
pub use item::Item;
pub use node::Node;
pub use tileset::{Links, Member, composite, tileset};
pub use tree::{Limits, TileTree, TreeBuilder, frame};
