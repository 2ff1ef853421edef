//! Reads Parquet with geometry: GeoParquet 1.0 and 1.1 (well-known binary and native encodings), Parquet's
//! own geometry type, and files that state nothing but have a column of well-known binary or of longitude
//! and latitude.
//!
//! The crate `parquet` does the reading. It allocates by sizes that stand in the file and unpacks whatever
//! a page holds, so every size is checked first ([`guard`]), without reading the data; what it still says
//! by a panic is caught where it is called, because a damaged file must not end a server. Text and binary
//! are read as views into the unpacked pages, so nothing is copied before it becomes a value. Decoding
//! runs on a thread of its own, a few batches ahead of the sink, in the order of the file.

mod geo;
mod guard;
mod native;
#[cfg(test)]
mod tests;
mod thrift;
mod values;

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Schema};
use onemap_model::{Field, Geometry, LayerSlot, Note, Record, Reject, Sink, SourceLayer};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::file::metadata::{PageIndexPolicy, RowGroupMetaData};

use crate::table::{Columns, unique_names};
use crate::window::Window;
use crate::wkb_sink::{self, CLOSED_RING};
use crate::{Error, Options, Source};

use geo::{Encoding, Geo, Place};

/// Most rows decoded at a time.
const BATCH_ROWS: usize = 1_024;

/// How large a batch should be, bytes: few rows where rows are large.
const BATCH_BYTES: u64 = 8 << 20;

/// Batches that may be decoded ahead of the sink.
const BATCHES_AHEAD: usize = 4;

/// Rows looked at to find out whether a column holds well-known binary.
const PROBE_ROWS: usize = 16;

/// Reads a Parquet file.
pub(crate) fn read(source: &Source, options: &Options, sink: &mut dyn Sink) -> Result<(), Error> {
    if !options.wants(&source.stem) {
        return Ok(());
    }
    let bounded = |error| Error::bounded(source, None, error);
    let mut window =
        Window::open("parquet file", &source.path).map_err(|error| Error::io(source, error))?;
    guard::check_footer(&mut window).map_err(bounded)?;
    let file = File::open(&source.path).map_err(|error| Error::io(source, error))?;
    let parquet = open(&file).map_err(|reason| broken(source, &reason))?;
    let rows = guard::check_pages(&mut window, parquet.metadata()).map_err(bounded)?;

    let geo = match geo::find(parquet.metadata()).map_err(|reason| broken(source, &reason))? {
        Some(geo) => geo,
        None => geo::guess(parquet.metadata(), options.xy_fields.as_ref(), &mut |column| {
            is_wkb(&file, &parquet, column)
        }),
    };
    let plan = Plan::new(parquet.schema(), &geo).map_err(|reason| broken(source, &reason))?;
    let fields = plan.fields();
    let slot = sink.layer(SourceLayer {
        name: source.stem.clone(),
        format: source.format.name(),
        crs: geo.crs.clone(),
        default_crs: geo.default_crs,
        fields: fields.clone(),
        expected: Some(rows),
        ..SourceLayer::default()
    })?;
    for note in geo.notes {
        sink.note(Some(slot), note);
    }

    let total = window.len();
    let mut emitter =
        Emitter { columns: Columns::new(slot, &fields), slot, rows, bytes: total, emitted: 0 };
    let (sender, receiver) = sync_channel(BATCHES_AHEAD);
    let result = std::thread::scope(|scope| {
        let (file, plan) = (&file, &plan);
        // The sender goes with the decoder, the receiver with the emitter: when one ends, the other does.
        let decoder = scope.spawn(move || decode(file, parquet, plan, &sender));
        let emitted = emitter.emit(receiver, sink);
        let decoded = decoder.join().unwrap_or_else(|_| Err(PANIC.into()));
        (emitted, decoded)
    });
    let kept = emitter.emitted;
    match result {
        (Err(stopped), _) => Err(stopped),
        (Ok(()), Err(reason)) => {
            let at = format!("row {}", kept + 1);
            Err(Error::broken(source, Some(at), reason, REMEDY))
        }
        (Ok(()), Ok(())) => {
            if kept != rows {
                let text = format!("the file announces {rows} rows, {kept} were found");
                sink.note(Some(slot), Note::warning(text));
            }
            sink.progress(total, total);
            Ok(())
        }
    }
}

const REMEDY: &str = "get a whole copy of it, or write it again";
const PANIC: &str = "the data contradicts itself";

/// Records of one batch, in order: kept or rejected.
type Batch = Vec<Result<Record, Reject>>;

/// Hands batches over to the sink.
struct Emitter {
    columns: Columns,
    slot: LayerSlot,
    rows: u64,
    bytes: u64,
    emitted: u64,
}

impl Emitter {
    fn emit(&mut self, batches: Receiver<Batch>, sink: &mut dyn Sink) -> Result<(), Error> {
        for batch in batches {
            for record in batch {
                self.emitted += 1;
                match record {
                    Ok(mut record) => {
                        for (i, value) in record.values.iter_mut().enumerate() {
                            let taken = std::mem::take(value);
                            *value = self.columns.admit(sink, i, taken)?;
                        }
                        sink.record(self.slot, record)?;
                    }
                    Err(reject) => sink.reject(self.slot, reject)?,
                }
            }
            let share = self.emitted as f64 / self.rows.max(1) as f64;
            let done = (self.bytes as f64 * share.min(1.0)) as u64;
            sink.progress(done, self.bytes);
        }
        Ok(())
    }
}

/// Decodes the file batch by batch and sends records; ends early when the sink wants no more.
fn decode(
    file: &File,
    parquet: ArrowReaderMetadata,
    plan: &Plan,
    to: &SyncSender<Batch>,
) -> Result<(), String> {
    let groups = parquet.metadata().row_groups();
    let sum = |size: fn(&RowGroupMetaData) -> i64| -> u64 {
        groups.iter().map(|group| u64::try_from(size(group)).unwrap_or(0)).sum()
    };
    let row_bytes = sum(RowGroupMetaData::total_byte_size) / sum(RowGroupMetaData::num_rows).max(1);
    let batch_rows = (BATCH_BYTES / row_bytes.max(1)).clamp(1, BATCH_ROWS as u64) as usize;
    let mut reader = guarded(|| {
        let file = file.try_clone().map_err(|error| error.to_string())?;
        ParquetRecordBatchReaderBuilder::new_with_metadata(file, parquet)
            .with_batch_size(batch_rows)
            .build()
            .map_err(|error| error.to_string())
    })?;
    let mut number = 0u64;
    while let Some(batch) = next(&mut reader)? {
        let records = guarded(|| plan.records(&batch, number))?;
        number += batch.num_rows() as u64;
        if to.send(records).is_err() {
            break;
        }
    }
    Ok(())
}

fn next(reader: &mut ParquetRecordBatchReader) -> Result<Option<RecordBatch>, String> {
    guarded(|| reader.next().transpose().map_err(|error| error.to_string()))
}

/// Calls into the crates `parquet` and `arrow`, which say some damage by a panic. Nothing that was in
/// their hands is used after one.
fn guarded<T>(call: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| Err(PANIC.into()))
}

/// Reads the metadata, and asks for text and binary as views.
fn open(file: &File) -> Result<ArrowReaderMetadata, String> {
    guarded(|| {
        // The Arrow schema that some writers embed only adds dictionaries and the like; without it there
        // are fewer types to know, and one thing less to be damaged.
        let options = ArrowReaderOptions::new()
            .with_skip_arrow_metadata(true)
            .with_page_index_policy(PageIndexPolicy::Skip);
        let metadata = ArrowReaderMetadata::load(file, options.clone())
            .map_err(|error| format!("its metadata can not be read: {error}"))?;
        let fields: Vec<_> = metadata
            .schema()
            .fields()
            .iter()
            .map(|field| match field.data_type() {
                DataType::Utf8 => {
                    Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8View))
                }
                DataType::Binary => {
                    Arc::new(field.as_ref().clone().with_data_type(DataType::BinaryView))
                }
                _ => Arc::clone(field),
            })
            .collect();
        let schema = Schema::new_with_metadata(fields, metadata.schema().metadata().clone());
        let options = options.with_schema(Arc::new(schema));
        ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options)
            .map_err(|error| format!("its schema can not be read: {error}"))
    })
}

/// Tells whether the first values of a column are well-known binary.
fn is_wkb(file: &File, parquet: &ArrowReaderMetadata, column: usize) -> bool {
    let first = || {
        let file = file.try_clone().map_err(|error| error.to_string())?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, parquet.clone());
        let mask = ProjectionMask::leaves(builder.parquet_schema(), [column]);
        let mut reader = builder
            .with_projection(mask)
            .with_batch_size(PROBE_ROWS)
            .with_limit(PROBE_ROWS)
            .build()
            .map_err(|error| error.to_string())?;
        next(&mut reader)
    };
    let Ok(Some(batch)) = guarded(first) else {
        return false;
    };
    let Some(array) = batch.columns().first() else {
        return false;
    };
    let mut values = (0..array.len()).filter_map(|i| binary(array, i)).peekable();
    values.peek().is_some() && values.all(|bytes| wkb_sink::from_wkb(bytes).is_ok())
}

/// Returns a binary value that is not null.
fn binary(array: &dyn Array, i: usize) -> Option<&[u8]> {
    if array.is_null(i) {
        return None;
    }
    match array.data_type() {
        DataType::BinaryView => Some(array.as_binary_view().value(i)),
        DataType::Utf8View => Some(array.as_string_view().value(i).as_bytes()),
        DataType::Binary => Some(array.as_binary::<i32>().value(i)),
        _ => None,
    }
}

/// Which columns become what.
struct Plan {
    shape: Shape,
    /// Position and field of the attributes.
    attributes: Vec<(usize, Field)>,
}

enum Shape {
    Column(usize, Encoding),
    LonLat(usize, usize),
    None,
}

impl Plan {
    fn new(schema: &Schema, geo: &Geo) -> Result<Self, String> {
        let position = |name: &str| {
            let found = schema.fields().iter().position(|field| field.name() == name);
            found.ok_or_else(|| format!("its metadata names a column '{name}' that is not there"))
        };
        let shape = match &geo.place {
            Place::Column(name, encoding) => Shape::Column(position(name)?, *encoding),
            Place::LonLat(x, y) => Shape::LonLat(position(x)?, position(y)?),
            Place::None => Shape::None,
        };
        let is_attribute = |i: usize, name: &String| {
            !matches!(shape, Shape::Column(at, _) if at == i) && !geo.left_out.contains(name)
        };
        let attributes: Vec<_> = schema
            .fields()
            .iter()
            .enumerate()
            .filter(|(i, field)| is_attribute(*i, field.name()))
            .collect();
        let names = unique_names(attributes.iter().map(|(_, field)| field.name().clone()));
        let attributes = attributes
            .into_iter()
            .zip(names)
            .map(|((i, field), name)| (i, Field::new(name, values::field_type(field.data_type()))))
            .collect();
        Ok(Self { shape, attributes })
    }

    fn fields(&self) -> Vec<Field> {
        self.attributes.iter().map(|(_, field)| field.clone()).collect()
    }

    /// Makes records of a batch; `before` rows were read already.
    fn records(&self, batch: &RecordBatch, before: u64) -> Result<Batch, String> {
        let mut records: Vec<Record> = (1..=batch.num_rows() as u64)
            .map(|i| Record {
                number: before + i,
                values: Vec::with_capacity(self.attributes.len()),
                ..Record::default()
            })
            .collect();
        let column = |i: usize| -> Result<&ArrayRef, String> {
            batch.columns().get(i).ok_or_else(|| "a column is missing".to_owned())
        };
        for (i, _) in &self.attributes {
            values::append(column(*i)?, &mut records);
        }
        let mut faults: Vec<(usize, String)> = Vec::new();
        match &self.shape {
            Shape::None => {}
            Shape::LonLat(x, y) => {
                let (x, y) = (column(*x)?, column(*y)?);
                for (i, record) in records.iter_mut().enumerate() {
                    let at = number(x, i).zip(number(y, i));
                    record.geometry = at.map(|(x, y)| Geometry::point([x, y]));
                }
            }
            Shape::Column(at, Encoding::Wkb) => {
                let array = column(*at)?;
                for (i, record) in records.iter_mut().enumerate() {
                    let Some(bytes) = binary(array, i).filter(|bytes| !bytes.is_empty()) else {
                        continue;
                    };
                    match wkb_sink::from_wkb(bytes) {
                        Ok(read) => {
                            record.geometry = Some(read.geometry).filter(|g| !g.is_empty());
                            record.repairs = read.repairs;
                        }
                        Err(error) => faults.push((i, error.to_string())),
                    }
                }
            }
            Shape::Column(at, Encoding::Native(kind)) => {
                let column = native::Column::new(*kind, column(*at)?.as_ref())?;
                for (i, record) in records.iter_mut().enumerate() {
                    let (geometry, closed) = column.geometry(i);
                    match geometry {
                        Some(geometry) if !geometry.is_well_formed() => {
                            faults.push((i, "its coordinates contradict each other".into()));
                        }
                        geometry => record.geometry = geometry,
                    }
                    if closed {
                        record.repairs.push(CLOSED_RING);
                    }
                }
            }
        }
        let mut batch: Batch = records.into_iter().map(Ok).collect();
        for (i, reason) in faults {
            if let Some(slot) = batch.get_mut(i) {
                *slot = Err(Reject {
                    number: before + i as u64 + 1,
                    id: None,
                    reason: format!("the geometry can not be read: {reason}"),
                });
            }
        }
        Ok(batch)
    }
}

/// Returns a number that is neither null nor NaN.
fn number(array: &ArrayRef, i: usize) -> Option<f64> {
    if array.is_null(i) {
        return None;
    }
    let number = match array.data_type() {
        DataType::Float64 => array.as_primitive::<Float64Type>().value(i),
        DataType::Float32 => array.as_primitive::<Float32Type>().value(i).into(),
        _ => return None,
    };
    (!number.is_nan()).then_some(number)
}

fn broken(source: &Source, reason: &str) -> Error {
    Error::broken(source, None, reason, REMEDY)
}
