//! Checks of heights and depths.

use super::links::{Context, Reporter};
use crate::draft::{End, Found, Link};

/// Checks depths, and the sum of depth and height, at both ends of a line.
pub(super) fn check(context: &Context<'_>, i: usize, link: &Link, report: &mut Reporter<'_>) {
    let known = context.graph.ends.get(i).copied().unwrap_or_default();
    for (node, end) in known.iter().zip([&link.from, &link.to]) {
        depth(context, link, end, report);
        sum(context, end, report);
        let node = node.and_then(|node| context.draft.nodes.get(node));
        if let (Some(node), Some(here)) = (node, end.ground)
            && let Some(there) = node.ground
            && (here - there).abs() > context.limits.level_sum_m
            && !context.disagreeing.contains(&node.code)
        {
            let text = format!("the ground at {} is {here}, that of the point {there}", node.code);
            report.add_at("ground-disagrees", end, text);
        }
    }
}

fn depth(context: &Context<'_>, link: &Link, end: &End, report: &mut Reporter<'_>) {
    let (limits, node) = (context.limits, &end.node);
    let Some(depth) = end.depth else { return };
    if depth > limits.depth_m {
        let text = format!("the depth at {node} is {depth} m, more than {} m", limits.depth_m);
        report.add_at("depth-limit", end, text);
    }
    if depth < -limits.overhead_m {
        let text = format!("the line hangs {} m above the ground at {node}", -depth);
        report.add_at("depth-limit", end, text);
    }
    let Some(laying) = link.laying.as_deref().filter(|_| context.draft.is_survey) else { return };
    if depth < -limits.level_sum_m && !crate::tables::is_overhead(laying) {
        let text = format!("the depth at {node} is {depth} m, but the line is laid in the ground");
        report.add_at("depth-sign", end, text);
    }
    if depth > limits.level_sum_m && matches!(laying, "JK" | "SJ") {
        let text = format!("the depth at {node} is {depth} m, but the line hangs above the ground");
        report.add_at("depth-sign", end, text);
    }
}

fn sum(context: &Context<'_>, end: &End, report: &mut Reporter<'_>) {
    let (Some(ground), Some(z), Some(depth)) = (end.ground, end.elevation, end.depth) else {
        return;
    };
    let sum = z + depth;
    if (ground - sum).abs() > context.limits.level_sum_m {
        let node = &end.node;
        let text = format!(
            "at {node} the ground is at {ground}, depth {depth} and height {z} make {sum:.3}"
        );
        report.add_at("level-sum", end, text);
    }
}

/// Finds points of which the ground fits no line: all that end there are off by the same.
pub(super) fn check_points(context: &Context<'_>, found: &mut Vec<Found>) {
    let (draft, limit) = (context.draft, context.limits.level_sum_m);
    for (node, links) in draft.nodes.iter().zip(&context.graph.links) {
        let links = links.iter().filter_map(|i| draft.links.get(*i));
        let ends = links.flat_map(|link| [&link.from, &link.to]);
        let errors: Vec<f64> = ends
            .filter(|end| end.node == node.code && end.ground == node.ground)
            .filter_map(|end| Some(end.ground? - end.elevation? - end.depth?))
            .collect();
        let Some(&first) = errors.first() else { continue };
        if first.abs() > limit && errors.iter().all(|error| (error - first).abs() <= limit) {
            let code = &node.code;
            let text = format!(
                "the ground at {code} is {first:+.3} m off depth and height of every line there"
            );
            let (feature, at) = (Some(code.clone()), Some(node.at));
            found.push(Found { code: "level-sum", origin: node.origin, feature, at, text });
        }
    }
}
