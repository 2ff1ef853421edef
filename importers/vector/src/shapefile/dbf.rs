//! Reads dBASE tables (versions III to IV, Visual FoxPro).

use std::path::Path;

use onemap_bounded::{ByteReader, Error, Result};
use onemap_model::{Field, FieldType, Timestamp, Value};

use super::encoding::{Codec, Sample};
use crate::table::{self, DAY};
use crate::window::Window;

/// Days from the beginning of the Julian period to 1970-01-01.
const JULIAN_EPOCH: i64 = 2_440_588;

/// Said of a record with text that is not text in the encoding of the table.
const BAD_TEXT: &str = "characters that can not be decoded replaced";
/// Said of a record with a number, date or flag that is none.
const BAD_VALUE: &str = "unreadable number, date or flag left empty";

/// A table, its encoding not yet decided.
#[derive(Debug)]
pub(super) struct Dbf {
    file: Window,
    /// Rows that the header states.
    pub(super) stated_rows: u64,
    /// Rows that are wholly there.
    pub(super) rows: u64,
    /// Whether part of a further row is there.
    pub(super) cut_row: bool,
    /// Language driver byte: a hint on the encoding.
    pub(super) driver: u8,
    header_length: u64,
    row_length: usize,
    columns: Vec<Column>,
    /// Columns of a type that is not read: name, type.
    skipped: Vec<(Vec<u8>, char)>,
}

#[derive(Debug)]
struct Column {
    name: Vec<u8>,
    kind: Kind,
    from: usize,
    width: usize,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Text,
    Integer,
    Number,
    Flag,
    Date,
    Int32,
    Double,
    /// Julian day and milliseconds.
    Instant,
    /// A 64-bit number of ten-thousandths.
    Currency,
}

impl Kind {
    fn new(code: u8, width: usize, decimals: u8) -> Option<Self> {
        Some(match (code, width) {
            (b'C', _) => Self::Text,
            (b'N', _) if decimals == 0 => Self::Integer,
            (b'N' | b'F', _) => Self::Number,
            (b'L', _) => Self::Flag,
            (b'D', 8..) => Self::Date,
            (b'I' | b'+', 4) => Self::Int32,
            (b'O' | b'B', 8) => Self::Double,
            (b'@' | b'T', 8) => Self::Instant,
            (b'Y', 8) => Self::Currency,
            _ => return None,
        })
    }

    fn field_type(self) -> FieldType {
        match self {
            Self::Text => FieldType::Text,
            Self::Integer | Self::Int32 => FieldType::Int,
            Self::Number | Self::Double | Self::Currency => FieldType::Float,
            Self::Flag => FieldType::Bool,
            Self::Date => FieldType::Date,
            Self::Instant => FieldType::DateTime,
        }
    }
}

/// A row of a table.
pub(super) enum Row<'a> {
    /// Its bytes.
    Kept(&'a [u8]),
    /// It is marked as deleted.
    Deleted,
    /// The table has no such row.
    Missing,
}

impl Dbf {
    /// Opens a table and reads its header.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let mut file = Window::open("dbf", path)?;
        let len = file.len();
        let mut bytes = ByteReader::new("dbf header", file.at(0, 32)?);
        let version = bytes.u8()?;
        if version & 0x07 == 4 {
            let detail = "a table of dBASE 7; save it as dBASE IV or CSV".into();
            return Err(Error::Unsupported { what: "dbf", detail });
        }
        bytes.seek(4)?;
        let stated_rows = u64::from(bytes.u32_le()?);
        let header_length = bytes.u16_le()?;
        let stated_length = usize::from(bytes.u16_le()?);
        bytes.seek(29)?;
        let driver = bytes.u8()?;
        if header_length < 32 {
            return Err(Error::Malformed {
                what: "dbf header",
                offset: 8,
                detail: format!("its length is {header_length}, expected at least 32 bytes"),
            });
        }
        let whole_header = file.at(0, usize::from(header_length))?;
        let (columns, skipped, row_length) = read_columns(whole_header, stated_length)?;
        let body = len.saturating_sub(u64::from(header_length));
        let rows = (body / row_length as u64).min(stated_rows);
        // A single byte behind the last row is the end mark 0x1A.
        let rest = body - rows * row_length as u64;
        Ok(Self {
            file,
            stated_rows,
            rows,
            cut_row: rows < stated_rows && rest > 1,
            driver,
            header_length: header_length.into(),
            row_length,
            columns,
            skipped,
        })
    }

    /// Returns the row, counted from 0.
    pub(super) fn row(&mut self, number: u64) -> Result<Row<'_>> {
        if number >= self.rows {
            return Ok(Row::Missing);
        }
        let offset = self.header_length + number * self.row_length as u64;
        let row = self.file.at(offset, self.row_length)?;
        Ok(if row.first() == Some(&b'*') { Row::Deleted } else { Row::Kept(row) })
    }

    /// Collects evidence on the encoding from the names of the fields and all their text.
    pub(super) fn sample(&mut self) -> Sample {
        let mut sample = Sample::default();
        for column in &self.columns {
            sample.feed(&column.name);
        }
        for (name, _) in &self.skipped {
            sample.feed(name);
        }
        let texts: Vec<(usize, usize)> = self
            .columns
            .iter()
            .filter(|column| column.kind == Kind::Text)
            .map(|column| (column.from, column.width))
            .collect();
        if texts.is_empty() {
            return sample;
        }
        for number in 0..self.rows {
            let Ok(Row::Kept(row)) = self.row(number) else {
                continue;
            };
            if row.is_ascii() {
                continue;
            }
            for &(from, width) in &texts {
                sample.feed(trimmed(row.get(from..from + width).unwrap_or_default()));
            }
            if sample.is_enough() {
                break;
            }
        }
        sample
    }

    /// Returns the fields, their names decoded and made unique.
    pub(super) fn fields(&self, codec: Codec) -> Vec<Field> {
        let names = self.columns.iter().map(|c| codec.decode(&c.name).0);
        table::unique_names(names)
            .into_iter()
            .zip(&self.columns)
            .map(|(name, column)| Field::new(name, column.kind.field_type()))
            .collect()
    }

    /// Names the columns that are not read, for a note.
    pub(super) fn skipped(&self, codec: Codec) -> Vec<String> {
        let name = |(name, kind): &(Vec<u8>, char)| format!("{} ({kind})", codec.decode(name).0);
        self.skipped.iter().map(name).collect()
    }

    /// Returns how many columns there are.
    pub(super) fn column_count(&self) -> usize {
        self.columns.len()
    }

    /// Reads a value of a row; a repair is said once.
    pub(super) fn value(
        &self,
        row: &[u8],
        column: usize,
        codec: Codec,
        repairs: &mut Vec<&'static str>,
    ) -> Value {
        let Some(column) = self.columns.get(column) else {
            return Value::Null;
        };
        let bytes = row.get(column.from..column.from + column.width).unwrap_or_default();
        let repair = match read_value(column.kind, bytes, codec) {
            Ok(value) => return value,
            Err(Damaged::Text(text)) => {
                if !repairs.contains(&BAD_TEXT) {
                    repairs.push(BAD_TEXT);
                }
                return Value::Text(text);
            }
            Err(Damaged::Value) => BAD_VALUE,
        };
        if !repairs.contains(&repair) {
            repairs.push(repair);
        }
        Value::Null
    }
}

/// The columns read, the columns not read, and the length of a row.
type Layout = (Vec<Column>, Vec<(Vec<u8>, char)>, usize);

/// Reads the descriptors of the columns, 32 bytes each.
fn read_columns(header: &[u8], stated_length: usize) -> Result<Layout> {
    let descriptors: Vec<&[u8; 32]> = header
        .get(32..)
        .map(|rest| rest.as_chunks::<32>().0)
        .unwrap_or_default()
        .iter()
        .take_while(|descriptor| descriptor.first() != Some(&b'\r'))
        .collect();
    // Clipper and FoxPro keep the high byte of a long text's width where others keep decimals.
    let width = |d: &[u8; 32], long: bool| {
        let high = if long && d[11] == b'C' { usize::from(d[17]) } else { 0 };
        usize::from(d[16]) + 256 * high
    };
    let total = |long| 1 + descriptors.iter().map(|d| width(d, long)).sum::<usize>();
    let long = total(false) != stated_length && total(true) == stated_length;
    let row_length = if stated_length == 0 { total(long) } else { stated_length };
    let mut columns = Vec::new();
    let mut skipped = Vec::new();
    let mut from = 1;
    for descriptor in descriptors {
        let end = descriptor.iter().take(11).position(|b| *b == 0).unwrap_or(11);
        let name = trimmed(descriptor.get(..end).unwrap_or_default()).to_vec();
        let width = width(descriptor, long);
        let code = descriptor[11];
        match Kind::new(code, width, descriptor[17]) {
            Some(kind) if from + width <= row_length => {
                columns.push(Column { name, kind, from, width });
            }
            // Code 0 marks FoxPro's hidden flags column.
            _ if code == b'0' => {}
            _ => skipped.push((name, char::from(code))),
        }
        from += width;
    }
    if columns.is_empty() && skipped.is_empty() && row_length <= 1 {
        return Err(Error::Malformed {
            what: "dbf header",
            offset: 32,
            detail: "it describes no column".into(),
        });
    }
    Ok((columns, skipped, row_length))
}

/// Why a value is not what its column says.
enum Damaged {
    /// The text as far as it could be decoded.
    Text(String),
    Value,
}

fn read_value(kind: Kind, bytes: &[u8], codec: Codec) -> std::result::Result<Value, Damaged> {
    let mut binary = ByteReader::new("dbf value", bytes);
    let value = match kind {
        Kind::Text => {
            let text = trimmed(bytes);
            if text.is_empty() {
                return Ok(Value::Null);
            }
            return match codec.decode(text) {
                (text, false) => Ok(Value::Text(text)),
                (text, true) => Err(Damaged::Text(text)),
            };
        }
        Kind::Integer | Kind::Number => return number(kind, bytes),
        Kind::Flag => match bytes.first() {
            Some(b'T' | b't' | b'Y' | b'y' | b'1') => Some(Value::Bool(true)),
            Some(b'F' | b'f' | b'N' | b'n' | b'0') => Some(Value::Bool(false)),
            Some(b'?' | b' ' | 0) | None => Some(Value::Null),
            Some(_) => None,
        },
        Kind::Date => return date(bytes),
        Kind::Int32 => binary.i32_le().ok().map(|n| Value::Int(n.into())),
        Kind::Double => binary.f64_le().ok().map(table::float),
        Kind::Currency => binary.i64_le().ok().map(|n| Value::Float(n as f64 / 1e4)),
        Kind::Instant => match (binary.i32_le(), binary.i32_le()) {
            (Ok(0), Ok(_)) => Some(Value::Null),
            (Ok(day), Ok(ms)) => {
                let micros = (i64::from(day) - JULIAN_EPOCH) * DAY + i64::from(ms) * 1000;
                Some(Value::DateTime(Timestamp::from_micros(micros)))
            }
            _ => None,
        },
    };
    value.ok_or(Damaged::Value)
}

fn number(kind: Kind, bytes: &[u8]) -> std::result::Result<Value, Damaged> {
    let text = std::str::from_utf8(bytes).map_err(|_| Damaged::Value)?;
    let text = text.trim_matches([' ', '\0', '\t']);
    // Asterisks are how dBASE writes a number that does not fit.
    if text.is_empty() || text.bytes().all(|b| b == b'*') {
        return Ok(Value::Null);
    }
    if kind == Kind::Integer {
        if let Ok(number) = text.parse() {
            return Ok(Value::Int(number));
        }
        // An identifier longer than 64 bits keeps all its digits only as text.
        if text.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(Value::Text(text.to_owned()));
        }
    }
    let number = text
        .parse::<f64>()
        .or_else(|_| text.replace(',', ".").parse::<f64>())
        .map_err(|_| Damaged::Value)?;
    Ok(table::float(number))
}

/// Reads `YYYYMMDD`, the same with separators, and `MM/DD/YYYY`.
fn date(bytes: &[u8]) -> std::result::Result<Value, Damaged> {
    let digits: Vec<i16> =
        bytes.iter().filter(|b| b.is_ascii_digit()).map(|b| i16::from(b - b'0')).collect();
    let blank = bytes.iter().all(|b| matches!(b, b' ' | 0 | b'0' | b'/' | b'-'));
    if blank {
        return Ok(Value::Null);
    }
    let two = |a: i16, b: i16| a * 10 + b;
    let mut digits = digits;
    if bytes.len() >= 10 && bytes[2] == b'/' && digits.len() == 8 {
        digits.rotate_left(4);
    }
    if let &[y1, y2, y3, y4, m1, m2, d1, d2] = digits.as_slice()
        && let (Ok(month), Ok(day)) = (two(m1, m2).try_into(), two(d1, d2).try_into())
        && let Some(at) = table::day(two(y1, y2) * 100 + two(y3, y4), month, day)
    {
        return Ok(Value::Date(at));
    }
    Err(Damaged::Value)
}

/// Cuts off the padding: blanks and zeros, and what stands behind a zero.
fn trimmed(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    let text = bytes.get(..end).unwrap_or_default();
    let last = text.iter().rposition(|b| *b != b' ').map_or(0, |at| at + 1);
    text.get(..last).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(code: u8, decimals: u8, bytes: &[u8]) -> Option<Value> {
        let kind = Kind::new(code, bytes.len(), decimals).unwrap();
        read_value(kind, bytes, Codec::for_label("GBK").unwrap()).ok()
    }

    #[test]
    fn values_of_every_type_are_read() {
        assert_eq!(value(b'N', 0, b"   42"), Some(Value::Int(42)));
        assert_eq!(value(b'N', 2, b" 4.25"), Some(Value::Float(4.25)));
        assert_eq!(value(b'F', 2, b" 4,25"), Some(Value::Float(4.25)));
        assert_eq!(value(b'N', 0, b"1e3  "), Some(Value::Float(1000.0)));
        let long = b"99999999999999999999";
        assert_eq!(value(b'N', 0, long), Some(Value::Text("99999999999999999999".into())));
        for none in [&b"     "[..], b"*****", b"\0\0\0\0\0"] {
            assert_eq!(value(b'N', 3, none), Some(Value::Null));
        }
        assert_eq!(value(b'N', 3, b"abc"), None);
        assert_eq!(value(b'L', 0, b"T"), Some(Value::Bool(true)));
        assert_eq!(value(b'L', 0, b"?"), Some(Value::Null));
        let day = table::day(2024, 2, 29).unwrap();
        assert_eq!(value(b'D', 0, b"20240229"), Some(Value::Date(day)));
        assert_eq!(value(b'D', 0, b"2024/02/29"), Some(Value::Date(day)));
        assert_eq!(value(b'D', 0, b"02/29/2024   "), Some(Value::Date(day)));
        assert_eq!(value(b'D', 0, b"00000000"), Some(Value::Null));
        assert_eq!(value(b'D', 0, b"20249999"), None);
        assert_eq!(value(b'I', 0, &7i32.to_le_bytes()), Some(Value::Int(7)));
        assert_eq!(value(b'O', 0, &0.5f64.to_le_bytes()), Some(Value::Float(0.5)));
        assert_eq!(value(b'Y', 0, &12_345i64.to_le_bytes()), Some(Value::Float(1.2345)));
        let instant = [2_440_589i32.to_le_bytes(), 1_000i32.to_le_bytes()].concat();
        let expected = Timestamp::from_micros(DAY + 1_000_000);
        assert_eq!(value(b'T', 0, &instant), Some(Value::DateTime(expected)));
        assert_eq!(Kind::new(b'M', 10, 0), None);
    }

    #[test]
    fn half_a_character_at_the_end_of_a_field_is_no_damage() {
        let bytes = encoding_rs::GBK.encode("宿迁市").0.into_owned();
        assert_eq!(value(b'C', 0, &bytes[..5]), Some(Value::Text("宿迁".into())));
    }
}
