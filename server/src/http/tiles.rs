//! `/tiles/{layers}` and `/tiles/{layers}/{z}/{x}/{y}`.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use onemap_model::{Bounds, FieldType, ModelError, TileCoord};
use onemap_store::StoreError;
use serde_json::{Value, json};

use super::body::Pieces;
use super::problem::Problem;
use super::query::{Params, shown};
use super::{Accepted, App, Encoding, catalogue};
use crate::tile_service::{Aspect, LayerList, Tile, TileError, TileRequest, TileService};

const MVT: HeaderValue = HeaderValue::from_static("application/vnd.mapbox-vector-tile");
/// Browsers keep a tile but ask every time whether it is still true; the answer is a 304.
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");

impl From<TileError> for Problem {
    fn from(error: TileError) -> Self {
        match error {
            TileError::UnknownLayer(_) | TileError::NoTiles(_) | TileError::NoSolids(_) => {
                Self::not_found(error)
            }
            TileError::Overloaded(_) => Self::overloaded(),
            TileError::Store(error) => match *error {
                StoreError::NoRevision { .. } => Self::not_found(error),
                StoreError::ForgottenRevision(_) => Self::gone(error),
                StoreError::Filter { .. } => Self::bad_parameter("filter", error),
                _ => Self::internal(error),
            },
            TileError::Archive(..) | TileError::Packing(_) | TileError::Stopped(_) => {
                Self::internal(error)
            }
        }
    }
}

/// Reads the list of layers in a path.
pub(super) fn layer_list(text: &str) -> Result<LayerList, Problem> {
    text.parse().map_err(|error| Problem::bad_parameter("layers", error))
}

/// Reads what a tile's address and query ask for.
pub(super) fn request(
    layers: &str,
    [z, x, y]: [&str; 3],
    params: &Params,
) -> Result<TileRequest, Problem> {
    let (layers, coord) = (layer_list(layers)?, coord(z, x, y)?);
    let (spec, revision, buffer) = (params.view()?, params.revision()?, params.buffer()?);
    Ok(TileRequest { layers, coord, spec, revision, buffer })
}

/// `GET /tiles/{layers}/{z}/{x}/{y}`: one tile, XYZ, WebMercatorQuad.
pub(super) async fn tile(
    State(app): State<App>,
    Path((layers, z, x, y)): Path<(String, String, String, String)>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let request = Arc::new(request(&layers, [&z, &x, &y], &params)?);
    let view = app.view(request.spec.clone(), request.revision).await?;
    let resolved = TileService::resolve(&request, &view, Accepted::of(&headers))?;
    if none_match(&headers, resolved.etag().as_bytes()) {
        return Ok(not_modified(resolved.etag().clone()));
    }
    let tile = match app.tiles.cached(&resolved) {
        Some(tile) => {
            app.counters.hit();
            tile
        }
        None => app.tiles.fetch(request, view, &resolved).await?,
    };
    Ok(answer_parts(tile).map(axum::body::Body::new))
}

/// Makes the answer that a tile is.
pub(super) fn answer_parts(tile: Tile) -> axum::http::Response<Pieces> {
    let (empty, encoding, etag) = (tile.is_empty(), tile.encoding, tile.etag);
    let mut response = axum::http::Response::new(Pieces::new(tile.pieces));
    if empty {
        *response.status_mut() = StatusCode::NO_CONTENT;
    }
    let headers = response.headers_mut();
    headers.reserve(10);
    if !empty {
        headers.insert(header::CONTENT_TYPE, MVT);
        if encoding != Encoding::Identity {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding.name()));
        }
    }
    validators(headers, etag);
    response
}

/// Sets what lets a client ask again cheaply.
pub(super) fn validators(headers: &mut HeaderMap, etag: HeaderValue) {
    headers.insert(header::ETAG, etag);
    headers.insert(header::CACHE_CONTROL, REVALIDATE);
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
}

/// Tells whether the client already has what the ETag names (RFC 9110, clause 13.1.2).
pub(super) fn none_match(headers: &HeaderMap, etag: &[u8]) -> bool {
    let mut asked = headers.get_all(header::IF_NONE_MATCH).iter();
    asked.any(|value| {
        let tags = value.to_str().unwrap_or_default().split(',').map(str::trim);
        tags.map(|tag| tag.strip_prefix("W/").unwrap_or(tag))
            .any(|tag| tag == "*" || tag.as_bytes() == etag)
    })
}

/// 304 with the ETag.
pub(super) fn not_modified(etag: HeaderValue) -> Response {
    not_modified_parts(etag).map(axum::body::Body::new).into_response()
}

/// 304 with the ETag.
pub(super) fn not_modified_parts(etag: HeaderValue) -> axum::http::Response<Pieces> {
    let mut response = axum::http::Response::new(Pieces::default());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    validators(response.headers_mut(), etag);
    response
}

/// Reads a tile address: not numbers is 400, outside the grid 404.
fn coord(z: &str, x: &str, y: &str) -> Result<TileCoord, Problem> {
    let number = |name: &'static str, text: &str| -> Result<u64, Problem> {
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
            let detail = format!("'{}' is not a whole number of 0 or more", shown(text));
            return Err(Problem::bad_parameter(name, detail));
        }
        // All digits, so that only size can be wrong: such a tile does not exist.
        Ok(text.parse().unwrap_or(u64::MAX))
    };
    let y = match y.rsplit_once('.') {
        Some((y, "mvt" | "pbf")) => y,
        Some((_, format)) => {
            let detail = format!("'{}' is no format of this layer's tiles: use mvt", shown(format));
            return Err(Problem::bad_parameter("y", detail));
        }
        None => y,
    };
    let address = (number("z", z)?, number("x", x)?, number("y", y)?);
    TileCoord::new(address.0, address.1, address.2)
        .map_err(|error: ModelError| Problem::not_found(error))
}

/// `GET /tiles/{layers}`: TileJSON 3.0.0.
pub(super) async fn tilejson(
    State(app): State<App>,
    Path(layers): Path<String>,
    params: Params,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let list = layer_list(&layers)?;
    let spec = params.view()?;
    let view = app.view(spec.clone(), params.revision()?).await?;
    let mut found = Vec::new();
    for part in list.parts() {
        let unknown = || TileError::UnknownLayer(part.id.clone());
        found.push((part, view.layer(&part.id).ok_or_else(unknown)?.layer().clone()));
    }
    let layers = found.iter().map(|(_, layer)| layer);
    let bounds = layers.clone().filter_map(|layer| layer.bounds).reduce(Bounds::union);
    let minzoom = layers.clone().map(|layer| layer.minzoom).min().unwrap_or(0);
    let maxzoom = layers.map(|layer| layer.maxzoom).max().unwrap_or(0);
    let vector_layers: Vec<Value> = found
        .iter()
        .flat_map(|(part, layer)| {
            // An archive names its own layers.
            let own = layer.archive.as_ref().and_then(|archive| {
                let metadata: Value = serde_json::from_str(&archive.metadata).ok()?;
                Some(metadata.get("vector_layers")?.as_array()?.clone())
            });
            if let Some(own) = own {
                return own;
            }
            let visible = |name: &str| {
                spec.fields.as_ref().is_none_or(|fields| fields.iter().any(|field| field == name))
            };
            let fields: serde_json::Map<String, Value> = layer
                .schema
                .fields
                .iter()
                .filter(|field| visible(&field.name) && field.kind != FieldType::Model)
                .map(|field| (field.name.clone(), field.kind.name().into()))
                .collect();
            let description = match part.aspect {
                Aspect::Features => layer.title.clone(),
                _ => format!("{} (label points)", layer.title),
            };
            vec![json!({
                "id": part.to_string(), "description": description, "fields": fields,
                "minzoom": layer.minzoom, "maxzoom": layer.maxzoom,
            })]
        })
        .collect();
    let titles: Vec<&str> = found.iter().map(|(_, layer)| layer.title.as_str()).collect();
    let base = catalogue::base_url(&headers);
    // The tiles are of the same view.
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut body = json!({
        "tilejson": "3.0.0",
        "name": titles.join(", "),
        "tiles": [format!("{base}/tiles/{list}/{{z}}/{{x}}/{{y}}{query}")],
        "minzoom": minzoom,
        "maxzoom": maxzoom,
        "vector_layers": vector_layers,
    });
    if let (Some(bounds), Some(body)) = (bounds, body.as_object_mut()) {
        let [lon, lat] = bounds.center();
        body.insert("bounds".into(), json!(bounds.to_array()));
        body.insert("center".into(), json!([lon, lat, f64::from(maxzoom.saturating_sub(2))]));
    }
    Ok(catalogue::json_answer(&headers, &body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_addresses_are_400_and_missing_ones_404() {
        let status = |z, x, y| coord(z, x, y).map_err(|p| p.into_response().status().as_u16());
        assert!(status("3", "1", "2").is_ok());
        assert!(status("3", "1", "2.mvt").is_ok());
        assert_eq!(status("99", "0", "0"), Err(404));
        assert_eq!(status("3", "8", "0"), Err(404));
        assert_eq!(status("3", "-1", "0"), Err(400));
        assert_eq!(status("3", "1", "2.exe"), Err(400));
        assert_eq!(status("3", "99999999999999999999999", "0"), Err(404));
        assert_eq!(status("", "1", "2"), Err(400));
    }
}
