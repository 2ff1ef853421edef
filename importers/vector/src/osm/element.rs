//! What an OSM file holds: nodes, ways and relations, borrowed from the block or element being read.

use crate::Error;

/// Longitude and latitude in units of 1e-7 degrees, the resolution of OSM's own database (about 1 cm).
pub(super) type At = [i32; 2];

/// Makes a coordinate out of degrees times 10^7; `None` outside the world.
pub(super) fn at_checked(lon: i64, lat: i64) -> Option<At> {
    let on_earth = lon.abs() <= 1_800_000_000 && lat.abs() <= 900_000_000;
    on_earth.then_some([lon as i32, lat as i32])
}

/// Returns longitude and latitude in degrees: the closest doubles to the decimal numbers.
pub(super) fn degrees(at: At) -> [f64; 2] {
    at.map(|v| f64::from(v) / 1e7)
}

/// The tags of an element, in the order of the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tags<'a>(pub(super) &'a [(&'a str, &'a str)]);

impl<'a> Tags<'a> {
    /// Returns the value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&'a str> {
        self.0.iter().find(|(k, _)| *k == key).map(|(_, v)| *v)
    }

    /// Tells whether the key stands there with a value other than `no`.
    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some_and(|value| value != "no")
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The three kinds of elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ElementKind {
    Node,
    Way,
    Relation,
}

impl ElementKind {
    /// Returns the letter before an id, as in `w123`.
    pub(super) fn letter(self) -> char {
        match self {
            Self::Node => 'n',
            Self::Way => 'w',
            Self::Relation => 'r',
        }
    }
}

/// A member of a relation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member<'a> {
    pub(super) kind: ElementKind,
    pub(super) id: i64,
    pub(super) role: &'a str,
}

/// One element.
#[derive(Debug, Clone, Copy)]
pub(super) enum Element<'a> {
    /// A point; without coordinates when they are missing or off the earth.
    Node { id: i64, at: Option<At>, tags: Tags<'a> },
    /// A line through nodes.
    Way { id: i64, refs: &'a [i64], tags: Tags<'a> },
    /// A group of elements.
    Relation { id: i64, members: &'a [Member<'a>], tags: Tags<'a> },
}

/// A set of kinds of elements.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Kinds {
    pub(super) nodes: bool,
    pub(super) ways: bool,
    pub(super) relations: bool,
}

impl Kinds {
    pub(super) const NODES: Self = Self { nodes: true, ways: false, relations: false };
    pub(super) const WAYS: Self = Self { nodes: false, ways: true, relations: false };
    pub(super) const RELATIONS: Self = Self { nodes: false, ways: false, relations: true };

    pub(super) fn intersects(self, other: Self) -> bool {
        (self.nodes && other.nodes)
            || (self.ways && other.ways)
            || (self.relations && other.relations)
    }
}

/// Takes the elements of one pass over the file.
pub(super) trait Visitor {
    /// Takes an element of a wanted kind.
    fn element(&mut self, element: Element<'_>) -> Result<(), Error>;

    /// Learns how many bytes of the file this pass has read.
    fn progress(&mut self, read: u64);
}
