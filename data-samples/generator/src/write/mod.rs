//! The files of the sample, one writer for each format. Every writer returns bytes and depends on
//! the city only: no clock, no locale, no order of a hash map.

mod cityjson;
mod fgb;
mod geojson;
mod gpkg;
mod manifest;
mod pack;
mod pipes;
mod shp;
mod table;
mod xlsx;

use crate::city::City;
use crate::geom::Pt;
use crate::landmarks::pictures;
use crate::underground::Underground;

/// What can go wrong while a file is formed in memory.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// SQLite refused.
    #[error("could not form the GeoPackage")]
    GeoPackage(#[from] rusqlite::Error),
    /// The FlatGeobuf writer refused.
    #[error("could not form the FlatGeobuf file")]
    FlatGeobuf(#[from] flatgeobuf::Error),
    /// A geometry was refused.
    #[error("could not form a FlatGeobuf feature")]
    Feature(#[from] geozero::error::GeozeroError),
    /// The spreadsheet writer refused.
    #[error("could not form the workbook")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
    /// The zip around a workbook could not be rewritten.
    #[error("could not pack the workbook")]
    Zip(#[from] zip::result::ZipError),
    /// A table could not be written.
    #[error("could not form the table")]
    Table(#[from] csv::Error),
    /// The manifest could not be written.
    #[error("could not form the manifest")]
    Manifest(#[from] serde_json::Error),
    /// A picture could not be written.
    #[error("could not form the picture")]
    Picture(#[from] image::ImageError),
    /// Copying in memory failed.
    #[error("could not copy bytes")]
    Io(#[from] std::io::Error),
}

/// A file: its path below the output folder, and its bytes.
pub type File = (String, Vec<u8>);

/// Forms all files of the sample: `city.json` and what it lists under `city/`.
///
/// # Errors
///
/// Only if a format's library refuses, which would be a fault of the generator.
pub fn files(city: &City) -> Result<Vec<File>, WriteError> {
    let mut out = vec![
        ("city/districts.gpkg".to_owned(), gpkg::districts(city)?),
        ("city/roads.gpkg".to_owned(), gpkg::roads(city)?),
        ("city/buildings.fgb".to_owned(), fgb::buildings(city)?),
        ("city/water.geojson".to_owned(), geojson::water(city)),
        ("city/green.geojson".to_owned(), geojson::green(city)),
        ("city/pois.csv".to_owned(), table::pois(city)?),
        ("city/components.csv".to_owned(), table::components(city)?),
        ("city/cameras.csv".to_owned(), table::cameras(city)?),
        ("city/schools.xlsx".to_owned(), xlsx::schools(city)?),
        ("city/hospitals.xlsx".to_owned(), xlsx::hospitals(city)?),
        ("city/trees.geojsonl".to_owned(), geojson::trees(city)),
        ("city/landmarks.city.json".to_owned(), cityjson::landmarks(city)),
    ];
    for name in pictures::NAMES {
        out.push((format!("city/textures/{name}.png"), pictures::png(name)?));
    }
    out.extend(pipes::files(city, &Underground::build(city))?);
    out.extend(shp::current(city));
    out.extend(shp::plan(city));
    out.push(("city.json".to_owned(), manifest::manifest()?));
    Ok(out)
}

/// Longitude and latitude of a place, rounded to a billionth of a degree (a tenth of a millimetre).
fn degrees(city: &City, p: Pt) -> Pt {
    let q = city.lon_lat(p);
    Pt { x: (q.x * 1.0e9).round() / 1.0e9, y: (q.y * 1.0e9).round() / 1.0e9 }
}

/// Easting and northing of a place in EPSG:4548, rounded to a millimetre.
fn metres(city: &City, p: Pt) -> Pt {
    let q = city.gauss_kruger(p);
    Pt { x: (q.x * 1000.0).round() / 1000.0, y: (q.y * 1000.0).round() / 1000.0 }
}
