//! Makes polygons of the ways of a relation (wiki.openstreetmap.org/wiki/Relation:multipolygon).
//!
//! Ways are joined at their ends to rings; where rings touch in a node, each is cut off as soon as the walk
//! comes back to that node. Which ring is a hole follows from what lies in what, not from the roles, which
//! are often wrong. Coordinates are whole numbers here, so every test is exact.

use rustc_hash::FxHashMap;

use super::element::{At, degrees};
use crate::limits::{MAX_OSM_RING_STEPS, MAX_OSM_RINGS};
use onemap_model::{Geometry, GeometryKind};

/// A member way with all its nodes.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) nodes: Vec<i64>,
    pub(super) at: Vec<At>,
    pub(super) is_inner: bool,
}

/// What came of the ways.
#[derive(Debug)]
pub(super) struct Assembled {
    pub(super) geometry: Geometry,
    /// How many ways did not close to a ring.
    pub(super) open_ways: usize,
    /// Rings without an inside were left out.
    pub(super) has_flat_rings: bool,
}

/// Why nothing came of them.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failed {
    /// No outer ring closes.
    NoRing,
    /// There are more rings, or more to compare, than the limits allow.
    TooLarge,
}

struct Ring {
    at: Vec<At>,
    /// All its ways have the role `inner`.
    is_inner: bool,
    /// Twice the area, in square units.
    area: i128,
    low: At,
    high: At,
}

/// Makes polygons. With `is_partial` some ways are missing: then a ring of inner ways alone never becomes
/// an outer one.
pub(super) fn assemble(lines: &[Line], is_partial: bool) -> Result<Assembled, Failed> {
    let (rings, open_ways) = join(lines);
    let count = rings.len();
    let mut rings: Vec<Ring> = rings.into_iter().filter_map(Ring::new).collect();
    let has_flat_rings = rings.len() < count;
    if rings.len() > MAX_OSM_RINGS {
        return Err(Failed::TooLarge);
    }
    rings.sort_by_key(|ring| std::cmp::Reverse(ring.area));
    // The smallest ring around each, and how many there are around it.
    let mut parents: Vec<(Option<usize>, u32)> = Vec::with_capacity(rings.len());
    let mut steps = 0usize;
    for (i, ring) in rings.iter().enumerate() {
        let around = rings.iter().enumerate().take(i).rev().find(|(_, outer)| {
            steps += 1;
            outer.has_in_box(ring) && outer.contains(ring, &mut steps)
        });
        let parent = around.map(|(at, _)| at);
        let depth = parent.and_then(|at| parents.get(at)).map_or(0, |(_, depth)| depth + 1);
        parents.push((parent, depth));
        if steps > MAX_OSM_RING_STEPS {
            return Err(Failed::TooLarge);
        }
    }
    let mut holes: FxHashMap<usize, Vec<usize>> = FxHashMap::default();
    for (i, (parent, depth)) in parents.iter().enumerate() {
        if let (Some(parent), 1) = (parent, depth % 2) {
            holes.entry(*parent).or_default().push(i);
        }
    }
    let mut geometry = Geometry::empty(GeometryKind::MultiPolygon);
    for (i, ring) in rings.iter().enumerate() {
        let is_outer = parents.get(i).is_some_and(|(_, depth)| depth % 2 == 0);
        if !is_outer || (ring.is_inner && (is_partial || open_ways > 0)) {
            continue;
        }
        let inside = holes.get(&i).into_iter().flatten().filter_map(|hole| rings.get(*hole));
        for ring in std::iter::once(ring).chain(inside) {
            geometry.xy.extend(ring.at.iter().copied().map(degrees));
            geometry.end_line();
        }
        geometry.end_polygon();
    }
    match geometry.parts.len() {
        0 => return Err(Failed::NoRing),
        1 => geometry.kind = GeometryKind::Polygon,
        _ => {}
    }
    Ok(Assembled { geometry, open_ways, has_flat_rings })
}

/// Coordinates of a ring, and whether all its ways are inner ones.
type RawRing = (Vec<At>, bool);

/// A way on the walk.
#[derive(Clone, Copy)]
struct Step {
    line: usize,
    is_reversed: bool,
    from: i64,
}

/// Joins lines to rings; the second value counts those that are in none.
fn join(lines: &[Line]) -> (Vec<RawRing>, usize) {
    let mut rings = Vec::new();
    let mut at_node: FxHashMap<i64, Vec<usize>> = FxHashMap::default();
    let mut used: Vec<bool> = vec![false; lines.len()];
    for (i, line) in lines.iter().enumerate() {
        let (Some(first), Some(last)) = (line.nodes.first(), line.nodes.last()) else { continue };
        if first == last {
            rings.push((line.at.clone(), line.is_inner));
            if let Some(used) = used.get_mut(i) {
                *used = true;
            }
        } else {
            at_node.entry(*first).or_default().push(i);
            at_node.entry(*last).or_default().push(i);
        }
    }
    let mut open = 0;
    for start in 0..lines.len() {
        if used.get(start).copied().unwrap_or(true) {
            continue;
        }
        let Some(mut node) = lines.get(start).and_then(|line| line.nodes.first().copied()) else {
            continue;
        };
        let mut path: Vec<Step> = Vec::new();
        // Position in the path of the step that leaves each node on it.
        let mut on_path: FxHashMap<i64, usize> = FxHashMap::default();
        loop {
            let next = at_node.get_mut(&node).and_then(|candidates| {
                while let Some(i) = candidates.pop() {
                    if !used.get(i).copied().unwrap_or(true) {
                        return Some(i);
                    }
                }
                None
            });
            if let Some(i) = next
                && let Some(line) = lines.get(i)
                && let (Some(first), Some(last)) = (line.nodes.first(), line.nodes.last())
            {
                if let Some(used) = used.get_mut(i) {
                    *used = true;
                }
                let is_reversed = *first != node;
                on_path.insert(node, path.len());
                path.push(Step { line: i, is_reversed, from: node });
                node = if is_reversed { *first } else { *last };
                if let Some(begin) = on_path.get(&node).copied() {
                    let steps = path.split_off(begin);
                    for step in &steps {
                        on_path.remove(&step.from);
                    }
                    rings.push(ring_of(lines, &steps));
                }
            } else if let Some(step) = path.pop() {
                // A dead end: this way closes no ring.
                open += 1;
                on_path.remove(&step.from);
                node = step.from;
            } else {
                break;
            }
        }
    }
    (rings, open)
}

fn ring_of(lines: &[Line], steps: &[Step]) -> RawRing {
    let mut at: Vec<At> = Vec::new();
    let mut is_inner = true;
    for step in steps {
        let Some(line) = lines.get(step.line) else { continue };
        is_inner &= line.is_inner;
        // The first vertex is the last one of the way before.
        let skip = usize::from(!at.is_empty());
        if step.is_reversed {
            at.extend(line.at.iter().rev().skip(skip));
        } else {
            at.extend(line.at.iter().skip(skip));
        }
    }
    (at, is_inner)
}

/// Where a point is with respect to a ring.
#[derive(Debug, PartialEq, Eq)]
enum Side {
    Inside,
    Outside,
    Border,
}

impl Ring {
    /// Takes a closed ring; `None` when it has no inside.
    fn new((mut at, is_inner): RawRing) -> Option<Self> {
        at.dedup();
        let area: i128 = at.iter().zip(at.iter().skip(1)).map(|(a, b)| cross(*a, *b)).sum();
        if at.len() < 4 || at.first() != at.last() || area == 0 {
            return None;
        }
        let low = at.iter().fold([i32::MAX; 2], |low, p| [low[0].min(p[0]), low[1].min(p[1])]);
        let high = at.iter().fold([i32::MIN; 2], |high, p| [high[0].max(p[0]), high[1].max(p[1])]);
        Some(Self { at, is_inner, area: area.abs(), low, high })
    }

    fn has_in_box(&self, other: &Self) -> bool {
        self.low[0] <= other.low[0]
            && self.low[1] <= other.low[1]
            && self.high[0] >= other.high[0]
            && self.high[1] >= other.high[1]
    }

    /// Tells whether the other ring lies in this one: by its first vertex or middle of an edge that is not on
    /// the border. Rings of a valid relation touch, but do not cross.
    fn contains(&self, other: &Self, steps: &mut usize) -> bool {
        // Doubled, so that the middle of an edge is a whole number too.
        let double = |p: &At| [i64::from(p[0]) * 2, i64::from(p[1]) * 2];
        let middles =
            other.at.iter().zip(other.at.iter().skip(1)).map(|(a, b)| {
                [i64::from(a[0]) + i64::from(b[0]), i64::from(a[1]) + i64::from(b[1])]
            });
        for point in other.at.iter().map(double).chain(middles) {
            *steps = steps.saturating_add(self.at.len());
            match self.side(point) {
                Side::Inside => return true,
                Side::Outside => return false,
                Side::Border if *steps > MAX_OSM_RING_STEPS => return false,
                Side::Border => {}
            }
        }
        // All on the border: it fills the ring out from within.
        true
    }

    /// Counts crossings of a ray to the east; `point` is in half units.
    fn side(&self, [x, y]: [i64; 2]) -> Side {
        let mut inside = false;
        for (a, b) in self.at.iter().zip(self.at.iter().skip(1)) {
            let [ax, ay] = [i64::from(a[0]) * 2 - x, i64::from(a[1]) * 2 - y];
            let [bx, by] = [i64::from(b[0]) * 2 - x, i64::from(b[1]) * 2 - y];
            if (ay > 0) == (by > 0) && ay != 0 && by != 0 {
                continue;
            }
            let turn = i128::from(ax) * i128::from(by) - i128::from(bx) * i128::from(ay);
            let spans_x = ax.min(bx) <= 0 && ax.max(bx) >= 0;
            let spans_y = ay.min(by) <= 0 && ay.max(by) >= 0;
            if turn == 0 && spans_x && spans_y {
                return Side::Border;
            }
            if (ay > 0) != (by > 0) && (turn > 0) == (by > ay) {
                inside = !inside;
            }
        }
        if inside { Side::Inside } else { Side::Outside }
    }
}

fn cross(a: At, b: At) -> i128 {
    i128::from(a[0]) * i128::from(b[1]) - i128::from(b[0]) * i128::from(a[1])
}

/// Returns a point inside polygons: the middle of the widest stretch at half height, else the first vertex.
pub(super) fn point_inside(area: &Geometry) -> Option<[f64; 2]> {
    let first = area.xy.first().copied()?;
    let (low, high) =
        area.xy.iter().fold((f64::MAX, f64::MIN), |(l, h), p| (l.min(p[1]), h.max(p[1])));
    let y = f64::midpoint(low, high);
    let mut crossings: Vec<f64> = Vec::new();
    for ring in area.lines() {
        for (a, b) in ring.iter().zip(ring.iter().skip(1)) {
            if (a[1] > y) != (b[1] > y) {
                crossings.push(a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]));
            }
        }
    }
    crossings.sort_by(f64::total_cmp);
    let widest = crossings.chunks_exact(2).filter_map(|pair| Some((*pair.first()?, *pair.last()?)));
    let widest = widest.max_by(|a, b| (a.1 - a.0).total_cmp(&(b.1 - b.0)));
    Some(widest.map_or(first, |(west, east)| [f64::midpoint(west, east), y]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nodes are named by their coordinates: 1000 x + y.
    fn line(points: &[At], is_inner: bool) -> Line {
        let nodes = points.iter().map(|p| i64::from(p[0]) * 1000 + i64::from(p[1])).collect();
        Line { nodes, at: points.to_vec(), is_inner }
    }

    fn square(x: i32, y: i32, size: i32) -> Vec<At> {
        vec![[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]
    }

    #[test]
    fn ways_in_any_order_and_direction_become_a_ring_with_a_hole() {
        let lines = [
            line(&[[10, 10], [0, 10], [0, 0]], false),
            line(&square(2, 2, 3), true),
            line(&[[10, 10], [10, 0], [0, 0]], false),
        ];
        let made = assemble(&lines, false).unwrap();
        assert_eq!(made.geometry.kind, GeometryKind::Polygon);
        assert_eq!(made.geometry.ends, [5, 10]);
        assert_eq!(made.open_ways, 0);
    }

    #[test]
    fn an_island_in_a_lake_on_an_island_is_a_polygon_of_its_own_whatever_the_roles_say() {
        let lines = [
            line(&square(0, 0, 30), true),
            line(&square(5, 5, 20), false),
            line(&square(10, 10, 5), true),
        ];
        let made = assemble(&lines, false).unwrap();
        assert_eq!(made.geometry.parts, [2, 3]);
    }

    #[test]
    fn two_squares_that_touch_in_a_node_become_two_rings() {
        // A bow tie of two ways, both from (5,5) to (5,5) through open halves.
        let lines = [
            line(&[[5, 5], [0, 5], [0, 0]], false),
            line(&[[0, 0], [5, 0], [5, 5]], false),
            line(&[[5, 5], [9, 5], [9, 9]], false),
            line(&[[9, 9], [5, 9], [5, 5]], false),
        ];
        let made = assemble(&lines, false).unwrap();
        assert_eq!(made.geometry.parts, [1, 2]);
        assert_eq!(made.geometry.ends, [5, 10]);
    }

    #[test]
    fn a_hole_that_touches_the_outer_ring_stays_a_hole() {
        let lines = [line(&square(0, 0, 10), false), line(&[[0, 0], [5, 2], [2, 5], [0, 0]], true)];
        let made = assemble(&lines, false).unwrap();
        assert_eq!(made.geometry.parts, [2]);
    }

    #[test]
    fn open_ways_are_told_and_an_inner_ring_alone_is_not_turned_inside_out() {
        let lines = [line(&[[0, 0], [9, 0], [9, 9]], false), line(&square(2, 2, 3), true)];
        assert_eq!(assemble(&lines, false).unwrap_err(), Failed::NoRing);
        let lines = [line(&[[0, 0], [9, 0], [9, 9]], false), line(&square(2, 2, 3), false)];
        assert_eq!(assemble(&lines, false).unwrap().open_ways, 1);
        assert_eq!(assemble(&[], false).unwrap_err(), Failed::NoRing);
    }

    #[test]
    fn a_point_inside_is_inside_and_not_in_the_hole() {
        let mut lines = vec![line(&square(0, 0, 10), false)];
        lines.push(line(&[[1, 1], [8, 1], [8, 9], [1, 9], [1, 1]], true));
        let area = assemble(&lines, false).unwrap().geometry;
        let [x, y] = point_inside(&area).unwrap();
        assert!((x * 1e7 - 9.0).abs() < 1e-6 && (y * 1e7 - 5.0).abs() < 1e-6, "{x} {y}");
    }
}
