//! Checks a Parquet file's sizes before the crate `parquet` believes them.

use std::io::Read;
use std::ops::Range;

use onemap_bounded::{Error, Result};
use parquet::basic::Compression;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};

use super::thrift;
use crate::window::Window;

/// The largest metadata, bytes: some 100,000 column chunks.
const MAX_METADATA: u64 = 32 << 20;

/// The largest page, unpacked, bytes. Writers make pages of 1 MiB; one of a column of large geometries may
/// have some more.
const MAX_PAGE: i64 = 256 << 20;

/// Most values of a page. Some writers put a whole row group of a million rows into one page.
const MAX_PAGE_VALUES: i64 = 16 << 20;

/// How many values of a list a byte of the file may stand for, beyond [`FREE_VALUES`].
const VALUES_A_BYTE: u64 = 64;

/// Values of a list for which the ratio is not looked at.
const FREE_VALUES: u64 = 4 << 20;

/// How much is read to find a page header: most have 50 bytes, some carry the longest and shortest value.
const HEADER_BYTES: [usize; 2] = [8 << 10, 4 << 20];

/// Checks magic bytes and metadata.
pub(super) fn check_footer(file: &mut Window) -> Result<()> {
    let len = file.len();
    let malformed =
        |offset, detail: String| Error::Malformed { what: "parquet file", offset, detail };
    if len < 12 || file.at(0, 4)? != b"PAR1" {
        return Err(malformed(0, "it does not begin as Parquet does".into()));
    }
    let tail = file.at(len - 8, 8)?;
    let (size, magic) = tail.split_at(4);
    if magic == b"PARE" {
        let detail = "its metadata is encrypted; write it without encryption".into();
        return Err(Error::Unsupported { what: "parquet file", detail });
    }
    if magic != b"PAR1" {
        return Err(malformed(len - 4, "it does not end as Parquet does; it is cut off".into()));
    }
    let size = size.try_into().map_or(0, u32::from_le_bytes);
    if u64::from(size) > MAX_METADATA {
        return Err(Error::Limit { what: "parquet metadata", limit: MAX_METADATA, unit: "bytes" });
    }
    let offset = (len - 8).checked_sub(size.into()).filter(|offset| *offset >= 4);
    let Some(offset) = offset else {
        return Err(malformed(len - 8, format!("metadata of {size} bytes")));
    };
    thrift::check_struct(file.at(offset, size as usize)?)
}

/// Checks the pages of all columns, and returns the number of rows.
pub(super) fn check_pages(file: &mut Window, metadata: &ParquetMetaData) -> Result<u64> {
    let mut rows = 0u64;
    for group in metadata.row_groups() {
        rows = rows.saturating_add(u64::try_from(group.num_rows()).unwrap_or(0));
        for column in group.columns() {
            check_column(file, column)?;
        }
    }
    Ok(rows)
}

fn check_column(file: &mut Window, column: &ColumnChunkMetaData) -> Result<()> {
    let range = range_of(file, column)?;
    let size = range.end - range.start;
    let values = u64::try_from(column.num_values()).unwrap_or(0);
    let is_list = column.column_descr().max_rep_level() > 0;
    if is_list && values > FREE_VALUES && values / VALUES_A_BYTE > size {
        return Err(Error::Count {
            what: "parquet list column",
            count: values,
            offset: range.start,
            left: size,
        });
    }
    let mut offset = range.start;
    let mut seen = 0u64;
    while offset < range.end && seen < values.max(1) {
        let header = page_header(file, offset, range.end)?;
        let lying = header.packed < 0
            || header.unpacked < 0
            || header.unpacked > MAX_PAGE
            || header.values < 0
            || header.values > MAX_PAGE_VALUES;
        if lying {
            return Err(Error::Malformed {
                what: "parquet page",
                offset,
                detail: format!(
                    "{} bytes unpacked from {}, {} values",
                    header.unpacked, header.packed, header.values
                ),
            });
        }
        let begin = offset + header.length as u64;
        let end = begin + header.packed as u64;
        if end > range.end {
            return Err(Error::Truncated {
                what: "parquet page",
                offset: begin,
                need: header.packed as u64,
                left: range.end.saturating_sub(begin),
            });
        }
        check_expansion(file, column.compression(), begin..end, header.unpacked as u64)?;
        let is_dictionary = column.dictionary_page_offset() == i64::try_from(offset).ok();
        if !is_dictionary {
            seen = seen.saturating_add(header.values as u64);
        }
        offset = end;
    }
    Ok(())
}

/// Returns where a column chunk stands. The crate's own function panics at negative numbers.
fn range_of(file: &Window, column: &ColumnChunkMetaData) -> Result<Range<u64>> {
    let start = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
    let size = column.compressed_size();
    let end = start.checked_add(size).filter(|_| start >= 0 && size >= 0);
    let range = end.map(|end| start as u64..end as u64).filter(|range| range.end <= file.len());
    range.ok_or_else(|| Error::Malformed {
        what: "parquet column chunk",
        offset: 0,
        detail: format!("it stands at byte {start} with {size} bytes of {}", file.len()),
    })
}

fn page_header(file: &mut Window, offset: u64, end: u64) -> Result<thrift::PageHeader> {
    let left = usize::try_from(end - offset).unwrap_or(usize::MAX);
    let mut result =
        Err(Error::Unsupported { what: "parquet page header", detail: "it is too long".into() });
    for bytes in HEADER_BYTES {
        result = thrift::page_header(file.at(offset, bytes.min(left))?);
        if result.is_ok() || left <= bytes {
            break;
        }
    }
    result
}

/// Checks that a page unpacks to what its header says, where the crate unpacks whatever comes. The others
/// stop at the size stated.
fn check_expansion(
    file: &mut Window,
    compression: Compression,
    range: Range<u64>,
    unpacked: u64,
) -> Result<()> {
    let packed = range.end - range.start;
    let worst = match compression {
        Compression::GZIP(_) => packed.saturating_mul(1_032),
        Compression::LZ4 => packed.saturating_mul(255),
        Compression::BROTLI(_) => u64::MAX,
        _ => 0,
    };
    if worst <= MAX_PAGE as u64 {
        return Ok(());
    }
    let page = file.at(range.start, packed as usize)?;
    let limit = unpacked + 1;
    let mut sink = std::io::sink();
    let unpacks_to = match compression {
        Compression::GZIP(_) => {
            std::io::copy(&mut flate2::read::MultiGzDecoder::new(page).take(limit), &mut sink)
        }
        Compression::BROTLI(_) => {
            std::io::copy(&mut brotli::Decompressor::new(page, 64 << 10).take(limit), &mut sink)
        }
        _ => {
            let frame = lz4_flex::frame::FrameDecoder::new(page);
            std::io::copy(&mut frame.take(limit), &mut sink)
        }
    };
    // Whatever else is wrong with the page is found when it is read.
    if unpacks_to.is_ok_and(|bytes| bytes > unpacked) {
        return Err(Error::Malformed {
            what: "parquet page",
            offset: range.start,
            detail: format!("it unpacks to more than the {unpacked} bytes that it states"),
        });
    }
    Ok(())
}
