//! Land use as shapefiles the way Chinese offices send them: field names and values in GBK, no `.cpg`.
//!
//! ESRI Shapefile Technical Description (July 1998) and dBASE III. Written here because field names in
//! GBK are exactly what libraries for clean files do not offer.

use super::{File, metres};
use crate::city::City;
use crate::geom::{Pt, bounds};
use crate::landuse::{self, Land};

const PRJ_4527: &str = r#"PROJCS["CGCS2000_3_Degree_GK_Zone_39",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",39500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",117.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]"#;
pub(super) const PRJ_4548: &str = r#"PROJCS["CGCS2000_3_Degree_GK_CM_117E",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",117.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]"#;

/// A dBASE field: name, type, width, decimals.
pub(super) type Field = (&'static str, u8, u8, u8);

/// Land use today, in EPSG:4527 (easting with the zone number), the DBF marked as code page 936.
pub(super) fn current(city: &City) -> Vec<File> {
    let fields: [Field; 6] = [
        ("地块编号", b'C', 8, 0),
        ("地类编码", b'C', 4, 0),
        ("地类名称", b'C', 14, 0),
        ("面积", b'N', 12, 2),
        ("权属单位", b'C', 32, 0),
        ("权属性质", b'C', 4, 0),
    ];
    let lands = landuse::records(city, false);
    let rows = lands.iter().enumerate().map(|(k, l)| {
        vec![
            format!("T{:06}", k + 1),
            l.code.to_owned(),
            landuse::title(l.code).to_owned(),
            format!("{:.2}", l.area),
            l.owner.clone(),
            if l.collective { "集体" } else { "国有" }.to_owned(),
        ]
    });
    set(
        "city/landuse_current",
        city,
        &lands,
        super::table::ZONE_PREFIX,
        PRJ_4527,
        &dbf(&fields, rows.collect(), 0x4D),
    )
}

/// Land use in the plan, in EPSG:4548 (no zone number), the DBF not marked at all.
pub(super) fn plan(city: &City) -> Vec<File> {
    let fields: [Field; 7] = [
        ("地块编号", b'C', 8, 0),
        ("用地编码", b'C', 4, 0),
        ("用地名称", b'C', 14, 0),
        ("面积", b'N', 12, 2),
        ("容积率", b'N', 5, 2),
        ("绿地率", b'N', 3, 0),
        ("规划期末", b'N', 4, 0),
    ];
    let lands = landuse::records(city, true);
    let rows = lands.iter().enumerate().map(|(k, l)| {
        let green = match l.code {
            "0701" => "30",
            "1001" | "1101" => "15",
            c if c.starts_with("08") => "35",
            c if c.starts_with("09") => "20",
            _ => "",
        };
        let ratio = if l.ratio > 0.0 { format!("{:.2}", l.ratio) } else { String::new() };
        vec![
            format!("G{:06}", k + 1),
            l.code.to_owned(),
            landuse::title(l.code).to_owned(),
            format!("{:.2}", l.area),
            ratio,
            green.to_owned(),
            "2035".to_owned(),
        ]
    });
    set("city/landuse_plan", city, &lands, 0.0, PRJ_4548, &dbf(&fields, rows.collect(), 0))
}

fn set(stem: &str, city: &City, lands: &[Land], prefix: f64, prj: &str, dbf: &[u8]) -> Vec<File> {
    let (shp, shx) = shapes(city, lands, prefix);
    vec![
        (format!("{stem}.shp"), shp),
        (format!("{stem}.shx"), shx),
        (format!("{stem}.dbf"), dbf.to_vec()),
        (format!("{stem}.prj"), prj.as_bytes().to_vec()),
    ]
}

fn shapes(city: &City, lands: &[Land], prefix: f64) -> (Vec<u8>, Vec<u8>) {
    let at = |p: &Pt| {
        let q = metres(city, *p);
        Pt { x: ((q.x + prefix) * 1000.0).round() / 1000.0, y: q.y }
    };
    let (mut shp, mut shx) = (vec![0; 100], vec![0; 100]);
    let mut all = Vec::new();
    for (k, land) in lands.iter().enumerate() {
        // Shapefiles run the other way round: outer rings clockwise, holes counter-clockwise.
        let rings: Vec<Vec<Pt>> = std::iter::once(&land.ring)
            .chain(&land.holes)
            .map(|r| r.iter().chain(r.first()).rev().map(at).collect())
            .collect();
        let points: Vec<Pt> = rings.iter().flatten().copied().collect();
        let (lo, hi) = bounds(&points);
        all.extend([lo, hi]);
        let mut record = Vec::new();
        record.extend(5_i32.to_le_bytes());
        for v in [lo.x, lo.y, hi.x, hi.y] {
            record.extend(v.to_le_bytes());
        }
        record.extend((rings.len() as i32).to_le_bytes());
        record.extend((points.len() as i32).to_le_bytes());
        let mut start = 0_i32;
        for ring in &rings {
            record.extend(start.to_le_bytes());
            start += ring.len() as i32;
        }
        for p in &points {
            record.extend(p.x.to_le_bytes());
            record.extend(p.y.to_le_bytes());
        }
        let (offset, words) = ((shp.len() / 2) as i32, (record.len() / 2) as i32);
        shx.extend(offset.to_be_bytes());
        shx.extend(words.to_be_bytes());
        shp.extend((k as i32 + 1).to_be_bytes());
        shp.extend(words.to_be_bytes());
        shp.extend(record);
    }
    head(&mut shp, &mut shx, 5, &all);
    (shp, shx)
}

/// Writes the headers of a shapefile and its index, whose first 100 bytes are still empty.
pub(super) fn head(shp: &mut [u8], shx: &mut [u8], kind: i32, all: &[Pt]) {
    let (lo, hi) = bounds(all);
    for file in [shp, shx] {
        let mut header = Vec::with_capacity(100);
        header.extend(9994_i32.to_be_bytes());
        header.extend([0; 20]);
        header.extend(((file.len() / 2) as i32).to_be_bytes());
        header.extend(1000_i32.to_le_bytes());
        header.extend(kind.to_le_bytes());
        for v in [lo.x, lo.y, hi.x, hi.y, 0.0, 0.0, 0.0, 0.0] {
            header.extend(v.to_le_bytes());
        }
        file[..100].copy_from_slice(&header);
    }
}

/// Forms a dBASE table in GBK.
pub(super) fn dbf(fields: &[Field], rows: Vec<Vec<String>>, language: u8) -> Vec<u8> {
    let header = 32 + 32 * fields.len() + 1;
    let record = 1 + fields.iter().map(|f| usize::from(f.2)).sum::<usize>();
    let mut out = vec![3, 126, 3, 21];
    out.extend((rows.len() as u32).to_le_bytes());
    out.extend((header as u16).to_le_bytes());
    out.extend((record as u16).to_le_bytes());
    out.extend([0; 17]);
    out.extend([language, 0, 0]);
    for (name, kind, width, decimals) in fields {
        let mut label = [0; 11];
        let bytes = gbk(name, 10);
        label[..bytes.len()].copy_from_slice(&bytes);
        out.extend(label);
        out.extend([*kind, 0, 0, 0, 0, *width, *decimals]);
        out.extend([0; 14]);
    }
    out.push(0x0D);
    for row in rows {
        out.push(b' ');
        for (value, (_, kind, width, _)) in row.iter().zip(fields) {
            let width = usize::from(*width);
            let bytes = gbk(value, width);
            let pad = vec![b' '; width - bytes.len()];
            if *kind == b'N' {
                out.extend(pad);
                out.extend(bytes);
            } else {
                out.extend(bytes);
                out.extend(pad);
            }
        }
    }
    out.push(0x1A);
    out
}

/// Encodes text in GBK, cut to whole characters that fit.
fn gbk(text: &str, width: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for c in text.chars() {
        let mut buffer = [0; 4];
        let (bytes, ..) = encoding_rs::GBK.encode(c.encode_utf8(&mut buffer));
        if out.len() + bytes.len() > width {
            break;
        }
        out.extend_from_slice(&bytes);
    }
    out
}
