//! Angles as people write them: decimal, or degrees, minutes and seconds.

use onemap_bounded::text::{normalise_width, parse_number};

/// Reads an angle in degrees: `118.275`, `118°16'30"`, `118度16分30秒`, `118 16 30`, `E118:16:30`, `33.9N`.
/// West and south are negative.
pub(super) fn parse_angle(text: &str) -> Option<f64> {
    if let Some(number) = parse_number(text) {
        return Some(number);
    }
    let text = normalise_width(text);
    let (text, hemisphere) = without_hemisphere(text.trim());
    let (text, minus) = match text.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => (rest, -1.0),
        None => (text, 1.0),
    };
    let mut parts = [0.0; 3];
    let mut count = 0;
    let is_mark = |c: char| {
        matches!(
            c,
            '°' | 'º'
                | '˚'
                | '度'
                | '′'
                | '\''
                | '’'
                | '‘'
                | '分'
                | '″'
                | '"'
                | '”'
                | '“'
                | '秒'
                | ':'
        ) || c.is_whitespace()
    };
    for part in text.split(is_mark).filter(|part| !part.is_empty()) {
        let digits_only = part.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let number: f64 = part.parse().ok().filter(|_| digits_only)?;
        *parts.get_mut(count)? = number;
        count += 1;
    }
    let [degrees, minutes, seconds] = parts;
    if count == 0 || minutes >= 60.0 || seconds >= 60.0 {
        return None;
    }
    Some(hemisphere * minus * (degrees + minutes / 60.0 + seconds / 3600.0))
}

fn without_hemisphere(text: &str) -> (&str, f64) {
    const SIGNS: [(&str, f64); 12] = [
        ("东经", 1.0),
        ("西经", -1.0),
        ("北纬", 1.0),
        ("南纬", -1.0),
        ("E", 1.0),
        ("W", -1.0),
        ("N", 1.0),
        ("S", -1.0),
        ("e", 1.0),
        ("w", -1.0),
        ("n", 1.0),
        ("s", -1.0),
    ];
    for (sign, factor) in SIGNS {
        if let Some(rest) = text.strip_prefix(sign).or_else(|| text.strip_suffix(sign)) {
            return (rest.trim(), factor);
        }
    }
    (text, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_minutes_and_seconds_are_read_in_every_spelling() {
        let expected = 118.0 + 16.0 / 60.0 + 30.0 / 3600.0;
        for text in [
            "118°16'30\"",
            "118°16′30″",
            "118度16分30秒",
            "118 16 30",
            "东经118°16′30.0″",
            "118:16:30E",
            "１１８°１６＇３０＂",
            "118.275",
        ] {
            let angle = parse_angle(text).unwrap();
            assert!((angle - expected).abs() < 1e-9, "{text}: {angle}");
        }
        assert_eq!(parse_angle("33°30'S"), Some(-33.5));
        assert_eq!(parse_angle("-33°30'"), Some(-33.5));
        assert_eq!(parse_angle("118.5°"), Some(118.5));
        for bad in ["", "abc", "118°61'", "1 2 3 4", "118°x", "幸福路12号", "°"] {
            assert_eq!(parse_angle(bad), None, "{bad}");
        }
    }
}
