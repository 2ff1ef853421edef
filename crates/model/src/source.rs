//! What an importer says while it reads a source: layers, records, rejects, notes.
//!
//! A reader pushes into a [`Sink`] and knows nothing of storage. Every record that it meets in the
//! source becomes exactly one call of [`Sink::record`] or [`Sink::reject`], so that the counts add up.

use serde::{Deserialize, Serialize};

use crate::{BlobRef, Field, Geometry, Model, SourceId, Value};

/// Order of the axes in the coordinates that a reader emits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AxisOrder {
    /// x is longitude or easting, y latitude or northing, whatever the CRS's authority says:
    /// shapefiles, GeoJSON, GeoPackage, most GIS files.
    #[default]
    EastNorth,
    /// x is latitude or northing: Chinese survey tables.
    NorthEast,
}

/// A layer as found in a source.
#[derive(Debug, Clone, Default)]
pub struct SourceLayer {
    /// Name in the source (file stem, table name), in any script.
    pub name: String,
    /// Name of the format, for the report, such as `Shapefile` or `GeoPackage`.
    pub format: &'static str,
    /// CRS as the source states it (code, WKT, PROJ string); `None` where it states none.
    pub crs: Option<String>,
    /// CRS that the format prescribes when none is stated (GeoJSON: `OGC:CRS84`).
    pub default_crs: Option<&'static str>,
    /// Order of the axes in the coordinates emitted.
    pub axis_order: AxisOrder,
    /// Fields known before the first record; more may come by [`Sink::field`].
    pub fields: Vec<Field>,
    /// Records that the source claims to hold, for progress only.
    pub expected: Option<u64>,
    /// Field that holds the source's own id, if the format says so.
    pub id_field: Option<String>,
    /// Title for people, if the source has one besides the name.
    pub title: Option<String>,
    /// Whether records may come with shapes in 3D.
    pub has_models: bool,
    /// Whether the layer is a pipe network, with fields by the names of [`crate::network_field`].
    pub is_network: bool,
}

/// A layer that a sink has accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LayerSlot(pub usize);

/// One record, as read.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// Number in the source, from 1, for messages.
    pub number: u64,
    /// What the source calls it, where the format has such a thing.
    pub id: Option<SourceId>,
    /// Shape in the source's CRS; `None` where the record has none.
    pub geometry: Option<Geometry>,
    /// Shapes in 3D in the source's CRS, in a layer with [`SourceLayer::has_models`]. Where there is no `geometry`,
    /// the footprint is made from them.
    pub model: Option<Box<Model>>,
    /// Values in the order of the layer's fields; missing ones at the end are null.
    pub values: Vec<Value>,
    /// What the reader had to change to understand it, such as `curve made into line segments`.
    pub repairs: Vec<&'static str>,
}

/// A record that can not be kept, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Number in the source, from 1.
    pub number: u64,
    /// What the source calls it, if known.
    pub id: Option<String>,
    /// Reason, and what to do about it.
    pub reason: String,
}

/// What kind of thing a note tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteKind {
    /// The reader chose one of several possible meanings: an encoding, a CRS, an axis order.
    Assumed,
    /// Something looks wrong, but was kept.
    Warning,
}

/// Something that the user should read in the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What it tells.
    pub kind: NoteKind,
    /// For people: what was assumed or looks wrong, and how to say otherwise.
    pub text: String,
}

impl Note {
    /// Makes a note of an assumption.
    pub fn assumed(text: impl Into<String>) -> Self {
        Self { kind: NoteKind::Assumed, text: text.into() }
    }

    /// Makes a warning.
    pub fn warning(text: impl Into<String>) -> Self {
        Self { kind: NoteKind::Warning, text: text.into() }
    }
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Looks wrong; kept as it is.
    Warning,
    /// Is wrong: the record can not be trusted, or was rejected.
    Error,
}

/// Something that a check of the data found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Code of the rule, such as `duplicate-point`.
    pub code: String,
    /// How much it matters.
    pub severity: Severity,
    /// The source's id of the feature, if it has one.
    pub feature: Option<String>,
    /// Sheet, table or section of the source.
    pub table: String,
    /// Number of the record or line in it, from 1; 0 where it is about the whole.
    pub record: u64,
    /// Where, in the source's CRS: easting or longitude first.
    pub at: Option<[f64; 2]>,
    /// What is wrong, with the values.
    pub text: String,
    /// What to do about it.
    pub remedy: String,
}

/// The sink wants no more: it failed or the user stopped it. The reader returns at once; the sink
/// knows the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the import was stopped")]
pub struct Stopped;

/// Where a reader puts what it finds. Records of several layers may come in any order.
pub trait Sink {
    /// Opens a layer.
    fn layer(&mut self, layer: SourceLayer) -> Result<LayerSlot, Stopped>;

    /// Adds a field to a layer, or finds it by name; returns its position among the values. A field
    /// met again with another type is promoted ([`crate::FieldType::promote`]).
    fn field(&mut self, layer: LayerSlot, field: Field) -> Result<usize, Stopped>;

    /// Takes a record.
    fn record(&mut self, layer: LayerSlot, record: Record) -> Result<(), Stopped>;

    /// Takes notice of a record that the reader could not understand.
    fn reject(&mut self, layer: LayerSlot, reject: Reject) -> Result<(), Stopped>;

    /// Takes a note, on a layer or on the source as a whole.
    fn note(&mut self, layer: Option<LayerSlot>, note: Note);

    /// Takes a finding of a check; the record itself goes to [`Sink::record`] or [`Sink::reject`] all the same.
    fn finding(&mut self, layer: LayerSlot, finding: Finding) -> Result<(), Stopped> {
        let _ = (layer, finding);
        Ok(())
    }

    /// Keeps a file that records refer to, such as a texture; the same bytes are kept once.
    fn blob(&mut self, bytes: &[u8]) -> Result<BlobRef, Stopped>;

    /// Tells how far the reader is, in bytes of the source.
    fn progress(&mut self, done_bytes: u64, total_bytes: u64);
}
