//! The bits of Protocol Buffers that a vector tile needs.

/// Wire type of a varint field.
pub(crate) const VARINT: u32 = 0;
/// Wire type of a field with a length.
pub(crate) const BYTES: u32 = 2;

/// Appends a base-128 varint.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Returns how many bytes [`put_varint`] writes.
pub(crate) fn varint_len(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

/// Appends a field's number and type.
pub(crate) fn put_tag(out: &mut Vec<u8>, field: u32, wire: u32) {
    put_varint(out, u64::from(field << 3 | wire));
}

/// Appends a field with a length.
pub(crate) fn put_bytes(out: &mut Vec<u8>, field: u32, bytes: &[u8]) {
    put_tag(out, field, BYTES);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Maps small numbers of either sign to small unsigned ones.
pub(crate) fn zigzag32(value: i32) -> u32 {
    ((value << 1) ^ (value >> 31)) as u32
}

/// As [`zigzag32`], of 64 bits.
pub(crate) fn zigzag64(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// One field of a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FieldRef<'a> {
    pub number: u32,
    pub content: Content<'a>,
    /// The field as it stands, number and type included.
    pub raw: &'a [u8],
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Content<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    Fixed,
}

/// Reads the fields of a message; stops with `Err` where it is broken.
pub(crate) fn fields(mut rest: &[u8]) -> impl Iterator<Item = Result<FieldRef<'_>, Broken>> {
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let field = next_field(rest);
        rest = match field {
            Ok(field) => rest.get(field.raw.len()..).unwrap_or(&[]),
            Err(Broken) => &[],
        };
        Some(field)
    })
}

/// The message ends in the middle of a field, or has one of an unknown type.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Broken;

fn next_field(message: &[u8]) -> Result<FieldRef<'_>, Broken> {
    let mut rest = message;
    let tag = take_varint(&mut rest)?;
    let number = u32::try_from(tag >> 3).map_err(|_| Broken)?;
    let content = match (tag & 7) as u32 {
        VARINT => Content::Varint(take_varint(&mut rest)?),
        1 => take(&mut rest, 8).map(|_| Content::Fixed)?,
        BYTES => {
            let len = usize::try_from(take_varint(&mut rest)?).map_err(|_| Broken)?;
            Content::Bytes(take(&mut rest, len)?)
        }
        5 => take(&mut rest, 4).map(|_| Content::Fixed)?,
        _ => return Err(Broken),
    };
    let raw = message.get(..message.len() - rest.len()).ok_or(Broken)?;
    Ok(FieldRef { number, content, raw })
}

/// Takes a varint off the front.
pub(crate) fn take_varint(rest: &mut &[u8]) -> Result<u64, Broken> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, tail) = rest.split_first().ok_or(Broken)?;
        *rest = tail;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(Broken)
}

fn take<'a>(rest: &mut &'a [u8], len: usize) -> Result<&'a [u8], Broken> {
    let (head, tail) = rest.split_at_checked(len).ok_or(Broken)?;
    *rest = tail;
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_come_back_and_have_their_stated_length() {
        for value in [0, 1, 127, 128, 16_383, 16_384, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, value);
            assert_eq!(bytes.len(), varint_len(value));
            assert_eq!(take_varint(&mut &bytes[..]).unwrap(), value);
        }
        assert!(take_varint(&mut &[0xff; 11][..]).is_err());
        assert!(take_varint(&mut &[0x80][..]).is_err());
    }

    #[test]
    fn zigzag_follows_the_specification() {
        assert_eq!([0, -1, 1, -2].map(zigzag32), [0, 1, 2, 3]);
        assert_eq!(zigzag32(i32::MIN), u32::MAX);
        assert_eq!(zigzag64(i64::MIN), u64::MAX);
    }

    #[test]
    fn a_length_beyond_the_end_is_an_error() {
        assert!(fields(&[0x1a, 0xff, 0xff, 0x03, 0x00]).any(|f| f.is_err()));
        assert!(fields(&[0x07]).any(|f| f.is_err()));
        assert_eq!(fields(&[]).count(), 0);
    }
}
