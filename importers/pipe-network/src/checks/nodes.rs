//! Checks of points.

use onemap_model::{Element, PipeClass, Value};
use rustc_hash::FxHashMap;

use super::Limits;
use super::graph::{Graph, distance};
use crate::draft::{Draft, End, Found, Link, Node};
use crate::tables::system_of_code;

/// Words of features, and how many lines meet at such a point.
const DEGREES: &[(&str, usize)] = &[
    ("三通", 3),
    ("三分支", 3),
    ("四通", 4),
    ("四分支", 4),
    ("五通", 5),
    ("五分支", 5),
    ("六通", 6),
    ("六分支", 6),
    ("弯头", 2),
    ("拐点", 2),
    ("转折点", 2),
    ("直通", 2),
    ("直线点", 2),
    ("变径", 2),
    ("变材", 2),
    ("变坡", 2),
    ("起止点", 1),
    ("起讫点", 1),
    ("盖堵", 1),
    ("堵头", 1),
    ("预留口", 1),
    ("预留", 1),
    ("入户", 1),
    ("进户", 1),
    ("出户", 1),
];

pub(super) fn check(draft: &Draft, graph: &Graph, limits: &Limits, found: &mut Vec<Found>) {
    for (i, node) in draft.nodes.iter().enumerate() {
        let links = graph.links.get(i).map(Vec::as_slice).unwrap_or_default();
        one(draft, node, links, found);
    }
    if draft.is_survey {
        class_codes(draft, found);
    }
    same_places(draft, graph, limits, found);
    far_away(draft, limits, found);
}

fn report(found: &mut Vec<Found>, code: &'static str, node: &Node, text: String) {
    let feature = Some(node.code.clone());
    found.push(Found { code, origin: node.origin, feature, at: Some(node.at), text });
}

/// Checks what a point says of itself and of the lines at it.
fn one(draft: &Draft, node: &Node, links: &[usize], found: &mut Vec<Found>) {
    if let (Some(feature), Some(appurtenance)) = (&node.feature, &node.appurtenance) {
        report(
            found,
            "both-kinds",
            node,
            format!("the feature is '{feature}' and the appurtenance '{appurtenance}'"),
        );
    }
    if links.is_empty() && node.on_link.is_none() {
        report(found, "unused-point", node, format!("no line ends at {}", node.code));
    }
    let expected = node.feature.as_deref().and_then(|feature| {
        DEGREES.iter().find(|(word, _)| feature.contains(word)).map(|(_, count)| (feature, *count))
    });
    if let Some((feature, count)) = expected
        && node.appurtenance.is_none()
        && !links.is_empty()
        && links.len() != count
    {
        report(
            found,
            "degree",
            node,
            format!("'{feature}' joins {count} lines, but {} meet at {}", links.len(), node.code),
        );
    }
    if let Some(bottom) = node.bottom {
        let ends = links.iter().filter_map(|i| draft.links.get(*i)).flat_map(|link| {
            let at_node = |end: &&End| end.node == node.code;
            [&link.from, &link.to]
                .into_iter()
                .filter(at_node)
                .map(move |end| (link, end))
                .collect::<Vec<_>>()
        });
        for (link, end) in ends {
            if link.level.is_some()
                && let Some(z) = end.elevation
                && z < bottom - 0.05
            {
                report(
                    found,
                    "shallow-manhole",
                    node,
                    format!("the bottom is at {bottom:.3}, {} at {z:.3}", link.code),
                );
                break;
            }
        }
    }
}

/// Compares the class of points with the letters of their numbers, where most numbers of a table have such letters, and
/// with their feature codes.
fn class_codes(draft: &Draft, found: &mut Vec<Found>) {
    let mut agreeing: FxHashMap<u32, (usize, usize)> = FxHashMap::default();
    let by_letters = |node: &Node| system_of_code(&node.code).map(|system| system.class);
    for node in &draft.nodes {
        let count = agreeing.entry(node.origin.table).or_default();
        count.1 += 1;
        let agrees = by_letters(node).is_some()
            && by_letters(node) == node.system.map(|system| system.class);
        count.0 += usize::from(agrees);
    }
    let field = |names: &[String]| names.iter().position(|name| name == "feature_code");
    let (node_code, link_code) = (field(&draft.node_fields), field(&draft.link_fields));
    for node in &draft.nodes {
        let Some(class) = node.system.map(|system| system.class) else { continue };
        let is_convention =
            agreeing.get(&node.origin.table).is_some_and(|(agree, all)| agree * 10 > all * 8);
        if let Some(other) = by_letters(node)
            && is_convention
            && other != class
        {
            report(
                found,
                "class-code",
                node,
                format!(
                    "the number {} is one of {}, the table one of {}",
                    node.code,
                    other.code(),
                    class.code()
                ),
            );
        }
        if let Some(text) = feature_code(&node.extra, node_code)
            && let Some(problem) = wrong_feature_code(text, class, '2')
        {
            report(found, "class-code", node, problem);
        }
    }
    for link in &draft.links {
        if let Some(text) = feature_code(&link.extra, link_code)
            && let Some(class) = link.system.map(|system| system.class)
            && let Some(problem) = wrong_feature_code(text, class, '1')
        {
            let feature = Some(link.code.clone());
            found.push(Found {
                code: "class-code",
                origin: link.origin,
                feature,
                at: None,
                text: problem,
            });
        }
    }
}

fn feature_code(extra: &[(u32, Value)], field: Option<usize>) -> Option<&str> {
    let field = field? as u32;
    extra.iter().find(|(at, _)| *at == field).and_then(|(_, value)| match value {
        Value::Text(text) => Some(text.as_str()),
        _ => None,
    })
}

/// Compares a code of eight digits (5, class, two of the subclass, 1 line or 2 point, ...) with what it is on.
fn wrong_feature_code(code: &str, class: PipeClass, kind: char) -> Option<String> {
    let digits: Vec<char> = code.chars().collect();
    if digits.len() != 8 || digits.first() != Some(&'5') || !digits.iter().all(char::is_ascii_digit)
    {
        return None;
    }
    let expected = char::from_digit(class as u32 + 1, 10);
    let (has_class, has_kind) = (digits.get(1).copied(), digits.get(4).copied());
    if has_class != expected {
        return Some(format!("the feature code {code} is not one of {}", class.code()));
    }
    let is_kind = has_kind == Some(kind) || has_kind == Some('3');
    (!is_kind).then(|| {
        format!(
            "the feature code {code} is not one of a {}",
            if kind == '1' { "line" } else { "point" }
        )
    })
}

/// Finds points at the same place. Heights count where both have one, so that a pole stands over a pipe without harm.
fn same_places(draft: &Draft, graph: &Graph, limits: &Limits, found: &mut Vec<Found>) {
    let size = if is_degrees(draft) { 1e-7 } else { limits.same_place_m.max(1e-6) };
    let cell = |at: [f64; 2]| [(at[0] / size).floor() as i64, (at[1] / size).floor() as i64];
    let mut cells: FxHashMap<[i64; 2], Vec<&Node>> = FxHashMap::default();
    for (i, node) in draft.nodes.iter().enumerate() {
        if node.at.iter().any(|c| !c.is_finite()) {
            continue;
        }
        let [x, y] = cell(node.at);
        let twin = (-1..=1)
            .flat_map(|dx| (-1..=1).map(move |dy| [x.saturating_add(dx), y.saturating_add(dy)]))
            .find_map(|near| {
                cells.get(&near)?.iter().find(|other| {
                    let same_height = match (node.ground, other.ground) {
                        (Some(a), Some(b)) => (a - b).abs() <= limits.same_place_m,
                        _ => true,
                    };
                    let same_class = node.system.map(|s| s.class) == other.system.map(|s| s.class);
                    distance(node.at, other.at) <= size && same_height && same_class
                })
            });
        if let Some(twin) = twin
            && node.on_link.is_none()
            && !are_ends_of_one(draft, graph, i, &twin.code)
        {
            report(
                found,
                "same-place",
                node,
                format!("{} stands where {} does", node.code, twin.code),
            );
        }
        let here = cells.entry([x, y]).or_default();
        // A heap of points at one place needs one of them to be compared with.
        if here.len() < 16 {
            here.push(node);
        }
    }
}

/// Tells whether two nodes may stand at one place because of the link between them: models draw the ends of a pump or
/// valve there, and those of a pipe whose length they state apart.
fn are_ends_of_one(draft: &Draft, graph: &Graph, node: usize, other: &str) -> bool {
    let links = graph.links.get(node).into_iter().flatten().filter_map(|i| draft.links.get(*i));
    let is_drawn_short = |link: &&Link| {
        let pipes = [Element::Pipe, Element::Duct, Element::Cable];
        let is_device = link.element.is_some_and(|element| !pipes.contains(&element));
        is_device || (!draft.is_survey && link.length.is_some())
    };
    links.filter(is_drawn_short).any(|link| link.from.node == other || link.to.node == other)
}

/// Tells whether coordinates are degrees, by their values.
pub(super) fn is_degrees(draft: &Draft) -> bool {
    draft.nodes.iter().all(|node| node.at[0].abs() <= 180.0 && node.at[1].abs() <= 90.0)
        && draft
            .crs
            .as_deref()
            .is_none_or(|crs| onemap_crs::Crs::parse(crs).is_ok_and(|crs| crs.is_geographic()))
}

fn far_away(draft: &Draft, limits: &Limits, found: &mut Vec<Found>) {
    // Without a CRS, small numbers may as well be the metres of a drawing.
    let is_drawing = !draft.is_survey && draft.crs.is_none() && is_degrees(draft);
    if draft.nodes.len() < 5 || is_drawing {
        return;
    }
    let middle = [0, 1].map(|axis| {
        let mut values: Vec<f64> =
            draft.nodes.iter().map(|node| node.at[usize::from(axis == 1)]).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(0.0)
    });
    let reach = if is_degrees(draft) { limits.reach_m / 111_000.0 } else { limits.reach_m };
    for node in &draft.nodes {
        let away = distance(node.at, middle);
        if away.is_nan() || away > reach {
            report(
                found,
                "far-away",
                node,
                format!("{} is {away:.0} from the middle of the network", node.code),
            );
        }
    }
}

/// Tells whether a network begins or ends here by right.
pub(super) fn is_terminal(node: &Node) -> bool {
    node.element.is_some_and(|element| {
        element.is_source() || matches!(element, Element::Outfall | Element::Pump)
    })
}
