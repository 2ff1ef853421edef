//! FlatGeobuf feature tables to shapes and values, every access checked.
//!
//! The checks make any bytes safe to read: what is wrong gives an error. They cost less than the
//! generated verifier, because everything is walked once.

use onemap_model::{
    FeatureId, FieldType, Geometry, GeometryKind, Interval, State, Timestamp, ValueRef,
};

use super::Decoded;
use super::columns::{Columns, Slot};
use super::time;

type Checked<T> = Result<T, &'static str>;

/// Collections may be nested so deep.
pub(super) const MAX_DEPTH: usize = 16;

const CUT: &str = "a feature's offset points outside of it";

// Positions in a vtable, clause "Feature" and "Geometry" of FlatGeobuf's feature.fbs.
const FEATURE_GEOMETRY: usize = 4;
const FEATURE_PROPERTIES: usize = 6;
const ENDS: usize = 4;
const XY: usize = 6;
const Z: usize = 8;
const M: usize = 10;
const TYPE: usize = 16;
const PARTS: usize = 18;

/// Decodes the scalar parts and values of a feature.
pub(super) fn values<'s>(
    bytes: &'s [u8],
    columns: &Columns,
    wanted: &dyn Fn(usize) -> bool,
    values: &mut Vec<ValueRef<'s>>,
) -> Checked<Decoded> {
    values.clear();
    values.resize(columns.len(), ValueRef::Null);
    let feature = Table::root(bytes)?;
    let (mut id, mut valid, mut state) = (None, Interval::ALWAYS, State::Existing);
    if let Some(at) = feature.child(FEATURE_PROPERTIES)? {
        let mut rest = Properties(vector(bytes, at, 1)?);
        while let Some(column) = rest.column()? {
            match columns.slot(column).ok_or("a feature has an unknown column")? {
                Slot::Id => id = FeatureId::new(rest.u64()?).ok(),
                Slot::From => valid.from = Some(rest.time()?),
                Slot::To => valid.to = Some(rest.time()?),
                Slot::State => {
                    state =
                        State::from_name(rest.text()?).ok_or("a feature has an unknown state")?;
                }
                Slot::Field(i, kind) if wanted(i) => {
                    let value = rest.value(kind)?;
                    if let Some(slot) = values.get_mut(i) {
                        *slot = value;
                    }
                }
                Slot::Field(_, kind) => rest.skip(kind)?,
            }
        }
    }
    Ok(Decoded {
        id: id.ok_or("a feature has no id")?,
        valid,
        state,
        has_geometry: feature.field(FEATURE_GEOMETRY).is_some(),
    })
}

/// Decodes the shape of a feature; `false` when it has none.
pub(super) fn geometry(bytes: &[u8], into: &mut Geometry) -> Checked<bool> {
    let feature = Table::root(bytes)?;
    let Some(at) = feature.child(FEATURE_GEOMETRY)? else { return Ok(false) };
    read_geometry(Table::at(bytes, at)?, into, 0)?;
    Ok(true)
}

fn read_geometry(table: Table<'_>, into: &mut Geometry, depth: usize) -> Checked<()> {
    if depth > MAX_DEPTH {
        return Err("a geometry is nested too deep");
    }
    let kind = match table.u8(TYPE)? {
        1 => GeometryKind::Point,
        2 => GeometryKind::LineString,
        3 => GeometryKind::Polygon,
        4 => GeometryKind::MultiPoint,
        5 => GeometryKind::MultiLineString,
        6 => GeometryKind::MultiPolygon,
        7 => GeometryKind::Collection,
        _ => return Err("a geometry is of an unknown type"),
    };
    into.clear(kind);
    match kind {
        GeometryKind::Collection => {
            for part in table.parts()? {
                let mut member = Geometry::default();
                read_geometry(part?, &mut member, depth + 1)?;
                into.members.push(member);
            }
        }
        GeometryKind::MultiPolygon => {
            for part in table.parts()? {
                append_polygon(part?, into)?;
            }
        }
        GeometryKind::Polygon => append_polygon(table, into)?,
        GeometryKind::LineString | GeometryKind::MultiLineString => append_lines(table, into)?,
        GeometryKind::Point | GeometryKind::MultiPoint => {
            append_vertices(table, into)?;
        }
    }
    let n = into.xy.len();
    let even = |numbers: &[f64]| numbers.is_empty() || numbers.len() == n;
    if even(&into.z) && even(&into.m) {
        Ok(())
    } else {
        Err("a geometry has heights for some vertices")
    }
}

fn append_polygon(table: Table<'_>, into: &mut Geometry) -> Checked<()> {
    let before = into.ends.len();
    append_lines(table, into)?;
    if into.ends.len() > before {
        into.end_polygon();
    }
    Ok(())
}

fn append_lines(table: Table<'_>, into: &mut Geometry) -> Checked<()> {
    let before = into.xy.len();
    append_vertices(table, into)?;
    let total = into.xy.len();
    match table.child(ENDS)? {
        Some(at) => {
            let mut last = before;
            for end in vector(table.bytes, at, 4)?.chunks_exact(4) {
                let end = before + end.try_into().map_or(0, u32::from_le_bytes) as usize;
                if end < last || end > total {
                    return Err("a ring of a geometry ends outside of it");
                }
                last = end;
                into.ends.push(end as u32);
            }
            if last == total { Ok(()) } else { Err("a geometry has vertices outside of its rings") }
        }
        None if total > before => {
            into.end_line();
            Ok(())
        }
        None => Ok(()),
    }
}

fn append_vertices(table: Table<'_>, into: &mut Geometry) -> Checked<()> {
    let double = |b: &[u8]| b.try_into().map_or(0.0, f64::from_le_bytes);
    if let Some(at) = table.child(XY)? {
        let (vertices, rest) = vector(table.bytes, at, 8)?.as_chunks::<16>();
        if !rest.is_empty() {
            return Err("a vertex of a geometry is cut off");
        }
        into.xy.extend(vertices.iter().map(|v| {
            let (x, y) = v.split_at(8);
            [double(x), double(y)]
        }));
    }
    for (slot, numbers) in [(Z, &mut into.z), (M, &mut into.m)] {
        if let Some(at) = table.child(slot)? {
            numbers.extend(vector(table.bytes, at, 8)?.chunks_exact(8).map(double));
        }
    }
    Ok(())
}

/// A flatbuffer table within the bytes of one feature.
#[derive(Clone, Copy)]
struct Table<'a> {
    bytes: &'a [u8],
    at: usize,
    vtable: &'a [u8],
}

impl<'a> Table<'a> {
    /// The root table of a size-prefixed buffer.
    fn root(bytes: &'a [u8]) -> Checked<Self> {
        Self::at(bytes, 4 + u32_at(bytes, 4)? as usize)
    }

    fn at(bytes: &'a [u8], at: usize) -> Checked<Self> {
        let back = i64::from(u32_at(bytes, at)? as i32);
        let vtable = usize::try_from(at as i64 - back).map_err(|_| CUT)?;
        let size = u16_at(bytes, vtable)? as usize;
        let vtable = bytes.get(vtable..vtable + size).ok_or(CUT)?;
        Ok(Self { bytes, at, vtable })
    }

    /// Position of a field; `None` where it has its default.
    fn field(&self, slot: usize) -> Option<usize> {
        let offset = self.vtable.get(slot..slot + 2)?.try_into().map_or(0, u16::from_le_bytes);
        (offset != 0).then(|| self.at + usize::from(offset))
    }

    /// Position of the table or vector that a field points to.
    fn child(&self, slot: usize) -> Checked<Option<usize>> {
        let Some(at) = self.field(slot) else { return Ok(None) };
        Ok(Some(at + u32_at(self.bytes, at)? as usize))
    }

    fn u8(&self, slot: usize) -> Checked<u8> {
        self.field(slot).map_or(Ok(0), |at| self.bytes.get(at).copied().ok_or(CUT))
    }

    fn parts(&self) -> Checked<impl Iterator<Item = Checked<Table<'a>>>> {
        let bytes = self.bytes;
        let at = self.child(PARTS)?;
        let offsets = at.map_or(Ok(&[][..]), |at| vector(bytes, at, 4))?;
        let first = at.unwrap_or(0) + 4;
        Ok((0..offsets.len() / 4).map(move |i| {
            let slot = first + i * 4;
            Self::at(bytes, slot + u32_at(bytes, slot)? as usize)
        }))
    }
}

/// Bytes of a vector's elements.
fn vector(bytes: &[u8], at: usize, element: usize) -> Checked<&[u8]> {
    let len = (u32_at(bytes, at)? as usize).checked_mul(element).ok_or(CUT)?;
    let begin = at + 4;
    bytes.get(begin..begin.checked_add(len).ok_or(CUT)?).ok_or(CUT)
}

fn u16_at(bytes: &[u8], at: usize) -> Checked<u16> {
    let end = at.checked_add(2).ok_or(CUT)?;
    bytes.get(at..end).and_then(|b| b.try_into().ok()).map(u16::from_le_bytes).ok_or(CUT)
}

fn u32_at(bytes: &[u8], at: usize) -> Checked<u32> {
    let end = at.checked_add(4).ok_or(CUT)?;
    bytes.get(at..end).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes).ok_or(CUT)
}

/// What is left of a feature's properties: column numbers, each followed by its value.
struct Properties<'a>(&'a [u8]);

impl<'a> Properties<'a> {
    fn take(&mut self, n: usize) -> Checked<&'a [u8]> {
        let (now, rest) = self.0.split_at_checked(n).ok_or("a feature's values are cut off")?;
        self.0 = rest;
        Ok(now)
    }

    fn column(&mut self) -> Checked<Option<u16>> {
        if self.0.is_empty() {
            return Ok(None);
        }
        Ok(self.take(2)?.try_into().ok().map(u16::from_le_bytes))
    }

    fn u64(&mut self) -> Checked<u64> {
        Ok(self.take(8)?.try_into().map_or(0, u64::from_le_bytes))
    }

    fn bytes(&mut self) -> Checked<&'a [u8]> {
        let len = self.take(4)?.try_into().map_or(0, u32::from_le_bytes);
        self.take(len as usize)
    }

    fn text(&mut self) -> Checked<&'a str> {
        std::str::from_utf8(self.bytes()?).map_err(|_| "a text is not UTF-8")
    }

    fn time(&mut self) -> Checked<Timestamp> {
        time::read(self.bytes()?).ok_or("a time cannot be read")
    }

    fn value(&mut self, kind: FieldType) -> Checked<ValueRef<'a>> {
        Ok(match kind {
            FieldType::Bool => ValueRef::Bool(self.take(1)? != [0]),
            FieldType::Int => ValueRef::Int(self.u64()? as i64),
            FieldType::Float => ValueRef::Float(f64::from_bits(self.u64()?)),
            FieldType::Text => ValueRef::Text(self.text()?),
            FieldType::Json => ValueRef::Json(self.text()?),
            FieldType::Bytes | FieldType::Model => ValueRef::Bytes(self.bytes()?),
            FieldType::Date => ValueRef::Date(self.time()?),
            FieldType::DateTime => ValueRef::DateTime(self.time()?),
        })
    }

    fn skip(&mut self, kind: FieldType) -> Checked<()> {
        match kind {
            FieldType::Bool => self.take(1).map(drop),
            FieldType::Int | FieldType::Float => self.take(8).map(drop),
            _ => self.bytes().map(drop),
        }
    }
}
