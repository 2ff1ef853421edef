use std::io::{Cursor, Write};

use onemap_model::Value;

use crate::testing::{CollectSink, read_all, read_bytes};
use crate::{Error, Options};

/// A workbook with a title, a header, dates, numbers as text, a bad row, notes and a hidden sheet, written by
/// `xlwt`.
const XLS: &[u8] = include_bytes!("../../tests/data/schools.xls");

fn xlsx(sheet: &str) -> Vec<u8> {
    let parts = [
        ("[Content_Types].xml", r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>"#.to_owned()),
        ("_rels/.rels", r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#.to_owned()),
        ("xl/_rels/workbook.xml.rels", r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#.to_owned()),
        ("xl/workbook.xml", r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>"#.to_owned()),
        ("xl/styles.xml", r#"<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>"#.to_owned()),
        ("xl/worksheets/sheet1.xml", format!(r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{sheet}</sheetData></worksheet>"#)),
    ];
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn text(at: &str, text: &str) -> String {
    format!(r#"<c r="{at}" t="inlineStr"><is><t>{text}</t></is></c>"#)
}

fn read(name: &str, bytes: &[u8]) -> CollectSink {
    read_bytes(name, bytes, &Options::default()).unwrap()
}

#[test]
fn a_sheet_with_a_title_above_its_header_is_read() {
    let sheet = [
        format!("<row r=\"1\">{}</row>", text("A1", "学校一览表")),
        format!(
            "<row r=\"3\">{}{}{}{}</row>",
            text("A3", "编号"),
            text("B3", "建成"),
            text("C3", "经度"),
            text("D3", "纬度")
        ),
        format!(
            "<row r=\"4\">{}<c r=\"B4\" s=\"1\"><v>36039</v></c><c r=\"C4\"><v>118.25</v></c><c r=\"D4\"><v>33.95</v></c></row>",
            text("A4", "003")
        ),
        format!(
            "<row r=\"5\"><c r=\"A5\"><v>4</v></c><c r=\"C5\" t=\"e\"><v>#N/A</v></c>{}</row>",
            text("D5", "33.9")
        ),
        format!(
            "<row r=\"6\">{}{}{}</row>",
            text("A6", "5"),
            text("C6", "118°16'30&quot;"),
            text("D6", "３３．９６")
        ),
    ];
    let sink = read("schools.xlsx", &xlsx(&sheet.concat()));
    let layer = sink.layer_named("schools");
    assert_eq!((sink.kept, sink.rejected), (2, 1));
    assert_eq!(layer.fields()["编号"], "text");
    assert_eq!(layer.value(0, "编号"), Value::Text("003".into()));
    let Value::Date(day) = layer.value(0, "建成") else {
        panic!("{:?}", layer.value(0, "建成"))
    };
    assert_eq!(day.to_string(), "1998-09-01");
    let [x, y] = layer.records[1].geometry.as_ref().unwrap().xy[0];
    assert!((x - 118.275).abs() < 1e-9 && y == 33.96);
    assert!(layer.rejects[0].reason.starts_with("row 5: '经度' is empty"), "{:?}", layer.rejects);
}

#[test]
fn a_cell_in_the_last_corner_costs_no_memory() {
    let sheet = format!(
        "<row r=\"1\">{}{}</row><row r=\"2\"><c r=\"A2\"><v>118</v></c><c r=\"B2\"><v>33</v></c></row><row r=\"1048576\"><c r=\"XFD1048576\"><v>1</v></c></row>",
        text("A1", "lon"),
        text("B1", "lat")
    );
    let sink = read("a.xlsx", &xlsx(&sheet));
    assert_eq!((sink.kept, sink.rejected), (1, 1));
}

#[test]
fn an_old_workbook_is_read_without_its_notes_and_hidden_sheets() {
    let sink = read("schools.xls", XLS);
    assert_eq!(sink.names(), ["学校"]);
    let layer = sink.layer_named("学校");
    assert_eq!((sink.kept, sink.rejected), (3, 1));
    assert_eq!(layer.fields()["建成日期"], "date");
    assert_eq!(layer.fields()["学生数"], "float");
    assert_eq!(layer.value(0, "编号"), Value::Text("003".into()));
    assert!(layer.records[2].geometry.is_none());
    assert!(layer.rejects[0].reason.starts_with("row 6"), "{:?}", layer.rejects);
    assert!(sink.noted("'说明' holds no table"));
}

#[test]
fn an_opendocument_sheet_is_read() {
    let content = r#"<office:document-content xmlns:office="o" xmlns:table="t" xmlns:text="x"><office:body><office:spreadsheet>
        <table:table table:name="点"><table:table-row><table:table-cell><text:p>名称</text:p></table:table-cell><table:table-cell><text:p>lon</text:p></table:table-cell><table:table-cell><text:p>lat</text:p></table:table-cell><table:table-cell><text:p>建成</text:p></table:table-cell><table:table-cell table:number-columns-repeated="16380"/></table:table-row>
        <table:table-row table:number-rows-repeated="2"><table:table-cell><office:annotation><text:p>note</text:p></office:annotation><text:p>甲<text:s/>乙</text:p></table:table-cell><table:table-cell office:value-type="float" office:value="118.25"><text:p>118.3</text:p></table:table-cell><table:table-cell office:value-type="float" office:value="33.5"/><table:table-cell office:value-type="date" office:date-value="2020-01-05"><text:p>5.1.20</text:p></table:table-cell></table:table-row>
        <table:table-row table:number-rows-repeated="1048573"><table:table-cell table:number-columns-repeated="16384"/></table:table-row></table:table>
        <table:table table:name="空"/></office:spreadsheet></office:body></office:document-content>"#;
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in [
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", "<m/>"),
        ("content.xml", content),
    ] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    let sink = read("a.ods", &zip.finish().unwrap().into_inner());
    let layer = sink.layer_named("点");
    assert_eq!(layer.records.len(), 2);
    assert_eq!(layer.records[1].geometry.as_ref().unwrap().xy, [[118.25, 33.5]]);
    assert_eq!(layer.value(0, "名称"), Value::Text("甲 乙".into()));
    assert_eq!(layer.fields()["建成"], "date");
}

#[test]
fn damaged_workbooks_end_in_an_error() {
    let good = xlsx(&format!("<row r=\"1\">{}</row>", text("A1", "x")));
    for (name, bytes) in [("a.xls", XLS), ("a.xlsx", &good[..])] {
        for percent in [1, 10, 50, 90, 99] {
            let cut = bytes.get(..bytes.len() * percent / 100).unwrap();
            // The last bytes of a compound file may be unused.
            if let Ok(sink) = read_bytes(name, cut, &Options::default()) {
                assert!(name == "a.xls" && percent == 99 && sink.kept == 3, "{name} {percent}");
            }
        }
        // Every byte wrong once: an error or a table, but never a panic that escapes, nor endless memory.
        for at in (0..bytes.len()).step_by(11) {
            for value in [0, 1, 0x7f, 0xff] {
                let mut broken = bytes.to_vec();
                broken[at] = value;
                let _ = read_bytes(name, &broken, &Options::default());
            }
        }
    }
    let empty = read_bytes("a.xlsx", &xlsx(""), &Options::default()).unwrap_err();
    assert!(matches!(empty, Error::Unsupported { .. }), "{empty}");
}

#[test]
fn the_sample_city_s_tables_are_read() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data-samples/city");
    let told = Options { crs: Some("EPSG:4527".into()), ..Options::default() };
    for (name, options) in [
        ("schools.xlsx", Options::default()),
        ("hospitals.xlsx", told.clone()),
        ("cameras.csv", told),
        ("pois.csv", Options::default()),
        ("components.csv", Options::default()),
    ] {
        let sink = read_all(&format!("{folder}/{name}"), &options).unwrap();
        assert!(sink.kept > 50 && sink.rejected == 0, "{name}");
        assert!(sink.layers[0].records.iter().all(|r| r.geometry.is_some()), "{name}");
    }
}
