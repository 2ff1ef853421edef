//! Where pipes of different networks cross on the map, and how far they are apart there.

use std::collections::{BTreeMap, BTreeSet};

use super::{Net, System, Underground, metres};
use crate::geom::{Pt, crossing};

/// Two links that cross on the map.
#[derive(Clone, Copy, Debug)]
pub struct Crossing {
    /// System and link of the one.
    pub a: (System, usize),
    /// System and link of the other.
    pub b: (System, usize),
    /// Where they cross, in local metres.
    pub at: Pt,
    /// Vertical distance between their outer walls in metres, negative where they overlap.
    pub net: f64,
    /// The same, with the walls left out: all that a survey tells.
    pub nominal: f64,
}

/// Cell of the search grid in metres.
const CELL: f64 = 40.0;

/// Finds all crossings of links of different networks.
pub fn crossings(under: &Underground) -> Vec<Crossing> {
    let mut grid: BTreeMap<(i64, i64), Vec<(usize, usize)>> = BTreeMap::new();
    let cell = |v: f64| (v / CELL).floor() as i64;
    let mut out = Vec::new();
    for (s, net) in under.nets.iter().enumerate() {
        for (k, l) in net.links.iter().enumerate() {
            let (a, b) = (net.nodes[l.from].at, net.nodes[l.to].at);
            let mut met = BTreeSet::new();
            for i in cell(a.x.min(b.x))..=cell(a.x.max(b.x)) {
                for j in cell(a.y.min(b.y))..=cell(a.y.max(b.y)) {
                    let here = grid.entry((i, j)).or_default();
                    met.extend(here.iter().copied().filter(|(t, _)| *t != s));
                    here.push((s, k));
                }
            }
            for (t, m) in met {
                let other = &under.nets[t];
                let o = &other.links[m];
                let ends = (other.nodes[o.from].at, other.nodes[o.to].at);
                if let Some((u, v)) = crossing(a, b, ends.0, ends.1) {
                    let apart = |walls: bool| {
                        let (one, two) = (body(net, k, u, walls), body(other, m, v, walls));
                        (one.0 - two.1).max(two.0 - one.1)
                    };
                    out.push(Crossing {
                        a: (net.system, k),
                        b: (other.system, m),
                        at: a + (b - a) * u,
                        net: apart(true),
                        nominal: apart(false),
                    });
                }
            }
        }
    }
    out
}

/// Heights of the bottom and top of a link, part of the way along it, in metres: with its walls, or as surveyed.
fn body(net: &Net, k: usize, t: f64, walls: bool) -> (f64, f64) {
    let l = &net.links[k];
    let z = metres(l.start) * (1.0 - t) + metres(l.end) * t;
    let (_, inner) = l.section.size();
    let outer = if walls { l.section.outside() } else { inner };
    if net.system.falls() {
        let bottom = z - (outer - inner) / 2.0;
        (bottom, bottom + outer)
    } else {
        (z - outer, z)
    }
}
