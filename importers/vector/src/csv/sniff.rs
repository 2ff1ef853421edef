//! Guesses the separator of a table from its first lines.

use super::tokens::{Row, Rows};

/// How many rows are looked at.
const ROWS: usize = 50;

/// Tells whether a text without a telling name is a table: several columns, the same in nearly all rows.
pub(crate) fn looks_like_table(head: &str, is_whole: bool) -> bool {
    separator(head, is_whole).is_some_and(|found| found.agreement >= 0.9 && found.rows >= 2)
}

/// A separator, and what speaks for it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Separator {
    byte: u8,
    /// Share of the rows that have as many cells as most have.
    agreement: f64,
    columns: usize,
    rows: usize,
}

/// Stands where no separator is: a character that no text has.
pub(super) const NONE: u8 = 0x1f;

/// Decides on the separator: one that the rows agree on, else a comma. Lines of bare WKT, whose commas mean
/// something else, are not separated at all.
pub(super) fn decide(head: &str, is_whole: bool) -> u8 {
    let found = separator(head, is_whole);
    if let Some(found) = found.filter(|found| found.agreement >= 0.9) {
        return found.byte;
    }
    let lines = || head.lines().take(ROWS).filter(|line| !line.trim().is_empty());
    let wkt = lines().filter(|line| crate::sheet::looks_like_shape(line)).count();
    if wkt * 2 > lines().count() {
        return NONE;
    }
    // Titles above a header, and broken rows, leave less agreement.
    let found = found.filter(|found| found.agreement >= 0.5);
    found.map_or(b',', |found| found.byte)
}

/// Finds the separator that splits most rows into the same number of cells; `None` when none splits them.
fn separator(head: &str, is_whole: bool) -> Option<Separator> {
    let mut best: Option<Separator> = None;
    for byte in [b',', b'\t', b';', b'|'] {
        let Some(found) = try_separator(head, is_whole, byte) else { continue };
        let is_better = best
            .is_none_or(|best| (found.agreement, found.columns) > (best.agreement, best.columns));
        if is_better {
            best = Some(found);
        }
    }
    best
}

fn try_separator(head: &str, is_whole: bool, byte: u8) -> Option<Separator> {
    let mut rows = Rows::new(head.as_bytes(), byte);
    let mut row = Row::default();
    let mut counts = Vec::new();
    while counts.len() < ROWS && rows.next(&mut row).ok()? {
        counts.push(row.len());
    }
    // The last row may be cut off where the head ends.
    if !is_whole && counts.len() > 1 && counts.len() < ROWS {
        counts.pop();
    }
    let most = |n: usize| counts.iter().filter(|count| **count == n).count();
    let columns = counts.iter().copied().max_by_key(|n| (most(*n), *n))?;
    if columns < 2 {
        return None;
    }
    let agreement = most(columns) as f64 / counts.len() as f64;
    Some(Separator { byte, agreement, columns, rows: counts.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<char> {
        separator(text, true).map(|s| char::from(s.byte))
    }

    #[test]
    fn the_separator_is_the_one_that_all_rows_share() {
        assert_eq!(found("a,b\n1,2\n"), Some(','));
        assert_eq!(found("a;b\n\"1;x\";2,5\n3;4,5\n"), Some(';'));
        assert_eq!(found("名称\t地址\n甲\t幸福路1号,2号\n"), Some('\t'));
        assert_eq!(found("a|b|c\n1|2|3\n"), Some('|'));
        assert_eq!(found("wkt\nPOINT(1 2)\n"), None);
    }

    #[test]
    fn commas_within_wkt_separate_nothing() {
        assert_eq!(
            decide("LINESTRING(0 0,1 1)\nPOINT(1 2)\nPOLYGON((0 0,1 0,1 1,0 0))|x\n", true),
            NONE
        );
        assert_eq!(decide("g\nSRID=4549;POINT(5 3)\nSRID=4548;POINT(1 1)\n", true), NONE);
        assert_eq!(decide("POINT(1 2);a\nPOINT(2 3);b\n", true), b';');
    }

    #[test]
    fn prose_is_no_table() {
        let prose =
            "This file, as you see, is text.\nIt has commas, but no columns.\nNone at all.\n";
        assert!(!looks_like_table(prose, true));
        assert!(looks_like_table("id,x\n1,2\n3,4\n", true));
    }
}
