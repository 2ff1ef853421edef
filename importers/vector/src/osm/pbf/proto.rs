//! Walks protobuf messages (protobuf.dev/programming-guides/encoding), borrowing from their bytes.

use onemap_bounded::{ByteReader, Error, Result};

use crate::varint::varint;

/// What numbers are read from, for errors.
const WHAT: &str = "PBF";

/// The fields of one message.
pub(super) struct Message<'a> {
    bytes: ByteReader<'a>,
}

/// The value of a field.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wire<'a> {
    /// An integer, plain; signed ones may need [`zigzag`](crate::varint::zigzag).
    Varint(u64),
    /// A string, message or packed list.
    Bytes(&'a [u8]),
    /// A fixed number, which the OSM format does not use.
    Fixed,
}

impl<'a> Message<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes: ByteReader::new("PBF message", bytes) }
    }

    /// Returns the number and value of the next field.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Wire<'a>)>> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        let key = varint(&mut self.bytes, WHAT)?;
        let value = match key & 7 {
            0 => Wire::Varint(varint(&mut self.bytes, WHAT)?),
            1 => self.bytes.skip(8).map(|()| Wire::Fixed)?,
            2 => {
                let length = varint(&mut self.bytes, WHAT)?;
                let length = self.bytes.counted(length, 1)?;
                Wire::Bytes(self.bytes.take(length)?)
            }
            5 => self.bytes.skip(4).map(|()| Wire::Fixed)?,
            other => {
                let offset = self.bytes.position() as u64;
                return Err(Error::Malformed {
                    what: "PBF message",
                    offset,
                    detail: format!("wire type {other} is not known"),
                });
            }
        };
        Ok(Some((key >> 3, value)))
    }
}

impl<'a> Wire<'a> {
    /// Returns the bytes; none when the field is of another type.
    pub(super) fn bytes(self) -> &'a [u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Varint(_) | Self::Fixed => &[],
        }
    }

    /// Returns the integer; 0 when the field is of another type.
    pub(super) fn integer(self) -> u64 {
        match self {
            Self::Varint(n) => n,
            Self::Bytes(_) | Self::Fixed => 0,
        }
    }

    /// Appends the integers of a repeated field, packed or not.
    pub(super) fn extend(self, list: &mut Vec<u64>) -> Result<()> {
        match self {
            Self::Varint(n) => list.push(n),
            Self::Bytes(packed) => {
                let mut bytes = ByteReader::new("packed PBF list", packed);
                while !bytes.is_empty() {
                    list.push(varint(&mut bytes, WHAT)?);
                }
            }
            Self::Fixed => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_every_length_are_read() {
        let mut list = Vec::new();
        let packed = [0, 1, 0x96, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        Wire::Bytes(&packed).extend(&mut list).unwrap();
        assert_eq!(list, [0, 1, 150, u64::MAX]);
        assert!(Wire::Bytes(&[0x80; 11]).extend(&mut list).is_err());
        assert!(Wire::Bytes(&[0x80]).extend(&mut list).is_err());
    }

    #[test]
    fn a_length_beyond_the_message_is_refused() {
        assert!(Message::new(&[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]).next().is_err());
        assert!(Message::new(&[0x0b]).next().is_err());
    }
}
