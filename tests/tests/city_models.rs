//! City models as they are served, beside their sources: how many, where, how large, and the same from every format.

#![allow(clippy::unwrap_used, reason = "a test that can not set up has failed")]

use std::path::{Path, PathBuf};
use std::process::Command;

use onemap_tests::{Onemap, Server, files_under, root, test_data};
use serde_json::{Value, json};

/// Where models stand that know no place: longitude, latitude, height, heading.
const PLACE: [f64; 4] = [118.28, 33.96, 12.0, 30.0];

/// Files that can not be imported, with a part of the reason.
const REFUSED: [(&str, &str); 7] = [
    ("composite_solid_with_material.json", "more than 100 km across"),
    ("3dbag_feature_x71.city.jsonl", "its first line"),
    ("invalid_building_v3.gml", "more than 100 km across"),
    ("TestCaseOfInvalidFileNameGml.gml", "no known format"),
    ("0.glb", "points or lines only"),
    ("cube_1.obj", "more than 100 km from its origin"),
    ("cube_2.obj", "more than 100 km from its origin"),
];

/// The Python that has cjio and pyproj; otherwise says loudly that the test is skipped.
fn python(test: &str) -> Option<String> {
    let python = std::env::var("ONEMAP_JUDGE_PYTHON").unwrap_or_else(|_| "python3".into());
    let found = Command::new(&python).args(["-c", "import cjio, numpy, pyproj"]).output();
    if found.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    eprintln!(
        "\n******** SKIPPED: {test}: {python} has no cjio and pyproj: no judge (pip install -r tests/judges/requirements.txt) ********\n"
    );
    None
}

/// Runs the judge over layers and their sources; returns what it says of each.
fn judge(python: &str, jobs: &[Value], options: &[&str]) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jobs.json");
    std::fs::write(&file, Value::from(jobs).to_string()).unwrap();
    let output = Command::new(python)
        .arg(root().join("tests/judges/city_models.py"))
        .args(options)
        .arg(&file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// All files of city models below a folder, packed or not.
fn models(folder: &Path) -> Vec<PathBuf> {
    let mut found = files_under(folder);
    found.retain(|path| {
        let name = path.to_string_lossy().to_lowercase();
        let name = name.trim_end_matches(".gz");
        let other = ["codelists", "3dtiles", "quantized_mesh", "slpk", "osgb"];
        [".json", ".jsonl", ".gml", ".obj", ".glb"].iter().any(|end| name.ends_with(end))
            && !other.iter().any(|other| name.contains(other))
    });
    found
}

/// Imports a file as a layer, with what it asks for; returns the job for the judge, or why it was refused.
fn import(onemap: &Onemap, path: &Path, layer: &str) -> Result<Value, String> {
    let is_placeless = path.extension().is_some_and(|end| end == "obj" || end == "glb");
    let place = PLACE.map(|x| x.to_string()).join(",");
    let way: &[&str] =
        if is_placeless { &["--place", &place] } else { &["--heights", "ellipsoidal"] };
    let args = [&["--layer", layer], way].concat();
    let mut crs = Value::Null;
    let mut done = onemap.import(path, &args);
    let is_guessed = done.code == Some(0) && done.stdout.contains("(assumed)");
    if is_guessed || done.stderr.contains("states no coordinate system") {
        crs = json!("EPSG:28992");
        let more = ["--crs", "EPSG:28992", "--mode", if is_guessed { "replace" } else { "create" }];
        done = onemap.import(path, &[&args[..], &more].concat());
    }
    match done.code {
        Some(0 | 3) => {
            let layer = &done.json()["layers"][0];
            Ok(json!({
                "layer": layer["layer"],
                "source": path,
                "crs": crs,
                "place": is_placeless.then_some(PLACE),
                "count": layer["kept"],
                "rejected": layer["rejected"],
            }))
        }
        Some(1) => Err(done.stderr),
        other => panic!("{}: {other:?}: {}", path.display(), done.stderr),
    }
}

/// Names the jobs, by their files, and where their layers are served.
fn served(server: &Server, jobs: &mut [Value], folder: &Path) {
    for job in jobs {
        let layer = job["layer"].as_str().unwrap();
        job["url"] = json!(format!("{}/3dtiles/{layer}/tileset.json", server.url));
        let source = PathBuf::from(job["source"].as_str().unwrap());
        job["name"] = json!(source.strip_prefix(folder).unwrap_or(&source));
    }
}

fn sum(said: &[Value], what: &str) -> u64 {
    said.iter().map(|one| one[what].as_u64().unwrap()).sum()
}

fn most(said: &[Value], what: &str) -> f64 {
    said.iter().map(|one| one[what].as_f64().unwrap()).fold(0.0, f64::max)
}

#[test]
fn every_object_is_where_its_source_says_and_has_its_box_and_volume() {
    let test = "every_object_is_where_its_source_says_and_has_its_box_and_volume";
    let (Some(data), Some(python)) = (test_data(test), python(test)) else { return };
    let folder = data.join("city3d");
    let files = models(&folder);
    assert!(files.len() > 45, "only {} files", files.len());
    let onemap = Onemap::new();
    let (mut jobs, mut refused) = (Vec::new(), Vec::new());
    for (i, path) in files.iter().enumerate() {
        let name = path.file_name().unwrap().to_string_lossy();
        let expected = REFUSED.iter().find(|(file, _)| *file == name);
        match (import(&onemap, path, &format!("m{i}")), expected) {
            (Ok(job), None) => jobs.push(job),
            (Err(why), Some((_, reason))) => {
                assert!(why.starts_with("error: ") && why.contains(&*name), "{why}");
                assert!(why.contains(reason), "{name}: {why}");
                refused.push(name);
            }
            (Ok(_), Some(_)) => panic!("{name} was imported"),
            (Err(why), None) => panic!("{name}: {why}"),
        }
    }
    assert_eq!(refused.len(), REFUSED.len(), "{refused:?}");
    let server = Server::start(&onemap);
    served(&server, &mut jobs, &folder);
    let said = judge(&python, &jobs, &[]);
    assert_eq!(said.len(), jobs.len());
    for one in &said {
        println!("{one}");
    }
    let wrong: Vec<&Value> = said.iter().filter(|one| one["wrong"] != 0).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    println!(
        "{} files, {} objects with shapes, {} closed solids: boxes within {} mm, volumes within {} mm of surface, {} corners \
         within {} mm across and {} mm up",
        said.len(),
        sum(&said, "compared"),
        sum(&said, "closed"),
        most(&said, "box_mm"),
        most(&said, "volume_mm"),
        sum(&said, "corners"),
        most(&said, "across_mm"),
        most(&said, "up_mm"),
    );
    assert!(sum(&said, "closed") > 400 && sum(&said, "corners") > 20_000);
}

#[test]
fn the_same_buildings_in_citygml_3_cityjson_and_its_sequence_are_served_the_same() {
    let test = "the_same_buildings_in_citygml_3_cityjson_and_its_sequence_are_served_the_same";
    let (Some(data), Some(python)) = (test_data(test), python(test)) else { return };
    let folder = data.join("city3d/citygml4j_samples");
    let onemap = Onemap::new();
    let mut jobs = Vec::new();
    for file in [
        "lod2_buildings_v3.gml",
        "lod2_buildings_v2.json",
        "lod2_buildings_as_CityJSON_features.jsonl",
    ] {
        let args = [
            "--layer",
            &format!("m{}", jobs.len()),
            "--crs",
            "EPSG:3068",
            "--heights",
            "ellipsoidal",
        ];
        let done = onemap.import(&folder.join(file), &args).expect_code(0);
        jobs.push(
            json!({ "layer": done.json()["layers"][0]["layer"], "source": folder.join(file) }),
        );
    }
    let server = Server::start(&onemap);
    served(&server, &mut jobs, &folder);
    jobs[0]["fields"] = json!([
        "type",
        "parent",
        "children",
        "lod",
        "cim_level",
        "name",
        "description",
        "class",
        "roofType",
        "storeysAboveGround",
        "measuredHeight"
    ]);
    let said = judge(&python, &jobs, &["--same"]);
    println!("{}", said[0]);
    assert_eq!(said[0]["wrong"], 0, "{:#}", said[0]);
    assert_eq!(said[0]["objects"], 100);
    // Roofs, walls and grounds.
    assert_eq!(said[0]["surfaces"], 3);
}

/// What cjval calls valid is taken whole.
#[test]
fn what_cjval_finds_valid_is_imported_without_rejects() {
    let test = "what_cjval_finds_valid_is_imported_without_rejects";
    let Some(data) = test_data(test) else { return };
    if Command::new("cjval").arg("--version").output().is_err() {
        eprintln!(
            "\n******** SKIPPED: {test}: no cjval (cargo install cjval --features build-binary) ********\n"
        );
        return;
    }
    let onemap = Onemap::new();
    let mut valid = 0;
    for (i, path) in models(&data.join("city3d")).iter().enumerate() {
        let name = path.display().to_string();
        if path.extension().is_none_or(|end| end != "json") {
            continue;
        }
        let said = Command::new("cjval").arg("--summary").arg(path).output().unwrap();
        let is_valid = String::from_utf8_lossy(&said.stdout).contains("is valid");
        let done = import(&onemap, path, &format!("m{i}"));
        println!(
            "{name}: cjval: {is_valid}, {}",
            done.as_ref().map_or_else(String::clone, Value::to_string)
        );
        // Valid is not to be on the earth.
        if is_valid && !REFUSED.iter().any(|(file, _)| name.ends_with(file)) {
            valid += 1;
            assert_eq!(done.unwrap()["rejected"], 0, "{name}");
        }
    }
    assert!(valid > 5, "{valid}");
}
