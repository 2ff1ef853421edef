//! The sink that readers push into: opens layers, gives ids, collects records into chunks for the workers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crossbeam_channel::Sender;
use onemap_model::{
    BlobRef, Bounds, FeatureId, Field, FieldType, Finding, Interval, LayerId, LayerSlot, Note,
    Record, Reject, Schema, Sink, SourceId, SourceLayer, Stopped, Value,
};
use onemap_store::{BulkLayer, ImportMode, ImportTx, LayerPlan, Store};
use rustc_hash::FxHashSet;

use crate::comparison::{Against, Facing, Terms};
use crate::error::IngestError;
use crate::findings::{self, Findings};
use crate::ids::{IdRule, Ids};
use crate::import::{Position, Progress};
use crate::models;
use crate::options::{Mode, Options};
use crate::place::Place;
use crate::report::NamedReject;
use crate::rules::{Rules, no_field};
use crate::worker::{Chunk, FieldMap, Names, Way};

/// Records in a chunk.
const CHUNK_RECORDS: usize = 512;
/// Vertices that fill a chunk before its records do.
const CHUNK_VERTICES: usize = 1 << 16;
/// Field that keeps a text id which the source holds outside its fields.
pub(crate) const SOURCE_ID_FIELD: &str = "source_id";

/// The layers being filled, by slot: the reader claims ids in them, the collector pushes into them.
pub(crate) type Bulks = Mutex<Vec<BulkLayer>>;

/// A layer while it is read.
pub(crate) struct Slot {
    pub(crate) source: SourceLayer,
    pub(crate) source_name: String,
    pub(crate) notes: Vec<Note>,
    pub(crate) way: Option<Arc<Way>>,
    pub(crate) read: u64,
    pub(crate) findings: Findings,
    /// Whether it holds what the checks found in another.
    pub(crate) is_findings: bool,
    /// The layer that is stored, to be compared with.
    pub(crate) against: Option<Arc<Against>>,
    facing: Option<Arc<Facing>>,
    /// Ids of what the reader could not keep.
    refused: Vec<u64>,
    names: Names,
    fields: Fields,
    ids: Option<Ids>,
    /// The rules, bound at the first record.
    rules: Option<Rules>,
    source_id_at: Option<usize>,
    /// The field of the shapes in 3D, where there are such.
    model_at: Option<usize>,
    records: Vec<(FeatureId, Record)>,
    rejects: Vec<NamedReject>,
    vertices: usize,
}

impl Slot {
    /// Returns the fields of the layer as it will be.
    pub(crate) fn schema(&self) -> &Schema {
        self.fields.target.as_ref().map_or(&self.fields.source, |(schema, _)| schema)
    }

    /// Returns the ids that the source names, also of what can not be kept.
    pub(crate) fn named(&self) -> FxHashSet<u64> {
        let given = self.ids.as_ref().map(Ids::given).into_iter().flatten();
        given.chain(self.refused.iter().copied()).collect()
    }

    /// Returns the layer to compare with, and where the fields stand in it.
    fn facing(&mut self) -> Option<Arc<Facing>> {
        let against = self.against.as_ref()?;
        let schema = self.fields.target.as_ref().map_or(&self.fields.source, |(schema, _)| schema);
        match &self.facing {
            Some(facing) if facing.fits(schema) => Some(Arc::clone(facing)),
            _ => {
                let facing = Arc::new(Facing::new(Arc::clone(against), schema));
                Some(Arc::clone(self.facing.insert(facing)))
            }
        }
    }
}

/// The fields of a source, and where they stand in a layer that was there before.
struct Fields {
    source: Schema,
    target: Option<(Schema, Vec<usize>)>,
}

impl Fields {
    fn new(existing: Option<&Schema>) -> Self {
        Self {
            source: Schema::default(),
            target: existing.map(|schema| (schema.clone(), Vec::new())),
        }
    }

    /// Finds or adds a field; returns its position in the source.
    fn add(&mut self, field: Field) -> usize {
        if let Some((schema, map)) = &mut self.target {
            let known = self.source.position(&field.name).is_some();
            let at = add_field(schema, field.clone());
            if !known {
                map.push(at);
            }
        }
        add_field(&mut self.source, field)
    }

    fn map(&self) -> Option<FieldMap> {
        self.target.as_ref().map(|(_, map)| map.as_slice().into())
    }
}

/// What the sink works with.
pub(crate) struct Desk<'a> {
    pub(crate) options: &'a Options,
    /// The same for layers of findings: what the user said of the data is not said of them.
    pub(crate) of_findings: &'a Options,
    pub(crate) store: &'a Store,
    pub(crate) tx: &'a ImportTx,
    pub(crate) bulks: &'a Bulks,
    pub(crate) chunks: Sender<Chunk>,
    pub(crate) stop: &'a AtomicBool,
    pub(crate) progress: &'a dyn Progress,
    pub(crate) started: Instant,
}

impl<'a> Desk<'a> {
    fn options_of(&self, slot: &Slot) -> &'a Options {
        if slot.is_findings { self.of_findings } else { self.options }
    }
}

/// The sink.
pub(crate) struct Intake<'a> {
    pub(crate) slots: Vec<Slot>,
    pub(crate) notes: Vec<Note>,
    pub(crate) failure: Option<IngestError>,
    desk: Desk<'a>,
    source_name: String,
    sequence: u64,
    records: u64,
}

impl<'a> Intake<'a> {
    /// Makes a sink.
    pub(crate) fn new(desk: Desk<'a>) -> Self {
        Self {
            slots: Vec::new(),
            notes: Vec::new(),
            failure: None,
            desk,
            source_name: String::new(),
            sequence: 0,
            records: 0,
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
            // Without one record, the CRS and the rules are still to be checked.
            self.way(i)?;
            let slot = &mut self.slots[i];
            let repeated = slot.ids.as_ref().map_or(0, Ids::repeated);
            if repeated > 0 {
                slot.notes.push(Note::warning(format!(
                    "{repeated} records had an id that was used before; they got another (name a unique field with --id-field)"
                )));
            }
        }
        self.rename_first()?;
        self.emit_findings()
    }

    /// Puts what the checks found into layers of their own, beside those that it is about.
    fn emit_findings(&mut self) -> Result<(), Stopped> {
        let errors: u64 = self.slots.iter().map(|slot| slot.findings.errors).sum();
        let is_held = errors > 0 && !self.desk.options.accept;
        for i in 0..self.slots.len() {
            let slot = &self.slots[i];
            if slot.findings.list.is_empty() {
                continue;
            }
            let way = self.way(i)?;
            let mut found = std::mem::take(&mut self.slots[i].findings);
            found.place(&way.place);
            if !is_held {
                let bulks = self.desk.bulks.lock().unwrap_or_else(PoisonError::into_inner);
                let of = bulks.get(i).map(|bulk| bulk.id().clone());
                let known = bulks.get(i).and_then(BulkLayer::existing);
                let known = known.map(|layer| layer.title.clone());
                drop(bulks);
                let Some(of) = of else { continue };
                let source = &self.slots[i].source;
                let told = self.desk.options.title.clone().or(known);
                let title = told.or_else(|| source.title.clone());
                let layer = findings::layer(source, title.as_deref().unwrap_or(&source.name));
                let opened =
                    self.open_as(layer, &of.with_suffix(findings::SUFFIX), ImportMode::Replace);
                let slot = opened.map_err(|error| self.fail(error))?;
                self.slots[slot.0].is_findings = true;
                found.emit(self, slot)?;
                self.flush(slot.0)?;
                self.way(slot.0)?;
            }
            self.slots[i].findings = found;
        }
        Ok(())
    }

    /// Tells whether somebody else's failure ended the import.
    pub(crate) fn was_stopped(&self) -> bool {
        self.desk.stop.load(Ordering::Relaxed)
    }

    fn fail(&mut self, error: impl Into<IngestError>) -> Stopped {
        self.failure.get_or_insert(error.into());
        Stopped
    }

    /// Returns the id of the next layer: as told, with the layer's own name behind it from the second on;
    /// else the source's name, counted up where it is taken.
    fn layer_id(&self, name: &str) -> LayerId {
        let own = LayerId::from_any_name(name);
        match (&self.desk.options.layer, self.slots.is_empty()) {
            (Some(told), true) => told.clone(),
            (Some(told), false) => told.with_suffix(own.as_str()),
            (None, _) => own,
        }
    }

    /// When the source turns out to hold several layers, the first gets its own name behind the one told, as
    /// the others have.
    fn rename_first(&mut self) -> Result<(), Stopped> {
        let Some(told) = &self.desk.options.layer else { return Ok(()) };
        if self.slots.len() < 2 {
            return Ok(());
        }
        let own = LayerId::from_any_name(&self.slots[0].source.name);
        let id = told.with_suffix(own.as_str());
        let mut bulks = self.desk.bulks.lock().unwrap_or_else(PoisonError::into_inner);
        let renamed = bulks.first_mut().map_or(Ok(()), |bulk| bulk.rename(id));
        drop(bulks);
        renamed.map_err(|error| self.fail(error))
    }

    fn open(&mut self, source: SourceLayer) -> Result<LayerSlot, IngestError> {
        let wanted = self.layer_id(&source.name);
        let mode = match self.desk.options.mode {
            Mode::Create => ImportMode::Create,
            Mode::Append => ImportMode::Append,
            Mode::Replace => ImportMode::Replace,
            Mode::Upsert => ImportMode::Upsert,
        };
        self.open_as(source, &wanted, mode)
    }

    fn open_as(
        &mut self,
        source: SourceLayer,
        wanted: &LayerId,
        mode: ImportMode,
    ) -> Result<LayerSlot, IngestError> {
        let mut bulks = self.desk.bulks.lock().unwrap_or_else(PoisonError::into_inner);
        let mut id = wanted.clone();
        let mut number = 1;
        let bulk = loop {
            match self.desk.tx.layer(LayerPlan { id: id.clone(), mode }) {
                // Another layer of this very import has the name.
                Err(onemap_store::StoreError::Busy(_)) if number <= bulks.len() => {
                    number += 1;
                    id = wanted.with_suffix(&number.to_string());
                }
                other => break other?,
            }
        };
        let kept = matches!(mode, ImportMode::Append | ImportMode::Upsert);
        let existing = bulk.existing().filter(|_| kept);
        let mut fields = Fields::new(existing.map(|layer| &layer.schema));
        for field in &source.fields {
            fields.add(field.clone());
        }
        let against = self.against(&source, bulk.existing().map(|_| bulk.id()), mode);
        let model_at = source.has_models.then(|| fields.add(models::field(&fields.source)));
        let id = bulk.id().clone();
        bulks.push(bulk);
        drop(bulks);
        self.check_reviewed(&id)?;
        self.slots.push(Slot {
            names: Arc::new((self.source_name.clone(), source.name.clone())),
            source,
            source_name: self.source_name.clone(),
            notes: Vec::new(),
            way: None,
            read: 0,
            findings: Findings::default(),
            is_findings: false,
            against: against.map(Arc::new),
            facing: None,
            refused: Vec::new(),
            fields,
            ids: None,
            rules: None,
            source_id_at: None,
            model_at,
            records: Vec::new(),
            rejects: Vec::new(),
            vertices: 0,
        });
        Ok(LayerSlot(self.slots.len() - 1))
    }

    /// Returns the stored layer that a source is compared with; `None` where it makes a new layer, or where a
    /// replacement goes on without a review.
    fn against(
        &self,
        source: &SourceLayer,
        existing: Option<&LayerId>,
        mode: ImportMode,
    ) -> Option<Against> {
        let options = self.desk.options;
        let is_update = mode == ImportMode::Upsert;
        let is_reviewed = options.dry_run || source.is_network;
        if source.name == findings::SUFFIX
            || !(is_update || mode == ImportMode::Replace && is_reviewed)
        {
            return None;
        }
        let terms = Terms {
            is_network: source.is_network,
            is_update,
            id_field: options.id_field.clone().or_else(|| source.id_field.clone()),
            snap: options.snap,
        };
        Against::new(self.desk.store, existing?, terms)
    }

    /// Fails when the layer is not what the review saw.
    fn check_reviewed(&self, id: &LayerId) -> Result<(), IngestError> {
        let Some(then) = self.desk.options.reviewed.get(id) else { return Ok(()) };
        let view = self.desk.store.view(onemap_model::ViewSpec::default());
        let now = view.layer(id).map(|layer| layer.layer().revision.0);
        if now == *then {
            return Ok(());
        }
        let word = |revision: Option<u64>| match revision {
            Some(revision) => format!("revision {revision}"),
            None => "no layer".to_owned(),
        };
        let (layer, then, now) = (id.to_string(), word(*then), word(now));
        Err(IngestError::ChangedMeanwhile { layer, then, now })
    }

    fn take(&mut self, at: usize, mut record: Record) -> Result<(), IngestError> {
        let (desk, slot) = (&self.desk, &mut self.slots[at]);
        let options = desk.options_of(slot);
        slot.read += 1;
        self.records += 1;
        if let Some(SourceId::Text(text)) = &record.id {
            keep_source_id(slot, text.clone(), &mut record.values);
        }
        let ids = match &mut slot.ids {
            Some(ids) => ids,
            none => {
                let bulks = desk.bulks.lock().unwrap_or_else(PoisonError::into_inner);
                let first_free = bulks.get(at).map_or(Ok(0), BulkLayer::first_free_id)?;
                let rule = id_rule(&slot.fields.source, &slot.source, &slot.source_name, options)?;
                none.insert(Ids::new(rule, first_free.saturating_sub(1)))
            }
        };
        let rules = if let Some(rules) = &slot.rules {
            rules
        } else {
            let rules = Rules::bind(options, &slot.fields.source, &slot.source_name)?;
            slot.rules.insert(rules)
        };
        let from = rules.begin(&record.values);
        // Only when appending does the layer's own content limit the ids; else the set of `Ids` is enough.
        let appending = options.mode == Mode::Append;
        let mut failure = None;
        let id = ids.of(&record, from, &mut |id| {
            if !appending {
                return true;
            }
            let mut bulks = desk.bulks.lock().unwrap_or_else(PoisonError::into_inner);
            match bulks.get_mut(at).map(|bulk| bulk.claim_ids(&[(id, Interval { from, to: None })]))
            {
                Some(Ok(free)) => free == [true],
                Some(Err(error)) => {
                    failure = Some(error);
                    true
                }
                None => true,
            }
        });
        if let Some(error) = failure {
            return Err(error.into());
        }
        match id {
            Ok(id) => {
                let of_models = record.model.iter().flat_map(|model| &model.lods);
                slot.vertices += of_models.map(|lod| lod.mesh.positions.len()).sum::<usize>()
                    + record.geometry.as_ref().map_or(0, onemap_model::Geometry::vertex_count);
                slot.records.push((id, record));
            }
            Err(reason) => slot.rejects.push(NamedReject {
                record: record.number,
                id: record.id.map(|id| id.to_string()),
                reason,
            }),
        }
        Ok(())
    }

    fn flush_if_full(&mut self, at: usize) -> Result<(), Stopped> {
        let Some(slot) = self.slots.get(at) else { return Err(Stopped) };
        let count = slot.records.len() + slot.rejects.len();
        if count >= CHUNK_RECORDS || slot.vertices >= CHUNK_VERTICES {
            self.flush(at)?;
        }
        Ok(())
    }

    fn flush(&mut self, at: usize) -> Result<(), Stopped> {
        let slot = &self.slots[at];
        if slot.records.is_empty() && slot.rejects.is_empty() {
            return Ok(());
        }
        let way = self.way(at)?;
        let slot = &mut self.slots[at];
        let facing = slot.facing();
        let chunk = Chunk {
            slot: at,
            sequence: self.sequence,
            records: std::mem::take(&mut slot.records),
            rejects: std::mem::take(&mut slot.rejects),
            way,
            model_at: slot.model_at,
            fields: slot.fields.map(),
            names: Arc::clone(&slot.names),
            facing,
        };
        slot.vertices = 0;
        self.sequence += 1;
        self.desk.chunks.send(chunk).map_err(|_| Stopped)
    }

    /// Returns what the layer's records go through, deciding it at the first chunk.
    fn way(&mut self, at: usize) -> Result<Arc<Way>, Stopped> {
        let slot = &mut self.slots[at];
        if let Some(way) = &slot.way {
            return Ok(Arc::clone(way));
        }
        let first = slot.records.iter().filter_map(|(_, record)| models::extent(record));
        let first = first.reduce(Bounds::union);
        let options = self.desk.options_of(slot);
        let place = Place::decide(&slot.source, &slot.source_name, options, first, &mut slot.notes);
        let way = place.and_then(|place| {
            let rules = match slot.rules.clone() {
                Some(rules) => rules,
                None => Rules::bind(options, &slot.fields.source, &slot.source_name)?,
            };
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

fn id_rule(
    schema: &Schema,
    source: &SourceLayer,
    source_name: &str,
    options: &Options,
) -> Result<IdRule, IngestError> {
    match (&options.id_field, &source.id_field) {
        (Some(field), _) => match schema.position(field) {
            Some(at) => Ok(IdRule::Field(at)),
            None => Err(no_field(schema, source_name, field, "--id-field")),
        },
        (None, Some(field)) => Ok(schema.position(field).map_or(IdRule::Source, IdRule::Field)),
        (None, None) => Ok(IdRule::Source),
    }
}

/// Puts a text id that stands outside the source's fields into one of its own.
fn keep_source_id(slot: &mut Slot, id: String, values: &mut Vec<Value>) {
    let at = if let Some(at) = slot.source_id_at {
        at
    } else {
        let mut name = SOURCE_ID_FIELD.to_owned();
        while slot.fields.source.position(&name).is_some() {
            name.push('_');
        }
        let at = slot.fields.add(Field::new(name, FieldType::Text));
        *slot.source_id_at.insert(at)
    };
    if values.len() <= at {
        values.resize(at + 1, Value::Null);
    }
    values[at] = Value::Text(id);
}

impl Sink for Intake<'_> {
    fn layer(&mut self, layer: SourceLayer) -> Result<LayerSlot, Stopped> {
        self.open(layer).map_err(|error| self.fail(error))
    }

    fn field(&mut self, layer: LayerSlot, field: Field) -> Result<usize, Stopped> {
        let slot = self.slots.get_mut(layer.0).ok_or(Stopped)?;
        Ok(slot.fields.add(field))
    }

    fn record(&mut self, layer: LayerSlot, record: Record) -> Result<(), Stopped> {
        if self.desk.stop.load(Ordering::Relaxed) || layer.0 >= self.slots.len() {
            return Err(Stopped);
        }
        self.take(layer.0, record).map_err(|error| self.fail(error))?;
        self.flush_if_full(layer.0)
    }

    fn reject(&mut self, layer: LayerSlot, reject: Reject) -> Result<(), Stopped> {
        let slot = self.slots.get_mut(layer.0).ok_or(Stopped)?;
        slot.read += 1;
        let refused = reject.id.clone().map(SourceId::Text);
        slot.refused.extend(refused.map(|id| FeatureId::from_source(&id).get()));
        slot.rejects.push(NamedReject {
            record: reject.number,
            id: reject.id,
            reason: reject.reason,
        });
        self.flush_if_full(layer.0)
    }

    fn finding(&mut self, layer: LayerSlot, finding: Finding) -> Result<(), Stopped> {
        self.slots.get_mut(layer.0).ok_or(Stopped)?.findings.add(finding);
        Ok(())
    }

    fn note(&mut self, layer: Option<LayerSlot>, note: Note) {
        match layer.and_then(|layer| self.slots.get_mut(layer.0)) {
            Some(slot) => slot.notes.push(note),
            None => self.notes.push(note),
        }
    }

    fn blob(&mut self, bytes: &[u8]) -> Result<BlobRef, Stopped> {
        self.desk.tx.put_blob_bytes(bytes).map_err(|error| self.fail(error))
    }

    fn progress(&mut self, done_bytes: u64, total_bytes: u64) {
        self.desk.progress.update(&Position {
            stage: "reading",
            source: &self.source_name,
            done_bytes,
            total_bytes,
            features: self.records,
            elapsed: self.desk.started.elapsed(),
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
