//! The first reading of a table: header, types and ranges.

use std::collections::HashSet;

use onemap_model::{FieldType, Value};

use super::angle::parse_angle;
use super::{Cell, infer, shape};

/// Rows that are looked at to find the header: titles and notes above it take a few.
const HEADER_ROWS: usize = 30;

/// Looks at every row of a table.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// The first rows, as long as the header is not found.
    first: Vec<Vec<Cell>>,
    header: Option<Header>,
    columns: Vec<Column>,
    rows: u64,
}

/// Where the header is and what it says.
#[derive(Debug, Clone, PartialEq)]
struct Header {
    /// Rows above the first row of data.
    rows: usize,
    names: Vec<String>,
    /// The names are made up.
    is_missing: bool,
}

/// What all cells of a column have in common.
#[derive(Debug, Clone, Default)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Option<FieldType>,
    /// Cells that are not blank, and how many of them can be read as a coordinate or a geometry.
    pub(super) filled: u64,
    pub(super) numbers: u64,
    pub(super) shapes: u64,
    /// Least and greatest number.
    pub(super) range: Option<(f64, f64)>,
    /// Numbers beyond ±180 and ±90.
    pub(super) beyond_180: u64,
    pub(super) beyond_90: u64,
    /// Spatial reference id and a coordinate of the first geometry.
    pub(super) srid: Option<i32>,
    pub(super) first_xy: Option<[f64; 2]>,
}

/// A table as far as one reading shows it.
#[derive(Debug, Clone)]
pub(crate) struct Surveyed {
    /// Rows above the first row of data.
    pub(crate) header_rows: usize,
    /// The names of the columns are made up.
    pub(super) header_is_missing: bool,
    pub(super) columns: Vec<Column>,
    /// Rows of data.
    pub(crate) rows: u64,
}

impl Surveyed {
    /// Tells whether the rows are a table rather than notes: there is a header with data below it, or there
    /// are several columns.
    pub(crate) fn holds_table(&self) -> bool {
        self.rows > 0 && (!self.header_is_missing || self.columns.len() > 1)
    }
}

impl Survey {
    /// Looks at the next row.
    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        if self.header.is_some() {
            self.data(&cells);
            return;
        }
        self.first.push(cells);
        if self.first.len() >= HEADER_ROWS {
            self.find_header();
        }
    }

    /// Ends the reading; `None` when there are no rows at all.
    pub(crate) fn finish(mut self) -> Option<Surveyed> {
        if self.header.is_none() {
            self.find_header();
        }
        let header = self.header.filter(|header| !header.names.is_empty())?;
        Some(Surveyed {
            header_rows: header.rows,
            header_is_missing: header.is_missing,
            columns: self.columns,
            rows: self.rows,
        })
    }

    fn find_header(&mut self) {
        let header = find_header(&self.first);
        self.columns = header
            .names
            .iter()
            .map(|name| Column { name: name.clone(), ..Column::default() })
            .collect();
        let rows = header.rows;
        self.header = Some(header);
        for cells in std::mem::take(&mut self.first).into_iter().skip(rows) {
            self.data(&cells);
        }
    }

    fn data(&mut self, cells: &[Cell]) {
        if cells.iter().all(Cell::is_blank) {
            return;
        }
        self.rows += 1;
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            column.look_at(cell);
        }
    }
}

impl Column {
    fn look_at(&mut self, cell: &Cell) {
        if cell.is_blank() {
            return;
        }
        self.filled += 1;
        if self.kind != Some(FieldType::Text)
            && let Some(kind) = infer::kind(cell)
        {
            self.kind = Some(self.kind.map_or(kind, |known| known.promote(kind)));
        }
        let number = coordinate(cell);
        if let Some(number) = number {
            self.numbers += 1;
            self.beyond_180 += u64::from(number.abs() > 180.0);
            self.beyond_90 += u64::from(number.abs() > 90.0);
            let (low, high) = self.range.unwrap_or((number, number));
            self.range = Some((low.min(number), high.max(number)));
        } else if let Cell::Text(text) = cell
            && shape::looks_like_shape(text)
        {
            self.shapes += 1;
            if self.first_xy.is_none()
                && let Ok(read) = shape::read(text)
            {
                self.srid = self.srid.or(read.srid);
                let mut first = None;
                read.geometry.for_each_simple(&mut |g| first = first.or(g.xy.first().copied()));
                self.first_xy = first;
            }
        }
    }
}

/// Reads a cell as a coordinate: a number or an angle.
pub(super) fn coordinate(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Number(number) => Some(*number),
        // Long texts are no coordinates, and there may be many.
        Cell::Text(text) if text.len() <= 64 => parse_angle(text),
        _ => None,
    }
}

/// Finds the header among the first rows: the first row that is nearly as wide as the table, holds only
/// texts that differ, and stands above at most narrower rows, such as a title over merged cells.
fn find_header(rows: &[Vec<Cell>]) -> Header {
    let filled = |row: &Vec<Cell>| row.iter().filter(|cell| !cell.is_blank()).count();
    let width = rows.iter().map(filled).max().unwrap_or(0);
    for (i, row) in rows.iter().enumerate() {
        let count = filled(row);
        if count == 0 || count * 10 < width * 6 {
            continue;
        }
        if is_header(row) {
            return Header {
                rows: i + 1,
                names: names(row, rows.get(i + 1..).unwrap_or_default()),
                is_missing: false,
            };
        }
        // A wide row that is no header is data already.
        break;
    }
    let names = names(&[], rows);
    let blank = rows.iter().take_while(|row| filled(row) == 0).count();
    Header { rows: blank, names, is_missing: true }
}

fn is_header(row: &[Cell]) -> bool {
    let mut seen = HashSet::new();
    row.iter().filter(|cell| !cell.is_blank()).all(|cell| {
        let text = match cell {
            Cell::Text(text) => text.trim().to_owned(),
            // Columns may be named by years.
            Cell::Number(number) if is_year(*number) => number.to_string(),
            _ => return false,
        };
        let is_name = match infer::parse(&text) {
            None => !shape::looks_like_shape(&text) && text.chars().count() <= 200,
            Some(Value::Int(number)) => is_year(number as f64),
            Some(_) => false,
        };
        is_name && (seen.insert(text) || seen.len() > 3)
    })
}

fn is_year(number: f64) -> bool {
    number.fract() == 0.0 && (1900.0..2100.0).contains(&number)
}

/// Makes names that are neither empty nor equal, one for every column of the header, and for those beyond it
/// that more than half of the rows have.
fn names(header: &[Cell], rows: &[Vec<Cell>]) -> Vec<String> {
    let last_filled =
        |row: &[Cell]| row.iter().rposition(|cell| !cell.is_blank()).map_or(0, |i| i + 1);
    let mut widths: Vec<usize> = rows.iter().map(|row| last_filled(row)).collect();
    widths.sort_unstable();
    let common = match header {
        [] => widths.last(),
        _ => widths.get(widths.len().saturating_sub(1) / 2),
    };
    let width = last_filled(header).max(common.copied().unwrap_or(0));
    let mut used = HashSet::new();
    (0..width)
        .map(|i| {
            let given = match header.get(i) {
                Some(Cell::Text(text)) => text.split_whitespace().collect::<Vec<_>>().join(" "),
                Some(Cell::Number(number)) => number.to_string(),
                _ => String::new(),
            };
            let base = if given.is_empty() { format!("column_{}", i + 1) } else { given };
            let mut name = base.clone();
            let mut again = 2;
            while !used.insert(name.clone()) {
                name = format!("{base}_{again}");
                again += 1;
            }
            name
        })
        .collect()
}
