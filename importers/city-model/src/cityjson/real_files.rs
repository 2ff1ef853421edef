//! Real files against what an independent reading of their JSON gives: counts, boxes and volumes. Set
//! `ONEMAP_CITYJSON_DUMP` to a folder to write what was read, for `tests/judges/cityjson.py`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value as Json, json};

use crate::testing::{CollectSink, data, extent, volume};
use crate::{Error, Format, Options};

/// Reads a file, gzipped or not, into values: all lines of a sequence, or the one object.
fn raw(path: &Path, gzipped: bool) -> Vec<Json> {
    let mut bytes = std::fs::read(path).unwrap();
    if gzipped {
        let mut unpacked = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut unpacked)
            .unwrap();
        bytes = unpacked;
    }
    let stream = serde_json::Deserializer::from_slice(&bytes).into_iter::<Json>();
    stream.map(Result::unwrap).collect()
}

/// Adds the signed volumes of the tetrahedra between the origin `o` and fans over the rings: no triangulation needed.
fn fan_volume(boundaries: &Json, place: &dyn Fn(&Json) -> [f64; 3], o: [f64; 3]) -> f64 {
    let list = boundaries.as_array().unwrap();
    if list.first().is_none_or(Json::is_array) {
        return list.iter().map(|item| fan_volume(item, place, o)).sum();
    }
    let ring: Vec<[f64; 3]> = list
        .iter()
        .map(|index| {
            let p = place(index);
            [p[0] - o[0], p[1] - o[1], p[2] - o[2]]
        })
        .collect();
    let mut sum = 0.0;
    for i in 1..ring.len().saturating_sub(1) {
        let (a, b, c) = (ring[0], ring[i], ring[i + 1]);
        sum += a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0])
            + a[2] * (b[0] * c[1] - b[1] * c[0]);
    }
    sum / 6.0
}

fn indices(boundaries: &Json, visit: &mut dyn FnMut(&Json)) {
    match boundaries {
        Json::Array(list) => list.iter().for_each(|item| indices(item, visit)),
        index => visit(index),
    }
}

#[test]
fn real_files_keep_their_objects_boxes_and_volumes() {
    let Some(root) = data("city3d") else { return };
    let dump = std::env::var_os("ONEMAP_CITYJSON_DUMP");
    let mut solids = 0;
    let mut files = 0;
    for folder in ["cityjson_cjio", "cityjsonseq", "citygml4j_samples"] {
        let found = crate::survey(root.join(folder).to_str().unwrap()).unwrap();
        for source in found
            .sources
            .iter()
            .filter(|s| matches!(s.format, Format::CityJson | Format::CityJsonSeq))
        {
            let mut sink = CollectSink::default();
            let result = crate::read(source, &Options::default(), &mut sink);
            let name = source.path.file_name().unwrap().to_string_lossy().into_owned();
            if name == "3dbag_feature_x71.city.jsonl" {
                assert!(matches!(result, Err(Error::Unsupported { .. })), "it has no header");
                continue;
            }
            result.unwrap_or_else(|error| panic!("{error}"));
            files += 1;
            for note in &sink.notes {
                println!("{name}: {}", note.text);
            }
            for reject in &sink.rejects {
                println!("{name}: rejected {:?}: {}", reject.id, reject.reason);
            }
            assert!(sink.rejects.is_empty() || name == "composite_solid_with_material.json");
            let documents = raw(&source.path, source.gzipped);
            let header = &documents[0];
            let mut summary = BTreeMap::new();
            let mut expected = 0;
            for document in &documents {
                let objects = document["CityObjects"].as_object().unwrap();
                expected += objects.len();
                let number = |list: &Json, i: usize| list[i].as_f64();
                let place = |index: &Json| {
                    let at = &document["vertices"][index.as_u64().unwrap() as usize];
                    let (scale, shift) =
                        (&header["transform"]["scale"], &header["transform"]["translate"]);
                    std::array::from_fn(|i| {
                        number(at, i).unwrap() * number(scale, i).unwrap_or(1.0)
                            + number(shift, i).unwrap_or(0.0)
                    })
                };
                for (id, object) in objects {
                    if sink.rejects.iter().any(|reject| reject.id.as_ref() == Some(id)) {
                        continue;
                    }
                    let record = sink.record_of(id);
                    let mut levels = BTreeMap::new();
                    for geometry in object["geometry"].as_array().into_iter().flatten() {
                        let kind = geometry["type"].as_str().unwrap();
                        if !kind.contains("Solid") && !kind.contains("Surface") {
                            continue;
                        }
                        let level = match &geometry["lod"] {
                            Json::String(text) => text.clone(),
                            other => other.to_string(),
                        };
                        // Its scale is 0, so that nothing has an area.
                        if name == "noise_extension.city.jsonl" {
                            assert!(record.model.is_none());
                            continue;
                        }
                        let model = record.model.as_deref().unwrap();
                        let lod = model.lods.iter().find(|lod| lod.level == level).unwrap();
                        let mesh = &lod.mesh;
                        let single =
                            onemap_model::Model { materials: vec![], lods: vec![lod.clone()] };
                        let (low, high) = extent([&single].into_iter());
                        let (mut least, mut most) = ([f64::MAX; 3], [f64::MIN; 3]);
                        indices(&geometry["boundaries"], &mut |index| {
                            let p: [f64; 3] = place(index);
                            for i in 0..3 {
                                least[i] = least[i].min(p[i]);
                                most[i] = most[i].max(p[i]);
                            }
                        });
                        for i in 0..3 {
                            assert!(
                                (low[i] - least[i]).abs() < 1e-9
                                    && (high[i] - most[i]).abs() < 1e-9,
                                "{name} {id} {level}: {low:?} {least:?} {high:?} {most:?}"
                            );
                        }
                        let found = volume(mesh);
                        if kind.contains("Solid") {
                            let o = mesh.positions[0];
                            let wanted = fan_volume(&geometry["boundaries"], &place, o);
                            let apart = (found - wanted).abs();
                            assert!(
                                apart < 0.01 + 1e-4 * wanted.abs(),
                                "{name} {id} {level}: {found} for {wanted}"
                            );
                            solids += 1;
                        }
                        levels.insert(level, json!({"low": low, "high": high, "volume": found}));
                    }
                    summary.insert(
                        id.clone(),
                        json!({"type": sink.value(id, "type").as_ref().to_string(), "levels": levels}),
                    );
                }
            }
            assert_eq!(sink.records.len() + sink.rejects.len(), expected, "{name}");
            if let Some(folder) = &dump {
                let out = json!({"source": source.path, "objects": summary});
                let to = Path::new(folder).join(format!("{files}-{name}.dump"));
                std::fs::write(to, out.to_string()).unwrap();
            }
        }
    }
    println!("{files} files, {solids} solids");
    assert!(files >= 20 && solids > 300, "{files} {solids}");
}
