//! Records of fixed width that need no memory however many there are: what is beyond a chunk goes to an unnamed
//! temporary file.
//!
//! An import keeps so what it knows of each feature, from reading to the finished segment. Files are read at
//! positions, not mapped: mapped pages would count as the program's memory.

mod sorter;

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::error::Doing;
use crate::{Result, files};

pub(crate) use sorter::Sorter;

/// A record of fixed width.
pub(crate) trait Fixed: Copy + Send + Sync {
    /// Its bytes in a file.
    const BYTES: usize;

    /// Appends its bytes.
    fn put(&self, out: &mut Vec<u8>);

    /// Reads it from [`Self::BYTES`] bytes.
    fn get(bytes: &[u8]) -> Self;
}

/// Takes the first bytes of a record.
pub(crate) fn take<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
    match bytes.split_first_chunk() {
        Some((first, rest)) => {
            *bytes = rest;
            *first
        }
        None => [0; N],
    }
}

/// Records that are read together.
pub(crate) const RUN: usize = 1 << 14;

/// A list of records.
#[derive(Debug)]
pub(crate) struct Records<R> {
    dir: PathBuf,
    file: Option<File>,
    /// Number of records in the file.
    filed: usize,
    /// Those behind them.
    tail: Vec<R>,
    /// So many may be in memory.
    chunk: usize,
}

impl<R: Fixed> Records<R> {
    /// Makes a list whose file, if it comes to that, is in `dir`.
    pub(crate) fn new(dir: &Path) -> Self {
        Self::with_chunk(dir, RUN)
    }

    /// Makes one that keeps fewer records in memory, since there are many such lists.
    pub(crate) fn with_chunk(dir: &Path, chunk: usize) -> Self {
        Self { dir: dir.to_owned(), file: None, filed: 0, tail: Vec::new(), chunk }
    }

    pub(crate) fn len(&self) -> usize {
        self.filed + self.tail.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn push(&mut self, record: R) -> Result<()> {
        self.tail.push(record);
        if self.tail.len() >= self.chunk {
            append(&mut self.file, &self.dir, &self.tail)?;
            self.filed += self.tail.len();
            self.tail.clear();
        }
        Ok(())
    }

    pub(crate) fn extend(&mut self, records: impl IntoIterator<Item = R>) -> Result<()> {
        records.into_iter().try_for_each(|record| self.push(record))
    }

    /// Reads the records of a range in the place of those in `into`.
    pub(crate) fn read(&self, range: Range<usize>, into: &mut Vec<R>) -> Result<()> {
        into.clear();
        let filed = range.start.min(self.filed)..range.end.min(self.filed);
        if let Some(file) = self.file.as_ref().filter(|_| !filed.is_empty()) {
            read(file, filed.start as u64, filed.len(), into).doing("read a file in", &self.dir)?;
        }
        let tail = range.start.saturating_sub(self.filed)..range.end.saturating_sub(self.filed);
        into.extend_from_slice(self.tail.get(tail).unwrap_or(&[]));
        Ok(())
    }

    /// Visits all records in their order.
    pub(crate) fn for_each_run(&self, visit: &mut dyn FnMut(&[R]) -> Result<()>) -> Result<()> {
        let mut run = Vec::new();
        for start in (0..self.len()).step_by(RUN) {
            self.read(start..(start + RUN).min(self.len()), &mut run)?;
            visit(&run)?;
        }
        Ok(())
    }
}

/// Writes records to the end of a file, which is made if there is none.
fn append<R: Fixed>(file: &mut Option<File>, dir: &Path, records: &[R]) -> Result<()> {
    let file = match file {
        Some(file) => file,
        none => none.insert(tempfile::tempfile_in(dir).doing("create a file in", dir)?),
    };
    // Where reading at a position moves the cursor.
    file.seek(SeekFrom::End(0)).doing("write a temporary file in", dir)?;
    let mut bytes = Vec::with_capacity(RUN.min(records.len()) * R::BYTES);
    for run in records.chunks(RUN) {
        bytes.clear();
        for record in run {
            record.put(&mut bytes);
        }
        file.write_all(&bytes).doing("write a temporary file in", dir)?;
    }
    Ok(())
}

/// Appends `count` records of a file to `into`.
fn read<R: Fixed>(file: &File, first: u64, count: usize, into: &mut Vec<R>) -> std::io::Result<()> {
    let mut bytes = vec![0; count * R::BYTES];
    files::read_at(file, &mut bytes, first * R::BYTES as u64)?;
    into.extend(bytes.chunks_exact(R::BYTES).map(R::get));
    Ok(())
}

impl Fixed for (u64, i64) {
    const BYTES: usize = 16;

    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0.to_le_bytes());
        out.extend_from_slice(&self.1.to_le_bytes());
    }

    fn get(mut bytes: &[u8]) -> Self {
        (u64::from_le_bytes(take(&mut bytes)), i64::from_le_bytes(take(&mut bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_as_they_were_pushed_from_file_and_memory() {
        let dir = tempfile::tempdir().unwrap();
        let mut records = Records::with_chunk(dir.path(), 10);
        records.extend((0..95_u64).map(|i| (i * i, -(i as i64)))).unwrap();
        assert_eq!((records.len(), records.filed), (95, 90));
        let mut read = Vec::new();
        records.read(85..93, &mut read).unwrap();
        assert_eq!(read, (85..93_u64).map(|i| (i * i, -(i as i64))).collect::<Vec<_>>());
        let mut all = 0;
        records
            .for_each_run(&mut |run| {
                all += run.len();
                Ok(())
            })
            .unwrap();
        assert_eq!(all, 95);
    }
}
