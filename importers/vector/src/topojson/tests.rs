use onemap_model::{SourceId, Value};

use crate::Options;
use crate::testing::{CollectSink, data, read_all, read_bytes};

fn read(text: &str) -> CollectSink {
    read_bytes("map.topojson", text.as_bytes(), &Options::default()).unwrap()
}

#[test]
fn quantised_arcs_are_added_up_shared_and_reversed() {
    // Two squares that share an edge: arc 1 runs up it.
    let sink = read(
        r#"{"type":"Topology","objects":{"plots":{"type":"GeometryCollection","geometries":[
            {"type":"Polygon","id":"a","arcs":[[0,1]],"properties":{"n":1}},
            {"arcs":[[[-2,2]]],"type":"MultiPolygon","id":2,"properties":{"n":2.5}},
            {"type":null,"properties":{"n":3}},
            {"type":"MultiPoint","coordinates":[[10,10],[0,5]]},
            {"type":"GeometryCollection","geometries":[{"type":"LineString","arcs":[1]},{"type":"Point","coordinates":[0,0]}]}]}},
        "arcs":[[[10,10],[-10,0],[0,-10],[10,0]],[[10,0],[0,10]],[[10,0],[10,0],[0,10],[-10,0]]],
        "transform":{"scale":[0.5,0.1],"translate":[100,30]}}"#,
    );
    let layer = sink.layer_named("plots");
    let shape = |i: usize| layer.records[i].geometry.clone().unwrap();
    assert_eq!(
        shape(0).xy,
        [[105.0, 31.0], [100.0, 31.0], [100.0, 30.0], [105.0, 30.0], [105.0, 31.0]]
    );
    assert_eq!(shape(1).xy[..3], [[105.0, 31.0], [105.0, 30.0], [110.0, 30.0]]);
    assert_eq!((shape(1).ends.as_slice(), shape(1).parts.as_slice()), (&[5][..], &[1][..]));
    assert!(layer.records[2].geometry.is_none());
    assert_eq!(shape(3).xy, [[105.0, 31.0], [100.0, 30.5]]);
    assert_eq!(shape(4).members[0].xy, [[105.0, 30.0], [105.0, 31.0]]);
    assert_eq!(layer.records[0].id, Some(SourceId::Text("a".into())));
    assert_eq!(layer.value(1, "n"), Value::Float(2.5));
    assert!(layer.records.iter().all(|r| r.repairs.is_empty()));
}

#[test]
fn arcs_that_are_missing_reject_their_record_alone() {
    let sink = read(
        r#"{"type":"Topology","arcs":[[[0,0],[1,1]],null,[[null,null]]],"objects":{"x":{"type":"GeometryCollection","geometries":[
            {"type":"LineString","arcs":[0]},{"type":"LineString","arcs":[9]},{"type":"LineString","arcs":[-9223372036854775808]},
            {"type":"LineString","arcs":[1]},{"type":"LineString","arcs":[2]},{"type":"LineString","arcs":[[0]]},
            {"type":"LineString"},{"type":"Circle"},5]},"y":{"type":"LineString","arcs":[0]}}}"#,
    );
    let layer = sink.layer_named("x");
    assert_eq!((layer.records.len(), layer.rejects.len()), (1, 8));
    assert_eq!(sink.layer_named("map").records[0].id, Some(SourceId::Text("y".into())));
}

#[test]
fn a_small_file_cannot_ask_for_endless_vertices() {
    let arc = "[1,1],".repeat(100_000);
    let uses = "0,".repeat(100);
    let lines = format!(r#"{{"type":"LineString","arcs":[{uses}]}},"#).repeat(200);
    let text = format!(
        r#"{{"type":"Topology","arcs":[[{arc}]],"objects":{{"x":{{"type":"GeometryCollection","geometries":[{lines}]}}}}}}"#
    );
    let error = read_bytes("a.topojson", text.as_bytes(), &Options::default()).unwrap_err();
    assert!(error.to_string().contains("far more often"), "{error}");
}

#[test]
fn real_files_have_the_records_that_gdal_counts() {
    for (path, kept, rejected) in [
        ("vector/cambridge_ASSESSING_ParcelsFY2013.topojson.gz", 13_159, 0),
        ("vector/cambridge_BASEMAP_Roads.topojson.gz", 205, 0),
        // Nearly all of its objects are broken in one way each.
        ("vector/gdal_topojson/topojson1.topojson", 19, 36),
        ("vector/gdal_topojson/topojson2.topojson", 2, 0),
        ("vector/gdal_topojson/topojson3.topojson", 2, 0),
    ] {
        let Some(path) = data(path) else { continue };
        let sink = read_all(path.to_str().unwrap(), &Options::default()).unwrap();
        assert_eq!((sink.kept, sink.rejected), (kept, rejected), "{}", path.display());
    }
}
