//! Two versions of one feature, side by side.

use onemap_model::{Geometry, Value, ValueRef};
use serde_json::json;

use super::cover::metres_per_degree;

/// Coordinates and heights nearer than this are the same, metres: surveys state millimetres, and a way through another
/// format or CRS and back leaves less.
const SAME_M: f64 = 0.0005;
/// Numbers that differ by less than this part of them are the same: `18.69` is, as any spreadsheet writes it.
const SAME_PART: f64 = 1e-9;
/// Corners of shapes whose distance is worked out when their numbers differ.
const MOST_CORNERS: usize = 1000;

/// How two shapes differ.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Shift {
    pub(crate) moved_m: Option<f64>,
    pub(crate) raised_m: Option<f64>,
    pub(crate) reshaped: bool,
    /// The corner that moved most: where it is, and where it was.
    pub(crate) corner: Option<[[f64; 2]; 2]>,
}

impl Shift {
    pub(crate) fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// Compares a stored shape with a new one.
pub(crate) fn shift(old: Option<&Geometry>, new: Option<&Geometry>) -> Shift {
    let (old, new) = match (old, new) {
        (None, None) => return Shift::default(),
        (Some(old), Some(new)) => (old, new),
        _ => return Shift { reshaped: true, ..Shift::default() },
    };
    let is_alike = old.kind == new.kind
        && old.xy.len() == new.xy.len()
        && (&old.ends, &old.parts) == (&new.ends, &new.parts)
        && old.members.is_empty()
        && new.members.is_empty();
    if !is_alike {
        if old == new {
            return Shift::default();
        }
        let far = apart(old, new).filter(|(far, _)| *far > SAME_M);
        let moved_m = far.map(|(far, _)| millimetres(far));
        return Shift { moved_m, reshaped: true, corner: far.map(|far| far.1), raised_m: None };
    }
    let bits = |shape: &Geometry| shape.m.iter().map(|m| m.to_bits()).collect::<Vec<_>>();
    let is_reshaped = old.z.len() != new.z.len() || bits(old) != bits(new);
    let mut shift = Shift { reshaped: is_reshaped, ..Shift::default() };
    let (mut far, mut high) = (SAME_M, SAME_M);
    for (a, b) in old.xy.iter().zip(&new.xy) {
        let distance = distance(*a, *b);
        if distance > far {
            far = distance;
            (shift.moved_m, shift.corner) = (Some(millimetres(distance)), Some([*b, *a]));
        }
    }
    for (a, b) in old.z.iter().zip(&new.z).filter(|_| old.z.len() == new.z.len()) {
        if (b - a).abs() > high {
            high = (b - a).abs();
            shift.raised_m = Some(millimetres(b - a));
        }
    }
    shift
}

/// Tells whether two shapes lie at one place: the same kind and corners, from either end.
pub(crate) fn coincide(a: &Geometry, b: &Geometry, within_m: f64) -> bool {
    if a.kind != b.kind || a.xy.len() != b.xy.len() || a.ends.len() != b.ends.len() {
        return false;
    }
    let near = |(a, b): (&[f64; 2], &[f64; 2])| distance(*a, *b) <= within_m;
    !a.xy.is_empty()
        && (a.xy.iter().zip(&b.xy).all(near) || a.xy.iter().zip(b.xy.iter().rev()).all(near))
}

/// Returns a line from its other end.
pub(crate) fn reversed(line: &Geometry) -> Geometry {
    let mut line = line.clone();
    line.xy.reverse();
    line.z.reverse();
    line
}

/// Returns the greatest distance of a corner of one shape from the other's nearest corner, with both places.
fn apart(old: &Geometry, new: &Geometry) -> Option<(f64, [[f64; 2]; 2])> {
    if old.xy.len().max(new.xy.len()) > MOST_CORNERS {
        return None;
    }
    let nearest = |at: [f64; 2], of: &Geometry| {
        let all = of.xy.iter().map(|other| (distance(at, *other), *other));
        all.min_by(|a, b| a.0.total_cmp(&b.0))
    };
    let from_new = new.xy.iter().filter_map(|&at| nearest(at, old).map(|(d, was)| (d, [at, was])));
    let from_old = old.xy.iter().filter_map(|&was| nearest(was, new).map(|(d, at)| (d, [at, was])));
    from_new.chain(from_old).max_by(|a, b| a.0.total_cmp(&b.0))
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    if a == b {
        return 0.0;
    }
    let [x, y] = metres_per_degree(f64::midpoint(a[1], b[1]));
    libm::hypot((a[0] - b[0]) * x, (a[1] - b[1]) * y)
}

fn millimetres(metres: f64) -> f64 {
    (metres * 1000.0).round() / 1000.0
}

/// Tells whether two values are the same, in whatever type.
pub(crate) fn same(a: ValueRef<'_>, b: ValueRef<'_>) -> bool {
    let number = |value: ValueRef<'_>| match value {
        ValueRef::Int(n) => Some(n as f64),
        ValueRef::Float(n) => Some(n),
        _ => None,
    };
    match (number(a), number(b)) {
        _ if a == b => true,
        _ if matches!((a, b), (ValueRef::Int(_), ValueRef::Int(_))) => false,
        (Some(a), Some(b)) => {
            let most = a.abs().max(b.abs());
            (a - b).abs() <= most * SAME_PART || a.to_bits() == b.to_bits()
        }
        _ => a.kind().is_some() && b.kind().is_some() && a.to_string() == b.to_string(),
    }
}

/// Returns a value for a list of changes; bytes are only counted.
pub(crate) fn shown(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(b) => json!(b),
        Value::Int(n) => json!(n),
        Value::Float(x) => json!(x),
        Value::Bytes(bytes) => json!(format!("{} bytes", bytes.len())),
        other => json!(other.as_ref().to_string()),
    }
}

/// Returns a place on or in a shape, to be gone to.
pub(crate) fn place(shape: &Geometry) -> Option<[f64; 2]> {
    let mut simple = None;
    shape.for_each_simple(&mut |part| {
        if simple.is_none() && !part.xy.is_empty() {
            simple = match part.xy.as_slice() {
                [a, b] => Some([f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1])]),
                _ if !part.parts.is_empty() => part.bounds().map(|bounds| bounds.center()),
                corners => corners.get(corners.len() / 2).copied(),
            };
        }
    });
    simple
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAT: f64 = 34.0;

    fn line(at: &[[f64; 2]], z: &[f64]) -> Geometry {
        Geometry { z: z.to_vec(), ..Geometry::line(at.to_vec()) }
    }

    #[test]
    fn shapes_tell_how_far_they_moved_and_rose() {
        let old = line(&[[118.0, LAT], [118.001, LAT]], &[3.0, 3.0]);
        assert!(shift(Some(&old), Some(&old)).is_none());
        let noise = line(&[[118.0, LAT + 4e-9], [118.001, LAT]], &[3.0, 3.0004]);
        assert!(shift(Some(&old), Some(&noise)).is_none());
        let half_a_metre = 0.5 / metres_per_degree(LAT)[1];
        let moved = line(&[[118.0, LAT], [118.001, LAT + half_a_metre]], &[3.0, 2.75]);
        let found = shift(Some(&old), Some(&moved));
        assert_eq!((found.moved_m, found.raised_m), (Some(0.5), Some(-0.25)));
        assert_eq!(found.corner, Some([moved.xy[1], old.xy[1]]));
        let bent = line(&[[118.0, LAT], [118.0005, LAT], [118.001, LAT]], &[3.0; 3]);
        let found = shift(Some(&old), Some(&bent));
        assert!(found.reshaped && found.moved_m.is_some_and(|far| far > 40.0));
        assert!(shift(Some(&old), None).reshaped);
    }

    #[test]
    fn lines_coincide_from_either_end() {
        let old = line(&[[118.0, LAT], [118.001, LAT]], &[]);
        let back = line(&[[118.001, LAT], [118.0, LAT]], &[]);
        assert!(coincide(&old, &back, 0.1));
        assert!(!coincide(&old, &line(&[[118.0, LAT], [118.001, LAT + 1e-5]], &[]), 0.1));
    }

    #[test]
    fn values_are_the_same_in_whatever_type() {
        assert!(same(ValueRef::Int(3), ValueRef::Float(3.0)));
        assert!(same(ValueRef::Text("3"), ValueRef::Int(3)));
        assert!(same(ValueRef::Float(18.69), ValueRef::Float(18.690_000_001)));
        assert!(!same(ValueRef::Float(1e-7), ValueRef::Float(2e-7)));
        assert!(!same(ValueRef::Int(i64::MAX), ValueRef::Int(i64::MAX - 1)));
        assert!(!same(ValueRef::Text(""), ValueRef::Null));
        assert!(same(ValueRef::Float(f64::NAN), ValueRef::Float(f64::NAN)));
    }
}
