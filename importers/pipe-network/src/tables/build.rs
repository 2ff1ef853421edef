//! Puts tables together to a draft.

mod flow;
mod network;
mod records;
mod twins;

use onemap_crs::Crs;
use onemap_model::{Note, PipeSystem};

use super::axes::Axes;
use super::cells::Columns;
use super::lines::LineRow;
use super::points::{Names, PointRow, Reader, Table};
use super::raw::RawTable;
use super::{At, Kind, Role, group, half_lines, kind_of, words};
use crate::draft::{Draft, Found, Origin, Refused};
use crate::{Error, Options, Source};

/// Rows of all tables, before they are joined.
#[derive(Default)]
struct Rows {
    points: Vec<(usize, PointRow)>,
    lines: Vec<(usize, LineRow, Option<super::points::Levels>)>,
}

/// Puts tables together. Each comes with the stem of its file.
pub(super) fn build(
    source: &Source,
    options: &Options,
    tables: Vec<(String, RawTable)>,
    notes: Vec<Note>,
) -> Result<Draft, Error> {
    let mut draft = Draft {
        name: source.stem.clone(),
        format: source.tables.first().map_or("survey tables", |file| file.format.name()),
        class: options.class,
        notes,
        ..Draft::default()
    };
    let map = options.map.as_ref();
    let mut prepared: Vec<(Kind, Table)> = Vec::new();
    let mut crs: Vec<String> = Vec::new();
    for (stem, mut raw) in tables {
        let kind = kind_of(&raw, map);
        draft.notes.append(&mut raw.notes);
        if kind == Kind::Other {
            draft.notes.push(Note::warning(format!(
                "the table '{}' holds neither points nor lines and was passed over; name its columns with --map",
                raw.name
            )));
            continue;
        }
        let has_shapes = raw.rows.iter().any(|row| row.geometry.is_some());
        if has_shapes
            && let Some(stated) = raw.crs.clone().or_else(|| raw.default_crs.map(str::to_owned))
        {
            crs.push(stated);
        }
        let columns = Columns::of(&raw, map);
        let zeros = columns.zero_headers(&raw);
        if !zeros.is_empty() {
            draft.notes.push(Note::assumed(format!(
                "in table '{}' zero is taken as not known in {}, where it stands in many rows",
                raw.name,
                zeros.join(", ")
            )));
        }
        let index = draft.tables.len() as u32;
        draft.tables.push(raw.name.clone());
        headers(&raw, index, &mut draft.found);
        for reject in std::mem::take(&mut raw.rejects) {
            let origin = Origin { table: index, record: reject.number };
            draft.refused.push(Refused { origin, code: reject.id, reason: reject.reason });
        }
        let class = options.class.and_then(|class| PipeSystem::find(class.code()));
        let system = words::system_of_name(&raw.name)
            .or(class)
            .or_else(|| words::system_of_name(&stem))
            .or_else(|| words::system_of_name(&source.stem));
        let scope = group::key(&raw.name);
        prepared.push((kind, Table { raw, columns, index, scope, system }));
    }
    draft.crs = one_crs(source, &crs)?;
    draft.is_survey = prepared.iter().any(|(_, table)| is_survey(table));
    for (kind, table) in prepared.iter().filter(|_| draft.is_survey) {
        missing_columns(*kind, table, &prepared, &mut draft.found);
        missing_values(table, map, &mut draft.found);
    }
    let (mut node_names, mut link_names) = (Names::default(), Names::default());
    let mut rows = Rows::default();
    for (i, (kind, table)) in prepared.iter_mut().enumerate() {
        // Rows are let go as they are read: tables may fill most of the memory.
        let raw = std::mem::take(&mut table.raw.rows);
        let names = (&mut node_names, &mut link_names);
        read((i, *kind, table), raw, map, &mut draft, &mut rows, names);
    }
    draft.node_fields = node_names.all;
    draft.link_fields = link_names.all;
    if !draft.is_survey {
        draft.found.retain(|found| !found.code.starts_with("unknown-"));
    }
    let mut pairs: Vec<[f64; 2]> = rows
        .points
        .iter()
        .filter(|(_, p)| p.shape_at.is_none())
        .filter_map(|(_, p)| p.pair)
        .collect();
    pairs.extend(rows.lines.iter().flat_map(|(_, line, _)| line.pairs.into_iter().flatten()));
    let told = options.crs.as_deref().or(draft.crs.as_deref());
    let axes = Axes::decide(&pairs, told, &mut draft.notes);
    let tables: Vec<Table> = prepared.into_iter().map(|(_, table)| table).collect();
    network::join(&mut draft, &tables, rows, axes, options);
    Ok(draft)
}

/// Reads the rows of a table.
fn read(
    (i, kind, table): (usize, Kind, &Table),
    raw: Vec<super::raw::RawRow>,
    map: Option<&crate::Mapping>,
    draft: &mut Draft,
    rows: &mut Rows,
    (node_names, link_names): (&mut Names, &mut Names),
) {
    let mut found = Vec::new();
    let mut reader = Reader { table, map, found: &mut found };
    let mut halves = Vec::new();
    for row in raw {
        let row = &row;
        if matches!(kind, Kind::Points | Kind::Both) {
            match reader.point(row, node_names) {
                Some(mut point) => {
                    if kind == Kind::Both {
                        // The other columns of a row for each end are those of the line.
                        point.extra.clear();
                    }
                    rows.points.push((i, point));
                }
                None => draft.refused.push(Refused {
                    origin: reader.origin(row),
                    code: None,
                    reason: "the point has no number".into(),
                }),
            }
        }
        let is_end_only = kind == Kind::Both && reader.cells(row).code(Role::Linked).is_none();
        if kind == Kind::Points || is_end_only {
            continue;
        }
        match reader.line(row, kind == Kind::Both, link_names) {
            Some(line) if kind == Kind::Both => halves.push(line),
            Some(line) => rows.lines.push((i, line, None)),
            None if kind == Kind::Both => {}
            None => draft.refused.push(Refused {
                origin: reader.origin(row),
                code: None,
                reason: "the line lacks the number of one of its points".into(),
            }),
        }
    }
    let joined = half_lines::join(halves, &mut found, &mut draft.refused);
    rows.lines.extend(joined.into_iter().map(|(line, far)| (i, line, far)));
    // A cell of a row for each end is read as that of a point and that of a line.
    let mut seen = rustc_hash::FxHashSet::default();
    found.retain(|f: &Found| seen.insert((f.code, f.origin.record, f.text.clone())));
    draft.found.append(&mut found);
}

/// Looks for columns without a name, and names that came twice (the readers of tables number them).
fn headers(table: &RawTable, index: u32, found: &mut Vec<Found>) {
    let mut report = |code, text| {
        let origin = Origin { table: index, record: 0 };
        found.push(Found { code, origin, feature: None, at: None, text });
    };
    for (i, name) in table.columns.iter().enumerate() {
        if *name == format!("column_{}", i + 1) {
            report("empty-header", format!("column {} has no name", i + 1));
        }
        let twin = name.rsplit_once('_').filter(|(base, number)| {
            number.parse::<u32>().is_ok_and(|n| n >= 2 && n.to_string() == *number)
                && table.columns.iter().take(i).any(|other| other == base)
        });
        if let Some((base, _)) = twin {
            report(
                "duplicate-header",
                format!(
                    "the name '{base}' stands above two columns; the second is read as '{name}'"
                ),
            );
        }
    }
}

/// Tells whether a table is one of a survey by CJJ 61-2017, not of a geographic information system.
fn is_survey(table: &Table) -> bool {
    let has = |role| table.columns.has(role);
    has(Role::Linked)
        || has(Role::Feature)
        || has(Role::Laying)
        || has(Role::Depth(At::From))
        || (has(Role::Appurtenance) && has(Role::Ground(At::Row)))
}

fn missing_columns(kind: Kind, table: &Table, all: &[(Kind, Table)], found: &mut Vec<Found>) {
    let has = |role: Role| table.columns.has(role);
    let mut report = |what: &str| {
        let origin = Origin { table: table.index, record: 0 };
        let text = format!("there is no column for {what}");
        found.push(Found { code: "missing-column", origin, feature: None, at: None, text });
    };
    if matches!(kind, Kind::Points | Kind::Both) && !has(Role::Ground(At::Row)) {
        report("the height of the ground (地面高程)");
    }
    if matches!(kind, Kind::Lines | Kind::Both) {
        if ![Role::Section, Role::Diameter, Role::Width, Role::Holes].into_iter().any(has) {
            report("the section (管径或断面)");
        }
        if !all.iter().any(|(_, table)| table.columns.has_levels()) {
            report("the depth or height of the pipes (埋深, 高程)");
        }
        if !has(Role::Material) {
            report("the material (材质)");
        }
    }
}

/// Columns that a survey fills in for every point or line.
const NEEDED: [Role; 10] = [
    Role::Ground(At::Row),
    Role::Section,
    Role::Material,
    Role::Depth(At::Row),
    Role::Depth(At::From),
    Role::Depth(At::To),
    Role::Top(At::From),
    Role::Top(At::To),
    Role::Invert(At::From),
    Role::Invert(At::To),
];

/// Finds empty cells in columns that are otherwise filled in.
fn missing_values(table: &Table, map: Option<&crate::Mapping>, found: &mut Vec<Found>) {
    let rows = &table.raw.rows;
    for role in NEEDED {
        let Some(header) = table.columns.position(role).and_then(|i| table.raw.columns.get(i))
        else {
            continue;
        };
        let is_empty = |row: &&super::raw::RawRow| {
            super::cells::Cells { columns: &table.columns, row, map }.text(role).is_none()
        };
        let empty = rows.iter().filter(is_empty).count();
        if empty * 20 > rows.len() {
            continue;
        }
        for row in rows.iter().filter(is_empty) {
            let origin = Origin { table: table.index, record: row.number };
            let code =
                super::cells::Cells { columns: &table.columns, row, map }.code(Role::Code(At::Row));
            let text = format!("'{header}' is empty");
            found.push(Found { code: "missing-value", origin, feature: code, at: None, text });
        }
    }
}

/// Returns the one CRS that the tables state.
fn one_crs(source: &Source, stated: &[String]) -> Result<Option<String>, Error> {
    let Some(first) = stated.first() else { return Ok(None) };
    let code = |text: &str| Crs::parse(text).ok().map(|crs| crs.definition().to_owned());
    let other = stated.iter().find(|other| *other != first && code(other) != code(first));
    if let Some(other) = other {
        let short = |text: &str| text.chars().take(60).collect::<String>();
        return Err(Error::unsupported(
            source,
            format!(
                "its tables are in different coordinate systems: {} and {}",
                short(first),
                short(other)
            ),
            "bring them into one",
        ));
    }
    Ok(Some(first.clone()))
}
