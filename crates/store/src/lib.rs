//! The store: the only code of onemap that touches the disk.
//!
//! A store is a folder. The *revision log* in it is the truth: append-only, chained, fsynced before a
//! change is acknowledged. *Segments* hold the bulk of each layer as FlatGeobuf files that QGIS opens,
//! memory-mapped and indexed. *Recent edits* lie over them in memory until a compaction folds them in. The
//! *catalogue* in sled is a cache; it, and every index, is made again when it is lost.
//!
//! The store can only be read through a [`View`]: a snapshot, and what of it one kind of viewer sees.
//! Readers are never blocked.
//!
//! ```
//! use onemap_model::{Feature, FeatureId, Field, FieldType, Geometry, Interval, Schema, State, Value, ViewSpec};
//! use onemap_store::{EncodedBatch, ImportMode, LayerMeta, LayerPlan, OpenMode, Query, Store};
//!
//! # let folder = tempfile::tempdir()?;
//! let store = Store::open(folder.path(), OpenMode::ReadWrite)?;
//! let tx = store.import("cli")?;
//! let mut wells = tx.layer(LayerPlan { id: "wells".parse()?, mode: ImportMode::Create })?;
//! let well = Feature {
//!     id: FeatureId::new(7)?,
//!     geometry: Some(Geometry::point([118.28, 33.96])),
//!     values: vec![Value::Text("井盖".into())],
//!     valid: Interval::ALWAYS,
//!     state: State::Existing,
//! };
//! wells.push(&EncodedBatch::encode(&[well])?)?; // encode on any thread, push in the source's order
//! let schema = Schema { fields: vec![Field::new("名称", FieldType::Text)] };
//! let wells = wells.finish(LayerMeta { schema, ..LayerMeta::default() })?;
//! tx.commit(vec![wells])?;
//!
//! let view = store.view(ViewSpec::default());
//! let wells = view.layer(&"wells".parse()?).unwrap();
//! assert_eq!(wells.count(&Query::default())?, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What this crate is not: it computes no tiles and transforms no coordinates; it trusts that shapes are
//! valid, in lon/lat, and have their ids. Decisions are told in `decisions/`.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod blobs;
mod book;
mod bulk;
mod cells;
mod change;
mod check;
mod compact;
mod edit;
mod error;
mod events;
mod files;
mod history;
pub mod kv;
mod log;
mod map;
mod mass;
mod overlay;
mod ruler;
mod segment;
mod spill;
mod state;
mod store;
mod timeline;
mod view;

pub use bulk::{
    BulkLayer, FinishedLayer, ImportCounts, ImportMode, ImportTx, LayerMeta, LayerPlan,
};
pub use cells::MAX_TILE_BUFFER;
pub use check::{CheckReport, Stats};
pub use compact::Forgotten;
pub use edit::{Edit, NewFeature};
pub use error::{Result, StoreError};
pub use events::ChangeEvent;
pub use mass::Mass;
pub use segment::{EncodedBatch, storable};
pub use store::{Cache, Committed, OpenMode, Store, StoreOptions};
pub use view::{Drawn, LayerView, Query, Slice, Snapshot, View};
