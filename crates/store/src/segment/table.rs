//! The bytes of one feature: a FlatGeobuf feature table, laid out by hand.
//!
//! A feature has one of few shapes, and this is the hot path of every import. A test compares with the
//! reader of the `flatgeobuf` crate, and GDAL reads the files.

use onemap_model::{Feature, FieldType, Geometry, GeometryKind, State, ValueRef};

use super::columns::{Extras, FIRST_FIELD, ID_COLUMN};
use super::time;

/// Number of a kind in FlatGeobuf's `GeometryType`.
pub(super) fn kind_number(kind: GeometryKind) -> u8 {
    match kind {
        GeometryKind::Point => 1,
        GeometryKind::LineString => 2,
        GeometryKind::Polygon => 3,
        GeometryKind::MultiPoint => 4,
        GeometryKind::MultiLineString => 5,
        GeometryKind::MultiPolygon => 6,
        GeometryKind::Collection => 7,
    }
}

pub(super) fn write_feature(
    out: &mut Vec<u8>,
    feature: &Feature,
    kinds: &[Option<FieldType>],
    extras: Extras,
) {
    let base = out.len();
    // Size (filled in last), offset of the root table, then its vtable: 8 bytes long, for a table of
    // 12 bytes with geometry at 4 and properties at 8.
    put_u32(out, 0);
    put_u32(out, 12);
    let geometry_slot: u16 = if feature.geometry.is_some() { 4 } else { 0 };
    for part in [8, 12, geometry_slot, 8] {
        out.extend_from_slice(&part.to_le_bytes());
    }
    let table = out.len();
    put_u32(out, 8);
    put_u32(out, 0);
    put_u32(out, 0);
    if let Some(geometry) = &feature.geometry {
        let at = write_geometry(out, base, geometry);
        point_to(out, table + 4, at);
    }
    align(out, base, 4, 0);
    let properties = out.len();
    point_to(out, table + 8, properties);
    put_u32(out, 0);
    write_properties(out, feature, kinds, extras);
    let len = out.len() - properties - 4;
    set_u32(out, properties, len);
    align(out, base, 8, 0);
    let size = out.len() - base - 4;
    set_u32(out, base, size);
}

/// Writes a geometry table and returns where it is.
fn write_geometry(out: &mut Vec<u8>, base: usize, geometry: &Geometry) -> usize {
    align(out, base, 4, 0);
    let children = children(geometry);
    let is_parent = matches!(geometry.kind, GeometryKind::MultiPolygon | GeometryKind::Collection);
    // A single line or ring needs no ends; GDAL wants them for a MultiLineString all the same.
    let several = geometry.ends.len() > 1 || geometry.kind == GeometryKind::MultiLineString;
    let ends = !is_parent && several && !geometry.ends.is_empty();
    let here = |there: bool, at: u16| if there { at } else { 0 };
    // vtable: its size, the table's size, then ends, xy, z, m, t, tm, type, parts.
    let slots = [
        20,
        28,
        here(ends, 4),
        here(!is_parent, 8),
        here(!is_parent && !geometry.z.is_empty(), 12),
        here(!is_parent && !geometry.m.is_empty(), 16),
        0,
        0,
        24,
        here(is_parent, 20),
    ];
    for slot in slots {
        out.extend_from_slice(&u16::to_le_bytes(slot));
    }
    let table = out.len();
    put_u32(out, 20);
    out.extend_from_slice(&[0; 20]);
    out.extend_from_slice(&[kind_number(geometry.kind), 0, 0, 0]);
    if is_parent {
        let vector = out.len();
        point_to(out, table + 20, vector);
        put_u32(out, children.len() as u32);
        out.extend(std::iter::repeat_n(0, children.len() * 4));
        for (i, child) in children.iter().enumerate() {
            let at = write_geometry(out, base, child);
            point_to(out, vector + 4 + i * 4, at);
        }
        return table;
    }
    if ends {
        let vector = out.len();
        point_to(out, table + 4, vector);
        put_u32(out, geometry.ends.len() as u32);
        for end in &geometry.ends {
            put_u32(out, *end);
        }
    }
    let at = begin_doubles(out, base, geometry.xy.len() * 2);
    point_to(out, table + 8, at);
    for [x, y] in &geometry.xy {
        out.extend_from_slice(&x.to_le_bytes());
        out.extend_from_slice(&y.to_le_bytes());
    }
    for (numbers, slot) in [(&geometry.z, 12), (&geometry.m, 16)] {
        if !numbers.is_empty() {
            let at = begin_doubles(out, base, numbers.len());
            point_to(out, table + slot, at);
            for x in numbers {
                out.extend_from_slice(&x.to_le_bytes());
            }
        }
    }
    table
}

/// Returns the polygons of a multipolygon as polygons, or the members of a collection.
fn children(geometry: &Geometry) -> Vec<std::borrow::Cow<'_, Geometry>> {
    use std::borrow::Cow;
    match geometry.kind {
        GeometryKind::Collection => geometry.members.iter().map(Cow::Borrowed).collect(),
        GeometryKind::MultiPolygon => {
            let mut first = 0;
            let part = |rings: std::ops::Range<usize>| {
                let ends = geometry.ends.get(rings).unwrap_or(&[]);
                let last = ends.last().map_or(first, |&e| e as usize);
                let vertices = first..last;
                first = last;
                let begin = vertices.start as u32;
                let cut = |numbers: &[f64]| numbers.get(vertices.clone()).unwrap_or(&[]).to_vec();
                Cow::Owned(Geometry {
                    kind: GeometryKind::Polygon,
                    xy: geometry.xy.get(vertices.clone()).unwrap_or(&[]).to_vec(),
                    z: cut(&geometry.z),
                    m: cut(&geometry.m),
                    ends: ends.iter().map(|e| e - begin).collect(),
                    parts: vec![ends.len() as u32],
                    members: vec![],
                })
            };
            geometry.polygon_ranges().map(part).collect()
        }
        _ => vec![],
    }
}

/// Begins a vector of doubles, which must lie on multiples of eight, and returns where it is.
fn begin_doubles(out: &mut Vec<u8>, base: usize, count: usize) -> usize {
    align(out, base, 8, 4);
    let at = out.len();
    put_u32(out, count as u32);
    out.reserve(count * 8);
    at
}

fn write_properties(
    out: &mut Vec<u8>,
    feature: &Feature,
    kinds: &[Option<FieldType>],
    extras: Extras,
) {
    put_u16(out, ID_COLUMN);
    out.extend_from_slice(&feature.id.get().to_le_bytes());
    for ((column, kind), value) in (FIRST_FIELD..).zip(kinds).zip(&feature.values) {
        let Some(kind) = *kind else { continue };
        match value.kind() {
            None => {}
            Some(k) if k == kind => write_value(out, column, value.as_ref()),
            Some(_) => write_value(out, column, value.clone().coerce(kind).as_ref()),
        }
    }
    for (column, time) in [(extras.from, feature.valid.from), (extras.to, feature.valid.to)] {
        if let (Some(column), Some(time)) = (column, time) {
            write_value(out, column, ValueRef::DateTime(time));
        }
    }
    if let Some(column) = extras.state.filter(|_| feature.state != State::Existing) {
        write_value(out, column, ValueRef::Text(feature.state.name()));
    }
}

fn write_value(out: &mut Vec<u8>, column: u16, value: ValueRef<'_>) {
    if value == ValueRef::Null {
        return;
    }
    put_u16(out, column);
    match value {
        ValueRef::Null => {}
        ValueRef::Bool(b) => out.push(u8::from(b)),
        ValueRef::Int(n) => out.extend_from_slice(&n.to_le_bytes()),
        ValueRef::Float(x) => out.extend_from_slice(&x.to_le_bytes()),
        ValueRef::Text(s) | ValueRef::Json(s) => write_bytes(out, s.as_bytes()),
        ValueRef::Bytes(b) => write_bytes(out, b),
        ValueRef::Date(t) | ValueRef::DateTime(t) => {
            let at = out.len();
            put_u32(out, 0);
            time::write(t, out);
            let len = out.len() - at - 4;
            set_u32(out, at, len);
        }
    }
}

fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_u32(out, bytes.len() as u32);
    out.extend_from_slice(bytes);
}

/// Pads with zeros until `base + n * to + rest`.
fn align(out: &mut Vec<u8>, base: usize, to: usize, rest: usize) {
    while (out.len() - base) % to != rest {
        out.push(0);
    }
}

fn put_u16(out: &mut Vec<u8>, n: u16) {
    out.extend_from_slice(&n.to_le_bytes());
}

fn put_u32(out: &mut Vec<u8>, n: u32) {
    out.extend_from_slice(&n.to_le_bytes());
}

fn set_u32(out: &mut [u8], at: usize, n: usize) {
    if let Some(slot) = out.get_mut(at..at + 4) {
        slot.copy_from_slice(&(n as u32).to_le_bytes());
    }
}

/// Writes the offset from `slot` to `target`.
fn point_to(out: &mut [u8], slot: usize, target: usize) {
    set_u32(out, slot, target - slot);
}
