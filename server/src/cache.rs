//! Layers of tiles kept ready to send, by what they are computed from.

use axum::body::Bytes;
use axum::http::HeaderValue;
use foldhash::quality::RandomState;
use moka::sync::Cache;
use onemap_model::{Revision, TileCoord, ViewId};
use onemap_store::Slice;
use uuid::Uuid;

use crate::http::Encoding;
use crate::tile_service::Aspect;

/// Raise when the encoder's output changes, so that no old ETag matches new bytes.
const OUTPUT_VERSION: u32 = 2;

/// Everything that the bytes of one layer of a tile depend on: the key of the cache and of the
/// computation under way, and what the ETag is made of. Nothing is ever invalidated: what changes gets
/// another key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct TileKey {
    /// Identity of the layer, never used again.
    pub(crate) layer: Uuid,
    /// What of the layer.
    pub(crate) aspect: Aspect,
    /// Highest revision that touched the tile.
    pub(crate) version: Revision,
    /// The view but for its instants.
    pub(crate) view: ViewId,
    /// The span of time in which the tile stays the same.
    pub(crate) slice: Slice,
    pub(crate) coord: TileCoord,
    pub(crate) buffer: u32,
    pub(crate) encoding: Encoding,
}

impl TileKey {
    fn hash_into(&self, hasher: &mut blake3::Hasher) {
        hasher.update(self.layer.as_bytes());
        hasher.update(&[self.aspect as u8, self.coord.z()]);
        hasher.update(&self.version.0.to_le_bytes());
        hasher.update(&self.view.0);
        hasher.update(&self.slice.from.to_le_bytes());
        hasher.update(&self.slice.to.to_le_bytes());
        hasher.update(&self.coord.x().to_le_bytes());
        hasher.update(&self.coord.y().to_le_bytes());
        hasher.update(&self.buffer.to_le_bytes());
    }
}

/// Returns the strong ETag (RFC 9110, clause 8.8.3) of a tile of these layers, packed so.
pub(crate) fn etag(parts: &[TileKey], encoding: Encoding) -> HeaderValue {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&OUTPUT_VERSION.to_le_bytes());
    hasher.update(encoding.name().as_bytes());
    for part in parts {
        part.hash_into(&mut hasher);
    }
    quoted(&hasher)
}

/// Returns 96 bits of a hash as an ETag.
pub(crate) fn quoted(hasher: &blake3::Hasher) -> HeaderValue {
    let hex = hasher.finalize().to_hex();
    let text = format!("\"{}\"", hex.get(..24).unwrap_or(&hex));
    // Quotes and digits are always allowed.
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

/// The cache: bounded by the memory that it takes, least recently and least often used go first.
pub(crate) struct TileCache(Cache<TileKey, Bytes, RandomState>);

impl TileCache {
    /// Memory that an entry takes besides its bytes: key, hash table, list nodes, sketch, allocator. Measured
    /// as the growth of the resident set by 300,000 entries of 200 bytes each, less those bytes.
    const ENTRY_BYTES: usize = 600;

    /// Makes a cache that takes at most `max_bytes` of memory.
    pub(crate) fn new(max_bytes: u64) -> Self {
        let weigh = |_: &TileKey, part: &Bytes| {
            u32::try_from(part.len() + Self::ENTRY_BYTES).unwrap_or(u32::MAX)
        };
        let cache = Cache::builder().max_capacity(max_bytes).weigher(weigh);
        Self(cache.build_with_hasher(RandomState::default()))
    }

    /// Returns a part that is there; empty when the layer has nothing in the tile.
    pub(crate) fn get(&self, key: &TileKey) -> Option<Bytes> {
        self.0.get(key)
    }

    /// Keeps a part.
    pub(crate) fn put(&self, key: TileKey, part: Bytes) {
        self.0.insert(key, part);
        // Otherwise hundreds of entries may wait beyond the bound until they are weighed.
        self.0.run_pending_tasks();
    }

    /// Returns the bytes held, with what it takes to hold them.
    pub(crate) fn weight(&self) -> u64 {
        self.0.weighted_size()
    }

    /// Returns the number of parts held.
    pub(crate) fn len(&self) -> u64 {
        self.0.entry_count()
    }

    /// Returns the bound, bytes.
    pub(crate) fn capacity(&self) -> u64 {
        self.0.policy().max_capacity().unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resident() -> usize {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok());
        kib.unwrap_or(0) * 1024
    }

    fn key(i: u32) -> TileKey {
        TileKey {
            layer: Uuid::from_u128(1),
            aspect: Aspect::Features,
            version: Revision(1),
            view: ViewId([0; 16]),
            slice: Slice { from: i64::MIN, to: i64::MIN },
            coord: TileCoord::new(22, u64::from(i), 0).unwrap(),
            buffer: 128,
            encoding: Encoding::Gzip,
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_memory_taken_stays_within_the_bound() {
        const BOUND: u64 = 64 << 20;
        let cache = TileCache::new(BOUND);
        let before = resident();
        for i in 0..200_000 {
            cache.put(key(i), Bytes::from(vec![i as u8; 200]));
        }
        let taken = resident().saturating_sub(before);
        let entries = cache.len().max(1);
        println!("{entries} entries, {} bytes each", taken / entries as usize);
        assert!(cache.weight() <= BOUND);
        // Other tests of the same process would be measured too; nextest gives each its own.
        let alone = std::env::var_os("NEXTEST").is_some();
        // The allocator keeps a little of what was let go.
        assert!(!alone || taken as u64 <= BOUND + BOUND / 8, "{taken} bytes for {entries} entries");
    }
}
