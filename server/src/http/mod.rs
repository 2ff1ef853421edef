//! The server: routes, headers, errors. One module a family of paths.

mod catalogue;
mod encoding;
mod features;
mod health;
mod listener;
mod openapi;
mod problem;
mod query;
mod site;
mod tiles;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::http::header;
use axum::http::{HeaderValue, Method};
use axum::routing::get;
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{Any, CorsLayer};
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

pub(crate) use encoding::Encoding;
use health::Counters;
use problem::Problem;

use crate::tile_service::TileService;

/// Time that one request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(1);
/// Bytes of a request's body; no path of this version takes more.
const MAX_BODY: usize = 1 << 20;

/// What every handler shares.
#[derive(Clone)]
struct App {
    tiles: Arc<TileService>,
    /// Permits for work that keeps a core busy.
    cores: Arc<Semaphore>,
    counters: Arc<Counters>,
}

impl App {
    /// Runs blocking work on a thread of its own, as many at once as there are cores.
    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce(&TileService) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = self.cores.clone().acquire_owned().await.map_err(Problem::internal)?;
        let tiles = Arc::clone(&self.tiles);
        let task = tokio::task::spawn_blocking(move || {
            let result = work(&tiles);
            drop(permit);
            result
        });
        task.await.map_err(Problem::internal)
    }
}

/// Serves until the process is told to end (SIGINT or SIGTERM); requests under way are finished.
pub(crate) async fn serve(listen: SocketAddr, tiles: TileService) -> anyhow::Result<()> {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let app = App {
        tiles: Arc::new(tiles),
        cores: Arc::new(Semaphore::new(cores)),
        counters: Arc::default(),
    };
    let socket = tokio::net::TcpListener::bind(listen).await.with_context(|| {
        format!("can not listen on {listen}: is another server there? choose another with --listen")
    })?;
    let address = socket.local_addr().context("the socket has no address")?;
    println!("onemap serves http://{address}");
    listener::run(socket, router(app)).await
}

fn router(app: App) -> Router {
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD, Method::OPTIONS])
        .allow_headers(Any)
        .expose_headers([header::ETAG]);
    let counters = Arc::clone(&app.counters);
    Router::new()
        .route("/", get(site::index))
        .route("/assets/{*path}", get(site::asset))
        .route("/favicon.ico", get(site::favicon))
        .route("/api", get(openapi::description))
        .route("/api/layers", get(catalogue::list))
        .route("/api/layers/{id}", get(catalogue::one))
        .route("/tiles/{layers}", get(tiles::tilejson))
        .route("/tiles/{layers}/{z}/{x}/{y}", get(tiles::tile))
        .route("/features/{layer}/{id}", get(features::one))
        .route("/identify", get(features::identify))
        .route("/styles", get(catalogue::styles))
        .route("/styles/{id}", get(catalogue::style))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .fallback(site::nothing_here)
        .method_not_allowed_fallback(site::wrong_method)
        .with_state(app)
        .layer(axum::middleware::from_fn_with_state(counters, health::count))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
        .layer(cors)
        .layer(RequestBodyLimitLayer::new(MAX_BODY))
        .layer(TimeoutLayer::with_status_code(
            axum::http::StatusCode::SERVICE_UNAVAILABLE,
            REQUEST_TIMEOUT,
        ))
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(TraceLayer::new_for_http())
}
