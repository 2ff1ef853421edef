//! The second reading of a table: records.

use onemap_model::{
    Field, FieldType, Geometry, GeometryKind, LayerSlot, Note, NoteKind, Record, Reject, Sink,
    SourceLayer, Value,
};

use super::place::{self, Decision, Place};
use super::survey::{Surveyed, coordinate};
use super::{Cell, infer, shape};
use crate::{Error, Options, Source};

/// Emits the rows of a table as records.
#[derive(Debug)]
pub(crate) struct Table {
    slot: LayerSlot,
    place: Place,
    srid: Option<i32>,
    /// Type of the field that a column becomes; `None` for the one that holds the geometry.
    kinds: Vec<Option<FieldType>>,
    names: Vec<String>,
    number: u64,
}

impl Table {
    /// Opens the layer.
    ///
    /// # Errors
    /// When the coordinates can not be understood without being told their CRS.
    pub(crate) fn open(
        source: &Source,
        options: &Options,
        layer: &str,
        surveyed: &Surveyed,
        notes: Vec<Note>,
        sink: &mut dyn Sink,
    ) -> Result<Self, Error> {
        if surveyed.columns.len() > onemap_model::Schema::MAX_FIELDS {
            return Err(Error::unsupported(
                source,
                format!("it has {} columns", surveyed.columns.len()),
                "at most 4096 are read; remove those that are empty",
            ));
        }
        let Decision { place, axis_order, crs, default_crs, notes: decided } =
            place::decide(source, options, surveyed)?;
        let shape_at = match &place {
            Place::Shape { column } => Some(*column),
            _ => None,
        };
        let srid = shape_at.and_then(|i| surveyed.columns.get(i)).and_then(|column| column.srid);
        let kinds: Vec<Option<FieldType>> = (surveyed.columns.iter().enumerate())
            .map(|(i, column)| {
                let kind = column.kind.filter(|_| !options.raw_tables);
                (Some(i) != shape_at).then(|| kind.unwrap_or(FieldType::Text))
            })
            .collect();
        let fields = surveyed.columns.iter().zip(&kinds);
        let fields =
            fields.filter_map(|(column, kind)| Some(Field::new(column.name.clone(), (*kind)?)));
        let slot = sink.layer(SourceLayer {
            name: layer.to_owned(),
            format: source.format.name(),
            crs,
            default_crs,
            axis_order,
            fields: fields.collect(),
            expected: Some(surveyed.rows),
            ..SourceLayer::default()
        })?;
        for note in notes.into_iter().chain(decided) {
            sink.note(Some(slot), note);
        }
        if surveyed.header_is_missing {
            let text = "the table has no header, so its columns are called column_1, column_2, ...";
            sink.note(Some(slot), Note { kind: NoteKind::Assumed, text: text.into() });
        }
        let names = surveyed.columns.iter().map(|column| column.name.clone()).collect();
        Ok(Self { slot, place, srid, kinds, names, number: 0 })
    }

    /// Emits a row. `at` says where it stands, such as `line 7`.
    pub(crate) fn row(
        &mut self,
        at: &str,
        cells: &[Cell],
        sink: &mut dyn Sink,
    ) -> Result<(), Error> {
        if cells.iter().all(Cell::is_blank) {
            return Ok(());
        }
        let extra = cells.get(self.kinds.len()..).unwrap_or_default();
        if extra.iter().any(|cell| !cell.is_blank()) {
            let (found, expected) = (cells.len(), self.kinds.len());
            return self.reject(at, format!("the row has {found} cells, the table {expected} columns; is a separator or quote missing?"), sink);
        }
        let mut repairs = Vec::new();
        let geometry = match self.geometry(cells, &mut repairs) {
            Ok(geometry) => geometry,
            Err(reason) => return self.reject(at, reason, sink),
        };
        let values = self.kinds.iter().enumerate().filter_map(|(i, kind)| {
            let kind = (*kind)?;
            Some(cells.get(i).map_or(Value::Null, |cell| infer::value(cell, kind)))
        });
        self.number += 1;
        let record = Record {
            number: self.number,
            id: None,
            geometry,
            model: None,
            values: values.collect(),
            repairs,
        };
        sink.record(self.slot, record)?;
        Ok(())
    }

    /// Rejects a row.
    pub(crate) fn reject(
        &mut self,
        at: &str,
        reason: impl AsRef<str>,
        sink: &mut dyn Sink,
    ) -> Result<(), Error> {
        self.number += 1;
        let reason = format!("{at}: {}", reason.as_ref());
        sink.reject(self.slot, Reject { number: self.number, id: None, reason })?;
        Ok(())
    }

    /// Returns how many columns the table has.
    pub(crate) fn width(&self) -> usize {
        self.kinds.len()
    }

    fn name(&self, column: usize) -> &str {
        self.names.get(column).map_or("", String::as_str)
    }

    fn geometry(
        &self,
        cells: &[Cell],
        repairs: &mut Vec<&'static str>,
    ) -> Result<Option<Geometry>, String> {
        match self.place {
            Place::None => Ok(None),
            Place::Shape { column } => {
                let text = match cells.get(column) {
                    Some(Cell::Text(text)) if !infer::is_nothing(text) => text,
                    Some(Cell::Text(_) | Cell::Empty) | None => return Ok(None),
                    Some(_) => return Err(format!("'{}' holds no geometry", self.name(column))),
                };
                let read = shape::read(text).map_err(|reason| {
                    format!("'{}' holds no geometry: {reason}", self.name(column))
                })?;
                if read.srid.is_some_and(|srid| srid > 0) && read.srid != self.srid {
                    let (other, first) = (read.srid.unwrap_or(0), self.srid.unwrap_or(0));
                    return Err(format!(
                        "its geometry is in EPSG:{other}, that of the first row in EPSG:{first}"
                    ));
                }
                repairs.extend(read.repairs);
                Ok(Some(read.geometry))
            }
            Place::Point { first, second, height, degrees } => {
                let Some(x) = self.coordinate(cells, first)? else {
                    return match self.coordinate(cells, second)? {
                        None => Ok(None),
                        Some(_) => Err(format!("'{}' is empty", self.name(first))),
                    };
                };
                let Some(y) = self.coordinate(cells, second)? else {
                    return Err(format!("'{}' is empty", self.name(second)));
                };
                if degrees && x.abs() > 180.0 {
                    return Err(format!(
                        "'{}' is {x}, a longitude is at most 180",
                        self.name(first)
                    ));
                }
                if degrees && y.abs() > 90.0 {
                    return Err(format!(
                        "'{}' is {y}, a latitude is at most 90",
                        self.name(second)
                    ));
                }
                let mut point = Geometry::empty(GeometryKind::Point);
                point.push([x, y]);
                if let Some(z) = height.and_then(|column| cells.get(column)).and_then(coordinate) {
                    point.z.push(z);
                }
                Ok(Some(point))
            }
        }
    }

    fn coordinate(&self, cells: &[Cell], column: usize) -> Result<Option<f64>, String> {
        let Some(cell) = cells.get(column).filter(|cell| !cell.is_blank()) else {
            return Ok(None);
        };
        if let Some(number) = coordinate(cell) {
            return Ok(Some(number));
        }
        match cell {
            Cell::Text(text) if infer::is_nothing(text) => Ok(None),
            Cell::Text(text) => {
                let text: String = text.chars().take(40).collect();
                Err(format!("'{}' is '{text}', which is no coordinate", self.name(column)))
            }
            _ => Err(format!("'{}' is no coordinate", self.name(column))),
        }
    }
}
