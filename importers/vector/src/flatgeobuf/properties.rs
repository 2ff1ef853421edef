//! Reads the attributes of a feature: pairs of a column's number and a value.

use flatgeobuf::ColumnType;
use onemap_bounded::{ByteReader, Error, Result};
use onemap_model::{FieldType, Timestamp, Value};

use crate::table;

/// The columns by which attributes are read.
pub(super) struct Properties {
    types: Vec<ColumnType>,
}

impl Properties {
    pub(super) fn new(types: Vec<ColumnType>) -> Self {
        Self { types }
    }

    /// Reads the attributes of a feature; one value for each column.
    pub(super) fn values(&self, bytes: &[u8]) -> Result<Vec<Value>> {
        let mut bytes = ByteReader::new("attributes", bytes);
        let mut values = vec![Value::Null; self.types.len()];
        // Some writers leave a byte of padding.
        while bytes.left() >= 2 {
            let offset = bytes.position() as u64;
            let column = usize::from(bytes.u16_le()?);
            let (Some(kind), Some(slot)) = (self.types.get(column), values.get_mut(column)) else {
                return Err(Error::Malformed {
                    what: "attributes",
                    offset,
                    detail: format!("column {column} of {}", self.types.len()),
                });
            };
            *slot = value(&mut bytes, *kind)?;
        }
        Ok(values)
    }
}

/// Returns the type of the values of a column.
pub(super) fn field_type(kind: ColumnType) -> FieldType {
    match kind {
        ColumnType::Bool => FieldType::Bool,
        ColumnType::Float | ColumnType::Double => FieldType::Float,
        ColumnType::Json => FieldType::Json,
        ColumnType::DateTime => FieldType::DateTime,
        ColumnType::Binary => FieldType::Bytes,
        ColumnType::String => FieldType::Text,
        _ => FieldType::Int,
    }
}

fn value(bytes: &mut ByteReader, kind: ColumnType) -> Result<Value> {
    Ok(match kind {
        ColumnType::Byte => Value::Int(i64::from(bytes.u8()? as i8)),
        ColumnType::UByte => Value::Int(bytes.u8()?.into()),
        ColumnType::Bool => Value::Bool(bytes.u8()? != 0),
        ColumnType::Short => Value::Int(bytes.i16_le()?.into()),
        ColumnType::UShort => Value::Int(bytes.u16_le()?.into()),
        ColumnType::Int => Value::Int(bytes.i32_le()?.into()),
        ColumnType::UInt => Value::Int(bytes.u32_le()?.into()),
        ColumnType::Long => Value::Int(bytes.i64_le()?),
        ColumnType::ULong => {
            let number = bytes.u64_le()?;
            i64::try_from(number).map_or_else(|_| Value::Text(number.to_string()), Value::Int)
        }
        ColumnType::Float => table::float(table::widened(bytes.f32_le()?)),
        ColumnType::Double => table::float(bytes.f64_le()?),
        ColumnType::String => Value::Text(text(bytes)?),
        ColumnType::Json => Value::Json(text(bytes)?),
        ColumnType::DateTime => {
            let text = text(bytes)?;
            text.parse::<Timestamp>().map_or(Value::Text(text), Value::DateTime)
        }
        ColumnType::Binary => {
            let length = bytes.u32_le()? as usize;
            Value::Bytes(bytes.take(length)?.to_vec())
        }
        other => {
            return Err(Error::Malformed {
                what: "attributes",
                offset: bytes.position() as u64,
                detail: format!("column type {} is unknown", other.0),
            });
        }
    })
}

fn text(bytes: &mut ByteReader) -> Result<String> {
    let length = bytes.u32_le()? as usize;
    Ok(String::from_utf8_lossy(bytes.take(length)?).into_owned())
}
