//! 3D tiles, judged by the glTF validator, our own rules and three clients' loaders.

#![allow(clippy::unwrap_used, reason = "a test that can not set up has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use onemap_tests::{Onemap, Server, root, test_data};
use serde_json::{Value, json};

fn sample(name: &str) -> PathBuf {
    root().join("data-samples/city").join(name)
}

/// A server over the sample city's buildings, through their years.
fn buildings() -> (Onemap, Server) {
    let onemap = Onemap::new();
    let times = ["--valid-from", "year_built", "--valid-to", "year_demolished"];
    let args = [&["--layer", "buildings", "--id-field", "id", "--state", "state"][..], &times];
    let _ = onemap.import(&sample("buildings.fgb"), &args.concat()).expect_code(0);
    let server = Server::start(&onemap);
    (onemap, server)
}

/// Runs a judge over a tileset; fails on any complaint.
fn judge(script: &str, server: &Server, path: &str, options: &[&str]) -> Value {
    let output = Command::new("node")
        .arg(root().join("tests/judges").join(script))
        .arg(format!("{}{path}", server.url))
        .args(options)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let said: Value = serde_json::from_str(text.trim()).unwrap_or_else(|error| {
        panic!("{script}: {error}: {text}\n{}", String::from_utf8_lossy(&output.stderr))
    });
    for complaints in ["errors", "warnings"] {
        let list = said.get(complaints).and_then(Value::as_array);
        assert!(list.is_none_or(Vec::is_empty), "{script} {path}: {:#}", said[complaints]);
    }
    said
}

/// Contents of a layer by the address of their node, with what names their version.
fn contents(server: &Server, path: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![path.to_owned()];
    while let Some(path) = waiting.pop() {
        let folder = path.split('?').next().unwrap().rsplit_once('/').unwrap().0.to_owned();
        let answer = server.get(&path);
        assert_eq!(answer.status, 200, "{path}");
        let mut tiles = vec![answer.json()["root"].clone()];
        while let Some(tile) = tiles.pop() {
            tiles.extend(tile["children"].as_array().into_iter().flatten().cloned());
            let Some(uri) = tile["content"]["uri"].as_str() else { continue };
            let mut parts: Vec<&str> = folder.split('/').collect();
            for part in uri.split('/') {
                if part == ".." { parts.truncate(parts.len() - 1) } else { parts.push(part) }
            }
            let address = parts.join("/");
            // Contents have versions, tilesets have not.
            if let Some((node, version)) = address.split_once("v=") {
                found.insert(node.trim_end_matches(['?', '&']).to_owned(), version.to_owned());
            } else {
                waiting.push(address);
            }
        }
    }
    found
}

#[test]
fn every_tile_is_valid_and_three_clients_read_all_of_them() {
    let (_onemap, server) = buildings();
    let path = "/3dtiles/buildings/tileset.json?datetime=2015-06-01";
    let said = judge("tiles3d.mjs", &server, path, &["--ids"]);
    let ids: BTreeSet<u64> =
        said["ids"].as_array().unwrap().iter().map(|id| id.as_u64().unwrap()).collect();
    assert!(ids.len() > 10_000, "{}", ids.len());
    assert!(said["largest"].as_u64().unwrap() < 1_500_000, "{said}");
    // The same features as the flat tiles have.
    let flat = server.get("/tiles/buildings?datetime=2015-06-01");
    assert_eq!(flat.status, 200);
    let some = *ids.iter().nth(ids.len() / 2).unwrap();
    let feature = server.get(&format!("/features/buildings/{some}?datetime=2015-06-01"));
    assert_eq!(feature.json()["id"], some);
    let renderer = judge("renderer3d.mjs", &server, path, &[]);
    assert_eq!(renderer["features"].as_u64().unwrap() as usize, ids.len());
    let loaders = judge("loaders3d.mjs", &server, path, &[]);
    assert_eq!(loaders["contents"], said["contents"]);
    let names = loaders["names"].as_array().unwrap();
    assert!(names.contains(&json!("height")) && names.contains(&json!("id")), "{names:?}");
}

/// Shows a tileset in a browser; what is clicked must be what the server says of the feature of this id.
fn show(server: &Server, layer: &str, query: &str) -> Value {
    // Pictures of all views are kept, to be looked at.
    let shots = root().join("target/judges/shots").join(layer).display().to_string();
    let path = format!("/3dtiles/{layer}/tileset.json{query}");
    let said = judge("cesium.mjs", server, &path, &["--shots", &shots]);
    let picks = said["picks"].as_array().unwrap();
    for pick in picks {
        let feature = server.get(&format!("/features/{layer}/{}{query}", pick["id"]));
        assert_eq!(feature.status, 200, "{pick}");
        let feature = feature.json();
        // Names of letters are the same in 3D tiles; `id` is the feature's own there.
        let plain = |name: &String| name.bytes().all(|b| b.is_ascii_alphanumeric()) && name != "id";
        for (name, value) in pick.as_object().unwrap().iter().filter(|(name, _)| plain(name)) {
            let known = &feature["properties"][name];
            let close =
                known.as_f64().zip(value.as_f64()).is_some_and(|(a, b)| (a - b).abs() < 1e-3);
            assert!(close || known == value, "{name} of {pick} is {known}");
        }
    }
    said
}

#[test]
fn cesium_shows_the_city_from_orbit_to_the_door_and_a_click_names_the_building() {
    let (_onemap, server) = buildings();
    let said = show(&server, "buildings", "?datetime=2015-06-01");
    assert_eq!(said["views"].as_array().unwrap().len(), 10);
    assert!(said["picks"].as_array().unwrap().len() > 5, "{said:#}");
    // From far away a city costs little.
    assert!(said["views"][0]["bytes"].as_u64().unwrap() < 100_000, "{:#}", said["views"]);
}

#[test]
fn textured_landmarks_and_trees_are_valid_and_answer_a_click() {
    let onemap = Onemap::new();
    for (file, layer) in [("landmarks.city.json", "landmarks"), ("trees.geojsonl", "trees")] {
        let _ = onemap.import(&sample(file), &["--layer", layer]).expect_code(0);
    }
    let _ = onemap.run(&["set", "trees", "symbol=tree", "height=height"]).expect_code(0);
    let server = Server::start(&onemap);
    for layer in ["landmarks", "trees"] {
        let path = format!("/3dtiles/{layer}/tileset.json");
        let said = judge("tiles3d.mjs", &server, &path, &[]);
        let loaders = judge("loaders3d.mjs", &server, &path, &[]);
        assert_eq!(loaders["contents"], said["contents"]);
        let shown = show(&server, layer, "");
        assert!(!shown["picks"].as_array().unwrap().is_empty(), "{shown:#}");
    }
}

#[test]
fn the_implicit_tileset_shows_the_same_features_and_three_clients_read_it() {
    let (_onemap, server) = buildings();
    let query = "?datetime=2015-06-01";
    let explicit = judge(
        "tiles3d.mjs",
        &server,
        &format!("/3dtiles/buildings/tileset.json{query}"),
        &["--ids"],
    );
    let path = format!("/3dtiles/buildings/implicit/tileset.json{query}");
    let implicit = judge("tiles3d.mjs", &server, &path, &["--ids"]);
    assert_eq!(implicit["ids"], explicit["ids"]);
    let loaders = judge("loaders3d.mjs", &server, &path, &[]);
    assert_eq!(loaders["contents"], implicit["contents"]);
    let renderer = judge("renderer3d.mjs", &server, &path, &[]);
    assert_eq!(
        renderer["features"].as_u64(),
        implicit["ids"].as_array().map(|ids| ids.len() as u64)
    );
    // The root is as large as a cell has to be, so that views by its size are from far away.
    let cesium = judge("cesium.mjs", &server, &path, &["--at", "118.284,33.966"]);
    assert!(cesium["picks"].as_array().unwrap().len() > 3, "{cesium:#}");
}

#[test]
fn a_folder_of_3d_tiles_is_the_same_with_one_thread_and_with_many() {
    let onemap = Onemap::new();
    let args = ["--layer", "buildings", "--id-field", "id"];
    let _ = onemap.import(&sample("buildings.fgb"), &args).expect_code(0);
    let folder = |threads: &str| {
        let path = onemap.data().join(format!("with-{threads}.3dtiles"));
        let output = path.display().to_string();
        let _ = onemap
            .run(&["export", "buildings", "-o", &output, "--threads", threads])
            .expect_code(0);
        let mut files: Vec<(PathBuf, Vec<u8>)> = onemap_tests::files_under(&path)
            .into_iter()
            .map(|file| {
                let bytes = std::fs::read(&file).unwrap();
                (file.strip_prefix(&path).unwrap().to_owned(), bytes)
            })
            .collect();
        files.sort();
        files
    };
    let (one, many) = (folder("1"), folder("5"));
    assert!(one.len() > 20 && one == many);
}

/// Every file of city models and tilesets is imported, or refused with a reason.
#[test]
fn every_shared_file_in_3d_is_imported_or_refused_with_a_reason() {
    let Some(data) = test_data("every_shared_file_in_3d") else { return };
    let folder = data.join("city3d");
    // Code lists belong to the models beside them, terrain is another matter.
    let other = ["slpk", "osgb", "codelists", "quantized_mesh"];
    let mut sources: Vec<PathBuf> = Vec::new();
    let mut folders = vec![folder.clone()];
    while let Some(folder) = folders.pop() {
        if folder.join("tileset.json").exists() {
            sources.push(folder);
            continue;
        }
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let end = path.extension().map(|end| end.to_string_lossy().to_lowercase());
            let end = end.unwrap_or_default();
            let text = path.to_string_lossy().to_lowercase();
            if other.iter().any(|other| text.contains(other)) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if ["json", "jsonl", "gml", "xml", "obj", "glb", "gltf", "zip", "gz"]
                .contains(&end.as_str())
            {
                sources.push(path);
            }
        }
    }
    sources.sort();
    assert!(sources.len() > 30, "{}", sources.len());
    let (mut imported, mut refused) = (0, Vec::new());
    for source in &sources {
        let onemap = Onemap::new();
        let name = source.strip_prefix(&folder).unwrap().display().to_string();
        let has_place = !["obj", "glb", "gltf"].iter().any(|end| name.ends_with(end));
        let place: &[&str] = match has_place {
            true if source.is_dir() => &[],
            true => &["--heights", "ellipsoidal"],
            false => &["--place", "118.28,33.96"],
        };
        let mut done = onemap.import(source, &[&["--layer", "x"], place].concat());
        if done.stderr.contains("states no coordinate system") {
            // What is asked for is given.
            let crs = ["--layer", "x", "--crs", "EPSG:28992", "--heights", "ellipsoidal"];
            done = onemap.import(source, &crs);
        }
        match done.code {
            Some(0 | 3) => imported += 1,
            Some(1) => {
                let why = done.stderr.lines().last().unwrap_or_default().to_owned();
                assert!(why.starts_with("error: ") && why.len() > 30, "{name}: {}", done.stderr);
                refused.push(format!("{name}: {why}"));
            }
            other => panic!("{name}: {other:?}: {}", done.stderr),
        }
    }
    println!("{imported} imported, refused:\n{}", refused.join("\n"));
    // What was broken on purpose is mostly refused; of the others few are.
    let whole = refused.iter().filter(|why| !why.starts_with("3dtiles_broken")).count();
    assert!(imported > 5 * whole, "{imported}, {refused:#?}");
}

#[test]
fn plain_filtered_and_chosen_contents_are_valid_too() {
    let (_onemap, server) = buildings();
    let path = "/3dtiles/buildings/tileset.json?datetime=2015-06-01&enc=plain&properties=use&filter=height%20%3E%2040";
    let said = judge("tiles3d.mjs", &server, path, &["--ids"]);
    let few = said["ids"].as_array().unwrap().len();
    assert!((10..5_000).contains(&few), "{few}");
    assert!(said["messages"].get("KHR_mesh_quantization").is_none());
    let loaders = judge("loaders3d.mjs", &server, path, &[]);
    assert_eq!(loaders["names"], json!(["id", "use"]));
}

#[test]
fn the_city_of_another_day_is_another_city_and_days_without_change_share_their_tiles() {
    let (_onemap, server) = buildings();
    let at =
        |day: &str| contents(&server, &format!("/3dtiles/buildings/tileset.json?datetime={day}"));
    let (early, late) = (at("2001-06-01"), at("2020-06-01"));
    assert_ne!(early, late);
    // Years are when something changes in this city.
    assert_eq!(at("2015-03-01"), at("2015-11-30"));
    let before =
        judge("tiles3d.mjs", &server, "/3dtiles/buildings/tileset.json?datetime=2001-06-01", &[]);
    let after =
        judge("tiles3d.mjs", &server, "/3dtiles/buildings/tileset.json?datetime=2020-06-01", &[]);
    assert!(before["ids"].as_u64() < after["ids"].as_u64());
}

#[test]
fn an_edit_changes_its_own_tile_and_those_above_and_taking_it_back_gives_the_same_bytes() {
    let (_onemap, server) = buildings();
    let path = "/3dtiles/buildings/tileset.json";
    let before = contents(&server, path);
    let bytes = |server: &Server, node: &str| server.get(node).body;
    let said = judge("tiles3d.mjs", &server, path, &["--ids"]);
    let id = said["ids"][100].as_u64().unwrap();
    let feature = server.get(&format!("/features/buildings/{id}"));
    let (tag, old) = (feature.header("etag").to_owned(), feature.json());
    let change = json!({ "properties": { "height": 321.5 } });
    let edit = |tag: &str, change: &Value| {
        let headers = [("if-match", tag), ("content-type", "application/merge-patch+json")];
        let done = server.send("PATCH", &format!("/features/buildings/{id}"), &headers, change);
        assert!(done.status < 300, "{}: {}", done.status, String::from_utf8_lossy(&done.body));
    };
    let old_bytes: BTreeMap<&String, Vec<u8>> =
        before.keys().map(|node| (node, bytes(&server, node))).collect();
    edit(&tag, &change);
    let after = contents(&server, path);
    let changed: BTreeSet<&String> = after
        .iter()
        .filter(|(node, version)| before.get(*node) != Some(version))
        .map(|(n, _)| n)
        .collect();
    assert!(!changed.is_empty() && changed.len() < 12, "{changed:?}");
    let deepest = changed.iter().max_by_key(|node| node.len()).unwrap();
    assert_ne!(old_bytes[deepest], bytes(&server, deepest));
    judge("tiles3d.mjs", &server, path, &[]);
    // And back.
    let tag = server.get(&format!("/features/buildings/{id}")).header("etag").to_owned();
    edit(&tag, &json!({ "properties": { "height": old["properties"]["height"] } }));
    for (node, old) in &old_bytes {
        assert!(*old == bytes(&server, node), "{node}");
    }
}

/// A store with two far towns of three sheds each: in the west one was built in 2010, in the east one in 2020.
fn two_towns() -> (Onemap, Server) {
    let onemap = Onemap::new();
    let shed = |id: u64, lon: f64, built: Option<&str>| {
        let [a, b] = [lon, lon + 1e-4];
        let ring = json!([[a, 33.9], [b, 33.9], [b, 33.9001], [a, 33.9001], [a, 33.9]]);
        json!({
            "type": "Feature",
            "geometry": { "type": "Polygon", "coordinates": [ring] },
            "properties": { "id": id, "height": 5 + id, "built": built },
        })
    };
    let sheds = [
        shed(2, 118.001, Some("2010-01-01")),
        shed(4, 119.001, Some("2020-01-01")),
        shed(1, 118.0, None),
        shed(5, 118.002, None),
        shed(3, 119.0, None),
        shed(6, 119.002, None),
    ];
    let path = onemap.data().with_file_name("sheds.geojson");
    let text = json!({ "type": "FeatureCollection", "features": sheds }).to_string();
    std::fs::write(&path, text).unwrap();
    let args = ["--layer", "sheds", "--id-field", "id", "--valid-from", "built"];
    let _ = onemap.import(&path, &args).expect_code(0);
    let server = Server::start(&onemap);
    (onemap, server)
}

#[test]
fn a_tile_keeps_its_address_from_its_own_last_change_to_its_next() {
    let (onemap, server) = two_towns();
    let at = |server: &Server, day: &str| {
        contents(server, &format!("/3dtiles/sheds/tileset.json?datetime={day}"))
    };
    let days = ["2005-06-01", "2012-06-01", "2015-06-01", "2022-06-01"];
    let [d2005, d2012, d2015, d2022] = days.map(|day| at(&server, day));
    assert_eq!(d2012.len(), 3, "{d2012:?}");
    assert_eq!(d2012, d2015);
    // Of three contents the town that did not change, and nothing else, is the same.
    let both = |one: &BTreeMap<String, String>, other: &BTreeMap<String, String>| {
        let same = one.iter().filter(|(address, version)| other.get(*address) == Some(version));
        same.map(|(address, version)| format!("{address}&v={version}")).collect::<Vec<String>>()
    };
    let (west, east) = (both(&d2012, &d2022), both(&d2005, &d2012));
    assert!(west.len() == 1 && west[0].contains("datetime=2010-01-01"), "{west:?}");
    // Before all changes is one time, too.
    assert!(east.len() == 1 && east[0].contains("datetime=0001-01-01"), "{east:?}");
    assert!(both(&d2005, &d2022).is_empty());
    let read = |server: &Server, address: &str| {
        let answer = server.get(address);
        assert_eq!(answer.status, 200, "{address}");
        assert!(answer.header("cache-control").contains("immutable"), "{address}");
        (answer.header("etag").to_owned(), answer.body)
    };
    let before: Vec<_> = [&west[0], &east[0]].map(|address| read(&server, address)).into();
    for day in days {
        judge("tiles3d.mjs", &server, &format!("/3dtiles/sheds/tileset.json?datetime={day}"), &[]);
    }
    drop(server);
    // A server that knows nothing but the address gives the same.
    let server = Server::start(&onemap);
    let again: Vec<_> = [&west[0], &east[0]].map(|address| read(&server, address)).into();
    assert!(before == again);
    // An edit in the east is none of the west's business, at no time.
    let change = json!({ "properties": { "height": 50 } });
    assert_eq!(server.send("PATCH", "/features/sheds/4", &[], &change).status, 200);
    let after = at(&server, "2022-06-01");
    assert_eq!(both(&d2022, &after), west);
    assert_eq!(both(&at(&server, "2012-06-01"), &after), west);
}

/// Opens the stream of changes.
fn listen(server: &Server, query: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let request = format!("GET /changes{query} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        assert!(reader.read_line(&mut line).unwrap() > 0, "no answer");
    }
    reader
}

/// Box of a cell of the quadtree, named in an address as `.../c/{z}/{x}/{y}.glb`.
fn cell_of(address: &str) -> [f64; 4] {
    let (_, cell) = address.split_once("/c/").unwrap();
    let numbers: Vec<f64> =
        cell.split(['/', '.']).take(3).map(|number| number.parse().unwrap()).collect();
    let side = 360.0 / numbers[0].exp2();
    let [west, south] = [numbers[1] * side - 180.0, numbers[2] * side / 2.0 - 90.0];
    [west, south, west + side, south + side / 2.0]
}

#[test]
fn open_viewers_hear_where_the_city_changed_and_find_its_tiles_by_that() {
    let (_onemap, server) = buildings();
    let path = "/3dtiles/buildings/tileset.json";
    let before = contents(&server, path);
    let change = json!({ "properties": { "height": 77.5 } });
    let said = judge("tiles3d.mjs", &server, path, &["--ids"]);
    let id = said["ids"][500].as_u64().unwrap();
    let mut events = listen(&server, "?layers=buildings");
    assert_eq!(
        server.send("PATCH", &format!("/features/buildings/{id}"), &[], &change).status,
        200
    );
    let mut line = String::new();
    while !line.starts_with("data: ") {
        line.clear();
        assert!(events.read_line(&mut line).unwrap() > 0, "the stream ended");
    }
    let told: Value = serde_json::from_str(line.trim_start_matches("data: ")).unwrap();
    assert_eq!((&told["layer"], &told["ids"]), (&json!("buildings"), &json!([id])));
    let bounds: Vec<f64> =
        told["bounds"].as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect();
    // The very next tileset names new contents where the event says, and no others.
    let after = contents(&server, path);
    let mut changed = 0;
    for (address, version) in &after {
        let [west, south, east, north] = cell_of(address);
        let meets = bounds[0] < east && bounds[2] > west && bounds[1] < north && bounds[3] > south;
        if before.get(address) != Some(version) {
            assert!(meets, "{address} is not where {bounds:?} changed");
            changed += 1;
        }
    }
    assert!(changed > 1 && changed < after.len() / 2, "{changed} of {}", after.len());
}

#[test]
fn a_crowd_is_served_once_for_all_or_told_to_come_back() {
    let (_onemap, server) = buildings();
    let ask = |paths: Vec<String>| -> Vec<(u16, String)> {
        let server = &server;
        std::thread::scope(|scope| {
            let asked: Vec<_> =
                paths.into_iter().map(|path| scope.spawn(move || server.get(&path))).collect();
            let answers = asked.into_iter().map(|asked| asked.join().unwrap());
            answers.map(|a| (a.status, a.header("retry-after").to_owned())).collect()
        })
    };
    let path = "/3dtiles/buildings/tileset.json?filter=height%20%3E%20";
    // The same for all: it is made once.
    for (status, _) in ask((0..200).map(|_| format!("{path}1.5")).collect()) {
        assert_eq!(status, 200);
    }
    // Another for each: some are served, the others are told to come back, nobody waits for all.
    let begun = Instant::now();
    let answers = ask((0..300).map(|i| format!("{path}{}.25", 10 + i)).collect());
    let served = answers.iter().filter(|(status, _)| *status == 200).count();
    for (status, again) in &answers {
        assert!(*status == 200 || (*status == 503 && again == "1"), "{status} {again}");
    }
    assert!(served > 0 && served < answers.len(), "{served} in {:?}", begun.elapsed());
    // What is there goes on to be served meanwhile and after.
    assert_eq!(server.get(&format!("{path}1.5")).status, 200);
}

#[test]
fn several_layers_are_one_tileset_and_wrong_addresses_say_so() {
    let onemap = Onemap::new();
    let args = ["--layer", "buildings", "--id-field", "id"];
    let _ = onemap.import(&sample("buildings.fgb"), &args).expect_code(0);
    let _ = onemap.import(&sample("green.geojson"), &["--layer", "green"]).expect_code(0);
    let _ = onemap
        .import(&sample("cameras.csv"), &["--layer", "cameras", "--crs", "EPSG:4527"])
        .expect_code(0);
    let server = Server::start(&onemap);
    let both = server.get("/3dtiles/buildings,green/tileset.json").json();
    assert_eq!(both["root"]["children"].as_array().unwrap().len(), 2);
    let uri = both["root"]["children"][0]["content"]["uri"].as_str().unwrap().to_owned();
    assert_eq!(uri, "../buildings/tileset.json");
    for (path, status) in [
        ("/3dtiles/nothing/tileset.json", 404),
        ("/3dtiles/cameras/tileset.json", 404),
        ("/3dtiles/buildings/c/14/x/1.glb", 400),
        ("/3dtiles/buildings/c/14/1/1.glb", 404),
        ("/3dtiles/buildings/c/99/1/1.glb", 404),
        ("/3dtiles/buildings/n/3/1/1.json", 404),
        ("/3dtiles/buildings/elsewhere.txt", 404),
        ("/3dtiles/buildings/tileset.json?enc=zip", 400),
        ("/3dtiles/buildings/tileset.json?filter=nonsense(", 400),
    ] {
        let answer = server.get(path);
        assert_eq!(answer.status, status, "{path}: {}", String::from_utf8_lossy(&answer.body));
        assert!(answer.header("content-type").contains("problem+json"), "{path}");
    }
    let first = server.get("/3dtiles/buildings/tileset.json");
    let again = server
        .get_with("/3dtiles/buildings/tileset.json", &[("if-none-match", first.header("etag"))]);
    assert_eq!(again.status, 304);
}

#[test]
fn tilesets_of_others_are_served_as_they_are() {
    let Some(data) = test_data("tilesets of others") else { return };
    let onemap = Onemap::new();
    for (folder, layer) in [
        ("3dtiles_1.0/TilesetWithRequestVolume", "volume"),
        ("3dtiles_1.1/SparseImplicitQuadtree", "implicit"),
    ] {
        let folder = data.join("city3d").join(folder);
        let _ = onemap.import(&folder, &["--layer", layer]).expect_code(0);
    }
    let server = Server::start(&onemap);
    let folder = data.join("city3d/3dtiles_1.0/TilesetWithRequestVolume");
    for name in ["tileset.json", "points.pnts", "city/lr.b3dm", "city/tileset.json"] {
        let answer = server.get(&format!("/3dtiles/volume/{name}"));
        assert_eq!(answer.status, 200, "{name}");
        assert_eq!(answer.body, std::fs::read(folder.join(name)).unwrap(), "{name}");
    }
    assert_eq!(server.get("/3dtiles/volume/../tileset.json").status, 404);
    assert_eq!(server.get("/3dtiles/volume/absent.b3dm").status, 404);
    let layer = server.get("/api/layers/volume").json();
    assert_eq!(layer["kind"], "tileset");
    assert!(layer["links"].as_array().unwrap().iter().any(|link| link["rel"] == "3dtiles"));
}
