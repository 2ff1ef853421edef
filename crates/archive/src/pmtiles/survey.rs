//! Looking at every tile before an archive is trusted.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

use onemap_model::{Bounds, TileCoord};
use rayon::prelude::*;
use serde_json::{Value, json};

use super::PmTiles;
use super::directory::Entry;
use crate::error::{Error, Result};
use crate::mvt::Layers;
use crate::tile_id::tiles_above;
use crate::{TileId, ZoomStats, limits};

/// What an archive of vector tiles really holds.
#[derive(Debug, Clone)]
pub struct Survey {
    /// Tiles that can be asked for.
    pub tiles: u64,
    /// Different contents.
    pub contents: u64,
    /// Tiles by zoom.
    pub zooms: BTreeMap<u8, ZoomStats>,
    /// Box of the tiles of the last zoom, degrees.
    pub bounds: Bounds,
    /// Layers as found in the tiles.
    layers: Layers,
}

impl Survey {
    /// Returns the first zoom.
    pub fn minzoom(&self) -> u8 {
        self.zooms.keys().next().copied().unwrap_or(0)
    }

    /// Returns the last zoom.
    pub fn maxzoom(&self) -> u8 {
        self.zooms.keys().next_back().copied().unwrap_or(0)
    }

    /// Returns the names of the layers found in the tiles.
    pub fn layer_names(&self) -> impl Iterator<Item = &str> {
        self.layers.names()
    }

    /// Returns `vector_layers` (TileJSON 3, clause 3.3) as found in the tiles.
    pub fn vector_layers(&self) -> Value {
        self.layers.to_json()
    }
}

/// Contents that are decoded before progress is told.
const CHUNK: usize = 256;

impl PmTiles {
    /// Decodes every tile; `progress` is told the bytes done and the bytes in all. Takes memory for the entries,
    /// 24 bytes each.
    ///
    /// # Errors
    /// Names the first tile found that can not be unpacked or is no vector tile, or says what is wrong with the
    /// directories.
    pub fn survey(&self, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<Survey> {
        let mut zooms: BTreeMap<u8, ZoomStats> = BTreeMap::new();
        let mut bounds = None;
        let last_zoom = self.last_zoom()?;
        let mut entries = Vec::new();
        self.for_each_entry(&mut |entry| {
            if entries.len() == limits::MAX_ENTRIES {
                let path = self.path().to_owned();
                let (what, limit) = ("so many tiles".to_owned(), limits::MAX_ENTRIES as u64);
                return Err(Error::TooLarge { path, what, limit });
            }
            entries.push(*entry);
            for (first, tiles) in by_zoom(entry) {
                zooms.entry(first.zoom()).or_default().add(first.coord(), tiles, entry.len);
                if first.zoom() == last_zoom {
                    let all = run_bounds(first, tiles);
                    bounds = Some(bounds.map_or(all, |bounds: Bounds| bounds.union(all)));
                }
            }
            Ok(ControlFlow::Continue(()))
        })?;
        let tiles = zooms.values().map(|zoom| zoom.tiles).sum();
        self.distinct(&mut entries)?;
        let total: u64 = entries.iter().map(|entry| u64::from(entry.len)).sum();
        let done = AtomicU64::new(0);
        let layers = entries
            .par_chunks(CHUNK)
            .map(|chunk| {
                let mut layers = Layers::default();
                for entry in chunk {
                    self.check(entry, &mut layers)?;
                }
                let bytes: u64 = chunk.iter().map(|entry| u64::from(entry.len)).sum();
                progress(done.fetch_add(bytes, Ordering::Relaxed) + bytes, total);
                Ok(layers)
            })
            .try_reduce(Layers::default, |a, b| Ok(a.union(b)))?;
        let contents = entries.len() as u64;
        let bounds = bounds.unwrap_or(Bounds::WORLD);
        Ok(Survey { tiles, contents, zooms, bounds, layers })
    }

    fn last_zoom(&self) -> Result<u8> {
        let mut last = 0;
        self.for_each_entry(&mut |entry| {
            last = entry.end() - 1;
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(TileId::new(last).map_or(0, TileId::zoom))
    }

    /// Leaves one entry for each content, in their order; refuses contents that lie over each other.
    fn distinct(&self, entries: &mut Vec<Entry>) -> Result<()> {
        entries.par_sort_unstable_by_key(|entry| (entry.offset, entry.len, entry.id));
        entries.dedup_by_key(|entry| (entry.offset, entry.len));
        for pair in entries.windows(2) {
            if let [a, b] = pair
                && a.offset + u64::from(a.len) > b.offset
            {
                let what = format!("tiles {} and {} lie over each other", coord(a), coord(b));
                return Err(Error::damaged(self.path(), what));
            }
        }
        Ok(())
    }

    fn check(&self, entry: &Entry, layers: &mut Layers) -> Result<()> {
        let tile = coord(entry);
        let stored = self.content(entry, tile)?;
        let broken = |why: String| Error::tile(self.path(), tile, why);
        let bytes = stored.unpack().map_err(broken)?;
        layers.read(&bytes, tile.z()).map_err(broken)
    }
}

fn coord(entry: &Entry) -> TileCoord {
    TileId::new(entry.id).unwrap_or(TileId::ROOT).coord()
}

/// Splits a run where a zoom ends: the first tile and the number of tiles in each.
fn by_zoom(entry: &Entry) -> impl Iterator<Item = (TileId, u64)> + use<> {
    let (mut at, end) = (entry.id, entry.end());
    std::iter::from_fn(move || {
        let first = TileId::new(at).filter(|_| at < end)?;
        let stop = end.min(tiles_above(first.zoom() + 1));
        let tiles = stop - at;
        at = stop;
        Some((first, tiles))
    })
}

/// Returns the box of a run of tiles within one zoom. A long run is taken as the tiles above it, which is exact
/// where it fills them.
fn run_bounds(first: TileId, tiles: u64) -> Bounds {
    let zoom = first.zoom();
    let base = tiles_above(zoom);
    let (mut at, end) = (first.get() - base, first.get() - base + tiles);
    let mut bounds = first.coord().bounds(0.0);
    while at < end {
        // The largest square of the curve that begins here and ends in the run.
        let mut up = 0_u8;
        while up < zoom
            && at.trailing_zeros() >= 2 * (u32::from(up) + 1)
            && at + (4 << (2 * up)) <= end
        {
            up += 1;
        }
        let square = TileId::new(tiles_above(zoom - up) + (at >> (2 * up)));
        bounds = square.map_or(bounds, |square| bounds.union(square.coord().bounds(0.0)));
        at += 1 << (2 * up);
    }
    bounds
}

/// Returns the fields that metadata lists for its layers, if it lists layers as TileJSON asks.
pub(crate) fn listed_layers(metadata: &serde_json::Map<String, Value>) -> Option<&Vec<Value>> {
    let layers = metadata.get("vector_layers")?.as_array()?;
    let named = |layer: &Value| layer.get("id").is_some_and(Value::is_string);
    (!layers.is_empty() && layers.iter().all(named)).then_some(layers)
}

impl Survey {
    /// Returns `metadata` with `vector_layers` that are true: as listed there when all layers found are listed,
    /// else as found.
    pub fn complete(
        &self,
        metadata: &serde_json::Map<String, Value>,
    ) -> serde_json::Map<String, Value> {
        let mut complete = metadata.clone();
        let listed = listed_layers(metadata);
        let lists = |name: &str| {
            listed.is_some_and(|all| all.iter().any(|layer| layer.get("id") == Some(&json!(name))))
        };
        if !self.layer_names().all(lists) {
            complete.insert("vector_layers".into(), self.vector_layers());
        }
        complete
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_over_zooms_is_counted_in_each() {
        let entry = Entry { id: 3, offset: 0, len: 9, run: 10 };
        let split: Vec<_> = by_zoom(&entry).map(|(first, n)| (first.get(), n)).collect();
        assert_eq!(split, [(3, 2), (5, 8)]);
    }

    #[test]
    fn the_box_of_a_run_is_that_of_its_tiles() {
        for (first, tiles) in [(5, 16), (6, 3), (85, 200), (90, 77), (341, 1)] {
            let first = TileId::new(first).unwrap();
            let slow = (0..tiles)
                .map(|i| TileId::new(first.get() + i).unwrap().coord().bounds(0.0))
                .reduce(Bounds::union)
                .unwrap();
            assert_eq!(run_bounds(first, tiles), slow, "{first:?} {tiles}");
        }
        // As fast for the whole of a deep zoom.
        let deep = TileId::new(tiles_above(30)).unwrap();
        let all = run_bounds(deep, u64::from(u32::MAX));
        assert!(all.east - all.west > 0.02);
    }
}
