//! Reading an archive.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use onemap_model::TileCoord;
use serde_json::{Map, Value};

use super::cache::LeafCache;
use super::directory::{Directory, Entry};
use super::header::{HEADER_BYTES, Header, Section};
use crate::error::{Error, Result};
use crate::packing::unpack;
use crate::source::Source;
use crate::tile_id::END;
use crate::{About, Compression, StoredTile, TileId, limits};

/// An open PMTiles. Cheap to share: hold it in an [`Arc`] and ask from any thread.
#[derive(Debug)]
pub struct PmTiles {
    pub(super) source: Source,
    pub(super) header: Header,
    root: Directory,
    about: About,
    leaves: LeafCache,
}

impl PmTiles {
    /// Opens an archive: reads its header, root directory and metadata.
    pub fn open(path: &Path) -> Result<Self> {
        let source = Source::open(path)?;
        let head = source.read("the header", 0, HEADER_BYTES.min(source.len))?;
        let header = Header::read(&head, source.len, path)?;
        let internal = header.internal_compression;
        if !matches!(internal, Compression::None | Compression::Gzip) {
            let name = internal.name();
            let what = format!(
                "its directories are packed with {name}, only gzip is read; `pmtiles convert` makes them gzip"
            );
            return Err(Error::unsupported(path, what));
        }
        let root = read_directory(&source, &header, header.root, "the root directory")?;
        let metadata = read_metadata(&source, &header)?;
        let about = About {
            tile_type: header.tile_type,
            compression: header.tile_compression,
            bounds: header.bounds,
            center: Some(header.center).filter(|center| *center != (0.0, 0.0, 0)),
            minzoom: header.minzoom,
            maxzoom: header.maxzoom,
            metadata,
        };
        Ok(Self { source, header, root, about, leaves: LeafCache::default() })
    }

    /// Returns what the archive says of itself.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Returns the path it was opened by.
    pub fn path(&self) -> &Path {
        &self.source.path
    }

    /// Returns a tile as it is stored; `None` when the archive does not have it.
    pub fn tile(&self, tile: TileCoord) -> Result<Option<StoredTile>> {
        let Some(entry) = self.find(TileId::of(tile).get())? else { return Ok(None) };
        self.content(&entry, tile).map(Some)
    }

    /// Tells whether the archive has a tile, without reading it.
    pub fn contains(&self, tile: TileCoord) -> Result<bool> {
        self.find(TileId::of(tile).get()).map(|entry| entry.is_some())
    }

    /// Visits all tiles in the order of their ids, until `visit` breaks.
    pub fn for_each_tile(&self, visit: &mut dyn FnMut(TileId) -> ControlFlow<()>) -> Result<()> {
        self.for_each_entry(&mut |entry| {
            let mut ids = (entry.id..entry.end()).map_while(TileId::new);
            Ok(ids.try_for_each(&mut *visit))
        })
    }

    /// Reads the content of an entry; `tile` names it in errors.
    pub(super) fn content(&self, entry: &Entry, tile: TileCoord) -> Result<StoredTile> {
        let path = &self.source.path;
        if u64::from(entry.len) > limits::MAX_TILE_PACKED {
            let (what, limit) =
                (format!("tile {tile} of {} bytes", entry.len), limits::MAX_TILE_PACKED);
            return Err(Error::TooLarge { path: path.clone(), what, limit });
        }
        let part = self.header.tiles.part(entry.offset, entry.len.into());
        let part = part.ok_or_else(|| Error::tile(path, tile, "it lies outside of the file"))?;
        let bytes = self.source.read("a tile", part.offset, part.len)?;
        let compression = match self.about.compression {
            Compression::Unknown => Compression::sniff(&bytes),
            said => said,
        };
        Ok(StoredTile { bytes, compression })
    }

    /// Finds the entry of a tile.
    fn find(&self, id: u64) -> Result<Option<Entry>> {
        let mut found = self.root.find(id);
        for _ in 0..limits::MAX_DEPTH {
            let Some(entry) = found.filter(|entry| entry.run == 0) else { return Ok(found) };
            let leaf = if let Some(leaf) = self.leaves.get(entry.offset) {
                leaf
            } else {
                let leaf = Arc::new(self.leaf(&entry)?);
                self.leaves.put(entry.offset, leaf.clone());
                leaf
            };
            found = leaf.find(id);
        }
        match found {
            Some(entry) if entry.run == 0 => Err(self.too_deep()),
            found => Ok(found),
        }
    }

    /// Visits all entries of tiles in the order of their ids. Every leaf is read once; an archive whose leaves
    /// overlap, repeat or contain themselves is refused.
    pub(crate) fn for_each_entry(
        &self,
        visit: &mut dyn FnMut(&Entry) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let mut left = self.header.leaves.len;
        self.walk(&self.root, 0..END, 0, &mut left, visit).map(|_| ())
    }

    fn walk(
        &self,
        directory: &Directory,
        range: std::ops::Range<u64>,
        depth: u32,
        left: &mut u64,
        visit: &mut dyn FnMut(&Entry) -> Result<ControlFlow<()>>,
    ) -> Result<ControlFlow<()>> {
        let entries = directory.entries();
        for (i, entry) in entries.iter().enumerate() {
            if !range.contains(&entry.id) || entry.end() > range.end {
                let what = format!("a leaf directory lists tile {} of another", entry.id);
                return Err(Error::damaged(&self.source.path, what));
            }
            let flow = if entry.run > 0 {
                visit(entry)?
            } else {
                if depth == limits::MAX_DEPTH {
                    return Err(self.too_deep());
                }
                *left = left.checked_sub(entry.len.into()).ok_or_else(|| {
                    Error::damaged(&self.source.path, "its leaf directories overlap")
                })?;
                let end = entries.get(i + 1).map_or(range.end, |next| next.id);
                let leaf = self.leaf(entry)?;
                self.walk(&leaf, entry.id..end, depth + 1, left, visit)?
            };
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn leaf(&self, entry: &Entry) -> Result<Directory> {
        let what = format!("the leaf directory at byte {}", entry.offset);
        let part = self.header.leaves.part(entry.offset, entry.len.into());
        let part = part.ok_or_else(|| {
            Error::damaged(&self.source.path, format!("{what} lies outside of its section"))
        })?;
        read_directory(&self.source, &self.header, part, &what)
    }

    fn too_deep(&self) -> Error {
        let what = format!("its directories are nested more than {} deep", limits::MAX_DEPTH);
        Error::damaged(&self.source.path, what)
    }
}

fn read_directory(
    source: &Source,
    header: &Header,
    part: Section,
    what: &str,
) -> Result<Directory> {
    if part.len > limits::MAX_DIRECTORY_PACKED {
        let (what, limit) = (format!("{what} of {} bytes", part.len), limits::MAX_DIRECTORY_PACKED);
        return Err(Error::TooLarge { path: source.path.clone(), what, limit });
    }
    let bytes = source.read(what, part.offset, part.len)?;
    let limit = limits::MAX_DIRECTORY_BYTES;
    let bytes = unpack("directory", &bytes, header.internal_compression, limit).map_err(|why| {
        Error::damaged(&source.path, format!("{what} can not be unpacked: {why}"))
    })?;
    Directory::read(&bytes, what, &source.path)
}

fn read_metadata(source: &Source, header: &Header) -> Result<Map<String, Value>> {
    let part = header.metadata;
    // Some writers leave it out, though it must be an object.
    if part.len == 0 {
        return Ok(Map::new());
    }
    if part.len > limits::MAX_METADATA_BYTES {
        let (what, limit) = (format!("metadata of {} bytes", part.len), limits::MAX_METADATA_BYTES);
        return Err(Error::TooLarge { path: source.path.clone(), what, limit });
    }
    let bytes = source.read("the metadata", part.offset, part.len)?;
    let damaged = |why: String| Error::damaged(&source.path, format!("its metadata {why}"));
    let limit = limits::MAX_METADATA_BYTES;
    let bytes = unpack("metadata", &bytes, header.internal_compression, limit)
        .map_err(|why| damaged(format!("can not be unpacked: {why}")))?;
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(metadata)) => Ok(metadata),
        Ok(_) => Err(damaged("is no JSON object".into())),
        Err(error) => Err(damaged(format!("is no JSON: {error}"))),
    }
}
