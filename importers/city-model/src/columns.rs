//! Attributes that come as name and value, object by object, with types that show as they come.

use onemap_model::{Field, FieldType, LayerSlot, Sink, Stopped, Value};
use rustc_hash::FxHashMap;

use crate::limits;

/// Turns names into positions and tells the sink of new fields and wider types.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    by_name: FxHashMap<String, (usize, FieldType)>,
    /// Values left out because there were too many names.
    pub(crate) left_out: usize,
}

impl Columns {
    /// Begins with the fields that the layer has from the start.
    pub(crate) fn new(fields: &[Field]) -> Self {
        let named = fields.iter().enumerate().map(|(i, f)| (f.name.clone(), (i, f.kind)));
        Self { by_name: named.collect(), left_out: 0 }
    }

    /// Puts a value where it belongs.
    pub(crate) fn set(
        &mut self,
        layer: LayerSlot,
        name: &str,
        value: Value,
        values: &mut Vec<Value>,
        sink: &mut dyn Sink,
    ) -> Result<(), Stopped> {
        let Some(kind) = value.kind() else { return Ok(()) };
        self.set_as(layer, Field::new(name, kind), value, values, sink)
    }

    /// Puts a value where it belongs, of a field that has more than a name.
    pub(crate) fn set_as(
        &mut self,
        layer: LayerSlot,
        field: Field,
        value: Value,
        values: &mut Vec<Value>,
        sink: &mut dyn Sink,
    ) -> Result<(), Stopped> {
        let kind = field.kind;
        let is_full = self.by_name.len() >= limits::MAX_FIELDS;
        let position = match self.by_name.get_mut(&field.name) {
            Some((position, known)) => {
                let wider = known.promote(kind);
                if wider != *known {
                    sink.field(layer, field)?;
                    *known = wider;
                }
                *position
            }
            None if is_full => {
                self.left_out += 1;
                return Ok(());
            }
            None => {
                let name = field.name.clone();
                let position = sink.field(layer, field)?;
                self.by_name.insert(name, (position, kind));
                position
            }
        };
        if values.len() <= position {
            values.resize(position + 1, Value::Null);
        }
        if let Some(slot) = values.get_mut(position) {
            *slot = value;
        }
        Ok(())
    }
}

/// Makes a value of JSON; lists and objects stay JSON.
pub(crate) fn value_of(json: serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(b) => Value::Bool(b),
        serde_json::Value::String(text) => Value::Text(text),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Value::Int(whole),
            (None, Some(float)) if !number.is_u64() => Value::Float(float),
            _ => Value::Text(number.to_string()),
        },
        list_or_object => Value::Json(list_or_object.to_string()),
    }
}
