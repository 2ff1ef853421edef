//! Heights of the centre line, from what was surveyed.

use onemap_model::Geometry;
use rustc_hash::FxHashMap;

use crate::draft::{Draft, End, Level, Link, Node, Section};

/// Returns the height of every node: its own where the source has one, else that of the lowest pipe that ends there.
pub(super) fn of_nodes(draft: &Draft, nodes: &FxHashMap<&str, usize>) -> Vec<Option<f64>> {
    let mut heights: Vec<Option<f64>> = draft.nodes.iter().map(|node| node.z).collect();
    for link in &draft.links {
        for end in [&link.from, &link.to] {
            let Some(&i) = nodes.get(end.node.as_str()) else { continue };
            let has_own = draft.nodes.get(i).is_some_and(|node| node.z.is_some());
            if let (false, Some(z), Some(slot)) = (has_own, centre(link, end), heights.get_mut(i)) {
                *slot = Some(slot.map_or(z, |known| known.min(z)));
            }
        }
    }
    heights
}

/// Returns the height of the centre line at an end, metres.
pub(crate) fn centre(link: &Link, end: &End) -> Option<f64> {
    let half = match link.section {
        Some(Section::Round { diameter }) => diameter / 2.0,
        Some(Section::Box { height, .. }) => height / 2.0,
        None => 0.0,
    };
    let surveyed = end.elevation.filter(|z| z.is_finite())?;
    Some(match link.level? {
        Level::Top => surveyed - half,
        Level::Invert => surveyed + half,
        Level::Centre => surveyed,
    })
}

/// Makes the line of a link between its nodes, with heights where those of both ends are known.
pub(crate) fn line(link: &Link, from: &Node, to: &Node) -> Geometry {
    let mut xy = Vec::with_capacity(link.corners.len() + 2);
    xy.push(from.at);
    xy.extend(link.corners.iter().map(|(at, _)| *at));
    xy.push(to.at);
    let at_node = |node: &Node| node.z.filter(|_| link.level.is_none());
    let ends = centre(link, &link.from)
        .or_else(|| at_node(from))
        .zip(centre(link, &link.to).or_else(|| at_node(to)));
    let mut line = Geometry::line(xy);
    if let Some((start, end)) = ends {
        let given: Vec<Option<f64>> = std::iter::once(Some(start))
            .chain(link.corners.iter().map(|(_, z)| *z))
            .chain([Some(end)])
            .collect();
        line.z = interpolate(&line.xy, &given);
    }
    line
}

/// Fills the heights that are missing, along the length between those that are given; the first and last are.
fn interpolate(xy: &[[f64; 2]], given: &[Option<f64>]) -> Vec<f64> {
    let mut along = vec![0.0];
    for pair in xy.windows(2) {
        if let [a, b] = pair {
            let length = libm::hypot(b[0] - a[0], b[1] - a[1]);
            along.push(along.last().copied().unwrap_or(0.0) + length);
        }
    }
    let known: Vec<(f64, f64)> =
        along.iter().zip(given).filter_map(|(&s, z)| Some((s, (*z)?))).collect();
    let mut next = 0;
    along
        .iter()
        .zip(given)
        .map(|(&s, z)| {
            if let Some(z) = z {
                next += 1;
                return *z;
            }
            let before = known.get(next.max(1) - 1).copied().unwrap_or((0.0, 0.0));
            let after = known.get(next).copied().unwrap_or(before);
            let span = after.0 - before.0;
            if span > 0.0 {
                before.1 + (after.1 - before.1) * (s - before.0) / span
            } else {
                before.1
            }
        })
        .collect()
}
