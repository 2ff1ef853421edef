//! Writes CQL2 JSON.

use onemap_model::{
    Filter, Geometry, GeometryKind, Operand, Shape, SpatialOp, TemporalOp, TimeOperand,
};
use serde_json::{Value, json};

/// Writes a filter in CQL2's JSON encoding, which [`crate::parse_json`] reads back as an equal filter.
pub fn to_json(filter: &Filter) -> Value {
    let list = |filters: &[Filter]| filters.iter().map(to_json).collect();
    match filter {
        Filter::Literal(value) => Value::Bool(*value),
        Filter::And(filters) => operation("and", list(filters)),
        Filter::Or(filters) => operation("or", list(filters)),
        Filter::Not(inner) => operation("not", vec![to_json(inner)]),
        Filter::Compare { op, left, right } => {
            operation(op.name(), vec![operand(left), operand(right)])
        }
        Filter::Between { value, low, high } => {
            operation("between", vec![operand(value), operand(low), operand(high)])
        }
        Filter::In { value, list } => {
            let items = list.iter().map(operand).collect();
            operation("in", vec![operand(value), Value::Array(items)])
        }
        Filter::Like { value, pattern } => {
            operation("like", vec![operand(value), operand(pattern)])
        }
        Filter::IsNull(value) => operation("isNull", vec![operand(value)]),
        Filter::Spatial { op, left, right } => spatial(*op, left, right),
        Filter::Temporal { op, left, right } => temporal(*op, left, right),
    }
}

fn operation(op: &str, args: Vec<Value>) -> Value {
    let args = Value::Array(args);
    json!({ "op": op, "args": args })
}

fn spatial(op: SpatialOp, left: &Shape, right: &Shape) -> Value {
    operation(op.name(), vec![shape(left), shape(right)])
}

fn temporal(op: TemporalOp, left: &TimeOperand, right: &TimeOperand) -> Value {
    operation(op.name(), vec![time(left), time(right)])
}

fn operand(operand_: &Operand) -> Value {
    match operand_ {
        Operand::Property(name) => json!({ "property": name }),
        Operand::Text(text) => json!(text),
        Operand::Int(n) => json!(n),
        Operand::Float(x) => json!(x),
        Operand::Bool(value) => json!(value),
        Operand::Date(_) => json!({ "date": quoted(operand_) }),
        Operand::Instant(_) => json!({ "timestamp": quoted(operand_) }),
        Operand::Arithmetic { op, left, right } => {
            operation(op.name(), vec![operand(left), operand(right)])
        }
        Operand::CaseI(inner) => operation("casei", vec![operand(inner)]),
        Operand::AccentI(inner) => operation("accenti", vec![operand(inner)]),
    }
}

/// Returns what stands between the quotes of a date's text.
fn quoted(operand: &Operand) -> String {
    let text = operand.to_string();
    text.split('\'').nth(1).unwrap_or_default().to_owned()
}

fn time(operand_: &TimeOperand) -> Value {
    let end = |end: &Option<Operand>| match end {
        None => json!(".."),
        Some(date @ (Operand::Date(_) | Operand::Instant(_))) => json!(quoted(date)),
        Some(other) => operand(other),
    };
    match operand_ {
        TimeOperand::At(at) => operand(at),
        TimeOperand::Interval(from, to) => json!({ "interval": [end(from), end(to)] }),
    }
}

fn shape(shape: &Shape) -> Value {
    match shape {
        Shape::Property(name) => json!({ "property": name }),
        Shape::Literal(geometry) => geojson(geometry),
        Shape::Box(bounds) => json!({ "bbox": bounds.to_array() }),
    }
}

fn geojson(geometry: &Geometry) -> Value {
    let lines = |range: std::ops::Range<usize>| -> Value {
        range.map(|i| json!(geometry.line_at(i))).collect()
    };
    let all = 0..geometry.ends.len();
    let (kind, coordinates) = match geometry.kind {
        GeometryKind::Point => {
            ("Point", geometry.xy.first().map_or_else(|| json!([]), |at| json!(at)))
        }
        GeometryKind::MultiPoint => ("MultiPoint", json!(geometry.xy)),
        GeometryKind::LineString => ("LineString", json!(geometry.line_at(0))),
        GeometryKind::MultiLineString => ("MultiLineString", lines(all)),
        GeometryKind::Polygon => ("Polygon", lines(all)),
        GeometryKind::MultiPolygon => {
            ("MultiPolygon", geometry.polygon_ranges().map(lines).collect())
        }
        GeometryKind::Collection => {
            let members: Vec<Value> = geometry.members.iter().map(geojson).collect();
            return json!({ "type": "GeometryCollection", "geometries": members });
        }
    };
    json!({ "type": kind, "coordinates": coordinates })
}
