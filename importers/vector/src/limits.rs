//! Limits of the readers: constants with units and reasons. Those of bytes and archives in general
//! stand in `onemap_bounded::limits`, those of looking for sources in `onemap_source::limits`.

pub(crate) use onemap_source::limits::{BUFFER_BYTES, HEAD_BYTES};

/// Layers that one KML file may open: placemarks of further folders go into one layer.
pub(crate) const MAX_KML_LAYERS: usize = 500;

/// Vertices of one shape in KML or GPX. The text that it is written with takes memory too, up to 128 MiB.
pub(crate) const MAX_XML_VERTICES: usize = 6_000_000;

/// The `extensions` of one GPX record, bytes of XML.
pub(crate) const MAX_GPX_EXTENSION_BYTES: u64 = 4 << 20;

/// Fields of one GPX record; the format has 21.
pub(crate) const MAX_GPX_FIELDS: usize = 200;

/// A blob header of OSM PBF, bytes: the format's own limit.
pub(crate) const MAX_PBF_HEADER_BYTES: u64 = 64 << 10;

/// A blob of OSM PBF, packed or unpacked, bytes: the format's own limit.
pub(crate) const MAX_PBF_BLOB_BYTES: u64 = 32 << 20;

/// Strings of one block of OSM PBF, at 24 bytes each. Real ones hold 8,000 objects and some 10,000 strings.
pub(crate) const MAX_PBF_STRINGS: usize = 4_000_000;

/// Tags of one OSM object. The OSM server takes 5,000.
pub(crate) const MAX_OSM_TAGS: usize = 10_000;

/// Bytes of all tags of one OSM object in XML: 5,000 with the longest keys and values take 5 MB.
pub(crate) const MAX_OSM_TAG_BYTES: usize = 16 << 20;

/// Nodes of one OSM way, or members of one relation. The OSM server takes 2,000 and 32,000.
pub(crate) const MAX_OSM_REFS: usize = 1_000_000;

/// Nodes of OSM ways that are held in memory, at 16 bytes each: 640 MB. A large province has 30 million.
pub(crate) const MAX_OSM_NODES: usize = 40_000_000;

/// Members of OSM area relations, and nodes of their ways, at 8 bytes each and more.
pub(crate) const MAX_OSM_MEMBERS: usize = 20_000_000;

/// Rings of one OSM area relation: the largest real ones (forests) have a few thousand.
pub(crate) const MAX_OSM_RINGS: usize = 50_000;

/// Steps of comparing the rings of one OSM area relation: some seconds.
pub(crate) const MAX_OSM_RING_STEPS: usize = 3_000_000_000;

/// One value of a DXF file, bytes. Text is cut into pieces of 250 characters; 2,049 is the longest line.
pub(crate) const MAX_DXF_VALUE_BYTES: usize = 1 << 20;

/// Groups (at 32 bytes) of one DXF entity with its vertices, and of all block definitions together.
pub(crate) const MAX_DXF_PAIRS: usize = 8_000_000;

/// Vertices of one DXF entity after curves are made straight.
pub(crate) const MAX_DXF_VERTICES: usize = 8_000_000;

/// Blocks in blocks of a DXF file. Real drawings reach about 6.
pub(crate) const MAX_DXF_BLOCK_DEPTH: usize = 16;

/// Shapes that one block reference of a DXF file may become.
pub(crate) const MAX_DXF_BLOCK_SHAPES: usize = 200_000;

/// Entities of blocks that all block references of one DXF file may be made of together: some seconds.
pub(crate) const MAX_DXF_EXPANDED: usize = 10_000_000;

/// Vertices that all block references of one DXF file may become together. They are not held: this is time.
pub(crate) const MAX_DXF_EXPANDED_VERTICES: usize = 200_000_000;

/// Shapes of a block up to which a reference to it is a symbol, one record. A larger one is a drawing in the
/// drawing, and every shape is a record.
pub(crate) const MAX_DXF_SYMBOL_SHAPES: usize = 64;

/// Rings of one DXF hatch.
pub(crate) const MAX_DXF_HATCH_RINGS: usize = 20_000;

/// Rings times vertices of one DXF hatch: what finding its holes takes, under a second.
pub(crate) const MAX_DXF_HATCH_STEPS: usize = 200_000_000;

/// Lists and objects within each other in JSON. Attributes of real files nest 5 deep.
pub(crate) const MAX_JSON_DEPTH: usize = 128;

/// Distinct coordinates of the arcs of a TopoJSON file, which are all kept: 16 bytes each, 256 MiB.
pub(crate) const MAX_ARC_COORDINATES: usize = 16_000_000;

/// Columns of a sheet: the format's own limit (ECMA-376-1, 18.3.1.4).
pub(crate) const MAX_SHEET_COLUMNS: usize = 16_384;

/// Rows of a sheet: the format's own limit.
pub(crate) const MAX_SHEET_ROWS: u64 = 1_048_576;

/// One cell of a workbook, bytes. A spreadsheet program stops at 32,767 characters.
pub(crate) const MAX_CELL_BYTES: usize = 1 << 20;

/// A part of a workbook that is held in memory, such as its table of texts, bytes unpacked.
pub(crate) const MAX_WORKBOOK_PART_BYTES: u64 = 128 << 20;

/// A workbook of Excel 97, which is held in memory, bytes.
pub(crate) const MAX_XLS_BYTES: u64 = 128 << 20;

/// Sheets of an Excel 97 workbook. Each costs one look through its cells.
pub(crate) const MAX_XLS_SHEETS: usize = 1_000;

/// Rows of a sheet of Excel 97: the format's own limit.
pub(crate) const MAX_XLS_ROWS: u32 = 65_536;

/// Places between the first and last cells of all sheets of an Excel 97 workbook, 32 bytes each. Full sheets of
/// 60,000 rows and 128 columns do occur.
pub(crate) const MAX_XLS_CELLS: u64 = 8_000_000;
