//! Weighs which encoding a text is in.

use encoding_rs::{Encoding, GB18030, UTF_8, WINDOWS_1252};

/// How sure a detection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Better than the alternatives, on little evidence: let the user confirm.
    Low,
    /// Clear evidence.
    High,
    /// No other reading is possible: a byte order mark, or nothing but ASCII.
    Certain,
}

/// An encoding and why it was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detected {
    /// The encoding: UTF-8, UTF-16, GB18030 (which contains GBK and GB2312) or Windows-1252.
    pub encoding: &'static Encoding,
    /// How sure it is.
    pub confidence: Confidence,
    /// The evidence in words, for the report.
    pub evidence: String,
    /// Length of the byte order mark, bytes.
    pub bom_length: usize,
}

/// Collects evidence over many values. The result does not depend on their order.
#[derive(Debug, Clone, Default)]
pub struct Detector {
    high_bytes: u64,
    utf8_invalid: u64,
    /// Characters of two bytes and of three or four bytes.
    utf8_short: u64,
    utf8_long: u64,
    gb: GbEvidence,
    latin: LatinEvidence,
    bom: Option<(&'static Encoding, usize)>,
}

#[derive(Debug, Clone, Default)]
struct GbEvidence {
    common: u64,
    rare: u64,
    punctuation: u64,
    extended: u64,
    invalid: u64,
}

#[derive(Debug, Clone, Default)]
struct LatinEvidence {
    /// Accented letters between or beside ASCII letters.
    in_words: u64,
    /// Other high bytes: rare in western text.
    other: u64,
    /// Runs of one or two high bytes beside an ASCII letter: one accented letter in UTF-8, too.
    beside_letters: u64,
}

/// Detects the encoding of one text.
pub fn detect(bytes: &[u8]) -> Detected {
    let mut detector = Detector::default();
    detector.feed(bytes);
    detector.finish()
}

impl Detector {
    /// Takes one value, or one block of text, into account. Characters cut off at its end do not count.
    pub fn feed(&mut self, value: &[u8]) {
        if self.high_bytes == 0
            && self.bom.is_none()
            && let Some((encoding, length)) = Encoding::for_bom(value)
        {
            self.bom = Some((encoding, length));
        }
        // Runs of high bytes are what differs; ASCII is the same in all three.
        let high = value.iter().filter(|byte| **byte >= 0x80).count() as u64;
        if high == 0 {
            return;
        }
        self.high_bytes += high;
        self.feed_utf8(value);
        self.gb.feed(value);
        self.latin.feed(value);
    }

    /// Decides.
    pub fn finish(&self) -> Detected {
        let result = |encoding, confidence, evidence: String| Detected {
            encoding,
            confidence,
            evidence,
            bom_length: 0,
        };
        if let Some((encoding, bom_length)) = self.bom {
            let evidence = "byte order mark".to_string();
            return Detected { encoding, confidence: Confidence::Certain, evidence, bom_length };
        }
        if self.high_bytes == 0 {
            return result(UTF_8, Confidence::Certain, "only ASCII characters".into());
        }
        if self.utf8_invalid == 0 && self.utf8_short + self.utf8_long > 0 {
            return self.valid_utf8();
        }
        if self.utf8_long > 20 && self.utf8_invalid * 50 < self.utf8_long {
            let evidence =
                format!("{} UTF-8 characters, {} damaged", self.utf8_long, self.utf8_invalid);
            return result(UTF_8, Confidence::High, evidence);
        }
        let gb = self.gb.score();
        let latin = self.latin.score();
        let confidence = if (gb - latin).abs() > 0.5 { Confidence::High } else { Confidence::Low };
        if gb >= latin {
            let evidence = format!(
                "not UTF-8; {} common Chinese characters, {} others, {} invalid as GB18030",
                self.gb.common,
                self.gb.rare + self.gb.extended + self.gb.punctuation,
                self.gb.invalid
            );
            result(GB18030, confidence, evidence)
        } else {
            let evidence =
                format!("not UTF-8; {} accented letters inside western words", self.latin.in_words);
            result(WINDOWS_1252, confidence, evidence)
        }
    }

    fn valid_utf8(&self) -> Detected {
        let count = self.utf8_short + self.utf8_long;
        // A few GBK characters can be valid UTF-8 by chance, but only as characters of two bytes, and
        // never inside western words.
        let all_common_chinese = self.gb.common == self.high_bytes / 2 && self.gb.invalid == 0;
        if self.utf8_long == 0 && all_common_chinese && self.latin.beside_letters == 0 {
            return Detected {
                encoding: GB18030,
                confidence: Confidence::Low,
                evidence: format!(
                    "{} common Chinese characters, though valid as UTF-8 by chance",
                    self.gb.common
                ),
                bom_length: 0,
            };
        }
        Detected {
            encoding: UTF_8,
            confidence: if self.utf8_long > 0 || count > 2 {
                Confidence::High
            } else {
                Confidence::Low
            },
            evidence: format!("{count} characters beyond ASCII, all valid UTF-8"),
            bom_length: 0,
        }
    }

    fn feed_utf8(&mut self, value: &[u8]) {
        let mut rest = value;
        loop {
            let (valid, error) = match std::str::from_utf8(rest) {
                Ok(valid) => (valid, None),
                Err(error) => {
                    let valid = rest.get(..error.valid_up_to()).unwrap_or_default();
                    (std::str::from_utf8(valid).unwrap_or_default(), Some(error))
                }
            };
            for character in valid.chars() {
                match character.len_utf8() {
                    1 => {}
                    2 => self.utf8_short += 1,
                    _ => self.utf8_long += 1,
                }
            }
            let Some(error) = error else { return };
            // None means that the last character is cut off.
            let Some(length) = error.error_len() else { return };
            self.utf8_invalid += 1;
            rest = rest.get(error.valid_up_to() + length..).unwrap_or_default();
        }
    }
}

impl GbEvidence {
    fn feed(&mut self, value: &[u8]) {
        let mut rest = value;
        while let Some((&lead, after)) = rest.split_first() {
            rest = after;
            if lead < 0x80 {
                continue;
            }
            let Some((&trail, after)) = rest.split_first() else { return };
            match (lead, trail) {
                (0xB0..=0xD7, 0xA1..=0xFE) => self.common += 1,
                (0xD8..=0xF7, 0xA1..=0xFE) => self.rare += 1,
                (0xA1..=0xA3, 0xA1..=0xFE) => self.punctuation += 1,
                (0x81..=0xFE, 0x40..=0x7E | 0x80..=0xFE) => self.extended += 1,
                (0x81..=0xFE, 0x30..=0x39) => match rest.get(1..3) {
                    Some([0x81..=0xFE, 0x30..=0x39]) => {
                        self.extended += 1;
                        rest = rest.get(3..).unwrap_or_default();
                        continue;
                    }
                    Some(_) => {
                        self.invalid += 1;
                        continue;
                    }
                    None => return,
                },
                _ => {
                    self.invalid += 1;
                    continue;
                }
            }
            rest = after;
        }
    }

    /// Returns how much it looks like Chinese: 1 for everyday text, below 0 when it is impossible.
    fn score(&self) -> f64 {
        let good = self.common as f64
            + 0.8 * self.punctuation as f64
            + 0.5 * self.rare as f64
            + 0.1 * self.extended as f64;
        let all = self.common + self.punctuation + self.rare + self.extended + self.invalid;
        (good - 4.0 * self.invalid as f64) / all.max(1) as f64
    }
}

impl LatinEvidence {
    fn feed(&mut self, value: &[u8]) {
        let mut at = 0;
        while let Some(run_start) =
            value.get(at..).and_then(|rest| rest.iter().position(|b| *b >= 0x80))
        {
            let start = at + run_start;
            let run = value.get(start..).unwrap_or_default();
            let length = run.iter().take_while(|b| **b >= 0x80).count();
            let before = start.checked_sub(1).and_then(|i| value.get(i));
            let after = value.get(start + length);
            let touches_word = [before, after].into_iter().flatten().any(u8::is_ascii_alphabetic);
            let letters = run.iter().take(length).all(|b| *b >= 0xC0 && *b != 0xD7 && *b != 0xF7);
            self.beside_letters += u64::from(length <= 2 && touches_word);
            if length <= 2 && touches_word && letters {
                self.in_words += length as u64;
            } else {
                self.other += length as u64;
            }
            at = start + length;
        }
    }

    /// Returns the share of high bytes that are letters of western words.
    fn score(&self) -> f64 {
        self.in_words as f64 / (self.in_words + self.other).max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::{UTF_16BE, UTF_16LE};
    use proptest::prelude::*;

    use super::*;

    fn gbk(text: &str) -> Vec<u8> {
        GB18030.encode(text).0.into_owned()
    }

    #[test]
    fn chinese_in_gbk_is_told_from_utf8() {
        for text in [
            "沈阳市和平区",
            "宿迁",
            "名称,类型\n幸福小区,住宅\n",
            "中",
            "１２３号楼（东）",
            "A座3层",
        ] {
            let detected = detect(&gbk(text));
            assert_eq!(detected.encoding, GB18030, "{text}: {}", detected.evidence);
            let detected = detect(text.as_bytes());
            assert_eq!(detected.encoding, UTF_8, "{text}: {}", detected.evidence);
        }
    }

    #[test]
    fn western_text_is_told_from_chinese() {
        for text in ["Côte d'Azur", "São Paulo", "Zürich; Genève; Neuchâtel", "Málaga"] {
            let (bytes, _, _) = WINDOWS_1252.encode(text);
            let detected = detect(&bytes);
            assert_eq!(detected.encoding, WINDOWS_1252, "{text}: {}", detected.evidence);
            assert_eq!(detect(text.as_bytes()).encoding, UTF_8, "{text}");
        }
    }

    #[test]
    fn ascii_and_byte_order_marks_are_certain() {
        assert_eq!(detect(b"plain").confidence, Confidence::Certain);
        assert_eq!(detect(b"\xef\xbb\xbfabc").bom_length, 3);
        assert_eq!(detect(b"\xff\xfea\0").encoding, UTF_16LE);
        assert_eq!(detect(b"\xfe\xff\0a").encoding, UTF_16BE);
        assert_eq!(detect(b"").encoding, UTF_8);
    }

    #[test]
    fn many_short_fields_are_weighed_together_even_when_cut_in_half() {
        let mut detector = Detector::default();
        for name in ["皇姑区", "大东区", "铁西区", "联通", "浑南区"] {
            let bytes = gbk(name);
            detector.feed(&bytes[..bytes.len() - 1]);
        }
        let detected = detector.finish();
        assert_eq!((detected.encoding, detected.confidence), (GB18030, Confidence::High));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_have_an_answer_and_the_same_one_twice(bytes: Vec<u8>) {
            prop_assert_eq!(detect(&bytes), detect(&bytes));
        }

        #[test]
        fn utf8_hanzi_are_always_utf8(text in "[\u{4e00}-\u{9fff}]{1,20}") {
            prop_assert_eq!(detect(text.as_bytes()).encoding, UTF_8);
        }

        #[test]
        fn runs_of_common_hanzi_in_gbk_are_always_gb18030(text in "[的一国在人了有中是年和大业不为发会工经上地市要个产这出行作生家以成到日民来我部对进多全建他公开们场展时理新方主企资实学报制政济用同于法高长现本月定化加动合品重关机分力自外者区能设后就等体下万元社过前面]{2,20}") {
            prop_assert_eq!(detect(&gbk(&text)).encoding, GB18030);
        }
    }
}
