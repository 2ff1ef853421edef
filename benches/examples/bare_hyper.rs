//! The yardstick of warm tiles: hyper with nothing around it, which sends bodies that lie in memory.
//! `benches/compare/warm_tiles.py` runs it.
//!
//! ```text
//! bare_hyper FOLDER
//! ```
//!
//! `FOLDER/0`, `FOLDER/1`, ... are the bodies of `/0`, `/1`, ...; each line of `FOLDER/headers` is a header of all.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

type Error = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let folder = std::env::args_os().nth(1).ok_or("usage: bare_hyper FOLDER")?;
    let bodies = Arc::new(bodies(folder.as_ref())?);
    let headers = Arc::new(headers(folder.as_ref())?);
    let socket = TcpListener::bind("127.0.0.1:0").await?;
    println!("bare hyper serves http://{}", socket.local_addr()?);
    loop {
        let (stream, _) = socket.accept().await?;
        stream.set_nodelay(true)?;
        let (bodies, headers) = (Arc::clone(&bodies), Arc::clone(&headers));
        let service = service_fn(move |request: Request<Incoming>| {
            let response = answer(&bodies, &headers, request.uri().path());
            async { Ok::<_, Infallible>(response) }
        });
        tokio::spawn(async move {
            // A client that goes away is no failure.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn answer(bodies: &[Bytes], headers: &HeaderMap, path: &str) -> Response<Full<Bytes>> {
    let number: Option<usize> = path.strip_prefix('/').and_then(|number| number.parse().ok());
    let Some(body) = number.and_then(|number| bodies.get(number)) else {
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    };
    let mut response = Response::new(Full::new(body.clone()));
    *response.headers_mut() = headers.clone();
    response
}

fn bodies(folder: &Path) -> Result<Vec<Bytes>, Error> {
    let mut bodies = Vec::new();
    loop {
        let file = folder.join(bodies.len().to_string());
        if !file.exists() {
            return Ok(bodies);
        }
        bodies.push(std::fs::read(file)?.into());
    }
}

fn headers(folder: &Path) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    for line in std::fs::read_to_string(folder.join("headers"))?.lines() {
        let (name, value) = line.split_once(": ").ok_or("a header is 'name: value'")?;
        headers.append(name.parse::<HeaderName>()?, value.parse::<HeaderValue>()?);
    }
    Ok(headers)
}
