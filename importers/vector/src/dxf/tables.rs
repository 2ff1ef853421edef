//! What the first pass keeps: the header's encoding and units, layers, blocks, and where on earth it is.

use std::io::BufRead;

use encoding_rs::{Encoding, GB18030, UTF_8, WINDOWS_1252};
use onemap_bounded::Result;
use onemap_bounded::text::{Confidence, Detected, Detector, for_label};
use rustc_hash::FxHashMap;

use super::affine::Point;
use super::blocks::BlockEntity;
use super::color;
use super::geodata::GeoData;
use super::pairs::{Pair, Pairs, Value};
use super::raw::Raw;
use super::text::{Decoder, code_page, utf8_or};
use crate::limits::MAX_DXF_PAIRS;

/// A layer of the drawing.
#[derive(Debug, Clone, Default)]
pub(super) struct LayerLook {
    pub(super) color: [u8; 3],
    pub(super) linetype: String,
    /// Switched off or frozen.
    pub(super) is_hidden: bool,
}

/// A block definition.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) base: Point,
    pub(super) entities: Vec<BlockEntity>,
    /// It is a reference to another file.
    pub(super) is_external: bool,
}

/// What the first pass found.
#[derive(Debug, Default)]
pub(super) struct Tables {
    /// `$ACADVER`, such as `AC1027`.
    version: Vec<u8>,
    code_page: Vec<u8>,
    /// `$INSUNITS`.
    pub(super) units: i64,
    /// By name, decoded, in upper case: names do not differ by case.
    pub(super) layers: FxHashMap<String, LayerLook>,
    pub(super) blocks: FxHashMap<String, Block>,
    pub(super) geodata: Option<GeoData>,
    pub(super) has_entities: bool,
    /// The file ends as it should.
    pub(super) is_complete: bool,
    /// The blocks take more memory than is given to them.
    pub(super) too_many_blocks: bool,
    raw_layers: Vec<Raw>,
    raw_blocks: Vec<(Raw, Vec<Raw>)>,
}

/// Returns a name as it is looked up.
pub(super) fn key(name: &str) -> String {
    name.trim().to_uppercase()
}

impl Tables {
    /// Reads the whole file but the entities. `tell` is called now and then for the progress.
    pub(super) fn read<R: BufRead>(
        pairs: &mut Pairs<R>,
        detector: &mut Detector,
        tell: &mut dyn FnMut(),
    ) -> Result<Self> {
        let mut tables = Self::default();
        let mut section: Vec<u8> = Vec::new();
        let mut size = 0usize;
        let mut count = 0u64;
        // The name of the header's variable that is being read.
        let mut variable: Vec<u8> = Vec::new();
        while let Some(pair) = pairs.next()? {
            count += 1;
            if count.is_multiple_of(1 << 16) {
                tell();
            }
            feed(detector, &pair);
            if pair.is(0, "SECTION") {
                let name = pairs.next()?;
                section = name
                    .filter(|name| name.code == 2)
                    .map(|name| name.value.text().trim_ascii().to_vec())
                    .unwrap_or_default();
                tables.has_entities |= section == b"ENTITIES";
                continue;
            }
            if pair.is(0, "EOF") {
                tables.is_complete = true;
                break;
            }
            // Some writers end the file after the entities.
            if pair.is(0, "ENDSEC") {
                tables.is_complete = section == b"ENTITIES" || section == b"OBJECTS";
                section.clear();
                continue;
            }
            tables.is_complete = false;
            match section.as_slice() {
                b"HEADER" => match (pair.code, variable.as_slice()) {
                    (9, _) => variable = pair.value.text().trim_ascii().to_vec(),
                    (1, b"$ACADVER") => tables.version = pair.value.text().trim_ascii().to_vec(),
                    (3, b"$DWGCODEPAGE") => {
                        tables.code_page = pair.value.text().trim_ascii().to_vec();
                    }
                    (70, b"$INSUNITS") => tables.units = pair.value.int().unwrap_or_default(),
                    _ => {}
                },
                b"TABLES" if pair.is(0, "LAYER") => {
                    let raw = Raw::read(&pair, pairs)?;
                    size += raw.size();
                    feed_all(detector, &raw);
                    tables.raw_layers.push(raw);
                }
                b"BLOCKS" if pair.is(0, "BLOCK") => {
                    let block = Raw::read(&pair, pairs)?;
                    size += block.size();
                    feed_all(detector, &block);
                    tables.raw_blocks.push((block, Vec::new()));
                }
                b"BLOCKS" if pair.code == 0 && !pair.is(0, "ENDBLK") => {
                    let raw = Raw::read(&pair, pairs)?;
                    size += raw.size();
                    feed_all(detector, &raw);
                    if size <= MAX_DXF_PAIRS
                        && let Some((_, entities)) = tables.raw_blocks.last_mut()
                    {
                        entities.push(raw);
                    }
                }
                b"OBJECTS" if pair.is(0, "GEODATA") => tables.geodata = Some(GeoData::read(pairs)?),
                _ => {}
            }
            if size > MAX_DXF_PAIRS {
                tables.too_many_blocks = true;
            }
        }
        Ok(tables)
    }

    /// Decides about the encoding, then names layers and blocks. The second value is to be told to the user.
    pub(super) fn decoder(
        &mut self,
        wanted: Option<&'static Encoding>,
        detector: &Detector,
    ) -> (Decoder, Option<String>) {
        let (decoder, note) = self.choose(wanted, &detector.finish());
        for raw in std::mem::take(&mut self.raw_layers) {
            let number = raw.int(62).unwrap_or(7);
            let color = raw
                .int(420)
                .map_or_else(|| color::indexed(number.unsigned_abs().min(255) as u8), color::rgb);
            // Negative: switched off. Bit 1: frozen.
            let is_hidden = number < 0 || raw.flags(70) & 1 != 0;
            let look = LayerLook { color, linetype: decoder.text(raw.text(6)), is_hidden };
            self.layers.insert(key(&decoder.text(raw.text(2))), look);
        }
        for (raw, entities) in std::mem::take(&mut self.raw_blocks) {
            let base = raw.point(10).unwrap_or_default();
            let is_external = raw.flags(70) & 4 != 0;
            let entities =
                entities.into_iter().map(|entity| BlockEntity::new(entity, &decoder)).collect();
            self.blocks
                .insert(key(&decoder.text(raw.text(2))), Block { base, entities, is_external });
        }
        (decoder, note)
    }

    fn choose(
        &self,
        wanted: Option<&'static Encoding>,
        detected: &Detected,
    ) -> (Decoder, Option<String>) {
        if let Some(wanted) = wanted {
            return (Decoder::new(wanted, wanted), None);
        }
        let declared = code_page(&self.code_page);
        // Since release 2007 all text is UTF-8, whatever the code page says.
        if self.version.as_slice() >= b"AC1021".as_slice() {
            return (utf8_or(declared.unwrap_or(GB18030)), None);
        }
        let is_plain = detected.confidence == Confidence::Certain && detected.encoding == UTF_8;
        if is_plain {
            let encoding = declared.unwrap_or(WINDOWS_1252);
            return (Decoder::new(encoding, encoding), None);
        }
        let page = String::from_utf8_lossy(&self.code_page).into_owned();
        let surely = detected.confidence >= Confidence::High;
        match declared {
            // Western is what programs write that know nothing of code pages.
            Some(declared)
                if declared != WINDOWS_1252 || !surely || detected.encoding == declared =>
            {
                (Decoder::new(declared, detected.encoding), None)
            }
            _ => {
                let stated =
                    if page.is_empty() { "no code page".to_owned() } else { format!("'{page}'") };
                let text = format!(
                    "text is read as {} ({}), although the file states {stated}; if that is wrong, state --encoding",
                    detected.encoding.name(),
                    detected.evidence
                );
                (Decoder::new(detected.encoding, WINDOWS_1252), Some(text))
            }
        }
    }
}

/// Lets the detector see text of people: names and contents.
fn feed(detector: &mut Detector, pair: &Pair) {
    if let (1..=9, Value::Text(text)) = (pair.code, &pair.value)
        && !text.is_ascii()
    {
        detector.feed(text);
    }
}

fn feed_all(detector: &mut Detector, raw: &Raw) {
    raw.pairs.iter().for_each(|pair| feed(detector, pair));
    raw.children.iter().for_each(|child| feed_all(detector, child));
}

/// Finds the encoding that the user named.
pub(super) fn wanted_encoding(
    name: Option<&str>,
) -> std::result::Result<Option<&'static Encoding>, String> {
    let Some(name) = name else { return Ok(None) };
    for_label(name).map(Some).ok_or_else(|| format!("'{name}' is no known encoding"))
}
