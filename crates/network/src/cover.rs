//! How much ground lies over pipes, or over their casings ([`Link::outer`](crate::Link::outer)): 覆土.

use onemap_model::FeatureId;
use rayon::prelude::*;
use serde::Serialize;

use crate::clearance::{CheckState, Limit, Limits, Surface, Terms};
use crate::ground::Ground;
use crate::network::LinkIx;
use crate::section::facts::{ground_at, levels_at};
use crate::section::plane::{lerp2, pieces, rounded};
use crate::section::{Layer, PipeFacts};

/// Places along a pipe are looked at so far apart, metres, and at its corners.
const STEP_M: f64 = 5.0;
/// The most places of one pipe.
const MOST_PLACES: usize = 10_000;

/// A stretch of a pipe with too little ground over it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShallowStretch {
    /// From where to where along the pipe, metres in plan; interpolated between the places that were looked at.
    pub chainage_m: [f64; 2],
    /// Least cover in it, metres; negative: above the ground.
    pub least_m: f64,
    /// What is missing there, metres.
    pub missing_m: f64,
    /// Where that is, `[lon, lat]`.
    pub at: [f64; 2],
}

/// The cover of a pipe.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cover {
    /// The pipe.
    pub pipe: PipeFacts,
    /// Least cover, metres; `None`: a height of the pipe or the ground is not known.
    pub least_m: Option<f64>,
    /// Mean cover, metres.
    pub mean_m: Option<f64>,
    /// The limit: the strictest along the pipe.
    pub limit: Option<Limit>,
    /// How it came out.
    pub state: CheckState,
    /// Where it is too little.
    pub shallow: Vec<ShallowStretch>,
}

/// What the cover of many pipes came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CoverReport {
    /// The pipes that fail, worst first.
    pub failing: Vec<Cover>,
    /// How many were looked at.
    pub looked_at: usize,
    /// How many pass.
    pub passed: usize,
    /// How many fail.
    pub failed: usize,
    /// For how many no limit is known.
    pub without_limit: usize,
    /// For how many a height is not known.
    pub without_height: usize,
}

/// Tells what lies above a place, `[lon, lat]`; `None`: not known, then the strictest limit counts and says so.
pub type SurfaceAt<'a> = &'a (dyn Fn([f64; 2]) -> Option<Surface> + Sync);

/// Looks at the cover of a pipe; `None` where there is no such pipe.
pub fn cover(
    layer: &Layer<'_>,
    id: FeatureId,
    ground: &dyn Ground,
    surface: SurfaceAt<'_>,
    limits: &Limits,
) -> Option<Cover> {
    Some(of_link(layer, layer.network.link_of(id)?, ground, surface, limits))
}

/// Looks at the cover of all pipes of a layer, in parallel; tells at most `most` of those that fail.
pub fn cover_report(
    layer: &Layer<'_>,
    ground: &dyn Ground,
    surface: SurfaceAt<'_>,
    limits: &Limits,
    most: usize,
) -> CoverReport {
    let links: Vec<LinkIx> = layer.network.links().collect();
    let looked = links.par_iter().map(|link| {
        let cover = of_link(layer, *link, ground, surface, limits);
        let state = cover.state;
        (state, (state == CheckState::Fail).then_some(cover))
    });
    let looked: Vec<(CheckState, Option<Cover>)> = looked.collect();
    let count = |state| looked.iter().filter(|(s, _)| *s == state).count();
    let states = [CheckState::Pass, CheckState::Fail, CheckState::NoLimit, CheckState::NoHeight];
    let [passed, failed, without_limit, without_height] = states.map(count);
    let mut failing: Vec<Cover> = looked.into_iter().filter_map(|(_, cover)| cover).collect();
    let missing = |cover: &Cover| cover.shallow.iter().map(|s| s.missing_m).fold(0.0, f64::max);
    failing.sort_by(|a, b| missing(b).total_cmp(&missing(a)).then(a.pipe.id.cmp(&b.pipe.id)));
    failing.truncate(most);
    CoverReport { failing, looked_at: links.len(), passed, failed, without_limit, without_height }
}

/// A place along a pipe.
struct Place {
    chainage: f64,
    at: [f64; 2],
    cover: f64,
    /// The limit there, metres.
    least: Option<f64>,
}

fn of_link(
    layer: &Layer<'_>,
    ix: LinkIx,
    ground: &dyn Ground,
    surface: SurfaceAt<'_>,
    limits: &Limits,
) -> Cover {
    let link = layer.network.link(ix);
    let terms = Terms::of(&link);
    // One look into the table for each surface, not for each place.
    let mut known: Vec<(Option<Surface>, Option<Limit>)> = Vec::new();
    let (mut places, mut complete) = (Vec::new(), true);
    let mut look = |chainage: f64, at: [f64; 2], segment: usize, part: f64| {
        let above = surface(at);
        if !known.iter().any(|(surface, _)| *surface == above) {
            known.push((above, limits.cover(&terms, above)));
        }
        let limit = known.iter().find(|(surface, _)| *surface == above);
        let least = limit.and_then(|(_, limit)| limit.as_ref()).map(|limit| limit.least_m);
        match ground_at(ground, at).zip(levels_at(&link, segment, part)) {
            Some((ground, levels)) => {
                let cover = ground - levels.outer_top(&link);
                places.push(Place { chainage, at, cover, least });
            }
            None => complete = false,
        }
    };
    let pieces = pieces(link.line());
    let whole: f64 = pieces.iter().map(|piece| piece.length_m).sum();
    let step = STEP_M.max(whole / MOST_PLACES as f64);
    for (at, piece) in pieces.iter().enumerate() {
        let count = (piece.length_m / step).ceil().max(1.0) as usize;
        let last = usize::from(at + 1 == pieces.len());
        for at in 0..count + last {
            let t = at as f64 / count as f64;
            let part = piece.part[0] + (piece.part[1] - piece.part[0]) * t;
            let place = lerp2(piece.ends[0], piece.ends[1], t);
            look(piece.start_m + piece.length_m * t, place, piece.corner, part);
        }
    }
    let limit = known
        .into_iter()
        .filter_map(|(_, limit)| limit)
        .max_by(|a, b| a.least_m.total_cmp(&b.least_m));
    let shallow = stretches(&places);
    let state = match () {
        () if !shallow.is_empty() => CheckState::Fail,
        () if places.is_empty() || !complete => CheckState::NoHeight,
        () if limit.is_none() => CheckState::NoLimit,
        () => CheckState::Pass,
    };
    let covers = || places.iter().map(|place| place.cover);
    let mean = covers().sum::<f64>() / places.len() as f64;
    Cover {
        pipe: PipeFacts::of(layer, ix),
        least_m: covers().reduce(f64::min).map(rounded),
        mean_m: (!places.is_empty()).then_some(rounded(mean)),
        limit,
        state,
        shallow,
    }
}

/// Finds the stretches whose cover is below the limit, with ends where it is crossed.
fn stretches(places: &[Place]) -> Vec<ShallowStretch> {
    // Half a millimetre is no fault.
    let missing = |place: &Place| place.least.map_or(f64::MIN, |least| least - place.cover - 5e-4);
    let mut found: Vec<ShallowStretch> = Vec::new();
    let mut open: Option<ShallowStretch> = None;
    for (at, place) in places.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| places.get(at));
        let here = missing(place);
        let cross = before.map(|before| {
            let there = missing(before);
            let known = here > f64::MIN && there > f64::MIN && (here - there).abs() > 1e-12;
            let t = if known { (-there / (here - there)).clamp(0.0, 1.0) } else { 1.0 };
            before.chainage + (place.chainage - before.chainage) * t
        });
        if here > 0.0 {
            let from = cross.unwrap_or(place.chainage);
            let missing_m = rounded(here + 5e-4);
            let (at, least_m) = (place.at, rounded(place.cover));
            let stretch = open.get_or_insert(ShallowStretch {
                chainage_m: [rounded(from), 0.0],
                least_m,
                missing_m,
                at,
            });
            if missing_m > stretch.missing_m {
                (stretch.missing_m, stretch.least_m, stretch.at) = (missing_m, least_m, at);
            }
            stretch.chainage_m[1] = rounded(place.chainage);
        } else if let Some(mut stretch) = open.take() {
            stretch.chainage_m[1] = rounded(cross.unwrap_or(place.chainage));
            found.push(stretch);
        }
    }
    found.extend(open);
    found
}

#[cfg(test)]
mod tests;
