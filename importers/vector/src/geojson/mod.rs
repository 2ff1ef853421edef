//! GeoJSON (RFC 7946, and GeoJSON 2008 with its `crs` member), also as a sequence of features: one a line,
//! or RFC 8142. Coordinates go straight into flat arrays; nothing but one feature is held.

mod crs;
mod geometry;
mod reader;
mod sequence;
#[cfg(test)]
mod tests;

pub(crate) use crs::{DEFAULT as DEFAULT_CRS, read_name as read_crs};
pub(crate) use geometry::{GeometryMembers, close_rings, kind_of, read as read_geometry};
pub(crate) use reader::read_id;

use std::io::Read;

use onemap_model::Sink;
use onemap_source::Input;

use crate::encoding::{TextEncoding, Utf8Reader};
use crate::json::Lexer;
use crate::{Error, Format, Options, Source, limits};
use reader::Reader;

pub(crate) fn read(source: &Source, options: &Options, sink: &mut dyn Sink) -> Result<(), Error> {
    if !options.wants(&source.stem) {
        return Ok(());
    }
    let mut head = Vec::new();
    let _ = Input::open(source)?.take(limits::HEAD_BYTES as u64).read_to_end(&mut head);
    let encoding = TextEncoding::of(source, options, &head)?;
    let input = Input::open(source)?;
    let progress = input.progress();
    let mut reader = Reader::new(source, options, sink, progress);
    reader.note(encoding.note);
    let mut text = std::io::BufReader::with_capacity(
        limits::BUFFER_BYTES,
        Utf8Reader::new(input, encoding.encoding),
    );
    if source.format == Format::GeoJsonSeq && sequence::has_one_record_a_line(&head) {
        return sequence::read(&mut text, reader);
    }
    let mut lexer = Lexer::new(text);
    reader.roots(&mut lexer)?;
    reader.finish(&lexer)
}
