use onemap_model::{AxisOrder, Value};

use crate::testing::{CollectSink, data, read_all, read_bytes};
use crate::{Error, Options};

fn read(text: &str) -> CollectSink {
    read_bytes("t.csv", text.as_bytes(), &Options::default()).unwrap()
}

fn with_crs(text: &str, crs: &str) -> CollectSink {
    let options = Options { crs: Some(crs.into()), ..Options::default() };
    read_bytes("t.csv", text.as_bytes(), &options).unwrap()
}

fn xy(sink: &CollectSink, record: usize) -> [f64; 2] {
    sink.layers[0].records[record].geometry.as_ref().unwrap().xy[0]
}

#[test]
fn longitude_and_latitude_are_found_by_name_whatever_the_spelling() {
    for text in [
        "名称,经度,纬度\n甲,118.25,33.5\n",
        "name;lat;lng\n甲;33.5;118.25\n",
        "X经度\tY纬度\n１１８．２５\t33°30'\n",
        "\u{feff}lon|lat\n东经118°15′|北纬33°30′0″\n",
        "sep=;\nlon;lat\n118.25;33.5\n",
        "x,y\n118.25,33.5\n",
        "X坐标,Y坐标\n33.5,118.25\n",
    ] {
        let sink = read(text);
        assert_eq!(xy(&sink, 0), [118.25, 33.5], "{text}");
        assert_eq!(sink.layers[0].layer.default_crs, Some("OGC:CRS84"));
    }
}

#[test]
fn x_of_a_survey_table_is_the_northing_and_values_that_leave_no_doubt_win() {
    for (text, order) in [
        ("点号,X坐标,Y坐标\n1,3760960.31,39615546.06\n", AxisOrder::NorthEast),
        ("点号,纵坐标(X),横坐标(Y)\n1,3760960.31,615546.06\n", AxisOrder::NorthEast),
        ("点号,X坐标,Y坐标\n1,39615546.06,3760960.31\n", AxisOrder::EastNorth),
        ("x,y\n615546.06,3760960.31\n", AxisOrder::EastNorth),
        ("x,y\n3760960.31,615546.06\n", AxisOrder::NorthEast),
        ("东坐标,北坐标\n615546.06,3760960.31\n", AxisOrder::EastNorth),
        ("北坐标,东坐标\n3760960.31,615546.06\n", AxisOrder::EastNorth),
    ] {
        let sink = with_crs(text, "EPSG:4548");
        let [a, b] = xy(&sink, 0);
        let layer = &sink.layers[0].layer;
        assert_eq!(layer.axis_order, order, "{text}");
        let northing = if order == AxisOrder::NorthEast { a } else { b };
        assert_eq!(northing, 3_760_960.31, "{text}");
        assert_eq!((layer.crs.as_deref(), layer.default_crs), (None, None));
    }
    assert!(with_crs("X坐标,Y坐标\n3760960,39615546\n", "EPSG:4527").noted("as northing"));
}

#[test]
fn coordinates_in_metres_without_a_crs_are_refused_with_a_suggestion() {
    let text = "点号,X坐标,Y坐标\n1,3760960.31,39615546.06\n";
    let error = read_bytes("t.csv", text.as_bytes(), &Options::default()).unwrap_err();
    let Error::Unsupported { reason, remedy, .. } = error else { panic!("{error}") };
    assert!(reason.contains("X坐标") && remedy.contains("--crs"), "{reason} {remedy}");
}

#[test]
fn geometries_may_stand_in_one_column_in_three_spellings() {
    let hex = "0101000000000000000000F03F0000000000000040";
    let text = format!(
        "id,the_geom\n1,POINT(1 2)\n2,\"LINESTRING(0 0,1 1)\"\n3,{hex}\n4,\"{{\"\"type\"\":\"\"Point\"\",\"\"coordinates\"\":[1,2]}}\"\n5,\n6,POINT(1)\n7,POLYGON EMPTY\n"
    );
    let sink = read(&text);
    assert_eq!((sink.kept, sink.rejected), (6, 1));
    let layer = &sink.layers[0];
    assert_eq!(layer.fields().len(), 1);
    assert!(layer.records[4].geometry.is_none());
    assert!(layer.records[5].geometry.as_ref().unwrap().is_empty());
    assert!(
        layer.rejects[0].reason.starts_with("line 7: 'the_geom' holds no geometry"),
        "{:?}",
        layer.rejects
    );
    let ewkt = read("g\nSRID=4549;POINT(500000 3700000)\nSRID=4548;POINT(1 1)\n");
    assert_eq!(ewkt.layers[0].layer.crs.as_deref(), Some("EPSG:4549"));
    assert_eq!((ewkt.kept, ewkt.rejected), (1, 1));
}

#[test]
fn types_come_from_all_rows_and_texts_stay_as_they_are() {
    let sink = read(
        "code,n,x1,when,flag,mixed,id\n003,1,1.5,2020/1/5,true,1.10,321300199001011234\n12,,2,2020-02-01,FALSE,a,5\n",
    );
    let layer = &sink.layers[0];
    let fields: Vec<_> =
        layer.layer.fields.iter().map(|f| (f.name.as_str(), f.kind.name())).collect();
    assert_eq!(
        fields,
        [
            ("code", "text"),
            ("n", "int"),
            ("x1", "float"),
            ("when", "date"),
            ("flag", "bool"),
            ("mixed", "text"),
            ("id", "text")
        ]
    );
    assert_eq!(layer.value(0, "mixed"), Value::Text("1.10".into()));
    assert_eq!(layer.value(1, "x1"), Value::Float(2.0));
    assert_eq!(layer.value(1, "n"), Value::Null);
    assert!(sink.noted("no columns with coordinates"));
}

#[test]
fn bad_rows_are_rejected_with_their_line_and_good_ones_kept() {
    let sink = read(
        "name,lon,lat,note\na,118,33,\"two\nlines\"\nb,118\nc,x,33,\nd,118,33,,\ne,118,33,1,2\nf,,33,\ng,,,\nh,500,33,\ni,118,91,\"open\n",
    );
    let layer = &sink.layers[0];
    assert_eq!(sink.kept, 3);
    let reasons: Vec<_> = layer.rejects.iter().map(|r| r.reason.as_str()).collect();
    for (reason, expected) in reasons.iter().zip([
        "line 4: the row has 2 cells, the table 4",
        "line 5: 'lon' is 'x', which is no coordinate",
        "line 7: the row has 5 cells, the table 4",
        "line 8: 'lon' is empty",
        "line 10: 'lon' is 500",
        "line 11: a quote",
    ]) {
        assert!(reason.starts_with(expected), "{reason} / {expected}");
    }
    assert_eq!(reasons.len(), 6);
}

#[test]
fn gbk_is_detected_and_said() {
    let text = "编号,名称,地址,经度,纬度\n1,宿迁市第一人民医院,江苏省宿迁市宿城区,118.2,33.9\n";
    let (gbk, _, _) = encoding_rs::GB18030.encode(text);
    let sink = read_bytes("t.csv", &gbk, &Options::default()).unwrap();
    assert_eq!(sink.layers[0].value(0, "名称"), Value::Text("宿迁市第一人民医院".into()));
    assert!(sink.noted("gb18030"));
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert_eq!(read_bytes("t.csv", &utf16, &Options::default()).unwrap().kept, 1);
}

#[test]
fn a_table_without_header_is_said_to_have_none() {
    let sink = read("1,118.5,33.5\n2,118.6,33.6\n");
    assert_eq!(sink.kept, 2);
    assert!(sink.noted("no header"));
    let options =
        Options { xy_fields: Some(("column_2".into(), "column_3".into())), ..Options::default() };
    let sink = read_bytes("t.csv", b"1,118.5,33.5\n", &options).unwrap();
    assert_eq!(xy(&sink, 0), [118.5, 33.5]);
}

#[test]
fn titles_above_the_header_are_passed_over() {
    let sink = read("宿迁市学校一览表,,\n填表日期：2024年,,\n名称,经度,纬度\n甲,118,33\n");
    assert_eq!(sink.kept, 1);
    assert_eq!(sink.layers[0].layer.fields[0].name, "名称");
}

#[test]
fn real_files_have_the_rows_that_gdal_counts() {
    for (path, kept, rejected) in [
        ("vector/world_cities.csv.gz", 45_065, 0),
        ("vector/geoparquet_spec/examples/example.csv", 5, 0),
        ("vector/geoparquet_spec/test_data/data-point-wkt.csv", 4, 0),
        ("vector/geoparquet_spec/test_data/data-polygon-wkt.csv", 4, 0),
        ("vector/geoparquet_spec/test_data/data-multipolygon-wkt.csv", 5, 0),
        // Two rows are there for their broken WKT.
        ("vector/qgis_world_map_subset/geom_data.csv", 121, 2),
        // GDAL takes the first of these 57 lines of bare WKT for a header. Nine hold a second WKT.
        ("vector/qgis_world_map_subset/wkt_data.csv", 48, 9),
    ] {
        let Some(path) = data(path) else { continue };
        let options = Options { crs: Some("EPSG:4326".into()), ..Options::default() };
        let sink = read_all(path.to_str().unwrap(), &options).unwrap();
        let rejects: Vec<_> = sink.layers[0].rejects.iter().take(3).collect();
        assert_eq!((sink.kept, sink.rejected), (kept, rejected), "{} {rejects:?}", path.display());
    }
}

#[test]
fn a_raw_table_keeps_every_column_as_it_is_written() {
    let options = Options { raw_tables: true, ..Options::default() };
    let text = "点号,X坐标,Y坐标,管径\n1.10,3760960.310,?,300\n2,,39615546.06,DN300\n";
    let sink = read_bytes("t.csv", text.as_bytes(), &options).unwrap();
    let table = &sink.layers[0];
    assert_eq!((table.records.len(), table.rejects.len()), (2, 0));
    assert!(table.records.iter().all(|record| record.geometry.is_none()));
    assert_eq!(table.value(0, "点号"), Value::Text("1.10".into()));
    assert_eq!(table.value(0, "X坐标"), Value::Text("3760960.310".into()));
    assert_eq!(table.value(0, "Y坐标"), Value::Text("?".into()));
    assert_eq!(table.value(1, "管径"), Value::Text("DN300".into()));
}
