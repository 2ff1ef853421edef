//! Points with several records, in tables with a row for each end of each line.

use super::super::points::{Levels, PointRow};
use super::network::{Codes, distance, report};
use crate::draft::{Draft, Origin};

/// What one record says of a point.
#[derive(Clone, Copy)]
pub(super) struct Told {
    origin: Origin,
    at: [f64; 2],
    ground: Option<f64>,
    /// Its ground is the sum of its depth and height, and the pipe no deeper than the manhole.
    is_sound: bool,
}

impl Told {
    pub(super) fn new(row: &PointRow, at: [f64; 2]) -> Self {
        let Levels { ground, elevation, depth, .. } = row.levels;
        let error = ground.zip(elevation).zip(depth).map(|((ground, z), depth)| ground - z - depth);
        let is_sum = error.is_some_and(|error| error.abs() <= 0.005);
        let is_within = depth.zip(row.well_depth).is_none_or(|(depth, well)| depth <= well + 0.005);
        Self { origin: row.origin, at, ground, is_sound: is_sum && is_within }
    }
}

/// Compares the records of points that have several: what most of them say is taken, the others are reported.
pub(super) fn vote(draft: &mut Draft, codes: &Codes) {
    let mut several: Vec<usize> = codes.records.keys().copied().collect();
    several.sort_unstable();
    for i in several {
        let (Some(node), Some(more)) = (draft.nodes.get(i), codes.records.get(&i)) else {
            continue;
        };
        let mut records: Vec<Told> = codes.first.get(&i).copied().into_iter().collect();
        records.extend(more.iter().copied());
        let at = most(&records, |a, b| distance(a.at, b.at) <= 0.005).map(|record| record.at);
        let grounds: Vec<Told> =
            records.iter().copied().filter(|record| record.ground.is_some()).collect();
        let near =
            |a: Option<f64>, b: Option<f64>| a.zip(b).is_none_or(|(a, b)| (a - b).abs() <= 0.005);
        let ground =
            most(&grounds, |a, b| near(a.ground, b.ground)).and_then(|record| record.ground);
        let code = node.code.clone();
        for Told { origin, at: here, ground: level, .. } in &records {
            if let Some(at) = at
                && distance(at, *here) > 0.005
            {
                let away = distance(at, *here);
                let text =
                    format!("{code} stands {away:.3} m from where its other records have it");
                report(draft, "point-disagrees", *origin, &code, Some(*here), text);
            }
            if !near(*level, ground)
                && let (Some(level), Some(ground)) = (level, ground)
            {
                let text =
                    format!("the ground at {code} is {level}, in its other records {ground}");
                report(draft, "point-disagrees", *origin, &code, Some(*here), text);
            }
        }
        let depth = draft.nodes.get(i).and_then(|node| Some(node.ground? - node.bottom?));
        if let Some(node) = draft.nodes.get_mut(i) {
            node.at = at.unwrap_or(node.at);
            if node.ground != ground {
                node.bottom = ground
                    .zip(depth)
                    .map(|(ground, depth)| ((ground - depth) * 1000.0).round() / 1000.0);
            }
            node.ground = ground;
        }
    }
}

/// Returns the record that most others agree with; where as many agree with another, one that is right in itself, else
/// the first.
fn most(records: &[Told], agree: impl Fn(&Told, &Told) -> bool) -> Option<Told> {
    // A point with many records does not need all of them to find what most say.
    let some = records.get(..records.len().min(64)).unwrap_or_default();
    let votes = |record: &Told| {
        let count = some.iter().filter(|other| agree(record, other)).count();
        count * 2 + usize::from(record.is_sound)
    };
    let mut best: Option<(usize, Told)> = None;
    for record in some {
        let count = votes(record);
        if best.is_none_or(|(most, _)| count > most) {
            best = Some((count, *record));
        }
    }
    best.map(|(_, record)| record)
}
