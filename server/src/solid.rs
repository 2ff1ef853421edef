//! 3D tiles: from a layer's view to tilesets and their contents.
//!
//! A tile tree belongs to a view of a layer; trees are kept and follow the edits ([`trees`]). Contents go through the same
//! cache as vector tiles, under the same kind of key: the last edit of what is in the node's cell, and the span of time in
//! which nothing there changes ([`times`]).

mod draw;
mod files;
mod folder;
mod links;
mod times;
mod trees;
mod warm;

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::HeaderValue;
use onemap_model::{GeoCell, LayerId, Revision, TileCoord, Timestamp, ViewId, ViewSpec, When};
use onemap_store::{LayerView, Snapshot, Store, StoreError, View};
use onemap_tile_tree::{Member, Node, error_of_nothing};
use serde_json::Value;

use crate::cache::{TileCache, TileKey, etag};
use crate::flights::Flights;
use crate::gate::Gate;
use crate::http::{Encoding, kept};
use crate::kept::Makers;
use crate::tile_service::{Aspect, TileError};

pub(crate) use draw::{Form, has_solids, stands_out};
pub(crate) use files::{Manifests, TilesetFile, media_type};
pub(crate) use folder::write_folder;
pub(crate) use links::VERSION;
use links::{Addresses, Below};
use times::{Timeline, all_times, has_times, slice_of};
use trees::Planted;

/// Most contents that may wait to be computed.
const LONGEST_QUEUE: usize = 512;

/// One state of the store, to be looked at in several ways.
#[derive(Clone)]
pub(crate) enum Source {
    /// The last revision.
    Newest(Snapshot),
    /// An older one, which was looked at before.
    Past(Arc<Store>, Revision),
}

impl Source {
    pub(crate) fn view(&self, spec: ViewSpec) -> Result<View, StoreError> {
        match self {
            Self::Newest(snapshot) => Ok(View::new(snapshot.clone(), spec)),
            Self::Past(store, revision) => store.view_at(*revision, spec),
        }
    }
}

/// What of a layer is asked for.
#[derive(Clone)]
pub(crate) struct SolidRequest {
    pub(crate) layer: LayerId,
    /// The view asked for, but for its fields.
    pub(crate) spec: ViewSpec,
    pub(crate) source: Source,
    pub(crate) form: Form,
    /// The query of the request, to be carried to what the answer names.
    pub(crate) query: String,
}

impl SolidRequest {
    /// Looks at what is asked for with every field: heights count, whether they are shown or not.
    pub(crate) fn view(&self) -> Result<View, StoreError> {
        self.source.view(self.spec.clone())
    }

    /// Returns the name of what contents show, but for its instants.
    fn contents_id(&self) -> ViewId {
        ViewSpec { fields: self.form.fields.clone(), ..self.spec.clone() }.timeless_id()
    }

    fn past(&self) -> Option<Revision> {
        match self.source {
            Source::Newest(_) => None,
            Source::Past(_, revision) => Some(revision),
        }
    }
}

/// A tile, by the tileset that it is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A node of the tile tree: its features whole.
    Node(GeoCell),
    /// A tile of the implicit tileset: what is inside its cell.
    Cut(GeoCell),
}

impl Piece {
    fn cell(self) -> GeoCell {
        match self {
            Self::Node(cell) | Self::Cut(cell) => cell,
        }
    }

    fn aspect(self, plain: bool) -> Aspect {
        match (self, plain) {
            (Self::Node(_), false) => Aspect::Solids,
            (Self::Node(_), true) => Aspect::PlainSolids,
            (Self::Cut(_), false) => Aspect::CutSolids,
            (Self::Cut(_), true) => Aspect::PlainCutSolids,
        }
    }
}

/// Content of a tile, to be sent.
pub(crate) struct Content {
    pub(crate) bytes: Bytes,
    pub(crate) encoding: Encoding,
    pub(crate) etag: HeaderValue,
    /// Whether the address names this very version: it will never change.
    pub(crate) is_final: bool,
}

/// Answers requests for 3D tiles.
pub(crate) struct SolidService {
    cache: Arc<TileCache>,
    trees: Makers<Planted>,
    timelines: Makers<Timeline>,
    manifests: Arc<Manifests>,
    flights: Flights<TileKey, Result<Bytes, TileError>>,
    gate: Arc<Gate>,
}

impl SolidService {
    /// Makes a service that keeps contents in a cache and computes on `cores` cores.
    pub(crate) fn new(cache: Arc<TileCache>, cores: usize) -> Self {
        Self {
            cache,
            trees: Makers::new(cores),
            timelines: Makers::new(cores),
            manifests: Arc::default(),
            flights: Flights::default(),
            gate: Gate::new(cores, LONGEST_QUEUE),
        }
    }

    /// Begins to make what the first who look at the city in 3D will need, and to keep it up with the edits.
    pub(crate) fn warm_up(&self, store: &Arc<Store>) {
        let warmer = warm::Warmer::new(store, self.trees.kept(), self.timelines.kept());
        if let Err(error) = warmer.begin() {
            tracing::warn!(%error, "tile trees are not made beforehand");
        }
    }

    /// Returns the tileset of a layer, or of a node and what is below it; `None` when there is no such node.
    pub(crate) async fn tileset(
        &self,
        request: Arc<SolidRequest>,
        of: Option<GeoCell>,
    ) -> Result<Option<Value>, TileError> {
        let (view, planted) = self.planted(&request).await?;
        let timeline = self.timeline(&request).await?;
        let work = move || {
            let layer = layer(&view, &request.layer)?;
            let links = Addresses::new(&request, &layer, timeline.as_deref(), of.is_some());
            Ok(onemap_tile_tree::tileset(&planted.tree, of, &links))
        };
        self.run(work).await
    }

    /// Returns the implicit tileset of a layer.
    pub(crate) async fn implicit(&self, request: Arc<SolidRequest>) -> Result<Value, TileError> {
        let (view, planted) = self.planted(&request).await?;
        let query = request.carried(&layer(&view, &request.layer)?);
        self.run(move || Ok(planted.tree.implicit_tileset(&Below { query }))).await
    }

    /// Returns the subtree of an implicit tileset below a tile; `None` when there is no such tile.
    pub(crate) async fn subtree(
        &self,
        request: Arc<SolidRequest>,
        cell: GeoCell,
    ) -> Result<Option<Vec<u8>>, TileError> {
        let (_, planted) = self.planted(&request).await?;
        self.run(move || Ok(planted.tree.subtree(cell))).await
    }

    /// Returns a file of a layer's own tileset; `None` when it has none of this name.
    pub(crate) async fn file(
        &self,
        view: View,
        layer: LayerId,
        path: String,
    ) -> Result<Option<TilesetFile>, TileError> {
        let manifests = Arc::clone(&self.manifests);
        let work = move || {
            let layer = view.layer(&layer).ok_or_else(|| TileError::UnknownLayer(layer.clone()))?;
            manifests.file(&layer, &path)
        };
        self.run(work).await
    }

    /// Returns what a tileset of several layers says of one; `None` for a layer that shows nothing.
    pub(crate) async fn member(
        &self,
        request: Arc<SolidRequest>,
        uri: String,
    ) -> Result<Option<Member>, TileError> {
        let made_elsewhere = {
            let view = request.view()?;
            let layer = layer(&view, &request.layer)?;
            layer.layer().tileset.as_ref().map(|files| (files.bounds, files.heights, files.error))
        };
        if let Some((bounds, heights, error)) = made_elsewhere {
            let member = |(bounds, heights)| Member { uri, bounds, heights, error };
            return Ok(bounds.zip(heights).map(member));
        }
        let (_, planted) = self.planted(&request).await?;
        let member = |root: &Node| {
            let (bounds, heights) = root.volume();
            Member { uri, bounds, heights, error: error_of_nothing(root.cell.z()) }
        };
        Ok(planted.tree.root().map(member))
    }

    /// Returns the content of a tile, packed as asked; `None` when there is no such tile. `version` is what the address
    /// says of it.
    pub(crate) async fn content(
        &self,
        request: Arc<SolidRequest>,
        piece: Piece,
        version: Option<&str>,
        encoding: Encoding,
        known: impl FnOnce(&HeaderValue) -> bool,
    ) -> Result<Result<Option<Content>, HeaderValue>, TileError> {
        let timeline = self.timeline(&request).await?;
        let key = {
            let view = request.view()?;
            key(&request, &layer(&view, &request.layer)?, piece, encoding, timeline.as_deref())?
        };
        let etag = etag(std::slice::from_ref(&key), encoding);
        if known(&etag) {
            return Ok(Err(etag));
        }
        let is_final = version.is_some_and(|version| version == links::version(&key));
        let cached = || self.cache.get(&key).map(Ok);
        let bytes = if let Some(bytes) = cached() {
            bytes
        } else {
            let view = self.drawn_from(&request, piece, timeline.as_deref())?;
            let tree = self.trees.of(&view, &request.layer, request.past());
            // Most wait for the same tree, which is made once; then the same content is drawn once.
            let planted = tree.await?;
            let begin = || self.compute(key.clone(), Arc::clone(&request), view, planted, piece);
            match self.flights.join(&key, cached, begin) {
                Ok(flight) => flight.await,
                Err(bytes) => bytes,
            }
        };
        let bytes = bytes?;
        // An address without content: nothing is there.
        let content = (!bytes.is_empty()).then_some(Content { bytes, encoding, etag, is_final });
        Ok(Ok(content))
    }

    fn compute(
        &self,
        key: TileKey,
        request: Arc<SolidRequest>,
        view: View,
        planted: Arc<Planted>,
        piece: Piece,
    ) -> impl Future<Output = Result<Bytes, TileError>> + Send + 'static {
        let (gate, cache) = (self.gate.clone(), self.cache.clone());
        async move {
            let work = move || {
                let layer = layer(&view, &request.layer)?;
                let glb = draw::content(&layer, &planted, piece, &request.form)?;
                let packed = match glb {
                    Some(glb) => key.encoding.pack(&kept(&glb)),
                    None => Ok(Bytes::new()),
                };
                let packed = packed.map_err(|error| TileError::Packing(error.to_string()))?;
                cache.put(key, packed.clone());
                Ok(packed)
            };
            let done = gate.run(work).await?;
            done.map_err(|error| TileError::Stopped(error.to_string()))?
        }
    }

    /// Returns the tree that a request is about, with the view that it belongs to.
    async fn planted(&self, request: &SolidRequest) -> Result<(View, Arc<Planted>), TileError> {
        let view = request.view()?;
        layer(&view, &request.layer)?;
        let planted = self.trees.of(&view, &request.layer, request.past()).await?;
        Ok((view, planted))
    }

    /// Returns the timeline of the layer that a request is about; `None` when the layer knows no time.
    async fn timeline(&self, request: &SolidRequest) -> Result<Option<Arc<Timeline>>, TileError> {
        let view = request.source.view(all_times())?;
        if !has_times(&layer(&view, &request.layer)?)? {
            return Ok(None);
        }
        self.timelines.of(&view, &request.layer, request.past()).await.map(Some)
    }

    /// Returns the view that a tile is drawn from. At whatever instant between two changes of its own a tile is asked for, it
    /// is the same: so one is taken at which the layer has a tree already, such as that of the viewer that named the tile.
    fn drawn_from(
        &self,
        request: &SolidRequest,
        piece: Piece,
        timeline: Option<&Timeline>,
    ) -> Result<View, TileError> {
        let view = request.view()?;
        let (Piece::Node(cell), When::At(_), Some(timeline)) = (piece, request.spec.when, timeline)
        else {
            return Ok(view);
        };
        let instant = {
            let layer = layer(&view, &request.layer)?;
            let own = layer.slice()?.from;
            let Some(span) = timeline.around(cell, own) else { return Ok(view) };
            let slices = self.trees.kept().slices(&layer, request.past());
            let mut begins = slices.iter().map(|slice| slice.from);
            begins.find(|begin| *begin == own || span.from <= *begin && *begin < span.to)
        };
        match instant {
            Some(instant) if instant != i64::MIN => {
                let when = When::At(Timestamp::from_micros(instant));
                let spec = ViewSpec { when, ..request.spec.clone() };
                Ok(request.source.view(spec)?)
            }
            _ => Ok(view),
        }
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, TileError> + Send + 'static,
    ) -> Result<T, TileError> {
        let done = self.gate.run(work).await?;
        done.map_err(|error| TileError::Stopped(error.to_string()))?
    }
}

/// Looks at a layer that can be shown in 3D.
fn layer<'v>(view: &'v View, id: &LayerId) -> Result<LayerView<'v>, TileError> {
    let layer = view.layer(id).ok_or_else(|| TileError::UnknownLayer(id.clone()))?;
    if !has_solids(layer.layer()) {
        return Err(TileError::NoSolids(id.clone()));
    }
    layer.check_filter()?;
    Ok(layer)
}

fn key(
    request: &SolidRequest,
    layer: &LayerView<'_>,
    piece: Piece,
    encoding: Encoding,
    timeline: Option<&Timeline>,
) -> Result<TileKey, TileError> {
    let cell = piece.cell();
    let (owner, slice) = match piece {
        Piece::Node(cell) => (cell, slice_of(layer, timeline, cell)?),
        // What reaches into a cell may belong to any other.
        Piece::Cut(_) => (GeoCell::ROOT, layer.slice()?),
    };
    Ok(TileKey {
        layer: layer.layer().uuid,
        aspect: piece.aspect(request.form.plain),
        version: layer.owner_version(owner),
        view: request.contents_id(),
        slice,
        coord: TileCoord::new(cell.z().into(), cell.x().into(), cell.y().into())
            .map_err(|error| TileError::Stopped(error.to_string()))?,
        buffer: 0,
        encoding,
    })
}
