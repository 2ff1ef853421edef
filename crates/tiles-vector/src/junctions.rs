//! Junctions on a neighbour's edge: where one parcel has a straight edge and two others meet at it.

use crate::arena::{Arena, Role};
use crate::clip::ClipBox;
use crate::sharing::{Sharing, edges_of};
use crate::snap::{Cell, cross};

/// How far snapping can move a point away from an edge that it was on, less than this, units: each of
/// the three points moves by half a unit on each axis.
const REACH: f64 = 1.5;

/// Width of the squares by which junctions are found, units.
const SQUARE: i32 = 32;

/// Gives edges that nobody shares a vertex at every junction of other shapes that lies on them, so that
/// from now on they are shared. Returns `false` when there was nothing to do.
pub(crate) fn join_junctions(arena: &mut Arena, sharing: &Sharing, area: ClipBox) -> bool {
    let squares = Squares::new(sharing, area);
    if squares.cells.is_empty() {
        return false;
    }
    let mut all: Vec<(usize, i64, Cell)> = Vec::new();
    for path in 0..arena.paths.len() {
        if arena.paths[path].role == Role::Open || !sharing.is_shared(path) {
            continue;
        }
        let range = arena.cells_of(path);
        for (i, j) in edges_of(arena, path) {
            let (a, b) = (arena.cells[i], arena.cells[j]);
            if area.has_on_border(a, b) || !sharing.is_single(path, i, j) {
                continue;
            }
            let before = arena.cells[if i == range.start { range.end - 1 } else { i - 1 }];
            let after = arena.cells[if j + 1 == range.end { range.start } else { j + 1 }];
            squares.visit_near(a, b, |junction| {
                if junction != before && junction != after && lies_on(junction, a, b) {
                    all.push((i, along(junction, a, b), junction));
                }
            });
        }
    }
    if all.is_empty() {
        return false;
    }
    all.sort_unstable();
    all.dedup();
    insert(arena, &all);
    true
}

/// Inserts cells after those at the given places, which ascend.
fn insert(arena: &mut Arena, all: &[(usize, i64, Cell)]) {
    let old = std::mem::take(&mut arena.cells);
    arena.cells.reserve(old.len() + all.len());
    let mut new = all.iter().peekable();
    let mut start = 0;
    for path in &mut arena.paths {
        for (at, &cell) in old.iter().enumerate().take(path.end as usize).skip(start) {
            arena.cells.push(cell);
            while let Some(&(_, _, cell)) = new.next_if(|n| n.0 == at) {
                arena.cells.push(cell);
            }
        }
        start = path.end as usize;
        path.end = arena.cells.len() as u32;
    }
}

fn along(p: Cell, a: Cell, b: Cell) -> i64 {
    let d = |u: i32, v: i32| i64::from(u) - i64::from(v);
    d(p[0], a[0]) * d(b[0], a[0]) + d(p[1], a[1]) * d(b[1], a[1])
}

/// Tells whether the point lies, but for what snapping did, on the edge between its ends.
fn lies_on(p: Cell, a: Cell, b: Cell) -> bool {
    if p == a || p == b {
        return false;
    }
    let length2 = along(b, a, b);
    let t = along(p, a, b);
    let off = cross(a, b, p) as f64;
    t > 0 && t < length2 && off * off < REACH * REACH * length2 as f64
}

/// Junctions by the square of the window that they lie in.
struct Squares {
    low: i32,
    across: i32,
    /// Where the cells of a square begin; one more than there are squares.
    starts: Vec<u32>,
    cells: Vec<Cell>,
}

impl Squares {
    fn new(sharing: &Sharing, area: ClipBox) -> Self {
        let low = area.low as i32;
        let across = (area.high as i32 - low) / SQUARE + 1;
        let mut all: Vec<(i32, Cell)> = sharing
            .junctions()
            .map(|cell| ((cell[1] - low) / SQUARE * across + (cell[0] - low) / SQUARE, cell))
            .collect();
        let mut starts = Vec::new();
        if !all.is_empty() {
            all.sort_unstable();
            starts.resize((across * across) as usize + 1, 0_u32);
            for &(square, _) in &all {
                if let Some(count) = starts.get_mut(square as usize + 1) {
                    *count += 1;
                }
            }
            let mut sum = 0;
            for start in &mut starts {
                sum += *start;
                *start = sum;
            }
        }
        Self { low, across, starts, cells: all.into_iter().map(|(_, cell)| cell).collect() }
    }

    /// Visits the junctions in squares that the edge passes through or close by.
    fn visit_near(&self, a: Cell, b: Cell, mut visit: impl FnMut(Cell)) {
        let square = |v: i32| ((v - self.low) / SQUARE).clamp(0, self.across - 1);
        let (top, bottom) = (square(a[1].min(b[1]) - 2), square(a[1].max(b[1]) + 2));
        for row in top..=bottom {
            let edges = [row, row + 1].map(|r| f64::from(r * SQUARE + self.low));
            let [west, east] = reach_within(a, b, [edges[0] - 2.0, edges[1] + 2.0]);
            for column in square(west - 2)..=square(east + 2) {
                let at = (row * self.across + column) as usize;
                let (Some(&start), Some(&end)) = (self.starts.get(at), self.starts.get(at + 1))
                else {
                    continue;
                };
                self.cells[start as usize..end as usize].iter().for_each(|&cell| visit(cell));
            }
        }
    }
}

/// Returns the least and greatest x of an edge between two heights.
fn reach_within(a: Cell, b: Cell, [top, bottom]: [f64; 2]) -> [i32; 2] {
    let ([ax, ay], [bx, by]) = (a.map(f64::from), b.map(f64::from));
    let x_at = |y: f64| {
        if ay == by { ax } else { ax + (bx - ax) * ((y - ay) / (by - ay)).clamp(0.0, 1.0) }
    };
    let (x, y) = if ay == by { (ax, bx) } else { (x_at(top), x_at(bottom)) };
    [x.min(y).floor() as i32, x.max(y).ceil() as i32]
}
