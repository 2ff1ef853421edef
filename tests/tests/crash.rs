//! `kill -9` of an import: the store then holds every acknowledged layer, no other, and is clean.

#![allow(clippy::unwrap_used, reason = "a test that can not set up has failed")]

use std::process::Stdio;
use std::time::{Duration, Instant};

use onemap_tests::{Onemap, root};

const ROUNDS: u64 = 20;

#[test]
fn a_killed_import_leaves_all_or_nothing_and_a_clean_store() {
    let onemap = Onemap::new();
    let source = root().join("data-samples/city/buildings.fgb");
    // The store itself is made before the first kill.
    let _ = onemap.import(&source, &["--layer", "round"]).expect_code(0);
    let mut acknowledged = vec!["round".to_owned()];
    for round in 0..ROUNDS {
        let layer = format!("round_{round:02}");
        let mut child = onemap
            .command()
            .args(["--json", "import", source.to_str().unwrap(), "--layer", &layer])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // From before the first byte is read to after the commit.
        std::thread::sleep(Duration::from_millis(5 + round * 37 % 600));
        child.kill().unwrap();
        let done = child.wait().unwrap().success();
        let begin = Instant::now();
        let listed = onemap.run(&["--json", "layers"]).expect_code(0).json();
        assert!(begin.elapsed() < Duration::from_secs(5), "restart took {:?}", begin.elapsed());
        let found: Vec<(String, u64)> = listed["layers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|l| (l["id"].as_str().unwrap().to_owned(), l["count"].as_u64().unwrap()))
            .collect();
        assert!(found.iter().all(|(_, count)| *count == 21_701), "a layer in part: {found:?}");
        // The kill may fall between the commit and the exit: then the layer is there, in full.
        if done || found.iter().any(|(id, _)| *id == layer) {
            acknowledged.push(layer);
        }
        let ids: Vec<String> = found.into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids, acknowledged);
        let _ = onemap.run(&["check"]).expect_code(0);
    }
    let through = acknowledged.len() - 1;
    println!("{ROUNDS} kills, {through} imports came through");
    assert!(through < ROUNDS as usize, "no import was killed: the kills come too late");
}
