//! What is written is read again, also after a kill at any byte.

#![allow(clippy::unwrap_used, reason = "a test that can not set up has failed")]

use std::path::Path;

use onemap_archive::{
    About, Archive, Compression, Error, Format, MbTiles, PmTiles, Spool, Start, TileId, TileType,
    gzip, to_pmtiles,
};
use onemap_model::{Bounds, TileCoord};

/// A tile with a layer whose name tells its number.
fn content(number: u64) -> Vec<u8> {
    let name = format!("layer {number}");
    let mut layer = vec![0x0a, name.len() as u8];
    layer.extend_from_slice(name.as_bytes());
    layer.extend_from_slice(&[0x78, 2]);
    [&[0x1a, layer.len() as u8][..], &layer].concat()
}

/// Tiles of some zooms, among them runs of equal ones.
fn tiles(count: u64) -> Vec<(TileCoord, Vec<u8>)> {
    let tile = |i: u64| {
        let id = TileId::new(i * 3 / 2 + i % 2).unwrap();
        let number = if i.is_multiple_of(5) { i } else { i / 40 % 7 };
        (id.coord(), gzip(&content(number)).unwrap())
    };
    let mut tiles: Vec<_> = (0..count).map(tile).collect();
    tiles.dedup_by_key(|(tile, _)| *tile);
    tiles
}

fn about() -> About {
    let mut about = About::of(TileType::Mvt);
    about.metadata.insert("name".into(), "测试".into());
    about.metadata.insert("vector_layers".into(), serde_json::json!([{ "id": "a", "fields": {} }]));
    about.bounds = Bounds::new(118.0, 33.0, 119.0, 34.0);
    about
}

fn write(path: &Path, format: Format, tiles: &[(TileCoord, Vec<u8>)]) {
    let (mut spool, start) = Spool::open(path, "key").unwrap();
    assert_eq!(start, Start::New);
    for (tile, bytes) in tiles {
        spool.push(*tile, bytes).unwrap();
    }
    let written = spool.finish(format, &about()).unwrap();
    assert_eq!(written.tiles, tiles.len() as u64);
    assert_eq!(written.bytes, path.metadata().unwrap().len());
}

/// Files of a folder, by name.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn both_formats_give_every_tile_back() {
    fn can_be_shared<T: Send + Sync>() {}
    can_be_shared::<PmTiles>();
    let folder = tempfile::tempdir().unwrap();
    let tiles = tiles(50_000);
    for (name, format) in [("a.pmtiles", Format::PmTiles), ("a.mbtiles", Format::MbTiles)] {
        let path = folder.path().join(name);
        write(&path, format, &tiles);
        let archive = Archive::open(&path).unwrap();
        assert_eq!(archive.format(), format);
        let said = archive.about();
        assert_eq!((said.tile_type, said.bounds), (TileType::Mvt, about().bounds));
        assert_eq!((said.minzoom, said.maxzoom), (0, tiles.last().unwrap().0.z()));
        for name in ["name", "vector_layers"] {
            assert_eq!(said.metadata.get(name), about().metadata.get(name));
        }
        for (tile, bytes) in tiles.iter().step_by(17) {
            let found = archive.tile(*tile).unwrap().unwrap();
            assert_eq!((&found.bytes, found.compression), (bytes, Compression::Gzip), "{tile}");
        }
        let absent = TileCoord::new(20, 5, 5).unwrap();
        assert!(archive.tile(absent).unwrap().is_none());
    }
    assert_eq!(names(folder.path()), ["a.mbtiles", "a.pmtiles"]);
}

#[test]
fn a_survey_counts_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pmtiles");
    let tiles = tiles(20_000);
    write(&path, Format::PmTiles, &tiles);
    let survey = PmTiles::open(&path).unwrap().survey(&|_, _| {}).unwrap();
    assert_eq!(survey.tiles, tiles.len() as u64);
    for (zoom, stats) in &survey.zooms {
        let at = tiles.iter().filter(|(tile, _)| tile.z() == *zoom);
        assert_eq!(stats.tiles, at.clone().count() as u64, "zoom {zoom}");
        assert_eq!(stats.bytes, at.map(|(_, bytes)| bytes.len() as u64).sum::<u64>());
    }
    assert!(survey.contents < survey.tiles / 4, "{} contents", survey.contents);
    assert_eq!(survey.layer_names().next(), Some("layer 0"));
}

#[test]
fn the_order_of_pushing_does_not_show_in_the_tiles() {
    let folder = tempfile::tempdir().unwrap();
    let tiles = tiles(5_000);
    let mut mixed = tiles.clone();
    mixed.sort_by_key(|(tile, _)| (tile.x().wrapping_mul(2_654_435_761), tile.y(), tile.z()));
    for (name, format) in [("a", Format::PmTiles), ("b", Format::MbTiles)] {
        let (in_order, out_of_order) = (folder.path().join(name), folder.path().join("mixed"));
        write(&in_order, format, &tiles);
        write(&out_of_order, format, &mixed);
        let [a, b] = [&in_order, &out_of_order].map(|path| std::fs::read(path).unwrap());
        assert!(a == b, "{name} differs");
    }
}

#[test]
fn an_address_that_comes_twice_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (mut spool, _) = Spool::open(&folder.path().join("x"), "").unwrap();
    let tile = TileCoord::new(3, 1, 2).unwrap();
    spool.push(tile, b"a").unwrap();
    spool.push(tile, b"b").unwrap();
    let error = spool.finish(Format::PmTiles, &about()).unwrap_err();
    assert!(error.to_string().contains("tile 3/1/2"), "{error}");
}

#[test]
fn a_spool_cut_anywhere_is_taken_up_and_ends_in_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let tiles = tiles(300);
    let whole = folder.path().join("whole.pmtiles");
    write(&whole, Format::PmTiles, &tiles);
    let expected = std::fs::read(&whole).unwrap();
    let path = folder.path().join("cut.pmtiles");
    let file = |suffix: &str| folder.path().join(format!("cut.pmtiles.part{suffix}"));
    let (mut spool, _) = Spool::open(&path, "key").unwrap();
    for (tile, bytes) in &tiles {
        spool.push(*tile, bytes).unwrap();
    }
    spool.sync().unwrap();
    drop(spool);
    let parts = ["", ".index"].map(|suffix| std::fs::read(file(suffix)).unwrap());
    for round in 0..120_usize {
        let cut = |len: usize, of: usize| len * of / 120;
        let lens = [
            cut(parts[0].len(), (round * 7919) % 121),
            cut(parts[1].len(), (round * 104_729 + 50) % 121),
        ];
        for ((suffix, part), len) in ["", ".index"].iter().zip(&parts).zip(lens) {
            let mut bytes = part[..len].to_vec();
            if round % 3 == 0 {
                // What a power cut leaves of blocks that were not yet written.
                let zeros = bytes.len().saturating_sub(100);
                bytes[zeros..].fill(0);
            }
            std::fs::write(file(suffix), bytes).unwrap();
        }
        let (mut spool, _) = Spool::open(&path, "key").unwrap();
        let done = spool.last();
        for (tile, bytes) in
            tiles.iter().filter(|(t, _)| done.is_none_or(|done| done < TileId::of(*t)))
        {
            spool.push(*tile, bytes).unwrap();
        }
        spool.finish(Format::PmTiles, &about()).unwrap();
        assert!(std::fs::read(&path).unwrap() == expected, "cut at {lens:?}");
    }
}

#[test]
fn another_key_begins_anew_and_a_second_writer_waits_outside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.pmtiles");
    let (mut spool, _) = Spool::open(&path, "bbox=1").unwrap();
    spool.push(TileCoord::new(1, 0, 0).unwrap(), b"tile").unwrap();
    assert!(matches!(Spool::open(&path, "bbox=1"), Err(Error::Busy(_))));
    spool.sync().unwrap();
    drop(spool);
    let (spool, start) = Spool::open(&path, "bbox=1").unwrap();
    assert_eq!((start, spool.tiles()), (Start::Resumed(1), 1));
    drop(spool);
    let (spool, start) = Spool::open(&path, "bbox=2").unwrap();
    assert_eq!((start, spool.tiles()), (Start::Anew, 0));
    let error = spool.finish(Format::PmTiles, &about()).unwrap_err();
    assert!(matches!(error, Error::Empty(_)));
    assert!(names(folder.path()).is_empty());
}

#[test]
fn a_converted_mbtiles_is_the_pmtiles_that_would_have_been_written() {
    let folder = tempfile::tempdir().unwrap();
    let tiles = tiles(3_000);
    let [mb, direct, converted] =
        ["a.mbtiles", "direct", "converted"].map(|n| folder.path().join(n));
    write(&mb, Format::MbTiles, &tiles);
    write(&direct, Format::PmTiles, &tiles);
    let done = to_pmtiles(&MbTiles::open(&mb).unwrap(), &converted, &mut |_, _| {}).unwrap();
    assert_eq!((done.written.tiles, done.empty, done.packed), (tiles.len() as u64, 0, 0));
    let [direct, converted] = [direct, converted].map(|path| PmTiles::open(&path).unwrap());
    for (tile, _) in &tiles {
        assert_eq!(direct.tile(*tile).unwrap(), converted.tile(*tile).unwrap());
    }
    assert_eq!(direct.about().bounds, converted.about().bounds);
}
