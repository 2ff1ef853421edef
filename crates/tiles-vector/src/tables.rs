//! Keys and values of a layer, each written once (MVT 4.4).

use onemap_model::{FeatureRef, Schema, State, ValueRef};

use crate::arena::Tag;
use crate::values::Values;
use crate::wire::{put_bytes, put_varint};

/// Properties for what a feature has besides its values, written only where it is not the usual:
/// `_state` other than existing, `_from` and `_to` where the valid time has that end, `_count` where a
/// shape stands for more than one feature. A field of the layer with the same name goes first.
const OWN_KEYS: [&str; 4] = ["_state", "_from", "_to", "_count"];

/// The keys and values that the layer's features use.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub values: Values,
    keys: Vec<u8>,
    key_count: u32,
    slots: Vec<Option<u32>>,
    /// Where the features were collected first: the values then known and their final numbers plus 1.
    staged: Values,
    moved: Vec<u32>,
    moved_bytes: Vec<u8>,
    moved_count: u32,
}

impl Tables {
    /// Begins another layer.
    pub(crate) fn clear(&mut self, schema: &Schema) {
        self.values.clear();
        self.staged.clear();
        self.keys.clear();
        self.key_count = 0;
        self.slots.clear();
        self.slots.resize(schema.fields.len() + OWN_KEYS.len(), None);
        self.moved.clear();
        self.moved_bytes.clear();
        self.moved_count = 0;
    }

    /// Returns the bytes of the keys and the values, in this order.
    pub(crate) fn bytes(&self) -> [&[u8]; 2] {
        let values = if self.moved_count > 0 { &self.moved_bytes } else { self.values.bytes() };
        [&self.keys, values]
    }

    /// Returns the bytes of the values of features that wait in the arena.
    pub(crate) fn staged_len(&self) -> usize {
        self.staged.bytes().len()
    }

    /// Writes the pairs of key and value (MVT 4.4) of a feature.
    pub(crate) fn put(
        &mut self,
        schema: &Schema,
        feature: &FeatureRef<'_>,
        count: u32,
        out: &mut Vec<u8>,
    ) {
        each_property(schema, feature, count, |slot, value| {
            if self.slots[slot].is_none() && key_name(schema, slot).is_none() {
                return;
            }
            if let Some(value) = self.values.index_of(value) {
                let key = self.key(schema, slot);
                put_varint(out, u64::from(key));
                put_varint(out, u64::from(value));
            }
        });
    }

    /// Remembers the properties of a feature that may or may not be written later.
    pub(crate) fn stage(
        &mut self,
        schema: &Schema,
        feature: &FeatureRef<'_>,
        count: u32,
        out: &mut Vec<Tag>,
    ) {
        each_property(schema, feature, count, |slot, value| {
            if slot >= schema.fields.len() && key_name(schema, slot).is_none() {
                return;
            }
            if let Some(value) = self.staged.index_of(value) {
                out.push(Tag { slot: slot as u32, value });
            }
        });
    }

    /// Returns the staged number of a value; `None` for what a tile cannot hold.
    pub(crate) fn staged_number(&mut self, value: ValueRef<'_>) -> Option<u32> {
        self.staged.index_of(value)
    }

    /// Writes the pairs of key and value of a feature that was staged.
    pub(crate) fn put_staged(&mut self, schema: &Schema, tags: &[Tag], out: &mut Vec<u8>) {
        self.moved.resize(self.staged.len(), 0);
        for tag in tags {
            let number = &mut self.moved[tag.value as usize];
            if *number == 0 {
                self.moved_count += 1;
                *number = self.moved_count;
                self.moved_bytes.extend_from_slice(self.staged.field(tag.value));
            }
            let value = *number - 1;
            let key = self.key(schema, tag.slot as usize);
            put_varint(out, u64::from(key));
            put_varint(out, u64::from(value));
        }
    }

    fn key(&mut self, schema: &Schema, slot: usize) -> u32 {
        if let Some(key) = self.slots[slot] {
            return key;
        }
        let key = self.key_count;
        self.key_count += 1;
        put_bytes(&mut self.keys, 3, key_name(schema, slot).unwrap_or("").as_bytes());
        self.slots[slot] = Some(key);
        key
    }
}

/// Visits what may become properties of a feature, with the position of the key.
fn each_property<'a>(
    schema: &Schema,
    feature: &FeatureRef<'a>,
    count: u32,
    mut visit: impl FnMut(usize, ValueRef<'a>),
) {
    let fields = schema.fields.len();
    for (slot, &value) in feature.values.iter().take(fields).enumerate() {
        visit(slot, value);
    }
    if feature.state != State::Existing {
        visit(fields, ValueRef::Text(feature.state.name()));
    }
    if let Some(from) = feature.valid.from {
        visit(fields + 1, ValueRef::DateTime(from));
    }
    if let Some(to) = feature.valid.to {
        visit(fields + 2, ValueRef::DateTime(to));
    }
    if count > 1 {
        visit(fields + 3, ValueRef::Int(i64::from(count)));
    }
}

/// Returns the name of the key at a position; `None` where a field has taken the name of one of ours.
fn key_name(schema: &Schema, slot: usize) -> Option<&str> {
    if let Some(field) = schema.fields.get(slot) {
        return Some(&field.name);
    }
    let name = OWN_KEYS.get(slot - schema.fields.len())?;
    schema.position(name).is_none().then_some(*name)
}
