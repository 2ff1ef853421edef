//! Tile versions, the catalogue, and who may open the store.

use onemap_model::{Revision, StateSet, TileCoord, ViewSpec};
use onemap_store::{Cache, Edit, OpenMode, Store, StoreError, StoreOptions};

use crate::support::*;

#[test]
fn an_edit_changes_the_version_of_its_own_tiles_only() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    import(&store, "x", &features(0..10_000));
    let x = layer_id("x");
    let here = TileCoord::containing(place(50), 16);
    let there = TileCoord::containing(place(9999), 16);
    let version = |store: &Store, tile| {
        let view = store.view(ViewSpec::default());
        view.layer(&x).unwrap().tile_version(tile)
    };
    assert_eq!(version(&store, here), Revision(1));
    let old = store.view(ViewSpec::default());
    let mut moved = feature(50);
    moved.geometry = Some(square(place(51)[0], place(51)[1], 0.0001));
    store.edit(&x, vec![Edit::Update { feature: moved, expected: None }], "me").unwrap();
    let check = |store: &Store| {
        assert_eq!(version(store, here), Revision(2));
        assert_eq!(version(store, here.ancestor(0)), Revision(2));
        assert_eq!(version(store, there), Revision(1));
        assert_eq!(version(store, TileCoord::new(5, 3, 3).unwrap()), Revision(1));
    };
    check(&store);
    assert_eq!(old.layer(&x).unwrap().tile_version(here), Revision(1));
    drop(store);
    check(&open(dir.path()));
}

#[test]
fn the_same_content_imported_again_keeps_the_version_of_its_tiles() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    import(&store, "x", &features(0..100));
    import(&store, "x", &features(0..100));
    let tile = TileCoord::containing(place(0), 14);
    let x = layer_id("x");
    let version =
        |store: &Store| store.view(ViewSpec::default()).layer(&x).unwrap().tile_version(tile);
    assert_eq!((store.revision(), version(&store)), (Revision(2), Revision(1)));
    assert_clean(&store);
    import(&store, "x", &features(0..101));
    assert_eq!(version(&store), Revision(3));
    drop(store);
    assert_eq!(version(&open(dir.path())), Revision(3));
}

#[test]
fn the_catalogue_can_be_described_anew_but_not_forged() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut layer = import(&store, "x", &features(0..10)).layers.remove(0);
    layer.title = "新标题".into();
    layer.schema.fields[1].unit = Some("层".into());
    layer.states = StateSet::EXISTING;
    let done = store.set_layer(layer.clone(), "me").unwrap();
    assert_eq!(done.layers[0].title, "新标题");
    let mut forged = done.layers[0].clone();
    forged.count = 7;
    assert!(matches!(store.set_layer(forged, "me"), Err(StoreError::Schema { .. })));
    assert_clean(&store);
    drop(store);
    let store = open(dir.path());
    let view = store.view(ViewSpec::default());
    assert_eq!(view.layers().collect::<Vec<_>>(), [&done.layers[0]]);
    store.remove_layer(&layer.id, "me").unwrap();
    assert_eq!(store.view(ViewSpec::default()).layers().count(), 0);
    assert!(matches!(store.remove_layer(&layer.id, "me"), Err(StoreError::NoLayer(_))));
    import(&store, "x", &features(0..3));
    assert_clean(&store);
    drop(store);
    assert_eq!(now(&open(dir.path()), "x").len(), 3);
}

#[test]
fn only_one_process_writes_and_others_read() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    import(&store, "x", &features(0..10));
    assert!(matches!(Store::open(dir.path(), OpenMode::ReadWrite), Err(StoreError::Locked(_))));
    let reader = Store::open(dir.path(), OpenMode::ReadOnly).unwrap();
    assert_eq!(now(&reader, "x").len(), 10);
    assert!(reader.check().is_clean());
    assert!(matches!(reader.import("me"), Err(StoreError::ReadOnly)));
}

#[test]
fn a_folder_that_is_not_a_store_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("thesis.txt"), "years of work").unwrap();
    for mode in [OpenMode::ReadWrite, OpenMode::ReadOnly] {
        assert!(matches!(Store::open(dir.path(), mode), Err(StoreError::NotAStore(_))));
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    let nowhere = dir.path().join("a/b");
    assert!(Store::open(&nowhere, OpenMode::ReadOnly).is_err());
    assert!(!nowhere.exists());
    open(&nowhere);
}

#[test]
fn the_log_goes_on_over_many_files() {
    let dir = tempfile::tempdir().unwrap();
    let options = StoreOptions {
        log_file_bytes: Some(2000),
        cache: Cache::Memory,
        ..StoreOptions::default()
    };
    let store = Store::open_with(dir.path(), options).unwrap();
    import(&store, "x", &features(0..10));
    let x = layer_id("x");
    for n in 0..40 {
        let mut feature = feature(n % 10);
        feature.valid.from = Some(onemap_model::Timestamp::from_micros(n as i64));
        store.edit(&x, vec![Edit::Update { feature, expected: None }], "me").unwrap();
    }
    assert!(std::fs::read_dir(dir.path().join("log")).unwrap().count() > 5);
    let expected = now(&store, "x");
    assert!(store.check().is_clean());
    drop(store);
    let store = Store::open_with(dir.path(), options).unwrap();
    assert_eq!(now(&store, "x"), expected);
    drop(store);
    let store = open(dir.path());
    assert_eq!((store.revision(), now(&store, "x")), (Revision(41), expected));
    assert_clean(&store);
}
