//! Texts without case and without accents.

use std::borrow::Cow;

use unicode_normalization::char::{decompose_canonical, is_combining_mark};

/// What is taken from a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Folding {
    pub(crate) case: bool,
    pub(crate) accents: bool,
}

impl Folding {
    /// Folds; a text that has nothing to fold, as Chinese ones, is not copied.
    pub(crate) fn fold(self, text: Cow<'_, str>) -> Cow<'_, str> {
        let Some((unchanged, _)) = text.char_indices().find(|&(_, c)| self.changes(c)) else {
            return text;
        };
        let mut out = String::with_capacity(text.len());
        out.push_str(text.get(..unchanged).unwrap_or(""));
        for c in text.get(unchanged..).unwrap_or("").chars() {
            self.each(c, &mut |folded| out.push(folded));
        }
        Cow::Owned(out)
    }

    fn changes(self, c: char) -> bool {
        if c.is_ascii() {
            return self.case && c.is_ascii_uppercase();
        }
        // The ideographs have neither case nor accents, and are most of what is asked.
        if ('\u{3400}'..='\u{9FFF}').contains(&c) {
            return false;
        }
        let mut same = false;
        let mut count = 0;
        self.each(c, &mut |folded| {
            same = folded == c;
            count += 1;
        });
        count != 1 || !same
    }

    fn each(self, c: char, out: &mut dyn FnMut(char)) {
        if !self.accents {
            return self.case_of(c, out);
        }
        decompose_canonical(c, |part| {
            // The Japanese voiced sound marks make another letter, not an accent.
            if matches!(part, '\u{3099}' | '\u{309A}') || !is_combining_mark(part) {
                self.case_of(without_stroke(part), out);
            }
        });
    }

    fn case_of(self, c: char, out: &mut dyn FnMut(char)) {
        if !self.case {
            return out(c);
        }
        // Down, up and down again comes to the full case folding: ẞ, ß and ss, or the three sigmas, are one.
        for folded in c.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase) {
            out(folded);
        }
    }
}

/// Letters whose stroke is no mark of its own in Unicode, and yet an accent to a reader.
fn without_stroke(c: char) -> char {
    match c {
        'Ø' => 'O',
        'ø' => 'o',
        'Ł' => 'L',
        'ł' => 'l',
        'Đ' => 'D',
        'đ' => 'd',
        'Ħ' => 'H',
        'ħ' => 'h',
        'Ŧ' => 'T',
        'ŧ' => 't',
        'ı' => 'i',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_folded_in_any_script() {
        let fold = |case, accents, text: &str| {
            Folding { case, accents }.fold(Cow::Borrowed(text)).into_owned()
        };
        for (case, accents, text, expected) in [
            (true, false, "KØBENHAVN", "københavn"),
            (false, true, "København", "Kobenhavn"),
            (true, true, "ÄÖÜ É", "aou e"),
            (true, false, "STRAẞE Straße", "strasse strasse"),
            (true, false, "ΣΊΣΥΦΟΣ σίσυφος", "σίσυφοσ σίσυφοσ"),
            (false, true, "e\u{301}", "e"),
            (true, true, "が", "か\u{3099}"),
            (true, true, "上海中心大厦", "上海中心大厦"),
            (true, false, "ＡＢＣ", "ａｂｃ"),
        ] {
            assert_eq!(fold(case, accents, text), expected, "{text}");
        }
        let chinese = Folding { case: true, accents: true }.fold(Cow::Borrowed("南京东路 12a"));
        assert!(matches!(chinese, Cow::Borrowed(_)));
    }
}
