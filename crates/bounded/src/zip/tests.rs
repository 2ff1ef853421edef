use std::io::Cursor;

use encoding_rs::GB18030;
use proptest::prelude::*;
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::*;

/// Packs with the `zip` crate, which is not what reads here.
fn pack(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn open(bytes: &[u8]) -> Result<ZipArchive<Cursor<&[u8]>>> {
    ZipArchive::open(Cursor::new(bytes))
}

fn refusal(bytes: &[u8]) -> String {
    open(bytes).err().map(|error| error.to_string()).unwrap_or_default()
}

/// Replaces every occurrence, as in the local header and in the directory.
fn patch(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut patched = bytes.to_vec();
    for at in 0..=bytes.len() - from.len() {
        if &bytes[at..at + from.len()] == from {
            patched[at..at + to.len()].copy_from_slice(to);
        }
    }
    patched
}

#[test]
fn entries_are_listed_and_read_stored_or_deflated() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    writer.add_directory("数据/", stored).unwrap();
    writer.start_file("数据/a.txt", stored).unwrap();
    writer.write_all(b"stored").unwrap();
    writer.start_file("b.txt", SimpleFileOptions::default().large_file(true)).unwrap();
    writer.write_all(&b"deflated ".repeat(100)).unwrap();
    let bytes = writer.finish().unwrap().into_inner();

    let mut archive = open(&bytes).unwrap();
    let names: Vec<_> =
        archive.entries().iter().map(|entry| (entry.name(), entry.is_folder())).collect();
    assert_eq!(names, [("数据/", true), ("数据/a.txt", false), ("b.txt", false)]);
    assert_eq!(archive.entries()[1].file_name(), "a.txt");
    assert_eq!(archive.read_entry(1, 100).unwrap(), b"stored");
    let index = archive.find("b.txt").unwrap();
    assert_eq!(archive.read_entry(index, 1_000).unwrap(), b"deflated ".repeat(100));
    assert!(matches!(archive.read_entry(index, 899), Err(Error::Limit { .. })));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out");
    assert_eq!(archive.extract_entry(index, &path).unwrap(), 900);
    assert!(archive.extract_entry(index, &path).is_err(), "an existing file is never overwritten");
}

#[test]
fn names_from_chinese_windows_are_read_as_gbk() {
    let gbk = GB18030.encode("地籍.shp").0.into_owned();
    let placeholder = "x".repeat(gbk.len());
    let bytes = patch(&pack(&[(&placeholder, b"data")]), placeholder.as_bytes(), &gbk);
    let mut archive = open(&bytes).unwrap();
    assert_eq!(archive.entries()[0].name(), "地籍.shp");
    assert_eq!(archive.read_entry(0, 10).unwrap(), b"data");
}

#[test]
fn a_program_before_the_archive_does_not_matter() {
    let bytes = [&b"MZ self-extracting"[..], &pack(&[("a", b"data")])].concat();
    assert_eq!(open(&bytes).unwrap().read_entry(0, 10).unwrap(), b"data");
}

#[test]
fn names_that_lead_out_of_the_archive_are_refused() {
    for hostile in
        ["../../../a", "/etc/passw", "..\\..\\..\\a", "C:\\windows", "a/../../bb", "aaaaaaaa\0b"]
    {
        let bytes = patch(&pack(&[("0123456789", b"data")]), b"0123456789", hostile.as_bytes());
        assert!(refusal(&bytes).contains("leads out of its folder"), "{hostile}");
    }
}

#[test]
fn links_and_encrypted_entries_are_refused() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_symlink("link", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    let bytes = writer.finish().unwrap().into_inner();
    assert!(refusal(&bytes).contains("it is a link or a device"));

    let mut bytes = pack(&[("a", b"data")]);
    let directory = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    bytes[directory + 8] |= 1;
    assert!(refusal(&bytes).contains("it is encrypted"));
}

#[test]
fn two_entries_of_one_name_are_refused() {
    let bytes = patch(&pack(&[("aa", b"1"), ("bb", b"2")]), b"bb", b"aa");
    assert!(refusal(&bytes).contains("two entries of this name"));
}

#[test]
fn entries_that_share_their_bytes_are_refused() {
    // The directory's second entry points at the first one's bytes.
    let mut bytes = pack(&[("aa", b"1111"), ("ab", b"2222")]);
    let second = bytes.windows(4).rposition(|window| window == b"PK\x01\x02").unwrap();
    bytes[second + 42..second + 46].copy_from_slice(&0u32.to_le_bytes());
    assert!(refusal(&bytes).contains("its own header gives it another name"));
    // As the overlapping bombs do it: a stored entry whose bytes hold the next entry.
    let inner = pack(&[("bb", b"2222")]);
    let inner_entry =
        &inner[..inner.windows(4).position(|window| window == b"PK\x01\x02").unwrap()];
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    writer.start_file("aa", stored).unwrap();
    writer.write_all(inner_entry).unwrap();
    writer.start_file("bb", SimpleFileOptions::default()).unwrap();
    writer.write_all(b"2222").unwrap();
    let mut bytes = writer.finish().unwrap().into_inner();
    let second = bytes.windows(4).rposition(|window| window == b"PK\x01\x02").unwrap();
    let held =
        bytes.windows(inner_entry.len()).position(|window| window == inner_entry).unwrap() as u32;
    bytes[second + 42..second + 46].copy_from_slice(&held.to_le_bytes());
    assert!(refusal(&bytes).contains("overlaps another entry"));
}

#[test]
fn a_bomb_is_refused_when_it_is_opened() {
    let bytes = pack(&[("bomb", &vec![0; 64 << 20])]);
    assert!(bytes.len() < 100_000);
    assert!(refusal(&bytes).contains("200 times its packed size"));
}

#[test]
fn an_entry_that_unpacks_to_more_than_it_states_is_stopped() {
    let content = b"deflated ".repeat(100);
    let bytes = pack(&[("a", &content)]);
    let bytes = patch(&bytes, &900u32.to_le_bytes(), &100u32.to_le_bytes());
    let error = open(&bytes).unwrap().read_entry(0, 1_000).unwrap_err();
    assert!(error.to_string().contains("unpacks to more"), "{error}");
}

#[test]
fn a_wrong_checksum_is_an_error() {
    let mut bytes = pack(&[("a", b"data data data")]);
    let directory = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    bytes[directory + 16] ^= 1;
    let error = open(&bytes).unwrap().read_entry(0, 100).unwrap_err();
    assert!(error.to_string().contains("checksum"), "{error}");
}

#[test]
fn too_many_entries_are_refused_before_they_are_listed() {
    let mut bytes = pack(&[("a", b"1")]);
    let end = bytes.len() - 22;
    bytes[end + 10..end + 12].copy_from_slice(&10_001u16.to_le_bytes());
    assert!(refusal(&bytes).contains("10000 entries"));
    bytes[end + 10..end + 12].copy_from_slice(&9_999u16.to_le_bytes());
    assert!(refusal(&bytes).contains("announces 9999 items"));
}

#[test]
fn archives_inside_archives_inside_archives_are_refused() {
    let bytes = pack(&[("a", b"1")]);
    assert!(ZipArchive::open_nested(Cursor::new(&bytes), 1).is_ok());
    assert!(ZipArchive::open_nested(Cursor::new(&bytes), 2).is_err());
}

#[test]
fn every_truncation_is_an_error() {
    let bytes = pack(&[("a", b"data"), ("b", b"more data")]);
    for end in 0..bytes.len() {
        assert!(open(&bytes[..end]).is_err(), "{end}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn damaged_archives_never_panic(flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut bytes = pack(&[("a.txt", &b"data ".repeat(40)), ("b.txt", b"more")]);
        for (index, value) in flips {
            let at = index.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(mut archive) = open(&bytes) {
            for index in 0..archive.entries().len() {
                let _ = archive.read_entry(index, 1 << 20);
            }
        }
    }
}
