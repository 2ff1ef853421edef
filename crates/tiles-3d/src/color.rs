//! Colours as CSS writes them.

use std::sync::LazyLock;

/// The basic names of CSS Color 4, clause 6.1, and those that building data has most.
const NAMES: [(&str, u32); 27] = [
    ("black", 0x00_0000),
    ("silver", 0xc0_c0c0),
    ("gray", 0x80_8080),
    ("grey", 0x80_8080),
    ("white", 0xff_ffff),
    ("maroon", 0x80_0000),
    ("red", 0xff_0000),
    ("purple", 0x80_0080),
    ("fuchsia", 0xff_00ff),
    ("green", 0x00_8000),
    ("lime", 0x00_ff00),
    ("olive", 0x80_8000),
    ("yellow", 0xff_ff00),
    ("navy", 0x00_0080),
    ("blue", 0x00_00ff),
    ("teal", 0x00_8080),
    ("aqua", 0x00_ffff),
    ("orange", 0xff_a500),
    ("brown", 0xa5_2a2a),
    ("beige", 0xf5_f5dc),
    ("pink", 0xff_c0cb),
    ("tan", 0xd2_b48c),
    ("ivory", 0xff_fff0),
    ("gold", 0xff_d700),
    ("khaki", 0xf0_e68c),
    ("lightgrey", 0xd3_d3d3),
    ("darkgrey", 0xa9_a9a9),
];

/// Reads `#rgb`, `#rrggbb`, `#rrggbbaa` or a name.
pub(crate) fn css_color(text: &str) -> Option<[u8; 4]> {
    let text = text.trim().to_ascii_lowercase();
    if let Some(digits) = text.strip_prefix('#') {
        if !digits.is_ascii() {
            return None;
        }
        let number = u32::from_str_radix(digits, 16).ok()?;
        return match digits.len() {
            3 => {
                let digit = |shift: u32| ((number >> shift & 0xf) * 0x11) as u8;
                Some([digit(8), digit(4), digit(0), 255])
            }
            6 => Some(opaque(number)),
            8 => Some(number.to_be_bytes()),
            _ => None,
        };
    }
    NAMES.iter().find(|(name, _)| *name == text).map(|&(_, number)| opaque(number))
}

fn opaque(number: u32) -> [u8; 4] {
    let [_, r, g, b] = number.to_be_bytes();
    [r, g, b, 255]
}

/// Turns a component of sRGB into light (IEC 61966-2-1), as glTF's colours of vertices are.
pub(crate) fn linear([r, g, b, a]: [u8; 4]) -> [u8; 4] {
    let light = |c: u8| LIGHT[usize::from(c)];
    [light(r), light(g), light(b), a]
}

static LIGHT: LazyLock<[u8; 256]> = LazyLock::new(|| {
    std::array::from_fn(|c| {
        let c = c as f64 / 255.0;
        let c = if c <= 0.040_45 { c / 12.92 } else { libm::pow((c + 0.055) / 1.055, 2.4) };
        (c * 255.0).round() as u8
    })
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_and_names_are_read() {
        assert_eq!(css_color("#f80"), Some([255, 136, 0, 255]));
        assert_eq!(css_color(" #C0a08040 "), Some([192, 160, 128, 64]));
        assert_eq!(css_color("Brown"), Some([165, 42, 42, 255]));
        assert!(
            css_color("#12").is_none()
                && css_color("rouge").is_none()
                && css_color("#红").is_none()
        );
        assert_eq!(linear([255, 0, 188, 7]), [255, 0, 128, 7]);
    }
}
