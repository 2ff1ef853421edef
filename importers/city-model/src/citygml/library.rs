//! Geometries that other top-level objects refer to, kept while the objects are read.

use onemap_bounded::{Error, Result};
use rustc_hash::FxHashSet;

use super::Xml;
use super::element::ObjectReader;
use super::shape::{Arena, Group, Id, Ids, Shape, Target, collect_ids};
use crate::limits;

/// Geometries by their ids.
#[derive(Default)]
pub(super) struct Library {
    pub(super) arena: Arena,
    shapes: Vec<Shape>,
}

impl Library {
    /// Reads a file for the geometries wanted.
    pub(super) fn read(
        xml: &mut Xml,
        wanted: &FxHashSet<Id>,
        reader: &mut ObjectReader,
        tell: &mut dyn FnMut(),
    ) -> Result<Self> {
        let mut library = Self::default();
        super::each_object(xml, reader, &mut |reader, element| {
            tell();
            let mut ids = Ids::default();
            element.for_each_shape(&mut |shape| collect_ids(shape, &reader.arena, &mut ids));
            let mut wanted: Vec<Id> =
                ids.keys().filter(|id| wanted.contains(id)).copied().collect();
            let mut taken = FxHashSet::default();
            while let Some(id) = wanted.pop() {
                if let (Some(target), true) = (ids.get(&id), taken.insert(id)) {
                    let shape = library.copied(*target, &reader.arena, &mut wanted);
                    library.shapes.push(shape);
                }
            }
            if library.is_full() {
                let limit = limits::MAX_OBJECT_PLACES as u64;
                let what = "geometries that objects share";
                return Err(Error::Limit { what, limit, unit: "corners" });
            }
            Ok(())
        })?;
        Ok(library)
    }

    /// Returns where the geometries are.
    pub(super) fn ids(&self) -> Ids<'_> {
        let mut ids = Ids::default();
        self.shapes.iter().for_each(|shape| collect_ids(shape, &self.arena, &mut ids));
        ids
    }

    fn is_full(&self) -> bool {
        self.arena.len() > limits::MAX_OBJECT_PLACES
    }

    /// Copies a geometry; adds those that it refers to in turn to the ones wanted.
    fn copied(&mut self, target: Target<'_>, from: &Arena, wanted: &mut Vec<Id>) -> Shape {
        let group = match target {
            Target::Polygon(number) => return Shape::Polygon(self.arena.copy(from, number)),
            Target::Group(group) => group,
        };
        let members = group.members.iter().filter_map(|member| {
            if self.is_full() {
                return None;
            }
            Some(match member {
                Shape::Polygon(number) => Shape::Polygon(self.arena.copy(from, *number)),
                Shape::Group(group) => self.copied(Target::Group(group), from, wanted),
                Shape::Reference(id) => {
                    wanted.push(*id);
                    Shape::Reference(*id)
                }
                Shape::Points(places) => Shape::Points(places.clone()),
                Shape::Line(places) => Shape::Line(places.clone()),
                Shape::Broken(reason) => Shape::Broken(reason.clone()),
                Shape::Implicit(_) => return None,
            })
        });
        let members = members.collect();
        Shape::Group(Box::new(Group {
            id: group.id,
            is_solid: group.is_solid,
            is_reversed: group.is_reversed,
            members,
        }))
    }
}
