//! `ExtendedData`: attributes of the user's own, with or without a schema.

use std::io::Read;

use onemap_model::{FieldType, Schema, Value};
use rustc_hash::FxHashMap;

use super::{Document, Next, Tag};
use crate::Error;

/// The types of fields, by schema and field name.
#[derive(Debug, Default)]
pub(super) struct Schemas {
    types: FxHashMap<(String, String), FieldType>,
}

impl Schemas {
    /// Makes a typed value out of text. What does not read as the type stays text, so that nothing is lost.
    fn value(&self, schema: &str, field: &str, text: &str) -> Value {
        let kind = self.types.get(&(schema.to_owned(), field.to_owned())).copied();
        if text.is_empty() {
            return Value::Null;
        }
        let typed = match kind {
            Some(FieldType::Int) => text.parse().ok().map(Value::Int),
            Some(FieldType::Float) => {
                text.parse().ok().filter(|x: &f64| x.is_finite()).map(Value::Float)
            }
            Some(FieldType::Bool) => match text.to_ascii_lowercase().as_str() {
                "1" | "true" => Some(Value::Bool(true)),
                "0" | "false" => Some(Value::Bool(false)),
                _ => None,
            },
            _ => None,
        };
        typed.unwrap_or_else(|| Value::Text(text.to_owned()))
    }
}

impl<R: Read> Document<'_, R> {
    /// Reads a `Schema` (clause 9.8).
    pub(super) fn schema(&mut self, tag: &Tag) -> Result<(), Error> {
        let names: Vec<String> =
            ["id", "name"].iter().filter_map(|key| tag.attribute(key)).map(str::to_owned).collect();
        let outside = self.xml.depth().saturating_sub(1);
        while self.xml.depth() > outside {
            let Next::Start(field) = self.next()? else { continue };
            let (Some(name), kind) = (field.attribute("name"), field.attribute("type")) else {
                continue;
            };
            let kind = match kind.unwrap_or_default() {
                "int" | "uint" | "short" | "ushort" => FieldType::Int,
                "float" | "double" => FieldType::Float,
                "bool" => FieldType::Bool,
                _ => FieldType::Text,
            };
            for schema in &names {
                self.schemas.types.insert((schema.clone(), name.to_owned()), kind);
            }
        }
        Ok(())
    }

    /// Reads an `ExtendedData` (clause 9.2) into name and value pairs.
    pub(super) fn extended_data(&mut self, into: &mut Vec<(String, Value)>) -> Result<(), Error> {
        let outside = self.xml.depth().saturating_sub(1);
        let mut schema = String::new();
        while self.xml.depth() > outside {
            let Next::Start(tag) = self.next()? else { continue };
            if into.len() >= Schema::MAX_FIELDS {
                self.skipped.crowded += 1;
                self.skip()?;
                continue;
            }
            let name = tag.attribute("name").unwrap_or_default().to_owned();
            match tag.name.as_str() {
                "SchemaData" => {
                    let url = tag.attribute("schemaUrl").unwrap_or_default();
                    url.rsplit_once('#').map_or(url, |(_, id)| id).clone_into(&mut schema);
                }
                "Data" => {
                    let text = self.data_value()?;
                    into.push((name, text_value(text)));
                }
                "SimpleData" => {
                    let text = self.text()?;
                    let value = self.schemas.value(&schema, &name, &text);
                    into.push((name, value));
                }
                "SimpleArrayData" => {
                    let values = self.array_values()?;
                    into.push((name, Value::Json(serde_json::Value::from(values).to_string())));
                }
                // Elements of somebody's own namespace.
                _ => {
                    let text = self.text()?;
                    into.push((tag.name, text_value(text)));
                }
            }
        }
        Ok(())
    }

    /// Reads the `value` of a `Data`.
    fn data_value(&mut self) -> Result<String, Error> {
        let outside = self.xml.depth().saturating_sub(1);
        let mut value = String::new();
        while self.xml.depth() > outside {
            if let Next::Start(tag) = self.next()? {
                if tag.name == "value" {
                    value = self.text()?;
                } else {
                    self.skip()?;
                }
            }
        }
        Ok(value)
    }

    /// Reads the `gx:value`s of a `gx:SimpleArrayData`.
    fn array_values(&mut self) -> Result<Vec<String>, Error> {
        let outside = self.xml.depth().saturating_sub(1);
        let mut values = Vec::new();
        while self.xml.depth() > outside {
            if let Next::Start(_) = self.next()? {
                values.push(self.text()?);
            }
        }
        Ok(values)
    }
}

fn text_value(text: String) -> Value {
    if text.is_empty() { Value::Null } else { Value::Text(text) }
}
