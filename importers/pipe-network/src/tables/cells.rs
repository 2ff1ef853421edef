//! Cells by the role of their column.

use onemap_bounded::text::{normalise_width, parse_number};
use onemap_model::Value;
use rustc_hash::FxHashMap;

use super::raw::{RawRow, RawTable};
use super::roles::Role;
use crate::draft::Level;
use crate::mapping::Mapping;

/// Numbers at or below this mean that nothing is known, as `-9999` does; no pipe lies so deep.
const NO_DATA: f64 = -900.0;

/// Where the roles stand in a table.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    by_role: FxHashMap<Role, usize>,
    /// Columns without a role, with their names.
    pub(crate) others: Vec<(usize, String)>,
    /// What the heights are those of, where a header says it.
    pub(crate) level: Option<Level>,
}

impl Columns {
    /// Finds the roles of a table's columns: what the user says, else the header that fits best.
    pub(crate) fn of(table: &RawTable, map: Option<&Mapping>) -> Self {
        let mut found: Vec<(usize, Option<Role>, usize)> = Vec::new();
        for (i, header) in table.columns.iter().enumerate() {
            let told = map.and_then(|map| map.column(header));
            let known = Role::of_header(header);
            let (role, rank) = match (told, known) {
                (Some(role), _) => (Some(role), 0),
                (None, Some((role, rank))) => (Some(role), rank + 1),
                (None, None) => (None, 0),
            };
            found.push((i, role, rank));
        }
        let mut best: FxHashMap<Role, (usize, usize)> = FxHashMap::default();
        for &(i, role, rank) in &found {
            let Some(role) = role.filter(|role| *role != Role::Ignore) else { continue };
            let entry = best.entry(role).or_insert((i, rank));
            if rank < entry.1 {
                *entry = (i, rank);
            }
        }
        let by_role: FxHashMap<Role, usize> =
            best.into_iter().map(|(role, (i, _))| (role, i)).collect();
        let others = found
            .into_iter()
            .filter(|(i, role, _)| match role {
                Some(Role::Ignore) => false,
                Some(role) => by_role.get(role) != Some(i),
                None => true,
            })
            .filter_map(|(i, _, _)| Some((i, table.columns.get(i)?.clone())))
            .collect();
        let levels =
            [Role::Top as fn(super::At) -> Role, Role::Invert, Role::Elevation, Role::Depth];
        let level = levels
            .into_iter()
            .flat_map(|make| [super::At::Row, super::At::From, super::At::To].map(make))
            .filter_map(|role| table.columns.get(*by_role.get(&role)?))
            .find_map(|header| Role::level_of_header(header));
        Self { by_role, others, level }
    }

    /// Tells whether there is a column with this role.
    pub(crate) fn has(&self, role: Role) -> bool {
        self.by_role.contains_key(&role)
    }

    /// Returns the position of a role's column.
    pub(crate) fn position(&self, role: Role) -> Option<usize> {
        self.by_role.get(&role).copied()
    }
}

/// A row with the roles of its cells.
pub(crate) struct Cells<'a> {
    pub(crate) columns: &'a Columns,
    pub(crate) row: &'a RawRow,
    pub(crate) map: Option<&'a Mapping>,
}

impl Cells<'_> {
    /// Returns a cell as text; nothing for empty ones and words that mean so.
    pub(crate) fn text(&self, role: Role) -> Option<String> {
        let value = self.row.cells.get(self.columns.position(role)?)?;
        let text = plain(value)?;
        match self.map.and_then(|map| map.value(role, &text)) {
            Some(mapped) => Some(mapped.to_owned()),
            None => Some(text),
        }
    }

    /// Returns the number of a point or line: narrow, without spaces.
    pub(crate) fn code(&self, role: Role) -> Option<String> {
        let text = self.text(role)?;
        let code: String = normalise_width(&text).split_whitespace().collect();
        (!code.is_empty()).then_some(code)
    }

    /// Returns a cell as a number.
    ///
    /// # Errors
    /// The text, where it is no number.
    pub(crate) fn number(&self, role: Role) -> Result<Option<f64>, String> {
        let Some(text) = self.text(role) else { return Ok(None) };
        let narrow = normalise_width(&text);
        let bare = narrow.trim().trim_end_matches(['m', 'M', '米']).trim();
        match parse_number(bare) {
            Some(number) => Ok(Some(number).filter(|number| *number > NO_DATA)),
            None => Err(text),
        }
    }
}

/// Returns a value as text.
pub(crate) fn plain(value: &Value) -> Option<String> {
    let text = value.as_ref().to_string();
    let trimmed = text.trim();
    let is_nothing = matches!(
        trimmed,
        "" | "NULL"
            | "null"
            | "Null"
            | "\\N"
            | "NaN"
            | "nan"
            | "N/A"
            | "n/a"
            | "NA"
            | "#N/A"
            | "None"
            | "<Null>"
            | "-"
            | "/"
            | "无"
            | "—"
    );
    (!is_nothing).then(|| trimmed.to_owned())
}
