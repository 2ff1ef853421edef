//! Geometries of GML, kept small: the corners of all polygons of one top-level object lie in one array.

use std::hash::{DefaultHasher, Hash, Hasher};

use rustc_hash::FxHashMap;

/// What a `gml:id` was made into: 128 bits of hash, so that millions of them fit in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Id(u64, u64);

impl Id {
    /// Makes the id of a `gml:id`.
    pub(super) fn of(text: &str) -> Self {
        let half = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            (salt, text.trim()).hash(&mut hasher);
            hasher.finish()
        };
        Self(half(0), half(1))
    }

    /// Makes the id that a reference within the file means: `#id`. `None` for one to another file.
    pub(super) fn referred(reference: &str) -> Option<Self> {
        reference.trim().strip_prefix('#').map(Self::of)
    }
}

/// The corners of polygons.
#[derive(Debug, Default)]
pub(super) struct Arena {
    places: Vec<[f64; 3]>,
    /// Exclusive ends of rings among the places.
    ring_ends: Vec<u32>,
    /// Exclusive ends of polygons among the rings.
    polygon_ends: Vec<u32>,
    ring_ids: FxHashMap<u32, Id>,
    polygon_ids: FxHashMap<u32, Id>,
}

/// How much was in an arena at some time.
pub(super) struct Mark {
    places: usize,
    rings: usize,
}

impl Arena {
    /// Returns how many corners there are.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Forgets everything and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.places.clear();
        self.ring_ends.clear();
        self.polygon_ends.clear();
        self.ring_ids.clear();
        self.polygon_ids.clear();
    }

    /// Returns the state before a polygon.
    pub(super) fn mark(&self) -> Mark {
        Mark { places: self.places.len(), rings: self.ring_ends.len() }
    }

    /// Drops the corners and rings of a polygon that was not ended.
    pub(super) fn roll_back(&mut self, mark: &Mark) {
        self.places.truncate(mark.places);
        while self.ring_ends.len() > mark.rings {
            self.ring_ends.pop();
            self.ring_ids.remove(&(self.ring_ends.len() as u32));
        }
    }

    /// Returns the corners added since a mark.
    pub(super) fn since(&self, mark: &Mark) -> &[[f64; 3]] {
        self.places.get(mark.places..).unwrap_or_default()
    }

    /// Adds a corner to the ring that is being made.
    pub(super) fn push(&mut self, at: [f64; 3]) {
        self.places.push(at);
    }

    /// Ends a ring.
    pub(super) fn end_ring(&mut self, id: Option<Id>) {
        if let Some(id) = id {
            self.ring_ids.insert(self.ring_ends.len() as u32, id);
        }
        self.ring_ends.push(self.places.len() as u32);
    }

    /// Ends a polygon and returns its number.
    pub(super) fn end_polygon(&mut self, id: Option<Id>) -> u32 {
        let number = self.polygon_ends.len() as u32;
        if let Some(id) = id {
            self.polygon_ids.insert(number, id);
        }
        self.polygon_ends.push(self.ring_ends.len() as u32);
        number
    }

    /// Returns the id of a polygon.
    pub(super) fn polygon_id(&self, polygon: u32) -> Option<Id> {
        self.polygon_ids.get(&polygon).copied()
    }

    /// Walks the rings of a polygon, the outer one first.
    pub(super) fn rings(&self, polygon: u32) -> impl Iterator<Item = (Option<Id>, &[[f64; 3]])> {
        range(&self.polygon_ends, polygon).map(|ring| {
            let ring = ring as u32;
            let places = self.places.get(range(&self.ring_ends, ring)).unwrap_or_default();
            (self.ring_ids.get(&ring).copied(), places)
        })
    }

    /// Copies a polygon of another arena.
    pub(super) fn copy(&mut self, from: &Self, polygon: u32) -> u32 {
        for (id, places) in from.rings(polygon) {
            self.places.extend_from_slice(places);
            self.end_ring(id);
        }
        self.end_polygon(from.polygon_id(polygon))
    }

    /// Returns a number that polygons with the same corners in the outer ring share, in whatever order.
    pub(super) fn fingerprint(&self, polygon: u32) -> u64 {
        let outer = self.rings(polygon).next().map(|(_, places)| places).unwrap_or_default();
        let open = match outer {
            [first, rest @ .., last] if first == last => rest.len() + 1,
            _ => outer.len(),
        };
        let hash = |at: &[f64; 3]| {
            let mut hasher = rustc_hash::FxHasher::default();
            at.map(f64::to_bits).hash(&mut hasher);
            hasher.finish()
        };
        let corners = outer.get(..open).unwrap_or_default();
        corners.iter().map(hash).fold(open as u64, u64::wrapping_add)
    }
}

fn range(ends: &[u32], i: u32) -> std::ops::Range<usize> {
    let i = i as usize;
    let start = i.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0);
    start as usize..ends.get(i).copied().unwrap_or(start) as usize
}

/// A geometry of GML.
#[derive(Debug)]
pub(super) enum Shape {
    /// A polygon of the arena.
    Polygon(u32),
    /// Geometries in one: MultiSurface, CompositeSurface, Solid, Shell, OrientableSurface and so on.
    Group(Box<Group>),
    /// A geometry that stands elsewhere in the file.
    Reference(Id),
    /// Points.
    Points(Box<[[f64; 3]]>),
    /// A line.
    Line(Box<[[f64; 3]]>),
    /// A template, put at a place.
    Implicit(Box<Implicit>),
    /// Something that can not be understood, and why.
    Broken(Box<str>),
}

/// Geometries in one.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// Its `gml:id`.
    pub(super) id: Option<Id>,
    /// Whether its surfaces bound a volume.
    pub(super) is_solid: bool,
    /// Whether its surfaces are turned round.
    pub(super) is_reversed: bool,
    /// What it is made of.
    pub(super) members: Vec<Shape>,
}

/// A template at a place: CityGML 2.0 (OGC 12-019), clause 8.2.
#[derive(Debug, Default)]
pub(super) struct Implicit {
    /// Turns and scales the template, row by row.
    pub(super) matrix: Option<[f64; 16]>,
    /// The template; nothing where it is in a file of its own.
    pub(super) template: Vec<Shape>,
    /// Where the template's origin goes.
    pub(super) at: Option<[f64; 3]>,
    /// Whether it names a file with the template.
    pub(super) has_library: bool,
}

/// Where shapes with ids are.
pub(super) type Ids<'a> = FxHashMap<Id, Target<'a>>;

/// A shape with an id.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target<'a> {
    /// A polygon of the arena.
    Polygon(u32),
    /// Geometries in one.
    Group(&'a Group),
}

/// Adds the ids of a shape and of what it is made of.
pub(super) fn collect_ids<'a>(shape: &'a Shape, arena: &Arena, ids: &mut Ids<'a>) {
    match shape {
        Shape::Polygon(number) => {
            if let Some(id) = arena.polygon_id(*number) {
                ids.insert(id, Target::Polygon(*number));
            }
        }
        Shape::Group(group) => {
            if let Some(id) = group.id {
                ids.insert(id, Target::Group(group));
            }
            group.members.iter().for_each(|member| collect_ids(member, arena, ids));
        }
        Shape::Implicit(implicit) => {
            implicit.template.iter().for_each(|member| collect_ids(member, arena, ids));
        }
        Shape::Reference(_) | Shape::Points(_) | Shape::Line(_) | Shape::Broken(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polygons_keep_their_rings_and_a_broken_one_leaves_nothing() {
        let mut arena = Arena::default();
        let square = [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]];
        for at in square {
            arena.push(at);
        }
        arena.end_ring(Some(Id::of("r")));
        let first = arena.end_polygon(Some(Id::of("p")));
        let mark = arena.mark();
        arena.push([9.0; 3]);
        arena.end_ring(Some(Id::of("x")));
        arena.roll_back(&mark);
        // The same corners, from another start.
        for i in [1, 2, 0, 1] {
            arena.push(square[i]);
        }
        arena.end_ring(None);
        let second = arena.end_polygon(None);
        let rings: Vec<_> = arena.rings(second).collect();
        assert_eq!((rings.len(), rings[0].0, rings[0].1.len()), (1, None, 4));
        assert_eq!(arena.rings(first).next().unwrap().0, Some(Id::of(" r ")));
        assert_eq!(arena.fingerprint(first), arena.fingerprint(second));
        assert_eq!(Id::referred("#p"), arena.polygon_id(first));
        assert_eq!(Id::referred("other.gml#p"), None);
        assert_eq!(arena.rings(7).count(), 0);
    }
}
