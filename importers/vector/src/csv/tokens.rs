//! Splits separated text into rows (RFC 4180, forgiving), without ever holding more than one row.

use std::io::{self, BufRead};

use onemap_bounded::limits as guards;

/// Reads rows from UTF-8 text.
pub(super) struct Rows<R> {
    input: R,
    separator: u8,
    /// Lines read so far.
    lines: u64,
}

/// One row: its cells lie one after the other in one text.
#[derive(Debug, Default)]
pub(super) struct Row {
    text: Vec<u8>,
    ends: Vec<usize>,
    /// Line of the file on which it begins, from 1.
    pub(super) line: u64,
    /// A quote was opened and not closed before the text ended.
    pub(super) is_open: bool,
}

impl Row {
    /// Returns the number of cells.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns the cells. Bytes that are no UTF-8 were damaged in the source.
    pub(super) fn cells(&self) -> impl Iterator<Item = std::borrow::Cow<'_, str>> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let cell = self.text.get(start..end).unwrap_or_default();
            start = end;
            String::from_utf8_lossy(cell)
        })
    }

    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.is_open = false;
    }

    fn is_blank(&self) -> bool {
        self.text.iter().all(u8::is_ascii_whitespace) && self.ends.len() <= 1
    }
}

/// Where the reader stands within a cell.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Begin,
    Plain,
    Quoted,
    /// After a quote within quotes: the end of the cell, or half of a doubled quote.
    Quote,
}

impl<R: BufRead> Rows<R> {
    /// Begins to read.
    pub(super) fn new(input: R, separator: u8) -> Self {
        Self { input, separator, lines: 0 }
    }

    /// Reads the next row that is not blank; false at the end.
    pub(super) fn next(&mut self, row: &mut Row) -> io::Result<bool> {
        while self.any(row)? {
            if !row.is_blank() || row.is_open {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn any(&mut self, row: &mut Row) -> io::Result<bool> {
        row.clear();
        row.line = self.lines + 1;
        let mut state = State::Begin;
        let mut any = false;
        loop {
            let available = match self.input.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if available.is_empty() {
                if any {
                    row.is_open = state == State::Quoted;
                    row.ends.push(row.text.len());
                    self.lines += 1;
                }
                return Ok(any);
            }
            any = true;
            let (used, ended) = scan(available, self.separator, row, &mut state, &mut self.lines);
            // A line ends with LF, CR LF, or CR alone.
            let cr = ended && available.get(used - 1) == Some(&b'\r');
            self.input.consume(used);
            if row.text.len() > guards::MAX_LINE_BYTES {
                let limit = guards::MAX_LINE_BYTES as u64;
                let what = "a row (is a quote left open?)";
                return Err(onemap_bounded::Error::Limit { what, limit, unit: "bytes" }.into());
            }
            if ended {
                if cr && self.input.fill_buf()?.first() == Some(&b'\n') {
                    self.input.consume(1);
                }
                return Ok(true);
            }
        }
    }
}

/// Takes bytes up to the end of the row or of the buffer. Returns how many, and whether the row ended.
fn scan(
    bytes: &[u8],
    separator: u8,
    row: &mut Row,
    state: &mut State,
    lines: &mut u64,
) -> (usize, bool) {
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match *state {
            State::Quoted => {
                if byte == b'"' {
                    *state = State::Quote;
                } else {
                    *lines += u64::from(byte == b'\n');
                    row.text.push(byte);
                }
                continue;
            }
            State::Quote if byte == b'"' => {
                row.text.push(byte);
                *state = State::Quoted;
                continue;
            }
            State::Begin if byte == b'"' => {
                *state = State::Quoted;
                continue;
            }
            _ => {}
        }
        if byte == separator {
            row.ends.push(row.text.len());
            *state = State::Begin;
        } else if matches!(byte, b'\n' | b'\r') {
            row.ends.push(row.text.len());
            *lines += 1;
            return (at, true);
        } else {
            row.text.push(byte);
            *state = State::Plain;
        }
    }
    (at, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str, separator: u8) -> Vec<(u64, Vec<String>)> {
        let read = |input: &mut dyn BufRead| {
            let mut rows = Rows::new(input, separator);
            let (mut row, mut all) = (Row::default(), Vec::new());
            while rows.next(&mut row).unwrap() {
                all.push((row.line, row.cells().map(std::borrow::Cow::into_owned).collect()));
            }
            all
        };
        let whole: Vec<(u64, Vec<String>)> = read(&mut text.as_bytes());
        let dripped = read(&mut io::BufReader::with_capacity(1, text.as_bytes()));
        assert_eq!(whole, dripped);
        whole
    }

    #[test]
    fn quotes_hold_separators_line_ends_and_doubled_quotes() {
        let read = rows("a,\"b,1\"\r\n\"x\ny\",\"say \"\"hi\"\"\"\n\n,\n", b',');
        assert_eq!(
            read,
            [
                (1, vec!["a".into(), "b,1".into()]),
                (2, vec!["x\ny".into(), "say \"hi\"".into()]),
                (5, vec![String::new(), String::new()]),
            ]
        );
    }

    #[test]
    fn a_quote_inside_a_cell_is_a_character_and_old_line_ends_work() {
        assert_eq!(
            rows("118°16'30\";5\r33\"x;\"y\"z", b';'),
            [(1, vec!["118°16'30\"".into(), "5".into()]), (2, vec!["33\"x".into(), "yz".into()])]
        );
    }

    #[test]
    fn an_open_quote_is_noticed_at_the_end() {
        let mut rows = Rows::new(&b"a,\"b\nc"[..], b',');
        let mut row = Row::default();
        assert!(rows.next(&mut row).unwrap() && row.is_open && row.line == 1);
        assert!(!rows.next(&mut row).unwrap());
    }
}
