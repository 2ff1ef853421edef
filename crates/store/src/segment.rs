//! Segments: immutable FlatGeobuf files that hold the bulk of a layer, and their sidecars.
//!
//! A segment is read through a memory map. Its header is parsed once, the packed R-trees are walked in
//! place, and a feature is decoded into a scratch geometry and values that borrow their text from the
//! map. `decisions/0002-file-formats.md` draws the bytes.

mod columns;
mod decode;
mod encode;
mod gather;
mod header;
mod item;
mod plan;
mod sidecar;
mod table;
mod time;
mod tree;
mod write;

use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};

use onemap_generalise::DropPlan;
use onemap_model::{Bounds, Feature, FeatureId, Geometry, Interval, State, StateSet, ValueRef};
use uuid::Uuid;

use crate::Result;
use crate::change::SegmentRef;
use crate::error::StoreError;
use crate::map::{CheckedMap, Map};

pub(crate) use columns::Columns;
pub(crate) use encode::Traits;
pub use encode::{EncodedBatch, storable};
pub(crate) use gather::{ReadAt, Spool};
pub(crate) use item::{Item, drop_item, slot_of};
pub(crate) use plan::feature_join;
pub(crate) use sidecar::StoredMass;
pub(crate) use tree::{Leaf, VisitLeaf};
pub(crate) use write::{Draft, Written, write};

use sidecar::Sidecar;
use tree::Tree;

/// The scalar parts of a decoded feature; its shape and values are in the scratch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decoded {
    pub(crate) id: FeatureId,
    pub(crate) valid: Interval,
    pub(crate) state: State,
    pub(crate) has_geometry: bool,
}

/// An open segment.
#[derive(Debug)]
pub(crate) struct Segment {
    name: SegmentRef,
    data: CheckedMap,
    columns: Columns,
    names: Vec<String>,
    plan: DropPlan,
    /// Tree over all features with a shape; `None` when there are no features.
    tree: Option<Tree>,
    /// First byte of the features.
    features_at: u64,
    sidecar: Sidecar,
}

impl Segment {
    /// Opens a segment by name. A missing or damaged sidecar is made again, after the whole segment
    /// was compared with its name.
    pub(crate) fn open(dir: &Path, tmp: &Path, layer: Uuid, name: &SegmentRef) -> Result<Self> {
        let path = segment_path(dir, layer, name);
        let map = Map::open(&path)?;
        if map.bytes().len() as u64 != name.bytes {
            let what = format!("the file should have {} bytes", name.bytes);
            return Err(StoreError::damaged(&path, map.bytes().len() as u64, what));
        }
        let side_path = sidecar_path(&path);
        let sidecar = match Sidecar::open(&side_path, name) {
            Ok(sidecar) => sidecar,
            Err(error) => {
                tracing::warn!(%error, "making the index of a segment again");
                write::rebuild_sidecar(&map, name, &side_path, tmp)?;
                Sidecar::open(&side_path, name)?
            }
        };
        let len = map.bytes().len();
        let data = CheckedMap::new(map, 0, len, sidecar.segment_sums().to_vec());
        let data = data.ok_or_else(|| {
            StoreError::damaged(&side_path, 0, "it belongs to a segment of another length")
        })?;
        let head = header::read(&data)?;
        Ok(Self {
            name: name.clone(),
            data,
            columns: head.columns,
            names: head.names,
            plan: head.plan,
            tree: head.tree,
            features_at: head.features_at,
            sidecar,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        self.data.path()
    }

    /// Decides when features show that come later.
    pub(crate) fn plan(&self) -> &DropPlan {
        &self.plan
    }

    /// Names of the fields, in their order.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// The states that features have.
    pub(crate) fn states(&self) -> StateSet {
        self.sidecar.states()
    }

    /// Tells whether some feature states when it begins or ends.
    pub(crate) fn has_times(&self) -> bool {
        self.sidecar.times() > 0
    }

    /// Returns the last instant up to `at` at which some feature begins or ends, microseconds.
    pub(crate) fn change_before(&self, at: i64) -> Result<Option<i64>> {
        self.sidecar.change_before(at)
    }

    /// Returns the first instant after `at` at which some feature begins or ends, microseconds.
    pub(crate) fn change_after(&self, at: i64) -> Result<Option<i64>> {
        self.sidecar.change_after(at)
    }

    /// Returns the area of a feature found at a zoom, square metres; 0 for what is no polygon.
    pub(crate) fn area(&self, zoom: u8, leaf: &Leaf) -> Result<f32> {
        self.sidecar.area(zoom, leaf)
    }

    /// Returns the numbers of the mass cells of a zoom whose codes lie in a range.
    pub(crate) fn mass_range(&self, zoom: u8, codes: &Range<u64>) -> Result<Range<u64>> {
        self.sidecar.mass_range(zoom, codes)
    }

    /// Reads a mass cell by its number.
    pub(crate) fn mass(&self, zoom: u8, number: u64) -> Result<StoredMass> {
        self.sidecar.mass(zoom, number)
    }

    /// The greatest id that is not a hash, if any.
    pub(crate) fn greatest_plain_id(&self) -> Option<FeatureId> {
        self.sidecar.greatest_plain_id()
    }

    /// Visits the offsets of the features whose box meets `bounds` (`None`: of all), in the order of the file.
    /// Features without a shape are visited only when no box is asked for.
    pub(crate) fn find(
        &self,
        bounds: Option<&Bounds>,
        visit: &mut dyn FnMut(u64) -> Result<ControlFlow<()>>,
    ) -> Result<ControlFlow<()>> {
        if bounds.is_some() {
            return match &self.tree {
                Some(tree) => tree.find(&self.data, bounds, &mut |leaf| {
                    visit(self.features_at.saturating_add(leaf.offset))
                }),
                None => Ok(ControlFlow::Continue(())),
            };
        }
        let mut at = self.features_at;
        while at < self.name.bytes {
            if visit(at)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            at = at.saturating_add(self.feature_bytes(at)?.len() as u64);
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Visits the features that first show at a zoom, in the order of the file.
    pub(crate) fn find_at(
        &self,
        zoom: u8,
        bounds: Option<&Bounds>,
        visit: &mut VisitLeaf<'_>,
    ) -> Result<ControlFlow<()>> {
        self.sidecar.find(zoom, bounds, visit)
    }

    /// Returns where the versions of a feature are, and the first zoom at which each shows; oldest first.
    pub(crate) fn locate(&self, id: FeatureId) -> Result<Vec<(u64, u8)>> {
        self.sidecar.locate(id)
    }

    /// Decodes id, times, state and values of the feature at an offset. `values` is filled with as many
    /// as the segment has fields; those that `wanted` refuses stay null.
    pub(crate) fn values<'s>(
        &'s self,
        at: u64,
        wanted: &dyn Fn(usize) -> bool,
        values: &mut Vec<ValueRef<'s>>,
    ) -> Result<Decoded> {
        decode::values(self.feature_bytes(at)?, &self.columns, wanted, values)
            .map_err(|what| StoreError::damaged(self.path(), at, what))
    }

    /// Decodes the shape of the feature at an offset; `false` when it has none.
    pub(crate) fn geometry(&self, at: u64, into: &mut Geometry) -> Result<bool> {
        decode::geometry(self.feature_bytes(at)?, into)
            .map_err(|what| StoreError::damaged(self.path(), at, what))
    }

    /// Decodes the feature at an offset, with so many values.
    pub(crate) fn feature(&self, at: u64, fields: usize) -> Result<Feature> {
        let mut values = Vec::new();
        let mut geometry = Geometry::default();
        let found = self.values(at, &|_| true, &mut values)?;
        let has_shape = self.geometry(at, &mut geometry)?;
        values.resize(fields, ValueRef::Null);
        Ok(Feature {
            id: found.id,
            geometry: has_shape.then_some(geometry),
            values: values.iter().map(ValueRef::to_value).collect(),
            valid: found.valid,
            state: found.state,
        })
    }

    /// Bytes of a feature, its length prefix included.
    fn feature_bytes(&self, at: u64) -> Result<&[u8]> {
        let prefix = self.data.get(at, 4)?;
        let size = prefix.try_into().map_or(0, u32::from_le_bytes) as usize;
        self.data.get(at, size.saturating_add(4))
    }

    /// Reads every byte and decodes every feature; checks the name, the sidecar and its trees.
    pub(crate) fn check(&self) -> Result<()> {
        self.data.check_all()?;
        self.sidecar.check_all()?;
        write::check_name(self.data.get(0, self.name.bytes as usize)?, &self.name, self.path())?;
        let mut geometry = Geometry::default();
        let mut values = Vec::new();
        let mut seen = 0_u64;
        let _flow = self.find(None, &mut |at| {
            let found = self.values(at, &|_| true, &mut values)?;
            self.geometry(at, &mut geometry)?;
            seen += 1;
            if self.locate(found.id)?.iter().any(|&(offset, _)| offset == at) {
                return Ok(ControlFlow::Continue(()));
            }
            Err(StoreError::damaged(self.path(), at, "the index does not find this feature"))
        })?;
        if seen != self.name.features {
            let what = format!("there are {seen} features instead of {}", self.name.features);
            return Err(StoreError::damaged(self.path(), 0, what));
        }
        Ok(())
    }
}

/// Decodes a feature that is spooled and not yet in a segment.
pub(crate) fn decode_spooled<'s>(
    bytes: &'s [u8],
    columns: &Columns,
    values: &mut Vec<ValueRef<'s>>,
    geometry: &mut Geometry,
) -> Result<Decoded> {
    let broken = |_| StoreError::TooLarge("a spooled feature cannot be read back");
    let found = decode::values(bytes, columns, &|_| true, values).map_err(broken)?;
    decode::geometry(bytes, geometry).map_err(broken)?;
    Ok(found)
}

/// Returns the path of a segment.
pub(crate) fn segment_path(dir: &Path, layer: Uuid, name: &SegmentRef) -> PathBuf {
    dir.join(layer.to_string()).join(format!("{}.fgb", name.hash))
}

/// Returns the path of a segment's sidecar.
pub(crate) fn sidecar_path(segment: &Path) -> PathBuf {
    segment.with_extension("idx")
}
