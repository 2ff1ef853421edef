//! Materials of glTF: base colour and its image.

use onemap_model::{BlobRef, Material, Note, Sink, Stopped, Texture, Wrap};
use rustc_hash::FxHashMap;
use serde_json::Value as Json;

use super::buffers::{Buffers, load};
use super::{index, list, numbers};
use crate::limits;
use crate::texture::Textures;

/// The materials of a file, each looked up once.
pub(super) struct Materials {
    materials: Vec<Option<Paint>>,
    /// Images looked up so far; those that can not be used hold nothing.
    images: FxHashMap<usize, Option<BlobRef>>,
}

/// A material, and what happens to the texture coordinates that it uses.
#[derive(Clone)]
pub(super) struct Paint {
    pub(super) material: Material,
    /// The set of texture coordinates.
    pub(super) set: usize,
    /// Rows of the matrix that brings them to places in the image.
    pub(super) transform: Option<[[f64; 3]; 2]>,
}

impl Materials {
    pub(super) fn new(json: &Json) -> Self {
        Self { materials: vec![None; list(json, "materials").len()], images: FxHashMap::default() }
    }

    /// Returns a material by its number.
    pub(super) fn get(
        &mut self,
        number: usize,
        json: &Json,
        buffers: &Buffers<'_>,
        images: &mut Textures,
        sink: &mut dyn Sink,
    ) -> Result<Option<Paint>, Stopped> {
        match self.materials.get(number) {
            None => return Ok(None),
            Some(Some(known)) => return Ok(Some(known.clone())),
            Some(None) => {}
        }
        let written = list(json, "materials").get(number).unwrap_or(&Json::Null);
        let extension = |name: &str| written.get("extensions").and_then(|all| all.get(name));
        let (base, factor, image) =
            if let Some(old) = extension("KHR_materials_pbrSpecularGlossiness") {
                (old, "diffuseFactor", "diffuseTexture")
            } else {
                let base = written.get("pbrMetallicRoughness").unwrap_or(&Json::Null);
                (base, "baseColorFactor", "baseColorTexture")
            };
        let [r, g, b, a] = numbers::<4>(base, factor).unwrap_or([1.0; 4]);
        let is_opaque =
            matches!(written.get("alphaMode").and_then(Json::as_str), None | Some("OPAQUE"));
        let alpha = if is_opaque { 255 } else { (a.clamp(0.0, 1.0) * 255.0).round() as u8 };
        let mut paint = Paint {
            material: Material {
                color: [srgb(r), srgb(g), srgb(b), alpha],
                texture: None,
                double_sided: written.get("doubleSided").and_then(Json::as_bool).unwrap_or(false),
            },
            set: 0,
            transform: None,
        };
        if let Some(info) = base.get(image) {
            let change = info.get("extensions").and_then(|all| all.get("KHR_texture_transform"));
            paint.set = index(info, "texCoord").unwrap_or(0);
            if let Some(change) = change {
                paint.set = index(change, "texCoord").unwrap_or(paint.set);
                paint.transform = Some(matrix(change));
            }
            paint.material.texture = self.texture(info, json, buffers, images, sink)?;
        }
        if let Some(slot) = self.materials.get_mut(number) {
            *slot = Some(paint.clone());
        }
        Ok(Some(paint))
    }

    fn texture(
        &mut self,
        info: &Json,
        json: &Json,
        buffers: &Buffers<'_>,
        images: &mut Textures,
        sink: &mut dyn Sink,
    ) -> Result<Option<Texture>, Stopped> {
        let texture = index(info, "index").and_then(|i| list(json, "textures").get(i));
        let Some(texture) = texture else { return Ok(None) };
        let extensions = texture.get("extensions");
        let webp = extensions.and_then(|all| all.get("EXT_texture_webp"));
        let number =
            webp.and_then(|webp| index(webp, "source")).or_else(|| index(texture, "source"));
        let Some(number) = number else {
            if extensions.is_some_and(|all| all.get("KHR_texture_basisu").is_some()) {
                let text = "an image is KTX2 (KHR_texture_basisu), which is not read; its surfaces keep their colour";
                sink.note(None, Note::warning(text));
            }
            return Ok(None);
        };
        let sampler = index(texture, "sampler").and_then(|i| list(json, "samplers").get(i));
        let wrap = match sampler.and_then(|sampler| index(sampler, "wrapS")) {
            Some(33_071) => Wrap::Clamp,
            Some(33_648) => Wrap::Mirror,
            _ => Wrap::Repeat,
        };
        let image = if let Some(known) = self.images.get(&number) {
            known.clone()
        } else {
            let Some(written) = list(json, "images").get(number) else { return Ok(None) };
            let found = image(written, number, buffers, images, sink)?;
            self.images.insert(number, found.clone());
            found
        };
        Ok(image.map(|image| Texture { image, wrap }))
    }
}

fn image(
    written: &Json,
    number: usize,
    buffers: &Buffers<'_>,
    images: &mut Textures,
    sink: &mut dyn Sink,
) -> Result<Option<BlobRef>, Stopped> {
    let name = written
        .get("name")
        .and_then(Json::as_str)
        .map_or_else(|| number.to_string(), str::to_owned);
    if let Some(view) = index(written, "bufferView") {
        return match buffers.view(view) {
            Ok(view) => images.embedded(&view.bytes, &name, sink),
            Err(_) => images.embedded(&[], &name, sink),
        };
    }
    match written.get("uri").and_then(Json::as_str) {
        Some(uri) if uri.starts_with("data:") => {
            let bytes = load(uri, images, limits::MAX_IMAGE_BYTES).unwrap_or_default();
            images.embedded(&bytes, &name, sink)
        }
        Some(uri) => images.image(uri, sink),
        None => Ok(None),
    }
}

/// Returns the matrix of a texture transform: scaled, turned, moved (KHR_texture_transform).
fn matrix(change: &Json) -> [[f64; 3]; 2] {
    let [x, y] = numbers::<2>(change, "offset").unwrap_or([0.0; 2]);
    let [w, h] = numbers::<2>(change, "scale").unwrap_or([1.0; 2]);
    let angle = change.get("rotation").and_then(Json::as_f64).unwrap_or(0.0);
    let (sin, cos) = angle.sin_cos();
    [[w * cos, h * sin, x], [-w * sin, h * cos, y]]
}

/// Brings a linear part of a colour to sRGB (IEC 61966-2-1).
fn srgb(linear: f64) -> u8 {
    let x = linear.clamp(0.0, 1.0);
    let curved = if x <= 0.003_130_8 { 12.92 * x } else { 1.055 * x.powf(1.0 / 2.4) - 0.055 };
    (curved * 255.0).round() as u8
}
