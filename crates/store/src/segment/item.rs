//! What a writer keeps in memory of every feature.

use onemap_generalise::{DropItem, DropPlan};
use onemap_model::{Bounds, Feature, Geometry, GeometryClass, Interval, Timestamp, ValueRef};

use super::tree::EMPTY;

/// The first zoom of a feature whose layer has no plan yet.
pub(crate) const UNDECIDED: u8 = u8::MAX;

/// One feature of a segment that is being written: 80 bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item {
    /// Box; [`EMPTY`] for a feature without a shape.
    pub(crate) bbox: [f64; 4],
    pub(crate) id: u64,
    /// When it begins to hold, microseconds; with the id it names a version ([`slot_of`]).
    pub(crate) from: i64,
    /// Where its bytes are.
    pub(crate) offset: u64,
    /// Number of its bytes.
    pub(crate) len: u32,
    /// Square metres or metres, as [`DropItem::size`].
    size: f32,
    /// As [`DropItem::bytes`].
    tile_bytes: u32,
    /// Vertices, and the class in the upper three bits.
    vertices_and_class: u32,
    /// First zoom at which it shows; [`UNDECIDED`] before the plan is made.
    pub(crate) minzoom: u8,
}

/// Returns what tells the versions of a feature apart: when it begins to hold.
pub(crate) fn slot_of(valid: Interval) -> i64 {
    valid.from.map_or(i64::MIN, Timestamp::as_micros)
}

const CLASSES: [GeometryClass; 5] = [
    GeometryClass::None,
    GeometryClass::Point,
    GeometryClass::Line,
    GeometryClass::Polygon,
    GeometryClass::Mixed,
];
const CLASS_SHIFT: u32 = 29;
const MAX_VERTICES: u32 = (1 << CLASS_SHIFT) - 1;

impl Item {
    /// Measures a feature whose bytes are at `offset`.
    pub(crate) fn new<'a>(
        (id, valid): (u64, Interval),
        geometry: Option<&Geometry>,
        values: impl IntoIterator<Item = ValueRef<'a>>,
        offset: u64,
        len: u32,
    ) -> Self {
        let vertices = geometry.map_or(0, Geometry::vertex_count);
        let bounds = geometry.and_then(Geometry::bounds);
        let (class, size) = match (geometry, bounds) {
            (Some(geometry), Some(_)) => onemap_generalise::size(geometry),
            _ => (GeometryClass::None, 0.0),
        };
        let class = CLASSES.iter().position(|&c| c == class).unwrap_or(0) as u32;
        let vertices_and_class =
            (class << CLASS_SHIFT) | u32::try_from(vertices).unwrap_or(u32::MAX).min(MAX_VERTICES);
        Self {
            bbox: bounds.map_or(EMPTY, Bounds::to_array),
            id,
            from: slot_of(valid),
            minzoom: UNDECIDED,
            offset,
            len,
            size: size as f32,
            tile_bytes: onemap_generalise::estimated_bytes(vertices, values),
            vertices_and_class,
        }
    }

    /// Returns the same feature with its bytes `by` further on.
    pub(crate) fn moved(&self, by: u64) -> Self {
        Self { offset: self.offset + by, ..*self }
    }

    /// Returns the same feature with another first zoom.
    pub(crate) fn shown_from(self, minzoom: u8) -> Self {
        Self { minzoom, ..self }
    }

    pub(crate) fn has_box(&self) -> bool {
        self.bbox[0] <= self.bbox[2]
    }

    pub(crate) fn center(&self) -> [f64; 2] {
        if self.has_box() {
            [f64::midpoint(self.bbox[0], self.bbox[2]), f64::midpoint(self.bbox[1], self.bbox[3])]
        } else {
            [0.0, 0.0]
        }
    }

    /// Returns the area of a polygon, square metres; 0 for everything else.
    pub(crate) fn area_m2(&self) -> f32 {
        let class = CLASSES.get((self.vertices_and_class >> CLASS_SHIFT) as usize).copied();
        match class {
            Some(GeometryClass::Polygon | GeometryClass::Mixed) => self.size,
            _ => 0.0,
        }
    }

    pub(crate) fn is_line(&self) -> bool {
        let class = CLASSES.get((self.vertices_and_class >> CLASS_SHIFT) as usize).copied();
        class == Some(GeometryClass::Line)
    }

    /// Returns what the drop order needs to know.
    pub(crate) fn drop_item(&self, hilbert: u32) -> DropItem {
        let class = (self.vertices_and_class >> CLASS_SHIFT) as usize;
        DropItem {
            hilbert,
            class: CLASSES.get(class).copied().unwrap_or_default(),
            size: self.size,
            ranked_size: self.size,
            bytes: self.tile_bytes,
            vertices: self.vertices_and_class & MAX_VERTICES,
            center: self.center(),
            importance: 0.0,
        }
    }
}

/// Returns what the drop order needs to know of an edited feature; `importance_at` is the position of the field
/// that ranks it.
pub(crate) fn drop_item(
    feature: &Feature,
    plan: &DropPlan,
    importance_at: Option<usize>,
) -> DropItem {
    let values = feature.values.iter().map(onemap_model::Value::as_ref);
    let named = (feature.id.get(), feature.valid);
    let item = Item::new(named, feature.geometry.as_ref(), values, 0, 0);
    let mut item = item.drop_item(onemap_generalise::hilbert_of(item.center(), &plan.bounds));
    let value = importance_at.and_then(|at| feature.values.get(at));
    if let (Some(importance), Some(value)) = (&plan.importance, value) {
        item.importance = onemap_generalise::importance_of(importance, value.as_ref());
    }
    item
}
