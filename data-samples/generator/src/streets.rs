//! The street network: the main grid, the ring, the riverside streets, and the streets that divide
//! what lies between them until every block has its size.

use std::collections::BTreeMap;

use crate::geom::{Pt, along, area, contains, dist_seg, edges, inner_point, length, pt, simplify};
use crate::graph::{Class, Graph, Kind, Line};
use crate::names::{CANALSIDE, EAST_WEST, NORTH_SOUTH, Name, Names, RING as RING_NAMES, RIVERSIDE};
use crate::plan::{self, RING, Stream, U, V, Zone};
use crate::rng::Rng;
use crate::shape::{chord, oriented_box, split};

/// Width of the green between the river and the centre line of the street along it, in metres.
pub const RIVER_BELT: f64 = 46.0;
/// Width of the green between the canal and the centre line of the street along it, in metres.
pub const CANAL_BELT: f64 = 26.0;
/// Radius of the ring's corners in metres.
const CORNER: f64 = 430.0;

/// A street: all lines that carry one name.
#[derive(Clone, Debug, Default)]
pub struct Street {
    /// Its name, empty when it has none. Main streets get 东西南北 added piece by piece.
    pub name: Name,
    /// Adds 北路/南路 by the bank of the river that a piece lies on.
    pub split_by_river: bool,
    /// Adds 东路/西路 by the side of the axis that a piece lies on.
    pub split_by_axis: bool,
    /// Whether it is built, being built or only planned, and since when.
    pub year: u16,
}

/// The streets, and the water and border that the ground is also divided by.
#[derive(Clone, Debug)]
pub struct Network {
    /// The lines as drawn.
    pub lines: Vec<Line>,
    /// The streets that lines belong to.
    pub streets: Vec<Street>,
    /// The planar graph of the lines.
    pub graph: Graph,
    /// The river.
    pub river: Stream,
    /// The canal.
    pub canal: Stream,
    /// The border of the district.
    pub border: Vec<Pt>,
    /// The face of the main grid (before subdivision) as a ring for each superblock.
    pub superblocks: Graph,
}

/// What a face of the graph is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// The river.
    River,
    /// The canal.
    Canal,
    /// The green along the river.
    Belt,
    /// Land of a quarter.
    Land(Zone),
}

const RIVERSIDE_STREET: usize = 27;
const CANALSIDE_STREET: usize = 29;
const FIRST_MINOR: usize = 31;

impl Network {
    /// Draws the network.
    pub fn build(seed: u64) -> Network {
        let river = plan::river();
        let canal = plan::canal(&river);
        let border = plan::outline();
        let mut lines = main_lines(seed, &river);
        lines.extend(riverside(&river));
        lines.extend(canalside(&canal));
        for (stream, kind) in [(&river, Kind::RiverBank), (&canal, Kind::CanalBank)] {
            for side in [1.0, -1.0] {
                let pts = simplify(&stream.beside(side, 0.0), 0.6);
                lines.push(Line { pts, kind, street: usize::MAX });
            }
        }
        let mut ring = border.clone();
        ring.push(border[0]);
        lines.push(Line { pts: ring, kind: Kind::Border, street: usize::MAX });
        let mut streets = main_streets();
        let superblocks = Graph::build(&lines, &border);
        let mut network = Network {
            lines,
            streets: Vec::new(),
            graph: superblocks.clone(),
            river,
            canal,
            border,
            superblocks,
        };
        for round in 0..9 {
            let mut added = Vec::new();
            for face in 0..network.graph.faces.len() {
                if let Ground::Land(zone) = network.ground(face) {
                    let mut rng = Rng::stream(seed, "streets", (round * 100_000 + face) as u64);
                    if let Some((pts, class)) = network.divide(face, zone, &mut rng) {
                        added.push(Line { pts, kind: Kind::Road(class), street: streets.len() });
                        let year = if zone == Zone::Growth { 2024 + rng.int(0, 5) as u16 } else { 0 };
                        streets.push(Street { year, ..Street::default() });
                    }
                }
            }
            if added.is_empty() {
                break;
            }
            network.lines.extend(added);
            network.graph = Graph::build(&network.lines, &network.border);
        }
        network.streets = streets;
        network.join_and_name(seed);
        network
    }

    /// Tells what a face is.
    pub fn ground(&self, face: usize) -> Ground {
        let ring = self.graph.ring(&self.graph.faces[face]);
        let p = inner_point(&ring);
        let (d, half, _) = self.river.measure(p);
        if d.abs() < half {
            return Ground::River;
        }
        let bank = |kind: Kind| {
            self.graph.faces[face].iter().any(|h| self.lines[self.graph.edges[h / 2].line].kind == kind)
        };
        if bank(Kind::RiverBank) && d.abs() < half + RIVER_BELT + 1.0 {
            return Ground::Belt;
        }
        let (d, half, _) = self.canal.measure(p);
        if d.abs() < half && bank(Kind::CanalBank) {
            return Ground::Canal;
        }
        if bank(Kind::CanalBank) && d.abs() < half + CANAL_BELT + 1.0 {
            return Ground::Belt;
        }
        Ground::Land(Zone::at(p))
    }

    fn divide(&self, face: usize, zone: Zone, rng: &mut Rng) -> Option<(Vec<Pt>, Class)> {
        let halves = &self.graph.faces[face];
        let ring = self.graph.ring(halves);
        let size = area(&ring);
        let (target, class) = manner(zone, size)?;
        if size < target * 1.45 {
            return None;
        }
        let (center, axis, long, wide) = oriented_box(&ring);
        let meets = self.meets(halves, &ring, center, axis, long);
        for attempt in 0_u8..12 {
            let middle = if long > 2.3 * wide { 0.36 } else { 0.5 };
            let wander = 0.05 + 0.03 * f64::from(attempt);
            let mut along_axis = (middle + rng.range(-wander, wander) - 0.5) * long;
            if let Some(at) = meets.get(usize::from(attempt)) {
                along_axis = *at;
            }
            let (dir, p) = if attempt < 8 {
                (axis.left(), center + axis * along_axis)
            } else {
                (axis, center + axis.left() * (along_axis / long * wide))
            };
            if !contains(&ring, p) {
                continue;
            }
            let Some(ends) = chord(&ring, p, dir.turn(rng.range(-0.04, 0.04))) else { continue };
            let Some(a) = self.anchor(halves, &ring, ends[0], zone) else { continue };
            let Some(b) = self.anchor(halves, &ring, ends[1], zone) else { continue };
            let line = b - a;
            if line.len() < 60.0 || !self.square(&ring, ends, line) {
                continue;
            }
            let Some((one, two)) = split(&ring, (a + b) * 0.5, line.unit()) else { continue };
            if area(&one).min(area(&two)) < 0.27 * size {
                continue;
            }
            let bulge = match zone {
                Zone::OldTown => 0.06,
                Zone::Farm => 0.05,
                Zone::Industry | Zone::Core => 0.0,
                _ => 0.025,
            } * rng.range(-1.0, 1.0);
            let pts = bend(a, b, bulge);
            let inside = pts[1..pts.len() - 1]
                .iter()
                .all(|q| contains(&ring, *q) && edges(&ring).all(|(s, t)| dist_seg(*q, s, t) > 14.0));
            if inside {
                return Some((pts, class));
            }
        }
        None
    }

    /// Where along a face's long axis streets arrive from the other side, the middlemost first: a
    /// street that goes on from there makes a crossing.
    fn meets(&self, halves: &[usize], ring: &[Pt], center: Pt, axis: Pt, long: f64) -> Vec<f64> {
        let n = ring.len();
        let mut out: Vec<f64> = (0..n)
            .filter(|k| {
                let (before, after) =
                    ((ring[*k] - ring[(k + n - 1) % n]).unit(), (ring[(k + 1) % n] - ring[*k]).unit());
                before.dot(after) > 0.96
                    && before.dot(axis).abs() > 0.8
                    && self.graph.leaving[self.graph.tail(halves[*k])].len() == 3
            })
            .map(|k| (ring[k] - center).dot(axis))
            .filter(|at| at.abs() < 0.23 * long)
            .collect();
        out.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
        out.truncate(3);
        out
    }

    /// Where a dividing street may start on the face's edge: at a street that comes from the other
    /// side, or well away from every corner.
    fn anchor(&self, halves: &[usize], ring: &[Pt], end: (usize, Pt), zone: Zone) -> Option<Pt> {
        let kind = self.lines[self.graph.edges[halves[end.0] / 2].line].kind;
        match kind {
            Kind::RiverBank | Kind::CanalBank => return None,
            Kind::Border if !zone.rural() => return None,
            _ => {}
        }
        let small = zone == Zone::OldTown;
        let reach: f64 = if small { 16.0 } else { 42.0 };
        let clear = if small { 20.0 } else { 46.0 };
        let n = ring.len();
        let mut blocked = false;
        for k in 0..n {
            let d = (ring[k] - end.1).len();
            if d > reach.max(clear) {
                continue;
            }
            let (before, after) =
                ((ring[k] - ring[(k + n - 1) % n]).unit(), (ring[(k + 1) % n] - ring[k]).unit());
            let straight = before.dot(after) > 0.96;
            let junction = self.graph.leaving[self.graph.tail(halves[k])].len() > 2;
            if straight && junction && d < reach {
                return Some(ring[k]);
            }
            if (junction || !straight) && d < clear {
                blocked = true;
            }
        }
        (!blocked).then(|| end.1.cm())
    }

    /// Streets should meet at something like a right angle.
    fn square(&self, ring: &[Pt], ends: [(usize, Pt); 2], line: Pt) -> bool {
        let n = ring.len();
        ends.iter().all(|(i, _)| {
            let e = (ring[(i + 1) % n] - ring[*i]).unit();
            e.cross(line.unit()).abs() > 0.78
        })
    }

    /// Joins minor streets that run on across a junction, and names them.
    fn join_and_name(&mut self, seed: u64) {
        let mut root: Vec<usize> = (0..self.streets.len()).collect();
        fn find(root: &mut [usize], mut i: usize) -> usize {
            while root[i] != i {
                root[i] = root[root[i]];
                i = root[i];
            }
            i
        }
        let class_of = |network: &Network, h: usize| match network.lines[network.graph.edges[h / 2].line].kind
        {
            Kind::Road(class) => Some(class),
            _ => None,
        };
        for node in 0..self.graph.nodes.len() {
            let list = self.graph.leaving[node].clone();
            for (k, &g) in list.iter().enumerate() {
                for &h in &list[k + 1..] {
                    let (s, t) = (
                        self.lines[self.graph.edges[g / 2].line].street,
                        self.lines[self.graph.edges[h / 2].line].street,
                    );
                    if s == t || s.min(t) < FIRST_MINOR || s.max(t) == usize::MAX {
                        continue;
                    }
                    let (Some(a), Some(b)) = (class_of(self, g), class_of(self, h)) else { continue };
                    let at = self.graph.nodes[node];
                    let (u, v) = (
                        (self.graph.nodes[self.graph.head(g)] - at).unit(),
                        (self.graph.nodes[self.graph.head(h)] - at).unit(),
                    );
                    if u.dot(v) < -0.94 && (a == b || a.max(b) <= Class::Residential) {
                        let (x, y) = (find(&mut root, s), find(&mut root, t));
                        root[x.max(y)] = x.min(y);
                    }
                }
            }
        }
        let mut extent: BTreeMap<usize, (f64, Class)> = BTreeMap::new();
        for line in &mut self.lines {
            if line.street >= FIRST_MINOR && line.street != usize::MAX {
                line.street = find(&mut root, line.street);
                if let Kind::Road(class) = line.kind {
                    let entry = extent.entry(line.street).or_insert((0.0, class));
                    entry.0 += length(&line.pts);
                    entry.1 = entry.1.min(class);
                }
            }
        }
        let mut order: Vec<(usize, f64, Class)> = extent.iter().map(|(s, e)| (*s, e.0, e.1)).collect();
        order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let mut names = Names::new(seed);
        for (street, long, class) in order {
            self.streets[street].name = match class {
                Class::Lane if long > 90.0 => names.lane(),
                Class::Country if long > 400.0 => {
                    let n = names.village();
                    Name::new(format!("{}路", n.zh), format!("{} Road", n.en))
                }
                Class::Lane | Class::Track | Class::Country => Name::default(),
                _ => names.street(),
            };
        }
    }

    /// Returns the class of an edge, if it is a street.
    pub fn class(&self, edge: usize) -> Option<Class> {
        match self.lines[self.graph.edges[edge].line].kind {
            Kind::Road(class) => Some(class),
            _ => None,
        }
    }

    /// Returns the name of a street where it passes a place.
    pub fn name_at(&self, street: usize, p: Pt) -> Name {
        let Some(s) = self.streets.get(street) else { return Name::default() };
        if s.split_by_river {
            let north = self.river.measure(p).0 >= 0.0;
            let (zh, en) = if north { ("北路", "North Road") } else { ("南路", "South Road") };
            return Name::new(format!("{}{zh}", s.name.zh), format!("{} {en}", s.name.en));
        }
        if s.split_by_axis {
            let east = plan::to_grid(p).x >= U[6];
            let (zh, en) = if east { ("东路", "East Road") } else { ("西路", "West Road") };
            return Name::new(format!("{}{zh}", s.name.zh), format!("{} {en}", s.name.en));
        }
        s.name.clone()
    }
}

/// The streets along both sides of the canal.
fn canalside(canal: &Stream) -> Vec<Line> {
    let mut out = Vec::new();
    for (k, side) in [1.0, -1.0].into_iter().enumerate() {
        let pts = canal.beside(side, CANAL_BELT);
        let rural = |p: Pt| Zone::at(p).rural();
        let mut start = 0;
        while start + 1 < pts.len() {
            let kind = rural(pts[start]);
            let mut end = start + 1;
            while end + 1 < pts.len() && rural(pts[end]) == kind {
                end += 1;
            }
            let class = if kind { Class::Track } else { Class::Tertiary };
            let line = simplify(&pts[start..=end], 0.6);
            out.push(Line { pts: line, kind: Kind::Road(class), street: CANALSIDE_STREET + k });
            start = end;
        }
    }
    out
}

/// How a quarter is divided: the block size to aim at in square metres and the class of the street
/// that divides a face of a size.
fn manner(zone: Zone, size: f64) -> Option<(f64, Class)> {
    let ha = size / 1.0e4;
    let town = |target: f64| {
        let class = if ha > 17.0 { Class::Tertiary } else { Class::Residential };
        Some((target * 1.0e4, class))
    };
    match zone {
        Zone::Modern => town(6.6),
        Zone::HighRise => town(7.2),
        Zone::Older => town(5.0),
        Zone::Mixed => town(4.2),
        Zone::Core => town(3.4),
        Zone::Civic => town(12.0),
        Zone::Growth | Zone::Tech => town(7.5),
        Zone::Sports => town(22.0),
        Zone::Industry => Some((10.0e4, Class::Tertiary)),
        Zone::OldTown if ha > 15.0 => Some((2.0e4, Class::Tertiary)),
        Zone::OldTown if ha > 6.0 => Some((2.0e4, Class::Residential)),
        Zone::OldTown => Some((1.7e4, Class::Lane)),
        Zone::Farm if ha > 45.0 => Some((20.0e4, Class::Country)),
        Zone::Farm => Some((13.0e4, Class::Track)),
        Zone::Hill | Zone::Wetland | Zone::LakePark | Zone::Campus => None,
    }
}

fn bend(a: Pt, b: Pt, bulge: f64) -> Vec<Pt> {
    let chord = b - a;
    if bulge.abs() * chord.len() < 1.5 {
        return vec![a, (a + b) * 0.5, b].into_iter().map(Pt::cm).collect();
    }
    let control = (a + b) * 0.5 + chord.left() * (bulge * 2.0);
    (0..=5)
        .map(|k| {
            let t = f64::from(k) / 5.0;
            (a * ((1.0 - t) * (1.0 - t)) + control * (2.0 * t * (1.0 - t)) + b * (t * t)).cm()
        })
        .collect()
}

fn main_streets() -> Vec<Street> {
    let street = |n: (&str, &str, bool), river: bool| Street {
        name: Name::new(n.0, n.1),
        split_by_river: n.2 && river,
        split_by_axis: n.2 && !river,
        year: 0,
    };
    let mut out: Vec<Street> = NORTH_SOUTH.iter().map(|n| street(*n, true)).collect();
    out.extend(EAST_WEST.iter().map(|n| street(*n, false)));
    out.extend(
        RING_NAMES.iter().chain(&RIVERSIDE).chain(&CANALSIDE).map(|n| street((n.0, n.1, false), false)),
    );
    out
}

/// The node of the main grid where two lines meet, in grid coordinates: a little off its place,
/// but for the ring, whose corners are rounded.
fn grid_node(seed: u64, i: usize, j: usize) -> Pt {
    let (columns, rows) = RING;
    let corner = |list: [usize; 2], k: usize| {
        list.iter().position(|c| *c == k).map(|p| if p == 0 { -1.0 } else { 1.0 })
    };
    let (su, sv) = (corner(columns, i), corner(rows, j));
    let in_ring = (columns[0]..=columns[1]).contains(&i) && (rows[0]..=rows[1]).contains(&j);
    if let (Some(su), Some(sv)) = (su, sv) {
        let pull = CORNER * (1.0 - std::f64::consts::FRAC_1_SQRT_2);
        return pt(U[i] - su * pull, V[j] - sv * pull);
    }
    let mut rng = Rng::stream(seed, "grid", (i * 100 + j) as u64);
    let (mut du, mut dv) = (rng.range(-38.0, 38.0), rng.range(-38.0, 38.0));
    if (su.is_some() && in_ring) || i == 6 {
        du = 0.0;
    }
    if sv.is_some() && in_ring {
        dv = 0.0;
    }
    pt(U[i] + du, V[j] + dv)
}

fn base_class(north_south: bool, k: usize) -> Class {
    let primary = if north_south { [1, 4, 6, 8].as_slice() } else { [3, 6, 9].as_slice() };
    if primary.contains(&k) { Class::Primary } else { Class::Secondary }
}

fn main_lines(seed: u64, river: &Stream) -> Vec<Line> {
    let mut out = Vec::new();
    let (columns, rows) = RING;
    for north_south in [true, false] {
        let (lines, steps) = if north_south { (U.len(), V.len()) } else { (V.len(), U.len()) };
        for k in 0..lines {
            // One piece before the first and after the last line leads out of the district.
            for step in 0..=steps {
                let node = |s: usize| -> Pt {
                    let (inner, outside) = match s {
                        0 => (0, -900.0),
                        s if s > steps => (steps - 1, 900.0),
                        s => (s - 1, 0.0),
                    };
                    let p = if north_south { grid_node(seed, k, inner) } else { grid_node(seed, inner, k) };
                    if north_south { p + pt(0.0, outside) } else { p + pt(outside, 0.0) }
                };
                let s = step as i64 - 1;
                let (one, two) = if north_south {
                    (Zone::of_cell(k as i64 - 1, s), Zone::of_cell(k as i64, s))
                } else {
                    (Zone::of_cell(s, k as i64 - 1), Zone::of_cell(s, k as i64))
                };
                let (across, along_ring) = if north_south { (columns, rows) } else { (rows, columns) };
                let ring_side = across
                    .iter()
                    .position(|c| *c == k)
                    .filter(|_| s >= along_ring[0] as i64 && s < along_ring[1] as i64);
                if ring_side.is_none() && one == two && one.closed() {
                    continue;
                }
                let base = base_class(north_south, k);
                let class = if ring_side.is_some() {
                    Class::Expressway
                } else if one.rural() && two.rural() {
                    if base == Class::Primary { Class::Secondary } else { Class::Country }
                } else {
                    base
                };
                let street = match ring_side {
                    Some(side) => 23 + side + if north_south { 0 } else { 2 },
                    None if north_south => k,
                    None => 12 + k,
                };
                let (a, b) = (node(step), node(step + 1));
                let mut path = vec![a];
                if ring_side.is_some() {
                    path.extend(corner_arc(a, s == along_ring[0] as i64, north_south, k));
                }
                let mut tail = vec![b];
                if ring_side.is_some() {
                    tail.extend(corner_arc(b, s == along_ring[1] as i64 - 1, north_south, k));
                }
                tail.reverse();
                path.extend(tail);
                let dense: Vec<Pt> = densify(&path, 12.0).into_iter().map(plan::to_local).collect();
                for piece in at_river(&dense, river) {
                    let pts: Vec<Pt> = simplify(&piece, 0.5).into_iter().map(Pt::cm).collect();
                    out.push(Line { pts, kind: Kind::Road(class), street });
                }
            }
        }
    }
    // Wider streets first: where two lines share a piece, the first keeps it.
    out.sort_by_key(|l| l.kind);
    out
}

/// The quarter-of-a-quarter arc from the middle of a ring corner to where the straight side begins.
fn corner_arc(corner: Pt, here: bool, north_south: bool, k: usize) -> Vec<Pt> {
    if !here {
        return Vec::new();
    }
    let (columns, rows) = RING;
    let su = if corner.x < 0.0 { -1.0 } else { 1.0 };
    let sv = if corner.y < 0.0 { -1.0 } else { 1.0 };
    let i = if north_south { k } else { columns[usize::from(su > 0.0)] };
    let j = if north_south { rows[usize::from(sv > 0.0)] } else { k };
    let center = pt(U[i] - su * CORNER, V[j] - sv * CORNER);
    (1..=5)
        .map(|n| {
            let quarter = std::f64::consts::FRAC_PI_4;
            let t = if north_south {
                quarter * (1.0 - f64::from(n) / 5.0)
            } else {
                quarter * (1.0 + f64::from(n) / 5.0)
            };
            center + pt(su * CORNER * libm::cos(t), sv * CORNER * libm::sin(t))
        })
        .collect()
}

fn densify(path: &[Pt], step: f64) -> Vec<Pt> {
    let total = length(path);
    let n = (total / step).ceil().max(1.0) as usize;
    (0..=n).map(|k| along(path, total * k as f64 / n as f64).0).collect()
}

/// Cuts a street where it nears the river: it crosses on a bridge when it meets the river squarely,
/// otherwise it ends at the street along the bank.
fn at_river(dense: &[Pt], river: &Stream) -> Vec<Vec<Pt>> {
    let near: Vec<(f64, f64, Pt)> = dense.iter().map(|p| river.measure(*p)).collect();
    let reach = |k: usize| near[k].1 + RIVER_BELT;
    let mut out = Vec::new();
    let mut piece: Vec<Pt> = Vec::new();
    let mut k = 0;
    while k < dense.len() {
        if near[k].0.abs() > reach(k) + 60.0 {
            piece.push(dense[k]);
            k += 1;
            continue;
        }
        let start = k;
        while k < dense.len() && near[k].0.abs() <= reach(k) + 60.0 {
            k += 1;
        }
        let (first, last) = (near[start], near[k - 1]);
        let run = length(&dense[start..k]);
        let width = 2.0 * (reach(start) + 60.0);
        let crosses = (first.0 > 0.0) != (last.0 > 0.0);
        let cut_short = start == 0 || k == dense.len();
        if (crosses && run < 1.3 * width) || (cut_short && run < 0.6 * width) {
            piece.extend(&dense[start..k]);
            continue;
        }
        let meet = |n: (f64, f64, Pt), p: Pt| n.2 + (p - n.2).unit() * (n.1 + RIVER_BELT - 2.0);
        if start > 0 {
            piece.push(meet(first, dense[start]));
            out.push(std::mem::take(&mut piece));
        }
        piece.clear();
        if k < dense.len() {
            piece.push(meet(last, dense[k - 1]));
        }
    }
    if piece.len() > 1 {
        out.push(piece);
    }
    out.retain(|p| p.len() > 1 && length(p) > 5.0);
    out
}

/// The streets along both banks, in pieces of one class.
fn riverside(river: &Stream) -> Vec<Line> {
    let mut out = Vec::new();
    for (k, side) in [1.0, -1.0].into_iter().enumerate() {
        let pts = river.beside(side, RIVER_BELT);
        let class = |p: Pt| {
            if Zone::at(p + (p - river.measure(p).2).unit() * 120.0).rural() {
                Class::Country
            } else {
                Class::Secondary
            }
        };
        let mut start = 0;
        while start + 1 < pts.len() {
            let c = class(pts[start]);
            let mut end = start + 1;
            while end + 1 < pts.len() && class(pts[end]) == c {
                end += 1;
            }
            let line = simplify(&pts[start..=end], 0.6);
            out.push(Line { pts: line, kind: Kind::Road(c), street: RIVERSIDE_STREET + k });
            start = end;
        }
    }
    out
}
