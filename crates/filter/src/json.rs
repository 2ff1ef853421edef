//! Reads CQL2 JSON.

use std::fmt;

use onemap_model::{
    ArithmeticOp, CompareOp, Filter, Geometry, GeometryKind, Operand, Shape, SpatialOp, TemporalOp,
    TimeOperand,
};
use serde_json::{Map, Value};

use crate::error::shown;
use crate::lexer::wrong;
use crate::limits::{MAX_BYTES, MAX_LIST, MAX_NESTING};
use crate::{FilterError, literal};

/// Reads a filter in CQL2's JSON encoding.
///
/// # Errors
/// When the text is not JSON, the JSON not CQL2, or a limit is passed; the error says where.
pub fn parse_json(text: &str) -> Result<Filter, FilterError> {
    if text.len() > MAX_BYTES {
        return Err(FilterError::Limit { what: "its length in bytes", limit: MAX_BYTES });
    }
    let value: Value = serde_json::from_str(text).map_err(|error| {
        let detail = error.to_string();
        if detail.starts_with("recursion limit") {
            return FilterError::Limit { what: "its nesting", limit: MAX_NESTING };
        }
        let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
        let byte = lines.map(str::len).sum::<usize>() + error.column().saturating_sub(1);
        let byte = (0..=byte.min(text.len())).rev().find(|&i| text.is_char_boundary(i));
        wrong(text, byte.unwrap_or(0), "JSON", detail.split(" at line").next().unwrap_or(&detail))
    })?;
    filter(&value, &At::WHOLE)
}

/// Where in the JSON we are, and how deep.
struct At<'a> {
    above: Option<&'a At<'a>>,
    step: &'a dyn fmt::Display,
    depth: usize,
}

impl At<'_> {
    const WHOLE: At<'static> = At { above: None, step: &"", depth: 0 };

    fn on<'b>(&'b self, step: &'b dyn fmt::Display) -> At<'b> {
        At { above: Some(self), step, depth: self.depth }
    }

    /// One expression deeper, in `args`.
    fn argument<'b>(&'b self, step: &'b dyn fmt::Display) -> Result<At<'b>, FilterError> {
        if self.depth >= MAX_NESTING {
            return Err(FilterError::Limit { what: "its nesting", limit: MAX_NESTING });
        }
        Ok(At { above: Some(self), step, depth: self.depth + 1 })
    }

    fn path(&self) -> String {
        match self.above {
            None => String::new(),
            Some(above) => format!("{}/{}", above.path(), self.step),
        }
    }

    fn expected(&self, what: &str, found: &Value) -> FilterError {
        let path = if self.above.is_none() { "/".to_owned() } else { self.path() };
        FilterError::Json { path, expected: what.to_owned(), found: shown(&found.to_string()) }
    }
}

/// The operator and arguments of an expression.
fn operation<'v>(value: &'v Value, at: &At) -> Result<Option<(&'v str, &'v [Value])>, FilterError> {
    let Some(op) = value.get("op") else { return Ok(None) };
    let op = op.as_str().ok_or_else(|| at.on(&"op").expected("the name of an operator", op))?;
    let args = value.get("args").unwrap_or(&Value::Null);
    let args = args.as_array().ok_or_else(|| at.on(&"args").expected("a list", args))?;
    if args.len() > MAX_LIST {
        return Err(FilterError::Limit { what: "a list of arguments", limit: MAX_LIST });
    }
    Ok(Some((op, args)))
}

/// Returns exactly as many arguments as an operator takes.
fn exactly<'v, const N: usize>(
    args: &'v [Value],
    value: &Value,
    at: &At,
) -> Result<&'v [Value; N], FilterError> {
    let expected = || {
        at.on(&"args")
            .expected(&format!("{N} arguments"), value.get("args").unwrap_or(&Value::Null))
    };
    args.try_into().map_err(|_| expected())
}

fn filter(value: &Value, at: &At) -> Result<Filter, FilterError> {
    if let Some(literal) = value.as_bool() {
        return Ok(Filter::Literal(literal));
    }
    if value.get("property").is_some() {
        let left = operand(value, at)?;
        return Ok(Filter::Compare { op: CompareOp::Equal, left, right: Operand::Bool(true) });
    }
    let Some((op, args)) = operation(value, at)? else {
        return Err(at.expected("a condition: {\"op\":..., \"args\":[...]}, true or false", value));
    };
    let inner = at.on(&"args");
    let at_arg = |i: &'static usize| inner.argument(i);
    if let Some(op) = CompareOp::from_name(op) {
        let [left, right] = exactly(args, value, at)?;
        let (left, right) = (operand(left, &at_arg(&0)?)?, operand(right, &at_arg(&1)?)?);
        return Ok(Filter::Compare { op, left, right });
    }
    if let Some(op) = SpatialOp::from_name(op) {
        let [left, right] = exactly(args, value, at)?;
        let (left, right) = (shape(left, &at_arg(&0)?)?, shape(right, &at_arg(&1)?)?);
        return Ok(Filter::Spatial { op, left, right });
    }
    if let Some(op) = TemporalOp::from_name(op) {
        let [left, right] = exactly(args, value, at)?;
        let (left, right) = (time(left, &at_arg(&0)?)?, time(right, &at_arg(&1)?)?);
        return Ok(Filter::Temporal { op, left, right });
    }
    match op.to_ascii_lowercase().as_str() {
        "and" | "or" => {
            let mut list = Vec::with_capacity(args.len());
            for (i, argument) in args.iter().enumerate() {
                list.push(filter(argument, &inner.argument(&i)?)?);
            }
            Ok(if op.eq_ignore_ascii_case("and") { Filter::all(list) } else { Filter::any(list) })
        }
        "not" => {
            let [condition] = exactly(args, value, at)?;
            Ok(filter(condition, &at_arg(&0)?)?.negated())
        }
        "between" => {
            let [value, low, high] = exactly(args, value, at)?;
            let value = operand(value, &at_arg(&0)?)?;
            let (low, high) = (operand(low, &at_arg(&1)?)?, operand(high, &at_arg(&2)?)?);
            Ok(Filter::Between { value, low, high })
        }
        "in" => {
            let [value, list] = exactly(args, value, at)?;
            let value = operand(value, &at_arg(&0)?)?;
            let at = at_arg(&1)?;
            let items = list.as_array().filter(|list| !list.is_empty());
            let items = items.ok_or_else(|| at.expected("a list of values", list))?;
            if items.len() > MAX_LIST {
                return Err(FilterError::Limit { what: "a list of values", limit: MAX_LIST });
            }
            let read = |(i, item): (usize, &Value)| operand(item, &at.on(&i));
            let list = items.iter().enumerate().map(read).collect::<Result<_, _>>()?;
            Ok(Filter::In { value, list })
        }
        "like" => {
            let [value, pattern] = exactly(args, value, at)?;
            let value = operand(value, &at_arg(&0)?)?;
            Ok(Filter::Like { value, pattern: operand(pattern, &at_arg(&1)?)? })
        }
        "isnull" => {
            let [value] = exactly(args, value, at)?;
            Ok(Filter::IsNull(operand(value, &at_arg(&0)?)?))
        }
        _ => {
            let expected =
                "an operator of conditions, such as and, =, in, like, isNull, s_intersects";
            Err(at.on(&"op").expected(expected, value.get("op").unwrap_or(value)))
        }
    }
}

fn operand(value: &Value, at: &At) -> Result<Operand, FilterError> {
    let expected = || {
        at.expected("a text, number, truth value, {\"property\":...}, {\"date\":...} or {\"timestamp\":...}", value)
    };
    match value {
        Value::Bool(value) => Ok(Operand::Bool(*value)),
        Value::String(text) => Ok(Operand::Text(text.clone())),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(n), _) => Ok(Operand::Int(n)),
            (None, Some(x)) if x.is_finite() => Ok(Operand::Float(x)),
            _ => Err(expected()),
        },
        Value::Object(object) => match tagged(object) {
            Some(("property", Value::String(name))) => Ok(Operand::Property(name.clone())),
            Some(("date", Value::String(text))) => {
                literal::date(text).map(Operand::Date).ok_or_else(expected)
            }
            Some(("timestamp", Value::String(text))) => {
                literal::instant(text).map(Operand::Instant).ok_or_else(expected)
            }
            _ => computed(value, at)?.ok_or_else(expected),
        },
        Value::Null | Value::Array(_) => Err(expected()),
    }
}

/// Reads arithmetic and the foldings of text.
fn computed(value: &Value, at: &At) -> Result<Option<Operand>, FilterError> {
    let Some((op, args)) = operation(value, at)? else { return Ok(None) };
    let inner = at.on(&"args");
    let folding = op.to_ascii_lowercase();
    if folding == "casei" || folding == "accenti" {
        let [text] = exactly(args, value, at)?;
        let text = Box::new(operand(text, &inner.argument(&0)?)?);
        return Ok(Some(if folding == "casei" {
            Operand::CaseI(text)
        } else {
            Operand::AccentI(text)
        }));
    }
    let Some(op) = ArithmeticOp::from_name(op) else { return Ok(None) };
    let [left, right] = exactly(args, value, at)?;
    let left = Box::new(operand(left, &inner.argument(&0)?)?);
    let right = Box::new(operand(right, &inner.argument(&1)?)?);
    Ok(Some(Operand::Arithmetic { op, left, right }))
}

/// Returns name and value of an object's only member.
fn tagged(object: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut members = object.iter();
    let (name, value) = members.next()?;
    members.next().is_none().then_some((name, value))
}

fn time(value: &Value, at: &At) -> Result<TimeOperand, FilterError> {
    let expected = |value: &Value, at: &At| {
        at.expected(
            "{\"property\":...}, {\"date\":...}, {\"timestamp\":...} or {\"interval\":[from, to]}",
            value,
        )
    };
    let Some(interval) = value.get("interval") else {
        let single = operand(value, at)?;
        return match single {
            Operand::Property(_) | Operand::Date(_) | Operand::Instant(_) => {
                Ok(TimeOperand::At(single))
            }
            _ => Err(expected(value, at)),
        };
    };
    let at = at.on(&"interval");
    let Some([from, to]) = interval.as_array().map(Vec::as_slice) else {
        return Err(at.expected("two ends", interval));
    };
    let end = |end: &Value, at: &At| match end {
        Value::String(text) if text == ".." => Ok(None),
        Value::String(text) => literal::day_or_instant(text)
            .map(Some)
            .ok_or_else(|| at.expected("a date, an instant or \"..\"", end)),
        _ => match operand(end, at)? {
            end @ (Operand::Property(_) | Operand::Date(_) | Operand::Instant(_)) => Ok(Some(end)),
            _ => Err(expected(end, at)),
        },
    };
    Ok(TimeOperand::Interval(end(from, &at.on(&0))?, end(to, &at.on(&1))?))
}

fn shape(value: &Value, at: &At) -> Result<Shape, FilterError> {
    if let Some(Value::String(name)) = value.get("property") {
        return Ok(Shape::Property(name.clone()));
    }
    if let Some(numbers) = value.get("bbox")
        && value.get("type").is_none()
    {
        let list = numbers.as_array().map(|list| list.iter().filter_map(Value::as_f64).collect());
        let list: Vec<f64> = list.unwrap_or_default();
        let complete = numbers.as_array().is_some_and(|all| all.len() == list.len());
        let shape = literal::bbox(&list).filter(|_| complete);
        return shape.ok_or_else(|| at.on(&"bbox").expected(literal::BOX, numbers));
    }
    let geometry = geojson(value, at)?;
    match literal::fault(&geometry) {
        None => Ok(Shape::Literal(geometry)),
        Some(expected) => Err(at.expected(expected, value)),
    }
}

/// Reads a GeoJSON geometry; heights are left behind.
fn geojson(value: &Value, at: &At) -> Result<Geometry, FilterError> {
    let expected =
        || at.expected("{\"property\":...}, {\"bbox\":[...]} or a GeoJSON geometry", value);
    let kind = match value.get("type").and_then(Value::as_str).ok_or_else(expected)? {
        "Point" => GeometryKind::Point,
        "MultiPoint" => GeometryKind::MultiPoint,
        "LineString" => GeometryKind::LineString,
        "MultiLineString" => GeometryKind::MultiLineString,
        "Polygon" => GeometryKind::Polygon,
        "MultiPolygon" => GeometryKind::MultiPolygon,
        "GeometryCollection" => GeometryKind::Collection,
        _ => return Err(expected()),
    };
    let mut geometry = Geometry::empty(kind);
    if kind == GeometryKind::Collection {
        let members = value.get("geometries").and_then(Value::as_array).ok_or_else(expected)?;
        let at = at.on(&"geometries");
        for (i, member) in members.iter().enumerate() {
            geometry.members.push(geojson(member, &at.argument(&i)?)?);
        }
        return Ok(geometry);
    }
    let read = value.get("coordinates").and_then(|found| coordinates(found, &mut geometry));
    read.ok_or_else(|| {
        let found = value.get("coordinates").unwrap_or(&Value::Null);
        at.on(&"coordinates").expected("coordinates of this type, in degrees", found)
    })?;
    Ok(geometry)
}

/// Reads coordinates into an empty geometry; `None` when they do not fit its kind.
fn coordinates(value: &Value, into: &mut Geometry) -> Option<()> {
    let list = value.as_array()?;
    match into.kind {
        GeometryKind::Point if list.is_empty() => {}
        GeometryKind::Point => into.push(position(value)?),
        GeometryKind::MultiPoint => positions(list, into)?,
        GeometryKind::LineString => {
            positions(list, into)?;
            if !list.is_empty() {
                into.end_line();
            }
        }
        GeometryKind::MultiLineString => lines(list, into)?,
        GeometryKind::Polygon => {
            lines(list, into)?;
            if !list.is_empty() {
                into.end_polygon();
            }
        }
        GeometryKind::MultiPolygon => {
            for polygon in list {
                lines(polygon.as_array()?, into)?;
                into.end_polygon();
            }
        }
        GeometryKind::Collection => return None,
    }
    Some(())
}

fn lines(list: &[Value], into: &mut Geometry) -> Option<()> {
    for line in list {
        positions(line.as_array()?, into)?;
        into.end_line();
    }
    Some(())
}

fn positions(list: &[Value], into: &mut Geometry) -> Option<()> {
    for place in list {
        into.push(position(place)?);
    }
    Some(())
}

fn position(value: &Value) -> Option<[f64; 2]> {
    let list = value.as_array().filter(|list| (2..=4).contains(&list.len()))?;
    Some([list.first()?.as_f64()?, list.get(1)?.as_f64()?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{parse_text, to_json};

    #[test]
    fn json_and_text_say_the_same() {
        for (json, text) in [
            ("true", "TRUE"),
            (r#"{"property":"valid"}"#, "valid"),
            (r#"{"op":"=","args":[{"property":"层数"},9]}"#, "层数 = 9"),
            (
                r#"{"op":"and","args":[{"op":">","args":[{"property":"a"},1.0]},{"op":"not","args":[{"op":"isNull","args":[{"property":"b"}]}]}]}"#,
                "a > 1.0 AND b IS NOT NULL",
            ),
            (
                r#"{"op":"like","args":[{"op":"casei","args":[{"property":"n"}]},{"op":"casei","args":["x%"]}]}"#,
                "CASEI(n) LIKE CASEI('x%')",
            ),
            (r#"{"op":"in","args":[{"property":"a"},[1,"x",true]]}"#, "a IN (1,'x',TRUE)"),
            (
                r#"{"op":"between","args":[{"op":"div","args":[{"property":"a"},2]},1,{"op":"^","args":[2,3]}]}"#,
                "a div 2 BETWEEN 1 AND 2^3",
            ),
            (
                r#"{"op":"s_intersects","args":[{"property":"geom"},{"bbox":[1,2,3,4]}]}"#,
                "S_INTERSECTS(geom,BBOX(1,2,3,4))",
            ),
            (
                r#"{"op":"s_within","args":[{"type":"Polygon","coordinates":[[[0,0],[1,0,5],[1,1],[0,0]]]},{"property":"geom"}]}"#,
                "S_WITHIN(POLYGON((0 0,1 0,1 1,0 0)),geom)",
            ),
            (
                r#"{"op":"t_finishedBy","args":[{"interval":[{"property":"a"},".."]},{"interval":["2026-01-01","2026-05-01T00:00:00Z"]}]}"#,
                "T_FINISHEDBY(INTERVAL(a,'..'),INTERVAL('2026-01-01','2026-05-01T00:00:00Z'))",
            ),
            (
                r#"{"op":"t_after","args":[{"property":"a"},{"date":"2026-01-01"}]}"#,
                "T_AFTER(a,DATE('2026-01-01'))",
            ),
        ] {
            let filter = parse_json(json).unwrap();
            assert_eq!(parse_text(text).as_ref(), Ok(&filter), "{json}");
            assert_eq!(parse_json(&to_json(&filter).to_string()), Ok(filter), "{json}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_path() {
        for (json, expected) in [
            ("{", "at character 1: expected JSON, found EOF while parsing an object"),
            (r#"{"op":"=" x}"#, "at character 11: expected JSON, found expected `,` or `}`"),
            (
                "5",
                "at /: expected a condition: {\"op\":..., \"args\":[...]}, true or false, found 5",
            ),
            (r#"{"op":"=","args":[1]}"#, "at /args: expected 2 arguments, found [1]"),
            (
                r#"{"op":"and","args":[true,{"op":"near","args":[]}]}"#,
                "at /args/1/op: expected an operator of conditions, such as and, =, in, like, isNull, s_intersects, found \"near\"",
            ),
            (
                r#"{"op":"in","args":[1,[1,null]]}"#,
                "at /args/1/1: expected a text, number, truth value, {\"property\":...}, {\"date\":...} or {\"timestamp\":...}, found null",
            ),
            (
                r#"{"op":"s_equals","args":[{"property":"g"},{"type":"Point","coordinates":[1]}]}"#,
                "at /args/1/coordinates: expected coordinates of this type, in degrees, found [1]",
            ),
        ] {
            let error = parse_json(json).unwrap_err().to_string();
            assert_eq!(error, format!("filter is malformed {expected}"), "{json}");
        }
    }

    #[test]
    fn hostile_json_is_refused() {
        let limit = |text: &str| {
            assert!(matches!(parse_json(text), Err(FilterError::Limit { .. })), "{text:.60}");
        };
        limit(&"[".repeat(MAX_BYTES));
        limit(&" ".repeat(MAX_BYTES + 1));
        limit(&r#"{"op":"not","args":["#.repeat(200));
        let items = vec!["1"; MAX_LIST + 1].join(",");
        limit(&format!(r#"{{"op":"in","args":[1,[{items}]]}}"#));
        let nots =
            |n: usize| format!("{}true{}", r#"{"op":"not","args":["#.repeat(n), "]}".repeat(n));
        assert!(parse_json(&nots(60)).is_ok());
        for bad in ["", "null", "{\"op\":5}", "{\"op\":\"and\"}", "\"\u{1}\"", "\"面"] {
            assert!(parse_json(bad).is_err(), "{bad}");
        }
    }
}
