//! Wavefront OBJ: vertices and faces by lines, materials in a file beside it.
//!
//! Every object (`o`) is a record; where there are none every group (`g`), else the file. z is up, y is north.

mod materials;

use onemap_bounded::{limits as guards, read_line_bounded};
use onemap_model::{
    Field, FieldType, Note, Record, Reject, Sink, SourceId, SourceLayer, Stopped, Surface, Value,
};
use onemap_source::Input;
use rustc_hash::FxHashMap;

use crate::build::ModelBuilder;
use crate::fault::Fault;
use crate::texture::Textures;
use crate::{Error, Options, Source, limits};
use materials::Materials;

/// Reads an OBJ file.
pub(crate) fn read(source: &Source, options: &Options, sink: &mut dyn Sink) -> Result<(), Error> {
    let place = options.place.filter(crate::Placement::is_valid);
    if options.place.is_some() && place.is_none() {
        return Err(Error::unsupported(source, "its place is not on the earth", "correct --place"));
    }
    if place.is_none() && options.crs.is_none() {
        return Err(Error::unsupported(
            source,
            "OBJ does not say where on the earth it is",
            "give --place with longitude, latitude, height and heading, or --crs if its x, y and z are coordinates",
        ));
    }
    if !options.wants(&source.stem) {
        return Ok(());
    }
    let crs = if place.is_some() { Some("EPSG:4979".to_owned()) } else { options.crs.clone() };
    let slot = sink.layer(SourceLayer {
        name: source.stem.clone(),
        format: source.format.name(),
        crs,
        fields: vec![Field::new("name", FieldType::Text)],
        has_models: true,
        ..SourceLayer::default()
    })?;
    let text = "OBJ does not say which axis is up: z was taken as up and y as north";
    sink.note(Some(slot), Note::assumed(text));

    let mut parser = Parser::new(source, options);
    parser.run(sink)?;
    let mut number = 0;
    for (name, mut part) in std::mem::take(&mut parser.parts) {
        let model = part.build.finish();
        if part.fault.is_none() && model.is_none() {
            continue;
        }
        number += 1;
        let placed = match (part.fault, model) {
            (Some(reason), _) => Err(reason),
            (None, None) => continue,
            (None, Some(mut model)) => match place.map(|place| place.put(&mut model)) {
                Some(Err(reason)) => Err(reason.to_owned()),
                _ => Ok(model),
            },
        };
        match placed {
            Ok(model) => sink.record(
                slot,
                Record {
                    number,
                    id: Some(SourceId::Text(name.clone())),
                    model: Some(Box::new(model)),
                    values: vec![Value::Text(name)],
                    ..Record::default()
                },
            )?,
            Err(reason) => sink.reject(slot, Reject { number, id: Some(name), reason })?,
        }
    }
    if number == 0 {
        return Err(Error::unsupported(source, "it has no faces", "export it with its surfaces"));
    }
    parser.finish(sink);
    Ok(())
}

/// What one record is made of.
#[derive(Default)]
struct Part {
    build: ModelBuilder,
    fault: Option<String>,
}

struct Parser<'a> {
    source: &'a Source,
    encoding: Option<&'static encoding_rs::Encoding>,
    positions: Vec<[f64; 3]>,
    uvs: Vec<[f32; 2]>,
    normals: Vec<[f32; 3]>,
    parts: Vec<(String, Part)>,
    by_name: FxHashMap<String, usize>,
    current: usize,
    has_objects: bool,
    materials: Materials,
    material: Option<String>,
    images: Textures,
    /// Lines, points and curves.
    ignored: usize,
    dropped: usize,
}

impl<'a> Parser<'a> {
    fn new(source: &'a Source, options: &Options) -> Self {
        let label = options.encoding.as_deref().unwrap_or_default();
        Self {
            source,
            encoding: encoding_rs::Encoding::for_label(label.as_bytes()),
            positions: Vec::new(),
            uvs: Vec::new(),
            normals: Vec::new(),
            parts: vec![(source.stem.clone(), Part::default())],
            by_name: FxHashMap::from_iter([(source.stem.clone(), 0)]),
            current: 0,
            has_objects: false,
            materials: Materials::default(),
            material: None,
            images: Textures::new(source),
            ignored: 0,
            dropped: 0,
        }
    }

    fn run(&mut self, sink: &mut dyn Sink) -> Result<(), Error> {
        let mut input = Input::open(self.source)?;
        let mut progress = input.progress();
        let (mut line, mut number) = (Vec::new(), 0_u64);
        let mut whole = Vec::new();
        loop {
            let limit = guards::MAX_VALUE_BYTES;
            let read = read_line_bounded("OBJ line", &mut input, &mut line, limit);
            number += 1;
            let at = || Some(format!("line {number}"));
            if read.map_err(|error| Error::bounded(self.source, at(), error))? == 0 {
                break;
            }
            whole.extend_from_slice(line.trim_ascii());
            // A backslash goes on in the next line.
            if whole.last() == Some(&b'\\') {
                whole.pop();
                whole.push(b' ');
                if whole.len() > limit {
                    return Err(Error::broken(
                        self.source,
                        at(),
                        "a line does not end",
                        "repair it",
                    ));
                }
                continue;
            }
            let text = self.decode(&whole);
            self.line(&text, sink).map_err(|fault| match fault {
                Fault::Stopped => Error::Stopped(Stopped),
                Fault::Reason(reason) => {
                    Error::broken(self.source, at(), reason, "export it again")
                }
            })?;
            whole.clear();
            if number.is_multiple_of(4096) {
                progress.tell(sink);
            }
        }
        progress.tell(sink);
        Ok(())
    }

    fn decode(&self, bytes: &[u8]) -> String {
        match (self.encoding, std::str::from_utf8(bytes)) {
            (None, Ok(text)) => text.to_owned(),
            (encoding, _) => encoding
                .unwrap_or(encoding_rs::GB18030)
                .decode_without_bom_handling(bytes)
                .0
                .into_owned(),
        }
    }

    fn line(&mut self, line: &str, sink: &mut dyn Sink) -> Result<(), Fault> {
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        match word {
            "v" => {
                let at = numbers::<3>(rest)?;
                push(&mut self.positions, at)?;
            }
            "vt" => {
                let [u, v] =
                    numbers::<2>(rest).or_else(|_| numbers::<1>(rest).map(|[u]| [u, 0.0]))?;
                push(&mut self.uvs, [u as f32, (1.0 - v) as f32])?;
            }
            "vn" => {
                let normal = numbers::<3>(rest)?;
                push(&mut self.normals, unit(normal))?;
            }
            "f" => self.face(rest),
            "o" => {
                self.has_objects = true;
                self.begin(rest)?;
            }
            "g" if !self.has_objects => self.begin(rest)?,
            "mtllib" => {
                self.materials.load(rest, self.source, &mut self.images, sink)?;
            }
            "usemtl" => self.material = Some(rest.to_owned()),
            "l" | "p" | "curv" | "surf" => self.ignored += 1,
            _ => {}
        }
        Ok(())
    }

    /// Goes on with the part of this name.
    fn begin(&mut self, name: &str) -> Result<(), Fault> {
        let name = if name.is_empty() { &self.source.stem } else { name };
        if let Some(&known) = self.by_name.get(name) {
            self.current = known;
            return Ok(());
        }
        if self.parts.len() >= limits::MAX_OBJ_PARTS {
            return Err(Fault::Reason("it has too many objects".to_owned()));
        }
        self.current = self.parts.len();
        self.by_name.insert(name.to_owned(), self.current);
        self.parts.push((name.to_owned(), Part::default()));
        Ok(())
    }

    fn face(&mut self, text: &str) {
        let (mut ring, mut uvs, mut normals) = (Vec::new(), Vec::new(), Vec::new());
        let mut fault = None;
        for corner in text.split_whitespace() {
            let mut indices = corner.split('/');
            let index = |list: Option<&str>, length: usize| place_of(list?, length);
            let position = index(indices.next(), self.positions.len());
            let uv = index(indices.next(), self.uvs.len());
            let normal = index(indices.next(), self.normals.len());
            match position.and_then(|i| self.positions.get(i)) {
                Some(&at) => ring.push(at),
                None => {
                    fault = Some(format!("a face refers to vertex '{corner}', which is not there"));
                }
            }
            uvs.extend(uv.and_then(|i| self.uvs.get(i)));
            normals.extend(normal.and_then(|i| self.normals.get(i)));
        }
        let Some((_, part)) = self.parts.get_mut(self.current) else { return };
        if let Some(fault) = fault {
            part.fault.get_or_insert(fault);
            return;
        }
        let material = self.material.as_ref().and_then(|name| self.materials.get(name));
        let material = material.map(|material| part.build.material(material.clone()));
        let added = part.build.shaded(
            "",
            Surface::Unknown,
            material,
            &[ring],
            Some(&[uvs]),
            Some(&[normals]),
        );
        self.dropped += part.build.take_dropped();
        if let Err(reason) = added {
            part.fault.get_or_insert(reason.to_owned());
        }
    }

    fn finish(&self, sink: &mut dyn Sink) {
        self.images.finish(sink);
        for (count, what) in
            [(self.dropped, "faces without an area"), (self.ignored, "points, lines and curves")]
        {
            if count > 0 {
                sink.note(None, Note::warning(format!("left out: {count} {what}")));
            }
        }
    }
}

fn push<T>(list: &mut Vec<T>, item: T) -> Result<(), Fault> {
    if list.len() >= limits::MAX_VERTICES {
        return Err(Fault::Reason(format!("it has more than {} vertices", limits::MAX_VERTICES)));
    }
    list.push(item);
    Ok(())
}

/// Reads the first N numbers.
fn numbers<const N: usize>(text: &str) -> Result<[f64; N], String> {
    let mut words = text.split_whitespace();
    let mut found = [0.0; N];
    for slot in &mut found {
        let word = words.next().ok_or_else(|| format!("{N} numbers are needed, found '{text}'"))?;
        // What is written as NaN is a matter of the faces that use it.
        *slot = word.parse().map_err(|_| format!("'{word}' is not a number"))?;
    }
    Ok(found)
}

fn unit([x, y, z]: [f64; 3]) -> [f32; 3] {
    let length = (x * x + y * y + z * z).sqrt();
    if length > 0.0 { [x, y, z].map(|n| (n / length) as f32) } else { [0.0, 0.0, 1.0] }
}

/// Returns a place in a list from its number: from 1, or from -1 backwards.
fn place_of(text: &str, length: usize) -> Option<usize> {
    let number: i64 = text.parse().ok()?;
    let place = if number < 0 { length as i64 + number } else { number - 1 };
    usize::try_from(place).ok().filter(|&place| place < length)
}

#[cfg(test)]
mod tests;
