//! Real files, compared with the text beside them, and files made broken in known ways.

use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, MapBuilder, StringBuilder};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array,
    Float64Array, Int8Array, ListArray, RecordBatch, StringArray, StructArray,
    Time64MicrosecondArray, TimestampMillisecondArray, UInt64Array,
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{DataType, Field, Schema};
use onemap_model::{FieldType, GeometryKind, Value};
use parquet::arrow::ArrowWriter;
use parquet::basic::{BrotliLevel, Compression, GzipLevel, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use crate::Format;
use crate::judge;
use crate::testing::{CollectSink, data};

fn read(path: &Path) -> CollectSink {
    judge::read(Format::GeoParquet, path).unwrap()
}

#[test]
fn every_example_of_the_specification_is_what_the_csv_beside_it_says() {
    for path in judge::files(&["vector/geoparquet_spec/test_data"], &["parquet"]) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let kind = name.split('-').nth(1).unwrap();
        let sink = read(&path);
        let layer = &sink.layers[0];
        judge::print_row(&path, &sink, &[]);
        let text = path.with_file_name(format!("data-{kind}-wkt.csv"));
        let mut reader = csv::Reader::from_path(text).unwrap();
        let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!(layer.records.len(), rows.len(), "{name}");
        for (record, row) in layer.records.iter().zip(&rows) {
            let expected =
                (!row[1].is_empty()).then(|| crate::wkb_sink::from_wkt(&row[1]).unwrap());
            let expected = expected.map(|read| read.geometry).filter(|g| !g.is_empty());
            assert_eq!(record.geometry, expected, "{name}");
            assert_eq!(record.values[0], Value::Int(row[0].parse().unwrap()));
        }
        assert_eq!(layer.layer.default_crs, Some("OGC:CRS84"));
    }
}

#[test]
fn the_same_footprints_come_from_parquet_and_from_geopackage() {
    let (Some(parquet), Some(gpkg)) = (
        data("vector/mago_footprint/footprint.parquet"),
        data("vector/mago_footprint/footprint.gpkg"),
    ) else {
        return;
    };
    let (parquet, gpkg) = (read(&parquet), judge::read(Format::GeoPackage, &gpkg).unwrap());
    let (a, b) = (&parquet.layers[0], &gpkg.layers[0]);
    assert_eq!((a.records.len(), b.records.len()), (177, 177));
    for (i, (a, b)) in a.records.iter().zip(&b.records).enumerate() {
        // The rings of the one run the other way round.
        let (a, b) = (a.geometry.as_ref().unwrap(), b.geometry.as_ref().unwrap());
        assert_eq!((a.kind, b.kind), (GeometryKind::MultiPolygon, GeometryKind::MultiPolygon));
        assert_eq!((a.bounds(), &a.ends, &a.parts), (b.bounds(), &b.ends, &b.parts), "{i}");
        assert_eq!(a.height_range(), b.height_range(), "{i}");
    }
}

#[test]
fn two_hundred_thousand_buildings_are_read_fast() {
    let Some(path) = data("big/tokyo_central_buildings_210k.parquet") else {
        return;
    };
    let started = std::time::Instant::now();
    let mut sink = CollectSink { count_only: true, ..CollectSink::default() };
    crate::read(&judge::source(Format::GeoParquet, &path), &crate::Options::default(), &mut sink)
        .unwrap();
    eprintln!("210,000 buildings in {:?}", started.elapsed());
    assert_eq!((sink.kept, sink.rejected), (210_000, 0));
    assert!(sink.layers[0].layer.crs.is_some());
    assert!(sink.layers[0].fields().contains_key("建物ID"));
}

#[test]
fn every_truncation_of_a_real_parquet_file_is_refused_in_time() {
    for path in judge::files(&["vector", "big"], &["parquet"]) {
        judge::survives_truncation(Format::GeoParquet, &path, "parquet");
    }
}

#[test]
fn bytes_changed_at_random_places_do_no_harm() {
    let Some(path) = data("vector/geoparquet_spec/examples/example.parquet") else {
        return;
    };
    let whole = std::fs::read(path).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("example.parquet");
    let mut state = 7u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % below
    };
    for round in 0..600 {
        let mut bytes = whole.clone();
        for _ in 0..=random(6) {
            // Half of the changes in the metadata, at the end of the file.
            let near_end = bytes.len() - random(6_000.min(bytes.len())) - 1;
            let at = if round % 2 == 0 { near_end } else { random(bytes.len()) };
            bytes[at] = random(256) as u8;
        }
        std::fs::write(&copy, bytes).unwrap();
        let _ = judge::read(Format::GeoParquet, &copy);
    }
}

/// Writes a file with these columns and this `geo` metadata.
fn written(columns: &[(&str, ArrayRef)], geo: Option<&str>, compression: Compression) -> Vec<u8> {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, array)| Field::new(*name, array.data_type().clone(), true))
        .collect();
    let arrays = columns.iter().map(|(_, array)| Arc::clone(array)).collect();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap();
    let pairs = geo.map(|geo| vec![KeyValue::new("geo".into(), geo.to_owned())]);
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .set_key_value_metadata(pairs)
        .build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn read_bytes(bytes: &[u8]) -> Result<CollectSink, crate::Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made.parquet");
    std::fs::write(&path, bytes).unwrap();
    judge::read(Format::GeoParquet, &path)
}

/// A point as well-known binary.
fn wkb(x: f64, y: f64) -> Vec<u8> {
    [&[1, 1, 0, 0, 0][..], &x.to_le_bytes(), &y.to_le_bytes()].concat()
}

#[test]
fn values_of_all_types_arrive() {
    let mut list = ListBuilder::new(StringBuilder::new());
    list.values().append_value("a");
    list.append(true);
    list.append_null();
    let mut map = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    map.keys().append_value("名");
    map.values().append_value("值");
    map.append(true).unwrap();
    map.append(false).unwrap();
    let decimal = |precision| -> ArrayRef {
        let array = Decimal128Array::from(vec![Some(12_345), None]);
        Arc::new(array.with_precision_and_scale(precision, 2).unwrap())
    };
    let columns: [(&str, ArrayRef); 13] = [
        ("bool", Arc::new(BooleanArray::from(vec![Some(true), None]))),
        ("small", Arc::new(Int8Array::from(vec![Some(-7), None]))),
        ("large", Arc::new(UInt64Array::from(vec![Some(u64::MAX), Some(7)]))),
        ("single", Arc::new(Float32Array::from(vec![Some(0.1), Some(f32::NAN)]))),
        ("text", Arc::new(StringArray::from(vec![Some("中文"), None]))),
        ("bytes", Arc::new(BinaryArray::from(vec![Some(&b"xy"[..]), None]))),
        ("day", Arc::new(Date32Array::from(vec![Some(19_782), None]))),
        ("instant", Arc::new(TimestampMillisecondArray::from(vec![Some(1_000), None]))),
        ("clock", Arc::new(Time64MicrosecondArray::from(vec![Some(3_600_000_001), None]))),
        ("exact", decimal(30)),
        ("money", decimal(9)),
        ("list", Arc::new(list.finish())),
        ("map", Arc::new(map.finish())),
    ];
    let sink = read_bytes(&written(&columns, None, Compression::SNAPPY)).unwrap();
    let layer = &sink.layers[0];
    let text = |field: &str| layer.value(0, field).as_ref().to_string();
    assert_eq!(layer.value(0, "bool"), Value::Bool(true));
    assert_eq!(layer.value(0, "small"), Value::Int(-7));
    assert_eq!(layer.value(0, "large"), Value::Text(u64::MAX.to_string()));
    assert_eq!(layer.value(1, "large"), Value::Text("7".into()));
    assert_eq!(layer.value(0, "single"), Value::Float(0.1));
    assert_eq!(layer.value(1, "single"), Value::Null);
    assert_eq!(layer.value(0, "bytes"), Value::Bytes(b"xy".to_vec()));
    assert_eq!(text("text"), "中文");
    assert_eq!(text("day"), "2024-02-29");
    assert_eq!(text("instant"), "1970-01-01T00:00:01Z");
    assert_eq!(text("clock"), "01:00:00.000001");
    assert_eq!(layer.value(0, "exact"), Value::Text("123.45".into()));
    assert_eq!(layer.value(0, "money"), Value::Float(123.45));
    assert_eq!(layer.value(0, "list"), Value::Json(r#"["a"]"#.into()));
    assert_eq!(layer.value(0, "map"), Value::Json(r#"{"名":"值"}"#.into()));
    assert_eq!(layer.value(1, "map"), Value::Null);
    assert_eq!(layer.fields()["instant"], FieldType::DateTime.name());
    assert!(sink.noted("plain table"));
}

#[test]
fn a_file_that_states_nothing_is_searched_for_geometry() {
    let (a, b) = (wkb(118.0, 34.0), wkb(119.0, 35.0));
    let name: ArrayRef = Arc::new(BinaryArray::from(vec![Some(&b"name"[..]), None]));
    let shape: ArrayRef = Arc::new(BinaryArray::from(vec![Some(&a[..]), Some(&b[..])]));
    let columns = [("name", Arc::clone(&name)), ("where", shape)];
    let sink = read_bytes(&written(&columns, None, Compression::UNCOMPRESSED)).unwrap();
    let layer = &sink.layers[0];
    assert_eq!(layer.records[1].geometry.as_ref().unwrap().xy, [[119.0, 35.0]]);
    assert_eq!(layer.fields().into_keys().collect::<Vec<_>>(), ["name"]);
    assert!(sink.noted("'where' holds well-known binary"));

    let number = |v: f64| -> ArrayRef { Arc::new(Float64Array::from(vec![Some(v), None])) };
    let columns = [("name", name), ("经度", number(118.0)), ("纬度", number(34.0))];
    let sink = read_bytes(&written(&columns, None, Compression::UNCOMPRESSED)).unwrap();
    let layer = &sink.layers[0];
    assert_eq!(layer.records[0].geometry.as_ref().unwrap().xy, [[118.0, 34.0]]);
    assert_eq!(layer.records[1].geometry, None);
    assert_eq!(layer.layer.default_crs, Some("OGC:CRS84"));
    assert!(sink.noted("'经度' and '纬度'"));
}

#[test]
fn broken_geometry_is_rejected_and_every_compression_is_read() {
    let good = wkb(118.0, 34.0);
    let shape: ArrayRef =
        Arc::new(BinaryArray::from(vec![Some(&good[..]), Some(&good[..9]), None, Some(&[])]));
    let geo =
        r#"{"version":"1.1.0","primary_column":"g","columns":{"g":{"encoding":"WKB","crs":null}}}"#;
    for compression in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::BROTLI(BrotliLevel::default()),
        Compression::LZ4_RAW,
        Compression::ZSTD(ZstdLevel::default()),
    ] {
        let columns = [("g", Arc::clone(&shape))];
        let sink = read_bytes(&written(&columns, Some(geo), compression)).unwrap();
        assert_eq!((sink.kept, sink.rejected), (3, 1), "{compression:?}");
        assert_eq!(sink.layers[0].rejects[0].number, 2);
        assert_eq!((&sink.layers[0].layer.crs, sink.layers[0].layer.default_crs), (&None, None));
    }
}

#[test]
fn native_polygons_are_read() {
    let number = |v: Vec<f64>| -> ArrayRef { Arc::new(Float64Array::from(v)) };
    let coords: ArrayRef = Arc::new(StructArray::from(vec![
        (
            Arc::new(Field::new("x", DataType::Float64, false)),
            number(vec![0.0, 4.0, 4.0, 0.0, 1.0, 2.0, 2.0, 1.0, 9.0, 9.5, 9.5]),
        ),
        (
            Arc::new(Field::new("y", DataType::Float64, false)),
            number(vec![0.0, 0.0, 4.0, 0.0, 1.0, 1.0, 2.0, 1.0, 9.0, 9.0, 9.5]),
        ),
    ]));
    let list = |items: ArrayRef, ends: Vec<usize>| -> ArrayRef {
        let field = Arc::new(Field::new("item", items.data_type().clone(), true));
        Arc::new(ListArray::new(field, OffsetBuffer::from_lengths(ends), items, None))
    };
    let rings = list(coords, vec![4, 4, 3]);
    let polygons = list(rings, vec![2, 1, 0]);
    let geo = r#"{"version":"1.1.0","primary_column":"g","columns":{"g":{"encoding":"polygon","geometry_types":["Polygon"]}}}"#;
    let bytes = written(&[("g", polygons)], Some(geo), Compression::SNAPPY);
    let sink = read_bytes(&bytes).unwrap();
    let records = &sink.layers[0].records;
    let geometry = records[0].geometry.as_ref().unwrap();
    assert_eq!((geometry.kind, geometry.ends.as_slice()), (GeometryKind::Polygon, &[4, 8][..]));
    assert_eq!(records[1].geometry.as_ref().unwrap().xy.len(), 4);
    assert_eq!(records[1].repairs, [crate::wkb_sink::CLOSED_RING]);
    assert_eq!(records[2].geometry, None);
    // The encoding that is stated does not fit the column.
    let lying = geo.replace("polygon\"", "multipolygon\"");
    let point: ArrayRef = Arc::new(Float64Array::from(vec![1.0]));
    let bytes = written(&[("g", point)], Some(&lying), Compression::SNAPPY);
    let error = read_bytes(&bytes).unwrap_err().to_string();
    assert!(error.contains("a list is expected"), "{error}");
}

/// Writes a number as Thrift does.
fn zigzag(number: u64) -> Vec<u8> {
    let mut rest = number * 2;
    let mut bytes = Vec::new();
    while rest >= 0x80 {
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
    bytes
}

#[test]
fn a_page_that_unpacks_to_more_than_it_states_or_states_too_much_is_refused() {
    let zeros = vec![0u8; 40 << 20];
    let array: ArrayRef = Arc::new(BinaryArray::from(vec![zeros.as_slice()]));
    for compression in
        [Compression::BROTLI(BrotliLevel::default()), Compression::GZIP(GzipLevel::default())]
    {
        let bytes = written(&[("g", Arc::clone(&array))], None, compression);
        assert!(bytes.len() < 1 << 20);
        assert!(read_bytes(&bytes).is_ok());
        // The dictionary page: the value and its length.
        let true_size = zigzag(zeros.len() as u64 + 4);
        let at = bytes.windows(true_size.len()).position(|w| w == true_size).unwrap();
        for (lie, reason) in [(30 << 20, ""), (200 << 20, ""), (1 << 30, "unpacked from")] {
            let mut lying = bytes.clone();
            lying.splice(at..at + true_size.len(), zigzag(lie));
            let error = read_bytes(&lying).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }
}
