//! Decoding vector tiles, to know that they can be decoded and what is in them (MVT 2.1).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::limits::MAX_LISTED_NAMES;
use crate::varint::take_varint;

/// The layers met in tiles, with the fields and zooms they were met with.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layers(BTreeMap<String, Layer>);

#[derive(Debug, Clone)]
struct Layer {
    minzoom: u8,
    maxzoom: u8,
    /// Types by name: `Number`, `String`, `Boolean`.
    fields: BTreeMap<String, BTreeSet<&'static str>>,
}

impl Layers {
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Returns `vector_layers` as TileJSON has them. A field with values of several types is a `String`.
    pub(crate) fn to_json(&self) -> Value {
        let layers = self.0.iter().map(|(name, layer)| {
            let fields: serde_json::Map<String, Value> = layer
                .fields
                .iter()
                .map(|(field, types)| {
                    let only = types.first().filter(|_| types.len() == 1);
                    (field.clone(), json!(only.unwrap_or(&"String")))
                })
                .collect();
            json!({ "id": name, "minzoom": layer.minzoom, "maxzoom": layer.maxzoom, "fields": fields })
        });
        layers.collect()
    }

    pub(crate) fn union(mut self, other: Self) -> Self {
        for (name, layer) in other.0 {
            self.add(&name, layer);
        }
        self
    }

    /// Decodes a tile and adds what is in it; says in words what is wrong.
    pub(crate) fn read(&mut self, tile: &[u8], zoom: u8) -> Result<(), String> {
        let mut rest = tile;
        while let Some(field) = take_field(&mut rest, "the tile")? {
            if let (3, Content::Bytes(layer)) = field {
                self.read_layer(layer, zoom)?;
            }
        }
        Ok(())
    }

    fn read_layer(&mut self, bytes: &[u8], zoom: u8) -> Result<(), String> {
        let (mut name, mut version, mut extent) = (None, 1, 4096);
        let (mut keys, mut values, mut features) = (Vec::new(), Vec::new(), Vec::new());
        let mut rest = bytes;
        while let Some(field) = take_field(&mut rest, "a layer")? {
            match field {
                (1, Content::Bytes(bytes)) => name = Some(text(bytes, "the name of a layer")?),
                (2, Content::Bytes(bytes)) => features.push(bytes),
                (3, Content::Bytes(bytes)) => keys.push(text(bytes, "a key")?),
                (4, Content::Bytes(bytes)) => values.push(value_type(bytes)?),
                (5, Content::Number(number)) => extent = number,
                (15, Content::Number(number)) => version = number,
                _ => {}
            }
        }
        let Some(name) = name else { return Err("a layer has no name".into()) };
        let in_layer = |why: String| format!("layer '{name}': {why}");
        if !(1..=2).contains(&version) {
            return Err(in_layer(format!("version {version} is not read")));
        }
        if extent == 0 || extent > u64::from(u32::MAX) {
            return Err(in_layer(format!("extent {extent}")));
        }
        let mut fields: BTreeMap<&str, BTreeSet<&'static str>> = BTreeMap::new();
        for feature in features {
            let pairs = read_feature(feature).map_err(in_layer)?;
            for (key, value) in pairs {
                let key = usize::try_from(key).ok().and_then(|at| keys.get(at));
                let value = usize::try_from(value).ok().and_then(|at| values.get(at));
                let (Some(key), Some(value)) = (key, value) else {
                    return Err(in_layer(
                        "a feature names a key or value that is not there".into(),
                    ));
                };
                fields.entry(key).or_default().insert(value);
            }
        }
        let fields = fields.into_iter().map(|(name, types)| (name.to_owned(), types)).collect();
        let layer = Layer { minzoom: zoom, maxzoom: zoom, fields };
        self.add(name, layer);
        Ok(())
    }

    fn add(&mut self, name: &str, layer: Layer) {
        if let Some(known) = self.0.get_mut(name) {
            known.take(layer);
        } else if self.0.len() < MAX_LISTED_NAMES {
            self.0.insert(name.to_owned(), layer);
        }
    }
}

impl Layer {
    fn take(&mut self, other: Self) {
        self.minzoom = self.minzoom.min(other.minzoom);
        self.maxzoom = self.maxzoom.max(other.maxzoom);
        for (name, types) in other.fields {
            if let Some(mine) = self.fields.get_mut(&name) {
                mine.extend(types);
            } else if self.fields.len() < MAX_LISTED_NAMES {
                self.fields.insert(name, types);
            }
        }
    }
}

/// Returns the pairs of key and value of a feature, after a look at its geometry.
fn read_feature(bytes: &[u8]) -> Result<Vec<(u64, u64)>, String> {
    let (mut pairs, mut kind) = (Vec::new(), 0);
    let mut geometry: &[u8] = &[];
    let mut rest = bytes;
    while let Some(field) = take_field(&mut rest, "a feature")? {
        match field {
            (2, Content::Bytes(mut tags)) => {
                while !tags.is_empty() {
                    let pair = take_varint(&mut tags).zip(take_varint(&mut tags));
                    pairs.push(pair.ok_or("a feature has a key without a value")?);
                }
            }
            (3, Content::Number(number)) => kind = number,
            (4, Content::Bytes(bytes)) => geometry = bytes,
            _ => {}
        }
    }
    // Shapes of unknown kind are for the reader to skip (MVT 4.3.4.1).
    if (1..=3).contains(&kind) {
        read_commands(geometry)?;
    }
    Ok(pairs)
}

/// Looks whether every command has its parameters (MVT 4.3).
fn read_commands(mut bytes: &[u8]) -> Result<(), String> {
    while !bytes.is_empty() {
        let command = take_varint(&mut bytes).ok_or("a shape ends in the middle of a command")?;
        let parameters = match command & 7 {
            1 | 2 => 2 * (command >> 3),
            7 => 0,
            other => return Err(format!("a shape has the unknown command {other}")),
        };
        // Each parameter takes a byte at least.
        if parameters > bytes.len() as u64 {
            return Err("a shape ends in the middle of a command".into());
        }
        for _ in 0..parameters {
            take_varint(&mut bytes).ok_or("a shape ends in the middle of a command")?;
        }
    }
    Ok(())
}

fn value_type(bytes: &[u8]) -> Result<&'static str, String> {
    let mut kind = "String";
    let mut rest = bytes;
    while let Some((number, _)) = take_field(&mut rest, "a value")? {
        kind = match number {
            2..=6 => "Number",
            7 => "Boolean",
            _ => "String",
        };
    }
    Ok(kind)
}

fn text<'a>(bytes: &'a [u8], what: &str) -> Result<&'a str, String> {
    std::str::from_utf8(bytes).map_err(|_| format!("{what} is no text"))
}

/// What a field of a message holds.
enum Content<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Fixed,
}

/// Takes a field, number and content, off the front of a message (Protocol Buffers); `None` at its end.
fn take_field<'a>(rest: &mut &'a [u8], what: &str) -> Result<Option<(u64, Content<'a>)>, String> {
    if rest.is_empty() {
        return Ok(None);
    }
    let field = take_tagged(rest);
    let why = || format!("{what} ends too early, or is not of a vector tile");
    field.map(Some).ok_or_else(why)
}

fn take_tagged<'a>(rest: &mut &'a [u8]) -> Option<(u64, Content<'a>)> {
    let tag = take_varint(rest)?;
    let content = match tag & 7 {
        0 => Content::Number(take_varint(rest)?),
        1 => take(rest, 8).map(|_| Content::Fixed)?,
        2 => {
            let len = take_varint(rest)?;
            Content::Bytes(take(rest, len)?)
        }
        5 => take(rest, 4).map(|_| Content::Fixed)?,
        _ => return None,
    };
    Some((tag >> 3, content))
}

fn take<'a>(rest: &mut &'a [u8], len: u64) -> Option<&'a [u8]> {
    let (head, tail) = rest.split_at_checked(usize::try_from(len).ok()?)?;
    *rest = tail;
    Some(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(number: u8, bytes: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, bytes.len() as u8][..], bytes].concat()
    }

    fn tile(feature: &[u8]) -> Vec<u8> {
        let layer = [
            block(1, "地块".as_bytes()),
            block(2, feature),
            block(3, b"area"),
            block(4, &[4 << 3, 9]),
            vec![5 << 3, 0x80, 0x20, 15 << 3, 2],
        ];
        block(3, &layer.concat())
    }

    const GOOD: [u8; 11] = [0x12, 2, 0, 0, 0x18, 1, 0x22, 3, 9, 2, 2];

    #[test]
    fn layers_and_fields_are_told() {
        let mut layers = Layers::default();
        layers.read(&tile(&GOOD), 9).unwrap();
        layers.read(&tile(&GOOD), 12).unwrap();
        let expected =
            json!([{ "id": "地块", "minzoom": 9, "maxzoom": 12, "fields": { "area": "Number" } }]);
        assert_eq!(layers.to_json(), expected);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let mut layers = Layers::default();
        let cut = &tile(&GOOD)[..20];
        for (bytes, why) in [
            (cut, "ends too early"),
            (&block(3, &[15 << 3, 2])[..], "no name"),
            (&tile(&[0x12, 2, 0, 7]), "not there"),
            (&tile(&[0x12, 1, 0]), "without a value"),
            (&tile(&[0x18, 1, 0x22, 2, 9, 2]), "middle of a command"),
            (&tile(&[0x18, 1, 0x22, 1, 0xff]), "middle of a command"),
            (&tile(&[0x18, 1, 0x22, 1, 4]), "unknown command 4"),
            (b"\x89PNG\r\n\x1a\n", "not of a vector tile"),
        ] {
            let error = layers.read(bytes, 0).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(0_u8.., 0..100)) {
            let _ = Layers::default().read(&bytes, 3);
            let _ = Layers::default().read(&tile(&bytes), 3);
        }
    }
}
