//! The outline of the part of a city where pipes are dry.
//!
//! Pipes are drawn into a grid, widened by one cell, and the border of the cells is walked: so the outline follows the pipes,
//! has a part for each group of them and holes, and its cost is that of the pipes and not of their square.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::metric::metres_per_degree;
use crate::network::{LinkIx, Network};

/// Side of a cell, metres, where the part is not too large for it.
const CELL_M: f64 = 20.0;
/// The most cells along the longer side.
const MOST_CELLS: f64 = 400.0;

/// Returns the outline: polygons, each an outer ring (counter-clockwise) and its holes, closed, `[lon, lat]`.
pub(crate) fn outline(network: &Network, links: &[u32]) -> Vec<Vec<Vec<[f64; 2]>>> {
    let lines: Vec<&[[f64; 2]]> =
        links.iter().map(|link| network.link(LinkIx(*link)).line()).collect();
    let finite = |at: &&[f64; 2]| at[0].is_finite() && at[1].is_finite();
    let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    for at in lines.iter().flat_map(|line| line.iter()).filter(finite) {
        for axis in 0..2 {
            low[axis] = low[axis].min(at[axis]);
            high[axis] = high[axis].max(at[axis]);
        }
    }
    if low[0] > high[0] {
        return Vec::new();
    }
    let metres = metres_per_degree(f64::midpoint(low[1], high[1]));
    let side = ((high[0] - low[0]) * metres[0]).max((high[1] - low[1]) * metres[1]);
    let cell = CELL_M.max(side / MOST_CELLS);
    let to_cells =
        |at: &[f64; 2]| [0, 1].map(|axis: usize| (at[axis] - low[axis]) * metres[axis] / cell);
    let mut cells: FxHashSet<[i32; 2]> = FxHashSet::default();
    let mut mark = |at: [f64; 2]| {
        let [x, y] = at.map(|x| x.floor() as i32);
        for dx in -1..=1 {
            for dy in -1..=1 {
                cells.insert([x + dx, y + dy]);
            }
        }
    };
    for line in &lines {
        for piece in line.windows(2) {
            let (from, to) = (to_cells(&piece[0]), to_cells(&piece[1]));
            let steps = (to[0] - from[0]).abs().max((to[1] - from[1]).abs()).ceil().max(1.0);
            if !steps.is_finite() {
                continue;
            }
            for step in 0..=steps as u32 {
                let part = f64::from(step) / steps;
                mark([0, 1].map(|axis: usize| from[axis] + (to[axis] - from[axis]) * part));
            }
        }
    }
    let rings = walk(&cells);
    let place = |[x, y]: [i32; 2]| {
        [low[0] + f64::from(x) * cell / metres[0], low[1] + f64::from(y) * cell / metres[1]]
    };
    nest(rings)
        .into_iter()
        .map(|rings| {
            let places = |ring: Vec<[i32; 2]>| ring.into_iter().map(place).collect();
            rings.into_iter().map(places).collect()
        })
        .collect()
}

/// Walks the borders of cells, the cells on the left: outer rings come out counter-clockwise, holes clockwise.
fn walk(cells: &FxHashSet<[i32; 2]>) -> Vec<Vec<[i32; 2]>> {
    // From each corner, where the borders that begin there go; two at most.
    let mut borders: FxHashMap<[i32; 2], Vec<[i32; 2]>> = FxHashMap::default();
    for [x, y] in cells.iter().copied() {
        for (beyond, from, to) in [
            ([x, y - 1], [x, y], [x + 1, y]),
            ([x + 1, y], [x + 1, y], [x + 1, y + 1]),
            ([x, y + 1], [x + 1, y + 1], [x, y + 1]),
            ([x - 1, y], [x, y + 1], [x, y]),
        ] {
            if !cells.contains(&beyond) {
                borders.entry(from).or_default().push(to);
            }
        }
    }
    let mut corners: Vec<[i32; 2]> = borders.keys().copied().collect();
    corners.sort_unstable();
    let mut rings = Vec::new();
    for start in corners {
        while let Some(first) = borders.get_mut(&start).and_then(Vec::pop) {
            let mut ring = vec![start];
            let (mut before, mut at) = (start, first);
            while at != start {
                let way = [at[0] - before[0], at[1] - before[1]];
                let Some(next) = borders.get_mut(&at).and_then(|next| {
                    // Where two cells touch at a corner, turning left keeps them in one ring.
                    let left = [at[0] - way[1], at[1] + way[0]];
                    let choice = next.iter().position(|to| *to == left).unwrap_or(0);
                    (!next.is_empty()).then(|| next.swap_remove(choice))
                }) else {
                    break;
                };
                if [next[0] - at[0], next[1] - at[1]] != way {
                    ring.push(at);
                }
                (before, at) = (at, next);
            }
            ring.push(start);
            rings.push(ring);
        }
    }
    rings
}

fn doubled_area(ring: &[[i32; 2]]) -> i64 {
    let pieces = ring.windows(2);
    pieces
        .map(|p| i64::from(p[0][0]) * i64::from(p[1][1]) - i64::from(p[1][0]) * i64::from(p[0][1]))
        .sum()
}

/// Puts each hole to the smallest outer ring around it.
fn nest(rings: Vec<Vec<[i32; 2]>>) -> Vec<Vec<Vec<[i32; 2]>>> {
    let (mut outer, holes): (Vec<_>, Vec<_>) =
        rings.into_iter().partition(|ring| doubled_area(ring) > 0);
    outer.sort_by_key(|ring| (doubled_area(ring), ring[0]));
    let mut polygons: Vec<Vec<Vec<[i32; 2]>>> = outer.into_iter().map(|ring| vec![ring]).collect();
    for hole in holes {
        let inside = |ring: &[[i32; 2]]| {
            // A point just inside the hole's border, in halves of cells to stay off the corners.
            let (a, b) = (hole[0], hole[1]);
            let way = [(b[0] - a[0]).signum(), (b[1] - a[1]).signum()];
            let at = [2 * a[0] + way[0] + way[1], 2 * a[1] + way[1] - way[0]];
            let crossings = ring.windows(2).filter(|p| {
                let (p, q) = (p[0].map(|x| 2 * x), p[1].map(|x| 2 * x));
                p[0] == q[0] && p[0] > at[0] && (p[1] > at[1]) != (q[1] > at[1])
            });
            crossings.count() % 2 == 1
        };
        if let Some(polygon) = polygons.iter_mut().find(|polygon| inside(&polygon[0])) {
            polygon.push(hole);
        }
    }
    polygons.reverse();
    polygons
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_of_cells_has_one_hole_and_cells_apart_are_parts() {
        let mut cells: FxHashSet<[i32; 2]> = FxHashSet::default();
        for x in 0..5 {
            for y in 0..5 {
                if (x, y) != (2, 2) {
                    cells.insert([x, y]);
                }
            }
        }
        cells.insert([9, 9]);
        let polygons = nest(walk(&cells));
        assert_eq!(polygons.len(), 2);
        assert_eq!(polygons[0].len(), 2);
        assert_eq!(doubled_area(&polygons[0][0]), 50);
        assert_eq!(doubled_area(&polygons[0][1]), -2);
        assert_eq!(polygons[1], [[[9, 9], [10, 9], [10, 10], [9, 10], [9, 9]]]);
    }
}
