//! `/api/layers`, `/api/layers/{id}`, `/styles`, `/styles/{id}`.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use onemap_model::{FieldType, Layer, LayerId, ViewSpec};
use serde_json::{Value, json};

use super::problem::Problem;
use super::query::Params;
use super::tiles::{none_match, not_modified, validators};
use super::{App, Encoding};
use crate::cache::quoted;
use crate::solid::stands_out;
use crate::styles;
use crate::tile_service::TileError;

/// `GET /api/layers`.
pub(super) async fn list(
    State(app): State<App>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let view = app.view(ViewSpec::default(), params.revision()?).await?;
    let layers: Vec<Value> = view.layers().map(|layer| described(layer, &headers)).collect();
    let body = json!({ "revision": view.revision(), "layers": layers });
    Ok(json_answer(&headers, &body))
}

/// `GET /api/layers/{id}`.
pub(super) async fn one(
    State(app): State<App>,
    Path(id): Path<String>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let id = layer_id(&id)?;
    let view = app.view(ViewSpec::default(), params.revision()?).await?;
    let layer = view.layer(&id).ok_or(TileError::UnknownLayer(id))?;
    Ok(json_answer(&headers, &described(layer.layer(), &headers)))
}

/// Reads a layer id in a path.
pub(super) fn layer_id(text: &str) -> Result<LayerId, Problem> {
    text.parse().map_err(|error| Problem::bad_parameter("layer", error))
}

fn described(layer: &Layer, headers: &HeaderMap) -> Value {
    let base = base_url(headers);
    let id = &layer.id;
    let time = layer.time.map(|time| {
        let text = |at: Option<onemap_model::Timestamp>| at.map(|at| at.to_string());
        json!({ "from": text(time.from), "to": text(time.to) })
    });
    let lineage: Vec<Value> = layer
        .lineage
        .iter()
        .map(|import| {
            json!({
                "source": import.source, "format": import.format, "crs": import.crs,
                "at": import.at.to_string(), "revision": import.revision, "notes": import.notes,
            })
        })
        .collect();
    // Shapes in 3D are for the 3D services.
    let fields = layer.schema.fields.iter().filter(|field| field.kind != FieldType::Model);
    json!({
        "id": id,
        "title": layer.title,
        "title_en": layer.title_en,
        "department": layer.department,
        "group": layer.group,
        "kind": layer.kind,
        "geometry": layer.geometry,
        "crs": layer.source_crs,
        "heights": layer.heights,
        "bounds": layer.bounds,
        "minzoom": layer.minzoom,
        "maxzoom": layer.maxzoom,
        "count": layer.count,
        "time": time,
        "states": layer.states,
        "revision": layer.revision,
        "fields": fields.collect::<Vec<_>>(),
        "style_name": layer.style,
        "style": layer.style.as_deref().and_then(styles::fragment),
        "lineage": lineage,
        "links": links(layer, &base),
    })
}

/// Returns where a layer's services are.
fn links(layer: &Layer, base: &str) -> Vec<Value> {
    let id = &layer.id;
    let mut links = vec![
        json!({ "rel": "self", "type": "application/json", "href": format!("{base}/api/layers/{id}") }),
        json!({ "rel": "tilejson", "type": "application/json", "href": format!("{base}/tiles/{id}") }),
        json!({
                "rel": "tiles", "type": "application/vnd.mapbox-vector-tile", "templated": true,
                "href": format!("{base}/tiles/{id}/{{z}}/{{x}}/{{y}}"),
        }),
        json!({
                "rel": "feature", "type": "application/geo+json", "templated": true,
                "href": format!("{base}/features/{id}/{{id}}"),
        }),
    ];
    if stands_out(layer) {
        links.push(json!({
            "rel": "3dtiles", "type": "application/json",
            "href": format!("{base}/3dtiles/{id}/tileset.json"),
        }));
    }
    links
}

/// `GET /styles`: the names of the style fragments.
pub(super) async fn styles(headers: HeaderMap) -> Response {
    let base = base_url(&headers);
    let styles: Vec<Value> = styles::names()
        .map(|name| json!({ "id": name, "href": format!("{base}/styles/{name}") }))
        .collect();
    json_answer(&headers, &json!({ "styles": styles }))
}

/// `GET /styles/{id}`: one style fragment.
pub(super) async fn style(Path(id): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    let id = layer_id(&id)?;
    let missing = || Problem::not_found(format_args!("there is no style '{id}'"));
    let style = styles::fragment(id.as_str()).ok_or_else(missing)?;
    Ok(json_answer(&headers, &style))
}

/// Returns `http://host` as the client sees this server, for absolute links.
pub(super) fn base_url(headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let is_host = |host: &&str| {
        let plain =
            |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']');
        !host.is_empty() && host.len() <= 255 && host.bytes().all(plain)
    };
    let host = text("x-forwarded-host").filter(is_host).or_else(|| text("host").filter(is_host));
    let scheme = if text("x-forwarded-proto") == Some("https") { "https" } else { "http" };
    host.map(|host| format!("{scheme}://{host}")).unwrap_or_default()
}

/// Answers with JSON: ETag of its bytes, 304 when the client has it, packed when that is worth it.
pub(super) fn json_answer(headers: &HeaderMap, body: &Value) -> Response {
    typed_json_answer(headers, body, HeaderValue::from_static("application/json"))
}

/// Like [`json_answer`], with another media type of JSON.
pub(super) fn typed_json_answer(
    headers: &HeaderMap,
    body: &Value,
    media_type: HeaderValue,
) -> Response {
    let body = Bytes::from(body.to_string());
    let encoding = Encoding::negotiate_for(headers, body.len());
    let mut hasher = blake3::Hasher::new();
    hasher.update(&body);
    hasher.update(encoding.name().as_bytes());
    let etag = quoted(&hasher);
    if none_match(headers, etag.as_bytes()) {
        return not_modified(etag);
    }
    packed(&body, encoding, etag, media_type)
}

/// Answers with a body, packed.
pub(super) fn packed(
    body: &Bytes,
    encoding: Encoding,
    etag: HeaderValue,
    media_type: HeaderValue,
) -> Response {
    let mut response = match encoding {
        Encoding::Identity => body.clone().into_response(),
        encoding => match encoding.pack(body) {
            Ok(packed) => packed.into_response(),
            Err(error) => return Problem::internal(error).into_response(),
        },
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, media_type);
    if encoding != Encoding::Identity {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding.name()));
    }
    validators(headers, etag);
    response
}
