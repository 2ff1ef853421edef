//! Readers that stop with an error, not silently, at a byte budget.

use std::io::{self, BufRead, Read};

use crate::{Error, Result};

/// A reader that errors when more than its budget is asked from it.
///
/// [`std::io::Read::take`] ends quietly instead, which makes a file that is too large look like a file that
/// is cut off.
#[derive(Debug)]
pub struct BoundedRead<R> {
    inner: R,
    what: &'static str,
    limit: u64,
    left: u64,
}

impl<R> BoundedRead<R> {
    /// Lets `limit` bytes through; `what` names the data in the error.
    pub fn new(what: &'static str, inner: R, limit: u64) -> Self {
        Self { inner, what, limit, left: limit }
    }

    /// Returns how many bytes went through so far.
    pub fn bytes_read(&self) -> u64 {
        self.limit - self.left
    }

    /// Gives the underlying reader back.
    pub fn into_inner(self) -> R {
        self.inner
    }

    fn exceeded(&self) -> io::Error {
        Error::Limit { what: self.what, limit: self.limit, unit: "bytes" }.into()
    }
}

impl<R: Read> Read for BoundedRead<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        if self.left == 0 {
            // Only a byte beyond the budget is an error; the end of the data exactly at the budget is not.
            let mut probe = [0];
            return match self.inner.read(&mut probe)? {
                0 => Ok(0),
                _ => Err(self.exceeded()),
            };
        }
        let wanted = buf.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let n = self.inner.read(buf.get_mut(..wanted).unwrap_or_default())?;
        self.left = self.left.saturating_sub(n as u64);
        Ok(n)
    }
}

impl<R: BufRead> BufRead for BoundedRead<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let exceeded = self.exceeded();
        let available = self.inner.fill_buf()?;
        if self.left == 0 && !available.is_empty() {
            return Err(exceeded);
        }
        let wanted = available.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        Ok(available.get(..wanted).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.inner.consume(amount);
        self.left = self.left.saturating_sub(amount as u64);
    }
}

/// Reads everything, at most `limit` bytes.
///
/// # Errors
/// [`Error::Limit`] when there is more, [`Error::Io`] when reading fails.
pub fn read_to_vec_bounded(what: &'static str, reader: impl Read, limit: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    BoundedRead::new(what, reader, limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads one line into `line` (cleared first), without its line end, and returns how many bytes were
/// consumed: 0 at the end of the data.
///
/// Lines end with LF or CR LF. Unlike [`BufRead::read_until`] it holds at most `limit` bytes.
///
/// # Errors
/// [`Error::Limit`] when a line is longer than `limit` bytes.
pub fn read_line_bounded(
    what: &'static str,
    reader: &mut impl BufRead,
    line: &mut Vec<u8>,
    limit: usize,
) -> Result<usize> {
    line.clear();
    let mut consumed = 0;
    loop {
        let available = match reader.fill_buf() {
            Ok(available) => available,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        let newline = available.iter().position(|byte| *byte == b'\n');
        let part = available.get(..newline.unwrap_or(available.len())).unwrap_or_default();
        if line.len() + part.len() > limit {
            return Err(Error::Limit { what, limit: limit as u64, unit: "bytes" });
        }
        line.extend_from_slice(part);
        let used = part.len() + usize::from(newline.is_some());
        let at_end = available.is_empty();
        reader.consume(used);
        consumed += used;
        if newline.is_some() || at_end {
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            return Ok(consumed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_exactly_the_limit_is_read_and_one_byte_more_is_an_error() {
        assert_eq!(read_to_vec_bounded("test", &[7; 10][..], 10).unwrap(), [7; 10]);
        let error = read_to_vec_bounded("test", &[7; 11][..], 10).unwrap_err();
        assert!(matches!(error, Error::Limit { limit: 10, .. }), "{error}");
    }

    #[test]
    fn the_buffered_form_stops_at_the_limit_too() {
        let mut reader = BoundedRead::new("test", &b"abcdef"[..], 4);
        let mut line = Vec::new();
        assert!(reader.read_until(b'\n', &mut line).is_err());
        assert_eq!(line, b"abcd");
        assert_eq!(reader.bytes_read(), 4);
    }

    #[test]
    fn lines_end_with_lf_or_crlf_and_the_last_needs_neither() {
        let mut input = &b"one\r\ntwo\n\nfour"[..];
        let mut line = Vec::new();
        let mut lines = Vec::new();
        while read_line_bounded("test", &mut input, &mut line, 100).unwrap() > 0 {
            lines.push(String::from_utf8(line.clone()).unwrap());
        }
        assert_eq!(lines, ["one", "two", "", "four"]);
    }

    #[test]
    fn an_endless_line_is_refused_without_holding_it() {
        let mut endless = io::BufReader::new(io::repeat(b'x'));
        let mut line = Vec::new();
        let error = read_line_bounded("test", &mut endless, &mut line, 1 << 16).unwrap_err();
        assert!(matches!(error, Error::Limit { .. }));
        assert!(line.capacity() <= 1 << 18);
    }
}
