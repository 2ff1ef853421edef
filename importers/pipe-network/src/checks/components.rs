//! Parts of a network that are joined to nothing else.

use onemap_model::PipeClass;
use rustc_hash::FxHashMap;

use super::Limits;
use super::graph::Graph;
use super::nodes::is_terminal;
use crate::draft::{Draft, Found};

/// Finds small parts, class by class: those with fewer links than a share of the greatest part of their class, without
/// a source, works or outfall of their own.
pub(super) fn check(draft: &Draft, graph: &Graph, limits: &Limits, found: &mut Vec<Found>) {
    let mut parents: Vec<usize> = (0..draft.nodes.len()).collect();
    for [from, to] in &graph.ends {
        if let (Some(from), Some(to)) = (from, to) {
            let (a, b) = (root(&mut parents, *from), root(&mut parents, *to));
            if let Some(parent) = parents.get_mut(a.max(b)) {
                *parent = a.min(b);
            }
        }
    }
    let mut parts: FxHashMap<usize, Part> = FxHashMap::default();
    for (i, (link, [from, _])) in draft.links.iter().zip(&graph.ends).enumerate() {
        let Some(from) = from else { continue };
        let part = parts.entry(root(&mut parents, *from)).or_default();
        part.links += 1;
        part.first_link.get_or_insert(i);
        part.class = part.class.or(link.system.map(|system| system.class)).or(draft.class);
    }
    for (i, node) in draft.nodes.iter().enumerate() {
        if let Some(part) = parts.get_mut(&root(&mut parents, i)) {
            part.is_terminal |= is_terminal(node);
            part.first_node.get_or_insert(i);
        }
    }
    let mut greatest: FxHashMap<Option<PipeClass>, usize> = FxHashMap::default();
    for part in parts.values() {
        let most = greatest.entry(part.class).or_default();
        *most = part.links.max(*most);
    }
    for part in parts.values() {
        let most = greatest.get(&part.class).copied().unwrap_or(0);
        let is_small = (part.links as f64) < limits.component_share * most as f64;
        let first = part.first_node.and_then(|i| draft.nodes.get(i));
        let link = part.first_link.and_then(|i| draft.links.get(i));
        if let (true, false, Some(node), Some(link)) = (is_small, part.is_terminal, first, link) {
            found.push(Found {
                code: "separate-part",
                origin: link.origin,
                feature: Some(link.code.clone()),
                at: Some(node.at),
                text: format!("{} lines around {} are joined to no other", part.links, node.code),
            });
        }
    }
}

#[derive(Default)]
struct Part {
    links: usize,
    class: Option<PipeClass>,
    is_terminal: bool,
    first_node: Option<usize>,
    first_link: Option<usize>,
}

/// Returns the node that stands for the part of a node, and shortens the way there.
fn root(parents: &mut [usize], mut node: usize) -> usize {
    loop {
        let parent = parents.get(node).copied().unwrap_or(node);
        if parent == node {
            return node;
        }
        let grand = parents.get(parent).copied().unwrap_or(parent);
        if let Some(slot) = parents.get_mut(node) {
            *slot = grand;
        }
        node = grand;
    }
}
