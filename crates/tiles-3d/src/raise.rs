//! Footprints raised: walls, roofs, and bottoms where something hangs in the air.

use earcut::Earcut;
use onemap_crs::{LocalFrame, to_geocentric};
use onemap_model::Geometry;
use rustc_hash::FxHashMap;

use crate::batch::{Batch, Vertex, normal};
use crate::color::linear;
use crate::roof::Roof;
use crate::rule::{RoofShape, SolidParams};
use crate::simplify::kept;

type Point = [f64; 2];

/// A place on the ground, and the way up from it, in the tile's frame.
#[derive(Debug, Clone, Copy)]
struct Column {
    at: [f64; 3],
    up: [f64; 3],
}

impl Column {
    fn new(frame: &LocalFrame, [lon, lat]: Point, base: f64) -> Self {
        let at = frame.from_geocentric(to_geocentric([lon, lat, base]));
        let ((sin_lon, cos_lon), (sin, cos)) =
            (lon.to_radians().sin_cos(), lat.to_radians().sin_cos());
        let normal = [cos * cos_lon, cos * sin_lon, sin];
        let up =
            frame.axes.map(|axis| axis[0] * normal[0] + axis[1] * normal[1] + axis[2] * normal[2]);
        Self { at, up }
    }

    fn rise(&self, by: f64) -> [f64; 3] {
        std::array::from_fn(|i| self.at[i] + self.up[i] * by)
    }

    fn between(&self, other: &Self, t: f64) -> Self {
        let mix = |a: [f64; 3], b: [f64; 3]| std::array::from_fn(|i| a[i] + t * (b[i] - a[i]));
        Self { at: mix(self.at, other.at), up: mix(self.up, other.up) }
    }

    fn flat(&self) -> Point {
        [self.at[0], self.at[1]]
    }
}

/// The columns of a footprint, and its ground between them.
struct Ground {
    near: Column,
    own: FxHashMap<[u64; 2], Column>,
}

impl Ground {
    fn of(rings: &[Vec<Column>]) -> Option<Self> {
        let columns = rings.iter().flatten();
        let own = columns.map(|column| (column.flat().map(f64::to_bits), *column)).collect();
        Some(Self { near: *rings.first()?.first()?, own })
    }

    /// Returns the column at a place: one of the corners' own, else a neighbour's, moved there.
    fn at(&self, at: Point) -> Column {
        self.own.get(&at.map(f64::to_bits)).copied().unwrap_or_else(|| {
            // The ground of a footprint is a plane across the way up.
            let near = &self.near;
            let [dx, dy] = [at[0] - near.at[0], at[1] - near.at[1]];
            let fall = (dx * near.up[0] + dy * near.up[1]) / near.up[2];
            Column { at: [at[0], at[1], near.at[2] - fall], up: near.up }
        })
    }
}

/// Raises footprints, keeping its memory between them.
#[derive(Default)]
pub(crate) struct Raiser {
    earcut: Earcut<f64>,
    corners: Vec<Point>,
    holes: Vec<u32>,
    indices: Vec<u32>,
}

impl Raiser {
    /// Raises all polygons of a footprint into a batch. With a tolerance, metres, as blocks: vertices that matter less than
    /// it, and courtyards narrower than it, are left out, and roofs are flat.
    pub(crate) fn raise(
        &mut self,
        batch: &mut Batch,
        frame: &LocalFrame,
        footprint: &Geometry,
        params: &SolidParams,
        tolerance: Option<f64>,
        feature: u16,
    ) {
        footprint.for_each_simple(&mut |shape| {
            for rings in shape.polygon_ranges() {
                let mut columns: Vec<Vec<Column>> = Vec::new();
                for (i, ring) in rings.enumerate() {
                    let ring = shape.line_at(ring);
                    let open = ring.split_last().filter(|(last, rest)| rest.first() == Some(last));
                    let ring = open.map_or(ring, |(_, rest)| rest);
                    let ring: Vec<Column> =
                        ring.iter().map(|&at| Column::new(frame, at, params.base)).collect();
                    match (simplified(ring, tolerance, i > 0), i) {
                        (Some(ring), _) => columns.push(ring),
                        (None, 0) => break,
                        (None, _) => {}
                    }
                }
                if !columns.is_empty() {
                    self.polygon(batch, &columns, params, tolerance.is_some(), feature);
                }
            }
        });
    }

    fn polygon(
        &mut self,
        batch: &mut Batch,
        rings: &[Vec<Column>],
        params: &SolidParams,
        is_block: bool,
        feature: u16,
    ) {
        let flat: Vec<Vec<Point>> =
            rings.iter().map(|ring| ring.iter().map(Column::flat).collect()).collect();
        let whole = match flat.first() {
            Some(outer) if !is_block => Roof::of(outer, params),
            _ => Roof::of(&[], &SolidParams { roof: RoofShape::Flat, ..*params }),
        };
        // A block is as high as the middle of the roof.
        let lost = match params.roof_height {
            Some(roof) if is_block && params.roof != RoofShape::Flat => roof / 2.0,
            _ => 0.0,
        };
        let top = (params.height - lost).max(params.min_height + 0.1);
        let eaves = top - whole.rise;
        let (side, cover) = (linear(params.wall), linear(params.roof_color));
        for ring in rings {
            for (i, a) in ring.iter().enumerate() {
                let b = &ring[(i + 1) % ring.len()];
                wall(batch, (a, b), &whole, (params.min_height, eaves), (side, feature));
            }
        }
        let Some(ground) = Ground::of(rings) else { return };
        let pieces = self.pieces(&flat, whole.planes.len() > 1);
        for plane in 0..whole.planes.len() {
            for piece in &pieces {
                let parts: Vec<Vec<Point>> =
                    piece.iter().map(|ring| whole.part(ring, plane)).collect();
                let top = |p| eaves + whole.at(p);
                self.cover(batch, &parts, &ground, top, (cover, feature), true);
            }
        }
        if params.min_height > 0.0 {
            self.cover(batch, &flat, &ground, |_| params.min_height, (side, feature), false);
        }
    }

    /// Divides a polygon so that each piece can be cut by planes: a courtyard that is cut with its outline touches it, so such a
    /// polygon is cut triangle by triangle.
    fn pieces(&mut self, rings: &[Vec<Point>], is_cut: bool) -> Vec<Vec<Vec<Point>>> {
        if !is_cut || rings.len() < 2 {
            return vec![rings.to_vec()];
        }
        let corners: Vec<Point> = rings.iter().flatten().copied().collect();
        let mut ends = 0;
        self.holes.clear();
        for ring in rings {
            ends += ring.len() as u32;
            self.holes.push(ends);
        }
        self.holes.pop();
        self.indices.clear();
        self.earcut.earcut(corners.iter().copied(), &self.holes, &mut self.indices);
        let triangles = self.indices.as_chunks::<3>().0.iter();
        triangles.map(|t| vec![t.map(|i| corners[i as usize]).to_vec()]).collect()
    }

    /// Adds a face over rings, at a height above the base.
    fn cover(
        &mut self,
        batch: &mut Batch,
        rings: &[Vec<Point>],
        ground: &Ground,
        height: impl Fn(Point) -> f64,
        (color, feature): ([u8; 4], u16),
        upward: bool,
    ) {
        self.corners.clear();
        self.holes.clear();
        for ring in rings.iter().filter(|ring| ring.len() > 2) {
            if !self.corners.is_empty() {
                self.holes.push(self.corners.len() as u32);
            }
            self.corners.extend_from_slice(ring);
        }
        if rings.first().is_none_or(|outer| outer.len() < 3) {
            return;
        }
        self.indices.clear();
        self.earcut.earcut(self.corners.iter().copied(), &self.holes, &mut self.indices);
        let place = |p: Point| ground.at(p).rise(height(p));
        let points: Vec<[f64; 3]> = self.corners.iter().map(|&p| place(p)).collect();
        let triangles: Vec<[u32; 3]> = self
            .indices
            .as_chunks::<3>()
            .0
            .iter()
            .map(|&[a, b, c]| {
                let [p, q, r] = [a, b, c].map(|i| self.corners[i as usize]);
                let turns = (q[0] - p[0]) * (r[1] - p[1]) - (r[0] - p[0]) * (q[1] - p[1]);
                if (turns > 0.0) == upward { [a, b, c] } else { [a, c, b] }
            })
            .collect();
        // One plane has one normal: that of its largest triangle, which is the most exact.
        let area = |t: &[u32; 3]| {
            let [p, q, r] = t.map(|i| self.corners[i as usize]);
            ((q[0] - p[0]) * (r[1] - p[1]) - (r[0] - p[0]) * (q[1] - p[1])).abs()
        };
        let largest = triangles.iter().max_by(|a, b| area(a).total_cmp(&area(b)));
        let face = largest.and_then(|t| {
            let [p, q, r] = t.map(|i| points[i as usize]);
            normal(p, q, r)
        });
        let Some(face) = face else { return };
        let vertices = points.into_iter().map(|position| Vertex {
            position,
            normal: face,
            color,
            uv: [0.0; 2],
            feature,
        });
        batch.add(vertices, triangles);
    }
}

/// Adds a wall from one column to the next, seen from the right of the way.
fn wall(
    batch: &mut Batch,
    (a, b): (&Column, &Column),
    roof: &Roof,
    (bottom, eaves): (f64, f64),
    (color, feature): ([u8; 4], u16),
) {
    let Some(face) = normal(a.rise(bottom), b.rise(bottom), b.rise(bottom + 1.0)) else {
        return;
    };
    let breaks = roof.breaks(a.flat(), b.flat());
    let mut along: Vec<Column> = Vec::with_capacity(breaks.len() + 2);
    along.push(*a);
    along.extend(breaks.iter().map(|&t| a.between(b, t)));
    along.push(*b);
    let vertex = |position| Vertex { position, normal: face, color, uv: [0.0; 2], feature };
    let top = |column: &Column| vertex(column.rise(eaves + roof.at(column.flat())));
    // Down at one end, up at the other: the next wall goes on where this one ends.
    let lower = [vertex(a.rise(bottom)), vertex(b.rise(bottom))];
    let corners = [top(a)].into_iter().chain(lower);
    if let [_, _] = along.as_slice() {
        batch.add(corners.chain([top(b)]), [[0, 1, 2], [0, 2, 3]]);
        return;
    }
    // A fan from the lower corner below the first one.
    let last = along.len() as u32 + 1;
    let triangles = (2..last).map(|i| [1, i, i + 1]).chain([[1, last, 0]]);
    batch.add(corners.chain(along.iter().skip(1).rev().map(top)), triangles);
}

/// Leaves out of a ring what matters less than the tolerance; `None` when nothing is left.
fn simplified(ring: Vec<Column>, tolerance: Option<f64>, is_hole: bool) -> Option<Vec<Column>> {
    if ring.len() < 3 {
        return None;
    }
    let Some(tolerance) = tolerance else { return Some(ring) };
    let area = |ring: &[Column]| {
        let pairs = ring.iter().zip(ring.iter().cycle().skip(1));
        pairs.map(|(a, b)| a.at[0] * b.at[1] - b.at[0] * a.at[1]).sum::<f64>().abs() / 2.0
    };
    let whole = area(&ring);
    if is_hole && whole < 4.0 * tolerance * tolerance {
        return None;
    }
    let flat: Vec<Point> = ring.iter().map(Column::flat).collect();
    let kept: Vec<Column> = kept(&flat, tolerance).into_iter().map(|i| ring[i]).collect();
    // A shape that lost its area stays as it was.
    Some(if area(&kept) < whole / 2.0 { ring } else { kept })
}
