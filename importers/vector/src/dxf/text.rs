//! Text of drawings: encodings, escapes, and the formatting codes of TEXT and MTEXT.

use encoding_rs::{BIG5, EUC_KR, Encoding, GB18030, SHIFT_JIS, UTF_8, WINDOWS_1252};
use onemap_bounded::text::{decode, for_label};

/// How text is encoded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decoder {
    encoding: &'static Encoding,
    /// What text is read as that is no UTF-8 although it should be.
    fallback: &'static Encoding,
}

impl Decoder {
    pub(super) fn new(encoding: &'static Encoding, fallback: &'static Encoding) -> Self {
        Self { encoding, fallback }
    }

    /// Decodes a value with its escapes: `\U+4E2D`, `\M+5D6D0`, `^J`.
    pub(super) fn text(&self, bytes: &[u8]) -> String {
        let decoded = decode(bytes, self.encoding);
        let decoded = if decoded.damaged { decode(bytes, self.fallback) } else { decoded };
        unescape(&decoded.text)
    }
}

/// Finds the encoding that `$DWGCODEPAGE` means: `ANSI_936`, `dos932`, `gb2312`.
pub(super) fn code_page(name: &[u8]) -> Option<&'static Encoding> {
    let name = std::str::from_utf8(name).ok()?.trim();
    match name.to_ascii_lowercase().as_str() {
        "gb2312" => Some(GB18030),
        "big5" => Some(BIG5),
        "ksc5601" | "johab" => Some(EUC_KR),
        "ascii" => Some(WINDOWS_1252),
        // Western DOS pages; only their letters above ASCII differ, and they are older than Unicode.
        "dos437" | "dos850" | "dos860" | "dos861" | "dos863" | "dos865" => Some(WINDOWS_1252),
        _ => for_label(&name.replace('_', " ")),
    }
}

/// Undoes the escapes that may stand in any text of a drawing.
fn unescape(text: &str) -> String {
    if !text.contains(['\\', '^']) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '^']) {
        let (before, special) = rest.split_at(at);
        out.push_str(before);
        if let Some((character, length)) = unicode(special).or_else(|| multibyte(special)) {
            out.push_str(&character);
            rest = special.get(length..).unwrap_or_default();
        } else if let Some(control) = special.strip_prefix('^') {
            let mut characters = control.chars();
            match characters.next() {
                Some('J') => out.push('\n'),
                Some('M') => {}
                Some('I') => out.push('\t'),
                Some(' ') => out.push('^'),
                _ => {
                    out.push('^');
                    characters = control.chars();
                }
            }
            rest = characters.as_str();
        } else {
            out.push('\\');
            rest = special.get(1..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    out
}

/// Reads `\U+XXXX`, also as a surrogate pair of two; returns the text and the length of what was read.
fn unicode(text: &str) -> Option<(String, usize)> {
    let unit = |text: &str| {
        let hex = text.strip_prefix("\\U+").or_else(|| text.strip_prefix("\\u+"))?.get(..4)?;
        u16::from_str_radix(hex, 16).ok()
    };
    let first = unit(text)?;
    if let Some(character) = char::from_u32(first.into()) {
        return Some((character.to_string(), 7));
    }
    let second = unit(text.get(7..)?)?;
    let pair = char::decode_utf16([first, second]).next()?.ok()?;
    Some((pair.to_string(), 14))
}

/// Reads `\M+nXXXX`: a character of two bytes in an East Asian encoding.
fn multibyte(text: &str) -> Option<(String, usize)> {
    let code = text.strip_prefix("\\M+")?;
    let encoding = match code.as_bytes().first()? {
        b'1' => SHIFT_JIS,
        b'2' => BIG5,
        b'3' | b'4' => EUC_KR,
        b'5' => GB18030,
        _ => return None,
    };
    let bytes = u16::from_str_radix(code.get(1..5)?, 16).ok()?.to_be_bytes();
    let (decoded, damaged) = encoding.decode_without_bom_handling(&bytes);
    (!damaged).then(|| (decoded.into_owned(), 8))
}

/// Removes the codes of TEXT and ATTRIB: `%%c` and the like.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, code)) = rest.split_once("%%") {
        out.push_str(before);
        let mut characters = code.chars();
        match characters.next().map(|c| c.to_ascii_lowercase()) {
            Some('d') => out.push('°'),
            Some('p') => out.push('±'),
            Some('c') => out.push('Ø'),
            Some('%') => out.push('%'),
            // Underline, overline, strike through: on and off.
            Some('u' | 'o' | 'k') => {}
            Some(digit) if digit.is_ascii_digit() => {
                let code_point =
                    code.get(..3).and_then(|digits| digits.parse().ok()).and_then(char::from_u32);
                if let Some(character) = code_point {
                    out.push(character);
                    characters = code.get(3..).unwrap_or_default().chars();
                }
            }
            _ => {
                out.push_str("%%");
                characters = code.chars();
            }
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
    out
}

/// Removes the formatting of MTEXT: fonts, colours, heights, alignment; keeps lines and stacked fractions.
pub(super) fn plain_mtext(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '{' | '}' => {}
            '\\' => match characters.next() {
                Some('P' | 'N' | 'X') => out.push('\n'),
                Some('~') => out.push('\u{a0}'),
                Some(kept @ ('\\' | '{' | '}')) => out.push(kept),
                // Underline, overline, strike through: on and off.
                Some('L' | 'l' | 'O' | 'o' | 'K' | 'k') => {}
                Some('S') => {
                    for part in characters.by_ref().take_while(|c| *c != ';') {
                        out.push(if matches!(part, '^' | '#') { '/' } else { part });
                    }
                }
                Some('A' | 'C' | 'c' | 'f' | 'F' | 'H' | 'p' | 'Q' | 'T' | 'W') => {
                    characters.by_ref().take_while(|c| *c != ';').for_each(drop);
                }
                Some(other) => {
                    out.push('\\');
                    out.push(other);
                }
                None => out.push('\\'),
            },
            other => out.push(other),
        }
    }
    plain(&out)
}

/// Makes a decoder for drawings that are UTF-8 since release 2007.
pub(super) fn utf8_or(fallback: &'static Encoding) -> Decoder {
    Decoder::new(UTF_8, fallback)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_text_is_read_in_its_code_page_and_in_escapes() {
        let gbk = Decoder::new(code_page(b"ANSI_936").unwrap(), WINDOWS_1252);
        assert_eq!(gbk.text(&GB18030.encode("宿迁市道路").0), "宿迁市道路");
        assert_eq!(gbk.text(b"\\U+4E2D\\U+56FD"), "中国");
        assert_eq!(gbk.text(b"\\M+5D6D0\\M+5B9FA"), "中国");
        assert_eq!(gbk.text(b"\\U+D840\\U+DC00x"), "\u{20000}x");
        assert_eq!(gbk.text(b"a^Jb^ c\\U+12"), "a\nb^c\\U+12");
        let utf8 = utf8_or(GB18030);
        assert_eq!(utf8.text("中".as_bytes()), "中");
        assert_eq!(utf8.text(&GB18030.encode("中国道路").0), "中国道路");
        assert_eq!(code_page(b"dos932"), Some(SHIFT_JIS));
        assert_eq!(code_page(b"ANSI_1252"), Some(WINDOWS_1252));
        assert_eq!(code_page(b"nonsense"), None);
    }

    #[test]
    fn formatting_is_removed_and_its_text_kept() {
        assert_eq!(
            plain_mtext(r"{\fSimSun|b0|i0;\H2.5;道路}\PA\~B \S1/2; \{x\}"),
            "道路\nA\u{a0}B 1/2 {x}"
        );
        assert_eq!(
            plain("%%c20 %%p0.5 45%%d 100%%% %%u下划线%%u %%065"),
            "Ø20 ±0.5 45° 100% 下划线 A"
        );
        assert_eq!(plain_mtext("\\"), "\\");
        assert_eq!(plain("50%%"), "50%%");
    }
}
