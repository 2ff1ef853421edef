//! Mains: one network laid along all the streets that carry it, with points where lines meet.

use std::collections::BTreeMap;

use super::lay::{Layer, Manner, Spot};
use super::streets::{Piece, Streets, surface};
use crate::geom::{Pt, length, nearest_on};

/// Tells the points that are wanted along a piece of street.
type Spots<'a> = dyn Fn(usize, &Piece, f64, [bool; 2]) -> Vec<Spot> + 'a;

/// What a network does along streets.
pub(super) struct Plan<'a> {
    pub streets: &'a Streets,
    /// The streets that carry it.
    pub chosen: &'a [bool],
    /// Distance from the middle of the street, positive to the left.
    pub offset: &'a dyn Fn(&Piece) -> f64,
    pub manner: &'a dyn Fn(&Piece) -> Manner,
    /// Points that are wanted along a piece of street whose main has a length; told whether the piece shall
    /// have a valve at its start and at its end.
    pub spots: &'a Spots<'a>,
}

/// The main below one piece of street.
pub(super) struct Main {
    pub piece: usize,
    pub spots: Vec<Spot>,
    /// The points of the spots.
    pub nodes: Vec<usize>,
}

/// The mains of a network.
pub(super) struct Mains {
    /// The point at each junction of streets.
    pub hubs: BTreeMap<usize, usize>,
    pub mains: Vec<Main>,
}

impl Piece {
    /// The nearest place on the middle of the street, and its direction there.
    pub(super) fn nearest(&self, p: Pt) -> (Pt, Pt) {
        let mut best = (f64::MAX, self.line[0], self.line[0]);
        for w in self.line.windows(2) {
            let (q, _) = nearest_on(p, w[0], w[1]);
            if (p - q).len() < best.0 {
                best = ((p - q).len(), q, (w[1] - w[0]).unit());
            }
        }
        (best.1, best.2)
    }
}

/// Lays mains below all chosen streets.
pub(super) fn lay(layer: &mut Layer, plan: &Plan) -> Mains {
    let streets = plan.streets;
    let mut places: BTreeMap<usize, (usize, Pt)> = BTreeMap::new();
    let mut spared: BTreeMap<usize, usize> = BTreeMap::new();
    for node in 0..streets.nodes.len() {
        let here: Vec<usize> =
            streets.at[node].iter().copied().filter(|k| plan.chosen[*k]).collect();
        let Some(&great) = here.iter().min_by_key(|k| (streets.pieces[**k].class, **k)) else {
            continue;
        };
        places.insert(node, (great, streets.hub(node, &here, plan.offset)));
        if here.len() > 2 {
            spared.insert(node, great);
        }
    }
    let same = close(plan, &places);
    let mut hubs: BTreeMap<usize, usize> = BTreeMap::new();
    for (node, (great, at)) in &places {
        let root = same[*node];
        let hub = if root == *node {
            let piece = &streets.pieces[*great];
            layer.hub(*at, &(plan.manner)(piece), &piece.name)
        } else {
            hubs[&root]
        };
        hubs.insert(*node, hub);
    }
    let mut mains = Vec::new();
    for (k, piece) in streets.pieces.iter().enumerate() {
        if !plan.chosen[k] {
            continue;
        }
        let (a, b) = (hubs[&piece.a], hubs[&piece.b]);
        if a == b {
            continue;
        }
        let ends = [layer.net.nodes[a].at, layer.net.nodes[b].at];
        let path = streets.path(k, (plan.offset)(piece), ends);
        let total = length(&path);
        let valve = |n: usize| spared.get(&n).is_some_and(|great| *great != k);
        let spots = (plan.spots)(k, piece, total, [valve(piece.a), valve(piece.b)]);
        let city = layer.city;
        let ground = |p: Pt| surface(city, p);
        let manner = (plan.manner)(piece);
        let (nodes, _) = layer.line(&path, (a, Some(b)), &spots, &manner, (&piece.name, &ground));
        mains.push(Main { piece: k, spots, nodes });
    }
    Mains { hubs, mains }
}

/// Junctions so near to each other that their pipes meet in one point: for each the first of them.
fn close(plan: &Plan, places: &BTreeMap<usize, (usize, Pt)>) -> Vec<usize> {
    let mut root: Vec<usize> = (0..plan.streets.nodes.len()).collect();
    for (k, piece) in plan.streets.pieces.iter().enumerate() {
        if !plan.chosen[k] {
            continue;
        }
        let way = (places[&piece.b].1 - places[&piece.a].1)
            .dot((piece.line[piece.line.len() - 1] - piece.line[0]).unit());
        if way < 4.0 {
            let (a, b) = (root[piece.a], root[piece.b]);
            let (low, high) = (a.min(b), a.max(b));
            for r in &mut root {
                if *r == high {
                    *r = low;
                }
            }
        }
    }
    root
}

impl Mains {
    /// The point at a junction farthest in a direction.
    pub(super) fn farthest(&self, layer: &Layer, direction: Pt) -> usize {
        let ahead = |n: &&usize| layer.net.nodes[**n].at.dot(direction);
        self.hubs.values().max_by(|a, b| ahead(a).total_cmp(&ahead(b))).copied().unwrap_or(0)
    }
}

/// Lays a pipe from a point of the network straight out to a works beside it, and names what stands there.
pub(super) fn works(
    layer: &mut Layer,
    from: usize,
    toward: Pt,
    manner: &Manner,
    (thing, note): (&'static str, &str),
) -> usize {
    let city = layer.city;
    let ground = |p: Pt| surface(city, p);
    let at = layer.net.nodes[from].at + toward;
    let street = layer.net.nodes[from].street.clone();
    let node = layer.branch(from, at, manner, (&street, &ground));
    layer.stand(node, thing, false);
    note.clone_into(&mut layer.net.nodes[node].note);
    node
}

/// Lays a branch from a point of a main across to a distance from the middle of the street.
pub(super) fn across(
    layer: &mut Layer,
    piece: &Piece,
    from: usize,
    side: f64,
    (manner, thing): (&Manner, &'static str),
) -> usize {
    let city = layer.city;
    let ground = |p: Pt| surface(city, p);
    let at = layer.net.nodes[from].at;
    let (near, dir) = piece.nearest(at);
    let node = layer.branch(from, near + dir.left() * side, manner, (&piece.name, &ground));
    layer.stand(node, thing, false);
    node
}

/// Spreads spots evenly between two distances from the ends, about a step apart.
pub(super) fn evenly(total: f64, margin: f64, step: f64) -> Vec<f64> {
    let room = total - 2.0 * margin;
    if room < 0.0 {
        return Vec::new();
    }
    let count = (room / step).floor() as u32 + 1;
    let first = f64::midpoint(total, -(f64::from(count - 1) * step));
    (0..count).map(|k| first + f64::from(k) * step).collect()
}

/// Valves at the ends of a main, as far as it has room for them.
pub(super) fn valves(total: f64, at: [bool; 2], thing: &'static str) -> Vec<Spot> {
    let mut out = Vec::new();
    if total > 14.0 {
        if at[0] {
            out.push(Spot { at: 3.6, thing, chamber: true });
        }
        if at[1] {
            out.push(Spot { at: total - 3.6, thing, chamber: true });
        }
    }
    out
}
