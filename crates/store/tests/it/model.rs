//! Random changes against a map in memory.

use std::collections::BTreeMap;

use onemap_model::{Bounds, Feature, Interval, State, Value};
use onemap_store::{Cache, Edit, ImportMode, NewFeature, Query, Store, StoreOptions, View};
use proptest::prelude::*;

use crate::support::*;

#[derive(Debug, Clone)]
enum Op {
    Import { layer: usize, mode: ImportMode, ids: Vec<u64>, salt: u8 },
    Edit { layer: usize, changes: Vec<(u64, u8)> },
    Compact { layer: usize },
    Remove { layer: usize },
    Forget,
    Reopen { lose_cache: bool },
    Keep,
}

const LAYERS: [&str; 2] = ["a", "b"];
/// Ids are drawn below this.
const IDS: u64 = 60;

fn op() -> impl Strategy<Value = Op> {
    let layer = || 0..LAYERS.len();
    let mode =
        prop_oneof![Just(ImportMode::Create), Just(ImportMode::Append), Just(ImportMode::Replace)];
    let ids = prop::collection::vec(0..IDS, 0..40);
    let changes = prop::collection::vec((0..IDS, any::<u8>()), 1..6);
    prop_oneof![
        3 => (layer(), mode, ids, any::<u8>())
            .prop_map(|(layer, mode, ids, salt)| Op::Import { layer, mode, ids, salt }),
        6 => (layer(), changes).prop_map(|(layer, changes)| Op::Edit { layer, changes }),
        2 => layer().prop_map(|layer| Op::Compact { layer }),
        1 => layer().prop_map(|layer| Op::Remove { layer }),
        1 => Just(Op::Forget),
        2 => any::<bool>().prop_map(|lose_cache| Op::Reopen { lose_cache }),
        2 => Just(Op::Keep),
    ]
}

type Layers = BTreeMap<&'static str, BTreeMap<u64, Feature>>;

/// A feature whose every part depends on `salt`.
fn salted(n: u64, salt: u8) -> Feature {
    let mut feature = feature(n + u64::from(salt) * 100);
    feature.id = id(n);
    feature.values[0] = Value::Text(format!("{n} {salt}"));
    if salt.is_multiple_of(5) {
        feature.geometry = None;
    }
    if salt.is_multiple_of(7) {
        feature.state = State::Building;
    }
    if salt % 4 == 1 {
        feature.valid = Interval::new(Some("2020-01-01".parse().unwrap()), None).unwrap();
    }
    feature
}

fn edits(
    layer: &BTreeMap<u64, Feature>,
    changes: &[(u64, u8)],
) -> (Vec<Edit>, BTreeMap<u64, Feature>) {
    let mut after = layer.clone();
    let mut edits = Vec::new();
    for &(n, salt) in changes {
        let feature = salted(n, salt);
        if after.contains_key(&n) && salt.is_multiple_of(3) {
            after.remove(&n);
            edits.push(Edit::Delete { id: id(n), expected: None });
        } else if after.insert(n, feature.clone()).is_some() {
            edits.push(Edit::Update { feature, expected: None });
        } else {
            let Feature { geometry, values, valid, state, .. } = feature;
            edits.push(Edit::Create(NewFeature {
                id: Some(id(n)),
                geometry,
                values,
                valid,
                state,
            }));
        }
    }
    (edits, after)
}

/// Does an import to the map; `None` when it has to fail.
fn imported(
    before: Option<&BTreeMap<u64, Feature>>,
    mode: ImportMode,
    coming: &[Feature],
) -> Option<BTreeMap<u64, Feature>> {
    let coming_by_id = by_id(coming);
    let unique = coming_by_id.len() == coming.len();
    let mut after = match (mode, before) {
        (ImportMode::Create, Some(_)) | (ImportMode::Append, None) => return None,
        (ImportMode::Append, Some(before))
            if coming.iter().any(|f| before.contains_key(&f.id.get())) =>
        {
            return None;
        }
        (ImportMode::Append, Some(before)) => before.clone(),
        _ => BTreeMap::new(),
    };
    after.extend(coming_by_id);
    unique.then_some(after)
}

fn compare(view: &View, expected: &Layers) {
    let names: Vec<&str> = view.layers().map(|l| l.id.as_str()).collect();
    assert_eq!(names, expected.keys().copied().collect::<Vec<_>>());
    let bounds = Bounds::new(118.01, 33.0, 118.04, 33.15).unwrap();
    for (name, features) in expected {
        assert_eq!(&all(view, name), features);
        let layer = view.layer(&layer_id(name)).unwrap();
        assert_eq!(layer.layer().count, features.len() as u64);
        for zoom in [None, Some(24)] {
            let near = visit(view, name, &Query { bounds: Some(bounds), zoom, limit: None });
            let inside = |f: &&Feature| {
                let own = f.geometry.as_ref().and_then(onemap_model::Geometry::bounds);
                own.is_some_and(|b| b.intersects(&bounds))
            };
            let wanted: BTreeMap<u64, Feature> =
                by_id(&features.values().filter(inside).cloned().collect::<Vec<_>>());
            assert_eq!(near.len(), wanted.len());
            assert_eq!(by_id(&near), wanted);
        }
        for n in 0..IDS {
            assert_eq!(layer.feature(id(n)).unwrap().as_ref(), features.get(&n));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn the_store_does_what_a_map_does(ops in prop::collection::vec(op(), 1..16), memory in any::<bool>()) {
        let dir = tempfile::tempdir().unwrap();
        let cache = if memory { Cache::Memory } else { Cache::Sled };
        let options = StoreOptions { cache, log_file_bytes: Some(20_000), ..StoreOptions::default() };
        let mut store = Some(Store::open_with(dir.path(), options).unwrap());
        let mut layers = Layers::new();
        let mut kept: Vec<(View, Layers)> = Vec::new();
        for op in ops {
            let current = store.as_ref().unwrap();
            match op {
                Op::Import { layer, mode, ids, salt } => {
                    let name = LAYERS[layer];
                    let coming: Vec<Feature> = ids.iter().map(|n| salted(*n, salt)).collect();
                    let done = import_as(current, name, mode, &coming, meta());
                    match imported(layers.get(name), mode, &coming) {
                        Some(after) => {
                            prop_assert!(done.is_ok(), "{:?}", done);
                            layers.insert(name, after);
                        }
                        None => prop_assert!(done.is_err()),
                    }
                }
                Op::Edit { layer, changes } => {
                    let name = LAYERS[layer];
                    let Some(content) = layers.get_mut(name) else { continue };
                    let (edits, after) = edits(content, &changes);
                    current.edit(&layer_id(name), edits, "me").unwrap();
                    *content = after;
                }
                Op::Compact { layer } => {
                    let name = LAYERS[layer];
                    let done = current.compact(&layer_id(name), "me");
                    prop_assert_eq!(done.is_ok(), layers.contains_key(name));
                }
                Op::Remove { layer } => {
                    let done = current.remove_layer(&layer_id(LAYERS[layer]), "me");
                    prop_assert_eq!(done.is_ok(), layers.remove(LAYERS[layer]).is_some());
                }
                Op::Forget => drop(current.forget("me").unwrap()),
                Op::Reopen { lose_cache } => {
                    kept.clear();
                    let before = current.revision();
                    drop(store.take());
                    if lose_cache {
                        let _ = std::fs::remove_dir_all(dir.path().join("catalogue"));
                    }
                    store = Some(Store::open_with(dir.path(), options).unwrap());
                    prop_assert_eq!(store.as_ref().unwrap().revision(), before);
                }
                Op::Keep => kept.push((current.view(everything()), layers.clone())),
            }
            compare(&store.as_ref().unwrap().view(everything()), &layers);
        }
        for (view, layers) in &kept {
            compare(view, layers);
        }
        let report = store.as_ref().unwrap().check();
        prop_assert!(report.is_clean(), "{}", report);
    }
}
