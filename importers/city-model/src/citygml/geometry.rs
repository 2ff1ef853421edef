//! Reads the geometries of GML 3.1 and 3.2 (and the coordinates of GML 2).

use onemap_bounded::{Result, XmlEvent, XmlStart};

use super::Xml;
use super::shape::{Arena, Group, Id, Implicit, Shape};
use crate::limits;

/// Tells whether an element is a geometry, by its name without prefix.
pub(super) fn is_geometry(name: &str) -> bool {
    kind(name).is_some() || name == "ImplicitGeometry"
}

/// What kind of geometry an element is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Polygon,
    Surfaces,
    Solid,
    Orientable,
    Points,
    Line,
}

fn kind(name: &str) -> Option<Kind> {
    Some(match name {
        "Polygon" | "PolygonPatch" | "Triangle" | "Rectangle" => Kind::Polygon,
        "MultiSurface"
        | "CompositeSurface"
        | "Surface"
        | "PolyhedralSurface"
        | "TriangulatedSurface"
        | "Tin"
        | "MultiGeometry"
        | "GeometricComplex"
        | "MultiCurve"
        | "CompositeCurve"
        | "MultiLineString"
        | "MultiPolygon"
        | "MultiSolid" => Kind::Surfaces,
        "Solid" | "CompositeSolid" | "Shell" => Kind::Solid,
        "OrientableSurface" => Kind::Orientable,
        "Point" | "MultiPoint" => Kind::Points,
        "LineString" | "Curve" | "LinearRing" | "OrientableCurve" => Kind::Line,
        _ => return None,
    })
}

/// Reads geometries into an arena.
pub(super) struct Geometries<'a> {
    pub(super) xml: &'a mut Xml,
    pub(super) arena: &'a mut Arena,
    /// Whether ids of rings matter: only textures refer to them.
    pub(super) keeps_ring_ids: bool,
}

/// The attributes of a geometry element that matter.
#[derive(Clone, Copy, Default)]
struct Attributes {
    id: Option<Id>,
    reference: Option<Id>,
    dimension: Option<usize>,
    is_reversed: bool,
}

fn attributes(start: &XmlStart<'_>) -> Result<Attributes> {
    let mut found = Attributes::default();
    for attribute in start.attributes() {
        let attribute = attribute?;
        let name = attribute.name;
        if name.ends_with(":id") && name != "xml:id" {
            found.id = Some(Id::of(&attribute.value));
        } else if name.ends_with(":href") {
            found.reference = Id::referred(&attribute.value);
        } else if name == "srsDimension" || name == "dimension" {
            found.dimension = attribute.value.trim().parse().ok();
        } else if name == "orientation" {
            found.is_reversed = attribute.value.trim() == "-";
        }
    }
    Ok(found)
}

/// Reads the reference of a geometry property: `xlink:href="#id"`.
pub(super) fn reference(start: &XmlStart<'_>) -> Result<Option<Id>> {
    Ok(attributes(start)?.reference)
}

impl Geometries<'_> {
    /// Reads the geometry whose element has just begun, up to its end.
    pub(super) fn read(&mut self, name: &str, start: StartOf) -> Result<Shape> {
        if name == "ImplicitGeometry" {
            return self.implicit();
        }
        let kind = kind(name).unwrap_or(Kind::Surfaces);
        self.shape(kind, start.0, 3)
    }

    fn shape(&mut self, kind: Kind, own: Attributes, dimension: usize) -> Result<Shape> {
        let dimension = own.dimension.unwrap_or(dimension);
        match kind {
            Kind::Polygon => self.polygon(own.id, dimension),
            Kind::Surfaces | Kind::Solid | Kind::Orientable => {
                let mut group = Group {
                    id: own.id,
                    is_solid: kind == Kind::Solid,
                    is_reversed: kind == Kind::Orientable && own.is_reversed,
                    members: Vec::new(),
                };
                self.members(&mut group.members, dimension)?;
                group.members.shrink_to_fit();
                Ok(Shape::Group(Box::new(group)))
            }
            Kind::Points | Kind::Line => {
                let mark = self.arena.mark();
                let fault = self.places(dimension)?;
                let places: Box<[[f64; 3]]> = self.arena.since(&mark).into();
                self.arena.roll_back(&mark);
                Ok(match (fault, kind) {
                    (Some(fault), _) => Shape::Broken(fault),
                    (None, Kind::Points) => Shape::Points(places),
                    (None, _) => Shape::Line(places),
                })
            }
        }
    }

    /// Reads geometries at any depth of properties up to the end of the element that began last.
    fn members(&mut self, members: &mut Vec<Shape>, dimension: usize) -> Result<()> {
        let outside = self.xml.depth().saturating_sub(1);
        while self.xml.depth() > outside {
            let XmlEvent::Start(start) = self.xml.read()? else { continue };
            let name = start.local_name();
            if let Some(kind) = kind(name) {
                let own = attributes(&start)?;
                let shape = self.shape(kind, own, dimension)?;
                members.push(shape);
            } else if matches!(
                name,
                "controlPoint" | "stopLines" | "breakLines" | "metaDataProperty"
            ) {
                self.xml.skip_element()?;
            } else if let Some(id) = reference(&start)? {
                members.push(Shape::Reference(id));
            }
        }
        Ok(())
    }

    fn polygon(&mut self, id: Option<Id>, dimension: usize) -> Result<Shape> {
        let outside = self.xml.depth().saturating_sub(1);
        let mark = self.arena.mark();
        let mut fault = None;
        while self.xml.depth() > outside {
            let XmlEvent::Start(start) = self.xml.read()? else { continue };
            let is_ring = matches!(
                start.local_name(),
                "exterior" | "interior" | "outerBoundaryIs" | "innerBoundaryIs"
            );
            if is_ring {
                let bad = self.ring(dimension)?;
                fault = fault.or(bad);
            }
        }
        if let Some(fault) = fault {
            self.arena.roll_back(&mark);
            return Ok(Shape::Broken(fault));
        }
        Ok(Shape::Polygon(self.arena.end_polygon(id)))
    }

    /// Reads the ring inside `exterior` or `interior`.
    fn ring(&mut self, dimension: usize) -> Result<Option<Box<str>>> {
        let outside = self.xml.depth().saturating_sub(1);
        let mut id = None;
        let mut fault = None;
        while self.xml.depth() > outside {
            let XmlEvent::Start(start) = self.xml.read()? else { continue };
            if matches!(start.local_name(), "LinearRing" | "Ring") {
                let own = attributes(&start)?;
                id = own.id.filter(|_| self.keeps_ring_ids);
                let bad = self.places(own.dimension.unwrap_or(dimension))?;
                fault = fault.or(bad);
            }
        }
        self.arena.end_ring(id);
        Ok(fault)
    }

    /// Reads all coordinates up to the end of the element that began last. Returns what is wrong with them.
    fn places(&mut self, dimension: usize) -> Result<Option<Box<str>>> {
        let outside = self.xml.depth().saturating_sub(1);
        let mut fault = None;
        while self.xml.depth() > outside {
            let XmlEvent::Start(start) = self.xml.read()? else { continue };
            let is_old = start.local_name() == "coordinates";
            if !is_old && !matches!(start.local_name(), "posList" | "pos") {
                continue;
            }
            let dimension = attributes(&start)?.dimension.unwrap_or(dimension);
            let text = self.xml.element_text()?;
            fault = fault.or(numbers(&text, is_old, dimension, self.arena));
        }
        Ok(fault)
    }

    fn implicit(&mut self) -> Result<Shape> {
        let outside = self.xml.depth().saturating_sub(1);
        let mut implicit = Implicit::default();
        let mut fault = None;
        while self.xml.depth() > outside {
            let XmlEvent::Start(start) = self.xml.read()? else { continue };
            match start.local_name() {
                "transformationMatrix" => {
                    let text = self.xml.element_text()?;
                    let numbers: Vec<f64> =
                        text.split_ascii_whitespace().filter_map(|n| n.parse().ok()).collect();
                    match <[f64; 16]>::try_from(numbers) {
                        Ok(matrix) if matrix.iter().all(|x| x.is_finite()) => {
                            implicit.matrix = Some(matrix);
                        }
                        _ => fault = Some("its transformation matrix has not 16 numbers".into()),
                    }
                }
                "libraryObject" => implicit.has_library = true,
                "relativeGMLGeometry" | "relativeGeometry" => {
                    if let Some(id) = reference(&start)? {
                        implicit.template.push(Shape::Reference(id));
                    }
                    self.members(&mut implicit.template, 3)?;
                }
                "referencePoint" => {
                    let mark = self.arena.mark();
                    let bad = self.places(3)?;
                    implicit.at = self.arena.since(&mark).first().copied();
                    self.arena.roll_back(&mark);
                    fault = fault.or(bad);
                }
                _ => {}
            }
        }
        Ok(fault.map_or_else(|| Shape::Implicit(Box::new(implicit)), Shape::Broken))
    }
}

/// What was read of a geometry's own element.
#[derive(Clone, Copy)]
pub(super) struct StartOf(Attributes);

impl StartOf {
    /// Takes the attributes of an element.
    pub(super) fn new(start: &XmlStart<'_>) -> Result<Self> {
        attributes(start).map(Self)
    }
}

/// Adds the places of a list of numbers; returns what is wrong with it.
fn numbers(text: &str, is_old: bool, dimension: usize, arena: &mut Arena) -> Option<Box<str>> {
    // GML 2: "x,y,z x,y,z".
    let dimension = match text.split_ascii_whitespace().next() {
        Some(first) if is_old => first.split(',').count(),
        _ => dimension,
    };
    if !matches!(dimension, 2 | 3) {
        return Some(format!("its coordinates have {dimension} dimensions, not 2 or 3").into());
    }
    let mut place = [0.0; 3];
    let mut count = 0_usize;
    let words = text.split(|c: char| c.is_ascii_whitespace() || (is_old && c == ','));
    for word in words.filter(|word| !word.is_empty()) {
        let number = word.parse().ok().filter(|x: &f64| x.is_finite());
        let Some(number) = number else {
            let word: String = word.chars().take(30).collect();
            return Some(format!("'{word}' in its coordinates is not a number").into());
        };
        let axis = count % dimension;
        if let Some(slot) = place.get_mut(axis) {
            *slot = number;
        }
        count += 1;
        if axis + 1 == dimension {
            if arena.len() >= limits::MAX_OBJECT_PLACES {
                return Some("it has too many corners; divide it".into());
            }
            arena.push(place);
        }
    }
    (!count.is_multiple_of(dimension)).then(|| {
        format!("a list of {count} coordinates is not made of places of {dimension}").into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(gml: &str) -> (Shape, Arena) {
        let mut xml = super::super::xml(std::io::Cursor::new(gml.to_owned())).unwrap();
        let mut arena = Arena::default();
        let (name, own) = match xml.read().unwrap() {
            XmlEvent::Start(start) => {
                (start.local_name().to_owned(), StartOf::new(&start).unwrap())
            }
            _ => panic!("no element"),
        };
        let mut geometries = Geometries { xml: &mut xml, arena: &mut arena, keeps_ring_ids: true };
        let shape = geometries.read(&name, own).unwrap();
        (shape, arena)
    }

    #[test]
    fn positions_come_as_lists_single_or_in_the_way_of_gml_2() {
        for ring in [
            "<posList>0 0 1 2 0 1 2 2 1 0 0 1</posList>",
            "<pos>0 0 1</pos><pos>2 0 1</pos><pos>2 2 1</pos><pos>0 0 1</pos>",
            "<pointProperty><Point><pos>0 0 1</pos></Point></pointProperty><pos>2 0 1</pos><pos>2\n2 1</pos><pos>0 0 1</pos>",
            "<coordinates>0,0,1 2,0,1 2,2,1 0,0,1</coordinates>",
        ] {
            let gml = format!(
                "<gml:Polygon gml:id='p' xmlns:gml='g'><gml:exterior><LinearRing gml:id='r'>{ring}</LinearRing></gml:exterior></gml:Polygon>"
            );
            let (shape, arena) = read(&gml);
            assert!(matches!(shape, Shape::Polygon(0)), "{ring}: {shape:?}");
            let rings: Vec<_> = arena.rings(0).collect();
            assert_eq!(rings.len(), 1);
            assert_eq!(rings[0].1, [[0., 0., 1.], [2., 0., 1.], [2., 2., 1.], [0., 0., 1.]]);
            assert_eq!(rings[0].0, Some(Id::of("r")));
        }
        let flat = "<Polygon srsDimension='2'><exterior><LinearRing><posList>0 0 1 0 1 1</posList></LinearRing></exterior></Polygon>";
        let (_, arena) = read(flat);
        assert_eq!(arena.rings(0).next().unwrap().1, [[0., 0., 0.], [1., 0., 0.], [1., 1., 0.]]);
    }

    #[test]
    fn bad_coordinates_break_only_their_polygon() {
        for list in ["0 0 1 NaN 0 1 2 2 1", "0 0 1 2 0 1 2 2", "0 0 1 inf 0 0 1 1 1", "a b c"] {
            let good = "<Polygon><exterior><LinearRing><posList>0 0 0 1 0 0 1 1 0</posList></LinearRing></exterior></Polygon>";
            let bad = good.replace("0 0 0 1 0 0 1 1 0", list);
            let gml = format!(
                "<MultiSurface><surfaceMember>{bad}</surfaceMember><surfaceMember>{good}</surfaceMember></MultiSurface>"
            );
            let (shape, arena) = read(&gml);
            let Shape::Group(group) = shape else { panic!("{shape:?}") };
            assert!(matches!(group.members[0], Shape::Broken(_)), "{list}");
            assert!(matches!(group.members[1], Shape::Polygon(0)));
            assert_eq!(arena.len(), 3);
        }
    }

    #[test]
    fn solids_orientable_surfaces_and_references_nest() {
        let gml = "<Solid><exterior><CompositeSurface><surfaceMember xlink:href='#a'/><surfaceMember><OrientableSurface orientation='-'><baseSurface xlink:href='#b'/></OrientableSurface></surfaceMember></CompositeSurface></exterior></Solid>";
        let (Shape::Group(solid), _) = read(gml) else { panic!() };
        assert!(solid.is_solid);
        let Shape::Group(composite) = &solid.members[0] else { panic!() };
        assert!(matches!(composite.members[0], Shape::Reference(id) if id == Id::of("a")));
        let Shape::Group(turned) = &composite.members[1] else { panic!() };
        assert!(turned.is_reversed && matches!(turned.members[0], Shape::Reference(_)));
    }

    #[test]
    fn templates_have_a_matrix_and_a_place() {
        let gml = "<core:ImplicitGeometry><core:transformationMatrix>1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1</core:transformationMatrix><core:relativeGMLGeometry xlink:href='#t'/><core:referencePoint><gml:Point><gml:pos>7 8 9</gml:pos></gml:Point></core:referencePoint></core:ImplicitGeometry>";
        let (Shape::Implicit(implicit), arena) = read(gml) else { panic!() };
        assert_eq!((implicit.at, implicit.template.len()), (Some([7., 8., 9.]), 1));
        assert!(implicit.matrix.is_some() && arena.len() == 0);
        let (shape, _) = read(&gml.replace("1 0 0 0 0 1", "1 0 0"));
        assert!(matches!(shape, Shape::Broken(_)));
    }
}
