//! `/features/{layer}/{id}` and `/identify`.

use std::ops::ControlFlow;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use onemap_model::{
    Feature, FeatureId, FeatureRef, Kind, LayerId, Revision, Schema, ValueRef, ViewSpec,
};
use onemap_query::{degrees_around, distance_m};
use onemap_store::{Query, Store, StoreError, View};
use serde_json::{Value, json};

use super::catalogue::{base_url, layer_id, packed, typed_json_answer};
use super::edits::put_revision;
use super::problem::Problem;
use super::query::Params;
use super::tiles::{layer_list, none_match, not_modified};
use super::{App, Encoding};
use crate::tile_service::TileError;

pub(super) const GEO_JSON: HeaderValue = HeaderValue::from_static("application/geo+json");
/// Search radius of `/identify` where none is given, metres.
const DEFAULT_RADIUS_M: f64 = 5.0;
/// Largest search radius, metres.
const MAX_RADIUS_M: f64 = 10_000.0;
/// Most features in one answer of `/identify`, nearest first.
const MAX_FOUND: usize = 50;

/// `GET /features/{layer}/{id}`: one feature in full.
pub(super) async fn one(
    State(app): State<App>,
    Path((layer, id)): Path<(String, String)>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let layer = layer_id(&layer)?;
    let id: FeatureId = id.parse().map_err(|error| Problem::bad_parameter("id", error))?;
    let spec = params.view()?;
    let (fields, asked) = (spec.fields.clone(), params.revision()?);
    let (name, revision, schema, full, shown) = app
        .read(move |store| {
            let view = view_of(store, asked, spec.clone())?;
            let unknown = || TileError::UnknownLayer(layer.clone());
            let found = view.layer(&layer).ok_or_else(unknown)?;
            let Some(shown) = found.feature(id).map_err(TileError::from)? else {
                let detail = format!("layer '{layer}' has no feature {id} in this view");
                return Err(Problem::not_found(detail));
            };
            // The ETag names the feature with all its fields, so that it serves for editing.
            let mut full = shown.clone();
            if spec.fields.is_some() {
                let whole = ViewSpec { fields: None, ..spec };
                let whole = view_of(store, Some(view.revision()), whole)?;
                let found = whole.layer(&layer).ok_or_else(unknown)?;
                full = found.feature(id).map_err(TileError::from)?.unwrap_or(full);
            }
            let schema = found.layer().schema.clone();
            Ok((layer, view.revision(), schema, full, shown))
        })
        .await??;
    let full = Shown::new(&full, &schema, &name, &headers);
    let shown = Shown::new(&shown, &schema, &name, &headers);
    let body = Bytes::from(shown.body().to_string());
    let encoding = Encoding::negotiate_for(&headers, body.len());
    let etag = full.etag(fields.as_deref(), encoding);
    let mut response = if none_match(&headers, etag.as_bytes()) {
        not_modified(etag)
    } else {
        packed(&body, encoding, etag, GEO_JSON)
    };
    put_revision(response.headers_mut(), revision);
    Ok(response)
}

/// A feature as it is shown to a client.
pub(super) struct Shown<'a> {
    feature: &'a Feature,
    schema: &'a Schema,
    layer: &'a LayerId,
    base: String,
}

impl<'a> Shown<'a> {
    pub(super) fn new(
        feature: &'a Feature,
        schema: &'a Schema,
        layer: &'a LayerId,
        headers: &HeaderMap,
    ) -> Self {
        Self { feature, schema, layer, base: base_url(headers) }
    }

    /// Returns the feature as GeoJSON, with its layer and links.
    pub(super) fn body(&self) -> Value {
        let mut body = plain(self.feature, self.schema);
        if let Some(body) = body.as_object_mut() {
            let tilejson = format!("{}/tiles/{}", self.base, self.layer);
            body.insert("layer".into(), json!(self.layer));
            body.insert("links".into(), json!([{ "rel": "tilejson", "href": tilejson }]));
        }
        body
    }

    /// Returns the ETag: a hash of the feature itself, and after a dot one of how it is shown. The first is
    /// the same in every answer, after every compaction, and is what `If-Match` is compared with.
    pub(super) fn etag(&self, fields: Option<&[String]>, encoding: Encoding) -> HeaderValue {
        let mut how = blake3::Hasher::new();
        for text in [&self.base, encoding.name()]
            .into_iter()
            .chain(fields.into_iter().flatten().map(String::as_str))
        {
            how.update(&(text.len() as u64).to_le_bytes());
            how.update(text.as_bytes());
        }
        how.update(&[u8::from(fields.is_some())]);
        let (content, how) = (content_hash(self.feature, self.schema), how.finalize().to_hex());
        let tag = format!("\"{content}.{}\"", how.get(..8).unwrap_or_default());
        HeaderValue::try_from(tag).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
    }
}

fn plain(feature: &Feature, schema: &Schema) -> Value {
    let mut values: Vec<ValueRef<'_>> = feature.values.iter().map(|v| v.as_ref()).collect();
    values.resize(schema.fields.len(), ValueRef::Null);
    let shown = FeatureRef {
        id: feature.id,
        geometry: feature.geometry.as_ref(),
        values: &values,
        valid: feature.valid,
        state: feature.state,
    };
    onemap_query::feature(&shown, schema)
}

/// Returns a hash of all that GeoJSON shows of a feature, 96 bits in hexadecimal.
pub(super) fn content_hash(feature: &Feature, schema: &Schema) -> String {
    let hash = blake3::hash(plain(feature, schema).to_string().as_bytes()).to_hex();
    hash.get(..24).unwrap_or_default().to_owned()
}

/// Tells whether an ETag, in any of its forms, or `*` names this content. A weak one names nothing (RFC
/// 9110, clause 13.1.1).
pub(super) fn names_content(tag: &str, content: &str) -> bool {
    let own = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
    tag == "*" || own.is_some_and(|own| own.split('.').next() == Some(content))
}

/// `GET /identify?lon=&lat=&layers=&radius=`: what is there, across layers, nearest first.
pub(super) async fn identify(
    State(app): State<App>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let at = [params.required_number("lon")?, params.required_number("lat")?];
    if !(-180.0..=180.0).contains(&at[0]) {
        return Err(Problem::bad_parameter("lon", "a longitude lies between -180 and 180"));
    }
    if !(-90.0..=90.0).contains(&at[1]) {
        return Err(Problem::bad_parameter("lat", "a latitude lies between -90 and 90"));
    }
    let radius = params.number("radius")?.unwrap_or(DEFAULT_RADIUS_M);
    if !(0.0..=MAX_RADIUS_M).contains(&radius) {
        let detail = format!("a radius lies between 0 and {MAX_RADIUS_M} metres");
        return Err(Problem::bad_parameter("radius", detail));
    }
    let spec = params.view()?;
    let layers =
        params.get("layers").filter(|text| !text.is_empty()).map(layer_list).transpose()?;
    let layers = layers.map(|list| list.parts().iter().map(|part| part.id.clone()).collect());
    let around = Around { at, radius, revision: params.revision()? };
    let found = app.read(move |store| around.find(store, spec, layers)).await??;
    let body = json!({ "type": "FeatureCollection", "features": found });
    Ok(typed_json_answer(&headers, &body, GEO_JSON))
}

fn view_of(store: &Store, at: Option<Revision>, spec: ViewSpec) -> Result<View, TileError> {
    match at {
        None => Ok(store.view(spec)),
        Some(revision) => Ok(store.view_at(revision, spec)?),
    }
}

/// A place to look at.
struct Around {
    at: [f64; 2],
    radius: f64,
    revision: Option<Revision>,
}

impl Around {
    fn find(
        &self,
        store: &Store,
        spec: ViewSpec,
        layers: Option<Vec<LayerId>>,
    ) -> Result<Vec<Value>, TileError> {
        let view = view_of(store, self.revision, spec)?;
        let all =
            || view.layers().filter(|l| l.kind == Kind::Vector).map(|l| l.id.clone()).collect();
        let mut found = Vec::new();
        for id in layers.unwrap_or_else(all) {
            let layer = view.layer(&id).ok_or_else(|| TileError::UnknownLayer(id.clone()))?;
            let schema = &layer.layer().schema;
            let query = Query { bounds: degrees_around(self.at, self.radius), ..Query::default() };
            layer
                .for_each(&query, &mut |feature| {
                    let distance = feature.geometry.map(|shape| distance_m(shape, self.at));
                    if let Some(distance) = distance.filter(|d| *d <= self.radius) {
                        let mut value = onemap_query::feature(&feature, schema);
                        if let Some(value) = value.as_object_mut() {
                            value.insert("layer".into(), json!(id));
                            value.insert("distance_m".into(), json!(distance));
                        }
                        found.push((distance, value));
                        if found.len() > 4 * MAX_FOUND {
                            keep_nearest(&mut found);
                        }
                    }
                    ControlFlow::Continue(())
                })
                .map_err(|error: StoreError| TileError::from(error))?;
        }
        keep_nearest(&mut found);
        Ok(found.into_iter().map(|(_, value)| value).collect())
    }
}

fn keep_nearest(found: &mut Vec<(f64, Value)>) {
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    found.truncate(MAX_FOUND);
}
