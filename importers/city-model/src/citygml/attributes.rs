//! Attributes of city objects, flattened: `buildingDetailAttribute.surveyYear`.

use onemap_model::{Timestamp, Value};
use rustc_hash::FxHashMap;

use super::codelists::CodeLists;
use super::element::Element;
use super::objects::{boundary_surface, is_object, is_type};

/// A value by its name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) value: Value,
    /// Unit of measure as the source writes it.
    pub(super) unit: Option<String>,
}

/// Returns the attributes of a city object, in the order of the source. What stands more than once becomes a list.
pub(super) fn attributes(object: &Element, lists: &mut CodeLists) -> Vec<Attribute> {
    let mut collector = Collector { lists, found: Vec::new() };
    collector.inside(object, "");
    measured_height(&mut collector.found);
    merged(collector.found)
}

struct Collector<'a> {
    lists: &'a mut CodeLists,
    found: Vec<Attribute>,
}

impl Collector<'_> {
    /// Takes all properties of an object or data type.
    fn inside(&mut self, element: &Element, prefix: &str) {
        let mut counts: FxHashMap<&str, usize> = FxHashMap::default();
        for property in element.children.iter().filter(|property| is_record(property)) {
            *counts.entry(&property.name).or_default() += 1;
        }
        for property in &element.children {
            let name = &*property.name;
            if counts.get(name).is_some_and(|&count| count > 1) && is_record(property) {
                self.one_of_many(property, prefix);
            } else {
                self.property(property, prefix);
            }
        }
    }

    fn property(&mut self, property: &Element, prefix: &str) {
        let name = &*property.name;
        let is_none = !property.shapes.is_empty()
            || (prefix.is_empty() && name == "lod")
            || name == "metaDataProperty"
            || property.children.iter().any(|e| is_object(e) || boundary_surface(e).is_some());
        if is_none {
            return;
        }
        if let Some(generic) = property.extra(|extra| extra.name.as_deref())
            && (name.ends_with("Attribute") || name == "genericAttributeSet")
        {
            return self.generic(name, &join(prefix, generic), property);
        }
        match name {
            "genericAttribute" => {
                for inside in &property.children {
                    let generic = inside.child_text("name").unwrap_or_default();
                    self.generic(&inside.name, &join(prefix, generic), inside);
                }
            }
            "address" => {
                for inside in &property.children {
                    self.address(inside, &join(prefix, name), "");
                }
            }
            _ if property.children.is_empty() => self.leaf(property, join(prefix, name)),
            _ => {
                let path = if is_type(name) { prefix.to_owned() } else { join(prefix, name) };
                if let [inside] = property.children.as_slice()
                    && let Some((key, value)) = key_and_value(inside)
                {
                    let key = self.meaning(key).unwrap_or_else(|| key.text.trim().to_owned());
                    return self.leaf(value, join(&path, &key));
                }
                for inside in &property.children {
                    if is_type(&inside.name) {
                        self.inside(inside, &path);
                    } else {
                        self.property(inside, &path);
                    }
                }
            }
        }
    }

    /// Takes one of several data types in properties of one name, as an object of JSON.
    fn one_of_many(&mut self, property: &Element, prefix: &str) {
        let mut inner = Collector { lists: &mut *self.lists, found: Vec::new() };
        for inside in &property.children {
            inner.inside(inside, "");
        }
        let mut object = serde_json::Map::new();
        let several_types = property.children.iter().find(|inside| is_type(&inside.name));
        if let Some(kind) = several_types {
            object.insert("type".to_owned(), kind.name.as_ref().into());
        }
        for attribute in merged(inner.found) {
            object.insert(attribute.name, json(&attribute.value));
        }
        let value = Value::Json(serde_json::Value::from(object).to_string());
        self.found.push(Attribute { name: join(prefix, &property.name), value, unit: None });
    }

    /// Takes a generic attribute: `gen:intAttribute` of version 2, `gen:IntAttribute` of version 3, or a set.
    fn generic(&mut self, kind: &str, name: &str, element: &Element) {
        let lower = kind.to_ascii_lowercase();
        if lower == "genericattributeset" {
            for inside in &element.children {
                if &*inside.name != "name" {
                    self.property(inside, name);
                }
            }
            return;
        }
        let Some(written) = element.child("value") else { return };
        let text = written.text.trim();
        let value = match lower.as_str() {
            "intattribute" => text.parse().ok().map(Value::Int),
            "doubleattribute" | "measureattribute" => number(text).map(Value::Float),
            "dateattribute" => text.parse().ok().map(Value::Date),
            "codeattribute" => return self.leaf(written, name.to_owned()),
            _ => None,
        };
        let value = value.or_else(|| (!text.is_empty()).then(|| Value::Text(text.to_owned())));
        let unit = written.extra(|extra| extra.unit.as_deref()).map(plain_unit);
        self.push(name.to_owned(), value, unit);
    }

    /// Takes what an address says: elements with text, those that only hold a name (`NameElement` of version 3) by the
    /// name of what they are in.
    fn address(&mut self, element: &Element, prefix: &str, around: &str) {
        let name = &*element.name;
        let text = element.text.trim();
        if !text.is_empty() {
            let is_part = matches!(name, "NameElement" | "Identifier");
            let name = if is_part && !around.is_empty() { around } else { name };
            self.push(join(prefix, name), Some(Value::Text(text.to_owned())), None);
        }
        for inside in &element.children {
            self.address(inside, prefix, name);
        }
    }

    fn leaf(&mut self, element: &Element, name: String) {
        let text = element.text.trim();
        if text.is_empty() {
            let reference = element.extra(|extra| extra.href.as_deref());
            let reference = reference.map(|to| to.strip_prefix('#').unwrap_or(to));
            return self.push(name, reference.map(|to| Value::Text(to.to_owned())), None);
        }
        if element.extra(|extra| extra.code_space.as_deref()).is_some() {
            if let Some(meaning) = self.meaning(element) {
                self.push(name.clone(), Some(Value::Text(meaning)), None);
                return self.push(name + "_code", Some(Value::Text(text.to_owned())), None);
            }
            return self.push(name, Some(Value::Text(text.to_owned())), None);
        }
        let unit = element.extra(|extra| extra.unit.as_deref());
        let measured = unit.and_then(|_| number(text)).map(Value::Float);
        let value = measured.unwrap_or_else(|| typed(&element.name, text));
        self.push(name, Some(value), unit.map(plain_unit));
    }

    fn meaning(&mut self, element: &Element) -> Option<String> {
        let list = element.extra(|extra| extra.code_space.as_deref())?;
        self.lists.meaning(list, element.text.trim()).map(str::to_owned)
    }

    fn push(&mut self, name: String, value: Option<Value>, unit: Option<String>) {
        if let Some(value) = value {
            self.found.push(Attribute { name, value, unit });
        }
    }
}

/// Tells whether a property holds a data type, whose values belong together.
fn is_record(property: &Element) -> bool {
    &*property.name != "genericAttribute"
        && &*property.name != "address"
        && property.extra(|extra| extra.name.as_deref()).is_none()
        && property.shapes.is_empty()
        && !property.children.is_empty()
        && property.children.iter().all(|inside| {
            !is_object(inside)
                && boundary_surface(inside).is_none()
                && key_and_value(inside).is_none()
        })
}

/// Returns key and value of PLATEAU's `KeyValuePair`.
fn key_and_value(element: &Element) -> Option<(&Element, &Element)> {
    if !element.name.starts_with("KeyValuePair") {
        return None;
    }
    let value = element.children.iter().find(|child| child.name.ends_with("Value"))?;
    Some((element.child("key")?, value))
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

fn plain_unit(unit: &str) -> String {
    // `#m`, or `urn:ogc:def:uom:UCUM::m`.
    unit.rsplit(['#', ':']).next().unwrap_or(unit).to_owned()
}

/// Reads a number as it is usually written; no `inf`, no `01`.
fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let starts = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    text.parse().ok().filter(|x: &f64| starts && x.is_finite())
}

/// Makes a value of text whose type nothing tells.
fn typed(name: &str, text: &str) -> Value {
    let as_text = || Value::Text(text.to_owned());
    if matches!(
        name,
        "name" | "description" | "class" | "function" | "usage" | "roofType" | "species"
    ) {
        return as_text();
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let has_leading_zero = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    let is_digit = |c: char| c.is_ascii_digit();
    if digits.starts_with(is_digit) && !has_leading_zero {
        if let Ok(whole) = text.parse() {
            return Value::Int(whole);
        }
        if let (Some(float), true) = (number(text), digits.contains('.')) {
            return Value::Float(float);
        }
    }
    let is_date = |text: &str| {
        let mut parts = text.split('-').map(|part| (part.len(), part.chars().all(is_digit)));
        [4, 2, 2].iter().all(|&length| parts.next() == Some((length, true)))
            && parts.next().is_none()
    };
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ if is_date(text) => text.parse().map_or_else(|_| as_text(), Value::Date),
        _ if text.get(..10).is_some_and(is_date) && text.get(10..11) == Some("T") => {
            text.parse::<Timestamp>().map_or_else(|_| as_text(), Value::DateTime)
        }
        _ => as_text(),
    }
}

/// Gives buildings of CityGML 3, whose heights are data types, the field that they have in all other versions.
fn measured_height(found: &mut Vec<Attribute>) {
    let name = "measuredHeight";
    let height = found.iter().find(|attribute| attribute.name == "height.value").cloned();
    if let (Some(height), false) = (height, found.iter().any(|attribute| attribute.name == name)) {
        found.push(Attribute { name: name.to_owned(), ..height });
    }
}

/// Makes lists of values with the same name.
fn merged(all: Vec<Attribute>) -> Vec<Attribute> {
    let mut merged: Vec<Attribute> = Vec::with_capacity(all.len());
    let mut lists: FxHashMap<String, (usize, Vec<serde_json::Value>)> = FxHashMap::default();
    for attribute in all {
        let next = merged.len();
        let (at, values) = lists.entry(attribute.name.clone()).or_insert((next, Vec::new()));
        values.push(json(&attribute.value));
        if *at == next {
            merged.push(attribute);
        }
    }
    for (at, values) in lists.into_values().filter(|(_, values)| values.len() > 1) {
        if let Some(attribute) = merged.get_mut(at) {
            attribute.value = Value::Json(serde_json::Value::from(values).to_string());
        }
    }
    merged
}

fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null | Value::Bytes(_) => serde_json::Value::Null,
        Value::Bool(x) => (*x).into(),
        Value::Int(x) => (*x).into(),
        Value::Float(x) => (*x).into(),
        Value::Text(x) => x.as_str().into(),
        Value::Date(x) | Value::DateTime(x) => x.to_string().into(),
        Value::Json(x) => serde_json::from_str(x).unwrap_or_else(|_| x.as_str().into()),
    }
}
