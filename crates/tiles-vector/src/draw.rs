//! The second phase below a layer's last zoom: from what stays of the paths to geometry commands.

use crate::arena::{Arena, Role};
use crate::commands::Commands;
use crate::crossing::{CrossingTest, Ring, Rings};
use crate::least::{Vanished, beside};
use crate::repair::make_valid;
use crate::settle::{Decided, Grid};
use crate::shape::GeomType;
use crate::sharing::Sharing;
use crate::snap::{Cell, add_line, add_ring, doubled_area};

/// Draws the features of an arena one by one.
#[derive(Debug, Default)]
pub(crate) struct Drawer {
    commands: Commands,
    crossing: CrossingTest,
    cells: Vec<Cell>,
    rings: Rings,
}

/// A layer whose vertices have been chosen.
#[derive(Clone, Copy)]
pub(crate) struct Settled<'a> {
    pub arena: &'a Arena,
    pub sharing: &'a Sharing,
    pub decided: Decided<'a>,
    pub grid: &'a Grid,
}

impl Settled<'_> {
    /// Returns the cells of a path that stay.
    fn kept(&self, path: usize) -> impl Iterator<Item = Cell> + Clone + '_ {
        let range = self.arena.cells_of(path);
        let cells = self.arena.cells[range.clone()].iter().zip(&self.decided.keep[range]);
        cells.filter(|(_, keep)| **keep).map(|(cell, _)| *cell)
    }
}

impl Drawer {
    /// Returns the commands of a feature.
    pub(crate) fn draw(&mut self, layer: Settled<'_>, feature: usize) -> &[u8] {
        self.commands.clear();
        match layer.arena.features[feature].kind {
            GeomType::Point => {
                self.cells.clear();
                for path in layer.arena.paths_of(feature) {
                    self.cells.extend(layer.kept(path));
                }
                self.commands.points(&self.cells);
            }
            GeomType::Line => self.draw_lines(layer, feature),
            GeomType::Polygon => self.draw_polygons(layer, feature),
        }
        self.commands.bytes()
    }

    /// Returns the commands of one ring.
    pub(crate) fn draw_ring(&mut self, ring: &[Cell]) -> &[u8] {
        self.commands.clear();
        self.commands.ring(ring);
        self.commands.bytes()
    }

    fn draw_lines(&mut self, layer: Settled<'_>, feature: usize) {
        let mut vanished = None;
        for path in layer.arena.paths_of(feature) {
            self.cells.clear();
            if add_line(layer.kept(path), &mut self.cells) > 0 {
                self.commands.line(&self.cells);
            } else {
                vanished = vanished.or(layer.kept(path).next());
            }
        }
        if let Some([x, y]) = vanished.filter(|_| self.commands.is_empty()) {
            let to = beside(x, layer.grid.tolerance.ceil() as i32, layer.grid.area);
            self.commands.line(&[[x, y], [to, y]]);
        }
    }

    fn draw_polygons(&mut self, layer: Settled<'_>, feature: usize) {
        self.rings.clear();
        let mut vanished = Vanished::default();
        let mut has_outer = false;
        for path in layer.arena.paths_of(feature) {
            let outer = layer.arena.paths[path].role == Role::Outer;
            if !outer && !has_outer {
                continue;
            }
            let drawn = self.add_ring(layer, path, outer, &mut vanished);
            if outer {
                has_outer = drawn;
            }
        }
        if self.rings.rings.is_empty() {
            let width = layer.grid.tolerance.ceil() as i32;
            if let Some(thin) = vanished.polygon(width, layer.grid.area) {
                self.commands.ring(&thin);
            }
            return;
        }
        make_valid(&mut self.rings, &mut self.crossing);
        for (ring, _) in self.rings.iter() {
            self.commands.ring(ring);
        }
    }

    fn add_ring(
        &mut self,
        layer: Settled<'_>,
        path: usize,
        outer: bool,
        vanished: &mut Vanished,
    ) -> bool {
        let start = self.rings.points.len();
        // Specks of less than half a pixel go, unless they are all there is or fill a gap.
        let tolerance = layer.grid.tolerance;
        let least =
            if layer.sharing.is_shared(path) { 0 } else { (tolerance * tolerance / 2.0) as i64 };
        let doubled = if least == 0 && !layer.decided.bends.is_empty() {
            self.bend(layer, path);
            add_ring(self.cells.iter().copied(), &mut self.rings.points)
        } else {
            add_ring(layer.kept(path), &mut self.rings.points)
        };
        let Some(doubled) = doubled.filter(|d| *d == 0 || d.abs() >= least) else {
            self.rings.points.truncate(start);
            let cells = &layer.arena.cells[layer.arena.cells_of(path)];
            // A sliver that the window's border cuts off is drawn by the tile next to it.
            if outer
                && !(layer.grid.is_wide() && cells.iter().any(|&c| layer.grid.has_on_border(c)))
            {
                let snapped = doubled_area(cells).abs() as f64 / 2.0;
                let area = snapped.max(f64::from(layer.arena.paths[path].area));
                vanished.note(cells.iter().copied(), area);
            }
            return false;
        };
        // Simplifying may turn a ring inside out.
        if (doubled > 0) != outer
            && let Some(ring) = self.rings.points.get_mut(start..)
        {
            ring.reverse();
        }
        self.rings.rings.push(Ring { end: self.rings.points.len(), outer });
        true
    }

    /// Writes a shared ring's vertices, and those that its edges make way for, into `cells`.
    fn bend(&mut self, layer: Settled<'_>, path: usize) {
        self.cells.clear();
        let mut before = layer.kept(path).last();
        for cell in layer.kept(path) {
            let from = before.replace(cell).unwrap_or(cell);
            layer.decided.bends.for_each_on(from, cell, &mut |to| self.cells.push(to));
        }
    }
}
