//! Free distances between pipes, against the limits: 净距, 碰撞.
//!
//! For each neighbour: the free distance in plan (between centre lines, less both half widths), the free height where the
//! two cross in plan, and the distance of the bodies in space. A pipe in a casing is as wide as that
//! ([`Link::outer`](crate::Link::outer)). A limit is looked up for the first two; where no row of the
//! table holds, the state is "no limit known", which is not "pass".

mod body;
mod limits;
mod terms;

use onemap_model::{FeatureId, PipeClass};
use rustc_hash::FxHashMap;
use serde::Serialize;

pub use limits::{Limit, LimitKind, Limits};
pub use terms::Surface;
pub(crate) use terms::Terms;
use terms::{ANY_LAYING, ANY_PRESSURE, layings, millimetres, pressures};

use crate::network::{Link, LinkIx, Section, Shape};
use crate::section::facts::levels_at;
use crate::section::plane::{Piece, angle_degrees, lerp, lerp2, nearest, pieces, rounded, sub2};
use crate::section::{Layer, PipeFacts, UndergroundError, check_corners};
use body::{Body, net_distance};

/// The longest pipe that is checked at once, metres.
const LONGEST_SUBJECT_M: f64 = 100_000.0;
/// Below this angle a stretch runs along the other pipe, degrees.
const ALONG_ANGLE: f64 = 30.0;

/// A pipe that is not there yet.
#[derive(Debug, Clone)]
pub struct PlannedPipe {
    /// Its centre line: longitude, latitude, height; a height that is NaN is not known.
    pub line: Vec<[f64; 3]>,
    /// Its section.
    pub section: Section,
    /// Its class.
    pub class: PipeClass,
    /// Code of its subclass.
    pub subclass: Option<String>,
    /// Pressure or voltage, as surveys write it.
    pub pressure: Option<String>,
    /// How it is laid, as surveys write it.
    pub laying: Option<String>,
    /// Links that it will be joined to, by layer and feature: they are not collisions.
    pub joins: Vec<(String, FeatureId)>,
}

/// The pipe that is checked.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// A planned one.
    Planned(&'a PlannedPipe),
    /// A link of one of the layers, by the layer's position among them.
    Link(usize, FeatureId),
}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    /// As far apart as the limit asks, or farther.
    Pass,
    /// No row of the table holds for these two.
    NoLimit,
    /// A height is not known.
    NoHeight,
    /// Too near, or overlapping.
    Fail,
}

/// A distance and its limit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// Free distance, metres; negative where they overlap. `None`: a height is not known.
    pub net_m: Option<f64>,
    /// Where along the subject, metres.
    pub chainage_m: f64,
    /// Where on the subject, `[lon, lat]`.
    pub at: [f64; 2],
    /// The limit.
    pub limit: Option<Limit>,
    /// How it came out. An overlap fails without a limit, too.
    pub state: CheckState,
    /// What is missing to the limit, metres.
    pub missing_m: Option<f64>,
}

/// A pipe near the subject.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Neighbour {
    /// The pipe.
    pub pipe: PipeFacts,
    /// Whether the centre lines cross in plan.
    pub crosses: bool,
    /// Free distance in plan; of a pipe that crosses only where it also runs along (below 30 degrees).
    pub horizontal: Option<Check>,
    /// Free height where they cross, the least of several; `None`: they do not cross.
    pub vertical: Option<Check>,
    /// Free distance of the bodies in space, metres; negative where they overlap, `None`: a height is not known.
    pub net_m: Option<f64>,
    /// The worse of both.
    pub state: CheckState,
    /// Whether the size of either is not known, so that distances are those of the centre line.
    pub size_unknown: bool,
}

/// Everything near a pipe.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClearanceReport {
    /// Length of the subject in plan, metres.
    pub length_m: f64,
    /// The neighbours: those that fail first, then by distance.
    pub neighbours: Vec<Neighbour>,
    /// How many fail.
    pub failed: usize,
    /// How many pass.
    pub passed: usize,
    /// For how many no limit is known.
    pub without_limit: usize,
    /// For how many a height is not known.
    pub without_height: usize,
    /// Whether there are more neighbours than were asked for; the counts are of all.
    pub truncated: bool,
}

/// How far to look, how much to tell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClearanceOptions {
    /// Neighbours up to so far in plan are told, metres from outside to outside.
    pub radius_m: f64,
    /// The most neighbours that are told.
    pub most: usize,
}

impl Default for ClearanceOptions {
    fn default() -> Self {
        Self { radius_m: 5.0, most: 1_000 }
    }
}

/// Checks a pipe against all others of the layers.
///
/// Links that share a node with the subject are not neighbours, nor are those that a planned pipe joins.
pub fn clearance(
    subject: Subject<'_>,
    layers: &[Layer<'_>],
    limits: &Limits,
    options: ClearanceOptions,
) -> Result<ClearanceReport, UndergroundError> {
    if !(0.0..=100.0).contains(&options.radius_m) {
        let (what, value) = ("radius_m", options.radius_m);
        return Err(UndergroundError::OutOfRange { what, value, least: 0.0, most: 100.0 });
    }
    let checked = Checked::new(subject, layers)?;
    let line: Vec<[f64; 2]> = checked.line.iter().map(|at| [at[0], at[1]]).collect();
    check_corners("pipe", &line, 2)?;
    let pieces = pieces(&line);
    let length_m: f64 = pieces.iter().map(|piece| piece.length_m).sum();
    if length_m > LONGEST_SUBJECT_M {
        let most_m = LONGEST_SUBJECT_M;
        return Err(UndergroundError::TooLong { what: "pipe", length_m, most_m });
    }
    let mut near: FxHashMap<(usize, LinkIx), Near> = FxHashMap::default();
    for piece in &pieces {
        for (at, layer) in layers.iter().enumerate() {
            let reach = options.radius_m + checked.outer[0] / 2.0 + layer.index.most_half_width_m();
            let bounds = piece.plane.grown(&piece.ends, reach);
            layer.index.segments(bounds, |link, segment| {
                if !checked.is_joined(at, layer, link) {
                    measure(
                        &checked,
                        piece,
                        (at, layer),
                        (link, segment),
                        options.radius_m,
                        &mut near,
                    );
                }
            });
        }
    }
    let mut neighbours: Vec<Neighbour> = near
        .into_iter()
        .filter_map(|((at, link), near)| {
            near.judged(&checked, &layers[at], link, limits, options.radius_m)
        })
        .collect();
    let count = |state| neighbours.iter().filter(|n| n.state == state).count();
    let [passed, without_limit, without_height, failed] =
        [CheckState::Pass, CheckState::NoLimit, CheckState::NoHeight, CheckState::Fail].map(count);
    neighbours.sort_by(|a, b| {
        let failing = (b.state == CheckState::Fail).cmp(&(a.state == CheckState::Fail));
        let names = || (&a.pipe.layer, a.pipe.id).cmp(&(&b.pipe.layer, b.pipe.id));
        failing.then(a.nearness().total_cmp(&b.nearness())).then_with(names)
    });
    let truncated = neighbours.len() > options.most;
    neighbours.truncate(options.most);
    let length_m = rounded(length_m);
    Ok(ClearanceReport {
        length_m,
        neighbours,
        failed,
        passed,
        without_limit,
        without_height,
        truncated,
    })
}

impl Neighbour {
    fn nearness(&self) -> f64 {
        let checks = [&self.horizontal, &self.vertical];
        let least = checks.into_iter().flatten().filter_map(|check| check.net_m).reduce(f64::min);
        self.net_m.or(least).unwrap_or(f64::MAX)
    }
}

/// The subject, wherever it is from.
struct Checked<'a> {
    line: Vec<[f64; 3]>,
    /// Outer width and height, metres, and whether it is round.
    outer: [f64; 2],
    round: bool,
    size_unknown: bool,
    terms: Terms<'a>,
    own: Option<(usize, LinkIx)>,
    joins: &'a [(String, FeatureId)],
}

impl<'a> Checked<'a> {
    fn new(subject: Subject<'a>, layers: &[Layer<'a>]) -> Result<Self, UndergroundError> {
        match subject {
            Subject::Planned(planned) => {
                let sizes = [planned.section.width, planned.section.height, planned.section.wall];
                if !sizes.iter().all(|size| (0.0..1000.0).contains(size)) {
                    let value = f64::from(sizes.into_iter().fold(0.0, f32::max));
                    let what = "each size of the section";
                    return Err(UndergroundError::OutOfRange {
                        what,
                        value,
                        least: 0.0,
                        most: 1e3,
                    });
                }
                let known = |z: f64| z.is_nan() || z.abs() < 1e5;
                if !planned.line.iter().all(|at| known(at[2])) {
                    return Err(UndergroundError::NoPlace { what: "pipe" });
                }
                let terms = Terms {
                    class: planned.class,
                    subclass: planned.subclass.as_deref(),
                    diameter_mm: millimetres(planned.section.width),
                    pressure: planned.pressure.as_deref().map_or(ANY_PRESSURE, pressures),
                    laying: planned.laying.as_deref().map_or(ANY_LAYING, layings),
                };
                let (line, section) = (planned.line.clone(), &planned.section);
                Ok(Self {
                    line,
                    outer: section.outer(),
                    round: section.shape == Shape::Round,
                    size_unknown: is_unknown(section),
                    terms,
                    own: None,
                    joins: &planned.joins,
                })
            }
            Subject::Link(at, id) => {
                let missing = |layer: String| UndergroundError::NoLink { layer, id };
                let layer = layers.get(at).ok_or_else(|| missing(format!("number {at}")))?;
                let ix = layer.network.link_of(id).ok_or_else(|| missing(layer.id.to_owned()))?;
                let link = layer.network.link(ix);
                // Heights of the body, as levels have them.
                let lower = levels_at(&link, 0, 0.0)
                    .zip(link.heights().first())
                    .map_or(0.0, |(levels, z)| f64::from(*z) - levels.centre_m);
                let line = link.line().iter().zip(link.heights());
                let line = line.map(|(at, z)| [at[0], at[1], f64::from(*z) - lower]).collect();
                let own = Some((at, ix));
                Ok(Self {
                    line,
                    outer: link.outer(),
                    round: is_round(&link),
                    size_unknown: link.casing() <= 0.0 && is_unknown(&link.section()),
                    terms: Terms::of(&link),
                    own,
                    joins: &[],
                })
            }
        }
    }

    fn is_joined(&self, at: usize, layer: &Layer<'_>, other: LinkIx) -> bool {
        if let Some((own_layer, own)) = self.own {
            if own_layer != at {
                return false;
            }
            let (a, b) = (layer.network.link(own).ends(), layer.network.link(other).ends());
            return own == other || a.iter().any(|node| b.contains(node));
        }
        !self.joins.is_empty() && {
            let id = layer.network.link(other).id();
            self.joins.iter().any(|(name, join)| name == layer.id && Some(*join) == id)
        }
    }
}

fn is_round(link: &Link<'_>) -> bool {
    link.casing() > 0.0 || link.section().shape == Shape::Round
}

fn is_unknown(section: &Section) -> bool {
    section.width <= 0.0 || section.height <= 0.0
}

/// A distance in plan or height, and where it is along the subject.
#[derive(Clone, Copy)]
struct Least {
    net: f64,
    chainage: f64,
    at: [f64; 2],
}

/// What is known of a neighbour while its segments are looked at.
#[derive(Default)]
struct Near {
    plan: Option<Least>,
    /// Only of stretches that run along.
    plan_along: Option<Least>,
    cross: Option<Least>,
    cross_without_height: Option<Least>,
    net: Option<f64>,
    height_missing: bool,
}

fn keep(slot: &mut Option<Least>, new: Least) {
    if slot.is_none_or(|old| (new.net, new.chainage) < (old.net, old.chainage)) {
        *slot = Some(new);
    }
}

fn measure(
    checked: &Checked<'_>,
    piece: &Piece,
    (at, layer): (usize, &Layer<'_>),
    (ix, segment): (LinkIx, usize),
    radius_m: f64,
    near: &mut FxHashMap<(usize, LinkIx), Near>,
) {
    let link = layer.network.link(ix);
    let Some(ends) = layer.segment(ix, segment) else { return };
    let ends = ends.map(|end| piece.plane.place(end));
    let (gap, t, u) = nearest(piece.local, ends);
    let (own, other) = (checked.outer, link.outer());
    let net = gap - f64::midpoint(own[0], other[0]);
    if net > radius_m {
        return;
    }
    let near = near.entry((at, ix)).or_default();
    let chainage = piece.start_m + piece.length_m * t;
    let place = lerp2(piece.ends[0], piece.ends[1], t);
    let angle = angle_degrees(sub2(piece.local[1], piece.local[0]), sub2(ends[1], ends[0]));
    let z = [0, 1].map(|end: usize| {
        let corner = |at: usize| checked.line.get(at).map_or(f64::NAN, |at| at[2]);
        lerp(corner(piece.corner), corner(piece.corner + 1), piece.part[end])
    });
    let levels = [0.0, 1.0].map(|part| levels_at(&link, segment, part));
    if let [Some(a), Some(b)] = levels
        && z.iter().all(|z| z.is_finite())
    {
        let bodies = [
            Body {
                axis: [0, 1].map(|end: usize| [piece.local[end][0], piece.local[end][1], z[end]]),
                half: own.map(|size| size / 2.0),
                round: checked.round,
            },
            Body {
                axis: [[ends[0][0], ends[0][1], a.centre_m], [ends[1][0], ends[1][1], b.centre_m]],
                half: other.map(|size| size / 2.0),
                round: is_round(&link),
            },
        ];
        let net = net_distance(&bodies[0], &bodies[1]);
        near.net = Some(near.net.map_or(net, |least| least.min(net)));
        if gap <= 0.0 {
            let apart = (lerp(z[0], z[1], t) - lerp(a.centre_m, b.centre_m, u)).abs();
            let net = apart - f64::midpoint(own[1], other[1]);
            keep(&mut near.cross, Least { net, chainage, at: place });
        }
    } else {
        near.height_missing = true;
        if gap <= 0.0 {
            keep(&mut near.cross_without_height, Least { net: 0.0, chainage, at: place });
        }
    }
    if gap > 0.0 {
        let least = Least { net, chainage, at: place };
        keep(&mut near.plan, least);
        if angle < ALONG_ANGLE {
            keep(&mut near.plan_along, least);
        }
    }
}

impl Near {
    fn judged(
        self,
        checked: &Checked<'_>,
        layer: &Layer<'_>,
        ix: LinkIx,
        limits: &Limits,
        radius_m: f64,
    ) -> Option<Neighbour> {
        let link = layer.network.link(ix);
        let other = Terms::of(&link);
        let crosses = self.cross.is_some() || self.cross_without_height.is_some();
        let plan = if crosses { self.plan_along } else { self.plan };
        if !crosses && plan.is_none_or(|plan| plan.net > radius_m) {
            return None;
        }
        let find = |kind| limits.between(kind, &checked.terms, &other);
        let horizontal = plan.map(|plan| Check::new(plan, true, find(LimitKind::Horizontal)));
        let vertical = match (self.cross, self.cross_without_height) {
            (Some(cross), _) => Some(Check::new(cross, true, find(LimitKind::Vertical))),
            (None, Some(cross)) => Some(Check::new(cross, false, find(LimitKind::Vertical))),
            (None, None) => None,
        };
        let states = [&horizontal, &vertical].into_iter().flatten().map(|check| check.state);
        Some(Neighbour {
            pipe: PipeFacts::of(layer, ix),
            crosses,
            state: states.max().unwrap_or(CheckState::NoLimit),
            horizontal,
            vertical,
            net_m: self.net.filter(|_| !self.height_missing).map(rounded),
            size_unknown: checked.size_unknown
                || (link.casing() <= 0.0 && is_unknown(&link.section())),
        })
    }
}

impl Check {
    fn new(least: Least, height_known: bool, limit: Option<Limit>) -> Self {
        let net_m = height_known.then(|| rounded(least.net));
        let short = net_m.zip(limit.as_ref()).map(|(net, limit)| rounded(limit.least_m - net));
        let state = match (net_m, short) {
            (None, _) => CheckState::NoHeight,
            (Some(net), _) if net < 0.0 => CheckState::Fail,
            (Some(_), None) => CheckState::NoLimit,
            (Some(_), Some(short)) if short > 0.0 => CheckState::Fail,
            _ => CheckState::Pass,
        };
        let missing_m = short.filter(|short| *short > 0.0);
        Self { net_m, chainage_m: rounded(least.chainage), at: least.at, limit, state, missing_m }
    }
}

#[cfg(test)]
mod tests;
