//! Pipes that lie too near to each other on purpose, so that an analysis of clearances has something to find.

use super::{Net, System, cm, metres};
use crate::geom::{Pt, crossing};

/// Two links that are too near.
#[derive(Clone, Debug)]
pub struct Breach {
    /// The pipe that was moved: its system and link.
    pub a: (System, usize),
    /// The pipe that it is too near to.
    pub b: (System, usize),
    /// Whether they cross (else they run side by side).
    pub vertical: bool,
    /// Place on the map.
    pub at: Pt,
    /// Net distance in metres, negative where they overlap; the standard's least distance.
    pub net: f64,
    /// Least distance in GB 50289-2016.
    pub limit: f64,
}

/// What is made: the pipe that moves, the pipe that stays, the net distance wanted where they cross, the limit.
const CROSSINGS: [(System, System, f64, f64); 6] = [
    (System::Gas, System::Storm, 0.02, 0.15),
    (System::Gas, System::Foul, -0.08, 0.15),
    (System::Water, System::Foul, 0.12, 0.40),
    (System::Water, System::Storm, -0.15, 0.40),
    (System::Telecom, System::Gas, 0.05, 0.15),
    (System::Power, System::Water, 0.06, 0.25),
];

/// Pipes moved sideways: the one that moves, the one it comes near to, net distance wanted, limit.
const PARALLELS: [(System, System, f64, f64); 4] = [
    (System::Water, System::Power, 0.2, 0.5),
    (System::Gas, System::Telecom, 0.35, 1.0),
    (System::Gas, System::Telecom, 0.6, 1.0),
    (System::Water, System::Power, 0.05, 0.5),
];

/// Moves a few pipes.
pub(super) fn make(nets: &mut [Net]) -> Vec<Breach> {
    let mut out: Vec<Breach> = Vec::new();
    for (a, b, wanted, limit) in CROSSINGS {
        if let Some(breach) = cross(nets, a, b, (wanted, limit), &out) {
            out.push(breach);
        }
    }
    for (a, b, wanted, limit) in PARALLELS {
        if let Some(breach) = approach(nets, a, b, (wanted, limit), &out) {
            out.push(breach);
        }
    }
    out
}

fn apart(at: Pt, others: &[Breach]) -> bool {
    others.iter().all(|o| (o.at - at).len() > 150.0)
}

/// Inner pieces of a net: both points are passed by two links only and carry nothing.
fn plain(net: &Net, degrees: &[usize], k: usize) -> bool {
    let link = &net.links[k];
    [link.from, link.to].iter().all(|n| degrees[*n] == 2 && net.nodes[*n].thing.is_empty())
}

/// Raises or lowers a link of `a` so that it nearly touches a link of `b` that it crosses.
fn cross(
    nets: &mut [Net],
    a: System,
    b: System,
    (wanted, limit): (f64, f64),
    others: &[Breach],
) -> Option<Breach> {
    let (one, two) = (&nets[a as usize], &nets[b as usize]);
    let degrees = one.degrees();
    let mut found = None;
    'search: for k in 0..one.links.len() {
        let link = &one.links[k];
        let (p, q) = (one.nodes[link.from].at, one.nodes[link.to].at);
        if !plain(one, &degrees, k) || (q - p).len() > 12.0 {
            continue;
        }
        for (j, other) in two.links.iter().enumerate() {
            let (r, s) = (two.nodes[other.from].at, two.nodes[other.to].at);
            if (r - p).len() > 90.0 {
                continue;
            }
            if let Some((t, u)) = crossing(p, q, r, s) {
                let at = p + (q - p) * t;
                if apart(at, others) {
                    found = Some((k, j, at, u));
                    break 'search;
                }
            }
        }
    }
    let (k, j, at, u) = found?;
    let other = &two.links[j];
    let level = metres(other.start) * (1.0 - u) + metres(other.end) * u;
    let (_, inner) = other.section.size();
    let outside = other.section.outside();
    let wall = (outside - inner) / 2.0;
    // Where sewers are given by their bottom, others by their top.
    let (bottom, top) =
        if b.falls() { (level - wall, level - wall + outside) } else { (level - outside, level) };
    let height = nets[a as usize].links[k].section.outside();
    let link = &nets[a as usize].links[k];
    let now = metres(link.start + link.end) / 2.0;
    let above = now - height / 2.0 > f64::midpoint(top, bottom);
    let new = cm(if above { top + wanted + height } else { bottom - wanted });
    let (from, to) = (link.from, link.to);
    let net = &mut nets[a as usize];
    if net.nodes[from].ground - new < 20 {
        return None;
    }
    move_level(net, from, new);
    move_level(net, to, new);
    Some(Breach { a: (a, k), b: (b, j), vertical: true, at, net: wanted, limit })
}

fn move_level(net: &mut Net, node: usize, level: i64) {
    net.nodes[node].level = level;
    for link in &mut net.links {
        if link.from == node {
            link.start = level;
        }
        if link.to == node {
            link.end = level;
        }
    }
}

/// Moves a long link of `a` sideways toward a link of `b` that runs beside it.
fn approach(
    nets: &mut [Net],
    a: System,
    b: System,
    (wanted, limit): (f64, f64),
    others: &[Breach],
) -> Option<Breach> {
    let (one, two) = (&nets[a as usize], &nets[b as usize]);
    let degrees = one.degrees();
    let mut found = None;
    'search: for (k, link) in one.links.iter().enumerate() {
        let (p, q) = (one.nodes[link.from].at, one.nodes[link.to].at);
        let long = (q - p).len();
        if long < 18.0 || !plain(one, &degrees, k) {
            continue;
        }
        let u = (q - p).unit();
        for (j, other) in two.links.iter().enumerate() {
            let (r, s) = (two.nodes[other.from].at, two.nodes[other.to].at);
            if (r - p).len() > 90.0 || (s - r).unit().dot(u).abs() < 0.999 {
                continue;
            }
            let off = (r - p).dot(u.left());
            let (lo, hi) = ((r - p).dot(u), (s - p).dot(u));
            let covers = lo.min(hi) < long * 0.3 && lo.max(hi) > long * 0.7;
            if off.abs() < 4.5 && off.abs() > 1.0 && covers && apart(p, others) {
                found = Some((k, j, off, u));
                break 'search;
            }
        }
    }
    let (k, j, off, u) = found?;
    let half = nets[a as usize].links[k].section.outside() / 2.0
        + nets[b as usize].links[j].section.size().0 / 2.0;
    let shift = off.abs() - wanted - half;
    let move_by = u.left() * (shift * off.signum());
    let net = &mut nets[a as usize];
    let (from, to) = (net.links[k].from, net.links[k].to);
    for node in [from, to] {
        net.nodes[node].at = (net.nodes[node].at + move_by).cm();
    }
    let at = net.nodes[from].at + (net.nodes[to].at - net.nodes[from].at) * 0.5;
    Some(Breach { a: (a, k), b: (b, j), vertical: false, at, net: wanted, limit })
}
