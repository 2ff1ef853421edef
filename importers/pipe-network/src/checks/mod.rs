//! Checks of a draft: the deterministic list of what survey offices look for.
//!
//! Every rule has a code, a severity and a remedy ([`codes`]). What can only be seen while tables are read (headers,
//! numbers that are none, records of the same point that differ) the reader puts into [`Draft::found`]; everything else
//! is found here, from the draft alone. Findings are sorted by table, record and code.

mod components;
mod graph;
mod levels;
mod limits;
mod links;
mod nodes;
mod rules;

use onemap_model::Finding;
use rustc_hash::FxHashMap;

use crate::draft::{Draft, Found};
use crate::limits::MAX_FINDINGS_PER_RULE;

pub use limits::Limits;
pub use rules::{Rule, codes};

/// Checks a draft.
pub(crate) fn run(draft: &Draft, limits: &Limits) -> Vec<Finding> {
    let graph = graph::Graph::of(draft);
    let mut found: Vec<Found> = draft.found.clone();
    nodes::check(draft, &graph, limits, &mut found);
    links::check(draft, &graph, limits, &mut found);
    components::check(draft, &graph, limits, &mut found);
    let place = |f: &Found| (f.origin.table, f.origin.record);
    found.sort_by(|a, b| {
        place(a).cmp(&place(b)).then_with(|| a.code.cmp(b.code)).then_with(|| a.text.cmp(&b.text))
    });
    found.dedup_by(|a, b| place(a) == place(b) && a.code == b.code && a.text == b.text);
    let mut counts: FxHashMap<&str, usize> = FxHashMap::default();
    found
        .into_iter()
        .filter(|f| {
            let count = counts.entry(f.code).or_default();
            *count += 1;
            *count <= MAX_FINDINGS_PER_RULE
        })
        .filter_map(|f| {
            let rule = rules::rule(f.code)?;
            Some(Finding {
                code: rule.code.to_owned(),
                severity: rule.severity,
                feature: f.feature,
                table: draft.tables.get(f.origin.table as usize).cloned().unwrap_or_default(),
                record: f.origin.record,
                at: f.at,
                text: f.text,
                remedy: rule.remedy.to_owned(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests;
