use std::io::Write;

use super::*;
use crate::testing::data;

fn write(folder: &Path, name: &str, bytes: &[u8]) -> String {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

fn refusal(bytes: &[u8], name: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let name = write(folder.path(), name, bytes);
    match open(&name) {
        Err(error) => error.to_string(),
        Ok(sources) => panic!("{name} was taken for {sources:?}"),
    }
}

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ::zip::ZipWriter::new(io::Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, ::zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

const FEATURES: &[u8] = br#"{"type":"FeatureCollection","features":[]}"#;

#[test]
fn json_is_told_apart_by_its_keys_in_any_order() {
    let folder = tempfile::tempdir().unwrap();
    for (text, format) in [
        (&br#"{"features":[],"type":"FeatureCollection"}"#[..], Format::GeoJson),
        (br#"{"type":"Topology","objects":{},"arcs":[]}"#, Format::TopoJson),
        (b"{\"type\":\"Feature\",\"geometry\":null}\n{\"type\":\"Feature\"}", Format::GeoJsonSeq),
        (b"\x1e{\"type\":\"Feature\"}", Format::GeoJsonSeq),
        (b"\xef\xbb\xbf{\"coordinates\":[1,2],\"type\":\"Point\"}", Format::GeoJson),
    ] {
        let name = write(folder.path(), "a.json", text);
        assert_eq!(open(&name).unwrap()[0].format, format, "{}", String::from_utf8_lossy(text));
    }
    for (text, words) in [
        (&br#"{"type":"CityJSON","version":"1.1"}"#[..], "CityJSON"),
        (br#"{"asset":{"version":"1.1"},"geometricError":5,"root":{}}"#, "3D Tiles"),
        (br#"{"geometryType":"esriGeometryPoint","features":[{"attributes":{}}]}"#, "Esri JSON"),
        (br#"{"a":1,"b":2}"#, "\"a\", \"b\""),
        (b"[1,2]", "array"),
    ] {
        let error = refusal(text, "a.json");
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn what_is_no_vector_data_is_named() {
    for (bytes, name, words) in [
        (&b""[..], "a.shp", "is empty"),
        (&[0; 50], "a.gpkg", "only zeros"),
        (b"\xff\xd8\xff\xe0....JFIF", "a.shp", "JPEG"),
        (b"%PDF-1.7", "plan.csv", "PDF"),
        (b"II*\0\x08\0\0\0", "dem.tif", "GeoTIFF"),
        (b"LASF\0\0", "a.las", "point cloud"),
        (b"ISO-10303-21;\nHEADER;", "a.ifc", "IFC"),
        (b"AC1027\0\0", "a.dwg", "DWG"),
        (b"<?xml version='1.0'?><!-- a --><CityModel xmlns='http://www.opengis.net/citygml/2.0'>", "a.gml", "CityGML"),
        (b"<wfs:FeatureCollection xmlns:gml='http://www.opengis.net/gml'/>", "a.xml", "GML"),
        (b"<!DOCTYPE html><html><body>Login", "roads.geojson", "web page"),
        (b"PROJCS[\"x\"]", "a.prj", "only belongs to a Shapefile"),
        (b"just some words", "readme.txt", "neither a table"),
        (b"\x01\x02\x03\x04", "a.fgb", "name of a FlatGeobuf"),
        (b"\x1f\x8b\x08\0broken", "a.csv.gz", "can not be unpacked"),
    ] {
        let error = refusal(bytes, name);
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn a_folder_gives_its_sources_and_side_files_are_none() {
    let folder = tempfile::tempdir().unwrap();
    let shp = [0, 0, 0x27, 0x0a];
    let dbf = [3, 120, 1, 1, 0, 0, 0, 0, 33, 0];
    for (name, bytes) in [
        ("roads.shp", &shp[..]),
        ("roads.dbf", &dbf),
        ("roads.shx", &shp),
        ("roads.prj", b"GEOGCS[]"),
        ("roads.shp.xml", b"<metadata/>"),
        ("table.dbf", &dbf),
        ("sub/水系.geojson", FEATURES),
        ("sub/photo.jpg", b"\xff\xd8\xff"),
        (".hidden.geojson", FEATURES),
        ("old.gdb/a.gdbtable", b"x"),
    ] {
        write(folder.path(), name, bytes);
    }
    let name = folder.path().to_str().unwrap();
    let found = survey(name).unwrap();
    let stems: Vec<_> = found.sources.iter().map(|s| s.stem.as_str()).collect();
    assert_eq!(stems, ["roads", "水系", "table"]);
    let skipped: Vec<_> = found.skipped.iter().map(|s| s.reason.as_str()).collect();
    assert!(skipped[0].contains("geodatabase") && skipped[1].contains("JPEG"), "{skipped:?}");
    let named = open(&format!("{name}/roads.dbf")).unwrap_err().to_string();
    assert!(named.contains("import 'roads.shp' instead"), "{named}");
}

#[test]
fn a_zip_is_unpacked_as_far_as_it_holds_sources() {
    let folder = tempfile::tempdir().unwrap();
    let (gbk, _, _) = encoding_rs::GB18030.encode("a");
    let inner = zip(&[("x.geojson", FEATURES)]);
    let bytes = zip(&[
        ("data/道路.SHP", &[0, 0, 0x27, 0x0a]),
        ("data/道路.dbf", &[3, 120, 1, 1, 0, 0, 0, 0, 33, 0]),
        ("data/道路.prj", b"GEOGCS[]"),
        ("water.geojson", FEATURES),
        ("inner.zip", &inner),
        ("__MACOSX/._water.geojson", FEATURES),
        ("notes.pdf", b"%PDF-1"),
        ("plain.txt", &gbk),
    ]);
    let name = write(folder.path(), "all.zip", &bytes);
    let found = survey(&name).unwrap();
    let stems: Vec<_> = found.sources.iter().map(|s| (s.stem.as_str(), s.format)).collect();
    assert_eq!(
        stems,
        [("道路", Format::Shapefile), ("x", Format::GeoJson), ("water", Format::GeoJson)]
    );
    let shp = &found.sources[0];
    assert!(shp.name.ends_with("all.zip/data/道路.SHP"), "{}", shp.name);
    assert!(shp.path.with_extension("dbf").is_file() && shp.path.with_extension("prj").is_file());
    assert_eq!(found.skipped.len(), 2);
    let path = shp.path.clone();
    drop(found);
    assert!(!path.exists(), "the copy outlives its sources");
}

#[test]
fn workbooks_and_kmz_are_sources_though_they_are_zips() {
    let folder = tempfile::tempdir().unwrap();
    for (name, entry, format) in [
        ("a.xlsx", "xl/workbook.xml", Format::Xlsx),
        ("a.kmz", "doc.kml", Format::Kml),
        ("b.kmz", "files/x.kml", Format::Kml),
    ] {
        let name = write(folder.path(), name, &zip(&[(entry, b"<kml/>")]));
        assert_eq!(open(&name).unwrap()[0].format, format);
    }
    let name = write(folder.path(), "a.docx", &zip(&[("word/document.xml", b"<a/>")]));
    assert!(open(&name).unwrap_err().to_string().contains("Office"));
    let name = write(folder.path(), "evil.zip", &zip(&[("../x.geojson", FEATURES)]));
    assert!(open(&name).unwrap_err().to_string().contains("refused"));
}

#[test]
fn addresses_are_sources_or_explained_and_passwords_stay_hidden() {
    let sources = open("postgres://user:secret@host:5432/city?table=roads").unwrap();
    assert_eq!(sources[0].format, Format::Postgis);
    assert_eq!(sources[0].name, "postgres://user:***@host:5432/city?table=roads");
    assert_eq!(
        sources[0].url.as_deref(),
        Some("postgres://user:secret@host:5432/city?table=roads")
    );
    let error = open("https://example.org/a.geojson").unwrap_err().to_string();
    assert!(error.contains("download the file first"), "{error}");
    assert!(matches!(open("/no/such/file"), Err(Error::Io { .. })));
}

#[test]
fn stems_lose_gz_and_double_extensions() {
    for (name, stem, extension) in [
        ("a.geojson.gz", "a", "geojson"),
        ("city.osm.pbf", "city", "pbf"),
        ("建筑.2024.SHP", "建筑.2024", "shp"),
        ("noext", "noext", ""),
        (".gz", ".gz", ""),
        ("a.shp.xml", "a.shp", "xml"),
    ] {
        assert_eq!(stem_and_extension(name), (stem, extension.to_owned()), "{name}");
    }
}

#[test]
fn every_real_file_is_recognised_or_explained() {
    let Some(root) = data("vector") else { return };
    let found = survey(root.to_str().unwrap()).unwrap();
    for skipped in &found.skipped {
        println!("skipped {}: {}; {}", skipped.name, skipped.reason, skipped.remedy);
    }
    for source in &found.sources {
        println!("{:?} {} {}", source.format, source.gzipped, source.name);
    }
    assert!(found.skipped.is_empty());
    assert!(found.sources.len() > 90, "{}", found.sources.len());
    let Some(root) = data("mess") else { return };
    for skipped in &survey(root.to_str().unwrap()).unwrap().skipped {
        println!("skipped {}: {}; {}", skipped.name, skipped.reason, skipped.remedy);
        assert!(!skipped.remedy.is_empty());
    }
}
