//! Geometries of CityJSON, into models.

use onemap_model::{Geometry, GeometryKind, Sink, Surface};
use serde_json::Value;

use super::appearance::{Numbers, Palette, material};
use super::document::{Node, Transform};
use super::nest::Item;
use crate::build::ModelBuilder;
use crate::fault::Fault;
use crate::semantics;
use crate::texture::Textures;

fn fault<T>(reason: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Reason(reason.into()))
}

/// The vertices that boundaries refer to, and how they become coordinates.
#[derive(Clone, Copy)]
pub(super) struct Vertices<'a> {
    pub(super) written: &'a [[f64; 3]],
    pub(super) transform: Option<Transform>,
}

impl Vertices<'_> {
    fn at(&self, index: Option<u32>) -> Result<[f64; 3], Fault> {
        let Some(index) = index else {
            return fault("a boundary holds something that is no vertex number");
        };
        let Some(&[x, y, z]) = self.written.get(index as usize) else {
            return fault(format!("it refers to vertex {index} of {}", self.written.len()));
        };
        let at = match self.transform {
            None => [x, y, z],
            Some(Transform { scale: s, translate: t }) => {
                [x * s[0] + t[0], y * s[1] + t[1], z * s[2] + t[2]]
            }
        };
        if !at.iter().all(|x| x.is_finite()) {
            return fault(format!("vertex {index} is no place of three numbers"));
        }
        Ok(at)
    }
}

/// What templates draw on.
pub(super) struct Templates<'a> {
    pub(super) geometries: &'a [Node],
    pub(super) vertices: &'a [[f64; 3]],
}

/// A copy of a template: a matrix, row by row, and the place that it is put.
struct Instance {
    matrix: [f64; 16],
    at: [f64; 3],
}

impl Instance {
    fn place(&self, [x, y, z]: [f64; 3]) -> [f64; 3] {
        let m = &self.matrix;
        let row = |i: usize| m[i] * x + m[i + 1] * y + m[i + 2] * z + m[i + 3];
        [row(0) + self.at[0], row(4) + self.at[1], row(8) + self.at[2]]
    }

    /// Tells whether it turns inside out.
    fn mirrors(&self) -> bool {
        let m = &self.matrix;
        let determinant = m[0] * (m[5] * m[10] - m[6] * m[9]) - m[1] * (m[4] * m[10] - m[6] * m[8])
            + m[2] * (m[4] * m[9] - m[5] * m[8]);
        determinant < 0.0
    }
}

/// Puts the geometries of one object together.
pub(super) struct Shaper<'a> {
    pub(super) build: &'a mut ModelBuilder,
    pub(super) images: &'a mut Textures,
    pub(super) sink: &'a mut dyn Sink,
    /// Surfaces that say nothing are this.
    pub(super) surface: Surface,
    /// Points and lines, which are no model.
    pub(super) flat: Option<Geometry>,
    /// Levels met, of models and of points and lines.
    pub(super) levels: Vec<String>,
}

impl Shaper<'_> {
    /// Adds one geometry.
    pub(super) fn add(
        &mut self,
        geometry: &Node,
        vertices: Vertices<'_>,
        palette: &mut Palette,
        templates: &Templates<'_>,
        template_palette: Option<&mut Palette>,
        wants_lod: &dyn Fn(&str) -> bool,
    ) -> Result<(), Fault> {
        if geometry.get("type").and_then(Node::text) != Some("GeometryInstance") {
            let level = level(geometry);
            if !level.is_empty() && !wants_lod(&level) {
                return Ok(());
            }
            return self.geometry(geometry, vertices, palette, None);
        }
        let number = geometry.get("template").and_then(Node::index);
        let Some(template) = number.and_then(|number| templates.geometries.get(number)) else {
            return fault(format!(
                "it refers to template {} of {}",
                number.map_or("?".to_owned(), |n| n.to_string()),
                templates.geometries.len()
            ));
        };
        let level = level(template);
        if !level.is_empty() && !wants_lod(&level) {
            return Ok(());
        }
        let reference = match geometry.get("boundaries") {
            Some(Node::Nest(nest)) => nest.item().items().next().unwrap_or(Item::none()),
            _ => Item::none(),
        };
        let at = vertices.at(reference.index())?;
        let matrix = match geometry.get("transformationMatrix") {
            None => [1., 0., 0., 0., 0., 1., 0., 0., 0., 0., 1., 0., 0., 0., 0., 1.],
            Some(written) => {
                let numbers: Vec<f64> = written.list().iter().filter_map(Node::number).collect();
                match <[f64; 16]>::try_from(numbers) {
                    Ok(matrix) if matrix.iter().all(|x| x.is_finite()) => matrix,
                    _ => return fault("its transformation matrix has not 16 numbers"),
                }
            }
        };
        let instance = Instance { matrix, at };
        let vertices = Vertices { written: templates.vertices, transform: None };
        self.geometry(template, vertices, template_palette.unwrap_or(palette), Some(&instance))
    }

    fn geometry(
        &mut self,
        geometry: &Node,
        vertices: Vertices<'_>,
        palette: &mut Palette,
        instance: Option<&Instance>,
    ) -> Result<(), Fault> {
        let kind = geometry.get("type").and_then(Node::text).unwrap_or_default();
        let boundaries = match geometry.get("boundaries") {
            Some(Node::Nest(nest)) => nest.item(),
            None => Item::none(),
            Some(_) => return fault("its boundaries are no list"),
        };
        // Lists between the whole and a surface.
        let depth = match kind {
            "MultiSurface" | "CompositeSurface" => 0,
            "Solid" => 1,
            "MultiSolid" | "CompositeSolid" => 2,
            "MultiPoint" | "MultiLineString" => {
                return self.points_or_lines(kind, geometry, boundaries, vertices, instance);
            }
            "" => return fault("a geometry has no type"),
            "GeometryInstance" => return fault("a template is itself made of a template"),
            other => return fault(format!("its geometry is a '{other}', which is not known")),
        };
        if !boundaries.is_list() {
            return fault("a geometry has no boundaries");
        }
        let level = level(geometry);
        let kinds: Vec<Surface> = geometry
            .get("semantics")
            .and_then(|semantics| semantics.get("surfaces"))
            .map_or(&[][..], Node::list)
            .iter()
            .map(|surface| {
                semantics::surface(surface.get("type").and_then(Node::text).unwrap_or_default())
            })
            .collect();
        let semantics =
            match geometry.get("semantics").and_then(|semantics| semantics.get("values")) {
                Some(Node::Nest(nest)) => nest.item(),
                _ => Item::none(),
            };
        let textures =
            match palette.theme(geometry, "texture").and_then(|theme| theme.get("values")) {
                Some(Node::Nest(nest)) => nest.item(),
                _ => Item::none(),
            };
        let numbers = Numbers::of(palette.theme(geometry, "material"));
        let (one, materials) = match numbers {
            Numbers::One(one) => (one, Item::none()),
            Numbers::Each(each) => (None, each),
        };
        let mut walk = Walk {
            shaper: self,
            vertices,
            palette,
            instance,
            level: &level,
            kinds: &kinds,
            material: one,
            double_sided: depth == 0,
            rings: Vec::new(),
        };
        walk.surfaces(depth, boundaries, semantics, materials, textures)?;
        self.met(level);
        Ok(())
    }

    fn met(&mut self, level: String) {
        if !level.is_empty() && !self.levels.contains(&level) {
            self.levels.push(level);
        }
    }

    fn points_or_lines(
        &mut self,
        kind: &str,
        geometry: &Node,
        boundaries: Item<'_>,
        vertices: Vertices<'_>,
        instance: Option<&Instance>,
    ) -> Result<(), Fault> {
        let place = |item: Item<'_>| {
            let at = vertices.at(item.index())?;
            Ok::<_, Fault>(instance.map_or(at, |instance| instance.place(at)))
        };
        let mut shape = Geometry::empty(GeometryKind::MultiPoint);
        if kind == "MultiPoint" {
            for item in boundaries.items() {
                shape.push_z(place(item)?);
            }
        } else {
            shape.kind = GeometryKind::MultiLineString;
            for line in boundaries.items() {
                for item in line.items() {
                    shape.push_z(place(item)?);
                }
                if shape.xy.len() < shape.ends.last().map_or(0, |&end| end as usize) + 2 {
                    return fault("a line has less than two vertices");
                }
                shape.end_line();
            }
        }
        self.met(level(geometry));
        if !shape.is_empty() {
            // Of several levels the last written, usually the finest.
            self.flat = Some(shape);
        }
        Ok(())
    }
}

/// The way through the boundaries of one geometry.
struct Walk<'a, 'b> {
    shaper: &'a mut Shaper<'b>,
    vertices: Vertices<'a>,
    palette: &'a mut Palette,
    instance: Option<&'a Instance>,
    level: &'a str,
    kinds: &'a [Surface],
    /// One material for all surfaces.
    material: Option<u32>,
    double_sided: bool,
    rings: Vec<Vec<[f64; 3]>>,
}

impl Walk<'_, '_> {
    /// Goes down to the surfaces; what belongs to them lies at the same places of its own lists, as far as those go.
    fn surfaces(
        &mut self,
        depth: usize,
        boundaries: Item<'_>,
        semantics: Item<'_>,
        materials: Item<'_>,
        textures: Item<'_>,
    ) -> Result<(), Fault> {
        let (mut semantics, mut materials, mut textures) =
            (semantics.items(), materials.items(), textures.items());
        for item in boundaries.items() {
            let semantic = semantics.next().unwrap_or(Item::none());
            let material = materials.next().unwrap_or(Item::none());
            let texture = textures.next().unwrap_or(Item::none());
            if depth > 0 {
                self.surfaces(depth - 1, item, semantic, material, texture)?;
            } else {
                self.surface(item, semantic, material, texture)?;
            }
        }
        Ok(())
    }

    fn surface(
        &mut self,
        boundary: Item<'_>,
        semantic: Item<'_>,
        material_number: Item<'_>,
        texture: Item<'_>,
    ) -> Result<(), Fault> {
        self.rings.clear();
        for ring in boundary.items() {
            let mut places = Vec::new();
            for item in ring.items() {
                let at = self.vertices.at(item.index())?;
                places.push(self.instance.map_or(at, |instance| instance.place(at)));
            }
            if places.is_empty() && ring.index().is_some() {
                return fault("its boundaries are not nested as its type needs");
            }
            self.rings.push(places);
        }
        let surface = semantic
            .index()
            .and_then(|n| self.kinds.get(n as usize).copied())
            .unwrap_or(self.shaper.surface);
        let color = self.palette.color(material_number.index().or(self.material));
        let painted = self.palette.texture(texture, self.shaper.images, self.shaper.sink)?;
        let (texture, mut uvs) = match painted {
            Some((texture, uvs)) if fit(&self.rings, &uvs) => (Some(texture), Some(uvs)),
            _ => (None, None),
        };
        if self.instance.is_some_and(Instance::mirrors) {
            self.rings.iter_mut().for_each(|ring| ring.reverse());
            uvs.iter_mut().flatten().for_each(|ring| ring.reverse());
        }
        let number = material(color, texture, self.double_sided)
            .map(|material| self.shaper.build.material(material));
        let added =
            self.shaper.build.polygon(self.level, surface, number, &self.rings, uvs.as_deref());
        added.map_err(Fault::from)
    }
}

/// Tells whether every corner has its place in the image.
fn fit(rings: &[Vec<[f64; 3]>], uvs: &[Vec<[f32; 2]>]) -> bool {
    rings.len() == uvs.len() && rings.iter().zip(uvs).all(|(ring, uvs)| ring.len() == uvs.len())
}

/// Returns the level of detail of a geometry as text; CityJSON 1.0 writes a number.
pub(super) fn level(geometry: &Node) -> String {
    match geometry.get("lod") {
        Some(Node::Scalar(Value::String(text))) => text.trim().chars().take(20).collect(),
        Some(Node::Scalar(Value::Number(number))) => match number.as_f64() {
            Some(x) if x.fract() == 0.0 && x.abs() < 1e6 => format!("{}", x as i64),
            _ => number.to_string(),
        },
        _ => String::new(),
    }
}
