//! Checks of lines.

use onemap_model::Element;
use rustc_hash::{FxHashMap, FxHashSet};

use super::graph::{Graph, distance, length};
use super::nodes::is_degrees;
use super::{Limits, levels};
use crate::draft::{Draft, End, Found, Level, Link, Section};

/// Lines shorter than this have no slope worth the name, metres.
const LEAST_FOR_SLOPE_M: f64 = 1.0;

/// What checks of lines look at.
pub(super) struct Context<'a> {
    pub(super) draft: &'a Draft,
    pub(super) graph: &'a Graph,
    pub(super) limits: &'a Limits,
    /// Codes of points that were refused.
    refused: FxHashSet<&'a str>,
    /// Codes of points whose records differ.
    pub(super) disagreeing: FxHashSet<String>,
}

/// Takes findings on one line.
pub(super) struct Reporter<'a> {
    link: &'a Link,
    at: Option<[f64; 2]>,
    found: &'a mut Vec<Found>,
}

impl Reporter<'_> {
    /// Reports a finding on the line.
    fn add(&mut self, code: &'static str, text: String) {
        let feature = Some(self.link.code.clone());
        self.found.push(Found { code, origin: self.link.origin, feature, at: self.at, text });
    }

    /// Reports a finding on one end of it.
    pub(super) fn add_at(&mut self, code: &'static str, end: &End, text: String) {
        let origin = end.origin.unwrap_or(self.link.origin);
        let feature = Some(self.link.code.clone());
        self.found.push(Found { code, origin, feature, at: self.at, text });
    }
}

pub(super) fn check(draft: &Draft, graph: &Graph, limits: &Limits, found: &mut Vec<Found>) {
    let degrees = is_degrees(draft);
    let drawn_down = drawn_downhill(draft);
    let refused = draft.refused.iter().filter_map(|refused| refused.code.as_deref()).collect();
    let disagreeing = found.iter().filter(|found| found.code == "point-disagrees");
    let disagreeing = disagreeing.filter_map(|found| found.feature.clone()).collect();
    let context = Context { draft, graph, limits, refused, disagreeing };
    levels::check_points(&context, found);
    for (i, link) in draft.links.iter().enumerate() {
        let corners = graph.corners(draft, i, link);
        let at = corners.as_deref().and_then(middle);
        let mut report = Reporter { link, at, found };
        ends(&context, i, link, &mut report);
        sizes(draft, link, limits, &mut report);
        levels::check(&context, i, link, &mut report);
        if is_gravity(draft, link) && (link.from.elevation.is_none() || link.to.elevation.is_none())
        {
            report.add("no-levels", format!("the inverts of {} are not known", link.code));
        }
        let length = corners.as_deref().filter(|_| !degrees).map(length);
        if let Some(length) = length.filter(|_| link.from.node != link.to.node) {
            lengths(draft, link, length, limits, &mut report);
            slope(draft, link, length, limits, &mut report);
        }
        fall(draft, link, drawn_down.get(&link.origin.table).copied(), limits, &mut report);
    }
    // Models and maps are drawn more simply than pipes lie.
    if draft.is_survey && !degrees {
        angles(draft, graph, limits, found);
    }
}

fn middle(corners: &[[f64; 2]]) -> Option<[f64; 2]> {
    let (first, last) = (corners.first()?, corners.last()?);
    Some([f64::midpoint(first[0], last[0]), f64::midpoint(first[1], last[1])])
}

fn ends(context: &Context<'_>, i: usize, link: &Link, report: &mut Reporter<'_>) {
    let known = context.graph.ends.get(i).copied().unwrap_or_default();
    for (node, code) in known.iter().zip([&link.from.node, &link.to.node]) {
        // A point that was refused has a finding of its own.
        if node.is_none() && !context.refused.contains(code.as_str()) {
            report.add("missing-end", format!("the point {code} is not there"));
        }
    }
    if link.from.node == link.to.node {
        report.add("start-is-end", format!("the line begins and ends at {}", link.from.node));
    }
}

fn sizes(draft: &Draft, link: &Link, limits: &Limits, report: &mut Reporter<'_>) {
    let sizes = match link.section {
        Some(Section::Round { diameter }) => [diameter, diameter],
        // Channels of a model are as wide as rivers.
        Some(Section::Box { width, height, .. }) if draft.is_survey => [width, height],
        _ => [limits.section_m.0; 2],
    };
    let (low, high) = limits.section_m;
    if let Some(size) = sizes.into_iter().find(|size| !(low..=high).contains(size)) {
        report.add("section-limit", format!("the section is {:.0} mm", size * 1000.0));
    }
    if let (Some(all), Some(used)) = (link.holes, link.holes_used)
        && used > all
    {
        report.add("holes", format!("{used} of {all} holes are used"));
    }
    if let Some(year) = link.built.as_deref().and_then(year)
        && !(limits.years.0..=limits.years.1).contains(&year)
    {
        report.add("bad-date", format!("the line is of {year}"));
    }
}

/// Reads the year at the beginning of a date.
fn year(text: &str) -> Option<i32> {
    let text = onemap_bounded::text::normalise_width(text);
    let digits: String = text.trim().chars().take_while(char::is_ascii_digit).collect();
    let is_date = matches!(digits.len(), 4 | 6 | 8);
    digits.get(..4).filter(|_| is_date)?.parse().ok()
}

fn is_gravity(draft: &Draft, link: &Link) -> bool {
    // Pumps and weirs have no inverts.
    if link.element.is_some_and(|element| !matches!(element, Element::Pipe | Element::Duct)) {
        return false;
    }
    match link.system {
        Some(system) => system.class.is_gravity(),
        None => draft.class.is_some_and(onemap_model::PipeClass::is_gravity),
    }
}

fn lengths(draft: &Draft, link: &Link, length: f64, limits: &Limits, report: &mut Reporter<'_>) {
    // Beyond all reach a point is wrong, which is a finding of its own.
    if draft.is_survey && (limits.length_m..limits.reach_m).contains(&length) {
        report.add(
            "too-long",
            format!("the line is {length:.2} m long, more than {} m", limits.length_m),
        );
    }
    let is_pipe = link
        .element
        .is_none_or(|element| matches!(element, Element::Pipe | Element::Duct | Element::Cable));
    // A model tells the length apart from the drawing.
    let is_short = draft.is_survey || link.length.is_none_or(|stated| stated < limits.short_m);
    if is_pipe && is_short && length < limits.short_m {
        report.add("too-short", format!("the line is {length:.3} m long"));
    }
    if let Some(stated) = link.length.filter(|stated| draft.is_survey && *stated > 0.0)
        && (stated - length).abs() > (0.1 * length).max(1.0)
    {
        report.add(
            "length-disagrees",
            format!("the line is said to be {stated} m long, its points are {length:.2} m apart"),
        );
    }
}

fn slope(draft: &Draft, link: &Link, length: f64, limits: &Limits, report: &mut Reporter<'_>) {
    let Some((from, to)) = link.from.elevation.zip(link.to.elevation) else { return };
    let slope = (from - to).abs() / length.max(1e-9);
    // Pipes that go up to a device stand upright.
    if draft.is_survey && length >= LEAST_FOR_SLOPE_M && slope > limits.slope {
        report.add(
            "slope-limit",
            format!("the line falls {:.2} m over {length:.2} m", (from - to).abs()),
        );
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
    report: &mut Reporter<'_>,
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
        report
            .add("back-fall", format!("the invert rises {rise:.3} m in {by}, from {from} to {to}"));
    } else if given.is_none() && drawn_down != Some(true) {
        report.add("against-fall", format!("the line is drawn from {from} up to {to}"));
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
