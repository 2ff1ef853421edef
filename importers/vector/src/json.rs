//! Reads JSON as a stream, without a tree: what is not asked for is passed over.

use std::borrow::Cow;
use std::io::{self, Read};
use std::ops::Range;

use encoding_rs::GB18030;
use onemap_bounded::limits as guards;
use onemap_model::Value;

use crate::{Error, Source, limits};

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

/// A number as JSON writes it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Number {
    /// A whole number of 64 bits.
    Int(i64),
    /// Any other number that is finite.
    Float(f64),
    /// A whole number beyond 64 bits or a number beyond the floats: its text.
    Huge(String),
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
        self.lines_before += read.iter().filter(|b| **b == b'\n').count() as u64;
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
    pub(crate) fn fault(&self, reason: impl Into<String>) -> Box<Fault> {
        let read = self.buffer.get(..self.at).unwrap_or_default();
        let lines = read.iter().filter(|b| **b == b'\n').count() as u64;
        Box::new(Fault::Syntax {
            offset: self.bytes_before + self.at as u64,
            line: self.lines_before + lines + 1,
            reason: reason.into(),
            is_cut: self.ended && self.at >= self.buffer.len(),
        })
    }

    #[cold]
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
        let decoded = match std::str::from_utf8(bytes) {
            Ok(decoded) => Cow::Borrowed(decoded),
            Err(_) => {
                let (decoded, damaged) = GB18030.decode_without_bom_handling(bytes);
                self.foreign_texts += 1;
                self.damaged_texts += u64::from(damaged);
                if damaged { String::from_utf8_lossy(bytes) } else { decoded }
            }
        };
        if text.is_escaped { Cow::Owned(unescape(&decoded)) } else { decoded }
    }

    /// Takes a number for a coordinate. `None` when the value is something else, which is passed over.
    #[inline]
    pub(crate) fn coordinate(&mut self) -> Result<Option<f64>> {
        match self.peek()? {
            Some(b'-' | b'0'..=b'9') => {}
            _ => {
                self.skip_value()?;
                return Ok(None);
            }
        }
        loop {
            let rest = self.buffer.get(self.at..).unwrap_or_default();
            let (length, exact) = scan_number(rest);
            if length == rest.len() && self.fill()? {
                continue;
            }
            let number = match exact {
                Some(exact) => exact,
                None => match parse_float(self.buffer.get(self.at..self.at + length)) {
                    Some(number) => number,
                    None if self.is_infinite()? => {
                        self.word()?;
                        return Ok(None);
                    }
                    None => return Err(self.unexpected("a number")),
                },
            };
            self.at += length;
            return Ok(number.is_finite().then_some(number));
        }
    }

    /// Takes a number.
    pub(crate) fn number(&mut self) -> Result<Number> {
        loop {
            let rest = self.buffer.get(self.at..).unwrap_or_default();
            let is_part =
                |b: &u8| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E');
            let length = rest.iter().take_while(|b| is_part(b)).count();
            if length == rest.len() && self.fill()? {
                continue;
            }
            let digits = self.buffer.get(self.at..self.at + length).unwrap_or_default();
            let is_whole = !digits.iter().any(|b| matches!(b, b'.' | b'e' | b'E'));
            let text = std::str::from_utf8(digits).unwrap_or_default();
            let number = match (is_whole, text.parse::<i64>()) {
                (true, Ok(whole)) => Some(Number::Int(whole)),
                _ => match text.parse::<f64>() {
                    Ok(number) if is_whole || !number.is_finite() => {
                        Some(Number::Huge(text.to_owned()))
                    }
                    Ok(number) => Some(Number::Float(number)),
                    Err(_) => None,
                },
            };
            let Some(number) = number else {
                return Err(self.unexpected("a number"));
            };
            self.at += length;
            return Ok(number);
        }
    }

    /// Takes any value as an attribute; lists and objects as compact JSON text.
    pub(crate) fn value(&mut self) -> Result<Value> {
        Ok(match self.peek()? {
            Some(b'"') => {
                let text = self.string()?;
                Value::Text(self.text(&text).into_owned())
            }
            Some(b'-') if self.is_infinite()? => {
                self.word()?;
                Value::Null
            }
            Some(b'-' | b'0'..=b'9') => match self.number()? {
                Number::Int(whole) => Value::Int(whole),
                Number::Float(number) => Value::Float(number),
                Number::Huge(text) => Value::Text(text),
            },
            Some(b'{' | b'[') => {
                let mut raw = Vec::new();
                self.pass(Some(&mut raw))?;
                let json = match String::from_utf8(raw) {
                    Ok(json) => json,
                    Err(error) => {
                        self.foreign_texts += 1;
                        GB18030.decode_without_bom_handling(error.as_bytes()).0.into_owned()
                    }
                };
                Value::Json(json)
            }
            _ => match self.word()? {
                Word::True => Value::Bool(true),
                Word::False => Value::Bool(false),
                Word::Null => Value::Null,
            },
        })
    }

    /// Passes over any value.
    pub(crate) fn skip_value(&mut self) -> Result<()> {
        self.pass(None)
    }

    /// Passes over a value and copies it, without white space.
    fn pass(&mut self, mut copy: Option<&mut Vec<u8>>) -> Result<()> {
        // Open brackets, as the bytes that close them.
        let mut open: Vec<u8> = Vec::new();
        loop {
            let byte = self.peek()?;
            match byte {
                Some(b'{' | b'[') => {
                    let (begin, close) =
                        if byte == Some(b'{') { (b'{', b'}') } else { (b'[', b']') };
                    self.at += 1;
                    if open.len() >= limits::MAX_JSON_DEPTH {
                        return Err(self.fault(format!(
                            "lists and objects are nested deeper than {}",
                            limits::MAX_JSON_DEPTH
                        )));
                    }
                    push(&mut copy, &[begin]);
                    if self.accept(close)? {
                        push(&mut copy, &[close]);
                    } else {
                        open.push(close);
                        self.pass_key(close, &mut copy)?;
                        continue;
                    }
                }
                Some(b'"') => self.pass_string(&mut copy)?,
                Some(b'-' | b'0'..=b'9') if !self.is_infinite()? => {
                    let number = self.number()?;
                    if copy.is_some() {
                        let text = match number {
                            Number::Int(whole) => whole.to_string(),
                            Number::Float(float) => serde_json::Number::from_f64(float)
                                .map_or_else(|| "null".into(), |n| n.to_string()),
                            Number::Huge(text) => text,
                        };
                        push(&mut copy, text.as_bytes());
                    }
                }
                _ => {
                    let word = self.word()?;
                    let text: &[u8] = match word {
                        Word::True => b"true",
                        Word::False => b"false",
                        Word::Null => b"null",
                    };
                    push(&mut copy, text);
                }
            }
            // A value is complete: close what ends here.
            loop {
                let Some(&close) = open.last() else { return Ok(()) };
                if self.another(close)? {
                    push(&mut copy, b",");
                    self.pass_key(close, &mut copy)?;
                    break;
                }
                push(&mut copy, &[close]);
                open.pop();
            }
            if copy.as_ref().is_some_and(|copy| copy.len() > guards::MAX_VALUE_BYTES) {
                return Err(self.fault("a single value is too long"));
            }
        }
    }

    fn pass_key(&mut self, close: u8, copy: &mut Option<&mut Vec<u8>>) -> Result<()> {
        if close == b'}' {
            self.pass_string(copy)?;
            self.expect(b':')?;
            push(copy, b":");
        }
        Ok(())
    }

    fn pass_string(&mut self, copy: &mut Option<&mut Vec<u8>>) -> Result<()> {
        let text = self.string()?;
        let start = text.range.start.saturating_sub(1);
        push(copy, self.buffer.get(start..text.range.end + 1).unwrap_or_default());
        Ok(())
    }

    /// Tells whether `-Infinity` comes.
    fn is_infinite(&mut self) -> Result<bool> {
        while self.buffer.len() - self.at < 2 {
            if !self.fill()? {
                return Ok(false);
            }
        }
        Ok(self.buffer.get(self.at..self.at + 2) == Some(b"-I"))
    }

    /// Takes `true`, `false` or `null`; also the words that Python writes for numbers that are none.
    fn word(&mut self) -> Result<Word> {
        loop {
            let rest = self.buffer.get(self.at..).unwrap_or_default();
            let length = rest.iter().take_while(|b| b.is_ascii_alphabetic() || **b == b'-').count();
            if length == rest.len() && self.fill()? {
                continue;
            }
            let word = match self.buffer.get(self.at..self.at + length) {
                Some(b"true") => Word::True,
                Some(b"false") => Word::False,
                Some(b"null" | b"NaN" | b"Infinity" | b"-Infinity") => Word::Null,
                _ => return Err(self.unexpected("a value")),
            };
            self.at += length;
            return Ok(word);
        }
    }
}

enum Word {
    True,
    False,
    Null,
}

fn push(copy: &mut Option<&mut Vec<u8>>, bytes: &[u8]) {
    if let Some(copy) = copy {
        copy.extend_from_slice(bytes);
    }
}

const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// Returns the length of the number at the beginning, and its value where the division of two exact floats
/// gives the nearest float (W. D. Clinger, How to read floating point numbers accurately, 1990).
#[inline]
fn scan_number(bytes: &[u8]) -> (usize, Option<f64>) {
    let negative = bytes.first() == Some(&b'-');
    let mut at = usize::from(negative);
    let mut digits: u64 = 0;
    let start = at;
    while let Some(digit @ b'0'..=b'9') = bytes.get(at) {
        digits = digits.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
        at += 1;
    }
    let mut count = at - start;
    let mut fraction = 0;
    if bytes.get(at) == Some(&b'.') {
        at += 1;
        let start = at;
        while let Some(digit @ b'0'..=b'9') = bytes.get(at) {
            digits = digits.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            at += 1;
        }
        fraction = at - start;
        count += fraction;
    }
    if let Some(b'e' | b'E' | b'+' | b'-' | b'.') = bytes.get(at) {
        let is_part = |b: &&u8| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E');
        let tail = bytes.get(at..).unwrap_or_default();
        return (at + tail.iter().take_while(is_part).count(), None);
    }
    // 19 digits never overflow 64 bits.
    if count == 0 || count > 19 || digits > 1 << 53 {
        return (at, None);
    }
    let Some(power) = POWERS.get(fraction) else { return (at, None) };
    let value = digits as f64 / power;
    (at, Some(if negative { -value } else { value }))
}

fn parse_float(bytes: Option<&[u8]>) -> Option<f64> {
    std::str::from_utf8(bytes?).ok()?.parse().ok()
}

/// Replaces escapes. Halves of surrogate pairs without their partner become U+FFFD.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, escape)) = rest.split_once('\\') {
        out.push_str(plain);
        let mut chars = escape.chars();
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('u') => {
                let (c, length) = unicode_escape(chars.as_str());
                out.push(c);
                rest = chars.as_str().get(length..).unwrap_or_default();
                continue;
            }
            Some(other) => out.push(other),
            None => {}
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out
}

/// Reads what follows `\u`: the character and how many bytes it took.
fn unicode_escape(text: &str) -> (char, usize) {
    let unit = |text: Option<&str>| text.and_then(|t| u16::from_str_radix(t, 16).ok());
    let Some(first) = unit(text.get(..4)) else {
        return (char::REPLACEMENT_CHARACTER, 0);
    };
    let second = if text.get(4..6) == Some("\\u") { unit(text.get(6..10)) } else { None };
    let is_high = (0xd800..0xdc00).contains(&first);
    if let (true, Some(low @ 0xdc00..0xe000)) = (is_high, second) {
        let code = 0x10000 + ((u32::from(first) - 0xd800) << 10) + (u32::from(low) - 0xdc00);
        return (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 10);
    }
    (char::from_u32(first.into()).unwrap_or(char::REPLACEMENT_CHARACTER), 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time, so that every token meets the end of the buffer.
    struct Drip<'a>(&'a [u8]);

    impl Read for Drip<'_> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
            self.0 = rest;
            buf[0] = *first;
            Ok(1)
        }
    }

    fn value(text: &str) -> Value {
        let whole = Lexer::new(text.as_bytes()).value().unwrap();
        let dripped = Lexer::new(Drip(text.as_bytes())).value().unwrap();
        assert_eq!(whole, dripped);
        whole
    }

    #[test]
    fn every_kind_of_value_is_read_however_the_bytes_arrive() {
        assert_eq!(value("\u{feff} 12"), Value::Int(12));
        assert_eq!(value("-0.5e1"), Value::Float(-5.0));
        assert_eq!(value("9007199254740993"), Value::Int(9_007_199_254_740_993));
        assert_eq!(value("123456789012345678901"), Value::Text("123456789012345678901".into()));
        assert_eq!(value("true"), Value::Bool(true));
        assert_eq!(value("NaN"), Value::Null);
        assert_eq!(value("-Infinity"), Value::Null);
        assert_eq!(value(r#""a\u5bbf\ud83d\ude00\"\n\/""#), Value::Text("a宿😀\"\n/".into()));
        assert_eq!(value(r#""\ud83d""#), Value::Text("\u{fffd}".into()));
        assert_eq!(
            value(r#" { "a" : [ 1 , 2.50, { } ] , "b":"x , y" } "#),
            Value::Json(r#"{"a":[1,2.5,{}],"b":"x , y"}"#.into())
        );
    }

    #[test]
    fn coordinates_are_the_nearest_float() {
        for text in [
            "118.27",
            "-33.960000001",
            "0.1",
            "118.27499999999998",
            "1e-7",
            "4503599627370497.5",
            "39615743.123456789",
        ] {
            let read = Lexer::new(Drip(text.as_bytes())).coordinate().unwrap();
            assert_eq!(read, Some(text.parse().unwrap()), "{text}");
        }
        assert_eq!(Lexer::new(&b"null"[..]).coordinate().unwrap(), None);
        assert_eq!(Lexer::new(&b"1e999"[..]).coordinate().unwrap(), None);
    }

    #[test]
    fn errors_tell_line_and_byte_and_whether_the_text_is_cut() {
        let fault = Lexer::new(&b"{\n \"a\": tru }"[..]).skip_value().unwrap_err();
        assert!(
            matches!(*fault, Fault::Syntax { line: 2, offset: 8, is_cut: false, .. }),
            "{fault:?}"
        );
        for text in ["{\"a\": [1, 2", "{\"a", "\"abc\\", "[1,", "{\"a\"", "tr"] {
            let fault = Lexer::new(text.as_bytes()).skip_value().unwrap_err();
            let Fault::Syntax { is_cut, .. } = *fault else { panic!() };
            assert!(is_cut || text == "tr", "{text}");
        }
    }

    #[test]
    fn deep_nesting_is_refused_without_recursion() {
        let deep = "[".repeat(1_000_000);
        let fault = Lexer::new(deep.as_bytes()).value().unwrap_err();
        assert!(format!("{fault:?}").contains("nested deeper"));
    }
}
