//! A zip whose bytes depend on nothing but what goes in: packed by `miniz_oxide`, which is the same on every processor.
//!
//! PKWARE's APPNOTE 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16.

/// First of January 1980, midnight, as MS-DOS writes it.
const EPOCH: [u8; 4] = [0, 0, 0x21, 0];

/// Packs files into a zip.
pub(super) fn zip(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in entries {
        let packed = miniz_oxide::deflate::compress_to_vec(bytes, 9);
        let start = out.len() as u32;
        let mut common = Vec::new();
        // Version 2.0; names in UTF-8; deflated.
        common.extend([20, 0, 0, 8, 8, 0]);
        common.extend(EPOCH);
        common.extend(crc(bytes).to_le_bytes());
        common.extend((packed.len() as u32).to_le_bytes());
        common.extend((bytes.len() as u32).to_le_bytes());
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        out.extend(*b"PK\x03\x04");
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(packed);
        directory.extend(*b"PK\x01\x02\x14\x00");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(start.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let start = out.len() as u32;
    out.extend(&directory);
    out.extend(*b"PK\x05\x06\0\0\0\0");
    out.extend((entries.len() as u16).to_le_bytes());
    out.extend((entries.len() as u16).to_le_bytes());
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0, 0]);
    out
}

/// The checksum of ISO 3309, bit by bit over a table of 256.
fn crc(bytes: &[u8]) -> u32 {
    let mut table = [0_u32; 256];
    for (k, entry) in table.iter_mut().enumerate() {
        *entry =
            (0..8).fold(k as u32, |c, _| if c & 1 == 1 { 0xEDB8_8320 ^ (c >> 1) } else { c >> 1 });
    }
    !bytes.iter().fold(!0, |c, b| table[((c ^ u32::from(*b)) & 0xFF) as usize] ^ (c >> 8))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    #[test]
    fn a_foreign_reader_unpacks_what_was_packed() {
        let text = "管线点号".repeat(1000).into_bytes();
        let packed =
            super::zip(&[("a.xml".to_owned(), text.clone()), ("b/c.xml".to_owned(), Vec::new())]);
        assert!(packed.len() < 1000);
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(packed)).unwrap();
        assert_eq!(archive.len(), 2);
        let mut read = Vec::new();
        archive.by_name("a.xml").unwrap().read_to_end(&mut read).unwrap();
        assert_eq!(read, text);
    }
}
