//! How a layer is drawn at small scales, and layers whose tiles were made elsewhere.

use serde::{Deserialize, Serialize};

use crate::Bounds;

/// How features of a layer are ranked and joined at zooms where not all of them fit. What is not set is chosen
/// from the layer's fields and shapes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Display {
    /// What makes a feature more important than its size does.
    pub importance: Option<Importance>,
    /// Fields whose equal values make touching features one at small scales: lines that share an end, and
    /// polygons that share a border. An empty list joins nothing.
    pub merge: Option<Vec<String>>,
    /// First zoom of the layer's tiles with content.
    pub minzoom: Option<u8>,
    /// Zoom at which everything shows and nothing is simplified.
    pub maxzoom: Option<u8>,
}

/// A field that ranks features before their size does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Importance {
    /// Name of the field.
    pub field: String,
    /// Its values, most important first. Empty: the field holds numbers, greatest first.
    #[serde(default)]
    pub order: Vec<String>,
}

/// A file of the store, named by its content.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BlobRef {
    /// BLAKE3 of the whole file, 64 hexadecimal digits.
    pub hash: String,
    /// Length of the file.
    pub bytes: u64,
}

/// Vector tiles that were made elsewhere and are served as they are (PMTiles v3).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Archive {
    /// The file.
    pub blob: BlobRef,
    /// The archive's own metadata, a JSON object: `vector_layers`, attribution.
    pub metadata: String,
    /// Box of its tiles, degrees.
    pub bounds: Bounds,
    /// First zoom.
    pub minzoom: u8,
    /// Last zoom.
    pub maxzoom: u8,
}

/// 3D tiles that were made elsewhere and are served as they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TilesetFiles {
    /// Name of the root file among the files.
    pub root: String,
    /// A JSON object: each file's path below the tileset's folder, and its [`BlobRef`].
    pub manifest: BlobRef,
    /// Number of files.
    pub files: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// Version of 3D Tiles that it says.
    pub version: String,
    /// Box on the ground, degrees, if it can be told.
    pub bounds: Option<Bounds>,
    /// Least and greatest ellipsoidal height, metres.
    pub heights: Option<[f64; 2]>,
    /// The geometric error that the whole tileset states, metres.
    pub error: f64,
}
