//! Makes features, and reads what was written of them.

#![allow(dead_code, reason = "not every test needs all of it")]

use std::path::PathBuf;
use std::process::Command;

use onemap_crs::LocalFrame;
use onemap_model::{
    AnchoredModel, BlobRef, Feature, FeatureId, Field, FieldType, Geometry, Interval, Lod,
    Material, Mesh, Model, Schema, Solid, State, Surface, Texture, Value, Wrap,
};
use onemap_tiles_3d::{Detail, Encoding, SolidParams, SolidRule, TileContent, with_ref};
use serde_json::Value as Json;

/// Where the tests' tile is.
pub(crate) const ANCHOR: [f64; 3] = [118.3, 33.96, 0.0];

pub(crate) fn frame() -> LocalFrame {
    LocalFrame::at(ANCHOR)
}

pub(crate) fn schema(fields: &[(&str, FieldType)]) -> Schema {
    Schema { fields: fields.iter().map(|&(name, kind)| Field::new(name, kind)).collect() }
}

pub(crate) fn feature(id: u64, geometry: Geometry, values: Vec<Value>) -> Feature {
    Feature {
        id: FeatureId::new(id).unwrap(),
        geometry: Some(geometry),
        values,
        valid: Interval::ALWAYS,
        state: State::default(),
    }
}

/// Longitude and latitude of a place in metres east and north of the anchor.
pub(crate) fn lonlat([east, north]: [f64; 2]) -> [f64; 2] {
    let [lon, lat, _] = frame().to_lonlat([east, north, 0.0]);
    [lon, lat]
}

/// A polygon of rings in metres, not closed: the outer one counter-clockwise, holes clockwise.
pub(crate) fn polygon(rings: &[&[[f64; 2]]]) -> Geometry {
    let mut geometry = Geometry::empty(onemap_model::GeometryKind::Polygon);
    for ring in rings {
        for &at in ring.iter().chain(ring.first()) {
            geometry.push(lonlat(at));
        }
        geometry.end_line();
    }
    geometry.end_polygon();
    geometry
}

pub(crate) fn rectangle([x, y]: [f64; 2], [w, h]: [f64; 2]) -> Geometry {
    polygon(&[&[[x, y], [x + w, y], [x + w, y + h], [x, y + h]]])
}

/// Raises features by their layer's rule and writes them.
pub(crate) fn raised(
    schema: &Schema,
    features: &[Feature],
    encoding: Encoding,
    change: impl Fn(&mut SolidParams),
) -> Vec<u8> {
    let rule = SolidRule::bind(&Solid::default(), schema, onemap_model::GeometryClass::Polygon);
    let mut content = TileContent::new(frame(), schema, &vec![true; schema.fields.len()]);
    for feature in features {
        with_ref(feature, |feature| {
            let mut params = rule.params(feature);
            change(&mut params);
            content.add_solid(feature, &params, Detail::Full);
        });
    }
    content.finish(&mut no_image, encoding)
}

pub(crate) fn no_image(_: &BlobRef) -> Option<Vec<u8>> {
    None
}

/// A GLB, unpacked.
pub(crate) struct Glb {
    pub(crate) json: Json,
    /// The binary chunk, and what the packed views are unpacked to.
    pub(crate) buffers: [Vec<u8>; 2],
}

/// Triangles of a primitive.
pub(crate) struct Shape {
    /// Metres east, north and up.
    pub(crate) positions: Vec<[f64; 3]>,
    pub(crate) triangles: Vec<[usize; 3]>,
    pub(crate) features: Vec<u16>,
    pub(crate) uvs: Vec<[f64; 2]>,
    pub(crate) material: Json,
}

impl Glb {
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        assert_eq!(&bytes[..4], b"glTF");
        assert_eq!(word(8), bytes.len());
        let length = word(12);
        let json: Json = serde_json::from_slice(&bytes[20..20 + length]).unwrap();
        let binary = bytes.get(28 + length..).unwrap_or_default().to_vec();
        let mut unpacked = vec![0; json["buffers"][1]["byteLength"].as_u64().unwrap_or(0) as usize];
        for view in json["bufferViews"].as_array().into_iter().flatten() {
            let packed = &view["extensions"]["EXT_meshopt_compression"];
            if packed.is_null() {
                continue;
            }
            let number = |of: &Json, name: &str| of[name].as_u64().unwrap_or(0) as usize;
            let (at, length) = (number(packed, "byteOffset"), number(packed, "byteLength"));
            let out = unpack(packed, &binary[at..at + length]);
            assert_eq!(out.len(), number(view, "byteLength"));
            let to = number(view, "byteOffset");
            unpacked[to..to + out.len()].copy_from_slice(&out);
        }
        Self { json, buffers: [binary, unpacked] }
    }

    pub(crate) fn view(&self, number: &Json) -> &[u8] {
        let view = &self.json["bufferViews"][number.as_u64().unwrap() as usize];
        let at = view["byteOffset"].as_u64().unwrap_or(0) as usize;
        let length = view["byteLength"].as_u64().unwrap() as usize;
        &self.buffers[view["buffer"].as_u64().unwrap() as usize][at..at + length]
    }

    /// Where the instances of a node stand, y up.
    pub(crate) fn instance_places(&self, node: &Json) -> Vec<[f64; 3]> {
        let attributes = &node["extensions"]["EXT_mesh_gpu_instancing"]["attributes"];
        let around = &node["translation"];
        let places = self.numbers(&attributes["TRANSLATION"]).into_iter();
        let moved = |at: Vec<f64>| std::array::from_fn(|i| at[i] + around[i].as_f64().unwrap());
        places.map(moved).collect()
    }

    /// Rows of an accessor, normalised integers as numbers up to one.
    pub(crate) fn numbers(&self, number: &Json) -> Vec<Vec<f64>> {
        let accessor = &self.json["accessors"][number.as_u64().unwrap() as usize];
        let kind = accessor["componentType"].as_u64().unwrap();
        let size = match kind {
            5120 | 5121 => 1,
            5122 | 5123 => 2,
            _ => 4,
        };
        let width = match accessor["type"].as_str().unwrap() {
            "SCALAR" => 1,
            "VEC2" => 2,
            "VEC3" => 3,
            _ => 4,
        };
        let view = &self.json["bufferViews"][accessor["bufferView"].as_u64().unwrap() as usize];
        let stride = view["byteStride"].as_u64().map_or(size * width, |stride| stride as usize);
        let bytes = self.view(&accessor["bufferView"]);
        let scale = match (accessor["normalized"].as_bool(), kind) {
            (Some(true), 5120) => 127.0,
            (Some(true), 5121) => 255.0,
            (Some(true), 5123) => 65_535.0,
            _ => 1.0,
        };
        let one = |at: usize| {
            let of = &bytes[at..at + size];
            let number = match kind {
                5120 => f64::from(of[0] as i8),
                5121 => f64::from(of[0]),
                5123 => f64::from(u16::from_le_bytes(of.try_into().unwrap())),
                5125 => f64::from(u32::from_le_bytes(of.try_into().unwrap())),
                5126 => f64::from(f32::from_le_bytes(of.try_into().unwrap())),
                _ => panic!("component type {kind}"),
            };
            number / scale
        };
        let count = accessor["count"].as_u64().unwrap() as usize;
        (0..count).map(|i| (0..width).map(|k| one(i * stride + k * size)).collect()).collect()
    }

    /// All primitives of a mesh.
    pub(crate) fn shapes(&self, mesh: usize) -> Vec<Shape> {
        let primitives = self.json["meshes"][mesh]["primitives"].as_array();
        primitives.into_iter().flatten().map(|primitive| self.shape(primitive)).collect()
    }

    fn shape(&self, primitive: &Json) -> Shape {
        let attributes = &primitive["attributes"];
        let rows = |name: &str| {
            let accessor = &attributes[name];
            if accessor.is_null() { Vec::new() } else { self.numbers(accessor) }
        };
        let indices = self.numbers(&primitive["indices"]);
        Shape {
            positions: rows("POSITION").iter().map(|p| [p[0], -p[2], p[1]]).collect(),
            triangles: indices
                .chunks_exact(3)
                .map(|t| [0, 1, 2].map(|i: usize| t[i][0] as usize))
                .collect(),
            features: rows("_FEATURE_ID_0").iter().map(|f| f[0] as u16).collect(),
            uvs: rows("TEXCOORD_0").iter().map(|uv| [uv[0], uv[1]]).collect(),
            material: self.json["materials"][primitive["material"].as_u64().unwrap() as usize]
                .clone(),
        }
    }

    pub(crate) fn table(&self) -> &Json {
        &self.json["extensions"]["EXT_structural_metadata"]["propertyTables"][0]
    }

    pub(crate) fn class(&self) -> &Json {
        &self.json["extensions"]["EXT_structural_metadata"]["schema"]["classes"]["feature"]["properties"]
    }
}

fn unpack(packed: &Json, bytes: &[u8]) -> Vec<u8> {
    let count = packed["count"].as_u64().unwrap() as usize;
    if packed["mode"] == "TRIANGLES" {
        let indices: Vec<u16> = meshopt::decode_index_buffer(bytes, count).unwrap();
        return indices.iter().flat_map(|i| i.to_le_bytes()).collect();
    }
    fn vertices<const N: usize>(bytes: &[u8], count: usize) -> Vec<u8> {
        #[derive(Clone, Copy)]
        #[repr(C, align(4))]
        struct Row<const N: usize>([u8; N]);
        impl<const N: usize> Default for Row<N> {
            fn default() -> Self {
                Self([0; N])
            }
        }
        let rows: Vec<Row<N>> = meshopt::decode_vertex_buffer(bytes, count).unwrap();
        rows.iter().flat_map(|row| row.0).collect()
    }
    let out = match packed["byteStride"].as_u64().unwrap() {
        4 => vertices::<4>(bytes, count),
        8 => vertices::<8>(bytes, count),
        12 => vertices::<12>(bytes, count),
        16 => vertices::<16>(bytes, count),
        other => panic!("stride {other}"),
    };
    if packed["filter"] != "EXPONENTIAL" {
        return out;
    }
    // Mantissa of 24 bits and exponent of 8, both with a sign (EXT_meshopt_compression, filter 3).
    let numbers = out.chunks_exact(4).map(|word| {
        let word = i32::from_le_bytes(word.try_into().unwrap());
        (f64::from(word << 8 >> 8) * 2_f64.powi(word >> 24)) as f32
    });
    numbers.flat_map(f32::to_le_bytes).collect()
}

/// Returns the volume that triangles enclose, cubic metres.
pub(crate) fn volume(shape: &Shape) -> f64 {
    let mut sum = 0.0;
    for triangle in &shape.triangles {
        let [a, b, c] = triangle.map(|i| shape.positions[i]);
        let cross =
            [b[1] * c[2] - b[2] * c[1], b[2] * c[0] - b[0] * c[2], b[0] * c[1] - b[1] * c[0]];
        sum += a[0] * cross[0] + a[1] * cross[1] + a[2] * cross[2];
    }
    sum / 6.0
}

/// Number of edges that have no other edge the other way.
pub(crate) fn open_edges(shape: &Shape) -> usize {
    use std::collections::HashMap;
    let key = |i: usize| shape.positions[i].map(|x| (x * 500.0).round() as i64);
    let mut edges: HashMap<_, i32> = HashMap::new();
    for triangle in &shape.triangles {
        for k in 0..3 {
            let (a, b) = (key(triangle[k]), key(triangle[(k + 1) % 3]));
            if a < b {
                *edges.entry((a, b)).or_default() += 1;
            } else if b < a {
                *edges.entry((b, a)).or_default() -= 1;
            }
        }
    }
    edges.values().filter(|count| **count != 0).count()
}

/// Judges files by gltf-validator, and has meshoptimizer's own decoder unpack them: neither is ours. `None`, loudly, where
/// they are not installed. Returns what the validator says of each, and the unpacked views one after another.
pub(crate) fn judged(test: &str, files: &[(&str, &[u8])]) -> Option<Vec<(Json, Vec<u8>)>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    if !folder.join("../../tests/judges/node_modules/gltf-validator").is_dir() {
        eprintln!("\n******** SKIPPED: {test}: no judges: run npm ci in tests/judges ********\n");
        return None;
    }
    let place = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    std::fs::create_dir_all(&place).unwrap();
    let mut node = Command::new("node");
    node.arg(folder.join("tests/judge.mjs"));
    for (name, bytes) in files {
        let file = place.join(name);
        std::fs::write(&file, bytes).unwrap();
        node.arg(file);
    }
    let output = node.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: Vec<Json> = serde_json::from_slice(&output.stdout).unwrap();
    let unpacked = files
        .iter()
        .map(|(name, _)| std::fs::read(place.join(format!("{name}.unpacked"))).unwrap());
    Some(said.into_iter().zip(unpacked).collect())
}

/// Fails unless the judges find nothing and unpack the same as we do.
pub(crate) fn assert_valid(test: &str, files: &[(&str, &[u8])]) {
    for (name, bytes) in files {
        // What we unpack, as another reader of glTF sees its structure.
        let glb = Glb::read(bytes);
        if glb.json["nodes"].is_null() {
            // glTF allows scenes without nodes, this reader does not.
            continue;
        }
        let other = gltf::Gltf::from_slice_without_validation(bytes).unwrap();
        assert_eq!(
            other.accessors().len(),
            glb.json["accessors"].as_array().map_or(0, Vec::len),
            "{name}"
        );
        for (mesh, at) in other.meshes().zip(0..) {
            for (primitive, shape) in mesh.primitives().zip(glb.shapes(at)) {
                let buffers = &glb.buffers;
                let reader =
                    primitive.reader(|buffer| buffers.get(buffer.index()).map(Vec::as_slice));
                let positions: Vec<[f64; 3]> = reader
                    .read_positions()
                    .unwrap()
                    .map(|[x, y, z]| [x, -z, y].map(f64::from))
                    .collect();
                assert_eq!(positions, shape.positions, "{name}");
                if primitive.mode() != gltf::mesh::Mode::Triangles {
                    continue;
                }
                let indices: Vec<usize> =
                    reader.read_indices().unwrap().into_u32().map(|i| i as usize).collect();
                assert_eq!(indices, shape.triangles.as_flattened(), "{name}");
            }
        }
    }
    let Some(judged) = judged(test, files) else { return };
    for ((name, bytes), (said, unpacked)) in files.iter().zip(judged) {
        assert_eq!(said["errors"], serde_json::json!([]), "{name}");
        assert_eq!(said["warnings"], serde_json::json!([]), "{name}");
        assert!(Glb::read(bytes).buffers[1] == unpacked, "{name}: unpacked otherwise");
    }
}

/// Squares of 10 m in a row, each with its part of a picture; `is_double` tells by their numbers which have two sides.
pub(crate) fn gallery(
    pieces: impl IntoIterator<Item = (BlobRef, Wrap, [f32; 4])>,
    is_double: fn(usize) -> bool,
) -> AnchoredModel {
    let mut model = Model::default();
    let mut mesh = Mesh::default();
    for (i, (image, wrap, [u0, v0, u1, v1])) in pieces.into_iter().enumerate() {
        let texture = Some(Texture { image, wrap });
        model.materials.push(Material {
            texture,
            double_sided: is_double(i),
            ..Material::default()
        });
        let x = i as f64 * 12.0;
        let corners = [[x, 0.0, 0.0], [x + 10.0, 0.0, 0.0], [x + 10.0, 0.0, 10.0], [x, 0.0, 10.0]];
        mesh.push(Surface::Wall, Some(i as u32), &corners, &[[0, 1, 2], [0, 2, 3]]);
        mesh.uvs.extend([[u0, v1], [u1, v1], [u1, v0], [u0, v0]]);
    }
    model.lods.push(Lod { level: "2".into(), mesh });
    AnchoredModel { anchor: ANCHOR, model }
}
