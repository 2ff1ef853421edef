//! Features that a client sends to be stored: GeoJSON (RFC 7946) with `state` and `valid`, as this server
//! writes it.

mod coords;
mod values;

use onemap_model::{
    Feature, FeatureId, Geometry, Interval, Schema, SourceId, State, Timestamp, Value,
};
use serde::{Deserialize, Deserializer};
use serde_json::Map;

use coords::DraftGeometry;

/// What does not fit, and where in the document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Unfit {
    /// The member, such as `features[3].geometry.coordinates[0]`; empty for the document itself.
    pub member: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Unfit {
    /// Says what is wrong with a member.
    pub fn new(member: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { member: member.into(), reason: reason.into() }
    }
}

type Result<T> = std::result::Result<T, Unfit>;
/// A member: not there, there and null, or there.
type Member<T> = Option<Option<T>>;

/// A feature, or a part of one, as a client sent it. Members that GeoJSON allows and onemap does not
/// know are passed over.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Draft {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    id: Option<DraftId>,
    #[serde(default, deserialize_with = "there")]
    geometry: Member<DraftGeometry>,
    #[serde(default, deserialize_with = "there")]
    properties: Member<Map<String, serde_json::Value>>,
    #[serde(default, deserialize_with = "there")]
    state: Member<String>,
    #[serde(default, deserialize_with = "there")]
    valid: Member<DraftTime>,
    /// ETag of the feature that the editor read.
    #[serde(default)]
    if_match: Option<String>,
    #[serde(default)]
    features: Option<Vec<Draft>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum DraftId {
    Number(serde_json::Number),
    Text(String),
}

#[derive(Debug, Clone, Default, Deserialize)]
struct DraftTime {
    #[serde(default, deserialize_with = "there")]
    from: Member<String>,
    #[serde(default, deserialize_with = "there")]
    to: Member<String>,
}

fn there<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> std::result::Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// One feature, or several.
#[derive(Debug, Clone)]
pub enum Document {
    /// A `Feature`.
    One(Box<Draft>),
    /// A `FeatureCollection`.
    Many(Vec<Draft>),
}

/// Changes that are made together.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transaction {
    /// Features to create.
    #[serde(default)]
    pub create: Vec<Draft>,
    /// Features to change: each has its id, and the members that change (RFC 7396).
    #[serde(default)]
    pub update: Vec<Draft>,
    /// Features to delete.
    #[serde(default)]
    pub delete: Vec<Deletion>,
}

/// A feature to delete: its id alone, or with the ETag that the editor read.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Deletion {
    /// The id.
    Id(u64),
    /// The id and the ETag.
    Checked {
        /// Id.
        id: u64,
        /// ETag of the feature that the editor read.
        #[serde(default)]
        if_match: Option<String>,
    },
}

/// Reads a `Feature` or a `FeatureCollection`.
pub fn read_document(json: &[u8]) -> Result<Document> {
    let mut draft = read_draft(json)?;
    match (draft.kind.as_deref(), draft.features.take()) {
        (Some("FeatureCollection"), Some(features)) => Ok(Document::Many(features)),
        (Some("FeatureCollection"), None) => Err(Unfit::new("features", "is missing")),
        (Some("Feature"), None) => Ok(Document::One(Box::new(draft))),
        _ => Err(Unfit::new("type", "has to be 'Feature' or 'FeatureCollection'")),
    }
}

/// Reads a feature, or some members of one.
pub fn read_draft(json: &[u8]) -> Result<Draft> {
    serde_json::from_slice(json).map_err(|error| Unfit::new("", format!("no GeoJSON: {error}")))
}

/// Reads a transaction.
pub fn read_transaction(json: &[u8]) -> Result<Transaction> {
    serde_json::from_slice(json).map_err(|error| Unfit::new("", format!("no transaction: {error}")))
}

/// A feature of which only the id may still be open.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// The id that the client names, or that follows from the layer's id field.
    pub id: Option<FeatureId>,
    /// Shape, not yet repaired.
    pub geometry: Option<Geometry>,
    /// Values in the order of the layer's fields.
    pub values: Vec<Value>,
    /// When it holds.
    pub valid: Interval,
    /// Lifecycle state.
    pub state: State,
}

impl Draft {
    /// Returns the id that is stated.
    pub fn id(&self, at: &str) -> Result<Option<FeatureId>> {
        let wrong = |error: onemap_model::ModelError| Unfit::new(join(at, "id"), error.to_string());
        match &self.id {
            None => Ok(None),
            Some(DraftId::Text(text)) => {
                Ok(Some(FeatureId::from_source(&SourceId::Text(text.clone()))))
            }
            Some(DraftId::Number(number)) => number.to_string().parse().map(Some).map_err(wrong),
        }
    }

    /// Returns the ETag that the feature must have.
    pub fn if_match(&self) -> Option<&str> {
        self.if_match.as_deref()
    }

    /// Makes a whole feature for a layer; what is not said is empty. `at` is where in the document the
    /// draft stands.
    pub fn fit(&self, schema: &Schema, id_field: Option<&str>, at: &str) -> Result<Fitted> {
        if self.kind.as_deref() != Some("Feature") {
            return Err(Unfit::new(join(at, "type"), "has to be 'Feature'"));
        }
        if self.geometry.is_none() {
            let reason = "is missing; a feature without a shape says null";
            return Err(Unfit::new(join(at, "geometry"), reason));
        }
        let mut fitted = Fitted {
            id: self.id(at)?,
            geometry: None,
            values: vec![Value::Null; schema.fields.len()],
            valid: Interval::ALWAYS,
            state: State::default(),
        };
        self.change(&mut fitted, schema, at)?;
        if fitted.id.is_none() {
            let value = id_field.and_then(|name| fitted.values.get(schema.position(name)?));
            fitted.id = value.and_then(source_id).map(|id| FeatureId::from_source(&id));
        }
        Ok(fitted)
    }

    /// Makes the feature that `before` becomes when the members that are there are merged into it
    /// (RFC 7396): null takes away, objects are merged, the rest replaces.
    pub fn merge(&self, before: &Feature, schema: &Schema, at: &str) -> Result<Fitted> {
        let mut fitted = Fitted {
            id: Some(before.id),
            geometry: before.geometry.clone(),
            values: before.values.clone(),
            valid: before.valid,
            state: before.state,
        };
        fitted.values.resize(schema.fields.len(), Value::Null);
        if self.kind.as_deref().is_some_and(|kind| kind != "Feature") {
            return Err(Unfit::new(join(at, "type"), "has to be 'Feature'"));
        }
        self.change(&mut fitted, schema, at)?;
        Ok(fitted)
    }

    fn change(&self, fitted: &mut Fitted, schema: &Schema, at: &str) -> Result<()> {
        match &self.geometry {
            None => {}
            Some(None) => fitted.geometry = None,
            Some(Some(geometry)) => {
                let before = fitted.geometry.as_ref();
                fitted.geometry = Some(geometry.read(before, &join(at, "geometry"))?);
            }
        }
        match &self.properties {
            None => {}
            Some(None) => fitted.values.fill(Value::Null),
            Some(Some(properties)) => {
                values::change(&mut fitted.values, properties, schema, &join(at, "properties"))?;
            }
        }
        match &self.state {
            None => {}
            Some(None) => fitted.state = State::default(),
            Some(Some(name)) => {
                let state = name.parse();
                fitted.state = state.map_err(|error: onemap_model::ModelError| {
                    Unfit::new(join(at, "state"), error.to_string())
                })?;
            }
        }
        match &self.valid {
            None => {}
            Some(None) => fitted.valid = Interval::ALWAYS,
            Some(Some(time)) => fitted.valid = time.change(fitted.valid, &join(at, "valid"))?,
        }
        Ok(())
    }
}

impl DraftTime {
    fn change(&self, before: Interval, at: &str) -> Result<Interval> {
        let end = |said: &Member<String>, before: Option<Timestamp>, name: &str| match said {
            None => Ok(before),
            Some(None) => Ok(None),
            Some(Some(text)) => {
                text.parse().map(Some).map_err(|error: onemap_model::ModelError| {
                    Unfit::new(join(at, name), error.to_string())
                })
            }
        };
        let (from, to) = (end(&self.from, before.from, "from")?, end(&self.to, before.to, "to")?);
        if from.zip(to).is_some_and(|(from, to)| to <= from) {
            return Err(Unfit::new(at, "ends before it begins"));
        }
        Ok(Interval { from, to })
    }
}

fn source_id(value: &Value) -> Option<SourceId> {
    match value {
        Value::Null => None,
        Value::Int(n) => Some(SourceId::Int(*n)),
        Value::Text(text) if text.is_empty() => None,
        other => Some(SourceId::Text(other.as_ref().to_string())),
    }
}

fn join(at: &str, member: &str) -> String {
    if at.is_empty() { member.to_owned() } else { format!("{at}.{member}") }
}

#[cfg(test)]
mod tests {
    use onemap_model::{Field, FieldType};
    use serde_json::json;

    use super::*;

    fn schema() -> Schema {
        let fields = [
            ("name", FieldType::Text),
            ("floors", FieldType::Int),
            ("height", FieldType::Float),
            ("built", FieldType::Date),
            ("more", FieldType::Json),
        ];
        Schema { fields: fields.map(|(name, kind)| Field::new(name, kind)).to_vec() }
    }

    fn fit(value: &serde_json::Value) -> Result<Fitted> {
        let text = value.to_string();
        match read_document(text.as_bytes())? {
            Document::One(draft) => draft.fit(&schema(), Some("name"), ""),
            Document::Many(_) => panic!("several"),
        }
    }

    #[test]
    fn what_the_server_writes_reads_back() {
        let feature = Feature {
            id: FeatureId::new(7).unwrap(),
            geometry: Some(Geometry::polygon(vec![[0., 0.], [1., 0.], [1., 1.], [0., 0.]])),
            values: vec![
                Value::Text("桥".into()),
                Value::Int(-3),
                Value::Float(2.5),
                Value::Date("2020-05-01".parse().unwrap()),
                Value::Json("{\"a\":[1]}".into()),
            ],
            valid: Interval { from: Some("2020".parse().unwrap()), to: None },
            state: State::Planned,
        };
        let values: Vec<_> = feature.values.iter().map(Value::as_ref).collect();
        let shown = onemap_model::FeatureRef {
            id: feature.id,
            geometry: feature.geometry.as_ref(),
            values: &values,
            valid: feature.valid,
            state: feature.state,
        };
        let fitted = fit(&crate::feature(&shown, &schema())).unwrap();
        assert_eq!(fitted.id, Some(feature.id));
        assert_eq!(fitted.geometry, feature.geometry);
        assert_eq!(fitted.values, feature.values);
        assert_eq!((fitted.valid, fitted.state), (feature.valid, feature.state));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let cases = [
            (json!({ "type": "Point" }), "type"),
            (json!({ "type": "Feature" }), "geometry"),
            (
                json!({ "type": "Feature", "geometry": { "type": "Blob", "coordinates": [] } }),
                "geometry.type",
            ),
            (
                json!({ "type": "Feature", "geometry": { "type": "Point", "coordinates": [200, 0] } }),
                "geometry.coordinates",
            ),
            (
                json!({ "type": "Feature", "geometry": { "type": "Polygon", "coordinates": [[[0,0],[1,0],[1,1],[0,0]],[[0,0],[1,1]]] } }),
                "geometry.coordinates[1]",
            ),
            (
                json!({ "type": "Feature", "geometry": { "type": "LineString", "coordinates": [[0,0],[1,0,5]] } }),
                "geometry.coordinates[1]",
            ),
            (
                json!({ "type": "Feature", "geometry": { "type": "LineString", "coordinates": [[0,0],[[1],2]] } }),
                "geometry.coordinates[1]",
            ),
            (
                json!({ "type": "Feature", "geometry": null, "properties": { "floors": "x" } }),
                "properties.floors",
            ),
            (
                json!({ "type": "Feature", "geometry": null, "properties": { "colour": 1 } }),
                "properties",
            ),
            (json!({ "type": "Feature", "geometry": null, "state": "gone" }), "state"),
            (
                json!({ "type": "Feature", "geometry": null, "valid": { "from": "x" } }),
                "valid.from",
            ),
            (
                json!({ "type": "Feature", "geometry": null, "valid": { "from": "2020", "to": "2019" } }),
                "valid",
            ),
            (json!({ "type": "Feature", "geometry": null, "id": -1 }), "id"),
        ];
        for (value, member) in cases {
            let unfit = fit(&value).unwrap_err();
            assert_eq!(unfit.member, member, "{value}: {unfit}");
        }
    }

    #[test]
    fn an_id_follows_from_the_id_field() {
        let feature =
            json!({ "type": "Feature", "geometry": null, "properties": { "name": "P-7" } });
        let id = FeatureId::from_source(&SourceId::Text("P-7".into()));
        assert_eq!(fit(&feature).unwrap().id, Some(id));
    }

    #[test]
    fn a_patch_changes_only_what_it_names() {
        let before = Feature {
            id: FeatureId::new(1).unwrap(),
            geometry: Some(Geometry::point([1., 2.])),
            values: vec![
                Value::Text("a".into()),
                Value::Int(3),
                Value::Null,
                Value::Null,
                Value::Json("{\"a\":1,\"b\":2}".into()),
            ],
            valid: Interval::ALWAYS,
            state: State::Planned,
        };
        let patch = json!({
            "properties": { "floors": null, "height": 4, "more": { "a": null, "c": 3 } },
            "geometry": { "coordinates": [5, 6] },
            "valid": { "from": "2020" },
        });
        let patch = read_draft(patch.to_string().as_bytes()).unwrap();
        let after = patch.merge(&before, &schema(), "").unwrap();
        assert_eq!(after.geometry, Some(Geometry::point([5., 6.])));
        assert_eq!(after.values[0], before.values[0]);
        assert_eq!(after.values[1..4], [Value::Null, Value::Float(4.0), Value::Null]);
        assert_eq!(after.values[4], Value::Json("{\"b\":2,\"c\":3}".into()));
        assert_eq!((after.state, after.valid.to), (State::Planned, None));
        assert!(after.valid.from.is_some());
    }

    #[test]
    fn hostile_documents_end_early() {
        let deep = "[".repeat(100_000);
        assert!(read_document(deep.as_bytes()).is_err());
        let deep = format!(
            r#"{{"type":"Feature","geometry":{{"type":"Polygon","coordinates":{}{}}}}}"#,
            "[".repeat(100),
            "]".repeat(100)
        );
        assert!(read_document(deep.as_bytes()).map_or(true, |document| match document {
            Document::One(draft) => draft.fit(&schema(), None, "").is_err(),
            Document::Many(_) => false,
        }));
        let mut nested = r#"{"type":"GeometryCollection","geometries":[]}"#.to_owned();
        for _ in 0..20 {
            nested = format!(r#"{{"type":"GeometryCollection","geometries":[{nested}]}}"#);
        }
        let nested = format!(r#"{{"type":"Feature","geometry":{nested}}}"#);
        assert!(fit(&serde_json::from_str(&nested).unwrap()).is_err());
    }
}
