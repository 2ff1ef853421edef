//! Bytes of a log file's header and of one frame.

use onemap_model::Revision;
use uuid::Uuid;

use crate::Result;
use crate::error::StoreError;

/// Bytes of a file's header.
pub(super) const FILE_HEADER: usize = 72;
/// Bytes of a frame before its payload.
pub(super) const FRAME_HEADER: usize = 56;
/// The most bytes of one payload.
pub(super) const MAX_PAYLOAD: usize = 1 << 30;

const FILE_MAGIC: &[u8; 8] = b"OMAPLOG\x01";
const FRAME_MAGIC: &[u8; 4] = b"OMFR";

/// Makes the header of a log file: magic, store, number, first revision, chain so far, CRC-32.
pub(super) fn file_header(store: Uuid, number: u32, first: Revision, chain: &[u8; 32]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(FILE_HEADER);
    bytes.extend_from_slice(FILE_MAGIC);
    bytes.extend_from_slice(store.as_bytes());
    bytes.extend_from_slice(&number.to_le_bytes());
    bytes.extend_from_slice(&first.0.to_le_bytes());
    bytes.extend_from_slice(chain);
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

/// What a frame says before its payload.
#[derive(Debug, Clone, Copy)]
pub(super) struct FrameHeader {
    pub(super) len: usize,
    pub(super) revision: Revision,
    pub(super) chain: [u8; 32],
    pub(super) payload_crc: u32,
}

impl FrameHeader {
    /// Reads a header; `None` when it is not one or its checksum is wrong.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..FRAME_HEADER)?;
        let (body, crc) = bytes.split_at(FRAME_HEADER - 4);
        if crc32fast::hash(body).to_le_bytes() != crc || !body.starts_with(FRAME_MAGIC) {
            return None;
        }
        let u32_at = |at: usize| Some(u32::from_le_bytes(body.get(at..at + 4)?.try_into().ok()?));
        let len = u32_at(4)? as usize;
        Some(Self {
            len: (len <= MAX_PAYLOAD).then_some(len)?,
            revision: Revision(u64::from_le_bytes(body.get(8..16)?.try_into().ok()?)),
            chain: body.get(16..48)?.try_into().ok()?,
            payload_crc: u32_at(48)?,
        })
    }
}

/// A frame ready to be written.
pub(super) struct Frame {
    pub(super) bytes: Vec<u8>,
    pub(super) chain: [u8; 32],
}

impl Frame {
    /// Frames a payload: magic, length, revision, chain, payload's CRC-32, header's CRC-32, payload.
    pub(super) fn encode(revision: Revision, before: &[u8; 32], payload: &[u8]) -> Result<Self> {
        if payload.len() > MAX_PAYLOAD {
            return Err(StoreError::TooLarge(
                "one change may not be larger than 1 GiB: split the edits into several groups",
            ));
        }
        let chain = link(before, revision, payload);
        let mut bytes = Vec::with_capacity(FRAME_HEADER + payload.len());
        bytes.extend_from_slice(FRAME_MAGIC);
        bytes.extend_from_slice(&(payload.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&revision.0.to_le_bytes());
        bytes.extend_from_slice(&chain);
        bytes.extend_from_slice(&crc32fast::hash(payload).to_le_bytes());
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        bytes.extend_from_slice(payload);
        Ok(Self { bytes, chain })
    }
}

/// Chains a payload to all before it: BLAKE3 of the chain so far, the revision and the payload.
pub(super) fn link(before: &[u8; 32], revision: Revision, payload: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(before).update(&revision.0.to_le_bytes()).update(payload);
    *hasher.finalize().as_bytes()
}
