//! Spreadsheets of schools and hospitals.

use std::io::{Cursor, Read, Write};

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::{WriteError, degrees, metres};
use crate::city::City;
use crate::places::Place;

/// A cell.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    /// Nothing.
    Empty,
    /// Text.
    Text(String),
    /// A number.
    Number(f64),
}

/// A sheet: name, header, rows.
pub(super) type Sheet<'a> = (&'a str, &'a [&'a str], &'a [Vec<Cell>]);

/// Schools, with 经度 and 纬度.
pub(super) fn schools(city: &City) -> Result<Vec<u8>, WriteError> {
    let header = [
        "学校编号",
        "学校名称",
        "办学层次",
        "办学性质",
        "所属街道",
        "地址",
        "学生数",
        "教师数",
        "建校年份",
        "联系电话",
        "经度",
        "纬度",
    ];
    let rows = city.schools.iter().map(|s| {
        let q = degrees(city, s.at);
        row(s, [q.x, q.y])
    });
    workbook("学校名录", &header, &rows.collect::<Vec<_>>())
}

/// Hospitals, with X坐标 (northing) and Y坐标 (easting) in EPSG:4548.
pub(super) fn hospitals(city: &City) -> Result<Vec<u8>, WriteError> {
    let header = [
        "机构编号",
        "机构名称",
        "机构类别",
        "等级",
        "所属街道",
        "地址",
        "床位数",
        "医生数",
        "设立年份",
        "联系电话",
        "X坐标",
        "Y坐标",
    ];
    let rows = city.hospitals.iter().map(|h| {
        let q = metres(city, h.at);
        row(h, [q.y, q.x])
    });
    workbook("医疗机构名录", &header, &rows.collect::<Vec<_>>())
}

fn row(p: &Place, coordinates: [f64; 2]) -> Vec<Cell> {
    let text = |s: &str| Cell::Text(s.to_owned());
    let mut out = vec![
        text(&p.id),
        text(&p.name),
        text(p.category),
        text(p.level),
        text(&p.subdistrict),
        text(&p.address),
        Cell::Number(p.size.into()),
        Cell::Number(p.staff.into()),
        Cell::Number(p.year.into()),
        text(&p.phone),
    ];
    out.extend(coordinates.map(Cell::Number));
    out
}

fn workbook(title: &str, header: &[&str], rows: &[Vec<Cell>]) -> Result<Vec<u8>, WriteError> {
    stored(&form(title, &[(title, header, rows)])?)
}

/// Forms a workbook of several sheets, packed by our own compressor.
pub(super) fn packed(title: &str, sheets: &[Sheet]) -> Result<Vec<u8>, WriteError> {
    let formed = form(title, sheets)?;
    let mut archive = ZipArchive::new(Cursor::new(&formed[..]))?;
    let mut entries = Vec::new();
    for k in 0..archive.len() {
        let mut entry = archive.by_index(k)?;
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        entries.push((entry.name()?.into_owned(), bytes));
    }
    Ok(super::pack::zip(&entries))
}

fn form(title: &str, sheets: &[Sheet]) -> Result<Vec<u8>, WriteError> {
    let mut book = Workbook::new();
    let created = ExcelDateTime::from_ymd(2026, 3, 21)?;
    book.set_properties(&DocProperties::new().set_title(title).set_creation_datetime(&created));
    let bold = Format::new().set_bold();
    for (name, header, rows) in sheets {
        let sheet = book.add_worksheet();
        sheet.set_name(*name)?;
        for (c, text) in header.iter().enumerate() {
            if !text.is_empty() {
                sheet.write_with_format(0, c as u16, *text, &bold)?;
            }
            sheet.set_column_width(c as u16, if c == 1 || c == 5 { 28.0 } else { 14.0 })?;
        }
        sheet.set_freeze_panes(1, 0)?;
        for (r, cells) in rows.iter().enumerate() {
            for (c, cell) in cells.iter().enumerate() {
                let (r, c) = (r as u32 + 1, c as u16);
                match cell {
                    Cell::Empty => continue,
                    Cell::Text(text) => sheet.write_string(r, c, text)?,
                    Cell::Number(number) => sheet.write_number(r, c, *number)?,
                };
            }
        }
    }
    Ok(book.save_to_buffer()?)
}

/// Rewrites a zip without compression: which compressor is linked, and what it makes of the processor
/// it runs on, would show in the bytes.
fn stored(packed: &[u8]) -> Result<Vec<u8>, WriteError> {
    let mut archive = ZipArchive::new(Cursor::new(packed))?;
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default());
    for k in 0..archive.len() {
        let mut entry = archive.by_index(k)?;
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        let name = entry.name()?.into_owned();
        out.start_file(name, options)?;
        out.write_all(&bytes)?;
    }
    Ok(out.finish()?.into_inner())
}
