//! What the user said about an import.

use std::collections::BTreeMap;
use std::path::PathBuf;

use onemap_model::{Kind, LayerId, State, Timestamp};

use crate::comparison::Remove;

/// What to do with the records when the layer exists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// Make a new layer; an error when it exists.
    #[default]
    Create,
    /// Add to the layer.
    Append,
    /// Put the records in the place of all that the layer holds.
    Replace,
    /// Change features with the same id, add the others.
    Upsert,
}

/// A time for every feature: one for all, or each its own from a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimeRule {
    /// The same for all.
    Fixed(Timestamp),
    /// The value of this field: a time, or a year.
    Field(String),
}

/// A state for every feature: one for all, or each its own from a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateRule {
    /// The same for all.
    Fixed(State),
    /// The value of this field, in English or Chinese.
    Field(String),
}

/// Titles and unit of a field, for people.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
pub struct FieldTitle {
    /// Chinese title.
    pub zh: Option<String>,
    /// English title.
    pub en: Option<String>,
    /// Unit.
    pub unit: Option<String>,
}

/// What the user said about an import.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Layer id; made from the source's name when not said. With several layers in the source, a prefix.
    pub layer: Option<LayerId>,
    /// Title; the source's name when not said.
    pub title: Option<String>,
    /// English title.
    pub title_en: Option<String>,
    /// Owner department.
    pub department: Option<String>,
    /// Group in the catalogue.
    pub group: Option<String>,
    /// Kind.
    pub kind: Option<Kind>,
    /// Name of the style.
    pub style: Option<String>,
    /// How the layer is drawn at small scales.
    pub display: onemap_model::Display,
    /// How features become solid in 3D.
    pub solid: onemap_model::Solid,
    /// CRS, instead of what the source says.
    pub crs: Option<String>,
    /// Heights policy: `ellipsoidal`, `offset=M` or `grid=FILE`.
    pub heights: Option<String>,
    /// Field whose values identify features over imports.
    pub id_field: Option<String>,
    /// When the facts begin to hold.
    pub valid_from: Option<TimeRule>,
    /// When they cease to hold.
    pub valid_to: Option<TimeRule>,
    /// Lifecycle state.
    pub state: Option<StateRule>,
    /// What to do when the layer exists.
    pub mode: Mode,
    /// Read and check everything, store nothing.
    pub dry_run: bool,
    /// Store what the checks found errors in, too.
    pub accept: bool,
    /// What becomes of stored features that an update does not hold.
    pub remove: Remove,
    /// Features are at one place when their corners are at most so far apart, metres; 0.1 when not said.
    pub snap: Option<f64>,
    /// The revisions of the layers that a review saw, `None` where there was no layer: when they are others by now, the
    /// import fails.
    pub reviewed: BTreeMap<LayerId, Option<u64>>,
    /// Where to list rejected records; a file in the store's folder when not said.
    pub rejects: Option<PathBuf>,
    /// Titles of fields, by name.
    pub field_titles: BTreeMap<String, FieldTitle>,
    /// Who imports, for the log.
    pub actor: String,
}
