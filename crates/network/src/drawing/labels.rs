//! Where labels go so that none lies on another.

use super::svg::text_width;
use crate::section::plane::crossing;

/// A box on paper: left, top, right, bottom.
pub(super) type Area = [f64; 4];

/// Moves places apart to a least distance, each as little as can be (least squares: pool adjacent violators), between two
/// ends. They stay in order; `wanted` is ascending.
pub(super) fn spread(wanted: &[f64], gap: f64, [left, right]: [f64; 2]) -> Vec<f64> {
    if wanted.is_empty() {
        return Vec::new();
    }
    // Take the gaps out, then make them ascend, then put them back.
    let shifted = wanted.iter().enumerate().map(|(at, x)| x - at as f64 * gap);
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for x in shifted {
        blocks.push((x, 1));
        while let [.., (a, m), (b, n)] = blocks[..]
            && a > b
        {
            blocks.truncate(blocks.len() - 2);
            blocks.push(((a * m as f64 + b * n as f64) / (m + n) as f64, m + n));
        }
    }
    let room = right - (wanted.len() - 1) as f64 * gap;
    let flat = blocks.into_iter().flat_map(|(x, count)| std::iter::repeat_n(x, count));
    let clamped = flat.map(|x| x.min(room).max(left));
    clamped.enumerate().map(|(at, x)| x + at as f64 * gap).collect()
}

/// Labels that were placed, and what they have to stay clear of.
pub(super) struct Board {
    inside: Area,
    taken: Vec<Area>,
    lines: Vec<[[f64; 2]; 2]>,
    leaders: Vec<[[f64; 2]; 2]>,
}

/// A label that found its place.
pub(super) struct Placed {
    /// Left and middle of the text.
    pub at: [f64; 2],
    /// Its box.
    pub area: Area,
    /// End of a leader at the label, if it is not beside its thing.
    pub leader: Option<[f64; 2]>,
}

impl Board {
    pub(super) fn new(inside: Area) -> Self {
        Self { inside, taken: Vec::new(), lines: Vec::new(), leaders: Vec::new() }
    }

    /// Keeps labels off an area.
    pub(super) fn take(&mut self, area: Area) {
        self.taken.push(area);
    }

    /// Keeps labels off a line.
    pub(super) fn keep_off(&mut self, points: &[[f64; 2]]) {
        self.lines.extend(points.windows(2).map(|pair| [pair[0], pair[1]]));
    }

    /// Finds a place for a text near the box of a thing, which itself is taken; nearest first. Only where nothing better
    /// is left may a leader cross something, and at last the text a line. `None`: all is full.
    pub(super) fn place(&mut self, thing: Area, text: &str, size: f64) -> Option<Placed> {
        let (width, height) = (text_width(text, size) + 0.8, size * 1.25);
        let middle = [f64::midpoint(thing[0], thing[2]), f64::midpoint(thing[1], thing[3])];
        let half = [(thing[2] - thing[0]) / 2.0, (thing[3] - thing[1]) / 2.0];
        for care in [Care::All, Care::Leaders, Care::Text] {
            for distance in DISTANCES {
                for [x, y] in DIRECTIONS {
                    let side = if x == 0.0 { 0.0 } else { x.signum() * (half[0] + width / 2.0) };
                    let centre = [
                        middle[0] + side + x * distance,
                        middle[1] + y * (half[1] + height / 2.0 + distance),
                    ];
                    let area = [
                        centre[0] - width / 2.0,
                        centre[1] - height / 2.0,
                        centre[0] + width / 2.0,
                        centre[1] + height / 2.0,
                    ];
                    if !self.is_free(&area, &thing, care) {
                        continue;
                    }
                    let to =
                        [middle[0].max(area[0]).min(area[2]), middle[1].max(area[1]).min(area[3])];
                    let leader = (distance > 1.0).then_some(to);
                    if leader.is_some() && care == Care::All && self.crosses([middle, to], &thing) {
                        continue;
                    }
                    self.take(area);
                    self.leaders.extend(leader.map(|to| [middle, to]));
                    return Some(Placed { at: [area[0] + 0.4, centre[1]], area, leader });
                }
            }
        }
        None
    }

    fn is_free(&self, area: &Area, own: &Area, care: Care) -> bool {
        let inside = &self.inside;
        let fits = area[0] >= inside[0]
            && area[1] >= inside[1]
            && area[2] <= inside[2]
            && area[3] <= inside[3];
        let lines = || self.lines.iter().chain(&self.leaders).any(|line| line_meets(line, area));
        fits && !self.taken.iter().any(|other| other != own && meet(area, other))
            && (care == Care::Text || !lines())
    }

    /// Tells whether a leader crosses a label, another thing, or another leader.
    fn crosses(&self, leader: [[f64; 2]; 2], own: &Area) -> bool {
        let on_things = self.taken.iter().any(|other| other != own && line_meets(&leader, other));
        on_things || self.leaders.iter().any(|other| crossing(leader, *other).is_some())
    }
}

/// What a label has to take care of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Care {
    /// That neither it nor its leader lies on anything.
    All,
    /// That it lies on nothing.
    Leaders,
    /// That it lies on no other label or thing.
    Text,
}

const DISTANCES: [f64; 10] = [1.0, 3.0, 6.0, 9.0, 13.0, 18.0, 24.0, 32.0, 42.0, 55.0];
const DIRECTIONS: [[f64; 2]; 16] = [
    [1.0, 0.0],
    [-1.0, 0.0],
    [0.8, -0.8],
    [-0.8, -0.8],
    [0.8, 0.8],
    [-0.8, 0.8],
    [0.0, 1.0],
    [0.0, -1.0],
    [1.0, -0.4],
    [-1.0, -0.4],
    [1.0, 0.4],
    [-1.0, 0.4],
    [0.4, -1.0],
    [-0.4, -1.0],
    [0.4, 1.0],
    [-0.4, 1.0],
];

fn meet(a: &Area, b: &Area) -> bool {
    a[0] < b[2] && a[2] > b[0] && a[1] < b[3] && a[3] > b[1]
}

/// Tells whether a segment meets a box (Liang and Barsky 1984).
fn line_meets([a, b]: &[[f64; 2]; 2], area: &Area) -> bool {
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    for i in 0..2 {
        let step = b[i] - a[i];
        if step.abs() < 1e-9 {
            if a[i] < area[i] || a[i] > area[i + 2] {
                return false;
            }
            continue;
        }
        let (x, y) = ((area[i] - a[i]) / step, (area[i + 2] - a[i]) / step);
        low = low.max(x.min(y));
        high = high.min(x.max(y));
    }
    low <= high
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crowded_columns_are_spread_around_where_they_belong() {
        let found = spread(&[10.0, 11.0, 12.0, 50.0], 5.0, [0.0, 60.0]);
        assert_eq!(found, [6.0, 11.0, 16.0, 50.0]);
        let at_the_end = spread(&[58.0, 59.0], 5.0, [0.0, 60.0]);
        assert_eq!(at_the_end, [55.0, 60.0]);
        let at_the_start = spread(&[0.0, 0.0, 0.0], 5.0, [0.0, 60.0]);
        assert_eq!(at_the_start, [0.0, 5.0, 10.0]);
    }

    #[test]
    fn no_label_lies_on_another_or_on_a_pipe() {
        let mut board = Board::new([0.0, 0.0, 200.0, 100.0]);
        let pipes: Vec<Area> = (0..12)
            .map(|at| f64::from(at) * 8.0 + 30.0)
            .map(|x| [x, 48.0, x + 6.0, 54.0])
            .collect();
        for pipe in &pipes {
            board.take(*pipe);
        }
        let placed: Vec<Area> =
            pipes.iter().map(|pipe| board.place(*pipe, "污水 DN600", 2.2).unwrap().area).collect();
        for (at, a) in placed.iter().enumerate() {
            assert!(!pipes.iter().any(|pipe| meet(a, pipe)));
            assert!(!placed[..at].iter().any(|b| meet(a, b)));
        }
    }
}
