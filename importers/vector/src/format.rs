//! The formats.

use std::fmt;

/// A vector format that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// GeoJSON (RFC 7946) and the older GeoJSON 2008 with a `crs` member.
    GeoJson,
    /// One GeoJSON feature a line, or RFC 8142 text sequences.
    GeoJsonSeq,
    /// TopoJSON.
    TopoJson,
    /// Separated text: CSV, TSV, and `;` or `|` as separator.
    Csv,
    /// Excel workbooks (`.xlsx`, `.xls`, `.ods`).
    Xlsx,
    /// ESRI Shapefile, or a DBF table alone.
    Shapefile,
    /// GeoPackage.
    GeoPackage,
    /// FlatGeobuf.
    FlatGeobuf,
    /// Parquet with geometry (GeoParquet 1.x).
    GeoParquet,
    /// KML and KMZ.
    Kml,
    /// GPX.
    Gpx,
    /// OpenStreetMap PBF.
    OsmPbf,
    /// OpenStreetMap XML.
    OsmXml,
    /// AutoCAD DXF, text or binary.
    Dxf,
    /// A PostGIS table or query.
    Postgis,
}

impl Format {
    /// Returns the name for reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::GeoJson => "GeoJSON",
            Self::GeoJsonSeq => "GeoJSONSeq",
            Self::TopoJson => "TopoJSON",
            Self::Csv => "CSV",
            Self::Xlsx => "XLSX",
            Self::Shapefile => "Shapefile",
            Self::GeoPackage => "GeoPackage",
            Self::FlatGeobuf => "FlatGeobuf",
            Self::GeoParquet => "GeoParquet",
            Self::Kml => "KML",
            Self::Gpx => "GPX",
            Self::OsmPbf => "OSM PBF",
            Self::OsmXml => "OSM XML",
            Self::Dxf => "DXF",
            Self::Postgis => "PostGIS",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
