//! Outlines of triangles that together are one piece without holes, as the floor of a house is.

type Point = [f64; 2];

/// More triangles than these are not looked at: what is done here takes the square of their number.
const MOST_TRIANGLES: usize = 64;

/// Returns the closed outline of triangles, counter-clockwise, over places: what their union would be. `None` when they may be
/// more than one piece, have a hole or lie over each other.
pub(crate) fn of_disc(triangles: &[[u32; 3]], flat: &[Point]) -> Option<Vec<Point>> {
    if triangles.len() > MOST_TRIANGLES {
        return None;
    }
    let ring = ring(&edges(triangles))?;
    let places: Option<Vec<Point>> = ring.iter().map(|&i| flat.get(i as usize).copied()).collect();
    let mut places = places?;
    if !is_simple(&places) {
        return None;
    }
    places.push(*places.first()?);
    Some(places)
}

/// Returns the edges that have a triangle on one side only.
fn edges(triangles: &[[u32; 3]]) -> Vec<[u32; 2]> {
    let mut edges: Vec<[u32; 2]> = Vec::with_capacity(triangles.len() + 2);
    for [a, b, c] in triangles {
        for [from, to] in [[a, b], [b, c], [c, a]] {
            match edges.iter().position(|edge| edge == &[*to, *from]) {
                Some(at) => {
                    edges.swap_remove(at);
                }
                None => edges.push([*from, *to]),
            }
        }
    }
    edges
}

/// Chains edges to the one ring that they are; it begins at its least corner.
fn ring(edges: &[[u32; 2]]) -> Option<Vec<u32>> {
    let first = edges.iter().map(|edge| edge[0]).min()?;
    let mut ring = Vec::with_capacity(edges.len());
    let mut at = first;
    while ring.len() <= edges.len() {
        ring.push(at);
        let mut next = edges.iter().filter(|edge| edge[0] == at);
        let edge = next.next()?;
        if next.next().is_some() {
            return None;
        }
        at = edge[1];
        if at == first {
            return (ring.len() == edges.len()).then_some(ring);
        }
    }
    None
}

/// Tells whether no two edges of a ring that is not closed meet, but for neighbours at their common corner.
fn is_simple(ring: &[Point]) -> bool {
    let n = ring.len();
    let edge = |i: usize| (ring[i], ring[(i + 1) % n]);
    let turn = |a: Point, b: Point, c: Point| {
        (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])
    };
    for i in 0..n {
        let (a, b) = edge(i);
        let next = edge((i + 1) % n).1;
        // Straight back along itself.
        let back = (next[0] - b[0]) * (b[0] - a[0]) + (next[1] - b[1]) * (b[1] - a[1]) < 0.0;
        if turn(a, b, next) == 0.0 && back {
            return false;
        }
        for k in i + 2..n {
            if (k + 1) % n == i {
                continue;
            }
            let (c, d) = edge(k);
            let apart = |s: f64, t: f64| s > 0.0 && t > 0.0 || s < 0.0 && t < 0.0;
            if !apart(turn(a, b, c), turn(a, b, d)) && !apart(turn(c, d, a), turn(c, d, b)) {
                return false;
            }
        }
    }
    n > 2
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQUARE: [Point; 4] = [[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]];

    #[test]
    fn a_floor_of_two_triangles_has_four_corners() {
        let ring = of_disc(&[[2, 3, 0], [0, 1, 2]], &SQUARE).unwrap();
        assert_eq!(ring, [SQUARE[0], SQUARE[1], SQUARE[2], SQUARE[3], SQUARE[0]]);
    }

    #[test]
    fn what_is_no_simple_piece_is_left_to_others() {
        // Two pieces; two that touch at a corner; one over another.
        let flat = [
            [0.0, 0.0],
            [1.0, 0.0],
            [0.0, 1.0],
            [5.0, 5.0],
            [6.0, 5.0],
            [5.0, 6.0],
            [-1.0, 0.0],
            [0.0, -1.0],
            [0.2, 0.2],
        ];
        assert_eq!(of_disc(&[[0, 1, 2], [3, 4, 5]], &flat), None);
        assert_eq!(of_disc(&[[0, 1, 2], [0, 6, 7]], &flat), None);
        assert_eq!(of_disc(&[[0, 1, 2], [1, 2, 8]], &flat), None);
        assert_eq!(of_disc(&[], &flat), None);
        // A ring around a courtyard.
        let ring = [
            SQUARE[0],
            SQUARE[1],
            SQUARE[2],
            SQUARE[3],
            [1.0, 1.0],
            [3.0, 1.0],
            [3.0, 3.0],
            [1.0, 3.0],
        ];
        let around: Vec<[u32; 3]> = (0..4_u32)
            .flat_map(|i| {
                let k = (i + 1) % 4;
                [[i, k, 4 + k], [i, 4 + k, 4 + i]]
            })
            .collect();
        assert_eq!(of_disc(&around, &ring), None);
    }
}
