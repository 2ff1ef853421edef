//! `/api/imports`: files sent, checked and imported; what the checks found is looked at before it is stored.

use std::collections::BTreeMap;
use std::path::{Path as FilePath, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::multipart::Field;
use axum::extract::{Multipart, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use onemap_ingest::{Findings, Mode, Options, Position, Progress, Report, StateRule, TimeRule};
use onemap_model::{Kind, LayerId, State as Life, Timestamp};
use onemap_store::Store;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::App;
use super::edits::may_edit;
use super::problem::Problem;
use super::query::{Params, shown};
use super::warm::Peer;
use crate::importing::{self, Reading, Said};

/// Most bytes of the files of one import.
const MOST_BYTES: u64 = 4 << 30;
/// Most files of one import.
const MOST_FILES: usize = 1000;
/// Longest silence within an upload.
const SILENCE: Duration = Duration::from_secs(30);
/// Imports that are remembered; files of those that wait to be accepted are kept.
const MOST_JOBS: usize = 32;

/// The imports that were sent, by number.
#[derive(Default)]
pub(super) struct Imports(Mutex<BTreeMap<u64, Arc<Job>>>);

/// One import.
struct Job {
    id: u64,
    /// What was sent, until it is stored or given up.
    files: Mutex<Option<TempDir>>,
    said: Said,
    options: Options,
    state: Mutex<Now>,
}

/// How far an import is.
#[derive(Default)]
struct Now {
    state: &'static str,
    stage: String,
    done: u64,
    total: u64,
    features: u64,
    report: Option<Report>,
    error: Option<String>,
}

impl Imports {
    fn add(&self, make: impl FnOnce(u64) -> Job) -> Arc<Job> {
        let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let id = jobs.last_key_value().map_or(1, |(id, _)| id + 1);
        let job = Arc::new(make(id));
        jobs.insert(id, Arc::clone(&job));
        while jobs.len() > MOST_JOBS {
            let done = jobs.iter().find(|(_, job)| !job.is_busy()).map(|(id, _)| *id);
            let Some(done) = done else { break };
            jobs.remove(&done);
        }
        job
    }

    fn get(&self, id: &str) -> Result<Arc<Job>, Problem> {
        let jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let job = id.parse().ok().and_then(|id: u64| jobs.get(&id).cloned());
        job.ok_or_else(|| {
            Problem::not_found(format!("there is no import '{}' (any more)", shown(id)))
        })
    }
}

impl Job {
    fn now(&self) -> std::sync::MutexGuard<'_, Now> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_busy(&self) -> bool {
        matches!(self.now().state, "waiting" | "running")
    }

    fn describe(&self) -> Value {
        let now = self.now();
        json!({
            "id": self.id,
            "state": now.state,
            "stage": now.stage,
            "progress": { "done": now.done, "total": now.total, "features": now.features },
            "report": now.report,
            "error": now.error,
            "links": {
                "self": format!("/api/imports/{}", self.id),
                "findings": format!("/api/imports/{}/findings", self.id),
                "accept": format!("/api/imports/{}/accept", self.id),
            },
        })
    }

    /// Imports what was sent. Errors that the checks find hold it until somebody accepts.
    fn run(&self, store: &Store, accept: bool) {
        let folder = {
            let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
            files.as_ref().map(|folder| folder.path().to_owned())
        };
        let Some(folder) = folder else { return };
        self.now().state = "running";
        let done = self.import(store, &folder, accept);
        let mut now = self.now();
        now.stage.clear();
        match done {
            Ok(mut report) => {
                tidy(&mut report, &folder);
                now.state = if report.held { "held" } else { "done" };
                now.report = Some(report);
            }
            Err(error) => {
                now.state = "failed";
                let text = format!("{error:#}");
                now.error = Some(text.replace(&format!("{}/", folder.display()), ""));
            }
        }
        let keep = now.state == "held" || self.options.dry_run;
        drop(now);
        if !keep {
            self.files.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
    }

    fn import(&self, store: &Store, folder: &FilePath, accept: bool) -> anyhow::Result<Report> {
        let mut names: Vec<PathBuf> = std::fs::read_dir(folder)?
            .map(|entry| Ok(entry?.path()))
            .collect::<std::io::Result<_>>()?;
        names.sort();
        let name = match names.as_slice() {
            [only] => only,
            _ => folder,
        };
        let names = [name.display().to_string()];
        let options = Options {
            accept: accept || self.options.accept,
            dry_run: self.options.dry_run && !accept,
            ..self.options.clone()
        };
        importing::import(store, &names, &Reading::of(&names, &self.said)?, &options, self)
    }
}

impl Progress for Job {
    fn update(&self, at: &Position<'_>) {
        let mut now = self.now();
        at.stage.clone_into(&mut now.stage);
        (now.done, now.total, now.features) = (at.done_bytes, at.total_bytes, at.features);
    }
}

/// Takes the folder of the upload out of a report.
fn tidy(report: &mut Report, folder: &FilePath) {
    let folder = format!("{}/", folder.display());
    let clean = |text: &mut String| *text = text.replace(&folder, "");
    report.rejects_file = None;
    report.notes.iter_mut().for_each(clean);
    for layer in &mut report.layers {
        clean(&mut layer.source);
        layer.notes.iter_mut().for_each(clean);
    }
}

/// `POST /api/imports`: takes files (`multipart/form-data`) and begins to import them. The parameters are the options of
/// `onemap import`.
pub(super) async fn begin(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    params: Params,
    uri: Uri,
    headers: HeaderMap,
    mut parts: Multipart,
) -> Result<Response, Problem> {
    may_edit(&app, peer, &headers, &uri)?;
    not_from_elsewhere(&headers)?;
    let (mut said, options) = asked(&params)?;
    let folder = tempfile::tempdir().map_err(Problem::internal)?;
    let (mut left, mut files) = (MOST_BYTES, 0);
    while let Some(part) = next(&mut parts).await? {
        let Some(name) = part.file_name().map(file_name).transpose()? else {
            if part.name() == Some("map") {
                said.map = Some(part.text().await.map_err(Problem::bad_body)?);
                continue;
            }
            return Err(Problem::bad_body(
                "each part has to be a file with a name, or the mapping 'map'",
            ));
        };
        files += 1;
        if files > MOST_FILES {
            return Err(Problem::bad_body(format!(
                "there are more than {MOST_FILES} files: send a zip"
            )));
        }
        store_part(part, &folder.path().join(name), &mut left).await?;
    }
    if files == 0 {
        return Err(Problem::bad_body("there is no file in it"));
    }
    let job = app.imports.add(|id| Job {
        id,
        files: Mutex::new(Some(folder)),
        said,
        options: Options { actor: format!("http:{}", peer.0.ip()), ..options },
        state: Mutex::new(Now { state: "waiting", ..Now::default() }),
    });
    start(&app, &job, false);
    Ok(answer(StatusCode::ACCEPTED, &job))
}

/// `GET /api/imports`: the imports that are remembered.
pub(super) async fn list(State(app): State<App>) -> Response {
    let jobs = app.imports.0.lock().unwrap_or_else(PoisonError::into_inner);
    let jobs: Vec<Value> = jobs.values().rev().map(|job| job.describe()).collect();
    json_response(StatusCode::OK, &json!({ "imports": jobs }))
}

/// `GET /api/imports/{id}`: how far an import is, and its report.
pub(super) async fn one(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    Ok(answer(StatusCode::OK, &*app.imports.get(&id)?))
}

/// `POST /api/imports/{id}/accept`: stores what was held, or only tried.
pub(super) async fn accept(
    State(app): State<App>,
    Path(id): Path<String>,
    Extension(peer): Extension<Peer>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    may_edit(&app, peer, &headers, &uri)?;
    not_from_elsewhere(&headers)?;
    let job = app.imports.get(&id)?;
    {
        let mut now = job.now();
        let is_tried = now.state == "done" && job.options.dry_run;
        if now.state != "held" && !is_tried {
            return Err(Problem::conflict(format!(
                "import {} is {}: there is nothing to accept",
                job.id, now.state
            )));
        }
        now.state = "waiting";
    }
    start(&app, &job, true);
    Ok(answer(StatusCode::ACCEPTED, &job))
}

/// `GET /api/imports/{id}/findings`: what the checks found, as JSON, a table or a map.
pub(super) async fn findings(
    State(app): State<App>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Response, Problem> {
    let job = app.imports.get(&id)?;
    let now = job.now();
    let Some(report) = &now.report else {
        return Err(Problem::not_found(format!("import {} has no report yet", job.id)));
    };
    let layers: Vec<(&str, &Findings)> = report
        .layers
        .iter()
        .filter_map(|layer| Some((layer.layer.as_str(), layer.findings.as_ref()?)))
        .collect();
    let (form, kind) = match params.get("f") {
        None | Some("json") => ("json", "application/json"),
        Some("csv") => ("csv", "text/csv; charset=utf-8"),
        Some("geojson") => ("geojson", "application/geo+json"),
        Some(_) => return Err(Problem::bad_parameter("f", "use json, csv or geojson")),
    };
    let text = onemap_ingest::findings_text(form, layers.into_iter()).unwrap_or_default();
    let mut response = Bytes::from(text).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    Ok(response)
}

/// Runs an import when its turn comes: one at a time.
fn start(app: &App, job: &Arc<Job>, accept: bool) {
    let (app, job) = (app.clone(), Arc::clone(job));
    tokio::spawn(async move {
        let turn = app.import_turn.clone().acquire_owned().await;
        let work = move || job.run(app.tiles.store(), accept);
        if let Err(error) = tokio::task::spawn_blocking(work).await {
            tracing::error!(%error, "an import ended early");
        }
        drop(turn);
    });
}

/// Reads what was said of an import.
fn asked(params: &Params) -> Result<(Said, Options), Problem> {
    let text = |name: &str| params.get(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let is = |name: &str| matches!(params.get(name), Some("true" | "1" | ""));
    let time = |name: &str| {
        text(name).map(|text| match text.parse::<Timestamp>() {
            Ok(at) => TimeRule::Fixed(at),
            Err(_) => TimeRule::Field(text),
        })
    };
    let kind = text("kind").map(|kind| kind.parse::<Kind>());
    let kind = kind.transpose().map_err(|error| Problem::bad_parameter("kind", error))?;
    let layer = text("layer").map(|id| id.parse::<LayerId>());
    let layer = layer.transpose().map_err(|error| Problem::bad_parameter("layer", error))?;
    let said = Said {
        kind,
        crs: text("crs"),
        encoding: text("encoding"),
        only: text("only").into_iter().collect(),
        snap: params.number("snap")?,
        split: is("split"),
        ..Said::default()
    };
    let options = Options {
        layer,
        title: text("title"),
        department: text("department"),
        group: text("group"),
        kind,
        crs: text("crs"),
        heights: text("heights"),
        id_field: text("id_field"),
        valid_from: time("valid_from"),
        valid_to: time("valid_to"),
        state: text("state").map(|text| match Life::from_name(&text) {
            Some(state) => StateRule::Fixed(state),
            None => StateRule::Field(text),
        }),
        mode: match params.get("mode") {
            None | Some("create") => Mode::Create,
            Some("append") => Mode::Append,
            Some("replace") => Mode::Replace,
            Some("upsert") => Mode::Upsert,
            Some(_) => {
                return Err(Problem::bad_parameter(
                    "mode",
                    "use create, append, replace or upsert",
                ));
            }
        },
        dry_run: is("dry_run"),
        accept: is("accept"),
        ..Options::default()
    };
    Ok((said, options))
}

async fn next(parts: &mut Multipart) -> Result<Option<Field<'_>>, Problem> {
    let part = timeout(SILENCE, parts.next_field()).await.map_err(|_| Problem::too_slow())?;
    part.map_err(Problem::bad_body)
}

/// Returns the last part of a file's name, if it can be one here.
fn file_name(name: &str) -> Result<String, Problem> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let is_name = !last.is_empty()
        && !last.starts_with('.')
        && last.len() <= 200
        && !last.chars().any(char::is_control);
    if is_name {
        Ok(last.to_owned())
    } else {
        Err(Problem::bad_body("a file has a name that is none"))
    }
}

async fn store_part(mut part: Field<'_>, path: &FilePath, left: &mut u64) -> Result<(), Problem> {
    let mut file = tokio::fs::File::create_new(path)
        .await
        .map_err(|_| Problem::bad_body("two files have the same name"))?;
    loop {
        let chunk = timeout(SILENCE, part.chunk()).await.map_err(|_| Problem::too_slow())?;
        let Some(chunk) = chunk.map_err(Problem::bad_body)? else { break };
        let rest = left.checked_sub(chunk.len() as u64);
        *left = rest.ok_or_else(|| Problem::too_large(MOST_BYTES as usize))?;
        file.write_all(&chunk).await.map_err(Problem::internal)?;
    }
    file.flush().await.map_err(Problem::internal)
}

/// Refuses what a page of another site makes a browser send: such a form needs nobody's leave.
fn not_from_elsewhere(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let host = text(header::HOST).unwrap_or_default();
    let is_own = text(header::ORIGIN)
        .is_none_or(|origin| origin.split_once("://").is_some_and(|(_, from)| from == host));
    if is_own { Ok(()) } else { Err(Problem::forbidden("pages of other sites may not import")) }
}

fn answer(status: StatusCode, job: &Job) -> Response {
    let mut response = json_response(status, &job.describe());
    if let Ok(place) = HeaderValue::from_str(&format!("/api/imports/{}", job.id)) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    response
}

fn json_response(status: StatusCode, json: &Value) -> Response {
    let mut response = (status, json.to_string()).into_response();
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
