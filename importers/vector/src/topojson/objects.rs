//! Reads the objects of a topology: one layer a collection, one record a geometry.

use std::io::Read;

use onemap_bounded::limits as guards;
use onemap_model::{
    Geometry, GeometryKind, LayerSlot, Record, Reject, Sink, SourceId, SourceLayer, Value,
};
use onemap_source::Progress;

use super::Topology;
use super::arcs::Numbers;
use crate::columns::{Columns, ColumnsFull};
use crate::geojson::{self, GeometryMembers};
use crate::json::{Lexer, Stop};
use crate::{Error, Options, Source, wkb_sink};

/// A layer that is being read.
struct Layer {
    slot: LayerSlot,
    columns: Columns,
    number: u64,
}

/// A geometry object as far as it was read; its members come in any order.
#[derive(Default)]
struct Item {
    kind: Option<String>,
    id: Option<SourceId>,
    points: GeometryMembers,
    arcs: Option<Numbers>,
    parts: Vec<Shape>,
    properties: Vec<(String, Value)>,
    properties_problem: bool,
}

/// A geometry and whether rings were closed; `None` for null.
type Shape = Result<(Option<Geometry>, bool), String>;

pub(super) struct Objects<'a> {
    source: &'a Source,
    options: &'a Options,
    sink: &'a mut dyn Sink,
    topology: Topology,
    progress: Progress,
    /// Objects that are no collections share a layer.
    singles: Option<Layer>,
}

impl<'a> Objects<'a> {
    pub(super) fn new(
        source: &'a Source,
        options: &'a Options,
        sink: &'a mut dyn Sink,
        topology: Topology,
        progress: Progress,
    ) -> Self {
        Self { source, options, sink, topology, progress, singles: None }
    }

    /// Reads the whole text again, this time only its objects.
    pub(super) fn read<R: Read>(mut self, text: &mut Lexer<R>) -> Result<(), Error> {
        self.root(text).map_err(|stop| stop.into_error(self.source))?;
        if let Some(mut layer) = self.singles.take() {
            layer.columns.finish(layer.slot, self.sink)?;
        }
        self.progress.tell(self.sink);
        Ok(())
    }

    fn root<R: Read>(&mut self, text: &mut Lexer<R>) -> Result<(), Stop> {
        let mut more = text.begin(b'{', b'}')?;
        while more {
            let key = text.key()?;
            match (key.as_str(), text.peek()?) {
                ("objects", Some(b'{')) => self.named(text)?,
                ("objects", Some(b'[')) => self.listed(text)?,
                _ => text.skip_value()?,
            }
            more = text.another(b'}')?;
        }
        Ok(())
    }

    /// Objects under their names, as the specification has them.
    fn named<R: Read>(&mut self, text: &mut Lexer<R>) -> Result<(), Stop> {
        let mut more = text.begin(b'{', b'}')?;
        while more {
            let name = text.key()?;
            self.object(text, name)?;
            more = text.another(b'}')?;
        }
        Ok(())
    }

    /// Objects in a list, as early versions had them.
    fn listed<R: Read>(&mut self, text: &mut Lexer<R>) -> Result<(), Stop> {
        let mut more = text.begin(b'[', b']')?;
        let mut number = 1;
        while more {
            self.object(text, format!("{}_{number}", self.source.stem))?;
            number += 1;
            more = text.another(b']')?;
        }
        Ok(())
    }

    fn layer(&mut self, name: String) -> Result<Layer, Error> {
        let slot = self.sink.layer(SourceLayer {
            name,
            format: self.source.format.name(),
            crs: self.topology.crs.clone(),
            default_crs: Some(geojson::DEFAULT_CRS),
            ..SourceLayer::default()
        })?;
        Ok(Layer { slot, columns: Columns::default(), number: 0 })
    }

    /// Reads a top-level object: a collection is a layer, anything else a record.
    fn object<R: Read>(&mut self, text: &mut Lexer<R>, mut name: String) -> Result<(), Stop> {
        if text.peek()? != Some(b'{') {
            text.skip_value()?;
            return Ok(());
        }
        let mut item = Item::default();
        let mut is_collection = false;
        let mut more = text.begin(b'{', b'}')?;
        while more {
            let key = text.key()?;
            match (key.as_str(), text.peek()?) {
                ("geometries", Some(b'[')) if self.options.wants(&name) => {
                    is_collection = true;
                    self.collection(text, name.clone())?;
                }
                ("geometries", _) => {
                    is_collection = true;
                    text.skip_value()?;
                }
                ("id", Some(b'"')) => {
                    // A name in a list stands in its id.
                    item.id = geojson::read_id(text)?;
                    if let Some(SourceId::Text(id)) = &item.id {
                        name.clone_from(id);
                    }
                }
                _ => self.member(text, &key, &mut item, 0)?,
            }
            more = text.another(b'}')?;
        }
        let is_collection = is_collection || item.kind.as_deref() == Some("GeometryCollection");
        if is_collection || item.kind.is_none() || !self.options.wants(&self.source.stem) {
            return Ok(());
        }
        let mut layer = match self.singles.take() {
            Some(layer) => layer,
            None => self.layer(self.source.stem.clone())?,
        };
        item.id.get_or_insert(SourceId::Text(name));
        self.emit(&mut layer, item)?;
        self.singles = Some(layer);
        Ok(())
    }

    fn collection<R: Read>(&mut self, text: &mut Lexer<R>, name: String) -> Result<(), Stop> {
        let mut layer = self.layer(name)?;
        let mut more = text.begin(b'[', b']')?;
        while more {
            if text.peek()? == Some(b'{') {
                let item = self.item(text, 0)?;
                self.emit(&mut layer, item)?;
            } else {
                text.skip_value()?;
                self.reject(&mut layer, None, "it is no object".into())?;
            }
            more = text.another(b']')?;
        }
        layer.columns.finish(layer.slot, self.sink)?;
        Ok(())
    }

    fn item<R: Read>(&mut self, text: &mut Lexer<R>, depth: usize) -> Result<Item, Stop> {
        let mut item = Item::default();
        let mut more = text.begin(b'{', b'}')?;
        while more {
            let key = text.key()?;
            self.member(text, &key, &mut item, depth)?;
            more = text.another(b'}')?;
        }
        Ok(item)
    }

    fn member<R: Read>(
        &mut self,
        text: &mut Lexer<R>,
        key: &str,
        item: &mut Item,
        depth: usize,
    ) -> Result<(), Stop> {
        match (key, text.peek()?) {
            ("type", Some(b'"')) => {
                let kind = text.string()?;
                item.kind = Some(text.text(&kind).into_owned());
            }
            ("id", _) => item.id = geojson::read_id(text)?,
            ("arcs", _) => item.arcs = Some(Numbers::read(text)?),
            ("coordinates", _) => {
                item.points.member(text, key, depth)?;
            }
            ("properties", Some(b'{')) => {
                let mut more = text.begin(b'{', b'}')?;
                while more {
                    let name = text.key()?;
                    let value = text.value()?;
                    item.properties.push((name, value));
                    more = text.another(b'}')?;
                }
            }
            ("properties", _) => item.properties_problem = !matches!(text.value()?, Value::Null),
            ("geometries", Some(b'[')) => {
                if depth >= guards::MAX_GEOMETRY_DEPTH {
                    return Err(text.fault("collections are nested too deep").into());
                }
                let mut more = text.begin(b'[', b']')?;
                while more {
                    if text.peek()? == Some(b'{') {
                        let part = self.item(text, depth + 1)?;
                        let shape = self.shape(part)?;
                        item.parts.push(shape);
                    } else {
                        text.skip_value()?;
                        item.parts.push(Err("a member of its collection is no object".into()));
                    }
                    more = text.another(b']')?;
                }
            }
            _ => text.skip_value()?,
        }
        Ok(())
    }

    /// Makes the geometry; an `Err` within is for this record alone.
    fn shape(&mut self, mut item: Item) -> Result<Shape, Error> {
        let Some(name) = item.kind.take() else {
            return Ok(Ok((None, false)));
        };
        let Some(kind) = geojson::kind_of(&name) else {
            let name: String = name.chars().take(40).collect();
            return Ok(Err(format!("'{name}' is no type of geometry")));
        };
        Ok(match kind {
            GeometryKind::Point | GeometryKind::MultiPoint => {
                item.points.finish(Some(&name)).map(|mut geometry| {
                    if let Some(transform) = self.topology.transform {
                        geometry.xy.iter_mut().for_each(|xy| *xy = transform.apply(*xy));
                    }
                    (Some(geometry), false)
                })
            }
            GeometryKind::Collection => {
                let mut members = Vec::new();
                let mut any_closed = false;
                for part in std::mem::take(&mut item.parts) {
                    match part {
                        Ok((member, closed)) => {
                            any_closed |= closed;
                            members.extend(member);
                        }
                        Err(reason) => return Ok(Err(reason)),
                    }
                }
                Ok((Some(Geometry::collection(members)), any_closed))
            }
            _ => {
                let Some(numbers) = item.arcs.take() else {
                    return Ok(Err("it has no arcs".into()));
                };
                let resolved = self.topology.arcs.resolve(kind, &numbers);
                if self.topology.arcs.is_exhausted() {
                    return Err(Error::broken(
                        self.source,
                        None,
                        "its objects use the same arcs far more often than any map does",
                        "convert it with a trusted program first",
                    ));
                }
                resolved.map(|(geometry, closed)| (Some(geometry), closed))
            }
        })
    }

    fn emit(&mut self, layer: &mut Layer, mut item: Item) -> Result<(), Error> {
        let id = item.id.take();
        let label = id.as_ref().map(ToString::to_string);
        let properties = std::mem::take(&mut item.properties);
        let properties_problem = item.properties_problem;
        let (geometry, closed) = match self.shape(item)? {
            Ok(_) if properties_problem => {
                return self.reject(layer, label, "its properties are no object".into());
            }
            Ok(shape) => shape,
            Err(reason) => return self.reject(layer, label, reason),
        };
        layer.columns.begin();
        let mut values = Vec::with_capacity(properties.len());
        for (name, value) in properties {
            let set = layer.columns.set(layer.slot, &name, value, &mut values, self.sink);
            set.map_err(|full| match full {
                ColumnsFull::TooMany => {
                    Error::unsupported(self.source, Columns::REASON, Columns::REMEDY)
                }
                ColumnsFull::Stopped(stopped) => stopped.into(),
            })?;
        }
        layer.number += 1;
        let repairs = if closed { vec![wkb_sink::CLOSED_RING] } else { Vec::new() };
        let record = Record { number: layer.number, id, geometry, model: None, values, repairs };
        self.sink.record(layer.slot, record)?;
        self.progress.tell(self.sink);
        Ok(())
    }

    fn reject(
        &mut self,
        layer: &mut Layer,
        id: Option<String>,
        reason: String,
    ) -> Result<(), Error> {
        layer.number += 1;
        self.sink.reject(layer.slot, Reject { number: layer.number, id, reason })?;
        Ok(())
    }
}
