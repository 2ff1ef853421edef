//! What a writer knows of every feature.

use std::cmp::Ordering;

use onemap_generalise::{DropItem, DropItems, DropPlan};
use onemap_model::{Bounds, Feature, Geometry, GeometryClass, Interval, Timestamp};

use super::tree::EMPTY;
use crate::Result;
use crate::error::StoreError;
use crate::spill::{Fixed, Records, take};

/// The first zoom of a feature whose layer has no plan yet.
pub(crate) const UNDECIDED: u8 = u8::MAX;

/// One feature of a segment that is being written.
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
    pub(crate) fn new(
        (id, valid): (u64, Interval),
        geometry: Option<&Geometry>,
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

    /// Returns what the drop order needs to know, but for the bytes.
    pub(crate) fn drop_item(&self, hilbert: u32) -> DropItem {
        let class = (self.vertices_and_class >> CLASS_SHIFT) as usize;
        DropItem {
            hilbert,
            class: CLASSES.get(class).copied().unwrap_or_default(),
            size: self.size,
            ranked_size: self.size,
            bytes: 0,
            vertices: self.vertices_and_class & MAX_VERTICES,
            center: self.center(),
            importance: 0.0,
        }
    }
}

impl Fixed for Item {
    const BYTES: usize = 69;

    fn put(&self, out: &mut Vec<u8>) {
        for x in self.bbox {
            out.extend_from_slice(&x.to_le_bytes());
        }
        out.extend_from_slice(&self.id.to_le_bytes());
        out.extend_from_slice(&self.from.to_le_bytes());
        out.extend_from_slice(&self.offset.to_le_bytes());
        out.extend_from_slice(&self.len.to_le_bytes());
        out.extend_from_slice(&self.size.to_le_bytes());
        out.extend_from_slice(&self.vertices_and_class.to_le_bytes());
        out.push(self.minzoom);
    }

    fn get(mut bytes: &[u8]) -> Self {
        let b = &mut bytes;
        Self {
            bbox: std::array::from_fn(|_| f64::from_le_bytes(take(b))),
            id: u64::from_le_bytes(take(b)),
            from: i64::from_le_bytes(take(b)),
            offset: u64::from_le_bytes(take(b)),
            len: u32::from_le_bytes(take(b)),
            size: f32::from_le_bytes(take(b)),
            vertices_and_class: u32::from_le_bytes(take(b)),
            minzoom: u8::from_le_bytes(take(b)),
        }
    }
}

/// A feature with its place on the Hilbert curve of the layer. Ordered as in the segment: along the curve, features
/// without a shape last; on equal places by id and begin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placed {
    pub(crate) item: Item,
    pub(crate) hilbert: u32,
}

impl Placed {
    fn key(&self) -> (bool, u32, u64, i64, u64) {
        let Self { item, hilbert } = self;
        (!item.has_box(), *hilbert, item.id, item.from, item.offset)
    }
}

impl Ord for Placed {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for Placed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Placed {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Placed {}

impl Fixed for Placed {
    const BYTES: usize = Item::BYTES + 4;

    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.hilbert.to_le_bytes());
        self.item.put(out);
    }

    fn get(mut bytes: &[u8]) -> Self {
        Self { hilbert: u32::from_le_bytes(take(&mut bytes)), item: Item::get(bytes) }
    }
}

impl Fixed for DropItem {
    const BYTES: usize = 41;

    fn put(&self, out: &mut Vec<u8>) {
        for number in [self.hilbert, self.bytes, self.vertices] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        for number in [self.size, self.ranked_size, self.importance] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        for number in self.center {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.push(CLASSES.iter().position(|&class| class == self.class).unwrap_or(0) as u8);
    }

    fn get(mut bytes: &[u8]) -> Self {
        let b = &mut bytes;
        let [hilbert, bytes, vertices] = std::array::from_fn(|_| u32::from_le_bytes(take(b)));
        let [size, ranked_size, importance] = std::array::from_fn(|_| f32::from_le_bytes(take(b)));
        let center = std::array::from_fn(|_| f64::from_le_bytes(take(b)));
        let [class] = take(b);
        let class = CLASSES.get(usize::from(class)).copied().unwrap_or_default();
        Self { hilbert, class, size, ranked_size, bytes, vertices, center, importance }
    }
}

impl DropItems for Records<DropItem> {
    type Error = StoreError;

    fn count(&self) -> usize {
        self.len()
    }

    fn for_each_run(&self, visit: &mut dyn FnMut(&[DropItem])) -> Result<()> {
        Self::for_each_run(self, &mut |run| {
            visit(run);
            Ok(())
        })
    }
}

/// Returns what the drop order needs to know of an edited feature, but for the bytes; `importance_at` is the
/// position of the field that ranks it.
pub(crate) fn drop_item(
    feature: &Feature,
    plan: &DropPlan,
    importance_at: Option<usize>,
) -> DropItem {
    let named = (feature.id.get(), feature.valid);
    let item = Item::new(named, feature.geometry.as_ref(), 0, 0);
    let mut item = item.drop_item(onemap_generalise::hilbert_of(item.center(), &plan.bounds));
    let value = importance_at.and_then(|at| feature.values.get(at));
    if let (Some(importance), Some(value)) = (&plan.importance, value) {
        item.importance = onemap_generalise::importance_of(importance, value.as_ref());
    }
    item
}
