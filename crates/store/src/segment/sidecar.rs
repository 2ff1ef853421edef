//! The sidecar of a segment: from ids to offsets, one R-tree for each zoom at which features first show, the
//! mass of what does not show, the times at which something changes, and the checksums of the segment's
//! blocks. It can be made again from the segment.

mod entry;
mod out;
mod write;

use std::ops::{ControlFlow, Range};
use std::path::Path;

use onemap_generalise::MassSum;
use onemap_model::{Bounds, FeatureId, MAX_ZOOM, StateSet};

use super::tree::{self, Leaf, Tree, VisitLeaf};
use crate::Result;
use crate::change::SegmentRef;
use crate::error::StoreError;
use crate::map::{BLOCK, CheckedMap, Map};

pub(super) use write::{Contents, write};

const MAGIC: &[u8; 8] = b"OMAPIDX\x02";
/// Bytes of the header: fixed fields, then the sections, zeros, CRC-32.
const HEADER: usize = 2048;
/// Where the sections are told: offset and count (8 bytes each) of the checksums, the times, then of the tree
/// and the mass of each zoom.
const SECTIONS_AT: usize = 96;
const ZOOMS: usize = MAX_ZOOM as usize + 1;
/// Bytes of an id's entry: the id, then the first zoom (highest byte) and the offset.
const ENTRY: usize = 16;
const OFFSET_BITS: u32 = 56;
/// Bytes of a mass cell: code, area, moments (2), count, offset of the best feature.
const MASS: usize = 48;

/// A mass cell in the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StoredMass {
    /// Morton code.
    pub(crate) cell: u64,
    pub(crate) sum: MassSum,
    /// Offset of the best-ranked feature in the segment.
    pub(crate) best: u64,
}

/// An open sidecar.
#[derive(Debug)]
pub(super) struct Sidecar {
    data: CheckedMap,
    features: u64,
    trees: Vec<Option<(Tree, Section)>>,
    mass: Vec<Section>,
    times: Section,
    segment_sums: Vec<u32>,
    greatest: u64,
    states: StateSet,
}

/// Where a list is, and how long.
#[derive(Debug, Clone, Copy)]
struct Section {
    at: u64,
    count: u64,
}

impl Sidecar {
    /// Opens the sidecar of a segment; an error when it is missing, damaged or another segment's.
    pub(super) fn open(path: &Path, name: &SegmentRef) -> Result<Self> {
        let map = Map::open(path)?;
        Self::of_map(map, name)
            .ok_or_else(|| StoreError::damaged(path, 0, "it is not the index of this segment"))
    }

    fn of_map(map: Map, name: &SegmentRef) -> Option<Self> {
        let bytes = map.bytes();
        let header = bytes.get(..HEADER)?;
        let (body, crc) = header.split_at(HEADER - 4);
        let hash = blake3::Hash::from_hex(&name.hash).ok()?;
        let good = crc32fast::hash(body).to_le_bytes() == crc
            && body.starts_with(MAGIC)
            && body.get(8..12)? == (BLOCK as u32).to_le_bytes()
            && body.get(64..96)? == hash.as_bytes();
        if !good {
            return None;
        }
        let number = |i: usize| body.get(16 + i * 8..24 + i * 8).map(le_u64);
        let [features, len, greatest, own_sums_at, end, states] = [0, 1, 2, 3, 4, 5].map(number);
        let right = features == Some(name.features)
            && len == Some(name.bytes)
            && end == Some(bytes.len() as u64);
        if !right {
            return None;
        }
        let own_sums = bytes.get(usize::try_from(own_sums_at?).ok()?..)?;
        if body.get(12..16)? != crc32fast::hash(own_sums).to_le_bytes() {
            return None;
        }
        let section = |i: usize| {
            let entry = body.get(SECTIONS_AT + i * 16..SECTIONS_AT + (i + 1) * 16)?;
            let (at, count) = entry.split_at(8);
            Some(Section { at: le_u64(at), count: le_u64(count) })
        };
        let trees = (0..ZOOMS)
            .map(|zoom| {
                let Section { at, count } = section(2 + zoom)?;
                let areas = Section { at: at.checked_add(tree::size(count)?)?, count };
                Some(Tree::new(at, count).map(|tree| (tree, areas)))
            })
            .collect::<Option<Vec<_>>>()?;
        let mass = (0..ZOOMS).map(|zoom| section(2 + ZOOMS + zoom)).collect::<Option<Vec<_>>>()?;
        let (sums, times) = (section(0)?, section(1)?);
        let own_sums = own_sums.chunks_exact(4).map(le_u32).collect();
        let checked = usize::try_from(own_sums_at?).ok()?.checked_sub(HEADER)?;
        let data = CheckedMap::new(map, HEADER, checked, own_sums)?;
        let sums = data.get(sums.at, usize::try_from(sums.count).ok()?.checked_mul(4)?).ok()?;
        let segment_sums = sums.chunks_exact(4).map(le_u32).collect();
        let states = StateSet::from_bits(states? as u8);
        let (features, greatest) = (features?, greatest?);
        Some(Self { data, features, trees, mass, times, segment_sums, greatest, states })
    }

    /// CRC-32 of each block of the segment.
    pub(super) fn segment_sums(&self) -> &[u32] {
        &self.segment_sums
    }

    pub(super) fn greatest_plain_id(&self) -> Option<FeatureId> {
        FeatureId::new(self.greatest).ok()
    }

    /// The states that features have.
    pub(super) fn states(&self) -> StateSet {
        self.states
    }

    /// Number of instants at which some feature begins or ends.
    pub(super) fn times(&self) -> u64 {
        self.times.count
    }

    /// Returns the last instant up to `at` at which some feature begins or ends, microseconds.
    pub(super) fn change_before(&self, at: i64) -> Result<Option<i64>> {
        self.times_until(at)?.checked_sub(1).map(|i| self.time(i)).transpose()
    }

    /// Returns the first instant after `at` at which some feature begins or ends, microseconds.
    pub(super) fn change_after(&self, at: i64) -> Result<Option<i64>> {
        let next = self.times_until(at)?;
        (next < self.times.count).then(|| self.time(next)).transpose()
    }

    /// Returns the number of instants up to `at`.
    fn times_until(&self, at: i64) -> Result<u64> {
        let (mut low, mut high) = (0, self.times.count);
        while low < high {
            let middle = low.midpoint(high);
            if self.time(middle)? <= at { low = middle + 1 } else { high = middle }
        }
        Ok(low)
    }

    fn time(&self, i: u64) -> Result<i64> {
        Ok(le_u64(self.data.get(self.times.at + i * 8, 8)?) as i64)
    }

    pub(super) fn check_all(&self) -> Result<()> {
        self.data.check_all()
    }

    /// Visits the features that first show at a zoom, in the order of the segment.
    pub(super) fn find(
        &self,
        zoom: u8,
        bounds: Option<&Bounds>,
        visit: &mut VisitLeaf<'_>,
    ) -> Result<ControlFlow<()>> {
        match self.trees.get(usize::from(zoom)) {
            Some(Some((tree, _))) => tree.find(&self.data, bounds, visit),
            _ => Ok(ControlFlow::Continue(())),
        }
    }

    /// Returns the area of a feature found at a zoom, square metres; 0 for what is no polygon.
    pub(super) fn area(&self, zoom: u8, leaf: &Leaf) -> Result<f32> {
        let Some(Some((_, areas))) = self.trees.get(usize::from(zoom)) else { return Ok(0.0) };
        if leaf.number >= areas.count {
            return Err(StoreError::damaged(self.data.path(), areas.at, "an area is missing"));
        }
        Ok(f32::from_bits(le_u32(self.data.get(areas.at + leaf.number * 4, 4)?)))
    }

    /// Returns the numbers of the mass cells of a zoom whose codes lie in a range.
    pub(super) fn mass_range(&self, zoom: u8, codes: &Range<u64>) -> Result<Range<u64>> {
        let Some(section) = self.mass.get(usize::from(zoom)) else { return Ok(0..0) };
        let first = |code: u64| -> Result<u64> {
            let (mut low, mut high) = (0, section.count);
            while low < high {
                let middle = low.midpoint(high);
                let found = le_u64(self.data.get(section.at + middle * MASS as u64, 8)?);
                if found < code { low = middle + 1 } else { high = middle }
            }
            Ok(low)
        };
        Ok(first(codes.start)?..first(codes.end)?)
    }

    /// Reads a mass cell by its number.
    pub(super) fn mass(&self, zoom: u8, number: u64) -> Result<StoredMass> {
        let section = self.mass.get(usize::from(zoom)).filter(|section| number < section.count);
        let section =
            section.ok_or_else(|| StoreError::damaged(self.data.path(), 0, "a cell is missing"))?;
        let bytes = self.data.get(section.at + number * MASS as u64, MASS)?;
        let mut fields = bytes.chunks_exact(8).map(le_u64);
        let mut next = || fields.next().unwrap_or_default();
        let cell = next();
        let sum = MassSum { area_dm2: next(), moments: [next(), next()], count: next() };
        Ok(StoredMass { cell, sum, best: next() })
    }

    /// Finds where the versions of a feature are, and the first zoom at which each shows; the oldest first.
    pub(super) fn locate(&self, id: FeatureId) -> Result<Vec<(u64, u8)>> {
        let entry = |i: u64| self.data.get(HEADER as u64 + i * ENTRY as u64, ENTRY);
        let (mut low, mut high) = (0, self.features);
        while low < high {
            let middle = low.midpoint(high);
            let (found, _) = entry(middle)?.split_at(8);
            if le_u64(found) < id.get() { low = middle + 1 } else { high = middle }
        }
        let mut places = Vec::new();
        while low < self.features {
            let (found, place) = entry(low)?.split_at(8);
            if le_u64(found) != id.get() {
                break;
            }
            let place = le_u64(place);
            places.push((place & ((1 << OFFSET_BITS) - 1), (place >> OFFSET_BITS) as u8));
            low += 1;
        }
        Ok(places)
    }
}

fn le_u32(bytes: &[u8]) -> u32 {
    bytes.try_into().map_or(0, u32::from_le_bytes)
}

fn le_u64(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u64::from_le_bytes)
}
