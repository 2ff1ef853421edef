//! What tiles show: always in the same order, and nothing lost.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use onemap_model::{
    Feature, FeatureId, Interval, LayerId, State, StateSet, TileCoord, Timestamp, Value, ViewSpec,
    When,
};
use onemap_store::{Drawn, Edit, ImportMode, NewFeature, Store, StoreError, View};

use crate::support::*;

fn random(seed: &mut u64) -> f64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 11) as f64 / (1_u64 << 53) as f64
}

/// Houses of 5 to 60 m in a town of 20 km.
fn town(count: u64) -> Vec<Feature> {
    let mut seed = 11;
    (0..count)
        .map(|n| {
            let (x, y) = (118.0 + 0.2 * random(&mut seed), 33.9 + 0.2 * random(&mut seed));
            let side = 0.00005 + 0.0005 * random(&mut seed).powi(3);
            Feature { geometry: Some(square(x, y, side)), ..feature(n) }
        })
        .collect()
}

/// What a tile shows, in order, as text; and how many features it stands for.
fn drawn(view: &View, tile: TileCoord) -> (Vec<String>, u64) {
    let (mut all, mut features) = (Vec::new(), 0);
    let layer = view.layer(&layer_id("x")).unwrap();
    layer
        .draw(tile, 0.03, &mut |drawn| {
            match drawn {
                Drawn::Feature(f) => {
                    features += 1;
                    all.push(format!("{} {:?} {:?}", f.id, f.geometry.unwrap().xy, f.values));
                }
                Drawn::Mass(f, mass) => {
                    features += mass.count;
                    assert!(f.geometry.is_none());
                    all.push(format!("mass {} {:?} {mass:?}", f.id, f.values));
                }
            }
            ControlFlow::Continue(())
        })
        .unwrap();
    (all, features)
}

fn tiles() -> Vec<TileCoord> {
    let mut tiles: BTreeSet<TileCoord> = BTreeSet::new();
    for z in 0..=16 {
        for i in 0..4 {
            let at = [118.01 + 0.06 * f64::from(i), 33.91 + 0.05 * f64::from(i)];
            tiles.insert(TileCoord::containing(at, z));
        }
    }
    tiles.into_iter().collect()
}

fn everything_drawn(view: &View) -> Vec<Vec<String>> {
    tiles().into_iter().map(|tile| drawn(view, tile).0).collect()
}

#[test]
fn every_house_is_shown_or_part_of_the_mass_at_every_zoom() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    import(&store, "x", &town(5000));
    let check = |view: &View, wanted: u64| {
        for z in 0..8 {
            let tile = TileCoord::containing([118.1, 34.0], z);
            let (all, features) = drawn(view, tile);
            assert_eq!(features, wanted, "{tile}");
            assert!(all.len() < 4000, "{tile} {}", all.len());
        }
    };
    check(&store.view(everything()), 5000);
    let x = layer_id("x");
    let gone = (0..500).map(|n| Edit::Delete { id: id(n * 7), expected: None });
    store.edit(&x, gone.collect(), "me").unwrap();
    check(&store.view(everything()), 4500);
    let moved = (0..100).map(|n| {
        let feature =
            Feature { geometry: Some(square(118.05, 34.0, 0.0002)), ..feature(n * 7 + 1) };
        Edit::Update { feature, expected: None }
    });
    store.edit(&x, moved.collect(), "me").unwrap();
    check(&store.view(everything()), 4500);
    // A view that leaves something out counts for itself.
    let planned = Feature { state: State::Planned, ..town(4000).swap_remove(3999) };
    store.edit(&x, vec![Edit::Update { feature: planned, expected: None }], "me").unwrap();
    check(&store.view(everything()), 4500);
    let existing = ViewSpec { states: Some(StateSet::EXISTING), ..ViewSpec::default() };
    check(&store.view(existing), 4499);
}

#[test]
fn tiles_are_the_same_before_and_after_compaction_and_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    import(&store, "x", &town(4000));
    let x = layer_id("x");
    let mut seed = 3;
    for round in 0..20 {
        let n = (4000.0 * random(&mut seed)) as u64;
        let geometry = Some(square(118.0 + 0.2 * random(&mut seed), 34.0, 0.0003));
        let edit = match round % 3 {
            0 => Edit::Update { feature: Feature { geometry, ..feature(n) }, expected: None },
            1 => Edit::Delete { id: id(n), expected: None },
            _ => Edit::Create(NewFeature { geometry, ..NewFeature::default() }),
        };
        match store.edit(&x, vec![edit], "me") {
            Ok(_) | Err(StoreError::NoFeature { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    let edited = everything_drawn(&store.view(everything()));
    drop(store);
    let store = open(dir.path());
    assert!(everything_drawn(&store.view(everything())) == edited, "after a restart");
    store.compact(&x, "me").unwrap().unwrap();
    assert!(everything_drawn(&store.view(everything())) == edited, "after a compaction");
    // The index follows from the segment.
    drop(store);
    for file in walk(&dir.path().join("segments")) {
        if file.extension().is_some_and(|e| e == "idx") {
            std::fs::remove_file(file).unwrap();
        }
    }
    assert!(everything_drawn(&open(dir.path()).view(everything())) == edited, "made again");
}

fn walk(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        if entry.path().is_dir() {
            all.extend(walk(&entry.path()));
        } else {
            all.push(entry.path());
        }
    }
    all
}

#[test]
fn features_deleted_and_made_again_leave_no_trace() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let town = town(3000);
    import(&store, "x", &town);
    let x = layer_id("x");
    let before = everything_drawn(&store.view(everything()));
    for chunk in town.chunks(300) {
        let ids: Vec<FeatureId> = chunk.iter().step_by(3).map(|f| f.id).collect();
        let delete = ids.iter().map(|id| Edit::Delete { id: *id, expected: None });
        store.edit(&x, delete.collect(), "me").unwrap();
    }
    assert!(everything_drawn(&store.view(everything())) != before);
    for feature in town.chunks(300).flat_map(|chunk| chunk.iter().step_by(3)) {
        let Feature { id, geometry, values, valid, state } = feature.clone();
        let new = NewFeature { id: Some(id), geometry, values, valid, state };
        store.edit(&x, vec![Edit::Create(new)], "me").unwrap();
    }
    assert!(everything_drawn(&store.view(everything())) == before, "with edits");
    store.compact(&x, "me").unwrap().unwrap();
    assert!(everything_drawn(&store.view(everything())) == before, "compacted");
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn dated(n: u64, from: &str, to: Option<&str>) -> Feature {
    let valid = Interval::new(Some(at(from)), to.map(at)).unwrap();
    Feature { valid, ..feature(n) }
}

fn on(store: &Store, day: &str) -> Vec<u64> {
    let view = store.view(ViewSpec { when: When::At(at(day)), ..everything() });
    let mut ids: Vec<u64> =
        visit(&view, "x", &onemap_store::Query::default()).iter().map(|f| f.id.get()).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn a_layer_is_the_same_between_two_instants_at_which_something_changes() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let all = [
        dated(1, "2001-01-01", Some("2010-01-01")),
        dated(2, "2005-01-01", None),
        dated(1, "2010-01-01", None),
    ];
    import(&store, "x", &all);
    let slice = |when| {
        let view = store.view(ViewSpec { when, ..everything() });
        view.layer(&layer_id("x")).unwrap().slice().unwrap()
    };
    let day = |text| slice(When::At(at(text)));
    assert_eq!(day("2001-01-01"), day("2004-12-31"));
    assert_ne!(day("2004-12-31"), day("2005-01-01"));
    assert_eq!(day("2012-03-04"), day("2080-01-01"));
    assert_ne!(day("2000-01-01"), day("2001-01-01"));
    let within =
        |from, to| slice(When::Within(Interval::new(Some(at(from)), Some(at(to))).unwrap()));
    assert_eq!(within("2006-01-01", "2007-01-01"), within("2006-05-01", "2009-01-01"));
    assert_ne!(within("2006-01-01", "2007-01-01"), within("2006-01-01", "2011-01-01"));
    assert_eq!(on(&store, "2003-01-01"), [1]);
    assert_eq!(on(&store, "2007-01-01"), [1, 2]);
    assert_eq!(on(&store, "2020-01-01"), [1, 2]);
    let view = store.view(ViewSpec { when: When::At(at("2003-01-01")), ..everything() });
    let then = view.layer(&layer_id("x")).unwrap().feature(id(1)).unwrap().unwrap();
    assert_eq!(then.valid.to, Some(at("2010-01-01")));
    assert_clean(&store);
}

#[test]
fn a_version_that_follows_closes_the_one_before_and_deleting_takes_all() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    import(&store, "x", &features(0..5));
    let x = layer_id("x");
    let mut next = dated(3, "2020-01-01", None);
    next.values[0] = Value::Text("rebuilt".into());
    let edit = Edit::Supersede { feature: next.clone(), expected: None };
    store.edit(&x, vec![edit], "me").unwrap();
    for compacted in [false, true] {
        if compacted {
            store.compact(&x, "me").unwrap().unwrap();
        }
        let view = store.view(ViewSpec { when: When::Within(Interval::ALWAYS), ..everything() });
        let layer = view.layer(&x).unwrap();
        let history = layer.history(id(3)).unwrap();
        assert_eq!(history.len(), 2);
        assert_eq!(history[0].valid, Interval { from: None, to: Some(at("2020-01-01")) });
        assert_eq!(history[1], next);
        assert_eq!(layer.layer().count, 6);
        let names = |day| on(&store, day).len();
        assert_eq!((names("1990-01-01"), names("2021-01-01")), (5, 5));
    }
    store.edit(&x, vec![Edit::Delete { id: id(3), expected: None }], "me").unwrap();
    assert_eq!(on(&store, "1990-01-01"), [0, 1, 2, 4]);
    assert_eq!(on(&store, "2021-01-01"), [0, 1, 2, 4]);
    drop(store);
    assert_eq!(on(&open(dir.path()), "2021-01-01"), [0, 1, 2, 4]);
}

#[test]
fn an_old_revision_reads_as_it_was_known_then() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let x: LayerId = layer_id("x");
    let mut known = vec![];
    let mut note = |store: &Store| {
        let view = store.view(everything());
        known.push((store.revision(), everything_drawn(&view), all(&view, "x")));
    };
    import(&store, "x", &town(800));
    note(&store);
    for n in 0..10 {
        let delete = Edit::Delete { id: id(n * 50), expected: None };
        let update = Edit::Update { feature: feature(n * 50 + 1), expected: None };
        store.edit(&x, vec![delete, update], "me").unwrap();
        note(&store);
    }
    store.compact(&x, "me").unwrap().unwrap();
    note(&store);
    import_as(&store, "x", ImportMode::Replace, &features(0..50), meta()).unwrap();
    note(&store);
    let check = |store: &Store| {
        for (revision, tiles, features) in &known {
            let view = store.view_at(*revision, everything()).unwrap();
            assert_eq!(view.revision(), *revision);
            assert_eq!(&all(&view, "x"), features);
            assert!(&everything_drawn(&view) == tiles, "{revision}");
        }
    };
    check(&store);
    drop(store);
    let store = open(dir.path());
    check(&store);
    let later = onemap_model::Revision(store.revision().0 + 1);
    assert!(matches!(store.view_at(later, everything()), Err(StoreError::NoRevision { .. })));
    store.forget("me").unwrap();
    let gone = store.view_at(known[3].0, everything());
    assert!(matches!(gone, Err(StoreError::ForgottenRevision(_))), "{gone:?}");
}
