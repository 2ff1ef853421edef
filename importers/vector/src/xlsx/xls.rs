//! Excel 97 workbooks. The library trusts sizes and chains of the file, so those are checked before.

use std::io::{Cursor, Read};

use calamine::{Data, Range, Reader, SheetType, SheetVisible};
use onemap_bounded::{ByteReader, read_to_vec_bounded};

use super::{Visit, date_cell, guarded, protected};
use crate::sheet::Cell;
use crate::{Error, Source, limits};

pub(super) struct Xls {
    sheets: Vec<(String, Range<Data>)>,
}

impl Xls {
    pub(super) fn open(source: &Source) -> Result<Self, Error> {
        let file = std::fs::File::open(&source.path).map_err(|error| Error::io(source, error))?;
        let bytes =
            read_to_vec_bounded(".xls workbook", file.take(u64::MAX), limits::MAX_XLS_BYTES)
                .map_err(|error| Error::bounded(source, None, error))?;
        match examine(&bytes) {
            Ok(Content::Workbook) => {}
            Ok(Content::Protected) => return Err(protected(source)),
            Ok(Content::Other) => {
                return Err(Error::unsupported(
                    source,
                    "it is an old Office document, but no workbook",
                    "copy its tables into a spreadsheet and import that",
                ));
            }
            Ok(Content::TooWide) => {
                return Err(Error::unsupported(
                    source,
                    "a sheet states more rows and columns than an .xls file can have",
                    "save it as .xlsx with a spreadsheet program and import that",
                ));
            }
            Err(error) => return Err(Error::bounded(source, None, error)),
        }
        let mut book: calamine::Xls<_> =
            guarded(source, || calamine::open_workbook_from_rs(Cursor::new(bytes)))?;
        let shown: Vec<String> = book
            .sheets_metadata()
            .iter()
            .filter(|s| s.typ == SheetType::WorkSheet && s.visible == SheetVisible::Visible)
            .map(|sheet| sheet.name.clone())
            .collect();
        let mut sheets = Vec::new();
        for name in shown {
            let range = guarded(source, || book.worksheet_range(&name))?;
            sheets.push((name, range));
        }
        Ok(Self { sheets })
    }

    pub(super) fn sheets(&self) -> Vec<String> {
        self.sheets.iter().map(|(name, _)| name.clone()).collect()
    }

    pub(super) fn rows(
        &mut self,
        _source: &Source,
        sheet: usize,
        visit: &mut Visit<'_>,
    ) -> Result<(), Error> {
        let Some((_, range)) = self.sheets.get(sheet) else { return Ok(()) };
        let first = range.start().map_or(0, |(row, _)| row);
        for (i, row) in range.rows().enumerate() {
            let cells: Vec<Cell> = row.iter().map(convert).collect();
            if cells.iter().any(|cell| *cell != Cell::Empty) {
                visit(u64::from(first) + i as u64 + 1, cells)?;
            }
        }
        Ok(())
    }
}

fn convert(value: &Data) -> Cell {
    match value {
        Data::Int(number) => Cell::Number(*number as f64),
        Data::Float(number) => Cell::Number(*number),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => {
            Cell::text(text.as_str())
        }
        Data::Bool(bool) => Cell::Bool(*bool),
        Data::DateTime(date) => date_cell(*date),
        Data::Error(_) | Data::Empty => Cell::Empty,
    }
}

enum Content {
    Workbook,
    Protected,
    /// Sheets that would take more memory than they can need.
    TooWide,
    Other,
}

/// Marks of the compound file's allocation table ([MS-CFB] 2.1): everything from here on is no sector.
const NO_SECTOR: u32 = 0xffff_fffa;

/// Follows every chain of the compound file ([MS-CFB]) that the library follows, and looks at the sizes that
/// the workbook stream ([MS-XLS]) states.
fn examine(bytes: &[u8]) -> onemap_bounded::Result<Content> {
    let file = Compound::open(bytes)?;
    let mut workbook = None;
    for entry in file.directory.chunks_exact(128) {
        let mut entry = ByteReader::new("compound file's directory", entry);
        let name = entry.take(64)?;
        let length = usize::from(entry.u16_le()?).saturating_sub(2);
        let units = name.get(..length.min(62)).unwrap_or_default().chunks_exact(2);
        let units = units.filter_map(|pair| <[u8; 2]>::try_from(pair).ok()).map(u16::from_le_bytes);
        let name = String::from_utf16_lossy(&units.collect::<Vec<_>>());
        entry.seek(116)?;
        let (start, size) = (entry.u32_le()?, entry.u32_le()?);
        match name.as_str() {
            "EncryptedPackage" | "EncryptionInfo" => return Ok(Content::Protected),
            _ if name.eq_ignore_ascii_case("workbook") || name.eq_ignore_ascii_case("book") => {
                workbook = Some((start, size));
            }
            _ => {}
        }
    }
    let Some((start, size)) = workbook else { return Ok(Content::Other) };
    let stream = file.stream(start, size as usize)?;
    records(&stream)
}

struct Compound<'a> {
    bytes: &'a [u8],
    sector_size: usize,
    table: Vec<u32>,
    directory: Vec<u8>,
    small_limit: usize,
    small_table: Vec<u32>,
}

impl<'a> Compound<'a> {
    fn open(bytes: &'a [u8]) -> onemap_bounded::Result<Self> {
        let mut header = ByteReader::new("compound file", bytes);
        header.seek(30)?;
        let sector_size = match header.u16_le()? {
            9 => 512,
            12 => 4096,
            other => return Err(broken(format!("sectors of 2^{other} bytes"))),
        };
        header.seek(48)?;
        let directory_start = header.u32_le()?;
        header.seek(56)?;
        let small_limit = header.u32_le()? as usize;
        let small_start = header.u32_le()?;
        header.skip(4)?;
        let mut list_sector = header.u32_le()?;
        header.skip(4)?;
        let mut list = Vec::new();
        for _ in 0..109 {
            list.push(header.u32_le()?);
        }
        let mut own = Self {
            bytes,
            sector_size,
            table: Vec::new(),
            directory: Vec::new(),
            small_limit,
            small_table: Vec::new(),
        };
        let sectors = bytes.len() / sector_size;
        let mut steps = 0;
        while list_sector < NO_SECTOR {
            steps += 1;
            if steps > sectors {
                return Err(broken("its list of tables runs in a circle"));
            }
            let numbers = own.numbers(list_sector)?;
            let (next, numbers) = numbers.split_last().ok_or_else(|| broken("an empty sector"))?;
            list.extend(numbers);
            list_sector = *next;
        }
        for sector in list.into_iter().filter(|sector| *sector < NO_SECTOR) {
            if own.table.len() > bytes.len() {
                return Err(broken("its allocation table is larger than the file"));
            }
            let numbers = own.numbers(sector)?;
            own.table.extend(numbers);
        }
        own.directory = own.chain(directory_start)?;
        if small_start < NO_SECTOR {
            let small = own.chain(small_start)?;
            let numbers = small.chunks_exact(4).filter_map(|n| <[u8; 4]>::try_from(n).ok());
            own.small_table = numbers.map(u32::from_le_bytes).collect();
        }
        Ok(own)
    }

    fn sector(&self, number: u32) -> onemap_bounded::Result<&'a [u8]> {
        let start = (number as usize + 1).saturating_mul(self.sector_size);
        // The last sector may be cut short.
        let end = start.saturating_add(self.sector_size).min(self.bytes.len());
        self.bytes
            .get(start..end)
            .ok_or_else(|| broken(format!("sector {number} is beyond its end")))
    }

    fn numbers(&self, sector: u32) -> onemap_bounded::Result<Vec<u32>> {
        let numbers = self.sector(sector)?.chunks_exact(4);
        Ok(numbers.filter_map(|n| <[u8; 4]>::try_from(n).ok()).map(u32::from_le_bytes).collect())
    }

    /// Collects a chain of sectors.
    fn chain(&self, start: u32) -> onemap_bounded::Result<Vec<u8>> {
        let mut out = Vec::new();
        let mut sector = start;
        let mut steps = 0;
        while sector < NO_SECTOR {
            steps += 1;
            if steps > self.table.len() {
                return Err(broken("a chain of sectors runs in a circle"));
            }
            out.extend_from_slice(self.sector(sector)?);
            let next = self.table.get(sector as usize);
            sector = *next.ok_or_else(|| broken("a chain of sectors leaves its table"))?;
        }
        Ok(out)
    }

    /// Collects a stream; a small one lies in sectors of 64 bytes within the first entry's stream.
    fn stream(&self, start: u32, size: usize) -> onemap_bounded::Result<Vec<u8>> {
        if size >= self.small_limit {
            let mut stream = self.chain(start)?;
            stream.truncate(size);
            return Ok(stream);
        }
        let mut root = ByteReader::new("compound file's directory", &self.directory);
        root.seek(116)?;
        let container = self.chain(root.u32_le()?)?;
        let mut out = Vec::new();
        let mut sector = start;
        while sector < NO_SECTOR && out.len() < size {
            let at = (sector as usize).saturating_mul(64);
            let part = container.get(at..(at + 64).min(container.len()));
            out.extend_from_slice(part.ok_or_else(|| broken("a small stream leaves the file"))?);
            let next = self.small_table.get(sector as usize);
            sector = *next.ok_or_else(|| broken("a small stream leaves its table"))?;
        }
        out.truncate(size);
        Ok(out)
    }
}

fn broken(detail: impl Into<String>) -> onemap_bounded::Error {
    onemap_bounded::Error::Malformed { what: "compound file", offset: 0, detail: detail.into() }
}

/// Looks at dimensions and cell positions ([MS-XLS] 2.5.51) wherever the library will look for a sheet: it
/// reserves a cell for every place between the first and the last.
fn records(stream: &[u8]) -> onemap_bounded::Result<Content> {
    let globals = substream(stream)?;
    let mut places = 0_u64;
    if globals.is_protected {
        return Ok(Content::Protected);
    }
    if globals.sheets.len() > limits::MAX_XLS_SHEETS {
        return Ok(Content::TooWide);
    }
    for position in globals.sheets {
        let sheet = substream(stream.get(position as usize..).unwrap_or_default())?;
        places = places.saturating_add(sheet.places);
        if sheet.is_too_wide || places > limits::MAX_XLS_CELLS {
            return Ok(Content::TooWide);
        }
    }
    Ok(Content::Workbook)
}

/// What one substream of a workbook says.
#[derive(Default)]
struct Substream {
    is_protected: bool,
    is_too_wide: bool,
    /// Where the sheets begin.
    sheets: Vec<u32>,
    /// Places between the first and the last cell.
    places: u64,
}

fn substream(stream: &[u8]) -> onemap_bounded::Result<Substream> {
    const PROTECTED: u16 = 0x002f;
    const SHEET: u16 = 0x0085;
    const BEGIN: u16 = 0x0809;
    const END: u16 = 0x000a;
    const DIMENSIONS: u16 = 0x0200;
    let mut bytes = ByteReader::new("workbook stream", stream);
    let mut own = Substream::default();
    let (mut rows, mut columns) = (0_u64, 0_u64);
    let mut depth = 0_u32;
    while bytes.left() >= 4 {
        let (kind, length) = (bytes.u16_le()?, bytes.u16_le()?);
        let Ok(mut record) = bytes.part("workbook record", usize::from(length)) else { break };
        match kind {
            BEGIN => depth += 1,
            END if depth <= 1 => break,
            END => depth -= 1,
            PROTECTED => own.is_protected = true,
            SHEET if length >= 4 => own.sheets.push(record.u32_le()?),
            DIMENSIONS if length >= 14 => {
                let (first, last) = (record.u32_le()?, record.u32_le()?);
                let (_, columns) = (record.u16_le()?, record.u16_le()?);
                own.is_too_wide |= first > last || last > limits::MAX_XLS_ROWS || columns > 256;
            }
            DIMENSIONS if length >= 10 => {
                record.skip(4)?;
                let (_, columns) = (record.u16_le()?, record.u16_le()?);
                own.is_too_wide |= columns > 256;
            }
            // Number, label, rich text, truth value, packed numbers, shared text, formula.
            0x0203 | 0x0204 | 0x00d6 | 0x0205 | 0x027e | 0x00fd | 0x00bd | 0x0006
                if length >= 4 =>
            {
                let (row, column) = (u64::from(record.u16_le()?), u64::from(record.u16_le()?));
                // Packed numbers: 6 bytes for each cell of a row, and 6 besides.
                let cells =
                    if kind == 0x00bd { u64::from(length.saturating_sub(6)) / 6 } else { 1 };
                rows = rows.max(row + 1);
                columns = columns.max(column + cells);
            }
            _ => {}
        }
    }
    own.is_too_wide |= columns > 256;
    own.places = rows * columns;
    Ok(own)
}
