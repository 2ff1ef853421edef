//! Real files, and such as nobody should write.

use onemap_model::{GeometryKind, Value};

use crate::testing::{CollectSink, collect, data};
use crate::{Error, Options, survey};

fn read_file(path: &std::path::Path) -> Result<CollectSink, Error> {
    let found = survey(path.to_str().unwrap(), None)?;
    collect(&found.sources[0], &Options::default())
}

fn read(text: &str) -> Result<CollectSink, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipes.gml");
    std::fs::write(&path, text).unwrap();
    read_file(&path)
}

const SMALL: &str = r#"<?xml version="1.0"?><core:CityModel xmlns:core="http://www.opengis.net/citygml/2.0"
 xmlns:uro="https://www.geospatial.jp/iur/uro/3.0" xmlns:gml="http://www.opengis.net/gml">
<core:cityObjectMember><uro:WaterPipe gml:id="p1"><uro:lod0Geometry><gml:LineString srsName="EPSG:6677" srsDimension="3">
<gml:posList>0 0 1.5 50 10 1.4 100 0 1.0</gml:posList></gml:LineString></uro:lod0Geometry><uro:year>1986</uro:year>
<uro:depth uom="m">1.3</uro:depth><uro:innerDiamiter uom="mm">286</uro:innerDiamiter></uro:WaterPipe></core:cityObjectMember>
<core:cityObjectMember><uro:Manhole gml:id="m1"><uro:lod0Geometry><gml:Point><gml:pos>100.02 0 0</gml:pos></gml:Point>
</uro:lod0Geometry></uro:Manhole></core:cityObjectMember></core:CityModel>"#;

#[test]
fn a_pipe_ends_at_the_manhole_that_lies_there() {
    let sink = read(SMALL).unwrap();
    assert_eq!(sink.value("p1", "from_node"), Value::Text("p1/1".into()));
    assert_eq!(sink.value("p1", "to_node"), Value::Text("m1".into()));
    assert_eq!(sink.value("p1", "diameter"), Value::Float(286.0));
    assert_eq!(sink.value("p1", "class"), Value::Text("JS".into()));
    assert_eq!(sink.value("p1", "depth_from"), Value::Float(1.3));
    assert_eq!(sink.record_of("p1").geometry.as_ref().unwrap().z, [1.5, 1.4, 1.0]);
    assert_eq!(sink.layers[0].crs.as_deref(), Some("EPSG:6677"));
}

#[test]
fn utilities_of_plateau_are_read_with_their_sizes_where_they_lie() {
    let Some(folder) = data("network/gis/plateau-unf") else { return };
    // Pipes and cables, manholes and so on; counted with grep.
    for (name, links, things, class) in
        [("elec", 2, 0, "DL"), ("sewer", 3, 3, "PS"), ("water", 3, 4, "JS")]
    {
        let sink = read_file(&folder.join(format!("{name}_53403039_unf_6697.gml"))).unwrap();
        assert_eq!(sink.rejects.len(), 0, "{name}: {:?}", sink.rejects);
        assert_eq!(sink.links(), links, "{name}");
        let found = sink
            .records
            .iter()
            .filter(|record| sink.value_in(record, "from_node") == Value::Null)
            .filter(|record| sink.value_in(record, "element") != Value::Text("junction".into()));
        assert_eq!(found.count(), things, "{name}");
        for record in &sink.records {
            let [x, y] = record.geometry.as_ref().unwrap().xy[0];
            assert!((140.1..140.2).contains(&x) && (35.6..35.7).contains(&y), "{name} {x} {y}");
        }
        let line = sink
            .records
            .iter()
            .find(|r| r.geometry.as_ref().unwrap().kind == GeometryKind::LineString);
        assert_eq!(sink.value_in(line.unwrap(), "class"), Value::Text(class.into()), "{name}");
        eprintln!("{name}: {:?}", sink.codes());
    }
}

#[test]
fn the_sewers_of_rotterdam_are_as_connected_as_their_graph_says() {
    let Some(folder) = data("network/gis/rotterdam-hoogvliet") else { return };
    let sink = read_file(&folder.join("sewer_utilitynetworkade.gml")).unwrap();
    assert_eq!((sink.links(), sink.rejects.len()), (246, 0));
    let manholes = |record: &&onemap_model::Record| {
        sink.value_in(record, "element") == Value::Text("manhole".into())
    };
    assert_eq!(sink.records.iter().filter(manholes).count(), 231);
    assert_eq!(sink.records.len(), 246 + 231, "every pipe ends at manholes");
    let count = |field: &str, value: &str| {
        let value = Value::Text(value.into());
        sink.records.iter().filter(|record| sink.value_in(record, field) == value).count()
    };
    assert_eq!((count("shape", "round"), count("class", "PS")), (190, 477));
    assert_eq!(count("material", "PVC") + count("material", "BT"), 246);
}

#[test]
fn damaged_and_hostile_files_end_in_an_error_or_less_not_in_a_panic() {
    for end in (0..SMALL.len()).step_by(7) {
        let _ = read(&SMALL[..end]);
    }
    for number in ["1e999", "nan", "-inf", "x", ""] {
        let sink = read(&SMALL.replace("50 10 1.4", &format!("{number} 10 1.4")));
        let _ = sink.map(|sink| sink.links());
    }
    let bomb = format!("<!DOCTYPE a [<!ENTITY b \"c\">]>{}", SMALL.split_once("?>").unwrap().1);
    assert!(read(&bomb).is_err());
    let deep = SMALL.replace("<uro:year>", &"<uro:year>".repeat(5000));
    assert!(read(&deep).is_err());
    let many =
        SMALL.replace("<uro:year>1986</uro:year>", &"<uro:year>1</uro:year>".repeat(100_000));
    assert_eq!(read(&many).unwrap().links(), 1);
    let none = SMALL.replace("LineString", "Curve");
    assert_eq!(read(&none).unwrap().rejects.len(), 1);
}
