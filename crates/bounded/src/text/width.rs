//! Full-width characters, as Chinese input methods write them.

use std::borrow::Cow;

/// Replaces full-width digits, letters and punctuation (U+FF01 to U+FF5E) and the ideographic space by
/// their ASCII forms: `１２３．５` becomes `123.5`. Everything else stays.
pub fn normalise_width(text: &str) -> Cow<'_, str> {
    let narrow = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' => ' ',
        _ => c,
    };
    if text.chars().all(|c| narrow(c) == c) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(narrow).collect())
}

/// Reads a number as people write it in tables: spaces around it, full-width digits, a minus sign of any
/// kind, commas between thousands (`1,234,567.8`). Never NaN or infinite.
pub fn parse_number(text: &str) -> Option<f64> {
    let plain = normalise_width(text);
    let plain = plain.trim();
    if let Some(number) = decimal(plain) {
        return Some(number);
    }
    let without_minus = plain.strip_prefix(['\u{2212}', '\u{2013}', '\u{2014}']);
    let negative = without_minus.is_some();
    let digits = without_minus.unwrap_or(plain);
    let number = if digits.contains(',') {
        decimal(&without_group_commas(digits)?)?
    } else {
        decimal(digits)?
    };
    Some(if negative { -number } else { number })
}

fn decimal(text: &str) -> Option<f64> {
    // The standard parser also takes "inf" and "nan", which no table means.
    let looks_right =
        text.bytes().all(|c| c.is_ascii_digit() || matches!(c, b'+' | b'-' | b'.' | b'e' | b'E'));
    if !looks_right {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

fn without_group_commas(text: &str) -> Option<String> {
    let (whole, fraction) =
        text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let first_digits = first.trim_start_matches(['-', '+']);
    let is_group = |group: &str| group.len() == 3 && group.bytes().all(|c| c.is_ascii_digit());
    let well_grouped = (1..=3).contains(&first_digits.len()) && groups.all(is_group);
    if !well_grouped || fraction.is_some_and(|fraction| fraction.contains(',')) {
        return None;
    }
    Some(text.replace(',', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_width_text_becomes_ascii_and_hanzi_stay() {
        assert_eq!(normalise_width("１２３．５"), "123.5");
        assert_eq!(normalise_width("Ａ座（东）　３层"), "A座(东) 3层");
        assert!(matches!(normalise_width("幸福路12号"), Cow::Borrowed(_)));
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, expected) in [
            (" 12.5 ", Some(12.5)),
            ("１１８．２８", Some(118.28)),
            ("－３．５", Some(-3.5)),
            ("\u{2212}3.5", Some(-3.5)),
            ("1,234,567.8", Some(1_234_567.8)),
            ("-1,234", Some(-1234.0)),
            ("1e3", Some(1000.0)),
            ("1,23", None),
            ("12,34,567", None),
            ("nan", None),
            ("inf", None),
            ("1e999", None),
            ("12m", None),
            ("", None),
            ("-", None),
        ] {
            assert_eq!(parse_number(text), expected, "{text:?}");
        }
    }
}
