//! One placemark: its elements become a record.

use std::io::Read;

use onemap_model::{Record, Reject, SourceId, Value};

use super::geometry::{AltitudeMode, Shape};
use super::{Document, Next, Tag};
use crate::Error;
use crate::columns::ColumnsFull;

/// Names that the elements of KML itself give to fields.
const OWN_FIELDS: [&str; 11] = [
    "name",
    "description",
    "snippet",
    "address",
    "phone",
    "visibility",
    "timestamp",
    "begin",
    "end",
    "style",
    "author",
];

impl<R: Read> Document<'_, R> {
    /// Reads a placemark to its end and hands it over.
    pub(super) fn placemark(&mut self, tag: &Tag) -> Result<(), Error> {
        self.number += 1;
        self.vertices = 0;
        let mut read =
            Placemark { id: tag.attribute("id").map(str::to_owned), ..Placemark::default() };
        let outside = self.xml.depth().saturating_sub(1);
        while self.xml.depth() > outside {
            match self.next()? {
                Next::Start(tag) => self.element(&tag, &mut read)?,
                Next::End => {}
                Next::Eof => break,
            }
        }
        self.emit(read)
    }

    fn element(&mut self, tag: &Tag, read: &mut Placemark) -> Result<(), Error> {
        let field = match tag.name.as_str() {
            "name" => "name",
            "description" => "description",
            "Snippet" | "snippet" => "snippet",
            "address" => "address",
            "phoneNumber" => "phone",
            "styleUrl" => "style",
            "author" => "author",
            "visibility" => {
                let text = self.text()?;
                read.own("visibility", text.parse().map_or(Value::Text(text), Value::Int));
                return Ok(());
            }
            "TimeStamp" | "TimeSpan" => return self.times(read),
            "ExtendedData" => return self.extended_data(&mut read.extended),
            "Point" | "LineString" | "LinearRing" | "Polygon" | "MultiGeometry" | "Track"
            | "MultiTrack" | "Model" => {
                let shape = self.shape(&tag.name, 0)?;
                read.shapes.push(shape);
                return Ok(());
            }
            _ => return self.skip(),
        };
        let text = self.text()?;
        if !text.is_empty() {
            read.own(field, Value::Text(text));
        }
        Ok(())
    }

    /// Reads the instants of a `TimeStamp` or `TimeSpan`.
    fn times(&mut self, read: &mut Placemark) -> Result<(), Error> {
        let outside = self.xml.depth().saturating_sub(1);
        while self.xml.depth() > outside {
            let Next::Start(tag) = self.next()? else { continue };
            let field = match tag.name.as_str() {
                "when" => "timestamp",
                "begin" => "begin",
                "end" => "end",
                _ => continue,
            };
            let text = self.text()?;
            if !text.is_empty() {
                read.own(field, time_value(&text));
            }
        }
        Ok(())
    }

    fn emit(&mut self, mut read: Placemark) -> Result<(), Error> {
        let Some(layer) = self.layers.current(self.sink)? else {
            self.skipped.unwanted += 1;
            return Ok(());
        };
        let shape = Shape::all(std::mem::take(&mut read.shapes));
        if let Some(reason) = shape.wrong {
            let name = read
                .own
                .iter()
                .find(|(field, _)| *field == "name")
                .map(|(_, name)| name.as_ref().to_string());
            let id = read.id.or(name);
            self.sink.reject(layer.slot, Reject { number: self.number, id, reason })?;
            return Ok(());
        }
        if let Some((begin, end)) = shape.track_times {
            read.own_if_missing("begin", time_value(&begin));
            read.own_if_missing("end", time_value(&end));
        }
        let mut geometry = shape.geometry;
        let has_heights =
            geometry.as_ref().and_then(onemap_model::Geometry::height_range) != Some((0.0, 0.0));
        if let Some(geometry) = &mut geometry
            && geometry.has_z()
        {
            let keep = has_heights && shape.mode != AltitudeMode::ClampToGround;
            self.skipped.clamped += u64::from(has_heights && !keep);
            self.skipped.above_ground +=
                u64::from(keep && shape.mode == AltitudeMode::RelativeToGround);
            if !keep {
                crate::gather::drop_heights(geometry);
            }
        }
        let own = read.own.into_iter().map(|(field, value)| (field.to_owned(), value));
        let extended = read.extended.into_iter().map(|(name, value)| match name.trim() {
            "" => ("value".to_owned(), value),
            own if OWN_FIELDS.contains(&own) => (format!("{own}_2"), value),
            other => (other.to_owned(), value),
        });
        let mut values = Vec::new();
        layer.columns.begin();
        for (name, value) in own.chain(extended) {
            match layer.columns.set(layer.slot, &name, value, &mut values, self.sink) {
                Ok(()) => {}
                Err(ColumnsFull::TooMany) => self.skipped.crowded += 1,
                Err(ColumnsFull::Stopped(stopped)) => return Err(stopped.into()),
            }
        }
        let record = Record {
            number: self.number,
            id: read.id.map(SourceId::Text),
            geometry,
            model: None,
            values,
            repairs: shape.repairs,
        };
        self.sink.record(layer.slot, record)?;
        Ok(())
    }
}

#[derive(Default)]
struct Placemark {
    id: Option<String>,
    own: Vec<(&'static str, Value)>,
    extended: Vec<(String, Value)>,
    shapes: Vec<Shape>,
}

impl Placemark {
    fn own(&mut self, field: &'static str, value: Value) {
        self.own.push((field, value));
    }

    fn own_if_missing(&mut self, field: &'static str, value: Value) {
        if !self.own.iter().any(|(known, _)| *known == field) {
            self.own(field, value);
        }
    }
}

/// Reads a `dateTime`, `date`, `gYearMonth` or `gYear`; anything else stays text.
fn time_value(text: &str) -> Value {
    text.parse().map_or_else(|_| Value::Text(text.to_owned()), Value::DateTime)
}
