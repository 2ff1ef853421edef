//! Damaged, cut off and missing files: an error or the right data, never a panic or other data.

use std::fs;
use std::path::{Path, PathBuf};

use onemap_model::Value;
use onemap_store::{Cache, Edit, OpenMode, Query, Store, StoreError, StoreOptions};

use crate::support::*;

const REVISIONS: u64 = 12;

/// A store with an import and single edits, and what it holds after each revision.
fn edited_store(dir: &Path) -> Vec<std::collections::BTreeMap<u64, onemap_model::Feature>> {
    let store = open(dir);
    let mut history = vec![std::collections::BTreeMap::default()];
    import(&store, "x", &features(0..50));
    history.push(now(&store, "x"));
    for r in 2..=REVISIONS {
        let mut feature = feature(r);
        feature.values[0] = Value::Text(format!("edit {r}"));
        let edits = vec![Edit::Update { feature, expected: None }];
        store.edit(&layer_id("x"), edits, "me").unwrap();
        history.push(now(&store, "x"));
    }
    history
}

fn log_path(dir: &Path) -> PathBuf {
    dir.join("log/0000000001.log")
}

fn files_of_segments(dir: &Path, extension: &str) -> Vec<PathBuf> {
    let folders = fs::read_dir(dir.join("segments")).unwrap();
    let files = folders.flat_map(|f| fs::read_dir(f.unwrap().path()).unwrap());
    let mut files: Vec<_> = files.map(|f| f.unwrap().path()).collect();
    files.retain(|p| p.extension().is_some_and(|e| e == extension));
    files
}

fn open_without_cache(dir: &Path) -> Result<Store, StoreError> {
    Store::open_with(dir, StoreOptions { cache: Cache::Memory, ..StoreOptions::default() })
}

fn read_all(store: &Store) -> Result<Vec<onemap_model::Feature>, StoreError> {
    let view = store.view(everything());
    let mut found = Vec::new();
    let layer = view.layer(&layer_id("x")).unwrap();
    layer.for_each(&Query::default(), &mut |f| {
        found.push(f.to_feature());
        std::ops::ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// Places to damage: spread over a file, dense at its begin and end.
fn places(len: usize) -> impl Iterator<Item = usize> {
    let step = (len / 150).max(1);
    (0..len).filter(move |&i| i < 130 || i + 70 > len || i % step == 0)
}

#[test]
fn a_log_cut_off_anywhere_holds_the_changes_that_are_whole() {
    let dir = tempfile::tempdir().unwrap();
    let history = edited_store(dir.path());
    let log = fs::read(log_path(dir.path())).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    let lens = places(log.len()).filter(|&len| len >= 72).map(|len| (len, 0));
    // After a power cut, the file may have its length, and more, and zeros for sectors.
    let sectors = (1..log.len() / 512).map(|i| i * 512);
    let empty =
        sectors.flat_map(|from| [(from, log.len() - from), (from, log.len() - from + 4096)]);
    for (len, zeros) in lens.chain(empty) {
        let mut cut = log[..len].to_vec();
        cut.resize(len + zeros, 0);
        fs::write(log_path(dir.path()), &cut).unwrap();
        let store = open_without_cache(dir.path()).unwrap();
        let revision = store.revision().0 as usize;
        seen.insert(revision);
        if revision > 0 {
            assert_eq!(now(&store, "x"), history[revision], "cut at {len}");
        }
        assert!(store.check().is_clean(), "cut at {len}");
        drop(store);
        if len % 5 == 0 && zeros == 0 && revision > 0 {
            // With the cache, which knows more than the log now; the log goes on after the cut.
            let store = open(dir.path());
            let edit = Edit::Delete { id: id(1), expected: None };
            store.edit(&layer_id("x"), vec![edit], "me").unwrap();
            drop(store);
            assert_eq!(open(dir.path()).revision().0 as usize, revision + 1);
        }
    }
    assert!(seen.len() > 8, "{seen:?}");
}

#[test]
fn a_changed_byte_in_the_log_is_never_taken_for_an_interrupted_change() {
    let dir = tempfile::tempdir().unwrap();
    let history = edited_store(dir.path());
    let log = fs::read(log_path(dir.path())).unwrap();
    for at in places(log.len()) {
        let mut changed = log.clone();
        changed[at] ^= 1 << (at % 8);
        fs::write(log_path(dir.path()), &changed).unwrap();
        let error = open_without_cache(dir.path()).err();
        assert!(matches!(error, Some(StoreError::Damaged { .. })), "byte {at}: {error:?}");
        assert_eq!(fs::read(log_path(dir.path())).unwrap(), changed, "the log is left as it is");
    }
    // An acknowledged change whose last sector is lost later on: the cache remembers that it was whole.
    fs::write(log_path(dir.path()), &log).unwrap();
    drop(open(dir.path()));
    let mut changed = log.clone();
    let from = log.len() / 512 * 512;
    changed[from..].fill(0);
    fs::write(log_path(dir.path()), &changed).unwrap();
    let error = Store::open(dir.path(), OpenMode::ReadWrite).unwrap_err();
    assert!(error.to_string().contains("acknowledged"), "{error}");
    fs::write(log_path(dir.path()), &log).unwrap();
    drop(open(dir.path()));
    // The cache knows the catalogue without the log; a check reads the log all the same.
    let mut changed = log.clone();
    changed[200] ^= 4;
    fs::write(log_path(dir.path()), &changed).unwrap();
    let store = open(dir.path());
    assert_eq!(now(&store, "x"), history[REVISIONS as usize]);
    let report = store.check();
    assert!(report.problems.iter().any(|p| p.contains("0000000001.log")), "{report}");
}

#[test]
fn a_record_in_the_middle_that_was_replaced_breaks_the_chain() {
    let dir = tempfile::tempdir().unwrap();
    edited_store(dir.path());
    let mut log = fs::read(log_path(dir.path())).unwrap();
    // A whole frame taken out: every frame left is sound by itself.
    let frames: Vec<usize> =
        log.windows(4).enumerate().filter(|(_, w)| w == b"OMFR").map(|(i, _)| i).collect();
    log.drain(frames[3]..frames[4]);
    fs::write(log_path(dir.path()), &log).unwrap();
    let error = open_without_cache(dir.path()).unwrap_err();
    assert!(error.to_string().contains("revision is missing"), "{error}");
}

#[test]
fn a_changed_byte_in_a_segment_is_an_error_and_check_names_the_file() {
    let dir = tempfile::tempdir().unwrap();
    import(&open(dir.path()), "x", &features(0..1500));
    let path = files_of_segments(dir.path(), "fgb").remove(0);
    let good = fs::read(&path).unwrap();
    for at in places(good.len()) {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(&path, &bytes).unwrap();
        let store = open(dir.path());
        assert!(read_all(&store).is_err(), "byte {at}");
        if at % 7 == 0 {
            let report = store.check();
            assert!(report.problems.iter().any(|p| p.contains(".fgb")), "byte {at}: {report}");
        }
    }
    for len in places(good.len()) {
        fs::write(&path, &good[..len]).unwrap();
        let store = open(dir.path());
        assert!(read_all(&store).is_err(), "cut at {len}");
        assert!(!store.check().is_clean());
    }
    fs::write(&path, &good).unwrap();
    assert_eq!(read_all(&open(dir.path())).unwrap().len(), 1500);
}

#[test]
fn a_damaged_or_missing_index_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    import(&open(dir.path()), "x", &features(0..1500));
    let path = files_of_segments(dir.path(), "idx").remove(0);
    let good = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    assert_clean(&open(dir.path()));
    assert_eq!(fs::read(&path).unwrap(), good, "it is made from the segment alone");
    let query = Query { zoom: Some(14), ..Query::default() };
    let expected = visit(&open(dir.path()).view(everything()), "x", &query);
    for at in places(good.len()) {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << (at % 8);
        // A mapped file is never written to: another one takes its place.
        fs::remove_file(&path).unwrap();
        fs::write(&path, &bytes).unwrap();
        let store = open(dir.path());
        let view = store.view(everything());
        let layer = view.layer(&layer_id("x")).unwrap();
        let mut found = Vec::new();
        let read = layer.for_each(&query, &mut |f| {
            found.push(f.to_feature());
            std::ops::ControlFlow::Continue(())
        });
        let by_id = layer.feature(id(700));
        if read.is_ok() {
            assert_eq!(found, expected, "byte {at}");
        } else {
            assert_eq!(visit(&view, "x", &query), expected, "the next read finds it mended");
        }
        if let Ok(found) = by_id {
            assert_eq!(found, Some(feature(700)));
        }
        drop(store);
    }
    for len in places(good.len()).step_by(5) {
        fs::remove_file(&path).unwrap();
        fs::write(&path, &good[..len]).unwrap();
        assert_eq!(visit(&open(dir.path()).view(everything()), "x", &query), expected);
    }
}

#[test]
fn a_lost_segment_takes_only_its_own_layer_away() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    import(&store, "x", &features(0..100));
    let path = files_of_segments(dir.path(), "fgb").remove(0);
    import(&store, "y", &features(0..100));
    drop(store);
    fs::remove_file(&path).unwrap();
    let store = open(dir.path());
    assert!(read_all(&store).is_err());
    assert_eq!(now(&store, "y").len(), 100);
    let report = store.check();
    assert!(
        !report.is_clean() && report.to_string().contains(&path.display().to_string()),
        "{report}"
    );
    import(&store, "x", &features(0..100));
    assert_eq!(now(&store, "x").len(), 100);
}

#[test]
fn a_lost_damaged_or_old_cache_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let history = edited_store(dir.path());
    let cache = dir.path().join("catalogue");
    let check = || {
        let store = open(dir.path());
        assert_eq!(now(&store, "x"), history[REVISIONS as usize]);
        assert_clean(&store);
    };
    check();
    fs::remove_dir_all(&cache).unwrap();
    check();
    // Damaged.
    for name in ["db", "conf"] {
        let path = cache.join(name);
        let mut bytes = fs::read(&path).unwrap();
        let len = bytes.len();
        bytes[len / 3..].fill(0xa5);
        fs::write(&path, &bytes).unwrap();
        check();
        fs::write(&path, b"").unwrap();
        check();
    }
    // Of another store.
    let other = tempfile::tempdir().unwrap();
    edited_store(other.path());
    fs::remove_dir_all(&cache).unwrap();
    copy_folder(&other.path().join("catalogue"), &cache);
    check();
    // Behind the log.
    let behind = tempfile::tempdir().unwrap();
    copy_folder(&cache, behind.path());
    let store = open(dir.path());
    let edit = Edit::Delete { id: id(40), expected: None };
    store.edit(&layer_id("x"), vec![edit], "me").unwrap();
    let expected = now(&store, "x");
    drop(store);
    fs::remove_dir_all(&cache).unwrap();
    copy_folder(behind.path(), &cache);
    let store = open(dir.path());
    assert_eq!(now(&store, "x"), expected);
    assert_clean(&store);
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        let target = to.join(file.file_name());
        if file.path().is_dir() {
            copy_folder(&file.path(), &target);
        } else {
            fs::copy(file.path(), target).unwrap();
        }
    }
}

#[test]
fn a_store_of_a_later_program_is_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    let path = dir.path().join("STORE");
    let text = fs::read_to_string(&path).unwrap().replace("\"format\":1", "\"format\":2");
    fs::write(&path, text).unwrap();
    let error = Store::open(dir.path(), OpenMode::ReadWrite).unwrap_err();
    assert!(matches!(error, StoreError::NewerFormat { found: 2, .. }), "{error}");
    fs::write(&path, "{").unwrap();
    let error = Store::open(dir.path(), OpenMode::ReadWrite).unwrap_err();
    assert!(matches!(error, StoreError::NotAStore(_)), "{error}");
}
