//! Tables as they stand in their files, before their columns mean anything.

use onemap_model::{
    BlobRef, Field, Geometry, LayerSlot, Note, Record, Reject, Sink, SourceLayer, Stopped, Value,
};

use crate::limits::{MAX_CELLS, MAX_SAMPLED_ROWS, SAMPLE_ROWS};

/// A table.
#[derive(Debug, Default)]
pub(crate) struct RawTable {
    pub(crate) name: String,
    pub(crate) columns: Vec<String>,
    pub(crate) crs: Option<String>,
    pub(crate) default_crs: Option<&'static str>,
    pub(crate) rows: Vec<RawRow>,
    pub(crate) rejects: Vec<Reject>,
    pub(crate) notes: Vec<Note>,
}

/// A row.
#[derive(Debug)]
pub(crate) struct RawRow {
    /// Number in the table, from 1, without the header.
    pub(crate) number: u64,
    pub(crate) cells: Vec<Value>,
    pub(crate) geometry: Option<Geometry>,
}

/// Takes the tables of a source.
#[derive(Debug, Default)]
pub(crate) struct RawSink {
    pub(crate) tables: Vec<RawTable>,
    pub(crate) notes: Vec<Note>,
    /// Keep only the first rows of each table, to look at them.
    only_sample: bool,
    /// Stop after the sample of the first table: the source has no other.
    one_table: bool,
    cells: usize,
    seen: usize,
    /// The reading was stopped because there are too many cells.
    pub(crate) is_full: bool,
}

impl RawSink {
    /// Makes a sink that looks at the first rows only.
    pub(crate) fn sample(one_table: bool) -> Self {
        Self { only_sample: true, one_table, ..Self::default() }
    }

    fn table(&mut self, layer: LayerSlot) -> Result<&mut RawTable, Stopped> {
        self.tables.get_mut(layer.0).ok_or(Stopped)
    }
}

impl Sink for RawSink {
    fn layer(&mut self, layer: SourceLayer) -> Result<LayerSlot, Stopped> {
        self.tables.push(RawTable {
            name: layer.name,
            columns: layer.fields.into_iter().map(|field| field.name).collect(),
            crs: layer.crs,
            default_crs: layer.default_crs,
            ..RawTable::default()
        });
        Ok(LayerSlot(self.tables.len() - 1))
    }

    fn field(&mut self, layer: LayerSlot, field: Field) -> Result<usize, Stopped> {
        let table = self.table(layer)?;
        if let Some(position) = table.columns.iter().position(|name| *name == field.name) {
            return Ok(position);
        }
        table.columns.push(field.name);
        Ok(table.columns.len() - 1)
    }

    fn record(&mut self, layer: LayerSlot, record: Record) -> Result<(), Stopped> {
        self.seen += 1;
        self.cells += record.values.len() + 1;
        let (only_sample, one_table, seen) = (self.only_sample, self.one_table, self.seen);
        let is_full = self.cells > MAX_CELLS && !only_sample;
        self.is_full |= is_full;
        let table = self.table(layer)?;
        if only_sample && table.rows.len() >= SAMPLE_ROWS {
            return if one_table || seen > MAX_SAMPLED_ROWS { Err(Stopped) } else { Ok(()) };
        }
        if is_full {
            return Err(Stopped);
        }
        let Record { number, values, geometry, .. } = record;
        table.rows.push(RawRow { number, cells: values, geometry });
        Ok(())
    }

    fn reject(&mut self, layer: LayerSlot, reject: Reject) -> Result<(), Stopped> {
        let table = self.table(layer)?;
        table.rejects.push(reject);
        Ok(())
    }

    fn note(&mut self, layer: Option<LayerSlot>, note: Note) {
        match layer.and_then(|layer| self.tables.get_mut(layer.0)) {
            Some(table) => table.notes.push(note),
            None => self.notes.push(note),
        }
    }

    fn blob(&mut self, _: &[u8]) -> Result<BlobRef, Stopped> {
        Err(Stopped)
    }

    fn progress(&mut self, _: u64, _: u64) {}
}
