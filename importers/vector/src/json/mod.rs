//! Reads JSON as a stream, without a tree: what is not asked for is passed over.

mod escape;
mod number;
#[cfg(test)]
mod tests;
mod value;

pub(crate) use number::Number;

use std::borrow::Cow;
use std::io::{self, Read};
use std::ops::Range;

use encoding_rs::GB18030;
use onemap_bounded::limits as guards;

use crate::{Error, Source, limits};
use escape::unescape;

/// Why reading stopped. Boxed, so that results of the inner loops stay small.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The stream could not be read on.
    Read(io::Error),
    /// The text is not JSON, or not what is needed here.
    Syntax {
        /// Bytes from the start of the (unpacked) text.
        offset: u64,
        /// Line, from 1.
        line: u64,
        /// What is wrong.
        reason: String,
        /// The text ends where more should come.
        is_cut: bool,
    },
}

/// The result of reading JSON.
pub(crate) type Result<T> = std::result::Result<T, Box<Fault>>;

impl Fault {
    /// Makes the error of the whole source.
    pub(crate) fn into_error(self, source: &Source) -> Error {
        match self {
            Self::Read(error) => Error::read_failed(source, None, error),
            Self::Syntax { offset, line, reason, is_cut } => {
                let at = Some(format!("line {line}, byte {offset}"));
                let remedy = if is_cut {
                    "the file is cut off, get it again"
                } else {
                    "correct the file or export it again"
                };
                Error::broken(source, at, reason, remedy)
            }
        }
    }
}

/// Why reading a file of JSON stopped.
pub(crate) enum Stop {
    /// The text ended, or is not what it should be.
    Fault(Box<Fault>),
    /// Anything else.
    Error(Error),
}

impl Stop {
    /// Makes the error of the whole source.
    pub(crate) fn into_error(self, source: &Source) -> Error {
        match self {
            Self::Fault(fault) => fault.into_error(source),
            Self::Error(error) => error,
        }
    }
}

impl From<Box<Fault>> for Stop {
    fn from(fault: Box<Fault>) -> Self {
        Self::Fault(fault)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<onemap_model::Stopped> for Stop {
    fn from(stopped: onemap_model::Stopped) -> Self {
        Self::Error(stopped.into())
    }
}

/// A string in the buffer, valid until the next read.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    range: Range<usize>,
    is_escaped: bool,
}

/// Takes JSON apart, token by token.
pub(crate) struct Lexer<R> {
    source: R,
    buffer: Vec<u8>,
    at: usize,
    ended: bool,
    /// Bytes and line ends before the buffer.
    bytes_before: u64,
    lines_before: u64,
    /// Strings that were no UTF-8: read as GB18030, and damaged ones.
    pub(crate) foreign_texts: u64,
    pub(crate) damaged_texts: u64,
}

impl<R: Read> Lexer<R> {
    /// Begins to read; passes over a byte order mark.
    pub(crate) fn new(source: R) -> Self {
        Self {
            source,
            buffer: Vec::new(),
            at: 0,
            ended: false,
            bytes_before: 0,
            lines_before: 0,
            foreign_texts: 0,
            damaged_texts: 0,
        }
    }

    /// Begins anew with a text that is all there, found at this line of the file.
    pub(crate) fn restart(&mut self, text: &[u8], line: u64, offset: u64) {
        self.buffer.clear();
        self.buffer.extend_from_slice(text);
        self.at = 0;
        self.ended = true;
        self.bytes_before = offset;
        self.lines_before = line.saturating_sub(1);
    }

    /// Gets more bytes behind those not yet read; false at the end.
    fn fill(&mut self) -> Result<bool> {
        if self.ended {
            return Ok(false);
        }
        let read = self.buffer.get(..self.at).unwrap_or_default();
        self.lines_before += count_lines(read);
        self.bytes_before += read.len() as u64;
        self.buffer.drain(..self.at);
        self.at = 0;
        let kept = self.buffer.len();
        if kept > guards::MAX_VALUE_BYTES {
            return Err(self.fault(format!(
                "a single value is longer than {} MiB",
                guards::MAX_VALUE_BYTES >> 20
            )));
        }
        self.buffer.resize(kept + limits::BUFFER_BYTES.max(kept), 0);
        loop {
            let room = self.buffer.get_mut(kept..).unwrap_or_default();
            match self.source.read(room) {
                Ok(n) => {
                    self.buffer.truncate(kept + n);
                    self.ended = n == 0;
                    break;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.buffer.truncate(kept);
                    return Err(Box::new(Fault::Read(error)));
                }
            }
        }
        if self.bytes_before == 0 && self.buffer.first() == Some(&0xef) {
            if self.buffer.len() < 3 && !self.ended {
                return self.fill();
            }
            if self.buffer.starts_with(b"\xef\xbb\xbf") {
                self.at = 3;
            }
        }
        Ok(!self.ended)
    }

    /// Makes an error at the current place.
    #[cold]
    #[expect(clippy::unnecessary_box_returns, reason = "results hold it boxed")]
    pub(crate) fn fault(&self, reason: impl Into<String>) -> Box<Fault> {
        let read = self.buffer.get(..self.at).unwrap_or_default();
        let lines = count_lines(read);
        Box::new(Fault::Syntax {
            offset: self.bytes_before + self.at as u64,
            line: self.lines_before + lines + 1,
            reason: reason.into(),
            is_cut: self.ended && self.at >= self.buffer.len(),
        })
    }

    #[cold]
    #[expect(clippy::unnecessary_box_returns, reason = "results hold it boxed")]
    fn unexpected(&mut self, expected: &str) -> Box<Fault> {
        match self.peek() {
            Ok(Some(_)) => {
                let rest = self.buffer.get(self.at..).unwrap_or_default();
                let near = rest.get(..20).unwrap_or(rest);
                let near = String::from_utf8_lossy(near).into_owned();
                self.fault(format!("expected {expected}, found {near:?}"))
            }
            Ok(None) => self.fault(format!("expected {expected}, but the text ends")),
            Err(fault) => fault,
        }
    }

    /// Returns the next byte that is no white space, without taking it; `None` at the end.
    #[inline]
    pub(crate) fn peek(&mut self) -> Result<Option<u8>> {
        loop {
            while let Some(&byte) = self.buffer.get(self.at) {
                if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                    return Ok(Some(byte));
                }
                self.at += 1;
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// Takes the byte that was looked at.
    #[inline]
    pub(crate) fn take(&mut self) {
        self.at += 1;
    }

    /// Takes the next byte if it is this one.
    #[inline]
    pub(crate) fn accept(&mut self, byte: u8) -> Result<bool> {
        let found = self.peek()? == Some(byte);
        self.at += usize::from(found);
        Ok(found)
    }

    /// Takes this byte; an error when another comes.
    #[inline]
    pub(crate) fn expect(&mut self, byte: u8) -> Result<()> {
        if self.accept(byte)? {
            return Ok(());
        }
        Err(self.unexpected(&format!("\"{}\"", char::from(byte))))
    }

    /// After an item of a list that ends with `close`: takes the comma and tells that another comes, or
    /// takes the end.
    #[inline]
    pub(crate) fn another(&mut self, close: u8) -> Result<bool> {
        match self.peek()? {
            Some(b',') => {
                self.at += 1;
                // A comma before the end is no JSON, but is written by hand often enough.
                Ok(!self.accept(close)?)
            }
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(false)
            }
            _ => Err(self.unexpected(&format!("\",\" or \"{}\"", char::from(close)))),
        }
    }

    /// Takes the begin of a list or object; tells whether it has a first item.
    #[inline]
    pub(crate) fn begin(&mut self, open: u8, close: u8) -> Result<bool> {
        self.expect(open)?;
        Ok(!self.accept(close)?)
    }

    /// Takes a key and the colon behind it.
    pub(crate) fn key(&mut self) -> Result<String> {
        let text = self.string()?;
        let key = self.text(&text).into_owned();
        self.expect(b':')?;
        Ok(key)
    }

    /// Takes a string without a copy.
    pub(crate) fn string(&mut self) -> Result<Text> {
        if self.peek()? != Some(b'"') {
            return Err(self.unexpected("a text in quotes"));
        }
        let mut scanned = 1;
        let mut is_escaped = false;
        loop {
            let rest = self.buffer.get(self.at + scanned..).unwrap_or_default();
            match rest.iter().position(|b| matches!(b, b'"' | b'\\')) {
                Some(i) if rest.get(i) == Some(&b'"') => {
                    let start = self.at + 1;
                    let end = self.at + scanned + i;
                    self.at = end + 1;
                    return Ok(Text { range: start..end, is_escaped });
                }
                Some(i) if i + 1 < rest.len() => {
                    is_escaped = true;
                    scanned += i + 2;
                }
                Some(i) => {
                    scanned += i;
                    self.more_of_string()?;
                }
                None => {
                    scanned += rest.len();
                    self.more_of_string()?;
                }
            }
        }
    }

    fn more_of_string(&mut self) -> Result<()> {
        if self.fill()? {
            return Ok(());
        }
        self.at = self.buffer.len();
        Err(self.fault("a text in quotes does not end"))
    }

    /// Returns the characters of a string that was just taken.
    pub(crate) fn text(&mut self, text: &Text) -> Cow<'_, str> {
        let bytes = self.buffer.get(text.range.clone()).unwrap_or_default();
        let decoded = if let Ok(decoded) = std::str::from_utf8(bytes) {
            Cow::Borrowed(decoded)
        } else {
            let (decoded, damaged) = GB18030.decode_without_bom_handling(bytes);
            self.foreign_texts += 1;
            self.damaged_texts += u64::from(damaged);
            if damaged { String::from_utf8_lossy(bytes) } else { decoded }
        };
        if text.is_escaped { Cow::Owned(unescape(&decoded)) } else { decoded }
    }
}

/// Counts line ends.
pub(crate) fn count_lines(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}
