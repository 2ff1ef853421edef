//! The way of a tile that lies ready, and of one that there is no time for: straight from the request's line to
//! the cache, past the router and its layers. Whatever is not quite usual goes the long way, and gets there the same answer.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use axum::response::IntoResponse;
use foldhash::quality::RandomState;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use moka::sync::Cache;
use onemap_model::Revision;

use super::body::{Body, Pieces};
use super::problem::Problem;
use super::query::Params;
use super::{App, EXPOSED, tiles};
use crate::http::Accepted;
use crate::tile_service::{Resolved, TileRequest, TileService};

/// Longest request that is kept with its meaning, bytes of path, query and `Accept-Encoding`.
const LONGEST: usize = 512;
/// Memory for requests that are kept, bytes.
const MEMORY: u64 = 8 << 20;
/// Memory that a kept request takes besides its text: parsed, with its keys.
const ENTRY: u32 = 3000;

/// Requests that came before, with what they mean.
pub(super) struct Warm {
    /// By path, query and `Accept-Encoding`; hashed with a random key, so that nobody can easily
    /// make them collide.
    known: Cache<Box<[u8]>, Arc<Known>, RandomState>,
}

/// A request and what it came to when it was last asked.
struct Known {
    request: TileRequest,
    accepted: Accepted,
    last: Mutex<Option<Arc<Last>>>,
}

/// What a request came to at a revision.
struct Last {
    revision: Revision,
    resolved: Resolved,
    /// The headers of its answer, if there is something in the tile: to copy them takes a third of the time
    /// that it takes to make them.
    headers: HeaderMap,
}

impl Warm {
    pub(super) fn new() -> Self {
        #[allow(clippy::borrowed_box, reason = "moka hands its keys over so")]
        let weigh = |text: &Box<[u8]>, _: &Arc<Known>| text.len() as u32 + ENTRY;
        Self {
            known: Cache::builder()
                .max_capacity(MEMORY)
                .weigher(weigh)
                .build_with_hasher(RandomState::default()),
        }
    }

    /// Returns the answer if it lies ready.
    fn answer(&self, app: &App, request: &Request<Incoming>) -> Option<Response<Body>> {
        let uri = request.uri();
        let path = uri.path();
        if request.method() != Method::GET || !path.starts_with("/tiles/") || path.contains('%') {
            return None;
        }
        let headers = request.headers();
        let mut accepts = headers.get_all(header::ACCEPT_ENCODING).iter();
        let accept = accepts.next().map_or(&b""[..], HeaderValue::as_bytes);
        if accepts.next().is_some() {
            return None;
        }
        let mut text = [0; LONGEST];
        let text = joined(&mut text, [path, "?", uri.query().unwrap_or("")], accept)?;
        let known = if let Some(known) = self.known.get(text) {
            known
        } else {
            let known = Arc::new(Known {
                request: tile_request(uri)?,
                accepted: Accepted::of(headers),
                last: Mutex::default(),
            });
            self.known.insert(text.into(), known.clone());
            known
        };
        let last = known.last(app)?;
        let resolved = &last.resolved;
        let mut asked = headers.get_all(header::IF_NONE_MATCH).iter();
        if let Some(tag) = asked.next() {
            let tag = tag.as_bytes();
            if asked.next().is_some() || tag.contains(&b',') || !tag.starts_with(b"\"") {
                return None;
            }
            if tag == resolved.etag().as_bytes() {
                let made = tiles::not_modified_parts(resolved.etag().clone());
                return Some(finished(made.map(Body::Ready)));
            }
        }
        let Some(tile) = app.tiles.cached(resolved) else {
            // In a flood most requests end here, and must cost next to nothing.
            let refused =
                app.tiles.refuses(resolved).then(|| Problem::overloaded().into_response());
            return refused.map(|answer| finished(answer.map(Body::Made)));
        };
        app.counters.hit();
        if tile.is_empty() {
            return Some(finished(tiles::answer_parts(tile).map(Body::Ready)));
        }
        let mut response = Response::new(Body::Ready(Pieces::new(tile.pieces)));
        *response.headers_mut() = last.headers.clone();
        Some(response)
    }
}

impl Known {
    /// Finds out what the request comes to now; nothing but a comparison as long as nothing was changed.
    fn last(&self, app: &App) -> Option<Arc<Last>> {
        let now = app.tiles.store().revision();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = last.as_ref().filter(|l| l.revision == now && l.resolved.holds()) {
            return Some(last.clone());
        }
        let view = app.tiles.newest(&self.request);
        let resolved = TileService::resolve(&self.request, &view, self.accepted).ok()?;
        let headers = finished(tiles::answer_parts(resolved.example()).map(Body::Ready));
        let headers = headers.into_parts().0.headers;
        let found = Arc::new(Last { revision: view.revision(), resolved, headers });
        *last = Some(found.clone());
        Some(found)
    }
}

/// Writes texts one after the other; `None` when there is no room.
fn joined<'a>(room: &'a mut [u8; LONGEST], texts: [&str; 3], accept: &[u8]) -> Option<&'a [u8]> {
    let mut len = 0;
    for text in texts.map(str::as_bytes).into_iter().chain([&b"\n"[..], accept]) {
        room.get_mut(len..len + text.len())?.copy_from_slice(text);
        len += text.len();
    }
    room.get(..len)
}

fn tile_request(uri: &axum::http::Uri) -> Option<TileRequest> {
    let mut path = uri.path().strip_prefix("/tiles/")?.split('/');
    let (layers, z, x, y) = (path.next()?, path.next()?, path.next()?, path.next()?);
    if path.next().is_some() {
        return None;
    }
    let request = tiles::request(layers, [z, x, y], &Params::of(uri).ok()?).ok()?;
    // An old revision may have to be read from the log, which is not done here.
    request.revision.is_none().then_some(request)
}

/// Adds the headers that the router's layers give to every answer.
fn finished(mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    response
}

/// Where a request comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);

/// Answers the requests of one connection.
pub(super) struct Connection {
    pub(super) app: App,
    pub(super) router: TowerToHyperService<Router>,
    pub(super) peer: Peer,
}

impl Service<Request<Incoming>> for Connection {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answer;

    fn call(&self, mut request: Request<Incoming>) -> Answer {
        let started = Instant::now();
        if let Some(response) = self.app.warm.answer(&self.app, &request) {
            self.app.counters.answered(response.status(), started.elapsed());
            return Answer::Ready(Some(response));
        }
        request.extensions_mut().insert(self.peer);
        Answer::Made(Box::pin(self.router.call(request)))
    }
}

type Making = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Future;

/// An answer, now or later.
pub(super) enum Answer {
    Ready(Option<Response<Body>>),
    Made(Pin<Box<Making>>),
}

impl Future for Answer {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Ready(response) => {
                // Polled again after it was ready, which hyper does not do.
                let gone = || {
                    let mut gone = Response::new(Body::Ready(Pieces::default()));
                    *gone.status_mut() = StatusCode::GONE;
                    gone
                };
                Poll::Ready(Ok(response.take().unwrap_or_else(gone)))
            }
            Self::Made(making) => making.as_mut().poll(cx).map_ok(|made| made.map(Body::Made)),
        }
    }
}
