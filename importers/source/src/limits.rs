//! Limits of looking for sources and of reading them: constants with units and reasons.

/// Buffer of a stream, bytes: large enough that a system call is rare beside parsing.
pub const BUFFER_BYTES: usize = 256 << 10;

/// How much of a file is looked at to find out what it is, bytes. The `type` of a GeoJSON file may come after foreign
/// members; the separator of a table shows in a few lines.
pub const HEAD_BYTES: usize = 64 << 10;

/// Folders within folders that are searched for sources.
pub const MAX_FOLDER_DEPTH: usize = 12;

/// Files of one folder, with its subfolders, that are looked at.
pub const MAX_FOLDER_FILES: usize = 100_000;
