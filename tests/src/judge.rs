//! Foreign decoders of vector tiles.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::root;

/// Decodes tiles with a judge, `decode_tile.mjs` or `decode_tile.py`, in the order given; panics on any complaint.
pub fn decode(judge: &str, files: &[PathBuf]) -> Vec<Value> {
    let script = root().join("tests/judges").join(judge);
    let program = if judge.contains(".py") {
        std::env::var("ONEMAP_JUDGE_PYTHON").unwrap_or_else(|_| "python3".into())
    } else {
        "node".into()
    };
    let output = Command::new(program).arg(script).args(files).output().unwrap();
    assert!(
        output.status.success(),
        "{judge} complains:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Returns the features of all layers of a decoded tile.
pub fn features(tile: &Value) -> Vec<Value> {
    let layers = tile["layers"].as_object().unwrap();
    layers.values().flat_map(|layer| layer["features"].as_array().unwrap().clone()).collect()
}

/// Returns column and row of the tile at zoom `z` that holds a place.
pub fn tile_at(lon: f64, lat: f64, z: u32) -> (u32, u32) {
    let n = f64::from(1 << z);
    let y = 0.5 - lat.to_radians().tan().asinh() / std::f64::consts::TAU;
    (((lon / 360.0 + 0.5) * n) as u32, (y * n) as u32)
}
