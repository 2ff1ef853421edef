//! The boundaries of hatches (DXF Reference, "Boundary Path Data").

use onemap_model::{Geometry, GeometryKind};

use super::affine::Point;
use super::curves::{Spline, arc, bulge, ellipse, minor_axis};
use super::pairs::Pair;
use super::raw::Raw;
use crate::limits::{MAX_DXF_HATCH_RINGS, MAX_DXF_HATCH_STEPS};

/// Makes polygons of the rings of a hatch, in its own coordinates; a ring inside another is a hole, one
/// inside that an island. Also returns what was mended.
pub(super) fn polygons(raw: &Raw) -> Result<(Geometry, Vec<&'static str>), String> {
    let elevation = raw.real(30).unwrap_or_default();
    let at = raw.pairs.iter().position(|pair| pair.code == 91).ok_or("it has no boundary")?;
    let mut groups = Groups { pairs: raw.pairs.get(at..).unwrap_or_default() };
    let count = groups.count(91).ok_or("it has no boundary")?;
    let mut rings: Vec<Vec<Point>> = Vec::new();
    let mut has_open = false;
    for _ in 0..count {
        let Some(flags) = groups.find(92) else { break };
        let read = if flags as i64 & 2 != 0 { groups.polyline() } else { groups.edges() };
        let Some(mut ring) = read else { return Err("its boundary is damaged".to_owned()) };
        ring.dedup();
        match (ring.first().copied(), ring.last()) {
            (Some(first), Some(last)) if first != *last => {
                let gap = (first[0] - last[0]).abs().max((first[1] - last[1]).abs());
                let size = ring.iter().fold(0.0f64, |s, p| s.max(p[0].abs()).max(p[1].abs()));
                has_open |= gap > 1e-6 * size.max(1.0);
                ring.push(first);
            }
            _ => {}
        }
        if ring.len() >= 4 {
            for point in &mut ring {
                point[2] = elevation;
            }
            rings.push(ring);
        }
        if rings.len() > MAX_DXF_HATCH_RINGS {
            return Err(format!("it has more than {MAX_DXF_HATCH_RINGS} rings; split it"));
        }
    }
    let vertices: usize = rings.iter().map(Vec::len).sum();
    if vertices.saturating_mul(rings.len()) > MAX_DXF_HATCH_STEPS {
        return Err("it has too many rings and vertices; split it".to_owned());
    }
    if rings.is_empty() {
        return Err("its boundary has no ring with an inside".to_owned());
    }
    let repairs = if has_open { vec!["an open ring was closed"] } else { Vec::new() };
    Ok((nest(rings), repairs))
}

/// Walks the groups of the boundary.
struct Groups<'a> {
    pairs: &'a [Pair],
}

impl Groups<'_> {
    fn next(&mut self) -> Option<&Pair> {
        let (first, rest) = self.pairs.split_first()?;
        self.pairs = rest;
        Some(first)
    }

    fn peek(&self) -> Option<i16> {
        self.pairs.first().map(|pair| pair.code)
    }

    /// Passes over groups up to one with this code, and returns its number.
    fn find(&mut self, code: i16) -> Option<f64> {
        loop {
            let pair = self.next()?;
            // What follows the boundary: style and pattern.
            if pair.code == 75 {
                return None;
            }
            if pair.code == code {
                return pair.value.real();
            }
        }
    }

    /// Like [`Self::find`], for a count: never more than groups that are left.
    fn count(&mut self, code: i16) -> Option<usize> {
        let count = self.find(code)?;
        (count >= 0.0 && count <= self.pairs.len() as f64).then_some(count as usize)
    }

    /// Takes the number of the next group, if it has this code.
    fn take(&mut self, code: i16) -> Option<f64> {
        if self.peek()? != code {
            return None;
        }
        self.next()?.value.real()
    }

    fn xy(&mut self, code: i16) -> Option<Point> {
        Some([self.take(code)?, self.take(code + 10)?, 0.0])
    }

    fn polyline(&mut self) -> Option<Vec<Point>> {
        let count = self.count(93)?;
        let mut vertices = Vec::with_capacity(count);
        for _ in 0..count {
            let at = self.xy(10)?;
            vertices.push((at, self.take(42).unwrap_or_default()));
        }
        let mut points: Vec<Point> = vertices.first().map(|(at, _)| *at).into_iter().collect();
        for (i, (from, turn)) in vertices.iter().enumerate() {
            let to = vertices.get(i + 1).or(vertices.first()).map(|(at, _)| *at)?;
            bulge(*from, to, *turn, &mut points);
        }
        Some(points)
    }

    fn edges(&mut self) -> Option<Vec<Point>> {
        let count = self.count(93)?;
        let mut ring: Vec<Point> = Vec::new();
        for _ in 0..count {
            let mut edge = match self.find(72)? as i64 {
                1 => vec![self.xy(10)?, self.xy(11)?],
                2 => {
                    let (centre, radius) = (self.xy(10)?, self.take(40)?);
                    let (begin, end, is_ccw) =
                        (self.take(50)?, self.take(51)?, self.take(73)? != 0.0);
                    directed(is_ccw, begin, end, |begin, end| arc(centre, radius, begin, end))
                }
                3 => {
                    let (centre, major, ratio) = (self.xy(10)?, self.xy(11)?, self.take(40)?);
                    let (begin, end, is_ccw) =
                        (self.take(50)?, self.take(51)?, self.take(73)? != 0.0);
                    let minor = minor_axis(major, ratio, [0.0, 0.0, 1.0]);
                    // Angles of rays from the centre here, not parameters as in ELLIPSE.
                    let parameter = |degrees: f64| {
                        let (sin, cos) = libm::sincos(degrees.to_radians());
                        libm::atan2(sin, cos * ratio)
                    };
                    directed(is_ccw, begin, end, |begin, end| {
                        ellipse(centre, major, minor, parameter(begin), parameter(end))
                    })
                }
                4 => self.spline()?,
                _ => return None,
            };
            // Edges join in order, but some writers turn single ones round.
            if let (Some(last), Some(first), Some(end)) = (ring.last(), edge.first(), edge.last())
                && distance(*last, *end) < distance(*last, *first)
            {
                edge.reverse();
            }
            // Where edges meet, arcs end a hair beside.
            let meets = ring.last().zip(edge.first()).is_some_and(|(last, first)| {
                distance(*last, *first) <= 1e-9 * (1.0 + last[0].abs() + last[1].abs())
            });
            ring.extend(edge.into_iter().skip(usize::from(meets)));
        }
        Some(ring)
    }

    fn spline(&mut self) -> Option<Vec<Point>> {
        let degree = self.take(94)?;
        let (is_rational, _) = (self.take(73)? != 0.0, self.take(74)?);
        let (knots, controls) = (self.count(95)?, self.count(96)?);
        let mut spline = Spline { degree: degree.clamp(0.0, 100.0) as usize, ..Spline::default() };
        for _ in 0..knots {
            spline.knots.push(self.take(40)?);
        }
        for _ in 0..controls {
            spline.controls.push(self.xy(10)?);
            if let Some(weight) = self.take(42)
                && is_rational
            {
                spline.weights.push(weight);
            }
        }
        let points = spline.points();
        points.or_else(|| (spline.controls.len() >= 2).then_some(spline.controls))
    }
}

fn distance(a: Point, b: Point) -> f64 {
    libm::hypot(a[0] - b[0], a[1] - b[1])
}

/// Makes an arc that may run clockwise; its angles then count clockwise too.
fn directed(
    is_ccw: bool,
    begin: f64,
    end: f64,
    make: impl Fn(f64, f64) -> Vec<Point>,
) -> Vec<Point> {
    if is_ccw {
        return make(begin, end);
    }
    let mut points = make(-end, -begin);
    points.reverse();
    points
}

struct Ring {
    points: Vec<Point>,
    area: f64,
}

fn nest(rings: Vec<Vec<Point>>) -> Geometry {
    let area = |points: &[Point]| {
        let edges = points.iter().zip(points.iter().skip(1));
        edges.map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum::<f64>().abs()
    };
    let mut rings: Vec<Ring> =
        rings.into_iter().map(|points| Ring { area: area(&points), points }).collect();
    rings.sort_by(|a, b| b.area.total_cmp(&a.area));
    let mut depths: Vec<(Option<usize>, u32)> = Vec::with_capacity(rings.len());
    for (i, ring) in rings.iter().enumerate() {
        let parent = rings
            .iter()
            .enumerate()
            .take(i)
            .rev()
            .find(|(_, outer)| outer.contains(ring))
            .map(|(at, _)| at);
        let depth = parent.and_then(|at| depths.get(at)).map_or(0, |(_, depth)| depth + 1);
        depths.push((parent, depth));
    }
    let mut geometry = Geometry::empty(GeometryKind::MultiPolygon);
    for (i, outer) in rings.iter().enumerate() {
        if depths.get(i).is_none_or(|(_, depth)| depth % 2 == 1) {
            continue;
        }
        let holes = depths
            .iter()
            .zip(&rings)
            .filter(|((parent, depth), _)| *parent == Some(i) && depth % 2 == 1);
        for ring in std::iter::once(outer).chain(holes.map(|(_, hole)| hole)) {
            ring.points.iter().for_each(|p| geometry.push_z(*p));
            geometry.end_line();
        }
        geometry.end_polygon();
    }
    if geometry.parts.len() == 1 {
        geometry.kind = GeometryKind::Polygon;
    }
    geometry
}

impl Ring {
    /// Tells whether most of a few vertices of the other ring lie in this one: rings may touch.
    fn contains(&self, other: &Self) -> bool {
        let step = (other.points.len() / 5).max(1);
        let probes = other.points.iter().step_by(step).take(5);
        let (inside, all) =
            probes.fold((0, 0), |(n, all), p| (n + i32::from(self.has_inside(*p)), all + 1));
        inside * 2 > all
    }

    fn has_inside(&self, p: Point) -> bool {
        let mut inside = false;
        for (a, b) in self.points.iter().zip(self.points.iter().skip(1)) {
            if (a[1] > p[1]) != (b[1] > p[1])
                && p[0] < a[0] + (p[1] - a[1]) / (b[1] - a[1]) * (b[0] - a[0])
            {
                inside = !inside;
            }
        }
        inside
    }
}
