//! Real files, judged by GDAL, and files made broken in known ways.

use std::path::{Path, PathBuf};

use onemap_model::{GeometryKind, Value};

use crate::judge;
use crate::testing::{CollectSink, data};
use crate::{Format, Options};

fn read(path: &Path) -> CollectSink {
    judge::read(Format::Shapefile, path).unwrap()
}

#[test]
fn every_real_shapefile_is_read_as_gdal_reads_it() {
    if !judge::has_gdal() {
        return;
    }
    let mut wrong = Vec::new();
    for path in judge::files(&["vector", "mess"], &["shp", "dbf"]) {
        let is_table = path.extension().unwrap() == "dbf";
        if is_table && path.with_extension("shp").exists() {
            continue;
        }
        let sink = read(&path);
        let gdal = judge::gdal_counts(&path);
        judge::print_row(&path, &sink, &gdal);
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let count = sink.kept + sink.rejected;
        if gdal.len() != 1 || gdal[0].1 != count {
            wrong.push(format!("{name}: {count}, GDAL {gdal:?}"));
        }
        // Where GDAL finds a corrupted shape, it keeps the attributes.
        if sink.rejected > 0 && !name.starts_with("buggymulti") {
            wrong.push(format!("{name}: {:?}", sink.layers[0].rejects));
        }
        let by_intent = [
            "multipatch.shp",    // a TIN there, polygons here
            "testpoly.shp",      // GDAL takes the inner ring for the outer one
            "polygon_layer.shp", // rings that cross themselves and each other
            "buggypoint.shp",    // the .shx is wrong, the record is whole
            "follow_ref.shp",    // UTF-8, though the driver byte says ANSI
        ];
        if by_intent.contains(&name.as_str()) {
            continue;
        }
        let differences = judge::differences(&path, &sink.layers[0]);
        wrong.extend(differences.into_iter().map(|d| format!("{name}: {d}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_truncation_of_a_real_shapefile_ends_in_time() {
    for path in judge::files(&["vector", "mess"], &["shp"]) {
        for cut in ["shp", "shx", "dbf"] {
            judge::survives_truncation(Format::Shapefile, &path, cut);
        }
    }
}

#[test]
fn the_districts_of_liaoning_have_chinese_names_without_being_told_the_encoding() {
    let Some(path) = data("vector/liaoning_districts_gbk/liaoning_districts_gbk.shp") else {
        return;
    };
    let sink = read(&path);
    let layer = &sink.layers[0];
    let names: Vec<_> = layer.layer.fields.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["adcode", "省", "市", "区县", "级别"]);
    assert_eq!(layer.value(0, "省"), Value::Text("辽宁省".into()));
    assert_eq!(layer.value(0, "市"), Value::Text("沈阳市".into()));
    assert!(sink.noted("use --encoding"));
}

#[test]
fn chinese_and_central_european_tables_are_decoded() {
    if let Some(path) = data("mess/gdal_shp_suite/chinese.dbf") {
        let sink = read(&path);
        assert_eq!(sink.layers[0].value(0, "中国"), Value::Text("中国".into()));
    }
    if let Some(path) = data("vector/qgis_world_map_subset/test_852.shp") {
        assert_eq!(read(&path).layers[0].value(0, "test852"), Value::Text("abcŐ".into()));
    }
}

/// Copies a shapefile of the test data into a folder of its own.
fn copy_of(path: &str, extensions: &[&str]) -> Option<(tempfile::TempDir, PathBuf)> {
    let path = data(path)?;
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join(path.file_name().unwrap());
    for extension in extensions {
        std::fs::copy(path.with_extension(extension), to.with_extension(extension)).unwrap();
    }
    Some((folder, to))
}

const DISTRICTS: &str = "vector/chn_admin_level2/chn_admin_level2.shp";

#[test]
fn any_of_the_side_files_may_be_missing_or_in_capitals() {
    let Some((_folder, path)) = copy_of(DISTRICTS, &["shp"]) else {
        return;
    };
    let sink = read(&path);
    assert_eq!((sink.kept, sink.rejected), (361, 0));
    assert!(sink.noted("no .dbf") && sink.noted("no .shx"));
    assert_eq!(sink.layers[0].layer.crs, None);
    let Some((_folder, path)) = copy_of(DISTRICTS, &["shp", "dbf", "prj"]) else {
        return;
    };
    for extension in ["dbf", "prj"] {
        let upper = path.with_extension(extension.to_uppercase());
        std::fs::rename(path.with_extension(extension), upper).unwrap();
    }
    let sink = read(&path);
    let layer = &sink.layers[0];
    assert!(layer.layer.crs.as_ref().unwrap().starts_with("GEOGCS["));
    assert!(layer.records.iter().all(|r| r.values.len() == layer.layer.fields.len()));
}

#[test]
fn rows_marked_as_deleted_are_skipped_and_counted() {
    let Some((_folder, path)) = copy_of(DISTRICTS, &["shp", "shx", "dbf"]) else {
        return;
    };
    let table = path.with_extension("dbf");
    let mut bytes = std::fs::read(&table).unwrap();
    let header = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let row = usize::from(u16::from_le_bytes([bytes[10], bytes[11]]));
    bytes[header + 3 * row] = b'*';
    std::fs::write(&table, bytes).unwrap();
    let sink = read(&path);
    assert_eq!((sink.kept, sink.rejected), (360, 0));
    assert!(sink.noted("1 rows marked as deleted"));
    assert_eq!(sink.layers[0].records[3].number, 5);
}

#[test]
fn one_broken_record_is_rejected_and_the_others_are_kept() {
    let Some((_folder, path)) = copy_of(DISTRICTS, &["shp", "shx", "dbf"]) else {
        return;
    };
    let mut bytes = std::fs::read(&path).unwrap();
    // The number of parts of the first record.
    bytes[144..148].copy_from_slice(&u32::MAX.to_le_bytes());
    std::fs::write(&path, bytes).unwrap();
    for with_index in [true, false] {
        if !with_index {
            std::fs::remove_file(path.with_extension("shx")).unwrap();
        }
        let sink = read(&path);
        assert_eq!((sink.kept, sink.rejected), (360, 1));
        let reject = &sink.layers[0].rejects[0];
        assert_eq!(reject.number, 1);
        assert!(reject.reason.contains("4294967295"), "{}", reject.reason);
    }
}

#[test]
fn an_index_cut_off_gives_way_to_walking_the_records() {
    let Some((_folder, path)) = copy_of(DISTRICTS, &["shp", "shx"]) else {
        return;
    };
    let index = path.with_extension("shx");
    let bytes = std::fs::read(&index).unwrap();
    std::fs::write(&index, &bytes[..bytes.len() / 2]).unwrap();
    let sink = read(&path);
    assert_eq!((sink.kept, sink.rejected), (361, 0));
    assert!(sink.noted("the .shx is broken"));
}

#[test]
fn an_index_that_points_at_one_record_for_ever_is_not_followed_for_ever() {
    let Some((_folder, path)) = copy_of(DISTRICTS, &["shp", "shx"]) else {
        return;
    };
    let index = path.with_extension("shx");
    let mut bytes = std::fs::read(&index).unwrap();
    let first: Vec<u8> = bytes[100..108].to_vec();
    bytes.truncate(100);
    for _ in 0..100_000 {
        bytes.extend(&first);
    }
    std::fs::write(&index, bytes).unwrap();
    let sink = read(&path);
    assert_eq!(sink.rejected, 1);
    assert!(sink.kept < 10_000 && sink.layers[0].rejects[0].reason.contains("again and again"));
}

#[test]
fn rows_without_a_shape_are_said() {
    let Some((_folder, path)) = copy_of(DISTRICTS, &["shp", "dbf"]) else {
        return;
    };
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let sink = read(&path);
    assert_eq!(sink.rejected, 1);
    assert!(sink.noted("have no shape"));
}

#[test]
fn a_table_cut_off_leaves_the_shapes_without_attributes() {
    let Some((_folder, path)) = copy_of(DISTRICTS, &["shp", "shx", "dbf"]) else {
        return;
    };
    let table = path.with_extension("dbf");
    let bytes = std::fs::read(&table).unwrap();
    std::fs::write(&table, &bytes[..bytes.len() / 2]).unwrap();
    let sink = read(&path);
    assert_eq!((sink.kept, sink.rejected), (361, 0));
    assert!(sink.noted("it is cut off") && sink.noted("have no row in the .dbf"));
    // The table alone: whole rows are kept, the one cut in half is rejected.
    let alone = read(&table);
    assert_eq!(alone.rejected, 1);
    assert!(alone.kept > 150 && alone.kept < 200);
}

#[test]
fn a_multipatch_becomes_polygons_with_heights() {
    let Some(path) = data("mess/gdal_shp_suite/multipatch.shp") else {
        return;
    };
    let sink = read(&path);
    let record = &sink.layers[0].records[0];
    let geometry = record.geometry.as_ref().unwrap();
    assert_eq!(geometry.kind, GeometryKind::MultiPolygon);
    assert!(geometry.has_z());
    assert_eq!(record.repairs, ["multipatch made into polygons"]);
}

#[test]
fn an_encoding_that_is_not_known_is_refused_with_a_remedy() {
    let Some(path) = data(DISTRICTS) else {
        return;
    };
    let options = Options { encoding: Some("klingon".into()), ..Options::default() };
    let source = judge::source(Format::Shapefile, &path);
    let error = crate::read(&source, &options, &mut CollectSink::default()).unwrap_err();
    assert!(error.to_string().contains("'klingon'") && error.to_string().contains("GBK"));
}

/// Makes a dBASE table of text columns.
fn table(driver: u8, names: &[Vec<u8>], rows: &[Vec<Vec<u8>>]) -> Vec<u8> {
    const WIDTH: usize = 11;
    let header = 33 + 32 * names.len();
    let row = 1 + WIDTH * names.len();
    let mut bytes = vec![3, 124, 1, 1];
    bytes.extend((rows.len() as u32).to_le_bytes());
    bytes.extend((header as u16).to_le_bytes());
    bytes.extend((row as u16).to_le_bytes());
    bytes.resize(29, 0);
    bytes.extend([driver, 0, 0]);
    let padded = |bytes: &mut Vec<u8>, text: &[u8], width: usize, padding: u8| {
        let cut = &text[..text.len().min(width)];
        bytes.extend(cut);
        bytes.resize(bytes.len() + width - cut.len(), padding);
    };
    for name in names {
        padded(&mut bytes, &name[..name.len().min(10)], 11, 0);
        bytes.extend([b'C', 0, 0, 0, 0, WIDTH as u8]);
        bytes.resize(bytes.len() + 15, 0);
    }
    bytes.push(b'\r');
    for values in rows {
        bytes.push(b' ');
        for value in values {
            padded(&mut bytes, value, WIDTH, b' ');
        }
    }
    bytes.push(0x1a);
    bytes
}

#[test]
fn a_gbk_table_is_read_right_with_names_and_values_cut_in_the_middle_of_a_character() {
    let gbk = |text: &str| encoding_rs::GBK.encode(text).0.into_owned();
    let names = [gbk("地类编码"), gbk("权属单位名称"), gbk("权属单位代码")];
    let rows = [
        vec![gbk("0101"), gbk("宿城区幸福街道"), gbk("一")],
        vec![gbk("0702"), gbk("洋河新区"), Vec::new()],
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("地块.dbf");
    for driver in [0, 0x4d, 0x57] {
        for cpg in [None, Some("UTF-8"), Some("GBK"), Some("ISO-8859-1")] {
            std::fs::write(&path, table(driver, &names, &rows)).unwrap();
            let label = path.with_extension("cpg");
            match cpg {
                Some(text) => std::fs::write(&label, text).unwrap(),
                None => drop(std::fs::remove_file(&label)),
            }
            let sink = read(&path);
            let layer = &sink.layers[0];
            let fields: Vec<_> = layer.layer.fields.iter().map(|f| f.name.as_str()).collect();
            assert_eq!(fields, ["地类编码", "权属单位名", "权属单位代"], "{driver} {cpg:?}");
            let text = |text: &str| Value::Text(text.into());
            assert_eq!(layer.records[0].values, [text("0101"), text("宿城区幸福"), text("一")]);
            assert_eq!(layer.records[1].values[2], Value::Null);
            assert!(layer.records.iter().all(|r| r.repairs.is_empty()));
            assert!(sink.noted("read as GBK"));
        }
    }
}

#[test]
fn names_that_are_equal_once_cut_are_told_apart() {
    let names = [b"VERY_LONG_NAME1".to_vec(), b"VERY_LONG_NAME2".to_vec()];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.dbf");
    std::fs::write(&path, table(0, &names, &[])).unwrap();
    let sink = read(&path);
    let fields: Vec<_> = sink.layers[0].layer.fields.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(fields, ["VERY_LONG_", "VERY_LONG__2"]);
}
