//! The portal page and its assets, and what is said where there is nothing.

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use super::query::shown;
use super::tiles::{none_match, not_modified};
use super::{Accepted, Encoding};
use crate::portal::{self, Asset};

/// `GET /`.
pub(super) async fn index(headers: HeaderMap) -> Response {
    send("index.html", &headers)
}

/// `GET /assets/{path}`.
pub(super) async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    send(&format!("assets/{path}"), &headers)
}

/// `GET /favicon.ico`: the page names its own icon.
pub(super) async fn favicon(headers: HeaderMap) -> Response {
    if portal::asset("favicon.ico").is_some() {
        return send("favicon.ico", &headers);
    }
    StatusCode::NO_CONTENT.into_response()
}

/// Any other path: a file at the page's root, or 404.
pub(super) async fn nothing_here(uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if portal::asset(path).is_some() {
        return send(path, &headers);
    }
    Problem::not_found(format_args!("there is nothing at '{}': see /api", shown(uri.path())))
        .into_response()
}

/// A path that takes other methods.
pub(super) async fn wrong_method() -> Problem {
    Problem::method_not_allowed()
}

fn send(path: &str, headers: &HeaderMap) -> Response {
    let Some(asset) = portal::asset(path) else {
        return Problem::not_found(format_args!("there is no asset '{}'", shown(path)))
            .into_response();
    };
    if none_match(headers, asset.etag.as_bytes()) {
        return not_modified(HeaderValue::from_static(asset.etag));
    }
    let takes_gzip = Accepted::of(headers).takes(Encoding::Gzip);
    let mut response = match body(&asset, takes_gzip) {
        Ok(response) => response,
        Err(problem) => return problem.into_response(),
    };
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    let keep = if asset.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    out.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    out.insert(header::ETAG, HeaderValue::from_static(asset.etag));
    if asset.content_type.starts_with("text/html") {
        out.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(portal::CSP));
    }
    response
}

fn body(asset: &Asset, takes_gzip: bool) -> Result<Response, Problem> {
    if !asset.gzip {
        return Ok(asset.bytes.into_response());
    }
    if takes_gzip {
        let mut response = asset.bytes.into_response();
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        return Ok(response);
    }
    let mut plain = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(asset.bytes), &mut plain)
        .map_err(Problem::internal)?;
    Ok(plain.into_response())
}
