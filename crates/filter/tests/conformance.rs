//! Answers that OGC 21-065r2 prescribes, on a table of our own with the values its test data has.

#![allow(clippy::unwrap_used, reason = "a test that can not set up has failed")]

use onemap_filter::{Bound, parse_json, parse_text, to_json};
use onemap_model::{
    Feature, FeatureRef, Field, FieldType, Filter, Geometry, Interval, Schema, State, Value,
};

fn schema() -> Schema {
    let field = |name, kind| Field::new(name, kind);
    Schema {
        fields: vec![
            field("name", FieldType::Text),
            field("pop_other", FieldType::Int),
            field("area", FieldType::Float),
            field("date", FieldType::Date),
            field("start", FieldType::DateTime),
            field("end", FieldType::DateTime),
            field("boolean", FieldType::Bool),
            field("raw", FieldType::Bytes),
        ],
    }
}

/// Seven places: three with dates as the test data of the standard has them.
fn places() -> Vec<Feature> {
    let day = |text: &str| Value::Date(text.parse().unwrap());
    let at = |text: &str| Value::DateTime(text.parse().unwrap());
    let none = || vec![Value::Null, Value::Null, Value::Null, Value::Null];
    let rows: Vec<(&str, i64, f64, Vec<Value>)> = vec![
        (
            "København",
            1_038_288,
            1.5,
            vec![
                day("2022-04-16"),
                at("2022-04-16T10:13:19Z"),
                at("2023-04-16T10:16:06Z"),
                Value::Bool(true),
            ],
        ),
        (
            "Berlin",
            3_013_258,
            891.0,
            vec![
                day("2023-04-16"),
                at("2022-04-16T10:15:10Z"),
                at("2022-04-16T10:16:06Z"),
                Value::Bool(false),
            ],
        ),
        (
            "Athens",
            112_572,
            39.0,
            vec![
                day("2021-04-16"),
                at("2021-04-16T10:15:59Z"),
                at("2022-04-16T10:16:06Z"),
                Value::Bool(true),
            ],
        ),
        ("Kiev", 1_611_692, 839.0, none()),
        ("Koror", 0, 65.0, none()),
        ("上海", 17_000_000, 6340.5, none()),
        ("Bern", 121_631, 51.6, none()),
    ];
    let feature = |(i, (name, pop, area, more)): (usize, (&str, i64, f64, Vec<Value>))| {
        let mut values = vec![Value::Text(name.into()), Value::Int(pop), Value::Float(area)];
        values.extend(more);
        values.push(if i == 0 { Value::Bytes(vec![1]) } else { Value::Null });
        Feature {
            id: (i as u64 + 1).try_into().unwrap(),
            geometry: (i != 6).then(|| Geometry::point([10.0 * i as f64, 5.0])),
            values,
            valid: Interval {
                from: Some("2000-01-01".parse().unwrap()),
                to: (i == 0).then(|| "2010-01-01".parse().unwrap()),
            },
            state: if i == 1 { State::Planned } else { State::Existing },
        }
    };
    rows.into_iter().enumerate().map(feature).collect()
}

fn count_of(filter: &Filter) -> usize {
    let bound = Bound::new(filter, &schema()).unwrap();
    let matches = |feature: &Feature| {
        let values: Vec<_> = feature.values.iter().map(Value::as_ref).collect();
        bound.matches(&FeatureRef {
            id: feature.id,
            geometry: feature.geometry.as_ref(),
            values: &values,
            valid: feature.valid,
            state: feature.state,
        })
    };
    places().iter().filter(|place| matches(place)).count()
}

/// Counts by the text, by its canonical form and by JSON, which must agree.
#[track_caller]
fn count(text: &str) -> usize {
    let filter = parse_text(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let again = parse_text(&filter.to_string()).unwrap();
    assert_eq!(again, filter, "{text}");
    assert_eq!(parse_json(&to_json(&filter).to_string()).unwrap(), filter, "{text}");
    count_of(&filter)
}

#[track_caller]
fn counts(table: &[(&str, usize)]) {
    for &(text, expected) in table {
        assert_eq!(count(text), expected, "{text}");
    }
}

#[test]
fn comparisons_count_as_the_standard_says() {
    counts(&[
        ("name='København'", 1),
        ("name>='København'", 2),
        ("name<>'København'", 6),
        ("name>'Kz'", 2),
        ("pop_other=1038288", 1),
        ("pop_other=1038288.0", 1),
        ("pop_other>=1038288", 4),
        ("pop_other>1038287.5", 4),
        ("1038288<pop_other", 3),
        ("area=51.6", 1),
        ("area>839", 2),
        ("pop_other IS NOT NULL", 7),
        ("\"date\" IS NOT NULL", 3),
        ("\"date\" is null", 4),
        ("\"date\"=DATE('2022-04-16')", 1),
        ("\"date\">=DATE('2022-04-16')", 2),
        ("\"date\"<>DATE('2022-04-16')", 2),
        ("\"date\">'2022-04-16'", 1),
        ("start<=TIMESTAMP('2022-04-16T10:13:19Z')", 2),
        ("start=TIMESTAMP('2022-04-16T18:13:19+08:00')", 1),
        ("start > \"date\"", 2),
        ("boolean=true", 2),
        ("boolean", 2),
        ("boolean<>false", 2),
        ("NOT boolean", 1),
        ("boolean > false", 2),
        ("raw IS NOT NULL", 1),
        ("true", 7),
        ("false", 0),
        ("1=1", 7),
        ("'a'>'b'", 0),
    ]);
}

#[test]
fn what_is_not_known_is_shown_by_neither_a_condition_nor_its_contrary() {
    counts(&[
        ("start<TIMESTAMP('2022-04-16T10:13:19Z')", 1),
        ("NOT start<TIMESTAMP('2022-04-16T10:13:19Z')", 2),
        ("NOT (start<TIMESTAMP('2022-04-16T10:13:19Z') AND name='Kiev')", 6),
        ("start IS NULL OR boolean", 6),
        ("(boolean OR name='Kiev') AND NOT (boolean AND name='Kiev')", 2),
        ("NOT (boolean OR name='Kiev')", 1),
        ("pop_other/0 = 1", 0),
        ("NOT pop_other/0 = 1", 0),
        ("NOT pop_other IN (1, 1/0)", 0),
        ("pop_other IN (112572, 1/0)", 1),
        ("NOT (boolean BETWEEN false AND false)", 2),
    ]);
}

#[test]
fn ranges_lists_and_patterns_count_as_the_standard_says() {
    counts(&[
        ("name LIKE 'B_r%'", 2),
        ("name NOT LIKE 'B_r%'", 5),
        ("name LIKE ''", 0),
        ("name LIKE '%%'", 7),
        ("name LIKE '__'", 1),
        ("pop_other between 1000000 and 3000000", 2),
        ("pop_other not between 1000000 and 3000000", 5),
        ("pop_other between 3000000 and 1000000", 0),
        ("name IN ('Kiev','kobenhavn','Berlin','athens','foo')", 2),
        ("name NOT IN ('Kiev','kobenhavn','Berlin','athens','foo')", 5),
        ("pop_other in (1038288,1611692,3013258,3013257,3013259)", 3),
        ("pop_other in (1038288.0,pop_other)", 7),
        ("\"date\" in (DATE('2021-04-16'),DATE('2022-04-16'),DATE('2022-04-18'))", 2),
        ("\"date\" not in (DATE('2021-04-16'),DATE('2022-04-16'),DATE('2022-04-18'))", 1),
        ("\"date\" in ('2021-04-16', '2022-04-16')", 2),
        ("start not in (TIMESTAMP('2022-04-16T10:13:19Z'))", 2),
        ("boolean in (true)", 2),
        ("boolean not in (false)", 2),
    ]);
}

#[test]
fn case_and_accents_are_folded_as_the_standard_says() {
    counts(&[
        ("CASEI(name)=casei('KIEV')", 1),
        ("CASEI(name)=casei('KØBENHAVN')", 1),
        ("CASEI(name) LIKE casei('B_R%')", 2),
        ("CASEI(name) IN (casei('Kiev'), casei('kobenhavn'), casei('Berlin'), casei('athens'))", 3),
        ("ACCENTI(name)=accenti('Kobenhavn')", 1),
        ("ACCENTI(CASEI(name))=accenti(casei('KOBENHAVN'))", 1),
        ("CASEI(ACCENTI(name))=accenti(casei('KØBENHAVN'))", 1),
        ("ACCENTI(name) LIKE accenti('Ko%')", 2),
        ("ACCENTI(CASEI(name)) LIKE accenti(casei('kØ%'))", 2),
        ("CASEI(name) LIKE '上_'", 1),
    ]);
}

#[test]
fn arithmetic_counts_as_the_standard_says() {
    counts(&[
        ("pop_other=1038280+8", 1),
        ("pop_other>=1038290-2*2^0", 4),
        ("pop_other>1038290-20/10", 3),
        ("pop_other>1038290-21 div 10", 3),
        ("pop_other>1038290-5%2", 3),
        ("pop_other<=1038200+8*11", 4),
        ("pop_other<1038280+2^3", 3),
        ("pop_other between 4000000/4 and (3*(900000+100000))", 2),
        ("pop_other in (1000000+38288,1000000+600000+11692,3*1000000+13258)", 3),
        ("1038280+8=pop_other", 1),
        ("pop_other / area > 100000", 1),
    ]);
}

#[test]
fn relations_in_time_count_as_the_standard_says() {
    let day = "2022-04-16";
    for (op, with_day, with_year) in [
        ("t_after", 1, 1),
        ("t_before", 1, 1),
        ("t_disjoint", 2, 2),
        ("t_equals", 1, 0),
        ("t_intersects", 1, 1),
    ] {
        assert_eq!(count(&format!("{op}(\"date\",date('{day}'))")), with_day, "{op}");
        let year = format!("{op}(\"date\",interval('2022-01-01','2022-12-31'))");
        assert_eq!(count(&year), with_year, "{op}");
    }
    for (op, expected) in
        [("after", 1), ("before", 1), ("disjoint", 2), ("equals", 1), ("intersects", 1)]
    {
        let text = format!("t_{op}(start,timestamp('2022-04-16T10:13:19Z'))");
        assert_eq!(count(&text), expected, "{op}");
    }
    for (op, expected) in
        [("after", 0), ("before", 1), ("disjoint", 1), ("equals", 0), ("intersects", 2)]
    {
        let year = "interval('2022-01-01T00:00:00Z','2022-12-31T23:59:59Z')";
        assert_eq!(count(&format!("t_{op}(start,{year})")), expected, "{op}");
    }
    for (op, from, to, expected) in [
        ("after", "..", "2022-04-16T10:13:19Z", 1),
        ("before", "2023-01-01T00:00:00Z", "..", 2),
        ("disjoint", "2022-04-16T10:13:19Z", "2022-04-16T10:15:09Z", 1),
        ("equals", "2021-04-16T10:15:59Z", "2022-04-16T10:16:06Z", 1),
        ("intersects", "2022-04-16T10:13:19Z", "2022-04-16T10:15:09Z", 2),
        ("contains", "2022-04-16T10:13:19Z", "2022-04-16T10:15:10Z", 1),
        ("during", "2022-01-01T00:00:00Z", "2022-12-31T23:59:59Z", 1),
        ("finishes", "2022-04-16T10:13:19Z", "2022-04-16T10:16:06Z", 1),
        ("finishedBy", "2022-04-16T10:13:19Z", "2022-04-16T10:16:06Z", 1),
        ("meets", "2022-04-16T10:13:19Z", "2022-04-16T10:15:10Z", 0),
        ("metBy", "2022-04-16T10:13:19Z", "2022-04-16T10:15:10Z", 1),
        ("overlappedBy", "2020-04-16T10:13:19Z", "2022-04-16T10:15:10Z", 2),
        ("overlaps", "2022-04-16T10:13:19Z", "2023-04-16T10:15:10Z", 1),
        ("startedBy", "2022-04-16T10:13:19Z", "2022-04-16T10:15:10Z", 1),
        ("starts", "2022-04-16T10:13:19Z", "2022-04-16T10:15:10Z", 0),
    ] {
        let text = format!("T_{op}(interval(start,end),interval('{from}','{to}'))");
        assert_eq!(count(&text), expected, "{text}");
    }
    counts(&[
        ("t_equals(\"date\",interval('2022-04-16','2022-04-16'))", 1),
        // A day lasts until midnight when it is compared with instants.
        ("t_intersects(start,date('2022-04-16'))", 2),
        ("t_intersects(start,interval('2022-01-01','2022-04-16'))", 2),
        ("t_intersects(interval(_from,_to),date('2015-01-01'))", 6),
        ("t_intersects(interval(_from,_to),interval('..','2005-01-01'))", 7),
    ]);
}

#[test]
fn the_features_own_properties_have_names() {
    counts(&[
        ("id = 3", 1),
        ("_id IN (1, 2)", 2),
        ("state = 'planned'", 1),
        ("_state IN ('规划', 'retired')", 1),
        ("state LIKE 'ex%'", 6),
        ("_to IS NULL", 6),
        ("_from = DATE('2000-01-01')", 7),
        ("geom IS NULL", 1),
        ("\"\" IS NOT NULL", 6),
        ("S_INTERSECTS(geometry, BBOX(10,0,30,10))", 3),
        ("S_WITHIN(_geometry, BBOX(10,0,30,10))", 1),
        ("S_TOUCHES(BBOX(10,0,30,10), geom)", 2),
        ("NOT S_INTERSECTS(geom, BBOX(10,0,30,10))", 3),
        ("S_DISJOINT(geom, BBOX(10,0,30,10)) AND pop_other > 0", 2),
        ("S_EQUALS(geom, POINT(20 5))", 1),
        ("S_EQUALS(geom, geom)", 6),
        ("S_DISJOINT(geom, POINT EMPTY)", 6),
        ("S_INTERSECTS(POINT(1 1), BBOX(0,0,2,2))", 7),
        ("S_INTERSECTS(geom, BBOX(20,5,20,5))", 1),
        ("S_INTERSECTS(geom, BBOX(0,5,20,5))", 3),
        ("S_INTERSECTS(geom, GEOMETRYCOLLECTION(POINT(20 5),LINESTRING(0 0,0 9)))", 2),
        // A bow tie is two triangles, not nothing; its knot at (20, 5) is a corner of both.
        ("S_INTERSECTS(geom, POLYGON((5 0,35 10,35 0,5 10,5 0)))", 3),
        ("S_WITHIN(geom, POLYGON((5 0,35 10,35 0,5 10,5 0)))", 2),
    ]);
}

#[test]
fn what_can_not_be_answered_is_refused_with_the_reason() {
    for (text, expected) in [
        (
            "floors > 3",
            "filter names a field 'floors' that the layer does not have; it has: name, pop_other, area, date, start, end, boolean, raw, id, state, _from, _to, geometry",
        ),
        (
            "name > 3",
            "filter can not be answered: \"name\" is text and 3 is a number; compare values of one kind",
        ),
        (
            "pop_other LIKE '1%'",
            "filter can not be answered: \"pop_other\" is a number; LIKE needs text",
        ),
        ("name LIKE name", "filter can not be answered: \"name\" is no pattern; LIKE needs a text"),
        ("name + 1 = 2", "filter can not be answered: \"name\" is text; + needs a number"),
        (
            "start = 'soon'",
            "filter can not be answered: 'soon' is no date or instant, but \"start\" is",
        ),
        (
            "state = 'gone'",
            "filter can not be answered: 'gone' is no state; use planned, building, existing or retired",
        ),
        (
            "raw = raw",
            "filter can not be answered: \"raw\" is bytes and \"raw\" is bytes; compare values of one kind",
        ),
        (
            "geom = 5",
            "filter can not be answered: \"geom\" is a shape; use it in S_INTERSECTS or its kin",
        ),
        (
            "S_INTERSECTS(name, POINT(1 1))",
            "filter can not be answered: \"name\" is text, not a shape",
        ),
        (
            "S_TOUCHES(geom, GEOMETRYCOLLECTION(POINT(1 1)))",
            "filter can not be answered: s_touches is not defined for a GEOMETRYCOLLECTION; use a MULTI... shape",
        ),
        (
            "T_AFTER(name, DATE('2026-01-01'))",
            "filter can not be answered: \"name\" is text; a relation in time needs a date or instant",
        ),
        (
            "T_AFTER(start, INTERVAL('2026-01-01','2025-01-01'))",
            "filter can not be answered: INTERVAL('2026-01-01', '2025-01-01') ends before it begins",
        ),
    ] {
        let error = Bound::new(&parse_text(text).unwrap(), &schema()).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn a_bound_filter_says_what_it_looks_at() {
    let bound = |text: &str| Bound::new(&parse_text(text).unwrap(), &schema()).unwrap();
    let both = bound("boolean AND (name = 'x' OR boolean) AND S_WITHIN(geom, BBOX(1,2,3,4))");
    assert_eq!(both.fields(), [0, 6]);
    assert!(both.needs_geometry());
    assert_eq!(both.bounds().unwrap().to_array(), [1.0, 2.0, 3.0, 4.0]);
    let none = bound("id = 5");
    assert!(none.fields().is_empty() && !none.needs_geometry() && none.bounds().is_none());
}
