//! Walks the geometries of an object down to polygons, through references, templates and turned surfaces.

use onemap_model::Surface;

use super::appearance::Appearances;
use super::shape::{Arena, Ids, Implicit, Shape, Target};
use crate::limits;

/// What the geometries of one top-level object refer to.
pub(super) struct Scene<'a> {
    pub(super) arena: &'a Arena,
    pub(super) ids: &'a Ids<'a>,
    /// Geometries of other objects that this file refers to.
    pub(super) library: &'a Arena,
    pub(super) library_ids: &'a Ids<'a>,
    /// Looks that the object states, and those of the file.
    pub(super) looks: [&'a Appearances; 2],
}

/// A polygon met on the way.
#[derive(Clone, Copy)]
pub(super) struct Facet<'a> {
    pub(super) arena: &'a Arena,
    pub(super) number: u32,
    /// The same for the same polygon.
    pub(super) key: (bool, u32),
    pub(super) is_reversed: bool,
    pub(super) is_solid: bool,
    /// Its colour, if the file states one.
    pub(super) color: Option<[u8; 4]>,
    /// The template that it is part of.
    pub(super) instance: Option<&'a Implicit>,
}

/// What is met on the way.
pub(super) enum Found<'a> {
    Polygon(Facet<'a>),
    Points(&'a [[f64; 3]]),
    Line(&'a [[f64; 3]]),
}

/// What was met that leads nowhere, for notes, and how far the way was.
#[derive(Debug, Default)]
pub(super) struct Trail {
    pub(super) missing: usize,
    pub(super) library_files: usize,
    steps: usize,
}

impl Trail {
    /// Begins the way through another object.
    pub(super) fn restart(&mut self) {
        self.steps = 0;
    }
}

/// What holds on the way to a shape.
#[derive(Clone, Copy, Default)]
struct Way<'a> {
    is_library: bool,
    is_reversed: bool,
    is_solid: bool,
    color: Option<[u8; 4]>,
    instance: Option<&'a Implicit>,
    references: usize,
}

impl<'a> Scene<'a> {
    /// Walks a shape.
    ///
    /// # Errors
    /// What is wrong with the shape, or what `found` returns.
    pub(super) fn walk<E: From<String>>(
        &self,
        shape: &'a Shape,
        trail: &mut Trail,
        found: &mut dyn FnMut(Found<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.step(shape, Way::default(), trail, found)
    }

    fn step<E: From<String>>(
        &self,
        shape: &'a Shape,
        way: Way<'a>,
        trail: &mut Trail,
        found: &mut dyn FnMut(Found<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        trail.steps += 1;
        let corners = self.arena.len() + self.library.len();
        if trail.steps > limits::MAX_OBJECT_STEPS + 4 * corners {
            return Err("its geometries refer to each other too often".to_owned().into());
        }
        match shape {
            Shape::Polygon(number) => self.polygon(*number, way, found),
            Shape::Group(_) | Shape::Reference(_) => {
                let (target, way) = match shape {
                    Shape::Group(group) => (Target::Group(group), way),
                    Shape::Reference(id) => {
                        let own = if way.is_library { self.library_ids } else { self.ids };
                        let own = own.get(id).map(|target| (*target, way.is_library));
                        let found = own.or_else(|| Some((*self.library_ids.get(id)?, true)));
                        let Some((target, is_library)) = found else {
                            trail.missing += 1;
                            return Ok(());
                        };
                        (target, Way { is_library, references: way.references + 1, ..way })
                    }
                    _ => return Ok(()),
                };
                if way.references > limits::MAX_REFERENCE_DEPTH {
                    return Err("a geometry refers to itself".to_owned().into());
                }
                let group = match target {
                    Target::Polygon(number) => return self.polygon(number, way, found),
                    Target::Group(group) => group,
                };
                let way = Way {
                    is_reversed: way.is_reversed != group.is_reversed,
                    is_solid: way.is_solid || group.is_solid,
                    color: group.id.and_then(|id| self.color(id)).or(way.color),
                    ..way
                };
                group.members.iter().try_for_each(|member| self.step(member, way, trail, found))
            }
            Shape::Points(places) => found(Found::Points(places)),
            Shape::Line(places) => found(Found::Line(places)),
            Shape::Implicit(implicit) => {
                if implicit.template.is_empty() {
                    trail.library_files += usize::from(implicit.has_library);
                    return Ok(());
                }
                if way.instance.is_some() {
                    return Err("a template is itself made of a template".to_owned().into());
                }
                let way = Way { instance: Some(implicit), ..way };
                implicit.template.iter().try_for_each(|member| self.step(member, way, trail, found))
            }
            Shape::Broken(reason) => Err(reason.to_string().into()),
        }
    }

    fn polygon<E>(
        &self,
        number: u32,
        way: Way<'a>,
        found: &mut dyn FnMut(Found<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        let arena = if way.is_library { self.library } else { self.arena };
        let own = arena.polygon_id(number).and_then(|id| self.color(id));
        found(Found::Polygon(Facet {
            arena,
            number,
            key: (way.is_library, number),
            is_reversed: way.is_reversed,
            is_solid: way.is_solid,
            color: own.or(way.color),
            instance: way.instance,
        }))
    }

    fn color(&self, id: super::shape::Id) -> Option<[u8; 4]> {
        self.looks.iter().find_map(|looks| looks.color(id))
    }
}

/// A polygon of a boundary surface.
pub(super) struct Boundary<'a> {
    pub(super) level: usize,
    pub(super) surface: Surface,
    pub(super) facet: Facet<'a>,
}
