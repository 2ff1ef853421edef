//! The committed sample is what the generator makes, byte for byte.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use onemap_sample_city::{City, SEED, write};

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

#[test]
fn the_generator_reproduces_the_committed_files_byte_for_byte_twice() {
    let first = write::files(&City::build(SEED)).unwrap();
    let second = write::files(&City::build(SEED)).unwrap();
    for ((path, bytes), (_, again)) in first.iter().zip(&second) {
        assert!(bytes == again, "{path} differs between two runs in one process");
        let committed = std::fs::read(samples().join(path)).unwrap_or_default();
        let at = bytes.iter().zip(&committed).position(|(a, b)| a != b);
        assert!(
            *bytes == committed,
            "{path} is not what is committed ({} and {} bytes, first difference at {at:?}); if the change is wanted: \
             cargo run --release -p onemap-sample-city --bin sample-city data-samples",
            bytes.len(),
            committed.len()
        );
    }
}

#[test]
fn the_folder_holds_exactly_the_generated_files_in_less_than_18_megabytes() {
    let made: BTreeSet<String> =
        write::files(&City::build(SEED)).unwrap().into_iter().map(|(path, _)| path).collect();
    let mut total = 0;
    let mut found = BTreeSet::from(["city.json".to_owned()]);
    for folder in ["city", "city/textures"] {
        for entry in std::fs::read_dir(samples().join(folder)).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                total += entry.metadata().unwrap().len();
                found.insert(format!("{folder}/{}", entry.file_name().to_string_lossy()));
            }
        }
    }
    assert_eq!(made, found);
    assert!(total < 18_000_000, "{total} bytes");
}

#[test]
fn the_manifest_names_only_files_that_exist_and_every_table_once() {
    let text = std::fs::read_to_string(samples().join("city.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut ids = BTreeSet::new();
    for layer in manifest["layers"].as_array().unwrap() {
        assert!(samples().join(layer["path"].as_str().unwrap()).is_file(), "{layer}");
        assert!(ids.insert(layer["id"].as_str().unwrap().to_owned()), "{layer}");
        for key in ["format", "title", "title_en", "department", "group", "style"] {
            assert!(layer[key].is_string(), "{key} is missing in {layer}");
        }
        // A city model has its ids outside of its attributes.
        assert!(layer["id_field"].is_string() || layer["kind"] == "model", "{layer}");
    }
    assert_eq!(ids.len(), 15);
    for network in manifest["networks"].as_array().unwrap() {
        assert!(ids.insert(network["id"].as_str().unwrap().to_owned()), "{network}");
        for path in network["paths"].as_array().unwrap() {
            assert!(samples().join(path.as_str().unwrap()).is_file(), "{network}");
        }
    }
    assert_eq!(ids.len(), 26);
}
