//! Features one a line, or each after a record separator (RFC 8142). A bad line is rejected, the next is read.

use std::io::BufRead;

use onemap_bounded::limits as guards;

use super::reader::Reader;
use crate::Error;
use crate::json::{Lexer, count_lines};

/// RFC 8142, clause 2: a record separator before each text.
const SEPARATOR: u8 = 0x1e;

/// Tells whether records end where lines end or separators come; otherwise objects follow each other in any
/// layout, and are read as one stream.
pub(super) fn has_one_record_a_line(head: &[u8]) -> bool {
    if head.contains(&SEPARATOR) {
        return true;
    }
    let Some(end) = head.iter().position(|byte| *byte == b'\n') else {
        // A single line, or one so long that its end is out of sight.
        return true;
    };
    let line = head.get(..end).unwrap_or_default();
    Lexer::new(line).skip_value().is_ok()
}

/// Reads the records.
pub(super) fn read<R: BufRead>(input: &mut R, mut reader: Reader<'_>) -> Result<(), Error> {
    let mut lexer = Lexer::new(std::io::empty());
    let mut record = Vec::new();
    let first = input.fill_buf().map_err(|error| reader.read_failed(error))?;
    let by_separator = first.contains(&SEPARATOR);
    let end = if by_separator { SEPARATOR } else { b'\n' };
    let (mut line, mut offset) = (1, 0);
    loop {
        let consumed =
            read_until(input, end, &mut record).map_err(|error| reader.read_failed(error))?;
        if consumed == 0 {
            return reader.finish(&lexer);
        }
        let is_blank = record.iter().all(|b| b.is_ascii_whitespace() || *b == SEPARATOR);
        if !is_blank {
            let text = record.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&record);
            lexer.restart(text, line, offset);
            reader.line(&mut lexer, line)?;
        }
        line += count_lines(&record) + u64::from(!by_separator);
        offset += consumed as u64;
    }
}

/// Reads up to `end`, which is taken but not kept, and returns how many bytes were taken. A record that is
/// too long is an error of the whole file: it is not a sequence.
fn read_until<R: BufRead>(input: &mut R, end: u8, record: &mut Vec<u8>) -> std::io::Result<usize> {
    record.clear();
    let mut consumed = 0;
    loop {
        let available = match input.fill_buf() {
            Ok(available) => available,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let found = available.iter().position(|byte| *byte == end);
        let part = available.get(..found.unwrap_or(available.len())).unwrap_or_default();
        if record.len() + part.len() > guards::MAX_LINE_BYTES {
            let limit = guards::MAX_LINE_BYTES as u64;
            let error = onemap_bounded::Error::Limit {
                what: "a line of the sequence",
                limit,
                unit: "bytes",
            };
            return Err(error.into());
        }
        record.extend_from_slice(part);
        let used = part.len() + usize::from(found.is_some());
        let at_end = available.is_empty();
        input.consume(used);
        consumed += used;
        if found.is_some() || at_end {
            return Ok(consumed);
        }
    }
}
