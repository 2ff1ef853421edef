//! `/tiles/{layers}` and `/tiles/{layers}/{z}/{x}/{y}`.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use onemap_model::{Bounds, ModelError, TileCoord};
use serde_json::{Value, json};

use super::problem::Problem;
use super::query::{Params, shown};
use super::{App, Encoding, catalogue};
use crate::tile_service::{LayerList, Tile, TileError, TileRequest};

const MVT: HeaderValue = HeaderValue::from_static("application/vnd.mapbox-vector-tile");
/// Browsers keep a tile but ask every time whether it is still true; the answer is a 304.
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");

impl From<TileError> for Problem {
    fn from(error: TileError) -> Self {
        match error {
            TileError::UnknownLayer(_) | TileError::NoTiles(_) => Self::not_found(error),
            TileError::Store(_) | TileError::Packing(_) => Self::internal(error),
        }
    }
}

/// Reads the list of layers in a path.
pub(super) fn layer_list(text: &str) -> Result<LayerList, Problem> {
    text.parse().map_err(|error| Problem::bad_parameter("layers", error))
}

/// `GET /tiles/{layers}/{z}/{x}/{y}`: one tile, XYZ, WebMercatorQuad.
pub(super) async fn tile(
    State(app): State<App>,
    Path((layers, z, x, y)): Path<(String, String, String, String)>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let request = TileRequest {
        layers: layer_list(&layers)?,
        coord: coord(&z, &x, &y)?,
        spec: params.view()?,
        buffer: params.buffer()?,
    };
    let prepared = app.tiles.prepare(request, Encoding::negotiate(&headers))?;
    let encoding = Encoding::negotiate(&headers);
    if none_match(&headers, &prepared.etag()) {
        return Ok(not_modified(&prepared.etag()));
    }
    let tile = match app.tiles.cached(&prepared) {
        Some(tile) => {
            app.counters.hit();
            tile
        }
        None => app.compute(move |tiles| tiles.compute(&prepared)).await??,
    };
    Ok(answer(tile, encoding))
}

fn answer(tile: Tile, encoding: Encoding) -> Response {
    let status = if tile.bytes.is_empty() { StatusCode::NO_CONTENT } else { StatusCode::OK };
    let mut response = (status, tile.bytes).into_response();
    let headers = response.headers_mut();
    if status == StatusCode::OK {
        headers.insert(header::CONTENT_TYPE, MVT);
        if encoding != Encoding::Identity {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding.name()));
        }
    } else {
        headers.remove(header::CONTENT_TYPE);
    }
    validators(headers, &tile.etag);
    response
}

/// Sets what lets a client ask again cheaply.
pub(super) fn validators(headers: &mut HeaderMap, etag: &str) {
    if let Ok(etag) = HeaderValue::from_str(etag) {
        headers.insert(header::ETAG, etag);
    }
    headers.insert(header::CACHE_CONTROL, REVALIDATE);
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
}

/// Tells whether the client already has what the ETag names (RFC 9110, clause 13.1.2).
pub(super) fn none_match(headers: &HeaderMap, etag: &str) -> bool {
    let mut asked = headers.get_all(header::IF_NONE_MATCH).iter();
    asked.any(|value| {
        let tags = value.to_str().unwrap_or_default().split(',').map(str::trim);
        tags.map(|tag| tag.strip_prefix("W/").unwrap_or(tag)).any(|tag| tag == "*" || tag == etag)
    })
}

/// 304 with the ETag.
pub(super) fn not_modified(etag: &str) -> Response {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
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
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let list = layer_list(&layers)?;
    let spec = params.view()?;
    let view = app.tiles.store().view(spec.clone());
    let mut found = Vec::new();
    for id in list.ids() {
        let layer = view.layer(id).ok_or_else(|| TileError::UnknownLayer(id.clone()))?;
        found.push(layer.layer().clone());
    }
    let bounds = found.iter().filter_map(|layer| layer.bounds).reduce(Bounds::union);
    let minzoom = found.iter().map(|layer| layer.minzoom).min().unwrap_or(0);
    let maxzoom = found.iter().map(|layer| layer.maxzoom).max().unwrap_or(0);
    let vector_layers: Vec<Value> = found
        .iter()
        .map(|layer| {
            let visible = |name: &str| {
                spec.fields.as_ref().is_none_or(|fields| fields.iter().any(|field| field == name))
            };
            let fields: serde_json::Map<String, Value> = layer
                .schema
                .fields
                .iter()
                .filter(|field| visible(&field.name))
                .map(|field| (field.name.clone(), field.kind.name().into()))
                .collect();
            json!({
                "id": layer.id, "description": layer.title, "fields": fields,
                "minzoom": layer.minzoom, "maxzoom": layer.maxzoom,
            })
        })
        .collect();
    let titles: Vec<&str> = found.iter().map(|layer| layer.title.as_str()).collect();
    let base = catalogue::base_url(&headers);
    let mut body = json!({
        "tilejson": "3.0.0",
        "name": titles.join(", "),
        "tiles": [format!("{base}/tiles/{layers}/{{z}}/{{x}}/{{y}}")],
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
