//! Against a real server, named by `ONEMAP_TEST_POSTGRES`, and against none.

use onemap_model::{FieldType, SourceId, Value};
use postgres::{Client, NoTls};

use crate::testing::CollectSink;
use crate::{Error, Format, Options, Source};

fn read(url: &str) -> Result<CollectSink, Error> {
    let source = Source {
        format: Format::Postgis,
        path: std::path::PathBuf::new(),
        name: url.to_owned(),
        stem: "postgis".into(),
        gzipped: false,
        url: Some(url.to_owned()),
        _unpacked: None,
    };
    let mut sink = CollectSink::default();
    crate::read(&source, &Options::default(), &mut sink)?;
    Ok(sink)
}

/// A schema of its own in the test database, removed at the end.
struct Scratch {
    url: String,
    schema: String,
}

impl Scratch {
    fn new(name: &str, statements: &str) -> Option<Self> {
        let Some(url) = std::env::var("ONEMAP_TEST_POSTGRES").ok().filter(|url| !url.is_empty())
        else {
            eprintln!("SKIPPED: ONEMAP_TEST_POSTGRES is not set, nothing was read from PostGIS");
            return None;
        };
        let schema = format!("onemap_{name}_{}", std::process::id());
        let mut client = Client::connect(&url, NoTls).unwrap();
        client
            .batch_execute(&format!(
                "CREATE EXTENSION IF NOT EXISTS postgis; DROP SCHEMA IF EXISTS {schema} CASCADE;
                 CREATE SCHEMA {schema}; SET search_path = {schema}, public; {statements}"
            ))
            .unwrap();
        Some(Self { url, schema })
    }

    fn with(&self, parameter: &str) -> String {
        let joint = if self.url.contains('?') { '&' } else { '?' };
        format!("{}{joint}{}", self.url, parameter.replace("SCHEMA", &self.schema))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let mut client = Client::connect(&self.url, NoTls).unwrap();
        client.batch_execute(&format!("DROP SCHEMA {} CASCADE", self.schema)).unwrap();
    }
}

const BUILDINGS: &str = r#"
    CREATE TABLE buildings (
        id int PRIMARY KEY, 名称 text, height numeric(6,2), code numeric, floors smallint, area real, used boolean,
        built date, seen timestamptz, tags jsonb, names text[], key uuid, raw bytea, kind varchar(10),
        span interval, "odd ""name" double precision, far timestamp,
        outline geometry(PolygonZ, 4490), centre geometry(Point, 4490));
    COMMENT ON TABLE buildings IS '建筑物';
    INSERT INTO buildings VALUES
        (1, '幸福小区', 12.50, 321302199001011234, 3, 0.1, true, '2020-02-29', '2020-02-29 20:00+08', '{"a": [1]}',
         '{x,y}', '00000000-0000-0000-0000-00000000000f', '\x00ff', 'a', '1 day', 1e300, 'infinity',
         'SRID=4490;POLYGON Z((118 34 1,118.1 34 1,118.1 34.1 1,118 34 1))', 'SRID=4490;POINT(118 34)'),
        (2, NULL, 'NaN', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'NaN', NULL, NULL, NULL);
"#;

#[test]
fn a_table_is_read_with_all_its_types() {
    let Some(scratch) = Scratch::new("types", BUILDINGS) else {
        return;
    };
    for address in ["table=SCHEMA.buildings", "table=SCHEMA.Buildings"] {
        let sink = read(&scratch.with(address)).unwrap();
        assert_eq!((sink.kept, sink.rejected), (2, 0));
        let layer = &sink.layers[0];
        assert_eq!(layer.layer.crs.as_deref(), Some("EPSG:4490"));
        assert_eq!(layer.layer.title.as_deref(), Some("建筑物"));
        assert_eq!(layer.layer.id_field.as_deref(), Some("id"));
        assert!(sink.noted("left out: centre"));
        let record = &layer.records[0];
        assert_eq!(record.id, Some(SourceId::Int(1)));
        let geometry = record.geometry.as_ref().unwrap();
        assert_eq!((geometry.xy.len(), geometry.z[0]), (4, 1.0));
        let text = |field: &str| layer.value(0, field).as_ref().to_string();
        assert_eq!(layer.value(0, "名称"), Value::Text("幸福小区".into()));
        assert_eq!(layer.value(0, "height"), Value::Float(12.5));
        assert_eq!(text("code"), "321302199001011234");
        assert_eq!(layer.value(0, "floors"), Value::Int(3));
        assert_eq!(layer.value(0, "area"), Value::Float(0.1));
        assert_eq!(layer.value(0, "used"), Value::Bool(true));
        assert_eq!(text("built"), "2020-02-29");
        assert_eq!(text("seen"), "2020-02-29T12:00:00Z");
        assert_eq!(layer.value(0, "tags"), Value::Json(r#"{"a": [1]}"#.into()));
        assert_eq!(layer.value(0, "names"), Value::Json(r#"["x","y"]"#.into()));
        assert_eq!(text("key"), "00000000-0000-0000-0000-00000000000f");
        assert_eq!(layer.value(0, "raw"), Value::Bytes(vec![0, 255]));
        assert_eq!(text("span"), "1 day");
        assert_eq!(layer.value(0, "odd \"name"), Value::Float(1e300));
        assert_eq!(layer.value(0, "far"), Value::Null);
        assert!(!record.repairs.is_empty());
        assert_eq!(layer.records[1].geometry, None);
        assert!(layer.records[1].values[1..].iter().all(Value::is_null));
        assert_eq!(layer.fields()["built"], FieldType::Date.name());
    }
}

#[test]
fn a_query_is_read_and_can_change_nothing() {
    let Some(scratch) = Scratch::new("query", BUILDINGS) else {
        return;
    };
    let query = "query=SELECT id, 100%25 7 AS rest, ST_Transform(centre, 3857) AS g FROM SCHEMA.buildings ORDER BY id DESC; ";
    let sink = read(&scratch.with(query)).unwrap();
    let layer = sink.layer_named("query");
    assert_eq!(layer.layer.crs.as_deref(), Some("EPSG:3857"));
    assert_eq!(layer.value(0, "id"), Value::Int(2));
    assert_eq!(layer.value(1, "rest"), Value::Int(2));
    assert!(layer.records[1].geometry.is_some());
    let write = "query=WITH gone AS (DELETE FROM SCHEMA.buildings RETURNING *) SELECT * FROM gone";
    assert!(read(&scratch.with(write)).is_err());
    let unknown = read(&scratch.with("query=SELECT nonsense")).unwrap_err().to_string();
    assert!(unknown.contains("nonsense") && unknown.contains("psql"), "{unknown}");
    assert_eq!(read(&scratch.with("table=SCHEMA.buildings")).unwrap().kept, 2);
}

#[test]
fn many_rows_come_in_portions_and_mixed_coordinate_systems_are_rejected() {
    let Some(scratch) = Scratch::new(
        "many",
        "CREATE TABLE points AS SELECT i, ST_SetSRID(ST_MakePoint(118 + i / 1e6, 34), CASE WHEN i = 4000 THEN 3857 ELSE 4326 END) AS geom
         FROM generate_series(0, 9999) AS i;
         CREATE VIEW \"观点\" AS SELECT geom::geography AS g FROM points WHERE i < 10;
         CREATE TABLE plain (a int); INSERT INTO plain VALUES (1)",
    ) else {
        return;
    };
    let sink = read(&scratch.with("table=SCHEMA.points")).unwrap();
    assert_eq!((sink.kept, sink.rejected), (9_999, 1));
    assert!(sink.layers[0].rejects[0].reason.contains("3857"));
    let sink = read(&scratch.with("table=SCHEMA.观点,SCHEMA.plain")).unwrap();
    assert_eq!(sink.layers[0].records.len(), 10);
    assert_eq!(sink.layers[0].layer.crs.as_deref(), Some("EPSG:4326"));
    assert_eq!(sink.layers[1].records[0].values, [Value::Int(1)]);
    let all = read(&scratch.url).unwrap();
    let expected = format!("{}.points", scratch.schema);
    assert!(all.names().contains(&expected.as_str()), "{:?}", all.names());
    let missing = read(&scratch.with("table=SCHEMA.nothing")).unwrap_err().to_string();
    assert!(missing.contains("nothing") && missing.contains("schema.table"), "{missing}");
}

#[test]
fn a_server_that_is_not_there_is_said_without_the_password() {
    let url = "postgres://gis:geheim@127.0.0.1:1/city?table=roads";
    let error = read(url).unwrap_err().to_string();
    assert!(error.contains("can not be reached") && error.contains("refused"), "{error}");
    assert!(!error.contains("geheim"), "{error}");
    assert!(error.contains("postgres://gis@127.0.0.1:1/city"), "{error}");
    let error = read("postgres://gis:geheim@h/db?nonsense=1").unwrap_err().to_string();
    assert!(!error.contains("geheim"), "{error}");
    let error = read("postgres://gis:geheim@h/db?table=a&query=b").unwrap_err().to_string();
    assert!(error.contains("both") && !error.contains("geheim"), "{error}");
}
