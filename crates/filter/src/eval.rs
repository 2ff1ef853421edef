//! Asks a feature: three-valued logic over bound names, without allocation for plain comparisons.

use std::cmp::Ordering;

use onemap_model::{ArithmeticOp, CompareOp, FeatureRef, SpatialOp, TemporalOp};

use crate::datum::{Datum, arithmetic};
use crate::fold::Folding;
use crate::like::Pattern;
use crate::spatial::{self, Prepared};
use crate::temporal::{self, EVER, NEVER, Span};

/// True, false or (`None`) not known.
pub(crate) type Truth = Option<bool>;

/// A condition with its names bound.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Literal(Truth),
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Compare {
        op: CompareOp,
        left: Expr,
        right: Expr,
    },
    Between {
        value: Expr,
        low: Expr,
        high: Expr,
    },
    /// `sorted` by [`Datum::compare`], all of one kind; `others` are not constant.
    In {
        value: Expr,
        sorted: Vec<Datum<'static>>,
        others: Vec<Expr>,
    },
    Like {
        value: Expr,
        pattern: Pattern,
    },
    IsNull(Expr),
    /// The feature has no shape.
    NoShape,
    /// `feature op shape`.
    Spatial {
        op: SpatialOp,
        shape: Box<Prepared>,
    },
    /// `feature op feature`.
    Itself(SpatialOp),
    Temporal {
        op: TemporalOp,
        left: Time,
        right: Time,
    },
}

/// A value with its names bound.
#[derive(Debug, Clone)]
pub(crate) enum Expr {
    Constant(Datum<'static>),
    Field(usize),
    Id,
    State,
    /// When the fact began to hold.
    From,
    /// When it held no more.
    To,
    Arithmetic {
        op: ArithmeticOp,
        both: Box<(Expr, Expr)>,
    },
    Fold {
        folding: Folding,
        text: Box<Expr>,
    },
}

/// An instant or interval with its names bound; `last` is added to its end (a day is longer than its
/// midnight).
#[derive(Debug, Clone)]
pub(crate) struct Time {
    pub(crate) from: End,
    pub(crate) to: End,
    pub(crate) last: i64,
}

/// An end of an interval.
#[derive(Debug, Clone)]
pub(crate) enum End {
    Open,
    At(Expr),
    /// The valid time's, which is open when there is none.
    Valid(Expr),
}

impl Node {
    pub(crate) fn ask(&self, feature: &FeatureRef<'_>) -> Truth {
        match self {
            Self::Literal(truth) => *truth,
            Self::And(all) => join(all, false, feature),
            Self::Or(any) => join(any, true, feature),
            Self::Not(inner) => inner.ask(feature).map(|truth| !truth),
            Self::Compare { op, left, right } => {
                let order = left.of(feature).compare(&right.of(feature))?;
                Some(fits(*op, order))
            }
            Self::Between { value, low, high } => {
                let value = value.of(feature);
                let above = value.compare(&low.of(feature)).map(Ordering::is_ge);
                let below = value.compare(&high.of(feature)).map(Ordering::is_le);
                match (above, below) {
                    (Some(false), _) | (_, Some(false)) => Some(false),
                    (Some(true), Some(true)) => Some(true),
                    _ => None,
                }
            }
            Self::In { value, sorted, others } => {
                let value = value.of(feature);
                if value == Datum::Null {
                    return None;
                }
                let order = |item: &Datum<'_>| item.compare(&value).unwrap_or(Ordering::Less);
                if sorted.binary_search_by(order).is_ok() {
                    return Some(true);
                }
                let mut known = true;
                for other in others {
                    match value.compare(&other.of(feature)) {
                        Some(Ordering::Equal) => return Some(true),
                        Some(_) => {}
                        None => known = false,
                    }
                }
                known.then_some(false)
            }
            Self::Like { value, pattern } => match value.of(feature) {
                Datum::Text(text) => Some(pattern.matches(&text)),
                _ => None,
            },
            Self::IsNull(value) => Some(value.is_null(feature)),
            Self::NoShape => Some(feature.geometry.is_none()),
            Self::Spatial { op, shape } => shape.relates(*op, feature.geometry?),
            Self::Itself(op) => Some(spatial::with_itself(*op, feature.geometry?)),
            Self::Temporal { op, left, right } => {
                Some(temporal::holds(*op, left.of(feature)?, right.of(feature)?))
            }
        }
    }
}

/// Joins conditions: `decisive` ends the search, what is not known spoils the contrary.
fn join(nodes: &[Node], decisive: bool, feature: &FeatureRef<'_>) -> Truth {
    let mut known = true;
    for node in nodes {
        match node.ask(feature) {
            Some(truth) if truth == decisive => return Some(decisive),
            Some(_) => {}
            None => known = false,
        }
    }
    known.then_some(!decisive)
}

/// Tells whether the order is one that the operator means.
pub(crate) fn fits(op: CompareOp, order: Ordering) -> bool {
    match op {
        CompareOp::Equal => order.is_eq(),
        CompareOp::NotEqual => order.is_ne(),
        CompareOp::Less => order.is_lt(),
        CompareOp::LessOrEqual => order.is_le(),
        CompareOp::Greater => order.is_gt(),
        CompareOp::GreaterOrEqual => order.is_ge(),
    }
}

impl Expr {
    pub(crate) fn of<'a>(&'a self, feature: &FeatureRef<'a>) -> Datum<'a> {
        let instant = |at: Option<onemap_model::Timestamp>| {
            at.map_or(Datum::Null, |at| Datum::Time(at.as_micros()))
        };
        match self {
            Self::Constant(value) => value.borrowed(),
            Self::Field(i) => feature.values.get(*i).copied().unwrap_or_default().into(),
            Self::Id => Datum::Int(feature.id.get() as i64),
            Self::State => Datum::Text(feature.state.name().into()),
            Self::From => instant(feature.valid.from),
            Self::To => instant(feature.valid.to),
            Self::Arithmetic { op, both } => {
                arithmetic(*op, &both.0.of(feature), &both.1.of(feature))
            }
            Self::Fold { folding, text } => match text.of(feature) {
                Datum::Text(text) => Datum::Text(folding.fold(text)),
                _ => Datum::Null,
            },
        }
    }

    fn is_null(&self, feature: &FeatureRef<'_>) -> bool {
        match self {
            // Bytes are not compared, and yet are there.
            Self::Field(i) => feature.values.get(*i).copied().unwrap_or_default().kind().is_none(),
            other => other.of(feature) == Datum::Null,
        }
    }
}

impl Time {
    fn of(&self, feature: &FeatureRef<'_>) -> Option<Span> {
        let from = self.from.of(feature, EVER)?;
        let to = self.to.of(feature, NEVER)?;
        Some((from, if to == NEVER { to } else { to.saturating_add(self.last) }))
    }
}

impl End {
    fn of(&self, feature: &FeatureRef<'_>, open: i64) -> Option<i64> {
        let value = match self {
            Self::Open => return Some(open),
            Self::At(value) | Self::Valid(value) => value.of(feature),
        };
        match (value, self) {
            (Datum::Time(at), _) => Some(at),
            (_, Self::Valid(_)) => Some(open),
            _ => None,
        }
    }
}
