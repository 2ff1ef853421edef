//! The message around the shapes: tile, layers, features (MVT 4.1, 4.2, appendix A).

use onemap_model::{FeatureRef, Geometry, GeometryKind, Schema, State, TileCoord, ValueRef};

use crate::shape::{GeomType, Shaper};
use crate::values::Values;
use crate::wire::{BYTES, VARINT, put_bytes, put_tag, put_varint, varint_len};

/// How tiles are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TileOptions {
    /// Units across a tile, 256 to 65536; 4096 unless there is a reason.
    pub extent: u32,
    /// How far shapes go on beyond the tile's edge, in units, at most `extent`: clients draw outlines
    /// and symbols across the edge. 128 units are 16 pixels of the 512 that MapLibre gives a tile.
    pub buffer: u32,
}

impl Default for TileOptions {
    fn default() -> Self {
        Self { extent: 4096, buffer: 128 }
    }
}

/// Makes one tile.
///
/// Two encoders that are given the same features in the same order return the same bytes.
#[derive(Debug)]
pub struct TileEncoder {
    zoom: u8,
    extent: u32,
    shaper: Shaper,
    values: Values,
    tags: Vec<u8>,
    features: Vec<u8>,
    keys: Vec<u8>,
    slots: Vec<Option<u32>>,
    out: Vec<u8>,
}

impl TileEncoder {
    /// Begins a tile. Options out of range are brought into it.
    pub fn new(tile: TileCoord, options: &TileOptions) -> Self {
        let extent = options.extent.clamp(256, 65_536);
        Self {
            zoom: tile.z(),
            extent,
            shaper: Shaper::new(tile, extent, options.buffer.min(extent)),
            values: Values::default(),
            tags: Vec::new(),
            features: Vec::new(),
            keys: Vec::new(),
            slots: Vec::new(),
            out: Vec::new(),
        }
    }

    /// Begins a layer, whose features have values in the order of `schema`. Below zoom `maxzoom` its
    /// shapes are simplified. Names must not repeat within a tile (MVT 4.1).
    pub fn layer<'t>(
        &'t mut self,
        name: &str,
        schema: &'t Schema,
        maxzoom: u8,
    ) -> LayerEncoder<'t> {
        self.values.clear();
        self.features.clear();
        self.keys.clear();
        self.slots.clear();
        self.slots.resize(schema.fields.len() + LIFE_KEYS.len(), None);
        LayerEncoder {
            name: name.to_owned(),
            schema,
            simplify: self.zoom < maxzoom,
            count: 0,
            key_count: 0,
            tile: self,
        }
    }

    /// Returns the bytes of the finished layers.
    pub fn encoded_len(&self) -> usize {
        self.out.len()
    }

    /// Returns the tile, not compressed; empty when no layer has a feature.
    pub fn finish(self) -> Vec<u8> {
        self.out
    }
}

/// Properties for what a feature has besides its values, written only where it is not the usual:
/// `_state` other than existing, `_from` and `_to` where the valid time has that end. A field of the
/// layer with the same name goes first.
const LIFE_KEYS: [&str; 3] = ["_state", "_from", "_to"];

/// Makes one layer of a tile; not part of the tile until [`LayerEncoder::finish`].
#[derive(Debug)]
pub struct LayerEncoder<'t> {
    tile: &'t mut TileEncoder,
    name: String,
    schema: &'t Schema,
    simplify: bool,
    count: usize,
    key_count: u32,
}

impl LayerEncoder<'_> {
    /// Adds a feature, unless none of it lies in the tile or its buffer. A collection becomes one
    /// feature for each of its simple members, all with the same id and values.
    ///
    /// Values: integers as `sint64` when negative, else `uint64`; floats as `double`; dates and JSON as
    /// text. Null, bytes and numbers that are not finite are left out.
    pub fn add(&mut self, feature: &FeatureRef<'_>) {
        let Some(geometry) = feature.geometry else {
            return;
        };
        let mut tagged = false;
        if geometry.kind == GeometryKind::Collection {
            geometry.for_each_simple(&mut |simple| self.add_simple(feature, simple, &mut tagged));
        } else {
            self.add_simple(feature, geometry, &mut tagged);
        }
    }

    /// Returns the number of features so far.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Tells whether there is no feature yet.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Returns the bytes that the layer has so far.
    pub fn encoded_len(&self) -> usize {
        if self.is_empty() {
            return 0;
        }
        let content = self.content_len();
        1 + varint_len(content as u64) + content
    }

    /// Puts the layer into the tile; a layer without features is left out (MVT 4.1).
    pub fn finish(self) {
        if self.is_empty() {
            return;
        }
        let content = self.content_len();
        let TileEncoder { out, features, keys, values, extent, .. } = self.tile;
        out.reserve(content + 12);
        put_tag(out, 3, BYTES);
        put_varint(out, content as u64);
        put_tag(out, 15, VARINT);
        put_varint(out, 2);
        put_bytes(out, 1, self.name.as_bytes());
        out.extend_from_slice(features);
        out.extend_from_slice(keys);
        out.extend_from_slice(values.bytes());
        put_tag(out, 5, VARINT);
        put_varint(out, u64::from(*extent));
    }

    fn content_len(&self) -> usize {
        let name = self.name.len();
        let version = 2;
        let head = version + 1 + varint_len(name as u64) + name;
        let extent = 1 + varint_len(u64::from(self.tile.extent));
        let tile = &self.tile;
        head + tile.features.len() + tile.keys.len() + tile.values.bytes().len() + extent
    }

    fn add_simple(&mut self, feature: &FeatureRef<'_>, shape: &Geometry, tagged: &mut bool) {
        let Some(kind) = self.tile.shaper.draw(shape, self.simplify) else {
            return;
        };
        // Only now: values of features outside must not get into the layer.
        if !*tagged {
            self.take_tags(feature);
            *tagged = true;
        }
        self.put_feature(feature.id.get(), kind);
        self.count += 1;
    }

    fn put_feature(&mut self, id: u64, kind: GeomType) {
        let TileEncoder { features, tags, shaper, .. } = &mut *self.tile;
        let geometry = shaper.commands();
        let block = |len: usize| 1 + varint_len(len as u64) + len;
        let tags_len = if tags.is_empty() { 0 } else { block(tags.len()) };
        let len = 1 + varint_len(id) + tags_len + 2 + block(geometry.len());
        put_tag(features, 2, BYTES);
        put_varint(features, len as u64);
        put_tag(features, 1, VARINT);
        put_varint(features, id);
        if !tags.is_empty() {
            put_bytes(features, 2, tags);
        }
        put_tag(features, 3, VARINT);
        features.push(kind as u8);
        put_bytes(features, 4, geometry);
    }

    /// Writes the pairs of key and value (MVT 4.4) of a feature into `tags`.
    fn take_tags(&mut self, feature: &FeatureRef<'_>) {
        self.tile.tags.clear();
        let fields = self.schema.fields.len();
        for (slot, &value) in feature.values.iter().take(fields).enumerate() {
            self.put_tags(slot, value);
        }
        if feature.state != State::Existing {
            self.put_tags(fields, ValueRef::Text(feature.state.name()));
        }
        if let Some(from) = feature.valid.from {
            self.put_tags(fields + 1, ValueRef::DateTime(from));
        }
        if let Some(to) = feature.valid.to {
            self.put_tags(fields + 2, ValueRef::DateTime(to));
        }
    }

    fn put_tags(&mut self, slot: usize, value: ValueRef<'_>) {
        let known = self.tile.slots.get(slot).copied().flatten();
        if known.is_none() && key_name(self.schema, slot).is_none() {
            return;
        }
        let Some(value) = self.tile.values.index_of(value) else {
            return;
        };
        let key = known.unwrap_or_else(|| self.new_key(slot));
        put_varint(&mut self.tile.tags, u64::from(key));
        put_varint(&mut self.tile.tags, u64::from(value));
    }

    fn new_key(&mut self, slot: usize) -> u32 {
        let key = self.key_count;
        self.key_count += 1;
        let name = key_name(self.schema, slot).unwrap_or("");
        put_bytes(&mut self.tile.keys, 3, name.as_bytes());
        if let Some(slot) = self.tile.slots.get_mut(slot) {
            *slot = Some(key);
        }
        key
    }
}

/// Returns the name of the key at a position; `None` where a field has taken the name of one of ours.
fn key_name(schema: &Schema, slot: usize) -> Option<&str> {
    if let Some(field) = schema.fields.get(slot) {
        return Some(&field.name);
    }
    let name = LIFE_KEYS.get(slot - schema.fields.len())?;
    schema.position(name).is_none().then_some(*name)
}
