//! `kill -9` at any moment: what was acknowledged is there, nothing else, nothing in part.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use onemap_model::{Feature, Value};
use onemap_store::{Edit, NewFeature, Store};

use crate::support::*;

const ROUNDS: u32 = 24;
const FOLDER: &str = "ONEMAP_STORE_CRASH_FOLDER";
const EDITED: u64 = 200;
const IMPORTED: u64 = 3000;

/// What revision `r` does to the store; the same in the child and in the oracle.
enum Step {
    FirstImport,
    Import(Vec<Feature>),
    Compact,
    Edit { changed: Box<Feature>, created: u64 },
}

fn step(r: u64) -> Step {
    match r {
        1 => Step::FirstImport,
        r if r % 40 == 0 => Step::Compact,
        r if r % 10 == 0 => Step::Import(features(0..IMPORTED + r)),
        r => {
            let mut changed = feature(r * 7 % EDITED);
            changed.values[0] = Value::Text(format!("revision {r}"));
            Step::Edit { changed: Box::new(changed), created: 10_000 + r }
        }
    }
}

fn perform(store: &Store, r: u64) {
    let x = layer_id("x");
    match step(r) {
        Step::FirstImport => drop(import(store, "x", &features(0..EDITED))),
        Step::Import(features) => drop(import(store, "y", &features)),
        Step::Compact => drop(store.compact(&x, "child").unwrap().unwrap()),
        Step::Edit { changed, created } => {
            let new = Feature { id: id(created), ..(*changed).clone() };
            let new = NewFeature {
                id: Some(new.id),
                geometry: new.geometry,
                values: new.values,
                valid: new.valid,
                state: new.state,
            };
            let update = Edit::Update { feature: *changed, expected: None };
            store.edit(&x, vec![update, Edit::Create(new)], "child").unwrap();
        }
    }
    assert_eq!(store.revision().0, r);
}

type Content = BTreeMap<u64, Feature>;

/// The layers as they are after revision `r`.
fn oracle(r: u64) -> (Content, Content) {
    let (mut x, mut y) = (Content::new(), Content::new());
    for r in 1..=r {
        match step(r) {
            Step::FirstImport => x = by_id(&features(0..EDITED)),
            Step::Import(features) => y = by_id(&features),
            Step::Compact => {}
            Step::Edit { changed, created } => {
                x.insert(created, Feature { id: id(created), ..(*changed).clone() });
                x.insert(changed.id.get(), *changed);
            }
        }
    }
    (x, y)
}

/// Not a test: the process that is killed.
#[test]
#[ignore = "run by a_killed_writer_loses_nothing_acknowledged"]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let store = open(Path::new(&folder));
    for r in store.revision().0 + 1.. {
        perform(&store, r);
        println!("ack {r}");
        std::io::stdout().flush().unwrap();
    }
}

#[test]
fn a_killed_writer_loses_nothing_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let mut slowest = Duration::ZERO;
    let mut last = 0;
    for round in 0..ROUNDS {
        let acked = run_and_kill(dir.path(), round).max(last);
        let begin = Instant::now();
        let store = open(dir.path());
        slowest = slowest.max(begin.elapsed());
        last = store.revision().0;
        assert!(last == acked || last == acked + 1, "acknowledged {acked}, found {last}");
        let (x, y) = oracle(last);
        let content = |name: &str, expected: &Content| {
            let view = store.view(everything());
            let found = view.layer(&layer_id(name)).map(|_| all(&view, name)).unwrap_or_default();
            assert!(found == *expected, "layer {name} at revision {last}");
        };
        content("x", &x);
        content("y", &y);
        let report = store.check();
        assert!(report.is_clean(), "{report}");
    }
    println!("{ROUNDS} kills, {last} revisions, slowest restart {slowest:?}");
    assert!(slowest < Duration::from_secs(5));
}

/// Runs the child for a while and kills it; returns the last revision that it acknowledged.
fn run_and_kill(folder: &Path, round: u32) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::child", "--ignored", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let (sender, acks) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        for line in out.lines().map_while(Result::ok) {
            let ack = line.rsplit_once("ack ").and_then(|(_, n)| n.trim().parse::<u64>().ok());
            if let Some(ack) = ack {
                let _ = sender.send(ack);
            }
        }
    });
    let first = acks.recv_timeout(Duration::from_mins(1)).expect("the child works");
    // Spread over a step: no two rounds end at the same place.
    let micros = 1_000 + u64::from(round) * 197_393 % 900_000;
    std::thread::sleep(Duration::from_micros(micros));
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap();
    acks.try_iter().last().unwrap_or(first)
}
