//! The accept loop, and the limits that keep one client from hurting others.
//!
//! `axum::serve` has no time limit for headers, so that a client that sends half a line would keep its connection
//! for ever; hyper has one when it is given a timer. The limits:
//!
//! * a request's headers: [`HEADER_TIMEOUT`], from the first byte or, on a kept connection, from the
//!   end of the last answer;
//! * a body: see `upload.rs`; an answer that is not taken: see `stream.rs`;
//! * connections at a time: `serve --max-connections`, by default as many as the process may have open files,
//!   less [`RESERVED_FILES`] for the store, and at most [`MOST_CONNECTIONS`]. One more is told 503 and closed.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::App;
use super::stream::{PATIENCE, Patient};
use super::warm::{Connection, Peer};

/// Time to send a request's headers.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Most bytes of a request's headers.
const MOST_HEADERS: u32 = 64 * 1024;
/// Time for requests under way to finish at the end.
const GRACE: Duration = Duration::from_secs(10);
/// Pause after a failed accept (as when file descriptors run out).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Open files kept for the store.
const RESERVED_FILES: u64 = 256;
/// Most connections where nothing else is said; each takes some 20 kB.
const MOST_CONNECTIONS: u64 = 20_000;
/// Connections too many that are told so at a time; more are closed without a word.
const DOORSTEPS: usize = 64;
/// What a client is told when there are too many.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n\
content-type: application/problem+json\r\ncontent-length: 106\r\n\r\n\
{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,\"detail\":\"too many connections are open\"}";

/// Returns how many connections may be open, after raising the limit of open files as far as allowed.
pub(super) fn connection_limit(asked: Option<usize>) -> usize {
    let mut files = getrlimit(Resource::Nofile);
    if files.current != files.maximum {
        files.current = files.maximum;
        if setrlimit(Resource::Nofile, files).is_err() {
            files = getrlimit(Resource::Nofile);
        }
    }
    let open = files.current.unwrap_or(u64::MAX);
    let possible = open.saturating_sub(RESERVED_FILES).max(16);
    let asked = asked.map_or(MOST_CONNECTIONS, |asked| asked as u64);
    usize::try_from(possible.min(asked)).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS)
}

/// Accepts connections until the process is told to end.
pub(super) async fn run(
    socket: TcpListener,
    app: App,
    router: Router,
    connections: usize,
) -> anyhow::Result<()> {
    let protocols = Arc::new(Protocols::new());
    let connections = Arc::new(Semaphore::new(connections));
    let doorsteps = Arc::new(Semaphore::new(DOORSTEPS));
    let graceful = GracefulShutdown::new();
    let mut end = std::pin::pin!(told_to_end());
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            () = &mut end => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Ok(place) = connections.clone().try_acquire_owned() else {
            app.counters.turned_away();
            if let Ok(place) = doorsteps.clone().try_acquire_owned() {
                tokio::spawn(turn_away(stream, place));
            }
            continue;
        };
        // Tiles are small: do not wait to fill a packet.
        let _ = stream.set_nodelay(true);
        let router = TowerToHyperService::new(router.clone());
        let service = Connection { app: app.clone(), router, peer: Peer(peer) };
        let (protocols, watcher) = (protocols.clone(), graceful.watcher());
        tokio::spawn(async move { protocols.serve(stream, service, watcher, place).await });
    }
    drop(socket);
    app.changes.end();
    if tokio::time::timeout(GRACE, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish in {} s", GRACE.as_secs());
    }
    Ok(())
}

/// Says that there are too many connections.
async fn turn_away(mut stream: TcpStream, _place: OwnedSemaphorePermit) {
    let told = async {
        stream.write_all(FULL).await?;
        stream.shutdown().await?;
        // A request that is not read would make the system take the answer back.
        let mut request = [0; 4096];
        while stream.read(&mut request).await? > 0 {}
        io::Result::Ok(())
    };
    let _ = tokio::time::timeout(Duration::from_secs(1), told).await;
}

struct Protocols {
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
}

impl Protocols {
    fn new() -> Self {
        let mut http1 = http1::Builder::new();
        http1.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
        http1.max_buf_size(MOST_HEADERS as usize);
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2.timer(TokioTimer::new()).keep_alive_interval(HEADER_TIMEOUT);
        http2.max_header_list_size(MOST_HEADERS).max_concurrent_streams(100);
        Self { http1, http2 }
    }

    async fn serve(
        &self,
        stream: TcpStream,
        service: Connection,
        watcher: Watcher,
        _place: OwnedSemaphorePermit,
    ) {
        let version = tokio::time::timeout(HEADER_TIMEOUT, speaks_http2(&stream)).await;
        let Ok(Ok(is_http2)) = version else { return };
        let stream = TokioIo::new(Patient::new(stream, PATIENCE));
        let ended = if is_http2 {
            watcher.watch(self.http2.serve_connection(stream, service)).await
        } else {
            watcher.watch(self.http1.serve_connection(stream, service)).await
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}

/// Tells by its first bytes whether a client speaks HTTP/2 without being asked to (RFC 9113, clause 3.4).
async fn speaks_http2(stream: &TcpStream) -> io::Result<bool> {
    const PREFACE: &[u8] = b"PRI ";
    let mut begin = [0; PREFACE.len()];
    loop {
        let n = stream.peek(&mut begin).await?;
        let seen = begin.get(..n).unwrap_or_default();
        if n == 0 || n >= PREFACE.len() || !PREFACE.starts_with(seen) {
            return Ok(seen == PREFACE);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits for SIGINT or SIGTERM.
async fn told_to_end() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
        if let Ok(mut terminate) = terminate {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = interrupt.await;
}
