//! Instants and the intervals in which facts hold.

use std::fmt;
use std::str::FromStr;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::ModelError;

/// An instant: microseconds since 1970-01-01T00:00:00Z, from the year -9999 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Returns the instant `micros` microseconds after the Unix epoch.
    pub fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Returns microseconds since the Unix epoch.
    pub fn as_micros(self) -> i64 {
        self.0
    }

    /// Returns the clock's time.
    pub fn now() -> Self {
        Self(jiff::Timestamp::now().as_microsecond())
    }
}

impl FromStr for Timestamp {
    type Err = ModelError;

    /// Reads an RFC 3339 date (its midnight, UTC), year, year-month or date-time. A date-time
    /// without an offset is UTC.
    fn from_str(s: &str) -> Result<Self, ModelError> {
        let text = s.trim();
        let bad = || ModelError::Time(s.chars().take(80).collect());
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Ok(Self(instant.as_microsecond()));
        }
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let full = match (text.len(), digits) {
            (4, 4) => format!("{text}-01-01"),
            (7, 6) => format!("{text}-01"),
            _ => text.to_owned(),
        };
        let civil: jiff::civil::DateTime = full
            .parse()
            .or_else(|_| {
                full.parse::<jiff::civil::Date>()
                    .map(|d| d.to_datetime(jiff::civil::Time::midnight()))
            })
            .map_err(|_| bad())?;
        // 9999-12-31, "for ever" in many registers, lies a few hours beyond the last instant.
        let instant = match civil.to_zoned(TimeZone::UTC) {
            Ok(zoned) => zoned.timestamp(),
            Err(_) if civil.year() == 9999 => jiff::Timestamp::MAX,
            Err(_) => return Err(bad()),
        };
        Ok(Self(instant.as_microsecond()))
    }
}

impl fmt::Display for Timestamp {
    /// Writes RFC 3339: a date alone at midnight UTC, else a date-time with `Z`. What lies beyond the last
    /// instant of the calendar, as "for ever" does, is its last day.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(instant) = jiff::Timestamp::from_microsecond(self.0) else {
            return f.write_str(if self.0 < 0 { "-9999-01-01" } else { "9999-12-31" });
        };
        let civil = TimeZone::UTC.to_datetime(instant);
        if civil.time() == jiff::civil::Time::midnight() {
            write!(f, "{}", civil.date())
        } else {
            write!(f, "{instant}")
        }
    }
}

/// The time in which a fact holds in the city: `[from, to)`, either end may be open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Interval {
    /// First instant at which it holds; `None` means since ever.
    pub from: Option<Timestamp>,
    /// First instant at which it holds no more; `None` means until further notice.
    pub to: Option<Timestamp>,
}

impl Interval {
    /// Always.
    pub const ALWAYS: Self = Self { from: None, to: None };

    /// Makes `[from, to)`; an error when it would end before it begins.
    pub fn new(from: Option<Timestamp>, to: Option<Timestamp>) -> Result<Self, ModelError> {
        match (from, to) {
            (Some(a), Some(b)) if b < a => Err(ModelError::Interval(format!("{a}/{b}"))),
            _ => Ok(Self { from, to }),
        }
    }

    /// Tells whether the instant lies in it.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to)
    }

    /// Tells whether both hold at some instant.
    pub fn intersects(&self, other: &Self) -> bool {
        let before = |a: Option<Timestamp>, b: Option<Timestamp>| match (a, b) {
            (Some(from), Some(to)) => from < to,
            _ => true,
        };
        before(self.from, other.to) && before(other.from, self.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_date_times_read_and_write_back() {
        for text in ["2026-05-01", "1969-12-31", "2026-05-01T08:30:00Z", "9999-12-31"] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), text);
        }
        let east: Timestamp = "2026-05-01T08:00:00+08:00".parse().unwrap();
        assert_eq!(east.to_string(), "2026-05-01");
        assert_eq!("2026".parse::<Timestamp>().unwrap().to_string(), "2026-01-01");
        assert!("9999-12-31".parse::<Timestamp>().unwrap() > Timestamp::now());
        for bad in ["", "yesterday", "2026-13-01", "2026-02-30", "99999-01-01"] {
            assert!(bad.parse::<Timestamp>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_interval_holds_its_begin_and_not_its_end() {
        let day = |d: i64| Timestamp::from_micros(d);
        let interval = Interval::new(Some(day(1)), Some(day(3))).unwrap();
        assert!(
            interval.contains(day(1)) && interval.contains(day(2)) && !interval.contains(day(3))
        );
        assert!(Interval::ALWAYS.contains(day(-5)));
        assert!(Interval::new(Some(day(3)), Some(day(1))).is_err());
        let next = Interval::new(Some(day(3)), None).unwrap();
        assert!(!interval.intersects(&next) && next.intersects(&Interval::ALWAYS));
    }
}
