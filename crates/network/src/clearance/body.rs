//! Pipes as bodies in space, and the distance between two of them.
//!
//! A round pipe is everything within its radius of its axis (with round ends); any other is the box of its section, swept
//! along the axis, its width level. Distances between such bodies are exact: those of the axes or boxes by all pairs of
//! edges and faces, the depth of an overlap by separating axes (Gottschalk and others 1996), less the radii.

type Vec3 = [f64; 3];

/// A straight piece of a pipe.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Body {
    /// Ends of the axis, metres east, north, up.
    pub axis: [Vec3; 2],
    /// Half the outer width and height, metres.
    pub half: [f64; 2],
    /// Whether the section is a circle.
    pub round: bool,
}

/// Corners, edges as pairs of corners, and faces as rings of four.
struct Core {
    corners: Vec<Vec3>,
    edges: Vec<[usize; 2]>,
    faces: Vec<[usize; 4]>,
    /// Directions of the edges, each once.
    along: Vec<Vec3>,
    radius: f64,
}

fn sub(a: Vec3, b: Vec3) -> Vec3 {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn add(a: Vec3, b: Vec3, times: f64) -> Vec3 {
    [a[0] + b[0] * times, a[1] + b[1] * times, a[2] + b[2] * times]
}

fn dot(a: Vec3, b: Vec3) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: Vec3, b: Vec3) -> Vec3 {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn norm(a: Vec3) -> f64 {
    dot(a, a).sqrt()
}

fn unit(a: Vec3) -> Option<Vec3> {
    let length = norm(a);
    (length > 1e-9).then(|| a.map(|x| x / length))
}

impl Body {
    fn core(&self) -> Core {
        let [a, b] = self.axis;
        let direction = unit(sub(b, a));
        if self.round || self.half == [0.0; 2] {
            return Core {
                corners: vec![a, b],
                edges: vec![[0, 1]],
                faces: Vec::new(),
                along: direction.into_iter().collect(),
                radius: self.half[0],
            };
        }
        let direction = direction.unwrap_or([1.0, 0.0, 0.0]);
        let across = unit([-direction[1], direction[0], 0.0]).unwrap_or([1.0, 0.0, 0.0]);
        let up = cross(direction, across);
        let mut corners = Vec::with_capacity(8);
        for end in [a, b] {
            for [x, y] in [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]] {
                corners.push(add(add(end, across, x * self.half[0]), up, y * self.half[1]));
            }
        }
        let mut edges = Vec::with_capacity(12);
        let mut faces = vec![[0, 1, 2, 3], [4, 5, 6, 7]];
        for at in 0..4 {
            let next = (at + 1) % 4;
            edges.extend([[at, next], [at + 4, next + 4], [at, at + 4]]);
            faces.push([at, next, next + 4, at + 4]);
        }
        Core { corners, edges, faces, along: vec![direction, across, up], radius: 0.0 }
    }
}

/// Returns the free distance between two bodies, metres; negative by how deep they overlap.
pub(crate) fn net_distance(a: &Body, b: &Body) -> f64 {
    if a.round && b.round {
        return segments(a.axis, b.axis) - a.half[0] - b.half[0];
    }
    let (p, q) = (a.core(), b.core());
    let apart = separation(&p, &q);
    let cores = if apart <= 0.0 { apart } else { polytopes(&p, &q) };
    cores - p.radius - q.radius
}

/// Returns the greatest gap along any of the axes that can separate two convex cores; negative: how deep they overlap.
fn separation(p: &Core, q: &Core) -> f64 {
    let normals =
        [p, q].into_iter().filter(|core| !core.faces.is_empty()).flat_map(|core| &core.along);
    let mut axes: Vec<Vec3> = normals.copied().collect();
    for a in &p.along {
        axes.extend(q.along.iter().filter_map(|b| unit(cross(*a, *b))));
    }
    let mut most = f64::MIN;
    for axis in axes {
        let range = |core: &Core| {
            let shadows = core.corners.iter().map(|corner| dot(*corner, axis));
            shadows.fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(x), high.max(x)))
        };
        let (p, q) = (range(p), range(q));
        most = most.max((q.0 - p.1).max(p.0 - q.1));
    }
    most
}

/// Returns the distance of two convex cores that do not meet.
fn polytopes(p: &Core, q: &Core) -> f64 {
    let ends = |core: &Core, edge: &[usize; 2]| edge.map(|at| core.corners[at]);
    let mut least = f64::MAX;
    for a in &p.edges {
        for b in &q.edges {
            least = least.min(segments(ends(p, a), ends(q, b)));
        }
    }
    for (core, other) in [(p, q), (q, p)] {
        for face in &core.faces {
            for corner in &other.corners {
                least =
                    least.min(above(face.map(|at| core.corners[at]), *corner).unwrap_or(f64::MAX));
            }
        }
    }
    least
}

/// Returns the distance of a place from a rectangle that it is square above or below.
fn above([a, b, _, d]: [Vec3; 4], at: Vec3) -> Option<f64> {
    let (x, y, from) = (sub(b, a), sub(d, a), sub(at, a));
    let inside = |side: Vec3| (0.0..=dot(side, side)).contains(&dot(from, side));
    let normal = unit(cross(x, y))?;
    (inside(x) && inside(y)).then(|| dot(from, normal).abs())
}

/// Returns the distance of two segments (Ericson, Real-Time Collision Detection, 5.1.9).
fn segments([p1, q1]: [Vec3; 2], [p2, q2]: [Vec3; 2]) -> f64 {
    let (d1, d2, r) = (sub(q1, p1), sub(q2, p2), sub(p1, p2));
    let (a, e, f) = (dot(d1, d1), dot(d2, d2), dot(d2, r));
    const TINY: f64 = 1e-18;
    let (s, t) = if a <= TINY && e <= TINY {
        (0.0, 0.0)
    } else if a <= TINY {
        (0.0, (f / e).clamp(0.0, 1.0))
    } else {
        let c = dot(d1, r);
        if e <= TINY {
            ((-c / a).clamp(0.0, 1.0), 0.0)
        } else {
            let b = dot(d1, d2);
            let skew = a * e - b * b;
            let s =
                if skew > 1e-12 * a * e { ((b * f - c * e) / skew).clamp(0.0, 1.0) } else { 0.0 };
            let t = (b * s + f) / e;
            if t < 0.0 {
                ((-c / a).clamp(0.0, 1.0), 0.0)
            } else if t > 1.0 {
                (((b - c) / a).clamp(0.0, 1.0), 1.0)
            } else {
                (s, t)
            }
        }
    };
    norm(sub(add(p1, d1, s), add(p2, d2, t)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn body(axis: [Vec3; 2], half: [f64; 2], round: bool) -> Body {
        Body { axis, half, round }
    }

    #[test]
    fn round_pipes_that_cross_are_apart_by_their_axes_less_their_radii() {
        let a = body([[0.0, 0.0, 0.0], [10.0, 0.0, 0.0]], [0.3, 0.3], true);
        let b = body([[5.0, -5.0, 1.0], [5.0, 5.0, 1.0]], [0.2, 0.2], true);
        assert!((net_distance(&a, &b) - 0.5).abs() < 1e-12);
        let touching = body([[5.0, -5.0, 0.4], [5.0, 5.0, 0.4]], [0.2, 0.2], true);
        assert!((net_distance(&a, &touching) + 0.1).abs() < 1e-12);
    }

    #[test]
    fn a_duct_bank_and_a_pipe_are_apart_by_faces_and_edges() {
        let duct = body([[0.0, 0.0, 0.0], [10.0, 0.0, 0.0]], [0.4, 0.2], false);
        let over = body([[5.0, -5.0, 1.0], [5.0, 5.0, 1.0]], [0.3, 0.3], true);
        assert!((net_distance(&duct, &over) - 0.5).abs() < 1e-12);
        let beside = body([[0.0, 1.0, 0.0], [10.0, 1.0, 0.0]], [0.1, 0.1], true);
        assert!((net_distance(&duct, &beside) - 0.5).abs() < 1e-12);
        // Over the edge, at 3:4:5.
        let askew = body([[0.0, 0.7, 0.6], [10.0, 0.7, 0.6]], [0.1, 0.1], true);
        assert!((net_distance(&duct, &askew) - 0.4).abs() < 1e-12);
        let through = body([[0.0, 0.3, 0.0], [10.0, 0.3, 0.0]], [0.1, 0.1], true);
        assert!((net_distance(&duct, &through) + 0.2).abs() < 1e-12);
        let bank = body([[5.0, -5.0, 0.7], [5.0, 5.0, 0.7]], [0.5, 0.4], false);
        assert!((net_distance(&duct, &bank) - 0.1).abs() < 1e-12);
    }

    fn any_body() -> impl Strategy<Value = Body> {
        let place = || prop::array::uniform3(-5.0..5.0_f64);
        (place(), place(), 0.05..0.8_f64, 0.05..0.8_f64, any::<bool>()).prop_map(
            |(a, b, w, h, round)| body([a, b], if round { [w, w] } else { [w, h] }, round),
        )
    }

    proptest! {
        #[test]
        fn the_distance_is_the_same_both_ways_and_wherever_the_two_are_moved(
            a in any_body(), b in any_body(), turn in 0.0..6.3_f64, by in prop::array::uniform3(-99.0..99.0_f64),
        ) {
            let there = net_distance(&a, &b);
            prop_assert!((there - net_distance(&b, &a)).abs() < 1e-9);
            let moved = |body: &Body| {
                let (sin, cos) = turn.sin_cos();
                let at = |[x, y, z]: Vec3| add([x * cos - y * sin, x * sin + y * cos, z], by, 1.0);
                Body { axis: body.axis.map(at), ..*body }
            };
            prop_assert!((there - net_distance(&moved(&a), &moved(&b))).abs() < 1e-9);
        }

        #[test]
        fn no_two_sampled_places_are_nearer_than_the_distance(a in any_body(), b in any_body()) {
            let distance = net_distance(&a, &b);
            let places = |body: &Body| {
                let core = body.core();
                let mut found = Vec::new();
                for edge in &core.edges {
                    for at in 0..=20 {
                        let t = f64::from(at) / 20.0;
                        let [p, q] = edge.map(|at| core.corners[at]);
                        found.push(add(p, sub(q, p), t));
                    }
                }
                (found, core.radius)
            };
            let ((p, p_radius), (q, q_radius)) = (places(&a), places(&b));
            let mut least = f64::MAX;
            for a in &p {
                for b in &q {
                    least = least.min(norm(sub(*a, *b)) - p_radius - q_radius);
                }
            }
            prop_assert!(distance <= least + 1e-9, "{distance} {least}");
        }
    }
}
