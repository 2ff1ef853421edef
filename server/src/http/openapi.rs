//! `/api`: the OpenAPI 3.1 description of every path.

use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::catalogue::{base_url, typed_json_answer};
use super::problem::Problem;

/// The description; `servers` is filled in for each request.
const DESCRIPTION: &str = include_str!("openapi.json");

/// `GET /api`.
pub(super) async fn description(headers: HeaderMap) -> Response {
    let mut body: Value = match serde_json::from_str(DESCRIPTION) {
        Ok(body) => body,
        Err(error) => return Problem::internal(error).into_response(),
    };
    if let Some(body) = body.as_object_mut() {
        let server = serde_json::json!({ "url": base_url(&headers) });
        body.insert("servers".into(), serde_json::json!([server]));
    }
    let openapi = HeaderValue::from_static("application/vnd.oai.openapi+json;version=3.1");
    typed_json_answer(&headers, &body, openapi)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_described() {
        let body: Value = serde_json::from_str(DESCRIPTION).unwrap();
        let paths = body["paths"].as_object().unwrap();
        let router = include_str!("mod.rs");
        let routes = router.lines().filter_map(|line| line.trim().strip_prefix(".route(\""));
        let mut seen = 0;
        for route in routes.filter_map(|rest| rest.split('"').next()) {
            if !matches!(route, "/assets/{*path}" | "/favicon.ico") {
                let route = route.replace("{*", "{");
                assert!(paths.contains_key(&route), "{route} is not described");
                seen += 1;
            }
        }
        assert_eq!(seen, paths.len(), "a path is described that does not exist");
    }
}
