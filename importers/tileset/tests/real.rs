//! Tilesets of others, and broken ones.

#![allow(clippy::unwrap_used, reason = "a test that can not set up has failed")]

use std::path::{Path, PathBuf};

use onemap_tileset::{Error, Tileset, detect, survey};

fn real(path: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("ONEMAP_TEST_DATA") else {
        println!("SKIPPED: ONEMAP_TEST_DATA is not set");
        return None;
    };
    Some(Path::new(&folder).join("city3d").join(path))
}

fn surveyed(path: &Path) -> Result<Tileset, Error> {
    survey(&detect(path).unwrap_or_else(|| panic!("{} is no tileset", path.display())))
}

/// All files named tileset.json below a folder.
fn tilesets(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tilesets(&path, found);
        } else if path.file_name().is_some_and(|name| name == "tileset.json") {
            found.push(path);
        }
    }
}

#[test]
fn every_sample_tileset_is_understood() {
    for (folder, at_least) in [("3dtiles_1.0", 3), ("3dtiles_1.1", 6)] {
        let Some(folder) = real(folder) else { return };
        let mut all = Vec::new();
        tilesets(&folder, &mut all);
        assert!(all.len() >= at_least, "{}", all.len());
        for path in all {
            let tileset = surveyed(&path).unwrap();
            println!(
                "{}: {} tiles, {:?} {:?}",
                path.display(),
                tileset.tiles,
                tileset.bounds,
                tileset.notes
            );
            assert!(tileset.tiles > 0 && !tileset.files.is_empty());
            assert!(["0.0", "1.0", "1.1"].contains(&tileset.version.as_str()));
        }
    }
}

#[test]
fn a_missing_content_is_noted() {
    let Some(path) = real("3dtiles_1.0/TilesetWithDiscreteLOD") else { return };
    let tileset = surveyed(&path).unwrap();
    assert!(tileset.notes.iter().any(|n| n.contains("dragon_high.b3dm")), "{:?}", tileset.notes);
}

#[test]
fn broken_ones_end_in_an_error_or_a_note() {
    let Some(folder) = real("3dtiles_broken") else { return };
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let Some(root) = detect(&path) else { continue };
        match survey(&root) {
            Ok(tileset) => println!("{}: {:?}", path.display(), tileset.notes),
            Err(error) => println!("{error}"),
        }
    }
}

#[test]
fn addresses_that_lead_out_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tileset.json");
    for uri in ["../secret.glb", "https://example.org/a.glb", "/etc/passwd"] {
        let text = format!(
            r#"{{"asset":{{"version":"1.1"}},"geometricError":1,"root":{{"boundingVolume":{{"sphere":[0,0,0,1]}},"geometricError":0,"content":{{"uri":"{uri}"}}}}}}"#
        );
        std::fs::write(&file, text).unwrap();
        let error = surveyed(folder.path()).unwrap_err().to_string();
        assert!(error.contains(uri) && error.contains("can not be served"), "{error}");
    }
}

#[test]
fn what_is_cut_off_or_nested_without_end_gives_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tileset.json");
    std::fs::write(&file, r#"{"asset":{"version":"1.1"},"root":{"children":["#).unwrap();
    assert!(survey(&file).is_err());
    let deep = format!("{}{}", r#"{"children":["#.repeat(5_000), "]}".repeat(5_000));
    std::fs::write(&file, format!(r#"{{"asset":{{"version":"1.1"}},"root":{deep}}}"#)).unwrap();
    assert!(survey(&file).is_err());
    std::fs::write(&file, r#"{"asset":{"version":"2.0"},"root":{}}"#).unwrap();
    assert!(survey(&file).unwrap_err().to_string().contains("1.0 and 1.1"));
}
