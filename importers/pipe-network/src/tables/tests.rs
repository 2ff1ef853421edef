//! Survey tables in their layouts, and GIS layers.

use onemap_model::{GeometryKind, Value, network_field as f};

use crate::testing::{CollectSink, collect, data, read_path};
use crate::{Mapping, Options, Source, is_pipe_network, survey};

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn float(value: f64) -> Value {
    Value::Float(value)
}

fn options() -> Options {
    Options { crs: Some("EPSG:4548".into()), ..Options::default() }
}

/// Writes files and reads the one network in them.
fn network(files: &[(&str, &[u8])], options: &Options) -> CollectSink {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    read_path(folder.path().to_str().unwrap(), options)
}

fn gbk(text: &str) -> Vec<u8> {
    encoding_rs::GBK.encode(text).0.into_owned()
}

const POINTS: &str = "物探点号,特征,附属物,X,Y,地面高程(m),井深,开关状态\n\
    JS1,三通,,3379505.148,501547.846,20.00,,\nJS2,,阀门井,3379505.148,501577.846,20.10,1.8,关\n\
    JS3,,消防栓,3379535.148,501547.846,２０．２０,,\nJS4,盖堵,,3379475.148,501547.846,20.00,,\n";
const LINES: &str = "起点点号,终点点号,起点埋深,终点埋深,起点管顶高程,终点管顶高程,管径,材质,埋设方式,流向,使用状态,建设年代,备注\n\
    JS1,JS2,1.00,1.10,19.00,19.00,DN300,QM,直埋,,0,1998,a\nJS1,JS3,1.00,1.20,19.00,19.00,２００,PE,ZM,,1,2003,b\n\
    JS1,JS4,1.00,1.00,,,400×300,G,ZM,,0,2003,c\n";

#[test]
fn points_and_lines_in_two_gbk_files_become_a_network_true_in_height() {
    let sink =
        network(&[("js_points.csv", &gbk(POINTS)), ("js_lines.csv", &gbk(LINES))], &options());
    assert_eq!((sink.records.len(), sink.links(), sink.rejects.len()), (7, 3, 0));
    assert_eq!(sink.findings, []);
    assert_eq!(sink.layers[0].name, "js");
    let node = sink.record_of("JS2").geometry.clone().unwrap();
    assert_eq!((node.kind, node.xy[0]), (GeometryKind::Point, [501_577.846, 3_379_505.148]));
    assert_eq!(node.z, [19.0 - 0.15]);
    assert_eq!(sink.value("JS2", f::ELEMENT), text("valve"));
    assert_eq!(sink.value("JS2", f::BOTTOM), float(18.3));
    assert_eq!(sink.value("JS2", f::CLOSED), Value::Bool(true));
    assert_eq!(sink.value("JS3", f::GROUND), float(20.2));
    let line = sink.record_of("JS1-JS3").geometry.clone().unwrap();
    assert_eq!(line.z, [18.9, 18.9]);
    assert_eq!(sink.value("JS1-JS2", f::MATERIAL), text("球墨铸铁"));
    assert_eq!(sink.value("JS1-JS2", f::LAYING), text("ZM"));
    assert_eq!(sink.value("JS1-JS2", f::CLASS), text("JS"));
    assert_eq!(sink.value("JS1-JS3", "state"), text("retired"));
    assert_eq!(sink.value("JS1-JS3", f::DIAMETER), float(200.0));
    assert_eq!(sink.value("JS1-JS4", f::ELEVATION_FROM), float(19.0));
    assert_eq!(sink.record_of("JS1-JS4").geometry.as_ref().unwrap().z, [18.85, 18.85]);
    assert_eq!(sink.value("JS1-JS4", f::WIDTH), float(400.0));
    assert_eq!(sink.value("JS1-JS4", "备注"), text("c"));
    assert!(sink.notes.iter().any(|note| note.text.contains("northing")));
}

#[test]
fn a_row_for_each_end_gives_each_line_once_with_the_heights_of_both() {
    let table = "物探点号,连接点号,特征,附属物,X,Y,地面高程,管底高程,埋深,管径,材质,流向\n\
        W1,W2,,检修井,3379505,501547,20,18.00,2.00,300,砼,顺\n\
        W2,W1,,检修井,3379535,501547,20,17.90,2.10,300,砼,逆\n\
        W2,W3,,检修井,3379535,501547,20,17.80,2.20,400,砼,顺\n\
        W3,W2,,出水口,3379565,501547,20,17.70,2.30,400,砼,逆\n";
    let sink = network(&[("W.csv", table.as_bytes())], &options());
    assert_eq!((sink.records.len(), sink.links()), (5, 2));
    assert_eq!(sink.findings, []);
    assert_eq!(sink.value("W1-W2", f::ELEVATION_TO), float(17.9));
    assert_eq!(sink.value("W1-W2", f::LEVEL), text("invert"));
    assert_eq!(sink.value("W1-W2", f::FLOW), Value::Int(1));
    assert_eq!(sink.value("W1-W2", f::SUBCLASS), text("WS"));
    assert_eq!(sink.record_of("W2-W3").geometry.as_ref().unwrap().z, [18.0, 17.9]);
    assert_eq!(sink.value("W3", f::ELEMENT), text("outfall"));
}

#[test]
fn what_is_overhead_has_negative_depths_and_ducts_have_holes() {
    let points = "EXP_NO,FEATURE,SUBSID,X,Y,SURF_H\nGD1,,灯杆,3379505,501547,20\nGD2,,灯杆,3379535,501547,20\nGD3,,人孔,3379565,501547,20\n";
    let lines = "S_POINT,E_POINT,S_DEPTH,E_DEPTH,SECTION,HOLES,USED_HOLES,MATERIAL,LAYING\n\
        GD1,GD2,-6.0,-6.0,,,,TZ,架空\nGD2,GD3,0.8,0.8,2*3,,4,TZ,管块\n";
    let sink = network(
        &[("GDPOINT.csv", points.as_bytes()), ("GDLINE.csv", lines.as_bytes())],
        &options(),
    );
    assert_eq!(sink.findings, []);
    assert_eq!(sink.record_of("GD1-GD2").geometry.as_ref().unwrap().z, [26.0, 26.0]);
    assert_eq!(sink.value("GD1-GD2", f::ELEMENT), text("cable"));
    assert_eq!(sink.value("GD2-GD3", f::HOLES), Value::Int(6));
    assert_eq!(sink.value("GD2-GD3", f::ELEMENT), text("duct"));
}

#[test]
fn a_mapping_tells_headers_and_codes_that_nobody_knows() {
    let points = "测井,北,东,盖\nA,3379505,501547,20\nB,3379535,501547,20\n";
    let lines = "甲,乙,粗,料,深甲,深乙\nA,B,300,铸,1,1\n";
    let map = Mapping::parse(
        r#"{"columns": {"测井": "code", "北": "northing", "东": "easting", "盖": "ground", "甲": "from_node", "乙": "to_node",
            "粗": "section", "料": "material", "深甲": "depth_from", "深乙": "depth_to"},
            "values": {"material": {"铸": "ZT"}}}"#,
    )
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a点.csv"), points).unwrap();
    std::fs::write(folder.path().join("a线.csv"), lines).unwrap();
    let path = folder.path().to_str().unwrap();
    assert!(!is_pipe_network(path));
    assert!(survey(path, None).is_err());
    let sink = read_path(path, &Options { map: Some(map), ..options() });
    assert_eq!((sink.records.len(), sink.links()), (3, 1));
    assert_eq!(sink.value("A-B", f::MATERIAL), text("铸铁"));
    assert!(Mapping::parse(r#"{"columns": {"a": "colour"}}"#).unwrap_err().contains("colour"));
}

#[test]
fn a_city_table_is_no_network_and_a_road_with_ends_is_none_beyond_doubt() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("roads.csv");
    std::fs::write(&path, "fnode,tnode,name\n1,2,a\n2,3,b\n").unwrap();
    assert!(!is_pipe_network(path.to_str().unwrap()));
    let path = folder.path().join("schools.csv");
    std::fs::write(&path, "编号,名称,X坐标,Y坐标\n1,一中,3379505,501547\n").unwrap();
    assert!(!is_pipe_network(path.to_str().unwrap()));
    assert!(survey(path.to_str().unwrap(), None).is_err());
}

#[test]
fn lines_alone_are_joined_where_they_meet() {
    let lines = r#"{"type":"FeatureCollection","features":[
        {"type":"Feature","properties":{"diameter":300},"geometry":{"type":"LineString","coordinates":[[118.0,33.0],[118.001,33.0]]}},
        {"type":"Feature","properties":{"diameter":300},"geometry":{"type":"LineString","coordinates":[[118.0005,33.0],[118.0005,33.001]]}}]}"#;
    let whole = network(&[("pipes.geojson", lines.as_bytes())], &Options::default());
    assert_eq!((whole.links(), whole.records.len()), (2, 6));
    let split = network(
        &[("pipes.geojson", lines.as_bytes())],
        &Options { split: true, ..Options::default() },
    );
    assert_eq!((split.links(), split.records.len()), (3, 7));
    assert!(split.layers[0].crs.is_some());
}

#[test]
fn the_same_number_in_two_classes_means_two_points() {
    let file = |code: &str, x: u32| {
        format!(
            "物探点号,连接点号,X,Y,地面高程,埋深,管径,材质\n1,2,337950{x},501547,20,1,{code},PE\n2,1,337953{x},501547,20,1,{code},PE\n"
        )
    };
    let folder = tempfile::tempdir().unwrap();
    let book = onemap_workbook(folder.path(), &[("JS", &file("300", 5)), ("WS", &file("400", 7))]);
    let sink = read_path(&book, &options());
    assert_eq!((sink.records.len(), sink.links()), (6, 2));
    assert_eq!(sink.findings, []);
    assert_eq!(sink.value("ws/1", f::CLASS), text("PS"));
}

/// Writes tables as the sheets of an OpenDocument workbook.
fn onemap_workbook(folder: &std::path::Path, sheets: &[(&str, &str)]) -> String {
    use std::fmt::Write;
    let mut tables = String::new();
    for (name, text) in sheets {
        write!(tables, "<table:table table:name=\"{name}\">").unwrap();
        for line in text.lines() {
            tables.push_str("<table:table-row>");
            for cell in line.split(',') {
                let kind = "office:value-type=\"string\"";
                write!(
                    tables,
                    "<table:table-cell {kind}><text:p>{cell}</text:p></table:table-cell>"
                )
                .unwrap();
            }
            tables.push_str("</table:table-row>");
        }
        tables.push_str("</table:table>");
    }
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><office:document-content \
         xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
         xmlns:table=\"urn:oasis:names:tc:opendocument:xmlns:table:1.0\" \
         xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\"><office:body><office:spreadsheet>{tables}\
         </office:spreadsheet></office:body></office:document-content>"
    );
    let path = folder.join("survey.ods");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    let stored = zip::write::SimpleFileOptions::default();
    for (name, content) in [
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
        ("content.xml", xml.as_str()),
        ("META-INF/manifest.xml", "<manifest/>"),
    ] {
        zip.start_file(name, stored).unwrap();
        std::io::Write::write_all(&mut zip, content.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
    path.to_str().unwrap().to_owned()
}

fn rotterdam() -> Option<Source> {
    let folder = data("network/gis/rotterdam-hoogvliet")?;
    let survey = survey(folder.to_str().unwrap(), None).unwrap();
    let tables = survey.sources.into_iter().find(|source| source.format == crate::Format::Tables);
    Some(tables.unwrap())
}

#[test]
fn rotterdam_has_three_components_and_96_lines_drawn_against_their_fall() {
    let Some(source) = rotterdam() else { return };
    assert_eq!(source.tables.len(), 2, "{source:?}");
    let sink = collect(&source, &Options::default()).unwrap();
    assert_eq!((sink.links(), sink.records.len(), sink.rejects.len()), (246, 246 + 231, 0));
    assert_eq!(sink.count("against-fall"), 96);
    assert_eq!(sink.count("no-levels"), 34);
    let flowing = sink
        .records
        .iter()
        .filter(|r| matches!(sink.value_in(r, f::FLOW), Value::Int(n) if n != 0))
        .count();
    eprintln!("{} {flowing} {:?}", sink.layers[0].name, sink.codes());
    // The file has -9999 for every height it does not know.
    for record in &sink.records {
        assert!(record.geometry.as_ref().unwrap().z.iter().all(|z| *z > -50.0));
    }
    assert_eq!(components(&sink), 3);
}

/// Counts the connected parts by the fields of the ends.
fn components(sink: &CollectSink) -> usize {
    let mut parents: std::collections::BTreeMap<String, String> = std::collections::BTreeMap::new();
    fn root(parents: &mut std::collections::BTreeMap<String, String>, code: &str) -> String {
        let parent = parents.entry(code.to_owned()).or_insert_with(|| code.to_owned()).clone();
        if parent == code { parent } else { root(parents, &parent) }
    }
    for record in &sink.records {
        if let (Value::Text(a), Value::Text(b)) =
            (sink.value_in(record, f::FROM), sink.value_in(record, f::TO))
        {
            let (a, b) = (root(&mut parents, &a), root(&mut parents, &b));
            parents.insert(a, b);
        }
    }
    let codes: Vec<String> = parents.keys().cloned().collect();
    let roots: std::collections::BTreeSet<String> =
        codes.iter().map(|code| root(&mut parents, code)).collect();
    roots.len()
}

#[test]
fn rotterdam_is_the_same_network_as_geopackage_and_geojson() {
    let Some(source) = rotterdam() else { return };
    let folder = tempfile::tempdir().unwrap();
    let shapes = source.path.parent().unwrap();
    let gdal = |args: &[&str]| {
        let done = std::process::Command::new("ogr2ogr").args(args).output();
        if done.as_ref().is_ok_and(|done| done.status.success()) {
            return true;
        }
        eprintln!("SKIPPED: ogr2ogr is not there: {done:?}");
        false
    };
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let shape = |name: &str| shapes.join(name).to_str().unwrap().to_owned();
    let (package, lines, points) =
        (path("a/sewer.gpkg"), path("b/sewer_lines.geojson"), path("b/manholes.geojson"));
    std::fs::create_dir(folder.path().join("a")).unwrap();
    std::fs::create_dir(folder.path().join("b")).unwrap();
    if !gdal(&[&package, &shape("sewer_lines.shp")]) {
        return;
    }
    assert!(gdal(&["-update", &package, &shape("manholes.shp")]));
    assert!(gdal(&["-t_srs", "EPSG:4326", &lines, &shape("sewer_lines.shp")]));
    assert!(gdal(&["-t_srs", "EPSG:4326", &points, &shape("manholes.shp")]));
    for place in ["a", "b"] {
        let sink = read_path(&path(place), &Options::default());
        assert_eq!((sink.links(), sink.records.len()), (246, 477), "{place}");
        assert_eq!((sink.count("against-fall"), sink.count("no-levels")), (96, 34), "{place}");
        assert_eq!(components(&sink), 3);
    }
}

#[test]
fn only_the_pipes_of_the_sample_city_are_networks() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data-samples/city");
    let mut networks = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() && is_pipe_network(path.to_str().unwrap()) {
            networks.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    networks.sort();
    let words = ["_survey", "gas_", "heat_", ".inp"];
    assert!(
        networks.iter().all(|name| words.iter().any(|word| name.contains(word))),
        "{networks:?}"
    );
    for name in [
        "water_survey.xlsx",
        "sewer_survey.xlsx",
        "cables_survey.xlsx",
        "gas_lines.csv",
        "heat_lines.shp",
        "water.inp",
        "storm.inp",
    ] {
        assert!(networks.iter().any(|found| found == name), "{name} {networks:?}");
    }
}

#[test]
fn lines_named_alone_get_nodes_at_their_ends_and_a_zip_is_read_like_a_folder() {
    let Some(source) = rotterdam() else { return };
    let alone = read_path(
        source.path.parent().unwrap().join("sewer_lines.shp").to_str().unwrap(),
        &Options::default(),
    );
    assert_eq!((alone.links(), alone.rejects.len()), (246, 0));
    assert_eq!(alone.records.len(), 477);
    assert_eq!(components(&alone), 3);
    assert!(alone.notes.iter().any(|note| note.text.starts_with("231 nodes")));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("js.zip");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    for (name, bytes) in [("a/js_points.csv", gbk(POINTS)), ("a/js_lines.csv", gbk(LINES))] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut zip, &bytes).unwrap();
    }
    zip.finish().unwrap();
    let sink = read_path(path.to_str().unwrap(), &options());
    assert_eq!((sink.links(), sink.records.len(), sink.layers[0].name.as_str()), (3, 7, "js"));
    // One half named finds the other beside it.
    std::fs::write(folder.path().join("js_points.csv"), POINTS).unwrap();
    std::fs::write(folder.path().join("js_lines.csv"), LINES).unwrap();
    let half = read_path(folder.path().join("js_lines.csv").to_str().unwrap(), &options());
    assert_eq!((half.links(), half.records.len()), (3, 7));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(96))]

    #[test]
    fn whatever_stands_in_the_cells_nothing_panics_and_every_row_is_accounted_for(
        rows in proptest::collection::vec(proptest::collection::vec(
            proptest::sample::select(vec!["", "1", "2", "A", "W1", "-9999", "1e308", "-1e308", "NaN", "3379505", "501547", "3.3.3", "2*3",
                "400×300", "DN0", "孔", "99999999999999999999孔", "顺", "-1", "0", "５", "三通", "阀", "JK", "1,5", "\u{3000}", "1e-320"]), 16), 1..24),
        two in proptest::bool::ANY,
    ) {
        let header = "物探点号,连接点号,特征,附属物,X,Y,地面高程,管底高程,埋深,井深,管径或断面,材质,埋设方式,流向,建设年代,要素代码";
        let body = rows.iter().map(|row| format!("\"{}\"", row.join("\",\""))).collect::<Vec<_>>().join("\n");
        let folder = tempfile::tempdir().unwrap();
        if two {
            let lines = "起点点号,终点点号,起点埋深,终点埋深,起点管底高程,终点管底高程,管径,材质,埋设方式,流向,总孔数,已用孔数,长度,建设年代,使用状态,压力";
            std::fs::write(folder.path().join("W点.csv"), format!("{}\n{body}", header.replace("连接点号", "备注"))).unwrap();
            std::fs::write(folder.path().join("W线.csv"), format!("{lines}\n{body}")).unwrap();
        } else {
            std::fs::write(folder.path().join("W.csv"), format!("{header}\n{body}")).unwrap();
        }
        if let Ok(survey) = survey(folder.path().to_str().unwrap(), None) {
            for source in &survey.sources {
                let sink = collect(source, &options()).unwrap();
                let mut ids: Vec<_> = sink.records.iter().map(|record| record.id.clone()).collect();
                ids.sort();
                ids.dedup();
                proptest::prop_assert_eq!(ids.len(), sink.records.len());
                for finding in &sink.findings {
                    proptest::prop_assert!(crate::codes().iter().any(|rule| rule.code == finding.code));
                }
            }
        }
    }
}

#[test]
fn casings_are_read_by_size_and_material_and_what_is_neither_stays_as_it_is() {
    let points = "物探点号,特征,X,Y,地面高程\nR1,盖堵,3379505,501547,20\nR2,弯头,3379535,501547,20\n\
        R3,弯头,3379565,501547,20\nR4,弯头,3379595,501547,20\nR5,弯头,3379625,501547,20\nR6,盖堵,3379655,501547,20\n";
    let lines = "起点点号,终点点号,起点埋深,终点埋深,管径,材质,套管,套管材质\n\
        R1,R2,1.0,1.0,200,PE,DN400,钢管\nR2,R3,1.0,1.0,200,PE,有,\nR3,R4,1.0,1.0,200,PE,钢,\n\
        R4,R5,1.0,1.0,200,PE,无,\nR5,R6,1.0,1.0,200,PE,400×300,砼\n";
    let sink = network(
        &[("RQPOINT.csv", points.as_bytes()), ("RQLINE.csv", lines.as_bytes())],
        &options(),
    );
    assert_eq!((sink.links(), sink.rejects.len()), (5, 0));
    assert_eq!(sink.findings, []);
    assert_eq!(sink.value("R1-R2", f::CASING), float(400.0));
    assert_eq!(sink.value("R1-R2", f::CASING_MATERIAL), text("钢"));
    assert_eq!(sink.value("R2-R3", f::CASING), Value::Null);
    assert_eq!(sink.value("R2-R3", "套管"), text("有"));
    assert_eq!(sink.value("R3-R4", f::CASING_MATERIAL), text("钢"));
    assert_eq!(sink.value("R4-R5", "套管"), Value::Null);
    assert_eq!(sink.value("R5-R6", "套管"), text("400×300"));
    assert_eq!(sink.value("R5-R6", f::CASING_MATERIAL), text("混凝土"));
    // The height stays that of the pipe.
    assert_eq!(sink.record_of("R1-R2").geometry.as_ref().unwrap().z, [18.9, 18.9]);
}
