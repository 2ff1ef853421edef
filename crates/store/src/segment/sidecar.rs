//! The sidecar of a segment: from ids to offsets, one R-tree for each zoom at which features first show,
//! and the checksums of the segment's blocks. It can be made again from the segment.

use std::io::{Seek, SeekFrom, Write};
use std::ops::ControlFlow;
use std::path::Path;

use onemap_generalise::DropOrder;
use onemap_model::{Bounds, FeatureId, MAX_ZOOM};
use tempfile::NamedTempFile;

use super::item::Item;
use super::tree::{self, Tree};
use crate::Result;
use crate::change::SegmentRef;
use crate::error::{Doing, StoreError};
use crate::map::{BLOCK, BlockSums, CheckedMap, Map};

const MAGIC: &[u8; 8] = b"OMAPIDX\x01";
/// Bytes of the header: fixed fields, then 31 zooms of (offset, leaves), zeros, CRC-32.
const HEADER: usize = 1024;
const ZOOMS_AT: usize = 136;
const ZOOMS: usize = MAX_ZOOM as usize + 1;
/// Bytes of an id's entry: the id, then the first zoom (highest byte) and the offset.
const ENTRY: usize = 16;
const OFFSET_BITS: u32 = 56;

/// What a sidecar is made of; slices run along the features of the segment.
pub(super) struct Contents<'a> {
    pub(super) name: &'a SegmentRef,
    pub(super) items: &'a [Item],
    /// Where each feature is in the segment.
    pub(super) offsets: &'a [u64],
    pub(super) order: &'a DropOrder,
    pub(super) segment_sums: &'a [u32],
}

/// Writes a sidecar to a temporary file.
pub(super) fn write(tmp: &Path, contents: &Contents<'_>) -> Result<NamedTempFile> {
    let mut out = Out::new(tmp)?;
    let mut ids: Vec<(u64, u64)> = entries(contents);
    rayon::slice::ParallelSliceMut::par_sort_unstable(ids.as_mut_slice());
    let plain = ids.partition_point(|&(id, _)| id < FeatureId::HASHED);
    let greatest = plain.checked_sub(1).and_then(|i| ids.get(i)).map_or(u64::MAX, |&(id, _)| id);
    for (id, place) in ids {
        out.put(&id.to_le_bytes())?;
        out.put(&place.to_le_bytes())?;
    }
    let mut zooms = Vec::with_capacity(ZOOMS);
    for zoom in 0..=MAX_ZOOM {
        let members = members(contents, zoom);
        zooms.push((out.len, members.len() as u64));
        let leaf = |i: u64| {
            let feature = members.get(i as usize).map_or(0, |&f| f as usize);
            let bbox = contents.items.get(feature).map_or(tree::EMPTY, |item| item.bbox);
            (bbox, contents.offsets.get(feature).copied().unwrap_or(0))
        };
        tree::write(members.len() as u64, leaf, &mut |bytes| out.put(bytes))?;
    }
    let sums_at = out.len;
    for sum in contents.segment_sums {
        out.put(&sum.to_le_bytes())?;
    }
    let thresholds_at = out.len;
    for threshold in &contents.order.thresholds {
        out.put(&threshold.to_le_bytes())?;
    }
    let own_sums_at = out.len;
    let own_sums: Vec<u8> =
        std::mem::take(&mut out.sums).finish().iter().flat_map(|s| s.to_le_bytes()).collect();
    out.put(&own_sums)?;

    let mut header = vec![0; ZOOMS_AT];
    let mut set = |at: usize, bytes: &[u8]| {
        if let Some(slot) = header.get_mut(at..at + bytes.len()) {
            slot.copy_from_slice(bytes);
        }
    };
    let hash = blake3::Hash::from_hex(&contents.name.hash).map_or([0; 32], |h| *h.as_bytes());
    set(0, MAGIC);
    set(8, &(BLOCK as u32).to_le_bytes());
    set(12, &crc32fast::hash(&own_sums).to_le_bytes());
    let numbers = [
        contents.items.len() as u64,
        contents.name.bytes,
        sums_at,
        contents.segment_sums.len() as u64,
        thresholds_at,
        contents.order.thresholds.len() as u64,
        own_sums_at,
        out.len,
        greatest,
    ];
    for (i, number) in numbers.iter().enumerate() {
        set(16 + i * 8, &number.to_le_bytes());
    }
    set(88, &hash);
    for (at, leaves) in zooms {
        header.extend_from_slice(&at.to_le_bytes());
        header.extend_from_slice(&leaves.to_le_bytes());
    }
    header.resize(HEADER - 4, 0);
    header.extend_from_slice(&crc32fast::hash(&header).to_le_bytes());
    out.finish(&header)
}

fn entries(contents: &Contents<'_>) -> Vec<(u64, u64)> {
    let places = contents.offsets.iter().zip(&contents.order.minzoom);
    let places = places.map(|(&offset, &zoom)| offset | (u64::from(zoom) << OFFSET_BITS));
    contents.items.iter().map(|item| item.id).zip(places).collect()
}

/// Numbers of the features with a shape that first show at a zoom.
fn members(contents: &Contents<'_>, zoom: u8) -> Vec<u32> {
    let features = contents.items.iter().zip(&contents.order.minzoom).zip(0_u32..);
    let here = features.filter(|((item, first), _)| item.has_box() && **first == zoom);
    here.map(|(_, number)| number).collect()
}

/// An open sidecar.
#[derive(Debug)]
pub(super) struct Sidecar {
    data: CheckedMap,
    features: u64,
    zooms: Vec<Option<Tree>>,
    segment_sums: Vec<u32>,
    thresholds: Vec<u64>,
    greatest: u64,
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
            && body.get(88..120)? == hash.as_bytes();
        if !good {
            return None;
        }
        let number = |i: usize| -> Option<u64> {
            body.get(16 + i * 8..24 + i * 8)?.try_into().ok().map(u64::from_le_bytes)
        };
        let [features, len, sums_at, sums, thresholds_at, thresholds, own_sums_at, end] =
            [0, 1, 2, 3, 4, 5, 6, 7].map(number);
        let greatest = number(8)?;
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
        let zooms = (0..ZOOMS)
            .map(|zoom| {
                let entry = body.get(ZOOMS_AT + zoom * 16..ZOOMS_AT + (zoom + 1) * 16)?;
                let (at, leaves) = entry.split_at(8);
                let at = u64::from_le_bytes(at.try_into().ok()?);
                Some(Tree::new(at, u64::from_le_bytes(leaves.try_into().ok()?)))
            })
            .collect::<Option<Vec<_>>>()?;
        let own_sums = own_sums.chunks_exact(4).map(le_u32).collect();
        let checked = usize::try_from(own_sums_at?).ok()?.checked_sub(HEADER)?;
        let data = CheckedMap::new(map, HEADER, checked, own_sums)?;
        let list = |at: Option<u64>, count: Option<u64>, size: usize| {
            data.get(at?, usize::try_from(count?).ok()?.checked_mul(size)?).ok()
        };
        let segment_sums = list(sums_at, sums, 4)?.chunks_exact(4).map(le_u32).collect();
        let thresholds = list(thresholds_at, thresholds, 8)?.chunks_exact(8).map(le_u64).collect();
        Some(Self { features: features?, zooms, segment_sums, thresholds, greatest, data })
    }

    /// CRC-32 of each block of the segment.
    pub(super) fn segment_sums(&self) -> &[u32] {
        &self.segment_sums
    }

    pub(super) fn thresholds(&self) -> &[u64] {
        &self.thresholds
    }

    pub(super) fn greatest_plain_id(&self) -> Option<FeatureId> {
        FeatureId::new(self.greatest).ok()
    }

    pub(super) fn check_all(&self) -> Result<()> {
        self.data.check_all()
    }

    /// Visits the features that show at a zoom: those that first show at 0, then at 1, and so on.
    pub(super) fn find(
        &self,
        zoom: u8,
        bounds: Option<&Bounds>,
        visit: &mut dyn FnMut(u64) -> Result<ControlFlow<()>>,
    ) -> Result<ControlFlow<()>> {
        for tree in self.zooms.iter().take(usize::from(zoom) + 1).flatten() {
            if tree.find(&self.data, bounds, visit)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Finds where a feature is, and the first zoom at which it shows.
    pub(super) fn locate(&self, id: FeatureId) -> Result<Option<(u64, u8)>> {
        let (mut low, mut high) = (0, self.features);
        while low < high {
            let middle = low.midpoint(high);
            let entry = self.data.get(HEADER as u64 + middle * ENTRY as u64, ENTRY)?;
            let (found, place) = entry.split_at(8);
            match le_u64(found).cmp(&id.get()) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => {
                    let place = le_u64(place);
                    let offset = place & ((1 << OFFSET_BITS) - 1);
                    return Ok(Some((offset, (place >> OFFSET_BITS) as u8)));
                }
            }
        }
        Ok(None)
    }
}

fn le_u32(bytes: &[u8]) -> u32 {
    bytes.try_into().map_or(0, u32::from_le_bytes)
}

fn le_u64(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u64::from_le_bytes)
}

/// A file whose header is written last.
struct Out {
    file: std::io::BufWriter<NamedTempFile>,
    sums: BlockSums,
    len: u64,
}

impl Out {
    fn new(tmp: &Path) -> Result<Self> {
        let file = NamedTempFile::new_in(tmp).doing("create a file in", tmp)?;
        let mut file = std::io::BufWriter::with_capacity(1 << 18, file);
        file.write_all(&[0; HEADER]).doing("write a file in", tmp)?;
        Ok(Self { file, sums: BlockSums::default(), len: HEADER as u64 })
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.sums.update(bytes);
        self.len += bytes.len() as u64;
        let Err(error) = self.file.write_all(bytes) else { return Ok(()) };
        Err(error).doing("write", self.file.get_ref().path())
    }

    fn finish(self, header: &[u8]) -> Result<NamedTempFile> {
        let path = self.file.get_ref().path().to_owned();
        let mut file = self
            .file
            .into_inner()
            .map_err(std::io::IntoInnerError::into_error)
            .doing("write", &path)?;
        file.seek(SeekFrom::Start(0)).and_then(|_| file.write_all(header)).doing("write", &path)?;
        Ok(file)
    }
}
