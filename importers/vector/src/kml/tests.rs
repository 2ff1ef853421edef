//! What becomes of KML and KMZ files.

use std::io::Write;

use onemap_model::{GeometryKind, Value};

use crate::testing::{CollectSink, data, read_as, read_bytes_as, survives_damage};
use crate::{Error, Format, Options};

fn read(kml: &str) -> CollectSink {
    read_bytes_as(Format::Kml, kml.as_bytes(), &Options::default()).unwrap()
}

/// Wraps placemarks into a document.
fn document(placemarks: &str) -> String {
    format!(
        r#"<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2"><Document><name>测试</name>{placemarks}</Document></kml>"#
    )
}

#[test]
fn every_container_with_placemarks_is_a_layer() {
    let point = "<Placemark><Point><coordinates>1,2</coordinates></Point></Placemark>";
    let sink = read(&document(&format!(
        "<Folder><name>空</name><Folder id='f'>{point}{point}</Folder></Folder><Folder><name>路</name>{point}</Folder>\
         <Folder><name>路</name>{point}</Folder>{point}"
    )));
    assert_eq!(sink.names(), ["f", "路", "路 (2)", "测试"]);
    assert_eq!(sink.layer_named("f").records.len(), 2);
    assert_eq!(sink.layer_named("测试").records[0].number, 5);
    let wanted = Options { layers: vec!["路".into()], ..Options::default() };
    let kml = document(&format!("<Folder><name>路</name>{point}</Folder>{point}"));
    let sink = read_bytes_as(Format::Kml, kml.as_bytes(), &wanted).unwrap();
    assert_eq!((sink.names(), sink.kept), (vec!["路"], 1));
}

#[test]
fn attributes_have_the_types_of_their_schema() {
    let sink = read(&document(
        r##"<Schema id="S"><SimpleField name="层数" type="int"/><SimpleField name="h" type="double"/></Schema>
        <Placemark id="p1"><name>楼 &amp; 房</name><description><![CDATA[<b>x</b>]]></description><visibility>0</visibility>
          <TimeSpan><begin>2019-05</begin><end>2020-01-01T00:00:00Z</end></TimeSpan><styleUrl>#red</styleUrl>
          <ExtendedData><SchemaData schemaUrl="#S"><SimpleData name="层数">6</SimpleData><SimpleData name="h">?</SimpleData></SchemaData>
            <Data name="name"><displayName>n</displayName><value>007</value></Data></ExtendedData></Placemark>
        <Placemark><TimeStamp><when>2019</when></TimeStamp></Placemark>"##,
    ));
    let layer = sink.layer_named("测试");
    assert_eq!(layer.value(0, "name"), Value::Text("楼 & 房".into()));
    assert_eq!(layer.value(0, "description"), Value::Text("<b>x</b>".into()));
    assert_eq!(layer.value(0, "层数"), Value::Int(6));
    assert_eq!(layer.value(0, "h"), Value::Text("?".into()));
    assert_eq!(layer.value(0, "name_2"), Value::Text("007".into()));
    assert_eq!(layer.value(0, "visibility"), Value::Int(0));
    assert_eq!(layer.value(0, "begin"), Value::DateTime("2019-05-01".parse().unwrap()));
    assert_eq!(layer.value(1, "timestamp"), Value::DateTime("2019-01-01".parse().unwrap()));
    assert_eq!(layer.records[0].id.as_ref().unwrap().to_string(), "p1");
    assert_eq!(layer.records[1].geometry, None);
}

#[test]
fn shapes_of_all_kinds_are_read() {
    let shape = |xml: &str| {
        let sink = read(&document(&format!("<Placemark>{xml}</Placemark>")));
        assert_eq!(sink.rejected, 0, "{xml}");
        sink.layers[0].records[0].clone()
    };
    let ring = "<LinearRing><coordinates>0,0 4,0 4,4 0,4 0,0</coordinates></LinearRing>";
    let hole = "<LinearRing><coordinates>1,1 2,1 2,2</coordinates></LinearRing>";
    let polygon = format!(
        "<Polygon><outerBoundaryIs>{ring}</outerBoundaryIs><innerBoundaryIs>{hole}</innerBoundaryIs></Polygon>"
    );
    let read = shape(&polygon);
    let geometry = read.geometry.unwrap();
    assert_eq!((geometry.kind, geometry.ends.as_slice()), (GeometryKind::Polygon, &[5, 9][..]));
    assert_eq!(read.repairs, ["an open ring was closed"]);
    let kind = |xml: &str| shape(xml).geometry.unwrap().kind;
    let point = "<Point><coordinates>1,2,3</coordinates></Point>";
    assert_eq!(kind(point), GeometryKind::Point);
    assert_eq!(
        kind(&format!("<MultiGeometry>{polygon}{polygon}</MultiGeometry>")),
        GeometryKind::MultiPolygon
    );
    assert_eq!(
        kind(&format!(
            "<MultiGeometry>{polygon}<MultiGeometry>{point}</MultiGeometry></MultiGeometry>"
        )),
        GeometryKind::Collection
    );
    assert_eq!(kind(&format!("<MultiGeometry>{point}</MultiGeometry>")), GeometryKind::Point);
    let track = "<gx:Track><when>2020-01-01T00:00:00Z</when><when>2020-01-02T00:00:00Z</when><gx:coord>1 2 3</gx:coord><gx:coord>2 3 4</gx:coord></gx:Track>";
    assert_eq!(kind(track), GeometryKind::LineString);
    assert_eq!(
        kind(&format!("<gx:MultiTrack>{track}{track}</gx:MultiTrack>")),
        GeometryKind::MultiLineString
    );
    let model =
        "<Model><Location><longitude>118.3</longitude><latitude>33.9</latitude></Location></Model>";
    assert_eq!(shape(model).geometry.unwrap().xy, [[118.3, 33.9]]);
}

#[test]
fn altitudes_are_heights_only_where_they_mean_something() {
    let z = |mode: &str, altitude: &str| {
        let sink = read(&document(&format!(
            "<Placemark><Point>{mode}<coordinates>1,2,{altitude}</coordinates></Point></Placemark>"
        )));
        (sink.layers[0].records[0].geometry.clone().unwrap().z, sink.notes.len())
    };
    assert_eq!(z("<altitudeMode>absolute</altitudeMode>", "7"), (vec![7.0], 0));
    assert_eq!(z("<altitudeMode>absolute</altitudeMode>", "0"), (vec![], 0));
    assert_eq!(z("<altitudeMode>relativeToGround</altitudeMode>", "7"), (vec![7.0], 1));
    assert_eq!(z("<altitudeMode>clampToGround</altitudeMode>", "7"), (vec![], 1));
    assert_eq!(z("", "7"), (vec![], 1));
}

#[test]
fn a_bad_placemark_is_rejected_and_the_next_is_read() {
    let sink = read(&document(
        "<Placemark><name>坏</name><Point><coordinates>1;2</coordinates></Point></Placemark>\
         <Placemark><Polygon><innerBoundaryIs><LinearRing><coordinates>0,0 1,0 1,1 0,0</coordinates></LinearRing></innerBoundaryIs></Polygon></Placemark>\
         <Placemark><Point><coordinates>1,2</coordinates></Point></Placemark><NetworkLink><Link><href>http://example.org</href></Link></NetworkLink>\
         <GroundOverlay/>",
    ));
    assert_eq!((sink.kept, sink.rejected), (1, 2));
    let reject = &sink.layers[0].rejects[0];
    assert_eq!((reject.number, reject.id.as_deref()), (1, Some("坏")));
    assert!(reject.reason.contains("'1;2' is no coordinate"), "{}", reject.reason);
    assert!(sink.noted("1 network links") && sink.noted("1 overlays"));
}

#[test]
fn a_kmz_is_read_by_its_first_kml() {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    zip.start_file("files/icon.png", options).unwrap();
    zip.write_all(b"png").unwrap();
    for name in ["doc.kml", "files/other.kml"] {
        zip.start_file(name, options).unwrap();
        let kml = document(&format!("<Placemark><name>{name}</name></Placemark>"));
        zip.write_all(kml.as_bytes()).unwrap();
    }
    let bytes = zip.finish().unwrap().into_inner();
    let sink = read_bytes_as(Format::Kml, &bytes, &Options::default()).unwrap();
    assert_eq!(sink.layers[0].value(0, "name"), Value::Text("doc.kml".into()));
    assert!(sink.noted("2 .kml files"));
    for end in (0..bytes.len()).step_by(7) {
        assert!(read_bytes_as(Format::Kml, &bytes[..end], &Options::default()).is_err(), "{end}");
    }
}

#[test]
fn what_is_no_kml_is_refused() {
    for bad in ["", "<svg/>", "<kml>", "<!DOCTYPE a><kml/>", "<kml><Placemark></kml>"] {
        let error = read_bytes_as(Format::Kml, bad.as_bytes(), &Options::default()).unwrap_err();
        assert!(
            matches!(error, Error::Broken { .. } | Error::Unsupported { .. }),
            "{bad}: {error}"
        );
    }
    assert_eq!(read("<kml/>").kept, 0);
}

#[test]
fn real_files_have_the_counts_that_gdal_finds() {
    if let Some(path) = data("vector/1week_earthquake.kml.gz") {
        let sink = read_as(Format::Kml, &path, &Options::default()).unwrap();
        let counts: Vec<usize> = sink.layers.iter().map(|layer| layer.records.len()).collect();
        // ogrinfo 3.6.2, LIBKML: Magnitude 6 to 1.
        assert_eq!(counts, [6, 28, 93, 69, 215, 721]);
        assert_eq!((sink.kept, sink.rejected), (1132, 0));
        survives_damage(Format::Kml, &path);
    }
    if let Some(path) = data("vector/qgis_world_map_subset/multilayer.kml") {
        let sink = read_as(Format::Kml, &path, &Options::default()).unwrap();
        assert_eq!(sink.names(), ["Layer1", "Layer2"]);
        assert_eq!(
            sink.layer_named("Layer2").records[0].geometry.as_ref().unwrap().xy,
            [[3.0, 50.0]]
        );
        survives_damage(Format::Kml, &path);
    }
}
