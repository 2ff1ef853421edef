//! Reads FlatGeobuf (version 3) as a stream, with or without index.
//!
//! The tables are those of the crate `flatgeobuf`, but the reading is ours: the crate's reader allocates
//! by the sizes that a file states and hands geometry out through geozero, which trusts counts. Here a
//! feature is held only as far as its bytes really arrive, is verified as a whole, and is then copied
//! array by array. The index is passed over: everything is read anyway.

mod geometry;
mod properties;
#[cfg(test)]
mod tests;

use std::io::Read;

use flatgeobuf as fgb;
use onemap_model::{Field, LayerSlot, Note, Record, Reject, Sink, SourceLayer};
use onemap_source::Input;

use crate::table::{Columns, unique_names};
use crate::{Error, Options, Source};

use properties::Properties;

/// The largest header, bytes: 4,096 columns with long descriptions.
const MAX_HEADER: usize = 16 << 20;

/// The largest feature, bytes: 16 million vertices, the most a feature may have.
const MAX_FEATURE: usize = 256 << 20;

/// Smallest size of a node of the index, bytes.
const NODE: u64 = 40;

/// Reads a FlatGeobuf file.
pub(crate) fn read(source: &Source, options: &Options, sink: &mut dyn Sink) -> Result<(), Error> {
    let mut input = Input::open(source)?;
    let mut magic = Vec::with_capacity(8);
    read_exactly(&mut input, 8, &mut magic).map_err(|e| broken(source, &e))?;
    match magic.as_slice() {
        [b'f', b'g', b'b', 3, ..] => {}
        [b'f', b'g', b'b', version, ..] => {
            let reason = format!("it is FlatGeobuf of version {version}; only version 3 is read");
            return Err(Error::unsupported(
                source,
                reason,
                "write it again with GDAL 3.1 or newer",
            ));
        }
        _ => return Err(broken(source, "it does not begin as FlatGeobuf does")),
    }
    let header = table(&mut input, MAX_HEADER)
        .map_err(|e| broken(source, &format!("the header can not be read: {e}")))?
        .ok_or_else(|| broken(source, "it ends before the header"))?;
    let header = fgb::size_prefixed_root_as_header(&header)
        .map_err(|error| broken(source, &format!("the header is damaged: {error}")))?;

    let name = header.name().filter(|name| !name.is_empty()).unwrap_or(&source.stem);
    if !options.wants(name) && !options.wants(&source.stem) {
        return Ok(());
    }
    let count = header.features_count();
    skip_index(&mut input, count, header.index_node_size()).map_err(|e| broken(source, &e))?;

    let columns = header_columns(&header);
    let layer = SourceLayer {
        name: name.to_owned(),
        format: source.format.name(),
        crs: header.crs().and_then(|crs| crs_text(&crs)),
        fields: columns.iter().map(|(field, _)| field.clone()).collect(),
        expected: (count > 0).then_some(count),
        title: header.title().filter(|title| !title.is_empty()).map(str::to_owned),
        ..SourceLayer::default()
    };
    let fields = layer.fields.clone();
    let slot = sink.layer(layer)?;
    let types = columns.into_iter().map(|(_, kind)| kind).collect();
    let mut features = Features {
        slot,
        kind: header.geometry_type(),
        properties: Properties::new(types),
        columns: Columns::new(slot, &fields),
    };

    let mut number = 0;
    loop {
        match table(&mut input, MAX_FEATURE) {
            Ok(None) => break,
            Ok(Some(feature)) => {
                number += 1;
                features.emit(sink, number, &feature)?;
            }
            // There is no telling where the next feature begins.
            Err(reason) => {
                number += 1;
                reject(sink, slot, number, reason)?;
                break;
            }
        }
        input.tell(sink);
    }
    if count > 0 && number != count {
        let text = format!(
            "the header announces {count} features, the file holds {number}; it is cut off or was changed"
        );
        sink.note(Some(slot), Note::warning(text));
    }
    input.tell(sink);
    Ok(())
}

/// What is known of a file when its features are read.
struct Features {
    slot: LayerSlot,
    kind: fgb::GeometryType,
    properties: Properties,
    columns: Columns,
}

impl Features {
    fn emit(&mut self, sink: &mut dyn Sink, number: u64, bytes: &[u8]) -> Result<(), Error> {
        let feature = match fgb::size_prefixed_root_as_feature(bytes) {
            Ok(feature) => feature,
            Err(error) => {
                let reason = format!("the feature is damaged: {error}");
                return reject(sink, self.slot, number, reason);
            }
        };
        let mut record = Record { number, ..Record::default() };
        if let Some(geometry) = feature.geometry() {
            match geometry::read(&geometry, self.kind) {
                Ok(read) => {
                    record.geometry = read.geometry;
                    record.repairs = read.repairs;
                }
                Err(reason) => return reject(sink, self.slot, number, reason),
            }
        }
        let properties = feature.properties().map(|p| p.bytes()).unwrap_or_default();
        let own = feature.columns().filter(|columns| !columns.is_empty());
        let values = match own {
            Some(columns) => {
                // A feature of a mixed layer brings its own columns.
                let mut places = Vec::new();
                let mut types = Vec::new();
                for column in columns {
                    let (field, kind) = field_of(&column, column.name().to_owned());
                    places.push(sink.field(self.slot, field.clone())?);
                    self.columns.meet(places.last().copied().unwrap_or(0), &field);
                    types.push(kind);
                }
                Properties::new(types).values(properties).map(|values| {
                    let length = places.iter().max().map_or(0, |last| last + 1);
                    let mut placed = vec![onemap_model::Value::Null; length];
                    for (place, value) in places.iter().zip(values) {
                        if let Some(slot) = placed.get_mut(*place) {
                            *slot = value;
                        }
                    }
                    placed
                })
            }
            None => self.properties.values(properties),
        };
        let values = match values {
            Ok(values) => values,
            Err(error) => {
                let reason = format!("the attributes are damaged: {error}");
                return reject(sink, self.slot, number, reason);
            }
        };
        record.values.reserve_exact(values.len());
        for (i, value) in values.into_iter().enumerate() {
            record.values.push(self.columns.admit(sink, i, value)?);
        }
        sink.record(self.slot, record)?;
        Ok(())
    }
}

fn header_columns(header: &fgb::Header) -> Vec<(Field, fgb::ColumnType)> {
    let Some(columns) = header.columns() else {
        return Vec::new();
    };
    let names = unique_names(columns.iter().map(|column| column.name().to_owned()));
    columns.iter().zip(names).map(|(column, name)| field_of(&column, name)).collect()
}

fn field_of(column: &fgb::Column, name: String) -> (Field, fgb::ColumnType) {
    let mut field = Field::new(name, properties::field_type(column.type_()));
    let title = column.title().or(column.description());
    field.title = title.filter(|title| !title.is_empty()).map(str::to_owned);
    (field, column.type_())
}

fn crs_text(crs: &fgb::Crs) -> Option<String> {
    let org = crs.org().filter(|org| !org.is_empty()).unwrap_or("EPSG");
    if crs.code() > 0 {
        return Some(format!("{org}:{}", crs.code()));
    }
    let code = crs.code_string().filter(|code| !code.is_empty());
    let wkt = crs.wkt().filter(|wkt| !wkt.is_empty());
    code.map(|code| format!("{org}:{code}")).or(wkt.map(str::to_owned))
}

/// Passes over the packed R-tree, whose size follows from the number of features.
fn skip_index(input: &mut Input, count: u64, node_size: u16) -> Result<(), String> {
    if count == 0 || node_size < 2 {
        return Ok(());
    }
    let overflow = || format!("the header announces {count} features, which is impossible");
    let mut level = count;
    let mut nodes = count;
    while level > 1 {
        level = level.div_ceil(node_size.into());
        nodes = nodes.checked_add(level).ok_or_else(overflow)?;
    }
    // A tree of one feature has a root above its leaf.
    if count == 1 {
        nodes = 2;
    }
    let size = nodes.checked_mul(NODE).ok_or_else(overflow)?;
    let skipped = std::io::copy(&mut input.take(size), &mut std::io::sink())
        .map_err(|error| error.to_string())?;
    if skipped < size {
        return Err(format!("the index takes {size} bytes, but only {skipped} are left"));
    }
    Ok(())
}

/// Appends exactly `n` bytes, holding no more than really arrive.
fn read_exactly(input: &mut Input, n: usize, to: &mut Vec<u8>) -> Result<(), String> {
    let before = to.len();
    to.reserve(n.min(1 << 20));
    input.take(n as u64).read_to_end(to).map_err(|error| error.to_string())?;
    let read = to.len() - before;
    if read < n {
        return Err(format!(
            "it states a size of {n} bytes, but only {read} are left; the file is cut off"
        ));
    }
    Ok(())
}

/// Reads a table with the four bytes of its size before it, from which its alignment counts; `None` at
/// the end of the file.
fn table(input: &mut Input, limit: usize) -> Result<Option<Vec<u8>>, String> {
    let mut buffer = Vec::with_capacity(4);
    input.take(4).read_to_end(&mut buffer).map_err(|error| error.to_string())?;
    let size = match buffer.as_slice() {
        [] => return Ok(None),
        &[a, b, c, d] => u32::from_le_bytes([a, b, c, d]) as usize,
        _ => return Err("the file ends within a size; it is cut off".into()),
    };
    if size > limit {
        return Err(format!("it states a size of {size} bytes, more than {limit}"));
    }
    read_exactly(input, size, &mut buffer)?;
    Ok(Some(buffer))
}

fn reject(sink: &mut dyn Sink, slot: LayerSlot, number: u64, reason: String) -> Result<(), Error> {
    let reject = Reject { number, id: None, reason };
    Ok(sink.reject(slot, reject)?)
}

fn broken(source: &Source, reason: &str) -> Error {
    Error::broken(source, None, reason, "get a whole copy of it, or write it again with ogr2ogr")
}
