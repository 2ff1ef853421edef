//! Cuts CQL2 text into words, names, texts, numbers and symbols.

use std::borrow::Cow;

use crate::FilterError;
use crate::error::shown;

/// A piece of the text and where it stands, in bytes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind<'a>,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// What a piece is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind<'a> {
    /// A keyword, or a name without quotes.
    Word(&'a str),
    /// A name in double quotes, doubled ones undone.
    Name(Cow<'a, str>),
    /// A text in single quotes, doubled ones undone.
    Text(Cow<'a, str>),
    /// An unsigned number.
    Number(&'a str),
    /// An operator, parenthesis or comma.
    Symbol(&'static str),
    /// After the last piece.
    End,
}

/// Longer ones before their beginnings.
const SYMBOLS: [&str; 15] =
    ["<>", "<=", ">=", "<", ">", "=", "(", ")", ",", "+", "-", "*", "/", "%", "^"];

/// Reads the piece that begins at or after byte `from`.
pub(crate) fn next(text: &str, from: usize) -> Result<Token<'_>, FilterError> {
    let rest = text.get(from..).unwrap_or("");
    let start = from + (rest.len() - rest.trim_start().len());
    let rest = rest.trim_start();
    let token = |kind, length: usize| Ok(Token { kind, start, end: start + length });
    let Some(first) = rest.chars().next() else {
        return token(Kind::End, 0);
    };
    if first == '\'' || first == '"' {
        let Some((inside, length)) = quoted(rest, first) else {
            let expected = format!("a {first} that ends what begins here");
            return Err(wrong(text, start, &expected, "the end"));
        };
        let kind = if first == '"' { Kind::Name(inside) } else { Kind::Text(inside) };
        return token(kind, length);
    }
    let length = number_length(rest);
    if length > 0 {
        let number = rest.get(..length).unwrap_or("");
        if rest.get(length..).and_then(|after| after.chars().next()).is_some_and(is_part) {
            let expected = "an operator or a space after the number";
            return Err(wrong(text, start + length, expected, &found_at(text, start + length)));
        }
        return token(Kind::Number(number), length);
    }
    if is_start(first) {
        let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        return token(Kind::Word(rest.get(..length).unwrap_or("")), length);
    }
    if let Some(symbol) = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
        return token(Kind::Symbol(symbol), symbol.len());
    }
    Err(wrong(text, start, "a name, a value or an operator", &format!("'{first}'")))
}

/// Makes the error at a byte.
pub(crate) fn wrong(text: &str, byte: usize, expected: &str, found: &str) -> FilterError {
    let at = text.get(..byte).unwrap_or(text).chars().count() + 1;
    FilterError::Text { at, expected: expected.to_owned(), found: found.to_owned() }
}

/// Returns what stands at a byte, for an error's text.
pub(crate) fn found_at(text: &str, byte: usize) -> String {
    let rest = text.get(byte..).unwrap_or("").trim_start();
    if rest.is_empty() {
        return "the end".to_owned();
    }
    let word = rest.find(|c: char| !is_part(c)).filter(|&length| length > 0);
    let length = match word {
        Some(length) => length,
        None if rest.starts_with(is_part) => rest.len(),
        None => rest.chars().next().map_or(0, char::len_utf8),
    };
    format!("'{}'", shown(rest.get(..length).unwrap_or(rest)))
}

/// Returns the inside of what a quote begins, and the length with quotes.
fn quoted(rest: &str, quote: char) -> Option<(Cow<'_, str>, usize)> {
    let mut from = 1;
    let mut doubled = false;
    loop {
        let at = from + rest.get(from..)?.find(quote)?;
        if rest.get(at + 1..).is_some_and(|after| after.starts_with(quote)) {
            doubled = true;
            from = at + 2;
            continue;
        }
        let inside = rest.get(1..at)?;
        let inside = if doubled {
            Cow::Owned(inside.replace(&format!("{quote}{quote}"), &quote.to_string()))
        } else {
            Cow::Borrowed(inside)
        };
        return Some((inside, at + 1));
    }
}

/// Returns how many bytes an unsigned number takes, 0 when there is none.
fn number_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let digits = |from: usize| {
        bytes.get(from..).unwrap_or(&[]).iter().take_while(|b| b.is_ascii_digit()).count()
    };
    let whole = digits(0);
    let mut length = whole;
    if bytes.get(length) == Some(&b'.') {
        let fraction = digits(length + 1);
        if whole + fraction == 0 {
            return 0;
        }
        length += 1 + fraction;
    }
    if length > 0 && matches!(bytes.get(length), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
        let exponent = digits(length + 1 + sign);
        if exponent > 0 {
            length += 1 + sign + exponent;
        }
    }
    length
}

/// Tells whether a name may begin with the character (CQL2, `identifierStart`).
fn is_start(c: char) -> bool {
    c == '_'
        || c == ':'
        || c.is_ascii_alphabetic()
        || matches!(c,
            '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
            | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFE}' | '\u{200C}'..='\u{200D}'
            | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}'
            | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
            && !c.is_whitespace()
}

/// Tells whether the character may stand within a name (CQL2, `identifierPart`).
fn is_part(c: char) -> bool {
    is_start(c)
        || c == '.'
        || c.is_ascii_digit()
        || matches!(c, '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}
