//! Instants as text: FlatGeobuf's DateTime is ISO 8601.

use onemap_model::Timestamp;

const DAY_MICROS: i64 = 86_400_000_000;
/// Days from 0000-03-01 to 1970-01-01.
const EPOCH_DAYS: i64 = 719_468;
/// Days in the 400 years after which the calendar repeats.
const ERA_DAYS: i64 = 146_097;

/// Appends `YYYY-MM-DDTHH:MM:SSZ`, with six decimals where needed; a year beyond 0 to 9999 as the model
/// writes it.
pub(super) fn write(time: Timestamp, out: &mut Vec<u8>) {
    let micros = time.as_micros();
    let days = micros.div_euclid(DAY_MICROS);
    let rest = micros.rem_euclid(DAY_MICROS);
    let (year, month, day) = civil(days);
    if !(0..=9999).contains(&year) {
        out.extend_from_slice(time.to_string().as_bytes());
        return;
    }
    let seconds = rest / 1_000_000;
    digits(out, year, 4);
    out.push(b'-');
    digits(out, month, 2);
    out.push(b'-');
    digits(out, day, 2);
    out.push(b'T');
    digits(out, seconds / 3600, 2);
    out.push(b':');
    digits(out, seconds / 60 % 60, 2);
    out.push(b':');
    digits(out, seconds % 60, 2);
    if rest % 1_000_000 != 0 {
        out.push(b'.');
        digits(out, rest % 1_000_000, 6);
    }
    out.push(b'Z');
}

/// Reads what [`write`] wrote.
pub(super) fn read(text: &[u8]) -> Option<Timestamp> {
    match text {
        [
            y1,
            y2,
            y3,
            y4,
            b'-',
            m1,
            m2,
            b'-',
            d1,
            d2,
            b'T',
            h1,
            h2,
            b':',
            n1,
            n2,
            b':',
            s1,
            s2,
            rest @ ..,
        ] => {
            let days = days(
                number(&[*y1, *y2, *y3, *y4])?,
                number(&[*m1, *m2]).filter(|m| (1..=12).contains(m))?,
                number(&[*d1, *d2])?,
            );
            let seconds =
                number(&[*h1, *h2])? * 3600 + number(&[*n1, *n2])? * 60 + number(&[*s1, *s2])?;
            let micros = match rest {
                b"Z" => 0,
                [b'.', decimals @ .., b'Z'] if decimals.len() == 6 => number(decimals)?,
                _ => return None,
            };
            Some(Timestamp::from_micros(days * DAY_MICROS + seconds * 1_000_000 + micros))
        }
        _ => far(text),
    }
}

/// Reads a year beyond 0 to 9999.
fn far(text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?;
    match text.strip_suffix("us") {
        Some(micros) => micros.parse().ok().map(Timestamp::from_micros),
        None => text.parse().ok(),
    }
}

fn digits(out: &mut Vec<u8>, value: i64, count: u32) {
    for place in (0..count).rev() {
        out.push(b'0' + (value / 10_i64.pow(place) % 10) as u8);
    }
}

fn number(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
}

/// Year, month and day of a day counted from 1970-01-01 in the proleptic Gregorian calendar. Years
/// begin in March here, so that the leap day is the last one.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + EPOCH_DAYS;
    let era = days.div_euclid(ERA_DAYS);
    let day_of_era = days.rem_euclid(ERA_DAYS);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// Inverse of [`civil`].
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let year_of_era = year.rem_euclid(400);
    let march_month = (month + 9) % 12;
    let day_of_year = (153 * march_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    year.div_euclid(400) * ERA_DAYS + day_of_era - EPOCH_DAYS
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(time: Timestamp) -> String {
        let mut out = Vec::new();
        write(time, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn instants_are_written_as_iso_8601() {
        for t in ["1970-01-01T00:00:00Z", "2024-02-29T23:59:59Z", "0000-03-01T00:00:00Z"] {
            assert_eq!(text(t.parse().unwrap()), t);
        }
        assert_eq!(text(Timestamp::from_micros(-1)), "1969-12-31T23:59:59.999999Z");
        assert_eq!(read(b"2024-13-01T00:00:00Z"), None);
        assert_eq!(read(b"nonsense"), None);
    }

    proptest! {
        #[test]
        fn every_instant_reads_back_and_agrees_with_the_model(micros in -377_705_000_000_000_000_i64..253_402_000_000_000_000) {
            let time = Timestamp::from_micros(micros);
            let written = text(time);
            prop_assert_eq!(read(written.as_bytes()), Some(time));
            prop_assert_eq!(written.parse::<Timestamp>(), Ok(time));
        }
    }
}
