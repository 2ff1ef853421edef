//! Features in, Mapbox Vector Tiles out.
//!
//! One pass over the features writes the bytes of the tile: project, simplify, clip, snap to the tile's
//! grid, make valid, write. No feature is ever an object of its own; the buffers between the steps
//! belong to the encoder and are used again for the next one. What shows at which zoom is decided
//! before (the drop order of `onemap-generalise`); nothing is dropped here to keep a size.
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
//! * Below a layer's last zoom vertices are snapped to the world's grid and simplified before the
//!   clipping, so that two tiles and two neighbours see the same line.
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
