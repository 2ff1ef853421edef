//! Text of input files: lines of words, with a comment at the end.

use onemap_bounded::text;
use onemap_source::read_all;

use crate::{Error, Options, Source, limits};

/// Most words of a line that are looked at, as EPANET does.
const MAX_WORDS: usize = 40;

/// Numbers beyond this are no lengths, places or flows of a network, and could not be calculated with.
const MAX_NUMBER: f64 = 1e15;

/// Reads a whole input file as text.
///
/// The encoding is the one told, else detected; what can not be decoded is U+FFFD.
pub(crate) fn read(source: &Source, options: &Options) -> Result<String, Error> {
    let bytes = read_all(source, limits::MAX_MODEL_BYTES)?;
    let encoding = match &options.encoding {
        Some(label) => text::for_label(label).ok_or_else(|| {
            Error::unsupported(
                source,
                format!("the encoding '{label}' is not known"),
                "name one such as UTF-8 or GBK",
            )
        })?,
        None => text::detect(&bytes).encoding,
    };
    Ok(text::decode(&bytes, encoding).text.into_owned())
}

/// A line that holds more than a comment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line<'a> {
    /// Number in the file, from 1.
    pub(crate) number: u64,
    /// The line as it stands, without its end.
    pub(crate) whole: &'a str,
    /// Its words.
    pub(crate) words: Vec<&'a str>,
    /// What stands behind the semicolon.
    pub(crate) comment: &'a str,
}

impl<'a> Line<'a> {
    /// Takes a line apart. A comment begins at the first semicolon, wherever it is; a word that begins with a quotation
    /// mark ends with the next one.
    fn new(number: u64, whole: &'a str) -> Self {
        let (mut rest, comment) = whole.split_once(';').unwrap_or((whole, ""));
        let mut words = Vec::new();
        while words.len() < MAX_WORDS {
            rest = rest.trim_start();
            let Some(first) = rest.chars().next() else { break };
            let (word, after) = if first == '"' {
                let inner = rest.get(1..).unwrap_or_default();
                inner.split_once('"').unwrap_or((inner, ""))
            } else {
                rest.split_once(char::is_whitespace).unwrap_or((rest, ""))
            };
            words.push(word);
            rest = after;
        }
        Self { number, whole, words, comment: comment.trim() }
    }

    /// Returns a word by its position, from 0.
    pub(crate) fn word(&self, at: usize) -> Option<&'a str> {
        self.words.get(at).copied()
    }

    /// Reads the word at a position as a number that has to be there.
    pub(crate) fn number(&self, at: usize) -> Result<f64, String> {
        needed(self.word(at).unwrap_or_default())
    }

    /// Reads the word at a position as a number that may not be there.
    pub(crate) fn optional(&self, at: usize) -> Result<Option<f64>, String> {
        self.word(at).map(needed).transpose()
    }
}

/// What a line turned out to be: the reason where it is refused.
pub(crate) type Read = Result<(), String>;

/// A line that the program refuses whose file it is.
pub(crate) struct Problem {
    /// Number in the file, from 1.
    pub(crate) line: u64,
    /// Section that it stands in; empty where there is none.
    pub(crate) section: &'static str,
    pub(crate) reason: String,
}

/// Returns the lines of a text that hold words.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    text.lines()
        .zip(1..)
        .map(|(whole, number)| Line::new(number, whole.strip_suffix('\r').unwrap_or(whole)))
        .filter(|line| !line.words.is_empty())
}

/// Reads a number; `None` where it is none, or one beyond all sense.
pub(crate) fn number(word: &str) -> Option<f64> {
    word.parse::<f64>().ok().and_then(sensible)
}

/// Reads a number that has to be there; the error says what stands there instead.
pub(crate) fn needed(word: &str) -> Result<f64, String> {
    number(word).ok_or_else(|| format!("'{}' is no number", short(word)))
}

/// Returns as much of a word as belongs in a message.
pub(crate) fn short(word: &str) -> String {
    let mut short: String = word.chars().take(60).collect();
    if short.len() < word.len() {
        short.push('…');
    }
    short
}

/// Returns a number unless it is none, or one beyond all sense.
pub(crate) fn sensible(value: f64) -> Option<f64> {
    (value.is_finite() && value.abs() <= MAX_NUMBER).then_some(value)
}

/// Tells whether a word begins with a keyword, in any case: EPANET and SWMM look no farther.
pub(crate) fn begins(word: &str, keyword: &str) -> bool {
    word.get(..keyword.len()).is_some_and(|start| start.eq_ignore_ascii_case(keyword))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_words_with_a_comment() {
        let text = "\n;only this\n a\t\"b c\" 1.5 ; why; not\r\n\"open\n \"\" x\n";
        let lines: Vec<Line> = lines(text).collect();
        assert_eq!(lines.iter().map(|line| line.number).collect::<Vec<_>>(), [3, 4, 5]);
        assert_eq!(lines[0].words, ["a", "b c", "1.5"]);
        assert_eq!(lines[0].comment, "why; not");
        assert_eq!(lines[1].words, ["open"]);
        assert_eq!(lines[2].words, ["", "x"]);
    }

    #[test]
    fn a_line_of_a_million_words_costs_forty() {
        let text = "x ".repeat(1_000_000);
        assert_eq!(lines(&text).next().unwrap().words.len(), MAX_WORDS);
    }

    #[test]
    fn numbers_are_finite_and_within_reason() {
        assert_eq!(number("-1.5e3"), Some(-1500.0));
        assert_eq!(number(".5"), Some(0.5));
        for word in ["nan", "inf", "-Infinity", "1e999", "1e16", "", "1,5", "x"] {
            assert_eq!(number(word), None, "{word}");
        }
    }

    #[test]
    fn what_is_no_number_is_told_as_far_as_it_is_short() {
        let text = format!("1 {}", "长".repeat(100));
        let line = lines(&text).next().unwrap();
        assert_eq!((line.number(0), line.optional(2)), (Ok(1.0), Ok(None)));
        assert_eq!(line.number(2), Err("'' is no number".to_owned()));
        assert_eq!(line.optional(1), Err(format!("'{}…' is no number", "长".repeat(60))));
    }

    #[test]
    fn keywords_are_the_beginning_of_a_word() {
        assert!(begins("Closed", "CLOSED") && begins("closedown", "CLOSED"));
        assert!(!begins("clo", "CLOSED") && !begins("关闭", "CLOSED"));
    }
}
