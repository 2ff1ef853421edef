//! Edits through HTTP: what they answer, what they refuse, and which tiles they change.

#![allow(clippy::unwrap_used, reason = "a test that can not set up has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use onemap_tests::{Answer, Onemap, Server, root, send};
use serde_json::{Value, json};

fn sample(name: &str) -> PathBuf {
    root().join("data-samples/city").join(name)
}

/// A server with one layer of the sample city.
struct Site {
    server: Server,
    onemap: Onemap,
}

impl std::ops::Deref for Site {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

fn site(file: &str, layer: &str) -> Site {
    let onemap = Onemap::new();
    let _ = onemap.import(&sample(file), &["--layer", layer]).expect_code(0);
    Site { server: Server::start(&onemap), onemap }
}

/// A layer made for the test: a grid of squares with a name and a number.
fn grid(side: u32) -> Site {
    let features: Vec<Value> = (0..side * side)
        .map(|i| {
            let [x, y] = [118.2 + f64::from(i % side) * 0.002, 33.9 + f64::from(i / side) * 0.002];
            square(i64::from(i) + 1, x, y, 0.001)
        })
        .collect();
    let onemap = Onemap::new();
    let file = onemap.data().with_extension("geojson");
    let all = json!({ "type": "FeatureCollection", "features": features });
    std::fs::write(&file, all.to_string()).unwrap();
    let _ = onemap.import(&file, &["--layer", "grid", "--id-field", "number"]).expect_code(0);
    Site { server: Server::start(&onemap), onemap }
}

fn ring(x: f64, y: f64, size: f64) -> Value {
    json!([[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]])
}

fn square(number: i64, x: f64, y: f64, size: f64) -> Value {
    json!({
        "type": "Feature",
        "geometry": { "type": "Polygon", "coordinates": [ring(x, y, size)] },
        "properties": { "number": number, "name": format!("square {number}"), "area": size * size },
    })
}

#[test]
fn a_feature_is_created_read_changed_and_deleted() {
    let site = grid(10);
    let new = square(1001, 118.3, 33.9, 0.001);
    let made = site.send("POST", "/features/grid", &[], &new);
    assert_eq!(made.status, 201, "{}", made.json());
    // The id follows from the layer's id field, as in an import.
    assert_eq!(made.header("location"), "/features/grid/1001");
    assert_eq!(made.json()["id"], 1001);
    let revision: u64 = made.header("onemap-revision").parse().unwrap();
    assert_eq!(made.json()["revision"], revision);

    let read = site.get("/features/grid/1001");
    assert_eq!(read.header("etag"), made.header("etag"), "what the editor holds is what is there");
    assert_eq!(read.json()["properties"], new["properties"]);
    assert_eq!(read.json()["geometry"], new["geometry"]);

    let patch = json!({ "properties": { "name": null, "area": 7 }, "state": "retired" });
    let tag = read.header("etag").to_owned();
    let patched = site.send("PATCH", "/features/grid/1001", &[("if-match", &tag)], &patch);
    assert_eq!(patched.status, 200, "{}", patched.json());
    assert_eq!(patched.json()["properties"], json!({ "number": 1001, "area": 7.0 }));
    assert_ne!(patched.header("etag"), tag);
    assert_eq!(site.get("/features/grid/1001").status, 404, "retired things show on request only");
    let shown = site.get("/features/grid/1001?state=retired");
    assert_eq!(shown.json()["geometry"], new["geometry"]);

    let again = site.send("PUT", "/features/grid/1001", &[], &new);
    assert_eq!((again.status, again.header("etag")), (200, read.header("etag")));
    let whole = site.get("/features/grid/1001");
    assert_eq!(whole.json(), read.json());

    let gone = site.send("DELETE", "/features/grid/1001", &[("if-match", &tag)], &Value::Null);
    assert_eq!(gone.status, 200, "{}", gone.json());
    assert_eq!(site.get("/features/grid/1001").status, 404);
    let revisions = [&made, &patched, &again, &gone].map(revision_of);
    assert!(revisions.is_sorted_by(|a, b| a < b), "{revisions:?}");
}

fn revision_of(answer: &Answer) -> u64 {
    answer.header("onemap-revision").parse().unwrap()
}

#[test]
fn a_lost_update_is_refused_and_put_creates_only_when_told_to() {
    let site = grid(5);
    let tag = site.get("/features/grid/7").header("etag").to_owned();
    // Packed, and with fewer properties: other bytes, so another ETag, but the same feature.
    let packed = site.get_with("/features/grid/7?properties=name", &[("accept-encoding", "gzip")]);
    assert_ne!(packed.header("etag"), tag);
    let first = json!({ "properties": { "name": "first" } });
    let one =
        site.send("PATCH", "/features/grid/7", &[("if-match", packed.header("etag"))], &first);
    assert_eq!(one.status, 200, "{}", one.json());
    let second = json!({ "properties": { "name": "second" } });
    for method in ["PATCH", "PUT", "DELETE"] {
        let body = if method == "PUT" { square(7, 118.2, 33.9, 0.001) } else { second.clone() };
        let lost = site.send(method, "/features/grid/7", &[("if-match", &tag)], &body);
        assert_eq!(lost.status, 412, "{method}: {}", lost.json());
    }
    assert_eq!(site.get("/features/grid/7").json()["properties"]["name"], "first");
    for good in ["*", &format!("\"nonsense\", {}", one.header("etag"))] {
        let done = site.send("PATCH", "/features/grid/7", &[("if-match", good)], &first);
        assert_eq!(done.status, 200);
    }
    // Without If-Match the last writer wins.
    assert_eq!(site.send("PATCH", "/features/grid/7", &[], &second).status, 200);
    assert_eq!(site.get("/features/grid/7").json()["properties"]["name"], "second");

    let new = square(9000, 118.2, 33.9, 0.001);
    assert_eq!(site.send("PUT", "/features/grid/9000", &[], &new).status, 404);
    let only_new = [("if-none-match", "*")];
    assert_eq!(site.send("PUT", "/features/grid/9000", &only_new, &new).status, 201);
    assert_eq!(site.send("PUT", "/features/grid/9000", &only_new, &new).status, 412);
    assert_eq!(site.send("POST", "/features/grid", &[], &new).status, 409);
    let missing = site.send("DELETE", "/features/grid/9001", &[("if-match", "*")], &Value::Null);
    assert_eq!(missing.status, 412);
}

#[test]
fn of_editors_who_read_the_same_feature_exactly_one_wins() {
    let site = grid(5);
    for round in 0..5 {
        let tag = site.get("/features/grid/3").header("etag").to_owned();
        let url = format!("{}/features/grid/3", site.url);
        let editors: Vec<_> = (0..8)
            .map(|i| {
                let (url, tag) = (url.clone(), tag.clone());
                std::thread::spawn(move || {
                    let body = json!({ "properties": { "name": format!("{round} {i}") } });
                    let headers = [("content-type", "application/json"), ("if-match", &*tag)];
                    send("PATCH", &url, &headers, body.to_string().as_bytes()).status
                })
            })
            .collect();
        let mut statuses: Vec<u16> = editors.into_iter().map(|t| t.join().unwrap()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412, 412, 412, 412, 412, 412, 412]);
    }
}

#[test]
fn a_batch_is_one_revision_or_nothing() {
    let site = grid(5);
    let count = || site.get("/api/layers/grid").json()["count"].as_u64().unwrap();
    let many: Vec<Value> =
        (0..50).map(|i| square(2000 + i, 118.3, 33.9 + i as f64 * 0.002, 0.001)).collect();
    let all = json!({ "type": "FeatureCollection", "features": many });
    let made = site.send("POST", "/features/grid", &[], &all);
    assert_eq!(made.status, 201, "{}", made.json());
    assert_eq!(made.json()["ids"], json!((2000..2050).collect::<Vec<_>>()));
    assert_eq!(count(), 75);

    let mut bad = many.clone();
    bad[0]["properties"]["number"] = json!(3000);
    bad[1]["properties"]["number"] = json!(3001);
    bad[1]["geometry"]["coordinates"][0][2] = json!([999, 33]);
    let all = json!({ "type": "FeatureCollection", "features": bad });
    let refused = site.send("POST", "/features/grid", &[], &all);
    assert_eq!(refused.status, 422);
    assert_eq!(refused.json()["member"], "features[1].geometry.coordinates[0][2]");
    assert_eq!(count(), 75);

    let tag = site.get("/features/grid/1").header("etag").to_owned();
    let transaction = json!({
        "create": [square(4000, 118.3, 33.8, 0.001)],
        "update": [{ "id": 1, "properties": { "name": "new" }, "if_match": tag }],
        "delete": [2, { "id": 3, "if_match": "*" }],
    });
    let done = site.send("POST", "/features/grid/transaction", &[], &transaction);
    assert_eq!(done.status, 200, "{}", done.json());
    let lists = done.json();
    assert_eq!(lists["created"], json!([4000]));
    assert_eq!((&lists["updated"], &lists["deleted"]), (&json!([1]), &json!([2, 3])));
    assert_eq!(count(), 74);
    // The same again: feature 1 was changed, so nothing at all is done.
    let mut again = transaction;
    again["create"] = json!([square(4001, 118.3, 33.8, 0.001)]);
    again["delete"] = json!([]);
    let refused = site.send("POST", "/features/grid/transaction", &[], &again);
    assert_eq!(refused.status, 412);
    assert_eq!(refused.json()["member"], "update[0]");
    assert_eq!(count(), 74);
    assert_eq!(site.get("/features/grid/4001").status, 404);
}

#[test]
fn what_does_not_fit_is_refused_with_its_place() {
    let site = grid(3);
    let point = |members: Value| {
        let mut feature = json!({
            "type": "Feature", "geometry": { "type": "Point", "coordinates": [118.2, 33.9] },
        });
        for (name, value) in members.as_object().unwrap() {
            feature[name] = value.clone();
        }
        feature
    };
    let cases = [
        (json!({ "type": "Topology" }), 422, "type"),
        (
            point(json!({ "geometry": { "type": "Point", "coordinates": [118.2] } })),
            422,
            "geometry.coordinates",
        ),
        (
            point(json!({ "geometry": { "type": "Polygon", "coordinates": [[[0, 0], [1, 1]]] } })),
            422,
            "geometry.coordinates[0]",
        ),
        (
            point(
                json!({ "geometry": { "type": "Polygon", "coordinates": [[[0, 0], [1, 1], [2, 2], [0, 0]]] } }),
            ),
            422,
            "geometry",
        ),
        (point(json!({ "properties": { "number": "many" } })), 422, "properties.number"),
        (point(json!({ "properties": { "colour": 1, "taste": 2 } })), 422, "properties"),
        (point(json!({ "state": "lost" })), 422, "state"),
        (point(json!({ "valid": { "from": "2020", "to": "2010" } })), 422, "valid"),
        (point(json!({ "id": 9_007_199_254_740_992_u64 })), 422, "id"),
    ];
    for (body, status, member) in cases {
        let refused = site.send("POST", "/features/grid", &[], &body);
        assert_eq!(refused.status, status, "{body}");
        assert_eq!(refused.header("content-type"), "application/problem+json");
        assert_eq!(refused.json()["member"], member, "{}", refused.json());
    }
    let named = site.send(
        "POST",
        "/features/grid",
        &[],
        &point(json!({ "properties": { "colour": 1, "taste": 2 } })),
    );
    let detail = named.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("'colour', 'taste'") && detail.contains("name"), "{detail}");

    let url = format!("{}/features/grid", site.url);
    let raw = |headers: &[(&str, &str)], body: &[u8]| send("POST", &url, headers, body).status;
    let json = ("content-type", "application/geo+json");
    assert_eq!(raw(&[json], b"{"), 400);
    assert_eq!(raw(&[json], "[".repeat(100_000).as_bytes()), 400);
    assert_eq!(raw(&[("content-type", "text/plain")], b"{}"), 415);
    assert_eq!(said_only(&site, "content-length: 11534336"), "HTTP/1.1 413");
    assert_eq!(raw(&[json, ("x-forwarded-for", "10.1.2.3")], b"{}"), 403);
    assert_eq!(raw(&[json, ("host", "evil.example")], b"{}"), 403);
    assert_eq!(site.send("POST", "/features/nowhere", &[], &square(1, 0., 0., 1.)).status, 404);
    assert_eq!(site.send("PATCH", "/features/grid/99", &[], &json!({})).status, 404);
    assert_eq!(site.send("PATCH", "/features/grid/1", &[], &json!({ "id": 2 })).status, 422);

    // What can be put in order is, as in an import.
    let open = json!({
        "type": "Feature",
        "geometry": { "type": "Polygon", "coordinates": [[[118.2, 33.9], [118.3, 33.9], [118.3, 34.0]]] },
    });
    let made = site.send("POST", "/features/grid", &[], &open);
    assert_eq!(made.status, 201, "{}", made.json());
    assert_eq!(made.json()["repairs"], json!(["ring closed"]));
    assert_eq!(made.json()["geometry"]["coordinates"][0].as_array().unwrap().len(), 4);
    let read = site.get(made.header("location"));
    assert_eq!(read.header("etag"), made.header("etag"));
}

/// Sends the headers of an upload, and nothing of its body; returns the begin of the answer.
fn said_only(site: &Site, header: &str) -> String {
    let mut stream = TcpStream::connect(site.address()).unwrap();
    let head =
        "POST /features/grid HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    stream.write_all(format!("{head}{header}\r\n\r\n").as_bytes()).unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    line.chars().take(12).collect()
}

#[test]
fn the_etag_of_a_feature_outlives_a_compaction() {
    let site = site("water.geojson", "water");
    let ids: Vec<u64> = {
        let bounds = site.get("/api/layers/water").json()["bounds"].clone();
        let middle = |a: usize, b: usize| {
            f64::midpoint(bounds[a].as_f64().unwrap(), bounds[b].as_f64().unwrap())
        };
        let (lon, lat) = (middle(0, 2), middle(1, 3));
        let found = site.get(&format!("/identify?lon={lon}&lat={lat}&radius=10000")).json();
        found["features"].as_array().unwrap().iter().map(|f| f["id"].as_u64().unwrap()).collect()
    };
    let path = |id: u64| format!("/features/water/{id}?state=planned,building,existing,retired");
    let patch = json!({ "state": "building", "valid": { "from": "2021-03-01" } });
    for id in ids.iter().take(5) {
        let done = site.send("PATCH", &format!("/features/water/{id}"), &[], &patch);
        assert_eq!(done.status, 200, "{}", done.json());
    }
    let tags = |server: &Server| -> Vec<String> {
        let content = |tag: &str| tag.split('.').next().unwrap().to_owned();
        ids.iter().map(|id| content(server.get(&path(*id)).header("etag"))).collect()
    };
    let before = tags(&site);
    let Site { server, onemap } = site;
    drop(server);
    let _ = onemap.run(&["compact", "water"]).expect_code(0);
    let server = Server::start(&onemap);
    assert_eq!(tags(&server), before);
}

fn tile_at(lon: f64, lat: f64, z: u32) -> (i64, i64) {
    let n = f64::from(1 << z);
    let y = 0.5 - lat.to_radians().tan().asinh() / std::f64::consts::TAU;
    (((lon / 360.0 + 0.5) * n).floor() as i64, (y * n).floor() as i64)
}

/// ETags and bodies of the tiles z0 to z14 within so many tiles of a box.
fn tiles(site: &Site, [w, s, e, n]: [f64; 4]) -> BTreeMap<String, (String, Vec<u8>)> {
    let mut paths = Vec::new();
    for z in 0..=14_u32 {
        let ((x0, y0), (x1, y1)) = (tile_at(w, n, z), tile_at(e, s, z));
        let last = (1_i64 << z) - 1;
        for x in (x0 - 1).max(0)..=(x1 + 1).min(last) {
            for y in (y0 - 1).max(0)..=(y1 + 1).min(last) {
                paths.push(format!("{z}/{x}/{y}"));
            }
        }
    }
    let one = |path: String| {
        let answer = site.get(&format!("/tiles/grid/{path}"));
        assert!(answer.status == 200 || answer.status == 204, "{path}: {}", answer.status);
        (path, (answer.header("etag").to_owned(), answer.body))
    };
    paths.into_iter().map(one).collect()
}

/// Tells whether a square of this size at a place reaches a tile with a quarter of its width around it, as far
/// as a tile may be asked to reach.
fn reaches(path: &str, [x, y]: [f64; 2], size: f64) -> bool {
    let address: Vec<f64> = path.split('/').map(|n| n.parse().unwrap()).collect();
    let n = address[0].exp2();
    let column = |lon: f64| (lon / 360.0 + 0.5) * n - address[1];
    let row =
        |lat: f64| (0.5 - lat.to_radians().tan().asinh() / std::f64::consts::TAU) * n - address[2];
    // A hair more, for rounding on an edge.
    let (low, high) = (-0.25 - 1e-9, 1.25 + 1e-9);
    column(x) < high && column(x + size) > low && row(y + size) < high && row(y) > low
}

#[test]
fn an_edited_feature_changes_exactly_its_own_tiles() {
    // 3,600 squares over 12 km.
    let site = grid(60);
    let around = [118.2, 33.9, 118.32, 34.02];
    let before = tiles(&site, around);
    assert!(before.len() > 200, "{}", before.len());
    let size = 0.001;
    // Square 1830 lies in the middle; it moves by 3 km.
    let old = [118.2 + 29.0 * 0.002, 33.9 + 30.0 * 0.002];
    let new = [old[0] + 0.03, old[1] + 0.01];
    let moved = json!({ "geometry": { "coordinates": [ring(new[0], new[1], size)] } });
    let done = site.send("PATCH", "/features/grid/1830", &[], &moved);
    assert_eq!(done.status, 200, "{}", done.json());
    let after = tiles(&site, around);
    let (mut changed, mut bytes_changed) = (0, 0);
    for (path, (tag, body)) in &before {
        let (tag_after, body_after) = &after[path];
        let may = reaches(path, old, size) || reaches(path, new, size);
        assert_eq!(tag != tag_after, may, "{path}: the ETag");
        if body != body_after {
            assert!(may, "{path}: the bytes of a tile far from the edit");
            bytes_changed += 1;
        }
        changed += usize::from(may);
    }
    assert!(bytes_changed >= 5 && changed < before.len() / 2, "{bytes_changed} of {changed}");
    let deepest = before.keys().filter(|path| path.starts_with("14/")).count();
    println!(
        "{} tiles, {deepest} at z14: {changed} ETags and {bytes_changed} bodies changed",
        before.len()
    );

    // Back again: the same content, at a later version.
    let back = json!({ "geometry": { "coordinates": [ring(old[0], old[1], size)] } });
    assert_eq!(site.send("PATCH", "/features/grid/1830", &[], &back).status, 200);
    for (path, (_, body)) in tiles(&site, around) {
        assert_eq!(body.len(), before[&path].1.len(), "{path}");
    }
}

#[test]
fn an_old_revision_answers_as_it_did() {
    let site = grid(10);
    let at = tile_at(118.205, 33.905, 12);
    let old: u64 = site
        .get("/readyz")
        .body
        .iter()
        .filter(|b| b.is_ascii_digit())
        .fold(0, |n, b| n * 10 + u64::from(b - b'0'));
    let tile = format!("/tiles/grid/12/{}/{}", at.0, at.1);
    let paths = [tile.as_str(), "/features/grid/7", "/tiles/grid", "/api/layers/grid"];
    let asked = |path: &str| site.get(&format!("{path}?revision={old}"));
    let before: Vec<Answer> = paths.iter().map(|path| asked(path)).collect();
    let patch = json!({ "properties": { "name": "changed" } });
    assert_eq!(site.send("PATCH", "/features/grid/7", &[], &patch).status, 200);
    let gone = site.send("DELETE", "/features/grid/8", &[], &Value::Null);
    assert_eq!(gone.status, 200);
    for (path, before) in paths.iter().zip(&before) {
        let after = asked(path);
        assert_eq!((after.status, &after.body), (200, &before.body), "{path}");
        assert_eq!(after.header("etag"), before.header("etag"), "{path}");
    }
    assert_ne!(site.get(&tile).body, before[0].body);
    assert_eq!(site.get(&format!("/features/grid/8?revision={old}")).status, 200);
    assert_eq!(site.get("/features/grid/8").status, 404);
}

#[test]
fn who_writes_reads_the_own_write_in_the_very_next_tile() {
    let site = grid(20);
    let at = [118.2 + 0.0005, 33.9 + 0.0005];
    let (x, y) = tile_at(at[0], at[1], 14);
    let path = format!("/tiles/grid/14/{x}/{y}");
    let mut tags = BTreeSet::new();
    for i in 0..30 {
        let name = format!("write number {i}!");
        let body = json!({ "properties": { "name": name } });
        assert_eq!(site.send("PATCH", "/features/grid/1", &[], &body).status, 200);
        let tile = site.get(&path);
        let found = tile.body.windows(name.len()).any(|part| part == name.as_bytes());
        assert!(found, "the tile does not show write {i}");
        tags.insert(tile.header("etag").to_owned());
    }
    assert_eq!(tags.len(), 30);
}

/// Listens to `/changes`.
struct Listener(BufReader<TcpStream>);

impl Listener {
    fn new(site: &Site, query: &str, headers: &str) -> Self {
        let mut stream = TcpStream::connect(site.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let request = format!("GET /changes{query} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            assert!(reader.read_line(&mut line).unwrap() > 0, "no answer");
        }
        Self(reader)
    }

    /// Returns the next event: its name, its id and its data; `None` when the stream has ended.
    fn next(&mut self) -> Option<(String, String, Value)> {
        let (mut name, mut id, mut data) = (String::new(), String::new(), Value::Null);
        let mut line = String::new();
        loop {
            line.clear();
            if self.0.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            let text = line.trim_end();
            if let Some(value) = text.strip_prefix("event: ") {
                value.clone_into(&mut name);
            } else if let Some(value) = text.strip_prefix("id: ") {
                value.clone_into(&mut id);
            } else if let Some(value) = text.strip_prefix("data: ") {
                data = serde_json::from_str(value).unwrap();
            } else if text.is_empty() && !name.is_empty() {
                return Some((name, id, data));
            }
        }
    }
}

#[test]
fn open_maps_hear_of_changes_and_of_what_they_missed() {
    let site = grid(5);
    let start = site.get("/api/layers").json()["revision"].as_u64().unwrap();
    let mut all = Listener::new(&site, "", "");
    let mut others = Listener::new(&site, "?layers=roads", "");
    let patch = |i: u32| json!({ "properties": { "name": format!("{i}") } });
    let begun = Instant::now();
    let done = site.send("PATCH", "/features/grid/7", &[], &patch(1));
    let (name, id, data) = all.next().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert_eq!((name.as_str(), id.as_str()), ("change", done.header("onemap-revision")));
    assert_eq!(data["layer"], "grid");
    assert_eq!(data["ids"], json!([7]));
    assert_eq!(data["revision"].as_u64().unwrap(), start + 1);
    let bounds: Vec<f64> =
        data["bounds"].as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect();
    assert!((bounds[2] - bounds[0] - 0.001).abs() < 1e-9, "{bounds:?}");
    for i in 2..=4 {
        assert_eq!(site.send("PATCH", "/features/grid/8", &[], &patch(i)).status, 200);
    }
    let last = format!("last-event-id: {id}\r\n");
    for (query, headers) in [("", last.as_str()), (&format!("?since={id}"), "")] {
        let mut late = Listener::new(&site, query, headers);
        let missed: Vec<u64> =
            (0..3).map(|_| late.next().unwrap().2["revision"].as_u64().unwrap()).collect();
        assert_eq!(missed, [start + 2, start + 3, start + 4]);
    }
    for unknown in ["0", "999999"] {
        let mut lost = Listener::new(&site, &format!("?since={unknown}"), "");
        let (name, id, _) = lost.next().unwrap();
        assert_eq!((name.as_str(), id), ("reset", (start + 4).to_string()));
    }
    assert_eq!(site.get("/changes?since=yesterday").status, 400);
    assert_eq!(site.get("/changes?layers=..").status, 400);

    // Nothing of `roads` was changed: the stream only ends, and soon, with the server.
    let ended = Instant::now();
    let pid = site.pid().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(others.next(), None);
    assert!(ended.elapsed() < Duration::from_secs(5));
}
