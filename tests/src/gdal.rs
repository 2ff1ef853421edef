//! GDAL as the judge.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// GDAL's command line tools.
#[derive(Debug, Clone, Copy)]
pub struct Gdal;

impl Gdal {
    /// Runs a tool and returns its output; `None` when it fails.
    pub fn run(tool: &str, args: &[&str]) -> Option<String> {
        let output =
            Command::new(tool).args(args).env("CPL_LOG", "/dev/null").output().unwrap_or_else(
                |error| panic!("{tool} can not be run ({error}): apt-get install gdal-bin"),
            );
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// Returns the features of each layer as `ogrinfo` counts them; `None` when GDAL does not read the file.
pub fn ogr_counts(path: &Path) -> Option<BTreeMap<String, u64>> {
    let text = Gdal::run("ogrinfo", &["-ro", "-al", "-so", path.to_str()?])?;
    let mut counts = BTreeMap::new();
    let mut layer = String::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("Layer name: ") {
            name.clone_into(&mut layer);
        } else if let Some(count) = line.strip_prefix("Feature Count: ") {
            counts.insert(layer.clone(), count.trim().parse().ok()?);
        }
    }
    Some(counts)
}

/// Returns all longitudes and all latitudes in a file, each sorted, as GDAL sees them in EPSG:4326.
pub fn coordinates(path: &Path, layer: Option<&str>, more: &[&str]) -> Option<[Vec<f64>; 2]> {
    let mut args = vec![
        "-f",
        "GeoJSONSeq",
        "-t_srs",
        "EPSG:4326",
        "-lco",
        "COORDINATE_PRECISION=15",
        "/vsistdout/",
    ];
    args.extend(more);
    args.push(path.to_str()?);
    args.extend(layer);
    let text = Gdal::run("ogr2ogr", &args)?;
    let mut out = [Vec::new(), Vec::new()];
    for line in text.lines() {
        let feature: Value = serde_json::from_str(line.trim_start_matches('\u{1e}')).ok()?;
        collect(&feature["geometry"], &mut out);
    }
    for axis in &mut out {
        axis.sort_by(f64::total_cmp);
    }
    Some(out)
}

fn collect(value: &Value, out: &mut [Vec<f64>; 2]) {
    match value {
        Value::Object(geometry) => geometry.values().for_each(|member| collect(member, out)),
        Value::Array(items) => match (items.first(), items.get(1)) {
            (Some(Value::Number(x)), Some(Value::Number(y))) => {
                out[0].push(x.as_f64().unwrap_or(f64::NAN));
                out[1].push(y.as_f64().unwrap_or(f64::NAN));
            }
            _ => items.iter().for_each(|item| collect(item, out)),
        },
        _ => {}
    }
}
