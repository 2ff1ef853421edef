//! From a tile's address to its bytes: view, cache, encoder.

use std::str::FromStr;
use std::sync::Arc;

use onemap_model::{FeatureRef, LayerId, TileCoord, Timestamp, ViewSpec, When};
use onemap_store::{LayerView, Query, Store, StoreError, View};
use onemap_tiles_vector::{TileEncoder, TileOptions};

use crate::cache::{Part, TileBytes, TileCache, TileKey};
use crate::http::Encoding;

/// Most layers in one tile.
pub(crate) const MAX_LAYERS: usize = 16;

/// Layers named in a URL: one id, or several with commas between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LayerList(Vec<LayerId>);

/// A list of layers that can not be served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LayerListError {
    #[error(transparent)]
    Id(#[from] onemap_model::ModelError),
    #[error("{0} layers are more than the {MAX_LAYERS} that one tile may have")]
    TooMany(usize),
    #[error("layer '{0}' is named twice")]
    Twice(LayerId),
}

impl LayerList {
    /// Returns the ids in the order asked for.
    pub(crate) fn ids(&self) -> &[LayerId] {
        &self.0
    }
}

impl FromStr for LayerList {
    type Err = LayerListError;

    fn from_str(text: &str) -> Result<Self, LayerListError> {
        let count = text.split(',').count();
        if count > MAX_LAYERS {
            return Err(LayerListError::TooMany(count));
        }
        let ids: Vec<LayerId> = text.split(',').map(str::parse).collect::<Result<_, _>>()?;
        for (i, id) in ids.iter().enumerate() {
            if ids.iter().skip(i + 1).any(|other| other == id) {
                return Err(LayerListError::Twice(id.clone()));
            }
        }
        Ok(Self(ids))
    }
}

/// A tile as asked for.
#[derive(Debug, Clone)]
pub(crate) struct TileRequest {
    pub(crate) layers: LayerList,
    pub(crate) coord: TileCoord,
    pub(crate) spec: ViewSpec,
    /// Margin around the tile, in 4096ths of its width; the encoder's default when not said.
    pub(crate) buffer: Option<u32>,
}

/// A tile to send.
#[derive(Debug, Clone)]
pub(crate) struct Tile {
    pub(crate) bytes: TileBytes,
    pub(crate) etag: String,
}

/// Why there is no tile.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum TileError {
    #[error("there is no layer '{0}'")]
    UnknownLayer(LayerId),
    #[error("layer '{0}' has no vector tiles")]
    NoTiles(LayerId),
    #[error("the store could not be read: {0}")]
    Store(Arc<StoreError>),
    #[error("the tile could not be packed: {0}")]
    Packing(String),
}

impl From<StoreError> for TileError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

/// Answers tile requests from the cache or the store.
pub(crate) struct TileService {
    store: Arc<Store>,
    cache: TileCache,
}

/// A request bound to a view: what is left to do is to look up or compute.
pub(crate) struct Prepared {
    view: View,
    request: TileRequest,
    key: TileKey,
    options: TileOptions,
}

impl Prepared {
    /// Returns the ETag that the answer will have.
    pub(crate) fn etag(&self) -> String {
        self.key.etag()
    }
}

impl TileService {
    /// Makes a service with a cache of `cache_bytes`.
    pub(crate) fn new(store: Arc<Store>, cache_bytes: u64) -> Self {
        Self { store, cache: TileCache::new(cache_bytes) }
    }

    /// Returns the store.
    pub(crate) fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Returns the bytes that the cache holds.
    pub(crate) fn cached_bytes(&self) -> u64 {
        self.cache.weight()
    }

    /// Computes a tile, not packed.
    pub(crate) fn tile(&self, request: &TileRequest) -> Result<Tile, TileError> {
        let prepared = self.prepare(request.clone(), Encoding::Identity)?;
        self.compute(&prepared)
    }

    /// Binds a request to the newest snapshot.
    pub(crate) fn prepare(
        &self,
        request: TileRequest,
        encoding: Encoding,
    ) -> Result<Prepared, TileError> {
        let mut options = TileOptions::default();
        if let Some(buffer) = request.buffer {
            options.buffer = buffer;
        }
        let view = self.store.view(request.spec.clone());
        let parts: Result<Arc<[Part]>, TileError> = request
            .layers
            .ids()
            .iter()
            .map(|id| {
                let layer = vector_layer(&view, id)?;
                Ok(Part {
                    layer: layer.layer().uuid,
                    version: layer.tile_version(request.coord),
                    slice: slice(&layer, &request.spec),
                })
            })
            .collect();
        let key = TileKey {
            parts: parts?,
            view: request.spec.id(),
            coord: request.coord,
            buffer: options.buffer,
            encoding,
        };
        Ok(Prepared { view, request, key, options })
    }

    /// Returns the tile if it is in the cache.
    pub(crate) fn cached(&self, prepared: &Prepared) -> Option<Tile> {
        let bytes = self.cache.get(&prepared.key)?;
        Some(Tile { bytes, etag: prepared.etag() })
    }

    /// Returns the tile, from the cache or computed now; packs what is not yet packed.
    pub(crate) fn compute(&self, prepared: &Prepared) -> Result<Tile, TileError> {
        let plain_key = TileKey { encoding: Encoding::Identity, ..prepared.key.clone() };
        let encoding = prepared.key.encoding;
        let plain = self.cache.get_or_compute(plain_key, || encode(prepared));
        let plain = plain.map_err(|error| (*error).clone())?;
        if encoding == Encoding::Identity {
            return Ok(Tile { bytes: plain, etag: prepared.etag() });
        }
        let bytes = self.cache.get_or_compute(prepared.key.clone(), || {
            encoding.pack(&plain).map_err(|error| TileError::Packing(error.to_string()))
        });
        let bytes = bytes.map_err(|error| (*error).clone())?;
        Ok(Tile { bytes, etag: prepared.etag() })
    }
}

fn vector_layer<'a>(view: &'a View, id: &LayerId) -> Result<LayerView<'a>, TileError> {
    use onemap_model::Kind;
    let layer = view.layer(id).ok_or_else(|| TileError::UnknownLayer(id.clone()))?;
    match layer.layer().kind {
        Kind::Vector | Kind::Network | Kind::Model => Ok(layer),
        _ => Err(TileError::NoTiles(id.clone())),
    }
}

/// Returns the minute of "now" for a layer with times, so that its tiles follow the clock.
fn slice(layer: &LayerView<'_>, spec: &ViewSpec) -> Option<Timestamp> {
    const MINUTE: i64 = 60_000_000;
    layer.layer().time.filter(|_| spec.when == When::Now).map(|_| {
        let now = Timestamp::now().as_micros();
        Timestamp::from_micros(now - now.rem_euclid(MINUTE))
    })
}

fn encode(prepared: &Prepared) -> Result<TileBytes, TileError> {
    let coord = prepared.request.coord;
    let mut encoder = TileEncoder::new(coord, &prepared.options);
    let buffer = f64::from(prepared.options.buffer) / f64::from(prepared.options.extent);
    for id in prepared.request.layers.ids() {
        let view = vector_layer(&prepared.view, id)?;
        let layer = view.layer();
        let query = Query::tile(coord, buffer);
        let mut part = encoder.layer(id.as_str(), &layer.schema, layer.maxzoom);
        view.for_each(&query, &mut |feature: FeatureRef<'_>| {
            part.add(&feature);
            std::ops::ControlFlow::Continue(())
        })?;
        part.finish();
    }
    Ok(encoder.finish().into())
}
