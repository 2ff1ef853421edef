//! Limits of the readers: constants with units and reasons. Those of bytes and archives in general stand in
//! `onemap_bounded::limits`.

/// Buffer of a stream, bytes: large enough that a system call is rare beside parsing.
pub(crate) const BUFFER_BYTES: usize = 256 << 10;

/// How much of a file is looked at to find out what it is, bytes.
pub(crate) const HEAD_BYTES: usize = 64 << 10;

/// Folders within folders that are searched for sources.
pub(crate) const MAX_FOLDER_DEPTH: usize = 12;

/// Files of one folder, with its subfolders, that are looked at.
pub(crate) const MAX_FOLDER_FILES: usize = 100_000;

/// One image file, bytes. PLATEAU's largest atlases have 20 MB.
pub(crate) const MAX_IMAGE_BYTES: u64 = 64 << 20;

/// Sides of an image, pixels: what graphics cards hold at most.
pub(crate) const MAX_IMAGE_PIXELS: u32 = 16_384;

/// What decoding an image that has to be converted may take, bytes.
pub(crate) const MAX_IMAGE_MEMORY: u64 = 512 << 20;

/// Corners of one level of detail of one object: indices have 32 bits, and a tile holds 65,535.
pub(crate) const MAX_CORNERS: usize = 20_000_000;

/// Notes about single textures; more are only counted.
pub(crate) const MAX_TEXTURE_NOTES: usize = 5;

/// Lists and objects within each other in JSON. The boundaries of a MultiSolid nest 5 deep in an object 5 deep.
pub(crate) const MAX_JSON_DEPTH: usize = 64;

/// Vertices of one CityJSON file, which are all held: 24 bytes each, 1.2 GB. Larger models are delivered as CityJSONSeq
/// or in pieces.
pub(crate) const MAX_VERTICES: usize = 50_000_000;

/// A part of a CityJSON file that is held as a tree: one city object, the appearance, the templates, bytes of JSON.
pub(crate) const MAX_PART_BYTES: usize = 128 << 20;

/// Fields that the attributes of one layer may make.
pub(crate) const MAX_FIELDS: usize = 2_000;

/// A file of OBJ or glTF, or one of its buffers, which is held in memory, bytes.
pub(crate) const MAX_MESH_BYTES: u64 = 1 << 30;

/// Nodes of a glTF file within nodes.
pub(crate) const MAX_NODE_DEPTH: usize = 200;

/// Vertices that the nodes of a glTF file or the templates of a CityJSON object may become together: meshes can be
/// drawn by many nodes.
pub(crate) const MAX_PLACED_VERTICES: usize = 100_000_000;
