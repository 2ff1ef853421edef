//! What becomes of GPX files.

use onemap_model::{GeometryKind, Value};

use crate::testing::{CollectSink, data, read_as, read_bytes_as, survives_damage};
use crate::{Format, Options};

fn read(gpx: &str) -> CollectSink {
    read_bytes_as(Format::Gpx, gpx.as_bytes(), &Options::default()).unwrap()
}

#[test]
fn waypoints_routes_and_tracks_are_three_layers() {
    let sink = read(
        r#"<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"><metadata><name>x</name></metadata>
        <wpt lat="33.9" lon="118.3"><ele>12.5</ele><time>2024-05-01T08:00:00+08:00</time><name>井盖</name><sat>7</sat><hdop>1.5</hdop>
          <link href="http://example.org/1"><text>t</text></link>
          <extensions><a:depth xmlns:a="u">2.5</a:depth><a:tag xmlns:a="u">1</a:tag><a:tag xmlns:a="u">2</a:tag></extensions></wpt>
        <rte><name>r</name><rtept lat="1" lon="2"><name>a</name></rtept><rtept lat="3" lon="4"/></rte>
        <trk><number>3</number>
          <trkseg><trkpt lat="1" lon="2"><ele>5</ele><time>2024-05-01T00:00:00Z</time></trkpt><trkpt lat="3" lon="4"><ele>6</ele></trkpt></trkseg>
          <trkseg/>
          <trkseg><trkpt lat="5" lon="6"><ele>7</ele></trkpt><trkpt lat="7" lon="8"><ele>8</ele><time>2024-05-01T01:00:00Z</time></trkpt></trkseg>
        </trk></gpx>"#,
    );
    assert_eq!(sink.names(), ["waypoints", "routes", "tracks"]);
    let waypoints = sink.layer_named("waypoints");
    let point = waypoints.records[0].geometry.clone().unwrap();
    assert_eq!((point.xy, point.z), (vec![[118.3, 33.9]], vec![12.5]));
    assert_eq!(waypoints.value(0, "time"), Value::DateTime("2024-05-01".parse().unwrap()));
    assert_eq!(waypoints.value(0, "sat"), Value::Int(7));
    assert_eq!(waypoints.value(0, "link"), Value::Text("http://example.org/1".into()));
    assert_eq!(
        waypoints.value(0, "extensions"),
        Value::Json(r#"{"depth":"2.5","tag":["1","2"]}"#.into())
    );
    let route = sink.layer_named("routes").records[0].geometry.clone().unwrap();
    assert_eq!(
        (route.kind, route.xy, route.z),
        (GeometryKind::LineString, vec![[2.0, 1.0], [4.0, 3.0]], vec![])
    );
    let tracks = sink.layer_named("tracks");
    let track = tracks.records[0].geometry.clone().unwrap();
    assert_eq!((track.kind, track.ends.as_slice()), (GeometryKind::MultiLineString, &[2, 4][..]));
    assert_eq!(track.z, [5.0, 6.0, 7.0, 8.0]);
    assert_eq!(tracks.value(0, "number"), Value::Int(3));
    assert_eq!(tracks.value(0, "end"), Value::DateTime("2024-05-01T01:00:00Z".parse().unwrap()));
}

#[test]
fn a_point_without_coordinates_rejects_its_record() {
    let sink = read(
        r#"<gpx><wpt lat="1"><name>a</name></wpt><wpt lat="x" lon="2"/><trk><name>t</name><trkseg><trkpt lat="1" lon="nan"/></trkseg></trk>
        <wpt lat="1" lon="2"/><trk/></gpx>"#,
    );
    assert_eq!((sink.kept, sink.rejected), (2, 3));
    let rejects = &sink.layer_named("waypoints").rejects;
    assert_eq!(rejects[0].id.as_deref(), Some("a"));
    assert!(rejects[0].reason.contains("'lon'"), "{}", rejects[0].reason);
    assert_eq!(sink.layer_named("tracks").records[0].geometry, None);
}

#[test]
fn what_is_no_gpx_is_refused() {
    for bad in ["", "<kml/>", "<gpx>", "<gpx><wpt></gpx>"] {
        assert!(read_bytes_as(Format::Gpx, bad.as_bytes(), &Options::default()).is_err(), "{bad}");
    }
}

#[test]
fn the_real_file_has_the_counts_that_gdal_finds() {
    let Some(path) = data("vector/qgis_world_map_subset/layers.gpx") else { return };
    let sink = read_as(Format::Gpx, &path, &Options::default()).unwrap();
    assert_eq!(sink.layer_named("waypoints").records.len(), 5);
    let track = &sink.layer_named("tracks").records[0];
    // ogrinfo: 1,274 track points in the one track.
    assert_eq!(track.geometry.as_ref().unwrap().vertex_count(), 1274);
    survives_damage(Format::Gpx, &path);
}
