//! Directories: which tile is where (clause 4).

use std::path::Path;

use crate::error::{Error, Result};
use crate::limits;
use crate::tile_id::END;
use crate::varint::{put_varint, take_varint};

/// One line of a directory: `run` tiles in a row from `id` share one content; with `run` 0 it is another
/// directory that begins with `id`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    pub id: u64,
    pub offset: u64,
    pub len: u32,
    pub run: u32,
}

impl Entry {
    /// Returns the first id behind this entry.
    pub(crate) fn end(&self) -> u64 {
        self.id + u64::from(self.run.max(1))
    }
}

/// A directory: never empty, ids ascending, runs without overlap, every length at least 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Directory(Vec<Entry>);

impl Directory {
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// Returns the entry that holds a tile, or the directory in which to look on.
    pub(crate) fn find(&self, id: u64) -> Option<Entry> {
        let after = self.0.partition_point(|entry| entry.id <= id);
        let entry = *self.0.get(after.checked_sub(1)?)?;
        (entry.run == 0 || id < entry.end()).then_some(entry)
    }

    /// Reads an unpacked directory; `what` names it in errors.
    pub(crate) fn read(bytes: &[u8], what: &str, path: &Path) -> Result<Self> {
        let damaged = |why: String| Error::damaged(path, format!("{what} {why}"));
        let short = || damaged("ends too early".into());
        let mut rest = bytes;
        let count = take_varint(&mut rest).ok_or_else(short)?;
        // Each entry takes four bytes at least.
        if count > rest.len() as u64 / 4 {
            let left = rest.len();
            return Err(damaged(format!("announces {count} entries in {left} bytes")));
        }
        if count > limits::MAX_DIRECTORY_ENTRIES {
            let what = format!("{what} of {count} entries");
            let limit = limits::MAX_DIRECTORY_ENTRIES;
            return Err(Error::TooLarge { path: path.to_owned(), what, limit });
        }
        if count == 0 {
            return Err(damaged("is empty".into()));
        }
        let mut entries = vec![Entry::default(); count as usize];
        let mut id = 0_u64;
        for (i, entry) in entries.iter_mut().enumerate() {
            let step = take_varint(&mut rest).ok_or_else(short)?;
            if step == 0 && i > 0 {
                return Err(damaged(format!("lists tile {id} twice")));
            }
            id = id.checked_add(step).filter(|id| *id < END).ok_or_else(|| {
                damaged(format!("lists a tile beyond zoom {}", onemap_model::MAX_ZOOM))
            })?;
            entry.id = id;
        }
        for entry in &mut entries {
            entry.run = take_u32(&mut rest).ok_or_else(short)?;
        }
        for entry in &mut entries {
            entry.len = take_u32(&mut rest).filter(|len| *len > 0).ok_or_else(|| {
                damaged(format!("gives tile {} no length, or too great a one", entry.id))
            })?;
        }
        let mut next = None;
        for entry in &mut entries {
            let offset = take_varint(&mut rest).ok_or_else(short)?;
            let offset = match offset.checked_sub(1) {
                Some(offset) => Some(offset),
                None => next,
            };
            next = offset.and_then(|offset| offset.checked_add(entry.len.into()));
            entry.offset = offset
                .filter(|_| next.is_some())
                .ok_or_else(|| damaged(format!("gives tile {} no place", entry.id)))?;
        }
        for pair in entries.windows(2) {
            if let [a, b] = pair
                && a.end() > b.id
            {
                return Err(damaged(format!("lists tile {} twice", b.id)));
            }
        }
        if entries.last().is_some_and(|last| last.end() > END) {
            return Err(damaged("ends with a run beyond the last zoom".into()));
        }
        Ok(Self(entries))
    }

    /// Writes entries that obey the rules of a directory.
    pub(crate) fn write(entries: &[Entry]) -> Vec<u8> {
        let mut out = Vec::with_capacity(entries.len() * 6 + 4);
        put_varint(&mut out, entries.len() as u64);
        let mut before = 0;
        for entry in entries {
            put_varint(&mut out, entry.id - before);
            before = entry.id;
        }
        for entry in entries {
            put_varint(&mut out, entry.run.into());
        }
        for entry in entries {
            put_varint(&mut out, entry.len.into());
        }
        let mut next = None;
        for entry in entries {
            let follows = next == Some(entry.offset);
            put_varint(&mut out, if follows { 0 } else { entry.offset + 1 });
            next = Some(entry.offset + u64::from(entry.len));
        }
        out
    }
}

fn take_u32(rest: &mut &[u8]) -> Option<u32> {
    u32::try_from(take_varint(rest)?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> Result<Directory> {
        Directory::read(bytes, "the directory", Path::new("x"))
    }

    fn entry(id: u64, offset: u64, len: u32, run: u32) -> Entry {
        Entry { id, offset, len, run }
    }

    #[test]
    fn tiles_are_found_in_runs_and_leaves() {
        let entries = [entry(3, 0, 5, 1), entry(5, 5, 2, 4), entry(20, 0, 9, 0)];
        let directory = read(&Directory::write(&entries)).unwrap();
        assert_eq!(directory.entries(), entries);
        for (id, found) in [(2, None), (3, Some(0)), (4, None), (8, Some(1)), (9, None)] {
            assert_eq!(directory.find(id), found.map(|i: usize| entries[i]), "{id}");
        }
        assert_eq!(directory.find(1 << 40), Some(entries[2]));
    }

    #[test]
    fn directories_that_lie_are_refused() {
        for (bytes, why) in [
            (&[][..], "ends too early"),
            (&[0], "is empty"),
            (&[0xff, 0xff, 0xff, 0xff, 0x0f, 1, 1, 1, 1], "announces 4294967295 entries"),
            (&[0xff; 12], "ends too early"),
            (&[1, 0, 1, 0, 1], "no length"),
            (&[1, 0, 1, 0x80, 0x80, 0x80, 0x80, 0x20, 1], "no length"),
            (&[1, 0, 1, 1, 0], "no place"),
            (&[2, 7, 0, 1, 1, 1, 1, 1, 1], "lists tile 7 twice"),
            (&[2, 7, 1, 2, 1, 1, 1, 1, 1], "lists tile 8 twice"),
        ] {
            let error = read(bytes).unwrap_err().to_string();
            assert!(error.contains(why), "{bytes:?}: {error}");
        }
        let far = [entry(END - 1, 0, 1, 2)];
        assert!(read(&Directory::write(&far)).is_err());
        let far = [entry(1, u64::MAX - 2, 9, 1)];
        assert!(read(&Directory::write(&[entry(0, 0, 1, 1)]).repeat(1)).is_ok());
        let mut bytes = vec![1, 1, 1, 9];
        put_varint(&mut bytes, far[0].offset + 1);
        assert!(read(&bytes).unwrap_err().to_string().contains("no place"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(directory) = read(&bytes) {
                prop_assert_eq!(read(&Directory::write(directory.entries())).unwrap(), directory);
            }
        }
    }
}
