//! What must hold below the ground.

#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;

use onemap_sample_city::underground::{System, Underground};
use onemap_sample_city::{City, SEED};

static UNDER: LazyLock<Underground> = LazyLock::new(|| Underground::build(&City::build(SEED)));

#[test]
fn stats() {
    for net in &UNDER.nets {
        let degrees = net.degrees();
        let long: f64 = net.links.iter().map(|l| net.length(l)).sum();
        let shortest = net.links.iter().map(|l| net.length(l)).fold(f64::MAX, f64::min);
        let longest = net.links.iter().map(|l| net.length(l)).fold(0.0, f64::max);
        let depth: Vec<i64> = net.nodes.iter().map(|n| n.ground - n.level).collect();
        let features = onemap_sample_city::underground::survey::features(net);
        let mut count = std::collections::BTreeMap::new();
        for (n, f) in net.nodes.iter().zip(&features) {
            *count.entry(if f.is_empty() { n.thing } else { f }).or_insert(0) += 1;
        }
        println!(
            "{:?} {} nodes {} links {:.1} km, lengths {shortest:.2}..{longest:.2}, depths {:?}..{:?} isolated {} {count:?}",
            net.system, net.nodes.len(), net.links.len(), long / 1000.0,
            depth.iter().min(), {let mut d = depth.clone(); d.sort(); (d[d.len()/2], d[d.len()*9/10], d[d.len()*99/100], d[d.len()-1])},
            degrees.iter().filter(|d| **d == 0).count(),
        );
    }
    for b in &UNDER.breaches {
        println!("{b:?}");
    }
    let _ = System::ALL;
}
