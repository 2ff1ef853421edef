//! Materials and textures of CityJSON.

use onemap_model::{Material, Sink, Stopped, Texture, Wrap};
use rustc_hash::FxHashMap;
use serde_json::Value;

use super::document::{Appearance, Node};
use super::nest::{Item, Nest};
use crate::texture::Textures;

/// A texture, and the places in it of the corners of a surface, ring by ring.
pub(super) type Painted = (Texture, Vec<Vec<[f32; 2]>>);

/// What surfaces of one document are made of.
#[derive(Default)]
pub(super) struct Palette {
    colors: Vec<[u8; 4]>,
    textures: Vec<Value>,
    /// Textures looked up so far; those that are missing hold nothing.
    found: FxHashMap<usize, Option<Texture>>,
    places: Vec<[f64; 2]>,
    material_theme: Option<String>,
    texture_theme: Option<String>,
    wanted_theme: Option<String>,
}

impl Palette {
    pub(super) fn new(appearance: Appearance, wanted_theme: Option<&str>) -> Self {
        Self {
            colors: appearance.materials.iter().map(color).collect(),
            found: FxHashMap::default(),
            textures: appearance.textures,
            places: appearance.texture_vertices,
            material_theme: appearance.material_theme,
            texture_theme: appearance.texture_theme,
            wanted_theme: wanted_theme.map(str::to_owned),
        }
    }

    /// Returns what the surfaces of a geometry are painted with: materials, or textures.
    pub(super) fn theme<'a>(&self, geometry: &'a Node, what: &str) -> Option<&'a Node> {
        let Node::Map(themes) = geometry.get(what)? else { return None };
        let stated = if what == "texture" { &self.texture_theme } else { &self.material_theme };
        let named =
            |name: &String| themes.iter().find(|(theme, _)| theme == name).map(|(_, node)| node);
        if let Some(wanted) = &self.wanted_theme {
            return named(wanted);
        }
        stated.as_ref().and_then(named).or_else(|| themes.first().map(|(_, node)| node))
    }

    /// Returns the colour of a material.
    pub(super) fn color(&self, number: Option<u32>) -> Option<[u8; 4]> {
        self.colors.get(number? as usize).copied()
    }

    /// Returns the texture of a surface and its coordinates, ring by ring, from `[[texture, uv, uv, ...], ...]`.
    pub(super) fn texture(
        &mut self,
        rings: Item<'_>,
        images: &mut Textures,
        sink: &mut dyn Sink,
    ) -> Result<Option<Painted>, Stopped> {
        let mut number = None;
        let mut uvs = Vec::new();
        for ring in rings.items() {
            let mut items = ring.items();
            let texture = items.next().and_then(Item::index);
            number = number.or(texture);
            let place = |item: Item<'_>| {
                let [u, v] = self.places.get(item.index()? as usize).copied()?;
                (u.is_finite() && v.is_finite()).then_some([u as f32, (1.0 - v) as f32])
            };
            let Some(ring) = items.map(place).collect::<Option<Vec<_>>>() else { return Ok(None) };
            uvs.push(ring);
        }
        let Some(number) = number.and_then(|n| usize::try_from(n).ok()) else { return Ok(None) };
        let texture = if let Some(known) = self.found.get(&number) {
            known.clone()
        } else {
            let Some(written) = self.textures.get(number) else { return Ok(None) };
            let found = look_up(written, images, sink)?;
            self.found.insert(number, found.clone());
            found
        };
        Ok(texture.map(|texture| (texture, uvs)))
    }
}

/// Makes a material; one with a texture is white, so that the image shows as it is.
pub(super) fn material(
    color: Option<[u8; 4]>,
    texture: Option<Texture>,
    double_sided: bool,
) -> Option<Material> {
    match (color, texture) {
        (None, None) => None,
        (_, Some(texture)) => {
            Some(Material { color: [255; 4], texture: Some(texture), double_sided })
        }
        (Some(color), None) => Some(Material { color, texture: None, double_sided }),
    }
}

/// The number that a theme gives to a surface: its `values` at the same place, or one `value` for all.
pub(super) enum Numbers<'a> {
    One(Option<u32>),
    Each(Item<'a>),
}

impl<'a> Numbers<'a> {
    pub(super) fn of(theme: Option<&'a Node>) -> Self {
        let Some(theme) = theme else { return Self::One(None) };
        if let Some(Node::Nest(values)) = theme.get("values") {
            return Self::Each(Nest::item(values));
        }
        let one = theme.get("value").and_then(Node::index);
        Self::One(one.and_then(|n| u32::try_from(n).ok()))
    }
}

/// Reads the colour of an X3D material: diffuse, as opaque as it is not transparent.
fn color(material: &Value) -> [u8; 4] {
    let byte = |x: f64| (x.clamp(0.0, 1.0) * 255.0).round() as u8;
    let channel = |i: usize| {
        let list = material.get("diffuseColor").and_then(Value::as_array);
        // X3D's own default.
        byte(list.and_then(|list| list.get(i)).and_then(Value::as_f64).unwrap_or(0.8))
    };
    let transparency = material.get("transparency").and_then(Value::as_f64).unwrap_or(0.0);
    [channel(0), channel(1), channel(2), byte(1.0 - transparency)]
}

fn look_up(
    written: &Value,
    images: &mut Textures,
    sink: &mut dyn Sink,
) -> Result<Option<Texture>, Stopped> {
    let Some(path) = written.get("image").and_then(Value::as_str) else { return Ok(None) };
    let wrap = match written.get("wrapMode").and_then(Value::as_str) {
        Some("mirror") => Wrap::Mirror,
        Some("clamp" | "border" | "none") => Wrap::Clamp,
        _ => Wrap::Repeat,
    };
    Ok(images.image(path, sink)?.map(|image| Texture { image, wrap }))
}
