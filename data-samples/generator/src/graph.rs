//! The planar graph of everything that divides the ground: streets, banks and the district's border.
//!
//! Lines go in as drawn; the graph cuts them where they meet, drops what dangles or lies outside,
//! and walks the faces. It is built anew after each round of subdivision, which keeps it simple.

use std::collections::{BTreeMap, BTreeSet};

use crate::geom::{Pt, Ring, area, contains, crossing, nearest_on};

/// The class of a street, from the widest down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Ring expressway (快速路).
    Expressway,
    /// Main road (主干路).
    Primary,
    /// Secondary road (次干路).
    Secondary,
    /// Branch road (支路).
    Tertiary,
    /// Street between compounds.
    Residential,
    /// Lane of the old town (巷).
    Lane,
    /// Country road (乡村道路).
    Country,
    /// Farm track (机耕路).
    Track,
    /// Drive inside a compound, not a dividing line of the ground.
    Service,
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A street of a class.
    Road(Class),
    /// A bank of the river.
    RiverBank,
    /// A bank of the canal.
    CanalBank,
    /// The border of the district.
    Border,
}

/// A drawn line, before it is cut.
#[derive(Clone, Debug)]
pub struct Line {
    /// Points in local metres.
    pub pts: Vec<Pt>,
    /// What it is.
    pub kind: Kind,
    /// The street it belongs to; lines of one street share its name.
    pub street: usize,
}

/// A piece of a line between two nodes.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    /// Start node.
    pub a: usize,
    /// End node.
    pub b: usize,
    /// Index of the line that it is a piece of.
    pub line: usize,
}

/// Nodes, edges and faces. Half-edge `2 e` runs along edge `e`, `2 e + 1` against it.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Node positions.
    pub nodes: Vec<Pt>,
    /// Edges.
    pub edges: Vec<Edge>,
    /// Half-edges that leave each node, counter-clockwise.
    pub leaving: Vec<Vec<usize>>,
    /// Faces as rings of half-edges, counter-clockwise; the outside is not among them.
    pub faces: Vec<Vec<usize>>,
    /// The face to the left of each half-edge.
    pub face_of: Vec<Option<usize>>,
}

/// An end this near to a line lies on it, in metres.
const SNAP: f64 = 0.06;
/// Junctions nearer than this are one, in metres.
const MERGE: f64 = 0.9;
/// Cell of the search grid in metres.
const CELL: f64 = 80.0;

/// Line, ends, and where it is cut: how far along, and the point.
type Segment = (usize, Pt, Pt, Vec<(f64, Pt)>);

struct Nodes {
    pts: Vec<Pt>,
    grid: BTreeMap<(i64, i64), Vec<usize>>,
}

impl Nodes {
    fn id(&mut self, p: Pt) -> usize {
        let key = ((p.x / 1.0).floor() as i64, (p.y / 1.0).floor() as i64);
        for dx in -1..=1 {
            for dy in -1..=1 {
                for &i in self.grid.get(&(key.0 + dx, key.1 + dy)).into_iter().flatten() {
                    if (self.pts[i] - p).len() < MERGE {
                        return i;
                    }
                }
            }
        }
        self.pts.push(p);
        self.grid.entry(key).or_default().push(self.pts.len() - 1);
        self.pts.len() - 1
    }
}

impl Graph {
    /// Cuts the lines where they meet and builds nodes, edges and faces inside the border.
    pub fn build(lines: &[Line], border: &[Pt]) -> Graph {
        let mut graph = Graph { ..Graph::default() };
        graph.cut(lines);
        graph.drop_outside(lines, border);
        graph.prune(lines);
        graph.compact();
        graph.walk();
        graph
    }

    fn cut(&mut self, lines: &[Line]) {
        let mut segments: Vec<Segment> = Vec::new();
        for (l, line) in lines.iter().enumerate() {
            for w in line.pts.windows(2) {
                segments.push((l, w[0].cm(), w[1].cm(), Vec::new()));
            }
        }
        let mut grid: BTreeMap<(i64, i64), Vec<usize>> = BTreeMap::new();
        for (s, (_, a, b, _)) in segments.iter().enumerate() {
            for key in cells(*a, *b) {
                grid.entry(key).or_default().push(s);
            }
        }
        let mut pairs: Vec<(usize, usize)> = Vec::new();
        for list in grid.values() {
            for (k, &i) in list.iter().enumerate() {
                for &j in &list[k + 1..] {
                    pairs.push((i.min(j), i.max(j)));
                }
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        for (i, j) in pairs {
            let (a, b, c, d) = (segments[i].1, segments[i].2, segments[j].1, segments[j].2);
            let mut touch = false;
            for p in [c, d] {
                let (q, t) = nearest_on(p, a, b);
                if (q - p).len() < SNAP {
                    segments[i].3.push((t, p));
                    touch = true;
                }
            }
            for p in [a, b] {
                let (q, t) = nearest_on(p, c, d);
                if (q - p).len() < SNAP {
                    segments[j].3.push((t, p));
                    touch = true;
                }
            }
            if touch {
                continue;
            }
            if let Some((t, u)) = crossing(a, b, c, d) {
                let p = (a + (b - a) * t).cm();
                segments[i].3.push((t, p));
                segments[j].3.push((u, p));
            }
        }
        let mut nodes = Nodes { pts: Vec::new(), grid: BTreeMap::new() };
        let mut seen: BTreeSet<(usize, usize)> = BTreeSet::new();
        for (line, a, b, mut cuts) in segments {
            cuts.sort_by(|x, y| x.0.total_cmp(&y.0));
            let mut chain = vec![nodes.id(a)];
            chain.extend(cuts.iter().map(|c| nodes.id(c.1)));
            chain.push(nodes.id(b));
            chain.dedup();
            for w in chain.windows(2) {
                let key = (w[0].min(w[1]), w[0].max(w[1]));
                if seen.insert(key) {
                    self.edges.push(Edge { a: w[0], b: w[1], line });
                }
            }
        }
        self.nodes = nodes.pts;
    }

    fn drop_outside(&mut self, lines: &[Line], border: &[Pt]) {
        let nodes = &self.nodes;
        self.edges.retain(|e| {
            lines[e.line].kind == Kind::Border || contains(border, (nodes[e.a] + nodes[e.b]) * 0.5)
        });
    }

    /// Drops dead ends: every street leads to another street or out of the district, and every bank closes.
    fn prune(&mut self, lines: &[Line]) {
        let road = |e: &Edge| matches!(lines[e.line].kind, Kind::Road(_));
        loop {
            let mut all = vec![0; self.nodes.len()];
            let mut roads = vec![0; self.nodes.len()];
            for e in &self.edges {
                for end in [e.a, e.b] {
                    all[end] += 1;
                    // The border counts as a street: beyond it there are more.
                    roads[end] += u32::from(road(e) || lines[e.line].kind == Kind::Border);
                }
            }
            let before = self.edges.len();
            self.edges.retain(|e| {
                let degree = if road(e) { &roads } else { &all };
                degree[e.a] > 1 && degree[e.b] > 1
            });
            if self.edges.len() == before {
                return;
            }
        }
    }

    fn compact(&mut self) {
        let mut map = vec![usize::MAX; self.nodes.len()];
        let mut nodes = Vec::new();
        for e in &mut self.edges {
            for end in [&mut e.a, &mut e.b] {
                if map[*end] == usize::MAX {
                    map[*end] = nodes.len();
                    nodes.push(self.nodes[*end]);
                }
                *end = map[*end];
            }
        }
        self.nodes = nodes;
    }

    fn walk(&mut self) {
        self.leaving = vec![Vec::new(); self.nodes.len()];
        for (e, edge) in self.edges.iter().enumerate() {
            self.leaving[edge.a].push(2 * e);
            self.leaving[edge.b].push(2 * e + 1);
        }
        for n in 0..self.nodes.len() {
            let mut list = std::mem::take(&mut self.leaving[n]);
            let angle = |h: usize| {
                let d = self.nodes[self.head(h)] - self.nodes[n];
                libm::atan2(d.y, d.x)
            };
            list.sort_by(|x, y| angle(*x).total_cmp(&angle(*y)));
            self.leaving[n] = list;
        }
        let count = 2 * self.edges.len();
        self.face_of = vec![None; count];
        let mut visited = vec![false; count];
        for start in 0..count {
            if visited[start] {
                continue;
            }
            let mut ring = Vec::new();
            let mut h = start;
            while !visited[h] {
                visited[h] = true;
                ring.push(h);
                h = self.next(h);
            }
            if area(&self.ring(&ring)) > 0.5 {
                for &h in &ring {
                    self.face_of[h] = Some(self.faces.len());
                }
                self.faces.push(ring);
            }
        }
    }

    /// Returns the node that a half-edge leaves.
    pub fn tail(&self, h: usize) -> usize {
        let e = self.edges[h / 2];
        if h.is_multiple_of(2) { e.a } else { e.b }
    }

    /// Returns the node that a half-edge reaches.
    pub fn head(&self, h: usize) -> usize {
        self.tail(h ^ 1)
    }

    /// The half-edge that follows around the face on the left: the sharpest left turn... seen from
    /// the head, the one clockwise before the way back.
    fn next(&self, h: usize) -> usize {
        let list = &self.leaving[self.head(h)];
        let k = list.iter().position(|x| *x == (h ^ 1)).unwrap_or(0);
        list[(k + list.len() - 1) % list.len()]
    }

    /// Returns the points of a ring of half-edges.
    pub fn ring(&self, halves: &[usize]) -> Ring {
        halves.iter().map(|h| self.nodes[self.tail(*h)]).collect()
    }
}

fn cells(a: Pt, b: Pt) -> Vec<(i64, i64)> {
    let lo = ((a.x.min(b.x) - 0.1) / CELL, (a.y.min(b.y) - 0.1) / CELL);
    let hi = ((a.x.max(b.x) + 0.1) / CELL, (a.y.max(b.y) + 0.1) / CELL);
    let mut out = Vec::new();
    for i in lo.0.floor() as i64..=hi.0.floor() as i64 {
        for j in lo.1.floor() as i64..=hi.1.floor() as i64 {
            out.push((i, j));
        }
    }
    out
}
