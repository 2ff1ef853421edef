//! Checks of lines.

use rustc_hash::FxHashMap;

use super::Limits;
use super::graph::{Graph, distance, length};
use super::nodes::is_degrees;
use crate::draft::{Draft, End, Found, Level, Link, Section};

/// Lines shorter than this have no slope worth the name, metres.
const LEAST_FOR_SLOPE_M: f64 = 1.0;

pub(super) fn check(draft: &Draft, graph: &Graph, limits: &Limits, found: &mut Vec<Found>) {
    let degrees = is_degrees(draft);
    let drawn_down = drawn_downhill(draft);
    for (i, link) in draft.links.iter().enumerate() {
        let corners = graph.corners(draft, i, link);
        let at = corners.as_deref().and_then(middle);
        let mut report = |code: &'static str, text: String| {
            let feature = Some(link.code.clone());
            found.push(Found { code, origin: link.origin, feature, at, text });
        };
        ends(graph, i, link, &mut report);
        sizes(link, limits, &mut report);
        levels(draft, link, limits, &mut report);
        ground(draft, graph, i, link, limits, &mut report);
        let length = corners.as_deref().filter(|_| !degrees).map(length);
        if let Some(length) = length.filter(|_| link.from.node != link.to.node) {
            lengths(draft, link, length, limits, &mut report);
            slope(draft, link, length, limits, &mut report);
        }
        fall(draft, link, drawn_down.get(&link.origin.table).copied(), limits, &mut report);
    }
    if !degrees {
        angles(draft, graph, limits, found);
    }
}

type Report<'a> = dyn FnMut(&'static str, String) + 'a;

fn middle(corners: &[[f64; 2]]) -> Option<[f64; 2]> {
    let (first, last) = (corners.first()?, corners.last()?);
    Some([(first[0] + last[0]) / 2.0, (first[1] + last[1]) / 2.0])
}

fn ends(graph: &Graph, i: usize, link: &Link, report: &mut Report<'_>) {
    let known = graph.ends.get(i).copied().unwrap_or_default();
    for (node, code) in known.iter().zip([&link.from.node, &link.to.node]) {
        if node.is_none() {
            report("missing-end", format!("the point {code} is not there"));
        }
    }
    if link.from.node == link.to.node {
        report("start-is-end", format!("the line begins and ends at {}", link.from.node));
    }
}

fn sizes(link: &Link, limits: &Limits, report: &mut Report<'_>) {
    let sizes = match link.section {
        Some(Section::Round { diameter }) => [diameter, diameter],
        Some(Section::Box { width, height, .. }) => [width, height],
        None => [limits.section_m.0; 2],
    };
    let (low, high) = limits.section_m;
    if let Some(size) = sizes.into_iter().find(|size| !(low..=high).contains(size)) {
        report("section-limit", format!("the section is {:.0} mm", size * 1000.0));
    }
    if let (Some(all), Some(used)) = (link.holes, link.holes_used)
        && used > all
    {
        report("holes", format!("{used} of {all} holes are used"));
    }
    if let Some(year) = link.built.as_deref().and_then(year)
        && !(limits.years.0..=limits.years.1).contains(&year)
    {
        report("bad-date", format!("the line is of {year}"));
    }
}

/// Reads the year at the beginning of a date.
fn year(text: &str) -> Option<i32> {
    let digits: String = text.trim().chars().take_while(char::is_ascii_digit).collect();
    digits
        .get(..4)
        .filter(|_| digits.len() == 4 || digits.len() == 6 || digits.len() == 8)?
        .parse()
        .ok()
}

fn levels(draft: &Draft, link: &Link, limits: &Limits, report: &mut Report<'_>) {
    let overhead = link.laying.as_deref().is_some_and(crate::tables::is_overhead);
    for end in [&link.from, &link.to] {
        let End { node, ground, elevation, depth } = end;
        if let Some(depth) = *depth {
            if depth > limits.depth_m {
                report(
                    "depth-limit",
                    format!("the depth at {node} is {depth} m, more than {} m", limits.depth_m),
                );
            }
            if depth < -limits.overhead_m {
                report(
                    "depth-limit",
                    format!("the line hangs {} m above the ground at {node}", -depth),
                );
            }
            let is_known = link.laying.is_some() && draft.is_survey;
            if is_known && !overhead && depth < -limits.level_sum_m {
                report(
                    "depth-sign",
                    format!("the depth at {node} is {depth} m, but the line is laid in the ground"),
                );
            }
            if is_known
                && matches!(link.laying.as_deref(), Some("JK" | "SJ"))
                && depth > limits.level_sum_m
            {
                report(
                    "depth-sign",
                    format!(
                        "the depth at {node} is {depth} m, but the line hangs above the ground"
                    ),
                );
            }
            if let (Some(ground), Some(z)) = (*ground, *elevation) {
                let error = ground - z - depth;
                if error.abs() > limits.level_sum_m {
                    report(
                        "level-sum",
                        format!(
                            "at {node} the ground is at {ground}, depth {depth} and height {z} make {:.3}",
                            z + depth
                        ),
                    );
                }
            }
        }
    }
    let is_gravity = is_gravity(draft, link);
    if is_gravity && (link.from.elevation.is_none() || link.to.elevation.is_none()) {
        report("no-levels", format!("the inverts of {} are not known", link.code));
    }
}

/// Compares the ground at the ends with that of the points.
fn ground(
    draft: &Draft,
    graph: &Graph,
    i: usize,
    link: &Link,
    limits: &Limits,
    report: &mut Report<'_>,
) {
    let known = graph.ends.get(i).copied().unwrap_or_default();
    for (node, end) in known.iter().zip([&link.from, &link.to]) {
        let node = node.and_then(|node| draft.nodes.get(node));
        if let (Some(node), Some(here)) = (node, end.ground)
            && let Some(there) = node.ground
            && (here - there).abs() > limits.level_sum_m
        {
            report(
                "ground-disagrees",
                format!("the ground at {} is {here}, that of the point {there}", node.code),
            );
        }
    }
}

fn lengths(draft: &Draft, link: &Link, length: f64, limits: &Limits, report: &mut Report<'_>) {
    if draft.is_survey && length > limits.length_m {
        report(
            "too-long",
            format!("the line is {length:.2} m long, more than {} m", limits.length_m),
        );
    }
    if length < limits.short_m {
        report("too-short", format!("the line is {length:.3} m long"));
    }
    if let Some(stated) = link.length.filter(|stated| draft.is_survey && *stated > 0.0)
        && (stated - length).abs() > (0.1 * length).max(1.0)
    {
        report(
            "length-disagrees",
            format!("the line is said to be {stated} m long, its points are {length:.2} m apart"),
        );
    }
}

fn slope(draft: &Draft, link: &Link, length: f64, limits: &Limits, report: &mut Report<'_>) {
    let Some((from, to)) = link.from.elevation.zip(link.to.elevation) else { return };
    let slope = (from - to).abs() / length.max(1e-9);
    // Pipes that go up to a device stand upright.
    if draft.is_survey && length >= LEAST_FOR_SLOPE_M && slope > limits.slope {
        report(
            "slope-limit",
            format!("the line falls {:.2} m over {length:.2} m", (from - to).abs()),
        );
    }
}

fn is_gravity(draft: &Draft, link: &Link) -> bool {
    match link.system {
        Some(system) => system.class.is_gravity(),
        None => draft.class.is_some_and(onemap_model::PipeClass::is_gravity),
    }
}

/// Tells for each table whether its gravity lines are drawn the way they flow: nine tenths of those that fall do.
fn drawn_downhill(draft: &Draft) -> FxHashMap<u32, bool> {
    let mut counts: FxHashMap<u32, (usize, usize)> = FxHashMap::default();
    for link in draft.links.iter().filter(|link| is_gravity(draft, link)) {
        if let Some((from, to)) = link.from.elevation.zip(link.to.elevation)
            && from != to
        {
            let count = counts.entry(link.origin.table).or_default();
            count.0 += usize::from(from > to);
            count.1 += 1;
        }
    }
    counts
        .into_iter()
        .map(|(table, (down, all))| (table, draft.is_survey && down * 10 >= all * 9))
        .collect()
}

/// Finds gravity pipes that rise in the direction of their flow: the given one, else that in which the table is drawn.
fn fall(
    draft: &Draft,
    link: &Link,
    drawn_down: Option<bool>,
    limits: &Limits,
    report: &mut Report<'_>,
) {
    if !is_gravity(draft, link) || link.level == Some(Level::Centre) && draft.is_survey {
        return;
    }
    let Some((from, to)) = link.from.elevation.zip(link.to.elevation) else { return };
    let given = link.flow.filter(|(flow, by)| *by == "given" && *flow != 0).map(|(flow, _)| flow);
    let rise = match given {
        Some(-1) => from - to,
        _ => to - from,
    };
    if rise <= 0.0 {
        return;
    }
    let by = if given.is_some() {
        "the direction of flow that is given"
    } else {
        "the direction in which it is drawn"
    };
    if rise > limits.back_fall_m && (given.is_some() || drawn_down == Some(true)) {
        report("back-fall", format!("the invert rises {rise:.3} m in {by}, from {from} to {to}"));
    } else if given.is_none() && drawn_down != Some(true) {
        report("against-fall", format!("the line is drawn from {from} up to {to}"));
    }
}

/// Finds lines that leave a point at nearly the same direction, in three dimensions.
fn angles(draft: &Draft, graph: &Graph, limits: &Limits, found: &mut Vec<Found>) {
    let least = libm::cos(limits.angle_degrees.to_radians());
    for (n, links) in graph.links.iter().enumerate() {
        // Stars of many lines are cabinets.
        if links.len() < 2 || links.len() > 12 {
            continue;
        }
        let Some(node) = draft.nodes.get(n) else { continue };
        let ways: Vec<(&Link, [f64; 3], usize)> =
            links.iter().filter_map(|&i| way(draft, graph, i, n)).collect();
        for (i, (link, a, far)) in ways.iter().enumerate() {
            for (other, b, other_far) in ways.iter().skip(i + 1) {
                let cosine = a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
                let same_class = link.system.map(|s| s.code) == other.system.map(|s| s.code);
                if far != other_far && same_class && cosine > least {
                    let angle = libm::acos(cosine.clamp(-1.0, 1.0)).to_degrees();
                    let text = format!(
                        "{} and {} leave {} at {angle:.1}° to each other",
                        link.code, other.code, node.code
                    );
                    let feature = Some(other.code.clone());
                    found.push(Found {
                        code: "angle",
                        origin: other.origin,
                        feature,
                        at: Some(node.at),
                        text,
                    });
                }
            }
        }
    }
}

/// Returns the direction in which a link leaves a node, of length one, and the node at its other end.
fn way<'a>(
    draft: &'a Draft,
    graph: &Graph,
    i: usize,
    node: usize,
) -> Option<(&'a Link, [f64; 3], usize)> {
    let link = draft.links.get(i)?;
    let [from, to] = *graph.ends.get(i)?;
    let (from, to) = (from?, to?);
    if from == to {
        return None;
    }
    let mut corners = graph.corners(draft, i, link)?;
    let mut heights = [link.from.elevation, link.to.elevation];
    let far = if from == node { to } else { from };
    if from != node {
        corners.reverse();
        heights.reverse();
    }
    let start = *corners.first()?;
    let next = corners.iter().skip(1).find(|at| distance(start, **at) > 0.05)?;
    let rise = match heights {
        [Some(a), Some(b)] => (b - a) * distance(start, *next) / length(&corners).max(1e-9),
        _ => 0.0,
    };
    let d = [next[0] - start[0], next[1] - start[1], rise];
    let norm = libm::sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
    (norm > 0.0).then(|| (link, d.map(|c| c / norm), far))
}
