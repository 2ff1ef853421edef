//! Turns GeoJSON objects into records.

use std::io::Read;

use onemap_model::{
    AxisOrder, LayerSlot, Note, Record, Reject, Sink, SourceId, SourceLayer, Value,
};
use onemap_source::Progress;

use super::crs::{self, Crs};
use super::geometry::{self, GeometryMembers, Shape};
use crate::columns::{Columns, ColumnsFull};
use crate::json::{Fault, Lexer, Number, Stop};
use crate::{Error, Options, Source, wkb_sink};

/// What one record says, in any order.
#[derive(Debug, Default)]
struct Feature {
    kind: Option<String>,
    id: Option<SourceId>,
    geometry: Option<(Shape, bool)>,
    own: GeometryMembers,
    values: Vec<Value>,
    properties_problem: bool,
}

/// Reads objects and emits records.
pub(super) struct Reader<'a> {
    source: &'a Source,
    options: &'a Options,
    sink: &'a mut dyn Sink,
    progress: Progress,
    slot: Option<LayerSlot>,
    columns: Columns,
    number: u64,
    /// CRS met before the features, or found behind them.
    crs: Option<Crs>,
    title: Option<String>,
    met_features: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        source: &'a Source,
        options: &'a Options,
        sink: &'a mut dyn Sink,
        progress: Progress,
    ) -> Self {
        Self {
            source,
            options,
            sink,
            progress,
            slot: None,
            columns: Columns::default(),
            number: 0,
            crs: None,
            title: None,
            met_features: false,
        }
    }

    pub(super) fn note(&mut self, note: Option<Note>) {
        if let Some(note) = note {
            self.sink.note(self.slot, note);
        }
    }

    /// Makes the error of a stream that could not be read on.
    pub(super) fn read_failed(&self, error: std::io::Error) -> Error {
        Error::read_failed(self.source, Some(format!("record {}", self.number + 1)), error)
    }

    /// Opens the layer before its first record.
    fn slot(&mut self) -> Result<LayerSlot, Error> {
        if let Some(slot) = self.slot {
            return Ok(slot);
        }
        if self.crs.is_none() && self.options.crs.is_none() && self.met_features {
            self.crs = crs::read_behind_features(self.source)?;
        }
        let named = match &self.crs {
            Some(Crs::Named(name)) => Some(name.clone()),
            _ => None,
        };
        let layer = SourceLayer {
            name: self.source.stem.clone(),
            format: self.source.format.name(),
            default_crs: (self.crs != Some(Crs::Unknown)).then_some(crs::DEFAULT),
            crs: named,
            axis_order: AxisOrder::EastNorth,
            title: self.title.take(),
            ..SourceLayer::default()
        };
        let slot = self.sink.layer(layer)?;
        if self.crs == Some(Crs::Unknown) && self.options.crs.is_none() {
            // GeoJSON 2008 has `"crs": null` mean this; most writers only mean nothing by it.
            self.sink.note(
                Some(slot),
                Note::assumed("the file says that its CRS is unknown ('crs' is null); say --crs"),
            );
        }
        self.slot = Some(slot);
        Ok(slot)
    }

    /// Reads everything: one object, or several one after the other.
    pub(super) fn roots<R: Read>(&mut self, lexer: &mut Lexer<R>) -> Result<(), Error> {
        let source = self.source;
        loop {
            match lexer.peek().map_err(|fault| fault.into_error(source))? {
                None if self.number == 0 && !self.met_features => {
                    let fault = lexer.fault("the text holds no object");
                    return Err(fault.into_error(source));
                }
                None => return Ok(()),
                Some(0x1e) => lexer.take(),
                Some(_) => self.root(lexer).map_err(|stop| stop.into_error(source))?,
            }
        }
    }

    /// Reads one line of a sequence. What is wrong with it rejects it alone.
    pub(super) fn line<R: Read>(&mut self, lexer: &mut Lexer<R>, line: u64) -> Result<(), Error> {
        let before = self.number;
        let fault = match self.root(lexer) {
            Ok(()) if matches!(lexer.peek(), Ok(None)) => return Ok(()),
            Ok(()) if self.number > before => {
                let text =
                    format!("line {line} goes on after its object; the rest was passed over");
                self.sink.note(self.slot, Note::warning(text));
                return Ok(());
            }
            Ok(()) => lexer.fault("the line goes on after its object"),
            Err(Stop::Fault(fault)) => fault,
            Err(Stop::Error(error)) => return Err(error),
        };
        let Fault::Syntax { offset, reason, .. } = *fault else {
            return Err(fault.into_error(self.source));
        };
        self.reject(None, format!("line {line}, byte {offset}: {reason}; correct the line"))
    }

    /// Ends the layer.
    pub(super) fn finish<R: Read>(mut self, lexer: &Lexer<R>) -> Result<(), Error> {
        let slot = self.slot()?;
        self.columns.finish(slot, self.sink)?;
        if lexer.foreign_texts > 0 {
            let text = format!(
                "{} texts are no UTF-8 and were read as GB18030, {} of them with damage; if characters look wrong say --encoding",
                lexer.foreign_texts, lexer.damaged_texts
            );
            self.sink.note(Some(slot), Note::assumed(text));
        }
        self.progress.tell(self.sink);
        Ok(())
    }

    /// Reads an object that stands alone: a collection, a feature or a geometry.
    fn root<R: Read>(&mut self, lexer: &mut Lexer<R>) -> Result<(), Stop> {
        let mut feature = Feature::default();
        let mut is_collection = false;
        self.columns.begin();
        let mut more = lexer.begin(b'{', b'}')?;
        while more {
            let key = lexer.key()?;
            match key.as_str() {
                "features" if lexer.peek()? == Some(b'[') => {
                    is_collection = true;
                    self.met_features = true;
                    self.features(lexer)?;
                }
                "crs" => {
                    let met = crs::read(lexer)?;
                    self.crs_met(met)?;
                }
                "title" | "name" if self.title.is_none() && lexer.peek()? == Some(b'"') => {
                    let text = lexer.string()?;
                    self.title = Some(lexer.text(&text).into_owned());
                }
                _ => self.member(lexer, &key, &mut feature)?,
            }
            more = lexer.another(b'}')?;
        }
        if is_collection {
            return Ok(());
        }
        if feature.kind.as_deref() == Some("FeatureCollection") {
            return Err(lexer.fault("the feature collection has no list of features").into());
        }
        self.emit(feature)?;
        Ok(())
    }

    /// A CRS behind the features must be the one that was found ahead of time.
    fn crs_met(&mut self, met: Crs) -> Result<(), Error> {
        if self.slot.is_none() {
            self.crs = Some(met);
            return Ok(());
        }
        let is_default = |crs: &Crs| match crs {
            Crs::Named(name) => name.contains("CRS84") || name.ends_with(":4326"),
            Crs::Unknown => true,
        };
        let known = self.crs.as_ref();
        if self.options.crs.is_some()
            || known == Some(&met)
            || (known.is_none() && is_default(&met))
        {
            return Ok(());
        }
        let Crs::Named(name) = met else { return Ok(()) };
        Err(Error::unsupported(
            self.source,
            format!("its CRS '{name}' is told only after its features"),
            format!("import it with --crs {name}"),
        ))
    }

    fn features<R: Read>(&mut self, lexer: &mut Lexer<R>) -> Result<(), Stop> {
        self.slot()?;
        let mut more = lexer.begin(b'[', b']')?;
        while more {
            if lexer.peek()? == Some(b'{') {
                self.feature(lexer)?;
            } else {
                lexer.skip_value()?;
                self.reject(None, "it is no object; a feature stands in braces")?;
            }
            more = lexer.another(b']')?;
        }
        Ok(())
    }

    fn feature<R: Read>(&mut self, lexer: &mut Lexer<R>) -> Result<(), Stop> {
        let mut feature = Feature::default();
        self.columns.begin();
        let mut more = lexer.begin(b'{', b'}')?;
        while more {
            let key = lexer.key()?;
            self.member(lexer, &key, &mut feature)?;
            more = lexer.another(b'}')?;
        }
        self.emit(feature)?;
        Ok(())
    }

    /// Reads a member of a feature or geometry.
    fn member<R: Read>(
        &mut self,
        lexer: &mut Lexer<R>,
        key: &str,
        feature: &mut Feature,
    ) -> Result<(), Stop> {
        match key {
            "type" if lexer.peek()? == Some(b'"') => {
                let text = lexer.string()?;
                feature.kind = Some(lexer.text(&text).into_owned());
            }
            "id" => feature.id = read_id(lexer)?,
            "geometry" => feature.geometry = geometry::read(lexer)?,
            "properties" => self.properties(lexer, feature)?,
            _ => {
                if !feature.own.member(lexer, key, 0)? {
                    lexer.skip_value()?;
                }
            }
        }
        Ok(())
    }

    fn properties<R: Read>(
        &mut self,
        lexer: &mut Lexer<R>,
        feature: &mut Feature,
    ) -> Result<(), Stop> {
        if lexer.peek()? != Some(b'{') {
            feature.properties_problem = !matches!(lexer.value()?, Value::Null);
            return Ok(());
        }
        let slot = self.slot()?;
        let mut more = lexer.begin(b'{', b'}')?;
        while more {
            let name = lexer.key()?;
            let value = lexer.value()?;
            let set = self.columns.set(slot, &name, value, &mut feature.values, self.sink);
            set.map_err(|full| match full {
                ColumnsFull::TooMany => {
                    Error::unsupported(self.source, Columns::REASON, Columns::REMEDY)
                }
                ColumnsFull::Stopped(stopped) => stopped.into(),
            })?;
            more = lexer.another(b'}')?;
        }
        Ok(())
    }

    fn emit(&mut self, mut feature: Feature) -> Result<(), Error> {
        let label = feature.id.as_ref().map(ToString::to_string);
        let mut repairs = Vec::new();
        let shape = match feature.kind.as_deref() {
            Some("Feature") => feature.geometry,
            None if feature.geometry.is_some() || !feature.own.any() => feature.geometry,
            kind if kind.is_none_or(|kind| geometry::kind_of(kind).is_some()) => {
                let shape = feature.own.finish(kind);
                Some((shape, feature.own.closed_ring))
            }
            Some(kind) if kind.eq_ignore_ascii_case("feature") => feature.geometry,
            kind => {
                let kind: String = kind.unwrap_or_default().chars().take(40).collect();
                return self.reject(label, format!("its type is '{kind}', not 'Feature'"));
            }
        };
        let geometry = match shape {
            None => None,
            Some((Ok(geometry), closed)) => {
                if closed {
                    repairs.push(wkb_sink::CLOSED_RING);
                }
                Some(geometry)
            }
            Some((Err(reason), _)) => return self.reject(label, reason),
        };
        if feature.properties_problem {
            return self.reject(label, "its properties are no object");
        }
        let slot = self.slot()?;
        self.number += 1;
        let record = Record {
            number: self.number,
            id: feature.id,
            geometry,
            model: None,
            values: feature.values,
            repairs,
        };
        self.sink.record(slot, record)?;
        self.progress.tell(self.sink);
        Ok(())
    }

    fn reject(&mut self, id: Option<String>, reason: impl Into<String>) -> Result<(), Error> {
        let slot = self.slot()?;
        self.number += 1;
        let reject = Reject { number: self.number, id, reason: reason.into() };
        self.sink.reject(slot, reject)?;
        self.progress.tell(self.sink);
        Ok(())
    }
}

/// Reads an `id`: a whole number or text; anything else is none.
pub(crate) fn read_id<R: Read>(lexer: &mut Lexer<R>) -> crate::json::Result<Option<SourceId>> {
    Ok(match lexer.peek()? {
        Some(b'-' | b'0'..=b'9') => Some(match lexer.number()? {
            Number::Int(whole) => SourceId::Int(whole),
            Number::Float(float) if float.fract() == 0.0 && float.abs() < 9e15 => {
                SourceId::Int(float as i64)
            }
            Number::Float(float) => SourceId::Text(float.to_string()),
            Number::Huge(text) => SourceId::Text(text),
        }),
        Some(b'"') => {
            let text = lexer.string()?;
            let text = lexer.text(&text);
            (!text.is_empty()).then(|| SourceId::Text(text.into_owned()))
        }
        _ => {
            lexer.skip_value()?;
            None
        }
    })
}
