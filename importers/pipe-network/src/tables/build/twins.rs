//! Lines that are there twice.

use rustc_hash::{FxHashMap, FxHashSet};

use super::network::report;
use crate::draft::{Draft, Link, Refused};

/// Finds lines that are there twice.
#[derive(Default)]
pub(super) struct Twins {
    by_ends: FxHashMap<(String, String), Vec<usize>>,
}

impl Twins {
    fn ends(link: &Link) -> (String, String) {
        let (a, b) = (link.from.node.clone(), link.to.node.clone());
        if a <= b { (a, b) } else { (b, a) }
    }

    pub(super) fn add(&mut self, link: &Link, position: usize) {
        self.by_ends.entry(Self::ends(link)).or_default().push(position);
    }

    /// Tells whether a line like this one is there already, and which rule it breaks.
    pub(super) fn look(&self, link: &Link, links: &[Link]) -> Option<&'static str> {
        let is_default = |link: &Link| link.code == format!("{}-{}", link.from.node, link.to.node);
        let known = self.by_ends.get(&Self::ends(link))?.iter().filter_map(|i| links.get(*i));
        for other in known {
            let same_code = link.code == other.code || (is_default(link) && is_default(other));
            let is_reversed = other.from.node == link.to.node && other.from.node != link.from.node;
            let corners_agree = if is_reversed {
                link.corners.iter().map(|c| c.0).eq(other.corners.iter().rev().map(|c| c.0))
            } else {
                link.corners == other.corners
            };
            let levels = |link: &Link| [link.from.elevation, link.to.elevation];
            let same = same_code
                && link.section_text == other.section_text
                && link.casing == other.casing
                && link.system.map(|s| s.code) == other.system.map(|s| s.code)
                && link.extra == other.extra
                && corners_agree
                && (is_reversed || levels(link) == levels(other));
            if same {
                return Some(if is_reversed { "reversed-line" } else { "duplicate-line" });
            }
        }
        None
    }
}

/// Refuses a line that is there already.
pub(super) fn refuse(draft: &mut Draft, code: &'static str, link: Link) {
    let (from, to) = (&link.from.node, &link.to.node);
    let text = match code {
        "reversed-line" => format!("the line from {to} to {from} is there already"),
        _ => format!("the line from {from} to {to} was already there"),
    };
    let reason = format!("{text}; remove one of them");
    report(draft, code, link.origin, &link.code.clone(), None, text);
    draft.refused.push(Refused { origin: link.origin, code: Some(link.code), reason });
}

/// Gives lines that share a code, such as two pipes between the same points, codes of their own.
pub(super) fn number(links: &mut [Link]) {
    let mut taken: FxHashSet<String> = FxHashSet::default();
    let mut last: FxHashMap<String, u32> = FxHashMap::default();
    for link in links {
        let base = link.code.clone();
        while !taken.insert(link.code.clone()) {
            let number = last.entry(base.clone()).or_insert(1);
            *number += 1;
            link.code = format!("{base}#{number}");
        }
    }
}
