//! Reads GPX 1.0 and 1.1 (topografix.com/GPX/1/1): the layers `waypoints`, `routes` and `tracks`.
//!
//! A waypoint is a point, a route a line, a track a line for every segment. `ele` becomes the height, in
//! metres, where every point of a shape has one; times of single track points are left behind, the first
//! and the last become `begin` and `end`. Elements of the format become fields by their own names, links
//! become `link`, and `extensions` are kept as JSON.

mod point;
#[cfg(test)]
mod tests;

use std::io::Read;

use onemap_bounded::{XmlEvent, XmlReader, XmlStart};
use onemap_model::{
    Geometry, GeometryKind, LayerSlot, Note, Record, Reject, Sink, SourceLayer, Value,
};
use onemap_source::{Input, Progress};
use serde_json::{Map, Value as Json};

use self::point::{At, Position};
use crate::columns::{Columns, ColumnsFull};
use crate::limits::{MAX_GPX_EXTENSION_BYTES, MAX_GPX_FIELDS, MAX_XML_VERTICES};
use crate::{Error, Options, Source};

const REMEDY: &str = "export it again from the device or program that made it";

/// Reads a GPX file.
pub(crate) fn read(source: &Source, options: &Options, sink: &mut dyn Sink) -> Result<(), Error> {
    let reader = Input::open(source)?;
    let progress = reader.progress();
    let xml = XmlReader::new(reader).map_err(|e| Error::bounded(source, None, e))?;
    let mut reader = Reader {
        xml,
        source,
        options,
        sink,
        progress,
        number: 0,
        layers: [const { Place::NotYetKnown }; 3],
        crowded: 0,
    };
    reader.document()
}

/// What kind of thing a record is; also its layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Thing {
    Waypoint,
    Route,
    Track,
}

impl Thing {
    fn layer(self) -> &'static str {
        match self {
            Self::Waypoint => "waypoints",
            Self::Route => "routes",
            Self::Track => "tracks",
        }
    }
}

enum Place {
    NotYetKnown,
    Layer(LayerSlot, Columns),
    NotWanted,
}

struct Reader<'a, R> {
    xml: XmlReader<R>,
    source: &'a Source,
    options: &'a Options,
    sink: &'a mut dyn Sink,
    progress: Progress,
    number: u64,
    layers: [Place; 3],
    crowded: u64,
}

/// What is known of the record that is being read.
#[derive(Default)]
struct Draft {
    fields: Vec<(String, Value)>,
    shape: Geometry,
    heights: usize,
    begin: Option<String>,
    end: Option<String>,
    wrong: Option<String>,
}

impl<R: Read> Reader<'_, R> {
    fn broken(&self, error: onemap_bounded::Error) -> Error {
        Error::bounded(self.source, None, error)
    }

    /// Reads the next beginning of an element inside the one at `outside`; `None` at its end.
    fn child<T>(
        &mut self,
        outside: usize,
        take: impl FnOnce(&XmlStart<'_>) -> T,
    ) -> Result<Option<T>, Error> {
        while self.xml.depth() > outside {
            match self.xml.read() {
                Ok(XmlEvent::Start(start)) => return Ok(Some(take(&start))),
                Ok(XmlEvent::Eof) => return Ok(None),
                Ok(_) => {}
                Err(error) => return Err(self.broken(error)),
            }
        }
        Ok(None)
    }

    fn outside(&self) -> usize {
        self.xml.depth().saturating_sub(1)
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

    fn document(&mut self) -> Result<(), Error> {
        let root = loop {
            match self.xml.read() {
                Ok(XmlEvent::Start(start)) => break start.local_name().to_owned(),
                Ok(XmlEvent::Eof) => {
                    return Err(Error::broken(self.source, None, "it is empty", REMEDY));
                }
                Ok(_) => {}
                Err(error) => return Err(self.broken(error)),
            }
        };
        if root != "gpx" {
            let reason = format!("its first element is <{root}>, not <gpx>");
            return Err(Error::broken(self.source, None, reason, REMEDY));
        }
        let outside = self.outside();
        while let Some((name, at)) =
            self.child(outside, |start| (start.local_name().to_owned(), At::of(start)))?
        {
            match name.as_str() {
                "wpt" => self.waypoint(&at)?,
                "rte" => self.line(Thing::Route)?,
                "trk" => self.line(Thing::Track)?,
                _ => self.skip()?,
            }
            self.progress.tell(self.sink);
        }
        // What follows the root must still be well-formed.
        while !matches!(
            self.xml.read().map_err(|e| Error::bounded(self.source, None, e))?,
            XmlEvent::Eof
        ) {}
        if self.crowded > 0 {
            let text =
                format!("{} attribute values were left out: a record has too many", self.crowded);
            self.sink.note(None, Note::warning(text));
        }
        Ok(())
    }

    fn waypoint(&mut self, at: &At) -> Result<(), Error> {
        let mut draft = Draft::default();
        let position = self.point(at, &mut draft.fields, true)?;
        match position {
            Ok(Position { xy, ele, .. }) => {
                draft.shape = Geometry::point(xy);
                draft.shape.z.extend(ele);
            }
            Err(reason) => draft.wrong = Some(reason),
        }
        self.emit(Thing::Waypoint, draft)
    }

    /// Reads a route or a track.
    fn line(&mut self, thing: Thing) -> Result<(), Error> {
        let mut draft = Draft::default();
        let outside = self.outside();
        while let Some((name, at)) =
            self.child(outside, |start| (start.local_name().to_owned(), At::of(start)))?
        {
            match name.as_str() {
                "rtept" => self.vertex(&at, &mut draft)?,
                "trkseg" => {
                    let segment = self.outside();
                    while let Some((name, at)) =
                        self.child(segment, |start| (start.local_name() == "trkpt", At::of(start)))?
                    {
                        if name { self.vertex(&at, &mut draft)? } else { self.skip()? }
                    }
                    end_line(&mut draft.shape);
                }
                _ => self.property(&name, &at, &mut draft.fields)?,
            }
        }
        end_line(&mut draft.shape);
        draft.shape.kind = match (thing, draft.shape.ends.len()) {
            (Thing::Route, _) => GeometryKind::LineString,
            _ => GeometryKind::MultiLineString,
        };
        for (field, text) in [("begin", draft.begin.take()), ("end", draft.end.take())] {
            if let Some(text) = text {
                draft.fields.push((field.to_owned(), time_value(text)));
            }
        }
        self.emit(thing, draft)
    }

    fn vertex(&mut self, at: &At, draft: &mut Draft) -> Result<(), Error> {
        let position = match self.point(at, &mut Vec::new(), false)? {
            Ok(position) => position,
            Err(reason) => {
                draft.wrong.get_or_insert(reason);
                return Ok(());
            }
        };
        if draft.shape.xy.len() >= MAX_XML_VERTICES {
            draft.wrong = Some(format!("it has more than {MAX_XML_VERTICES} points; split it"));
            return Ok(());
        }
        draft.heights += usize::from(position.ele.is_some());
        draft.shape.push_z([position.xy[0], position.xy[1], position.ele.unwrap_or_default()]);
        if let Some(time) = position.time {
            draft.begin.get_or_insert_with(|| time.clone());
            draft.end = Some(time);
        }
        Ok(())
    }

    fn emit(&mut self, thing: Thing, mut draft: Draft) -> Result<(), Error> {
        self.number += 1;
        let number = self.number;
        let Some((slot, columns)) = open(&mut self.layers, thing, self.options, self.sink)? else {
            return Ok(());
        };
        if let Some(reason) = draft.wrong {
            let id = draft
                .fields
                .iter()
                .find(|(name, _)| name == "name")
                .map(|(_, name)| name.as_ref().to_string());
            self.sink.reject(slot, Reject { number, id, reason })?;
            return Ok(());
        }
        if thing != Thing::Waypoint && draft.heights < draft.shape.xy.len() {
            draft.shape.z.clear();
        }
        let mut values = Vec::new();
        columns.begin();
        for (name, value) in draft.fields {
            match columns.set(slot, &name, value, &mut values, self.sink) {
                Ok(()) => {}
                Err(ColumnsFull::TooMany) => self.crowded += 1,
                Err(ColumnsFull::Stopped(stopped)) => return Err(stopped.into()),
            }
        }
        let geometry = (!draft.shape.is_empty()).then_some(draft.shape);
        self.sink.record(
            slot,
            Record { number, id: None, geometry, model: None, values, repairs: Vec::new() },
        )?;
        Ok(())
    }

    /// Reads a descriptive element into a field.
    fn property(
        &mut self,
        name: &str,
        at: &At,
        fields: &mut Vec<(String, Value)>,
    ) -> Result<(), Error> {
        let value = match name {
            "extensions" => {
                let json = self.json(0, self.xml.position())?;
                if json.is_null() { Value::Null } else { Value::Json(json.to_string()) }
            }
            "link" => {
                self.skip()?;
                at.href.clone().map_or(Value::Null, Value::Text)
            }
            "time" => {
                let text = self.text()?;
                if text.is_empty() { Value::Null } else { time_value(text) }
            }
            "number" | "sat" | "dgpsid" => {
                let text = self.text()?;
                text.parse().map_or_else(|_| text_value(text), Value::Int)
            }
            "magvar" | "geoidheight" | "hdop" | "vdop" | "pdop" | "ageofdgpsdata" | "speed"
            | "course" => {
                let text = self.text()?;
                let number: Option<f64> = text.parse().ok().filter(|x: &f64| x.is_finite());
                number.map_or_else(|| text_value(text), Value::Float)
            }
            "name" | "cmt" | "desc" | "src" | "url" | "urlname" | "sym" | "type" | "fix" => {
                text_value(self.text()?)
            }
            // Elements of other namespaces stand beside GPX 1.0's own ones.
            _ => text_value(self.text()?),
        };
        if fields.len() >= MAX_GPX_FIELDS {
            self.crowded += 1;
            return Ok(());
        }
        // Several links are one field: the first counts.
        if !value.is_null() && !fields.iter().any(|(known, _)| known == name) {
            fields.push((name.to_owned(), value));
        }
        Ok(())
    }

    /// Reads the element that began last as JSON: its text, or its children by name. What is further than
    /// the limit from where it all began is left out.
    fn json(&mut self, depth: usize, began_at: u64) -> Result<Json, Error> {
        if self.xml.position().saturating_sub(began_at) > MAX_GPX_EXTENSION_BYTES {
            self.crowded += 1;
            self.skip()?;
            return Ok(Json::Null);
        }
        if depth >= 8 {
            return Ok(Json::from(self.text()?));
        }
        let outside = self.outside();
        let mut children = Map::new();
        let mut text = String::new();
        while self.xml.depth() > outside {
            let name = match self.xml.read() {
                Ok(XmlEvent::Start(start)) => start.local_name().to_owned(),
                Ok(XmlEvent::Text(part)) => {
                    text.push_str(part.trim());
                    continue;
                }
                Ok(XmlEvent::Eof) => break,
                Ok(XmlEvent::End(_)) => continue,
                Err(error) => return Err(self.broken(error)),
            };
            let child = self.json(depth + 1, began_at)?;
            match children.get_mut(&name) {
                Some(Json::Array(list)) => list.push(child),
                Some(one) => *one = Json::Array(vec![one.take(), child]),
                None => {
                    children.insert(name, child);
                }
            }
        }
        Ok(match (children.is_empty(), text.is_empty()) {
            (false, _) => Json::Object(children),
            (true, false) => Json::from(text),
            (true, true) => Json::Null,
        })
    }
}

/// Returns the layer of a thing, opened when first asked for; `None` when the user did not name it.
fn open<'a>(
    layers: &'a mut [Place; 3],
    thing: Thing,
    options: &Options,
    sink: &mut dyn Sink,
) -> Result<Option<(LayerSlot, &'a mut Columns)>, Error> {
    let [waypoints, routes, tracks] = layers;
    let place = match thing {
        Thing::Waypoint => waypoints,
        Thing::Route => routes,
        Thing::Track => tracks,
    };
    if matches!(place, Place::NotYetKnown) {
        let name = thing.layer().to_owned();
        *place = if options.wants(&name) {
            let layer = SourceLayer {
                name,
                format: "GPX",
                default_crs: Some("OGC:CRS84"),
                ..SourceLayer::default()
            };
            Place::Layer(sink.layer(layer)?, Columns::default())
        } else {
            Place::NotWanted
        };
    }
    Ok(match place {
        Place::Layer(slot, columns) => Some((*slot, columns)),
        Place::NotYetKnown | Place::NotWanted => None,
    })
}

/// Ends a segment, if anything stands in it.
fn end_line(shape: &mut Geometry) {
    if shape.ends.last().map_or(0, |&end| end as usize) < shape.xy.len() {
        shape.end_line();
    }
}

fn text_value(text: String) -> Value {
    if text.is_empty() { Value::Null } else { Value::Text(text) }
}

fn time_value(text: String) -> Value {
    text.parse().map_or_else(|_| Value::Text(text), Value::DateTime)
}
