//! Types of columns and values of rows.

use onemap_bounded::text;
use onemap_model::{FieldType, Value};
use rusqlite::types::ValueRef;

use crate::table;

/// Said of a row with text that is not in UTF-8, as SQLite demands.
const NOT_UTF8: &str = "text that is not UTF-8 read in the encoding that it looks like";

/// Returns the type that a column's declaration means (OGC 12-128r19, table 1, and what other programs
/// write); `None` where it means nothing.
pub(super) fn declared(declaration: &str) -> Option<FieldType> {
    let name = declaration.split('(').next().unwrap_or_default().trim().to_ascii_uppercase();
    Some(match name.as_str() {
        "BOOLEAN" | "BOOL" => FieldType::Bool,
        "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "INTEGER" | "BIGINT" | "INT2" | "INT4"
        | "INT8" | "INTEGER64" => FieldType::Int,
        "FLOAT" | "DOUBLE" | "REAL" | "NUMERIC" | "DECIMAL" | "DOUBLE PRECISION" => {
            FieldType::Float
        }
        "TEXT" | "VARCHAR" | "CHAR" | "NVARCHAR" | "CHARACTER VARYING" | "STRING" | "CLOB"
        | "UUID" | "TIME" => FieldType::Text,
        "DATE" => FieldType::Date,
        "DATETIME" | "TIMESTAMP" => FieldType::DateTime,
        "BLOB" => FieldType::Bytes,
        "JSON" => FieldType::Json,
        _ => return None,
    })
}

/// Reads a value of a column. SQLite keeps what it is given whatever the declaration: a value that does
/// not fit is returned as what it is.
pub(super) fn read(value: ValueRef, kind: FieldType, repairs: &mut Vec<&'static str>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(n) if kind == FieldType::Bool => Value::Bool(n != 0),
        ValueRef::Integer(n) => Value::Int(n),
        ValueRef::Real(x) => table::float(x),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        ValueRef::Text(bytes) => {
            let text = if let Ok(text) = std::str::from_utf8(bytes) {
                text.to_owned()
            } else {
                if !repairs.contains(&NOT_UTF8) {
                    repairs.push(NOT_UTF8);
                }
                text::decode(bytes, text::detect(bytes).encoding).text.into_owned()
            };
            table::from_text(text, kind)
        }
    }
}
