//! Where sewers lead: the outfalls, and the way from every junction of streets to one of them.

use super::System;
use super::streets::Streets;
use crate::city::City;
use crate::graph::Class;

/// How far each junction is from an outfall along the streets, the piece by which it drains, and the outfall.
pub(super) fn drain(
    streets: &Streets,
    chosen: &[bool],
    roots: &[usize],
) -> (Vec<f64>, Vec<Option<usize>>, Vec<usize>) {
    let mut far = vec![f64::MAX; streets.nodes.len()];
    let mut parent = vec![None; streets.nodes.len()];
    let mut of = vec![usize::MAX; streets.nodes.len()];
    for root in roots {
        far[*root] = 0.0;
        of[*root] = *root;
    }
    // Few hundred junctions: no heap needed.
    let mut done = vec![false; far.len()];
    while let Some(node) = (0..far.len())
        .filter(|n| !done[*n] && far[*n] < f64::MAX)
        .min_by(|a, b| far[*a].total_cmp(&far[*b]))
    {
        done[node] = true;
        for &k in streets.at[node].iter().filter(|k| chosen[**k]) {
            let piece = &streets.pieces[k];
            let other = if piece.a == node { piece.b } else { piece.a };
            // Main streets have the trunk sewers.
            let cost = match piece.class {
                Class::Primary | Class::Secondary => 0.75,
                Class::Lane => 1.5,
                _ => 1.0,
            };
            if far[node] + piece.length * cost < far[other] {
                far[other] = far[node] + piece.length * cost;
                parent[other] = Some(k);
                of[other] = of[node];
            }
        }
    }
    (far, parent, of)
}

/// Where the water leaves: storm water at junctions near the river, well apart; sewage at few
/// places. Streets that lead to none are given up.
pub(super) fn roots(
    city: &City,
    streets: &Streets,
    chosen: &mut [bool],
    system: System,
) -> Vec<usize> {
    let river = &city.network.river;
    let bank = |n: usize| {
        let (d, half, _) = river.measure(streets.nodes[n]);
        d.abs() - half
    };
    let mut out: Vec<usize> = Vec::new();
    for part in streets.parts(chosen) {
        let mut nodes: Vec<usize> =
            part.iter().flat_map(|k| [streets.pieces[*k].a, streets.pieces[*k].b]).collect();
        nodes.sort_unstable();
        nodes.dedup();
        let mut near: Vec<usize> =
            nodes.iter().copied().filter(|n| (4.0..110.0).contains(&bank(*n))).collect();
        // Downstream is where the river goes: east, and south.
        let down = |n: usize| streets.nodes[n].x - streets.nodes[n].y;
        near.sort_by(|a, b| down(*b).total_cmp(&down(*a)).then(a.cmp(b)));
        if near.is_empty() || part.len() < 6 {
            for k in part {
                chosen[k] = false;
            }
            continue;
        }
        let between = if system == System::Foul { 950.0 } else { 330.0 };
        let mut apart: Vec<usize> = Vec::new();
        for n in near {
            if apart.iter().all(|m| (streets.nodes[*m] - streets.nodes[n]).len() > between) {
                apart.push(n);
            }
        }
        out.extend(apart);
    }
    out
}
