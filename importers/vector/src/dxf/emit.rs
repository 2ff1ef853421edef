//! Turns shapes of entities into records of the layers `points`, `lines`, `areas`, `texts` and `symbols`.

use onemap_model::{
    Field, FieldType, Geometry, GeometryClass, LayerSlot, Record, Reject, Sink, SourceId,
    SourceLayer, Stopped, Value,
};
use serde_json::{Map, Value as Json};

use super::affine::Affine;
use super::blocks::{Color, Expanded, Expander, Look, Part, is_reference};
use super::color;
use super::pairs::Value as Group;
use super::raw::Raw;
use super::shapes::{Made, Shape, make, moved};
use super::tables::{LayerLook, Tables, key};
use super::text::{Decoder, plain};
use crate::Options;
use crate::gather::gather;
use crate::limits::MAX_DXF_SYMBOL_SHAPES;

/// The layers that a drawing becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layer {
    Points,
    Lines,
    Areas,
    Texts,
    Symbols,
}

impl Layer {
    const COUNT: usize = 5;

    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Points => ("points", "点"),
            Self::Lines => ("lines", "线"),
            Self::Areas => ("areas", "面"),
            Self::Texts => ("texts", "注记"),
            Self::Symbols => ("symbols", "符号"),
        }
    }

    /// Returns the fields beyond the ones that all layers have.
    fn fields(self) -> &'static [(&'static str, FieldType, &'static str, &'static str)] {
        match self {
            Self::Points | Self::Areas => &[],
            Self::Lines => &[
                ("closed", FieldType::Bool, "闭合", "Closed"),
                ("elevation", FieldType::Float, "标高", "Elevation"),
            ],
            Self::Texts => &[
                ("text", FieldType::Text, "文字", "Text"),
                ("text_height", FieldType::Float, "字高", "Height of letters"),
                ("rotation", FieldType::Float, "角度", "Rotation (degrees)"),
            ],
            Self::Symbols => &[
                ("block", FieldType::Text, "图块", "Block"),
                ("rotation", FieldType::Float, "角度", "Rotation (degrees)"),
                ("text", FieldType::Text, "文字", "Text"),
                ("attributes", FieldType::Json, "属性", "Attributes"),
            ],
        }
    }
}

/// Fields of all layers. The extended data come last.
const COMMON: [(&str, FieldType, &str, &str); 7] = [
    ("handle", FieldType::Text, "句柄", "Handle"),
    ("type", FieldType::Text, "实体类型", "Entity type"),
    ("layer", FieldType::Text, "图层", "Drawing layer"),
    ("color", FieldType::Text, "颜色", "Colour"),
    ("linetype", FieldType::Text, "线型", "Line type"),
    ("hidden", FieldType::Bool, "隐藏", "Hidden"),
    ("xdata", FieldType::Json, "扩展数据", "Extended data"),
];

/// Makes records and hands them over.
pub(super) struct Emitter<'a> {
    pub(super) sink: &'a mut dyn Sink,
    pub(super) options: &'a Options,
    pub(super) tables: &'a Tables,
    pub(super) decoder: Decoder,
    pub(super) crs: Option<String>,
    /// From the drawing to the CRS.
    pub(super) map: Affine,
    pub(super) expander: Expander<'a>,
    slots: [Option<LayerSlot>; Layer::COUNT],
    /// Closed lines, which may be meant as areas.
    pub(super) closed_lines: u64,
}

/// What stands in all fields of a record.
struct Facts<'a> {
    number: u64,
    handle: String,
    kind: &'a str,
    look: &'a Look,
    xdata: Value,
}

impl<'a> Emitter<'a> {
    pub(super) fn new(
        sink: &'a mut dyn Sink,
        options: &'a Options,
        tables: &'a Tables,
        decoder: Decoder,
        georeference: Option<(u32, Affine)>,
    ) -> Self {
        let crs = georeference.map(|(epsg, _)| format!("EPSG:{epsg}"));
        let map = georeference.map_or(Affine::IDENTITY, |(_, map)| map);
        let expander = Expander::new(tables, decoder);
        Self {
            sink,
            options,
            tables,
            decoder,
            crs,
            map,
            expander,
            slots: [None; Layer::COUNT],
            closed_lines: 0,
        }
    }

    /// Makes the records of an entity.
    pub(super) fn entity(&mut self, number: u64, raw: &Raw) -> Result<(), Stopped> {
        let handle = String::from_utf8_lossy(raw.text(5)).trim().to_owned();
        let look = Look::of(raw, &self.decoder);
        let facts = Facts { number, handle, kind: &raw.kind, look: &look, xdata: self.xdata(raw) };
        if is_reference(&raw.kind) {
            return match self.expander.expand(raw, &look) {
                Ok(expanded) if expanded.parts.len() <= MAX_DXF_SYMBOL_SHAPES => {
                    self.symbol(facts, raw, expanded)
                }
                Ok(expanded) => self.parts(&facts, expanded),
                Err(reason) => self.reject(Layer::Symbols, &facts, reason),
            };
        }
        match make(raw, &self.decoder) {
            Made::Shape(shape) => self.shape(facts, shape),
            Made::Wrong(reason) => self.reject(layer_of(&raw.kind), &facts, reason),
            Made::Unknown => {
                let kind: String = raw.kind.chars().take(40).collect();
                let reason = format!(
                    "entities of type {kind} are not read; convert them in CAD (command EXPLODE)"
                );
                self.reject(Layer::Symbols, &facts, reason)
            }
        }
    }

    fn shape(&mut self, facts: Facts<'_>, shape: Shape) -> Result<(), Stopped> {
        let layer = match (&shape.text, shape.geometry.class()) {
            (Some(_), _) => Layer::Texts,
            (None, GeometryClass::Point) => Layer::Points,
            (None, GeometryClass::Line) => Layer::Lines,
            (None, _) => Layer::Areas,
        };
        let mut shape = moved(shape, &self.map);
        let own = match (layer, shape.text.take()) {
            (Layer::Texts, Some(text)) => {
                vec![
                    text_value(text.content),
                    number_value(text.height),
                    number_value(text.rotation),
                ]
            }
            (Layer::Lines, _) => {
                self.closed_lines += u64::from(shape.is_closed);
                // A contour line: everything at one height.
                let first = shape.geometry.z.first().copied().unwrap_or_default();
                let is_level = first != 0.0 && shape.geometry.z.iter().all(|z| *z == first);
                let elevation = if is_level { number_value(first) } else { Value::Null };
                vec![Value::Bool(shape.is_closed), elevation]
            }
            _ => Vec::new(),
        };
        self.record(layer, facts, shape.geometry, own, shape.repairs)
    }

    /// Makes one record of a block reference.
    fn symbol(&mut self, facts: Facts<'_>, raw: &Raw, expanded: Expanded) -> Result<(), Stopped> {
        let mut texts = Vec::new();
        let mut shapes = Vec::new();
        for part in expanded.parts {
            let shape = moved(part.shape, &self.map);
            match shape.text {
                // The place of a text is no part of the symbol, unless there is nothing else.
                Some(text) => texts.push((text.content, shape.geometry)),
                None => shapes.push(shape.geometry),
            }
        }
        if shapes.is_empty() {
            shapes.extend(texts.first().map(|(_, at)| at.clone()));
        }
        let geometry = match gather(shapes) {
            Some(geometry) => geometry,
            // An empty block still marks a place.
            None => match raw.point(10) {
                Some(at) => {
                    let [x, y, z] = self.map.apply(Affine::extrusion(raw.normal()).apply(at));
                    let mut point = Geometry::point([x, y]);
                    point.z.push(z);
                    point
                }
                None => {
                    return self.reject(
                        Layer::Symbols,
                        &facts,
                        "its block has no shapes".to_owned(),
                    );
                }
            },
        };
        let texts: Vec<String> = texts.into_iter().map(|(text, _)| text).collect();
        let own = vec![
            text_value(self.decoder.text(raw.text(2))),
            number_value(raw.real(50).unwrap_or_default() + self.map.turn_and_scale().0),
            text_value(texts.join("\n")),
            self.attributes(raw),
        ];
        self.record(Layer::Symbols, facts, geometry, own, expanded.repairs)
    }

    /// Makes a record of every shape of a block that is a drawing of its own.
    fn parts(&mut self, facts: &Facts<'_>, expanded: Expanded) -> Result<(), Stopped> {
        for (i, part) in expanded.parts.into_iter().enumerate() {
            let Part { kind, look, shape } = part;
            let handle = format!("{}/{}", facts.handle, i + 1);
            let facts = Facts {
                number: facts.number,
                handle,
                kind: &kind,
                look: &look,
                xdata: facts.xdata.clone(),
            };
            self.shape(facts, shape)?;
        }
        Ok(())
    }

    fn record(
        &mut self,
        layer: Layer,
        facts: Facts<'_>,
        mut geometry: Geometry,
        own: Vec<Value>,
        repairs: Vec<&'static str>,
    ) -> Result<(), Stopped> {
        let (mut is_finite, mut is_flat) = (true, true);
        geometry.for_each_array_mut(&mut |xy, z| {
            is_finite &= xy.iter().flatten().chain(z.iter()).all(|c| c.is_finite());
            is_flat &= z.iter().all(|z| *z == 0.0);
        });
        if !is_finite {
            return self.reject(layer, &facts, "its coordinates are beyond all numbers".to_owned());
        }
        if is_flat {
            crate::gather::drop_heights(&mut geometry);
        }
        let Some(slot) = self.slot(layer)? else { return Ok(()) };
        let style = self.tables.layers.get(&key(&facts.look.layer)).cloned().unwrap_or_default();
        let mut values = vec![
            text_value(facts.handle.clone()),
            text_value(facts.kind.to_owned()),
            text_value(facts.look.layer.as_ref().to_owned()),
            Value::Text(color::hex(color_of(facts.look, &style))),
            text_value(linetype_of(facts.look, &style)),
            Value::Bool(facts.look.is_hidden || style.is_hidden),
            facts.xdata,
        ];
        values.extend(own);
        let id = (!facts.handle.is_empty()).then_some(SourceId::Text(facts.handle));
        self.sink.record(
            slot,
            Record {
                number: facts.number,
                id,
                geometry: Some(geometry),
                model: None,
                values,
                repairs,
            },
        )
    }

    fn reject(&mut self, layer: Layer, facts: &Facts<'_>, reason: String) -> Result<(), Stopped> {
        let Some(slot) = self.slot(layer)? else { return Ok(()) };
        let id = Some(format!("{} {}", facts.kind, facts.handle).trim().to_owned());
        self.sink.reject(slot, Reject { number: facts.number, id, reason })
    }

    /// Returns the layer's slot, opened when first asked for; `None` when the user did not name it.
    fn slot(&mut self, layer: Layer) -> Result<Option<LayerSlot>, Stopped> {
        let (name, title) = layer.names();
        if !self.options.wants(name) {
            return Ok(None);
        }
        if let Some(slot) = self.slots.get(layer as usize).copied().flatten() {
            return Ok(Some(slot));
        }
        let fields =
            COMMON.iter().chain(layer.fields()).map(|(name, kind, title, title_en)| Field {
                title: Some((*title).to_owned()),
                title_en: Some((*title_en).to_owned()),
                ..Field::new(*name, *kind)
            });
        let slot = self.sink.layer(SourceLayer {
            name: name.to_owned(),
            format: "DXF",
            crs: self.crs.clone(),
            fields: fields.collect(),
            id_field: Some("handle".to_owned()),
            title: Some(title.to_owned()),
            ..SourceLayer::default()
        })?;
        if let Some(place) = self.slots.get_mut(layer as usize) {
            *place = Some(slot);
        }
        Ok(Some(slot))
    }

    /// Returns the attributes of a block reference as JSON, by tag.
    fn attributes(&self, raw: &Raw) -> Value {
        let mut attributes = Map::new();
        for child in &raw.children {
            let value = plain(&self.decoder.text(child.text(1)));
            attributes.insert(self.decoder.text(child.text(2)), Json::from(value));
        }
        if attributes.is_empty() {
            Value::Null
        } else {
            Value::Json(Json::Object(attributes).to_string())
        }
    }

    /// Returns the data that applications added to an entity as JSON: a list by application.
    fn xdata(&self, raw: &Raw) -> Value {
        let mut all: Map<String, Json> = Map::new();
        let mut application = String::new();
        for pair in &raw.xdata {
            let item = match (pair.code, &pair.value) {
                (1001, Group::Text(name)) => {
                    application = self.decoder.text(name);
                    Json::Null
                }
                // Braces of nested lists.
                (1002, _) => Json::Null,
                (_, Group::Text(text)) => Json::from(self.decoder.text(text)),
                (_, Group::Real(x)) => Json::from(*x),
                (_, Group::Int(n)) => Json::from(*n),
                (_, Group::Bad | Group::Skipped) => Json::Null,
            };
            let list = all.entry(application.clone()).or_insert_with(|| Json::Array(Vec::new()));
            if let (Json::Array(list), false) = (list, item.is_null()) {
                list.push(item);
            }
        }
        if all.is_empty() { Value::Null } else { Value::Json(Json::Object(all).to_string()) }
    }
}

/// Returns the layer that an entity of this kind would go to.
fn layer_of(kind: &str) -> Layer {
    match kind {
        "POINT" => Layer::Points,
        "TEXT" | "MTEXT" | "ATTDEF" | "ATTRIB" => Layer::Texts,
        "HATCH" | "MPOLYGON" | "SOLID" | "TRACE" | "3DFACE" | "IMAGE" => Layer::Areas,
        _ => Layer::Lines,
    }
}

fn color_of(look: &Look, style: &LayerLook) -> [u8; 3] {
    match look.color {
        Color::ByLayer => style.color,
        Color::ByBlock => color::indexed(7),
        Color::Index(index) => color::indexed(index),
        Color::Rgb(rgb) => rgb,
    }
}

fn linetype_of(look: &Look, style: &LayerLook) -> String {
    let own = look.linetype.trim();
    if own.is_empty() || own.eq_ignore_ascii_case("BYLAYER") {
        style.linetype.clone()
    } else {
        own.to_owned()
    }
}

fn text_value(text: String) -> Value {
    if text.is_empty() { Value::Null } else { Value::Text(text) }
}

fn number_value(number: f64) -> Value {
    if number.is_finite() { Value::Float(number) } else { Value::Null }
}
