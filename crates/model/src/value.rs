//! Attribute values, and the fields that name them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The type of a field's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldType {
    /// True or false.
    Bool,
    /// A 64-bit whole number.
    Int,
    /// A 64-bit floating-point number.
    Float,
    /// Text.
    Text,
    /// A date: midnight UTC of that day.
    Date,
    /// An instant.
    DateTime,
    /// Raw bytes.
    Bytes,
    /// A list or object, kept as JSON text.
    Json,
    /// A shape in 3D ([`crate::AnchoredModel::to_bytes`]); shown by the 3D services only.
    Model,
}

impl FieldType {
    /// Returns the narrowest type that holds values of both: `Int` and `Float` give `Float`, `Date`
    /// and `DateTime` give `DateTime`, other unequal types give `Text`.
    #[must_use]
    pub fn promote(self, other: Self) -> Self {
        use FieldType::{Bytes, Date, DateTime, Float, Int, Model, Text};
        match (self, other) {
            (a, b) if a == b => a,
            (Int, Float) | (Float, Int) => Float,
            (Date, DateTime) | (DateTime, Date) => DateTime,
            (Bytes, Model) | (Model, Bytes) => Model,
            _ => Text,
        }
    }

    /// Returns the name used in the catalogue.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Float => "float",
            Self::Text => "text",
            Self::Date => "date",
            Self::DateTime => "datetime",
            Self::Bytes => "bytes",
            Self::Json => "json",
            Self::Model => "model",
        }
    }
}

/// A named, typed column of a layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Name as the source has it, in any script.
    pub name: String,
    /// Type of its values; any of them may also be null.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// Title for people, usually Chinese; the name where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// English title for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title_en: Option<String>,
    /// Unit of the values, such as `m` or `m²`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

impl Field {
    /// Makes a field without titles and unit.
    pub fn new(name: impl Into<String>, kind: FieldType) -> Self {
        Self { name: name.into(), kind, title: None, title_en: None, unit: None }
    }
}

/// The fields of a layer, in the order of a feature's values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Schema {
    /// The fields; names are unique.
    pub fields: Vec<Field>,
}

impl Schema {
    /// The most fields a layer may have; the segment format counts columns in 16 bits.
    pub const MAX_FIELDS: usize = 4096;

    /// Returns the position of the field with this name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|f| f.name == name)
    }

    /// Returns the field with this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|f| f.name == name)
    }
}

/// One attribute value.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// Not known.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// Text.
    Text(String),
    /// A day, as its midnight UTC.
    Date(Timestamp),
    /// An instant.
    DateTime(Timestamp),
    /// Raw bytes.
    Bytes(Vec<u8>),
    /// A list or object as JSON text.
    Json(String),
}

/// A borrowed [`Value`]: what a reader of the store sees, without copies.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum ValueRef<'a> {
    /// Not known.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// Text.
    Text(&'a str),
    /// A day, as its midnight UTC.
    Date(Timestamp),
    /// An instant.
    DateTime(Timestamp),
    /// Raw bytes.
    Bytes(&'a [u8]),
    /// A list or object as JSON text.
    Json(&'a str),
}

impl Value {
    /// Returns the type, `None` for null.
    pub fn kind(&self) -> Option<FieldType> {
        self.as_ref().kind()
    }

    /// Tells whether the value is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Borrows the value.
    pub fn as_ref(&self) -> ValueRef<'_> {
        match self {
            Self::Null => ValueRef::Null,
            Self::Bool(b) => ValueRef::Bool(*b),
            Self::Int(n) => ValueRef::Int(*n),
            Self::Float(x) => ValueRef::Float(*x),
            Self::Text(s) => ValueRef::Text(s),
            Self::Date(t) => ValueRef::Date(*t),
            Self::DateTime(t) => ValueRef::DateTime(*t),
            Self::Bytes(b) => ValueRef::Bytes(b),
            Self::Json(s) => ValueRef::Json(s),
        }
    }

    /// Changes the value to the type of its field, losslessly: an integer to a float or anything to text.
    /// A value that does not fit is returned as text.
    #[must_use]
    pub fn coerce(self, to: FieldType) -> Self {
        match (self, to) {
            (Self::Null, _) => Self::Null,
            (value, to) if value.kind() == Some(to) => value,
            (Self::Int(n), FieldType::Float) => Self::Float(n as f64),
            (Self::Date(t), FieldType::DateTime) => Self::DateTime(t),
            (Self::Bytes(b), FieldType::Model) => Self::Bytes(b),
            (value, _) => Self::Text(value.as_ref().to_string()),
        }
    }
}

impl ValueRef<'_> {
    /// Returns the type, `None` for null.
    pub fn kind(&self) -> Option<FieldType> {
        Some(match self {
            Self::Null => return None,
            Self::Bool(_) => FieldType::Bool,
            Self::Int(_) => FieldType::Int,
            Self::Float(_) => FieldType::Float,
            Self::Text(_) => FieldType::Text,
            Self::Date(_) => FieldType::Date,
            Self::DateTime(_) => FieldType::DateTime,
            Self::Bytes(_) => FieldType::Bytes,
            Self::Json(_) => FieldType::Json,
        })
    }

    /// Copies the value.
    pub fn to_value(&self) -> Value {
        match *self {
            Self::Null => Value::Null,
            Self::Bool(b) => Value::Bool(b),
            Self::Int(n) => Value::Int(n),
            Self::Float(x) => Value::Float(x),
            Self::Text(s) => Value::Text(s.to_owned()),
            Self::Date(t) => Value::Date(t),
            Self::DateTime(t) => Value::DateTime(t),
            Self::Bytes(b) => Value::Bytes(b.to_owned()),
            Self::Json(s) => Value::Json(s.to_owned()),
        }
    }
}

impl fmt::Display for ValueRef<'_> {
    /// Writes the value as a person would type it; null is empty, bytes are hexadecimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Bool(b) => b.fmt(f),
            Self::Int(n) => n.fmt(f),
            Self::Float(x) => x.fmt(f),
            Self::Text(s) | Self::Json(s) => f.write_str(s),
            Self::Date(t) | Self::DateTime(t) => t.fmt(f),
            Self::Bytes(b) => b.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_of_mixed_types_falls_back_to_text() {
        assert_eq!(FieldType::Int.promote(FieldType::Float), FieldType::Float);
        assert_eq!(FieldType::Int.promote(FieldType::Text), FieldType::Text);
        assert_eq!(Value::Int(7).coerce(FieldType::Text), Value::Text("7".into()));
        assert_eq!(Value::Int(7).coerce(FieldType::Float), Value::Float(7.0));
        assert_eq!(Value::Null.coerce(FieldType::Text), Value::Null);
    }
}
