//! What the sections of a sidecar are sorted from.

use onemap_generalise::{MassCell, MassEntry, MassSum};

use super::MASS;
use crate::spill::{Fixed, take};

/// An entry of the id index on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct IdEntry {
    pub(super) id: u64,
    /// Begin of the version.
    pub(super) from: i64,
    /// First zoom and offset, as in the file.
    pub(super) place: u64,
}

impl Fixed for IdEntry {
    const BYTES: usize = 24;

    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.id.to_le_bytes());
        out.extend_from_slice(&self.from.to_le_bytes());
        out.extend_from_slice(&self.place.to_le_bytes());
    }

    fn get(mut bytes: &[u8]) -> Self {
        let b = &mut bytes;
        Self {
            id: u64::from_le_bytes(take(b)),
            from: i64::from_le_bytes(take(b)),
            place: u64::from_le_bytes(take(b)),
        }
    }
}

/// A leaf of the tree of one zoom.
#[derive(Debug, Clone, Copy)]
pub(super) struct ZoomLeaf {
    pub(super) bbox: [f64; 4],
    pub(super) offset: u64,
    pub(super) area_m2: f32,
}

impl Fixed for ZoomLeaf {
    const BYTES: usize = 44;

    fn put(&self, out: &mut Vec<u8>) {
        for x in self.bbox {
            out.extend_from_slice(&x.to_le_bytes());
        }
        out.extend_from_slice(&self.offset.to_le_bytes());
        out.extend_from_slice(&self.area_m2.to_le_bytes());
    }

    fn get(mut bytes: &[u8]) -> Self {
        let b = &mut bytes;
        Self {
            bbox: std::array::from_fn(|_| f64::from_le_bytes(take(b))),
            offset: u64::from_le_bytes(take(b)),
            area_m2: f32::from_le_bytes(take(b)),
        }
    }
}

impl Fixed for MassEntry {
    const BYTES: usize = 33;

    fn put(&self, out: &mut Vec<u8>) {
        for number in [self.code, self.name, self.area_dm2, self.rank] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.push(self.first);
    }

    fn get(mut bytes: &[u8]) -> Self {
        let b = &mut bytes;
        let [code, name, area_dm2, rank] = std::array::from_fn(|_| u64::from_le_bytes(take(b)));
        let [first] = take(b);
        Self { code, name, area_dm2, rank, first }
    }
}

/// As in the file.
impl Fixed for MassCell {
    const BYTES: usize = MASS;

    fn put(&self, out: &mut Vec<u8>) {
        let Self { cell, sum, best } = self;
        let [x, y] = sum.moments;
        for number in [*cell, sum.area_dm2, x, y, sum.count, *best] {
            out.extend_from_slice(&number.to_le_bytes());
        }
    }

    fn get(mut bytes: &[u8]) -> Self {
        let b = &mut bytes;
        let [cell, area_dm2, x, y, count, best] =
            std::array::from_fn(|_| u64::from_le_bytes(take(b)));
        Self { cell, sum: MassSum { area_dm2, moments: [x, y], count }, best }
    }
}
