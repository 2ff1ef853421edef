//! Reads the group codes of a DXF file one pair after the other: text (a line with the code, a line with
//! the value) or binary (DXF Reference, "Group Codes in Numerical Order" and "Binary DXF Files").

use std::io::{BufRead, Read};

use onemap_bounded::{Error, Result, read_line_bounded};

use crate::limits::MAX_DXF_VALUE_BYTES;

/// The first bytes of a binary DXF file.
pub(super) const BINARY_SIGNATURE: &[u8; 22] = b"AutoCAD Binary DXF\r\n\x1a\0";

/// A group code and its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pair {
    pub(super) code: i16,
    pub(super) value: Value,
}

/// The value of a group.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// Text in the drawing's encoding.
    Text(Box<[u8]>),
    Real(f64),
    Int(i64),
    /// A number that can not be read as one.
    Bad,
    /// Bytes that nobody needs.
    Skipped,
}

impl Value {
    pub(super) fn text(&self) -> &[u8] {
        match self {
            Self::Text(text) => text,
            _ => &[],
        }
    }

    pub(super) fn real(&self) -> Option<f64> {
        match self {
            Self::Real(x) => Some(*x),
            Self::Int(n) => Some(*n as f64),
            _ => None,
        }
    }

    pub(super) fn int(&self) -> Option<i64> {
        match self {
            Self::Int(n) => Some(*n),
            _ => None,
        }
    }
}

impl Pair {
    /// Tells whether the pair is this code with this text.
    pub(super) fn is(&self, code: i16, text: &str) -> bool {
        self.code == code && self.value.text().eq_ignore_ascii_case(text.as_bytes())
    }
}

/// What type the values of a code have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Text,
    Real,
    /// Bytes that an integer takes in the binary form.
    Int(usize),
    Binary,
}

fn type_of(code: i16) -> Option<Type> {
    Some(match code {
        -5..=-1 | 0..=9 | 100..=109 | 300..=309 | 320..=369 | 390..=399 | 410..=419 | 430..=439 => {
            Type::Text
        }
        470..=481 | 999..=1003 | 1005..=1009 => Type::Text,
        10..=59 | 110..=149 | 210..=239 | 460..=469 | 1010..=1059 => Type::Real,
        60..=79 | 170..=179 | 270..=289 | 370..=389 | 400..=409 | 1060..=1070 => Type::Int(2),
        90..=99 | 420..=429 | 440..=459 | 1071 => Type::Int(4),
        160..=169 => Type::Int(8),
        290..=299 => Type::Int(1),
        310..=319 | 1004 => Type::Binary,
        _ => return None,
    })
}

/// How pairs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    /// Codes of one byte, 255 before a longer one: until release 12.
    BinaryShort,
    /// Codes of two bytes.
    Binary,
}

/// Reads pairs.
pub(super) struct Pairs<R> {
    reader: R,
    form: Form,
    line: Vec<u8>,
    /// Bytes read.
    offset: u64,
    lines: u64,
    put_back: Option<Pair>,
}

impl<R: BufRead> Pairs<R> {
    /// Begins to read: finds out which form the file has.
    pub(super) fn new(mut reader: R) -> Result<Self> {
        let is_binary = reader.fill_buf()?.starts_with(BINARY_SIGNATURE);
        let mut pairs = Self {
            reader,
            form: Form::Text,
            line: Vec::new(),
            offset: 0,
            lines: 0,
            put_back: None,
        };
        if is_binary {
            pairs.reader.consume(BINARY_SIGNATURE.len());
            pairs.offset = BINARY_SIGNATURE.len() as u64;
            // The first pair is 0, SECTION; a second zero byte shows that codes take two.
            let short = pairs.reader.fill_buf()?.get(1).is_some_and(|byte| *byte != 0);
            pairs.form = if short { Form::BinaryShort } else { Form::Binary };
        }
        Ok(pairs)
    }

    /// Tells where the reader is: a line, or a byte of a binary file.
    pub(super) fn place(&self) -> String {
        match self.form {
            Form::Text => format!("line {}", self.lines),
            _ => format!("byte {}", self.offset),
        }
    }

    /// Gives a pair back, to be read again.
    pub(super) fn put_back(&mut self, pair: Pair) {
        self.put_back = Some(pair);
    }

    /// Reads the next pair; `None` at the end of the file. Comments are passed over.
    pub(super) fn next(&mut self) -> Result<Option<Pair>> {
        if let Some(pair) = self.put_back.take() {
            return Ok(Some(pair));
        }
        loop {
            let pair = match self.form {
                Form::Text => self.text_pair()?,
                _ => self.binary_pair()?,
            };
            if pair.as_ref().is_none_or(|pair| pair.code != 999) {
                return Ok(pair);
            }
        }
    }

    fn text_pair(&mut self) -> Result<Option<Pair>> {
        let code = loop {
            if !self.text_line()? {
                return Ok(None);
            }
            let trimmed = self.line.trim_ascii();
            if trimmed.is_empty() || trimmed == [0x1a] {
                continue;
            }
            let trimmed = trimmed.strip_prefix(b"\xef\xbb\xbf").unwrap_or(trimmed);
            let code: Option<i16> =
                std::str::from_utf8(trimmed).ok().and_then(|text| text.trim().parse().ok());
            break code.ok_or_else(|| {
                let text: String = String::from_utf8_lossy(trimmed).chars().take(30).collect();
                self.malformed(&format!("'{text}' stands where a group code must be"))
            })?;
        };
        if !self.text_line()? {
            return Err(Error::Truncated {
                what: "DXF file",
                offset: self.offset,
                need: 1,
                left: 0,
            });
        }
        let number = || std::str::from_utf8(self.line.trim_ascii()).ok();
        let value = match type_of(code) {
            Some(Type::Text) | None => Value::Text(self.line.as_slice().into()),
            Some(Type::Real) => {
                let real =
                    number().and_then(|text| text.parse().ok()).filter(|x: &f64| x.is_finite());
                real.map_or(Value::Bad, Value::Real)
            }
            Some(Type::Int(_)) => {
                // Some writers give integers a decimal point.
                let text = number();
                let int = text.and_then(|text| text.parse().ok()).map(Value::Int);
                let real =
                    || text.and_then(|text| text.parse::<f64>().ok()).filter(|x| x.abs() < 1e15);
                int.or_else(|| real().map(|x| Value::Int(x as i64))).unwrap_or(Value::Bad)
            }
            Some(Type::Binary) => Value::Skipped,
        };
        Ok(Some(Pair { code, value }))
    }

    /// Reads a line; false at the end of the file.
    fn text_line(&mut self) -> Result<bool> {
        let read =
            read_line_bounded("DXF value", &mut self.reader, &mut self.line, MAX_DXF_VALUE_BYTES)?;
        self.offset += read as u64;
        self.lines += 1;
        Ok(read > 0)
    }

    fn binary_pair(&mut self) -> Result<Option<Pair>> {
        let mut first = [0];
        if self.reader.read(&mut first)? == 0 {
            return Ok(None);
        }
        self.offset += 1;
        let [first] = first;
        let code = match self.form {
            Form::BinaryShort if first < 255 => i16::from(first),
            Form::BinaryShort => i16::from_le_bytes(self.bytes()?),
            _ => i16::from_le_bytes([first, self.bytes::<1>()?[0]]),
        };
        let Some(kind) = type_of(code) else {
            return Err(self.malformed(&format!("group code {code} is not known")));
        };
        let value = match kind {
            Type::Text => {
                let mut text = Vec::new();
                let limit = MAX_DXF_VALUE_BYTES as u64 + 1;
                let read = self.reader.by_ref().take(limit).read_until(0, &mut text)?;
                self.offset += read as u64;
                if text.pop() != Some(0) {
                    let need = read as u64 + 1;
                    return Err(Error::Truncated {
                        what: "DXF text",
                        offset: self.offset,
                        need,
                        left: 0,
                    });
                }
                Value::Text(text.into())
            }
            Type::Real => {
                let real = f64::from_le_bytes(self.bytes()?);
                if real.is_finite() { Value::Real(real) } else { Value::Bad }
            }
            Type::Int(1) => Value::Int(i64::from(self.bytes::<1>()?[0])),
            Type::Int(2) => Value::Int(i64::from(i16::from_le_bytes(self.bytes()?))),
            Type::Int(4) => Value::Int(i64::from(i32::from_le_bytes(self.bytes()?))),
            Type::Int(_) => Value::Int(i64::from_le_bytes(self.bytes()?)),
            Type::Binary => {
                let [length] = self.bytes()?;
                for _ in 0..length {
                    self.bytes::<1>()?;
                }
                Value::Skipped
            }
        };
        Ok(Some(Pair { code, value }))
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => {
                Error::Truncated { what: "DXF file", offset: self.offset, need: N as u64, left: 0 }
            }
            _ => error.into(),
        })?;
        self.offset += N as u64;
        Ok(bytes)
    }

    fn malformed(&self, detail: &str) -> Error {
        Error::Malformed {
            what: "DXF file",
            offset: self.offset,
            detail: format!("{detail} ({})", self.place()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Result<Vec<Pair>> {
        let mut pairs = Pairs::new(bytes)?;
        let mut all = Vec::new();
        while let Some(pair) = pairs.next()? {
            all.push(pair);
        }
        Ok(all)
    }

    #[test]
    fn the_three_forms_say_the_same() {
        let text = all(b"  0\r\nLINE\r\n 10\r\n1.5\r\n999\r\nnote\r\n 62\r\n     3\r\n").unwrap();
        let mut short = BINARY_SIGNATURE.to_vec();
        short.extend(b"\0LINE\0\x0a");
        short.extend(1.5f64.to_le_bytes());
        short.extend([62, 3, 0]);
        let mut long = BINARY_SIGNATURE.to_vec();
        long.extend(b"\0\0LINE\0\x0a\0");
        long.extend(1.5f64.to_le_bytes());
        long.extend([62, 0, 3, 0]);
        assert_eq!(text, all(&short).unwrap());
        assert_eq!(text, all(&long).unwrap());
        assert_eq!(text[1], Pair { code: 10, value: Value::Real(1.5) });
        assert!(text[0].is(0, "LINE"));
    }

    #[test]
    fn what_is_no_pair_is_an_error_and_what_is_no_number_is_told_apart() {
        assert!(all(b"0\nSECTION\nx\ny\n").is_err());
        assert!(all(b"0\nSECTION\n10\n").is_err());
        assert_eq!(all(b"10\nabc\n").unwrap()[0].value, Value::Bad);
        assert_eq!(all(b"70\n1.0\n").unwrap()[0].value, Value::Int(1));
        for end in [23, 24, 26, 28, 30, 31, 32] {
            let mut file = BINARY_SIGNATURE.to_vec();
            file.extend(b"\0\0LINE\0\x0a\0\0\0");
            assert!(all(&file[..end]).is_err(), "{end}");
        }
    }
}
