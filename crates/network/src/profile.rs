//! Along a path of pipes: 纵断面.

use onemap_model::{Element, FeatureId};
use rustc_hash::FxHashSet;
use serde::Serialize;

use crate::ground::Ground;
use crate::network::{Direction, LinkIx, NodeIx};
use crate::section::facts::{element_name, ground_at, height, levels_at};
use crate::section::plane::{angle_degrees, crossing, lerp2, pieces, rounded, sub2};
use crate::section::{Layer, Levels, PipeFacts, UndergroundError, ground_along};

/// The longest path, metres.
const LONGEST_PROFILE_M: f64 = 50_000.0;
/// The most crossings that are listed.
const MOST_CROSSINGS: usize = 5_000;
/// Pipes at a smaller angle do not cross, degrees.
const LEAST_ANGLE: f64 = 3.0;

/// A node of the path.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Station {
    /// Metres along the path, in plan: 桩号.
    pub chainage_m: f64,
    /// Where, `[lon, lat]`.
    pub at: [f64; 2],
    /// Feature of the node; `None` where none stands for it.
    pub id: Option<FeatureId>,
    /// What the source calls it: 井号.
    pub code: String,
    /// What it is.
    #[serde(serialize_with = "element_name")]
    pub element: Element,
    /// Height of the ground, metres.
    pub ground_m: Option<f64>,
    /// Height of its bottom, metres.
    pub bottom_m: Option<f64>,
    /// Levels of the pipe that arrives.
    pub before: Option<Levels>,
    /// Levels of the pipe that leaves.
    pub after: Option<Levels>,
    /// From the ground to the top of the pipe that leaves (at the end: that arrives), metres.
    pub depth_m: Option<f64>,
}

/// A pipe of the path.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reach {
    /// The pipe.
    pub pipe: PipeFacts,
    /// From where to where, metres along the path.
    pub chainage_m: [f64; 2],
    /// Fall in a thousand along the path: positive downwards.
    pub slope_permille: Option<f64>,
    /// Whether it flows along the path (1), against it (-1), both ways (0); `None`: not known.
    pub flow: Option<i8>,
    /// Levels at its corners, ends included: metres along the path, levels.
    pub corners: Vec<(f64, Option<Levels>)>,
}

/// Another pipe that crosses the path.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Crossing {
    /// The other pipe.
    pub pipe: PipeFacts,
    /// Metres along the path.
    pub chainage_m: f64,
    /// Where, `[lon, lat]`.
    pub at: [f64; 2],
    /// Its levels.
    pub levels: Option<Levels>,
    /// Free height between the two bodies, metres; negative where they overlap.
    pub gap_m: Option<f64>,
    /// Whether it is above the path's pipe.
    pub above: Option<bool>,
    /// Angle between the two, degrees.
    pub angle_degrees: f64,
}

/// A longitudinal profile.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Profile {
    /// Length in plan, metres.
    pub length_m: f64,
    /// The nodes, along the path.
    pub stations: Vec<Station>,
    /// The pipes between them.
    pub reaches: Vec<Reach>,
    /// Other pipes that cross.
    pub crossings: Vec<Crossing>,
    /// Heights of the ground: metres along the path, metres of height; only where they are known.
    pub ground: Vec<[f64; 2]>,
    /// Whether there are more crossings than are listed.
    pub truncated: bool,
}

/// Draws the profile of a path of links of one layer.
///
/// The links follow each other; the first is turned so that the second goes on from its end, a single one so that it flows
/// along the path. Crossings are looked for in `others`, the path's own layer among them if it is given there too; pipes
/// that end at a node of the path do not cross it.
pub fn profile(
    layer: &Layer<'_>,
    path: &[FeatureId],
    others: &[Layer<'_>],
    ground: &dyn Ground,
) -> Result<Profile, UndergroundError> {
    let steps = turned(layer, path)?;
    let network = layer.network;
    let mut found = Profile {
        length_m: 0.0,
        stations: Vec::new(),
        reaches: Vec::new(),
        crossings: Vec::new(),
        ground: Vec::new(),
        truncated: false,
    };
    let nodes: FxHashSet<NodeIx> = steps.iter().flat_map(|step| step.nodes).collect();
    let mut start = 0.0;
    for step in &steps {
        let link = network.link(step.link);
        let segments = link.line().len().saturating_sub(1);
        let mut line = link.line().to_vec();
        if step.backward {
            line.reverse();
        }
        let levels = |segment: usize, part: f64| {
            if step.backward {
                levels_at(&link, segments.checked_sub(segment + 1)?, 1.0 - part)
            } else {
                levels_at(&link, segment, part)
            }
        };
        let pieces = pieces(&line);
        let length: f64 = pieces.iter().map(|piece| piece.length_m).sum();
        if start + length > LONGEST_PROFILE_M {
            let (length_m, most_m) = (start + length, LONGEST_PROFILE_M);
            return Err(UndergroundError::TooLong { what: "path", length_m, most_m });
        }
        let mut corners = vec![(rounded(start), levels(0, 0.0))];
        for piece in pieces.iter().filter(|piece| piece.part[1] >= 1.0) {
            let end = start + piece.start_m + piece.length_m;
            corners.push((rounded(end), levels(piece.corner, 1.0)));
        }
        for piece in &pieces {
            let mut own = |corner: usize, part: f64| levels(corner, part);
            crossings(piece, start, (&nodes, layer), others, &mut own, &mut found);
        }
        for [chainage, height] in ground_along(&pieces, ground) {
            found.ground.push([rounded(start + chainage), height]);
        }
        let ends = [corners.first(), corners.last()].map(|corner| corner.and_then(|c| c.1));
        if let Some(last) = found.stations.last_mut() {
            last.after = ends[0];
        } else {
            let first = station(layer, step.nodes[0], line.first(), start, ground);
            found.stations.extend(first.map(|first| Station { after: ends[0], ..first }));
        }
        start += length;
        let next = station(layer, step.nodes[1], line.last(), start, ground);
        found.stations.extend(next.map(|next| Station { before: ends[1], ..next }));
        let fall = ends[0].zip(ends[1]).map(|(a, b)| a.centre_m - b.centre_m);
        let forward = if step.backward { -1 } else { 1 };
        found.reaches.push(Reach {
            pipe: PipeFacts::of(layer, step.link),
            chainage_m: [rounded(start - length), rounded(start)],
            slope_permille: fall
                .filter(|_| length > 0.0)
                .map(|fall| (fall / length * 1e5).round() / 100.0 + 0.0),
            flow: match link.direction() {
                Direction::Ambiguous => None,
                Direction::Forward => Some(forward),
                Direction::Backward => Some(-forward),
                Direction::Both => Some(0),
            },
            corners,
        });
    }
    for station in &mut found.stations {
        let levels = station.after.or(station.before);
        let depth = station.ground_m.zip(levels).map(|(ground, levels)| ground - levels.top_m);
        station.depth_m = depth.map(rounded);
    }
    let place = |c: &Crossing| (c.pipe.layer.clone(), c.pipe.id);
    found.crossings.sort_by(|a, b| {
        a.chainage_m.total_cmp(&b.chainage_m).then_with(|| place(a).cmp(&place(b)))
    });
    found.crossings.dedup_by(|b, a| b.chainage_m - a.chainage_m < 0.002 && place(a) == place(b));
    found.length_m = rounded(start);
    Ok(found)
}

struct Step {
    link: LinkIx,
    backward: bool,
    nodes: [NodeIx; 2],
}

fn turned(layer: &Layer<'_>, path: &[FeatureId]) -> Result<Vec<Step>, UndergroundError> {
    let network = layer.network;
    if path.len() > crate::section::MOST_LINKS {
        let (count, most) = (path.len(), crate::section::MOST_LINKS);
        return Err(UndergroundError::TooManyCorners { what: "path", count, most });
    }
    let links: Result<Vec<LinkIx>, _> = path
        .iter()
        .map(|id| {
            let missing = || UndergroundError::NoLink { layer: layer.id.to_owned(), id: *id };
            network.link_of(*id).ok_or_else(missing)
        })
        .collect();
    let links = links?;
    let Some(first) = links.first() else {
        return Err(UndergroundError::TooShort { what: "path", least: 1 });
    };
    let ends = network.link(*first).ends();
    let backward = match links.get(1).map(|next| network.link(*next).ends()) {
        Some(next) => !next.contains(&ends[1]) && next.contains(&ends[0]),
        None => network.link(*first).direction() == Direction::Backward,
    };
    let mut at = ends[usize::from(backward)];
    let mut steps = Vec::with_capacity(links.len());
    for (place, link) in links.iter().enumerate() {
        let ends = network.link(*link).ends();
        let backward = match at {
            at if place == 0 => at != ends[0],
            at if at == ends[0] => false,
            at if at == ends[1] => true,
            _ => {
                let (before, after) = (path[place.saturating_sub(1)], path[place]);
                return Err(UndergroundError::Gap { before, after });
            }
        };
        let backward = if place == 0 { ends[0] != ends[1] && backward } else { backward };
        let nodes = if backward { [ends[1], ends[0]] } else { ends };
        at = nodes[1];
        steps.push(Step { link: *link, backward, nodes });
    }
    Ok(steps)
}

fn station(
    layer: &Layer<'_>,
    node: NodeIx,
    corner: Option<&[f64; 2]>,
    chainage: f64,
    ground: &dyn Ground,
) -> Option<Station> {
    let node = layer.network.node(node);
    let at = corner.copied().or_else(|| node.at())?;
    Some(Station {
        chainage_m: rounded(chainage),
        at,
        id: node.id(),
        code: node.code().to_owned(),
        element: node.element(),
        ground_m: node.ground().and_then(height).or_else(|| ground_at(ground, at)).map(rounded),
        bottom_m: node.bottom().and_then(height).map(rounded),
        before: None,
        after: None,
        depth_m: None,
    })
}

fn crossings(
    piece: &crate::section::plane::Piece,
    start: f64,
    (nodes, layer): (&FxHashSet<NodeIx>, &Layer<'_>),
    others: &[Layer<'_>],
    own: &mut dyn FnMut(usize, f64) -> Option<Levels>,
    found: &mut Profile,
) {
    let bounds = piece.plane.grown(&piece.ends, 0.01);
    for other in others {
        let same = std::ptr::eq(other.network, layer.network);
        other.index.segments(bounds, |ix, segment| {
            let link = other.network.link(ix);
            if same && link.ends().iter().any(|node| nodes.contains(node)) {
                return;
            }
            let Some(ends) = other.segment(ix, segment) else { return };
            let ends = ends.map(|end| piece.plane.place(end));
            let angle = angle_degrees(sub2(piece.local[1], piece.local[0]), sub2(ends[1], ends[0]));
            let Some((t, u)) = crossing(piece.local, ends).filter(|_| angle >= LEAST_ANGLE) else {
                return;
            };
            if found.crossings.len() >= MOST_CROSSINGS {
                found.truncated = true;
                return;
            }
            let levels = levels_at(&link, segment, u);
            let part = piece.part[0] + (piece.part[1] - piece.part[0]) * t;
            let both = own(piece.corner, part).zip(levels);
            found.crossings.push(Crossing {
                pipe: PipeFacts::of(other, ix),
                chainage_m: rounded(start + piece.start_m + piece.length_m * t),
                at: lerp2(piece.ends[0], piece.ends[1], t),
                levels,
                gap_m: both.map(|(own, levels)| rounded(own.gap(&levels))),
                above: both.map(|(own, levels)| levels.centre_m > own.centre_m),
                angle_degrees: (angle * 100.0).round() / 100.0,
            });
        });
    }
}

#[cfg(test)]
mod tests;
