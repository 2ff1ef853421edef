//! Text in any encoding, made UTF-8 on the way in.

use std::io::{self, Read};

use encoding_rs::{Decoder, Encoding, UTF_8};
use onemap_bounded::text::{Confidence, Detected, detect, for_label};
use onemap_model::Note;

use crate::{Error, Options, Source, limits};

/// A stream of UTF-8, decoded from what the source has.
pub(crate) struct Utf8Reader<R> {
    inner: R,
    /// `None` when the source is UTF-8 already; then bytes pass as they are.
    decoder: Option<Decoder>,
    packed: Vec<u8>,
    decoded: Vec<u8>,
    decoded_at: usize,
    ended: bool,
    /// The first bytes were looked at for a byte order mark.
    begun: bool,
}

/// How a text is encoded, and how that is known.
#[derive(Debug, Clone)]
pub(crate) struct TextEncoding {
    /// The encoding.
    pub(crate) encoding: &'static Encoding,
    /// What to tell the user; `None` when it is plain UTF-8.
    pub(crate) note: Option<Note>,
}

impl TextEncoding {
    /// Takes what the user said, or looks at the beginning of the text.
    pub(crate) fn of(source: &Source, options: &Options, head: &[u8]) -> Result<Self, Error> {
        let told = match &options.encoding {
            None => None,
            Some(label) => Some(for_label(label).ok_or_else(|| {
                Error::unsupported(
                    source,
                    format!("'{label}' is no known encoding"),
                    "use --encoding UTF-8, GBK, Big5 or latin1",
                )
            })?),
        };
        let marked = Encoding::for_bom(head).map(|(encoding, _)| encoding);
        if let Some(encoding) = marked.or(told) {
            return Ok(Self { encoding, note: None });
        }
        let Detected { encoding, confidence, evidence, .. } = detect(head);
        if encoding == UTF_8 && confidence > Confidence::Low {
            return Ok(Self { encoding, note: None });
        }
        let sure = if confidence == Confidence::Low { ", not surely" } else { "" };
        let name = encoding.name();
        let text = format!(
            "text is read as {name}{sure} ({evidence}); if characters look wrong say --encoding"
        );
        Ok(Self { encoding, note: Some(Note::assumed(text)) })
    }
}

impl<R: Read> Utf8Reader<R> {
    /// Begins to read in this encoding; a byte order mark is removed.
    pub(crate) fn new(inner: R, encoding: &'static Encoding) -> Self {
        let decoder = (encoding != UTF_8).then(|| encoding.new_decoder());
        Self {
            inner,
            decoder,
            packed: Vec::new(),
            decoded: Vec::new(),
            decoded_at: 0,
            ended: false,
            begun: false,
        }
    }

    /// Keeps the first bytes of UTF-8 for the reader, unless they are a byte order mark.
    fn begin(&mut self) -> io::Result<()> {
        let mark = "\u{feff}".as_bytes();
        let mut first = Vec::with_capacity(mark.len());
        self.inner.by_ref().take(mark.len() as u64).read_to_end(&mut first)?;
        self.begun = true;
        if first != mark {
            self.decoded = first;
        }
        Ok(())
    }

    /// Hands out what is decoded.
    fn hand_out(&mut self, buf: &mut [u8]) -> usize {
        let rest = self.decoded.get(self.decoded_at..).unwrap_or_default();
        let n = rest.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..n), rest.get(..n)) {
            to.copy_from_slice(from);
        }
        self.decoded_at += n;
        n
    }
}

impl<R: Read> Read for Utf8Reader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Some(decoder) = &mut self.decoder else {
            if !self.begun {
                self.begin()?;
            }
            let n = self.hand_out(buf);
            return if n > 0 { Ok(n) } else { self.inner.read(buf) };
        };
        while self.decoded_at >= self.decoded.len() && !self.ended {
            self.packed.resize(limits::BUFFER_BYTES / 4, 0);
            let n = self.inner.read(&mut self.packed)?;
            self.ended = n == 0;
            let packed = self.packed.get(..n).unwrap_or_default();
            let room = decoder.max_utf8_buffer_length(n).unwrap_or(0);
            self.decoded.resize(room, 0);
            let (_, _, written, _) = decoder.decode_to_utf8(packed, &mut self.decoded, self.ended);
            self.decoded.truncate(written);
            self.decoded_at = 0;
        }
        Ok(self.hand_out(buf))
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::{GB18030, UTF_16LE};

    use super::*;

    #[test]
    fn text_in_other_encodings_becomes_utf8() {
        let text = "编号,名称\n1,宿迁市宿城区\n".repeat(20_000);
        let (gbk, _, _) = GB18030.encode(&text);
        let mut read = String::new();
        Utf8Reader::new(&gbk[..], GB18030).read_to_string(&mut read).unwrap();
        assert_eq!(read, text);
        let mut utf16 = vec![0xff, 0xfe];
        utf16.extend("a,b\n甲,乙".encode_utf16().flat_map(u16::to_le_bytes));
        let mut read = String::new();
        Utf8Reader::new(&utf16[..], UTF_16LE).read_to_string(&mut read).unwrap();
        assert_eq!(read, "a,b\n甲,乙");
    }

    #[test]
    fn a_byte_order_mark_of_utf8_is_removed_and_nothing_else() {
        for (given, expected) in
            [("\u{feff}编号,b", "编号,b"), ("编号", "编号"), ("", ""), ("a", "a"), ("\u{feff}", "")]
        {
            let mut read = String::new();
            Utf8Reader::new(given.as_bytes(), UTF_8).read_to_string(&mut read).unwrap();
            assert_eq!(read, expected);
        }
    }
}
