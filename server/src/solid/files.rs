//! Layers whose 3D tiles were made elsewhere: their files, as they are.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use onemap_model::BlobRef;
use onemap_store::LayerView;

use crate::tile_service::TileError;

type Manifest = HashMap<String, BlobRef>;

/// The lists of files that were asked for, by the name of their content.
#[derive(Default)]
pub(crate) struct Manifests(Mutex<HashMap<String, Arc<Manifest>>>);

/// A file of a tileset.
pub(crate) struct TilesetFile {
    pub(crate) blob: BlobRef,
    pub(crate) path: PathBuf,
}

impl Manifests {
    /// Returns a file of a layer's tileset by its path, the root file for `tileset.json`; `None` where there is none.
    pub(crate) fn file(
        &self,
        layer: &LayerView<'_>,
        path: &str,
    ) -> Result<Option<TilesetFile>, TileError> {
        let Some(tileset) = &layer.layer().tileset else { return Ok(None) };
        let manifest = self.manifest(layer, &tileset.manifest)?;
        let blob = match manifest.get(path) {
            None if path == "tileset.json" => manifest.get(&tileset.root),
            found => found,
        };
        Ok(blob.map(|blob| TilesetFile { blob: blob.clone(), path: layer.blob_path(blob) }))
    }

    /// Returns all files of a layer's tileset, with their paths in it, sorted; the root file is `tileset.json`.
    pub(crate) fn files(
        &self,
        layer: &LayerView<'_>,
    ) -> Result<Vec<(String, TilesetFile)>, TileError> {
        let Some(tileset) = &layer.layer().tileset else { return Ok(Vec::new()) };
        let manifest = self.manifest(layer, &tileset.manifest)?;
        let mut files: Vec<(String, TilesetFile)> = manifest
            .iter()
            .map(|(name, blob)| {
                let name = if *name == tileset.root { "tileset.json" } else { name };
                let file = TilesetFile { blob: blob.clone(), path: layer.blob_path(blob) };
                (name.to_owned(), file)
            })
            .collect();
        files.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(files)
    }

    fn manifest(&self, layer: &LayerView<'_>, blob: &BlobRef) -> Result<Arc<Manifest>, TileError> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(manifest) = known.get(&blob.hash) {
            return Ok(Arc::clone(manifest));
        }
        let broken = |why: String| TileError::Archive(layer.layer().id.clone(), why);
        let text = std::fs::read(layer.blob_path(blob)).map_err(|e| broken(e.to_string()))?;
        let manifest: Manifest =
            serde_json::from_slice(&text).map_err(|e| broken(e.to_string()))?;
        let manifest = Arc::new(manifest);
        known.insert(blob.hash.clone(), Arc::clone(&manifest));
        Ok(manifest)
    }
}

/// Returns the media type of a file of a tileset by its name's end.
pub(crate) fn media_type(path: &str) -> &'static str {
    let end = path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    match end.as_str() {
        "json" => "application/json",
        "glb" => "model/gltf-binary",
        "gltf" => "model/gltf+json",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ktx2" => "image/ktx2",
        _ => "application/octet-stream",
    }
}
