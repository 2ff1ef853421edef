//! An import from end to end: readers, workers, store, report.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use onemap_model::{Bounds, Display, Kind, Lineage, Note, Revision, Sink, Solid, Timestamp};
use onemap_store::{BulkLayer, LayerMeta, Store};

use crate::comparison::{self, Cover, Ledger};
use crate::error::{BoxError, IngestError};
use crate::intake::{Bulks, Desk, Intake, Slot};
use crate::options::{Mode, Options};
use crate::place::Place;
use crate::rejects::Rejects;
use crate::report::{LayerReport, Report};
use crate::worker::{Chunk, Ready, prepare};

/// A source to read.
pub struct Input<'a> {
    /// Name for messages and the catalogue.
    pub name: String,
    /// Reads it into a sink.
    pub read: ReadFn<'a>,
}

/// Reads a source into a sink.
pub type ReadFn<'a> = Box<dyn FnOnce(&mut dyn Sink) -> Result<(), BoxError> + 'a>;

/// How far an import is.
#[derive(Debug, Clone, Copy)]
pub struct Position<'a> {
    /// What is being done: `reading`, `storing`.
    pub stage: &'a str,
    /// The source.
    pub source: &'a str,
    /// Bytes of the source done.
    pub done_bytes: u64,
    /// Bytes of the source in all.
    pub total_bytes: u64,
    /// Records read so far.
    pub features: u64,
    /// Time since the begin.
    pub elapsed: Duration,
}

/// Shows how far an import is.
pub trait Progress: Sync {
    /// Is called often; shows at its own pace.
    fn update(&self, position: &Position<'_>);
}

/// Chunks waiting for each worker, and for the collector.
const QUEUE_PER_WORKER: usize = 2;

/// Imports sources as one revision.
///
/// # Errors
/// When a source can not be read, the CRS of a layer is not known, or not one record can be kept. The store
/// is then as it was.
pub fn import(
    store: &Store,
    inputs: Vec<Input<'_>>,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Report, IngestError> {
    let started = Instant::now();
    let tx = store.import(&options.actor)?;
    let bulks: Bulks = Mutex::default();
    let stop = AtomicBool::new(false);
    let workers = rayon::current_num_threads().max(1);
    let (to_workers, chunks) = bounded(QUEUE_PER_WORKER * workers);
    let (to_collector, ready) = bounded(QUEUE_PER_WORKER * workers);
    let collector = Collector {
        bulks: &bulks,
        reports: Vec::new(),
        ledgers: Vec::new(),
        rejects: Rejects::new(rejects_path(store, options)),
    };
    let of_findings = Options {
        department: options.department.clone(),
        group: options.group.clone(),
        ..Options::default()
    };
    let desk = Desk {
        options,
        of_findings: &of_findings,
        store,
        tx: &tx,
        bulks: &bulks,
        chunks: to_workers,
        stop: &stop,
        progress,
        started,
    };
    let sources: Vec<String> = inputs.iter().map(|input| input.name.clone()).collect();
    let (taken, collected) = std::thread::scope(|scope| {
        for _ in 0..workers {
            let (chunks, to_collector) = (chunks.clone(), to_collector.clone());
            scope.spawn(move || work(&chunks, &to_collector));
        }
        drop((chunks, to_collector));
        let stop = &stop;
        let collecting = scope.spawn(move || {
            let collected = collector.run(&ready);
            if collected.is_err() {
                stop.store(true, Ordering::Relaxed);
            }
            collected
        });
        let taken = read_all(inputs, Intake::new(desk));
        let collected = collecting
            .join()
            .unwrap_or_else(|_| Err(IngestError::Worker("the collector panicked".to_owned())));
        (taken, collected)
    });
    // What the collector could not store is the cause when the reader was only told to stop.
    let (slots, notes, collected) = match (taken, collected) {
        (Ok((slots, notes)), Ok(collected)) => (slots, notes, collected),
        (Err(Some(error)), _) | (_, Err(error)) => return Err(error),
        (Err(None), Ok(_)) => return Err(IngestError::Worker("the reader was stopped".to_owned())),
    };
    if slots.is_empty() {
        return Err(IngestError::NoLayers(sources.join(", ")));
    }
    let mut ledgers = collected.ledgers;
    ledgers.resize_with(slots.len(), Ledger::default);
    let mut report = Report {
        layers: collected.reports,
        notes: notes.into_iter().map(|note| note.text).collect(),
        rejects_file: collected.rejects.finish()?,
        ..Report::default()
    };
    report.layers.resize_with(slots.len(), LayerReport::default);
    refuse_if_nothing_kept(&slots, &report)?;
    let bulks = bulks.into_inner().unwrap_or_else(PoisonError::into_inner);
    let storing = Position {
        stage: "storing",
        source: &sources.join(", "),
        done_bytes: 1,
        total_bytes: 1,
        features: report.kept(),
        elapsed: started.elapsed(),
    };
    progress.update(&storing);
    let errors: u64 = slots.iter().map(|slot| slot.findings.errors).sum();
    let is_held = errors > 0 && !options.accept;
    let is_dry = options.dry_run || is_held;
    report.held = is_held && !options.dry_run;
    let mut finished = Vec::with_capacity(slots.len());
    let layers = slots.into_iter().zip(bulks).zip(ledgers);
    for (((slot, mut bulk), ledger), layer_report) in layers.zip(&mut report.layers) {
        let options = if slot.is_findings { &of_findings } else { options };
        let finish = Finish { slot, options };
        finish.describe(&bulk, &ledger.cover, layer_report);
        let mut ended = 0;
        if let Some(against) = &finish.slot.against {
            let named = finish.slot.named();
            let (compared, ids) = ledger.finish(against, &named, options.remove)?;
            if against.is_update {
                comparison::end(&mut bulk, against, &ids)?;
                ended = ids.len() as u64;
            }
            layer_report.comparison = Some(compared);
        }
        // Of what would be merged, a dry run tells the counts, too.
        if !is_dry || options.mode == Mode::Upsert {
            let meta = finish.meta(&bulk, layer_report);
            let layer = bulk.finish(meta)?;
            if options.mode == Mode::Upsert {
                let counts = layer.counts();
                let changed = counts.replaced.saturating_sub(ended);
                layer_report.merged = Some([counts.added, changed, counts.kept]);
            }
            finished.push(layer);
        }
    }
    if !is_dry {
        report.revision = Some(tx.commit(finished)?.revision.0);
    }
    report.seconds = started.elapsed().as_secs_f64();
    Ok(report)
}

fn rejects_path(store: &Store, options: &Options) -> PathBuf {
    options.rejects.clone().unwrap_or_else(|| {
        let name = format!("after-revision-{}.csv", store.revision());
        store.path().join("rejects").join(name)
    })
}

/// Runs the readers on this thread; `Err(None)` when one was stopped by somebody else's failure.
fn read_all(
    inputs: Vec<Input<'_>>,
    mut intake: Intake<'_>,
) -> Result<(Vec<Slot>, Vec<Note>), Option<IngestError>> {
    for input in inputs {
        intake.begin(&input.name);
        if let Err(error) = (input.read)(&mut intake) {
            let stopped = intake.was_stopped();
            let cause = intake.failure.take();
            return Err(cause.or_else(|| (!stopped).then(|| IngestError::Reader(error))));
        }
    }
    match intake.finish() {
        Ok(()) => Ok((intake.slots, intake.notes)),
        Err(_) => Err(intake.failure.take()),
    }
}

fn work(chunks: &Receiver<Chunk>, ready: &Sender<Ready>) {
    for chunk in chunks {
        if ready.send(prepare(chunk)).is_err() {
            return;
        }
    }
}

/// Puts chunks back in order, pushes them to the store and counts.
struct Collector<'a> {
    bulks: &'a Bulks,
    reports: Vec<LayerReport>,
    ledgers: Vec<Ledger>,
    rejects: Rejects,
}

impl Collector<'_> {
    fn run(mut self, ready: &Receiver<Ready>) -> Result<Self, IngestError> {
        let mut waiting = BTreeMap::new();
        let mut next = 0;
        for chunk in ready {
            waiting.insert(chunk.sequence, chunk);
            while let Some(chunk) = waiting.remove(&next) {
                self.keep(chunk)?;
                next += 1;
            }
        }
        Ok(self)
    }

    fn keep(&mut self, chunk: Ready) -> Result<(), IngestError> {
        let mut bulks = self.bulks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bulk) = bulks.get_mut(chunk.slot) {
            bulk.push(&chunk.batch?)?;
        }
        drop(bulks);
        if self.reports.len() <= chunk.slot {
            self.reports.resize_with(chunk.slot + 1, LayerReport::default);
        }
        if let Some(compared) = chunk.compared {
            if self.ledgers.len() <= chunk.slot {
                self.ledgers.resize_with(chunk.slot + 1, Ledger::default);
            }
            self.ledgers[chunk.slot].add(compared);
        }
        let report = &mut self.reports[chunk.slot];
        for repairs in &chunk.repairs {
            report.keep(repairs);
        }
        for reject in chunk.rejects {
            self.rejects.add(&chunk.names.0, &chunk.names.1, &reject)?;
            report.reject(reject);
        }
        Ok(())
    }
}

fn refuse_if_nothing_kept(slots: &[Slot], report: &Report) -> Result<(), IngestError> {
    let read = slots.iter().map(|slot| slot.read).sum();
    let first = report.layers.iter().find_map(|layer| layer.rejects.first());
    match (slots.first(), first) {
        (Some(slot), Some(first)) if report.kept() == 0 => Err(IngestError::NothingKept {
            source_name: slot.source_name.clone(),
            read,
            reason: first.reason.clone(),
        }),
        _ => Ok(()),
    }
}

/// A layer at the end of its import: what the report and the catalogue say of it.
struct Finish<'a> {
    slot: Slot,
    options: &'a Options,
}

impl Finish<'_> {
    fn describe(&self, bulk: &BulkLayer, cover: &Cover, report: &mut LayerReport) {
        let slot = &self.slot;
        report.layer = bulk.id().to_string();
        report.title = self.title(bulk);
        report.source.clone_from(&slot.source_name);
        report.source_layer.clone_from(&slot.source.name);
        slot.source.format.clone_into(&mut report.format);
        report.read = slot.read;
        if slot.findings.count() > 0 {
            report.findings = Some(slot.findings.clone());
        }
        report.fields = slot.schema().fields.iter().map(|field| field.name.clone()).collect();
        report.notes = slot.notes.iter().map(|note| note.text.clone()).collect();
        // What is stored as it is in an update is not stored again.
        let bounds = bulk.bounds().into_iter().chain(cover.bounds()).reduce(Bounds::union);
        let has_heights = bulk.has_heights() || cover.has_heights();
        report.bounds = bounds.map(onemap_model::Bounds::to_array);
        if let Some(way) = &slot.way {
            report.crs = way.place.describe();
            report.notes.extend(way.place.warnings(bounds));
            report.heights = has_heights.then(|| way.place.describe_heights().to_owned());
        }
    }

    fn title(&self, bulk: &BulkLayer) -> String {
        let source = &self.slot.source;
        let own = || source.title.clone().unwrap_or_else(|| source.name.clone());
        let before = bulk.existing().filter(|_| !self.slot.is_findings);
        let told = self.options.title.clone();
        told.or_else(|| before.map(|layer| layer.title.clone())).unwrap_or_else(own)
    }

    /// Returns what the catalogue says. What the user does not say of a layer that was there before stays as it was.
    fn meta(&self, bulk: &BulkLayer, report: &LayerReport) -> LayerMeta {
        let (slot, options) = (&self.slot, self.options);
        let before = bulk.existing();
        let stated = |told: &Option<String>, was: Option<&String>| told.as_ref().or(was).cloned();
        let mut schema = slot.schema().clone();
        for field in &mut schema.fields {
            if let Some(title) = options.field_titles.get(&field.name) {
                field.title.clone_from(&title.zh);
                field.title_en.clone_from(&title.en);
                field.unit.clone_from(&title.unit);
            }
        }
        let place = slot.way.as_ref().map(|way| &way.place);
        let file_name = slot.source_name.rsplit(['/', '\\']).next().unwrap_or_default();
        LayerMeta {
            title: report.title.clone(),
            title_en: stated(&options.title_en, before.and_then(|layer| layer.title_en.as_ref())),
            department: stated(&options.department, before.map(|layer| &layer.department))
                .unwrap_or_default(),
            group: stated(&options.group, before.map(|layer| &layer.group)).unwrap_or_default(),
            kind: options.kind.unwrap_or(match () {
                () if slot.source.is_network => Kind::Network,
                () if slot.source.has_models => Kind::Model,
                () => Kind::Vector,
            }),
            schema,
            source_crs: place.map(|place| place.definition().to_owned()).unwrap_or_default(),
            heights: place.map(Place::heights).unwrap_or_default(),
            style: before.and_then(|layer| layer.style.clone()).or_else(|| options.style.clone()),
            display: match before {
                Some(layer) if options.display == Display::default() => layer.display.clone(),
                _ => options.display.clone(),
            },
            solid: match before {
                Some(layer) if options.solid == Solid::default() => layer.solid.clone(),
                _ => options.solid.clone(),
            },
            states: before.map(|layer| layer.states).unwrap_or_default(),
            archive: None,
            tileset: None,
            id_field: options.id_field.clone().or_else(|| slot.source.id_field.clone()),
            lineage: vec![Lineage {
                source: file_name.to_owned(),
                format: report.format.clone(),
                crs: report.crs.clone(),
                at: Timestamp::now(),
                revision: Revision::default(),
                notes: report.notes.clone(),
            }],
        }
    }
}
