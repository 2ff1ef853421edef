//! Reads Shapefiles, whichever of their files are there, and dBASE tables alone.
//!
//! Why not the crates `shapefile` and `dbase`: they allocate by the counts that a file states before they
//! look at what is left of it, so a damaged record takes the process down; they give up at the first
//! record that is wrong, where the good ones are to be kept; they decode text while reading, so the
//! encoding has to be known before the first byte, field names are decoded otherwise than values, and the
//! raw bytes, from which the encoding of Chinese tables has to be found, are never seen. The formats are
//! small: this reader is about as long as the glue to the crates would be.

mod dbf;
mod dos;
mod encoding;
mod records;
mod rings;
mod shape;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use onemap_bounded::{read_to_vec_bounded, text};
use onemap_model::{LayerSlot, Note, Record, Reject, Sink, SourceLayer};

use crate::table::Columns;
use crate::window::Window;
use crate::{Error, Options, Source};

use dbf::{Dbf, Row};
use encoding::Codec;
use records::Records;

/// Records between two reports of progress.
const PROGRESS: u64 = 1_000;

/// The most that is read of a `.prj` or `.cpg`, bytes; real ones have a few hundred.
const MAX_TEXT: u64 = 1 << 20;

/// Reads a Shapefile, or a dBASE table.
pub(crate) fn read(source: &Source, options: &Options, sink: &mut dyn Sink) -> Result<(), Error> {
    if !options.wants(&source.stem) {
        return Ok(());
    }
    if source.path.extension().is_some_and(|e| e.eq_ignore_ascii_case("dbf")) {
        return read_table(source, options, sink);
    }
    let mut notes = Vec::new();
    let shp = Window::open("shp", &source.path).map_err(|error| Error::io(source, error))?;
    let mut records = Records::new(shp).map_err(|error| broken(source, &error))?;
    match beside(&source.path, "shx").map(|path| Window::open("shx", &path)) {
        Some(Ok(shx)) => {
            if let Err(reason) = records.use_index(shx) {
                notes.push(Note::warning(format!(
                    "the .shx is broken ({reason}); the records were found without it"
                )));
            }
        }
        Some(Err(error)) => notes.push(Note::warning(format!(
            "the .shx can not be read ({error}); the records were found without it"
        ))),
        None => notes.push(Note::assumed(
            "there is no .shx; the records were found by walking from one to the next",
        )),
    }
    let table = match beside(&source.path, "dbf").map(|path| Dbf::open(&path)) {
        Some(Ok(dbf)) => Some(dbf),
        Some(Err(error)) => {
            notes.push(Note::warning(format!(
                "the .dbf can not be read ({error}); shapes were read without attributes"
            )));
            None
        }
        None => {
            notes.push(Note::warning("there is no .dbf; shapes were read without attributes"));
            None
        }
    };
    let crs = beside(&source.path, "prj").and_then(|path| read_text(&path));
    let expected = records.expected().or(table.as_ref().map(|dbf| dbf.rows));
    let layer = layer(source, crs, expected);
    let (slot, mut table) = Table::open(source, options, sink, layer, table)?;
    for note in notes {
        sink.note(Some(slot), note);
    }

    let mut deleted = 0u64;
    let mut rowless = 0u64;
    let mut last = 0u64;
    while let Some((number, content)) = records.next() {
        last = number;
        let shape = content.and_then(|bytes| shape::read(bytes).map_err(|error| error.to_string()));
        let mut record = Record { number, ..Record::default() };
        if let Some(table) = &mut table {
            match table.fill(sink, &mut record)? {
                Filled::Kept => {}
                Filled::Deleted => {
                    deleted += 1;
                    continue;
                }
                Filled::Missing => rowless += 1,
            }
        }
        match shape {
            Ok(shape) => {
                record.geometry = shape.geometry;
                record.repairs.extend(shape.repairs);
                sink.record(slot, record)?;
            }
            Err(reason) => sink.reject(slot, Reject { number, id: None, reason })?,
        }
        if number % PROGRESS == 0 {
            let (done, total) = records.progress();
            sink.progress(done, total);
        }
    }
    let (_, total) = records.progress();
    sink.progress(total, total);
    let shapeless = table.map_or(0, |table| table.dbf.rows.saturating_sub(last));
    note_ends(sink, slot, &Ends { deleted, rowless, shapeless, trailing: records.trailing });
    Ok(())
}

/// Reads a `.dbf` that stands alone.
fn read_table(source: &Source, options: &Options, sink: &mut dyn Sink) -> Result<(), Error> {
    let dbf = Dbf::open(&source.path).map_err(|error| broken(source, &error))?;
    let (rows, cut_row, stated) = (dbf.rows, dbf.cut_row, dbf.stated_rows);
    let layer = layer(source, None, Some(stated));
    let (slot, table) = Table::open(source, options, sink, layer, Some(dbf))?;
    let Some(mut table) = table else {
        return Ok(());
    };
    let mut deleted = 0u64;
    for number in 1..=rows {
        let mut record = Record { number, ..Record::default() };
        match table.fill(sink, &mut record)? {
            Filled::Kept => sink.record(slot, record)?,
            Filled::Deleted => deleted += 1,
            Filled::Missing => sink.reject(
                slot,
                Reject { number, id: None, reason: "the row can not be read".into() },
            )?,
        }
        if number % PROGRESS == 0 {
            sink.progress(number, rows);
        }
    }
    if cut_row {
        sink.reject(
            slot,
            Reject {
                number: rows + 1,
                id: None,
                reason: "the row is cut off by the end of the file; get a whole copy of it".into(),
            },
        )?;
    }
    note_ends(sink, slot, &Ends { deleted, rowless: 0, shapeless: 0, trailing: 0 });
    Ok(())
}

fn layer(source: &Source, crs: Option<String>, expected: Option<u64>) -> SourceLayer {
    SourceLayer {
        name: source.stem.clone(),
        format: source.format.name(),
        crs,
        expected,
        ..SourceLayer::default()
    }
}

/// What is said once all is read.
struct Ends {
    deleted: u64,
    rowless: u64,
    shapeless: u64,
    trailing: u64,
}

fn note_ends(sink: &mut dyn Sink, slot: LayerSlot, ends: &Ends) {
    let Ends { deleted, rowless, shapeless, trailing } = ends;
    if *deleted > 0 {
        let text = format!("{deleted} rows marked as deleted in the .dbf were skipped");
        sink.note(Some(slot), Note::assumed(text));
    }
    if *rowless > 0 {
        let text = format!(
            "{rowless} shapes have no row in the .dbf and so no attributes; is it cut off?"
        );
        sink.note(Some(slot), Note::warning(text));
    }
    if *shapeless > 0 {
        let text = format!(
            "{shapeless} rows of the .dbf have no shape and were left out; is the .shp cut off?"
        );
        sink.note(Some(slot), Note::warning(text));
    }
    if *trailing > 0 {
        let text =
            format!("{trailing} bytes behind the last record are no record and were left out");
        sink.note(Some(slot), Note::warning(text));
    }
}

/// The attribute table with all that is needed to read its rows.
struct Table {
    dbf: Dbf,
    codec: Codec,
    columns: Columns,
}

enum Filled {
    Kept,
    Deleted,
    Missing,
}

impl Table {
    /// Decides on the encoding, opens the layer with the table's fields, and says what was decided.
    fn open(
        source: &Source,
        options: &Options,
        sink: &mut dyn Sink,
        mut layer: SourceLayer,
        dbf: Option<Dbf>,
    ) -> Result<(LayerSlot, Option<Self>), Error> {
        let Some(mut dbf) = dbf else {
            return Ok((sink.layer(layer)?, None));
        };
        let told = options.encoding.as_deref();
        let (codec, note) = match told.map(|label| (label, Codec::for_label(label))) {
            Some((_, Some(codec))) => (codec, None),
            Some((label, None)) => {
                return Err(Error::unsupported(
                    source,
                    format!("the encoding '{label}' is not known"),
                    "use a name such as GBK, UTF-8, Big5 or windows-1252 with --encoding",
                ));
            }
            None => {
                let cpg = beside(&source.path, "cpg").and_then(|path| read_text(&path));
                encoding::choose(cpg.as_deref(), dbf.driver, &dbf.sample())
            }
        };
        layer.fields = dbf.fields(codec);
        let columns = |slot| Columns::new(slot, &layer.fields);
        let slot_fields = layer.clone();
        let slot = sink.layer(slot_fields)?;
        let columns = columns(slot);
        if let Some(note) = note {
            sink.note(Some(slot), note);
        }
        let skipped = dbf.skipped(codec);
        if !skipped.is_empty() {
            sink.note(
                Some(slot),
                Note::warning(format!(
                    "columns of types that are not read were left out (memo, picture, ...): {}",
                    skipped.join(", ")
                )),
            );
        }
        if dbf.rows < dbf.stated_rows {
            sink.note(
                Some(slot),
                Note::warning(format!(
                    "the .dbf says that it has {} rows, but holds {}; it is cut off",
                    dbf.stated_rows, dbf.rows
                )),
            );
        }
        Ok((slot, Some(Self { dbf, codec, columns })))
    }

    /// Reads the row with the record's number into it.
    fn fill(&mut self, sink: &mut dyn Sink, record: &mut Record) -> Result<Filled, Error> {
        // Copied out of the file's window, because values may promote columns on the way.
        let row = match self.dbf.row(record.number.saturating_sub(1)) {
            Ok(Row::Kept(row)) => row.to_vec(),
            Ok(Row::Deleted) => return Ok(Filled::Deleted),
            Ok(Row::Missing) | Err(_) => return Ok(Filled::Missing),
        };
        record.values.reserve_exact(self.dbf.column_count());
        for i in 0..self.dbf.column_count() {
            let value = self.dbf.value(&row, i, self.codec, &mut record.repairs);
            record.values.push(self.columns.admit(sink, i, value)?);
        }
        Ok(Filled::Kept)
    }
}

/// Finds the file of the same name with another extension, in whatever case.
fn beside(path: &Path, extension: &str) -> Option<PathBuf> {
    let lower = path.with_extension(extension);
    if lower.is_file() {
        return Some(lower);
    }
    let stem = path.file_stem()?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let entries = std::fs::read_dir(folder).ok()?;
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|p| p.file_stem().is_some_and(|s| s.eq_ignore_ascii_case(stem)))
        .filter(|p| p.extension().is_some_and(|e| e.eq_ignore_ascii_case(extension)))
        .filter(|p| p.is_file())
        .collect();
    found.sort();
    found.into_iter().next()
}

/// Reads a small text file; `None` when it is empty or can not be read.
fn read_text(path: &Path) -> Option<String> {
    let file = std::fs::File::open(path).ok()?;
    let bytes = read_to_vec_bounded("side file", file, MAX_TEXT).ok()?;
    let detected = text::detect(&bytes);
    let decoded = text::decode(&bytes, detected.encoding).text;
    let text = decoded.trim_matches(|c: char| c.is_whitespace() || c == '\0' || c == '\u{feff}');
    (!text.is_empty()).then(|| text.to_owned())
}

fn broken(source: &Source, error: &onemap_bounded::Error) -> Error {
    Error::broken(
        source,
        None,
        error.to_string(),
        "get a whole copy of it, or open and save it again in the program that made it",
    )
}
