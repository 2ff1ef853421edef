//! Features in, Mapbox Vector Tiles out.
//!
//! At a layer's last zoom and beyond, one pass over the features writes the bytes of the tile: project,
//! clip, snap to the tile's grid, make valid, write. No feature is ever an object of its own; the
//! buffers between the steps belong to the encoder and are used again for the next one.
//!
//! Below the last zoom there are two phases, because what a border may lose depends on who else has it:
//! 1. `add` projects each shape, cuts it at the window (the tile and its buffer), snaps it to the world's
//!    grid of the zoom and appends it to a flat arena.
//! 2. `finish` looks at all of them: joins the features that belong together, finds the *nodes* where
//!    borders meet or part, simplifies each piece between two nodes, gives vertices back where borders
//!    would cross, and writes the features in the order they came.
//!
//! What shows at which zoom is decided before (the drop order of `onemap-generalise`); nothing is dropped
//! here to keep a size.
//!
//! ```
//! use onemap_model::{
//!     FeatureId, FeatureRef, Field, FieldType, Geometry, Interval, Schema, State, TileCoord, ValueRef,
//! };
//! use onemap_tiles_vector::{TileEncoder, TileOptions};
//!
//! let schema = Schema { fields: vec![Field::new("名称", FieldType::Text)] };
//! let shape = Geometry::point([118.28, 33.96]);
//! let tile = TileCoord::containing([118.28, 33.96], 14);
//!
//! let mut encoder = TileEncoder::new(tile, &TileOptions::default());
//! let mut layer = encoder.layer("poi", &schema, 14);
//! layer.add(&FeatureRef {
//!     id: FeatureId::new(7).unwrap(),
//!     geometry: Some(&shape),
//!     values: &[ValueRef::Text("宿迁站")],
//!     valid: Interval::ALWAYS,
//!     state: State::Existing,
//! });
//! layer.finish();
//! assert!(!encoder.finish().is_empty());
//! ```
//!
//! The format is the Mapbox Vector Tile Specification 2.1 ("MVT" in these pages); clauses are cited
//! where they decide. Decisions:
//! * Snapping to the grid can make a valid polygon cross itself. Whether it did is found out exactly on
//!   integers, in time that hardly grows faster than the vertices; only then the polygon is mended by
//!   a boolean operation on the same integers (`i_overlay`), so the result needs no second snapping.
//! * Clipping is Sutherland and Hodgman's. Where it leaves double edges along the border of the tile,
//!   the same test finds them and the same operation splits the polygon.
//! * A vertex is a node when the paths through it are not the paths along each of its edges. Between two
//!   nodes all shapes see the same vertices, and what is kept of a piece depends on them alone: parcels
//!   that share a border still do, to the unit, at every zoom. A junction that lies on a neighbour's
//!   straight edge is first made a vertex of it. Where simplifying makes borders cross, they get the
//!   vertices back; where snapping did, the edge is bent to the vertex (`part`, `bends`).
//! * Where a line crosses the tile's own edges it gets a vertex that stays, at a place computed in the
//!   world's coordinates. What a tile shows inside depends on nothing outside, and two tiles agree on
//!   every point of their common edge.
//! * A ring is given a smaller tolerance, or vertices back, until its area is right to a thirtieth: small
//!   houses keep their look, and the sum of many houses is right to less than a hundredth.
//! * Shapes too small to show are handed over as sums ([`Mass`]) and drawn as rectangles of whole units,
//!   whose area is right on average.
//! * A shape that is there but smaller than the grid becomes one unit wide (half a pixel below the
//!   layer's last zoom): what the drop order promised to show is never empty.

mod arena;
mod bends;
mod chain;
mod changed;
mod clip;
mod commands;
mod concat;
mod crossing;
mod dissolve;
mod draw;
mod encoder;
mod junctions;
mod least;
mod mass;
mod part;
mod project;
mod read;
mod repair;
mod settle;
mod shape;
mod sharing;
mod snap;
mod stage;
mod tables;
mod take;
mod trace;
mod values;
mod vertices;
mod wire;

pub use concat::{TileError, concat};
pub use encoder::{LayerEncoder, TileEncoder, TileOptions};
pub use mass::Mass;
pub use read::{
    Fault, ReadError, ReadFeature, ReadGeometry, ReadLayer, ReadTile, ReadValue, Rule, read,
};
