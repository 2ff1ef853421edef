//! Values as clients send them.

use onemap_model::{FieldType, Schema, Timestamp, Value};
use serde_json::{Map, Value as Json};

use super::{Result, Unfit, join};

/// Changes values by name, each to the type of its field.
pub(super) fn change(
    values: &mut [Value],
    properties: &Map<String, Json>,
    schema: &Schema,
    at: &str,
) -> Result<()> {
    let mut unknown: Vec<String> = Vec::new();
    for (name, json) in properties {
        let Some(i) = schema.position(name) else {
            unknown.push(format!("'{name}'"));
            continue;
        };
        let (Some(field), Some(slot)) = (schema.fields.get(i), values.get_mut(i)) else { continue };
        let value = match (&*slot, json) {
            (Value::Json(before), Json::Object(_)) => {
                let mut before: Json = serde_json::from_str(before).unwrap_or_default();
                merge(&mut before, json);
                Ok(Value::Json(before.to_string()))
            }
            _ => read(json, field.kind),
        };
        *slot = value.map_err(|reason| Unfit::new(join(at, name), reason))?;
    }
    if unknown.is_empty() {
        return Ok(());
    }
    let known: Vec<&str> = schema.fields.iter().map(|field| field.name.as_str()).collect();
    let reason =
        format!("the layer has no field {}; it has {}", unknown.join(", "), known.join(", "));
    Err(Unfit::new(at, reason))
}

/// Merges a patch into a value (RFC 7396, clause 2).
fn merge(target: &mut Json, patch: &Json) {
    let Json::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Json::Object(Map::new());
    }
    let Json::Object(target) = target else { return };
    for (name, value) in patch {
        if value.is_null() {
            target.shift_remove(name);
        } else {
            merge(target.entry(name.clone()).or_insert(Json::Null), value);
        }
    }
}

/// Makes a value of a field's type; no text is taken for a number and no number is rounded.
fn read(json: &Json, kind: FieldType) -> std::result::Result<Value, String> {
    /// Floats hold all whole numbers up to this.
    const EXACT: f64 = (1_i64 << 53) as f64;
    let wrong = || Err(format!("takes {}, not {}", kind.name(), type_name(json)));
    let time = |text: &str| text.parse::<Timestamp>().map_err(|error| error.to_string());
    match (json, kind) {
        (Json::Null, _) => Ok(Value::Null),
        (Json::Bool(b), FieldType::Bool) => Ok(Value::Bool(*b)),
        (Json::Number(n), FieldType::Int) => match (n.as_i64(), n.as_f64()) {
            (Some(n), _) => Ok(Value::Int(n)),
            (None, Some(x)) if x.fract() == 0.0 && x.abs() <= EXACT => Ok(Value::Int(x as i64)),
            _ => Err("takes a whole number of 64 bits".to_owned()),
        },
        (Json::Number(n), FieldType::Float) => {
            n.as_f64().map(Value::Float).ok_or_else(|| "takes a number of 64 bits".to_owned())
        }
        (Json::String(s), FieldType::Text) => Ok(Value::Text(s.clone())),
        (Json::Number(_) | Json::Bool(_), FieldType::Text) => Ok(Value::Text(json.to_string())),
        (Json::String(s), FieldType::Date) => time(s).map(Value::Date),
        (Json::String(s), FieldType::DateTime) => time(s).map(Value::DateTime),
        (Json::String(s), FieldType::Bytes) => hex(s).map(Value::Bytes).map_or_else(wrong, Ok),
        (json, FieldType::Json) => Ok(Value::Json(json.to_string())),
        _ => wrong(),
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |n, d| n << 4 | d)).collect())
}

fn type_name(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "true or false",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}
