//! The beginning of a file, by which it is told what it is.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use onemap_bounded::Gunzip;

use crate::limits;

/// The first bytes of a file, unpacked if it is gzipped.
#[derive(Debug)]
pub struct Head {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Whether they are the whole file.
    pub is_whole: bool,
    /// Whether the file is gzipped.
    pub gzipped: bool,
    /// Why nothing could be unpacked.
    pub gzip_problem: Option<io::Error>,
}

impl Head {
    /// Reads the first [`limits::HEAD_BYTES`] of a file.
    ///
    /// # Errors
    /// When the file can not be opened or read. That it can not be unpacked is told in the head.
    pub fn read(path: &Path) -> io::Result<Self> {
        let limit = limits::HEAD_BYTES;
        let mut bytes = Vec::new();
        File::open(path)?.take(limit as u64 + 1).read_to_end(&mut bytes)?;
        let gzipped = bytes.starts_with(&[0x1f, 0x8b]);
        let mut gzip_problem = None;
        if gzipped {
            bytes.clear();
            let mut unpacked = Gunzip::new(File::open(path)?).take(limit as u64 + 1);
            // A stream that breaks off later is for the reader to tell, with the place.
            gzip_problem = unpacked.read_to_end(&mut bytes).err().filter(|_| bytes.is_empty());
        }
        let is_whole = bytes.len() <= limit;
        bytes.truncate(limit);
        Ok(Self { bytes, is_whole, gzipped, gzip_problem })
    }

    /// Reads the first bytes as [`Self::read`] does, of a file that has some.
    ///
    /// # Errors
    /// As [`Self::read`], and when nothing can be unpacked.
    pub fn read_unpacked(path: &Path) -> io::Result<Self> {
        let mut head = Self::read(path)?;
        head.gzip_problem.take().map_or(Ok(head), Err)
    }

    /// Tells whether the file is a zip archive.
    pub fn is_zip(&self) -> bool {
        !self.gzipped
            && (self.bytes.starts_with(b"PK\x03\x04") || self.bytes.starts_with(b"PK\x05\x06"))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn heads_know_whether_they_are_the_whole_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        for (size, is_whole) in
            [(0, true), (limits::HEAD_BYTES, true), (limits::HEAD_BYTES + 1, false)]
        {
            std::fs::write(&path, vec![b'x'; size]).unwrap();
            let head = Head::read(&path).unwrap();
            assert_eq!((head.bytes.len(), head.is_whole), (size.min(limits::HEAD_BYTES), is_whole));
            assert!(!head.gzipped && !head.is_zip());
        }
        assert!(Head::read(&folder.path().join("none")).is_err());
    }

    #[test]
    fn heads_of_gzipped_files_are_unpacked_as_far_as_they_go() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        packer.write_all(b"PK\x03\x04 and more").unwrap();
        let packed = packer.finish().unwrap();
        std::fs::write(&path, &packed).unwrap();
        let head = Head::read_unpacked(&path).unwrap();
        assert!(head.gzipped && head.is_whole && !head.is_zip());
        assert_eq!(head.bytes, b"PK\x03\x04 and more");
        std::fs::write(&path, &packed[..packed.len() - 8]).unwrap();
        assert_eq!(Head::read_unpacked(&path).unwrap().bytes, b"PK\x03\x04 and more");
        std::fs::write(&path, [0x1f, 0x8b, 1, 2]).unwrap();
        assert!(Head::read(&path).unwrap().gzip_problem.is_some());
        assert!(Head::read_unpacked(&path).is_err());
    }
}
