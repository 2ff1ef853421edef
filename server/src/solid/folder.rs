//! A layer's 3D tiles as a folder of files.

use std::cell::RefCell;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use onemap_model::{GeoCell, LayerId};
use onemap_store::View;
use onemap_tile_tree::{Links, Node};
use rayon::prelude::*;

use super::trees::Planted;
use super::{Form, Manifests, Piece, draw, layer, media_type};
use crate::kept::Made as _;
use crate::tile_service::TileError;

/// What a folder of 3D tiles holds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Written {
    /// Tilesets: files of JSON.
    pub(crate) tilesets: u64,
    /// Contents: files of glTF, or whatever a tileset made elsewhere has.
    pub(crate) contents: u64,
    /// Bytes of all.
    pub(crate) bytes: u64,
    /// Bytes of the largest content.
    pub(crate) largest: u64,
}

/// Names of the files, and the tilesets that were named.
struct Files {
    below: &'static str,
    named: RefCell<Vec<GeoCell>>,
}

impl Links for Files {
    fn tileset(&self, node: &Node) -> String {
        self.named.borrow_mut().push(node.cell);
        format!("{}n/{}.json", self.below, node.cell)
    }

    fn content(&self, node: &Node) -> String {
        format!("{}c/{}.glb", self.below, node.cell)
    }
}

/// Writes the tileset of a layer, and all that it names, into a folder that is there. `progress` hears of each content: done,
/// of all.
pub(crate) fn write_folder(
    view: &View,
    id: &LayerId,
    form: &Form,
    folder: &Path,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Written, TileError> {
    let layer = layer(view, id)?;
    if layer.layer().tileset.is_some() {
        return copy(view, id, folder, progress);
    }
    let planted = Planted::make(&layer)?;
    let mut written = Written::default();
    let mut waiting = vec![None];
    while let Some(of) = waiting.pop() {
        let below = if of.is_some() { "../../../" } else { "" };
        let files = Files { below, named: RefCell::default() };
        let Some(json) = onemap_tile_tree::tileset(&planted.tree, of, &files) else { continue };
        let name = of.map_or_else(|| "tileset.json".to_owned(), |cell| format!("n/{cell}.json"));
        let text = json.to_string();
        put(&folder.join(name), text.as_bytes())?;
        written.tilesets += 1;
        written.bytes += text.len() as u64;
        waiting.extend(files.named.into_inner().into_iter().map(Some));
    }
    let nodes = planted.tree.nodes();
    let (done, bytes, largest) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    nodes.par_iter().try_for_each(|node| {
        let glb = draw::content(&layer, &planted, Piece::Node(node.cell), form)?;
        let glb = glb.unwrap_or_default();
        put(&folder.join(format!("c/{}.glb", node.cell)), &glb)?;
        bytes.fetch_add(glb.len() as u64, Ordering::Relaxed);
        largest.fetch_max(glb.len() as u64, Ordering::Relaxed);
        progress(done.fetch_add(1, Ordering::Relaxed) + 1, nodes.len() as u64);
        Ok::<(), TileError>(())
    })?;
    written.contents = nodes.len() as u64;
    written.bytes += bytes.into_inner();
    written.largest = largest.into_inner();
    Ok(written)
}

/// Copies the files of a tileset made elsewhere.
fn copy(
    view: &View,
    id: &LayerId,
    folder: &Path,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Written, TileError> {
    let layer = layer(view, id)?;
    let files = Manifests::default().files(&layer)?;
    let mut written = Written::default();
    for (at, (name, file)) in files.iter().enumerate() {
        let bytes = std::fs::read(&file.path).map_err(|error| failed(&file.path, &error))?;
        put(&folder.join(name), &bytes)?;
        let is_tileset = media_type(name) == "application/json";
        written.tilesets += u64::from(is_tileset);
        written.contents += u64::from(!is_tileset);
        written.bytes += bytes.len() as u64;
        written.largest = written.largest.max(bytes.len() as u64);
        progress(at as u64 + 1, files.len() as u64);
    }
    Ok(written)
}

fn put(path: &Path, bytes: &[u8]) -> Result<(), TileError> {
    let write = || {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, bytes)
    };
    write().map_err(|error| failed(path, &error))
}

fn failed(path: &Path, error: &std::io::Error) -> TileError {
    TileError::Stopped(format!("'{}': {error}", path.display()))
}
