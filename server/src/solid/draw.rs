//! The content of one node, from the store.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use onemap_model::{Feature, FieldType, GeoCell, GeometryClass, Layer};
use onemap_store::{LayerView, Query};
use onemap_tile_tree::far;
use onemap_tiles_3d::{Encoding, SolidRule, TileContent, draw_far, draw_leaf};

use super::SolidRequest;
use super::trees::Planted;
use crate::tile_service::TileError;

/// How far beyond a node's box features are looked for, degrees: what the box lost by rounding.
const MARGIN: f64 = 1e-6;

/// Tells whether a layer has anything to show in 3D.
pub(crate) fn has_solids(layer: &Layer) -> bool {
    let has_models = layer.schema.fields.iter().any(|field| field.kind == FieldType::Model);
    let has_areas = matches!(layer.geometry, GeometryClass::Polygon | GeometryClass::Mixed);
    let has_features = has_models || has_areas || layer.solid.symbol.is_some();
    layer.tileset.is_some() || layer.archive.is_none() && has_features
}

/// Binds a layer's rule.
pub(super) fn rule(layer: &Layer) -> SolidRule {
    SolidRule::bind(&layer.solid, &layer.schema, layer.geometry)
}

/// Draws a node; `None` when there is none of this cell.
pub(super) fn content(
    layer: &LayerView<'_>,
    planted: &Planted,
    cell: GeoCell,
    request: &SolidRequest,
) -> Result<Option<Vec<u8>>, TileError> {
    let (tree, rule) = (&planted.tree, &planted.rule);
    let Some(node) = tree.node(cell) else { return Ok(None) };
    let schema = &layer.layer().schema;
    let wanted = request.spec.fields.as_ref();
    let shown: Vec<bool> = schema
        .fields
        .iter()
        .map(|field| {
            let named = wanted.is_none_or(|names| names.contains(&field.name));
            named && field.kind != FieldType::Model
        })
        .collect();
    let mut content = TileContent::new(node.frame(), schema, &shown);
    let mut features: Vec<Feature> = Vec::with_capacity(node.count);
    if node.is_leaf() {
        let query = Query { bounds: Some(node.bounds.grown(MARGIN)), ..Query::default() };
        layer.for_each(&query, &mut |feature| {
            features.push(feature.to_feature());
            ControlFlow::Continue(())
        })?;
        draw_leaf(&mut content, rule, node, &mut features);
    } else {
        let far = far(tree, node);
        let blocks: BTreeSet<_> = far.blocks.iter().copied().collect();
        for id in blocks {
            features.extend(layer.history(id)?);
        }
        draw_far(&mut content, rule, node, &far, &mut features);
    }
    let encoding = if request.plain { Encoding::Plain } else { Encoding::Compact };
    let mut image = |blob: &onemap_model::BlobRef| std::fs::read(layer.blob_path(blob)).ok();
    Ok(Some(content.finish(&mut image, encoding)))
}
