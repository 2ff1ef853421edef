//! `/networks/{layers}/{question}`: traces, shut-offs, sections, profiles, clearances and more of pipe networks.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;

use super::App;
use super::catalogue::layer_id;
use super::problem::Problem;
use super::query::{Params, shown};
use super::three_d::data;
use crate::networks::{Answer, AskError, Form, Given, Question};
use crate::tile_service::TileError;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const CSV: HeaderValue = HeaderValue::from_static("text/csv; charset=utf-8");
const SVG: HeaderValue = HeaderValue::from_static("image/svg+xml");

impl Given for Params {
    fn get(&self, name: &str) -> Option<&str> {
        Params::get(self, name)
    }
}

/// `GET /networks/{layers}/{question}`: an answer as JSON, a table or a drawing, by `Accept` or the parameter `f`.
pub(super) async fn ask(
    State(app): State<App>,
    Path((layers, question)): Path<(String, String)>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let ids = layers.split(',').map(layer_id).collect::<Result<Vec<_>, _>>()?;
    let Some(asked) = Question::read(&question, &params)? else {
        return Err(Problem::not_found(format!(
            "networks are not asked for '{}': use trace, section, profile, clearance, cover, excavation, statistics or age",
            shown(&question)
        )));
    };
    let form = form(&params, &headers)?;
    let (spec, revision) = (params.view()?, params.revision()?);
    let networks = Arc::clone(&app.networks);
    let answer = app
        .read(move |store| -> Result<Answer, Problem> {
            let view = match revision {
                None => store.view(spec),
                Some(revision) => store.view_at(revision, spec).map_err(TileError::from)?,
            };
            Ok(networks.ask(&view, &ids, revision, &asked, form)?)
        })
        .await??;
    let mut response = match answer {
        Answer::Json(json) => data(json.to_string().as_bytes(), JSON, &headers)?,
        Answer::Text(text) => {
            data(text.as_bytes(), if form == Form::Csv { CSV } else { SVG }, &headers)?
        }
    };
    response
        .headers_mut()
        .insert(header::VARY, HeaderValue::from_static("accept, accept-encoding"));
    Ok(response)
}

fn form(params: &Params, headers: &HeaderMap) -> Result<Form, Problem> {
    match params.get("f") {
        Some("json") => return Ok(Form::Json),
        Some("csv") => return Ok(Form::Csv),
        Some("svg") => return Ok(Form::Svg),
        Some(_) => return Err(Problem::bad_parameter("f", "use json, csv or svg")),
        None => {}
    }
    let accept =
        headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let first = accept
        .split(',')
        .map(|kind| kind.split(';').next().unwrap_or_default().trim())
        .find_map(|kind| match kind {
            "text/csv" => Some(Form::Csv),
            "image/svg+xml" => Some(Form::Svg),
            "application/json" | "application/geo+json" | "*/*" => Some(Form::Json),
            _ => None,
        });
    Ok(first.unwrap_or(Form::Json))
}

impl From<AskError> for Problem {
    fn from(error: AskError) -> Self {
        match error {
            AskError::UnknownLayer(id) => TileError::UnknownLayer(id).into(),
            AskError::Store(error) => TileError::from(error).into(),
            AskError::Parameter { parameter, why } => Self::bad_parameter(parameter, why),
            AskError::NoNetwork(..) => Self::not_found(error),
            AskError::OneLayer { .. } => Self::bad_parameter("layers", error),
            AskError::NoDrawing(_) => Self::bad_parameter("f", error),
            AskError::Network(error) => Self::bad_parameter("from", error),
            AskError::Underground(error) => Self::bad_parameter("line", error),
        }
    }
}
