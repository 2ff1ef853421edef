//! Valid time and state of each record, from the user's rules.

use onemap_model::{Interval, Schema, State, Timestamp, Value};

use crate::error::IngestError;
use crate::options::{Options, StateRule, TimeRule};

/// The rules, bound to the positions of a layer's fields.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rules {
    from: Option<Bound<Timestamp>>,
    to: Option<Bound<Timestamp>>,
    state: Option<Bound<State>>,
}

#[derive(Debug, Clone, Copy)]
enum Bound<T> {
    Fixed(T),
    Field(usize),
}

impl Rules {
    /// Binds the options' rules to a layer; an error names the field that is missing.
    pub(crate) fn bind(
        options: &Options,
        schema: &Schema,
        source_name: &str,
    ) -> Result<Self, IngestError> {
        let position = |field: &str, option: &'static str| {
            schema.position(field).ok_or_else(|| no_field(schema, source_name, field, option))
        };
        let time = |rule: &Option<TimeRule>, option| match rule {
            None => Ok(None),
            Some(TimeRule::Fixed(at)) => Ok(Some(Bound::Fixed(*at))),
            Some(TimeRule::Field(field)) => {
                position(field, option).map(|at| Some(Bound::Field(at)))
            }
        };
        Ok(Self {
            from: time(&options.valid_from, "--valid-from")?,
            to: time(&options.valid_to, "--valid-to")?,
            state: match &options.state {
                None => None,
                Some(StateRule::Fixed(state)) => Some(Bound::Fixed(*state)),
                Some(StateRule::Field(field)) => Some(Bound::Field(position(field, "--state")?)),
            },
        })
    }

    /// Returns when a record's valid time begins, if it says so legibly.
    pub(crate) fn begin(&self, values: &[Value]) -> Option<Timestamp> {
        time(self.from, values).ok().flatten()
    }

    /// Returns a record's valid time and state, or why they can not be read.
    pub(crate) fn apply(&self, values: &[Value]) -> Result<(Interval, State), String> {
        let from = time(self.from, values)?;
        let to = time(self.to, values)?;
        let valid = Interval::new(from, to).map_err(|error| error.to_string())?;
        let state = match self.state {
            None => State::default(),
            Some(Bound::Fixed(state)) => state,
            Some(Bound::Field(at)) => match values.get(at).unwrap_or(&Value::Null) {
                Value::Null => State::default(),
                value => value
                    .as_ref()
                    .to_string()
                    .parse()
                    .map_err(|e: onemap_model::ModelError| e.to_string())?,
            },
        };
        Ok((valid, state))
    }
}

fn time(rule: Option<Bound<Timestamp>>, values: &[Value]) -> Result<Option<Timestamp>, String> {
    match rule {
        None => Ok(None),
        Some(Bound::Fixed(at)) => Ok(Some(at)),
        Some(Bound::Field(at)) => match values.get(at).unwrap_or(&Value::Null) {
            Value::Null => Ok(None),
            Value::Date(at) | Value::DateTime(at) => Ok(Some(*at)),
            value => {
                let text = value.as_ref().to_string();
                let text = text.trim();
                if text.is_empty() {
                    return Ok(None);
                }
                text.parse().map(Some).map_err(|error: onemap_model::ModelError| error.to_string())
            }
        },
    }
}

/// Makes the error of a field that is not there.
pub(crate) fn no_field(
    schema: &Schema,
    source_name: &str,
    field: &str,
    option: &'static str,
) -> IngestError {
    let fields: Vec<&str> = schema.fields.iter().map(|field| field.name.as_str()).collect();
    IngestError::NoField {
        source_name: source_name.to_owned(),
        field: field.to_owned(),
        option,
        fields: fields.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onemap_model::{Field, FieldType};

    #[test]
    fn a_year_in_a_field_is_the_begin_of_that_year() {
        let schema = Schema {
            fields: vec![Field::new("built", FieldType::Int), Field::new("状态", FieldType::Text)],
        };
        let options = Options {
            valid_from: Some(TimeRule::Field("built".into())),
            state: Some(StateRule::Field("状态".into())),
            ..Options::default()
        };
        let rules = Rules::bind(&options, &schema, "x").unwrap();
        let (valid, state) = rules.apply(&[Value::Int(2019), Value::Text("规划".into())]).unwrap();
        assert_eq!(valid.from.unwrap().to_string(), "2019-01-01");
        assert_eq!(state, State::Planned);
        assert!(rules.apply(&[Value::Text("soon".into())]).is_err());
        assert_eq!(rules.apply(&[]).unwrap(), (Interval::ALWAYS, State::Existing));
    }

    #[test]
    fn a_missing_field_is_named_with_those_there_are() {
        let schema = Schema { fields: vec![Field::new("a", FieldType::Int)] };
        let options = Options { valid_to: Some(TimeRule::Field("b".into())), ..Options::default() };
        let error = Rules::bind(&options, &schema, "x.shp").unwrap_err().to_string();
        assert!(error.contains("'b'") && error.contains("--valid-to") && error.contains("has: a"));
    }
}
