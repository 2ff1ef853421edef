//! Opens zip archives that strangers packed.
//!
//! The archive's directory and every entry's own header are read and checked before the first entry is
//! unpacked, so that nothing depends on what an unpacker would do with a contradiction.

mod directory;

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use flate2::bufread::DeflateDecoder;

use crate::{Error, Result, limits};

/// A zip archive whose entries can be trusted not to harm the reader.
///
/// Refused when opened: absolute names, `..`, links, encryption, two entries of one name, entries that
/// overlap, more than [`limits::MAX_ZIP_ENTRIES`] of them, more than [`limits::MAX_UNPACKED_BYTES`] in all or
/// more than [`limits::MAX_RATIO`] times the archive's size. While unpacking, an entry must have the size and
/// the checksum that its directory states.
pub struct ZipArchive<R> {
    reader: R,
    entries: Vec<ZipEntry>,
}

/// One file of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZipEntry {
    name: String,
    size: u64,
    packed_size: u64,
    is_folder: bool,
    deflated: bool,
    crc32: u32,
    /// Where the packed bytes begin.
    data_start: u64,
}

impl ZipEntry {
    /// Returns the name with its folders, separated by `/`, relative and without `.` or `..`. Names that are
    /// not UTF-8 are read as GB18030.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the name without its folders.
    pub fn file_name(&self) -> &str {
        let name = self.name.trim_end_matches('/');
        name.rsplit_once('/').map_or(name, |(_, file)| file)
    }

    /// Returns the unpacked size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the packed size in bytes.
    pub fn packed_size(&self) -> u64 {
        self.packed_size
    }

    /// Returns whether it is a folder.
    pub fn is_folder(&self) -> bool {
        self.is_folder
    }
}

impl<R: Read + Seek> ZipArchive<R> {
    /// Opens an archive that is a file of its own.
    ///
    /// # Errors
    /// [`Error::Archive`] for a hostile entry, [`Error::Malformed`] when it is no zip archive or is cut off.
    pub fn open(reader: R) -> Result<Self> {
        Self::open_nested(reader, 0)
    }

    /// Opens an archive that was found inside `nesting` others.
    ///
    /// # Errors
    /// As [`Self::open`], and when `nesting` is more than [`limits::MAX_ARCHIVE_NESTING`].
    pub fn open_nested(mut reader: R, nesting: u32) -> Result<Self> {
        if nesting > limits::MAX_ARCHIVE_NESTING {
            let limit = limits::MAX_ARCHIVE_NESTING.into();
            return Err(Error::Limit { what: "nesting of archives", limit, unit: "levels" });
        }
        let entries = directory::read(&mut reader)?;
        Ok(Self { reader, entries })
    }

    /// Returns the entries in the order of the archive's directory.
    pub fn entries(&self) -> &[ZipEntry] {
        &self.entries
    }

    /// Finds an entry by its whole name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.entries.iter().position(|entry| entry.name == name)
    }

    /// Unpacks an entry as a stream.
    ///
    /// The reader errors when the entry is longer or shorter than stated or its checksum is wrong.
    ///
    /// # Errors
    /// When there is no entry `index` or the archive cannot be read.
    pub fn stream(&mut self, index: usize) -> Result<EntryReader<'_, R>> {
        let Some(entry) = self.entries.get(index) else {
            return Err(Error::malformed("zip archive", 0, format!("it has no entry {index}")));
        };
        self.reader.seek(SeekFrom::Start(entry.data_start))?;
        let packed = BufReader::with_capacity(1 << 16, (&mut self.reader).take(entry.packed_size));
        let source = if entry.deflated {
            Source::Deflated(DeflateDecoder::new(packed))
        } else {
            Source::Stored(packed)
        };
        Ok(EntryReader { source, entry, left: entry.size, crc: crc32fast::Hasher::new() })
    }

    /// Unpacks an entry into memory, at most `limit` bytes.
    ///
    /// # Errors
    /// As [`Self::stream`], and when the entry is larger than `limit`.
    pub fn read_entry(&mut self, index: usize, limit: u64) -> Result<Vec<u8>> {
        if let Some(entry) = self.entries.get(index)
            && entry.size > limit
        {
            return Err(Error::Limit { what: "zip entry", limit, unit: "bytes" });
        }
        let mut bytes = Vec::new();
        self.stream(index)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Unpacks an entry into a new file at `path`, a name that the caller made, and returns its size in
    /// bytes.
    ///
    /// # Errors
    /// As [`Self::stream`], and when the file exists or cannot be written.
    pub fn extract_entry(&mut self, index: usize, path: &Path) -> Result<u64> {
        let mut entry = self.stream(index)?;
        let mut file = BufWriter::with_capacity(1 << 17, File::create_new(path)?);
        let size = io::copy(&mut entry, &mut file)?;
        file.flush()?;
        Ok(size)
    }
}

/// Unpacks one entry.
pub struct EntryReader<'a, R: Read> {
    source: Source<BufReader<io::Take<&'a mut R>>>,
    entry: &'a ZipEntry,
    left: u64,
    crc: crc32fast::Hasher,
}

enum Source<R> {
    Stored(R),
    Deflated(DeflateDecoder<R>),
}

impl<R: Read> EntryReader<'_, R> {
    fn refused(&self, reason: impl Into<String>) -> io::Error {
        Error::Archive { entry: self.entry.name.clone(), reason: reason.into() }.into()
    }
}

impl<R: Read> Read for EntryReader<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let n = match &mut self.source {
            Source::Stored(source) => source.read(buf)?,
            Source::Deflated(source) => source.read(buf)?,
        };
        let Some(left) = self.left.checked_sub(n as u64) else {
            return Err(self.refused(
                "it unpacks to more than the archive states; the archive is damaged or hostile",
            ));
        };
        self.left = left;
        self.crc.update(buf.get(..n).unwrap_or_default());
        if n == 0 && left > 0 {
            return Err(self
                .refused(format!("it is cut off, {left} bytes are missing; get the file again")));
        }
        if n == 0 && self.crc.clone().finalize() != self.entry.crc32 {
            return Err(self.refused("its checksum is wrong; get the file again"));
        }
        Ok(n)
    }
}

#[cfg(test)]
mod tests;
