//! `/changes`: server-sent events about committed changes.
//!
//! One thread takes the store's events and puts them into a ring, from which clients that come back get what
//! they missed, and to a channel that every open connection reads. A client that leaves so many
//! unread that the channel has gone on without it is cut off; it comes back by itself, and is told to
//! reload when the ring no longer has what it missed.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use onemap_model::{LayerId, Revision};
use onemap_store::{ChangeEvent, Store};
use serde_json::json;
use tokio::sync::{broadcast, watch};

use super::App;
use super::problem::Problem;
use super::query::Params;

/// Events that are kept for clients that come back, and that a client may leave unread.
const KEPT: usize = 1024;
/// Most ids in one event; with more the event says only where.
const MOST_IDS: usize = 1000;
/// Time between signs of life.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Proxies that collect answers before they pass them on are asked not to.
const NO_BUFFERING: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));

/// The changes of late, and those who listen.
pub(super) struct Changes {
    ring: Mutex<Ring>,
    live: broadcast::Sender<Arc<ChangeEvent>>,
    ending: watch::Sender<bool>,
}

struct Ring {
    events: VecDeque<Arc<ChangeEvent>>,
    /// All events after this revision are in the ring.
    since: Revision,
}

impl Changes {
    /// Listens to a store.
    pub(super) fn of(store: &Arc<Store>) -> Arc<Self> {
        let events = store.subscribe();
        let ring = Ring { events: VecDeque::new(), since: store.revision() };
        let changes = Arc::new(Self {
            ring: Mutex::new(ring),
            live: broadcast::channel(KEPT).0,
            ending: watch::channel(false).0,
        });
        let (here, store) = (Arc::downgrade(&changes), Arc::downgrade(store));
        std::thread::spawn(move || {
            let mut events = events;
            loop {
                let event = events.recv();
                let Some(here) = here.upgrade() else { return };
                if let Ok(event) = event {
                    here.push(event);
                } else {
                    // We were too slow, or the store is closed.
                    let Some(store) = store.upgrade() else { return };
                    events = store.subscribe();
                    here.forget(store.revision());
                }
            }
        });
        changes
    }

    /// Ends all streams, so that the server can end.
    pub(super) fn end(&self) {
        self.ending.send_replace(true);
    }

    /// Returns the number of clients that listen.
    pub(super) fn listeners(&self) -> u64 {
        self.live.receiver_count() as u64
    }

    fn push(&self, event: ChangeEvent) {
        let event = Arc::new(event);
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        if ring.events.len() >= KEPT
            && let Some(oldest) = ring.events.pop_front()
        {
            ring.since = ring.since.max(oldest.revision);
        }
        ring.events.push_back(event.clone());
        // Within the lock, so that who reads the ring and then listens misses nothing and gets nothing twice.
        let _ = self.live.send(event);
    }

    fn forget(&self, since: Revision) {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.events.clear();
        ring.since = since;
    }

    /// Returns what was missed since a revision, `None` when that is not known any more, and what comes.
    #[allow(clippy::type_complexity, reason = "a pair that is taken apart at once")]
    fn listen(
        &self,
        since: Option<Revision>,
        now: Revision,
    ) -> (Option<VecDeque<Arc<ChangeEvent>>>, broadcast::Receiver<Arc<ChangeEvent>>) {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let live = self.live.subscribe();
        let missed = match since {
            None => Some(VecDeque::new()),
            // A revision that is yet to come: the store is another one.
            Some(since) if since < ring.since || since > now => None,
            Some(since) => {
                Some(ring.events.iter().filter(|event| event.revision > since).cloned().collect())
            }
        };
        (missed, live)
    }
}

/// `GET /changes?layers=&since=`.
pub(super) async fn changes(
    State(app): State<App>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let layers = params.get("layers").filter(|text| !text.is_empty());
    let layers = layers.map(|text| text.split(',').map(str::parse::<LayerId>).collect());
    let layers: Option<Vec<LayerId>> = layers
        .transpose()
        .map_err(|error: onemap_model::ModelError| Problem::bad_parameter("layers", error))?;
    let last = headers.get("last-event-id").map(|id| id.to_str().unwrap_or("?"));
    let since = last.or(params.get("since")).filter(|text| !text.is_empty());
    let since = since.map(|text| match text.parse() {
        Ok(revision) => Ok(Revision(revision)),
        Err(_) => Err(Problem::bad_parameter("since", "a revision is a whole number of 0 or more")),
    });
    let since = since.transpose()?;
    // Asked before the ring, so that no event of the ring is newer than "yet to come" allows.
    let (missed, live) = app.changes.listen(since, app.tiles.store().revision());
    let reset = missed.is_none().then(|| app.tiles.store().revision());
    let reader = Reader {
        layers,
        reset,
        missed: missed.unwrap_or_default(),
        live,
        ending: app.changes.ending.subscribe(),
    };
    let keep_alive = KeepAlive::new().interval(HEARTBEAT).text("still here");
    let mut response = Sse::new(events(reader)).keep_alive(keep_alive).into_response();
    response.headers_mut().insert(NO_BUFFERING.0, NO_BUFFERING.1);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// One client.
struct Reader {
    layers: Option<Vec<LayerId>>,
    reset: Option<Revision>,
    missed: VecDeque<Arc<ChangeEvent>>,
    live: broadcast::Receiver<Arc<ChangeEvent>>,
    ending: watch::Receiver<bool>,
}

impl Reader {
    /// Returns the next event for the client; `None` ends the stream.
    async fn next(&mut self) -> Option<Event> {
        if let Some(revision) = self.reset.take() {
            return Some(event("reset", revision, &json!({ "revision": revision })));
        }
        loop {
            let change = if let Some(change) = self.missed.pop_front() {
                change
            } else {
                tokio::select! {
                    // Too slow or the end of the server: either way the client comes back.
                    change = self.live.recv() => change.ok()?,
                    _ = self.ending.wait_for(|ending| *ending) => return None,
                }
            };
            if self.layers.as_ref().is_none_or(|layers| layers.contains(&change.layer)) {
                return Some(told(&change));
            }
        }
    }
}

fn events(reader: Reader) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(reader, |mut reader| async move {
        let event = reader.next().await?;
        Some((Ok(event), reader))
    })
}

fn told(change: &ChangeEvent) -> Event {
    let few = change.ids.len() <= MOST_IDS;
    let data = json!({
        "layer": change.layer,
        "revision": change.revision,
        "bounds": change.bounds.map(onemap_model::Bounds::to_array),
        "ids": if few { change.ids.as_slice() } else { &[] },
    });
    event("change", change.revision, &data)
}

fn event(name: &str, revision: Revision, data: &serde_json::Value) -> Event {
    Event::default().event(name).id(revision.to_string()).data(data.to_string())
}
