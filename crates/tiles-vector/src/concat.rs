//! Several tiles as one.

use std::borrow::Cow;

use rustc_hash::FxHashMap;
use thiserror::Error;

use crate::wire::{
    BYTES, Broken, Content, VARINT, fields, put_bytes, put_tag, put_varint, take_varint,
};

/// Why tiles could not be joined.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TileError {
    /// A tile is no valid protocol buffer.
    #[error("cannot join tiles: tile {index} of the list is not a vector tile; build it again")]
    Malformed {
        /// Position in the list, from 0.
        index: usize,
    },
    /// Two tiles have a layer of one name with different extents.
    #[error("cannot join tiles: layer '{layer}' has extent {first} in one and {second} in another")]
    Extents {
        /// Name of the layer.
        layer: String,
        /// Extent where it came first.
        first: u64,
        /// Extent where it came again.
        second: u64,
    },
}

/// Joins tiles of the same address, not compressed, into one tile with all their layers.
///
/// Tiles whose layers have different names are joined byte by byte (Protocol Buffers: fields that repeat
/// are appended). Where a name comes again, which MVT 4.1 forbids within a tile, an equal layer
/// is left out, and another one's features are added to the first with their keys and values.
pub fn concat<T: AsRef<[u8]>>(tiles: &[T]) -> Result<Vec<u8>, TileError> {
    let mut layers: Vec<(&[u8], Cow<'_, [u8]>)> = Vec::new();
    let mut by_name: FxHashMap<&[u8], usize> = FxHashMap::default();
    for (index, tile) in tiles.iter().enumerate() {
        let malformed = |Broken| TileError::Malformed { index };
        for field in fields(tile.as_ref()) {
            let (3, Content::Bytes(layer)) =
                field.map(|f| (f.number, f.content)).map_err(malformed)?
            else {
                continue;
            };
            let name = name_of(layer).map_err(malformed)?;
            let Some(&at) = by_name.get(name) else {
                by_name.insert(name, layers.len());
                layers.push((name, Cow::Borrowed(layer)));
                continue;
            };
            let Some((_, known)) = layers.get_mut(at) else {
                continue;
            };
            if **known != *layer {
                let merged = merge(known, layer).map_err(malformed)?;
                *known = Cow::Owned(merged?);
            }
        }
    }
    let mut out = Vec::with_capacity(tiles.iter().map(|t| t.as_ref().len()).sum());
    for (_, layer) in layers {
        put_bytes(&mut out, 3, &layer);
    }
    Ok(out)
}

fn name_of(layer: &[u8]) -> Result<&[u8], Broken> {
    for field in fields(layer) {
        let field = field?;
        if let (1, Content::Bytes(name)) = (field.number, field.content) {
            return Ok(name);
        }
    }
    Err(Broken)
}

/// A layer in pieces.
struct Parts<'a> {
    name: &'a [u8],
    extent: u64,
    features: Vec<&'a [u8]>,
    keys: Vec<&'a [u8]>,
    values: Vec<&'a [u8]>,
}

impl<'a> Parts<'a> {
    fn read(layer: &'a [u8]) -> Result<Self, Broken> {
        let mut parts = Self {
            name: &[],
            extent: 4096,
            features: Vec::new(),
            keys: Vec::new(),
            values: Vec::new(),
        };
        for field in fields(layer) {
            let field = field?;
            match (field.number, field.content) {
                (1, Content::Bytes(name)) => parts.name = name,
                (2, Content::Bytes(feature)) => parts.features.push(feature),
                (3, Content::Bytes(key)) => parts.keys.push(key),
                (4, Content::Bytes(value)) => parts.values.push(value),
                (5, Content::Varint(extent)) => parts.extent = extent,
                _ => {}
            }
        }
        Ok(parts)
    }
}

/// Adds the features of `second` to `first`.
fn merge(first: &[u8], second: &[u8]) -> Result<Result<Vec<u8>, TileError>, Broken> {
    let (first, second) = (Parts::read(first)?, Parts::read(second)?);
    if first.extent != second.extent {
        return Ok(Err(TileError::Extents {
            layer: String::from_utf8_lossy(first.name).into_owned(),
            first: first.extent,
            second: second.extent,
        }));
    }
    let (keys, key_map) = join(&first.keys, &second.keys);
    let (values, value_map) = join(&first.values, &second.values);
    let mut out = Vec::new();
    put_tag(&mut out, 15, VARINT);
    put_varint(&mut out, 2);
    put_bytes(&mut out, 1, first.name);
    for feature in &first.features {
        put_bytes(&mut out, 2, feature);
    }
    let mut moved = Vec::new();
    for feature in &second.features {
        moved.clear();
        move_feature(feature, &key_map, &value_map, &mut moved)?;
        put_bytes(&mut out, 2, &moved);
    }
    for key in keys {
        put_bytes(&mut out, 3, key);
    }
    for value in values {
        put_bytes(&mut out, 4, value);
    }
    put_tag(&mut out, 5, VARINT);
    put_varint(&mut out, first.extent);
    Ok(Ok(out))
}

/// Joins two lists without repeats, and tells where each of the second list's entries went.
fn join<'a>(first: &[&'a [u8]], second: &[&'a [u8]]) -> (Vec<&'a [u8]>, Vec<u64>) {
    let mut all = first.to_vec();
    let mut known: FxHashMap<&[u8], u64> = first.iter().copied().zip(0..).collect();
    let map = second
        .iter()
        .map(|&entry| {
            *known.entry(entry).or_insert_with(|| {
                all.push(entry);
                all.len() as u64 - 1
            })
        })
        .collect();
    (all, map)
}

/// Copies a feature with its tags pointing to the joined lists.
fn move_feature(
    feature: &[u8],
    keys: &[u64],
    values: &[u64],
    out: &mut Vec<u8>,
) -> Result<(), Broken> {
    let mut tags = Vec::new();
    for field in fields(feature) {
        let field = field?;
        let (2, Content::Bytes(mut rest)) = (field.number, field.content) else {
            out.extend_from_slice(field.raw);
            continue;
        };
        tags.clear();
        while !rest.is_empty() {
            for map in [keys, values] {
                let index = usize::try_from(take_varint(&mut rest)?).map_err(|_| Broken)?;
                put_varint(&mut tags, *map.get(index).ok_or(Broken)?);
            }
        }
        put_tag(out, 2, BYTES);
        put_varint(out, tags.len() as u64);
        out.extend_from_slice(&tags);
    }
    Ok(())
}
