//! GeoPackage 1.3 (OGC 12-128r17), written through SQLite in memory.

use rusqlite::types::Value;
use rusqlite::{Connection, MAIN_DB, params};

use super::{WriteError, degrees, metres};
use crate::city::City;
use crate::districts::Area;
use crate::geom::{Pt, Ring};

/// The moment that the sample says it was last changed.
const LAST_CHANGE: &str = "2026-03-21T00:00:00.000Z";

const WKT_4326: &str = r#"GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AXIS["Latitude",NORTH],AXIS["Longitude",EAST],AUTHORITY["EPSG","4326"]]"#;
const WKT_4490: &str = r#"GEOGCS["China Geodetic Coordinate System 2000",DATUM["China_2000",SPHEROID["CGCS2000",6378137,298.257222101,AUTHORITY["EPSG","1024"]],AUTHORITY["EPSG","1043"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AXIS["Latitude",NORTH],AXIS["Longitude",EAST],AUTHORITY["EPSG","4490"]]"#;
const WKT_4548: &str = r#"PROJCS["CGCS2000 / 3-degree Gauss-Kruger CM 117E",GEOGCS["China Geodetic Coordinate System 2000",DATUM["China_2000",SPHEROID["CGCS2000",6378137,298.257222101,AUTHORITY["EPSG","1024"]],AUTHORITY["EPSG","1043"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AUTHORITY["EPSG","4490"]],PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",117],PARAMETER["scale_factor",1],PARAMETER["false_easting",500000],PARAMETER["false_northing",0],UNIT["metre",1,AUTHORITY["EPSG","9001"]],AXIS["Northing",NORTH],AXIS["Easting",EAST],AUTHORITY["EPSG","4548"]]"#;

struct Layer {
    table: &'static str,
    title: &'static str,
    geometry: &'static str,
    srs: i32,
    /// Column name and SQL type.
    columns: &'static [(&'static str, &'static str)],
    /// Geometry (WKB), its points, attribute values.
    rows: Vec<(Vec<u8>, Vec<Pt>, Vec<Value>)>,
}

/// The subdistricts and communities in EPSG:4490.
pub(super) fn districts(city: &City) -> Result<Vec<u8>, WriteError> {
    let row = |a: &Area, parent: Option<&Area>| {
        let parts: Vec<Vec<Ring>> = a
            .parts
            .iter()
            .map(|(outer, holes)| {
                std::iter::once(outer)
                    .chain(holes)
                    .map(|r| r.iter().map(|p| degrees(city, *p)).collect())
                    .collect()
            })
            .collect();
        let points = parts.iter().flatten().flatten().copied().collect();
        let mut values = vec![
            Value::Text(a.code.clone()),
            Value::Text(a.name.zh.clone()),
            Value::Text(a.name.en.clone()),
        ];
        if let Some(parent) = parent {
            values.push(Value::Text(parent.name.zh.clone()));
        }
        values.extend([
            Value::Integer(a.people.into()),
            Value::Integer(a.households.into()),
            Value::Real((a.area / 1.0e4).round() / 100.0),
        ]);
        (multi_polygon(&parts), points, values)
    };
    let subdistricts = Layer {
        table: "subdistricts",
        title: "街道",
        geometry: "MULTIPOLYGON",
        srs: 4490,
        columns: &[
            ("code", "TEXT(9)"),
            ("name", "TEXT"),
            ("name_en", "TEXT"),
            ("population", "INTEGER"),
            ("households", "INTEGER"),
            ("area_km2", "REAL"),
        ],
        rows: city.subdistricts.iter().map(|a| row(a, None)).collect(),
    };
    let communities = Layer {
        table: "communities",
        title: "社区",
        geometry: "MULTIPOLYGON",
        srs: 4490,
        columns: &[
            ("code", "TEXT(12)"),
            ("name", "TEXT"),
            ("name_en", "TEXT"),
            ("subdistrict", "TEXT"),
            ("population", "INTEGER"),
            ("households", "INTEGER"),
            ("area_km2", "REAL"),
        ],
        rows: city
            .communities
            .iter()
            .map(|a| row(a, a.parent.and_then(|d| city.subdistricts.get(d))))
            .collect(),
    };
    write(&[subdistricts, communities])
}

/// The road centre lines in EPSG:4548.
pub(super) fn roads(city: &City) -> Result<Vec<u8>, WriteError> {
    let rows = city
        .roads
        .iter()
        .map(|r| {
            let line: Vec<Pt> = r.line.iter().map(|p| metres(city, *p)).collect();
            let (class, class_zh, ..) = crate::roads::manners(r.class);
            let text = |s: &str| if s.is_empty() { Value::Null } else { Value::Text(s.to_owned()) };
            let values = vec![
                text(&r.id),
                text(&r.name.zh),
                text(&r.name.en),
                text(class),
                text(class_zh),
                Value::Integer(r.lanes.into()),
                Value::Real(r.width),
                Value::Integer(r.oneway.into()),
                Value::Integer(r.speed.into()),
                Value::Integer(r.bridge.into()),
                text(r.state.zh()),
                Value::Integer(r.year.into()),
                Value::Real(r.length),
            ];
            (line_string(&line), line, values)
        })
        .collect();
    write(&[Layer {
        table: "roads",
        title: "道路中心线",
        geometry: "LINESTRING",
        srs: 4548,
        columns: &[
            ("road_id", "TEXT(8)"),
            ("name", "TEXT"),
            ("name_en", "TEXT"),
            ("class", "TEXT"),
            ("class_zh", "TEXT"),
            ("lanes", "INTEGER"),
            ("width", "REAL"),
            ("oneway", "BOOLEAN"),
            ("speed", "INTEGER"),
            ("bridge", "BOOLEAN"),
            ("state", "TEXT"),
            ("year_built", "INTEGER"),
            ("length", "REAL"),
        ],
        rows,
    }])
}

fn write(layers: &[Layer]) -> Result<Vec<u8>, WriteError> {
    let db = Connection::open_in_memory()?;
    db.execute_batch(
        "PRAGMA page_size = 4096; PRAGMA secure_delete = ON; PRAGMA application_id = 0x47504B47; PRAGMA user_version = 10300;
        CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,
          organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
        CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
          description TEXT DEFAULT '', last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
          min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
          CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
        CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL,
          srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL,
          CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name), CONSTRAINT uk_gc_table_name UNIQUE (table_name),
          CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
          CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));",
    )?;
    let systems = [
        ("Undefined Cartesian SRS", -1, "NONE", -1, "undefined"),
        ("Undefined geographic SRS", 0, "NONE", 0, "undefined"),
        ("WGS 84", 4326, "EPSG", 4326, WKT_4326),
        ("China Geodetic Coordinate System 2000", 4490, "EPSG", 4490, WKT_4490),
        ("CGCS2000 / 3-degree Gauss-Kruger CM 117E", 4548, "EPSG", 4548, WKT_4548),
    ];
    for (name, id, organization, code, definition) in systems {
        db.execute(
            "INSERT INTO gpkg_spatial_ref_sys VALUES (?1, ?2, ?3, ?4, ?5, NULL)",
            params![name, id, organization, code, definition],
        )?;
    }
    for layer in layers {
        let mut columns = vec![
            "fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL".to_owned(),
            format!("geom {}", layer.geometry),
        ];
        columns.extend(layer.columns.iter().map(|(name, kind)| format!("\"{name}\" {kind}")));
        db.execute_batch(&format!("CREATE TABLE \"{}\" ({});", layer.table, columns.join(", ")))?;
        let all: Vec<Pt> = layer.rows.iter().flat_map(|r| r.1.iter().copied()).collect();
        let (lo, hi) = crate::geom::bounds(&all);
        db.execute(
            "INSERT INTO gpkg_contents VALUES (?1, 'features', ?2, '', ?3, ?4, ?5, ?6, ?7, ?8)",
            params![layer.table, layer.title, LAST_CHANGE, lo.x, lo.y, hi.x, hi.y, layer.srs],
        )?;
        db.execute(
            "INSERT INTO gpkg_geometry_columns VALUES (?1, 'geom', ?2, ?3, 0, 0)",
            params![layer.table, layer.geometry, layer.srs],
        )?;
        let marks = vec!["?"; layer.columns.len() + 2].join(", ");
        let mut insert =
            db.prepare(&format!("INSERT INTO \"{}\" VALUES ({marks})", layer.table))?;
        for (k, (wkb, points, values)) in layer.rows.iter().enumerate() {
            let mut row =
                vec![Value::Integer(k as i64 + 1), Value::Blob(blob(layer.srs, wkb, points))];
            row.extend(values.iter().cloned());
            insert.execute(rusqlite::params_from_iter(row))?;
        }
    }
    db.execute_batch("VACUUM;")?;
    Ok(db.serialize(MAIN_DB)?.to_vec())
}

/// GeoPackage binary: header with the envelope (clause 2.1.3), then WKB.
fn blob(srs: i32, wkb: &[u8], points: &[Pt]) -> Vec<u8> {
    let (lo, hi) = crate::geom::bounds(points);
    let mut out = vec![b'G', b'P', 0, 0b0000_0011];
    out.extend(srs.to_le_bytes());
    for v in [lo.x, hi.x, lo.y, hi.y] {
        out.extend(v.to_le_bytes());
    }
    out.extend(wkb);
    out
}

fn begin(kind: u32, count: usize) -> Vec<u8> {
    let mut out = vec![1];
    out.extend(kind.to_le_bytes());
    out.extend((count as u32).to_le_bytes());
    out
}

fn coordinates(out: &mut Vec<u8>, points: impl Iterator<Item = Pt>) {
    for p in points {
        out.extend(p.x.to_le_bytes());
        out.extend(p.y.to_le_bytes());
    }
}

fn line_string(line: &[Pt]) -> Vec<u8> {
    let mut out = begin(2, line.len());
    coordinates(&mut out, line.iter().copied());
    out
}

fn multi_polygon(parts: &[Vec<Ring>]) -> Vec<u8> {
    let mut out = begin(6, parts.len());
    for rings in parts {
        out.extend(begin(3, rings.len()));
        for ring in rings {
            out.extend((ring.len() as u32 + 1).to_le_bytes());
            coordinates(&mut out, ring.iter().chain(ring.first()).copied());
        }
    }
    out
}
