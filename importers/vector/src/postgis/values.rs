//! Types of columns, how they are asked for, and how their bytes become values.

use std::error::Error;

use onemap_bounded::{ByteReader, Result};
use onemap_model::{FieldType, Timestamp, Value};
use postgres::types::{FromSql, Type};

use crate::table::{self, DAY};

/// Days from 1970-01-01 to 2000-01-01, where PostgreSQL begins to count.
const EPOCH_DAYS: i64 = 10_957;

/// Said of a record with a date that is not on the calendar.
const INFINITE: &str = "infinite date left empty";

/// How a column is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Geometry,
    /// In degrees on the ellipsoid.
    Geography,
    Bool,
    Int2,
    Int4,
    Int8,
    Oid,
    Float4,
    Float8,
    Text,
    Bytes,
    Date,
    Instant,
    /// A decimal number, asked for as text.
    Number,
    /// Asked for as JSON text.
    Json,
    /// Anything else that is asked for as text.
    AsText,
    /// Not read.
    Raster,
}

impl Kind {
    /// Finds out how a column of a type is read.
    pub(super) fn of(kind: &Type) -> Self {
        if matches!(kind.kind(), postgres::types::Kind::Array(_)) {
            return Self::Json;
        }
        match kind.name() {
            "geometry" => Self::Geometry,
            "geography" => Self::Geography,
            "bool" => Self::Bool,
            "int2" => Self::Int2,
            "int4" => Self::Int4,
            "int8" => Self::Int8,
            "oid" => Self::Oid,
            "float4" => Self::Float4,
            "float8" => Self::Float8,
            "text" | "varchar" | "bpchar" | "name" => Self::Text,
            "bytea" => Self::Bytes,
            "date" => Self::Date,
            "timestamp" | "timestamptz" => Self::Instant,
            "numeric" => Self::Number,
            "json" | "jsonb" | "hstore" => Self::Json,
            "raster" => Self::Raster,
            _ => Self::AsText,
        }
    }

    /// Returns the type of the values; `None` for what is no attribute.
    pub(super) fn field_type(self) -> Option<FieldType> {
        Some(match self {
            Self::Geometry | Self::Geography | Self::Raster => return None,
            Self::Bool => FieldType::Bool,
            Self::Int2 | Self::Int4 | Self::Int8 | Self::Oid => FieldType::Int,
            Self::Float4 | Self::Float8 | Self::Number => FieldType::Float,
            Self::Text | Self::AsText => FieldType::Text,
            Self::Bytes => FieldType::Bytes,
            Self::Date => FieldType::Date,
            Self::Instant => FieldType::DateTime,
            Self::Json => FieldType::Json,
        })
    }

    /// Writes the expression that asks for a column; `name` is quoted. `raw` is the type's name.
    pub(super) fn expression(self, name: &str, raw: &str) -> String {
        match self {
            Self::Geometry => format!("ST_AsEWKB({name})"),
            Self::Geography => format!("ST_AsEWKB({name}::geometry)"),
            Self::Number | Self::AsText => format!("{name}::text"),
            Self::Json if raw == "hstore" => format!("hstore_to_json({name})::text"),
            Self::Json => format!("to_json({name})::text"),
            _ => name.to_owned(),
        }
    }
}

/// The bytes of a value as the server sends them.
pub(super) struct Raw<'a>(pub(super) &'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(
        _: &Type,
        raw: &'a [u8],
    ) -> std::result::Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Reads a value that is not null.
///
/// # Errors
/// When the server sends fewer bytes than the type has.
pub(super) fn read(kind: Kind, raw: &[u8], repairs: &mut Vec<&'static str>) -> Result<Value> {
    let mut bytes = ByteReader::new("column", raw);
    let text = || String::from_utf8_lossy(raw).into_owned();
    let mut infinite = || {
        if !repairs.contains(&INFINITE) {
            repairs.push(INFINITE);
        }
        Value::Null
    };
    Ok(match kind {
        Kind::Bool => Value::Bool(bytes.u8()? != 0),
        Kind::Int2 => Value::Int(bytes.i16_be()?.into()),
        Kind::Int4 => Value::Int(bytes.i32_be()?.into()),
        Kind::Int8 => Value::Int(bytes.i64_be()?),
        Kind::Oid => Value::Int(bytes.u32_be()?.into()),
        Kind::Float4 => table::float(table::widened(bytes.f32_be()?)),
        Kind::Float8 => table::float(bytes.f64_be()?),
        Kind::Date => match bytes.i32_be()? {
            i32::MIN | i32::MAX => infinite(),
            days => table::day_since_epoch(i64::from(days) + EPOCH_DAYS)
                .map_or(Value::Null, Value::Date),
        },
        Kind::Instant => match bytes.i64_be()?.checked_add(EPOCH_DAYS * DAY) {
            // Minus infinity is the least number, plus infinity the greatest.
            Some(micros) if micros > i64::MIN + 2 * EPOCH_DAYS * DAY => {
                Value::DateTime(Timestamp::from_micros(micros))
            }
            _ => infinite(),
        },
        Kind::Number => number(text()),
        Kind::Json => Value::Json(text()),
        Kind::Bytes => Value::Bytes(raw.to_vec()),
        Kind::Text | Kind::AsText => Value::Text(text()),
        Kind::Geometry | Kind::Geography | Kind::Raster => Value::Null,
    })
}

/// Reads a decimal number. A whole one with more digits than a float holds is an identifier and stays
/// text.
fn number(text: String) -> Value {
    let digits = text.trim_start_matches('-');
    let is_whole = digits.bytes().all(|b| b.is_ascii_digit());
    if is_whole && digits.len() > 15 {
        return Value::Text(text);
    }
    text.parse().map_or(Value::Text(text), table::float)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(kind: Kind, raw: &[u8]) -> Value {
        read(kind, raw, &mut Vec::new()).unwrap()
    }

    #[test]
    fn numbers_and_dates_are_read_from_their_binary_form() {
        assert_eq!(value(Kind::Int4, &(-7i32).to_be_bytes()), Value::Int(-7));
        assert_eq!(value(Kind::Float4, &0.1f32.to_be_bytes()), Value::Float(0.1));
        let day = table::day(2000, 1, 2).unwrap();
        assert_eq!(value(Kind::Date, &1i32.to_be_bytes()), Value::Date(day));
        assert_eq!(value(Kind::Instant, &DAY.to_be_bytes()), Value::DateTime(day));
        for infinity in [i64::MIN, i64::MAX] {
            assert_eq!(value(Kind::Instant, &infinity.to_be_bytes()), Value::Null);
        }
        assert_eq!(value(Kind::Number, b"1.50"), Value::Float(1.5));
        assert_eq!(value(Kind::Number, b"NaN"), Value::Null);
        let long = "321302199001011234";
        assert_eq!(value(Kind::Number, long.as_bytes()), Value::Text(long.into()));
        assert!(read(Kind::Int8, &[0; 4], &mut Vec::new()).is_err());
    }
}
