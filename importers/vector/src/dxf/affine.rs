//! Affine maps of space: what blocks, extrusions and georeferencing do to coordinates.

/// A point or vector, in drawing units.
pub(super) type Point = [f64; 3];

/// A map `p -> M p + t`; the columns of `M` are where the axes go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Affine {
    x: Point,
    y: Point,
    z: Point,
    t: Point,
}

impl Affine {
    pub(super) const IDENTITY: Self =
        Self { x: [1.0, 0.0, 0.0], y: [0.0, 1.0, 0.0], z: [0.0, 0.0, 1.0], t: [0.0; 3] };

    pub(super) fn translation(t: Point) -> Self {
        Self { t, ..Self::IDENTITY }
    }

    pub(super) fn scaling([x, y, z]: Point) -> Self {
        Self { x: [x, 0.0, 0.0], y: [0.0, y, 0.0], z: [0.0, 0.0, z], t: [0.0; 3] }
    }

    /// Turns counter-clockwise about the z axis; the angle is in degrees.
    pub(super) fn rotation(degrees: f64) -> Self {
        let (sin, cos) = libm::sincos(degrees.to_radians());
        Self { x: [cos, sin, 0.0], y: [-sin, cos, 0.0], ..Self::IDENTITY }
    }

    /// Makes the map from an object's own coordinates to the world's, by the extrusion direction (DXF
    /// Reference, "Arbitrary Axis Algorithm"). A direction of no length is the z axis.
    pub(super) fn extrusion(direction: Point) -> Self {
        let Some(n) = unit(direction) else { return Self::IDENTITY };
        if n == [0.0, 0.0, 1.0] {
            return Self::IDENTITY;
        }
        let near_z = n[0].abs() < 1.0 / 64.0 && n[1].abs() < 1.0 / 64.0;
        let helper = if near_z { [0.0, 1.0, 0.0] } else { [0.0, 0.0, 1.0] };
        let x = unit(cross(helper, n)).unwrap_or([1.0, 0.0, 0.0]);
        Self { x, y: cross(n, x), z: n, t: [0.0; 3] }
    }

    pub(super) fn apply(&self, [x, y, z]: Point) -> Point {
        std::array::from_fn(|i| {
            at(self.x, i) * x + at(self.y, i) * y + at(self.z, i) * z + at(self.t, i)
        })
    }

    /// Returns the map that does `first` and then this.
    pub(super) fn after(&self, first: &Self) -> Self {
        let origin = self.t;
        let turn = |v: Point| {
            let p = self.apply(v);
            [p[0] - origin[0], p[1] - origin[1], p[2] - origin[2]]
        };
        Self { x: turn(first.x), y: turn(first.y), z: turn(first.z), t: self.apply(first.t) }
    }

    /// Returns by how much a vector along the own x axis is turned (degrees) and stretched.
    pub(super) fn turn_and_scale(&self) -> (f64, f64) {
        let [x, y, _] = self.x;
        (libm::atan2(y, x).to_degrees(), libm::hypot(x, y))
    }
}

fn at(p: Point, i: usize) -> f64 {
    p.get(i).copied().unwrap_or_default()
}

/// Returns the vector of length 1 in this direction; `None` where it has no length.
pub(super) fn unit(v: Point) -> Option<Point> {
    let length = v.iter().map(|c| c * c).sum::<f64>().sqrt();
    (length > 1e-12 && length.is_finite()).then(|| v.map(|c| c / length))
}

pub(super) fn cross(a: Point, b: Point) -> Point {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_done_one_after_the_other() {
        let map = Affine::translation([10.0, 0.0, 0.0])
            .after(&Affine::rotation(90.0))
            .after(&Affine::scaling([2.0; 3]));
        let [x, y, z] = map.apply([1.0, 0.0, 3.0]);
        assert!((x - 10.0).abs() < 1e-12 && (y - 2.0).abs() < 1e-12 && (z - 6.0).abs() < 1e-12);
        let (turn, scale) = map.turn_and_scale();
        assert!((turn - 90.0).abs() < 1e-9 && (scale - 2.0).abs() < 1e-12);
    }

    #[test]
    fn an_object_that_faces_down_is_mirrored() {
        let map = Affine::extrusion([0.0, 0.0, -1.0]);
        assert_eq!(map.apply([1.0, 2.0, 3.0]), [-1.0, 2.0, -3.0]);
        assert_eq!(Affine::extrusion([0.0; 3]), Affine::IDENTITY);
    }
}
