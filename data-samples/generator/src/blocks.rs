//! From the faces of the street graph to blocks, green strips, street land and parcels.

use crate::geom::{Pt, Ring, area, centroid, contains, dist_seg, edges, inner_point};
use crate::graph::{Class, Graph, Kind};
use crate::plan::Zone;
use crate::rng::Rng;
use crate::shape::{compactness, dedupe, inset, oriented_box, split};
use crate::streets::{Ground, Network};

/// Half the width of a street between its building lines (红线), in metres.
pub fn half_width(class: Class) -> f64 {
    match class {
        Class::Expressway => 30.0,
        Class::Primary => 22.0,
        Class::Secondary => 17.0,
        Class::Tertiary => 11.0,
        Class::Residential => 7.5,
        Class::Lane => 2.8,
        Class::Country => 5.0,
        Class::Track => 2.5,
        Class::Service => 2.5,
    }
}

/// The street along one edge of a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Side {
    /// Class of the street.
    pub class: Class,
    /// The street.
    pub street: usize,
}

/// Land between streets, inside their building lines.
#[derive(Clone, Debug)]
pub struct Block {
    /// The face of the graph that it fills.
    pub face: usize,
    /// Its quarter.
    pub zone: Zone,
    /// Its outline.
    pub ring: Ring,
    /// The street along each edge of `ring`, if any.
    pub sides: Vec<Option<Side>>,
}

/// A green strip, traffic island or embankment.
#[derive(Clone, Debug)]
pub struct Strip {
    /// Its outline.
    pub ring: Ring,
    /// Whether it is a park by the water (true) or a belt along a street (false).
    pub waterside: bool,
}

/// The land of a piece of street between two junctions.
#[derive(Clone, Debug)]
pub struct StreetLand {
    /// Its outline.
    pub ring: Ring,
    /// The class of the street.
    pub class: Class,
    /// The street.
    pub street: usize,
    /// A place on its centre line.
    pub middle: Pt,
}

/// How the ground is divided.
#[derive(Clone, Debug, Default)]
pub struct Division {
    /// Blocks that can be built on or farmed.
    pub blocks: Vec<Block>,
    /// Green strips.
    pub strips: Vec<Strip>,
    /// Street land.
    pub street_land: Vec<StreetLand>,
    /// Outlines of the pieces of the river and the canal, for land use: `(ring, is river)`.
    pub water: Vec<(Ring, bool)>,
    /// Nodes of the street pieces: chains of half-edges between junctions.
    pub pieces: Vec<Vec<usize>>,
}

/// Divides the ground.
pub fn divide(network: &Network) -> Division {
    let graph = &network.graph;
    let mut out = Division::default();
    // The building line of each face, one point per vertex of the face.
    let mut lines: Vec<Ring> = Vec::with_capacity(graph.faces.len());
    for face in 0..graph.faces.len() {
        let halves = &graph.faces[face];
        let ring = graph.ring(halves);
        let ground = network.ground(face);
        let road: Vec<f64> =
            halves.iter().map(|h| network.class(h / 2).map_or(0.0, half_width)).collect();
        match ground {
            Ground::River | Ground::Canal => {
                out.water.push((ring.clone(), ground == Ground::River));
                lines.push(ring);
            }
            Ground::Belt => {
                let line = snug(&ring, &road).unwrap_or(ring);
                out.strips.push(Strip { ring: dedupe(&line), waterside: true });
                lines.push(line);
            }
            Ground::Land(zone) => {
                let Some(line) = snug(&ring, &road) else {
                    out.strips.push(Strip { ring: ring.clone(), waterside: false });
                    lines.push(ring);
                    continue;
                };
                let unique = dedupe(&line);
                if !zone.rural() && (area(&unique) < 1500.0 || compactness(&unique) < 0.22) {
                    out.strips.push(Strip { ring: unique, waterside: false });
                    lines.push(line);
                    continue;
                }
                let green: Vec<f64> = halves
                    .iter()
                    .map(|h| network.class(h / 2).map_or(0.0, |c| belt(c, zone)))
                    .collect();
                let both: Vec<f64> = road.iter().zip(&green).map(|(a, b)| a + b).collect();
                let inner = if green.iter().any(|g| *g > 0.0) { inset(&ring, &both) } else { None };
                let inner = inner.filter(|inner| meets(&line, inner));
                let block_ring = match &inner {
                    Some(inner) => {
                        belts(&line, inner, &green, &mut out.strips);
                        inner
                    }
                    None => &line,
                };
                out.blocks.push(block(network, face, zone, block_ring));
                lines.push(line);
            }
        }
    }
    out.pieces = pieces(network);
    let mut index = vec![0; 2 * graph.edges.len()];
    for face in &graph.faces {
        for (i, h) in face.iter().enumerate() {
            index[*h] = i;
        }
    }
    for piece in &out.pieces {
        let edge = piece[0] / 2;
        let Some(class) = network.class(edge) else { continue };
        let mut ring = vec![graph.nodes[graph.tail(piece[0])]];
        for h in piece {
            ring.extend(beside(graph, &lines, &index, h ^ 1).iter().rev());
        }
        ring.push(graph.nodes[graph.head(piece[piece.len() - 1])]);
        for h in piece.iter().rev() {
            ring.extend(beside(graph, &lines, &index, *h).iter().rev());
        }
        let ring = dedupe(&ring);
        let middle = graph.nodes[graph.tail(piece[piece.len() / 2])];
        if ring.len() > 2 && area(&ring) > 5.0 {
            let street = network.lines[graph.edges[edge].line].street;
            out.street_land.push(StreetLand { ring, class, street, middle });
        }
    }
    out
}

/// Shrinks a face to its building lines, less where it is too narrow for them.
fn snug(ring: &[Pt], road: &[f64]) -> Option<Ring> {
    [1.0, 0.6, 0.3].into_iter().find_map(|share| {
        let distance: Vec<f64> = road.iter().map(|d| d * share).collect();
        inset(ring, &distance).filter(|line| meets(ring, line))
    })
}

/// Tells whether the strips between a ring and its shrunken self are in order, edge by edge.
fn meets(outer: &[Pt], inner: &[Pt]) -> bool {
    let n = outer.len();
    (0..n).all(|i| {
        let j = (i + 1) % n;
        let strip = dedupe(&[outer[i], outer[j], inner[j], inner[i]]);
        if strip.len() < 3 {
            return true;
        }
        let size = area(&strip);
        // Rounding to centimetres may tilt a long edge by so much.
        let tilt = 0.1 + 0.03 * (outer[j] - outer[i]).len();
        size > -tilt && (size < tilt || strip.len() == 3 || crate::geom::is_simple(&strip))
    })
}

/// The two points of the building line beside a half-edge, in its direction.
fn beside(graph: &Graph, lines: &[Ring], index: &[usize], h: usize) -> Vec<Pt> {
    let Some(face) = graph.face_of[h] else { return Vec::new() };
    let line = &lines[face];
    let i = index[h];
    vec![line[i], line[(i + 1) % line.len()]]
}

/// The green belt between the building line and the block, in metres.
fn belt(class: Class, zone: Zone) -> f64 {
    match (class, zone) {
        (Class::Expressway, _) => 18.0,
        (
            Class::Primary,
            Zone::Modern
            | Zone::HighRise
            | Zone::Growth
            | Zone::Tech
            | Zone::Industry
            | Zone::Civic,
        ) => 9.0,
        (Class::Secondary, Zone::Tech | Zone::Growth) => 6.0,
        _ => 0.0,
    }
}

/// Forms one strip for each run of edges that has a belt.
fn belts(outer: &[Pt], inner: &[Pt], green: &[f64], strips: &mut Vec<Strip>) {
    let n = outer.len();
    let Some(first) = (0..n).find(|i| green[*i] <= 0.0) else {
        return;
    };
    let mut k = 1;
    while k <= n {
        let i = (first + k) % n;
        if green[i] <= 0.0 {
            k += 1;
            continue;
        }
        let mut run = vec![i];
        while green[(first + k + 1) % n] > 0.0 && k < n {
            k += 1;
            run.push((first + k) % n);
        }
        k += 1;
        let last = (run[run.len() - 1] + 1) % n;
        let mut ring: Ring = run.iter().map(|v| outer[*v]).collect();
        ring.push(outer[last]);
        ring.push(inner[last]);
        ring.extend(run.iter().rev().map(|v| inner[*v]));
        let ring = dedupe(&ring);
        if ring.len() > 2 && area(&ring) > 60.0 && crate::geom::is_simple(&ring) {
            strips.push(Strip { ring, waterside: false });
        }
    }
}

fn block(network: &Network, face: usize, zone: Zone, line: &[Pt]) -> Block {
    let halves = &network.graph.faces[face];
    let n = line.len();
    let (mut ring, mut sides) = (Vec::new(), Vec::new());
    for i in 0..n {
        if line[i] != line[(i + 1) % n] {
            ring.push(line[i]);
            let edge = halves[i] / 2;
            sides.push(network.class(edge).map(|class| Side {
                class,
                street: network.lines[network.graph.edges[edge].line].street,
            }));
        }
    }
    Block { face, zone, ring, sides }
}

/// Chains of half-edges along one street between junctions.
fn pieces(network: &Network) -> Vec<Vec<usize>> {
    let graph = &network.graph;
    let key = |e: usize| {
        let line = &network.lines[graph.edges[e].line];
        (line.kind, line.street)
    };
    let road = |e: usize| matches!(network.lines[graph.edges[e].line].kind, Kind::Road(_));
    let onward = |h: usize| -> Option<usize> {
        let list = &graph.leaving[graph.head(h)];
        if list.len() != 2 {
            return None;
        }
        let g = if list[0] == (h ^ 1) { list[1] } else { list[0] };
        (key(g / 2) == key(h / 2)).then_some(g)
    };
    let mut done = vec![false; graph.edges.len()];
    let mut out = Vec::new();
    for e in 0..graph.edges.len() {
        if done[e] || !road(e) {
            continue;
        }
        let mut back = 2 * e + 1;
        let mut guard = 0;
        while let Some(g) = onward(back) {
            if g / 2 == e || guard > 10_000 {
                break;
            }
            back = g;
            guard += 1;
        }
        let mut h = back ^ 1;
        let mut chain = vec![h];
        done[h / 2] = true;
        while let Some(g) = onward(h) {
            if done[g / 2] {
                break;
            }
            done[g / 2] = true;
            chain.push(g);
            h = g;
        }
        out.push(chain);
    }
    out
}

/// Joins faces of a graph: the outer rings, each with its holes.
pub fn dissolve(graph: &Graph, inside: &dyn Fn(usize) -> bool) -> Vec<(Ring, Vec<Ring>)> {
    let member = |h: usize| graph.face_of[h].is_some_and(inside);
    let boundary = |h: usize| member(h) && !member(h ^ 1);
    let mut done = vec![false; 2 * graph.edges.len()];
    let (mut outers, mut holes) = (Vec::new(), Vec::new());
    for start in 0..done.len() {
        if done[start] || !boundary(start) {
            continue;
        }
        let mut ring = Vec::new();
        let mut h = start;
        loop {
            done[h] = true;
            ring.push(graph.nodes[graph.tail(h)]);
            let list = &graph.leaving[graph.head(h)];
            let back = list.iter().position(|x| *x == (h ^ 1)).unwrap_or(0);
            let next = (1..=list.len())
                .map(|k| list[(back + list.len() - k) % list.len()])
                .find(|g| boundary(*g));
            match next {
                Some(g) if g != start && !done[g] => h = g,
                _ => break,
            }
        }
        if area(&ring) > 0.0 {
            outers.push((ring, Vec::new()));
        } else {
            holes.push(ring);
        }
    }
    for hole in holes {
        let p = hole[0];
        let home = outers
            .iter_mut()
            .filter(|(o, _): &&mut (Ring, Vec<Ring>)| contains(o, p))
            .min_by(|a, b| area(&a.0).total_cmp(&area(&b.0)));
        if let Some(home) = home {
            home.1.push(hole);
        }
    }
    outers
}

/// A piece of a block with one owner.
#[derive(Clone, Debug)]
pub struct Lot {
    /// Its block.
    pub block: usize,
    /// Its outline.
    pub ring: Ring,
    /// The street along each edge, if any.
    pub sides: Vec<Option<Side>>,
}

/// Cuts a block into lots of about the size its quarter wants.
pub fn lots(blocks: &[Block], seed: u64) -> Vec<Lot> {
    let mut out = Vec::new();
    for (b, block) in blocks.iter().enumerate() {
        let mut rng = Rng::stream(seed, "lots", b as u64);
        let target = match block.zone {
            Zone::Farm => 5.5e4,
            Zone::Industry => 4.6e4,
            Zone::Modern | Zone::HighRise | Zone::Growth => 4.4e4,
            Zone::Older => 3.4e4,
            Zone::Tech | Zone::Mixed => 2.6e4,
            Zone::Core => 2.0e4,
            Zone::OldTown => 1.8e4,
            Zone::Civic => 6.0e4,
            Zone::Sports => 12.0e4,
            Zone::Hill | Zone::Wetland | Zone::LakePark | Zone::Campus => f64::MAX,
        };
        let mut queue = vec![block.ring.clone()];
        while let Some(ring) = queue.pop() {
            match cut(&ring, target, &mut rng) {
                Some((one, two)) => {
                    queue.push(two);
                    queue.push(one);
                }
                None => out.push(lot(b, block, ring)),
            }
        }
    }
    out
}

fn cut(ring: &[Pt], target: f64, rng: &mut Rng) -> Option<(Ring, Ring)> {
    let size = area(ring);
    if size < target * 1.5 {
        return None;
    }
    let (center, axis, long, _) = oriented_box(ring);
    for attempt in 0..6 {
        let wander = 0.04 + 0.04 * f64::from(attempt);
        let p = center + axis * (long * rng.range(-wander, wander));
        if !contains(ring, p) {
            continue;
        }
        if let Some((one, two)) = split(ring, p, axis.left())
            && area(&one).min(area(&two)) > 0.25 * size
            && (area(&one) + area(&two) - size).abs() < 2.0
            && compactness(&one).min(compactness(&two)) > 0.3
        {
            return Some((one, two));
        }
    }
    None
}

fn lot(b: usize, block: &Block, ring: Ring) -> Lot {
    let sides = edges(&ring)
        .map(|(p, q)| {
            let middle = (p + q) * 0.5;
            edges(&block.ring)
                .enumerate()
                .find(|(_, (s, t))| dist_seg(middle, *s, *t) < 0.2)
                .and_then(|(i, _)| block.sides[i])
        })
        .collect();
    Lot { block: b, ring, sides }
}

/// Returns the centre of a lot, inside it.
pub fn middle(ring: &[Pt]) -> Pt {
    let c = centroid(ring);
    if contains(ring, c) { c } else { inner_point(ring) }
}
