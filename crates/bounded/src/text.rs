//! Text of unknown encoding, and text written with full-width characters.
//!
//! Chinese departments write GBK far more often than they say so. [`Detector`] weighs the evidence of all
//! the values that it is fed; [`decode`] never guesses.

mod detect;
mod labels;
mod width;

pub use detect::{Confidence, Detected, Detector, detect};
pub use encoding_rs::Encoding;
pub use labels::{for_dbf_language, for_label};
pub use width::{normalise_width, parse_number};

use std::borrow::Cow;

/// Text that was decoded, and what could not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// The text; what could not be decoded is U+FFFD.
    pub text: Cow<'a, str>,
    /// Whether anything could not be decoded.
    pub damaged: bool,
    /// Whether half a character was cut off at the end, as fixed-width DBF fields do.
    pub cut: bool,
}

/// Decodes one value. A byte order mark at the beginning is removed if it is `encoding`'s own.
///
/// Half a character at the very end is removed and reported as `cut`, not as `damaged`.
pub fn decode<'a>(bytes: &'a [u8], encoding: &'static Encoding) -> Decoded<'a> {
    let (text, damaged) = encoding.decode_with_bom_removal(bytes);
    if !damaged || bytes.is_empty() {
        return Decoded { text, damaged, cut: false };
    }
    // At most three bytes can begin a character that the fourth would complete.
    for missing in 1..=3.min(bytes.len()) {
        let (kept, tail) = bytes.split_at(bytes.len() - missing);
        if tail.first().is_some_and(u8::is_ascii) {
            break;
        }
        let (shorter, damaged) = encoding.decode_with_bom_removal(kept);
        if !damaged {
            return Decoded { text: shorter, damaged: false, cut: true };
        }
    }
    Decoded { text, damaged, cut: false }
}

#[cfg(test)]
mod tests {
    use encoding_rs::{GB18030, UTF_8};

    use super::*;

    #[test]
    fn half_a_character_at_the_end_of_a_field_is_cut_off_and_said() {
        let (bytes, _, _) = GB18030.encode("宿迁市宿城区");
        let decoded = decode(&bytes[..bytes.len() - 1], GB18030);
        assert_eq!(decoded, Decoded { text: "宿迁市宿城".into(), damaged: false, cut: true });
        let decoded = decode(&"宿迁市".as_bytes()[..8], UTF_8);
        assert_eq!(decoded, Decoded { text: "宿迁".into(), damaged: false, cut: true });
    }

    #[test]
    fn damage_inside_a_value_is_said() {
        let decoded = decode(b"a\xff\xffb", UTF_8);
        assert!(decoded.damaged && !decoded.cut);
        assert_eq!(decode(b"\xef\xbb\xbfabc", UTF_8).text, "abc");
    }
}
