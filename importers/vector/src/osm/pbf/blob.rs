//! The frame of a PBF file: a sequence of blobs, each packed on its own
//! (wiki.openstreetmap.org/wiki/PBF_Format, "File format").

use std::io::{self, Read};

use flate2::bufread::ZlibDecoder;
use onemap_bounded::{Error, Result, read_to_vec_bounded};

use super::proto::Message;
use crate::limits::{MAX_PBF_BLOB_BYTES, MAX_PBF_HEADER_BYTES};

/// What a blob holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BlobKind {
    Header,
    Data,
    /// To be passed over.
    Other,
}

/// What stands before a blob. Sizes are in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct BlobHeader {
    pub(super) kind: BlobKind,
    /// Of the blob that follows.
    pub(super) size: u64,
    /// Of the header, with its length before it.
    pub(super) own_size: u64,
}

/// Reads the next blob's header; `None` at the end of the file.
pub(super) fn read_header(reader: &mut impl Read, offset: u64) -> Result<Option<BlobHeader>> {
    let mut length = [0; 4];
    let mut filled = 0;
    while let Some(rest) = length.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) if filled == 0 => return Ok(None),
            Ok(0) => return Err(truncated(offset, 4, filled)),
            Ok(n) => filled += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e.into()),
        }
    }
    let length = u64::from(u32::from_be_bytes(length));
    if length > MAX_PBF_HEADER_BYTES {
        return Err(Error::Limit {
            what: "PBF blob header",
            limit: MAX_PBF_HEADER_BYTES,
            unit: "bytes",
        });
    }
    let bytes = read_exactly(reader, length, offset)?;
    let (mut kind, mut size) = (BlobKind::Other, 0);
    let mut message = Message::new(&bytes);
    while let Some((field, value)) = message.next()? {
        match field {
            1 => {
                kind = match value.bytes() {
                    b"OSMHeader" => BlobKind::Header,
                    b"OSMData" => BlobKind::Data,
                    _ => BlobKind::Other,
                }
            }
            3 => size = value.integer(),
            _ => {}
        }
    }
    if size > MAX_PBF_BLOB_BYTES {
        return Err(Error::Limit { what: "PBF blob", limit: MAX_PBF_BLOB_BYTES, unit: "bytes" });
    }
    Ok(Some(BlobHeader { kind, size, own_size: 4 + length }))
}

/// Reads `size` bytes, or says that the file is cut off.
pub(super) fn read_exactly(reader: &mut impl Read, size: u64, offset: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(size).read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < size {
        return Err(truncated(offset, size, bytes.len()));
    }
    Ok(bytes)
}

/// Passes over `size` bytes.
pub(super) fn skip(reader: &mut impl Read, size: u64, offset: u64) -> Result<()> {
    let skipped = io::copy(&mut reader.take(size), &mut io::sink())?;
    if skipped < size { Err(truncated(offset, size, skipped as usize)) } else { Ok(()) }
}

fn truncated(offset: u64, need: u64, left: usize) -> Error {
    Error::Truncated { what: "PBF file", offset, need, left: left as u64 }
}

/// Unpacks a blob. Its stated unpacked size is only believed up to the limit.
pub(super) fn unpack(blob: &[u8]) -> Result<Vec<u8>> {
    let mut raw_size = None;
    let mut packed = None;
    let mut message = Message::new(blob);
    while let Some((field, value)) = message.next()? {
        match field {
            2 => raw_size = Some(value.integer()),
            1 | 3..=7 => packed = Some((field, value.bytes())),
            _ => {}
        }
    }
    let Some((packing, bytes)) = packed else {
        return Err(Error::Malformed {
            what: "PBF blob",
            offset: 0,
            detail: "it has no content".to_owned(),
        });
    };
    let limit = MAX_PBF_BLOB_BYTES;
    if raw_size.is_some_and(|size| size > limit) {
        return Err(Error::Limit { what: "unpacked PBF blob", limit, unit: "bytes" });
    }
    let expected = raw_size.unwrap_or(limit);
    let unpacked = match packing {
        1 => bytes.to_vec(),
        3 => read_to_vec_bounded("unpacked PBF blob", ZlibDecoder::new(bytes), expected)?,
        6 => unpack_lz4(bytes, expected)?,
        7 => {
            let decoder = zstd::stream::read::Decoder::with_buffer(bytes)?;
            read_to_vec_bounded("unpacked PBF blob", decoder, expected)?
        }
        _ => {
            let detail = "a blob is packed with LZMA or bzip2; convert it with 'osmium cat in.pbf -o out.osm.pbf'";
            return Err(Error::Unsupported { what: "PBF", detail: detail.to_owned() });
        }
    };
    if packing != 1 && raw_size.is_some_and(|size| size != unpacked.len() as u64) {
        let detail = format!("it states {expected} bytes, but unpacks to {}", unpacked.len());
        return Err(Error::Malformed { what: "PBF blob", offset: 0, detail });
    }
    Ok(unpacked)
}

/// LZ4 blocks do not know their end, so the stated size is needed; LZ4 never packs better than 255 to 1.
fn unpack_lz4(bytes: &[u8], expected: u64) -> Result<Vec<u8>> {
    let most = (bytes.len() as u64).saturating_mul(255);
    let size = expected.min(most) as usize;
    let mut out = vec![0; size];
    let written = lz4_flex::block::decompress_into(bytes, &mut out).map_err(|e| {
        Error::Malformed { what: "LZ4 in PBF blob", offset: 0, detail: e.to_string() }
    })?;
    out.truncate(written);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_beyond_the_formats_limits_are_refused_before_anything_is_allocated() {
        let mut file = &[0xff, 0xff, 0xff, 0xff, 1, 2, 3][..];
        assert!(matches!(read_header(&mut file, 0), Err(Error::Limit { .. })));
        let mut file = &[0, 0, 0, 6, 0x18, 0xff, 0xff, 0xff, 0xff, 0x0f][..];
        assert!(matches!(read_header(&mut file, 0), Err(Error::Limit { .. })));
        let blob = [0x10, 0xff, 0xff, 0xff, 0x7f, 0x32, 0x01, 0x00];
        assert!(matches!(unpack(&blob), Err(Error::Limit { .. })));
    }

    #[test]
    fn damaged_packed_data_is_an_error() {
        for packing in [0x1a, 0x22, 0x2a, 0x32, 0x3a] {
            let blob = [0x10, 0x20, packing, 0x04, 0xde, 0xad, 0xbe, 0xef];
            assert!(unpack(&blob).is_err(), "{packing:#x}");
        }
    }
}
