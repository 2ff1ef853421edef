//! The first phase below a layer's last zoom: project, cut, snap.

use onemap_generalise::TOLERANCE_UNITS;
use onemap_model::{Geometry, GeometryKind, TileCoord};

use crate::arena::{Arena, Role};
use crate::clip::{ClipBox, clip_line, clip_ring};
use crate::project::{MAX_LAT, Projector};
use crate::shape::{GeomType, shape_area};
use crate::snap::{Cell, doubled_area, round, snap};

type Point = [f64; 2];

/// How far beyond the window, in tiles, vertices are surely not seen.
const MARGIN: f64 = 0.01;

/// Brings shapes onto the world's grid at the tile's zoom, as far as the tile and its buffer (the
/// *window*) show them.
///
/// Where a line crosses the tile's own edges, or their prolongations, it is given a vertex on the grid.
/// These vertices are never simplified away, so what happens to a line inside a tile depends on nothing
/// outside, and two tiles agree on their common edge. The place of such a vertex is computed from the
/// ends of the segment in the world's coordinates: it is the same number in both tiles.
#[derive(Debug)]
pub(crate) struct Taker {
    projector: Projector,
    area: ClipBox,
    extent: f64,
    /// The window with a margin, degrees.
    degrees: [Point; 2],
    points: Vec<Point>,
    spare: Vec<Point>,
    ends: Vec<usize>,
}

impl Taker {
    pub(crate) fn new(tile: TileCoord, extent: u32, area: ClipBox) -> Self {
        Self {
            projector: Projector::new(tile, extent),
            area,
            extent: f64::from(extent),
            degrees: degrees(tile, extent, area),
            points: Vec::new(),
            spare: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// Begins another tile.
    pub(crate) fn restart(&mut self, tile: TileCoord, extent: u32, area: ClipBox) {
        self.projector = Projector::new(tile, extent);
        self.area = area;
        self.extent = f64::from(extent);
        self.degrees = degrees(tile, extent, area);
    }

    /// Appends the paths of a shape that is no collection; `None` when nothing of it lies in the window.
    pub(crate) fn take(&mut self, shape: &Geometry, out: &mut Arena) -> Option<GeomType> {
        let before = out.paths.len();
        let kind = match shape.kind {
            GeometryKind::Point | GeometryKind::MultiPoint => {
                self.take_points(shape, out);
                GeomType::Point
            }
            GeometryKind::LineString | GeometryKind::MultiLineString => {
                for line in shape.lines() {
                    self.take_line(line, out);
                }
                GeomType::Line
            }
            GeometryKind::Polygon | GeometryKind::MultiPolygon => {
                for rings in shape.polygon_ranges() {
                    let mut role = Role::Outer;
                    for ring in rings {
                        let taken = self.take_ring(shape.line_at(ring), role, out);
                        if !taken && role == Role::Outer {
                            break;
                        }
                        role = Role::Hole;
                    }
                }
                GeomType::Polygon
            }
            GeometryKind::Collection => return None,
        };
        (out.paths.len() > before).then_some(kind)
    }

    fn take_points(&mut self, shape: &Geometry, out: &mut Arena) {
        let start = out.cells.len();
        for &point in &shape.xy {
            let at = self.projector.project(point);
            // Projecting put what lies beyond the grid on its edge, where a point has no business.
            if self.area.contains(at) && point[1].abs() <= MAX_LAT {
                out.cells.push(snap(at));
            }
        }
        if out.cells.len() > start {
            out.end_path(Role::Points, 0.0);
        }
    }

    fn take_line(&mut self, line: &[Point], out: &mut Arena) {
        let Some(bounds) = self.projector.bounds(line) else { return };
        if self.area.misses(bounds) {
            return;
        }
        let start = out.cells.len();
        if self.is_in_tile(bounds) {
            for &point in line {
                push_open(&mut out.cells, start, snap(self.projector.project(point)));
            }
            out.end_path(Role::Open, 0.0);
            return;
        }
        self.gather(line);
        self.cut_at_edges(false);
        self.spare.clear();
        self.ends.clear();
        clip_line(&self.points, self.area, &mut self.spare, &mut self.ends);
        let mut start = 0;
        for &end in &self.ends {
            let piece = self.spare.get(start..end).unwrap_or(&[]);
            start = end;
            if piece.iter().any(|&p| self.area.has_within(p)) || passes(piece, self.area) {
                let start = out.cells.len();
                for &point in piece {
                    push_open(&mut out.cells, start, snap(point));
                }
                out.end_path(Role::Open, 0.0);
            }
        }
    }

    /// Appends a ring; `false` when nothing of it lies in the window.
    fn take_ring(&mut self, ring: &[Point], role: Role, out: &mut Arena) -> bool {
        let Some(bounds) = self.projector.bounds(ring) else {
            return false;
        };
        if self.area.misses(bounds) {
            return false;
        }
        let start = out.cells.len();
        if self.is_in_tile(bounds) {
            for &point in ring {
                push_closed(&mut out.cells, start, snap(self.projector.project(point)));
            }
        } else {
            self.gather(ring);
            if self.points.first() == self.points.last() {
                self.points.pop();
            }
            self.cut_at_edges(true);
            if !self.area.contains_all(bounds) {
                clip_ring(&mut self.points, &mut self.spare, self.area);
                // Clipping may leave of a ring outside a path along the border.
                let is_there = self.points.iter().any(|&p| self.area.has_within(p))
                    || shape_area(&self.points) >= 1.0;
                if !is_there {
                    return false;
                }
            }
            for &point in &self.points {
                push_closed(&mut out.cells, start, snap(point));
            }
        }
        close(&mut out.cells, start);
        let doubled = doubled_area(&out.cells[start..]);
        if (doubled < 0) == (role == Role::Outer) && doubled != 0 {
            out.cells[start..].reverse();
        }
        let small = (doubled.abs() as f64) < 2.0 * TOLERANCE_UNITS * TOLERANCE_UNITS;
        let area = if small {
            if self.is_in_tile(bounds) {
                self.gather(ring);
            }
            shape_area(&self.points) as f32
        } else {
            0.0
        };
        out.end_path(role, area);
        true
    }

    /// Tells whether a box lies inside the tile, so that nothing in it crosses the tile's edges.
    fn is_in_tile(&self, [low, high]: [Point; 2]) -> bool {
        low[0] > 0.0 && low[1] > 0.0 && high[0] < self.extent && high[1] < self.extent
    }

    /// Projects a line into `points`. Of vertices beyond one side of the window only those next to a
    /// segment that may be seen are kept: the way around the window stays the same.
    fn gather(&mut self, line: &[Point]) {
        self.points.clear();
        let (mut before, mut last) = (0, 0);
        let mut pending: Option<Point> = None;
        for &point in line {
            let code = side_code(point, self.degrees);
            if code & last & before == 0
                && let Some(pending) = pending
            {
                self.points.push(self.projector.project(pending));
                before = last;
            }
            pending = Some(point);
            last = code;
        }
        if let Some(pending) = pending {
            self.points.push(self.projector.project(pending));
        }
    }

    /// Gives `points` a vertex wherever they cross one of the tile's edges.
    fn cut_at_edges(&mut self, closed: bool) {
        let lines = [(0, 0.0), (0, self.extent), (1, 0.0), (1, self.extent)];
        self.spare.clear();
        let n = self.points.len();
        for i in 0..n {
            let a = self.points[i];
            self.spare.push(a);
            let next = if i + 1 < n { i + 1 } else { 0 };
            if next == 0 && !closed {
                break;
            }
            let b = self.points[next];
            let side = |v: f64| u8::from(v > 0.0) + u8::from(v < self.extent) * 2;
            if side(a[0]) == side(b[0]) && side(a[1]) == side(b[1]) {
                continue;
            }
            let mut cuts = [(0.0, a); 4];
            let mut count = 0;
            for (axis, at) in lines {
                if (a[axis] < at && b[axis] > at) || (b[axis] < at && a[axis] > at) {
                    cuts[count] = self.cut(a, b, axis, at);
                    count += 1;
                }
            }
            let cuts = &mut cuts[..count];
            cuts.sort_unstable_by(|p, q| p.0.total_cmp(&q.0));
            self.spare.extend(cuts.iter().map(|cut| cut.1));
        }
        std::mem::swap(&mut self.points, &mut self.spare);
    }

    /// Returns how far along the segment it meets the line, and where: on the grid.
    fn cut(&self, a: Point, b: Point, axis: usize, at: f64) -> (f64, Point) {
        let other = 1 - axis;
        // From the lesser end, so that the place is the same whichever way the segment runs.
        let (p, q) = if a <= b { (a, b) } else { (b, a) };
        let t = (at - p[axis]) / (q[axis] - p[axis]);
        // Differences are the same in all tiles; the sum is rounded alike only in the world's coordinates.
        let origin = self.projector.corner()[other];
        let mut place = [at; 2];
        place[other] = round((p[other] + origin) + t * (q[other] - p[other])) - origin;
        (if a <= b { t } else { 1.0 - t }, place)
    }
}

/// Returns one bit for each side of the box that the point lies beyond.
#[inline]
fn side_code([x, y]: Point, [low, high]: [Point; 2]) -> u8 {
    u8::from(x < low[0])
        | u8::from(x > high[0]) << 1
        | u8::from(y < low[1]) << 2
        | u8::from(y > high[1]) << 3
}

/// Tells whether a piece with no vertex inside the box runs through it, not along its border.
fn passes(piece: &[Point], area: ClipBox) -> bool {
    piece.windows(2).any(|s| {
        let middle = [f64::midpoint(s[0][0], s[1][0]), f64::midpoint(s[0][1], s[1][1])];
        area.has_within(middle)
    })
}

/// Appends a cell to a line without repeated cells and without the back and forth of a unit that snapping
/// makes.
#[inline]
fn push_open(out: &mut Vec<Cell>, start: usize, cell: Cell) {
    match out.get(start..).unwrap_or(&[]) {
        [.., last] if *last == cell => {}
        [.., before, last] if *before == cell && is_next_to(*last, cell) => {
            out.pop();
        }
        _ => out.push(cell),
    }
}

fn is_next_to(a: Cell, b: Cell) -> bool {
    (a[0] - b[0]).abs() <= 1 && (a[1] - b[1]).abs() <= 1
}

/// Ends a ring from `start` on, without its closing cell and spikes. Which spikes go does not depend on
/// where the ring begins and which way it runs. At least one cell is left.
fn close(out: &mut Vec<Cell>, start: usize) {
    let mut from = start;
    while let &[first, second, .., before, last] = out.get(from..).unwrap_or(&[]) {
        if first == last || first == before {
            out.pop();
        } else if second == last {
            from += 1;
        } else {
            break;
        }
    }
    out.drain(start..from);
    if let &[first, .., last] = out.get(start..).unwrap_or(&[])
        && first == last
    {
        out.pop();
    }
}

#[inline]
fn push_closed(out: &mut Vec<Cell>, start: usize, cell: Cell) {
    match out.get(start..).unwrap_or(&[]) {
        [.., last] if *last == cell => {}
        [.., before, _] if *before == cell => {
            out.pop();
        }
        _ => out.push(cell),
    }
}

/// Returns the window with a margin, in degrees.
fn degrees(tile: TileCoord, extent: u32, area: ClipBox) -> [Point; 2] {
    let buffer = -area.low / f64::from(extent);
    let seen = tile.bounds(buffer + MARGIN);
    [[seen.west, seen.south], [seen.east, seen.north]]
}
