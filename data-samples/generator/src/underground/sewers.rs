//! Foul and storm sewers. Water falls: every street leads it toward the outfall that is nearest along the
//! streets; what comes together needs more room on its way down.

use std::collections::BTreeMap;

use super::drains::{drain, roots};
use super::lay::Placed;
use super::streets::{Streets, edge, offset, surface};
use super::{Link, Net, Node, Section, System, cm, metres};
use crate::city::City;
use crate::geom::{Pt, along, length};
use crate::graph::Class;
use crate::rng::Rng;

/// An outfall drains at least this share of the streets of the greatest.
const LEAST: f64 = 0.25;

/// Furthest that a sewer goes down in a manhole to pass below another, in metres.
const DROP: f64 = 1.6;

/// How sewers of a system are built.
struct Habit {
    system: System,
    /// Greatest distance between manholes in metres.
    step: f64,
    /// Least cover above the outer top in metres.
    cover: f64,
    /// Metres of street that drain to a pipe, and the pipe that they need.
    sizes: &'static [(f64, Section)],
}

const FOUL: Habit = Habit {
    system: System::Foul,
    step: 38.0,
    cover: 1.95,
    sizes: &[
        (350.0, Section::Round(300)),
        (900.0, Section::Round(400)),
        (2200.0, Section::Round(500)),
        (5200.0, Section::Round(600)),
        (10_000.0, Section::Round(800)),
        (f64::MAX, Section::Round(1000)),
    ],
};

const STORM: Habit = Habit {
    system: System::Storm,
    step: 42.0,
    cover: 0.85,
    sizes: &[
        (150.0, Section::Round(400)),
        (380.0, Section::Round(500)),
        (650.0, Section::Round(600)),
        (1300.0, Section::Round(800)),
        (2300.0, Section::Round(1000)),
        (3600.0, Section::Round(1200)),
        (4800.0, Section::Round(1500)),
        (f64::MAX, Section::Box(2000, 1500)),
    ],
};

/// Fall in metres per metre that keeps a pipe clean (GB 50014-2021: 3 per mille at 300 mm, less in larger ones).
fn fall(section: Section) -> f64 {
    match section {
        Section::Round(d) if d <= 200 => 0.010,
        Section::Round(d) if d <= 300 => 0.003,
        Section::Round(d) if d <= 400 => 0.001_5,
        Section::Round(d) if d <= 500 => 0.001_2,
        Section::Round(d) if d <= 600 => 0.001,
        Section::Round(d) if d <= 1000 => 0.000_8,
        Section::Round(_) => 0.000_7,
        _ => 0.000_6,
    }
}

fn material(section: Section, year: u16) -> &'static str {
    match section {
        Section::Box(..) => "砖石",
        Section::Round(d) if d <= 400 && year >= 2000 => "PVC",
        Section::Round(d) if d <= 600 && year >= 2008 => "PE",
        Section::Round(_) => "混凝土",
        Section::Ducts(..) => "PVC",
    }
}

/// Builds both.
pub(super) fn build(city: &City, streets: &Streets, placed: &mut Placed) -> (Net, Net) {
    let foul = Sewer::new(city, streets, placed, &FOUL).dig();
    let storm = Sewer::new(city, streets, placed, &STORM).dig();
    (foul, storm)
}

struct Sewer<'a> {
    city: &'a City,
    streets: &'a Streets,
    placed: &'a mut Placed,
    habit: &'a Habit,
    net: Net,
    /// The streets that have this sewer.
    chosen: Vec<bool>,
    /// Metres along the streets from each junction to its outfall.
    far: Vec<f64>,
    /// The piece of street by which each junction drains.
    parent: Vec<Option<usize>>,
    hubs: BTreeMap<usize, usize>,
}

/// A pipe that arrives: inner bottom and inner top in centimetres, and metres of street that it drains.
type Arrival = (i64, i64, f64);

impl<'a> Sewer<'a> {
    fn new(city: &'a City, streets: &'a Streets, placed: &'a mut Placed, habit: &'a Habit) -> Self {
        let mut chosen: Vec<bool> = streets
            .pieces
            .iter()
            .map(|p| !p.bridge && offset(habit.system, p.class).is_some())
            .collect();
        let mut roots = roots(city, streets, &mut chosen, habit.system);
        let (far, parent) = loop {
            let (far, parent, of) = drain(streets, &chosen, &roots);
            // An outfall for a handful of streets is not worth its way through the bank.
            let mut metres_of: BTreeMap<usize, f64> = roots.iter().map(|r| (*r, 0.0)).collect();
            for (k, piece) in streets.pieces.iter().enumerate() {
                if chosen[k] && of[piece.a] == of[piece.b] && of[piece.a] < usize::MAX {
                    *metres_of.entry(of[piece.a]).or_default() += piece.length;
                }
            }
            let most = metres_of.values().copied().fold(0.0, f64::max);
            let small = metres_of.iter().find(|(_, m)| **m < most * LEAST).map(|(r, _)| *r);
            let Some(small) = small else { break (far, parent) };
            roots.retain(|r| *r != small);
            let (after, _, _) = drain(streets, &chosen, &roots);
            for (k, piece) in streets.pieces.iter().enumerate() {
                if after[piece.a] == f64::MAX {
                    chosen[k] = false;
                }
            }
        };
        let net = Net::new(habit.system);
        Self { city, streets, placed, habit, net, chosen, far, parent, hubs: BTreeMap::new() }
    }

    fn offset(&self, k: usize) -> f64 {
        offset(self.habit.system, self.streets.pieces[k].class).unwrap_or(0.0)
    }

    fn hub_at(&self, node: usize) -> Pt {
        let pieces: Vec<usize> =
            self.streets.at[node].iter().copied().filter(|k| self.chosen[*k]).collect();
        let system = self.habit.system;
        self.streets.hub(node, &pieces, &|p| offset(system, p.class).unwrap_or(0.0))
    }

    fn manhole(&mut self, at: Pt, ground: i64, bottom: i64, street: &str) -> usize {
        self.net.nodes.push(Node {
            code: String::new(),
            at: at.cm(),
            ground,
            level: bottom,
            thing: "检修井",
            chamber: true,
            street: street.to_owned(),
            note: String::new(),
        });
        self.net.nodes.len() - 1
    }

    fn ground(&self, p: Pt) -> i64 {
        cm(surface(self.city, p.cm()))
    }

    /// Digs all of it, from the far ends down.
    fn dig(mut self) -> Net {
        let mut order: Vec<(usize, usize, usize)> = Vec::new();
        for (k, piece) in self.streets.pieces.iter().enumerate() {
            if !self.chosen[k] || self.far[piece.a] == f64::MAX {
                continue;
            }
            let (a, b) = (piece.a, piece.b);
            let down_is_b = match (self.parent[a] == Some(k), self.parent[b] == Some(k)) {
                (true, _) => true,
                (_, true) => false,
                _ => self.far[b] <= self.far[a],
            };
            order.push(if down_is_b { (k, a, b) } else { (k, b, a) });
        }
        order.sort_by(|x, y| self.far[y.1].total_cmp(&self.far[x.1]).then(x.0.cmp(&y.0)));
        let mut arrived: BTreeMap<usize, Vec<Arrival>> = BTreeMap::new();
        for (k, up, down) in order {
            self.street(k, up, down, &mut arrived);
        }
        let roots: Vec<usize> = (0..self.far.len())
            .filter(|n| self.far[*n] == 0.0 && arrived.contains_key(n))
            .collect();
        for root in roots {
            self.outfall(root, &arrived[&root]);
        }
        self.net
    }

    /// The manhole of a junction, made when the first pipe arrives or leaves.
    fn junction(&mut self, node: usize, bottom: i64, street: &str) -> usize {
        if let Some(&at) = self.hubs.get(&node) {
            let manhole = &mut self.net.nodes[at];
            manhole.level = manhole.level.min(bottom);
            return at;
        }
        let p = self.hub_at(node);
        let ground = self.ground(p);
        let at = self.manhole(p, ground, bottom, street);
        self.hubs.insert(node, at);
        at
    }

    /// The pipe below one piece of street.
    fn street(
        &mut self,
        k: usize,
        up: usize,
        down: usize,
        arrived: &mut BTreeMap<usize, Vec<Arrival>>,
    ) {
        let piece = &self.streets.pieces[k];
        let tree = self.parent[up] == Some(k);
        let (pa, pb) = (self.hub_at(piece.a), self.hub_at(piece.b));
        let mut path = self.streets.path(k, self.offset(k), [pa, pb]);
        if piece.a == down {
            path.reverse();
        }
        let mut start = 0.0;
        let total = length(&path);
        if !tree {
            // It begins behind the junction, whose own pipe runs another way.
            start = 14.0;
            if total < start + 18.0 {
                return;
            }
        }
        let before = if tree { arrived.get(&up).map_or(&[][..], Vec::as_slice) } else { &[] };
        let drained: f64 = before.iter().map(|a| a.2).sum::<f64>() + total;
        let mut section = self.size(drained);
        // What arrives is never wider than what goes on.
        for a in before {
            while cm(section.size().1) < a.1 - a.0 {
                section = self.wider(section);
            }
        }
        let height = cm(section.size().1);
        let first_at = along(&path, start).0.cm();
        let ground = if start > 0.0 { self.ground(first_at) } else { self.ground(path[0]) };
        let cover =
            cm(self.habit.cover) + cm(section.outside()) - (cm(section.outside()) - height) / 2;
        let mut invert = ground - cover;
        for a in before {
            invert = invert.min(a.0).min(a.1 - height);
        }
        let name = piece.name.clone();
        let year = piece.year.max(1985) + (k % 7) as u16;
        let mut node = if tree {
            self.junction(up, invert, &name)
        } else {
            self.manhole(first_at, ground, invert, &name)
        };
        let end = self.junction(down, i64::MAX, &name);
        let stations = stations(&path, start, self.habit.step);
        let slope = fall(section);
        for w in stations.windows(2) {
            let last = w[1] == total;
            let p = if last { self.net.nodes[end].at } else { along(&path, w[1]).0.cm() };
            let long = (p - self.net.nodes[node].at).len();
            let ground = self.ground(p);
            let mut next = (invert - cm(long * slope).max(1)).min(ground - cover);
            let over = f64::midpoint(section.outside(), section.size().1);
            let down = self.placed.in_the_way(
                self.habit.system,
                [self.net.nodes[node].at, p],
                [metres(invert) + over, metres(next) + over],
                section,
            );
            if down > 0.0 && down < DROP {
                // Below a sewer that is there already: the pipe leaves its manhole lower than others arrive.
                (invert, next) = (invert - cm(down) - 1, next - cm(down) - 1);
                self.net.nodes[node].level = self.net.nodes[node].level.min(invert);
            }
            let to = if last {
                self.net.nodes[end].level = self.net.nodes[end].level.min(next);
                end
            } else {
                self.manhole(p, ground, next, &name)
            };
            self.pipe(node, to, section, (invert, next), (year, &name));
            if !last {
                self.sides(to, k, (next, year));
            }
            (node, invert) = (to, next);
        }
        arrived.entry(down).or_default().push((invert, invert + height, drained));
    }

    fn size(&self, drained: f64) -> Section {
        self.habit.sizes.iter().find(|s| drained < s.0).map_or(Section::Round(1000), |s| s.1)
    }

    fn wider(&self, section: Section) -> Section {
        let at = self.habit.sizes.iter().position(|s| s.1 == section).unwrap_or(0);
        self.habit.sizes[(at + 1).min(self.habit.sizes.len() - 1)].1
    }

    fn pipe(
        &mut self,
        from: usize,
        to: usize,
        section: Section,
        (start, end): (i64, i64),
        (year, street): (u16, &str),
    ) {
        let laying = if matches!(section, Section::Box(..)) { "GG" } else { "ZM" };
        let over = f64::midpoint(section.outside(), section.size().1);
        let ends = [self.net.nodes[from].at, self.net.nodes[to].at];
        let top = [metres(start) + over, metres(end) + over];
        self.placed.add((self.habit.system, 0), ends, top, section);
        self.net.links.push(Link {
            from,
            to,
            section,
            start,
            end,
            material: material(section, year),
            laying,
            year,
            street: street.to_owned(),
            cables: (0, 0),
            part: 0,
        });
    }

    /// What drains to a manhole from the sides of the street: rain inlets at both kerbs, or a house.
    fn sides(&mut self, manhole: usize, k: usize, (invert, year): (i64, u16)) {
        let piece = &self.streets.pieces[k];
        let at = self.net.nodes[manhole].at;
        let (near, dir) = piece.nearest(at);
        let mut rng = Rng::stream(self.city.seed, "sewers", self.net.nodes.len() as u64);
        let kerb = crate::roads::carriageway(piece.class) / 2.0 - 0.35;
        let (places, size, thing, depth): (Vec<f64>, u16, _, i64) =
            if self.habit.system == System::Storm {
                (vec![-kerb, kerb], if kerb > 6.0 { 300 } else { 200 }, "雨水篦", 95)
            } else if rng.chance(0.34) && piece.class != Class::Lane {
                (vec![-edge(piece.class) - 1.5], 300, "化粪池", 210)
            } else {
                return;
            };
        let name = piece.name.clone();
        for side in places {
            let p = (near + dir.left() * side + dir * 1.5).cm();
            let long = (p - at).len();
            let ground = self.ground(p);
            let start = ground - depth;
            let section = Section::Round(size);
            let end = (start - cm(long * fall(section)).max(1)).max(invert);
            if start <= end {
                continue;
            }
            let node = self.manhole(p, ground, start, &name);
            self.net.nodes[node].thing = thing;
            self.pipe(node, manhole, section, (start, end), (year, &name));
        }
    }

    /// The way from the last junction to the river, or to the pumping station of the sewage works.
    fn outfall(&mut self, root: usize, arrived: &[Arrival]) {
        let hub = self.hubs[&root];
        let at = self.net.nodes[hub].at;
        let (d, half, middle) = self.city.network.river.measure(at);
        let toward = (middle - at).unit();
        let drained: f64 = arrived.iter().map(|a| a.2).sum();
        let mut section = self.size(drained);
        for a in arrived {
            while cm(section.size().1) < a.1 - a.0 {
                section = self.wider(section);
            }
        }
        let height = cm(section.size().1);
        let mut invert = i64::MAX;
        for a in arrived {
            invert = invert.min(a.0).min(a.1 - height);
        }
        self.net.nodes[hub].level = self.net.nodes[hub].level.min(invert);
        let storm = self.habit.system == System::Storm;
        let far = if storm { d.abs() - half - 2.5 } else { 24.0 };
        let pieces = (far / 30.0).ceil().max(1.0);
        let mut node = hub;
        for k in 1..=pieces as u32 {
            let last = k == pieces as u32;
            let p = (at + toward * (far * f64::from(k) / pieces)).cm();
            let long = (p - self.net.nodes[node].at).len();
            let mut ground = self.ground(p);
            let mut next = invert - cm(long * fall(section)).max(1);
            if last && storm {
                // Below the levee, at the foot of the bank.
                ground = cm(self.city.terrain.z(p));
                next = next.min(ground - 60);
            }
            let to = self.manhole(p, ground, next, "");
            if last {
                let end = &mut self.net.nodes[to];
                (end.thing, end.chamber) =
                    if storm { ("排放口", false) } else { ("泵站", true) };
                let note = if storm {
                    "入河排放口"
                } else {
                    "污水提升泵站, 压力输送至污水处理厂"
                };
                note.clone_into(&mut end.note);
            }
            self.pipe(node, to, section, (invert, next), (2009, ""));
            (node, invert) = (to, next);
        }
    }
}

/// Where manholes stand along a line: at its bends, and between them not too far apart.
fn stations(path: &[Pt], start: f64, step: f64) -> Vec<f64> {
    let total = length(path);
    let mut fixed = vec![start];
    let mut at = 0.0;
    for w in path.windows(3) {
        at += (w[1] - w[0]).len();
        if at > start + 6.0 && at < total - 6.0 {
            fixed.push(at);
        }
    }
    fixed.push(total);
    let mut out = vec![start];
    for w in fixed.windows(2) {
        let pieces = ((w[1] - w[0]) / step).ceil().max(1.0);
        for k in 1..=pieces as u32 {
            let s = if k == pieces as u32 {
                w[1]
            } else {
                w[0] + (w[1] - w[0]) * f64::from(k) / pieces
            };
            out.push(s);
        }
    }
    out
}
