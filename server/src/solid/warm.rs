//! Trees that are there before anybody asks: those of the layers that are shown in 3D, as they are now.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};

use onemap_model::{LayerId, ViewSpec};
use onemap_store::{LayerView, Store, StoreError};

use super::stands_out;
use super::times::{Timeline, all_times, has_times};
use super::trees::Planted;
use crate::kept::Kept;

/// Features of all layers whose trees are made beforehand: 200 MB, and some seconds.
const MOST_FEATURES: u64 = 2_000_000;

/// Makes trees beforehand, and lets them follow the edits.
pub(super) struct Warmer {
    store: Weak<Store>,
    trees: Arc<Kept<Planted>>,
    timelines: Arc<Kept<Timeline>>,
}

impl Warmer {
    pub(super) fn new(
        store: &Arc<Store>,
        trees: &Arc<Kept<Planted>>,
        timelines: &Arc<Kept<Timeline>>,
    ) -> Self {
        Self {
            store: Arc::downgrade(store),
            trees: Arc::clone(trees),
            timelines: Arc::clone(timelines),
        }
    }

    /// Works until the store is closed, on a thread of its own: it only reads, so that the process need not wait for it.
    pub(super) fn begin(self) -> std::io::Result<()> {
        let work = move || while self.round().is_some() {};
        std::thread::Builder::new().name("tile-trees".to_owned()).spawn(work).map(drop)
    }

    /// Makes what is worth it, then follows what changes for as long as no event is missed.
    fn round(&self) -> Option<()> {
        let store = self.store.upgrade()?;
        let events = store.subscribe();
        let view = store.view(ViewSpec::default());
        drop(store);
        let mut waiting: BTreeSet<LayerId> =
            view.layers().filter(|layer| stands_out(layer)).map(|layer| layer.id.clone()).collect();
        drop(view);
        loop {
            for id in std::mem::take(&mut waiting) {
                self.make(&id)?;
            }
            let Ok(event) = events.recv() else { return Some(()) };
            waiting.insert(event.layer);
            waiting.extend(events.try_iter().map(|event| event.layer));
        }
    }

    /// Makes the tree of a layer; `None` when the store is closed.
    fn make(&self, id: &LayerId) -> Option<()> {
        let store = self.store.upgrade()?;
        let (view, all) = (store.view(ViewSpec::default()), store.view(all_times()));
        drop(store);
        let mut before: u64 = 0;
        for layer in view.layers().filter(|layer| stands_out(layer) && layer.tileset.is_none()) {
            before = before.saturating_add(layer.count);
            if layer.id == *id {
                if before > MOST_FEATURES {
                    break;
                }
                let made = view.layer(id).map_or(Ok(()), |layer| self.look(&layer));
                let made = made.and_then(|()| all.layer(id).map_or(Ok(()), |all| self.list(&all)));
                if let Err(error) = made {
                    tracing::warn!(layer = %id, %error, "a tile tree could not be made beforehand");
                }
                break;
            }
        }
        Some(())
    }

    fn look(&self, layer: &LayerView<'_>) -> Result<(), StoreError> {
        self.trees.of(layer, None).map(drop)
    }

    fn list(&self, layer: &LayerView<'_>) -> Result<(), StoreError> {
        if has_times(layer)? {
            self.timelines.of(layer, None)?;
        }
        Ok(())
    }
}
