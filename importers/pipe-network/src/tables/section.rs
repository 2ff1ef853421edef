//! Sizes of sections as surveys write them.

use onemap_bounded::text::normalise_width;

use crate::draft::Section;

/// What a size tells.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Size {
    pub(crate) section: Option<Section>,
    /// Holes of a duct bank, from `2*3` or 6孔.
    pub(crate) holes: Option<i64>,
}

/// The most holes side by side of a duct bank; larger numbers are millimetres.
const MAX_HOLES_ABREAST: f64 = 24.0;

/// Numbers below this with a decimal point are metres.
const METRES_BELOW: f64 = 20.0;

/// Reads `300`, `DN300`, `d300`, `Φ300`, `400×300`, `400*300`, `1.2×0.8`, `2*3`, `6孔`, `12孔 400×300`. Sizes are
/// millimetres, width first; numbers with a decimal point below 20 are metres. `None` where nothing can be read.
pub(crate) fn parse(text: &str) -> Option<Size> {
    let text = normalise_width(text).trim().to_lowercase();
    let mut size = Size::default();
    let mut rest = text.clone();
    if let Some((before, after)) = text.split_once('孔') {
        let digits: String = before.chars().rev().take_while(char::is_ascii_digit).collect();
        let digits: String = digits.chars().rev().collect();
        size.holes = digits.parse().ok().filter(|holes| (1..1000).contains(holes));
        let lead = before.get(..before.len().saturating_sub(digits.len())).unwrap_or("");
        let both = format!("{lead} {after}");
        let bare = both.trim_matches(|c: char| c.is_whitespace() || "/,;()-".contains(c));
        bare.clone_into(&mut rest);
        if rest.is_empty() {
            return size.holes.map(|_| size);
        }
    }
    let plain = rest.replace("毫米", "").replace("mm", "");
    let unit_metres = plain.ends_with('m') || plain.ends_with('米');
    let plain = plain.trim_end_matches(['m', '米']);
    let parts: Vec<&str> =
        plain.split(['×', 'x', '*', '✕', '╳', 'х', '/']).map(str::trim).collect();
    let number = |part: &str| -> Option<f64> {
        let bare =
            part.trim_start_matches(|c: char| c.is_alphabetic() || "ø∅⌀φ=:.≈~ ".contains(c)).trim();
        let value: f64 =
            bare.parse().ok().filter(|n: &f64| n.is_finite() && *n > 0.0 && *n < 1e6)?;
        let is_metres = unit_metres || (bare.contains('.') && value < METRES_BELOW);
        Some(if is_metres { value * 1000.0 } else { value })
    };
    match parts.as_slice() {
        [one] => {
            let diameter = number(one)?;
            size.section = Some(Section::Round { diameter: diameter / 1000.0 });
        }
        [width, height] => {
            let (width, height) = (number(width)?, number(height)?);
            if width <= MAX_HOLES_ABREAST && height <= MAX_HOLES_ABREAST && size.holes.is_none() {
                if width.fract() != 0.0 || height.fract() != 0.0 {
                    return None;
                }
                size.holes = Some((width * height) as i64);
            } else {
                let (width, height) = (width / 1000.0, height / 1000.0);
                size.section = Some(Section::Box { shape: "rectangle", width, height });
            }
        }
        _ => return None,
    }
    Some(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_surveys_write_them() {
        let round = |d: f64| Size { section: Some(Section::Round { diameter: d }), holes: None };
        let rectangle = |width, height, holes| Size {
            section: Some(Section::Box { shape: "rectangle", width, height }),
            holes,
        };
        for (text, expected) in [
            ("300", round(0.3)),
            ("DN300", round(0.3)),
            ("d300", round(0.3)),
            ("Φ300", round(0.3)),
            ("ф１００", round(0.1)),
            ("De110mm", round(0.11)),
            ("0.8", round(0.8)),
            ("400×300", rectangle(0.4, 0.3, None)),
            ("400*300", rectangle(0.4, 0.3, None)),
            ("2000X1500", rectangle(2.0, 1.5, None)),
            ("1.2×0.8", rectangle(1.2, 0.8, None)),
            ("2*3", Size { section: None, holes: Some(6) }),
            ("6孔", Size { section: None, holes: Some(6) }),
            ("12孔 400×300", rectangle(0.4, 0.3, Some(12))),
        ] {
            assert_eq!(parse(text), Some(expected), "{text}");
        }
        for text in ["", "圆管", "0", "-300", "1×2×3", "NaN"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
