//! Lists of indices within lists, as CityJSON writes boundaries and what belongs to them.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

const OPEN: u32 = u32::MAX;
const NULL: u32 = u32::MAX - 1;
/// Something that is no index.
const BAD: u32 = u32::MAX - 2;
/// Numbers of one nest: 1 GiB.
const MOST: usize = 1 << 28;

/// Indices in lists in lists, in one array: a list is `OPEN`, the number of entries it takes, and its items.
#[derive(Debug, Default)]
pub(super) struct Nest(Vec<u32>);

/// One item of a nest: an index, `null`, or a list of items.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'a>(&'a [u32]);

impl Nest {
    /// Returns the outermost item.
    pub(super) fn item(&self) -> Item<'_> {
        Item(&self.0)
    }
}

impl<'a> Item<'a> {
    /// Returns the item that is not there.
    pub(super) fn none() -> Self {
        Item(&[])
    }

    /// Returns the index; `None` for anything else.
    pub(super) fn index(self) -> Option<u32> {
        self.0.first().copied().filter(|&n| n < BAD)
    }

    /// Tells whether it is a list.
    pub(super) fn is_list(self) -> bool {
        self.0.first() == Some(&OPEN)
    }

    /// Returns the items of a list; none for anything else.
    pub(super) fn items(self) -> impl Iterator<Item = Item<'a>> {
        let mut rest = match self.0 {
            [OPEN, length, content @ ..] => content.get(..*length as usize).unwrap_or_default(),
            _ => &[],
        };
        std::iter::from_fn(move || {
            let length = match rest {
                [] => return None,
                [OPEN, length, ..] => 2 + *length as usize,
                _ => 1,
            };
            let (item, after) = rest.split_at_checked(length)?;
            rest = after;
            Some(Item(item))
        })
    }
}

impl<'de> serde::Deserialize<'de> for Nest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut numbers = Vec::new();
        Into(&mut numbers).deserialize(deserializer)?;
        numbers.shrink_to_fit();
        Ok(Self(numbers))
    }
}

struct Into<'a>(&'a mut Vec<u32>);

impl<'de> DeserializeSeed<'de> for Into<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Into<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("lists of indices")
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.0.push(u32::try_from(number).ok().filter(|&n| n < BAD).unwrap_or(BAD));
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.0.push(BAD);
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.0.push(BAD);
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.0.push(BAD);
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        self.0.push(BAD);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.0.push(NULL);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.0.extend([OPEN, 0]);
        let start = self.0.len();
        while list.next_element_seed(Into(&mut *self.0))?.is_some() {
            if self.0.len() > MOST {
                return Err(A::Error::custom("one object has more boundaries than can be held"));
            }
        }
        let length = (self.0.len() - start) as u32;
        if let Some(slot) = self.0.get_mut(start - 1) {
            *slot = length;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        self.0.push(BAD);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nests_keep_their_shape() {
        let nest: Nest = serde_json::from_str("[[[0,1,[2]],null],-5,\"x\",{\"a\":[1]}]").unwrap();
        let outer: Vec<_> = nest.item().items().collect();
        assert_eq!(outer.len(), 4);
        let inner: Vec<_> = outer[0].items().collect();
        assert!(inner[0].is_list() && !inner[1].is_list());
        let indices: Vec<_> = inner[0].items().map(Item::index).collect();
        assert_eq!(indices, [Some(0), Some(1), None]);
        assert!(outer[1..].iter().all(|item| item.index().is_none() && item.items().count() == 0));
        assert_eq!(Item::none().items().count(), 0);
    }
}
