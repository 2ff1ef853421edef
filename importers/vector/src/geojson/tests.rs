use onemap_model::{GeometryKind, SourceId, Value};

use crate::testing::{CollectSink, data, read_all, read_bytes};
use crate::{Error, Format, Options};

fn read(text: &str) -> CollectSink {
    read_bytes("test.geojson", text.as_bytes(), &Options::default()).unwrap()
}

fn feature(geometry: &str) -> String {
    format!(
        r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":null,"geometry":{geometry}}}]}}"#
    )
}

#[test]
fn every_kind_of_geometry_is_read_with_type_first_or_last() {
    for (kind, coordinates, vertices, lines, polygons) in [
        (GeometryKind::Point, "[1,2,3]", 1, 0, 0),
        (GeometryKind::Point, "[]", 0, 0, 0),
        (GeometryKind::MultiPoint, "[[1,2],[3,4]]", 2, 0, 0),
        (GeometryKind::LineString, "[[1,2],[3,4.5e0]]", 2, 1, 0),
        (GeometryKind::MultiLineString, "[[[1,2],[3,4]],[],[[5,6],[7,8]]]", 4, 2, 0),
        (GeometryKind::Polygon, "[[[0,0],[1,0],[1,1],[0,0]],[[2,2],[3,2],[3,3],[2,2]]]", 8, 2, 1),
        (
            GeometryKind::MultiPolygon,
            "[[[[0,0],[1,0],[1,1],[0,0]]],[],[[[2,2],[3,2],[3,3],[2,2]]]]",
            8,
            2,
            2,
        ),
    ] {
        for text in [
            format!(r#"{{"type":"{kind:?}","coordinates":{coordinates}}}"#),
            format!(r#"{{"coordinates" : {coordinates} , "bbox":[1,2], "type" : "{kind:?}"}}"#),
        ] {
            for whole in [feature(&text), text.clone()] {
                let sink = read(&whole);
                let g = sink.layers[0].records[0].geometry.as_ref().unwrap();
                let found = (g.kind, g.vertex_count(), g.ends.len(), g.parts.len());
                assert_eq!(found, (kind, vertices, lines, polygons), "{whole}");
            }
        }
    }
}

#[test]
fn collections_nest_and_the_depth_is_limited() {
    let sink = read(&feature(
        r#"{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1,2]},{"type":"GeometryCollection","geometries":[]}]}"#,
    ));
    assert_eq!(sink.layers[0].records[0].geometry.as_ref().unwrap().members.len(), 2);
    let deep = r#"{"type":"GeometryCollection","geometries":["#.repeat(1000);
    let error =
        read_bytes("a.geojson", feature(&deep).as_bytes(), &Options::default()).unwrap_err();
    assert!(error.to_string().contains("nested deeper than 32"), "{error}");
}

#[test]
fn what_is_wrong_with_one_feature_rejects_it_alone() {
    for (geometry, reason) in [
        (r#"{"type":"Point","coordinates":[1]}"#, "one number"),
        (r#"{"type":"Point","coordinates":[1,null]}"#, "no number"),
        (r#"{"type":"Point","coordinates":["1","2"]}"#, "no number"),
        (r#"{"type":"Point","coordinates":[1,NaN]}"#, "no number"),
        (r#"{"type":"Point","coordinates":[-Infinity,1]}"#, "no number"),
        (r#"{"type":"Point","coordinates":[1e999,1]}"#, "no number"),
        (r#"{"type":"Point","coordinates":{"x":1}}"#, "no list"),
        (r#"{"type":"Polygon","coordinates":[[1,2],[3,4]]}"#, "2 brackets, a Polygon needs 3"),
        (r#"{"type":"LineString","coordinates":[[1,2],[[3,4]]]}"#, "unevenly"),
        (r#"{"type":"LineString","coordinates":[[1,2],5]}"#, "mix"),
        (r#"{"type":"MultiPolygon","coordinates":[[[[[1,2]]]]]}"#, "nested deeper"),
        (r#"{"type":"Circle","coordinates":[1,2]}"#, "'Circle'"),
        (r#"{"type":"Point"}"#, "no coordinates"),
        (r#"{"coordinates":[1,2]}"#, "no type"),
        ("5", "no object"),
    ] {
        let sink = read(&feature(geometry));
        assert_eq!((sink.kept, sink.rejected), (0, 1), "{geometry}");
        let reason_given = &sink.layers[0].rejects[0].reason;
        assert!(reason_given.contains(reason), "{geometry}: {reason_given}");
    }
}

#[test]
fn attributes_keep_their_types_and_widen_where_they_differ() {
    let sink = read(
        r#"{"type":"FeatureCollection","features":[
        {"type":"Feature","id":7,"geometry":null,"properties":{"名称":"甲","n":1,"empty":null,"list":[1, {"a":"x y"}],"b":true}},
        {"type":"Feature","id":"a-1","properties":{"n":2.5,"b":"yes","late":9007199254740993}},
        {"id":8.0,"type":"Feature","geometry":{},"properties":{"n":1,"n":3,"late":123456789012345678901234567890}}]}"#,
    );
    let layer = &sink.layers[0];
    assert_eq!(sink.kept, 3);
    let fields: Vec<_> =
        layer.layer.fields.iter().map(|f| (f.name.as_str(), f.kind.name())).collect();
    assert_eq!(
        fields,
        [
            ("名称", "text"),
            ("n", "float"),
            ("list", "json"),
            ("b", "text"),
            ("late", "text"),
            ("empty", "text")
        ]
    );
    assert_eq!(layer.value(0, "list"), Value::Json(r#"[1,{"a":"x y"}]"#.into()));
    assert_eq!(layer.value(1, "late"), Value::Int(9_007_199_254_740_993));
    assert_eq!(layer.value(2, "n"), Value::Int(3));
    let ids: Vec<_> = layer.records.iter().map(|r| r.id.clone().unwrap()).collect();
    assert_eq!(ids, [SourceId::Int(7), SourceId::Text("a-1".into()), SourceId::Int(8)]);
    assert!(layer.records.iter().all(|r| r.geometry.is_none()));
}

#[test]
fn the_crs_member_counts_before_and_after_the_features() {
    let crs = r#""crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::4549"}}"#;
    let features = r#""type":"FeatureCollection","features":[{"type":"Feature","properties":{"crs":"x"},"geometry":null}]"#;
    for text in [format!("{{{crs},{features}}}"), format!("{{{features},{crs}}}")] {
        for name in ["a.geojson", "a.geojson.gz"] {
            let bytes =
                if name.contains("gz") { gzip(text.as_bytes()) } else { text.clone().into() };
            let sink = read_bytes(name, &bytes, &Options::default()).unwrap();
            assert_eq!(sink.layers[0].layer.crs.as_deref(), Some("urn:ogc:def:crs:EPSG::4549"));
            assert_eq!(sink.layers[0].layer.name, "a");
        }
    }
    let plain = read(&format!("{{{features}}}"));
    assert_eq!(plain.layers[0].layer.crs, None);
    assert_eq!(plain.layers[0].layer.default_crs, Some("OGC:CRS84"));
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn an_open_ring_is_closed_and_reported() {
    let sink = read(&feature(r#"{"type":"Polygon","coordinates":[[[0,0,5],[1,0,6],[1,1,7]]]}"#));
    let record = &sink.layers[0].records[0];
    assert_eq!(record.repairs, [crate::wkb_sink::CLOSED_RING]);
    assert_eq!(record.geometry.as_ref().unwrap().z, [5.0, 6.0, 7.0, 5.0]);
}

#[test]
fn a_file_that_breaks_off_gives_its_whole_features_and_then_an_error_with_the_place() {
    let text = format!(
        "{{\"type\":\"FeatureCollection\",\"features\":[\n{},\n{{\"type\":\"Feat",
        r#"{"type":"Feature","properties":{"a":1},"geometry":{"type":"Point","coordinates":[1,2]}}"#
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.geojson");
    std::fs::write(&path, text).unwrap();
    let sources = crate::open(path.to_str().unwrap()).unwrap();
    let mut sink = CollectSink::default();
    let error = crate::read(&sources[0], &Options::default(), &mut sink).unwrap_err();
    assert_eq!(sink.kept, 1);
    let Error::Broken { at, remedy, .. } = error else { panic!("{error}") };
    assert!(at.unwrap().starts_with("line 3"));
    assert!(remedy.contains("cut off"));
}

#[test]
fn sequences_reject_bad_lines_and_go_on() {
    let good = r#"{"type":"Feature","properties":{"a":1},"geometry":{"type":"Point","coordinates":[1,2]}}"#;
    for (name, text) in [
        ("a.geojsonl", format!("{good}\n{good}\r\n{{\"type\":\"Feature\",\n\nnot json\n{good}")),
        (
            "a.geojsons",
            format!(
                "\u{1e}{good}\n\u{1e}{good}\n\u{1e}{{\"type\":\n\u{1e}nonsense\n\u{1e}{good}\n"
            ),
        ),
        ("a.json", format!("{good}\n{good}\n{{\"type\":\"Feature\",\n\nnot json\n{good}\n")),
    ] {
        let sink = read_bytes(name, text.as_bytes(), &Options::default()).unwrap();
        assert_eq!((sink.kept, sink.rejected), (3, 2), "{name}");
        assert!(
            sink.layers[0].rejects[0].reason.contains("line 3"),
            "{:?}",
            sink.layers[0].rejects
        );
        assert_eq!(sink.layers[0].layer.format, Format::GeoJsonSeq.name());
        let packed = read_bytes(&format!("{name}.gz"), &gzip(text.as_bytes()), &Options::default());
        assert_eq!(packed.unwrap().kept, 3);
    }
}

#[test]
fn features_that_follow_each_other_in_any_layout_are_read() {
    let good = "{\"type\":\"Feature\",\n\"properties\":{\"a\":1},\n\"geometry\":null}";
    let sink = read(&format!("{good}{good}\n\n{good}"));
    assert_eq!(sink.kept, 3);
}

#[test]
fn text_in_gbk_is_read_and_said() {
    let text = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"名称":"宿迁市宿城区人民政府","地址":"江苏省宿迁市幸福路"},"geometry":null}]}"#;
    let (gbk, _, _) = encoding_rs::GB18030.encode(text);
    let sink = read_bytes("a.geojson", &gbk, &Options::default()).unwrap();
    assert_eq!(sink.layers[0].value(0, "名称"), Value::Text("宿迁市宿城区人民政府".into()));
    assert!(sink.noted("gb18030"), "{:?}", sink.notes);
}

#[test]
fn no_cut_of_a_good_file_panics() {
    let Some(path) = data("vector/gdal_geojson") else { return };
    let mut seen = 0;
    for entry in std::fs::read_dir(path).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        for end in (0..bytes.len().min(2000)).step_by(7) {
            let _ = read_bytes("cut.geojson", &bytes[..end], &Options::default());
            seen += 1;
        }
    }
    assert!(seen > 500);
}

#[test]
fn real_files_have_the_features_that_gdal_counts() {
    for (path, features, vertices) in [
        ("vector/fushun_districts.geojson", 8, None),
        ("vector/flatgeobuf_suite/countries.geojson", 179, None),
        ("vector/flatgeobuf_suite/states.geojson", 49, None),
        ("vector/gdal_geojson/point_with_utf8bom.json", 1, Some(1)),
        ("big/cn_provinces_amap.geojson.gz", 34, None),
    ] {
        let Some(path) = data(path) else { continue };
        let sink = read_all(path.to_str().unwrap(), &Options::default()).unwrap();
        assert_eq!((sink.kept, sink.rejected), (features, 0), "{}", path.display());
        if let Some(vertices) = vertices {
            assert_eq!(sink.layers[0].vertices(), vertices);
        }
    }
}

#[test]
#[ignore = "measures speed; run with optimisation"]
fn a_large_file_is_read_at_a_hundred_megabytes_a_second() {
    let Some(path) = data("big/cn_provinces_amap.geojson.gz") else { return };
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("a.geojson");
    let mut packed = onemap_bounded::Gunzip::new(std::fs::File::open(path).unwrap());
    let size = std::io::copy(&mut packed, &mut std::fs::File::create(&plain).unwrap()).unwrap();
    for _ in 0..5 {
        let started = std::time::Instant::now();
        let sink = read_all(plain.to_str().unwrap(), &Options::default()).unwrap();
        let seconds = started.elapsed().as_secs_f64();
        println!("{:.0} MB/s, {} vertices", size as f64 / 1e6 / seconds, sink.layers[0].vertices());
    }
}
