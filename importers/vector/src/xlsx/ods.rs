//! OpenDocument spreadsheets (ISO/IEC 26300-1, clause 9), read cell by cell.

use std::fs::File;
use std::io::{BufReader, Read};

use onemap_bounded::{XmlEvent, XmlReader, XmlStart, ZipArchive};
use onemap_model::Value;

use super::Visit;
use crate::sheet::Cell;
use crate::{Error, Source, limits};

pub(super) struct Ods {
    zip: ZipArchive<BufReader<File>>,
    content: usize,
    sheets: Vec<String>,
}

impl Ods {
    pub(super) fn open(
        source: &Source,
        mut zip: ZipArchive<BufReader<File>>,
    ) -> Result<Self, Error> {
        let Some(content) = zip.find("content.xml") else {
            return Err(Error::broken(source, None, "it has no content.xml", "save it again"));
        };
        let sheets = sheet_names(&mut zip, content).map_err(|error| failed(source, error))?;
        Ok(Self { zip, content, sheets })
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
        let part = self.zip.stream(self.content).map_err(|error| failed(source, error))?;
        let mut xml = XmlReader::new(part).map_err(|error| failed(source, error))?;
        let mut table = 0;
        loop {
            let is_wanted = match xml.read().map_err(|error| failed(source, error))? {
                XmlEvent::Start(start) if start.name() == "table:table" => {
                    table += 1;
                    table == sheet + 1
                }
                XmlEvent::Eof => return Ok(()),
                _ => continue,
            };
            if is_wanted {
                return rows(source, &mut xml, visit);
            }
            xml.skip_element().map_err(|error| failed(source, error))?;
        }
    }
}

fn failed(source: &Source, error: onemap_bounded::Error) -> Error {
    Error::bounded(source, Some("'content.xml'".into()), error)
}

fn sheet_names(
    zip: &mut ZipArchive<BufReader<File>>,
    content: usize,
) -> onemap_bounded::Result<Vec<String>> {
    let mut xml = XmlReader::new(zip.stream(content)?)?;
    let mut names = Vec::new();
    loop {
        match xml.read()? {
            XmlEvent::Start(start) if start.name() == "table:table" => {
                names.push(start.attribute("table:name")?.unwrap_or_default().into_owned());
                xml.skip_element()?;
            }
            XmlEvent::Eof => return Ok(names),
            _ => {}
        }
    }
}

/// What an event means for the table.
enum Event {
    Row { repeated: u64 },
    Cell { repeated: usize, value: Option<Cell> },
    RowEnd,
    CellEnd,
    TableEnd,
    Skip,
    Text(String),
    Paragraph,
    Nothing,
    End,
}

/// Reads the rows of the table that just began.
fn rows<R: Read>(
    source: &Source,
    xml: &mut XmlReader<R>,
    visit: &mut Visit<'_>,
) -> Result<(), Error> {
    let mut number: u64 = 0;
    let mut row: Vec<Cell> = Vec::new();
    let mut row_repeated = 1;
    // The open cell: how often it stands, its typed value, its text.
    let mut cell: Option<(usize, Option<Cell>, String)> = None;
    let mut empty_before = 0;
    loop {
        match next(xml).map_err(|error| failed(source, error))? {
            Event::Row { repeated } => {
                row.clear();
                row_repeated = repeated;
                empty_before = 0;
            }
            Event::Cell { repeated, value } => cell = Some((repeated, value, String::new())),
            Event::Text(text) => {
                if let Some((_, _, shown)) = &mut cell
                    && shown.len() < limits::MAX_CELL_BYTES
                {
                    shown.push_str(&text);
                }
            }
            Event::Paragraph => {
                if let Some((_, _, shown)) = &mut cell
                    && !shown.is_empty()
                {
                    shown.push('\n');
                }
            }
            Event::CellEnd => {
                let Some((repeated, value, shown)) = cell.take() else { continue };
                let value = value.unwrap_or_else(|| Cell::text(shown));
                let room = limits::MAX_SHEET_COLUMNS.saturating_sub(row.len() + empty_before);
                let repeated = repeated.min(room);
                // Rows are filled up with empty cells to the sheet's full width.
                if value == Cell::Empty {
                    empty_before += repeated;
                } else {
                    row.resize(row.len() + empty_before, Cell::Empty);
                    empty_before = 0;
                    row.resize(row.len() + repeated, value);
                }
            }
            Event::RowEnd => {
                let times = if row.is_empty() { 0 } else { row_repeated };
                for i in 0..times.min(limits::MAX_SHEET_ROWS.saturating_sub(number)) {
                    visit(number + i + 1, row.clone())?;
                }
                number = number.saturating_add(row_repeated);
            }
            Event::Skip => xml.skip_element().map_err(|error| failed(source, error))?,
            Event::Nothing => {}
            Event::TableEnd | Event::End => return Ok(()),
        }
    }
}

fn next<R: Read>(xml: &mut XmlReader<R>) -> onemap_bounded::Result<Event> {
    Ok(match xml.read()? {
        XmlEvent::Start(start) => match start.name() {
            "table:table-row" => {
                Event::Row { repeated: repeated(&start, "table:number-rows-repeated")? }
            }
            "table:table-cell" | "table:covered-table-cell" => Event::Cell {
                repeated: repeated(&start, "table:number-columns-repeated")? as usize,
                value: typed(&start)?,
            },
            "text:p" => Event::Paragraph,
            "text:s" => Event::Text(" ".into()),
            "office:annotation" | "draw:frame" | "table:table" | "table:shapes" => Event::Skip,
            _ => Event::Nothing,
        },
        XmlEvent::End(name) => match name {
            "table:table-row" => Event::RowEnd,
            "table:table-cell" | "table:covered-table-cell" => Event::CellEnd,
            "table:table" => Event::TableEnd,
            _ => Event::Nothing,
        },
        XmlEvent::Text(text) => Event::Text(text.to_owned()),
        XmlEvent::Eof => Event::End,
    })
}

fn repeated(start: &XmlStart<'_>, name: &str) -> onemap_bounded::Result<u64> {
    let times = start.attribute(name)?.and_then(|times| times.parse().ok());
    Ok(times.unwrap_or(1).max(1))
}

/// Returns the value of a cell that is no text.
fn typed(start: &XmlStart<'_>) -> onemap_bounded::Result<Option<Cell>> {
    let Some(kind) = start.attribute("office:value-type")? else { return Ok(None) };
    Ok(match kind.as_ref() {
        "float" | "percentage" | "currency" => {
            let number = start.attribute("office:value")?.and_then(|value| value.parse().ok());
            number.filter(|number: &f64| number.is_finite()).map(Cell::Number)
        }
        "boolean" => {
            start.attribute("office:boolean-value")?.map(|value| Cell::Bool(value == "true"))
        }
        "date" => {
            start.attribute("office:date-value")?.map(|value| {
                match crate::sheet::parse_text(&value) {
                    Some(Value::Date(day)) => Cell::Date(day),
                    Some(Value::DateTime(at)) => Cell::DateTime(at),
                    _ => Cell::text(value.into_owned()),
                }
            })
        }
        _ => None,
    })
}
