//! Nodes and links from rows.

use onemap_model::{Element, Geometry, Note, Value};
use rustc_hash::FxHashMap;

use super::super::axes::Axes;
use super::super::lines::{self, LineRow};
use super::super::points::{Levels, PointRow, Table};
use super::super::topology::{self, Drawn};
use super::super::words;
use super::records::{self, Told};
use super::twins::{self, Twins};
use super::{Rows, flow};
use crate::Options;
use crate::draft::{Draft, Found, Level, Link, Node, Origin, Refused};

/// How far apart lines without named ends may end and still meet, metres; a ten-millionth of that in degrees.
const SNAP_M: f64 = 0.1;
const METRES_PER_DEGREE: f64 = 111_000.0;

/// A corner of a drawn line, with its height where that is known.
type Corner = ([f64; 2], Option<f64>);

/// Where codes stand.
#[derive(Default)]
pub(super) struct Codes {
    /// Node by scope and number.
    by_scope: FxHashMap<(String, String), usize>,
    /// Nodes by number alone.
    by_code: FxHashMap<String, Vec<usize>>,
    /// Further records of a node: where they are, and what they say of place and ground.
    pub(super) records: FxHashMap<usize, Vec<Told>>,
    /// The first record of nodes that may have several.
    pub(super) first: FxHashMap<usize, Told>,
    /// What was surveyed at a node.
    levels: Vec<Levels>,
}

impl Codes {
    /// Finds the node of a number as a line of a scope means it.
    fn find(&self, scope: &str, code: &str) -> Option<usize> {
        let own = self.by_scope.get(&(scope.to_owned(), code.to_owned()));
        own.copied().or_else(|| match self.by_code.get(code)?.as_slice() {
            [one] => Some(*one),
            _ => None,
        })
    }
}

/// Joins rows to nodes and links.
pub(super) fn join(draft: &mut Draft, tables: &[Table], rows: Rows, axes: Axes, options: &Options) {
    let mut codes = Codes::default();
    for (table, row) in rows.points {
        let Some(table) = tables.get(table) else { continue };
        point(draft, &mut codes, table, row, axes);
    }
    records::vote(draft, &codes);
    let mut written = Vec::new();
    let mut drawn: Vec<(Drawn, Option<String>)> = Vec::new();
    let mut made = 0;
    let mut known = Twins::default();
    for (table, row, far) in rows.lines {
        let Some(table) = tables.get(table) else { continue };
        if row.link.from.node.is_empty() || row.link.to.node.is_empty() {
            let LineRow { mut link, shape, flow, .. } = row;
            let level = lines::level(row.levels[0].level, link.system);
            link.from = lines::end(String::new(), row.levels[0], None);
            link.to = lines::end(String::new(), row.levels[1], None);
            link.level =
                (link.from.elevation.is_some() || link.to.elevation.is_some()).then_some(level);
            for corners in shape.iter().flat_map(corners_of) {
                if !table.columns.has_levels() {
                    take_drawn_heights(&mut link, &corners);
                }
                drawn.push((Drawn { link: link.clone(), corners }, flow.clone()));
            }
            continue;
        }
        let flow = row.flow.clone();
        let link = line(draft, &mut codes, table, row, far, axes, &mut made);
        if let Some(code) = known.look(&link, &draft.links) {
            twins::refuse(draft, code, link);
            continue;
        }
        known.add(&link, draft.links.len());
        draft.links.push(link);
        written.push(flow);
    }
    if made > 0 {
        draft.notes.push(Note::assumed(format!(
            "{made} nodes at ends of lines are in no table of points and were made"
        )));
    }
    if !drawn.is_empty() {
        let is_geographic = draft
            .crs
            .as_deref()
            .or(options.crs.as_deref())
            .and_then(|crs| onemap_crs::Crs::parse(crs).ok())
            .is_some_and(|crs| crs.is_geographic());
        let metres = options.snap.filter(|snap| snap.is_finite() && *snap >= 0.0).unwrap_or(SNAP_M);
        let snap = if is_geographic { metres / METRES_PER_DEGREE } else { metres };
        let count = drawn.len();
        // Divided lines have the flow of the whole.
        let by_code: FxHashMap<String, Option<String>> =
            drawn.iter().map(|(line, flow)| (line.link.code.clone(), flow.clone())).collect();
        let before = draft.links.len();
        let (nodes, divided) = topology::join(
            draft,
            drawn.into_iter().map(|(line, _)| line).collect(),
            snap,
            options.split,
        );
        for link in draft.links.iter().skip(before) {
            let divided = || by_code.get(link.code.rsplit_once('/')?.0);
            let whole = by_code.get(&link.code).or_else(divided);
            written.push(whole.cloned().flatten());
        }
        draft.notes.push(Note::assumed(format!(
            "{count} lines do not name their ends; they were joined where they end within {metres} m of each other, at {nodes} new nodes{}",
            if options.split { format!(", and {divided} of them divided where others end on them") } else { String::new() }
        )));
    }
    twins::number(&mut draft.links);
    flow::set(draft, &written);
}

/// Makes a node of a row, or compares the row with the node that has its number.
fn point(draft: &mut Draft, codes: &mut Codes, table: &Table, row: PointRow, axes: Axes) {
    let (at, is_exchanged) = match (row.shape_at, row.pair) {
        (Some(at), _) => (at, false),
        (None, Some(pair)) => axes.place(pair),
        (None, None) => {
            report(
                draft,
                "no-coordinates",
                row.origin,
                &row.code,
                None,
                "the point has no coordinates".into(),
            );
            let reason = "the point has no coordinates; fill them in".into();
            draft.refused.push(Refused { origin: row.origin, code: Some(row.code), reason });
            return;
        }
    };
    let key = (table.scope.clone(), row.code.clone());
    let known = codes.by_scope.get(&key).copied();
    let elsewhere = codes.by_code.get(&row.code).map(Vec::as_slice).unwrap_or_default();
    let same_place =
        |i: &&usize| draft.nodes.get(**i).is_some_and(|node| distance(node.at, at) < 0.001);
    let is_both = table.columns.has(super::super::Role::Linked);
    if let Some(i) = known.or_else(|| elsewhere.iter().find(same_place).copied()) {
        codes.by_scope.insert(key, i);
        if is_both || known.is_none() {
            again(draft, codes, i, &row, at);
        } else {
            let text = format!(
                "the number {} is that of record {} too",
                row.code,
                draft.nodes.get(i).map_or(0, |node| node.origin.record)
            );
            report(draft, "duplicate-point", row.origin, &row.code, Some(at), text);
            let reason = "its number is that of another point; give each its own".into();
            draft.refused.push(Refused { origin: row.origin, code: Some(row.code), reason });
        }
        return;
    }
    if is_exchanged {
        let text =
            format!("X and Y of {} are exchanged: {:?}", row.code, row.pair.unwrap_or_default());
        report(draft, "swapped-coordinates", row.origin, &row.code, Some(at), text);
    }
    let code = if elsewhere.is_empty() {
        row.code.clone()
    } else {
        format!("{}/{}", table.scope, row.code)
    };
    let i = draft.nodes.len();
    if is_both {
        codes.first.insert(i, Told::new(&row, at));
    }
    codes.by_scope.insert(key, i);
    codes.by_code.entry(row.code).or_default().push(i);
    codes.levels.push(row.levels);
    let ground = row.levels.ground;
    let mut extra = row.extra;
    if let Some(feature_code) = row.feature_code {
        let field = field(&mut draft.node_fields, "feature_code");
        extra.push((field, Value::Text(feature_code)));
    }
    draft.nodes.push(Node {
        origin: row.origin,
        code,
        element: Some(words::element(row.feature.as_deref(), row.appurtenance.as_deref())),
        at,
        system: row.system,
        ground,
        bottom: row
            .bottom
            .or_else(|| Some(((ground? - row.well_depth?) * 1000.0).round() / 1000.0)),
        closed: row.closed,
        operable: row.operable,
        feature: row.feature,
        appurtenance: row.appurtenance,
        extra,
        ..Node::default()
    });
}

/// Takes a further record of a point.
fn again(draft: &mut Draft, codes: &mut Codes, i: usize, row: &PointRow, at: [f64; 2]) {
    codes.records.entry(i).or_default().push(Told::new(row, at));
    let Some(node) = draft.nodes.get_mut(i) else { return };
    let differ = |a: &Option<String>, b: &Option<String>| a.is_some() && b.is_some() && a != b;
    let disagrees =
        differ(&node.feature, &row.feature) || differ(&node.appurtenance, &row.appurtenance);
    if node.feature.is_none() && node.appurtenance.is_none() {
        (node.feature, node.appurtenance) = (row.feature.clone(), row.appurtenance.clone());
        node.element = Some(words::element(node.feature.as_deref(), node.appurtenance.as_deref()));
    }
    if disagrees {
        let (code, first) = (node.code.clone(), node.origin.record);
        let text = format!("feature or appurtenance is another than in record {first}");
        report(draft, "point-disagrees", row.origin, &code, Some(at), text);
    }
}

/// Makes a link of a row.
fn line(
    draft: &mut Draft,
    codes: &mut Codes,
    table: &Table,
    row: LineRow,
    far: Option<Levels>,
    axes: Axes,
    made: &mut usize,
) -> Link {
    let LineRow { mut link, levels, shape, pairs, feature_code, .. } = row;
    // Parts of a line that names its ends follow each other.
    let mut corners: Vec<Corner> = shape.iter().flat_map(corners_of).flatten().collect();
    corners.dedup_by(|a, b| a.0 == b.0);
    let mut found = [&link.from.node, &link.to.node].map(|code| codes.find(&table.scope, code));
    let place = |draft: &Draft, i: Option<usize>| draft.nodes.get(i?).map(|node| node.at);
    if let (Some(first), Some(last)) = (corners.first().map(|c| c.0), corners.last().map(|c| c.0)) {
        let apart = |i: usize, at: [f64; 2]| {
            place(draft, found.get(i).copied().flatten()).map_or(0.0, |node| distance(node, at))
        };
        // Drawn from the last point to the first.
        if apart(0, last) + apart(1, first) < apart(0, first) + apart(1, last) {
            corners.reverse();
        }
    }
    let drawn_ends = [corners.first().map(|c| c.0), corners.last().map(|c| c.0)];
    for (i, code) in [link.from.node.clone(), link.to.node.clone()].into_iter().enumerate() {
        let told = pairs.get(i).copied().flatten().map(|pair| axes.place(pair).0);
        let at = told.or(drawn_ends.get(i).copied().flatten().filter(|_| !draft.is_survey));
        let (Some(slot), Some(at)) = (found.get_mut(i), at) else { continue };
        if slot.is_none() {
            *made += 1;
            *slot = Some(draft.nodes.len());
            codes.by_scope.insert((table.scope.clone(), code.clone()), draft.nodes.len());
            codes.by_code.entry(code.clone()).or_default().push(draft.nodes.len());
            codes.levels.push(Levels::default());
            let (origin, system) = (link.origin, link.system);
            draft.nodes.push(Node {
                origin,
                code,
                element: Some(Element::Junction),
                at,
                system,
                ..Node::default()
            });
        }
    }
    let [from, to] = found
        .map(|i| i.and_then(|i| Some((draft.nodes.get(i)?.code.clone(), *codes.levels.get(i)?))));
    let ends = [
        (from, link.from.node.clone(), levels[0]),
        (to, link.to.node.clone(), far.unwrap_or(levels[1])),
    ];
    let [from, to] = ends.map(|(known, code, own)| match known {
        Some((code, point)) => lines::end(code, own, Some(point)),
        None => lines::end(code, own, None),
    });
    let told = levels[0].level.or(far.and_then(|far| far.level));
    let has_levels = from.elevation.is_some() || to.elevation.is_some();
    link.level = has_levels.then(|| lines::level(told, link.system));
    let origin = link.to.origin;
    (link.from, link.to) = (from, to);
    link.to.origin = origin;
    if !table.columns.has_levels() {
        take_drawn_heights(&mut link, &corners);
    }
    link.corners = topology::inner(corners);
    if let Some(code) = feature_code {
        let field = field(&mut draft.link_fields, "feature_code");
        link.extra.push((field, Value::Text(code)));
    }
    link
}

/// Takes the heights of the ends from the line as drawn, where the source has no others.
fn take_drawn_heights(link: &mut Link, corners: &[Corner]) {
    let ends = [corners.first(), corners.last()].map(|corner| corner.and_then(|(_, z)| *z));
    if let ([Some(from), Some(to)], None) = (ends, link.level) {
        (link.from.elevation, link.to.elevation) = (Some(from), Some(to));
        link.level = Some(Level::Centre);
    }
}

/// Returns the corners of the lines of a shape; heights that mean nothing are left off.
fn corners_of(shape: &Geometry) -> Vec<Vec<Corner>> {
    let mut lines = Vec::new();
    shape.for_each_simple(&mut |part| {
        let mut start = 0;
        for end in part.ends.iter().map(|end| *end as usize) {
            let xy = part.xy.get(start..end).unwrap_or_default();
            let z = part.z.get(start..end).unwrap_or_default();
            // Zero is what programs write that know no heights, for all corners or beside those without data.
            let has_gaps = z.iter().any(|z| !z.is_finite() || *z <= -900.0);
            let is_flat_zero = z.iter().all(|z| *z == 0.0);
            let height = |i: usize| {
                z.get(i).copied().filter(|z| {
                    z.is_finite() && *z > -900.0 && !is_flat_zero && !(has_gaps && *z == 0.0)
                })
            };
            lines.push(xy.iter().enumerate().map(|(i, at)| (*at, height(i))).collect());
            start = end;
        }
    });
    lines
}

fn field(names: &mut Vec<String>, name: &str) -> u32 {
    if let Some(position) = names.iter().position(|known| known == name) {
        return position as u32;
    }
    names.push(name.to_owned());
    names.len() as u32 - 1
}

pub(super) fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    libm::hypot(a[0] - b[0], a[1] - b[1])
}

pub(super) fn report(
    draft: &mut Draft,
    code: &'static str,
    origin: Origin,
    feature: &str,
    at: Option<[f64; 2]>,
    text: String,
) {
    draft.found.push(Found { code, origin, feature: Some(feature.to_owned()), at, text });
}
