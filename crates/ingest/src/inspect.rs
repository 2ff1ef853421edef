//! What is in a source, without importing it.

use std::fmt;
use std::time::Instant;

use onemap_model::{
    BlobRef, Bounds, Field, GeometryClass, LayerSlot, Note, Record, Reject, Schema, Sink,
    SourceLayer, Stopped,
};
use serde::Serialize;

use crate::error::{BoxError, IngestError};
use crate::import::{Position, Progress};
use crate::intake::add_field;
use crate::models;

/// Values of a field shown as examples.
const EXAMPLES: usize = 3;
/// Length of an example, characters.
const EXAMPLE_LENGTH: usize = 24;

/// What is in a layer of a source.
#[derive(Debug, Clone, Serialize)]
pub struct Inspected {
    /// Source as the user named it.
    pub source: String,
    /// Name of the layer within it.
    pub layer: String,
    /// Format.
    pub format: String,
    /// CRS as the source states it, understood; `null` when it states none.
    pub crs: Option<String>,
    /// Records that can be read.
    pub records: u64,
    /// Records that can not.
    pub rejected: u64,
    /// What the shapes are.
    pub geometry: GeometryClass,
    /// Box of the coordinates in the source's CRS and axis order.
    pub extent: Option<[f64; 4]>,
    /// Fields with their types and some values.
    pub fields: Vec<InspectedField>,
    /// What was assumed (encoding, axis order), and what looks wrong.
    pub notes: Vec<String>,
}

/// A field of a source.
#[derive(Debug, Clone, Serialize)]
pub struct InspectedField {
    /// Name.
    pub name: String,
    /// Type.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Some of its values.
    pub examples: Vec<String>,
}

/// Reads a source to its end and tells what is in it.
///
/// # Errors
/// When the source can not be read.
pub fn inspect(
    name: &str,
    read: &mut dyn FnMut(&mut dyn Sink) -> Result<(), BoxError>,
    progress: &dyn Progress,
) -> Result<Vec<Inspected>, IngestError> {
    let mut counter = Counter {
        layers: Vec::new(),
        notes: Vec::new(),
        name: name.to_owned(),
        progress,
        started: Instant::now(),
    };
    read(&mut counter).map_err(IngestError::Reader)?;
    let notes = counter.notes;
    let mut layers: Vec<Inspected> =
        counter.layers.into_iter().map(|layer| layer.finish(name)).collect();
    if let Some(first) = layers.first_mut() {
        first.notes.extend(notes);
    }
    Ok(layers)
}

struct Counter<'a> {
    layers: Vec<Layer>,
    notes: Vec<String>,
    name: String,
    progress: &'a dyn Progress,
    started: Instant,
}

struct Layer {
    source: SourceLayer,
    schema: Schema,
    examples: Vec<Vec<String>>,
    records: u64,
    rejected: u64,
    geometry: GeometryClass,
    extent: Option<Bounds>,
    notes: Vec<String>,
}

impl Layer {
    fn finish(self, name: &str) -> Inspected {
        let mut examples = self.examples.into_iter();
        let stated = self.source.crs.as_deref().or(self.source.default_crs);
        let fields = self.schema.fields.into_iter().map(|field| InspectedField {
            name: field.name,
            kind: field.kind.name(),
            examples: examples.next().unwrap_or_default(),
        });
        Inspected {
            source: name.to_owned(),
            layer: self.source.name,
            format: self.source.format.to_owned(),
            crs: stated.map(|text| match onemap_crs::Crs::parse(text) {
                Ok(crs) => {
                    format!("{} {}", crs.code().unwrap_or_default(), crs.name()).trim().to_owned()
                }
                Err(_) => text.to_owned(),
            }),
            records: self.records,
            rejected: self.rejected,
            geometry: self.geometry,
            extent: self.extent.map(Bounds::to_array),
            fields: fields.collect(),
            notes: self.notes,
        }
    }
}

impl Sink for Counter<'_> {
    fn layer(&mut self, source: SourceLayer) -> Result<LayerSlot, Stopped> {
        let mut schema = Schema::default();
        for field in &source.fields {
            add_field(&mut schema, field.clone());
        }
        self.layers.push(Layer {
            source,
            schema,
            examples: Vec::new(),
            records: 0,
            rejected: 0,
            geometry: GeometryClass::None,
            extent: None,
            notes: Vec::new(),
        });
        Ok(LayerSlot(self.layers.len() - 1))
    }

    fn field(&mut self, layer: LayerSlot, field: Field) -> Result<usize, Stopped> {
        let layer = self.layers.get_mut(layer.0).ok_or(Stopped)?;
        Ok(add_field(&mut layer.schema, field))
    }

    fn record(&mut self, layer: LayerSlot, record: Record) -> Result<(), Stopped> {
        let layer = self.layers.get_mut(layer.0).ok_or(Stopped)?;
        layer.records += 1;
        if let Some(shape) = &record.geometry {
            layer.geometry = layer.geometry.union(shape.class());
        }
        let extent = models::extent(&record);
        layer.extent = layer.extent.into_iter().chain(extent).reduce(Bounds::union);
        if layer.examples.len() < record.values.len() {
            layer.examples.resize(record.values.len(), Vec::new());
        }
        for (examples, value) in layer.examples.iter_mut().zip(&record.values) {
            if examples.len() < EXAMPLES && !value.is_null() {
                let text: String =
                    value.as_ref().to_string().chars().take(EXAMPLE_LENGTH).collect();
                if !text.is_empty() && !examples.contains(&text) {
                    examples.push(text);
                }
            }
        }
        Ok(())
    }

    fn reject(&mut self, layer: LayerSlot, _: Reject) -> Result<(), Stopped> {
        self.layers.get_mut(layer.0).ok_or(Stopped)?.rejected += 1;
        Ok(())
    }

    fn note(&mut self, layer: Option<LayerSlot>, note: Note) {
        match layer.and_then(|layer| self.layers.get_mut(layer.0)) {
            Some(layer) => layer.notes.push(note.text),
            None => self.notes.push(note.text),
        }
    }

    fn blob(&mut self, bytes: &[u8]) -> Result<BlobRef, Stopped> {
        Ok(BlobRef { hash: String::new(), bytes: bytes.len() as u64 })
    }

    fn progress(&mut self, done_bytes: u64, total_bytes: u64) {
        self.progress.update(&Position {
            stage: "inspecting",
            source: &self.name,
            done_bytes,
            total_bytes,
            features: self.layers.iter().map(|layer| layer.records).sum(),
            elapsed: self.started.elapsed(),
        });
    }
}

impl fmt::Display for Inspected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.layer)?;
        let mut line = |name: &str, value: &dyn fmt::Display| writeln!(f, "  {name:<10} {value}");
        line("source", &format_args!("{} [{}]", self.source, self.format))?;
        line("crs", &self.crs.as_deref().unwrap_or("not stated: import with --crs"))?;
        line("records", &format_args!("{} readable, {} not", self.records, self.rejected))?;
        line("geometry", &format!("{:?}", self.geometry).to_lowercase())?;
        if let Some([w, s, e, n]) = self.extent {
            line("extent", &format_args!("x {w} to {e}, y {s} to {n}"))?;
        }
        for field in &self.fields {
            let examples = field.examples.join(" | ");
            line("field", &format_args!("{} ({}) {examples}", field.name, field.kind))?;
        }
        for note in &self.notes {
            line("note", note)?;
        }
        Ok(())
    }
}
