//! TopoJSON (github.com/topojson/topojson-specification): the arcs that shapes share are read first and kept
//! once, then the objects are read as a stream, one layer a collection.

mod arcs;
mod objects;
#[cfg(test)]
mod tests;

use std::io::{BufReader, Read};

use onemap_model::Sink;
use onemap_source::{Input, Progress};

use crate::encoding::{TextEncoding, Utf8Reader};
use crate::json::{Lexer, Number, Result};
use crate::{Error, Options, Source, limits};
use arcs::{Arcs, Transform};
use objects::Objects;

type Text = Lexer<BufReader<Utf8Reader<Input>>>;

pub(crate) fn read(
    source: &Source,
    options: &Options,
    sink: &mut dyn Sink,
) -> std::result::Result<(), Error> {
    let mut head = Vec::new();
    let _ = Input::open(source)?.take(limits::HEAD_BYTES as u64).read_to_end(&mut head);
    let encoding = TextEncoding::of(source, options, &head)?;
    let open = || -> std::result::Result<(Text, Progress), Error> {
        let input = Input::open(source)?;
        let progress = input.progress();
        let utf8 = Utf8Reader::new(input, encoding.encoding);
        Ok((Lexer::new(BufReader::with_capacity(limits::BUFFER_BYTES, utf8)), progress))
    };
    if let Some(note) = encoding.note.clone() {
        sink.note(None, note);
    }
    let (mut text, _) = open()?;
    let topology = Topology::read(&mut text).map_err(|fault| fault.into_error(source))?;
    let (mut text, progress) = open()?;
    Objects::new(source, options, sink, topology, progress).read(&mut text)
}

/// What all objects share.
struct Topology {
    arcs: Arcs,
    transform: Option<Transform>,
    crs: Option<String>,
}

impl Topology {
    /// Reads everything but the objects.
    fn read<R: Read>(text: &mut Lexer<R>) -> Result<Self> {
        let mut arcs = None;
        let mut transform = None;
        let mut crs = None;
        let mut more = text.begin(b'{', b'}')?;
        while more {
            match text.key()?.as_str() {
                "arcs" if text.peek()? == Some(b'[') => arcs = Some(Arcs::read(text)?),
                "transform" if text.peek()? == Some(b'{') => {
                    transform = Some(read_transform(text)?);
                }
                "crs" => crs = crate::geojson::read_crs(text)?,
                _ => text.skip_value()?,
            }
            more = text.another(b'}')?;
        }
        let mut arcs = arcs.unwrap_or_default();
        if let Some(transform) = transform {
            arcs.decode(transform);
        }
        Ok(Self { arcs, transform, crs })
    }
}

fn read_transform<R: Read>(text: &mut Lexer<R>) -> Result<Transform> {
    let mut transform = Transform::default();
    let mut more = text.begin(b'{', b'}')?;
    while more {
        match text.key()?.as_str() {
            "scale" => transform.scale = pair(text)?,
            "translate" => transform.translate = pair(text)?,
            _ => text.skip_value()?,
        }
        more = text.another(b'}')?;
    }
    Ok(transform)
}

fn pair<R: Read>(text: &mut Lexer<R>) -> Result<[f64; 2]> {
    let mut pair = [0.0; 2];
    let mut count = 0;
    let mut more = text.begin(b'[', b']')?;
    while more {
        let number = match text.number()? {
            Number::Int(whole) => whole as f64,
            Number::Float(float) => float,
            Number::Huge(_) => {
                return Err(text.fault("the transform holds a number that is too large"));
            }
        };
        if let Some(slot) = pair.get_mut(count) {
            *slot = number;
        }
        count += 1;
        more = text.another(b']')?;
    }
    if count < 2 {
        return Err(text.fault("the transform needs two numbers each for scale and translate"));
    }
    Ok(pair)
}
