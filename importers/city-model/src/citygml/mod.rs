//! CityGML 1.0, 2.0 and 3.0, with the data types of extensions such as PLATEAU's i-UR.
//!
//! Looks of surfaces may stand anywhere in a file, often last: it is read twice, first for what holds for all objects
//! ([`scan`]), then object by object ([`emit`]); a third time in between when objects use geometries of each other
//! ([`library`]). Only one top-level object is held, its geometries in one array ([`shape`]) and all else as a tree
//! ([`element`]). What is an object, a boundary surface of it or a data type is told by how it is built, not by tables of
//! types ([`objects`]).

mod appearance;
mod attributes;
mod codelists;
mod crs;
mod element;
mod emit;
mod geometry;
mod library;
mod objects;
mod scan;
mod scene;
mod shape;
mod shaper;

use std::io::Read;

use onemap_bounded::{Result as XmlResult, XmlEvent, XmlReader};
use onemap_model::Sink;
use onemap_source::{Input, Progress};

use crate::{Error, Options, Source};
use element::{Element, Head, ObjectReader};
use library::Library;
use scan::Scan;

/// A stream of XML.
type Xml = XmlReader<Box<dyn Read + Send>>;

fn xml(input: impl Read + Send + 'static) -> XmlResult<Xml> {
    XmlReader::new(Box::new(input) as Box<dyn Read + Send>)
}

/// Reads a CityGML file.
pub(crate) fn read(source: &Source, options: &Options, sink: &mut dyn Sink) -> Result<(), Error> {
    let failed = |error| Error::bounded(source, None, error);
    let (mut xml, mut progress) = open(source, 0)?;
    let mut tell = || progress.tell(sink);
    let scan = Scan::read(&mut xml, options.theme.as_deref(), &mut tell).map_err(failed)?;
    if scan.root != "CityModel" {
        let reason = format!("its root element is {}, not CityModel", scan.root);
        return Err(Error::unsupported(source, reason, "name a CityGML file"));
    }
    if !options.wants(&source.stem) {
        return Ok(());
    }
    let keeps_ring_ids = scan.has_own_looks || !scan.appearances.is_empty();
    let mut reader = ObjectReader::new(scan.themes.clone(), keeps_ring_ids);
    let mut library = Library::default();
    if !scan.wanted.is_empty() {
        let (mut xml, mut progress) = open(source, 1)?;
        let mut tell = || progress.tell(sink);
        library = Library::read(&mut xml, &scan.wanted, &mut reader, &mut tell).map_err(failed)?;
        reader.themes = scan.themes.clone();
    }
    let (mut xml, progress) = open(source, 2)?;
    emit::emit(source, options, &scan, &library, &mut reader, (&mut xml, progress), sink)
}

/// Opens the file for one of the three readings.
fn open(source: &Source, part: u64) -> Result<(Xml, Progress), Error> {
    let input = Input::open(source)?;
    let progress = input.progress().part(part, 3);
    Ok((xml(input).map_err(|error| Error::bounded(source, None, error))?, progress))
}

/// Reads the top-level objects of a file, one by one: what stands in the members of the root element.
fn each_object<E: From<onemap_bounded::Error>>(
    xml: &mut Xml,
    reader: &mut ObjectReader,
    take: &mut dyn FnMut(&mut ObjectReader, &Element) -> Result<(), E>,
) -> Result<(), E> {
    loop {
        let start = match xml.read()? {
            XmlEvent::Start(start) => start,
            XmlEvent::Eof => return Ok(()),
            XmlEvent::End(_) | XmlEvent::Text(_) => continue,
        };
        let name = start.local_name();
        let is_object = objects::is_type(name)
            && !geometry::is_geometry(name)
            && !matches!(name, "Appearance" | "Envelope" | "Null");
        let head = if is_object { Some(Head::new(&start)?) } else { None };
        if xml.depth() != 3 {
            continue;
        }
        match head {
            Some(head) => {
                let element = reader.read(xml, head)?;
                take(reader, &element)?;
            }
            None => xml.skip_element()?,
        }
    }
}

#[cfg(test)]
mod real_files;
#[cfg(test)]
mod tests;
