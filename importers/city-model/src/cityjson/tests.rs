use std::io::Write;

use onemap_model::{Surface, Wrap};

use super::*;
use crate::Format;
use crate::testing::{CollectSink, area, source, volume};

const CUBE: &str = "[[0,3,2,1]],[[4,5,6,7]],[[0,1,5,4]],[[1,2,6,5]],[[2,3,7,6]],[[3,0,4,7]]";
const CORNERS: &str = "[[0,0,0],[2,0,0],[2,2,0],[0,2,0],[0,0,2],[2,0,2],[2,2,2],[0,2,2]]";

fn import(text: &str, format: Format) -> Result<CollectSink, Error> {
    import_with(text, format, &Options::default())
}

fn import_with(text: &str, format: Format, options: &Options) -> Result<CollectSink, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.json");
    std::fs::File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
    let mut png = Vec::new();
    let image = image::RgbImage::from_pixel(2, 2, image::Rgb([9, 8, 7]));
    image.write_to(&mut std::io::Cursor::new(&mut png), image::ImageFormat::Png).unwrap();
    std::fs::write(folder.path().join("wall.png"), png).unwrap();
    let mut sink = CollectSink::default();
    read(&source(&path, format), options, &mut sink).map(|()| sink)
}

fn city(version: &str, objects: &str, more: &str) -> String {
    format!(
        r#"{{"type":"CityJSON","version":"{version}","CityObjects":{{{objects}}},"vertices":{CORNERS}{more}}}"#
    )
}

fn one(geometry: &str, more: &str) -> CollectSink {
    let object = format!(r#""a":{{"type":"Building","geometry":[{geometry}]}}"#);
    let sink = import(&city("2.0", &object, more), Format::CityJson).unwrap();
    assert!(sink.rejects.is_empty(), "{:?}", sink.rejects);
    sink
}

#[test]
fn an_object_keeps_attributes_family_and_levels() {
    let objects = format!(
        r#""a":{{"type":"Building","children":["b"],"address":[{{"city":"宿迁"}}],
            "attributes":{{"height":12.5,"floors":3,"name":"市政府","type":"x","big":18446744073709551615}},
            "geometry":[{{"type":"Solid","lod":"2.2","boundaries":[[{CUBE}]]}},
                        {{"type":"MultiSurface","lod":0,"boundaries":[[[0,3,2,1]]]}}]}},
           "b":{{"type":"BuildingPart","parents":["a"],"+noise":5}}"#
    );
    let more = r#","metadata":{"referenceSystem":"https://www.opengis.net/def/crs/EPSG/0/7415"},
        "transform":{"scale":[0.5,0.5,0.5],"translate":[100,200,10]}"#;
    let sink = import(&city("1.1", &objects, more), Format::CityJson).unwrap();
    let crs = sink.layers[0].crs.clone().unwrap();
    assert_eq!(onemap_crs::Crs::parse(&crs).unwrap().code(), Some("EPSG:7415"));
    let text = |text: &str| Value::Text(text.to_owned());
    for (id, field, value) in [
        ("a", "type", text("Building")),
        ("a", "children", Value::Json(r#"["b"]"#.to_owned())),
        ("a", "lod", text("2.2")),
        ("a", "cim_level", Value::Int(3)),
        ("a", "height", Value::Float(12.5)),
        ("a", "floors", Value::Int(3)),
        ("a", "name", text("市政府")),
        ("a", "type_", text("x")),
        ("a", "big", text("18446744073709551615")),
        ("a", "address", Value::Json(r#"[{"city":"宿迁"}]"#.to_owned())),
        ("b", "parent", text("a")),
        ("b", "lod", Value::Null),
        ("b", "cim_level", Value::Null),
        ("b", "+noise", Value::Int(5)),
    ] {
        assert_eq!(sink.value(id, field), value, "{id} {field}");
    }
    let model = sink.record_of("a").model.as_deref().unwrap();
    assert_eq!(model.lods.iter().map(|l| l.level.as_str()).collect::<Vec<_>>(), ["0", "2.2"]);
    let mesh = &model.finest().unwrap().mesh;
    assert!((volume(mesh) - 1.0).abs() < 1e-9 && (area(mesh) - 6.0).abs() < 1e-9);
    assert!(mesh.positions.iter().all(|p| p[0] >= 100.0 && p[1] >= 200.0 && p[2] >= 10.0));
    let part = sink.record_of("b");
    assert!(part.model.is_none() && part.geometry.is_none());
}

#[test]
fn all_kinds_of_solids_and_surfaces_are_read() {
    for (kind, boundaries, expected) in [
        ("MultiSurface", CUBE.to_owned(), 8.0),
        ("CompositeSurface", CUBE.to_owned(), 8.0),
        ("Solid", format!("[{CUBE}]"), 8.0),
        ("MultiSolid", format!("[[{CUBE}]],[[{CUBE}]]"), 16.0),
        ("CompositeSolid", format!("[[{CUBE}]]"), 8.0),
    ] {
        let sink =
            one(&format!(r#"{{"type":"{kind}","lod":"1","boundaries":[{boundaries}]}}"#), "");
        let model = sink.models().next().unwrap();
        assert!((volume(&model.lods[0].mesh) - expected).abs() < 1e-9, "{kind}");
    }
}

#[test]
fn semantics_and_materials_go_with_their_surfaces() {
    let sink = one(
        &format!(
            r#"{{"type":"Solid","lod":"2","boundaries":[[{CUBE}]],
            "semantics":{{"surfaces":[{{"type":"GroundSurface"}},{{"type":"RoofSurface"}},{{"type":"+Odd"}}],
                          "values":[[0,1,2,2,null,2]]}},
            "material":{{"winter":{{"values":[[null,1,0,0,null,9]]}},"summer":{{"value":1}}}}}}"#
        ),
        r#","appearance":{"materials":[{"diffuseColor":[1,0.5,0],"transparency":0.4},{"name":"grey"}],
            "default-theme-material":"winter"}"#,
    );
    let model = sink.models().next().unwrap();
    let mesh = &model.lods[0].mesh;
    let seen: Vec<_> = mesh.patches().map(|(p, t)| (p.surface, p.material, t.len())).collect();
    assert_eq!(
        model.materials.iter().map(|m| m.color).collect::<Vec<_>>(),
        [[204, 204, 204, 255], [255, 128, 0, 153]]
    );
    assert_eq!(
        seen,
        [
            (Surface::Ground, None, 2),
            (Surface::Roof, Some(0), 2),
            (Surface::Other, Some(1), 4),
            (Surface::Unknown, None, 2),
            (Surface::Other, None, 2),
        ]
    );
}

#[test]
fn textures_are_found_and_turned_upside_down_and_missing_ones_leave_the_colour() {
    let geometry = r#"{"type":"MultiSurface","lod":"2","boundaries":[[[0,1,5,4]],[[1,2,6,5]],[[2,3,7,6]]],
        "material":{"m":{"value":0}},
        "texture":{"t":{"values":[[[0,0,1,2,3]],[[1,0,1,2,3]],[[null]]]}}}"#;
    let sink = one(
        geometry,
        r#","appearance":{"materials":[{"diffuseColor":[1,0,0]}],
            "textures":[{"image":"wall.png","type":"PNG","wrapMode":"mirror"},{"image":"no.jpg"}],
            "vertices-texture":[[0,0],[1,0],[1,0.75],[0,0.75]]}"#,
    );
    let model = sink.models().next().unwrap();
    let mesh = &model.lods[0].mesh;
    let textured = model.materials[0].texture.as_ref().unwrap();
    assert_eq!((textured.wrap, sink.blobs.len()), (Wrap::Mirror, 1));
    for (at, uv) in [
        ([0.0, 0.0, 0.0], [0.0, 1.0]),
        ([2.0, 0.0, 0.0], [1.0, 1.0]),
        ([2.0, 0.0, 2.0], [1.0, 0.25]),
        ([0.0, 0.0, 2.0], [0.0, 0.25]),
    ] {
        let corner = mesh.positions.iter().position(|&p| p == at).unwrap();
        assert_eq!(mesh.uvs[corner], uv);
    }
    assert_eq!(mesh.patches.len(), 2, "the others are red");
    assert_eq!(model.materials[1].color, [255, 0, 0, 255]);
    assert!(sink.noted("'no.jpg' is missing"));
}

#[test]
fn templates_are_put_where_their_instances_stand() {
    let instance = r#"{"type":"GeometryInstance","template":0,"boundaries":[6],
        "transformationMatrix":[2,0,0,10, 0,2,0,0, 0,0,-2,0, 0,0,0,1]}"#;
    let more = format!(
        r#","geometry-templates":{{"templates":[{{"type":"Solid","lod":"3","boundaries":[[{CUBE}]]}}],
            "vertices-templates":{CORNERS}}}"#
    );
    let sink = one(instance, &more);
    assert_eq!(sink.value("a", "lod"), Value::Text("3".to_owned()));
    assert_eq!(sink.value("a", "cim_level"), Value::Int(4));
    let mesh = &sink.models().next().unwrap().lods[0].mesh;
    // Mirrored, it is still closed the right way.
    assert!((volume(mesh) - 64.0).abs() < 1e-9, "{}", volume(mesh));
    let low = mesh
        .positions
        .iter()
        .fold([f64::MAX; 3], |low, p| std::array::from_fn(|i| low[i].min(p[i])));
    assert_eq!(low, [12.0, 2.0, -2.0]);
}

#[test]
fn points_and_lines_are_geometry() {
    let sink = one(r#"{"type":"MultiLineString","lod":"0","boundaries":[[0,1,6],[2,3]]}"#, "");
    let shape = sink.record_of("a").geometry.clone().unwrap();
    assert_eq!((shape.ends.as_slice(), shape.z[2]), (&[3, 5][..], 2.0));
    let sink = one(r#"{"type":"MultiPoint","lod":"0","boundaries":[0,6]}"#, "");
    assert_eq!(sink.record_of("a").geometry.as_ref().unwrap().xy, [[0.0, 0.0], [2.0, 2.0]]);
}

#[test]
fn a_broken_object_is_rejected_and_the_others_stay() {
    for (object, words) in [
        (
            r#"{"type":"Building","geometry":[{"type":"MultiSurface","boundaries":[[[0,1,99]]]}]}"#,
            "vertex 99 of 8",
        ),
        (
            r#"{"type":"Building","geometry":[{"type":"MultiSurface","boundaries":[[[0,1,-2]]]}]}"#,
            "no vertex number",
        ),
        (
            r#"{"type":"Building","geometry":[{"type":"MultiSurface","boundaries":[[0,1,2]]}]}"#,
            "not nested",
        ),
        (
            r#"{"type":"Building","geometry":[{"type":"MultiSurface","boundaries":{"a":1}}]}"#,
            "no boundaries",
        ),
        (r#"{"type":"Building","geometry":[{"type":"Sphere","boundaries":[]}]}"#, "'Sphere'"),
        (r#"{"type":"Building","geometry":[7]}"#, "no type"),
        (
            r#"{"type":"Building","geometry":[{"type":"GeometryInstance","template":4,"boundaries":[0]}]}"#,
            "template 4 of 0",
        ),
        (r#"{"geometry":[]}"#, "no type"),
        ("[1,2]", "no city object"),
        ("null", "no city object"),
    ] {
        let objects = format!(
            r#""bad":{object},"good":{{"type":"Building","geometry":[{{"type":"Solid","lod":"1","boundaries":[[{CUBE}]]}}]}}"#
        );
        let sink = import(&city("2.0", &objects, ""), Format::CityJson).unwrap();
        assert_eq!((sink.records.len(), sink.rejects.len()), (1, 1), "{object}");
        assert!(sink.rejects[0].reason.contains(words), "{}", sink.rejects[0].reason);
        assert_eq!(sink.rejects[0].id.as_deref(), Some("bad"));
        assert!(sink.record_of("good").model.is_some());
    }
    let vertices = r#"{"type":"CityJSON","version":"2.0","vertices":[[0,0,0],[1,0,"x"],[1,1]],
        "CityObjects":{"a":{"type":"Road","geometry":[{"type":"MultiSurface","boundaries":[[[0,1,2]]]}]}}}"#;
    let sink = import(vertices, Format::CityJson).unwrap();
    assert!(sink.rejects[0].reason.contains("vertex 1 is no place"), "{:?}", sink.rejects);
}

#[test]
fn broken_files_end_in_clear_errors() {
    let whole = city("2.0", r#""a":{"type":"Building"}"#, "");
    let nested = |key: &str| format!(r#"{{"type":"CityJSON","{key}":{}"#, "[".repeat(100_000));
    for (text, words) in [
        (&whole[..whole.len() / 2], "cut off"),
        (&whole.replace("2.0", "0.9"), "version is '0.9'"),
        (&whole.replace("2.0", "3.0"), "version is '3.0'"),
        (&whole.replace("[0,0,0]", "[1e999,0,0]"), "number out of range"),
        (&whole.replace("[0,0,0]", "[NaN,0,0]"), "at line 1"),
        (r#"{"type":"CityJSON","version":"2.0"}"#, "no CityObjects"),
        (r#"{"type":"CityJSON","version":"2.0","vertices":"x"}"#, "a list of places"),
        (&nested("metadata"), "recursion limit"),
        (&nested("unknown"), "cut off"),
        ("", "cut off"),
        (&format!("{whole} x"), "trailing"),
    ] {
        let error = import(text, Format::CityJson).unwrap_err().to_string();
        assert!(error.contains(words), "{words}: {error}");
    }
}

#[test]
fn any_beginning_of_a_file_ends_in_an_error_and_no_panic() {
    let whole = city(
        "2.0",
        &format!(
            r#""a":{{"type":"Building","geometry":[{{"type":"Solid","lod":"1","boundaries":[[{CUBE}]]}}]}}"#
        ),
        "",
    );
    for end in 0..whole.len() {
        assert!(import(&whole[..end], Format::CityJson).is_err(), "{end}");
    }
}

#[test]
fn a_sequence_is_read_line_by_line_and_a_broken_line_rejected() {
    let header = format!(
        r#"{{"type":"CityJSON","version":"2.0","CityObjects":{{}},"vertices":[],
        "transform":{{"scale":[0.001,0.001,0.001],"translate":[10,20,30]}},
        "geometry-templates":{{"templates":[{{"type":"Solid","lod":"1","boundaries":[[{CUBE}]]}}],"vertices-templates":{CORNERS}}}}}"#
    )
    .replace('\n', " ");
    let feature = |id: &str, geometry: &str| {
        format!(
            r#"{{"type":"CityJSONFeature","id":"{id}","CityObjects":{{"{id}":{{"type":"Building","geometry":[{geometry}]}}}},"vertices":[[1000,2000,3000],[3000,2000,3000],[3000,4000,3000]]}}"#
        )
    };
    let text = [
        header,
        feature("a", r#"{"type":"MultiSurface","lod":"2","boundaries":[[[0,1,2]]]}"#),
        feature("b", r#"{"type":"GeometryInstance","template":0,"boundaries":[1]}"#),
        r#"{"type":"CityJSONFeature","id":"#.to_owned(),
        String::new(),
        r#"{"type":"Feature"}"#.to_owned(),
        feature("c", r#"{"type":"MultiSurface","lod":"2","boundaries":[[[0,1,3]]]}"#),
    ]
    .join("\n");
    // Also when the name promised a plain file.
    for format in [Format::CityJsonSeq, Format::CityJson] {
        let sink = import(&text, format).unwrap();
        assert_eq!((sink.records.len(), sink.rejects.len()), (2, 3), "{:?}", sink.rejects);
        assert!(sink.rejects[0].reason.contains("line 4"), "{:?}", sink.rejects[0]);
        assert!(sink.rejects[1].reason.contains("but Feature"), "{:?}", sink.rejects[1]);
        let first = &sink.record_of("a").model.as_ref().unwrap().lods[0].mesh;
        assert_eq!(first.positions[0], [11.0, 22.0, 33.0]);
        let second = &sink.record_of("b").model.as_ref().unwrap().lods[0].mesh;
        assert!((volume(second) - 8.0).abs() < 1e-9);
        assert!(second.positions.contains(&[13.0, 22.0, 33.0]));
    }
    let headless = text.split_once('\n').unwrap().1;
    let error = import(headless, Format::CityJsonSeq).unwrap_err().to_string();
    assert!(error.contains("first line"), "{error}");
}

#[test]
fn only_wanted_levels_are_kept() {
    let object = format!(
        r#""a":{{"type":"Building","geometry":[{{"type":"Solid","lod":"1.2","boundaries":[[{CUBE}]]}},{{"type":"Solid","lod":"2.2","boundaries":[[{CUBE}]]}}]}}"#
    );
    let options = Options { lods: vec!["1".to_owned()], ..Options::default() };
    let sink = import_with(&city("2.0", &object, ""), Format::CityJson, &options).unwrap();
    assert_eq!(sink.models().next().unwrap().lods.len(), 1);
    assert_eq!(sink.value("a", "lod"), Value::Text("1.2".to_owned()));
}
