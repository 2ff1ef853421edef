//! What the readers of tables share: column types that follow the values, names that are unique, dates.

use std::collections::HashSet;

use onemap_model::{Field, FieldType, LayerSlot, Sink, Stopped, Timestamp, Value};

/// The columns of a layer as far as the sink knows them. A value of another type than its column's
/// promotes the column, so that no value is lost to a declaration that databases do not enforce.
#[derive(Debug)]
pub(crate) struct Columns {
    layer: LayerSlot,
    fields: Vec<(String, FieldType)>,
}

impl Columns {
    /// Takes note of the fields with which a layer was opened.
    pub(crate) fn new(layer: LayerSlot, fields: &[Field]) -> Self {
        Self { layer, fields: fields.iter().map(|f| (f.name.clone(), f.kind)).collect() }
    }

    /// Takes note of a field that the sink has put at position `i`.
    pub(crate) fn meet(&mut self, i: usize, field: &Field) {
        match self.fields.get_mut(i) {
            Some((_, kind)) => *kind = kind.promote(field.kind),
            None => self.fields.push((field.name.clone(), field.kind)),
        }
    }

    /// Returns the value to hand over for column `i`, after promoting the column if need be.
    pub(crate) fn admit(
        &mut self,
        sink: &mut dyn Sink,
        i: usize,
        value: Value,
    ) -> Result<Value, Stopped> {
        let (Some((name, kind)), Some(own)) = (self.fields.get_mut(i), value.kind()) else {
            return Ok(value);
        };
        if own == *kind {
            return Ok(value);
        }
        let promoted = kind.promote(own);
        if promoted != *kind {
            sink.field(self.layer, Field::new(name.clone(), own))?;
            *kind = promoted;
        }
        Ok(value.coerce(promoted))
    }
}

/// Makes names unique, as the fields of a layer must be: the second `a` becomes `a_2`. A nameless
/// column becomes `field_1` and so on.
pub(crate) fn unique_names(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut taken = HashSet::new();
    let mut result = Vec::new();
    for (i, name) in names.into_iter().enumerate() {
        let base = if name.is_empty() { format!("field_{}", i + 1) } else { name };
        let mut unique = base.clone();
        let mut n = 2;
        while !taken.insert(unique.clone()) {
            unique = format!("{base}_{n}");
            n += 1;
        }
        result.push(unique);
    }
    result
}

/// Microseconds of a day.
pub(crate) const DAY: i64 = 86_400_000_000;

/// Returns midnight UTC of a day of the Gregorian calendar.
pub(crate) fn day(year: i16, month: i8, day: i8) -> Option<Timestamp> {
    let date = jiff::civil::Date::new(year, month, day).ok()?;
    let zoned = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp::from_micros(zoned.timestamp().as_microsecond()))
}

/// Returns midnight UTC of the day `days` after 1970-01-01.
pub(crate) fn day_since_epoch(days: i64) -> Option<Timestamp> {
    days.checked_mul(DAY).map(Timestamp::from_micros)
}

/// Reads a text as a value of a type; it stays text where it is none.
pub(crate) fn from_text(text: String, kind: FieldType) -> Value {
    let trimmed = text.trim();
    let value = match kind {
        FieldType::Int => trimmed.parse().ok().map(Value::Int),
        FieldType::Float => trimmed.parse().ok().map(float),
        FieldType::Bool => match trimmed.to_ascii_lowercase().as_str() {
            "true" | "t" | "1" => Some(Value::Bool(true)),
            "false" | "f" | "0" => Some(Value::Bool(false)),
            _ => None,
        },
        FieldType::Date | FieldType::DateTime => instant(trimmed).map(|at| match kind {
            FieldType::Date if at.as_micros() % DAY == 0 => Value::Date(at),
            _ => Value::DateTime(at),
        }),
        FieldType::Json => return Value::Json(text),
        FieldType::Text | FieldType::Bytes | FieldType::Model => None,
    };
    let is_empty = trimmed.is_empty() && !matches!(kind, FieldType::Text | FieldType::Bytes);
    if is_empty {
        return Value::Null;
    }
    value.unwrap_or(Value::Text(text))
}

/// Reads RFC 3339 and what is near it: slashes for hyphens, a blank for the `T`.
fn instant(text: &str) -> Option<Timestamp> {
    let date = text.get(..10.min(text.len()))?;
    let rest = text.get(date.len()..)?.trim_start_matches([' ', 'T']);
    let date = date.replace('/', "-");
    let normal = if rest.is_empty() { date } else { format!("{date}T{rest}") };
    normal.parse().ok()
}

/// Makes a number a value: NaN, which stands for "none" in tables of numbers, is null.
pub(crate) fn float(number: f64) -> Value {
    if number.is_nan() { Value::Null } else { Value::Float(number) }
}

/// Widens a number; its shortest decimal form stays the same, so that 0.1 does not become
/// 0.10000000149011612.
pub(crate) fn widened(number: f32) -> f64 {
    number.to_string().parse().unwrap_or(f64::from(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_unique_and_no_column_stays_nameless() {
        let names = ["a", "", "a", "a_2", "a"].map(str::to_owned);
        assert_eq!(unique_names(names), ["a", "field_2", "a_2", "a_2_2", "a_3"]);
    }

    #[test]
    fn text_becomes_what_its_column_says_or_stays_text() {
        let read = |text: &str, kind| from_text(text.to_owned(), kind);
        assert_eq!(read(" 12", FieldType::Int), Value::Int(12));
        assert_eq!(read("12a", FieldType::Int), Value::Text("12a".into()));
        assert_eq!(read("", FieldType::Float), Value::Null);
        assert_eq!(read("t", FieldType::Bool), Value::Bool(true));
        let day = day(2024, 2, 29).unwrap();
        assert_eq!(read("2024/02/29", FieldType::Date), Value::Date(day));
        assert_eq!(read("2024-02-29 00:00:00", FieldType::DateTime), Value::DateTime(day));
    }

    #[test]
    fn days_are_midnights() {
        assert_eq!(day(2024, 2, 29).unwrap().to_string(), "2024-02-29");
        assert_eq!(day(2023, 2, 29), None);
        assert_eq!(day_since_epoch(19_782).unwrap().to_string(), "2024-02-29");
        assert_eq!(day_since_epoch(i64::MAX), None);
    }
}
