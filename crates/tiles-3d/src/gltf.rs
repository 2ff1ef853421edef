//! Batches, symbols and the property table as binary glTF 2.0.

use onemap_crs::LocalFrame;
use serde_json::{Map, Value, json};

use crate::batch::{Batch, NO_FEATURE, Vertex};
use crate::binary::{Binary, Packing};
use crate::content::Encoding;
use crate::lines::Lines;
use crate::table::Table;

/// Positions in full detail are whole multiples of this power of two, metres: a millimetre, so that they are off by half of
/// one at most. 24 bits hold such numbers up to eight kilometres; farther out it is twice that, and so on.
const FINEST_STEP: i32 = -10;
/// Sizes of instances are whole multiples of this power of two.
const SCALE_STEP: i32 = -13;
/// Bits of a mantissa, with its sign.
const MANTISSA: f64 = (1 << 23) as f64;

/// What a batch is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Surface {
    /// Number of the image, and how it goes on beyond its edges (glTF 2.0, clause 5.26).
    pub(crate) texture: Option<(usize, u32)>,
    pub(crate) translucent: bool,
    pub(crate) double_sided: bool,
}

/// An image file, as it will be in the GLB.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) media_type: &'static str,
    pub(crate) bytes: Vec<u8>,
}

/// Things that all look the same, each with its place, turn, size and feature.
#[derive(Debug, Clone, Default)]
pub(crate) struct Instances {
    pub(crate) prototype: Batch,
    pub(crate) places: Vec<Place>,
}

/// Where one of them stands, in the tile's frame.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) at: [f64; 3],
    /// Around the way up, radians.
    pub(crate) turn: f64,
    pub(crate) scale: [f32; 3],
    pub(crate) feature: u16,
}

impl Instances {
    /// Draws one of them as triangles of its own.
    pub(crate) fn draw(&self, place: &Place, batch: &mut Batch) {
        let vertices = self.prototype.vertices.iter().map(|vertex| place.vertex(vertex));
        batch.add(vertices, self.prototype.triangles.iter().copied());
    }
}

impl Place {
    /// Returns a vertex of the prototype as it is here.
    fn vertex(&self, vertex: &Vertex) -> Vertex {
        let (sin, cos) = (libm::sin(self.turn), libm::cos(self.turn));
        let turned = |[x, y, z]: [f64; 3]| [x * cos - y * sin, x * sin + y * cos, z];
        let scale = self.scale.map(f64::from);
        let at = turned(std::array::from_fn(|i| vertex.position[i] * scale[i]));
        let n = turned(std::array::from_fn(|i| f64::from(vertex.normal[i]) / scale[i].max(1e-6)));
        let length = n.iter().map(|x| x * x).sum::<f64>().sqrt().max(1e-12);
        Vertex {
            position: std::array::from_fn(|i| self.at[i] + at[i]),
            normal: n.map(|x| (x / length) as f32),
            feature: self.feature,
            ..*vertex
        }
    }
}

/// Everything that a tile shows.
pub(crate) struct Scene<'s> {
    pub(crate) batches: Vec<(Surface, Batch)>,
    pub(crate) lines: Lines,
    pub(crate) images: Vec<Image>,
    pub(crate) instances: Vec<Instances>,
    pub(crate) table: &'s Table,
    /// How far positions may be off, metres; never less than those in full detail are.
    pub(crate) tolerance: f64,
    /// Frame that the content itself is to be put into, earth-centred; else its tile does that.
    pub(crate) placement: Option<&'s LocalFrame>,
}

/// Writes a scene. Its frame is metres east, north and up; glTF's is y up, so north becomes -z.
pub(crate) fn write(scene: Scene<'_>, encoding: Encoding) -> Vec<u8> {
    let mut out = Writer {
        binary: Binary::default(),
        encoding,
        rows: scene.table.len(),
        step: step(scene.tolerance),
    };
    let (mut materials, mut primitives, mut nodes, mut meshes) = (vec![], vec![], vec![], vec![]);
    for (surface, mut batch) in scene.batches {
        let mut material = material(&surface);
        if let Some(color) = batch.take_color().filter(|color| *color != [255; 4]) {
            let factor = color.map(|c| f64::from(c) / 255.0);
            material["pbrMetallicRoughness"]["baseColorFactor"] = json!(factor);
        }
        materials.push(material);
        for part in batch.parts() {
            primitives.push(out.primitive(
                &part,
                materials.len() - 1,
                surface.texture.is_some(),
                true,
            ));
        }
    }
    let lines = scene.lines.parts();
    if !lines.is_empty() {
        materials.push(material(&Surface::default()));
        for part in &lines {
            primitives.push(out.line_primitive(part, materials.len() - 1));
        }
    }
    if !primitives.is_empty() {
        meshes.push(json!({ "primitives": primitives }));
        nodes.push(json!({ "mesh": 0 }));
    }
    let shared: Vec<Instances> =
        scene.instances.into_iter().filter(|instances| !instances.places.is_empty()).collect();
    let has_instances = !shared.is_empty();
    if has_instances {
        materials.push(material(&Surface::default()));
        // Forms are written once, and are small: always in full detail.
        out.step = FINEST_STEP;
    }
    for instances in shared {
        let prototype = out.primitive(&instances.prototype, materials.len() - 1, false, false);
        meshes.push(json!({ "primitives": [prototype] }));
        let (origin, places) = out.around_one(instances.places);
        let extensions = out.instances(&places);
        let mesh = meshes.len() - 1;
        nodes.push(json!({ "mesh": mesh, "translation": origin, "extensions": extensions }));
    }
    let mut roots: Vec<usize> = (0..nodes.len()).collect();
    if let Some(frame) = scene.placement
        && !nodes.is_empty()
    {
        nodes.push(json!({ "matrix": upright(frame), "children": roots }));
        roots = vec![nodes.len() - 1];
    }
    let mut used: Vec<&str> = Vec::new();
    let mut required: Vec<&str> = Vec::new();
    let mut json = json!({
        "asset": { "version": "2.0", "generator": concat!("onemap ", env!("CARGO_PKG_VERSION")) },
        "scene": 0,
        "scenes": [{ "nodes": roots }],
    });
    if scene.table.len() > 0 {
        used.extend(["EXT_mesh_features", "EXT_structural_metadata"]);
        json["extensions"] =
            json!({ "EXT_structural_metadata": scene.table.write(&mut out.binary) });
    }
    if !scene.images.is_empty() {
        textures(
            &mut json,
            &mut out.binary,
            scene.images,
            &mut materials,
            &mut used,
            &mut required,
        );
    }
    if has_instances {
        used.extend(["EXT_mesh_gpu_instancing", "EXT_instance_features"]);
        required.push("EXT_mesh_gpu_instancing");
    }
    if encoding == Encoding::Compact {
        used.push("KHR_mesh_quantization");
        required.push("KHR_mesh_quantization");
    }
    if out.binary.is_packed() {
        used.push("EXT_meshopt_compression");
        required.push("EXT_meshopt_compression");
    }
    for (name, list) in [("nodes", nodes), ("meshes", meshes), ("materials", materials)] {
        if !list.is_empty() {
            json[name] = list.into();
        }
    }
    if let Some(scenes) = json["scenes"][0].as_object_mut()
        && scenes.get("nodes").and_then(Value::as_array).is_some_and(Vec::is_empty)
    {
        scenes.remove("nodes");
    }
    if !used.is_empty() {
        json["extensionsUsed"] = used.into();
    }
    if !required.is_empty() {
        json["extensionsRequired"] = required.into();
    }
    out.binary.glb(json)
}

/// Returns a frame's matrix for places whose y is up, before and after: clients turn whole contents from y up to z up.
fn upright(frame: &LocalFrame) -> [f64; 16] {
    let m = frame.matrix();
    // To z up, x y z become x -z y; and back, x z -y.
    let column = |at: usize, sign: f64| -> [f64; 4] {
        [sign * m[at], sign * m[at + 2], -sign * m[at + 1], m[at + 3]]
    };
    let (x, y, z, o) = (column(0, 1.0), column(8, 1.0), column(4, -1.0), column(12, 1.0));
    std::array::from_fn(|i| [x, y, z, o][i / 4][i % 4])
}

fn material(surface: &Surface) -> Value {
    let mut material = json!({
        "pbrMetallicRoughness": { "metallicFactor": 0.0, "roughnessFactor": 1.0 },
    });
    if let Some((image, wrap)) = surface.texture {
        // Sampler and texture are put in their places when all are known.
        material["pbrMetallicRoughness"]["baseColorTexture"] =
            json!({ "index": image, "wrap": wrap });
    }
    if surface.translucent {
        material["alphaMode"] = "BLEND".into();
    }
    if surface.double_sided {
        material["doubleSided"] = true.into();
    }
    material
}

/// Writes the images, and the samplers and textures that the materials need.
fn textures(
    json: &mut Value,
    binary: &mut Binary,
    images: Vec<Image>,
    materials: &mut [Value],
    used: &mut Vec<&str>,
    required: &mut Vec<&str>,
) {
    let webp: Vec<bool> = images.iter().map(|image| image.media_type == "image/webp").collect();
    let files: Vec<Value> = images
        .into_iter()
        .map(|image| {
            let view = binary.view(&image.bytes);
            json!({ "bufferView": view, "mimeType": image.media_type })
        })
        .collect();
    let (mut samplers, mut textures): (Vec<u64>, Vec<Value>) = (Vec::new(), Vec::new());
    for material in materials {
        let texture = &mut material["pbrMetallicRoughness"];
        let Some(texture) = texture.get_mut("baseColorTexture") else { continue };
        let image = texture["index"].as_u64().unwrap_or(0) as usize;
        let wrap = texture["wrap"].as_u64().unwrap_or(0);
        let sampler = samplers.iter().position(|known| *known == wrap).unwrap_or_else(|| {
            samplers.push(wrap);
            samplers.len() - 1
        });
        let source = if webp.get(image).copied().unwrap_or(false) {
            json!({ "sampler": sampler, "extensions": { "EXT_texture_webp": { "source": image } } })
        } else {
            json!({ "sampler": sampler, "source": image })
        };
        let index = textures.iter().position(|known| *known == source).unwrap_or_else(|| {
            textures.push(source);
            textures.len() - 1
        });
        *texture = json!({ "index": index });
    }
    if webp.contains(&true) {
        used.push("EXT_texture_webp");
        required.push("EXT_texture_webp");
    }
    // Linear with mipmaps.
    let sampler =
        |wrap: &u64| json!({ "magFilter": 9729, "minFilter": 9987, "wrapS": wrap, "wrapT": wrap });
    json["images"] = files.into();
    json["samplers"] = samplers.iter().map(sampler).collect();
    json["textures"] = textures.into();
}

struct Writer {
    binary: Binary,
    encoding: Encoding,
    rows: usize,
    /// Exponent of the power of two that positions are multiples of, metres.
    step: i32,
}

impl Writer {
    fn packing(&self) -> Packing {
        if self.encoding == Encoding::Compact { Packing::Attributes } else { Packing::Plain }
    }

    fn primitive(
        &mut self,
        part: &Batch,
        material: usize,
        textured: bool,
        features: bool,
    ) -> Value {
        let mut attributes = Map::new();
        let vertices = &part.vertices;
        attributes.insert("POSITION".into(), self.positions(vertices).into());
        attributes.insert("NORMAL".into(), self.normals(vertices).into());
        if textured {
            let uvs: Vec<[u8; 8]> = vertices.iter().map(|v| bytes(v.uv)).collect();
            let accessor = json!({ "componentType": 5126, "type": "VEC2" });
            let packing = self.packing();
            let uvs = self.binary.attribute(&uvs, accessor, packing, true);
            attributes.insert("TEXCOORD_0".into(), uvs.into());
        }
        self.colors(vertices, &mut attributes);
        let with_features = features && self.rows > 0;
        if with_features {
            self.features(vertices, &mut attributes);
        }
        let pack = self.encoding == Encoding::Compact;
        let indices = self.binary.indices(&part.triangles, vertices.len(), pack);
        let mut primitive =
            json!({ "attributes": attributes, "indices": indices, "material": material });
        if with_features {
            primitive["extensions"] = self.feature_ids();
        }
        primitive
    }

    /// Writes lines (`mode` 1). They have no normals: clients draw them without light.
    fn line_primitive(&mut self, part: &Lines, material: usize) -> Value {
        let mut attributes = Map::new();
        let vertices = &part.vertices;
        attributes.insert("POSITION".into(), self.positions(vertices).into());
        self.colors(vertices, &mut attributes);
        if self.rows > 0 {
            self.features(vertices, &mut attributes);
        }
        let indices = self.binary.line_indices(&part.segments);
        let mut primitive = json!({
            "attributes": attributes, "indices": indices, "material": material, "mode": 1,
        });
        if self.rows > 0 {
            primitive["extensions"] = self.feature_ids();
        }
        primitive
    }

    fn colors(&mut self, vertices: &[Vertex], attributes: &mut Map<String, Value>) {
        if vertices.iter().any(|v| v.color != [255; 4]) {
            let colors: Vec<[u8; 4]> = vertices.iter().map(|v| v.color).collect();
            let accessor = json!({ "componentType": 5121, "type": "VEC4", "normalized": true });
            let packing = self.packing();
            let colors = self.binary.attribute(&colors, accessor, packing, true);
            attributes.insert("COLOR_0".into(), colors.into());
        }
    }

    fn features(&mut self, vertices: &[Vertex], attributes: &mut Map<String, Value>) {
        let ids: Vec<[u8; 4]> =
            vertices.iter().map(|v| u32::from(v.feature).to_le_bytes()).collect();
        let accessor = json!({ "componentType": 5123, "type": "SCALAR" });
        let packing = self.packing();
        let ids = self.binary.attribute(&ids, accessor, packing, true);
        attributes.insert("_FEATURE_ID_0".into(), ids.into());
    }

    fn feature_ids(&self) -> Value {
        json!({ "EXT_mesh_features": { "featureIds": [{
            "featureCount": self.rows, "nullFeatureId": NO_FEATURE, "attribute": 0, "propertyTable": 0,
        }] } })
    }

    fn positions(&mut self, vertices: &[Vertex]) -> usize {
        self.vectors(vertices.iter().map(|vertex| vertex.position), self.step, true)
    }

    /// Writes vectors east, north and up, in multiples of two to the power of `step`.
    fn vectors(
        &mut self,
        vectors: impl Iterator<Item = [f64; 3]> + Clone,
        step: i32,
        is_vertex: bool,
    ) -> usize {
        let (mut low, mut high) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
        for [e, n, u] in vectors.clone() {
            for (i, x) in [e, u, -n].into_iter().enumerate() {
                low[i] = low[i].min(x);
                high[i] = high[i].max(x);
            }
        }
        let reach = low.iter().chain(&high).map(|x| x.abs()).fold(0.0, f64::max);
        let mut exponent = step;
        while reach / power(exponent) >= MANTISSA - 1.0 {
            exponent += 1;
        }
        let (step, per_metre) = (power(exponent), power(-exponent));
        let compact = self.encoding == Encoding::Compact;
        let whole = |x: f64| (x * per_metre + 0.5_f64.copysign(x)) as i32;
        let word = |x: f64| {
            if compact {
                (whole(x) as u32 & 0x00ff_ffff | (exponent as u32) << 24).to_le_bytes()
            } else {
                (x as f32).to_le_bytes()
            }
        };
        let rows: Vec<[u8; 12]> = vectors.map(|[e, n, u]| join([e, u, -n].map(word))).collect();
        let written = |x: f64| if compact { (f64::from(whole(x)) * step) as f32 } else { x as f32 };
        let (low, high) = (low.map(written), high.map(written));
        let accessor = json!({ "componentType": 5126, "type": "VEC3", "min": low, "max": high });
        let packing = if compact { Packing::Exponential } else { Packing::Plain };
        self.binary.attribute(&rows, accessor, packing, is_vertex)
    }

    fn normals(&mut self, vertices: &[Vertex]) -> usize {
        if self.encoding == Encoding::Compact {
            let normals: Vec<[u8; 4]> = vertices
                .iter()
                .map(|v| {
                    let [e, n, u] = v.normal;
                    let [x, y, z] =
                        [e, u, -n].map(|x| (x.clamp(-1.0, 1.0) * 127.0).round() as i8 as u8);
                    [x, y, z, 0]
                })
                .collect();
            let accessor = json!({ "componentType": 5120, "type": "VEC3", "normalized": true });
            return self.binary.attribute(&normals, accessor, Packing::Attributes, true);
        }
        let normals: Vec<[u8; 12]> = vertices
            .iter()
            .map(|v| {
                let [e, n, u] = v.normal;
                bytes([e, u, -n])
            })
            .collect();
        let accessor = json!({ "componentType": 5126, "type": "VEC3" });
        self.binary.attribute(&normals, accessor, Packing::Plain, true)
    }

    /// Writes places, and turns and sizes where there are any.
    /// Counts places from the one in the middle; returns where that is, y up. Who does not know of instances then finds the
    /// form where one of them stands, and not in the middle of the tile.
    fn around_one(&self, mut places: Vec<Place>) -> ([f64; 3], Vec<Place>) {
        let axis = |k: usize| {
            let sorted = places.iter().map(|place| place.at[k]);
            let (low, high) = sorted.fold((f64::MAX, f64::MIN), |(l, h), x| (l.min(x), h.max(x)));
            f64::midpoint(low, high)
        };
        let middle: [f64; 3] = std::array::from_fn(axis);
        let off = |place: &Place| (0..3).map(|k| (place.at[k] - middle[k]).powi(2)).sum::<f64>();
        let one = places.iter().min_by(|a, b| off(a).total_cmp(&off(b)));
        let step = power(self.step);
        let [e, n, u] = one.map_or(middle, |place| place.at).map(|x| (x / step).round() * step);
        for place in &mut places {
            place.at = [place.at[0] - e, place.at[1] - n, place.at[2] - u];
        }
        ([e, u, -n], places)
    }

    fn instances(&mut self, places: &[Place]) -> Value {
        let float = |kind: &str| json!({ "componentType": 5126, "type": kind });
        let packing = self.packing();
        let at = self.vectors(places.iter().map(|place| place.at), self.step, false);
        let mut attributes = json!({ "TRANSLATION": at });
        if places.iter().any(|place| place.turn != 0.0) {
            let turns: Vec<[u8; 16]> = places
                .iter()
                .map(|place| {
                    let half = place.turn / 2.0;
                    bytes([0.0, libm::sin(half) as f32, 0.0, libm::cos(half) as f32])
                })
                .collect();
            attributes["ROTATION"] =
                self.binary.attribute(&turns, float("VEC4"), packing, false).into();
        }
        if places.iter().any(|place| place.scale != [1.0; 3]) {
            // What is north of a vector becomes its -z, but sizes have no sign.
            let sizes = places.iter().map(|place| {
                let [e, n, u] = place.scale.map(f64::from);
                [e, -n, u]
            });
            attributes["SCALE"] = self.vectors(sizes, SCALE_STEP, false).into();
        }
        if self.rows == 0 {
            return json!({ "EXT_mesh_gpu_instancing": { "attributes": attributes } });
        }
        let ids: Vec<[u8; 4]> =
            places.iter().map(|place| f32::from(place.feature).to_le_bytes()).collect();
        attributes["_FEATURE_ID_0"] =
            self.binary.attribute(&ids, float("SCALAR"), packing, false).into();
        json!({
            "EXT_mesh_gpu_instancing": { "attributes": attributes },
            "EXT_instance_features": { "featureIds": [{
                "featureCount": self.rows, "nullFeatureId": NO_FEATURE, "attribute": 0, "propertyTable": 0,
            }] },
        })
    }
}

/// Returns the exponent of the step of positions that may be off by so much.
fn step(tolerance: f64) -> i32 {
    // A place is off by half a step.
    let (_, exponent) = libm::frexp(tolerance);
    if tolerance > 0.0 { (exponent - 1).max(FINEST_STEP) } else { FINEST_STEP }
}

fn power(exponent: i32) -> f64 {
    libm::ldexp(1.0, exponent)
}

/// Returns the bytes of numbers; `M` is four times `N`.
fn bytes<const N: usize, const M: usize>(numbers: [f32; N]) -> [u8; M] {
    let mut out = [0; M];
    for (out, number) in out.chunks_exact_mut(4).zip(numbers) {
        out.copy_from_slice(&number.to_le_bytes());
    }
    out
}

fn join(words: [[u8; 4]; 3]) -> [u8; 12] {
    let mut out = [0; 12];
    for (out, word) in out.chunks_exact_mut(4).zip(words) {
        out.copy_from_slice(&word);
    }
    out
}
