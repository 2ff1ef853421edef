//! The valve segments as a whole.

use onemap_model::FeatureId;
use serde::{Deserialize, Serialize};

use crate::network::{LinkIx, NONE, Network, NodeIx};
use crate::zones::{Member, Sums};

/// What no valve separates. Nodes and links are sorted; those without a feature are left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// Its nodes.
    pub nodes: Vec<FeatureId>,
    /// Its links.
    pub links: Vec<FeatureId>,
    /// What it amounts to.
    pub sums: Sums,
}

impl Network {
    /// Returns all valve segments, sorted. One-way links and their surroundings belong together, unless a valve stands
    /// between; closed links stand alone.
    pub fn segments(&self) -> Vec<Segment> {
        let zones = self.zones();
        let mut group = vec![NONE; zones.len()];
        let mut segments = Vec::new();
        for first in 0..zones.len() as u32 {
            if group[first as usize] != NONE {
                continue;
            }
            group[first as usize] = first;
            let mut segment =
                Segment { nodes: Vec::new(), links: Vec::new(), sums: Sums::default() };
            let mut open = vec![first];
            while let Some(zone) = open.pop() {
                segment.sums.add(&zones.sums[zone as usize]);
                for member in zones.members(zone) {
                    match member {
                        Member::Node(node) => segment.nodes.extend(self.node(NodeIx(node)).id()),
                        Member::Link(link) => segment.links.extend(self.link(LinkIx(link)).id()),
                    }
                }
                for cut in zones.cuts(zone) {
                    let one_way_only =
                        cut.flows_in() != cut.flows_out() && self.devices(cut.half()).is_empty();
                    if one_way_only && group[cut.other as usize] == NONE {
                        group[cut.other as usize] = first;
                        open.push(cut.other);
                    }
                }
            }
            segment.nodes.sort_unstable();
            segment.links.sort_unstable();
            if !segment.nodes.is_empty() || !segment.links.is_empty() {
                segments.push(segment);
            }
        }
        segments.sort_by(|a, b| (&a.nodes, &a.links).cmp(&(&b.nodes, &b.links)));
        segments
    }
}
