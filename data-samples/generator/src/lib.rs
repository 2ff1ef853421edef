//! The sample city: a made-up but believable Chinese city district near Suqian, grown from a seed.
//!
//! What a newcomer sees first when onemap starts is this city. It is built once as a [`City`], in
//! metres around a local origin, theme by theme, and then written in the formats that departments
//! really send:
//!
//! ```text
//! plan      the planner's intent: quarters, main grid, river (drawn by hand)
//! grid      the main streets and the ring
//! streets   streets that divide what lies between the main ones           -> graph
//! blocks    faces of the graph: blocks, green strips, street land, lots
//! zoning    the use of each lot, today and in the plan                    -> landuse
//! buildings what stands on each lot
//! roads, districts, nature, places, furniture, terrain, trees             themes of their own
//! landmarks buildings made by rule for the civic square, with walls, windows and pictures
//! underground  pipes and cables below the streets of the centre
//! write     one writer for each format
//! ```
//!
//! Three decisions:
//!
//! - **The same bytes everywhere.** One small random generator of our own, a stream of it for each theme
//!   and thing (so that a change in one place leaves the rest alone), `libm` for every function that is
//!   not exact, no hash maps, no clock, vertices on whole centimetres. A test compares the committed
//!   files byte for byte.
//! - **Our own projection.** [`gk::GaussKruger`] is checked against PROJ but does not use it, since PROJ's
//!   last digits differ between versions.
//! - **Streets first.** Everything else fills the faces of one planar street graph, so borders are shared
//!   and buildings cannot stand on a street or in the river.
//!
//! ```
//! use onemap_sample_city::{City, SEED};
//!
//! let city = City::build(SEED);
//! let river = city.network.river.center[0];
//! assert!(city.terrain.z(river) < city.terrain.water_level(river));
//! ```

#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod blocks;
pub mod buildings;
mod city;
pub mod districts;
pub mod furniture;
pub mod geom;
pub mod gk;
pub mod graph;
mod grid;
pub mod landmarks;
pub mod landuse;
pub mod names;
pub mod nature;
pub mod places;
pub mod plan;
pub mod rng;
pub mod roads;
pub mod shape;
pub mod streets;
pub mod terrain;
pub mod trees;
pub mod underground;
pub mod write;
pub mod zoning;

pub use city::City;
pub use plan::SEED;
