//! Limits of the readers: constants with units and reasons. Those of bytes and archives in general stand in
//! `onemap_bounded::limits`, those of looking for sources in `onemap_source::limits`.

/// One model file (EPANET, SWMM, pandapipes), bytes; the largest known has 30 MB.
pub(crate) const MAX_MODEL_BYTES: u64 = 1 << 30;

/// Cells of all tables of one network: they are held in memory, about 50 bytes each.
pub(crate) const MAX_CELLS: usize = 80_000_000;

/// Rows of each table that are looked at to find out whether it is one of a network.
pub(crate) const SAMPLE_ROWS: usize = 50;

/// Rows after which looking for tables in a file ends.
pub(crate) const MAX_SAMPLED_ROWS: usize = 200_000;

/// Findings of one rule; more are only counted.
pub(crate) const MAX_FINDINGS_PER_RULE: usize = 100_000;

/// Text of one section that is kept as a note, characters.
pub(crate) const MAX_NOTE_TEXT: usize = 4_000;

/// Nodes and links of one model: they are held in memory, up to a kilobyte each; the largest known has half a million.
pub(crate) const MAX_MODEL_ELEMENTS: usize = 4_000_000;

/// Corners of all links of one model, 48 bytes each in memory.
pub(crate) const MAX_MODEL_CORNERS: usize = 30_000_000;

/// Links looked at for states of ranges of links, so that many ranges over many links end in time.
pub(crate) const MAX_RANGE_WORK: usize = 20_000_000;

/// A pandapipes file, bytes: its tables are held as values of up to 32 bytes per two bytes of text, one after the other.
pub(crate) const MAX_PANDAPIPES_BYTES: u64 = 128 << 20;

/// Columns of one table of a model that are kept.
pub(crate) const MAX_MODEL_FIELDS: usize = 200;
