//! What the first two passes keep for the last: relations that become areas, and their ways.

use rustc_hash::FxHashMap;

use super::element::{ElementKind, Member, Tags};
use crate::limits::MAX_OSM_MEMBERS;

/// A relation that becomes an area.
#[derive(Debug)]
pub(super) struct Relation {
    pub(super) id: i64,
    tags: Vec<(Box<str>, Box<str>)>,
    /// Ways, and whether their role is `inner`.
    pub(super) ways: Vec<(i64, bool)>,
}

impl Relation {
    /// Calls with its tags.
    pub(super) fn with_tags<T>(&self, call: impl FnOnce(Tags<'_>) -> T) -> T {
        let tags: Vec<(&str, &str)> =
            self.tags.iter().map(|(k, v)| (k.as_ref(), v.as_ref())).collect();
        call(Tags(&tags))
    }
}

/// The relations kept, and what is known of their ways.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) relations: Vec<Relation>,
    /// Where the nodes of each member way stand in `nodes`; empty until the way is met.
    ways: FxHashMap<i64, (u32, u32)>,
    nodes: Vec<i64>,
    /// Lowest `admin_level` of the administrative boundaries that a way is a member of.
    boundaries: FxHashMap<i64, i64>,
    members: usize,
}

/// The relations have more members than the memory that an import may use takes.
#[derive(Debug)]
pub(super) struct TooMany;

impl Kept {
    /// Keeps a relation.
    pub(super) fn relation(
        &mut self,
        id: i64,
        members: &[Member<'_>],
        tags: Tags<'_>,
    ) -> Result<(), TooMany> {
        self.members = self.members.saturating_add(members.len());
        if self.members > MAX_OSM_MEMBERS {
            return Err(TooMany);
        }
        let level = tags.get("admin_level").and_then(super::units::integer);
        let is_administrative = tags.get("boundary") == Some("administrative");
        let mut ways: Vec<(i64, bool)> = Vec::new();
        for member in members.iter().filter(|member| member.kind == ElementKind::Way) {
            ways.push((member.id, member.role == "inner"));
            self.ways.entry(member.id).or_insert((0, 0));
            if is_administrative {
                let level = level.unwrap_or(i64::MAX);
                let lowest = self.boundaries.entry(member.id).or_insert(level);
                *lowest = level.min(*lowest);
            }
        }
        // A way that is listed twice would cancel itself out.
        ways.sort_unstable();
        ways.dedup_by_key(|(id, _)| *id);
        let tags = tags.0.iter().map(|(k, v)| (Box::from(*k), Box::from(*v))).collect();
        self.relations.push(Relation { id, tags, ways });
        Ok(())
    }

    /// Keeps the nodes of a way, if some relation needs it; tells whether one does.
    pub(super) fn way(&mut self, id: i64, refs: &[i64]) -> Result<bool, TooMany> {
        let Some(place) = self.ways.get_mut(&id) else { return Ok(false) };
        let begin = self.nodes.len();
        let end = begin + refs.len();
        if end > MAX_OSM_MEMBERS {
            return Err(TooMany);
        }
        self.nodes.extend_from_slice(refs);
        *place = (begin as u32, end as u32);
        Ok(true)
    }

    /// Returns the nodes of a way; none when the way is not in the file.
    pub(super) fn nodes_of(&self, way: i64) -> &[i64] {
        let (begin, end) = self.ways.get(&way).copied().unwrap_or_default();
        self.nodes.get(begin as usize..end as usize).unwrap_or_default()
    }

    /// Tells whether a way is a member of an administrative boundary.
    pub(super) fn is_in_boundary(&self, way: i64) -> bool {
        self.boundaries.contains_key(&way)
    }

    /// Returns the lowest `admin_level` of the administrative boundaries that a way is a member of.
    pub(super) fn boundary_level(&self, way: i64) -> Option<i64> {
        self.boundaries.get(&way).copied().filter(|level| *level != i64::MAX)
    }
}
