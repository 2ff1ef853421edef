//! Looks into Thrift's compact protocol, in which Parquet keeps its metadata and page headers, before the
//! crate `parquet` does: that one allocates by counts and sizes that nothing has checked.

use onemap_bounded::{ByteReader, Error, Result};

/// What is read, for errors.
const WHAT: &str = "parquet metadata";

/// Nesting of structs; a file's schema is flat, its metadata nests 6 deep.
const MAX_DEPTH: usize = 32;

/// Fewest bytes that an entry of a list of structs takes: a field with a value and the end.
const MIN_STRUCT: usize = 3;

/// What a page header says.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(super) struct PageHeader {
    /// Size of the page once unpacked, bytes.
    pub(super) unpacked: i64,
    /// Size of the page in the file, bytes.
    pub(super) packed: i64,
    /// Values in it, nulls included.
    pub(super) values: i64,
    /// Length of the header itself, bytes.
    pub(super) length: usize,
}

/// Checks that a struct's counts and sizes are those of what is really there.
pub(super) fn check_struct(bytes: &[u8]) -> Result<()> {
    let mut bytes = ByteReader::new(WHAT, bytes);
    skip_struct(&mut bytes, MAX_DEPTH)
}

/// Reads a page header (parquet.thrift, struct `PageHeader`).
pub(super) fn page_header(bytes: &[u8]) -> Result<PageHeader> {
    let mut bytes = ByteReader::new("parquet page header", bytes);
    let mut header = PageHeader::default();
    let mut id = 0;
    while let Some(kind) = field(&mut bytes, &mut id)? {
        match (id, kind) {
            (2, 5) => header.unpacked = zigzag(&mut bytes)?,
            (3, 5) => header.packed = zigzag(&mut bytes)?,
            // The headers of data pages, dictionary pages and data pages of version 2.
            (5 | 7 | 8, 12) => {
                let mut inner = 0;
                while let Some(kind) = field(&mut bytes, &mut inner)? {
                    if (inner, kind) == (1, 5) {
                        header.values = zigzag(&mut bytes)?;
                    } else {
                        skip(&mut bytes, kind, MAX_DEPTH)?;
                    }
                }
            }
            _ => skip(&mut bytes, kind, MAX_DEPTH)?,
        }
    }
    header.length = bytes.position();
    Ok(header)
}

/// Reads what comes before a field: its number goes to `id`, its type is returned; `None` at the end.
fn field(bytes: &mut ByteReader, id: &mut i64) -> Result<Option<u8>> {
    let byte = bytes.u8()?;
    if byte == 0 {
        return Ok(None);
    }
    *id = match byte >> 4 {
        0 => zigzag(bytes)?,
        delta => *id + i64::from(delta),
    };
    Ok(Some(byte & 0x0f))
}

fn skip_struct(bytes: &mut ByteReader, depth: usize) -> Result<()> {
    let mut id = 0;
    while let Some(kind) = field(bytes, &mut id)? {
        skip(bytes, kind, depth)?;
    }
    Ok(())
}

fn skip(bytes: &mut ByteReader, kind: u8, depth: usize) -> Result<()> {
    let depth = depth.checked_sub(1).ok_or_else(|| malformed(bytes, "it nests too deep"))?;
    match kind {
        // Booleans stand in the field's type.
        1 | 2 => Ok(()),
        3 => bytes.skip(1),
        4..=6 => varint(bytes).map(|_| ()),
        7 => bytes.skip(8),
        8 => {
            let length = varint(bytes)?;
            let length = bytes.counted(length, 1)?;
            bytes.skip(length)
        }
        9 | 10 => {
            let head = bytes.u8()?;
            let count = match head >> 4 {
                15 => varint(bytes)?,
                count => count.into(),
            };
            let element = head & 0x0f;
            let smallest = if element == 12 { MIN_STRUCT } else { 1 };
            for _ in 0..bytes.counted(count, smallest)? {
                // In a list a boolean takes a byte.
                if element <= 2 { bytes.skip(1)? } else { skip(bytes, element, depth)? }
            }
            Ok(())
        }
        11 => {
            let count = varint(bytes)?;
            if count == 0 {
                return Ok(());
            }
            let kinds = bytes.u8()?;
            for _ in 0..bytes.counted(count, 2)? {
                skip(bytes, kinds >> 4, depth)?;
                skip(bytes, kinds & 0x0f, depth)?;
            }
            Ok(())
        }
        12 => skip_struct(bytes, depth),
        other => Err(malformed(bytes, &format!("value type {other} is unknown"))),
    }
}

fn varint(bytes: &mut ByteReader) -> Result<u64> {
    crate::varint::varint(bytes, WHAT)
}

fn zigzag(bytes: &mut ByteReader) -> Result<i64> {
    Ok(crate::varint::zigzag(varint(bytes)?))
}

fn malformed(bytes: &ByteReader, detail: &str) -> Error {
    Error::Malformed { what: WHAT, offset: bytes.position() as u64, detail: detail.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_header_is_read_past_what_is_not_needed() {
        // type=0, unpacked=100, packed=80, data page header { values=7, encoding=0 }, then two bytes more.
        let bytes = [0x15, 0, 0x15, 200, 1, 0x15, 160, 1, 0x2c, 0x15, 14, 0x15, 0, 0, 0, 9, 9];
        let header = page_header(&bytes).unwrap();
        assert_eq!(header, PageHeader { unpacked: 100, packed: 80, values: 7, length: 15 });
        for end in 0..15 {
            assert!(page_header(&bytes[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn a_list_that_announces_more_than_there_is_and_endless_nesting_are_errors() {
        assert!(check_struct(&[0x19, 0xfc, 0xff, 0xff, 0xff, 0x7f, 0]).is_err());
        assert!(check_struct(&[0x18, 0xff, 0xff, 0xff, 0x7f, 0]).is_err());
        assert!(check_struct(&[0x1c; 10_000]).is_err());
        assert!(check_struct(&[0x15; 11]).is_err());
        assert!(check_struct(&[0]).is_ok());
    }
}
