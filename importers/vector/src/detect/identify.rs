//! Tells formats apart by their first bytes; the extension only breaks ties.

use super::text;
use crate::Format;

/// What the first bytes of a file show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// A source.
    Source(Format),
    /// A zip archive; its directory says more.
    Zip,
    /// A file that belongs to a source of this kind and says nothing alone.
    SideFile(&'static str),
    /// Something that is not read.
    Other {
        /// What it is, as a clause: "it is a PDF document".
        reason: String,
        /// What to do.
        remedy: String,
    },
}

impl Found {
    pub(super) fn other(reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Other { reason: reason.into(), remedy: remedy.into() }
    }
}

const IMAGERY: &str = "imagery comes with a later version; this one reads vector data";
const POINTS: &str = "point clouds come with a later version; this one reads vector data";
const MODELS: &str = "3D models come with a later version; this one reads vector data";
const UNPACK: &str = "unpack it and import the folder, or pack it as .zip";
const GDAL: &str = "convert it to GeoPackage first: ogr2ogr out.gpkg in.ext";
const NOT_MAP: &str = "import the map or table file itself";

/// Beginnings of files that are not read: bytes, what it is, what to do.
const MAGIC: &[(&[u8], &str, &str)] = &[
    (
        b"%PDF",
        "a PDF document",
        "ask for the data that the map was made of; a PDF holds only its picture",
    ),
    (b"\xff\xd8\xff", "a JPEG image", IMAGERY),
    (b"\x89PNG", "a PNG image", IMAGERY),
    (b"GIF8", "a GIF image", IMAGERY),
    (b"BM", "a BMP image", IMAGERY),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 image", IMAGERY),
    (b"II*\0", "a TIFF image (GeoTIFF)", IMAGERY),
    (b"MM\0*", "a TIFF image (GeoTIFF)", IMAGERY),
    (b"II+\0", "a BigTIFF image (GeoTIFF)", IMAGERY),
    (b"MM\0+", "a BigTIFF image (GeoTIFF)", IMAGERY),
    (b"EHFA_HEADER_TAG", "an Erdas Imagine image", IMAGERY),
    (b"LASF", "a LAS or LAZ point cloud", POINTS),
    (b"ASTM-E57", "an E57 point cloud", POINTS),
    (b"# .PCD", "a PCD point cloud", POINTS),
    (b"ply", "a PLY mesh or point cloud", MODELS),
    (b"ISO-10303-21", "an IFC or STEP building model", MODELS),
    (b"glTF", "a glTF model", MODELS),
    (b"b3dm", "a 3D Tiles content file", MODELS),
    (b"i3dm", "a 3D Tiles content file", MODELS),
    (b"pnts", "a 3D Tiles content file", MODELS),
    (b"cmpt", "a 3D Tiles content file", MODELS),
    (b"Kaydara FBX", "an FBX model", MODELS),
    (b"AC10", "an AutoCAD DWG drawing", "save it as DXF in the CAD program and import that"),
    (b"AC1.", "an AutoCAD DWG drawing", "save it as DXF in the CAD program and import that"),
    (b"MC0.0", "an AutoCAD DWG drawing", "save it as DXF in the CAD program and import that"),
    (
        b"\xd0\xcf\x11\xe0",
        "an old Office document",
        "save it as .xlsx or .docx with the current program",
    ),
    (
        b"\0\x01\0\0Standard",
        "an Access database or Esri personal geodatabase",
        "export its layers as GeoPackage or Shapefile",
    ),
    (b"Rar!", "a RAR archive", UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", UNPACK),
    (b"\xfd7zXZ\0", "an xz archive", UNPACK),
    (b"BZh", "a bzip2 archive", UNPACK),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", UNPACK),
    (b"\x89HDF", "an HDF5 or netCDF file", IMAGERY),
    (b"CDF\x01", "a netCDF file", IMAGERY),
    (b"CDF\x02", "a netCDF file", IMAGERY),
    (b"GRIB", "a GRIB weather file", IMAGERY),
    (
        b"PMTiles",
        "a PMTiles tileset",
        "tilesets are not imported; import the data that it was made of",
    ),
    (b"PARE", "an encrypted Parquet file", "write it without encryption"),
    (b"ARROW1", "an Arrow (Feather) file", "write it as GeoParquet"),
    (b"!table", "a MapInfo TAB dataset", GDAL),
    (b"!TABLE", "a MapInfo TAB dataset", GDAL),
    (b"Version 300", "a MapInfo MIF dataset", GDAL),
    (b"VERSION 300", "a MapInfo MIF dataset", GDAL),
    (b"EXP  0", "an ArcInfo E00 export", GDAL),
    (b"\x7fELF", "a program", NOT_MAP),
    (b"MZ", "a program", NOT_MAP),
];

/// Extensions that belong to a source of another name.
const SIDE_FILES: &[(&str, &str)] = &[
    ("shx", "Shapefile"),
    ("prj", "Shapefile"),
    ("cpg", "Shapefile"),
    ("cst", "Shapefile"),
    ("qix", "Shapefile"),
    ("sbn", "Shapefile"),
    ("sbx", "Shapefile"),
    ("fbn", "Shapefile"),
    ("fbx", "Shapefile"),
    ("ain", "Shapefile"),
    ("aih", "Shapefile"),
    ("ixs", "Shapefile"),
    ("mxs", "Shapefile"),
    ("atx", "Shapefile"),
    ("qpj", "Shapefile"),
    ("idm", "Shapefile"),
    ("ind", "Shapefile"),
    ("gfs", "GML file"),
    ("xsd", "GML file"),
    ("csvt", "CSV table"),
    ("qml", "layer's style"),
    ("qmd", "layer's metadata"),
    ("sld", "layer's style"),
    ("lyr", "layer's style"),
    ("lyrx", "layer's style"),
    ("wld", "image"),
    ("tfw", "image"),
    ("jgw", "image"),
    ("pgw", "image"),
    ("ovr", "image"),
    ("properties", "gzipped file"),
    ("gpkg-wal", "GeoPackage"),
    ("gpkg-shm", "GeoPackage"),
    ("gpkg-journal", "GeoPackage"),
];

/// Finds out what a file is. `is_whole` tells that `head` is all of it.
pub(super) fn identify(head: &[u8], is_whole: bool, stem: &str, extension: &str) -> Found {
    let is_metadata = extension == "xml"
        && [".shp", ".aux", ".gpkg", ".tif", ".dbf"]
            .iter()
            .any(|e| stem.to_ascii_lowercase().ends_with(e));
    if let Some((_, of)) = SIDE_FILES.iter().find(|(known, _)| *known == extension)
        && !head.starts_with(b"Kaydara")
    {
        return Found::SideFile(of);
    }
    if is_metadata {
        return Found::SideFile("layer's metadata");
    }
    if head.is_empty() {
        return Found::other("it is empty", "get the file again, the copy went wrong");
    }
    if head.iter().all(|byte| *byte == 0) {
        return Found::other(
            "it holds only zeros",
            "get the file again, the copy or the disk went wrong",
        );
    }
    binary(head, extension)
        .or_else(|| text::identify(head, is_whole, extension))
        .unwrap_or_else(|| unknown(head, extension))
}

/// Tells formats that begin with fixed bytes.
fn binary(head: &[u8], extension: &str) -> Option<Found> {
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return Some(Found::Zip);
    }
    if head.starts_with(b"fgb") && head.get(3).is_some_and(|version| *version < b' ') {
        return Some(Found::Source(Format::FlatGeobuf));
    }
    if head.starts_with(b"PAR1") {
        return Some(Found::Source(Format::GeoParquet));
    }
    if head.starts_with(b"SQLite format 3\0") {
        return Some(sqlite(head, extension));
    }
    if head.starts_with(&[0, 0, 0x27, 0x0a]) {
        return Some(Found::Source(Format::Shapefile));
    }
    if head.get(4..15) == Some(b"\x0a\x09OSMHeader") {
        return Some(Found::Source(Format::OsmPbf));
    }
    if head.starts_with(b"AutoCAD Binary DXF") {
        return Some(Found::Source(Format::Dxf));
    }
    if head.starts_with(b"\xd0\xcf\x11\xe0")
        && !matches!(extension, "doc" | "ppt" | "msi" | "msg" | "vsd" | "mpp")
    {
        return Some(Found::Source(Format::Xlsx));
    }
    if head.get(257..262) == Some(b"ustar") {
        return Some(Found::other("it is a tar archive", UNPACK));
    }
    if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP") {
        return Some(Found::other("it is a WebP image", IMAGERY));
    }
    if is_dbf(head, extension) {
        return Some(Found::Source(Format::Shapefile));
    }
    // Two letters of text are no evidence: `BMI,...` begins a table.
    let known = MAGIC.iter().find(|(magic, ..)| {
        let is_word = magic.len() <= 3 && magic.iter().all(u8::is_ascii_graphic);
        head.starts_with(magic) && (!is_word || head.iter().take(512).any(|byte| *byte == 0))
    });
    known.map(|(_, what, remedy)| Found::other(format!("it is {what}"), *remedy))
}

fn sqlite(head: &[u8], extension: &str) -> Found {
    let application = head.get(68..72).unwrap_or_default();
    let holds = |name: &[u8]| head.windows(name.len()).any(|window| window == name);
    if matches!(application, b"GPKG" | b"GP10" | b"GP11")
        || extension == "gpkg"
        || holds(b"gpkg_contents")
    {
        return Found::Source(Format::GeoPackage);
    }
    if extension == "mbtiles" || application == b"MPBX" {
        return Found::other(
            "it is an MBTiles tileset",
            "tilesets are not imported; import the data that it was made of",
        );
    }
    if holds(b"spatial_ref_sys") {
        return Found::other(
            "it is a SpatiaLite database",
            "convert it: ogr2ogr out.gpkg in.sqlite",
        );
    }
    Found::other(
        "it is an SQLite database, but no GeoPackage",
        "export its tables as GeoPackage or CSV",
    )
}

/// Tells a dBASE table: a known version, a date that can be, and a header of whole fields. With the
/// extension `.dbf` the version is enough, since headers of real files are often slightly wrong.
fn is_dbf(head: &[u8], extension: &str) -> bool {
    let [version, _, month, day, _, _, _, _, low, high, ..] = head else {
        return false;
    };
    let known = matches!(
        version,
        0x02 | 0x03 | 0x04 | 0x05 | 0x30
            ..=0x32 | 0x43 | 0x63 | 0x7b | 0x83 | 0x8b | 0x8e | 0xcb | 0xf5 | 0xfb
    );
    if extension == "dbf" {
        return known;
    }
    let header = usize::from(u16::from_le_bytes([*low, *high]));
    known
        && *version != 0x30
        && (1..=12).contains(month)
        && (1..=31).contains(day)
        && header > 32
        && header % 32 == 1
        && head.get(header - 1) == Some(&0x0d)
}

fn unknown(head: &[u8], extension: &str) -> Found {
    let expected = match extension {
        "shp" => Some("a Shapefile"),
        "dbf" => Some("a dBASE table"),
        "gpkg" => Some("a GeoPackage"),
        "fgb" => Some("a FlatGeobuf file"),
        "parquet" | "geoparquet" => Some("a Parquet file"),
        "pbf" => Some("an OpenStreetMap PBF file"),
        "xlsx" | "xlsm" | "xls" | "ods" => Some("a spreadsheet"),
        "zip" | "kmz" => Some("a zip archive"),
        "gz" => Some("a gzip file"),
        "kml" | "gpx" | "osm" | "xml" => Some("an XML file"),
        "geojson" | "json" | "topojson" | "geojsonl" => Some("a JSON file"),
        "dxf" => Some("a DXF drawing"),
        "tif" | "tiff" => Some("a TIFF image"),
        _ => None,
    };
    let begins: Vec<_> = head.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let begins = begins.join(" ");
    match expected {
        Some(what) => Found::other(
            format!(
                "it has the name of {what} but does not begin like one (its first bytes are {begins})"
            ),
            "get the file again; if its name is wrong, rename it",
        ),
        None => Found::other(
            format!("its content is not recognised (its first bytes are {begins})"),
            "import GeoJSON, Shapefile, GeoPackage, FlatGeobuf, GeoParquet, CSV, XLSX, KML, GPX, DXF or OpenStreetMap data",
        ),
    }
}
