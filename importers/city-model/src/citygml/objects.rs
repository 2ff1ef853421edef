//! What the elements of one top-level object are: city objects, surfaces of them, or their attributes.

use onemap_model::Surface;

use super::element::Element;
use super::shape::Shape;
use crate::semantics;

/// A city object with its geometries, those of objects inside it left out.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) element: &'a Element,
    /// Its `gml:id`; for an object inside another that has none, one made of that of the other.
    pub(super) id: Option<String>,
    pub(super) parent: Option<String>,
    pub(super) children: Vec<String>,
    /// Geometries of the object itself.
    pub(super) own: Vec<Piece<'a>>,
    /// Geometries of its boundary surfaces.
    pub(super) surfaces: Vec<Piece<'a>>,
    /// How many boundary surfaces state attributes.
    pub(super) surfaces_with_attributes: usize,
}

/// A geometry in one level of detail.
#[derive(Debug)]
pub(super) struct Piece<'a> {
    /// The level; empty where none is stated.
    pub(super) level: String,
    /// What it is a part of.
    pub(super) surface: Surface,
    pub(super) shape: &'a Shape,
}

/// Returns the city objects in a top-level object, each after the one that it is part of.
pub(super) fn drafts(top: &Element) -> Vec<Draft<'_>> {
    let mut all = Vec::new();
    object(top, top.id.as_deref().map(str::to_owned), None, &mut all);
    all
}

fn object<'a>(
    element: &'a Element,
    id: Option<String>,
    parent: Option<String>,
    all: &mut Vec<Draft<'a>>,
) {
    let mut draft = Draft {
        element,
        id,
        parent,
        children: Vec::new(),
        own: Vec::new(),
        surfaces: Vec::new(),
        surfaces_with_attributes: 0,
    };
    let mut parts = Vec::new();
    let level = element.child_text("lod").unwrap_or_default();
    gather(element, None, level, &mut draft, &mut parts);
    let ids: Vec<Option<String>> = parts
        .iter()
        .enumerate()
        .map(|(i, part)| match (&part.id, &draft.id) {
            (Some(id), _) => Some(id.to_string()),
            (None, Some(whole)) => Some(format!("{whole}/{}-{}", part.name, i + 1)),
            (None, None) => None,
        })
        .collect();
    draft.children = ids.iter().flatten().cloned().collect();
    let whole = draft.id.clone();
    all.push(draft);
    for (part, id) in parts.into_iter().zip(ids) {
        object(part, id, whole.clone(), all);
    }
}

/// Sorts what is in an object, or in a boundary surface of it.
fn gather<'a>(
    element: &'a Element,
    boundary: Option<Surface>,
    level: &str,
    draft: &mut Draft<'a>,
    parts: &mut Vec<&'a Element>,
) {
    for property in &element.children {
        if !is_shown(&property.name) {
            continue;
        }
        for shape in &property.shapes {
            let level = level_of(&property.name).unwrap_or(level).to_owned();
            if let Some(surface) = boundary {
                draft.surfaces.push(Piece { level, surface, shape });
            } else {
                let surface = surface_of_property(&property.name, &draft.element.name);
                draft.own.push(Piece { level, surface, shape });
            }
        }
        for inside in &property.children {
            if let Some(surface) = boundary_surface(inside) {
                draft.surfaces_with_attributes += usize::from(has_attributes(inside));
                gather(inside, Some(surface), level, draft, parts);
            } else if is_object(inside) {
                parts.push(inside);
            } else if !inside.is_gml && &*inside.name != "Address" {
                // A data type of an extension, which may hold objects.
                gather(inside, boundary, level, draft, parts);
            }
        }
    }
}

/// Tells whether the geometry of a property is part of what is seen.
fn is_shown(property: &str) -> bool {
    !property.contains("TerrainIntersection") && property != "extent"
}

/// Returns the level of detail in a property's name: `2` of `lod2MultiSurface`.
fn level_of(property: &str) -> Option<&str> {
    let rest = property.strip_prefix("lod")?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..end).filter(|level| !level.is_empty())
}

fn surface_of_property(property: &str, kind: &str) -> Surface {
    match property {
        "lod0FootPrint" => Surface::Ground,
        "lod0RoofEdge" => Surface::Roof,
        _ => semantics::surface_of_object(kind),
    }
}

/// Returns what a boundary surface is; `None` for an element that is none. Those of extensions are known by the end of
/// their names, as `SolarRoofSurface`.
pub(super) fn boundary_surface(element: &Element) -> Option<Surface> {
    let name = &*element.name;
    let is_one = name.ends_with("Surface")
        || matches!(
            name,
            "Door" | "Window" | "TrafficArea" | "AuxiliaryTrafficArea" | "Marking" | "Hole"
        );
    if !is_one {
        return None;
    }
    let known = [
        "RoofSurface",
        "InteriorWallSurface",
        "WallSurface",
        "GroundSurface",
        "ClosureSurface",
        "OuterCeilingSurface",
        "OuterFloorSurface",
        "FloorSurface",
        "CeilingSurface",
        "WaterSurface",
    ];
    let surface = match semantics::surface(name) {
        Surface::Other => known
            .iter()
            .find(|known| name.ends_with(*known))
            .map_or(Surface::Other, |known| semantics::surface(known)),
        surface => surface,
    };
    Some(surface)
}

/// Tells whether an element inside an object is a city object of its own: it has an id, or a shape.
pub(super) fn is_object(element: &Element) -> bool {
    if element.is_gml || &*element.name == "Address" || !is_type(&element.name) {
        return false;
    }
    let has_shape = |property: &Element| !property.shapes.is_empty();
    element.id.is_some()
        || element.children.iter().any(|property| {
            has_shape(property)
                || property.children.iter().any(|inside| {
                    boundary_surface(inside).is_some() && inside.children.iter().any(has_shape)
                })
        })
}

/// Tells the names of types (`Building`) from those of properties (`boundedBy`).
pub(super) fn is_type(name: &str) -> bool {
    name.starts_with(|c: char| c.is_uppercase())
}

fn has_attributes(surface: &Element) -> bool {
    surface.children.iter().any(|property| {
        let is_named = matches!(&*property.name, "name" | "description");
        !is_named
            && (!property.text.is_empty()
                || (property.shapes.is_empty() && property.extra.is_some()))
    })
}
