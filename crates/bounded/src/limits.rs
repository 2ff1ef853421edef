//! How much outside data may ask for. Limits are data: change them here, with the reason.

/// One line of text (a GeoJSONL feature, a CSV row), bytes. The largest real feature met so far (a national
/// coastline) takes 40 MiB as GeoJSON.
pub const MAX_LINE_BYTES: usize = 128 << 20;

/// One attribute value or XML text node, bytes. KML keeps a whole line of coordinates in one text node.
pub const MAX_VALUE_BYTES: usize = 128 << 20;

/// Vertices of one feature. 16 M two-dimensional vertices are 256 MiB, a quarter of an import's memory.
pub const MAX_VERTICES: usize = 16_000_000;

/// Nesting of geometry collections. Real data nests 2 deep; recursion costs under 1 KiB of stack a level.
pub const MAX_GEOMETRY_DEPTH: usize = 32;

/// Entries of one zip archive. A province's shapefiles are about 2,000 files.
pub const MAX_ZIP_ENTRIES: u64 = 10_000;

/// Unpacked size of one archive or compressed stream, bytes.
pub const MAX_UNPACKED_BYTES: u64 = 20 << 30;

/// How many bytes one packed byte may become, once [`RATIO_FREE_BYTES`] are unpacked. GeoJSON reaches 30,
/// padded DBF files about 100; deflate itself ends at 1,032.
pub const MAX_RATIO: u64 = 200;

/// Unpacked bytes for which the ratio is not looked at.
pub const RATIO_FREE_BYTES: u64 = 10 << 20;

/// Archives inside archives: one level (a KMZ in a zip), no more.
pub const MAX_ARCHIVE_NESTING: u32 = 1;

/// The directory of a zip archive, bytes: 10,000 entries with long names and extra fields.
pub const MAX_ZIP_DIRECTORY_BYTES: u64 = 16 << 20;

/// Nesting of XML elements. CityGML reaches about 30.
pub const MAX_XML_DEPTH: usize = 256;

/// One XML tag, comment or processing instruction, bytes.
pub const MAX_XML_MARKUP_BYTES: usize = 16 << 20;

/// Attributes of one XML element.
pub const MAX_XML_ATTRIBUTES: usize = 1_024;
