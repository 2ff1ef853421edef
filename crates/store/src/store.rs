//! Opening a store, committing to it, publishing what was committed.

pub(crate) mod open;

use std::collections::{HashSet, VecDeque};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use crossbeam_channel::Receiver;
use onemap_model::{FeatureId, Layer, LayerId, Revision, Timestamp, ViewSpec};
use uuid::Uuid;

use crate::book::{Book, CACHE_FORMAT, Meta, put_meta};
use crate::change::{Change, Entry, draw_alike};
use crate::error::StoreError;
use crate::events::Events;
use crate::kv::Kv;
use crate::log::{Log, LogPos};
use crate::state::{LayerEntry, State};
use crate::{ChangeEvent, Result, Snapshot, View};

/// What a process wants to do with a store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OpenMode {
    /// Read and change; only one process at a time. A store that is not there is created.
    #[default]
    ReadWrite,
    /// Only read, also while another process changes it; sees what was committed when it was opened.
    ReadOnly,
}

/// Where the catalogue is cached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Cache {
    /// In sled, in the store's folder.
    #[default]
    Sled,
    /// In memory: every start reads the whole log.
    Memory,
}

/// How to open a store.
#[derive(Debug, Clone, Copy, Default)]
pub struct StoreOptions {
    /// Read and write, or only read.
    pub mode: OpenMode,
    /// Where the catalogue is cached.
    pub cache: Cache,
    /// Length at which a log file is ended, bytes; 64 MiB if not stated.
    pub log_file_bytes: Option<u64>,
}

/// What a change made.
#[derive(Debug, Clone)]
pub struct Committed {
    /// Its revision.
    pub revision: Revision,
    /// When it was committed.
    pub at: Timestamp,
    /// The layers that it changed, as they are now.
    pub layers: Vec<Layer>,
    /// For edits: the ids of the features, in the order of the edits.
    pub ids: Vec<FeatureId>,
}

/// The store of one city: a folder. Clones share it.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) paths: Paths,
    pub(crate) id: Uuid,
    state: RwLock<Arc<State>>,
    /// `None` in a store that is only read.
    writer: Option<Mutex<Writer>>,
    /// The catalogue of a store that is only read.
    read_only_book: Book,
    busy: Mutex<HashSet<LayerId>>,
    events: Events,
    /// States of old revisions that were asked for, the last one first.
    pub(crate) past: Mutex<VecDeque<Arc<State>>>,
    /// Holds the lock on the folder.
    lock: Option<File>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Closing is not enough: a process that is just being started may hold a copy of the handle.
        if let Some(Err(error)) = self.lock.as_ref().map(File::unlock) {
            tracing::warn!(%error, "the store cannot be unlocked");
        }
    }
}

/// The folders of a store.
#[derive(Debug, Clone)]
pub(crate) struct Paths {
    pub(crate) root: PathBuf,
    pub(crate) log: PathBuf,
    pub(crate) catalogue: PathBuf,
    pub(crate) segments: PathBuf,
    pub(crate) tmp: PathBuf,
}

/// What only one thread at a time may use.
pub(crate) struct Writer {
    pub(crate) log: Log,
    /// `None` once it failed; it is made anew when the store is next opened.
    pub(crate) kv: Option<Box<dyn Kv>>,
    pub(crate) book: Book,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("tip", &self.log.tip()).finish_non_exhaustive()
    }
}

impl Writer {
    /// The revision that the next change makes.
    pub(crate) fn next_revision(&self) -> Revision {
        self.log.tip().revision.next()
    }
}

impl Store {
    /// Opens the store in a folder.
    pub fn open(path: impl AsRef<Path>, mode: OpenMode) -> Result<Self> {
        Self::open_with(path, StoreOptions { mode, ..StoreOptions::default() })
    }

    /// Opens the store in a folder. An interrupted change is cut off, a cache that is missing, damaged or
    /// not up to date is made again from the log, and so is the index of a segment.
    pub fn open_with(path: impl AsRef<Path>, options: StoreOptions) -> Result<Self> {
        Ok(Self { inner: Arc::new(open::open(path.as_ref(), options)?) })
    }

    /// Returns the folder.
    pub fn path(&self) -> &Path {
        &self.inner.paths.root
    }

    /// Returns the identity of the store.
    pub fn id(&self) -> Uuid {
        self.inner.id
    }

    /// Returns the last revision.
    pub fn revision(&self) -> Revision {
        self.inner.state().revision
    }

    /// Takes a snapshot of the last revision.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { state: self.inner.state(), root: self.inner.paths.root.as_path().into() }
    }

    /// Looks at the last revision.
    pub fn view(&self, spec: ViewSpec) -> View {
        View::new(self.snapshot(), spec)
    }

    /// Hears of every change from now on. A receiver that leaves 1024 events unread is cut off.
    pub fn subscribe(&self) -> Receiver<ChangeEvent> {
        self.inner.events.subscribe()
    }

    /// Changes what the catalogue says of a layer. Only titles, department, group, states, style, zooms
    /// and the titles and units of fields can be changed so. Waits for nobody: while the layer is imported
    /// or compacted, it is busy.
    pub fn set_layer(&self, layer: Layer, actor: &str) -> Result<Committed> {
        let _busy = Busy::new(&self.inner, &layer.id)?;
        let mut writer = self.inner.writer()?;
        let state = self.inner.state();
        let before = state.layer(&layer.id)?.clone();
        check_description(&before.layer, &layer)?;
        let layer = Layer { revision: writer.next_revision(), ..layer };
        let change = Change::Described { layer };
        let entry = self.inner.commit(&mut writer, change, actor)?;
        let Change::Described { layer } = entry.change else { return Err(StoreError::Poisoned) };
        let same = draw_alike(&before.layer, &layer);
        let base = if same { before.base } else { entry.revision };
        let next = LayerEntry { layer: layer.clone(), base, content: before.content.clone() };
        self.inner.publish(state.with(entry.revision, [(layer.id.clone(), Some(next))]));
        self.inner.send_whole(&layer, entry.revision);
        Ok(Committed { revision: entry.revision, at: entry.at, layers: vec![layer], ids: vec![] })
    }

    /// Removes a layer from the catalogue. Its segments stay for reading old revisions.
    pub fn remove_layer(&self, id: &LayerId, actor: &str) -> Result<Committed> {
        let _busy = Busy::new(&self.inner, id)?;
        let mut writer = self.inner.writer()?;
        let state = self.inner.state();
        let layer = state.layer(id)?.layer.clone();
        let entry = self.inner.commit(&mut writer, Change::Removed { layer: layer.uuid }, actor)?;
        self.inner.publish(state.with(entry.revision, [(id.clone(), None)]));
        self.inner.send_whole(&layer, entry.revision);
        Ok(Committed { revision: entry.revision, at: entry.at, layers: vec![], ids: vec![] })
    }
}

fn check_description(before: &Layer, after: &Layer) -> Result<()> {
    let bare =
        |l: &Layer| l.schema.fields.iter().map(|f| (f.name.clone(), f.kind)).collect::<Vec<_>>();
    let same = before.uuid == after.uuid
        && before.kind == after.kind
        && before.count == after.count
        && before.bounds == after.bounds
        && before.geometry == after.geometry
        && before.time == after.time
        && before.id_field == after.id_field
        && before.lineage == after.lineage
        && before.display == after.display
        && before.archive == after.archive
        && before.tileset == after.tileset
        && bare(before) == bare(after);
    let reason = "only titles, department, group, states and style can be set; fields and content come from imports";
    if same {
        Ok(())
    } else {
        Err(StoreError::Schema { layer: after.id.clone(), reason: reason.to_owned() })
    }
}

impl Inner {
    pub(crate) fn state(&self) -> Arc<State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn writer(&self) -> Result<MutexGuard<'_, Writer>> {
        let writer = self.writer.as_ref().ok_or(StoreError::ReadOnly)?;
        // A thread that panicked while it held the lock has either committed or not: the log's tip tells.
        Ok(writer.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs on the catalogue as the log tells it.
    pub(crate) fn with_book<T>(&self, read: impl FnOnce(&Book) -> T) -> T {
        match self.writer() {
            Ok(writer) => read(&writer.book),
            Err(_) => read(&self.read_only_book),
        }
    }

    /// The catalogue of a store that is only read.
    pub(crate) fn read_only_book(&self) -> &Book {
        &self.read_only_book
    }

    /// Writes a change to the log and, once it is durable, to the catalogue. From then on it is committed.
    pub(crate) fn commit(&self, writer: &mut Writer, change: Change, actor: &str) -> Result<Entry> {
        let revision = writer.next_revision();
        let entry = Entry { revision, at: Timestamp::now(), actor: actor.to_owned(), change };
        let at = writer.log.append(&entry)?;
        self.note(writer, &entry, at);
        Ok(entry)
    }

    /// Adds an entry that is in the log to the catalogue and its cache.
    fn note(&self, writer: &mut Writer, entry: &Entry, at: LogPos) {
        let mut batch = writer.book.apply(entry, at);
        let meta = Meta { format: CACHE_FORMAT, store: self.id, tip: writer.log.tip(), last: at };
        put_meta(&mut batch, &meta);
        let Some(kv) = &writer.kv else { return };
        if let Err(error) = kv.apply(&batch) {
            tracing::warn!(%error, "the catalogue cache failed; it is made anew at the next start");
            writer.kv = None;
        }
    }

    /// Shows a state to all readers that come from now on.
    pub(crate) fn publish(&self, state: State) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(state);
    }

    pub(crate) fn send(&self, event: &ChangeEvent) {
        self.events.send(event);
    }

    /// Tells subscribers that a layer changed as a whole.
    pub(crate) fn send_whole(&self, layer: &Layer, revision: Revision) {
        let (id, bounds) = (layer.id.clone(), layer.bounds);
        self.send(&ChangeEvent { layer: id, revision, bounds, ids: vec![] });
    }
}

/// Keeps others from importing into, compacting or removing a layer.
#[derive(Debug)]
pub(crate) struct Busy {
    inner: Arc<Inner>,
    layer: LayerId,
}

impl Busy {
    pub(crate) fn new(inner: &Arc<Inner>, layer: &LayerId) -> Result<Self> {
        let mut busy = inner.busy.lock().unwrap_or_else(PoisonError::into_inner);
        if !busy.insert(layer.clone()) {
            return Err(StoreError::Busy(layer.clone()));
        }
        drop(busy);
        Ok(Self { inner: inner.clone(), layer: layer.clone() })
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.inner.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.layer);
    }
}
