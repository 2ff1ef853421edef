//! Blobs: files that are kept as they came, named by their content.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use onemap_model::BlobRef;
use tempfile::NamedTempFile;

use crate::bulk::ImportTx;
use crate::error::Doing;
use crate::view::LayerView;
use crate::{Result, files};

/// Bytes that are copied at a time.
const CHUNK: usize = 1 << 20;

impl ImportTx {
    /// Keeps bytes as a file of the store, durably, as [`ImportTx::put_blob`] does.
    pub fn put_blob_bytes(&self, bytes: &[u8]) -> Result<BlobRef> {
        let paths = &self.store.paths;
        let hash = blake3::hash(bytes).to_hex().to_string();
        let blob = BlobRef { hash, bytes: bytes.len() as u64 };
        let path = path(&paths.root, &blob);
        if path.metadata().is_ok_and(|known| known.len() == blob.bytes) {
            return Ok(blob);
        }
        let mut to = NamedTempFile::new_in(&paths.tmp).doing("create a file in", &paths.tmp)?;
        to.write_all(bytes).doing("write", to.path())?;
        to.as_file().sync_all().doing("sync", to.path())?;
        path.parent().map_or(Ok(()), files::create_dir)?;
        files::put_in_place(to, &path)?;
        Ok(blob)
    }

    /// Copies a file into the store, durably. A blob that no committed layer names is never served.
    pub fn put_blob(&self, source: &Path) -> Result<BlobRef> {
        let paths = &self.store.paths;
        let mut from = File::open(source).doing("open", source)?;
        let mut to = NamedTempFile::new_in(&paths.tmp).doing("create a file in", &paths.tmp)?;
        let mut hasher = blake3::Hasher::new();
        let mut chunk = vec![0; CHUNK];
        let mut bytes = 0;
        loop {
            let read = from.read(&mut chunk).doing("read", source)?;
            let Some(read) = chunk.get(..read).filter(|read| !read.is_empty()) else { break };
            hasher.update(read);
            to.write_all(read).doing("write", to.path())?;
            bytes += read.len() as u64;
        }
        to.as_file().sync_all().doing("sync", to.path())?;
        let blob = BlobRef { hash: hasher.finalize().to_hex().to_string(), bytes };
        let path = path(&paths.root, &blob);
        path.parent().map_or(Ok(()), files::create_dir)?;
        files::put_in_place(to, &path)?;
        Ok(blob)
    }
}

impl LayerView<'_> {
    /// Returns the file of the layer's own tiles, if it has such.
    pub fn archive_path(&self) -> Option<PathBuf> {
        let archive = self.layer().archive.as_ref()?;
        Some(path(self.root(), &archive.blob))
    }
}

impl LayerView<'_> {
    /// Returns where a file is that a feature of the layer names, such as a texture.
    pub fn blob_path(&self, blob: &BlobRef) -> PathBuf {
        path(self.root(), blob)
    }
}

/// Returns where a blob is.
fn path(root: &Path, blob: &BlobRef) -> PathBuf {
    root.join("blobs").join(blob.hash.get(..2).unwrap_or("00")).join(&blob.hash)
}
