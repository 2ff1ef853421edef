//! Reads the measures that mappers write (wiki.openstreetmap.org/wiki/Map_features/Units).

/// Reads a length in metres: `12`, `12.5 m`, `12,5`, `40'`, `5'10"`, `40 ft`.
pub(super) fn metres(text: &str) -> Option<f64> {
    let text = text.trim();
    if let Some((feet, rest)) = text.split_once('\'') {
        let inches = match rest.trim().trim_end_matches(['"', '\'']).trim() {
            "" => 0.0,
            inches => number(inches)?,
        };
        return finite(number(feet)? * 0.3048 + inches * 0.0254);
    }
    let lower = text.to_ascii_lowercase();
    for (unit, metres) in [
        ("km", 1000.0),
        ("cm", 0.01),
        ("mm", 0.001),
        ("ft", 0.3048),
        ("feet", 0.3048),
        ("m", 1.0),
        ("米", 1.0),
    ] {
        if let Some(value) = lower.strip_suffix(unit) {
            return finite(number(value)? * metres);
        }
    }
    number(text)
}

/// Reads a whole number; `2.0` is one, `2.5` is not.
pub(super) fn integer(text: &str) -> Option<i64> {
    let value = number(text)?;
    (value.fract() == 0.0 && value.abs() < 1e15).then_some(value as i64)
}

/// Reads a count of storeys, half ones rounded down: `6`, `6.5`.
pub(super) fn storeys(text: &str) -> Option<i64> {
    let value = number(text)?;
    (value.abs() <= 500.0).then(|| value.floor() as i64)
}

/// Reads a speed in km/h: `50`, `30 mph`, `10 knots`.
pub(super) fn speed(text: &str) -> Option<i64> {
    let text = text.trim().to_ascii_lowercase();
    for (unit, kmh) in [("mph", 1.609_344), ("knots", 1.852), ("km/h", 1.0), ("kmh", 1.0)] {
        if let Some(value) = text.strip_suffix(unit) {
            return finite(number(value)? * kmh).map(|v| v.round() as i64);
        }
    }
    integer(&text).filter(|v| (0..1000).contains(v))
}

/// Reads a yes or no. A kind of bridge or tunnel (`viaduct`, `culvert`) is a yes.
pub(super) fn flag(text: &str) -> Option<bool> {
    match text {
        "no" | "false" | "0" => Some(false),
        "" => None,
        _ => Some(true),
    }
}

/// Reads `oneway`: 1 along the line, -1 against it, 0 both ways.
pub(super) fn direction(text: &str) -> Option<i64> {
    match text {
        "yes" | "true" | "1" => Some(1),
        "-1" | "reverse" => Some(-1),
        "no" | "false" | "0" => Some(0),
        _ => None,
    }
}

fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let is_number =
        |t: &str| t.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+'));
    // A decimal comma, unless it separates thousands.
    let value: f64 = match text.split_once(',') {
        Some((whole, part)) if part.len() != 3 && is_number(whole) && is_number(part) => {
            format!("{whole}.{part}").parse().ok()?
        }
        _ if is_number(text) => text.parse().ok()?,
        _ => return None,
    };
    finite(value)
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heights_are_read_in_metres_and_feet() {
        let about = |text: &str, expected: f64| {
            let read = metres(text).unwrap_or_else(|| panic!("{text}"));
            assert!((read - expected).abs() < 1e-9, "{text}: {read}");
        };
        for (text, expected) in [
            ("12", 12.0),
            ("12.5 m", 12.5),
            ("12,5", 12.5),
            ("12m", 12.0),
            ("40'", 12.192),
            ("5'10\"", 1.778),
            ("40 ft", 12.192),
            ("-3", -3.0),
            ("632米", 632.0),
        ] {
            about(text, expected);
        }
        for bad in ["", "high", "12-15", "1e400", "nan", "1,500", "a'"] {
            assert_eq!(metres(bad), None, "{bad}");
        }
    }

    #[test]
    fn other_measures_are_read_or_left_as_they_are() {
        assert_eq!(speed("30 mph"), Some(48));
        assert_eq!(speed("60"), Some(60));
        assert_eq!(speed("CN:urban"), None);
        assert_eq!(storeys("6.5"), Some(6));
        assert_eq!(integer("2;3"), None);
        assert_eq!(direction("-1"), Some(-1));
        assert_eq!(direction("alternating"), None);
        assert_eq!(flag("viaduct"), Some(true));
    }
}
