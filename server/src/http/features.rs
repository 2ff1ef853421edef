//! `/features/{layer}/{id}` and `/identify`.

use std::ops::ControlFlow;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use onemap_model::{FeatureId, Kind, LayerId, ValueRef, ViewSpec};
use onemap_query::{degrees_around, distance_m};
use onemap_store::{Query, Store, StoreError};
use serde_json::{Value, json};

use super::App;
use super::catalogue::{base_url, layer_id, typed_json_answer};
use super::problem::Problem;
use super::query::Params;
use super::tiles::layer_list;
use crate::tile_service::TileError;

const GEO_JSON: HeaderValue = HeaderValue::from_static("application/geo+json");
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
    let base = base_url(&headers);
    let body = app
        .compute(move |tiles| {
            let view = tiles.store().view(spec);
            let found = view.layer(&layer).ok_or(TileError::UnknownLayer(layer.clone()))?;
            let feature = found.feature(id).map_err(TileError::from)?;
            let Some(feature) = feature else {
                let detail = format!("layer '{layer}' has no feature {id} in this view");
                return Err(Problem::not_found(detail));
            };
            let schema = &found.layer().schema;
            let mut values: Vec<ValueRef<'_>> = feature.values.iter().map(|v| v.as_ref()).collect();
            values.resize(schema.fields.len(), ValueRef::Null);
            let shown = onemap_model::FeatureRef {
                id: feature.id,
                geometry: feature.geometry.as_ref(),
                values: &values,
                valid: feature.valid,
                state: feature.state,
            };
            let mut body = onemap_query::feature(&shown, schema);
            if let Some(body) = body.as_object_mut() {
                body.insert("layer".into(), json!(layer));
                let tilejson = format!("{base}/tiles/{layer}");
                body.insert("links".into(), json!([{ "rel": "tilejson", "href": tilejson }]));
            }
            Ok(body)
        })
        .await??;
    Ok(typed_json_answer(&headers, &body, GEO_JSON))
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
    let layers = layers.map(|list| list.ids().to_vec());
    let around = Around { at, radius };
    let found = app.compute(move |tiles| around.find(tiles.store(), spec, layers)).await??;
    let body = json!({ "type": "FeatureCollection", "features": found });
    Ok(typed_json_answer(&headers, &body, GEO_JSON))
}

/// A place to look at.
struct Around {
    at: [f64; 2],
    radius: f64,
}

impl Around {
    fn find(
        &self,
        store: &Store,
        spec: ViewSpec,
        layers: Option<Vec<LayerId>>,
    ) -> Result<Vec<Value>, TileError> {
        let view = store.view(spec);
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
