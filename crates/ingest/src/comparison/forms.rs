//! Comparisons as text: for people, as a table, as JSON, and as a map.

use std::fmt;
use std::io::Write;
use std::path::Path;

use onemap_model::{Geometry, GeometryKind};
use serde_json::{Value, json};

use super::{Change, ChangeKind, Comparison};
use crate::error::IngestError;
use crate::rejects::quoted;

/// Changes of each kind told in the report for people.
const TOLD: usize = 20;

/// Tells a comparison within a report.
pub(crate) fn tell(found: &Comparison, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Comparison { revision, added, changed, moved, renumbered, absent, same, .. } = found;
    writeln!(
        f,
        "  {:<10} with revision {revision}: {added} added, {changed} changed, {renumbered} renumbered, {absent} absent, {same} the same; {moved} moved",
        "compared"
    )?;
    for kind in ChangeKind::ALL {
        let all = found.list.iter().filter(|change| change.change == kind);
        for change in all.take(TOLD) {
            writeln!(f, "  {:<10} {}: {}", kind.name(), change.name, words(change))?;
        }
        let rest = found.count(kind).saturating_sub(TOLD as u64);
        if rest > 0 {
            writeln!(f, "  {:<10} and {rest} more (--changes FILE lists all)", "")?;
        }
    }
    let stay = absent + renumbered - found.removed.min(absent + renumbered);
    if stay > 0 && found.scope == "extent" {
        writeln!(
            f,
            "  {:<10} {stay} stored features that the package lacks stay (--remove renumbered ends old numbers, --remove absent all of them)",
            ""
        )?;
    }
    Ok(())
}

/// Says what is different about a feature, in a few words.
fn words(change: &Change) -> String {
    let mut words = Vec::new();
    if let Some(was) = &change.was {
        words.push(format!("was {was}"));
    }
    if let Some(moved) = change.moved_m {
        words.push(format!("moved {moved} m"));
    }
    if let Some(raised) = change.raised_m {
        words.push(format!("raised {raised} m"));
    }
    if change.reshaped {
        words.push("another shape".to_owned());
    }
    for field in &change.fields {
        words.push(format!("{} {} → {}", field.field, word(&field.old), word(&field.new)));
    }
    if words.is_empty() {
        let at = change.lonlat.map(|[lon, lat]| format!("{lon:.6}, {lat:.6}"));
        words.extend(change.element.clone());
        words.push(at.unwrap_or_else(|| "nowhere".to_owned()));
    }
    if change.removed {
        words.push(match change.change {
            ChangeKind::Renumbered => "the old number ends".to_owned(),
            _ => "ends".to_owned(),
        });
    }
    words.join(", ")
}

fn word(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Writes the changes of several layers to a file: a table (`.csv`), `.json`, or a map layer (`.geojson`).
///
/// # Errors
/// When the file can not be written, or its name ends otherwise.
pub fn write_changes<'c>(
    path: &Path,
    layers: impl Iterator<Item = (&'c str, &'c [Change])>,
) -> Result<(), IngestError> {
    let failed = |why: String| IngestError::Changes { path: path.display().to_string(), why };
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    let text = changes_text(extension.as_deref().unwrap_or_default(), layers);
    let text =
        text.ok_or_else(|| failed("its name has to end with .csv, .json or .geojson".to_owned()))?;
    let write = || std::fs::File::create(path)?.write_all(text.as_bytes());
    write().map_err(|error| failed(error.to_string()))
}

/// Returns the changes of several layers as a table (`csv`), `json`, or a map layer (`geojson`); `None` for any other form.
pub fn changes_text<'c>(
    form: &str,
    layers: impl Iterator<Item = (&'c str, &'c [Change])>,
) -> Option<String> {
    let mut rows = layers.flat_map(|(id, list)| list.iter().map(move |change| (id, change)));
    Some(match form {
        "csv" => table(&mut rows),
        "json" => {
            let rows: Vec<Value> = rows.map(|(id, change)| row(id, change)).collect();
            json!({ "changes": rows }).to_string()
        }
        "geojson" => {
            let features: Vec<Value> = rows.map(|(id, change)| feature(id, change)).collect();
            json!({ "type": "FeatureCollection", "features": features }).to_string()
        }
        _ => return None,
    })
}

fn row(layer: &str, change: &Change) -> Value {
    let mut row = serde_json::to_value(change).unwrap_or_default();
    row["layer"] = layer.into();
    row
}

fn feature(layer: &str, change: &Change) -> Value {
    let mut properties = row(layer, change);
    if let Some(properties) = properties.as_object_mut() {
        properties.remove("lonlat");
        properties.insert("text".to_owned(), words(change).into());
    }
    let point = || change.lonlat.map(|at| json!({ "type": "Point", "coordinates": at }));
    let geometry = change.shape.as_ref().and_then(shape).or_else(point);
    json!({ "type": "Feature", "geometry": geometry, "properties": properties })
}

/// Returns a line or polygon as GeoJSON; other shapes show as their place.
fn shape(shape: &Geometry) -> Option<Value> {
    let lines = || shape.lines().collect::<Vec<_>>();
    match shape.kind {
        GeometryKind::LineString => Some(json!({ "type": "LineString", "coordinates": shape.xy })),
        GeometryKind::MultiLineString => {
            Some(json!({ "type": "MultiLineString", "coordinates": lines() }))
        }
        GeometryKind::Polygon => Some(json!({ "type": "Polygon", "coordinates": lines() })),
        _ => None,
    }
}

/// Writes a table that spreadsheets open as UTF-8.
fn table(rows: &mut dyn Iterator<Item = (&str, &Change)>) -> String {
    let mut text = String::from(
        "\u{feff}layer,change,name,was,element,id,lon,lat,moved_m,raised_m,fields,removed\r\n",
    );
    for (layer, change) in rows {
        let degrees = |at: usize| {
            change.lonlat.map(|lonlat| format!("{:.8}", lonlat[at])).unwrap_or_default()
        };
        let metres = |m: Option<f64>| m.map(|m| m.to_string()).unwrap_or_default();
        let fields: Vec<String> = change
            .fields
            .iter()
            .map(|field| format!("{}: {} → {}", field.field, word(&field.old), word(&field.new)))
            .collect();
        let cells = [
            layer.to_owned(),
            change.change.name().to_owned(),
            change.name.clone(),
            change.was.clone().unwrap_or_default(),
            change.element.clone().unwrap_or_default(),
            change.id.to_string(),
            degrees(0),
            degrees(1),
            metres(change.moved_m),
            metres(change.raised_m),
            fields.join("; "),
            change.removed.to_string(),
        ];
        text.push_str(&cells.map(|cell| quoted(&cell)).join(","));
        text.push_str("\r\n");
    }
    text
}
