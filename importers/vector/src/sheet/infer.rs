//! Types of cells and columns.

use onemap_bounded::text::normalise_width;
use onemap_model::{FieldType, Timestamp, Value};

use super::Cell;

/// The most digits of a whole number that is taken as one: longer ones are codes, such as those on an
/// identity card, and spreadsheets round them.
const MAX_DIGITS: usize = 15;

/// Tells the type of a cell; `None` for an empty one and for words that mean nothing is known.
pub(super) fn kind(cell: &Cell) -> Option<FieldType> {
    match cell {
        Cell::Empty => None,
        Cell::Number(number) if is_whole(*number) => Some(FieldType::Int),
        Cell::Number(_) => Some(FieldType::Float),
        Cell::Bool(_) => Some(FieldType::Bool),
        Cell::Date(_) => Some(FieldType::Date),
        Cell::DateTime(_) => Some(FieldType::DateTime),
        Cell::Text(text) if is_nothing(text) => None,
        Cell::Text(text) => match parse(text) {
            Some(value) => value.kind(),
            None => Some(FieldType::Text),
        },
    }
}

/// Makes the value of a cell in a column of this type. A text that does not fit the type is kept as text.
pub(super) fn value(cell: &Cell, kind: FieldType) -> Value {
    let plain = match cell {
        Cell::Empty => return Value::Null,
        Cell::Number(number) if is_whole(*number) => Value::Int(*number as i64),
        Cell::Number(number) => Value::Float(*number),
        Cell::Bool(bool) => Value::Bool(*bool),
        Cell::Date(date) => Value::Date(*date),
        Cell::DateTime(time) => Value::DateTime(*time),
        Cell::Text(text) if text.trim().is_empty() => return Value::Null,
        Cell::Text(text) if kind == FieldType::Text => return Value::Text(text.clone()),
        Cell::Text(text) if is_nothing(text) => return Value::Null,
        Cell::Text(text) => parse(text).unwrap_or_else(|| Value::Text(text.clone())),
    };
    plain.coerce(kind)
}

fn is_whole(number: f64) -> bool {
    number.fract() == 0.0 && number.abs() < 1e15
}

/// Words that stand for no value. In a column of text they are kept as they are.
pub(super) fn is_nothing(text: &str) -> bool {
    matches!(
        text.trim(),
        "" | "NULL" | "null" | "\\N" | "NaN" | "nan" | "N/A" | "n/a" | "NA" | "#N/A" | "None"
    )
}

/// Reads a text that is a whole number, a decimal one, a truth value, a date or a time; `None` when it is
/// more than that, such as `003`, which would lose its zeros.
pub(crate) fn parse(text: &str) -> Option<Value> {
    let text = normalise_width(text);
    let text = text.trim();
    let first = *text.as_bytes().first()?;
    if first.is_ascii_alphabetic() {
        return match text {
            _ if text.eq_ignore_ascii_case("true") => Some(Value::Bool(true)),
            _ if text.eq_ignore_ascii_case("false") => Some(Value::Bool(false)),
            _ => None,
        };
    }
    if !matches!(first, b'0'..=b'9' | b'-' | b'.') {
        return None;
    }
    number(text).or_else(|| date_or_time(text))
}

fn number(text: &str) -> Option<Value> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) =
        digits.split_once(['e', 'E']).map_or((digits, None), |(m, e)| (m, Some(e)));
    let (whole, fraction) =
        mantissa.split_once('.').map_or((mantissa, None), |(w, f)| (w, Some(f)));
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || (whole.len() > 1 && whole.starts_with('0')) {
        return None;
    }
    if let Some(fraction) = fraction
        && (fraction.is_empty() || !all_digits(fraction))
    {
        return None;
    }
    match (fraction, exponent) {
        (None, None) if whole.is_empty() || whole.len() > MAX_DIGITS => None,
        (None, None) => text.parse().ok().map(Value::Int),
        (None, Some(exponent)) if !exponent.starts_with(['-', '+']) => {
            // `1E5` is rather a door than a hundred thousand.
            None
        }
        (_, exponent) => {
            let digits = exponent.map_or("0", |e| e.trim_start_matches(['-', '+']));
            let is_number = !digits.is_empty() && all_digits(digits);
            let number: f64 = text.parse().ok().filter(|n: &f64| is_number && n.is_finite())?;
            Some(Value::Float(number))
        }
    }
}

/// Reads `2026-05-01`, `2026/5/1`, `2026.5.1`, `2026年5月1日`, each with a time or without.
fn date_or_time(text: &str) -> Option<Value> {
    let split = text.find(['T', ' ']).unwrap_or(text.len());
    let (date, time) = text.split_at_checked(split)?;
    let separator = date.chars().find(|c| !c.is_ascii_digit())?;
    let mut parts = match separator {
        '-' | '/' | '.' => date.split(separator),
        '年' => {
            let (year, rest) = date.split_once('年')?;
            let (month, day) = rest.split_once('月')?;
            return combine(year, month, day.strip_suffix(['日', '号'])?, time);
        }
        _ => return None,
    };
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    combine(year, month, day, time)
}

fn combine(year: &str, month: &str, day: &str, time: &str) -> Option<Value> {
    let is_part = |s: &str| (1..=2).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_digit());
    if year.len() != 4
        || !year.bytes().all(|b| b.is_ascii_digit())
        || !is_part(month)
        || !is_part(day)
    {
        return None;
    }
    let date = format!("{year}-{month:0>2}-{day:0>2}");
    let time = time.trim_start_matches(['T', ' ']);
    if time.is_empty() {
        return date.parse::<Timestamp>().ok().map(Value::Date);
    }
    let clock_end = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.split_at_checked(clock_end)?;
    let clock = clock.trim_end();
    let (hour, rest) = clock.split_once(':')?;
    let seconds = if rest.contains(':') { "" } else { ":00" };
    if !is_part(hour) {
        return None;
    }
    let whole = format!("{date}T{hour:0>2}:{rest}{seconds}{zone}");
    whole.parse::<Timestamp>().ok().map(Value::DateTime)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_a_number_or_date_only_when_nothing_is_lost() {
        let kind = |text: &str| kind(&Cell::Text(text.into())).map(FieldType::name);
        for (text, expected) in [
            ("12", Some("int")),
            ("-3", Some("int")),
            ("0", Some("int")),
            ("１２", Some("int")),
            ("003", Some("text")),
            ("+8613800000000", Some("text")),
            ("321300199001011234", Some("text")),
            ("1.50", Some("float")),
            (".5", Some("float")),
            ("1.5e-7", Some("float")),
            ("1E5", Some("text")),
            ("1.", Some("text")),
            ("1.2.3", Some("text")),
            ("12号", Some("text")),
            ("TRUE", Some("bool")),
            ("是", Some("text")),
            ("2020-01-05", Some("date")),
            ("2020/1/5", Some("date")),
            ("2020.1.5", Some("date")),
            ("2020年1月5日", Some("date")),
            ("2020-01-05 8:30", Some("datetime")),
            ("2020-01-05T08:30:15.5+08:00", Some("datetime")),
            ("2020/1/5 08:30:00", Some("datetime")),
            ("2020-13-05", Some("text")),
            ("2022-01", Some("text")),
            ("0527-55509411", Some("text")),
            ("NULL", None),
            (" ", None),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
    }

    #[test]
    fn values_take_the_type_of_their_column() {
        let text = |s: &str| Cell::Text(s.into());
        assert_eq!(value(&text("1.10"), FieldType::Text), Value::Text("1.10".into()));
        assert_eq!(value(&text("NA"), FieldType::Text), Value::Text("NA".into()));
        assert_eq!(value(&text("NULL"), FieldType::Int), Value::Null);
        assert_eq!(value(&text("3"), FieldType::Float), Value::Float(3.0));
        assert_eq!(value(&Cell::Number(3.0), FieldType::Text), Value::Text("3".into()));
        let Value::Date(day) = value(&text("2020/1/5"), FieldType::Date) else { panic!() };
        assert_eq!(day.to_string(), "2020-01-05");
    }
}
