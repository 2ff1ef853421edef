//! Which column of a segment holds what.

use onemap_model::{Field, FieldType, Schema};

/// Column of the feature id.
pub(super) const ID_COLUMN: u16 = 0;
/// First column of the layer's fields.
pub(super) const FIRST_FIELD: u16 = 1;
/// Columns of times and state while features are spooled and the number of fields is not yet known.
pub(super) const SPOOLED: Extras =
    Extras { from: Some(u16::MAX - 2), to: Some(u16::MAX - 1), state: Some(u16::MAX) };

/// Which of the reserved columns are there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Given {
    /// Some feature states when it begins.
    pub(crate) from: bool,
    /// Some feature states when it ends.
    pub(crate) to: bool,
    /// Some feature has another state than existing.
    pub(crate) state: bool,
}

impl Given {
    pub(crate) fn any(self) -> bool {
        self.from || self.to || self.state
    }

    #[must_use]
    pub(crate) fn union(self, other: Self) -> Self {
        Self {
            from: self.from || other.from,
            to: self.to || other.to,
            state: self.state || other.state,
        }
    }
}

/// Column numbers of the reserved columns that are there only when needed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Extras {
    pub(super) from: Option<u16>,
    pub(super) to: Option<u16>,
    pub(super) state: Option<u16>,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    Id,
    From,
    To,
    State,
    Field(usize, FieldType),
}

/// The columns of a segment: `_id`, the fields, then `_from`, `_to`, `_state` where needed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Columns {
    pub(super) fields: Vec<Option<FieldType>>,
    pub(super) extras: Extras,
}

impl Columns {
    /// The columns of a finished segment.
    pub(crate) fn finished(schema: &Schema, given: Given) -> Self {
        let mut next = FIRST_FIELD + schema.fields.len() as u16;
        let mut take = |given: bool| {
            let column = given.then_some(next);
            next += u16::from(given);
            column
        };
        let extras =
            Extras { from: take(given.from), to: take(given.to), state: take(given.state) };
        Self { fields: schema.fields.iter().map(|f| Some(f.kind)).collect(), extras }
    }

    /// The columns of spooled features, where field `i` has type `kinds[i]`, or only nulls.
    pub(crate) fn spooled(kinds: &[Option<FieldType>]) -> Self {
        Self { fields: kinds.to_vec(), extras: SPOOLED }
    }

    /// Number of columns for times and state.
    pub(super) fn life_columns(&self) -> u8 {
        let Extras { from, to, state } = self.extras;
        [from, to, state].into_iter().flatten().count() as u8
    }

    /// Number of fields.
    pub(crate) fn len(&self) -> usize {
        self.fields.len()
    }

    /// Tells what a column holds.
    pub(super) fn slot(&self, column: u16) -> Option<Slot> {
        if column == ID_COLUMN {
            return Some(Slot::Id);
        }
        let field = usize::from(column - FIRST_FIELD);
        if let Some(Some(kind)) = self.fields.get(field) {
            return Some(Slot::Field(field, *kind));
        }
        let column = Some(column);
        match column {
            c if c == self.extras.from => Some(Slot::From),
            c if c == self.extras.to => Some(Slot::To),
            c if c == self.extras.state => Some(Slot::State),
            _ => None,
        }
    }
}

/// Returns a name for a reserved column that no field has.
pub(super) fn reserved_name(name: &str, fields: &[Field]) -> String {
    let mut name = name.to_owned();
    while fields.iter().any(|f| f.name == name) {
        name.insert(0, '_');
    }
    name
}
