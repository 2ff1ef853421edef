//! Who meets whom, for the checks.

use rustc_hash::FxHashMap;

use crate::draft::{Draft, Link};

/// Nodes with the links at them.
pub(super) struct Graph {
    /// Positions of the nodes at the ends of each link; `None` where a node is not there.
    pub(super) ends: Vec<[Option<usize>; 2]>,
    /// Links at each node.
    pub(super) links: Vec<Vec<usize>>,
}

impl Graph {
    pub(super) fn of(draft: &Draft) -> Self {
        let mut by_code: FxHashMap<&str, usize> = FxHashMap::default();
        for (i, node) in draft.nodes.iter().enumerate() {
            by_code.entry(node.code.as_str()).or_insert(i);
        }
        let find = |code: &str| by_code.get(code).copied();
        let ends: Vec<[Option<usize>; 2]> =
            draft.links.iter().map(|link| [find(&link.from.node), find(&link.to.node)]).collect();
        let mut links = vec![Vec::new(); draft.nodes.len()];
        for (i, pair) in ends.iter().enumerate() {
            for node in pair.iter().flatten() {
                if let Some(at) = links.get_mut(*node)
                    && at.last() != Some(&i)
                {
                    at.push(i);
                }
            }
        }
        Self { ends, links }
    }

    /// Returns all corners of a link, from its first node to its last; `None` where a node is not there.
    pub(super) fn corners(&self, draft: &Draft, i: usize, link: &Link) -> Option<Vec<[f64; 2]>> {
        let [from, to] = *self.ends.get(i)?;
        let mut corners = vec![draft.nodes.get(from?)?.at];
        corners.extend(link.corners.iter().map(|(at, _)| *at));
        corners.push(draft.nodes.get(to?)?.at);
        Some(corners)
    }
}

/// Returns the length of a line of corners.
pub(super) fn length(corners: &[[f64; 2]]) -> f64 {
    corners
        .windows(2)
        .map(|pair| match pair {
            [a, b] => distance(*a, *b),
            _ => 0.0,
        })
        .sum()
}

/// Returns the distance of two places.
pub(super) fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    libm::hypot(b[0] - a[0], b[1] - a[1])
}
