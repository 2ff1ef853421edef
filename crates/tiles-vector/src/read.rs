//! Vector tiles in, features out: strict where the specification says MUST, and bounded.
//!
//! This is for tiles that others made and for judging our own. What makes a part of a tile unreadable is an
//! error; what can be read in spite of a broken rule is read and noted. Memory stays within a small multiple
//! of the tile's bytes: no number in the tile is believed before what it announces is there.

use std::fmt;

use rustc_hash::FxHashSet;

use crate::wire::{Content, FieldRef, fields, take_varint};

/// A tile as it was read; texts are borrowed from its bytes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReadTile<'a> {
    /// Its layers, in their order.
    pub layers: Vec<ReadLayer<'a>>,
    /// Rules that it breaks and that could be passed over.
    pub warnings: Vec<Fault>,
}

/// A layer of a tile.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadLayer<'a> {
    /// Its name.
    pub name: &'a str,
    /// The version of the specification that it follows: 1 or 2.
    pub version: u32,
    /// Width and height of the tile in its units.
    pub extent: u32,
    /// The keys that tags point to.
    pub keys: Vec<&'a str>,
    /// The values that tags point to.
    pub values: Vec<ReadValue<'a>>,
    /// Its features, in their order.
    pub features: Vec<ReadFeature>,
}

/// A feature of a layer.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadFeature {
    /// Its id, where it has one.
    pub id: Option<u64>,
    /// Places of its keys and values in the layer's lists; they are there.
    pub tags: Vec<(u32, u32)>,
    /// Its shape in tile units, x to the right and y down.
    pub geometry: ReadGeometry,
}

/// A shape in tile units.
///
/// Coordinates are sums of 32-bit steps and may go beyond 32 bits.
#[derive(Debug, Clone, PartialEq)]
pub enum ReadGeometry {
    /// A type that the specification leaves open; the commands as they stand.
    Unknown(Vec<u32>),
    /// Points.
    Points(Vec<[i64; 2]>),
    /// Lines, each of two or more vertices.
    Lines(Vec<Vec<[i64; 2]>>),
    /// Polygons, each an outer ring and its holes; rings are closed.
    Polygons(Vec<Vec<Vec<[i64; 2]>>>),
}

/// A value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ReadValue<'a> {
    /// `string_value`.
    Text(&'a str),
    /// `float_value`.
    Float(f32),
    /// `double_value`.
    Double(f64),
    /// `int_value`.
    Int(i64),
    /// `uint_value`.
    Uint(u64),
    /// `sint_value`.
    Sint(i64),
    /// `bool_value`.
    Bool(bool),
}

/// A rule of the specification that a tile breaks, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// The rule.
    pub rule: Rule,
    /// The layer's place in the tile, from 0.
    pub layer: usize,
    /// The feature's place in the layer, from 0, where a feature breaks it.
    pub feature: Option<usize>,
}

/// Why a tile could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the vector tile: {0}")]
pub struct ReadError(pub Fault);

/// Declares the rules with their clauses and what they ask for.
macro_rules! rules {
    ($($name:ident: $clause:literal, $text:literal;)*) => {
        /// The rules of MVT 2.1 that a tile may break.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Rule {
            $(#[doc = concat!("MVT ", $clause, ": ", $text, ".")] $name,)*
        }

        impl fmt::Display for Rule {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$name => concat!($text, " (MVT ", $clause, ")"),)*
                })
            }
        }
    };
}

rules! {
    Encoding: "3", "a tile is a protocol buffer whose fields end where they say";
    FieldType: "3", "fields have the types of the schema";
    Utf8: "3", "names, keys and texts are UTF-8";
    LayerName: "4.1", "a layer has one name, and not an empty one";
    LayerNameUnique: "4.1", "layers have different names";
    LayerVersion: "4.1", "a layer says that it follows version 1 or 2";
    LayerExtent: "4.1", "the extent is above zero";
    FeatureType: "4.2", "a feature has a type: unknown, point, line or polygon";
    FeatureGeometry: "4.2", "a feature has a geometry, and one only";
    TagsPaired: "4.4", "tags are pairs of a key and a value";
    TagKey: "4.4", "a tag's key is in the layer's list of keys";
    TagValue: "4.4", "a tag's value is in the layer's list of values";
    TagKeyUnique: "4.4", "the tags of a feature have different keys";
    ValueKind: "4.4", "a value holds one value of a known kind";
    Command: "4.3.1", "a command is MoveTo, LineTo or ClosePath";
    CommandCount: "4.3.1", "a command's count is above zero, and one for the MoveTo of a line and for ClosePath";
    CommandOrder: "4.3.4", "points are one MoveTo; lines repeat MoveTo, LineTo; rings repeat MoveTo, LineTo, ClosePath";
    Parameters: "4.3.1", "a command has as many parameters as its count says";
    LineToMoves: "4.3.3.2", "a step of LineTo moves, and a ring does not repeat its first vertex";
    RingVertices: "4.3.4.4", "a ring has three or more vertices";
    RingArea: "4.3.4.4", "a ring has an area";
    RingOrder: "4.3.4.4", "a polygon begins with its outer ring";
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "layer {}", self.layer)?;
        if let Some(feature) = self.feature {
            write!(f, ", feature {feature}")?;
        }
        write!(f, " breaks the rule that {}", self.rule)
    }
}

impl<'a> ReadLayer<'a> {
    /// Returns the keys and values of a feature of this layer.
    pub fn properties<'f>(
        &'f self,
        feature: &'f ReadFeature,
    ) -> impl Iterator<Item = (&'a str, ReadValue<'a>)> + 'f {
        let pair = |&(key, value): &(u32, u32)| {
            Some((*self.keys.get(key as usize)?, *self.values.get(value as usize)?))
        };
        feature.tags.iter().filter_map(pair)
    }
}

/// Reads a tile that is not compressed.
///
/// # Errors
/// When a layer, value or shape can not be read; the error names the rule of the specification.
pub fn read(tile: &[u8]) -> Result<ReadTile<'_>, ReadError> {
    let mut out = ReadTile::default();
    let mut names = FxHashSet::default();
    let mut reader = Reader::default();
    for field in fields(tile) {
        let field = field.or_else(|_| reader.fail(Rule::Encoding))?;
        if field.number != 3 {
            continue;
        }
        let layer = reader.layer(reader.bytes(&field)?)?;
        if !names.insert(layer.name) {
            reader.note(Rule::LayerNameUnique);
        }
        out.layers.push(layer);
        reader.layer += 1;
    }
    out.warnings = reader.warnings;
    Ok(out)
}

/// Where we are, and what was passed over.
#[derive(Default)]
struct Reader {
    layer: usize,
    feature: Option<usize>,
    warnings: Vec<Fault>,
    /// Tags of the feature at hand.
    tags: Vec<u32>,
    /// Commands of the feature at hand.
    commands: Vec<u32>,
    /// Keys that the feature at hand has.
    seen: FxHashSet<u32>,
}

impl Reader {
    fn fault(&self, rule: Rule) -> Fault {
        Fault { rule, layer: self.layer, feature: self.feature }
    }

    fn fail<T>(&self, rule: Rule) -> Result<T, ReadError> {
        Err(ReadError(self.fault(rule)))
    }

    fn note(&mut self, rule: Rule) {
        let fault = self.fault(rule);
        self.warnings.push(fault);
    }

    fn bytes<'a>(&self, field: &FieldRef<'a>) -> Result<&'a [u8], ReadError> {
        match field.content {
            Content::Bytes(bytes) => Ok(bytes),
            _ => self.fail(Rule::FieldType),
        }
    }

    fn text<'a>(&self, field: &FieldRef<'a>) -> Result<&'a str, ReadError> {
        std::str::from_utf8(self.bytes(field)?).or_else(|_| self.fail(Rule::Utf8))
    }

    fn varint(&self, field: &FieldRef<'_>) -> Result<u64, ReadError> {
        match field.content {
            Content::Varint(value) => Ok(value),
            _ => self.fail(Rule::FieldType),
        }
    }

    fn layer<'a>(&mut self, bytes: &'a [u8]) -> Result<ReadLayer<'a>, ReadError> {
        let mut name = None;
        let mut version = None;
        let mut extent = 4096;
        let (mut keys, mut values, mut features) = (Vec::new(), Vec::new(), Vec::new());
        for field in fields(bytes) {
            let field = field.or_else(|_| self.fail(Rule::Encoding))?;
            match field.number {
                1 if name.is_some() => self.note(Rule::LayerName),
                1 => name = Some(self.text(&field)?),
                2 => features.push(self.bytes(&field)?),
                3 => keys.push(self.text(&field)?),
                4 => values.push(self.value(self.bytes(&field)?)?),
                5 => extent = self.varint(&field)?,
                15 => version = Some(self.varint(&field)?),
                _ => {}
            }
        }
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            return self.fail(Rule::LayerName);
        };
        let version = match version {
            Some(1) => 1,
            Some(2) => 2,
            _ => return self.fail(Rule::LayerVersion),
        };
        let Some(extent) = u32::try_from(extent).ok().filter(|&extent| extent > 0) else {
            return self.fail(Rule::LayerExtent);
        };
        let mut layer = ReadLayer { name, version, extent, keys, values, features: Vec::new() };
        for (i, bytes) in features.into_iter().enumerate() {
            self.feature = Some(i);
            let feature = self.feature(bytes, &layer)?;
            layer.features.push(feature);
        }
        self.feature = None;
        Ok(layer)
    }

    fn value<'a>(&self, bytes: &'a [u8]) -> Result<ReadValue<'a>, ReadError> {
        let mut value = None;
        for field in fields(bytes) {
            let field = field.or_else(|_| self.fail(Rule::Encoding))?;
            let one = match field.number {
                1 => ReadValue::Text(self.text(&field)?),
                2 => ReadValue::Float(f32::from_le_bytes(self.fixed(&field)?)),
                3 => ReadValue::Double(f64::from_le_bytes(self.fixed(&field)?)),
                4 => ReadValue::Int(self.varint(&field)? as i64),
                5 => ReadValue::Uint(self.varint(&field)?),
                6 => {
                    let folded = self.varint(&field)?;
                    ReadValue::Sint((folded >> 1) as i64 ^ -((folded & 1) as i64))
                }
                7 => ReadValue::Bool(self.varint(&field)? != 0),
                _ => return self.fail(Rule::ValueKind),
            };
            if value.replace(one).is_some() {
                return self.fail(Rule::ValueKind);
            }
        }
        value.ok_or(ReadError(self.fault(Rule::ValueKind)))
    }

    /// Returns the bytes of a field of fixed length, which stand behind its one-byte tag.
    fn fixed<const N: usize>(&self, field: &FieldRef<'_>) -> Result<[u8; N], ReadError> {
        let bytes = field.raw.get(1..).and_then(|bytes| bytes.try_into().ok());
        match (field.content, bytes) {
            (Content::Fixed, Some(bytes)) => Ok(bytes),
            _ => self.fail(Rule::FieldType),
        }
    }

    fn feature(&mut self, bytes: &[u8], layer: &ReadLayer<'_>) -> Result<ReadFeature, ReadError> {
        let (mut id, mut kind, mut shaped) = (None, None, false);
        let mut tags = Vec::new();
        let mut list = std::mem::take(&mut self.tags);
        let mut commands = std::mem::take(&mut self.commands);
        list.clear();
        commands.clear();
        for field in fields(bytes) {
            let field = field.or_else(|_| self.fail(Rule::Encoding))?;
            match field.number {
                1 => id = Some(self.varint(&field)?),
                2 => self.numbers(&field, &mut list)?,
                3 => kind = Some(self.varint(&field)?),
                4 if shaped && matches!(field.content, Content::Bytes(_)) => {
                    self.note(Rule::FeatureGeometry);
                }
                4 => {
                    shaped = true;
                    self.numbers(&field, &mut commands)?;
                }
                _ => {}
            }
        }
        self.seen.clear();
        for pair in list.chunks(2) {
            let &[key, value] = pair else {
                self.note(Rule::TagsPaired);
                continue;
            };
            if key as usize >= layer.keys.len() {
                return self.fail(Rule::TagKey);
            }
            if value as usize >= layer.values.len() {
                return self.fail(Rule::TagValue);
            }
            if !self.seen.insert(key) {
                self.note(Rule::TagKeyUnique);
            }
            tags.push((key, value));
        }
        if commands.is_empty() {
            self.note(Rule::FeatureGeometry);
        }
        let geometry = match kind {
            Some(1) => ReadGeometry::Points(self.points(&commands)?),
            Some(2) => ReadGeometry::Lines(self.lines(&commands)?),
            Some(3) => ReadGeometry::Polygons(self.polygons(&commands)?),
            Some(0) => ReadGeometry::Unknown(commands.clone()),
            _ => {
                self.note(Rule::FeatureType);
                ReadGeometry::Unknown(commands.clone())
            }
        };
        (self.tags, self.commands) = (list, commands);
        Ok(ReadFeature { id, tags, geometry })
    }

    /// Appends the 32-bit numbers of a field, packed or single.
    fn numbers(&self, field: &FieldRef<'_>, into: &mut Vec<u32>) -> Result<(), ReadError> {
        let narrow = |n: u64| u32::try_from(n).or_else(|_| self.fail(Rule::FieldType));
        let mut rest = match field.content {
            Content::Varint(single) => {
                into.push(narrow(single)?);
                return Ok(());
            }
            Content::Bytes(packed) => packed,
            Content::Fixed => return self.fail(Rule::FieldType),
        };
        while !rest.is_empty() {
            let number = take_varint(&mut rest).or_else(|_| self.fail(Rule::Encoding))?;
            into.push(narrow(number)?);
        }
        Ok(())
    }

    fn points(&self, commands: &[u32]) -> Result<Vec<[i64; 2]>, ReadError> {
        let mut path = Path::new(commands);
        let mut points = Vec::new();
        if !path.rest.is_empty() {
            path.steps(self, MOVE_TO, &mut points)?;
        }
        if !path.rest.is_empty() {
            return self.fail(Rule::CommandOrder);
        }
        Ok(points)
    }

    fn lines(&mut self, commands: &[u32]) -> Result<Vec<Vec<[i64; 2]>>, ReadError> {
        let mut path = Path::new(commands);
        let mut lines = Vec::new();
        while !path.rest.is_empty() {
            lines.push(self.line(&mut path)?);
        }
        Ok(lines)
    }

    /// Reads MoveTo and LineTo.
    fn line(&mut self, path: &mut Path<'_>) -> Result<Vec<[i64; 2]>, ReadError> {
        let mut line = Vec::new();
        path.steps(self, MOVE_TO, &mut line)?;
        if line.len() != 1 {
            return self.fail(Rule::CommandCount);
        }
        path.steps(self, LINE_TO, &mut line)?;
        if line.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
            self.note(Rule::LineToMoves);
        }
        Ok(line)
    }

    fn polygons(&mut self, commands: &[u32]) -> Result<Vec<Vec<Vec<[i64; 2]>>>, ReadError> {
        let mut path = Path::new(commands);
        let mut polygons: Vec<Vec<Vec<[i64; 2]>>> = Vec::new();
        while !path.rest.is_empty() {
            let mut ring = self.line(&mut path)?;
            path.close(self)?;
            if ring.len() < 3 {
                self.note(Rule::RingVertices);
            }
            if let (Some(&first), Some(&last)) = (ring.first(), ring.last()) {
                if first == last {
                    self.note(Rule::LineToMoves);
                } else {
                    ring.push(first);
                }
            }
            let area = doubled_area(&ring);
            if area == 0 {
                self.note(Rule::RingArea);
            }
            match polygons.last_mut() {
                Some(polygon) if area <= 0 => polygon.push(ring),
                last => {
                    if last.is_none() && area < 0 {
                        self.note(Rule::RingOrder);
                    }
                    polygons.push(vec![ring]);
                }
            }
        }
        Ok(polygons)
    }
}

const MOVE_TO: u32 = 1;
const LINE_TO: u32 = 2;
const CLOSE_PATH: u32 = 7;

/// Commands that are not yet read, and where the cursor is.
struct Path<'c> {
    rest: &'c [u32],
    at: [i64; 2],
}

impl<'c> Path<'c> {
    fn new(commands: &'c [u32]) -> Self {
        Self { rest: commands, at: [0, 0] }
    }

    /// Takes a command that must be `wanted`; returns its count.
    fn command(&mut self, reader: &Reader, wanted: u32) -> Result<usize, ReadError> {
        let Some((&command, rest)) = self.rest.split_first() else {
            return reader.fail(Rule::CommandOrder);
        };
        self.rest = rest;
        let (id, count) = (command & 7, (command >> 3) as usize);
        if !matches!(id, MOVE_TO | LINE_TO | CLOSE_PATH) {
            return reader.fail(Rule::Command);
        }
        if id != wanted {
            return reader.fail(Rule::CommandOrder);
        }
        if count == 0 {
            return reader.fail(Rule::CommandCount);
        }
        Ok(count)
    }

    /// Takes a MoveTo or LineTo with its parameters.
    fn steps(
        &mut self,
        reader: &Reader,
        wanted: u32,
        out: &mut Vec<[i64; 2]>,
    ) -> Result<(), ReadError> {
        let count = self.command(reader, wanted)?;
        let Some((steps, rest)) =
            count.checked_mul(2).and_then(|numbers| self.rest.split_at_checked(numbers))
        else {
            return reader.fail(Rule::Parameters);
        };
        self.rest = rest;
        out.reserve(count);
        for step in steps.chunks_exact(2) {
            if let &[dx, dy] = step {
                self.at = [self.at[0] + unfold(dx), self.at[1] + unfold(dy)];
                out.push(self.at);
            }
        }
        Ok(())
    }

    fn close(&mut self, reader: &Reader) -> Result<(), ReadError> {
        match self.command(reader, CLOSE_PATH)? {
            1 => Ok(()),
            _ => reader.fail(Rule::CommandCount),
        }
    }
}

/// Undoes the zigzag of a step.
fn unfold(step: u32) -> i64 {
    i64::from((step >> 1) as i32 ^ -((step & 1) as i32))
}

/// Returns twice the area of a closed ring, positive for outer ones (y points down).
fn doubled_area(ring: &[[i64; 2]]) -> i128 {
    let twice = |pair: &[[i64; 2]]| match pair {
        [[ax, ay], [bx, by]] => {
            i128::from(*ax) * i128::from(*by) - i128::from(*bx) * i128::from(*ay)
        }
        _ => 0,
    };
    ring.windows(2).map(twice).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{VARINT, put_bytes, put_tag, put_varint};

    fn packed(numbers: &[u32]) -> Vec<u8> {
        let mut out = Vec::new();
        for &number in numbers {
            put_varint(&mut out, u64::from(number));
        }
        out
    }

    /// A tile with one feature of a kind and commands.
    fn tile(kind: u64, commands: &[u32]) -> Vec<u8> {
        let mut feature = Vec::new();
        put_tag(&mut feature, 3, VARINT);
        put_varint(&mut feature, kind);
        put_bytes(&mut feature, 4, &packed(commands));
        let mut layer = Vec::new();
        put_tag(&mut layer, 15, VARINT);
        put_varint(&mut layer, 2);
        put_bytes(&mut layer, 1, b"a");
        put_bytes(&mut layer, 2, &feature);
        let mut tile = Vec::new();
        put_bytes(&mut tile, 3, &layer);
        tile
    }

    fn geometry(kind: u64, commands: &[u32]) -> ReadGeometry {
        let tile = tile(kind, commands);
        let read = read(&tile).unwrap();
        assert_eq!(read.warnings, []);
        read.layers[0].features[0].geometry.clone()
    }

    #[test]
    fn the_examples_of_the_specification_are_read() {
        assert_eq!(geometry(1, &[9, 50, 34]), ReadGeometry::Points(vec![[25, 17]]));
        assert_eq!(geometry(1, &[17, 10, 14, 3, 9]), ReadGeometry::Points(vec![[5, 7], [3, 2]]));
        assert_eq!(
            geometry(2, &[9, 4, 4, 18, 0, 16, 16, 0, 9, 17, 17, 10, 4, 8]),
            ReadGeometry::Lines(vec![vec![[2, 2], [2, 10], [10, 10]], vec![[1, 1], [3, 5]]])
        );
        let polygons = geometry(
            3,
            &[
                9, 0, 0, 26, 20, 0, 0, 20, 19, 0, 15, 9, 22, 2, 26, 18, 0, 0, 18, 17, 0, 15, 9, 4,
                13, 26, 0, 8, 8, 0, 0, 7, 15,
            ],
        );
        let ReadGeometry::Polygons(polygons) = polygons else { panic!("{polygons:?}") };
        assert_eq!(polygons.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(polygons[1][1], [[13, 13], [13, 17], [17, 17], [17, 13], [13, 13]]);
    }

    #[test]
    fn broken_shapes_are_refused_by_the_rule_they_break() {
        for (kind, commands, rule) in [
            (1, vec![9, 50], Rule::Parameters),
            (1, vec![4_294_967_289, 2, 2], Rule::Parameters),
            (1, vec![1], Rule::CommandCount),
            (1, vec![9, 0, 0, 9, 0, 0], Rule::CommandOrder),
            (1, vec![12, 0, 0], Rule::Command),
            (2, vec![9, 0, 0], Rule::CommandOrder),
            (2, vec![17, 0, 0, 2, 2, 10, 2, 2], Rule::CommandCount),
            (2, vec![9, 0, 0, 10, 2, 2, 15], Rule::CommandOrder),
            (3, vec![9, 0, 0, 18, 2, 0, 0, 2], Rule::CommandOrder),
            (3, vec![9, 0, 0, 18, 2, 0, 0, 2, 23], Rule::CommandCount),
            (3, vec![15], Rule::CommandOrder),
        ] {
            let tile = tile(kind, &commands);
            let error = read(&tile).unwrap_err();
            assert_eq!(error.0, Fault { rule, layer: 0, feature: Some(0) }, "{commands:?}");
        }
        let error = read(&tile(1, &[12, 0, 0])).unwrap_err().to_string();
        assert_eq!(
            error,
            "cannot read the vector tile: layer 0, feature 0 breaks the rule that a command is MoveTo, \
             LineTo or ClosePath (MVT 4.3.1)"
        );
    }

    #[test]
    fn odd_shapes_are_read_and_noted() {
        for (kind, commands, rules) in [
            (1, vec![], vec![Rule::FeatureGeometry]),
            (5, vec![9, 0, 0], vec![Rule::FeatureType]),
            (2, vec![9, 0, 0, 10, 0, 0], vec![Rule::LineToMoves]),
            (3, vec![9, 0, 0, 10, 2, 2, 15], vec![Rule::RingVertices, Rule::RingArea]),
            (3, vec![9, 0, 0, 18, 0, 2, 2, 0, 15], vec![Rule::RingOrder]),
            (3, vec![9, 0, 0, 26, 2, 0, 0, 2, 1, 1, 15], vec![Rule::LineToMoves]),
        ] {
            let tile = tile(kind, &commands);
            let noted: Vec<Rule> =
                read(&tile).unwrap().warnings.iter().map(|fault| fault.rule).collect();
            assert_eq!(noted, rules, "{kind} {commands:?}");
        }
    }

    #[test]
    fn unpacked_numbers_are_read_as_any_protocol_buffer_reader_does() {
        let mut feature = vec![0x18, 1];
        for number in [9, 50, 34] {
            put_tag(&mut feature, 4, VARINT);
            put_varint(&mut feature, number);
        }
        let mut layer = vec![0x78, 2];
        put_bytes(&mut layer, 1, b"a");
        put_bytes(&mut layer, 2, &feature);
        let mut tile = Vec::new();
        put_bytes(&mut tile, 3, &layer);
        let read = read(&tile).unwrap();
        assert_eq!(read.layers[0].features[0].geometry, ReadGeometry::Points(vec![[25, 17]]));
    }
}
