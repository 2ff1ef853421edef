//! What one kind of viewer may see of the city at one moment, but for the snapshot.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Filter, Interval, ModelError, StateSet, Timestamp};

/// The valid time that a view looks at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum When {
    /// Facts that have not ended: those of today, and plans that begin later.
    #[default]
    Now,
    /// Facts that hold at an instant.
    At(Timestamp),
    /// Facts that hold at some time of an interval.
    Within(Interval),
}

impl When {
    /// Tells whether a fact that holds in `valid` is seen at the time `now`.
    pub fn sees(&self, valid: Interval, now: Timestamp) -> bool {
        match self {
            Self::Now => valid.to.is_none_or(|to| now < to),
            Self::At(at) => valid.contains(*at),
            Self::Within(within) => valid.intersects(within),
        }
    }
}

impl FromStr for When {
    type Err = ModelError;

    /// Reads an instant, or an interval with `/` whose ends may be open (`..`) and belong to it, as OGC API -
    /// Features has them; empty and `now` are [`When::Now`].
    fn from_str(text: &str) -> Result<Self, ModelError> {
        let Some((from, to)) = text.split_once('/') else {
            return match text {
                "" | "now" => Ok(Self::Now),
                text => text.parse().map(Self::At),
            };
        };
        let end = |text: &str| match text {
            "" | ".." => Ok(None),
            text => text.parse::<Timestamp>().map(Some),
        };
        let (from, to) = (end(from)?, end(to)?);
        if from.zip(to).is_some_and(|(from, to)| to < from) {
            return Err(ModelError::Interval(text.chars().take(80).collect()));
        }
        // Our intervals are half-open.
        let to = to.map(|to| Timestamp::from_micros(to.as_micros().saturating_add(1)));
        Ok(Self::Within(Interval { from, to }))
    }
}

/// All of a view but its snapshot: valid time, states, fields and features asked for.
///
/// Grants join here when access control arrives; because the store can only be read through a view,
/// every reader then honours them without being changed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ViewSpec {
    /// The valid time at which facts must hold.
    pub when: When,
    /// The states asked for; `None` takes each layer's own default.
    pub states: Option<StateSet>,
    /// Names of the fields asked for; `None` means all. Sorted and unique.
    pub fields: Option<Vec<String>>,
    /// What a feature must meet to be seen; `None` means all.
    pub filter: Option<Filter>,
}

impl ViewSpec {
    /// Returns the name of this view but for its instants: of views with the same one, those that look at the same
    /// slice of a layer's time see the same.
    pub fn timeless_id(&self) -> ViewId {
        let when = match self.when {
            When::Now => When::Now,
            When::At(_) => When::At(Timestamp::from_micros(0)),
            When::Within(_) => When::Within(Interval::ALWAYS),
        };
        Self { when, ..self.clone() }.id()
    }

    /// Returns the name of this view: equal specifications have equal names, in every process.
    pub fn id(&self) -> ViewId {
        let mut hasher = blake3::Hasher::new();
        let mut part = |tag: u8, bytes: &[u8]| {
            hasher.update(&[tag]);
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        let end = |at: Option<Timestamp>| at.map_or(i64::MIN, Timestamp::as_micros).to_le_bytes();
        match self.when {
            When::Now => {}
            When::At(at) => part(1, &at.as_micros().to_le_bytes()),
            When::Within(within) => part(5, &[end(within.from), end(within.to)].concat()),
        }
        if let Some(states) = self.states {
            for state in states.iter() {
                part(2, state.name().as_bytes());
            }
        }
        for name in self.fields.iter().flatten() {
            part(3, name.as_bytes());
        }
        if self.fields.is_some() {
            part(4, &[]);
        }
        if let Some(filter) = &self.filter {
            part(6, filter.to_string().as_bytes());
        }
        let mut id = [0; 16];
        id.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        ViewId(id)
    }
}

/// The name of a view without its snapshot: 128 bits of BLAKE3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ViewId(pub [u8; 16]);

impl fmt::Display for ViewId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Operand, State};

    #[test]
    fn times_are_read_as_ogc_api_features_has_them() {
        let day = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!("now".parse(), Ok(When::Now));
        assert_eq!("2020-05-01".parse(), Ok(When::At(day("2020-05-01"))));
        let to = Timestamp::from_micros(day("2021-01-01").as_micros() + 1);
        let within = |from, to| Ok(When::Within(Interval { from, to }));
        assert_eq!("2020/2021-01-01".parse(), within(Some(day("2020-01-01")), Some(to)));
        assert_eq!("../2021".parse::<When>(), within(None, Some(to)));
        assert!("2021/2020".parse::<When>().is_err() && "soon".parse::<When>().is_err());
    }

    #[test]
    fn different_views_have_different_names() {
        let all = ViewSpec::default();
        let none = ViewSpec { fields: Some(vec![]), ..ViewSpec::default() };
        let name = ViewSpec { fields: Some(vec!["name".into()]), ..ViewSpec::default() };
        let planned = ViewSpec {
            states: Some([State::Planned].into_iter().collect()),
            ..ViewSpec::default()
        };
        let filtered = |filter| ViewSpec { filter: Some(filter), ..ViewSpec::default() };
        let tall = filtered(Filter::IsNull(Operand::Property("层数".into())));
        let low = filtered(Filter::IsNull(Operand::Property("层数".into())).negated());
        let ids = [all.id(), none.id(), name.id(), planned.id(), tall.id(), low.id()];
        for (i, a) in ids.iter().enumerate() {
            assert!(ids.iter().skip(i + 1).all(|b| a != b));
        }
        assert_eq!(all.id(), ViewSpec::default().id());
    }
}
