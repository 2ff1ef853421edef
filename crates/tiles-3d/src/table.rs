//! The property table: one row a feature, typed columns (EXT_structural_metadata).
//!
//! * `id` is the feature's id: UINT32 where all fit, else FLOAT64, which holds whole numbers below 2^53 and is read as a
//!   number by every client; 64-bit integers are not.
//! * Whole numbers are of the narrowest type that has a number to spare for null; floats are FLOAT64; times and JSON are text.
//! * Text that repeats is an enum.
//! * A column that is null for every feature is left out.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use onemap_model::{FeatureId, FeatureRef, Schema, Value, ValueRef};
use rustc_hash::FxHashMap;
use serde_json::{Map, Value as Json, json};

use crate::batch::NO_FEATURE;
use crate::binary::Binary;

/// Texts of a column are an enum when there are no more different ones, each so often on average.
const MOST_ENUM_VALUES: usize = 250;
const LEAST_REPEATS: usize = 4;
/// Column with 1 for features whose height was not known and is taken from the ground.
const ASSUMED: &str = "height_assumed";
/// What an enum calls null.
const NO_ENUM_VALUE: &str = "_none";

/// Rows to be written.
#[derive(Debug)]
pub(crate) struct Table {
    ids: Vec<FeatureId>,
    /// Position in the schema, name, and values.
    columns: Vec<(usize, String, Vec<Value>)>,
    /// Rows of features whose height was not known.
    assumed: BTreeSet<usize>,
}

impl Table {
    /// Makes a table with a column for each field that is shown.
    pub(crate) fn new(schema: &Schema, shown: &[bool]) -> Self {
        let fields = schema.fields.iter().enumerate();
        let shown = fields.filter(|(i, _)| shown.get(*i).copied().unwrap_or(false));
        let columns = shown.map(|(i, field)| (i, field.name.clone(), Vec::new())).collect();
        Self { ids: Vec::new(), columns, assumed: BTreeSet::new() }
    }

    /// Adds a feature, or finds the last one again; returns its row, or [`NO_FEATURE`] when there are too many.
    pub(crate) fn row(&mut self, feature: &FeatureRef<'_>) -> u16 {
        if self.ids.last() != Some(&feature.id) {
            if self.ids.len() == usize::from(NO_FEATURE) {
                return NO_FEATURE;
            }
            self.ids.push(feature.id);
            for (at, _, values) in &mut self.columns {
                let value = feature.values.get(*at).copied().unwrap_or(ValueRef::Null);
                values.push(value.to_value());
            }
        }
        (self.ids.len() - 1) as u16
    }

    /// Notes that the height of the feature of a row is not known; a column [`ASSUMED`] will say so.
    pub(crate) fn assume_height(&mut self, row: u16) {
        if usize::from(row) < self.ids.len() {
            self.assumed.insert(usize::from(row));
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Writes the columns; returns the extension's content.
    pub(crate) fn write(&self, binary: &mut Binary) -> Json {
        let mut class = Map::new();
        let mut properties = Map::new();
        let mut enums = Map::new();
        let greatest = self.ids.iter().map(|id| id.get()).max().unwrap_or(0);
        let (kind, view) = if u32::try_from(greatest).is_ok() {
            let bytes: Vec<u8> =
                self.ids.iter().flat_map(|id| (id.get() as u32).to_le_bytes()).collect();
            ("UINT32", binary.view(&bytes))
        } else {
            let bytes: Vec<u8> =
                self.ids.iter().flat_map(|id| (id.get() as f64).to_le_bytes()).collect();
            ("FLOAT64", binary.view(&bytes))
        };
        class.insert(
            "id".into(),
            json!({ "name": "id", "type": "SCALAR", "componentType": kind, "required": true, "semantic": "ID" }),
        );
        properties.insert("id".into(), json!({ "values": view }));
        for (_, name, values) in &self.columns {
            let Some(column) = Column::of(values) else { continue };
            let mut id = property_id(name);
            while class.contains_key(&id) {
                id.push('_');
            }
            let (mut described, stored) = column.write(&id, binary, &mut enums);
            described["name"] = name.as_str().into();
            class.insert(id.clone(), described);
            properties.insert(id, stored);
        }
        if !self.assumed.is_empty() {
            let flags = (0..self.ids.len()).map(|row| Some(self.assumed.contains(&row)));
            let (mut described, stored) =
                Column::Bools(flags.collect()).write(ASSUMED, binary, &mut enums);
            described["name"] = ASSUMED.into();
            let mut id = ASSUMED.to_owned();
            while class.contains_key(&id) {
                id.push('_');
            }
            class.insert(id.clone(), described);
            properties.insert(id, stored);
        }
        let mut schema =
            json!({ "id": "onemap", "classes": { "feature": { "properties": class } } });
        if !enums.is_empty() {
            schema["enums"] = enums.into();
        }
        json!({
            "schema": schema,
            "propertyTables": [{ "class": "feature", "count": self.ids.len(), "properties": properties }],
        })
    }
}

/// Returns the name of a property as the format allows it (letters, digits and `_`): the field's own, in which any other
/// character is `_` and its code in hexadecimal digits. Clients that style by a field make the same name.
fn property_id(name: &str) -> String {
    let mut id = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_ascii_alphanumeric() || c == '_' {
            id.push(c);
        } else {
            // Writing to a string does not fail.
            let _ = write!(id, "_{:x}", u32::from(c));
        }
    }
    if id.is_empty() || id.starts_with(|c: char| c.is_ascii_digit()) {
        id.insert(0, '_');
    }
    if id == "id" { "id_".to_owned() } else { id }
}

/// A column by what is in it.
enum Column<'v> {
    Bools(Vec<Option<bool>>),
    Ints(Vec<Option<i64>>),
    Floats(Vec<Option<f64>>),
    Texts(Vec<Option<std::borrow::Cow<'v, str>>>),
}

impl<'v> Column<'v> {
    /// Returns the column; `None` when all values are null.
    fn of(values: &'v [Value]) -> Option<Self> {
        let (mut bools, mut ints, mut floats, mut any) = (true, true, true, false);
        for value in values {
            match value {
                Value::Null | Value::Bytes(_) => continue,
                Value::Bool(_) => (ints, floats) = (false, false),
                Value::Int(_) => bools = false,
                Value::Float(_) => (bools, ints) = (false, false),
                _ => (bools, ints, floats) = (false, false, false),
            }
            any = true;
        }
        if !any {
            return None;
        }
        let of = values.iter();
        Some(if bools {
            Self::Bools(of.map(|v| if let Value::Bool(b) = v { Some(*b) } else { None }).collect())
        } else if ints {
            Self::Ints(of.map(|v| if let Value::Int(n) = v { Some(*n) } else { None }).collect())
        } else if floats {
            let float = |v: &Value| match v {
                Value::Float(x) if x.is_finite() => Some(*x),
                Value::Int(n) => Some(*n as f64),
                _ => None,
            };
            Self::Floats(of.map(float).collect())
        } else {
            let text = |v: &'v Value| match v {
                Value::Null | Value::Bytes(_) => None,
                Value::Text(s) | Value::Json(s) => Some(s.as_str().into()),
                other => Some(other.as_ref().to_string().into()),
            };
            Self::Texts(of.map(text).collect())
        })
    }

    fn write(self, id: &str, binary: &mut Binary, enums: &mut Map<String, Json>) -> (Json, Json) {
        match self {
            // 0 and 1: loaders.gl has no BOOLEAN, and a bit has no value to spare for null.
            Self::Bools(values) => {
                let numbers: Vec<_> = values.iter().map(|b| b.map(i64::from)).collect();
                Self::write_ints(&numbers, binary)
            }
            Self::Ints(values) => Self::write_ints(&values, binary),
            Self::Floats(values) => Self::write_floats(&values, binary),
            Self::Texts(values) => Self::write_texts(&values, id, binary, enums),
        }
    }

    fn write_ints(values: &[Option<i64>], binary: &mut Binary) -> (Json, Json) {
        /// Whole numbers that JSON's readers hold exactly.
        const EXACT: i64 = 1 << 53;
        let low = values.iter().flatten().min().copied().unwrap_or(0);
        let high = values.iter().flatten().max().copied().unwrap_or(0);
        if low <= -EXACT || high >= EXACT {
            let texts: Vec<_> = values.iter().map(|n| n.map(|n| n.to_string().into())).collect();
            return Self::write_plain_texts(&texts, binary);
        }
        let nulls = values.iter().any(Option::is_none);
        let types: [(&str, i64, i64, usize); 6] = [
            ("UINT8", 0, 255, 1),
            ("INT8", -128, 127, 1),
            ("UINT16", 0, 65_535, 2),
            ("INT16", -32_768, 32_767, 2),
            ("UINT32", 0, 4_294_967_295, 4),
            ("INT32", -2_147_483_648, 2_147_483_647, 4),
        ];
        // The type's greatest number is null where there are nulls, its least one where it has a sign.
        let spare = |least: i64, most: i64| if least < 0 { least } else { most };
        let fits = |&(_, least, most, _): &(&str, i64, i64, usize)| {
            let null = spare(least, most);
            low >= least && high <= most && (!nulls || (low != null && high != null))
        };
        let Some((name, least, most, width)) = types.into_iter().find(fits) else {
            let floats: Vec<_> = values.iter().map(|n| n.map(|n| n as f64)).collect();
            return Self::write_floats(&floats, binary);
        };
        let null = spare(least, most);
        let number = |n: &Option<i64>| n.unwrap_or(null).to_le_bytes();
        let bytes: Vec<u8> =
            values.iter().flat_map(|n| number(n).into_iter().take(width)).collect();
        let mut described = json!({ "type": "SCALAR", "componentType": name });
        if nulls {
            described["noData"] = null.into();
        }
        (described, json!({ "values": binary.view(&bytes) }))
    }

    fn write_floats(values: &[Option<f64>], binary: &mut Binary) -> (Json, Json) {
        const NULL: f64 = -1e30;
        let nulls = values.iter().any(Option::is_none);
        let bytes: Vec<u8> = values.iter().flat_map(|x| x.unwrap_or(NULL).to_le_bytes()).collect();
        let mut described = json!({ "type": "SCALAR", "componentType": "FLOAT64" });
        if nulls {
            described["noData"] = NULL.into();
        }
        (described, json!({ "values": binary.view(&bytes) }))
    }

    fn write_texts(
        values: &[Option<std::borrow::Cow<'_, str>>],
        id: &str,
        binary: &mut Binary,
        enums: &mut Map<String, Json>,
    ) -> (Json, Json) {
        let mut different: Vec<&str> = values.iter().flatten().map(AsRef::as_ref).collect();
        different.sort_unstable();
        different.dedup();
        let repeats = different.len() * LEAST_REPEATS <= values.len();
        let plain = different.iter().all(|text| !text.is_empty() && *text != NO_ENUM_VALUE);
        if different.len() > MOST_ENUM_VALUES || !repeats || !plain {
            return Self::write_plain_texts(values, binary);
        }
        let numbers: FxHashMap<&str, u8> = different.iter().copied().zip(1..).collect();
        let number = |v: &Option<std::borrow::Cow<'_, str>>| {
            v.as_ref().and_then(|text| numbers.get(text.as_ref()).copied()).unwrap_or(0)
        };
        // There are fewer than 256.
        let bytes: Vec<u8> = values.iter().map(number).collect();
        let mut listed: Vec<Json> = Vec::new();
        let nulls = values.iter().any(Option::is_none);
        if nulls {
            listed.push(json!({ "name": NO_ENUM_VALUE, "value": 0 }));
        }
        listed
            .extend(different.iter().zip(1..).map(|(text, n)| json!({ "name": text, "value": n })));
        enums.insert(id.to_owned(), json!({ "valueType": "UINT8", "values": listed }));
        let mut described = json!({ "type": "ENUM", "enumType": id });
        if nulls {
            described["noData"] = NO_ENUM_VALUE.into();
        }
        (described, json!({ "values": binary.view(&bytes) }))
    }

    fn write_plain_texts(
        values: &[Option<std::borrow::Cow<'_, str>>],
        binary: &mut Binary,
    ) -> (Json, Json) {
        let nulls = values.iter().any(Option::is_none);
        let taken = values.iter().flatten().any(|text| text.is_empty());
        let null = if taken { "\u{0}" } else { "" };
        let (mut bytes, mut ends) = (Vec::new(), vec![0_u32]);
        for value in values {
            bytes.extend_from_slice(value.as_deref().unwrap_or(null).as_bytes());
            ends.push(bytes.len() as u32);
        }
        let short: Result<Vec<u16>, _> = ends.iter().map(|&end| u16::try_from(end)).collect();
        let (kind, offsets): (_, Vec<u8>) = match short {
            Ok(ends) => ("UINT16", ends.iter().flat_map(|n| n.to_le_bytes()).collect()),
            Err(_) => ("UINT32", ends.iter().flat_map(|n| n.to_le_bytes()).collect()),
        };
        // A view has at least a byte.
        if bytes.is_empty() {
            bytes.push(0);
        }
        let mut described = json!({ "type": "STRING" });
        if nulls {
            described["noData"] = null.into();
        }
        let stored = json!({
            "values": binary.view(&bytes),
            "stringOffsets": binary.view(&offsets),
            "stringOffsetType": kind,
        });
        (described, stored)
    }
}
