//! One top-level city object as a tree of elements, its geometries put aside.

use onemap_bounded::{Error, Result, XmlEvent, XmlStart};

use super::Xml;
use super::appearance::{Appearances, Themes};
use super::geometry::{self, Geometries, StartOf};
use super::shape::{Arena, Shape};
use crate::limits;

/// An element with what is inside it.
#[derive(Debug, Default)]
pub(super) struct Element {
    /// Its name without prefix.
    pub(super) name: Box<str>,
    /// Whether its prefix is that of GML.
    pub(super) is_gml: bool,
    /// Its `gml:id`.
    pub(super) id: Option<Box<str>>,
    /// Attributes that matter, if it has any.
    pub(super) extra: Option<Box<Extra>>,
    /// Its text, without that of elements inside it.
    pub(super) text: String,
    /// Geometries directly inside it.
    pub(super) shapes: Vec<Shape>,
    /// All other elements inside it.
    pub(super) children: Vec<Element>,
}

/// Attributes of an element.
#[derive(Debug, Default)]
pub(super) struct Extra {
    /// `xlink:href`.
    pub(super) href: Option<Box<str>>,
    /// `name`, of generic attributes.
    pub(super) name: Option<Box<str>>,
    /// `codeSpace`.
    pub(super) code_space: Option<Box<str>>,
    /// `uom`.
    pub(super) unit: Option<Box<str>>,
}

impl Element {
    /// Returns the text of a child.
    pub(super) fn child_text(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim())
    }

    /// Returns the first child with a name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| &*child.name == name)
    }

    /// Returns an attribute.
    pub(super) fn extra(&self, get: impl Fn(&Extra) -> Option<&str>) -> Option<&str> {
        self.extra.as_deref().and_then(get)
    }

    /// Walks all geometries in it.
    pub(super) fn for_each_shape<'a>(&'a self, visit: &mut dyn FnMut(&'a Shape)) {
        self.shapes.iter().for_each(&mut *visit);
        self.children.iter().for_each(|child| child.for_each_shape(visit));
    }

    fn new(start: &XmlStart<'_>) -> Result<Self> {
        let name = start.local_name();
        let prefix = start.name().split_once(':').map_or("", |(prefix, _)| prefix);
        let mut element = Self { name: name.into(), is_gml: prefix == "gml", ..Self::default() };
        let mut extra = Extra::default();
        for attribute in start.attributes() {
            let attribute = attribute?;
            let slot = match attribute.name {
                "name" => &mut extra.name,
                "codeSpace" => &mut extra.code_space,
                "uom" => &mut extra.unit,
                "xml:id" => continue,
                name if name.ends_with(":id") => &mut element.id,
                name if name.ends_with(":href") => &mut extra.href,
                _ => continue,
            };
            *slot = Some(attribute.value.trim().into());
        }
        let is_used = extra.href.is_some()
            || extra.name.is_some()
            || extra.code_space.is_some()
            || extra.unit.is_some();
        element.extra = is_used.then(|| Box::new(extra));
        Ok(element)
    }
}

/// Reads top-level objects, one after the other, into the same memory.
#[derive(Default)]
pub(super) struct ObjectReader {
    /// The corners of the object's geometries.
    pub(super) arena: Arena,
    /// The looks that the object states itself.
    pub(super) appearances: Appearances,
    /// The themes taken.
    pub(super) themes: Themes,
    /// Whether ids of rings matter.
    pub(super) keeps_ring_ids: bool,
    elements: usize,
    text_bytes: usize,
}

impl ObjectReader {
    /// Begins with what the file as a whole states.
    pub(super) fn new(themes: Themes, keeps_ring_ids: bool) -> Self {
        Self { themes, keeps_ring_ids, ..Self::default() }
    }

    /// Reads the object whose element has just begun, up to its end. What was read before is forgotten.
    pub(super) fn read(&mut self, xml: &mut Xml, start: Head) -> Result<Element> {
        self.arena.clear();
        self.appearances.clear();
        self.elements = 0;
        self.text_bytes = 0;
        let mut element = start.0;
        self.fill(xml, &mut element)?;
        Ok(element)
    }

    fn fill(&mut self, xml: &mut Xml, element: &mut Element) -> Result<()> {
        let inside = xml.depth();
        loop {
            match xml.read()? {
                XmlEvent::Start(start) => {
                    let name = start.local_name();
                    if geometry::is_geometry(name) {
                        let (name, own) = (name.to_owned(), StartOf::new(&start)?);
                        let keeps_ring_ids = self.keeps_ring_ids;
                        let arena = &mut self.arena;
                        let shape = Geometries { xml, arena, keeps_ring_ids }.read(&name, own)?;
                        element.shapes.push(shape);
                    } else if name == "Appearance" {
                        self.appearances.read(xml, &mut self.themes)?;
                    } else if name == "Envelope" {
                        xml.skip_element()?;
                    } else {
                        let mut child = Element::new(&start)?;
                        if is_geometry_property(name)
                            && let Some(id) = geometry::reference(&start)?
                        {
                            child.shapes.push(Shape::Reference(id));
                        }
                        self.count()?;
                        self.fill(xml, &mut child)?;
                        element.children.push(child);
                    }
                }
                XmlEvent::Text(text) => {
                    if !text.trim().is_empty() {
                        self.text_bytes += text.len();
                        element.text.push_str(text);
                    }
                }
                XmlEvent::End(_) | XmlEvent::Eof => {}
            }
            if xml.depth() < inside {
                return Ok(());
            }
        }
    }

    fn count(&mut self) -> Result<()> {
        self.elements += 1;
        let limit = limits::MAX_OBJECT_ELEMENTS;
        if self.elements > limit {
            let limit = limit as u64;
            return Err(Error::Limit { what: "city object", limit, unit: "elements" });
        }
        if self.text_bytes > limits::MAX_OBJECT_TEXT {
            let limit = limits::MAX_OBJECT_TEXT as u64;
            return Err(Error::Limit { what: "text of a city object", limit, unit: "bytes" });
        }
        Ok(())
    }
}

/// The beginning of an element, kept while its inside is read.
pub(super) struct Head(Element);

impl Head {
    /// Takes name and attributes of an element.
    pub(super) fn new(start: &XmlStart<'_>) -> Result<Self> {
        Element::new(start).map(Self)
    }
}

/// Tells whether a property holds geometry, by its name: `lod2Solid`, `tin`.
pub(super) fn is_geometry_property(name: &str) -> bool {
    name == "tin"
        || name
            .strip_prefix("lod")
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}
