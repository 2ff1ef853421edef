//! The FlatGeobuf header of a segment.

use flatbuffers::FlatBufferBuilder;
use flatgeobuf::{Column, ColumnArgs, ColumnType, Crs, CrsArgs, GeometryType, Header, HeaderArgs};
use onemap_generalise::DropPlan;
use onemap_model::{Field, FieldType, Layer};
use serde::{Deserialize, Serialize};

use super::columns::{Columns, FIRST_FIELD, reserved_name};
use super::encode::Traits;
use super::tree::{self, FANOUT, Tree};
use crate::Result;
use crate::error::StoreError;
use crate::map::CheckedMap;

const MAGIC: [u8; 8] = *b"fgb\x03fgb\x00";
/// The most bytes that a header may take.
const MAX_HEADER: usize = 16 << 20;

/// What a column says of itself beyond what FlatGeobuf has a place for.
#[derive(Serialize, Deserialize)]
struct ColumnNote {
    /// Our type, where FlatGeobuf's says less.
    #[serde(rename = "type")]
    kind: FieldType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title_en: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
}

/// What a segment says of itself beyond what FlatGeobuf has a place for.
#[derive(Serialize, Deserialize)]
struct SegmentNote {
    /// When its features show.
    plan: DropPlan,
}

/// What the reader needs to know of a header.
pub(super) struct Head {
    pub(super) columns: Columns,
    /// Names of the fields.
    pub(super) names: Vec<String>,
    pub(super) plan: DropPlan,
    pub(super) tree: Option<Tree>,
    pub(super) features_at: u64,
}

/// Makes magic and header of a segment of a layer.
pub(super) fn encode(
    layer: &Layer,
    columns: &Columns,
    traits: &Traits,
    plan: &DropPlan,
) -> Vec<u8> {
    let mut fbb = FlatBufferBuilder::new();
    let fields = &layer.schema.fields;
    let mut list = vec![plain_column(&mut fbb, &reserved_name("_id", fields), ColumnType::Long)];
    for field in fields {
        list.push(field_column(&mut fbb, field));
    }
    let extras = [
        ("_from", columns.extras.from, ColumnType::DateTime),
        ("_to", columns.extras.to, ColumnType::DateTime),
        ("_state", columns.extras.state, ColumnType::String),
    ];
    for (name, column, kind) in extras {
        if column.is_some() {
            list.push(plain_column(&mut fbb, &reserved_name(name, fields), kind));
        }
    }
    let list = fbb.create_vector(&list);
    let crs = CrsArgs {
        org: Some(fbb.create_string("EPSG")),
        code: 4326,
        name: Some(fbb.create_string("WGS 84")),
        ..CrsArgs::default()
    };
    let crs = Crs::create(&mut fbb, &crs);
    let envelope = traits.bounds.map(|b| fbb.create_vector(&b.to_array()));
    // One kind of shape is said here; with several, every feature says its own.
    let geometry_type = match traits.kinds.count_ones() {
        1 => GeometryType(traits.kinds.trailing_zeros() as u8),
        _ => GeometryType::Unknown,
    };
    let note = SegmentNote { plan: plan.clone() };
    let note = serde_json::to_string(&note).unwrap_or_default();
    let all_have = |n: u64| n > 0 && n == traits.with_geometry;
    let args = HeaderArgs {
        name: Some(fbb.create_string(layer.id.as_str())),
        title: Some(fbb.create_string(&layer.title)),
        envelope,
        geometry_type,
        has_z: all_have(traits.with_z),
        has_m: all_have(traits.with_m),
        columns: Some(list),
        features_count: traits.features,
        index_node_size: if traits.features == 0 { 0 } else { FANOUT as u16 },
        crs: Some(crs),
        metadata: Some(fbb.create_string(&note)),
        ..HeaderArgs::default()
    };
    let header = Header::create(&mut fbb, &args);
    fbb.finish_size_prefixed(header, None);
    [&MAGIC, fbb.finished_data()].concat()
}

type ColumnOffset<'f> = flatbuffers::WIPOffset<Column<'f>>;

fn plain_column<'f>(
    fbb: &mut FlatBufferBuilder<'f>,
    name: &str,
    kind: ColumnType,
) -> ColumnOffset<'f> {
    let args =
        ColumnArgs { name: Some(fbb.create_string(name)), type_: kind, ..ColumnArgs::default() };
    Column::create(fbb, &args)
}

fn field_column<'f>(fbb: &mut FlatBufferBuilder<'f>, field: &Field) -> ColumnOffset<'f> {
    let kind = match field.kind {
        FieldType::Bool => ColumnType::Bool,
        FieldType::Int => ColumnType::Long,
        FieldType::Float => ColumnType::Double,
        FieldType::Text => ColumnType::String,
        FieldType::Date | FieldType::DateTime => ColumnType::DateTime,
        FieldType::Bytes | FieldType::Model => ColumnType::Binary,
        FieldType::Json => ColumnType::Json,
    };
    let note =
        ColumnNote { kind: field.kind, title_en: field.title_en.clone(), unit: field.unit.clone() };
    let note = serde_json::to_string(&note).unwrap_or_default();
    let args = ColumnArgs {
        name: Some(fbb.create_string(&field.name)),
        type_: kind,
        title: field.title.as_ref().map(|t| fbb.create_string(t)),
        metadata: Some(fbb.create_string(&note)),
        ..ColumnArgs::default()
    };
    Column::create(fbb, &args)
}

/// Reads the header of a mapped segment.
pub(super) fn read(data: &CheckedMap) -> Result<Head> {
    let damaged = |what: &str| StoreError::damaged(data.path(), 0, what);
    let prefix = data.get(0, 12)?;
    let size =
        prefix.get(8..12).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes) as usize;
    if prefix.get(..8) != Some(&MAGIC) || size > MAX_HEADER {
        return Err(damaged("it does not begin as a FlatGeobuf file"));
    }
    let bytes = data.get(8, size + 4)?;
    let header = flatgeobuf::size_prefixed_root_as_header(bytes)
        .map_err(|_| damaged("its header is not a FlatGeobuf header"))?;
    let columns =
        read_columns(&header).ok_or_else(|| damaged("its columns are not those of a segment"))?;
    let index_at = 12 + size as u64;
    let leaves = header.features_count();
    let index = tree::size(leaves).ok_or_else(|| damaged("its feature count is impossible"))?;
    let features_at =
        index_at.checked_add(index).ok_or_else(|| damaged("its index is too long"))?;
    let note = header.metadata().and_then(|note| serde_json::from_str::<SegmentNote>(note).ok());
    let plan = note.ok_or_else(|| damaged("it does not say when its features show"))?.plan;
    let names = header.columns().into_iter().flatten().skip(usize::from(FIRST_FIELD));
    let names = names.take(columns.len()).map(|column| column.name().to_owned()).collect();
    Ok(Head { columns, names, plan, tree: Tree::new(index_at, leaves), features_at })
}

fn read_columns(header: &Header<'_>) -> Option<Columns> {
    let list = header.columns()?;
    let mut columns = Columns::default();
    for (number, column) in (0_u16..).zip(list.iter()).skip(usize::from(FIRST_FIELD)) {
        if let Some(note) = column.metadata() {
            let note: ColumnNote = serde_json::from_str(note).ok()?;
            columns.fields.push(Some(note.kind));
            continue;
        }
        let extra = match column.name().trim_start_matches('_') {
            "from" => &mut columns.extras.from,
            "to" => &mut columns.extras.to,
            "state" => &mut columns.extras.state,
            _ => return None,
        };
        *extra = Some(number);
    }
    Some(columns)
}
