//! Attributes that come as name and value, record by record, with types that show as they come.

use onemap_model::{Field, FieldType, LayerSlot, Schema, Sink, Stopped, Value};
use rustc_hash::FxHashMap;

/// Turns names into positions and tells the sink of new fields and wider types.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    all: Vec<Column>,
    by_name: FxHashMap<String, usize>,
    /// Where the next name stands if this record has the order of the last one.
    expected: usize,
}

#[derive(Debug)]
struct Column {
    name: String,
    /// Known from the first value that is not null.
    known: Option<(usize, FieldType)>,
}

/// There are too many names, or the sink wants no more.
#[derive(Debug)]
pub(crate) enum ColumnsFull {
    /// More names than a layer may have fields.
    TooMany,
    /// The sink wants no more.
    Stopped(Stopped),
}

impl Columns {
    /// Tells how many fields a layer may have, for the error.
    pub(crate) const REASON: &'static str =
        "its records have more than 4096 different attribute names";
    /// What to do about it.
    pub(crate) const REMEDY: &'static str =
        "attribute names look like values; move them into one attribute of type text or list";

    /// Begins a record.
    pub(crate) fn begin(&mut self) {
        self.expected = 0;
    }

    /// Puts a value where it belongs. A name met twice in one record keeps the last value.
    pub(crate) fn set(
        &mut self,
        layer: LayerSlot,
        name: &str,
        value: Value,
        values: &mut Vec<Value>,
        sink: &mut dyn Sink,
    ) -> Result<(), ColumnsFull> {
        let i = self.find(name)?;
        self.expected = i + 1;
        let Some(kind) = value.kind() else {
            // Null says nothing, but in a name met twice it may replace a value.
            if let Some((position, _)) = self.all.get(i).and_then(|c| c.known)
                && let Some(slot) = values.get_mut(position)
            {
                *slot = value;
            }
            return Ok(());
        };
        let Some(column) = self.all.get_mut(i) else { return Ok(()) };
        let position = match column.known {
            Some((position, known)) if known == kind => position,
            Some((position, known)) => {
                let wider = known.promote(kind);
                if wider != known {
                    sink.field(layer, Field::new(column.name.clone(), kind))
                        .map_err(ColumnsFull::Stopped)?;
                    column.known = Some((position, wider));
                }
                position
            }
            None => {
                let position = sink
                    .field(layer, Field::new(column.name.clone(), kind))
                    .map_err(ColumnsFull::Stopped)?;
                column.known = Some((position, kind));
                position
            }
        };
        if values.len() <= position {
            values.resize(position + 1, Value::Null);
        }
        if let Some(slot) = values.get_mut(position) {
            *slot = value;
        }
        Ok(())
    }

    /// Makes text fields of the names that never had a value.
    pub(crate) fn finish(&mut self, layer: LayerSlot, sink: &mut dyn Sink) -> Result<(), Stopped> {
        for column in self.all.iter_mut().filter(|column| column.known.is_none()) {
            let position = sink.field(layer, Field::new(column.name.clone(), FieldType::Text))?;
            column.known = Some((position, FieldType::Text));
        }
        Ok(())
    }

    fn find(&mut self, name: &str) -> Result<usize, ColumnsFull> {
        if self.all.get(self.expected).is_some_and(|column| column.name == name) {
            return Ok(self.expected);
        }
        if let Some(&i) = self.by_name.get(name) {
            return Ok(i);
        }
        if self.all.len() >= Schema::MAX_FIELDS {
            return Err(ColumnsFull::TooMany);
        }
        let i = self.all.len();
        self.all.push(Column { name: name.to_owned(), known: None });
        self.by_name.insert(name.to_owned(), i);
        Ok(i)
    }
}
