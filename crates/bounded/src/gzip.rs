//! Unpacks gzip streams under a size and ratio guard.

use std::io::{self, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use crate::{Error, limits};

/// A reader that unpacks gzip, also of several members one after the other (`cat a.gz b.gz`).
///
/// It errors when the unpacked data passes [`limits::MAX_UNPACKED_BYTES`], or [`limits::MAX_RATIO`] times
/// the packed bytes read so far.
pub struct Gunzip<R> {
    decoder: MultiGzDecoder<BufReader<Counting<R>>>,
    unpacked: u64,
}

impl<R: Read> Gunzip<R> {
    /// Begins to unpack; nothing is read yet.
    pub fn new(packed: R) -> Self {
        let counting = Counting { inner: packed, count: 0 };
        Self {
            decoder: MultiGzDecoder::new(BufReader::with_capacity(1 << 16, counting)),
            unpacked: 0,
        }
    }

    /// Returns how many packed bytes were read so far, for a progress display.
    pub fn packed_bytes_read(&self) -> u64 {
        self.decoder.get_ref().get_ref().count
    }
}

impl<R: Read> Read for Gunzip<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.decoder.read(buf)?;
        self.unpacked += n as u64;
        check_ratio("gzip stream", self.unpacked, self.packed_bytes_read())?;
        Ok(n)
    }
}

/// Refuses an unpacked size that no honest file reaches.
pub(crate) fn check_ratio(what: &'static str, unpacked: u64, packed: u64) -> crate::Result<()> {
    if unpacked > limits::MAX_UNPACKED_BYTES {
        return Err(Error::Limit {
            what,
            limit: limits::MAX_UNPACKED_BYTES,
            unit: "bytes unpacked",
        });
    }
    if unpacked > limits::RATIO_FREE_BYTES && unpacked / limits::MAX_RATIO > packed {
        return Err(Error::Limit { what, limit: limits::MAX_RATIO, unit: "times its packed size" });
    }
    Ok(())
}

struct Counting<R> {
    inner: R,
    count: u64,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.count += n as u64;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn several_members_are_read_as_one_stream() {
        let packed = [gzip(b"one "), gzip(b"two")].concat();
        let mut text = String::new();
        Gunzip::new(&packed[..]).read_to_string(&mut text).unwrap();
        assert_eq!(text, "one two");
    }

    #[test]
    fn a_bomb_ends_in_an_error_soon_after_ten_mebibytes() {
        let packed = gzip(&vec![0; 64 << 20]);
        let mut bomb = Gunzip::new(&packed[..]);
        let error = io::copy(&mut bomb, &mut io::sink()).unwrap_err();
        assert!(error.to_string().contains("200 times its packed size"), "{error}");
        assert!(bomb.unpacked < 16 << 20);
    }

    #[test]
    fn a_stream_that_is_cut_off_is_an_error() {
        let packed = gzip(b"some text that is long enough to be cut");
        let cut = &packed[..packed.len() - 9];
        assert!(Gunzip::new(cut).read_to_end(&mut Vec::new()).is_err());
    }
}
