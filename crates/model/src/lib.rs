//! What the city is made of: layers, features, geometry, values, time and tiles' addresses.
//!
//! Every other crate speaks in these types. There is no I/O here, no coordinate transformation
//! and no storage: a value that exists was checked by its constructor, so nobody downstream has
//! to check it again.
//!
//! ```
//! use onemap_model::{Geometry, LayerId, State, Timestamp};
//!
//! let layer: LayerId = "buildings".parse()?;
//! let square = Geometry::polygon(vec![[118.0, 33.0], [118.1, 33.0], [118.1, 33.1], [118.0, 33.0]]);
//! assert_eq!(square.bounds().unwrap().west, 118.0);
//! let built: Timestamp = "2019-05-01".parse()?;
//! assert_eq!(State::from_name("现状"), Some(State::Existing));
//! # let _ = (layer, built);
//! # Ok::<(), onemap_model::ModelError>(())
//! ```
//!
//! Decisions:
//! * Coordinates are `[lon, lat]` in degrees (WGS 84 / CGCS2000, which agree to centimetres),
//!   heights metres; the CRS a file came in is a property of the layer.
//! * [`Geometry`] is flat (one coordinate array, one array of ring ends): it is what the segment
//!   format holds and what the tile encoder walks, so nothing is rebuilt on the way.
//! * A value belongs to a field by position, so a feature carries no names.

mod bounds;
mod display;
mod error;
mod feature;
mod filter;
mod geo_cell;
mod geometry;
mod id;
mod layer;
mod mesh;
mod mesh_bytes;
mod network;
mod solid;
mod source;
mod state;
mod tile;
mod time;
mod value;
mod view;

pub use bounds::Bounds;
pub use display::{Archive, BlobRef, Display, Importance, TilesetFiles};
pub use error::ModelError;
pub use feature::{Feature, FeatureRef};
pub use filter::{
    ArithmeticOp, CompareOp, Filter, Operand, Shape, SpatialOp, TemporalOp, TimeOperand,
};
pub use geo_cell::{GeoCell, morton};
pub use geometry::{Geometry, GeometryClass, GeometryKind};
pub use id::{FeatureId, LayerId, Revision, SourceId};
pub use layer::{Kind, Layer, Lineage};
pub use mesh::{AnchoredModel, Lod, Material, Mesh, Model, Patch, Surface, Texture, Wrap};
pub use mesh_bytes::{MAX_MODEL_REACH, ModelBytesError, ModelSummary};
pub use network::{Element, PIPE_SYSTEMS, PipeClass, PipeSystem, network_field};
pub use solid::Solid;
pub use source::{
    AxisOrder, Finding, LayerSlot, Note, NoteKind, Record, Reject, Severity, Sink, SourceLayer,
    Stopped,
};
pub use state::{State, StateSet};
pub use tile::{MAX_ZOOM, TileCoord};
pub use time::{Interval, Timestamp};
pub use value::{Field, FieldType, Schema, Value, ValueRef};
pub use view::{ViewId, ViewSpec, When};
