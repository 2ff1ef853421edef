//! Broken city models and 3D tiles: an error that names the file and the object, or a reject; soon, and in little memory.

#![allow(clippy::unwrap_used, reason = "a test that can not set up has failed")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use onemap_tests::{Onemap, Outcome, files_under, test_data};
use rayon::prelude::*;

/// Longest that a broken file may take.
const LIMIT: Duration = Duration::from_secs(10);
/// Most memory that a broken file may cost, bytes.
const MEMORY: u64 = 1 << 30;

fn import(path: &Path) -> Outcome {
    let name = path.display().to_string();
    let is_placeless = [".obj", ".glb", ".gltf"].iter().any(|end| name.ends_with(end));
    let is_tileset = name.contains("tileset");
    let way: &[&str] = match () {
        () if is_placeless => &["--place", "118.28,33.96"],
        () if is_tileset => &[],
        () => &["--crs", "EPSG:28992", "--heights", "ellipsoidal"],
    };
    Onemap::new().run_within(&[&["--json", "import", &name][..], way].concat(), LIMIT)
}

/// What is wrong with the way an import ended.
fn complaint(path: &Path, outcome: &Outcome) -> Option<String> {
    let name = path.file_name().unwrap().to_string_lossy();
    let said = &outcome.stderr;
    if outcome.peak_memory > MEMORY {
        return Some(format!("{} MB of memory", outcome.peak_memory >> 20));
    }
    match outcome.code {
        _ if said.contains("panicked") => Some(format!("panicked: {said}")),
        None => Some(format!("killed after {:?} (hang, or a signal)", outcome.took)),
        Some(0 | 3) => None,
        Some(1) if said.starts_with("error: ") && said.contains(&*name) => None,
        Some(1) => Some(format!("no clear error that names the file: {said}")),
        Some(code) => Some(format!("exit code {code}: {said}")),
    }
}

fn judge_all(paths: &[PathBuf]) {
    let faults = Mutex::new(Vec::new());
    paths.par_iter().for_each(|path| {
        if let Some(fault) = complaint(path, &import(path)) {
            faults.lock().unwrap().push(format!("{}: {fault}", path.display()));
        }
    });
    let faults = faults.into_inner().unwrap();
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), paths.len(), faults.join("\n"));
}

#[test]
fn city_models_cut_off_anywhere_end_in_a_report_or_a_clear_error() {
    let Some(data) = test_data("city_models_cut_off_anywhere") else { return };
    let folder = tempfile::tempdir().unwrap();
    let city = data.join("city3d");
    let whole = [
        "cityjson_cjio/multi_lod.json",
        "cityjson_cjio/zurich/zurich_subset_lod2.json.gz",
        "cityjson_cjio/rotterdam/rotterdam_subset.json",
        "cityjsonseq/geom_temp.city.jsonl",
        "citygml4j_samples/lod2_buildings_v2.json",
        "citygml4j_samples/lod2_buildings_v3.gml",
        "citygml4j_samples/lod3_building_v2.gml.gz",
        "citygml4j_samples/test_ade_objects_v3.gml",
        "plateau_misc/yokosuka-shi/udx/bldg/52397519_bldg_6697_op.gml",
        "plateau_misc/yokosuka-shi/udx/dem/523965_dem_6697_05_op.gml",
        "obj_tower/MultiLODModel/tour_part_dieu_1.obj",
        "glb/0000000.glb",
    ];
    let mut cut = Vec::new();
    for (i, name) in whole.iter().enumerate() {
        let bytes = std::fs::read(city.join(name)).unwrap();
        // Also in the middle of what comes last.
        let ends =
            [0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99].map(|part| (bytes.len() as f64 * part) as usize);
        for (k, end) in ends.into_iter().chain([bytes.len() - 3]).enumerate() {
            let here = folder.path().join(format!("{i}-{k}"));
            std::fs::create_dir(&here).unwrap();
            let path = here.join(Path::new(name).file_name().unwrap());
            std::fs::write(&path, &bytes[..end]).unwrap();
            cut.push(path);
        }
    }
    judge_all(&cut);
}

#[test]
fn tilesets_with_missing_and_escaping_contents_are_refused_or_reported() {
    let Some(data) = test_data("tilesets_with_missing_and_escaping_contents") else { return };
    let broken = data.join("city3d/3dtiles_broken");
    let folder = tempfile::tempdir().unwrap();
    let mut cases = Vec::new();
    for path in files_under(&broken) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.extension().is_none_or(|end| end != "json") {
            continue;
        }
        // Each as the tileset of a folder of its own.
        let here = folder.path().join(name.trim_end_matches(".json"));
        std::fs::create_dir(&here).unwrap();
        for beside in files_under(&broken) {
            std::fs::copy(&beside, here.join(beside.file_name().unwrap())).unwrap();
        }
        std::fs::copy(&path, here.join("tileset.json")).unwrap();
        cases.push(here);
    }
    assert!(cases.len() > 5);
    judge_all(&cases);
    let said = |name: &str| {
        let outcome = import(&folder.path().join(name));
        (outcome.code, outcome.stderr + &outcome.stdout)
    };
    // Clients show what is above contents that are not there.
    let (_, text) = said("tileset-broken-root-content");
    assert!(text.contains("are missing (") && text.contains(".b3dm"), "{text}");
    let escaping = folder.path().join("tileset-escaping");
    std::fs::create_dir(&escaping).unwrap();
    let tileset = r#"{"asset":{"version":"1.0"},"geometricError":1,"root":{"boundingVolume":{"sphere":[0,0,0,1]},"refine":"ADD",
"geometricError":0,"content":{"uri":"../../../etc/passwd"}}}"#;
    std::fs::write(escaping.join("tileset.json"), tileset).unwrap();
    let (code, text) = said("tileset-escaping");
    assert!(code == Some(1) && text.contains("passwd"), "{code:?}: {text}");
}

/// A CityJSON file of a good cube and a bad thing, whose geometry and vertices are given.
fn cityjson(vertices: &str, bad: &str, more: &str) -> String {
    format!(
        r#"{{"type":"CityJSON","version":"2.0","transform":{{"scale":[0.001,0.001,0.001],"translate":[85000,446000,0]}},
"vertices":[[0,0,0],[9000,0,0],[9000,9000,0],[0,9000,0],[0,0,5000],[9000,0,5000],[9000,9000,5000],[0,9000,5000]{vertices}],
"CityObjects":{{"good":{{"type":"Building","geometry":[{{"type":"Solid","lod":"1","boundaries":[[[[0,3,2,1]],[[4,5,6,7]],[[0,1,5,4]],
[[1,2,6,5]],[[2,3,7,6]],[[3,0,4,7]]]]}}]}},"bad":{{"type":"Building","geometry":[{bad}]}}}}{more}}}"#
    )
}

fn citygml(top: &str, bad: &str) -> String {
    let polygon = |places: &str| {
        format!(
            "<gml:Polygon><gml:exterior><gml:LinearRing><gml:posList>{places}</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon>"
        )
    };
    let building = |id: &str, places: &str| {
        format!(
            "<core:cityObjectMember><bldg:Building gml:id=\"{id}\"><bldg:lod1MultiSurface><gml:MultiSurface><gml:surfaceMember>{}\
             </gml:surfaceMember></gml:MultiSurface></bldg:lod1MultiSurface></bldg:Building></core:cityObjectMember>",
            polygon(places)
        )
    };
    format!(
        "<?xml version=\"1.0\"?>{top}<core:CityModel xmlns:core=\"http://www.opengis.net/citygml/2.0\" \
         xmlns:bldg=\"http://www.opengis.net/citygml/building/2.0\" xmlns:gml=\"http://www.opengis.net/gml\" \
         xmlns:xlink=\"http://www.w3.org/1999/xlink\">{}{}</core:CityModel>",
        building("good", "85000 446000 0 85009 446000 0 85009 446009 0 85000 446000 0"),
        building("bad", bad)
    )
}

/// A glTF file of one triangle, with a piece of its JSON replaced.
fn gltf(old: &str, new: &str) -> String {
    let whole = r#"{"asset":{"version":"2.0"},"scene":0,"scenes":[{"nodes":[0]}],"nodes":[{"name":"bad","mesh":0}],
"meshes":[{"primitives":[{"attributes":{"POSITION":0},"indices":1}]}],
"accessors":[{"bufferView":0,"componentType":5126,"count":3,"type":"VEC3"},{"bufferView":1,"componentType":5121,"count":3,"type":"SCALAR"}],
"bufferViews":[{"buffer":0,"byteLength":36},{"buffer":0,"byteOffset":36,"byteLength":3}],"buffers":[{"byteLength":39,
"uri":"data:;base64,AAAAAAAAAAAAAAAAAACAPwAAAAAAAAAAAAAAAAAAgD8AAAAAAAEC"}]}"#;
    assert!(whole.contains(old), "{old}");
    whole.replace(old, new)
}

/// A PNG that claims sides of 60,000 pixels.
fn huge_picture() -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    bytes.extend([0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60, 8, 2, 0, 0, 0, 0x4e, 0x1e, 0x8b, 0x0d]);
    bytes.extend(b"\0\0\0\x04IDAT\0\0\0\0\0\0\0\0");
    bytes
}

/// What a case comes to: its exit code, and a text that must be in what is said.
struct Case {
    name: &'static str,
    content: String,
    code: i32,
    says: &'static [&'static str],
}

fn case(name: &'static str, content: String, code: i32, says: &'static [&'static str]) -> Case {
    Case { name, content, code, says }
}

const TRIANGLE: &str = r#"{"type":"MultiSurface","lod":"1","boundaries":[[[0,1,2]]]}"#;

fn cityjson_cases() -> Vec<Case> {
    let texture = |image: &str| {
        format!(
            r#","appearance":{{"textures":[{{"type":"PNG","image":"{image}"}}],"vertices-texture":[[0,0],[1,0],[1,1]]}}"#
        )
    };
    let textured = r#"{"type":"MultiSurface","lod":"1","boundaries":[[[0,1,2]]],"texture":{"t":{"values":[[[0,0,1,2]]]}}}"#;
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let mut bombs = String::new();
    for _ in 0..20_000 {
        bombs.push_str(r#"{"type":"GeometryInstance","template":0,"boundaries":[0],"transformationMatrix":[1,0,0,0,0,1,0,0,0,0,1,0,0,0,0,1]},"#);
    }
    let many = (0..2_000).fold(String::new(), |mut all, _| {
        let _ = write!(all, "[[0,1,2]],");
        all
    });
    let template = format!(
        r#","geometry-templates":{{"templates":[{{"type":"MultiSurface","lod":"1","boundaries":[{}]}}],"vertices-templates":[[0,0,0],[1,0,0],[0,1,0]]}}"#,
        many.trim_end_matches(',')
    );
    vec![
        case("range.json", cityjson("", &TRIANGLE.replace('2', "99"), ""), 3, &["bad", "99"]),
        case("negative.json", cityjson("", &TRIANGLE.replace('2', "-2"), ""), 3, &["bad"]),
        case("fraction.json", cityjson("", &TRIANGLE.replace('2', "1.5"), ""), 3, &["bad"]),
        case(
            "infinite.json",
            cityjson(",[1e999,0,0]", &TRIANGLE.replace('2', "8"), ""),
            1,
            &["infinite.json"],
        ),
        case("far.json", cityjson(",[1e300,0,0]", &TRIANGLE.replace('2', "8"), ""), 3, &["bad"]),
        case("nan.json", cityjson(",[NaN,0,0]", &TRIANGLE.replace('2', "8"), ""), 1, &["nan.json"]),
        case(
            "deep.json",
            cityjson("", &format!(r#"{{"type":"Solid","lod":"1","boundaries":{deep}}}"#), ""),
            1,
            &["deep.json"],
        ),
        case("absent.json", cityjson("", textured, &texture("nowhere.png")), 0, &["nowhere.png"]),
        case(
            "outside.json",
            cityjson("", textured, &texture("../../../../etc/passwd")),
            0,
            &["passwd"],
        ),
        case("huge.json", cityjson("", textured, &texture("huge.png")), 0, &["huge.png"]),
        case(
            "remote.json",
            cityjson("", textured, &texture("http://example.com/a.png")),
            0,
            &["example.com"],
        ),
        case(
            "bomb.json",
            cityjson("", bombs.trim_end_matches(','), &template),
            3,
            &["bad", "too many"],
        ),
        case(
            "template.json",
            cityjson(
                "",
                r#"{"type":"GeometryInstance","template":7,"boundaries":[0],"transformationMatrix":[1]}"#,
                "",
            ),
            3,
            &["bad", "template"],
        ),
    ]
}

fn citygml_cases() -> Vec<Case> {
    let ring = "85000 446000 0 85009 446000 0 85009 446009 0 85000 446000 0";
    let mut lol = "<!DOCTYPE x [<!ENTITY a \"lol\">".to_owned();
    for (one, ten) in "abcdefgh".chars().zip("bcdefghi".chars()) {
        let _ = write!(lol, "<!ENTITY {ten} \"{}\">", format!("&{one};").repeat(10));
    }
    lol.push_str("]>");
    let cycle = "</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></gml:surfaceMember><gml:surfaceMember>\
                 <gml:CompositeSurface gml:id=\"a\"><gml:surfaceMember xlink:href=\"#b\"/></gml:CompositeSurface></gml:surfaceMember>\
                 <gml:surfaceMember><gml:CompositeSurface gml:id=\"b\"><gml:surfaceMember xlink:href=\"#a\"/></gml:CompositeSurface>\
                 </gml:surfaceMember><gml:surfaceMember><gml:Polygon><gml:exterior><gml:LinearRing><gml:posList>";
    let depth = 100_000;
    let deep = format!("{}{}", "<gml:x>".repeat(depth), "</gml:x>".repeat(depth));
    vec![
        case(
            "doctype.gml",
            citygml("<!DOCTYPE x SYSTEM \"file:///etc/passwd\">", ring),
            1,
            &["doctype.gml", "DOCTYPE"],
        ),
        case("laughs.gml", citygml(&lol, "&i;"), 1, &["laughs.gml", "DOCTYPE"]),
        case("entity.gml", citygml("", "&xxe;"), 1, &["entity.gml"]),
        case("nan.gml", citygml("", &ring.replace("85009", "NaN")), 3, &["bad"]),
        case("inf.gml", citygml("", &ring.replace("85009", "INF")), 3, &["bad"]),
        case("words.gml", citygml("", &ring.replace("85009", "here")), 3, &["bad"]),
        case("odd.gml", citygml("", "85000 446000 0 85009 446000"), 3, &["bad"]),
        case("cycle.gml", citygml("", &format!("{ring}{cycle}{ring}")), 3, &["bad"]),
        case("deep.gml", citygml("", &deep), 1, &["deep.gml"]),
        case("open.gml", citygml("", ring).replace("</core:CityModel>", ""), 1, &["open.gml"]),
    ]
}

fn mesh_cases() -> Vec<Case> {
    let cube = "o bad\nv 0 0 0\nv 1 0 0\nv 1 1 0\n";
    vec![
        case("range.obj", format!("{cube}f 1 2 9\n"), 1, &["range.obj"]),
        case("nan.obj", format!("{cube}v nan 0 0\nf 1 2 4\n"), 1, &["nan.obj"]),
        case("zero.obj", format!("{cube}f 0 1 2\n"), 1, &["zero.obj"]),
        case("range.gltf", gltf("AAEC\"", "AAEJ\""), 1, &["range.gltf"]),
        case(
            "view.gltf",
            gltf(r#""count":3,"type":"VEC3""#, r#""count":4000000000,"type":"VEC3""#),
            1,
            &["view.gltf"],
        ),
        case(
            "buffer.gltf",
            gltf(r#""byteLength":39"#, r#""byteLength":3900000000"#),
            1,
            &["buffer.gltf"],
        ),
        case(
            "absent.gltf",
            gltf("data:;base64,AAAAAAAAAAAAAAAAAACAPwAAAAAAAAAAAAAAAAAAgD8AAAAAAAEC", "absent.bin"),
            1,
            &["absent.gltf", "absent.bin"],
        ),
        case(
            "nan.gltf",
            gltf("AACAPwAAAAAAAAAAAAAAAAAAgD8", "AADAfwAAAAAAAAAAAAAAAAAAgD8"),
            1,
            &["nan.gltf"],
        ),
        case(
            "cycle.gltf",
            gltf(r#""name":"bad","mesh":0"#, r#""name":"bad","mesh":0,"children":[0]"#),
            1,
            &["cycle.gltf"],
        ),
    ]
}

#[test]
fn hostile_models_are_refused_or_reported_by_file_and_object() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("huge.png"), huge_picture()).unwrap();
    let cases: Vec<Case> =
        cityjson_cases().into_iter().chain(citygml_cases()).chain(mesh_cases()).collect();
    let faults = Mutex::new(Vec::new());
    cases.par_iter().for_each(|case| {
        let path = folder.path().join(case.name);
        std::fs::write(&path, &case.content).unwrap();
        let outcome = import(&path);
        let said = format!("{}{}", outcome.stderr, outcome.stdout);
        let fault = complaint(&path, &outcome).or_else(|| {
            let missing = case.says.iter().find(|part| !said.contains(**part));
            let is_as_expected = outcome.code == Some(case.code) && missing.is_none();
            (!is_as_expected).then(|| {
                format!("{:?} and not {}, says {:?}: {said}", outcome.code, case.code, case.says)
            })
        });
        if let Some(fault) = fault {
            faults.lock().unwrap().push(format!("{}: {fault}", case.name));
        }
    });
    let faults = faults.into_inner().unwrap();
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), cases.len(), faults.join("\n\n"));
}
