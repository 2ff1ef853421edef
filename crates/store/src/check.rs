//! Checking everything that is on the disk, and counting it.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use onemap_model::Revision;
use serde::Serialize;
use uuid::Uuid;

use crate::Result;
use crate::book::Book;
use crate::change::SegmentRef;
use crate::error::{Doing, StoreError};
use crate::log::{self, LogPos, Tip};
use crate::segment::{Segment, segment_path, sidecar_path};
use crate::store::Store;

/// What a check of the store found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// The last revision.
    pub revision: Revision,
    /// Changes in the log, all read.
    pub changes: u64,
    /// Layers in the catalogue.
    pub layers: u64,
    /// Segments, all read to the last byte.
    pub segments: u64,
    /// Features in them, all decoded.
    pub features: u64,
    /// What is wrong, each with its file and a remedy.
    pub problems: Vec<String>,
    /// What is not wrong but worth knowing.
    pub notes: Vec<String>,
}

impl CheckReport {
    /// Tells whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }
}

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "log: {} changes, revision {}, chain of hashes read",
            self.changes, self.revision
        )?;
        writeln!(f, "catalogue: {} layers", self.layers)?;
        writeln!(f, "segments: {} with {} features decoded", self.segments, self.features)?;
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        for problem in &self.problems {
            writeln!(f, "problem: {problem}")?;
        }
        match self.problems.len() {
            0 => write!(f, "the store is sound"),
            1 => write!(f, "1 problem"),
            n => write!(f, "{n} problems"),
        }
    }
}

/// Sizes of a store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// The last revision.
    pub revision: Revision,
    /// Layers.
    pub layers: u64,
    /// Features.
    pub features: u64,
    /// Edits not yet compacted.
    pub edits: u64,
    /// Bytes of the segments that show.
    pub segment_bytes: u64,
    /// Bytes of segments kept only for reading old revisions.
    pub history_bytes: u64,
    /// Bytes of the log.
    pub log_bytes: u64,
}

impl Store {
    /// Reads everything: the log and its chain, the catalogue, every segment and its index, and looks for
    /// files that nothing names. Changes wait while the log is read.
    pub fn check(&self) -> CheckReport {
        let mut report = CheckReport::default();
        let book = self.check_log(&mut report);
        report.layers = book.layers.len() as u64;
        let current = book
            .layers
            .iter()
            .flat_map(|(layer, record)| record.segments.iter().map(|name| (*layer, name.clone())));
        let named: BTreeSet<(Uuid, SegmentRef)> = current.chain(book.old.iter().cloned()).collect();
        let paths = &self.inner.paths;
        for (layer, name) in &named {
            let path = segment_path(&paths.segments, *layer, name);
            match self.check_segment(*layer, name) {
                Ok(mended) => {
                    if mended {
                        let path = sidecar_path(&path);
                        report
                            .notes
                            .push(format!("{} was damaged and is made again", path.display()));
                    }
                    report.segments += 1;
                    report.features += name.features;
                }
                Err(error) => report.problems.push(format!("{}: {error}", path.display())),
            }
        }
        for entry in self.inner.state().layers.values() {
            for slot in &entry.content.segments {
                if let Some(why) = slot.broken() {
                    report
                        .problems
                        .push(format!("layer '{}' cannot be read: {why}", entry.layer.id));
                }
            }
        }
        for path in orphans(&paths.segments, &named) {
            let path = path.display();
            report.notes.push(format!(
                "{path} belongs to no revision; an import was interrupted, and it can be deleted"
            ));
        }
        report.problems.sort();
        report.problems.dedup();
        report
    }

    /// Reads a whole segment; `true` when its index had to be made again.
    fn check_segment(&self, layer: Uuid, name: &SegmentRef) -> Result<bool> {
        let paths = &self.inner.paths;
        let open = || Segment::open(&paths.segments, &paths.tmp, layer, name);
        let segment = open()?;
        let sidecar = sidecar_path(segment.path());
        match segment.check() {
            Err(StoreError::Damaged { path, .. }) if path == sidecar => {
                fs::remove_file(&sidecar).doing("remove", &sidecar)?;
                open()?.check().map(|()| true)
            }
            other => other.map(|()| false),
        }
    }

    /// Reads the log from its begin and compares the catalogue with it; returns the catalogue by the log.
    fn check_log(&self, report: &mut CheckReport) -> Book {
        let mut book = Book::default();
        let writer = self.inner.writer();
        let mut last = LogPos::default();
        let (dir, id) = (&self.inner.paths.log, self.inner.id);
        let scan = log::scan(dir, id, Tip::start(), log::TO_THE_END, |entry, at| {
            book.apply(&entry, at);
            report.changes += 1;
            last = at;
            Ok(())
        });
        let scan = match scan {
            Ok(scan) => scan,
            Err(error) => {
                report.problems.push(error.to_string());
                report.revision = self.revision();
                return writer
                    .map_or_else(|_| self.inner.read_only_book().clone(), |w| w.book.clone());
            }
        };
        report.revision = scan.tip.revision;
        let Ok(writer) = writer else { return book };
        if scan.tip != writer.log.tip() {
            let found = scan.tip.revision;
            let known = writer.log.tip().revision;
            report.problems.push(format!(
                "the log ends at revision {found} instead of {known}: it was changed from outside"
            ));
        }
        if book != writer.book {
            report
                .problems
                .push("the catalogue is not what the log says; restart to make it anew".to_owned());
        }
        match writer.kv.as_ref().map(|kv| Book::load(kv.as_ref(), self.inner.id)) {
            Some(Ok(Some((cached, meta)))) => {
                if cached != book || meta.tip != scan.tip {
                    report.notes.push(
                        "the catalogue cache is not up to date; it is made anew at the next start"
                            .to_owned(),
                    );
                }
            }
            Some(Ok(None)) if scan.tip.revision.0 == 0 => {}
            Some(Ok(None)) | None => report.notes.push(
                "the catalogue cache is missing; it is made anew at the next start".to_owned(),
            ),
            Some(Err(error)) => {
                report.notes.push(format!("{error}; it is made anew at the next start"));
            }
        }
        book
    }

    /// Adds up sizes.
    pub fn stats(&self) -> Stats {
        let state = self.inner.state();
        let mut stats = Stats {
            revision: state.revision,
            layers: state.layers.len() as u64,
            log_bytes: folder_bytes(&self.inner.paths.log),
            ..Stats::default()
        };
        for entry in state.layers.values() {
            stats.features += entry.layer.count;
            stats.edits += entry.content.overlay.len() as u64;
            stats.segment_bytes +=
                entry.content.segments.iter().map(|s| s.name().bytes).sum::<u64>();
        }
        stats.history_bytes =
            self.inner.with_book(|book| book.old.iter().map(|(_, name)| name.bytes).sum());
        stats
    }
}

fn folder_bytes(path: &Path) -> u64 {
    let files = fs::read_dir(path).into_iter().flatten().flatten();
    files.filter_map(|file| file.metadata().ok()).map(|meta| meta.len()).sum()
}

/// Returns the files among the segments that nothing names.
fn orphans(dir: &Path, named: &BTreeSet<(Uuid, SegmentRef)>) -> Vec<PathBuf> {
    let known: BTreeSet<PathBuf> = named
        .iter()
        .flat_map(|(layer, name)| {
            let path = segment_path(dir, *layer, name);
            [sidecar_path(&path), path]
        })
        .collect();
    let layers = fs::read_dir(dir).into_iter().flatten().flatten();
    let files = layers.flat_map(|layer| fs::read_dir(layer.path()).into_iter().flatten().flatten());
    let mut found: Vec<_> = files.map(|file| file.path()).filter(|p| !known.contains(p)).collect();
    found.sort();
    found
}
