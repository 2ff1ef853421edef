//! Built-up mass of a tile: what its zoom does not show one by one, summed in cells.
//!
//! A view of a whole layer reads the sums that stand in the sidecar and corrects them by the edits, exactly:
//! sums are whole numbers. A view that leaves features out (by time, state or filter) adds up what it sees.

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use onemap_generalise::{MassGrid, MassItem, MassSum};
use onemap_model::{Bounds, FeatureRef, Geometry, Interval, Revision, State, TileCoord};

use crate::Result;
use crate::overlay::Version;
use crate::ruler::Ruler;
use crate::segment::{self, Segment};
use crate::state::{Generation, Lens, Look, visit_version};

/// Polygons drawn as one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mass {
    /// Center of their area in Web Mercator, scaled to 32 bits, `[0, 0]` in the north-west.
    pub at: [u32; 2],
    /// Their area on the ground, square metres.
    pub area_m2: f64,
    /// Their number.
    pub count: u64,
}

/// What is done with each cell: its best-ranked feature, without a shape, and what the cell holds.
pub(crate) type VisitMass<'v> = dyn FnMut(FeatureRef<'_>, Mass) -> ControlFlow<()> + 'v;

/// Which mass is asked for.
#[derive(Clone, Copy)]
pub(crate) struct MassAsk<'a> {
    pub(crate) at: Revision,
    pub(crate) fields: usize,
    pub(crate) tile: TileCoord,
    /// How far beyond the tile, as a fraction of its width.
    pub(crate) buffer: f64,
    pub(crate) lens: &'a dyn Lens,
    /// Whether the lens shows every feature.
    pub(crate) whole: bool,
}

/// Where features rank among those of a cell: least first, ties broken as in the segment.
type Rank = (u64, u32, u64, i64);

#[derive(Debug, Clone)]
enum Best {
    /// Offset in the segment of the slot.
    Stored(usize, u64),
    Edited(Arc<Version>),
}

#[derive(Debug)]
struct Cell {
    sum: MassSum,
    best: Option<Best>,
    /// Rank of `best`, once it is known.
    rank: Option<Rank>,
}

type Cells = BTreeMap<u64, Cell>;

impl Generation {
    /// Visits the mass cells that a tile shows, in the order of their Morton codes.
    pub(crate) fn for_each_mass(&self, ask: MassAsk<'_>, visit: &mut VisitMass<'_>) -> Result<()> {
        let Some(grid) = self.ruler.plan().mass_grid(ask.tile.z()) else { return Ok(()) };
        let area = Area::around(ask.tile, ask.buffer, grid);
        let mut cells = Cells::new();
        if ask.whole {
            self.stored(ask, grid, &area, &mut cells)?;
        } else {
            self.counted(ask, grid, &area, &mut cells)?;
        }
        self.add_edited(ask, grid, &area, &mut cells);
        for (code, cell) in cells {
            let Some(best) = cell.best.filter(|_| cell.sum.count > 0) else { continue };
            let mass = Mass {
                at: cell.sum.center(grid, code),
                area_m2: cell.sum.area_dm2 as f64 / 100.0,
                count: cell.sum.count,
            };
            let lens = Flat(ask.lens, &self.ruler);
            let mut show = |feature: FeatureRef<'_>| visit(feature, mass);
            let flow = match best {
                Best::Edited(version) => visit_version(&version, ask.fields, &lens, &mut show),
                Best::Stored(slot, offset) => {
                    let Some(slot) = self.segments.get(slot) else { continue };
                    slot.with(|segment| {
                        let overlay = &self.overlay;
                        let look = Look { overlay, at: ask.at, fields: ask.fields, lens: &lens };
                        let (mut values, mut geometry) = (Vec::new(), Geometry::default());
                        look.visit(segment, offset, &mut values, &mut geometry, &mut show)
                    })?
                }
            };
            if flow.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Reads the sums of the segments, and takes away what edits hide.
    fn stored(
        &self,
        ask: MassAsk<'_>,
        grid: MassGrid,
        area: &Area,
        cells: &mut Cells,
    ) -> Result<()> {
        for (number, slot) in self.segments.iter().enumerate() {
            slot.with(|segment| {
                area.for_each_cell(segment, grid, &mut |stored| {
                    let best = Some(Best::Stored(number, stored.best));
                    cells.insert(stored.cell, Cell { sum: stored.sum, best, rank: None });
                })
            })?;
        }
        let hidden = self.overlay.hidden_mass(ask.at, area.low_f64(), area.high_f64());
        let mut touched = Vec::new();
        for hidden in hidden.iter().filter(|hidden| hidden.minzoom > grid.zoom) {
            let code = grid.cell_of(hidden.item.at);
            if let Some(cell) = cells.get_mut(&code) {
                cell.sum.remove(grid, &hidden.item);
                touched.push(code);
            }
        }
        touched.sort_unstable();
        touched.dedup();
        // A cell whose best feature is hidden has another one.
        for code in touched {
            let Some(cell) = cells.get_mut(&code) else { continue };
            let Some(Best::Stored(number, offset)) = cell.best else { continue };
            let Some(slot) = self.segments.get(number) else { continue };
            let best = slot.with(|segment| {
                if self.is_hidden(segment, offset, ask.at)? {
                    self.best_of(segment, grid, code, ask)
                } else {
                    Ok(Some((self.rank(segment, offset, ask.fields)?, offset)))
                }
            })?;
            cell.best = best.map(|(_, offset)| Best::Stored(number, offset));
            cell.rank = best.map(|(rank, _)| rank);
        }
        Ok(())
    }

    fn is_hidden(&self, segment: &Segment, offset: u64, at: Revision) -> Result<bool> {
        let mut values = Vec::new();
        let found = segment.values(offset, &|_| false, &mut values)?;
        Ok(self.overlay.hides(found.id, segment::slot_of(found.valid), at))
    }

    fn rank(&self, segment: &Segment, offset: u64, fields: usize) -> Result<Rank> {
        let feature = segment.feature(offset, fields)?;
        let item = self.ruler.measure(&feature);
        let rank = onemap_generalise::rank_key(&item);
        Ok((rank, item.hilbert, feature.id.get(), segment::slot_of(feature.valid)))
    }

    /// Finds the best-ranked feature of a cell that no edit hides: among those that show at the next zoom, and the
    /// best ones of the cells there.
    fn best_of(
        &self,
        segment: &Segment,
        grid: MassGrid,
        code: u64,
        ask: MassAsk<'_>,
    ) -> Result<Option<(Rank, u64)>> {
        let zoom = grid.zoom + 1;
        let mut best: Option<(Rank, u64)> = None;
        let mut offer = |found: Option<(Rank, u64)>| {
            if let Some(found) = found.filter(|f| best.as_ref().is_none_or(|b| f.0 < b.0)) {
                best = Some(found);
            }
        };
        let (corner, side) = grid.corner(code);
        let bounds = Area::of(corner, side).degrees();
        let _flow = segment.find_at(zoom, Some(&bounds), &mut |leaf| {
            let inside = grid.cell_of(onemap_generalise::world32(leaf.center())) == code;
            if inside
                && segment.area(zoom, &leaf)? > 0.0
                && !self.is_hidden(segment, leaf.offset, ask.at)?
            {
                offer(Some((self.rank(segment, leaf.offset, ask.fields)?, leaf.offset)));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        if let Some(lower) = self.ruler.plan().mass_grid(zoom) {
            let first = lower.cell_of(corner);
            let up = grid.children_bits(lower);
            let children = segment.mass_range(zoom, &(first..first + (1 << up)))?;
            for number in children {
                let child = segment.mass(zoom, number)?;
                if self.is_hidden(segment, child.best, ask.at)? {
                    offer(self.best_of(segment, lower, child.cell, ask)?);
                } else {
                    offer(Some((self.rank(segment, child.best, ask.fields)?, child.best)));
                }
            }
        }
        Ok(best)
    }

    /// Adds up the features of the segments that the lens shows; the largest is the best of its cell.
    fn counted(
        &self,
        ask: MassAsk<'_>,
        grid: MassGrid,
        area: &Area,
        cells: &mut Cells,
    ) -> Result<()> {
        let bounds = area.degrees();
        let last = self.ruler.last_zoom();
        for (number, slot) in self.segments.iter().enumerate() {
            slot.with(|segment| {
                let (mut values, mut geometry) = (Vec::new(), Geometry::default());
                let lens = Flat(ask.lens, &self.ruler);
                let overlay = &self.overlay;
                let look = Look { overlay, at: ask.at, fields: ask.fields, lens: &lens };
                for zoom in grid.zoom + 1..=last {
                    let _flow = segment.find_at(zoom, Some(&bounds), &mut |leaf| {
                        let area_m2 = segment.area(zoom, &leaf)?;
                        let at = onemap_generalise::world32(leaf.center());
                        if area_m2 <= 0.0 || !area.contains(at) {
                            return Ok(ControlFlow::Continue(()));
                        }
                        let mut seen = None;
                        let offset = leaf.offset;
                        let _flow =
                            look.visit(segment, offset, &mut values, &mut geometry, &mut |f| {
                                seen = Some((f.id.get(), segment::slot_of(f.valid)));
                                ControlFlow::Continue(())
                            })?;
                        let Some((id, slot)) = seen else { return Ok(ControlFlow::Continue(())) };
                        let area_dm2 = (f64::from(area_m2) * 100.0).round() as u64;
                        let item = MassItem { at, area_dm2, rank: u64::MAX - area_dm2 };
                        let rank = (item.rank, 0, id, slot);
                        add(cells, grid, &item, rank, || Best::Stored(number, offset));
                        Ok(ControlFlow::Continue(()))
                    })?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Adds the edited features that the lens shows.
    fn add_edited(&self, ask: MassAsk<'_>, grid: MassGrid, area: &Area, cells: &mut Cells) {
        for version in self.overlay.visible(ask.at, Some(&area.degrees())) {
            let Some(mut item) = version.mass.filter(|_| version.minzoom > grid.zoom) else {
                continue;
            };
            if !area.contains(item.at) {
                continue;
            }
            let mut seen = false;
            let _flow =
                visit_version(&version, ask.fields, &Flat(ask.lens, &self.ruler), &mut |_| {
                    seen = true;
                    ControlFlow::Continue(())
                });
            if !seen {
                continue;
            }
            let (id, slot) = (version.id.get(), version.slot);
            let rank = if ask.whole {
                (item.rank, version.hilbert, id, slot)
            } else {
                item.rank = u64::MAX - item.area_dm2;
                (item.rank, 0, id, slot)
            };
            if let Some(cell) = cells.get_mut(&grid.cell_of(item.at))
                && cell.rank.is_none()
                && let Some(Best::Stored(number, offset)) = cell.best
            {
                let slot = self.segments.get(number);
                cell.rank =
                    slot.and_then(|slot| slot.with(|s| self.rank(s, offset, ask.fields)).ok());
            }
            add(cells, grid, &item, rank, || Best::Edited(version.clone()));
        }
    }
}

fn add(
    cells: &mut Cells,
    grid: MassGrid,
    item: &MassItem,
    rank: Rank,
    best: impl FnOnce() -> Best,
) {
    let empty = || Cell { sum: MassSum::default(), best: None, rank: None };
    let cell = cells.entry(grid.cell_of(item.at)).or_insert_with(empty);
    cell.sum.add(grid, item);
    if cell.best.is_none() || cell.rank.is_none_or(|known| rank < known) {
        cell.best = Some(best());
        cell.rank = Some(rank);
    }
}

/// A lens for squares of mass: without shapes, and with the fields that squares have.
struct Flat<'l>(&'l dyn Lens, &'l Ruler);

impl Lens for Flat<'_> {
    fn shows(&self, valid: Interval, state: State) -> bool {
        self.0.shows(valid, state)
    }

    fn matches(&self, feature: &FeatureRef<'_>) -> bool {
        self.0.matches(feature)
    }

    fn shows_field(&self, i: usize) -> bool {
        self.1.mass_has(i) && self.0.shows_field(i)
    }

    fn needs_field(&self, i: usize) -> bool {
        self.shows_field(i) || self.0.filters_by(i)
    }

    fn filters_by(&self, i: usize) -> bool {
        self.0.filters_by(i)
    }

    fn hides_fields(&self) -> bool {
        self.0.filters()
    }

    fn filters(&self) -> bool {
        self.0.filters()
    }

    fn wants_geometry(&self) -> bool {
        false
    }

    fn needs_geometry(&self) -> bool {
        self.0.filters_by_place()
    }
}

/// Whole cells around a tile, in world positions: from `low` up to, not including, `high`.
#[derive(Debug, Clone, Copy)]
struct Area {
    low: [i64; 2],
    high: [i64; 2],
    tile: TileCoord,
}

/// Ranges of cells with fewer members are not divided further.
const FEW: u64 = 32;

impl Area {
    fn of(corner: [u32; 2], side: u32) -> Self {
        let low = corner.map(i64::from);
        let high = low.map(|at| at + i64::from(side));
        Self { low, high, tile: TileCoord::containing([0.0, 0.0], 0) }
    }

    /// The cells that meet a tile and its buffer.
    fn around(tile: TileCoord, buffer: f64, grid: MassGrid) -> Self {
        let width = 1_i64 << (32 - u32::from(tile.z().min(31)));
        let (_, side) = grid.corner(0);
        let side = i64::from(side);
        let grow = (width as f64 * buffer).ceil() as i64 + side;
        let corner = [i64::from(tile.x()) * width, i64::from(tile.y()) * width];
        let low = corner.map(|at| ((at - grow).max(0)) / side * side);
        let high = corner.map(|at| ((at + width + grow + side - 1) / side * side).min(1 << 32));
        Self { low, high, tile }
    }

    fn contains(&self, at: [u32; 2]) -> bool {
        (0..2).all(|axis| {
            let at = i64::from(at[axis]);
            self.low[axis] <= at && at < self.high[axis]
        })
    }

    fn meets(&self, corner: [u32; 2], side: u64) -> bool {
        (0..2).all(|axis| {
            let at = i64::from(corner[axis]);
            at < self.high[axis] && self.low[axis] < at + side as i64
        })
    }

    fn low_f64(&self) -> [f64; 2] {
        self.low.map(|at| at as f64)
    }

    fn high_f64(&self) -> [f64; 2] {
        self.high.map(|at| (at - 1) as f64)
    }

    /// Returns the box in degrees, grown a little against rounding.
    fn degrees(&self) -> Bounds {
        let world = 4_294_967_296.0;
        let lon = |x: i64| (x as f64 / world - 0.5) * 360.0;
        let lat = |y: i64| {
            let v = (0.5 - y as f64 / world) * 2.0 * std::f64::consts::PI;
            libm::atan(libm::sinh(v)).to_degrees()
        };
        let grown = Bounds {
            west: lon(self.low[0]),
            south: lat(self.high[1]),
            east: lon(self.high[0]),
            north: lat(self.low[1]),
        }
        .grown(1e-7);
        // What lies beyond the grid counts as on its edge.
        Bounds {
            south: if self.high[1] >= 1 << 32 { -90.0 } else { grown.south },
            north: if self.low[1] <= 0 { 90.0 } else { grown.north },
            ..grown
        }
    }

    /// Visits the stored cells that meet the area.
    fn for_each_cell(
        &self,
        segment: &Segment,
        grid: MassGrid,
        visit: &mut dyn FnMut(segment::StoredMass),
    ) -> Result<()> {
        let (tile, n) = (self.tile, 1_u64 << self.tile.z());
        for dx in -1..=1_i64 {
            for dy in -1..=1_i64 {
                let x = i64::from(tile.x()) + dx;
                let y = i64::from(tile.y()) + dy;
                let (Ok(x), Ok(y)) = (u64::try_from(x), u64::try_from(y)) else { continue };
                if x >= n || y >= n {
                    continue;
                }
                let Ok(neighbour) = TileCoord::new(u64::from(tile.z()), x, y) else { continue };
                let codes = grid.cells_of_tile(neighbour);
                self.divide(segment, grid, codes, visit)?;
            }
        }
        Ok(())
    }

    /// Visits the stored cells of a square of codes that meet the area.
    fn divide(
        &self,
        segment: &Segment,
        grid: MassGrid,
        codes: Range<u64>,
        visit: &mut dyn FnMut(segment::StoredMass),
    ) -> Result<()> {
        let (corner, side) = grid.corner(codes.start);
        let across = (codes.end - codes.start).isqrt() * u64::from(side);
        if !self.meets(corner, across) {
            return Ok(());
        }
        let numbers = segment.mass_range(grid.zoom, &codes)?;
        if numbers.is_empty() {
            return Ok(());
        }
        let inside = self.contains(corner)
            && (0..2).all(|axis| i64::from(corner[axis]) + across as i64 <= self.high[axis]);
        if inside || numbers.end - numbers.start <= FEW || codes.end - codes.start < 4 {
            for number in numbers {
                let stored = segment.mass(grid.zoom, number)?;
                let (corner, side) = grid.corner(stored.cell);
                if inside || self.meets(corner, u64::from(side)) {
                    visit(stored);
                }
            }
            return Ok(());
        }
        let quarter = (codes.end - codes.start) / 4;
        for i in 0..4 {
            let start = codes.start + i * quarter;
            self.divide(segment, grid, start..start + quarter, visit)?;
        }
        Ok(())
    }
}
