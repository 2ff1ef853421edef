//! Reads GeoPackages (OGC 12-128r19): every feature layer and attribute table.
//!
//! A GeoPackage is a SQLite database, and a database is a program: it can hold views that never end,
//! triggers, and pages that point in circles. It is opened read-only and immutable, with SQLite's own
//! defences on, and a query that works for too long without giving a row is ended ([`database`]). A file
//! with a journal beside it is copied first, so that what was not yet written back is read and nothing
//! beside the user's file is touched.

mod catalogue;
mod database;
#[cfg(test)]
mod tests;
mod values;

use onemap_bounded::gpkg::parse_blob;
use onemap_model::{Field, LayerSlot, Note, Record, Reject, Sink, SourceId, SourceLayer};
use rusqlite::types::ValueRef;

use crate::table::{Columns, unique_names};
use crate::wkb_sink::{self, ReadGeometry};
use crate::{Error, Options, Source};

use catalogue::{Column, Table};
use database::Database;

/// Said of a geometry without the header that GeoPackage asks for.
const PLAIN_WKB: &str = "geometry without GeoPackage header read as plain WKB";

/// Reads a GeoPackage.
pub(crate) fn read(source: &Source, options: &Options, sink: &mut dyn Sink) -> Result<(), Error> {
    let database = Database::open(source)?;
    let catalogue = catalogue::read(&database)?;
    for note in catalogue.notes {
        sink.note(None, note);
    }
    let total = catalogue.tables.len() as u64;
    for (done, table) in catalogue.tables.iter().enumerate() {
        if options.wants(&table.name) {
            read_table(&database, table, sink)?;
        }
        sink.progress(done as u64 + 1, total);
    }
    Ok(())
}

fn read_table(database: &Database, table: &Table, sink: &mut dyn Sink) -> Result<(), Error> {
    let columns = table.columns(database)?;
    let is_geometry = |column: &Column| Some(&column.name) == table.geometry.as_ref();
    let values: Vec<&Column> =
        columns.iter().filter(|column| !is_geometry(column) && !column.is_id).collect();
    let names = unique_names(values.iter().map(|column| column.name.clone()));
    let fields: Vec<Field> = values
        .iter()
        .zip(names)
        .map(|(column, name)| Field {
            title: column.title.clone(),
            ..Field::new(name, column.kind)
        })
        .collect();
    let slot = sink.layer(SourceLayer {
        name: table.name.clone(),
        format: database.source().format.name(),
        crs: table.crs.clone(),
        fields: fields.clone(),
        expected: table.expected,
        title: table.title.clone(),
        ..SourceLayer::default()
    })?;
    if let Some(note) = &table.note {
        sink.note(Some(slot), note.clone());
    }
    let mut reader = RowReader {
        slot,
        kinds: values.iter().map(|column| column.kind).collect(),
        columns: Columns::new(slot, &fields),
        has_id: columns.iter().any(|column| column.is_id),
        has_geometry: table.geometry.is_some(),
    };

    let id = columns.iter().filter(|column| column.is_id);
    let geometry = columns.iter().filter(|column| is_geometry(column));
    if table.geometry.is_some() && geometry.clone().next().is_none() {
        let text = "the geometry column that the catalogue names is not there";
        sink.note(Some(slot), Note::warning(text));
        reader.has_geometry = false;
    }
    let selected: Vec<String> = id
        .chain(geometry)
        .chain(values.iter().copied())
        .map(|column| database::quoted(&column.name))
        .collect();
    if selected.is_empty() {
        return Ok(());
    }
    let query = format!("SELECT {} FROM {}", selected.join(", "), database::quoted(&table.name));
    let mut number = 0u64;
    database.each_row(&query, &table.name, &mut |row| {
        number += 1;
        reader.emit(sink, number, row)
    })
}

/// Turns the rows of a table into records.
struct RowReader {
    slot: LayerSlot,
    kinds: Vec<onemap_model::FieldType>,
    columns: Columns,
    has_id: bool,
    has_geometry: bool,
}

impl RowReader {
    /// Reads a row: id, geometry, values.
    fn emit(
        &mut self,
        sink: &mut dyn Sink,
        number: u64,
        row: &rusqlite::Row,
    ) -> Result<(), database::Failure> {
        let mut record = Record { number, ..Record::default() };
        let mut at = 0;
        if self.has_id {
            if let ValueRef::Integer(id) = row.get_ref(at)? {
                record.id = Some(SourceId::Int(id));
            }
            at += 1;
        }
        if self.has_geometry {
            match geometry(row.get_ref(at)?) {
                Ok(None) => {}
                Ok(Some(read)) => {
                    record.geometry = Some(read.geometry).filter(|g| !g.is_empty());
                    record.repairs = read.repairs;
                }
                Err(error) => {
                    sink.reject(
                        self.slot,
                        Reject {
                            number,
                            id: record.id.map(|id| id.to_string()),
                            reason: format!("the geometry can not be read: {error}"),
                        },
                    )?;
                    return Ok(());
                }
            }
            at += 1;
        }
        record.values.reserve_exact(self.kinds.len());
        for (i, kind) in self.kinds.iter().enumerate() {
            let value = values::read(row.get_ref(at + i)?, *kind, &mut record.repairs);
            record.values.push(self.columns.admit(sink, i, value)?);
        }
        sink.record(self.slot, record)?;
        Ok(())
    }
}

/// Reads a geometry; null is none.
fn geometry(value: ValueRef) -> onemap_bounded::Result<Option<ReadGeometry>> {
    let blob = match value {
        ValueRef::Blob(blob) => blob,
        ValueRef::Text(text) => {
            let text = String::from_utf8_lossy(text);
            return wkb_sink::from_wkt(&text).map(Some);
        }
        _ => return Ok(None),
    };
    if blob.is_empty() {
        return Ok(None);
    }
    if !blob.starts_with(b"GP") {
        let mut read = wkb_sink::from_wkb(blob)?;
        read.repairs.push(PLAIN_WKB);
        return Ok(Some(read));
    }
    let parsed = parse_blob(blob)?;
    if parsed.empty && parsed.wkb.is_empty() {
        return Ok(None);
    }
    wkb_sink::from_wkb(parsed.wkb).map(Some)
}
