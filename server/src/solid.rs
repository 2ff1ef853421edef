//! 3D tiles: from a layer's view to tilesets and their contents.
//!
//! A tile tree belongs to a view of a layer; trees are kept and follow the edits ([`trees`]). Contents go through the same
//! cache as vector tiles, under the same kind of key.

mod draw;
mod files;
mod folder;
mod trees;

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::HeaderValue;
use onemap_model::{GeoCell, LayerId, Revision, TileCoord, Timestamp, ViewSpec, When};
use onemap_store::{LayerView, View};
use onemap_tile_tree::{Links, Member, Node, Templates, error_of_nothing};
use serde_json::Value;

use crate::cache::{TileCache, TileKey, etag};
use crate::flights::Flights;
use crate::gate::Gate;
use crate::http::{Encoding, kept};
use crate::tile_service::{Aspect, TileError};

pub(crate) use draw::{has_solids, stands_out};
pub(crate) use files::{Manifests, TilesetFile, media_type};
pub(crate) use folder::write_folder;
use trees::Trees;

/// Most contents that may wait to be computed.
const LONGEST_QUEUE: usize = 512;

/// Bytes that contents name their version by, hexadecimal digits.
const VERSION_DIGITS: usize = 16;

/// What of a layer is asked for.
#[derive(Debug, Clone)]
pub(crate) struct SolidRequest {
    pub(crate) layer: LayerId,
    /// The view asked for; `fields` are the properties that contents have.
    pub(crate) spec: ViewSpec,
    pub(crate) revision: Option<Revision>,
    /// Whether contents are without compression and quantisation.
    pub(crate) plain: bool,
    /// The query of the request, to be carried to what the answer names; without `v`.
    pub(crate) query: String,
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
    trees: Arc<Trees>,
    manifests: Arc<Manifests>,
    flights: Flights<TileKey, Result<Bytes, TileError>>,
    gate: Arc<Gate>,
}

impl SolidService {
    /// Makes a service that keeps contents in a cache and computes on `cores` cores.
    pub(crate) fn new(cache: Arc<TileCache>, cores: usize) -> Self {
        Self {
            cache,
            trees: Arc::default(),
            manifests: Arc::default(),
            flights: Flights::default(),
            gate: Gate::new(cores, LONGEST_QUEUE),
        }
    }

    /// Returns the tileset of a layer, or of a node and what is below it; `None` when there is no such node.
    pub(crate) async fn tileset(
        &self,
        request: Arc<SolidRequest>,
        view: View,
        of: Option<GeoCell>,
    ) -> Result<Option<Value>, TileError> {
        let trees = Arc::clone(&self.trees);
        let work = move || {
            let layer = layer(&view, &request.layer)?;
            let planted = trees.of(&layer, request.revision)?;
            let links = Addresses {
                request: &request,
                layer: &layer,
                below: if of.is_some() { "../../../" } else { "" },
            };
            Ok(onemap_tile_tree::tileset(&planted.tree, of, &links))
        };
        self.run(work).await
    }

    /// Returns the implicit tileset of a layer.
    pub(crate) async fn implicit(
        &self,
        request: Arc<SolidRequest>,
        view: View,
    ) -> Result<Value, TileError> {
        let trees = Arc::clone(&self.trees);
        let work = move || {
            let layer = layer(&view, &request.layer)?;
            let planted = trees.of(&layer, request.revision)?;
            Ok(planted.tree.implicit_tileset(&Below { query: &request.query }))
        };
        self.run(work).await
    }

    /// Returns the subtree of an implicit tileset below a tile; `None` when there is no such tile.
    pub(crate) async fn subtree(
        &self,
        request: Arc<SolidRequest>,
        view: View,
        cell: GeoCell,
    ) -> Result<Option<Vec<u8>>, TileError> {
        let trees = Arc::clone(&self.trees);
        let work = move || {
            let layer = layer(&view, &request.layer)?;
            Ok(trees.of(&layer, request.revision)?.tree.subtree(cell))
        };
        self.run(work).await
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
        view: View,
        uri: String,
    ) -> Result<Option<Member>, TileError> {
        let trees = Arc::clone(&self.trees);
        let work = move || {
            let layer = layer(&view, &request.layer)?;
            if let Some(files) = &layer.layer().tileset {
                let (bounds, heights) = (files.bounds, files.heights);
                let member =
                    |(bounds, heights)| Member { uri, bounds, heights, error: files.error };
                return Ok(bounds.zip(heights).map(member));
            }
            let planted = trees.of(&layer, request.revision)?;
            let member = |root: &Node| {
                let (bounds, heights) = root.volume();
                Member { uri, bounds, heights, error: error_of_nothing(root.cell.z()) }
            };
            Ok(planted.tree.root().map(member))
        };
        self.run(work).await
    }

    /// Returns the content of a tile, packed as asked; `None` when there is no such tile. `version` is what the address
    /// says of it.
    pub(crate) async fn content(
        &self,
        request: Arc<SolidRequest>,
        view: View,
        piece: Piece,
        version: Option<&str>,
        encoding: Encoding,
        known: impl FnOnce(&HeaderValue) -> bool,
    ) -> Result<Result<Option<Content>, HeaderValue>, TileError> {
        let key = key(&request, &layer(&view, &request.layer)?, piece, encoding)?;
        let etag = etag(std::slice::from_ref(&key), encoding);
        if known(&etag) {
            return Ok(Err(etag));
        }
        let is_final = version.is_some_and(|version| version == self::version(&key));
        let begin = || self.compute(key.clone(), Arc::clone(&request), view, piece);
        let cached = || self.cache.get(&key).map(Ok);
        let bytes = match cached() {
            Some(bytes) => bytes,
            None => match self.flights.join(&key, cached, begin) {
                Ok(flight) => flight.await,
                Err(bytes) => bytes,
            },
        }?;
        // An address without content: no node has nothing to show.
        let content = (!bytes.is_empty()).then_some(Content { bytes, encoding, etag, is_final });
        Ok(Ok(content))
    }

    fn compute(
        &self,
        key: TileKey,
        request: Arc<SolidRequest>,
        view: View,
        piece: Piece,
    ) -> impl Future<Output = Result<Bytes, TileError>> + Send + 'static {
        let (gate, cache, trees) = (self.gate.clone(), self.cache.clone(), self.trees.clone());
        async move {
            let work = move || {
                let layer = layer(&view, &request.layer)?;
                let planted = trees.of(&layer, request.revision)?;
                let glb = draw::content(&layer, &planted, piece, &request)?;
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
) -> Result<TileKey, TileError> {
    let cell = piece.cell();
    let owner = match piece {
        Piece::Node(cell) => cell,
        // What reaches into a cell may belong to any other.
        Piece::Cut(_) => GeoCell::ROOT,
    };
    Ok(TileKey {
        layer: layer.layer().uuid,
        aspect: piece.aspect(request.plain),
        version: layer.owner_version(owner),
        view: request.spec.timeless_id(),
        slice: layer.slice()?,
        coord: TileCoord::new(cell.z().into(), cell.x().into(), cell.y().into())
            .map_err(|error| TileError::Stopped(error.to_string()))?,
        buffer: 0,
        encoding,
    })
}

/// Returns what the address of a content says of its version: the same for all encodings.
fn version(key: &TileKey) -> String {
    let key = TileKey { encoding: Encoding::Identity, ..key.clone() };
    let tag = etag(std::slice::from_ref(&key), Encoding::Identity);
    let digits = tag.to_str().unwrap_or_default().trim_matches('"');
    digits.get(..VERSION_DIGITS).unwrap_or(digits).to_owned()
}

/// How a layer's tilesets name what they are made of.
struct Addresses<'a> {
    request: &'a SolidRequest,
    layer: &'a LayerView<'a>,
    /// The way up to the layer's folder.
    below: &'static str,
}

impl Links for Addresses<'_> {
    fn tileset(&self, node: &Node) -> String {
        let query = with_query(&self.request.query, "");
        format!("{}n/{}.json{query}", self.below, node.cell)
    }

    fn content(&self, node: &Node) -> String {
        let key = key(self.request, self.layer, Piece::Node(node.cell), Encoding::Identity);
        let version = key.map(|key| format!("v={}", version(&key))).unwrap_or_default();
        let query = with_query(&self.request.query, &version);
        format!("{}c/{}.glb{query}", self.below, node.cell)
    }
}

/// How an implicit tileset names its parts: below the cell of its root, in case that becomes another.
struct Below<'a> {
    query: &'a str,
}

impl Below<'_> {
    fn template(&self, root: GeoCell, folder: &str, extension: &str) -> String {
        let query = with_query(self.query, "");
        format!("{root}/{folder}/{{level}}/{{x}}/{{y}}.{extension}{query}")
    }
}

impl Templates for Below<'_> {
    fn subtrees(&self, root: GeoCell) -> String {
        self.template(root, "s", "subtree")
    }

    fn contents(&self, root: GeoCell) -> String {
        self.template(root, "c", "glb")
    }
}

fn with_query(query: &str, more: &str) -> String {
    let parts: Vec<&str> = [query, more].into_iter().filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) }
}

/// Returns the instant to ask contents for, so that all instants between two changes of a layer share them: the begin of
/// the slice that the view looks at.
pub(crate) fn rounded(
    layer: &LayerView<'_>,
    spec: &ViewSpec,
) -> Result<Option<Timestamp>, TileError> {
    let When::At(_) = spec.when else { return Ok(None) };
    let from = layer.slice()?.from;
    Ok((from != i64::MIN).then(|| Timestamp::from_micros(from)))
}
