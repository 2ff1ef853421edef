//! Reads numbers from a byte slice, never past its end.

use crate::{Error, Result};

/// A cursor over bytes whose every read is checked.
#[derive(Debug, Clone)]
pub struct ByteReader<'a> {
    what: &'static str,
    data: &'a [u8],
    position: usize,
}

macro_rules! numbers {
    ($($name:ident $type:ty, $from:ident, $doc:literal;)*) => {$(
        #[doc = $doc]
        #[inline]
        pub fn $name(&mut self) -> Result<$type> {
            Ok(<$type>::$from(self.array()?))
        }
    )*};
}

impl<'a> ByteReader<'a> {
    /// Starts at the first byte of `data`; `what` names the data in errors ("WKB", "DBF header").
    pub fn new(what: &'static str, data: &'a [u8]) -> Self {
        Self { what, data, position: 0 }
    }

    /// Returns how many bytes were read so far.
    #[inline]
    pub fn position(&self) -> usize {
        self.position
    }

    /// Returns how many bytes are left.
    #[inline]
    pub fn left(&self) -> usize {
        self.data.len() - self.position
    }

    /// Returns whether all bytes are read.
    pub fn is_empty(&self) -> bool {
        self.left() == 0
    }

    /// Returns the bytes not yet read.
    pub fn rest(&self) -> &'a [u8] {
        self.data.get(self.position..).unwrap_or_default()
    }

    /// Goes to `position` bytes from the start.
    pub fn seek(&mut self, position: usize) -> Result<()> {
        if position > self.data.len() {
            return Err(self.truncated(position.saturating_sub(self.position)));
        }
        self.position = position;
        Ok(())
    }

    /// Takes the next `n` bytes.
    #[inline]
    pub fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        let Some((taken, _)) = self.rest().split_at_checked(n) else {
            return Err(self.truncated(n));
        };
        self.position += n;
        Ok(taken)
    }

    /// Passes over `n` bytes.
    pub fn skip(&mut self, n: usize) -> Result<()> {
        self.take(n).map(|_| ())
    }

    /// Takes the next `N` bytes as an array.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let Some((taken, _)) = self.rest().split_first_chunk::<N>() else {
            return Err(self.truncated(N));
        };
        self.position += N;
        Ok(*taken)
    }

    /// Returns a reader over the next `n` bytes and passes over them.
    pub fn part(&mut self, what: &'static str, n: usize) -> Result<ByteReader<'a>> {
        Ok(ByteReader::new(what, self.take(n)?))
    }

    /// Accepts a count of items when that many items of at least `min_item_size` bytes can stand in what is
    /// left, so that it is safe to allocate for them.
    pub fn counted(&self, count: u64, min_item_size: usize) -> Result<usize> {
        let left = self.left() as u64;
        if count > left / min_item_size.max(1) as u64 {
            return Err(Error::Count {
                what: self.what,
                count,
                offset: self.position as u64,
                left,
            });
        }
        Ok(count as usize)
    }

    /// Returns how much to allocate ahead for `count` items of at least `min_item_size` bytes: never more
    /// than can stand in what is left.
    pub fn capacity(&self, count: u64, min_item_size: usize) -> usize {
        count.min((self.left() / min_item_size.max(1)) as u64) as usize
    }

    /// Reads one byte.
    #[inline]
    pub fn u8(&mut self) -> Result<u8> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    numbers! {
        u16_le u16, from_le_bytes, "Reads a little-endian 16-bit unsigned number.";
        u16_be u16, from_be_bytes, "Reads a big-endian 16-bit unsigned number.";
        i16_le i16, from_le_bytes, "Reads a little-endian 16-bit signed number.";
        i16_be i16, from_be_bytes, "Reads a big-endian 16-bit signed number.";
        u32_le u32, from_le_bytes, "Reads a little-endian 32-bit unsigned number.";
        u32_be u32, from_be_bytes, "Reads a big-endian 32-bit unsigned number.";
        i32_le i32, from_le_bytes, "Reads a little-endian 32-bit signed number.";
        i32_be i32, from_be_bytes, "Reads a big-endian 32-bit signed number.";
        u64_le u64, from_le_bytes, "Reads a little-endian 64-bit unsigned number.";
        u64_be u64, from_be_bytes, "Reads a big-endian 64-bit unsigned number.";
        i64_le i64, from_le_bytes, "Reads a little-endian 64-bit signed number.";
        i64_be i64, from_be_bytes, "Reads a big-endian 64-bit signed number.";
        f32_le f32, from_le_bytes, "Reads a little-endian 32-bit float.";
        f32_be f32, from_be_bytes, "Reads a big-endian 32-bit float.";
        f64_le f64, from_le_bytes, "Reads a little-endian 64-bit float.";
        f64_be f64, from_be_bytes, "Reads a big-endian 64-bit float.";
    }

    fn truncated(&self, need: usize) -> Error {
        Error::Truncated {
            what: self.what,
            offset: self.position as u64,
            need: need as u64,
            left: self.left() as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_read_in_both_byte_orders() {
        let data = [1, 0, 0, 1, 0, 0, 0, 2, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0];
        let mut reader = ByteReader::new("test", &data);
        assert_eq!(reader.u16_le().unwrap(), 1);
        assert_eq!(reader.u16_be().unwrap(), 1);
        assert_eq!(reader.i32_be().unwrap(), 2);
        assert_eq!(reader.f64_be().unwrap(), 1.0);
        assert!(reader.is_empty());
        assert!(matches!(reader.u8(), Err(Error::Truncated { offset: 16, need: 1, left: 0, .. })));
    }

    #[test]
    fn a_count_that_cannot_fit_is_refused() {
        let reader = ByteReader::new("test", &[0; 32]);
        assert_eq!(reader.counted(2, 16).unwrap(), 2);
        assert!(reader.counted(3, 16).is_err());
        assert!(reader.counted(u64::MAX, 16).is_err());
        assert_eq!(reader.capacity(u64::MAX, 16), 2);
        assert_eq!(reader.capacity(u64::MAX, 0), 32);
    }

    proptest! {
        #[test]
        fn no_sequence_of_reads_leaves_the_slice(data: Vec<u8>, steps in prop::collection::vec(0usize..80, 0..40)) {
            let mut reader = ByteReader::new("test", &data);
            for step in steps {
                let before = reader.position();
                let result = reader.take(step);
                prop_assert_eq!(result.is_ok(), before + step <= data.len());
                let _ = reader.seek(reader.position().saturating_add(step / 3));
                prop_assert!(reader.position() <= data.len());
            }
        }
    }
}
