//! What must hold below the ground.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use onemap_sample_city::geom::Pt;
use onemap_sample_city::underground::{Net, System, Underground, crossings, metres, survey};
use onemap_sample_city::{City, SEED, write};

static CITY: LazyLock<City> = LazyLock::new(|| City::build(SEED));
static UNDER: LazyLock<Underground> = LazyLock::new(|| Underground::build(&CITY));

/// Sizes of the connected parts, the greatest first.
fn parts(net: &Net) -> Vec<usize> {
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); net.nodes.len()];
    for l in &net.links {
        next[l.from].push(l.to);
        next[l.to].push(l.from);
    }
    let mut seen = vec![false; net.nodes.len()];
    let mut out = Vec::new();
    for start in 0..net.nodes.len() {
        let (mut stack, mut size) = (vec![start], 0);
        while let Some(n) = stack.pop() {
            if !std::mem::replace(&mut seen[n], true) {
                size += 1;
                stack.extend(&next[n]);
            }
        }
        out.extend((size > 0).then_some(size));
    }
    out.sort_unstable_by(|a, b| b.cmp(a));
    out
}

#[test]
fn there_are_about_forty_thousand_points_and_pipes() {
    let all: usize = UNDER.nets.iter().map(|n| n.nodes.len() + n.links.len()).sum();
    assert!((30_000..45_000).contains(&all), "{all}");
    for net in &UNDER.nets {
        assert!(net.links.len() > 1000, "{:?}", net.system);
    }
}

#[test]
fn every_network_is_joined_and_every_part_of_the_sewers_is_large() {
    for net in &UNDER.nets {
        let parts = parts(net);
        if net.system.falls() {
            assert!(parts.iter().all(|p| p * 10 > parts[0]), "{:?} {parts:?}", net.system);
        } else {
            assert_eq!(parts.len(), 1, "{:?} {parts:?}", net.system);
        }
    }
}

#[test]
fn water_in_sewers_falls_from_every_manhole_to_an_end_and_pipes_never_get_narrower() {
    for net in UNDER.nets.iter().filter(|n| n.system.falls()) {
        let mut way: BTreeMap<usize, usize> = BTreeMap::new();
        for (k, l) in net.links.iter().enumerate() {
            assert!(l.start > l.end, "{:?} {k}", net.system);
            assert!(way.insert(l.from, k).is_none(), "two ways out of {}", net.nodes[l.from].code);
        }
        for start in 0..net.nodes.len() {
            let (mut n, mut steps) = (start, 0);
            while let Some(&k) = way.get(&n) {
                let l = &net.links[k];
                if let Some(&next) = way.get(&l.to) {
                    assert!(net.links[next].start <= l.end, "{} jumps up", net.nodes[l.to].code);
                    assert!(net.links[next].section.size().1 >= l.section.size().1);
                }
                n = l.to;
                steps += 1;
                assert!(steps < net.links.len());
            }
            assert!(matches!(net.nodes[n].thing, "排放口" | "泵站"), "{}", net.nodes[n].code);
        }
    }
}

#[test]
fn surveyors_would_accept_lengths_slopes_depths_and_angles() {
    for net in &UNDER.nets {
        let mut places = BTreeSet::new();
        for n in &net.nodes {
            assert!(
                places.insert(((n.at.x * 100.0) as i64, (n.at.y * 100.0) as i64)),
                "{}",
                n.code
            );
        }
        let mut leaving: BTreeMap<usize, Vec<(Pt, f64)>> = BTreeMap::new();
        for l in &net.links {
            let long = net.length(l);
            let code = &net.nodes[l.from].code;
            assert!((0.2..75.0).contains(&long), "{code} {long}");
            assert!(metres(l.start - l.end).abs() < long.max(1.0), "{code} is too steep");
            for (n, z) in [(l.from, l.start), (l.to, l.end)] {
                let depth = metres(net.nodes[n].ground - z);
                assert!((0.1..10.0).contains(&depth), "{code} {depth}");
            }
            let dir = net.nodes[l.to].at - net.nodes[l.from].at;
            let rise = metres(l.end - l.start);
            leaving.entry(l.from).or_default().push((dir, rise));
            leaving.entry(l.to).or_default().push((dir * -1.0, -rise));
        }
        for (n, dirs) in &leaving {
            for (i, a) in dirs.iter().enumerate() {
                for b in &dirs[i + 1..] {
                    let size = |v: &(Pt, f64)| (v.0.dot(v.0) + v.1 * v.1).sqrt();
                    let cosine = (a.0.dot(b.0) + a.1 * b.1) / size(a) / size(b);
                    assert!(cosine < 0.984, "pipes side by side at {}", net.nodes[*n].code);
                }
            }
        }
    }
}

#[test]
fn a_point_has_a_feature_or_an_appurtenance_and_never_both() {
    for net in &UNDER.nets {
        for (node, feature) in net.nodes.iter().zip(survey::features(net)) {
            assert!(node.thing.is_empty() != feature.is_empty(), "{}", node.code);
        }
    }
}

#[test]
fn pipes_pass_each_other_but_for_those_that_were_moved_on_purpose() {
    let crossings = crossings(&UNDER);
    let overlapping = crossings.iter().filter(|c| c.net < 0.0).count();
    let mut pairs: BTreeMap<(System, System), (usize, usize)> = BTreeMap::new();
    for c in &crossings {
        let pair = pairs.entry((c.b.0, c.a.0)).or_default();
        pair.0 += 1;
        pair.1 += usize::from(c.net < 0.0);
    }
    println!("{} crossings, {overlapping} overlap: {pairs:?}", crossings.len());
    assert!(overlapping * 100 < crossings.len() * 3, "{overlapping} of {}", crossings.len());
    assert!(UNDER.breaches.len() >= 8);
    for b in UNDER.breaches.iter().filter(|b| b.vertical) {
        let found = crossings
            .iter()
            .find(|c| (c.a == b.a && c.b == b.b) || (c.a == b.b && c.b == b.a))
            .unwrap_or_else(|| panic!("{b:?} does not cross"));
        assert!((found.net - b.net).abs() < 0.02, "{b:?} is {}", found.net);
    }
}

#[test]
fn at_least_thirty_kinds_of_faults_are_listed_with_their_records() {
    let files: BTreeMap<String, Vec<u8>> = write::files(&CITY).unwrap().into_iter().collect();
    let list: serde_json::Value = serde_json::from_slice(&files["city/pipe_faults.json"]).unwrap();
    let mut kinds = BTreeSet::new();
    let mut places = BTreeSet::new();
    for fault in list["faults"].as_array().unwrap() {
        kinds.insert(fault["kind"].as_str().unwrap());
        assert!(files.contains_key(&format!("city/{}", fault["file"].as_str().unwrap())));
        let place = (fault["file"].as_str(), fault["table"].as_str(), fault["record"].as_u64());
        assert!(place.2 == Some(0) || places.insert(place), "{place:?} has two faults");
    }
    assert!(kinds.len() >= 30, "{} {kinds:?}", kinds.len());
}
