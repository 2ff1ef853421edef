//! The street network: the main grid, the ring, the riverside streets, and the streets that divide
//! what lies between them until every block has its size.

use std::collections::BTreeMap;

use crate::geom::{Pt, area, contains, dist_seg, edges, inner_point, length, simplify};
use crate::graph::{Class, Graph, Kind, Line};
use crate::grid::{FIRST_MINOR, canalside, main_lines, main_streets, riverside};
use crate::names::{Name, Names};
use crate::plan::{self, Stream, U, Zone};
use crate::rng::Rng;
use crate::shape::{chord, oriented_box, split};

/// Width of the green between the river and the centre line of the street along it, in metres.
pub const RIVER_BELT: f64 = 46.0;
/// Width of the green between the canal and the centre line of the street along it, in metres.
pub const CANAL_BELT: f64 = 26.0;

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
                        let year =
                            if zone == Zone::Growth { 2024 + rng.int(0, 5) as u16 } else { 0 };
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
            self.graph.faces[face]
                .iter()
                .any(|h| self.lines[self.graph.edges[h / 2].line].kind == kind)
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
            if line.len() < 60.0 || !square(&ring, ends, line) {
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
            let inside = pts[1..pts.len() - 1].iter().all(|q| {
                contains(&ring, *q) && edges(&ring).all(|(s, t)| dist_seg(*q, s, t) > 14.0)
            });
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
                let (before, after) = (
                    (ring[*k] - ring[(k + n - 1) % n]).unit(),
                    (ring[(k + 1) % n] - ring[*k]).unit(),
                );
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
        let class_of =
            |network: &Network, h: usize| match network.lines[network.graph.edges[h / 2].line].kind
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
                    let (Some(a), Some(b)) = (class_of(self, g), class_of(self, h)) else {
                        continue;
                    };
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
        let mut order: Vec<(usize, f64, Class)> =
            extent.iter().map(|(s, e)| (*s, e.0, e.1)).collect();
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

/// Streets should meet at something like a right angle.
fn square(ring: &[Pt], ends: [(usize, Pt); 2], line: Pt) -> bool {
    let n = ring.len();
    ends.iter().all(|(i, _)| {
        let e = (ring[(i + 1) % n] - ring[*i]).unit();
        e.cross(line.unit()).abs() > 0.78
    })
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
