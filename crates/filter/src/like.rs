//! Matches texts with the patterns of LIKE.

/// A pattern, cut at its `%`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pattern {
    /// What stands between the `%`; the first is bound to the beginning, the last to the end.
    pieces: Vec<Piece>,
}

/// A part of a pattern without `%`.
#[derive(Debug, Clone, PartialEq)]
enum Piece {
    /// Just this.
    Text(String),
    /// Characters, `None` is any one.
    Chars(Vec<Option<char>>),
}

impl Pattern {
    /// Reads a pattern: `%` is any text, `_` any one character, `\` takes the next as it is.
    pub(crate) fn new(pattern: &str) -> Self {
        let mut pieces = vec![Vec::new()];
        let mut chars = pattern.chars();
        while let Some(c) = chars.next() {
            let one = match c {
                '%' => {
                    pieces.push(Vec::new());
                    continue;
                }
                '_' => None,
                '\\' => Some(chars.next().unwrap_or('\\')),
                other => Some(other),
            };
            if let Some(last) = pieces.last_mut() {
                last.push(one);
            }
        }
        let piece = |chars: Vec<Option<char>>| match chars.iter().copied().collect() {
            Some(text) => Piece::Text(text),
            None => Piece::Chars(chars),
        };
        Self { pieces: pieces.into_iter().map(piece).collect() }
    }

    /// Tells whether the whole text matches. Linear in the text but for `_`.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let Some((first, others)) = self.pieces.split_first() else { return text.is_empty() };
        let Some(rest) = first.at_start(text) else { return false };
        let Some((last, middle)) = others.split_last() else { return rest.is_empty() };
        let Some(mut rest) = last.at_end(rest) else { return false };
        for piece in middle {
            // The leftmost place leaves the most for the pieces that follow.
            let Some(after) = piece.find(rest) else { return false };
            rest = after;
        }
        true
    }
}

impl Piece {
    /// Returns what follows the piece at the beginning of the text.
    fn at_start<'t>(&self, text: &'t str) -> Option<&'t str> {
        match self {
            Self::Text(piece) => text.strip_prefix(piece.as_str()),
            Self::Chars(piece) => {
                let mut chars = text.chars();
                let fits = |one: &Option<char>| {
                    chars.next().is_some_and(|c| one.is_none_or(|wanted| wanted == c))
                };
                piece.iter().all(fits).then_some(chars.as_str())
            }
        }
    }

    /// Returns what stands before the piece at the end of the text.
    fn at_end<'t>(&self, text: &'t str) -> Option<&'t str> {
        match self {
            Self::Text(piece) => text.strip_suffix(piece.as_str()),
            Self::Chars(piece) => {
                let mut chars = text.chars();
                let fits = |one: &Option<char>| {
                    chars.next_back().is_some_and(|c| one.is_none_or(|wanted| wanted == c))
                };
                piece.iter().rev().all(fits).then_some(chars.as_str())
            }
        }
    }

    /// Returns what follows the leftmost place of the piece.
    fn find<'t>(&self, text: &'t str) -> Option<&'t str> {
        match self {
            Self::Text(piece) => {
                text.find(piece.as_str()).and_then(|at| text.get(at + piece.len()..))
            }
            Self::Chars(_) => {
                let starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
                starts.filter_map(|at| text.get(at..)).find_map(|rest| self.at_start(rest))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_match_whole_texts() {
        for (pattern, yes, no) in [
            ("", vec![""], vec!["a"]),
            ("%", vec!["", "abc"], vec![]),
            ("_%", vec!["a", "桥"], vec![""]),
            ("B_r%", vec!["Bern", "Birmingham", "B桥r"], vec!["Br", "bern", "ABern"]),
            ("%路", vec!["南京路", "路"], vec!["南京路口"]),
            ("%京_口%", vec!["南京路口站"], vec!["南京口"]),
            ("a%b%a", vec!["aba", "axbxa", "abab a"], vec!["ab", "aa", "ba"]),
            ("100\\%", vec!["100%"], vec!["1000"]),
            ("a\\_b", vec!["a_b"], vec!["axb"]),
            ("x\\", vec!["x\\"], vec!["x"]),
            ("ab%ba", vec!["abba"], vec!["aba"]),
        ] {
            let compiled = Pattern::new(pattern);
            for text in yes {
                assert!(compiled.matches(text), "{pattern} {text}");
            }
            for text in no {
                assert!(!compiled.matches(text), "{pattern} {text}");
            }
        }
    }

    /// The definition, letter by letter.
    fn plainly(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, rest) => rest.is_none(),
            (Some(('%', more)), None) => plainly(more, text),
            (Some(('%', more)), Some((_, rest))) => plainly(more, text) || plainly(pattern, rest),
            (Some(('_', more)), Some((_, rest))) => plainly(more, rest),
            (Some((p, more)), Some((c, rest))) => p == c && plainly(more, rest),
            (Some(_), None) => false,
        }
    }

    proptest! {
        #[test]
        fn the_pieces_mean_what_the_pattern_says(pattern in "[ab桥%_]{0,8}", text in "[ab桥]{0,10}") {
            let chars = |s: &str| s.chars().collect::<Vec<_>>();
            let expected = plainly(&chars(&pattern), &chars(&text));
            prop_assert_eq!(Pattern::new(&pattern).matches(&text), expected);
        }
    }
}
