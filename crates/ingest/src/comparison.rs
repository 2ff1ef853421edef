//! What a package would change in the layer that is stored: added, changed, renumbered, absent.
//!
//! Features are compared while they pass through the workers, each with the one that is stored under its id; nothing but
//! what differs is kept. A feature whose id is new is looked for at its place: one of the same kind and shape there,
//! whose own id the package lacks, was given a new number.
//!
//! What the package lacks is *absent* if the package could have held it. An update ([`Mode::Upsert`](crate::Mode)) speaks of what
//! lies within the convex hull of its features, 20 m more on every side, and is of a state and (in networks) of a class of
//! pipelines that the package holds; a replacement speaks of the whole layer. What is absent from an update stays,
//! unless the user asks to remove it: then it ends when the update begins, as the old versions of what changed do.

mod against;
mod cover;
mod differ;
mod forms;
mod ledger;

use onemap_model::Geometry;
use serde::Serialize;

pub(crate) use against::{Against, Compared, Facing, Terms};
pub(crate) use cover::Cover;
pub(crate) use forms::tell;
pub use forms::{changes_text, write_changes};
pub(crate) use ledger::{Ledger, end};

/// Changes kept of one layer; more are only counted.
const MOST: usize = 100_000;
/// Vertices of shapes kept for the map of changes of one layer; changes beyond are points.
const MOST_VERTICES: usize = 1_000_000;

/// What an update does with stored features that the package does not hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Remove {
    /// They stay.
    #[default]
    Nothing,
    /// Those end that the package holds under a new number.
    Renumbered,
    /// Those end, and all that are absent from where the package is.
    Absent,
}

impl Remove {
    /// Reads the name of it: `nothing`, `renumbered` or `absent`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "nothing" => Some(Self::Nothing),
            "renumbered" => Some(Self::Renumbered),
            "absent" => Some(Self::Absent),
            _ => None,
        }
    }
}

/// What a package changes in a layer.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Comparison {
    /// The revision of the layer that the package was compared with.
    pub revision: u64,
    /// What the package speaks of: `extent` for an update, `layer` for a replacement.
    pub scope: &'static str,
    /// Features that are not stored yet.
    pub added: u64,
    /// Features that are stored otherwise.
    pub changed: u64,
    /// Those of the changed and renumbered ones that moved or have another shape.
    pub moved: u64,
    /// Features that are stored at the same place under another number.
    pub renumbered: u64,
    /// Stored features that the package does not hold though it could.
    pub absent: u64,
    /// Stored features that publishing ends: absent ones, and old numbers.
    pub removed: u64,
    /// Features that are stored as they are in the package.
    pub same: u64,
    /// The differences: added, changed and renumbered ones in the package's order, then absent ones by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub list: Vec<Change>,
}

/// How a feature differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// It is not stored yet.
    Added,
    /// It is stored otherwise.
    Changed,
    /// It is stored under another number.
    Renumbered,
    /// It is stored, and the package lacks it.
    Absent,
}

impl ChangeKind {
    /// All kinds, in the order of lists.
    pub const ALL: [Self; 4] = [Self::Added, Self::Changed, Self::Renumbered, Self::Absent];

    /// Returns the name used in tables and addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Renumbered => "renumbered",
            Self::Absent => "absent",
        }
    }
}

/// One feature that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// How.
    pub change: ChangeKind,
    /// Feature id: the stored one of what is absent, else the one in the package.
    pub id: u64,
    /// What the source calls it: the point number, or those of a line's ends.
    pub name: String,
    /// What it is in its network: `pipe`, `manhole`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub element: Option<String>,
    /// Name under which it is stored, where that is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
    /// Feature id of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was_id: Option<u64>,
    /// Whether publishing ends it, or its old number.
    pub removed: bool,
    /// How far the corner that moved most did, metres; left out where nothing moved by more than half a millimetre.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved_m: Option<f64>,
    /// How far the corner that rose or sank most did, metres, positive upwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raised_m: Option<f64>,
    /// Whether its shape has another kind or other corners.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reshaped: bool,
    /// Fields that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldChange>,
    /// Where it is, `[lon, lat]` degrees.
    pub lonlat: Option<[f64; 2]>,
    /// Where that corner was, `[lon, lat]` degrees, of what moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<[f64; 2]>,
    /// Its shape, for the map.
    #[serde(skip)]
    pub shape: Option<Geometry>,
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldChange {
    /// Name.
    pub field: String,
    /// Title for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Stored value; null where there was none.
    pub old: serde_json::Value,
    /// Value in the package; null where there is none.
    pub new: serde_json::Value,
}

impl Comparison {
    /// Tells whether publishing would change nothing.
    pub fn is_same(&self) -> bool {
        self.added + self.changed + self.renumbered + self.removed == 0
    }

    /// Returns how many differences of a kind there are, listed or not.
    pub fn count(&self, kind: ChangeKind) -> u64 {
        match kind {
            ChangeKind::Added => self.added,
            ChangeKind::Changed => self.changed,
            ChangeKind::Renumbered => self.renumbered,
            ChangeKind::Absent => self.absent,
        }
    }
}
