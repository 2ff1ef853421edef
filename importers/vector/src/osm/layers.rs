//! The fields of the default layers, and how tags become their values.

use onemap_model::{Field, FieldType, LayerSlot, Sink, SourceLayer, Stopped, Value};
use serde_json::{Map, Value as Json};

use super::element::{ElementKind, Tags};
use super::rules::{Hit, Layer};
use super::units;
use crate::{Options, Source};

/// A field, and where its value comes from.
struct Column {
    name: &'static str,
    title: &'static str,
    title_en: &'static str,
    from: Origin,
}

/// Where a value comes from.
#[derive(Clone, Copy)]
enum Origin {
    /// Letter of the kind and number: `w123`.
    Id,
    /// The value of the key that brought the object here.
    Class,
    /// That key.
    Key,
    Text(&'static str),
    /// The first of these that is there.
    TextOf(&'static [&'static str]),
    Int(&'static str),
    Storeys(&'static str),
    Metres(&'static str),
    Speed(&'static str),
    Flag(&'static str),
    Direction(&'static str),
    /// Lowest `admin_level` of the boundaries that a way belongs to, or its own.
    AdminLevel,
    /// All other tags.
    Rest,
}

const fn column(
    name: &'static str,
    title: &'static str,
    title_en: &'static str,
    from: Origin,
) -> Column {
    Column { name, title, title_en, from }
}

const ID: Column = column("osm_id", "OSM编号", "OSM id", Origin::Id);
const CLASS: Column = column("class", "类别", "Class", Origin::Class);
const KEY: Column = column("key", "标签键", "Tag key", Origin::Key);
const NAME: Column = column("name", "名称", "Name", Origin::Text("name"));
const NAME_ZH: Column =
    column("name_zh", "中文名", "Chinese name", Origin::TextOf(&["name:zh", "name:zh-Hans"]));
const NAME_EN: Column = column("name_en", "英文名", "English name", Origin::Text("name:en"));
const LEVEL: Column = column("layer", "层次", "Vertical order", Origin::Int("layer"));
const BRIDGE: Column = column("bridge", "桥梁", "Bridge", Origin::Flag("bridge"));
const TUNNEL: Column = column("tunnel", "隧道", "Tunnel", Origin::Flag("tunnel"));
const REF: Column = column("ref", "编号", "Reference", Origin::Text("ref"));
const WIDTH: Column = column("width", "宽度", "Width", Origin::Metres("width"));
const STREET: Column = column("street", "街道", "Street", Origin::Text("addr:street"));
const NUMBER: Column =
    column("house_number", "门牌号", "House number", Origin::Text("addr:housenumber"));
const POPULATION: Column = column("population", "人口", "Population", Origin::Int("population"));
const INTERMITTENT: Column =
    column("intermittent", "间歇", "Intermittent", Origin::Flag("intermittent"));
const ADMIN_LEVEL: Column =
    column("admin_level", "行政级别", "Administrative level", Origin::AdminLevel);
const TAGS: Column = column("tags", "其他标签", "Other tags", Origin::Rest);

const ROADS: &[Column] = &[
    ID,
    CLASS,
    NAME,
    NAME_ZH,
    NAME_EN,
    REF,
    column("oneway", "单向", "One way (1 along, -1 against)", Origin::Direction("oneway")),
    column("lanes", "车道数", "Lanes", Origin::Int("lanes")),
    column("maxspeed", "限速", "Speed limit", Origin::Speed("maxspeed")),
    column("surface", "路面", "Surface", Origin::Text("surface")),
    WIDTH,
    BRIDGE,
    TUNNEL,
    LEVEL,
    TAGS,
];
const RAILWAYS: &[Column] = &[
    ID,
    CLASS,
    NAME,
    NAME_ZH,
    NAME_EN,
    REF,
    column("usage", "用途", "Usage", Origin::Text("usage")),
    column("service", "专用线", "Service", Origin::Text("service")),
    BRIDGE,
    TUNNEL,
    LEVEL,
    TAGS,
];
const WATERWAYS: &[Column] =
    &[ID, CLASS, NAME, NAME_ZH, NAME_EN, WIDTH, INTERMITTENT, TUNNEL, LEVEL, TAGS];
const BUILDINGS: &[Column] = &[
    ID,
    CLASS,
    NAME,
    NAME_ZH,
    NAME_EN,
    column("height", "高度", "Height", Origin::Metres("height")),
    column("min_height", "底高", "Height of the bottom", Origin::Metres("min_height")),
    column("floors", "地上层数", "Floors", Origin::Storeys("building:levels")),
    column(
        "floors_below",
        "地下层数",
        "Floors below ground",
        Origin::Storeys("building:levels:underground"),
    ),
    column("roof_shape", "屋顶形状", "Roof shape", Origin::Text("roof:shape")),
    STREET,
    NUMBER,
    TAGS,
];
const WATER: &[Column] = &[ID, CLASS, KEY, NAME, NAME_ZH, NAME_EN, INTERMITTENT, TAGS];
const LAND: &[Column] = &[ID, CLASS, KEY, NAME, NAME_ZH, NAME_EN, TAGS];
const POIS: &[Column] = &[
    ID,
    CLASS,
    KEY,
    NAME,
    NAME_ZH,
    NAME_EN,
    column("operator", "运营单位", "Operator", Origin::Text("operator")),
    STREET,
    NUMBER,
    TAGS,
];
const BOUNDARIES: &[Column] =
    &[ID, CLASS, NAME, NAME_ZH, NAME_EN, ADMIN_LEVEL, POPULATION, REF, TAGS];
const BOUNDARY_LINES: &[Column] = &[
    ID,
    ADMIN_LEVEL,
    NAME,
    column("maritime", "海上", "Maritime", Origin::Flag("maritime")),
    TAGS,
];
const PLACES: &[Column] = &[
    ID,
    CLASS,
    NAME,
    NAME_ZH,
    NAME_EN,
    POPULATION,
    ADMIN_LEVEL,
    column("capital", "首府", "Capital", Origin::Text("capital")),
    TAGS,
];

impl Layer {
    /// Returns the layer's name, and its titles.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Roads => ("roads", "道路"),
            Self::Railways => ("railways", "铁路"),
            Self::Waterways => ("waterways", "河流"),
            Self::Buildings => ("buildings", "建筑物"),
            Self::Water => ("water", "水体"),
            Self::Green => ("green", "绿地"),
            Self::Landuse => ("landuse", "用地"),
            Self::Boundaries => ("boundaries", "行政区划"),
            Self::BoundaryLines => ("boundary_lines", "行政界线"),
            Self::Pois => ("pois", "兴趣点"),
            Self::Places => ("places", "地名"),
        }
    }

    fn columns(self) -> &'static [Column] {
        match self {
            Self::Roads => ROADS,
            Self::Railways => RAILWAYS,
            Self::Waterways => WATERWAYS,
            Self::Buildings => BUILDINGS,
            Self::Water => WATER,
            Self::Green | Self::Landuse => LAND,
            Self::Boundaries => BOUNDARIES,
            Self::BoundaryLines => BOUNDARY_LINES,
            Self::Pois => POIS,
            Self::Places => PLACES,
        }
    }
}

impl Origin {
    fn kind(self) -> FieldType {
        match self {
            Self::Id | Self::Class | Self::Key | Self::Text(_) | Self::TextOf(_) => FieldType::Text,
            Self::Int(_)
            | Self::Storeys(_)
            | Self::Speed(_)
            | Self::Direction(_)
            | Self::AdminLevel => FieldType::Int,
            Self::Metres(_) => FieldType::Float,
            Self::Flag(_) => FieldType::Bool,
            Self::Rest => FieldType::Json,
        }
    }

    fn unit(self) -> Option<String> {
        match self {
            Self::Metres(_) => Some("m".to_owned()),
            Self::Speed(_) => Some("km/h".to_owned()),
            _ => None,
        }
    }
}

/// The layers that were opened so far.
#[derive(Debug)]
pub(super) struct Layers {
    slots: [Option<LayerSlot>; Layer::ALL.len()],
    wanted: [bool; Layer::ALL.len()],
    format: &'static str,
}

impl Layers {
    pub(super) fn new(source: &Source, options: &Options) -> Self {
        Self {
            slots: [None; Layer::ALL.len()],
            wanted: Layer::ALL.map(|layer| options.wants(layer.names().0)),
            format: source.format.name(),
        }
    }

    /// Tells whether the user wants the layer.
    pub(super) fn wants(&self, layer: Layer) -> bool {
        self.wanted.get(layer as usize).copied().unwrap_or(false)
    }

    /// Returns the layer's slot; opens it when first asked for.
    pub(super) fn slot(&mut self, layer: Layer, sink: &mut dyn Sink) -> Result<LayerSlot, Stopped> {
        if let Some(slot) = self.slots.get(layer as usize).copied().flatten() {
            return Ok(slot);
        }
        let (name, title) = layer.names();
        let fields = layer.columns().iter().map(|column| Field {
            name: column.name.to_owned(),
            kind: column.from.kind(),
            title: Some(column.title.to_owned()),
            title_en: Some(column.title_en.to_owned()),
            unit: column.from.unit(),
        });
        let slot = sink.layer(SourceLayer {
            name: name.to_owned(),
            format: self.format,
            crs: None,
            default_crs: Some("OGC:CRS84"),
            fields: fields.collect(),
            id_field: Some(ID.name.to_owned()),
            title: Some(title.to_owned()),
            ..SourceLayer::default()
        })?;
        if let Some(place) = self.slots.get_mut(layer as usize) {
            *place = Some(slot);
        }
        Ok(slot)
    }
}

/// Returns the id as it is written: `w123`.
pub(super) fn id_text(kind: ElementKind, id: i64) -> String {
    format!("{}{id}", kind.letter())
}

/// What the values of a record are made from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts<'a> {
    pub(super) kind: ElementKind,
    pub(super) id: i64,
    pub(super) tags: Tags<'a>,
    /// Lowest `admin_level` of the administrative boundaries that the way is a member of.
    pub(super) boundary_level: Option<i64>,
}

/// Makes the values of the layer's fields. A tag whose value can not be read as its field's type stays among
/// the other tags, as it is written.
pub(super) fn values(hit: Hit, facts: Facts<'_>) -> Vec<Value> {
    let tags = facts.tags;
    let mut used: Vec<&str> = Vec::with_capacity(16);
    let mut typed = |key: &'static str, read: &dyn Fn(&str) -> Option<Value>| {
        let value = tags.get(key).and_then(read);
        if value.is_some() {
            used.push(key);
        }
        value.unwrap_or_default()
    };
    let text = |text: &str| (!text.is_empty()).then(|| Value::Text(text.to_owned()));
    let int = |text: &str| units::integer(text).map(Value::Int);
    let columns = hit.layer.columns();
    let mut values: Vec<Value> = columns
        .iter()
        .map(|column| match column.from {
            Origin::Id => Value::Text(id_text(facts.kind, facts.id)),
            Origin::Class => typed(hit.key, &text),
            Origin::Key => Value::Text(hit.key.to_owned()),
            Origin::Text(key) => typed(key, &text),
            Origin::TextOf(keys) => {
                let key = keys.iter().find(|key| tags.get(key).is_some());
                key.map(|key| typed(key, &text)).unwrap_or_default()
            }
            Origin::Int(key) => typed(key, &int),
            Origin::Storeys(key) => typed(key, &|text| units::storeys(text).map(Value::Int)),
            Origin::Metres(key) => typed(key, &|text| units::metres(text).map(Value::Float)),
            Origin::Speed(key) => typed(key, &|text| units::speed(text).map(Value::Int)),
            Origin::Flag(key) => typed(key, &|text| units::flag(text).map(Value::Bool)),
            Origin::Direction(key) => typed(key, &|text| units::direction(text).map(Value::Int)),
            Origin::AdminLevel => match facts.boundary_level {
                Some(level) => Value::Int(level),
                None => typed("admin_level", &int),
            },
            Origin::Rest => Value::Null,
        })
        .collect();
    // Kinds of bridges and tunnels say more than yes.
    used.retain(|key| {
        !matches!(*key, "bridge" | "tunnel") || matches!(tags.get(key), Some("yes" | "no"))
    });
    // Sorted, so that the same object gives the same text whatever wrote the file.
    let mut rest: Vec<(&str, &str)> =
        tags.0.iter().filter(|(key, _)| !used.contains(key)).copied().collect();
    rest.sort_unstable();
    if let Some(last) = values.last_mut()
        && !rest.is_empty()
    {
        let rest: Map<String, Json> =
            rest.into_iter().map(|(k, v)| (k.to_owned(), Json::from(v))).collect();
        *last = Value::Json(Json::Object(rest).to_string());
    }
    values
}

#[cfg(test)]
mod tests {
    use super::super::rules::Form;
    use super::*;

    #[test]
    fn typed_values_leave_the_tags_and_unreadable_ones_stay() {
        let tags = [
            ("building", "house"),
            ("height", "12 m"),
            ("building:levels", "three"),
            ("roof:colour", "red"),
        ];
        let hit = Hit { layer: Layer::Buildings, key: "building", form: Form::Area };
        let facts =
            Facts { kind: ElementKind::Way, id: 7, tags: Tags(&tags), boundary_level: None };
        let values = values(hit, facts);
        let value = |name| values[BUILDINGS.iter().position(|c| c.name == name).unwrap()].clone();
        assert_eq!(value("osm_id"), Value::Text("w7".into()));
        assert_eq!(value("class"), Value::Text("house".into()));
        assert_eq!(value("height"), Value::Float(12.0));
        assert_eq!(value("floors"), Value::Null);
        assert_eq!(
            value("tags"),
            Value::Json(r#"{"building:levels":"three","roof:colour":"red"}"#.into())
        );
    }
}
