//! The content of one node, from the store.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use onemap_model::{
    Bounds, Feature, FeatureId, FieldType, GeoCell, GeometryClass, Kind, Layer, PipeClass,
};
use onemap_network::{Section, Shape};
use onemap_store::{LayerView, Query};
use onemap_tile_tree::{Cut, Node, far, frame};
use onemap_tiles_3d::{
    Encoding, PipeRule, PipeSection, PipeShape, SolidRule, TileContent, draw_cut, draw_far,
    draw_leaf,
};

use super::Piece;
use super::trees::Planted;
use crate::tile_service::TileError;

/// How far beyond a node's box features are looked for, degrees: what the box lost by rounding.
const MARGIN: f64 = 1e-6;

/// What contents are made like.
#[derive(Debug, Clone, Default)]
pub(crate) struct Form {
    /// Names of the properties that features have; `None` for all.
    pub(crate) fields: Option<Vec<String>>,
    /// Whether they are without compression and quantisation.
    pub(crate) plain: bool,
}

/// Tells whether a layer has anything to show in 3D.
pub(crate) fn has_solids(layer: &Layer) -> bool {
    let has_models = layer.schema.fields.iter().any(|field| field.kind == FieldType::Model);
    let has_areas = matches!(layer.geometry, GeometryClass::Polygon | GeometryClass::Mixed);
    let has_features =
        has_models || has_areas || layer.kind == Kind::Network || layer.solid.symbol.is_some();
    layer.tileset.is_some() || layer.archive.is_none() && has_features
}

/// Tells whether a layer is worth showing in 3D without being asked for: what it has is more than flat.
pub(crate) fn stands_out(layer: &Layer) -> bool {
    has_solids(layer) && (layer.tileset.is_some() || rule(layer).is_solid())
}

/// Binds a layer's rule.
pub(super) fn rule(layer: &Layer) -> SolidRule {
    let rule = SolidRule::bind(&layer.solid, &layer.schema, layer.geometry);
    match layer.kind {
        Kind::Network => {
            rule.with_pipes(PipeRule::bind(&layer.solid, &layer.schema).with_walls(wall))
        }
        _ => rule,
    }
}

/// Tells how thick a pipe's wall is taken to be: as sections and clearances have it.
fn wall(class: PipeClass, material: &str, section: &PipeSection) -> f64 {
    let shape = match section.shape {
        PipeShape::Round => Shape::Round,
        PipeShape::Rectangle => Shape::Rectangle,
        PipeShape::Egg | PipeShape::Arch => Shape::Egg,
        PipeShape::Open | PipeShape::Trapezoid => Shape::Open,
    };
    let [width, height] = [section.width as f32, section.height as f32];
    let section = Section { shape, width, height, wall: 0.0 };
    f64::from(onemap_network::wall_allowance(class, material, &section))
}

/// Draws a tile; `None` when there is nothing in its cell, or no such tile of an implicit tileset. What a cell shows depends on
/// the features whose middle lies in it and on nothing else, whether the tree has a node there or not: contents are kept by
/// the last change of their cell.
pub(super) fn content(
    layer: &LayerView<'_>,
    planted: &Planted,
    piece: Piece,
    form: &Form,
) -> Result<Option<Vec<u8>>, TileError> {
    let drawn = match piece {
        Piece::Node(cell) => match planted.tree.tile(cell) {
            Some(node) => draw_node(layer, planted, &node, form)?,
            None => return Ok(None),
        },
        Piece::Cut(cell) => match planted.tree.cut(cell) {
            Some(cut) => {
                let mut content = begin(layer, cell, form);
                let mut features = if cut.is_leaf {
                    inside(layer, cell.bounds(), Some(&cut))?
                } else {
                    named(layer, &cut.features)?
                };
                draw_cut(&mut content, &planted.rule, cell, &cut, &mut features);
                content
            }
            None => return Ok(None),
        },
    };
    let encoding = if form.plain { Encoding::Plain } else { Encoding::Compact };
    let mut image = |blob: &onemap_model::BlobRef| std::fs::read(layer.blob_path(blob)).ok();
    Ok(Some(drawn.finish(&mut image, encoding)))
}

fn draw_node(
    layer: &LayerView<'_>,
    planted: &Planted,
    node: &Node,
    form: &Form,
) -> Result<TileContent, TileError> {
    let mut content = begin(layer, node.cell, form);
    if node.is_leaf() {
        let mut features = inside(layer, node.bounds, None)?;
        draw_leaf(&mut content, &planted.rule, node, &mut features);
    } else {
        let far = far(node);
        let mut features = named(layer, &far.blocks)?;
        draw_far(&mut content, &planted.rule, node, &far, &mut features);
    }
    Ok(content)
}

/// Begins a content with the properties that are asked for.
fn begin(layer: &LayerView<'_>, cell: GeoCell, form: &Form) -> TileContent {
    let schema = &layer.layer().schema;
    let wanted = form.fields.as_ref();
    let shown: Vec<bool> = schema
        .fields
        .iter()
        .map(|field| {
            let named = wanted.is_none_or(|names| names.contains(&field.name));
            named && field.kind != FieldType::Model
        })
        .collect();
    TileContent::new(frame(cell), schema, &shown)
}

/// Reads the features whose boxes meet the bounds; of a cut only those that it names.
fn inside(
    layer: &LayerView<'_>,
    bounds: Bounds,
    cut: Option<&Cut>,
) -> Result<Vec<Feature>, TileError> {
    let mut features = Vec::new();
    let query = Query { bounds: Some(bounds.grown(MARGIN)), ..Query::default() };
    let named: Option<BTreeSet<FeatureId>> = cut.map(|cut| cut.features.iter().copied().collect());
    layer.for_each(&query, &mut |feature| {
        if named.as_ref().is_none_or(|named| named.contains(&feature.id)) {
            features.push(feature.to_feature());
        }
        ControlFlow::Continue(())
    })?;
    Ok(features)
}

/// Reads features by their ids.
fn named(layer: &LayerView<'_>, ids: &[FeatureId]) -> Result<Vec<Feature>, TileError> {
    let mut features = Vec::new();
    for id in ids.iter().copied().collect::<BTreeSet<_>>() {
        features.extend(layer.history(id)?);
    }
    Ok(features)
}
