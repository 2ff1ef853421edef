//! The features of a layer between the two phases: flat arrays, in the order added.

use std::ops::Range;

use crate::shape::GeomType;
use crate::snap::Cell;

/// What a path is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The points of a feature.
    Points,
    /// A line.
    Open,
    /// A ring that begins a polygon: positive area, unless it crosses itself or has none.
    Outer,
    /// A ring that is a hole in the polygon before.
    Hole,
}

/// A line, a ring without its closing point, or a feature's points: cells up to `end`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Path {
    pub end: u32,
    pub role: Role,
    /// Of small outer rings the area before it was snapped, in square units.
    pub area: f32,
}

/// A feature: paths and properties up to their ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Staged {
    pub id: u64,
    pub kind: GeomType,
    pub paths: u32,
    pub tags: u32,
    /// Features with the same number are joined where they meet.
    pub group: Option<u32>,
}

/// A property: the position of its key, and its value's number among the layer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tag {
    pub slot: u32,
    pub value: u32,
}

/// Features, their paths, the cells of those; each array is sliced by the one above.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    pub cells: Vec<Cell>,
    pub paths: Vec<Path>,
    pub features: Vec<Staged>,
    pub tags: Vec<Tag>,
}

impl Arena {
    pub(crate) fn clear(&mut self) {
        self.cells.clear();
        self.paths.clear();
        self.features.clear();
        self.tags.clear();
    }

    /// Ends the path whose cells were appended.
    pub(crate) fn end_path(&mut self, role: Role, area: f32) {
        self.paths.push(Path { end: self.cells.len() as u32, role, area });
    }

    /// Ends the feature whose paths and tags were appended.
    pub(crate) fn end_feature(&mut self, id: u64, kind: GeomType, group: Option<u32>) {
        let (paths, tags) = (self.paths.len() as u32, self.tags.len() as u32);
        self.features.push(Staged { id, kind, paths, tags, group });
    }

    /// Returns where the cells of a path stand.
    #[inline]
    pub(crate) fn cells_of(&self, path: usize) -> Range<usize> {
        let start = path.checked_sub(1).map_or(0, |before| self.paths[before].end as usize);
        start..self.paths[path].end as usize
    }

    /// Returns where the paths of a feature stand.
    pub(crate) fn paths_of(&self, feature: usize) -> Range<usize> {
        let before = feature.checked_sub(1).map_or(0, |f| self.features[f].paths as usize);
        before..self.features[feature].paths as usize
    }

    pub(crate) fn tags_of(&self, feature: usize) -> &[Tag] {
        let before = feature.checked_sub(1).map_or(0, |f| self.features[f].tags as usize);
        &self.tags[before..self.features[feature].tags as usize]
    }

    /// Appends a copy of a feature of another arena.
    pub(crate) fn copy_feature(&mut self, from: &Self, feature: usize) {
        for path in from.paths_of(feature) {
            self.cells.extend_from_slice(&from.cells[from.cells_of(path)]);
            self.end_path(from.paths[path].role, from.paths[path].area);
        }
        self.tags.extend_from_slice(from.tags_of(feature));
        let Staged { id, kind, .. } = from.features[feature];
        self.end_feature(id, kind, from.features[feature].group);
    }

    /// Ends the feature whose paths were appended, made from several of another arena: its id is their
    /// least, its properties are those that all have alike.
    pub(crate) fn end_joined(&mut self, from: &Self, members: &[usize]) {
        let Some((&first, others)) = members.split_first() else { return };
        for tag in from.tags_of(first) {
            if others.iter().all(|&other| from.tags_of(other).contains(tag)) {
                self.tags.push(*tag);
            }
        }
        let id = members.iter().map(|&m| from.features[m].id).min().unwrap_or(0);
        self.end_feature(id, from.features[first].kind, from.features[first].group);
    }
}
