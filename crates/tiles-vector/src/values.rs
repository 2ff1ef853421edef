//! The values of a layer, each written once (MVT 4.4).

use std::fmt::Write;
use std::hash::Hasher;

use hashbrown::HashTable;
use onemap_model::ValueRef;
use rustc_hash::{FxHashMap, FxHasher};

use crate::wire::{put_varint, varint_len, zigzag64};

/// Field number and type of `Layer.values` (MVT appendix A).
const VALUES_TAG: u8 = 4 << 3 | 2;

/// Values as they will stand in the layer, and what finds them again.
#[derive(Debug, Default)]
pub(crate) struct Values {
    /// The encoded `values` fields one after another.
    bytes: Vec<u8>,
    /// Where in `bytes` each ends.
    ends: Vec<u32>,
    /// Index plus 1 of the whole numbers from 0 on that are known: years, floors, codes.
    small: Vec<u32>,
    numbers: FxHashMap<Number, u32>,
    /// Texts are not kept twice: the table looks into `bytes`.
    texts: HashTable<Text>,
    text: String,
}

/// A value that is no text, as the bits that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Number {
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Double(u64),
}

/// Where in `bytes` the content of a text stands.
#[derive(Debug, Clone, Copy)]
struct Text {
    start: u32,
    end: u32,
    index: u32,
}

/// Whole numbers below this are found without hashing.
const SMALL: usize = 4096;

impl Values {
    /// Forgets the values for another layer, keeping the memory.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.small.clear();
        self.small.resize(SMALL, 0);
        self.numbers.clear();
        self.texts.clear();
    }

    /// Returns the encoded fields.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns how many there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns one of the encoded fields.
    pub(crate) fn field(&self, index: u32) -> &[u8] {
        let end = |i: u32| self.ends.get(i as usize).map_or(0, |&end| end as usize);
        let start = index.checked_sub(1).map_or(0, end);
        self.bytes.get(start..end(index)).unwrap_or(&[])
    }

    /// Returns the index of a value, which is added if it is new; `None` for what a tile cannot hold:
    /// null, bytes, and numbers that are not finite.
    pub(crate) fn index_of(&mut self, value: ValueRef<'_>) -> Option<u32> {
        let number = match value {
            ValueRef::Null | ValueRef::Bytes(_) => return None,
            ValueRef::Text(s) | ValueRef::Json(s) => return Some(self.index_of_text(s)),
            ValueRef::Date(t) | ValueRef::DateTime(t) => {
                let mut text = std::mem::take(&mut self.text);
                text.clear();
                // Writing to a string does not fail.
                let _ = write!(text, "{t}");
                let index = self.index_of_text(&text);
                self.text = text;
                return Some(index);
            }
            ValueRef::Bool(b) => Number::Bool(b),
            ValueRef::Int(n) => {
                let small = usize::try_from(n).ok().and_then(|n| self.small.get(n));
                if let Some(known) = small.and_then(|plus_one| plus_one.checked_sub(1)) {
                    return Some(known);
                }
                match u64::try_from(n) {
                    Ok(unsigned) => Number::Unsigned(unsigned),
                    Err(_) => Number::Signed(n),
                }
            }
            // -0 and 0 are one value.
            ValueRef::Float(x) if x.is_finite() => Number::Double((x + 0.0).to_bits()),
            ValueRef::Float(_) => return None,
        };
        Some(self.index_of_number(number))
    }

    fn index_of_number(&mut self, number: Number) -> u32 {
        if let Some(&index) = self.numbers.get(&number) {
            return index;
        }
        match number {
            Number::Bool(b) => self.bytes.extend([VALUES_TAG, 2, 7 << 3, u8::from(b)]),
            // Decoders for JavaScript read int64 (field 4) as unsigned, so it is not used.
            Number::Unsigned(n) => self.put_varint_value(5, n),
            Number::Signed(n) => self.put_varint_value(6, zigzag64(n)),
            Number::Double(bits) => {
                self.bytes.extend([VALUES_TAG, 9, 3 << 3 | 1]);
                self.bytes.extend(bits.to_le_bytes());
            }
        }
        let index = self.next_index();
        let small = match number {
            Number::Unsigned(n) => usize::try_from(n).ok(),
            _ => None,
        };
        if let Some(slot) = small.and_then(|n| self.small.get_mut(n)) {
            *slot = index + 1;
        } else {
            self.numbers.insert(number, index);
        }
        index
    }

    fn put_varint_value(&mut self, field: u8, number: u64) {
        self.bytes.push(VALUES_TAG);
        self.bytes.push(1 + varint_len(number) as u8);
        self.bytes.push(field << 3);
        put_varint(&mut self.bytes, number);
    }

    fn index_of_text(&mut self, text: &str) -> u32 {
        let content = |t: &Text| self.bytes.get(t.start as usize..t.end as usize).unwrap_or(&[]);
        let hash = hash(text.as_bytes());
        let known = self.texts.find(hash, |t| content(t) == text.as_bytes());
        if let Some(known) = known {
            return known.index;
        }
        let len = text.len() as u64;
        self.bytes.push(VALUES_TAG);
        put_varint(&mut self.bytes, 1 + varint_len(len) as u64 + len);
        self.bytes.push(1 << 3 | 2);
        put_varint(&mut self.bytes, len);
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(text.as_bytes());
        let new = Text { start, end: self.bytes.len() as u32, index: self.next_index() };
        let bytes = &self.bytes;
        let rehash =
            |t: &Text| self::hash(bytes.get(t.start as usize..t.end as usize).unwrap_or(&[]));
        self.texts.insert_unique(hash, new, rehash);
        new.index
    }

    fn next_index(&mut self) -> u32 {
        self.ends.push(self.bytes.len() as u32);
        self.ends.len() as u32 - 1
    }
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(bytes);
    hasher.finish()
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
        values.clear();
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
