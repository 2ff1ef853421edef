//! What the records of city objects have in common, whatever format they come from.

use onemap_model::{Field, FieldType, Model, Value};

use crate::build::{cim_level, fineness};

const TYPE: usize = 0;
const PARENT: usize = 1;
const CHILDREN: usize = 2;
const LOD: usize = 3;
const CIM_LEVEL: usize = 4;

/// Returns the fields that every object has, in their order.
pub(crate) fn fields() -> Vec<Field> {
    vec![
        Field::new("type", FieldType::Text),
        Field::new("parent", FieldType::Text),
        Field::new("children", FieldType::Json),
        Field::new("lod", FieldType::Text),
        Field::new("cim_level", FieldType::Int),
    ]
}

/// Tells whether an attribute may not have this name, because it is none or that of a field which objects have.
pub(crate) fn is_taken(name: &str) -> bool {
    name.is_empty()
        || matches!(name, "type" | "parent" | "parents" | "children" | "lod" | "cim_level")
}

/// What every object says of itself.
pub(crate) struct Facts {
    pub(crate) kind: String,
    pub(crate) parent: Option<String>,
    pub(crate) children: Vec<String>,
    /// Its finest level of detail.
    pub(crate) finest: Option<String>,
}

impl Facts {
    /// Returns the values of [`fields`].
    pub(crate) fn values(self) -> Vec<Value> {
        let mut values = vec![Value::Null; CIM_LEVEL + 1];
        values[TYPE] = Value::Text(self.kind);
        values[PARENT] = self.parent.map_or(Value::Null, Value::Text);
        if !self.children.is_empty() {
            values[CHILDREN] = Value::Json(serde_json::Value::from(self.children).to_string());
        }
        values[CIM_LEVEL] =
            self.finest.as_deref().map_or(Value::Null, |level| Value::Int(cim_level(level)));
        values[LOD] = self.finest.map_or(Value::Null, Value::Text);
        values
    }
}

/// Returns the finest level of detail of an object: that of its model, or of what it has instead of one.
pub(crate) fn finest(model: Option<&Model>, levels: Vec<String>) -> Option<String> {
    let modelled = model.and_then(Model::finest).map(|lod| lod.level.clone());
    let met = || levels.into_iter().max_by(|a, b| fineness(a).total_cmp(&fineness(b)));
    let has_name = |level: &String| !level.is_empty();
    modelled.filter(has_name).or_else(met).filter(has_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_finest_level_is_told_by_number() {
        let levels = ["2", "1.3", "", "2.2"].map(str::to_owned).to_vec();
        assert_eq!(finest(None, levels), Some("2.2".to_owned()));
        assert_eq!(finest(None, vec![String::new()]), None);
    }

    #[test]
    fn an_object_without_shape_has_neither_level_nor_children() {
        let facts =
            Facts { kind: "Building".into(), parent: None, children: Vec::new(), finest: None };
        let values = facts.values();
        assert_eq!(values.len(), fields().len());
        assert_eq!(values[TYPE], Value::Text("Building".into()));
        assert!(values[1..].iter().all(|value| *value == Value::Null));
    }
}
