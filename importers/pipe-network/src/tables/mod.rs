//! Tables of points and lines: survey tables (点表, 线表) by CJJ 61-2017, and GIS layers.
//!
//! Both come through the readers of `onemap-vector`, which know files and encodings. Columns are understood by their
//! headers ([`roles`]), rows are put together to nodes and links ([`build`]). A table holds points (a number and a place),
//! lines (the numbers of two points, or a drawn line), or both: a row for each end of each line, with 物探点号 and 连接点号.

mod axes;
mod build;
mod cells;
mod group;
mod half_lines;
mod headers;
mod lines;
mod points;
mod raw;
mod roles;
mod section;
mod topology;
mod words;

#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod tests;

use onemap_model::Sink;

use crate::draft::Draft;
use crate::mapping::{Mapping, TableKind};
use crate::{Error, Options, Source};
pub(crate) use group::{Looked, group, look, may_hold};
use raw::RawSink;
pub(crate) use roles::{At, Role, plain_header};
pub(crate) use words::{is_overhead, system_of_code};

/// What a table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Points,
    Lines,
    /// A row for each end of each line.
    Both,
    Other,
}

/// Reads tables and puts them together.
pub(crate) fn read(
    source: &Source,
    options: &Options,
    sink: &mut dyn Sink,
) -> Result<Draft, Error> {
    let mut tables = Vec::new();
    let mut notes = Vec::new();
    let total = source.tables.len() as u64;
    for (i, file) in source.tables.iter().enumerate() {
        let vector = onemap_vector::Options {
            encoding: options.encoding.clone(),
            raw_tables: true,
            ..onemap_vector::Options::default()
        };
        let mut raw = RawSink::default();
        match onemap_vector::read(file, &vector, &mut raw) {
            Ok(()) => {}
            Err(_) if raw.is_full => {
                return Err(Error::unsupported(
                    source,
                    "its tables have more than 80 million cells",
                    "divide the network, such as by class",
                ));
            }
            Err(error) => return Err(error),
        }
        notes.append(&mut raw.notes);
        tables.extend(raw.tables.into_iter().map(|table| (file.stem.clone(), table)));
        sink.progress(i as u64 + 1, total);
    }
    tables.retain(|(_, table)| options.wants(&table.name));
    build::build(source, options, tables, notes)
}

/// Tells what a table holds by the roles of its columns and its first rows.
pub(crate) fn kind_of(table: &raw::RawTable, map: Option<&Mapping>) -> Kind {
    match map.and_then(|map| map.table(&table.name)) {
        Some(TableKind::Points) => return Kind::Points,
        Some(TableKind::Lines) => return Kind::Lines,
        Some(TableKind::Ignore) => return Kind::Other,
        None => {}
    }
    let columns = cells::Columns::of(table, map);
    let shape =
        table.rows.iter().find_map(|row| row.geometry.as_ref()).map(onemap_model::Geometry::class);
    let is_point = shape == Some(onemap_model::GeometryClass::Point);
    let is_line = shape == Some(onemap_model::GeometryClass::Line);
    let has = |role| columns.has(role);
    let has_place = is_point || (has(Role::Northing) && has(Role::Easting));
    if has(Role::Code(At::Row)) && has(Role::Linked) {
        return if has_place { Kind::Both } else { Kind::Lines };
    }
    let has_ends = has(Role::Code(At::From)) && has(Role::Code(At::To));
    if is_line || (has_ends && !is_point) {
        return Kind::Lines;
    }
    if has_place && has(Role::Code(At::Row)) { Kind::Points } else { Kind::Other }
}

/// Tells whether a table is one of pipes beyond doubt.
pub(crate) fn is_certain(table: &raw::RawTable, kind: Kind) -> bool {
    let columns = cells::Columns::of(table, None);
    let is_survey = [
        Role::Linked,
        Role::Depth(At::Row),
        Role::Depth(At::From),
        Role::Invert(At::From),
        Role::Invert(At::Row),
        Role::Top(At::From),
        Role::Top(At::Row),
        Role::Elevation(At::From),
        Role::Laying,
        Role::Section,
        Role::Diameter,
    ];
    let has_ends = columns.has(Role::Code(At::From)) && columns.has(Role::Code(At::To));
    matches!(kind, Kind::Both | Kind::Lines)
        && (has_ends || columns.has(Role::Linked))
        && is_survey.into_iter().any(|role| columns.has(role))
}
