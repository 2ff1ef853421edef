//! Takes a CityJSON text apart, without holding its objects unless asked to.
//!
//! What has the wrong type within an object does not end the reading: it becomes something that the object is rejected
//! for later.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::nest::Nest;
use crate::limits;

/// A CityJSON object or feature, as written.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) kind: Option<String>,
    pub(super) version: Option<String>,
    pub(super) transform: Option<Transform>,
    /// Before the transform; what is no place is NaN.
    pub(super) vertices: Vec<[f64; 3]>,
    pub(super) appearance: Appearance,
    pub(super) templates: Vec<Node>,
    pub(super) template_vertices: Vec<[f64; 3]>,
    pub(super) metadata: Value,
    pub(super) objects: Vec<(String, CityObject)>,
    pub(super) has_objects: bool,
}

/// How integer vertices become coordinates.
#[derive(Debug, Clone, Copy)]
pub(super) struct Transform {
    pub(super) scale: [f64; 3],
    pub(super) translate: [f64; 3],
}

/// Materials and textures, as written.
#[derive(Debug, Default)]
pub(super) struct Appearance {
    pub(super) materials: Vec<Value>,
    pub(super) textures: Vec<Value>,
    pub(super) texture_vertices: Vec<[f64; 2]>,
    pub(super) material_theme: Option<String>,
    pub(super) texture_theme: Option<String>,
}

impl Appearance {
    pub(super) fn is_empty(&self) -> bool {
        self.materials.is_empty() && self.textures.is_empty()
    }
}

/// One city object, as written.
#[derive(Debug, Default)]
pub(super) struct CityObject {
    pub(super) kind: Option<String>,
    pub(super) attributes: Vec<(String, Value)>,
    pub(super) geometry: Vec<Node>,
    pub(super) parents: Vec<String>,
    pub(super) children: Vec<String>,
    /// Properties besides these: addresses, those of extensions.
    pub(super) other: Vec<(String, Value)>,
    /// It is no object at all.
    pub(super) is_broken: bool,
}

/// A part of a geometry: like JSON, but with boundaries and the like as nests.
#[derive(Debug)]
pub(super) enum Node {
    Scalar(Value),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
    Nest(Nest),
}

impl Node {
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        match self {
            Self::Map(entries) => {
                entries.iter().find(|(name, _)| name == key).map(|(_, node)| node)
            }
            _ => None,
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Scalar(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Scalar(Value::Number(number)) => number.as_f64(),
            _ => None,
        }
    }

    pub(super) fn index(&self) -> Option<usize> {
        match self {
            Self::Scalar(Value::Number(number)) => {
                number.as_u64().and_then(|n| usize::try_from(n).ok())
            }
            _ => None,
        }
    }

    pub(super) fn list(&self) -> &[Node] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }
}

/// What to do with the city objects of a document.
pub(super) enum Objects<'a> {
    /// Pass over them, and keep the rest.
    Skip,
    /// Keep all.
    Keep,
    /// Hand each on, and pass over the rest. Ends when told `false`.
    Each(&'a mut dyn FnMut(String, CityObject) -> bool),
}

impl<'de> DeserializeSeed<'de> for Objects<'_> {
    type Value = Document;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Document, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Objects<'_> {
    type Value = Document;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a CityJSON object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Document, A::Error> {
        let mut document = Document::default();
        let passes = matches!(self, Objects::Each(_));
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "CityObjects" => {
                    document.has_objects = true;
                    match &mut self {
                        Objects::Skip => {
                            map.next_value::<IgnoredAny>()?;
                        }
                        Objects::Keep => {
                            let kept = &mut document.objects;
                            let mut keep = |id, object| {
                                kept.push((id, object));
                                true
                            };
                            map.next_value_seed(EachObject(&mut keep))?;
                        }
                        Objects::Each(each) => map.next_value_seed(EachObject(&mut **each))?,
                    }
                }
                _ if passes => {
                    map.next_value::<IgnoredAny>()?;
                }
                "type" => document.kind = text(map.next_value()?),
                "version" => document.version = text(map.next_value()?),
                "transform" => document.transform = transform(&map.next_value()?),
                "vertices" => {
                    document.vertices = map.next_value::<Places<3>>()?.0;
                }
                "appearance" => document.appearance = map.next_value()?,
                "geometry-templates" => {
                    let templates: Templates = map.next_value()?;
                    document.templates = templates.templates;
                    document.template_vertices = templates.vertices;
                }
                "metadata" => document.metadata = map.next_value()?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(document)
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        // Some write the version as a number.
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn transform(value: &Value) -> Option<Transform> {
    let triple = |key: &str| {
        let list = value.get(key)?.as_array()?;
        let number = |i: usize| list.get(i).and_then(Value::as_f64);
        Some([number(0)?, number(1)?, number(2)?])
    };
    Some(Transform { scale: triple("scale")?, translate: triple("translate")? })
}

struct EachObject<'a>(&'a mut dyn FnMut(String, CityObject) -> bool);

impl<'de> DeserializeSeed<'de> for EachObject<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for EachObject<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the city objects by their ids")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some((id, object)) = map.next_entry()? {
            if !(self.0)(id, object) {
                return Err(A::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for CityObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = CityObject;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a city object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<CityObject, A::Error> {
                let mut object = CityObject::default();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "type" => object.kind = text(map.next_value()?),
                        "attributes" => {
                            if let Value::Object(entries) = map.next_value()? {
                                object.attributes = entries.into_iter().collect();
                            }
                        }
                        "geometry" => match map.next_value()? {
                            Node::List(list) => object.geometry = list,
                            Node::Scalar(Value::Null) => {}
                            other => object.geometry = vec![other],
                        },
                        "parents" => object.parents = texts(map.next_value()?),
                        // CityJSON 1.0 calls the children of a group its members.
                        "children" | "members" => object.children = texts(map.next_value()?),
                        "geographicalExtent" => {
                            map.next_value::<IgnoredAny>()?;
                        }
                        _ => object.other.push((key, map.next_value()?)),
                    }
                }
                Ok(object)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<CityObject, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(broken())
            }

            fn visit_bool<E>(self, _: bool) -> Result<CityObject, E> {
                Ok(broken())
            }

            fn visit_i64<E>(self, _: i64) -> Result<CityObject, E> {
                Ok(broken())
            }

            fn visit_u64<E>(self, _: u64) -> Result<CityObject, E> {
                Ok(broken())
            }

            fn visit_f64<E>(self, _: f64) -> Result<CityObject, E> {
                Ok(broken())
            }

            fn visit_str<E>(self, _: &str) -> Result<CityObject, E> {
                Ok(broken())
            }

            fn visit_unit<E>(self) -> Result<CityObject, E> {
                Ok(broken())
            }
        }

        fn broken() -> CityObject {
            CityObject { is_broken: true, ..CityObject::default() }
        }

        deserializer.deserialize_any(Reader)
    }
}

fn texts(value: Value) -> Vec<String> {
    match value {
        Value::Array(list) => list.into_iter().filter_map(text).collect(),
        other => text(other).into_iter().collect(),
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Node;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a geometry")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
                let mut entries = Vec::new();
                while let Some(key) = map.next_key::<String>()? {
                    let node = match key.as_str() {
                        "boundaries" | "values" => Node::Nest(map.next_value()?),
                        _ => map.next_value()?,
                    };
                    entries.push((key, node));
                }
                Ok(Node::Map(entries))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                Ok(Node::List(items))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
                Ok(Node::Scalar(value.into()))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
                Ok(Node::Scalar(value.into()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
                Ok(Node::Scalar(value.into()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
                Ok(Node::Scalar(value.into()))
            }

            fn visit_str<E>(self, value: &str) -> Result<Node, E> {
                Ok(Node::Scalar(value.into()))
            }

            fn visit_unit<E>(self) -> Result<Node, E> {
                Ok(Node::Scalar(Value::Null))
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

/// Places of N coordinates; what is none is NaN.
struct Places<const N: usize>(Vec<[f64; N]>);

impl<'de, const N: usize> Deserialize<'de> for Places<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<const N: usize>;

        impl<'de, const N: usize> Visitor<'de> for Reader<N> {
            type Value = Places<N>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of places with {N} coordinates")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Places<N>, A::Error> {
                let mut places = Vec::new();
                while let Some(Numbers(numbers, count)) = list.next_element()? {
                    places.push(if count < N { [f64::NAN; N] } else { numbers });
                    if places.len() > limits::MAX_VERTICES {
                        return Err(A::Error::custom(format!(
                            "it has more than {} vertices; divide it, or deliver it as CityJSONSeq",
                            limits::MAX_VERTICES
                        )));
                    }
                }
                Ok(Places(places))
            }
        }

        deserializer.deserialize_seq(Reader)
    }
}

/// The first N numbers of a list, and how many there were; what is no number is NaN.
struct Numbers<const N: usize>([f64; N], usize);

impl<'de, const N: usize> Deserialize<'de> for Numbers<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<const N: usize>;

        impl<'de, const N: usize> Visitor<'de> for Reader<N> {
            type Value = Numbers<N>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of {N} numbers")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Numbers<N>, A::Error> {
                let mut numbers = Numbers([f64::NAN; N], 0);
                while let Some(Number(number)) = list.next_element()? {
                    if let Some(slot) = numbers.0.get_mut(numbers.1) {
                        *slot = number;
                    }
                    numbers.1 += 1;
                }
                Ok(numbers)
            }

            fn visit_unit<E>(self) -> Result<Numbers<N>, E> {
                Ok(Numbers([f64::NAN; N], 0))
            }

            fn visit_str<E>(self, _: &str) -> Result<Numbers<N>, E> {
                Ok(Numbers([f64::NAN; N], 0))
            }

            fn visit_u64<E>(self, _: u64) -> Result<Numbers<N>, E> {
                Ok(Numbers([f64::NAN; N], 0))
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

struct Number(f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl Visitor<'_> for Reader {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_f64<E>(self, number: f64) -> Result<Number, E> {
                Ok(Number(number))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Number, E> {
                Ok(Number(number as f64))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Number, E> {
                Ok(Number(number as f64))
            }

            fn visit_str<E>(self, _: &str) -> Result<Number, E> {
                Ok(Number(f64::NAN))
            }

            fn visit_bool<E>(self, _: bool) -> Result<Number, E> {
                Ok(Number(f64::NAN))
            }

            fn visit_unit<E>(self) -> Result<Number, E> {
                Ok(Number(f64::NAN))
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

#[derive(Default)]
struct Templates {
    templates: Vec<Node>,
    vertices: Vec<[f64; 3]>,
}

impl<'de> Deserialize<'de> for Templates {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Templates;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("geometry templates")
            }

            fn visit_unit<E>(self) -> Result<Templates, E> {
                Ok(Templates::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Templates, A::Error> {
                let mut found = Templates::default();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "templates" => {
                            if let Node::List(list) = map.next_value()? {
                                found.templates = list;
                            }
                        }
                        "vertices-templates" => found.vertices = map.next_value::<Places<3>>()?.0,
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(found)
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for Appearance {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Appearance;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an appearance")
            }

            fn visit_unit<E>(self) -> Result<Appearance, E> {
                Ok(Appearance::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Appearance, A::Error> {
                let mut found = Appearance::default();
                let list = |value: Value| match value {
                    Value::Array(list) => list,
                    _ => Vec::new(),
                };
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "materials" => found.materials = list(map.next_value()?),
                        "textures" => found.textures = list(map.next_value()?),
                        "vertices-texture" => {
                            found.texture_vertices = map.next_value::<Places<2>>()?.0;
                        }
                        "default-theme-material" => found.material_theme = text(map.next_value()?),
                        "default-theme-texture" => found.texture_theme = text(map.next_value()?),
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(found)
            }
        }

        deserializer.deserialize_any(Reader)
    }
}
