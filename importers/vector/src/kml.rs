//! Reads KML 2.2 (OGC 07-147r2), Google's `gx:` extensions, and KMZ archives of them.
//!
//! Every folder or document that holds placemarks itself is a layer; a placemark is a record, with or
//! without a shape. Fields: `name`, `description` (HTML is kept as it is), `address`, `phone`,
//! `visibility`, `timestamp`, `begin`, `end`, `snippet`, `style` (the `styleUrl`), and whatever
//! `ExtendedData` brings, with the types of its `Schema`.
//!
//! Altitudes become heights only where they mean something: not all zero, and under an `altitudeMode` other
//! than `clampToGround`, which is what holds when none is stated (clause 9.20) and means "ignore them". Links
//! to other files are counted in a note and never followed; overlays are pictures, and counted too.

mod extended;
mod geometry;
mod layers;
mod placemark;

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};

use onemap_bounded::{XmlEvent, XmlReader, ZipArchive};
use onemap_model::{Note, Sink};
use onemap_source::{Input, Progress};

use self::extended::Schemas;
use self::layers::Layers;
use crate::{Error, Options, Source};

const REMEDY: &str = "export it again, or open it in Google Earth or QGIS and save a copy";

/// Reads a `.kml`, `.kml.gz` or `.kmz` file.
pub(crate) fn read(source: &Source, options: &Options, sink: &mut dyn Sink) -> Result<(), Error> {
    let reader = Input::open(source)?;
    let progress = reader.progress();
    let mut file = File::open(&source.path).map_err(|e| Error::io(source, e))?;
    let mut magic = [0; 4];
    let is_zip = !source.gzipped && file.read_exact(&mut magic).is_ok() && magic == *b"PK\x03\x04";
    if !is_zip {
        return read_document(source, options, sink, reader, progress);
    }
    drop(reader);
    file.seek(SeekFrom::Start(0)).map_err(|e| Error::io(source, e))?;
    let broken = |e| Error::bounded(source, None, e);
    let mut archive = ZipArchive::open(BufReader::new(file)).map_err(broken)?;
    let is_kml = |name: &str| name.to_ascii_lowercase().ends_with(".kml");
    let kmls: Vec<usize> = archive
        .entries()
        .iter()
        .enumerate()
        .filter(|(_, e)| is_kml(e.name()))
        .map(|(i, _)| i)
        .collect();
    // The main file is the first one in the archive (KML reference, "KMZ Files").
    let Some(&main) = kmls.first() else {
        return Err(Error::unsupported(
            source,
            "the archive holds no .kml file",
            "check whether it is a KMZ",
        ));
    };
    if kmls.len() > 1 {
        let text = format!(
            "the archive holds {} .kml files; only the first, the main one, was read",
            kmls.len()
        );
        sink.note(None, Note::warning(text));
    }
    let entry = archive.stream(main).map_err(broken)?;
    read_document(source, options, sink, entry, progress)
}

fn read_document<R: Read>(
    source: &Source,
    options: &Options,
    sink: &mut dyn Sink,
    reader: R,
    progress: Progress,
) -> Result<(), Error> {
    let xml = XmlReader::new(reader).map_err(|e| Error::bounded(source, None, e))?;
    let mut document = Document {
        xml,
        source,
        sink,
        progress,
        layers: Layers::new(source, options),
        schemas: Schemas::default(),
        skipped: Skipped::default(),
        number: 0,
        vertices: 0,
    };
    document.read()?;
    document.layers.finish(document.sink)?;
    document.skipped.tell(document.sink);
    Ok(())
}

/// What stands in the file but is no vector record.
#[derive(Debug, Default)]
struct Skipped {
    links: u64,
    overlays: u64,
    tours: u64,
    clamped: u64,
    above_ground: u64,
    crowded: u64,
    /// Records of layers that the user did not name.
    unwanted: u64,
}

impl Skipped {
    fn tell(&self, sink: &mut dyn Sink) {
        let mut note = |count: u64, text: &str| {
            if count > 0 {
                sink.note(None, Note::warning(format!("{count} {text}")));
            }
        };
        note(
            self.links,
            "network links were not followed; save what they show as files and import those",
        );
        note(self.overlays, "overlays are pictures, not vector data, and were left out");
        note(self.tours, "tours were left out");
        note(self.crowded, "attribute values were left out: the layer has too many fields");
        if self.clamped > 0 {
            let text = format!(
                "{} placemarks have altitudes, but are clamped to the ground: their altitudes were left out",
                self.clamped
            );
            sink.note(None, Note::assumed(text));
        }
        if self.above_ground > 0 {
            let text = format!(
                "the heights of {} placemarks count from the ground, not from the sea",
                self.above_ground
            );
            sink.note(None, Note::assumed(text));
        }
    }
}

/// The document that is being read.
struct Document<'a, R> {
    xml: XmlReader<R>,
    source: &'a Source,
    sink: &'a mut dyn Sink,
    progress: Progress,
    layers: Layers,
    schemas: Schemas,
    skipped: Skipped,
    number: u64,
    /// Vertices of the placemark that is being read.
    vertices: usize,
}

/// An event, copied out of the reader.
enum Next {
    Start(Tag),
    End,
    Eof,
}

/// The beginning of an element: its name without prefix, and its attributes.
struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl<R: Read> Document<'_, R> {
    fn next(&mut self) -> Result<Next, Error> {
        loop {
            let event = match self.xml.read() {
                Ok(event) => event,
                Err(error) => return Err(Error::bounded(self.source, None, error)),
            };
            match event {
                XmlEvent::Start(start) => {
                    let mut attributes = Vec::new();
                    for attribute in start.attributes() {
                        let attribute =
                            attribute.map_err(|e| Error::bounded(self.source, None, e))?;
                        attributes.push((attribute.name.to_owned(), attribute.value.into_owned()));
                    }
                    return Ok(Next::Start(Tag {
                        name: start.local_name().to_owned(),
                        attributes,
                    }));
                }
                XmlEvent::End(_) => return Ok(Next::End),
                XmlEvent::Text(_) => {}
                XmlEvent::Eof => return Ok(Next::Eof),
            }
        }
    }

    fn skip(&mut self) -> Result<(), Error> {
        self.xml.skip_element().map_err(|e| Error::bounded(self.source, None, e))
    }

    fn text(&mut self) -> Result<String, Error> {
        let mut text = self.xml.element_text().map_err(|e| Error::bounded(self.source, None, e))?;
        // In place: a line's coordinates may take 100 MB.
        text.truncate(text.trim_end().len());
        text.drain(..text.len() - text.trim_start().len());
        Ok(text)
    }

    /// Walks the containers. Everything else is read as a whole, so an end always ends a container.
    fn read(&mut self) -> Result<(), Error> {
        let mut is_kml = false;
        loop {
            let tag = match self.next()? {
                Next::Start(tag) => tag,
                Next::End => {
                    self.layers.leave();
                    continue;
                }
                Next::Eof => break,
            };
            let at_root = !is_kml;
            is_kml = true;
            match tag.name.as_str() {
                // Descended into as a container, so that its end is one too.
                "kml" => self.layers.enter(None),
                "Folder" | "Document" => self.layers.enter(tag.attribute("id")),
                "Placemark" => {
                    self.placemark(&tag)?;
                    self.progress.tell(self.sink);
                }
                _ if at_root => {
                    let reason = format!("its first element is <{}>, not <kml>", tag.name);
                    return Err(Error::broken(self.source, None, reason, REMEDY));
                }
                "name" => {
                    let name = self.text()?;
                    self.layers.name(name);
                }
                "Schema" => self.schema(&tag)?,
                "NetworkLink" => {
                    self.skipped.links += 1;
                    self.skip()?;
                }
                "GroundOverlay" | "ScreenOverlay" | "PhotoOverlay" => {
                    self.skipped.overlays += 1;
                    self.skip()?;
                }
                "Tour" => {
                    self.skipped.tours += 1;
                    self.skip()?;
                }
                _ => self.skip()?,
            }
        }
        if is_kml {
            return Ok(());
        }
        Err(Error::broken(self.source, None, "it is empty", REMEDY))
    }
}

#[cfg(test)]
mod tests;
