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
    /// The parameter, or the member of the body, that is wrong.
    place: Option<(&'static str, String)>,
    /// Whether to ask again in a second.
    again: bool,
}

impl Problem {
    fn new(status: StatusCode, detail: impl fmt::Display) -> Self {
        Self { status, detail: detail.to_string(), place: None, again: false }
    }

    /// 400: a parameter can not be understood.
    pub(super) fn bad_parameter(parameter: &'static str, detail: impl fmt::Display) -> Self {
        let place = Some(("parameter", parameter.to_owned()));
        Self { place, ..Self::new(StatusCode::BAD_REQUEST, detail) }
    }

    /// 400: the body is not what this path takes at all.
    pub(super) fn bad_body(detail: impl fmt::Display) -> Self {
        let detail = format!("the body can not be read: {detail}");
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// 403: edits are not open to this client.
    pub(super) fn forbidden(detail: impl fmt::Display) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// 404: there is no such thing.
    pub(super) fn not_found(detail: impl fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// 405: this path takes other methods.
    pub(super) fn method_not_allowed() -> Self {
        let detail = "this path takes other methods: see the header Allow, and /api";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, detail)
    }

    /// 408: the body did not come in time.
    pub(super) fn too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "the body did not come in time")
    }

    /// 409: what is there does not allow it.
    pub(super) fn conflict(detail: impl fmt::Display) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    /// 410: it was there, and is not any more.
    pub(super) fn gone(detail: impl fmt::Display) -> Self {
        Self::new(StatusCode::GONE, detail)
    }

    /// 412: it was changed since the client read it.
    pub(super) fn changed(detail: impl fmt::Display) -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, detail)
    }

    /// 413: the body is too large.
    pub(super) fn too_large(most: usize) -> Self {
        let detail = format!("the body is larger than {most} bytes: send it in several requests");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    }

    /// 415: the body has another media type.
    pub(super) fn unsupported_media_type(types: &[&str]) -> Self {
        let detail = format!("send the body as Content-Type: {}", types.join(" or "));
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
    }

    /// 422: a member of the body does not fit.
    pub(super) fn unfit(member: String, detail: impl fmt::Display) -> Self {
        let place = (!member.is_empty()).then_some(("member", member));
        Self { place, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail) }
    }

    /// 500: our fault; the cause goes to the log only.
    pub(super) fn internal(cause: impl fmt::Display) -> Self {
        tracing::error!(%cause, "a request failed");
        let detail = "the server failed; its log says why";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
    }

    /// 503: there is more to do than can be done.
    pub(super) fn overloaded() -> Self {
        Self::unavailable("the server has more to do than it can: ask again in a second")
    }

    /// 503: it can not be done now.
    pub(super) fn unavailable(detail: impl fmt::Display) -> Self {
        Self { again: true, ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail) }
    }

    /// Names the place in the body, where none is named yet.
    #[must_use]
    pub(super) fn at_member(mut self, member: &str) -> Self {
        if self.place.is_none() && !member.is_empty() {
            self.place = Some(("member", member.to_owned()));
        }
        self
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
        if let (Some((what, name)), Some(body)) = (self.place, body.as_object_mut()) {
            body.insert(what.into(), name.into());
        }
        let mut response = (self.status, body.to_string()).into_response();
        let problem_json = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, problem_json);
        if self.again {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
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
