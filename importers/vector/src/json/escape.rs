//! Escapes in texts of JSON.

/// Replaces escapes. Halves of surrogate pairs without their partner become U+FFFD.
pub(super) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, escape)) = rest.split_once('\\') {
        out.push_str(plain);
        let mut chars = escape.chars();
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('u') => {
                let (c, length) = unicode_escape(chars.as_str());
                out.push(c);
                rest = chars.as_str().get(length..).unwrap_or_default();
                continue;
            }
            Some(other) => out.push(other),
            None => {}
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out
}

/// Reads what follows `\u`: the character and how many bytes it took.
fn unicode_escape(text: &str) -> (char, usize) {
    let unit = |text: Option<&str>| text.and_then(|t| u16::from_str_radix(t, 16).ok());
    let Some(first) = unit(text.get(..4)) else {
        return (char::REPLACEMENT_CHARACTER, 0);
    };
    let second = if text.get(4..6) == Some("\\u") { unit(text.get(6..10)) } else { None };
    let is_high = (0xd800..0xdc00).contains(&first);
    if let (true, Some(low @ 0xdc00..0xe000)) = (is_high, second) {
        let code = 0x10000 + ((u32::from(first) - 0xd800) << 10) + (u32::from(low) - 0xdc00);
        return (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 10);
    }
    (char::from_u32(first.into()).unwrap_or(char::REPLACEMENT_CHARACTER), 4)
}
