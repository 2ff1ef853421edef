//! The first way through a file: what holds for all of its objects.

use onemap_bounded::{Error, Result, XmlEvent};
use rustc_hash::FxHashSet;

use super::Xml;
use super::appearance::{Appearances, Themes};
use super::element::is_geometry_property;
use super::geometry::is_geometry;
use super::shape::Id;
use crate::limits;

/// What a file says of all of its objects.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// The name of the root element, without prefix.
    pub(super) root: String,
    /// The first CRS stated, and whether others follow.
    pub(super) crs: Option<String>,
    pub(super) has_other_crs: bool,
    /// A place in it: a corner of the extent, or the first of a geometry.
    pub(super) place: Option<[f64; 2]>,
    /// The title.
    pub(super) title: Option<String>,
    /// Looks that hold for the whole file.
    pub(super) appearances: Appearances,
    /// Which of them are taken.
    pub(super) themes: Themes,
    /// Whether an object states looks of its own.
    pub(super) has_own_looks: bool,
    /// Geometries that other top-level objects refer to.
    pub(super) wanted: FxHashSet<Id>,
}

impl Scan {
    /// Reads a whole file.
    pub(super) fn read(xml: &mut Xml, theme: Option<&str>, tell: &mut dyn FnMut()) -> Result<Self> {
        let themes = Themes { wanted: theme.map(str::to_owned), ..Themes::default() };
        let mut scan = Self { themes, ..Self::default() };
        let (mut known, mut references) = (FxHashSet::default(), FxHashSet::default());
        loop {
            let start = match xml.read()? {
                XmlEvent::Start(start) => start,
                XmlEvent::End(_) => {
                    if xml.depth() == 1 {
                        tell();
                        scan.end_object(&mut known, &mut references)?;
                    }
                    continue;
                }
                XmlEvent::Text(_) => continue,
                XmlEvent::Eof => return Ok(scan),
            };
            let name = start.local_name();
            for attribute in start.attributes() {
                let attribute = attribute?;
                let key = attribute.name;
                if key == "srsName" {
                    match &scan.crs {
                        None => scan.crs = Some(attribute.value.trim().to_owned()),
                        Some(crs) => scan.has_other_crs |= *crs != attribute.value.trim(),
                    }
                } else if key.ends_with(":id") && is_geometry(name) {
                    known.insert(Id::of(&attribute.value));
                } else if key.ends_with(":href") && refers_to_geometry(name) {
                    references.extend(Id::referred(&attribute.value));
                }
            }
            if scan.root.is_empty() {
                name.clone_into(&mut scan.root);
            }
            match name {
                "lowerCorner" | "posList" | "pos" if scan.place.is_none() => {
                    scan.place = place(&xml.element_text()?);
                }
                "name" if scan.title.is_none() => {
                    let is_of_file = xml.depth() == 2;
                    let title = xml.element_text()?;
                    let title = Some(title.trim()).filter(|title| is_of_file && !title.is_empty());
                    scan.title = title.map(str::to_owned);
                }
                "Appearance" => {
                    if xml.depth() <= 3 {
                        scan.appearances.read(xml, &mut scan.themes)?;
                    } else {
                        scan.has_own_looks = true;
                        xml.skip_element()?;
                    }
                }
                _ => {}
            }
        }
    }

    fn end_object(
        &mut self,
        known: &mut FxHashSet<Id>,
        references: &mut FxHashSet<Id>,
    ) -> Result<()> {
        self.wanted.extend(references.drain().filter(|id| !known.contains(id)));
        known.clear();
        if self.wanted.len() > limits::MAX_SHARED_SHAPES {
            let limit = limits::MAX_SHARED_SHAPES as u64;
            return Err(Error::Limit {
                what: "geometries in other objects",
                limit,
                unit: "references",
            });
        }
        Ok(())
    }
}

/// Tells whether a property's reference is to a geometry, by its name.
fn refers_to_geometry(name: &str) -> bool {
    matches!(
        name,
        "surfaceMember"
            | "baseSurface"
            | "solidMember"
            | "geometryMember"
            | "patches"
            | "exterior"
            | "interior"
            | "element"
            | "relativeGMLGeometry"
            | "relativeGeometry"
    ) || is_geometry_property(name)
}

/// Returns the first two numbers of coordinates.
fn place(text: &str) -> Option<[f64; 2]> {
    let mut numbers = text
        .split(|c: char| c.is_ascii_whitespace() || c == ',')
        .filter(|word| !word.is_empty())
        .map(|word| word.parse::<f64>().ok().filter(|x| x.is_finite()));
    Some([numbers.next()??, numbers.next()??])
}
