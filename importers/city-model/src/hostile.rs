//! Whatever bytes come: the readers end, with an error or with records that are well-formed, and polygons keep their
//! area.

use proptest::prelude::*;

use onemap_model::Surface;

use crate::build::ModelBuilder;
use crate::testing::{CollectSink, area, source};
use crate::{Format, Options, Placement};

const CITY: &str = r#"{"type":"CityJSON","version":"2.0","transform":{"scale":[0.1,0.1,0.1],"translate":[5,6,7]},
"metadata":{"referenceSystem":"https://www.opengis.net/def/crs/EPSG/0/7415"},"vertices":[[0,0,0],[2,0,0],[2,2,0],[0,2,0],[0,0,2]],
"appearance":{"materials":[{"diffuseColor":[1,0,0]}],"textures":[{"image":"a.png"}],"vertices-texture":[[0,0],[1,0],[1,1]]},
"geometry-templates":{"templates":[{"type":"MultiSurface","lod":"1","boundaries":[[[0,1,2]]]}],"vertices-templates":[[0,0,0],[1,0,0],[0,1,0]]},
"CityObjects":{"a":{"type":"Building","attributes":{"h":1.5},"children":["b"],"geometry":[{"type":"Solid","lod":"2.2",
"boundaries":[[[[0,1,2,3]],[[0,1,4]],[[1,2,4]]]],"semantics":{"surfaces":[{"type":"RoofSurface"}],"values":[[0,null,0]]},
"material":{"x":{"values":[[0,0,null]]}},"texture":{"x":{"values":[[[[null]],[[0,0,1,2]],[[null]]]]}}}]},
"b":{"type":"BuildingPart","parents":["a"],"geometry":[{"type":"GeometryInstance","template":0,"boundaries":[4],
"transformationMatrix":[1,0,0,0,0,1,0,0,0,0,1,0,0,0,0,1]},{"type":"MultiLineString","lod":0,"boundaries":[[0,1]]}]}}}"#;

const OBJ: &str = "mtllib a.mtl\nv 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvn 0 0 1\no a\nusemtl b\nf 1/1/1 2/2/1 3/1/1 4//1\ng b\nf -1 -2 -3\nl 1 2\n";

const GLTF: &str = r#"{"asset":{"version":"2.0"},"scene":0,"scenes":[{"nodes":[0]}],"nodes":[{"name":"n","children":[1]},{"name":"m","mesh":0,
"rotation":[0,1,0,0],"scale":[1,2,3]}],"meshes":[{"primitives":[{"attributes":{"POSITION":0,"NORMAL":0,"TEXCOORD_0":2},"indices":1,"material":0,"mode":5}]}],
"materials":[{"pbrMetallicRoughness":{"baseColorTexture":{"index":0}}}],"textures":[{"source":0}],"images":[{"uri":"data:image/png;base64,AAAA"}],
"accessors":[{"bufferView":0,"componentType":5126,"count":4,"type":"VEC3","sparse":{"count":1,"indices":{"bufferView":1,"componentType":5121},"values":{"bufferView":0}}},
{"bufferView":1,"componentType":5121,"count":4,"type":"SCALAR"},{"bufferView":0,"componentType":5121,"normalized":true,"count":4,"type":"VEC2","byteOffset":4}],
"bufferViews":[{"buffer":0,"byteLength":48},{"buffer":0,"byteOffset":48,"byteLength":4}],"buffers":[{"byteLength":52,
"uri":"data:;base64,AAAAAAAAAAAAAAAAAACAPwAAAAAAAAAAAAAAAAAAgD8AAAAAAACAPwAAgD8AAAAAAAECAw=="}]}"#;

/// Replaces, removes and doubles pieces.
fn damaged(whole: &str, changes: &[(usize, u8, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = whole.as_bytes().to_vec();
    for (at, how, with) in changes {
        let at = at % bytes.len().max(1);
        let end = (at + with.len()).min(bytes.len());
        match how % 4 {
            0 => drop(bytes.splice(at..end, with.iter().copied())),
            1 => drop(bytes.drain(at..end)),
            2 => drop(bytes.splice(at..at, with.iter().copied())),
            // A number in place of whatever stands there keeps texts readable and makes them wrong.
            _ => {
                let digit = bytes.iter().skip(at).position(u8::is_ascii_digit);
                if let Some(found) = digit.and_then(|i| bytes.get_mut(at + i)) {
                    *found = b'0' + with.first().copied().unwrap_or(9) % 10;
                }
            }
        }
    }
    bytes
}

fn import(bytes: &[u8], format: Format) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.bin");
    std::fs::write(&path, bytes).unwrap();
    let options = Options {
        place: Some(Placement { lon: 118.0, lat: 34.0, height: 0.0, heading_degrees: 30.0 }),
        ..Options::default()
    };
    // The sink asserts that what it gets is well-formed.
    let _ = crate::read(&source(&path, format), &options, &mut CollectSink::default());
}

#[test]
fn the_samples_are_read_as_they_stand() {
    for (text, format) in [(CITY, Format::CityJson), (OBJ, Format::Obj), (GLTF, Format::Gltf)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bin");
        std::fs::write(&path, text).unwrap();
        let place = Placement { lon: 118.0, lat: 34.0, height: 0.0, heading_degrees: 30.0 };
        let options = Options { place: Some(place), ..Options::default() };
        let mut sink = CollectSink::default();
        crate::read(&source(&path, format), &options, &mut sink).unwrap();
        assert!(sink.rejects.is_empty() && sink.models().count() > 0, "{format}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_damage_makes_a_reader_panic(
        changes in prop::collection::vec((any::<usize>(), any::<u8>(), prop::collection::vec(any::<u8>(), 0..6)), 1..8)
    ) {
        for (text, format) in
            [(CITY, Format::CityJson), (CITY, Format::CityJsonSeq), (OBJ, Format::Obj), (GLTF, Format::Gltf)]
        {
            let text = if format == Format::CityJsonSeq { text.replace('\n', "") } else { text.to_owned() };
            import(&damaged(&text, &changes), format);
        }
    }

    /// A star around a hole, turned anyhow in space, far away.
    #[test]
    fn a_polygon_keeps_its_area(
        radii in prop::collection::vec(5.0_f64..50.0, 3..40),
        (yaw, pitch) in (0.0_f64..6.3, 0.0_f64..6.3),
        far in 0.0_f64..4e6,
    ) {
        let place = |r: f64, angle: f64| {
            let (x, y) = (r * angle.cos(), r * angle.sin());
            let (y, z) = (y * pitch.cos(), y * pitch.sin());
            [x * yaw.cos() - y * yaw.sin() + far, x * yaw.sin() + y * yaw.cos() - far, z + 100.0]
        };
        let n = radii.len();
        let angle = |i: usize| i as f64 / n as f64 * std::f64::consts::TAU;
        let outer: Vec<_> = radii.iter().enumerate().map(|(i, &r)| place(r, angle(i))).collect();
        // Within every side of the star: the chord of two radii of 5 is at least 2.5 away for a triangle.
        let hole: Vec<_> = (0..5).rev().map(|i| place(1.0, i as f64 * 1.2)).collect();
        let triangle = |r: f64, s: f64, turn: f64| 0.5 * r * s * turn.sin();
        let whole: f64 = (0..n).map(|i| triangle(radii[i], radii[(i + 1) % n], angle(1))).sum();
        let taken = 4.0 * triangle(1.0, 1.0, 1.2) + triangle(1.0, 1.0, std::f64::consts::TAU - 4.8);
        let mut build = ModelBuilder::default();
        build.polygon("1", Surface::Roof, None, &[outer, hole], None).unwrap();
        let model = build.finish().unwrap();
        let found = area(&model.lods[0].mesh);
        prop_assert!((found - (whole - taken)).abs() < 1e-5 * whole, "{found} for {}", whole - taken);
    }
}
