use std::io::{self, Write};

use super::*;
use crate::Format;
use crate::testing::data;

const CITY: &[u8] = br#"{"CityObjects":{},"vertices":[],"type":"CityJSON","version":"2.0"}"#;
const GML: &[u8] = b"<?xml version='1.0'?><!-- <a> --><core:CityModel xmlns:core='c'/>";

fn write(folder: &Path, name: &str, bytes: &[u8]) -> String {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn city_models_are_told_from_other_files_by_content() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, format) in [
        ("a.json", CITY, Format::CityJson),
        ("b.city.jsonl", CITY, Format::CityJsonSeq),
        ("c.json", b"{\"type\":\"CityJSON\"}\n{\"type\":\"CityJSONFeature\"}", Format::CityJsonSeq),
        ("d.json", b"{\"CityObjects\":{\"a\":{\"type\":", Format::CityJson),
        ("e.gml", GML, Format::CityGml),
        ("f.obj", b"# made by hand\nmtllib a.mtl\nv 0 0 0", Format::Obj),
        ("g.gltf", b"{\"asset\":{\"version\":\"2.0\"},\"meshes\":[]}", Format::Gltf),
        ("h.dat", b"glTF\x02\0\0\0", Format::Gltf),
    ] {
        let name = write(folder.path(), name, bytes);
        let found = survey(&name).unwrap();
        assert_eq!(found.sources[0].format, format, "{name}");
        assert!(is_city_model(&name));
    }
    assert_eq!(stem_and_extension("b.city.jsonl.gz"), ("b", "jsonl".to_owned()));
    for (name, bytes) in [
        ("a.geojson", &br#"{"type":"FeatureCollection","features":[]}"#[..]),
        ("t.json", br#"{"asset":{"version":"1.1"},"geometricError":5,"root":{}}"#),
        ("k.kml", b"<kml/>"),
        ("c.obj", b"\x4c\x01\x02\0"),
    ] {
        let name = write(folder.path(), name, bytes);
        assert!(!is_city_model(&name), "{name}");
        assert!(survey(&name).is_err());
    }
}

#[test]
fn a_zip_is_unpacked_with_the_images_where_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let mut zip = ::zip::ZipWriter::new(io::Cursor::new(Vec::new()));
    let entries =
        [("city/e.gml", GML), ("city/images/a.jpg", b"\xff\xd8"), ("readme.pdf", b"%PDF")];
    for (name, bytes) in entries {
        zip.start_file(name, ::zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    let name = write(folder.path(), "all.zip", &zip.finish().unwrap().into_inner());
    assert!(is_city_model(&name));
    let found = survey(&name).unwrap();
    let source = &found.sources[0];
    assert!(source.name.ends_with("all.zip/city/e.gml"), "{}", source.name);
    assert!(source.path.with_file_name("images").join("a.jpg").is_file());
    assert!(source.path.starts_with(&source.root));
    assert_eq!(found.skipped.len(), 1);
    let path = source.path.clone();
    drop(found);
    assert!(!path.exists(), "the copy outlives its sources");
}

#[test]
fn a_tileset_is_no_city_model_though_it_holds_glb_files() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "tileset.json", b"{\"asset\":{},\"root\":{}}");
    write(folder.path(), "0.glb", b"glTF\x02\0\0\0");
    assert!(!is_city_model(folder.path().to_str().unwrap()));
}

#[test]
fn every_real_city_model_is_recognised() {
    let Some(root) = data("city3d") else { return };
    for (folder, least) in [("cityjson_cjio", 8), ("cityjsonseq", 4), ("citygml4j_samples", 8)] {
        let name = root.join(folder).to_str().unwrap().to_owned();
        assert!(is_city_model(&name), "{name}");
        let found = survey(&name).unwrap();
        println!("{folder}: {} sources", found.sources.len());
        for skipped in &found.skipped {
            println!("  skipped {}: {}", skipped.name, skipped.reason);
        }
        assert!(found.sources.len() >= least, "{folder}: {}", found.sources.len());
    }
}
