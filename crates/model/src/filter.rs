//! What a reader asks of features: OGC CQL2 (21-065r2) as typed expressions. No parsing here, and no answers:
//! `crates/filter` reads filters from outside and asks features.

use std::fmt::{self, Write as _};

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::{Bounds, Geometry, GeometryKind, Timestamp};

/// A condition that a feature meets, does not meet, or (where a value is not known) neither.
///
/// [`fmt::Display`] writes canonical CQL2 text: equal filters give equal text, and the text reads back as an
/// equal filter. Build lists of conditions with [`Filter::all`] and [`Filter::any`], which keep them flat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Filter {
    /// Always, or never.
    Literal(bool),
    /// Every condition is met.
    And(Vec<Filter>),
    /// At least one condition is met.
    Or(Vec<Filter>),
    /// The condition is not met.
    Not(Box<Filter>),
    /// `left op right`.
    Compare {
        /// How the operands are compared.
        op: CompareOp,
        /// The left operand.
        left: Operand,
        /// The right operand.
        right: Operand,
    },
    /// `low <= value <= high`.
    Between {
        /// What is looked at.
        value: Operand,
        /// The least value that is met.
        low: Operand,
        /// The greatest value that is met.
        high: Operand,
    },
    /// The value equals one of a list.
    In {
        /// What is looked at.
        value: Operand,
        /// What it may equal.
        list: Vec<Operand>,
    },
    /// The text matches a pattern: `%` is any text, `_` any one character, `\` takes the next as it is.
    Like {
        /// What is looked at.
        value: Operand,
        /// A text, perhaps folded as the value is.
        pattern: Operand,
    },
    /// The value is not known.
    IsNull(Operand),
    /// A relation in the plane between two shapes.
    Spatial {
        /// The relation.
        op: SpatialOp,
        /// The left shape.
        left: Shape,
        /// The right shape.
        right: Shape,
    },
    /// A relation in time between two instants or intervals.
    Temporal {
        /// The relation.
        op: TemporalOp,
        /// The left time.
        left: TimeOperand,
        /// The right time.
        right: TimeOperand,
    },
}

/// A single value in a filter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Operand {
    /// The feature's value of this name.
    Property(String),
    /// A text.
    Text(String),
    /// A whole number.
    Int(i64),
    /// A finite number.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// A day, as its midnight UTC.
    Date(Timestamp),
    /// An instant.
    Instant(Timestamp),
    /// `left op right` on numbers.
    Arithmetic {
        /// What is done.
        op: ArithmeticOp,
        /// The left number.
        left: Box<Operand>,
        /// The right number.
        right: Box<Operand>,
    },
    /// A text without its case: `CASEI(...)`.
    CaseI(Box<Operand>),
    /// A text without its accents: `ACCENTI(...)`.
    AccentI(Box<Operand>),
}

/// A shape in a filter; heights do not count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Shape {
    /// The feature's shape, by whatever name.
    Property(String),
    /// A shape in lon/lat.
    Literal(Geometry),
    /// A box in lon/lat; one over the antimeridian is a literal of two polygons.
    Box(Bounds),
}

/// An instant or interval in a filter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum TimeOperand {
    /// A property, day or instant.
    At(Operand),
    /// From one to another; `None` is open.
    Interval(Option<Operand>, Option<Operand>),
}

/// Declares an operator with its CQL2 names.
macro_rules! operators {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Returns the name in CQL2's JSON encoding; the text encoding uses the same in any case.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }

            /// Reads a name in any case.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|op| op.name().eq_ignore_ascii_case(name))
            }
        }
    };
}

operators! {
    /// How two values are compared.
    CompareOp {
        /// Equal.
        Equal = "=",
        /// Not equal.
        NotEqual = "<>",
        /// Less.
        Less = "<",
        /// Less or equal.
        LessOrEqual = "<=",
        /// Greater.
        Greater = ">",
        /// Greater or equal.
        GreaterOrEqual = ">=",
    }
}

operators! {
    /// What is done with two numbers.
    ArithmeticOp {
        /// The sum.
        Add = "+",
        /// The difference.
        Subtract = "-",
        /// The product.
        Multiply = "*",
        /// The quotient.
        Divide = "/",
        /// The quotient without its fraction.
        IntegerDivide = "div",
        /// What is left of an integer division.
        Modulo = "%",
        /// The power.
        Power = "^",
    }
}

operators! {
    /// A relation of two shapes as in OGC 06-103r4, clause 6.1.15.
    SpatialOp {
        /// They share a point.
        Intersects = "s_intersects",
        /// They share no point.
        Disjoint = "s_disjoint",
        /// They are the same set of points.
        Equals = "s_equals",
        /// They share points of their boundaries only.
        Touches = "s_touches",
        /// The left lies in the right.
        Within = "s_within",
        /// The right lies in the left.
        Contains = "s_contains",
        /// Both and parts of both, with a common part of their own dimension.
        Overlaps = "s_overlaps",
        /// They share inner points, of less dimension than the greater.
        Crosses = "s_crosses",
    }
}

operators! {
    /// A relation of two times as in CQL2, table 9.
    TemporalOp {
        /// The left begins after the right ends.
        After = "t_after",
        /// The left ends before the right begins.
        Before = "t_before",
        /// The left holds the right, without its ends.
        Contains = "t_contains",
        /// They share no instant.
        Disjoint = "t_disjoint",
        /// The left lies in the right, without its ends.
        During = "t_during",
        /// They begin and end together.
        Equals = "t_equals",
        /// The right begins within the left; they end together.
        FinishedBy = "t_finishedBy",
        /// The left begins within the right; they end together.
        Finishes = "t_finishes",
        /// They share an instant.
        Intersects = "t_intersects",
        /// The left ends where the right begins.
        Meets = "t_meets",
        /// The left begins where the right ends.
        MetBy = "t_metBy",
        /// The right begins first, and ends within the left.
        OverlappedBy = "t_overlappedBy",
        /// The left begins first, and ends within the right.
        Overlaps = "t_overlaps",
        /// They begin together; the right ends first.
        StartedBy = "t_startedBy",
        /// They begin together; the left ends first.
        Starts = "t_starts",
    }
}

impl Filter {
    /// Makes the condition that all are met: nested lists become one, a single condition stays itself.
    pub fn all(conditions: impl IntoIterator<Item = Filter>) -> Self {
        let flat = conditions.into_iter().flat_map(|condition| match condition {
            Self::And(inner) => inner,
            other => vec![other],
        });
        let mut flat: Vec<_> = flat.collect();
        match flat.len() {
            0 => Self::Literal(true),
            1 => flat.remove(0),
            _ => Self::And(flat),
        }
    }

    /// Makes the condition that one is met: nested lists become one, a single condition stays itself.
    pub fn any(conditions: impl IntoIterator<Item = Filter>) -> Self {
        let flat = conditions.into_iter().flat_map(|condition| match condition {
            Self::Or(inner) => inner,
            other => vec![other],
        });
        let mut flat: Vec<_> = flat.collect();
        match flat.len() {
            0 => Self::Literal(false),
            1 => flat.remove(0),
            _ => Self::Or(flat),
        }
    }

    /// Makes the condition that this one is not met.
    #[must_use]
    pub fn negated(self) -> Self {
        Self::Not(Box::new(self))
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(true) => f.write_str("TRUE"),
            Self::Literal(false) => f.write_str("FALSE"),
            Self::And(conditions) => join(f, conditions, " AND ", grouped),
            Self::Or(conditions) => join(f, conditions, " OR ", grouped),
            Self::Not(condition) => write!(f, "NOT ({condition})"),
            Self::Compare { op, left, right } => write!(f, "{left} {} {right}", op.name()),
            Self::Between { value, low, high } => write!(f, "{value} BETWEEN {low} AND {high}"),
            Self::In { value, list } => {
                write!(f, "{value} IN (")?;
                join(f, list, ", ", |f, operand| write!(f, "{operand}"))?;
                f.write_char(')')
            }
            Self::Like { value, pattern } => write!(f, "{value} LIKE {pattern}"),
            Self::IsNull(value) => write!(f, "{value} IS NULL"),
            Self::Spatial { op, left, right } => {
                write!(f, "{}({left}, {right})", op.name().to_ascii_uppercase())
            }
            Self::Temporal { op, left, right } => {
                write!(f, "{}({left}, {right})", op.name().to_ascii_uppercase())
            }
        }
    }
}

/// Writes a condition inside a list of conditions.
fn grouped(f: &mut fmt::Formatter<'_>, condition: &Filter) -> fmt::Result {
    match condition {
        Filter::And(_) | Filter::Or(_) => write!(f, "({condition})"),
        other => write!(f, "{other}"),
    }
}

fn join<T>(
    f: &mut fmt::Formatter<'_>,
    items: impl IntoIterator<Item = T>,
    between: &str,
    mut item: impl FnMut(&mut fmt::Formatter<'_>, T) -> fmt::Result,
) -> fmt::Result {
    for (i, one) in items.into_iter().enumerate() {
        if i > 0 {
            f.write_str(between)?;
        }
        item(f, one)?;
    }
    Ok(())
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Property(name) => quoted(f, name, '"'),
            Self::Text(text) => quoted(f, text, '\''),
            Self::Int(n) => write!(f, "{n}"),
            Self::Float(x) => number(f, *x),
            Self::Bool(true) => f.write_str("TRUE"),
            Self::Bool(false) => f.write_str("FALSE"),
            Self::Date(day) => write!(f, "DATE('{}')", date(*day)),
            Self::Instant(at) => write!(f, "TIMESTAMP('{}')", instant(*at)),
            Self::Arithmetic { op, left, right } => write!(f, "({left} {} {right})", op.name()),
            Self::CaseI(text) => write!(f, "CASEI({text})"),
            Self::AccentI(text) => write!(f, "ACCENTI({text})"),
        }
    }
}

/// Returns the day of a date.
fn date(day: Timestamp) -> String {
    match jiff::Timestamp::from_microsecond(day.as_micros()) {
        Ok(at) => TimeZone::UTC.to_datetime(at).date().to_string(),
        Err(_) => day.to_string(),
    }
}

/// Returns date and time, even at midnight.
fn instant(at: Timestamp) -> String {
    match jiff::Timestamp::from_microsecond(at.as_micros()) {
        Ok(at) => at.to_string(),
        Err(_) => format!("{at}T23:59:59"),
    }
}

/// Writes a name or text between quotes, those inside doubled.
fn quoted(f: &mut fmt::Formatter<'_>, text: &str, quote: char) -> fmt::Result {
    f.write_char(quote)?;
    for c in text.chars() {
        if c == quote {
            f.write_char(quote)?;
        }
        f.write_char(c)?;
    }
    f.write_char(quote)
}

/// Writes a number so that it reads back exactly, and always as a floating-point number.
fn number(f: &mut fmt::Formatter<'_>, x: f64) -> fmt::Result {
    // Zero has one text, whatever its sign: the two are equal.
    write!(f, "{:?}", x + 0.0)
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Property(name) => quoted(f, name, '"'),
            Self::Literal(geometry) => wkt(f, geometry),
            Self::Box(bounds) => {
                f.write_str("BBOX(")?;
                join(f, bounds.to_array(), ",", number)?;
                f.write_char(')')
            }
        }
    }
}

impl fmt::Display for TimeOperand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = match self {
            Self::At(operand) => return write!(f, "{operand}"),
            Self::Interval(from, to) => (from, to),
        };
        f.write_str("INTERVAL(")?;
        join(f, [from, to], ", ", |f, end| match end {
            None => f.write_str("'..'"),
            Some(Operand::Date(day)) => write!(f, "'{}'", date(*day)),
            Some(Operand::Instant(at)) => write!(f, "'{}'", instant(*at)),
            Some(other) => other.fmt(f),
        })?;
        f.write_char(')')
    }
}

/// Writes well-known text without heights and measures.
fn wkt(f: &mut fmt::Formatter<'_>, geometry: &Geometry) -> fmt::Result {
    let name = match geometry.kind {
        GeometryKind::Point => "POINT",
        GeometryKind::MultiPoint => "MULTIPOINT",
        GeometryKind::LineString => "LINESTRING",
        GeometryKind::MultiLineString => "MULTILINESTRING",
        GeometryKind::Polygon => "POLYGON",
        GeometryKind::MultiPolygon => "MULTIPOLYGON",
        GeometryKind::Collection => "GEOMETRYCOLLECTION",
    };
    f.write_str(name)?;
    let rings = |f: &mut fmt::Formatter<'_>, range: std::ops::Range<usize>| {
        list(f, range, |f, ring| list(f, geometry.line_at(ring), coordinate))
    };
    match geometry.kind {
        GeometryKind::Point => list(f, &geometry.xy, coordinate),
        GeometryKind::MultiPoint => {
            list(f, &geometry.xy, |f, at| list(f, std::iter::once(at), coordinate))
        }
        GeometryKind::LineString => list(f, geometry.line_at(0), coordinate),
        GeometryKind::MultiLineString => rings(f, 0..geometry.ends.len()),
        GeometryKind::Polygon => rings(f, 0..geometry.ends.len()),
        GeometryKind::MultiPolygon => list(f, geometry.polygon_ranges(), rings),
        GeometryKind::Collection => list(f, &geometry.members, wkt),
    }
}

/// Writes `(a,b)`, or ` EMPTY` for no items.
fn list<T>(
    f: &mut fmt::Formatter<'_>,
    items: impl IntoIterator<Item = T>,
    item: impl FnMut(&mut fmt::Formatter<'_>, T) -> fmt::Result,
) -> fmt::Result {
    let mut items = items.into_iter().peekable();
    if items.peek().is_none() {
        return f.write_str(" EMPTY");
    }
    f.write_char('(')?;
    join(f, items, ",", item)?;
    f.write_char(')')
}

fn coordinate(f: &mut fmt::Formatter<'_>, &[x, y]: &[f64; 2]) -> fmt::Result {
    number(f, x)?;
    f.write_char(' ')?;
    number(f, y)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floors(op: CompareOp, n: i64) -> Filter {
        Filter::Compare { op, left: Operand::Property("层数".into()), right: Operand::Int(n) }
    }

    #[test]
    fn conditions_are_written_as_cql2_text() {
        let many = Filter::any([
            floors(CompareOp::Greater, 3),
            Filter::all([
                floors(CompareOp::NotEqual, 7).negated(),
                Filter::IsNull(Operand::Property("a \"b\"".into())),
            ]),
        ]);
        let expected = r#""层数" > 3 OR (NOT ("层数" <> 7) AND "a ""b""" IS NULL)"#;
        assert_eq!(many.to_string(), expected);
        let day = Operand::Date("2026-05-01".parse().unwrap());
        let temporal = Filter::Temporal {
            op: TemporalOp::FinishedBy,
            left: TimeOperand::At(Operand::Instant("2026-05-01".parse().unwrap())),
            right: TimeOperand::Interval(Some(day), None),
        };
        assert_eq!(
            temporal.to_string(),
            "T_FINISHEDBY(TIMESTAMP('2026-05-01T00:00:00Z'), INTERVAL('2026-05-01', '..'))"
        );
        let forever = Operand::Date("9999-12-31".parse().unwrap());
        assert_eq!(forever.to_string(), "DATE('9999-12-31')");
        let forever = Operand::Instant("9999-12-31T23:59:59".parse().unwrap());
        assert_eq!(forever.to_string(), "TIMESTAMP('9999-12-31T23:59:59')");
        let text = Filter::Like {
            value: Operand::CaseI(Box::new(Operand::Property("name".into()))),
            pattern: Operand::Text("o'%".into()),
        };
        assert_eq!(text.to_string(), r#"CASEI("name") LIKE 'o''%'"#);
    }

    #[test]
    fn shapes_are_written_as_well_known_text() {
        let mut square = Geometry::polygon(vec![[0.0, -0.0], [1.5, 0.0], [1.5, 1.0], [0.0, 0.0]]);
        let write = |geometry: &Geometry| Shape::Literal(geometry.clone()).to_string();
        assert_eq!(write(&square), "POLYGON((0.0 0.0,1.5 0.0,1.5 1.0,0.0 0.0))");
        square.kind = GeometryKind::MultiPolygon;
        let both = Geometry::collection(vec![
            square,
            Geometry::empty(GeometryKind::Point),
            Geometry { kind: GeometryKind::MultiPoint, ..Geometry::point([1e-9, 2e20]) },
        ]);
        assert_eq!(
            write(&both),
            "GEOMETRYCOLLECTION(MULTIPOLYGON(((0.0 0.0,1.5 0.0,1.5 1.0,0.0 0.0))),POINT EMPTY,\
             MULTIPOINT((1e-9 2e20)))"
        );
        let world = Shape::Box(Bounds::WORLD);
        assert_eq!(world.to_string(), "BBOX(-180.0,-90.0,180.0,90.0)");
    }

    #[test]
    fn lists_of_conditions_stay_flat() {
        let one = || floors(CompareOp::Equal, 1);
        assert_eq!(Filter::all([Filter::all([one(), one()]), one()]), Filter::And(vec![one(); 3]));
        assert_eq!(Filter::any([one()]), one());
        assert_eq!(Filter::any([]), Filter::Literal(false));
    }
}
