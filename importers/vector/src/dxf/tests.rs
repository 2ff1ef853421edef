//! What becomes of DXF drawings.

use std::fmt::Write;

use encoding_rs::GB18030;
use onemap_model::{GeometryKind, Value};

use crate::testing::{CollectSink, data, read_as, read_bytes_as, survives_damage};
use crate::{Error, Format, Options};

/// Makes a drawing of `code value` lines.
fn drawing(header: &str, tables: &str, blocks: &str, entities: &str) -> Vec<u8> {
    let sections =
        [("HEADER", header), ("TABLES", tables), ("BLOCKS", blocks), ("ENTITIES", entities)];
    let mut text = String::new();
    for (name, content) in sections {
        write!(text, "0\nSECTION\n2\n{name}\n").unwrap();
        for line in content.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (code, value) = line.split_once(' ').unwrap_or((line, ""));
            write!(text, "{code}\n{value}\n").unwrap();
        }
        text.push_str("0\nENDSEC\n");
    }
    text.push_str("0\nEOF\n");
    text.into_bytes()
}

fn read(bytes: &[u8]) -> CollectSink {
    read_bytes_as(Format::Dxf, bytes, &Options::default()).unwrap()
}

/// Reads entities alone.
fn entities(entities: &str) -> CollectSink {
    read(&drawing("", "", "", entities))
}

fn first(sink: &CollectSink, layer: &str) -> onemap_model::Geometry {
    sink.layer_named(layer).records[0].geometry.clone().unwrap()
}

#[test]
fn lines_take_colour_and_type_from_their_layer() {
    let tables = "0 LAYER\n2 道路\n62 1\n6 DASHED\n70 0\n0 LAYER\n2 OFF\n62 -3\n";
    let sink = read(&drawing(
        "9 $ACADVER\n1 AC1027",
        tables,
        "",
        "0 LINE\n5 1F\n8 道路\n10 1\n20 2\n30 0\n11 3\n21 4\n0 POINT\n8 off\n420 1193046\n10 1\n20 2\n30 7.5",
    ));
    let lines = sink.layer_named("lines");
    assert_eq!(lines.value(0, "layer"), Value::Text("道路".into()));
    assert_eq!(lines.value(0, "color"), Value::Text("#ff0000".into()));
    assert_eq!(lines.value(0, "linetype"), Value::Text("DASHED".into()));
    assert_eq!(lines.value(0, "hidden"), Value::Bool(false));
    assert_eq!(lines.records[0].id.as_ref().unwrap().to_string(), "1F");
    assert_eq!(lines.layer.crs, None);
    assert_eq!(first(&sink, "lines").z, [] as [f64; 0]);
    let points = sink.layer_named("points");
    assert_eq!(points.value(0, "color"), Value::Text("#123456".into()));
    assert_eq!(points.value(0, "hidden"), Value::Bool(true));
    assert_eq!(first(&sink, "points").z, [7.5]);
}

#[test]
fn polylines_of_all_kinds_are_read() {
    let half_circle =
        entities("0 LWPOLYLINE\n90 2\n70 1\n38 12.5\n10 1\n20 0\n42 1\n10 -1\n20 0\n42 1");
    let circle = first(&half_circle, "lines");
    assert_eq!((circle.xy.len(), circle.xy.first(), circle.z[0]), (91, circle.xy.last(), 12.5));
    let lines = half_circle.layer_named("lines");
    assert_eq!(
        (lines.value(0, "closed"), lines.value(0, "elevation")),
        (Value::Bool(true), Value::Float(12.5))
    );
    let three = entities(
        "0 POLYLINE\n66 1\n70 8\n0 VERTEX\n10 1\n20 2\n30 3\n0 VERTEX\n10 4\n20 5\n30 6\n0 SEQEND\n0 POINT\n10 0\n20 0",
    );
    assert_eq!(first(&three, "lines").z, [3.0, 6.0]);
    assert_eq!(three.kept, 2);
    let vertex = |x: u8, y: u8| format!("0 VERTEX\n70 64\n10 {x}\n20 {y}\n30 0\n");
    let mesh = entities(&format!(
        "0 POLYLINE\n70 16\n71 2\n72 2\n{}{}{}{}0 SEQEND",
        vertex(0, 0),
        vertex(1, 0),
        vertex(0, 1),
        vertex(1, 1)
    ));
    assert_eq!(
        first(&mesh, "areas").xy,
        [[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0], [0.0, 0.0]]
    );
    let corners = |x: u8, y: u8| format!("0 VERTEX\n70 192\n10 {x}\n20 {y}\n30 0\n");
    let faces = entities(&format!(
        "0 POLYLINE\n70 64\n{}{}{}0 VERTEX\n70 128\n10 0\n20 0\n71 1\n72 -2\n73 3\n0 SEQEND",
        corners(0, 0),
        corners(1, 0),
        corners(0, 1)
    ));
    assert_eq!(first(&faces, "areas").ends, [4]);
    let wrong = entities(
        "0 POLYLINE\n70 64\n0 VERTEX\n70 128\n71 9\n72 9\n73 9\n0 SEQEND\n0 POLYLINE\n0 SEQEND\n0 LINE\n10 1\n20 x\n11 1\n21 1",
    );
    assert_eq!((wrong.kept, wrong.rejected), (0, 3));
    assert!(wrong.layer_named("lines").rejects[2].reason.contains("group 20"));
}

#[test]
fn a_hatch_keeps_its_hole_and_a_solid_its_order() {
    let ring = |a: u8, b: u8| {
        format!(
            "92 2\n72 0\n73 1\n93 4\n10 {a}\n20 {a}\n10 {b}\n20 {a}\n10 {b}\n20 {b}\n10 {a}\n20 {b}\n97 0\n"
        )
    };
    let sink = entities(&format!(
        "0 HATCH\n10 0\n20 0\n30 0\n91 2\n{}{}75 1\n98 1\n10 1\n20 1",
        ring(2, 4),
        ring(0, 9)
    ));
    let hatch = first(&sink, "areas");
    assert_eq!((hatch.kind, hatch.ends.as_slice()), (GeometryKind::Polygon, &[5, 10][..]));
    assert_eq!(hatch.xy[1], [9.0, 0.0]);
    let edges = entities(
        "0 HATCH\n91 1\n92 1\n93 2\n72 2\n10 0\n20 0\n40 1\n50 0\n51 180\n73 1\n72 1\n10 -1\n20 0\n11 1\n21 0\n97 0\n75 1",
    );
    assert_eq!(first(&edges, "areas").xy.len(), 47);
    let solid = entities("0 SOLID\n10 0\n20 0\n11 1\n21 0\n12 0\n22 1\n13 1\n23 1");
    assert_eq!(first(&solid, "areas").xy[2], [1.0, 1.0]);
    let damaged = entities("0 HATCH\n91 1\n92 2\n72 0\n73 1\n93 2000000000\n10 0\n20 0");
    assert_eq!(damaged.rejected, 1);
}

#[test]
fn chinese_text_is_read_by_the_code_page_or_by_its_looks() {
    for page in ["ANSI_936", "ANSI_1252"] {
        let entities = "0 TEXT\n8 注记\n10 1\n20 2\n40 2.5\n50 30\n1 宿迁市宿城区幸福中路%%c300\n0 MTEXT\n10 1\n20 2\n40 1\n3 {\\fSimSun;人民\n1 医院}\\P门诊";
        let utf8 =
            drawing(&format!("9 $ACADVER\n1 AC1015\n9 $DWGCODEPAGE\n3 {page}"), "", "", entities);
        let gbk = GB18030.encode(std::str::from_utf8(&utf8).unwrap()).0.into_owned();
        let sink = read(&gbk);
        let texts = sink.layer_named("texts");
        assert_eq!(
            texts.value(0, "text"),
            Value::Text("宿迁市宿城区幸福中路Ø300".into()),
            "{page}"
        );
        assert_eq!(texts.value(0, "layer"), Value::Text("注记".into()));
        assert_eq!(texts.value(0, "rotation"), Value::Float(30.0));
        assert_eq!(texts.value(1, "text"), Value::Text("人民医院\n门诊".into()));
        assert_eq!(sink.noted("GB"), page == "ANSI_1252");
    }
    let wrong = Options { encoding: Some("klingon".into()), ..Options::default() };
    assert!(read_bytes_as(Format::Dxf, &drawing("", "", "", ""), &wrong).is_err());
}

#[test]
fn a_block_reference_is_one_symbol_with_its_attributes() {
    let block = "0 BLOCK\n2 井盖\n10 1\n20 1\n30 0\n0 LINE\n8 0\n10 1\n20 1\n11 2\n21 1\n0 POINT\n8 0\n10 1\n20 1\n0 ATTDEF\n2 NO\n10 0\n20 0\n0 ENDBLK";
    let insert = "0 INSERT\n5 A\n8 雨水\n66 1\n2 井盖\n10 100\n20 200\n41 2\n42 2\n50 90\n1001 SOUTH\n1000 131400\n1040 2.5\n0 ATTRIB\n2 NO\n1 YS-17\n10 0\n20 0\n0 SEQEND";
    let sink = read(&drawing("9 $ACADVER\n1 AC1027", "", block, insert));
    let symbols = sink.layer_named("symbols");
    assert_eq!(symbols.records.len(), 1);
    assert_eq!(symbols.value(0, "block"), Value::Text("井盖".into()));
    assert_eq!(symbols.value(0, "layer"), Value::Text("雨水".into()));
    assert_eq!(symbols.value(0, "attributes"), Value::Json(r#"{"NO":"YS-17"}"#.into()));
    assert_eq!(symbols.value(0, "xdata"), Value::Json(r#"{"SOUTH":["131400",2.5]}"#.into()));
    let geometry = first(&sink, "symbols");
    assert_eq!(geometry.kind, GeometryKind::Collection);
    let end = geometry.members[0].xy[1];
    assert!((end[0] - 100.0).abs() < 1e-9 && (end[1] - 202.0).abs() < 1e-9, "{end:?}");
}

#[test]
fn a_large_block_is_a_drawing_in_the_drawing() {
    let mut points = String::new();
    for i in 0..100 {
        write!(points, "0 POINT\n8 L{i}\n62 0\n10 {i}\n20 0\n").unwrap();
    }
    let block = format!("0 BLOCK\n2 site\n10 0\n20 0\n{points}0 ENDBLK");
    let sink = read(&drawing("", "", &block, "0 INSERT\n5 B\n8 base\n62 3\n2 SITE\n10 5\n20 5"));
    let layer = sink.layer_named("points");
    assert_eq!(layer.records.len(), 100);
    assert_eq!(layer.records[99].id.as_ref().unwrap().to_string(), "B/100");
    assert_eq!(layer.value(99, "layer"), Value::Text("L99".into()));
    assert_eq!(layer.value(99, "color"), Value::Text("#00ff00".into()));
}

#[test]
fn blocks_that_contain_themselves_or_too_much_are_rejected() {
    let own = "0 BLOCK\n2 a\n10 0\n20 0\n0 INSERT\n2 a\n10 0\n20 0\n0 ENDBLK";
    let sink = read(&drawing(
        "",
        "",
        own,
        "0 INSERT\n2 a\n10 0\n20 0\n0 INSERT\n2 b\n10 0\n20 0\n0 DIMENSION\n10 0\n20 0",
    ));
    let reasons: Vec<&str> =
        sink.layer_named("symbols").rejects.iter().map(|r| r.reason.as_str()).collect();
    assert!(
        reasons[0].contains("contain themselves") && reasons[1].contains("'b' is not in the file"),
        "{reasons:?}"
    );
    assert_eq!(reasons.len(), 3);
    // Ten references in each of ten nested blocks: 10^10 points.
    let mut bomb = String::from("0 BLOCK\n2 b0\n10 0\n20 0\n0 POINT\n10 0\n20 0\n0 ENDBLK\n");
    for i in 1..=10 {
        let inserts = format!("0 INSERT\n2 b{}\n10 0\n20 0\n", i - 1).repeat(10);
        write!(bomb, "0 BLOCK\n2 b{i}\n10 0\n20 0\n{inserts}0 ENDBLK\n").unwrap();
    }
    let sink = read(&drawing("", "", &bomb, &"0 INSERT\n2 b10\n10 0\n20 0\n".repeat(20)));
    assert_eq!((sink.kept, sink.rejected), (0, 20));
    // Empty blocks in blocks have no shapes, but take time too.
    let sink = read(&drawing(
        "",
        "",
        &bomb.replace("0 POINT\n10 0\n20 0\n", ""),
        &"0 INSERT\n2 b10\n10 0\n20 0\n".repeat(3),
    ));
    assert_eq!(sink.rejected, 3);
    let grid = "0 INSERT\n2 b0\n10 0\n20 0\n70 30000\n71 30000";
    assert_eq!(read(&drawing("", "", &bomb, grid)).rejected, 1);
}

#[test]
fn what_is_not_read_is_rejected_or_noted() {
    let sink = entities(
        "0 3DSOLID\n5 9\n0 VIEWPORT\n0 LINE\n67 1\n10 0\n20 0\n11 1\n21 1\n0 CIRCLE\n10 0\n20 0\n40 -1",
    );
    assert_eq!((sink.kept, sink.rejected), (0, 2));
    assert!(sink.noted("1 VIEWPORT") && sink.noted("1 entities of the paper space"));
    assert!(sink.layer_named("symbols").rejects[0].reason.contains("3DSOLID"));
    for bad in [
        &b""[..],
        b"hello",
        b"0\nSECTION\n2\nHEADER\n0\nENDSEC\n0\nEOF\n",
        b"0\nSECTION\n2\nENTITIES\n0\nLINE\n",
    ] {
        let error = read_bytes_as(Format::Dxf, bad, &Options::default()).unwrap_err();
        assert!(matches!(error, Error::Broken { .. }), "{error}");
    }
}

#[test]
fn a_georeferenced_drawing_is_moved_to_where_it_is() {
    let Some(path) = data("vector/dxf/houses_of_parliament_georeferenced.dxf") else { return };
    let sink = read_as(Format::Dxf, &path, &Options::default()).unwrap();
    let lines = sink.layer_named("lines");
    assert_eq!(lines.layer.crs.as_deref(), Some("EPSG:27700"));
    let bounds = lines.records[0].geometry.as_ref().unwrap().bounds().unwrap().to_array();
    // The Palace of Westminster on the British national grid.
    assert!(
        bounds[0] > 530_100.0
            && bounds[1] > 179_300.0
            && bounds[2] < 530_400.0
            && bounds[3] < 179_700.0,
        "{bounds:?}"
    );
    let own = Options { crs: Some("EPSG:4528".into()), ..Options::default() };
    let sink = read_as(Format::Dxf, &path, &own).unwrap();
    assert_eq!(sink.layer_named("lines").layer.crs, None);
    if let Some(path) = data("vector/dxf/Graz_10km_3m.dxf.gz") {
        let sink = read_as(Format::Dxf, &path, &Options::default()).unwrap();
        let areas = sink.layer_named("areas");
        assert_eq!((areas.records.len(), areas.layer.crs.as_deref()), (8, Some("EPSG:3395")));
        let bounds = areas
            .records
            .iter()
            .filter_map(|r| r.geometry.as_ref()?.bounds())
            .reduce(onemap_model::Bounds::union)
            .unwrap();
        let [west, _, east, _] = bounds.to_array();
        assert!((east - west - 10_000.0).abs() < 0.001, "the map is 10 km wide: {}", east - west);
    }
}

#[test]
fn real_files_have_the_counts_that_gdal_finds() {
    // ogrinfo 3.6.2. GDAL does not read the binary file, nor the frames of the pictures in the Graz map.
    for (path, count) in [
        ("vector/dxf/4_world.dxf", 2875),
        ("vector/dxf/dxf_unicode.dxf", 0),
        ("vector/dxf/hatches_2.dxf", 11),
        ("vector/dxf/houses_of_parliament_georeferenced.dxf", 1),
        ("vector/dxf/small_r13.dxf", 16),
        ("vector/dxf/bin_dxf_r2000.dxf", 1),
        ("vector/qgis_world_map_subset/points_lines_3d.dxf", 13),
    ] {
        let Some(path) = data(path) else { continue };
        let sink = read_as(Format::Dxf, &path, &Options::default()).unwrap();
        assert_eq!((sink.kept, sink.rejected), (count, 0), "{}", path.display());
    }
}

#[test]
fn damaged_drawings_end_in_an_error_or_in_rejects() {
    for path in [
        "vector/dxf/4_world.dxf",
        "vector/dxf/hatches_2.dxf",
        "vector/dxf/bin_dxf_r2000.dxf",
        "vector/dxf/small_r13.dxf",
        "vector/dxf/Graz_10km_3m.dxf.gz",
        "vector/qgis_world_map_subset/points_lines_3d.dxf",
    ] {
        if let Some(path) = data(path) {
            survives_damage(Format::Dxf, &path);
        }
    }
}
