//! Archives that were made to harm: each is refused soon, and in words.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use onemap_model::TileCoord;

use super::directory::{Directory, Entry};
use super::header::{HEADER_BYTES, Header, Section};
use super::reader::PmTiles;
use crate::packing::gzip;
use crate::{Compression, TileType};

/// An archive of parts that need not fit together.
struct Parts {
    root: Vec<u8>,
    leaves: Vec<u8>,
    tiles: Vec<u8>,
    metadata: Vec<u8>,
    packed: Compression,
}

impl Parts {
    fn new(root: &[Entry]) -> Self {
        Self {
            root: Directory::write(root),
            leaves: Vec::new(),
            tiles: Vec::new(),
            metadata: b"{}".to_vec(),
            packed: Compression::None,
        }
    }

    fn write(&self, folder: &tempfile::TempDir) -> PathBuf {
        let mut at = HEADER_BYTES;
        let mut section = |bytes: &[u8]| {
            let section = Section { offset: at, len: bytes.len() as u64 };
            at += section.len;
            section
        };
        let header = Header {
            root: section(&self.root),
            metadata: section(&self.metadata),
            leaves: section(&self.leaves),
            tiles: section(&self.tiles),
            counts: [0; 3],
            clustered: true,
            internal_compression: self.packed,
            tile_compression: Compression::Gzip,
            tile_type: TileType::Mvt,
            minzoom: 0,
            maxzoom: 14,
            bounds: None,
            center: (0.0, 0.0, 0),
        };
        let parts = [&header.write()[..], &self.root, &self.metadata, &self.leaves, &self.tiles];
        let path = folder.path().join("hostile.pmtiles");
        std::fs::write(&path, parts.concat()).unwrap();
        path
    }

    /// Opens, surveys and asks for a tile; returns what was said, which must not take long.
    fn said(&self) -> String {
        let folder = tempfile::tempdir().unwrap();
        let began = Instant::now();
        let tile = TileCoord::new(14, 13_575, 6_547).unwrap();
        let done = PmTiles::open(&self.write(&folder)).and_then(|archive| {
            let _ = archive.tile(tile);
            archive.survey(&|_, _| {})
        });
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        done.unwrap_err().to_string()
    }
}

fn entry(id: u64, offset: u64, len: u32, run: u32) -> Entry {
    Entry { id, offset, len, run }
}

#[test]
fn a_leaf_that_contains_itself_is_refused() {
    let mut leaf = Directory::write(&[entry(0, 0, 10, 0)]);
    for _ in 0..3 {
        leaf = Directory::write(&[entry(0, 0, leaf.len() as u32, 0)]);
    }
    let len = leaf.len() as u32;
    let parts = Parts { leaves: leaf, ..Parts::new(&[entry(0, 0, len, 0)]) };
    let said = parts.said();
    assert!(said.contains("overlap") || said.contains("nested"), "{said}");
}

#[test]
fn a_leaf_that_is_listed_a_million_times_is_read_once() {
    let leaf = Directory::write(&[entry(0, 0, 1, 1)]);
    let len = leaf.len() as u32;
    let root: Vec<Entry> = (0..1_000_000).map(|i| entry(i * 2, 0, len, 0)).collect();
    let said = Parts { leaves: leaf, tiles: vec![0], ..Parts::new(&root) }.said();
    assert!(said.contains("of another") || said.contains("overlap"), "{said}");
}

#[test]
fn a_directory_that_unpacks_to_gigabytes_is_refused() {
    let bomb = gzip(&vec![0; 256 << 20]).unwrap();
    let parts = Parts { root: bomb.clone(), packed: Compression::Gzip, ..Parts::new(&[]) };
    let said = parts.said();
    assert!(said.contains("root directory can not be unpacked"), "{said}");
    let root = gzip(&Directory::write(&[entry(0, 0, 1, 1)])).unwrap();
    let parts = Parts { root, metadata: bomb, packed: Compression::Gzip, ..Parts::new(&[]) };
    let said = parts.said();
    assert!(said.contains("metadata can not be unpacked"), "{said}");
}

#[test]
fn a_tile_that_unpacks_to_gigabytes_is_refused_by_its_address() {
    let bomb = gzip(&vec![0; 256 << 20]).unwrap();
    let root = [entry(7, 0, bomb.len() as u32, 1)];
    let said = Parts { tiles: bomb, ..Parts::new(&root) }.said();
    assert!(said.contains("tile 2/1/1 of"), "{said}");
}

#[test]
fn tiles_that_lie_over_each_other_or_outside_are_refused() {
    let tiles = vec![0; 100];
    let root = [entry(1, 0, 60, 1), entry(2, 40, 60, 1)];
    let said = Parts { tiles: tiles.clone(), ..Parts::new(&root) }.said();
    assert!(said.contains("tiles 1/0/0 and 1/0/1 lie over each other"), "{said}");
    let said = Parts { tiles, ..Parts::new(&[entry(1, 60, 60, 1)]) }.said();
    assert!(said.contains("tile 1/0/0 of") && said.contains("outside"), "{said}");
}

#[test]
fn metadata_that_are_no_object_are_refused() {
    let deep = "[".repeat(1 << 20);
    for (text, why) in [("[]", "no JSON object"), ("{", "no JSON"), (&deep[..], "no JSON")] {
        let parts =
            Parts { metadata: text.as_bytes().to_vec(), ..Parts::new(&[entry(0, 0, 1, 1)]) };
        let said = parts.said();
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn a_run_of_billions_of_tiles_is_counted_and_not_walked() {
    let tile = gzip(b"").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let root = [entry(1 << 40, 0, tile.len() as u32, u32::MAX)];
    let archive =
        PmTiles::open(&Parts { tiles: tile, ..Parts::new(&root) }.write(&folder)).unwrap();
    let survey = archive.survey(&|_, _| {}).unwrap();
    assert_eq!((survey.tiles, survey.contents), (u64::from(u32::MAX), 1));
}
