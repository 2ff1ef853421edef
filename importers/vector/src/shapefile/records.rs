//! Finds the records of a `.shp`, by its index or by walking from one to the next.

use onemap_bounded::{ByteReader, Result};

use crate::window::Window;

/// Length of the header of `.shp` and `.shx`, bytes.
const HEADER: u64 = 100;

/// The largest record read, bytes: 16 million vertices, the most a feature may have.
const MAX_RECORD: u64 = 256 << 20;

/// One record: its number from 1, and its content or why that can not be had.
pub(super) type Found<'a> = (u64, std::result::Result<&'a [u8], String>);

/// The records of a `.shp`, in the order of their numbers.
#[derive(Debug)]
pub(super) struct Records {
    shp: Window,
    index: Option<Index>,
    next: u64,
    offset: u64,
    /// Bytes that the index may still have read: it points at each record once.
    left: u64,
    /// Where the header says that the file ends, when that is inside the file.
    stated_end: u64,
    /// Bytes after the last record that are no record.
    pub(super) trailing: u64,
}

/// A `.shx`.
#[derive(Debug)]
struct Index {
    shx: Window,
    count: u64,
}

impl Records {
    /// Checks the header of a `.shp`. The lengths that it states are not relied on.
    pub(super) fn new(mut shp: Window) -> Result<Self> {
        let stated_end = check_header(&mut shp)?;
        let left = shp.len().saturating_mul(2);
        Ok(Self { shp, index: None, next: 0, offset: HEADER, left, stated_end, trailing: 0 })
    }

    /// Uses an index; refuses one that is broken or shorter than it says.
    pub(super) fn use_index(&mut self, mut shx: Window) -> std::result::Result<(), String> {
        let stated = check_header(&mut shx).map_err(|error| error.to_string())?;
        if stated > shx.len() {
            return Err(format!("it says that it has {stated} bytes, but has {}", shx.len()));
        }
        let count = (shx.len() - HEADER) / 8;
        let has_records = self.shp.len() > HEADER;
        if count == 0 && has_records {
            return Err("it lists no record, but there are some".into());
        }
        self.index = Some(Index { shx, count });
        Ok(())
    }

    /// Returns the number of records, if an index tells.
    pub(super) fn expected(&self) -> Option<u64> {
        self.index.as_ref().map(|index| index.count)
    }

    /// Returns how far the reader is, and the length of the file, bytes.
    pub(super) fn progress(&self) -> (u64, u64) {
        let len = self.shp.len();
        let done = match &self.index {
            // An index need not go straight through the file.
            Some(index) => {
                let done = u128::from(self.next) * u128::from(len) / u128::from(index.count.max(1));
                u64::try_from(done).unwrap_or(len)
            }
            None => self.offset,
        };
        (done.min(len), len)
    }

    /// Returns the next record.
    pub(super) fn next(&mut self) -> Option<Found<'_>> {
        if let Some(index) = &mut self.index {
            if self.next >= index.count {
                return None;
            }
            let entry = HEADER + 8 * self.next;
            self.next += 1;
            let offset = match index.shx.at(entry, 8) {
                // The offset counts 16-bit words; it is unsigned, so that files reach 8 GB.
                Ok(bytes) => {
                    ByteReader::new("shx", bytes).u32_be().map_or(0, |words| u64::from(words) * 2)
                }
                Err(error) => return Some((self.next, Err(error.to_string()))),
            };
            if offset < HEADER {
                let reason = format!(
                    "the .shx says that it begins at byte {offset}, inside the header; delete the .shx to have it found without"
                );
                return Some((self.next, Err(reason)));
            }
            self.offset = offset;
            if self.left == 0 {
                self.next = index.count;
                let reason = "the .shx points at the same records again and again; delete it to have them found without".into();
                return Some((self.next, Err(reason)));
            }
            return Some((self.next, self.content().map_err(|error| error.to_string())));
        }
        self.walk()
    }

    fn walk(&mut self) -> Option<Found<'_>> {
        let len = self.shp.len();
        let at_stated_end = self.offset == self.stated_end && self.stated_end > HEADER;
        if self.offset >= len || at_stated_end {
            self.trailing = len.saturating_sub(self.offset);
            return None;
        }
        let padding = self
            .shp
            .at(self.offset, 8.min((len - self.offset) as usize))
            .is_ok_and(|bytes| bytes.iter().all(|b| *b == 0));
        if padding {
            self.trailing = len - self.offset;
            self.offset = len;
            return None;
        }
        self.next += 1;
        // After a record that can not be read there is no telling where the next one begins.
        let broken_end = match self.shp.at(self.offset, 8) {
            Ok(header) => content_length(header).is_none_or(|n| self.offset + 8 + n > len),
            Err(_) => true,
        };
        let number = self.next;
        if broken_end {
            let offset = self.offset;
            self.offset = len;
            let reason = format!(
                "the record at byte {offset} reaches beyond the end of the file ({len} bytes); the file is cut off or damaged, and what follows can not be found without a .shx"
            );
            return Some((number, Err(reason)));
        }
        Some((number, self.content().map_err(|error| error.to_string())))
    }

    /// Reads the record at the offset and moves behind it.
    fn content(&mut self) -> Result<&[u8]> {
        let offset = self.offset;
        let length = content_length(self.shp.at(offset, 8)?).unwrap_or(u64::MAX);
        if length > MAX_RECORD && length <= self.shp.len() {
            return Err(onemap_bounded::Error::Limit {
                what: "shapefile record",
                limit: MAX_RECORD,
                unit: "bytes",
            });
        }
        self.offset = offset.saturating_add(8).saturating_add(length);
        self.left = self.left.saturating_sub(length);
        let n = usize::try_from(length).unwrap_or(usize::MAX);
        self.shp.at(offset + 8, n)
    }
}

/// Returns the length of the content, bytes, from the 8 bytes before it.
fn content_length(header: &[u8]) -> Option<u64> {
    let mut bytes = ByteReader::new("shapefile record", header);
    bytes.skip(4).ok()?;
    let words = bytes.i32_be().ok()?;
    u64::try_from(words).ok().map(|words| words * 2)
}

/// Checks the file code, and returns the length that the header states, bytes.
fn check_header(file: &mut Window) -> Result<u64> {
    let header = file.at(0, HEADER as usize)?;
    let mut bytes = ByteReader::new("shapefile header", header);
    let code = bytes.u32_be()?;
    if code != 9994 {
        return Err(onemap_bounded::Error::Malformed {
            what: "shapefile header",
            offset: 0,
            detail: format!("file code {code}, expected 9994"),
        });
    }
    bytes.seek(24)?;
    Ok(u64::from(bytes.u32_be()?) * 2)
}
