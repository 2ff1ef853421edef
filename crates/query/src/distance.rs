//! Distances from a point to shapes, on a plane that touches the earth at the point.

use onemap_model::{Bounds, Geometry, GeometryClass};

/// Metres in a degree of latitude, on a sphere of the WGS 84 mean radius (6,371,008.8 m).
const METRES_PER_DEGREE: f64 = 111_195.08;

/// Returns the distance in metres from `[lon, lat]` to the shape; 0 inside a polygon. Good to 0.5 %
/// up to some kilometres; infinite for an empty shape.
pub fn distance_m(shape: &Geometry, [lon, lat]: [f64; 2]) -> f64 {
    let east = METRES_PER_DEGREE * lat.to_radians().cos();
    let local = |[x, y]: [f64; 2]| [(x - lon) * east, (y - lat) * METRES_PER_DEGREE];
    let mut least = f64::INFINITY;
    shape.for_each_simple(&mut |simple| {
        let distance = match simple.class() {
            GeometryClass::Polygon if contains_origin(simple, &local) => 0.0,
            GeometryClass::Polygon | GeometryClass::Line => {
                let pairs = simple.lines().flat_map(|line| line.windows(2));
                pairs
                    .map(|pair| to_segment(local(pair[0]), local(pair[1])))
                    .fold(f64::INFINITY, f64::min)
            }
            _ => {
                let points = simple.xy.iter().map(|&at| local(at));
                points.map(|[x, y]| x.hypot(y)).fold(f64::INFINITY, f64::min)
            }
        };
        least = least.min(distance);
    });
    least
}

/// Returns the box `radius_m` metres around `[lon, lat]`.
pub fn degrees_around([lon, lat]: [f64; 2], radius_m: f64) -> Option<Bounds> {
    let north = radius_m / METRES_PER_DEGREE;
    let east = north / lat.to_radians().cos().abs().max(0.01);
    Bounds::new(lon - east, lat - north, lon + east, lat + north)
}

/// Tells whether the origin lies inside by the even-odd rule over all rings.
fn contains_origin(polygons: &Geometry, local: &dyn Fn([f64; 2]) -> [f64; 2]) -> bool {
    let mut inside = false;
    for pair in polygons.lines().flat_map(|ring| ring.windows(2)) {
        let ([ax, ay], [bx, by]) = (local(pair[0]), local(pair[1]));
        if (ay > 0.0) != (by > 0.0) && ax + (bx - ax) * (-ay) / (by - ay) > 0.0 {
            inside = !inside;
        }
    }
    inside
}

/// Distance of the origin to a segment.
fn to_segment([ax, ay]: [f64; 2], [bx, by]: [f64; 2]) -> f64 {
    let (dx, dy) = (bx - ax, by - ay);
    let length2 = dx * dx + dy * dy;
    let t = if length2 > 0.0 { (-(ax * dx + ay * dy) / length2).clamp(0.0, 1.0) } else { 0.0 };
    (ax + t * dx).hypot(ay + t * dy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_in_a_hole_is_outside() {
        let mut ring = Geometry::polygon(vec![[0., 0.], [3., 0.], [3., 3.], [0., 3.], [0., 0.]]);
        for at in [[1., 1.], [1., 2.], [2., 2.], [2., 1.], [1., 1.]] {
            ring.push(at);
        }
        ring.end_line();
        ring.parts = vec![2];
        assert_eq!(distance_m(&ring, [0.5, 0.5]), 0.0);
        assert!(distance_m(&ring, [1.5, 1.5]) > 50_000.0);
        assert_eq!(distance_m(&Geometry::default(), [0.0, 0.0]), f64::INFINITY);
    }

    #[test]
    fn the_box_holds_the_circle() {
        let bounds = degrees_around([118.28, 33.96], 1000.0).unwrap();
        let edge = Geometry::point([bounds.east, 33.96]);
        assert!((distance_m(&edge, [118.28, 33.96]) - 1000.0).abs() < 1.0);
    }
}
