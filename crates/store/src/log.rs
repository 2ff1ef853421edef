//! The revision log: the truth. Append-only files of framed, chained, fsynced records.
//!
//! `decisions/0002-file-formats.md` draws the bytes.

mod frame;
mod read;

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use onemap_model::Revision;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::change::Entry;
use crate::error::{Doing, StoreError};
use crate::{Result, files};

use frame::{FILE_HEADER, Frame};
pub(crate) use read::{Scan, read_at, scan, stands_at};

/// A file is ended when it is longer than this, bytes.
const FILE_LIMIT: u64 = 64 << 20;

/// Later than every revision: reads the log to its end.
pub(crate) const TO_THE_END: Revision = Revision(u64::MAX);

/// Where a frame begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct LogPos {
    /// Number of the file, from 1.
    pub(crate) file: u32,
    /// Byte in the file.
    pub(crate) offset: u64,
}

/// The end of the log: where the next frame goes, and what it is chained to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tip {
    pub(crate) at: LogPos,
    pub(crate) revision: Revision,
    pub(crate) chain: [u8; 32],
}

impl Tip {
    /// The end of the log of a new store.
    pub(crate) fn start() -> Self {
        let at = LogPos { file: 1, offset: FILE_HEADER as u64 };
        Self { at, revision: Revision(0), chain: [0; 32] }
    }
}

/// Returns the path of a log file.
pub(crate) fn file_path(dir: &Path, number: u32) -> PathBuf {
    dir.join(format!("{number:010}.log"))
}

/// The log, open for appending.
#[derive(Debug)]
pub(crate) struct Log {
    dir: PathBuf,
    tmp: PathBuf,
    store: Uuid,
    file: File,
    tip: Tip,
    limit: u64,
    poisoned: bool,
}

impl Log {
    /// Creates the first file of a new store's log.
    pub(crate) fn create(dir: &Path, tmp: &Path, store: Uuid) -> Result<()> {
        let header = frame::file_header(store, 1, Revision(1), &[0; 32]);
        files::write_whole(tmp, &file_path(dir, 1), &header)
    }

    /// Opens the log at its end as [`scan`] found it; an incomplete last frame is cut off.
    pub(crate) fn open(dir: &Path, tmp: &Path, store: Uuid, found: &Scan) -> Result<Self> {
        let path = file_path(dir, found.tip.at.file);
        let mut file =
            OpenOptions::new().read(true).write(true).open(&path).doing("open", &path)?;
        if let Some(torn) = &found.torn {
            tracing::warn!(
                file = %torn.path.display(), at = torn.at, bytes = torn.bytes,
                "cutting off a change that was being written when the store was stopped"
            );
            file.set_len(found.tip.at.offset).doing("truncate", &path)?;
            file.sync_all().doing("sync", &path)?;
        }
        file.seek(SeekFrom::Start(found.tip.at.offset)).doing("seek in", &path)?;
        let (dir, tmp) = (dir.to_owned(), tmp.to_owned());
        Ok(Self { dir, tmp, store, file, tip: found.tip, limit: FILE_LIMIT, poisoned: false })
    }

    pub(crate) fn tip(&self) -> Tip {
        self.tip
    }

    pub(crate) fn set_file_limit(&mut self, bytes: u64) {
        self.limit = bytes;
    }

    /// Appends a record and returns where it is, once it is on the disk.
    pub(crate) fn append(&mut self, entry: &Entry) -> Result<LogPos> {
        if self.poisoned {
            return Err(StoreError::Poisoned);
        }
        let payload = rmp_serde::to_vec_named(entry)
            .map_err(|_| StoreError::TooLarge("a change could not be encoded"))?;
        let frame = Frame::encode(entry.revision, &self.tip.chain, &payload)?;
        if self.tip.at.offset > self.limit {
            self.rotate()?;
        }
        let at = self.tip.at;
        let path = file_path(&self.dir, at.file);
        if let Err(error) = self.file.write_all(&frame.bytes) {
            self.undo(at.offset);
            return Err(error).doing("write", &path);
        }
        if let Err(error) = self.file.sync_data() {
            // Whether the bytes are on the disk is unknown and cannot be asked again: a second fsync
            // may answer "done" without having done it.
            self.undo(at.offset);
            self.poisoned = true;
            return Err(error).doing("sync", &path);
        }
        self.tip = Tip {
            at: LogPos { file: at.file, offset: at.offset + frame.bytes.len() as u64 },
            revision: entry.revision,
            chain: frame.chain,
        };
        Ok(at)
    }

    /// Takes back a frame that could not be written.
    fn undo(&mut self, offset: u64) {
        let done = self.file.set_len(offset).and_then(|()| self.file.seek(SeekFrom::Start(offset)));
        self.poisoned |= done.is_err();
    }

    fn rotate(&mut self) -> Result<()> {
        let number =
            self.tip.at.file.checked_add(1).ok_or(StoreError::TooLarge("too many log files"))?;
        let header =
            frame::file_header(self.store, number, self.tip.revision.next(), &self.tip.chain);
        let path = file_path(&self.dir, number);
        files::write_whole(&self.tmp, &path, &header)?;
        let mut file =
            OpenOptions::new().read(true).write(true).open(&path).doing("open", &path)?;
        file.seek(SeekFrom::End(0)).doing("seek in", &path)?;
        self.file = file;
        self.tip.at = LogPos { file: number, offset: header.len() as u64 };
        Ok(())
    }
}
