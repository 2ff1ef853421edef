//! What the checks of a source found: counted, placed on the map, and kept as a layer of its own.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use onemap_model::{
    Field, FieldType, Finding, Geometry, LayerSlot, Record, Severity, Sink, SourceLayer, Stopped,
    Value,
};
use serde::Serialize;
use serde_json::json;

use crate::error::IngestError;
use crate::place::Place;

/// Findings kept of one layer; more are only counted.
pub(crate) const MOST: usize = 200_000;
/// What stands behind a layer's id in the id of the layer of its findings.
pub const SUFFIX: &str = "findings";

/// A finding, with its place in degrees.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlacedFinding {
    /// The finding, `at` in the source's own coordinates.
    #[serde(flatten)]
    pub finding: Finding,
    /// Where on earth, `[lon, lat]` degrees.
    pub lonlat: Option<[f64; 2]>,
}

/// What the checks found in one layer.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Findings {
    /// Findings that say that something is wrong.
    pub errors: u64,
    /// Findings that say that something looks wrong.
    pub warnings: u64,
    /// Findings that are only worth knowing.
    pub infos: u64,
    /// Findings by code.
    pub by_code: BTreeMap<String, u64>,
    /// The findings, in the order of the source's tables.
    pub list: Vec<PlacedFinding>,
}

impl Findings {
    pub(crate) fn add(&mut self, finding: Finding) {
        match finding.severity {
            Severity::Error => self.errors += 1,
            Severity::Warning => self.warnings += 1,
            Severity::Info => self.infos += 1,
        }
        *self.by_code.entry(finding.code.clone()).or_default() += 1;
        if self.list.len() < MOST {
            self.list.push(PlacedFinding { finding, lonlat: None });
        }
    }

    /// Returns how many there are.
    pub fn count(&self) -> u64 {
        self.errors + self.warnings + self.infos
    }

    /// Works out where on earth they are.
    pub(crate) fn place(&mut self, place: &Place) {
        for found in &mut self.list {
            found.lonlat = found.finding.at.and_then(|at| {
                let mut point = Geometry::point(at);
                place.transform(&mut point).ok()?;
                point.xy.first().copied().filter(|at| at.iter().all(|t| t.is_finite()))
            });
        }
    }

    /// Emits them as a layer of points, in degrees.
    pub(crate) fn emit(&self, sink: &mut dyn Sink, slot: LayerSlot) -> Result<(), Stopped> {
        for (i, PlacedFinding { finding, lonlat }) in self.list.iter().enumerate() {
            let Finding { code, severity, feature, table, record, text, remedy, .. } = finding;
            let texts = [code.as_str(), name(*severity), table, text, remedy];
            let mut values: Vec<Value> = texts.map(|text| Value::Text(text.to_owned())).into();
            values.push(feature.clone().map_or(Value::Null, Value::Text));
            values.push(Value::Int(i64::try_from(*record).unwrap_or(i64::MAX)));
            let geometry = lonlat.map(Geometry::point);
            let number = i as u64 + 1;
            sink.record(slot, Record { number, geometry, values, ..Record::default() })?;
        }
        Ok(())
    }
}

/// Describes the layer of the findings of a layer.
pub(crate) fn layer(of: &SourceLayer, title: &str) -> SourceLayer {
    let texts = ["code", "severity", "table", "text", "remedy", "feature"];
    let mut fields: Vec<Field> = texts.map(|name| Field::new(name, FieldType::Text)).into();
    fields.push(Field::new("record", FieldType::Int));
    SourceLayer {
        name: SUFFIX.to_owned(),
        title: Some(format!("{title} · 质检")),
        format: of.format,
        default_crs: Some("OGC:CRS84"),
        fields,
        ..SourceLayer::default()
    }
}

/// Returns the name of a severity in tables.
pub(crate) fn name(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

/// Writes the findings of several layers to a file: a table (`.csv`), `.json`, or a map layer (`.geojson`).
///
/// # Errors
/// When the file can not be written, or its name ends otherwise.
pub fn write_findings<'f>(
    path: &Path,
    layers: impl Iterator<Item = (&'f str, &'f Findings)>,
) -> Result<(), IngestError> {
    let failed = |error: std::io::Error| IngestError::Findings {
        path: path.display().to_string(),
        why: error.to_string(),
    };
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    let text = findings_text(extension.as_deref().unwrap_or_default(), layers);
    let text = text.ok_or_else(|| IngestError::Findings {
        path: path.display().to_string(),
        why: "its name has to end with .csv, .json or .geojson".to_owned(),
    })?;
    let mut file = std::fs::File::create(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}

/// Returns the findings of several layers as a table (`csv`), `json`, or a map layer (`geojson`); `None` for any other form.
pub fn findings_text<'f>(
    form: &str,
    layers: impl Iterator<Item = (&'f str, &'f Findings)>,
) -> Option<String> {
    let all: Vec<(&str, &PlacedFinding)> = layers
        .flat_map(|(id, findings)| findings.list.iter().map(move |found| (id, found)))
        .collect();
    Some(match form {
        "csv" => table(&all),
        "json" => {
            let rows: Vec<_> = all.iter().map(|(id, found)| row(id, found)).collect();
            json!({ "findings": rows }).to_string()
        }
        "geojson" => map(&all),
        _ => return None,
    })
}

fn row(layer: &str, found: &PlacedFinding) -> serde_json::Value {
    let mut row = serde_json::to_value(found).unwrap_or_default();
    row["layer"] = layer.into();
    row
}

fn map(all: &[(&str, &PlacedFinding)]) -> String {
    let features = all.iter().map(|(layer, found)| {
        let mut properties = row(layer, found);
        if let Some(properties) = properties.as_object_mut() {
            properties.remove("at");
            properties.remove("lonlat");
        }
        let geometry = found.lonlat.map(|at| json!({ "type": "Point", "coordinates": at }));
        json!({ "type": "Feature", "geometry": geometry, "properties": properties })
    });
    let features: Vec<_> = features.collect();
    json!({ "type": "FeatureCollection", "features": features }).to_string()
}

/// Writes a table that spreadsheets open as UTF-8.
fn table(all: &[(&str, &PlacedFinding)]) -> String {
    let mut text =
        String::from("\u{feff}layer,severity,code,table,record,feature,lon,lat,text,remedy\r\n");
    for (layer, PlacedFinding { finding, lonlat }) in all {
        let number = |at: usize| lonlat.map(|at_| format!("{:.8}", at_[at])).unwrap_or_default();
        let cells = [
            (*layer).to_owned(),
            name(finding.severity).to_owned(),
            finding.code.clone(),
            finding.table.clone(),
            finding.record.to_string(),
            finding.feature.clone().unwrap_or_default(),
            number(0),
            number(1),
            finding.text.clone(),
            finding.remedy.clone(),
        ];
        let cells = cells.map(|cell| crate::rejects::quoted(&cell));
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}
