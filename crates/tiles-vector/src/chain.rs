//! Lines of one name and class become long lines.

use std::cmp::Reverse;

use rustc_hash::FxHashMap;

use crate::arena::{Arena, Role};
use crate::shape::GeomType;
use crate::snap::Cell;

/// How far along a line its direction at an end is measured, units.
const AHEAD: i32 = 8;

/// One end of a line: its number, and whether it is the last vertex.
type End = (usize, bool);

/// Joins the lines of each group into one feature of long lines, which stands where the first of them
/// stood. Returns the same layer when no two features are in one group.
///
/// Where two ends meet they are joined; where more meet, the pairs that run straightest through are.
/// What comes out depends on the lines, not on the order in which they were added.
pub(crate) fn chain_lines(arena: &mut Arena, spare: &mut Arena) {
    let Some(groups) = groups_of(arena, GeomType::Line) else { return };
    spare.clear();
    for feature in 0..arena.features.len() {
        let staged = arena.features[feature];
        let members = staged.group.and_then(|group| groups.get(&group));
        match members {
            Some(members) if staged.kind == GeomType::Line => {
                if members.first() == Some(&feature) {
                    for chain in chains(arena, members) {
                        spare.cells.extend_from_slice(&chain);
                        spare.end_path(Role::Open, 0.0);
                    }
                    spare.end_joined(arena, members);
                }
            }
            _ => spare.copy_feature(arena, feature),
        }
    }
    std::mem::swap(arena, spare);
}

/// Returns the members of each group of features of a kind, in the order added; `None` when no group has
/// two.
pub(crate) fn groups_of(arena: &Arena, kind: GeomType) -> Option<FxHashMap<u32, Vec<usize>>> {
    let mut groups: FxHashMap<u32, Vec<usize>> = FxHashMap::default();
    for (feature, staged) in arena.features.iter().enumerate() {
        if let Some(group) = staged.group.filter(|_| staged.kind == kind) {
            groups.entry(group).or_default().push(feature);
        }
    }
    groups.values().any(|members| members.len() > 1).then_some(groups)
}

/// Returns the lines of the features, joined, in an order that depends only on them.
fn chains(arena: &Arena, members: &[usize]) -> Vec<Vec<Cell>> {
    let mut lines: Vec<&[Cell]> = members
        .iter()
        .flat_map(|&feature| arena.paths_of(feature))
        .map(|path| &arena.cells[arena.cells_of(path)])
        .filter(|line| !line.is_empty())
        .collect();
    // A line that is there twice is drawn once.
    lines.sort_unstable();
    lines.dedup();
    let links = links(&lines);
    let mut used = vec![false; lines.len()];
    let mut all: Vec<Vec<Cell>> = Vec::new();
    let loose = (0..lines.len()).flat_map(|line| [(line, false), (line, true)]);
    let starts: Vec<End> = loose.clone().filter(|end| !links.contains_key(end)).collect();
    // What is left after the chains with ends are closed rounds.
    for start in starts.into_iter().chain(loose) {
        if !used[start.0] {
            let mut chain = walk(start, &lines, &links, &mut used);
            if chain.first() > chain.last() {
                chain.reverse();
            }
            all.push(chain);
        }
    }
    all.sort_unstable();
    all
}

fn walk(
    start: End,
    lines: &[&[Cell]],
    links: &FxHashMap<End, End>,
    used: &mut [bool],
) -> Vec<Cell> {
    let mut chain: Vec<Cell> = Vec::new();
    let mut at = start;
    loop {
        let (line, from_last) = at;
        used[line] = true;
        let skip = usize::from(!chain.is_empty());
        if from_last {
            chain.extend(lines[line].iter().rev().skip(skip));
        } else {
            chain.extend(lines[line].iter().skip(skip));
        }
        match links.get(&(line, !from_last)) {
            Some(&next) if !used[next.0] => at = next,
            _ => return chain,
        }
    }
}

/// Pairs ends of lines that meet, both ways.
fn links(lines: &[&[Cell]]) -> FxHashMap<End, End> {
    let mut meeting: FxHashMap<Cell, Vec<End>> = FxHashMap::default();
    for (number, line) in lines.iter().enumerate() {
        if let (Some(&first), Some(&last)) = (line.first(), line.last())
            && line.len() > 1
        {
            meeting.entry(first).or_default().push((number, false));
            meeting.entry(last).or_default().push((number, true));
        }
    }
    let mut links = FxHashMap::default();
    let mut join = |a: End, b: End| {
        links.insert(a, b);
        links.insert(b, a);
    };
    for ends in meeting.values() {
        match **ends {
            [a, b] if a.0 != b.0 => join(a, b),
            [_, _, _, ..] => straightest(lines, ends).into_iter().for_each(|(a, b)| join(a, b)),
            _ => {}
        }
    }
    links
}

/// Pairs the ends that meet in one place so that the straightest continuations come first; those that
/// would turn back by more than a right angle stay apart.
fn straightest(lines: &[&[Cell]], ends: &[End]) -> Vec<(End, End)> {
    let mut pairs = Vec::new();
    for (i, &a) in ends.iter().enumerate() {
        for &b in ends.iter().skip(i + 1).filter(|b| b.0 != a.0) {
            let (u, v) = (direction(lines, a), direction(lines, b));
            let cos = u[0] * v[0] + u[1] * v[1];
            if cos < 0.0 {
                // As an integer, for a total order; -1 is straight on.
                pairs.push((Reverse((-cos * 1e12) as i64), a.min(b), a.max(b)));
            }
        }
    }
    pairs.sort_unstable();
    let mut taken: Vec<End> = Vec::new();
    let mut out = Vec::new();
    for (_, a, b) in pairs {
        if !taken.contains(&a) && !taken.contains(&b) {
            taken.extend([a, b]);
            out.push((a, b));
        }
    }
    out
}

/// Returns the direction in which a line leaves its end, of length 1.
fn direction(lines: &[&[Cell]], (line, from_last): End) -> [f64; 2] {
    let cells = lines[line];
    let ends = (cells.first(), cells.last());
    let (Some(&first), Some(&last)) = ends else { return [0.0; 2] };
    let is_far =
        |from: Cell, p: &Cell| (p[0] - from[0]).abs() >= AHEAD || (p[1] - from[1]).abs() >= AHEAD;
    let (from, to) = if from_last {
        (last, cells.iter().rev().copied().find(|p| is_far(last, p)).unwrap_or(first))
    } else {
        (first, cells.iter().copied().find(|p| is_far(first, p)).unwrap_or(last))
    };
    let (dx, dy) = (f64::from(to[0] - from[0]), f64::from(to[1] - from[1]));
    let length = (dx * dx + dy * dy).sqrt();
    if length == 0.0 { [0.0; 2] } else { [dx / length, dy / length] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(lines: &[(u64, u32, &[Cell])]) -> Arena {
        let mut arena = Arena::default();
        for &(id, group, cells) in lines {
            arena.cells.extend_from_slice(cells);
            arena.end_path(Role::Open, 0.0);
            arena.end_feature(id, GeomType::Line, Some(group));
        }
        arena
    }

    fn joined(lines: &[(u64, u32, &[Cell])]) -> Vec<(u64, Vec<Vec<Cell>>)> {
        let mut arena = layer(lines);
        chain_lines(&mut arena, &mut Arena::default());
        (0..arena.features.len())
            .map(|f| {
                let paths = arena.paths_of(f);
                let cells = paths.map(|p| arena.cells[arena.cells_of(p)].to_vec());
                (arena.features[f].id, cells.collect())
            })
            .collect()
    }

    #[test]
    fn three_pieces_of_a_road_become_one_whichever_way_they_run_and_are_added() {
        let (a, b, c): (&[Cell], &[Cell], &[Cell]) =
            (&[[0, 0], [10, 0]], &[[20, 5], [10, 0]], &[[20, 5], [30, 0]]);
        let whole = vec![vec![[0, 0], [10, 0], [20, 5], [30, 0]]];
        assert_eq!(joined(&[(7, 1, a), (3, 1, b), (9, 1, c)]), [(3, whole.clone())]);
        assert_eq!(joined(&[(9, 1, c), (7, 1, a), (3, 1, b)]), [(3, whole)]);
    }

    #[test]
    fn a_crossing_of_four_is_two_straight_roads() {
        let arms: [&[Cell]; 4] =
            [&[[0, 0], [10, 0]], &[[0, 0], [0, 10]], &[[-10, 1], [0, 0]], &[[0, 0], [1, -10]]];
        let all: Vec<_> = arms.iter().zip(1..).map(|(arm, id)| (id, 1, *arm)).collect();
        let expected = vec![vec![[-10, 1], [0, 0], [10, 0]], vec![[0, 10], [0, 0], [1, -10]]];
        assert_eq!(joined(&all), [(1, expected)]);
    }

    #[test]
    fn rounds_and_other_groups_are_left_as_they_are() {
        let half: &[Cell] = &[[0, 0], [5, 5], [10, 0]];
        let back: &[Cell] = &[[10, 0], [5, -5], [0, 0]];
        let out = joined(&[(1, 1, half), (2, 2, &[[10, 0], [20, 0]]), (3, 1, back)]);
        assert_eq!(out.len(), 2);
        assert_eq!(out[0].1[0].len(), 5);
        assert_eq!(out[1], (2, vec![vec![[10, 0], [20, 0]]]));
    }
}
