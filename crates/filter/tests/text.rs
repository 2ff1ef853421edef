//! CQL2 text, good and bad.

#![allow(clippy::unwrap_used, reason = "a test that can not set up has failed")]

use onemap_filter::{FilterError, MAX_BYTES, MAX_LIST, MAX_NESTING, parse_text};

#[track_caller]
fn canonical(text: &str, expected: &str) {
    let filter = parse_text(text).unwrap();
    assert_eq!(filter.to_string(), expected, "{text}");
    assert_eq!(parse_text(expected).as_ref(), Ok(&filter), "{expected}");
}

#[test]
fn every_kind_of_condition_is_read() {
    for (text, expected) in [
        ("层数>=10", r#""层数" >= 10"#),
        ("\"name\" = 'O''Hara'", r#""name" = 'O''Hara'"#),
        ("a<>-1.50", r#""a" <> -1.5"#),
        ("a in (1, 2.0,'x', true)", r#""a" IN (1, 2.0, 'x', TRUE)"#),
        ("a NOT IN (1)", r#"NOT ("a" IN (1))"#),
        ("name like 'B_r%'", r#""name" LIKE 'B_r%'"#),
        ("casei(name) not like casei('x\\%%')", r#"NOT (CASEI("name") LIKE CASEI('x\%%'))"#),
        ("a between 1 and 2 and b is null", r#""a" BETWEEN 1 AND 2 AND "b" IS NULL"#),
        ("geometry is not null", r#"NOT ("geometry" IS NULL)"#),
        ("true", "TRUE"),
        ("not valid", r#"NOT ("valid" = TRUE)"#),
        ("a = 1 or b = 2 and not c = 3", r#""a" = 1 OR ("b" = 2 AND NOT ("c" = 3))"#),
        ("((a = 1 or b = 2)) and c = 3", r#"("a" = 1 OR "b" = 2) AND "c" = 3"#),
        ("a = 1 and (b = 2 and c = 3)", r#""a" = 1 AND "b" = 2 AND "c" = 3"#),
        (
            "1+2*3^2^x-4 div 5 = (1-2)-3",
            r#"((1 + (2 * (3 ^ (2 ^ "x")))) - (4 div 5)) = ((1 - 2) - 3)"#,
        ),
        ("x%2=1", r#"("x" % 2) = 1"#),
        ("date = DATE('2026-05-01')", r#""date" = DATE('2026-05-01')"#),
        (
            "at > timestamp('2026-05-01T08:00:00+08:00')",
            r#""at" > TIMESTAMP('2026-05-01T00:00:00Z')"#,
        ),
        ("S_Intersects(geom, bbox(1,2,3,4))", r#"S_INTERSECTS("geom", BBOX(1.0,2.0,3.0,4.0))"#),
        (
            "s_within(point(1 2 9), envelope(0,0,0,5,5,5))",
            "S_WITHIN(POINT(1.0 2.0), BBOX(0.0,0.0,5.0,5.0))",
        ),
        (
            "s_touches(geom,MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((5 5,9 5,9 9,5 5),(8 6,8 7,7 6,8 6))))",
            r#"S_TOUCHES("geom", MULTIPOLYGON(((0.0 0.0,1.0 0.0,1.0 1.0,0.0 0.0)),((5.0 5.0,9.0 5.0,9.0 9.0,5.0 5.0),(8.0 6.0,8.0 7.0,7.0 6.0,8.0 6.0))))"#,
        ),
        (
            "s_disjoint(GEOMETRYCOLLECTION(POINT EMPTY,MULTIPOINT(1 2,3 4),MULTILINESTRING Z((1 2 3,3 4 5))),geom) or a=1",
            r#"S_DISJOINT(GEOMETRYCOLLECTION(POINT EMPTY,MULTIPOINT((1.0 2.0),(3.0 4.0)),MULTILINESTRING((1.0 2.0,3.0 4.0))), "geom") OR "a" = 1"#,
        ),
        ("s_equals(POINT EMPTY,geom)", r#"S_EQUALS(POINT EMPTY, "geom")"#),
        (
            "S_INTERSECTS(geom,BBOX(170,-10,-170,10))",
            r#"S_INTERSECTS("geom", MULTIPOLYGON(((170.0 -10.0,180.0 -10.0,180.0 10.0,170.0 10.0,170.0 -10.0)),((-180.0 -10.0,-170.0 -10.0,-170.0 10.0,-180.0 10.0,-180.0 -10.0))))"#,
        ),
        (
            "t_during(interval(start,\"end\"),interval('..','2022-12-31T23:59:59Z'))",
            r#"T_DURING(INTERVAL("start", "end"), INTERVAL('..', '2022-12-31T23:59:59Z'))"#,
        ),
        ("t_after(built,date('9999-12-31'))", r#"T_AFTER("built", DATE('9999-12-31'))"#),
        ("a = 9223372036854775808", r#""a" = 9.223372036854776e18"#),
        ("a = -9223372036854775808", r#""a" = -9223372036854775808"#),
        ("名称（米）.v2='x'", r#""名称（米）.v2" = 'x'"#),
        ("ﬁ:a = .5e-7", r#""ﬁ:a" = 5e-8"#),
    ] {
        canonical(text, expected);
    }
}

#[test]
fn what_is_wrong_is_said_with_its_character() {
    for (text, expected) in [
        ("", "at character 1: expected a name, a value, '(' or NOT, found the end"),
        ("名称 = ", "at character 6: expected a name, a value, '(' or NOT, found the end"),
        ("a = 1 b = 2", "at character 7: expected AND, OR or the end, found 'b'"),
        ("(a = 1", "at character 7: expected ')', found the end"),
        ("a = 'x", "at character 5: expected a ' that ends what begins here, found the end"),
        ("a NOT 5", "at character 7: expected BETWEEN, LIKE or IN, found '5'"),
        ("a BETWEEN 1", "at character 12: expected AND and the greatest value, found the end"),
        ("a IN (1 2)", "at character 9: expected ',' or ')', found '2'"),
        ("a IN ()", "at character 7: expected a name, a value, '(' or NOT, found ')'"),
        ("a = 1x", "at character 6: expected an operator or a space after the number, found 'x'"),
        ("a == 1", "at character 4: expected a name, a value, '(' or NOT, found '='"),
        ("a = “x”", "at character 5: expected a name, a value or an operator, found '“'"),
        (
            "and = 1",
            "at character 1: expected a name, a value, '(' or NOT (a name like this needs \"quotes\"), found 'and'",
        ),
        (
            "5",
            "at character 1: expected a condition such as name = 'x', not a value alone, found '5'",
        ),
        (
            "(a = 1) = (b = 2)",
            "at character 1: expected a name, text, number, truth value or date, found '('",
        ),
        (
            "d = DATE('2026-02-30')",
            "at character 10: expected a date such as '2026-05-01', found '''",
        ),
        ("a = 1e999", "at character 5: expected a number below 1.8e308, found '1e999'"),
        (
            "s_intersects(geom, POINT(90 180))",
            "at character 20: expected longitudes from -180 to 180 and latitudes from -90 to 90, found 'POINT'",
        ),
        (
            "s_intersects(geom, POLYGON((0 0,1 1,0 1)))",
            "at character 20: expected rings of four or more vertices, the last equal to the first, found 'POLYGON'",
        ),
        ("s_intersects(geom, POINT(9 x))", "at character 28: expected a number, found 'x'"),
        (
            "s_intersects(geom, 5)",
            "at character 20: expected geometry, BBOX(...) or a shape such as POLYGON((...)), found '5'",
        ),
    ] {
        let error = parse_text(text).unwrap_err().to_string();
        assert_eq!(error, format!("filter is malformed {expected}"), "{text}");
    }
    let error = parse_text("buffer(geom) = 1").unwrap_err().to_string();
    assert!(error.contains("at character 1: expected one of the functions"), "{error}");
    for bad in ["s_intersects(geom, BBOX(1,2,3))", "s_intersects(geom,BBOX(1,5,3,4))"] {
        assert!(parse_text(bad).unwrap_err().to_string().contains("four numbers west"), "{bad}");
    }
}

#[test]
fn hostile_text_is_refused_quickly_and_without_overflow() {
    let limit = |text: &str| {
        assert!(matches!(parse_text(text), Err(FilterError::Limit { .. })), "{text:.60}");
    };
    limit(&"x".repeat(MAX_BYTES + 1));
    limit(&"(".repeat(MAX_BYTES));
    limit(&"NOT ".repeat(10_000));
    limit(&format!("a = {}1", "1+".repeat(30_000)));
    limit(&format!("a = {}1", "1^".repeat(30_000)));
    limit(&format!("a = {}", "casei(".repeat(10_000)));
    limit(&format!("a in (1{})", ",1".repeat(MAX_LIST)));
    limit(&format!("a{}", " or a".repeat(MAX_LIST)));
    let collections = "GEOMETRYCOLLECTION(".repeat(3_000);
    assert!(parse_text(&format!("s_intersects(geom,{collections}")).is_err());
    let most = format!("{}a = 1{}", "(".repeat(MAX_NESTING), ")".repeat(MAX_NESTING));
    assert!(parse_text(&most).is_ok());
    let most = format!("{}a = 1", "NOT ".repeat(MAX_NESTING - 1));
    let filter = parse_text(&most).unwrap();
    assert_eq!(parse_text(&filter.to_string()), Ok(filter));
    let most = format!("a = {}1", "1+".repeat(MAX_NESTING - 1));
    let filter = parse_text(&most).unwrap();
    assert_eq!(parse_text(&filter.to_string()), Ok(filter));
    assert!(parse_text(&format!("a in (1{})", ",1".repeat(MAX_LIST - 1))).is_ok());
    for text in
        ["'", "\"", "'\"'", "\u{0}", "a.b.c", "1.", ".", "-", "a=-", "POINT", "POINT(", "POINT Z"]
    {
        let _ = parse_text(text);
    }
}
