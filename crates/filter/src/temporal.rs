//! Relations of instants and intervals (OGC 21-065r2, table 9).

use onemap_model::TemporalOp;

/// First and last microsecond since 1970 in UTC, both within; the extremes are open ends.
pub(crate) type Span = (i64, i64);

/// The beginning of what has none.
pub(crate) const EVER: i64 = i64::MIN;
/// The end of what has none.
pub(crate) const NEVER: i64 = i64::MAX;

/// Tells whether the relation holds.
pub(crate) fn holds(op: TemporalOp, (a0, a1): Span, (b0, b1): Span) -> bool {
    let apart = a1 < b0 || a0 > b1;
    match op {
        TemporalOp::After => a0 > b1,
        TemporalOp::Before => a1 < b0,
        TemporalOp::Contains => a0 < b0 && a1 > b1,
        TemporalOp::Disjoint => apart,
        TemporalOp::During => a0 > b0 && a1 < b1,
        TemporalOp::Equals => a0 == b0 && a1 == b1,
        TemporalOp::FinishedBy => a0 < b0 && a1 == b1,
        TemporalOp::Finishes => a0 > b0 && a1 == b1,
        TemporalOp::Intersects => !apart,
        TemporalOp::Meets => a1 == b0,
        TemporalOp::MetBy => a0 == b1,
        TemporalOp::OverlappedBy => a0 > b0 && a0 < b1 && a1 > b1,
        TemporalOp::Overlaps => a0 < b0 && a1 > b0 && a1 < b1,
        TemporalOp::StartedBy => a0 == b0 && a1 > b1,
        TemporalOp::Starts => a0 == b0 && a1 < b1,
    }
}
