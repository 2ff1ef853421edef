//! When what is in a cell changes: contents of nodes are the same for all instants between two changes of their own.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use onemap_model::{FeatureId, GeoCell, Interval, StateSet, Timestamp, ViewSpec, When, morton};
use onemap_store::{LayerView, Query, Slice, StoreError};
use onemap_tile_tree::Item;
use onemap_tiles_3d::item;

use super::draw::rule;
use crate::kept::Made;

/// Changes that are looked through one by one.
const FEW: usize = 512;
/// Different instants of a cell that are known; of a cell with more only its parts are.
const MOST_INSTANTS: usize = 4096;
/// Changes by edits that are looked through before they join the others.
const MOST_EDITS: usize = 1024;

/// A change: where on the Morton curve its feature's middle is, and when, microseconds.
type Change = (u64, i64);

/// The instants at which features of a layer begin or end, in any state, by where their middle is. Those of features
/// that were edited away may still be there: an instant too many divides what could be shared, and does no harm.
pub(crate) struct Timeline {
    settled: Arc<Settled>,
    edited: Vec<Change>,
}

#[derive(Default)]
struct Settled {
    /// Sorted.
    changes: Vec<Change>,
    /// Instants in cells that have more than a few changes, sorted; a cell with too many instants is not there.
    cells: HashMap<GeoCell, Vec<i64>>,
}

/// The time from one change of a cell to the next, microseconds: `i64::MIN` and `i64::MAX` where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: i64,
    pub(crate) to: i64,
}

impl Span {
    const ALWAYS: Self = Self { from: i64::MIN, to: i64::MAX };

    /// Narrows it around an instant by a change.
    fn narrow(&mut self, instant: i64, change: i64) {
        if change <= instant {
            self.from = self.from.max(change);
        } else {
            self.to = self.to.min(change);
        }
    }

    /// Narrows it by sorted changes.
    fn narrow_by(&mut self, instant: i64, changes: &[i64]) {
        let next = changes.partition_point(|&change| change <= instant);
        for at in [next.checked_sub(1), Some(next)].into_iter().flatten() {
            if let Some(&change) = changes.get(at) {
                self.narrow(instant, change);
            }
        }
    }
}

/// Returns what a timeline has to see: all features at all times.
pub(super) fn all_times() -> ViewSpec {
    ViewSpec {
        when: When::Within(Interval::ALWAYS),
        states: Some(StateSet::ALL),
        ..ViewSpec::default()
    }
}

/// Tells whether any feature of a layer, seen at all times, begins or ends.
pub(super) fn has_times(layer: &LayerView<'_>) -> Result<bool, StoreError> {
    Ok(layer.slice()?.to == i64::MAX)
}

/// Returns the slice of time that a view of a layer looks at, as far as a cell is concerned.
pub(super) fn slice_of(
    layer: &LayerView<'_>,
    timeline: Option<&Timeline>,
    cell: GeoCell,
) -> Result<Slice, StoreError> {
    let whole = layer.slice()?;
    let own = |instant: i64| match timeline.and_then(|timeline| timeline.around(cell, instant)) {
        Some(span) if instant != i64::MAX => span.from,
        _ => instant,
    };
    Ok(Slice { from: own(whole.from), to: own(whole.to) })
}

impl Timeline {
    /// Returns the time around an instant in which nothing in a cell changes; `None` when the cell has too many changes to
    /// tell.
    pub(crate) fn around(&self, cell: GeoCell, instant: i64) -> Option<Span> {
        let mut span = Span::ALWAYS;
        let range = range(&self.settled.changes, cell);
        if range.len() <= FEW {
            for &(_, change) in range {
                span.narrow(instant, change);
            }
        } else {
            span.narrow_by(instant, self.settled.cells.get(&cell)?);
        }
        let (first, length) = cell.code_range();
        let is_in = |code: u64| length == 0 || code.wrapping_sub(first) < length;
        for &(_, change) in self.edited.iter().filter(|(code, _)| is_in(*code)) {
            span.narrow(instant, change);
        }
        Some(span)
    }

    fn of(changes: Vec<Change>) -> Self {
        Self { settled: Arc::new(Settled::of(changes)), edited: Vec::new() }
    }

    fn with(&self, more: Vec<Change>) -> Self {
        let mut edited = self.edited.clone();
        edited.extend(more);
        if edited.len() <= MOST_EDITS {
            return Self { settled: Arc::clone(&self.settled), edited };
        }
        edited.extend(&self.settled.changes);
        Self::of(edited)
    }
}

impl Settled {
    fn of(mut changes: Vec<Change>) -> Self {
        changes.sort_unstable();
        changes.dedup();
        changes.shrink_to_fit();
        let mut settled = Self { changes, cells: HashMap::new() };
        let changes = std::mem::take(&mut settled.changes);
        settled.describe(GeoCell::ROOT, &changes);
        settled.changes = changes;
        settled
    }

    /// Returns the instants in a cell, and remembers those of cells with many changes.
    fn describe(&mut self, cell: GeoCell, changes: &[Change]) -> Option<Vec<i64>> {
        let quarters = cell.children().filter(|_| changes.len() > FEW);
        let mut instants: Vec<i64> = Vec::new();
        let mut are_known = true;
        match quarters {
            None => instants.extend(changes.iter().map(|change| change.1)),
            Some(quarters) => {
                for quarter in quarters {
                    match self.describe(quarter, range(changes, quarter)) {
                        Some(more) => instants.extend(more),
                        None => are_known = false,
                    }
                }
            }
        }
        if !are_known {
            return None;
        }
        instants.sort_unstable();
        instants.dedup();
        if instants.len() > MOST_INSTANTS {
            return None;
        }
        if changes.len() > FEW {
            self.cells.insert(cell, instants.clone());
        }
        Some(instants)
    }
}

/// Returns the changes in a cell.
fn range(changes: &[Change], cell: GeoCell) -> &[Change] {
    let (first, length) = cell.code_range();
    let last = first.saturating_add(length.wrapping_sub(1));
    let begin = changes.partition_point(|change| change.0 < first);
    let end = changes.partition_point(|change| change.0 <= last);
    changes.get(begin..end).unwrap_or(&[])
}

/// Returns the changes that a feature makes.
fn changes_of(item: &Item) -> impl Iterator<Item = Change> + use<> {
    let code = morton(GeoCell::place(item.middle));
    let ends = [item.valid.from, item.valid.to].into_iter().flatten();
    ends.map(move |end| (code, Timestamp::as_micros(end)))
}

impl Made for Timeline {
    const REVISIONS: usize = super::trees::REVISIONS;

    fn make(layer: &LayerView<'_>) -> Result<Self, StoreError> {
        let begun = std::time::Instant::now();
        let rule = rule(layer.layer());
        let mut changes = Vec::new();
        layer.for_each(&Query::default(), &mut |feature| {
            if feature.valid != Interval::ALWAYS {
                changes.extend(item(&rule, &feature).iter().flat_map(changes_of));
            }
            ControlFlow::Continue(())
        })?;
        let timeline = Self::of(changes);
        let (changes, seconds) = (timeline.settled.changes.len(), begun.elapsed().as_secs_f64());
        tracing::info!(layer = %layer.layer().id, changes, seconds, "a timeline was made");
        Ok(timeline)
    }

    fn follow(
        before: Arc<Self>,
        layer: &LayerView<'_>,
        ids: &[FeatureId],
    ) -> Result<Self, StoreError> {
        let rule = rule(layer.layer());
        let mut changes = Vec::new();
        for &id in ids {
            for feature in layer.history(id)? {
                let item = onemap_tiles_3d::with_ref(&feature, |feature| item(&rule, feature));
                changes.extend(item.iter().flat_map(changes_of));
            }
        }
        Ok(before.with(changes))
    }

    fn memory(&self) -> usize {
        let cells = self.settled.cells.values().map(|instants| {
            instants.capacity() * size_of::<i64>() + size_of::<(GeoCell, Vec<i64>)>()
        });
        (self.settled.changes.capacity() + self.edited.capacity()) * size_of::<Change>()
            + cells.sum::<usize>()
    }
}

/// Returns the instant by which all instants of a span are asked for, `at` being one of them.
pub(super) fn name_of(from: i64, at: Timestamp) -> Timestamp {
    /// Stands for all that was before the first change: the year 1, microseconds.
    const BEFORE_ALL: i64 = -62_135_596_800_000_000;
    match from {
        i64::MIN if at.as_micros() < BEFORE_ALL => at,
        i64::MIN => Timestamp::from_micros(BEFORE_ALL),
        from => Timestamp::from_micros(from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: f64, y: f64, time: i64) -> Change {
        (morton(GeoCell::place([x, y])), time)
    }

    /// Many features, each with a begin and an end.
    fn changes(count: usize, instants: i64) -> Vec<Change> {
        (0..count as i64)
            .map(|i| {
                let (x, y) = ((i * 7919 % 1000) as f64 / 1e3, (i * 104_729 % 997) as f64 / 1e3);
                at(118.0 + x, 33.0 + y, i * 31 % instants * 10)
            })
            .collect()
    }

    fn slowly(changes: &[Change], cell: GeoCell, instant: i64) -> Span {
        let mut span = Span::ALWAYS;
        for &(_, change) in range(changes, cell) {
            span.narrow(instant, change);
        }
        span
    }

    #[test]
    fn a_cell_stays_the_same_from_its_own_last_change_to_its_next() {
        let mut all = changes(50_000, 200);
        let timeline = Timeline::of(all.clone());
        all.sort_unstable();
        for level in 0..22 {
            let cell = GeoCell::containing([118.4, 33.3], level);
            for instant in [-5, 0, 14, 555, 1_990, 1_991, 3_000] {
                assert_eq!(timeline.around(cell, instant), Some(slowly(&all, cell, instant)));
            }
        }
        let empty = GeoCell::containing([10.0, 10.0], 12);
        assert_eq!(timeline.around(empty, 77), Some(Span::ALWAYS));
    }

    #[test]
    fn what_is_not_known_of_a_wide_cell_is_known_of_its_parts() {
        let timeline = Timeline::of(changes(50_000, 100_000));
        assert_eq!(timeline.around(GeoCell::ROOT, 500), None);
        assert!(timeline.settled.cells.values().all(|cell| cell.len() <= MOST_INSTANTS));
        let small = GeoCell::containing([118.4, 33.3], 14);
        assert!(timeline.around(small, 500).is_some());
    }

    #[test]
    fn edits_divide_time_before_and_after_they_join_the_others() {
        let cell = GeoCell::containing([118.4, 33.3], 16);
        let mut timeline = Timeline::of(vec![at(118.4, 33.3, 100)]);
        for i in 0..3 * MOST_EDITS as i64 {
            timeline = timeline.with(vec![at(118.4, 33.3, 200 + i), at(0.0, 0.0, 150)]);
            assert_eq!(timeline.around(cell, 199), Some(Span { from: 100, to: 200 }));
            assert_eq!(timeline.around(cell, 9_999).map(|span| span.from), Some(200 + i));
            assert!(timeline.edited.len() <= MOST_EDITS);
        }
    }

    #[test]
    fn what_was_before_the_first_change_has_one_name() {
        let time = |text: &str| text.parse::<Timestamp>().unwrap_or_else(|_| unreachable!());
        assert_eq!(name_of(i64::MIN, time("1850")).to_string(), "0001-01-01");
        assert_eq!(name_of(i64::MIN, time("-000500-01-01")), time("-000500-01-01"));
        assert_eq!(name_of(5, time("1990")), Timestamp::from_micros(5));
    }
}
