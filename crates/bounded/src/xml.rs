//! Reads XML as a stream of events, without DTDs, entities of the file's own, or surprises in size.

use std::borrow::Cow;
use std::io::{self, BufReader, Read};

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8};
use quick_xml::events::Event;
use quick_xml::events::attributes::Attributes;

use crate::{Error, Result, limits, text};

/// A pull parser over XML in any encoding that the file declares.
///
/// A DOCTYPE is refused (entity bombs and external entities begin there), as are entities other than the
/// five of XML itself, nesting beyond [`limits::MAX_XML_DEPTH`] and single tags or texts beyond the limits.
/// `<a/>` comes as a start and an end. Comments and processing instructions are passed over; text, CDATA
/// and references that follow each other come as one text event.
pub struct XmlReader<R> {
    inner: quick_xml::Reader<BufReader<Utf8<R>>>,
    buffer: Vec<u8>,
    depth: usize,
    tag: String,
    name_length: usize,
    text: String,
    pending: Option<Pending>,
}

#[derive(Clone, Copy)]
enum Pending {
    Start,
    End,
    Eof,
}

/// What comes next in the document.
#[derive(Debug)]
pub enum XmlEvent<'a> {
    /// An element begins.
    Start(XmlStart<'a>),
    /// The element of this name ends; with its prefix, as written.
    End(&'a str),
    /// Text between tags, decoded and unescaped, white space kept.
    Text(&'a str),
    /// The document ends.
    Eof,
}

/// The beginning of an element.
#[derive(Debug, Clone, Copy)]
pub struct XmlStart<'a> {
    tag: &'a str,
    name_length: usize,
}

/// An attribute, its value unescaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XmlAttribute<'a> {
    /// Its name with prefix, as written.
    pub name: &'a str,
    /// Its value.
    pub value: Cow<'a, str>,
}

impl<'a> XmlStart<'a> {
    /// Returns the element's name with its prefix, as written.
    pub fn name(&self) -> &'a str {
        self.tag.get(..self.name_length).unwrap_or_default()
    }

    /// Returns the element's name without prefix.
    pub fn local_name(&self) -> &'a str {
        local(self.name())
    }

    /// Walks the attributes. Malformed ones are errors.
    pub fn attributes(&self) -> impl Iterator<Item = Result<XmlAttribute<'a>>> + use<'a> {
        let mut attributes = Attributes::new(self.tag, self.name_length);
        attributes.with_checks(false);
        let mut count = 0;
        attributes.map(move |attribute| {
            count += 1;
            if count > limits::MAX_XML_ATTRIBUTES {
                let limit = limits::MAX_XML_ATTRIBUTES as u64;
                return Err(Error::Limit { what: "XML element", limit, unit: "attributes" });
            }
            let attribute = attribute
                .map_err(|error| Error::malformed("XML attribute", 0, error.to_string()))?;
            let name = attribute.key.0;
            let value = match attribute.value {
                Cow::Borrowed(raw) => quick_xml::escape::unescape(raw),
                Cow::Owned(raw) => {
                    quick_xml::escape::unescape(&raw).map(|value| Cow::Owned(value.into_owned()))
                }
            };
            let value =
                value.map_err(|error| Error::malformed("XML attribute", 0, error.to_string()))?;
            Ok(XmlAttribute { name, value })
        })
    }

    /// Returns the value of the attribute with this name, given with or without prefix.
    pub fn attribute(&self, name: &str) -> Result<Option<Cow<'a, str>>> {
        for attribute in self.attributes() {
            let attribute = attribute?;
            if attribute.name == name || local(attribute.name) == name {
                return Ok(Some(attribute.value));
            }
        }
        Ok(None)
    }
}

fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

impl<R: Read> XmlReader<R> {
    /// Begins to read: finds the encoding from the byte order mark or the XML declaration.
    ///
    /// # Errors
    /// When reading fails or the declared encoding is unknown.
    pub fn new(source: R) -> Result<Self> {
        let utf8 = Utf8::new(source)?;
        let mut inner = quick_xml::Reader::from_reader(BufReader::with_capacity(1 << 16, utf8));
        let config = inner.config_mut();
        config.expand_empty_elements = true;
        config.check_end_names = true;
        Ok(Self {
            inner,
            buffer: Vec::new(),
            depth: 0,
            tag: String::new(),
            name_length: 0,
            text: String::new(),
            pending: None,
        })
    }

    /// Returns how deep the current element is nested: 1 inside the root.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Returns how many bytes of (decoded) XML were read, for errors and progress.
    pub fn position(&self) -> u64 {
        self.inner.buffer_position()
    }

    /// Reads the next event.
    ///
    /// # Errors
    /// When the XML is malformed, refused or cut off.
    pub fn read(&mut self) -> Result<XmlEvent<'_>> {
        self.text.clear();
        let next = match self.pending.take() {
            Some(pending) => pending,
            None => self.advance()?,
        };
        if !self.text.is_empty() {
            self.pending = Some(next);
            return Ok(XmlEvent::Text(&self.text));
        }
        Ok(match next {
            Pending::Start => {
                self.depth += 1;
                if self.depth > limits::MAX_XML_DEPTH {
                    let limit = limits::MAX_XML_DEPTH as u64;
                    return Err(Error::Limit {
                        what: "nesting of XML elements",
                        limit,
                        unit: "levels",
                    });
                }
                XmlEvent::Start(XmlStart { tag: &self.tag, name_length: self.name_length })
            }
            Pending::End => {
                self.depth = self.depth.saturating_sub(1);
                XmlEvent::End(&self.tag)
            }
            Pending::Eof if self.depth > 0 => {
                let detail =
                    format!("the document ends inside {} open elements; it is cut off", self.depth);
                return Err(Error::malformed("XML", self.position(), detail));
            }
            Pending::Eof => {
                self.pending = Some(Pending::Eof);
                XmlEvent::Eof
            }
        })
    }

    /// Passes over everything up to the end of the element that began last.
    pub fn skip_element(&mut self) -> Result<()> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            if matches!(self.read()?, XmlEvent::Eof) {
                break;
            }
        }
        Ok(())
    }

    /// Reads the text of the element that began last up to its end; the text of elements inside it too.
    pub fn element_text(&mut self) -> Result<String> {
        let outside = self.depth.saturating_sub(1);
        let mut all = String::new();
        while self.depth > outside {
            match self.read()? {
                XmlEvent::Text(text) => {
                    if all.len() + text.len() > limits::MAX_VALUE_BYTES {
                        return Err(too_much_text());
                    }
                    all.push_str(text);
                }
                XmlEvent::Eof => break,
                _ => {}
            }
        }
        Ok(all)
    }

    /// Reads up to the next tag, collecting text on the way.
    fn advance(&mut self) -> Result<Pending> {
        loop {
            self.buffer.clear();
            let event_start = self.inner.buffer_position();
            self.inner.get_mut().get_mut().budget = EVENT_BUDGET;
            let event = match self.inner.read_event_into(&mut self.buffer) {
                Ok(event) => event,
                Err(quick_xml::Error::Io(error)) => return Err(take_back(&error)),
                Err(error) => return Err(Error::malformed("XML", event_start, error.to_string())),
            };
            match event {
                Event::Start(start) | Event::Empty(start) => {
                    self.name_length = start.name().0.len();
                    self.tag.clear();
                    self.tag.push_str(&start);
                    if self.tag.len() > limits::MAX_XML_MARKUP_BYTES {
                        let limit = limits::MAX_XML_MARKUP_BYTES as u64;
                        return Err(Error::Limit { what: "XML tag", limit, unit: "bytes" });
                    }
                    return Ok(Pending::Start);
                }
                Event::End(end) => {
                    self.tag.clear();
                    self.tag.push_str(end.name().0);
                    return Ok(Pending::End);
                }
                Event::Text(text) => self.text.push_str(&text.xml10_content()),
                Event::CData(text) => self.text.push_str(&text.xml10_content()),
                Event::GeneralRef(reference) => {
                    let character = if reference.is_char_ref() {
                        reference.resolve_char_ref().ok().flatten().map(String::from)
                    } else {
                        quick_xml::escape::resolve_predefined_entity(&reference).map(str::to_owned)
                    };
                    let Some(character) = character else {
                        let name = reference.to_string();
                        let detail = format!(
                            "entity &{name}; is not one of XML's own; replace it in the file"
                        );
                        return Err(Error::malformed("XML", event_start, detail));
                    };
                    self.text.push_str(&character);
                }
                Event::DocType(_) => {
                    let detail = "a DOCTYPE; such files can read other files or grow without end: remove the line <!DOCTYPE ...>";
                    return Err(Error::Unsupported { what: "XML", detail: detail.into() });
                }
                Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
                Event::Eof => return Ok(Pending::Eof),
            }
            if self.text.len() > limits::MAX_VALUE_BYTES {
                return Err(too_much_text());
            }
        }
    }
}

fn too_much_text() -> Error {
    Error::Limit { what: "XML text", limit: limits::MAX_VALUE_BYTES as u64, unit: "bytes" }
}

/// The XML library shares its I/O errors, so that ours cannot be taken out, only described again.
fn take_back(error: &io::Error) -> Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(Error::Limit { what, limit, unit }) => Error::Limit { what, limit: *limit, unit },
        Some(other) => Error::malformed("XML", 0, other.to_string()),
        None => Error::Io(io::Error::new(error.kind(), error.to_string())),
    }
}

/// What one event may read: the largest text, and what the buffer had read ahead.
const EVENT_BUDGET: usize = limits::MAX_VALUE_BYTES + (1 << 20);

/// Turns the source's encoding into UTF-8 and stops an event that never ends.
struct Utf8<R> {
    source: R,
    head: Vec<u8>,
    head_at: usize,
    /// `None` when the source is UTF-8 already.
    decoder: Option<Decoder>,
    packed: Vec<u8>,
    packed_at: usize,
    at_end: bool,
    budget: usize,
}

impl<R: Read> Utf8<R> {
    fn new(mut source: R) -> Result<Self> {
        let mut head = Vec::new();
        source.by_ref().take(1024).read_to_end(&mut head)?;
        let (encoding, bom) = match Encoding::for_bom(&head) {
            Some((encoding, length)) => (encoding, length),
            None => (declared_encoding(&head)?, 0),
        };
        Ok(Self {
            source,
            head,
            head_at: bom,
            decoder: (encoding != UTF_8).then(|| encoding.new_decoder_without_bom_handling()),
            packed: Vec::new(),
            packed_at: 0,
            at_end: false,
            budget: EVENT_BUDGET,
        })
    }

    fn read_source(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let head = self.head.get(self.head_at..).unwrap_or_default();
        if head.is_empty() {
            return self.source.read(buf);
        }
        let n = head.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..n), head.get(..n)) {
            to.copy_from_slice(from);
        }
        self.head_at += n;
        Ok(n)
    }

    fn read_decoded(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.packed_at == self.packed.len() && !self.at_end {
                let mut block = std::mem::take(&mut self.packed);
                block.resize(1 << 15, 0);
                let n = self.read_source(&mut block)?;
                block.truncate(n);
                self.packed = block;
                self.packed_at = 0;
                self.at_end = n == 0;
            }
            let Some(decoder) = &mut self.decoder else { return Ok(0) };
            let packed = self.packed.get(self.packed_at..).unwrap_or_default();
            let (result, read, written, _) = decoder.decode_to_utf8(packed, buf, self.at_end);
            self.packed_at += read;
            let finished = self.at_end && result == CoderResult::InputEmpty;
            if finished {
                self.decoder = None;
            }
            if finished || written > 0 {
                return Ok(written);
            }
            if result == CoderResult::OutputFull {
                // The reader's buffer always takes one character; a caller with less gets an error.
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "buffer too small for one character",
                ));
            }
        }
    }
}

impl<R: Read> Read for Utf8<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.budget == 0 {
            let limit = limits::MAX_VALUE_BYTES as u64;
            return Err(Error::Limit { what: "XML text or tag", limit, unit: "bytes" }.into());
        }
        let n = if self.decoder.is_some() {
            self.read_decoded(buf)?
        } else if self.at_end {
            0
        } else {
            self.read_source(buf)?
        };
        self.budget = self.budget.saturating_sub(n);
        Ok(n)
    }
}

/// Reads `encoding="..."` of the XML declaration; UTF-8 without one.
fn declared_encoding(head: &[u8]) -> Result<&'static Encoding> {
    if head.starts_with(b"<\0?\0") {
        return Ok(encoding_rs::UTF_16LE);
    }
    if head.starts_with(b"\0<\0?") {
        return Ok(encoding_rs::UTF_16BE);
    }
    let ascii = String::from_utf8_lossy(head);
    let declaration = ascii.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>"));
    let Some((declaration, _)) = declaration else { return Ok(UTF_8) };
    let Some((_, value)) = declaration.split_once("encoding") else { return Ok(UTF_8) };
    let label =
        value.trim_start_matches([' ', '=', '\t']).split(['"', '\'']).nth(1).unwrap_or_default();
    // A declaration that could be read as ASCII is not UTF-16, whatever it says.
    let encoding = text::for_label(label).filter(|encoding| encoding.is_ascii_compatible());
    if encoding.is_none() && label.to_ascii_lowercase().starts_with("utf-16") {
        return Ok(UTF_8);
    }
    encoding.ok_or_else(|| Error::Unsupported {
        what: "XML",
        detail: format!("encoding {label:?}; save the file as UTF-8"),
    })
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use encoding_rs::GB18030;
    use proptest::prelude::*;

    use super::*;

    fn events(bytes: &[u8]) -> Result<String> {
        let mut reader = XmlReader::new(bytes)?;
        let mut notes = String::new();
        loop {
            match reader.read()? {
                XmlEvent::Start(start) => {
                    write!(notes, "<{}", start.name()).unwrap();
                    for attribute in start.attributes() {
                        let attribute = attribute?;
                        write!(notes, " {}={}", attribute.name, attribute.value).unwrap();
                    }
                    notes.push('>');
                }
                XmlEvent::End(name) => write!(notes, "</{name}>").unwrap(),
                XmlEvent::Text(text) => notes.push_str(text),
                XmlEvent::Eof => return Ok(notes),
            }
        }
    }

    #[test]
    fn elements_attributes_and_text_come_in_order() {
        let text = events(br#"<?xml version="1.0"?><!-- c --><k:a x="1 &lt; 2"><b/>t&amp;u<![CDATA[<v>]]>&#x4e2d;</k:a>"#);
        assert_eq!(text.unwrap(), "<k:a x=1 < 2><b></b>t&u<v>中</k:a>");
    }

    #[test]
    fn gbk_and_utf16_are_read_as_declared() {
        let gbk = GB18030
            .encode("<?xml version='1.0' encoding='GB2312'?><名称 a='宿迁'>沈阳</名称>")
            .0
            .into_owned();
        assert_eq!(events(&gbk).unwrap(), "<名称 a=宿迁>沈阳</名称>");
        let utf16: Vec<u8> = "\u{feff}<?xml version='1.0' encoding='UTF-16'?><a>中</a>"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(events(&utf16).unwrap(), "<a>中</a>");
        assert_eq!(events("\u{feff}<a>中</a>".as_bytes()).unwrap(), "<a>中</a>");
        assert!(events(b"<?xml version='1.0' encoding='EBCDIC'?><a/>").is_err());
    }

    #[test]
    fn reading_on_after_the_end_of_a_gbk_document_is_harmless() {
        let mut reader = XmlReader::new(&b"<?xml encoding='gbk'?><a/>"[..]).unwrap();
        while !matches!(reader.read(), Ok(XmlEvent::Eof)) {}
        assert!(matches!(reader.read(), Ok(XmlEvent::Eof)));
        let mut cut = XmlReader::new(&b"<?xml encoding='gbk'?><a \xef"[..]).unwrap();
        assert!(cut.read().is_err());
    }

    #[test]
    fn a_billion_laughs_are_refused_at_the_doctype() {
        let bomb = br#"<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>"#;
        assert!(matches!(events(bomb), Err(Error::Unsupported { .. })));
        let external = br#"<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>"#;
        assert!(matches!(events(external), Err(Error::Unsupported { .. })));
        assert!(events(b"<x>&b;</x>").unwrap_err().to_string().contains("&b;"));
    }

    #[test]
    fn deep_nesting_and_many_attributes_are_refused() {
        assert!(matches!(events("<a>".repeat(100_000).as_bytes()), Err(Error::Limit { .. })));
        let many = format!("<a {}/>", "x='1' ".repeat(2_000));
        assert!(matches!(events(many.as_bytes()), Err(Error::Limit { .. })));
    }

    #[test]
    fn a_tag_that_never_ends_is_refused_before_it_fills_the_memory() {
        let endless = io::Cursor::new("<a x='").chain(io::repeat(b'y'));
        let mut reader = XmlReader::new(endless).unwrap();
        assert!(matches!(reader.read(), Err(Error::Limit { .. })));
    }

    #[test]
    fn a_document_that_is_cut_off_is_an_error() {
        let whole = b"<a><b>text</b></a>";
        for end in 1..whole.len() {
            assert!(events(&whole[..end]).is_err(), "{end}");
        }
        assert!(events(b"<a></b>").is_err());
    }

    #[test]
    fn elements_can_be_skipped_or_taken_as_text() {
        let mut reader = XmlReader::new(&b"<a><s><t>no</t></s><n>y<i>e</i>s</n></a>"[..]).unwrap();
        let mut text = String::new();
        loop {
            let name = match reader.read().unwrap() {
                XmlEvent::Start(start) => start.name().to_owned(),
                XmlEvent::Eof => break,
                _ => continue,
            };
            match name.as_str() {
                "s" => reader.skip_element().unwrap(),
                "n" => text = reader.element_text().unwrap(),
                _ => {}
            }
        }
        assert_eq!(text, "yes");
        assert_eq!(reader.depth(), 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]
        #[test]
        fn arbitrary_documents_never_panic(text in r"(<\?xml encoding='gbk'\?>)?(<[a-c/!]?|[a-c=' ]|/?>|&[a#0-9x]{0,3};?|<!\[CDATA\[|\]\]>|<!--|-->|<!DOCTYPE|\PC){0,40}") {
            let _ = events(text.as_bytes());
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            let _ = events(&bytes);
            let _ = events(&[b"<?xml version='1.0' encoding='GBK'?><a>", &bytes[..]].concat());
        }
    }
}
