//! Who is supplied through whom: what runs dry when zones are taken out.
//!
//! Zones and the cuts where water passes are a directed graph; one more vertex, the root, feeds all zones with a source.
//! When one zone is taken out, exactly those run dry that it dominates: those that every way from the root leads through.
//! The dominator tree is made once, by the semi-NCA algorithm (L. Georgiadis, "Linear-Time Algorithms for Dominators and
//! Related Problems", 2005), and numbered so that what a zone dominates stands in one run with prefix sums: the answer
//! has a size, but takes no time. When several are taken out at once, only zones below them in a tree of shortest ways can
//! run dry; those are searched.

use crate::network::NONE;
use crate::scratch::Scratch;
use crate::zones::{Sums, Zones};

/// See the module's text.
#[derive(Debug, Default)]
pub(crate) struct Supply {
    /// How many sources feed the network, hidden parts included.
    pub sources: usize,
    /// Whether a zone has a source.
    fed: Vec<bool>,
    /// What each zone dominates.
    dominated: Runs,
    /// What each zone stands above in the tree of shortest ways.
    below: Runs,
    /// Sums of the zones before each place among the dominated.
    before: Vec<Sums>,
}

/// A tree whose vertices are numbered so that each stands before what is below it, in one run.
#[derive(Debug, Default)]
struct Runs {
    /// Place of each zone, NONE: not in the tree.
    place: Vec<u32>,
    /// Size of the run that begins with it.
    size: Vec<u32>,
    /// Zone at each place.
    zone: Vec<u32>,
}

impl Runs {
    /// Numbers a tree: `order` has each vertex after its parent, `parent` gives the parent's position there, NONE: a root.
    fn new(zones: usize, order: &[u32], parent: &[u32]) -> Self {
        let mut size = vec![1_u32; order.len()];
        for at in (0..order.len()).rev() {
            if parent[at] != NONE {
                size[parent[at] as usize] += size[at];
            }
        }
        // The next free place below each vertex.
        let mut next = vec![0_u32; order.len()];
        let mut free = 0;
        let mut runs =
            Self { place: vec![NONE; zones], size: vec![0; zones], zone: vec![NONE; order.len()] };
        for (at, zone) in order.iter().enumerate() {
            let place = match parent[at] {
                NONE => &mut free,
                parent => &mut next[parent as usize],
            };
            let here = *place;
            *place += size[at];
            next[at] = here + 1;
            runs.place[*zone as usize] = here;
            runs.size[*zone as usize] = size[at];
            runs.zone[here as usize] = *zone;
        }
        runs
    }

    fn run(&self, zone: u32) -> std::ops::Range<usize> {
        match self.place[zone as usize] {
            NONE => 0..0,
            place => place as usize..(place + self.size[zone as usize]) as usize,
        }
    }
}

/// What runs dry besides the zones that were taken out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Dry {
    /// A run among the dominated.
    Run(std::ops::Range<usize>),
    /// These zones, sorted.
    Zones(Vec<u32>),
}

impl Supply {
    pub(crate) fn new(zones: &Zones, mut sources: Vec<u32>) -> Self {
        let count = sources.len();
        sources.sort_unstable();
        sources.dedup();
        let mut fed = vec![false; zones.len()];
        for zone in &sources {
            fed[*zone as usize] = true;
        }
        let (below, dominated) =
            rayon::join(|| shortest_ways(zones, &sources), || dominators(zones, &sources, &fed));
        let mut total = Sums::default();
        let mut before = Vec::with_capacity(dominated.zone.len() + 1);
        before.push(total);
        for zone in &dominated.zone {
            total.add(&zones.sums[*zone as usize]);
            before.push(total);
        }
        Self { sources: count, fed, dominated, below, before }
    }

    /// Tells whether a zone has a source of its own, or is hidden.
    pub(crate) fn is_fed(&self, zone: u32) -> bool {
        self.fed[zone as usize]
    }

    /// Tells whether water comes to a zone, as valves stand.
    pub(crate) fn reaches(&self, zone: u32) -> bool {
        self.below.place[zone as usize] != NONE
    }

    /// Finds what runs dry when zones are taken out, beside what was dry before. `shut` tells of cuts that are shut
    /// besides, `ends` are the zones at them.
    pub(crate) fn dry(
        &self,
        zones: &Zones,
        out: &[u32],
        ends: &[u32],
        shut: &dyn Fn(u32) -> bool,
        scratch: &mut Scratch,
    ) -> Dry {
        if let ([zone], []) = (out, ends) {
            let run = self.dominated.run(*zone);
            return Dry::Run(if run.is_empty() { run } else { run.start + 1..run.end });
        }
        // 0: taken out; 1: may run dry; 2: supplied all the same.
        let marks = &mut scratch.zones;
        marks.begin(zones.len());
        let mut candidates = Vec::new();
        for zone in out.iter().chain(ends) {
            for zone in &self.below.zone[self.below.run(*zone)] {
                if marks.set(*zone, 1) {
                    candidates.push(*zone);
                }
            }
        }
        for zone in out {
            marks.set(*zone, 0);
        }
        scratch.queue.clear();
        for zone in &candidates {
            let outside = |cut: &crate::zones::Cut| {
                cut.flows_in()
                    && !marks.has(cut.other)
                    && self.reaches(cut.other)
                    && !shut(cut.half())
            };
            let supplied = self.fed[*zone as usize] || zones.cuts(*zone).iter().any(outside);
            if marks.get(*zone) == Some(1) && supplied {
                scratch.queue.push(*zone);
            }
        }
        for zone in &scratch.queue {
            marks.set(*zone, 2);
        }
        while let Some(zone) = scratch.queue.pop() {
            for cut in zones.cuts(zone) {
                if cut.flows_out() && marks.get(cut.other) == Some(1) && !shut(cut.half()) {
                    marks.set(cut.other, 2);
                    scratch.queue.push(cut.other);
                }
            }
        }
        let mut dry: Vec<u32> =
            candidates.into_iter().filter(|zone| marks.get(*zone) == Some(1)).collect();
        dry.sort_unstable();
        Dry::Zones(dry)
    }

    /// Returns the zones of an answer.
    pub(crate) fn zones<'a>(&'a self, dry: &'a Dry) -> &'a [u32] {
        match dry {
            Dry::Run(run) => &self.dominated.zone[run.clone()],
            Dry::Zones(zones) => zones,
        }
    }

    /// Tells whether a zone is in an answer.
    pub(crate) fn has(&self, dry: &Dry, zone: u32) -> bool {
        match dry {
            Dry::Run(run) => run.contains(&(self.dominated.place[zone as usize] as usize)),
            Dry::Zones(zones) => zones.binary_search(&zone).is_ok(),
        }
    }

    /// Returns what an answer amounts to.
    pub(crate) fn sums(&self, zones: &Zones, dry: &Dry) -> Sums {
        match dry {
            Dry::Run(run) => self.before[run.end].minus(&self.before[run.start]),
            Dry::Zones(dry) => {
                let mut sums = Sums::default();
                for zone in dry {
                    sums.add(&zones.sums[*zone as usize]);
                }
                sums
            }
        }
    }
}

fn shortest_ways(zones: &Zones, sources: &[u32]) -> Runs {
    let mut order = sources.to_vec();
    let mut parent = vec![NONE; order.len()];
    let mut seen = vec![false; zones.len()];
    for zone in &order {
        seen[*zone as usize] = true;
    }
    let mut at = 0;
    while at < order.len() {
        for cut in zones.cuts(order[at]).iter().filter(|cut| cut.flows_out()) {
            if !std::mem::replace(&mut seen[cut.other as usize], true) {
                order.push(cut.other);
                parent.push(at as u32);
            }
        }
        at += 1;
    }
    Runs::new(zones.len(), &order, &parent)
}

/// Makes the dominator tree. Vertices are numbered in the order of a depth-first search, the root 0, zones from 1.
fn dominators(zones: &Zones, sources: &[u32], fed: &[bool]) -> Runs {
    let mut number = vec![0_u32; zones.len()];
    let mut order = vec![NONE];
    let mut parent = vec![0_u32];
    let mut stack: Vec<(u32, u32)> = Vec::new();
    for source in sources {
        if number[*source as usize] != 0 {
            continue;
        }
        number[*source as usize] = order.len() as u32;
        order.push(*source);
        parent.push(0);
        stack.push((*source, 0));
        while let Some((zone, next)) = stack.pop() {
            let cuts = zones.cuts(zone);
            let found = cuts
                .iter()
                .enumerate()
                .skip(next as usize)
                .find(|(_, cut)| cut.flows_out() && number[cut.other as usize] == 0);
            if let Some((at, cut)) = found {
                stack.push((zone, at as u32 + 1));
                number[cut.other as usize] = order.len() as u32;
                parent.push(number[zone as usize]);
                order.push(cut.other);
                stack.push((cut.other, 0));
            }
        }
    }
    let count = order.len();
    let mut semi: Vec<u32> = (0..count as u32).collect();
    let mut label = semi.clone();
    let mut forest = parent.clone();
    let mut path = Vec::new();
    for w in (1..count as u32).rev() {
        let zone = order[w as usize];
        let mut least = if fed[zone as usize] { 0 } else { parent[w as usize] };
        for cut in zones.cuts(zone).iter().filter(|cut| cut.flows_in()) {
            let v = number[cut.other as usize];
            if v == 0 {
                continue;
            }
            let seen = if v <= w {
                v
            } else {
                // The least semidominator on the way up to those that are not linked yet (greater than w are).
                let mut up = v;
                while forest[up as usize] > w {
                    path.push(up);
                    up = forest[up as usize];
                }
                while let Some(down) = path.pop() {
                    let above = forest[down as usize];
                    if label[above as usize] < label[down as usize] {
                        label[down as usize] = label[above as usize];
                    }
                    forest[down as usize] = forest[above as usize];
                }
                label[v as usize]
            };
            least = least.min(seen);
        }
        semi[w as usize] = least;
        label[w as usize] = least;
    }
    let mut dominator = parent;
    for w in 1..count {
        let mut up = dominator[w];
        while up > semi[w] {
            up = dominator[up as usize];
        }
        dominator[w] = up;
    }
    // Without the root.
    let above: Vec<u32> =
        dominator[1..].iter().map(|up| up.checked_sub(1).unwrap_or(NONE)).collect();
    Runs::new(zones.len(), &order[1..], &above)
}
