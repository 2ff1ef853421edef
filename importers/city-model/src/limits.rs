//! Limits of the readers: constants with units and reasons. Those of bytes and archives in general stand in
//! `onemap_bounded::limits`, those of looking for sources in `onemap_source::limits`.

/// One image file, bytes. PLATEAU's largest atlases have 20 MB.
pub(crate) const MAX_IMAGE_BYTES: u64 = 64 << 20;

/// Sides of an image, pixels: what graphics cards hold at most.
pub(crate) const MAX_IMAGE_PIXELS: u32 = 16_384;

/// What decoding an image that has to be converted may take, bytes.
pub(crate) const MAX_IMAGE_MEMORY: u64 = 512 << 20;

/// Corners of one level of detail of one object: indices have 32 bits, and a tile holds 65,535.
pub(crate) const MAX_CORNERS: usize = 20_000_000;

/// Greatest coordinate, in whatever unit: a thousand times the way around the earth in millimetres.
pub(crate) const MAX_COORDINATE: f64 = 4e13;

/// Notes about single textures; more are only counted.
pub(crate) const MAX_TEXTURE_NOTES: usize = 5;

/// Vertices of one CityJSON file, which are all held: 24 bytes each, 1.2 GB. Larger models are delivered as CityJSONSeq
/// or in pieces.
pub(crate) const MAX_VERTICES: usize = 50_000_000;

/// Fields that the attributes of one layer may make.
pub(crate) const MAX_FIELDS: usize = 2_000;

/// A file of OBJ or glTF, or one of its buffers, which is held in memory, bytes.
pub(crate) const MAX_MESH_BYTES: u64 = 1 << 30;

/// Objects of one OBJ file.
pub(crate) const MAX_OBJ_PARTS: usize = 1_000_000;

/// Nodes of a glTF file within nodes.
pub(crate) const MAX_NODE_DEPTH: usize = 200;

/// Corners that all nodes of a glTF file may draw together: one mesh can be drawn by many nodes.
pub(crate) const MAX_DRAWN_CORNERS: usize = 60_000_000;

/// Corners of the geometries of one top-level object of CityGML, which is held: 24 bytes each, 480 MB.
pub(crate) const MAX_OBJECT_PLACES: usize = 20_000_000;

/// Elements of one top-level object of CityGML that are no geometry, about 150 bytes each.
pub(crate) const MAX_OBJECT_ELEMENTS: usize = 2_000_000;

/// Text of one top-level object of CityGML that is no geometry, bytes.
pub(crate) const MAX_OBJECT_TEXT: usize = 128 << 20;

/// Surfaces that the appearances of one CityGML file can name, all held: 50 bytes each and 8 for each corner.
pub(crate) const MAX_APPEARANCES: usize = 5_000_000;

/// Geometries of one CityGML file that stand in another top-level object than where they are used.
pub(crate) const MAX_SHARED_SHAPES: usize = 1_000_000;

/// Steps through the geometries of one object of CityGML, besides 4 for each corner that is held: references can lead
/// to the same ones again and again.
pub(crate) const MAX_OBJECT_STEPS: usize = 1_000_000;

/// References between geometries of CityGML that lead to each other.
pub(crate) const MAX_REFERENCE_DEPTH: usize = 64;

/// A code list of CityGML, bytes. The largest of PLATEAU's, all municipalities of Japan, has 340 kB.
pub(crate) const MAX_CODE_LIST_BYTES: u64 = 16 << 20;

/// Code lists of one CityGML file.
pub(crate) const MAX_CODE_LISTS: usize = 1_000;
