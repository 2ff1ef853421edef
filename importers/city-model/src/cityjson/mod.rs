//! CityJSON 1.0, 1.1 and 2.0, and CityJSON text sequences.
//!
//! A whole file has its vertices anywhere, often last: it is read twice, first for all but the objects, then for the
//! objects one by one. Of a sequence only one line is held.

mod appearance;
mod document;
mod nest;
mod shape;

use onemap_bounded::{limits as guards, read_line_bounded};
use onemap_model::{LayerSlot, Note, Record, Reject, Sink, SourceId, SourceLayer, Stopped, Value};
use onemap_source::{Input, Progress};
use serde::de::DeserializeSeed;

use crate::build::ModelBuilder;
use crate::columns::{Columns, value_of};
use crate::fault::Fault;
use crate::object::{self, Facts, is_taken};
use crate::texture::Textures;
use crate::{Error, Format, Options, Source, crs_name, semantics};
use appearance::Palette;
use document::{CityObject, Document, Objects, Transform};
use shape::{Shaper, Templates, Vertices};

/// Reads a CityJSON file or sequence.
pub(crate) fn read(source: &Source, options: &Options, sink: &mut dyn Sink) -> Result<(), Error> {
    if source.format == Format::CityJsonSeq {
        return sequence(source, options, sink);
    }
    let first = Input::open(source)?;
    let mut progress = first.progress().part(0, 2);
    let mut reader = serde_json::Deserializer::from_reader(first);
    let document = Objects::Skip.deserialize(&mut reader).map_err(|e| json_error(source, e))?;
    if let Err(error) = reader.end() {
        if document.kind.as_deref() == Some("CityJSON") && error.column() <= 1 {
            // A sequence under the name of a plain file.
            return sequence(source, options, sink);
        }
        return Err(json_error(source, error));
    }
    drop(reader);
    progress.tell(sink);
    check(source, &document)?;
    if !document.has_objects {
        return Err(Error::broken(source, None, "it has no CityObjects", "get the file again"));
    }
    if !options.wants(&source.stem) {
        return Ok(());
    }
    let mut emitter = Emitter::new(source, options, &document.metadata, sink)?;
    let second = Input::open(source)?;
    let progress = second.progress().part(1, 2);
    let mut context = Context::new(document, options);
    let mut stopped = false;
    let mut each = |id: String, object: CityObject| {
        let result = emitter.object(id, object, &mut context, None);
        emitter.tell(&progress);
        stopped |= result.is_err();
        !stopped
    };
    let mut reader = serde_json::Deserializer::from_reader(second);
    let read = Objects::Each(&mut each).deserialize(&mut reader);
    if stopped {
        return Err(Stopped.into());
    }
    read.map_err(|error| json_error(source, error))?;
    emitter.finish();
    Ok(())
}

/// Reads a sequence: a header, then a feature a line.
fn sequence(source: &Source, options: &Options, sink: &mut dyn Sink) -> Result<(), Error> {
    if !options.wants(&source.stem) {
        return Ok(());
    }
    let mut input = Input::open(source)?;
    let progress = input.progress();
    let mut line = Vec::new();
    let mut number = 0;
    let header = loop {
        if !next_line(source, &mut input, &mut line, &mut number)? {
            return Err(Error::broken(source, None, "it holds nothing", "get the file again"));
        }
        if !trimmed(&line).is_empty() {
            break document(&line).map_err(|error| line_error(source, number, &error))?;
        }
    };
    if header.kind.as_deref() == Some("CityJSONFeature") {
        return Err(Error::unsupported(
            source,
            "its first line, which states the version, transform and CRS, is missing",
            "put the line with \"type\": \"CityJSON\" first, as CityJSON 2.0 (clause 7) says",
        ));
    }
    check(source, &header)?;
    let mut emitter = Emitter::new(source, options, &header.metadata, sink)?;
    let transform = header.transform;
    let mut header = Context::new(header, options);
    for (id, object) in std::mem::take(&mut header.objects) {
        emitter.object(id, object, &mut header, None)?;
    }
    while next_line(source, &mut input, &mut line, &mut number)? {
        if trimmed(&line).is_empty() {
            continue;
        }
        emitter.tell(&progress);
        let feature = match document(&line) {
            Ok(feature) => feature,
            Err(error) => {
                let reason = format!("line {number} is broken: {}", plain(&error));
                emitter.reject(None, reason)?;
                continue;
            }
        };
        if feature.kind.as_deref() != Some("CityJSONFeature") {
            let kind = feature.kind.as_deref().unwrap_or("nothing");
            emitter.reject(None, format!("line {number} is no CityJSONFeature, but {kind}"))?;
            continue;
        }
        let own = !feature.appearance.is_empty();
        let mut context = Context::new(feature, options);
        context.transform = transform;
        for (id, object) in std::mem::take(&mut context.objects) {
            if own {
                emitter.object(id, object, &mut context, Some(&mut header))?;
            } else {
                // Without an appearance of its own it can only mean the header's.
                std::mem::swap(&mut context.palette, &mut header.palette);
                let result = emitter.object(id, object, &mut context, Some(&mut header));
                std::mem::swap(&mut context.palette, &mut header.palette);
                result?;
            }
        }
    }
    emitter.finish();
    Ok(())
}

fn next_line(
    source: &Source,
    input: &mut Input,
    line: &mut Vec<u8>,
    number: &mut u64,
) -> Result<bool, Error> {
    let read = read_line_bounded("CityJSON line", input, line, guards::MAX_LINE_BYTES);
    *number += 1;
    let taken = read.map_err(|e| Error::bounded(source, Some(format!("line {number}")), e))?;
    Ok(taken > 0)
}

/// Returns a line without the marks that text sequences (RFC 8142) and editors put before it.
fn trimmed(line: &[u8]) -> &[u8] {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    line.strip_prefix(b"\x1e").unwrap_or(line).trim_ascii()
}

fn document(line: &[u8]) -> serde_json::Result<Document> {
    let mut reader = serde_json::Deserializer::from_slice(trimmed(line));
    let document = Objects::Keep.deserialize(&mut reader)?;
    reader.end()?;
    Ok(document)
}

/// Refuses what is of another version.
fn check(source: &Source, document: &Document) -> Result<(), Error> {
    if document.kind.as_deref() != Some("CityJSON") {
        let kind = document.kind.as_deref().unwrap_or("missing");
        let reason = format!("its type is {kind}, not CityJSON");
        return Err(Error::unsupported(source, reason, "name a CityJSON file"));
    }
    let version = document.version.as_deref().unwrap_or_default();
    let is_known = ["1.0", "1.1", "2.0", "1", "2"].iter().any(|known| {
        version.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    });
    if is_known {
        return Ok(());
    }
    Err(Error::unsupported(
        source,
        format!("its CityJSON version is '{version}'; 1.0, 1.1 and 2.0 are read"),
        "upgrade it: cjio in.json upgrade save out.json",
    ))
}

fn json_error(source: &Source, error: serde_json::Error) -> Error {
    use serde_json::error::Category;
    if error.classify() == Category::Io {
        return Error::read_failed(source, None, error.into());
    }
    let at = Some(format!("line {}, column {}", error.line(), error.column()));
    let remedy = if error.classify() == Category::Eof {
        "the file is cut off, get it again"
    } else {
        "correct the file or export it again"
    };
    Error::broken(source, at, plain(&error), remedy)
}

fn line_error(source: &Source, line: u64, error: &serde_json::Error) -> Error {
    let at = Some(format!("line {line}, column {}", error.column()));
    Error::broken(source, at, plain(error), "correct the file or export it again")
}

/// Returns what is wrong without the place, which is told apart.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(reason, _)| reason.to_owned())
}

/// What the objects of one document refer to.
struct Context {
    objects: Vec<(String, CityObject)>,
    vertices: Vec<[f64; 3]>,
    transform: Option<Transform>,
    palette: Palette,
    templates: Vec<document::Node>,
    template_vertices: Vec<[f64; 3]>,
}

impl Context {
    fn new(document: Document, options: &Options) -> Self {
        Self {
            objects: document.objects,
            vertices: document.vertices,
            transform: document.transform,
            palette: Palette::new(document.appearance, options.theme.as_deref()),
            templates: document.templates,
            template_vertices: document.template_vertices,
        }
    }
}

struct Emitter<'a> {
    options: &'a Options,
    sink: &'a mut dyn Sink,
    slot: LayerSlot,
    columns: Columns,
    build: ModelBuilder,
    images: Textures,
    number: u64,
    dropped: usize,
    progress: Option<Progress>,
}

impl<'a> Emitter<'a> {
    fn new(
        source: &Source,
        options: &'a Options,
        metadata: &serde_json::Value,
        sink: &'a mut dyn Sink,
    ) -> Result<Self, Stopped> {
        let text = |key: &str| metadata.get(key).and_then(serde_json::Value::as_str);
        let fields = object::fields();
        let columns = Columns::new(&fields);
        let slot = sink.layer(SourceLayer {
            name: source.stem.clone(),
            format: source.format.name(),
            crs: text("referenceSystem").map(crs_name::plain),
            fields,
            title: text("title").map(str::to_owned),
            has_models: true,
            ..SourceLayer::default()
        })?;
        Ok(Self {
            options,
            sink,
            slot,
            columns,
            build: ModelBuilder::default(),
            images: Textures::new(source),
            number: 0,
            dropped: 0,
            progress: None,
        })
    }

    fn tell(&mut self, progress: &Progress) {
        self.progress.get_or_insert_with(|| progress.clone()).tell(self.sink);
    }

    fn reject(&mut self, id: Option<String>, reason: String) -> Result<(), Stopped> {
        self.number += 1;
        self.sink.reject(self.slot, Reject { number: self.number, id, reason })
    }

    /// Emits an object, or rejects it. Templates are those of the header, where there is one.
    fn object(
        &mut self,
        id: String,
        object: CityObject,
        context: &mut Context,
        header: Option<&mut Context>,
    ) -> Result<(), Stopped> {
        let Some(kind) = object.kind.clone().filter(|_| !object.is_broken) else {
            return self.reject(Some(id), "it is no city object: it has no type".to_owned());
        };
        let options = self.options;
        let wants = |level: &str| options.wants_lod(level);
        let mut shaper = Shaper {
            build: &mut self.build,
            images: &mut self.images,
            sink: &mut *self.sink,
            surface: semantics::surface_of_object(&kind),
            flat: None,
            levels: Vec::new(),
        };
        let vertices = Vertices { written: &context.vertices, transform: context.transform };
        let (templates, mut template_palette) = match header {
            Some(header) => (
                Templates { geometries: &header.templates, vertices: &header.template_vertices },
                Some(&mut header.palette),
            ),
            None => (
                Templates { geometries: &context.templates, vertices: &context.template_vertices },
                None,
            ),
        };
        let palette = &mut context.palette;
        let added = object.geometry.iter().try_for_each(|geometry| {
            let painted = template_palette.as_deref_mut();
            shaper.add(geometry, vertices, palette, &templates, painted, &wants)
        });
        let (flat, levels) = (shaper.flat, shaper.levels);
        let model = self.build.finish();
        self.dropped += self.build.take_dropped();
        match added {
            Err(Fault::Stopped) => return Err(Stopped),
            Err(Fault::Reason(reason)) => return self.reject(Some(id), reason),
            Ok(()) => {}
        }
        let finest = object::finest(model.as_ref(), levels);
        let geometry = flat.filter(|_| model.is_none());
        self.number += 1;
        let values = self.values(kind, object, finest)?;
        self.sink.record(
            self.slot,
            Record {
                number: self.number,
                id: Some(SourceId::Text(id)),
                geometry,
                model: model.map(Box::new),
                values,
                repairs: Vec::new(),
            },
        )
    }

    fn values(
        &mut self,
        kind: String,
        object: CityObject,
        finest: Option<String>,
    ) -> Result<Vec<Value>, Stopped> {
        let mut parents = object.parents;
        let all = (parents.len() > 1).then(|| serde_json::Value::from(parents.clone()));
        let parent = (!parents.is_empty()).then(|| parents.swap_remove(0));
        let mut values = Facts { kind, parent, children: object.children, finest }.values();
        if let Some(all) = all {
            self.set("parents", value_of(all), &mut values)?;
        }
        for (name, value) in object.attributes.into_iter().chain(object.other) {
            let name = if is_taken(&name) { format!("{name}_") } else { name };
            self.set(&name, value_of(value), &mut values)?;
        }
        Ok(values)
    }

    fn set(&mut self, name: &str, value: Value, values: &mut Vec<Value>) -> Result<(), Stopped> {
        self.columns.set(self.slot, name, value, values, self.sink)
    }

    fn finish(&mut self) {
        self.images.finish(self.sink);
        let notes = [
            (self.dropped, "surfaces or holes without an area"),
            (self.columns.left_out, "values of too many different attributes"),
        ];
        for (count, text) in notes.into_iter().filter(|(count, _)| *count > 0) {
            self.sink.note(Some(self.slot), Note::warning(format!("left out: {count} {text}")));
        }
    }
}

#[cfg(test)]
mod real_files;
#[cfg(test)]
mod tests;
