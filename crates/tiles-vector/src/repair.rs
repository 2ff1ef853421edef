//! Making polygons valid on the integer grid.

use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay::{ContourDirection, IntOverlayOptions, Overlay, ShapeType};
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::core::solver::Solver;
use i_overlay::i_float::int::point::IntPoint;
use i_overlay::i_shape::int::shape::IntShapes;

use crate::crossing::Rings;
use crate::snap::Cell;
use crate::trace::trace;

/// Replaces polygons whose rings cross or touch by valid ones (OGC 06-103r4, clause 6.1.11) that cover
/// the same cells: each polygon is its outer ring less its holes, then all are united. New corners,
/// where edges crossed, are rounded to the grid as part of the operation.
pub(crate) fn repair(rings: &mut Rings) {
    let mut polygons: Vec<IntShapes> = Vec::new();
    let mut overlay: Option<Overlay> = None;
    for (points, outer) in rings.iter() {
        if outer && let Some(mut done) = overlay.take() {
            polygons.push(done.overlay(OverlayRule::Difference, FillRule::NonZero));
        }
        let overlay = overlay.get_or_insert_with(new_overlay);
        let role = if outer { ShapeType::Subject } else { ShapeType::Clip };
        overlay.add_path_iter(points.iter().map(|&[x, y]| IntPoint::new(x, y)), role);
    }
    if let Some(mut done) = overlay {
        polygons.push(done.overlay(OverlayRule::Difference, FillRule::NonZero));
    }
    let united = match polygons.as_mut_slice() {
        [one] => std::mem::take(one),
        _ => {
            let mut union = new_overlay();
            for shapes in &polygons {
                union.add_shapes(shapes, ShapeType::Subject);
            }
            union.overlay(OverlayRule::Subject, FillRule::NonZero)
        }
    };
    let boundary: Vec<Vec<Cell>> = united
        .iter()
        .flatten()
        .map(|contour| contour.iter().map(|p| [p.x, p.y]).collect())
        .collect();
    rings.clear();
    trace(&boundary, rings);
}

fn new_overlay() -> Overlay {
    let options = IntOverlayOptions {
        preserve_input_collinear: false,
        output_direction: ContourDirection::CounterClockwise,
        // Without them a corner could lie on the middle of an edge, where `trace` would not see it.
        preserve_output_collinear: true,
        min_output_area: 0,
        // Of version 4.5.2 gives holes that touch the outer ring the wrong direction, or the wrong
        // polygon: `trace` does this instead.
        ogc: false,
    };
    Overlay::new_custom(64, options, Solver::default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crossing::{CrossingTest, Ring};
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
