//! Many clients at once: nothing fails, nothing is stale, too much is refused at once, and who dribbles hurts
//! nobody. The long version is `benches/compare/load.py`.

#![allow(clippy::unwrap_used, reason = "a test that can not set up has failed")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use onemap_tests::{Onemap, Server, root, send};
use serde_json::{Value, json};

/// Clients that ask for tiles.
const CLIENTS: u64 = 64;
/// How long they ask.
const TIME: Duration = Duration::from_secs(12);

/// A store with the sample city's buildings and water.
fn city() -> Onemap {
    let onemap = Onemap::new();
    for file in ["buildings.fgb", "water.geojson"] {
        let path = root().join("data-samples/city").join(file);
        let layer = Path::new(file).file_stem().unwrap().to_str().unwrap();
        let _ = onemap.import(&path, &["--layer", layer]).expect_code(0);
    }
    onemap
}

/// Pseudo-random numbers: the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

fn tile_at(lon: f64, lat: f64, z: u32) -> (u64, u64) {
    let n = f64::from(1 << z);
    let y = 0.5 - lat.to_radians().tan().asinh() / std::f64::consts::TAU;
    (((lon / 360.0 + 0.5) * n) as u64, (y * n) as u64)
}

/// A tile of the city; mostly of a few, so that some are warm and some cold.
fn some_tile(random: &mut Random) -> String {
    let z = 11 + random.below(6) as u32;
    let (west, north) = tile_at(118.227, 33.998, z);
    let (east, south) = tile_at(118.331, 33.921, z);
    let x = west + random.below(east - west + 1);
    let y = north + random.below(south - north + 1);
    let layers = ["buildings", "water", "buildings,water"][random.below(3) as usize];
    format!("/tiles/{layers}/{z}/{x}/{y}")
}

/// Figures that all clients count into.
#[derive(Default)]
struct Seen {
    asked: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    stale: AtomicU64,
    edits: AtomicU64,
    stop: AtomicBool,
}

#[test]
fn under_load_with_edits_nothing_fails_and_nothing_is_stale() {
    let onemap = city();
    let server = Server::start(&onemap);
    let seen = Arc::new(Seen::default());
    let place = server.get("/identify?lon=118.28&lat=33.96&layers=water&radius=10000").json();
    let water = &place["features"][0];
    let id = water["id"].as_u64().unwrap();
    let field = text_field(&server, "water");
    let corner = corner_of(water);
    let (x, y) = tile_at(corner[0], corner[1], 16);
    let watched = format!("{}/tiles/water/16/{x}/{y}", server.url);
    // The number of the last edit that was acknowledged, and that any later request must see.
    let acknowledged = Arc::new(AtomicU64::new(0));

    let editor = {
        let (seen, acknowledged) = (seen.clone(), acknowledged.clone());
        let url = format!("{}/features/water/{id}", server.url);
        let field = field.clone();
        thread::spawn(move || {
            for number in 1.. {
                if seen.stop.load(Ordering::Relaxed) {
                    return;
                }
                let started = Instant::now();
                let body =
                    json!({ "properties": { (field.as_str()): format!("edit-{number:06}") } });
                let headers = [("content-type", "application/json")];
                let done = send("PATCH", &url, &headers, body.to_string().as_bytes());
                if done.status == 200 {
                    acknowledged.store(number, Ordering::SeqCst);
                    seen.edits.fetch_add(1, Ordering::Relaxed);
                } else {
                    seen.failed.fetch_add(1, Ordering::Relaxed);
                }
                thread::sleep(Duration::from_millis(100).saturating_sub(started.elapsed()));
            }
        })
    };
    let checkers: Vec<_> = (0..2)
        .map(|_| {
            let (seen, acknowledged, url) = (seen.clone(), acknowledged.clone(), watched.clone());
            thread::spawn(move || {
                while !seen.stop.load(Ordering::Relaxed) {
                    let least = acknowledged.load(Ordering::SeqCst);
                    let answer = send("GET", &url, &[], &[]);
                    if answer.status != 200 {
                        seen.failed.fetch_add(1, Ordering::Relaxed);
                    } else if least > 0 && edit_in(&answer.body).is_none_or(|n| n < least) {
                        seen.stale.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
        })
        .collect();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|i| {
            let (seen, base) = (seen.clone(), server.url.clone());
            thread::spawn(move || {
                let mut random = Random(i + 1);
                while !seen.stop.load(Ordering::Relaxed) {
                    let url = format!("{base}{}", some_tile(&mut random));
                    let status = send("GET", &url, &[("accept-encoding", "gzip")], &[]).status;
                    seen.asked.fetch_add(1, Ordering::Relaxed);
                    match status {
                        200 | 204 => {}
                        503 => drop(seen.refused.fetch_add(1, Ordering::Relaxed)),
                        _ => drop(seen.failed.fetch_add(1, Ordering::Relaxed)),
                    }
                }
            })
        })
        .collect();
    thread::sleep(TIME);
    seen.stop.store(true, Ordering::Relaxed);
    for client in clients.into_iter().chain(checkers).chain([editor]) {
        client.join().unwrap();
    }
    let get = |n: &AtomicU64| n.load(Ordering::Relaxed);
    let (asked, edits) = (get(&seen.asked), get(&seen.edits));
    println!("{asked} tiles, {edits} edits, {} refused", get(&seen.refused));
    assert_eq!((get(&seen.failed), get(&seen.stale)), (0, 0));
    assert_eq!(get(&seen.refused), 0, "64 clients are no overload");
    assert!(asked > 500 && edits > 20, "{asked} tiles, {edits} edits");
}

fn text_field(server: &Server, layer: &str) -> String {
    let layer = server.get(&format!("/api/layers/{layer}")).json();
    let fields = layer["fields"].as_array().unwrap();
    let text = fields.iter().find(|field| field["type"] == "text").unwrap();
    text["name"].as_str().unwrap().to_owned()
}

fn corner_of(feature: &Value) -> [f64; 2] {
    let mut at = &feature["geometry"]["coordinates"];
    while at[0].is_array() {
        at = &at[0];
    }
    [at[0].as_f64().unwrap(), at[1].as_f64().unwrap()]
}

/// Returns the number of the edit that a tile shows.
fn edit_in(tile: &[u8]) -> Option<u64> {
    let at = tile.windows(5).position(|part| part == b"edit-")?;
    std::str::from_utf8(tile.get(at + 5..at + 11)?).ok()?.parse().ok()
}

/// Asks over a connection of its own; returns the status and the time until it came.
fn ask(address: &str, path: &str) -> (u16, Duration) {
    let started = Instant::now();
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut begin = [0; 12];
    stream.read_exact(&mut begin).unwrap();
    let taken = started.elapsed();
    // What follows is read, so that the server can send it.
    let _ = std::io::copy(&mut stream, &mut std::io::sink());
    (std::str::from_utf8(&begin[9..]).unwrap().parse().unwrap(), taken)
}

#[test]
fn what_is_too_much_is_refused_at_once_and_the_rest_is_served() {
    let onemap = city();
    let server = Server::start(&onemap);
    // The whole city in one tile, each time with another margin: slow, and never in the cache.
    let (x, y) = tile_at(118.28, 33.96, 13);
    let next = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let clients: Vec<_> = (0..400)
        .map(|_| {
            let (address, next) = (server.address().to_owned(), next.clone());
            thread::Builder::new()
                .stack_size(256 * 1024)
                .spawn(move || {
                    let mut answers = Vec::new();
                    while begun.elapsed() < Duration::from_secs(6) {
                        let i = next.fetch_add(1, Ordering::Relaxed);
                        let names = format!("properties=none{i}&buffer={}", i % 1000);
                        let path = format!("/tiles/buildings/13/{x}/{y}?{names}");
                        answers.push(ask(&address, &path));
                    }
                    answers
                })
                .unwrap()
        })
        .collect();
    // Meanwhile edits and features have queues of their own.
    thread::sleep(Duration::from_secs(2));
    let read = Instant::now();
    assert_eq!(server.get("/features/water/1?state=existing,planned").status / 100, 2);
    let read = read.elapsed();
    let answers: Vec<(u16, Duration)> =
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect();
    let times = |status: u16| {
        let of = answers.iter().filter(|(s, _)| *s == status).map(|(_, t)| *t);
        let mut times: Vec<Duration> = of.collect();
        times.sort_unstable();
        times
    };
    let (served, refused) = (times(200), times(503));
    assert_eq!(served.len() + refused.len(), answers.len());
    let at = |times: &[Duration], part: f64| {
        times.get((times.len() as f64 * part) as usize).copied().unwrap_or_default()
    };
    println!(
        "served {} (p50 {:?}), refused {} (p50 {:?}, p99 {:?}), a feature took {read:?}",
        served.len(),
        at(&served, 0.5),
        refused.len(),
        at(&refused, 0.5),
        at(&refused, 0.99),
    );
    assert!(!served.is_empty() && !refused.is_empty(), "{} {}", served.len(), refused.len());
    // On a machine that does other things as well.
    assert!(at(&refused, 0.5) < Duration::from_millis(250));
    assert!(at(&served, 0.5) < Duration::from_secs(4));
    assert!(read < Duration::from_secs(2));
    // And then all is as before.
    assert_eq!(server.get(&format!("/tiles/buildings/13/{x}/{y}")).status, 200);
}

#[test]
fn clients_that_dribble_hurt_nobody_and_are_cut_off() {
    let onemap = city();
    let server = Server::start(&onemap);
    let (x, y) = tile_at(118.28, 33.96, 14);
    let path = format!("/tiles/water/14/{x}/{y}");
    assert_eq!(server.get(&path).status, 200);
    let mut slow: Vec<TcpStream> = Vec::new();
    for i in 0..300 {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        let begin: &[u8] = match i % 4 {
            0 => b"GET /til",
            1 => b"P",
            2 => b"",
            // An upload whose body never comes.
            _ => b"POST /features/water HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{",
        };
        stream.write_all(begin).unwrap();
        slow.push(stream);
    }
    let begun = Instant::now();
    let mut longest = Duration::ZERO;
    while begun.elapsed() < Duration::from_secs(9) {
        let (status, taken) = ask(server.address(), &path);
        assert_eq!(status, 200);
        longest = longest.max(taken);
        for stream in slow.iter_mut().step_by(4) {
            let _ = stream.write_all(b"x");
        }
        thread::sleep(Duration::from_millis(200));
    }
    println!("with 300 dribbling connections the slowest warm tile took {longest:?}");
    assert!(longest < Duration::from_millis(500), "{longest:?}");
    thread::sleep(
        Duration::from_secs(6)
            .saturating_sub(begun.elapsed().saturating_sub(Duration::from_secs(9))),
    );
    let mut told_408 = 0;
    for (i, stream) in slow.iter_mut().enumerate() {
        stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        let mut rest = Vec::new();
        // Ended by the server: not a read that is still waiting.
        if let Err(error) = stream.read_to_end(&mut rest) {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "connection {i}");
        }
        told_408 += usize::from(rest.starts_with(b"HTTP/1.1 408"));
    }
    assert!(told_408 >= 75, "{told_408}");
}

#[test]
fn one_connection_too_many_is_told_so_and_edits_are_for_this_computer() {
    let onemap = city();
    let args = ["serve", "--listen", "127.0.0.1:0", "--max-connections", "20", "--cache", "8MB"];
    let server = Server::start_with(&onemap, &args);
    let mut held: Vec<TcpStream> = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
        let mut begin = [0; 12];
        stream.read_exact(&mut begin).unwrap();
        assert_eq!(&begin, b"HTTP/1.1 200");
        held.push(stream);
    }
    assert_eq!(ask(server.address(), "/healthz").0, 503);
    held.clear();
    thread::sleep(Duration::from_millis(200));
    assert_eq!(ask(server.address(), "/healthz").0, 200);
    // The cache keeps its bound.
    let mut random = Random(1);
    for _ in 0..600 {
        let _ = server.get(&some_tile(&mut random));
    }
    let metrics = String::from_utf8(server.get("/metrics").body).unwrap();
    let figure = |name: &str| -> u64 {
        let line = metrics.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    assert_eq!(figure("onemap_tile_cache_limit_bytes"), 8 << 20);
    let held = figure("onemap_tile_cache_bytes");
    assert!((1 << 20..=8 << 20).contains(&held), "{held}");
    assert!(figure("onemap_connections_turned_away_total") >= 1);
}
