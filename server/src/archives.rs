//! Layers whose tiles were made elsewhere: open archives, each once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use onemap_archive::PmTiles;
use onemap_model::TileCoord;
use onemap_store::LayerView;

use crate::tile_service::TileError;

/// The archives that are open, by the name of their content. A layer that is replaced leaves its old one open
/// until the server ends: a handle and a few directories.
#[derive(Default)]
pub(crate) struct Archives {
    open: Mutex<HashMap<String, Arc<PmTiles>>>,
}

impl Archives {
    /// Returns a tile of a layer's archive, not packed; empty where there is none.
    pub(crate) fn tile(
        &self,
        layer: &LayerView<'_>,
        coord: TileCoord,
    ) -> Result<Vec<u8>, TileError> {
        let broken = |why: String| TileError::Archive(layer.layer().id.clone(), why);
        let archive = self.archive(layer).map_err(|error| broken(error.to_string()))?;
        let Some(archive) = archive else { return Ok(Vec::new()) };
        let stored = archive.tile(coord).map_err(|error| broken(error.to_string()))?;
        stored.map_or(Ok(Vec::new()), |stored| stored.unpack().map_err(broken))
    }

    fn archive(&self, layer: &LayerView<'_>) -> onemap_archive::Result<Option<Arc<PmTiles>>> {
        let (Some(archive), Some(path)) = (&layer.layer().archive, layer.archive_path()) else {
            return Ok(None);
        };
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = open.get(&archive.blob.hash) {
            return Ok(Some(Arc::clone(known)));
        }
        let opened = Arc::new(PmTiles::open(&path)?);
        open.insert(archive.blob.hash.clone(), Arc::clone(&opened));
        Ok(Some(opened))
    }
}
