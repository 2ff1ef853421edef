use onemap_crs::LocalFrame;
use onemap_model::Value;
use serde_json::json;

use super::*;
use crate::Format;
use crate::testing::{CollectSink, area, data, extent, source, volume};

const PLACE: Placement = Placement { lon: 24.95, lat: 60.17, height: 20.0, heading_degrees: 90.0 };

fn import(bytes: &[u8]) -> Result<CollectSink, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("house.glb");
    std::fs::write(&path, bytes).unwrap();
    let mut sink = CollectSink::default();
    let options = Options { place: Some(PLACE), ..Options::default() };
    read(&source(&path, Format::Gltf), &options, &mut sink).map(|()| sink)
}

/// A box from 0 to 2 in x and z and 0 to 3 in y, as floats and as short indices.
fn cube() -> Vec<u8> {
    let mut bin = Vec::new();
    for i in 0..8 {
        for x in
            [f32::from(i & 1 == 1) * 2.0, f32::from(i & 2 == 2) * 3.0, f32::from(i & 4 == 4) * 2.0]
        {
            bin.extend(x.to_le_bytes());
        }
    }
    for i in [
        0, 2, 1, 1, 2, 3, 4, 5, 6, 5, 7, 6, 0, 1, 4, 1, 5, 4, 2, 6, 3, 3, 6, 7, 0, 4, 2, 2, 4, 6,
        1, 3, 5, 3, 7, 5_u16,
    ] {
        bin.extend(i.to_le_bytes());
    }
    bin
}

fn document() -> Json {
    json!({
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [
            {"name": "root", "children": [1, 2, 3]},
            {"name": "楼", "mesh": 0, "translation": [10, 5, -20], "extras": {"floors": 3, "use": "住宅"}},
            {"name": "楼", "mesh": 0, "scale": [-1, 1, 2], "rotation": [0, 1, 0, 1]},
            {"name": "camera"}
        ],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1, "material": 0}]}],
        "materials": [{"pbrMetallicRoughness": {"baseColorFactor": [1, 0.2158605, 0, 0.5]}, "alphaMode": "BLEND"}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 8, "type": "VEC3"},
            {"bufferView": 1, "componentType": 5123, "count": 36, "type": "SCALAR"}
        ],
        "bufferViews": [
            {"buffer": 0, "byteLength": 96},
            {"buffer": 0, "byteOffset": 96, "byteLength": 72}
        ],
        "buffers": [{"byteLength": 168}]
    })
}

fn glb(json: &Json, bin: &[u8]) -> Vec<u8> {
    let mut text = json.to_string().into_bytes();
    text.resize(text.len().next_multiple_of(4), b' ');
    let mut out = b"glTF\x02\0\0\0".to_vec();
    out.extend((28 + text.len() as u32 + bin.len() as u32).to_le_bytes());
    out.extend((text.len() as u32).to_le_bytes());
    out.extend(b"JSON");
    out.extend(text);
    out.extend((bin.len() as u32).to_le_bytes());
    out.extend(b"BIN\0");
    out.extend(bin);
    out
}

/// Brings a record's model back to metres around its place.
fn local(sink: &CollectSink, id: &str) -> Model {
    let frame = LocalFrame::at([PLACE.lon, PLACE.lat, PLACE.height]);
    let mut model = sink.record_of(id).model.as_deref().unwrap().clone();
    let positions = &mut model.lods[0].mesh.positions;
    for at in positions {
        *at = frame.from_lonlat(*at);
    }
    model
}

#[test]
fn named_nodes_are_records_where_their_matrices_and_the_heading_put_them() {
    let sink = import(&glb(&document(), &cube())).unwrap();
    assert_eq!((sink.records.len(), sink.rejects.len()), (2, 0), "{:?}", sink.rejects);
    assert_eq!(sink.layers[0].crs.as_deref(), Some("EPSG:4979"));
    assert_eq!(sink.value("楼", "floors"), Value::Int(3));
    assert_eq!(sink.value("楼 (2)", "name"), Value::Text("楼".to_owned()));
    let model = local(&sink, "楼");
    assert_eq!(model.materials[0].color, [255, 128, 0, 128]);
    assert!((volume(&model.lods[0].mesh) - 12.0).abs() < 1e-6);
    // x 10 to 12, z -20 to -18 is 18 to 20 north; turned to the right north is east and east is south.
    let (low, high) = extent([&model].into_iter());
    for (found, wanted) in low.iter().chain(&high).zip([18.0, -12.0, 5.0, 20.0, -10.0, 8.0]) {
        assert!((found - wanted).abs() < 1e-6, "{low:?} {high:?}");
    }
    let mirrored = local(&sink, "楼 (2)");
    assert!((volume(&mirrored.lods[0].mesh) - 24.0).abs() < 1e-6, "mirrored, it is not inside out");
}

#[test]
fn a_scene_with_unnamed_nodes_is_one_record_and_text_files_carry_their_data() {
    let mut json = document();
    json["nodes"][1].as_object_mut().unwrap().remove("name");
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text: String = cube()
        .chunks(3)
        .flat_map(|three| {
            let bits = three.iter().fold(0_u32, |bits, &b| bits << 8 | u32::from(b));
            (0..4).rev().map(move |i| alphabet[(bits >> (6 * i) & 63) as usize] as char)
        })
        .collect();
    json["buffers"][0]["uri"] = format!("data:application/octet-stream;base64,{text}").into();
    let sink = import(json.to_string().as_bytes()).unwrap();
    assert_eq!(sink.records.len(), 1);
    assert!((volume(&local(&sink, "house").lods[0].mesh) - 36.0).abs() < 1e-6);
}

#[test]
fn images_transforms_and_instances_are_used() {
    let mut png = Vec::new();
    let image = image::RgbImage::from_pixel(2, 2, image::Rgb([9, 8, 7]));
    image.write_to(&mut std::io::Cursor::new(&mut png), image::ImageFormat::Png).unwrap();
    let mut bin = cube();
    for i in 0..8_u8 {
        bin.extend([i * 30, 255 - i * 30, 0, 0]);
    }
    for x in [0.0_f32, 0.0, 0.0, 100.0, 0.0, 0.0] {
        bin.extend(x.to_le_bytes());
    }
    bin.extend(&png);
    let mut json = document();
    json["bufferViews"] = json!([
        {"buffer": 0, "byteLength": 96},
        {"buffer": 0, "byteOffset": 96, "byteLength": 72},
        {"buffer": 0, "byteOffset": 168, "byteLength": 32, "byteStride": 4},
        {"buffer": 0, "byteOffset": 200, "byteLength": 24},
        {"buffer": 0, "byteOffset": 224, "byteLength": png.len()}
    ]);
    json["buffers"][0]["byteLength"] = bin.len().into();
    let accessors = json["accessors"].as_array_mut().unwrap();
    accessors.push(json!({"bufferView": 2, "componentType": 5121, "normalized": true, "count": 8, "type": "VEC2"}));
    accessors.push(json!({"bufferView": 3, "componentType": 5126, "count": 2, "type": "VEC3"}));
    json["meshes"][0]["primitives"][0]["attributes"]["TEXCOORD_0"] = 2.into();
    json["materials"][0] = json!({"pbrMetallicRoughness": {"baseColorTexture": {"index": 0,
        "extensions": {"KHR_texture_transform": {"offset": [0.5, 0], "scale": [2, 1]}}}}});
    json["textures"] = json!([{"source": 0, "sampler": 0}]);
    json["samplers"] = json!([{"wrapS": 33648}]);
    json["images"] = json!([{"bufferView": 4, "mimeType": "image/png"}]);
    json["nodes"] = json!([{"name": "trees", "mesh": 0,
        "extensions": {"EXT_mesh_gpu_instancing": {"attributes": {"TRANSLATION": 3}}}}]);
    let sink = import(&glb(&json, &bin)).unwrap();
    let model = local(&sink, "trees");
    let mesh = &model.lods[0].mesh;
    assert!((volume(mesh) - 24.0).abs() < 1e-5 && sink.blobs == [png]);
    let texture = model.materials[0].texture.as_ref().unwrap();
    assert_eq!(texture.wrap, onemap_model::Wrap::Mirror);
    assert!(mesh.uvs.contains(&[0.5, 1.0]) && mesh.uvs.len() == mesh.positions.len());
}

#[test]
fn broken_files_end_in_clear_errors_or_rejects() {
    let whole = glb(&document(), &cube());
    let changed = |change: &dyn Fn(&mut Json)| {
        let mut json = document();
        change(&mut json);
        import(&glb(&json, &cube()))
    };
    for (bytes, words) in [
        (&whole[..whole.len() - 10], "cut off"),
        (&whole[..30], "cut off"),
        (&whole[..10], "no JSON"),
        (b"glTF\x01\0\0\0", "version 1"),
        (b"{\"asset\":{\"version\":\"1.0\"}}", "version is 1.0"),
        (b"{\"asset\":", "damaged"),
    ] {
        let error = import(bytes).unwrap_err().to_string();
        assert!(error.contains(words), "{words}: {error}");
    }
    for (change, words) in [
        (
            &(|j: &mut Json| j["extensionsRequired"] = json!(["KHR_draco_mesh_compression"]))
                as &dyn Fn(&mut Json),
            "requires KHR_draco",
        ),
        (&|j: &mut Json| j["buffers"][0]["byteLength"] = 1000.into(), "168 of 1000"),
        (&|j: &mut Json| j["buffers"][0]["uri"] = "../x.bin".into(), "missing"),
        (&|j: &mut Json| j["nodes"][0]["children"] = json!([0]), "circles"),
        (
            &|j: &mut Json| j["meshes"][0]["primitives"][0]["mode"] = 0.into(),
            "points or lines only",
        ),
        (
            &|j: &mut Json| j["extensions"] = json!({"CESIUM_RTC": {"center": [1, 2, 3]}}),
            "earth-centred",
        ),
    ] {
        let error = changed(change).unwrap_err().to_string();
        assert!(error.contains(words), "{words}: {error}");
    }
    for (change, words) in [
        (
            &(|j: &mut Json| j["accessors"][0]["count"] = 9.into()) as &dyn Fn(&mut Json),
            "too short",
        ),
        (&|j: &mut Json| j["accessors"][0]["count"] = 4_000_000_000_u64.into(), "too many"),
        (&|j: &mut Json| j["accessors"][0]["count"] = 7.into(), "vertex that does not exist"),
        (&|j: &mut Json| j["accessors"][0]["componentType"] = 1.into(), "type 1"),
        (&|j: &mut Json| j["accessors"][0]["type"] = "VEC2".into(), "3 numbers"),
        (&|j: &mut Json| j["bufferViews"][1]["byteLength"] = 1_000_000.into(), "beyond its buffer"),
        (&|j: &mut Json| j["nodes"][1]["mesh"] = 5.into(), "mesh"),
        (&|j: &mut Json| j["nodes"][1]["children"] = json!([1]), "two places"),
        (&|j: &mut Json| j["nodes"][1]["children"] = json!([77]), "node 77"),
        (&|j: &mut Json| j["nodes"][1]["matrix"] = json!([1, 2]), "16 numbers"),
        (&|j: &mut Json| j["nodes"][1]["translation"] = json!([0, 6_378_137, 0]), "100 km"),
    ] {
        let sink = changed(change).unwrap();
        assert!(
            sink.rejects.iter().any(|r| r.reason.contains(words)),
            "{words}: {:?}",
            sink.rejects
        );
    }
    let nowhere = read(
        &source(std::path::Path::new("/nope.glb"), Format::Gltf),
        &Options::default(),
        &mut CollectSink::default(),
    );
    assert!(matches!(nowhere, Err(Error::Io { .. })));
}

#[test]
fn real_files_are_read_or_refused_with_a_reason() {
    let Some(root) = data("city3d/glb") else { return };
    let found = crate::survey(root.to_str().unwrap()).unwrap();
    assert_eq!(found.sources.len(), 2);
    for source in &found.sources {
        let mut sink = CollectSink::default();
        let error = crate::read(source, &Options::default(), &mut sink).unwrap_err().to_string();
        assert!(error.contains("--place"), "{error}");
        let options = Options { place: Some(PLACE), ..Options::default() };
        let result = crate::read(source, &options, &mut sink);
        if source.stem == "0" {
            // A point cloud packed by meshopt.
            assert!(result.unwrap_err().to_string().contains("points or lines only"));
            continue;
        }
        result.unwrap();
        let model = sink.models().next().unwrap();
        let mesh = &model.lods[0].mesh;
        println!(
            "{} records, {} triangles, area {}",
            sink.records.len(),
            mesh.triangles.len(),
            area(mesh)
        );
        assert_eq!((mesh.triangles.len(), sink.blobs.len()), (36858 / 3, 1));
        assert!(model.materials[0].texture.is_some() && mesh.normals.len() == mesh.positions.len());
    }
}
