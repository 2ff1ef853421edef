//! What the log records: who changed what, when, from what to what.

use onemap_model::{Feature, FeatureId, Layer, Revision, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One committed change: the content of one frame of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) revision: Revision,
    pub(crate) at: Timestamp,
    /// Who asked for it: a user, a key, `cli`.
    pub(crate) actor: String,
    pub(crate) change: Change,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Change {
    /// Layers got new segments by one import; all of them or none.
    Imported { layers: Vec<Content> },
    /// The edits of a layer were folded into a new segment; nothing a reader sees has changed.
    Compacted { layer: Content },
    /// Features were created, changed or deleted; all of them or none.
    Edited { layer: Uuid, edits: Vec<EditRecord> },
    /// What the catalogue says of a layer was changed.
    Described { layer: Layer },
    /// A layer was removed from the catalogue.
    Removed { layer: Uuid },
    /// Segments that show no more were deleted for good.
    Forgotten { segments: Vec<(Uuid, SegmentRef)> },
}

/// The content of a layer from now on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(crate) layer: Layer,
    pub(crate) segments: Vec<SegmentRef>,
    /// Segments of this layer that show no more; their files stay for reading old revisions.
    pub(crate) replaced: Vec<SegmentRef>,
    /// Edits after this revision are not in the segments and go on to lie over them; those up to it
    /// are in the segments, or were replaced.
    pub(crate) folded: Revision,
}

/// Names a segment file by its content.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct SegmentRef {
    /// BLAKE3 of the whole file, 64 hexadecimal digits.
    pub(crate) hash: String,
    /// Length of the file.
    pub(crate) bytes: u64,
    /// Number of features in it.
    pub(crate) features: u64,
}

/// One feature's change; `before` and `after` are `None` where it did not or does not exist.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct EditRecord {
    pub(crate) id: FeatureId,
    pub(crate) before: Option<Feature>,
    pub(crate) after: Option<Feature>,
    /// First zoom at which `after` shows.
    pub(crate) minzoom: u8,
}

/// Tells whether two descriptions of a layer give the same tiles for the same features.
pub(crate) fn draw_alike(a: &Layer, b: &Layer) -> bool {
    let zooms = a.minzoom == b.minzoom && a.maxzoom == b.maxzoom;
    a.states == b.states && a.solid == b.solid && zooms
}

/// Brings the catalogue's figures of a layer up to date with a group of edits.
pub(crate) fn count_edits(layer: &mut Layer, edits: &[EditRecord], revision: Revision) {
    for edit in edits {
        match (&edit.before, &edit.after) {
            (None, Some(_)) => layer.count += 1,
            (Some(_), None) => layer.count = layer.count.saturating_sub(1),
            _ => {}
        }
        let Some(after) = &edit.after else { continue };
        if let Some(geometry) = &after.geometry {
            layer.geometry = layer.geometry.union(geometry.class());
            if let Some(bounds) = geometry.bounds() {
                layer.bounds = Some(layer.bounds.map_or(bounds, |b| b.union(bounds)));
            }
        }
        layer.time = union_time(layer.time, stated(after.valid));
    }
    layer.revision = revision;
}

/// Returns a valid time that states something, `None` for "always".
pub(crate) fn stated(valid: onemap_model::Interval) -> Option<onemap_model::Interval> {
    (valid != onemap_model::Interval::ALWAYS).then_some(valid)
}

/// Returns the extent of both; an end that is open in one is open in the extent.
pub(crate) fn union_time(
    a: Option<onemap_model::Interval>,
    b: Option<onemap_model::Interval>,
) -> Option<onemap_model::Interval> {
    let (Some(a), Some(b)) = (a, b) else { return a.or(b) };
    Some(onemap_model::Interval {
        from: a.from.zip(b.from).map(|(x, y)| x.min(y)),
        to: a.to.zip(b.to).map(|(x, y)| x.max(y)),
    })
}
