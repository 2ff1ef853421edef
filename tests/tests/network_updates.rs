//! A survey package is compared with the network that is stored, looked at, and published as one revision.

#![allow(clippy::unwrap_used, reason = "a test that can not set up has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use onemap_tests::{Onemap, Server, root};
use serde_json::{Value, json};

const ARGS: [&str; 6] = ["--layer", "gas", "--crs", "EPSG:4527", "--accept", "--json"];

/// A table as it stands in its file, whatever its encoding: one character for each byte.
struct Table(Vec<Vec<String>>);

impl Table {
    fn read(name: &str) -> Self {
        let bytes = std::fs::read(root().join("data-samples/city").join(name)).unwrap();
        let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
        let rows = text.lines().map(|row| row.split(',').map(str::to_owned).collect());
        Self(rows.collect())
    }

    fn write(&self, path: &Path) {
        let rows: Vec<String> = self.0.iter().map(|row| row.join(",") + "\r\n").collect();
        let bytes: Vec<u8> = rows.concat().chars().map(|c| c as u8).collect();
        std::fs::write(path, bytes).unwrap();
    }

    fn row(&mut self, key: &[&str]) -> &mut Vec<String> {
        self.0.iter_mut().find(|row| row.iter().zip(key).all(|(a, b)| a == b)).unwrap()
    }
}

/// What was done to the gas survey of the sample city.
struct Package {
    folder: PathBuf,
    moved: String,
    /// Lines at the moved point.
    moved_lines: Vec<String>,
    /// A line that got another diameter, and its end points, which lie as deep as the lowest pipe does.
    wider: [String; 3],
    gone: String,
    added: String,
    /// New and old names of a point and its line.
    renamed: [[String; 2]; 2],
}

fn name(row: &[String]) -> String {
    format!("{}-{}", row[0], row[1])
}

/// Height of the centre at both ends of a line.
fn centres(row: &[String]) -> [f64; 2] {
    let radius: f64 = row[6].trim_start_matches("DN").parse::<f64>().unwrap() / 2000.0;
    [4, 5].map(|at| row[at].parse::<f64>().unwrap() - radius)
}

fn change(folder: &Path) -> Package {
    let (mut points, mut lines) = (Table::read("gas_points.csv"), Table::read("gas_lines.csv"));
    let original = lines.0[1..].to_vec();
    let mut at: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (i, row) in original.iter().enumerate() {
        for end in &row[..2] {
            at.entry(end.clone()).or_default().push(i);
        }
    }
    let centre = |line: usize, point: &str| {
        centres(&original[line])[usize::from(original[line][0] != point)]
    };
    let lowest = |point: &str, but: Option<usize>| {
        let others = at[point].iter().filter(|line| Some(**line) != but);
        others.map(|line| centre(*line, point)).fold(f64::INFINITY, f64::min)
    };
    let mut used: BTreeSet<String> = BTreeSet::new();
    let mut take = |points: &[String]| {
        points.iter().all(|point| !used.contains(point)) && {
            used.extend(points.iter().cloned());
            true
        }
    };
    let ends = |line: usize| original[line][..2].to_vec();
    let all = 0..original.len();

    // Without it, its end points are as deep as with it.
    let gone = all
        .clone()
        .find(|&i| {
            let stays = |end: &String| at[end].len() > 2 && lowest(end, Some(i)) <= centre(i, end);
            ends(i).iter().all(stays) && take(&ends(i))
        })
        .unwrap();
    let wider = all
        .clone()
        .find(|&i| {
            let is_lowest = |end: &String| (lowest(end, None) - centre(i, end)).abs() < 1e-9;
            original[i][6] == "DN300" && ends(i).iter().all(is_lowest) && take(&ends(i))
        })
        .unwrap();
    let moved = at.iter().find(|(point, on)| {
        let all: Vec<String> = on.iter().flat_map(|line| ends(*line)).collect();
        on.len() == 2 && point.as_str() > "TR01" && take(&all)
    });
    let (moved, on) = moved.unwrap();
    let (dead_end, last) = at
        .iter()
        .find(|(point, on)| on.len() == 1 && point.as_str() > "TR01" && take(&ends(on[0])))
        .unwrap();
    let last = last[0];
    // A new line beside two that follow each other.
    let (from, to, template) = at
        .iter()
        .filter(|(point, on)| on.len() == 2 && point.as_str() > "TR02")
        .find_map(|(point, on)| {
            let other = |line: usize| ends(line).into_iter().find(|end| end != point).unwrap();
            let (a, b) = (other(on[0]), other(on[1]));
            let is_flat = [(on[0], &a), (on[1], &b)].iter().all(|(line, end)| {
                original[*line][6] == original[on[0]][6]
                    && (lowest(end, None) - centre(*line, end)).abs() < 1e-9
            });
            (a < b && is_flat && take(&[point.clone(), a.clone(), b.clone()])).then_some((
                (a, on[0]),
                (b, on[1]),
                on[0],
            ))
        })
        .unwrap();
    let mut new = original[template].clone();
    for (slot, (point, line)) in [from, to].into_iter().enumerate() {
        let end = usize::from(original[line][0] != point);
        new[2 + slot].clone_from(&original[line][2 + end]);
        new[4 + slot].clone_from(&original[line][4 + end]);
        new[slot] = point;
    }

    let northing = &mut points.row(&[moved])[3];
    *northing = format!("{:.3}", northing.parse::<f64>().unwrap() + 0.5);
    "TR09001".clone_into(&mut points.row(&[dead_end])[0]);
    let line = lines.row(&[&original[last][0], &original[last][1]]);
    let slot = usize::from(line[0] != *dead_end);
    "TR09001".clone_into(&mut line[slot]);
    let renamed_line = [name(line), name(&original[last])];
    "DN400".clone_into(&mut lines.row(&[&original[wider][0], &original[wider][1]])[6]);
    lines.0.retain(|row| row[..2] != original[gone][..2]);
    let added = name(&new);
    lines.0.push(new);

    std::fs::create_dir_all(folder).unwrap();
    points.write(&folder.join("gas_points.csv"));
    lines.write(&folder.join("gas_lines.csv"));
    let [a, b] = [0, 1].map(|end| original[wider][end].clone());
    Package {
        folder: folder.to_owned(),
        moved: moved.clone(),
        moved_lines: on.iter().map(|line| name(&original[*line])).collect(),
        wider: [name(&original[wider]), a, b],
        gone: name(&original[gone]),
        added,
        renamed: [["TR09001".to_owned(), dead_end.clone()], renamed_line],
    }
}

impl Package {
    /// Checks that the changes are exactly those that were made.
    fn expect(&self, changes: &Value) {
        let mut found: BTreeMap<(String, String), &Value> = BTreeMap::new();
        for change in changes.as_array().unwrap() {
            let word = |key: &str| change[key].as_str().unwrap().to_owned();
            assert_eq!(change["layer"], "gas");
            assert!(change["lonlat"].is_array(), "{change}");
            assert!(found.insert((word("change"), word("name")), change).is_none());
        }
        let key = |kind: &str, name: &str| (kind.to_owned(), name.to_owned());
        let mut expected = BTreeSet::from([key("added", &self.added), key("absent", &self.gone)]);
        expected.extend(self.wider.iter().chain(&self.moved_lines).map(|n| key("changed", n)));
        expected.insert(key("changed", &self.moved));
        expected.extend(self.renamed.iter().map(|[new, _]| key("renumbered", new)));
        assert_eq!(found.keys().cloned().collect::<BTreeSet<_>>(), expected);

        for name in self.moved_lines.iter().chain([&self.moved]) {
            let moved = found[&key("changed", name)];
            assert_eq!(
                (&moved["moved_m"], &moved["fields"]),
                (&json!(0.5), &Value::Null),
                "{moved}"
            );
        }
        let wider = found[&key("changed", &self.wider[0])];
        let fields: Vec<[&Value; 3]> = wider["fields"]
            .as_array()
            .unwrap()
            .iter()
            .map(|field| [&field["field"], &field["old"], &field["new"]])
            .collect();
        let section = [&json!("section"), &json!("DN300"), &json!("DN400")];
        assert_eq!(fields, [section, [&json!("diameter"), &json!(300.0), &json!(400.0)]]);
        for name in &self.wider {
            assert_eq!(found[&key("changed", name)]["raised_m"], -0.05);
        }
        for [new, old] in &self.renamed {
            assert_eq!(found[&key("renumbered", new)]["was"], old.as_str());
        }
    }
}

fn revision(onemap: &Onemap) -> u64 {
    onemap.run(&["show", "gas", "--json"]).expect_code(0).json()["revision"].as_u64().unwrap()
}

fn import(onemap: &Onemap, source: &Path, more: &[&str]) -> Value {
    let outcome = onemap.import(source, &[&ARGS, more].concat());
    assert!(matches!(outcome.code, Some(0 | 3)), "{}", outcome.stderr);
    outcome.json()
}

fn original() -> PathBuf {
    root().join("data-samples/city/gas_points.csv")
}

fn figures(report: &Value) -> [u64; 6] {
    let compared = &report["layers"][0]["comparison"];
    ["added", "changed", "renumbered", "absent", "removed", "moved"]
        .map(|name| compared[name].as_u64().unwrap())
}

#[test]
fn a_command_lists_what_an_update_changes_and_stores_just_that() {
    let onemap = Onemap::new();
    import(&onemap, &original(), &["--title", "燃气管网", "--department", "城管局"]);
    let package = change(&onemap.data().with_extension("package"));
    let points = package.folder.join("gas_points.csv");
    let before = revision(&onemap);
    let [json, csv, map] = ["changes.json", "changes.csv", "changes.geojson"]
        .map(|end| onemap.data().with_extension(end).display().to_string());

    let tried = import(&onemap, &points, &["--mode", "upsert", "--dry-run", "--changes", &json]);
    let listed: Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
    package.expect(&listed["changes"]);
    // The moved point and its lines; the wider line and its end points sink with their centre.
    assert_eq!(figures(&tried), [1, 6, 2, 1, 0, 6]);
    assert_eq!(tried["layers"][0]["comparison"]["revision"], before);
    assert_eq!(tried["layers"][0]["comparison"]["list"].as_array().unwrap().len(), 10);
    assert_eq!(tried["layers"][0]["merged"].as_array().unwrap()[..2], [json!(3), json!(6)]);
    assert_eq!(revision(&onemap), before);

    // For people, and as a table and a map.
    let args = ["--layer", "gas", "--crs", "EPSG:4527", "--mode", "upsert", "--dry-run"];
    let source = points.display().to_string();
    let told = onemap.run(&[&["import", &source][..], &args, &["--changes", &csv]].concat());
    let line = format!("  changed    {}: moved 0.5 m", package.moved);
    assert!(told.stdout.contains(&line), "{}", told.stdout);
    assert!(told.stdout.contains("1 added, 6 changed, 2 renumbered"), "{}", told.stdout);
    let table = std::fs::read_to_string(&csv).unwrap();
    assert_eq!(table.lines().count(), 11);
    assert!(table.contains("section: DN300 → DN400; diameter: 300.0 → 400.0"), "{table}");
    import(&onemap, &points, &["--mode", "upsert", "--dry-run", "--changes", &map]);
    let features: Value = serde_json::from_slice(&std::fs::read(&map).unwrap()).unwrap();
    let kinds: Vec<&Value> =
        features["features"].as_array().unwrap().iter().map(|f| &f["geometry"]["type"]).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "LineString").count(), 6);
    assert_eq!(kinds.len(), 10);

    // Stored as one revision; what the package lacks stays until the user says so.
    let done = import(&onemap, &points, &["--mode", "upsert"]);
    assert_eq!(done["revision"].as_u64(), Some(before + 1));
    assert_eq!(figures(&done), [1, 6, 2, 1, 0, 6]);
    let layer = onemap.run(&["show", "gas", "--json"]).expect_code(0).json();
    assert_eq!((&layer["title"], &layer["department"]), (&json!("燃气管网"), &json!("城管局")));
    let again = import(&onemap, &points, &["--mode", "upsert", "--dry-run", "--remove", "absent"]);
    assert_eq!(figures(&again), [0, 0, 0, 3, 3, 0]);
    let removed = import(&onemap, &points, &["--mode", "upsert", "--remove", "absent"]);
    assert_eq!(figures(&removed), [0, 0, 0, 3, 3, 0]);
    assert_eq!(removed["layers"][0]["merged"][1], 0);
    let last = import(&onemap, &points, &["--mode", "upsert", "--dry-run"]);
    assert_eq!(figures(&last), [0; 6]);

    // The first survey again brings back what had ended.
    let back = import(&onemap, &original(), &["--mode", "upsert", "--remove", "renumbered"]);
    assert_eq!(figures(&back)[..5], [1, 6, 2, 1, 2]);
    let wrong = onemap.import(&points, &[&ARGS[..], &["--remove", "absent"]].concat());
    assert!(wrong.stderr.contains("--mode upsert"), "{}", wrong.stderr);
}

#[test]
fn a_part_of_a_layer_says_nothing_of_the_rest_and_a_replacement_of_all() {
    let onemap = Onemap::new();
    import(&onemap, &original(), &[]);
    let (mut points, mut lines) = (Table::read("gas_points.csv"), Table::read("gas_lines.csv"));
    // A quarter of the town by northing, less one line.
    let mut northings: Vec<f64> = points.0[1..].iter().map(|row| row[3].parse().unwrap()).collect();
    northings.sort_by(f64::total_cmp);
    let limit = northings[northings.len() / 4];
    let heads = [points.0[0].clone(), lines.0[0].clone()];
    points.0.retain(|row| *row == heads[0] || row[3].parse::<f64>().unwrap() < limit);
    let kept: BTreeSet<&String> = points.0.iter().map(|row| &row[0]).collect();
    lines.0.retain(|row| *row == heads[1] || row[..2].iter().all(|end| kept.contains(end)));
    let gone = lines.0.remove(lines.0.len() / 2);
    let folder = onemap.data().with_extension("part");
    std::fs::create_dir_all(&folder).unwrap();
    points.write(&folder.join("gas_points.csv"));
    lines.write(&folder.join("gas_lines.csv"));
    let source = folder.join("gas_points.csv");

    let part = import(&onemap, &source, &["--mode", "upsert", "--dry-run", "--remove", "absent"]);
    let compared = &part["layers"][0]["comparison"];
    let absent: Vec<&Value> = compared["list"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|change| change["change"] == "absent")
        .map(|change| &change["name"])
        .collect();
    assert!(absent.contains(&&json!(name(&gone))), "{absent:?}");
    // What else is absent lies at the edge, where the town was cut.
    assert!(absent.len() < 60, "{}", absent.len());
    assert_eq!(compared["scope"], "extent");
    let whole = import(&onemap, &source, &["--mode", "replace", "--dry-run"]);
    let compared = &whole["layers"][0]["comparison"];
    assert_eq!(compared["scope"], "layer");
    assert!(compared["absent"].as_u64().unwrap() > 3000, "{compared:#}");
    assert_eq!(compared["absent"], compared["removed"]);
}

/// Sends the files of a folder.
fn send(server: &Server, folder: &Path, query: &str) -> String {
    let (boundary, mut body) = ("xxonemapxx", Vec::new());
    for file in ["gas_points.csv", "gas_lines.csv"] {
        body.extend(format!("--{boundary}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{file}\"\r\n\r\n").bytes());
        body.extend(std::fs::read(folder.join(file)).unwrap());
        body.extend(b"\r\n");
    }
    body.extend(format!("--{boundary}--\r\n").bytes());
    let kind = format!("multipart/form-data; boundary={boundary}");
    let url = format!("{}/api/imports?layer=gas&crs=EPSG:4527&{query}", server.url);
    let sent = onemap_tests::send("POST", &url, &[("content-type", &kind)], &body);
    assert_eq!(sent.status, 202, "{}", String::from_utf8_lossy(&sent.body));
    sent.json()["links"]["self"].as_str().unwrap().to_owned()
}

fn wait(server: &Server, job: &str) -> Value {
    let begun = Instant::now();
    loop {
        let now = server.get(job).json();
        if !["waiting", "running"].contains(&now["state"].as_str().unwrap())
            || begun.elapsed() > Duration::from_mins(1)
        {
            return now;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn an_update_over_http_is_reviewed_and_published_as_one_revision_of_what_was_reviewed() {
    let onemap = Onemap::new();
    import(&onemap, &original(), &[]);
    let package = change(&onemap.data().with_extension("package"));
    let server = Server::start(&onemap);
    let post = |path: &str| server.send("POST", path, &[], &Value::Null);
    let layer = || server.get("/api/layers/gas").json();
    let before = layer()["revision"].as_u64().unwrap();

    let job = send(&server, &package.folder, "mode=upsert&dry_run=1");
    let tried = wait(&server, &job);
    assert_eq!(tried["state"], "done", "{tried:#}");
    assert_eq!(figures(&tried["report"]), [1, 6, 2, 1, 0, 6]);
    // The list has an address of its own.
    assert!(tried["report"]["layers"][0]["comparison"]["list"].is_null());
    let changes = server.get(&format!("{job}/changes")).json();
    package.expect(&changes["changes"]);
    let table = server.get(&format!("{job}/changes?f=csv"));
    assert!(table.header("content-type").starts_with("text/csv"));
    assert_eq!(String::from_utf8_lossy(&table.body).lines().count(), 11);
    let map = server.get(&format!("{job}/changes?f=geojson&limit=1")).json();
    assert_eq!(map["features"].as_array().unwrap().len(), 4);
    assert_eq!(server.get(&format!("{job}/changes?f=svg")).status, 400);

    // Somebody edits the pipe that the package lacks: the review is of what is no more.
    let all = changes["changes"].as_array().unwrap();
    let gone = all.iter().find(|change| change["change"] == "absent").unwrap();
    let path = format!("/features/gas/{}", gone["id"]);
    let tag = server.get(&path).header("etag").to_owned();
    let merge = [("if-match", tag.as_str()), ("content-type", "application/merge-patch+json")];
    let edit = server.send("PATCH", &path, &merge, &json!({ "properties": { "material": "PE" } }));
    assert!(edit.status < 300, "{}", String::from_utf8_lossy(&edit.body));
    let edited = layer()["revision"].as_u64().unwrap();
    let refused = post(&format!("{job}/accept?remove=absent"));
    assert_eq!(refused.status, 409);
    let why = refused.json()["detail"].as_str().unwrap().to_owned();
    let expected = format!("revision {before} then, revision {edited} now");
    assert!(why.contains(&expected) && why.contains("/compare"), "{why}");
    assert_eq!(layer()["revision"].as_u64(), Some(edited));

    assert_eq!(post(&format!("{job}/compare")).status, 202);
    let compared = wait(&server, &job);
    assert_eq!(compared["report"]["layers"][0]["comparison"]["revision"], edited);
    assert_eq!(post(&format!("{job}/accept?remove=everything")).status, 400);
    assert_eq!(post(&format!("{job}/accept?remove=absent")).status, 202);
    let done = wait(&server, &job);
    assert_eq!(done["state"], "done", "{done:#}");
    assert_eq!(done["report"]["revision"].as_u64(), Some(edited + 1));
    assert_eq!(figures(&done["report"]), [1, 6, 2, 1, 3, 6]);
    assert_eq!(layer()["revision"].as_u64(), Some(edited + 1));

    // What ended is not there any more, and was there before; what is new is there.
    assert_eq!(server.get(&path).status, 404);
    assert_eq!(server.get(&format!("{path}?datetime=2020-01-01")).status, 200);
    for change in all.iter().filter(|change| change["change"] != "absent") {
        assert_eq!(server.get(&format!("/features/gas/{}", change["id"])).status, 200, "{change}");
        if let Some(was) = change["was_id"].as_u64() {
            assert_eq!(server.get(&format!("/features/gas/{was}")).status, 404, "{change}");
        }
    }
    let added = all.iter().find(|change| change["change"] == "added").unwrap();
    let trace = server.get(&format!("/networks/gas/trace?kind=connected&from={}", added["id"]));
    assert_eq!(trace.status, 200);
    assert_eq!(post(&format!("{job}/accept")).status, 409);
    assert_eq!(post(&format!("{job}/compare")).status, 409);

    // Once more: nothing differs, and what was not tried waits after it was compared.
    let job = send(&server, &package.folder, "mode=upsert&dry_run=1");
    assert_eq!(figures(&wait(&server, &job)["report"]), [0; 6]);
}
