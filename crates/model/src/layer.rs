//! A named dataset in the catalogue.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Archive, Bounds, Display, GeometryClass, Interval, LayerId, ModelError, Revision, Schema,
    Solid, StateSet, TilesetFiles, Timestamp,
};

/// What a layer is made of, and so which services it has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Points, lines and polygons with attributes.
    #[default]
    Vector,
    /// Pictures: orthophotos, scanned maps.
    Imagery,
    /// Heights on a grid.
    Elevation,
    /// Buildings, BIM, meshes.
    Model,
    /// Pipes and cables with topology.
    Network,
    /// Scanned points.
    PointCloud,
    /// Existing 3D Tiles kept as they are.
    Tileset,
}

impl Kind {
    const NAMES: [(Self, &'static str); 7] = [
        (Self::Vector, "vector"),
        (Self::Imagery, "imagery"),
        (Self::Elevation, "elevation"),
        (Self::Model, "model"),
        (Self::Network, "network"),
        (Self::PointCloud, "pointcloud"),
        (Self::Tileset, "tileset"),
    ];

    /// Returns the name used in URLs and on the command line.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(kind, _)| *kind == self).map_or("vector", |(_, name)| name)
    }
}

impl FromStr for Kind {
    type Err = ModelError;

    fn from_str(s: &str) -> Result<Self, ModelError> {
        let found = Self::NAMES.iter().find(|(_, name)| *name == s);
        found.map(|(kind, _)| *kind).ok_or_else(|| ModelError::Kind(s.chars().take(80).collect()))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where a layer's content came from: one entry for each import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lineage {
    /// File or address as the user named it, without folders.
    pub source: String,
    /// Format it was read as.
    pub format: String,
    /// CRS it was in.
    pub crs: String,
    /// When it was imported.
    pub at: Timestamp,
    /// The revision that it made.
    pub revision: Revision,
    /// What the importer assumed, for people.
    pub notes: Vec<String>,
}

/// A named dataset: what the catalogue knows of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Layer {
    /// Name in URLs; may be given to another layer once this one is removed.
    pub id: LayerId,
    /// Identity; never used again.
    pub uuid: Uuid,
    /// Title for people, usually Chinese.
    pub title: String,
    /// English title for people.
    #[serde(default)]
    pub title_en: Option<String>,
    /// Department that owns it.
    pub department: String,
    /// Group in the catalogue, such as `基础地理/建筑`.
    pub group: String,
    /// What it is made of.
    pub kind: Kind,
    /// Its fields.
    pub schema: Schema,
    /// CRS of the source, as an authority code or a definition.
    pub source_crs: String,
    /// Height datum of z values, as stated at import.
    pub heights: String,
    /// Box of all its features, degrees.
    pub bounds: Option<Bounds>,
    /// Number of feature versions that are current.
    pub count: u64,
    /// Class of its shapes.
    pub geometry: GeometryClass,
    /// First zoom at which tiles have content.
    pub minzoom: u8,
    /// Zoom at which nothing is generalised any more; higher ones are overzoomed by clients.
    pub maxzoom: u8,
    /// Extent of its features' valid times; `None` when none states a time.
    pub time: Option<Interval>,
    /// Name of its style under `styles/`.
    pub style: Option<String>,
    /// How it is drawn at small scales.
    #[serde(default)]
    pub display: Display,
    /// How its features become solid in 3D.
    #[serde(default)]
    pub solid: Solid,
    /// Tiles made elsewhere, for a layer that has them instead of features.
    #[serde(default)]
    pub archive: Option<Archive>,
    /// 3D tiles made elsewhere, for a layer that has them instead of features.
    #[serde(default)]
    pub tileset: Option<TilesetFiles>,
    /// States shown when a request names none.
    pub states: StateSet,
    /// Source field whose values give the feature ids.
    pub id_field: Option<String>,
    /// The last revision that changed it.
    pub revision: Revision,
    /// Its imports, oldest first.
    pub lineage: Vec<Lineage>,
}
