//! Reading a file at positions, from several threads at once.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Doing, Error, Result};

/// A file of which any part can be read at any time.
#[derive(Debug)]
pub(crate) struct Source {
    file: File,
    pub(crate) path: PathBuf,
    pub(crate) len: u64,
}

impl Source {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).doing("open", path)?;
        let about = file.metadata().doing("look at", path)?;
        if !about.is_file() {
            let what = "it is a folder or a device".to_owned();
            return Err(Error::NotAnArchive { path: path.to_owned(), what });
        }
        Ok(Self { file, path: path.to_owned(), len: about.len() })
    }

    /// Reads `len` bytes at `offset`; `what` names them when the file ends before.
    pub(crate) fn read(&self, what: &str, offset: u64, len: u64) -> Result<Vec<u8>> {
        if offset.checked_add(len).is_none_or(|end| end > self.len) {
            let whole = self.len;
            return Err(Error::damaged(
                &self.path,
                format!("{what} of {len} bytes at byte {offset} lies beyond its end ({whole})"),
            ));
        }
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
        read_exact_at(&self.file, &mut bytes, offset).doing("read", &self.path)?;
        Ok(bytes)
    }
}

/// Fills `bytes` from a position.
#[cfg(unix)]
pub(crate) fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

/// Fills `bytes` from a position.
#[cfg(windows)]
pub(crate) fn read_exact_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let read = std::os::windows::fs::FileExt::seek_read(file, bytes, offset)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes = bytes.get_mut(read..).unwrap_or_default();
        offset += read as u64;
    }
    Ok(())
}
