//! Creating, changing and deleting features.
//!
//! Whoever changes a feature may say which one they read (`If-Match` with its ETag); without, the last writer
//! wins. The check is made on a snapshot, and the store is told which revision that was: when the
//! feature was changed since, everything is looked at again.

mod apply;

use std::net::IpAddr;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use onemap_model::{Feature, FeatureId, LayerId, Revision};
use onemap_query::{Deletion, Document, Draft, Unfit};
use onemap_store::Store;
use serde_json::{Value, json};

use super::catalogue::layer_id;
use super::features::{GEO_JSON, Shown};
use super::problem::Problem;
use super::warm::Peer;
use super::{App, upload};
use apply::{Change, Done, Target};

/// Header that names the revision that an edit made.
pub(super) const REVISION: HeaderName = HeaderName::from_static("onemap-revision");
const JSON_TYPES: [&str; 2] = ["application/geo+json", "application/json"];
const PATCH_TYPES: [&str; 3] =
    ["application/merge-patch+json", "application/geo+json", "application/json"];

impl From<Unfit> for Problem {
    fn from(unfit: Unfit) -> Self {
        if unfit.member.is_empty() {
            return Self::bad_body(unfit.reason);
        }
        let detail = format!("{}: {}", unfit.member, unfit.reason);
        Self::unfit(unfit.member, detail)
    }
}

/// Until there are users and grants, only programs on this computer may edit, unless the server was told otherwise. A
/// request that came through a proxy, or for a name that anybody could let point to this computer, is not from this
/// computer.
pub(super) fn may_edit(
    app: &App,
    peer: Peer,
    headers: &HeaderMap,
    uri: &Uri,
) -> Result<(), Problem> {
    const FORWARDED: [&str; 3] = ["forwarded", "x-forwarded-for", "x-real-ip"];
    if app.allow_edits {
        return Ok(());
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or(uri.authority().map(axum::http::uri::Authority::as_str)).unwrap_or_default();
    let local = peer.0.ip().to_canonical().is_loopback()
        && is_address_or_localhost(host)
        && !FORWARDED.iter().any(|name| headers.contains_key(*name));
    if local {
        return Ok(());
    }
    let detail = "only programs on the server's own computer may edit: start it with `serve --allow-edits` to let all who reach it edit";
    Err(Problem::forbidden(detail))
}

/// What every edit is made of besides its body.
struct Edit {
    app: App,
    layer: LayerId,
    peer: IpAddr,
    headers: HeaderMap,
}

impl Edit {
    fn new(
        app: App,
        layer: &str,
        peer: Peer,
        headers: HeaderMap,
        uri: &Uri,
    ) -> Result<Self, Problem> {
        let edit = Self { app, layer: layer_id(layer)?, peer: peer.0.ip(), headers };
        may_edit(&edit.app, peer, &edit.headers, uri)?;
        Ok(edit)
    }

    async fn body(&self, body: Body, types: &[&str]) -> Result<upload::Upload, Problem> {
        upload::read(&self.app, &self.headers, body, types).await
    }

    /// Runs an edit when its turn comes.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Target<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let (store, layer) = (self.app.tiles.store().clone(), self.layer.clone());
        let actor = format!("http:{}", self.peer);
        let run = self.app.edits.run(move || {
            let store: &Store = &store;
            work(&Target { store, layer: &layer, actor: &actor })
        });
        run.await.map_err(|_| Problem::overloaded())?.map_err(Problem::internal)?
    }

    fn if_match(&self) -> Option<String> {
        let tags: Vec<&str> =
            self.headers.get_all(header::IF_MATCH).iter().filter_map(|v| v.to_str().ok()).collect();
        (!tags.is_empty()).then(|| tags.join(","))
    }

    fn shown(&self, feature: &Feature, done: &Done, status: StatusCode) -> Response {
        let shown = Shown::new(feature, &done.schema, &self.layer, &self.headers);
        let mut body = shown.body();
        if let Some(body) = body.as_object_mut() {
            body.insert("revision".into(), json!(done.revision));
            body.insert("repairs".into(), json!(done.repairs));
        }
        let mut response = (status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, GEO_JSON);
        headers.insert(header::ETAG, shown.etag(None, super::Encoding::Identity));
        put_revision(headers, done.revision);
        response
    }

    fn listed(done: &Done, status: StatusCode, lists: Value) -> Response {
        let mut body = lists;
        if let Some(body) = body.as_object_mut() {
            body.insert("revision".into(), json!(done.revision));
            body.insert("repairs".into(), json!(done.repairs));
        }
        let mut response = (status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        put_revision(headers, done.revision);
        response
    }
}

fn is_address_or_localhost(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok()
}

/// Names a revision in an answer.
pub(super) fn put_revision(headers: &mut HeaderMap, revision: Revision) {
    headers.insert(REVISION, HeaderValue::from(revision.0));
}

/// `POST /features/{layer}`: creates a feature, or all of a collection or none.
pub(super) async fn create(
    State(app): State<App>,
    Path(layer): Path<String>,
    Extension(peer): Extension<Peer>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let edit = Edit::new(app, &layer, peer, headers, &uri)?;
    let upload = edit.body(body, &JSON_TYPES).await?;
    let (one, done) = edit
        .run(move |target| {
            let (one, drafts) = match onemap_query::read_document(&upload.bytes)? {
                Document::One(draft) => (true, vec![*draft]),
                Document::Many(drafts) => (false, drafts),
            };
            let at = |i: usize| if one { String::new() } else { format!("features[{i}]") };
            let changes: Vec<Change> = drafts
                .into_iter()
                .enumerate()
                .map(|(i, draft)| Change::Create { draft, at: at(i) })
                .collect();
            Ok((one, target.make(&changes)?))
        })
        .await?;
    match done.features.first() {
        Some(Some(feature)) if one => {
            let mut response = edit.shown(feature, &done, StatusCode::CREATED);
            let place = format!("/features/{}/{}", edit.layer, feature.id);
            if let Ok(place) = HeaderValue::try_from(place) {
                response.headers_mut().insert(header::LOCATION, place);
            }
            Ok(response)
        }
        _ => Ok(Edit::listed(&done, StatusCode::CREATED, json!({ "ids": done.ids }))),
    }
}

/// `PUT /features/{layer}/{id}`: replaces a feature; with `If-None-Match: *` creates it.
pub(super) async fn replace(
    State(app): State<App>,
    Path((layer, id)): Path<(String, String)>,
    Extension(peer): Extension<Peer>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let edit = Edit::new(app, &layer, peer, headers, &uri)?;
    let id = feature_id(&id)?;
    let only_new = edit.headers.get(header::IF_NONE_MATCH).is_some_and(|tag| tag == "*");
    let if_match = edit.if_match();
    let upload = edit.body(body, &JSON_TYPES).await?;
    let done = edit
        .run(move |target| {
            let draft = onemap_query::read_draft(&upload.bytes)?;
            target.make(&[Change::Replace { id, draft, if_match, only_new }])
        })
        .await?;
    let status = if only_new { StatusCode::CREATED } else { StatusCode::OK };
    changed(&edit, &done, status)
}

/// `PATCH /features/{layer}/{id}`: merges the members that are there into a feature (RFC 7396).
pub(super) async fn patch(
    State(app): State<App>,
    Path((layer, id)): Path<(String, String)>,
    Extension(peer): Extension<Peer>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let edit = Edit::new(app, &layer, peer, headers, &uri)?;
    let id = feature_id(&id)?;
    let if_match = edit.if_match();
    let upload = edit.body(body, &PATCH_TYPES).await?;
    let done = edit
        .run(move |target| {
            let draft = onemap_query::read_draft(&upload.bytes)?;
            target.make(&[Change::Merge { id, draft, if_match, at: String::new() }])
        })
        .await?;
    changed(&edit, &done, StatusCode::OK)
}

/// `DELETE /features/{layer}/{id}`.
pub(super) async fn delete(
    State(app): State<App>,
    Path((layer, id)): Path<(String, String)>,
    Extension(peer): Extension<Peer>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let edit = Edit::new(app, &layer, peer, headers, &uri)?;
    let id = feature_id(&id)?;
    // It means nothing (RFC 9110, clause 9.3.5), but unread it would end the connection.
    upload::pass_over(body).await;
    let if_match = edit.if_match();
    let change = Change::Delete { id, if_match, at: String::new() };
    let done = edit.run(move |target| target.make(&[change])).await?;
    Ok(Edit::listed(&done, StatusCode::OK, json!({ "id": id })))
}

/// `POST /features/{layer}/transaction`: creates, changes and deletes; all or nothing.
pub(super) async fn transaction(
    State(app): State<App>,
    Path(layer): Path<String>,
    Extension(peer): Extension<Peer>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let edit = Edit::new(app, &layer, peer, headers, &uri)?;
    let upload = edit.body(body, &JSON_TYPES).await?;
    let (done, [created, updated]) = edit
        .run(move |target| {
            let transaction = onemap_query::read_transaction(&upload.bytes)?;
            let counts = [transaction.create.len(), transaction.update.len()];
            Ok((target.make(&changes_of(transaction)?)?, counts))
        })
        .await?;
    let mut ids = done.ids.iter();
    let created: Vec<_> = ids.by_ref().take(created).collect();
    let updated: Vec<_> = ids.by_ref().take(updated).collect();
    let lists =
        json!({ "created": created, "updated": updated, "deleted": ids.collect::<Vec<_>>() });
    Ok(Edit::listed(&done, StatusCode::OK, lists))
}

fn changes_of(transaction: onemap_query::Transaction) -> Result<Vec<Change>, Problem> {
    let mut changes = Vec::new();
    for (i, draft) in transaction.create.into_iter().enumerate() {
        changes.push(Change::Create { draft, at: format!("create[{i}]") });
    }
    for (i, draft) in transaction.update.into_iter().enumerate() {
        let at = format!("update[{i}]");
        let missing = || Unfit::new(format!("{at}.id"), "is missing");
        let id = draft.id(&at)?.ok_or_else(missing)?;
        let if_match = draft.if_match().map(str::to_owned);
        changes.push(Change::Merge { id, draft, if_match, at });
    }
    for (i, deletion) in transaction.delete.into_iter().enumerate() {
        let at = format!("delete[{i}]");
        let (id, if_match) = match deletion {
            Deletion::Id(id) => (id, None),
            Deletion::Checked { id, if_match } => (id, if_match),
        };
        let id = FeatureId::new(id).map_err(|error| Unfit::new(at.clone(), error.to_string()))?;
        changes.push(Change::Delete { id, if_match, at });
    }
    Ok(changes)
}

fn changed(edit: &Edit, done: &Done, status: StatusCode) -> Result<Response, Problem> {
    match done.features.first() {
        Some(Some(feature)) => Ok(edit.shown(feature, done, status)),
        _ => Err(Problem::internal("an edit made no feature")),
    }
}

fn feature_id(text: &str) -> Result<FeatureId, Problem> {
    text.parse().map_err(|error| Problem::bad_parameter("id", error))
}

/// Reads a draft's own id, which must be the one of the path.
fn same_id(draft: &Draft, id: FeatureId) -> Result<(), Problem> {
    match draft.id("")? {
        Some(own) if own != id => {
            Err(Unfit::new("id", format!("is {own}, but the path names feature {id}")).into())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_anybody_could_own_is_not_this_computer() {
        for host in ["localhost", "localhost:8080", "127.0.0.1:8080", "[::1]:80", "10.0.0.7"] {
            assert!(is_address_or_localhost(host), "{host}");
        }
        for host in ["", "evil.example", "evil.example:8080", "localhost.evil.example"] {
            assert!(!is_address_or_localhost(host), "{host}");
        }
    }
}
