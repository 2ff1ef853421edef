//! Making polygons valid on the integer grid.

use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay::{ContourDirection, IntOverlayOptions, Overlay, ShapeType};
use i_overlay::core::solver::Solver;
use i_overlay::i_float::int::point::IntPoint;
use i_overlay::vector::edge::{CLIP_LEFT, CLIP_RIGHT, SUBJ_LEFT, SUBJ_RIGHT};

use crate::crossing::{CrossingTest, Rings};
use crate::snap::Cell;
use crate::trace::trace;

/// Makes polygons valid if they are not: of many, as of an archipelago, only those that meet another one or
/// themselves are looked at closely, unless mending brings them to others.
pub(crate) fn make_valid(rings: &mut Rings, test: &mut CrossingTest) {
    if !test.any(rings) {
        return;
    }
    if rings.iter().filter(|(_, outer)| *outer).count() < FEW {
        repair(rings);
        return;
    }
    let mut meets = test.of_each(rings).into_iter();
    let (mut apart, mut together) = (Rings::default(), Rings::default());
    let mut polygon = Rings::default();
    let mut any = false;
    for (points, outer) in rings.iter() {
        if outer {
            (if any { &mut together } else { &mut apart }).append(&polygon);
            polygon.clear();
            any = false;
        }
        any |= meets.next().unwrap_or(false);
        polygon.push(points, outer);
    }
    (if any { &mut together } else { &mut apart }).append(&polygon);
    repair(&mut together);
    apart.append(&together);
    if test.any(&apart) {
        repair(rings);
    } else {
        *rings = apart;
    }
}

/// Fewer polygons are mended all together.
const FEW: usize = 8;

/// Replaces polygons whose rings cross or touch by valid ones (OGC 06-103r4, clause 6.1.11) that cover
/// the same cells: each polygon is its outer ring less its holes, then all are united. New corners,
/// where edges crossed, are rounded to the grid as part of the operation.
///
/// `i_overlay` finds the edges and what lies to their sides; putting them together is [`trace`]'s work:
/// its own way to valid polygons (option `ogc`, version 4.5.2) winds holes that touch their outer
/// ring the wrong way round.
fn repair(rings: &mut Rings) {
    let mut done = Rings::default();
    let mut polygons = 0;
    let mut overlay: Option<Overlay> = None;
    for (points, outer) in rings.iter() {
        if outer && let Some(whole) = overlay.take() {
            trace(edges(whole), &mut done);
            polygons += 1;
        }
        let overlay = overlay.get_or_insert_with(new_overlay);
        let role = if outer { ShapeType::Subject } else { ShapeType::Clip };
        add(overlay, points, role);
    }
    if let Some(whole) = overlay {
        trace(edges(whole), &mut done);
        polygons += 1;
    }
    *rings = done;
    if polygons > 1 {
        dissolve(rings);
    }
}

/// Replaces polygons, whose outer rings have positive and whose holes negative area, by their union.
pub(crate) fn dissolve(rings: &mut Rings) {
    let mut union = new_overlay();
    for (points, _) in rings.iter() {
        add(&mut union, points, ShapeType::Subject);
    }
    rings.clear();
    trace(edges(union), rings);
}

fn add(overlay: &mut Overlay, ring: &[Cell], role: ShapeType) {
    overlay.add_path_iter(ring.iter().map(|&[x, y]| IntPoint::new(x, y)), role);
}

/// Returns the boundary of the subject less the clip, as edges with the area on their positive side.
fn edges(mut overlay: Overlay) -> Vec<(Cell, Cell)> {
    let all = overlay.build_separate_vectors(FillRule::NonZero);
    let directed = all.into_iter().filter_map(|edge| {
        let (a, b) = ([edge.a.x, edge.a.y], [edge.b.x, edge.b.y]);
        let left = edge.fill & (SUBJ_LEFT | CLIP_LEFT) == SUBJ_LEFT;
        let right = edge.fill & (SUBJ_RIGHT | CLIP_RIGHT) == SUBJ_RIGHT;
        match (left, right) {
            (true, false) => Some((a, b)),
            (false, true) => Some((b, a)),
            _ => None,
        }
    });
    directed.collect()
}

fn new_overlay() -> Overlay {
    let options = IntOverlayOptions {
        preserve_input_collinear: false,
        output_direction: ContourDirection::CounterClockwise,
        // Without them a corner could lie on the middle of an edge, where `trace` would not see it.
        preserve_output_collinear: true,
        min_output_area: 0,
        ogc: false,
    };
    Overlay::new_custom(64, options, Solver::default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crossing::Ring;
    use crate::snap::doubled_area;

    fn repaired(all: &[(&[Cell], bool)]) -> Rings {
        let mut rings = Rings::default();
        for (ring, outer) in all {
            rings.points.extend_from_slice(ring);
            rings.rings.push(Ring { end: rings.points.len(), outer: *outer });
        }
        repair(&mut rings);
        rings
    }

    fn areas(rings: &Rings) -> Vec<i64> {
        let mut areas: Vec<i64> = rings.iter().map(|(ring, _)| doubled_area(ring)).collect();
        areas.sort_unstable();
        areas
    }

    #[test]
    fn a_bow_tie_becomes_two_triangles() {
        let rings = repaired(&[(&[[0, 0], [4, 4], [4, 0], [0, 4]], true)]);
        assert_eq!(areas(&rings), [8, 8]);
        assert!(rings.iter().all(|(_, outer)| outer));
    }

    #[test]
    fn parts_joined_by_a_double_edge_come_apart() {
        // As Sutherland and Hodgman leave a U whose base was cut off.
        let u: &[Cell] = &[[0, 0], [2, 0], [2, 5], [4, 5], [4, 0], [6, 0], [6, 5], [0, 5]];
        assert_eq!(areas(&repaired(&[(u, true)])), [20, 20]);
    }

    #[test]
    fn a_hole_that_pokes_out_only_takes_away() {
        let outer: &[Cell] = &[[0, 0], [10, 0], [10, 10], [0, 10]];
        let hole: &[Cell] = &[[4, 4], [4, 12], [6, 12], [6, 4]];
        assert_eq!(areas(&repaired(&[(outer, true), (hole, false)])), [2 * (100 - 12)]);
        assert_eq!(areas(&repaired(&[(outer, true), (outer, false)])), [0_i64; 0]);
    }

    #[test]
    fn of_an_archipelago_only_the_islands_that_touch_are_changed() {
        let mut rings = Rings::default();
        for i in 0..20 {
            let (x, y) = (i * 10, i % 3);
            // The first two overlap.
            let wide = if i == 0 { 14 } else { 6 };
            rings.push(&[[x, y], [x + wide, y], [x + wide, y + 6], [x, y + 6]], true);
        }
        let before: Vec<Vec<Cell>> = rings.iter().map(|(ring, _)| ring.to_vec()).collect();
        make_valid(&mut rings, &mut CrossingTest::default());
        let after: Vec<Vec<Cell>> = rings.iter().map(|(ring, _)| ring.to_vec()).collect();
        assert_eq!(after.len(), 19);
        assert_eq!(after[..18], before[2..]);
        assert!(!CrossingTest::default().any(&rings));
    }

    #[test]
    fn an_island_in_a_hole_survives() {
        let lake: &[Cell] = &[[2, 2], [2, 10], [8, 8], [8, 2]];
        let island: &[Cell] = &[[4, 4], [5, 4], [5, 5]];
        let outer: &[Cell] = &[[0, 0], [10, 0], [10, 10], [0, 10]];
        let rings = repaired(&[(outer, true), (lake, false), (island, true)]);
        assert_eq!(rings.iter().filter(|(_, outer)| *outer).count(), 2, "{rings:?}");
        assert!(areas(&rings).contains(&1));
    }

    #[test]
    fn the_result_passes_the_test_that_the_input_failed() {
        let star: &[Cell] = &[[0, 50], [97, 20], [5, 90], [60, 0], [70, 99], [33, 1]];
        let rings = repaired(&[(star, true)]);
        assert!(rings.iter().all(|(ring, outer)| outer == (doubled_area(ring) > 0)));
        let mut test = CrossingTest::default();
        for (ring, _) in rings.iter() {
            let alone =
                Rings { points: ring.to_vec(), rings: vec![Ring { end: ring.len(), outer: true }] };
            assert!(!test.any(&alone));
        }
    }
}
