//! From a shape in lon/lat to geometry commands in tile units, at a layer's last zoom and beyond.

use onemap_model::{Geometry, GeometryKind, TileCoord};

use crate::clip::{ClipBox, clip_line, clip_ring};
use crate::commands::Commands;
use crate::crossing::{CrossingTest, Ring, Rings};
use crate::least::{Vanished, beside};
use crate::project::{MAX_LAT, Projector};
use crate::repair::make_valid;
use crate::snap::{Cell, add_line, add_ring, snap};

/// What a feature of a tile is made of (MVT 4.3.4), with its number in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GeomType {
    Point = 1,
    Line = 2,
    Polygon = 3,
}

/// Draws shapes on the grid of one tile, each with all that the grid can show; its buffers serve one
/// shape after another.
#[derive(Debug)]
pub(crate) struct Shaper {
    projector: Projector,
    area: ClipBox,
    commands: Commands,
    crossing: CrossingTest,
    points: Vec<[f64; 2]>,
    spare: Vec<[f64; 2]>,
    ends: Vec<usize>,
    cells: Vec<Cell>,
    rings: Rings,
}

impl Shaper {
    pub(crate) fn new(tile: TileCoord, extent: u32, area: ClipBox) -> Self {
        Self {
            projector: Projector::new(tile, extent),
            area,
            commands: Commands::default(),
            crossing: CrossingTest::default(),
            points: Vec::new(),
            spare: Vec::new(),
            ends: Vec::new(),
            cells: Vec::new(),
            rings: Rings::default(),
        }
    }

    /// Begins another tile.
    pub(crate) fn restart(&mut self, tile: TileCoord, extent: u32, area: ClipBox) {
        self.projector = Projector::new(tile, extent);
        self.area = area;
    }

    /// Returns the commands that the last [`Shaper::draw`] wrote.
    pub(crate) fn commands(&self) -> &[u8] {
        self.commands.bytes()
    }

    /// Draws a shape that is no collection; `None` when nothing of it lies in the tile.
    pub(crate) fn draw(&mut self, shape: &Geometry) -> Option<GeomType> {
        self.commands.clear();
        let bounds = self.projector.bounds(&shape.xy)?;
        if self.area.misses(bounds) {
            return None;
        }
        let clip = !self.area.contains_all(bounds);
        let kind = match shape.kind {
            GeometryKind::Point | GeometryKind::MultiPoint => {
                self.draw_points(shape);
                GeomType::Point
            }
            GeometryKind::LineString | GeometryKind::MultiLineString => {
                self.draw_lines(shape, clip);
                GeomType::Line
            }
            GeometryKind::Polygon | GeometryKind::MultiPolygon => {
                self.draw_polygons(shape, clip);
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

    fn draw_lines(&mut self, shape: &Geometry, clip: bool) {
        let mut vanished = None;
        for line in shape.lines() {
            self.take_line(line);
            self.spare.clear();
            self.ends.clear();
            if clip {
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
                if add_line(piece.iter().map(|&p| snap(p)), &mut self.cells) > 0 {
                    self.commands.line(&self.cells);
                } else if let Some(&first) = piece.iter().find(|p| self.area.has_within(**p)) {
                    vanished.get_or_insert(snap(first));
                }
            }
        }
        if let Some([x, y]) = vanished.filter(|_| self.commands.is_empty()) {
            self.commands.line(&[[x, y], [beside(x, 1, self.area), y]]);
        }
    }

    fn draw_polygons(&mut self, shape: &Geometry, clip: bool) {
        self.rings.clear();
        let mut vanished = Vanished::default();
        for rings in shape.polygon_ranges() {
            let mut outer = true;
            for ring in rings {
                let drawn = self.add_ring(shape.line_at(ring), outer, clip, &mut vanished);
                if outer && !drawn {
                    break;
                }
                outer = false;
            }
        }
        if self.rings.rings.is_empty() {
            if let Some(thin) = vanished.polygon(1, self.area) {
                self.commands.ring(&thin);
            }
            return;
        }
        make_valid(&mut self.rings, &mut self.crossing);
        for (ring, _) in self.rings.iter() {
            self.commands.ring(ring);
        }
    }

    /// Adds a ring as it appears in the tile; `false` when nothing of it does.
    fn add_ring(
        &mut self,
        ring: &[[f64; 2]],
        outer: bool,
        clip: bool,
        vanished: &mut Vanished,
    ) -> bool {
        self.take_line(ring);
        if self.points.first() == self.points.last() {
            self.points.pop();
        }
        if clip {
            clip_ring(&mut self.points, &mut self.spare, self.area);
        }
        let start = self.rings.points.len();
        let cells = self.points.iter().map(|&p| snap(p));
        let Some(doubled) = add_ring(cells.clone(), &mut self.rings.points) else {
            if outer && self.is_there() {
                vanished.note(cells, 0.0);
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

    /// Projects a line into `points`.
    fn take_line(&mut self, line: &[[f64; 2]]) {
        self.points.clear();
        self.points.reserve(line.len());
        for &point in line {
            self.points.push(self.projector.project(point));
        }
    }
}

/// Returns the area inside a ring, in square units.
pub(crate) fn shape_area(ring: &[[f64; 2]]) -> f64 {
    let Some(&[x, y]) = ring.first() else {
        return 0.0;
    };
    let doubled: f64 = ring
        .windows(2)
        .map(|s| (s[0][0] - x) * (s[1][1] - y) - (s[1][0] - x) * (s[0][1] - y))
        .sum();
    doubled.abs() / 2.0
}
