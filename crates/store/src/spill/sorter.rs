//! Sorting more records than memory should hold: sorted runs in a file, then merged.

use std::fs::File;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::{Fixed, RUN, append, read};
use crate::Result;
use crate::error::Doing;

/// Bytes of memory that a sorter fills before it writes a run.
const HELD_BYTES: usize = 16 << 20;
/// Records of each run that are in memory while runs are merged.
const AHEAD: usize = 1024;

/// Takes records in any order and gives them back in theirs.
#[derive(Debug)]
pub(crate) struct Sorter<R> {
    dir: PathBuf,
    held: Vec<R>,
    most: usize,
    file: Option<File>,
    /// Where each run in the file ends, in records.
    ends: Vec<u64>,
}

impl<R: Fixed + Ord> Sorter<R> {
    /// Makes a sorter whose file, if it comes to that, is in `dir`.
    pub(crate) fn new(dir: &Path) -> Self {
        Self::holding(dir, HELD_BYTES / size_of::<R>().max(1))
    }

    fn holding(dir: &Path, most: usize) -> Self {
        Self { dir: dir.to_owned(), held: Vec::new(), most, file: None, ends: Vec::new() }
    }

    pub(crate) fn push(&mut self, record: R) -> Result<()> {
        self.held.push(record);
        if self.held.len() >= self.most { self.write_run() } else { Ok(()) }
    }

    pub(crate) fn extend(&mut self, records: impl IntoIterator<Item = R>) -> Result<()> {
        records.into_iter().try_for_each(|record| self.push(record))
    }

    fn write_run(&mut self) -> Result<()> {
        self.held.par_sort_unstable();
        append(&mut self.file, &self.dir, &self.held)?;
        self.ends.push(self.ends.last().copied().unwrap_or(0) + self.held.len() as u64);
        self.held.clear();
        Ok(())
    }

    /// Visits all records in ascending order, in runs of any length.
    pub(crate) fn for_each_run(mut self, visit: &mut dyn FnMut(&[R]) -> Result<()>) -> Result<()> {
        if self.file.is_none() {
            self.held.par_sort_unstable();
            return self.held.chunks(RUN).try_for_each(visit);
        }
        if !self.held.is_empty() {
            self.write_run()?;
        }
        self.held = Vec::new();
        self.merge(visit)
    }

    fn merge(&self, visit: &mut dyn FnMut(&[R]) -> Result<()>) -> Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let refilled = |mut head: Head<R>| {
            let full = head.refill(file).doing("read a file in", &self.dir);
            full.map(|full| full.then_some(head))
        };
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let heads = starts.zip(&self.ends).map(|(next, &end)| refilled(Head::new(next, end)));
        // A heap: no head is greater than those at twice its place plus one and two.
        let mut heap: Vec<Head<R>> =
            heads.filter_map(Result::transpose).collect::<Result<Vec<_>>>()?;
        heap.sort_unstable_by_key(Head::first);
        let mut run = Vec::with_capacity(RUN);
        while let Some(top) = heap.first_mut() {
            run.extend(top.first());
            top.at += 1;
            if run.len() == RUN {
                visit(&run)?;
                run.clear();
            }
            if top.at == top.records.len()
                && !top.refill(file).doing("read a file in", &self.dir)?
            {
                heap.swap_remove(0);
            }
            sift_down(&mut heap);
        }
        visit(&run)
    }
}

/// What is left of a run.
struct Head<R> {
    records: Vec<R>,
    /// The first of them that is left.
    at: usize,
    /// Those of the file that follow.
    next: u64,
    end: u64,
}

impl<R: Fixed + Ord> Head<R> {
    fn new(next: u64, end: u64) -> Self {
        Self { records: Vec::new(), at: 0, next, end }
    }

    fn first(&self) -> Option<R> {
        self.records.get(self.at).copied()
    }

    /// Reads more records; `false` when there are none.
    fn refill(&mut self, file: &File) -> std::io::Result<bool> {
        let count = (self.end - self.next).min(AHEAD as u64);
        self.records.clear();
        self.at = 0;
        read(file, self.next, count as usize, &mut self.records)?;
        self.next += count;
        Ok(count > 0)
    }
}

/// Puts the first of a heap in its place.
fn sift_down<R: Fixed + Ord>(heap: &mut [Head<R>]) {
    let mut at = 0;
    loop {
        let child = |i: usize| heap.get(i).and_then(|head| head.records.get(head.at));
        let (left, right) = (2 * at + 1, 2 * at + 2);
        let Some(mut least) = child(left) else { return };
        let mut to = left;
        if let Some(other) = child(right).filter(|other| *other < least) {
            (least, to) = (other, right);
        }
        if child(at).is_none_or(|own| own <= least) {
            return;
        }
        heap.swap(at, to);
        at = to;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(count: u64, most: usize) -> Vec<(u64, i64)> {
        let dir = tempfile::tempdir().unwrap();
        let mut sorter = Sorter::holding(dir.path(), most);
        let scattered = |i: u64| i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 50;
        sorter.extend((0..count).map(|i| (scattered(i), -(i as i64)))).unwrap();
        let mut all = Vec::new();
        sorter
            .for_each_run(&mut |run| {
                all.extend_from_slice(run);
                Ok(())
            })
            .unwrap();
        all
    }

    #[test]
    fn records_come_in_the_same_order_however_many_are_held() {
        let expected = sorted(50_000, usize::MAX);
        assert!(expected.is_sorted());
        for most in [1_000, 49_999, 50_000, 7_001] {
            assert_eq!(sorted(50_000, most), expected, "{most}");
        }
        assert_eq!(sorted(3, 1).len(), 3);
        assert!(sorted(0, 10).is_empty());
    }
}
