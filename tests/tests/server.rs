//! The server answers as INTERFACE says: status, headers, bodies, for good and bad requests.

#![allow(clippy::unwrap_used, reason = "a test that can not set up has failed")]

use std::io::Read;
use std::path::PathBuf;

use onemap_tests::{Onemap, Server, root};

fn sample(name: &str) -> PathBuf {
    root().join("data-samples/city").join(name)
}

/// A server with two layers of the sample city.
struct Site {
    server: Server,
    _onemap: Onemap,
}

impl std::ops::Deref for Site {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

fn site() -> Site {
    let onemap = Onemap::new();
    let water = onemap.import(&sample("water.geojson"), &["--layer", "water", "--title", "水系"]);
    let _ = water.expect_code(0);
    let _ = onemap.import(&sample("pois.csv"), &["--layer", "pois"]).expect_code(0);
    Site { server: Server::start(&onemap), _onemap: onemap }
}

/// A tile of the sample city that has water.
fn wet_tile(site: &Site) -> String {
    let bounds = site.get("/api/layers/water").json()["bounds"].clone();
    let bounds: Vec<f64> = bounds.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
    let (z, n) = (10, 1024.0);
    let lon = f64::midpoint(bounds[0], bounds[2]);
    let lat = f64::midpoint(bounds[1], bounds[3]).to_radians();
    let x = ((lon / 360.0 + 0.5) * n) as u32;
    let y = ((0.5 - lat.tan().asinh() / std::f64::consts::TAU) * n) as u32;
    format!("{z}/{x}/{y}")
}

#[test]
fn the_catalogue_lists_layers_with_fields_and_links() {
    let site = site();
    let body = site.get("/api/layers").json();
    let layers = body["layers"].as_array().unwrap();
    let ids: Vec<_> = layers.iter().map(|layer| layer["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["pois", "water"]);
    let water = site.get("/api/layers/water").json();
    assert_eq!(water["title"], "水系");
    assert!(water["count"].as_u64().unwrap() > 0);
    assert!(!water["fields"].as_array().unwrap().is_empty());
    let tilejson = water["links"].as_array().unwrap().iter().find(|link| link["rel"] == "tilejson");
    assert!(tilejson.unwrap()["href"].as_str().unwrap().starts_with("http://127.0.0.1:"));
}

#[test]
fn a_tile_is_sent_packed_and_again_only_when_it_changed() {
    let site = site();
    let path = format!("/tiles/water/{}", wet_tile(&site));
    let plain = site.get_with(&path, &[("accept-encoding", "identity")]);
    assert_eq!(plain.status, 200);
    assert_eq!(plain.header("content-type"), "application/vnd.mapbox-vector-tile");
    let gzip = site.get_with(&path, &[("accept-encoding", "gzip")]);
    assert_eq!(gzip.header("content-encoding"), "gzip");
    let mut unpacked = Vec::new();
    flate(&gzip.body, &mut unpacked);
    assert_eq!(unpacked, plain.body);
    assert_ne!(gzip.header("etag"), plain.header("etag"));
    let again = site
        .get_with(&path, &[("accept-encoding", "gzip"), ("if-none-match", gzip.header("etag"))]);
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(again.header("etag"), gzip.header("etag"));
    for (encoding, magic) in [("zstd", &[0x28, 0xb5, 0x2f, 0xfd][..]), ("br", &[][..])] {
        let packed = site.get_with(&path, &[("accept-encoding", encoding)]);
        assert_eq!(packed.header("content-encoding"), encoding);
        assert!(packed.body.starts_with(magic) && packed.body.len() < plain.body.len());
    }
}

fn flate(packed: &[u8], out: &mut Vec<u8>) {
    let mut gunzip = std::process::Command::new("gzip")
        .arg("-dc")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = gunzip.stdin.take().unwrap();
    let packed = packed.to_vec();
    let feeder =
        std::thread::spawn(move || std::io::Write::write_all(&mut stdin, &packed).unwrap());
    gunzip.stdout.take().unwrap().read_to_end(out).unwrap();
    feeder.join().unwrap();
    assert!(gunzip.wait().unwrap().success());
}

#[test]
fn a_composite_holds_its_layers_in_the_order_asked_for() {
    let site = site();
    let tile = wet_tile(&site);
    let one = site.get(&format!("/tiles/water/{tile}")).body;
    let two = site.get(&format!("/tiles/pois/{tile}")).body;
    let both = site.get(&format!("/tiles/water,pois/{tile}"));
    assert_eq!(both.status, 200);
    assert_eq!(both.body, [one, two].concat());
    let json = site.get("/tiles/water,pois").json();
    assert_eq!(json["tilejson"], "3.0.0");
    assert_eq!(json["vector_layers"].as_array().unwrap().len(), 2);
    assert!(json["tiles"][0].as_str().unwrap().ends_with("/tiles/water,pois/{z}/{x}/{y}"));
}

#[test]
fn a_packed_composite_is_one_gzip_member_of_its_parts() {
    let site = site();
    let tile = wet_tile(&site);
    let gzip = [("accept-encoding", "gzip, br, zstd")];
    // In every order of asking: cold, from parts that are there, from parts that are there otherwise packed.
    for layers in ["water,pois", "pois,water", "water", "pois"] {
        let path = format!("/tiles/{layers}/{tile}");
        let plain = site.get_with(&path, &[("accept-encoding", "identity")]);
        let packed = site.get_with(&path, &gzip);
        let wanted = if layers.contains(',') { "gzip" } else { "zstd" };
        assert_eq!(packed.header("content-encoding"), wanted, "{layers}");
        if wanted == "gzip" {
            assert!(packed.body.len() < plain.body.len());
            assert_eq!(one_member(&packed.body), plain.body, "{layers}");
        }
    }
    // Who takes no gzip gets it packed as a whole.
    let path = format!("/tiles/water,pois/{tile}");
    for encoding in ["br", "zstd"] {
        let packed = site.get_with(&path, &[("accept-encoding", encoding)]);
        assert_eq!((packed.status, packed.header("content-encoding")), (200, encoding));
    }
    // A part with nothing in it is no part.
    assert_eq!(site.get_with("/tiles/water,pois/10/0/0", &gzip).status, 204);
}

/// Unpacks with a reader that, as browsers do, stops after the first member.
fn one_member(packed: &[u8]) -> Vec<u8> {
    let script = "import sys,zlib;d=zlib.decompressobj(31);b=d.decompress(sys.stdin.buffer.read());\
                  assert d.eof and not d.unused_data;sys.stdout.buffer.write(b)";
    let mut python = std::process::Command::new("python3")
        .args(["-c", script])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = python.stdin.take().unwrap();
    let packed = packed.to_vec();
    let feeder =
        std::thread::spawn(move || std::io::Write::write_all(&mut stdin, &packed).unwrap());
    let mut out = Vec::new();
    python.stdout.take().unwrap().read_to_end(&mut out).unwrap();
    feeder.join().unwrap();
    assert!(python.wait().unwrap().success());
    out
}

#[test]
fn the_short_way_and_the_long_way_give_the_same_answer() {
    let site = site();
    let tile = wet_tile(&site);
    let hits = || -> u64 {
        let metrics = String::from_utf8(site.get("/metrics").body).unwrap();
        let line = metrics.lines().find(|l| l.starts_with("onemap_tile_cache_hits_total")).unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    let mut short_of = std::collections::BTreeMap::new();
    for path in [
        format!("/tiles/water/{tile}"),
        format!("/tiles/water,pois/{tile}?buffer=64&datetime=2026-01-01"),
        format!("/tiles/water.label/{tile}.mvt"),
        "/tiles/water/10/0/0".to_owned(),
    ] {
        for encoding in ["identity", "gzip", "zstd, gzip"] {
            let usual = [("accept-encoding", encoding)];
            let cold = site.get_with(&path, &usual);
            let before = hits();
            let short = site.get_with(&path, &usual);
            // A tag list is nothing for the short way.
            let long = site.get_with(&path, &[usual[0], ("if-none-match", "\"a\", W/\"b\"")]);
            assert_eq!(hits(), before + 2, "{path}");
            for (one, other) in [(&short, &long), (&short, &cold)] {
                assert_eq!(one.status, other.status, "{path} {encoding}");
                assert_eq!(without_date(one), without_date(other), "{path} {encoding}");
                assert_eq!(one.body, other.body, "{path} {encoding}");
            }
            let tag = short.header("etag");
            let list = format!("\"a\", {tag}");
            let same = site.get_with(&path, &[usual[0], ("if-none-match", tag)]);
            let listed = site.get_with(&path, &[usual[0], ("if-none-match", &list)]);
            assert_eq!((same.status, listed.status), (304, 304));
            assert_eq!(without_date(&same), without_date(&listed));
            short_of.insert((path.clone(), encoding), tag.to_owned());
        }
    }
    let tags: std::collections::BTreeSet<_> = short_of.values().collect();
    assert!(tags.len() >= 9, "different bytes have different tags");
}

fn without_date(answer: &onemap_tests::Answer) -> Vec<(String, String)> {
    let headers = answer.headers.clone().into_iter();
    headers.filter(|(name, _)| name != "date").collect()
}

#[test]
fn each_polygon_has_its_label_in_one_tile_of_a_zoom() {
    let site = site();
    let bounds = site.get("/api/layers/water").json()["bounds"].clone();
    let at = |i: usize| bounds[i].as_f64().unwrap();
    let json = site.get("/tiles/water,water.label").json();
    let ids: Vec<_> = json["vector_layers"].as_array().unwrap().iter().map(|l| &l["id"]).collect();
    assert_eq!(ids, ["water", "water.label"]);
    let (mut labels, mut with_labels) = (0, 0);
    let z = 15_u32;
    let n = f64::from(1 << z);
    let column = |lon: f64| ((lon / 360.0 + 0.5) * n) as u32;
    let row =
        |lat: f64| ((0.5 - lat.to_radians().tan().asinh() / std::f64::consts::TAU) * n) as u32;
    for x in column(at(0))..=column(at(2)) {
        for y in row(at(3))..=row(at(1)) {
            let tile = site.get(&format!("/tiles/water.label/{z}/{x}/{y}"));
            with_labels += usize::from(tile.status == 200);
            labels += features_in(&tile.body);
        }
    }
    let polygons = site.get("/api/layers/water").json()["count"].as_u64().unwrap();
    assert!(with_labels > 3);
    assert_eq!(labels, polygons, "{with_labels} tiles");
}

/// Counts the features of a tile: fields 2 of its layers, which are fields 3.
fn features_in(tile: &[u8]) -> u64 {
    fn fields(mut bytes: &[u8]) -> Vec<(u64, &[u8])> {
        fn varint(bytes: &mut &[u8]) -> u64 {
            let (mut value, mut shift) = (0, 0);
            loop {
                let byte = bytes[0];
                *bytes = &bytes[1..];
                value |= u64::from(byte & 0x7f) << shift;
                shift += 7;
                if byte < 0x80 {
                    return value;
                }
            }
        }
        let mut out = Vec::new();
        while !bytes.is_empty() {
            let tag = varint(&mut bytes);
            let value = varint(&mut bytes);
            if tag & 7 == 2 {
                let (content, rest) = bytes.split_at(value as usize);
                out.push((tag >> 3, content));
                bytes = rest;
            }
        }
        out
    }
    let layers = fields(tile).into_iter().filter(|(number, _)| *number == 3);
    layers.map(|(_, layer)| fields(layer).iter().filter(|(n, _)| *n == 2).count() as u64).sum()
}

#[test]
fn every_bad_request_gets_its_status_and_a_reason() {
    let site = site();
    let cases = [
        ("/tiles/nowhere/3/1/2", 404),
        ("/tiles/water/99/0/0", 404),
        ("/tiles/water/3/8/0", 404),
        ("/tiles/water/3/-1/0", 400),
        ("/tiles/water/3/1/abc", 400),
        ("/tiles/water/3/1/99999999999999999999999999", 404),
        ("/tiles/water/3/1/2.exe", 400),
        ("/tiles/water,water/3/1/2", 400),
        ("/tiles/..%2F..%2Fetc/3/1/2", 400),
        ("/tiles/WATER", 400),
        ("/tiles/water/3/6/3?buffer=999999", 400),
        ("/tiles/water/3/6/3?datetime=yesterday", 400),
        ("/tiles/water/3/6/3?state=nonsense", 400),
        ("/tiles/water/3/6/3?revision=first", 400),
        ("/tiles/water/3/6/3?filter=name%20LIKE", 400),
        ("/tiles/water/3/6/3?filter=nosuchfield%3D1", 400),
        ("/tiles/water/3/6/3?filter=1%3D1&filter-lang=sql", 400),
        ("/tiles/water/3/6/3?filter=%7B%7D&filter-lang=cql2-json", 400),
        ("/tiles/water/3/6/3?revision=99", 404),
        ("/tiles/water.labels/3/6/3", 400),
        ("/api/layers/nowhere", 404),
        ("/api/layers/..%2f..%2fetc%2fpasswd", 400),
        ("/features/water/abc", 400),
        ("/features/water/9007199254740993", 400),
        ("/features/water/9007199254740991", 404),
        ("/identify?lon=118", 400),
        ("/identify?lon=nan&lat=33", 400),
        ("/identify?lon=999&lat=33", 400),
        ("/identify?lon=118&lat=33&radius=1e300", 400),
        ("/styles/..%2f..%2fCargo", 400),
        ("/assets/..%2f..%2f..%2fetc%2fpasswd", 404),
        ("/no/such/path", 404),
    ];
    for (path, status) in cases {
        let answer = site.get(path);
        assert_eq!(answer.status, status, "{path}: {}", String::from_utf8_lossy(&answer.body));
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
        let body = answer.json();
        assert!(body["detail"].as_str().unwrap().len() > 10, "{path}: {body}");
        if status == 400 && !path.starts_with("/assets") {
            assert!(body["parameter"].is_string(), "{path}: {body}");
        }
    }
}

#[test]
fn an_empty_tile_is_204_and_an_overview_tile_is_not_empty() {
    let site = site();
    assert_eq!(site.get("/tiles/water/10/0/0").status, 204);
    let whole_world = site.get("/tiles/water/0/0/0");
    assert_eq!(whole_world.status, 200);
    assert!((1..500_000).contains(&whole_world.body.len()));
}

#[test]
fn a_feature_found_at_a_place_is_the_one_that_its_id_names() {
    let site = site();
    let bounds = site.get("/api/layers/pois").json()["bounds"].clone();
    let at = |i: usize| bounds[i].as_f64().unwrap();
    let (lon, lat) = (f64::midpoint(at(0), at(2)), f64::midpoint(at(1), at(3)));
    let found = site.get(&format!("/identify?lon={lon}&lat={lat}&layers=pois&radius=5000")).json();
    let features = found["features"].as_array().unwrap();
    assert!(!features.is_empty());
    let distances: Vec<f64> = features.iter().map(|f| f["distance_m"].as_f64().unwrap()).collect();
    assert!(distances.is_sorted());
    let id = &features[0]["id"];
    let one = site.get(&format!("/features/pois/{id}")).json();
    assert_eq!(one["properties"], features[0]["properties"]);
    assert_eq!(one["geometry"], features[0]["geometry"]);
}

#[test]
fn the_description_and_health_paths_answer() {
    let site = site();
    let api = site.get("/api").json();
    assert_eq!(api["openapi"], "3.1.0");
    assert_eq!(site.get("/healthz").status, 200);
    assert_eq!(site.get("/readyz").status, 200);
    let metrics = String::from_utf8(site.get("/metrics").body).unwrap();
    assert!(metrics.contains("onemap_layers 2"), "{metrics}");
    let page = site.get("/");
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.header("content-security-policy").contains("default-src"));
}
