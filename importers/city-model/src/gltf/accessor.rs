//! Numbers of glTF accessors.

use serde_json::Value as Json;

use super::buffers::Buffers;
use super::{index, list};
use crate::limits;

/// How the numbers of an accessor are written.
#[derive(Clone, Copy)]
struct Written {
    kind: u64,
    normalized: bool,
}

impl Written {
    fn size(self) -> Result<usize, String> {
        match self.kind {
            5120 | 5121 => Ok(1),
            5122 | 5123 => Ok(2),
            5125 | 5126 => Ok(4),
            other => Err(format!("numbers of the type {other} are not known")),
        }
    }

    /// Reads a number; whole ones become fractions of their greatest where they are normalized (glTF 2.0, clause 3.6.2.2).
    fn read(self, b: &[u8]) -> f64 {
        let (number, most) = match (self.kind, b) {
            (5120, [a, ..]) => (f64::from(*a as i8), 127.0),
            (5121, [a, ..]) => (f64::from(*a), 255.0),
            (5122, [a, b, ..]) => (f64::from(i16::from_le_bytes([*a, *b])), 32_767.0),
            (5123, [a, b, ..]) => (f64::from(u16::from_le_bytes([*a, *b])), 65_535.0),
            (5125, [a, b, c, d, ..]) => (f64::from(u32::from_le_bytes([*a, *b, *c, *d])), 1.0),
            (_, [a, b, c, d, ..]) => (f64::from(f32::from_le_bytes([*a, *b, *c, *d])), 1.0),
            _ => (f64::NAN, 1.0),
        };
        if self.normalized { (number / most).max(-1.0) } else { number }
    }
}

/// Returns the vectors of N numbers of an accessor.
pub(super) fn vectors<const N: usize>(
    json: &Json,
    buffers: &Buffers<'_>,
    number: usize,
) -> Result<Vec<[f64; N]>, String> {
    let accessor = list(json, "accessors")
        .get(number)
        .ok_or_else(|| format!("accessor {number} is not there"))?;
    let kind = accessor.get("type").and_then(Json::as_str).unwrap_or_default();
    let components = match kind {
        "SCALAR" => 1,
        "VEC2" => 2,
        "VEC3" => 3,
        "VEC4" => 4,
        _ => 0,
    };
    if components != N {
        return Err(format!("accessor {number} is a {kind}, where {N} numbers are needed"));
    }
    let written = Written {
        kind: accessor.get("componentType").and_then(Json::as_u64).unwrap_or(0),
        normalized: accessor.get("normalized").and_then(Json::as_bool).unwrap_or(false),
    };
    let count = index(accessor, "count").unwrap_or(0);
    if count > limits::MAX_CORNERS {
        return Err(format!("accessor {number} has {count} elements, too many"));
    }
    let mut vectors = match index(accessor, "bufferView") {
        Some(view) => {
            let offset = index(accessor, "byteOffset").unwrap_or(0);
            elements(buffers, view, offset, written, count)?
        }
        // All zeros, to be filled by the sparse part.
        None => vec![[0.0; N]; count],
    };
    let Some(sparse) = accessor.get("sparse") else { return Ok(vectors) };
    let part = |key: &str| sparse.get(key).unwrap_or(&Json::Null);
    let view = |part: &Json| {
        index(part, "bufferView").ok_or_else(|| format!("accessor {number} has no sparse values"))
    };
    let changed = index(sparse, "count").unwrap_or(0).min(count);
    let (at, to) = (part("indices"), part("values"));
    let offset = |part: &Json| index(part, "byteOffset").unwrap_or(0);
    let kind = at.get("componentType").and_then(Json::as_u64).unwrap_or(0);
    let places = Written { kind, normalized: false };
    let places = elements::<1>(buffers, view(at)?, offset(at), places, changed)?;
    let values = elements::<N>(buffers, view(to)?, offset(to), written, changed)?;
    for ([place], value) in places.into_iter().zip(values) {
        match vectors.get_mut(place as usize) {
            Some(slot) => *slot = value,
            None => return Err(format!("accessor {number} changes element {place} of {count}")),
        }
    }
    Ok(vectors)
}

fn elements<const N: usize>(
    buffers: &Buffers<'_>,
    view: usize,
    offset: usize,
    written: Written,
    count: usize,
) -> Result<Vec<[f64; N]>, String> {
    let view_number = view;
    let view = buffers.view(view)?;
    let size = written.size()?;
    let stride = view.stride.filter(|&stride| stride > 0).unwrap_or(size * N);
    let needed = match count {
        0 => Some(0),
        _ => {
            stride.checked_mul(count - 1).and_then(|n| n.checked_add(offset)?.checked_add(size * N))
        }
    };
    if needed.is_none_or(|needed| needed > view.bytes.len()) {
        return Err(format!(
            "{count} elements are needed of buffer view {view_number}, which is too short"
        ));
    }
    let read = |i: usize| {
        std::array::from_fn(|k| {
            let at = offset + i * stride + k * size;
            written.read(view.bytes.get(at..at + size).unwrap_or_default())
        })
    };
    Ok((0..count).map(read).collect())
}
