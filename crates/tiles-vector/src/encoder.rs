//! The message around the shapes: tile, layers, features (MVT 4.1, 4.2, appendix A).

use onemap_model::{FeatureRef, Geometry, GeometryKind, Schema, TileCoord};

use crate::clip::ClipBox;
use crate::commands::Commands;
use crate::mass::{Mass, rectangle};
use crate::shape::{GeomType, Shaper};
use crate::stage::Stage;
use crate::tables::Tables;
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
    tile: TileCoord,
    extent: u32,
    area: ClipBox,
    shaper: Shaper,
    stage: Stage,
    tables: Tables,
    tags: Vec<u8>,
    features: Vec<u8>,
    out: Vec<u8>,
}

impl TileEncoder {
    /// Begins a tile. Options out of range are brought into it.
    pub fn new(tile: TileCoord, options: &TileOptions) -> Self {
        let (extent, area) = grid(*options);
        Self {
            tile,
            extent,
            area,
            shaper: Shaper::new(tile, extent, area),
            stage: Stage::new(tile, extent, area),
            tables: Tables::default(),
            tags: Vec::new(),
            features: Vec::new(),
            out: Vec::new(),
        }
    }

    /// Begins another tile. What memory the encoder has serves it again.
    pub fn restart(&mut self, tile: TileCoord, options: &TileOptions) {
        let (extent, area) = grid(*options);
        self.tile = tile;
        self.extent = extent;
        self.area = area;
        self.shaper.restart(tile, extent, area);
        self.stage.restart(tile, extent, area);
        self.out.clear();
    }

    /// Begins a layer, whose features have values in the order of `schema`. Below zoom `maxzoom` its
    /// shapes are simplified, all together when the layer is finished. Names must not repeat within a
    /// tile (MVT 4.1).
    pub fn layer<'t>(
        &'t mut self,
        name: &str,
        schema: &'t Schema,
        maxzoom: u8,
    ) -> LayerEncoder<'t> {
        self.tables.clear(schema);
        self.features.clear();
        self.stage.clear();
        LayerEncoder {
            name: name.to_owned(),
            schema,
            simplify: self.tile.z() < maxzoom,
            count: 0,
            tile: self,
        }
    }

    /// Returns the bytes of the finished layers.
    pub fn encoded_len(&self) -> usize {
        self.out.len()
    }

    /// Returns the tile, not compressed; empty when no layer has a feature.
    pub fn finish(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }
}

/// Returns units across a tile and what of the grid is drawn.
fn grid(options: TileOptions) -> (u32, ClipBox) {
    let extent = options.extent.clamp(256, 65_536);
    let buffer = f64::from(options.buffer.min(extent));
    (extent, ClipBox { low: -buffer, high: f64::from(extent) + buffer })
}

/// Makes one layer of a tile; not part of the tile until [`LayerEncoder::finish`].
#[derive(Debug)]
pub struct LayerEncoder<'t> {
    tile: &'t mut TileEncoder,
    name: String,
    schema: &'t Schema,
    simplify: bool,
    count: usize,
}

impl LayerEncoder<'_> {
    /// Joins, below the layer's last zoom, features that belong together: call it before the first
    /// [`LayerEncoder::add`] with the positions of fields in the schema.
    ///
    /// Lines whose values in these fields are equal, and not all null, become one feature, in which
    /// pieces that meet are long lines. Polygons with equal values become one where they have a border in
    /// common. Its id is the least of its members', its properties are those that all have alike, and
    /// it stands where the first of them stood.
    pub fn merge_by(&mut self, fields: &[usize]) {
        if self.simplify {
            self.tile.stage.merge_by(fields);
        }
    }

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

    /// Adds what stands for many polygons too small to show: a rectangle of their area. `feature` is the
    /// best of them, whose id and values are written; its shape is not looked at. A property `_count` says
    /// how many they are.
    ///
    /// Below the layer's last zoom masses come after all other features.
    pub fn add_mass(&mut self, feature: &FeatureRef<'_>, mass: &Mass) {
        let TileEncoder { tile, extent, area, stage, tables, tags, features, .. } = &mut *self.tile;
        let Some(ring) = rectangle(mass, *tile, *extent, *area) else {
            return;
        };
        self.count += 1;
        if self.simplify {
            stage.add_rectangle(feature, (ring, mass.count), self.schema, tables);
            return;
        }
        tags.clear();
        tables.put(self.schema, feature, mass.count, tags);
        let mut commands = Commands::default();
        commands.ring(&ring);
        put_feature(features, feature.id.get(), GeomType::Polygon, tags, commands.bytes());
    }

    /// Returns the number of features so far, before any are joined.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Tells whether there is no feature yet.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Returns the bytes that the layer has so far; an estimate, rather too high, where shapes are yet to
    /// be simplified.
    pub fn encoded_len(&self) -> usize {
        if self.is_empty() {
            return 0;
        }
        let mut content = self.content_len();
        if self.simplify {
            content += self.tile.stage.estimate() + self.tile.tables.staged_len();
        }
        1 + varint_len(content as u64) + content
    }

    /// Puts the layer into the tile; a layer without features is left out (MVT 4.1).
    pub fn finish(mut self) {
        if self.is_empty() {
            return;
        }
        if self.simplify {
            self.write_staged();
        }
        if self.tile.features.is_empty() {
            return;
        }
        let content = self.content_len();
        let TileEncoder { out, features, tables, extent, .. } = self.tile;
        out.reserve(content + 12);
        put_tag(out, 3, BYTES);
        put_varint(out, content as u64);
        put_tag(out, 15, VARINT);
        put_varint(out, 2);
        put_bytes(out, 1, self.name.as_bytes());
        out.extend_from_slice(features);
        for bytes in tables.bytes() {
            out.extend_from_slice(bytes);
        }
        put_tag(out, 5, VARINT);
        put_varint(out, u64::from(*extent));
    }

    fn write_staged(&mut self) {
        let schema = self.schema;
        let TileEncoder { stage, tables, tags, features, .. } = &mut *self.tile;
        stage.finish(|written| {
            tags.clear();
            tables.put_staged(schema, written.tags, tags);
            put_feature(features, written.id, written.kind, tags, written.commands);
        });
    }

    fn content_len(&self) -> usize {
        let name = self.name.len();
        let version = 2;
        let head = version + 1 + varint_len(name as u64) + name;
        let extent = 1 + varint_len(u64::from(self.tile.extent));
        let tables: usize = self.tile.tables.bytes().iter().map(|bytes| bytes.len()).sum();
        head + self.tile.features.len() + tables + extent
    }

    fn add_simple(&mut self, feature: &FeatureRef<'_>, shape: &Geometry, tagged: &mut bool) {
        let TileEncoder { shaper, stage, tables, tags, features, .. } = &mut *self.tile;
        if self.simplify {
            self.count += usize::from(stage.add(feature, shape, self.schema, tables));
            return;
        }
        let Some(kind) = shaper.draw(shape) else {
            return;
        };
        // Only now: values of features outside must not get into the layer.
        if !*tagged {
            tags.clear();
            tables.put(self.schema, feature, 1, tags);
            *tagged = true;
        }
        put_feature(features, feature.id.get(), kind, tags, shaper.commands());
        self.count += 1;
    }
}

/// Appends a feature (MVT 4.2).
fn put_feature(out: &mut Vec<u8>, id: u64, kind: GeomType, tags: &[u8], geometry: &[u8]) {
    let block = |len: usize| 1 + varint_len(len as u64) + len;
    let tags_len = if tags.is_empty() { 0 } else { block(tags.len()) };
    let len = 1 + varint_len(id) + tags_len + 2 + block(geometry.len());
    put_tag(out, 2, BYTES);
    put_varint(out, len as u64);
    put_tag(out, 1, VARINT);
    put_varint(out, id);
    if !tags.is_empty() {
        put_bytes(out, 2, tags);
    }
    put_tag(out, 3, VARINT);
    out.push(kind as u8);
    put_bytes(out, 4, geometry);
}
