//! Office Open XML workbooks, read cell by cell.

use std::fs::File;
use std::io::{BufReader, Read};

use calamine::{DataRef, Reader, SheetType, SheetVisible};
use onemap_bounded::ZipArchive;

use super::{Visit, date_cell, guarded};
use crate::sheet::Cell;
use crate::{Error, Source, limits};

pub(super) struct Xlsx {
    book: calamine::Xlsx<BufReader<File>>,
    sheets: Vec<String>,
}

impl Xlsx {
    /// Checks all parts that the library will unpack, then opens the workbook.
    pub(super) fn open(
        source: &Source,
        mut zip: ZipArchive<BufReader<File>>,
    ) -> Result<Self, Error> {
        for index in 0..zip.entries().len() {
            check_part(source, &mut zip, index)?;
        }
        let file = File::open(&source.path).map_err(|error| Error::io(source, error))?;
        let book: calamine::Xlsx<_> =
            guarded(source, || calamine::open_workbook_from_rs(BufReader::new(file)))?;
        let shown = book.sheets_metadata().iter().filter(|sheet| {
            sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible
        });
        let sheets = shown.map(|sheet| sheet.name.clone()).collect();
        Ok(Self { book, sheets })
    }

    pub(super) fn sheets(&self) -> Vec<String> {
        self.sheets.clone()
    }

    pub(super) fn rows(
        &mut self,
        source: &Source,
        sheet: usize,
        visit: &mut Visit<'_>,
    ) -> Result<(), Error> {
        let Some(name) = self.sheets.get(sheet) else { return Ok(()) };
        let mut reader = guarded(source, || self.book.worksheet_cells_reader(name))?;
        let mut row = 0;
        let mut cells: Vec<Cell> = Vec::new();
        while let Some(cell) = guarded(source, || reader.next_cell())? {
            let (at, column) = cell.get_position();
            if at != row && !cells.is_empty() {
                visit(u64::from(row) + 1, std::mem::take(&mut cells))?;
            }
            row = at;
            let column = column as usize;
            let value = convert(cell.get_value());
            if value == Cell::Empty || column >= limits::MAX_SHEET_COLUMNS {
                continue;
            }
            if cells.len() <= column {
                cells.resize(column + 1, Cell::Empty);
            }
            if let Some(slot) = cells.get_mut(column) {
                *slot = value;
            }
        }
        if !cells.is_empty() {
            visit(u64::from(row) + 1, cells)?;
        }
        Ok(())
    }
}

fn convert(value: &DataRef<'_>) -> Cell {
    match value {
        DataRef::Int(number) => Cell::Number(*number as f64),
        DataRef::Float(number) => Cell::Number(*number),
        DataRef::String(text) => Cell::text(text.as_str()),
        DataRef::SharedString(text) => Cell::text(*text),
        DataRef::Bool(bool) => Cell::Bool(*bool),
        DataRef::DateTime(date) => date_cell(*date),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Cell::text(text.as_str()),
        DataRef::Error(_) | DataRef::Empty => Cell::Empty,
    }
}

/// Unpacks a part once, to see that it has the size that it states and no text longer than a cell can hold.
/// The library holds the shared texts and styles in memory, and each cell as it comes.
fn check_part(
    source: &Source,
    zip: &mut ZipArchive<BufReader<File>>,
    index: usize,
) -> Result<(), Error> {
    let Some(entry) = zip.entries().get(index) else { return Ok(()) };
    let name = entry.name().to_owned();
    let is_xml = [".xml", ".rels"].iter().any(|end| name.to_ascii_lowercase().ends_with(end));
    if !is_xml {
        return Ok(());
    }
    let is_sheet = name.starts_with("xl/worksheets/");
    if !is_sheet && entry.size() > limits::MAX_WORKBOOK_PART_BYTES {
        return Err(Error::unsupported(
            source,
            format!("its part '{name}' takes {} MiB", entry.size() >> 20),
            "save its sheets as CSV and import those",
        ));
    }
    let failed = |error| Error::read_failed(source, Some(format!("'{name}'")), error);
    let mut part = zip.stream(index).map_err(|error| Error::bounded(source, None, error))?;
    let mut block = vec![0; 64 << 10];
    let mut run = 0;
    loop {
        let n = part.read(&mut block).map_err(failed)?;
        if n == 0 {
            return Ok(());
        }
        for piece in block.get(..n).unwrap_or_default().split_inclusive(|byte| *byte == b'<') {
            run += piece.len();
            if is_sheet && run > limits::MAX_CELL_BYTES {
                return Err(Error::broken(
                    source,
                    Some(format!("'{name}'")),
                    "a cell is longer than any spreadsheet program allows",
                    "save the workbook again with a spreadsheet program",
                ));
            }
            if piece.ends_with(b"<") {
                run = 0;
            }
        }
    }
}
