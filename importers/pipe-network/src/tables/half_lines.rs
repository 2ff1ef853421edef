//! Lines of tables that have a row for each of their ends.

use rustc_hash::FxHashMap;

use super::lines::LineRow;
use super::points::Levels;
use crate::draft::{Found, Refused};

/// A line of which one end was met, or both.
struct Pending {
    row: LineRow,
    /// What the row of the other end says of that end.
    far: Option<Levels>,
}

/// Puts the rows of both ends of lines together: A to B with B to A. What is there twice is refused. Returns the lines
/// with the heights of their last ends.
pub(crate) fn join(
    rows: Vec<LineRow>,
    found: &mut Vec<Found>,
    refused: &mut Vec<Refused>,
) -> Vec<(LineRow, Option<Levels>)> {
    let mut lines: Vec<Pending> = Vec::new();
    let mut by_ends: FxHashMap<(String, String), Vec<usize>> = FxHashMap::default();
    for row in rows {
        let (a, b) = (row.link.from.node.clone(), row.link.to.node.clone());
        let ends = if a <= b { (a.clone(), b.clone()) } else { (b.clone(), a.clone()) };
        let known = by_ends.entry(ends).or_default();
        let agrees = |pending: &Pending| {
            pending.row.link.section_text == row.link.section_text
                && pending.row.link.system.map(|s| s.code) == row.link.system.map(|s| s.code)
        };
        let is_open =
            |pending: &Pending| pending.far.is_none() && pending.row.link.from.node == b && a != b;
        let at = |i: &usize| lines.get(*i);
        let other_side = known
            .iter()
            .find(|i| at(i).is_some_and(|p| is_open(p) && agrees(p)))
            .or_else(|| known.iter().find(|i| at(i).is_some_and(is_open)))
            .copied();
        let is_twice = a != b
            && known.iter().any(|i| {
                at(i).is_some_and(|p| (p.row.link.from.node == a || p.far.is_some()) && agrees(p))
            });
        let agreed = other_side.is_none_or(|i| at(&i).is_some_and(agrees));
        if let Some(i) = other_side
            && let Some(pending) = lines.get_mut(i)
        {
            if !agreed {
                let (this, that) =
                    (row.link.section_text.as_deref(), pending.row.link.section_text.as_deref());
                report(
                    found,
                    "sides-disagree",
                    &row,
                    format!(
                        "the record of {b} says {}, this one {}",
                        that.unwrap_or("no section"),
                        this.unwrap_or("no section")
                    ),
                );
            }
            pending.far = Some(first(&row));
            pending.row.link.to.origin = Some(row.link.origin);
            fill(&mut pending.row, row);
            continue;
        }
        if is_twice {
            report(
                found,
                "duplicate-line",
                &row,
                format!("the line from {a} to {b} was already there"),
            );
            refused.push(Refused {
                origin: row.link.origin,
                code: Some(row.link.code),
                reason: format!("the line from {a} to {b} is there twice; remove one of them"),
            });
            continue;
        }
        known.push(lines.len());
        lines.push(Pending { row, far: None });
    }
    let alone = lines.iter().filter(|line| line.far.is_none()).count();
    // Where most lines have both records, one that has not was forgotten.
    if alone * 5 < lines.len() {
        for line in lines
            .iter()
            .filter(|line| line.far.is_none() && line.row.link.from.node != line.row.link.to.node)
        {
            let (a, b) = (&line.row.link.from.node, &line.row.link.to.node);
            report(
                found,
                "one-sided-line",
                &line.row,
                format!("there is a record from {a} to {b}, but none from {b} to {a}"),
            );
        }
    }
    lines.into_iter().map(|line| (line.row, line.far)).collect()
}

fn first(row: &LineRow) -> Levels {
    let [first, _] = row.levels;
    first
}

/// Takes from the second record what the first lacks.
fn fill(line: &mut LineRow, other: LineRow) {
    let (link, more) = (&mut line.link, other.link);
    macro_rules! take {
        ($($field:ident),*) => { $( if link.$field.is_none() { link.$field = more.$field; } )* };
    }
    take!(
        section_text,
        section,
        casing,
        casing_material,
        holes,
        holes_used,
        cables,
        material,
        laying,
        pressure,
        length,
        built,
        owner,
        road,
        state,
        system
    );
}

fn report(found: &mut Vec<Found>, code: &'static str, row: &LineRow, text: String) {
    let feature = Some(row.link.code.clone());
    found.push(Found { code, origin: row.link.origin, feature, at: None, text });
}
