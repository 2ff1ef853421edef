//! Tile trees of layers' views.

use std::ops::ControlFlow;
use std::sync::Arc;

use onemap_model::FeatureId;
use onemap_store::{LayerView, Query, StoreError};
use onemap_tile_tree::{Limits, TileTree, TreeBuilder};
use onemap_tiles_3d::{SolidRule, item};

use super::draw::rule;
use crate::kept::Made;

/// Revisions of a tree, or of a timeline, that are kept: who began to ask before an edit finds what they need.
pub(super) const REVISIONS: usize = 8;

/// A tree, and the rule by which its features are raised.
pub(crate) struct Planted {
    pub(crate) rule: SolidRule,
    pub(crate) tree: TileTree,
}

impl Made for Planted {
    const REVISIONS: usize = REVISIONS;

    fn make(layer: &LayerView<'_>) -> Result<Self, StoreError> {
        let begun = std::time::Instant::now();
        let rule = rule(layer.layer());
        let mut builder = TreeBuilder::default();
        layer.for_each(&Query::default(), &mut |feature| {
            if let Some(item) = item(&rule, &feature) {
                builder.add(&item);
            }
            ControlFlow::Continue(())
        })?;
        let tree = builder.finish(Limits::default());
        let (features, nodes, seconds) =
            (tree.len(), tree.nodes().len(), begun.elapsed().as_secs_f64());
        tracing::info!(layer = %layer.layer().id, features, nodes, seconds, "a tile tree was made");
        Ok(Self { rule, tree })
    }

    fn follow(
        before: Arc<Self>,
        layer: &LayerView<'_>,
        ids: &[FeatureId],
    ) -> Result<Self, StoreError> {
        let rule = rule(layer.layer());
        let mut items = Vec::new();
        for &id in ids {
            for feature in layer.history(id)? {
                items.extend(onemap_tiles_3d::with_ref(&feature, |feature| item(&rule, feature)));
            }
        }
        Ok(Self { rule, tree: before.tree.changed(ids, items) })
    }

    fn memory(&self) -> usize {
        self.tree.memory()
    }
}
