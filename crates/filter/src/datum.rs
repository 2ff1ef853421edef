//! Values while a filter is answered: what compares with what, and arithmetic.

use std::borrow::Cow;
use std::cmp::Ordering;

use onemap_model::{ArithmeticOp, ValueRef};

/// A value, with dates and instants made one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Datum<'a> {
    /// Not known.
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Cow<'a, str>),
    /// Microseconds since 1970 in UTC.
    Time(i64),
}

impl<'a> From<ValueRef<'a>> for Datum<'a> {
    fn from(value: ValueRef<'a>) -> Self {
        match value {
            ValueRef::Null | ValueRef::Bytes(_) => Self::Null,
            ValueRef::Bool(b) => Self::Bool(b),
            ValueRef::Int(n) => Self::Int(n),
            ValueRef::Float(x) => Self::Float(x),
            ValueRef::Text(s) | ValueRef::Json(s) => Self::Text(Cow::Borrowed(s)),
            ValueRef::Date(t) | ValueRef::DateTime(t) => Self::Time(t.as_micros()),
        }
    }
}

impl Datum<'_> {
    /// Borrows the value.
    pub(crate) fn borrowed(&self) -> Datum<'_> {
        match self {
            Datum::Null => Datum::Null,
            Datum::Bool(b) => Datum::Bool(*b),
            Datum::Int(n) => Datum::Int(*n),
            Datum::Float(x) => Datum::Float(*x),
            Datum::Text(s) => Datum::Text(Cow::Borrowed(s)),
            Datum::Time(t) => Datum::Time(*t),
        }
    }

    /// Compares exactly; `None` where a side is not known, or they are of different kinds.
    pub(crate) fn compare(&self, other: &Datum<'_>) -> Option<Ordering> {
        match (self, other) {
            (Datum::Bool(a), Datum::Bool(b)) => Some(a.cmp(b)),
            (Datum::Int(a), Datum::Int(b)) => Some(a.cmp(b)),
            (Datum::Float(a), Datum::Float(b)) => a.partial_cmp(b),
            (Datum::Int(a), Datum::Float(b)) => int_to_float(*a, *b),
            (Datum::Float(a), Datum::Int(b)) => int_to_float(*b, *a).map(Ordering::reverse),
            (Datum::Text(a), Datum::Text(b)) => Some(a.cmp(b)),
            (Datum::Time(a), Datum::Time(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }

    fn number(&self) -> Option<f64> {
        match self {
            Datum::Int(n) => Some(*n as f64),
            Datum::Float(x) => Some(*x),
            _ => None,
        }
    }
}

/// Compares without rounding the whole number, which may have more digits than a float holds.
fn int_to_float(n: i64, x: f64) -> Option<Ordering> {
    const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;
    if x.is_nan() {
        None
    } else if x >= TWO_TO_63 {
        Some(Ordering::Less)
    } else if x < -TWO_TO_63 {
        Some(Ordering::Greater)
    } else {
        let fraction = if x.fract() > 0.0 {
            Ordering::Less
        } else if x.fract() < 0.0 {
            Ordering::Greater
        } else {
            Ordering::Equal
        };
        Some(n.cmp(&(x.trunc() as i64)).then(fraction))
    }
}

/// Computes; whole numbers stay whole where they fit. A division by zero is not known.
pub(crate) fn arithmetic(op: ArithmeticOp, a: &Datum<'_>, b: &Datum<'_>) -> Datum<'static> {
    if let (Datum::Int(a), Datum::Int(b)) = (a, b) {
        let whole = match op {
            ArithmeticOp::Add => a.checked_add(*b),
            ArithmeticOp::Subtract => a.checked_sub(*b),
            ArithmeticOp::Multiply => a.checked_mul(*b),
            ArithmeticOp::Divide => None,
            ArithmeticOp::IntegerDivide => a.checked_div(*b),
            ArithmeticOp::Modulo => a.checked_rem(*b),
            ArithmeticOp::Power => u32::try_from(*b).ok().and_then(|b| a.checked_pow(b)),
        };
        if let Some(whole) = whole {
            return Datum::Int(whole);
        }
    }
    let (Some(a), Some(b)) = (a.number(), b.number()) else { return Datum::Null };
    let result = match op {
        ArithmeticOp::Add => a + b,
        ArithmeticOp::Subtract => a - b,
        ArithmeticOp::Multiply => a * b,
        ArithmeticOp::Divide => a / b,
        ArithmeticOp::IntegerDivide => (a / b).trunc(),
        ArithmeticOp::Modulo => a % b,
        ArithmeticOp::Power => libm::pow(a, b),
    };
    if result.is_finite() { Datum::Float(result) } else { Datum::Null }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_and_floating_numbers_compare_exactly() {
        let big = (1_i64 << 53) + 1;
        for (n, x, expected) in [
            (big, 9_007_199_254_740_992.0, Some(Ordering::Greater)),
            (i64::MAX, 9_223_372_036_854_775_808.0, Some(Ordering::Less)),
            (i64::MIN, -9_223_372_036_854_775_808.0, Some(Ordering::Equal)),
            (1, 1.5, Some(Ordering::Less)),
            (-1, -1.5, Some(Ordering::Greater)),
            (0, -0.0, Some(Ordering::Equal)),
            (0, f64::NAN, None),
        ] {
            assert_eq!(Datum::Int(n).compare(&Datum::Float(x)), expected, "{n} {x}");
            let turned = expected.map(Ordering::reverse);
            assert_eq!(Datum::Float(x).compare(&Datum::Int(n)), turned, "{x} {n}");
        }
        assert_eq!(Datum::Int(1).compare(&Datum::Bool(true)), None);
        assert_eq!(Datum::Null.compare(&Datum::Null), None);
    }

    #[test]
    fn arithmetic_never_overflows_and_divides_as_asked() {
        use ArithmeticOp::{Add, Divide, IntegerDivide, Modulo, Multiply, Power};
        for (op, a, b, expected) in [
            (Divide, 7, 2, Datum::Float(3.5)),
            (IntegerDivide, 7, 2, Datum::Int(3)),
            (Modulo, -7, 2, Datum::Int(-1)),
            (Power, 2, 10, Datum::Int(1024)),
            (Power, 2, -1, Datum::Float(0.5)),
            (Divide, 1, 0, Datum::Null),
            (Modulo, 1, 0, Datum::Null),
            (IntegerDivide, i64::MIN, -1, Datum::Float(9_223_372_036_854_775_808.0)),
            (Add, i64::MAX, 1, Datum::Float(9_223_372_036_854_775_808.0)),
            (Multiply, i64::MAX, 2, Datum::Float(18_446_744_073_709_551_616.0)),
        ] {
            assert_eq!(arithmetic(op, &Datum::Int(a), &Datum::Int(b)), expected, "{a} {op:?} {b}");
        }
        assert_eq!(arithmetic(Add, &Datum::Null, &Datum::Int(1)), Datum::Null);
    }
}
