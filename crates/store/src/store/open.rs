//! Opening a folder as a store, and recovery.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::sync::{Arc, Mutex, RwLock};

use onemap_model::Revision;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Cache, Inner, OpenMode, Paths, StoreOptions, Writer};
use crate::book::{Book, CACHE_FORMAT, Meta, Record, put_meta};
use crate::change::{Change, Entry};
use crate::error::{Doing, StoreError};
use crate::kv::{Batch, Kv, KvError, MemoryKv, SledKv};
use crate::log::{self, Log, LogPos, Scan, Tip};
use crate::state::{Generation, LayerEntry, State};
use crate::{Result, files};

/// Format of the whole folder.
const FORMAT: u32 = 1;

/// The file `STORE`.
#[derive(Serialize, Deserialize)]
struct Identity {
    format: u32,
    uuid: Uuid,
}

pub(super) fn open(root: &Path, options: StoreOptions) -> Result<Inner> {
    let paths = Paths {
        root: root.to_owned(),
        log: root.join("log"),
        catalogue: root.join("catalogue"),
        segments: root.join("segments"),
        tmp: root.join("tmp"),
    };
    let write = options.mode == OpenMode::ReadWrite;
    let lock = if write { Some(lock(&paths)?) } else { None };
    let id = match identity(root)? {
        Some(identity) => identity.uuid,
        None if write => create(&paths)?,
        None => return Err(StoreError::NotAStore(root.to_owned())),
    };
    if write {
        clean_tmp(&paths)?;
    }
    let (book, scan, kv) =
        if write { catalogue(&paths, id, options.cache)? } else { from_log(&paths, id, None)? };
    let state = state(&paths, &book, scan.tip.revision)?;
    let (writer, read_only_book) = if write {
        let mut log = Log::open(&paths.log, &paths.tmp, id, &scan)?;
        if let Some(bytes) = options.log_file_bytes {
            log.set_file_limit(bytes);
        }
        (Some(Mutex::new(Writer { log, kv, book })), Book::default())
    } else {
        (None, book)
    };
    Ok(Inner {
        paths,
        id,
        state: RwLock::new(Arc::new(state)),
        writer,
        read_only_book,
        busy: Mutex::default(),
        events: super::Events::default(),
        past: Mutex::default(),
        lock,
    })
}

/// Takes the lock of a folder that is a store or may become one.
fn lock(paths: &Paths) -> Result<File> {
    let root = &paths.root;
    let foreign = root.is_dir()
        && !root.join("STORE").exists()
        && !root.join("LOCK").exists()
        && fs::read_dir(root).doing("list", root)?.next().is_some();
    if foreign {
        return Err(StoreError::NotAStore(root.clone()));
    }
    files::create_dir(root)?;
    let path = root.join("LOCK");
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.doing("open", &path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked(root.clone())),
        Err(TryLockError::Error(error)) => Err(error).doing("lock", &path),
    }
}

/// Reads the file `STORE`; `None` when there is none.
fn identity(root: &Path) -> Result<Option<Identity>> {
    let path = root.join("STORE");
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).doing("read", &path),
    };
    let identity: Identity =
        serde_json::from_slice(&text).map_err(|_| StoreError::NotAStore(root.to_owned()))?;
    if identity.format > FORMAT {
        let (path, found) = (root.to_owned(), identity.format);
        return Err(StoreError::NewerFormat { path, found, known: FORMAT });
    }
    Ok(Some(identity))
}

/// Makes the folders of a new store. `STORE` comes last: without it, the folder is made anew.
fn create(paths: &Paths) -> Result<Uuid> {
    for dir in [&paths.log, &paths.segments, &paths.tmp, &paths.root.join("blobs")] {
        files::create_dir(dir)?;
    }
    let uuid = Uuid::new_v4();
    Log::create(&paths.log, &paths.tmp, uuid)?;
    let text = serde_json::to_vec(&Identity { format: FORMAT, uuid }).unwrap_or_default();
    files::write_whole(&paths.tmp, &paths.root.join("STORE"), &text)?;
    Ok(uuid)
}

fn clean_tmp(paths: &Paths) -> Result<()> {
    files::create_dir(&paths.tmp)?;
    for file in fs::read_dir(&paths.tmp).doing("list", &paths.tmp)?.flatten() {
        let path = file.path();
        if let Err(error) = fs::remove_file(&path) {
            tracing::warn!(%error, path = %path.display(), "a temporary file stays");
        }
    }
    Ok(())
}

type Catalogue = (Book, Scan, Option<Box<dyn Kv>>);

/// Reads the catalogue from its cache and the rest of the log; from the whole log where the cache is of
/// no use.
fn catalogue(paths: &Paths, store: Uuid, cache: Cache) -> Result<Catalogue> {
    if cache == Cache::Memory {
        return from_log(paths, store, Some(Box::new(MemoryKv::default())));
    }
    let mut known = None;
    match open_cache(paths, store) {
        Ok((kv, Some((book, meta)))) if log::stands_at(&paths.log, meta.last, &meta.tip) => {
            return catch_up(paths, store, book, meta.tip, Some(kv));
        }
        Ok((kv, None)) if kv.scan(b"").is_ok_and(|all| all.is_empty()) => {
            return from_log(paths, store, Some(kv));
        }
        Ok((_, Some((_, meta)))) => {
            tracing::warn!("the catalogue cache does not fit the log: making it anew");
            known = Some(meta);
        }
        Ok(_) => tracing::warn!("the catalogue cache is of another store: making it anew"),
        Err(error) => tracing::warn!(%error, "the catalogue cache is damaged: making it anew"),
    }
    fs::remove_dir_all(&paths.catalogue).doing("remove", &paths.catalogue)?;
    let kv = match SledKv::open(&paths.catalogue) {
        Ok(kv) => Some(Box::new(kv) as Box<dyn Kv>),
        Err(error) => {
            tracing::warn!(%error, "the catalogue cache cannot be made: going on without");
            None
        }
    };
    let found = from_log(paths, store, kv)?;
    match (&found.1.torn, known) {
        // The cache is written after the log: what it knows was once whole, and so acknowledged.
        (Some(torn), Some(meta)) if torn.at <= meta.last.offset && torn.full_length => {
            let what = "a change that was acknowledged is damaged";
            Err(StoreError::damaged(&torn.path, torn.at, what))
        }
        _ => Ok(found),
    }
}

type Cached = (Box<dyn Kv>, Option<(Book, Meta)>);

fn open_cache(paths: &Paths, store: Uuid) -> Result<Cached, KvError> {
    let kv = SledKv::open(&paths.catalogue)?;
    let found = Book::load(&kv, store)?;
    Ok((Box::new(kv), found))
}

fn from_log(paths: &Paths, store: Uuid, kv: Option<Box<dyn Kv>>) -> Result<Catalogue> {
    catch_up(paths, store, Book::default(), Tip::start(), kv)
}

/// Adds the entries of the log from `from` on to the catalogue and its cache.
fn catch_up(
    paths: &Paths,
    store: Uuid,
    mut book: Book,
    from: Tip,
    mut kv: Option<Box<dyn Kv>>,
) -> Result<Catalogue> {
    let mut last = LogPos::default();
    let mut changes: Vec<Batch> = Vec::new();
    let scan = log::scan(&paths.log, store, from, log::TO_THE_END, |entry, at| {
        let batch = book.apply(&entry, at);
        if kv.is_some() {
            changes.push(batch);
        }
        last = at;
        Ok(())
    })?;
    if scan.tip.revision > from.revision {
        let mut all = Batch::default();
        all.changes.extend(changes.into_iter().flat_map(|batch| batch.changes));
        put_meta(&mut all, &Meta { format: CACHE_FORMAT, store, tip: scan.tip, last });
        if let Some(Err(error)) = kv.as_ref().map(|kv| kv.apply(&all)) {
            tracing::warn!(%error, "the catalogue cache cannot be written: going on without");
            kv = None;
        }
    }
    Ok((book, scan, kv))
}

/// Opens all that a catalogue names.
pub(crate) fn state(paths: &Paths, book: &Book, revision: Revision) -> Result<State> {
    let layers = book.layers.values().map(|record| {
        let entry = Arc::new(layer_entry(paths, record)?);
        Ok((record.layer.id.clone(), entry))
    });
    Ok(State { revision, layers: layers.collect::<Result<BTreeMap<_, _>>>()? })
}

/// Opens the segments of a layer and lays its edits over them.
fn layer_entry(paths: &Paths, record: &Record) -> Result<LayerEntry> {
    let uuid = record.layer.uuid;
    let content =
        Generation::open(&paths.segments, &paths.tmp, uuid, &record.segments, record.folded);
    for (revision, at) in &record.pending {
        let entry = log::read_at(&paths.log, *at)?;
        apply_edits(&content, &entry, *revision);
    }
    Ok(LayerEntry { layer: record.layer.clone(), base: record.base, content: Arc::new(content) })
}

fn apply_edits(content: &Generation, entry: &Entry, revision: Revision) {
    if let Change::Edited { edits, .. } = &entry.change {
        content.apply(edits, revision);
    }
}
