//! Gzip members (RFC 1952) that can be joined without packing again.
//!
//! Browsers read the first member of a gzip body and leave the others, so that several packed layers can
//! not simply follow each other. The deflate stream of a member made here ends with a sync flush, at a
//! byte's edge, before its last, empty block (RFC 1951, clause 3.2.3): the blocks of several members,
//! one after the other, are again one deflate stream, and its checksum follows from theirs.

use std::io;

use axum::body::Bytes;
use flate2::{Compress, Compression, FlushCompress, Status};

/// Magic, deflate, no flags, no time, no hint, system unknown (RFC 1952, clause 2.3.1).
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/// An empty block with fixed codes, marked as the last.
const LAST_BLOCK: [u8; 2] = [3, 0];
/// Level: figures stand in `http/encoding.rs`.
const LEVEL: u32 = 3;
/// Bytes after the blocks: the last block, checksum, length.
const TAIL: usize = LAST_BLOCK.len() + 8;

/// Packs a body as one member whose blocks can be taken out.
pub(crate) fn pack(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(body.len() / 2 + 64);
    out.extend_from_slice(&HEADER);
    let mut deflate = Compress::new(Compression::new(LEVEL), false);
    loop {
        out.reserve(4096.max(body.len() / 8));
        let read = usize::try_from(deflate.total_in()).unwrap_or(usize::MAX);
        let rest = body.get(read..).unwrap_or_default();
        let room = out.capacity() - out.len();
        let before = deflate.total_out();
        let status =
            deflate.compress_vec(rest, &mut out, FlushCompress::Sync).map_err(io::Error::other)?;
        let written = deflate.total_out() - before;
        // The flush is complete when all is read and room is left.
        let all_read = deflate.total_in() == body.len() as u64;
        if all_read && (written < room as u64 || status == Status::BufError) {
            break;
        }
    }
    end(&mut out, crc32fast::hash(body), body.len() as u32);
    Ok(out)
}

fn end(out: &mut Vec<u8>, crc: u32, len: u32) {
    out.extend_from_slice(&LAST_BLOCK);
    out.extend_from_slice(&crc.to_le_bytes());
    out.extend_from_slice(&len.to_le_bytes());
}

/// Joins members that [`pack`] made into one, as pieces to be sent one after the other; `None` when one of
/// them is no such member. Nothing is copied but the few bytes of head and tail.
pub(crate) fn join(members: &[Bytes]) -> Option<Vec<Bytes>> {
    let mut pieces = vec![Bytes::from_static(&HEADER)];
    let mut whole = crc32fast::Hasher::new();
    let mut total = 0_u32;
    for member in members {
        let blocks = HEADER.len()..member.len().checked_sub(TAIL)?;
        let (crc, len) = member.get(member.len() - 8..)?.split_first_chunk::<4>()?;
        let len = u32::from_le_bytes(*len.first_chunk()?);
        let crc = u32::from_le_bytes(*crc);
        whole.combine(&crc32fast::Hasher::new_with_initial_len(crc, u64::from(len)));
        total = total.wrapping_add(len);
        (blocks.start <= blocks.end).then_some(())?;
        pieces.push(member.slice(blocks));
    }
    let mut tail = Vec::with_capacity(TAIL);
    end(&mut tail, whole.finalize(), total);
    pieces.push(tail.into());
    Some(pieces)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn unpacked(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        // Reads exactly one member, and fails when checksum or length are wrong.
        let mut reader = flate2::bufread::GzDecoder::new(bytes);
        reader.read_to_end(&mut out).unwrap();
        assert!(reader.into_inner().is_empty(), "more than one member");
        out
    }

    /// Bytes that pack well in places and not at all in others.
    fn body(len: usize, seed: u64) -> Vec<u8> {
        let mut x = seed | 1;
        let mut next = |i: usize| {
            x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            if (i / 500).is_multiple_of(2) { b'a' } else { (x >> 56) as u8 }
        };
        (0..len).map(&mut next).collect()
    }

    #[test]
    fn members_joined_are_one_member_with_their_bodies() {
        let lens = [0, 1, 5, 100, 4_000, 70_000, 300_000];
        for skip in 0..lens.len() {
            let bodies: Vec<Vec<u8>> =
                lens.iter().skip(skip).map(|&len| body(len, len as u64)).collect();
            let members: Vec<Bytes> =
                bodies.iter().map(|body| pack(body).unwrap().into()).collect();
            for (member, body) in members.iter().zip(&bodies) {
                assert_eq!(unpacked(member), *body);
            }
            let joined = join(&members).unwrap().concat();
            assert_eq!(unpacked(&joined), bodies.concat());
        }
    }

    #[test]
    fn what_is_no_member_is_not_joined() {
        assert!(join(&[Bytes::from_static(b"short")]).is_none());
        assert!(join(&[Bytes::new()]).is_none());
    }
}
