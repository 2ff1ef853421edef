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
use onemap_ingest::{
    Change, Findings, IngestError, Mode, Options, Position, Progress, Remove, Report, StateRule,
    TimeRule,
};
use onemap_model::{Kind, LayerId, State as Life, Timestamp, ViewSpec};
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
/// Of so many of them, the last ones, the lists of changes are kept.
const MOST_LISTS: usize = 8;

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
    /// What differs from the layers that are there, by layer; the report only counts it.
    changes: Option<Vec<(String, Vec<Change>)>>,
    error: Option<String>,
}

/// What is to be done with the files of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Task {
    /// What was asked for when they were sent.
    Asked,
    /// Check and compare them once more; store nothing.
    Compare,
    /// Store them, if the layers are what the review saw.
    Accept(Option<Remove>),
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
        for (_, job) in jobs.iter().rev().skip(MOST_LISTS) {
            job.now().changes = None;
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

    /// Lets a held or tried import wait for its turn; an error when there is nothing to do.
    fn wait(&self, otherwise: &str) -> Result<(), Problem> {
        let mut now = self.now();
        let is_stored = now.report.as_ref().is_some_and(|report| report.revision.is_some());
        let is_tried = now.state == "done" && self.options.dry_run && !is_stored;
        if now.state != "held" && !is_tried {
            let (id, state) = (self.id, now.state);
            return Err(Problem::conflict(format!("import {id} is {state}: there is {otherwise}")));
        }
        now.state = "waiting";
        Ok(())
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
                "changes": format!("/api/imports/{}/changes", self.id),
                "compare": format!("/api/imports/{}/compare", self.id),
                "accept": format!("/api/imports/{}/accept", self.id),
            },
        })
    }

    /// Returns the revisions of the layers that the review saw; `None` where there was no layer.
    fn reviewed(&self) -> BTreeMap<LayerId, Option<u64>> {
        if !matches!(self.options.mode, Mode::Upsert | Mode::Replace) {
            return BTreeMap::new();
        }
        let now = self.now();
        let layers = now.report.iter().flat_map(|report| &report.layers);
        let mut seen: BTreeMap<LayerId, Option<u64>> = layers
            .filter_map(|layer| {
                let revision = layer.comparison.as_ref().map(|comparison| comparison.revision);
                Some((layer.layer.parse().ok()?, revision))
            })
            .collect();
        // Layers of findings are made anew each time.
        let findings: Vec<LayerId> =
            seen.keys().map(|layer| layer.with_suffix(onemap_ingest::FINDINGS)).collect();
        seen.retain(|layer, _| !findings.contains(layer));
        seen
    }

    /// Imports what was sent. Errors that the checks find hold it until somebody accepts.
    fn run(&self, store: &Store, task: Task) {
        let folder = {
            let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
            files.as_ref().map(|folder| folder.path().to_owned())
        };
        let Some(folder) = folder else { return };
        self.now().state = "running";
        let done = self.import(store, &folder, task);
        let mut now = self.now();
        now.stage.clear();
        match done {
            Ok(mut report) => {
                tidy(&mut report, &folder);
                let waits = report.held || task == Task::Compare && !self.options.dry_run;
                now.state = if waits { "held" } else { "done" };
                report.held = waits;
                now.changes = Some(take_changes(&mut report));
                (now.report, now.error) = (Some(report), None);
            }
            Err(error) => {
                // What was reviewed is not what is there: it can be compared again.
                let is_late = error.chain().any(|cause| {
                    matches!(cause.downcast_ref(), Some(IngestError::ChangedMeanwhile { .. }))
                });
                now.state = if is_late { "held" } else { "failed" };
                let text = format!("{error:#}");
                now.error = Some(text.replace(&format!("{}/", folder.display()), ""));
            }
        }
        let is_stored = now.report.as_ref().is_some_and(|report| report.revision.is_some());
        let keep = now.state == "held" || self.options.dry_run && !is_stored;
        drop(now);
        if !keep {
            self.files.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
    }

    fn import(&self, store: &Store, folder: &FilePath, task: Task) -> anyhow::Result<Report> {
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
            accept: matches!(task, Task::Accept(_)) || self.options.accept,
            dry_run: match task {
                Task::Asked => self.options.dry_run,
                Task::Compare => true,
                Task::Accept(_) => false,
            },
            remove: match task {
                Task::Accept(Some(remove)) => remove,
                _ => self.options.remove,
            },
            reviewed: match task {
                Task::Accept(_) => self.reviewed(),
                _ => BTreeMap::new(),
            },
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

/// Takes the lists of changes out of a report: they have an address of their own.
fn take_changes(report: &mut Report) -> Vec<(String, Vec<Change>)> {
    let layers = report.layers.iter_mut();
    let lists = layers.filter_map(|layer| {
        let list = std::mem::take(&mut layer.comparison.as_mut()?.list);
        Some((layer.layer.clone(), list))
    });
    lists.collect()
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
    start(&app, &job, Task::Asked);
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
    params: Params,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    may_edit(&app, peer, &headers, &uri)?;
    not_from_elsewhere(&headers)?;
    let job = app.imports.get(&id)?;
    let remove = removal(&params)?;
    if remove.is_some_and(|remove| remove != Remove::Nothing) && job.options.mode != Mode::Upsert {
        return Err(Problem::bad_parameter("remove", "it is for imports with mode=upsert"));
    }
    let view = app.tiles.store().view(ViewSpec::default());
    for (layer, then) in job.reviewed() {
        let now = view.layer(&layer).map(|layer| layer.layer().revision.0);
        if now != then {
            let word = |revision: Option<u64>| {
                revision
                    .map_or_else(|| "no layer".to_owned(), |number| format!("revision {number}"))
            };
            return Err(Problem::conflict(format!(
                "the layer '{layer}' was changed since the review: {} then, {} now; compare the package again (POST /api/imports/{}/compare), then accept it",
                word(then),
                word(now),
                job.id
            )));
        }
    }
    job.wait("nothing to accept")?;
    start(&app, &job, Task::Accept(remove));
    Ok(answer(StatusCode::ACCEPTED, &job))
}

/// `POST /api/imports/{id}/compare`: checks what was held, or only tried, and compares it with the layers as they are now.
pub(super) async fn compare(
    State(app): State<App>,
    Path(id): Path<String>,
    Extension(peer): Extension<Peer>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    may_edit(&app, peer, &headers, &uri)?;
    not_from_elsewhere(&headers)?;
    let job = app.imports.get(&id)?;
    job.wait("nothing to compare")?;
    start(&app, &job, Task::Compare);
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
    let (form, kind) = form(&params)?;
    let text = onemap_ingest::findings_text(form, layers.into_iter()).unwrap_or_default();
    Ok(listed(kind, text))
}

/// `GET /api/imports/{id}/changes`: what an update changes in the layers that are there, as JSON, a table or a map.
pub(super) async fn changes(
    State(app): State<App>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Response, Problem> {
    let job = app.imports.get(&id)?;
    let (form, kind) = form(&params)?;
    let now = job.now();
    if now.report.is_none() {
        return Err(Problem::not_found(format!("import {} has no report yet", job.id)));
    }
    let Some(changes) = &now.changes else {
        return Err(Problem::not_found(format!(
            "the changes of import {} are not kept any more: compare it again (POST /api/imports/{}/compare)",
            job.id, job.id
        )));
    };
    let most = params.number("limit")?.map_or(usize::MAX, |limit| (limit as usize).max(1));
    let layers = changes.iter().flat_map(|(layer, list)| {
        // As many of each kind; they stand one kind after the other.
        let kinds = list.chunk_by(|a, b| a.change == b.change);
        kinds.map(move |of_kind| (layer.as_str(), of_kind.get(..most).unwrap_or(of_kind)))
    });
    let text = onemap_ingest::changes_text(form, layers).unwrap_or_default();
    Ok(listed(kind, text))
}

/// Reads the form of a list, with its media type.
fn form(params: &Params) -> Result<(&'static str, &'static str), Problem> {
    Ok(match params.get("f") {
        None | Some("json") => ("json", "application/json"),
        Some("csv") => ("csv", "text/csv; charset=utf-8"),
        Some("geojson") => ("geojson", "application/geo+json"),
        Some(_) => return Err(Problem::bad_parameter("f", "use json, csv or geojson")),
    })
}

fn listed(kind: &'static str, text: String) -> Response {
    let mut response = Bytes::from(text).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// Reads what becomes of stored features that an update does not hold.
fn removal(params: &Params) -> Result<Option<Remove>, Problem> {
    let Some(name) = params.get("remove").filter(|name| !name.is_empty()) else { return Ok(None) };
    let remove = Remove::from_name(name);
    let bad = || Problem::bad_parameter("remove", "use nothing, renumbered or absent");
    remove.map(Some).ok_or_else(bad)
}

/// Runs an import when its turn comes: one at a time.
fn start(app: &App, job: &Arc<Job>, task: Task) {
    let (app, job) = (app.clone(), Arc::clone(job));
    tokio::spawn(async move {
        let turn = app.import_turn.clone().acquire_owned().await;
        let work = move || job.run(app.tiles.store(), task);
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
        remove: removal(params)?.unwrap_or_default(),
        ..Options::default()
    };
    if options.remove != Remove::Nothing && options.mode != Mode::Upsert {
        return Err(Problem::bad_parameter("remove", "it is for imports with mode=upsert"));
    }
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
