//! What a pit meets: 开挖.

use std::collections::BTreeMap;

use onemap_model::{Element, FeatureId, PipeClass};
use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::ground::Ground;
use crate::network::LinkIx;
use crate::section::facts::{element_name, ground_at, height, levels_at};
use crate::section::plane::{Plane, cross2, crossing, length2, lerp2, nearest, rounded, sub2};
use crate::section::{Layer, Levels, PipeFacts, UndergroundError, check_corners};

/// The widest pit, metres.
const WIDEST_PIT_M: f64 = 5_000.0;
/// The deepest, metres.
const DEEPEST_M: f64 = 200.0;
/// Pipes in the pit are looked at so often, metres.
const STEP_M: f64 = 0.5;
/// The mean depth is taken from a grid of so many places on a side.
const GRID: usize = 24;
/// The most pipes and nodes that are told.
const MOST: usize = 5_000;

/// How deep it is dug.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PitBottom {
    /// So many metres below the ground, everywhere.
    Depth(f64),
    /// Down to a height, metres.
    Elevation(f64),
}

/// How a pipe meets a pit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PitHit {
    /// Its body reaches into the pit.
    Hit,
    /// A height of it or of the ground is not known: it may.
    Unknown,
    /// It lies below the bottom.
    Below,
}

/// A pipe in, at or below a pit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PitPipe {
    /// The pipe.
    pub pipe: PipeFacts,
    /// How it meets the pit.
    pub hit: PitHit,
    /// Length in plan that is to be dug out (or may be, or lies below), metres. 0: only its side reaches in.
    pub length_m: f64,
    /// Highest top in the pit, metres.
    pub top_m: Option<f64>,
    /// Least free height from the bottom of the pit down to its top, metres; negative where it is hit.
    pub below_bottom_m: Option<f64>,
    /// The stretches in plan, `[lon, lat]`.
    pub stretches: Vec<[[f64; 2]; 2]>,
}

/// A node in a pit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PitNode {
    /// Layer.
    pub layer: String,
    /// Feature; `None` where none stands for it.
    pub id: Option<FeatureId>,
    /// What the source calls it.
    pub code: String,
    /// What it is.
    #[serde(serialize_with = "element_name")]
    pub element: Element,
    /// Where, `[lon, lat]`.
    pub at: [f64; 2],
    /// Height of the ground, metres.
    pub ground_m: Option<f64>,
    /// Height of its bottom, metres.
    pub bottom_m: Option<f64>,
    /// Who owns it.
    pub owner: Option<String>,
}

/// Somebody to be told before the digging.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PitOwner {
    /// Who; `None`: not known of so many pipes.
    pub owner: Option<String>,
    /// How many pipes are or may be hit.
    pub pipes: usize,
    /// How long they are in the pit, metres.
    pub length_m: f64,
}

/// What a pit meets.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Excavation {
    /// Area, square metres.
    pub area_m2: f64,
    /// Mean depth below the ground, metres; `None`: the ground is not known.
    pub mean_depth_m: Option<f64>,
    /// Volume to be dug, cubic metres: area by mean depth.
    pub volume_m3: Option<f64>,
    /// The pipes: hit first, then those that may be, then those below.
    pub pipes: Vec<PitPipe>,
    /// The nodes inside.
    pub nodes: Vec<PitNode>,
    /// Owners of pipes that are or may be hit.
    pub owners: Vec<PitOwner>,
    /// Metres of pipes that are hit, by the code of the class.
    pub length_by_class: BTreeMap<String, f64>,
    /// Whether there is more than is told.
    pub truncated: bool,
}

/// Digs a pit with upright walls inside a ring of corners (`[lon, lat]`, closed or not).
pub fn excavation(
    ring: &[[f64; 2]],
    bottom: PitBottom,
    layers: &[Layer<'_>],
    ground: &dyn Ground,
) -> Result<Excavation, UndergroundError> {
    let pit = Pit::new(ring, bottom)?;
    let mut found = Excavation {
        area_m2: (pit.area() * 100.0).round() / 100.0,
        mean_depth_m: None,
        volume_m3: None,
        pipes: Vec::new(),
        nodes: Vec::new(),
        owners: Vec::new(),
        length_by_class: BTreeMap::new(),
        truncated: false,
    };
    if let Some(depth) = pit.mean_depth(ground) {
        found.mean_depth_m = Some(rounded(depth));
        found.volume_m3 = Some((pit.area() * depth * 100.0).round() / 100.0);
    }
    for layer in layers {
        pit.pipes(layer, ground, &mut found);
        let bounds = pit.plane.grown(ring, 0.0);
        layer.index.nodes(bounds, |ix| {
            let node = layer.network.node(ix);
            let Some(at) = node.at().filter(|at| pit.contains(pit.plane.place(*at))) else {
                return;
            };
            if found.nodes.len() >= MOST {
                found.truncated = true;
                return;
            }
            found.nodes.push(PitNode {
                layer: layer.id.to_owned(),
                id: node.id(),
                code: node.code().to_owned(),
                element: node.element(),
                at,
                ground_m: node
                    .ground()
                    .and_then(height)
                    .or_else(|| ground_at(ground, at))
                    .map(rounded),
                bottom_m: node.bottom().and_then(height).map(rounded),
                owner: node.owner().map(str::to_owned),
            });
        });
    }
    found.nodes.sort_by(|a, b| (&a.layer, a.id, &a.code).cmp(&(&b.layer, b.id, &b.code)));
    found
        .pipes
        .sort_by(|a, b| (a.hit, &a.pipe.layer, a.pipe.id).cmp(&(b.hit, &b.pipe.layer, b.pipe.id)));
    summed(&mut found);
    Ok(found)
}

fn summed(found: &mut Excavation) {
    let mut owners: BTreeMap<Option<String>, (usize, f64)> = BTreeMap::new();
    for pipe in &found.pipes {
        if pipe.hit == PitHit::Below {
            continue;
        }
        let entry = owners.entry(pipe.pipe.owner.clone()).or_default();
        *entry = (entry.0 + 1, entry.1 + pipe.length_m);
        if pipe.hit == PitHit::Hit {
            let class: PipeClass = pipe.pipe.class;
            *found.length_by_class.entry(class.code().to_owned()).or_default() += pipe.length_m;
        }
    }
    for length in found.length_by_class.values_mut() {
        *length = rounded(*length);
    }
    let owners = owners.into_iter();
    found.owners = owners
        .map(|(owner, (pipes, length))| PitOwner { owner, pipes, length_m: rounded(length) })
        .collect();
}

struct Pit {
    plane: Plane,
    ring: Vec<[f64; 2]>,
    degrees: Vec<[f64; 2]>,
    bottom: PitBottom,
}

/// What is known of a pipe while its segments are looked at.
#[derive(Default)]
struct Met {
    hit: f64,
    unknown: f64,
    below: f64,
    touched: bool,
    unknown_touched: bool,
    top: Option<f64>,
    free: Option<f64>,
    stretches: [Vec<[[f64; 2]; 2]>; 3],
}

impl Pit {
    fn new(ring: &[[f64; 2]], bottom: PitBottom) -> Result<Self, UndergroundError> {
        let what = "outline of the pit";
        check_corners(what, ring, 3)?;
        let (value, name) = match bottom {
            PitBottom::Depth(depth) => (depth, "the depth"),
            PitBottom::Elevation(z) => (z, "the elevation of the bottom"),
        };
        let range = match bottom {
            PitBottom::Depth(_) => [0.0, DEEPEST_M],
            PitBottom::Elevation(_) => [-12_000.0, 9_000.0],
        };
        if !(range[0]..=range[1]).contains(&value) {
            let [least, most] = range;
            return Err(UndergroundError::OutOfRange { what: name, value, least, most });
        }
        let count = ring.len() as f64;
        let middle = ring.iter().fold([0.0; 2], |sum, at| [sum[0] + at[0], sum[1] + at[1]]);
        let plane = Plane::at(middle.map(|x| x / count));
        let places: Vec<[f64; 2]> = ring.iter().map(|at| plane.place(*at)).collect();
        let widest = places.iter().map(|at| length2(*at)).fold(0.0, f64::max);
        if widest * 2.0 > WIDEST_PIT_M {
            let (length_m, most_m) = (widest * 2.0, WIDEST_PIT_M);
            return Err(UndergroundError::TooLong { what, length_m, most_m });
        }
        Ok(Self { plane, ring: places, degrees: ring.to_vec(), bottom })
    }

    fn edges(&self) -> impl Iterator<Item = [[f64; 2]; 2]> + '_ {
        let next = self.ring.iter().cycle().skip(1);
        self.ring.iter().zip(next).map(|(a, b)| [*a, *b])
    }

    fn area(&self) -> f64 {
        self.edges().map(|[a, b]| cross2(a, b)).sum::<f64>().abs() / 2.0
    }

    fn contains(&self, at: [f64; 2]) -> bool {
        let mut inside = false;
        for [a, b] in self.edges() {
            if (a[1] > at[1]) != (b[1] > at[1])
                && at[0] < a[0] + (b[0] - a[0]) * (at[1] - a[1]) / (b[1] - a[1])
            {
                inside = !inside;
            }
        }
        inside
    }

    fn bottom_at(&self, at: [f64; 2], ground: &dyn Ground) -> Option<f64> {
        match self.bottom {
            PitBottom::Elevation(z) => Some(z),
            PitBottom::Depth(depth) => ground_at(ground, at).map(|ground| ground - depth),
        }
    }

    fn mean_depth(&self, ground: &dyn Ground) -> Option<f64> {
        let z = match self.bottom {
            PitBottom::Depth(depth) => return Some(depth),
            PitBottom::Elevation(z) => z,
        };
        let [mut low, mut high] = [[f64::MAX; 2], [f64::MIN; 2]];
        for at in &self.ring {
            low = [low[0].min(at[0]), low[1].min(at[1])];
            high = [high[0].max(at[0]), high[1].max(at[1])];
        }
        let (mut sum, mut count) = (0.0, 0_usize);
        for y in 0..GRID {
            for x in 0..GRID {
                let part = [x, y].map(|cell| (cell as f64 + 0.5) / GRID as f64);
                let at = [0, 1].map(|i: usize| low[i] + (high[i] - low[i]) * part[i]);
                if self.contains(at) {
                    sum += (ground_at(ground, self.plane.degrees(at))? - z).max(0.0);
                    count += 1;
                }
            }
        }
        if count == 0 {
            // Thinner than the grid: the corners stand for it.
            for at in &self.degrees {
                sum += (ground_at(ground, *at)? - z).max(0.0);
                count += 1;
            }
        }
        Some(sum / count as f64)
    }

    /// Returns the parts of a segment that lie inside.
    fn inside(&self, [a, b]: [[f64; 2]; 2]) -> Vec<[f64; 2]> {
        let mut cuts = vec![0.0, 1.0];
        cuts.extend(self.edges().filter_map(|edge| crossing([a, b], edge)).map(|(t, _)| t));
        cuts.sort_by(f64::total_cmp);
        let mut parts: Vec<[f64; 2]> = Vec::new();
        for pair in cuts.windows(2) {
            if pair[1] - pair[0] <= 1e-12
                || !self.contains(lerp2(a, b, f64::midpoint(pair[0], pair[1])))
            {
                continue;
            }
            match parts.last_mut() {
                Some(last) if last[1] == pair[0] => last[1] = pair[1],
                _ => parts.push([pair[0], pair[1]]),
            }
        }
        parts
    }

    fn pipes(&self, layer: &Layer<'_>, ground: &dyn Ground, found: &mut Excavation) {
        let mut met: FxHashMap<LinkIx, Met> = FxHashMap::default();
        let bounds = self.plane.grown(&self.degrees, layer.index.most_half_width_m());
        layer.index.segments(bounds, |ix, segment| {
            let Some(ends) = layer.segment(ix, segment) else { return };
            self.look_at(layer, (ix, segment), ends, ground, &mut met);
        });
        let mut met: Vec<(LinkIx, Met)> = met.into_iter().collect();
        met.sort_unstable_by_key(|(ix, _)| *ix);
        for (ix, met) in met {
            if found.pipes.len() >= MOST {
                found.truncated = true;
                return;
            }
            let [hits, unknown, below] = met.stretches;
            let (hit, length, stretches) = if met.hit > 0.0 || met.touched {
                (PitHit::Hit, met.hit, hits)
            } else if met.unknown > 0.0 || met.unknown_touched {
                (PitHit::Unknown, met.unknown, unknown)
            } else {
                (PitHit::Below, met.below, below)
            };
            found.pipes.push(PitPipe {
                pipe: PipeFacts::of(layer, ix),
                hit,
                length_m: rounded(length),
                top_m: met.top.map(rounded),
                below_bottom_m: met.free.map(rounded),
                stretches,
            });
        }
    }

    fn look_at(
        &self,
        layer: &Layer<'_>,
        (ix, segment): (LinkIx, usize),
        degrees: [[f64; 2]; 2],
        ground: &dyn Ground,
        met: &mut FxHashMap<LinkIx, Met>,
    ) {
        let link = layer.network.link(ix);
        let ends = degrees.map(|at| self.plane.place(at));
        let length = length2(sub2(ends[1], ends[0]));
        let levels = |t: f64| -> Option<Levels> { levels_at(&link, segment, t) };
        let free = |t: f64| -> Option<(f64, f64)> {
            let top = levels(t)?.outer_top(&link);
            Some((self.bottom_at(lerp2(degrees[0], degrees[1], t), ground)? - top, top))
        };
        let inside = self.inside(ends);
        if inside.is_empty() {
            // Its axis stays outside; its side may reach in.
            let half = link.outer()[0] / 2.0;
            let nearest = self.edges().map(|edge| nearest(ends, edge));
            let Some((gap, t, _)) = nearest.min_by(|a, b| a.0.total_cmp(&b.0)) else { return };
            if gap >= half || half <= 0.0 {
                return;
            }
            let met = met.entry(ix).or_default();
            match free(t) {
                Some((free, top)) => {
                    met.touched |= free < 0.0;
                    met.note(free, top);
                }
                None => met.unknown_touched = true,
            }
            return;
        }
        let met = met.entry(ix).or_default();
        for [start, end] in inside {
            let count = ((end - start) * length / STEP_M).ceil().clamp(1.0, 20_000.0) as usize;
            let at = |i: usize| start + (end - start) * i as f64 / count as f64;
            let mut before = free(start);
            for i in 0..count {
                let (t, next) = (at(i), at(i + 1));
                let after = free(next);
                match before.zip(after) {
                    None => met.add(1, length, degrees, [t, next]),
                    Some(((a, a_top), (b, b_top))) => {
                        met.note(a, a_top);
                        met.note(b, b_top);
                        // Free heights change straight within a step.
                        let middle = if (a < 0.0) == (b < 0.0) {
                            next
                        } else {
                            t + (next - t) * a / (a - b)
                        };
                        met.add(if a < 0.0 { 0 } else { 2 }, length, degrees, [t, middle]);
                        met.add(if b < 0.0 { 0 } else { 2 }, length, degrees, [middle, next]);
                    }
                }
                before = after;
            }
        }
    }
}

impl Met {
    fn note(&mut self, free: f64, top: f64) {
        self.free = Some(self.free.map_or(free, |least| least.min(free)));
        self.top = Some(self.top.map_or(top, |most| most.max(top)));
    }

    fn add(&mut self, kind: usize, length: f64, degrees: [[f64; 2]; 2], [from, to]: [f64; 2]) {
        if to <= from {
            return;
        }
        let sums = [&mut self.hit, &mut self.unknown, &mut self.below];
        if let Some(sum) = sums.into_iter().nth(kind) {
            *sum += length * (to - from);
        }
        let [a, b] = [from, to].map(|t| lerp2(degrees[0], degrees[1], t));
        match self.stretches[kind].last_mut() {
            Some(last) if last[1] == a => last[1] = b,
            _ => self.stretches[kind].push([a, b]),
        }
    }
}

#[cfg(test)]
mod tests;
