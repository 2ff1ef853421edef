//! The streets of the centre as a graph, and the line of each pipe beside the kerb.

use std::collections::{BTreeMap, BTreeSet};

use super::System;
use crate::blocks::half_width;
use crate::city::City;
use crate::geom::{Pt, along, length, pt, simplify};
use crate::graph::Class;
use crate::plan::THIS_YEAR;

/// Middle of the surveyed centre.
const MIDDLE: Pt = pt(-120.0, 260.0);
/// Radius of the surveyed centre in metres.
const REACH: f64 = 1080.0;

/// The levee's crest lies this far from the water, in metres.
const CREST: f64 = 24.0;

/// A piece of street between two junctions, drawn to the north or east.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// Junction at the start.
    pub a: usize,
    /// Junction at the end.
    pub b: usize,
    pub line: Vec<Pt>,
    pub class: Class,
    pub bridge: bool,
    pub name: String,
    pub year: u16,
    pub length: f64,
}

/// The streets under which pipes lie.
#[derive(Clone, Debug, Default)]
pub(super) struct Streets {
    pub nodes: Vec<Pt>,
    pub pieces: Vec<Piece>,
    /// Pieces at each junction.
    pub at: Vec<Vec<usize>>,
}

impl Streets {
    /// Picks the streets of the centre that exist.
    pub(super) fn of(city: &City) -> Streets {
        let mut all = Streets::default();
        let mut ids: BTreeMap<(i64, i64), usize> = BTreeMap::new();
        for road in &city.roads {
            if road.class > Class::Lane || road.year > THIS_YEAR {
                continue;
            }
            let mut line = road.line.clone();
            let toward = line[line.len() - 1] - line[0];
            if toward.x + toward.y < 0.0 {
                line.reverse();
            }
            let mut id = |p: Pt| {
                *ids.entry(((p.x * 100.0).round() as i64, (p.y * 100.0).round() as i64))
                    .or_insert_with(|| {
                        all.nodes.push(p);
                        all.nodes.len() - 1
                    })
            };
            let (a, b) = (id(line[0]), id(line[line.len() - 1]));
            if a == b {
                continue;
            }
            all.pieces.push(Piece {
                a,
                b,
                class: road.class,
                bridge: road.bridge,
                name: road.name.zh.clone(),
                year: road.year,
                length: length(&line),
                line,
            });
        }
        all.index();
        let central = |p: &Piece| {
            let (middle, _) = along(&p.line, p.length / 2.0);
            (middle - MIDDLE).len() < REACH && p.class != Class::Expressway
        };
        let inside: Vec<bool> = all.pieces.iter().map(central).collect();
        let mut keep = all.largest(&inside);
        // Dead ends of lanes that are too short to work in.
        for (k, piece) in all.pieces.iter().enumerate() {
            let lonely = |n: usize| all.at[n].iter().filter(|p| keep[**p]).count() == 1;
            if keep[k] && piece.length < 30.0 && (lonely(piece.a) || lonely(piece.b)) {
                keep[k] = false;
            }
        }
        let mut out = Streets { nodes: all.nodes.clone(), ..Streets::default() };
        for (k, piece) in all.pieces.iter().enumerate() {
            if keep[k] {
                out.pieces.push(piece.clone());
            }
        }
        out.index();
        out
    }

    fn index(&mut self) {
        self.at = vec![Vec::new(); self.nodes.len()];
        for (k, piece) in self.pieces.iter().enumerate() {
            self.at[piece.a].push(k);
            self.at[piece.b].push(k);
        }
    }

    /// Of the chosen pieces, those of the largest connected part.
    pub(super) fn largest(&self, chosen: &[bool]) -> Vec<bool> {
        let mut best: Vec<usize> = Vec::new();
        for part in self.parts(chosen) {
            if part.len() > best.len() {
                best = part;
            }
        }
        let mut out = vec![false; self.pieces.len()];
        for k in best {
            out[k] = true;
        }
        out
    }

    /// The connected parts of the chosen pieces.
    pub(super) fn parts(&self, chosen: &[bool]) -> Vec<Vec<usize>> {
        let mut out = Vec::new();
        let mut seen = BTreeSet::new();
        for start in 0..self.pieces.len() {
            if !chosen[start] || seen.contains(&start) {
                continue;
            }
            let (mut part, mut stack) = (Vec::new(), vec![start]);
            seen.insert(start);
            while let Some(k) = stack.pop() {
                part.push(k);
                for node in [self.pieces[k].a, self.pieces[k].b] {
                    for &next in &self.at[node] {
                        if chosen[next] && seen.insert(next) {
                            stack.push(next);
                        }
                    }
                }
            }
            part.sort_unstable();
            out.push(part);
        }
        out
    }

    /// Where a piece leaves a junction beside its middle: a point on the pipe's line, and the way out.
    fn leaving(&self, k: usize, node: usize, offset: f64) -> (Pt, Pt) {
        let piece = &self.pieces[k];
        let (p, dir) = if piece.a == node {
            (piece.line[0], (piece.line[1] - piece.line[0]).unit())
        } else {
            let n = piece.line.len();
            (piece.line[n - 1], (piece.line[n - 1] - piece.line[n - 2]).unit())
        };
        let out = if piece.a == node { dir } else { dir * -1.0 };
        (p + dir.left() * offset, out)
    }

    /// The point at a junction where the lines of a pipe meet: on the line of the greatest street that
    /// goes on, where the greatest street across meets it.
    pub(super) fn hub(&self, node: usize, pieces: &[usize], offset: &dyn Fn(&Piece) -> f64) -> Pt {
        let mut ends: Vec<(Class, Pt, Pt)> = pieces
            .iter()
            .map(|k| {
                let (p, out) = self.leaving(*k, node, offset(&self.pieces[*k]));
                (self.pieces[*k].class, p, out)
            })
            .collect();
        ends.sort_by_key(|end| end.0);
        let Some(&(_, mut p, mut dir)) = ends.first() else { return self.nodes[node] };
        'pair: for (i, x) in ends.iter().enumerate() {
            for y in &ends[i + 1..] {
                if x.2.dot(y.2) < -0.9 {
                    (_, p, dir) = *x;
                    break 'pair;
                }
            }
        }
        for x in &ends {
            let det = dir.cross(x.2);
            if det.abs() > 0.45 {
                let t = (x.1 - p).cross(x.2) / det;
                let hub = p + dir * t;
                if (hub - self.nodes[node]).len() < 46.0 {
                    return hub.cm();
                }
            }
        }
        p.cm()
    }

    /// Draws the line of a pipe beside a piece of street, from hub to hub.
    pub(super) fn path(&self, k: usize, offset: f64, hubs: [Pt; 2]) -> Vec<Pt> {
        let piece = &self.pieces[k];
        let line = beside(&piece.line, offset);
        let total = length(&line);
        let n = line.len();
        let entry = |hub: Pt, first: Pt, dir: Pt| {
            let along = (hub - first).dot(dir);
            let off = (hub - first).cross(dir).abs();
            if off < 0.4 { along + 0.5 } else { (along + off.max(1.5)).max(1.0) }
        };
        let start = entry(hubs[0], line[0], (line[1] - line[0]).unit());
        let stop = total - entry(hubs[1], line[n - 1], (line[n - 2] - line[n - 1]).unit());
        if stop - start < 2.0 {
            return hubs.to_vec();
        }
        let mut out = vec![hubs[0]];
        let mut at = 0.0;
        if start > 0.0 {
            out.push(crate::geom::along(&line, start).0);
        }
        for (i, p) in line.iter().enumerate() {
            if i > 0 {
                at += (*p - line[i - 1]).len();
            }
            if at > start + 0.5 && at < stop - 0.5 {
                out.push(*p);
            }
        }
        if stop < total && stop > start {
            out.push(crate::geom::along(&line, stop).0);
        }
        out.push(hubs[1]);
        // Never back along its own way.
        while let Some(k) =
            (1..out.len() - 1).find(|k| (out[*k] - out[*k - 1]).dot(out[*k + 1] - out[*k]) < 0.0)
        {
            out.remove(k);
        }
        simplify(&out, 0.25).iter().map(|p| p.cm()).collect()
    }
}

/// A line beside a line: positive to the left.
fn beside(line: &[Pt], offset: f64) -> Vec<Pt> {
    let n = line.len();
    (0..n)
        .map(|i| {
            let before = (line[i.max(1)] - line[i.max(1) - 1]).unit();
            let after = (line[(i + 1).min(n - 1)] - line[(i + 1).min(n - 1) - 1]).unit();
            let middle = (before + after).unit();
            let stretch = 1.0 / middle.dot(before).max(0.6);
            line[i] + middle.left() * (offset * stretch)
        })
        .collect()
}

/// How far from the middle of the street a pipe lies, in metres, positive on the western and northern side;
/// nothing where streets of the class do not carry it.
///
/// GB 50289-2016, 4.1: from the building line to the middle power, telecom, distribution of gas and water, heat,
/// then sewers below the carriageway; power and water on the eastern and southern side, telecom and gas opposite.
pub(super) fn offset(system: System, class: Class) -> Option<f64> {
    use System::{Foul, Gas, Heat, Light, Power, Storm, Telecom, Water};
    let row = match class {
        Class::Primary => [-17.5, -6.5, 5.0, 18.0, 14.2, -20.5, -12.8, 20.6],
        Class::Secondary => [-12.5, -5.0, 3.5, 13.2, 9.6, -15.5, -8.8, 15.6],
        Class::Tertiary => [-7.3, -2.6, 2.2, 7.4, f64::NAN, -9.6, -5.6, 9.6],
        Class::Residential => [-4.7, -1.7, 1.7, 4.6, f64::NAN, -6.6, f64::NAN, 6.6],
        Class::Lane => [-1.6, 0.7, f64::NAN, f64::NAN, f64::NAN, f64::NAN, f64::NAN, f64::NAN],
        _ => return None,
    };
    let at = [Water, Foul, Storm, Gas, Heat, Power, Light, Telecom]
        .iter()
        .position(|s| *s == system)
        .map_or(f64::NAN, |k| row[k]);
    (!at.is_nan()).then_some(at)
}

/// Distance from the middle of the street to the building line.
pub(super) fn edge(class: Class) -> f64 {
    half_width(class)
}

/// Height of a street's surface: that of the ground, but near water that of the levee's crest, and over water
/// that of a bridge from crest to crest.
pub(super) fn surface(city: &City, p: Pt) -> f64 {
    for stream in [&city.network.river, &city.network.canal] {
        let (d, half, near) = stream.measure(p);
        if d.abs() < half + CREST {
            let out = (p - near).unit();
            let here = city.terrain.z(near + out * (half + CREST));
            let there = city.terrain.z(near - out * (half + CREST));
            let share = 0.5 + 0.5 * (d.abs() / (half + CREST));
            return here * share + there * (1.0 - share);
        }
    }
    city.terrain.z(p)
}
