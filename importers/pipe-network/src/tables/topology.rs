//! Lines without the numbers of their ends: joined where their ends meet.

use onemap_model::Element;
use rstar::primitives::GeomWithData;
use rstar::{AABB, RTree};

use crate::draft::{Draft, Link, Node};

type Place = GeomWithData<[f64; 2], usize>;

/// A line as drawn.
pub(crate) struct Drawn {
    pub(crate) link: Link,
    /// All its corners, with heights where they have some.
    pub(crate) corners: Vec<([f64; 2], Option<f64>)>,
}

/// Gives the lines nodes at their ends: those that are there within `snap`, else new ones, of the same distance.
/// Divides lines where the end of another lies on them when `split` says so. Returns how many nodes were made and how
/// many lines divided.
pub(crate) fn join(
    draft: &mut Draft,
    mut lines: Vec<Drawn>,
    snap: f64,
    split: bool,
) -> (usize, usize) {
    lines.retain(|line| line.corners.len() >= 2);
    let known: Vec<Place> =
        draft.nodes.iter().enumerate().map(|(i, node)| GeomWithData::new(node.at, i)).collect();
    let mut nodes = RTree::bulk_load(known);
    let mut made = 0;
    let taken: rustc_hash::FxHashSet<String> =
        draft.nodes.iter().map(|node| node.code.clone()).collect();
    for line in &lines {
        for at in
            [line.corners.first(), line.corners.last()].into_iter().flatten().map(|(at, _)| *at)
        {
            if nearest(&nodes, at, snap).is_some() {
                continue;
            }
            made += 1;
            let mut code = format!("n{made}");
            while taken.contains(&code) {
                code.push('\'');
            }
            nodes.insert(GeomWithData::new(at, draft.nodes.len()));
            draft.nodes.push(Node {
                origin: line.link.origin,
                code,
                element: Some(Element::Junction),
                at,
                system: line.link.system,
                ..Node::default()
            });
        }
    }
    let mut divided = 0;
    for line in lines {
        let pieces = if split { divide(&line.corners, &nodes, snap) } else { vec![line.corners] };
        divided += usize::from(pieces.len() > 1);
        let several = pieces.len() > 1;
        for (i, piece) in pieces.into_iter().enumerate() {
            let mut link = line.link.clone();
            if several {
                link.code = format!("{}/{}", link.code, i + 1);
            }
            let ends = [piece.first(), piece.last()].map(|corner| {
                let node = nearest(&nodes, corner?.0, snap)?;
                draft.nodes.get(node).map(|node| node.code.clone())
            });
            let [Some(from), Some(to)] = ends else { continue };
            (link.from.node, link.to.node) = (from, to);
            link.corners = inner(piece);
            draft.links.push(link);
        }
    }
    (made, divided)
}

/// Returns the corners without the first and last.
pub(crate) fn inner(mut corners: Vec<([f64; 2], Option<f64>)>) -> Vec<([f64; 2], Option<f64>)> {
    corners.pop();
    if !corners.is_empty() {
        corners.remove(0);
    }
    corners
}

fn nearest(nodes: &RTree<Place>, at: [f64; 2], snap: f64) -> Option<usize> {
    let found = nodes.nearest_neighbor(&at)?;
    (distance(*found.geom(), at) <= snap).then_some(found.data)
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    libm::hypot(a[0] - b[0], a[1] - b[1])
}

/// Divides a line at the nodes that lie on it within `snap`, other than its ends.
fn divide(
    corners: &[([f64; 2], Option<f64>)],
    nodes: &RTree<Place>,
    snap: f64,
) -> Vec<Vec<([f64; 2], Option<f64>)>> {
    let (Some(first), Some(last)) = (corners.first(), corners.last()) else { return Vec::new() };
    let ends = [nearest(nodes, first.0, snap), nearest(nodes, last.0, snap)];
    let mut pieces = Vec::new();
    let mut piece = vec![*first];
    for pair in corners.windows(2) {
        let [a, b] = pair else { continue };
        let low = [a.0[0].min(b.0[0]) - snap, a.0[1].min(b.0[1]) - snap];
        let high = [a.0[0].max(b.0[0]) + snap, a.0[1].max(b.0[1]) + snap];
        let mut on: Vec<(f64, [f64; 2])> = nodes
            .locate_in_envelope_intersecting(&AABB::from_corners(low, high))
            .filter(|place| !ends.contains(&Some(place.data)))
            .filter_map(|place| {
                let t = along(a.0, b.0, *place.geom());
                let foot = [a.0[0] + (b.0[0] - a.0[0]) * t, a.0[1] + (b.0[1] - a.0[1]) * t];
                (distance(foot, *place.geom()) <= snap).then_some((t, *place.geom()))
            })
            .collect();
        on.sort_by(|x, y| x.0.total_cmp(&y.0));
        for (t, at) in on {
            let z = a.1.zip(b.1).map(|(za, zb)| za + (zb - za) * t);
            if piece.last().is_some_and(|corner| distance(corner.0, at) <= snap) && piece.len() == 1
            {
                continue;
            }
            piece.push((at, z));
            pieces.push(std::mem::replace(&mut piece, vec![(at, z)]));
        }
        // A corner that is a node itself was added with it.
        if piece.last().is_none_or(|corner| corner.0 != b.0) {
            piece.push(*b);
        }
    }
    if piece.len() > 1 {
        pieces.push(piece);
    }
    pieces
}

fn along(a: [f64; 2], b: [f64; 2], at: [f64; 2]) -> f64 {
    let d = [b[0] - a[0], b[1] - a[1]];
    let length = d[0] * d[0] + d[1] * d[1];
    if length == 0.0 {
        return 0.0;
    }
    (((at[0] - a[0]) * d[0] + (at[1] - a[1]) * d[1]) / length).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(code: &str, corners: &[[f64; 2]]) -> Drawn {
        Drawn {
            link: Link { code: code.to_owned(), ..Link::default() },
            corners: corners.iter().map(|at| (*at, None)).collect(),
        }
    }

    #[test]
    fn lines_are_joined_where_their_ends_meet_and_divided_where_told() {
        let lines = || {
            vec![
                drawn("a", &[[0.0, 0.0], [5.0, 0.0], [10.0, 0.0]]),
                drawn("b", &[[10.05, 0.0], [20.0, 0.0]]),
                drawn("c", &[[3.0, 0.02], [3.0, 9.0]]),
                drawn("d", &[[5.0, 0.0], [5.0, -9.0]]),
            ]
        };
        let mut whole = Draft::default();
        assert_eq!(join(&mut whole, lines(), 0.1, false), (7, 0));
        assert_eq!(whole.links.len(), 4);
        assert_eq!(whole.links[0].to.node, whole.links[1].from.node);
        let mut split = Draft::default();
        assert_eq!(join(&mut split, lines(), 0.1, true), (7, 1));
        assert_eq!(split.links.len(), 6);
        let codes: Vec<&str> = split.links.iter().map(|link| link.code.as_str()).collect();
        assert_eq!(codes, ["a/1", "a/2", "a/3", "b", "c", "d"]);
        assert_eq!(split.links[0].to.node, split.links[4].from.node);
        assert_eq!(split.links[1].to.node, split.links[5].from.node);
    }
}
