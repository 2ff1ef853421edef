//! What becomes of OpenStreetMap files.

use onemap_model::{GeometryKind, Value};

use crate::testing::{CollectSink, Collected, data, read_as, read_bytes_as, survives_damage};
use crate::{Error, Format, Options};

fn read(xml: &str) -> CollectSink {
    let xml = format!("<osm version='0.6'>{xml}</osm>");
    read_bytes_as(Format::OsmXml, xml.as_bytes(), &Options::default()).unwrap()
}

/// Nodes 1 to 8: corners of a square and of a smaller one inside.
const NODES: &str = "<node id='1' lon='0' lat='0'/><node id='2' lon='4' lat='0'/><node id='3' lon='4' lat='4'/><node id='4' lon='0' lat='4'/>\
    <node id='5' lon='1' lat='1'/><node id='6' lon='2' lat='1'/><node id='7' lon='2' lat='2'/><node id='8' lon='1' lat='2'/>";

fn way(id: i64, refs: &[i64], tags: &str) -> String {
    let refs = refs.iter().map(|id| format!("<nd ref='{id}'/>")).collect::<Vec<_>>().concat();
    format!("<way id='{id}'>{refs}{tags}</way>")
}

fn ids(layer: &Collected) -> Vec<String> {
    layer.records.iter().map(|record| record.id.as_ref().unwrap().to_string()).collect()
}

#[test]
fn a_multipolygon_of_open_ways_gets_its_hole() {
    let sink = read(&format!(
        "{NODES}{}{}{}<relation id='9'><member type='way' ref='11' role='outer'/><member type='way' ref='12' role=''/>\
         <member type='way' ref='13' role='inner'/><tag k='type' v='multipolygon'/><tag k='building' v='yes'/><tag k='height' v=\"40'\"/></relation>",
        way(11, &[1, 2, 3], ""),
        way(12, &[1, 4, 3], ""),
        way(13, &[5, 6, 7, 8, 5], "<tag k='landuse' v='grass'/>"),
    ));
    let buildings = sink.layer_named("buildings");
    let geometry = buildings.records[0].geometry.as_ref().unwrap();
    assert_eq!((geometry.kind, geometry.ends.as_slice()), (GeometryKind::Polygon, &[5, 10][..]));
    assert_eq!(ids(buildings), ["r9"]);
    let Value::Float(height) = buildings.value(0, "height") else { panic!() };
    assert!((height - 12.192).abs() < 1e-9);
    assert_eq!(ids(sink.layer_named("green")), ["w13"]);
    assert!(sink.noted("8 nodes without tags"));
}

#[test]
fn what_is_missing_splits_a_line_and_rejects_an_area() {
    let road = way(21, &[1, 2, 99, 3, 4], "<tag k='highway' v='primary'/><tag k='oneway' v='-1'/>");
    let house = way(22, &[5, 6, 98, 8, 5], "<tag k='building' v='house'/>");
    let open = way(23, &[5, 6, 7], "<tag k='building' v='house'/>");
    let sink = read(&format!(
        "{NODES}{road}{house}{open}<relation id='9'><member type='way' ref='77' role='outer'/>\
         <tag k='type' v='boundary'/><tag k='boundary' v='administrative'/></relation>"
    ));
    let roads = sink.layer_named("roads");
    let line = roads.records[0].geometry.as_ref().unwrap();
    assert_eq!((line.kind, line.ends.as_slice()), (GeometryKind::MultiLineString, &[2, 4][..]));
    assert_eq!(roads.records[0].repairs, ["nodes that are not in the file were left out"]);
    assert_eq!(roads.value(0, "oneway"), Value::Int(-1));
    let buildings = sink.layer_named("buildings");
    assert_eq!((buildings.records.len(), buildings.rejects.len()), (0, 2));
    assert!(buildings.rejects[0].reason.contains("1 of its 5 nodes"));
    assert!(buildings.rejects[1].reason.contains("not closed"));
    assert!(sink.layer_named("boundaries").rejects[0].reason.contains("1 of its 1 ways"));
}

#[test]
fn members_of_a_boundary_are_lines_with_its_level() {
    let sink = read(&format!(
        "{NODES}{}{}<relation id='9'><member type='way' ref='31' role='outer'/><member type='way' ref='32' role='outer'/>\
         <tag k='type' v='boundary'/><tag k='boundary' v='administrative'/><tag k='admin_level' v='6'/><tag k='name:zh' v='宿城区'/></relation>",
        way(31, &[1, 2, 3], "<tag k='admin_level' v='8'/>"),
        way(32, &[3, 4, 1], "<tag k='highway' v='primary'/>"),
    ));
    let lines = sink.layer_named("boundary_lines");
    assert_eq!(ids(lines), ["w31", "w32"]);
    assert_eq!(lines.value(0, "admin_level"), Value::Int(6));
    let boundaries = sink.layer_named("boundaries");
    assert_eq!(boundaries.value(0, "name_zh"), Value::Text("宿城区".into()));
    assert_eq!(boundaries.value(0, "admin_level"), Value::Int(6));
    assert_eq!(ids(sink.layer_named("roads")), ["w32"]);
}

#[test]
fn deleted_and_double_objects_are_counted() {
    let shop = "<tag k='shop' v='tea'/>";
    let sink = read(&format!(
        "<node id='1' lon='1' lat='1'>{shop}</node><node id='1' lon='2' lat='2'>{shop}</node>\
         <node id='2' visible='false'/><node id='-3' lon='200' lat='1'>{shop}</node><way id='4' action='delete'/>"
    ));
    let pois = sink.layer_named("pois");
    assert_eq!((ids(pois), pois.rejects.len()), (vec!["n1".to_owned()], 1));
    assert_eq!(pois.rejects[0].id.as_deref(), Some("n-3"));
    assert!(sink.noted("2 deleted objects") && sink.noted("1 objects occur twice"));
}

#[test]
fn only_the_layers_asked_for_are_read() {
    let wanted = Options { layers: vec!["pois".into()], ..Options::default() };
    let xml = format!(
        "<osm>{NODES}<node id='9' lon='1' lat='1'><tag k='shop' v='tea'/><tag k='place' v='x'/></node></osm>"
    );
    let sink = read_bytes_as(Format::OsmXml, xml.as_bytes(), &wanted).unwrap();
    assert_eq!(sink.names(), ["pois"]);
}

/// Frames a blob of uncompressed bytes.
fn blob(kind: &str, raw: &[u8]) -> Vec<u8> {
    let mut blob = vec![0x0a, raw.len() as u8];
    blob.extend(raw);
    let mut header = vec![0x0a, kind.len() as u8];
    header.extend(kind.bytes());
    header.extend([0x18, blob.len() as u8]);
    [&(header.len() as u32).to_be_bytes()[..], &header, &blob].concat()
}

#[test]
fn files_that_need_more_are_refused_and_named() {
    let with = |feature: &str| {
        blob("OSMHeader", &[&[0x22, feature.len() as u8], feature.as_bytes()].concat())
    };
    let read = |bytes: &[u8]| read_bytes_as(Format::OsmPbf, bytes, &Options::default());
    assert!(read(&with("OsmSchema-V0.6")).is_ok());
    let history = read(&with("HistoricalInformation")).unwrap_err();
    assert!(
        matches!(history, Error::Unsupported { .. }) && history.to_string().contains("time-filter"),
        "{history}"
    );
    assert!(read(&with("Wonders")).unwrap_err().to_string().contains("'Wonders'"));
    assert!(read(&[]).is_err());
    assert!(read(&blob("OSMData", &[])).is_err());
    let change =
        read_bytes_as(Format::OsmXml, b"<osmChange><create/></osmChange>", &Options::default())
            .unwrap_err();
    assert!(change.to_string().contains("apply-changes"), "{change}");
}

#[test]
fn an_object_of_absurd_size_is_refused() {
    let tags = "<tag k='k' v='v'/>".repeat(10_002);
    let xml = format!("<osm><node id='1' lon='1' lat='1'>{tags}</node></osm>");
    let error = read_bytes_as(Format::OsmXml, xml.as_bytes(), &Options::default()).unwrap_err();
    assert!(matches!(error, Error::Broken { .. }), "{error}");
}

#[test]
fn pbf_and_xml_of_one_extract_are_the_same_to_the_last_bit() {
    let (Some(pbf), Some(xml)) =
        (data("vector/shanghai_huangpu.osm.pbf"), data("vector/shanghai_huangpu.osm.gz"))
    else {
        return;
    };
    let pbf = read_as(Format::OsmPbf, &pbf, &Options::default()).unwrap();
    let xml = read_as(Format::OsmXml, &xml, &Options::default()).unwrap();
    assert_eq!(pbf.kept, 796);
    same(&pbf, &xml);
    let roads = pbf.layer_named("roads");
    let named =
        (0..roads.records.len()).any(|i| roads.value(i, "name") == Value::Text("南京西路".into()));
    assert!(named, "南京西路 is not there");
}

fn same(a: &CollectSink, b: &CollectSink) {
    assert_eq!(a.names(), b.names());
    for (a, b) in a.layers.iter().zip(&b.layers) {
        assert_eq!(a.records.len(), b.records.len());
        for (a, b) in a.records.iter().zip(&b.records) {
            assert_eq!((&a.id, &a.geometry, &a.values), (&b.id, &b.geometry, &b.values));
        }
        assert_eq!(a.rejects, b.rejects);
    }
}

#[test]
fn blobs_and_nodes_of_all_forms_give_the_same() {
    let read = |path: &str, format| {
        data(path).map(|path| read_as(format, &path, &Options::default()).unwrap())
    };
    if let (Some(zlib), Some(lz4)) = (
        read("vector/osm_pbf/monaco-latest.osm.pbf", Format::OsmPbf),
        read("vector/osm_pbf/monaco-latest.lz4.osm.pbf", Format::OsmPbf),
    ) {
        same(&zlib, &lz4);
    }
    let Some(xml) = read("mess/gdal_osm/test.osm", Format::OsmXml) else { return };
    for pbf in [
        "test.pbf",
        "test_uncompressed_dense_false.pbf",
        "test_uncompressed_dense_true_nometadata.pbf",
    ] {
        let pbf = read(&format!("mess/gdal_osm/{pbf}"), Format::OsmPbf).unwrap();
        same(&xml, &pbf);
    }
}

/// Objects that osmium 1.15 finds by the same rules (`osmium cat -f opl`, counted by tags and closedness).
#[test]
fn real_files_have_the_counts_that_osmium_finds() {
    let judged = [
        ("vector/osm_merged_6cities.osm.pbf", [13029, 41144, 201, 468_553]),
        ("vector/osm_pbf/liechtenstein-latest.osm.pbf", [8996, 4658, 107, 138_023]),
        ("vector/osm_pbf/monaco-latest.osm.pbf", [1207, 2361, 55, 22_996]),
    ];
    for (path, [buildings, roads, boundary_lines, plain_nodes]) in judged {
        let Some(file) = data(path) else { continue };
        let sink = read_as(Format::OsmPbf, &file, &Options::default()).unwrap();
        for (layer, count) in
            [("buildings", buildings), ("roads", roads), ("boundary_lines", boundary_lines)]
        {
            let layer = sink.layer_named(layer);
            assert_eq!(layer.records.len() + layer.rejects.len(), count, "{path}");
        }
        assert!(sink.noted(&format!("{plain_nodes} nodes without tags")), "{path}");
    }
}

#[test]
fn damaged_files_end_in_an_error_or_in_rejects() {
    for (path, format) in [
        ("vector/osm_pbf/monaco-latest.lz4.osm.pbf", Format::OsmPbf),
        ("vector/shanghai_huangpu.osm.pbf", Format::OsmPbf),
        ("vector/shanghai_huangpu.osm.gz", Format::OsmXml),
        ("mess/gdal_osm/test_uncompressed_dense_false.pbf", Format::OsmPbf),
        ("mess/gdal_osm/test_uncompressed_dense_true_nometadata.pbf", Format::OsmPbf),
    ] {
        if let Some(path) = data(path) {
            survives_damage(format, &path);
        }
    }
}
