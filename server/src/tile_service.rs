//! From a tile's address to its bytes: view, cache, encoder.
//!
//! A tile of several layers is made of parts, one a layer, each with its own key, computation and place in the
//! cache: layers that are asked for in other companies are computed once, and an edit costs only
//! the part that it touches.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Bytes;
use axum::http::HeaderValue;
use futures_util::future::join_all;
use onemap_model::{
    FeatureRef, Geometry, Kind, LayerId, Revision, TileCoord, Timestamp, ViewSpec, When,
};
use onemap_store::{Drawn, LayerView, Query, Store, StoreError, View};
use onemap_tiles_vector::{Mass, TileEncoder, TileOptions};

use crate::archives::Archives;
use crate::cache::{TileCache, TileKey, etag};
use crate::flights::Flights;
use crate::gate::{Gate, Overloaded};
use crate::gzip;
use crate::http::{Accepted, Encoding, kept};
use crate::labels::LabelPoints;
pub(crate) use crate::layer_list::{Aspect, LayerList, LayerPart};
use crate::pace::Pace;

/// Most parts that may wait to be computed.
const LONGEST_QUEUE: usize = 2048;

/// A tile as asked for.
#[derive(Debug, Clone)]
pub(crate) struct TileRequest {
    pub(crate) layers: LayerList,
    pub(crate) coord: TileCoord,
    pub(crate) spec: ViewSpec,
    /// The revision to look at; the last one when not said.
    pub(crate) revision: Option<Revision>,
    /// Margin around the tile, in 4096ths of its width; the encoder's default when not said.
    pub(crate) buffer: Option<u32>,
}

/// A tile to send: pieces of bytes that are sent one after the other; none for an empty tile.
#[derive(Debug, Clone)]
pub(crate) struct Tile {
    pub(crate) pieces: Vec<Bytes>,
    pub(crate) encoding: Encoding,
    pub(crate) etag: HeaderValue,
}

impl Tile {
    /// Tells whether there is nothing in the tile.
    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }
}

/// Why there is no tile.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum TileError {
    #[error("there is no layer '{0}'")]
    UnknownLayer(LayerId),
    #[error("layer '{0}' has no vector tiles")]
    NoTiles(LayerId),
    #[error(
        "layer '{0}' has nothing to show in 3D: it has no polygons or 3D shapes, and no symbol for its points is set"
    )]
    NoSolids(LayerId),
    #[error("the store could not be read: {0}")]
    Store(Arc<StoreError>),
    #[error("the archive of layer '{0}' could not be read: {1}")]
    Archive(LayerId, String),
    #[error("the tile could not be packed: {0}")]
    Packing(String),
    #[error("the computation of the tile ended early: {0}")]
    Stopped(String),
    #[error(transparent)]
    Overloaded(#[from] Overloaded),
}

impl From<StoreError> for TileError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

/// Answers tile requests from the cache or the store.
pub(crate) struct TileService {
    store: Arc<Store>,
    cache: Arc<TileCache>,
    tools: Arc<Tools>,
    flights: Flights<TileKey, Result<Bytes, TileError>>,
    gate: Arc<Gate>,
}

/// What parts are drawn with.
struct Tools {
    labels: LabelPoints,
    archives: Archives,
    pace: Pace,
}

/// What a request comes to at one revision: good until the revision or the slice of time changes.
#[derive(Debug, Clone)]
pub(crate) struct Resolved {
    keys: Arc<[TileKey]>,
    /// Encoding of the answer. The parts of a tile of several layers are packed only with gzip.
    encoding: Encoding,
    etag: HeaderValue,
    /// When the slice of "now" is to be looked up again.
    until: Option<Timestamp>,
    /// Whether some layer of several brings layers with names of its own, which may repeat.
    names_may_repeat: bool,
}

impl Resolved {
    /// Returns the ETag that the answer will have.
    pub(crate) fn etag(&self) -> &HeaderValue {
        &self.etag
    }

    /// Returns a tile with something in it, to make the headers of the answer from.
    pub(crate) fn example(&self) -> Tile {
        let pieces = vec![Bytes::from_static(&[0])];
        Tile { pieces, encoding: self.encoding, etag: self.etag.clone() }
    }

    /// Tells whether the time has not passed it yet.
    pub(crate) fn holds(&self) -> bool {
        self.until.is_none_or(|until| Timestamp::now() < until)
    }
}

impl TileService {
    /// Makes a service with a cache that takes `cache_bytes` of memory, and computes on `cores` cores.
    pub(crate) fn new(store: Arc<Store>, cache_bytes: u64, cores: usize) -> Self {
        Self {
            store,
            cache: Arc::new(TileCache::new(cache_bytes)),
            tools: Arc::new(Tools {
                labels: LabelPoints::new(),
                archives: Archives::default(),
                pace: Pace::default(),
            }),
            flights: Flights::default(),
            gate: Gate::new(cores, LONGEST_QUEUE),
        }
    }

    /// Returns the store.
    pub(crate) fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Returns the cache, to be measured.
    pub(crate) fn cache(&self) -> &Arc<TileCache> {
        &self.cache
    }

    /// Returns the queue of parts to be computed, to be measured.
    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Returns the number of different parts that are waited for.
    pub(crate) fn under_way(&self) -> u64 {
        self.flights.len()
    }

    /// Takes the view of the last revision that a request asks for.
    pub(crate) fn newest(&self, request: &TileRequest) -> View {
        self.store.view(request.spec.clone())
    }

    /// Finds out what a request comes to in a view.
    pub(crate) fn resolve(
        request: &TileRequest,
        view: &View,
        accepted: Accepted,
    ) -> Result<Resolved, TileError> {
        let parts = request.layers.parts();
        let encoding = if parts.len() == 1 { accepted.best() } else { accepted.best_for_several() };
        let is_archive = |part: &LayerPart| {
            view.layer(&part.id).is_some_and(|layer| layer.layer().archive.is_some())
        };
        let names_may_repeat = parts.len() > 1 && parts.iter().any(is_archive);
        // Gzip members are joined; what joins no more is packed as a whole.
        let packing = match encoding {
            Encoding::Gzip if !names_may_repeat => Encoding::Gzip,
            other if parts.len() == 1 => other,
            _ => Encoding::Identity,
        };
        let timeless = request.spec.timeless_id();
        let mut until: Option<Timestamp> = None;
        let keys: Result<Arc<[TileKey]>, TileError> = parts
            .iter()
            .map(|part| {
                let layer = vector_layer(view, &part.id)?;
                if request.spec.when == When::Now {
                    until = [until, layer.next_change()?].into_iter().flatten().min();
                }
                Ok(TileKey {
                    layer: layer.layer().uuid,
                    aspect: part.aspect,
                    version: layer.tile_version(request.coord),
                    view: timeless,
                    slice: layer.slice()?,
                    coord: request.coord,
                    buffer: options(request).buffer,
                    encoding: packing,
                })
            })
            .collect();
        let keys = keys?;
        let etag = etag(&keys, encoding);
        Ok(Resolved { keys, encoding, etag, until, names_may_repeat })
    }

    /// Returns the tile if all of its parts are in the cache and need only be put together.
    pub(crate) fn cached(&self, resolved: &Resolved) -> Option<Tile> {
        if resolved.names_may_repeat {
            return None;
        }
        let (encoding, etag) = (resolved.encoding, resolved.etag.clone());
        let parts: Vec<Bytes> =
            resolved.keys.iter().map(|key| self.cache.get(key)).collect::<Option<_>>()?;
        let pieces = together(parts, encoding)?;
        Some(Tile { pieces, encoding, etag })
    }

    /// Tells whether a tile that is not in the cache would be refused for want of time, and counts it then.
    pub(crate) fn refuses(&self, resolved: &Resolved) -> bool {
        let ready = |key: &TileKey| self.flights.has(key) || self.cache.get(key).is_some();
        let refused = self.gate.is_full() && !resolved.keys.iter().all(ready);
        if refused {
            self.gate.refuse();
        }
        refused
    }

    /// Returns the tile, its parts from the cache or computed now, each once for all who ask at the same time.
    pub(crate) async fn fetch(
        &self,
        request: Arc<TileRequest>,
        view: View,
        resolved: &Resolved,
    ) -> Result<Tile, TileError> {
        let view = Arc::new(view);
        let parts = resolved.keys.iter().enumerate().map(|(i, key)| {
            let (request, view) = (request.clone(), view.clone());
            async move {
                let known = || self.cache.get(key).map(Ok);
                if let Some(part) = known() {
                    return part;
                }
                let begin = || self.part(key.clone(), i, request, view);
                match self.flights.join(key, known, begin) {
                    Ok(flight) => flight.await,
                    Err(part) => part,
                }
            }
        });
        let parts: Vec<Bytes> = join_all(parts).await.into_iter().collect::<Result<_, _>>()?;
        let (encoding, etag) = (resolved.encoding, resolved.etag.clone());
        let merge = resolved.names_may_repeat;
        if !merge && let Some(pieces) = together(parts.clone(), encoding) {
            return Ok(Tile { pieces, encoding, etag });
        }
        let work = move || {
            let whole = if merge { merged(&parts)? } else { parts.concat().into() };
            let packed = if whole.is_empty() { Ok(whole) } else { encoding.pack(&whole) };
            packed.map_err(|error| TileError::Packing(error.to_string()))
        };
        let packed = self.gate.run(work).await?;
        let packed = packed.map_err(|error| TileError::Stopped(error.to_string()))??;
        let pieces = if packed.is_empty() { vec![] } else { vec![packed] };
        Ok(Tile { pieces, encoding, etag })
    }

    /// Computes a part when its turn comes, and keeps it.
    fn part(
        &self,
        key: TileKey,
        index: usize,
        request: Arc<TileRequest>,
        view: Arc<View>,
    ) -> impl Future<Output = Result<Bytes, TileError>> + Send + 'static {
        let (gate, cache, tools) = (self.gate.clone(), self.cache.clone(), self.tools.clone());
        async move {
            let (zoom, at_work) = (key.coord.z(), tools.clone());
            let work = move || {
                let begun = Instant::now();
                let tools = at_work;
                let plain = match plain_from_cache(&cache, &key) {
                    Some(plain) => plain,
                    None => match request.layers.parts().get(index) {
                        Some(part) => encode(&request, part, &view, &tools)?,
                        None => Bytes::new(),
                    },
                };
                let packed = if plain.is_empty() { Ok(plain) } else { key.encoding.pack(&plain) };
                let packed = packed.map_err(|error| TileError::Packing(error.to_string()))?;
                cache.put(key, packed.clone());
                tools.pace.learn(zoom, begun.elapsed());
                Ok(packed)
            };
            if tools.pace.is_short(zoom) {
                let panicked = || Err(TileError::Stopped("it panicked".to_owned()));
                return gate.run_here(work).await?.unwrap_or_else(panicked);
            }
            let done = gate.run(work).await?;
            done.map_err(|error| TileError::Stopped(error.to_string()))?
        }
    }

    /// Computes a tile, not packed, on this thread.
    pub(crate) fn tile(&self, request: &TileRequest) -> Result<Vec<u8>, TileError> {
        self.tile_in(request, &self.newest(request))
    }

    /// Computes a tile of a view, not packed, on this thread.
    pub(crate) fn tile_in(&self, request: &TileRequest, view: &View) -> Result<Vec<u8>, TileError> {
        let parts = request.layers.parts().iter();
        let parts = parts.map(|part| encode(request, part, view, &self.tools));
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        Ok(merged(&parts)?.into())
    }
}

/// Joins parts whose layers may have equal names.
fn merged(parts: &[Bytes]) -> Result<Bytes, TileError> {
    let joined = onemap_tiles_vector::concat(parts);
    joined.map(Bytes::from).map_err(|error| TileError::Packing(error.to_string()))
}

/// Puts parts together without packing; `None` when they have to be packed as a whole.
///
/// A tile is a message whose layers are a repeated field: tiles are joined byte by byte (Protocol Buffers,
/// "Last One Wins" and repeated fields). No layer is named twice in a list, so no name repeats.
fn together(mut parts: Vec<Bytes>, encoding: Encoding) -> Option<Vec<Bytes>> {
    let alone = parts.len() == 1;
    parts.retain(|part| !part.is_empty());
    match (encoding, parts.len()) {
        (_, 0) => Some(vec![]),
        // Packed as it was asked for.
        (_, 1) if alone => Some(parts),
        (Encoding::Identity, _) | (Encoding::Gzip, 1) => Some(parts),
        (Encoding::Gzip, _) => gzip::join(&parts),
        _ => None,
    }
}

/// Unpacks a part that is there in another encoding, which is far cheaper than to draw it again.
fn plain_from_cache(cache: &TileCache, key: &TileKey) -> Option<Bytes> {
    Encoding::ALL.into_iter().filter(|&encoding| encoding != key.encoding).find_map(|encoding| {
        let packed = cache.get(&TileKey { encoding, ..key.clone() })?;
        if packed.is_empty() { Some(packed) } else { encoding.unpack(&packed).ok() }
    })
}

fn vector_layer<'a>(view: &'a View, id: &LayerId) -> Result<LayerView<'a>, TileError> {
    let layer = view.layer(id).ok_or_else(|| TileError::UnknownLayer(id.clone()))?;
    match layer.layer().kind {
        Kind::Vector | Kind::Network | Kind::Model => Ok(layer),
        _ => Err(TileError::NoTiles(id.clone())),
    }
}

fn options(request: &TileRequest) -> TileOptions {
    let default = TileOptions::default();
    TileOptions { buffer: request.buffer.unwrap_or(default.buffer), ..default }
}

thread_local! {
    /// The encoder that drew this thread's last tile: its memory serves the next one.
    static SPARE: Cell<Option<TileEncoder>> = const { Cell::new(None) };
}

/// Tiles larger than this leave no encoder behind, whose memory would be larger still.
const LARGE: usize = 256 << 10;

fn begin(tile: TileCoord, options: TileOptions) -> TileEncoder {
    let Some(mut encoder) = SPARE.take() else { return TileEncoder::new(tile, &options) };
    encoder.restart(tile, &options);
    encoder
}

fn finish(mut encoder: TileEncoder) -> Vec<u8> {
    let tile = encoder.finish();
    if tile.len() <= LARGE {
        SPARE.set(Some(encoder));
    }
    tile
}

/// Draws one part of a tile.
fn encode(
    request: &TileRequest,
    part: &LayerPart,
    view: &View,
    tools: &Tools,
) -> Result<Bytes, TileError> {
    let layer = vector_layer(view, &part.id)?;
    let is_archive = layer.layer().archive.is_some();
    let plain = match part.aspect {
        Aspect::Features if is_archive => tools.archives.tile(&layer, request.coord)?,
        Aspect::Features => encode_features(request, part, &layer)?,
        Aspect::Labels => encode_labels(request, part, &layer, &tools.labels)?,
        Aspect::Solids | Aspect::PlainSolids | Aspect::CutSolids | Aspect::PlainCutSolids => {
            Vec::new()
        }
    };
    Ok(kept(&plain))
}

fn encode_features(
    request: &TileRequest,
    part: &LayerPart,
    view: &LayerView<'_>,
) -> Result<Vec<u8>, TileError> {
    let (layer, options) = (view.layer(), options(request));
    let mut encoder = begin(request.coord, options);
    let buffer = f64::from(options.buffer) / f64::from(options.extent);
    let mut tile_layer = encoder.layer(&part.to_string(), &layer.schema, view.exact_zoom());
    tile_layer.merge_by(view.merge_fields());
    view.draw(request.coord, buffer, &mut |drawn| {
        match drawn {
            Drawn::Feature(feature) => tile_layer.add(&feature),
            Drawn::Mass(best, mass) => {
                let count = u32::try_from(mass.count).unwrap_or(u32::MAX);
                let mass = Mass { at: mass.at, area_m2: mass.area_m2, count };
                tile_layer.add_mass(&best, &mass);
            }
        }
        ControlFlow::Continue(())
    })?;
    tile_layer.finish();
    Ok(finish(encoder))
}

/// Draws the label points that lie in the tile itself: each in exactly one tile of a zoom.
fn encode_labels(
    request: &TileRequest,
    part: &LayerPart,
    view: &LayerView<'_>,
    labels: &LabelPoints,
) -> Result<Vec<u8>, TileError> {
    let (layer, coord) = (view.layer(), request.coord);
    let mut encoder = begin(coord, options(request));
    let mut drawn = encoder.layer(&part.to_string(), &layer.schema, layer.maxzoom);
    view.for_each(&Query::tile(coord, 0.0), &mut |feature: FeatureRef<'_>| {
        let point = labels.of(layer.uuid, layer.revision, &feature);
        if let Some(point) = point.filter(|&at| TileCoord::containing(at, coord.z()) == coord) {
            let point = Geometry::point(point);
            drawn.add(&FeatureRef { geometry: Some(&point), ..feature });
        }
        ControlFlow::Continue(())
    })?;
    drawn.finish();
    Ok(finish(encoder))
}
