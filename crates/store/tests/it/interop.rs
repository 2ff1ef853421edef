//! Other programs read our segments: the `flatgeobuf` crate and GDAL.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use flatgeobuf::{FallibleStreamingIterator, FeatureProperties, FgbReader};
use onemap_model::{Feature, Interval, State, Value};
use onemap_store::{ImportMode, LayerMeta};

use crate::support::*;

fn segment(dir: &Path) -> PathBuf {
    let folder = fs::read_dir(dir.join("segments")).unwrap().next().unwrap().unwrap().path();
    let mut files = fs::read_dir(folder).unwrap().map(|f| f.unwrap().path());
    files.find(|p| p.extension().is_some_and(|e| e == "fgb")).unwrap()
}

#[test]
fn the_flatgeobuf_crate_reads_and_verifies_a_segment() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut expected = features(0..2000);
    expected[9].geometry = None;
    expected[10].state = State::Retired;
    import(&store, "x", &expected);
    let file = fs::File::open(segment(dir.path())).unwrap();
    let mut features =
        FgbReader::open(std::io::BufReader::new(file)).unwrap().select_all().unwrap();
    assert_eq!(features.features_count(), Some(2000));
    let mut seen = 0;
    while let Some(found) = features.next().unwrap() {
        let n: u64 = found.property::<String>("_id").unwrap().parse().unwrap();
        let ours = &expected[n as usize];
        assert_eq!(Value::Text(found.property("name").unwrap()), ours.values[0]);
        let xy: Option<Vec<[f64; 2]>> = found.geometry().map(|g| {
            let xy: Vec<f64> = g.xy().unwrap().iter().collect();
            xy.chunks(2).map(|p| [p[0], p[1]]).collect()
        });
        assert_eq!(xy, ours.geometry.as_ref().map(|g| g.xy.clone()));
        seen += 1;
    }
    assert_eq!(seen, 2000);
    let file = fs::File::open(segment(dir.path())).unwrap();
    let reader = FgbReader::open(std::io::BufReader::new(file)).unwrap();
    let mut near = reader.select_bbox(118.02, 33.0, 118.031, 33.01).unwrap();
    let mut found = 0;
    while near.next().unwrap().is_some() {
        found += 1;
    }
    let query = onemap_store::Query {
        bounds: onemap_model::Bounds::new(118.02, 33.0, 118.031, 33.01),
        ..Default::default()
    };
    assert_eq!(found, visit(&store.view(everything()), "x", &query).len());
}

fn ogrinfo(args: &[&str], path: &Path) -> Option<String> {
    let Ok(out) = Command::new("ogrinfo").args(args).arg(path).output() else {
        eprintln!("SKIPPED: ogrinfo (Debian gdal-bin) is not installed");
        return None;
    };
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let errors = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success() && !errors.contains("ERROR"), "{errors}\n{text}");
    assert!(errors.is_empty(), "{errors}");
    Some(text)
}

#[test]
fn gdal_reads_what_was_imported() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut all = features(0..1234);
    all[5].geometry = None;
    all[6].valid = Interval::new(Some("2020-05-01".parse().unwrap()), None).unwrap();
    import(&store, "x", &all);
    let Some(text) = ogrinfo(&["-al", "-so"], &segment(dir.path())) else { return };
    for part in [
        "Feature Count: 1234",
        "Geometry: Polygon",
        "WGS 84",
        "name: String",
        "层数: Integer64",
        "_id: Integer64",
        "_from: DateTime",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert!(!text.contains("_to") && !text.contains("_state"), "{text}");
    let text = ogrinfo(&["-al", "-where", "\"_id\" IN (5, 6)"], &segment(dir.path())).unwrap();
    assert!(text.contains("建筑 6") && text.contains("2020/05/01 00:00:00+00"), "{text}");
    assert!(text.contains("Feature Count: 2") && text.matches("POLYGON").count() == 1, "{text}");
    let spat = ["-al", "-so", "-spat", "118.02", "33.0", "118.031", "33.01"];
    let text = ogrinfo(&spat, &segment(dir.path())).unwrap();
    let query = onemap_store::Query {
        bounds: onemap_model::Bounds::new(118.02, 33.0, 118.031, 33.01),
        ..Default::default()
    };
    let ours = visit(&store.view(everything()), "x", &query).len();
    assert!(text.contains(&format!("Feature Count: {ours}")), "{ours}\n{text}");
}

#[test]
fn gdal_reads_shapes_of_every_kind() {
    let expected = [
        "POINT (118.123456789012 33.987654321098)",
        "LINESTRING ZM (1 2 1.5 0,3 4 2.5 10,5.5 -6.5 -3.5 20)",
        "MULTILINESTRING ((10 0,",
        "MULTIPOLYGON Z (((10 0 10,",
        "MULTIPOINT ((7 8),(9 10))",
        "POLYGON ((30 30,",
        "GEOMETRYCOLLECTION (GEOMETRYCOLLECTION (POINT (40 41),MULTILINESTRING",
    ];
    for (shape, wkt) in shapes().into_iter().zip(expected) {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        let types = ["bool", "date", "bytes", "json"];
        let feature = Feature {
            geometry: Some(shape),
            values: vec![
                Value::Bool(true),
                Value::Date("2024-02-29".parse().unwrap()),
                Value::Bytes(vec![1, 2]),
                Value::Json(r#"{"a":1}"#.into()),
            ],
            ..feature(1)
        };
        let fields = types.iter().zip(&feature.values);
        let fields = fields.map(|(name, v)| onemap_model::Field::new(*name, v.kind().unwrap()));
        let schema = onemap_model::Schema { fields: fields.collect() };
        let meta = LayerMeta { schema, ..meta() };
        import_as(&store, "x", ImportMode::Create, &[feature], meta).unwrap();
        let Some(text) = ogrinfo(&["-al"], &segment(dir.path())) else { return };
        for part in
            [wkt, "Feature Count: 1", "2024/02/29", r#"{ "a": 1 }"#, "(Integer(Boolean)) = 1"]
        {
            let spaceless = |s: &str| s.replace(' ', "");
            assert!(spaceless(&text).contains(&spaceless(part)), "{part} is not in\n{text}");
        }
    }
}
