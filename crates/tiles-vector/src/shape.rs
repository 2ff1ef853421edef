//! From a shape in lon/lat to geometry commands in tile units.

use onemap_generalise::{EXTENT, Simplifier, SimplifyGrid, TOLERANCE_UNITS};
use onemap_model::{Geometry, GeometryKind, TileCoord};

use crate::clip::{ClipBox, clip_line, clip_ring};
use crate::commands::Commands;
use crate::crossing::{CrossingTest, Ring, Rings};
use crate::project::{MAX_LAT, Projector};
use crate::repair::repair;
use crate::snap::{Cell, doubled_area, round, snap, snap_line, snap_ring};

/// What a feature of a tile is made of (MVT 4.3.4), with its number in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GeomType {
    Point = 1,
    Line = 2,
    Polygon = 3,
}

/// Draws shapes on the grid of one tile; its buffers serve one shape after another.
#[derive(Debug)]
pub(crate) struct Shaper {
    projector: Projector,
    area: ClipBox,
    /// In tile units, for zooms at which shapes are simplified.
    tolerance: f64,
    commands: Commands,
    simplifier: Simplifier,
    crossing: CrossingTest,
    points: Vec<[f64; 2]>,
    spare: Vec<[f64; 2]>,
    ends: Vec<usize>,
    cells: Vec<Cell>,
    rings: Rings,
}

/// How the shape at hand lies to the tile.
#[derive(Clone, Copy)]
struct Pass {
    simplify: bool,
    clip: bool,
}

impl Shaper {
    pub(crate) fn new(tile: TileCoord, extent: u32, buffer: u32) -> Self {
        Self {
            projector: Projector::new(tile, extent),
            area: ClipBox { low: -f64::from(buffer), high: f64::from(extent) + f64::from(buffer) },
            tolerance: TOLERANCE_UNITS * f64::from(extent) / EXTENT,
            commands: Commands::default(),
            simplifier: Simplifier::default(),
            crossing: CrossingTest::default(),
            points: Vec::new(),
            spare: Vec::new(),
            ends: Vec::new(),
            cells: Vec::new(),
            rings: Rings::default(),
        }
    }

    /// Returns the commands that the last [`Shaper::draw`] wrote.
    pub(crate) fn commands(&self) -> &[u8] {
        self.commands.bytes()
    }

    /// Draws a shape that is no collection; `None` when nothing of it lies in the tile.
    pub(crate) fn draw(&mut self, shape: &Geometry, simplify: bool) -> Option<GeomType> {
        self.commands.clear();
        let bounds = self.projector.bounds(&shape.xy)?;
        if self.area.misses(bounds) {
            return None;
        }
        let pass = Pass { simplify, clip: !self.area.contains_all(bounds) };
        let kind = match shape.kind {
            GeometryKind::Point | GeometryKind::MultiPoint => {
                self.draw_points(shape);
                GeomType::Point
            }
            GeometryKind::LineString | GeometryKind::MultiLineString => {
                self.draw_lines(shape, pass);
                GeomType::Line
            }
            GeometryKind::Polygon | GeometryKind::MultiPolygon => {
                self.draw_polygons(shape, pass);
                GeomType::Polygon
            }
            GeometryKind::Collection => return None,
        };
        (!self.commands.is_empty()).then_some(kind)
    }

    fn draw_points(&mut self, shape: &Geometry) {
        self.cells.clear();
        for &point in &shape.xy {
            let at = self.projector.project(point);
            // Projecting put what lies beyond the grid on its edge, where a point has no business.
            if self.area.contains(at) && point[1].abs() <= MAX_LAT {
                self.cells.push(snap(at));
            }
        }
        self.commands.points(&self.cells);
    }

    fn draw_lines(&mut self, shape: &Geometry, pass: Pass) {
        let mut vanished = None;
        for line in shape.lines() {
            self.take_line(line, pass);
            if pass.simplify {
                let grid = self.grid();
                self.simplifier.line(&mut self.points, &grid);
            }
            self.spare.clear();
            self.ends.clear();
            if pass.clip {
                clip_line(&self.points, self.area, &mut self.spare, &mut self.ends);
            } else {
                std::mem::swap(&mut self.points, &mut self.spare);
                self.ends.push(self.spare.len());
            }
            let mut start = 0;
            for &end in &self.ends {
                let piece = self.spare.get(start..end).unwrap_or(&[]);
                start = end;
                self.cells.clear();
                if snap_line(piece, &mut self.cells) > 0 {
                    self.commands.line(&self.cells);
                } else if let Some(&first) = piece.iter().find(|p| self.area.has_within(**p)) {
                    vanished.get_or_insert(snap(first));
                }
            }
        }
        if let Some([x, y]) = vanished.filter(|_| self.commands.is_empty()) {
            let to = self.beside(x, self.least_width(pass));
            self.commands.line(&[[x, y], [to, y]]);
        }
    }

    fn draw_polygons(&mut self, shape: &Geometry, pass: Pass) {
        self.rings.clear();
        let mut vanished = Vanished::default();
        for rings in shape.polygon_ranges() {
            let mut outer = true;
            for ring in rings {
                let drawn = self.add_ring(shape.line_at(ring), outer, pass, &mut vanished);
                if outer && !drawn {
                    break;
                }
                outer = false;
            }
        }
        if self.rings.rings.is_empty() {
            if let Some(stroke) = vanished.stroke {
                let thin = self.thin_polygon(stroke, self.least_width(pass));
                self.commands.ring(&thin);
            }
            return;
        }
        if self.crossing.any(&self.rings) {
            repair(&mut self.rings);
        }
        for (ring, _) in self.rings.iter() {
            self.commands.ring(ring);
        }
    }

    /// Adds a ring as it appears in the tile; `false` when nothing of it does.
    fn add_ring(
        &mut self,
        ring: &[[f64; 2]],
        outer: bool,
        pass: Pass,
        vanished: &mut Vanished,
    ) -> bool {
        self.take_line(ring, pass);
        if self.points.first() == self.points.last() {
            self.points.pop();
        }
        if pass.simplify {
            let grid = self.grid();
            self.simplifier.ring(&mut self.points, &grid);
        }
        if pass.clip {
            clip_ring(&mut self.points, &mut self.spare, self.area);
        }
        let start = self.rings.points.len();
        let doubled = snap_ring(&self.points, &mut self.rings.points);
        // Below the last zoom specks of less than half a pixel go, unless they are all there is.
        let least = if pass.simplify { (self.tolerance * self.tolerance / 2.0) as i64 } else { 0 };
        let Some(doubled) = doubled.filter(|d| *d == 0 || d.abs() >= least) else {
            self.rings.points.truncate(start);
            if outer && self.is_there() {
                vanished.note(&self.points);
            }
            return false;
        };
        if (doubled > 0) != outer
            && let Some(ring) = self.rings.points.get_mut(start..)
        {
            ring.reverse();
        }
        self.rings.rings.push(Ring { end: self.rings.points.len(), outer });
        true
    }

    /// Tells whether the ring in `points` is more than what clipping leaves of one outside: a path along
    /// the border.
    fn is_there(&self) -> bool {
        self.points.iter().any(|&p| self.area.has_within(p)) || shape_area(&self.points) >= 1.0
    }

    /// Projects a line into `points`, onto the world's grid if it is to be simplified.
    fn take_line(&mut self, line: &[[f64; 2]], pass: Pass) {
        self.points.clear();
        self.points.reserve(line.len());
        for &point in line {
            let [x, y] = self.projector.project(point);
            self.points.push(if pass.simplify { [round(x), round(y)] } else { [x, y] });
        }
    }

    fn grid(&self) -> SimplifyGrid {
        SimplifyGrid {
            origin: self.projector.origin(),
            tolerance: self.tolerance,
            window: Some(self.area.corners()),
        }
    }

    /// Returns how wide what vanished is drawn: one unit where the tile is exact, else half a pixel.
    fn least_width(&self, pass: Pass) -> i32 {
        if pass.simplify { self.tolerance.ceil() as i32 } else { 1 }
    }

    /// Returns a coordinate farther on by `width`, inside the tile's buffer.
    fn beside(&self, at: i32, width: i32) -> i32 {
        if f64::from(at + width) <= self.area.high { at + width } else { at - width }
    }

    /// Returns a polygon of this width along a stroke.
    fn thin_polygon(&self, [a, b]: [Cell; 2], width: i32) -> [Cell; 4] {
        let (dx, dy) = ((b[0] - a[0]).abs(), (b[1] - a[1]).abs());
        let mut ring = if dx.max(dy) < width {
            let (x, y) = (self.beside(a[0], width), self.beside(a[1], width));
            [a, [x, a[1]], [x, y], [a[0], y]]
        } else {
            // The same step at both ends, or it would be no parallelogram.
            let across = usize::from(dx >= dy);
            let edge = a[across].max(b[across]);
            let step = self.beside(edge, width) - edge;
            let (mut c, mut d) = (b, a);
            c[across] += step;
            d[across] += step;
            [a, b, c, d]
        };
        if doubled_area(&ring) < 0 {
            ring.reverse();
        }
        ring
    }
}

/// Returns the area inside a ring, in square units.
fn shape_area(ring: &[[f64; 2]]) -> f64 {
    let Some(&[x, y]) = ring.first() else {
        return 0.0;
    };
    let doubled: f64 = ring
        .windows(2)
        .map(|s| (s[0][0] - x) * (s[1][1] - y) - (s[1][0] - x) * (s[0][1] - y))
        .sum();
    doubled.abs() / 2.0
}

/// The largest outer ring that was lost by snapping.
#[derive(Default)]
struct Vanished {
    size: f64,
    stroke: Option<[Cell; 2]>,
}

impl Vanished {
    /// Remembers the ring as the stroke along its longer side, if it is larger than the one before.
    fn note(&mut self, ring: &[[f64; 2]]) {
        let Some((west, east)) = ends_along(ring, 0) else {
            return;
        };
        let Some((north, south)) = ends_along(ring, 1) else {
            return;
        };
        let (width, height) = (east[0] - west[0], south[1] - north[1]);
        let size = width + height;
        if self.stroke.is_some() && size <= self.size {
            return;
        }
        self.size = size;
        self.stroke = Some(if width >= height {
            [snap(west), snap(east)]
        } else {
            [snap(north), snap(south)]
        });
    }
}

/// Returns the points with the least and the greatest coordinate on an axis.
fn ends_along(ring: &[[f64; 2]], axis: usize) -> Option<([f64; 2], [f64; 2])> {
    let &first = ring.first()?;
    Some(ring.iter().fold((first, first), |(low, high), &p| {
        (if p[axis] < low[axis] { p } else { low }, if p[axis] > high[axis] { p } else { high })
    }))
}
