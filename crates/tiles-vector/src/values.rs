//! The values of a layer, each written once (MVT 4.4).

use std::fmt::Write;
use std::hash::Hasher;

use onemap_model::ValueRef;
use rustc_hash::FxHasher;

use crate::wire::{put_varint, varint_len, zigzag64};

/// Field number and type of `Layer.values` (MVT appendix A).
const VALUES_TAG: u8 = 4 << 3 | 2;

/// Values as they will stand in the layer, and a hash table that finds them again. The table is its
/// own because it must look values up by bytes that it keeps in one piece itself.
#[derive(Debug, Default)]
pub(crate) struct Values {
    /// The encoded `values` fields one after another.
    bytes: Vec<u8>,
    /// Exclusive end of each in `bytes`, and its hash.
    entries: Vec<(u32, u32)>,
    /// Index of a value plus 1, 0 for empty; a power of two of them, at most half full.
    slots: Vec<u32>,
    text: String,
}

impl Values {
    /// Empties the table for another layer, keeping its memory.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
        self.slots.fill(0);
    }

    /// Returns the encoded fields.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the index of a value, which is added if it is new; `None` for what a tile cannot hold:
    /// null, bytes, and numbers that are not finite.
    pub(crate) fn index_of(&mut self, value: ValueRef<'_>) -> Option<u32> {
        let start = self.bytes.len();
        match value {
            ValueRef::Null | ValueRef::Bytes(_) => return None,
            ValueRef::Bool(b) => self.bytes.extend([VALUES_TAG, 2, 7 << 3, u8::from(b)]),
            // Decoders for JavaScript read int64 (field 4) as unsigned, so it is not used.
            ValueRef::Int(n) => match u64::try_from(n) {
                Ok(unsigned) => self.put_number(5, unsigned),
                Err(_) => self.put_number(6, zigzag64(n)),
            },
            ValueRef::Float(x) if x.is_finite() => {
                self.bytes.extend([VALUES_TAG, 9, 3 << 3 | 1]);
                // -0 and 0 are one value.
                self.bytes.extend((x + 0.0).to_le_bytes());
            }
            ValueRef::Float(_) => return None,
            ValueRef::Text(s) | ValueRef::Json(s) => put_text(&mut self.bytes, s),
            ValueRef::Date(t) | ValueRef::DateTime(t) => {
                self.text.clear();
                // Writing to a string does not fail.
                let _ = write!(self.text, "{t}");
                put_text(&mut self.bytes, &self.text);
            }
        }
        Some(self.find_or_keep(start))
    }

    fn put_number(&mut self, field: u8, number: u64) {
        self.bytes.push(VALUES_TAG);
        self.bytes.push(1 + varint_len(number) as u8);
        self.bytes.push(field << 3);
        put_varint(&mut self.bytes, number);
    }

    /// Looks up the value that was written at `start`: keeps it if it is new, else takes it back.
    fn find_or_keep(&mut self, start: usize) -> u32 {
        if self.entries.len() * 2 >= self.slots.len() {
            self.grow();
        }
        let (before, new) = self.bytes.split_at(start);
        let mut hasher = FxHasher::default();
        hasher.write(new);
        let hash = hasher.finish();
        let hash = (hash ^ (hash >> 32)) as u32;
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let Some(slot) = self.slots.get_mut(at) else {
                return 0;
            };
            if *slot == 0 {
                let index = self.entries.len() as u32;
                *slot = index + 1;
                self.entries.push((self.bytes.len() as u32, hash));
                return index;
            }
            let index = *slot - 1;
            let same = self.entries.get(index as usize).is_some_and(|entry| {
                let from = match index.checked_sub(1) {
                    Some(last) => self.entries.get(last as usize).map_or(0, |e| e.0),
                    None => 0,
                };
                entry.1 == hash && before.get(from as usize..entry.0 as usize) == Some(new)
            });
            if same {
                self.bytes.truncate(start);
                return index;
            }
            at = (at + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(64);
        self.slots.clear();
        self.slots.resize(size, 0);
        for (index, &(_, hash)) in (1_u32..).zip(&self.entries) {
            let mut at = hash as usize & (size - 1);
            while self.slots[at] != 0 {
                at = (at + 1) & (size - 1);
            }
            self.slots[at] = index;
        }
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    let len = text.len() as u64;
    out.push(VALUES_TAG);
    put_varint(out, 1 + varint_len(len) as u64 + len);
    out.push(1 << 3 | 2);
    put_varint(out, len);
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_an_index_and_types_stay_apart() {
        let mut values = Values::default();
        let one = values.index_of(ValueRef::Int(1));
        assert_eq!(one, Some(0));
        assert_eq!(values.index_of(ValueRef::Float(1.0)), Some(1));
        assert_eq!(values.index_of(ValueRef::Bool(true)), Some(2));
        assert_eq!(values.index_of(ValueRef::Text("1")), Some(3));
        assert_eq!(values.index_of(ValueRef::Int(-1)), Some(4));
        assert_eq!(values.index_of(ValueRef::Int(1)), one);
        assert_eq!(values.index_of(ValueRef::Json("1")), Some(3));
        assert_eq!(values.index_of(ValueRef::Float(0.0)), values.index_of(ValueRef::Float(-0.0)));
    }

    #[test]
    fn ten_thousand_values_are_all_found_again() {
        let mut values = Values::default();
        for round in 0..2 {
            for n in 0..10_000 {
                assert_eq!(values.index_of(ValueRef::Int(n)), Some(n as u32), "round {round}");
            }
        }
        values.clear();
        assert_eq!(values.index_of(ValueRef::Int(9)), Some(0));
    }

    #[test]
    fn what_a_tile_cannot_hold_has_no_index() {
        let mut values = Values::default();
        for value in [ValueRef::Null, ValueRef::Bytes(b"x"), ValueRef::Float(f64::NAN)] {
            assert_eq!(values.index_of(value), None);
        }
        assert!(values.bytes().is_empty());
    }
}
