//! The sink that readers push into: collects records into chunks for the workers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crossbeam_channel::Sender;
use onemap_model::{
    Bounds, Field, LayerSlot, Note, Record, Reject, Schema, Sink, SourceId, SourceLayer, Stopped,
};
use rustc_hash::FxHashSet;

use crate::error::IngestError;
use crate::ids::{IdRule, Ids};
use crate::import::{Position, Progress};
use crate::options::Options;
use crate::place::Place;
use crate::report::NamedReject;
use crate::rules::{Rules, no_field};
use crate::worker::{Chunk, Way};

/// Records in a chunk.
const CHUNK_RECORDS: usize = 512;
/// Vertices that fill a chunk before its records do.
const CHUNK_VERTICES: usize = 1 << 16;
/// Field that keeps a text id which the source holds outside its fields.
const SOURCE_ID_FIELD: &str = "source_id";

/// A layer while it is read.
pub(crate) struct Slot {
    pub(crate) source: SourceLayer,
    pub(crate) source_name: String,
    pub(crate) schema: Schema,
    pub(crate) notes: Vec<Note>,
    pub(crate) way: Option<Arc<Way>>,
    pub(crate) read: u64,
    ids: Option<Ids>,
    taken: FxHashSet<u64>,
    id_at: Option<usize>,
    records: Vec<(onemap_model::FeatureId, Record)>,
    rejects: Vec<NamedReject>,
    vertices: usize,
}

/// The sink.
pub(crate) struct Intake<'a> {
    pub(crate) slots: Vec<Slot>,
    pub(crate) notes: Vec<Note>,
    pub(crate) failure: Option<IngestError>,
    options: &'a Options,
    source_name: String,
    chunks: Sender<Chunk>,
    sequence: u64,
    stop: &'a AtomicBool,
    progress: &'a dyn Progress,
    started: Instant,
    records: u64,
    /// Ids that are in the layer already, for its first slot.
    existing: FxHashSet<u64>,
}

impl<'a> Intake<'a> {
    /// Makes a sink that sends chunks to the workers.
    pub(crate) fn new(
        options: &'a Options,
        chunks: Sender<Chunk>,
        stop: &'a AtomicBool,
        progress: &'a dyn Progress,
        existing: FxHashSet<u64>,
    ) -> Self {
        Self {
            slots: Vec::new(),
            notes: Vec::new(),
            failure: None,
            options,
            source_name: String::new(),
            chunks,
            sequence: 0,
            stop,
            progress,
            started: Instant::now(),
            records: 0,
            existing,
        }
    }

    /// Begins another source.
    pub(crate) fn begin(&mut self, source_name: &str) {
        source_name.clone_into(&mut self.source_name);
    }

    /// Sends what is left, and notes what only shows at the end.
    pub(crate) fn finish(&mut self) -> Result<(), Stopped> {
        for i in 0..self.slots.len() {
            self.flush(i)?;
            let slot = &mut self.slots[i];
            if slot.way.is_none() {
                // Not one record: the CRS and rules are still to be checked.
                self.way(i)?;
            }
            let slot = &mut self.slots[i];
            let repeated = slot.ids.as_ref().map_or(0, Ids::repeated);
            if repeated > 0 {
                slot.notes.push(Note::warning(format!(
                    "{repeated} records had an id that an earlier one used; they got another (name a unique field with --id-field)"
                )));
            }
        }
        Ok(())
    }

    fn fail(&mut self, error: IngestError) -> Stopped {
        self.failure.get_or_insert(error);
        Stopped
    }

    fn take(&mut self, slot_at: usize, mut record: Record) -> Result<(), Stopped> {
        let Some(slot) = self.slots.get_mut(slot_at) else { return Err(Stopped) };
        slot.read += 1;
        self.records += 1;
        if let Some(SourceId::Text(text)) = &record.id {
            let text = text.clone();
            let at = match slot.id_at {
                Some(at) => at,
                None => *slot.id_at.insert(keep_source_id(&mut slot.schema)),
            };
            if record.values.len() <= at {
                record.values.resize(at + 1, onemap_model::Value::Null);
            }
            record.values[at] = onemap_model::Value::Text(text);
        }
        if slot.ids.is_none() {
            match id_rule(slot, self.options) {
                Ok(rule) => slot.ids = Some(Ids::new(rule, std::mem::take(&mut slot.taken))),
                Err(error) => return Err(self.fail(error)),
            }
        }
        let Some(ids) = &mut slot.ids else { return Err(Stopped) };
        match ids.of(&record) {
            Ok(id) => {
                slot.vertices += record.geometry.as_ref().map_or(0, onemap_model::Geometry::vertex_count);
                slot.records.push((id, record));
            }
            Err(reason) => slot.rejects.push(NamedReject {
                record: record.number,
                id: record.id.map(|id| id.to_string()),
                reason,
            }),
        }
        self.flush_if_full(slot_at)
    }

    fn flush_if_full(&mut self, slot_at: usize) -> Result<(), Stopped> {
        let Some(slot) = self.slots.get(slot_at) else { return Err(Stopped) };
        let count = slot.records.len() + slot.rejects.len();
        if count >= CHUNK_RECORDS || slot.vertices >= CHUNK_VERTICES {
            self.flush(slot_at)?;
        }
        Ok(())
    }

    fn flush(&mut self, slot_at: usize) -> Result<(), Stopped> {
        let slot = &self.slots[slot_at];
        if slot.records.is_empty() && slot.rejects.is_empty() {
            return Ok(());
        }
        let way = self.way(slot_at)?;
        let slot = &mut self.slots[slot_at];
        let chunk = Chunk {
            slot: slot_at,
            sequence: self.sequence,
            records: std::mem::take(&mut slot.records),
            rejects: std::mem::take(&mut slot.rejects),
            way,
        };
        slot.vertices = 0;
        self.sequence += 1;
        self.chunks.send(chunk).map_err(|_| Stopped)
    }

    /// Returns what the layer's records go through, deciding it at the first chunk.
    fn way(&mut self, slot_at: usize) -> Result<Arc<Way>, Stopped> {
        let slot = &mut self.slots[slot_at];
        if let Some(way) = &slot.way {
            return Ok(Arc::clone(way));
        }
        let shapes = slot.records.iter().filter_map(|(_, record)| record.geometry.as_ref());
        let first = shapes.filter_map(onemap_model::Geometry::bounds).reduce(Bounds::union);
        let place =
            Place::decide(&slot.source, &slot.source_name, self.options, first, &mut slot.notes);
        let way = place.and_then(|place| {
            let rules = Rules::bind(self.options, &slot.schema, &slot.source_name)?;
            Ok(Arc::new(Way { place, rules }))
        });
        match way {
            Ok(way) => {
                slot.way = Some(Arc::clone(&way));
                Ok(way)
            }
            Err(error) => Err(self.fail(error)),
        }
    }
}

fn id_rule(slot: &Slot, options: &Options) -> Result<IdRule, IngestError> {
    match (&options.id_field, &slot.source.id_field) {
        (Some(field), _) => match slot.schema.position(field) {
            Some(at) => Ok(IdRule::Field(at)),
            None => Err(no_field(&slot.schema, &slot.source_name, field, "--id-field")),
        },
        (None, Some(field)) => Ok(slot.schema.position(field).map_or(IdRule::Source, IdRule::Field)),
        (None, None) => Ok(IdRule::Source),
    }
}

/// Adds a field for ids that stand outside the source's fields.
fn keep_source_id(schema: &mut Schema) -> usize {
    let mut name = SOURCE_ID_FIELD.to_owned();
    while schema.position(&name).is_some() {
        name.push('_');
    }
    schema.fields.push(Field::new(name, onemap_model::FieldType::Text));
    schema.fields.len() - 1
}

impl Sink for Intake<'_> {
    fn layer(&mut self, layer: SourceLayer) -> Result<LayerSlot, Stopped> {
        let mut schema = Schema::default();
        for field in &layer.fields {
            add_field(&mut schema, field.clone());
        }
        let existing = if self.slots.is_empty() { std::mem::take(&mut self.existing) } else { FxHashSet::default() };
        self.slots.push(Slot {
            source: layer,
            source_name: self.source_name.clone(),
            schema,
            notes: Vec::new(),
            way: None,
            read: 0,
            ids: None,
            taken: existing,
            id_at: None,
            records: Vec::new(),
            rejects: Vec::new(),
            vertices: 0,
        });
        Ok(LayerSlot(self.slots.len() - 1))
    }

    fn field(&mut self, layer: LayerSlot, field: Field) -> Result<usize, Stopped> {
        let slot = self.slots.get_mut(layer.0).ok_or(Stopped)?;
        Ok(add_field(&mut slot.schema, field))
    }

    fn record(&mut self, layer: LayerSlot, record: Record) -> Result<(), Stopped> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(Stopped);
        }
        self.take(layer.0, record)
    }

    fn reject(&mut self, layer: LayerSlot, reject: Reject) -> Result<(), Stopped> {
        let slot = self.slots.get_mut(layer.0).ok_or(Stopped)?;
        slot.read += 1;
        slot.rejects.push(NamedReject { record: reject.number, id: reject.id, reason: reject.reason });
        self.flush_if_full(layer.0)
    }

    fn note(&mut self, layer: Option<LayerSlot>, note: Note) {
        match layer.and_then(|layer| self.slots.get_mut(layer.0)) {
            Some(slot) => slot.notes.push(note),
            None => self.notes.push(note),
        }
    }

    fn progress(&mut self, done_bytes: u64, total_bytes: u64) {
        self.progress.update(&Position {
            stage: "reading",
            source: &self.source_name,
            done_bytes,
            total_bytes,
            features: self.records,
            elapsed: self.started.elapsed(),
        });
    }
}

/// Finds or adds a field; a known one is promoted.
pub(crate) fn add_field(schema: &mut Schema, field: Field) -> usize {
    if let Some(at) = schema.position(&field.name) {
        let known = &mut schema.fields[at];
        known.kind = known.kind.promote(field.kind);
        return at;
    }
    schema.fields.push(field);
    schema.fields.len() - 1
}
