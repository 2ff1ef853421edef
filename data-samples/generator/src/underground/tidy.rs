//! Where two pipes leave a point side by side, the shorter of them is left out and its pipe begins at the point itself.

use super::Net;

/// Cosine of the least angle between two pipes of a network that meet.
const LEAST: f64 = 0.965;

/// Spreads pipes that leave a point in nearly one direction.
pub(super) fn spread(net: &mut Net) {
    for _ in 0..3 {
        let Some(joins) = narrow(net) else { return };
        for (node, link, middle) in joins {
            straighten(net, node, link, middle);
        }
        compact(net);
    }
    // What is left is bent aside.
    for (node, link, middle) in narrow(net).unwrap_or_default() {
        let here = net.nodes[node].at;
        let way = net.nodes[middle].at - here;
        let beside = net
            .links
            .iter()
            .enumerate()
            .filter(|(k, l)| *k != link && (l.from == node || l.to == node))
            .map(|(_, l)| net.nodes[l.from + l.to - node].at - here)
            .max_by(|a, b| a.unit().dot(way).total_cmp(&b.unit().dot(way)));
        if let Some(other) = beside {
            let side = if other.cross(way) < 0.0 { -0.22 } else { 0.22 };
            net.nodes[middle].at = (net.nodes[middle].at + way.left() * side).cm();
        }
    }
}

/// Points where pipes leave side by side: the point, the shorter link, and that link's other end, which can go.
fn narrow(net: &Net) -> Option<Vec<(usize, usize, usize)>> {
    let mut meets: Vec<Vec<usize>> = vec![Vec::new(); net.nodes.len()];
    for (k, link) in net.links.iter().enumerate() {
        meets[link.from].push(k);
        meets[link.to].push(k);
    }
    let mut out: Vec<(usize, usize, usize)> = Vec::new();
    let mut busy = vec![false; net.nodes.len()];
    for (node, links) in meets.iter().enumerate() {
        for (i, &a) in links.iter().enumerate() {
            for &b in &links[i + 1..] {
                let far = |k: usize| net.links[k].from + net.links[k].to - node;
                let way = |k: usize| (net.nodes[far(k)].at - net.nodes[node].at).unit();
                if way(a).dot(way(b)) < LEAST {
                    continue;
                }
                let (short, long) = if net.length(&net.links[a]) <= net.length(&net.links[b]) {
                    (a, b)
                } else {
                    (b, a)
                };
                let free = |k: &usize| {
                    let m = far(*k);
                    meets[m].len() == 2
                        && net.nodes[m].thing.is_empty()
                        && ![node, m].iter().chain(&others(net, &meets, m)).any(|n| busy[*n])
                };
                if let Some(link) = [short, long].into_iter().find(free) {
                    let m = far(link);
                    for n in [node, m].into_iter().chain(others(net, &meets, m)) {
                        busy[n] = true;
                    }
                    out.push((node, link, m));
                }
            }
        }
    }
    (!out.is_empty()).then_some(out)
}

fn others(net: &Net, meets: &[Vec<usize>], node: usize) -> Vec<usize> {
    meets[node].iter().map(|k| net.links[*k].from + net.links[*k].to - node).collect()
}

/// Lets the pipe beyond `middle` begin at `node`.
fn straighten(net: &mut Net, node: usize, link: usize, middle: usize) {
    let level = net.nodes[node].level;
    for k in 0..net.links.len() {
        let l = &mut net.links[k];
        if k == link {
            // Marked for removal.
            l.to = l.from;
        } else if l.from == middle {
            (l.from, l.start) = (node, level);
        } else if l.to == middle {
            (l.to, l.end) = (node, level);
        }
    }
}

/// Drops links that were marked, pipes from a point to itself, second pipes between two points, and points without pipes.
fn compact(net: &mut Net) {
    let mut seen = std::collections::BTreeSet::new();
    net.links
        .retain(|l| l.from != l.to && seen.insert((l.from.min(l.to), l.from.max(l.to), l.part)));
    let degrees = net.degrees();
    let mut place = vec![usize::MAX; net.nodes.len()];
    let mut nodes = Vec::new();
    for (n, node) in net.nodes.iter().enumerate() {
        if degrees[n] > 0 {
            place[n] = nodes.len();
            nodes.push(node.clone());
        }
    }
    net.nodes = nodes;
    for link in &mut net.links {
        (link.from, link.to) = (place[link.from], place[link.to]);
    }
}
