//! Finds out which columns are geometry, and in which CRS: by the `geo` metadata (GeoParquet 1.0 and 1.1),
//! by Parquet's own geometry type, or by what the columns hold.

use onemap_model::Note;
use parquet::basic::{LogicalType, Type};
use parquet::file::metadata::ParquetMetaData;
use serde_json::{Map, Value as Json};

/// How the coordinates of a column are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Well-known binary.
    Wkb,
    /// Nested lists of coordinates.
    Native(Native),
}

/// Kinds of the native encodings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Native {
    Point,
    LineString,
    Polygon,
    MultiPoint,
    MultiLineString,
    MultiPolygon,
}

/// Where the geometry of the records comes from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Place {
    Column(String, Encoding),
    /// Columns of longitude and latitude.
    LonLat(String, String),
    None,
}

/// What is known of a file's geometry.
#[derive(Debug)]
pub(super) struct Geo {
    pub(super) place: Place,
    pub(super) crs: Option<String>,
    pub(super) default_crs: Option<&'static str>,
    /// Columns that are no attributes: other geometries, and boxes that only serve as an index.
    pub(super) left_out: Vec<String>,
    pub(super) notes: Vec<Note>,
}

const CRS84: &str = "OGC:CRS84";

/// Reads the metadata.
///
/// # Errors
/// In words, when there is metadata that can not be understood.
pub(super) fn find(metadata: &ParquetMetaData) -> Result<Option<Geo>, String> {
    let pairs = metadata.file_metadata().key_value_metadata();
    let geo = pairs.into_iter().flatten().find(|pair| pair.key == "geo");
    if let Some(text) = geo.and_then(|pair| pair.value.as_deref()) {
        let geo: Json = serde_json::from_str(text)
            .map_err(|error| format!("its 'geo' metadata is no JSON: {error}"))?;
        return by_metadata(&geo).map(Some);
    }
    Ok(by_type(metadata))
}

fn by_metadata(geo: &Json) -> Result<Geo, String> {
    let empty = Map::new();
    let columns = geo.get("columns").and_then(Json::as_object).unwrap_or(&empty);
    let primary = geo
        .get("primary_column")
        .and_then(Json::as_str)
        .filter(|name| columns.contains_key(*name))
        .or_else(|| columns.keys().next().map(String::as_str))
        .ok_or("its 'geo' metadata names no column")?;
    let column = columns.get(primary).unwrap_or(&Json::Null);
    let encoding = match column.get("encoding").and_then(Json::as_str).unwrap_or("WKB") {
        text if text.eq_ignore_ascii_case("wkb") => Encoding::Wkb,
        "point" => Encoding::Native(Native::Point),
        "linestring" => Encoding::Native(Native::LineString),
        "polygon" => Encoding::Native(Native::Polygon),
        "multipoint" => Encoding::Native(Native::MultiPoint),
        "multilinestring" => Encoding::Native(Native::MultiLineString),
        "multipolygon" => Encoding::Native(Native::MultiPolygon),
        other => return Err(format!("the geometry encoding '{other}' is not known")),
    };
    let (crs, default_crs) = match column.get("crs") {
        None => (None, Some(CRS84)),
        Some(Json::Null) => (None, None),
        Some(crs) => (Some(crs_text(crs)), None),
    };
    let mut notes = Vec::new();
    if column.get("edges").and_then(Json::as_str) == Some("spherical") {
        notes.push(Note::assumed(
            "edges are said to be great circles; they were kept as straight lines",
        ));
    }
    let others: Vec<String> = columns.keys().filter(|name| *name != primary).cloned().collect();
    if !others.is_empty() {
        notes.push(Note::warning(format!(
            "only the primary geometry '{primary}' is imported; left out: {}",
            others.join(", ")
        )));
    }
    let mut left_out = others;
    for column in columns.values() {
        left_out.extend(covering_columns(column));
    }
    Ok(Geo {
        place: Place::Column(primary.to_owned(), encoding),
        crs,
        default_crs,
        left_out,
        notes,
    })
}

/// Returns the columns that hold the boxes of geometries (GeoParquet 1.1, "covering").
fn covering_columns(column: &Json) -> Option<String> {
    let path = column.get("covering")?.get("bbox")?.get("xmin")?.as_array()?;
    path.first()?.as_str().map(str::to_owned)
}

/// Shortens PROJJSON to its code, if it has one.
fn crs_text(crs: &Json) -> String {
    if let Some(text) = crs.as_str() {
        return text.to_owned();
    }
    let id = crs.get("id");
    let authority = id.and_then(|id| id.get("authority")).and_then(Json::as_str);
    let code = id.and_then(|id| id.get("code"));
    let code = code.and_then(|code| match code {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    });
    match (authority, code) {
        (Some(authority), Some(code)) => format!("{authority}:{code}"),
        _ => crs.to_string(),
    }
}

/// Looks for a column of Parquet's own types `GEOMETRY` and `GEOGRAPHY`.
fn by_type(metadata: &ParquetMetaData) -> Option<Geo> {
    let schema = metadata.file_metadata().schema_descr();
    schema.columns().iter().find_map(|column| {
        let crs = match column.logical_type_ref()? {
            LogicalType::Geometry(kind) => kind.crs.clone(),
            LogicalType::Geography(kind) => kind.crs.clone(),
            _ => return None,
        };
        let crs = crs.map(|text| {
            let json = text.strip_prefix("projjson:").and_then(|key| {
                let pairs = metadata.file_metadata().key_value_metadata()?;
                pairs.iter().find(|pair| pair.key == key)?.value.clone()
            });
            let text = json.unwrap_or(text);
            match serde_json::from_str::<Json>(&text) {
                Ok(json @ Json::Object(_)) => crs_text(&json),
                _ => text.strip_prefix("srid:").map(|n| format!("EPSG:{n}")).unwrap_or(text),
            }
        });
        Some(Geo {
            place: Place::Column(column.name().to_owned(), Encoding::Wkb),
            default_crs: crs.is_none().then_some(CRS84),
            crs,
            left_out: Vec::new(),
            notes: Vec::new(),
        })
    })
}

/// Names that a column of geometry usually has, best first.
const GEOMETRY_NAMES: [&str; 8] =
    ["geometry", "geom", "wkb_geometry", "wkb", "the_geom", "shape", "geo", "way"];
/// Names of columns of longitude and latitude, pairwise.
const LON_LAT_NAMES: [(&str, &str); 6] = [
    ("lon", "lat"),
    ("lng", "lat"),
    ("long", "lat"),
    ("longitude", "latitude"),
    ("经度", "纬度"),
    ("x", "y"),
];

/// Guesses by names and types, where nothing is stated. `is_wkb` looks into a column.
pub(super) fn guess(
    metadata: &ParquetMetaData,
    xy: Option<&(String, String)>,
    is_wkb: &mut dyn FnMut(usize) -> bool,
) -> Geo {
    let schema = metadata.file_metadata().schema_descr();
    let tops: Vec<(usize, &str, Type)> = schema
        .columns()
        .iter()
        .enumerate()
        .filter(|(_, column)| column.path().parts().len() == 1)
        .map(|(i, column)| (i, column.name(), column.physical_type()))
        .collect();
    let rank = |name: &str| {
        let name = name.to_lowercase();
        GEOMETRY_NAMES.iter().position(|known| *known == name).unwrap_or(usize::MAX)
    };
    let mut binary: Vec<_> = tops.iter().filter(|(.., kind)| *kind == Type::BYTE_ARRAY).collect();
    binary.sort_by_key(|(i, name, _)| (rank(name), *i));
    let mut geo = Geo {
        place: Place::None,
        crs: None,
        default_crs: None,
        left_out: Vec::new(),
        notes: Vec::new(),
    };
    for (i, name, _) in binary {
        if xy.is_none() && is_wkb(*i) {
            geo.default_crs = Some(CRS84);
            geo.notes.push(Note::assumed(format!(
                "there is no 'geo' metadata; the column '{name}' holds well-known binary and is the geometry, in {CRS84} unless --crs says otherwise"
            )));
            geo.place = Place::Column((*name).to_owned(), Encoding::Wkb);
            return geo;
        }
    }
    let number = |wanted: &str| {
        let numeric = |kind: &Type| matches!(kind, Type::DOUBLE | Type::FLOAT);
        let found =
            tops.iter().find(|(_, name, kind)| name.to_lowercase() == wanted && numeric(kind));
        found.map(|(_, name, _)| (*name).to_owned())
    };
    let pair = match xy {
        Some((x, y)) => number(&x.to_lowercase()).zip(number(&y.to_lowercase())),
        None => LON_LAT_NAMES.iter().find_map(|(x, y)| number(x).zip(number(y))),
    };
    match pair {
        Some((x, y)) => {
            geo.default_crs = (x.to_lowercase() != "x").then_some(CRS84);
            geo.notes.push(Note::assumed(format!(
                "there is no 'geo' metadata; points were made of the columns '{x}' and '{y}'"
            )));
            geo.place = Place::LonLat(x, y);
        }
        None => geo.notes.push(Note::warning(
            "there is no 'geo' metadata and no column of geometry; read as a plain table",
        )),
    }
    geo
}

#[cfg(test)]
mod tests {
    use super::*;

    fn geo(text: &str) -> Result<Geo, String> {
        by_metadata(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn crs_is_a_code_a_definition_the_default_or_unknown() {
        let with = |crs: &str| {
            let geo = geo(&format!(
                r#"{{"primary_column":"g","columns":{{"g":{{"encoding":"WKB"{crs}}}}}}}"#
            ))
            .unwrap();
            (geo.crs, geo.default_crs)
        };
        assert_eq!(with(""), (None, Some(CRS84)));
        assert_eq!(with(r#","crs":null"#), (None, None));
        let code = r#","crs":{"id":{"authority":"EPSG","code":4490}}"#;
        assert_eq!(with(code), (Some("EPSG:4490".into()), None));
        let plain = r#","crs":{"type":"ProjectedCRS"}"#;
        assert_eq!(with(plain).0.unwrap(), r#"{"type":"ProjectedCRS"}"#);
    }

    #[test]
    fn other_geometries_and_box_columns_are_left_out_and_said() {
        let geo = geo(
            r#"{"primary_column":"a","columns":{
                "a":{"encoding":"polygon","edges":"spherical","covering":{"bbox":{"xmin":["box","xmin"]}}},
                "b":{"encoding":"WKB"}}}"#,
        )
        .unwrap();
        assert_eq!(geo.place, Place::Column("a".into(), Encoding::Native(Native::Polygon)));
        assert_eq!(geo.left_out, ["b", "box"]);
        assert_eq!(geo.notes.len(), 2);
    }

    #[test]
    fn metadata_without_sense_is_an_error_in_words() {
        for text in ["{}", "[]", r#"{"columns":{"g":{"encoding":"S2"}}}"#] {
            assert!(geo(text).is_err(), "{text}");
        }
    }
}
