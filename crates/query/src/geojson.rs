//! Features as GeoJSON (RFC 7946).

use onemap_model::{FeatureRef, FieldType, Geometry, GeometryKind, Schema, ValueRef};
use serde_json::{Map, Value, json};

/// Returns a feature with its id, properties by name, lifecycle state and valid time.
pub fn feature(feature: &FeatureRef<'_>, schema: &Schema) -> Value {
    let values = schema.fields.iter().zip(feature.values);
    // Shapes in 3D are for the 3D services.
    let values = values.filter(|(field, _)| field.kind != FieldType::Model);
    let properties: Map<String, Value> = values
        .filter(|(_, value)| **value != ValueRef::Null)
        .map(|(field, value)| (field.name.clone(), plain(value)))
        .collect();
    let time = |at: Option<onemap_model::Timestamp>| at.map(|at| at.to_string());
    json!({
        "type": "Feature",
        "id": feature.id.get(),
        "geometry": feature.geometry.map(geometry),
        "properties": properties,
        "state": feature.state.name(),
        "valid": { "from": time(feature.valid.from), "to": time(feature.valid.to) },
    })
}

/// Returns a geometry; heights become third coordinates.
pub fn geometry(shape: &Geometry) -> Value {
    let positions = |from: usize, to: usize| -> Vec<Value> {
        let position = |i: usize| match (shape.xy.get(i), shape.z.get(i)) {
            (Some([x, y]), Some(z)) => json!([x, y, z]),
            (Some([x, y]), None) => json!([x, y]),
            _ => Value::Null,
        };
        (from..to.min(shape.xy.len())).map(position).collect()
    };
    let line = |i: usize| {
        let start = i.checked_sub(1).and_then(|j| shape.ends.get(j)).copied().unwrap_or(0);
        positions(start as usize, shape.ends.get(i).copied().unwrap_or(0) as usize)
    };
    let all = || positions(0, shape.xy.len());
    let lines = |range: std::ops::Range<usize>| range.map(line).collect::<Vec<_>>();
    let (name, coordinates) = match shape.kind {
        GeometryKind::Point => ("Point", all().into_iter().next().unwrap_or_else(|| json!([]))),
        GeometryKind::MultiPoint => ("MultiPoint", all().into()),
        GeometryKind::LineString => ("LineString", all().into()),
        GeometryKind::MultiLineString => ("MultiLineString", json!(lines(0..shape.ends.len()))),
        GeometryKind::Polygon => ("Polygon", json!(lines(0..shape.ends.len()))),
        GeometryKind::MultiPolygon => {
            ("MultiPolygon", json!(shape.polygon_ranges().map(lines).collect::<Vec<_>>()))
        }
        GeometryKind::Collection => {
            let members: Vec<Value> = shape.members.iter().map(geometry).collect();
            return json!({ "type": "GeometryCollection", "geometries": members });
        }
    };
    json!({ "type": name, "coordinates": coordinates })
}

/// Returns a value as JSON has it; times are RFC 3339 texts, bytes hexadecimal.
fn plain(value: &ValueRef<'_>) -> Value {
    match *value {
        ValueRef::Null => Value::Null,
        ValueRef::Bool(b) => b.into(),
        ValueRef::Int(n) => n.into(),
        ValueRef::Float(x) => x.into(),
        ValueRef::Text(s) => s.into(),
        ValueRef::Json(s) => serde_json::from_str(s).unwrap_or_else(|_| s.into()),
        ValueRef::Date(_) | ValueRef::DateTime(_) | ValueRef::Bytes(_) => value.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_multipolygon_nests_four_deep() {
        let mut shape = Geometry::polygon(vec![[0., 0.], [1., 0.], [1., 1.], [0., 0.]]);
        shape.kind = GeometryKind::MultiPolygon;
        let value = geometry(&shape);
        assert_eq!(value["type"], "MultiPolygon");
        assert_eq!(value["coordinates"][0][0][1], json!([1.0, 0.0]));
    }

    #[test]
    fn heights_are_third_coordinates() {
        let mut shape = Geometry::empty(GeometryKind::LineString);
        shape.push_z([1., 2., 3.]);
        shape.push_z([4., 5., 6.]);
        shape.end_line();
        assert_eq!(geometry(&shape)["coordinates"], json!([[1., 2., 3.], [4., 5., 6.]]));
    }
}
