//! The command line says what is wrong and exits as INTERFACE says.

#![allow(clippy::unwrap_used, reason = "a test that can not set up has failed")]

use onemap_tests::{Onemap, root};

fn sample(name: &str) -> String {
    root().join("data-samples/city").join(name).display().to_string()
}

#[test]
fn wrong_words_exit_with_2_and_failures_with_1() {
    let onemap = Onemap::new();
    for args in
        [&["nonsense"][..], &["import"], &["import", "x", "--layer", "../x"], &["show", "A/b"]]
    {
        let outcome = onemap.run(args).expect_code(2);
        assert!(outcome.stderr.contains("error: "), "{}", outcome.stderr);
    }
    for (args, said) in [
        (&["import", "/no/such/file.shp"][..], "/no/such/file.shp"),
        (&["import", &sample("pois.csv"), "--crs", "EPSG:99999999"], "EPSG:99999999"),
        (&["import", &sample("pois.csv"), "--crs", "nonsense"], "nonsense"),
        (&["import", &sample("pois.csv"), "--encoding", "klingon"], "klingon"),
        (&["import", &sample("pois.csv"), "--id-field", "没有"], "没有"),
        (&["show", "nowhere"], "onemap layers"),
        (&["remove", "nowhere"], "nowhere"),
        (&["tile", "nowhere/0/0/0", "-o", "/dev/null"], "nowhere"),
        (&["tile", "nowhere/99/0/0", "-o", "/dev/null"], "99/0/0"),
        (&["tile", "nowhere/-1/0/0", "-o", "/dev/null"], "-1"),
    ] {
        let outcome = onemap.run(args).expect_code(1);
        assert!(outcome.stderr.starts_with("error: "), "{args:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(said), "{args:?}: {}", outcome.stderr);
    }
}

#[test]
fn a_layer_is_imported_shown_changed_and_removed() {
    let onemap = Onemap::new();
    let report =
        onemap.import(sample("pois.csv").as_ref(), &["--layer", "pois", "--department", "民政局"]);
    let report = report.expect_code(0).json();
    assert_eq!(report["revision"], 1);
    assert_eq!(report["layers"][0]["read"], report["layers"][0]["kept"]);
    let again = onemap.import(sample("pois.csv").as_ref(), &["--layer", "pois"]).expect_code(1);
    assert!(again.stderr.contains("append"), "{}", again.stderr);
    let shown = onemap.run(&["--json", "show", "pois"]).expect_code(0).json();
    assert_eq!(shown["department"], "民政局");
    let _ = onemap.run(&["set", "pois", "title=兴趣点", "style=pois"]).expect_code(0);
    let listed = onemap.run(&["--json", "layers"]).expect_code(0).json();
    assert_eq!(listed["layers"][0]["title"], "兴趣点");
    let _ = onemap.run(&["set", "pois", "colour=red"]).expect_code(1);
    let _ = onemap.run(&["check"]).expect_code(0);
    let _ = onemap.run(&["remove", "pois"]).expect_code(0);
    let listed = onemap.run(&["--json", "layers"]).expect_code(0).json();
    assert_eq!(listed["layers"], serde_json::json!([]));
}

#[test]
fn a_dry_run_stores_nothing() {
    let onemap = Onemap::new();
    let report = onemap.import(sample("pois.csv").as_ref(), &["--dry-run"]).expect_code(0).json();
    assert!(report["revision"].is_null());
    assert!(report["layers"][0]["kept"].as_u64().unwrap() > 0);
    let listed = onemap.run(&["--json", "layers"]).expect_code(0).json();
    assert_eq!(listed["layers"], serde_json::json!([]));
}

#[test]
fn rejected_records_are_counted_listed_and_exit_with_3() {
    let onemap = Onemap::new();
    let file = onemap.data().with_extension("geojsonl");
    let good = r#"{"type":"Feature","properties":{"n":1},"geometry":{"type":"Point","coordinates":[118,33]}}"#;
    let flat = r#"{"type":"Feature","properties":{"n":2},"geometry":{"type":"Polygon","coordinates":[[[0,0],[1,1],[0,0]]]}}"#;
    std::fs::write(&file, format!("{good}\n{flat}\n{{broken\n")).unwrap();
    let list = onemap.data().with_extension("csv");
    let outcome = onemap.import(&file, &["--layer", "few", "--rejects", list.to_str().unwrap()]);
    let report = outcome.expect_code(3).json();
    let layer = &report["layers"][0];
    assert_eq!(
        (layer["read"].as_u64(), layer["kept"].as_u64(), layer["rejected"].as_u64()),
        (Some(3), Some(1), Some(2))
    );
    let listed = std::fs::read_to_string(list).unwrap();
    assert_eq!(listed.lines().count(), 3, "{listed}");
}

#[test]
fn the_same_file_gives_the_same_bytes_at_one_and_at_many_threads() {
    let segment = |threads: &str| {
        let onemap = Onemap::new();
        let mut command = onemap.command();
        command.args(["import", &sample("buildings.fgb"), "--layer", "buildings"]);
        let output = command.env("RAYON_NUM_THREADS", threads).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let files = onemap_tests::files_under(&onemap.data().join("segments"));
        files
            .iter()
            .map(|f| (f.file_name().unwrap().to_owned(), std::fs::read(f).unwrap()))
            .collect::<Vec<_>>()
    };
    assert!(segment("1") == segment("4"));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let onemap = Onemap::new();
    let mut command = onemap.command();
    command.args(["inspect", &sample("pois.csv")]).stdout(std::process::Stdio::piped());
    let mut child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
