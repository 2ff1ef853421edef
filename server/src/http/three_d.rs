//! `/3dtiles/{layers}/...`: tilesets and their contents (3D Tiles 1.1).

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use onemap_model::{GeoCell, LayerId, ViewSpec};
use onemap_store::View;
use serde_json::Value;

use super::problem::Problem;
use super::query::{Params, shown};
use super::tiles::{layer_list, none_match, not_modified, validators};
use super::{Accepted, App, Encoding};
use crate::cache::quoted;
use crate::solid::{Content, Form, Piece, SolidRequest, Source, VERSION, media_type};
use crate::tile_service::{Aspect, TileError};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const SUBTREE: HeaderValue = HeaderValue::from_static("application/octet-stream");
const GLB: HeaderValue = HeaderValue::from_static("model/gltf-binary");
/// What never changes is never asked for again.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// `GET /3dtiles/{layers}/tileset.json`: the tileset of a layer, or of several together.
pub(super) async fn tileset(
    State(app): State<App>,
    Path(layers): Path<String>,
    params: Params,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let layers = ids(&layers)?;
    if let [layer] = layers.as_slice() {
        let (request, view) = request(&app, layer, &params, &uri).await?;
        if is_made_elsewhere(&view, layer) {
            return file(&app, view, layer, "tileset.json".to_owned(), &headers).await;
        }
        let found = app.solids.tileset(request, None).await?;
        return json(&found.unwrap_or_default(), &headers);
    }
    let mut members = Vec::with_capacity(layers.len());
    for layer in &layers {
        let (request, view) = request(&app, layer, &params, &uri).await?;
        let query = view.layer(layer).map(|layer| request.carried(&layer)).unwrap_or_default();
        let query = if query.is_empty() { query } else { format!("?{query}") };
        let address = format!("../{layer}/tileset.json{query}");
        members.extend(app.solids.member(request, address).await?);
    }
    json(&onemap_tile_tree::composite(&members), &headers)
}

/// `GET /3dtiles/{layer}/{path}`: what the tileset of a layer names: `n/{z}/{x}/{y}.json`, the tileset of a node and what
/// is below it, and `c/{z}/{x}/{y}.glb`, the content of a node; `implicit/tileset.json`, the same city as an implicit
/// tileset, and its subtrees and contents, whose addresses count from the cell of the root tile; of a layer with 3D tiles made elsewhere any of their
/// files.
pub(super) async fn below(
    State(app): State<App>,
    Path((layer, path)): Path<(String, String)>,
    params: Params,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (request, view) = request(&app, &id(&layer)?, &params, &uri).await?;
    if is_made_elsewhere(&view, &request.layer) {
        return file(&app, view, &request.layer, path, &headers).await;
    }
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["n", z, x, y] => {
            let cell = cell(z, x, y, ".json")?;
            let found = app.solids.tileset(request, Some(cell)).await?;
            found.map_or_else(|| Err(gone(cell)), |found| json(&found, &headers))
        }
        ["c", z, x, y] => {
            let piece = Piece::Node(cell(z, x, y, ".glb")?);
            content(&app, request, piece, &params, &headers).await
        }
        ["implicit", "tileset.json"] => {
            let found = app.solids.implicit(request).await?;
            json(&found, &headers)
        }
        ["implicit", z, x, y, "s", level, column, row] => {
            let root = cell(z, x, y, "")?;
            let cell = below_root(root, cell(level, column, row, ".subtree")?)?;
            let found = app.solids.subtree(request, cell).await?;
            found.map_or_else(|| Err(gone(cell)), |found| data(&found, SUBTREE, &headers))
        }
        ["implicit", z, x, y, "c", level, column, row] => {
            let root = cell(z, x, y, "")?;
            let piece = Piece::Cut(below_root(root, cell(level, column, row, ".glb")?)?);
            content(&app, request, piece, &params, &headers).await
        }
        _ => Err(Problem::not_found(format!(
            "a tileset has no '{}': ask for tileset.json, and for what it names",
            shown(&path)
        ))),
    }
}

async fn content(
    app: &App,
    request: Arc<SolidRequest>,
    piece: Piece,
    params: &Params,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let (Piece::Node(cell) | Piece::Cut(cell)) = piece;
    let encoding = Accepted::of(headers).best();
    let known = |etag: &HeaderValue| none_match(headers, etag.as_bytes());
    let found = app.solids.content(request, piece, params.get(VERSION), encoding, known).await?;
    match found {
        Err(etag) => Ok(not_modified(etag)),
        Ok(Some(content)) => Ok(answer(content)),
        Ok(None) => Err(gone(cell)),
    }
}

fn is_made_elsewhere(view: &View, layer: &LayerId) -> bool {
    view.layer(layer).is_some_and(|layer| layer.layer().tileset.is_some())
}

/// Answers with a file of a tileset made elsewhere, as it is.
async fn file(
    app: &App,
    view: View,
    layer: &LayerId,
    path: String,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let kind =
        HeaderValue::from_static(media_type(if path == "tileset.json" { ".json" } else { &path }));
    let missing = || Problem::not_found(format!("the tileset of '{layer}' has no such file"));
    let file = app.solids.file(view, layer.clone(), path).await?.ok_or_else(missing)?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(file.blob.hash.as_bytes());
    let etag = quoted(&hasher);
    if none_match(headers, etag.as_bytes()) {
        return Ok(not_modified(etag));
    }
    let opened = tokio::fs::File::open(&file.path).await.map_err(Problem::internal)?;
    let body = axum::body::Body::from_stream(tokio_util::io::ReaderStream::new(opened));
    let mut response = body.into_response();
    let answer = response.headers_mut();
    answer.insert(header::CONTENT_TYPE, kind);
    answer.insert(header::CONTENT_LENGTH, HeaderValue::from(file.blob.bytes));
    validators(answer, etag);
    Ok(response)
}

fn answer(content: Content) -> Response {
    let mut response = axum::body::Body::from(content.bytes).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, GLB);
    if content.encoding != Encoding::Identity {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(content.encoding.name()));
    }
    validators(headers, content.etag);
    if content.is_final {
        headers.insert(header::CACHE_CONTROL, FOR_EVER);
    }
    response
}

/// Answers with JSON, packed if the client likes; its content is its version.
fn json(value: &Value, headers: &HeaderMap) -> Result<Response, Problem> {
    data(value.to_string().as_bytes(), JSON, headers)
}

pub(super) fn data(
    bytes: &[u8],
    kind: HeaderValue,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let encoding = Accepted::of(headers).best();
    let mut hasher = blake3::Hasher::new();
    hasher.update(encoding.name().as_bytes());
    hasher.update(bytes);
    let etag = quoted(&hasher);
    if none_match(headers, etag.as_bytes()) {
        return Ok(not_modified(etag));
    }
    let packed = encoding.pack(bytes).map_err(Problem::internal)?;
    let mut response = axum::body::Body::from(packed).into_response();
    let answer = response.headers_mut();
    answer.insert(header::CONTENT_TYPE, kind);
    if encoding != Encoding::Identity {
        answer.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding.name()));
    }
    validators(answer, etag);
    Ok(response)
}

/// Reads what is asked of one layer, and looks at it.
async fn request(
    app: &App,
    layer: &LayerId,
    params: &Params,
    uri: &Uri,
) -> Result<(Arc<SolidRequest>, View), Problem> {
    // Heights count, whether they are shown or not.
    let mut spec = params.view()?;
    let fields = spec.fields.take();
    let plain = match params.get("enc") {
        None | Some("" | "meshopt") => false,
        Some("plain") => true,
        Some(other) => {
            let detail = format!("'{}' is unknown: use plain, or leave it out", shown(other));
            return Err(Problem::bad_parameter("enc", detail));
        }
    };
    let store = app.tiles.store();
    let source = match params.revision()? {
        None => Source::Newest(store.snapshot()),
        Some(revision) => {
            // The first look reads the log, on a thread of its own.
            app.view(ViewSpec::default(), Some(revision)).await?;
            Source::Past(Arc::clone(store), revision)
        }
    };
    let query = uri.query().unwrap_or_default().to_owned();
    let request =
        SolidRequest { layer: layer.clone(), spec, source, form: Form { fields, plain }, query };
    let view = request.view().map_err(TileError::from)?;
    if view.layer(layer).is_none() {
        return Err(TileError::UnknownLayer(layer.clone()).into());
    }
    Ok((Arc::new(request), view))
}

fn ids(layers: &str) -> Result<Vec<LayerId>, Problem> {
    let list = layer_list(layers)?;
    let part = |part: &crate::tile_service::LayerPart| match part.aspect {
        Aspect::Features => Ok(part.id.clone()),
        _ => Err(Problem::bad_parameter("layers", format!("'{part}' is flat: leave '.label' out"))),
    };
    list.parts().iter().map(part).collect()
}

fn id(layer: &str) -> Result<LayerId, Problem> {
    layer.parse().map_err(|error| Problem::bad_parameter("layer", error))
}

/// Reads the address of a node.
fn cell(z: &str, x: &str, y: &str, extension: &'static str) -> Result<GeoCell, Problem> {
    let number = |name: &'static str, text: &str| -> Result<u64, Problem> {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let bad = || {
            let detail = format!("'{}' is not a whole number of 0 or more", shown(text));
            Problem::bad_parameter(name, detail)
        };
        // All digits, so that only size can be wrong: such a node does not exist.
        if digits { Ok(text.parse().unwrap_or(u64::MAX)) } else { Err(bad()) }
    };
    let bad = || Problem::bad_parameter("y", format!("the address has to end with '{extension}'"));
    let y = y.strip_suffix(extension).ok_or_else(bad)?;
    let (z, x, y) = (number("z", z)?, number("x", x)?, number("y", y)?);
    GeoCell::new(z, x, y).map_err(|_| gone(format_args!("{z}/{x}/{y}")))
}

/// Returns the cell at an address that counts from another cell.
fn below_root(root: GeoCell, cell: GeoCell) -> Result<GeoCell, Problem> {
    let up = u32::from(cell.z());
    let from = |root: u32, offset: u32| u64::from(root) << up | u64::from(offset);
    let z = u64::from(root.z()) + u64::from(cell.z());
    GeoCell::new(z, from(root.x(), cell.x()), from(root.y(), cell.y())).map_err(|_| gone(cell))
}

fn gone(cell: impl std::fmt::Display) -> Problem {
    Problem::not_found(format!(
        "there is no node {cell} (any more): nodes follow the features; ask for the tileset again"
    ))
}
