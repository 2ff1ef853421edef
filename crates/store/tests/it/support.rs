//! Small layers and ways to look at them.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use onemap_model::{
    Feature, FeatureId, Field, FieldType, Geometry, GeometryKind, Interval, LayerId, Schema, State,
    StateSet, Value, ViewSpec,
};
use onemap_store::{
    Committed, EncodedBatch, ImportMode, LayerMeta, LayerPlan, OpenMode, Query, Store, View,
};

pub(crate) fn id(n: u64) -> FeatureId {
    FeatureId::new(n).unwrap()
}

pub(crate) fn layer_id(name: &str) -> LayerId {
    name.parse().unwrap()
}

pub(crate) fn open(path: &Path) -> Store {
    Store::open(path, OpenMode::ReadWrite).unwrap()
}

pub(crate) fn schema() -> Schema {
    Schema {
        fields: vec![
            Field { title: Some("名称".into()), ..Field::new("name", FieldType::Text) },
            Field::new("层数", FieldType::Int),
            Field::new("height", FieldType::Float),
        ],
    }
}

pub(crate) fn meta() -> LayerMeta {
    LayerMeta {
        title: "测试".into(),
        department: "规划局".into(),
        schema: schema(),
        states: StateSet::ALL,
        ..LayerMeta::default()
    }
}

pub(crate) fn square(x: f64, y: f64, side: f64) -> Geometry {
    let (e, n) = (x + side, y + side);
    Geometry::polygon(vec![[x, y], [e, y], [e, n], [x, n], [x, y]])
}

/// Place of feature `n` of a layer made by [`features`].
pub(crate) fn place(n: u64) -> [f64; 2] {
    [118.0 + (n % 100) as f64 * 0.001, 33.0 + (n / 100 % 1000) as f64 * 0.001]
}

pub(crate) fn feature(n: u64) -> Feature {
    let [x, y] = place(n);
    Feature {
        id: id(n),
        geometry: Some(square(x, y, 0.0005)),
        values: vec![
            Value::Text(format!("建筑 {n}")),
            Value::Int(n as i64 % 30),
            if n.is_multiple_of(7) { Value::Null } else { Value::Float(n as f64 / 10.0) },
        ],
        valid: Interval::ALWAYS,
        state: State::Existing,
    }
}

pub(crate) fn features(range: std::ops::Range<u64>) -> Vec<Feature> {
    range.map(feature).collect()
}

pub(crate) fn import_as(
    store: &Store,
    layer: &str,
    mode: ImportMode,
    features: &[Feature],
    meta: LayerMeta,
) -> onemap_store::Result<Committed> {
    let tx = store.import("test")?;
    let mut bulk = tx.layer(LayerPlan { id: layer_id(layer), mode })?;
    for chunk in features.chunks(100) {
        bulk.push(&EncodedBatch::encode(chunk)?)?;
    }
    let finished = bulk.finish(meta)?;
    tx.commit(vec![finished])
}

pub(crate) fn import(store: &Store, layer: &str, features: &[Feature]) -> Committed {
    import_as(store, layer, ImportMode::Replace, features, meta()).unwrap()
}

pub(crate) fn everything() -> ViewSpec {
    ViewSpec { states: Some(StateSet::ALL), ..ViewSpec::default() }
}

/// All features that a query finds, in the order of the visit.
pub(crate) fn visit(view: &View, layer: &str, query: &Query) -> Vec<Feature> {
    let mut found = Vec::new();
    let layer = view.layer(&layer_id(layer)).expect("the layer exists");
    layer
        .for_each(query, &mut |feature| {
            found.push(feature.to_feature());
            ControlFlow::Continue(())
        })
        .unwrap();
    found
}

/// All features of a layer by id.
pub(crate) fn all(view: &View, layer: &str) -> BTreeMap<u64, Feature> {
    let found = visit(view, layer, &Query::default());
    let count = found.len();
    let map: BTreeMap<u64, Feature> = found.into_iter().map(|f| (f.id.get(), f)).collect();
    assert_eq!(map.len(), count, "a feature was visited twice");
    map
}

pub(crate) fn now(store: &Store, layer: &str) -> BTreeMap<u64, Feature> {
    all(&store.view(everything()), layer)
}

pub(crate) fn by_id(features: &[Feature]) -> BTreeMap<u64, Feature> {
    features.iter().map(|f| (f.id.get(), f.clone())).collect()
}

pub(crate) fn assert_clean(store: &Store) {
    let report = store.check();
    assert!(report.is_clean(), "{report}");
    assert!(report.notes.is_empty(), "{report}");
}

/// One shape of every kind, with and without heights and measures.
pub(crate) fn shapes() -> Vec<Geometry> {
    let mut line = Geometry::line(vec![[1.0, 2.0], [3.0, 4.0], [5.5, -6.5]]);
    line.z = vec![1.5, 2.5, -3.5];
    line.m = vec![0.0, 10.0, 20.0];
    let mut lines = Geometry::empty(GeometryKind::MultiLineString);
    let mut polygons = Geometry::empty(GeometryKind::MultiPolygon);
    for at in [10.0, 20.0] {
        for ring in [0.0, 0.25] {
            let mut corners =
                [[ring, ring], [1.0 - ring, ring], [1.0 - ring, 1.0 - ring], [ring, ring]];
            if ring > 0.0 {
                corners.reverse();
            }
            for [x, y] in corners {
                lines.push([at + x, y]);
                polygons.push_z([at + x, y, at]);
            }
            lines.end_line();
            polygons.end_line();
        }
        polygons.end_polygon();
    }
    let mut points = Geometry::empty(GeometryKind::MultiPoint);
    points.push([7.0, 8.0]);
    points.push([9.0, 10.0]);
    let mut with_hole = square(30.0, 30.0, 1.0);
    with_hole.xy.extend([[30.2, 30.2], [30.4, 30.4], [30.4, 30.2], [30.2, 30.2]]);
    with_hole.ends.push(9);
    with_hole.parts = vec![2];
    let members = vec![Geometry::point([40.0, 41.0]), lines.clone(), polygons.clone()];
    let nested = Geometry::collection(vec![
        Geometry::collection(members),
        Geometry::line(vec![[0.0, 0.0], [1.0, 1.0]]),
    ]);
    vec![
        Geometry::point([118.123456789012, 33.987654321098]),
        line,
        lines,
        polygons,
        points,
        with_hole,
        nested,
    ]
}
