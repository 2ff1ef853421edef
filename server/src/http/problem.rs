//! Errors as `application/problem+json` (RFC 9457). They carry what the client did wrong, never
//! what the server is made of.

use std::any::Any;
use std::fmt;

use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use serde_json::json;

/// An answer that is an error.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
    parameter: Option<&'static str>,
}

impl Problem {
    /// 400: a parameter can not be understood.
    pub(super) fn bad_parameter(parameter: &'static str, detail: impl fmt::Display) -> Self {
        let detail = detail.to_string();
        Self { status: StatusCode::BAD_REQUEST, detail, parameter: Some(parameter) }
    }

    /// 404: there is no such thing.
    pub(super) fn not_found(detail: impl fmt::Display) -> Self {
        Self { status: StatusCode::NOT_FOUND, detail: detail.to_string(), parameter: None }
    }

    /// 405: this path takes other methods.
    pub(super) fn method_not_allowed() -> Self {
        let detail = "this path takes GET and HEAD".to_owned();
        Self { status: StatusCode::METHOD_NOT_ALLOWED, detail, parameter: None }
    }

    /// 500: our fault; the cause goes to the log only.
    pub(super) fn internal(cause: impl fmt::Display) -> Self {
        tracing::error!(%cause, "a request failed");
        let detail = "the server failed; its log says why".to_owned();
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, detail, parameter: None }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> axum::response::Response {
        let mut body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if let (Some(parameter), Some(body)) = (self.parameter, body.as_object_mut()) {
            body.insert("parameter".into(), parameter.into());
        }
        let mut response = (self.status, body.to_string()).into_response();
        let problem_json = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, problem_json);
        response
    }
}

/// Answers for a handler that panicked.
#[allow(clippy::needless_pass_by_value, reason = "tower-http hands the cause over")]
pub(super) fn panicked(cause: Box<dyn Any + Send>) -> Response<axum::body::Body> {
    let text = cause
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| cause.downcast_ref::<&str>().copied());
    Problem::internal(text.unwrap_or("a handler panicked")).into_response()
}
