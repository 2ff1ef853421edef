//! Laying a pipe along a line: survey points, depths, ways around what is there already.

use std::collections::BTreeMap;

use super::streets::surface;
use super::{Link, Net, Node, Section, System, cm, metres};
use crate::city::City;
use crate::geom::{Pt, along, bounds, crossing, dist_seg, length, nearest_on};

/// Cell of the search grid in metres.
const CELL: f64 = 30.0;
/// Longest piece between two survey points in metres; the standard allows 75.
const STEP: f64 = 58.0;
/// What crosses within this distance is passed in one dip, in metres.
const TOGETHER: f64 = 2.4;
/// A dip begins and ends this far from what it passes, in metres.
const BESIDE: f64 = 1.0;
/// Steepest that a pipe goes down into a dip, metre per metre.
const STEEP: f64 = 0.85;
/// Points nearer than this along a line are one, in metres.
const NEAR: f64 = 0.4;
/// Deepest top of a pipe that yields, in metres below the ground.
const DEEPEST: f64 = 5.5;

/// A straight piece that lies in the ground.
#[derive(Clone, Copy, Debug)]
struct Laid {
    a: Pt,
    b: Pt,
    /// Heights of the outer top at the ends in metres.
    top: [f64; 2],
    /// Outer height in metres.
    height: f64,
    owner: (System, u8),
}

/// What lies in the ground already.
#[derive(Clone, Debug, Default)]
pub(super) struct Placed {
    laid: Vec<Laid>,
    grid: BTreeMap<(i64, i64), Vec<usize>>,
}

/// A span of heights that are taken, in metres: bottom, top, and by whom.
type Taken = (f64, f64, System);

impl Placed {
    pub(super) fn add(
        &mut self,
        owner: (System, u8),
        ends: [Pt; 2],
        top: [f64; 2],
        section: Section,
    ) {
        let index = self.laid.len();
        self.laid.push(Laid { a: ends[0], b: ends[1], top, height: section.outside(), owner });
        for cell in cells(ends[0], ends[1], 0.0) {
            self.grid.entry(cell).or_default().push(index);
        }
    }

    fn around(&self, a: Pt, b: Pt, margin: f64) -> Vec<usize> {
        let mut out: Vec<usize> =
            cells(a, b, margin).filter_map(|c| self.grid.get(&c)).flatten().copied().collect();
        out.sort_unstable();
        out.dedup();
        out
    }

    /// What a straight piece passes over or under: how far along it (0 to 1), and the heights taken there.
    fn crossed(&self, owner: (System, u8), a: Pt, b: Pt) -> Vec<(f64, Taken)> {
        let mut out = Vec::new();
        for k in self.around(a, b, 0.0) {
            let l = &self.laid[k];
            if l.owner == owner {
                continue;
            }
            if let Some((t, u)) = crossing(a, b, l.a, l.b) {
                let top = l.top[0] * (1.0 - u) + l.top[1] * u;
                out.push((t, (top - l.height, top, l.owner.0)));
            }
        }
        out
    }

    /// By how much a piece has to go down to pass below what it crosses, in metres; `top` are its heights.
    pub(super) fn in_the_way(
        &self,
        system: System,
        ends: [Pt; 2],
        top: [f64; 2],
        section: Section,
    ) -> f64 {
        let height = section.outside();
        self.crossed((system, 0), ends[0], ends[1])
            .iter()
            .map(|(t, taken)| {
                let here = top[0] * (1.0 - t) + top[1] * t;
                if conflict(system, here, height, taken) > 0.0 {
                    here - (taken.0 - gap(system, taken.2))
                } else {
                    0.0
                }
            })
            .fold(0.0, f64::max)
    }

    /// What lies within a distance of a place.
    fn beside(&self, owner: (System, u8), p: Pt, distance: f64) -> Vec<Taken> {
        let mut out = Vec::new();
        for k in self.around(p, p, distance) {
            let l = &self.laid[k];
            if l.owner != owner && dist_seg(p, l.a, l.b) < distance {
                let (_, u) = nearest_on(p, l.a, l.b);
                let top = l.top[0] * (1.0 - u) + l.top[1] * u;
                out.push((top - l.height, top, l.owner.0));
            }
        }
        out
    }
}

fn cells(a: Pt, b: Pt, margin: f64) -> impl Iterator<Item = (i64, i64)> {
    let (lo, hi) = bounds(&[a, b]);
    let cell = |v: f64| (v / CELL).floor() as i64;
    let (y0, y1) = (cell(lo.y - margin), cell(hi.y + margin));
    (cell(lo.x - margin)..=cell(hi.x + margin)).flat_map(move |i| (y0..=y1).map(move |j| (i, j)))
}

/// Vertical net distance that two networks keep where they cross, in metres (GB 50289-2016, 4.1.14, with a little more).
fn gap(a: System, b: System) -> f64 {
    use System::{Foul, Light, Power, Storm, Telecom, Water};
    let sewer = |s| matches!(s, Foul | Storm);
    let cable = |s| matches!(s, Power | Light | Telecom);
    if sewer(a) && b == Water || a == Water && sewer(b) {
        0.42
    } else if matches!(a, Power | Light) || matches!(b, Power | Light) {
        0.52
    } else if cable(a) || cable(b) {
        0.27
    } else {
        0.2
    }
}

/// Tells by how much heights are violated by a pipe with a top; not at all where the result is not positive.
fn conflict(system: System, top: f64, height: f64, taken: &Taken) -> f64 {
    let gap = gap(system, taken.2);
    (top - (taken.0 - gap)).min(taken.1 + gap - (top - height))
}

/// Finds the height nearest to the wanted one that nothing takes.
fn free(
    system: System,
    wanted: f64,
    height: f64,
    taken: &[Taken],
    (lowest, highest): (f64, f64),
) -> f64 {
    let mut candidates = vec![wanted];
    for t in taken {
        let gap = gap(system, t.2) + 0.01;
        candidates.push(t.0 - gap);
        candidates.push(t.1 + gap + height);
    }
    candidates
        .into_iter()
        .filter(|top| *top >= lowest && *top <= highest)
        .filter(|top| taken.iter().all(|t| conflict(system, *top, height, t) <= 0.0))
        .min_by(|a, b| (a - wanted).abs().total_cmp(&(b - wanted).abs()))
        .unwrap_or(wanted)
}

/// How a pipe is made and laid.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    pub section: Section,
    pub material: &'static str,
    pub laying: &'static str,
    /// Wanted cover above the outer top, in metres.
    pub cover: f64,
    /// Least cover, in metres.
    pub least: f64,
    pub year: u16,
    /// Holes in use, and cables.
    pub cables: (u16, u16),
    pub part: u8,
}

/// A place along a line where a point is wanted, and what stands there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    /// Metres along the line.
    pub at: f64,
    pub thing: &'static str,
    pub chamber: bool,
}

/// The ground along a line: under a bridge it is the bridge's deck.
pub(super) type Ground<'a> = &'a dyn Fn(Pt) -> f64;

/// Lays the pipes of one network.
pub(super) struct Layer<'a> {
    pub city: &'a City,
    pub placed: &'a mut Placed,
    pub net: Net,
}

impl Layer<'_> {
    /// Puts a point where lines meet, at a free height.
    pub(super) fn hub(&mut self, at: Pt, manner: &Manner, street: &str) -> usize {
        let at = at.cm();
        let ground = metres(cm(surface(self.city, at)));
        let wanted = ground - manner.cover;
        let height = manner.section.outside();
        let owner = (self.net.system, manner.part);
        let taken = self.placed.beside(owner, at, 1.3);
        let span = (ground - DEEPEST, ground - manner.least);
        let top = free(self.net.system, wanted, height, &taken, span);
        self.point(at, ground, top, street)
    }

    /// Puts a point.
    pub(super) fn point(&mut self, at: Pt, ground: f64, top: f64, street: &str) -> usize {
        self.net.nodes.push(Node {
            code: String::new(),
            at: at.cm(),
            ground: cm(ground),
            level: cm(top),
            thing: "",
            chamber: false,
            street: street.to_owned(),
            note: String::new(),
        });
        self.net.nodes.len() - 1
    }

    /// Names what stands at a point.
    pub(super) fn stand(&mut self, node: usize, thing: &'static str, chamber: bool) {
        self.net.nodes[node].thing = thing;
        self.net.nodes[node].chamber = chamber;
    }

    /// Lays a pipe along a line, from one point to another or to a new one. Returns the points of the spots
    /// in their order, and the last point.
    pub(super) fn line(
        &mut self,
        path: &[Pt],
        ends: (usize, Option<usize>),
        spots: &[Spot],
        manner: &Manner,
        (street, ground): (&str, Ground),
    ) -> (Vec<usize>, usize) {
        let total = length(path);
        let height = manner.section.outside();
        let owner = (self.net.system, manner.part);
        let level = |p: Pt| metres(cm(ground(p)));
        let wanted = |s: f64| level(along(path, s).0.cm()) - manner.cover;
        let first = metres(self.net.nodes[ends.0].level);
        let last = ends.1.map_or_else(
            || wanted(total).clamp(first - STEEP * total, first + STEEP * total),
            |n| metres(self.net.nodes[n].level),
        );
        let mut stations = Vec::new();
        let mut at = 0.0;
        let mut crossed: Vec<(f64, Taken)> = Vec::new();
        for w in path.windows(2) {
            let long = (w[1] - w[0]).len();
            for (t, taken) in self.placed.crossed(owner, w[0], w[1]) {
                crossed.push((at + t * long, taken));
            }
            at += long;
            stations.push(at);
        }
        stations.pop();
        stations.extend(spots.iter().map(|s| s.at));
        crossed.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut dips: Vec<Dip> = Vec::new();
        for (s, taken) in crossed {
            match dips.last_mut() {
                Some(dip) if s - dip.to < TOGETHER => {
                    dip.to = s;
                    dip.taken.push((s, taken));
                }
                _ => dips.push(Dip { from: s, to: s, taken: vec![(s, taken)], top: None }),
            }
        }
        // Points that lie within a dip go down with it; so dips are decided first, one after the other.
        let mut profile = Vec::new();
        for _ in 0..4 {
            profile = build(&dips, &stations, total, (first, last), &wanted);
            let mut changed = false;
            for k in 0..dips.len() {
                let dip = &dips[k];
                let clash = dip.taken.iter().any(|(s, t)| {
                    conflict(self.net.system, height_at(&profile, *s), height, t) > 0.0
                });
                if !clash || dip.top.is_some() {
                    continue;
                }
                let middle = f64::midpoint(dip.from, dip.to).clamp(0.0, total);
                let taken: Vec<Taken> = dip.taken.iter().map(|(_, t)| *t).collect();
                let ground = wanted(middle) + manner.cover;
                // It has to be reached from the ends and from the dips beside it.
                let mut span = (ground - DEEPEST, ground - manner.least);
                for (s, top) in fixed(&dips, total, (first, last)) {
                    let room = (dip.from - BESIDE - s).max(s - dip.to - BESIDE).max(0.0);
                    span = (span.0.max(top - STEEP * room), span.1.min(top + STEEP * room));
                }
                if span.0 > span.1 {
                    continue;
                }
                let wish = wanted(middle).clamp(span.0, span.1);
                dips[k].top = Some(free(self.net.system, wish, height, &taken, span));
                changed = true;
            }
            if !changed {
                break;
            }
        }
        self.string(path, &profile, ends, spots, manner, (street, &level))
    }

    /// Makes the points and links of a profile.
    fn string(
        &mut self,
        path: &[Pt],
        profile: &[(f64, f64)],
        ends: (usize, Option<usize>),
        spots: &[Spot],
        manner: &Manner,
        (street, level): (&str, Ground),
    ) -> (Vec<usize>, usize) {
        let owner = (self.net.system, manner.part);
        let mut found = vec![usize::MAX; spots.len()];
        let mut before = ends.0;
        for (k, &(s, top)) in profile.iter().enumerate().skip(1) {
            let node = match ends.1 {
                Some(end) if k + 1 == profile.len() => end,
                _ => {
                    let p = along(path, s).0.cm();
                    self.point(p, level(p), top, street)
                }
            };
            for (i, spot) in spots.iter().enumerate() {
                if (spot.at - s).abs() < NEAR && found[i] == usize::MAX && k + 1 < profile.len() {
                    found[i] = node;
                    self.stand(node, spot.thing, spot.chamber);
                }
            }
            let (a, b) = (&self.net.nodes[before], &self.net.nodes[node]);
            let (start, end) = (a.level, b.level);
            let link = Link {
                from: before,
                to: node,
                section: manner.section,
                start,
                end,
                material: manner.material,
                laying: manner.laying,
                year: manner.year,
                street: street.to_owned(),
                cables: manner.cables,
                part: manner.part,
            };
            self.placed.add(owner, [a.at, b.at], [metres(start), metres(end)], manner.section);
            self.net.links.push(link);
            before = node;
        }
        (found, before)
    }

    /// Lays a short branch from a point on a main to a new point, at a slant of depth that passes what it crosses.
    pub(super) fn branch(
        &mut self,
        from: usize,
        to: Pt,
        manner: &Manner,
        (street, ground): (&str, Ground),
    ) -> usize {
        let path = [self.net.nodes[from].at, to.cm()];
        self.line(&path, (from, None), &[], manner, (street, ground)).1
    }
}

/// A stretch where other pipes cross.
struct Dip {
    from: f64,
    to: f64,
    taken: Vec<(f64, Taken)>,
    /// The height chosen, where the pipe has to leave its own.
    top: Option<f64>,
}

/// Heights that can not change: those of the ends, and of the dips that are decided.
fn fixed(dips: &[Dip], total: f64, (first, last): (f64, f64)) -> Vec<(f64, f64)> {
    let mut out = vec![(0.0, first), (total, last)];
    for dip in dips {
        if let Some(top) = dip.top {
            out.push((dip.from - BESIDE, top));
            out.push((dip.to + BESIDE, top));
        }
    }
    out.retain(|(s, _)| (0.0..=total).contains(s));
    out
}

/// Points of the pipe: station and height, in order.
fn build(
    dips: &[Dip],
    stations: &[f64],
    total: f64,
    (first, last): (f64, f64),
    wanted: &dyn Fn(f64) -> f64,
) -> Vec<(f64, f64)> {
    let held = fixed(dips, total, (first, last));
    // No steeper than a pipe can go from what is fixed.
    let inside = |s: f64| {
        let within =
            dips.iter().filter(|d| s > d.from - BESIDE && s < d.to + BESIDE).find_map(|d| d.top);
        let (low, high) = held.iter().fold((f64::MIN, f64::MAX), |(low, high), (at, top)| {
            let room = STEEP * (s - at).abs();
            (low.max(top - room), high.min(top + room))
        });
        within.unwrap_or_else(|| wanted(s)).min(high).max(low)
    };
    let mut points: Vec<(f64, f64)> = stations
        .iter()
        .filter(|s| **s > 0.3 && **s < total - 0.3)
        .map(|s| (*s, inside(*s)))
        .collect();
    for dip in dips {
        let Some(top) = dip.top else { continue };
        for s in [dip.from - BESIDE, dip.to + BESIDE] {
            if s > 0.4 && s < total - 0.4 && points.iter().all(|p| (p.0 - s).abs() > 0.3) {
                points.push((s, top));
            }
        }
    }
    points.push((0.0, first));
    points.push((total, last));
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    points.dedup_by(|b, a| b.0 - a.0 < NEAR);
    if points.len() > 1 && total - points[points.len() - 2].0 < NEAR {
        let last = points.len() - 2;
        if last > 0 {
            points.remove(last);
        }
    }
    if let Some(end) = points.last_mut() {
        *end = (total, last);
    }
    let mut out: Vec<(f64, f64)> = Vec::new();
    for p in points {
        if let Some(&(s, _)) = out.last() {
            let pieces = ((p.0 - s) / STEP).ceil();
            for k in 1..pieces as u32 {
                let at = s + (p.0 - s) * f64::from(k) / pieces;
                out.push((at, inside(at)));
            }
        }
        out.push(p);
    }
    out
}

fn height_at(profile: &[(f64, f64)], s: f64) -> f64 {
    for w in profile.windows(2) {
        if s <= w[1].0 {
            let t = if w[1].0 > w[0].0 { (s - w[0].0) / (w[1].0 - w[0].0) } else { 0.0 };
            return w[0].1 + (w[1].1 - w[0].1) * t;
        }
    }
    profile.last().map_or(0.0, |p| p.1)
}
