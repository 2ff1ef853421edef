//! The demo in a real browser: layers are drawn, a building answers a click, time runs, edits appear, nothing
//! leaves the machine.

use std::process::Command;

use onemap_tests::{Onemap, Server, root};

#[test]
fn the_demo_shows_the_sample_city_in_a_browser() {
    let onemap = Onemap::new();
    let server = Server::start_with(&onemap, &["demo", "--listen", "127.0.0.1:0"]);
    let status = Command::new("node")
        .args(["--test", "--test-concurrency=1"])
        .current_dir(root().join("tests/portal"))
        .env("ONEMAP_URL", &server.url)
        .status()
        .unwrap_or_else(|error| panic!("node can not be run: {error}"));
    assert!(status.success(), "the browser test failed: see above");
}
