//! Which tiles there are.

use std::ops::ControlFlow;

use anyhow::bail;
use onemap_archive::{PmTiles, TileId, limits};
use onemap_model::{Bounds, TileCoord};
use onemap_store::{LayerView, Query, StoreError, View};
use onemap_tiles_vector::TileOptions;
use rayon::prelude::*;

use crate::tile_service::LayerList;

/// The tiles asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) bbox: Option<Bounds>,
    pub(super) minzoom: u8,
    pub(super) maxzoom: u8,
}

impl Wanted {
    /// Tells whether a tile has more than an edge in common with the box.
    fn meets(&self, tile: TileCoord) -> bool {
        let Some(bbox) = self.bbox else { return true };
        let tile = tile.bounds(0.0);
        bbox.west < tile.east
            && tile.west < bbox.east
            && bbox.south < tile.north
            && tile.south < bbox.north
    }
}

/// Finds the tiles in whose box, buffer included, the view has a feature, in the order of the archive. Goes down
/// from the top: below a tile without features there is none, for a tile's box holds those of the tiles below it,
/// buffers too. What shows at a zoom is not looked at: a tile whose features are all too small for it may still
/// show their mass, or turns out empty when it is made.
pub(super) fn with_features(
    view: &View,
    layers: &LayerList,
    wanted: Wanted,
) -> anyhow::Result<Vec<TileId>> {
    let views: Vec<LayerView<'_>> =
        layers.parts().iter().filter_map(|part| view.layer(&part.id)).collect();
    let options = TileOptions::default();
    let buffer = f64::from(options.buffer) / f64::from(options.extent);
    let occupied = |tile: TileId| -> Result<bool, StoreError> {
        let tile = tile.coord();
        if !wanted.meets(tile) {
            return Ok(false);
        }
        let query = Query { bounds: Some(tile.bounds(buffer)), zoom: None, limit: Some(1) };
        for view in &views {
            if view.count(&query)? > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    };
    let mut level = vec![TileId::ROOT];
    let mut tiles = Vec::new();
    for zoom in 0..=wanted.maxzoom {
        if zoom > 0 {
            let below =
                level.par_iter().flat_map_iter(|tile| tile.children().into_iter().flatten());
            level = below.collect();
        }
        let kept: Result<Vec<TileId>, StoreError> = level
            .par_iter()
            .filter_map(|tile| match occupied(*tile) {
                Ok(true) => Some(Ok(*tile)),
                Ok(false) => None,
                Err(error) => Some(Err(error)),
            })
            .collect();
        level = kept?;
        if zoom >= wanted.minzoom {
            tiles.extend_from_slice(&level);
        }
        if tiles.len() + 4 * level.len() > limits::MAX_ENTRIES {
            bail!(
                "there are {} tiles at zoom {zoom} alone: end at a lower zoom with --maxzoom, or name a smaller box with --bbox",
                level.len()
            );
        }
    }
    Ok(tiles)
}

/// Finds the tiles of an archive.
pub(super) fn in_archive(archive: &PmTiles, wanted: Wanted) -> anyhow::Result<Vec<TileId>> {
    let mut tiles = Vec::new();
    archive.for_each_tile(&mut |tile| {
        let zoom = tile.zoom();
        if zoom > wanted.maxzoom || tiles.len() == limits::MAX_ENTRIES {
            return ControlFlow::Break(());
        }
        if zoom >= wanted.minzoom && wanted.meets(tile.coord()) {
            tiles.push(tile);
        }
        ControlFlow::Continue(())
    })?;
    Ok(tiles)
}
