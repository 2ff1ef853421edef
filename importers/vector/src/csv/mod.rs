//! Separated text: CSV, TSV and their relatives, in any encoding.

mod sniff;
#[cfg(test)]
mod tests;
mod tokens;

pub(crate) use sniff::looks_like_table;

use std::io::{BufReader, Read};

use onemap_model::{Note, Sink};
use onemap_source::{Input, Progress};

use crate::encoding::{TextEncoding, Utf8Reader};
use crate::sheet::{Cell, Survey, Table};
use crate::{Error, Options, Source, limits};
use tokens::{Row, Rows};

pub(crate) fn read(source: &Source, options: &Options, sink: &mut dyn Sink) -> Result<(), Error> {
    if !options.wants(&source.stem) {
        return Ok(());
    }
    let text = Text::examine(source, options)?;
    let (mut rows, mut progress) = text.rows(source, Half::First)?;
    let mut row = Row::default();
    let mut survey = Survey::default();
    while next(source, &mut rows, &mut row)? {
        survey.row(row.cells().map(Cell::text).collect());
        progress.tell(sink);
    }
    let Some(surveyed) = survey.finish() else {
        return Err(Error::unsupported(source, "the table has no rows", "export it again"));
    };
    let mut table = Table::open(
        source,
        options,
        &source.stem,
        &surveyed,
        text.note.clone().into_iter().collect(),
        sink,
    )?;
    let (mut rows, mut progress) = text.rows(source, Half::Second)?;
    let mut number = 0;
    while next(source, &mut rows, &mut row)? {
        number += 1;
        if number <= surveyed.header_rows {
            continue;
        }
        let at = format!("line {}", row.line);
        if row.is_open {
            table.reject(
                &at,
                "a quote that is opened in this row is never closed; close it",
                sink,
            )?;
        } else if row.len() < table.width() {
            let reason = format!(
                "the row has {} cells, the table {} columns; is a separator or quote missing?",
                row.len(),
                table.width()
            );
            table.reject(&at, reason, sink)?;
        } else {
            let cells: Vec<Cell> = row.cells().map(Cell::text).collect();
            table.row(&at, &cells, sink)?;
        }
        progress.tell(sink);
    }
    Ok(())
}

fn next<R: std::io::BufRead>(
    source: &Source,
    rows: &mut Rows<R>,
    row: &mut Row,
) -> Result<bool, Error> {
    rows.next(row)
        .map_err(|error| Error::read_failed(source, Some(format!("line {}", row.line)), error))
}

/// Text in UTF-8.
type Stream = BufReader<Utf8Reader<Input>>;

/// How the text is to be read.
struct Text {
    encoding: &'static encoding_rs::Encoding,
    separator: u8,
    /// Bytes before the first row: a line `sep=;`, which Excel writes.
    skip: usize,
    note: Option<Note>,
}

/// The two readings of a table share the progress.
#[derive(Clone, Copy)]
enum Half {
    First,
    Second,
}

impl Text {
    fn examine(source: &Source, options: &Options) -> Result<Self, Error> {
        let mut head = Vec::new();
        let limit = limits::HEAD_BYTES as u64;
        let read = Input::open(source)?.take(limit).read_to_end(&mut head);
        if let (Err(error), true) = (read, head.is_empty()) {
            return Err(Error::read_failed(source, None, error));
        }
        let TextEncoding { encoding, note } = TextEncoding::of(source, options, &head)?;
        let is_whole = head.len() < limits::HEAD_BYTES;
        let (text, _, _) = encoding.decode(&head);
        let told = text.lines().next().and_then(|line| {
            let separator = line.trim_end().strip_prefix("sep=")?.bytes().next()?;
            Some((separator, line.len() + 1))
        });
        if let Some((separator, skip)) = told {
            return Ok(Self { encoding, separator, skip, note });
        }
        let separator = sniff::decide(&text, is_whole);
        Ok(Self { encoding, separator, skip: 0, note })
    }

    fn rows(&self, source: &Source, half: Half) -> Result<(Rows<Stream>, Progress), Error> {
        let input = Input::open(source)?;
        let progress = match half {
            Half::First => input.progress().part(0, 2),
            Half::Second => input.progress().part(1, 2),
        };
        let utf8 = Utf8Reader::new(input, self.encoding);
        let mut reader = BufReader::with_capacity(limits::BUFFER_BYTES, utf8);
        let skip = self.skip as u64;
        let skipped = std::io::copy(&mut (&mut reader).take(skip), &mut std::io::sink());
        skipped.map_err(|error| Error::read_failed(source, None, error))?;
        Ok((Rows::new(reader, self.separator), progress))
    }
}
