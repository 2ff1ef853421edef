//! glTF 2.0, text and binary.
//!
//! Every named root node with triangles is a record; where some have no name the scene is one. A glTF model is in metres
//! with y up; its -z is north here.
//!
//! The JSON is read by hand: a library that follows its references without checks would panic on broken files.

mod accessor;
mod buffers;
mod material;
mod scene;

use onemap_model::{
    Field, FieldType, LayerSlot, Model, Note, Record, Reject, Sink, SourceId, SourceLayer, Stopped,
};
use onemap_source::read_all;
use rustc_hash::FxHashMap;
use serde_json::Value as Json;

use crate::build::ModelBuilder;
use crate::columns::{Columns, value_of};
use crate::fault::Fault;
use crate::texture::Textures;
use crate::{Error, Options, Placement, Source, limits};
use buffers::Buffers;
use material::Materials;
use scene::{Matrix, Walker};

/// Extensions that a file may require.
const KNOWN: [&str; 14] = [
    "KHR_mesh_quantization",
    "EXT_meshopt_compression",
    "KHR_texture_transform",
    "EXT_texture_webp",
    "KHR_materials_unlit",
    "KHR_materials_pbrSpecularGlossiness",
    "KHR_materials_emissive_strength",
    "KHR_materials_ior",
    "KHR_materials_specular",
    "KHR_materials_clearcoat",
    "EXT_mesh_features",
    "EXT_structural_metadata",
    "EXT_instance_features",
    "EXT_mesh_gpu_instancing",
];

/// Reads a glTF file.
pub(crate) fn read(source: &Source, options: &Options, sink: &mut dyn Sink) -> Result<(), Error> {
    let bytes = read_all(source, limits::MAX_MESH_BYTES)?;
    let (json, bin) = container(source, &bytes)?;
    check(source, &json)?;
    let place = place(source, options)?;
    if !options.wants(&source.stem) {
        return Ok(());
    }
    let mut images = Textures::new(source);
    let buffers = Buffers::load(&json, bin, &images)
        .map_err(|reason| Error::broken(source, None, reason, "get the file with all its parts"))?;
    let fields = vec![Field::new("name", FieldType::Text)];
    let columns = Columns::new(&fields);
    let slot = sink.layer(SourceLayer {
        name: source.stem.clone(),
        format: source.format.name(),
        crs: Some("EPSG:4979".to_owned()),
        fields,
        has_models: true,
        ..SourceLayer::default()
    })?;
    let mut walker = Walker {
        json: &json,
        buffers,
        materials: Materials::new(&json),
        images: &mut images,
        build: ModelBuilder::default(),
        sink,
        visited: vec![false; list(&json, "nodes").len()],
        corners: 0,
        ignored: 0,
    };
    let broken = |reason: String| Error::broken(source, None, reason, "export it again");
    let units = match units(source, &json, &mut walker) {
        Ok(units) => units,
        Err(Fault::Stopped) => return Err(Stopped.into()),
        Err(Fault::Reason(reason)) => return Err(broken(reason)),
    };
    let mut emitter = Emitter { slot, columns, place, names: FxHashMap::default(), number: 0 };
    for unit in units {
        let mut result = Ok(());
        for &(node, matrix) in &unit.nodes {
            result = walker.node(node, matrix, 0);
            if result.is_err() {
                break;
            }
        }
        let model = walker.build.finish();
        let result = match result {
            Err(Fault::Stopped) => return Err(Stopped.into()),
            Err(Fault::Reason(reason)) => Err(reason),
            Ok(()) => Ok(model),
        };
        emitter.emit(unit, result, walker.sink)?;
    }
    let (ignored, dropped) = (walker.ignored, walker.build.take_dropped());
    images.finish(sink);
    if emitter.number == 0 {
        let reason =
            if ignored > 0 { "it holds points or lines only" } else { "it has no triangles" };
        return Err(Error::unsupported(source, reason, "export it with its surfaces"));
    }
    for (count, what) in
        [(ignored, "meshes of points or lines"), (dropped, "surfaces without an area")]
    {
        if count > 0 {
            sink.note(Some(slot), Note::warning(format!("left out: {count} {what}")));
        }
    }
    Ok(())
}

/// Returns where the model stands.
fn place(source: &Source, options: &Options) -> Result<Placement, Error> {
    match options.place {
        Some(place) if place.is_valid() => Ok(place),
        Some(_) => {
            Err(Error::unsupported(source, "its place is not on the earth", "correct --place"))
        }
        None => Err(Error::unsupported(
            source,
            "glTF does not say where on the earth it is",
            "give --place with longitude, latitude, height and heading",
        )),
    }
}

/// Takes the container apart: the JSON, and the binary chunk (glTF 2.0, clause 4.4).
fn container(source: &Source, bytes: &[u8]) -> Result<(Json, Option<Vec<u8>>), Error> {
    let broken = |reason: &str| Error::broken(source, None, reason, "get the file again");
    let parse = |text: &[u8]| {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        serde_json::from_slice::<Json>(text)
            .map_err(|error| broken(&format!("its JSON is damaged: {error}")))
    };
    if !bytes.starts_with(b"glTF") {
        return Ok((parse(bytes)?, None));
    }
    let word = |at: usize| {
        let four = bytes.get(at..at.checked_add(4)?)?;
        Some(u32::from_le_bytes(four.try_into().ok()?) as usize)
    };
    if word(4) != Some(2) {
        return Err(Error::unsupported(
            source,
            format!("it is glTF of version {}", word(4).unwrap_or(0)),
            "convert it to glTF 2.0",
        ));
    }
    let (mut json, mut bin) = (None, None);
    let mut at = 12;
    while let (Some(length), Some(kind)) = (word(at), word(at + 4)) {
        let start = at + 8;
        let Some(chunk) = start.checked_add(length).and_then(|end| bytes.get(start..end)) else {
            return Err(broken("it is cut off"));
        };
        match kind {
            0x4e4f_534a if json.is_none() => json = Some(parse(chunk)?),
            0x004e_4942 if bin.is_none() => bin = Some(chunk.to_vec()),
            _ => {}
        }
        at = start + length;
    }
    match json {
        Some(json) => Ok((json, bin)),
        None => Err(broken("it has no JSON")),
    }
}

/// Refuses what can not be read.
fn check(source: &Source, json: &Json) -> Result<(), Error> {
    let version = json.get("asset").and_then(|asset| asset.get("version")).and_then(Json::as_str);
    if !version.is_some_and(|version| version.starts_with("2.")) {
        let version = version.unwrap_or("not stated");
        let reason = format!("its glTF version is {version}; 2.0 is read");
        return Err(Error::unsupported(source, reason, "convert it to glTF 2.0"));
    }
    if json.get("extensions").is_some_and(|all| all.get("CESIUM_RTC").is_some()) {
        return Err(Error::unsupported(
            source,
            "it stands earth-centred in a 3D Tiles tileset (CESIUM_RTC)",
            "import the tileset that it belongs to",
        ));
    }
    for name in list(json, "extensionsRequired").iter().filter_map(Json::as_str) {
        let remedy = match name {
            _ if KNOWN.contains(&name) => continue,
            "KHR_draco_mesh_compression" => "unpack it: gltf-transform copy in.glb out.glb",
            _ => "export it without this extension",
        };
        return Err(Error::unsupported(source, format!("it requires {name}"), remedy));
    }
    Ok(())
}

/// What becomes one record.
struct Unit {
    name: String,
    extras: Option<serde_json::Map<String, Json>>,
    /// Nodes, with what is above them.
    nodes: Vec<(usize, Matrix)>,
}

/// Divides the scene: by its named root nodes, below nodes that only hold all others together.
fn units(source: &Source, json: &Json, walker: &mut Walker<'_>) -> Result<Vec<Unit>, Fault> {
    let nodes = list(json, "nodes");
    let scenes = list(json, "scenes");
    let default = index(json, "scene").unwrap_or(0);
    let scene = scenes.get(default);
    let mut roots: Vec<(usize, Matrix)> = if let Some(scene) = scene {
        indices(scene, "nodes").map(|node| (node, Matrix::ONE)).collect()
    } else {
        let mut is_root = vec![true; nodes.len()];
        for child in nodes.iter().flat_map(|node| indices(node, "children")) {
            if let Some(root) = is_root.get_mut(child) {
                *root = false;
            }
        }
        // A file without a scene is one of parts to choose from; all are taken.
        let roots = is_root.iter().enumerate().filter(|(_, is_root)| **is_root);
        roots.map(|(node, _)| (node, Matrix::ONE)).collect()
    };
    while let &[(only, above)] = roots.as_slice() {
        let Some(node) = nodes.get(only) else { break };
        let children: Vec<usize> = indices(node, "children").collect();
        if node.get("mesh").is_some() || children.is_empty() {
            break;
        }
        let Some(visited) = walker.visited.get_mut(only).filter(|visited| !**visited) else {
            return Err("its nodes go round in circles".into());
        };
        *visited = true;
        let matrix = above.times(&Matrix::of_node(node)?);
        roots = children.into_iter().map(|child| (child, matrix)).collect();
    }
    let name = |node: usize| {
        let name = nodes.get(node)?.get("name")?.as_str()?;
        (!name.is_empty()).then(|| name.to_owned())
    };
    let extras = |value: &Json| value.get("extras").and_then(Json::as_object).cloned();
    if roots.iter().all(|&(node, _)| name(node).is_some()) {
        let unit = |(node, matrix): (usize, Matrix)| Unit {
            name: name(node).unwrap_or_default(),
            extras: nodes.get(node).and_then(extras),
            nodes: vec![(node, matrix)],
        };
        return Ok(roots.into_iter().map(unit).collect());
    }
    let named = scene.and_then(|scene| scene.get("name")).and_then(Json::as_str);
    Ok(vec![Unit {
        name: named.filter(|name| !name.is_empty()).unwrap_or(&source.stem).to_owned(),
        extras: scene.and_then(extras),
        nodes: roots,
    }])
}

struct Emitter {
    slot: LayerSlot,
    columns: Columns,
    place: Placement,
    names: FxHashMap<String, u32>,
    number: u64,
}

impl Emitter {
    fn emit(
        &mut self,
        unit: Unit,
        model: Result<Option<Model>, String>,
        sink: &mut dyn Sink,
    ) -> Result<(), Stopped> {
        let placed = match model {
            // Cameras and lights.
            Ok(None) => return Ok(()),
            Ok(Some(mut model)) => match self.place.put(&mut model) {
                Ok(()) => Ok(model),
                Err(reason) => Err(reason.to_owned()),
            },
            Err(reason) => Err(reason),
        };
        self.number += 1;
        // Names need not be unique.
        let times = self.names.entry(unit.name.clone()).or_default();
        *times += 1;
        let id = if *times == 1 { unit.name.clone() } else { format!("{} ({times})", unit.name) };
        let model = match placed {
            Ok(model) => model,
            Err(reason) => {
                return sink
                    .reject(self.slot, Reject { number: self.number, id: Some(id), reason });
            }
        };
        let mut values = Vec::new();
        let named = ("name".to_owned(), Json::String(unit.name));
        for (name, value) in unit.extras.into_iter().flatten().chain([named]) {
            if !name.is_empty() {
                self.columns.set(self.slot, &name, value_of(value), &mut values, sink)?;
            }
        }
        sink.record(
            self.slot,
            Record {
                number: self.number,
                id: Some(SourceId::Text(id)),
                model: Some(Box::new(model)),
                values,
                ..Record::default()
            },
        )
    }
}

/// Returns a list of an object; empty where there is none.
fn list<'a>(json: &'a Json, key: &str) -> &'a [Json] {
    json.get(key).and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

/// Returns a whole number of an object.
fn index(json: &Json, key: &str) -> Option<usize> {
    json.get(key).and_then(Json::as_u64).and_then(|n| usize::try_from(n).ok())
}

fn indices<'a>(json: &'a Json, key: &str) -> impl Iterator<Item = usize> + use<'a> {
    list(json, key).iter().filter_map(Json::as_u64).filter_map(|n| usize::try_from(n).ok())
}

/// Returns N numbers of an object; `None` where there is no list, or of another length.
fn numbers<const N: usize>(json: &Json, key: &str) -> Option<[f64; N]> {
    let numbers: Vec<f64> = list(json, key).iter().filter_map(Json::as_f64).collect();
    <[f64; N]>::try_from(numbers).ok()
}

#[cfg(test)]
mod tests;
