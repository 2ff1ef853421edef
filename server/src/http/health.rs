//! `/healthz`, `/readyz`, `/metrics`, and the counters behind them.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use onemap_model::ViewSpec;

use super::App;

/// Upper edges of the latency classes, seconds.
const CLASSES: [f64; 8] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];

/// What the server has done since it started.
#[derive(Default)]
pub(super) struct Counters {
    by_status: [AtomicU64; 6],
    by_class: [AtomicU64; CLASSES.len() + 1],
    micros: AtomicU64,
    tile_hits: AtomicU64,
    turned_away: AtomicU64,
}

impl Counters {
    /// Counts a tile that was in the cache.
    pub(super) fn hit(&self) {
        self.tile_hits.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a connection that was one too many.
    pub(super) fn turned_away(&self) {
        self.turned_away.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts an answer.
    pub(super) fn answered(&self, status: StatusCode, taken: Duration) {
        let status = usize::from(status.as_u16() / 100).min(self.by_status.len() - 1);
        let class =
            CLASSES.iter().position(|&edge| taken.as_secs_f64() <= edge).unwrap_or(CLASSES.len());
        for counter in self.by_status.get(status).into_iter().chain(self.by_class.get(class)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        self.micros.fetch_add(taken.as_micros() as u64, Ordering::Relaxed);
    }
}

/// Counts every answer.
pub(super) async fn count(
    State(counters): State<Arc<Counters>>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let response = next.run(request).await;
    counters.answered(response.status(), started.elapsed());
    response
}

/// `GET /healthz`: the process answers.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the store can be read.
pub(super) async fn ready(State(app): State<App>) -> String {
    format!("ok, revision {}\n", app.tiles.store().view(ViewSpec::default()).revision())
}

/// `GET /metrics`: Prometheus text format.
pub(super) async fn metrics(State(app): State<App>) -> impl IntoResponse {
    let counters = &app.counters;
    let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let view = app.tiles.store().view(ViewSpec::default());
    let mut text = String::from("# TYPE onemap_responses_total counter\n");
    for (status, counter) in counters.by_status.iter().enumerate().skip(1) {
        let _ = writeln!(text, "onemap_responses_total{{status=\"{status}xx\"}} {}", get(counter));
    }
    text.push_str("# TYPE onemap_response_seconds histogram\n");
    let mut total = 0;
    for (edge, counter) in
        CLASSES.iter().map(ToString::to_string).chain(["+Inf".into()]).zip(&counters.by_class)
    {
        total += get(counter);
        let _ = writeln!(text, "onemap_response_seconds_bucket{{le=\"{edge}\"}} {total}");
    }
    let seconds = get(&counters.micros) as f64 / 1e6;
    let _ = writeln!(
        text,
        "onemap_response_seconds_sum {seconds}\nonemap_response_seconds_count {total}"
    );
    let mut line = |name: &str, kind: &str, value: u64| {
        let _ = writeln!(text, "# TYPE {name} {kind}\n{name} {value}");
    };
    line("onemap_tile_cache_hits_total", "counter", get(&counters.tile_hits));
    let cache = app.tiles.cache();
    line("onemap_tile_cache_bytes", "gauge", cache.weight());
    line("onemap_tile_cache_limit_bytes", "gauge", cache.capacity());
    line("onemap_tile_cache_entries", "gauge", cache.len());
    line("onemap_tile_parts_under_way", "gauge", app.tiles.under_way());
    line("onemap_change_listeners", "gauge", app.changes.listeners());
    line("onemap_connections_turned_away_total", "counter", get(&counters.turned_away));
    for (name, gate) in [("tiles", app.tiles.gate()), ("reads", &app.reads), ("edits", &app.edits)]
    {
        line(&format!("onemap_queue_{name}"), "gauge", gate.inside());
        line(&format!("onemap_queue_{name}_refused_total"), "counter", gate.refused());
    }
    line("onemap_store_revision", "gauge", view.revision().0);
    line("onemap_layers", "gauge", view.layers().count() as u64);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text)
}
