//! Writing a sidecar.

use std::path::Path;

use onemap_generalise::{DropItem, DropPlan, MassCell, MassEntry, MassFold};
use onemap_model::{FeatureId, MAX_ZOOM, StateSet};
use tempfile::NamedTempFile;

use super::out::Out;
use super::{HEADER, MAGIC, OFFSET_BITS, SECTIONS_AT, ZOOMS};
use crate::Result;
use crate::change::SegmentRef;
use crate::map::BLOCK;
use crate::segment::item::Item;
use crate::segment::tree;

/// What a sidecar is made of; slices run along the features of the segment.
pub(in crate::segment) struct Contents<'a> {
    pub(in crate::segment) name: &'a SegmentRef,
    /// The features, their first zooms decided.
    pub(in crate::segment) items: &'a [Item],
    /// The same as the drop order sees them.
    pub(in crate::segment) drop_items: &'a [DropItem],
    /// Where each feature is in the segment.
    pub(in crate::segment) offsets: &'a [u64],
    pub(in crate::segment) plan: &'a DropPlan,
    /// Instants at which features begin or end, ascending.
    pub(in crate::segment) times: &'a [i64],
    pub(in crate::segment) states: StateSet,
    pub(in crate::segment) segment_sums: &'a [u32],
}

/// Writes a sidecar to a temporary file.
pub(in crate::segment) fn write(tmp: &Path, contents: &Contents<'_>) -> Result<NamedTempFile> {
    let mut out = Out::new(tmp)?;
    let mut ids = entries(contents);
    rayon::slice::ParallelSliceMut::par_sort_unstable(ids.as_mut_slice());
    let plain = ids.partition_point(|&(id, ..)| id < FeatureId::HASHED);
    let greatest = plain.checked_sub(1).and_then(|i| ids.get(i)).map_or(u64::MAX, |&(id, ..)| id);
    for (id, _, place) in ids {
        out.put(&id.to_le_bytes())?;
        out.put(&place.to_le_bytes())?;
    }
    let trees = (0..=MAX_ZOOM).map(|zoom| put_tree(&mut out, contents, zoom));
    let trees = trees.collect::<Result<Vec<_>>>()?;
    let mass = put_mass(&mut out, contents)?;
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

/// The entries of the id index: id, begin, place.
fn entries(contents: &Contents<'_>) -> Vec<(u64, i64, u64)> {
    let items = contents.items.iter().zip(contents.offsets);
    items
        .map(|(item, &offset)| {
            (item.id, item.from, offset | (u64::from(item.minzoom) << OFFSET_BITS))
        })
        .collect()
}

/// Writes the tree of the features that first show at a zoom, and their areas.
fn put_tree(out: &mut Out, contents: &Contents<'_>, zoom: u8) -> Result<(u64, u64)> {
    let features = contents.items.iter().zip(0_u32..);
    let here = features.filter(|(item, _)| item.has_box() && item.minzoom == zoom);
    let members: Vec<u32> = here.map(|(_, number)| number).collect();
    let section = (out.len, members.len() as u64);
    let leaf = |i: u64| {
        let feature = members.get(i as usize).map_or(0, |&f| f as usize);
        let bbox = contents.items.get(feature).map_or(tree::EMPTY, |item| item.bbox);
        (bbox, contents.offsets.get(feature).copied().unwrap_or(0))
    };
    tree::write(section.1, leaf, &mut |bytes| out.put(bytes))?;
    for &member in &members {
        let area = contents.items.get(member as usize).map_or(0.0, Item::area_m2);
        out.put(&area.to_bits().to_le_bytes())?;
    }
    if members.len() % 2 == 1 {
        out.put(&[0; 4])?;
    }
    Ok(section)
}

fn put_mass(out: &mut Out, contents: &Contents<'_>) -> Result<Vec<(u64, u64)>> {
    let items = contents.items.iter().zip(contents.drop_items).zip(contents.offsets);
    let mut entries: Vec<MassEntry> = items
        .filter_map(|((item, drop), &offset)| MassEntry::new(drop, offset, item.minzoom))
        .collect();
    rayon::slice::ParallelSliceMut::par_sort_unstable(entries.as_mut_slice());
    let mut fold = MassFold::new(&contents.plan.mass_bits);
    fold.add(&entries);
    fold.finish();
    let mut cells: Vec<Vec<MassCell>> = fold.take().collect();
    cells.resize(ZOOMS, Vec::new());
    let mut sections = Vec::with_capacity(ZOOMS);
    for cells in cells {
        sections.push((out.len, cells.len() as u64));
        for MassCell { cell, sum, best } in cells {
            let [x, y] = sum.moments;
            for number in [cell, sum.area_dm2, x, y, sum.count, best] {
                out.put(&number.to_le_bytes())?;
            }
        }
    }
    Ok(sections)
}
