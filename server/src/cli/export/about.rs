//! What an archive says of itself.

use onemap_archive::{About, TileType};
use onemap_model::{Bounds, FieldType};
use onemap_store::View;
use serde_json::{Map, Value, json};

use super::Chosen;
use super::plan::Wanted;

/// Describes the archive: the same for the same layers and view, on every day.
pub(super) fn about(view: &View, layers: &[Chosen<'_>], wanted: Wanted) -> About {
    let bounds = layers.iter().filter_map(|(_, layer)| layer.bounds).reduce(Bounds::union);
    let bounds = cut(bounds, wanted.bbox);
    let made_elsewhere = layers.iter().find_map(|(_, layer)| layer.archive.as_ref());
    let metadata = match made_elsewhere {
        Some(archive) => serde_json::from_str(&archive.metadata).unwrap_or_default(),
        None => metadata(view, layers, wanted),
    };
    About { bounds, metadata, ..About::of(TileType::Mvt) }
}

fn metadata(view: &View, layers: &[Chosen<'_>], wanted: Wanted) -> Map<String, Value> {
    let mut metadata = Map::new();
    let mut put = |name: &str, value: Value| {
        metadata.insert(name.to_owned(), value);
    };
    put("name", joined(layers.iter().map(|(_, layer)| layer.title.as_str())).into());
    put("type", "overlay".into());
    let owners = joined(layers.iter().map(|(_, layer)| layer.department.as_str()));
    if !owners.is_empty() {
        put("attribution", owners.into());
    }
    put("generator", concat!("onemap ", env!("CARGO_PKG_VERSION")).into());
    let shown = |name: &str| {
        let fields = view.spec().fields.as_ref();
        fields.is_none_or(|fields| fields.iter().any(|field| field == name))
    };
    let vector_layers: Vec<Value> = layers
        .iter()
        .map(|(part, layer)| {
            let fields = layer.schema.fields.iter();
            let fields = fields.filter(|f| shown(&f.name) && f.kind != FieldType::Model);
            let fields: Map<String, Value> =
                fields.map(|field| (field.name.clone(), type_name(field.kind).into())).collect();
            json!({
                "id": part.to_string(), "description": layer.title, "fields": fields,
                "minzoom": layer.minzoom.max(wanted.minzoom),
                "maxzoom": layer.maxzoom.min(wanted.maxzoom),
            })
        })
        .collect();
    put("vector_layers", vector_layers.into());
    metadata
}

/// Joins texts, each once, none that is empty.
fn joined<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for text in texts.filter(|text| !text.is_empty()) {
        if !kept.contains(&text) {
            kept.push(text);
        }
    }
    kept.join(", ")
}

/// Returns the part of a box that lies in another.
pub(in crate::cli) fn cut(bounds: Option<Bounds>, by: Option<Bounds>) -> Option<Bounds> {
    let (Some(a), Some(b)) = (bounds, by) else { return bounds };
    Bounds::new(a.west.max(b.west), a.south.max(b.south), a.east.min(b.east), a.north.min(b.north))
}

/// Returns what TileJSON's users know of types.
fn type_name(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Bool => "Boolean",
        FieldType::Int | FieldType::Float => "Number",
        _ => "String",
    }
}
