//! How high the ground is.

use crate::section::Layer;
use crate::section::facts::height;
use crate::section::plane::{Plane, foot, length2, lerp, lerp2, sub2};

/// Heights of the ground: the one place where a terrain plugs in. Heights are those of the survey (normal heights), metres.
pub trait Ground: Sync {
    /// Returns the height of the ground at a place, `[lon, lat]`; `None` where it is not known.
    fn height(&self, at: [f64; 2]) -> Option<f64>;
}

/// Ground of one height, for places without any survey of it.
#[derive(Debug, Clone, Copy)]
pub struct LevelGround(pub f64);

impl Ground for LevelGround {
    fn height(&self, _: [f64; 2]) -> Option<f64> {
        Some(self.0)
    }
}

/// The ground as the surveys of the pipes give it: at their nodes, in a straight line along each link, and between links
/// nearby the mean of theirs, weighted by the inverse square of the distance (Shepard 1968).
#[derive(Debug, Clone, Copy)]
pub struct SurveyGround<'a> {
    layers: &'a [Layer<'a>],
    radius_m: f64,
}

/// Radii that are searched one after another, parts of the greatest.
const RADII: [f64; 3] = [1.0 / 16.0, 1.0 / 4.0, 1.0];
/// This near to a link only the link counts, metres.
const ON_LINK_M: f64 = 0.05;
/// Links that are averaged.
const MOST: usize = 8;

impl<'a> SurveyGround<'a> {
    /// Takes the ground from layers, from links up to 80 m away.
    pub fn new(layers: &'a [Layer<'a>]) -> Self {
        Self { layers, radius_m: 80.0 }
    }

    /// Takes it from links within another distance, metres.
    #[must_use]
    pub fn within(self, radius_m: f64) -> Self {
        Self { radius_m: radius_m.clamp(0.1, 1000.0), ..self }
    }

    /// Returns distances and heights of the links within a radius.
    fn near(&self, at: [f64; 2], radius_m: f64) -> Vec<(f64, f64)> {
        let plane = Plane::at(at);
        let bounds = plane.grown(&[at], radius_m);
        let mut found: Vec<(f64, f64)> = Vec::new();
        for layer in self.layers {
            layer.index.segments(bounds, |ix, segment| {
                let link = layer.network.link(ix);
                let [Some(first), Some(last)] = ends(layer, ix) else { return };
                let line = link.line();
                let Some([a, b]) = layer.segment(ix, segment) else { return };
                let (a, b) = (plane.place(a), plane.place(b));
                let part = foot([0.0; 2], a, b);
                let distance = length2(lerp2(a, b, part));
                if distance > radius_m {
                    return;
                }
                let lengths = |corners: &[[f64; 2]]| -> f64 {
                    let pairs = corners.windows(2);
                    pairs
                        .map(|pair| length2(sub2(plane.place(pair[1]), plane.place(pair[0]))))
                        .sum()
                };
                let along = if line.len() == 2 {
                    part
                } else {
                    let before = lengths(&line[..=segment]) + length2(sub2(b, a)) * part;
                    before / lengths(line).max(1e-9)
                };
                found.push((distance, lerp(first, last, along)));
            });
            layer.index.nodes(bounds, |ix| {
                let node = layer.network.node(ix);
                if let (Some(place), Some(ground)) = (node.at(), node.ground().and_then(height)) {
                    let distance = length2(plane.place(place));
                    if distance <= radius_m {
                        found.push((distance, ground));
                    }
                }
            });
        }
        found
    }
}

/// Returns the ground at a link's ends: its own, else that of its nodes.
fn ends(layer: &Layer<'_>, ix: crate::LinkIx) -> [Option<f64>; 2] {
    let link = layer.network.link(ix);
    let own = link.ground().map(|z| z.and_then(height));
    if own[0].is_some() && own[1].is_some() {
        return own;
    }
    let nodes = link.ends();
    let slots = layer.network.node_slots();
    [0, 1].map(|end: usize| {
        let known = (nodes[end].0 as usize) < slots;
        own[end].or_else(|| {
            known.then(|| layer.network.node(nodes[end]).ground()).flatten().and_then(height)
        })
    })
}

impl Ground for SurveyGround<'_> {
    fn height(&self, at: [f64; 2]) -> Option<f64> {
        if !(at[0].is_finite() && at[1].is_finite()) {
            return None;
        }
        let mut found = Vec::new();
        for part in RADII {
            found = self.near(at, self.radius_m * part);
            if found.len() >= MOST || found.iter().any(|(distance, _)| *distance <= ON_LINK_M) {
                break;
            }
        }
        // By height, too: the sum must not depend on the order of the index.
        found.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        found.truncate(MOST);
        let on: Vec<f64> = found.iter().filter(|f| f.0 <= ON_LINK_M).map(|f| f.1).collect();
        if !on.is_empty() {
            return Some(on.iter().sum::<f64>() / on.len() as f64);
        }
        let weight = |distance: f64| 1.0 / (distance * distance);
        let weights: f64 = found.iter().map(|f| weight(f.0)).sum();
        let sum: f64 = found.iter().map(|f| weight(f.0) * f.1).sum();
        (weights > 0.0).then(|| sum / weights)
    }
}
