//! Real archives, compressed files and WKB go through the guards and come out whole.
#![allow(clippy::unwrap_used)]

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use onemap_bounded::{Gunzip, XmlEvent, XmlReader, ZipArchive, text};

fn test_data() -> Option<PathBuf> {
    let folder = std::env::var_os("ONEMAP_TEST_DATA").map(PathBuf::from);
    if folder.is_none() {
        println!("SKIPPED: ONEMAP_TEST_DATA is not set, no real file is read");
    }
    folder
}

fn files(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if extensions.iter().any(|extension| path.to_string_lossy().ends_with(extension))
            {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn archives_are_read_to_their_last_entry() {
    let Some(folder) = test_data() else { return };
    for path in files(&folder, &[".zip", ".kmz", ".xlsx", ".3tz"]) {
        let archive = ZipArchive::open(File::open(&path).unwrap());
        let mut archive = archive.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for index in 0..archive.entries().len() {
            let size = archive.entries()[index].size();
            let bytes = archive.read_entry(index, 1 << 30);
            let bytes = bytes.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert_eq!(bytes.len() as u64, size, "{}", path.display());
        }
    }
}

#[test]
fn gzipped_files_and_xml_are_read_to_their_end() {
    let Some(folder) = test_data() else { return };
    for path in
        files(&folder, &[".gml", ".kml", ".gml.gz", ".kml.gz", ".osm.gz", ".geojson.gz", ".csv.gz"])
    {
        let name = path.to_string_lossy().into_owned();
        let file = File::open(&path).unwrap();
        let is_gzip = path.extension().is_some_and(|extension| extension == "gz");
        let mut source: Box<dyn Read> =
            if is_gzip { Box::new(Gunzip::new(file)) } else { Box::new(file) };
        let is_xml = [".gml", ".kml", ".osm"].iter().any(|extension| name.contains(extension));
        if !is_xml {
            let mut bytes = Vec::new();
            source.read_to_end(&mut bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(text::detect(&bytes).encoding.name(), "UTF-8", "{name}");
            continue;
        }
        let mut reader = XmlReader::new(source).unwrap();
        let mut elements = 0;
        loop {
            match reader.read().unwrap_or_else(|error| panic!("{name}: {error}")) {
                XmlEvent::Start(start) => {
                    elements += 1;
                    assert!(start.attributes().all(|attribute| attribute.is_ok()), "{name}");
                }
                XmlEvent::Eof => break,
                _ => {}
            }
        }
        println!("{name}: {elements} elements");
    }
}

#[test]
fn a_real_dbf_without_any_label_is_detected_by_its_bytes() {
    let Some(folder) = test_data() else { return };
    // Called GBK by its name and its manifest, yet its bytes are UTF-8 (`e8 91 ab`: 葫): only they count.
    let bytes =
        std::fs::read(folder.join("vector/liaoning_districts_gbk/liaoning_districts_gbk.dbf"))
            .unwrap();
    let header = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let record = usize::from(u16::from_le_bytes([bytes[10], bytes[11]]));
    let records = || bytes[header..].chunks_exact(record);
    let mut detector = text::Detector::default();
    records().for_each(|record| detector.feed(record));
    let detected = detector.finish();
    assert_eq!((detected.encoding.name(), detected.confidence), ("UTF-8", text::Confidence::High));
    // The same attributes as a department would write them.
    let mut detector = text::Detector::default();
    let gbk = text::for_label("GBK").unwrap();
    for record in records() {
        let decoded = text::decode(record, detected.encoding);
        assert!(!decoded.damaged);
        detector.feed(&gbk.encode(&decoded.text).0);
    }
    let detected = detector.finish();
    assert_eq!((detected.encoding, detected.confidence), (gbk, text::Confidence::High));
}
