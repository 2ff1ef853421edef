//! Turns Arrow arrays into values.

use arrow_array::cast::AsArray;
use arrow_array::types as at;
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, BooleanArray};
use arrow_schema::{DataType, TimeUnit};
use onemap_model::{FieldType, Record, Timestamp, Value};
use serde_json::{Map, Number, Value as Json};

use crate::table;

/// Most digits that a floating-point number keeps of a decimal one.
const FLOAT_DIGITS: u8 = 15;

/// Nesting of lists and structs that is followed.
const MAX_DEPTH: usize = 16;

/// Returns the type of the values of a column.
pub(super) fn field_type(kind: &DataType) -> FieldType {
    match kind {
        DataType::Boolean => FieldType::Bool,
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32
        | DataType::UInt64 => FieldType::Int,
        DataType::Float16 | DataType::Float32 | DataType::Float64 => FieldType::Float,
        DataType::Decimal32(precision, _)
        | DataType::Decimal64(precision, _)
        | DataType::Decimal128(precision, _)
        | DataType::Decimal256(precision, _)
            if *precision <= FLOAT_DIGITS =>
        {
            FieldType::Float
        }
        DataType::Date32 | DataType::Date64 => FieldType::Date,
        DataType::Timestamp(..) => FieldType::DateTime,
        DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_) => FieldType::Bytes,
        DataType::List(_)
        | DataType::LargeList(_)
        | DataType::FixedSizeList(..)
        | DataType::Struct(_)
        | DataType::Map(..) => FieldType::Json,
        DataType::Dictionary(_, values) => field_type(values),
        _ => FieldType::Text,
    }
}

/// Appends the values of a column, one to each record.
pub(super) fn append(array: &ArrayRef, records: &mut [Record]) {
    match array.data_type() {
        DataType::Boolean => {
            let array: &BooleanArray = array.as_boolean();
            each(array, records, |i| Value::Bool(array.value(i)));
        }
        DataType::Int8 => integers::<at::Int8Type>(array, records),
        DataType::Int16 => integers::<at::Int16Type>(array, records),
        DataType::Int32 => integers::<at::Int32Type>(array, records),
        DataType::Int64 => integers::<at::Int64Type>(array, records),
        DataType::UInt8 => integers::<at::UInt8Type>(array, records),
        DataType::UInt16 => integers::<at::UInt16Type>(array, records),
        DataType::UInt32 => integers::<at::UInt32Type>(array, records),
        DataType::Float64 => {
            let array = array.as_primitive::<at::Float64Type>();
            each(array, records, |i| table::float(array.value(i)));
        }
        DataType::Float32 => {
            let array = array.as_primitive::<at::Float32Type>();
            each(array, records, |i| table::float(table::widened(array.value(i))));
        }
        DataType::Utf8View => {
            let array = array.as_string_view();
            each(array, records, |i| Value::Text(array.value(i).to_owned()));
        }
        DataType::BinaryView => {
            let array = array.as_binary_view();
            each(array, records, |i| Value::Bytes(array.value(i).to_vec()));
        }
        _ => each(array.as_ref(), records, |i| value(array.as_ref(), i)),
    }
}

fn integers<T: ArrowPrimitiveType>(array: &ArrayRef, records: &mut [Record])
where
    T::Native: Into<i64>,
{
    let array = array.as_primitive::<T>();
    each(array, records, |i| Value::Int(array.value(i).into()));
}

fn each(array: &dyn Array, records: &mut [Record], value: impl Fn(usize) -> Value) {
    for (i, record) in records.iter_mut().enumerate() {
        let is_there = i < array.len() && array.is_valid(i);
        record.values.push(if is_there { value(i) } else { Value::Null });
    }
}

/// Returns a value that is not null, of any type.
fn value(array: &dyn Array, i: usize) -> Value {
    match array.data_type() {
        DataType::UInt64 => {
            let number = array.as_primitive::<at::UInt64Type>().value(i);
            i64::try_from(number).map_or_else(|_| Value::Text(number.to_string()), Value::Int)
        }
        DataType::Float16 => {
            let number = array.as_primitive::<at::Float16Type>().value(i);
            table::float(number.to_f64())
        }
        DataType::Date32 => {
            let days = array.as_primitive::<at::Date32Type>().value(i);
            table::day_since_epoch(days.into()).map_or(Value::Null, Value::Date)
        }
        DataType::Timestamp(unit, _) => instant(array, i, *unit)
            .map_or(Value::Null, |at| Value::DateTime(Timestamp::from_micros(at))),
        kind @ (DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..)) => {
            let text = decimal(array, i).unwrap_or_default();
            match text.parse() {
                Ok(number) if field_type(kind) == FieldType::Float => table::float(number),
                _ => Value::Text(text),
            }
        }
        DataType::Utf8 => Value::Text(array.as_string::<i32>().value(i).to_owned()),
        DataType::Binary => Value::Bytes(array.as_binary::<i32>().value(i).to_vec()),
        DataType::FixedSizeBinary(_) => {
            Value::Bytes(array.as_fixed_size_binary().value(i).to_vec())
        }
        DataType::Time32(_) | DataType::Time64(_) => {
            time(array, i).map_or(Value::Null, Value::Text)
        }
        _ => match json(array, i, MAX_DEPTH) {
            Json::Null => Value::Null,
            Json::String(text) if field_type(array.data_type()) == FieldType::Text => {
                Value::Text(text)
            }
            json => Value::Json(json.to_string()),
        },
    }
}

/// Returns microseconds since 1970.
fn instant(array: &dyn Array, i: usize, unit: TimeUnit) -> Option<i64> {
    match unit {
        TimeUnit::Second => {
            array.as_primitive::<at::TimestampSecondType>().value(i).checked_mul(1_000_000)
        }
        TimeUnit::Millisecond => {
            array.as_primitive::<at::TimestampMillisecondType>().value(i).checked_mul(1_000)
        }
        TimeUnit::Microsecond => {
            Some(array.as_primitive::<at::TimestampMicrosecondType>().value(i))
        }
        TimeUnit::Nanosecond => {
            Some(array.as_primitive::<at::TimestampNanosecondType>().value(i).div_euclid(1_000))
        }
    }
}

/// Writes a time of day as `HH:MM:SS`, with fractions where it has some.
fn time(array: &dyn Array, i: usize) -> Option<String> {
    let micros = match array.data_type() {
        DataType::Time32(TimeUnit::Millisecond) => {
            i64::from(array.as_primitive::<at::Time32MillisecondType>().value(i)) * 1_000
        }
        DataType::Time64(TimeUnit::Microsecond) => {
            array.as_primitive::<at::Time64MicrosecondType>().value(i)
        }
        DataType::Time64(TimeUnit::Nanosecond) => {
            array.as_primitive::<at::Time64NanosecondType>().value(i) / 1_000
        }
        _ => return None,
    };
    let seconds = micros.div_euclid(1_000_000);
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    Some(match micros.rem_euclid(1_000_000) {
        0 => clock,
        fraction => format!("{clock}.{fraction:06}"),
    })
}

/// Writes a decimal number with all its digits.
fn decimal(array: &dyn Array, i: usize) -> Option<String> {
    Some(match array.data_type() {
        DataType::Decimal32(..) => array.as_primitive::<at::Decimal32Type>().value_as_string(i),
        DataType::Decimal64(..) => array.as_primitive::<at::Decimal64Type>().value_as_string(i),
        DataType::Decimal128(..) => array.as_primitive::<at::Decimal128Type>().value_as_string(i),
        DataType::Decimal256(..) => array.as_primitive::<at::Decimal256Type>().value_as_string(i),
        _ => return None,
    })
}

/// Writes a value as JSON; what is nested too deep is null.
fn json(array: &dyn Array, i: usize, depth: usize) -> Json {
    if i >= array.len() || array.is_null(i) {
        return Json::Null;
    }
    let Some(depth) = depth.checked_sub(1) else {
        return Json::Null;
    };
    let list = |items: ArrayRef| {
        Json::Array((0..items.len()).map(|i| json(items.as_ref(), i, depth)).collect())
    };
    match array.data_type() {
        DataType::List(_) => list(array.as_list::<i32>().value(i)),
        DataType::LargeList(_) => list(array.as_list::<i64>().value(i)),
        DataType::FixedSizeList(..) => list(array.as_fixed_size_list().value(i)),
        DataType::Struct(fields) => {
            let array = array.as_struct();
            let members = fields.iter().zip(array.columns());
            let member = |(field, column): (&arrow_schema::FieldRef, &ArrayRef)| {
                (field.name().clone(), json(column.as_ref(), i, depth))
            };
            Json::Object(members.map(member).collect())
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(i);
            let (Some(keys), Some(values)) = (entries.columns().first(), entries.columns().get(1))
            else {
                return Json::Null;
            };
            let mut object = Map::new();
            for i in 0..entries.len() {
                let key = match json(keys.as_ref(), i, depth) {
                    Json::String(text) => text,
                    other => other.to_string(),
                };
                object.insert(key, json(values.as_ref(), i, depth));
            }
            Json::Object(object)
        }
        DataType::Boolean => Json::Bool(array.as_boolean().value(i)),
        DataType::Int8 => number::<at::Int8Type>(array, i),
        DataType::Int16 => number::<at::Int16Type>(array, i),
        DataType::Int32 => number::<at::Int32Type>(array, i),
        DataType::Int64 => number::<at::Int64Type>(array, i),
        DataType::UInt8 => number::<at::UInt8Type>(array, i),
        DataType::UInt16 => number::<at::UInt16Type>(array, i),
        DataType::UInt32 => number::<at::UInt32Type>(array, i),
        DataType::Float64 => float(array.as_primitive::<at::Float64Type>().value(i)),
        DataType::Float32 => {
            float(table::widened(array.as_primitive::<at::Float32Type>().value(i)))
        }
        DataType::Utf8View => array.as_string_view().value(i).into(),
        DataType::BinaryView => {
            Value::Bytes(array.as_binary_view().value(i).to_vec()).as_ref().to_string().into()
        }
        // These never come back here: `value` knows them.
        DataType::UInt64
        | DataType::Float16
        | DataType::Date32
        | DataType::Timestamp(..)
        | DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..)
        | DataType::Utf8
        | DataType::Binary
        | DataType::FixedSizeBinary(_)
        | DataType::Time32(_)
        | DataType::Time64(_) => match value(array, i) {
            Value::Null => Json::Null,
            Value::Int(n) => n.into(),
            Value::Float(x) => float(x),
            other => other.as_ref().to_string().into(),
        },
        other => format!("a value of type {other} is not read").into(),
    }
}

fn number<T: ArrowPrimitiveType>(array: &dyn Array, i: usize) -> Json
where
    T::Native: Into<i64>,
{
    let number: i64 = array.as_primitive::<T>().value(i).into();
    number.into()
}

fn float(number: f64) -> Json {
    Number::from_f64(number).map_or(Json::Null, Json::Number)
}
