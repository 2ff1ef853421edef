//! Writing a sidecar.

use std::path::Path;

use onemap_generalise::{DropItem, DropPlan, MassCell, MassEntry, MassFold};
use onemap_model::{FeatureId, StateSet};
use rayon::prelude::*;
use tempfile::NamedTempFile;

use super::entry::{IdEntry, ZoomLeaf};
use super::out::Out;
use super::{HEADER, MAGIC, OFFSET_BITS, SECTIONS_AT, ZOOMS};
use crate::Result;
use crate::change::SegmentRef;
use crate::map::BLOCK;
use crate::segment::item::Placed;
use crate::segment::tree;
use crate::spill::{Fixed, Records, Sorter};

/// What a sidecar is made of; lists run along the features of the segment.
pub(in crate::segment) struct Contents<'a> {
    pub(in crate::segment) name: &'a SegmentRef,
    /// The features.
    pub(in crate::segment) items: &'a Records<Placed>,
    /// The same as the drop order sees them.
    pub(in crate::segment) drops: &'a Records<DropItem>,
    /// Their first zooms.
    pub(in crate::segment) minzooms: &'a [u8],
    /// Where the first feature is in the segment; the others follow without gaps.
    pub(in crate::segment) features_at: u64,
    pub(in crate::segment) plan: &'a DropPlan,
    /// Instants at which features begin or end, ascending.
    pub(in crate::segment) times: &'a [i64],
    pub(in crate::segment) states: StateSet,
    pub(in crate::segment) segment_sums: &'a [u32],
}

/// Writes a sidecar to a temporary file.
pub(in crate::segment) fn write(tmp: &Path, contents: &Contents<'_>) -> Result<NamedTempFile> {
    let mut out = Out::new(tmp)?;
    let Sections { ids, leaves, mass } = Sections::of(contents, tmp)?;
    let mut greatest = u64::MAX;
    ids.for_each_run(&mut |run| {
        run.iter().try_for_each(|IdEntry { id, place, .. }| {
            if *id < FeatureId::HASHED {
                greatest = *id;
            }
            out.put(&id.to_le_bytes())?;
            out.put(&place.to_le_bytes())
        })
    })?;
    let trees = leaves.into_iter().map(|leaves| put_tree(&mut out, &leaves));
    let trees = trees.collect::<Result<Vec<_>>>()?;
    let mass = put_mass(&mut out, mass, &contents.plan.mass_bits, tmp)?;
    let times = (out.len, contents.times.len() as u64);
    for time in contents.times {
        out.put(&time.to_le_bytes())?;
    }
    let sums = (out.len, contents.segment_sums.len() as u64);
    for sum in contents.segment_sums {
        out.put(&sum.to_le_bytes())?;
    }
    let own_sums_at = out.len;
    let own_sums: Vec<u8> =
        std::mem::take(&mut out.sums).finish().iter().flat_map(|s| s.to_le_bytes()).collect();
    out.put(&own_sums)?;

    let mut header = vec![0; SECTIONS_AT];
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
        greatest,
        own_sums_at,
        out.len,
        u64::from(contents.states.bits()),
    ];
    for (i, number) in numbers.iter().enumerate() {
        set(16 + i * 8, &number.to_le_bytes());
    }
    set(64, &hash);
    for (at, count) in [sums, times].into_iter().chain(trees).chain(mass) {
        header.extend_from_slice(&at.to_le_bytes());
        header.extend_from_slice(&count.to_le_bytes());
    }
    header.resize(HEADER - 4, 0);
    header.extend_from_slice(&crc32fast::hash(&header).to_le_bytes());
    out.finish(&header)
}

/// Leaves of each zoom's tree that are in memory.
const LEAVES: usize = 2048;

/// What the sections are made of, in the order that each needs.
struct Sections {
    ids: Sorter<IdEntry>,
    /// For each zoom the features that first show there.
    leaves: Vec<Records<ZoomLeaf>>,
    mass: Sorter<MassEntry>,
}

impl Sections {
    fn of(contents: &Contents<'_>, tmp: &Path) -> Result<Self> {
        let mut ids = Sorter::new(tmp);
        let mut leaves: Vec<_> = (0..ZOOMS).map(|_| Records::with_chunk(tmp, LEAVES)).collect();
        let mut mass = Sorter::new(tmp);
        let (mut at, mut number) = (contents.features_at, 0);
        let mut drops = Vec::new();
        contents.items.for_each_run(&mut |run| {
            contents.drops.read(number..number + run.len(), &mut drops)?;
            let minzooms = contents.minzooms.get(number..).unwrap_or(&[]);
            number += run.len();
            let mut offsets = Vec::with_capacity(run.len());
            for (Placed { item, .. }, &minzoom) in run.iter().zip(minzooms) {
                let offset = at;
                at += u64::from(item.len);
                offsets.push(offset);
                let place = offset | (u64::from(minzoom) << OFFSET_BITS);
                ids.push(IdEntry { id: item.id, from: item.from, place })?;
                if let Some(leaves) =
                    leaves.get_mut(usize::from(minzoom)).filter(|_| item.has_box())
                {
                    leaves.push(ZoomLeaf { bbox: item.bbox, offset, area_m2: item.area_m2() })?;
                }
            }
            let entries: Vec<MassEntry> = drops
                .par_iter()
                .zip(offsets)
                .zip(minzooms.par_iter().take(run.len()))
                .filter_map(|((drop, offset), &minzoom)| MassEntry::new(drop, offset, minzoom))
                .collect();
            mass.extend(entries)
        })?;
        Ok(Self { ids, leaves, mass })
    }
}

/// Writes the tree of the features that first show at a zoom, and their areas.
fn put_tree(out: &mut Out, leaves: &Records<ZoomLeaf>) -> Result<(u64, u64)> {
    let section = (out.len, leaves.len() as u64);
    let for_each = |put: &mut tree::PutLeaf<'_>| {
        leaves.for_each_run(&mut |run| run.iter().try_for_each(|leaf| put(leaf.bbox, leaf.offset)))
    };
    tree::write(section.1, &for_each, &mut |bytes| out.put(bytes))?;
    leaves.for_each_run(&mut |run| {
        run.iter().try_for_each(|leaf| out.put(&leaf.area_m2.to_bits().to_le_bytes()))
    })?;
    if leaves.len() % 2 == 1 {
        out.put(&[0; 4])?;
    }
    Ok(section)
}

fn put_mass(
    out: &mut Out,
    entries: Sorter<MassEntry>,
    bits: &[u8],
    tmp: &Path,
) -> Result<Vec<(u64, u64)>> {
    let mut zooms: Vec<Records<MassCell>> =
        (0..ZOOMS).map(|_| Records::with_chunk(tmp, LEAVES)).collect();
    let mut fold = MassFold::new(bits);
    entries.for_each_run(&mut |run| {
        fold.add(run);
        fold.take().zip(&mut zooms).try_for_each(|(cells, zoom)| zoom.extend(cells))
    })?;
    fold.finish();
    fold.take().zip(&mut zooms).try_for_each(|(cells, zoom)| zoom.extend(cells))?;
    let mut sections = Vec::with_capacity(ZOOMS);
    for cells in zooms {
        sections.push((out.len, cells.len() as u64));
        let mut bytes = Vec::new();
        cells.for_each_run(&mut |run| {
            bytes.clear();
            for cell in run {
                cell.put(&mut bytes);
            }
            out.put(&bytes)
        })?;
    }
    Ok(sections)
}
