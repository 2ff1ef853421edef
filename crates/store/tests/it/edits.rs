//! Single features changed, snapshots that stay, compaction.

use onemap_model::{Bounds, Feature, Interval, Revision, State, Value};
use onemap_store::{Edit, ImportMode, NewFeature, OpenMode, Query, Store, StoreError};

use crate::support::*;

fn update(n: u64, name: &str) -> Edit {
    let mut feature = feature(n);
    feature.values[0] = Value::Text(name.into());
    Edit::Update { feature, expected: None }
}

#[test]
fn a_snapshot_stays_as_it_was_while_edits_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    import(&store, "x", &features(0..100));
    let before = store.view(everything());
    let x = layer_id("x");
    store.edit(&x, vec![update(5, "a"), Edit::Delete { id: id(6), expected: None }], "me").unwrap();
    let between = store.view(everything());
    let new = NewFeature {
        geometry: Some(square(100.0, 20.0, 1.0)),
        values: vec![Value::Text("new".into())],
        ..NewFeature::default()
    };
    let done = store.edit(&x, vec![Edit::Create(new), update(5, "b")], "me").unwrap();
    assert_eq!(done.ids, [id(100), id(5)]);
    assert_eq!(done.layers[0].count, 100);
    assert_eq!(all(&before, "x"), by_id(&features(0..100)));
    let names = |view: &onemap_store::View| {
        let all = all(view, "x");
        (
            all.len(),
            all.get(&5).unwrap().values[0].clone(),
            all.contains_key(&6),
            all.contains_key(&100),
        )
    };
    assert_eq!(names(&between), (99, Value::Text("a".into()), false, false));
    assert_eq!(names(&store.view(everything())), (100, Value::Text("b".into()), false, true));
    let far =
        Query { bounds: Some(Bounds::new(99.0, 19.0, 101.0, 21.0).unwrap()), ..Query::default() };
    assert_eq!(visit(&store.view(everything()), "x", &far).len(), 1);
    assert_eq!(visit(&between, "x", &far).len(), 0);
    assert_clean(&store);
    let expected = now(&store, "x");
    drop(store);
    assert_eq!(now(&open(dir.path()), "x"), expected);
    let reader = Store::open(dir.path(), OpenMode::ReadOnly).unwrap();
    assert_eq!(now(&reader, "x"), expected);
    assert!(matches!(reader.edit(&x, vec![], "me"), Err(StoreError::ReadOnly)));
}

#[test]
fn a_group_of_edits_is_all_or_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    import(&store, "x", &features(0..10));
    let x = layer_id("x");
    let expect = |edits: Vec<Edit>| store.edit(&x, edits, "me").unwrap_err();
    let missing = Edit::Delete { id: id(99), expected: None };
    assert!(matches!(expect(vec![update(1, "a"), missing]), StoreError::NoFeature { .. }));
    let taken = Edit::Create(NewFeature { id: Some(id(3)), ..NewFeature::default() });
    assert!(matches!(expect(vec![update(1, "a"), taken]), StoreError::FeatureExists { .. }));
    let twice = vec![
        Edit::Delete { id: id(3), expected: None },
        Edit::Delete { id: id(3), expected: None },
    ];
    assert!(matches!(expect(twice), StoreError::NoFeature { .. }));
    let mut wrong = feature(1);
    wrong.values[1] = Value::Text("three".into());
    let wrong = Edit::Update { feature: wrong, expected: None };
    assert!(expect(vec![wrong]).to_string().contains("'层数' takes int, not text"));
    assert_eq!(store.revision(), Revision(1));
    assert_eq!(now(&store, "x"), by_id(&features(0..10)));
    let again = vec![
        Edit::Delete { id: id(3), expected: None },
        Edit::Create(NewFeature { id: Some(id(3)), ..NewFeature::default() }),
        Edit::Create(NewFeature::default()),
    ];
    let done = store.edit(&x, again, "me").unwrap();
    assert_eq!(done.layers[0].count, 11);
    assert_eq!(now(&store, "x").len(), 11);
}

#[test]
fn an_edit_of_something_changed_meanwhile_is_a_conflict() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    import(&store, "x", &features(0..10));
    let x = layer_id("x");
    let read = store.revision();
    store.edit(&x, vec![update(1, "first")], "a").unwrap();
    let late = |n| Edit::Update { feature: feature(n), expected: Some(read) };
    let conflict = store.edit(&x, vec![late(1)], "b").unwrap_err();
    assert!(matches!(conflict, StoreError::Conflict { found: Revision(2), .. }), "{conflict}");
    let mut other = feature(2);
    other.values[0] = Value::Text("late".into());
    let unhindered = Edit::Update { feature: other, expected: Some(read) };
    store.edit(&x, vec![unhindered], "b").unwrap();
    let view = store.view(everything());
    let layer = view.layer(&x).unwrap();
    assert_eq!(layer.feature_revision(id(1)).unwrap(), Some(Revision(2)));
    assert_eq!(layer.feature_revision(id(2)).unwrap(), Some(Revision(3)));
    assert!(layer.feature_revision(id(9)).unwrap().unwrap() <= Revision(1));
    assert_eq!(layer.feature_revision(id(99)).unwrap(), None);
}

#[test]
fn compaction_changes_nothing_that_a_reader_sees() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    import(&store, "x", &features(0..1000));
    let x = layer_id("x");
    assert!(store.compact(&x, "me").unwrap().is_none());
    let mut planned = feature(7);
    planned.state = State::Planned;
    planned.valid = Interval::new(Some("2020-01-01".parse().unwrap()), None).unwrap();
    store.edit(&x, vec![Edit::Update { feature: planned, expected: None }], "me").unwrap();
    for n in 0..50 {
        store.edit(&x, vec![Edit::Delete { id: id(n * 10 + 1), expected: None }], "me").unwrap();
    }
    let before = store.view(everything());
    let expected = all(&before, "x");
    let done = store.compact(&x, "me").unwrap().unwrap();
    assert_eq!(done.layers[0].count, 950);
    assert_eq!(now(&store, "x"), expected);
    assert_eq!(all(&before, "x"), expected, "an old snapshot keeps its segment");
    assert_eq!(store.stats().edits, 0);
    assert_clean(&store);
    store.edit(&x, vec![update(2, "after")], "me").unwrap();
    let expected = now(&store, "x");
    assert!(store.stats().history_bytes > 0);
    assert_eq!(store.forget("me").unwrap().segments, 1);
    assert_eq!(store.stats().history_bytes, 0);
    assert_eq!(all(&before, "x").len(), 950, "what is mapped can still be read");
    assert_clean(&store);
    drop((store, before));
    let store = open(dir.path());
    assert_eq!(now(&store, "x"), expected);
    assert_clean(&store);
}

#[test]
fn edits_made_while_a_layer_is_imported_lie_over_what_was_appended() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    import(&store, "x", &features(0..100));
    let x = layer_id("x");
    let tx = store.import("test").unwrap();
    let plan = onemap_store::LayerPlan { id: x.clone(), mode: ImportMode::Append };
    let mut bulk = tx.layer(plan).unwrap();
    bulk.push(&onemap_store::EncodedBatch::encode(&features(100..200)).unwrap()).unwrap();
    store.edit(&x, vec![update(1, "before the fold")], "me").unwrap();
    let finished = bulk.finish(meta()).unwrap();
    store
        .edit(
            &x,
            vec![update(2, "after the fold"), Edit::Delete { id: id(3), expected: None }],
            "me",
        )
        .unwrap();
    let done = tx.commit(vec![finished]).unwrap();
    assert_eq!(done.layers[0].count, 199);
    let check = |found: std::collections::BTreeMap<u64, Feature>| {
        assert_eq!(found.len(), 199);
        assert_eq!(found[&1].values[0], Value::Text("before the fold".into()));
        assert_eq!(found[&2].values[0], Value::Text("after the fold".into()));
        assert!(!found.contains_key(&3));
    };
    check(now(&store, "x"));
    assert_clean(&store);
    drop(store);
    let store = open(dir.path());
    check(now(&store, "x"));
    assert_eq!(store.stats().edits, 2);
}

#[test]
fn readers_go_on_while_an_editor_writes() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    import(&store, "x", &features(0..2000));
    let x = layer_id("x");
    store.edit(&x, vec![update(0, "-"), update(1999, "-")], "me").unwrap();
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut rounds = 0;
                    while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                        let view = store.view(everything());
                        // Each edit moves both features or none.
                        let found = all(&view, "x");
                        assert_eq!(found.len(), 2000);
                        assert_eq!(found[&0].values[0], found[&1999].values[0]);
                        rounds += 1;
                    }
                    rounds
                })
            })
            .collect();
        for n in 0..100 {
            let name = format!("{n}");
            store.edit(&x, vec![update(0, &name), update(1999, &name)], "me").unwrap();
            if n % 30 == 29 {
                store.compact(&x, "me").unwrap();
            }
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(readers.into_iter().all(|r| r.join().unwrap_or(0) > 0));
    });
    assert_clean(&store);
}

#[test]
fn subscribers_hear_of_every_change() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let events = store.subscribe();
    import(&store, "x", &features(0..10));
    let x = layer_id("x");
    store.edit(&x, vec![update(3, "a")], "me").unwrap();
    store.remove_layer(&x, "me").unwrap();
    let heard: Vec<_> = events.try_iter().collect();
    assert_eq!(heard.iter().map(|e| e.revision.0).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(heard[1].ids, [id(3)]);
    assert_eq!(heard[1].bounds, feature(3).geometry.unwrap().bounds());
}
