//! Cells by the role of their column.

use onemap_bounded::text::{normalise_width, parse_number};
use onemap_model::Value;
use rustc_hash::{FxHashMap, FxHashSet};

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
    /// Heights in which zero stands for not known: too many are exactly that.
    no_zero: FxHashSet<Role>,
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
        let no_zero = heights()
            .filter(|role| {
                let zeros = by_role.get(role).map_or(0, |i| count_zeros(table, *i));
                zeros >= 3 && zeros * 20 >= table.rows.len()
            })
            .collect();
        Self { by_role, others, level, no_zero }
    }

    /// Returns the headers of the columns in which zero stands for not known.
    pub(crate) fn zero_headers<'a>(&self, table: &'a RawTable) -> Vec<&'a str> {
        let mut positions: Vec<usize> =
            self.no_zero.iter().filter_map(|role| self.position(*role)).collect();
        positions.sort_unstable();
        positions.into_iter().filter_map(|i| table.columns.get(i)).map(String::as_str).collect()
    }

    /// Tells whether there is a column with this role.
    pub(crate) fn has(&self, role: Role) -> bool {
        self.by_role.contains_key(&role)
    }

    /// Tells whether there are columns for heights or depths of pipes.
    pub(crate) fn has_levels(&self) -> bool {
        use super::At::{From, Row};
        let makes =
            [Role::Elevation as fn(super::At) -> Role, Role::Top, Role::Invert, Role::Depth];
        makes.into_iter().flat_map(|make| [Row, From].map(make)).any(|role| self.has(role))
    }

    /// Returns the position of a role's column.
    pub(crate) fn position(&self, role: Role) -> Option<usize> {
        self.by_role.get(&role).copied()
    }
}

/// Roles that are heights.
fn heights() -> impl Iterator<Item = Role> {
    use super::At::{From, Row, To};
    let makes = [Role::Ground as fn(super::At) -> Role, Role::Elevation, Role::Top, Role::Invert];
    makes.into_iter().flat_map(|make| [Row, From, To].map(make)).chain([Role::Bottom])
}

fn count_zeros(table: &RawTable, column: usize) -> usize {
    let is_zero = |value: &Value| match value {
        Value::Int(n) => *n == 0,
        Value::Float(n) => *n == 0.0,
        Value::Text(text) => text.starts_with('0') && parse_number(text) == Some(0.0),
        _ => false,
    };
    table.rows.iter().filter(|row| row.cells.get(column).is_some_and(is_zero)).count()
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
            Some(0.0) if self.columns.no_zero.contains(&role) => Ok(None),
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
