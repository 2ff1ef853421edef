//! The first 127 bytes.

use std::path::Path;

use onemap_bounded::ByteReader;
use onemap_model::{Bounds, MAX_ZOOM};

use crate::error::{Error, Result};
use crate::{Compression, TileType};

/// How every PMTiles begins; the version follows.
pub(crate) const MAGIC: &[u8; 7] = b"PMTiles";
/// Length of the header.
pub(crate) const HEADER_BYTES: u64 = 127;
/// Where the root directory must end.
pub(crate) const ROOT_END: u64 = 16_384;

/// A part of the file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Section {
    pub offset: u64,
    pub len: u64,
}

impl Section {
    /// Returns a part of this section as a part of the file; `None` when it is not inside.
    pub(crate) fn part(self, offset: u64, len: u64) -> Option<Self> {
        let inside = offset.checked_add(len)? <= self.len;
        inside.then_some(Self { offset: self.offset + offset, len })
    }
}

/// The header. Its sections lie inside the file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Header {
    pub root: Section,
    pub metadata: Section,
    pub leaves: Section,
    pub tiles: Section,
    /// Tiles that can be asked for, entries, and contents; 0 when not known.
    pub counts: [u64; 3],
    pub clustered: bool,
    pub internal_compression: Compression,
    pub tile_compression: Compression,
    pub tile_type: TileType,
    pub minzoom: u8,
    pub maxzoom: u8,
    pub bounds: Option<Bounds>,
    pub center: (f64, f64, u8),
}

/// Tells by the first bytes which version of PMTiles a file is; `None` when it is none.
pub(crate) fn version(bytes: &[u8]) -> Option<u8> {
    match bytes {
        [b'P', b'M', b'T', b'i', b'l', b'e', b's', version, ..] => Some(*version),
        // Versions before 3 were "PM" and a small number.
        [b'P', b'M', version @ (1 | 2), 0, ..] => Some(*version),
        _ => None,
    }
}

/// Units of the coordinates in the header.
const PER_DEGREE: f64 = 1e7;

impl Header {
    /// Reads the header of a file of `file_len` bytes.
    pub(crate) fn read(bytes: &[u8], file_len: u64, path: &Path) -> Result<Self> {
        let damaged = |error: onemap_bounded::Error| Error::damaged(path, error.to_string());
        if let Some(version) = version(bytes).filter(|version| *version != 3) {
            let what = format!("it is PMTiles version {version}; `pmtiles convert` brings it to 3");
            return Err(Error::unsupported(path, what));
        }
        let mut reader = ByteReader::new("the header", bytes);
        if reader.take(7).map_err(damaged)? != MAGIC {
            let what = "it does not begin with 'PMTiles'".to_owned();
            return Err(Error::NotAnArchive { path: path.to_owned(), what });
        }
        reader.u8().map_err(damaged)?;
        let mut section = |name: &str| -> Result<Section> {
            let offset = reader.u64_le().map_err(damaged)?;
            let len = reader.u64_le().map_err(damaged)?;
            if offset.checked_add(len).is_none_or(|end| end > file_len) {
                return Err(Error::damaged(
                    path,
                    format!(
                        "its header puts {name} at byte {offset}, {len} bytes long, but the file has {file_len} bytes"
                    ),
                ));
            }
            Ok(Section { offset, len })
        };
        let root = section("the root directory")?;
        let metadata = section("the metadata")?;
        let leaves = section("the leaf directories")?;
        let tiles = section("the tiles")?;
        let mut count = || reader.u64_le().map_err(damaged);
        let counts = [count()?, count()?, count()?];
        let mut byte = || reader.u8().map_err(damaged);
        let clustered = byte()? == 1;
        let internal_compression = Compression::from_code(byte()?);
        let tile_compression = Compression::from_code(byte()?);
        let tile_type = TileType::from_code(byte()?);
        let (minzoom, maxzoom) = (byte()?, byte()?);
        let mut degrees = || reader.i32_le().map(|at| f64::from(at) / PER_DEGREE).map_err(damaged);
        let [west, south, east, north] = [degrees()?, degrees()?, degrees()?, degrees()?];
        let center_zoom = reader.u8().map_err(damaged)?;
        let mut degrees = || reader.i32_le().map(|at| f64::from(at) / PER_DEGREE).map_err(damaged);
        let center = (degrees()?, degrees()?, center_zoom.min(MAX_ZOOM));
        let bounds = Bounds::new(west, south, east, north).filter(|b| Bounds::WORLD.contains(b));
        Ok(Self {
            root,
            metadata,
            leaves,
            tiles,
            counts,
            clustered,
            internal_compression,
            tile_compression,
            tile_type,
            minzoom,
            maxzoom,
            bounds,
            center,
        })
    }

    /// Writes the header.
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER_BYTES as usize);
        out.extend_from_slice(MAGIC);
        out.push(3);
        for section in [self.root, self.metadata, self.leaves, self.tiles] {
            out.extend_from_slice(&section.offset.to_le_bytes());
            out.extend_from_slice(&section.len.to_le_bytes());
        }
        for count in self.counts {
            out.extend_from_slice(&count.to_le_bytes());
        }
        out.push(u8::from(self.clustered));
        out.push(self.internal_compression.code());
        out.push(self.tile_compression.code());
        out.push(self.tile_type.code());
        out.push(self.minzoom);
        out.push(self.maxzoom);
        let degrees = |out: &mut Vec<u8>, at: f64| {
            out.extend_from_slice(&((at * PER_DEGREE).round() as i32).to_le_bytes());
        };
        for at in self.bounds.unwrap_or(Bounds::WORLD).to_array() {
            degrees(&mut out, at);
        }
        let (lon, lat, zoom) = self.center;
        out.push(zoom);
        degrees(&mut out, lon);
        degrees(&mut out, lat);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header {
            root: Section { offset: 127, len: 25 },
            metadata: Section { offset: 152, len: 40 },
            leaves: Section { offset: 192, len: 0 },
            tiles: Section { offset: 192, len: 1000 },
            counts: [3, 2, 1],
            clustered: true,
            internal_compression: Compression::Gzip,
            tile_compression: Compression::None,
            tile_type: TileType::Webp,
            minzoom: 2,
            maxzoom: 14,
            bounds: Bounds::new(-10.5, -20.25, 30.125, 40.0),
            center: (1.5, -2.5, 7),
        }
    }

    #[test]
    fn a_header_comes_back() {
        let bytes = header().write();
        assert_eq!(bytes.len() as u64, HEADER_BYTES);
        assert_eq!(Header::read(&bytes, 1192, Path::new("x")).unwrap(), header());
    }

    #[test]
    fn sections_beyond_the_end_of_the_file_are_refused_by_name() {
        let bytes = header().write();
        let error = Header::read(&bytes, 1191, Path::new("x")).unwrap_err().to_string();
        assert!(error.contains("the tiles at byte 192, 1000 bytes long"), "{error}");
        let far = Header { leaves: Section { offset: u64::MAX, len: 2 }, ..header() };
        let error = Header::read(&far.write(), 5000, Path::new("x")).unwrap_err().to_string();
        assert!(error.contains("leaf directories"), "{error}");
        assert!(Header::read(&bytes[..100], 5000, Path::new("x")).is_err());
    }

    #[test]
    fn older_versions_are_named() {
        let mut bytes = header().write();
        bytes[7] = 2;
        let error = Header::read(&bytes, 5000, Path::new("x")).unwrap_err().to_string();
        assert!(error.contains("PMTiles version 2"), "{error}");
        let error = Header::read(b"PM\x01\x00{}", 6, Path::new("x")).unwrap_err().to_string();
        assert!(error.contains("PMTiles version 1"), "{error}");
        let other = Header::read(b"PMjournal", 9, Path::new("x"));
        assert!(matches!(other, Err(Error::NotAnArchive { .. })));
    }
}
