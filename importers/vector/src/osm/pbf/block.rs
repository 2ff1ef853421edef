//! The content of a data blob: a table of strings and groups of elements
//! (wiki.openstreetmap.org/wiki/PBF_Format, "Encoding OSM entities into fileblocks").

use std::borrow::Cow;

use onemap_bounded::{Error, Result};

use super::proto::Message;
use crate::limits::{MAX_OSM_REFS, MAX_OSM_TAGS, MAX_PBF_STRINGS};
use crate::osm::element::{At, Element, ElementKind, Kinds, Member, Tags, at_checked};
use crate::varint::zigzag;

/// A data blob, its groups not yet read.
pub(super) struct Block<'a> {
    strings: Vec<Cow<'a, str>>,
    groups: Vec<&'a [u8]>,
    /// Units of the coordinates, nanodegrees.
    granularity: i64,
    lat_offset: i64,
    lon_offset: i64,
}

/// Why reading a block ended early: the bytes are broken, or the visitor wants no more.
pub(super) enum Ended {
    Broken(Error),
    Visitor(crate::Error),
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        Self::Broken(error)
    }
}

fn too_many(what: &'static str, limit: usize) -> Error {
    Error::Limit { what, limit: limit as u64, unit: "items" }
}

fn malformed(detail: &str) -> Error {
    Error::Malformed { what: "PBF block", offset: 0, detail: detail.to_owned() }
}

/// Memory that is used again for every element.
#[derive(Default)]
pub(super) struct Scratch {
    keys: Vec<u64>,
    values: Vec<u64>,
    ids: Vec<u64>,
    lats: Vec<u64>,
    lons: Vec<u64>,
    refs: Vec<i64>,
}

type Visit<'v> = dyn FnMut(Element<'_>) -> std::result::Result<(), crate::Error> + 'v;

impl<'a> Block<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self> {
        let mut block = Self {
            strings: Vec::new(),
            groups: Vec::new(),
            granularity: 100,
            lat_offset: 0,
            lon_offset: 0,
        };
        let mut message = Message::new(bytes);
        while let Some((field, value)) = message.next()? {
            match field {
                1 => {
                    let mut table = Message::new(value.bytes());
                    while let Some((field, value)) = table.next()? {
                        if field == 1 {
                            if block.strings.len() >= MAX_PBF_STRINGS {
                                return Err(too_many("strings in a PBF block", MAX_PBF_STRINGS));
                            }
                            block.strings.push(String::from_utf8_lossy(value.bytes()));
                        }
                    }
                }
                2 => block.groups.push(value.bytes()),
                17 => block.granularity = value.integer() as i64,
                19 => block.lat_offset = value.integer() as i64,
                20 => block.lon_offset = value.integer() as i64,
                _ => {}
            }
        }
        Ok(block)
    }

    /// Tells which kinds of elements are in it.
    pub(super) fn kinds(&self) -> Result<Kinds> {
        let mut kinds = Kinds::default();
        for group in &self.groups {
            let mut message = Message::new(group);
            while let Some((field, _)) = message.next()? {
                kinds.nodes |= field == 1 || field == 2;
                kinds.ways |= field == 3;
                kinds.relations |= field == 4;
            }
        }
        Ok(kinds)
    }

    /// Visits the elements of the wanted kinds.
    pub(super) fn visit(
        &self,
        wanted: Kinds,
        scratch: &mut Scratch,
        visit: &mut Visit<'_>,
    ) -> std::result::Result<(), Ended> {
        for group in &self.groups {
            let mut message = Message::new(group);
            while let Some((field, value)) = message.next()? {
                match field {
                    1 if wanted.nodes => self.node(value.bytes(), scratch, visit)?,
                    2 if wanted.nodes => self.dense(value.bytes(), scratch, visit)?,
                    3 if wanted.ways => self.way(value.bytes(), scratch, visit)?,
                    4 if wanted.relations => self.relation(value.bytes(), scratch, visit)?,
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn string(&self, index: u64) -> Result<&str> {
        let found = usize::try_from(index).ok().and_then(|i| self.strings.get(i));
        found
            .map(Cow::as_ref)
            .ok_or_else(|| malformed("an element names a string that is not in the table"))
    }

    fn tags(&self, keys: &[u64], values: &[u64]) -> Result<Vec<(&str, &str)>> {
        if keys.len() != values.len() {
            return Err(malformed("an element has more keys than values, or fewer"));
        }
        if keys.len() > MAX_OSM_TAGS {
            return Err(too_many("an object in a PBF block", MAX_OSM_TAGS));
        }
        keys.iter().zip(values).map(|(k, v)| Ok((self.string(*k)?, self.string(*v)?))).collect()
    }

    /// Turns the block's units into 1e-7 degrees.
    fn at(&self, lon: i64, lat: i64) -> Option<At> {
        let scale = |v: i64, offset: i64| {
            let nano = v.checked_mul(self.granularity)?.checked_add(offset)?;
            // Rounded half away from zero; exact for the usual granularity of 100.
            Some(if nano < 0 { nano.checked_sub(50)? / 100 } else { nano.checked_add(50)? / 100 })
        };
        at_checked(scale(lon, self.lon_offset)?, scale(lat, self.lat_offset)?)
    }

    fn node(
        &self,
        bytes: &[u8],
        scratch: &mut Scratch,
        visit: &mut Visit<'_>,
    ) -> std::result::Result<(), Ended> {
        let Scratch { keys, values, .. } = scratch;
        keys.clear();
        values.clear();
        let (mut id, mut lat, mut lon) = (0, 0, 0);
        let mut message = Message::new(bytes);
        while let Some((field, value)) = message.next()? {
            match field {
                1 => id = zigzag(value.integer()),
                2 => value.extend(keys)?,
                3 => value.extend(values)?,
                8 => lat = zigzag(value.integer()),
                9 => lon = zigzag(value.integer()),
                _ => {}
            }
        }
        let tags = self.tags(keys, values)?;
        visit(Element::Node { id, at: self.at(lon, lat), tags: Tags(&tags) })
            .map_err(Ended::Visitor)
    }

    fn dense(
        &self,
        bytes: &[u8],
        scratch: &mut Scratch,
        visit: &mut Visit<'_>,
    ) -> std::result::Result<(), Ended> {
        let Scratch { keys, ids, lats, lons, .. } = scratch;
        for list in [&mut *keys, &mut *ids, &mut *lats, &mut *lons] {
            list.clear();
        }
        let mut message = Message::new(bytes);
        while let Some((field, value)) = message.next()? {
            match field {
                1 => value.extend(ids)?,
                8 => value.extend(lats)?,
                9 => value.extend(lons)?,
                10 => value.extend(keys)?,
                _ => {}
            }
        }
        if lats.len() != ids.len() || lons.len() != ids.len() {
            return Err(malformed("it has more nodes than coordinates, or fewer").into());
        }
        let (mut id, mut lat, mut lon) = (0i64, 0i64, 0i64);
        let mut strings = keys.iter();
        let mut tags = Vec::new();
        for ((next_id, next_lat), next_lon) in ids.iter().zip(lats.iter()).zip(lons.iter()) {
            id = id.wrapping_add(zigzag(*next_id));
            lat = lat.wrapping_add(zigzag(*next_lat));
            lon = lon.wrapping_add(zigzag(*next_lon));
            tags.clear();
            // Pairs of key and value, ended by a zero; the list is empty when no node has a tag.
            while let Some(key) = strings.next().filter(|key| **key != 0) {
                let value = strings
                    .next()
                    .ok_or_else(|| malformed("the last tag of a node has no value"))?;
                if tags.len() >= MAX_OSM_TAGS {
                    return Err(too_many("an object in a PBF block", MAX_OSM_TAGS).into());
                }
                tags.push((self.string(*key)?, self.string(*value)?));
            }
            visit(Element::Node { id, at: self.at(lon, lat), tags: Tags(&tags) })
                .map_err(Ended::Visitor)?;
        }
        Ok(())
    }

    fn way(
        &self,
        bytes: &[u8],
        scratch: &mut Scratch,
        visit: &mut Visit<'_>,
    ) -> std::result::Result<(), Ended> {
        let Scratch { keys, values, ids, refs, .. } = scratch;
        keys.clear();
        values.clear();
        ids.clear();
        refs.clear();
        let mut id = 0;
        let mut message = Message::new(bytes);
        while let Some((field, value)) = message.next()? {
            match field {
                1 => id = value.integer() as i64,
                2 => value.extend(keys)?,
                3 => value.extend(values)?,
                8 => value.extend(ids)?,
                _ => {}
            }
        }
        let tags = self.tags(keys, values)?;
        if ids.len() > MAX_OSM_REFS {
            return Err(too_many("a way in a PBF block", MAX_OSM_REFS).into());
        }
        let mut node = 0i64;
        refs.extend(ids.iter().map(|delta| {
            node = node.wrapping_add(zigzag(*delta));
            node
        }));
        visit(Element::Way { id, refs, tags: Tags(&tags) }).map_err(Ended::Visitor)
    }

    fn relation(
        &self,
        bytes: &[u8],
        scratch: &mut Scratch,
        visit: &mut Visit<'_>,
    ) -> std::result::Result<(), Ended> {
        let Scratch { keys, values, ids, lats: roles, lons: types, .. } = scratch;
        for list in [&mut *keys, &mut *values, &mut *ids, &mut *roles, &mut *types] {
            list.clear();
        }
        let mut id = 0;
        let mut message = Message::new(bytes);
        while let Some((field, value)) = message.next()? {
            match field {
                1 => id = value.integer() as i64,
                2 => value.extend(keys)?,
                3 => value.extend(values)?,
                8 => value.extend(roles)?,
                9 => value.extend(ids)?,
                10 => value.extend(types)?,
                _ => {}
            }
        }
        if roles.len() != ids.len() || types.len() != ids.len() {
            return Err(
                malformed("a relation has more members than roles or types, or fewer").into()
            );
        }
        let tags = self.tags(keys, values)?;
        if ids.len() > MAX_OSM_REFS {
            return Err(too_many("a relation in a PBF block", MAX_OSM_REFS).into());
        }
        let mut members = Vec::with_capacity(ids.len());
        let mut member = 0i64;
        for ((delta, role), kind) in ids.iter().zip(roles.iter()).zip(types.iter()) {
            member = member.wrapping_add(zigzag(*delta));
            let kind = match kind {
                0 => ElementKind::Node,
                1 => ElementKind::Way,
                2 => ElementKind::Relation,
                _ => return Err(malformed("a member is neither node, way nor relation").into()),
            };
            members.push(Member { kind, id: member, role: self.string(*role)? });
        }
        visit(Element::Relation { id, members: &members, tags: Tags(&tags) })
            .map_err(Ended::Visitor)
    }
}
