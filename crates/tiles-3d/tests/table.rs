//! What the property table says of features.

#![allow(clippy::unwrap_used, reason = "a test that can not set up has failed")]

mod support;

use onemap_model::{Feature, FieldType, Schema, Value};
use onemap_tiles_3d::Encoding;
use serde_json::{Value as Json, json};
use support::{Glb, feature, raised, rectangle, schema};

fn houses(rows: Vec<(u64, Vec<Value>)>) -> Vec<Feature> {
    let houses = rows.into_iter().enumerate().map(|(i, (id, values))| {
        feature(
            id,
            rectangle([i as f64 % 200.0 * 12.0, i as f64 / 200.0 * 12.0], [8.0, 6.0]),
            values,
        )
    });
    houses.collect()
}

fn table(schema: &Schema, rows: Vec<(u64, Vec<Value>)>) -> Glb {
    Glb::read(&raised(schema, &houses(rows), Encoding::Compact, |_| {}))
}

/// Reads a column as a client does: by its type, its offsets, its enum and its number for nothing.
fn column(glb: &Glb, name: &str) -> Vec<Json> {
    let (described, stored) = (&glb.class()[name], &glb.table()["properties"][name]);
    assert!(!described.is_null(), "{name}: {}", glb.class());
    let count = glb.table()["count"].as_u64().unwrap() as usize;
    let values = glb.view(&stored["values"]);
    let whole = |i: usize, width: usize, signed: bool| {
        let mut bytes = [0; 8];
        bytes[..width].copy_from_slice(&values[i * width..(i + 1) * width]);
        let number = i64::from_le_bytes(bytes);
        let unused = 64 - 8 * width as u32;
        if signed { number << unused >> unused } else { number }
    };
    let one = |i: usize| -> Json {
        match described["type"].as_str().unwrap() {
            "STRING" => {
                let offsets = glb.view(&stored["stringOffsets"]);
                let width = if stored["stringOffsetType"] == "UINT16" { 2 } else { 4 };
                let offset = |i: usize| {
                    let mut bytes = [0; 4];
                    bytes[..width].copy_from_slice(&offsets[i * width..(i + 1) * width]);
                    u32::from_le_bytes(bytes) as usize
                };
                json!(std::str::from_utf8(&values[offset(i)..offset(i + 1)]).unwrap())
            }
            "ENUM" => {
                let schema = &glb.json["extensions"]["EXT_structural_metadata"]["schema"];
                let listed = &schema["enums"][described["enumType"].as_str().unwrap()];
                assert_eq!(listed["valueType"], "UINT8");
                let number = whole(i, 1, false);
                let found =
                    listed["values"].as_array().unwrap().iter().find(|v| v["value"] == number);
                found.unwrap()["name"].clone()
            }
            _ => match described["componentType"].as_str().unwrap() {
                "FLOAT64" => json!(f64::from_bits(whole(i, 8, true) as u64)),
                "UINT8" => json!(whole(i, 1, false)),
                "INT8" => json!(whole(i, 1, true)),
                "UINT16" => json!(whole(i, 2, false)),
                "INT16" => json!(whole(i, 2, true)),
                "UINT32" => json!(whole(i, 4, false)),
                "INT32" => json!(whole(i, 4, true)),
                other => panic!("{other}"),
            },
        }
    };
    let known = |value: Json| if value == described["noData"] { Json::Null } else { value };
    (0..count).map(|i| known(one(i))).collect()
}

#[test]
fn every_value_comes_back_and_what_is_not_known_is_nothing() {
    use Value::{Bool, Float, Int, Null, Text};
    let schema = schema(&[
        ("楼名", FieldType::Text),
        ("floors", FieldType::Int),
        ("below", FieldType::Int),
        ("area", FieldType::Float),
        ("listed", FieldType::Bool),
        ("old", FieldType::Bool),
        ("never", FieldType::Text),
        ("big", FieldType::Int),
        ("tags", FieldType::Json),
    ]);
    let json = Value::Json("{\"a\":[1]}".to_owned());
    let glb = table(
        &schema,
        vec![
            (
                7,
                vec![
                    Text("东方明珠广播电视塔".into()),
                    Int(255),
                    Int(-3),
                    Float(1.25),
                    Bool(true),
                    Null,
                    Null,
                    Int(1 << 60),
                    json,
                ],
            ),
            (
                8,
                vec![
                    Text(String::new()),
                    Null,
                    Int(4),
                    Null,
                    Bool(false),
                    Bool(true),
                    Null,
                    Null,
                    Null,
                ],
            ),
            (
                9,
                vec![
                    Null,
                    Int(0),
                    Int(-128),
                    Float(-0.1),
                    Bool(true),
                    Bool(false),
                    Null,
                    Int(-5),
                    Null,
                ],
            ),
        ],
    );
    // Letters beyond ASCII are spelled by their codes; the real name is told.
    let name = "_697c_540d";
    assert_eq!(glb.class()[name]["name"], "楼名");
    assert_eq!(column(&glb, "id"), [7, 8, 9]);
    assert_eq!(column(&glb, name), [json!("东方明珠广播电视塔"), json!(""), Json::Null]);
    assert_eq!(column(&glb, "floors"), [json!(255), Json::Null, json!(0)]);
    assert_eq!(column(&glb, "below"), [-3, 4, -128]);
    assert_eq!(column(&glb, "area"), [json!(1.25), Json::Null, json!(-0.1)]);
    // loaders.gl has no BOOLEAN.
    assert_eq!(column(&glb, "listed"), [1, 0, 1]);
    assert_eq!(column(&glb, "old"), [Json::Null, json!(1), json!(0)]);
    assert!(glb.class()["never"].is_null() && glb.table()["properties"]["never"].is_null());
    // No client holds it as a number.
    assert_eq!(column(&glb, "big"), [json!((1_i64 << 60).to_string()), Json::Null, json!("-5")]);
    assert_eq!(column(&glb, "tags"), [json!("{\"a\":[1]}"), Json::Null, Json::Null]);
    assert_eq!(glb.class()["floors"]["componentType"], "UINT16");
    assert_eq!(glb.class()["below"]["componentType"], "INT8");
}

#[test]
fn texts_that_repeat_are_an_enum_and_many_different_ones_are_not() {
    let schema = schema(&[("use", FieldType::Text), ("name", FieldType::Text)]);
    let rows = (0..400).map(|i| {
        let used = if i % 9 == 0 {
            Value::Null
        } else {
            Value::Text(["住宅", "商业", "office"][i % 3].into())
        };
        (i as u64, vec![used, Value::Text(format!("{i}号楼").repeat(30))])
    });
    let glb = table(&schema, rows.collect());
    assert_eq!(glb.class()["use"]["type"], "ENUM");
    assert_eq!(glb.class()["name"]["type"], "STRING");
    assert_eq!(glb.table()["properties"]["name"]["stringOffsetType"], "UINT32");
    let used = column(&glb, "use");
    assert_eq!(used[..4], [Json::Null, json!("商业"), json!("office"), json!("住宅")]);
    assert_eq!(column(&glb, "name")[399], json!("399号楼".repeat(30)));
}

#[test]
fn ids_beyond_32_bits_are_exact() {
    let schema = schema(&[("n", FieldType::Int)]);
    let rows = [(1 << 53) - 1, 5_000_000_000, 3].map(|id| (id, vec![Value::Int(1)]));
    let glb = table(&schema, rows.into());
    assert_eq!(column(&glb, "id"), [9_007_199_254_740_991.0, 5e9, 3.0]);
}

#[test]
fn fields_whose_names_would_be_the_same_are_told_apart() {
    let schema = schema(&[
        ("高", FieldType::Int),
        ("_9ad8", FieldType::Int),
        ("id", FieldType::Int),
        ("id_", FieldType::Int),
        ("9", FieldType::Int),
        ("_9", FieldType::Int),
    ]);
    let glb = table(&schema, vec![(1, (10..16).map(Value::Int).collect())]);
    let class = glb.class().as_object().unwrap();
    assert_eq!(class.len(), 7, "{class:?}");
    let mut found: Vec<(String, i64)> = class
        .iter()
        .skip(1)
        .map(|(id, described)| {
            assert!(id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
            (described["name"].as_str().unwrap().to_owned(), column(&glb, id)[0].as_i64().unwrap())
        })
        .collect();
    found.sort_by_key(|(_, n)| *n);
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["高", "_9ad8", "id", "id_", "9", "_9"]);
}

#[test]
fn features_beyond_what_16_bits_number_are_shown_without_a_name() {
    let schema = schema(&[("n", FieldType::Int)]);
    let features: Vec<Feature> = (0..65_600)
        .map(|id| {
            feature(id, rectangle([id as f64 % 250.0, (id / 250) as f64], [0.5, 0.5]), vec![])
        })
        .collect();
    let glb = Glb::read(&raised(&schema, &features, Encoding::Compact, |_| {}));
    assert_eq!(glb.table()["count"], 65_535);
    let numbers: Vec<u16> = glb.shapes(0).into_iter().flat_map(|shape| shape.features).collect();
    assert_eq!(numbers.iter().filter(|n| **n == 65_535).count() % 65, 0);
    assert!(numbers.contains(&65_534) && numbers.contains(&65_535));
}
