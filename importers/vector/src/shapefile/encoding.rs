//! Decides in which encoding a table's text is.
//!
//! In this order: what the user said, the `.cpg`, the language driver byte of the `.dbf`, and what the
//! bytes look like. Neither `.cpg` nor driver byte is believed against the bytes: many programs write
//! `ISO-8859-1` or driver 0x57 ("ANSI", the code page of whatever machine) whatever the text is.

use onemap_bounded::text::{self, Confidence, Detected, Detector, Encoding};
use onemap_model::Note;

use super::dos;

/// How bytes become text.
#[derive(Debug, Clone, Copy)]
pub(super) enum Codec {
    /// One of the encodings of the web.
    Web(&'static Encoding),
    /// A code page of DOS: the characters of the bytes from 0x80 on.
    Dos(&'static str, &'static [char; 128]),
}

impl Codec {
    /// Finds a codec by the label of a `.cpg` or a user.
    pub(super) fn for_label(label: &str) -> Option<Self> {
        let label = label.trim().trim_matches(['"', '\'', '\0']);
        let web = || text::for_label(label).map(Self::Web);
        dos::for_label(label).map(|(name, page)| Self::Dos(name, page)).or_else(web)
    }

    fn for_driver(driver: u8) -> Option<Self> {
        let web = || text::for_dbf_language(driver).map(Self::Web);
        dos::for_driver(driver).map(|(name, page)| Self::Dos(name, page)).or_else(web)
    }

    /// Returns the name for messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Web(encoding) if encoding.name() == "gb18030" => "GBK",
            Self::Web(encoding) => encoding.name(),
            Self::Dos(name, _) => name,
        }
    }

    /// Decodes a value; returns the text and whether something in it could not be decoded.
    pub(super) fn decode(self, bytes: &[u8]) -> (String, bool) {
        match self {
            Self::Web(encoding) => {
                let decoded = text::decode(bytes, encoding);
                (decoded.text.into_owned(), decoded.damaged)
            }
            Self::Dos(_, page) => {
                let character = |b: &u8| match b.checked_sub(0x80) {
                    Some(high) => page.get(usize::from(high)).copied().unwrap_or('\u{fffd}'),
                    None => char::from(*b),
                };
                (bytes.iter().map(character).collect(), false)
            }
        }
    }

    /// Tells whether every sequence of bytes is text in it, so that nothing contradicts it.
    fn takes_anything(self) -> bool {
        match self {
            Self::Web(encoding) => encoding.is_single_byte(),
            Self::Dos(..) => true,
        }
    }

    fn is(self, other: &'static Encoding) -> bool {
        matches!(self, Self::Web(encoding) if encoding == other)
    }
}

/// Evidence from a table's text.
#[derive(Debug, Default)]
pub(super) struct Sample {
    detector: Detector,
    /// Values with bytes beyond ASCII, to try encodings on.
    values: Vec<Vec<u8>>,
    pub(super) high_values: u64,
}

/// Values kept to try encodings on; more would tell no more.
const KEPT_VALUES: usize = 2_000;

impl Sample {
    /// Takes one value or field name into account.
    pub(super) fn feed(&mut self, value: &[u8]) {
        if value.is_ascii() {
            return;
        }
        self.high_values += 1;
        self.detector.feed(value);
        if self.values.len() < KEPT_VALUES {
            self.values.push(value.to_vec());
        }
    }

    /// Tells whether there is enough evidence.
    pub(super) fn is_enough(&self) -> bool {
        self.high_values > 200_000
    }

    /// Tells whether most values are text in this encoding.
    fn agrees(&self, codec: Codec) -> bool {
        let damaged = self.values.iter().filter(|v| codec.decode(v).1).count();
        damaged * 50 <= self.values.len()
    }
}

/// Decides, and says in the note what was assumed and on what grounds; no note when it does not matter.
pub(super) fn choose(cpg: Option<&str>, driver: u8, sample: &Sample) -> (Codec, Option<Note>) {
    let detected = sample.detector.finish();
    let found = Codec::Web(detected.encoding);
    if sample.high_values == 0 {
        return (found, None);
    }
    let stated_by_file = cpg
        .and_then(|label| Codec::for_label(label).map(|codec| (codec, ".cpg")))
        .or_else(|| Codec::for_driver(driver).map(|codec| (codec, ".dbf header")));
    let unknown_label = cpg
        .filter(|label| Codec::for_label(label).is_none() && !label.trim().is_empty())
        .map(|label| format!(" (the .cpg names '{}', which is not known)", label.trim()))
        .unwrap_or_default();
    let Some((stated, place)) = stated_by_file else {
        return (found, Some(assumed(found, &detected, &unknown_label)));
    };
    if found.is_same(stated) {
        return (stated, Some(said(stated, place)));
    }
    // Latin text passes as GBK now and then, and the other way round; what the file states then decides.
    let contradicted = if stated.takes_anything() {
        let western = stated.is(encoding_rs::WINDOWS_1252) || place == ".dbf header";
        western && !found.takes_anything() && detected.confidence >= Confidence::High
    } else {
        !sample.agrees(stated)
    };
    if !contradicted {
        return (stated, Some(said(stated, place)));
    }
    let text = format!(
        "the {place} says that text is in {}, but it is not: read as {} ({}); use --encoding to say otherwise",
        stated.name(),
        found.name(),
        detected.evidence
    );
    (found, Some(Note::warning(text)))
}

impl Codec {
    fn is_same(self, other: Self) -> bool {
        matches!((self, other), (Self::Web(a), Self::Web(b)) if a == b)
    }
}

fn said(codec: Codec, place: &str) -> Note {
    Note::assumed(format!(
        "text read as {}, as the {place} says; use --encoding to say otherwise",
        codec.name()
    ))
}

fn assumed(codec: Codec, detected: &Detected, more: &str) -> Note {
    Note::assumed(format!(
        "text read as {}: detected, {}{more}; use --encoding to say otherwise",
        codec.name(),
        detected.evidence
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(values: &[&[u8]]) -> Sample {
        let mut sample = Sample::default();
        for value in values {
            sample.feed(value);
        }
        sample
    }

    fn gbk(text: &str) -> Vec<u8> {
        encoding_rs::GBK.encode(text).0.into_owned()
    }

    fn chosen(cpg: Option<&str>, driver: u8, values: &[&[u8]]) -> &'static str {
        choose(cpg, driver, &sample(values)).0.name()
    }

    #[test]
    fn chinese_is_read_right_whatever_the_cpg_and_the_driver_byte_say() {
        let names = [gbk("沈阳市"), gbk("和平区"), gbk("行政区划代码")];
        let in_gbk: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
        let in_utf8: [&[u8]; 2] = ["沈阳市".as_bytes(), "和平区".as_bytes()];
        for cpg in
            [None, Some("UTF-8"), Some("ISO-8859-1"), Some("936"), Some("'GBK'"), Some("junk")]
        {
            for driver in [0, 0x4D, 0x57, 0x03] {
                assert_eq!(chosen(cpg, driver, &in_gbk), "GBK", "{cpg:?} {driver}");
            }
        }
        for cpg in [None, Some("UTF-8"), Some("\"utf-8\""), Some("ISO-8859-1"), Some("GBK")] {
            // Short UTF-8 text can be valid GBK by chance, so a .cpg that says GBK may win there.
            let expected = chosen(cpg, 0x57, &in_utf8);
            assert!(expected == "UTF-8" || cpg == Some("GBK"), "{cpg:?} {expected}");
        }
    }

    #[test]
    fn western_and_central_european_code_pages_are_believed() {
        assert_eq!(chosen(Some("852"), 0, &[b"abc\x8a"]), "CP852");
        assert_eq!(Codec::for_label("852").unwrap().decode(b"abc\x8a").0, "abcŐ");
        assert_eq!(chosen(Some("ISO-8859-1"), 0, &[b"Z\xfcrich", b"Gen\xe8ve"]), "windows-1252");
        assert_eq!(chosen(None, 0x57, &[b"Z\xfcrich", b"Gen\xe8ve"]), "windows-1252");
    }

    #[test]
    fn plain_ascii_needs_no_note() {
        assert!(choose(Some("UTF-8"), 0x57, &sample(&[b"plain"])).1.is_none());
    }
}
