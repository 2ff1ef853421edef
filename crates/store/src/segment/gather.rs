//! Reading the bytes of features in another order than the one in which they were written, without holding more
//! than a part of them.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use super::item::Placed;
use crate::error::{Doing, StoreError};
use crate::map::Map;
use crate::spill::{RUN, Records};
use crate::{Result, files};

/// Bytes of features that are held together; one feature may be larger.
const MOST_BYTES: u64 = 8 << 20;
/// What lies between features that are read together may be so large: a read costs as much as so many bytes.
const GAP: u64 = 4096;
/// Bytes that are read together.
const READ_BYTES: u64 = 1 << 20;

/// Bytes that can be read at any position.
pub(crate) trait ReadAt: Sync {
    fn read_at(&self, at: u64, into: &mut [u8]) -> Result<()>;
}

/// Appends encoded features to an unnamed file.
#[derive(Debug)]
pub(crate) struct Spool {
    file: File,
    len: u64,
    dir: std::path::PathBuf,
}

impl Spool {
    pub(crate) fn new(tmp: &Path) -> Result<Self> {
        let file = tempfile::tempfile_in(tmp).doing("create a file in", tmp)?;
        Ok(Self { file, len: 0, dir: tmp.to_owned() })
    }

    /// Appends bytes and returns where they begin.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<u64> {
        let at = self.len;
        let written = self.file.seek(SeekFrom::Start(at)).and_then(|_| self.file.write_all(bytes));
        written.doing("write a temporary file in", &self.dir)?;
        self.len += bytes.len() as u64;
        Ok(at)
    }
}

impl ReadAt for Spool {
    fn read_at(&self, at: u64, into: &mut [u8]) -> Result<()> {
        files::read_at(&self.file, into, at).doing("read a temporary file in", &self.dir)
    }
}

impl ReadAt for Map {
    fn read_at(&self, at: u64, into: &mut [u8]) -> Result<()> {
        let from = usize::try_from(at).unwrap_or(usize::MAX);
        let bytes = self.bytes().get(from..from.saturating_add(into.len()));
        let short = || StoreError::damaged(self.path(), at, "a feature lies outside of the file");
        into.copy_from_slice(bytes.ok_or_else(short)?);
        Ok(())
    }
}

/// Features that stand one behind the other in the segment, and their bytes in that order.
#[derive(Default)]
pub(super) struct Batch {
    /// Number of the first one.
    pub(super) first: usize,
    pub(super) items: Vec<Placed>,
    pub(super) bytes: Vec<u8>,
    /// Where each one's bytes begin in `bytes`.
    begins: Vec<usize>,
    /// Numbers of the items as they stand in the source.
    order: Vec<u32>,
    read: Vec<u8>,
}

impl Batch {
    /// Returns the bytes of a feature by its number in the batch.
    pub(super) fn bytes_of(&self, i: usize) -> &[u8] {
        let begin = self.begins.get(i).copied().unwrap_or(0);
        let len = self.items.get(i).map_or(0, |placed| placed.item.len as usize);
        self.bytes.get(begin..begin + len).unwrap_or(&[])
    }

    /// Fills the batch with features.
    fn load(&mut self, first: usize, items: &[Placed], source: &dyn ReadAt) -> Result<()> {
        self.first = first;
        self.items.clear();
        self.items.extend_from_slice(items);
        self.begins.clear();
        let mut len = 0;
        for placed in items {
            self.begins.push(len);
            len += placed.item.len as usize;
        }
        if len as u64 <= MOST_BYTES && self.bytes.capacity() as u64 > 4 * MOST_BYTES {
            self.bytes = Vec::new();
        }
        self.bytes.resize(len, 0);
        self.order.clear();
        self.order.extend(0..items.len() as u32);
        let span = |i: u32| {
            let item = items.get(i as usize).map(|placed| placed.item);
            item.map_or(0..0, |item| item.offset..item.offset + u64::from(item.len))
        };
        self.order.sort_unstable_by_key(|&i| span(i).start);
        let mut rest = self.order.as_slice();
        while let Some(&least) = rest.first() {
            let mut all = span(least);
            let near = rest.iter().take_while(|&&i| {
                let next = span(i);
                let here = next.start <= all.end + GAP && next.end <= all.start + READ_BYTES;
                if here {
                    all.end = all.end.max(next.end);
                }
                here
            });
            let (now, later) = rest.split_at(near.count().max(1));
            rest = later;
            if let [one] = now {
                let begin = self.begins.get(*one as usize).copied().unwrap_or(0);
                let to = self.bytes.get_mut(begin..begin + (all.end - all.start) as usize);
                source.read_at(all.start, to.unwrap_or_default())?;
                continue;
            }
            self.read.resize((all.end - all.start) as usize, 0);
            source.read_at(all.start, &mut self.read)?;
            for &i in now {
                let span = span(i);
                let (begin, from) = (
                    self.begins.get(i as usize).copied().unwrap_or(0),
                    (span.start - all.start) as usize,
                );
                let len = (span.end - span.start) as usize;
                let to = self.bytes.get_mut(begin..begin + len).unwrap_or_default();
                to.copy_from_slice(self.read.get(from..from + len).unwrap_or_default());
            }
        }
        Ok(())
    }
}

/// Visits features with their bytes, in the order of `items`. Reads the next ones meanwhile.
pub(super) fn for_each_batch(
    items: &Records<Placed>,
    range: std::ops::Range<usize>,
    source: &dyn ReadAt,
    visit: &mut (dyn FnMut(&Batch) -> Result<()> + Send),
) -> Result<()> {
    let mut pieces = Pieces { items, at: range.start, end: range.end, held: Vec::new(), taken: 0 };
    let (mut now, mut next) = (Batch::default(), Batch::default());
    let Some((first, piece)) = pieces.next()? else { return Ok(()) };
    now.load(first, piece, source)?;
    loop {
        let Some((first, piece)) = pieces.next()? else { return visit(&now) };
        let (loaded, seen) = rayon::join(|| next.load(first, piece, source), || visit(&now));
        seen?;
        loaded?;
        std::mem::swap(&mut now, &mut next);
    }
}

/// Cuts a list into pieces whose features have not too many bytes together.
struct Pieces<'a> {
    items: &'a Records<Placed>,
    /// Number of the first one that is not yet in `held`.
    at: usize,
    end: usize,
    held: Vec<Placed>,
    /// So many of those in `held` were given.
    taken: usize,
}

impl Pieces<'_> {
    fn next(&mut self) -> Result<Option<(usize, &[Placed])>> {
        if self.taken == self.held.len() {
            let end = (self.at + RUN).min(self.end);
            self.items.read(self.at..end, &mut self.held)?;
            self.at += self.held.len();
            self.taken = 0;
        }
        let left = self.held.get(self.taken..).unwrap_or(&[]);
        let mut bytes = 0;
        let fit = left.iter().take_while(|placed| {
            bytes += u64::from(placed.item.len);
            bytes <= MOST_BYTES
        });
        let count = fit.count().max(1).min(left.len());
        let first = self.at - left.len();
        self.taken += count;
        Ok(left.get(..count).filter(|piece| !piece.is_empty()).map(|piece| (first, piece)))
    }
}
