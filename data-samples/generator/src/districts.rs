//! Subdistricts (街道, 镇) and communities (社区, 村), grown from superblocks so that neighbours share
//! their borders to the last vertex.

use std::collections::{BTreeMap, BinaryHeap};

use crate::blocks::dissolve;
use crate::buildings::Building;
use crate::geom::{Pt, Ring, area, contains, inner_point, pt};
use crate::names::{Name, Names};
use crate::plan::{Zone, to_grid};
use crate::streets::Network;

/// An administrative area.
#[derive(Clone, Debug)]
pub struct Area {
    /// Code: nine digits for a subdistrict, twelve for a community. The prefix 321399 is not in use.
    pub code: String,
    /// Name.
    pub name: Name,
    /// Index of the subdistrict that a community belongs to.
    pub parent: Option<usize>,
    /// Outer rings, each with its holes.
    pub parts: Vec<(Ring, Vec<Ring>)>,
    /// Area in square metres.
    pub area: f64,
    /// People that live there.
    pub people: u32,
    /// Households.
    pub households: u32,
}

/// Name, pinyin, a place in grid coordinates, whether it is a town (镇).
const SUBDISTRICTS: [(&str, &str, f64, f64, bool); 10] = [
    ("老城街道", "Laocheng Subdistrict", -1300.0, -900.0, false),
    ("市府街道", "Shifu Subdistrict", 200.0, 1500.0, false),
    ("镜湖街道", "Jinghu Subdistrict", -2000.0, 1100.0, false),
    ("运河街道", "Yunhe Subdistrict", 1900.0, 900.0, false),
    ("滨河街道", "Binhe Subdistrict", 900.0, -1700.0, false),
    ("开发区街道", "Kaifaqu Subdistrict", 3300.0, -1700.0, false),
    ("望湖镇", "Wanghu Town", -2600.0, 3200.0, true),
    ("通济镇", "Tongji Town", 2500.0, 3100.0, true),
    ("南湖镇", "Nanhu Town", -3500.0, -2000.0, true),
    ("圩东镇", "Weidong Town", 100.0, -3500.0, true),
];

/// Divides the district. Returns subdistricts and communities.
pub fn build(network: &Network, buildings: &[Building], seed: u64) -> (Vec<Area>, Vec<Area>) {
    let graph = &network.superblocks;
    let n = graph.faces.len();
    let rings: Vec<Ring> = graph.faces.iter().map(|f| graph.ring(f)).collect();
    let size: Vec<f64> = rings.iter().map(|r| area(r)).collect();
    let middle: Vec<Pt> = rings.iter().map(|r| inner_point(r)).collect();
    let zone: Vec<Zone> = middle.iter().map(|p| Zone::at(*p)).collect();
    let mut border: BTreeMap<(usize, usize), f64> = BTreeMap::new();
    for e in 0..graph.edges.len() {
        if let (Some(a), Some(b)) = (graph.face_of[2 * e], graph.face_of[2 * e + 1])
            && a != b
        {
            let long = (graph.nodes[graph.edges[e].a] - graph.nodes[graph.edges[e].b]).len();
            *border.entry((a.min(b), a.max(b))).or_default() += long;
        }
    }
    let mut group: Vec<usize> = (0..n).collect();
    // Merge the smallest group with the neighbour that it shares most border with, until all are big enough.
    loop {
        let mut sizes: BTreeMap<usize, (f64, bool)> = BTreeMap::new();
        for f in 0..n {
            let entry = sizes.entry(group[f]).or_insert((0.0, true));
            entry.0 += size[f];
            entry.1 &= zone[f].rural();
        }
        let least = |rural: bool| if rural { 130.0e4 } else { 44.0e4 };
        let Some((&small, &(_, rural))) = sizes
            .iter()
            .filter(|(_, (s, rural))| *s < least(*rural))
            .min_by(|a, b| a.1.0.total_cmp(&b.1.0))
        else {
            break;
        };
        let mut shared: BTreeMap<usize, f64> = BTreeMap::new();
        for (&(a, b), long) in &border {
            let (ga, gb) = (group[a], group[b]);
            if (ga == small) != (gb == small) {
                let other = if ga == small { gb } else { ga };
                let kin = if sizes[&other].1 == rural { 1.0 } else { 0.35 };
                *shared.entry(other).or_default() += long * kin;
            }
        }
        let Some((&into, _)) = shared.iter().max_by(|a, b| a.1.total_cmp(b.1)) else { break };
        for g in &mut group {
            if *g == small {
                *g = into;
            }
        }
    }
    let ids: Vec<usize> =
        group.iter().copied().collect::<std::collections::BTreeSet<_>>().into_iter().collect();
    let community_of: Vec<usize> =
        group.iter().map(|g| ids.binary_search(g).unwrap_or(0)).collect();
    let rural: Vec<bool> = (0..ids.len())
        .map(|c| (0..n).filter(|f| community_of[*f] == c).all(|f| zone[f].rural()))
        .collect();
    let district_of = grow(&community_of, ids.len(), &border, &middle, &size, &rural);

    let home = |p: Pt| (0..n).find(|f| contains(&rings[*f], p)).map(|f| community_of[f]);
    let mut people = vec![0.0; ids.len()];
    for b in buildings {
        if matches!(b.draft.usage, "住宅" | "农村住宅" | "商住" | "公寓" | "宿舍")
            && b.state == crate::zoning::State::Existing
        {
            let mut net = area(&b.draft.ring);
            net += b.draft.holes.iter().map(|h| area(h)).sum::<f64>();
            if let Some(c) = home(b.at) {
                people[c] += net * f64::from(b.draft.floors) / 44.0;
            }
        }
    }

    let mut names = Names::new(seed ^ 0x2222);
    let mut count = vec![0; SUBDISTRICTS.len()];
    let mut communities = Vec::new();
    for c in 0..ids.len() {
        let parent = district_of[c];
        count[parent] += 1;
        let rural = rural[c];
        let stem = if rural { names.village() } else { names.quarter() };
        let name = if rural {
            Name::new(format!("{}村", stem.zh), format!("{} Village", stem.en))
        } else {
            Name::new(format!("{}社区", stem.zh), format!("{} Community", stem.en))
        };
        let parts = dissolve(graph, &|f| community_of[f] == c);
        let code =
            format!("321399{:03}{:03}", parent + 1, if rural { 200 } else { 0 } + count[parent]);
        communities.push(finish(code, name, Some(parent), parts, people[c]));
    }
    let subdistricts = SUBDISTRICTS
        .iter()
        .enumerate()
        .map(|(d, s)| {
            let parts = dissolve(graph, &|f| district_of[community_of[f]] == d);
            let all = (0..ids.len()).filter(|c| district_of[*c] == d).map(|c| people[c]).sum();
            let code = format!("321399{:03}", d + 1 + if s.4 { 100 } else { 0 });
            finish(code, Name::new(s.0, s.1), None, parts, all)
        })
        .collect();
    (subdistricts, communities)
}

fn finish(
    code: String,
    name: Name,
    parent: Option<usize>,
    parts: Vec<(Ring, Vec<Ring>)>,
    people: f64,
) -> Area {
    let size = parts.iter().map(|(o, h)| area(o) + h.iter().map(|r| area(r)).sum::<f64>()).sum();
    Area {
        code,
        name,
        parent,
        parts,
        area: size,
        people: people as u32,
        households: (people / 2.9) as u32,
    }
}

/// Grows the subdistricts from their middles over neighbouring communities, nearest first, so that
/// each is in one piece.
fn grow(
    community_of: &[usize],
    count: usize,
    border: &BTreeMap<(usize, usize), f64>,
    middle: &[Pt],
    size: &[f64],
    rural: &[bool],
) -> Vec<usize> {
    let mut center = vec![(pt(0.0, 0.0), 0.0); count];
    for (f, c) in community_of.iter().enumerate() {
        center[*c].0 = center[*c].0 + middle[f] * size[f];
        center[*c].1 += size[f];
    }
    let center: Vec<Pt> = center.iter().map(|(p, s)| to_grid(*p * (1.0 / s))).collect();
    let mut next = vec![std::collections::BTreeSet::new(); count];
    for ((a, b), long) in border {
        let (a, b) = (community_of[*a], community_of[*b]);
        if a != b && *long > 30.0 {
            next[a].insert(b);
            next[b].insert(a);
        }
    }
    let mut out = vec![usize::MAX; count];
    let mut heap = BinaryHeap::new();
    let cost = |d: usize, c: usize| {
        let s = SUBDISTRICTS[d];
        // Towns take the countryside, subdistricts the city.
        let kin = if s.4 == rural[c] { 1.0 } else { 1.7 };
        ((center[c] - pt(s.2, s.3)).len() * 10.0 * kin) as i64
    };
    for d in 0..SUBDISTRICTS.len() {
        let seed = (0..count).min_by_key(|c| cost(d, *c)).unwrap_or(0);
        heap.push((std::cmp::Reverse(0), d, seed));
    }
    while let Some((_, d, c)) = heap.pop() {
        if out[c] != usize::MAX {
            continue;
        }
        out[c] = d;
        for &other in &next[c] {
            if out[other] == usize::MAX {
                heap.push((std::cmp::Reverse(cost(d, other)), d, other));
            }
        }
    }
    out.iter().map(|d| if *d == usize::MAX { 0 } else { *d }).collect()
}
