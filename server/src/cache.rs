//! Tiles kept ready to send, by what they are computed from.

use std::sync::Arc;

use moka::sync::Cache;
use onemap_model::{Revision, TileCoord, Timestamp, ViewId};
use uuid::Uuid;

use crate::http::Encoding;

/// Raise when the encoder's output changes, so that no old ETag matches new bytes.
const OUTPUT_VERSION: u32 = 1;

/// Everything that a tile's bytes depend on. The only key of the cache, of single-flight and of the ETag.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct TileKey {
    /// The layers in the order asked for, each at the version that touches this tile.
    pub(crate) parts: Arc<[Part]>,
    pub(crate) view: ViewId,
    pub(crate) coord: TileCoord,
    pub(crate) buffer: u32,
    pub(crate) encoding: Encoding,
}

/// One layer of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Part {
    /// Identity of the layer, never used again.
    pub(crate) layer: Uuid,
    /// Highest revision that touched the tile.
    pub(crate) version: Revision,
    /// Begin of the span of time in which the tile stays the same; `None` for a layer without times.
    pub(crate) slice: Option<Timestamp>,
}

impl TileKey {
    /// Returns the strong ETag (RFC 9110, clause 8.8.3), with its quotes.
    pub(crate) fn etag(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&OUTPUT_VERSION.to_le_bytes());
        for part in self.parts.iter() {
            hasher.update(part.layer.as_bytes());
            hasher.update(&part.version.0.to_le_bytes());
            hasher.update(&part.slice.map_or(i64::MIN, Timestamp::as_micros).to_le_bytes());
        }
        hasher.update(&self.view.0);
        hasher.update(self.coord.to_string().as_bytes());
        hasher.update(&self.buffer.to_le_bytes());
        hasher.update(self.encoding.name().as_bytes());
        format!("\"{}\"", &hasher.finalize().to_hex()[..24])
    }
}

/// A tile's bytes in one encoding; empty bytes are an empty tile.
pub(crate) type TileBytes = axum::body::Bytes;

/// The cache: bounded by the bytes it holds, least recently and least often used go first.
pub(crate) struct TileCache(Cache<TileKey, TileBytes>);

impl TileCache {
    /// Memory that an entry takes besides its bytes: key, list nodes, counters.
    const ENTRY_BYTES: usize = 300;

    /// Makes a cache of at most `max_bytes`.
    pub(crate) fn new(max_bytes: u64) -> Self {
        let weigh = |_: &TileKey, tile: &TileBytes| {
            u32::try_from(tile.len() + Self::ENTRY_BYTES).unwrap_or(u32::MAX)
        };
        Self(Cache::builder().max_capacity(max_bytes).weigher(weigh).build())
    }

    /// Returns a tile that is there.
    pub(crate) fn get(&self, key: &TileKey) -> Option<TileBytes> {
        self.0.get(key)
    }

    /// Returns a tile, computing it at most once at a time for equal keys.
    pub(crate) fn get_or_compute<E: Clone + Send + Sync + 'static>(
        &self,
        key: TileKey,
        compute: impl FnOnce() -> Result<TileBytes, E>,
    ) -> Result<TileBytes, Arc<E>> {
        self.0.try_get_with(key, compute)
    }

    /// Returns the bytes held, roughly.
    pub(crate) fn weight(&self) -> u64 {
        self.0.weighted_size()
    }
}
