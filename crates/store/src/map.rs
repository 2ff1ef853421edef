//! Memory-mapped files whose blocks are checked against their checksum when first touched.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Result;
use crate::error::{Doing, StoreError};

/// Bytes under one checksum.
pub(crate) const BLOCK: usize = 64 * 1024;

/// A read-only mapped file.
#[derive(Debug)]
pub(crate) struct Map {
    map: Option<memmap2::Mmap>,
    path: PathBuf,
}

impl Map {
    /// Maps a file; an empty file maps to no bytes.
    #[allow(unsafe_code)]
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).doing("open", path)?;
        let len = file.metadata().doing("read the size of", path)?.len();
        let map = if len == 0 {
            None
        } else {
            // SAFETY: the bytes must not change while mapped. The store maps only files that it has
            // finished writing: segments and sidecars, named by their content and never written
            // again. Someone who truncates a segment under a running server gets a bus error, as with
            // every mapped database; changed bytes are read as plain bytes only, each access is
            // bounds-checked, and checksums tell.
            Some(unsafe { memmap2::Mmap::map(&file) }.doing("map", path)?)
        };
        Ok(Self { map, path: path.to_owned() })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.map.as_deref().unwrap_or(&[])
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// A mapped file with a CRC-32 for every [`BLOCK`] bytes from `start` on. A block is checked once,
/// when it is first read.
#[derive(Debug)]
pub(crate) struct CheckedMap {
    map: Map,
    start: usize,
    end: usize,
    sums: Vec<u32>,
    seen: Vec<AtomicU64>,
}

impl CheckedMap {
    /// Wraps a map whose bytes from `start` to `start + len` have the checksums `sums`; `None`
    /// when the map is too short or the number of checksums is not right.
    pub(crate) fn new(map: Map, start: usize, len: usize, sums: Vec<u32>) -> Option<Self> {
        let end = start.checked_add(len)?;
        if end > map.bytes().len() || sums.len() != len.div_ceil(BLOCK) {
            return None;
        }
        let seen = (0..sums.len().div_ceil(64)).map(|_| AtomicU64::new(0)).collect();
        Some(Self { map, start, end, sums, seen })
    }

    pub(crate) fn path(&self) -> &Path {
        self.map.path()
    }

    /// Returns `len` bytes from `at` (counted from the file's begin), or an error when they lie
    /// outside of the checked part or differ from what was written.
    pub(crate) fn get(&self, at: u64, len: usize) -> Result<&[u8]> {
        let outside =
            || StoreError::damaged(self.path(), at, "an offset points outside of the file");
        let from =
            usize::try_from(at).ok().filter(|&from| from >= self.start).ok_or_else(outside)?;
        let to = from.checked_add(len).ok_or_else(outside)?;
        let bytes =
            self.map.bytes().get(from..to).filter(|_| to <= self.end).ok_or_else(outside)?;
        if len > 0 {
            let first = (from - self.start) / BLOCK;
            let last = (to - 1 - self.start) / BLOCK;
            for block in first..=last {
                let seen = self.seen.get(block / 64).ok_or_else(outside)?;
                if seen.load(Ordering::Relaxed) & (1 << (block % 64)) == 0 {
                    self.check_block(block)?;
                    seen.fetch_or(1 << (block % 64), Ordering::Relaxed);
                }
            }
        }
        Ok(bytes)
    }

    /// Checks all blocks anew, whether seen before or not.
    pub(crate) fn check_all(&self) -> Result<()> {
        (0..self.sums.len()).try_for_each(|block| self.check_block(block))
    }

    fn check_block(&self, block: usize) -> Result<()> {
        let from = self.start + block * BLOCK;
        let bytes = self.map.bytes();
        let end = self.end.min(from + BLOCK);
        let good =
            bytes.get(from..end).is_some_and(|b| Some(&crc32fast::hash(b)) == self.sums.get(block));
        if good {
            Ok(())
        } else {
            Err(StoreError::damaged(
                self.path(),
                from as u64,
                "the checksum of this block is wrong",
            ))
        }
    }
}

/// Computes the checksums of blocks while bytes stream by.
#[derive(Debug, Default)]
pub(crate) struct BlockSums {
    hasher: crc32fast::Hasher,
    filled: usize,
    sums: Vec<u32>,
}

impl BlockSums {
    pub(crate) fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (now, rest) = bytes.split_at(bytes.len().min(BLOCK - self.filled));
            self.hasher.update(now);
            self.filled += now.len();
            bytes = rest;
            if self.filled == BLOCK {
                self.end_block();
            }
        }
    }

    fn end_block(&mut self) {
        self.sums.push(std::mem::take(&mut self.hasher).finalize());
        self.filled = 0;
    }

    pub(crate) fn finish(mut self) -> Vec<u32> {
        if self.filled > 0 {
            self.end_block();
        }
        self.sums
    }
}
