//! Reading the log from a position to its end, and telling a torn tail from damage.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use onemap_model::Revision;
use uuid::Uuid;

use super::frame::{FILE_HEADER, FRAME_HEADER, FrameHeader, file_header, link};
use super::{LogPos, Tip, file_path};
use crate::Result;
use crate::change::Entry;
use crate::error::{Doing, StoreError};

/// The least that disks write at once, bytes.
const SECTOR: u64 = 512;

/// What reading the log to its end found.
#[derive(Debug)]
pub(crate) struct Scan {
    pub(crate) tip: Tip,
    /// A last frame that was not written to its end, and so never acknowledged.
    pub(crate) torn: Option<Torn>,
}

/// Bytes of an incomplete last frame.
#[derive(Debug)]
pub(crate) struct Torn {
    pub(crate) path: PathBuf,
    pub(crate) at: u64,
    pub(crate) bytes: u64,
    /// Whether it has its full length, though not its bytes.
    pub(crate) full_length: bool,
}

/// Reads all frames from `from` on, checks their checksums, chain and order, and hands each to `visit`
/// with its position, up to the revision `until`. An incomplete last frame ends the log; anything else that is wrong is an error.
pub(crate) fn scan(
    dir: &Path,
    store: Uuid,
    from: Tip,
    until: Revision,
    mut visit: impl FnMut(Entry, LogPos) -> Result<()>,
) -> Result<Scan> {
    let mut tip = from;
    loop {
        let mut reader = FileReader::open(dir, store, &tip)?;
        let last = !file_path(dir, tip.at.file + 1).exists();
        loop {
            match reader.next(&tip)? {
                Next::Frame(entry, header) => {
                    let at = tip.at;
                    tip = Tip {
                        at: LogPos { file: at.file, offset: reader.offset },
                        revision: header.revision,
                        chain: header.chain,
                    };
                    visit(*entry, at)?;
                    if tip.revision >= until {
                        return Ok(Scan { tip, torn: None });
                    }
                }
                Next::End => break,
                Next::Torn { full_length } if last => {
                    let (at, bytes) = (tip.at.offset, reader.len - tip.at.offset);
                    let torn = Torn { path: reader.path, at, bytes, full_length };
                    return Ok(Scan { tip, torn: Some(torn) });
                }
                Next::Torn { .. } => {
                    let what = "a frame is cut off, though another file follows";
                    return Err(StoreError::damaged(&reader.path, tip.at.offset, what));
                }
            }
        }
        if last {
            return Ok(Scan { tip, torn: None });
        }
        tip.at = LogPos { file: tip.at.file + 1, offset: FILE_HEADER as u64 };
    }
}

/// Reads the one frame at a position. Its place in the chain is not checked.
pub(crate) fn read_at(dir: &Path, at: LogPos) -> Result<Entry> {
    let path = file_path(dir, at.file);
    let mut reader = FileReader::open_at(path, at.offset)?;
    match reader.frame()? {
        Raw::Whole(_, payload) => decode(&reader.path, at.offset, &payload),
        _ => Err(StoreError::damaged(&reader.path, at.offset, "there is no whole frame here")),
    }
}

fn decode(path: &Path, at: u64, payload: &[u8]) -> Result<Entry> {
    rmp_serde::from_slice(payload)
        .map_err(|e| StoreError::damaged(path, at, format!("the record cannot be decoded: {e}")))
}

enum Next {
    Frame(Box<Entry>, FrameHeader),
    End,
    Torn { full_length: bool },
}

enum Raw {
    Whole(FrameHeader, Vec<u8>),
    End,
    Torn { full_length: bool },
}

struct FileReader {
    path: PathBuf,
    file: BufReader<File>,
    len: u64,
    offset: u64,
}

impl FileReader {
    /// Opens the file in which `tip` lies. When it lies at the file's begin, the header must agree.
    fn open(dir: &Path, store: Uuid, tip: &Tip) -> Result<Self> {
        let path = file_path(dir, tip.at.file);
        let mut reader = Self::open_at(path, 0)?;
        let mut header = [0; FILE_HEADER];
        let got = reader.file.read_exact(&mut header);
        let damaged = |what| StoreError::damaged(&reader.path, 0, what);
        if got.is_err() {
            return Err(damaged("the file is shorter than its header"));
        }
        let begins = tip.at.offset == FILE_HEADER as u64;
        let expected = file_header(store, tip.at.file, tip.revision.next(), &tip.chain);
        // Magic and store in any case; number, first revision and chain where they are known.
        let known = if begins { FILE_HEADER } else { 24 };
        if header.get(..known) != expected.get(..known) {
            return Err(damaged("the file's header is not what follows the file before it"));
        }
        Self::open_at(reader.path, tip.at.offset)
    }

    fn open_at(path: PathBuf, offset: u64) -> Result<Self> {
        let file = File::open(&path).doing("open", &path)?;
        let len = file.metadata().doing("read the size of", &path)?.len();
        if offset > len {
            return Err(StoreError::damaged(&path, len, "the file ends too early"));
        }
        let mut file = BufReader::with_capacity(1 << 18, file);
        file.seek(SeekFrom::Start(offset)).doing("seek in", &path)?;
        Ok(Self { path, file, len, offset })
    }

    fn next(&mut self, tip: &Tip) -> Result<Next> {
        let at = self.offset;
        let (header, payload) = match self.frame()? {
            Raw::Whole(header, payload) => (header, payload),
            Raw::End => return Ok(Next::End),
            Raw::Torn { full_length } => return Ok(Next::Torn { full_length }),
        };
        let damaged = |what: &str| Err(StoreError::damaged(&self.path, at, what));
        if header.revision != tip.revision.next() {
            return damaged("a revision is missing or out of order");
        }
        if link(&tip.chain, header.revision, &payload) != header.chain {
            return damaged("the chain of hashes is broken: a record before this one was changed");
        }
        let entry = decode(&self.path, at, &payload)?;
        if entry.revision != header.revision {
            return damaged("the record has another revision than its frame");
        }
        Ok(Next::Frame(Box::new(entry), header))
    }

    /// Reads the frame at the current offset and moves behind it.
    fn frame(&mut self) -> Result<Raw> {
        let at = self.offset;
        let left = self.len - at;
        if left == 0 {
            return Ok(Raw::End);
        }
        let mut bytes = [0; FRAME_HEADER];
        if left < FRAME_HEADER as u64 {
            return Ok(Raw::Torn { full_length: false });
        }
        self.file.read_exact(&mut bytes).doing("read", &self.path)?;
        let Some(header) = FrameHeader::decode(&bytes) else {
            // Every frame has a payload, and no payload is all zeros.
            let what = "the header of a frame is damaged";
            if !self.only_zeros_left()? {
                return Err(StoreError::damaged(&self.path, at, what));
            }
            return Ok(Raw::Torn { full_length: false });
        };
        let end = at + FRAME_HEADER as u64 + header.len as u64;
        if end > self.len {
            return Ok(Raw::Torn { full_length: false });
        }
        let mut payload = vec![0; header.len];
        self.file.read_exact(&mut payload).doing("read", &self.path)?;
        if crc32fast::hash(&payload) != header.payload_crc {
            let what = "the checksum of a record is wrong";
            if !ends_in_empty_sector(&payload, end) || !self.only_zeros_left()? {
                return Err(StoreError::damaged(&self.path, at, what));
            }
            return Ok(Raw::Torn { full_length: true });
        }
        self.offset = end;
        Ok(Raw::Whole(header, payload))
    }

    fn only_zeros_left(&mut self) -> Result<bool> {
        let mut rest = [0; 4096];
        loop {
            let n = self.file.read(&mut rest).doing("read", &self.path)?;
            if n == 0 {
                return Ok(true);
            }
            if rest.iter().take(n).any(|&b| b != 0) {
                return Ok(false);
            }
        }
    }
}

/// Tells whether the last sector of a payload that ends at byte `end` of the file is empty: a power cut
/// leaves whole sectors of zeros where bytes had not reached the disk. A changed byte does not.
fn ends_in_empty_sector(payload: &[u8], end: u64) -> bool {
    let in_last = ((end - 1) % SECTOR + 1) as usize;
    payload.iter().rev().take(in_last).all(|&b| b == 0)
}

/// Tells whether the log really has a frame at `last` after which it stands at `tip`.
pub(crate) fn stands_at(dir: &Path, last: LogPos, tip: &Tip) -> bool {
    if tip.revision.0 == 0 {
        return *tip == Tip::start();
    }
    let Ok(mut reader) = FileReader::open_at(file_path(dir, last.file), last.offset) else {
        return false;
    };
    let Ok(Raw::Whole(header, _)) = reader.frame() else { return false };
    let end = LogPos { file: last.file, offset: reader.offset };
    end == tip.at && header.revision == tip.revision && header.chain == tip.chain
}
