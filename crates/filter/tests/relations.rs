//! Relations of shapes, beside the answers of GEOS (`relations.py` wrote them), and how fast they are found.

#![allow(clippy::unwrap_used, reason = "a test that can not set up has failed")]

use std::time::Instant;

use onemap_filter::{Bound, parse_text};
use onemap_model::{
    FeatureRef, Field, FieldType, Filter, Geometry, Interval, Schema, Shape, SpatialOp, State,
    Value, ValueRef,
};

const OPS: [SpatialOp; 8] = [
    SpatialOp::Intersects,
    SpatialOp::Disjoint,
    SpatialOp::Equals,
    SpatialOp::Touches,
    SpatialOp::Within,
    SpatialOp::Contains,
    SpatialOp::Overlaps,
    SpatialOp::Crosses,
];

fn shape(wkt: &str) -> Geometry {
    match parse_text(&format!("S_INTERSECTS(geom, {wkt})")).unwrap() {
        Filter::Spatial { right: Shape::Literal(geometry), .. } => geometry,
        other => panic!("{other}"),
    }
}

fn feature<'a>(geometry: Option<&'a Geometry>, values: &'a [ValueRef<'a>]) -> FeatureRef<'a> {
    FeatureRef {
        id: 1.try_into().unwrap(),
        geometry,
        values,
        valid: Interval::ALWAYS,
        state: State::Existing,
    }
}

#[test]
fn shapes_relate_as_geos_says() {
    let table = include_str!("relations.tsv");
    let (mut asked, mut wrong) = (0, Vec::new());
    for row in table.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let (left, right) = (shape(columns[1]), shape(columns[2]));
        for (op, bit) in OPS.into_iter().zip(columns[0].chars()) {
            let property = || Shape::Property("geom".into());
            let sides = [
                (
                    &left,
                    Filter::Spatial { op, left: property(), right: Shape::Literal(right.clone()) },
                ),
                (
                    &right,
                    Filter::Spatial { op, left: Shape::Literal(left.clone()), right: property() },
                ),
            ];
            for (geometry, filter) in sides {
                let bound = Bound::new(&filter, &Schema::default()).unwrap();
                asked += 1;
                if bound.matches(&feature(Some(geometry), &[])) != (bit == '1') {
                    wrong.push(format!(
                        "{}: GEOS {bit}: {} | {}",
                        op.name(),
                        columns[1],
                        columns[2]
                    ));
                }
            }
        }
    }
    println!("{asked} answers, {} unlike those of GEOS", wrong.len());
    assert!(asked > 9_000, "{asked}");
    assert!(
        wrong.is_empty(),
        "{} of {asked} differ, as {:#?}",
        wrong.len(),
        &wrong[..wrong.len().min(20)]
    );
}

#[test]
fn a_box_and_the_polygon_around_it_relate_alike() {
    let table = include_str!("relations.tsv");
    let area = "POLYGON((2 2,6 2,6 7,2 7,2 2))";
    for row in table.lines().skip(1) {
        let geometry = shape(row.split('\t').nth(1).unwrap());
        for op in OPS {
            let ask = |other: &str| {
                let filter = parse_text(&format!("{}(geom, {other})", op.name())).unwrap();
                let bound = Bound::new(&filter, &Schema::default()).unwrap();
                bound.matches(&feature(Some(&geometry), &[]))
            };
            assert_eq!(ask("BBOX(2,2,6,7)"), ask(area), "{} {row}", op.name());
        }
    }
}

/// `cargo nextest run --release -p onemap-filter --run-ignored all a_million --no-capture`
#[test]
#[ignore = "a measurement"]
fn a_million_features_are_asked_quickly() {
    const COUNT: u32 = 1_000_000;
    let schema = Schema {
        fields: vec![
            Field::new("name", FieldType::Text),
            Field::new("floors", FieldType::Int),
            Field::new("height", FieldType::Float),
        ],
    };
    let names = ["上海中心大厦", "Pearl Tower", "南京东路 12 号", "IFC"];
    let rows: Vec<[Value; 3]> = (0..1000)
        .map(|i: i64| {
            let name = Value::Text(names[i as usize % 4].into());
            [name, Value::Int(i % 40), Value::Float(i as f64 * 0.7)]
        })
        .collect();
    let rows: Vec<[ValueRef<'_>; 3]> =
        rows.iter().map(|row| [row[0].as_ref(), row[1].as_ref(), row[2].as_ref()]).collect();
    let houses: Vec<Geometry> = (0..1000)
        .map(|i| {
            let (x, y) = (f64::from(i % 32) * 0.01, f64::from(i / 32) * 0.01);
            Geometry::polygon(vec![
                [x, y],
                [x + 0.008, y],
                [x + 0.008, y + 0.008],
                [x, y + 0.008],
                [x, y],
            ])
        })
        .collect();
    let circle: Vec<String> = (0..=400)
        .map(|i| {
            let angle = f64::from(i % 400) * std::f64::consts::TAU / 400.0;
            format!("{} {}", 0.16 + 0.12 * angle.cos(), 0.16 + 0.12 * angle.sin())
        })
        .collect();
    let circle = format!("S_INTERSECTS(geom, POLYGON(({})))", circle.join(","));
    let many: Vec<String> = (0..5000).map(|i| format!("'x{i}'")).collect();
    let many = format!("name IN ({})", many.join(","));
    for text in [
        "floors > 10",
        "name = 'IFC'",
        "name LIKE '%Tower'",
        "CASEI(name) = 'ifc'",
        "floors BETWEEN 3 AND 9 AND height > 100.5 OR name IN ('IFC', 'x')",
        many.as_str(),
        "S_INTERSECTS(geom, BBOX(0.05,0.05,0.2,0.2))",
        "S_WITHIN(geom, BBOX(0.05,0.05,0.2,0.2))",
        circle.as_str(),
    ] {
        let bound = Bound::new(&parse_text(text).unwrap(), &schema).unwrap();
        let start = Instant::now();
        let mut found = 0_u32;
        for i in 0..COUNT as usize {
            let row = feature(Some(&houses[i % 1000]), &rows[i % 1000]);
            found += u32::from(bound.matches(&row));
        }
        let each = start.elapsed().as_nanos() as f64 / f64::from(COUNT);
        println!("{each:8.1} ns a feature, {found:7} found: {text:.60}");
    }
}
