//! Rows of points.

use onemap_model::{PipeSystem, Value};

use super::cells::{Cells, Columns, plain};
use super::raw::{RawRow, RawTable};
use super::{At, Role, words};
use crate::draft::{Found, Level, Origin};
use crate::mapping::Mapping;

/// A table with what its columns mean, while it is put together.
pub(crate) struct Table {
    pub(crate) raw: RawTable,
    pub(crate) columns: Columns,
    /// Position among the draft's tables.
    pub(crate) index: u32,
    /// Points of tables with one key belong to lines of tables with the same.
    pub(crate) scope: String,
    /// Class that the name of the table or file tells.
    pub(crate) system: Option<&'static PipeSystem>,
}

/// What was surveyed at the point of a row.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Levels {
    pub(crate) ground: Option<f64>,
    pub(crate) elevation: Option<f64>,
    pub(crate) depth: Option<f64>,
    pub(crate) level: Option<Level>,
}

/// A row of a point.
#[derive(Debug, Clone)]
pub(crate) struct PointRow {
    pub(crate) origin: Origin,
    pub(crate) code: String,
    /// As its shape has it (easting first), or as the columns have it (northing first).
    pub(crate) shape_at: Option<[f64; 2]>,
    pub(crate) pair: Option<[f64; 2]>,
    pub(crate) levels: Levels,
    pub(crate) well_depth: Option<f64>,
    pub(crate) bottom: Option<f64>,
    pub(crate) feature: Option<String>,
    pub(crate) appurtenance: Option<String>,
    pub(crate) feature_code: Option<String>,
    pub(crate) closed: Option<bool>,
    pub(crate) operable: Option<bool>,
    pub(crate) system: Option<&'static PipeSystem>,
    pub(crate) extra: Vec<(u32, Value)>,
}

/// Reads rows, and keeps what is wrong with their cells.
pub(crate) struct Reader<'a> {
    pub(crate) table: &'a Table,
    pub(crate) map: Option<&'a Mapping>,
    pub(crate) found: &'a mut Vec<Found>,
}

impl Reader<'_> {
    pub(crate) fn origin(&self, row: &RawRow) -> Origin {
        Origin { table: self.table.index, record: row.number }
    }

    pub(crate) fn cells<'b>(&'b self, row: &'b RawRow) -> Cells<'b> {
        Cells { columns: &self.table.columns, row, map: self.map }
    }

    pub(crate) fn report(
        &mut self,
        code: &'static str,
        row: &RawRow,
        feature: Option<&str>,
        text: String,
    ) {
        let origin = self.origin(row);
        self.found.push(Found {
            code,
            origin,
            feature: feature.map(str::to_owned),
            at: None,
            text,
        });
    }

    /// Returns the header of a role's column.
    pub(crate) fn header(&self, role: Role) -> &str {
        let position = self.table.columns.position(role);
        position.and_then(|i| self.table.raw.columns.get(i)).map_or("", String::as_str)
    }

    /// Reads a number; what is none is reported.
    pub(crate) fn number(
        &mut self,
        row: &RawRow,
        role: Role,
        feature: Option<&str>,
    ) -> Option<f64> {
        match self.cells(row).number(role) {
            Ok(number) => number,
            Err(text) => {
                let text: String = text.chars().take(40).collect();
                let text = format!("'{}' is '{text}', which is no number", self.header(role));
                self.report("not-a-number", row, feature, text);
                None
            }
        }
    }

    /// Reads the heights at one end, or at the row's point.
    pub(crate) fn levels(&mut self, row: &RawRow, at: At, feature: Option<&str>) -> Levels {
        let ground = self.number(row, Role::Ground(at), feature);
        let depth = self.number(row, Role::Depth(at), feature);
        let top = self.number(row, Role::Top(at), feature);
        let invert = self.number(row, Role::Invert(at), feature);
        let other = self.number(row, Role::Elevation(at), feature);
        let (elevation, level) = match (top, invert, other) {
            (Some(z), None, _) => (Some(z), Some(Level::Top)),
            (None, Some(z), _) => (Some(z), Some(Level::Invert)),
            // Both: that of gravity pipes is the one that counts, by the class; see `lines`.
            (Some(z), Some(_), _) => (Some(z), Some(Level::Top)),
            (None, None, z) => (z, None),
        };
        Levels { ground, elevation, depth, level: level.or(self.table.columns.level) }
    }

    /// Finds the class of a row: its cell, else the table's, else its code's.
    pub(crate) fn system(
        &mut self,
        row: &RawRow,
        code: Option<&str>,
    ) -> Option<&'static PipeSystem> {
        if let Some(text) = self.cells(row).text(Role::Class) {
            if let Some(system) = words::system(&text) {
                return Some(system);
            }
            let text: String = text.chars().take(40).collect();
            self.report(
                "unknown-class",
                row,
                code,
                format!("'{}' is '{text}'", self.header(Role::Class)),
            );
        }
        let by_code = code.and_then(words::system_of_code);
        match (self.table.system, by_code) {
            // The table tells the class, the number the subclass: gas_points and TR1.
            (Some(table), Some(code)) if table.is_class() && table.class == code.class => {
                Some(code)
            }
            (table, code) => table.or(code),
        }
    }

    /// Returns the source's own values of a row.
    pub(crate) fn extra(&self, row: &RawRow, fields: &mut Names) -> Vec<(u32, Value)> {
        let others = self.table.columns.others.iter();
        others
            .filter_map(|(i, name)| {
                let value = row.cells.get(*i)?;
                plain(value)?;
                Some((fields.position(name), value.clone()))
            })
            .collect()
    }

    /// Reads a row as a point; `None` where it has no number.
    pub(crate) fn point(&mut self, row: &RawRow, fields: &mut Names) -> Option<PointRow> {
        let Some(code) = self.cells(row).code(Role::Code(At::Row)) else {
            let text = format!("'{}' is empty", self.header(Role::Code(At::Row)));
            self.report("missing-value", row, None, text);
            return None;
        };
        let feature = Some(code.as_str());
        let shape_at = row.geometry.as_ref().and_then(|geometry| geometry.xy.first().copied());
        let northing = self.number(row, Role::Northing, feature);
        let easting = self.number(row, Role::Easting, feature);
        let levels = self.levels(row, At::Row, feature);
        let well_depth = self.number(row, Role::WellDepth, feature);
        let bottom = self.number(row, Role::Bottom, feature);
        let system = self.system(row, Some(&code));
        let cells = self.cells(row);
        Some(PointRow {
            origin: self.origin(row),
            shape_at,
            pair: northing.zip(easting).map(|(northing, easting)| [northing, easting]),
            levels,
            well_depth,
            bottom,
            feature: cells.text(Role::Feature),
            appurtenance: cells.text(Role::Appurtenance),
            feature_code: cells.code(Role::FeatureCode),
            closed: cells.text(Role::Closed).as_deref().and_then(words::is_closed),
            operable: cells.text(Role::Operable).as_deref().and_then(words::is_operable),
            system,
            extra: self.extra(row, fields),
            code,
        })
    }
}

/// Names of fields, each once.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) all: Vec<String>,
    by_name: rustc_hash::FxHashMap<String, u32>,
}

impl Names {
    pub(crate) fn position(&mut self, name: &str) -> u32 {
        if let Some(position) = self.by_name.get(name) {
            return *position;
        }
        let position = self.all.len() as u32;
        self.all.push(name.to_owned());
        self.by_name.insert(name.to_owned(), position);
        position
    }
}
