//! The server: routes, headers, errors. One module a family of paths.

mod body;
mod catalogue;
mod changes;
mod edits;
mod encoding;
mod features;
mod health;
mod imports;
mod listener;
mod networks;
mod openapi;
mod problem;
mod query;
mod site;
mod stream;
mod three_d;
mod tiles;
mod upload;
mod warm;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::http::{HeaderValue, Method, header};
use axum::routing::{get, post};
use onemap_model::{Revision, ViewSpec};
use onemap_store::{Store, View};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{Any, CorsLayer};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

use changes::Changes;
pub(crate) use encoding::{Accepted, Encoding, kept};
use health::Counters;
use problem::Problem;
use warm::Warm;

use crate::gate::Gate;
use crate::networks::Networks;
use crate::solid::SolidService;
use crate::tile_service::{TileError, TileService};

/// Time until the answer to one request begins.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(1);
/// Most questions about features, and most edits, that may wait: each in a queue of its own, so that
/// tiles can not starve them.
const LONGEST_QUEUE: usize = 256;
/// Edits at a time: one writes while another is checked.
const EDITORS: usize = 2;
/// Headers that scripts of other sites may read.
const EXPOSED: &str = "etag,onemap-revision";

/// How to serve.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Address to listen on.
    pub(crate) listen: SocketAddr,
    /// Memory for tiles kept ready, bytes.
    pub(crate) cache_bytes: u64,
    /// Whether all who reach the server may edit.
    pub(crate) allow_edits: bool,
    /// Most connections at a time.
    pub(crate) max_connections: Option<usize>,
}

/// What every handler shares.
#[derive(Clone)]
struct App(Arc<Shared>);

struct Shared {
    tiles: TileService,
    solids: SolidService,
    networks: Arc<Networks>,
    /// Questions about features.
    reads: Arc<Gate>,
    edits: Arc<Gate>,
    uploads: upload::Room,
    imports: imports::Imports,
    /// Imports are made one at a time.
    import_turn: Arc<tokio::sync::Semaphore>,
    counters: Arc<Counters>,
    changes: Arc<Changes>,
    warm: Warm,
    allow_edits: bool,
}

impl std::ops::Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    /// Takes a view, of the last revision or, on a thread of its own since it may have to be read from the log, of
    /// an older one.
    async fn view(&self, spec: ViewSpec, revision: Option<Revision>) -> Result<View, Problem> {
        match revision {
            None => Ok(self.tiles.store().view(spec)),
            Some(revision) => Ok(self
                .read(move |store| store.view_at(revision, spec))
                .await?
                .map_err(TileError::from)?),
        }
    }

    /// Asks the store something, on a thread of its own when its turn comes.
    async fn read<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Store) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let store = Arc::clone(self.tiles.store());
        let asked = self.reads.run(move || ask(&store)).await;
        asked.map_err(|_| Problem::overloaded())?.map_err(Problem::internal)
    }
}

/// Serves until the process is told to end (SIGINT or SIGTERM); requests under way are finished.
pub(crate) async fn serve(store: Store, settings: Settings) -> anyhow::Result<()> {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let store = Arc::new(store);
    let tiles = TileService::new(Arc::clone(&store), settings.cache_bytes, cores);
    let app = App(Arc::new(Shared {
        changes: Changes::of(&store),
        solids: SolidService::new(tiles.cache().clone(), cores),
        networks: Arc::default(),
        tiles,
        reads: Gate::new(cores, LONGEST_QUEUE),
        edits: Gate::new(EDITORS, LONGEST_QUEUE),
        uploads: upload::Room::new(),
        imports: imports::Imports::default(),
        import_turn: Arc::new(tokio::sync::Semaphore::new(1)),
        counters: Arc::default(),
        warm: Warm::new(),
        allow_edits: settings.allow_edits,
    }));
    let connections = listener::connection_limit(settings.max_connections);
    let listen = settings.listen;
    let socket = tokio::net::TcpListener::bind(listen).await.with_context(|| {
        format!("can not listen on {listen}: is another server there? choose another with --listen")
    })?;
    let address = socket.local_addr().context("the socket has no address")?;
    println!("onemap serves http://{address}");
    app.solids.warm_up(app.tiles.store());
    let router = router(app.clone());
    listener::run(socket, app, router, connections).await
}

fn router(app: App) -> Router {
    // Reading is open to scripts of other sites; editing is not.
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD, Method::OPTIONS])
        .allow_headers(Any)
        .expose_headers([header::ETAG, edits::REVISION]);
    let counters = Arc::clone(&app.counters);
    let feature = get(features::one).put(edits::replace).patch(edits::patch).delete(edits::delete);
    // Files are as large as they are: here only silence ends a request.
    let slow = Router::new()
        .route("/api/imports", get(imports::list).post(imports::begin))
        .layer(axum::extract::DefaultBodyLimit::disable())
        .with_state(app.clone());
    Router::new()
        .route("/", get(site::index))
        .route("/assets/{*path}", get(site::asset))
        .route("/favicon.ico", get(site::favicon))
        .route("/api", get(openapi::description))
        .route("/api/layers", get(catalogue::list))
        .route("/api/layers/{id}", get(catalogue::one))
        .route("/tiles/{layers}", get(tiles::tilejson))
        .route("/tiles/{layers}/{z}/{x}/{y}", get(tiles::tile))
        .route("/3dtiles/{layers}/tileset.json", get(three_d::tileset))
        .route("/3dtiles/{layer}/{*path}", get(three_d::below))
        .route("/api/imports/{id}", get(imports::one))
        .route("/api/imports/{id}/findings", get(imports::findings))
        .route("/api/imports/{id}/changes", get(imports::changes))
        .route("/api/imports/{id}/compare", post(imports::compare))
        .route("/api/imports/{id}/accept", post(imports::accept))
        .route("/networks/{layers}/{question}", get(networks::ask))
        .route("/features/{layer}", post(edits::create))
        .route("/features/{layer}/transaction", post(edits::transaction))
        .route("/features/{layer}/{id}", feature)
        .route("/identify", get(features::identify))
        .route("/changes", get(changes::changes))
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
        .layer(TimeoutLayer::with_status_code(
            axum::http::StatusCode::SERVICE_UNAVAILABLE,
            REQUEST_TIMEOUT,
        ))
        .merge(slow)
        .layer(CatchPanicLayer::custom(problem::panicked))
        // What fails says so itself; thousands of refusals would be thousands of lines.
        .layer(TraceLayer::new_for_http().on_failure(()))
}
