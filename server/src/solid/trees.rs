//! Tile trees, made once for each view and kept up with the edits.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use onemap_model::{FeatureId, Revision, ViewId};
use onemap_store::{LayerView, Query, Slice};
use onemap_tile_tree::{Item, Limits, TileTree};
use onemap_tiles_3d::{SolidRule, item};
use uuid::Uuid;

use super::draw::rule;
use crate::tile_service::TileError;

/// Trees kept, and the memory that they may take in all; the last one asked for is always kept.
const MOST: usize = 64;
const MOST_BYTES: usize = 512 << 20;

/// A tree as of a revision.
pub(crate) struct Planted {
    revision: Revision,
    pub(crate) rule: SolidRule,
    pub(crate) tree: Arc<TileTree>,
}

/// What a tree belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    layer: Uuid,
    view: ViewId,
    slice: Slice,
    /// For trees of the past.
    revision: Option<Revision>,
}

type Place = Arc<Mutex<Option<Arc<Planted>>>>;

/// The trees, least recently asked for first.
#[derive(Default)]
pub(crate) struct Trees(Mutex<Vec<(Key, Place)>>);

impl Trees {
    /// Returns the tree of a view. The first who asks makes it, others wait.
    pub(crate) fn of(
        &self,
        layer: &LayerView<'_>,
        past: Option<Revision>,
    ) -> Result<Arc<Planted>, TileError> {
        let key = Key {
            layer: layer.layer().uuid,
            view: layer.features_view(),
            slice: layer.slice()?,
            revision: past,
        };
        let place = self.place(key);
        let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
        let now = layer.revision();
        let next = match place.as_ref() {
            Some(planted) if planted.revision == now => return Ok(Arc::clone(planted)),
            // A reader of an older snapshot, just overtaken by another.
            Some(planted) if planted.revision > now => return Ok(Arc::new(plant(layer)?)),
            Some(planted) => match layer.edited_since(planted.revision) {
                Some(ids) => follow(planted, layer, &ids)?,
                None => plant(layer)?,
            },
            None => plant(layer)?,
        };
        let next = Arc::new(next);
        *place = Some(Arc::clone(&next));
        drop(place);
        self.limit();
        Ok(next)
    }

    fn place(&self, key: Key) -> Place {
        let mut trees = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = trees.iter().position(|(other, _)| *other == key);
        let entry = match known {
            Some(at) => trees.remove(at),
            None => (key, Place::default()),
        };
        let place = Arc::clone(&entry.1);
        trees.push(entry);
        place
    }

    /// Lets go what is too much.
    fn limit(&self) {
        let mut trees = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left = MOST_BYTES;
        let mut kept = 0;
        let mut keep: Vec<bool> = trees
            .iter()
            .rev()
            .map(|(_, place)| {
                // One that is being made counts when it is done.
                let bytes = place.try_lock().ok().and_then(|p| Some(p.as_ref()?.tree.memory()));
                let bytes = bytes.unwrap_or(0);
                let fits = kept == 0 || (kept < MOST && bytes <= left);
                left = left.saturating_sub(bytes);
                kept += usize::from(fits);
                fits
            })
            .collect();
        keep.reverse();
        let mut keep = keep.into_iter();
        trees.retain(|_| keep.next().unwrap_or(true));
    }
}

fn plant(layer: &LayerView<'_>) -> Result<Planted, TileError> {
    let begun = std::time::Instant::now();
    let rule = rule(layer.layer());
    let mut items: Vec<Item> = Vec::new();
    layer.for_each(&Query::default(), &mut |feature| {
        items.extend(item(&rule, &feature));
        ControlFlow::Continue(())
    })?;
    let tree = Arc::new(TileTree::new(items, Limits::default()));
    let (features, nodes, seconds) =
        (tree.len(), tree.nodes().len(), begun.elapsed().as_secs_f64());
    tracing::info!(layer = %layer.layer().id, features, nodes, seconds, "a tile tree was made");
    Ok(Planted { revision: layer.revision(), rule, tree })
}

/// Returns a tree with the features that were edited as they are now.
fn follow(
    planted: &Planted,
    layer: &LayerView<'_>,
    ids: &[FeatureId],
) -> Result<Planted, TileError> {
    let rule = rule(layer.layer());
    let mut items = Vec::new();
    for &id in ids {
        for feature in layer.history(id)? {
            items.extend(onemap_tiles_3d::with_ref(&feature, |feature| item(&rule, feature)));
        }
    }
    let tree = match ids {
        [] => Arc::clone(&planted.tree),
        ids => Arc::new(planted.tree.changed(ids, items)),
    };
    Ok(Planted { revision: layer.revision(), rule, tree })
}
