//! Imports: what goes in comes out.

use onemap_model::{
    Bounds, Feature, Field, FieldType, Geometry, GeometryClass, Interval, Revision, Schema, State,
    StateSet, Timestamp, Value, ViewSpec, When,
};
use onemap_store::{EncodedBatch, ImportMode, LayerMeta, LayerPlan, Query, StoreError};

use crate::support::*;

#[test]
fn an_imported_layer_reads_back_whole_and_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let features = features(0..5000);
    let done = import(&store, "buildings", &features);
    assert_eq!(done.revision, Revision(1));
    let layer = &done.layers[0];
    assert_eq!(
        (layer.count, layer.geometry, layer.revision),
        (5000, GeometryClass::Polygon, Revision(1))
    );
    assert_eq!(now(&store, "buildings"), by_id(&features));
    assert_clean(&store);
    drop(store);
    let store = open(dir.path());
    assert_eq!(store.revision(), Revision(1));
    assert_eq!(now(&store, "buildings"), by_id(&features));
    let view = store.view(everything());
    assert_eq!(view.layer(&layer_id("buildings")).unwrap().layer(), layer);
    assert_clean(&store);
}

#[test]
fn shapes_of_every_kind_and_values_of_every_type_survive() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let types = [
        FieldType::Bool,
        FieldType::Int,
        FieldType::Float,
        FieldType::Text,
        FieldType::Date,
        FieldType::DateTime,
        FieldType::Bytes,
        FieldType::Json,
    ];
    let day: Timestamp = "2024-02-29".parse().unwrap();
    let instant: Timestamp = "1969-07-20T20:17:40.123456Z".parse().unwrap();
    let full = vec![
        Value::Bool(true),
        Value::Int(i64::MIN),
        Value::Float(-0.1),
        Value::Text("桥𠀀 'quoted'\n".into()),
        Value::Date(day),
        Value::DateTime(instant),
        Value::Bytes(vec![0, 255, 7]),
        Value::Json(r#"{"a":[1,"二"]}"#.into()),
    ];
    let schema = Schema {
        fields: types.iter().map(|t| Field::new(format!("字段_{}", t.name()), *t)).collect(),
    };
    let mut features: Vec<Feature> = shapes()
        .into_iter()
        .map(Some)
        .chain([None])
        .enumerate()
        .map(|(n, geometry)| Feature {
            id: id(n as u64 * 1000 + 1),
            geometry,
            values: full.clone(),
            valid: Interval::ALWAYS,
            state: State::Existing,
        })
        .collect();
    features[1].values = vec![Value::Null; 8];
    features[2].valid = Interval::new(Some(day), Some("9999-12-30".parse().unwrap())).unwrap();
    features[3].state = State::Planned;
    features[4].valid =
        Interval::new(Some(Timestamp::from_micros(-200_000_000_000_000_000)), None).unwrap();
    let done =
        import_as(&store, "all", ImportMode::Create, &features, LayerMeta { schema, ..meta() });
    let done = done.unwrap();
    assert_eq!(now(&store, "all"), by_id(&features));
    assert_eq!(done.layers[0].geometry, GeometryClass::Mixed);
    assert!(done.layers[0].time.is_some());
    let view = store.view(everything());
    let layer = view.layer(&layer_id("all")).unwrap();
    for feature in &features {
        assert_eq!(layer.feature(feature.id).unwrap().as_ref(), Some(feature));
    }
    assert_eq!(layer.feature(id(2)).unwrap(), None);
    assert_eq!(layer.count(&Query::default()).unwrap(), 8);
    let world = Query { bounds: Some(Bounds::WORLD), ..Query::default() };
    assert_eq!(layer.count(&world).unwrap(), 7, "what has no shape is nowhere");
    assert_clean(&store);
}

#[test]
fn columns_that_change_their_type_on_the_way_are_promoted() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let tx = store.import("test").unwrap();
    let mut bulk = tx.layer(LayerPlan { id: layer_id("mixed"), mode: ImportMode::Create }).unwrap();
    let of = |n: u64, values: Vec<Value>| Feature { values, ..feature(n) };
    let batches = [
        vec![of(0, vec![Value::Int(1)]), of(1, vec![Value::Int(2), Value::Int(7)])],
        vec![of(
            2,
            vec![Value::Float(2.5), Value::Bool(true), Value::Date("2024-01-02".parse().unwrap())],
        )],
        vec![of(3, vec![Value::Null, Value::Text("x".into())])],
    ];
    for batch in &batches {
        bulk.push(&EncodedBatch::encode(batch).unwrap()).unwrap();
    }
    let fields = [("a", FieldType::Float), ("b", FieldType::Text), ("c", FieldType::DateTime)];
    let schema = Schema { fields: fields.map(|(name, kind)| Field::new(name, kind)).to_vec() };
    let finished = bulk.finish(LayerMeta { schema, ..meta() }).unwrap();
    tx.commit(vec![finished]).unwrap();
    let values: Vec<Vec<Value>> = now(&store, "mixed").into_values().map(|f| f.values).collect();
    let text = |s: &str| Value::Text(s.into());
    assert_eq!(values[0], [Value::Float(1.0), Value::Null, Value::Null]);
    assert_eq!(values[1], [Value::Float(2.0), text("7"), Value::Null]);
    let day = Value::DateTime("2024-01-02".parse().unwrap());
    assert_eq!(values[2], [Value::Float(2.5), text("true"), day]);
    assert_eq!(values[3], [Value::Null, text("x"), Value::Null]);
    assert_clean(&store);
}

#[test]
fn the_same_import_makes_the_same_bytes() {
    let hashes: Vec<Vec<String>> = (0..2)
        .map(|threads| {
            let dir = tempfile::tempdir().unwrap();
            let store = open(dir.path());
            let mut all = features(0..3000);
            all[5].state = State::Planned;
            let pool = rayon_pool(threads * 3 + 1);
            pool.install(|| import(&store, "x", &all));
            let folder = std::fs::read_dir(dir.path().join("segments")).unwrap().next().unwrap();
            let mut names: Vec<String> = std::fs::read_dir(folder.unwrap().path())
                .unwrap()
                .map(|f| {
                    let path = f.unwrap().path();
                    let hash = blake3::hash(&std::fs::read(&path).unwrap());
                    format!("{} {hash}", path.file_name().unwrap().display())
                })
                .collect();
            names.sort();
            names
        })
        .collect();
    assert_eq!(hashes[0].len(), 2);
    assert_eq!(hashes[0], hashes[1]);
}

fn rayon_pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

#[test]
fn appending_adds_and_refuses_ids_that_are_taken() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    import(&store, "x", &features(0..500));
    let tx = store.import("test").unwrap();
    let mut bulk = tx.layer(LayerPlan { id: layer_id("x"), mode: ImportMode::Append }).unwrap();
    assert_eq!(bulk.first_free_id().unwrap(), 500);
    let claims: Vec<_> = [499, 500, 500, 501].map(|n| (id(n), Interval::ALWAYS)).into();
    let claims = bulk.claim_ids(&claims).unwrap();
    assert_eq!(claims, [false, true, false, true]);
    drop((bulk, tx));
    import_as(&store, "x", ImportMode::Append, &features(500..700), meta()).unwrap();
    assert_eq!(now(&store, "x"), by_id(&features(0..700)));
    let again = import_as(&store, "x", ImportMode::Append, &features(699..701), meta());
    assert!(
        matches!(again, Err(StoreError::DuplicateIds { count: 1, first: 699, .. })),
        "{again:?}"
    );
    assert_eq!(store.revision(), Revision(2));
    let create = import_as(&store, "x", ImportMode::Create, &features(0..1), meta());
    assert!(matches!(create, Err(StoreError::LayerExists(_))));
    let append = import_as(&store, "nowhere", ImportMode::Append, &features(0..1), meta());
    assert!(matches!(append, Err(StoreError::NoLayer(_))));
    assert_clean(&store);
}

#[test]
fn upserting_closes_what_changed_and_keeps_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    import(&store, "x", &features(0..300));
    let mut coming = features(250..350);
    for feature in &mut coming {
        feature.values[0] = Value::Text("新".into());
    }
    let tx = store.import("test").unwrap();
    let mut bulk = tx.layer(LayerPlan { id: layer_id("x"), mode: ImportMode::Upsert }).unwrap();
    bulk.push(&EncodedBatch::encode(&coming).unwrap()).unwrap();
    let mut wider = meta();
    wider.schema.fields.push(Field::new("extra", FieldType::Int));
    let finished = bulk.finish(wider).unwrap();
    let counts = finished.counts();
    assert_eq!((counts.added, counts.replaced, counts.kept), (50, 50, 250));
    tx.commit(vec![finished]).unwrap();
    // What changed has a version that ended and one that began now.
    let mut expected = by_id(&features(0..300));
    expected.extend(by_id(&coming));
    for feature in expected.values_mut() {
        feature.values.push(Value::Null);
    }
    let view = store.view(everything());
    let mut shown = by_id(&visit(&view, "x", &Query::default()));
    for n in 250..300 {
        let history = view.layer(&layer_id("x")).unwrap().history(id(n)).unwrap();
        assert_eq!(history.len(), 1, "the version before has ended");
        let feature = shown.get_mut(&n).unwrap();
        assert!(feature.valid.from.is_some() && feature.valid.to.is_none());
        feature.valid = Interval::ALWAYS;
    }
    assert_eq!(shown, expected);
    let long_ago = ViewSpec { when: When::At("1999-01-01".parse().unwrap()), ..everything() };
    let before = store.view(long_ago);
    assert_eq!(visit(&before, "x", &Query::default()).len(), 300 + 50);
    let old = before.layer(&layer_id("x")).unwrap().feature(id(250)).unwrap().unwrap();
    assert_eq!(old.values[0], Value::Text("建筑 250".into()));
    assert_clean(&store);
}

#[test]
fn an_import_that_is_dropped_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    {
        let tx = store.import("test").unwrap();
        let mut bulk = tx.layer(LayerPlan { id: layer_id("x"), mode: ImportMode::Create }).unwrap();
        bulk.push(&EncodedBatch::encode(&features(0..100)).unwrap()).unwrap();
        let busy = tx.layer(LayerPlan { id: layer_id("x"), mode: ImportMode::Create });
        assert!(matches!(busy, Err(StoreError::Busy(_))));
        let _finished = bulk.finish(meta()).unwrap();
    }
    assert_eq!(store.revision(), Revision(0));
    assert_eq!(std::fs::read_dir(dir.path().join("tmp")).unwrap().count(), 0);
    assert_clean(&store);
    import(&store, "x", &features(0..10));
}

#[test]
fn several_layers_are_committed_in_one_revision() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let tx = store.import("test").unwrap();
    let finished = ["a", "b", "empty"].map(|name| {
        let mut bulk =
            tx.layer(LayerPlan { id: layer_id(name), mode: ImportMode::Create }).unwrap();
        if name != "empty" {
            bulk.push(&EncodedBatch::encode(&features(0..10)).unwrap()).unwrap();
        }
        bulk.finish(meta()).unwrap()
    });
    let done = tx.commit(finished.into()).unwrap();
    assert_eq!(done.layers.len(), 3);
    assert!(done.layers.iter().all(|l| l.revision == Revision(1)));
    assert!(now(&store, "empty").is_empty());
    assert_clean(&store);
    drop(store);
    let store = open(dir.path());
    assert_eq!(now(&store, "b").len(), 10);
    assert!(now(&store, "empty").is_empty());
}

#[test]
fn what_cannot_be_stored_is_refused_with_its_reason() {
    let mut broken = square(0.0, 0.0, 1.0);
    broken.xy[1] = [f64::NAN, 0.0];
    let bad = |geometry| Feature { geometry: Some(geometry), ..feature(1) };
    let error = EncodedBatch::encode(&[bad(broken)]).unwrap_err();
    assert!(error.to_string().contains("not a finite number"), "{error}");
    let mut broken = square(0.0, 0.0, 1.0);
    broken.ends[0] = 99;
    assert!(EncodedBatch::encode(&[bad(broken)]).is_err());
    let mut deep = Geometry::point([0.0, 0.0]);
    for _ in 0..100 {
        deep = Geometry::collection(vec![deep]);
    }
    assert!(EncodedBatch::encode(&[bad(deep)]).is_err());

    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let no_fields = LayerMeta { schema: Schema::default(), ..meta() };
    let error = import_as(&store, "x", ImportMode::Create, &features(0..1), no_fields).unwrap_err();
    assert!(matches!(error, StoreError::Schema { .. }), "{error}");
}

#[test]
fn a_view_hides_fields_states_and_what_has_ended() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut all = features(0..4);
    all[1].state = State::Planned;
    all[2].valid = Interval::new(None, Some("2001-01-01".parse().unwrap())).unwrap();
    all[3].valid = Interval::new(Some("2990-01-01".parse().unwrap()), None).unwrap();
    let meta = LayerMeta { states: StateSet::EXISTING, ..meta() };
    import_as(&store, "x", ImportMode::Create, &all, meta).unwrap();
    let ids = |spec: ViewSpec| -> Vec<u64> {
        crate::support::all(&store.view(spec), "x").into_keys().collect()
    };
    assert_eq!(ids(ViewSpec::default()), [0, 3]);
    assert_eq!(ids(everything()), [0, 1, 3]);
    let at = |t: &str| ViewSpec { when: When::At(t.parse().unwrap()), ..everything() };
    assert_eq!(ids(at("2000-01-01")), [0, 1, 2]);
    assert_eq!(ids(at("2991-01-01")), [0, 1, 3]);
    let fields = ViewSpec { fields: Some(vec!["层数".into()]), ..everything() };
    let view = store.view(fields);
    let seen = crate::support::all(&view, "x");
    assert_eq!(seen[&0].values, [Value::Null, Value::Int(0), Value::Null]);
    let one = view.layer(&layer_id("x")).unwrap().feature(id(1)).unwrap().unwrap();
    assert_eq!(one.values, [Value::Null, Value::Int(1), Value::Null]);
    let hidden = store.view(ViewSpec::default());
    assert_eq!(hidden.layer(&layer_id("x")).unwrap().feature(id(1)).unwrap(), None);
}

#[test]
fn a_box_query_finds_what_a_scan_finds_and_zooms_are_cumulative() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    import(&store, "x", &features(0..20_000));
    let view = store.view(everything());
    let everything = visit(&view, "x", &Query::default());
    let bounds = Bounds::new(118.02, 33.05, 118.031, 33.08).unwrap();
    let ids = |features: Vec<Feature>| {
        let mut ids: Vec<u64> = features.iter().map(|f| f.id.get()).collect();
        ids.sort_unstable();
        ids
    };
    let inside = everything
        .iter()
        .filter(|f| f.geometry.as_ref().unwrap().bounds().unwrap().intersects(&bounds));
    let expected = ids(inside.cloned().collect());
    assert!(expected.len() > 100);
    let found = visit(&view, "x", &Query { bounds: Some(bounds), ..Query::default() });
    assert_eq!(ids(found), expected);
    let layer = view.layer(&layer_id("x")).unwrap();
    let mut before = 0;
    for zoom in 0..=layer.layer().maxzoom {
        let count = layer.count(&Query { zoom: Some(zoom), ..Query::default() }).unwrap();
        assert!(count >= before && count > 0, "{zoom}");
        before = count;
    }
    assert_eq!(before, 20_000);
    let full = Query { bounds: Some(bounds), zoom: Some(22), limit: None };
    assert_eq!(ids(visit(&view, "x", &full)), expected);
    assert_eq!(visit(&view, "x", &Query { limit: Some(7), ..full }).len(), 7);
    assert_eq!(visit(&view, "x", &Query { limit: Some(0), ..full }).len(), 0);
    assert_eq!(visit(&view, "x", &full), visit(&view, "x", &full));
}
