//! Writing an archive whose contents are known.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use rustc_hash::FxHashMap;

use super::directory::{Directory, Entry};
use super::header::{HEADER_BYTES, Header, ROOT_END, Section};
use crate::error::{Doing, Result};
use crate::limits::MAX_SHARED_BYTES;
use crate::packing::gzip;
use crate::source::read_exact_at;
use crate::{About, Compression};

/// Entries up to which a directory without leaves is tried.
const MAX_ROOT_ENTRIES: usize = 16_384;
/// Entries of a leaf at least.
const MIN_LEAF_ENTRIES: usize = 4_096;
/// Leaves at which a root directory is about full.
const LEAVES_IN_ROOT: usize = 3_500;

/// What is written: one entry for each tile, ids ascending, offsets into `contents`.
pub(crate) struct Draft<'a> {
    pub entries: Vec<Entry>,
    pub contents: &'a File,
    /// Where the contents are, for errors.
    pub contents_path: &'a Path,
    /// Complete: with zooms, bounds and center.
    pub about: &'a About,
}

/// Writes a whole PMTiles, clustered, and syncs it.
pub(crate) fn write(draft: Draft<'_>, output: &Path) -> Result<()> {
    let Draft { mut entries, contents, contents_path, about } = draft;
    let placed = place(&mut entries);
    let addressed = entries.len() as u64;
    join_runs(&mut entries);
    let (root, leaves) = directories(&entries).doing("pack the directory of", output)?;
    let metadata = serde_json::to_vec(&about.metadata).map_err(io::Error::from);
    let metadata = metadata.and_then(|json| gzip(&json)).doing("pack the metadata of", output)?;
    let at = |offset: u64, len: usize| Section { offset, len: len as u64 };
    let end = |section: Section| section.offset + section.len;
    let root_at = at(HEADER_BYTES, root.len());
    let metadata_at = at(end(root_at), metadata.len());
    let leaves_at = at(end(metadata_at), leaves.len());
    let tiles_at = Section { offset: end(leaves_at), len: placed.len };
    let header = Header {
        root: root_at,
        metadata: metadata_at,
        leaves: leaves_at,
        tiles: tiles_at,
        counts: [addressed, entries.len() as u64, placed.contents],
        clustered: true,
        internal_compression: Compression::Gzip,
        tile_compression: about.compression,
        tile_type: about.tile_type,
        minzoom: about.minzoom,
        maxzoom: about.maxzoom,
        bounds: about.bounds,
        center: about.center.unwrap_or_default(),
    };
    let file = File::create(output).doing("create", output)?;
    let mut out = BufWriter::with_capacity(1 << 20, file);
    for part in [&header.write()[..], &root, &metadata, &leaves] {
        out.write_all(part).doing("write", output)?;
    }
    copy(contents, contents_path, &placed.moves, &mut out, output)?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error).doing("write", output)?;
    file.sync_all().doing("sync", output)
}

/// Where contents go.
struct Placed {
    /// Stretches of the old contents, in their new order.
    moves: Vec<Section>,
    /// Bytes of all contents.
    len: u64,
    /// Number of contents.
    contents: u64,
}

/// Gives every entry its place in the finished file: contents in the order of the first tile that has them.
fn place(entries: &mut [Entry]) -> Placed {
    let mut placed = Placed { moves: Vec::new(), len: 0, contents: 0 };
    // Only small contents are shared.
    let mut shared: FxHashMap<u64, u64> = FxHashMap::default();
    for entry in entries {
        let (from, len) = (entry.offset, u64::from(entry.len));
        if entry.len as usize <= MAX_SHARED_BYTES {
            if let Some(to) = shared.get(&from) {
                entry.offset = *to;
                continue;
            }
            shared.insert(from, placed.len);
        }
        entry.offset = placed.len;
        placed.len += len;
        placed.contents += 1;
        match placed.moves.last_mut() {
            Some(last) if last.offset + last.len == from => last.len += len,
            _ => placed.moves.push(Section { offset: from, len }),
        }
    }
    placed
}

/// Joins entries of neighbouring tiles that share their content.
fn join_runs(entries: &mut Vec<Entry>) {
    entries.dedup_by(|next, run| {
        let same = next.id == run.end() && next.offset == run.offset && next.len == run.len;
        if same && run.run < u32::MAX {
            run.run += 1;
            return true;
        }
        false
    });
}

/// Returns the root directory, and all leaves one behind the other. Leaves grow until the root is small enough.
fn directories(entries: &[Entry]) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let most = (ROOT_END - HEADER_BYTES) as usize;
    if entries.len() <= MAX_ROOT_ENTRIES {
        let root = gzip(&Directory::write(entries))?;
        if root.len() <= most {
            return Ok((root, Vec::new()));
        }
    }
    let mut size = (entries.len() / LEAVES_IN_ROOT).max(MIN_LEAF_ENTRIES);
    loop {
        let mut leaves = Vec::new();
        let mut pointers = Vec::with_capacity(entries.len() / size + 1);
        for chunk in entries.chunks(size) {
            let leaf = gzip(&Directory::write(chunk))?;
            let (offset, len) = (leaves.len() as u64, leaf.len() as u32);
            pointers.extend(chunk.first().map(|first| Entry { id: first.id, offset, len, run: 0 }));
            leaves.extend_from_slice(&leaf);
        }
        let root = gzip(&Directory::write(&pointers))?;
        if root.len() <= most {
            return Ok((root, leaves));
        }
        size += size / 4;
    }
}

fn copy(
    contents: &File,
    contents_path: &Path,
    moves: &[Section],
    out: &mut impl Write,
    output: &Path,
) -> Result<()> {
    let mut chunk = vec![0; 1 << 20];
    for stretch in moves {
        let (mut at, mut left) = (stretch.offset, stretch.len);
        while left > 0 {
            let now = left.min(chunk.len() as u64);
            let bytes = chunk.get_mut(..now as usize).unwrap_or_default();
            read_exact_at(contents, bytes, at).doing("read", contents_path)?;
            out.write_all(bytes).doing("write", output)?;
            at += now;
            left -= now;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_directory_gets_leaves_and_a_small_root() {
        let mut offset = 0;
        let entries: Vec<Entry> = (0..300_000_u64)
            .map(|i| {
                let len = (i * 7919 % 50_021 + 30) as u32;
                offset += u64::from(len);
                Entry { id: i * 3, offset: offset - u64::from(len), len, run: 1 }
            })
            .collect();
        let (root, leaves) = directories(&entries).unwrap();
        assert!(root.len() <= 16_257 && !leaves.is_empty());
        let (root, leaves) = directories(&entries[..100]).unwrap();
        assert!(root.len() < 1000 && leaves.is_empty());
    }

    #[test]
    fn contents_follow_the_tiles_and_equal_neighbours_become_runs() {
        let entry = |id, offset, len| Entry { id, offset, len, run: 1 };
        let mut entries = vec![entry(1, 100, 10), entry(2, 0, 5), entry(3, 0, 5), entry(9, 0, 5)];
        let placed = place(&mut entries);
        assert_eq!((placed.len, placed.contents), (15, 2));
        join_runs(&mut entries);
        let run = Entry { id: 2, offset: 10, len: 5, run: 2 };
        assert_eq!(entries, [entry(1, 0, 10), run, entry(9, 10, 5)]);
    }
}
