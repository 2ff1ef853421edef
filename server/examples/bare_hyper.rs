//! The yardstick of the warm path: hyper with nothing around it, which sends one body with given headers to
//! whoever asks for anything. `benches/compare/warm.py` runs it.
//!
//! ```text
//! bare_hyper 127.0.0.1:8081 tile.bin 'content-type: application/vnd.mapbox-vector-tile' ...
//! ```

use std::convert::Infallible;
use std::sync::Arc;

use anyhow::Context;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let listen = args.next().context("usage: bare_hyper LISTEN FILE [HEADER...]")?;
    let file = args.next().context("usage: bare_hyper LISTEN FILE [HEADER...]")?;
    let body = Bytes::from(std::fs::read(&file).with_context(|| file)?);
    let mut headers = HeaderMap::new();
    for header in args {
        let (name, value) = header.split_once(": ").context("a header is 'name: value'")?;
        headers.insert(name.parse::<HeaderName>()?, value.parse::<HeaderValue>()?);
    }
    let headers = Arc::new(headers);
    let socket = TcpListener::bind(&listen).await?;
    println!("bare hyper serves http://{}", socket.local_addr()?);
    loop {
        let (stream, _) = socket.accept().await?;
        stream.set_nodelay(true)?;
        let (body, headers) = (body.clone(), headers.clone());
        let service = service_fn(move |_: Request<Incoming>| {
            let mut response = Response::new(Full::new(body.clone()));
            *response.headers_mut() = HeaderMap::clone(&headers);
            async { Ok::<_, Infallible>(response) }
        });
        tokio::spawn(async move {
            // A client that goes away is no failure.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
