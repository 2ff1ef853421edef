//! Query parameters that several paths share.

use std::collections::BTreeMap;

use axum::extract::{FromRequestParts, Query};
use axum::http::Uri;
use axum::http::request::Parts;
use onemap_model::{Filter, Interval, Revision, StateSet, Timestamp, ViewSpec, When};

use super::problem::Problem;

/// Largest margin that may be asked for, in 4096ths of a tile: as far as a tile's version reaches.
const MAX_BUFFER: u32 = (onemap_store::MAX_TILE_BUFFER * 4096.0) as u32;

/// The query of a request, by name; the last of several values counts.
pub(super) struct Params(BTreeMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::of(&parts.uri)
    }
}

impl Params {
    /// Reads the query of a request.
    pub(super) fn of(uri: &Uri) -> Result<Self, Problem> {
        let query = Query::<Vec<(String, String)>>::try_from_uri(uri);
        let Query(pairs) = query.map_err(|error| Problem::bad_parameter("query", error))?;
        Ok(Self(pairs.into_iter().collect()))
    }

    /// Returns a parameter as text.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Returns a number, which must be finite.
    pub(super) fn number(&self, name: &'static str) -> Result<Option<f64>, Problem> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let number = text.trim().parse::<f64>().ok().filter(|n| n.is_finite());
        let bad =
            || Problem::bad_parameter(name, format_args!("'{}' is not a number", shown(text)));
        number.map(Some).ok_or_else(bad)
    }

    /// Returns a number that has to be there.
    pub(super) fn required_number(&self, name: &'static str) -> Result<f64, Problem> {
        let missing = || Problem::bad_parameter(name, format_args!("'{name}' is missing"));
        self.number(name)?.ok_or_else(missing)
    }

    /// Returns the margin asked for, in 4096ths of a tile.
    pub(super) fn buffer(&self) -> Result<Option<u32>, Problem> {
        let Some(text) = self.get("buffer") else { return Ok(None) };
        let buffer = text.parse().ok().filter(|&b| b <= MAX_BUFFER);
        let bad = || {
            let detail = format!("'{}' is not a margin: use 0 to {MAX_BUFFER}", shown(text));
            Problem::bad_parameter("buffer", detail)
        };
        buffer.map(Some).ok_or_else(bad)
    }

    /// Returns the revision asked for.
    pub(super) fn revision(&self) -> Result<Option<Revision>, Problem> {
        let Some(text) = self.get("revision") else { return Ok(None) };
        let revision = text.parse().map(Revision).map(Some);
        revision.map_err(|_| {
            let detail = format!("'{}' is not a revision: a whole number", shown(text));
            Problem::bad_parameter("revision", detail)
        })
    }

    /// Returns the view asked for by `datetime`, `state`, `properties` and `filter`.
    pub(super) fn view(&self) -> Result<ViewSpec, Problem> {
        let filter = self.filter()?;
        let when = self.get("datetime").map_or(Ok(When::Now), when)?;
        let states = self.get("state").map(str::parse::<StateSet>).transpose();
        let fields = self.get("properties").map(|names| {
            let mut names: Vec<String> =
                names.split(',').filter(|n| !n.is_empty()).map(str::to_owned).collect();
            names.sort();
            names.dedup();
            names
        });
        let states = states.map_err(|error| Problem::bad_parameter("state", error))?;
        Ok(ViewSpec { when, states, fields, filter })
    }

    fn filter(&self) -> Result<Option<Filter>, Problem> {
        let text = self.get("filter").filter(|text| !text.trim().is_empty());
        let read = match self.get("filter-lang") {
            None | Some("cql2-text") => text.map(onemap_filter::parse_text),
            Some("cql2-json") => text.map(onemap_filter::parse_json),
            Some(other) => {
                let detail =
                    format!("'{}' is no language: use cql2-text or cql2-json", shown(other));
                return Err(Problem::bad_parameter("filter-lang", detail));
            }
        };
        read.transpose().map_err(|error| Problem::bad_parameter("filter", error))
    }
}

/// Reads an instant, or an interval with `/` whose ends may be open (`..`); the end belongs to it.
fn when(text: &str) -> Result<When, Problem> {
    let time = |text: &str| {
        let parsed = text.parse::<Timestamp>();
        parsed.map_err(|error| Problem::bad_parameter("datetime", error))
    };
    let Some((from, to)) = text.split_once('/') else {
        return match text {
            "" | "now" => Ok(When::Now),
            text => time(text).map(When::At),
        };
    };
    let end = |text: &str| match text {
        "" | ".." => Ok(None),
        text => time(text).map(Some),
    };
    let (from, to) = (end(from)?, end(to)?);
    if from.zip(to).is_some_and(|(from, to)| to < from) {
        return Err(Problem::bad_parameter("datetime", "the interval ends before it begins"));
    }
    // Our intervals are half-open, those of OGC API - Features are closed.
    let to = to.map(|to| Timestamp::from_micros(to.as_micros().saturating_add(1)));
    Ok(When::Within(Interval { from, to }))
}

/// Returns the begin of what a client sent, for messages.
pub(super) fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}
