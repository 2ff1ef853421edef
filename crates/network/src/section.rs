//! What lies below a drawn line: 横断面.

mod error;
pub(crate) mod facts;
pub(crate) mod plane;
#[cfg(test)]
pub(crate) mod samples;
pub(crate) mod segments;
#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::ground::Ground;
use crate::network::LinkIx;
pub use error::UndergroundError;
pub(crate) use error::check_corners;
pub use facts::{Layer, Levels, PipeFacts};
use facts::{ground_at, levels_at};
use plane::{
    Piece, angle_degrees, cross2, crossing, dot2, length2, lerp, lerp2, pieces, rounded, sub2,
};
pub use segments::NetworkIndex;

/// The longest line that is cut along, metres.
const LONGEST_SECTION_M: f64 = 20_000.0;
/// Pipes at a smaller angle to the line, degrees, run along it; they are not cut.
const LEAST_ANGLE: f64 = 3.0;
/// A hand's breadth, metres: so near a pipe has to come to count as running along the line.
const HAND_M: f64 = 0.15;
/// The most cuts of one section.
const MOST_CUTS: usize = 5_000;
/// The most links of one path.
pub(crate) const MOST_LINKS: usize = 10_000;

/// A pipe where the line cuts it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cut {
    /// Number in the drawing, from 1 at the start of the line.
    pub number: usize,
    /// The pipe.
    pub pipe: PipeFacts,
    /// Metres along the line.
    pub chainage_m: f64,
    /// Where, `[lon, lat]`.
    pub at: [f64; 2],
    /// Height of the ground, metres.
    pub ground_m: Option<f64>,
    /// Heights of the pipe.
    pub levels: Option<Levels>,
    /// From the ground to the top, metres; negative above the ground.
    pub depth_m: Option<f64>,
    /// To the centre of the next pipe, along the line, metres.
    pub spacing_m: Option<f64>,
    /// Between the line and the pipe, degrees: 90 is square.
    pub angle_degrees: f64,
    /// Outer width of the pipe as the line cuts it, metres: greater than its own at an angle.
    pub cut_width_m: f64,
}

/// A pipe that runs along the line, within a hand's breadth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Alongside {
    /// The pipe.
    pub pipe: PipeFacts,
    /// From where to where along the line, metres.
    pub chainage_m: [f64; 2],
    /// Heights of the pipe at both.
    pub levels: [Option<Levels>; 2],
    /// How far the centre lines are apart at most, metres.
    pub offset_m: f64,
}

/// A cross-section.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CrossSection {
    /// The drawn line, `[lon, lat]`.
    pub line: Vec<[f64; 2]>,
    /// Its length, metres.
    pub length_m: f64,
    /// Heights of the ground: metres along the line, metres of height; only where they are known.
    pub ground: Vec<[f64; 2]>,
    /// The pipes that it cuts, along the line.
    pub cuts: Vec<Cut>,
    /// The pipes that run along it.
    pub alongside: Vec<Alongside>,
    /// Whether there are more cuts than were computed.
    pub truncated: bool,
}

struct Found {
    layer: usize,
    link: LinkIx,
    cut: Cut,
}

struct Beside {
    layer: usize,
    link: LinkIx,
    alongside: Alongside,
}

/// Cuts the layers along a line.
///
/// Heights between the surveyed places of a pipe are those of the straight line between them. A pipe that touches the line
/// with its end is cut. Pipes that the view hides are not there.
pub fn cross_section(
    line: &[[f64; 2]],
    layers: &[Layer<'_>],
    ground: &dyn Ground,
) -> Result<CrossSection, UndergroundError> {
    let what = "line of the section";
    check_corners(what, line, 2)?;
    let pieces = pieces(line);
    let length_m = pieces.iter().map(|piece| piece.length_m).sum::<f64>();
    if pieces.is_empty() {
        return Err(UndergroundError::TooShort { what, least: 2 });
    }
    if length_m > LONGEST_SECTION_M {
        return Err(UndergroundError::TooLong { what, length_m, most_m: LONGEST_SECTION_M });
    }
    let (mut found, mut beside, mut truncated) = (Vec::new(), Vec::new(), false);
    for piece in &pieces {
        for (at, layer) in layers.iter().enumerate() {
            let bounds = piece.plane.grown(&piece.ends, HAND_M + layer.index.most_half_width_m());
            layer.index.segments(bounds, |link, segment| {
                if found.len() >= MOST_CUTS || beside.len() >= MOST_CUTS {
                    truncated = true;
                    return;
                }
                look_at(piece, (at, layer), (link, segment), &mut found, &mut beside);
            });
        }
    }
    let cuts = numbered(found, layers, ground);
    Ok(CrossSection {
        line: line.to_vec(),
        length_m: rounded(length_m),
        ground: ground_along(&pieces, ground),
        cuts,
        alongside: joined(beside),
        truncated,
    })
}

fn look_at(
    piece: &Piece,
    (layer_at, layer): (usize, &Layer<'_>),
    (ix, segment): (LinkIx, usize),
    found: &mut Vec<Found>,
    beside: &mut Vec<Beside>,
) {
    let link = layer.network.link(ix);
    let Some([a, b]) = layer.segment(ix, segment) else { return };
    let ends = [piece.plane.place(a), piece.plane.place(b)];
    let (along, across) = (sub2(piece.local[1], piece.local[0]), sub2(ends[1], ends[0]));
    if length2(across) <= 0.0 {
        return;
    }
    let angle = angle_degrees(along, across);
    let outer = link.section().outer();
    if angle >= LEAST_ANGLE {
        let Some((t, u)) = crossing(piece.local, ends) else { return };
        let chainage_m = rounded(piece.start_m + piece.length_m * t);
        let cut = Cut {
            number: 0,
            pipe: PipeFacts::of(layer, ix),
            chainage_m,
            at: lerp2(piece.ends[0], piece.ends[1], t),
            ground_m: None,
            levels: levels_at(&link, segment, u),
            depth_m: None,
            spacing_m: None,
            angle_degrees: (angle * 100.0).round() / 100.0,
            cut_width_m: rounded(outer[0] / angle.to_radians().sin()),
        };
        found.push(Found { layer: layer_at, link: ix, cut });
        return;
    }
    // Along the piece: distances along and beside it of the segment's ends.
    let unit = along.map(|x| x / piece.length_m);
    let place = |end: [f64; 2]| {
        let from = sub2(end, piece.local[0]);
        (dot2(from, unit), cross2(unit, from))
    };
    let (p, q) = (place(ends[0]), place(ends[1]));
    let reach = HAND_M + outer[0] / 2.0;
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    for (from, to, least, most) in [(p.0, q.0, 0.0, piece.length_m), (p.1, q.1, -reach, reach)] {
        if (to - from).abs() < 1e-12 {
            if from < least || from > most {
                return;
            }
            continue;
        }
        let (x, y) = ((least - from) / (to - from), (most - from) / (to - from));
        low = low.max(x.min(y));
        high = high.min(x.max(y));
    }
    if high - low <= 1e-9 {
        return;
    }
    let mut parts = [low, high];
    if p.0 > q.0 {
        parts.reverse();
    }
    let chainage_m = parts.map(|u| rounded(piece.start_m + lerp(p.0, q.0, u)));
    let offset_m = rounded(parts.map(|u| lerp(p.1, q.1, u).abs()).into_iter().fold(0.0, f64::max));
    let levels = parts.map(|u| levels_at(&link, segment, u));
    let pipe = PipeFacts::of(layer, ix);
    let alongside = Alongside { pipe, chainage_m, levels, offset_m };
    beside.push(Beside { layer: layer_at, link: ix, alongside });
}

/// Sorts the cuts, drops those that came twice, and fills in what needs all of them.
fn numbered(mut found: Vec<Found>, layers: &[Layer<'_>], ground: &dyn Ground) -> Vec<Cut> {
    let key = |f: &Found| (f.layer, layers[f.layer].network.link(f.link).id(), f.link);
    found.sort_by(|a, b| {
        let chainage = a.cut.chainage_m.total_cmp(&b.cut.chainage_m);
        chainage.then_with(|| key(a).cmp(&key(b)))
    });
    // A line through a corner of a pipe meets two of its segments there.
    let mut kept: Vec<Found> = Vec::with_capacity(found.len());
    for cut in found {
        let near = |other: &&Found| cut.cut.chainage_m - other.cut.chainage_m < 0.002;
        let again = kept
            .iter()
            .rev()
            .take_while(near)
            .any(|other| (other.layer, other.link) == (cut.layer, cut.link));
        if !again {
            kept.push(cut);
        }
    }
    let mut cuts: Vec<Cut> = kept.into_iter().map(|found| found.cut).collect();
    for at in 0..cuts.len() {
        let next = cuts.get(at + 1).map(|next| next.chainage_m);
        let cut = &mut cuts[at];
        cut.number = at + 1;
        cut.spacing_m = next.map(|next| rounded(next - cut.chainage_m));
        cut.ground_m = ground_at(ground, cut.at).map(rounded);
        cut.depth_m =
            cut.ground_m.zip(cut.levels).map(|(ground, levels)| rounded(ground - levels.top_m));
    }
    cuts
}

/// Joins the stretches of a link that follow each other.
fn joined(mut beside: Vec<Beside>) -> Vec<Alongside> {
    beside.sort_by(|a, b| {
        let link = (a.layer, a.link).cmp(&(b.layer, b.link));
        link.then(a.alongside.chainage_m[0].total_cmp(&b.alongside.chainage_m[0]))
    });
    let mut joined: Vec<Beside> = Vec::new();
    for next in beside {
        if let Some(last) = joined.last_mut()
            && (last.layer, last.link) == (next.layer, next.link)
            && next.alongside.chainage_m[0] - last.alongside.chainage_m[1] < 0.002
        {
            last.alongside.chainage_m[1] = next.alongside.chainage_m[1];
            last.alongside.levels[1] = next.alongside.levels[1];
            last.alongside.offset_m = last.alongside.offset_m.max(next.alongside.offset_m);
            continue;
        }
        joined.push(next);
    }
    joined.sort_by(|a, b| a.alongside.chainage_m[0].total_cmp(&b.alongside.chainage_m[0]));
    joined.into_iter().map(|beside| beside.alongside).collect()
}

/// Samples the ground at about 200 places and the corners of a line.
pub(crate) fn ground_along(pieces: &[Piece], ground: &dyn Ground) -> Vec<[f64; 2]> {
    let length: f64 = pieces.iter().map(|piece| piece.length_m).sum();
    let step = (length / 200.0).clamp(0.25, 100.0);
    let mut found = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        let count = (piece.length_m / step).ceil().max(1.0) as usize;
        let last = usize::from(at + 1 == pieces.len());
        for at in 0..count + last {
            let t = at as f64 / count as f64;
            let height = ground_at(ground, lerp2(piece.ends[0], piece.ends[1], t));
            let chainage = piece.start_m + piece.length_m * t;
            found.extend(height.map(|height| [rounded(chainage), rounded(height)]));
        }
    }
    found
}
