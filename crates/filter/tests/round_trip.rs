//! Any filter survives the way through text and through JSON, and no text is too odd to be refused.

#![allow(clippy::unwrap_used, reason = "a test that can not set up has failed")]

use onemap_filter::{Bound, parse_json, parse_text, to_json};
use onemap_model::{
    ArithmeticOp, Bounds, CompareOp, FeatureRef, Filter, Geometry, GeometryKind, Interval, Operand,
    Schema, Shape, SpatialOp, State, TemporalOp, TimeOperand, Timestamp,
};
use proptest::prelude::*;
use proptest::sample::select;

fn time() -> impl Strategy<Value = Operand> {
    prop_oneof![
        "[a-z桥\"]{1,4}".prop_map(Operand::Property),
        (-30_000_i64..2_000_000)
            .prop_map(|days| Operand::Date(Timestamp::from_micros(days * 86_400_000_000))),
        (-60_000_000_000_000_000_i64..250_000_000_000_000_000)
            .prop_map(|micros| Operand::Instant(Timestamp::from_micros(micros))),
        Just(Operand::Date("9999-12-31".parse().unwrap())),
        Just(Operand::Instant("9999-12-31T23:00:00".parse().unwrap())),
    ]
}

fn operand() -> impl Strategy<Value = Operand> {
    let leaf = prop_oneof![
        "\\PC{0,6}".prop_map(Operand::Property),
        select(vec!["and", "NULL", "true", "date", "in"])
            .prop_map(|name| Operand::Property(name.to_owned())),
        "\\PC{0,6}".prop_map(Operand::Text),
        any::<i64>().prop_map(Operand::Int),
        any::<f64>().prop_filter("numbers are finite", |x| x.is_finite()).prop_map(Operand::Float),
        any::<bool>().prop_map(Operand::Bool),
        time(),
    ];
    leaf.prop_recursive(4, 16, 2, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        prop_oneof![
            (select(ArithmeticOp::ALL), boxed.clone(), boxed.clone())
                .prop_map(|(op, left, right)| Operand::Arithmetic { op, left, right }),
            boxed.clone().prop_map(Operand::CaseI),
            boxed.prop_map(Operand::AccentI),
        ]
    })
}

fn place() -> impl Strategy<Value = [f64; 2]> {
    (-180.0..=180.0, -90.0..=90.0).prop_map(|(x, y)| [x, y])
}

fn ring() -> impl Strategy<Value = Vec<[f64; 2]>> {
    prop::collection::vec(place(), 3..6).prop_map(|mut ring| {
        ring.push(ring[0]);
        ring
    })
}

fn geometry() -> impl Strategy<Value = Geometry> {
    let lines = prop::collection::vec(prop::collection::vec(place(), 2..5), 0..3);
    let polygons = prop::collection::vec(prop::collection::vec(ring(), 1..3), 0..3);
    let simple = prop_oneof![
        place().prop_map(Geometry::point),
        prop::collection::vec(place(), 0..4).prop_map(|xy| Geometry {
            kind: GeometryKind::MultiPoint,
            xy,
            ..Geometry::default()
        }),
        prop::collection::vec(place(), 2..5).prop_map(Geometry::line),
        lines.prop_map(|lines| {
            let mut geometry = Geometry::empty(GeometryKind::MultiLineString);
            for line in lines {
                geometry.xy.extend(line);
                geometry.end_line();
            }
            geometry
        }),
        polygons.prop_map(|polygons| {
            let kind = if polygons.len() == 1 {
                GeometryKind::Polygon
            } else {
                GeometryKind::MultiPolygon
            };
            let mut geometry = Geometry::empty(kind);
            for polygon in polygons {
                for ring in polygon {
                    geometry.xy.extend(ring);
                    geometry.end_line();
                }
                geometry.end_polygon();
            }
            geometry
        }),
    ];
    simple.prop_recursive(2, 6, 3, |inner| {
        prop::collection::vec(inner, 0..3).prop_map(Geometry::collection)
    })
}

/// Shapes such as the store has: their rings do not cross.
fn stored() -> impl Strategy<Value = Geometry> {
    let frame = (place(), 5.0..100.0, 5.0..50.0).prop_map(|([x, y], w, h)| {
        Geometry::polygon(vec![[x, y], [x + w, y], [x + w, y + h], [x, y + h], [x, y]])
    });
    let simple = prop_oneof![
        place().prop_map(Geometry::point),
        prop::collection::vec(place(), 1..5).prop_map(|xy| Geometry {
            kind: GeometryKind::MultiPoint,
            xy,
            ..Geometry::default()
        }),
        prop::collection::vec(place(), 2..6).prop_map(Geometry::line),
        frame,
    ];
    simple.prop_recursive(1, 3, 3, |inner| {
        prop::collection::vec(inner, 0..3).prop_map(Geometry::collection)
    })
}

fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        "[a-z]{0,4}".prop_map(Shape::Property),
        geometry().prop_map(Shape::Literal),
        (place(), 0.0..1.0, 0.0..1.0).prop_map(|([west, south], width, height)| {
            let (east, north) = (west + (180.0 - west) * width, south + (90.0 - south) * height);
            Shape::Box(Bounds::new(west, south, east, north).unwrap())
        }),
    ]
}

fn when() -> impl Strategy<Value = TimeOperand> {
    let end = || prop::option::of(time());
    prop_oneof![
        time().prop_map(TimeOperand::At),
        (end(), end()).prop_map(|(from, to)| TimeOperand::Interval(from, to)),
    ]
}

fn filter() -> impl Strategy<Value = Filter> {
    let leaf =
        prop_oneof![
            any::<bool>().prop_map(Filter::Literal),
            (select(CompareOp::ALL), operand(), operand())
                .prop_map(|(op, left, right)| Filter::Compare { op, left, right }),
            (operand(), operand(), operand()).prop_map(|(value, low, high)| Filter::Between {
                value,
                low,
                high
            }),
            (operand(), prop::collection::vec(operand(), 1..4))
                .prop_map(|(value, list)| Filter::In { value, list }),
            (operand(), operand()).prop_map(|(value, pattern)| Filter::Like { value, pattern }),
            operand().prop_map(Filter::IsNull),
            (select(SpatialOp::ALL), shape(), shape())
                .prop_map(|(op, left, right)| Filter::Spatial { op, left, right }),
            (select(TemporalOp::ALL), when(), when())
                .prop_map(|(op, left, right)| Filter::Temporal { op, left, right }),
        ];
    leaf.prop_recursive(5, 24, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Filter::all),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Filter::any),
            inner.prop_map(Filter::negated),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn a_filter_survives_text_and_json(filter in filter()) {
        let text = filter.to_string();
        prop_assert_eq!(parse_text(&text), Ok(filter.clone()), "{}", text);
        let json = to_json(&filter).to_string();
        prop_assert_eq!(parse_json(&json), Ok(filter), "{}", json);
    }

    #[test]
    fn odd_text_is_refused_without_a_panic(
        text in r#"(a|name|桥|AND|OR|NOT|IN|IS NULL|LIKE|BETWEEN|CASEI|DATE|INTERVAL|BBOX|POINT|POLYGON|EMPTY|S_WITHIN|T_AFTER|geom|'[a-z%']{0,3}|"|[(),=<>+*/^% .-]|[0-9e.]{1,4}|\PC){0,14}"#
    ) {
        if let Ok(filter) = parse_text(&text) {
            prop_assert_eq!(parse_text(&filter.to_string()), Ok(filter));
        }
    }

    #[test]
    fn odd_json_is_refused_without_a_panic(
        text in r#"(\{"op":"(and|not|in|=|like|s_within|t_after|casei|\+)","args":\[|\{"property":"a"\}|\{"type":"Polygon","coordinates":\[|\{"bbox":\[|\{"interval":\[|[\[\]{},:]|[0-9]{1,3}|"[a-z.]{0,2}"|true){0,14}(\]\}){0,4}"#
    ) {
        if let Ok(filter) = parse_json(&text) {
            prop_assert_eq!(parse_json(&to_json(&filter).to_string()), Ok(filter));
        }
    }

    #[test]
    fn odd_shapes_are_compared_without_a_panic(
        a in stored(), b in geometry(), grid in any::<bool>(), op in select(SpatialOp::ALL)
    ) {
        // Rings of filters cross themselves; on a coarse grid they also collapse and overlap.
        let odd = |mut geometry: Geometry| {
            if grid {
                geometry.for_each_array_mut(&mut |xy, _| {
                    xy.iter_mut().flatten().for_each(|v| *v = (*v / 60.0).round());
                });
            }
            geometry
        };
        let (a, b) = (odd(a), odd(b));
        let filter =
            Filter::Spatial { op, left: Shape::Property("geom".into()), right: Shape::Literal(b) };
        let Ok(bound) = Bound::new(&filter, &Schema::default()) else { return Ok(()) };
        let feature = FeatureRef {
            id: 1.try_into().unwrap(),
            geometry: Some(&a),
            values: &[],
            valid: Interval::ALWAYS,
            state: State::Existing,
        };
        bound.matches(&feature);
    }
}
