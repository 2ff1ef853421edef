//! Reads ranges of a large file through one buffer, each checked against the file's length.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use onemap_bounded::{Error, Result};

/// How much is read ahead, bytes: records mostly stand one behind the other.
const AHEAD: usize = 256 << 10;

/// A file of which ranges are asked for, mostly in ascending order.
#[derive(Debug)]
pub(crate) struct Window {
    what: &'static str,
    file: File,
    len: u64,
    start: u64,
    buffer: Vec<u8>,
}

impl Window {
    /// Opens a file; `what` names it in errors.
    pub(crate) fn open(what: &'static str, path: &Path) -> std::io::Result<Self> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        Ok(Self { what, file, len, start: 0, buffer: Vec::new() })
    }

    /// Returns the length of the file, bytes.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Returns `n` bytes from `offset` on.
    pub(crate) fn at(&mut self, offset: u64, n: usize) -> Result<&[u8]> {
        let left = self.len.saturating_sub(offset);
        if n as u64 > left {
            return Err(Error::Truncated { what: self.what, offset, need: n as u64, left });
        }
        let held =
            offset >= self.start && offset - self.start + n as u64 <= self.buffer.len() as u64;
        if !held {
            let want = (n.max(AHEAD) as u64).min(left) as usize;
            self.file.seek(SeekFrom::Start(offset))?;
            self.start = offset;
            if self.buffer.capacity() > 16 * AHEAD && want <= AHEAD {
                self.buffer = Vec::new();
            }
            self.buffer.resize(want, 0);
            if let Err(error) = self.file.read_exact(&mut self.buffer) {
                self.buffer.clear();
                return Err(error.into());
            }
        }
        let from = (offset - self.start) as usize;
        Ok(self.buffer.get(from..from + n).unwrap_or_default())
    }
}
