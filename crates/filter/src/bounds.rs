//! The box outside of which a filter is true of nothing.

use onemap_model::{Bounds, Filter, Shape, SpatialOp};

use crate::spatial::Prepared;

/// Returns the box, `None` where the filter sets no bounds.
pub(crate) fn of(filter: &Filter) -> Option<Bounds> {
    match filter {
        Filter::And(all) => all.iter().filter_map(of).reduce(|a, b| both(a, b).unwrap_or(a)),
        Filter::Or(any) => {
            any.iter().map(of).reduce(|a, b| a.zip(b).map(|(a, b)| a.union(b))).flatten()
        }
        Filter::Spatial { op, left, right } if *op != SpatialOp::Disjoint => match (left, right) {
            (Shape::Property(_), shape @ (Shape::Literal(_) | Shape::Box(_)))
            | (shape @ (Shape::Literal(_) | Shape::Box(_)), Shape::Property(_)) => {
                Prepared::new(shape).bounds()
            }
            _ => None,
        },
        _ => None,
    }
}

/// Returns the box of what lies in both.
fn both(a: Bounds, b: Bounds) -> Option<Bounds> {
    Bounds::new(a.west.max(b.west), a.south.max(b.south), a.east.min(b.east), a.north.min(b.north))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_text;

    #[test]
    fn the_box_narrows_with_and_and_widens_with_or() {
        let bounds = |text: &str| of(&parse_text(text).unwrap()).map(Bounds::to_array);
        let near = "s_intersects(geom, BBOX(0,0,10,10))";
        let line = "s_crosses(LINESTRING(5 5,20 8), geom)";
        assert_eq!(bounds(near), Some([0.0, 0.0, 10.0, 10.0]));
        assert_eq!(bounds(&format!("{near} and {line} and a = 1")), Some([5.0, 5.0, 10.0, 8.0]));
        assert_eq!(bounds(&format!("{near} or {line}")), Some([0.0, 0.0, 20.0, 10.0]));
        for open in [
            "a = 1",
            &format!("{near} or a = 1"),
            &format!("not {near}"),
            "s_disjoint(geom, BBOX(0,0,1,1))",
        ] {
            assert_eq!(bounds(open), None, "{open}");
        }
    }
}
