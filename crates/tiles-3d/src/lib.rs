//! Features in, binary glTF out: the content of 3D tiles.
//!
//! [`item`] tells the tile tree of a feature, [`draw_leaf`] and [`draw_far`] draw a node's features into a [`TileContent`], whose
//! [`finish`](TileContent::finish) writes the file. How features become solid is a [`SolidRule`]'s: a footprint
//! is raised by its layer's fields, a shape of its own is taken as it is, a point gets a symbol. A network's links become
//! tubes and its nodes simple shapes, by a [`PipeRule`].
//!
//! Decisions:
//! * A tile's frame is metres east, north and up of its cell's middle; everything is computed in double precision in it, and
//!   rounded to an eighth of a millimetre last. Quantised to 16 bits, a tile of 300 m would be off by centimetres: so
//!   positions are floats whose mantissas EXT_meshopt_compression packs (filter `EXPONENTIAL`), as 24-bit numbers.
//! * One property table a file, one row a feature: clients know no more. It is not packed, since some would
//!   not find it then.
//! * The writer knows vertices, pictures and rows, nothing of cities; the JSON is written with `serde_json`, because most
//!   of it is extensions.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod atlas;
mod batch;
mod binary;
mod clip;
mod color;
mod content;
mod device;
mod estimate;
mod gltf;
mod images;
mod lines;
mod node;
mod outline;
mod pipe;
mod raise;
mod roof;
mod rule;
mod shape;
mod simplify;
mod table;
mod tree;
mod tube;

pub use content::{Detail, Encoding, Prism, TileContent};
pub use node::{draw_cut, draw_far, draw_leaf, item, with_ref};
pub use pipe::{DeviceParams, PipeParams, PipeRule, PipeSection, PipeShape, WallRule};
pub use rule::{Ellipsoid, Ground, RoofShape, SolidParams, SolidRule, Symbol};
