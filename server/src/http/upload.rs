//! Reading the bodies of requests, within limits of size, time and memory.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{HeaderMap, header};
use futures_util::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::App;
use super::problem::Problem;

/// Most bytes of a body.
pub(super) const MOST: usize = 10 << 20;
/// Bytes of all bodies that are held at a time.
const TOGETHER: usize = 64 << 20;
/// Longest silence within a body.
const SILENCE: Duration = Duration::from_secs(10);
/// Longest time for a body as a whole.
const WHOLE: Duration = Duration::from_secs(45);

/// Room for the bodies of all requests together.
#[derive(Debug, Clone)]
pub(super) struct Room(Arc<Semaphore>);

impl Room {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(TOGETHER)))
    }
}

/// A body, and the room that it takes.
pub(super) struct Upload {
    pub(super) bytes: Vec<u8>,
    _room: OwnedSemaphorePermit,
}

/// Reads a body of one of these media types.
pub(super) async fn read(
    app: &App,
    headers: &HeaderMap,
    body: Body,
    types: &[&str],
) -> Result<Upload, Problem> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !types.iter().any(|known| media_type.eq_ignore_ascii_case(known)) {
        return Err(Problem::unsupported_media_type(types));
    }
    let said = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let said = said.and_then(|text| text.parse::<usize>().ok());
    if said.is_some_and(|len| len > MOST) {
        return Err(Problem::too_large(MOST));
    }
    let room = said.unwrap_or(MOST).max(1);
    let room =
        app.uploads.0.clone().try_acquire_many_owned(u32::try_from(room).unwrap_or(u32::MAX));
    let room = room.map_err(|_| Problem::overloaded())?;
    let read = timeout(WHOLE, collect(body.into_data_stream(), said.unwrap_or(0))).await;
    let bytes = read.map_err(|_| Problem::too_slow())??;
    Ok(Upload { bytes, _room: room })
}

/// Reads a small body that nobody wants.
pub(super) async fn pass_over(body: Body) {
    let _ = timeout(SILENCE, axum::body::to_bytes(body, 64 * 1024)).await;
}

async fn collect(mut body: BodyDataStream, expected: usize) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::with_capacity(expected.min(MOST));
    while let Some(frame) = timeout(SILENCE, body.next()).await.map_err(|_| Problem::too_slow())? {
        let frame =
            frame.map_err(|error| Problem::bad_body(format_args!("it broke off: {error}")))?;
        if bytes.len() + frame.len() > MOST {
            return Err(Problem::too_large(MOST));
        }
        bytes.extend_from_slice(&frame);
    }
    Ok(bytes)
}
