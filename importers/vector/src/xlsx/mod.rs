//! Workbooks: `.xlsx` (also `.xlsm`), the older `.xls`, and `.ods`. Every sheet that holds a table is a layer.

mod ods;
mod ooxml;
#[cfg(test)]
mod tests;
mod xls;

use std::fs::File;
use std::io::{BufReader, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::ExcelDateTime;
use onemap_bounded::ZipArchive;
use onemap_model::{Note, Sink, Timestamp};

use crate::sheet::{Cell, Survey, Surveyed, Table};
use crate::{Error, Options, Source};

/// Takes the rows of a sheet: the row's number in the sheet, from 1, and its cells from the first column.
type Visit<'a> = dyn FnMut(u64, Vec<Cell>) -> Result<(), Error> + 'a;

/// A workbook of any of the formats.
enum Book {
    Xlsx(Box<ooxml::Xlsx>),
    Xls(xls::Xls),
    Ods(ods::Ods),
}

pub(crate) fn read(source: &Source, options: &Options, sink: &mut dyn Sink) -> Result<(), Error> {
    let mut book = Book::open(source)?;
    let sheets = book.sheets();
    let total = std::fs::metadata(&source.path).map_or(0, |metadata| metadata.len());
    let mut tables = 0;
    for (i, sheet) in sheets.iter().enumerate() {
        let layer = layer_name(source, sheet, sheets.len());
        if !options.wants(sheet) && !options.wants(layer) {
            continue;
        }
        let mut survey = Survey::default();
        book.rows(source, i, &mut |_, cells| {
            survey.row(cells);
            Ok(())
        })?;
        let surveyed = survey.finish().filter(Surveyed::holds_table);
        let Some(surveyed) = surveyed else {
            sink.note(
                None,
                Note::warning(format!("the sheet '{sheet}' holds no table and was passed over")),
            );
            continue;
        };
        tables += 1;
        let mut table = Table::open(source, options, layer, &surveyed, Vec::new(), sink)?;
        let mut skip = surveyed.header_rows;
        book.rows(source, i, &mut |row, cells| {
            if skip > 0 {
                skip -= 1;
                return Ok(());
            }
            table.row(&format!("row {row}"), &cells, sink)
        })?;
        sink.progress(total / sheets.len() as u64 * (i as u64 + 1), total);
    }
    if tables == 0 && options.layers.is_empty() {
        return Err(Error::unsupported(
            source,
            "no sheet of the workbook holds a table",
            "a table needs a row of column names and rows below it",
        ));
    }
    Ok(())
}

/// Names the layer like its sheet, unless the sheet has the name that every new sheet has.
fn layer_name<'a>(source: &'a Source, sheet: &'a str, sheets: usize) -> &'a str {
    let stem = sheet.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_default =
        matches!(stem.trim(), "Sheet" | "sheet" | "工作表" | "表" | "Tabelle" | "Feuil");
    if sheets == 1 && is_default { &source.stem } else { sheet }
}

impl Book {
    fn open(source: &Source) -> Result<Self, Error> {
        let mut magic = [0; 4];
        let mut file = File::open(&source.path).map_err(|error| Error::io(source, error))?;
        let read = file.read(&mut magic).map_err(|error| Error::io(source, error))?;
        if magic.get(..read).is_some_and(|magic| magic.starts_with(b"\xd0\xcf\x11\xe0")) {
            return xls::Xls::open(source).map(Self::Xls);
        }
        let zip = ZipArchive::open(BufReader::new(file))
            .map_err(|error| Error::bounded(source, None, error))?;
        if zip.find("xl/workbook.bin").is_some() {
            return Err(Error::unsupported(
                source,
                "it is a binary workbook (.xlsb)",
                "save it as .xlsx and import that",
            ));
        }
        if zip.find("content.xml").is_some() {
            return ods::Ods::open(source, zip).map(Self::Ods);
        }
        ooxml::Xlsx::open(source, zip).map(Box::new).map(Self::Xlsx)
    }

    /// Returns the names of the sheets that are shown, in their order.
    fn sheets(&self) -> Vec<String> {
        match self {
            Self::Xlsx(book) => book.sheets(),
            Self::Xls(book) => book.sheets(),
            Self::Ods(book) => book.sheets(),
        }
    }

    /// Visits the rows of a sheet that are not empty.
    fn rows(&mut self, source: &Source, sheet: usize, visit: &mut Visit<'_>) -> Result<(), Error> {
        match self {
            Self::Xlsx(book) => book.rows(source, sheet, visit),
            Self::Xls(book) => book.rows(source, sheet, visit),
            Self::Ods(book) => book.rows(source, sheet, visit),
        }
    }
}

/// Calls the spreadsheet library, which may panic on damaged files.
fn guarded<T, E: std::fmt::Display>(
    source: &Source,
    call: impl FnOnce() -> Result<T, E>,
) -> Result<T, Error> {
    let damaged = "repair it by opening and saving it with a spreadsheet program";
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => {
            let reason = error.to_string();
            if reason.to_lowercase().contains("password") {
                return Err(protected(source));
            }
            Err(Error::broken(source, None, reason, damaged))
        }
        Err(_) => Err(Error::broken(source, None, "its structure is damaged", damaged)),
    }
}

fn protected(source: &Source) -> Error {
    Error::unsupported(
        source,
        "the workbook is protected by a password",
        "save it without password and import that",
    )
}

/// Makes the cell of a date or time; a time of day or duration stays text.
fn date_cell(date: ExcelDateTime) -> Cell {
    let (year, month, day, hour, minute, second, milli) = date.to_ymd_hms_milli();
    if date.is_duration() || date.as_f64() < 1.0 {
        return Cell::Text(format!("{hour:02}:{minute:02}:{second:02}"));
    }
    let text =
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z");
    match text.parse::<Timestamp>() {
        Ok(at) if (hour, minute, second, milli) == (0, 0, 0, 0) => Cell::Date(at),
        Ok(at) => Cell::DateTime(at),
        Err(_) => Cell::Number(date.as_f64()),
    }
}
