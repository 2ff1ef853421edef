//! Integers of seven bits a byte, as Protocol Buffers and Thrift's compact protocol write them.

use onemap_bounded::{ByteReader, Error, Result};

/// Reads an integer of at most 64 bits; `what` holds it, for the error.
#[inline]
pub(crate) fn varint(bytes: &mut ByteReader<'_>, what: &'static str) -> Result<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = bytes.u8()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    let detail = "a number is longer than 64 bits".to_owned();
    Err(Error::Malformed { what, offset: bytes.position() as u64, detail })
}

/// Undoes the zigzag coding of signed integers.
pub(crate) fn zigzag(n: u64) -> i64 {
    (n >> 1) as i64 ^ -((n & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_every_length_are_read() {
        let most = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        for (packed, value) in [(&[0][..], 0), (&[1], 1), (&[0x96, 0x01], 150), (&most, u64::MAX)] {
            assert_eq!(varint(&mut ByteReader::new("test", packed), "test").unwrap(), value);
        }
        assert_eq!([0, 1, 2, 3, u64::MAX].map(zigzag), [0, -1, 1, -2, i64::MIN]);
        for broken in [&[0x80; 11][..], &[0x80]] {
            assert!(varint(&mut ByteReader::new("test", broken), "test").is_err());
        }
    }
}
